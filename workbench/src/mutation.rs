//! Which small mistakes a suite would not notice.
//!
//! ```text
//! suite -> for each rule: mutants of its SQL (rules), its actions dropped or turned elsewhere
//!       -> the suite over the changed rules, until a case fails: killed
//!       -> else a message on which rule and mutant part: survived
//!       -> survived as well where none is found: that none was found proves nothing
//!       -> equivalent only if that follows from the two statements
//! ```
//!
//! A message is only proposed after both statements were evaluated on it, and at least one of them
//! fires: it starts from a message of the suite's own cases, or one found to fire the rule, with the
//! values that the mutant names put in ([`Mutant::boundary`]), then with numbers, texts, null or
//! nothing in the place of one field after the other, also inside lists, and with the numbers at
//! which the rule turns from silence to firing.
//!
//! Of an action, the names of its targets are changed as well: table, function, topic, queue.
//!
//! What it does not do: policies are not changed.

mod actions;
mod render;
mod values;
mod witness;

pub use render::Format;

use crate::init;
use crate::suite::{Act, Suite};
use fieldmirror_cloud::error::CloudError;
use fieldmirror_cloud::rule_spec::RuleSpec;
use fieldmirror_rules::mutate::Mutant;
use fieldmirror_rules::rule::Rule;
use fieldmirror_rules::value::Value;

/// What became of all mutants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// How many a case noticed.
    pub killed: usize,
    /// Those that no case noticed; most with a message that tells them apart.
    pub survivors: Vec<Survivor>,
    /// Those that no case can notice, as follows from the statements themselves.
    pub equivalent: Vec<Survivor>,
    /// What a reader should know of the suites: what they have that is not evaluated.
    pub notes: Vec<String>,
}

/// A mutant that no case noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survivor {
    /// The suite's file.
    pub suite: String,
    /// The rule's name.
    pub rule: String,
    /// What was changed, as a word: `threshold`, `dropped action`.
    pub kind: String,
    /// The change in a line.
    pub description: String,
    /// The changed statement; the rule's own where an action was dropped.
    pub sql: String,
    /// A message on which the two part, if one was found.
    pub witness: Option<Witness>,
}

/// A message that tells a rule from its mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Where it is published.
    pub topic: String,
    /// Its payload as JSON.
    pub payload: String,
    /// What the rule does with it: `fires with {...}`, `is silent`, `does not hear it`.
    pub rule: String,
    /// What the mutant does with it.
    pub mutant: String,
}

/// Why mutants of a suite tell nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MutationError {
    /// A case fails over the rules as they are.
    #[error(
        "{suite}:{line}: the case `{case}` fails over the rules as they are; expected a suite that \
         passes: mend it first, `rules test` explains it"
    )]
    Failing {
        /// The suite's file.
        suite: String,
        /// The case's line.
        line: usize,
        /// The case's name.
        case: String,
    },
    /// Rules with a change do not load, which their mutants promise.
    #[error("rule `{rule}`, {change}: {source}")]
    Rules {
        /// The rule's name.
        rule: String,
        /// The change.
        change: String,
        /// What the core said.
        source: Box<CloudError>,
    },
}

/// Runs `suite` over every mutant of its rules.
///
/// # Errors
/// [`MutationError::Failing`] if it does not pass as it is.
pub fn mutate(suite: &Suite) -> Result<Outcome, MutationError> {
    if let Some(case) = suite.run().cases.into_iter().find(|case| !case.passed) {
        return Err(MutationError::Failing { suite: case.suite, line: case.line, case: case.name });
    }
    let messages = messages(suite);
    let mut outcome = Outcome { notes: suite.notes.clone(), ..Outcome::default() };
    for (at, (name, spec)) in suite.rules().iter().enumerate() {
        // A rule of a loaded suite compiles.
        let Ok((rule, _)) = spec.compile() else { continue };
        let firing: Vec<_> = init::firing(name, spec).into_iter().collect();
        for mutant in rule.mutants() {
            let changed = RuleSpec { sql: mutant.sql.clone(), ..spec.clone() };
            if notices(suite, at, changed, &mutant.description)? {
                outcome.killed += 1;
            } else {
                outcome.survives(suite, name, (&rule, &mutant), (&messages, &firing));
            }
        }
        // The action of a statement under `sql:` is none of the user's.
        let actions = if suite.is_inline(name) { Vec::new() } else { actions::mutants(spec) };
        for (kind, description, changed) in actions {
            match notices(suite, at, changed, &description) {
                Ok(true) => outcome.killed += 1,
                Ok(false) => {
                    let fires = messages.iter().find_map(|sent| witness::firing(&rule, sent));
                    outcome.survivors.push(Survivor {
                        suite: suite.file.clone(),
                        rule: name.clone(),
                        kind: kind.to_owned(),
                        description,
                        sql: spec.sql.clone(),
                        witness: fires,
                    });
                }
                // A core that refuses the changed rule would have told before any test.
                Err(MutationError::Rules { .. }) => {}
                Err(other) => return Err(other),
            }
        }
    }
    Ok(outcome)
}

/// Whether a case fails over the suite's rules with one changed.
fn notices(
    suite: &Suite,
    at: usize,
    changed: RuleSpec,
    description: &str,
) -> Result<bool, MutationError> {
    let mut rules = suite.rules().to_vec();
    rules[at].1 = changed;
    let rule = rules[at].0.clone();
    let mutated = suite.with_rules(rules).map_err(|source| MutationError::Rules {
        rule,
        change: description.to_owned(),
        source: Box::new(source),
    })?;
    Ok(mutated.cases.iter().any(|case| !mutated.run_case(case).passed))
}

/// A message of a case: topic and payload.
pub(crate) struct Sent {
    topic: String,
    payload: Vec<u8>,
}

/// The different messages that the suite's cases publish.
fn messages(suite: &Suite) -> Vec<Sent> {
    let mut sent: Vec<Sent> = Vec::new();
    for step in suite.cases.iter().flat_map(|case| &case.steps) {
        let Act::Publish { topic, payload, .. } = &step.act else { continue };
        let is_known = |known: &Sent| known.topic == *topic && known.payload == *payload;
        if !sent.iter().any(is_known) {
            sent.push(Sent { topic: topic.clone(), payload: payload.clone() });
        }
    }
    sent
}

impl Outcome {
    fn survives(
        &mut self,
        suite: &Suite,
        name: &str,
        (rule, mutant): (&Rule, &Mutant),
        (messages, firing): (&[Sent], &[(String, Value)]),
    ) {
        // Each mutant compiles.
        let changed = rule.compile_alike(&mutant.sql).ok();
        let witness = changed.as_ref().and_then(|changed| {
            let told = witness::parting(rule, changed, mutant, messages, firing);
            told.or_else(|| {
                // Where nothing fires the rule, something may fire the mutant.
                let spec = suite.rules().iter().find(|(other, _)| other == name)?;
                let spec = RuleSpec { sql: mutant.sql.clone(), ..spec.1.clone() };
                let firing = [init::firing(name, &spec)?];
                witness::parting(rule, changed, mutant, &[], &firing)
            })
        });
        let is_equivalent = witness.is_none()
            && changed.as_ref().is_some_and(|changed| witness::is_equivalent(rule, changed));
        let survivor = Survivor {
            suite: suite.file.clone(),
            rule: name.to_owned(),
            kind: mutant.kind.as_str().to_owned(),
            description: mutant.description.clone(),
            sql: mutant.sql.clone(),
            witness,
        };
        if is_equivalent {
            self.equivalent.push(survivor);
        } else {
            self.survivors.push(survivor);
        }
    }

    /// Adds what became of another suite's mutants.
    pub fn extend(&mut self, other: Self) {
        self.killed += other.killed;
        self.survivors.extend(other.survivors);
        self.equivalent.extend(other.equivalent);
        self.notes.extend(other.notes);
    }

    /// The exit code: 1 if a mutant survived. What is equivalent does not count.
    pub fn exit_code(&self) -> u8 {
        u8::from(!self.survivors.is_empty())
    }
}

#[cfg(test)]
mod tests;
