//! The AWS IoT SQL language: lex, parse, check, evaluate one message.
//!
//! A rule's text goes `lex` -> `parse` -> `ast` -> `check` -> `program` and is then evaluated as
//! often as messages arrive: over any JSON payload ([`rule::Rule::evaluate`]), or, where the rule
//! only touches fields of a known schema, over typed readings ([`bound::BoundRule`]). Both ways
//! give the same bytes. Recorded tables are asked column by column ([`columns`]). Substitution templates of rule actions ([`template::Template`]) share the
//! expression language.
//!
//! What it does not do: no actions, no routing, no input or output, no clock. What a function needs
//! from outside comes in through [`context::Context`].
//!
//! A rule can be printed ([`rule::Rule::to_sql`]), explained over one message ([`explain`]), and
//! changed in the ways in which people get rules wrong ([`mutate`]).
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
