//! The language in which [`kinds`](super::kinds) describes what each action takes.

use serde_json::{Map, Value};

/// One field of an action, or of an object in one.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The key in rule JSON.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// What stands there.
    pub kind: FieldKind,
    /// Whether `${...}` may stand in it.
    pub templates: Templates,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub enum FieldKind {
    /// A text of at most so many bytes that fits the pattern.
    Text(usize, Pattern),
    /// One of these words.
    Word(&'static [&'static str]),
    /// A whole number between these two, both included.
    Integer(i64, i64),
    /// True or false.
    Flag,
    /// An object with these fields.
    Object(&'static [Field]),
    /// A list of objects with these fields, with at least and at most so many of them.
    List(&'static [Field], usize, usize),
    /// Names of the rule's own with texts, at most so many.
    Map(usize),
}

/// The form of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Anything but an empty text.
    Filled,
    /// `https://host`, and of ports only 443 and 8443.
    Https,
    /// `http://...` or `https://...`.
    Url,
    /// Base64.
    Base64,
    /// A whole number of at least 0, written as text.
    Digits,
}

/// Whether a field takes substitution templates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Templates {
    /// It does not; `${` in it is refused.
    No,
    /// It does.
    Yes,
    /// It does where the rule is made over the API or the command line, as JSON is; the console
    /// does not offer it.
    ApiOnly,
}

impl Field {
    pub(super) const fn new(name: &'static str, kind: FieldKind) -> Self {
        Self { name, required: false, kind, templates: Templates::No }
    }

    /// A text without templates.
    pub(super) const fn text(name: &'static str) -> Self {
        Self::new(name, FieldKind::Text(TEXT_BYTES_MAX, Pattern::Filled))
    }

    /// A text with templates.
    pub(super) const fn template(name: &'static str) -> Self {
        let mut field = Self::text(name);
        field.templates = Templates::Yes;
        field
    }

    /// A text that takes templates where a rule is made over the API.
    pub(super) const fn api_template(name: &'static str) -> Self {
        let mut field = Self::text(name);
        field.templates = Templates::ApiOnly;
        field
    }

    pub(super) const fn words(name: &'static str, words: &'static [&'static str]) -> Self {
        Self::new(name, FieldKind::Word(words))
    }

    pub(super) const fn flag(name: &'static str) -> Self {
        Self::new(name, FieldKind::Flag)
    }

    pub(super) const fn integer(name: &'static str, least: i64, most: i64) -> Self {
        Self::new(name, FieldKind::Integer(least, most))
    }

    pub(super) const fn object(name: &'static str, fields: &'static [Self]) -> Self {
        Self::new(name, FieldKind::Object(fields))
    }

    pub(super) const fn list(
        name: &'static str,
        fields: &'static [Self],
        least: usize,
        most: usize,
    ) -> Self {
        Self::new(name, FieldKind::List(fields, least, most))
    }

    pub(super) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(super) const fn templates(mut self, templates: Templates) -> Self {
        self.templates = templates;
        self
    }

    pub(super) const fn form(mut self, most: usize, pattern: Pattern) -> Self {
        self.kind = FieldKind::Text(most, pattern);
        self
    }

    /// Whether `${...}` may stand in it.
    pub fn takes_templates(&self) -> bool {
        self.templates != Templates::No
    }
}

impl Pattern {
    /// What is expected, if `text` does not fit.
    pub(super) fn refuse(self, text: &str) -> Option<&'static str> {
        let fits = match self {
            Self::Filled => !text.is_empty(),
            Self::Https => is_https(text),
            Self::Url => ["http://", "https://"]
                .iter()
                .any(|scheme| text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty())),
            Self::Base64 => is_base64(text),
            Self::Digits => !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()),
        };
        (!fits).then_some(match self {
            Self::Filled => "a text",
            Self::Https => "`https://` with a host, on port 443 or 8443",
            Self::Url => "`http://` or `https://` with a host",
            Self::Base64 => "base64",
            Self::Digits => "a whole number as text",
        })
    }
}

/// Whether `text` is a URL that the service would send to.
///
/// # Source
/// AWS IoT Core developer guide, "HTTP": HTTPS alone, ports 443 and 8443.
pub(crate) fn is_https(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, port),
        None => (authority, "443"),
    };
    !host.is_empty() && matches!(port, "443" | "8443")
}

fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    text.len().is_multiple_of(4) && text.len() - body.len() <= 2 && body.bytes().all(plain)
}

/// Calls `visit` with the path and text of each field under `fields` that takes templates.
pub(super) fn visit_templates(
    fields: &'static [Field],
    values: &Map<String, Value>,
    path: &str,
    visit: &mut dyn FnMut(String, &str),
) {
    for field in fields {
        let Some(value) = values.get(field.name) else { continue };
        let path = format!("{path}.{}", field.name);
        match (field.kind, value) {
            (FieldKind::Text(..) | FieldKind::Word(_), Value::String(text))
                if field.takes_templates() =>
            {
                visit(path, text);
            }
            (FieldKind::Object(fields), Value::Object(values)) => {
                visit_templates(fields, values, &path, visit);
            }
            (FieldKind::List(fields, ..), Value::Array(items)) => {
                for (i, item) in items.iter().enumerate() {
                    if let Value::Object(values) = item {
                        visit_templates(fields, values, &format!("{path}[{i}]"), visit);
                    }
                }
            }
            (FieldKind::Map(_), Value::Object(values)) if field.takes_templates() => {
                for (name, value) in values {
                    if let Value::String(text) = value {
                        visit(format!("{path}.{name}"), text);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Longest text of a field, in bytes, where the service names no other. Source: AWS IoT Core quotas,
/// "Maximum size of a rule": a rule has 256 KB, so no field has more.
pub(super) const TEXT_BYTES_MAX: usize = 256 * 1024;
