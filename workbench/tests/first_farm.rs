//! The suite of first-farm's rules passes over a farm of the same shape, and notices every mutant
//! of their statements. The scenario itself is the engine's to open.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

#[path = "../../cloud/tests/support/farm.rs"]
mod farm;

use fieldmirror_cloud::functions::{Builtin, FunctionSpec};
use fieldmirror_cloud::rule_spec::RuleSpec;
use fieldmirror_cloud::spec::Spec;
use fieldmirror_rules::rule::Rule;
use fieldmirror_workbench::report::Format;
use fieldmirror_workbench::suite::{Options, Suite};
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios")
}

/// Four zones of ten probes, the two rules and the controller, as first-farm.toml has them.
fn open(path: &Path) -> Result<Spec, Vec<String>> {
    assert!(path.ends_with("first-farm.toml"), "{path:?}");
    let mut spec = Spec::new(Arc::new(farm::register(1, 4, 10)));
    for name in ["ingest", "irrigate"] {
        let file = scenarios().join(format!("rules/{name}.json"));
        let rule = RuleSpec::parse(&std::fs::read_to_string(file).unwrap()).unwrap();
        spec.rules.push((name.to_owned(), rule));
    }
    spec.functions.push(FunctionSpec {
        name: "irrigation-controller-lambda".to_owned(),
        builtin: Builtin::named("irrigation").unwrap(),
    });
    Ok(spec)
}

fn suite() -> Suite {
    let options = Options { scenario: Some(&open), ..Options::default() };
    Suite::load(&scenarios().join("suites/first-farm.yaml"), &options)
        .unwrap_or_else(|problems| panic!("{problems:#?}"))
}

#[test]
fn the_rules_of_first_farm_do_what_the_suite_says() {
    let results = fieldmirror_workbench::report::Results { suites: vec![suite().run()] };
    assert_eq!(results.failed(), 0, "{}", results.render(Format::Text));
    assert!(results.passed() >= 15);
}

#[test]
fn no_mutant_of_a_statement_survives_the_suite() {
    let suite = suite();
    assert!(suite.run().cases.iter().all(|case| case.passed), "a mutant is told by what fails");
    let mut survivors = Vec::new();
    let mut tried = 0;
    for (at, (name, spec)) in suite.rules().iter().enumerate() {
        let rule = Rule::compile(&spec.sql, spec.version).unwrap();
        for mutant in rule.mutants() {
            let mut rules = suite.rules().to_vec();
            rules[at].1.sql.clone_from(&mutant.sql);
            let result = suite.with_rules(rules).unwrap().run();
            tried += 1;
            if result.cases.iter().all(|case| case.passed) {
                survivors.push(format!("{name}: {}", mutant.description));
            }
        }
    }
    assert!(tried >= 20, "{tried} mutants");
    assert!(survivors.is_empty(), "{survivors:#?}");
}
