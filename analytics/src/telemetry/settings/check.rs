//! The ranges of settings.

use super::Settings;
use crate::detector::Kind;
use crate::error::{AnalyticsError, Result};
use toml::Value;

impl Settings {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`AnalyticsError::Settings`] that names all keys out of range.
    pub fn check(&self) -> Result<()> {
        let positive = |x: f64| x.is_finite() && x > 0.0;
        let rules = [
            (!self.detectors.is_empty(), "detectors: name at least one"),
            (self.time.period_seconds.is_none_or(positive), "time.period_seconds: more than 0"),
            (self.time.gap_periods >= 1.0, "time.gap_periods: at least 1"),
            (self.time.reorder_rows <= 65_536, "time.reorder_rows: at most 65536"),
            (positive(self.scaler.clip), "scaler.clip: more than 0"),
            ((0.0..1.0).contains(&self.scaler.digits), "scaler.digits: from 0 to less than 1"),
            ((0.0..1.0).contains(&self.scaler.range), "scaler.range: from 0 to less than 1"),
            ((0.0..=1.0).contains(&self.scaler.floor), "scaler.floor: from 0 to 1"),
            (self.scaler.adopt_rows <= 1 << 20, "scaler.adopt_rows: at most 1048576"),
            (
                (64..=1 << 24).contains(&self.training.block_rows),
                "training.block_rows: from 64 to 16777216",
            ),
            (
                self.training.rows_max >= self.training.block_rows,
                "training.rows_max: at least training.block_rows",
            ),
            ((2..=64).contains(&self.fusion.blocks), "fusion.blocks: from 2 to 64"),
            (
                self.fusion.smooth_rows.is_none_or(|rows| (1..=65_536).contains(&rows)),
                "fusion.smooth_rows: 1 to 65536",
            ),
            ((1..=65_536).contains(&self.fusion.span_rows), "fusion.span_rows: 1 to 65536"),
            (self.fusion.span_values <= 65_536, "fusion.span_values: at most 65536"),
            ((1..=65_536).contains(&self.fusion.smooth_least), "fusion.smooth_least: 1 to 65536"),
            ((0.0..=1.0).contains(&self.fusion.strongest), "fusion.strongest: 0 to 1"),
            (self.fusion.quantile > 0.5 && self.fusion.quantile < 1.0, "fusion.quantile: .5 to 1"),
            (self.fusion.clip_low <= 0.0, "fusion.clip_low: at most 0"),
            (self.fusion.clip_high > 1.0, "fusion.clip_high: more than 1"),
            (self.weighing.power >= 0.0, "weighing.power: at least 0"),
            (self.weighing.shift >= 0.0, "weighing.shift: at least 0"),
            (positive(self.weighing.size), "weighing.size: more than 0"),
            (
                self.weighing.prior.iter().all(|(name, prior)| is_kind(name) && *prior >= 0.0),
                "weighing.prior: names of detectors, and at least 0",
            ),
            ((0.0..1.0).contains(&self.weighing.least_share), "weighing.least_share: 0 to 1"),
            (
                self.weighing.full_share > self.weighing.least_share
                    && self.weighing.full_share <= 1.0,
                "weighing.full_share: more than weighing.least_share, to 1",
            ),
            (self.budget.per_device_day.is_none_or(positive), "budget.per_device_day: more than 0"),
            (positive(self.budget.rows), "budget.rows: more than 0"),
            (self.budget.peaks >= 2, "budget.peaks: at least 2"),
            (self.budget.margin > 0.0, "budget.margin: more than 0"),
            (self.budget.least > 0.0, "budget.least: more than 0"),
            (self.budget.threshold.is_none_or(|t| t > 0.0), "budget.threshold: more than 0"),
            ((0.0..=1.0).contains(&self.alarm.low_share), "alarm.low_share: from 0 to 1"),
            (self.alarm.rows_min >= 1, "alarm.rows_min: at least 1"),
            (self.alarm.effect_min >= 0.0, "alarm.effect_min: at least 0"),
            (positive(self.shift.spread), "shift.spread: more than 0"),
            (self.shift.rows <= 1 << 20, "shift.rows: at most 1048576"),
            (self.drift.rows <= 1 << 20, "drift.rows: at most 1048576"),
            (self.drift.dead_band >= 0.0 && self.drift.most >= 0.0, "drift: at least 0"),
            (self.finding.alarm_rows >= 1, "finding.alarm_rows: at least 1"),
        ];
        let broken = rules.iter().filter(|rule| !rule.0).map(|rule| rule.1.to_owned());
        let broken: Vec<String> = broken.chain(self.odd_numbers()).collect();
        if broken.is_empty() {
            return Ok(());
        }
        Err(AnalyticsError::Settings { problem: broken.join("; ") })
    }
    /// What is said of numbers that are none, and of detectors' settings out of range.
    fn odd_numbers(&self) -> Vec<String> {
        let mut odd = Vec::new();
        // Plain structs with string keys: what could not be a table is no setting.
        if let Ok(value) = Value::try_from(self) {
            look(&value, String::new(), &mut odd);
        }
        odd
    }
}

fn is_kind(name: &str) -> bool {
    Kind::ALL.iter().any(|kind| kind.name() == name)
}

/// Looks at all numbers of `value`, whose place is `path`.
fn look(value: &Value, path: String, odd: &mut Vec<String>) {
    match value {
        Value::Table(table) => {
            for (key, value) in table {
                let dot = if path.is_empty() { "" } else { "." };
                look(value, format!("{path}{dot}{key}"), odd);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                look(value, format!("{path}[{index}]"), odd);
            }
        }
        Value::Float(number) => odd.extend(range(&path, *number)),
        Value::Integer(number) => odd.extend(range(&path, *number as f64)),
        _ => {}
    }
}

/// What is said of a number that is none, or of a detector's that is out of range.
fn range(path: &str, number: f64) -> Option<String> {
    if !number.is_finite() {
        return Some(format!("{path}: a number"));
    }
    let key = path.strip_prefix("detectors[")?.rsplit('.').next()?;
    let (fits, range) = match key {
        "trees" | "sample" | "window" | "clusters" | "hidden" | "middle" | "steps" | "batch" => {
            (number >= 1.0, "at least 1")
        }
        "rate" => (number > 0.0, "more than 0"),
        "variance" | "t2" => ((0.0..=1.0).contains(&number), "from 0 to 1"),
        _ => (number >= 0.0, "at least 0"),
    };
    (!fits).then(|| format!("{path}: {range}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_and_what_a_detector_cannot_be_set_to_is_named() {
        let refused = |text: &str| Settings::from_toml(text).unwrap_err().to_string();
        for (text, word) in [
            ("[alarm]\neffect_min = nan\n", "alarm.effect_min: a number"),
            ("[fusion]\nclip_high = inf\n", "fusion.clip_high: a number"),
            ("[drift]\nmost = inf\n", "drift.most: a number"),
            ("[weighing]\npower = -3.0\n", "weighing.power: at least 0"),
            ("[weighing.prior]\nvra = 1.0\n", "weighing.prior: names of detectors"),
            ("[[detectors]]\nkind = \"var\"\ndrift = -5.0\n", "detectors[0].drift: at least 0"),
            ("[[detectors]]\nkind = \"sub_pca\"\nt2 = 5.0\n", "detectors[0].t2: from 0 to 1"),
            (
                "[[detectors]]\nkind = \"var\"\n[[detectors]]\nkind = \"isolation_forest\"\n\
                 trees = 0\n",
                "detectors[1].trees: at least 1",
            ),
        ] {
            assert!(refused(text).contains(word), "{}", refused(text));
        }
        for kind in Kind::ALL {
            let text = format!("[[detectors]]\nkind = \"{}\"\n", kind.name());
            assert!(Settings::from_toml(&text).is_ok(), "{text}");
        }
    }
}
