//! Pump controllers: ratios that hold whichever zones are open.

use super::NO_ROW;
use crate::scale::Tolerance;
use crate::topology::Topology;
use crate::window::Window;
use fieldmirror_core::ids::{DeviceIx, ZoneIx};
use fieldmirror_core::metric::Metric;
use fieldmirror_core::reading::DeviceClass;

/// Observed channels of an hour in which the pump ran for the zone.
pub const CHANNELS: usize = 6;

/// How many of the observed channels are reconstructed; the last one, the number of open zones, is
/// an input only: it is commanded, not measured.
pub const SCORED: usize = 5;

/// Relative changes, in this order: zone flow, pump flow, pump pressure, loss over the filter (as
/// a share of the pump's pressure), power.
pub const CHANGES: usize = 5;

/// Running hours that changes are averaged over.
pub const RUNNING_HOURS: usize = 4;

/// The relative change of a zone's flow from which on no water comes at all: far more than a
/// clogged filter takes.
pub const BLOCKED: f32 = -0.9;

/// Fewest samples of an hour for its mean to be judged.
const SAMPLES_MIN: u32 = 2;

/// The metric that each scored channel and each change belongs to. The loss over the filter is
/// told by the pressure behind it.
pub const METRICS: [Metric; SCORED] = [
    Metric::ZoneFlow,
    Metric::PumpFlow,
    Metric::PumpPressure,
    Metric::FilterPressure,
    Metric::Power,
];

/// Tolerances of the observed channels: zone flow over the root of the pressure that drives it,
/// pump flow per open zone, pump pressure, filter loss as a share of it, logarithm of the power,
/// open zones. Wide, because ratios drift when other zones open than in the clean stretch.
pub const TOLERANCE: Tolerance<CHANNELS> = Tolerance {
    absolute: [0.0, 0.0, 0.0, 0.02, 0.35, 1.0],
    relative: [0.1, 0.1, 0.1, 0.0, 0.0, 0.0],
};

/// Tolerances of the changes: how far nominal pipes, emitters and sensors may mislead the twin once
/// their constant part is known. The loss over a clean filter is about a hundredth of the pump's
/// pressure; a twentieth of that is what its nominal loss coefficient may err.
pub const CHANGE_TOLERANCE: [f32; CHANGES] = [0.03, 0.03, 0.02, 0.0006, 0.05];

/// One controller's hour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Vector {
    /// Whether it ran and reported enough.
    pub ran: bool,
    /// Observed channels.
    pub observed: [f32; CHANNELS],
    /// Changes against the twin's prediction, see [`CHANGES`]; NaN without one.
    pub change: [f32; CHANGES],
    /// Mean number of open zones.
    pub open_zones: f32,
    /// How many samples the means are of.
    pub samples: f32,
    /// The rows in the hour's slice, in the order of [`METRICS`].
    pub rows: [u32; SCORED],
}

const IDLE: Vector = Vector {
    ran: false,
    observed: [f32::NAN; CHANNELS],
    change: [f32::NAN; CHANGES],
    open_zones: 0.0,
    samples: 0.0,
    rows: [NO_ROW; SCORED],
};

/// The pump controllers of one shard, hour by hour.
#[derive(Clone, Debug)]
pub struct PumpHours {
    /// The controllers, by slot.
    pub devices: Vec<DeviceIx>,
    /// Their zones.
    pub zones: Vec<Option<ZoneIx>>,
    slot_of: Vec<u32>,
    vectors: Vec<Vector>,
}

impl PumpHours {
    /// The controllers of `topology`, nothing heard yet.
    pub fn new(topology: &Topology) -> Self {
        let devices: Vec<DeviceIx> = topology.devices(DeviceClass::PumpController).collect();
        let mut slot_of = vec![NO_ROW; topology.places.len()];
        for (slot, device) in devices.iter().enumerate() {
            slot_of[device.index()] = slot as u32;
        }
        let zones = devices.iter().map(|d| topology.places[d.index()].zone).collect();
        let vectors = vec![IDLE; devices.len()];
        Self { devices, zones, slot_of, vectors }
    }

    /// The vectors of the newest hour, by slot.
    pub fn vectors(&self) -> &[Vector] {
        &self.vectors
    }

    /// The slot of `device`, if it is a controller.
    pub fn slot(&self, device: DeviceIx) -> Option<usize> {
        match self.slot_of[device.index()] {
            NO_ROW => None,
            slot => Some(slot as usize),
        }
    }

    /// Takes in one hour of rows.
    pub fn advance(&mut self, windows: &[Window]) {
        self.vectors.fill(IDLE);
        for (row, window) in windows.iter().enumerate() {
            if window.class != DeviceClass::PumpController || window.samples < SAMPLES_MIN {
                continue;
            }
            let Some(part) = METRICS.iter().position(|&metric| metric == window.metric) else {
                continue;
            };
            let slot = self.slot_of[window.device.index()];
            if slot != NO_ROW {
                self.vectors[slot as usize].rows[part] = row as u32;
            }
        }
        for vector in &mut self.vectors {
            let rows = vector.rows.map(|row| windows.get(row as usize));
            if let [Some(zone), Some(pump), Some(before), Some(after), Some(power)] = rows {
                fill(vector, [zone, pump, before, after, power]);
            }
        }
    }
}

/// Width of a [`signature`].
pub const SIGNATURE: usize = 6;

/// Changes in tolerances, in the form in which deviations and candidate faults are compared: the
/// zone's flow per root of the pressure behind the filter, pump flow, pump pressure, loss over the
/// filter, power, and the pressure behind the filter.
///
/// The first one is what the zone's own valve and emitters decide, whatever the pump and the
/// filter do. The loss over the filter is known so well that it would outshout all others: it
/// counts up to a bound, which still makes it the first sign of a filter that begins to clog.
pub fn signature(change: &[f32; CHANGES]) -> [f32; SIGNATURE] {
    const LOSS_BOUND: f32 = 10.0;
    // Below a twentieth of the pressure the quotient tells nothing of the zone.
    const PRESSURE_MIN: f32 = 0.05;
    let [zone_flow, pump_flow, pressure, loss, power] = *change;
    // A clean filter takes about a hundredth of the pressure, so that the relative changes of both
    // pressures differ by the change of the loss.
    let behind_filter = pressure - loss;
    let conductance = (1.0 + zone_flow) / (1.0 + behind_filter).max(PRESSURE_MIN).sqrt() - 1.0;
    let [flow_unit, pump_unit, pressure_unit, loss_unit, power_unit] = CHANGE_TOLERANCE;
    [
        conductance / flow_unit,
        pump_flow / pump_unit,
        pressure / pressure_unit,
        (loss / loss_unit).clamp(-LOSS_BOUND, LOSS_BOUND),
        power / power_unit,
        behind_filter / pressure_unit,
    ]
}

/// The changes of a controller's last running hours.
#[derive(Clone, Copy, Debug, Default)]
pub struct Running {
    changes: [[f32; CHANGES]; RUNNING_HOURS],
    /// Samples behind each; 0 for none.
    samples: [f32; RUNNING_HOURS],
    blocked: bool,
}

impl Running {
    /// Takes in an hour in which it ran. Returns the mean change over the last running hours,
    /// weighted by their samples; NaN if the newest has no prediction. Where water stops or comes
    /// back, the hours before count no more: `blocked` tells of the hour, see [`BLOCKED`].
    pub fn push(&mut self, vector: &Vector, blocked: bool) -> [f32; CHANGES] {
        if vector.change.iter().any(|change| change.is_nan()) {
            return [f32::NAN; CHANGES];
        }
        if blocked != self.blocked {
            *self = Self { blocked, ..Self::default() };
        }
        self.changes.copy_within(1.., 0);
        self.samples.copy_within(1.., 0);
        self.changes[RUNNING_HOURS - 1] = vector.change;
        self.samples[RUNNING_HOURS - 1] = vector.samples;
        let weight: f32 = self.samples.iter().sum();
        std::array::from_fn(|i| {
            let hours = self.changes.iter().zip(self.samples);
            hours.map(|(change, samples)| change[i] * samples).sum::<f32>() / weight.max(1.0)
        })
    }
}

fn fill(vector: &mut Vector, rows: [&Window; SCORED]) {
    let Some(observed) = all(rows.map(|row| row.observed)) else {
        return;
    };
    let [zone_flow, pump_flow, pump_pressure, filter_pressure, power] = observed;
    let open = rows[0].context.max(1.0);
    vector.ran = true;
    vector.open_zones = open as f32;
    vector.samples = rows[0].samples as f32;
    vector.observed = [
        zone_flow / filter_pressure.max(1.0).sqrt(),
        pump_flow / open,
        pump_pressure,
        (pump_pressure - filter_pressure) / pump_pressure.max(1.0),
        libm::log(power.max(1e-3)),
        open,
    ]
    .map(|v| v as f32);
    if let (Some(expected), Some(residual)) =
        (all(rows.map(|row| row.expected)), all(rows.map(|row| row.residual)))
    {
        vector.change = changes(&expected, &residual).map(|v| v as f32);
    }
}

/// Relative changes from the twin's predictions and residuals, both in the order of [`METRICS`].
pub fn changes(expected: &[f64; SCORED], residual: &[f64; SCORED]) -> [f64; CHANGES] {
    let relative = |i: usize, least: f64| residual[i] / expected[i].abs().max(least);
    let pressure = expected[2].abs().max(1.0);
    [
        relative(0, 0.05),
        relative(1, 0.05),
        relative(2, 1.0),
        (residual[2] - residual[3]) / pressure,
        relative(4, 0.05),
    ]
}

fn all(values: [Option<f64>; SCORED]) -> Option<[f64; SCORED]> {
    let mut out = [0.0; SCORED];
    for (out, value) in out.iter_mut().zip(values) {
        *out = value?;
    }
    Some(out)
}

/// How the scored channels go with the number of open zones, as relative slopes around a device's
/// centre: the normal that an observed hour is compared with where no twin predicts it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OpenZoneTrend {
    /// Sums of products and squares, for least squares through the centre.
    products: [f64; SCORED],
    square: f64,
}

impl OpenZoneTrend {
    /// Takes in a clean hour of a device with clean mean `centre`.
    pub fn add(&mut self, observed: &[f32; CHANNELS], centre: &[f32; CHANNELS]) {
        let more = f64::from(observed[SCORED] - centre[SCORED]);
        self.square += more * more;
        for (i, product) in self.products.iter_mut().enumerate() {
            *product += more * f64::from(observed[i] - centre[i]) / unit(i, centre);
        }
    }

    /// What an hour's channels say of flows and pressures, in the form of [`CHANGES`]: both
    /// detectors' findings are compared with candidate faults in one space.
    pub fn changes(&self, observed: &[f32; CHANNELS], centre: &[f32; CHANNELS]) -> [f32; CHANGES] {
        let more = f64::from(observed[SCORED] - centre[SCORED]);
        let apart: [f64; SCORED] = std::array::from_fn(|i| {
            let slope = if self.square > 0.0 { self.products[i] / self.square } else { 0.0 };
            f64::from(observed[i] - centre[i]) / unit(i, centre) - slope * more
        });
        let [conductance, pump_flow, pressure, loss, log_power] = apart;
        let behind_filter = (1.0 + pressure - loss).max(0.0);
        [
            (1.0 + conductance) * behind_filter.sqrt() - 1.0,
            pump_flow,
            pressure,
            loss,
            libm::exp(log_power.clamp(-5.0, 5.0)) - 1.0,
        ]
        .map(|change| change as f32)
    }
}

/// What channel `i` is counted in: its centre, or 1 where it is a share or a logarithm already.
fn unit(i: usize, centre: &[f32; CHANNELS]) -> f64 {
    if i < 3 { f64::from(centre[i].abs().max(1e-3)) } else { 1.0 }
}
