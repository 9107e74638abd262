//! What each client did in a recorded run.

use crate::clients;
use crate::error::EngineError;
use crate::plans;
use crate::recorded::Recorded;
use crate::worlds;
use fieldmirror_cloud::iot_core::IotCore;
use fieldmirror_cloud::outputs::RejectionCode;
use fieldmirror_cloud::policy::synthesize::Observation;
use fieldmirror_cloud::policy::{Action, Facts, Request, ThingFacts};
use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::topic::TopicFilter;
use fieldmirror_tables::Table;
use fieldmirror_tables::dictionary::{Dictionary, Key};
use fieldmirror_tables::read::{self, TableReader};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// All clients of the farm, and what they did.
#[derive(Debug)]
pub(super) struct Seen {
    clients: Vec<ClientSeen>,
    /// Foreign publishes that the recording accepted.
    pub(super) foreign_accepted: u64,
    /// What was denied to clients of the farm: the client and the request.
    pub(super) denied: BTreeSet<(String, String)>,
}

/// A client of the farm.
#[derive(Debug)]
pub(super) struct ClientSeen {
    name: String,
    class: String,
    pub(super) facts: Facts,
    filter: Option<String>,
    /// What it did: action and name of the resource.
    did: BTreeSet<(Action, String)>,
}

/// Reads what was done in `run`.
pub(super) fn observe(run: &Path, recorded: &Recorded) -> Result<Seen, EngineError> {
    let mut seen = Seen {
        clients: clients_of_farm(recorded)?,
        foreign_accepted: 0,
        denied: denials(run, recorded)?,
    };
    for client in &mut seen.clients {
        client.did.insert((Action::Connect, client.name.clone()));
        if let Some(filter) = &client.filter {
            client.did.insert((Action::Subscribe, filter.clone()));
        }
    }
    messages(run, recorded, &mut seen)?;
    for client in &mut seen.clients {
        let denied = &seen.denied;
        client.did.retain(|(action, name)| {
            let request = Request::new(*action, name);
            let asked = format!("{action} on {}", request.resource);
            !denied.contains(&(client.name.clone(), asked))
        });
    }
    Ok(seen)
}

/// Every device that reports and the plan's client, with the facts of an attached certificate.
fn clients_of_farm(recorded: &Recorded) -> Result<Vec<ClientSeen>, EngineError> {
    let mut all: Vec<ClientSeen> = Vec::new();
    for register in &recorded.scenario.registers {
        let spec = worlds::cloud_spec(&recorded.scenario, register)?;
        let place = (spec.region.clone(), spec.account.clone());
        let core = IotCore::new(spec)?;
        let connected = clients::connected(register);
        let mut add = |name: &str, class: &str, thing: Option<ThingFacts>| {
            let open = connected.iter().find(|connected| connected.client == name);
            let facts = Facts {
                client_id: Some(name.to_owned()),
                thing,
                persistent: open.is_some_and(|open| !open.clean),
                ..Facts::new(place.0.clone(), place.1.clone())
            };
            all.push(ClientSeen {
                name: name.to_owned(),
                class: class.to_owned(),
                facts,
                filter: open.and_then(|open| open.filter.clone()),
                did: BTreeSet::new(),
            });
        };
        for device in (0..register.reporting).map(|i| DeviceIx::new(i as u32)) {
            let Some(class) = register.class(device) else { continue };
            let thing = core.registry().thing(device);
            let facts = ThingFacts {
                name: thing.name.to_owned(),
                thing_type: thing.thing_type.map(str::to_owned),
                attributes: thing.attributes.clone(),
                attached: true,
            };
            add(thing.name, class.name(), Some(facts));
        }
        add(plans::CLIENT, plans::CLIENT, None);
    }
    // The plan has one client, however many shards it waters.
    let mut is_out = !clients::has_plan(&recorded.scenario);
    all.retain(|client| client.name != plans::CLIENT || !std::mem::replace(&mut is_out, true));
    Ok(all)
}

/// Publishes of each client, and what its subscription got.
fn messages(run: &Path, recorded: &Recorded, seen: &mut Seen) -> Result<(), EngineError> {
    let scenario = &recorded.scenario;
    let foreign: BTreeSet<(i64, &str, &str)> = scenario
        .text
        .foreign
        .iter()
        .map(|f| ((scenario.start() + f.at.0).nanos(), f.client.as_str(), f.topic.as_str()))
        .collect();
    let columns = ["time", "topic", "principal", "source"];
    let reader = TableReader::open_table(run, Table::Messages)?.project(&columns)?;
    let (mut topics, mut principals) = (Dictionary::default(), Dictionary::default());
    let (mut published, mut heard) = (BTreeSet::new(), BTreeSet::new());
    for batch in reader.batches() {
        let batch = batch?;
        let times = read::times(&batch, "time")?;
        let topic = read::keys(&batch, "topic", &mut topics)?;
        let principal = read::keys(&batch, "principal", &mut principals)?;
        let source = read::texts(&batch, "source")?;
        for i in 0..times.len() {
            let by_client = matches!(source[i], Some("device" | "app"));
            if by_client && principal[i] != Key::ABSENT && !foreign.is_empty() {
                let word = |words: &Dictionary, key: i32| {
                    words.word(Key::new(key as u32)).unwrap_or_default().to_owned()
                };
                let (who, on) = (word(&principals, principal[i]), word(&topics, topic[i]));
                if foreign.contains(&(times[i], who.as_str(), on.as_str())) {
                    seen.foreign_accepted += 1;
                    continue;
                }
            }
            heard.insert(topic[i]);
            if by_client && principal[i] != Key::ABSENT {
                published.insert((principal[i], topic[i]));
            }
        }
    }
    let word = |words: &Dictionary, key: i32| {
        words.word(Key::new(key as u32)).unwrap_or_default().to_owned()
    };
    let places: BTreeMap<String, usize> =
        seen.clients.iter().enumerate().map(|(i, client)| (client.name.clone(), i)).collect();
    for (principal, topic) in published {
        if let Some(&place) = places.get(&word(&principals, principal)) {
            seen.clients[place].did.insert((Action::Publish, word(&topics, topic)));
        }
    }
    for client in &mut seen.clients {
        let filter = client.filter.as_deref().and_then(|filter| TopicFilter::parse(filter).ok());
        let Some(filter) = filter else { continue };
        let names = heard.iter().map(|&topic| word(&topics, topic));
        let got = names.filter(|name| filter.matches(name));
        client.did.extend(got.map(|name| (Action::Receive, name)));
    }
    Ok(())
}

/// What policies denied to clients of the farm, without what foreign ones asked for.
pub(super) fn denials(
    run: &Path,
    recorded: &Recorded,
) -> Result<BTreeSet<(String, String)>, EngineError> {
    let scenario = &recorded.scenario;
    let foreign: BTreeSet<(i64, &str)> = scenario
        .text
        .foreign
        .iter()
        .map(|f| ((scenario.start() + f.at.0).nanos(), f.client.as_str()))
        .collect();
    let reader = TableReader::open_table(run, Table::Rejections)?;
    let mut found = BTreeSet::new();
    for batch in reader.batches() {
        let batch = batch?;
        let times = read::times(&batch, "time")?;
        let principals = read::texts(&batch, "principal")?;
        let (codes, details) = (read::texts(&batch, "code")?, read::texts(&batch, "detail")?);
        for i in 0..times.len() {
            let who = principals[i].unwrap_or_default();
            if codes[i] != Some(RejectionCode::NotAuthorized.name())
                || foreign.contains(&(times[i], who))
            {
                continue;
            }
            // Neither names of policies nor those of statements have a colon.
            let detail = details[i].unwrap_or_default();
            let asked = detail.rsplit_once(": ").map_or(detail, |(asked, _)| asked);
            found.insert((who.to_owned(), asked.to_owned()));
        }
    }
    Ok(found)
}

impl Seen {
    /// Everything that was done, for the synthesis.
    pub(super) fn observations(&self) -> impl Iterator<Item = Observation<'_>> {
        self.clients.iter().flat_map(|client| {
            client.did.iter().map(|(action, name)| Observation {
                class: &client.class,
                facts: &client.facts,
                action: *action,
                name,
            })
        })
    }

    /// The clients of a class.
    pub(super) fn clients_of(&self, class: &str) -> Vec<&ClientSeen> {
        self.clients.iter().filter(|client| client.class == class).collect()
    }
}
