//! The charts of one farm.

use super::axis::{TimeAxis, spoken};
use super::palette::{AMBER, BLUE, CLEAN, GREEN, INK, MUTED, PURPLE, SERIES, SKY, TRUTH};
use super::quality::{clean_band, clean_key};
use super::{Key, Mark, Plot, Point, Room, ValueAxis};
use crate::report::data::{Evapotranspiration, Facts, Fault, ProbeTrack, Pumping, ZoneSoil};
use crate::report::tickets::Ticket;

/// The one line that keeps the truth apart from what the detectors could know.
pub(super) const TRUTH_LABEL: &str = "ground truth (not seen by the detectors)";

/// Faults, tickets and confounders over the run.
pub(in crate::report) fn timeline(facts: &Facts, truth: &[Fault], tickets: &[Ticket]) -> Plot {
    let time = facts.time_axis();
    let blamed = truth.iter().map(|fault| (fault.onset, &fault.device));
    let mut events: Vec<_> = blamed.chain(tickets.iter().map(|t| (t.onset, &t.device))).collect();
    events.sort();
    let mut rows: Vec<String> = Vec::new();
    for (_, device) in events {
        if !rows.contains(device) {
            rows.push(device.clone());
        }
    }
    let unusual: Vec<String> = facts.confounders.iter().map(|c| c.id.clone()).collect();
    let names: Vec<String> = rows.iter().chain(&unusual).cloned().collect();
    let middle = |name: &str| {
        let row = names.iter().position(|n| n == name).unwrap_or(0);
        names.len() as f64 - row as f64 - 0.5
    };
    let until = |end: Option<f64>| end.unwrap_or(time.days);
    let lengths = |from: f64, to: f64| (from, to.max(from + time.days * 0.002));
    let mut marks = vec![clean_band(facts)];
    let faults = truth.iter().map(|fault| {
        let (from, to) = lengths(time.at(fault.onset), until(fault.end.map(|end| time.at(end))));
        let y = middle(&fault.device);
        [from, to, y + 0.04, y + 0.34]
    });
    marks.push(Mark::Boxes { boxes: faults.collect(), color: TRUTH, opacity: 0.45 });
    let spans = tickets.iter().map(|ticket| {
        let (from, to) = lengths(time.at(ticket.onset), time.at(ticket.raised_at));
        let y = middle(&ticket.device);
        [from, to, y - 0.34, y - 0.04]
    });
    marks.push(Mark::Boxes { boxes: spans.collect(), color: BLUE, opacity: 0.9 });
    let others = facts.confounders.iter().map(|c| {
        let y = middle(&c.id);
        [time.at(c.from), time.at(c.to), y - 0.14, y + 0.14]
    });
    marks.push(Mark::Boxes { boxes: others.collect(), color: MUTED, opacity: 0.45 });
    for fault in truth {
        let (from, to) = (time.at(fault.onset), until(fault.end.map(|end| time.at(end))));
        let at = middle(&fault.device) + 0.2;
        marks.push(Mark::Words { from, to, at, text: fault.class.replace('_', " ") });
    }
    for ticket in tickets {
        let (from, to) = (time.at(ticket.onset), time.at(ticket.raised_at));
        let at = middle(&ticket.device) - 0.2;
        marks.push(Mark::Words { from, to, at, text: ticket.label.clone() });
    }
    let mut legend = vec![
        clean_key(),
        Key::filled(TRUTH, TRUTH_LABEL),
        Key::filled(BLUE, "ticket, from its onset to when it was raised"),
    ];
    if !unusual.is_empty() {
        legend.push(Key::filled(MUTED, "confounder: unusual, but no fault"));
    }
    Plot {
        title: "Faults and tickets".to_owned(),
        caption: String::new(),
        description: format!(
            "{} faults of the world and {} tickets on {} devices over {:.0} days.",
            truth.len(),
            tickets.len(),
            rows.len(),
            time.days
        ),
        unit: String::new(),
        time,
        height: 56 + 40 * names.len().max(2) as u32,
        values: ValueAxis::rows(&names),
        marks,
        legend,
        room: Room::Full,
    }
}

/// Plant-available water of one zone with what fell on it. Zones share `peak_mm`, the most water of
/// a day, so that their bars compare.
pub(in crate::report) fn soil(facts: &Facts, zone: &ZoneSoil, peak_mm: f64) -> Plot {
    // Bars take the lower third: their millimetres are scaled to the percent axis.
    let scale = 33.0 / peak_mm.max(1.0);
    let bars = |amount: &dyn Fn(usize) -> f64, from: f64| {
        (0..zone.days.len())
            .filter(|day| amount(*day) > 0.0)
            .map(|day| {
                let x = day as f64 + from;
                [x, x + 0.38, 0.0, amount(day) * scale]
            })
            .collect::<Vec<_>>()
    };
    let mut axis = ValueAxis::around(0.0, zone.highest().max(100.0));
    axis.from = 0.0;
    let irrigation: f64 = zone.days.iter().map(|day| day.irrigation_mm).sum();
    let rain: f64 = zone.days.iter().map(|day| day.rain_mm).sum();
    Plot {
        title: zone.name.clone(),
        caption: String::new(),
        description: format!(
            "Plant-available soil water of {} by the hour; {irrigation:.0} mm of irrigation and \
             {rain:.0} mm of rain reached it. The tallest bar of all zones is {peak_mm:.0} mm a day.",
            zone.name
        ),
        unit: "available water, %".to_owned(),
        time: facts.time_axis(),
        values: axis,
        marks: vec![
            clean_band(facts),
            Mark::Boxes {
                boxes: bars(&|d| zone.days[d].irrigation_mm, 0.1),
                color: SKY,
                opacity: 0.9,
            },
            Mark::Boxes { boxes: bars(&|d| zone.days[d].rain_mm, 0.52), color: BLUE, opacity: 0.9 },
            Mark::Line { points: zone.available.clone(), color: INK, width: 1.5 },
        ],
        legend: Vec::new(),
        room: Room::Half,
        height: 210,
    }
}

/// The legend that all zones' soil charts share.
pub(in crate::report) fn soil_legend(peak_mm: f64) -> Vec<Key> {
    vec![
        Key::line(INK, "available soil water, in % (true value of the world)"),
        Key::filled(SKY, &format!("irrigation a day (the tallest bar of all is {peak_mm:.0} mm)")),
        Key::filled(BLUE, "rain a day, on the same scale"),
        clean_key(),
    ]
}

/// What one probe reported beside what the twin expected.
pub(in crate::report) fn probe(facts: &Facts, track: &ProbeTrack, truth: &[Fault]) -> Plot {
    let finite = |points: &[Point]| {
        points.iter().map(|point| point.1).filter(|y| y.is_finite()).collect::<Vec<f64>>()
    };
    let all = [finite(&track.observed), finite(&track.expected)].concat();
    let low = all.iter().copied().fold(f64::INFINITY, f64::min).min(100.0);
    let high = all.iter().copied().fold(f64::NEG_INFINITY, f64::max).max(0.0);
    let mut marks = vec![clean_band(facts)];
    marks.extend(truth_bands(facts.time_axis(), truth.iter().filter(|f| f.device == track.device)));
    // The thin line on top of the thick one: both show where they agree.
    marks.push(Mark::Line { points: track.observed.clone(), color: SKY, width: 2.5 });
    marks.push(Mark::Line { points: track.expected.clone(), color: INK, width: 1.0 });
    Plot {
        title: format!("{}, {}", track.device, track.zone),
        caption: format!("mean absolute residual {:.1} %", track.mean_absolute_residual()),
        description: format!(
            "Hourly mean of {}'s plant-available water beside the twin's expectation; mean \
             absolute residual {:.1} %.",
            track.device,
            track.mean_absolute_residual()
        ),
        unit: "available water, %".to_owned(),
        time: facts.time_axis(),
        values: ValueAxis::around(low, high),
        marks,
        legend: Vec::new(),
        room: Room::Half,
        height: 190,
    }
}

/// The legend that all probe charts share.
pub(in crate::report) fn probe_legend() -> Vec<Key> {
    vec![
        Key::line(SKY, "observed: the probe's hourly mean"),
        Key::line(INK, "expected: the twin, from nominal values and messages"),
        Key::band(TRUTH, TRUTH_LABEL),
        clean_key(),
    ]
}

/// Stretches in which the world had faults.
pub(super) fn truth_bands<'a>(
    time: TimeAxis,
    faults: impl Iterator<Item = &'a Fault>,
) -> impl Iterator<Item = Mark> {
    faults.map(move |fault| Mark::Band {
        from: time.at(fault.onset),
        to: fault.end.map_or(time.days, |end| time.at(end)),
        color: TRUTH,
        label: Some(fault.class.replace('_', " ")),
    })
}

/// Pump flow and the pressure drop over the filter, by day and number of open zones.
pub(in crate::report) fn pumping(facts: &Facts, pumping: &Pumping, truth: &[Fault]) -> [Plot; 2] {
    let time = facts.time_axis();
    let shared = truth.iter().filter(|fault| is_shared(fault));
    let plot = |title: &str, unit: &str, what: &str, value: &dyn Fn(&[f64; 3]) -> f64| {
        let mut marks = vec![clean_band(facts)];
        marks.extend(truth_bands(time, shared.clone()));
        let mut highest = 0.0_f64;
        for (i, days) in pumping.by_open_zones.values().enumerate() {
            let color = SERIES[i.min(SERIES.len() - 1)];
            let points: Vec<Point> = days.iter().map(|day| (day[0], value(day))).collect();
            highest = points.iter().map(|point| point.1).fold(highest, f64::max);
            marks.push(Mark::Dots { points, color });
        }
        Plot {
            title: title.to_owned(),
            caption: String::new(),
            description: format!("{what}, as a daily mean for each number of open zones."),
            unit: unit.to_owned(),
            time,
            values: ValueAxis::from_zero(highest),
            marks,
            legend: Vec::new(),
            room: Room::Half,
            height: 230,
        }
    };
    [
        plot("Pump flow", "l/s", "Flow through the pump while it runs", &|day| day[1]),
        plot(
            "Pressure drop over the filter",
            "kPa",
            "Pressure before the filter less the pressure after it while the pump runs",
            &|day| day[2],
        ),
    ]
}

/// The legend that both pump charts share.
pub(in crate::report) fn pumping_legend(pumping: &Pumping, truth: &[Fault]) -> Vec<Key> {
    let zones = pumping.by_open_zones.keys().enumerate().map(|(i, open)| {
        let color = SERIES[i.min(SERIES.len() - 1)];
        let label = match open {
            0 => "no zone open".to_owned(),
            1 => "1 zone open".to_owned(),
            more => format!("{more} zones open"),
        };
        Key::dot(color, &label)
    });
    let truth = truth.iter().any(is_shared).then(|| Key::band(TRUTH, TRUTH_LABEL));
    zones.chain(truth).chain([clean_key()]).collect()
}

/// Whether a fault changes what the whole pump sees.
pub(super) fn is_shared(fault: &Fault) -> bool {
    matches!(fault.class.as_str(), "filter_clogging" | "pump_wear" | "pipe_leak")
}

/// Our reference evapotranspiration beside the record's own, and what the crop really used.
pub(in crate::report) fn evapotranspiration(facts: &Facts, et: &Evapotranspiration) -> Plot {
    let by_day = |days: &[f64]| -> Vec<Point> {
        days.iter().enumerate().map(|(day, mm)| (day as f64 + 0.5, *mm)).collect()
    };
    let (ours, record, actual) =
        (by_day(&et.ours_mm), by_day(&et.record_mm), by_day(&et.actual_mm));
    let highest = ours.iter().chain(&record).chain(&actual).map(|p| p.1).fold(0.0, f64::max);
    let mean = |points: &[Point]| {
        points.iter().map(|point| point.1).sum::<f64>() / points.len().max(1) as f64
    };
    let mut marks = vec![clean_band(facts)];
    marks.extend(facts.confounders.iter().filter(|c| c.kind == "heat_wave").map(|c| Mark::Band {
        from: facts.time_axis().at(c.from),
        to: facts.time_axis().at(c.to),
        color: AMBER,
        label: Some("heat wave".to_owned()),
    }));
    marks.push(Mark::Line { points: record.clone(), color: PURPLE, width: 1.5 });
    marks.push(Mark::Line { points: actual.clone(), color: GREEN, width: 1.5 });
    marks.push(Mark::Line { points: ours.clone(), color: INK, width: 1.5 });
    let words = format!(
        "On average of the days: reference evapotranspiration {:.2} mm by our computation and \
         {:.2} mm by the weather record's own column; the zones really lost {:.2} mm.",
        mean(&ours),
        mean(&record),
        mean(&actual)
    );
    Plot {
        title: "Evapotranspiration".to_owned(),
        caption: words.clone(),
        description: words,
        unit: "mm a day".to_owned(),
        time: facts.time_axis(),
        values: ValueAxis::from_zero(highest),
        marks,
        legend: vec![
            Key::line(INK, "ET0, ours (FAO-56)"),
            Key::line(PURPLE, "ET0, the weather record's own"),
            Key::line(GREEN, "actual evapotranspiration, mean of zones"),
            Key::band(CLEAN, "clean stretch that the models learn from"),
        ],
        room: Room::Full,
        height: 230,
    }
}

/// When the clean stretch ends, in words.
pub(in crate::report) fn clean_until(facts: &Facts) -> String {
    spoken(facts.clean_until)
}
