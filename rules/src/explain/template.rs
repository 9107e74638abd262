//! Substitution templates, expression by expression.

use super::Node;
use super::once::Once;
use super::walk::{Mode, Walk};
use crate::context::{Context, External};
use crate::error::RulesError;
use crate::eval::Scope;
use crate::template::{Part, Template};
use crate::value::{Object, Value};

/// A template over one message.
#[derive(Clone, Debug, PartialEq)]
pub struct TemplateExplanation {
    /// The template.
    pub source: String,
    /// Its expressions in order, with their values.
    pub expressions: Vec<Node>,
    /// What it renders to.
    pub text: Result<String, RulesError>,
}

impl Template {
    /// The template over one message, expression by expression. External functions are called as
    /// rendering calls them, each distinct call once.
    pub fn explain(&self, payload: &[u8], context: &Context<'_>) -> TemplateExplanation {
        self.explain_with(payload, context, &[])
    }

    /// The template as [`Self::explain`] has it, with the values of SET variables.
    pub fn explain_with(
        &self,
        payload: &[u8],
        context: &Context<'_>,
        variables: &[Value],
    ) -> TemplateExplanation {
        let (parts, version) = self.parts();
        let read = Value::from_json_for(payload, version);
        let is_json = read.is_ok();
        let root = read.unwrap_or(Value::Undefined);
        let once = context.functions.map(Once::new);
        let functions = once.as_ref().map(|once| once as &dyn External);
        let (drawn, walked) = (context.chance.cloned(), context.chance.cloned());
        let context = Context { functions, chance: drawn.as_ref(), ..*context };
        let text = self.render_with(&root, &context, variables);
        let context = Context { chance: walked.as_ref(), ..context };
        let scope = Scope { root: &root, bytes: None, variables, context: &context, version };
        let walk = Walk { source: self.source(), is_json, set: &[] };
        let nodes = parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Expr(written, expr) => Some(walk.node(written, expr, scope, Mode::Value)),
        });
        let expressions = nodes.collect();
        TemplateExplanation { source: self.source().to_owned(), expressions, text }
    }
}

impl TemplateExplanation {
    /// The template, what it renders to, and a line for each expression.
    pub fn to_text(&self) -> String {
        let mut out = match &self.text {
            Ok(text) => format!("{} = {text}\n", self.source),
            Err(error) => format!("{} failed: {error}\n", self.source),
        };
        for node in &self.expressions {
            let tree = node.to_text().replacen(&node.text, &format!("${{{}}}", node.text), 1);
            for line in tree.lines() {
                out.push_str("  ");
                out.push_str(line);
                out.push('\n');
            }
        }
        out
    }

    /// `{template, text, error, expressions}`.
    pub fn to_json(&self) -> Value {
        let mut object = Object::new();
        object.insert("template", Value::from(self.source.as_str()));
        match &self.text {
            Ok(text) => object.insert("text", Value::from(text.as_str())),
            Err(error) => object.insert("error", Value::from(error.to_string())),
        }
        let nodes: Vec<Value> = self.expressions.iter().map(Node::to_json).collect();
        object.insert("expressions", Value::Array(nodes));
        Value::Object(object)
    }
}
