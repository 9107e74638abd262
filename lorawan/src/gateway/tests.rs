//! Reception at the gateways of a farm: limits, capture, windows and order.

use super::*;

const MS: i64 = 1_000_000;

fn frame(tag: u64, start_ms: i64, length_ms: i64, rssi_dbm: f64) -> Frame {
    Frame {
        tag,
        start_ns: start_ms * MS,
        end_ns: (start_ms + length_ms) * MS,
        channel: 0,
        sf: SpreadingFactor::Sf7,
        rssi_dbm: [rssi_dbm; GATEWAYS_MAX],
    }
}

fn radio(gateways: usize) -> Radio {
    Radio::new(RadioSpec::sx1301(gateways)).expect("a valid number of gateways")
}

fn run(radio: &mut Radio, frames: &[Frame]) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    radio.window(frames, 1_000_000 * MS, &mut verdicts).expect("frames in order");
    radio.finish(&mut verdicts);
    verdicts
}

fn losses(verdicts: &[Verdict]) -> Vec<Option<Loss>> {
    let mut by_tag: Vec<_> = verdicts.iter().map(|v| (v.frame.tag, v.loss)).collect();
    by_tag.sort_unstable();
    by_tag.into_iter().map(|(_, loss)| loss).collect()
}

#[test]
fn lone_frame_is_received_with_its_power_and_ratio() {
    let verdicts = run(&mut radio(1), &[frame(7, 0, 50, -100.0)]);
    assert_eq!(verdicts.len(), 1);
    let best = verdicts[0].best().expect("received");
    assert_eq!((best.gateway, best.rssi_dbm), (0, -100.0));
    assert!((best.snr_db - 17.03).abs() < 5e-3, "{} dB", best.snr_db);
}

#[test]
fn weak_frame_is_below_sensitivity_of_its_spreading_factor() {
    let weak = frame(0, 0, 50, -131.0);
    let slow = Frame { tag: 1, sf: SpreadingFactor::Sf8, ..frame(1, 100, 50, -131.0) };
    let verdicts = run(&mut radio(1), &[weak, slow]);
    assert_eq!(losses(&verdicts), [Some(Loss::BelowSensitivity), None]);
}

#[test]
fn equal_frames_destroy_each_other_and_a_much_stronger_one_survives() {
    let equal = run(&mut radio(1), &[frame(0, 0, 50, -100.0), frame(1, 20, 50, -100.0)]);
    assert_eq!(losses(&equal), [Some(Loss::Collision); 2]);
    let unequal = run(&mut radio(1), &[frame(0, 0, 50, -100.0), frame(1, 0, 50, -90.0)]);
    assert_eq!(losses(&unequal), [Some(Loss::Collision), None]);
}

#[test]
fn other_channels_and_touching_frames_do_nothing() {
    let other = Frame { channel: 1, ..frame(1, 20, 50, -100.0) };
    let verdicts = run(&mut radio(1), &[frame(0, 0, 50, -100.0), other, frame(2, 50, 50, -100.0)]);
    assert_eq!(losses(&verdicts), [None; 3]);
}

#[test]
fn frame_that_ended_before_the_last_one_began_still_counts_as_interferer() {
    // Frame 1 overlaps 0; 2 begins after 1 has ended, while 0 is on air.
    let frames = [frame(0, 0, 300, -100.0), frame(1, 10, 250, -104.0), frame(2, 270, 20, -140.0)];
    let verdicts = run(&mut radio(1), &frames);
    assert_eq!(losses(&verdicts)[0], Some(Loss::Collision));
}

#[test]
fn ninth_frame_finds_no_demodulator_and_the_next_one_does() {
    let mut frames: Vec<Frame> =
        (0..9).map(|i| Frame { channel: i as u8, ..frame(i, i as i64, 50, -90.0) }).collect();
    frames.push(Frame { channel: 20, ..frame(9, 50, 20, -90.0) });
    let verdicts = run(&mut radio(1), &frames);
    let mut expected = [None; 10];
    expected[8] = Some(Loss::NoDemodulator);
    assert_eq!(losses(&verdicts), expected);
}

#[test]
fn demodulator_is_held_by_a_frame_that_is_lost_later() {
    let mut frames: Vec<Frame> = (0..8).map(|i| frame(i, 0, 50, -90.0)).collect();
    frames.push(Frame { channel: 3, ..frame(8, 10, 50, -90.0) });
    let verdicts = run(&mut radio(1), &frames);
    assert_eq!(losses(&verdicts)[0], Some(Loss::Collision));
    assert_eq!(losses(&verdicts)[8], Some(Loss::NoDemodulator));
}

#[test]
fn stopped_gateway_loses_what_begins_and_what_is_on_air() {
    let mut radio = radio(1);
    let mut verdicts = Vec::new();
    radio.window(&[frame(0, 0, 50, -90.0)], 20 * MS, &mut verdicts).expect("in order");
    radio.set_down(0, true);
    radio.window(&[frame(1, 30, 50, -90.0)], 40 * MS, &mut verdicts).expect("in order");
    radio.set_down(0, false);
    radio.window(&[frame(2, 100, 50, -90.0)], 200 * MS, &mut verdicts).expect("in order");
    assert_eq!(losses(&verdicts), [Some(Loss::GatewayDown), Some(Loss::GatewayDown), None]);
}

#[test]
fn any_gateway_delivers_and_the_strongest_gives_the_reason() {
    let mut two = radio(2);
    two.set_down(0, true);
    let near_second = Frame { rssi_dbm: [-90.0, -120.0, 0.0, 0.0], ..frame(0, 0, 50, 0.0) };
    let near_first = Frame { rssi_dbm: [-90.0, -150.0, 0.0, 0.0], ..frame(1, 100, 50, 0.0) };
    let far = Frame { rssi_dbm: [-160.0, -150.0, 0.0, 0.0], ..frame(2, 200, 50, 0.0) };
    let verdicts = run(&mut two, &[near_second, near_first, far]);
    assert_eq!(losses(&verdicts), [None, Some(Loss::GatewayDown), Some(Loss::BelowSensitivity)]);
    assert_eq!(verdicts[0].received_by, 0b10);
    assert_eq!(verdicts[0].best().map(|copy| copy.gateway), Some(1));
}

#[test]
fn best_copy_is_the_strongest_of_all_received() {
    let heard = Frame { rssi_dbm: [-110.0, -95.0, -100.0, 0.0], ..frame(0, 0, 50, 0.0) };
    let verdicts = run(&mut radio(3), &[heard]);
    let gateways: Vec<usize> = verdicts[0].copies().map(|copy| copy.gateway).collect();
    assert_eq!(gateways, [0, 1, 2]);
    assert_eq!(verdicts[0].best().map(|copy| copy.gateway), Some(1));
}

#[test]
fn interference_can_be_switched_off() {
    let spec = RadioSpec { isolation: Isolation::Off, ..RadioSpec::sx1301(1) };
    let mut radio = Radio::new(spec).expect("one gateway");
    let verdicts = run(&mut radio, &[frame(0, 0, 50, -100.0), frame(1, 20, 50, -100.0)]);
    assert_eq!(losses(&verdicts), [None; 2]);
}

/// Many frames on few channels, sorted by start.
fn crowd(seed: u64, count: u64) -> Vec<Frame> {
    let mut state = seed;
    let mut draw = |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut frames: Vec<Frame> = (0..count)
        .map(|tag| {
            let sf = SpreadingFactor::ALL[draw(6) as usize];
            let start_ns = draw(60_000) as i64 * MS;
            Frame {
                tag,
                start_ns,
                end_ns: start_ns + (40 << (sf.number() - 7)) * MS,
                channel: draw(3) as u8,
                sf,
                rssi_dbm: std::array::from_fn(|_| -80.0 - draw(600) as f64 / 10.0),
            }
        })
        .collect();
    frames.sort_by_key(|frame| (frame.start_ns, frame.tag));
    frames
}

#[test]
fn windows_of_any_length_give_the_same_verdicts_in_the_same_order() {
    let frames = crowd(1, 2000);
    let whole = run(&mut radio(2), &frames);
    assert_eq!(whole.len(), frames.len());
    for window_ms in [1, 7, 100, 1000, 17_000] {
        let mut radio = radio(2);
        let mut verdicts = Vec::new();
        let mut rest = &frames[..];
        let mut until_ns = window_ms * MS;
        while !rest.is_empty() {
            let cut = rest.partition_point(|frame| frame.start_ns < until_ns);
            radio.window(&rest[..cut], until_ns, &mut verdicts).expect("in order");
            rest = &rest[cut..];
            until_ns += window_ms * MS;
        }
        assert_eq!(radio.undecided(), frames.len() - verdicts.len());
        assert_eq!(radio.next_deadline_ns().is_some(), radio.undecided() > 0);
        radio.finish(&mut verdicts);
        assert_eq!(verdicts, whole, "windows of {window_ms} ms");
    }
    assert!(whole.is_sorted_by_key(|verdict| verdict.frame.end_ns));
}

#[test]
fn every_frame_has_one_verdict_and_every_reason_occurs() {
    let mut radio = radio(1);
    let mut verdicts = run(&mut radio, &crowd(2, 6000));
    radio = self::radio(1);
    radio.set_down(0, true);
    verdicts.extend(run(&mut radio, &crowd(3, 10)));
    let lost: Vec<usize> = Loss::ALL
        .iter()
        .map(|&loss| verdicts.iter().filter(|verdict| verdict.loss == Some(loss)).count())
        .collect();
    let delivered = verdicts.iter().filter(|verdict| verdict.is_delivered()).count();
    assert_eq!(lost.iter().sum::<usize>() + delivered, 6010);
    assert!(lost.iter().all(|&count| count > 0) && delivered > 0, "{lost:?} {delivered}");
    assert!(verdicts.iter().all(|verdict| verdict.is_delivered() == verdict.loss.is_none()));
}

#[test]
fn more_gateways_never_lose_a_frame_that_fewer_received() {
    let frames = crowd(4, 3000);
    let mut before = vec![false; frames.len()];
    for gateways in 1..=GATEWAYS_MAX {
        let mut now = vec![false; frames.len()];
        for verdict in run(&mut radio(gateways), &frames) {
            now[verdict.frame.tag as usize] = verdict.is_delivered();
        }
        assert!(before.iter().zip(&now).all(|(was, is)| is >= was));
        before = now;
    }
}

#[test]
fn frames_out_of_order_are_refused_and_nothing_is_fed() {
    let mut radio = radio(1);
    let mut verdicts = Vec::new();
    let late = [frame(0, 50, 10, -90.0), frame(1, 40, 10, -90.0)];
    assert!(matches!(
        radio.window(&late, 100 * MS, &mut verdicts),
        Err(Error::OutOfOrder { index: 1, .. })
    ));
    assert!(matches!(
        radio.window(&[frame(0, 100, 10, -90.0)], 100 * MS, &mut verdicts),
        Err(Error::OutsideWindow { index: 0, .. })
    ));
    assert_eq!((radio.undecided(), verdicts.len()), (0, 0));
    radio.window(&[], 100 * MS, &mut verdicts).expect("an empty window");
    assert!(radio.window(&[frame(0, 99, 10, -90.0)], 200 * MS, &mut verdicts).is_err());
}

#[test]
fn farms_have_one_to_four_gateways() {
    for gateways in [0, GATEWAYS_MAX + 1] {
        let refused = Radio::new(RadioSpec::sx1301(gateways));
        assert_eq!(refused, Err(Error::GatewayCount { given: gateways, max: GATEWAYS_MAX }));
    }
}
