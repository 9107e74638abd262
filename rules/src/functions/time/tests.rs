//! Both pattern languages mean what their libraries' documents say.

use crate::functions::tests::{check, context, evaluate};

#[test]
fn the_guides_own_examples() {
    check(&[
        (
            "parse_time(\"yyyy.MM.dd G 'at' HH:mm:ss z\", 100000000, 'America/Belize')",
            "\"1970.01.01 AD at 21:46:40 CST\"",
        ),
        (
            "time_to_epoch('2020-04-03 09:45:18 UTC+01:00', 'yyyy-MM-dd HH:mm:ss VV')",
            "1585903518000",
        ),
        ("time_to_epoch('18 December 2015', 'dd MMMM yyyy')", "1450396800000"),
        (
            "time_to_epoch('2007-12-03 10:15:30.592 America/Los_Angeles', \
             'yyyy-MM-dd HH:mm:ss.SSS z')",
            "1196705730592",
        ),
    ]);
}

#[test]
fn parse_time_takes_its_arguments_as_the_table_says() {
    check(&[
        ("parse_time('yyyy', 0)", "\"1970\""),
        ("parse_time('yyyy', '0')", "\"1970\""),
        ("parse_time('yyyy', t)", "\"1970\""),
        ("parse_time('SSS', 12.9)", "\"012\""),
        ("parse_time(m, 0)", ""),
        ("parse_time('yyyy' + '-MM', 0, 'U' + 'TC')", "\"1970-01\""),
        ("parse_time('yyyy', timestamp(), 'UTC')", "\"2018\""),
        ("parse_time('yyyy', missing)", ""),
        ("parse_time('yyyy', null)", ""),
        ("parse_time('yyyy', 'soon')", ""),
        ("parse_time('yyyy', true)", ""),
        ("parse_time(missing, 0)", ""),
        ("parse_time('', 0)", ""),
        ("parse_time('yyyy', 0, 'Mars/Olympus')", ""),
        ("parse_time('yyyy', 0, 'america/belize')", ""),
        ("parse_time('yyyy', 0, missing)", ""),
        ("parse_time('yyyy b', 0)", ""),
        ("parse_time('uuuu', 0)", ""),
        ("parse_time('yyyy', 1E30)", ""),
        ("parse_time('yyyy', 999999999999999)", ""),
    ]);
}

/// Each pattern with what it prints at 2018-06-01 00:00:00.123 UTC (a Friday) in a zone.
#[test]
fn every_letter_of_joda_time() {
    for (pattern, zone, expected) in [
        ("G GGGG", "UTC", "AD AD"),
        ("C CC", "UTC", "20 20"),
        ("Y YY YYYY YYYYYY", "UTC", "2018 18 2018 002018"),
        ("x xx", "UTC", "2018 18"),
        ("w ww", "UTC", "22 22"),
        ("e ee", "UTC", "5 05"),
        ("E EEE EEEE", "UTC", "Fri Fri Friday"),
        ("y yy yyy yyyy", "UTC", "2018 18 2018 2018"),
        ("D DDDD", "UTC", "152 0152"),
        ("M MM MMM MMMM", "UTC", "6 06 Jun June"),
        ("d dd", "UTC", "1 01"),
        ("a K KK h hh H HH k kk", "UTC", "AM 0 00 12 12 0 00 24 24"),
        ("a K h H k", "Asia/Tokyo", "AM 9 9 9 9"),
        ("a K h H k", "America/New_York", "PM 8 8 20 20"),
        ("m mm s ss", "Asia/Kolkata", "30 30 0 00"),
        ("S SS SSS SSSS SSSSSSSSS", "UTC", "1 12 123 1230 123000000"),
        ("z Z ZZ ZZZ", "UTC", "UTC +0000 +00:00 UTC"),
        (
            "z zzzz Z ZZ ZZZ",
            "Europe/Berlin",
            "CEST Central European Summer Time +0200 +02:00 Europe/Berlin",
        ),
        ("zzzz", "Asia/Shanghai", "China Standard Time"),
        ("z zzzz", "America/Sao_Paulo", "-03:00 -03:00"),
        ("z ZZ ZZZ HH:mm", "-09:30", "-09:30 -09:30 -09:30 14:30"),
        ("HH:mm ZZ", "UTC+02:00", "02:00 +02:00"),
        ("HH:mm ZZ", "GMT", "00:00 +00:00"),
        ("''yy 'o''clock' ''''", "UTC", "'18 o'clock ''"),
        ("yyyy-MM-dd'T'HH:mm:ss.SSSZZ", "UTC", "2018-06-01T00:00:00.123+00:00"),
        ("[yyyy] {MM} ä", "UTC", "[2018] {06} ä"),
    ] {
        let call = format!("parse_time(\"{pattern}\", timestamp(), '{zone}')");
        let printed = evaluate(&call, context()).unwrap().unwrap();
        assert_eq!(printed.as_str(), Some(expected), "{pattern} {zone}");
    }
}

#[test]
fn dates_before_our_era_and_at_the_turn_of_years() {
    check(&[
        // 1 January of the year 0, which is 1 BC.
        ("parse_time('y Y G yyyy-MM-dd', -62167219200000)", "\"0 1 BC 0000-01-01\""),
        ("parse_time('yyyy', -62198755200000)", "\"-0001\""),
        // 1 January 2017 was a Sunday of the last week of 2016.
        ("parse_time('xxxx w e yyyy', 1483228800000)", "\"2016 52 7 2017\""),
        ("parse_time('HH:mm:ss.SSS', -1)", "\"23:59:59.999\""),
        // One hour later at the end of March 2018.
        ("parse_time('HH:mm z', 1521939599000, 'Europe/Berlin')", "\"01:59 CET\""),
        ("parse_time('HH:mm z', 1521939600000, 'Europe/Berlin')", "\"03:00 CEST\""),
    ]);
}

#[test]
fn time_to_epoch_takes_its_arguments_as_the_table_says() {
    check(&[
        ("time_to_epoch('1970-01-01', 'yyyy-MM-dd')", "0"),
        ("time_to_epoch(19700102, 'yyyyMMdd')", "86400000"),
        ("time_to_epoch('1970' + '-01-01', 'yyyy' + '-MM-dd')", "0"),
        ("time_to_epoch(missing, 'yyyy')", ""),
        ("time_to_epoch(null, 'yyyy')", ""),
        ("time_to_epoch('1970', missing)", ""),
        ("time_to_epoch('1970', 'yyyy')", ""),
        ("time_to_epoch('10:15', 'HH:mm')", ""),
        ("time_to_epoch('1970-01', 'yyyy-MM')", ""),
        ("time_to_epoch('1970-01-01 ', 'yyyy-MM-dd')", ""),
        ("time_to_epoch('1970-13-01', 'yyyy-MM-dd')", ""),
        ("time_to_epoch('1970-01-32', 'yyyy-MM-dd')", ""),
        ("time_to_epoch('70-1-1', 'yyyy-M-d')", ""),
        ("time_to_epoch('1970-01-01', 'yyyy-MM-dd b')", ""),
        ("time_to_epoch('1970-01-01', 'yyyy-MM-dd''')", ""),
    ]);
}

/// Texts and patterns of Java with the milliseconds; `None` for what Java refuses.
fn check_read(cases: &[(&str, &str, Option<i64>)]) {
    for (text, pattern, expected) in cases {
        let call = format!("time_to_epoch(\"{text}\", \"{pattern}\")");
        let read = evaluate(&call, context()).unwrap().unwrap();
        let read = read.as_f64().map(|millis| millis as i64);
        assert_eq!(read, *expected, "{text} {pattern}");
    }
}

/// 2018-06-01T00:00Z, a Friday.
const JUNE: i64 = 1_527_811_200_000;

#[test]
fn every_letter_of_java() {
    let at = |hours: i64, minutes: i64| Some(JUNE + (hours * 60 + minutes) * 60_000);
    check_read(&[
        ("2018-06-01", "uuuu-MM-dd", at(0, 0)),
        ("18-6-1", "yy-M-d", at(0, 0)),
        ("2018 AD Jun 1", "yyyy G MMM d", at(0, 0)),
        ("2018 Anno Domini June 01", "yyyy GGGG LLLL dd", at(0, 0)),
        ("1 BC 1 1", "y G M d", Some(-62_167_219_200_000)),
        ("2018-152", "yyyy-DDD", at(0, 0)),
        ("Fri, 1 Jun 2018", "EEE, d MMM yyyy", at(0, 0)),
        ("Friday 1.6.2018", "EEEE d.M.yyyy", at(0, 0)),
        ("Thu, 1 Jun 2018", "EEE, d MMM yyyy", None),
        ("2018 Q2 06 01", "yyyy QQQ MM dd", at(0, 0)),
        ("2018 Q3 06 01", "yyyy QQQ MM dd", None),
        ("2018 2nd quarter 6 1", "yyyy QQQQ M d", at(0, 0)),
        // The week from Sunday 27 May is the 22nd; Friday is its sixth day.
        ("2018-22-6", "YYYY-ww-e", at(0, 0)),
        ("2018-06 1 Fri", "yyyy-MM W E", at(0, 0)),
        ("2018-06-01 1", "yyyy-MM-dd F", at(0, 0)),
        ("58270", "g", at(0, 0)),
        ("2018-06-01 3 PM", "yyyy-MM-dd h a", at(15, 0)),
        ("2018-06-01 12 AM", "yyyy-MM-dd h a", at(0, 0)),
        ("2018-06-01 0:30 PM", "yyyy-MM-dd K:mm a", at(12, 30)),
        ("2018-06-01 3", "yyyy-MM-dd h", None),
        ("2018-06-01 24:10", "yyyy-MM-dd kk:mm", at(0, 10)),
        ("2018-06-01 24:00", "yyyy-MM-dd HH:mm", at(24, 0)),
        ("2018-06-01 24:01", "yyyy-MM-dd HH:mm", None),
        ("2018-06-01 07", "yyyy-MM-dd HH", at(7, 0)),
        ("2018-06-01 07:09", "yyyy-MM-dd HH:ss", None),
        ("2018-06-01 60000", "yyyy-MM-dd A", at(0, 1)),
        ("2018-06-01 60000000000", "yyyy-MM-dd N", at(0, 1)),
        ("2018-06-01 00:00:00 1000000", "yyyy-MM-dd HH:mm:ss n", Some(JUNE + 1)),
        ("2018-06-01 00:00:00.1", "yyyy-MM-dd HH:mm:ss.S", Some(JUNE + 100)),
        ("2018-06-01 00:00:00.123456", "yyyy-MM-dd HH:mm:ss.SSSSSS", Some(JUNE + 123)),
        ("2018-06-01  7", "yyyy-MM-dd pppH", None),
        ("2018-06-01   7", "yyyy-MM-dd pppH", at(7, 0)),
    ]);
}

#[test]
fn zones_and_offsets_of_java() {
    let at = |hours: i64| Some(JUNE + hours * 3_600_000);
    for (text, pattern, hours) in [
        ("Z", "X", 0),
        ("+02", "X", -2),
        ("-0230", "XX", 0),
        ("+02:00", "XXX", -2),
        ("+020000", "XXXX", -2),
        ("+02:00:00", "XXXXX", -2),
        ("+00", "x", 0),
        ("+0000", "xx", 0),
        ("-03:00", "xxx", 3),
        ("+0200", "Z", -2),
        ("GMT+02:00", "ZZZZ", -2),
        ("Z", "ZZZZZ", 0),
        ("GMT+8", "O", -8),
        ("GMT-08:00", "OOOO", 8),
        ("GMT", "O", 0),
        ("Europe/Berlin", "VV", -2),
        ("Z", "VV", 0),
        ("UTC", "VV", 0),
        ("GMT-03:00", "VV", 3),
        ("+05:00", "VV", -5),
        ("CEST", "z", -2),
        ("PST", "z", 7),
        ("EST", "z", 4),
        ("Pacific Daylight Time", "zzzz", 7),
        ("America/Argentina/Buenos_Aires", "z", 3),
    ] {
        let expected = if text == "-0230" { Some(JUNE + 9_000_000) } else { at(hours) };
        let text = format!("2018-06-01T00:00 {text}");
        check_read(&[(&text, &format!("yyyy-MM-dd'T'HH:mm {pattern}"), expected)]);
    }
    for (text, pattern) in [
        ("", "X"),
        ("+2", "X"),
        ("+02", "XXX"),
        ("+24", "X"),
        ("+19:00", "XXX"),
        ("+0200", "XXX"),
        ("Mars/Olympus", "VV"),
        ("EST", "VV"),
        ("europe/berlin", "VV"),
        ("UTC", "V"),
        ("UTC", "VVV"),
        ("+02", "ZZZZZZ"),
    ] {
        let text = format!("2018-06-01T00:00 {text}");
        check_read(&[(&text, &format!("yyyy-MM-dd'T'HH:mm {pattern}"), None)]);
    }
}

#[test]
fn clocks_that_skip_or_repeat_an_hour() {
    check_read(&[
        // 02:30 does not exist: an hour later. 02:30 comes twice: the first.
        ("2018-03-25 02:30 Europe/Berlin", "yyyy-MM-dd HH:mm VV", Some(1_521_941_400_000)),
        ("2018-10-28 02:30 Europe/Berlin", "yyyy-MM-dd HH:mm VV", Some(1_540_686_600_000)),
        (
            "2018-10-28 02:30 +01:00 Europe/Berlin",
            "yyyy-MM-dd HH:mm XXX VV",
            Some(1_540_690_200_000),
        ),
    ]);
}

#[test]
fn digits_are_shared_as_java_shares_them() {
    check_read(&[
        ("20180601", "yyyyMMdd", Some(JUNE)),
        ("20180601000000123", "yyyyMMddHHmmssSSS", Some(JUNE + 123)),
        ("+120180601", "yyyyMMdd", None),
        ("02018-06-01", "yyyy-MM-dd", None),
        ("+12018-06-01", "yyyy-MM-dd", None),
        ("180601", "yyMMdd", Some(JUNE)),
        ("2018-6-01", "yyyy-MM-dd", None),
        ("2018-+6-01", "yyyy-M-dd", None),
        ("2018-06-001", "yyyy-M-d", Some(JUNE)),
    ]);
}

#[test]
fn optional_parts_quotes_and_what_is_refused() {
    check_read(&[
        ("2018-06-01", "yyyy-MM-dd[ HH:mm]", Some(JUNE)),
        ("2018-06-01 00:01", "yyyy-MM-dd[ HH:mm]", Some(JUNE + 60_000)),
        ("2018-06-01 00:", "yyyy-MM-dd[ HH:mm]", None),
        ("2018-06-01 00:01", "yyyy-MM-dd[ HH:mm[:ss", Some(JUNE + 60_000)),
        ("2018-06-01T00:00Z", "yyyy-MM-dd'T'HH:mmX", Some(JUNE)),
        ("2018-06-01 o'clock", "yyyy-MM-dd 'o''clock'", Some(JUNE)),
        ("2018-06-01 '", "yyyy-MM-dd ''", Some(JUNE)),
        ("2018-06-01", "yyyy-MM-dd]", None),
        ("2018-06-01", "yyyy-MM-dd'", None),
        ("2018-06-01#", "yyyy-MM-dd#", None),
        ("2018-06-001", "yyyy-MM-ddd", None),
        ("2018-02-31", "yyyy-MM-dd", Some(1_519_776_000_000)),
        ("2017-366", "yyyy-DDD", None),
        ("2018-06-01 2018", "yyyy-MM-dd yyyy", Some(JUNE)),
        ("2018-06-01 2017", "yyyy-MM-dd yyyy", None),
        ("2018-jun-01", "yyyy-MMM-dd", None),
        ("2018-06-01 7", "yyyy-MM-dd ppp", None),
    ]);
}
