//! Which frames survive others on their channel.
//!
//! For each spreading factor the energy that falls into the wanted frame is summed over its
//! interferers; the wanted frame survives if its own energy is above each of these sums by the
//! isolation between the two spreading factors. Frames on other channels do nothing.

use crate::spreading::{SPREADING_FACTORS, SpreadingFactor};

/// Energies per interfering spreading factor, SF7 to SF12, mW ns.
pub type Energies = [f64; SPREADING_FACTORS];

/// How well frames of two spreading factors are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Isolation {
    /// 6 dB against the same spreading factor, -16 to -36 dB against others.
    ///
    /// # Source
    /// Goursaud and Gorce (2015), as the ns-3 lorawan module has it.
    #[default]
    Goursaud,
    /// 1 dB against the same spreading factor, -8 to -25 dB against others.
    ///
    /// # Source
    /// Croce et al. (2018), as FLoRa has it.
    Croce,
    /// No capture: frames of the same spreading factor destroy each other, others do nothing.
    ///
    /// # Source
    /// Pure Aloha per spreading factor, the simple collision model of LoRaSim.
    Aloha,
    /// Frames do nothing to each other.
    Off,
}

const GOURSAUD_DB: [[f64; SPREADING_FACTORS]; SPREADING_FACTORS] = [
    [6.0, -16.0, -18.0, -19.0, -19.0, -20.0],
    [-24.0, 6.0, -20.0, -22.0, -22.0, -22.0],
    [-27.0, -27.0, 6.0, -23.0, -25.0, -25.0],
    [-30.0, -30.0, -30.0, 6.0, -26.0, -28.0],
    [-33.0, -33.0, -33.0, -33.0, 6.0, -29.0],
    [-36.0, -36.0, -36.0, -36.0, -36.0, 6.0],
];

const CROCE_DB: [[f64; SPREADING_FACTORS]; SPREADING_FACTORS] = [
    [1.0, -8.0, -9.0, -9.0, -9.0, -9.0],
    [-11.0, 1.0, -11.0, -12.0, -13.0, -13.0],
    [-15.0, -13.0, 1.0, -13.0, -14.0, -15.0],
    [-19.0, -18.0, -17.0, 1.0, -17.0, -18.0],
    [-22.0, -22.0, -21.0, -20.0, 1.0, -20.0],
    [-25.0, -25.0, -25.0, -24.0, -23.0, 1.0],
];

/// Part by which a sum of energies may exceed its limit and still count as equal: rounding must not
/// decide.
const EQUAL_PART: f64 = 1e-9;

impl Isolation {
    /// Power that the wanted frame needs over an interferer, dB: infinite if it never survives one,
    /// minus infinite if it always does.
    pub fn required_db(self, wanted: SpreadingFactor, interferer: SpreadingFactor) -> f64 {
        match self {
            Self::Goursaud => GOURSAUD_DB[wanted.index()][interferer.index()],
            Self::Croce => CROCE_DB[wanted.index()][interferer.index()],
            Self::Aloha if wanted == interferer => f64::INFINITY,
            Self::Aloha | Self::Off => f64::NEG_INFINITY,
        }
    }
}

/// An [`Isolation`] made ready for comparing energies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Capture {
    required: [[f64; SPREADING_FACTORS]; SPREADING_FACTORS],
    is_off: bool,
}

impl Capture {
    /// Turns decibels into ratios once.
    pub fn new(isolation: Isolation) -> Self {
        let required = SpreadingFactor::ALL.map(|wanted| {
            SpreadingFactor::ALL.map(|interferer| match isolation.required_db(wanted, interferer) {
                f64::INFINITY => f64::INFINITY,
                f64::NEG_INFINITY => 0.0,
                db => milliwatts(db),
            })
        });
        Self { required, is_off: isolation == Isolation::Off }
    }

    /// Whether interference is not modelled.
    pub fn is_off(&self) -> bool {
        self.is_off
    }

    /// Whether a frame with `energy` survives the energies of its interferers. Equal to the limit
    /// survives.
    pub fn survives(&self, wanted: SpreadingFactor, energy: f64, interferers: &Energies) -> bool {
        let required = &self.required[wanted.index()];
        let enough = energy * (1.0 + EQUAL_PART);
        required.iter().zip(interferers).all(|(&ratio, &sum)| sum <= 0.0 || enough >= ratio * sum)
    }
}

/// A power in dBm as milliwatts, or decibels as a ratio.
pub fn milliwatts(dbm: f64) -> f64 {
    libm::pow(10.0, dbm / 10.0)
}
