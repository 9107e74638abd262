//! The functions that templates of CloudFormation and of provisioning share.
//!
//! A tree is evaluated once, from the outside in, and keeps its places. A part that is broken
//! breaks what contains it, after everything beside it was looked at, so that one run finds all
//! problems.
//!
//! # Source
//! AWS CloudFormation user guide, "Intrinsic function reference"; AWS IoT guide, "Provisioning
//! templates".

use crate::yaml::{Entry, Mapping, Node, Style, Value};

/// What an expression of a template comes to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// A value without functions.
    Value(Node),
    /// Nothing: `AWS::NoValue`. What contains it has one part less.
    Absent,
    /// A problem that was reported.
    Broken,
}

/// Something was broken and reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

/// How much evaluation may still make: refuses a few lines that double a text each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    /// Bytes and nodes.
    pub(super) left: usize,
}

impl Default for Budget {
    /// A megabyte is the largest template; evaluation copies rather than multiplies.
    fn default() -> Self {
        Self { left: 64 << 20 }
    }
}

/// A template's evaluation: the shared functions, over what names mean in it.
pub(super) trait Intrinsics {
    /// Reports a problem at a node.
    fn fail(&mut self, at: &Node, found: String, expected: &str) -> Outcome;

    fn budget(&mut self) -> &mut Budget;

    /// What `{"Ref": name}` comes to.
    fn reference(&mut self, name: &str, at: &Node) -> Outcome;

    /// What `{"Fn::GetAtt": [name, attribute]}` comes to.
    fn attribute(&mut self, name: &str, attribute: &str, at: &Node) -> Outcome;

    /// The value under two keys of a mapping; `None` if it is not there.
    fn map_entry(&mut self, map: &str, key: &str, name: &str) -> Option<Node>;

    /// A function that only this kind of template has; `None` if it has no such function.
    fn further(&mut self, function: &str, argument: &Node, at: &Node) -> Option<Outcome>;

    /// The functions of this kind of template, for messages.
    fn known(&self) -> &'static str;

    /// Evaluates a tree.
    fn evaluate(&mut self, node: &Node) -> Outcome {
        if !self.spend(node, 1) {
            return Outcome::Broken;
        }
        if let Some((function, argument)) = function_of(node) {
            return self.call(&function, &argument, node);
        }
        match &node.value {
            Value::Scalar(scalar) => {
                if !self.spend(node, scalar.text.len()) {
                    return Outcome::Broken;
                }
                Outcome::Value(node.clone())
            }
            Value::Sequence(items) => match self.items(items) {
                Ok(items) => Outcome::Value(with(node, Value::Sequence(items))),
                Err(Broken) => Outcome::Broken,
            },
            Value::Mapping(mapping) => self.mapping(node, mapping),
        }
    }

    /// Evaluates to text; a number or a truth value is the text that was written.
    fn text(&mut self, node: &Node) -> Result<String, Broken> {
        match self.evaluate(node) {
            Outcome::Value(value) => match value.as_written() {
                Some(text) => Ok(text.to_owned()),
                None => {
                    self.fail(node, value.kind(), "a text");
                    Err(Broken)
                }
            },
            Outcome::Absent => {
                self.fail(node, "nothing".to_owned(), "a text");
                Err(Broken)
            }
            Outcome::Broken => Err(Broken),
        }
    }

    /// Evaluates to a list.
    fn list(&mut self, node: &Node) -> Result<Vec<Node>, Broken> {
        match self.evaluate(node) {
            Outcome::Value(Node { value: Value::Sequence(items), .. }) => Ok(items),
            Outcome::Value(value) => {
                self.fail(node, value.kind(), "a list");
                Err(Broken)
            }
            Outcome::Absent => {
                self.fail(node, "nothing".to_owned(), "a list");
                Err(Broken)
            }
            Outcome::Broken => Err(Broken),
        }
    }

    fn spend(&mut self, at: &Node, cost: usize) -> bool {
        let budget = self.budget();
        let before = budget.left;
        budget.left = before.saturating_sub(cost);
        // Said once, where it ran out; everything after that is broken in silence.
        if before > 0 && before <= cost {
            let found = "a template that unfolds without end".to_owned();
            self.fail(at, found, "values of at most 64 MiB altogether");
        }
        before > cost
    }

    fn items(&mut self, items: &[Node]) -> Result<Vec<Node>, Broken> {
        let mut values = Ok(Vec::with_capacity(items.len()));
        for item in items {
            match (self.evaluate(item), &mut values) {
                (Outcome::Value(value), Ok(values)) => values.push(value),
                (Outcome::Broken, _) => values = Err(Broken),
                _ => {}
            }
        }
        values
    }

    fn mapping(&mut self, node: &Node, mapping: &Mapping) -> Outcome {
        let mut entries = Vec::with_capacity(mapping.len());
        let mut broken = false;
        for entry in mapping {
            if entry.key.starts_with("Fn::") {
                let found = format!("`{}` beside other names", entry.key);
                return self.fail(&entry.value, found, "a function that stands alone");
            }
            match self.evaluate(&entry.value) {
                Outcome::Value(value) => entries.push(Entry { value, ..entry.clone_name() }),
                Outcome::Absent => {}
                Outcome::Broken => broken = true,
            }
        }
        if broken {
            return Outcome::Broken;
        }
        Outcome::Value(with(node, Value::Mapping(entries.into_iter().collect())))
    }

    fn call(&mut self, function: &str, argument: &Node, at: &Node) -> Outcome {
        let value = match function {
            "Ref" => match argument.as_text() {
                Some(name) => return self.reference(name, at),
                None => return self.fail(argument, argument.kind(), "a name after `Ref`"),
            },
            "Fn::Sub" => self.substitute(argument, at),
            "Fn::Join" => self.join(argument, at),
            "Fn::Split" => self.split(argument, at),
            "Fn::Select" => return self.select(argument, at).unwrap_or(Outcome::Broken),
            "Fn::FindInMap" => return self.find_in_map(argument, at).unwrap_or(Outcome::Broken),
            _ => {
                return match self.further(function, argument, at) {
                    Some(outcome) => outcome,
                    None => {
                        let known = self.known();
                        self.fail(at, format!("the function `{function}`"), known)
                    }
                };
            }
        };
        value.map_or(Outcome::Broken, Outcome::Value)
    }

    /// The arguments of a function that takes a list of so many.
    fn arguments<'n>(
        &mut self,
        argument: &'n Node,
        counts: std::ops::RangeInclusive<usize>,
        expected: &str,
    ) -> Result<&'n [Node], Broken> {
        match argument.as_sequence() {
            Some(items) if counts.contains(&items.len()) && argument.tag.is_none() => Ok(items),
            Some(items) if argument.tag.is_none() => {
                self.fail(argument, format!("a list of {}", items.len()), expected);
                Err(Broken)
            }
            _ => {
                self.fail(argument, argument.kind(), expected);
                Err(Broken)
            }
        }
    }

    fn join(&mut self, argument: &Node, at: &Node) -> Result<Node, Broken> {
        let expected = "`[delimiter, [text, ...]]` after `Fn::Join`";
        let arguments = self.arguments(argument, 2..=2, expected)?;
        let delimiter = self.text(&arguments[0]);
        let items = self.list(&arguments[1])?;
        let delimiter = delimiter?;
        let mut parts = Vec::with_capacity(items.len());
        for item in &items {
            match item.as_written() {
                Some(text) => parts.push(text),
                None => {
                    self.fail(item, item.kind(), "a text to join");
                    return Err(Broken);
                }
            }
        }
        let bytes: usize = parts.iter().map(|part| part.len() + delimiter.len()).sum();
        if !self.spend(at, bytes) {
            return Err(Broken);
        }
        Ok(quoted(at, parts.join(&delimiter)))
    }

    fn split(&mut self, argument: &Node, at: &Node) -> Result<Node, Broken> {
        let expected = "`[delimiter, text]` after `Fn::Split`";
        let arguments = self.arguments(argument, 2..=2, expected)?;
        let delimiter = self.text(&arguments[0]);
        let text = self.text(&arguments[1])?;
        let delimiter = delimiter?;
        if delimiter.is_empty() {
            self.fail(&arguments[0], "an empty delimiter".to_owned(), expected);
            return Err(Broken);
        }
        let parts: Vec<Node> = text.split(&delimiter).map(|part| quoted(at, part)).collect();
        if !self.spend(at, text.len() + parts.len()) {
            return Err(Broken);
        }
        Ok(Node { tag: None, value: Value::Sequence(parts), line: at.line, column: at.column })
    }

    fn select(&mut self, argument: &Node, at: &Node) -> Result<Outcome, Broken> {
        let expected = "`[index, list]` after `Fn::Select`";
        let arguments = self.arguments(argument, 2..=2, expected)?;
        let index = self.text(&arguments[0]);
        let items = self.list(&arguments[1])?;
        let index = index?;
        let item = index.parse().ok().and_then(|index: usize| items.into_iter().nth(index));
        match item {
            Some(item) if !item.is_null() => Ok(Outcome::Value(item)),
            _ => {
                let found = format!("the index `{index}`, at which the list has nothing");
                Ok(self.fail(at, found, "an index from 0 to the list's last"))
            }
        }
    }

    fn find_in_map(&mut self, argument: &Node, at: &Node) -> Result<Outcome, Broken> {
        let expected = "`[map, key, name]` after `Fn::FindInMap`";
        let arguments = self.arguments(argument, 3..=4, expected)?;
        let keys: Vec<_> = arguments[..3].iter().map(|key| self.text(key)).collect();
        let keys = keys.into_iter().collect::<Result<Vec<_>, _>>()?;
        let found = self.map_entry(&keys[0], &keys[1], &keys[2]);
        let default = arguments.get(3).and_then(|node| node.get("DefaultValue"));
        match (found, default) {
            (Some(value), _) => Ok(self.evaluate(&value)),
            (None, Some(default)) => Ok(self.evaluate(default)),
            (None, None) => {
                let found = format!("nothing at `{}` in `Mappings`", keys.join("."));
                Ok(self.fail(at, found, "a map, key and name that `Mappings` has"))
            }
        }
    }

    fn substitute(&mut self, argument: &Node, at: &Node) -> Result<Node, Broken> {
        let expected = "a text, or `[text, {name: value}]`, after `Fn::Sub`";
        let nothing = Mapping::default();
        let (template, variables) = match (argument.as_text(), argument.as_sequence()) {
            (Some(_), _) if argument.tag.is_none() => (argument, &nothing),
            (_, Some([template, variables])) if template.as_text().is_some() => {
                match variables.as_mapping() {
                    Some(mapping) => (template, mapping),
                    None => {
                        self.fail(variables, variables.kind(), expected);
                        return Err(Broken);
                    }
                }
            }
            _ => {
                self.fail(argument, argument.kind(), expected);
                return Err(Broken);
            }
        };
        let text = template.as_text().unwrap_or_default();
        let mut out = String::new();
        let mut broken = false;
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Literal(name) => {
                    out.push_str("${");
                    out.push_str(name);
                    out.push('}');
                }
                Piece::Variable(name) => match self.variable(name, variables, at) {
                    Ok(text) => out.push_str(&text),
                    Err(Broken) => broken = true,
                },
            }
        }
        if broken || !self.spend(at, out.len()) {
            return Err(Broken);
        }
        Ok(quoted(at, out))
    }

    fn variable(&mut self, name: &str, variables: &Mapping, at: &Node) -> Result<String, Broken> {
        if let Some(value) = variables.get(name) {
            return self.text(value);
        }
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || "_.:".contains(c)) || name.is_empty()
        {
            let found = format!("`${{{name}}}` in `Fn::Sub`, which replaces it");
            let expected = "a name there, or `${!` where the text is to keep `${`";
            self.fail(at, found, expected);
            return Err(Broken);
        }
        let outcome = match name.split_once('.') {
            Some((resource, attribute)) => self.attribute(resource, attribute, at),
            None => self.reference(name, at),
        };
        match outcome {
            Outcome::Value(value) => match value.as_written() {
                Some(text) => Ok(text.to_owned()),
                None => {
                    self.fail(at, format!("`${{{name}}}`, which is {}", value.kind()), "a text");
                    Err(Broken)
                }
            },
            // `AWS::NoValue` in a text is nothing at all.
            Outcome::Absent => Ok(String::new()),
            Outcome::Broken => Err(Broken),
        }
    }
}

/// A part of a text of `Fn::Sub`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// What stays.
    Text(&'a str),
    /// What stood in `${!...}`.
    Literal(&'a str),
    /// What stood in `${...}`.
    Variable(&'a str),
}

/// The parts of a text of `Fn::Sub`.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start + 2..].find('}') else { break };
        pieces.push(Piece::Text(&rest[..start]));
        let inner = &rest[start + 2..start + 2 + length];
        pieces.push(match inner.strip_prefix('!') {
            Some(literal) => Piece::Literal(literal),
            None => Piece::Variable(inner.trim()),
        });
        rest = &rest[start + 3 + length..];
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// The function that a node calls, in its long name, and its argument.
pub(super) fn function_of(node: &Node) -> Option<(String, Node)> {
    if let Some(tag) = &node.tag {
        let argument = Node { tag: None, ..node.clone() };
        let name = tag.trim_start_matches('!');
        let long = match name {
            "Ref" | "Condition" => name.to_owned(),
            _ => format!("Fn::{name}"),
        };
        return Some((long, argument));
    }
    let mapping = node.as_mapping().filter(|mapping| mapping.len() == 1)?;
    let entry = mapping.iter().next()?;
    let is_function = entry.key == "Ref" || entry.key.starts_with("Fn::");
    is_function.then(|| (entry.key.clone(), entry.value.clone()))
}

/// The name and attribute of an argument of `Fn::GetAtt`: `Name.Attribute` or a list of both.
pub(super) fn attribute_of(argument: &Node) -> Option<(&str, &Node, String)> {
    match (argument.as_text(), argument.as_sequence()) {
        (Some(text), _) => {
            let (name, attribute) = text.split_once('.')?;
            Some((name, argument, attribute.to_owned()))
        }
        (_, Some([name, attribute])) => {
            Some((name.as_text()?, attribute, attribute.as_text().unwrap_or_default().to_owned()))
        }
        _ => None,
    }
}

/// A text at the place of a node.
pub(super) fn quoted(at: &Node, text: impl Into<String>) -> Node {
    Node::scalar(text, Style::Quoted, at.line, at.column)
}

/// The node with another value and without its tag.
fn with(node: &Node, value: Value) -> Node {
    Node { line: node.line, column: node.column, tag: None, value }
}

impl Entry {
    /// The name and its place, with nothing as value.
    fn clone_name(&self) -> Self {
        let value = Node::scalar("", Style::Plain, self.value.line, self.value.column);
        Self { key: self.key.clone(), value, ..*self }
    }
}
