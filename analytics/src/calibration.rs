//! From a stated false-alarm rate to a threshold.
//!
//! Scores of windows that a model was trained on are too small; thresholds from them alarm all
//! the time. So the clean stretch is cut into blocks, and each block is scored by a model that was
//! trained on the others ([`block`]). The threshold is the conformal quantile of those scores;
//! where the rate lies beyond the sample, the tail above a high quantile is extrapolated.

use fieldmirror_core::time::{Span, Timestamp};

/// Blocks of the clean stretch. Blocks of time, not random rows: neighbouring hours are alike.
pub const BLOCKS: usize = 4;

/// The share of scores that the tail is fitted to.
const TAIL_SHARE: f64 = 0.05;

/// Fewest scores that a tail can be fitted to.
const TAIL_SCORES_MIN: usize = 10;

/// The block that `time` lies in, of a clean stretch that began at `start` and lasted `length`.
pub fn block(time: Timestamp, start: Timestamp, length: Span) -> usize {
    let done = (time - start).seconds() / length.seconds().max(1.0);
    ((done * BLOCKS as f64) as usize).min(BLOCKS - 1)
}

/// Margin on an extrapolated tail.
const TAIL_MARGIN: f64 = 1.5;

/// A threshold and what it promises.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// Scores from here on deviate.
    pub value: f32,
    /// Stated probability that a clean window reaches it.
    pub stated: f64,
    /// The share of out-of-fold clean windows that reached it.
    pub achieved: f64,
    /// How many out-of-fold clean windows there were.
    pub windows: usize,
}

/// The threshold that a clean window reaches with probability `rate`, but at least `least`.
///
/// # Source
/// Split conformal prediction: the ceil((n+1)(1-rate))-th smallest score. Beyond the sample: peaks
/// over threshold (Pickands 1975) with exponential excesses, the tail of sums of squares, and half
/// as much again as margin for what a few peaks do not tell. A Pareto tail was tried: from a small
/// clean sample it put thresholds a hundredfold too high.
pub fn threshold(scores: &mut [f32], rate: f64, least: f32) -> Threshold {
    scores.sort_unstable_by(f32::total_cmp);
    let n = scores.len();
    let rank = ((n + 1) as f64 * (1.0 - rate)).ceil() as usize;
    let value = if n == 0 {
        least
    } else if (1..=n).contains(&rank) && (n as f64) * rate >= TAIL_SCORES_MIN as f64 {
        scores[rank - 1]
    } else {
        tail(scores, rate)
    };
    let value = value.max(least);
    let reached = n - scores.partition_point(|&score| score < value);
    Threshold { value, stated: rate, achieved: reached as f64 / n.max(1) as f64, windows: n }
}

fn tail(sorted: &[f32], rate: f64) -> f32 {
    let n = sorted.len();
    let peaks = ((n as f64 * TAIL_SHARE) as usize).max(TAIL_SCORES_MIN).min(n);
    let from = f64::from(sorted[n - peaks]);
    let excess =
        sorted[n - peaks..].iter().map(|&s| f64::from(s) - from).sum::<f64>() / peaks as f64;
    let beyond = excess * libm::log(peaks as f64 / n as f64 / rate).max(0.0);
    ((from + TAIL_MARGIN * beyond) as f32).max(sorted[n - 1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldmirror_core::ids::EntityKey;
    use fieldmirror_core::seed::{Purpose, Seed};

    /// Sums of four squares of normals, as detectors give.
    fn scores(n: u32, entity: &str) -> Vec<f32> {
        let draws = Seed::new(9).draws(EntityKey::of(entity), Purpose::SensorNoise);
        (0..n).map(|i| draws.normals4(i).iter().map(|z| z * z).sum::<f64>() as f32 / 4.0).collect()
    }

    #[test]
    fn within_the_sample_the_stated_rate_is_achieved_on_fresh_windows() {
        let found = threshold(&mut scores(20_000, "a"), 0.01, 0.0);
        let fresh = scores(20_000, "b").iter().filter(|&&s| s >= found.value).count();
        assert!((150..=250).contains(&fresh), "{fresh} of 20000 at 1 %");
    }

    #[test]
    fn beyond_the_sample_the_threshold_errs_on_the_quiet_side() {
        let found = threshold(&mut scores(1_000, "a"), 1e-5, 0.0);
        let fresh = scores(200_000, "b").iter().filter(|&&s| s >= found.value).count();
        assert!(fresh <= 8, "{fresh} of 200000 at 1e-5");
        assert!(found.value < 100.0, "{}", found.value);
    }

    #[test]
    fn no_threshold_lies_below_the_least() {
        assert_eq!(threshold(&mut scores(100, "a"), 0.1, 50.0).value, 50.0);
        assert_eq!(threshold(&mut [], 0.1, 3.0).value, 3.0);
    }

    #[test]
    fn blocks_cut_the_clean_stretch_in_time() {
        let start = Timestamp::from_nanos(0);
        let at = |h| block(start + Span::from_hours(h), start, Span::from_days(4));
        assert_eq!([at(0), at(23), at(24), at(95), at(96)], [0, 0, 1, 3, 3]);
    }
}
