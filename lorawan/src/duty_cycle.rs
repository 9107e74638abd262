//! When a device may send again.

use crate::region::{SUB_BANDS, SubBand};

/// A device's account of one region's sub-bands. Channels of one sub-band share it, other sub-bands
/// do not feel it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DutyCycle {
    next_ns: [i64; SUB_BANDS],
}

impl Default for DutyCycle {
    fn default() -> Self {
        Self::new()
    }
}

impl DutyCycle {
    /// A device that has not sent yet.
    pub const fn new() -> Self {
        Self { next_ns: [i64::MIN; SUB_BANDS] }
    }

    /// First moment at which the device may send in a sub-band, ns.
    pub fn next_allowed_ns(&self, band: SubBand) -> i64 {
        self.next_ns[band as usize]
    }

    /// Whether the device may start to send at `now_ns`.
    pub fn allows(&self, band: SubBand, now_ns: i64) -> bool {
        now_ns >= self.next_allowed_ns(band)
    }

    /// Books a frame that starts at `start_ns` and lasts `airtime_ns`.
    ///
    /// # Source
    /// LoRaWAN 1.0.3, 7.1: after sending, the sub-band rests for airtime / duty cycle - airtime.
    pub fn book(&mut self, band: SubBand, start_ns: i64, airtime_ns: i64) {
        self.next_ns[band as usize] = start_ns + airtime_ns + rest_ns(band, airtime_ns);
    }
}

/// How long a sub-band rests after a frame, ns from its end.
pub fn rest_ns(band: SubBand, airtime_ns: i64) -> i64 {
    airtime_ns * 1000 / i64::from(band.duty_cycle_permille()) - airtime_ns
}

#[cfg(test)]
mod tests {
    //! Sub-bands rest for as long as their share asks, each for itself.

    use super::*;

    const SECOND_NS: i64 = 1_000_000_000;

    #[test]
    fn two_seconds_at_one_percent_rest_198_seconds() {
        assert_eq!(rest_ns(SubBand::M868, 2 * SECOND_NS), 198 * SECOND_NS);
    }

    #[test]
    fn other_sub_bands_stay_free() {
        let mut device = DutyCycle::new();
        device.book(SubBand::M868, 5 * SECOND_NS, 2 * SECOND_NS);
        assert!(!device.allows(SubBand::M868, 205 * SECOND_NS - 1));
        assert!(device.allows(SubBand::M868, 205 * SECOND_NS));
        assert!(device.allows(SubBand::L865, 7 * SECOND_NS));
    }
}
