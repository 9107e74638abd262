//! From an unchecked compiled scenario to a checked one: all problems at once.

use super::file::{ConfounderText, FORMAT, ScenarioText};
use super::{Scenario, access, read, roster};
use crate::error::EngineError;
use fieldmirror_core::seed::Seed;
use fieldmirror_core::time::Span;
use fieldmirror_sim::{DailyForcing, FaultClass};
use fieldmirror_tables::scenario_file::ScenarioFile;
use std::collections::BTreeSet;
use std::path::Path;

impl Scenario {
    /// Checks a compiled scenario.
    ///
    /// # Errors
    /// [`EngineError::Scenario`] with every problem found.
    pub(super) fn check(path: &Path, mut compiled: ScenarioFile) -> Result<Self, EngineError> {
        let text = read::join(path, &compiled)?;
        let mut problems = Vec::new();
        let mut report = |what: String| problems.push(what);
        check_times(&text, &mut report);
        check_numbers(&text, &mut report);
        check_names(&text, &mut report);
        check_network(&text, &mut report);
        let forcing = forcing_from_start(&text, &compiled, &mut report);
        if !problems.is_empty() {
            return Err(EngineError::Scenario { path: path.to_owned(), problems });
        }
        let registers = roster::registers(&text, Seed::new(text.seed));
        let devices: BTreeSet<&str> = registers.iter().flat_map(|r| r.names.iter()).collect();
        let mut report = |what: String| problems.push(what);
        check_faults(&text, &devices, &mut report);
        access::check(&text, &devices, &mut report);
        let policies = access::documents(&text, &compiled.policies, &mut report);
        if !problems.is_empty() {
            return Err(EngineError::Scenario { path: path.to_owned(), problems });
        }
        // Made anew from the registers whenever the compiled form is written.
        compiled.roster = Vec::new();
        let rules = rule_names(&compiled);
        let origin = path.to_owned();
        Ok(Self { origin, text, forcing: forcing.into(), registers, rules, policies, compiled })
    }
}

/// Names rules by their `ruleName`, or by their file.
fn rule_names(compiled: &ScenarioFile) -> Vec<(String, String)> {
    let name_of = |payload: &str| {
        let value: serde_json::Value = serde_json::from_str(payload).ok()?;
        Some(value.get("ruleName")?.as_str()?.to_owned())
    };
    compiled
        .rules
        .iter()
        .map(|rule| {
            (name_of(&rule.payload).unwrap_or_else(|| rule.name.clone()), rule.payload.clone())
        })
        .collect()
}

fn check_times(text: &ScenarioText, report: &mut impl FnMut(String)) {
    if text.format != FORMAT {
        report(format!("format: expected {FORMAT}, found {}", text.format));
    }
    if text.crop.planted.0 >= text.start.0 + text.span.0 {
        report(format!(
            "crop.planted: expected a day before the end of the run, found {}",
            text.crop.planted.0
        ));
    }
    let step = text.step.0.nanos();
    if step <= 0 || Span::from_hours(1).nanos() % step != 0 {
        report(format!("step: expected a part of an hour such as 60s, found {}", text.step.0));
        return;
    }
    if text.start.0.nanos() % Span::from_days(1).nanos() != 0 {
        report(format!("start: expected midnight of a day, found {}", text.start.0));
    }
    let (span, clean) = (text.span.0, text.learn.clean.0);
    if span <= Span::ZERO || span.nanos() % step != 0 {
        let step = text.step.0;
        report(format!("span: expected a multiple of the step of {step} above zero, found {span}"));
    }
    if clean <= Span::ZERO || clean.nanos() % Span::from_hours(1).nanos() != 0 {
        report(format!("learn.clean: expected a whole number of hours above zero, found {clean}"));
    }
    let every = text.site.report_every.0;
    if every.nanos() < step {
        report(format!(
            "site.report_every: expected at least the step of {}, found {every}",
            text.step.0
        ));
    }
}

fn check_numbers(text: &ScenarioText, report: &mut impl FnMut(String)) {
    let mut within = |key: &str, value: f64, low: f64, high: f64| {
        if !(low..=high).contains(&value) {
            report(format!("{key}: expected {low} to {high}, found {value}"));
        }
    };
    within("site.latitude_deg", text.site.latitude_deg, -66.0, 66.0);
    within("site.elevation_m", text.site.elevation_m, -430.0, 6_000.0);
    within("weather.wind_ms", text.weather.wind_ms, 0.0, 40.0);
    let soil = &text.soil;
    within("soil.wilting_point", soil.wilting_point, 0.01, 0.5);
    within("soil.field_capacity", soil.field_capacity, soil.wilting_point + 0.01, 0.6);
    within("soil.initial", soil.initial, soil.wilting_point, soil.field_capacity);
    within("soil.evaporation_depth_m", soil.evaporation_depth_m, 0.05, 0.3);
    within("soil.curve_number", soil.curve_number, 1.0, 100.0);
    within("crop.depletion_fraction", text.crop.depletion_fraction, 0.1, 0.8);
    for (i, days) in text.crop.stages_d.iter().enumerate() {
        within(&format!("crop.stages_d.{i}"), f64::from(*days), 1.0, 366.0);
    }
    for (i, kcb) in text.crop.kcb.iter().enumerate() {
        within(&format!("crop.kcb.{i}"), *kcb, 0.0, 2.0);
    }
    within("crop.height_m.0", text.crop.height_m[0], 0.0, text.crop.height_m[1]);
    within("crop.height_m.1", text.crop.height_m[1], 0.01, 30.0);
    within("crop.root_depth_m.0", text.crop.root_depth_m[0], 0.05, text.crop.root_depth_m[1]);
    within("crop.root_depth_m.1", text.crop.root_depth_m[1], 0.05, 10.0);
    within("soil.readily_evaporable_mm", soil.readily_evaporable_mm, 0.0, 50.0);
    within("hydraulics.reservoir_head_m", text.hydraulics.reservoir_head_m, -100.0, 1_000.0);
    within("hydraulics.pump_elevation_m", text.hydraulics.pump_elevation_m, -100.0, 6_000.0);
    within("hydraulics.pump_best_flow_lps", text.hydraulics.pump_best_flow_lps, 1e-3, 1e5);
    within("irrigation.efficiency", text.irrigation.efficiency, 0.1, 1.0);
    within("irrigation.wetted_fraction", text.irrigation.wetted_fraction, 0.05, 1.0);
    within("hydraulics.pump_efficiency", text.hydraulics.pump_efficiency, 0.05, 1.0);
    within("hydraulics.motor_efficiency", text.hydraulics.motor_efficiency, 0.05, 1.0);
    within("hydraulics.emitter_coefficient", text.hydraulics.emitter_coefficient, 1e-9, 1.0);
    for (name, pipe) in [
        ("filter", text.hydraulics.filter),
        ("main", text.hydraulics.main),
        ("lateral", text.hydraulics.lateral),
    ] {
        within(&format!("hydraulics.{name}.length_m"), pipe.length_m, 0.01, 1e5);
        within(&format!("hydraulics.{name}.diameter_m"), pipe.diameter_m, 1e-3, 10.0);
        within(&format!("hydraulics.{name}.roughness"), pipe.roughness, 10.0, 200.0);
        within(&format!("hydraulics.{name}.minor_loss"), pipe.minor_loss, 0.0, 1e6);
    }
    let [[q0, h0], [q1, h1], [q2, h2]] = text.hydraulics.pump_curve;
    if !(q0 == 0.0 && q0 < q1 && q1 < q2 && h0 > h1 && h1 > h2 && h2 >= 0.0) {
        report(
            "hydraulics.pump_curve: expected [[0, shut-off head], [flow, head], [flow, head]] in l/s and m with flow rising and head falling"
                .to_owned(),
        );
    }
    let mut within = |key: &str, value: f64, low: f64, high: f64| {
        if !(low..=high).contains(&value) {
            report(format!("{key}: expected {low} to {high}, found {value}"));
        }
    };
    within("radio.power_dbm", text.radio.power_dbm, 0.0, 27.0);
    within("radio.shadowing_db", text.radio.shadowing_db, 0.0, 20.0);
    within("radio.reference_distance_m", text.radio.reference_distance_m, 1.0, 1e5);
    within("radio.reference_loss_db", text.radio.reference_loss_db, 0.0, 250.0);
    within("radio.exponent", text.radio.exponent, 1.0, 10.0);
    within("radio.burial_loss_db", text.radio.burial_loss_db, 0.0, 100.0);
    within("radio.margin_db", text.radio.margin_db, -50.0, 50.0);
    within("probe.depth_m", text.probe.depth_m, 0.01, 3.0);
    within("probe.temperature_noise_k", text.probe.temperature_noise_k, 0.0, 10.0);
    within("probe.response_s", text.probe.response_s, 0.0, 86_400.0);
    within("probe.drift_per_year", text.probe.drift_per_year, 0.0, 0.5);
    within("uncertainty.probe_offset", text.uncertainty.probe_offset, 0.0, 0.1);
    for (g, gateway) in text.gateways.iter().enumerate() {
        for (i, metres) in gateway.position_m.iter().enumerate() {
            within(&format!("gateways.{g}.position_m.{i}"), f64::from(*metres), -1e5, 1e5);
        }
    }
    within("probe.battery_ah", text.probe.battery_ah, 0.01, 1e3);
    within("probe.water_noise", text.probe.water_noise, 0.0, 0.2);
    within("uncertainty.soil", text.uncertainty.soil, 0.0, 0.3);
    within("uncertainty.pipe", text.uncertainty.pipe, 0.0, 0.3);
    within("uncertainty.probe_gain", text.uncertainty.probe_gain, 0.0, 0.3);
    let rate = text.learn.false_alarms_per_device_day;
    within("learn.false_alarms_per_device_day", rate, 1e-9, 1.0);
    for (z, zone) in text.zones.iter().enumerate() {
        within(&format!("zones.{z}.area_m2"), zone.area_m2, 1.0, 1e8);
        within(&format!("zones.{z}.elevation_m"), zone.elevation_m, -100.0, 6_000.0);
        for (i, metres) in zone.position_m.iter().enumerate() {
            within(&format!("zones.{z}.position_m.{i}"), f64::from(*metres), -1e5, 1e5);
        }
        within(&format!("zones.{z}.probes"), f64::from(zone.probes), 1.0, 99.0);
    }
}

fn check_names(text: &ScenarioText, report: &mut impl FnMut(String)) {
    let plain = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    for (key, name) in [("name", &text.name), ("site.name", &text.site.name)] {
        if !plain(name) {
            report(format!("{key}: expected letters, digits, - and _, found `{name}`"));
        }
    }
    if text.gateways.is_empty() || text.gateways.len() > 4 {
        report(format!("gateways: expected 1 to 4 [[gateways]], found {}", text.gateways.len()));
    }
    if text.zones.is_empty() || text.zones.len() > 8 {
        report(format!("zones: expected 1 to 8 [[zones]], found {}", text.zones.len()));
    }
    if let Some(fleet) = &text.fleet
        && (fleet.farms == 0 || fleet.farms > 9_999 || fleet.farms_per_shard == 0)
    {
        report("fleet: expected 1 to 9999 farms and at least one a shard".to_owned());
    }
    for (name, function) in &text.functions {
        if function.builtin != "irrigation" {
            let found = &function.builtin;
            report(format!("functions.{name}.builtin: expected `irrigation`, found `{found}`"));
        }
    }
}

/// The mains must form a tree that hangs on the filter.
fn check_network(text: &ScenarioText, report: &mut impl FnMut(String)) {
    let n = text.zones.len();
    for z in 0..n {
        if text.upstream(z).is_some_and(|up| up >= n) {
            report(format!("zones.{z}.fed_by: expected 0 (the filter) to {n} (a zone's number)"));
            return;
        }
    }
    for z in 0..n {
        let mut trail = vec![z];
        while let Some(up) = trail.last().and_then(|&z| text.upstream(z)) {
            if trail.contains(&up) {
                let names: Vec<String> = trail.iter().map(|z| (z + 1).to_string()).collect();
                let trail = names.join(" <- ");
                report(format!(
                    "zones.{z}.fed_by: the pipe network has a cycle ({trail} <- {}); expected a tree: let one of these zones be fed by 0, the filter",
                    up + 1
                ));
                return;
            }
            trail.push(up);
        }
    }
}

fn check_faults(text: &ScenarioText, devices: &BTreeSet<&str>, report: &mut impl FnMut(String)) {
    let mut ids = BTreeSet::new();
    for (f, fault) in text.faults.iter().enumerate() {
        let at = format!("faults.{f} (`{}`)", fault.id);
        if !ids.insert(&fault.id) {
            report(format!("{at}.id: it is used twice"));
        }
        if FaultClass::parse(&fault.class).is_none() {
            let known: Vec<&str> = FaultClass::ALL.iter().map(|class| class.name()).collect();
            report(format!(
                "{at}.class: expected one of {}, found `{}`",
                known.join(", "),
                fault.class
            ));
        }
        if !devices.contains(fault.device.as_str()) {
            let near = devices.iter().take(4).copied().collect::<Vec<_>>().join(", ");
            report(format!("{at}.device: there is no `{}`; devices are {near}, ...", fault.device));
        }
        if fault.onset.0 < text.learn.clean.0 {
            let clean = text.learn.clean.0;
            report(format!(
                "{at}.onset: expected at or after learn.clean ({clean}), found {}",
                fault.onset.0
            ));
        }
        if !(fault.severity > 0.0 && fault.severity <= 1.0) {
            report(format!("{at}.severity: expected above 0 to 1, found {}", fault.severity));
        }
        let grows = fault.growth != "step";
        if !["step", "linear", "exponential"].contains(&fault.growth.as_str()) {
            report(format!(
                "{at}.growth: expected step, linear or exponential, found `{}`",
                fault.growth
            ));
        } else if grows != fault.grows_for.is_some() {
            report(format!(
                "{at}.grows_for: expected a duration with linear and exponential growth only"
            ));
        }
    }
    for (c, confounder) in text.confounders.iter().enumerate() {
        if let ConfounderText::HeatWave { id, warmer_k, .. } = confounder
            && !(-30.0..=30.0).contains(warmer_k)
        {
            report(format!(
                "confounders.{c} (`{id}`).warmer_k: expected -30 to 30, found {warmer_k}"
            ));
        }
        if let ConfounderText::IrrigationPlan { id, at, .. } = confounder
            && at.0 >= Span::from_days(1)
        {
            report(format!("confounders.{c} (`{id}`).at: expected less than 24h, found {}", at.0));
        }
        if let ConfounderText::IrrigationPlan { id, zones, .. } = confounder
            && (zones.is_empty() || zones.iter().any(|&z| z == 0 || z as usize > text.zones.len()))
        {
            let n = text.zones.len();
            report(format!("confounders.{c} (`{id}`).zones: expected zone numbers 1 to {n}"));
        }
    }
}

/// The forcing from the first day of the run to the day after its last.
fn forcing_from_start(
    text: &ScenarioText,
    compiled: &ScenarioFile,
    report: &mut impl FnMut(String),
) -> Vec<DailyForcing> {
    let days = text.span.0.days().ceil() as usize + 1;
    let first = compiled.forcing.iter().position(|row| row.date == text.start.0);
    let rows = first.and_then(|first| compiled.forcing.get(first..first + days));
    let Some(rows) = rows else {
        let place = match (compiled.forcing.first(), compiled.forcing.last()) {
            (Some(a), Some(b)) => format!("it has {} to {}", a.date, b.date),
            _ => "it is empty".to_owned(),
        };
        report(format!(
            "weather.file: expected {days} days from {} on (the span and one more), but {place}",
            text.start.0
        ));
        return Vec::new();
    };
    rows.iter()
        .map(|row| DailyForcing {
            tmin_c: row.tmin_c,
            tmax_c: row.tmax_c,
            rain_mm: row.rain_mm,
            wind_ms: text.weather.wind_ms,
            reference_et0_mm: row.et0_mm,
        })
        .collect()
}
