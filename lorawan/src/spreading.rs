//! The spreading factor, which nearly everything in LoRa depends on.

use crate::error::Error;

/// Number of spreading factors.
pub const SPREADING_FACTORS: usize = 6;

/// LoRa spreading factor: higher goes further and takes longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum SpreadingFactor {
    /// 128 chips a symbol.
    Sf7 = 7,
    /// 256 chips a symbol.
    Sf8 = 8,
    /// 512 chips a symbol.
    Sf9 = 9,
    /// 1024 chips a symbol.
    Sf10 = 10,
    /// 2048 chips a symbol.
    Sf11 = 11,
    /// 4096 chips a symbol.
    Sf12 = 12,
}

impl SpreadingFactor {
    /// All, fastest first.
    pub const ALL: [Self; SPREADING_FACTORS] =
        [Self::Sf7, Self::Sf8, Self::Sf9, Self::Sf10, Self::Sf11, Self::Sf12];

    /// The spreading factor of a number, 7 to 12.
    ///
    /// # Errors
    /// [`Error::SpreadingFactor`] for any other number.
    pub fn new(value: u8) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|sf| sf.number() == value)
            .ok_or(Error::SpreadingFactor { value })
    }

    /// Its number, 7 to 12.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Its place in tables, 0 for SF7 to 5 for SF12.
    pub const fn index(self) -> usize {
        (self as u8 - 7) as usize
    }
}
