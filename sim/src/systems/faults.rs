//! Faults grow, and act on their targets.

use crate::components::{Fault, Filter, Gateway, Junction, Probe, Receivers, Valve, Wear};
use crate::fault::{FaultClass, PROBE_DRIFT_M3M3};
use crate::plant::Plant;
use crate::resources::{Directory, Tick};
use bevy_ecs::system::{Query, Res};

/// Brings every fault's severity up to date: at each full hour, and in the step after an onset or an
/// end. What a target suffers is the worst of its faults of a class.
#[expect(clippy::too_many_arguments, reason = "one query for each kind of part that can break")]
pub(crate) fn grow_faults(
    tick: Res<'_, Tick>,
    directory: Res<'_, Directory>,
    mut faults: Query<'_, '_, &mut Fault>,
    mut plants: Query<'_, '_, (&mut Plant, &mut Receivers)>,
    mut filters: Query<'_, '_, &mut Filter>,
    mut pumps: Query<'_, '_, &mut Wear>,
    mut valves: Query<'_, '_, &mut Valve>,
    mut junctions: Query<'_, '_, &mut Junction>,
    mut probes: Query<'_, '_, &mut Probe>,
    mut gateways: Query<'_, '_, &mut Gateway>,
) {
    let mut has_changed = false;
    for mut fault in &mut faults {
        let severity = fault.spec.severity_at(tick.now);
        let begins_or_ends = (severity > 0.0) != (fault.severity > 0.0);
        fault.has_changed = severity != fault.severity && (begins_or_ends || tick.opens_hour());
        if fault.has_changed {
            fault.severity = severity;
            has_changed = true;
        }
    }
    if !has_changed {
        return;
    }
    // First all targets are whole, then each takes the worst that befalls it.
    for part in [0.0, 1.0] {
        for fault in &faults {
            let severity = part * fault.severity;
            let is_there = severity > 0.0;
            let worst = |before: f64| if part > 0.0 { before.max(severity) } else { 0.0 };
            match fault.spec.class {
                FaultClass::FilterClogging => {
                    if let Ok(mut filter) = filters.get_mut(fault.target) {
                        filter.clogging = worst(filter.clogging);
                    }
                }
                FaultClass::PumpWear => {
                    if let Ok(mut wear) = pumps.get_mut(fault.target) {
                        wear.0 = worst(wear.0);
                    }
                }
                FaultClass::ValveStuckClosed => {
                    if let Ok(mut valve) = valves.get_mut(fault.target) {
                        valve.is_stuck_closed = part > 0.0 && (valve.is_stuck_closed || is_there);
                    }
                }
                FaultClass::PipeLeak => {
                    if let Ok(mut junction) = junctions.get_mut(fault.target) {
                        junction.leak = worst(junction.leak);
                    }
                }
                FaultClass::ProbeStuck => {
                    if let Ok(mut probe) = probes.get_mut(fault.target) {
                        probe.is_stuck = part > 0.0 && (probe.is_stuck || is_there);
                    }
                }
                FaultClass::ProbeDrift => {
                    if let Ok(mut probe) = probes.get_mut(fault.target) {
                        let drift = (fault.sign * PROBE_DRIFT_M3M3 * severity) as f32;
                        probe.fault_drift =
                            if part > 0.0 { probe.fault_drift + drift } else { 0.0 };
                    }
                }
                FaultClass::GatewayOutage => {
                    if let Ok(mut gateway) = gateways.get_mut(fault.target) {
                        gateway.is_down = part > 0.0 && (gateway.is_down || is_there);
                    }
                }
            }
        }
    }
    for fault in faults.iter().filter(|fault| fault.has_changed) {
        if let Ok((mut plant, mut receivers)) = plants.get_mut(directory.site(fault.site)) {
            plant.is_worn = true;
            if let Ok(gateway) = gateways.get(fault.target) {
                receivers.radio.set_down(gateway.index, gateway.is_down);
            }
        }
    }
}
