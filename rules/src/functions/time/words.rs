//! The English words of dates, and names of zones.

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// From Monday, as ISO 8601 counts.
pub(super) const DAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

pub(super) const HALVES: [&str; 2] = ["AM", "PM"];

pub(super) const ERAS: [&str; 2] = ["BC", "AD"];
pub(super) const ERAS_LONG: [&str; 2] = ["Before Christ", "Anno Domini"];
pub(super) const ERAS_NARROW: [&str; 2] = ["B", "A"];

pub(super) const QUARTERS: [&str; 4] = ["Q1", "Q2", "Q3", "Q4"];
pub(super) const QUARTERS_LONG: [&str; 4] =
    ["1st quarter", "2nd quarter", "3rd quarter", "4th quarter"];

/// Letters of a short name of a month or day.
const SHORT: usize = 3;

/// The three-letter form of a month or day.
pub(super) fn short(word: &'static str) -> &'static str {
    // All of them are ASCII and at least three letters long.
    word.get(..SHORT).unwrap_or(word)
}

/// A name that people use for a zone: short, long, and the region that it means by itself.
pub(super) struct ZoneName {
    pub(super) short: &'static str,
    pub(super) long: &'static str,
    pub(super) region: &'static str,
}

const fn name(short: &'static str, long: &'static str, region: &'static str) -> ZoneName {
    ZoneName { short, long, region }
}

/// Source: Unicode CLDR 33 (that of Java 11), English names of meta zones.
pub(super) const ZONES: [ZoneName; 38] = [
    name("UTC", "Coordinated Universal Time", "UTC"),
    name("GMT", "Greenwich Mean Time", "GMT"),
    name("BST", "British Summer Time", "Europe/London"),
    name("WET", "Western European Standard Time", "Europe/Lisbon"),
    name("WEST", "Western European Summer Time", "Europe/Lisbon"),
    name("CET", "Central European Standard Time", "Europe/Paris"),
    name("CEST", "Central European Summer Time", "Europe/Paris"),
    name("EET", "Eastern European Standard Time", "Europe/Bucharest"),
    name("EEST", "Eastern European Summer Time", "Europe/Bucharest"),
    name("MSK", "Moscow Standard Time", "Europe/Moscow"),
    name("NST", "Newfoundland Standard Time", "America/St_Johns"),
    name("NDT", "Newfoundland Daylight Time", "America/St_Johns"),
    name("AST", "Atlantic Standard Time", "America/Halifax"),
    name("ADT", "Atlantic Daylight Time", "America/Halifax"),
    name("EST", "Eastern Standard Time", "America/New_York"),
    name("EDT", "Eastern Daylight Time", "America/New_York"),
    name("CST", "Central Standard Time", "America/Chicago"),
    name("CDT", "Central Daylight Time", "America/Chicago"),
    name("MST", "Mountain Standard Time", "America/Denver"),
    name("MDT", "Mountain Daylight Time", "America/Denver"),
    name("PST", "Pacific Standard Time", "America/Los_Angeles"),
    name("PDT", "Pacific Daylight Time", "America/Los_Angeles"),
    name("AKST", "Alaska Standard Time", "America/Anchorage"),
    name("AKDT", "Alaska Daylight Time", "America/Anchorage"),
    name("HST", "Hawaii-Aleutian Standard Time", "Pacific/Honolulu"),
    name("JST", "Japan Standard Time", "Asia/Tokyo"),
    name("KST", "Korean Standard Time", "Asia/Seoul"),
    name("IST", "India Standard Time", "Asia/Kolkata"),
    name("HKT", "Hong Kong Standard Time", "Asia/Hong_Kong"),
    name("AWST", "Australian Western Standard Time", "Australia/Perth"),
    name("ACST", "Australian Central Standard Time", "Australia/Adelaide"),
    name("ACDT", "Australian Central Daylight Time", "Australia/Adelaide"),
    name("AEST", "Australian Eastern Standard Time", "Australia/Sydney"),
    name("AEDT", "Australian Eastern Daylight Time", "Australia/Sydney"),
    name("NZST", "New Zealand Standard Time", "Pacific/Auckland"),
    name("NZDT", "New Zealand Daylight Time", "Pacific/Auckland"),
    name("SAST", "South Africa Standard Time", "Africa/Johannesburg"),
    name("EAT", "East Africa Time", "Africa/Nairobi"),
];

/// Regions whose short name means another zone elsewhere, with their long names.
const SHARED: [(&str, &str, &str); 6] = [
    ("Asia/Shanghai", "CST", "China Standard Time"),
    ("Asia/Taipei", "CST", "Taipei Standard Time"),
    ("America/Havana", "CST", "Cuba Standard Time"),
    ("America/Havana", "CDT", "Cuba Daylight Time"),
    ("Europe/Dublin", "IST", "Irish Standard Time"),
    ("Asia/Jerusalem", "IST", "Israel Standard Time"),
];

/// The long name of what `region` calls `short` at some time.
pub(super) fn long_zone_name(region: &str, short: &str) -> Option<&'static str> {
    let shared = SHARED.iter().find(|(known, name, _)| *known == region && *name == short);
    let usual = || ZONES.iter().find(|name| name.short == short).map(|name| name.long);
    shared.map(|(.., long)| *long).or_else(usual)
}
