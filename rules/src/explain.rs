//! Why a rule did what it did with one message: the value of every sub-expression, which term of
//! WHERE decided and why, and at which level a topic leaves FROM.
//!
//! Every value comes from the evaluator that runs rules: each node of the compiled program is
//! evaluated by itself. What lies outside is asked once: answers of external functions are kept,
//! and random draws repeat, so that a part shows the value that the whole saw.
//!
//! It decides nothing: [`Explanation::outcome`] is what [`Rule::evaluate_bytes`] yields.

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

/// The term of WHERE because of which a rule stayed silent.
#[derive(Clone, Debug, PartialEq)]
pub struct Deciding {
    /// Its text.
    pub text: String,
    /// Where it stands, in bytes of the rule's text.
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
    /// Why the payload is no JSON, if it is none.
    pub payload_error: Option<String>,
    /// The SET variables.
    pub variables: Vec<Named>,
    /// WHERE, if there is one.
    pub filter: Option<Node>,
    /// The columns. Where WHERE is not true they show what would have been selected, without
    /// calling what is outside.
    pub columns: Vec<Named>,
    /// What the rule yields: `Ok(None)` where it stays silent. FROM has no part in it.
    pub outcome: Result<Option<Output>, RulesError>,
}

impl Explanation {
    /// The one term that kept the rule silent; `None` if WHERE is true or there is none.
    pub fn deciding(&self) -> Option<Deciding> {
        match (&self.outcome, &self.filter) {
            (Ok(None), Some(filter)) => Some(filter.deciding()),
            _ => None,
        }
    }

    /// The whole story in a sentence: the level of FROM that does not match, the deciding term, or
    /// that the rule fires.
    pub fn summary(&self) -> String {
        if let Some(why) = self.topic.as_ref().and_then(|topic| topic.why.as_deref()) {
            return why.to_owned();
        }
        match (&self.outcome, self.deciding()) {
            (Err(error), _) => error.to_string(),
            (_, Some(deciding)) => deciding.sentence,
            (Ok(_), None) if self.filter.is_some() => "every term of WHERE is true".to_owned(),
            (Ok(_), None) => "the rule has no WHERE".to_owned(),
        }
    }
}

impl Rule {
    /// Explains the rule over one message. External functions of `context` are called as an
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
        let walk = Walk { source: self.sql(), is_json: payload_error.is_none() };
        let mut variables = Vec::new();
        let mut values = Vec::new();
        for (written, (_, expr)) in statement.variables.iter().zip(&program.variables) {
            let scope = Scope { variables: &values, context: &walked, ..scope };
            let node = walk.node(&written.expr, expr, scope, Mode::Value);
            values.push(node.value().cloned().unwrap_or(Value::Undefined));
            variables.push(Named { name: format!("@{}", written.name), node });
        }
        let scope = Scope { variables: &values, context: &walked, ..scope };
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
