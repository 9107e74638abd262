//! `train`, `score`, `eval`, `explain`: detection on telemetry of any origin.

mod eval;
mod words;

pub(super) use eval::execute_eval;

use super::threads;
use crate::Verdict;
use crate::args::{ColumnArgs, FindingArgs, Format, LateArg, ScoreArgs, TrainArgs};
use crate::console::{BadInput, Bar, cpu_model, print, say};
use anyhow::Result;
use fieldmirror_analytics::AnalyticsError;
use fieldmirror_analytics::job::score::ScoreJob;
use fieldmirror_analytics::job::train::TrainJob;
use fieldmirror_analytics::job::{Follower, score, train};
use fieldmirror_analytics::telemetry::Model;
use fieldmirror_analytics::telemetry::report::rounded;
use fieldmirror_analytics::telemetry::settings::{Columns, Late, Settings};
use fieldmirror_core::seed::Seed;
use fieldmirror_engine::report::findings;
use fieldmirror_tables::finding_file::{check_ending, read_findings};
use std::path::{Path, PathBuf};
use words::{oddities, score_json, score_text, train_json, write_page};

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
    std::fs::write(partial, bytes).and_then(|()| std::fs::rename(partial, path)).map_err(|error| {
        // What is left of it is of no use.
        let _ = std::fs::remove_file(partial);
        anyhow::anyhow!("cannot write {}: {error}", path.display())
    })
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
        goes_on: args.state.is_some(),
        others: args.report.iter().chain(&args.state).cloned().collect(),
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
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    if files.iter().any(|path| real(path).is_some_and(|path| Some(path) == real(&args.model))) {
        let model = args.model.display();
        return Err(BadInput(format!("{model} is the model; expected another output")).into());
    }
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
    if let Some(path) = &args.report {
        write_page(path, &model, &scored, args)?;
    }
    // Last: with the state of then the job can be done again.
    if let Some(path) = &args.state {
        write_whole(path, &scored.state)?;
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
