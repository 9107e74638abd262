//! EU868: channels, sub-bands with their duty cycles and powers, data rates and payload limits.

use crate::spreading::SpreadingFactor;

/// A sub-band of 863-870 MHz in which devices share a duty cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum SubBand {
    /// 863.0 to 865.0 MHz.
    K863 = 0,
    /// 865.0 to 868.0 MHz.
    L865 = 1,
    /// 868.0 to 868.6 MHz, the join channels.
    M868 = 2,
    /// 868.7 to 869.2 MHz.
    N8687 = 3,
    /// 869.4 to 869.65 MHz, second receive window.
    P8694 = 4,
    /// 869.7 to 870.0 MHz.
    Q8697 = 5,
}

/// Number of sub-bands.
pub const SUB_BANDS: usize = 6;

impl SubBand {
    /// The sub-band of a frequency, if it may be used at all.
    ///
    /// # Source
    /// ERC recommendation 70-03 annex 1; ETSI EN 300 220-2.
    pub fn of(frequency_hz: u32) -> Option<Self> {
        match frequency_hz {
            863_000_000..865_000_000 => Some(Self::K863),
            865_000_000..868_000_000 => Some(Self::L865),
            868_000_000..=868_600_000 => Some(Self::M868),
            868_700_000..=869_200_000 => Some(Self::N8687),
            869_400_000..=869_650_000 => Some(Self::P8694),
            869_700_000..=870_000_000 => Some(Self::Q8697),
            _ => None,
        }
    }

    /// Part of the time a device may send, in thousandths.
    ///
    /// # Source
    /// ERC recommendation 70-03 annex 1; ETSI EN 300 220-2.
    pub const fn duty_cycle_permille(self) -> u32 {
        match self {
            Self::K863 | Self::N8687 => 1,
            Self::L865 | Self::M868 | Self::Q8697 => 10,
            Self::P8694 => 100,
        }
    }

    /// Greatest radiated power, dBm.
    ///
    /// # Source
    /// ERC recommendation 70-03 annex 1.
    pub const fn power_max_dbm(self) -> f64 {
        match self {
            Self::P8694 => 27.0,
            _ => 14.0,
        }
    }
}

/// Uplink channels of a usual eight-channel gateway, Hz: the three join channels first, then five
/// in 867 MHz.
///
/// # Source
/// RP002 EU863-870 (868.1, 868.3, 868.5); the others are the plan of The Things Network.
pub const CHANNELS_HZ: [u32; 8] = [
    868_100_000,
    868_300_000,
    868_500_000,
    867_100_000,
    867_300_000,
    867_500_000,
    867_700_000,
    867_900_000,
];

/// How many of [`CHANNELS_HZ`] every device knows.
pub const JOIN_CHANNELS: usize = 3;

/// Frequency of the second receive window, Hz, at SF12.
///
/// # Source
/// RP002 EU863-870.
pub const RX2_HZ: u32 = 869_525_000;

/// Data rate of a spreading factor at 125 kHz, DR0 for SF12 to DR5 for SF7.
///
/// # Source
/// RP002 EU863-870 table of data rates.
pub const fn data_rate(sf: SpreadingFactor) -> u8 {
    12 - sf.number()
}

/// Spreading factor of a data rate at 125 kHz; none above DR5.
pub fn spreading_factor(data_rate: u8) -> Option<SpreadingFactor> {
    SpreadingFactor::new(12_u8.checked_sub(data_rate)?).ok()
}

/// Greatest application payload without options at a data rate, bytes; none above DR7.
///
/// # Source
/// RP002 EU863-870, maximum payload N, not repeater compatible.
pub const fn payload_max_bytes(data_rate: u8) -> Option<usize> {
    match data_rate {
        0..=2 => Some(51),
        3 => Some(115),
        4..=7 => Some(222),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    //! The channel plan obeys its sub-bands.

    use super::*;

    #[test]
    fn every_channel_lies_in_a_sub_band_of_one_percent() {
        for frequency_hz in CHANNELS_HZ {
            let band = SubBand::of(frequency_hz).expect("a channel in use has a sub-band");
            assert_eq!(band.duty_cycle_permille(), 10, "{frequency_hz} Hz");
        }
        for frequency_hz in &CHANNELS_HZ[..JOIN_CHANNELS] {
            assert_eq!(SubBand::of(*frequency_hz), Some(SubBand::M868));
        }
        assert_eq!(SubBand::of(RX2_HZ), Some(SubBand::P8694));
        assert_eq!(SubBand::of(868_650_000), None);
    }

    #[test]
    fn data_rates_and_spreading_factors_are_inverse() {
        for sf in SpreadingFactor::ALL {
            assert_eq!(spreading_factor(data_rate(sf)), Some(sf));
        }
        assert_eq!(spreading_factor(6), None);
        assert_eq!(spreading_factor(200), None);
    }

    #[test]
    fn slow_rates_carry_less() {
        let limits: Vec<_> = (0..=8).map(payload_max_bytes).collect();
        let expected = [51, 51, 51, 115, 222, 222, 222, 222].map(Some);
        assert_eq!(limits[..8], expected);
        assert_eq!(limits[8], None);
    }
}
