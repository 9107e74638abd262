//! The fuzzers' bodies hold for a fixed number of rounds over inputs made of the corpus.

use fieldmirror_rules::fuzz;
use fieldmirror_rules::rule::{Rule, SqlVersion};
use fieldmirror_rules::template::Template;
use serde_json::Value as Json;
use std::path::Path;

/// The texts under `key` of all cases, byte for byte.
fn texts(key: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/corpus/rules");
    let entries = std::fs::read_dir(folder).expect("the corpus is there");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("readable").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|found| found == "json"));
    paths.sort();
    let mut texts = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("readable");
        let cases: Vec<Json> = serde_json::from_str(&text).expect("JSON");
        texts.extend(cases.iter().filter_map(|case| match case.get(key)? {
            Json::String(text) => Some(text.clone().into_bytes()),
            other => Some(other.to_string().into_bytes()),
        }));
    }
    assert!(texts.len() > 10, "the corpus has {} of {key}", texts.len());
    texts
}

const WORDS: [&str; 30] = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "'",
    "\"",
    ",",
    ".",
    "*",
    "-",
    "/",
    "%",
    "NOT ",
    " AND ",
    " OR ",
    " CASE ",
    "(SELECT ",
    " FROM ",
    "1E999",
    "99999999999999999999999999999999999",
    "null",
    "\u{e4}",
    "${",
    "@x",
    "SET ",
    " AS ",
    "VALUE ",
    "0.",
];

/// Runs `body` on the corpus itself and on `rounds` inputs made of it; returns the inputs.
fn run(corpus: &[Vec<u8>], rounds: u32, words: &[&str], body: fn(&[u8])) -> Vec<Vec<u8>> {
    corpus.iter().for_each(|input| body(input));
    let inputs: Vec<_> = (0..rounds).map(|round| fuzz::mutated(corpus, words, 11, round)).collect();
    inputs.iter().for_each(|input| body(input));
    inputs
}

#[test]
fn statements_keep_their_promises() {
    let inputs = run(&texts("sql"), 6_000, &WORDS, fuzz::sql);
    let compiled = inputs.iter().filter(|input| {
        std::str::from_utf8(input)
            .is_ok_and(|text| Rule::compile(text, SqlVersion::V2016_03_23).is_ok())
    });
    let compiled = compiled.count();
    assert!((200..5_800).contains(&compiled), "{compiled} of 6000 compile: both are tried");
}

#[test]
fn templates_keep_their_promises() {
    let inputs = run(&texts("template"), 4_000, &WORDS, fuzz::template);
    let compiled = inputs.iter().filter(|input| {
        std::str::from_utf8(input).is_ok_and(|text| Template::compile(text).is_ok())
    });
    let compiled = compiled.count();
    assert!((200..3_900).contains(&compiled), "{compiled} of 4000 compile: both are tried");
}

#[test]
fn filters_keep_their_promises() {
    let mut corpus: Vec<Vec<u8>> = [
        "farmA/sensor/+/data\nfarmA/sensor/1/data",
        "#\n$aws/things/x",
        "+/x\n$sys/x",
        "a/#\na",
        "$aws/#\n$aws/things/x",
        "a//+\na//",
        "/+\n/é",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec();
    corpus.extend(texts("topic"));
    run(&corpus, 8_000, &["/", "+", "#", "/+/", "/#", "$aws/", "\n", "é", "a"], fuzz::filter);
}

#[test]
fn json_keeps_its_promises() {
    let mut corpus = texts("payload");
    corpus.extend(texts("payload_text"));
    let words = ["{", "}", "[", "]", ",", ":", "\"", "\\u", "\\", "1E-999", "e+5", "null", "-0"];
    run(&corpus, 12_000, &words, fuzz::json);
}
