//! SAM: the events of type `IoTRule` that functions have.
//!
//! SAM makes an `AWS::IoT::TopicRule` of each, whose logical id is that of the function with that
//! of the event behind it, with one lambda action; with `AutoPublishAlias`, the function's or that
//! of `Globals`, the action calls the alias. Nothing else of `Globals` reaches a rule.
//!
//! # Source
//! AWS SAM developer guide, "IoTRule" and "Generated AWS CloudFormation resources".

use super::super::fields::Fields;
use super::super::intrinsics::{Broken, Intrinsics, Outcome, quoted};
use super::super::names;
use super::Stack;
use crate::deployment::Origin;
use crate::yaml::{Entry, Mapping, Node, Style, Value};

impl Stack<'_, '_, '_> {
    /// Adds a rule for each event of type `IoTRule` of a function.
    pub(super) fn events(&mut self, id: &str, node: &Node) {
        let events = node.get("Properties").and_then(|properties| properties.get("Events"));
        for event in events.and_then(Node::as_mapping).into_iter().flatten() {
            if event.value.get("Type").and_then(Node::as_text) == Some("IoTRule") {
                let outer = self.origin.clone();
                let logical_id = Some(format!("{id}{}", event.key));
                self.origin = Origin { line: event.line, logical_id, ..outer.clone() };
                self.event(id, node, event);
                self.origin = outer;
            }
        }
    }

    fn event(&mut self, id: &str, function: &Node, event: &Entry) {
        let origin = self.origin.clone();
        let Some(properties) = event.value.get("Properties") else {
            self.fail(&event.value, "no `Properties`".to_owned(), "`Sql`, and `AwsIotSqlVersion`");
            return;
        };
        let Ok(arn) = self.function_arn(id, function, &event.value) else { return };
        let Outcome::Value(found) = self.evaluate(properties) else { return };
        let known = ["Sql", "AwsIotSqlVersion"];
        let Some(fields) = Fields::read(&found, &known, &origin, self.builder) else { return };
        if fields.needed("Sql", self.builder).is_none() {
            return;
        }
        let at = &event.value;
        let given = found.as_mapping().into_iter().flatten();
        let given = given.filter(|entry| known.contains(&entry.key.as_str()));
        let mut entries: Vec<Entry> = given.cloned().collect();
        let lambda = mapping(at, "FunctionArn", quoted(at, arn));
        let actions = vec![mapping(at, "Lambda", lambda)];
        entries.push(entry(at, "Actions", Node { value: Value::Sequence(actions), ..at.clone() }));
        entries.push(entry(
            at,
            "RuleDisabled",
            Node::scalar("false", Style::Plain, at.line, at.column),
        ));
        let payload =
            Node { value: Value::Mapping(entries.into_iter().collect::<Mapping>()), ..found };
        let payload = names::from_cloudformation(&payload, &origin, self.builder);
        let name = origin.logical_id.clone().unwrap_or_default();
        self.builder.rule(&name, &payload, origin);
    }

    fn function_arn(&mut self, id: &str, function: &Node, at: &Node) -> Result<String, Broken> {
        let Outcome::Value(arn) = self.resource_attribute(id, function, "Arn", at) else {
            return Err(Broken);
        };
        let arn = arn.as_written().unwrap_or_default().to_owned();
        let own = function.get("Properties").and_then(|node| node.get("AutoPublishAlias"));
        let globals = self.root.get("Globals").and_then(|globals| globals.get("Function"));
        match own.or_else(|| globals?.get("AutoPublishAlias")) {
            Some(alias) => Ok(format!("{arn}:{}", self.text(alias)?)),
            None => Ok(arn),
        }
    }
}

fn mapping(at: &Node, key: &str, value: Node) -> Node {
    let value = Value::Mapping(std::iter::once(entry(at, key, value)).collect::<Mapping>());
    Node { line: at.line, column: at.column, tag: None, value }
}

fn entry(at: &Node, key: &str, value: Node) -> Entry {
    Entry { key: key.to_owned(), line: at.line, column: at.column, value }
}
