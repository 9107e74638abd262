//! YAML and JSON keep their places, tags and digits, and what cannot be read says where.

use super::{ALIASED_NODES_MAX, DEPTH_MAX, Node, Resolved, parse};
use serde_json::json;

fn read(text: &str) -> Node {
    parse("t.yaml", text).unwrap_or_else(|problems| panic!("{problems:?}\n{text}"))
}

fn refused(file: &str, text: &str) -> Vec<String> {
    let problems = parse(file, text).expect_err(text);
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn plain_scalars_resolve_as_the_module_says() {
    let cases = [
        ("~", Resolved::Null),
        ("null", Resolved::Null),
        ("True", Resolved::Bool(true)),
        ("false", Resolved::Bool(false)),
        ("yes", Resolved::Text("yes")),
        ("on", Resolved::Text("on")),
        ("34", Resolved::Number("34")),
        ("-0.5e3", Resolved::Number("-0.5e3")),
        ("+1", Resolved::Number("+1")),
        (".5", Resolved::Number(".5")),
        ("0", Resolved::Number("0")),
        ("012345678901", Resolved::Text("012345678901")),
        ("0x1F", Resolved::Text("0x1F")),
        ("1_000", Resolved::Text("1_000")),
        ("12:30", Resolved::Text("12:30")),
        ("2012-10-17", Resolved::Text("2012-10-17")),
        (".inf", Resolved::Text(".inf")),
        ("0s", Resolved::Text("0s")),
        ("\"34\"", Resolved::Text("34")),
        ("'true'", Resolved::Text("true")),
        ("!!str 34", Resolved::Text("34")),
        ("! 34", Resolved::Text("34")),
    ];
    for (text, meant) in cases {
        assert_eq!(read(text).resolve(), Some(meant), "{text}");
    }
}

#[test]
fn places_count_lines_and_characters_from_one() {
    let node = read("a: 1\nlist:\n  - x\n  - é: [2, 3]\n");
    let list = node.get("list").unwrap();
    assert_eq!((list.line, list.column), (3, 3));
    let inner = list.as_sequence().unwrap()[1].get("é").unwrap();
    assert_eq!((inner.line, inner.column), (4, 8));
    let entry = node.as_mapping().unwrap().iter().nth(1).unwrap();
    assert_eq!((entry.key.as_str(), entry.line, entry.column), ("list", 2, 1));
    // JSON, by the other reader: the same places.
    let node = parse("t.json", "{\"é\": [1,\n\t{\"b\": null}]}").unwrap();
    let items = node.get("é").unwrap().as_sequence().unwrap();
    assert_eq!((items[0].line, items[0].column), (1, 8));
    assert_eq!((items[1].line, items[1].column), (2, 2));
    assert_eq!((items[1].get("b").unwrap().line, items[1].get("b").unwrap().column), (2, 8));
}

#[test]
fn local_tags_stay() {
    let node = read("a: !Ref B\nb: !GetAtt C.Arn\nc: !Sub\n  - x\n  - {v: !Ref D}\n");
    assert_eq!(node.get("a").unwrap().tag.as_deref(), Some("!Ref"));
    assert_eq!(node.get("b").unwrap().as_text(), Some("C.Arn"));
    let sub = node.get("c").unwrap();
    assert_eq!(sub.tag.as_deref(), Some("!Sub"));
    let inner = sub.as_sequence().unwrap()[1].get("v").unwrap();
    assert_eq!(inner.tag.as_deref(), Some("!Ref"));
    let problem = node.to_json("t.yaml").unwrap_err().to_string();
    assert_eq!(problem, "t.yaml:1:4: the tag `!Ref`; expected a plain value");
}

#[test]
fn json_keeps_order_kinds_and_exact_numbers() {
    let node = read("b: 1\na: [34.999, -7, 1e2, 0.1, x, ~, true]\n");
    let value = node.to_json("t.yaml").unwrap();
    assert_eq!(value, json!({"b": 1, "a": [34.999, -7, 100.0, 0.1, "x", null, true]}));
    assert_eq!(value.to_string(), r#"{"b":1,"a":[34.999,-7,100.0,0.1,"x",null,true]}"#);
    let text = node.to_json_text("t.yaml").unwrap();
    assert_eq!(text, r#"{"b":1,"a":[34.999,-7,1e2,0.1,"x",null,true]}"#);
}

#[test]
fn digits_that_f64_would_lose_stay_in_text_and_are_an_error_as_a_value() {
    let node = read("v: 1234567890.123456789012345678901234");
    let text = node.to_json_text("t.yaml").unwrap();
    assert_eq!(text, r#"{"v":1234567890.123456789012345678901234}"#);
    let problem = node.to_json("t.yaml").unwrap_err().to_string();
    assert!(problem.starts_with("t.yaml:1:4: `1234567890.1234567890123456789"), "{problem}");
    assert_eq!(read("+.5").to_json_text("t").unwrap(), "0.5");
    assert_eq!(read("5.").to_json_text("t").unwrap(), "5.0");
    assert_eq!(read("18446744073709551615").to_json("t").unwrap(), json!(u64::MAX));
    read("1e400").to_json("t").unwrap_err();
    read("1e-999999999999999999999").to_json("t").unwrap_err();
}

#[test]
fn aliases_are_copies_and_merges_give_way_to_own_names() {
    let node = read(
        "base: &b {x: 1, y: 2}\none: *b\ntwo:\n  <<: *b\n  y: 3\nthree:\n  <<: [*b, {z: 4}]\n",
    );
    assert_eq!(
        node.to_json("t").unwrap(),
        json!({"base": {"x": 1, "y": 2}, "one": {"x": 1, "y": 2}, "two": {"y": 3, "x": 1},
               "three": {"x": 1, "y": 2, "z": 4}})
    );
    assert_eq!(read("'<<': 1").to_json("t").unwrap(), json!({"<<": 1}));
}

#[test]
fn blocks_and_json_escapes_are_text() {
    let node = read("sql: |\n  SELECT *\n  FROM 'a'\nfolded: >-\n  one\n  two\n");
    assert_eq!(node.get("sql").unwrap().as_text(), Some("SELECT *\nFROM 'a'\n"));
    assert_eq!(node.get("folded").unwrap().as_text(), Some("one two"));
    let node = parse("t.json", r#"{"a": "\ud83d\ude00 \/ \u00e9\n"}"#).unwrap();
    assert_eq!(node.get("a").unwrap().as_text(), Some("\u{1f600} / é\n"));
}

#[test]
fn flow_style_that_is_not_json_is_yaml_unless_the_name_says_json() {
    let text = "{a: !Ref B, 'b': [1, 2,]}";
    assert_eq!(parse("t.yaml", text).unwrap().get("a").unwrap().as_text(), Some("B"));
    assert_eq!(refused("t.json", text), ["t.json:1:2: `a`; expected a name in double quotes"]);
}

#[test]
fn an_empty_file_is_null() {
    assert!(read("").is_null());
    assert!(read("# only a comment\n").is_null());
}

#[test]
fn names_that_come_twice_are_all_named() {
    let yaml = "a: 1\nb: {c: 1, c: 2}\na: 2\n";
    assert_eq!(
        refused("t.yaml", yaml),
        [
            "t.yaml:2:11: `c` for the second time (first in line 2); expected each name once",
            "t.yaml:3:1: `a` for the second time (first in line 1); expected each name once",
        ]
    );
    let json = "{\"a\": {\"b\": 1, \"b\": 2},\n \"a\": 3}";
    assert_eq!(
        refused("t.json", json),
        [
            "t.json:1:16: `b` for the second time (first in line 1); expected each name once",
            "t.json:2:2: `a` for the second time (first in line 1); expected each name once",
        ]
    );
}

#[test]
fn what_is_not_yaml_says_where() {
    for (text, message) in [
        ("a: [1, 2", "t.yaml:2:1:"),
        ("a: b: c", "t.yaml:1:5:"),
        ("a: *nowhere", "t.yaml:1:4:"),
        ("a: &x [*x]", "t.yaml:1:8: an alias inside of what it names"),
        ("a: 1\n---\nb: 2", "t.yaml:2:1: a second document; expected one document a file"),
        ("? [a]\n: 1", "t.yaml:1:3: a name that is not plain text; expected text before the `:`"),
        ("a: !!binary aGk=", "t.yaml:1:4: the tag `!!binary`; expected one of"),
        ("a: !!int x", "t.yaml:1:4: `x` under `!!int`; expected a value that the tag names"),
        ("a: !!map x", "t.yaml:1:4: `x` under `!!map`"),
        ("<<: 3", "t.yaml:1:5: `3`; expected a mapping after `<<:`, or a list of them"),
        ("%TAG !e! tag:e.org:\n---\n!e!x 1", "t.yaml:3:1: the tag `tag:e.org:x`"),
    ] {
        let found = refused("t.yaml", text);
        assert!(found.len() == 1 && found[0].starts_with(message), "{text}: {found:?}");
    }
}

#[test]
fn what_is_not_json_says_where() {
    for (text, message) in [
        ("", "t.json:1:1: the end of the file; expected a JSON value"),
        ("{\"a\": 1,}", "t.json:1:9: `}`; expected a name in double quotes"),
        ("{\"a\" 1}", "t.json:1:6: `1`; expected `:` after the name"),
        ("{\"a\": 1 2}", "t.json:1:9: `2`; expected `,` or `}`"),
        ("[1 2]", "t.json:1:4: `2`; expected `,` or `]`"),
        ("[1] x", "t.json:1:5: `x`; expected the end of the file"),
        ("[01]", "t.json:1:2: `0`; expected a number as JSON writes it, such as `-12.5e3`"),
        ("[+1]", "t.json:1:2: `+`; expected a JSON value"),
        ("[1.]", "t.json:1:2: `1`; expected a number"),
        ("[\"a", "t.json:1:4: the end of the file; expected `\"` at the end of the text"),
        ("[\"a\nb\"]", "t.json:1:4: `\\n`; expected an escape such as `\\n`"),
        ("[\"\\x\"]", "t.json:1:4: `x`; expected an escape of JSON after"),
        ("[\"\\u12g4\"]", "t.json:1:5: `1`; expected four hexadecimal digits after `\\u`"),
        ("[\"\\ud83d\"]", "t.json:1:9: `\"`; expected the second half of a surrogate pair"),
        ("[\"\\udc00\"]", "t.json:1:9: `\"`; expected the first half of a surrogate pair"),
        ("[tru]", "t.json:1:2: `t`; expected a JSON value"),
    ] {
        let found = refused("t.json", text);
        assert!(found.len() == 1 && found[0].starts_with(message), "{text}: {found:?}");
    }
}

#[test]
fn nesting_has_a_bound() {
    let json = |levels| "[".repeat(levels) + &"]".repeat(levels);
    parse("t.json", &json(DEPTH_MAX)).unwrap();
    assert!(refused("t.json", &json(DEPTH_MAX + 2))[0].contains("deeper nesting"));
    let yaml: String = (0..DEPTH_MAX + 2).map(|level| " ".repeat(level) + "a:\n").collect();
    assert!(refused("t.yaml", &yaml)[0].contains("deeper nesting"));
    assert!(refused("t.yaml", &("- ".repeat(200_000) + "x"))[0].contains("deeper nesting"));
    refused("t.yaml", &"[".repeat(200_000));
}

#[test]
fn aliases_that_unfold_without_end_are_refused() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let list = vec![format!("*a{}", level - 1); 10].join(", ");
        text += &format!("a{level}: &a{level} [{list}]\n");
    }
    let found = refused("t.yaml", &text);
    assert!(found[0].contains(&format!("more than {ALIASED_NODES_MAX} values")), "{found:?}");
    // One long text a thousand times, which is few values and many bytes.
    let text = format!("a: &a \"{}\"\nb: [{}]", "x".repeat(1 << 20), "*a, ".repeat(1000));
    assert!(refused("t.yaml", &text)[0].contains("aliases that unfold"));
}
