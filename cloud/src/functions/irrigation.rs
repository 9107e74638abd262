//! The irrigation controller: a dry probe's event becomes a command to its zone's pump.

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
