//! What is said of training and scoring: as text, as JSON, and as a page.

use crate::args::ScoreArgs;
use crate::console::{print, say};
use anyhow::Result;
use fieldmirror_analytics::job::SilentChannel;
use fieldmirror_analytics::job::score::Scored;
use fieldmirror_analytics::job::train::Trained;
use fieldmirror_analytics::telemetry::Model;
use fieldmirror_analytics::telemetry::report::rounded;
use fieldmirror_engine::report::findings::{self, DetectorFacts, Facts, ModelFacts, ReadCounts};
use fieldmirror_tables::finding_file::FindingRow;
use fieldmirror_tables::source::{self, TimeKind};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

pub(super) fn train_json(trained: &Trained, out: &Path) -> Value {
    let mut object = serde_json::to_value(&trained.report).unwrap_or_default();
    object["schema_version"] = 1.into();
    object["model"] = out.display().to_string().into();
    object["data_digest"] = trained.model.provenance.data_digest.clone().into();
    object["input"] = oddities_json(&trained.counts, &trained.channels);
    object["notes"] = trained.notes.clone().into();
    object
}

/// How many findings the text names.
const FINDINGS_SHOWN: usize = 10;

pub(super) fn score_text(model: &Model, scored: &Scored, args: &ScoreArgs) {
    if scored.resumed_rows > 0 {
        say!("resumed     after {} rows of an interrupted job", scored.resumed_rows);
    }
    say!(
        "scored      {} rows of {} devices, {:.2} device-days",
        scored.rows,
        scored.devices,
        scored.device_days
    );
    print(&oddities(&scored.source, &scored.channels));
    match scored.counts.gaps {
        0 => {}
        1 => say!("            1 gap, after which detectors begin anew"),
        gaps => say!("            {gaps} gaps, after each of which detectors begin anew"),
    }
    if let Some(line) = not_judged(scored) {
        say!("            {line}");
    }
    if scored.counts.gaps > scored.rows / 2 {
        let period = rounded(model.period_us as f64 / 1e6);
        say!("            warning: hardly a row follows another at the model's period, {period} s");
    }
    if !scored.extra.is_empty() {
        say!("            columns that the model does not know: {}", scored.extra.join(", "));
    }
    if !scored.new_devices.is_empty() {
        say!("            {}", new_devices(model, &scored.new_devices));
    }
    let nominal: Vec<String> =
        model.classes.iter().map(|c| rounded(c.calibration.nominal)).collect();
    say!(
        "events      {}, {} per device-day; asked for on normal telemetry: {}",
        scored.alarms,
        rounded(scored.alarms_per_device_day()),
        nominal.join(", ")
    );
    if scored.continued > 0 {
        say!("            {} of them began before and were told then", scored.continued);
    }
    let mut gravest: Vec<&FindingRow> = scored.findings.iter().collect();
    gravest.sort_by(|a, b| b.severity.total_cmp(&a.severity).then_with(|| a.id.cmp(&b.id)));
    gravest.truncate(FINDINGS_SHOWN);
    if scored.alarms > FINDINGS_SHOWN as u64 {
        say!("            the {FINDINGS_SHOWN} gravest:");
    } else {
        gravest.sort_by(|a, b| a.id.cmp(&b.id));
    }
    for finding in gravest {
        let channel = headline(finding);
        say!(
            "  {} {} {} to {}{}, severity {:.2}{channel}",
            finding.id,
            finding.device,
            scored.time_kind.text(finding.onset),
            scored.time_kind.text(finding.end),
            if finding.open { " and still going on" } else { "" },
            finding.severity
        );
    }
    silences(scored);
    say!("scores      {}", args.out.display());
    if let Some(path) = &args.findings {
        say!("findings    {}", path.display());
    }
    if let Some(path) = &args.report {
        say!("report      {}", path.display());
    }
}

/// What a finding says first: the channel with the largest share, if there is one.
fn headline(finding: &FindingRow) -> String {
    let Some(channel) = finding.channels.first().filter(|channel| channel.share > 0.0) else {
        return String::new();
    };
    let [observed, expected] =
        [channel.observed, channel.expected].map(|value| rounded(f64::from(value)));
    let observed = if channel.observed.is_nan() { "sent nothing".to_owned() } else { observed };
    format!(", {} {observed} where {expected} was expected", channel.name)
}

/// How many rows nothing could judge, and why.
fn not_judged(scored: &Scored) -> Option<String> {
    let counts = &scored.counts;
    let reasons = [
        (counts.warm_up, "at the begin of stretches"),
        (counts.empty, "without a value"),
        (counts.late, "too late"),
    ];
    let told: Vec<String> = reasons
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, why)| format!("{count} {why}"))
        .collect();
    let all = counts.warm_up + counts.empty + counts.late;
    (all > 0).then(|| format!("{all} rows could not be judged: {}", told.join(", ")))
}

/// Silences that are named in the text.
const SILENCES_SHOWN: usize = 5;

/// The longest silences of channels.
fn silences(scored: &Scored) {
    let (count, _) = &scored.silences;
    if *count == 0 {
        return;
    }
    let times = if *count == 1 { "time" } else { "times" };
    say!("silent      {count} {times} a channel, for longer than in training");
    for sentence in silent(scored) {
        say!("  {sentence}");
    }
    if *count > SILENCES_SHOWN as u64 {
        say!("  and {} shorter ones", count - SILENCES_SHOWN as u64);
    }
}

/// The longest silences, a sentence each.
fn silent(scored: &Scored) -> Vec<String> {
    let sentence = |one: &SilentChannel| {
        let [from, until] = [one.from, one.until].map(|time| scored.time_kind.text(time));
        let SilentChannel { channel, device, rows, .. } = one;
        let device = if device.is_empty() { String::new() } else { format!(" of {device}") };
        format!("{channel}{device} sent no value in {rows} rows, {from} to {until}")
    };
    scored.silences.1.iter().take(SILENCES_SHOWN).map(sentence).collect()
}

/// Silences in JSON.
fn silences_json(scored: &Scored) -> Value {
    let (count, longest) = &scored.silences;
    let text = |time: i64| scored.time_kind.text(time);
    let longest = longest.iter().map(|one| {
        json!({
            "device": one.device,
            "channel": one.channel,
            "from": text(one.from),
            "until": text(one.until),
            "rows": one.rows,
        })
    });
    json!({"count": count, "longest": longest.collect::<Vec<Value>>()})
}

/// Devices that are named in the text.
const DEVICES_SHOWN: usize = 5;

/// What is said of devices that the model has not learned from.
fn new_devices(model: &Model, names: &[String]) -> String {
    let shown = names.iter().take(DEVICES_SHOWN).cloned().collect::<Vec<_>>().join(", ");
    let more = names.len().saturating_sub(DEVICES_SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let (count, are) = match names.len() {
        1 => ("1 device".to_owned(), "is"),
        many => (format!("{many} devices"), "are"),
    };
    let own = match model.settings.scaler.adopt_rows {
        0 => String::new(),
        rows => format!(" until each has had {rows} rows of its own"),
    };
    format!("{count} {are} new to the model: {shown}{more}; scored with the class's centre{own}")
}

/// Devices that are named in JSON.
const DEVICES_LISTED: usize = 100;

pub(super) fn score_json(model: &Model, scored: &Scored, args: &ScoreArgs) -> Value {
    let path = |path: &Option<PathBuf>| path.as_ref().map(|p| p.display().to_string());
    let classes: Vec<Value> = model
        .classes
        .iter()
        .map(|class| {
            json!({
                "class": class.name,
                "threshold": class.calibration.threshold,
                "nominal_per_device_day": class.calibration.nominal,
            })
        })
        .collect();
    let counts = &scored.counts;
    json!({
        "schema_version": 1,
        "rows": scored.rows,
        "judged": scored.rows - counts.warm_up - counts.empty - counts.late,
        "not_judged": {
            "warm_up": counts.warm_up,
            "nothing_sent": counts.empty,
            "late": counts.late,
        },
        "resumed_rows": scored.resumed_rows,
        "devices": scored.devices,
        "device_days": scored.device_days,
        "findings": scored.alarms,
        "findings_continued": scored.continued,
        "findings_open": scored.open,
        "alarms_per_device_day": scored.alarms_per_device_day(),
        "new_devices": {
            "count": scored.new_devices.len(),
            "first": &scored.new_devices[..scored.new_devices.len().min(DEVICES_LISTED)],
        },
        "period_seconds": scored.period_us.map(|us| us as f64 / 1e6),
        "model_period_seconds": model.period_us as f64 / 1e6,
        "notes": scored.notes,
        "classes": classes,
        "counts": counts,
        "silences": silences_json(scored),
        "input": oddities_json(&scored.source, &scored.channels),
        "unknown_columns": scored.extra,
        "scores": args.out.display().to_string(),
        "findings_file": path(&args.findings),
        "report": path(&args.report),
        "fail_above": args.fail_above,
        "passed": args.fail_above.is_none_or(|most| scored.alarms_per_device_day() <= most),
    })
}

/// What was odd in the files, as lines.
pub(super) fn oddities(counts: &source::Counts, channels: &[source::Channel]) -> String {
    let mut text = String::new();
    let mut line = |what: &str, tally: &source::Tally| {
        if tally.count > 0 {
            let first = tally.first.first().map_or_else(String::new, |place| {
                let text = if place.text.is_empty() {
                    String::new()
                } else {
                    format!(" ({})", place.text)
                };
                format!(", first in {} row {}{text}", place.file, place.row)
            });
            text.push_str(&format!("            {} {what}{first}\n", tally.count));
        }
    };
    line("rows out of order", &counts.late);
    line("rows with the time of another", &counts.duplicates);
    line("rows without a device, which are those of one without a name", &counts.blank_devices);
    line("lines that are no telemetry", &counts.other);
    line(
        "numbers under names that the first rows do not have, and that are in no channel",
        &counts.unread,
    );
    for (channel, counts) in channels.iter().zip(&counts.channels) {
        line(&format!("missing values of {}", channel.name), &counts.missing);
        line(&format!("texts among numbers of {}", channel.name), &counts.text);
        line(&format!("numbers too large to be any of {}", channel.name), &counts.beyond);
    }
    text
}

fn oddities_json(counts: &source::Counts, channels: &[source::Channel]) -> Value {
    let tally = |tally: &source::Tally| {
        let first: Vec<Value> = tally
            .first
            .iter()
            .map(|place| json!({"file": place.file, "row": place.row, "text": place.text}))
            .collect();
        json!({"count": tally.count, "first": first})
    };
    let of_channels: serde_json::Map<String, Value> = channels
        .iter()
        .zip(&counts.channels)
        .map(|(channel, counts)| {
            let odd = json!({
                "missing": tally(&counts.missing),
                "text": tally(&counts.text),
                "too_large": tally(&counts.beyond),
            });
            (channel.name.clone(), odd)
        })
        .collect();
    json!({
        "rows": counts.rows,
        "out_of_order": tally(&counts.late),
        "duplicates": tally(&counts.duplicates),
        "blank_devices": tally(&counts.blank_devices),
        "other_lines": tally(&counts.other),
        "unread_names": tally(&counts.unread),
        "channels": of_channels,
    })
}

/// Writes the page of a scoring job.
pub(super) fn write_page(
    path: &Path,
    model: &Model,
    scored: &Scored,
    args: &ScoreArgs,
) -> Result<()> {
    let tally = |of: fn(&source::ChannelCounts) -> &source::Tally| -> u64 {
        scored.source.channels.iter().map(|counts| of(counts).count).sum()
    };
    let detectors = model.classes.iter().flat_map(|class| {
        class.detectors.iter().map(|(detector, normaliser)| DetectorFacts {
            name: detector.kind().name().to_owned(),
            class: class.name.clone(),
            weight: normaliser.weight,
        })
    });
    let one = match model.classes.as_slice() {
        [class] => Some(class.calibration),
        _ => None,
    };
    let facts = Facts {
        title: args.out.display().to_string(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        kind: scored.time_kind,
        devices: scored.devices as u64,
        rows: scored.rows,
        device_days: (scored.time_kind != TimeKind::Row).then_some(scored.device_days),
        alarms: scored.alarms,
        budget_per_device_day: one.map(|calibration| calibration.nominal),
        threshold: one.map(|calibration| f64::from(calibration.threshold)),
        model: ModelFacts {
            name: args.model.display().to_string(),
            detectors: detectors.collect(),
            more: vec![
                ("trained on".to_owned(), model.provenance.data_digest.clone()),
                ("period".to_owned(), format!("{} s", rounded(model.period_us as f64 / 1e6))),
            ],
        },
        counts: ReadCounts {
            missing: tally(|counts| &counts.missing),
            text: tally(|counts| &counts.text),
            out_of_order: scored.source.late.count,
            duplicates: scored.source.duplicates.count,
            gaps: scored.counts.gaps,
            more: vec![
                ("numbers too large".to_owned(), tally(|counts| &counts.beyond)),
                ("rows at the begin of stretches, not judged".to_owned(), scored.counts.warm_up),
                ("rows without a value, not judged".to_owned(), scored.counts.empty),
                ("silences of a channel longer than in training".to_owned(), scored.silences.0),
            ]
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .collect(),
        },
        notes: scored.notes.iter().cloned().chain(silent(scored)).collect(),
    };
    findings::write(path, &facts, &scored.findings, &args.out)?;
    Ok(())
}
