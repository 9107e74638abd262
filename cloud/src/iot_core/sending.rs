//! Actions that send: their fields are rendered over the message, the body is made, and tables,
//! functions and targets that are files get it.

use super::IotCore;
use super::rule_actions::{Body, Form, Performed, Run, not_json};
use super::surroundings::Uuid;
use crate::actions::bodies::{self, Output, text};
use crate::actions::calls::{number, one_of};
use crate::actions::fields::Seen;
use crate::actions::fields::target_fields;
use crate::actions::{ActionFailure, Work, key_type, rendered_target, write_base64};
use crate::outputs::{ActionKind, Outcome, Outputs, SinkRow};
use crate::rule_spec::kinds::OPERATIONS;
use crate::spec::KeyType;
use crate::table::{KeyAttribute, TABLES_MAX, Table, TableKey};
use fieldmirror_core::ids::EntityKey;
use fieldmirror_rules::value::{Object, Value};
use std::cell::Cell;

impl IotCore {
    /// Renders and sends an action; `payload` is the message's.
    pub(super) fn send(&mut self, run: &Run<'_>, payload: &Value, out: &mut Outputs) -> Performed {
        let mut performed = Performed::new(run.output.range);
        let action = self.rules[usize::from(run.number)].action(run.at);
        let Some((kind, is_fixed)) = action.map(|action| (action.kind, action.is_fixed)) else {
            return performed;
        };
        let fields = match self.render(run, payload) {
            Ok(fields) => fields,
            Err(failure) => {
                // Another field failed: where it would have gone is known all the same.
                let target = if is_fixed { None } else { self.render_target(run, kind, payload) };
                performed.resource = target.map(|target| out.store(target.as_bytes()));
                return performed.failed(failure, out);
            }
        };
        let target = rendered_target(kind, &fields);
        if !is_fixed {
            performed.resource = Some(out.store(target.as_bytes()));
        }
        let result = match kind {
            ActionKind::Lambda => self.invoke(&target, run, out),
            ActionKind::DynamoDbV2 => self.put_item(&target, run.output, out),
            ActionKind::DynamoDb => self.write_item(&target, &fields, run, &mut performed, out),
            _ => self.call(kind, &fields, run, &mut performed, out),
        };
        match result {
            Ok(outcome) => Performed { outcome, ..performed },
            Err(failure) => performed.failed(failure, out),
        }
    }

    /// What the message makes of the fields that an action sends.
    pub(super) fn render(&self, run: &Run<'_>, payload: &Value) -> Result<Object, ActionFailure> {
        let rule = &self.rules[usize::from(run.number)];
        let Some(action) = rule.action(run.at) else { return Ok(Object::new()) };
        let (Work::Send(fields) | Work::Republish { headers: Some(fields), .. }) = &action.work
        else {
            return Ok(Object::new());
        };
        let circumstances = self.circumstances(run.message.time, rule.key.pair(action.key));
        let topic = self.text_of(run.message);
        let context = &self.rule_context(run.message, topic, &circumstances);
        fields.render(Seen { payload, context, variables: run.variables })
    }

    /// The target alone, if all of its templates give something.
    fn render_target(&self, run: &Run<'_>, kind: ActionKind, payload: &Value) -> Option<String> {
        let rule = &self.rules[usize::from(run.number)];
        let action = rule.action(run.at)?;
        let Work::Send(fields) = &action.work else { return None };
        let circumstances = self.circumstances(run.message.time, rule.key.pair(action.key));
        let topic = self.text_of(run.message);
        let context = &self.rule_context(run.message, topic, &circumstances);
        let seen = Seen { payload, context, variables: run.variables };
        let fields = fields.only(target_fields(kind)).render(seen).ok()?;
        Some(rendered_target(kind, &fields))
    }

    /// Invokes a function whose name a template gave, or that nobody declares.
    fn invoke(
        &mut self,
        name: &str,
        run: &Run<'_>,
        out: &mut Outputs,
    ) -> Result<Outcome, ActionFailure> {
        let declared = self
            .functions
            .iter()
            .position(|function| self.principals.text(function.principal) == name);
        if let Some(function) = declared {
            return self.call_function(function, run.message, run.output, out);
        }
        if !self.world.records_undeclared {
            let why = format!("no function `{name}` is declared");
            return Err(ActionFailure::new(Outcome::UnknownFunction, why));
        }
        run.output.check_json()?;
        Ok(Outcome::Done)
    }

    fn put_item(
        &mut self,
        table: &str,
        output: Body,
        out: &mut Outputs,
    ) -> Result<Outcome, ActionFailure> {
        output.check_json()?;
        let table = self.table_named(table)?;
        let dropped = self.tables[table].put(output.range.of(&out.bytes))?;
        out.counters.table_drops += u64::from(dropped);
        Ok(Outcome::Done)
    }

    /// Writes the whole output into one column. Bytes that are no JSON are kept as their base64,
    /// as the DynamoDB console shows binary data.
    fn write_item(
        &mut self,
        table: &str,
        fields: &Object,
        run: &Run<'_>,
        performed: &mut Performed,
        out: &mut Outputs,
    ) -> Result<Outcome, ActionFailure> {
        let operation = match text(fields, "operation") {
            "" => "INSERT",
            operation => one_of("operation", operation, OPERATIONS)?,
        };
        let (hash, hash_value) = key_attribute(fields, "hashKey")?;
        let range = match fields.get("rangeKeyField") {
            Some(_) => Some(key_attribute(fields, "rangeKey")?),
            None => None,
        };
        let mut item = Object::new();
        item.insert(hash.name.as_str(), hash_value);
        if let Some((range, value)) = &range {
            item.insert(range.name.as_str(), value.clone());
        }
        let names = TableKey { hash, range: range.map(|(range, _)| range) };
        let mut sent: Object = [("operation", operation.into())].into_iter().collect();
        if operation == "DELETE" {
            sent.insert("key", item.clone().into());
        } else {
            let version = self.rules[usize::from(run.number)].version;
            let bytes = run.output.range.of(&out.bytes);
            let column = match run.output.form {
                Form::Bytes => {
                    let mut base64 = Vec::new();
                    write_base64(bytes, &mut base64);
                    Value::from(String::from_utf8_lossy(&base64).into_owned())
                }
                Form::Json | Form::Reading(_) => {
                    Value::from_json_for(bytes, version).map_err(|_| not_json())?
                }
            };
            let name = match text(fields, "payloadField") {
                "" => "payload",
                name => name,
            };
            if item.get(name).is_some() {
                let why = format!("`payloadField` and a key are both `{name}`");
                return Err(ActionFailure::new(Outcome::BadValue, why));
            }
            item.insert(name, column);
            sent.insert("item", item.clone().into());
        }
        performed.body = out.store(&Value::Object(sent).to_json());
        let table = self.table_named(table)?;
        self.tables[table].assume_key(&names);
        let dropped = self.tables[table].write(operation, &names, &item)?;
        out.counters.table_drops += u64::from(dropped);
        Ok(Outcome::Done)
    }

    /// The table called `name`; a template may name a new one.
    fn table_named(&mut self, name: &str) -> Result<usize, ActionFailure> {
        if let Some(known) = self.tables.iter().position(|table| table.name() == name) {
            return Ok(known);
        }
        if self.tables.len() >= TABLES_MAX {
            let why = format!("there are {TABLES_MAX} tables already");
            return Err(ActionFailure::new(Outcome::BadValue, why));
        }
        self.tables.push(Table::new(name, None));
        Ok(self.tables.len() - 1)
    }

    /// Makes the body and hands it to the file that stands for the target, if one does.
    fn call(
        &self,
        kind: ActionKind,
        fields: &Object,
        run: &Run<'_>,
        performed: &mut Performed,
        out: &mut Outputs,
    ) -> Result<Outcome, ActionFailure> {
        let rule = &self.rules[usize::from(run.number)];
        let key = rule.action(run.at).map_or(rule.key, |action| action.key);
        let draws = self.message_key().pair(rule.key).pair(key);
        let drawn = Cell::new(0_u32);
        let uuid = || {
            drawn.set(drawn.get() + 1);
            Uuid::of(draws.pair(EntityKey::of(&drawn.get().to_string()))).as_str().to_owned()
        };
        let output = Output {
            bytes: run.output.range.of(&out.bytes),
            is_json: run.output.is_json(),
            version: rule.version,
            now: run.message.time,
            uuid: &uuid,
        };
        let call = bodies::call(kind, fields, &output)?;
        if let Some(body) = call.body {
            performed.body = out.store(&body);
        }
        if !call.parameters.is_empty() {
            performed.parameters = Some(out.store(&Value::Object(call.parameters).to_json()));
        }
        if FILES.contains(&kind) {
            let name = target_fields(kind).first().map_or("", |name| text(fields, name));
            let (target, key) = (out.store(name.as_bytes()), out.store(call.key.as_bytes()));
            let (time, body) = (run.message.time, performed.body);
            out.sinks.push(SinkRow { time, kind, target, key, body });
        }
        Ok(Outcome::Done)
    }
}

/// Targets that stand for a file.
const FILES: [ActionKind; 5] =
    [ActionKind::S3, ActionKind::Kinesis, ActionKind::Sqs, ActionKind::Sns, ActionKind::Firehose];

/// A key of a `dynamoDB` action and its value; `which` is `hashKey` or `rangeKey`.
fn key_attribute(fields: &Object, which: &str) -> Result<(KeyAttribute, Value), ActionFailure> {
    let field = |suffix: &str| text(fields, &format!("{which}{suffix}"));
    let kind = key_type(field("Type"));
    let (name, raw) = (field("Field").to_owned(), field("Value"));
    let value = match kind {
        _ if raw.is_empty() => {
            let why = format!("the template of `{which}Value` gave nothing");
            return Err(ActionFailure::new(Outcome::EmptyField, why));
        }
        KeyType::Text => Value::from(raw),
        KeyType::Number => number(&format!("{which}Value"), raw)?,
    };
    Ok((KeyAttribute { name, kind: Some(kind) }, value))
}
