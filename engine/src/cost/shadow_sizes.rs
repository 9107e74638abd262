//! How large each thing's shadow is: the bytes of its state, kept as sizes without values.
//!
//! The `shadows` table holds requests; an operation is billed by the record that it leaves.
//! Millions of requests are merged here by the documented rules (null deletes, objects merge,
//! everything else replaces) over lengths alone: those of the text as it was written.

/// The sizes of one shadow.
#[derive(Clone, Debug, Default)]
pub(super) struct ShadowSize {
    desired: Section,
    reported: Section,
}

#[derive(Clone, Debug, Default)]
struct Section {
    entries: Vec<(Box<str>, Node)>,
}

#[derive(Clone, Debug)]
enum Node {
    /// Bytes of a scalar or array.
    Leaf(u32),
    Object(Section),
}

/// What a request says of a key.
enum Patch {
    Delete,
    Leaf(u32),
    Object(Section),
}

impl ShadowSize {
    /// Merges the sections of an accepted request.
    pub(super) fn merge(&mut self, desired: Option<&str>, reported: Option<&str>) {
        for (section, patch) in [(&mut self.desired, desired), (&mut self.reported, reported)] {
            match patch.map(str::as_bytes) {
                None => {}
                Some(text) if text.trim_ascii() == b"null" => *section = Section::default(),
                Some(text) => {
                    Scanner { text, at: 0 }.merge_into(section);
                }
            }
        }
    }

    /// Bytes of `{"desired":...,"reported":...}`; an empty section is not there.
    pub(super) fn bytes(&self) -> u64 {
        let parts = [("desired", &self.desired), ("reported", &self.reported)];
        let parts = parts.into_iter().filter(|(_, section)| !section.entries.is_empty());
        object_bytes(parts.map(|(key, section)| (key, section.bytes())))
    }
}

impl Section {
    fn bytes(&self) -> u64 {
        object_bytes(self.entries.iter().map(|(key, node)| {
            let bytes = match node {
                Node::Leaf(bytes) => u64::from(*bytes),
                Node::Object(section) => section.bytes(),
            };
            (&**key, bytes)
        }))
    }

    /// `hint` is where the key stood last time: requests of a device have one order.
    fn apply(&mut self, key: &str, hint: usize, patch: Patch) {
        let at_hint = self.entries.get(hint).is_some_and(|(name, _)| **name == *key);
        let place = if at_hint {
            Some(hint)
        } else {
            self.entries.iter().position(|(name, _)| **name == *key)
        };
        let node = match patch {
            Patch::Delete => None,
            Patch::Leaf(bytes) => Some(Node::Leaf(bytes)),
            Patch::Object(section) if section.entries.is_empty() => None,
            Patch::Object(section) => Some(Node::Object(section)),
        };
        match (place, node) {
            (Some(i), Some(node)) => self.entries[i].1 = node,
            (Some(i), None) => drop(self.entries.remove(i)),
            (None, Some(node)) => self.entries.push((key.into(), node)),
            (None, None) => {}
        }
    }
}

/// Braces, and for each member its quoted key, a colon, and a comma between members.
fn object_bytes<'a>(members: impl Iterator<Item = (&'a str, u64)>) -> u64 {
    let (mut bytes, mut count) = (2, 0);
    for (key, value) in members {
        bytes += key.len() as u64 + 3 + value;
        count += 1;
    }
    bytes + u64::saturating_sub(count, 1)
}

/// Walks over JSON that the core accepted. On anything else it stops where it is.
struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn peek(&mut self) -> Option<u8> {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn merge_into(&mut self, section: &mut Section) -> Option<()> {
        self.peek().filter(|byte| *byte == b'{')?;
        self.at += 1;
        for hint in 0.. {
            match self.peek()? {
                b'}' => break,
                b',' => self.at += 1,
                _ => {}
            }
            self.peek().filter(|byte| *byte == b'"')?;
            let start = self.at;
            self.skip_string();
            let key = self.text.get(start + 1..self.at - 1)?;
            let key = std::str::from_utf8(key).ok()?;
            self.peek().filter(|byte| *byte == b':')?;
            self.at += 1;
            self.member(section, key, hint)?;
        }
        self.at += 1;
        Some(())
    }

    fn member(&mut self, section: &mut Section, key: &str, hint: usize) -> Option<()> {
        if self.peek()? == b'{' {
            // An object merges into an object, and replaces anything else.
            let place = section.entries.iter().position(|(name, _)| **name == *key);
            let mut inner = match place.map(|i| &mut section.entries[i].1) {
                Some(Node::Object(inner)) => std::mem::take(inner),
                _ => Section::default(),
            };
            let result = self.merge_into(&mut inner);
            section.apply(key, hint, Patch::Object(inner));
            return result;
        }
        let start = self.at;
        self.skip_value();
        let value = self.text.get(start..self.at)?;
        let patch = if value == b"null" { Patch::Delete } else { Patch::Leaf(value.len() as u32) };
        section.apply(key, hint, patch);
        Some(())
    }

    /// Over a scalar or an array with all that is in it.
    fn skip_value(&mut self) {
        let mut depth = 0_u32;
        while let Some(&byte) = self.text.get(self.at) {
            match byte {
                b'"' => {
                    self.skip_string();
                    continue;
                }
                b'[' | b'{' => depth += 1,
                b']' | b'}' if depth == 0 => return,
                b']' | b'}' => depth -= 1,
                b',' if depth == 0 => return,
                byte if depth == 0 && byte.is_ascii_whitespace() => return,
                _ => {}
            }
            self.at += 1;
        }
    }

    fn skip_string(&mut self) {
        self.at += 1;
        while let Some(&byte) = self.text.get(self.at) {
            match byte {
                b'"' => {
                    self.at += 1;
                    return;
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_follow_the_merge_rules() {
        let mut size = ShadowSize::default();
        assert_eq!(size.bytes(), 2);
        let steps: [(Option<&str>, Option<&str>, &str); 7] = [
            (None, Some(r#"{"a":1,"b":"x"}"#), r#"{"reported":{"a":1,"b":"x"}}"#),
            (None, Some(r#"{ "a" : 12.5 }"#), r#"{"reported":{"a":12.5,"b":"x"}}"#),
            (
                Some(r#"{"o":{"p":[1,{"q":"}"}],"r":2}}"#),
                None,
                r#"{"desired":{"o":{"p":[1,{"q":"}"}],"r":2}},"reported":{"a":12.5,"b":"x"}}"#,
            ),
            (
                Some(r#"{"o":{"p":null}}"#),
                Some(r#"{"b":null}"#),
                r#"{"desired":{"o":{"r":2}},"reported":{"a":12.5}}"#,
            ),
            (Some(r#"{"o":{"r":null}}"#), None, r#"{"reported":{"a":12.5}}"#),
            (Some(r#"{"s":"\"}"}"#), None, r#"{"desired":{"s":"\"}"},"reported":{"a":12.5}}"#),
            (Some("null"), Some(r#"{"a":null}"#), "{}"),
        ];
        for (desired, reported, expected) in steps {
            size.merge(desired, reported);
            assert_eq!(size.bytes(), expected.len() as u64, "{expected}");
        }
    }

    #[test]
    fn nonsense_ends_the_walk_and_nothing_else() {
        for text in ["", "{", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":[", "[1]", "{\"a\":{\"b\":"] {
            let mut size = ShadowSize::default();
            size.merge(Some(text), None);
            assert!(size.bytes() < 20, "{text}");
        }
    }
}
