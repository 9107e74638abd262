//! What the scenario makes people do over MQTT: an operator's application that waters zones at fixed
//! hours, beside the rules, and publishes of clients that are not of the farm.

use crate::clients::{self, Connected};
use crate::scenario::Scenario;
use crate::scenario::file::ConfounderText;
use fieldmirror_cloud::iot_core::{Input, IotCore};
use fieldmirror_cloud::outputs::Outputs;
use fieldmirror_core::ids::ZoneIx;
use fieldmirror_core::register::Register;
use fieldmirror_core::time::{Span, Timestamp};

/// The client id that the plan publishes under.
pub(crate) const CLIENT: &str = "irrigation-plan";

/// Something that happens at its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Planned {
    /// A command of the plan.
    Watering(Watering),
    /// A foreign publish.
    Foreign(Foreign),
}

/// A publish of a client that is not of the farm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Foreign {
    /// When it connects, publishes and leaves.
    pub(crate) at: Timestamp,
    client: String,
    certificate: Option<String>,
    topic: String,
    payload: Vec<u8>,
    retain: bool,
    /// The device of that client id, which connects again when its connection was taken over.
    owner: Option<Connected>,
}

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

impl Planned {
    /// When.
    pub(crate) const fn time(&self) -> Timestamp {
        match self {
            Self::Watering(watering) => watering.at,
            Self::Foreign(foreign) => foreign.at,
        }
    }

    /// Does it.
    pub(crate) fn send(&self, cloud: &mut IotCore, out: &mut Outputs) {
        match self {
            Self::Watering(watering) => {
                let Watering { at, topic, payload } = watering;
                let client = CLIENT;
                let (qos, retain, properties) = (1, false, None);
                let publish = Input::Publish { client, topic, payload, qos, retain, properties };
                cloud.handle(*at, publish, out);
            }
            Self::Foreign(foreign) => foreign.send(cloud, out),
        }
    }
}

impl Foreign {
    fn send(&self, cloud: &mut IotCore, out: &mut Outputs) {
        let Self { at, client, topic, payload, .. } = self;
        let certificate = self.certificate.as_deref();
        let refusals = out.rejections.len();
        cloud.handle(*at, Input::Connect { client, certificate, clean: true }, out);
        // Who is refused has no connection to publish over, and took nobody's.
        if out.rejections.len() > refusals {
            return;
        }
        let (qos, retain, properties) = (1, self.retain, None);
        let publish = Input::Publish { client, topic, payload, qos, retain, properties };
        cloud.handle(*at, publish, out);
        // A denied publish has ended the connection already.
        if cloud.is_connected(client) {
            cloud.handle(*at, Input::Disconnect { client }, out);
        }
        if let Some(owner) = &self.owner {
            clients::open(owner, cloud, *at, out);
        }
    }
}

/// All of it of shard number `index`, in time order.
pub(crate) fn planned(scenario: &Scenario, index: usize) -> Vec<Planned> {
    let register = &scenario.registers[index];
    let mut all: Vec<Planned> =
        waterings(scenario, register).into_iter().map(Planned::Watering).collect();
    let connections = clients::connections(scenario, register);
    for text in &scenario.text.foreign {
        if shard_of(scenario, &text.topic) != index {
            continue;
        }
        let owner = connections.iter().find(|connected| connected.client == text.client);
        all.push(Planned::Foreign(Foreign {
            at: scenario.start() + text.at.0,
            client: text.client.clone(),
            certificate: text.certificate.clone(),
            topic: text.topic.clone(),
            payload: text.payload.clone().into_bytes(),
            retain: text.retain,
            owner: owner.cloned(),
        }));
    }
    all.sort_by_key(Planned::time);
    all
}

/// The shard of the farm, or of the thing, that a topic names; the first if it names none.
pub(crate) fn shard_of(scenario: &Scenario, topic: &str) -> usize {
    let mut levels = topic.split('/');
    let first = levels.next().unwrap_or_default();
    let thing = levels.nth(1).filter(|_| topic.starts_with("$aws/things/"));
    let is_named = |register: &std::sync::Arc<Register>| match thing {
        Some(thing) => register.names.iter().any(|name| name == thing),
        None => register.sites.iter().any(|site| site.name == first),
    };
    scenario.registers.iter().position(is_named).unwrap_or(0)
}

/// All waterings of a shard's farms in time order.
fn waterings(scenario: &Scenario, register: &Register) -> Vec<Watering> {
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
