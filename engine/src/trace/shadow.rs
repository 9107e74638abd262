//! A thing's shadow at an instant: recorded updates, replayed through the core's own shadow code.

use crate::error::EngineError;
use crate::recorded::Recorded;
use fieldmirror_cloud::iot_core::{Input, IotCore};
use fieldmirror_cloud::outputs::Outputs;
use fieldmirror_cloud::spec::{Spec, ThingSpec};
use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::register::Register;
use fieldmirror_core::time::{Span, Timestamp};
use fieldmirror_rules::context::External;
use fieldmirror_rules::error::RulesError;
use fieldmirror_rules::value::Value;
use fieldmirror_tables::Table;
use fieldmirror_tables::read::{self, TableReader};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// A thing's shadow around a message.
#[derive(Clone, Debug, PartialEq)]
pub struct ShadowChange {
    /// Before the instant, as rules saw it; `None` if there was none.
    pub before: Option<ShadowState>,
    /// After everything that happened at the instant.
    pub after: Option<ShadowState>,
}

/// A shadow.
#[derive(Clone, Debug, PartialEq)]
pub struct ShadowState {
    /// Its version.
    pub version: u64,
    /// What a get request would be answered: state with its delta, metadata, version, timestamp.
    pub document: Value,
}

/// A recorded update, or a delete request.
struct Event {
    time: i64,
    kind: EventKind,
}

enum EventKind {
    Update {
        version: u64,
        desired: Option<String>,
        reported: Option<String>,
        delta: Option<String>,
    },
    Delete,
}

/// The shadow of `device` before and after `time`; `None` if it is no thing.
pub(super) fn around(
    run: &Path,
    recorded: &Recorded,
    device: &str,
    time: Timestamp,
    notes: &mut Vec<String>,
) -> Result<Option<ShadowChange>, EngineError> {
    let mut registers = recorded.scenario.registers.iter();
    if !registers.any(|register| register.names.iter().any(|name| name == device)) {
        return Ok(None);
    }
    let events = events(run, device, time)?;
    let mut replay = Replay::new(device, recorded.scenario.start())?;
    let now = events.partition_point(|event| event.time < time.nanos());
    replay.apply(&events[..now]);
    let before = replay.state(time);
    replay.apply(&events[now..]);
    let after = replay.state(time);
    if let Some(first) = replay.differences.first() {
        notes.push(format!(
            "the shadow of {device} does not replay as recorded, {} times; first: {first}",
            replay.differences.len()
        ));
    }
    Ok(Some(ShadowChange { before, after }))
}

/// A core that holds one thing and its shadow.
struct Replay {
    core: IotCore,
    thing: Option<DeviceIx>,
    device: String,
    out: Outputs,
    /// Where versions or deltas are not those recorded.
    differences: Vec<String>,
}

/// The client that sends what was recorded.
const CLIENT: &str = "recording";

impl Replay {
    fn new(device: &str, start: Timestamp) -> Result<Self, EngineError> {
        let mut spec = Spec::new(Arc::new(Register::empty()));
        spec.things.push(ThingSpec { name: device.to_owned(), ..ThingSpec::default() });
        let mut core = IotCore::new(spec)?;
        let mut out = Outputs::default();
        let connect = Input::Connect { client: CLIENT, certificate: None, clean: true };
        core.handle(start, connect, &mut out);
        let thing = core.thing(device);
        Ok(Self { core, thing, device: device.to_owned(), out, differences: Vec::new() })
    }

    fn apply(&mut self, events: &[Event]) {
        for event in events {
            let time = Timestamp::from_nanos(event.time);
            self.out.clear();
            match &event.kind {
                EventKind::Delete => self.send(time, "delete", b""),
                EventKind::Update { version, desired, reported, delta } => {
                    let sections = [("desired", desired), ("reported", reported)];
                    let sections: Vec<String> = sections
                        .into_iter()
                        .filter_map(|(key, text)| Some(format!("\"{key}\":{}", text.as_ref()?)))
                        .collect();
                    let request = format!("{{\"state\":{{{}}}}}", sections.join(","));
                    self.send(time, "update", request.as_bytes());
                    self.compare(time, *version, delta.as_deref());
                }
            }
        }
    }

    fn send(&mut self, time: Timestamp, operation: &str, payload: &[u8]) {
        let topic = format!("$aws/things/{}/shadow/{operation}", self.device);
        let publish = Input::Publish {
            client: CLIENT,
            topic: &topic,
            payload,
            qos: 1,
            retain: false,
            properties: None,
        };
        self.core.handle(time, publish, &mut self.out);
    }

    /// Holds what the core made of the request against what was recorded.
    fn compare(&mut self, time: Timestamp, version: u64, delta: Option<&str>) {
        let Some(row) = self.out.shadows.last() else {
            self.differences.push(format!("the update at {time} is refused"));
            return;
        };
        let replayed = row.delta.map(|range| self.out.text(range).into_owned());
        if row.version != version || replayed.as_deref() != delta {
            self.differences.push(format!(
                "at {time} version {} and delta {}, recorded version {version} and delta {}",
                row.version,
                replayed.as_deref().unwrap_or("none"),
                delta.unwrap_or("none")
            ));
        }
    }

    fn state(&self, now: Timestamp) -> Option<ShadowState> {
        let document = self.core.shadow_document(self.thing?, now)?;
        let document = Value::from_json(&document).ok()?;
        let Some(Value::Int(version)) = document.get("version") else { return None };
        Some(ShadowState { version: u64::try_from(*version).ok()?, document })
    }
}

/// All that changed the shadow of `device` up to `time`, in order.
fn events(run: &Path, device: &str, time: Timestamp) -> Result<Vec<Event>, EngineError> {
    let mut found = Vec::new();
    let columns = ["time", "thing", "version", "desired", "reported", "delta"];
    let reader = TableReader::open_table(run, Table::Shadows)?.project(&columns)?;
    for batch in reader.batches() {
        let batch = batch?;
        let times = read::times(&batch, "time")?;
        let text = |column: &str| read::texts(&batch, column);
        let things = text("thing")?;
        if !things.contains(&Some(device)) {
            continue;
        }
        let versions = read::counts(&batch, "version")?;
        let (desired, reported, delta) = (text("desired")?, text("reported")?, text("delta")?);
        let own = |text: Option<&str>| text.map(str::to_owned);
        for i in 0..times.len() {
            if things[i] == Some(device) && times[i] <= time.nanos() {
                let kind = EventKind::Update {
                    version: versions[i],
                    desired: own(desired[i]),
                    reported: own(reported[i]),
                    delta: own(delta[i]),
                };
                found.push(Event { time: times[i], kind });
            }
        }
    }
    let topic = format!("$aws/things/{device}/shadow/delete");
    let reader = TableReader::open_table(run, Table::Messages)?.project(&["time", "topic"])?;
    for batch in reader.batches() {
        let batch = batch?;
        let topics = read::texts(&batch, "topic")?;
        if topics.contains(&Some(topic.as_str())) {
            let times = read::times(&batch, "time")?;
            let rows = (0..times.len())
                .filter(|&i| topics[i] == Some(topic.as_str()) && times[i] <= time.nanos());
            found.extend(rows.map(|i| Event { time: times[i], kind: EventKind::Delete }));
        }
    }
    // Stable: updates keep their order, a delete at the same instant comes after them.
    found.sort_by_key(|event| event.time);
    Ok(found)
}

/// What statements of a traced message reach: shadows as they were, and nothing else.
pub(super) struct Services<'a> {
    run: &'a Path,
    recorded: &'a Recorded,
    time: Timestamp,
    shadows: RefCell<BTreeMap<String, Option<ShadowState>>>,
    missing: RefCell<Vec<String>>,
}

impl<'a> Services<'a> {
    pub(super) fn new(run: &'a Path, recorded: &'a Recorded, time: Timestamp) -> Self {
        let (shadows, missing) = (RefCell::default(), RefCell::default());
        Self { run, recorded, time, shadows, missing }
    }

    /// What could not be answered.
    pub(super) fn notes(&self) -> Vec<String> {
        self.missing.borrow().clone()
    }

    fn miss<T>(&self, function: &'static str, what: &str) -> Result<T, RulesError> {
        let note = format!("{function} of `{what}` is not in the recording");
        let mut missing = self.missing.borrow_mut();
        if !missing.contains(&note) {
            missing.push(note);
        }
        Err(RulesError::External { function, reason: "its answer was not recorded".to_owned() })
    }

    fn shadow(&self, thing: &str) -> Result<Option<ShadowState>, RulesError> {
        if let Some(known) = self.shadows.borrow().get(thing) {
            return Ok(known.clone());
        }
        // Rules see what was there before their message is mirrored.
        let before = self.time - Span::from_nanos(1);
        let mut notes = Vec::new();
        let state = around(self.run, self.recorded, thing, before, &mut notes)
            .map_err(|error| RulesError::External {
                function: "get_thing_shadow",
                reason: error.to_string(),
            })?
            .and_then(|change| change.after);
        self.missing.borrow_mut().extend(notes);
        self.shadows.borrow_mut().insert(thing.to_owned(), state.clone());
        Ok(state)
    }
}

impl External for Services<'_> {
    fn invoke(&self, function_arn: &str, _: &Value) -> Result<Value, RulesError> {
        self.miss("aws_lambda", function_arn)
    }

    fn thing_shadow(&self, thing: &str, shadow: Option<&str>) -> Result<Value, RulesError> {
        let name = shadow.map_or_else(|| thing.to_owned(), |name| format!("{thing}~{name}"));
        let state = match shadow {
            None => self.shadow(thing)?,
            Some(_) => None,
        };
        let state = state.ok_or_else(|| RulesError::External {
            function: "get_thing_shadow",
            reason: format!("no shadow exists with name: '{name}'"),
        })?;
        Ok(state.document)
    }

    fn table_item(&self, table: &str, _: &[(&str, &Value)]) -> Result<Value, RulesError> {
        self.miss("get_dynamodb", table)
    }

    fn registry_data(&self, _: &str, thing: &str) -> Result<Value, RulesError> {
        self.miss("get_registry_data", thing)
    }

    fn secret(&self, id: &str, _: &str) -> Result<String, RulesError> {
        self.miss("get_secret", id)
    }
}
