//! What the columns of telemetry are: their names, units and roles, and whether other telemetry
//! has the same ones.

use crate::detector::Role;
use crate::error::{AnalyticsError, Result};
use serde::{Deserialize, Serialize};

/// A column of telemetry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// Its name.
    pub name: String,
    /// Its unit, where it is known.
    pub unit: Option<String>,
    /// What it is to detectors.
    pub role: Role,
}

impl Channel {
    /// A measured channel without a unit.
    pub fn measured(name: &str) -> Self {
        Self { name: name.to_owned(), unit: None, role: Role::Measured }
    }
}

/// The channels of a model, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// The channels.
    pub channels: Vec<Channel>,
}

/// How telemetry fits a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    /// Where each channel of the schema stands in the telemetry.
    pub order: Vec<usize>,
    /// Columns of the telemetry that the schema does not know.
    pub extra: Vec<String>,
}

impl Schema {
    /// Whether each channel is measured.
    pub(super) fn measured(&self) -> Vec<bool> {
        self.channels.iter().map(|channel| channel.role == Role::Measured).collect()
    }

    /// A schema of these channels.
    ///
    /// # Errors
    /// [`AnalyticsError::Schema`] if there are none, if two have one name, or if none is measured.
    pub fn new(channels: Vec<Channel>) -> Result<Self> {
        let mut problems = Vec::new();
        for (index, channel) in channels.iter().enumerate() {
            if channels[..index].iter().any(|other| other.name == channel.name) {
                problems.push(format!("two channels are called `{}`", channel.name));
            }
        }
        if !channels.iter().any(|channel| channel.role == Role::Measured) {
            problems.push("no measured channel; expected at least one numeric column".to_owned());
        }
        if problems.is_empty() {
            return Ok(Self { channels });
        }
        Err(AnalyticsError::Schema { problem: problems.join("; ") })
    }

    /// Where the channels stand among columns `found` (names with units).
    ///
    /// Columns may come in any order, and there may be further ones. A unit that is not known on
    /// one side differs from nothing.
    ///
    /// # Errors
    /// [`AnalyticsError::Schema`] that names every missing channel, every column that is there
    /// instead, and every difference of units.
    pub fn check(&self, found: &[(String, Option<String>)]) -> Result<Fit> {
        let mut order = Vec::with_capacity(self.channels.len());
        let (mut missing, mut units) = (Vec::new(), Vec::new());
        for channel in &self.channels {
            let Some(at) = found.iter().position(|(name, _)| *name == channel.name) else {
                missing.push(channel.name.as_str());
                continue;
            };
            order.push(at);
            if let (Some(own), Some(other)) = (&channel.unit, &found[at].1)
                && own != other
            {
                units.push(format!("`{}` is in {other}, the model learned {own}", channel.name));
            }
        }
        let known = |name: &String| self.channels.iter().any(|channel| channel.name == *name);
        let extra: Vec<String> =
            found.iter().map(|(name, _)| name.clone()).filter(|name| !known(name)).collect();
        let mut problems = Vec::new();
        if !missing.is_empty() {
            problems.push(format!("missing: {}", missing.join(", ")));
            if !extra.is_empty() {
                problems.push(format!("not known to the model: {}", extra.join(", ")));
            }
        }
        problems.extend(units);
        if problems.is_empty() {
            return Ok(Fit { order, extra });
        }
        Err(AnalyticsError::Schema { problem: problems.join("; ") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Schema {
        let mut flow = Channel::measured("flow");
        flow.unit = Some("L/s".to_owned());
        Schema::new(vec![flow, Channel::measured("heat")]).unwrap()
    }

    #[test]
    fn channels_are_found_in_any_order() {
        let found = [("x".to_owned(), None), ("heat".to_owned(), None), ("flow".to_owned(), None)];
        let fit = schema().check(&found).unwrap();
        assert_eq!((fit.order, fit.extra), (vec![2, 1], vec!["x".to_owned()]));
    }

    #[test]
    fn missing_and_further_channels_and_units_are_all_named() {
        let found = [("Heat".to_owned(), None), ("flow".to_owned(), Some("m3/h".to_owned()))];
        let text = schema().check(&found).unwrap_err().to_string();
        for word in ["missing: heat", "Heat", "`flow` is in m3/h", "L/s"] {
            assert!(text.contains(word), "{word} in {text}");
        }
        assert!(Schema::new(vec![Channel::measured("a"), Channel::measured("a")]).is_err());
        assert!(Schema::new(Vec::new()).is_err());
    }
}
