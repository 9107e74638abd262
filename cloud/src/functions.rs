//! Functions that rules call through `lambda` actions: declared by the scenario, built in here.

pub mod irrigation;

pub use irrigation::IrrigationParameters;

use crate::error::CloudError;
use crate::outputs::Outcome;
use crate::registry::Registry;
use crate::shadow::Shadows;
use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::register::Register;
use fieldmirror_core::time::Timestamp;
use irrigation::Irrigation;

/// A function that the scenario declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionSpec {
    /// The name: the last segment of the ARNs that call it.
    pub name: String,
    /// What it does.
    pub builtin: Builtin,
}

/// What a declared function does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Builtin {
    /// Opens a zone's valve for a while when one of its probes is dry.
    Irrigation(IrrigationParameters),
}

impl Builtin {
    /// The builtin called `name` with its default parameters.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "irrigation" => Some(Self::Irrigation(IrrigationParameters::default())),
            _ => None,
        }
    }

    /// The names of all builtins.
    pub const NAMES: [&'static str; 1] = ["irrigation"];
}

/// A function at work.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    /// Principal id of what it publishes.
    pub(crate) principal: u32,
    work: Work,
}

#[derive(Clone, Debug)]
enum Work {
    Irrigation(Irrigation),
}

/// What a function may look at.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) shadows: &'a Shadows,
    /// A thing by name.
    pub(crate) find: &'a dyn Fn(&str) -> Option<DeviceIx>,
}

/// What a function decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reaction {
    /// Nothing further is to be done.
    Settled(Outcome),
    /// A pump is to be switched on.
    Command(Command),
}

/// `{"command":"ON","duration":…}` for a pump, and its desired state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) pump: DeviceIx,
    /// Topic id of the pump's commands.
    pub(crate) topic: u32,
    pub(crate) duration_s: u32,
}

impl Function {
    /// The function as declared; `intern` makes a topic's id.
    pub(crate) fn new(
        spec: &FunctionSpec,
        principal: u32,
        register: &Register,
        intern: impl FnMut(&str) -> u32,
    ) -> Result<Self, CloudError> {
        let work = match &spec.builtin {
            Builtin::Irrigation(parameters) => {
                Work::Irrigation(Irrigation::new(&spec.name, *parameters, register, intern)?)
            }
        };
        Ok(Self { principal, work })
    }

    /// Runs over an event of any shape.
    pub(crate) fn on_event(
        &mut self,
        now: Timestamp,
        event: &[u8],
        surroundings: &Surroundings<'_>,
    ) -> Reaction {
        match &mut self.work {
            Work::Irrigation(irrigation) => irrigation.on_event(now, event, surroundings),
        }
    }

    /// Runs over the whole payload of a device's typed reading.
    pub(crate) fn on_reading(
        &mut self,
        now: Timestamp,
        device: DeviceIx,
        surroundings: &Surroundings<'_>,
    ) -> Reaction {
        match &mut self.work {
            Work::Irrigation(irrigation) => irrigation.on_probe(now, device, surroundings),
        }
    }
}

impl Command {
    /// Appends the command's payload.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"command\":\"ON\",\"duration\":");
        out.extend_from_slice(self.duration_s.to_string().as_bytes());
        out.push(b'}');
    }
}
