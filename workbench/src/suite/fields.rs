//! Reading mappings strictly: an unknown key is an error with its place and the known ones, since a
//! key that is silently ignored is a test that silently checks less.

use crate::problem::Problem;
use crate::yaml::{Mapping, Node, Resolved};
use fieldmirror_core::time::Span;
use fieldmirror_rules::value::Value;

/// Reads nodes of one file and keeps every problem.
pub(super) struct Reader<'a> {
    pub(super) file: &'a str,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(file: &'a str) -> Self {
        Self { file, problems: Vec::new() }
    }

    /// Notes a problem at `node`.
    pub(super) fn wrong(&mut self, node: &Node, found: impl Into<String>, expected: &str) {
        self.problems.push(node.problem(self.file, found, expected));
    }

    /// The entries, of which every name must be one of `known`; `what` names the mapping.
    pub(super) fn mapping<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        known: &[&str],
    ) -> Option<&'n Mapping> {
        let mapping = self.any_mapping(node, what)?;
        for entry in mapping {
            if !known.contains(&entry.key.as_str()) {
                let found = format!("`{}` in {what}", entry.key);
                let expected = format!("one of {}", quoted(known));
                let problem = Problem::of_file(self.file, found, expected);
                self.problems.push(problem.at(entry.line, entry.column));
            }
        }
        Some(mapping)
    }

    /// The entries of a mapping whose names are free.
    pub(super) fn any_mapping<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n Mapping> {
        if node.tag.is_none()
            && let Some(mapping) = node.as_mapping()
        {
            return Some(mapping);
        }
        self.wrong(node, format!("{} as {what}", node.kind()), "a mapping");
        None
    }

    pub(super) fn list<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match node.as_sequence() {
            Some(items) if node.tag.is_none() => items,
            _ => {
                self.wrong(node, format!("{} as {what}", node.kind()), "a list");
                &[]
            }
        }
    }

    /// Text; a number or truth value counts with the text that was written, since names such as
    /// `101` are seldom quoted.
    pub(super) fn text(&mut self, node: &Node, what: &str) -> Option<String> {
        match node.as_written() {
            Some(text) if node.tag.is_none() && !text.is_empty() => Some(text.to_owned()),
            _ => {
                self.wrong(node, format!("{} as {what}", node.kind()), "a text");
                None
            }
        }
    }

    /// A list of texts, or one text.
    pub(super) fn texts(&mut self, node: &Node, what: &str) -> Vec<String> {
        match node.as_sequence() {
            Some(items) => items.iter().filter_map(|item| self.text(item, what)).collect(),
            None => self.text(node, what).into_iter().collect(),
        }
    }

    pub(super) fn flag(&mut self, node: &Node, what: &str) -> bool {
        node.as_bool().unwrap_or_else(|| {
            self.wrong(node, format!("{} as `{what}`", node.kind()), "true or false");
            false
        })
    }

    /// `90s`, `15m`, `36h`, `10d`.
    pub(super) fn span(&mut self, node: &Node, what: &str) -> Span {
        let span = node.as_written().and_then(|text| Span::parse(text).ok());
        span.unwrap_or_else(|| {
            let expected = "a duration with a unit, such as 0s, 90s, 15m, 36h or 10d";
            self.wrong(node, format!("{} as `{what}`", node.kind()), expected);
            Span::ZERO
        })
    }

    /// A whole number of at most `most`.
    pub(super) fn whole(&mut self, node: &Node, what: &str, most: u64) -> u64 {
        let number = match node.resolve() {
            Some(Resolved::Number(text)) => text.parse::<u64>().ok(),
            _ => None,
        };
        number.filter(|&number| number <= most).unwrap_or_else(|| {
            let expected = format!("a whole number of at most {most}");
            self.wrong(node, format!("{} as `{what}`", node.kind()), &expected);
            0
        })
    }

    /// Any value, as JSON with the digits that were written.
    pub(super) fn json(&mut self, node: &Node) -> Option<String> {
        node.to_json_text(self.file).map_err(|problem| self.problems.push(problem)).ok()
    }

    /// Any value of the rule language.
    pub(super) fn value(&mut self, node: &Node) -> Option<Value> {
        let text = self.json(node)?;
        let value = Value::from_json(text.as_bytes());
        if value.is_err() {
            self.wrong(node, node.kind(), "a value of at most 128 levels and numbers of 34 digits");
        }
        value.ok()
    }
}

/// `` `a`, `b` ``.
pub(super) fn quoted<T: AsRef<str>>(names: &[T]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    names.join(", ")
}
