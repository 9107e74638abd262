//! Bodies for fuzzers: functions of any bytes that panic where a promise of this crate is broken.
//!
//! `cargo test` runs them for a fixed number of rounds over inputs that [`mutated`] makes of the
//! corpus; `fuzz/` hands the same functions to libFuzzer. Nothing here is needed to use the crate.

use crate::context::Context;
use crate::explain::TopicMatch;
use crate::rule::{Output, Rule, SqlVersion};
use crate::template::Template;
use crate::value::Value;
use fieldmirror_core::ids::EntityKey;
use fieldmirror_core::seed::{Purpose, Seed};
use fieldmirror_core::time::Timestamp;
use fieldmirror_core::topic::TopicFilter;

/// Payloads that every rule and template meets.
const PAYLOADS: [&[u8]; 5] = [
    br#"{"t":50,"s":"7","b":true,"n":null,"o":{"x":1},"a":[3,1,2],"m":"Hi","humidity":34.9}"#,
    br#"{"e":[{"n":"temperature","v":22.5},{"n":"light","v":135}],"color":{"red":255}}"#,
    br#"[1,{"a":1e999},"2"]"#,
    br#"{"a":9999999999999999999999999999999999,"b":-1E-999,"c":"5E-3","a":1}"#,
    b"\x01 not JSON",
];

/// Longest statement whose mutants are looked at, in bytes: each is compiled.
const MUTATED_BYTES_MAX: usize = 160;

/// A statement: compiles or is refused with places inside the text; what compiles prints itself,
/// evaluates, explains itself as it evaluates, and has mutants that compile.
///
/// # Panics
/// If a promise is broken.
pub fn sql(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for version in [SqlVersion::V2016_03_23, SqlVersion::V2015_10_08] {
        let strict = Rule::compile(text, version);
        match Rule::compile_lenient(text, version) {
            Ok((_, warnings)) => assert_eq!(strict.is_ok(), warnings.is_empty()),
            Err(errors) => {
                assert!(strict.is_err() && !errors.is_empty());
                for error in errors {
                    assert!(error.span.end <= text.len() && !error.render(text).is_empty());
                }
            }
        }
        let Ok(rule) = strict else { continue };
        let printed = rule.to_sql();
        // Parentheses and quotes may make it longer than the service's limit.
        if let Ok(again) = Rule::compile(&printed, version) {
            assert_eq!(again.to_sql(), printed);
        } else {
            assert!(printed.len() > text.len(), "{printed}");
        }
        evaluate(&rule);
        if text.len() <= MUTATED_BYTES_MAX {
            for mutant in rule.mutants() {
                assert!(Rule::compile(&mutant.sql, version).is_ok(), "{}", mutant.sql);
            }
        }
    }
}

fn evaluate(rule: &Rule) {
    let context = Context::new("farm/1/data", Timestamp::from_millis(1_527_811_200_123));
    for payload in PAYLOADS {
        let output = rule.evaluate_bytes(payload, &context);
        assert_eq!(rule.explain(payload, &context).outcome, output);
        if let Ok(Some(Output::Value(value))) = output {
            let json = value.to_json();
            assert!(json.is_empty() || Value::from_json(&json).is_ok(), "{}", rule.sql());
        }
    }
}

/// A substitution template: what compiles renders, and explains what it renders.
///
/// # Panics
/// If a promise is broken.
pub fn template(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let context = Context::new("farm/1/data", Timestamp::from_millis(1_527_811_200_123));
    match Template::compile(text) {
        Ok(template) => {
            for payload in PAYLOADS {
                let value = Value::from_json(payload).unwrap_or(Value::Undefined);
                let rendered = template.render(&value, &context);
                if let (Some(constant), Ok(rendered)) = (template.constant(), &rendered) {
                    assert_eq!(constant, rendered);
                }
                assert_eq!(template.explain(payload, &context).text, rendered);
            }
        }
        Err(errors) => assert!(errors.iter().all(|error| error.span.end <= text.len())),
    }
}

/// A topic filter and, behind the first line break, a topic: level by level they match exactly if
/// they match.
///
/// # Panics
/// If a promise is broken.
pub fn filter(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (filter, topic) = text.split_once('\n').unwrap_or((text, "farm/1/data"));
    let Ok(filter) = TopicFilter::parse(filter) else { return };
    assert_eq!(TopicMatch::of(&filter, topic).matches(), filter.matches(topic));
    if !topic.starts_with('$') && !topic.contains(['+', '#']) {
        assert!(TopicFilter::parse("#").is_ok_and(|all| all.matches(topic)));
    }
}

/// A JSON text: what is read writes itself to a text that reads as the same value.
///
/// # Panics
/// If a promise is broken.
pub fn json(bytes: &[u8]) {
    for version in [SqlVersion::V2016_03_23, SqlVersion::V2015_10_08] {
        if let Ok(value) = Value::from_json_for(bytes, version) {
            let again = value.to_json();
            let value = Value::from_json(&again);
            assert!(value.is_ok_and(|value| value.to_json() == again));
        }
    }
}

/// The input of `round`: one of `corpus`, changed at a few places with pieces of others and of
/// `words`. The same seed and round give the same input. Empty if the corpus is.
pub fn mutated(corpus: &[Vec<u8>], words: &[&str], seed: u64, round: u32) -> Vec<u8> {
    let draws = Seed::new(seed).draws(EntityKey::of("fuzz"), Purpose::TrainingOrder);
    let pick = |word: u32, bound: usize| word as usize % bound.max(1);
    let [which, changes, ..] = draws.block(round.wrapping_mul(8));
    let Some(picked) = corpus.get(pick(which, corpus.len())) else { return Vec::new() };
    let mut input = picked.clone();
    // One change mostly: most texts with several are refused at once.
    for change in 0..=(changes % 4 / 3) {
        let [kind, at, to, other] = draws.block(round.wrapping_mul(8) + change + 1);
        let from = pick(at, input.len() + 1);
        let to = (from + pick(to, 12)).min(input.len());
        let piece: Vec<u8> = match kind % 6 {
            0 => Vec::new(),
            1 => words.get(pick(other, words.len())).map_or(Vec::new(), |w| w.as_bytes().to_vec()),
            2 => {
                let donor = &corpus[pick(other, corpus.len())];
                donor[pick(at, donor.len() + 1)..].to_vec()
            }
            3 => input[from..to].repeat(2 + pick(other, 3)),
            4 => vec![other as u8],
            // The same text once more, nested.
            _ => [b"(", &input[from..to], b")"].concat(),
        };
        input.splice(from..to, piece);
    }
    input
}
