//! A recorded run read again: its scenario, its rules compiled as they ran, and which actions
//! belong to which match.

use crate::error::EngineError;
use crate::manifest::Manifest;
use crate::scenario::{Overrides, Scenario};
use crate::worlds;
use fieldmirror_cloud::outputs::Outcome;
use fieldmirror_cloud::rule_spec::RuleSpec;
use fieldmirror_cloud::topic_trie::TopicTrie;
use fieldmirror_rules::rule::Rule;
use fieldmirror_tables::dictionary::{Dictionary, Key};
use fieldmirror_tables::read::{self, Batches, TableReader};
use fieldmirror_tables::{Table, TablesError};
use std::path::Path;

/// What a run directory says about what was run.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) scenario: Scenario,
    /// By number, as in the core.
    pub(crate) rules: Vec<RecordedRule>,
    /// The FROMs of rules that are not disabled.
    routes: TopicTrie<u16>,
}

/// A rule as it ran.
#[derive(Debug)]
pub(crate) struct RecordedRule {
    pub(crate) name: String,
    pub(crate) spec: RuleSpec,
    pub(crate) rule: Rule,
}

impl Recorded {
    /// Opens the run directory `run`.
    ///
    /// # Errors
    /// [`EngineError::NotARun`] if it is none, [`EngineError::Scenario`] if its scenario or rules
    /// are not what this program runs.
    pub(crate) fn open(run: &Path) -> Result<Self, EngineError> {
        // The manifest is read first: it says best what a wrong directory lacks.
        Manifest::read(run)?;
        let path = run.join("scenario.arrow");
        let scenario = Scenario::load(&path, &Overrides::default())?;
        let mut rules = Vec::new();
        let mut routes = TopicTrie::default();
        if let Some(register) = scenario.registers.first() {
            for (name, spec) in worlds::cloud_spec(&scenario, register)?.rules {
                let rule = Rule::compile(&spec.sql, spec.version).map_err(|diagnostics| {
                    let all: Vec<String> =
                        diagnostics.iter().map(|d| d.render(&spec.sql)).collect();
                    let problems = vec![format!("rule `{name}`: {}", all.join("\n"))];
                    EngineError::Scenario { path: path.clone(), problems }
                })?;
                if let Some(filter) = rule.filter().filter(|_| !spec.disabled) {
                    // The core takes as many rules as this number holds.
                    routes.insert(filter, rules.len() as u16);
                }
                rules.push(RecordedRule { name, spec, rule });
            }
        }
        Ok(Self { scenario, rules, routes })
    }

    /// The numbers of the rules that a message on `topic` is evaluated by, and the topic as they
    /// see it.
    pub(crate) fn heard<'a>(&self, topic: &'a str) -> (Vec<u16>, &'a str) {
        if let Some((name, rest)) = basic_ingest(topic) {
            let is_named = |rule: &RecordedRule| rule.name == name && !rule.spec.disabled;
            let number = self.rules.iter().position(is_named);
            return (number.map(|number| number as u16).into_iter().collect(), rest);
        }
        let mut numbers = Vec::new();
        self.routes.matches(topic, &mut numbers);
        (numbers, topic)
    }

    /// The number of the rule called `name`.
    pub(crate) fn rule_number(&self, name: &str) -> Option<u16> {
        self.rules.iter().position(|rule| rule.name == name).map(|number| number as u16)
    }
}

/// The rule and the rest of a Basic Ingest topic `$aws/rules/<rule>/<rest>`.
pub(crate) fn basic_ingest(topic: &str) -> Option<(&str, &str)> {
    topic.strip_prefix("$aws/rules/")?.split_once('/')
}

/// Whether an action that ended with `outcome` failed, so that the rule's error action ran.
pub(crate) fn is_failure(outcome: &str) -> bool {
    Outcome::ALL.into_iter().any(|known| known.name() == outcome && known.is_failure())
}

/// A row of `rule_matches`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Match {
    /// Row of the table, from 0.
    pub(crate) row: u64,
    /// The rule's number.
    pub(crate) rule: u16,
    /// Key of the principal in [`Matches::principals`]; [`Key::ABSENT`] if there is none.
    pub(crate) principal: i32,
}

/// The rows of `rule_matches`, one after the other, a batch in memory.
#[derive(Debug)]
pub(crate) struct Matches {
    reader: TableReader,
    next_group: usize,
    batches: Option<Batches>,
    rules: Dictionary,
    principals: Dictionary,
    /// Of the batch, the next row last.
    waiting: Vec<(i32, i32)>,
    row: u64,
}

impl Matches {
    pub(crate) fn open(run: &Path) -> Result<Self, EngineError> {
        let reader = TableReader::open_table(run, Table::RuleMatches)?;
        Ok(Self {
            reader: reader.project(&["rule", "principal"])?,
            next_group: 0,
            batches: None,
            rules: Dictionary::default(),
            principals: Dictionary::default(),
            waiting: Vec::new(),
            row: 0,
        })
    }

    /// The words behind [`Match::principal`].
    pub(crate) fn principal(&self, of: Match) -> Option<&str> {
        (of.principal != Key::ABSENT)
            .then(|| self.principals.word(Key::new(of.principal as u32)))
            .flatten()
    }

    /// The next row.
    pub(crate) fn next(&mut self, recorded: &Recorded) -> Result<Option<Match>, EngineError> {
        while self.waiting.is_empty() {
            if !self.refill()? {
                return Ok(None);
            }
        }
        let Some((rule, principal)) = self.waiting.pop() else { return Ok(None) };
        let name = self.rules.word(Key::new(rule as u32)).unwrap_or_default();
        let rule = recorded.rule_number(name).ok_or_else(|| EngineError::NotARun {
            path: self.reader_path(),
            why: format!("rule_matches names the rule `{name}`, which its scenario has not"),
        })?;
        let row = self.row;
        self.row += 1;
        Ok(Some(Match { row, rule, principal }))
    }

    fn reader_path(&self) -> std::path::PathBuf {
        Table::RuleMatches.file().into()
    }

    /// Decodes the next batch; false at the end.
    fn refill(&mut self) -> Result<bool, TablesError> {
        loop {
            if let Some(batch) = self.batches.as_mut().and_then(Iterator::next) {
                let batch = batch?;
                let rules = read::keys(&batch, "rule", &mut self.rules)?;
                let principals = read::keys(&batch, "principal", &mut self.principals)?;
                self.waiting.extend(rules.into_iter().zip(principals).rev());
                return Ok(true);
            }
            if self.next_group == self.reader.groups() {
                return Ok(false);
            }
            self.batches = Some(self.reader.group(self.next_group)?);
            self.next_group += 1;
        }
    }
}

/// Says for each row of `actions` which match it belongs to.
///
/// The core writes a match and at once its actions: one row each, and one for the error action if
/// any failed. Both tables keep that order, so they go in step.
#[derive(Debug)]
pub(crate) struct Pairing {
    pub(crate) matches: Matches,
    current: Option<Match>,
    taken: usize,
    failed: bool,
}

impl Pairing {
    pub(crate) fn open(run: &Path) -> Result<Self, EngineError> {
        let matches = Matches::open(run)?;
        Ok(Self { matches, current: None, taken: 0, failed: false })
    }

    /// The match of the next row of `actions`, whose rule is `rule`; `None` if the tables do not go
    /// in step, which those of a run do.
    ///
    /// # Errors
    /// [`EngineError::Tables`] if the table is damaged.
    pub(crate) fn owner(
        &mut self,
        recorded: &Recorded,
        rule: u16,
        failed: bool,
    ) -> Result<Option<Match>, EngineError> {
        loop {
            if let Some(current) = self.current {
                let spec = &recorded.rules[usize::from(current.rule)].spec;
                let with_error = usize::from(self.failed && spec.error_action.is_some());
                if self.taken < spec.actions.len() + with_error {
                    self.taken += 1;
                    self.failed |= failed;
                    return Ok((current.rule == rule).then_some(current));
                }
            }
            let Some(next) = self.matches.next(recorded)? else { return Ok(None) };
            (self.current, self.taken, self.failed) = (Some(next), 0, false);
        }
    }
}
