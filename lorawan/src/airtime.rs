//! Time on air of a LoRa frame, exact in nanoseconds for the bandwidths of LoRaWAN.

use crate::spreading::SpreadingFactor;

/// Bandwidth of the EU868 uplink channels, Hz.
///
/// # Source
/// LoRaWAN regional parameters RP002, EU863-870.
pub const BANDWIDTH_125_HZ: u32 = 125_000;

/// Bytes that LoRaWAN 1.0 adds to an application payload with port and without options: MHDR 1,
/// FHDR 7, FPort 1, MIC 4.
///
/// # Source
/// LoRaWAN 1.0.3 specification, ch. 4.
pub const FRAME_OVERHEAD_BYTES: usize = 13;

/// Symbol time from which the low data rate optimisation is on, ns.
///
/// # Source
/// Semtech SX1276 datasheet 4.1.1.6 (symbols of 16 ms and more).
pub const LOW_DATA_RATE_SYMBOL_NS: i64 = 16_000_000;

/// How a frame is modulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Modulation {
    /// Spreading factor.
    pub sf: SpreadingFactor,
    /// Bandwidth, Hz.
    pub bandwidth_hz: u32,
    /// Redundancy 1 to 4 of the code rate 4/(4 + n).
    pub coding_rate: u8,
    /// Symbols of the programmed preamble.
    pub preamble_symbols: u32,
    /// Whether the physical header is left out.
    pub implicit_header: bool,
    /// Whether the payload has a checksum.
    pub crc: bool,
    /// Whether the low data rate optimisation is on.
    pub low_data_rate: bool,
}

impl Modulation {
    /// A LoRaWAN uplink: 125 kHz, code rate 4/5, 8 preamble symbols, header and checksum, low data
    /// rate optimisation by its rule.
    ///
    /// # Source
    /// LoRaWAN regional parameters RP002.
    pub fn uplink(sf: SpreadingFactor) -> Self {
        Self {
            sf,
            bandwidth_hz: BANDWIDTH_125_HZ,
            coding_rate: 1,
            preamble_symbols: 8,
            implicit_header: false,
            crc: true,
            low_data_rate: needs_low_data_rate(sf, BANDWIDTH_125_HZ),
        }
    }

    /// Duration of a symbol, ns.
    pub fn symbol_ns(&self) -> i64 {
        symbol_ns(self.sf, self.bandwidth_hz)
    }

    /// Time on air of a frame of `phy_bytes` (the application payload and
    /// [`FRAME_OVERHEAD_BYTES`]), ns.
    ///
    /// # Source
    /// Semtech AN1200.13; SX1276 datasheet 4.1.1.7.
    pub fn time_on_air_ns(&self, phy_bytes: usize) -> i64 {
        let sf = i64::from(self.sf.number());
        let bits = 8 * phy_bytes as i64 - 4 * sf + 28 + 16 * i64::from(self.crc)
            - 20 * i64::from(self.implicit_header);
        let bits_per_block = 4 * (sf - 2 * i64::from(self.low_data_rate));
        let blocks = if bits > 0 { (bits + bits_per_block - 1) / bits_per_block } else { 0 };
        let payload_symbols = 8 + blocks * (i64::from(self.coding_rate) + 4);
        // The preamble is n + 4.25 symbols: quarters keep it whole.
        let quarters = 4 * i64::from(self.preamble_symbols) + 17 + 4 * payload_symbols;
        quarters * self.symbol_ns() / 4
    }
}

/// Whether the low data rate optimisation applies: symbols of 16 ms and more, SF11 and SF12 at 125
/// kHz.
pub fn needs_low_data_rate(sf: SpreadingFactor, bandwidth_hz: u32) -> bool {
    symbol_ns(sf, bandwidth_hz) >= LOW_DATA_RATE_SYMBOL_NS
}

fn symbol_ns(sf: SpreadingFactor, bandwidth_hz: u32) -> i64 {
    (1_000_000_000_i64 << sf.number()) / i64::from(bandwidth_hz)
}
