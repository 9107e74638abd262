//! The twin of an irrigation zone: its soil, its controller, its probes' common value.

use crate::controller::{CHANNELS, Controller};
use crate::hydraulics::HydraulicState;
use crate::soil::ZoneSoil;
use fieldmirror_core::ids::DeviceIx;

/// One zone.
#[derive(Clone, Debug)]
pub(crate) struct ZoneTwin {
    pub(crate) position: usize,
    pub(crate) area_m2: f64,
    /// Device index of its controller.
    pub(crate) controller_device: DeviceIx,
    pub(crate) controller: Controller,
    pub(crate) soil: ZoneSoil,
    /// Its settled pump samples of the open window.
    pub(crate) settled: Settled,
    /// Available water expected of the window closed last, in percent.
    pub(crate) expected_pct: Option<f64>,
    /// Median of its probes' means over the window closed last, each less its offset, in percent.
    pub(crate) median_pct: Option<f64>,
}

/// Expectations summed over the settled samples of a window.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Settled {
    pub(crate) samples: u32,
    expected: [f64; CHANNELS],
    open_zones: u64,
    /// The channels of the sample before, also of an earlier window.
    pub(crate) last_raw: Option<[i64; CHANNELS]>,
}

impl Settled {
    /// Books the nominal state that a settled sample should have shown.
    pub(crate) fn add(&mut self, nominal: &HydraulicState, position: usize, open: u64) {
        let values = [
            nominal.zone_flow_lps[position],
            nominal.pump_flow_lps,
            nominal.pump_pressure_kpa,
            nominal.filter_pressure_kpa,
            nominal.power_kw,
        ];
        for (sum, value) in self.expected.iter_mut().zip(values) {
            *sum += value;
        }
        self.open_zones += u64::from(open.count_ones());
        self.samples += 1;
    }

    /// Mean expected value of a channel.
    pub(crate) fn expected(&self, channel: usize) -> Option<f64> {
        (self.samples > 0).then(|| self.expected[channel] / f64::from(self.samples))
    }

    /// Mean number of open zones; 0 without samples.
    pub(crate) fn context(&self) -> f64 {
        if self.samples == 0 { 0.0 } else { self.open_zones as f64 / f64::from(self.samples) }
    }

    /// Opens the next window.
    pub(crate) fn open_window(&mut self) {
        *self = Self { last_raw: self.last_raw, ..Self::default() };
    }
}
