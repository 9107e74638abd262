//! One function a verb.

mod detect;
mod policy;
mod rules;

use crate::Verdict;
use crate::args::{
    Args, CostArgs, Format, InspectArgs, PolicyVerb, ReplayArgs, ReportArgs, RulesVerb, RunArgs,
    ScenarioVerb, Verb,
};
use crate::console::{Bar, SystemStopwatch, cpu_model, peak_rss_mb, print, say, usage};
use anyhow::{Context as _, Result};
use fieldmirror_engine::cost::{self, CostOptions};
use fieldmirror_engine::inspect;
use fieldmirror_engine::manifest::Manifest;
use fieldmirror_engine::replay::{self, Replayed};
use fieldmirror_engine::report;
use fieldmirror_engine::run::{self, RunOptions};
use fieldmirror_engine::scenario::{Overrides, Scenario};
use fieldmirror_engine::summary::Summary;
use serde_json::json;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Executes the verb that the user asked for.
pub(crate) fn execute(args: Args) -> Result<Verdict> {
    let format = args.format;
    check_format(&args.verb, format);
    match args.verb {
        Verb::Run(run) => execute_run(run, format),
        Verb::Replay(replay) => execute_replay(&replay, format),
        Verb::Scenario(ScenarioVerb::Compile { input, output }) => compile(&input, &output, format),
        Verb::Scenario(ScenarioVerb::Check { file }) => check(&file, format),
        Verb::Report(report) => execute_report(&report, format),
        Verb::Inspect(inspect) => execute_inspect(&inspect, format),
        Verb::Rules(verb) => rules::execute(verb, format),
        Verb::Policy(verb) => policy::execute(verb, format),
        Verb::Cost(cost) => execute_cost(cost, format),
        Verb::Train(train) => detect::execute_train(&train, format),
        Verb::Score(score) => detect::execute_score(&score, format),
        Verb::Eval(eval) => detect::execute_eval(&eval, format),
        Verb::Explain(explain) => detect::execute_explain(&explain, format),
    }
}

/// Ends with a message about usage where a verb has no such format.
fn check_format(verb: &Verb, format: Format) {
    let tests =
        matches!(verb, Verb::Rules(RulesVerb::Test { .. }) | Verb::Policy(PolicyVerb::Test { .. }));
    match format {
        Format::Csv if !matches!(verb, Verb::Inspect(i) if i.table.is_some()) => {
            usage("--format csv is for `inspect RUN TABLE` only; use text or json");
        }
        Format::Junit if !tests => {
            usage("--format junit is for `rules test` and `policy test` only; use text or json");
        }
        Format::Github if !tests && !matches!(verb, Verb::Rules(RulesVerb::Lint(_))) => usage(
            "--format github is for `rules test`, `rules lint` and `policy test` only; use text or \
             json",
        ),
        _ => {}
    }
}

fn execute_cost(args: CostArgs, format: Format) -> Result<Verdict> {
    let options = CostOptions { prices: args.prices, by: args.by, scale_to: args.scale_to };
    let bill = cost::cost(&args.run, &options)?;
    match format {
        Format::Json => say!("{}", bill.to_json()),
        _ => print(&bill.to_text()),
    }
    Ok(Verdict::Fine)
}

fn threads(asked: Option<u16>) -> usize {
    asked.map_or_else(
        || std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        usize::from,
    )
}

fn execute_run(args: RunArgs, format: Format) -> Result<Verdict> {
    let stopwatch = SystemStopwatch::start();
    let overrides = Overrides { seed: args.seed, until: args.until, set: args.set };
    let scenario = Scenario::load(&args.scenario, &overrides)?;
    let out = args.out.unwrap_or_else(|| default_run_directory(&scenario));
    let options =
        RunOptions { out, force: args.force, threads: threads(args.threads), cpu: cpu_model() };
    let bar = Bar::new(args.quiet);
    let mut summary = run::run(&scenario, &options, &stopwatch, &bar)?;
    bar.finish();
    summary.peak_rss_mb = peak_rss_mb();
    run::write_summary(&options.out, &summary)?;
    match format {
        Format::Json => say!("{}", serde_json::to_string(&summary)?),
        _ if args.quiet => {}
        _ => print_summary(&summary),
    }
    Ok(Verdict::Fine)
}

fn default_run_directory(scenario: &Scenario) -> PathBuf {
    PathBuf::from("runs").join(format!("{}-s{}", scenario.text.name, scenario.text.seed))
}

fn print_summary(s: &Summary) {
    let days = s.simulated_s / 86_400.0;
    say!("{} with seed {}: {} devices, {days:.1} days", s.scenario, s.seed, s.devices);
    let lost: Vec<String> = s.uplinks_lost.iter().map(|(why, n)| format!("{n} {why}")).collect();
    let lost = if lost.is_empty() { "none".to_owned() } else { lost.join(", ") };
    say!("  uplinks     {} sent, {} delivered, lost: {lost}", s.uplinks_sent, s.uplinks_delivered);
    say!(
        "  cloud       {} messages, {} rule matches, {} shadow updates",
        s.messages,
        s.rule_matches,
        s.shadow_updates
    );
    if !s.rejections.is_empty() {
        let refused = s.rejections.iter().map(|(why, n)| format!("{n} {why}"));
        let refused = refused.collect::<Vec<_>>().join(", ");
        say!("  refused     {refused}; {} denied by policies", s.denials);
    }
    if s.republish_hops_cut > 0 {
        say!("  loops       {} messages cut by the hop limit", s.republish_hops_cut);
    }
    let zones: Vec<String> =
        s.commands_per_zone_day.iter().map(|(zone, n)| format!("{zone} {n:.1}")).collect();
    if zones.is_empty() {
        say!("  commands    {}", s.commands);
    } else {
        say!("  commands    {}; a day: {}", s.commands, zones.join(", "));
    }
    let share = |x: Option<f64>| x.map_or_else(|| "n/a".to_owned(), |x| format!("{x:.2}"));
    say!(
        "  faults      {} in the world, {} findings, {} tickets (precision {}, recall {})",
        s.faults,
        s.findings,
        s.tickets,
        share(s.ticket_precision),
        share(s.ticket_recall)
    );
    say!(
        "  time        {:.1} s: start {:.1}, loop {:.1}, report {:.1}; {:.0} messages/s",
        s.wall_s,
        s.startup_s,
        s.loop_s,
        s.report_s,
        s.messages_per_s
    );
    say!("  digest      {}", s.digest);
    say!("  world       {}", s.digest_world);
    say!("The run is in {0}; open {0}/report.html, read {0}/tickets.md", s.run);
}

fn execute_replay(args: &ReplayArgs, format: Format) -> Result<Verdict> {
    let bar = Bar::new(false);
    let options = replay::ReplayOptions {
        out: args.out.clone(),
        verify: args.verify,
        threads: threads(args.threads),
        cpu: cpu_model(),
    };
    let Replayed { run, digest, recorded, difference } =
        replay::replay(&args.source, &options, &SystemStopwatch::start(), &bar)?;
    bar.finish();
    let equal = difference.is_none();
    if format == Format::Json {
        let difference = difference.as_ref().map(|d| {
            json!({"table": d.table, "row": d.row, "column": d.column, "recorded": d.left, "replayed": d.right})
        });
        let run = run.as_ref().map(|path| path.display().to_string());
        say!(
            "{}",
            json!({"schema_version": 1, "equal": equal, "digest": digest, "recorded": recorded,
                   "difference": difference, "run": run})
        );
    } else {
        match &difference {
            None if args.verify => say!("equal, row by row: {digest}"),
            None => say!("equal digests: {digest}; pass --verify to compare every row"),
            Some(d) => say!(
                "different: table {}, row {}, column {}: recorded {}, replayed {}",
                d.table,
                d.row,
                d.column,
                d.left,
                d.right
            ),
        }
        if let Some(run) = &run {
            say!("The replayed run is in {}", run.display());
        }
    }
    Ok(if equal { Verdict::Fine } else { Verdict::Failed })
}

fn compile(input: &Path, output: &Path, format: Format) -> Result<Verdict> {
    if let (Ok(from), Ok(to)) = (input.canonicalize(), output.canonicalize())
        && from == to
    {
        usage(&format!("{}: -o names the input itself; choose another file", input.display()));
    }
    let scenario = Scenario::load(input, &Overrides::default())?;
    scenario.write_compiled(output)?;
    let bytes = std::fs::metadata(output).context("the file just written")?.len();
    if format == Format::Json {
        let output = output.display().to_string();
        say!("{}", json!({"schema_version": 1, "output": output, "bytes": bytes}));
    } else {
        say!("wrote {} ({bytes} bytes)", output.display());
    }
    Ok(Verdict::Fine)
}

fn check(file: &Path, format: Format) -> Result<Verdict> {
    let scenario = Scenario::load(file, &Overrides::default())?;
    run::check(&scenario)?;
    let text = &scenario.text;
    let (devices, faults) = (scenario.devices(), text.faults.len());
    let (farms, rules) = (text.fleet.as_ref().map_or(1, |f| f.farms), scenario.rules.len());
    if format == Format::Json {
        say!(
            "{}",
            json!({"schema_version": 1, "scenario": text.name, "seed": text.seed, "farms": farms,
                   "devices": devices, "simulated_s": text.span.0.seconds(), "rules": rules,
                   "faults": faults, "confounders": text.confounders.len()})
        );
    } else {
        say!(
            "{}: sound: {farms} farms, {devices} devices, {} from {}, {rules} rules, {faults} faults, {} confounders",
            file.display(),
            text.span.0,
            text.start.0,
            text.confounders.len()
        );
    }
    Ok(Verdict::Fine)
}

fn execute_report(args: &ReportArgs, format: Format) -> Result<Verdict> {
    let path = report::write(&args.run)?;
    if format == Format::Json {
        say!("{}", json!({"schema_version": 1, "report": path.display().to_string()}));
    } else {
        say!("wrote {}", path.display());
    }
    Ok(Verdict::Fine)
}

fn execute_inspect(args: &InspectArgs, format: Format) -> Result<Verdict> {
    let stdout = std::io::stdout();
    let mut out = std::io::BufWriter::new(stdout.lock());
    let manifest = Manifest::read(&args.run)?;
    if let Some(table) = &args.table {
        let form = match format {
            Format::Json => inspect::Form::Json,
            Format::Csv => inspect::Form::Csv,
            _ => inspect::Form::Text,
        };
        let rows = args.rows.or((format == Format::Text).then_some(20));
        match inspect::table(&args.run, table, form, rows, &mut out) {
            Err(error) if error.is_broken_pipe() => return Ok(Verdict::Fine),
            other => other?,
        }
        out.flush().ok();
        return Ok(Verdict::Fine);
    }
    if format == Format::Json {
        let mut object = serde_json::to_value(&manifest)?;
        object["schema_version"] = json!(1);
        writeln!(out, "{object}")?;
    } else {
        writeln!(
            out,
            "{} with seed {}, written by fieldmirror {}",
            manifest.scenario, manifest.seed, manifest.tool_version
        )?;
        for table in &manifest.tables {
            writeln!(out, "  {:<13} {:>12} rows  {}", table.name, table.rows, table.file)?;
        }
        writeln!(out, "digest {}", manifest.digest)?;
    }
    Ok(Verdict::Fine)
}
