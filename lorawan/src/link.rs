//! The link budget: how strong a frame arrives and how weak it may be.
//!
//! Shadowing is an argument: it belongs to a link and stays as it is, otherwise averages hide bad
//! links.

use crate::{
    airtime::BANDWIDTH_125_HZ,
    spreading::{SPREADING_FACTORS, SpreadingFactor},
};

/// Thermal noise in 1 Hz at room temperature, dBm.
///
/// # Source
/// k T at 290 K.
pub const THERMAL_NOISE_DBM_HZ: f64 = -174.0;

/// Noise figure of a gateway's receiver, dB.
///
/// # Source
/// Semtech AN1200.13 takes 6 dB.
pub const NOISE_FIGURE_DB: f64 = 6.0;

/// Signal to noise ratio that demodulation needs, dB, SF7 to SF12.
///
/// # Source
/// SX1276 datasheet table 13.
pub const SNR_REQUIRED_DB: [f64; SPREADING_FACTORS] = [-7.5, -10.0, -12.5, -15.0, -17.5, -20.0];

/// Sensitivity of an SX1301 gateway at 125 kHz, dBm, SF7 to SF12.
///
/// # Source
/// The table of the ns-3 lorawan module for gateways.
pub const SX1301_SENSITIVITY_DBM: [f64; SPREADING_FACTORS] =
    [-130.0, -132.5, -135.0, -137.5, -140.0, -142.5];

/// Log-distance path loss: L(d) = L0 + 10 gamma log10(d / d0).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PathLoss {
    /// Loss at the reference distance, dB.
    pub reference_loss_db: f64,
    /// Reference distance, m.
    pub reference_m: f64,
    /// Exponent gamma.
    pub exponent: f64,
}

impl PathLoss {
    /// Built-up area, sensors low.
    ///
    /// # Source
    /// Bor et al. (2016), Do LoRa low-power wide-area networks scale?, MSWiM; shadowing 3.57 dB.
    pub const BOR: Self = Self { reference_loss_db: 127.41, reference_m: 40.0, exponent: 2.08 };
    /// Cars around Oulu.
    ///
    /// # Source
    /// Petäjäjärvi et al. (2015), ITST; shadowing 7.8 dB.
    pub const OULU: Self = Self { reference_loss_db: 128.95, reference_m: 1000.0, exponent: 2.32 };
    /// Default of the ns-3 lorawan module.
    ///
    /// # Source
    /// Magrin et al. (2017), ICC: 7.7 + 37.6 log10(d).
    pub const NS3: Self = Self { reference_loss_db: 7.7, reference_m: 1.0, exponent: 3.76 };

    /// Loss at a distance in m, dB; nearer than 1 m counts as 1 m.
    pub fn loss_db(&self, distance_m: f64) -> f64 {
        self.reference_loss_db
            + 10.0 * self.exponent * libm::log10(distance_m.max(1.0) / self.reference_m)
    }
}

/// Received power, dBm: what is sent, less the path and the link's own shadowing and extra losses,
/// plus antennas.
pub fn rssi_dbm(
    tx_power_dbm: f64,
    antenna_gain_db: f64,
    path_loss_db: f64,
    shadowing_db: f64,
) -> f64 {
    tx_power_dbm + antenna_gain_db - path_loss_db - shadowing_db
}

/// Noise at a receiver, dBm.
///
/// # Source
/// -174 + 10 log10(BW) + NF; Semtech AN1200.13.
pub fn noise_floor_dbm(bandwidth_hz: u32, noise_figure_db: f64) -> f64 {
    THERMAL_NOISE_DBM_HZ + 10.0 * libm::log10(f64::from(bandwidth_hz)) + noise_figure_db
}

/// Weakest power that is demodulated, dBm.
///
/// # Source
/// Semtech AN1200.13.
pub fn sensitivity_dbm(sf: SpreadingFactor, bandwidth_hz: u32, noise_figure_db: f64) -> f64 {
    noise_floor_dbm(bandwidth_hz, noise_figure_db) + SNR_REQUIRED_DB[sf.index()]
}

/// Sensitivities at 125 kHz for a noise figure, dBm, SF7 to SF12.
pub fn sensitivities_dbm(noise_figure_db: f64) -> [f64; SPREADING_FACTORS] {
    SpreadingFactor::ALL.map(|sf| sensitivity_dbm(sf, BANDWIDTH_125_HZ, noise_figure_db))
}

/// Greatest signal to noise ratio that a gateway reports, dB.
///
/// # Source
/// SX1301 datasheet: a signed 8-bit register in quarters of a dB, at most 127/4.
pub const SNR_REPORTED_MAX_DB: f64 = 31.75;

/// Signal to noise ratio as a gateway reports it, dB, in steps of a quarter.
///
/// # Source
/// SX1301 datasheet: SNR register in quarters of a dB.
pub fn reported_snr_db(rssi_dbm: f64, noise_floor_dbm: f64) -> f64 {
    (((rssi_dbm - noise_floor_dbm) * 4.0).round() / 4.0).min(SNR_REPORTED_MAX_DB)
}
