//! Instruments see the weather and the ground as they are, within their noise.

use crate::farm::{Plan, device, register, spec};
use crate::{collect, idle};
use fieldmirror_core::ids::ZoneIx;
use fieldmirror_core::metric::Metric;
use fieldmirror_core::reading::{DeviceClass, Reading};
use fieldmirror_core::time::{Span, Timestamp};
use fieldmirror_sim::{Confounder, Spec, StepOutput};
use std::sync::Arc;

fn reports(all: &StepOutput, spec: &Spec, name: &str) -> Vec<(Timestamp, Reading)> {
    let device = device(&spec.register, name);
    let class = spec.register.class(device).expect("it reports");
    let mut reports: Vec<_> = all
        .heard
        .iter()
        .filter(|uplink| uplink.device == device)
        .map(|uplink| {
            let bytes = uplink.payload.as_bytes();
            (uplink.received_at, Reading::decode(class, device, bytes).expect("its payload"))
        })
        .collect();
    reports.dedup_by_key(|(at, _)| *at);
    reports
}

#[test]
fn a_station_catches_the_rain_and_follows_the_day() {
    let spec = spec(&Plan { interference: false, ..Plan::SMALL }, 4);
    let all = collect(spec.clone(), Span::from_days(4), idle);
    let reports = reports(&all, &spec, "farmA-weather-1");
    assert!(reports.len() > 380, "{}", reports.len());
    let sum = |metric| -> f64 { reports.iter().filter_map(|(_, r)| r.metric(metric)).sum() };
    // Within a tip of the bucket, and what lost frames carried away.
    assert!((sum(Metric::Rain) - 12.4).abs() <= 0.4, "{} mm", sum(Metric::Rain));
    let temperatures: Vec<f64> =
        reports.iter().filter_map(|(_, r)| r.metric(Metric::Temperature)).collect();
    let (low, high) =
        temperatures.iter().fold((f64::MAX, f64::MIN), |(l, h), &t| (l.min(t), h.max(t)));
    assert!((low - 14.0).abs() < 1.5 && (high - 32.0).abs() < 1.5, "{low} to {high} degrees C");
    let night = |r: &Reading| r.metric(Metric::Radiation) == Some(0.0);
    let dark = reports.iter().filter(|(_, r)| night(r)).count();
    assert!((reports.len() / 4..reports.len() / 2).contains(&dark), "{dark} dark reports");
}

#[test]
fn probes_report_available_water_of_their_own_soil() {
    let plan = Plan { probes_per_zone: 12, interference: false, ..Plan::SMALL };
    let spec = spec(&plan, 4);
    let all = collect(spec.clone(), Span::from_days(2), idle);
    for zone in 0..plan.zones {
        let truth = all.soil.iter().rfind(|row| row.zone == ZoneIx::new(zone as u32));
        let truth_pct = truth.expect("rows").available_pct;
        let mut last = Vec::new();
        for probe in 0..plan.probes_per_zone {
            let name = format!("farmA-{}", 100 * (zone + 1) + probe + 1);
            let (_, reading) = *reports(&all, &spec, &name).last().expect("reports");
            last.push(reading.metric(Metric::Humidity).expect("a channel"));
        }
        let mean = last.iter().sum::<f64>() / last.len() as f64;
        // Gain 2 % and offset .3 % VWC each, over a range of about 14 % VWC, in a mean of twelve.
        assert!((mean - truth_pct).abs() < 6.0, "{mean} % against {truth_pct} %");
        assert!(last.windows(2).any(|pair| pair[0] != pair[1]));
    }
}

#[test]
fn soil_is_warmer_and_calmer_than_the_night() {
    let spec = spec(&Plan { interference: false, ..Plan::SMALL }, 4);
    let all = collect(spec.clone(), Span::from_days(3), idle);
    let temperatures: Vec<f64> = reports(&all, &spec, "farmA-101")
        .iter()
        .filter_map(|(_, reading)| reading.metric(Metric::Temperature))
        .collect();
    let mean = temperatures.iter().sum::<f64>() / temperatures.len() as f64;
    assert!((mean - 22.5).abs() < 2.5, "{mean} degrees C");
    let spread = temperatures.iter().map(|t| (t - mean).abs()).fold(0.0, f64::max);
    assert!((1.0..6.0).contains(&spread), "{spread} K");
}

#[test]
fn batteries_are_counted_down_to_silence() {
    let plan = Plan { probes_per_zone: 1, interference: false, ..Plan::SMALL };
    let mut spec = spec(&plan, 4);
    let charge = |spec: &mut Spec, ah: f64| {
        let register = Arc::make_mut(&mut spec.register);
        Arc::make_mut(&mut register.sites[0].model).probe.battery_ah = ah;
    };
    charge(&mut spec, 2.6);
    let full = collect(spec.clone(), Span::from_days(3), idle);
    let volts: Vec<f64> = reports(&full, &spec, "farmA-101")
        .iter()
        .filter_map(|(_, reading)| reading.metric(Metric::BatteryVoltage))
        .collect();
    assert!(volts.iter().all(|&v| v == 3.6));
    // A few hundred microampere-hours a day: this one lasts about a day.
    charge(&mut spec, 0.000_4);
    let small = collect(spec.clone(), Span::from_days(3), idle);
    let volts: Vec<f64> = reports(&small, &spec, "farmA-101")
        .iter()
        .filter_map(|(_, reading)| reading.metric(Metric::BatteryVoltage))
        .collect();
    assert!(volts.len() > 20 && volts.len() < 280, "{} reports", volts.len());
    assert!(volts[0] == 3.6 && volts[volts.len() - 1] < 3.0, "{volts:?}");
}

#[test]
fn a_heat_wave_warms_its_days_only() {
    let mut spec = spec(&Plan { interference: false, ..Plan::SMALL }, 4);
    let normal = collect(spec.clone(), Span::from_days(4), idle);
    spec.confounders.push(Confounder::HeatWave {
        from: spec.start + Span::from_days(2),
        to: spec.start + Span::from_days(3),
        warmer_k: 6.0,
    });
    let warm = collect(spec.clone(), Span::from_days(4), idle);
    let et0 = |all: &StepOutput, day: i64| -> f64 {
        let day = (spec.start + Span::from_days(day)).days();
        all.soil.iter().filter(|row| row.time.days() == day).map(|row| row.et0_mm).sum()
    };
    assert_eq!(et0(&normal, 0), et0(&warm, 0));
    assert!(et0(&warm, 2) > 1.05 * et0(&normal, 2), "{} {}", et0(&warm, 2), et0(&normal, 2));
    assert_eq!(et0(&normal, 3), et0(&warm, 3));
}

#[test]
fn another_probe_leaves_the_readings_of_all_others_as_they_were() {
    let plan = Plan { interference: false, ..Plan::SMALL };
    let before = spec(&plan, 4);
    let mut after = before.clone();
    after.register = Arc::new(register(&plan, after.seed, &[("farmA-199", 0)]));
    let (a, b) = (
        collect(before.clone(), Span::from_days(2), idle),
        collect(after.clone(), Span::from_days(2), idle),
    );
    let rows = |all: &StepOutput, spec: &Spec| {
        let mut rows: Vec<_> = all
            .heard
            .iter()
            .map(|uplink| {
                let names = &spec.register.names;
                let (device, gateway) = (names.name(uplink.device), names.name(uplink.gateway));
                (uplink.received_at, device.to_owned(), gateway.to_owned(), uplink.payload)
            })
            .map(|(at, device, gateway, payload)| {
                (at, device, gateway, payload.as_bytes().to_vec())
            })
            .filter(|row| row.1 != "farmA-199")
            .collect();
        rows.sort();
        rows
    };
    assert!(b.heard.len() > a.heard.len() + 150);
    assert_eq!(rows(&a, &before), rows(&b, &after));
    let class = |message: &fieldmirror_core::message::Message| message.reading.class();
    let pumps = |all: &StepOutput| {
        all.published
            .iter()
            .filter(|message| class(message) == DeviceClass::PumpController)
            .map(|message| {
                (message.received_at, (1..8).map(|i| message.reading.raw(i)).collect::<Vec<_>>())
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(pumps(&a), pumps(&b));
}
