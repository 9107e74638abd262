//! The suite's text.

use super::{CLIENT, Draft, Message, Sketch};
use crate::deployment::Settings;
use fieldmirror_rules::value::Value;
use serde_json::Value as Json;
use std::fmt::Write;

/// Actions whose body is the rule's output as it is.
const PLAIN_BODIES: [&str; 4] = ["lambda", "republish", "s3", "kinesis"];

pub(super) fn suite(files: &[String], settings: &Settings, sketches: &[Sketch<'_>]) -> Draft {
    let mut draft = Draft { text: String::new(), cases: 0, gaps: Vec::new() };
    let out = &mut draft.text;
    line(out, "# A first suite: for each rule a message that fires it, and one that does not. The");
    line(
        out,
        "# messages were found by evaluating the rules; the suite says what they do, not what",
    );
    line(out, "# they should do. Read each case, and make it say what you mean.");
    // The folder that the suite itself stands in.
    let named = |file: &String| if file.is_empty() { ".".to_owned() } else { quoted(file) };
    let files: Vec<String> = files.iter().map(named).collect();
    line(out, &format!("rules: [{}]", files.join(", ")));
    if !settings.parameters.is_empty() {
        line(out, "parameters:");
        for (name, value) in &settings.parameters {
            line(out, &format!("  {}: {}", quoted(name), quoted(value)));
        }
    }
    line(out, "tests:");
    for sketch in sketches {
        let rule = &sketch.deployed.name;
        let origin = sketch.deployed.origin.to_string();
        let base = format!("{}/", settings.base.display());
        line(&mut draft.text, &format!("  # {}", origin.strip_prefix(&base).unwrap_or(&origin)));
        match &sketch.firing {
            Ok((message, output)) => {
                let found = firing(sketch, message, output.as_ref());
                draft.text.push_str(&found);
                draft.cases += 1;
            }
            Err(why) => gap(&mut draft, &format!("{rule}, no case that fires: {why}")),
        }
        match &sketch.silent {
            Ok(message) => {
                let head = head(&sketch.silent_name(), rule, message);
                draft.text.push_str(&head);
                line(&mut draft.text, "    expect: []");
                draft.cases += 1;
            }
            Err(why) => gap(&mut draft, &format!("{rule}, no case of silence: {why}")),
        }
    }
    if draft.cases == 0 {
        // A list of nothing, since a key of nothing is no list.
        draft.text.push_str("  []\n");
    }
    draft
}

fn gap(draft: &mut Draft, text: &str) {
    line(&mut draft.text, &format!("  # {text}"));
    draft.gaps.push(text.to_owned());
}

fn firing(sketch: &Sketch<'_>, message: &Message, output: Option<&Value>) -> String {
    let rule = &sketch.deployed.name;
    let mut out = head(&sketch.firing_name(), rule, message);
    let actions = sketch.deployed.payload.get("actions").and_then(Json::as_array);
    let kinds: Vec<&String> = actions
        .into_iter()
        .flatten()
        .filter_map(|action| action.as_object()?.keys().next())
        .collect();
    if kinds.is_empty() {
        line(&mut out, "    # The rule has no actions: nothing shows that it fired.");
        line(&mut out, "    expect: []");
        return out;
    }
    line(&mut out, "    expect:");
    for kind in kinds {
        let mut item = format!("      - {{rule: {}, action: {}", quoted(rule), quoted(kind));
        if let (true, Some(output)) = (PLAIN_BODIES.contains(&kind.as_str()), output) {
            // Writing to a text cannot fail.
            let _ = write!(item, ", payload: {}", json(output));
        }
        if let Some((_, error)) = sketch.failures.iter().find(|(failed, _)| failed == kind) {
            line(&mut out, "      # It fails: mend the rule, or say that this is meant.");
            let _ = write!(item, ", error: {}", Json::from(error.as_str()));
        }
        line(&mut out, &(item + "}"));
    }
    out
}

fn head(name: &str, rule: &str, message: &Message) -> String {
    let mut out = String::new();
    line(&mut out, &format!("  - name: {}", quoted(name)));
    line(&mut out, &format!("    only: [{}]", quoted(rule)));
    line(&mut out, "    messages:");
    let topic = quoted(&message.topic);
    let payload = json(&message.payload);
    let item = format!("{{at: 0s, client: {CLIENT}, topic: {topic}, payload: {payload}}}");
    line(&mut out, &format!("      - {item}"));
    out
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

/// A text that YAML reads as text: bare where it is a word or a path.
fn quoted(text: &str) -> String {
    let mut characters = text.chars();
    let letter = characters.next().is_some_and(|c| c.is_ascii_alphabetic());
    let bare = letter && characters.all(|c| c.is_ascii_alphanumeric() || "_-./ ".contains(c));
    let word = !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        .contains(&text.to_ascii_lowercase().as_str());
    if bare && word && !text.ends_with(' ') {
        text.to_owned()
    } else {
        Json::from(text).to_string()
    }
}

/// JSON on one line, which is YAML too, with a space after each colon and comma outside texts, as
/// people write it.
fn json(value: &Value) -> String {
    let text = String::from_utf8_lossy(&value.to_json()).into_owned();
    let mut out = String::with_capacity(text.len());
    let (mut inside, mut escaped) = (false, false);
    for c in text.chars() {
        out.push(c);
        match c {
            _ if escaped => escaped = false,
            '\\' if inside => escaped = true,
            '"' => inside = !inside,
            ':' | ',' if !inside => out.push(' '),
            _ => {}
        }
    }
    out
}
