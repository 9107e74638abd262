//! What of the language is there: each function, clause and operator with how well it agrees with
//! the service. The compatibility table of the documents is printed from it.

use crate::functions::{self, Function};
use crate::rule::SqlVersion;

/// How well something agrees with the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// As the service's documents say.
    Works,
    /// There, with the difference that [`Entry::note`] names.
    Differs,
    /// Refused by name when a rule is compiled.
    Absent,
}

impl Status {
    /// The word for tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Differs => "differs",
            Self::Absent => "absent",
        }
    }
}

/// A function, clause or operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// As the service's documents spell it.
    pub name: &'static str,
    /// How it is written; arguments in brackets may be left out together.
    pub usage: String,
    /// The least number of arguments; 0 for what is no function.
    pub arguments_min: usize,
    /// The largest number of arguments, `usize::MAX` if there is none.
    pub arguments_max: usize,
    /// The first version of the language that has it.
    pub since: SqlVersion,
    /// How well it agrees with the service.
    pub status: Status,
    /// How it differs, in one phrase; empty if it does not.
    pub note: &'static str,
}

/// Every function of the service, by name.
///
/// ```
/// use fieldmirror_rules::catalogue::{Status, functions};
///
/// let functions = functions();
/// let substring = functions.iter().find(|entry| entry.name == "substring").expect("listed");
/// assert_eq!(substring.usage, "substring(text, start [, end])");
/// assert_eq!((substring.arguments_min, substring.arguments_max), (2, 3));
/// assert_eq!(substring.status, Status::Works);
/// ```
pub fn functions() -> Vec<Entry> {
    let absent = functions::ABSENT.iter().map(|absent| Entry {
        name: absent.name,
        usage: format!("{}({})", absent.name, absent.takes),
        arguments_min: 0,
        arguments_max: usize::MAX,
        since: SqlVersion::V2015_10_08,
        status: Status::Absent,
        note: absent.reason,
    });
    let mut entries: Vec<Entry> = functions::all().map(entry).chain(absent).collect();
    entries.sort_by_key(|entry| entry.name.to_ascii_lowercase());
    entries
}

fn entry(function: &Function) -> Entry {
    Entry {
        name: function.name,
        usage: format!("{}({})", function.name, function.takes),
        arguments_min: *function.arguments.start(),
        arguments_max: *function.arguments.end(),
        since: function.since,
        status: if function.differs.is_some() { Status::Differs } else { Status::Works },
        note: function.differs.unwrap_or_default(),
    }
}

/// The clauses, forms of expressions and operators, in the order of a statement.
pub fn language() -> Vec<Entry> {
    let entries = LANGUAGE.iter().map(|&(name, usage, since, note)| Entry {
        name,
        usage: usage.to_owned(),
        arguments_min: 0,
        arguments_max: 0,
        since,
        status: if note.is_empty() { Status::Works } else { Status::Differs },
        note,
    });
    entries.collect()
}

const OLD: SqlVersion = SqlVersion::V2015_10_08;
const NEW: SqlVersion = SqlVersion::V2016_03_23;

/// Name, how it is written, since when, how it differs.
const LANGUAGE: [(&str, &str, SqlVersion, &str); 24] = [
    ("SET", "SET @name = value, ...", OLD, ""),
    ("SELECT *", "SELECT *", OLD, ""),
    (
        "SELECT *, column",
        "SELECT *, value AS name",
        OLD,
        "a payload that is no object comes under the key payload, which the guide does not name",
    ),
    ("SELECT VALUE", "SELECT VALUE value", NEW, ""),
    ("AS", "value AS name", OLD, ""),
    ("AS with dots", "value AS a.b", OLD, "the key is `a.b`; the guide shows no output for it"),
    ("nested SELECT", "(SELECT ... FROM path WHERE ...)", NEW, ""),
    ("FROM", "FROM 'topic/filter'", OLD, "quotes are required, where some samples leave them out"),
    ("Basic Ingest", "no FROM, or $aws/rules/NAME/topic", OLD, ""),
    ("WHERE", "WHERE condition", OLD, ""),
    ("CASE", "CASE value WHEN value THEN value ... ELSE value END", OLD, ""),
    ("CAST", "CAST(value AS type)", OLD, "a Decimal is rounded down to an Int, also below zero"),
    ("object literal", "{'key': value, ...}", NEW, ""),
    ("array literal", "[value, ...]", NEW, ""),
    ("path", "a.b.c", OLD, ""),
    ("AND, OR", "a AND b, a OR b", OLD, ""),
    ("NOT", "NOT a", OLD, ""),
    ("=, <>", "a = b, a <> b", OLD, ""),
    ("<, <=, >, >=", "a < b", OLD, ""),
    ("+", "a + b", OLD, ""),
    ("-, *", "a - b, a * b", OLD, ""),
    (
        "/",
        "a / b",
        OLD,
        "Int / Int is cut to an Int, as the operator table says and an example does not; by zero \
         it is Undefined",
    ),
    ("%", "a % b", OLD, "by zero it is Undefined, of which the guide says nothing"),
    ("substitution template", "${value} in a field of an action", OLD, ""),
];

#[cfg(test)]
mod tests {
    use super::{Status, functions, language};

    /// The functions of the developer guide, "SQL functions".
    const GUIDE: &str = "abs accountid acos asin atan atan2 aws_lambda bitand bitor bitxor bitnot \
        ceil chr clientid concat cos cosh decode encode endswith exp floor get get_dynamodb \
        get_mqtt_property get_or_default get_registry_data get_secret get_thing_shadow \
        get_user_properties indexof isNull isUndefined length ln log lower lpad ltrim \
        machinelearning_predict md2 md5 mod nanvl newuuid numbytes parse_time power principal \
        rand regexp_matches regexp_replace regexp_substr remainder replace round rpad rtrim sha1 \
        sha224 sha256 sha384 sha512 sign sin sinh sourceip sql_version sqrt startswith substring \
        tan tanh time_to_epoch timestamp topic traceid transform trim trunc upper";

    #[test]
    fn every_function_of_the_guide_is_listed_once_and_no_other() {
        let mut guide: Vec<&str> = GUIDE.split_whitespace().collect();
        guide.sort_by_key(|name| name.to_ascii_lowercase());
        let listed: Vec<&str> = functions().iter().map(|entry| entry.name).collect();
        assert_eq!(listed, guide);
    }

    #[test]
    fn a_difference_is_named() {
        for entry in functions().iter().chain(&language()) {
            assert_eq!(entry.note.is_empty(), entry.status == Status::Works, "{}", entry.name);
            assert!(entry.arguments_min <= entry.arguments_max, "{}", entry.name);
        }
        let absent: Vec<_> =
            functions().into_iter().filter(|entry| entry.status == Status::Absent).collect();
        assert_eq!(absent.len(), 1);
        assert_eq!(absent[0].name, "machinelearning_predict");
    }
}
