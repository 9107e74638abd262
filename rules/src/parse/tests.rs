//! What the language refuses, where, and what it tells the author.

use crate::diagnostic::Code;
use crate::rule::{Rule, SqlVersion};

/// The codes and places (as text) of everything that is wrong with `sql`.
fn errors(sql: &str) -> Vec<(Code, &str)> {
    let errors = Rule::compile(sql, SqlVersion::V2016_03_23).expect_err(sql);
    errors.iter().map(|error| (error.code, &sql[error.span.clone()])).collect()
}

#[test]
fn each_mistake_has_its_code_and_place() {
    for (sql, code, place) in [
        ("", Code::UnexpectedToken, ""),
        ("SELECT", Code::UnexpectedToken, ""),
        ("UPDATE x FROM 'a'", Code::UnexpectedToken, "UPDATE"),
        ("SELECT a b FROM 'a'", Code::UnexpectedToken, "b"),
        ("SELECT a FROM a/+", Code::TopicFilter, "a/+"),
        ("SELECT a FROM topic/# WHERE x = 1", Code::TopicFilter, "topic/#"),
        ("SELECT a FROM $aws/things", Code::TopicFilter, "$aws/things"),
        ("SELECT a FROM \"a/b\"", Code::TopicFilter, "\"a/b\""),
        ("SELECT a FROM 'a/#/b'", Code::TopicFilter, "'a/#/b'"),
        ("SELECT a FROM 'a' WHERE", Code::UnexpectedToken, ""),
        ("SELECT a FROM 'a' WHERE x == 1", Code::NotInLanguage, "=="),
        ("SELECT a FROM 'a' WHERE x != 1", Code::NotInLanguage, "!="),
        ("SELECT a || b AS c FROM 'a'", Code::NotInLanguage, "||"),
        ("SELECT a FROM 'a' WHERE !x", Code::NotInLanguage, "!"),
        ("SELECT a FROM 'a';", Code::NotInLanguage, ";"),
        ("SELECT a FROM 'a' WHERE x IN (1, 2)", Code::NotInLanguage, "IN"),
        ("SELECT a FROM 'a' WHERE x LIKE 'b%'", Code::NotInLanguage, "LIKE"),
        ("SELECT a FROM 'a' WHERE x BETWEEN 1 AND 2", Code::NotInLanguage, "BETWEEN"),
        ("SELECT a FROM 'a' WHERE x IS NULL", Code::NotInLanguage, "IS"),
        ("SELECT a FROM 'a' GROUP BY a", Code::NotInLanguage, "GROUP"),
        ("SELECT arr[0] AS c FROM 'a'", Code::NotInLanguage, "["),
        ("SELECT CASE WHEN a THEN 1 END AS c FROM 'a'", Code::NotInLanguage, "WHEN"),
        ("SELECT 'open FROM 'a'", Code::UnexpectedToken, "a"),
        ("SELECT a FROM 'a' WHERE x = 'open", Code::UnterminatedString, "'open"),
        ("SELECT .5 AS c FROM 'a'", Code::UnexpectedToken, "."),
        ("SELECT 1e+5 AS c FROM 'a'", Code::MalformedNumber, "1e+5"),
        ("SELECT 5abc AS c FROM 'a'", Code::MalformedNumber, "5abc"),
        ("SELECT a ~ b FROM 'a'", Code::UnexpectedCharacter, "~"),
        ("SELECT a FROM 'a' WHERE 1 < x < 2", Code::UnexpectedToken, "<"),
        ("SELECT nope(1) AS c FROM 'a'", Code::UnknownFunction, "nope"),
        ("SELECT cot(1) AS c FROM 'a'", Code::UnknownFunction, "cot"),
        (
            "SELECT machinelearning_predict(a) AS c FROM 'a'",
            Code::Unsupported,
            "machinelearning_predict",
        ),
        ("SELECT abs() AS c FROM 'a'", Code::ArgumentCount, "abs()"),
        ("SELECT substring(a) AS c FROM 'a'", Code::ArgumentCount, "substring(a)"),
        ("SELECT encode(a, 'hex') AS c FROM 'a'", Code::Argument, "'hex'"),
        ("SELECT cast(a AS Blob) AS c FROM 'a'", Code::UnknownType, "Blob"),
        ("SELECT @x AS c FROM 'a'", Code::UndeclaredVariable, "@x"),
        ("SET @x = @x SELECT @x AS c FROM 'a'", Code::UndeclaredVariable, "@x"),
        ("SET @x = 1, @x = 2 SELECT 1 AS c FROM 'a'", Code::DuplicateVariable, "@x"),
        ("SELECT a.'b' FROM 'a'", Code::UnexpectedToken, "'b'"),
        ("SELECT {a: 1} AS c FROM 'a'", Code::UnexpectedToken, "a"),
        ("SELECT a AS FROM 'a'", Code::UnexpectedToken, "'a'"),
    ] {
        assert_eq!(errors(sql).first(), Some(&(code, place)), "{sql}: {:?}", errors(sql));
    }
}

#[test]
fn mistakes_do_not_hide_each_other() {
    let sql = "SELECT nope(a) AS x, b c, machinelearning_predict(d) AS y, e[0] AS z \
               FROM 'a/#/b' WHERE cot(f) != 1";
    assert_eq!(
        errors(sql),
        [
            (Code::UnknownFunction, "nope"),
            (Code::UnexpectedToken, "c"),
            (Code::Unsupported, "machinelearning_predict"),
            (Code::NotInLanguage, "["),
            (Code::TopicFilter, "'a/#/b'"),
            (Code::UnknownFunction, "cot"),
            (Code::NotInLanguage, "!="),
        ]
    );
    let sql = "SELECT (SELECT x y FROM e) AS a, (SELECT nope() AS b FROM f) AS c FROM 'a'";
    assert_eq!(errors(sql), [(Code::UnexpectedToken, "y"), (Code::UnknownFunction, "nope")]);
}

#[test]
fn the_old_version_lacks_what_came_later() {
    for (sql, place) in [
        ("SELECT {'a': 1} AS c FROM 'a'", "{'a': 1}"),
        ("SELECT [1] AS c FROM 'a'", "[1]"),
        ("SELECT (SELECT a FROM b) AS c FROM 'a'", "(SELECT a FROM b)"),
        ("SELECT isUndefined(a) AS c FROM 'a'", "isUndefined"),
        ("SELECT cast(a AS Decimal) AS c FROM 'a'", "Decimal"),
    ] {
        let errors = Rule::compile(sql, SqlVersion::V2015_10_08).expect_err(sql);
        assert_eq!(errors.len(), 1, "{sql}");
        assert_eq!((errors[0].code, &sql[errors[0].span.clone()]), (Code::Version, place));
        assert!(Rule::compile(sql, SqlVersion::V2016_03_23).is_ok(), "{sql}");
    }
    let old = Rule::compile("SELECT upper(a) AS c FROM 'a'", SqlVersion::V2015_10_08);
    assert!(old.is_ok());
}

#[test]
fn a_diagnostic_points_at_its_place() {
    let sql = "SELECT temp, humdity\nFROM farmA/+\nWHERE näh(x) = 1";
    let errors = Rule::compile(sql, SqlVersion::V2016_03_23).expect_err("two mistakes");
    let rendered: String = errors.iter().map(|error| error.render(sql)).collect();
    let expected = "\
error[SQL012]: the topic filter is not quoted
2:6 | FROM farmA/+
    |      ^^^^^^^
    = expected a topic filter in single quotes
    = help: write 'farmA/+'
error[SQL020]: AWS IoT SQL has no function `näh`
3:7 | WHERE näh(x) = 1
    |       ^^^
";
    assert_eq!(rendered, expected);
}

#[test]
fn keywords_and_value_may_name_fields_where_nothing_else_can_stand() {
    for sql in [
        "select value from 'a'",
        "SELECT value AS v FROM 'a'",
        "SELECT value, t FROM 'a'",
        "SELECT value.x AS set FROM 'a'",
        "SELECT a.end AS select FROM 'a' WHERE a.case = 1",
        "SELECT VALUE value FROM 'a'",
        "SELECT VALUE * FROM 'a'",
        "SELECT in, like FROM 'a' WHERE in = 1",
        "SELECT cast FROM 'a'",
        "SELECT länge FROM 'a'",
    ] {
        let rule = Rule::compile(sql, SqlVersion::V2016_03_23);
        assert!(rule.is_ok(), "{sql}: {:?}", rule.err());
    }
}

#[test]
fn no_text_makes_the_compiler_overflow() {
    let deep = |open: &str, close: &str, count: usize| {
        format!("SELECT {}1{} AS x FROM 'a'", open.repeat(count), close.repeat(count))
    };
    for sql in [
        deep("(", ")", 5_000),
        deep("abs(", ")", 2_000),
        deep("[", "]", 5_000),
        deep("- ", "", 5_000),
        deep("", " + 1", 2_000),
        deep("NOT ", "", 2_000),
    ] {
        let errors = Rule::compile(&sql, SqlVersion::V2016_03_23).expect_err(&sql[..40]);
        assert!(errors.iter().any(|error| error.code == Code::TooDeep), "{}", &sql[..40]);
    }
    assert!(Rule::compile(&deep("(", ")", 40), SqlVersion::V2016_03_23).is_ok());
    assert!(Rule::compile(&deep("", " + 1", 200), SqlVersion::V2016_03_23).is_ok());
    assert!(Rule::compile(&deep("", " OR 1", 2_000), SqlVersion::V2016_03_23).is_ok());
    let long = format!("SELECT {} FROM 'a'", "a".repeat(30_000));
    assert_eq!(
        Rule::compile(&long, SqlVersion::V2016_03_23).expect_err("long")[0].code,
        Code::TooLong
    );
}
