//! What a pump controller's reports say: how much water its zone got, and which of its samples show
//! the network in a steady state.
//!
//! A sample counts when the controller reports ON, reported before it and after the last change of
//! any controller of the site, and no controller of the site changes within the settling time after
//! it. The last condition lies in the future of the sample, so each one waits until it has held.

use fieldmirror_core::reading::Reading;
use fieldmirror_core::time::{Span, Timestamp};

/// Channels of a controller's payload: zone flow, pump flow, pump pressure, filter pressure, power.
pub(crate) const CHANNELS: usize = 5;

/// A pump controller.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Controller {
    on: bool,
    last_at: Option<Timestamp>,
    zone_flow_lps: f64,
    /// Until when the flow is booked.
    booked_to: Timestamp,
    /// Water of the open window, litres.
    volume_l: f64,
    waiting: Option<Sample>,
}

/// A sample under a known open set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) at: Timestamp,
    pub(crate) open: u64,
    pub(crate) raw: [i64; CHANNELS],
}

/// What a report changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    /// It switched ON or OFF.
    Change,
    /// It goes on as before; `since` is its report before this one.
    Same { since: Timestamp },
}

impl Controller {
    pub(crate) const fn new(start: Timestamp) -> Self {
        Self {
            on: false,
            last_at: None,
            zone_flow_lps: 0.0,
            booked_to: start,
            volume_l: 0.0,
            waiting: None,
        }
    }

    /// Takes in a state report.
    pub(crate) fn observe(
        &mut self,
        on: bool,
        zone_flow_lps: f64,
        at: Timestamp,
        hold: Span,
    ) -> Report {
        // The report at the end of an interval tells its flow better than the one at its start,
        // which may have been sent while the pipes still filled; the report of OFF has no flow to
        // tell.
        if on {
            self.zone_flow_lps = zone_flow_lps;
        }
        self.book(at, hold);
        let before = self.last_at.replace(at);
        self.zone_flow_lps = if on { zone_flow_lps } else { 0.0 };
        let changed = on != self.on;
        self.on = on;
        match before {
            Some(since) if !changed => Report::Same { since },
            _ => Report::Change,
        }
    }

    /// Books the flow up to `to`, but no longer than `hold` after the last report.
    fn book(&mut self, to: Timestamp, hold: Span) {
        let Some(last_at) = self.last_at else { return };
        let until = to.min(last_at + hold);
        if until <= self.booked_to.max(last_at) {
            self.booked_to = self.booked_to.max(last_at);
        } else {
            if self.on {
                let from = self.booked_to.max(last_at);
                self.volume_l += self.zone_flow_lps * (until - from).seconds();
            }
            self.booked_to = until;
        }
    }

    /// Whether it is known to be ON at `now`.
    pub(crate) fn is_on(&self, now: Timestamp, hold: Span) -> bool {
        self.on && self.last_at.is_some_and(|at| now <= at + hold)
    }

    /// The water that went into the zone since the last window closed, in litres.
    pub(crate) fn take_volume(&mut self, window_end: Timestamp, hold: Span) -> f64 {
        self.book(window_end, hold);
        std::mem::take(&mut self.volume_l)
    }

    /// Lets a sample wait; one that waits already goes first.
    pub(crate) fn wait(&mut self, sample: Sample) {
        if self.waiting.is_none() {
            self.waiting = Some(sample);
        }
    }

    /// The waiting sample, if it has settled by `now`.
    pub(crate) fn settled(&mut self, now: Timestamp, settle: Span) -> Option<Sample> {
        self.waiting.take_if(|sample| sample.at + settle <= now)
    }

    /// Forgets the waiting sample: the network changed.
    pub(crate) const fn unsettle(&mut self) {
        self.waiting = None;
    }
}

/// Position of the state word in the payload.
const STATE_POSITION: usize = 1;

/// Position of the first channel in the payload.
pub(crate) const FIRST_CHANNEL: usize = 2;

/// Whether a controller's payload says ON.
pub(crate) const fn says_on(reading: &Reading) -> bool {
    reading.raw(STATE_POSITION) == 1
}

/// The raw channels of a controller's payload.
pub(crate) fn raw_channels(reading: &Reading) -> [i64; CHANNELS] {
    std::array::from_fn(|channel| reading.raw(FIRST_CHANNEL + channel))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldmirror_core::ids::DeviceIx;
    use fieldmirror_core::metric::Metric;
    use fieldmirror_core::reading::DeviceClass;

    const HOLD: Span = Span::from_seconds(900);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_nanos(0) + Span::from_seconds(seconds)
    }

    #[test]
    fn the_payload_has_state_and_channels_where_they_are_read() {
        let schema = DeviceClass::PumpController.schema();
        assert_eq!(schema.position("state"), Some(STATE_POSITION));
        let channels = [
            Metric::ZoneFlow,
            Metric::PumpFlow,
            Metric::PumpPressure,
            Metric::FilterPressure,
            Metric::Power,
        ];
        for (i, metric) in channels.into_iter().enumerate() {
            assert_eq!(schema.channel(metric), Some(FIRST_CHANNEL + i), "{metric}");
        }
        let mut reading = Reading::new(DeviceClass::PumpController, DeviceIx::new(0));
        assert!(!says_on(&reading));
        reading.set_raw(1, 1);
        assert!(says_on(&reading));
    }

    #[test]
    fn water_is_flow_times_the_time_that_the_state_held() {
        let mut controller = Controller::new(at(0));
        controller.observe(false, 0.0, at(10), HOLD);
        controller.observe(true, 0.0, at(100), HOLD);
        for minute in 1..10 {
            controller.observe(true, 3.5, at(100 + 60 * minute), HOLD);
        }
        controller.observe(false, 0.0, at(700), HOLD);
        controller.observe(false, 0.0, at(1_300), HOLD);
        let volume_l = controller.take_volume(at(3_600), HOLD);
        assert!((volume_l - 2_100.0).abs() < 1e-9, "{volume_l} l");
        assert_eq!(controller.take_volume(at(7_200), HOLD), 0.0);
    }

    #[test]
    fn an_irrigation_across_the_hour_is_split_at_it() {
        let mut controller = Controller::new(at(0));
        controller.observe(true, 2.0, at(3_500), HOLD);
        let first_l = controller.take_volume(at(3_600), HOLD);
        controller.observe(false, 0.0, at(3_700), HOLD);
        let second_l = controller.take_volume(at(7_200), HOLD);
        assert!((first_l - 200.0).abs() < 1e-9 && (second_l - 200.0).abs() < 1e-9);
    }

    #[test]
    fn a_controller_that_falls_silent_while_on_is_believed_for_a_while_only() {
        let mut controller = Controller::new(at(0));
        controller.observe(true, 1.0, at(0), HOLD);
        assert!(controller.is_on(at(900), HOLD) && !controller.is_on(at(901), HOLD));
        let volume_l = controller.take_volume(at(36_000), HOLD);
        assert!((volume_l - 900.0).abs() < 1e-9, "{volume_l} l");
    }
}
