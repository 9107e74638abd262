//! Faults: what breaks, when, and how it grows; and the truth table that tells it afterwards.

use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::time::{Span, Timestamp};
use std::fmt;

/// What breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultClass {
    /// A filter's loss coefficient K grows (device: the filter).
    FilterClogging,
    /// A soil probe repeats its last values (device: the probe).
    ProbeStuck,
    /// A soil probe's water reading wanders off (device: the probe).
    ProbeDrift,
    /// A valve stays closed whatever it is told (device: the valve).
    ValveStuckClosed,
    /// A main leaks while under pressure (device: the valve of the zone at whose junction it leaks,
    /// or the pump, which leaves the place to a draw).
    PipeLeak,
    /// Impeller and wear rings are worn (device: the pump).
    PumpWear,
    /// A gateway neither hears nor reports (device: the gateway).
    GatewayOutage,
}

impl FaultClass {
    /// All classes.
    pub const ALL: [Self; 7] = [
        Self::FilterClogging,
        Self::ProbeStuck,
        Self::ProbeDrift,
        Self::ValveStuckClosed,
        Self::PipeLeak,
        Self::PumpWear,
        Self::GatewayOutage,
    ];

    /// The name in scenario files and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FilterClogging => "filter_clogging",
            Self::ProbeStuck => "probe_stuck",
            Self::ProbeDrift => "probe_drift",
            Self::ValveStuckClosed => "valve_stuck_closed",
            Self::PipeLeak => "pipe_leak",
            Self::PumpWear => "pump_wear",
            Self::GatewayOutage => "gateway_outage",
        }
    }

    /// The class called `name`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}

impl fmt::Display for FaultClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a fault comes to its largest severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// At once.
    Step,
    /// In proportion to time, over this span from its onset.
    Linear(Span),
    /// Ever faster over this span from its onset.
    ///
    /// # Source
    /// Two-phase degradation ends exponentially (Gebraeel et al. 2005); that it grows by e^3 over
    /// the span is an assumption of ours.
    Exponential(Span),
}

impl Growth {
    /// The part of the largest severity that is reached `since` the onset, 0 to 1.
    pub fn part(self, since: Span) -> f64 {
        let done = |span: Span| {
            if span <= Span::ZERO {
                1.0
            } else {
                (since.seconds() / span.seconds()).clamp(0.0, 1.0)
            }
        };
        match self {
            Self::Step => 1.0,
            Self::Linear(span) => done(span),
            Self::Exponential(span) => libm::expm1(EXPONENTS * done(span)) / libm::expm1(EXPONENTS),
        }
    }
}

/// By how many powers of e an exponential fault grows.
const EXPONENTS: f64 = 3.0;

/// A scheduled fault.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultSpec {
    /// Its name in the truth table.
    pub id: String,
    /// What breaks.
    pub class: FaultClass,
    /// Whose part it is.
    pub device: DeviceIx,
    /// When it begins; it acts from the first step that begins at or after it.
    pub onset: Timestamp,
    /// When it is repaired; `None` if never.
    pub end: Option<Timestamp>,
    /// The largest severity, above 0 to 1. What it means is up to the class: see the effect
    /// functions of this module; probe stuck, valve stuck and gateway outage are there or not.
    pub severity: f64,
    /// How it gets there.
    pub growth: Growth,
}

impl FaultSpec {
    /// The severity at `now`: 0 before the onset and from the end on.
    pub fn severity_at(&self, now: Timestamp) -> f64 {
        if now < self.onset || self.end.is_some_and(|end| now >= end) {
            return 0.0;
        }
        self.severity * self.growth.part(now - self.onset)
    }

    /// What the truth table says of it.
    pub(crate) fn truth(&self) -> TruthRow {
        TruthRow {
            fault_id: self.id.clone(),
            class: self.class,
            device: self.device,
            onset: self.onset,
            end: self.end,
            severity: self.severity,
        }
    }
}

/// A row of the truth table.
#[derive(Clone, Debug, PartialEq)]
pub struct TruthRow {
    /// The fault.
    pub fault_id: String,
    /// Its class.
    pub class: FaultClass,
    /// Whose part broke.
    pub device: DeviceIx,
    /// When it began.
    pub onset: Timestamp,
    /// When it was repaired.
    pub end: Option<Timestamp>,
    /// The largest severity, above 0 to 1.
    pub severity: f64,
}

/// A clogged filter's loss coefficient K for that of a clean one and a severity: K grows by
/// (1 + 10^4)^severity - 1, so that severity .54 takes a fifth of the flow (K + 150) and severity 1
/// leaves about a sixth (K + 10^4).
///
/// # Source
/// EPANET 2.2 runs of the reference network for the two points; the exponential between them, which
/// makes equal steps of severity about equally visible, is an assumption of ours.
pub(crate) fn clogged_minor_loss(clean: f64, severity: f64) -> f64 {
    clean + libm::expm1(severity * libm::log1p(1e4))
}

/// A leak's emitter coefficient for that of a zone: a severity of 1 leaks like one more zone.
pub(crate) fn leak_emitter(zone_emitter: f64, severity: f64) -> f64 {
    zone_emitter * severity
}

/// How far a drifted probe reads off at severity 1, in m3/m3.
///
/// # Source
/// .1 to 1 % VWC a week is what a salted or ageing capacitive probe drifts; ten weeks of the worst.
pub(crate) const PROBE_DRIFT_M3M3: f64 = 0.10;

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(growth: Growth) -> FaultSpec {
        FaultSpec {
            id: "f".to_owned(),
            class: FaultClass::FilterClogging,
            device: DeviceIx::new(0),
            onset: Timestamp::from_nanos(0) + Span::from_days(2),
            end: Some(Timestamp::from_nanos(0) + Span::from_days(20)),
            severity: 0.8,
            growth,
        }
    }

    #[test]
    fn severity_grows_from_onset_to_its_largest_and_ends_with_the_repair() {
        let day = |days| Timestamp::from_nanos(0) + Span::from_days(days);
        for growth in [
            Growth::Step,
            Growth::Linear(Span::from_days(10)),
            Growth::Exponential(Span::from_days(10)),
        ] {
            let fault = fault(growth);
            let course: Vec<f64> = (0..25).map(|d| fault.severity_at(day(d))).collect();
            assert_eq!((course[0], course[1], course[20], course[24]), (0.0, 0.0, 0.0, 0.0));
            assert!((course[12] - 0.8).abs() < 1e-12 && course[19] == course[12], "{growth:?}");
            assert!(course[2..19].windows(2).all(|pair| pair[0] <= pair[1]), "{growth:?}");
        }
        let linear = fault(Growth::Linear(Span::from_days(10))).severity_at(day(7));
        assert!((linear - 0.4).abs() < 1e-12, "{linear}");
        assert!(fault(Growth::Exponential(Span::from_days(10))).severity_at(day(7)) < 0.2);
    }

    #[test]
    fn clogging_meets_the_two_points_of_the_reference() {
        assert_eq!(clogged_minor_loss(2.0, 0.0), 2.0);
        assert!((clogged_minor_loss(2.0, 1.0) - 10_002.0).abs() < 1e-6);
        let fifth = clogged_minor_loss(2.0, 0.545);
        assert!((fifth - 152.0).abs() < 3.0, "{fifth}");
    }

    #[test]
    fn class_names_read_and_print_alike() {
        for class in FaultClass::ALL {
            assert_eq!(FaultClass::parse(class.name()), Some(class));
        }
        assert_eq!(FaultClass::parse("gremlins"), None);
    }
}
