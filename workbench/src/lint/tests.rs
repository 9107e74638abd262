//! A finding points into the file where the SQL's column there can be known.

use super::*;
use serde_json::json;

fn find(sql: &str, column: usize) -> Finding {
    let source = RuleSource {
        name: "r".to_owned(),
        file: "r.json".to_owned(),
        line: 4,
        column,
        payload: json!({"sql": sql, "awsIotSqlVersion": "2016-03-23", "actions": []}),
        strictness: Strictness::Strict,
    };
    let subject = Subject { rules: vec![source], ..Subject::default() };
    lint(&subject, &Options::default()).remove(0)
}

#[test]
fn a_plain_statement_has_a_column_in_its_file() {
    let found = find("SELECT * FROM 'a' WHERE t = '50'", 12);
    assert_eq!((found.line, found.column, found.path.as_str()), (4, 12 + 25, "sql:1:25"));
}

#[test]
fn a_statement_with_escapes_or_lines_has_its_own_place_only() {
    let escaped = find("SELECT \"x\" AS x FROM 'a' WHERE t = '50'", 12);
    assert_eq!((escaped.line, escaped.column, escaped.path.as_str()), (4, 0, "sql:1:32"));
    let second = find("SELECT *\nFROM 'a' WHERE t = '50'", 12);
    assert_eq!((second.line, second.column, second.path.as_str()), (4, 0, "sql:2:16"));
}

#[test]
fn findings_come_by_file_and_place_and_nothing_is_found_in_nothing() {
    assert!(lint(&Subject::default(), &Options::default()).is_empty());
    let found = find("SELECT upper(a) FROM 'a' WHERE t = '50'", 1);
    assert_eq!(found.code, "L008");
}
