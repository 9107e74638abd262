//! One row group: which rows each rule fires on.

use super::source::{Source, TopicOf};
use super::tally::{Example, Side, Tally};
use super::{BacktestOptions, BacktestRule};
use crate::error::EngineError;
use fieldmirror_core::time::Timestamp;
use fieldmirror_rules::columns::{Column, ColumnFilter, ColumnKind, Values, row};
use fieldmirror_rules::context::Context;
use fieldmirror_rules::error::RulesError;
use fieldmirror_rules::rule::{Output, Rule, SqlVersion};
use fieldmirror_rules::value::Value;
use fieldmirror_tables::scan::{ScanBatch, ScanColumn, ScanGroup, ScanKind, ScanValues};
use std::collections::BTreeMap;

/// The work of a backtest, the same for every row group.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    /// The rules that are tried, then those that they are compared with.
    pub(super) rules: Vec<Planned<'a>>,
    /// How many are tried.
    pub(super) tried: usize,
    /// Namesakes, by name.
    pub(super) pairs: Vec<Pair>,
    pub(super) examples: usize,
    /// The columns to read.
    columns: Vec<String>,
}

/// A rule and how it is evaluated.
#[derive(Debug)]
pub(super) struct Planned<'a> {
    pub(super) rule: &'a BacktestRule,
    /// Its WHERE over columns, if they can answer it.
    pub(super) filter: Option<ColumnFilter>,
}

/// A rule's name and where the two versions have it.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) name: String,
    pub(super) tried: Option<usize>,
    pub(super) other: Option<usize>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(
        source: &Source,
        rules: &'a [BacktestRule],
        against: Option<&'a [BacktestRule]>,
        options: &BacktestOptions,
    ) -> Self {
        let kind = |name: &str| source.scan.kind(name).map(column_kind);
        let others = against.unwrap_or_default();
        let over_rows = source.is_messages || options.by_rows;
        let planned = rules.iter().chain(others).map(|rule| {
            let filter = if over_rows { None } else { rule.rule.over_columns(&kind) };
            Planned { rule, filter }
        });
        let planned: Vec<_> = planned.collect();
        let pairs = if against.is_some() { pairs(rules, others) } else { Vec::new() };
        let by_row = planned.iter().any(|rule| rule.filter.is_none()) || against.is_some();
        let mut columns: Vec<String> = Vec::new();
        let extra = source.topic.column().into_iter().chain(source.device.as_deref());
        let extra = extra.chain(source.time.as_deref()).map(str::to_owned);
        let filters = planned.iter().filter_map(|rule| rule.filter.as_ref());
        let wanted = extra.chain(filters.flat_map(|filter| filter.columns().to_vec()));
        let all = source.scan.columns().iter().map(|(name, _)| name.clone());
        let payload = source.is_messages.then(|| "payload".to_owned());
        let rest: Box<dyn Iterator<Item = String>> = match source.is_messages {
            false if by_row => Box::new(all),
            _ => Box::new(payload.into_iter()),
        };
        for name in wanted.chain(rest) {
            if !columns.contains(&name) {
                columns.push(name);
            }
        }
        Self { rules: planned, tried: rules.len(), pairs, examples: options.examples, columns }
    }

    /// What a reader of the figures must know.
    pub(super) fn notes(&self, source: &Source) -> Vec<String> {
        let mut notes = Vec::new();
        if matches!(source.topic, TopicOf::Unknown) {
            notes.push(
                "the rows have no topic: FROM was not checked, every row was offered to every \
                 rule; say --topic COLUMN or --topic 'farm/${device}/data'"
                    .to_owned(),
            );
        }
        if source.device.is_none() {
            notes.push("no column names the device; say --device COLUMN".to_owned());
        }
        if source.time.is_none() {
            notes.push("no column has the time; say --time COLUMN".to_owned());
        }
        notes
    }

    fn place(&self, name: Option<&str>) -> Option<usize> {
        self.columns.iter().position(|column| Some(column.as_str()) == name)
    }
}

fn pairs(rules: &[BacktestRule], others: &[BacktestRule]) -> Vec<Pair> {
    let mut pairs: BTreeMap<&str, (Option<usize>, Option<usize>)> = BTreeMap::new();
    for (at, rule) in rules.iter().enumerate() {
        pairs.entry(&rule.name).or_default().0 = Some(at);
    }
    for (at, rule) in others.iter().enumerate() {
        pairs.entry(&rule.name).or_default().1 = Some(rules.len() + at);
    }
    let pair = |(name, (tried, other)): (&str, _)| Pair { name: name.to_owned(), tried, other };
    pairs.into_iter().map(pair).collect()
}

const fn column_kind(kind: ScanKind) -> ColumnKind {
    match kind {
        ScanKind::Int64 | ScanKind::Millis => ColumnKind::Int64,
        ScanKind::Float64 => ColumnKind::Float64,
        ScanKind::Float32 => ColumnKind::Float32,
        ScanKind::Bool => ColumnKind::Bool,
        ScanKind::Text => ColumnKind::Text,
        ScanKind::Json => ColumnKind::Other,
    }
}

/// The counts of one row group.
pub(super) fn tally(
    plan: &Plan<'_>,
    source: &Source,
    group: ScanGroup,
) -> Result<Tally, EngineError> {
    let mut tally = Tally::new(plan);
    let names: Vec<&str> = plan.columns.iter().map(String::as_str).collect();
    let mut fired = vec![Vec::new(); plan.rules.len()];
    source.scan.read(group, &names, |_, batch| {
        let rows = Rows::new(plan, source, batch);
        for (at, mask) in fired.iter_mut().enumerate() {
            rows.evaluate(at, mask, &mut tally);
        }
        rows.compare(&fired, &mut tally);
        Ok::<(), EngineError>(())
    })?;
    Ok(tally)
}

/// The rows of a batch.
struct Rows<'a> {
    plan: &'a Plan<'a>,
    source: &'a Source,
    rows: usize,
    columns: Vec<&'a ScanColumn>,
    /// The words of each column of texts.
    words: Vec<Vec<&'a str>>,
}

impl<'a> Rows<'a> {
    fn new(plan: &'a Plan<'a>, source: &'a Source, batch: &'a ScanBatch) -> Self {
        let columns: Vec<_> = batch.columns().iter().collect();
        let words = columns.iter().map(|column| column.words()).collect();
        Self { plan, source, rows: batch.rows(), columns, words }
    }

    /// The column at `place`, as the rules see it; `None` if it has no plain kind.
    fn column(&self, place: usize) -> Option<Column<'_>> {
        let column = self.columns[place];
        let values = match &column.values {
            ScanValues::Int64(values) => Values::Int64(values),
            ScanValues::Float64(values) => Values::Float64(values),
            ScanValues::Float32(values) => Values::Float32(values),
            ScanValues::Bool(values) => Values::Bool(values),
            ScanValues::Text { codes, .. } => Values::Text { codes, words: &self.words[place] },
            ScanValues::Json(_) => return None,
        };
        Some(Column { values, valid: column.valid.as_deref() })
    }

    /// Which rows the rule at `at` fires on, counted.
    fn evaluate(&self, at: usize, fired: &mut Vec<u8>, tally: &mut Tally) {
        let planned = &self.plan.rules[at];
        let heard = self.heard(&planned.rule.rule);
        let mut failures = (0, None);
        match &planned.filter {
            Some(filter) => {
                let place = |name: &String| self.plan.place(Some(name)).unwrap_or_default();
                let columns = filter.columns().iter().filter_map(|name| self.column(place(name)));
                filter.evaluate(&columns.collect::<Vec<_>>(), self.rows, fired);
                if let Some(heard) = &heard {
                    fired.iter_mut().zip(heard).for_each(|(fired, heard)| *fired &= heard);
                }
            }
            None => {
                fired.clear();
                fired.extend((0..self.rows).map(|row| {
                    if heard.as_ref().is_some_and(|heard| heard[row] == 0) {
                        return 0;
                    }
                    match self.output(&planned.rule.rule, row) {
                        Ok(output) => u8::from(output.is_some()),
                        Err(error) => {
                            failures.0 += 1;
                            failures.1.get_or_insert_with(|| error.to_string());
                            0
                        }
                    }
                }));
            }
        }
        let counts = &mut tally.rules[at];
        counts.evaluated += match &heard {
            Some(heard) => heard.iter().map(|&heard| u64::from(heard)).sum(),
            None => self.rows as u64,
        };
        counts.evaluated_steps += self.steps(heard.as_deref());
        counts.failed += failures.0;
        counts.first_failure = counts.first_failure.take().or(failures.1);
        let firings: u64 = fired.iter().map(|&fired| u64::from(fired)).sum();
        if firings > 0 {
            counts.fired += firings;
            self.by_device(fired, &mut counts.devices);
            self.by_day(fired, &mut counts.days);
        }
    }

    /// Steps of 5 KiB of the messages that were heard.
    fn steps(&self, heard: Option<&[u8]>) -> u64 {
        const STEP: usize = 5 * 1024;
        let is_heard = |row: usize| heard.is_none_or(|heard| heard[row] == 1);
        let Some(payload) = self.plan.place(Some("payload")).filter(|_| self.source.is_messages)
        else {
            // A row's JSON is taken to fit one step.
            return heard.map_or(self.rows as u64, |heard| {
                heard.iter().map(|&heard| u64::from(heard)).sum()
            });
        };
        let size = |row: usize| self.text(payload, row).map_or(0, str::len);
        let steps = (0..self.rows).filter(|&row| is_heard(row));
        steps.map(|row| size(row).div_ceil(STEP).max(1) as u64).sum()
    }

    /// Which rows' topics FROM matches; `None` if all of them, or if topics are not known.
    fn heard(&self, rule: &Rule) -> Option<Vec<u8>> {
        // A rule without FROM hears nothing but Basic Ingest.
        let matches =
            |topic: &str| u8::from(rule.filter().is_some_and(|filter| filter.matches(topic)));
        match &self.source.topic {
            TopicOf::Unknown => None,
            TopicOf::Fixed(topic) => Some(vec![matches(topic); self.rows]),
            topic => {
                let place = self.plan.place(topic.column())?;
                let ScanValues::Text { codes, .. } = &self.columns[place].values else {
                    return None;
                };
                const UNKNOWN: u8 = 2;
                let mut by_word = vec![UNKNOWN; self.words[place].len()];
                let heard = (0..self.rows).map(|row| {
                    let Some(word) = self.text(place, row) else { return 0 };
                    let known = &mut by_word[codes[row] as usize];
                    if *known == UNKNOWN {
                        *known = topic.of(word).map_or(0, |topic| matches(&topic));
                    }
                    *known
                });
                Some(heard.collect())
            }
        }
    }

    /// The text of a row, if it has one.
    fn text(&self, place: usize, row: usize) -> Option<&str> {
        let column = self.columns[place];
        let ScanValues::Text { codes, .. } = &column.values else { return None };
        if column.valid.as_ref().is_some_and(|valid| valid[row] == 0) {
            return None;
        }
        self.words[place].get(codes[row] as usize).copied()
    }

    fn by_device(&self, fired: &[u8], devices: &mut BTreeMap<String, u64>) {
        let Some(place) = self.plan.place(self.source.device.as_deref()) else { return };
        let rows = fired.iter().enumerate().filter(|(_, fired)| **fired == 1);
        if let ScanValues::Text { codes, .. } = &self.columns[place].values {
            let mut by_word = vec![0; self.words[place].len()];
            for (row, _) in rows {
                if let Some(count) = by_word.get_mut(codes[row] as usize)
                    && self.text(place, row).is_some()
                {
                    *count += 1;
                }
            }
            for (word, count) in self.words[place].iter().zip(by_word).filter(|(_, n)| *n > 0) {
                *devices.entry((*word).to_owned()).or_default() += count;
            }
            return;
        }
        for (row, _) in rows {
            if let Some(device) = self.device(row) {
                *devices.entry(device).or_default() += 1;
            }
        }
    }

    fn by_day(&self, fired: &[u8], days: &mut BTreeMap<i64, u64>) {
        // Rows lie in order of time mostly: a day's rows are counted before the map is asked.
        let mut run: Option<(i64, u64)> = None;
        for (row, _) in fired.iter().enumerate().filter(|(_, fired)| **fired == 1) {
            let Some(day) = self.millis(row).map(|ms| ms.div_euclid(DAY_MS)) else { continue };
            match &mut run {
                Some((current, count)) if *current == day => *count += 1,
                _ => {
                    if let Some((day, count)) = run.replace((day, 1)) {
                        *days.entry(day).or_default() += count;
                    }
                }
            }
        }
        if let Some((day, count)) = run {
            *days.entry(day).or_default() += count;
        }
    }

    fn device(&self, row: usize) -> Option<String> {
        let place = self.plan.place(self.source.device.as_deref())?;
        match (&self.columns[place].values, self.text(place, row)) {
            (_, Some(text)) => Some(text.to_owned()),
            (ScanValues::Int64(values), _) => {
                self.is_there(place, row).then(|| values[row].to_string())
            }
            _ => None,
        }
    }

    fn millis(&self, row: usize) -> Option<i64> {
        let place = self.plan.place(self.source.time.as_deref())?;
        let ScanValues::Int64(values) = &self.columns[place].values else { return None };
        self.is_there(place, row).then(|| to_millis(values[row]))
    }

    fn is_there(&self, place: usize, row: usize) -> bool {
        self.columns[place].valid.as_ref().is_none_or(|valid| valid[row] == 1)
    }

    /// What the rule hands to its actions for a row; `None` if WHERE is not true.
    fn output(&self, rule: &Rule, at: usize) -> Result<Option<Output>, RulesError> {
        let now = Timestamp::from_millis(self.millis(at).unwrap_or(0));
        let topic = match &self.source.topic {
            TopicOf::Fixed(topic) => topic.clone(),
            topic => {
                let place = self.plan.place(topic.column());
                let word = place.and_then(|place| self.text(place, at));
                word.and_then(|word| topic.of(word)).unwrap_or_default()
            }
        };
        let device = self.device(at);
        let context = Context {
            client_id: device.as_deref(),
            principal: device.as_deref(),
            ..Context::new(&topic, now)
        };
        if self.source.is_messages {
            let place = self.plan.place(Some("payload"));
            let payload = place.and_then(|place| self.text(place, at)).unwrap_or_default();
            return rule.evaluate_bytes(payload.as_bytes(), &context);
        }
        let payload = self.payload(at, rule.version());
        Ok(rule.evaluate(&payload, &context)?.map(Output::Value))
    }

    /// The payload that a row stands for.
    fn payload(&self, at: usize, version: SqlVersion) -> Value {
        let plain: Vec<(&str, Column<'_>)> = (0..self.columns.len())
            .filter_map(|place| Some((self.plan.columns[place].as_str(), self.column(place)?)))
            .collect();
        let mut payload = row(&plain, at, version);
        if let Value::Object(object) = &mut payload {
            for (place, column) in self.columns.iter().enumerate() {
                let ScanValues::Json(texts) = &column.values else { continue };
                let value = Value::from_json_for(texts[at].as_bytes(), version);
                if let (true, Ok(value)) = (self.is_there(place, at), value) {
                    object.insert(self.plan.columns[place].as_str(), value);
                }
            }
        }
        payload
    }

    /// Counts where the two versions differ.
    fn compare(&self, fired: &[Vec<u8>], tally: &mut Tally) {
        for (pair, counts) in self.plan.pairs.iter().zip(&mut tally.pairs) {
            let is_fired = |at: Option<usize>, row: usize| at.is_some_and(|at| fired[at][row] == 1);
            for row in 0..self.rows {
                let side = match (is_fired(pair.tried, row), is_fired(pair.other, row)) {
                    (false, false) => continue,
                    (true, false) => {
                        counts.only_rules += 1;
                        Side::Rules
                    }
                    (false, true) => {
                        counts.only_against += 1;
                        Side::Against
                    }
                    (true, true) => {
                        counts.both += 1;
                        if !self.outputs_differ(pair, row) {
                            continue;
                        }
                        counts.outputs += 1;
                        Side::Output
                    }
                };
                if counts.wants(side, self.plan.examples) {
                    counts.examples.push(self.example(side, pair, row));
                }
            }
        }
    }

    /// Whether two rules that both fire hand on different outputs.
    fn outputs_differ(&self, pair: &Pair, row: usize) -> bool {
        let (Some(tried), Some(other)) = (pair.tried, pair.other) else { return false };
        let (tried, other) = (&self.plan.rules[tried].rule.rule, &self.plan.rules[other].rule.rule);
        if tried.sql() == other.sql() && tried.version() == other.version() {
            return false;
        }
        self.body(tried, row) != self.body(other, row)
    }

    /// What a rule that fires hands to its actions, as text.
    fn body(&self, rule: &Rule, row: usize) -> Option<String> {
        Some(match self.output(rule, row).ok()?? {
            Output::Payload => self.payload_text(row),
            Output::Value(value) => String::from_utf8_lossy(&value.to_json()).into_owned(),
        })
    }

    fn payload_text(&self, row: usize) -> String {
        if self.source.is_messages {
            let place = self.plan.place(Some("payload"));
            return place.and_then(|place| self.text(place, row)).unwrap_or_default().to_owned();
        }
        let payload = self.payload(row, SqlVersion::V2016_03_23);
        String::from_utf8_lossy(&payload.to_json()).into_owned()
    }

    fn example(&self, side: Side, pair: &Pair, row: usize) -> Example {
        let body =
            |at: Option<usize>| at.and_then(|at| self.body(&self.plan.rules[at].rule.rule, row));
        Example {
            side,
            device: self.device(row),
            time_ms: self.millis(row),
            payload: self.payload_text(row),
            output: if side == Side::Against { None } else { body(pair.tried) },
            against: if side == Side::Rules { None } else { body(pair.other) },
        }
    }
}

const DAY_MS: i64 = 86_400_000;

/// A count of seconds, milliseconds, microseconds or nanoseconds since 1970 in milliseconds: which
/// of them it is shows in its size, for times from 1973 to 5138.
const fn to_millis(time: i64) -> i64 {
    match time.unsigned_abs() {
        0..100_000_000_000 => time.saturating_mul(1_000),
        100_000_000_000..100_000_000_000_000 => time,
        100_000_000_000_000..100_000_000_000_000_000 => time / 1_000,
        _ => time / 1_000_000,
    }
}
