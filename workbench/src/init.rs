//! A first suite for rules that have none: for each rule a message that fires it and one that does
//! not.
//!
//! The messages are found, not guessed: candidates come from the rule's own literals and paths,
//! and the rule is evaluated over them until one fires, and until one that differs from it as
//! little as possible does not. What a rule writes is what it was seen to write, so that the suite
//! passes as it is. Where no message was found, or where what happens depends on more than the
//! message, a comment in the suite says so.
//!
//! What it does not do: it judges no rule. A suite that passes says what the rules do, and whether
//! that is what was meant is for the reader.

mod cascade;
mod prove;
mod search;
mod write;

use crate::deployment::{DeployedRule, Deployment, Origin, Settings};
use crate::problem::Problem;
use crate::suite::{Options, Suite};
use cascade::Cascade;
use fieldmirror_cloud::rule_spec::RuleSpec;
use fieldmirror_core::time::Timestamp;
use fieldmirror_rules::context::Context;
use fieldmirror_rules::rule::Rule;
use fieldmirror_rules::survey::Survey;
use fieldmirror_rules::value::Value;
pub(crate) use search::literals;

/// A suite's text, and what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The YAML.
    pub text: String,
    /// Cases that were written.
    pub cases: usize,
    /// What was not found, by rule: the comments of the suite.
    pub gaps: Vec<String>,
}

/// Writes a suite for the rules of `deployment`, which was read from `files` with `settings`. The
/// suite names `files` as they are: it must stand in the folder that they are relative to.
///
/// The suite is run before it is handed out. An action that fails is expected to fail, with its
/// error; a case that does not pass then is a comment.
///
/// # Errors
/// A [`Problem`] for each thing that is wrong with a rule or with the cloud that the files make,
/// and one if there are no rules.
pub fn draft(
    files: &[String],
    settings: &Settings,
    deployment: &Deployment,
) -> Result<Draft, Vec<Problem>> {
    let mut sketches = sketches(deployment)?;
    for last in [false, true] {
        let draft = write::suite(files, settings, &sketches);
        if draft.cases == 0 {
            return Ok(draft);
        }
        let options = Options { settings: settings.clone(), ..Options::default() };
        let suite = Suite::read("the draft", &draft.text, &settings.base, &options)?;
        let failed = suite.run().cases.into_iter().filter(|case| !case.passed);
        failed.for_each(|case| prove::mend(&mut sketches, &case, last));
    }
    Ok(write::suite(files, settings, &sketches))
}

/// A message that fires a rule by itself, whatever the time: topic and payload.
pub(crate) fn firing(name: &str, spec: &RuleSpec) -> Option<(String, Value)> {
    let deployed = DeployedRule {
        name: name.to_owned(),
        spec: spec.clone(),
        payload: serde_json::Value::Null,
        sql_at: (0, 0),
        origin: Origin::default(),
    };
    let (rule, _) = spec.compile().ok()?;
    let compiled = Compiled { deployed: &deployed, survey: rule.survey(), rule };
    if compiled.survey.is_external() {
        return None;
    }
    let message = search::Search::new(&compiled, &Deployment::default()).firing()?;
    Some((message.topic, message.payload))
}

/// What was found for each rule, before a suite has run.
fn sketches(deployment: &Deployment) -> Result<Vec<Sketch<'_>>, Vec<Problem>> {
    let rules = compile(deployment)?;
    let cascade = Cascade::new(&rules);
    Ok((0..rules.len()).map(|index| sketch(index, &rules, &cascade, deployment)).collect())
}

/// A rule with all that is asked of it.
struct Compiled<'d> {
    deployed: &'d DeployedRule,
    rule: Rule,
    survey: Survey,
}

/// A message.
#[derive(Clone, Debug, PartialEq)]
struct Message {
    /// What the client publishes on.
    topic: String,
    payload: Value,
}

/// What was found for a rule.
struct Sketch<'d> {
    deployed: &'d DeployedRule,
    /// A message that fires it, and the output; no output where it depends on more than the
    /// message.
    firing: Result<(Message, Option<Value>), String>,
    /// A message that does not.
    silent: Result<Message, String>,
    /// Actions that fail for the firing message, by kind, with their error.
    failures: Vec<(String, String)>,
}

impl Sketch<'_> {
    fn firing_name(&self) -> String {
        format!("{} fires", self.deployed.name)
    }

    fn silent_name(&self) -> String {
        format!("{} is silent", self.deployed.name)
    }
}

/// The client of all messages. Source: `suite`, the client of a step that names none.
const CLIENT: &str = "tester";

/// When cases begin, unless a suite says so: 2024-01-01.
const START_MILLIS: i64 = 1_704_067_200_000;

fn compile(deployment: &Deployment) -> Result<Vec<Compiled<'_>>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut rules = Vec::new();
    for deployed in &deployment.rules {
        match deployed.spec.compile() {
            Ok((rule, _)) => rules.push(Compiled { deployed, survey: rule.survey(), rule }),
            Err(diagnostics) => problems.extend(deployed.sql_problems(&diagnostics)),
        }
    }
    if rules.is_empty() && problems.is_empty() {
        let expected = "a file with a rule";
        problems.push(Problem::of_file("the input", "no rules", expected));
    }
    if problems.is_empty() { Ok(rules) } else { Err(problems) }
}

fn context(topic: &str, later: bool) -> Context<'_> {
    let now = Timestamp::from_millis(START_MILLIS + if later { LATER_MILLIS } else { 0 });
    let topic = cascade::after_basic_ingest(topic);
    Context { client_id: Some(CLIENT), ..Context::new(topic, now) }
}

/// Another time, to see whether a rule's output depends on it.
const LATER_MILLIS: i64 = 3_723_004;

fn sketch<'d>(
    index: usize,
    rules: &[Compiled<'d>],
    cascade: &Cascade<'_, 'd>,
    deployment: &Deployment,
) -> Sketch<'d> {
    let compiled = &rules[index];
    let deployed = compiled.deployed;
    let refused = |why: &str| Sketch {
        deployed,
        firing: Err(why.to_owned()),
        silent: Err(why.to_owned()),
        failures: Vec::new(),
    };
    if deployed.spec.disabled {
        return refused("the rule is disabled: it takes no messages");
    }
    if compiled.survey.is_external() {
        return refused("it asks another service: declare what that answers, and write cases");
    }
    let filter = compiled.rule.filter().map(|filter| filter.as_str());
    if filter.is_some_and(|filter| filter.starts_with('$')) {
        return refused("it hears a reserved topic, on which the service publishes and no client");
    }
    let mut search = search::Search::new(compiled, deployment);
    let firing = search.firing().filter(|message| cascade.times(index, message) == Some(1));
    let Some(firing) = firing else {
        let silent = search.quiet(None).filter(|quiet| cascade.times(index, quiet) == Some(0));
        let why = "no message was found that fires it, once and by itself";
        return Sketch {
            deployed,
            firing: Err(why.to_owned()),
            silent: silent.ok_or_else(|| SILENT_NOT_FOUND.to_owned()),
            failures: Vec::new(),
        };
    };
    let silent = search.quiet(Some(&firing));
    let silent = silent.filter(|quiet| cascade.times(index, quiet) == Some(0));
    let output = compiled.output(&firing);
    Sketch {
        deployed,
        firing: Ok((firing, output)),
        silent: silent.ok_or_else(|| SILENT_NOT_FOUND.to_owned()),
        failures: Vec::new(),
    }
}

const SILENT_NOT_FOUND: &str = "no message was found for which it is silent";

impl Compiled<'_> {
    /// Whether a message fires the rule, whatever the time.
    fn fires(&self, message: &Message) -> bool {
        [false, true].into_iter().all(|later| self.evaluate(message, later).is_some())
    }

    /// Whether a message does not fire the rule, whatever the time.
    fn is_silent(&self, message: &Message) -> bool {
        [false, true].into_iter().all(|later| {
            matches!(
                self.rule.evaluate(&message.payload, &context(&message.topic, later)),
                Ok(None)
            )
        })
    }

    fn evaluate(&self, message: &Message, later: bool) -> Option<Value> {
        self.rule.evaluate(&message.payload, &context(&message.topic, later)).ok().flatten()
    }

    /// What the rule writes, if that is a value which the message alone decides.
    fn output(&self, message: &Message) -> Option<Value> {
        let calls = &self.survey.calls;
        if calls.iter().any(|call| CIRCUMSTANCES.contains(&call.name.as_str())) {
            return None;
        }
        let output = self.evaluate(message, false)?;
        let again = self.evaluate(message, true)?;
        (output == again && output != Value::Undefined).then_some(output)
    }
}

/// Functions of what surrounds a message, which differs from one run to the next.
const CIRCUMSTANCES: [&str; 9] = [
    "accountid",
    "get_mqtt_property",
    "get_user_properties",
    "newuuid",
    "principal",
    "rand",
    "sourceip",
    "timestamp",
    "traceid",
];

#[cfg(test)]
mod tests;
