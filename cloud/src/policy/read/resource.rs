//! Reads resources, and judges whether the resources of a statement fit its actions.

use super::{PolicyWarning, Reader};
use crate::policy::action::{Action, ResourceKind};
use crate::policy::document::{Effect, Scope, Statement, WarningKind};
use crate::policy::pattern::Template;

impl Reader {
    /// Reads an ARN or `*`; `foreign` says that an action of another service is named beside it.
    pub(super) fn resource(&mut self, path: &str, text: &str, foreign: bool) -> Option<Template> {
        let template = self.template(path, text, true)?;
        let form = "`*` or an ARN such as `arn:aws:iot:REGION:ACCOUNT:topic/TOPIC`";
        if text.starts_with(['*', '?']) {
            return Some(template);
        }
        let parts = parts(text);
        // A `*` may stand for several parts, as in `arn:aws:iot:*`.
        let open = parts.iter().any(|part| part.contains('*') && !part.contains('/'));
        if parts[0] != "arn" || (parts.len() < 6 && !open) {
            self.wrong(path, format!("`{text}`"), form);
            return None;
        }
        // In a short form the parts are not where they seem to be.
        let service = if parts.len() == 6 { parts[2] } else { "*" };
        if !service.contains(['*', '?', '$']) && service != "iot" && !foreign {
            self.wrong(path, format!("an ARN of the service `{service}`"), form);
            return None;
        }
        Some(template)
    }

    /// Warns of what a statement says and hardly means.
    pub(super) fn judge(&mut self, path: &str, statement: &Statement) {
        let all = Action::ALL.iter().fold(0, |mask, action| mask | action.bit());
        let Scope::Only(resources) = &statement.resources else { return };
        let every = resources.iter().any(|r| r.as_str() == "*");
        let mask = statement.action_mask();
        let free = statement.conditions.is_empty();
        if statement.effect == Effect::Allow && mask & all == all && every && free {
            let text = "every action on everything is allowed; name what the devices need";
            self.warn(WarningKind::AllowsEverything, path, text);
        }
        self.judge_actions(path, statement, resources);
        for (i, resource) in resources.iter().enumerate() {
            let place = place(path, "Resource", i, resources.len() == 1);
            self.judge_resource(&place, resource, mask);
        }
    }

    fn judge_actions(&mut self, path: &str, statement: &Statement, resources: &[Template]) {
        let Scope::Only(actions) = &statement.actions else { return };
        let fits = |kind| resources.iter().any(|r| kinds(r.as_str()).contains(&kind));
        for (i, pattern) in actions.iter().enumerate() {
            let Some(action) = Action::parse(&pattern.text) else { continue };
            if fits(action.resource()) {
                continue;
            }
            let place = place(path, "Action", i, actions.len() == 1);
            self.warn(WarningKind::ActionWithoutResource, &place, needs(action, resources));
        }
    }

    fn judge_resource(&mut self, place: &str, resource: &Template, mask: u32) {
        let text = resource.as_str();
        let kinds = kinds(text);
        let used = Action::ALL
            .iter()
            .any(|action| mask & action.bit() != 0 && kinds.contains(&action.resource()));
        if !used {
            let text = format!("no action of the statement is asked about `{text}`");
            self.warn(WarningKind::ResourceWithoutAction, place, text);
        }
        let topic = parts(text).get(5).and_then(|rest| rest.strip_prefix("topic/"));
        if topic.is_some_and(|t| t.split('/').any(|level| level == "+" || level == "#")) {
            self.warnings.push(PolicyWarning {
                kind: WarningKind::FilterInTopic,
                path: place.to_owned(),
                text: format!(
                    "`+` and `#` are plain characters in `{text}`, and no topic has them; write `*`"
                ),
            });
        }
    }
}

/// What an action lacks in a statement none of whose resources fits it.
fn needs(action: Action, resources: &[Template]) -> String {
    let word = match action.resource() {
        ResourceKind::All => "*".to_owned(),
        kind => format!("{}/...", kind.word()),
    };
    let mut text = format!("{action} is asked about `{word}`, which no resource here can be");
    if action == Action::Subscribe {
        let topic = resources.iter().find(|r| r.as_str().contains(":topic/"));
        if let Some(topic) = topic {
            let filter = topic.as_str().replacen(":topic/", ":topicfilter/", 1);
            text.push_str(&format!("; add `{filter}`"));
        }
    }
    text
}

/// The parts of an ARN: at most six, between colons outside of `${...}`.
pub(crate) fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut begin, mut inside) = (Vec::new(), 0, false);
    for (i, c) in text.char_indices() {
        match c {
            '{' if text[..i].ends_with('$') => inside = true,
            '}' => inside = false,
            ':' if !inside && parts.len() < 5 => {
                parts.push(&text[begin..i]);
                begin = i + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[begin..]);
    parts
}

/// The kinds of resources that a pattern may stand for, by its text.
pub(crate) fn kinds(text: &str) -> Vec<ResourceKind> {
    if text.chars().all(|c| c == '*') {
        return ResourceKind::ALL.to_vec();
    }
    let named = ResourceKind::ALL.into_iter().filter(|kind| *kind != ResourceKind::All);
    let parts = parts(text);
    let open = parts[..parts.len().min(5)].iter().any(|part| part.contains("*"));
    match parts.get(5).map(|rest| rest.split('/').next().unwrap_or_default()) {
        Some(word) if !word.contains(['*', '?', '$']) && !parts[0].contains('*') => {
            let slash = parts[5].contains('/');
            named.filter(|kind| slash && kind.word() == word).collect()
        }
        Some(_) => named.collect(),
        None if open => named.collect(),
        None => Vec::new(),
    }
}

fn place(path: &str, field: &str, i: usize, single: bool) -> String {
    if single { format!("{path}.{field}") } else { format!("{path}.{field}[{i}]") }
}
