//! Choosing the data rate: once from a link budget, or step by step as a network server does.

use crate::{link::SNR_REQUIRED_DB, spreading::SpreadingFactor};

/// Decibels of margin that one step of adaptation spends.
///
/// # Source
/// Semtech's ADR algorithm as in The Things Network and ChirpStack.
pub const STEP_DB: f64 = 3.0;

/// Power that one step takes away or adds, dB.
///
/// # Source
/// RP002 EU863-870 transmit power table.
pub const POWER_STEP_DB: f64 = 2.0;

/// Least and greatest transmit power, dBm.
///
/// # Source
/// RP002 EU863-870: 16 dBm EIRP with 2.15 dB antenna, seven steps of 2 dB.
pub const POWER_RANGE_DBM: (f64, f64) = (2.0, 14.0);

/// The fastest spreading factor that leaves `margin_db` over what demodulation needs; none if even
/// SF12 does not.
pub fn fastest_with_margin(snr_db: f64, margin_db: f64) -> Option<SpreadingFactor> {
    SpreadingFactor::ALL.into_iter().find(|sf| snr_db - SNR_REQUIRED_DB[sf.index()] >= margin_db)
}

/// Like [`fastest_with_margin`], but SF12 for links that have no margin: the device tries.
pub fn static_assignment(snr_db: f64, margin_db: f64) -> SpreadingFactor {
    fastest_with_margin(snr_db, margin_db).unwrap_or(SpreadingFactor::Sf12)
}

/// What a device is told to send with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    /// Spreading factor.
    pub sf: SpreadingFactor,
    /// Transmit power, dBm.
    pub power_dbm: f64,
}

/// One round of adaptation from the best signal to noise ratio of the last uplinks.
///
/// Margin to spare speeds up first, then lowers the power; missing margin only raises the power,
/// because the device itself slows down when it hears nothing.
///
/// # Source
/// Semtech, "LoRaWAN – simple rate adaptation recommended algorithm" (2016).
pub fn adapt(current: Setting, snr_best_db: f64, margin_db: f64) -> Setting {
    let spare_db = snr_best_db - SNR_REQUIRED_DB[current.sf.index()] - margin_db;
    let mut steps = (spare_db / STEP_DB).floor();
    let Setting { mut sf, mut power_dbm } = current;
    while steps > 0.0 && sf > SpreadingFactor::Sf7 {
        sf = SpreadingFactor::ALL[sf.index() - 1];
        steps -= 1.0;
    }
    power_dbm = (power_dbm - POWER_STEP_DB * steps).clamp(POWER_RANGE_DBM.0, POWER_RANGE_DBM.1);
    Setting { sf, power_dbm }
}
