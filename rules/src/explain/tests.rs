//! Explanations tell what the evaluator saw, and the smallest reason for silence.

use super::{Explanation, Node, State, TopicMatch};
use crate::context::{Context, External};
use crate::error::RulesError;
use crate::print::tests::{any_expr, any_statement};
use crate::rule::{Output, Rule, SqlVersion};
use crate::template::Template;
use crate::value::Value;
use fieldmirror_core::time::Timestamp;
use fieldmirror_core::topic::TopicFilter;
use proptest::prelude::*;
use std::cell::Cell;

const PAYLOAD: &str = r#"{"humidity":35,"t":21.5,"name":"abc","ok":true,"n":null,
    "o":{"x":1},"e":[{"v":1},{"v":5}],"s":"7"}"#;

fn explain(filter: &str) -> Explanation {
    let sql = format!("SELECT humidity, t * 2 AS d FROM 'farm/+/data' WHERE {filter}");
    let rule = Rule::compile(&sql, SqlVersion::V2016_03_23).expect(&sql);
    let context = Context::new("farm/1/data", Timestamp::from_millis(0));
    rule.explain(PAYLOAD.as_bytes(), &context)
}

#[test]
fn the_deciding_term_is_named_with_its_reason() {
    for (filter, sentence) in [
        ("humidity < 35", "`humidity < 35` is false: humidity is 35"),
        ("t > 1 AND humidity < 35 AND ok", "`humidity < 35` is false: humidity is 35"),
        ("(t > 1 AND (ok AND humidity < 30))", "`humidity < 30` is false: humidity is 35"),
        ("gone < 35", "`gone < 35` is Undefined: gone is missing in the payload"),
        ("o.y = 1", "`o.y = 1` is Undefined: o.y is missing in the payload"),
        ("t.y = 1", "`t.y = 1` is Undefined: t.y is missing: t is a Decimal"),
        ("name > 1", "`name > 1` is Undefined: name is \"abc\", which cannot become a number"),
        ("\"abc\" > t", "`\"abc\" > t` is Undefined: \"abc\" cannot become a number"),
        ("n > 1", "`n > 1` is Undefined: n is null, which cannot become a number"),
        (
            "humidity = '35'",
            "`humidity = '35'` is false: operands have different types: humidity is an Int, \
             \"35\" is a String",
        ),
        ("humidity <> 35", "`humidity <> 35` is false: humidity is 35"),
        (
            "t * 2 > humidity * 2",
            "`t * 2 > humidity * 2` is false: t * 2 is 43, humidity * 2 is 70",
        ),
        ("humidity", "`humidity` is 35, which is not true"),
        ("NOT ok", "`NOT ok` is false: ok is true"),
        (
            "NOT (t > 100 OR humidity < 40)",
            "`NOT (t > 100 OR humidity < 40)` is false: `humidity < 40` is true: humidity is 35",
        ),
        ("NOT t > 1", "`NOT t > 1` is false: `t > 1` is true: t is 21.5"),
        (
            "NOT (t > 1 AND NOT humidity < 3)",
            "`NOT (t > 1 AND NOT humidity < 3)` is false: `t > 1` is true: t is 21.5; \
             `NOT humidity < 3` is true: `humidity < 3` is false: humidity is 35",
        ),
        ("isNull(t)", "`isNull(t)` is false: t is 21.5"),
        ("t > 1 / 0", "`t > 1 / 0` is Undefined: nothing is divided by 0"),
        ("isUndefined(x) OR x > 3", "`x > 3` is Undefined: x is missing in the payload"),
        (
            "t > 30 OR humidity < 35",
            "`t > 30 OR humidity < 35` is false: `t > 30` is false: t is 21.5; `humidity < 35` is \
             false: humidity is 35",
        ),
        (
            "upper(gone) = 'A'",
            "`upper(gone) = 'A'` is Undefined: an argument is Undefined: gone is missing in the \
             payload",
        ),
    ] {
        let explanation = explain(filter);
        let deciding = explanation.deciding().expect(filter);
        assert_eq!(deciding.sentence, sentence, "{filter}");
        assert_eq!(explanation.summary(), sentence);
    }
    assert_eq!(explain("humidity = 35").deciding(), None);
}

#[test]
fn operands_that_were_not_needed_are_not_evaluated() {
    let explanation = explain("humidity < 35 AND t > 1");
    let filter = explanation.filter.expect("a WHERE");
    assert_eq!(filter.children[1].state, State::NotEvaluated);
    assert_eq!(filter.state, State::Value(Value::Bool(false)));
    assert_eq!(
        filter.to_text(),
        "humidity < 35 AND t > 1 = false  (`humidity < 35` is false)\n  humidity < 35 = false  \
         (35 < 35 is false)\n    humidity = 35\n  t > 1 = (not evaluated)\n"
    );
    // OR goes on after what is false and after what is true, and stops at what is no Boolean.
    let filter = explain("gone > 1 OR t > 1").filter.expect("a WHERE");
    assert_eq!(filter.children[1].state, State::NotEvaluated);
    let filter = explain("t > 1 OR humidity < 35").filter.expect("a WHERE");
    assert_eq!(filter.children[1].state, State::Value(Value::Bool(false)));
}

#[test]
fn case_and_nested_select_show_what_was_taken() {
    let explanation = explain("CASE t WHEN 21.5 THEN ok ELSE n END");
    let states: Vec<String> = explanation
        .filter
        .expect("a WHERE")
        .children
        .iter()
        .map(|node| node.state.to_text())
        .collect();
    assert_eq!(states, ["21.5", "21.5", "true", "(not evaluated)"]);
    let filter = explain("get((SELECT v FROM e WHERE v > 3), 0).v = 5").filter.expect("a WHERE");
    let text = filter.to_text();
    assert!(text.contains("element 0 = Undefined  (`v > 3` is false: v is 1)"), "{text}");
    assert!(text.contains("element 1 = {\"v\":5}"), "{text}");
}

#[test]
fn columns_variables_and_topic_are_explained() {
    let sql = "SET @c = t - 1 SELECT @c AS c, gone AS g FROM 'farm/1/raw' WHERE @c > 30";
    let rule = Rule::compile(sql, SqlVersion::V2016_03_23).expect("sound");
    let context = Context::new("farm/1/data", Timestamp::from_millis(0));
    let explanation = rule.explain(PAYLOAD.as_bytes(), &context);
    assert_eq!(explanation.variables[0].name, "@c");
    assert_eq!(explanation.columns[0].node.state.to_text(), "20.5");
    let why = "'farm/1/raw' does not match farm/1/data: level 3: `data` is not `raw`";
    assert_eq!(explanation.summary(), why);
    assert_eq!(
        explanation.to_text(),
        format!(
            "FROM {why}\nSET @c: t - 1 = 20.5\n  t = 21.5\nWHERE @c > 30 = false  (20.5 > 30 is \
             false)\n  @c = 20.5\nSELECT (not sent) c: @c = 20.5\nSELECT (not sent) g: gone = \
             Undefined  (gone is missing in the payload)\nsilent: FROM {why}\nnote: it would be silent \
             on any topic: `@c > 30` is false: @c is 20.5\n"
        )
    );
    let json = String::from_utf8(explanation.to_json().to_json()).expect("UTF-8");
    let read: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(read["where"]["children"][0]["value"], 20.5);
    assert_eq!(read["topic"]["fails_at"], 3);
    assert_eq!(read["fires"], false);
    let binary = rule.explain_direct(b"\x01", &context);
    assert!(binary.payload_error.is_some());
    assert!(
        binary
            .deciding()
            .expect("silent")
            .sentence
            .ends_with("`@c` is Undefined: `t` is Undefined: the payload is not JSON")
    );
}

#[test]
fn the_reason_of_a_variable_and_of_a_true_where_go_to_the_end() {
    let context = Context::new("a", Timestamp::from_millis(0));
    let summary = |sql: &str| {
        let rule = Rule::compile(sql, SqlVersion::V2016_03_23).expect(sql);
        rule.explain(PAYLOAD.as_bytes(), &context).summary()
    };
    let sql = "SET @m = get((SELECT v FROM e WHERE v > 9), 0).v SELECT * FROM 'a' WHERE @m > 20";
    let text = summary(sql);
    assert!(text.starts_with("`@m > 20` is Undefined: `@m` is Undefined: "), "{text}");
    assert!(text.contains("get(") && text.contains("[]"), "{text}");
    let sql = "SELECT * FROM 'a' WHERE humidity < 35 AND ok OR t > 3";
    assert_eq!(summary(sql), "WHERE is true because of `t > 3`");
    let sql = "SELECT * FROM 'a' WHERE ok AND (t > 30 OR humidity = 35)";
    assert_eq!(summary(sql), "WHERE is true because of `ok` and `humidity = 35`");
    assert_eq!(summary("SELECT * FROM 'a' WHERE ok OR t > 1"), "every term of WHERE is true");
    let reason = explain("((gone OR ok) AND ok) OR ok").filter.and_then(|filter| filter.reason);
    let reason = reason.expect("Undefined has a reason");
    assert_eq!(reason.matches("AND and OR with it").count(), 1, "{reason}");
}

#[test]
fn variables_that_are_too_large_fail_before_they_grow() {
    let of = |name: &str| [name; 10].join(", ");
    let sql = format!(
        "SET @a = concat({}), @b = concat({}), @c = concat({}), @d = concat({}) \
         SELECT length(@d) AS x FROM 'a'",
        of("s"),
        of("@a"),
        of("@b"),
        of("@c")
    );
    let rule = Rule::compile(&sql, SqlVersion::V2016_03_23).expect("sound");
    let payload = format!("{{\"s\":\"{}\"}}", "x".repeat(2000));
    let context = Context::new("a", Timestamp::from_millis(0));
    let explanation = rule.explain(payload.as_bytes(), &context);
    assert!(matches!(explanation.outcome, Err(RulesError::VariableTooLarge { .. })));
    assert!(matches!(explanation.variables[0].node.state, State::Value(_)));
    assert!(matches!(explanation.variables[1].node.state, State::Failed(_)));
    assert!(explanation.to_text().contains("fails: "), "{}", explanation.to_text());
}

#[test]
fn a_message_that_from_does_not_match_fires_nothing() {
    let context = Context::new("farm/f1/x/y", Timestamp::from_millis(0));
    let explain = |sql: &str| {
        let rule = Rule::compile(sql, SqlVersion::V2016_03_23).expect(sql);
        (rule.explain(b"{}", &context), rule.explain_direct(b"{}", &context))
    };
    let (broker, direct) = explain("SELECT * FROM 'farm/+'");
    let why = "'farm/+' does not match farm/f1/x/y: level 3: the filter ends before `x`";
    assert!(!broker.fires() && direct.fires());
    assert_eq!(broker.summary(), why);
    let deciding = broker.deciding().expect("silent");
    assert_eq!((deciding.text.as_str(), deciding.span), ("'farm/+'", 14..22));
    assert_eq!(broker.note().as_deref(), Some("it would fire if the topic matched, with {}"));
    let text = broker.to_text();
    let end = format!("silent: FROM {why}\nnote: it would fire if the topic matched, with {{}}\n");
    assert!(text.ends_with(&end), "{text}");
    let json = broker.to_json();
    assert_eq!(json.get("fires"), Some(&Value::from(false)));
    assert!(json.get("output").is_none() && json.get("note").is_some());
    assert!(direct.to_text().ends_with("; Basic Ingest does not ask it\nfires with {}\n"));
    let (broker, direct) = explain("SELECT * WHERE a > 1");
    assert_eq!(broker.summary(), "the rule has no FROM: only Basic Ingest reaches it");
    assert!(broker.note().is_some_and(|note| note.starts_with("it would be silent on any topic")));
    assert_eq!(direct.summary(), "`a > 1` is Undefined: a is missing in the payload");
}

/// Counts what it is asked.
struct Counting(Cell<u32>);

impl External for Counting {
    fn thing_shadow(&self, _: &str, _: Option<&str>) -> Result<Value, RulesError> {
        self.0.set(self.0.get() + 1);
        Value::from_json(br#"{"state":{"reported":{"on":true}}}"#)
    }
}

#[test]
fn a_service_is_asked_once() {
    let sql = "SELECT get_thing_shadow('pump', 'arn:aws:iam::1:role/r').state AS s FROM 'a' \
        WHERE get_thing_shadow('pump', 'arn:aws:iam::1:role/r').state.reported.on = true";
    let rule = Rule::compile(sql, SqlVersion::V2016_03_23).expect("sound");
    let services = Counting(Cell::new(0));
    let now = Timestamp::from_millis(0);
    let context = Context { functions: Some(&services), ..Context::new("a", now) };
    let explanation = rule.explain(b"{}", &context);
    assert!(matches!(explanation.outcome, Ok(Some(_))), "{:?}", explanation.outcome);
    assert_eq!(services.0.get(), 1);
}

#[test]
fn a_template_is_explained_part_by_part() {
    let template = Template::compile("farm/${o.x}/${gone}!").expect("sound");
    let context = Context::new("farm/1/data", Timestamp::from_millis(0));
    let explanation = template.explain(PAYLOAD.as_bytes(), &context);
    assert_eq!(explanation.text, Ok("farm/1/!".to_owned()));
    let nodes: Vec<&Node> = explanation.expressions.iter().collect();
    assert_eq!(nodes[0].text, "o.x");
    assert_eq!(nodes[1].reason.as_deref(), Some("gone is missing in the payload"));
    assert!(explanation.to_text().starts_with("farm/${o.x}/${gone}! = farm/1/!\n  ${o.x} = 1\n"));
}

fn payload() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        (-50..50_i32).prop_map(|n| n.to_string()),
        prop::sample::select(vec!["\"7\"", "\"abc\"", "\"TRUE\"", "1.5"]).prop_map(str::to_owned),
    ];
    let value = leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|v| format!("[{}]", v.join(","))),
            (inner.clone(), inner).prop_map(|(a, b)| format!("{{\"a\":{a},\"value\":{b}}}")),
        ]
    });
    (value.clone(), value).prop_map(|(a, b)| format!("{{\"a\":{a},\"humidity\":{b}}}"))
}

/// Every node that was evaluated has the value that its own text has as a template.
fn check_nodes(node: &Node, payload: &Value, context: &Context<'_>) {
    if let (State::Value(value), false) = (&node.state, node.text.starts_with("element "))
        && let Ok(template) = Template::compile(&format!("${{{}}}", node.text))
    {
        let text = template.render(payload, context);
        assert_eq!(text, Ok(value.to_text().unwrap_or_default().into_owned()), "{}", node.text);
    }
    // Inside a nested SELECT names mean something else.
    if !node.text.to_ascii_lowercase().contains("select") {
        node.children.iter().for_each(|child| check_nodes(child, payload, context));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn explaining_never_panics_and_agrees_with_the_evaluator(
        tree in any_statement(),
        bytes in payload(),
    ) {
        let sql = crate::print::statement(&tree, "");
        let Ok((rule, _)) = Rule::compile_lenient(&sql, SqlVersion::V2016_03_23) else {
            return Ok(());
        };
        let context = Context::new("a/b", Timestamp::from_millis(0));
        let explanation = rule.explain_direct(bytes.as_bytes(), &context);
        prop_assert_eq!(rule.explain(bytes.as_bytes(), &context).is_heard, rule.hears("a/b"));
        let evaluated = rule.evaluate_bytes(bytes.as_bytes(), &context);
        prop_assert_eq!(&explanation.outcome, &evaluated, "{}", sql);
        let is_true = explanation.filter.as_ref().is_none_or(|node| node.truth() == Some(true));
        if let Ok(output) = &evaluated {
            prop_assert_eq!(is_true, output.is_some(), "{}", sql);
            prop_assert_eq!(explanation.deciding().is_some(), output.is_none());
        }
        if let (Ok(Some(Output::Value(Value::Object(output)))), false) =
            (&evaluated, explanation.columns.iter().any(|c| c.name == "*" || c.name == "VALUE"))
        {
            for column in &explanation.columns {
                let others = explanation.columns.iter().filter(|c| c.name == column.name).count();
                if others == 1 {
                    let found = output.get(&column.name).unwrap_or(&Value::Undefined);
                    prop_assert_eq!(column.node.value(), Some(found), "{}", sql);
                }
            }
        }
        prop_assert!(!explanation.to_text().is_empty());
    }

    #[test]
    fn every_part_has_the_value_of_its_own_text(tree in any_expr(), bytes in payload()) {
        let mut statement = any_where(tree);
        statement.variables.clear();
        let sql = crate::print::statement(&statement, "");
        let Ok(rule) = Rule::compile(&sql, SqlVersion::V2016_03_23) else { return Ok(()) };
        let context = Context::new("a/b", Timestamp::from_millis(0));
        let explanation = rule.explain(bytes.as_bytes(), &context);
        let payload = Value::from_json(bytes.as_bytes()).expect("JSON");
        if let Some(filter) = &explanation.columns.first() {
            check_nodes(&filter.node, &payload, &context);
        }
    }

    #[test]
    fn a_topic_fails_at_a_level_exactly_if_the_filter_does_not_match(
        filter in "(\\+|a|é|\\$x|)(/(\\+|a|é|)){0,3}(/#)?",
        topic in "(a|é|\\$x|)(/(a|é|b|)){0,4}",
    ) {
        let Ok(filter) = TopicFilter::parse(&filter) else { return Ok(()) };
        let found = TopicMatch::of(&filter, &topic);
        prop_assert_eq!(found.matches(), filter.matches(&topic), "{} on {}", filter, topic);
        prop_assert_eq!(found.why.is_some(), found.fails_at.is_some());
    }
}

fn any_where(expr: crate::ast::Expr) -> crate::ast::Statement {
    crate::ast::Statement {
        variables: Vec::new(),
        select: crate::ast::Select::Items(vec![crate::ast::Item {
            expr,
            alias: Some("x".to_owned()),
            span: 0..0,
        }]),
        from: TopicFilter::parse("a/b").ok(),
        from_span: 0..0,
        filter: None,
    }
}
