//! The sections below the tickets.

use super::numbers::{grouped, percent, plural, words};
use super::{Section, Table};
use crate::error::EngineError;
use crate::report::charts::{farm, fleet, quality};
use crate::report::data::{RunData, Stale, ZoneDay};

/// All sections that the run has something to say for.
pub(super) fn of(run: &RunData) -> Result<Vec<Section>, EngineError> {
    let candidates = [
        scores(run)?,
        twin(run)?,
        soil(run)?,
        pumping(run)?,
        radio(run)?,
        evapotranspiration(run)?,
        Some(recorded(run)),
    ];
    Ok(candidates.into_iter().flatten().collect())
}

fn scores(run: &RunData) -> Result<Option<Section>, EngineError> {
    if run.scores.is_empty() {
        return Ok(None);
    }
    let figures = run
        .scores
        .iter()
        .enumerate()
        .map(|(i, track)| {
            quality::scores(&run.facts, track, &run.truth).figure(&format!("scores-{i}"))
        })
        .collect::<Result<_, _>>()?;
    Ok(Some(Section {
        id: "scores",
        title: "What the detectors saw",
        lead: "Hourly scores of the devices behind the tickets, divided by their thresholds: a \
               window above 1 deviates, and deviations that last become findings. Scores below \
               0.01 are drawn at 0.01."
            .to_owned(),
        legend: quality::score_legend(&run.scores),
        figures,
        tables: vec![detectors(run)],
    }))
}

/// What each detector is worth by itself.
fn detectors(run: &RunData) -> Table {
    let summary = &run.summary;
    let rows = summary.found_by_detector.iter().map(|(detector, found)| {
        let tickets = summary.tickets_by_detector.get(detector).copied().unwrap_or(0);
        let found = format!("{} of {}", grouped(found.len() as u64), grouped(summary.faults));
        vec![detector.clone(), found, grouped(tickets)]
    });
    Table {
        caption: "If only one detector's findings counted".to_owned(),
        head: ["Detector", "Faults found", "Tickets raised"].map(str::to_owned).to_vec(),
        rows: rows.collect(),
        numeric: true,
    }
}

fn twin(run: &RunData) -> Result<Option<Section>, EngineError> {
    if run.probes.is_empty() {
        return Ok(None);
    }
    let figures = run
        .probes
        .iter()
        .enumerate()
        .map(|(i, track)| farm::probe(&run.facts, track, &run.truth).figure(&format!("probe-{i}")))
        .collect::<Result<_, _>>()?;
    Ok(Some(Section {
        id: "twin",
        title: "Observed and expected",
        lead: "One probe of each zone beside the twin's expectation. The twin knows the asset \
               register's nominal values and what arrived over the radio, never the world's own."
            .to_owned(),
        legend: farm::probe_legend(),
        figures,
        ..Section::default()
    }))
}

fn soil(run: &RunData) -> Result<Option<Section>, EngineError> {
    if let Some(quantiles) = &run.quantiles {
        return Ok(Some(Section {
            id: "soil",
            title: "Soil water",
            figures: vec![fleet::soil(&run.facts, quantiles).figure("soil")?],
            ..Section::default()
        }));
    }
    let day_mm = |day: &ZoneDay| day.irrigation_mm.max(day.rain_mm);
    let peak = run.zones.iter().flat_map(|zone| zone.days.iter().map(day_mm)).fold(0.0, f64::max);
    let figures = run
        .zones
        .iter()
        .enumerate()
        .map(|(i, zone)| farm::soil(&run.facts, zone, peak).figure(&format!("soil-{i}")))
        .collect::<Result<_, _>>()?;
    let rows = run.zones.iter().map(|zone| {
        let sum = |of: fn(&ZoneDay) -> f64| zone.days.iter().map(of).sum::<f64>();
        let mean = zone.available.iter().map(|point| point.1).sum::<f64>()
            / zone.available.len().max(1) as f64;
        let commands = run.summary.commands_per_zone_day.get(&zone.name);
        vec![
            zone.name.clone(),
            format!("{mean:.0}"),
            format!("{:.0}", sum(|day| day.irrigation_mm)),
            format!("{:.0}", sum(|day| day.rain_mm)),
            format!("{:.0}", sum(|day| day.eta_mm)),
            format!("{:.0}", sum(|day| day.percolation_mm)),
            format!("{:.0}", sum(|day| day.stress_h)),
            commands.map_or_else(|| "n/a".to_owned(), |a_day| format!("{a_day:.1}")),
        ]
    });
    let head = [
        "Zone",
        "Mean available water, %",
        "Irrigation, mm",
        "Rain, mm",
        "Evapotranspiration, mm",
        "Percolation, mm",
        "Hours with water stress",
        "Commands a day",
    ];
    Ok(Some(Section {
        id: "soil",
        title: "Soil water",
        lead: "Water that plants can take up, in percent of what the root zone holds between \
               wilting point and field capacity, with what irrigation and rain brought each day."
            .to_owned(),
        legend: farm::soil_legend(peak),
        figures,
        tables: vec![Table {
            caption: "Water balance of the zones over the run".to_owned(),
            head: head.map(str::to_owned).to_vec(),
            rows: rows.collect(),
            numeric: true,
        }],
    }))
}

fn pumping(run: &RunData) -> Result<Option<Section>, EngineError> {
    let Some(pumping) = run.pumping.as_ref().filter(|p| p.running_h > 0.0) else { return Ok(None) };
    let [flow, drop] = farm::pumping(&run.facts, pumping, &run.truth);
    Ok(Some(Section {
        id: "pump",
        title: "Pump and filter",
        lead: format!(
            "The pump ran {:.0} hours, moved {:.0} m³ and took {:.0} kWh. Flow and pressure depend \
             on how many valves are open at once, so that each number of open zones has its own \
             dots.",
            pumping.running_h, pumping.volume_m3, pumping.energy_kwh
        ),
        legend: farm::pumping_legend(pumping, &run.truth),
        figures: vec![flow.figure("pump-flow")?, drop.figure("filter-drop")?],
        ..Section::default()
    }))
}

fn radio(run: &RunData) -> Result<Option<Section>, EngineError> {
    let (facts, summary) = (&run.facts, &run.summary);
    let mut figures = vec![
        quality::delivered(facts, &run.radio).figure("delivered")?,
        quality::losses(facts, &run.radio).figure("losses")?,
    ];
    let is_stale = Stale::STATES.iter().any(|(state, _)| run.stale.device_hours(state) > 0);
    if is_stale {
        figures.push(quality::stale(facts, &run.stale, &run.truth).figure("stale")?);
    }
    let losses = summary.uplinks_lost.iter().map(|(reason, count)| {
        vec![words(reason), grouped(*count), percent(*count, summary.uplinks_sent)]
    });
    let mut tables = vec![Table {
        caption: "Lost uplinks".to_owned(),
        head: ["Reason", "Frames", "Of those sent"].map(str::to_owned).to_vec(),
        rows: losses.collect(),
        numeric: true,
    }];
    if is_stale {
        tables.push(stale_table(run));
    }
    tables.retain(|table| !table.rows.is_empty());
    Ok(Some(Section {
        id: "radio",
        title: "Radio and freshness",
        lead: format!(
            "{} of {} frames reached the network server. {}",
            grouped(summary.uplinks_delivered),
            grouped(summary.uplinks_sent),
            stale_words(run)
        ),
        figures,
        tables,
        ..Section::default()
    }))
}

/// What the twin makes of silence, in one sentence.
fn stale_words(run: &RunData) -> String {
    let gateways: Vec<String> = run
        .stale
        .explained_h
        .iter()
        .take(3)
        .map(|(gateway, hours)| {
            format!("{} by {gateway}", plural(*hours, "device hour", "device hours"))
        })
        .collect();
    if gateways.is_empty() {
        return "No silence was put down to a gateway.".to_owned();
    }
    format!(
        "The twin knows how old each mirrored state is and whether a silent gateway explains it: \
         {}.",
        gateways.join(", ")
    )
}

fn stale_table(run: &RunData) -> Table {
    let rows = Stale::STATES.iter().map(|(state, meaning)| {
        let hours = run.stale.device_hours(state);
        vec![words(state), grouped(hours), (*meaning).to_owned()]
    });
    Table {
        caption: "Stale devices".to_owned(),
        head: ["State", "Device hours", "What it means"].map(str::to_owned).to_vec(),
        rows: rows.collect(),
        numeric: false,
    }
}

fn evapotranspiration(run: &RunData) -> Result<Option<Section>, EngineError> {
    // A line needs two days.
    if run.et.ours_mm.len() < 2 {
        return Ok(None);
    }
    Ok(Some(Section {
        id: "weather",
        title: "Weather",
        figures: vec![farm::evapotranspiration(&run.facts, &run.et).figure("et")?],
        ..Section::default()
    }))
}

/// What the run directory holds.
fn recorded(run: &RunData) -> Section {
    let manifest = &run.manifest;
    let rows = manifest.tables.iter().map(|table| {
        let short = table.sha256.get(..12).unwrap_or(&table.sha256);
        vec![table.name.clone(), grouped(table.rows), format!("{short}…")]
    });
    Section {
        id: "tables",
        title: "What was recorded",
        lead: format!(
            "The run directory holds {} and everything that a replay needs. Digest {}, of the \
             world's tables {}.",
            plural(manifest.tables.len() as u64, "table", "tables"),
            manifest.digest,
            manifest.digest_world
        ),
        tables: vec![Table {
            caption: "Tables of the run".to_owned(),
            head: ["Table", "Rows", "SHA-256 of the canonical form"].map(str::to_owned).to_vec(),
            rows: rows.collect(),
            numeric: true,
        }],
        ..Section::default()
    }
}
