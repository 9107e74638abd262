//! Proves when alarms begin, turn and end.

use super::*;
use fieldmirror_core::time::Span;

const POLICY: Policy = Policy { needed: 3, of: 4, quiet: 2, splits: true };

fn at(hour: i64, score: f32, pattern: f32) -> Observation {
    Observation {
        time: Timestamp::from_nanos(0) + Span::from_hours(hour),
        score,
        threshold: 10.0,
        parts: [score; CHANNELS_MAX],
        pattern: [pattern; CHANNELS_MAX],
        open_zones: 1.0,
        flow_loss: 0.0,
        blocked: false,
    }
}

fn run(scores: &[f32]) -> (Alarm, Vec<Episode>) {
    let mut alarm = Alarm::default();
    let mut closed = Vec::new();
    for (hour, &score) in scores.iter().enumerate() {
        let change = alarm.advance(&POLICY, &at(hour as i64 + 1, score, 1.0));
        closed.extend(change.closed.map(|episode| *episode));
    }
    (alarm, closed)
}

#[test]
fn a_single_deviating_window_raises_nothing_and_is_forgotten() {
    let (alarm, closed) = run(&[0.0, 50.0, 0.0, 0.0, 0.0, 0.0]);
    assert!(alarm.idle() && closed.is_empty());
}

#[test]
fn three_of_four_windows_raise_an_alarm_that_two_quiet_ones_end() {
    let (alarm, closed) = run(&[0.0, 20.0, 0.0, 20.0, 30.0, 7.0, 0.0, 20.0, 0.0, 0.0, 0.0]);
    assert!(!alarm.raised());
    let hour = |h| Timestamp::from_nanos(0) + Span::from_hours(h);
    assert_eq!(closed.len(), 1);
    assert_eq!((closed[0].onset, closed[0].raised_at), (hour(1), Some(hour(5))));
    assert_eq!((closed[0].last, closed[0].score), (hour(8), 30.0));
}

#[test]
fn a_score_between_quiet_and_threshold_keeps_an_alarm_open() {
    let (alarm, closed) = run(&[20.0, 20.0, 20.0, 6.0, 6.0, 6.0, 6.0, 6.0]);
    assert!(alarm.raised() && closed.is_empty());
}

#[test]
fn a_pattern_that_turns_for_three_windows_begins_another_episode() {
    let mut alarm = Alarm::default();
    let mut closed = Vec::new();
    for hour in 1..=12 {
        let pattern = if hour <= 8 { 1.0 } else { -3.0 };
        let change = alarm.advance(&POLICY, &at(hour, 20.0, pattern));
        closed.extend(change.closed);
    }
    assert_eq!(closed.len(), 1);
    assert!((closed[0].pattern()[0] - 1.0).abs() < 1e-6);
    let open = alarm.finish().expect("the second episode is open");
    assert_eq!(open.onset, Timestamp::from_nanos(0) + Span::from_hours(8));
    assert!((open.pattern()[0] + 3.0).abs() < 1e-6);
}

#[test]
fn no_flow_at_all_begins_an_episode_that_knows_what_was_before() {
    let mut alarm = Alarm::default();
    let mut closed = Vec::new();
    for hour in 1..=10 {
        let blocked = hour > 7;
        let pattern = if blocked { 1.5 } else { 1.0 };
        let window = Observation { blocked, ..at(hour, 20.0, pattern) };
        closed.extend(alarm.advance(&POLICY, &window).closed);
    }
    assert_eq!(closed.len(), 1);
    let open = alarm.finish().expect("the second episode is open");
    assert_eq!(open.onset, Timestamp::from_nanos(0) + Span::from_hours(7));
    assert!((open.pattern()[0] - 1.5).abs() < 1e-6, "{:?}", open.pattern());
    assert!((open.before[0] - 1.0).abs() < 0.25, "{:?}", open.before);
}
