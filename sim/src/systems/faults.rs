//! Faults grow, and act on their targets.

use crate::components::{Fault, Filter, Gateway, Junction, Probe, Receivers, Valve, Wear};
use crate::fault::{FaultClass, PROBE_DRIFT_M3M3};
use crate::plant::Plant;
use crate::resources::{Directory, Tick};
use bevy_ecs::component::{Component, Mutable};
use bevy_ecs::entity::Entity;
use bevy_ecs::system::{Query, Res, SystemParam};

/// The parts that can break.
#[derive(SystemParam)]
pub(crate) struct Parts<'w, 's> {
    filters: Query<'w, 's, &'static mut Filter>,
    pumps: Query<'w, 's, &'static mut Wear>,
    valves: Query<'w, 's, &'static mut Valve>,
    junctions: Query<'w, 's, &'static mut Junction>,
    probes: Query<'w, 's, &'static mut Probe>,
    gateways: Query<'w, 's, &'static mut Gateway>,
}

/// Brings every fault's severity up to date: at each full hour, and in the step after an onset or an
/// end. A part suffers the worst of its faults of a class; drifts add up.
pub(crate) fn grow_faults(
    tick: Res<'_, Tick>,
    directory: Res<'_, Directory>,
    mut faults: Query<'_, '_, &mut Fault>,
    mut sites: Query<'_, '_, (&mut Plant, &mut Receivers)>,
    mut parts: Parts<'_, '_>,
) {
    let mut has_any_changed = false;
    for mut fault in &mut faults {
        let severity = fault.spec.severity_at(tick.now);
        let begins_or_ends = (severity > 0.0) != (fault.severity > 0.0);
        fault.has_changed = severity != fault.severity && (begins_or_ends || tick.opens_hour());
        if fault.has_changed {
            fault.severity = severity;
            has_any_changed = true;
        }
    }
    if !has_any_changed {
        return;
    }
    for fault in &faults {
        parts.mend(fault);
    }
    for fault in &faults {
        parts.harm(fault);
    }
    for fault in faults.iter().filter(|fault| fault.has_changed) {
        let Ok((mut plant, mut receivers)) = sites.get_mut(directory.site(fault.site)) else {
            continue;
        };
        plant.is_worn = true;
        if let Ok(gateway) = parts.gateways.get(fault.target) {
            receivers.radio.set_down(gateway.index, gateway.is_down);
        }
    }
}

impl Parts<'_, '_> {
    /// Makes the part of a fault whole, before all faults act anew.
    fn mend(&mut self, fault: &Fault) {
        let target = fault.target;
        match fault.spec.class {
            FaultClass::FilterClogging => with(&mut self.filters, target, |it| it.clogging = 0.0),
            FaultClass::PumpWear => with(&mut self.pumps, target, |it| it.0 = 0.0),
            FaultClass::ValveStuckClosed => {
                with(&mut self.valves, target, |it| it.is_stuck_closed = false);
            }
            FaultClass::PipeLeak => with(&mut self.junctions, target, |it| it.leak = 0.0),
            FaultClass::ProbeStuck => with(&mut self.probes, target, |it| it.is_stuck = false),
            FaultClass::ProbeDrift => with(&mut self.probes, target, |it| it.fault_drift = 0.0),
            FaultClass::GatewayOutage => with(&mut self.gateways, target, |it| it.is_down = false),
        }
    }

    /// Lets a fault act on its part.
    fn harm(&mut self, fault: &Fault) {
        let (target, severity) = (fault.target, fault.severity);
        if severity <= 0.0 {
            return;
        }
        match fault.spec.class {
            FaultClass::FilterClogging => {
                with(&mut self.filters, target, |it| it.clogging = it.clogging.max(severity));
            }
            FaultClass::PumpWear => with(&mut self.pumps, target, |it| it.0 = it.0.max(severity)),
            FaultClass::ValveStuckClosed => {
                with(&mut self.valves, target, |it| it.is_stuck_closed = true);
            }
            FaultClass::PipeLeak => {
                with(&mut self.junctions, target, |it| it.leak = it.leak.max(severity));
            }
            FaultClass::ProbeStuck => with(&mut self.probes, target, |it| it.is_stuck = true),
            FaultClass::ProbeDrift => {
                let drift = (fault.sign * PROBE_DRIFT_M3M3 * severity) as f32;
                with(&mut self.probes, target, |it| it.fault_drift += drift);
            }
            FaultClass::GatewayOutage => with(&mut self.gateways, target, |it| it.is_down = true),
        }
    }
}

/// Changes a part. The specification's check holds that a fault's target is of the kind it needs.
fn with<T: Component<Mutability = Mutable>>(
    parts: &mut Query<'_, '_, &'static mut T>,
    target: Entity,
    change: impl FnOnce(&mut T),
) {
    let part = parts.get_mut(target);
    debug_assert!(part.is_ok(), "a fault's target is of the kind it needs");
    if let Ok(mut part) = part {
        change(&mut part);
    }
}
