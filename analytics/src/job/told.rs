//! What a job tells of what it inferred about its input: a sentence each, or nothing.
//!
//! What it does not do: it decides nothing; the source has decided already.

use super::listed;
use fieldmirror_tables::source::{DateOrder, Holds, LeftOut, Source};

/// How dates were read, where that is a guess or is other than the model `learned`.
pub(super) fn dates(source: &Source, learned: Option<DateOrder>) -> Option<String> {
    let dates = source.dates()?;
    let (order, settle) = (dates.order, "--time-format, such as");
    let pattern = pattern(order);
    if let Some(example) = &dates.ambiguous {
        let other = match order {
            DateOrder::DayFirst => DateOrder::MonthFirst,
            DateOrder::MonthFirst | DateOrder::YearFirst => DateOrder::DayFirst,
        };
        return Some(format!(
            "dates such as `{example}` can be read as {} and as {}; {} is taken; {settle} \
             \"{pattern}\", settles it",
            order.name(),
            other.name(),
            order.name()
        ));
    }
    let learned = learned.filter(|&learned| learned != order)?;
    Some(format!(
        "dates are read as {}, those that the model learned from as {}, which these cannot be; \
         if that is wrong, {settle} \"{pattern}\", says how they are written",
        order.name(),
        learned.name()
    ))
}

/// How times with dates of this order are mostly written.
const fn pattern(order: DateOrder) -> &'static str {
    match order {
        DateOrder::YearFirst => "%Y-%m-%d %H:%M:%S",
        DateOrder::DayFirst => "%d/%m/%Y %H:%M",
        DateOrder::MonthFirst => "%m/%d/%Y %H:%M",
    }
}

/// Columns that are named.
const NAMED: usize = 5;

/// Columns that are no channels, because they hold no numbers.
pub(super) fn left_out(source: &Source) -> Vec<String> {
    let tell = |holds: Holds| {
        let found: Vec<&LeftOut> =
            source.left_out().iter().filter(|column| column.holds == holds).collect();
        let names: Vec<&str> = found.iter().map(|column| column.name.as_str()).collect();
        let example = &found.first()?.example;
        let one = names.len() == 1;
        let column = if one { "column" } else { "columns" };
        let channels = if one { "is no channel" } else { "are no channels" };
        let hold = if one { "holds" } else { "hold" };
        let said = match holds {
            Holds::Other => format!("{hold} no numbers and {channels}"),
            Holds::Nothing => {
                let has = if one { "has" } else { "have" };
                format!("{has} no value in the first rows and {channels}; --channels reads them")
            }
            Holds::DecimalComma => format!(
                "{hold} numbers with a decimal comma, such as `{example}`, and {channels}; \
                 --decimal-comma reads them"
            ),
            Holds::Digits => format!(
                "{hold} numbers such as `{example}`, which are not read, and {channels}; write \
                 digits without separators and a decimal point"
            ),
        };
        Some(format!("{column} {} {said}", listed(&names, NAMED)))
    };
    let all = [Holds::DecimalComma, Holds::Digits, Holds::Other, Holds::Nothing];
    all.into_iter().filter_map(tell).collect()
}

/// Rows of one time or out of order, of which fewer, or a smaller share, are told by their count
/// alone.
const MIXED: (u64, f64) = (20, 0.05);

/// Rows of several devices that were read as those of one.
pub(super) fn mixed(source: &Source) -> Option<String> {
    let counts = source.counts();
    let odd = counts.late.count + counts.duplicates.count;
    let many = odd >= MIXED.0 && odd as f64 > MIXED.1 * counts.rows as f64;
    if source.devices_known() || !many {
        return None;
    }
    let like = source.device_like();
    let like = like.map_or(String::new(), |name| format!(" (perhaps `{name}`)"));
    Some(format!(
        "{odd} of {} rows have the time of another or go back in time, as if rows of several \
         devices were mixed; --device COLUMN{like} tells them apart",
        counts.rows
    ))
}

/// Columns that were to be ignored, and of which the first file has none.
pub(super) fn ignored(source: &Source, names: &[String]) -> Option<String> {
    let (file, columns) = source.first_columns();
    let columns: Vec<&str> = columns.collect();
    // A channel of nested JSON may be named without what stands before it.
    let is = |column: &&str, name: &str| {
        column.strip_suffix(name).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    };
    let lacks = |name: &&str| !columns.iter().any(|column| is(column, name));
    let lacking: Vec<&str> = names.iter().map(String::as_str).filter(lacks).collect();
    (!lacking.is_empty()).then(|| {
        format!(
            "{file} has no column {} (--ignore); there are {}",
            listed(&lacking, NAMED),
            listed(&columns, 20)
        )
    })
}
