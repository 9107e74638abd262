//! Printed trees read back as themselves, and what the canonical form looks like.

use super::statement;
use crate::ast::{Assignment, Expr, Item, Kind, Operator, Query, Select, Statement};
use crate::parse;
use crate::rule::{Rule, SqlVersion};
use crate::value::{Decimal, Value};
use fieldmirror_core::topic::TopicFilter;
use proptest::prelude::*;

pub(crate) fn expr(kind: Kind) -> Expr {
    Expr { kind, span: 0..0, depth: 0 }
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "humidity", "value", "values", "in", "cast", "länge", "_x"])
        .prop_map(str::to_owned)
}

/// A word after a point or AS, where keywords are names.
fn step() -> impl Strategy<Value = String> {
    prop_oneof![name(), prop::sample::select(vec!["end", "SELECT", "true"]).prop_map(str::to_owned)]
}

fn literal() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (0..10_i128.pow(34)).prop_map(Value::Int),
        prop::sample::select(vec!["0.5", "12.25", "1E-20", "3.7E40", "1E999"])
            .prop_map(|text| Value::Decimal(Decimal::parse(text).expect("a number"))),
        "['\"a-z\\\\ é}{$]{0,6}".prop_map(Value::String),
    ]
}

fn operator() -> impl Strategy<Value = Operator> {
    prop::sample::select(vec![
        Operator::Add,
        Operator::Subtract,
        Operator::Multiply,
        Operator::Divide,
        Operator::Remainder,
        Operator::Equal,
        Operator::NotEqual,
        Operator::Less,
        Operator::LessOrEqual,
        Operator::Greater,
        Operator::GreaterOrEqual,
    ])
}

/// Expressions of all forms.
pub(crate) fn any_expr() -> impl Strategy<Value = Expr> + Clone {
    let leaf = prop_oneof![
        literal().prop_map(Kind::Literal),
        name().prop_map(Kind::Name),
        "[a-z_0-9]{1,3}".prop_map(Kind::Variable),
    ];
    leaf.prop_map(expr).prop_recursive(5, 40, 4, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        let several = |range| prop::collection::vec(inner.clone(), range);
        let argument = prop_oneof![4 => inner.clone(), 1 => Just(expr(Kind::Star))];
        let function = prop::sample::select(vec!["abs", "get", "concat", "topic", "nope"]);
        let types = prop::sample::select(vec!["Int", "string", "Blob"]);
        let arms = prop::collection::vec((inner.clone(), inner.clone()), 1..3);
        let entries = prop::collection::vec(("['a-z ]{0,4}", inner.clone()), 0..3);
        prop_oneof![
            (boxed(), step()).prop_map(|(base, name)| Kind::Step(base, name)),
            boxed().prop_map(Kind::Negate),
            boxed().prop_map(Kind::Not),
            several(2..4).prop_map(Kind::All),
            several(2..4).prop_map(Kind::Any),
            (operator(), boxed(), boxed()).prop_map(|(o, l, r)| Kind::Binary(o, l, r)),
            (function, prop::collection::vec(argument, 0..3)).prop_map(|(name, arguments)| {
                Kind::Call { name: name.to_owned(), name_span: 0..0, arguments }
            }),
            (boxed(), types).prop_map(|(operand, name)| Kind::Cast {
                operand,
                type_name: name.to_owned(),
                type_span: 0..0
            }),
            entries.prop_map(Kind::Object),
            several(0..3).prop_map(Kind::Array),
            (boxed(), arms, prop::option::of(boxed()))
                .prop_map(|(subject, arms, otherwise)| Kind::Case { subject, arms, otherwise }),
            (select(inner.clone()), inner.clone(), prop::option::of(inner.clone())).prop_map(
                |(select, from, filter)| Kind::Nested(Box::new(Query { select, from, filter }))
            ),
        ]
        .prop_map(expr)
    })
}

fn select(column: impl Strategy<Value = Expr> + Clone + 'static) -> impl Strategy<Value = Select> {
    let column = prop_oneof![5 => column, 1 => Just(expr(Kind::Star))];
    let alias = prop::collection::vec(step(), 1..3).prop_map(|names| names.join("."));
    let item = (column.clone(), prop::option::of(alias));
    prop_oneof![
        column.prop_map(Select::Value),
        prop::collection::vec(
            item.prop_map(|(expr, alias)| Item { expr, alias, span: 0..0 }),
            1..4
        )
        .prop_map(Select::Items),
    ]
}

/// Whole rules.
pub(crate) fn any_statement() -> impl Strategy<Value = Statement> {
    let assignment = ("[a-z]{1,3}", any_expr()).prop_map(|(name, expr)| Assignment {
        name,
        name_span: 0..0,
        expr,
    });
    let from = prop::sample::select(vec!["a/b", "farm/+/it's", "#", "$aws/things/+/shadow/#"])
        .prop_map(|text| TopicFilter::parse(text).expect("a filter"));
    (
        prop::collection::vec(assignment, 0..3),
        select(any_expr()),
        prop::option::of(from),
        prop::option::of(any_expr()),
    )
        .prop_map(|(variables, select, from, filter)| Statement {
            variables,
            select,
            from,
            from_span: 0..0,
            filter,
        })
}

/// Without what printing does not keep: places and levels.
fn bare(statement: &Statement) -> Statement {
    let mut statement = statement.clone();
    for assignment in &mut statement.variables {
        assignment.name_span = 0..0;
        strip(&mut assignment.expr);
    }
    statement.from_span = 0..0;
    strip_select(&mut statement.select);
    statement.filter.iter_mut().for_each(strip);
    statement
}

fn strip_select(select: &mut Select) {
    match select {
        Select::Value(expr) => strip(expr),
        Select::Items(items) => items.iter_mut().for_each(|item| {
            item.span = 0..0;
            strip(&mut item.expr);
        }),
    }
}

fn strip(expr: &mut Expr) {
    (expr.span, expr.depth) = (0..0, 0);
    match &mut expr.kind {
        Kind::Literal(_) | Kind::Star | Kind::Name(_) | Kind::Variable(_) => {}
        Kind::Step(inner, _) | Kind::Negate(inner) | Kind::Not(inner) => strip(inner),
        Kind::All(inner) | Kind::Any(inner) | Kind::Array(inner) => {
            inner.iter_mut().for_each(strip);
        }
        Kind::Binary(_, left, right) => {
            strip(left);
            strip(right);
        }
        Kind::Call { name_span, arguments, .. } => {
            *name_span = 0..0;
            arguments.iter_mut().for_each(strip);
        }
        Kind::Cast { operand, type_span, .. } => {
            *type_span = 0..0;
            strip(operand);
        }
        Kind::Object(entries) => entries.iter_mut().for_each(|(_, expr)| strip(expr)),
        Kind::Case { subject, arms, otherwise } => {
            strip(subject);
            for (wanted, result) in arms {
                strip(wanted);
                strip(result);
            }
            otherwise.iter_mut().for_each(|expr| strip(expr));
        }
        Kind::Nested(query) => {
            strip_select(&mut query.select);
            strip(&mut query.from);
            query.filter.iter_mut().for_each(strip);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn a_printed_tree_reads_back_as_itself(tree in any_statement()) {
        let printed = statement(&tree, "");
        let (read, diagnostics) = parse::statement(&printed, SqlVersion::V2016_03_23);
        prop_assert!(diagnostics.is_empty(), "{}: {:?}", printed, diagnostics);
        let read = read.expect("no errors");
        prop_assert_eq!(bare(&read), bare(&tree), "{}", printed);
        // With its own source at hand, too.
        let again = statement(&read, &printed);
        prop_assert_eq!(again, printed);
    }
}

#[test]
fn the_canonical_form() {
    for (sql, canonical) in [
        ("select   *  from 'a/b'", "SELECT * FROM 'a/b'"),
        ("SELECT a AS x, b.c as y.z", "SELECT a AS x, b.c AS y.z"),
        ("select value ((a)) where true", "SELECT VALUE a WHERE TRUE"),
        ("SELECT (value) - 1 AS x FROM 'a'", "SELECT (value - 1) AS x FROM 'a'"),
        ("SELECT a + (b + c) AS x", "SELECT a + (b + c) AS x"),
        ("SELECT (a + b) + c AS x", "SELECT a + b + c AS x"),
        ("SELECT a + b*2 FROM 'a'", "SELECT a + b*2 FROM 'a'"),
        ("SELECT - - a AS x", "SELECT - -a AS x"),
        ("SELECT not (a=1 and b=2) or c AS x", "SELECT NOT (a = 1 AND b = 2) OR c AS x"),
        ("SELECT (1).b AS x", "SELECT (1).b AS x"),
        ("SELECT \"it's\" AS x", "SELECT 'it''s' AS x"),
        (
            "set @a = 1 , @b=@a select cast(@a as int) as x",
            "SET @a = 1, @b = @a SELECT CAST(@a AS int) AS x",
        ),
        (
            "SELECT (select v from e where n='t') as x, case a when 1 then 2 else 3 end as y",
            "SELECT (SELECT v FROM e WHERE n = 't') AS x, CASE a WHEN 1 THEN 2 ELSE 3 END AS y",
        ),
    ] {
        let rule = Rule::compile(sql, SqlVersion::V2016_03_23).expect(sql);
        assert_eq!(rule.to_sql(), canonical, "{sql}");
    }
    let old = Rule::compile("SELECT 10.0 / 4 AS x", SqlVersion::V2015_10_08).expect("valid");
    assert_eq!(old.to_sql(), "SELECT 10.0 / 4 AS x");
}
