//! A price list: read from TOML, checked in full.

use super::{Meter, Price};
use crate::error::CloudError;
use toml::{Table, Value};

/// The price list that is built in: `data/prices.toml`.
pub const BUILT_IN: &str = include_str!("../../../data/prices.toml");

/// Prices and how things are metered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prices {
    /// Region.
    pub region: String,
    /// When they were so.
    pub as_of: String,
    /// Currency code.
    pub currency: String,
    /// Bytes of a message, rule or action that count once.
    pub message_step_bytes: u64,
    /// Bytes of a shadow or registry record that count once.
    pub operation_step_bytes: u64,
    /// Days of the month that tiers and allowances are for.
    pub month_days: u64,
    /// By meter.
    tiers: [Vec<PriceTier>; Meter::ALL.len()],
    /// What is free a month in the first year, by meter.
    pub free_tier: Allowance,
}

/// A price up to a number of units a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceTier {
    /// Where it ends; the last tier has no end.
    pub up_to: Option<u64>,
    /// The price of a million units.
    pub price: Price,
}

/// Units a month that are free, by meter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    units: [u64; Meter::ALL.len()],
}

impl Allowance {
    /// Free units of `meter`.
    pub const fn of(&self, meter: Meter) -> u64 {
        self.units[meter as usize]
    }
}

impl Prices {
    /// The built-in list.
    ///
    /// # Errors
    /// Never for the list as it is; a test reads it.
    pub fn built_in() -> Result<Self, CloudError> {
        Self::parse(BUILT_IN)
    }

    /// Reads a price list.
    ///
    /// # Errors
    /// [`CloudError::Prices`] with everything that is wrong, each with its place in the file.
    pub fn parse(text: &str) -> Result<Self, CloudError> {
        let table: Table = text.parse().map_err(|error: toml::de::Error| CloudError::Prices {
            problems: toml_error(&error),
        })?;
        let mut reader = Reader { problems: Vec::new() };
        let prices = reader.prices(&table);
        if reader.problems.is_empty() {
            Ok(prices)
        } else {
            Err(CloudError::Prices { problems: reader.problems })
        }
    }

    /// The tiers of `meter`, the cheapest to reach first.
    pub fn tiers(&self, meter: Meter) -> &[PriceTier] {
        &self.tiers[meter as usize]
    }

    /// How many of `units` a month fall to `period_s` seconds.
    pub(crate) fn in_period(&self, units: u64, period_s: u64) -> u64 {
        let month_s = u128::from(self.month_days) * u128::from(super::SECONDS_A_DAY);
        let of_period = u128::from(units) * u128::from(period_s) / month_s.max(1);
        u64::try_from(of_period).unwrap_or(u64::MAX)
    }
}

fn toml_error(error: &toml::de::Error) -> Vec<String> {
    vec![format!("no TOML: {}", error.to_string().trim_end())]
}

/// Reads and notes what is wrong.
struct Reader {
    problems: Vec<String>,
}

impl Reader {
    fn prices(&mut self, table: &Table) -> Prices {
        let mut known = vec!["format", "region", "as_of", "currency", "metering", "free_tier"];
        known.extend(Meter::ALL.map(Meter::name));
        self.only(table, "", &known);
        if table.get("format").and_then(Value::as_integer) != Some(1) {
            self.wrong("format", table.get("format"), "1, the only format there is");
        }
        let empty = Table::new();
        let metering = self.table(table, "metering").unwrap_or(&empty);
        self.only(metering, "metering.", &METERING);
        let [message, operation, month] = METERING.map(|key| {
            let value = metering.get(key);
            let found = value.and_then(Value::as_integer).and_then(|n| u64::try_from(n).ok());
            found.filter(|n| *n > 0).unwrap_or_else(|| {
                self.wrong(&format!("metering.{key}"), value, "a whole number above 0");
                1
            })
        });
        let tiers = Meter::ALL.map(|meter| self.tiers(table, meter.name()));
        Prices {
            region: self.text(table, "region"),
            as_of: self.text(table, "as_of"),
            currency: self.text(table, "currency"),
            message_step_bytes: message,
            operation_step_bytes: operation,
            month_days: month,
            tiers,
            free_tier: self.free_tier(table),
        }
    }

    fn tiers(&mut self, table: &Table, meter: &str) -> Vec<PriceTier> {
        let expected = format!("a list of tiers: [[{meter}]] with per_million = \"0.08\"");
        let Some(Value::Array(list)) = table.get(meter) else {
            self.wrong(meter, table.get(meter), &expected);
            return Vec::new();
        };
        let mut tiers: Vec<PriceTier> = Vec::new();
        for (i, value) in list.iter().enumerate() {
            let Value::Table(tier) = value else {
                self.wrong(&format!("{meter}[{i}]"), Some(value), &expected);
                continue;
            };
            self.only(tier, &format!("{meter}[{i}]."), &["up_to", "per_million"]);
            let place = format!("{meter}[{i}].per_million");
            let price = tier.get("per_million").and_then(Value::as_str).and_then(Price::parse);
            if price.is_none() {
                let expected = "a text with digits and at most six decimals, such as \"0.08\"";
                self.wrong(&place, tier.get("per_million"), expected);
            }
            let up_to = self.bound(tier, &format!("{meter}[{i}].up_to"), i + 1 == list.len());
            let before = tiers.last().and_then(|tier| tier.up_to);
            if let (Some(bound), Some(before)) = (up_to, before)
                && bound <= before
            {
                let expected = format!("more than the {before} of the tier before");
                self.wrong(&format!("{meter}[{i}].up_to"), tier.get("up_to"), &expected);
            }
            if let Some(price) = price {
                tiers.push(PriceTier { up_to, price });
            }
        }
        if list.is_empty() {
            self.wrong(meter, table.get(meter), &expected);
        }
        tiers
    }

    /// Where a tier ends: a number, but none for the last.
    fn bound(&mut self, tier: &Table, place: &str, last: bool) -> Option<u64> {
        let value = tier.get("up_to");
        let number = value.and_then(Value::as_integer).and_then(|n| u64::try_from(n).ok());
        match (last, value, number.filter(|n| *n > 0)) {
            (true, None, _) => None,
            (true, Some(_), _) => {
                self.wrong(place, value, "nothing: the last tier has no end");
                None
            }
            (false, _, Some(bound)) => Some(bound),
            (false, _, None) => {
                self.wrong(place, value, "a whole number of units a month above 0");
                None
            }
        }
    }

    fn free_tier(&mut self, table: &Table) -> Allowance {
        let mut allowance = Allowance::default();
        if table.get("free_tier").is_none() {
            return allowance;
        }
        let Some(free) = self.table(table, "free_tier") else { return allowance };
        let names = Meter::ALL.map(Meter::name);
        self.only(free, "free_tier.", &names);
        for meter in Meter::ALL {
            let Some(value) = free.get(meter.name()) else { continue };
            match value.as_integer().and_then(|n| u64::try_from(n).ok()) {
                Some(units) => allowance.units[meter as usize] = units,
                None => {
                    let place = format!("free_tier.{}", meter.name());
                    self.wrong(&place, Some(value), "a whole number of units a month");
                }
            }
        }
        allowance
    }

    fn table<'a>(&mut self, table: &'a Table, key: &str) -> Option<&'a Table> {
        match table.get(key) {
            Some(Value::Table(inner)) => Some(inner),
            other => {
                self.wrong(key, other, "a table");
                None
            }
        }
    }

    fn text(&mut self, table: &Table, key: &str) -> String {
        match table.get(key) {
            Some(Value::String(text)) if !text.is_empty() => text.clone(),
            other => {
                self.wrong(key, other, "a text");
                String::new()
            }
        }
    }

    fn only(&mut self, table: &Table, place: &str, known: &[&str]) {
        for (key, value) in table {
            if !known.contains(&key.as_str()) {
                let expected = format!("one of {}", known.join(", "));
                self.wrong(
                    &format!("{place}{key}"),
                    Some(value),
                    &format!("no such key, but {expected}"),
                );
            }
        }
    }

    fn wrong(&mut self, place: &str, found: Option<&Value>, expected: &str) {
        let found = found.map_or_else(|| "nothing".to_owned(), shown);
        self.problems.push(format!("`{place}`: found {found}; expected {expected}"));
    }
}

/// What stands there, in a few words.
fn shown(value: &Value) -> String {
    match value {
        Value::Table(_) => "a table".to_owned(),
        Value::Array(list) => format!("a list of {}", list.len()),
        scalar => format!("`{scalar}`"),
    }
}

const METERING: [&str; 3] = ["message_step_bytes", "operation_step_bytes", "month_days"];
