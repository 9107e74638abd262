//! SELECT over a schema's fields.

use super::condition;
use crate::eval::{self, Scope};
use crate::program::{Expr, Item, Select};
use crate::rule::SqlVersion;
use crate::value::{Decimal, Object, Value, number, write_string};
use fieldmirror_core::ids::Names;
use fieldmirror_core::reading::{FieldKind, Reading, Schema};

/// What a bound rule writes.
#[derive(Clone, Debug)]
pub(super) enum Output {
    /// The payload.
    Whole,
    /// Fields and constants.
    Parts(Vec<Part>),
    /// Anything else over the payload: evaluated by the general path.
    General(Box<Select>, SqlVersion),
}

/// A piece of the output.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// JSON that is the same for every message.
    Text(Vec<u8>),
    /// A field's value.
    Field(usize),
}

/// The output of a SELECT; `None` if it depends on more than the payload.
pub(super) fn compile(select: &Select, version: SqlVersion, schema: &Schema) -> Option<Output> {
    if select.is_whole() {
        return Some(Output::Whole);
    }
    let reads_context = |expr: &Expr| {
        expr.any(&mut |expr| match expr {
            Expr::Call(function, _) => function.reads_context,
            Expr::Variable(_) => true,
            _ => false,
        })
    };
    if select.exprs().into_iter().any(reads_context) {
        return None;
    }
    let parts = match select {
        Select::Value(expr) => source(expr, version, schema).map(Vec::from_iter),
        Select::Items(items) => columns(items, version, schema),
    };
    Some(match parts {
        Some(parts) => Output::Parts(parts),
        None => Output::General(Box::new(select.clone()), version),
    })
}

/// Where a value comes from: `Some(None)` if it is Undefined for every message, `None` if it has to
/// be computed.
fn source(expr: &Expr, version: SqlVersion, schema: &Schema) -> Option<Option<Part>> {
    if let Some(value) = condition::constant(expr, version, schema) {
        return Some((!value.is_undefined()).then(|| Part::Text(value.to_json())));
    }
    let Expr::Path(steps) = expr else { return None };
    schema.position(&steps[0]).map(|field| Some(Part::Field(field)))
}

fn columns(items: &[Item], version: SqlVersion, schema: &Schema) -> Option<Vec<Part>> {
    let mut entries: Vec<(&str, Part)> = Vec::new();
    let mut insert = |key, part| match entries.iter_mut().find(|(known, _)| *known == key) {
        Some((_, old)) => *old = part,
        None => entries.push((key, part)),
    };
    for item in items {
        match item {
            Item::All => {
                for (position, field) in schema.fields.iter().enumerate() {
                    insert(field.name, Part::Field(position));
                }
            }
            Item::Named(key, expr) => {
                if let Some(part) = source(expr, version, schema)? {
                    insert(&**key, part);
                }
            }
        }
    }
    let mut parts = Vec::new();
    let mut text = b"{".to_vec();
    for (position, (key, part)) in entries.into_iter().enumerate() {
        if position > 0 {
            text.push(b',');
        }
        write_string(key, &mut text);
        text.push(b':');
        match part {
            Part::Text(json) => text.extend_from_slice(&json),
            Part::Field(_) => {
                parts.push(Part::Text(std::mem::take(&mut text)));
                parts.push(part);
            }
        }
    }
    text.push(b'}');
    parts.push(Part::Text(text));
    Some(parts)
}

impl Output {
    /// Appends the output for `reading` as JSON.
    pub(super) fn render(&self, reading: &Reading, names: &Names, out: &mut Vec<u8>) {
        match self {
            Self::Whole => reading.render(names, out),
            Self::Parts(parts) => {
                for part in parts {
                    match part {
                        Part::Text(text) => out.extend_from_slice(text),
                        Part::Field(field) => reading.render_field(*field, names, out),
                    }
                }
            }
            Self::General(select, version) => {
                let (payload, context) = (payload(reading, names), condition::nowhere());
                let scope = Scope {
                    root: &payload,
                    bytes: None,
                    variables: &[],
                    context: &context,
                    version: *version,
                };
                // Only functions that read the context can fail; compile() admits none.
                if let Ok(value) = eval::select(select, scope) {
                    value.write_json(out);
                }
            }
        }
    }
}

/// The value that a reader of the rendered payload would see.
fn payload(reading: &Reading, names: &Names) -> Value {
    let fields = reading.class().schema().fields.iter().enumerate();
    let entries = fields.map(|(position, field)| {
        let raw = reading.raw(position);
        let value = match field.kind {
            FieldKind::Device => names.name(reading.device()).into(),
            FieldKind::Word(words) => words[raw as usize].into(),
            FieldKind::Decimal { scale } => {
                // 64 bits fit 34 digits. A whole number is printed without a point.
                let decimal = Decimal::new(raw.into(), -i32::from(scale)).unwrap_or(Decimal::ZERO);
                number(decimal, decimal.is_whole(), SqlVersion::V2016_03_23)
            }
        };
        (field.name, value)
    });
    Value::Object(entries.collect::<Object>())
}
