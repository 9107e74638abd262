//! Every report has exactly one fate, and what gateways heard is what they count.

use crate::farm::{Plan, device, spec};
use crate::{collect, idle};
use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::metric::Metric;
use fieldmirror_core::reading::DeviceClass;
use fieldmirror_core::time::Span;
use fieldmirror_sim::{Loss, StepOutput};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A crowded day: 160 probes that report every two minutes.
fn crowded() -> StepOutput {
    let plan = Plan {
        zones: 4,
        probes_per_zone: 40,
        gateways: 2,
        interval: Span::from_seconds(120),
        ..Plan::SMALL
    };
    collect(spec(&plan, 2), Span::from_hours(6), idle)
}

#[test]
fn each_report_has_one_row_and_counters_leave_no_gap() {
    let all = crowded();
    let mut counters: BTreeMap<DeviceIx, Vec<u32>> = BTreeMap::new();
    for row in &all.frames {
        counters.entry(row.device).or_default().push(row.frame_counter);
    }
    assert_eq!(counters.len(), 161);
    for (device, mut seen) in counters {
        seen.sort_unstable();
        // A frame that is on air when the run ends has no fate yet.
        assert!(seen.len() >= 179, "{device:?}: {}", seen.len());
        assert!(seen.iter().enumerate().all(|(i, &counter)| i as u32 == counter), "{device:?}");
    }
}

#[test]
fn delivered_frames_have_their_copies_and_lost_ones_a_reason() {
    let all = crowded();
    let mut copies: BTreeMap<(DeviceIx, u32), Vec<DeviceIx>> = BTreeMap::new();
    for uplink in &all.heard {
        copies.entry((uplink.device, uplink.frame_counter)).or_default().push(uplink.gateway);
    }
    let mut lost = BTreeMap::new();
    for row in &all.frames {
        let heard = copies.remove(&(row.device, row.frame_counter)).unwrap_or_default();
        assert_eq!(heard.len(), usize::from(row.copies));
        assert_eq!(heard.is_empty(), row.lost.is_some());
        assert!(heard.is_empty() || heard.contains(&row.gateway), "the best copy is a copy");
        if let Some(reason) = row.lost {
            *lost.entry(reason).or_insert(0) += 1;
        }
    }
    assert!(copies.is_empty(), "uplinks without a frame: {copies:?}");
    assert!(lost[&Loss::Collision] > 10, "{lost:?}");
}

#[test]
fn uplinks_arrive_when_their_frame_ends() {
    let all = crowded();
    let ends: BTreeMap<_, _> = all
        .frames
        .iter()
        .map(|row| ((row.device, row.frame_counter), row.sent_at + row.airtime))
        .collect();
    for uplink in &all.heard {
        assert_eq!(uplink.received_at, ends[&(uplink.device, uplink.frame_counter)]);
    }
}

#[test]
fn gateways_count_each_uplink_once() {
    let all = crowded();
    let mut counted: BTreeMap<DeviceIx, i64> = BTreeMap::new();
    let mut last = BTreeMap::new();
    for message in all.published.iter().filter(|m| m.reading.class() == DeviceClass::Gateway) {
        *counted.entry(message.device()).or_default() += message.reading.raw(1);
        last.insert(message.device(), message.received_at);
        assert!(message.reading.metric(Metric::FramesReceived).is_some());
    }
    assert_eq!(counted.len(), 2);
    for (gateway, count) in counted {
        let heard = all
            .heard
            .iter()
            .filter(|uplink| uplink.gateway == gateway && uplink.received_at < last[&gateway])
            .count();
        assert_eq!(count, heard as i64);
    }
}

#[test]
fn without_interference_only_weakness_and_duty_cycle_lose_frames() {
    let plan = Plan {
        zones: 4,
        probes_per_zone: 40,
        interval: Span::from_seconds(120),
        interference: false,
        ..Plan::SMALL
    };
    let all = collect(spec(&plan, 2), Span::from_hours(6), idle);
    let independent = [None, Some(Loss::BelowSensitivity), Some(Loss::DutyCycle)];
    assert!(all.frames.iter().all(|row| independent.contains(&row.lost)));
}

#[test]
fn slow_devices_that_report_too_often_meet_their_duty_cycle() {
    let plan = Plan { interval: Span::from_seconds(30), ..Plan::SMALL };
    let mut spec = spec(&plan, 2);
    let register = Arc::make_mut(&mut spec.register);
    let model = Arc::make_mut(&mut register.sites[0].model);
    // Far beyond any margin: all send at SF12, 1.5 s a frame.
    model.radio.margin_db = 100.0;
    let all = collect(spec.clone(), Span::from_hours(2), idle);
    assert!(all.frames.iter().all(|row| row.spreading_factor == 12));
    let probe = device(&spec.register, "farmA-101");
    let of_probe = |lost: Option<Loss>| {
        all.frames.iter().filter(|row| row.device == probe && row.lost == lost).count()
    };
    assert!(of_probe(Some(Loss::DutyCycle)) > 100, "{}", of_probe(Some(Loss::DutyCycle)));
    // Two sub-bands of 1 % allow at most one frame of 1.5 s in 150 s each.
    let sent = all.frames.iter().filter(|row| row.device == probe).count()
        - of_probe(Some(Loss::DutyCycle));
    assert!((20..=98).contains(&sent), "{sent}");
}
