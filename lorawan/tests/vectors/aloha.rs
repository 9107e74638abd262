//! A fleet on one channel without capture loses what the closed form says.
//!
//! LoRaSim's simple collision model: each of N nodes waits an exponential gap of mean P after each
//! frame of airtime T, and any overlap destroys both frames. A frame survives with the probability
//! (P/(P+T) e^(-T/P))^(N-1).

use fieldmirror_lorawan::{
    gateway::{Frame, GATEWAYS_MAX, Loss, Radio, RadioSpec, Verdict},
    interference::Isolation,
    spreading::SpreadingFactor,
};

const TOLERANCE: f64 = 0.006;
const MEAN_GAP_NS: f64 = 1e12;
const WINDOW_NS: i64 = 600_000_000_000;
/// Frames of a run; the nodes send until there are about so many.
const FRAMES: f64 = 150_000.0;

/// Knuth's 64-bit linear congruential generator; the upper bits are used.
struct Draws(u64);

impl Draws {
    fn gap_ns(&mut self) -> i64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let uniform = (self.0 >> 11) as f64 / (1_u64 << 53) as f64;
        (-MEAN_GAP_NS * libm::log1p(-uniform)) as i64
    }
}

fn frames(nodes: u64, airtime_ns: i64) -> Vec<Frame> {
    let until_ns = (FRAMES / nodes as f64 * (MEAN_GAP_NS + airtime_ns as f64)) as i64;
    let mut frames = Vec::new();
    for node in 0..nodes {
        let mut draws = Draws(node.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 12_345);
        let mut start_ns = draws.gap_ns();
        while start_ns < until_ns {
            let end_ns = start_ns + airtime_ns;
            frames.push(Frame {
                tag: node,
                start_ns,
                end_ns,
                channel: 0,
                sf: SpreadingFactor::Sf12,
                rssi_dbm: [-80.0 - 0.1 * (node % 100) as f64; GATEWAYS_MAX],
            });
            start_ns = end_ns + draws.gap_ns();
        }
    }
    frames.sort_by_key(|frame| (frame.start_ns, frame.tag));
    frames
}

/// Part of the frames that is delivered, fed in windows that cut frames in two.
fn delivered(frames: &[Frame]) -> f64 {
    let spec =
        RadioSpec { demodulators: u32::MAX, isolation: Isolation::Aloha, ..RadioSpec::sx1301(1) };
    let mut radio = Radio::new(spec).expect("one gateway");
    let mut verdicts: Vec<Verdict> = Vec::new();
    let mut rest = frames;
    let mut until_ns = WINDOW_NS;
    while !rest.is_empty() {
        let cut = rest.partition_point(|frame| frame.start_ns < until_ns);
        radio.window(&rest[..cut], until_ns, &mut verdicts).expect("frames in order");
        rest = &rest[cut..];
        until_ns += WINDOW_NS;
    }
    radio.finish(&mut verdicts);
    assert_eq!(verdicts.len(), frames.len());
    let lost = verdicts.iter().filter(|verdict| verdict.loss == Some(Loss::Collision)).count();
    let delivered = verdicts.iter().filter(|verdict| verdict.is_delivered()).count();
    assert_eq!(lost + delivered, frames.len());
    delivered as f64 / frames.len() as f64
}

#[test]
fn simple_collisions_follow_the_closed_form_of_lorasim() {
    let text = include_str!("../fixtures/lorasim_der.csv");
    let mut cases = 0;
    let mut worst: f64 = 0.0;
    for line in text.lines().filter(|line| !line.starts_with('#')).skip(1) {
        let cells: Vec<f64> =
            line.split(',').map(|cell| cell.parse().unwrap_or(f64::NAN)).collect();
        let (experiment, is_full, nodes) = (cells[0], cells[1], cells[2]);
        if experiment != 0.0 || is_full != 0.0 || ![100.0, 400.0, 1600.0].contains(&nodes) {
            continue;
        }
        let airtime_ns = cells[9] * 1e6;
        let each = MEAN_GAP_NS / (MEAN_GAP_NS + airtime_ns) * libm::exp(-airtime_ns / MEAN_GAP_NS);
        let theory = libm::pow(each, nodes - 1.0);
        assert!((theory - cells[8]).abs() < 1e-4, "closed form {theory}");
        let ours = delivered(&frames(nodes as u64, airtime_ns as i64));
        worst = worst.max((ours - theory).abs());
        assert!((ours - theory).abs() < TOLERANCE, "{nodes} nodes: {ours}, expected {theory}");
        assert!((ours - cells[5]).abs() < 2.0 * TOLERANCE, "LoRaSim measured {}", cells[5]);
        cases += 1;
    }
    assert_eq!(cases, 3);
    println!("largest deviation from the closed form {worst:.4}");
}
