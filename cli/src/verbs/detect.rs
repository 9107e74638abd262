//! `train`, `score`, `eval`, `explain`: detection on telemetry of any origin.

use super::threads;
use crate::Verdict;
use crate::args::{
    Benchmark, ColumnArgs, EvalArgs, FindingArgs, Format, LateArg, ScoreArgs, TrainArgs,
};
use crate::console::{BadInput, Bar, cpu_model, print, say};
use anyhow::Result;
use fieldmirror_analytics::AnalyticsError;
use fieldmirror_analytics::datasets::{
    self, Dataset, Folder, Method, Options, RandomScore, Table, published,
};
use fieldmirror_analytics::detector::Kind;
use fieldmirror_analytics::job::method::Detection;
use fieldmirror_analytics::job::score::{ScoreJob, Scored};
use fieldmirror_analytics::job::train::{TrainJob, Trained};
use fieldmirror_analytics::job::{Follower, SilentChannel, judge, score, train};
use fieldmirror_analytics::telemetry::Model;
use fieldmirror_analytics::telemetry::report::rounded;
use fieldmirror_analytics::telemetry::settings::{Columns, Late, Settings};
use fieldmirror_core::seed::Seed;
use fieldmirror_engine::report::findings::{self, DetectorFacts, Facts, ModelFacts, ReadCounts};
use fieldmirror_tables::finding_file::{FindingRow, check_ending, read_findings};
use fieldmirror_tables::source::{self, TimeKind};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// An error of the detection, with its exit code's reason: what the user gave, or what broke.
fn told(error: AnalyticsError) -> anyhow::Error {
    if error.is_bad_input() { BadInput(error.to_string()).into() } else { error.into() }
}

fn read_settings(config: Option<&Path>) -> Result<Settings> {
    let Some(path) = config else { return Ok(Settings::default()) };
    let text = std::fs::read_to_string(path)
        .map_err(|e| BadInput(format!("cannot read {}: {e}", path.display())))?;
    let read = Settings::from_toml(&text);
    read.map_err(|e| BadInput(format!("{}: {e}", path.display())).into())
}

/// What flags say goes before what stands in settings.
fn apply(flags: &ColumnArgs, settings: &mut Settings) {
    let columns: &mut Columns = &mut settings.columns;
    let set = |own: &mut Option<String>, flag: &Option<String>| {
        if flag.is_some() {
            own.clone_from(flag);
        }
    };
    set(&mut columns.time, &flags.time);
    set(&mut columns.device, &flags.device);
    set(&mut columns.class, &flags.class);
    set(&mut columns.format, &flags.input_format);
    set(&mut columns.time_format, &flags.time_format);
    columns.device_from_file |= flags.device_from_file;
    columns.decimal_comma |= flags.decimal_comma;
    columns.delimiter = flags.delimiter.or(columns.delimiter);
    if flags.channels.is_some() {
        columns.channels.clone_from(&flags.channels);
    }
    if let Some(exogenous) = &flags.exogenous {
        columns.exogenous.clone_from(exogenous);
    }
    if let Some(ignore) = &flags.ignore {
        columns.ignore.clone_from(ignore);
    }
    columns.units.extend(flags.unit.iter().cloned());
    match flags.long.as_deref() {
        Some([metric, value]) => {
            columns.metric = Some(metric.clone());
            columns.value.clone_from(value);
        }
        Some(_) => crate::console::usage("--long names two columns, METRIC,VALUE"),
        None => {}
    }
    if let Some(period) = flags.period {
        settings.time.period_seconds = Some(period.seconds());
    }
    if let Some(rows) = flags.reorder_rows {
        settings.time.reorder_rows = rows;
    }
    match flags.late {
        None => {}
        Some(LateArg::Refuse) => settings.time.late = Late::Refuse,
        Some(LateArg::Skip) => settings.time.late = Late::Skip,
    }
}

pub(super) fn execute_train(args: &TrainArgs, format: Format) -> Result<Verdict> {
    let mut settings = read_settings(args.config.as_deref())?;
    apply(&args.columns, &mut settings);
    if args.budget.is_some() {
        settings.budget.per_device_day = args.budget;
    }
    if let Some(rows) = args.smooth {
        settings.fusion.smooth_rows = Some(rows);
    }
    let job = TrainJob {
        inputs: args.inputs.clone(),
        settings,
        out: args.out.clone(),
        from: args.from,
        until: args.until,
        seed: Seed::new(args.seed),
        threads: threads(args.threads),
        cpu: cpu_model(),
    };
    make_room(&args.out)?;
    let bar = Bar::new(args.quiet);
    let follower = Follower {
        progress: &|done, total, rows| bar.bytes(done, total, rows),
        note: &|text| bar.note(text),
    };
    let trained = train::train(&job, follower);
    bar.finish();
    let trained = trained.map_err(told)?;
    let bytes = trained.model.to_bytes().map_err(told)?;
    write_whole(&args.out, &bytes)?;
    match format {
        Format::Json => say!("{}", train_json(&trained, &args.out)),
        _ => {
            print(&trained.report.to_string());
            print(&oddities(&trained.counts, &trained.channels));
            say!("model       {}, {} bytes", args.out.display(), bytes.len());
        }
    }
    Ok(Verdict::Fine)
}

fn train_json(trained: &Trained, out: &Path) -> Value {
    let mut object = serde_json::to_value(&trained.report).unwrap_or_default();
    object["schema_version"] = 1.into();
    object["model"] = out.display().to_string().into();
    object["data_digest"] = trained.model.provenance.data_digest.clone().into();
    object["input"] = oddities_json(&trained.counts, &trained.channels);
    object["notes"] = trained.notes.clone().into();
    object
}

/// Makes the folder of an output, and is sure that the output can be written.
fn make_room(path: &Path) -> Result<()> {
    let refuse = |why: String| BadInput(format!("cannot write {}: {why}", path.display()));
    if path.is_dir() {
        return Err(refuse("it is a folder; expected the name of a file".to_owned()).into());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|e| refuse(e.to_string()))?;
    tempfile::tempfile_in(folder).map_err(|e| refuse(e.to_string()))?;
    Ok(())
}

/// Writes a file beside its place and moves it there, so that nobody sees half of it.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    let partial = Path::new(&name);
    std::fs::write(partial, bytes)
        .and_then(|()| std::fs::rename(partial, path))
        .map_err(|e| BadInput(format!("cannot write {}: {e}", path.display())).into())
}

/// An error where another period is given than the model's: lags and windows are rows of that one.
fn check_period(args: &ScoreArgs, model: &Model) -> Result<()> {
    let learned = model.period_us as f64 / 1e6;
    match args.columns.period.map(|period| period.seconds()) {
        Some(given) if given != learned => Err(BadInput(format!(
            "--period: {} s; expected the model's, {} s; to score rows at another period, train \
             on rows at that period",
            rounded(given),
            rounded(learned)
        ))
        .into()),
        _ => Ok(()),
    }
}

pub(super) fn execute_score(args: &ScoreArgs, format: Format) -> Result<Verdict> {
    let bytes = std::fs::read(&args.model)
        .map_err(|e| BadInput(format!("cannot read {}: {e}", args.model.display())))?;
    let mut model = Model::from_bytes(&bytes)
        .map_err(|e| BadInput(format!("{}: {e}", args.model.display())))?;
    check_period(args, &model)?;
    let mut settings = model.settings.clone();
    apply(&args.columns, &mut settings);
    // The order of rows is a matter of the telemetry and not of what was learned.
    model.settings.time.reorder_rows = settings.time.reorder_rows;
    model.settings.time.late = settings.time.late;
    settings.check().map_err(told)?;
    let state = match &args.state {
        Some(path) if path.exists() => Some(
            std::fs::read(path)
                .map_err(|e| BadInput(format!("cannot read {}: {e}", path.display())))?,
        ),
        _ => None,
    };
    let job = ScoreJob {
        inputs: args.inputs.clone(),
        settings,
        out: args.out.clone(),
        findings: args.findings.clone(),
        keep_findings: args.report.is_some(),
        threads: threads(args.threads),
        checkpoint_rows: args.checkpoint_rows,
        anew: args.force,
        state,
    };
    let files =
        [Some(&args.out), args.findings.as_ref(), args.report.as_ref(), args.state.as_ref()];
    let files: Vec<&PathBuf> = files.into_iter().flatten().collect();
    if (1..files.len()).any(|at| files[..at].contains(&files[at])) {
        let message = "two outputs have one name; expected a file each for --out, --findings, \
                       --report and --state";
        return Err(BadInput(message.to_owned()).into());
    }
    // All that would be wrong with writing is to be known before hours of reading.
    if let Some(path) = &args.findings {
        check_ending(path).map_err(|e| BadInput(e.to_string()))?;
    }
    files.iter().try_for_each(|path| make_room(path))?;
    let bar = Bar::new(args.quiet);
    let follower = Follower {
        progress: &|done, total, rows| bar.bytes(done, total, rows),
        note: &|text| bar.note(text),
    };
    let scored = score::score(&model, &job, follower);
    bar.finish();
    let scored = scored.map_err(|error| match (&error, &args.state) {
        (AnalyticsError::State { .. }, Some(path)) => {
            BadInput(format!("{}: {error}", path.display())).into()
        }
        (AnalyticsError::Late { .. }, Some(path)) if path.exists() => {
            let path = path.display();
            BadInput(format!(
                "{error}; or, if {path} has seen this telemetry before: what was scored once goes \
                 on only after its last row"
            ))
            .into()
        }
        _ => told(error),
    })?;
    if let Some(path) = &args.state {
        write_whole(path, &scored.state)?;
    }
    if let Some(path) = &args.report {
        write_page(path, &model, &scored, args)?;
    }
    let rate = scored.alarms_per_device_day();
    let above = args.fail_above.filter(|&most| rate > most);
    match format {
        Format::Json => say!("{}", score_json(&model, &scored, args)),
        _ => score_text(&model, &scored, args),
    }
    if let Some(most) = above {
        eprintln!("failed: {rate:.3} alarms per device-day, more than {most}");
        return Ok(Verdict::Failed);
    }
    Ok(Verdict::Fine)
}

/// How many findings the text names.
const FINDINGS_SHOWN: usize = 10;

fn score_text(model: &Model, scored: &Scored, args: &ScoreArgs) {
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

fn score_json(model: &Model, scored: &Scored, args: &ScoreArgs) -> Value {
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
fn oddities(counts: &source::Counts, channels: &[source::Channel]) -> String {
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
    line("times that could not be read", &counts.unread);
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
        "unread_times": tally(&counts.unread),
        "channels": of_channels,
    })
}

pub(super) fn execute_eval(args: &EvalArgs, format: Format) -> Result<Verdict> {
    if let (Some(scores), Some(labels)) = (&args.scores, &args.labels) {
        let judged =
            judge::judge(scores, labels, args.width, Seed::new(args.seed)).map_err(told)?;
        match format {
            Format::Json => {
                let mut object = serde_json::to_value(&judged)?;
                object["schema_version"] = 1.into();
                say!("{object}");
            }
            _ => print(&judged.to_string()),
        }
        return Ok(Verdict::Fine);
    }
    let (Some(benchmark), Some(path)) = (args.dataset, &args.path) else {
        crate::console::usage("eval needs --scores and --labels, or --dataset and --path");
    };
    let table = run_benchmark(dataset(benchmark), path, args)?;
    match format {
        Format::Json => say!("{}", table.json()?),
        _ => print(&table.text()),
    }
    Ok(Verdict::Fine)
}

const fn dataset(benchmark: Benchmark) -> Dataset {
    match benchmark {
        Benchmark::Skab => Dataset::Skab,
        Benchmark::Nab => Dataset::Nab,
        Benchmark::Batadal => Dataset::Batadal,
        Benchmark::Msl => Dataset::Msl,
        Benchmark::Tsb => Dataset::Tsb,
    }
}

fn run_benchmark(dataset: Dataset, path: &Path, args: &EvalArgs) -> Result<Table> {
    let mut settings = read_settings(args.config.as_deref())?;
    if let Some(period) = args.period {
        settings.time.period_seconds = Some(period.seconds());
    }
    if let Some(rows) = args.smooth {
        settings.fusion.smooth_rows = Some(rows);
    }
    let seed = Seed::new(args.seed);
    let folder = Folder::open(dataset, path).map_err(told)?;
    let options = Options { position_blind: args.position_blind, seed };
    let mut table = Table { rows: Vec::new() };
    let bar = Bar::new(args.quiet);
    for mut method in methods(args.detector.as_deref(), &settings, seed)? {
        let name = method.name().to_owned();
        let row = datasets::evaluate_with(&folder, method.as_mut(), &options, &mut |done, file| {
            bar.files(done, folder.len(), &format!("{name} {file}"));
        });
        table.rows.push(row.map_err(told)?);
    }
    bar.finish();
    table.rows.extend(published(dataset));
    Ok(table)
}

/// The methods that `--detector` asks for.
fn methods(name: Option<&str>, settings: &Settings, seed: Seed) -> Result<Vec<Box<dyn Method>>> {
    let whole = || Box::new(Detection::new(settings.clone(), seed)) as Box<dyn Method>;
    let only = |kind| Box::new(Detection::only(kind, settings.clone(), seed)) as Box<dyn Method>;
    let random = || Box::new(RandomScore { seed }) as Box<dyn Method>;
    Ok(match name {
        None => {
            vec![whole(), only(Kind::IsolationForest), only(Kind::SubPca), random()]
        }
        Some("default" | "fieldmirror") => vec![whole()],
        Some("random") => vec![random()],
        Some("all") => {
            let mut all = vec![whole()];
            all.extend(Kind::ALL.into_iter().map(only));
            all.push(random());
            all
        }
        Some(name) => match Kind::ALL.into_iter().find(|kind| kind.name() == name) {
            Some(kind) => vec![only(kind)],
            None => {
                let names = Kind::ALL.map(Kind::name).join(", ");
                crate::console::usage(&format!(
                    "--detector {name}: there is no such detector; expected default, all, random, \
                     {names}"
                ))
            }
        },
    })
}

pub(super) fn execute_explain(args: &FindingArgs, format: Format) -> Result<Verdict> {
    let (kind, all) = read_findings(&args.findings).map_err(|e| BadInput(e.to_string()))?;
    let finding = findings::find(&all, &args.id)?;
    if let Some(path) = &args.plot {
        make_room(path)?;
        findings::write_svg(path, kind, finding)?;
    }
    match format {
        Format::Json => say!("{}", findings::to_json(kind, finding)),
        _ => print(&findings::to_text(kind, finding)),
    }
    Ok(Verdict::Fine)
}

/// Writes the page of a scoring job.
fn write_page(path: &Path, model: &Model, scored: &Scored, args: &ScoreArgs) -> Result<()> {
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
