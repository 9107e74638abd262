//! The choices made where the service's documents are silent or contradict each other.
//!
//! | point | choice | acts in |
//! |---|---|---|
//! | Int / Int with a remainder | truncated to Int, as the operator table says | `eval::operators` |
//! | a whole number with a fraction part (10.0) | becomes Int under 2016-03-23, in payloads and literals | `value::json`, `lex` |
//! | an Int result beyond 34 digits | becomes Decimal, rounded half-even to 34 digits | `eval::operators` |
//! | a Decimal result beyond 9.99E999 | Undefined; below 1E-999 zero | `value::decimal` |
//! | division and remainder by zero | Undefined | `eval::operators` |
//! | a non-Boolean operand of AND, OR, NOT | Undefined, even for `true OR Undefined` | `eval` |
//! | `=` and `<>` with Undefined | Undefined, so `WHERE missing <> 'x'` never fires | `eval::operators` |
//! | Null in arithmetic and order comparisons | Undefined; `null = null` is true | `eval::operators` |
//! | AND at the root of WHERE | stops at the first operand that is not true: a costly function behind it is not called | `eval` |
//! | CASE over Undefined | Undefined; ELSE is not used | `eval` |
//! | WHERE | fires on true and on the text `true` in any case | `eval` |
//! | a dotted alias `AS a.b` | the literal key `a.b` | `check` |
//! | no alias | the last step of a path, else the expression's own text | `check` |
//! | a key that comes twice | the later value, in the earlier place | `value::Object` |
//! | Undefined in an array | dropped | `eval` |
//! | `SELECT *, x` over what is no object | the payload under the key `payload`, base64 if it is not JSON | `eval` |
//! | a quote inside a string literal | doubled; a backslash is only itself | `lex` |
//! | round(n) | half away from zero | `functions::math` |
//! | bitnot(n) | two's complement: bitnot(13) is -14 | `functions::math` |
//! | get(text, n) | 0-based | `functions::json` |
//! | concat of numbers only | their texts, joined; a single argument unchanged | `functions::strings` |
//! | indexof, not found | -1 | `functions::strings` |
//! | transform with a key on both sides | the element's own value stays | `functions::json` |
//! | parse_time and time_to_epoch | names in English; zones from the database that is compiled in, by their exact names; an instant outside the years -9998 to 9999 is Undefined | `functions::time` |
//! | parse_time, milliseconds with a fraction | rounded down | `functions::time` |
//! | parse_time, `z` in a zone without a name | its offset, as Joda-Time prints it | `functions::time` |
//! | time_to_epoch, a day without a time | midnight; a time without a day, or a month without a day, is Undefined | `functions::time` |
//! | time_to_epoch, weeks (`Y`, `w`, `W`, `e`) | those of the United States, the locale of Java's default | `functions::time` |
//! | an hour that a clock skips or repeats | as late as it was put forward; the first of the two | `functions::time` |
//! | regexp_substr without a match | Undefined | `functions::patterns` |
//! | a pattern that Java refuses | Undefined; one that only this engine cannot run is refused when the rule is compiled | `functions::patterns` |
//! | a search that takes too many steps | Undefined | `functions::patterns` |
//! | replace and regexp_replace with a result above 1 MiB | Undefined | `functions::patterns` |
//! | transform with a result above 128 KiB | Undefined | `functions::json` |
//! | get_or_default | the second argument also where a service fails | `functions::json` |
//! | decode of bytes that are neither JSON nor UTF-8 | Null | `functions::encodings` |
//! | get_user_properties() of a message without any | Undefined, as for a missing key | `functions::context` |
//! | a second get_dynamodb in a statement | refused when the rule is compiled, because the service would run no action | `check` |
//! | get_secret with a key that the secret does not have | the rule fails | `functions::external` |
//! | a secret whose JSON is no object | a plain text | `functions::external` |
//! | a name or key without a value in an external function | the rule fails | `functions::external` |
//! | rand and newuuid | drawn from the message's own source of chance, so that a run repeats | `functions::chance` |
//! | machinelearning_predict | refused: the service behind it is closed | `functions` |
//! | cast(Decimal as Int) | rounds down: cast(-3.1 as Int) is -4 | `eval::cast` |
//! | FROM without quotes, or in double quotes | refused, with the quoted form as help; taken as it stands by a lenient compiler | `parse` |
//! | a rule without FROM | compiles: only Basic Ingest reaches it | `rule` |
//! | `beta` | read as 2016-03-23, whose name `sql_version()` gives | `rule` |
//! | SELECT VALUE under 2015-10-08 | refused: arrays as top-level objects came with 2016-03-23 | `check` |
//! | what a lenient compiler takes | an unknown function, type or variable, an impossible number of arguments are Undefined | `check` |
//! | functions with the wrong number of arguments | refused when the rule is compiled, unless leniently | `check` |

/// The rows of the table above: the point, the choice, and the module in which it acts.
///
/// They are read out of this file, so that the documents print the same table.
pub fn rows() -> impl Iterator<Item = [&'static str; 3]> {
    include_str!("decisions.rs").lines().filter_map(|line| {
        let row = line.strip_prefix("//! | ")?.strip_suffix(" |")?;
        let mut cells = row.split(" | ");
        let cells = [cells.next()?, cells.next()?, cells.next()?];
        (cells[0] != "point").then_some(cells)
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_row_has_three_cells() {
        let lines = include_str!("decisions.rs").lines();
        let written = lines.filter(|line| line.starts_with("//! | ")).count() - 1;
        assert_eq!(super::rows().count(), written);
        assert!(super::rows().all(|[_, _, place]| place.starts_with('`') && place.ends_with('`')));
    }
}
