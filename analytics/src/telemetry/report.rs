//! What training has to tell: as text, and as JSON by its fields.

use super::budget::{Calibration, Method};
use super::fusion::Evidence;
use super::schema::Channel;
use super::series::Counts;
use crate::detector::Kind;
use serde::Serialize;
use std::fmt;

/// What was learned, from what, and what it promises.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrainingReport {
    /// The sampling period.
    pub period_seconds: f64,
    /// Whether it was inferred and not given.
    pub period_inferred: bool,
    /// What was found among all rows. Duplicates and gaps are counted among the kept ones.
    pub counts: Counts,
    /// The channels.
    pub channels: Vec<ChannelReport>,
    /// The classes.
    pub classes: Vec<ClassReport>,
}

/// A channel in training.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChannelReport {
    /// Which one.
    #[serde(flatten)]
    pub channel: Channel,
    /// Missing values.
    pub missing: u64,
    /// Classes in which it was constant: a change of it there is an anomaly of fixed size.
    pub constant_in: Vec<String>,
    /// Classes in which it had no value: it is ignored there.
    pub absent_in: Vec<String>,
}

/// A class in training.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassReport {
    /// The class.
    pub class: String,
    /// Devices.
    pub devices: usize,
    /// Rows that came.
    pub rows: u64,
    /// Rows that were learned from.
    pub rows_kept: u64,
    /// Stretches without a gap.
    pub stretches: usize,
    /// The detectors that were tried.
    pub detectors: Vec<DetectorReport>,
    /// The threshold and what it promises.
    pub calibration: Calibration,
}

/// A detector in training.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DetectorReport {
    /// Which one.
    pub kind: Kind,
    /// Rows that it looks back.
    pub history: usize,
    /// How much it counts.
    pub weight: f64,
    /// Why.
    pub evidence: Option<Evidence>,
    /// Why it was left out, if it could not be fitted.
    pub left_out: Option<String>,
}

/// A number for people: four significant digits, more where they are before the point, and a power
/// of ten where that is long.
pub fn rounded(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() || size == 0.0 {
        return value.to_string();
    }
    if !(1e-4..1e9).contains(&size) {
        let text = format!("{value:.3e}");
        let (lead, power) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}e{power}", lead.trim_end_matches('0').trim_end_matches('.'));
    }
    let digits = (3 - libm::log10(size).floor() as i64).max(0) as usize;
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    text
}

impl TrainingReport {
    /// As JSON.
    pub fn to_json(&self) -> String {
        // Serialising plain structs with string keys to memory cannot fail.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

impl fmt::Display for TrainingReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.period_inferred { "inferred" } else { "given" };
        writeln!(f, "period      {} s ({how})", rounded(self.period_seconds))?;
        let counts = &self.counts;
        writeln!(f, "rows        {}", counts.rows)?;
        for (what, count) in [
            ("put in order", counts.reordered),
            ("too late, left out", counts.late),
            ("duplicates", counts.duplicates),
            ("gaps", counts.gaps),
            ("missing values", counts.missing),
        ] {
            if count > 0 {
                writeln!(f, "            {count} {what}")?;
            }
        }
        for channel in &self.channels {
            channel.fmt(f)?;
        }
        self.classes.iter().try_for_each(|class| class.fmt(f))
    }
}

impl fmt::Display for ChannelReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = self.channel.unit.as_deref().map(|unit| format!(" [{unit}]"));
        write!(f, "channel     {}{}", self.channel.name, unit.unwrap_or_default())?;
        if self.channel.role == crate::detector::Role::Exogenous {
            write!(f, ", exogenous")?;
        }
        if self.missing > 0 {
            write!(f, ", {} values missing", self.missing)?;
        }
        let named = |classes: &[String]| match classes {
            [one] if one.is_empty() => String::new(),
            many => format!(" in {}", many.join(", ")),
        };
        if !self.constant_in.is_empty() {
            write!(f, ", constant{}: a change is an anomaly", named(&self.constant_in))?;
        }
        if !self.absent_in.is_empty() {
            write!(f, ", without a value{}: ignored", named(&self.absent_in))?;
        }
        writeln!(f)
    }
}

impl fmt::Display for ClassReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.class.is_empty() { "all devices" } else { &self.class };
        let found = &self.calibration;
        writeln!(f, "class       {name}")?;
        writeln!(
            f,
            "  learned   {} of {} rows of {} devices in {} stretches, {:.2} device-days",
            self.rows_kept, self.rows, self.devices, self.stretches, found.device_days
        )?;
        for detector in &self.detectors {
            detector.fmt(f)?;
        }
        let how = match found.method {
            Method::Counted => "counted out of fold",
            Method::Extrapolated => "extrapolated beyond the training rows",
            Method::Least => "the least that settings allow",
            Method::Given => "given",
        };
        writeln!(f, "  threshold {:.3} ({how})", found.threshold)?;
        writeln!(
            f,
            "  expected  {} false alarms per device-day asked for, {} out of fold",
            rounded(found.nominal),
            rounded(found.achieved)
        )?;
        if found.capped {
            writeln!(f, "            a score cannot be large enough for so few: more are likely")?;
        }
        Ok(())
    }
}

impl fmt::Display for DetectorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  detector  {:<17}", self.kind.name())?;
        if let Some(why) = &self.left_out {
            return writeln!(f, "left out: {why}");
        }
        write!(f, "weight {:.3}, looks back {} rows", self.weight, self.history)?;
        if let Some(evidence) = self.evidence.as_ref().filter(|found| !found.faults.is_empty()) {
            write!(f, ", finds {:.0} % of injected faults", 100.0 * evidence.mean_power())?;
            write!(f, " (area {:.3}, shift {:.2})", evidence.area(), evidence.shift())?;
        }
        writeln!(f)
    }
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn numbers_are_short() {
        let values = [0.0, 0.1 + 0.2, 0.002_800_000_000_000_000_4, 97.101_690_1, 101_325.2, 3e-7];
        assert_eq!(values.map(rounded), ["0", "0.3", "0.0028", "97.1", "101325", "3e-7"]);
        assert_eq!([1e12, -2.5, f64::NAN].map(rounded), ["1e12", "-2.5", "NaN"]);
    }
}
