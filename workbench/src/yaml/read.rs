//! From the events of a YAML parser to the tree: anchors, merges, tags, bounds.

use super::{
    ALIASED_NODES_MAX, DEPTH_MAX, Entry, Node, Resolved, Scalar, Style, TEXT_BYTES_MAX, Value, json,
};
use crate::problem::Problem;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, StrInput, Tag};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Reads the one document of `text`, YAML or JSON, as the tree of `file`.
///
/// A text that begins with `{` or `[` is read as JSON, and as YAML's flow style if it is not JSON;
/// where it is neither, the problems are those of JSON if `file` ends in `.json` or the text begins
/// with `{"`. Aliases are replaced by copies of what they name, and `<<` merges mappings, of which
/// the mapping's own names win.
///
/// # Errors
/// Every name that comes twice, or the first place that is not YAML or exceeds a bound.
pub fn parse(file: &str, text: &str) -> Result<Node, Vec<Problem>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > TEXT_BYTES_MAX {
        let found = format!("a file of {} bytes", text.len());
        let expected = format!("at most {TEXT_BYTES_MAX}");
        return Err(vec![Problem::of_file(file, found, expected)]);
    }
    let named_json =
        file.len() > 5 && file.as_bytes()[file.len() - 5..].eq_ignore_ascii_case(b".json");
    let mut json_problems = None;
    if named_json || text.trim_start().starts_with(['{', '[']) {
        match json::parse(file, text) {
            Ok(node) => return Ok(node),
            Err(problems) if named_json => return Err(problems),
            Err(problems) => json_problems = Some(problems),
        }
    }
    let mut builder = Builder {
        file,
        parser: Parser::new_from_str(text),
        anchors: BTreeMap::new(),
        aliased: 0,
        twice: Vec::new(),
    };
    let node = match (builder.document(), json_problems) {
        (Ok(node), _) => node,
        // A text that begins as JSON does was meant as JSON.
        (Err(_), Some(problems)) if begins_as_json(text) => return Err(problems),
        (Err(problem), _) => return Err(vec![problem]),
    };
    if builder.twice.is_empty() { Ok(node) } else { Err(builder.twice) }
}

/// Whether a text begins with `{"`, which YAML's flow style seldom has.
fn begins_as_json(text: &str) -> bool {
    let inside = text.trim_start().strip_prefix('{');
    inside.is_some_and(|rest| rest.trim_start().starts_with('"'))
}

struct Builder<'a> {
    file: &'a str,
    parser: Parser<'a, StrInput<'a>>,
    /// What the anchors name, with its number of nodes.
    anchors: BTreeMap<usize, (Node, usize)>,
    /// Nodes that aliases have added.
    aliased: usize,
    /// Names that come twice.
    twice: Vec<Problem>,
}

/// An event and where it began.
type Placed<'a> = (Event<'a>, Marker);

impl<'a> Builder<'a> {
    fn document(&mut self) -> Result<Node, Problem> {
        let mut found = None;
        loop {
            let (event, mark) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentEnd | Event::Nothing => {}
                Event::StreamEnd => break,
                Event::DocumentStart(_) if found.is_none() => {
                    let next = self.next()?;
                    found = Some(self.node(next, 0)?);
                }
                _ => return Err(self.problem(&mark, "a second document", "one document a file")),
            }
        }
        Ok(found.unwrap_or_else(|| Node::scalar("", Style::Plain, 1, 1)))
    }

    fn next(&mut self) -> Result<Placed<'a>, Problem> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, span.start)),
            Some(Err(error)) => Err(self.problem(error.marker(), error.info(), "well-formed YAML")),
            // Invariant of the parser: `StreamEnd` comes first, and ends the loop above.
            None => Ok((Event::StreamEnd, Marker::new(0, 1, 0))),
        }
    }

    fn node(&mut self, (event, mark): Placed<'a>, depth: usize) -> Result<Node, Problem> {
        if depth > DEPTH_MAX {
            let expected = format!("at most {DEPTH_MAX} levels");
            return Err(self.problem(&mark, "deeper nesting", &expected));
        }
        let (value, anchor, tag) = match event {
            Event::Alias(anchor) => return self.alias(anchor, &mark),
            Event::Scalar(text, style, anchor, tag) => (scalar(text, style), anchor, tag),
            Event::SequenceStart(anchor, tag) => (self.sequence(depth)?, anchor, tag),
            Event::MappingStart(anchor, tag) => (self.mapping(depth)?, anchor, tag),
            _ => return Err(self.problem(&mark, "nothing", "a value")),
        };
        let mut node = Node { line: mark.line(), column: mark.col() + 1, tag: None, value };
        if let Some(tag) = tag {
            self.apply(&tag, &mut node, &mark)?;
        }
        if anchor > 0 {
            let size = size(&node);
            self.anchors.insert(anchor, (node.clone(), size));
        }
        Ok(node)
    }

    /// A copy of what the anchor names; it keeps the places of the original.
    fn alias(&mut self, anchor: usize, mark: &Marker) -> Result<Node, Problem> {
        let Some((node, size)) = self.anchors.get(&anchor) else {
            // The parser refuses unknown names, so this one names what it stands in.
            let found = "an alias inside of what it names";
            return Err(self.problem(mark, found, "an alias of something before it"));
        };
        self.aliased += size;
        if self.aliased > ALIASED_NODES_MAX || depth(node) > DEPTH_MAX {
            let found = format!("aliases that unfold to more than {ALIASED_NODES_MAX} values");
            return Err(self.problem(mark, &found, "fewer aliases of smaller parts"));
        }
        Ok(node.clone())
    }

    fn sequence(&mut self, depth: usize) -> Result<Value, Problem> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::Sequence(items)),
                next => items.push(self.node(next, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Value, Problem> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut lines: BTreeMap<String, usize> = BTreeMap::new();
        let mut merged: Vec<Node> = Vec::new();
        loop {
            let (event, mark) = match self.next()? {
                (Event::MappingEnd, _) => break,
                next => next,
            };
            let (key, plain) = self.key(event, &mark, depth)?;
            let next = self.next()?;
            let value = self.node(next, depth + 1)?;
            if plain && key == "<<" {
                merged.push(value);
                continue;
            }
            if let Some(first) = lines.insert(key.clone(), mark.line()) {
                let found = format!("`{key}` for the second time (first in line {first})");
                let twice = self.problem(&mark, &found, "each name once");
                self.twice.push(twice);
                continue;
            }
            entries.push(Entry { key, line: mark.line(), column: mark.col() + 1, value });
        }
        for node in merged {
            self.merge(node, &mut entries, &mut lines)?;
        }
        Ok(Value::Mapping(entries.into_iter().collect()))
    }

    /// A name, and whether it was plain.
    fn key(
        &mut self,
        event: Event<'a>,
        mark: &Marker,
        depth: usize,
    ) -> Result<(String, bool), Problem> {
        let node = self.node((event, *mark), depth + 1)?;
        match (node.value, node.tag) {
            (Value::Scalar(Scalar { text, style }), None) => Ok((text, style == Style::Plain)),
            _ => Err(self.problem(mark, "a name that is not plain text", "text before the `:`")),
        }
    }

    /// Adds the entries of a mapping, or of a list of them, whose names are not there yet.
    fn merge(
        &self,
        node: Node,
        entries: &mut Vec<Entry>,
        lines: &mut BTreeMap<String, usize>,
    ) -> Result<(), Problem> {
        let wrong =
            node.problem(self.file, node.kind(), "a mapping after `<<:`, or a list of them");
        match node.value {
            Value::Sequence(items) if items.iter().all(|item| item.as_mapping().is_some()) => {
                items.into_iter().try_for_each(|item| self.merge(item, entries, lines))
            }
            Value::Mapping(mapping) => {
                for entry in mapping.entries {
                    if !lines.contains_key(&entry.key) {
                        lines.insert(entry.key.clone(), entry.line);
                        entries.push(entry);
                    }
                }
                Ok(())
            }
            _ => Err(wrong),
        }
    }

    /// Keeps a local tag, and applies one of YAML's own schema.
    fn apply(&self, tag: &Tag, node: &mut Node, mark: &Marker) -> Result<(), Problem> {
        let own = match (tag.handle.as_str(), tag.suffix.as_str()) {
            ("!", "") | ("", "!") => "str",
            ("tag:yaml.org,2002:", suffix) => suffix,
            ("", suffix) if suffix.starts_with("tag:yaml.org,2002:") => &suffix[18..],
            ("!", suffix) => {
                node.tag = Some(format!("!{suffix}"));
                return Ok(());
            }
            (handle, suffix) => {
                let found = format!("the tag `{handle}{suffix}`");
                return Err(self.problem(mark, &found, "a tag such as `!Ref`"));
            }
        };
        let resolved = match &node.value {
            Value::Scalar(scalar) => Some(scalar.resolve()),
            _ => None,
        };
        let fits = match own {
            "str" => resolved.is_some() || tag.suffix.is_empty() || tag.suffix == "!",
            "map" => node.as_mapping().is_some(),
            "seq" => node.as_sequence().is_some(),
            "null" => resolved == Some(Resolved::Null),
            "bool" => matches!(resolved, Some(Resolved::Bool(_))),
            "int" | "float" => matches!(resolved, Some(Resolved::Number(_))),
            _ => {
                let expected =
                    "one of `!!str`, `!!int`, `!!float`, `!!bool`, `!!null`, `!!map`, `!!seq`";
                return Err(self.problem(mark, &format!("the tag `!!{own}`"), expected));
            }
        };
        if !fits {
            let found = format!("{} under `!!{own}`", node.kind());
            return Err(self.problem(mark, &found, "a value that the tag names"));
        }
        if let (Value::Scalar(scalar), "str") = (&mut node.value, own) {
            scalar.style = Style::Quoted;
        }
        Ok(())
    }

    fn problem(&self, mark: &Marker, found: &str, expected: &str) -> Problem {
        Problem::of_file(self.file, found, expected).at(mark.line(), mark.col() + 1)
    }
}

fn scalar(text: Cow<'_, str>, style: ScalarStyle) -> Value {
    let style = match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
        ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
    };
    Value::Scalar(Scalar { text: text.into_owned(), style })
}

/// Nodes in the tree, at least one for each kilobyte of text.
fn size(node: &Node) -> usize {
    match &node.value {
        Value::Scalar(scalar) => 1 + scalar.text.len() / 1024,
        Value::Sequence(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Mapping(mapping) => {
            let entries = mapping.iter();
            1 + entries.map(|entry| size(&entry.value) + entry.key.len() / 1024).sum::<usize>()
        }
    }
}

fn depth(node: &Node) -> usize {
    match &node.value {
        Value::Scalar(_) => 1,
        Value::Sequence(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Mapping(mapping) => {
            1 + mapping.iter().map(|entry| depth(&entry.value)).max().unwrap_or(0)
        }
    }
}
