//! Axes are round, and thinning loses no peak.

use super::axis::TimeAxis;
use super::draw::thin;
use super::{Mark, Plot, Room, ValueAxis};
use fieldmirror_core::time::Timestamp;

fn axis(days: f64) -> TimeAxis {
    TimeAxis { start: Timestamp::parse("2017-06-05").expect("a date"), days }
}

#[test]
fn ticks_are_round_and_few() {
    for (low, high) in [(0.0, 0.037), (-3.0, 8.0), (97.2, 100.0), (0.0, 12_345.0), (5.0, 5.0)] {
        let axis = ValueAxis::around(low, high);
        assert!(axis.from <= low && axis.to >= high, "{axis:?}");
        assert!((2..=8).contains(&axis.ticks.len()), "{axis:?}");
    }
    let labels: Vec<String> =
        ValueAxis::from_zero(0.9).ticks.into_iter().map(|(_, label)| label).collect();
    assert_eq!(labels, ["0.00", "0.25", "0.50", "0.75", "1.00"]);
}

#[test]
fn days_get_dates_and_hours_get_times() {
    let labels = |days: f64, most: usize| -> Vec<String> {
        axis(days).ticks(most).into_iter().map(|(_, label)| label).collect()
    };
    assert_eq!(
        labels(60.0, 7),
        ["5 Jun", "15 Jun", "25 Jun", "5 Jul", "15 Jul", "25 Jul", "4 Aug"]
    );
    assert_eq!(labels(1.0, 4), ["5 Jun", "06:00", "12:00", "18:00", "6 Jun"]);
}

#[test]
fn thinning_keeps_every_peak() {
    let mut points: Vec<(f64, f64)> = (0..10_000).map(|i| (f64::from(i) / 1e4, 0.0)).collect();
    points[4_321].1 = 9.0;
    points[8_765].1 = -9.0;
    let kept = thin(&points, 1.0, 100);
    assert!(kept.len() <= 400, "{}", kept.len());
    assert!(kept.contains(&points[4_321]) && kept.contains(&points[8_765]));
    assert!(kept.windows(2).all(|pair| pair[0].0 < pair[1].0), "in time order");
}

#[test]
fn a_line_breaks_where_there_is_no_value() {
    let points = vec![(0.0, 1.0), (1.0, 1.0), (2.0, f64::NAN), (3.0, 1.0), (4.0, 1.0)];
    let plot = Plot {
        title: "a < b".into(),
        caption: String::new(),
        description: "gap".into(),
        unit: "1".into(),
        time: axis(5.0),
        values: ValueAxis::from_zero(2.0),
        marks: vec![Mark::Line { points, color: (1, 2, 3), width: 1.0 }],
        legend: Vec::new(),
        room: Room::Half,
        height: 200,
    };
    let figure = plot.figure("f").expect("drawn");
    assert_eq!(figure.wide.matches("#010203").count(), 2);
    assert!(figure.wide.contains("<title id=\"f-w-t\">a &lt; b</title>"));
}
