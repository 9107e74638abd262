//! The twin's own constants, with the reason for each.

use crate::error::TwinError;
use fieldmirror_core::time::Span;

/// How the twin judges and learns. The defaults are what the documentation's figures were made
/// with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    /// A device is overdue when nothing came for more than this many of its report intervals: 2.5
    /// forgives one lost frame and the jitter of the next, not two in a row.
    pub stale_intervals: f64,
    /// Time constant of the pull of a zone's predicted soil water towards the median of its probes:
    /// long against the day, so that the forecast and not the sensor carries the diurnal course;
    /// short against the weeks in which a wrong nominal soil would lead it astray.
    pub assimilation: Span,
    /// How long a probe's constant offset is learned as a plain mean: shorter than any clean
    /// stretch to train detectors on, long enough to average noise and the course of a day.
    pub bias_learning: Span,
    /// Memory of the offset afterwards: two months, so that a drift or a stuck value of ten days is
    /// unlearned by less than a sixth, while a season's ageing is followed.
    pub bias_memory: Span,
    /// Time around a change of any controller of the site in which flows and pressures are not
    /// compared with the network's steady state.
    pub settle: Span,
    /// Longest time for which a controller's last reported flow is taken to go on without another
    /// report.
    pub flow_hold: Span,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            stale_intervals: 2.5,
            assimilation: Span::from_hours(36),
            bias_learning: Span::from_days(5),
            bias_memory: Span::from_days(60),
            settle: Span::from_seconds(60),
            flow_hold: Span::from_seconds(900),
        }
    }
}

impl Spec {
    /// Checks every number.
    ///
    /// # Errors
    /// [`TwinError::Spec`] names the first one outside its range.
    pub fn check(&self) -> Result<(), TwinError> {
        if !(1.0..=100.0).contains(&self.stale_intervals) {
            let (value, expected) = (self.stale_intervals, "1 to 100 report intervals");
            return Err(TwinError::Spec { key: "stale_intervals", value, expected });
        }
        for (key, span) in [
            ("assimilation", self.assimilation),
            ("bias_learning", self.bias_learning),
            ("bias_memory", self.bias_memory),
            ("flow_hold", self.flow_hold),
        ] {
            if span <= Span::ZERO {
                let (value, expected) = (span.seconds(), "more than 0 s");
                return Err(TwinError::Spec { key, value, expected });
            }
        }
        if self.settle < Span::ZERO {
            let (value, expected) = (self.settle.seconds(), "0 s or more");
            return Err(TwinError::Spec { key: "settle", value, expected });
        }
        Ok(())
    }
}
