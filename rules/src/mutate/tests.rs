//! Which mutants a rule has, that none is the rule itself, and that their boundary values part them.

use super::{Mutant, MutantKind};
use crate::context::Context;
use crate::print::tests::any_statement;
use crate::rule::{Rule, SqlVersion};
use fieldmirror_core::time::Timestamp;
use proptest::prelude::*;

fn mutants(sql: &str) -> Vec<Mutant> {
    Rule::compile(sql, SqlVersion::V2016_03_23).expect(sql).mutants()
}

/// Descriptions of the mutants of `kind` of a rule with this WHERE.
fn of_where(filter: &str, kind: MutantKind) -> Vec<String> {
    let found = mutants(&format!("SELECT * FROM 'a' WHERE {filter}")).into_iter();
    found.filter(|mutant| mutant.kind == kind).map(|mutant| mutant.description).collect()
}

#[test]
fn where_is_changed_in_every_way_people_get_it_wrong() {
    for (filter, kind, expected) in [
        (
            "humidity < 35",
            MutantKind::Threshold,
            &[
                "`humidity < 35` becomes `humidity < 36`",
                "`humidity < 35` becomes `humidity < 34`",
                "`humidity < 35` becomes `humidity < -35`",
            ][..],
        ),
        (
            "t > 10.5",
            MutantKind::Threshold,
            &[
                "`t > 10.5` becomes `t > 11.5`",
                "`t > 10.5` becomes `t > 9.5`",
                "`t > 10.5` becomes `t > 10.6`",
                "`t > 10.5` becomes `t > 10.4`",
                "`t > 10.5` becomes `t > -10.5`",
            ],
        ),
        (
            "humidity < 35",
            MutantKind::Comparison,
            &[
                "`humidity < 35` becomes `humidity <= 35`",
                "`humidity < 35` becomes `humidity > 35`",
                "`humidity < 35` becomes `humidity >= 35`",
            ],
        ),
        ("a = 'x'", MutantKind::Comparison, &["`a = 'x'` becomes `a <> 'x'`"]),
        ("a = 'x'", MutantKind::Literal, &["`a = 'x'` becomes `a = 'x_x'`"]),
        ("a = TRUE", MutantKind::Literal, &["`a = TRUE` becomes `a = FALSE`"]),
        (
            "a = 1 AND (b = 2 OR c = 3)",
            MutantKind::Connective,
            &["AND before `(b = 2 OR c = 3)` becomes OR", "OR before `c = 3` becomes AND"],
        ),
        (
            "a = 1 AND (b = 2 OR c = 3)",
            MutantKind::DroppedTerm,
            &[
                "`a = 1` is left out",
                "`(b = 2 OR c = 3)` is left out",
                "`b = 2` is left out",
                "`c = 3` is left out",
            ],
        ),
        ("NOT isNull(a)", MutantKind::Negation, &["`NOT isNull(a)` becomes `isNull(a)`"]),
        ("isNull(a)", MutantKind::Negation, &["`isNull(a)` becomes `NOT (isNull(a))`"]),
        ("isNull(a)", MutantKind::Function, &["`isNull(a)` becomes `isUndefined(a)`"]),
        (
            "startswith(a, 'x')",
            MutantKind::Function,
            &["`startswith(a, 'x')` becomes `endswith(a, 'x')`"],
        ),
        ("ceil(a) = 1", MutantKind::Function, &["`ceil(a)` becomes `floor(a)`"]),
        ("t * 2 > x", MutantKind::Arithmetic, &["`t * 2` becomes `t / 2`"]),
        ("a = 1", MutantKind::DroppedWhere, &["WHERE is left out"]),
        // An operand that comes twice changes nothing when it goes.
        ("a = 1 AND a=1", MutantKind::DroppedTerm, &[]),
    ] {
        assert_eq!(of_where(filter, kind), expected, "{filter} {kind:?}");
    }
}

#[test]
fn from_and_select_are_changed() {
    let found = mutants("SELECT a AS x, 'on' AS s, b FROM 'farm/+/#'");
    let lines: Vec<(&str, Option<&str>)> =
        found.iter().map(|m| (m.description.as_str(), m.topic.as_deref())).collect();
    assert_eq!(
        lines,
        [
            ("the column `a AS x` is left out", None),
            ("the column `x` is called `x_x`", None),
            ("the column `'on' AS s` is left out", None),
            ("`'on'` becomes `'on_x'`", None),
            ("the column `s` is called `s_x`", None),
            ("the column `b` is left out", None),
            ("FROM 'farm/+/#' becomes FROM 'farm_x/+/#'", Some("farm/1/1")),
            ("FROM 'farm/+/#' becomes FROM '+/+/#'", Some("1/1/1")),
            ("FROM 'farm/+/#' becomes FROM 'farm/other/#'", Some("farm/1/1")),
            ("FROM 'farm/+/#' becomes FROM 'farm/+/+'", Some("farm/1/1/2")),
            ("FROM 'farm/+/#' becomes FROM 'farm/+'", Some("farm/1/1")),
        ]
    );
    assert_eq!(found[0].sql, "SELECT 'on' AS s, b FROM 'farm/+/#'");
    assert_eq!(found[5].sql, "SELECT a AS x, 'on' AS s FROM 'farm/+/#'");
    assert!(
        mutants("SELECT * FROM '$aws/things/+/shadow/update'")
            .iter()
            .all(|mutant| { mutant.sql.contains("'$aws/") })
    );
    assert_eq!(mutants("SELECT *"), []);
}

#[test]
fn boundary_values_are_the_ones_that_tell() {
    let told = |filter: &str, sql_end: &str| -> Vec<String> {
        let found = mutants(&format!("SELECT * FROM 'a' WHERE {filter}"));
        let mutant = found.iter().find(|mutant| mutant.sql.ends_with(sql_end)).expect(sql_end);
        mutant.boundary.iter().map(ToString::to_string).collect()
    };
    assert_eq!(told("humidity < 35", "<= 35"), ["humidity = 35"]);
    assert_eq!(
        told("humidity < 35", "< 34"),
        ["humidity = 34", "humidity = 34.999", "humidity = 34.001", "humidity = 34.5"]
    );
    assert_eq!(
        told("o.a > 3 AND t = 1", "WHERE t = 1"),
        ["o.a = 3", "o.a = 2.999", "o.a = 2", "o.a = 2.5", "o.a = null", "o.a is missing"]
    );
    assert_eq!(told("isNull(a)", "isUndefined(a)"), ["a = null", "a is missing"]);
    assert_eq!(told("a = 'x'", "'x_x'"), ["a = \"x\"", "a = \"x_x\""]);
    // What is Undefined keeps OR as silent as AND.
    assert!(told("t > 1 AND h < 2", "OR h < 2").iter().all(|value| !value.contains("null")));
    assert_eq!(told("a < b", "a <= b"), Vec::<String>::new(), "two fields");
}

proptest! {
    #[test]
    fn mutants_compile_and_their_values_part_them(tree in any_statement()) {
        let sql = crate::print::statement(&tree, "");
        let Ok(rule) = Rule::compile(&sql, SqlVersion::V2016_03_23) else { return Ok(()) };
        let mutants = rule.mutants();
        prop_assert_eq!(&mutants, &rule.mutants(), "the order is fixed");
        let mut texts: Vec<String> = vec![rule.to_sql()];
        for mutant in &mutants {
            let compiled = Rule::compile(&mutant.sql, SqlVersion::V2016_03_23);
            texts.push(compiled.expect("a mutant compiles").to_sql());
            prop_assert_eq!(mutant.topic.is_some(), mutant.kind == MutantKind::Topic);
        }
        let count = texts.len();
        texts.sort();
        texts.dedup();
        prop_assert_eq!(texts.len(), count, "each differs from the rule and the others");
    }

    #[test]
    fn a_rule_of_one_term_and_its_mutant_part_at_the_boundary(
        operator in prop::sample::select(vec!["<", "<=", ">", ">=", "=", "<>"]),
        number in -99..99_i32,
        digits in 0..3_u32,
    ) {
        let number = f64::from(number) / 10_f64.powi(digits as i32);
        let sql = format!("SELECT * FROM 'a' WHERE o.h {operator} {number}");
        let rule = Rule::compile(&sql, SqlVersion::V2016_03_23).expect("sound");
        let context = Context::new("a", Timestamp::from_millis(0));
        let fires = |rule: &Rule, mutant: &super::Boundary| {
            rule.evaluate(&mutant.payload(), &context).expect("nothing external").is_some()
        };
        for mutant in rule.mutants().iter().filter(|mutant| mutant.kind != MutantKind::Topic) {
            let other = Rule::compile(&mutant.sql, SqlVersion::V2016_03_23).expect("sound");
            prop_assert!(!mutant.boundary.is_empty(), "{}", mutant.sql);
            for value in &mutant.boundary {
                prop_assert_ne!(fires(&rule, value), fires(&other, value), "{} {}", mutant.sql, value);
            }
        }
    }
}
