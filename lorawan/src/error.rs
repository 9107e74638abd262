//! What a caller can get wrong.

/// A refused input. None is fatal: the state machine is as it was before the call.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Frames must come in order of their start.
    #[error(
        "frame {index} starts at {start_ns} ns, before {last_ns} ns; frames must come in order of start"
    )]
    OutOfOrder {
        /// Position in the slice.
        index: usize,
        /// Its start, ns.
        start_ns: i64,
        /// Start of the frame before it, or end of the window before, ns.
        last_ns: i64,
    },
    /// A frame starts at or after the end of its window, or ends before it starts.
    #[error(
        "frame {index} from {start_ns} to {end_ns} ns does not start within the window that ends at {until_ns} ns"
    )]
    OutsideWindow {
        /// Position in the slice.
        index: usize,
        /// Its start, ns.
        start_ns: i64,
        /// Its end, ns.
        end_ns: i64,
        /// End of the window, ns.
        until_ns: i64,
    },
    /// A radio needs between one and [`crate::gateway::GATEWAYS_MAX`] gateways.
    #[error("a farm's radio needs 1 to {max} gateways, got {given}")]
    GatewayCount {
        /// How many were given.
        given: usize,
        /// How many are possible.
        max: usize,
    },
    /// No spreading factor has this number.
    #[error("spreading factor is {value}, expected 7 to 12")]
    SpreadingFactor {
        /// The number given.
        value: u8,
    },
}
