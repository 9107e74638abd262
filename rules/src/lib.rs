//! The AWS IoT SQL language: lex, parse, check, evaluate one message.
//!
//! A rule's text goes `lex` -> `parse` -> `ast` -> `check` -> `program` and is then evaluated as
//! often as messages arrive: over any JSON payload ([`rule::Rule::evaluate`]), or, where the rule
//! only touches fields of a known schema, over typed readings ([`bound::BoundRule`]). Both ways
//! give the same bytes. Recorded tables are asked column by column ([`columns`]). Substitution
//! templates of rule actions ([`template::Template`]) share the expression language.
//!
//! What it does not do: no actions, no routing, no input or output, no clock. What a function needs
//! from outside comes in through [`context::Context`].
//!
//! # A tour
//!
//! The crate is usable by itself: it knows nothing of simulations, clouds or tables.
//!
//! ```
//! use fieldmirror_rules::context::{Context, Timestamp};
//! use fieldmirror_rules::rule::{Rule, SqlVersion};
//! use fieldmirror_rules::template::Template;
//! use fieldmirror_rules::value::Value;
//!
//! // Compile once. What is wrong comes with its place, all of it at once.
//! let sql = "SELECT humidity, topic(3) AS device FROM 'farmA/sensor/+/data' WHERE humidity < 35";
//! let rule = Rule::compile(sql, SqlVersion::V2016_03_23).expect("it is sound");
//! let wrong = "SELECT nope(a) FROM 'a' WHERE b != 1";
//! let wrong = Rule::compile(wrong, SqlVersion::V2016_03_23).expect_err("it is not");
//! let codes: Vec<_> = wrong.iter().map(|diagnostic| diagnostic.code.as_str()).collect();
//! assert_eq!(codes, ["SQL020", "SQL011"]);
//!
//! // Evaluate as often as messages arrive. Time is an argument; routing is the caller's.
//! let topic = "farmA/sensor/7/data";
//! let context = Context::new(topic, Timestamp::from_millis(0));
//! assert!(rule.hears(topic));
//! let dry = Value::from_json(br#"{"humidity": 34.5, "battery": 3.6}"#)?;
//! let output = rule.evaluate(&dry, &context)?.expect("WHERE is true");
//! assert_eq!(output.to_json(), br#"{"humidity":34.5,"device":"7"}"#);
//!
//! // Silence has a reason.
//! let explanation = rule.explain(br#"{"humidity": "dry"}"#, &context);
//! assert_eq!(
//!     explanation.summary(),
//!     "`humidity < 35` is Undefined: humidity is \"dry\", which cannot become a number"
//! );
//!
//! // Templates of actions are the same language.
//! let template = Template::compile("farmA/dry/${topic(3)}").expect("it is sound");
//! assert_eq!(template.render(&dry, &context)?, "farmA/dry/7");
//! # Ok::<(), fieldmirror_rules::error::RulesError>(())
//! ```
//!
//! Functions that reach outside (`aws_lambda`, `get_thing_shadow`, ...) ask
//! [`context::External`], which the caller implements. [`rule::Rule::compile_lenient`] takes what
//! the service refuses where it has a meaning. A rule prints itself ([`rule::Rule::to_sql`]), lists
//! what it reads ([`survey`]), and is changed in the ways in which people get rules wrong
//! ([`mutate`]). [`catalogue`] says what of the language is there.
//!
//! Where the service's documents are silent or contradict each other, [`decisions`] names the
//! choice that this crate makes.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests may panic"))]

pub mod bound;
pub mod catalogue;
pub mod columns;
pub mod context;
pub mod decisions;
pub mod diagnostic;
pub mod error;
pub mod explain;
pub mod fuzz;
pub mod mutate;
pub mod rule;
pub mod survey;
pub mod template;
pub mod value;

mod ast;
mod check;
mod eval;
mod functions;
mod lex;
mod parse;
mod print;
mod program;
