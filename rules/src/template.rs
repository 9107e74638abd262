//! Substitution templates: texts of rule actions with `${expression}` in them.

use crate::ast;
use crate::check;
use crate::context::Context;
use crate::diagnostic::{Code, Diagnostic};
use crate::error::RulesError;
use crate::eval::{Scope, evaluate};
use crate::lex::lex;
use crate::parse;
use crate::program::Expr;
use crate::rule::{SqlVersion, Strictness, in_order, judged};
use crate::value::Value;
use std::collections::BTreeSet;

/// A compiled template.
#[derive(Clone, Debug)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
    version: SqlVersion,
    warnings: Vec<Diagnostic>,
}

/// A piece of a template.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Text(String),
    /// What was written, and what was made of it.
    Expr(ast::Expr, Expr),
}

impl Template {
    /// Compiles `text` for SQL version 2016-03-23; one without `${` is itself.
    ///
    /// # Errors
    /// Everything that is wrong with its expressions; never an empty list.
    ///
    /// ```
    /// use fieldmirror_core::time::Timestamp;
    /// use fieldmirror_rules::{context::Context, template::Template, value::Value};
    ///
    /// let context = Context::new("farmA/sensor/101/data", Timestamp::from_millis(0));
    /// let template = Template::compile("${topic(1)}/low/${topic(3)}").expect("valid");
    /// assert_eq!(template.render(&Value::Null, &context), Ok("farmA/low/101".to_owned()));
    /// ```
    pub fn compile(text: &str) -> Result<Self, Vec<Diagnostic>> {
        Self::compile_for(text, SqlVersion::V2016_03_23)
    }

    /// Compiles `text` for the version of its rule.
    ///
    /// # Errors
    /// As [`Self::compile`].
    pub fn compile_for(text: &str, version: SqlVersion) -> Result<Self, Vec<Diagnostic>> {
        Self::compile_with(text, version, &[])
    }

    /// Compiles `text` for the version of its rule and with the names of its SET variables, in
    /// their order and without `@`. [`crate::rule::Rule::template`] knows both.
    ///
    /// # Errors
    /// As [`Self::compile`].
    pub fn compile_with(
        text: &str,
        version: SqlVersion,
        variables: &[&str],
    ) -> Result<Self, Vec<Diagnostic>> {
        Self::read(text, version, variables, Strictness::Strict)
    }

    /// Compiles `text` as strictly as the rule that it belongs to.
    pub(crate) fn read(
        text: &str,
        version: SqlVersion,
        variables: &[&str],
        strictness: Strictness,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut parts = Vec::new();
        let mut diagnostics = Vec::new();
        let mut at = 0;
        while let Some(start) = text[at..].find("${").map(|found| at + found) {
            if start > at {
                parts.push(Part::Text(text[at..start].to_owned()));
            }
            let lexed = lex(text, start + 2, version, true);
            let end = lexed.end;
            let (written, errors) = parse::expression(text, lexed);
            diagnostics.extend(errors);
            if let Some(written) = written {
                let (expr, errors) = check::expression(text, &written, version, variables);
                parts.push(Part::Expr(written, expr));
                diagnostics.extend(errors);
            }
            if end == text.len() {
                diagnostics.push(
                    Diagnostic::new(
                        Code::UnterminatedTemplate,
                        start..start + 2,
                        "the template is not closed",
                    )
                    .expected(&["`}`"]),
                );
            }
            at = (end + 1).min(text.len());
        }
        if at < text.len() {
            parts.push(Part::Text(text[at..].to_owned()));
        }
        let warnings = judged(in_order(diagnostics), strictness)?;
        Ok(Self { text: text.to_owned(), parts, version, warnings })
    }

    /// What the service would refuse, if the template is of a rule that was compiled leniently.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// The text that was compiled.
    pub fn source(&self) -> &str {
        &self.text
    }

    /// Its pieces, and the version they were compiled for.
    pub(crate) fn parts(&self) -> (&[Part], SqlVersion) {
        (&self.parts, self.version)
    }

    /// The text, if it is the same for every message.
    pub fn constant(&self) -> Option<&str> {
        match &*self.parts {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The functions that its expressions call, by the names of the service's documents, each once
    /// and in alphabetic order.
    pub fn functions(&self) -> Vec<&'static str> {
        let mut names = BTreeSet::new();
        for part in &self.parts {
            if let Part::Expr(_, expr) = part {
                expr.any(&mut |expr| {
                    if let Expr::Call(function, _) = expr {
                        names.insert(function.name);
                    }
                    false
                });
            }
        }
        names.into_iter().collect()
    }

    /// The text with each expression replaced by the text form of its value over the message's own
    /// payload; Undefined and Null become nothing.
    ///
    /// # Errors
    /// [`RulesError::External`] if a function that it calls fails.
    pub fn render(&self, payload: &Value, context: &Context<'_>) -> Result<String, RulesError> {
        self.render_with(payload, context, &[])
    }

    /// The text as [`Self::render`] makes it, with the values of the SET variables for whose names
    /// it was compiled; those that are not given are Undefined.
    ///
    /// # Errors
    /// As [`Self::render`].
    pub fn render_with(
        &self,
        payload: &Value,
        context: &Context<'_>,
        variables: &[Value],
    ) -> Result<String, RulesError> {
        let scope = Scope { root: payload, bytes: None, variables, context, version: self.version };
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Expr(_, expr) => {
                    text.push_str(&evaluate(expr, scope)?.to_text().unwrap_or_default());
                }
            }
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests;
