//! Finds messages for which a rule fires or does not, by evaluating it over candidates.

use super::{Compiled, Message};
use crate::deployment::Deployment;
use fieldmirror_rules::rule::Rule;
use fieldmirror_rules::survey::{Clause, Operand, Path};
use fieldmirror_rules::value::{Decimal, Object, Value};

/// One value of a field; `None` if the field is missing.
type Candidate = Option<Value>;

/// The candidates of a rule.
pub(super) struct Search<'r, 'd> {
    compiled: &'r Compiled<'d>,
    topics: Vec<String>,
    /// Fields that WHERE and SET read, with what they may be; the likeliest first.
    fields: Vec<(Path, Vec<Candidate>)>,
    /// Fields that only SELECT reads, which get a value so that the output shows them.
    others: Vec<(Path, Value)>,
}

/// Messages that are tried for one question.
const TRIES_MAX: usize = 60_000;

/// Candidates of one field.
const CANDIDATES_MAX: usize = 32;

/// Topics of one rule.
const TOPICS_MAX: usize = 32;

impl<'r, 'd> Search<'r, 'd> {
    pub(super) fn new(compiled: &'r Compiled<'d>, deployment: &Deployment) -> Self {
        let survey = &compiled.survey;
        let pool = pool(compiled);
        let mut fields: Vec<(Path, Vec<Candidate>)> = Vec::new();
        let mut others: Vec<(Path, Value)> = Vec::new();
        let decides = |clause: Clause| clause != Clause::Select;
        for read in survey.reads.iter().filter(|read| decides(read.clause)) {
            if !fields.iter().any(|(path, _)| *path == read.path) {
                let candidates = candidates(compiled, &read.path, &pool);
                fields.push((read.path.clone(), candidates));
            }
        }
        for read in &survey.reads {
            let known = fields.iter().any(|(path, _)| path.overlaps(&read.path));
            if !known && !others.iter().any(|(path, _)| path.overlaps(&read.path)) {
                others.push((read.path.clone(), Value::Int(1)));
            }
        }
        for key in table_keys(compiled, deployment) {
            let path = Path(vec![key]);
            let known = fields.iter().any(|(field, _)| field.overlaps(&path));
            if survey.selects_all && !known && !others.iter().any(|(p, _)| p.overlaps(&path)) {
                others.push((path, Value::String("1".to_owned())));
            }
        }
        let paths: Vec<Path> = fields.iter().map(|(path, _)| path.clone()).collect();
        // A path through another one brings it along.
        fields.retain(|(path, _)| {
            !paths.iter().any(|other| other != path && other.0.starts_with(&path.0))
        });
        let topics = topics(compiled, &pool);
        let mut search = Self { compiled, topics, fields, others };
        search.rank();
        search
    }

    /// Puts those candidates first that make most terms of WHERE true, each taken alone.
    fn rank(&mut self) {
        let rule = &self.compiled.rule;
        let Some(condition) = &self.compiled.survey.condition else { return };
        let terms: Vec<Rule> = condition
            .terms()
            .iter()
            .filter_map(|term| {
                let text = rule.sql().get(term.span.clone())?;
                let sql = format!("SELECT 1 AS x FROM 'a' WHERE {text}");
                rule.compile_alike(&sql).ok()
            })
            .collect();
        let topic = self.topics.first().cloned().unwrap_or_default();
        for (path, candidates) in &mut self.fields {
            candidates.sort_by_cached_key(|candidate| {
                let payload = payload([(&*path, candidate.clone())].into_iter());
                let context = super::context(&topic, false);
                let holds = |term: &&Rule| matches!(term.evaluate(&payload, &context), Ok(Some(_)));
                std::cmp::Reverse(terms.iter().filter(holds).count())
            });
        }
    }

    /// A message that fires the rule.
    pub(super) fn firing(&mut self) -> Option<Message> {
        self.find(|compiled, message| compiled.fires(message))
    }

    /// A message that does not fire the rule, as near to `firing` as there is one.
    pub(super) fn quiet(&mut self, firing: Option<&Message>) -> Option<Message> {
        if self.compiled.survey.condition.is_none() {
            return self.unheard(firing?);
        }
        if let Some(firing) = firing {
            for (path, candidates) in &self.fields {
                for candidate in by_boundary(candidates, lookup(&firing.payload, &path.0)) {
                    let mut payload = firing.payload.clone();
                    set(&mut payload, &path.0, candidate.clone());
                    let message = Message { payload, ..firing.clone() };
                    if self.compiled.is_silent(&message) {
                        return Some(message);
                    }
                }
            }
            for topic in &self.topics {
                let message = Message { topic: topic.clone(), ..firing.clone() };
                if self.compiled.is_silent(&message) {
                    return Some(message);
                }
            }
        }
        self.find(|compiled, message| compiled.is_silent(message))
    }

    /// The first message for which `test` holds: all combinations where these are few enough, else
    /// a fixed sample of them.
    fn find(&mut self, test: impl Fn(&Compiled<'_>, &Message) -> bool) -> Option<Message> {
        let sizes: Vec<usize> =
            self.fields.iter().map(|(_, candidates)| candidates.len()).collect();
        let all = sizes.iter().try_fold(1_usize, |all, size| all.checked_mul(*size));
        let all = all.filter(|all| *all <= TRIES_MAX / self.topics.len().max(1));
        let tries = all.unwrap_or(TRIES_MAX / self.topics.len().max(1));
        let mut draw = 0_u64;
        for topic in &self.topics {
            for index in 0..tries {
                let mut rest = index;
                let choice = self.fields.iter().map(|(path, candidates)| {
                    let at = match all {
                        Some(_) => {
                            let at = rest % candidates.len();
                            rest /= candidates.len();
                            at
                        }
                        // The first try takes the likeliest of each.
                        None if index == 0 => 0,
                        None => sample(&mut draw, candidates.len()),
                    };
                    (path, candidates[at].clone())
                });
                let others = self.others.iter().map(|(path, value)| (path, Some(value.clone())));
                let payload = payload(choice.chain(others));
                let message = Message { topic: topic.clone(), payload };
                if test(self.compiled, &message) {
                    return Some(message);
                }
            }
        }
        None
    }

    /// The same message on a topic that FROM does not hear.
    fn unheard(&self, firing: &Message) -> Option<Message> {
        let rule = &self.compiled.rule;
        rule.filter()?;
        let below = format!("{}/below", firing.topic);
        let first = firing.topic.split_once('/').map(|(_, rest)| format!("other/{rest}"));
        let mut topics = [Some(below), first, Some("other".to_owned())].into_iter().flatten();
        let topic = topics.find(|topic| !rule.hears(topic) && topic.matches('/').count() <= 7)?;
        Some(Message { topic, payload: firing.payload.clone() })
    }
}

/// SplitMix64 with a fixed seed, so that a suite is the same each time.
///
/// # Source
/// Steele, Lea, Flood: "Fast splittable pseudorandom number generators".
fn sample(state: &mut u64, end: usize) -> usize {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) % end.max(1) as u64) as usize
}

/// Literals that are compared with something computed, or given to functions: any field may be
/// where they come from.
fn pool(compiled: &Compiled<'_>) -> Vec<Value> {
    let mut pool = Vec::new();
    let mut add = |operand: &Operand| {
        if let Operand::Literal(value) = operand {
            pool.extend(around(value));
        }
    };
    for comparison in &compiled.survey.comparisons {
        let sides = [&comparison.left, &comparison.right];
        if !sides.iter().any(|side| side.path().is_some()) {
            sides.into_iter().for_each(&mut add);
        }
    }
    for call in compiled.survey.calls.iter().filter(|call| call.clause != Clause::Select) {
        call.arguments.iter().for_each(&mut add);
    }
    // What CASE compares with stands in no list of the survey.
    pool.extend(literals(compiled.rule.sql()));
    pool
}

/// Texts and numbers as they stand in a statement.
pub(crate) fn literals(sql: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut rest = sql;
    let mut inside_word = false;
    while let Some(first) = rest.chars().next() {
        let number = |c: char| c.is_ascii_digit() || c == '.';
        let length = match first {
            '\'' | '"' => {
                let text = rest[1..].split(first).next().unwrap_or_default();
                found.push(Value::String(text.to_owned()));
                (text.len() + 2).min(rest.len())
            }
            '0'..='9' if !inside_word => {
                let end = rest.find(|c| !number(c)).unwrap_or(rest.len());
                found.extend(Value::from_json(&rest.as_bytes()[..end]));
                end
            }
            _ => first.len_utf8(),
        };
        inside_word = first.is_alphanumeric() || first == '_';
        rest = &rest[length..];
    }
    found
}

/// What a field may be, the values that its comparisons turn on first.
fn candidates(compiled: &Compiled<'_>, path: &Path, pool: &[Value]) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    for comparison in &compiled.survey.comparisons {
        for (side, other) in
            [(&comparison.left, &comparison.right), (&comparison.right, &comparison.left)]
        {
            if let (Some(own), Operand::Literal(value)) = (side.path(), other)
                && own == path
            {
                found.extend(around(value).into_iter().map(Some));
            }
        }
    }
    for boundary in compiled.rule.mutants().iter().flat_map(|mutant| &mutant.boundary) {
        if boundary.path == path.0 {
            let value = boundary.json.as_ref().map(|json| Value::from_json(json.as_bytes()));
            match value {
                Some(Ok(value)) => found.push(Some(value)),
                Some(Err(_)) => {}
                None => found.push(None),
            }
        }
    }
    found.extend(pool.iter().cloned().map(Some));
    let text = |text: &str| Value::String(text.to_owned());
    let numbers = [1, 0, 2, 1000, -1000].map(Value::Int);
    let usual = numbers.into_iter().chain([text("text"), Value::Bool(true)]);
    found.extend(usual.map(Some));
    found.push(Some(Value::Array(vec![Value::Int(1), Value::Int(2)])));
    found.push(Some(Value::Null));
    found.push(None);
    let mut kept: Vec<Candidate> = Vec::new();
    for candidate in found {
        if !kept.contains(&candidate) {
            kept.push(candidate);
        }
    }
    if kept.len() > CANDIDATES_MAX {
        // The last ones are what a field is when it is not there.
        kept.drain(CANDIDATES_MAX - 2..kept.len() - 2);
    }
    kept
}

/// A literal, and what lies just beside it.
fn around(value: &Value) -> Vec<Value> {
    let step = |by: i128| match value {
        Value::Int(number) => number.checked_add(by).map(Value::Int),
        Value::Decimal(number) => {
            let by = Decimal::new(by, 0)?;
            number.checked_add(by).map(Value::Decimal)
        }
        _ => None,
    };
    let beside: Vec<Value> = match value {
        Value::Int(_) | Value::Decimal(_) => [step(-1), step(1)].into_iter().flatten().collect(),
        Value::Bool(truth) => vec![Value::Bool(!truth)],
        Value::String(text) => {
            // A pattern without its anchors is the text that it finds.
            let bare = text.trim_start_matches('^').trim_end_matches('$');
            vec![Value::String(format!("{text}-other")), Value::String(bare.to_owned())]
        }
        _ => Vec::new(),
    };
    std::iter::once(value.clone()).chain(beside).collect()
}

/// Topics that FROM hears: its wildcards filled, also with the texts of WHERE.
fn topics(compiled: &Compiled<'_>, pool: &[Value]) -> Vec<String> {
    let Some(filter) = compiled.rule.filter() else {
        return vec![format!("$aws/rules/{}/device/1", compiled.deployed.name)];
    };
    let texts = pool.iter().filter_map(Value::as_str);
    let plain = |text: &&str| !text.is_empty() && !text.contains(['/', '+', '#', '$', '\0']);
    let mut fills = vec!["1".to_owned()];
    fills.extend(texts.filter(plain).map(str::to_owned));
    let mut topics = vec![String::new()];
    for (i, level) in filter.levels().enumerate() {
        let slash = if i > 0 { "/" } else { "" };
        let words: &[String] =
            if level == "+" || level == "#" { &fills } else { &[level.to_owned()] };
        let longer = topics
            .iter()
            .flat_map(|topic| words.iter().map(move |word| format!("{topic}{slash}{word}")));
        topics = longer.take(TOPICS_MAX).collect();
    }
    topics.retain(|topic| compiled.rule.hears(topic));
    topics
}

/// Keys of the tables that the rule writes into.
fn table_keys(compiled: &Compiled<'_>, deployment: &Deployment) -> Vec<String> {
    let actions = compiled.deployed.payload.get("actions").and_then(|actions| actions.as_array());
    let tables = actions
        .into_iter()
        .flatten()
        .filter_map(|action| action.get("dynamoDBv2")?.get("putItem")?.get("tableName")?.as_str());
    let mut keys = Vec::new();
    for name in tables {
        for table in deployment.tables.iter().filter(|table| table.name == name) {
            keys.push(table.hash_key.clone());
            keys.extend(table.range_key.clone());
        }
    }
    keys
}

/// The candidates with those of the kind of `now` first: 35 is nearer to 34 than null is.
fn by_boundary<'c>(candidates: &'c [Candidate], now: Option<&Value>) -> Vec<&'c Candidate> {
    let number = |value: &Value| matches!(value, Value::Int(_) | Value::Decimal(_));
    let alike = |candidate: &&Candidate| match (candidate, now) {
        (Some(a), Some(b)) => {
            std::mem::discriminant(a) == std::mem::discriminant(b) || (number(a) && number(b))
        }
        (a, b) => a.is_none() && b.is_none(),
    };
    let distance = |candidate: &&Candidate| {
        let (a, b) = (candidate.as_ref().and_then(Value::as_f64), now.and_then(Value::as_f64));
        a.zip(b).map_or(f64::MAX, |(a, b)| (a - b).abs())
    };
    let (mut near, far): (Vec<_>, Vec<_>) = candidates.iter().partition(alike);
    near.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
    near.into_iter().chain(far).collect()
}

/// A payload with these fields.
fn payload<'p>(fields: impl Iterator<Item = (&'p Path, Candidate)>) -> Value {
    let mut payload = Value::Object(Object::new());
    for (path, candidate) in fields {
        if candidate.is_some() {
            set(&mut payload, &path.0, candidate);
        }
    }
    payload
}

fn lookup<'v>(value: &'v Value, path: &[String]) -> Option<&'v Value> {
    match (path.split_first(), value) {
        (None, value) => Some(value),
        (Some((step, rest)), Value::Array(items)) if step == "[]" => lookup(items.first()?, rest),
        (Some((step, rest)), value) => lookup(value.get(step)?, rest),
    }
}

/// Sets, or takes out, what a path leads to; `[]` is a list of one element.
fn set(value: &mut Value, path: &[String], new: Candidate) {
    let Some((step, rest)) = path.split_first() else {
        *value = new.unwrap_or(Value::Null);
        return;
    };
    if step == "[]" {
        if !matches!(value, Value::Array(_)) {
            *value = Value::Array(vec![Value::Object(Object::new())]);
        }
        if let Value::Array(items) = value
            && let Some(item) = items.first_mut()
        {
            set(item, rest, new);
        }
        return;
    }
    if !matches!(value, Value::Object(_)) {
        *value = Value::Object(Object::new());
    }
    let Value::Object(object) = value else { return };
    if rest.is_empty() && new.is_none() {
        object.remove(step);
        return;
    }
    let mut inner = object.get(step).cloned().unwrap_or(Value::Null);
    set(&mut inner, rest, new);
    object.insert(step.as_str(), inner);
}
