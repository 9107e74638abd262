//! Irrigation plans: an operator's application that waters zones at fixed hours, beside the rules.

use crate::scenario::Scenario;
use crate::scenario::file::ConfounderText;
use fieldmirror_core::ids::ZoneIx;
use fieldmirror_core::register::Register;
use fieldmirror_core::time::{Span, Timestamp};

/// The client id that the plan publishes under.
pub(crate) const CLIENT: &str = "irrigation-plan";

/// One watering of one zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Watering {
    /// When the command is published.
    pub(crate) at: Timestamp,
    /// `<site>/pump/<n>/cmd`.
    pub(crate) topic: String,
    /// The command.
    pub(crate) payload: Vec<u8>,
}

/// All waterings of a shard's farms in time order.
pub(crate) fn waterings(scenario: &Scenario, register: &Register) -> Vec<Watering> {
    let mut all = Vec::new();
    for confounder in &scenario.text.confounders {
        let ConfounderText::IrrigationPlan { onset, lasts, zones, at, duration, .. } = confounder
        else {
            continue;
        };
        let from = scenario.start() + onset.0;
        let until = from + lasts.0;
        for day in 0..scenario.text.span.0.days().ceil() as i64 {
            let time = scenario.start() + Span::from_days(day) + at.0;
            if time < from || time >= until {
                continue;
            }
            let seconds = duration.0.seconds();
            let payload = format!(r#"{{"command":"ON","duration":{seconds}}}"#).into_bytes();
            for site in &register.sites {
                for zone in zones {
                    let zone = ZoneIx::new(site.first_zone.raw() + zone - 1);
                    let controller = register.zones[zone.index()].controller;
                    let number = register.assets[controller.index()].number;
                    let topic = format!("{}/pump/{number}/cmd", site.name);
                    all.push(Watering { at: time, topic, payload: payload.clone() });
                }
            }
        }
    }
    all.sort_by_key(|watering| watering.at);
    all
}
