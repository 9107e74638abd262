//! What a job tells of what it inferred about its input: a sentence each, or nothing.
//!
//! What it does not do: it decides nothing; the source has decided already.

use fieldmirror_tables::source::{DateOrder, Source};

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
