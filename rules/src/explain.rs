//! Why a rule did what it did with one message: the value of every sub-expression, which term of
//! WHERE decided and why, and at which level a topic leaves FROM.
//!
//! Every value comes from the evaluator that runs rules: each node of the compiled program is
//! evaluated by itself. What lies outside is asked once: answers of external functions are kept,
//! and random draws repeat, so that a part shows the value that the whole saw.
//!
//! It decides nothing: [`Explanation::outcome`] is what [`Rule::evaluate_bytes`] yields, and a rule
//! that its topic does not reach stays silent whatever that is.

mod once;
mod reason;
mod render;
mod template;
mod topic;
mod walk;

pub use template::TemplateExplanation;
pub use topic::{LevelMatch, TopicMatch};

use crate::context::{Context, External};
use crate::error::RulesError;
use crate::eval::{self, Scope};
use crate::program::Select as ProgramSelect;
use crate::rule::{Output, Rule};
use crate::value::Value;
use once::Once;
use std::ops::Range;
use walk::{Mode, Walk};

/// What an expression came to.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// This value; [`Value::Undefined`] as itself.
    Value(Value),
    /// It was not needed: an earlier operand decided.
    NotEvaluated,
    /// A function that reaches outside failed, and with it the rule.
    Failed(String),
}

/// One sub-expression over the message.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its text, as written. An element of a nested SELECT is called `element N`.
    pub text: String,
    /// Where it stands, in bytes of the rule's text.
    pub span: Range<usize>,
    /// What it came to.
    pub state: State,
    /// Why it is false or Undefined, in a phrase.
    pub reason: Option<String>,
    /// The expressions directly below, in the order of the text.
    pub children: Vec<Self>,
    /// How it is made up, for finding what decided.
    pub(crate) form: Form,
}

/// What matters of an expression's form when looking for what decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The same for every message.
    Constant,
    /// AND; every operand must be true.
    All,
    /// OR.
    Any,
    Not,
    Comparison,
    Other,
}

/// A SET variable or a column, and its expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// The variable with its `@`, or the key in the output; `VALUE` for a SELECT VALUE.
    pub name: String,
    /// The expression.
    pub node: Node,
}

/// FROM, or the term of WHERE, because of which a rule stayed silent.
#[derive(Clone, Debug, PartialEq)]
pub struct Deciding {
    /// Its text.
    pub text: String,
    /// Where it stands, in bytes of the rule's text; empty if there is no FROM.
    pub span: Range<usize>,
    /// What it came to.
    pub state: State,
    /// One sentence: `humidity < 35 is false: humidity is 35`.
    pub sentence: String,
}

/// Everything about one rule and one message.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// Whether FROM matches the message's topic, level by level; `None` without FROM.
    pub topic: Option<TopicMatch>,
    /// Whether the message reaches the rule: through FROM, or by Basic Ingest, which does not ask
    /// it. Clear it for a message that Basic Ingest hands to another rule.
    pub is_heard: bool,
    /// Why the payload is no JSON, if it is none.
    pub payload_error: Option<String>,
    /// The SET variables.
    pub variables: Vec<Named>,
    /// WHERE, if there is one.
    pub filter: Option<Node>,
    /// The columns. Where WHERE is not true they show what would have been selected, without
    /// calling what is outside.
    pub columns: Vec<Named>,
    /// What the rule yields over the message: `Ok(None)` where WHERE is not true. FROM has no part
    /// in it; [`Self::fires`] says whether anything comes of it.
    pub outcome: Result<Option<Output>, RulesError>,
    /// Where the topic filter stands in the rule's text.
    pub(crate) from: Range<usize>,
}

impl Explanation {
    /// The values of the SET variables in their order, for the templates of actions.
    pub fn variable_values(&self) -> Vec<Value> {
        let values = self.variables.iter().map(|named| named.node.value().cloned());
        values.map(|value| value.unwrap_or(Value::Undefined)).collect()
    }

    /// Whether the message reaches the rule and its actions run.
    pub const fn fires(&self) -> bool {
        self.is_heard && matches!(self.outcome, Ok(Some(_)))
    }

    /// What kept the rule silent: FROM, or the one term of WHERE. `None` if it fires or fails.
    pub fn deciding(&self) -> Option<Deciding> {
        if !self.is_heard {
            let text = self.topic.as_ref().map(|topic| format!("'{}'", topic.filter));
            return Some(Deciding {
                text: text.unwrap_or_default(),
                span: self.from.clone(),
                state: State::Value(Value::Bool(false)),
                sentence: self.unheard(),
            });
        }
        self.deciding_term()
    }

    /// Why the message does not reach the rule.
    fn unheard(&self) -> String {
        match &self.topic {
            Some(TopicMatch { why: Some(why), .. }) => why.clone(),
            Some(_) => "Basic Ingest hands the message to another rule".to_owned(),
            None => "the rule has no FROM: only Basic Ingest reaches it".to_owned(),
        }
    }

    /// What a message would do that reaches the rule; `None` if this one does.
    pub fn note(&self) -> Option<String> {
        if self.is_heard {
            return None;
        }
        Some(match (&self.outcome, self.deciding_term()) {
            (Err(error), _) => format!("it would fail if the topic matched: {error}"),
            (_, Some(term)) => format!("it would be silent on any topic: {}", term.sentence),
            (Ok(_), None) => format!("it would fire if the topic matched, with {}", self.output()),
        })
    }

    /// The one term of WHERE that is not true.
    fn deciding_term(&self) -> Option<Deciding> {
        match (&self.outcome, &self.filter) {
            (Ok(None), Some(filter)) => Some(filter.deciding()),
            _ => None,
        }
    }

    /// The whole story in a sentence: the level of FROM that does not match, the deciding term, or
    /// that the rule fires.
    pub fn summary(&self) -> String {
        match (&self.outcome, self.deciding()) {
            (_, Some(deciding)) => deciding.sentence,
            (Err(error), _) => error.to_string(),
            (Ok(_), None) => match &self.filter {
                Some(filter) => filter.true_terms(),
                None => "the rule has no WHERE".to_owned(),
            },
        }
    }
}

impl Rule {
    /// Explains the rule over one message that goes through the broker: where FROM does not match
    /// its topic, the rule is silent. External functions of `context` are called as an
    /// evaluation calls them, each distinct call once.
    ///
    /// ```
    /// use fieldmirror_core::time::Timestamp;
    /// use fieldmirror_rules::{context::Context, rule::{Rule, SqlVersion}};
    ///
    /// let sql = "SELECT * FROM 'farm/#' WHERE humidity < 35 AND temperature > 10";
    /// let rule = Rule::compile(sql, SqlVersion::V2016_03_23).expect("sound");
    /// let context = Context::new("farm/101", Timestamp::from_millis(0));
    /// let explanation = rule.explain(br#"{"humidity": 35, "temperature": 21}"#, &context);
    /// assert_eq!(explanation.summary(), "`humidity < 35` is false: humidity is 35");
    /// ```
    pub fn explain(&self, payload: &[u8], context: &Context<'_>) -> Explanation {
        self.explained(payload, context, self.hears(context.topic))
    }

    /// Explains the rule over a message that reaches it by Basic Ingest, whatever its FROM.
    pub fn explain_direct(&self, payload: &[u8], context: &Context<'_>) -> Explanation {
        self.explained(payload, context, true)
    }

    fn explained(&self, payload: &[u8], context: &Context<'_>, is_heard: bool) -> Explanation {
        let (root, payload_error) = match Value::from_json_for(payload, self.version()) {
            Ok(value) => (value, None),
            Err(error) => (Value::Undefined, Some(error.to_string())),
        };
        let (statement, program) = self.parts();
        let once = context.functions.map(Once::new);
        let functions = once.as_ref().map(|once| once as &dyn External);
        // The evaluation draws from its own copy, the walk from another: both see the same.
        let (drawn, walked) = (context.chance.cloned(), context.chance.cloned());
        let asked = Context { functions, chance: drawn.as_ref(), ..*context };
        let scope = Scope {
            root: &root,
            bytes: Some(payload),
            variables: &[],
            context: &asked,
            version: self.version(),
        };
        let outcome = eval::run(program, scope);
        let walked = Context { chance: walked.as_ref(), ..asked };
        let walk = Walk { source: self.sql(), is_json: payload_error.is_none(), set: &[] };
        let mut variables = Vec::new();
        let mut values = Vec::new();
        let mut bytes = 0;
        for (written, (_, expr)) in statement.variables.iter().zip(&program.variables) {
            let scope = Scope { variables: &values, context: &walked, ..scope };
            let walk = Walk { set: &variables, ..walk };
            let mut node = walk.node(&written.expr, expr, scope, Mode::Value);
            bytes += node.value().map_or(0, |value| value.to_json().len());
            if let Err(error) = eval::check_size(&written.name, bytes) {
                node.reason = Some(error.to_string());
                node.state = State::Failed(error.to_string());
            }
            values.push(node.value().cloned().unwrap_or(Value::Undefined));
            variables.push(Named { name: format!("@{}", written.name), node });
        }
        let scope = Scope { variables: &values, context: &walked, ..scope };
        let walk = Walk { set: &variables, ..walk };
        let filter = match (&statement.filter, &program.filter) {
            (Some(written), Some(expr)) => Some(walk.node(written, expr, scope, Mode::Filter)),
            _ => None,
        };
        if let Some(once) = &once {
            once.close_unless(!matches!(outcome, Ok(None)));
        }
        let columns = match &program.select {
            ProgramSelect::Items(_) if program.select.is_whole() => Vec::new(),
            select => walk.columns(&statement.select, select, scope),
        };
        Explanation {
            topic: self.filter().map(|filter| TopicMatch::of(filter, context.topic)),
            is_heard,
            from: statement.from_span.clone(),
            payload_error,
            variables,
            filter,
            columns,
            outcome,
        }
    }
}

#[cfg(test)]
mod tests;
