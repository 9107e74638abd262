//! The irrigation controller: a dry probe's event becomes a command to its zone's pump.
//!
//! The probe's registry entry names the pump. If that pump's shadow shows an irrigation that is
//! still running, or the zone's last command is too recent, nothing is done; otherwise the pump is
//! commanded on and its desired state set. Which threshold makes a probe dry is the rule's WHERE,
//! not this function's business.
//!
//! Two ways lead in, one for JSON events and one for typed readings; they differ only in how they
//! find the pump, and a test holds them equal.

use super::{Command, Reaction, Surroundings};
use crate::error::CloudError;
use crate::outputs::Outcome;
use crate::shadow::Document;
use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::reading::DeviceClass;
use fieldmirror_core::register::{AssetKind, Register};
use fieldmirror_core::time::{Span, Timestamp};
use fieldmirror_rules::value::Value;

/// How the controller irrigates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IrrigationParameters {
    /// How long a command lets the water run, in seconds.
    pub duration_s: u32,
    /// Least time between the starts of two commands for a zone, in seconds; `None` means as long
    /// as the duration.
    pub rest_s: Option<u32>,
}

impl Default for IrrigationParameters {
    fn default() -> Self {
        Self { duration_s: 600, rest_s: None }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Irrigation {
    duration_s: u32,
    rest: Span,
    /// Sorted by thing.
    pumps: Vec<Pump>,
}

#[derive(Clone, Copy, Debug)]
struct Pump {
    thing: DeviceIx,
    /// Topic id of its commands.
    topic: u32,
    /// When the last command was sent.
    commanded_at: Option<Timestamp>,
}

impl Irrigation {
    pub(crate) fn new(
        name: &str,
        parameters: IrrigationParameters,
        register: &Register,
        mut intern: impl FnMut(&str) -> u32,
    ) -> Result<Self, CloudError> {
        let IrrigationParameters { duration_s, rest_s } = parameters;
        if duration_s == 0 {
            return Err(CloudError::Parameter {
                what: format!("duration_s of function `{name}`"),
                found: "0".to_owned(),
                expected: "at least 1".to_owned(),
            });
        }
        let controllers = register
            .iter()
            .filter(|(_, asset)| asset.kind == AssetKind::Device(DeviceClass::PumpController));
        let pumps = controllers
            .map(|(thing, asset)| {
                let site = &register.sites[asset.site.index()].name;
                let topic = intern(&format!("{site}/pump/{}/cmd", asset.number));
                Pump { thing, topic, commanded_at: None }
            })
            .collect();
        let rest = Span::from_seconds(i64::from(rest_s.unwrap_or(duration_s)));
        Ok(Self { duration_s, rest, pumps })
    }

    /// Acts on `{"device": …}`.
    pub(crate) fn on_event(
        &mut self,
        now: Timestamp,
        event: &[u8],
        surroundings: &Surroundings<'_>,
    ) -> Reaction {
        let Ok(Value::Object(event)) = Value::from_json(event) else {
            return Reaction::Settled(Outcome::NotAnObject);
        };
        let pump = event
            .get("device")
            .and_then(Value::as_str)
            .and_then(|name| (surroundings.find)(name))
            .and_then(|probe| surroundings.registry.attribute(probe, "pump"))
            .and_then(|name| (surroundings.find)(name));
        self.decide(now, pump, surroundings)
    }

    /// Acts on a typed reading of `probe`.
    pub(crate) fn on_probe(
        &mut self,
        now: Timestamp,
        probe: DeviceIx,
        surroundings: &Surroundings<'_>,
    ) -> Reaction {
        self.decide(now, surroundings.registry.pump(probe), surroundings)
    }

    fn decide(
        &mut self,
        now: Timestamp,
        pump: Option<DeviceIx>,
        surroundings: &Surroundings<'_>,
    ) -> Reaction {
        let known =
            pump.and_then(|thing| self.pumps.binary_search_by_key(&thing, |pump| pump.thing).ok());
        let Some(i) = known else {
            return Reaction::Settled(Outcome::UnknownDevice);
        };
        let Pump { thing, topic, commanded_at } = self.pumps[i];
        let shadow = surroundings.shadows.document(thing);
        if shadow.is_some_and(|shadow| self.is_running(now, commanded_at, &shadow)) {
            return Reaction::Settled(Outcome::Running);
        }
        if commanded_at.is_some_and(|at| now < at + self.rest) {
            return Reaction::Settled(Outcome::Resting);
        }
        self.pumps[i].commanded_at = Some(now);
        Reaction::Command(Command { pump: thing, topic, duration_s: self.duration_s })
    }

    /// Whether the pump's shadow shows an irrigation that has not ended, neither by its duration
    /// nor by a later report.
    fn is_running(
        &self,
        now: Timestamp,
        commanded_at: Option<Timestamp>,
        shadow: &Document,
    ) -> bool {
        let reported = shadow.reported.leaf("state");
        if let Some((Value::String(state), desired_at_s)) = shadow.desired.leaf("state")
            && state == "ON"
        {
            // Somebody else may have asked after our own last command.
            let desired_at = Timestamp::from_millis(desired_at_s * 1_000);
            let since = commanded_at.map_or(desired_at, |at| at.max(desired_at));
            let over = now >= since + Span::from_seconds(i64::from(self.duration_s));
            let reported_off = reported
                .is_some_and(|(state, at_s)| state.as_str() == Some("OFF") && at_s > desired_at_s);
            if !over && !reported_off {
                return true;
            }
        }
        let Some((Value::String(state), reported_at_s)) = reported else {
            return false;
        };
        let duration_s = match shadow.reported.leaf("duration") {
            Some((Value::Int(duration_s), _)) => i64::try_from(*duration_s).unwrap_or(i64::MAX),
            _ => i64::from(self.duration_s),
        };
        state == "ON" && now.seconds() < reported_at_s.saturating_add(duration_s)
    }
}

#[cfg(test)]
mod tests;
