//! The general form of a shadow: any JSON under desired and reported, with a time at each leaf.
//!
//! State and metadata are one tree, so that they cannot come apart: a leaf holds its value and
//! when it was written; the two JSON documents are two ways to render it.
//!
//! # Source
//! AWS IoT Core developer guide, "Device Shadow service documents". Where it is silent: an object
//! that deletes left empty is pruned; a leaf that a request names gets a new time even if its value
//! is unchanged; an array has one time per element.

use fieldmirror_rules::value::{Object, Value};

/// One classic shadow.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Document {
    /// Counts accepted updates.
    pub(crate) version: u64,
    pub(crate) desired: Section,
    pub(crate) reported: Section,
}

/// Named nodes in order of first insertion; an empty section does not show.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Section {
    entries: Vec<(Box<str>, Node)>,
}

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Leaf {
        /// A scalar.
        value: Value,
        /// When it was written, in seconds since 1970.
        at_s: i64,
    },
    Array(Vec<Self>),
    Object(Section),
}

impl Document {
    /// What desired asks for and reported does not show.
    pub(crate) fn delta(&self) -> Section {
        self.desired.difference(&self.reported)
    }

    /// The bytes that count towards the size limit: the state without metadata.
    pub(crate) fn state_bytes(&self) -> usize {
        let mut out = Vec::new();
        self.write_state(None, &mut out);
        out.len()
    }

    /// Appends `{"desired":…,"reported":…}`, with `delta` if one is given.
    pub(crate) fn write_state(&self, delta: Option<&Section>, out: &mut Vec<u8>) {
        let delta = delta.filter(|delta| !delta.is_empty());
        let sections = self.sections().chain(delta.map(|delta| ("delta", delta)));
        write_members(sections, out, Section::write_state);
    }

    /// Appends the times of [`Self::write_state`]'s leaves, in its shape.
    pub(crate) fn write_metadata(&self, out: &mut Vec<u8>) {
        write_members(self.sections(), out, Section::write_metadata);
    }

    fn sections(&self) -> impl Iterator<Item = (&str, &Section)> {
        let all = [("desired", &self.desired), ("reported", &self.reported)];
        all.into_iter().filter(|(_, section)| !section.is_empty())
    }
}

impl Section {
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Merges `patch`, whose leaves were written at `at_s`: null deletes, objects merge, everything
    /// else replaces.
    pub(crate) fn merge(&mut self, patch: &Object, at_s: i64) {
        for (key, value) in patch.iter() {
            let place = self.entries.iter().position(|(name, _)| **name == *key);
            if let (Some(i), Value::Object(inner)) = (place, value)
                && let Node::Object(section) = &mut self.entries[i].1
            {
                section.merge(inner, at_s);
                if section.is_empty() {
                    self.entries.remove(i);
                }
                continue;
            }
            match (place, Node::written(value, at_s)) {
                (Some(i), Some(node)) => self.entries[i].1 = node,
                (Some(i), None) => drop(self.entries.remove(i)),
                (None, Some(node)) => self.entries.push((key.into(), node)),
                (None, None) => {}
            }
        }
    }

    /// Appends a leaf; the key must be new.
    pub(crate) fn push_leaf(&mut self, key: &str, value: Value, at_s: i64) {
        self.entries.push((key.into(), Node::Leaf { value, at_s }));
    }

    /// The leaf called `key` at the top of this section, and when it was written, in seconds since
    /// 1970.
    pub(crate) fn leaf(&self, key: &str) -> Option<(&Value, i64)> {
        self.entries.iter().find(|(name, _)| **name == *key).and_then(|(_, node)| match node {
            Node::Leaf { value, at_s } => Some((value, *at_s)),
            Node::Array(_) | Node::Object(_) => None,
        })
    }

    /// The parts of this section that `other` lacks or holds with another value.
    fn difference(&self, other: &Self) -> Self {
        let mut entries = Vec::new();
        for (key, node) in &self.entries {
            let theirs = other.entries.iter().find(|(name, _)| name == key).map(|(_, node)| node);
            match (node, theirs) {
                (Node::Object(ours), Some(Node::Object(theirs))) => {
                    let inner = ours.difference(theirs);
                    if !inner.is_empty() {
                        entries.push((key.clone(), Node::Object(inner)));
                    }
                }
                (node, Some(theirs)) if node.same_value(theirs) => {}
                (node, _) => entries.push((key.clone(), node.clone())),
            }
        }
        Self { entries }
    }

    /// Appends the values as a JSON object.
    pub(crate) fn write_state(&self, out: &mut Vec<u8>) {
        write_members(self.iter(), out, Node::write_state);
    }

    /// Appends the times as a JSON object.
    pub(crate) fn write_metadata(&self, out: &mut Vec<u8>) {
        write_members(self.iter(), out, Node::write_metadata);
    }

    fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.entries.iter().map(|(key, node)| (&**key, node))
    }
}

impl Node {
    /// The node that `value` makes; `None` for null and for objects that hold nothing else.
    fn written(value: &Value, at_s: i64) -> Option<Self> {
        match value {
            Value::Null | Value::Undefined => None,
            Value::Object(inner) => {
                let mut section = Section::default();
                section.merge(inner, at_s);
                (!section.is_empty()).then_some(Self::Object(section))
            }
            // Requests with null in an array are refused; an empty object in one is an element.
            Value::Array(elements) => Some(Self::Array(
                elements.iter().map(|element| Self::element(element, at_s)).collect(),
            )),
            scalar => Some(Self::Leaf { value: scalar.clone(), at_s }),
        }
    }

    fn element(value: &Value, at_s: i64) -> Self {
        Self::written(value, at_s).unwrap_or_else(|| Self::Object(Section::default()))
    }

    /// Equality of values, whatever their times and the order of keys.
    fn same_value(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Leaf { value, .. }, Self::Leaf { value: theirs, .. }) => value == theirs,
            (Self::Array(ours), Self::Array(theirs)) => {
                ours.len() == theirs.len()
                    && ours.iter().zip(theirs).all(|(ours, theirs)| ours.same_value(theirs))
            }
            (Self::Object(ours), Self::Object(theirs)) => {
                ours.entries.len() == theirs.entries.len() && ours.difference(theirs).is_empty()
            }
            _ => false,
        }
    }

    fn write_state(&self, out: &mut Vec<u8>) {
        match self {
            Self::Leaf { value, .. } => value.write_json(out),
            Self::Array(nodes) => write_array(nodes, out, Self::write_state),
            Self::Object(section) => section.write_state(out),
        }
    }

    fn write_metadata(&self, out: &mut Vec<u8>) {
        match self {
            Self::Leaf { at_s, .. } => write_time(*at_s, out),
            Self::Array(nodes) => write_array(nodes, out, Self::write_metadata),
            Self::Object(section) => section.write_metadata(out),
        }
    }
}

/// Appends `{"timestamp":at_s}`.
pub(crate) fn write_time(at_s: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"timestamp\":");
    write_int(at_s, out);
    out.push(b'}');
}

/// Appends a whole number.
pub(crate) fn write_int(int: impl Into<i128>, out: &mut Vec<u8>) {
    out.extend_from_slice(int.into().to_string().as_bytes());
}

/// Appends a JSON object of `members`, each written by `write`.
pub(crate) fn write_members<'a, T: 'a + ?Sized>(
    members: impl Iterator<Item = (&'a str, &'a T)>,
    out: &mut Vec<u8>,
    write: impl Fn(&T, &mut Vec<u8>),
) {
    out.push(b'{');
    for (i, (key, value)) in members.enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write_key(key, out);
        write(value, out);
    }
    out.push(b'}');
}

/// Appends `"key":`.
pub(crate) fn write_key(key: &str, out: &mut Vec<u8>) {
    Value::from(key).write_json(out);
    out.push(b':');
}

/// Appends a JSON array of `elements`, each written by `write`.
pub(crate) fn write_array<T>(elements: &[T], out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>)) {
    out.push(b'[');
    for (i, element) in elements.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        write(element, out);
    }
    out.push(b']');
}
