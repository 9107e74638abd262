//! The kinds of fault that a ticket may name as a cause.

/// A class of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultClass {
    /// The filter behind the pump clogs.
    FilterClogging,
    /// A zone's valve does not open.
    ValveStuckClosed,
    /// The main or a lateral leaks.
    PipeLeak,
    /// The pump's impeller or rings are worn.
    PumpWear,
    /// A probe repeats one value.
    ProbeStuck,
    /// A probe's reading moves away from its neighbours'.
    ProbeDrift,
    /// A probe's reading scatters.
    ProbeNoise,
    /// A gateway is down.
    GatewayOutage,
    /// A single device is silent and nothing else explains it.
    DeviceSilent,
    /// Nothing known fits.
    Unknown,
}

impl FaultClass {
    /// All classes.
    pub const ALL: [Self; 10] = [
        Self::FilterClogging,
        Self::ValveStuckClosed,
        Self::PipeLeak,
        Self::PumpWear,
        Self::ProbeStuck,
        Self::ProbeDrift,
        Self::ProbeNoise,
        Self::GatewayOutage,
        Self::DeviceSilent,
        Self::Unknown,
    ];

    /// The name in tickets and in the catalogue.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FilterClogging => "filter_clogging",
            Self::ValveStuckClosed => "valve_stuck_closed",
            Self::PipeLeak => "pipe_leak",
            Self::PumpWear => "pump_wear",
            Self::ProbeStuck => "probe_stuck",
            Self::ProbeDrift => "probe_drift",
            Self::ProbeNoise => "probe_noise",
            Self::GatewayOutage => "gateway_outage",
            Self::DeviceSilent => "device_silent",
            Self::Unknown => "unknown",
        }
    }

    /// The class called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}
