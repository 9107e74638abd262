//! Times are found out, parsed and written as people write them.

use super::*;
use proptest::prelude::*;

fn found(texts: &[&str]) -> Result<Found, String> {
    found_after(texts, None)
}

fn found_after(texts: &[&str], order: Option<DateOrder>) -> Result<Found, String> {
    TimeFormat::found(&[texts.iter().map(|&text| text.to_owned()).collect()], None, order)
}

fn ambiguous(found: &Found) -> Option<&str> {
    found.dates.as_ref().and_then(|dates| dates.ambiguous.as_deref())
}

/// 2020-03-09 10:14:33 UTC.
const MOMENT: i64 = 1_583_748_873_000_000;

#[test]
fn iso_forms_are_one_moment() {
    for text in [
        "2020-03-09 10:14:33",
        "2020-03-09T10:14:33Z",
        "2020-03-09T10:14:33.000Z",
        "2020-03-09T11:14:33+01:00",
        "2020-03-09 12:44:33+0230",
        "2020/03/09 10:14:33 UTC",
        "2020-3-9 10:14:33",
    ] {
        assert_eq!(TimeFormat::YearFirst.parse(text.as_bytes()), Some(MOMENT), "{text}");
        let mut parser = TimeParser::new(TimeFormat::YearFirst);
        assert_eq!(parser.parse(text.as_bytes()), Some(MOMENT), "{text}");
    }
    assert_eq!(TimeFormat::YearFirst.parse(b"2020-03-09 10:14"), Some(MOMENT - 33_000_000));
    assert_eq!(TimeFormat::YearFirst.parse(b"2020-03-09 10:14:33.25"), Some(MOMENT + 250_000));
    assert_eq!(TimeFormat::YearFirst.parse(b"1970-01-02"), Some(86_400_000_000));
    for wrong in ["2020-02-30", "2020-13-01", "2020-03-09 25:00", "2020-03-09 10:14:33 x", "2020"] {
        assert_eq!(TimeFormat::YearFirst.parse(wrong.as_bytes()), None, "{wrong}");
    }
}

#[test]
fn day_and_month_are_told_apart_by_what_fits_and_by_small_steps() {
    let batadal = found(&["06/01/14 22", "06/01/14 23", "07/01/14 00"]).unwrap();
    assert_eq!(
        (&batadal.format, ambiguous(&batadal)),
        (&TimeFormat::DayFirst, Some("06/01/14 22"))
    );
    assert_eq!(batadal.format.parse(b"07/01/14 00"), Some(1_389_052_800_000_000));
    let american = found(&["1/1/1998 8:00", "1/2/1998 8:50", "1/3/1998 9:40"]).unwrap();
    assert_eq!(american.format, TimeFormat::MonthFirst);
    assert_eq!(ambiguous(&american), Some("1/2/1998 8:50"), "which tells more than the first");
    assert_eq!(american.format.parse(b"1/2/1998 8:50"), Some(883_731_000_000_000));
    let clear = found(&["1/31/1998 8:00"]).unwrap();
    assert_eq!((&clear.format, ambiguous(&clear)), (&TimeFormat::MonthFirst, None));
    assert_eq!(found(&["31.01.1998 08:00:01"]).unwrap().format, TimeFormat::DayFirst);
    let open = found(&["03/04/2020 10:00", "03/04/2020 11:00"]).unwrap();
    assert_eq!((&open.format, ambiguous(&open)), (&TimeFormat::DayFirst, Some("03/04/2020 10:00")));
    let open = found(&["03/03/2020 10:00"]).unwrap();
    assert_eq!(ambiguous(&open), Some("03/03/2020 10:00"), "later rows may differ");
    let noon = found(&["1/31/1998 12:05 PM"]).unwrap().format;
    assert_eq!(noon.parse(b"1/31/1998 12:05 PM"), noon.parse(b"1/31/1998 12:05"));
    assert_eq!(noon.parse(b"1/31/1998 12:05 AM"), noon.parse(b"1/31/1998 0:05"));
}

#[test]
fn an_order_that_is_known_settles_dates_that_fit_both_and_no_others() {
    let month = Some(DateOrder::MonthFirst);
    let settled = found_after(&["03/04/2020 10:00", "03/04/2020 11:00"], month).unwrap();
    assert_eq!((&settled.format, ambiguous(&settled)), (&TimeFormat::MonthFirst, None));
    // Even against the smaller steps, which a gap may have made.
    let settled = found_after(&["06/01/14 22", "07/01/14 00"], month).unwrap();
    assert_eq!((&settled.format, ambiguous(&settled)), (&TimeFormat::MonthFirst, None));
    let other = found_after(&["31/01/2020 10:00"], month).unwrap();
    assert_eq!(other.dates.map(|dates| dates.order), Some(DateOrder::DayFirst));
    let year = found_after(&["2020-03-04"], month).unwrap();
    assert_eq!(year.dates.map(|dates| dates.order), Some(DateOrder::YearFirst));
    let open = found_after(&["03/04/2020"], Some(DateOrder::YearFirst)).unwrap();
    assert_eq!(ambiguous(&open), Some("03/04/2020"));
    for order in DateOrder::ALL {
        assert_eq!(DateOrder::named(order.name()), Some(order));
    }
}

#[test]
fn numbers_are_since_1970_in_the_unit_of_their_magnitude() {
    for (text, unit) in [
        ("1583748873", EpochUnit::Second),
        ("1583748873000", EpochUnit::Millisecond),
        ("1583748873000000", EpochUnit::Microsecond),
        ("1583748873000000000", EpochUnit::Nanosecond),
    ] {
        let found = found(&["", text][1..]).unwrap();
        assert_eq!(found.kind, TimeKind::Epoch(unit), "{text}");
        assert_eq!(found.format.parse(text.as_bytes()), Some(MOMENT), "{text}");
        assert_eq!(found.kind.text(MOMENT), text);
    }
    let fraction = found(&["1583748873", "1583748873.5"]).unwrap();
    assert_eq!(fraction.kind, TimeKind::EpochSeconds);
    assert_eq!(fraction.format.parse(b"1583748873.5"), Some(MOMENT + 500_000));
    // The magnitude is that of the largest: early rows of a log in milliseconds are small.
    assert_eq!(found(&["0", "1583748873000"]).unwrap().format.parse(b"1000"), Some(1_000_000));
}

#[test]
fn large_whole_numbers_with_a_point_are_no_seconds() {
    let kind = |texts: &[&str]| found(texts).unwrap().kind;
    let millis = ["1583748873000.0", "1583748933000.0"];
    assert_eq!(kind(&millis), TimeKind::Epoch(EpochUnit::Millisecond));
    let format = found(&millis).unwrap().format;
    assert_eq!(format.parse(millis[0].as_bytes()), Some(MOMENT));
    assert_eq!(
        kind(&["1.583748873e12", "1.583748933e12"]),
        TimeKind::Epoch(EpochUnit::Millisecond)
    );
    assert_eq!(kind(&["1583748873.0", "1583748933.0"]), TimeKind::EpochSeconds);
    assert_eq!(kind(&["1583748873.25", "1583748933.5"]), TimeKind::EpochSeconds);
}

#[test]
fn zones_and_patterns_make_the_kind() {
    assert_eq!(found(&["2020-03-09T10:14:33Z"]).unwrap().kind, TimeKind::Zoned);
    assert_eq!(found(&["2020-03-09 10:14:33+01:00"]).unwrap().kind, TimeKind::Zoned);
    assert_eq!(found(&["2020-03-09 10:14:33"]).unwrap().kind, TimeKind::Naive);
    assert_eq!(found(&["2020-03-09", "yesterday"]), Err("yesterday".to_owned()));
    let texts = vec![vec!["9 Mar 2020 10h14".to_owned()]];
    let custom = TimeFormat::found(&texts, Some("%d %b %Y %Hh%M"), None).unwrap();
    assert_eq!(custom.format.parse(b"9 Mar 2020 10h14"), Some(MOMENT - 33_000_000));
    let date = TimeFormat::Custom("%d.%m.%y".to_owned());
    assert_eq!(date.parse(b"02.01.70"), Some(86_400_000_000));
    let hour = TimeFormat::Custom("%d.%m.%y %H".to_owned());
    assert_eq!(hour.parse(b"02.01.70 01"), Some(90_000_000_000));
    assert_eq!(hour.parse(b"02.01.70 x"), None);
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(micros in -60_000_000_000_000_000i64..200_000_000_000_000_000) {
        for kind in [TimeKind::Naive, TimeKind::Zoned] {
            let text = kind.text(micros);
            let mut parser = TimeParser::new(TimeFormat::YearFirst);
            prop_assert_eq!(parser.parse(text.as_bytes()), Some(micros), "{}", text);
            let chrono = chrono::DateTime::from_timestamp_micros(micros).unwrap();
            prop_assert_eq!(&text[..10], chrono.format("%Y-%m-%d").to_string());
            prop_assert_eq!(&text[11..19], chrono.format("%H:%M:%S").to_string());
        }
    }
}

#[test]
fn a_directive_that_is_none_is_found() {
    for (pattern, wrong) in
        [("%Q", "%Q"), ("%Y-%m-%d %Q:%M", "%Q"), ("%Y %", "%"), ("%d.%m.%Y %H:%E", "%E")]
    {
        assert_eq!(unknown_directive(pattern), Some(wrong), "{pattern}");
    }
    for pattern in
        ["%d.%m.%Y %H:%M", "%Y-%m-%dT%H:%M:%S%.3f%:z", "%-d/%-m/%y %I:%M %p", "%s", "%%Q"]
    {
        assert_eq!(unknown_directive(pattern), None, "{pattern}");
    }
}
