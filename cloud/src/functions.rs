//! Functions that rules call through `lambda` actions: declared by the scenario, built in here.

pub mod irrigation;

pub use irrigation::IrrigationParameters;

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
