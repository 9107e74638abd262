//! One gateway amid a disc of devices delivers what ns-3's complete-network example delivers.
//!
//! Devices stand uniformly on a disc of 6400 m, the gateway 15 m above its centre; 14 dBm,
//! log-distance loss without shadowing; the spreading factor is the fastest whose end-device
//! sensitivity is met, SF12 beyond; 32 bytes every 600 s from a random start on one of three
//! channels at random.

use fieldmirror_lorawan::{
    airtime::Modulation,
    gateway::{Frame, GATEWAYS_MAX, Radio, RadioSpec},
    link::{PathLoss, rssi_dbm},
    spreading::SpreadingFactor,
};

const RADIUS_M: f64 = 6400.0;
const PERIOD_NS: i64 = 600_000_000_000;
const PHY_BYTES: usize = 32;
/// Sensitivities of ns-3's end device, SF7 to SF12, by which it sets spreading factors.
const END_DEVICE_DBM: [f64; 6] = [-124.0, -127.0, -130.0, -133.0, -135.0, -137.0];

/// Knuth's 64-bit linear congruential generator; the upper bits are used.
struct Draws(u64);

impl Draws {
    fn uniform(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn frames(devices: u64, duration_ns: i64, seed: u64) -> Vec<Frame> {
    let mut draws = Draws(seed);
    let mut frames = Vec::new();
    for device in 0..devices {
        let ground_m = RADIUS_M * draws.uniform().sqrt();
        let distance_m = (ground_m * ground_m + 13.8 * 13.8).sqrt();
        let dbm = rssi_dbm(14.0, 0.0, PathLoss::NS3.loss_db(distance_m), 0.0);
        let fastest = SpreadingFactor::ALL.into_iter().find(|sf| dbm > END_DEVICE_DBM[sf.index()]);
        let sf = fastest.unwrap_or(SpreadingFactor::Sf12);
        let airtime_ns = Modulation::uplink(sf).time_on_air_ns(PHY_BYTES);
        let mut start_ns = (draws.uniform() * PERIOD_NS as f64) as i64;
        while start_ns < duration_ns {
            frames.push(Frame {
                tag: device,
                start_ns,
                end_ns: start_ns + airtime_ns,
                channel: (draws.uniform() * 3.0) as u8,
                sf,
                rssi_dbm: [dbm; GATEWAYS_MAX],
            });
            start_ns += PERIOD_NS;
        }
    }
    frames.sort_by_key(|frame| (frame.start_ns, frame.tag));
    frames
}

fn delivery_ratio(devices: u64, duration_ns: i64, runs: u64) -> f64 {
    let (mut sent, mut delivered) = (0, 0);
    for run in 0..runs {
        let frames = frames(devices, duration_ns, 77 + 1000 * run);
        let mut radio = Radio::new(RadioSpec::sx1301(1)).expect("one gateway");
        let mut verdicts = Vec::new();
        radio.window(&frames, i64::MAX, &mut verdicts).expect("frames in order");
        sent += verdicts.len();
        delivered += verdicts.iter().filter(|verdict| verdict.is_delivered()).count();
    }
    delivered as f64 / sent as f64
}

#[test]
fn deliveries_agree_from_50_to_10000_devices() {
    let text = include_str!("../fixtures/ns3_lorawan_pdr.csv");
    let mut rows = 0;
    for line in text.lines().filter(|line| !line.starts_with('#')).skip(1) {
        let cells: Vec<f64> = line.split(',').map(|cell| cell.parse().expect("a number")).collect();
        let (devices, seconds, expected) = (cells[0], cells[1], cells[5]);
        let ours = delivery_ratio(devices as u64, seconds as i64 * 1_000_000_000, 4);
        let tolerance = if devices >= 500.0 { 0.015 } else { 0.02 };
        println!("{devices} devices: {ours:.4}, ns-3 {expected:.4}");
        assert!((ours - expected).abs() <= tolerance, "{devices} devices: {ours}, ns-3 {expected}");
        rows += 1;
    }
    assert_eq!(rows, 7);
}
