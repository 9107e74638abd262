//! The corpus: rules as plain data, with what they yield.
//!
//! `tests/corpus/rules/*.json` at the root of the workspace holds lists of cases {name, origin,
//! sql, payload, and one of expected, silent, ...}; its `README.md` has them all.
//! `diagnostics/*.sql` there are wrong rules, and the `.txt` beside each is what their author is
//! told; `FIELDMIRROR_RECORD=1 cargo test -p fieldmirror-rules` writes those anew.

#[path = "corpus/circumstances.rs"]
mod circumstances;

use circumstances::Circumstances;
use fieldmirror_rules::diagnostic::Diagnostic;
use fieldmirror_rules::error::RulesError;
use fieldmirror_rules::rule::{Output, Rule, SqlVersion};
use fieldmirror_rules::template::Template;
use fieldmirror_rules::value::Value;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus/rules")
}

/// The files of `folder` that end with `extension`, in order.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the corpus is there");
    let paths = entries.map(|entry| entry.expect("readable").path());
    let mut paths: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|found| found == extension)).collect();
    paths.sort();
    paths
}

/// The cases of a file.
fn cases(path: &Path) -> Vec<Json> {
    let text = std::fs::read_to_string(path).expect("readable");
    let cases = serde_json::from_str(&text);
    cases.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What a case expects of its rule.
#[derive(Debug, PartialEq)]
enum Expected {
    /// This JSON, byte for byte (`expected`, or `expected_text` where numbers are long); of a
    /// template its text.
    Json(String),
    /// The rule fires with nothing to send (`empty`).
    Empty,
    /// The payload itself, although it is no JSON (`unchanged`).
    Unchanged,
    /// WHERE is not true (`silent`).
    Silent,
    /// FROM does not match the topic (`unmatched`).
    Unmatched,
    /// The text is refused with these codes (`error`).
    Error(Vec<String>),
    /// A function fails the rule with a message that holds this (`fails`).
    Fails(String),
}

const KEYS: [&str; 19] = [
    "name",
    "origin",
    "reason",
    "sql",
    "template",
    "lenient",
    "version",
    "topic",
    "payload",
    "payload_text",
    "expected",
    "expected_text",
    "empty",
    "unchanged",
    "silent",
    "unmatched",
    "error",
    "fails",
    "context",
];

/// One case as the file has it.
struct Case<'a>(&'a Json);

impl<'a> Case<'a> {
    fn text(&self, key: &str) -> Option<&'a str> {
        self.0.get(key).map(|text| text.as_str().unwrap_or_else(|| panic!("{key} is a text")))
    }

    fn expected(&self) -> Expected {
        let mut found = Vec::new();
        for (key, value) in self.0.as_object().expect("a case is an object") {
            assert!(KEYS.contains(&key.as_str()), "unknown key {key}");
            match key.as_str() {
                "expected" if self.0.get("template").is_some() => {
                    let text = value.as_str().expect("a template yields a text");
                    found.push(Expected::Json(text.to_owned()));
                }
                "expected" => found.push(Expected::Json(value.to_string())),
                "expected_text" => {
                    let text = value.as_str().expect("expected_text is a text");
                    found.push(Expected::Json(text.to_owned()));
                }
                "empty" => found.push(Expected::Empty),
                "fails" => {
                    let text = value.as_str().expect("fails is a part of the message");
                    found.push(Expected::Fails(text.to_owned()));
                }
                "unchanged" => found.push(Expected::Unchanged),
                "silent" => found.push(Expected::Silent),
                "unmatched" => found.push(Expected::Unmatched),
                "error" => {
                    let codes = value.as_array().expect("error is a list of codes");
                    let codes = codes.iter().map(|code| code.as_str().expect("a code").to_owned());
                    found.push(Expected::Error(codes.collect()));
                }
                _ => {}
            }
        }
        assert_eq!(found.len(), 1, "a case expects one thing: {found:?}");
        found.remove(0)
    }

    fn payload(&self) -> Vec<u8> {
        match (self.text("payload_text"), self.0.get("payload")) {
            (Some(text), None) => text.as_bytes().to_vec(),
            (None, Some(json)) => json.to_string().into_bytes(),
            _ => panic!("a case has payload or payload_text"),
        }
    }

    fn version(&self) -> SqlVersion {
        let version = self.text("version").unwrap_or("2016-03-23");
        SqlVersion::parse(version).expect("a version of the language")
    }

    fn compile(&self, sql: &str) -> Result<Rule, Vec<Diagnostic>> {
        match self.0.get("lenient").and_then(Json::as_bool) {
            Some(true) => Rule::compile_lenient(sql, self.version()).map(|(rule, _)| rule),
            _ => Rule::compile(sql, self.version()),
        }
    }

    fn circumstances(&self) -> Circumstances {
        Circumstances::of(self.0.get("context"))
    }

    fn failed(&self, error: &RulesError) -> Expected {
        let message = error.to_string();
        let awaited = self.text("fails").filter(|part| message.contains(part));
        Expected::Fails(awaited.map_or(message.clone(), str::to_owned))
    }

    fn actual(&self) -> Expected {
        let topic = self.text("topic").unwrap_or("a/b");
        match (self.text("sql"), self.text("template")) {
            (Some(sql), None) => self.yielded(sql, topic),
            (None, Some(template)) => self.rendered(template, topic),
            (Some(sql), Some(template)) => self.rendered_of(sql, template, topic),
            _ => panic!("a case has sql or template"),
        }
    }

    fn rendered(&self, template: &str, topic: &str) -> Expected {
        match Template::compile_for(template, self.version()) {
            Ok(template) => {
                let payload = Value::from_json_for(&self.payload(), self.version());
                let payload = payload.unwrap_or(Value::Undefined);
                match template.render(&payload, &self.circumstances().context(topic)) {
                    Ok(text) => Expected::Json(text),
                    Err(error) => self.failed(&error),
                }
            }
            Err(errors) => refused(&errors),
        }
    }

    /// A template of an action of the rule, when the rule fires.
    fn rendered_of(&self, sql: &str, template: &str, topic: &str) -> Expected {
        let rule = self.compile(sql).expect("the rule of a template compiles");
        let template = match rule.template(template) {
            Ok(template) => template,
            Err(errors) => return refused(&errors),
        };
        let payload = Value::from_json_for(&self.payload(), self.version()).expect("JSON");
        let circumstances = self.circumstances();
        let context = circumstances.context(topic);
        let Some(firing) = rule.fire(&payload, &context).expect("it does not fail") else {
            return Expected::Silent;
        };
        let text = template.render_with(&payload, &context, &firing.variables);
        Expected::Json(text.expect("it does not fail"))
    }

    fn yielded(&self, sql: &str, topic: &str) -> Expected {
        let rule = match self.compile(sql) {
            Ok(rule) => rule,
            Err(errors) => return refused(&errors),
        };
        // Basic Ingest reaches a rule by its name, whatever its FROM.
        if !rule.hears(topic) && !topic.starts_with("$aws/rules/") {
            return Expected::Unmatched;
        }
        let payload = self.payload();
        let circumstances = self.circumstances();
        let output = match rule.evaluate_bytes(&payload, &circumstances.context(topic)) {
            Ok(output) => output,
            Err(error) => return self.failed(&error),
        };
        // Written anew, `payload_text` may differ in its blanks.
        if self.0.get("payload").is_some() {
            let value = Value::from_json_for(&payload, self.version()).expect("JSON");
            // Anew, so that chance begins again.
            let circumstances = self.circumstances();
            let over_value = rule.evaluate(&value, &circumstances.context(topic));
            let over_value = over_value.expect("it did not fail over bytes");
            assert_eq!(output.clone(), over_value.map(Output::Value), "both entries agree");
        }
        match output {
            None => Expected::Silent,
            Some(Output::Payload) => Expected::Unchanged,
            Some(Output::Value(Value::Undefined)) => Expected::Empty,
            Some(Output::Value(value)) => {
                Expected::Json(String::from_utf8(value.to_json()).expect("UTF-8"))
            }
        }
    }
}

/// The codes with which a text is refused.
fn refused(errors: &[Diagnostic]) -> Expected {
    Expected::Error(errors.iter().map(|error| error.code.to_string()).collect())
}

#[test]
fn every_case_holds() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for path in files(&folder(), "json") {
        for case in &cases(&path) {
            let case = Case(case);
            assert!(case.text("origin").is_some(), "{:?} has an origin", case.text("name"));
            let (expected, actual) = (case.expected(), case.actual());
            count += 1;
            if expected != actual {
                let (name, sql) = (case.text("name"), case.text("sql"));
                let file = path.file_name();
                wrong.push(format!(
                    "{file:?} {name:?}\n  {sql:?}\n  expected {expected:?}\n  actual   {actual:?}"
                ));
            }
        }
    }
    assert!(count > 250, "the corpus has shrunk to {count} cases");
    assert!(wrong.is_empty(), "{} of {count} cases:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn known_differences_have_a_reason_and_are_still_there() {
    for path in files(&folder().join("fixme"), "json") {
        for case in &cases(&path) {
            let case = Case(case);
            let name = case.text("name").expect("a case has a name");
            assert!(case.text("reason").is_some_and(|why| why.len() > 20), "{name} has a reason");
            assert_ne!(
                case.expected(),
                case.actual(),
                "{name} holds by now: move it from {} into the corpus",
                path.display()
            );
        }
    }
}

#[test]
fn every_wrong_rule_is_explained_as_recorded() {
    let record = std::env::var_os("FIELDMIRROR_RECORD").is_some();
    let paths = files(&folder().join("diagnostics"), "sql");
    assert!(!paths.is_empty(), "the corpus has wrong rules");
    for path in paths {
        let sql = std::fs::read_to_string(&path).expect("readable");
        let errors = Rule::compile(&sql, SqlVersion::V2016_03_23).expect_err("a wrong rule");
        let rendered: Vec<String> = errors.iter().map(|error| error.render(&sql)).collect();
        let rendered = rendered.join("\n");
        let golden = path.with_extension("txt");
        if record {
            std::fs::write(&golden, rendered).expect("writable");
        } else {
            let recorded = std::fs::read_to_string(&golden).unwrap_or_default();
            assert_eq!(rendered, recorded, "{}", golden.display());
        }
    }
}
