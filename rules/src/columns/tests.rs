//! Columns answer what rows answer.

use super::{Column, ColumnKind, Values, row};
use crate::context::Context;
use crate::rule::{Rule, SqlVersion};
use fieldmirror_core::time::Timestamp;
use proptest::prelude::*;

const WORDS: [&str; 6] = ["", "35", "abc", "true", "FALSE", "7.0"];

/// Rows of one column of each kind.
#[derive(Clone, Debug)]
struct Table {
    int: Vec<i64>,
    double: Vec<f64>,
    single: Vec<f32>,
    truth: Vec<u8>,
    code: Vec<u32>,
    valid: Vec<u8>,
}

impl Table {
    fn column(&self, name: &str) -> Option<Column<'_>> {
        let values = match name {
            "i" => Values::Int64(&self.int),
            "d" => Values::Float64(&self.double),
            "f" => Values::Float32(&self.single),
            "b" => Values::Bool(&self.truth),
            "s" => Values::Text { codes: &self.code, words: &WORDS },
            "whole" => return Some(Column { values: Values::Int64(&self.int), valid: None }),
            _ => return None,
        };
        Some(Column { values, valid: Some(&self.valid) })
    }
}

fn kind(name: &str) -> Option<ColumnKind> {
    Some(match name {
        "i" | "whole" => ColumnKind::Int64,
        "d" => ColumnKind::Float64,
        "f" => ColumnKind::Float32,
        "b" => ColumnKind::Bool,
        "s" => ColumnKind::Text,
        "nested" => ColumnKind::Other,
        _ => return None,
    })
}

const NAMES: [&str; 6] = ["i", "d", "f", "b", "s", "whole"];

/// Numbers near the constants that the expressions use, and some far away.
fn doubles() -> impl Strategy<Value = f64> {
    let near = prop::sample::select(vec![34.9, 35.0, 0.1, -0.0, 0.0, 1e22, 5e-324, f64::MAX]);
    prop_oneof![
        near.clone(),
        near.clone().prop_map(f64::next_up),
        near.prop_map(f64::next_down),
        any::<f64>(),
    ]
}

fn singles() -> impl Strategy<Value = f32> {
    let near = prop::sample::select(vec![34.9_f32, 35.0, 0.1, -0.0, f32::MAX, f32::MIN_POSITIVE]);
    prop_oneof![
        near.clone(),
        near.clone().prop_map(f32::next_up),
        near.prop_map(f32::next_down),
        any::<f32>(),
    ]
}

fn tables() -> impl Strategy<Value = Table> {
    let ints = prop_oneof![-2..40_i64, any::<i64>()];
    let rows = (ints, doubles(), singles(), 0..2_u8, 0..6_u32, 0..4_u8);
    prop::collection::vec(rows, 1..20).prop_map(|rows| Table {
        int: rows.iter().map(|row| row.0).collect(),
        double: rows.iter().map(|row| row.1).collect(),
        single: rows.iter().map(|row| row.2).collect(),
        truth: rows.iter().map(|row| row.3).collect(),
        code: rows.iter().map(|row| row.4).collect(),
        valid: rows.iter().map(|row| u8::from(row.5 > 0)).collect(),
    })
}

/// Constants at, beside and far from what the columns hold, of every type.
const CONSTANTS: [&str; 18] = [
    "35",
    "34.9",
    "0.1",
    "0",
    "-1",
    "35.5",
    "'35'",
    "'abc'",
    "1E22",
    "5E-324",
    "4E-324",
    "1E400",
    "9223372036854775807",
    "9223372036854775808",
    "null",
    "true",
    "missing",
    "34.90000000000001",
];

fn expressions() -> impl Strategy<Value = String> {
    let column = || prop::sample::select(vec!["i", "d", "f", "b", "s", "whole", "missing", "d.x"]);
    let operator = || prop::sample::select(vec!["<", "<=", ">", ">=", "=", "<>"]);
    let constant = || prop::sample::select(CONSTANTS.to_vec());
    let leaf = prop_oneof![
        (column(), operator(), constant()).prop_map(|(c, o, k)| format!("{c} {o} {k}")),
        (constant(), operator(), column()).prop_map(|(k, o, c)| format!("{k} {o} {c}")),
        column().prop_map(|c| format!("isNull({c})")),
        column().prop_map(|c| format!("isUndefined({c})")),
        column().prop_map(str::to_owned),
        Just("upper(s) = 'ABC'".to_owned()),
        Just("startswith(s, 'a')".to_owned()),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|e| format!("NOT ({e})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) AND ({b})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("({a}) OR ({b})")),
        ]
    })
}

fn rule(filter: &str, version: SqlVersion) -> Rule {
    let sql = format!("SELECT * FROM 'a/b' WHERE {filter}");
    Rule::compile(&sql, version).unwrap_or_else(|errors| panic!("{}", errors[0].render(&sql)))
}

/// What the columns and what the rows say.
fn both(rule: &Rule, table: &Table) -> (Option<Vec<bool>>, Vec<bool>) {
    let context = Context::new("a/b", Timestamp::from_millis(0));
    let named: Vec<_> =
        NAMES.iter().filter_map(|name| Some((*name, table.column(name)?))).collect();
    let rows = table.int.len();
    let by_row = (0..rows).map(|at| {
        let payload = row(&named, at, rule.version());
        rule.evaluate(&payload, &context).expect("nothing external").is_some()
    });
    let by_column = rule.over_columns(&kind).map(|filter| {
        let columns: Vec<_> =
            filter.columns().iter().map(|name| table.column(name).expect("a column")).collect();
        let mut fired = Vec::new();
        filter.evaluate(&columns, rows, &mut fired);
        fired.iter().map(|&fired| fired == 1).collect()
    });
    (by_column, by_row.collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn columns_answer_what_rows_answer(table in tables(), filter in expressions(), old in any::<bool>()) {
        let (version, filter) = match old {
            // The older version has no isUndefined().
            true => (SqlVersion::V2015_10_08, filter.replace("isUndefined", "isNull")),
            false => (SqlVersion::V2016_03_23, filter),
        };
        let (by_column, by_row) = both(&rule(&filter, version), &table);
        prop_assert!(by_column.is_some(), "{filter} is answered by columns");
        prop_assert_eq!(by_column.unwrap(), by_row, "{}", filter);
    }
}

#[test]
fn a_threshold_between_two_floats_divides_them() {
    let table = Table {
        int: vec![34, 35, 36],
        double: vec![34.9, 34.9_f64.next_up(), 35.0],
        single: vec![34.9, 34.9_f32.next_up(), f32::NAN],
        truth: vec![0, 1, 1],
        code: vec![0, 1, 9],
        valid: vec![1, 1, 1],
    };
    for (filter, expected) in [
        ("d <= 34.9", [true, false, false]),
        ("d > 34.9", [false, true, true]),
        ("f <= 34.9", [true, false, false]),
        ("f <> 34.9", [false, true, false]),
        ("NOT (f = 34.9)", [false, true, false]),
        ("i < 34.5", [true, false, false]),
        ("s < 36", [false, true, false]),
        ("b", [false, true, true]),
    ] {
        let (by_column, by_row) = both(&rule(filter, SqlVersion::V2016_03_23), &table);
        assert_eq!(by_column.as_deref(), Some(&expected[..]), "{filter}");
        assert_eq!(by_row, expected, "{filter}");
    }
}

#[test]
fn what_columns_cannot_answer_is_left_to_rows() {
    for filter in [
        "d * 1.8 + 32 > 90",
        "d > f",
        "nested.x > 1",
        "topic(2) = 'x'",
        "timestamp() > 1",
        "get((SELECT VALUE a FROM list), 0) = 1",
        "startswith(s, b)",
    ] {
        let rule = rule(filter, SqlVersion::V2016_03_23);
        assert!(rule.over_columns(&kind).is_none(), "{filter}");
    }
}
