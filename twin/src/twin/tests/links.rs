//! Freshness: single losses are forgiven, silence is explained, and it clears.

use super::*;
use crate::freshness::Freshness;
use fieldmirror_core::message::Message;

/// One report of every LoRaWAN device and gateway at each of `slots` intervals, except what `lost`
/// says.
fn reports(
    farm: &Farm,
    from: Timestamp,
    slots: i64,
    lost: impl Fn(DeviceIx, i64) -> bool,
) -> Vec<Message> {
    let mut messages = Vec::new();
    for slot in 0..slots {
        let at = from + Span::from_seconds(900 * slot + 60);
        for &probe in farm.probes.iter().flatten().filter(|&&probe| !lost(probe, slot)) {
            let values = [
                (Metric::Temperature, 18.0),
                (Metric::Humidity, 60.0 + slot as f64),
                (Metric::BatteryVoltage, 3.6),
            ];
            let reading = fixture::reading(DeviceClass::SoilProbe, probe, &values);
            // Odd zones are heard by the second gateway only, even ones by the first.
            let zone = farm.probes.iter().position(|zone| zone.contains(&probe)).expect("a zone");
            messages.push(fixture::radio(reading, at, farm.gateways[zone % 2], 1));
        }
        for &gateway in farm.gateways.iter().filter(|&&gateway| !lost(gateway, slot)) {
            let values = [(Metric::FramesReceived, 8.0)];
            let reading = fixture::reading(DeviceClass::Gateway, gateway, &values);
            messages.push(fixture::client(reading, at));
        }
    }
    messages
}

fn run(bench: &mut Bench, from_h: i64, to_h: i64, lost: impl Fn(DeviceIx, i64) -> bool) {
    for hour in from_h..to_h {
        let from = fixture::start() + Span::from_hours(hour);
        let messages = reports(&bench.farm, from, 4, |device, slot| lost(device, 4 * hour + slot));
        bench.hour(from + Span::from_hours(1), messages);
    }
}

fn freshness(bench: &Bench, device: DeviceIx) -> Freshness {
    bench.twin.state_of(device).expect("a device").state
}

#[test]
fn a_single_lost_frame_is_not_stale_but_two_in_a_row_are() {
    let mut bench = Bench::new(2, Spec::default());
    let probe = bench.farm.probes[0][0];
    // The window ends 840 s after its last report is due.
    run(&mut bench, 0, 10, |device, slot| device == probe && slot == 39);
    assert_eq!(freshness(&bench, probe), Freshness::Fresh);
    let row = bench.last_row(probe, Metric::Humidity);
    assert_eq!((row.state, row.samples), (Freshness::Fresh, 3));
    run(&mut bench, 10, 11, |device, slot| device == probe && slot >= 42);
    assert_eq!(freshness(&bench, probe), Freshness::StaleLink);
}

#[test]
fn a_gateway_outage_explains_its_probes_and_clears_when_it_returns() {
    let mut bench = Bench::new(2, Spec::default());
    let farm = bench.farm.clone();
    let gateway = farm.gateways[0];
    let silenced: Vec<DeviceIx> =
        farm.probes.iter().step_by(2).flatten().copied().chain([gateway]).collect();
    run(&mut bench, 0, 48, |_, _| false);
    run(&mut bench, 48, 54, |device, _| silenced.contains(&device));

    assert_eq!(freshness(&bench, gateway), Freshness::Silent);
    for &probe in farm.probes.iter().flatten() {
        let state = bench.twin.state_of(probe).expect("a device");
        let row = bench.last_row(probe, Metric::Humidity);
        if silenced.contains(&probe) {
            assert_eq!(state.state, Freshness::StaleGateway);
            assert_eq!(state.gateway, Some(gateway));
            assert_eq!(state.age, Span::from_hours(6) + Span::from_seconds(840));
            // The last state is still answered.
            let last = state.reading.expect("a state");
            assert_eq!(last.metric(Metric::Humidity), Some(63.0));
            assert_eq!((row.samples, row.observed), (0, None));
            assert_eq!((row.state, row.gateway), (Freshness::StaleGateway, Some(gateway)));
            assert_eq!(row.freshness, state.age);
        } else {
            assert_eq!((state.state, row.state), (Freshness::Fresh, Freshness::Fresh));
            assert_eq!((row.samples, row.gateway), (4, Some(farm.gateways[1])));
        }
    }

    run(&mut bench, 54, 55, |_, _| false);
    for &device in &silenced {
        assert_eq!(freshness(&bench, device), Freshness::Fresh);
    }
}

#[test]
fn a_device_that_falls_silent_among_others_has_lost_its_link() {
    let mut bench = Bench::new(2, Spec::default());
    let probe = bench.farm.probes[2][1];
    run(&mut bench, 0, 24, |_, _| false);
    run(&mut bench, 24, 27, |device, _| device == probe);
    assert_eq!(freshness(&bench, probe), Freshness::StaleLink);
    assert_eq!(freshness(&bench, bench.farm.probes[2][0]), Freshness::Fresh);
}

#[test]
fn a_probe_that_dies_during_the_outage_of_another_gateway_is_not_excused_by_it() {
    let mut bench = Bench::new(2, Spec::default());
    let (probe, gateway) = (bench.farm.probes[1][0], bench.farm.gateways[0]);
    run(&mut bench, 0, 24, |_, _| false);
    run(&mut bench, 24, 27, |device, _| device == probe || device == gateway);
    assert_eq!(freshness(&bench, probe), Freshness::StaleLink);
}

#[test]
fn a_device_never_heard_is_silent_once_it_is_overdue() {
    let mut bench = Bench::new(2, Spec::default());
    let probe = bench.farm.probes[0][0];
    assert_eq!(freshness(&bench, probe), Freshness::Fresh);
    run(&mut bench, 0, 1, |device, _| device == probe);
    let state = bench.twin.state_of(probe).expect("a device");
    assert_eq!((state.state, state.reading, state.gateway), (Freshness::Silent, None, None));
    assert_eq!(state.age, Span::from_hours(1));
}

#[test]
fn a_late_message_counts_but_does_not_turn_the_state_back() {
    let mut bench = Bench::new(1, Spec::default());
    let probe = bench.farm.probes[0][0];
    let message = |second: i64, humidity: f64| {
        let reading =
            fixture::reading(DeviceClass::SoilProbe, probe, &[(Metric::Humidity, humidity)]);
        fixture::radio(
            reading,
            fixture::start() + Span::from_seconds(second),
            bench.farm.gateways[0],
            1,
        )
    };
    let messages = [message(600, 50.0), message(300, 70.0)];
    bench.twin.observe(&messages);
    let state = bench.twin.state_of(probe).expect("a device");
    assert_eq!(state.reading.expect("a state").metric(Metric::Humidity), Some(50.0));
    bench.hour(fixture::start() + Span::from_hours(1), Vec::new());
    let row = bench.last_row(probe, Metric::Humidity);
    assert_eq!((row.samples, row.observed), (2, Some(60.0)));
}
