//! Soil probes: each against the probes of its zone.

use super::{NO_ROW, median};
use crate::scale::{Scale, Tolerance};
use crate::topology::Topology;
use crate::window::Window;
use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::metric::Metric;
use fieldmirror_core::reading::DeviceClass;

/// Observed channels of an hour.
pub const CHANNELS: usize = 6;

/// Hours that the autoencoder sees at once.
pub const HOURS: usize = 6;

/// Inputs of the autoencoder: hours, oldest first, each with all channels.
pub const INPUTS: usize = HOURS * CHANNELS;

/// Hours with data that a window of [`HOURS`] needs to be judged.
pub const HOURS_HEARD_MIN: u32 = 4;

/// Residual channels of an hour: humidity, temperature.
pub const RESIDUALS: usize = 2;

/// Fewest probes heard in a zone for its median to mean anything.
const PEERS_MIN: usize = 3;

/// Half of the humidity reading's quantum, in percent: what a deviation of zero may hide.
const QUANTUM_PERCENT: f32 = 0.05;

/// Humidity less its zone's median, in percent.
pub const LEVEL: usize = 0;
/// Change of [`LEVEL`] since the hour before, in percent.
pub const CHANGE: usize = 1;
/// Temperature less its zone's median, in K.
pub const TEMPERATURE: usize = 2;
/// Logarithm of the humidity's spread within the hour over its zone's median spread.
pub const SPREAD: usize = 3;
/// Share of exact repeats of the humidity less its zone's median share.
pub const REPEATS: usize = 4;
/// Change of the battery voltage since the hour before less its zone's median change, in V.
pub const BATTERY: usize = 5;

/// The metric that each channel belongs to.
pub const METRICS: [Metric; CHANNELS] = [
    Metric::Humidity,
    Metric::Humidity,
    Metric::Temperature,
    Metric::Humidity,
    Metric::Humidity,
    Metric::BatteryVoltage,
];

/// The metric that each residual channel belongs to.
pub const RESIDUAL_METRICS: [Metric; RESIDUALS] = [Metric::Humidity, Metric::Temperature];

/// What an operator would not drive out for, per observed channel.
pub const TOLERANCE: Tolerance<CHANNELS> =
    Tolerance { absolute: [2.0, 2.0, 0.5, 0.4, 0.1, 0.05], relative: [0.0; CHANNELS] };

/// The same for residuals: 2 % of plant-available water, 0.5 K.
pub const RESIDUAL_TOLERANCE: [f32; RESIDUALS] = [2.0, 0.5];

/// One probe's hour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Vector {
    /// Whether the probe was heard and had enough neighbours to be compared with.
    pub heard: bool,
    /// Observed channels; NaN where one cannot be told.
    pub observed: [f32; CHANNELS],
    /// Residual channels against the zone's median, in their unit; NaN without prediction.
    pub residual: [f32; RESIDUALS],
    /// The rows of humidity, temperature and battery in the hour's slice.
    pub rows: [u32; 3],
}

/// Means over the clean stretch that the shapes of faults are derived from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Typical {
    /// Zone-hours behind the means.
    pub hours: f64,
    /// Median samples an hour.
    pub samples: f64,
    /// Median spread within an hour, in percent.
    pub spread: f64,
    /// Median share of exact repeats.
    pub repeats: f64,
    /// Median humidity, in percent.
    pub humidity: f64,
    /// Median humidity squared.
    pub humidity_square: f64,
}

/// The probes of one shard, hour by hour.
#[derive(Clone, Debug)]
pub struct ProbeHours {
    /// The probes, by slot.
    pub devices: Vec<DeviceIx>,
    slot_of: Vec<u32>,
    /// Slots of each zone.
    zones: Vec<Vec<u32>>,
    /// What each probe ordinarily reads above its zone: humidity, residual.
    offset: Vec<[f32; 2]>,
    /// Level and battery voltage of the hour before.
    before: Vec<[f32; 2]>,
    vectors: Vec<Vector>,
    typical: Typical,
    scratch: Vec<f32>,
}

const SILENT: Vector = Vector {
    heard: false,
    observed: [f32::NAN; CHANNELS],
    residual: [f32::NAN; RESIDUALS],
    rows: [NO_ROW; 3],
};

impl ProbeHours {
    /// The probes of `topology`, nothing heard yet.
    pub fn new(topology: &Topology) -> Self {
        let devices: Vec<DeviceIx> = topology.devices(DeviceClass::SoilProbe).collect();
        let mut slot_of = vec![NO_ROW; topology.places.len()];
        for (slot, device) in devices.iter().enumerate() {
            slot_of[device.index()] = slot as u32;
        }
        let zones = topology
            .zones
            .iter()
            .map(|zone| zone.probes.iter().map(|probe| slot_of[probe.index()]).collect())
            .collect();
        let n = devices.len();
        Self {
            devices,
            slot_of,
            zones,
            offset: vec![[0.0; 2]; n],
            before: vec![[f32::NAN; 2]; n],
            vectors: vec![SILENT; n],
            typical: Typical::default(),
            scratch: Vec::new(),
        }
    }

    /// Tells what each probe ordinarily reads above its zone, so that the zone's median does not
    /// move when some of its probes fall silent.
    pub fn set_offsets(
        &mut self,
        observed: &[Scale<CHANNELS>],
        residual: impl Iterator<Item = f32>,
    ) {
        for ((offset, scale), residual) in self.offset.iter_mut().zip(observed).zip(residual) {
            *offset = [scale.centre[LEVEL], residual];
        }
    }

    /// The vectors of the newest hour, by slot.
    pub fn vectors(&self) -> &[Vector] {
        &self.vectors
    }

    /// Means over all hours so far.
    pub const fn typical(&self) -> Typical {
        self.typical
    }

    /// Takes in one hour of rows.
    pub fn advance(&mut self, windows: &[Window]) {
        self.vectors.fill(SILENT);
        for (row, window) in windows.iter().enumerate() {
            if window.class != DeviceClass::SoilProbe || window.samples == 0 {
                continue;
            }
            let part = match window.metric {
                Metric::Humidity => 0,
                Metric::Temperature => 1,
                Metric::BatteryVoltage => 2,
                _ => continue,
            };
            let slot = self.slot_of[window.device.index()];
            if slot != NO_ROW {
                self.vectors[slot as usize].rows[part] = row as u32;
            }
        }
        let zones = std::mem::take(&mut self.zones);
        for zone in &zones {
            self.compare(zone, windows);
        }
        self.zones = zones;
    }

    /// The rows of humidity, temperature and battery of `slot`.
    fn rows<'a>(&self, slot: u32, windows: &'a [Window]) -> [Option<&'a Window>; 3] {
        self.vectors[slot as usize].rows.map(|row| windows.get(row as usize))
    }

    /// The median over the probes of `zone` of what `value` tells of each.
    fn zone_median(
        &mut self,
        zone: &[u32],
        windows: &[Window],
        value: impl Fn(&Self, u32, [Option<&Window>; 3]) -> Option<f32>,
    ) -> f32 {
        let mut values = std::mem::take(&mut self.scratch);
        values.clear();
        values.extend(
            zone.iter()
                .filter_map(|&slot| value(self, slot, self.rows(slot, windows)))
                .filter(|v| !v.is_nan()),
        );
        let middle = median(&mut values);
        self.scratch = values;
        middle
    }

    fn compare(&mut self, zone: &[u32], windows: &[Window]) {
        let heard = zone.iter().filter(|&&slot| self.vectors[slot as usize].rows[0] != NO_ROW);
        if heard.count() < PEERS_MIN {
            for &slot in zone {
                self.before[slot as usize] = [f32::NAN; 2];
            }
            return;
        }
        let level = self.zone_median(zone, windows, |hours, slot, [humidity, ..]| {
            Some(humidity?.observed? as f32 - hours.offset[slot as usize][0])
        });
        let temperature = self.zone_median(zone, windows, |_, _, [_, temperature, _]| {
            Some(temperature?.observed? as f32)
        });
        let battery = self.zone_median(zone, windows, |hours, slot, [.., battery]| {
            Some(battery?.observed? as f32 - hours.before[slot as usize][1])
        });
        let spread = self.zone_median(zone, windows, |_, _, [humidity, ..]| spread_of(humidity?));
        let repeats =
            self.zone_median(zone, windows, |_, _, [humidity, ..]| Some(repeats_of(humidity?)));
        let residual = self.zone_median(zone, windows, |hours, slot, [humidity, ..]| {
            Some(humidity?.residual? as f32 - hours.offset[slot as usize][1])
        });
        let warmth = self.zone_median(zone, windows, |_, _, [_, temperature, _]| {
            Some(temperature?.residual? as f32)
        });
        let samples =
            self.zone_median(zone, windows, |_, _, [humidity, ..]| Some(humidity?.samples as f32));
        self.note_typical(level, spread, repeats, samples);
        for &slot in zone {
            let [humidity, warm, volts] = self.rows(slot, windows);
            let vector = &mut self.vectors[slot as usize];
            let before = &mut self.before[slot as usize];
            let Some(humidity) = humidity else {
                *before = [f32::NAN; 2];
                continue;
            };
            let value =
                |w: Option<&Window>| w.and_then(|w| w.observed).map_or(f32::NAN, |v| v as f32);
            let left =
                |w: Option<&Window>| w.and_then(|w| w.residual).map_or(f32::NAN, |v| v as f32);
            let own_level = value(Some(humidity)) - level;
            // A probe that cannot read below zero repeats itself there in all honesty.
            let at_rail = humidity.observed_min <= f64::from(QUANTUM_PERCENT);
            vector.heard = true;
            vector.observed = [
                own_level,
                own_level - before[0],
                value(warm) - temperature,
                if at_rail { f32::NAN } else { relative_spread(humidity, spread) },
                if at_rail { f32::NAN } else { repeats_of(humidity) - repeats },
                value(volts) - before[1] - battery,
            ];
            vector.residual = [left(Some(humidity)) - residual, left(warm) - warmth];
            *before = [own_level, value(volts)];
        }
    }

    fn note_typical(&mut self, level: f32, spread: f32, repeats: f32, samples: f32) {
        if spread.is_nan() {
            return;
        }
        let t = &mut self.typical;
        t.hours += 1.0;
        let share = 1.0 / t.hours;
        let towards = |mean: &mut f64, value: f32| *mean += (f64::from(value) - *mean) * share;
        towards(&mut t.samples, samples);
        towards(&mut t.spread, spread);
        towards(&mut t.repeats, repeats);
        towards(&mut t.humidity, level);
        towards(&mut t.humidity_square, level * level);
    }
}

/// Spread within the hour; two samples tell nothing of it.
fn spread_of(window: &Window) -> Option<f32> {
    (window.samples >= 3).then_some(window.observed_sd as f32)
}

/// Share of exact repeats, drawn to 0 where few samples came.
fn repeats_of(window: &Window) -> f32 {
    repeat_share(window.repeats as f32, window.samples as f32)
}

/// The share of `repeats` in `samples` as this crate counts it: one sample more than there is, so
/// that a single repeat of a single sample is no certainty.
pub(crate) fn repeat_share(repeats: f32, samples: f32) -> f32 {
    repeats / (samples + 1.0)
}

/// Logarithm of a spread over the zone's.
pub(crate) fn log_spread(own: f32, zone: f32) -> f32 {
    libm::logf((own + QUANTUM_PERCENT) / (zone + QUANTUM_PERCENT))
}

/// Few samples scatter their standard deviation widely: their ratio counts less.
fn relative_spread(window: &Window, zone: f32) -> f32 {
    let Some(own) = spread_of(window) else {
        return f32::NAN;
    };
    let weight = ((window.samples - 1) as f32 / 5.0).min(1.0).sqrt();
    weight * log_spread(own, zone)
}

/// The last [`HOURS`] hours of one probe, raw.
#[derive(Clone, Copy, Debug)]
pub struct Recent {
    /// Hours, oldest first.
    pub channels: [[f32; CHANNELS]; HOURS],
    residuals: [[f32; RESIDUALS]; HOURS],
    /// Bit `i`: whether the hour `i` hours ago was heard.
    heard: u8,
}

impl Default for Recent {
    fn default() -> Self {
        Self {
            channels: [[f32::NAN; CHANNELS]; HOURS],
            residuals: [[f32::NAN; RESIDUALS]; HOURS],
            heard: 0,
        }
    }
}

impl Recent {
    /// Takes in an hour. Returns whether the window can be judged: the newest hour was heard, and
    /// at least [`HOURS_HEARD_MIN`] of all.
    pub fn push(&mut self, vector: &Vector) -> bool {
        self.channels.copy_within(1.., 0);
        self.channels[HOURS - 1] = vector.observed;
        self.residuals.copy_within(1.., 0);
        self.residuals[HOURS - 1] = vector.residual;
        self.heard = (self.heard << 1 | u8::from(vector.heard)) & ((1 << HOURS) - 1);
        vector.heard && self.heard.count_ones() >= HOURS_HEARD_MIN
    }

    /// Mean residuals over the hours that have one; NaN without any.
    pub fn residual(&self) -> [f32; RESIDUALS] {
        let mut mean = [f32::NAN; RESIDUALS];
        for (i, mean) in mean.iter_mut().enumerate() {
            let (mut sum, mut n) = (0.0, 0.0);
            for hour in self.residuals.iter().filter(|hour| !hour[i].is_nan()) {
                sum += hour[i];
                n += 1.0;
            }
            if n > 0.0 {
                *mean = sum / n;
            }
        }
        mean
    }

    /// Appends the window to `out`, standardised: [`INPUTS`] values.
    pub fn standardise(&self, scale: &Scale<CHANNELS>, out: &mut Vec<f32>) {
        for hour in &self.channels {
            out.extend(hour.iter().enumerate().map(|(i, &value)| scale.standardise(i, value)));
        }
    }
}
