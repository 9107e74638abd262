//! The twin as a whole: what it makes of a stream of messages.

mod field;
mod links;
mod network;

use super::*;
use crate::fixture::{self, Farm};
use fieldmirror_core::metric::Metric;

/// Twin of a farm, with the rows of every window that it closed.
struct Bench {
    farm: Farm,
    twin: Twin,
    rows: Vec<ResidualRow>,
}

impl Bench {
    fn new(probes: usize, spec: Spec) -> Self {
        let farm = fixture::farm(probes);
        let twin = Twin::new(Arc::clone(&farm.register), fixture::start(), spec).expect("a twin");
        Self { farm, twin, rows: Vec::new() }
    }

    /// Observes an hour's messages, sorted, and closes it.
    fn hour(&mut self, end: Timestamp, mut messages: Vec<Message>) {
        messages.sort_by_key(|message| (message.received_at, message.device()));
        self.twin.observe(&messages);
        self.twin.close_window(end, &mut self.rows);
    }

    /// The row of a device and metric in the window that ended at `end`.
    fn row(&self, end: Timestamp, device: DeviceIx, metric: Metric) -> Option<ResidualRow> {
        let mut rows = self.rows.iter();
        rows.find(|r| r.time == end && r.device == device && r.metric == metric).copied()
    }

    /// The last row of a device and metric.
    fn last_row(&self, device: DeviceIx, metric: Metric) -> ResidualRow {
        let mut rows = self.rows.iter().rev();
        *rows.find(|row| row.device == device && row.metric == metric).expect("a row")
    }
}

#[test]
fn equipment_has_no_mirror() {
    let bench = Bench::new(2, Spec::default());
    let pump = bench.farm.register.sites[0].pump;
    assert_eq!(bench.twin.state_of(pump), None);
}

#[test]
fn a_sender_that_the_register_does_not_know_is_counted_and_changes_nothing() {
    let mut bench = Bench::new(2, Spec::default());
    let at = fixture::start() + Span::from_seconds(60);
    let probe = bench.farm.probes[0][0];
    let stranger = DeviceIx::new(9_999);
    bench.twin.observe(&[
        fixture::client(fixture::reading(DeviceClass::SoilProbe, stranger, &[]), at),
        fixture::client(fixture::reading(DeviceClass::Gateway, probe, &[]), at),
    ]);
    assert_eq!(bench.twin.unknown_messages(), 2);
    assert_eq!(bench.twin.state_of(probe).expect("a device").reading, None);
}

#[test]
fn a_window_that_does_not_move_on_yields_nothing() {
    let mut bench = Bench::new(2, Spec::default());
    bench.hour(fixture::start(), Vec::new());
    assert!(bench.rows.is_empty());
    let end = fixture::start() + Span::from_hours(1);
    bench.hour(end, Vec::new());
    let rows = bench.rows.len();
    assert!(rows > 0);
    bench.hour(end, Vec::new());
    assert_eq!(bench.rows.len(), rows);
}

#[test]
fn registers_that_the_twin_cannot_follow_are_refused() {
    let new = |register: Register| Twin::new(Arc::new(register), fixture::start(), Spec::default());
    let register = Register::clone(&fixture::farm(1).register);

    let mut crowded = register.clone();
    crowded.sites[0].gateways = vec![crowded.sites[0].gateways[0]; 9];
    assert!(matches!(new(crowded), Err(TwinError::TooMany { what: "gateways", count: 9, .. })));

    let mut short = register.clone();
    let mut model = fixture::model();
    model.hydraulics.zone_elevation_m.pop();
    short.sites[0].model = Arc::new(model);
    assert!(matches!(new(short), Err(TwinError::ZoneCount { zones: 4, designed: 3, .. })));

    let mut dry = register;
    let mut model = fixture::model();
    model.soil.wilting_point = 0.5;
    dry.sites[0].model = Arc::new(model);
    let message = new(dry).expect_err("refused").to_string();
    assert!(message.contains("farmA") && message.contains("theta_wp"), "{message}");
}

#[test]
fn a_specification_out_of_range_is_named() {
    let farm = fixture::farm(1);
    let new = |spec| Twin::new(Arc::clone(&farm.register), fixture::start(), spec);
    let hasty = Spec { stale_intervals: 0.5, ..Spec::default() };
    assert!(matches!(new(hasty), Err(TwinError::Spec { key: "stale_intervals", .. })));
    let frozen = Spec { assimilation: Span::ZERO, ..Spec::default() };
    assert!(matches!(new(frozen), Err(TwinError::Spec { key: "assimilation", .. })));
}

#[test]
fn a_device_costs_less_than_three_hundred_bytes() {
    // A probe: its mirror, three tallies, two offsets, a trend, a gateway slot.
    let bytes = size_of::<Mirror>()
        + 3 * size_of::<Tally>()
        + 2 * size_of::<Offset>()
        + size_of::<Trend>()
        + size_of::<u8>();
    assert!(bytes <= 300, "{bytes} bytes");
}
