//! A survey names what a rule reads and does, with the clause, through variables and nested SELECT.

use super::*;
use crate::rule::SqlVersion;

fn survey(sql: &str) -> Survey {
    Rule::compile(sql, SqlVersion::V2016_03_23).unwrap().survey()
}

fn reads(sql: &str) -> Vec<(String, Clause, bool)> {
    let reads = survey(sql).reads;
    reads.into_iter().map(|read| (read.path.to_string(), read.clause, read.guarded)).collect()
}

#[test]
fn paths_are_named_with_their_clause() {
    for (sql, expected) in [
        ("SELECT * FROM 'a'", vec![]),
        ("SELECT a.b AS x FROM 'a'", vec![("a.b", Clause::Select, false)]),
        ("SELECT * FROM 'a' WHERE h < 35", vec![("h", Clause::Where, false)]),
        (
            "SET @s = d.sensors SELECT @s.t AS t FROM 'a'",
            vec![("d.sensors", Clause::Set, false), ("d.sensors.t", Clause::Select, false)],
        ),
        (
            "SELECT (SELECT v FROM e WHERE n = 'x') AS t FROM 'a'",
            vec![
                ("e", Clause::Select, false),
                ("e[].v", Clause::Select, false),
                ("e[].n", Clause::Select, false),
            ],
        ),
        (
            "SELECT * FROM 'a' WHERE isUndefined(x) OR nanvl(y, 0) > upper(z)",
            vec![
                ("x", Clause::Where, true),
                ("y", Clause::Where, true),
                ("z", Clause::Where, false),
            ],
        ),
        (
            "SELECT CASE c WHEN 1 THEN d ELSE e END AS f, {'k': g} AS o, [h] AS a FROM 'a'",
            vec![
                ("c", Clause::Select, false),
                ("d", Clause::Select, false),
                ("e", Clause::Select, false),
                ("g", Clause::Select, false),
                ("h", Clause::Select, false),
            ],
        ),
    ] {
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(path, c, g): (&str, _, _)| (path.to_owned(), c, g))
            .collect();
        assert_eq!(reads(sql), expected, "{sql}");
    }
}

#[test]
fn comparisons_know_the_types_of_their_sides() {
    for (sql, operator, left, right) in [
        ("t = '50'", "=", None, Some(Type::Text)),
        ("t <> -5", "<>", None, Some(Type::Number)),
        ("upper(t) = 5", "=", Some(Type::Text), Some(Type::Number)),
        ("length(t) >= '5'", ">=", Some(Type::Number), Some(Type::Text)),
        ("t + 'C' = TRUE", "=", Some(Type::Text), Some(Type::Truth)),
        ("t * 2 < t", "<", Some(Type::Number), None),
        ("(a AND b) <= 1 + 2.5", "<=", Some(Type::Truth), Some(Type::Number)),
    ] {
        let survey = survey(&format!("SELECT * FROM 'a' WHERE {sql}"));
        let comparison = &survey.comparisons[0];
        assert_eq!(comparison.operator, operator, "{sql}");
        assert_eq!(comparison.left.type_of(), left, "{sql}");
        assert_eq!(comparison.right.type_of(), right, "{sql}");
    }
}

#[test]
fn a_variable_is_what_set_gives_it() {
    let survey = survey("SET @limit = 35 SELECT * FROM 'a' WHERE h < @limit");
    assert_eq!(survey.comparisons[0].right, Operand::Literal(Value::Int(35)));
}

#[test]
fn a_condition_is_a_tree_of_terms() {
    let sql = "SELECT * FROM 'a' WHERE (isUndefined(x) OR x > 3) AND NOT topic(2) = 'b' AND 1 = 2";
    let condition = survey(sql).condition.unwrap();
    let Condition::All(parts, _) = &condition else { panic!("{condition:?}") };
    assert!(matches!(&parts[0], Condition::Any(any, _) if any.len() == 2));
    assert!(matches!(&parts[1], Condition::Not(..)));
    let terms = condition.terms();
    let text: Vec<_> = terms.iter().map(|term| &sql[term.span.clone()]).collect();
    assert_eq!(text, ["isUndefined(x)", "x > 3", "topic(2) = 'b'", "1 = 2"]);
    assert_eq!(terms[0].asks, Some(Path(vec!["x".to_owned()])));
    assert_eq!(terms[0].needs, []);
    assert_eq!(terms[1].needs, [Path(vec!["x".to_owned()])]);
    assert_eq!(terms[2].constant, None);
    assert_eq!(terms[3].constant, Some(Value::Bool(false)));
}

#[test]
fn output_keys_calls_and_divisions_are_listed() {
    let sql = "SELECT *, a.t, b.t, upper(c), (d - 32) / 9 AS e, get_thing_shadow(f, 'r').x AS s \
               FROM 'a/+'";
    let survey = survey(sql);
    assert!(survey.selects_all && survey.is_external());
    assert_eq!(survey.from.as_deref(), Some("a/+"));
    let keys: Vec<_> = survey.outputs.iter().map(|o| (o.key.as_str(), o.is_text)).collect();
    let expected = [("t", false), ("t", false), ("upper(c)", true), ("e", false), ("s", false)];
    assert_eq!(keys, expected);
    let calls: Vec<_> = survey.calls.iter().map(|call| call.name.as_str()).collect();
    assert_eq!(calls, ["upper", "get_thing_shadow"]);
    assert_eq!(survey.divisions.len(), 1);
    assert!(survey.divisions[0].stands_alone);
    assert_eq!(&sql[survey.divisions[0].span.clone()], "(d - 32) / 9");
}

#[test]
fn a_value_has_no_keys() {
    let survey = survey("SELECT VALUE a FROM 'a'");
    assert!(survey.outputs.is_empty() && !survey.selects_all);
    assert_eq!(survey.condition, None);
}

#[test]
fn paths_overlap_where_one_leads_through_the_other() {
    let path = |text: &str| Path(text.split('.').map(str::to_owned).collect());
    assert!(path("a.b").overlaps(&path("a")));
    assert!(path("a").overlaps(&path("a.b")));
    assert!(!path("a.b").overlaps(&path("a.c")));
}
