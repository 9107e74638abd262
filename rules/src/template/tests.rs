//! What substitution templates yield, and how wrong ones are refused.

use super::Template;
use crate::context::Context;
use crate::diagnostic::Code;
use crate::rule::{Rule, SqlVersion};
use crate::value::Value;
use fieldmirror_core::time::Timestamp;

fn render(text: &str) -> String {
    let payload = br#"{"device":"101","t":21.5,"n":null,"o":{"a":[1,"}"]},"ok":true}"#;
    let payload = Value::from_json(payload).expect("JSON");
    let context = Context {
        client_id: Some("c1"),
        ..Context::new("my/iot/topic", Timestamp::from_millis(1_527_811_200_000))
    };
    Template::compile(text).expect(text).render(&payload, &context).expect(text)
}

#[test]
fn expressions_are_replaced_by_their_text() {
    for (text, expected) in [
        ("", ""),
        ("no template, $5 and {braces}", "no template, $5 and {braces}"),
        ("${topic()}/republish", "my/iot/topic/republish"),
        ("${topic(1)}${topic(3)}", "mytopic"),
        ("t=${t}, twice ${t * 2}", "t=21.5, twice 43"),
        ("${replace(topic(), '/', '-') + '-' + timestamp()}", "my-iot-topic-1527811200000"),
        ("[${missing}${n}]", "[]"),
        ("${o}", r#"{"a":[1,"}"]}"#),
        ("${ok}", "true"),
        ("${get({'x': {'y': '}'}}, 'x').y}!", "}!"),
        ("$$aws/things/${device}/shadow", "$$aws/things/101/shadow"),
        ("farmA/pump/${CASE topic(2) WHEN 'iot' THEN 1 ELSE 2 END}/cmd", "farmA/pump/1/cmd"),
    ] {
        assert_eq!(render(text), expected, "{text}");
    }
}

#[test]
fn wrong_templates_are_refused_with_all_their_errors() {
    for (text, codes) in [
        ("${topic()", &[Code::UnterminatedTemplate] as &[_]),
        ("${}", &[Code::UnexpectedToken]),
        ("a${nope()}b${1 +}", &[Code::UnknownFunction, Code::UnexpectedToken]),
        ("${@v}", &[Code::UndeclaredVariable]),
        ("${t t}", &[Code::UnexpectedToken]),
    ] {
        let errors = Template::compile(text).expect_err(text);
        assert_eq!(errors.iter().map(|e| e.code).collect::<Vec<_>>(), codes, "{text}");
    }
}

#[test]
fn a_rules_variables_are_known_to_its_templates() {
    let sql = "SET @a = o, @b = @a.x SELECT * FROM 'a' WHERE @b > 1";
    let rule = Rule::compile(sql, SqlVersion::V2016_03_23).expect(sql);
    let payload = Value::from_json(br#"{"o":{"x":2,"y":{"z":"deep"}}}"#).expect("JSON");
    let context = Context::new("a", Timestamp::from_millis(0));
    let firing = rule.fire(&payload, &context).expect("no services").expect("it fires");
    let template = rule.template("${@b}/${@a.y.z}/${@a.none}/${@b * o.x}").expect("valid");
    let text = template.render_with(&payload, &context, &firing.variables);
    assert_eq!(text.as_deref(), Ok("2/deep//4"));
    let bytes = rule.fire_bytes(&payload.to_json(), &context).expect("no services");
    assert_eq!(bytes.map(|firing| firing.variables), Some(firing.variables));
    let errors = rule.template("${@c}").expect_err("not set");
    assert_eq!(errors[0].code, Code::UndeclaredVariable);
}

#[test]
fn a_template_without_expressions_is_constant() {
    assert_eq!(Template::compile("farmA/alerts").expect("valid").constant(), Some("farmA/alerts"));
    assert_eq!(Template::compile("").expect("valid").constant(), Some(""));
    assert_eq!(Template::compile("${topic()}").expect("valid").constant(), None);
}

#[test]
fn a_template_names_the_functions_that_it_calls() {
    let text = "${UPPER(topic())}-${get_thing_shadow('a', 'r').state}-${topic(2)}";
    let template = Template::compile(text).expect("valid");
    assert_eq!(template.functions(), ["get_thing_shadow", "topic", "upper"]);
    assert!(Template::compile("plain").expect("valid").functions().is_empty());
}
