//! `rules ...`: suites, explanations, lint, mutants, backtests.

use super::threads;
use crate::Verdict;
use crate::args::{BacktestArgs, ExplainArgs, Format, InputArgs, LintArgs, RulesVerb};
use crate::console::{BadInput, bad_problems, print, say, usage};
use anyhow::Result;
use fieldmirror_cloud::policy::SessionPolicy;
use fieldmirror_cloud::spec::Spec;
use fieldmirror_core::time::Timestamp;
use fieldmirror_engine::backtest::{self, BacktestOptions, BacktestRule};
use fieldmirror_engine::scenario::{Overrides, Scenario};
use fieldmirror_engine::trace::{self, At, TraceOptions};
use fieldmirror_rules::context::Context;
use fieldmirror_rules::rule::Strictness;
use fieldmirror_workbench::access::{self, Who};
use fieldmirror_workbench::deployment::{self, Deployment, Settings};
use fieldmirror_workbench::explain::{self, Question};
use fieldmirror_workbench::init;
use fieldmirror_workbench::lint::{self, Subject};
use fieldmirror_workbench::mutation::{self, Outcome};
use fieldmirror_workbench::problem::counted;
use fieldmirror_workbench::report;
use fieldmirror_workbench::suite::{self, Options};
use serde_json::json;
use std::fmt::Display;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) fn execute(verb: RulesVerb, format: Format) -> Result<Verdict> {
    match verb {
        RulesVerb::Test { paths, input } => test(&paths, &input, format),
        RulesVerb::Explain(args) => explain_rule(&args, format),
        RulesVerb::Trace { run, device, at } => trace_run(&run, device, at.as_deref(), format),
        RulesVerb::Lint(args) => lint_files(&args, format),
        RulesVerb::Mutate { paths, input } => mutate(&paths, &input, format),
        RulesVerb::Backtest(args) => backtest_rules(&args, format),
        RulesVerb::Init { files, output, force, input } => {
            draft(&files, output, force, &input, format)
        }
    }
}

/// What a team's files leave open.
pub(crate) fn settings(input: &InputArgs) -> Settings {
    Settings {
        base: PathBuf::new(),
        parameters: input.parameters.iter().cloned().collect(),
        region: input.region.clone(),
        account: input.account.clone(),
        stack: input.stack.clone(),
        strictness: if input.lenient { Strictness::Lenient } else { Strictness::Strict },
    }
}

/// Reads files, or says everything that is wrong with them. What they have that nothing here looks
/// at, and what was only worth a warning, is named on stderr.
pub(crate) fn load(files: &[String], settings: &Settings) -> Result<Deployment> {
    let deployment = read(files, settings)?;
    note(deployment.warning_lines());
    Ok(deployment)
}

/// Reads files as [`load`] does, for whoever tells their warnings otherwise.
fn read(files: &[String], settings: &Settings) -> Result<Deployment> {
    let deployment = deployment::load(files, settings).map_err(bad_problems)?;
    note(&deployment.notes);
    Ok(deployment)
}

/// Names on stderr what the reader of a result should know.
fn note(notes: impl IntoIterator<Item = impl Display>) {
    notes.into_iter().for_each(|note| eprintln!("note: {note}"));
}

/// The format of results, where they have one of that name.
pub(crate) fn report_format(format: Format) -> report::Format {
    match format {
        Format::Json => report::Format::Json,
        Format::Junit => report::Format::Junit,
        Format::Github => report::Format::Github,
        Format::Text | Format::Csv => report::Format::Text,
    }
}

pub(crate) fn verdict(failed: bool) -> Verdict {
    if failed { Verdict::Failed } else { Verdict::Fine }
}

/// The cloud that a scenario describes, for suites that name one.
fn scenario_cloud(path: &Path) -> Result<Spec, Vec<String>> {
    let scenario =
        Scenario::load(path, &Overrides::default()).map_err(|error| vec![error.to_string()])?;
    scenario.cloud_spec().map_err(|error| vec![error.to_string()])
}

fn suite_options(input: &InputArgs) -> Options<'static> {
    Options { settings: settings(input), scenario: Some(&scenario_cloud) }
}

fn test(paths: &[PathBuf], input: &InputArgs, format: Format) -> Result<Verdict> {
    let results = suite::run(paths, &suite_options(input)).map_err(bad_problems)?;
    print(&results.render(report_format(format)));
    Ok(verdict(results.failed() > 0))
}

fn explain_rule(args: &ExplainArgs, format: Format) -> Result<Verdict> {
    let settings = settings(&args.input);
    let deployment = load(std::slice::from_ref(&args.rule), &settings)?;
    let named = |name: &str| deployment.rules.iter().find(|rule| rule.name == name);
    let names: Vec<_> = deployment.rules.iter().map(|rule| rule.name.as_str()).collect();
    let rule = match (&args.name, &*deployment.rules) {
        (Some(name), _) => named(name),
        (None, [rule]) => Some(rule),
        _ => None,
    };
    let Some(rule) = rule else {
        let why = match (&args.name, &*names) {
            (_, []) => "it has no rule; expected AWS rule JSON, a template or a plan".to_owned(),
            (Some(name), _) => {
                format!("it has no rule `{name}`; expected one of: {}", names.join(", "))
            }
            (None, _) => format!(
                "it has {} rules; say which with --name, one of: {}",
                names.len(),
                names.join(", ")
            ),
        };
        return Err(BadInput(format!("{}: {why}", args.rule)).into());
    };
    let payload = read_payload(&args.payload)?;
    let at = args.at.as_deref().unwrap_or("2024-01-01");
    let now = Timestamp::parse(at).unwrap_or_else(|_| {
        usage(&format!("--at: `{at}` is no time; expected one like 2017-06-20T06:10:00Z"))
    });
    let who = publisher(args, &settings)?;
    let session = who.as_ref().map(|who| SessionPolicy::new(Arc::new(who.set.clone()), &who.facts));
    let certificate = who.as_ref().and_then(|who| who.facts.certificate.as_ref());
    let context = Context {
        client_id: args.client.as_deref(),
        principal: certificate.map(|shown| &*shown.id).or(args.client.as_deref()),
        account: &args.input.account,
        ..Context::new(&args.topic, now)
    };
    let question = Question {
        name: &rule.name,
        rule: &rule.payload,
        strictness: settings.strictness,
        payload: &payload,
        context,
        session: session.as_ref(),
    };
    let mut answer = explain::explain(&question).map_err(|diagnostics| {
        let lines: Vec<_> = diagnostics.iter().map(|d| d.render(&rule.spec.sql)).collect();
        BadInput(format!("{}: rule `{}`:\n{}", rule.origin, rule.name, lines.join("\n")))
    })?;
    answer.notes.extend(who.into_iter().flat_map(|who| who.notes));
    match format {
        Format::Json => {
            answer.notes.extend(deployment.warning_lines());
            say!("{}", answer.to_json());
        }
        _ => print(&answer.to_text()),
    }
    Ok(Verdict::Fine)
}

fn read_payload(path: &Path) -> Result<Vec<u8>> {
    let read = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    let hint = "expected a readable file with the payload, or - for standard input";
    read.map_err(|error| BadInput(format!("{}: {error}; {hint}", path.display())).into())
}

/// Who publishes, if policies are to be asked: found as `policy explain` finds it.
fn publisher(args: &ExplainArgs, settings: &Settings) -> Result<Option<Who>> {
    let Some(client) = args.client.as_deref().filter(|_| !args.policies.is_empty()) else {
        return Ok(None);
    };
    let deployment = load(&args.policies, settings)?;
    let question = access::Question {
        principal: client,
        client: Some(client),
        thing_type: args.thing_type.as_deref(),
        attributes: &args.attributes,
        ..access::Question::default()
    };
    access::who(&deployment, &question, settings).map(Some).map_err(bad_problems)
}

fn trace_run(
    run: &Path,
    device: Option<String>,
    at: Option<&str>,
    format: Format,
) -> Result<Verdict> {
    let read = |text| At::parse(text).unwrap_or_else(|why| usage(&format!("--at: {why}")));
    let at = at.map(read);
    let traced = trace::trace(run, &TraceOptions { device, at })?;
    match format {
        Format::Json => say!("{}", traced.to_json()),
        _ => print(&traced.to_text()),
    }
    Ok(Verdict::Fine)
}

fn lint_files(args: &LintArgs, format: Format) -> Result<Verdict> {
    // Warnings are findings here.
    let deployment = read(&args.files, &settings(&args.input))?;
    let mut subject = Subject::from(&deployment);
    let mut problems = Vec::new();
    for path in &args.sample {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            BadInput(format!("{file}: {error}; expected a readable file of payloads"))
        })?;
        match lint::read_sample(&file, &text) {
            Ok(messages) => subject.sample.extend(messages),
            Err(more) => problems.extend(more),
        }
    }
    if !problems.is_empty() {
        return Err(bad_problems(problems));
    }
    let options =
        lint::Options { fires_percent_max: args.fires_percent, ..lint::Options::default() };
    let findings = lint::lint(&subject, &options);
    let form = match format {
        Format::Json => lint::Format::Json,
        Format::Github => lint::Format::Github,
        _ => lint::Format::Text,
    };
    print(&lint::render(&findings, form));
    Ok(verdict(lint::exit_code(&findings, args.strict) != 0))
}

fn mutate(paths: &[PathBuf], input: &InputArgs, format: Format) -> Result<Verdict> {
    let suites = suite::load_all(paths, &suite_options(input)).map_err(bad_problems)?;
    let mut outcome = Outcome::default();
    for suite in &suites {
        note(&suite.notes);
        outcome.extend(mutation::mutate(suite).map_err(|error| BadInput(error.to_string()))?);
    }
    let form = match format {
        Format::Json => mutation::Format::Json,
        _ => mutation::Format::Text,
    };
    print(&outcome.render(form));
    Ok(verdict(outcome.exit_code() != 0))
}

fn backtest_rules(args: &BacktestArgs, format: Format) -> Result<Verdict> {
    let settings = settings(&args.input);
    let mut warnings = Vec::new();
    let rules = backtest_files(&args.rules, &settings, &mut warnings)?;
    let against = match args.against.is_empty() {
        true => None,
        false => Some(backtest_files(&args.against, &settings, &mut warnings)?),
    };
    let options = BacktestOptions {
        topic: args.topic.clone(),
        device: args.device.clone(),
        time: args.time.clone(),
        threads: threads(args.threads),
        by_rows: args.by_rows,
        prices: args.prices.clone(),
        ..BacktestOptions::default()
    };
    let mut result = backtest::backtest(&rules, against.as_deref(), &args.input_path, &options)?;
    match format {
        Format::Json => {
            result.notes.extend(warnings);
            say!("{}", result.to_json());
        }
        _ => print(&result.to_text()),
    }
    Ok(Verdict::Fine)
}

/// The enabled rules of some files, compiled; what was only worth a warning goes into `warnings`.
fn backtest_files(
    files: &[String],
    settings: &Settings,
    warnings: &mut Vec<String>,
) -> Result<Vec<BacktestRule>> {
    let deployment = load(files, settings)?;
    warnings.extend(deployment.warning_lines());
    let (mut rules, mut wrong) = (Vec::new(), Vec::new());
    for rule in deployment.rules.iter().filter(|rule| !rule.spec.disabled) {
        let actions = rule.spec.actions.iter().map(|action| action.kind.name().to_owned());
        match rule.spec.compile() {
            Ok((compiled, _)) => rules.push(BacktestRule {
                name: rule.name.clone(),
                rule: compiled,
                actions: actions.collect(),
            }),
            Err(diagnostics) => wrong.extend(diagnostics.iter().map(|d| {
                format!("{}: rule {}:\n{}", rule.origin, rule.name, d.render(&rule.spec.sql))
            })),
        }
    }
    if rules.is_empty() && wrong.is_empty() {
        wrong.push(format!("{}: no enabled rule; expected a file with rules", files.join(", ")));
    }
    if wrong.is_empty() { Ok(rules) } else { Err(BadInput(wrong.join("\n")).into()) }
}

/// Writes a first suite.
fn draft(
    files: &[String],
    output: Option<PathBuf>,
    force: bool,
    input: &InputArgs,
    format: Format,
) -> Result<Verdict> {
    let first = Path::new(&files[0]);
    let beside = if first.is_dir() { first } else { first.parent().unwrap_or(Path::new("")) };
    let output = output.unwrap_or_else(|| beside.join("suite.yaml"));
    if output.exists() && !force {
        let why = format!("{}: it exists; pass --force to replace it", output.display());
        return Err(BadInput(why).into());
    }
    let base = output.parent().unwrap_or(Path::new("")).to_owned();
    let files =
        files.iter().map(|file| relative(Path::new(file), &base)).collect::<Result<Vec<_>>>()?;
    let settings = Settings { base, ..settings(input) };
    let deployment = load(&files, &settings)?;
    let draft = init::draft(&files, &settings, &deployment).map_err(bad_problems)?;
    std::fs::write(&output, &draft.text)
        .map_err(|error| BadInput(format!("{}: cannot write it: {error}", output.display())))?;
    let path = output.display().to_string();
    if format == Format::Json {
        say!(
            "{}",
            json!({
                "schema_version": 1,
                "suite": path,
                "cases": draft.cases,
                "gaps": draft.gaps,
                "notes": deployment.warning_lines(),
            })
        );
    } else {
        let cases = counted(draft.cases, "case");
        let lenient = if settings.strictness == Strictness::Lenient { " --lenient" } else { "" };
        say!("wrote {path}: {cases}; run with `fieldmirror rules test {path}{lenient}`");
        draft.gaps.iter().for_each(|gap| say!("  not covered: {gap}"));
    }
    Ok(Verdict::Fine)
}

/// A file as it is called from the folder of the suite.
fn relative(file: &Path, base: &Path) -> Result<String> {
    let absolute = |path: &Path| {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let hint = "expected a file or folder that exists";
        path.canonicalize().map_err(|e| BadInput(format!("{}: {e}; {hint}", path.display())))
    };
    let (file, base) = (absolute(file)?, absolute(base)?);
    let common = file.components().zip(base.components()).take_while(|(a, b)| a == b).count();
    let up = base.components().skip(common).map(|_| "..".to_owned());
    let down =
        file.components().skip(common).map(|part| part.as_os_str().to_string_lossy().into_owned());
    Ok(up.chain(down).collect::<Vec<_>>().join("/"))
}
