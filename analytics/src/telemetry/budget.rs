//! From a budget of false alarms to a threshold.
//!
//! The fused out-of-fold scores of the training rows are what clean telemetry will look like. So
//! the threshold is the one at which the very alarms that scoring would raise, with hysteresis and
//! all, come as often on them as the budget allows. Where that is less often than the rows can
//! show, the peaks of the alarms at a lower threshold are extrapolated.
//!
//! Real training rows hold stretches that are not as tomorrow: a probe that was out of the soil for
//! a week, a start that was not warm yet. Their alarms come close together. So alarms are counted
//! by parts of the time, and the loudest quarter of the parts is left out: the others may have as
//! many as the calmer parts of telemetry have that is the same all the time.

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

/// Where a stretch lies among its device's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Rows of the device before the stretch's first.
    pub before: usize,
    /// All rows of the device.
    pub of: usize,
}

/// Fused out-of-fold scores of a stretch.
#[derive(Clone, Copy, Debug)]
pub struct Clean<'a> {
    /// The scores, the first rows of the stretch perhaps left out.
    pub scores: &'a [f32],
    /// Where the stretch lies.
    pub position: Position,
}

impl<'a> Clean<'a> {
    /// Scores of stretches, with where each one lies.
    pub fn all(scores: &'a [Vec<f32>], positions: &[Position]) -> Vec<Self> {
        let both = scores.iter().zip(positions);
        both.map(|(scores, &position)| Self { scores, position }).collect()
    }

    /// The part of time that a row lies in.
    fn part(&self, row: usize) -> usize {
        ((self.position.before + row) * PARTS / self.position.of.max(1)).min(PARTS - 1)
    }
}

/// Parts of each device's rows that alarms are counted in.
const PARTS: usize = 12;

/// The loudest ones.
const LOUD: usize = 3;

/// All parts together have at most this many times what the budget allows.
const OVER: f64 = 2.0;

/// Fewest events allowed on the training rows that counting needs.
const COUNTED_MIN: f64 = 3.0;

/// With fewer alarms than this share of those at a higher threshold, alarms run into each other.
const MERGED: f64 = 0.7;

/// As long as there are this many alarms to compare with; fewer come and go by chance.
const MERGED_MIN: usize = 8;

/// With more than this share of clean rows in alarms, they do as well.
const ALARMED: f64 = 0.1;

/// Candidate thresholds per doubling of the rows above.
const CANDIDATES: f64 = 12.0;

/// The threshold for `budget`, from fused out-of-fold scores of stretches that lasted
/// `device_days` together. Scores end at `most`.
///
/// # Source
/// Counting is split conformal prediction (Vovk, Gammerman, Shafer, 2005) with an alarm as the
/// unit, of trimmed counts that are compared with what trimming leaves on average.
/// Beyond: peaks over threshold (Pickands 1975) with
/// exponential excesses; see [`crate::calibration::threshold`] on why not Pareto ones.
pub fn calibrate(
    stretches: &[Clean<'_>],
    device_days: f64,
    most: f32,
    (budget, alarm): (&Budget, &Alarm),
) -> Calibration {
    let at = |high: f32| -> Alarms {
        let mut found = Alarms::default();
        for stretch in stretches {
            for episode in episodes(stretch.scores, high, alarm) {
                found.parts[stretch.part(episode.from)] += 1;
                found.episodes.push(episode);
            }
        }
        found
    };
    let mut sorted: Vec<f32> = stretches.iter().flat_map(|one| one.scores).copied().collect();
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
    let achieved =
        if device_days > 0.0 { at(threshold).episodes.len() as f64 / device_days } else { 0.0 };
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

/// The alarms at a threshold.
#[derive(Debug, Default)]
struct Alarms {
    episodes: Vec<Episode>,
    /// How many begin in each part.
    parts: [usize; PARTS],
}

impl Alarms {
    /// How many begin in the calmer parts.
    fn calm(&self) -> usize {
        let mut parts = self.parts;
        parts.sort_unstable();
        parts[..PARTS - LOUD].iter().sum()
    }

    /// Whether they run into each other: fewer than at a higher threshold, or too long.
    fn merge(&self, most: usize, rows: usize) -> bool {
        let alarmed: usize = self.episodes.iter().map(|episode| episode.rows).sum();
        let fewer = (self.episodes.len() as f64) < MERGED * most as f64;
        (fewer && most >= MERGED_MIN) || alarmed as f64 > ALARMED * rows as f64
    }
}

/// From so many in a part on, counts are as good as normal.
const MANY: f64 = 500.0;

/// The means of the three largest of twelve standard normals, together.
///
/// # Source
/// Harter, "Expected values of normal order statistics", Biometrika 48 (1961): 1.6292, 1.1157 and
/// .7928.
const LOUDEST: f64 = 3.5377;

/// Of `allowed` alarms that come at random, alike in all parts, how many are in the calmer parts on
/// average: less than their share of the time, since the loudest are left out for being loud.
///
/// # Source
/// The mean of an order statistic: the sum over x of the chance that fewer than k of the parts
/// have x alarms at most (David and Nagaraja, "Order Statistics", 3rd edition, section 3.1), of
/// Poisson counts.
fn expected_calm(allowed: f64) -> f64 {
    let rate = allowed / PARTS as f64;
    if rate > MANY {
        return (PARTS - LOUD) as f64 * rate - LOUDEST * libm::sqrt(rate);
    }
    let (mut chance, mut below, mut sum) = (libm::exp(-rate), 0.0, 0.0);
    let most = rate + 12.0 * libm::sqrt(rate) + 20.0;
    for x in 0..most as u32 {
        below = f64::min(below + chance, 1.0);
        chance *= rate / f64::from(x + 1);
        // Summed over k: the chance that fewer than k of the parts have x at most.
        let (mut fewer, mut ways) = (0.0, 1.0);
        for j in 0..PARTS - LOUD {
            let (at_most, more) = (j as f64, (PARTS - j) as f64);
            fewer += ways * libm::pow(below, at_most) * libm::pow(1.0 - below, more);
            sum += fewer;
            ways *= more / (at_most + 1.0);
        }
    }
    sum
}

/// The lowest threshold from which on upwards no more alarms come than allowed.
///
/// Lower still, alarms become fewer again because one does not end before the next begins: that
/// is not what a budget means, and no threshold is taken from there.
fn counted(sorted: &[f32], allowed: f64, at: impl Fn(f32) -> Alarms) -> f32 {
    let mut best = libm::nextafterf(sorted[0], f32::INFINITY);
    let mut most = 0;
    let calm = expected_calm(allowed).ceil();
    for high in candidates(sorted) {
        let found = at(high);
        let loud = found.episodes.len() as f64 > OVER * allowed;
        if found.calm() as f64 > calm || loud || found.merge(most, sorted.len()) {
            break;
        }
        if found.episodes.len() >= most {
            (best, most) = (high, found.episodes.len());
        }
    }
    best
}

/// The threshold that an exponential tail of peaks gives.
fn extrapolated(sorted: &[f32], allowed: f64, budget: &Budget, at: impl Fn(f32) -> Alarms) -> f32 {
    let (mut from, mut peaks) = (sorted[0], vec![sorted[0]]);
    for high in candidates(sorted) {
        let found = at(high);
        if found.merge(peaks.len(), sorted.len()) {
            break;
        }
        if found.episodes.len() > peaks.len() {
            (from, peaks) = (high, found.episodes.iter().map(|episode| episode.peak).collect());
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

    #[test]
    fn calm_parts_have_what_random_alarms_leave_them() {
        // Against a simulation: 40 000 draws of twelve Poisson counts each.
        let draws = Seed::new(5).draws(EntityKey::of("parts"), Purpose::SensorNoise);
        let (few, many) = (MANY * PARTS as f64 - 1.0, MANY * PARTS as f64 + 1.0);
        assert!((expected_calm(few) - expected_calm(many)).abs() < 3.0, "one goes on as the other");
        for allowed in [3.0, 12.0, 100.0] {
            let expected = expected_calm(allowed);
            let (mut sum, mut next, rounds) = (0, 0, 2_000);
            for _ in 0..rounds {
                let mut alarms = Alarms::default();
                for part in &mut alarms.parts {
                    // Arrivals within a part.
                    let mut time = 0.0;
                    loop {
                        time -= libm::log(draws.uniform(next)) * PARTS as f64 / allowed;
                        next += 1;
                        if time > 1.0 {
                            break;
                        }
                        *part += 1;
                    }
                }
                sum += alarms.calm();
            }
            let mean = sum as f64 / f64::from(rounds);
            assert!((mean - expected).abs() < 0.03 * allowed, "{allowed}: {mean} {expected}");
        }
    }

    /// Scores without memory: an alarm is one row.
    fn alarm() -> Alarm {
        Alarm { low_share: 1.0, hold_rows: 1, apart_rows: 0, ..Alarm::default() }
    }

    /// Of one device with one stretch.
    fn clean(scores: &[f32]) -> [Clean<'_>; 1] {
        [Clean { scores, position: Position { before: 0, of: scores.len() } }]
    }

    fn events(high: f32, days: f64) -> f64 {
        let alarm = alarm();
        let fresh = scores(200_000, "fresh");
        episodes(&fresh, high, &alarm).len() as f64 / (days * 200_000.0 / 20_000.0)
    }

    #[test]
    fn a_budget_within_the_sample_is_kept_on_fresh_rows() {
        let budget = Budget { per_device_day: Some(10.0), ..Budget::default() };
        let found = calibrate(&clean(&scores(20_000, "clean")), 10.0, 100.0, (&budget, &alarm()));
        assert_eq!(found.method, Method::Counted);
        assert!((5.0..=10.0).contains(&found.achieved), "{found:?}");
        let fresh = events(found.threshold, 10.0);
        assert!((5.0..=20.0).contains(&fresh), "{fresh} a day at {found:?}");
    }

    #[test]
    fn a_loud_stretch_of_training_rows_does_not_make_all_rows_quiet() {
        let budget = Budget { per_device_day: Some(10.0), ..Budget::default() };
        let mut scores = scores(20_000, "clean");
        scores[9_000..10_500].iter_mut().for_each(|score| *score *= 2.0);
        let found = calibrate(&clean(&scores), 10.0, 100.0, (&budget, &alarm()));
        assert!((10.0..=20.0).contains(&found.achieved), "{found:?}");
        let fresh = events(found.threshold, 10.0);
        assert!((5.0..=20.0).contains(&fresh), "{fresh} a day at {found:?}");
    }

    #[test]
    fn parts_of_time_are_those_of_each_device() {
        let scores = vec![vec![0.0; 60], vec![0.0; 60], vec![0.0; 240]];
        let position = |before, of| Position { before, of };
        let all = Clean::all(&scores, &[position(0, 120), position(60, 120), position(0, 240)]);
        let parts = [all[0].part(0), all[0].part(59), all[1].part(0), all[1].part(59)];
        assert_eq!(parts, [0, 5, 6, 11]);
        assert_eq!((all[2].part(19), all[2].part(20)), (0, 1));
    }

    #[test]
    fn the_loudest_parts_are_left_out() {
        let calm = |parts| Alarms { episodes: Vec::new(), parts }.calm();
        assert_eq!(calm([1, 1, 1, 1, 1, 1, 40, 1, 1, 1, 1, 1]), 9);
        assert_eq!(calm([0, 0, 5, 0, 0, 6, 40, 0, 0, 0, 0, 0]), 0);
        assert_eq!(calm([2; PARTS]), 18);
    }

    #[test]
    fn a_counted_budget_is_kept_on_average_where_all_parts_are_alike() {
        for allowed in [12.0, 40.0] {
            let budget = Budget { per_device_day: Some(allowed / 10.0), ..Budget::default() };
            let (mut fresh, samples) = (0.0, 40);
            for sample in 0..samples {
                let scores = scores(20_000, &format!("alike {allowed} {sample}"));
                let found = calibrate(&clean(&scores), 10.0, 100.0, (&budget, &alarm()));
                assert_eq!(found.method, Method::Counted);
                fresh += events(found.threshold, 10.0) / (allowed / 10.0) / f64::from(samples);
            }
            assert!((0.75..1.25).contains(&fresh), "{fresh} of {allowed}");
        }
    }

    #[test]
    fn a_budget_beyond_the_sample_is_extrapolated_within_a_factor_of_two() {
        let budget = Budget { per_device_day: Some(0.05), ..Budget::default() };
        let mut fresh = 0.0;
        let samples = 12;
        for sample in 0..samples {
            let scores = scores(20_000, &format!("clean {sample}"));
            let found = calibrate(&clean(&scores), 10.0, 100.0, (&budget, &alarm()));
            assert_eq!((found.method, found.achieved), (Method::Extrapolated, 0.0));
            fresh += events(found.threshold, 10.0) / f64::from(samples);
        }
        assert!((0.025..=0.1).contains(&fresh), "{fresh} a day on average");
    }

    #[test]
    fn alarms_that_run_into_each_other_are_not_few() {
        let patient = Alarm { low_share: 0.2, hold_rows: 50, ..Alarm::default() };
        let budget = Budget { per_device_day: Some(1e3), least: 0.01, ..Budget::default() };
        let scores = scores(20_000, "clean");
        let found = calibrate(&clean(&scores), 10.0, 100.0, (&budget, &patient));
        let over = scores.iter().filter(|&&score| score >= found.threshold).count();
        assert!(over < 2_000, "{over} rows at {found:?}");
    }

    #[test]
    fn limits_and_a_given_threshold_are_kept() {
        let scores = scores(2_000, "clean");
        let clean = clean(&scores);
        let at = |budget: Budget, most| calibrate(&clean, 1.0, most, (&budget, &Alarm::default()));
        let least =
            at(Budget { per_device_day: Some(100.0), least: 50.0, ..Budget::default() }, 100.0);
        assert_eq!((least.threshold, least.method), (50.0, Method::Least));
        let capped = at(Budget { per_device_day: Some(1e-6), ..Budget::default() }, 8.0);
        assert!(capped.capped && capped.threshold < 8.0, "{capped:?}");
        let given = at(Budget { threshold: Some(2.5), ..Budget::default() }, 8.0);
        assert_eq!((given.threshold, given.method), (2.5, Method::Given));
        let none = calibrate(&[], 0.0, 8.0, (&Budget::default(), &Alarm::default()));
        assert_eq!((none.threshold, none.method, none.achieved), (0.5, Method::Least, 0.0));
    }
}
