//! The fields of a mapping without functions, each wrong one reported at its place.

use crate::deployment::{Builder, Origin};
use crate::yaml::Node;

/// A mapping that is read field by field.
pub(super) struct Fields<'n> {
    node: &'n Node,
    origin: &'n Origin,
}

impl<'n> Fields<'n> {
    /// The fields of `node`, of which there are only `known` ones; `None` if it is no mapping.
    pub(super) fn read(
        node: &'n Node,
        known: &[&str],
        origin: &'n Origin,
        builder: &mut Builder<'_>,
    ) -> Option<Self> {
        let Some(mapping) = node.as_mapping() else {
            builder.problem(origin, node, node.kind(), "properties by name");
            return None;
        };
        for entry in mapping {
            if !known.contains(&entry.key.as_str()) {
                let names: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
                let expected = format!("one of {}", names.join(", "));
                let found = format!("the property `{}`", entry.key);
                builder.problem(origin, &entry.value, found, expected);
            }
        }
        Some(Self { node, origin })
    }

    /// The value of a field that is there and not null.
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        self.node.get(key).filter(|node| !node.is_null())
    }

    /// The text of a field; a number or truth value is what was written.
    pub(super) fn text(&self, key: &str, builder: &mut Builder<'_>) -> Option<String> {
        let node = self.get(key)?;
        let text = node.as_written();
        if text.is_none() {
            builder.problem(self.origin, node, node.kind(), format!("a text as `{key}`"));
        }
        text.map(str::to_owned)
    }

    /// The text of a field that must be there.
    pub(super) fn required(&self, key: &str, builder: &mut Builder<'_>) -> Option<String> {
        self.needed(key, builder)?;
        self.text(key, builder)
    }

    /// The value of a field that must be there.
    pub(super) fn needed(&self, key: &str, builder: &mut Builder<'_>) -> Option<&'n Node> {
        let node = self.get(key);
        if node.is_none() {
            builder.problem(self.origin, self.node, format!("no `{key}`"), "this property");
        }
        node
    }

    /// The texts of a field that is a list.
    pub(super) fn texts(&self, key: &str, builder: &mut Builder<'_>) -> Vec<String> {
        let Some(node) = self.get(key) else { return Vec::new() };
        let texts = node.as_sequence().map(|items| items.iter().map(Node::as_written).collect());
        match texts.flatten() {
            Some(texts) => Vec::into_iter(texts).map(str::to_owned).collect(),
            None => {
                builder.problem(self.origin, node, node.kind(), format!("texts as `{key}`"));
                Vec::new()
            }
        }
    }
}
