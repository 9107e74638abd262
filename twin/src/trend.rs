//! The smooth trend that stands in for a model where no design value predicts a channel: battery
//! voltage and a gateway's frame count.
//!
//! # Source
//! Holt (1957), exponential smoothing of level and slope, here per hour.

/// Weight of an hour's mean in the level: a memory of two days, so that the course of a day and its
/// temperature average out.
const LEVEL_WEIGHT: f32 = 1.0 / 48.0;

/// Weight of an hour's error in the slope: critically damped, a quarter of the level's squared.
const SLOPE_WEIGHT: f32 = LEVEL_WEIGHT * LEVEL_WEIGHT / 4.0;

/// Hours after which level and slope are trusted as they are; before, the level is a plain mean.
const LEARNING_HOURS: f32 = 48.0;

/// A channel's level and slope.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Trend {
    level: f32,
    /// Change an hour.
    slope: f32,
    /// Hours with samples so far, up to [`LEARNING_HOURS`].
    learned_h: f32,
    /// Hours since the level was last corrected.
    gap_h: f32,
}

impl Trend {
    /// Moves on by `hours` and returns what is expected of them; `None` before the first mean.
    pub(crate) fn advance(&mut self, hours: f64) -> Option<f64> {
        if self.learned_h == 0.0 {
            return None;
        }
        self.gap_h += hours as f32;
        Some(f64::from(self.level + self.slope * self.gap_h))
    }

    /// Takes in the mean of the hours just passed.
    pub(crate) fn learn(&mut self, mean: f64) {
        let mean = mean as f32;
        if self.learned_h == 0.0 {
            *self = Self { level: mean, slope: 0.0, learned_h: 1.0, gap_h: 0.0 };
            return;
        }
        let expected = self.level + self.slope * self.gap_h;
        let error = mean - expected;
        if self.learned_h < LEARNING_HOURS {
            self.learned_h += 1.0;
            self.level = expected + error / self.learned_h;
        } else {
            self.level = expected + LEVEL_WEIGHT * error;
            self.slope += SLOPE_WEIGHT * error;
        }
        self.gap_h = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_decline_is_expected_and_a_collapse_is_not() {
        let mut trend = Trend::default();
        assert_eq!(trend.advance(1.0), None);
        let volts = |hour: u32| 3.6 - 1e-4 * f64::from(hour);
        for hour in 0..1_500 {
            trend.advance(1.0);
            trend.learn(volts(hour));
        }
        let error = trend.advance(1.0).expect("learned") - volts(1_500);
        assert!(error.abs() < 1e-3, "{error} V");
        trend.learn(3.2);
        let after = trend.advance(1.0).expect("learned");
        assert!(after > 3.4, "{after} V follows a single low hour");
    }

    #[test]
    fn the_trend_goes_on_through_a_gap() {
        let mut trend = Trend::default();
        for hour in 0..1_500 {
            trend.advance(1.0);
            trend.learn(3.6 - 1e-4 * f64::from(hour));
        }
        let mut expected = None;
        for _ in 0..100 {
            expected = trend.advance(1.0);
        }
        let error = expected.expect("learned") - (3.6 - 1e-4 * 1_599.0);
        assert!(error.abs() < 3e-3, "{error} V");
    }
}
