//! From a budget of false alarms to a threshold.
//!
//! The fused out-of-fold scores of the training rows are what clean telemetry will look like. So
//! the threshold is the one at which the very alarms that scoring would raise, with hysteresis and
//! all, come as often on them as the budget allows. Where that is less often than the rows can
//! show, the peaks of the alarms at a lower threshold are extrapolated.

use super::alarm::{Episode, episodes};
use super::settings::{Alarm, Budget};
use serde::{Deserialize, Serialize};

/// How a threshold was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Counted on out-of-fold scores.
    Counted,
    /// Extrapolated beyond them.
    Extrapolated,
    /// The least one that settings allow, and quieter than the budget.
    Least,
    /// Stated by settings.
    Given,
}

/// A threshold and what it promises.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// An alarm begins at scores from here on.
    pub threshold: f32,
    /// How it was found.
    pub method: Method,
    /// Whether the budget asks for more than a score can be, and this is the most it can be.
    pub capped: bool,
    /// False-alarm events per device-day that were asked for.
    pub nominal: f64,
    /// Those that the out-of-fold scores have at the threshold.
    pub achieved: f64,
    /// Device-days of out-of-fold scores.
    pub device_days: f64,
    /// Mean out-of-fold score: what the drift monitor compares with.
    pub mean: f32,
}

/// Fewest events allowed on the training rows that counting needs.
const COUNTED_MIN: f64 = 3.0;

/// With fewer alarms than this share of those at a higher threshold, alarms run into each other.
const MERGED: f64 = 0.7;

/// With more than this share of clean rows in alarms, they do as well.
const ALARMED: f64 = 0.1;

/// Candidate thresholds per doubling of the rows above.
const CANDIDATES: f64 = 6.0;

/// The threshold for `budget`, from fused out-of-fold scores of stretches that lasted
/// `device_days` together. Scores end at `most`.
///
/// # Source
/// Counting is split conformal prediction (Vovk, Gammerman, Shafer, 2005) with an alarm as the
/// unit: one more than those seen may come. Beyond: peaks over threshold (Pickands 1975) with
/// exponential excesses; see [`crate::calibration::threshold`] on why not Pareto ones.
pub fn calibrate(
    stretches: &[Vec<f32>],
    device_days: f64,
    most: f32,
    (budget, alarm): (&Budget, &Alarm),
) -> Calibration {
    let at = |high: f32| -> Vec<Episode> {
        stretches.iter().flat_map(|scores| episodes(scores, high, alarm)).collect()
    };
    let mut sorted: Vec<f32> = stretches.iter().flatten().copied().collect();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let rows = sorted.len();
    let mean = sorted.iter().map(|&score| f64::from(score)).sum::<f64>() / rows.max(1) as f64;
    let allowed = match budget.per_device_day {
        Some(per_day) => per_day * device_days,
        None => rows as f64 / budget.rows,
    };
    let cap = 0.95 * most;
    let (threshold, method) = match budget.threshold {
        Some(threshold) => (threshold, Method::Given),
        None if rows == 0 => (budget.least, Method::Least),
        None if allowed >= COUNTED_MIN => (counted(&sorted, allowed, at), Method::Counted),
        None => (extrapolated(&sorted, allowed, budget, at), Method::Extrapolated),
    };
    let method = match method {
        Method::Counted | Method::Extrapolated if threshold < budget.least => Method::Least,
        method => method,
    };
    let capped = method != Method::Given && threshold > cap;
    let threshold = match method {
        Method::Given => threshold,
        _ => threshold.max(budget.least).min(cap),
    };
    let achieved = if device_days > 0.0 { at(threshold).len() as f64 / device_days } else { 0.0 };
    let nominal = budget.per_device_day.unwrap_or(allowed / device_days.max(f64::MIN_POSITIVE));
    let mean = mean as f32;
    Calibration { threshold, method, capped, nominal, achieved, device_days, mean }
}

/// Thresholds to try, falling: scores at ranks that grow by a constant factor.
fn candidates(sorted: &[f32]) -> Vec<f32> {
    let mut found: Vec<f32> = Vec::new();
    let mut rank = 0.0_f64;
    while (rank as usize) < sorted.len().div_ceil(2) {
        found.push(sorted[rank as usize]);
        rank = (rank + 1.0).max(rank * libm::exp2(1.0 / CANDIDATES));
    }
    found.dedup();
    found
}

/// Whether alarms run into each other: fewer than at a higher threshold, or too long.
fn merge(found: &[Episode], most: usize, rows: usize) -> bool {
    let alarmed: usize = found.iter().map(|episode| episode.rows).sum();
    (found.len() as f64) < MERGED * most as f64 || alarmed as f64 > ALARMED * rows as f64
}

/// The lowest threshold from which on upwards no more alarms come than allowed.
///
/// Lower still, alarms become fewer again because one does not end before the next begins: that
/// is not what a budget means, and no threshold is taken from there.
fn counted(sorted: &[f32], allowed: f64, at: impl Fn(f32) -> Vec<Episode>) -> f32 {
    let mut best = libm::nextafterf(sorted[0], f32::INFINITY);
    let mut most = 0;
    for high in candidates(sorted) {
        let found = at(high);
        if found.len() as f64 + 1.0 > allowed || merge(&found, most, sorted.len()) {
            break;
        }
        if found.len() >= most {
            (best, most) = (high, found.len());
        }
    }
    best
}

/// The threshold that an exponential tail of peaks gives.
fn extrapolated(
    sorted: &[f32],
    allowed: f64,
    budget: &Budget,
    at: impl Fn(f32) -> Vec<Episode>,
) -> f32 {
    let (mut from, mut peaks) = (sorted[0], vec![sorted[0]]);
    for high in candidates(sorted) {
        let found = at(high);
        if merge(&found, peaks.len(), sorted.len()) {
            break;
        }
        if found.len() > peaks.len() {
            (from, peaks) = (high, found.iter().map(|episode| episode.peak).collect());
        }
        if peaks.len() >= budget.peaks {
            break;
        }
    }
    let n = peaks.len() as f64;
    let excess = peaks.iter().map(|&peak| f64::from(peak - from)).sum::<f64>() / n;
    let beyond = excess * libm::log(n / allowed.max(f64::MIN_POSITIVE)).max(0.0);
    let threshold = from + (budget.margin * beyond) as f32;
    // With less than one alarm allowed, none that was seen may come.
    if allowed < 1.0 {
        threshold.max(libm::nextafterf(sorted[0], f32::INFINITY))
    } else {
        threshold
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldmirror_core::ids::EntityKey;
    use fieldmirror_core::seed::{Purpose, Seed};

    /// Scores with an exponential tail, mean 1, without memory.
    fn scores(n: u32, entity: &str) -> Vec<f32> {
        let draws = Seed::new(3).draws(EntityKey::of(entity), Purpose::SensorNoise);
        (0..n).map(|i| -libm::log(draws.uniform(i)) as f32).collect()
    }

    /// Scores without memory: an alarm is one row.
    fn alarm() -> Alarm {
        Alarm { low_share: 1.0, hold_rows: 1, ..Alarm::default() }
    }

    fn events(high: f32, days: f64) -> f64 {
        let alarm = alarm();
        let fresh = scores(200_000, "fresh");
        episodes(&fresh, high, &alarm).len() as f64 / (days * 200_000.0 / 20_000.0)
    }

    #[test]
    fn a_budget_within_the_sample_is_kept_on_fresh_rows() {
        let budget = Budget { per_device_day: Some(10.0), ..Budget::default() };
        let clean = [scores(20_000, "clean")];
        let found = calibrate(&clean, 10.0, 100.0, (&budget, &alarm()));
        assert_eq!(found.method, Method::Counted);
        assert!((5.0..=10.0).contains(&found.achieved), "{found:?}");
        let fresh = events(found.threshold, 10.0);
        assert!((5.0..=20.0).contains(&fresh), "{fresh} a day at {found:?}");
    }

    #[test]
    fn a_budget_beyond_the_sample_is_extrapolated_within_a_factor_of_two() {
        let budget = Budget { per_device_day: Some(0.05), ..Budget::default() };
        let mut fresh = 0.0;
        let samples = 12;
        for sample in 0..samples {
            let clean = [scores(20_000, &format!("clean {sample}"))];
            let found = calibrate(&clean, 10.0, 100.0, (&budget, &alarm()));
            assert_eq!((found.method, found.achieved), (Method::Extrapolated, 0.0));
            fresh += events(found.threshold, 10.0) / f64::from(samples);
        }
        assert!((0.025..=0.1).contains(&fresh), "{fresh} a day on average");
    }

    #[test]
    fn alarms_that_run_into_each_other_are_not_few() {
        let patient = Alarm { low_share: 0.2, hold_rows: 50, ..Alarm::default() };
        let budget = Budget { per_device_day: Some(1e3), least: 0.01, ..Budget::default() };
        let found = calibrate(&[scores(20_000, "clean")], 10.0, 100.0, (&budget, &patient));
        let clean = scores(20_000, "clean");
        let over = clean.iter().filter(|&&score| score >= found.threshold).count();
        assert!(over < 2_000, "{over} rows at {found:?}");
    }

    #[test]
    fn limits_and_a_given_threshold_are_kept() {
        let clean = [scores(2_000, "clean")];
        let at = |budget: Budget, most| calibrate(&clean, 1.0, most, (&budget, &Alarm::default()));
        let least =
            at(Budget { per_device_day: Some(100.0), least: 50.0, ..Budget::default() }, 100.0);
        assert_eq!((least.threshold, least.method), (50.0, Method::Least));
        let capped = at(Budget { per_device_day: Some(1e-6), ..Budget::default() }, 8.0);
        assert!(capped.capped && capped.threshold < 8.0, "{capped:?}");
        let given = at(Budget { threshold: Some(2.5), ..Budget::default() }, 8.0);
        assert_eq!((given.threshold, given.method), (2.5, Method::Given));
        let none = calibrate(&[], 0.0, 8.0, (&Budget::default(), &Alarm::default()));
        assert_eq!((none.threshold, none.method, none.achieved), (1.0, Method::Least, 0.0));
    }
}
