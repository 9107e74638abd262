//! Regular expressions mean what they mean in Java.

use crate::diagnostic::Code;
use crate::functions::tests::{check, context, evaluate};
use crate::rule::{Rule, SqlVersion};

#[test]
fn cases() {
    check(&[
        ("regexp_matches('aaaa', 'a{2,}')", "true"),
        ("regexp_matches('aaaa', 'b')", "false"),
        ("regexp_matches(m, '^H')", "true"),
        ("regexp_matches(123, '2')", "true"),
        ("regexp_matches(o, 'x')", "true"),
        ("regexp_matches(null, 'x')", ""),
        ("regexp_matches(missing, 'x')", ""),
        ("regexp_matches('x', null)", ""),
        ("regexp_matches('x', missing)", ""),
        ("regexp_matches('x', '(')", ""),
        ("regexp_matches('Hi7', m + s)", "true"),
        ("regexp_replace('abcd', 'b(.*)d', '$1')", "\"ac\""),
        ("regexp_replace('abcd', 'x', 'y')", "\"abcd\""),
        ("regexp_replace('abcd', null, 'y')", ""),
        ("regexp_replace('abcd', 'b', missing)", ""),
        ("regexp_replace(112, 1, 3)", "\"332\""),
        ("regexp_substr('hihihello', '(hi)*')", "\"hihi\""),
        ("regexp_substr('hihihello', 'x')", ""),
        ("regexp_substr('hihihello', '(hi')", ""),
        ("regexp_substr('äöü', 'ö.')", "\"öü\""),
    ]);
}

/// Each text and pattern with the first match that Java finds; `None` for none.
fn check_first(cases: &[(&str, &str, Option<&str>)]) {
    for (text, pattern, expected) in cases {
        let call = format!("regexp_substr(\"{text}\", \"{pattern}\")");
        let found = evaluate(&call, context()).unwrap().unwrap();
        assert_eq!(found.as_str(), *expected, "{text:?} {pattern:?}");
    }
}

#[test]
fn classes_are_those_of_ascii() {
    check_first(&[
        ("٣3", r"\d", Some("3")),
        ("äa", r"\w+", Some("a")),
        ("\u{a0} ", r"\s", Some(" ")),
        ("a٣", r"\D+", Some("a٣")),
        ("a_9-", r"[\w-]+", Some("a_9-")),
        ("äA", r"\p{Alpha}", Some("A")),
        ("äA", r"\p{L}", Some("ä")),
        ("äA", r"\p{IsAlphabetic}", Some("ä")),
        ("αβa", r"\p{IsGreek}+", Some("αβ")),
        ("äA", r"\P{L}", None),
        ("a,b", r"\p{Punct}", Some(",")),
        ("٣3", r"(?U)\d", Some("٣")),
        ("x\u{2003}y", r"\h", Some("\u{2003}")),
    ]);
}

#[test]
fn classes_unite_intersect_and_exclude() {
    check_first(&[
        ("zebra", "[a-d[m-p]]", Some("b")),
        ("zebra", "[a-z&&[^zeb]]+", Some("ra")),
        ("zebra", "[^a-y]", Some("z")),
        ("a]b", "[]]", Some("]")),
        ("a-b", "[a-]+", Some("a-")),
        ("a--b", "[+--]+", Some("--")),
        ("a~~b", "[~~]+", Some("~~")),
        ("x^", "[x^]+", Some("x^")),
        ("a.b", r"[\\Q.b\\E]+".replace(r"\\", r"\").as_str(), Some(".b")),
    ]);
}

#[test]
fn case_is_ignored_in_ascii_unless_told_otherwise() {
    check_first(&[
        ("xABCx", "(?i)abc", Some("ABC")),
        ("Ä", "(?i)ä", None),
        ("Ä", "(?iu)ä", Some("Ä")),
        ("\u{212a}", "(?i)k", None),
        ("QRS", "(?i)[p-t]+", Some("QRS")),
        ("aB", "a(?i)b", Some("aB")),
        ("aB", "(?:a(?i))b", None),
        ("aBC", "a(?i:b)c", None),
        ("abAB", r"(?i)(ab)\1", Some("abAB")),
    ]);
}

#[test]
fn lines_end_where_java_ends_them() {
    check_first(&[
        ("a\r", "a.", None),
        ("a\u{85}", "a.", None),
        ("a\u{85}", "(?s)a.", Some("a\u{85}")),
        ("ab\n", "b$", Some("b")),
        ("ab\n", r"b\Z", Some("b")),
        ("ab\n", r"b\z", None),
        ("ab\n\n", "b$", None),
        ("ab\r\n", "b$", Some("b")),
        ("ab\nc", "b$", None),
        ("ab\nc", "(?m)b$", Some("b")),
        ("ab\r\nc", "(?m)^c", Some("c")),
        ("ab\nc", "^c", None),
        ("ab\u{2028}c", "(?m)^c", Some("c")),
    ]);
    check(&[
        ("regexp_replace(\"a\nb\", '(?m)^', '>')", "\">a\\n>b\""),
        ("regexp_replace(\"a\nb\n\", '$', '.')", "\"a\\nb.\\n.\""),
    ]);
}

#[test]
fn what_only_backtracking_can_do() {
    check_first(&[
        ("price: 42 EUR", r"\d+(?= EUR)", Some("42")),
        ("42 USD 43 EUR", r"(?<!4)3", None),
        ("xx yy zz", r"(\w)\1 (\w)\2", Some("xx yy")),
        ("<b>x</b>", r"<(?<tag>\w+)>.*?</\k<tag>>", Some("<b>x</b>")),
        ("aaa", "a*+a", None),
        ("aaa", "(?>a*)a", None),
        ("aaab", "a{1,3}+b", Some("aaab")),
        ("abc", r"\1(a)", None),
        ("x", "(?x) x # the letter", Some("x")),
        ("é", r"\u00e9", Some("é")),
        ("😀", r"\ud83d\ude00", Some("😀")),
        ("A", r"\x41", Some("A")),
        ("A", r"\0101", Some("A")),
    ]);
}

#[test]
fn what_java_refuses_is_undefined() {
    for pattern in [
        "(",
        ")",
        "a**",
        "*",
        "a{2,1}",
        "a{,2}",
        "{1}",
        "[",
        "[a",
        "[b-a]",
        r"\y",
        r"\",
        "(?z)",
        "(?<1>a)",
        r"\k<n>",
        "[a&&]",
        r"\p{Nope}",
        r"\xg0",
    ] {
        let call = format!("isUndefined(regexp_matches('a', \"{pattern}\"))");
        check(&[(&call, "true")]);
    }
}

#[test]
fn what_java_knows_and_this_engine_does_not_is_named() {
    for pattern in [r"\p{InGreek}", "(?d).", r"\X", "a{1000}{1000}{1000}"] {
        let sql = format!("SELECT VALUE regexp_matches(x, '{pattern}') FROM 'a'");
        let Err(errors) = Rule::compile(&sql, SqlVersion::V2016_03_23) else {
            assert!(pattern.ends_with('}'), "{pattern}");
            continue;
        };
        assert_eq!(errors[0].code, Code::Unsupported, "{pattern}");
        assert!(errors[0].message.contains("regular expression"), "{}", errors[0].message);
    }
}

#[test]
fn replacements_are_javas() {
    check(&[
        ("regexp_replace('baaac', 'a*', '-')", "\"-b--c-\""),
        ("regexp_replace('abc', 'x*', '-')", "\"-a-b-c-\""),
        ("regexp_replace('äö', '', '-')", "\"-ä-ö-\""),
        ("regexp_replace('ab', '(a)(b)', '$2$1')", "\"ba\""),
        ("regexp_replace('ab', '(a)(b)', '$22')", "\"b2\""),
        ("regexp_replace('ab', '(a)(b)', '$0$0')", "\"abab\""),
        ("regexp_replace('ab', '(?<x>a)', '[${x}]')", "\"[a]b\""),
        ("regexp_replace('ab', 'a', '\\$1')", "\"$1b\""),
        ("regexp_replace('ab', 'a', '\\\\')", "\"\\\\b\""),
        ("regexp_replace('ab', '(a)|(b)', '<$2>')", "\"<><b>\""),
        ("regexp_replace('ab', 'a', '$1')", ""),
        ("regexp_replace('ab', 'a', '$')", ""),
        ("regexp_replace('ab', 'a', 'x\\')", ""),
        ("regexp_replace('ab', 'a', '${y}')", ""),
        ("regexp_replace('ab', 'z', '$1')", "\"ab\""),
    ]);
}

#[test]
fn no_pattern_hangs_or_grows_without_bound() {
    let many = "a".repeat(4_000);
    check(&[
        (&format!("regexp_matches('{many}', '(?=(a+)+)(a+)+\\2b')"), ""),
        (&format!("isUndefined(regexp_replace('{many}', '', '{many}'))"), "true"),
        (&format!("isUndefined(replace('{many}', '', '{many}'))"), "true"),
    ]);
}
