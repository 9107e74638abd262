//! Standardisation: every channel of every device in units of its own normal variation, so that
//! detectors see neither units nor devices.
//!
//! A device that was learned from has a centre and a scale of its own. One that was not begins at
//! its class's centre, in units that also cover how far devices of the class lie apart. After 16
//! rows and each time that these have doubled, its centre moves towards that of its own rows, the
//! further the wider devices lie apart; after [`adopt_rows`](super::settings::Scaler::adopt_rows) it
//! stays. A channel that was constant in training is no channel to a
//! detector: a change of it is an anomaly of one fixed size.
//!
//! Standardised values lie on a grid of 2^-14, so that a change of unit, which differs in the last
//! bits of an `f64`, leaves them the same bits.

use super::settings::{Scaler as Settings, ScalerKind};
use std::collections::BTreeMap;

/// What a channel was in training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It varied.
    Live,
    /// It was constant in each device.
    Constant,
    /// It had no value at all.
    Absent,
}

/// Centre and scale of the channels of a device. A scale of 0 marks a channel that is not live.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceScaler {
    /// Centres, or constants.
    pub centre: Vec<f64>,
    /// Scales.
    pub scale: Vec<f64>,
}

/// The scalers of a class.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassScaler {
    /// What each channel was.
    pub states: Vec<State>,
    /// Median of the devices' centres.
    pub centre: Vec<f64>,
    /// Pooled scale within a device.
    pub within: Vec<f64>,
    /// Standard deviation of the devices' centres.
    pub between: Vec<f64>,
    /// Standard deviation that no channel is believed to fall below, over `within`; only known in
    /// training.
    pub(super) noise: Vec<f64>,
    /// The devices that were learned from.
    pub devices: BTreeMap<String, DeviceScaler>,
}

/// What one channel of one device looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moments {
    pub(super) centre: f64,
    pub(super) scale: f64,
    /// What the scale has of digits that no sensor tells.
    pub(super) noise: f64,
    pub(super) count: usize,
}

/// Centre and scale of the finite `values`, which are put in another order. The scale is 0 for a
/// constant. None without a finite value.
///
/// # Source
/// 1.4826 MAD is the standard deviation of a normal (Huber, "Robust Statistics", 1981).
pub(super) fn moments(values: &mut Vec<f64>, settings: &Settings) -> Option<Moments> {
    values.retain(|value| value.is_finite());
    let count = values.len();
    if count == 0 {
        return None;
    }
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if same(least, most) {
        return Some(Moments { centre: values[0], scale: 0.0, noise: 0.0, count });
    }
    let mut sizes: Vec<f64> = values.iter().map(|value| value.abs()).collect();
    let noise = settings.digits * median(&mut sizes);
    let span = settings.range * (most - least);
    let widened = |scale: f64| libm::hypot(scale.max(span), noise);
    // From the least value on, so that a large centre costs no digits.
    let mean = least + values.iter().map(|value| value - least).sum::<f64>() / count as f64;
    let square = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>();
    let sd = libm::sqrt(square / count as f64);
    if settings.kind == ScalerKind::Standard {
        return Some(Moments { centre: mean, scale: widened(sd), noise, count });
    }
    let centre = median(values);
    values.iter_mut().for_each(|value| *value = (*value - centre).abs());
    let scale = (1.4826 * median(values)).max(settings.floor.max(0.01) * sd);
    Some(Moments { centre, scale: widened(scale), noise, count })
}

/// The median of `values`, which are put in another order; 0 of none.
pub(super) fn median(values: &mut [f64]) -> f64 {
    let n = values.len();
    if n == 0 {
        return 0.0;
    }
    let (low, &mut middle, _) = values.select_nth_unstable_by(n / 2, f64::total_cmp);
    if n % 2 == 1 {
        return middle;
    }
    let below = low.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    below + (middle - below) / 2.0
}

/// Whether two values differ by no more than conversions between units would.
fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-6 * a.abs().max(b.abs())
}

impl ClassScaler {
    /// Scalers from the moments of each device's channels.
    pub(super) fn new(
        devices: &[(&str, Vec<Option<Moments>>)],
        channels: usize,
        settings: &Settings,
    ) -> Self {
        let mut class = Self {
            states: vec![State::Absent; channels],
            centre: vec![0.0; channels],
            within: vec![0.0; channels],
            between: vec![0.0; channels],
            noise: vec![0.0; channels],
            devices: BTreeMap::new(),
        };
        for channel in 0..channels {
            let found = devices.iter().filter_map(|(_, moments)| moments[channel]);
            let found: Vec<Moments> = found.collect();
            let mut centres: Vec<f64> = found.iter().map(|moments| moments.centre).collect();
            if centres.is_empty() {
                continue;
            }
            let mean = centres.iter().sum::<f64>() / centres.len() as f64;
            let apart = centres.iter().map(|c| (c - mean) * (c - mean)).sum::<f64>();
            class.between[channel] = libm::sqrt(apart / centres.len() as f64);
            class.centre[channel] = median(&mut centres);
            let live = || found.iter().filter(|moments| moments.scale > 0.0);
            let rows: f64 = live().map(|moments| moments.count as f64).sum();
            let square: f64 = live().map(|m| m.scale * m.scale * m.count as f64).sum();
            class.states[channel] = if rows > 0.0 { State::Live } else { State::Constant };
            class.within[channel] = libm::sqrt(square / rows.max(1.0));
            let mut noise: Vec<f64> = live().map(|moments| moments.noise / moments.scale).collect();
            class.noise[channel] = median(&mut noise);
            if found.len() < DEVICES_MIN && class.states[channel] == State::Live {
                let least = APART * class.within[channel];
                class.between[channel] = class.between[channel].max(least);
            }
        }
        for (name, moments) in devices {
            let device = class.device(moments, settings);
            class.devices.insert((*name).to_owned(), device);
        }
        class
    }

    /// The scaler of a device with these moments.
    pub(super) fn device(&self, moments: &[Option<Moments>], settings: &Settings) -> DeviceScaler {
        let mut device = self.unseen();
        for (channel, moments) in moments.iter().enumerate() {
            let Some(found) = moments else { continue };
            device.centre[channel] = found.centre;
            if self.states[channel] != State::Live {
                continue;
            }
            let within = self.within[channel];
            let own = found.scale > 0.0 && found.count >= settings.own_rows;
            device.scale[channel] =
                if own { found.scale.max(settings.floor * within) } else { within };
        }
        device
    }

    /// The scaler of a device that was not learned from, while it is new.
    pub fn unseen(&self) -> DeviceScaler {
        let wide = |(&within, &between): (&f64, &f64)| libm::hypot(within, between);
        let mut scale: Vec<f64> = self.within.iter().zip(&self.between).map(wide).collect();
        let mut centre = self.centre.clone();
        for (channel, state) in self.states.iter().enumerate() {
            if *state != State::Live {
                scale[channel] = 0.0;
            }
            // Constants that differ by device: the first value is the constant.
            if *state == State::Constant
                && self.between[channel] > 1e-6 * self.centre[channel].abs()
            {
                centre[channel] = f64::NAN;
            }
        }
        DeviceScaler { centre, scale }
    }

    /// The scaler of such a device after `rows` rows with these centres, channel by channel where
    /// there is one.
    ///
    /// # Source
    /// The posterior mean and variance of a normal mean: Gelman and others, "Bayesian Data
    /// Analysis", 3rd edition, section 2.5, where neighbouring rows are alike and so count less.
    pub(super) fn adopted(
        &self,
        before: &DeviceScaler,
        own: &[Option<f64>],
        rows: usize,
    ) -> DeviceScaler {
        let mut device = before.clone();
        for (channel, own) in own.iter().enumerate() {
            let (State::Live, Some(own)) = (self.states[channel], own) else { continue };
            let (within, between) = (self.within[channel], self.between[channel]);
            let (within, between) = (within * within * ALIKE_ROWS, between * between * rows as f64);
            // The class's share in the centre.
            let class = within / (within + between);
            device.centre[channel] = own + class * (self.centre[channel] - own);
            let doubt = self.between[channel] * libm::sqrt(class);
            device.scale[channel] = libm::hypot(self.within[channel], doubt);
        }
        device
    }

    /// Whether a channel was constant in training.
    pub fn is_constant(&self, channel: usize) -> bool {
        self.states[channel] == State::Constant
    }

    /// The channels that detectors see.
    pub fn live(&self) -> Vec<usize> {
        (0..self.states.len()).filter(|&channel| self.states[channel] == State::Live).collect()
    }
}

/// `z` as it is up to `clip`, and beyond it growing with the logarithm: a channel far away from all
/// that was learned must not drag the predictions of the others along, and must not look like one
/// that is a little further away.
fn bounded(z: f64, clip: f64) -> f64 {
    let beyond = z.abs() - clip;
    if beyond > 0.0 { (clip + libm::log1p(beyond)).min(CLIP_MOST).copysign(z) } else { z }
}

/// Where standardised values end.
const CLIP_MOST: f64 = 30.0;
/// Neighbouring rows that tell as much of a device's centre as one row on its own would.
const ALIKE_ROWS: f64 = 16.0;

/// With fewer devices than this it is not known how far devices lie apart...
const DEVICES_MIN: usize = 3;

/// ...and at least this many times the scale within a device is taken.
const APART: f64 = 3.0;

/// Steps of the grid in a unit.
const GRID: f64 = 16_384.0;

/// Adding and taking away this rounds to whole numbers (1.5 * 2^52).
const ROUND: f64 = 6_755_399_441_055_744.0;

impl DeviceScaler {
    /// Appends the standardised `live` channels of a row; a missing value is the centre.
    pub(super) fn standardise(&self, row: &[f64], live: &[usize], clip: f64, out: &mut Vec<f32>) {
        out.extend(live.iter().map(|&channel| {
            let z = (row[channel] - self.centre[channel]) / self.scale[channel];
            let z = if z.is_nan() { 0.0 } else { bounded(z, clip) };
            ((z * GRID + ROUND - ROUND) / GRID) as f32
        }));
    }

    /// A standardised value of a channel in the channel's unit.
    pub(super) fn original(&self, channel: usize, z: f32) -> f64 {
        self.centre[channel] + f64::from(z) * self.scale[channel]
    }

    /// Whether a channel that was constant has another value. Learns the constant where there is
    /// none yet.
    pub(super) fn changed(&mut self, channel: usize, value: f64) -> bool {
        let constant = &mut self.centre[channel];
        if constant.is_nan() {
            *constant = value;
        }
        value.is_finite() && !same(*constant, value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(kind: ScalerKind) -> Settings {
        Settings { kind, own_rows: 3, ..Settings::default() }
    }

    fn class(columns: &[&[f64]], kind: ScalerKind) -> ClassScaler {
        let devices: Vec<(&str, Vec<Option<Moments>>)> = ["a", "b", "c"]
            .iter()
            .zip(columns)
            .map(|(name, column)| (*name, vec![moments(&mut column.to_vec(), &settings(kind))]))
            .collect();
        ClassScaler::new(&devices, 1, &settings(kind))
    }

    #[test]
    fn robust_moments_ignore_an_outlier_and_standard_ones_do_not() {
        let values = [1.0, 2.0, 3.0, 4.0, 1000.0, f64::NAN];
        let robust = moments(&mut values.to_vec(), &settings(ScalerKind::Robust)).unwrap();
        let standard = moments(&mut values.to_vec(), &settings(ScalerKind::Standard)).unwrap();
        assert_eq!((robust.centre, robust.count), (3.0, 5));
        assert_eq!(standard.centre, 202.0);
        assert!(robust.scale < 100.0 && standard.scale > 300.0);
    }

    #[test]
    fn a_new_device_begins_wide_and_gets_its_own_centre() {
        let class = class(&[&[0.0, 2.0, 4.0], &[100.0, 102.0, 104.0]], ScalerKind::Standard);
        let new = class.unseen();
        assert_eq!(new.centre, [52.0]);
        assert!(new.scale[0] > 50.0);
        let early = class.adopted(&new, &[Some(70.0)], 16);
        assert!(early.centre[0] > 69.0 && early.centre[0] < 70.0 && early.scale[0] < 3.0);
        let adopted = class.adopted(&new, &[Some(70.0)], 10_000);
        assert!((adopted.centre[0] - 70.0).abs() < 0.1);
        assert!((adopted.scale[0] - libm::sqrt(8.0 / 3.0)).abs() < 0.1);
        let mut out = Vec::new();
        class.devices["a"].standardise(&[1e9], &[0], 10.0, &mut out);
        class.devices["a"].standardise(&[f64::NAN], &[0], 10.0, &mut out);
        assert!(out[0] > 10.0 && out[0] <= 30.0 && out[1] == 0.0, "{out:?}");
    }

    #[test]
    fn a_constant_is_the_devices_own_and_its_change_is_seen_in_any_unit() {
        for unit in [1.0, 1e-9, 1.8e7] {
            let shared = class(&[&[5.0 * unit; 3], &[5.0 * unit; 3]], ScalerKind::Standard);
            assert_eq!(shared.states, [State::Constant]);
            assert!(shared.unseen().changed(0, 6.0 * unit));
            let own = class(&[&[5.0 * unit; 3], &[9.0 * unit; 3]], ScalerKind::Standard);
            let mut new = own.unseen();
            assert!(!new.changed(0, 7.0 * unit) && !new.changed(0, 7.0 * unit));
            assert!(new.changed(0, 7.1 * unit) && !new.changed(0, f64::NAN));
        }
        assert_eq!(class(&[&[f64::NAN]], ScalerKind::Standard).states, [State::Absent]);
    }
}
