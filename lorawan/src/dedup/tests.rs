//! Copies become one uplink; replays are refused.

use fieldmirror_core::reading::{DeviceClass, Reading};

use super::*;

const MS: i64 = 1_000_000;

fn copy(device: u32, counter: u32, gateway: u32, at_ms: i64, rssi_dbm: f32) -> Uplink {
    let device = DeviceIx::new(device);
    Uplink {
        device,
        frame_counter: counter,
        gateway: DeviceIx::new(gateway),
        received_at: Timestamp::from_millis(at_ms),
        rssi_dbm,
        snr_db: rssi_dbm + 117.0,
        payload: Reading::new(DeviceClass::SoilProbe, device).encode(),
    }
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_nanos(ms * MS)
}

fn uplinks(outputs: &[Output]) -> Vec<Deduplicated> {
    outputs
        .iter()
        .filter_map(|output| match output {
            Output::Uplink(uplink) => Some(*uplink),
            Output::Refused { .. } => None,
        })
        .collect()
}

fn refusals(outputs: &[Output]) -> Vec<Refusal> {
    outputs
        .iter()
        .filter_map(|output| match output {
            Output::Uplink(_) => None,
            Output::Refused { reason, .. } => Some(*reason),
        })
        .collect()
}

#[test]
fn copies_of_three_gateways_become_one_uplink_with_the_best_power() {
    let mut server = Dedup::new(WINDOW, 4);
    let mut outputs = Vec::new();
    server.handle(at(1000), &[copy(1, 5, 90, 1000, -110.0)], &mut outputs);
    let more = [copy(1, 5, 91, 1002, -95.0), copy(1, 5, 92, 1001, -120.0)];
    server.handle(at(1100), &more, &mut outputs);
    assert!(outputs.is_empty(), "the window is open");
    assert_eq!(server.next_deadline(), Some(at(1200)));
    server.on_deadline(at(1200), &mut outputs);
    let [uplink] = uplinks(&outputs)[..] else { panic!("{outputs:?}") };
    assert_eq!(uplink.copies(), 3);
    assert_eq!(uplink.gateways(), [90, 91, 92].map(DeviceIx::new));
    assert_eq!(uplink.radio().gateway, DeviceIx::new(91));
    assert_eq!(uplink.radio().rssi_dbm, -95.0);
    assert_eq!(uplink.uplink.received_at, at(1000), "that of the first copy");
    assert_eq!(server.next_deadline(), None);
}

#[test]
fn gateway_that_forwards_twice_counts_once() {
    let mut server = Dedup::new(WINDOW, 4);
    let mut outputs = Vec::new();
    let twice = [copy(1, 5, 90, 0, -100.0), copy(1, 5, 90, 1, -90.0)];
    server.handle(at(0), &twice, &mut outputs);
    server.finish(&mut outputs);
    assert_eq!(uplinks(&outputs)[0].copies(), 1);
}

#[test]
fn late_copies_and_replays_are_refused() {
    let mut server = Dedup::new(WINDOW, 4);
    let mut outputs = Vec::new();
    server.handle(at(0), &[copy(1, 5, 90, 0, -100.0)], &mut outputs);
    server.handle(at(500), &[copy(1, 5, 91, 500, -90.0)], &mut outputs);
    server.handle(at(600), &[copy(1, 4, 90, 600, -90.0)], &mut outputs);
    server.finish(&mut outputs);
    assert_eq!(uplinks(&outputs).len(), 1);
    assert_eq!(refusals(&outputs), [Refusal::OldCounter; 2]);
}

#[test]
fn counter_that_jumps_too_far_is_refused_until_the_device_joins_again() {
    let mut server = Dedup::new(WINDOW, 4);
    let mut outputs = Vec::new();
    let far = 5 + COUNTER_GAP_MAX + 1;
    let frames = [copy(1, 5, 90, 0, -100.0), copy(1, far, 90, 0, -100.0)];
    server.handle(at(0), &frames, &mut outputs);
    assert_eq!(refusals(&outputs), [Refusal::CounterGap]);
    server.forget(DeviceIx::new(1));
    server.handle(at(300), &[copy(1, far, 90, 300, -100.0)], &mut outputs);
    server.finish(&mut outputs);
    assert_eq!(uplinks(&outputs).len(), 2);
}

#[test]
fn uplinks_leave_in_the_order_they_came() {
    let mut server = Dedup::new(WINDOW, 200);
    let mut outputs = Vec::new();
    for device in (0..100).rev() {
        server.handle(at(i64::from(100 - device)), &[copy(device, 0, 150, 0, -90.0)], &mut outputs);
    }
    server.finish(&mut outputs);
    let order: Vec<u32> =
        uplinks(&outputs).iter().map(|uplink| uplink.uplink.device.raw()).collect();
    assert_eq!(order, (0..100).rev().collect::<Vec<u32>>());
}

#[test]
fn full_window_lets_the_oldest_leave_early_and_counts_it() {
    let devices = OPEN_MAX as u32 + 3;
    let mut server = Dedup::new(WINDOW, devices as usize);
    let mut outputs = Vec::new();
    let frames: Vec<Uplink> = (0..devices).map(|device| copy(device, 0, 0, 0, -90.0)).collect();
    server.handle(at(0), &frames, &mut outputs);
    assert_eq!(server.left_early(), 3);
    assert_eq!(outputs.len(), 3);
    server.finish(&mut outputs);
    assert_eq!(outputs.len(), devices as usize);
}

#[test]
fn carried_counter_is_completed_across_its_overflow() {
    for (last, carried, full) in [
        (None, 9, 9),
        (Some(5), 6, 6),
        (Some(5), 5, 5),
        (Some(0xfffe), 0xffff, 0xffff),
        (Some(0xffff), 0, 0x1_0000),
        (Some(0x1_fff0), 3, 0x2_0003),
    ] {
        assert_eq!(full_counter(last, carried), full, "{last:?} {carried}");
    }
}
