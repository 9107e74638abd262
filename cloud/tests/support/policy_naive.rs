//! A second evaluator of policies that shares nothing with the crate's: it works on the JSON of
//! documents, replaces variables by text search, and matches wildcards by recursion. It is slow and
//! short, so that it is easy to see that it is right.

#![allow(dead_code, reason = "each test file uses some of it")]

use serde_json::Value;
use std::collections::BTreeMap;

/// What variables are worth: all values, the first of which stands for the bare name.
pub(crate) type Variables = BTreeMap<String, Vec<String>>;

/// Decides as `ALLOWED`, `EXPLICIT_DENY` or `IMPLICIT_DENY`.
pub(crate) fn decide(
    documents: &[Value],
    action: &str,
    arn: &str,
    variables: &Variables,
) -> &'static str {
    let statements = documents.iter().flat_map(|document| {
        let current = document["Version"] == "2012-10-17";
        list(&document["Statement"]).into_iter().map(move |s| (current, s))
    });
    let matching: Vec<Value> = statements
        .filter(|(current, s)| matches(s, *current, action, arn, variables))
        .map(|(_, s)| s["Effect"].clone())
        .collect();
    if matching.iter().any(|effect| effect == "Deny") {
        "EXPLICIT_DENY"
    } else if matching.iter().any(|effect| effect == "Allow") {
        "ALLOWED"
    } else {
        "IMPLICIT_DENY"
    }
}

fn matches(s: &Value, current: bool, action: &str, arn: &str, variables: &Variables) -> bool {
    let action_in = |key: &str| {
        list(&s[key]).iter().any(|a| wild(&chars(a.as_str().expect("a text")), &chars(action)))
    };
    let action =
        if s["NotAction"].is_null() { action_in("Action") } else { !action_in("NotAction") };
    let put = |text: &Value| replaced(text.as_str().expect("a text"), current, variables);
    let resource = if s["NotResource"].is_null() {
        list(&s["Resource"])
            .iter()
            .any(|r| put(r).is_some_and(|pattern| wild(&chars(&pattern), &chars(arn))))
    } else {
        list(&s["NotResource"])
            .iter()
            .all(|r| put(r).is_some_and(|pattern| !wild(&chars(&pattern), &chars(arn))))
    };
    let conditions = s["Condition"].as_object().into_iter().flatten();
    action
        && resource
        && conditions.into_iter().all(|(operator, keys)| {
            keys.as_object()
                .expect("an object")
                .iter()
                .all(|(key, wanted)| condition(operator, key, &list(wanted), current, variables))
        })
}

fn condition(
    operator: &str,
    key: &str,
    wanted: &[Value],
    current: bool,
    variables: &Variables,
) -> bool {
    let found = variables.get(key).cloned();
    if operator == "Null" {
        return wanted.iter().any(|w| text(w) == if found.is_none() { "true" } else { "false" });
    }
    let (operator, optional) = match operator.strip_suffix("IfExists") {
        Some(operator) => (operator, true),
        None => (operator, false),
    };
    if optional && found.is_none() {
        return true;
    }
    let found = found.unwrap_or_default();
    let wanted: Option<Vec<String>> =
        wanted.iter().map(|w| replaced(&text(w), current, variables)).collect();
    let Some(wanted) = wanted else { return false };
    let (set, operator) = operator.split_once(':').unwrap_or(("", operator));
    let negated = operator.contains("Not");
    let equal = |k: &str, w: &str| match operator.replace("Not", "").as_str() {
        "StringEquals" | "Bool" => k == plain(w),
        "StringLike" => wild(&chars(w), &chars(k)),
        "NumericLessThan" => {
            k.parse::<f64>().ok().zip(w.parse::<f64>().ok()).is_some_and(|(k, w)| k < w)
        }
        other => panic!("the naive evaluator knows no {other}"),
    };
    let passes = |k: &String| wanted.iter().any(|w| equal(k, w)) != negated;
    match set {
        "ForAllValues" => found.iter().all(passes),
        "ForAnyValue" => found.iter().any(passes),
        _ if negated => found.iter().all(passes),
        _ => found.iter().any(passes),
    }
}

fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        one => vec![one.clone()],
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

// Private characters stand for escaped ones until they are compared.
const ESCAPES: [(&str, char, char); 3] =
    [("${*}", '\u{E000}', '*'), ("${?}", '\u{E001}', '?'), ("${$}", '\u{E002}', '$')];

fn replaced(pattern: &str, current: bool, variables: &Variables) -> Option<String> {
    if !current {
        // Here `$` is text, which the matcher need not know apart.
        return Some(pattern.to_owned());
    }
    let mut text = pattern.to_owned();
    for (written, private, _) in ESCAPES {
        text = text.replace(written, &private.to_string());
    }
    for (name, values) in variables {
        let unfit = |v: &String| v.contains(['*', '$', '+', '?', '#']) || v.chars().count() > 1024;
        if let Some(value) = values.first().filter(|v| !unfit(v)) {
            text = text.replace(&format!("${{{name}}}"), value);
        }
    }
    (!text.contains("${")).then_some(text)
}

/// A text whose private characters are what they stand for.
fn plain(text: &str) -> String {
    ESCAPES
        .iter()
        .fold(text.to_owned(), |text, (_, private, c)| text.replace(*private, &c.to_string()))
}

fn chars(text: &str) -> Vec<char> {
    text.chars().collect()
}

fn wild(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        (['*', rest @ ..], _) => {
            wild(rest, text) || (!text.is_empty() && wild(pattern, &text[1..]))
        }
        (['?', rest @ ..], [_, text @ ..]) => wild(rest, text),
        ([p, rest @ ..], [c, text @ ..]) => {
            let p = ESCAPES.iter().find(|(_, private, _)| private == p).map_or(*p, |e| e.2);
            p == *c && wild(rest, text)
        }
        _ => false,
    }
}
