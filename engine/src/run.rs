//! A run: from a checked scenario to a run directory.

use crate::clock::{Progress, Stopwatch};
use crate::error::EngineError;
use crate::learning;
use crate::manifest::Manifest;
use crate::outcome::{self, Outcome};
use crate::report;
use crate::scenario::Scenario;
use crate::shard::Shard;
use crate::sinks::Sinks;
use crate::stages::Stage;
use crate::summary::Summary;
use fieldmirror_analytics::model::Model;
use fieldmirror_core::time::{Span, Timestamp};
use fieldmirror_tables::{EncodedGroup, RunTables};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Where and how a run is made. None of it changes what is recorded.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// The run directory.
    pub out: PathBuf,
    /// Whether to replace it if it exists.
    pub force: bool,
    /// How many threads run shards.
    pub threads: usize,
    /// The CPU's model name, for the manifest.
    pub cpu: String,
}

/// Rows of telemetry that a row group should hold: large enough to compress well, small enough that
/// all shards' groups fit in memory together.
const MESSAGES_PER_GROUP: i64 = 200_000;

/// Row groups that wait for the file writer at most; with more, simulation waits.
const GROUPS_WAITING_MAX: usize = 8;

/// The longest row group, in hours: a single farm's run still has several.
const GROUP_HOURS_MAX: i64 = 240;

/// Runs a scenario and writes its run directory.
///
/// The directory is written as `<out>.partial` and renamed last, so that a run that ends early
/// leaves nothing that looks finished.
///
/// # Errors
/// [`EngineError::Exists`] before anything is done; [`EngineError::Write`] and others later.
pub fn run(
    scenario: &Scenario,
    options: &RunOptions,
    stopwatch: &dyn Stopwatch,
    progress: &dyn Progress,
) -> Result<Summary, EngineError> {
    let started = stopwatch.nanos();
    may_replace(&options.out, options.force)?;
    // Everything that bad input can break is built before anything is written.
    let mut shards = (0..scenario.registers.len())
        .map(|index| Shard::new(scenario, index).map_err(|e| e.of_scenario(&scenario.origin)))
        .collect::<Result<Vec<_>, _>>()?;
    let partial = begin(&options.out)?;
    scenario.write_compiled(&partial.join("scenario.arrow"))?;
    let mut tables = RunTables::create(&partial)?;
    let loop_from = stopwatch.nanos();

    let pulse = Pulse::new(scenario, shards.len(), progress);
    let mut model = None;
    let mut sinks = Sinks::new(&partial);
    std::thread::scope(|scope| {
        // Files grow while the next epoch runs; groups arrive in their one order.
        let (send, receive) = std::sync::mpsc::sync_channel::<EncodedGroup>(GROUPS_WAITING_MAX);
        let tables = &mut tables;
        let writer = scope.spawn(move || {
            receive
                .into_iter()
                .try_for_each(|group| tables.append(group).map_err(EngineError::from))
        });
        let mut simulate = || {
            for until in epochs(scenario) {
                let is_clean_over =
                    shards.first().is_some_and(|s| s.now() >= scenario.clean_until());
                if model.is_none() && is_clean_over {
                    model = Some(train(scenario, &mut shards)?);
                }
                let groups = advance(&mut shards, until, options.threads, stopwatch, &pulse)?;
                for shard in &mut shards {
                    sinks.write(shard.sink_records())?;
                }
                for group in groups {
                    // The writer hangs up only when it failed, which it says when it is joined.
                    if send.send(group).is_err() {
                        return Ok(());
                    }
                }
            }
            Ok(())
        };
        let simulated = simulate();
        drop(send);
        // A panic of the writer is a defect of this program: let it be seen.
        let written = writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        simulated.and(written)
    })?;
    let outcome = outcome::conclude(scenario, &mut shards, &mut tables, model.as_deref())?;
    let entries = tables.finish()?;
    let loop_until = stopwatch.nanos();

    progress.at(1, 1, "report");
    let tickets_jsonl = outcome.tickets_jsonl();
    write(&partial.join("tickets.jsonl"), tickets_jsonl.as_bytes())?;
    write(&partial.join("tickets.md"), outcome.tickets_markdown(scenario).as_bytes())?;
    let (name, seed) = (&scenario.text.name, scenario.text.seed);
    let manifest = Manifest::new(name, seed, &options.cpu, &entries, tickets_jsonl.as_bytes());
    write_json(&partial.join("manifest.json"), &manifest)?;
    let seconds = |from: u64, to: u64| to.saturating_sub(from) as f64 / 1e9;
    let mut summary = summarise(scenario, &shards, &outcome, &manifest);
    summary.run = options.out.display().to_string();
    summary.sink_records = sinks.counts();
    summary.threads = options.threads;
    summary.startup_s = seconds(started, loop_from);
    summary.loop_s = seconds(loop_from, loop_until);
    if summary.loop_s > 0.0 {
        summary.messages_per_s = summary.messages as f64 / summary.loop_s;
    }
    write_json(&partial.join("summary.json"), &summary)?;
    report::write(&partial)?;
    finish(&partial, &options.out)?;
    let ended = stopwatch.nanos();
    summary.report_s = seconds(loop_until, ended);
    summary.wall_s = seconds(started, ended);
    Ok(summary)
}

/// Keeps the summary in the run directory, with the timings that are known only at the end.
///
/// # Errors
/// [`EngineError::Write`].
pub fn write_summary(run: &Path, summary: &Summary) -> Result<(), EngineError> {
    write_json(&run.join("summary.json"), summary)
}

/// Builds every part of the first shard and of those with faults, so that rules, pipes and faults are
/// checked as a run would.
///
/// # Errors
/// What a run would stop with before its first step.
pub fn check(scenario: &Scenario) -> Result<(), EngineError> {
    for (index, register) in scenario.registers.iter().enumerate() {
        let is_faulty =
            scenario.text.faults.iter().any(|f| register.names.iter().any(|name| name == f.device));
        if index == 0 || is_faulty {
            Shard::new(scenario, index).map_err(|e| e.of_scenario(&scenario.origin))?;
        }
    }
    Ok(())
}

/// Counts simulated hours over all shards.
struct Pulse<'a> {
    done: AtomicU64,
    total: u64,
    progress: &'a dyn Progress,
}

impl<'a> Pulse<'a> {
    fn new(scenario: &Scenario, shards: usize, progress: &'a dyn Progress) -> Self {
        let total = scenario.text.span.0.hours().ceil() as u64 * shards as u64;
        Self { done: AtomicU64::new(0), total, progress }
    }

    fn hour(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        self.progress.at(done, self.total, "simulating");
    }
}

/// Where row groups end: at fixed lengths from the start, and where learning ends.
fn epochs(scenario: &Scenario) -> Vec<Timestamp> {
    let per_hour = scenario.registers.first().map_or(1, |register| {
        let every = scenario.text.site.report_every.0.nanos();
        (register.reporting as i64 * Span::from_hours(1).nanos() / every).max(1)
    });
    let hours = (MESSAGES_PER_GROUP / per_hour).clamp(1, GROUP_HOURS_MAX);
    let (start, end, clean) = (scenario.start(), scenario.end(), scenario.clean_until());
    let mut ends = Vec::new();
    let mut at = start;
    while at < end {
        let next = (at + Span::from_hours(hours)).min(end);
        at = if at < clean && clean < next { clean } else { next };
        ends.push(at);
    }
    ends
}

fn train(scenario: &Scenario, shards: &mut [Shard]) -> Result<Arc<Model>, EngineError> {
    let collectors = shards.iter_mut().filter_map(|s| s.learning().take_collector()).collect();
    let model = Arc::new(Model::train(collectors, scenario.seed(), &learning::spec(scenario))?);
    for shard in shards {
        shard.learning().score_with(&model)?;
    }
    Ok(model)
}

/// Advances all shards to `until` on `threads` threads; the groups come in shard order.
fn advance(
    shards: &mut [Shard],
    until: Timestamp,
    threads: usize,
    stopwatch: &dyn Stopwatch,
    pulse: &Pulse<'_>,
) -> Result<Vec<EncodedGroup>, EngineError> {
    let count = shards.len();
    let queue = Mutex::new(shards.iter_mut().enumerate());
    let done = Mutex::new(Vec::with_capacity(count));
    let work = || {
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((index, shard)) = next else { break };
            let group = shard.run_until(until, stopwatch, &|| pulse.hour());
            done.lock().unwrap_or_else(PoisonError::into_inner).push((index, group));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.min(count) {
            scope.spawn(work);
        }
        work();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, group)| group).collect()
}

fn summarise(
    scenario: &Scenario,
    shards: &[Shard],
    outcome: &Outcome,
    manifest: &Manifest,
) -> Summary {
    let mut summary = Summary {
        schema_version: 1,
        scenario: scenario.text.name.clone(),
        seed: scenario.text.seed,
        devices: scenario.devices() as u64,
        simulated_s: scenario.text.span.0.seconds(),
        faults: outcome.faults,
        findings: outcome.findings,
        tickets: outcome.tickets.len() as u64,
        ticket_precision: outcome.precision,
        ticket_recall: outcome.recall,
        found_by_detector: outcome
            .by_detector
            .iter()
            .map(|(name, (found, _))| (name.clone(), found.clone()))
            .collect(),
        tickets_by_detector: outcome
            .by_detector
            .iter()
            .map(|(name, (_, n))| (name.clone(), *n))
            .collect(),
        digest: manifest.digest.clone(),
        digest_world: manifest.digest_world.clone(),
        ..Summary::default()
    };
    let days = scenario.text.span.0.days();
    for shard in shards {
        let totals = shard.record().totals();
        summary.uplinks_sent += totals.frames;
        summary.uplinks_delivered += totals.delivered;
        for (reason, n) in &totals.lost {
            *summary.uplinks_lost.entry((*reason).to_owned()).or_default() += n;
        }
        summary.messages += totals.device_messages;
        summary.rule_matches += totals.matches;
        summary.shadow_updates += totals.shadow_updates;
        summary.frames_refused += shard.refused();
        for (code, n) in &totals.rejections {
            summary.publishes_denied += n;
            *summary.rejections.entry((*code).to_owned()).or_default() += n;
        }
        summary.denials += shard.denials();
        summary.republish_hops_cut += shard.hops_cut();
        for (rule, metrics) in shard.rule_metrics() {
            summary.rule_metrics.entry(rule.to_owned()).or_default().add(&metrics);
        }
        for zone in &shard.register().zones {
            let commands = shard.command_counts()[zone.controller.index()];
            summary.commands += u64::from(commands);
            if scenario.text.fleet.is_none() {
                let a_day = f64::from(commands) / days;
                summary.commands_per_zone_day.insert(zone.name.clone(), a_day);
            }
        }
    }
    let messages = summary.messages.max(1) as f64;
    for stage in Stage::ALL {
        let nanos: u64 = shards.iter().map(|shard| shard.stages().nanos(stage)).sum();
        summary.stage_ns_per_message.insert(stage.name().to_owned(), nanos as f64 / messages);
    }
    summary
}

/// Refuses to write where something stands that is not a run, or is not to be replaced.
pub(crate) fn may_replace(out: &Path, force: bool) -> Result<(), EngineError> {
    let foreign = |why: &str| EngineError::Foreign { path: out.to_owned(), why: why.to_owned() };
    if out.file_name().is_none() {
        return Err(foreign("it has no name of its own"));
    }
    if out.symlink_metadata().is_err() {
        return Ok(());
    }
    if !is_run_or_empty(out, "manifest.json") {
        return Err(foreign("it is there and holds something else"));
    }
    if force { Ok(()) } else { Err(EngineError::Exists { path: out.to_owned() }) }
}

/// Whether `path` is a real directory that is empty or holds `mark`.
fn is_run_or_empty(path: &Path, mark: &str) -> bool {
    let is_directory = path.symlink_metadata().is_ok_and(|meta| meta.is_dir());
    let is_empty = std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    is_directory && (is_empty || path.join(mark).is_file())
}

/// Makes the empty `.partial` directory.
fn begin(out: &Path) -> Result<PathBuf, EngineError> {
    let mut name = out.file_name().map(std::ffi::OsStr::to_owned).unwrap_or_default();
    name.push(".partial");
    let partial = out.with_file_name(name);
    if partial.symlink_metadata().is_ok() {
        // What an interrupted run left begins with its scenario.
        if !is_run_or_empty(&partial, "scenario.arrow") {
            let why = "it is there and holds something else".to_owned();
            return Err(EngineError::Foreign { path: partial, why });
        }
        remove(&partial)?;
    }
    std::fs::create_dir_all(&partial)
        .map_err(|source| EngineError::Write { path: partial.clone(), source })?;
    Ok(partial)
}

/// Gives the finished directory its name.
fn finish(partial: &Path, out: &Path) -> Result<(), EngineError> {
    if out.exists() {
        remove(out)?;
    }
    std::fs::rename(partial, out)
        .map_err(|source| EngineError::Write { path: out.to_owned(), source })
}

/// Removes a directory or file of a run.
pub(crate) fn remove(path: &Path) -> Result<(), EngineError> {
    let gone =
        if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    gone.map_err(|source| EngineError::Write { path: path.to_owned(), source })
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), EngineError> {
    std::fs::write(path, bytes)
        .map_err(|source| EngineError::Write { path: path.to_owned(), source })
}

fn write_json<T: serde::Serialize>(path: &Path, value: &T) -> Result<(), EngineError> {
    let text = serde_json::to_string_pretty(value).map_err(|e| EngineError::Write {
        path: path.to_owned(),
        source: std::io::Error::other(e),
    })?;
    write(path, (text + "\n").as_bytes())
}
