//! Reads JSON against the tables of fields and gathers everything that is wrong with it.

use super::Strictness;
use super::fields::{Field, FieldKind};
use crate::error::CloudError;
use serde_json::{Map, Value};

/// The problems of one rule as they are found.
#[derive(Debug)]
pub(super) struct Reader {
    strictness: Strictness,
    pub(super) problems: Vec<CloudError>,
    pub(super) warnings: Vec<CloudError>,
}

impl Reader {
    pub(super) const fn new(strictness: Strictness) -> Self {
        Self { strictness, problems: Vec::new(), warnings: Vec::new() }
    }

    /// Notes something wrong.
    pub(super) fn refuse(
        &mut self,
        path: &str,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) {
        self.problems.push(problem(path, found, expected));
    }

    /// Notes something unknown: a problem or a warning.
    pub(super) fn unknown(
        &mut self,
        path: &str,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) {
        let list = match self.strictness {
            Strictness::Strict => &mut self.problems,
            Strictness::Lenient => &mut self.warnings,
        };
        list.push(problem(path, found, expected));
    }

    pub(super) fn object<'v>(
        &mut self,
        path: &str,
        value: &'v Value,
    ) -> Option<&'v Map<String, Value>> {
        self.expect(path, value, value.as_object(), "an object")
    }

    pub(super) fn array<'v>(&mut self, path: &str, value: &'v Value) -> Option<&'v [Value]> {
        self.expect(path, value, value.as_array().map(Vec::as_slice), "an array")
    }

    pub(super) fn text<'v>(&mut self, path: &str, value: &'v Value) -> Option<&'v str> {
        self.expect(path, value, value.as_str(), "a string")
    }

    pub(super) fn flag(&mut self, path: &str, value: &Value) -> Option<bool> {
        self.expect(path, value, value.as_bool(), "true or false")
    }

    fn expect<T>(
        &mut self,
        path: &str,
        value: &Value,
        read: Option<T>,
        expected: &str,
    ) -> Option<T> {
        if read.is_none() {
            self.refuse(path, describe(value), expected);
        }
        read
    }

    /// The value of a field that must be there.
    pub(super) fn required<'v>(
        &mut self,
        path: &str,
        fields: &'v Map<String, Value>,
        name: &str,
    ) -> Option<&'v Value> {
        let value = fields.get(name);
        if value.is_none() {
            self.refuse(&below(path, name), "nothing", "this field");
        }
        value
    }

    /// Notes every key that is not `known`.
    pub(super) fn only(&mut self, path: &str, fields: &Map<String, Value>, known: &[&str]) {
        for key in fields.keys().filter(|key| !known.contains(&key.as_str())) {
            let list: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
            let expected = format!("one of {}", list.join(", "));
            self.unknown(&below(path, key), "an unknown field", expected);
        }
    }

    /// Checks an object against its table.
    pub(super) fn fields(
        &mut self,
        path: &str,
        values: &Map<String, Value>,
        fields: &'static [Field],
    ) {
        let known: Vec<&str> = fields.iter().map(|field| field.name).collect();
        self.only(path, values, &known);
        for field in fields {
            let value = if field.required {
                self.required(path, values, field.name)
            } else {
                values.get(field.name)
            };
            if let Some(value) = value {
                self.field(&below(path, field.name), value, field);
            }
        }
    }

    fn field(&mut self, path: &str, value: &Value, field: &'static Field) {
        match field.kind {
            FieldKind::Flag => {
                self.flag(path, value);
            }
            FieldKind::Integer(least, most) => match value.as_i64() {
                Some(number) if (least..=most).contains(&number) => {}
                _ => self.refuse(path, describe(value), between(least, most)),
            },
            FieldKind::Text(most, pattern) => {
                let Some(text) = self.template_or_text(path, value, field) else { return };
                if text.len() > most {
                    let found = format!("a text of {} bytes", text.len());
                    self.refuse(path, found, format!("at most {most} bytes"));
                } else if let Some(expected) = pattern.refuse(text) {
                    let found = match text {
                        "" => "an empty string".to_owned(),
                        text => format!("`{text}`"),
                    };
                    self.refuse(path, found, expected);
                }
            }
            FieldKind::Word(words) => {
                let Some(text) = self.template_or_text(path, value, field) else { return };
                if !words.contains(&text) {
                    let list: Vec<String> =
                        words.iter().map(|word| format!("`{}`", word.escape_debug())).collect();
                    let expected = format!("one of {}", list.join(", "));
                    self.refuse(path, format!("`{}`", text.escape_debug()), expected);
                }
            }
            FieldKind::Object(fields) => {
                if let Some(values) = self.object(path, value) {
                    self.fields(path, values, fields);
                }
            }
            FieldKind::List(fields, least, most) => {
                let Some(items) = self.array(path, value) else { return };
                if !(least..=most).contains(&items.len()) {
                    let expected = match most {
                        usize::MAX => format!("at least {least}"),
                        most => format!("{least} to {most}"),
                    };
                    self.refuse(path, format!("{} entries", items.len()), expected);
                }
                for (i, item) in items.iter().enumerate() {
                    let path = format!("{path}[{i}]");
                    if let Some(values) = self.object(&path, item) {
                        self.fields(&path, values, fields);
                    }
                }
            }
            FieldKind::Map(most) => {
                let Some(values) = self.object(path, value) else { return };
                if values.len() > most {
                    let found = format!("{} entries", values.len());
                    self.refuse(path, found, format!("at most {most}"));
                }
                for (name, value) in values {
                    let path = below(path, name);
                    self.template_or_text(&path, value, field);
                }
            }
        }
    }

    /// A text whose form is to be checked now; `None` if it is no text, or a template, whose form
    /// only the message will show.
    fn template_or_text<'v>(
        &mut self,
        path: &str,
        value: &'v Value,
        field: &Field,
    ) -> Option<&'v str> {
        let text = self.text(path, value)?;
        if !text.contains("${") {
            return Some(text);
        }
        if !field.takes_templates() {
            let found = format!("the template `{text}`");
            self.refuse(path, found, "a plain text: this field takes no substitution templates");
        }
        None
    }
}

fn problem(path: &str, found: impl Into<String>, expected: impl Into<String>) -> CloudError {
    let path = if path.is_empty() { "the rule" } else { path };
    CloudError::RuleField { path: path.to_owned(), found: found.into(), expected: expected.into() }
}

fn between(least: i64, most: i64) -> String {
    if most - least == 1 { format!("{least} or {most}") } else { format!("{least} to {most}") }
}

/// The path of the field `name` of the object at `path`.
pub(super) fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(_) => "a string".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}
