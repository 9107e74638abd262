//! What a pump controller is told to do.

use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::time::Span;

/// A command that reaches a pump controller when the step begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Command {
    /// The pump controller.
    pub device: DeviceIx,
    /// What it shall do.
    pub kind: CommandKind,
}

/// What a pump controller can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandKind {
    /// Open the zone's valve and run the pump for `duration` from now on; a duration that still runs
    /// is restarted, never added to. One of zero or less counts as [`CommandKind::Off`].
    On {
        /// How long.
        duration: Span,
    },
    /// Close the valve now.
    Off,
}
