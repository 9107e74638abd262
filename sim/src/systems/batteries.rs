//! Batteries pay for the step's reports, and for another day of age.

use crate::components::{Node, Power};
use crate::resources::{Outbox, Tick};
use bevy_ecs::system::{Query, Res};

/// Takes the charge of each report, with the sleep before it; at midnight that of self-discharge.
pub(crate) fn drain_batteries(
    tick: Res<'_, Tick>,
    outbox: Res<'_, Outbox>,
    mut nodes: Query<'_, '_, (&Node, &mut Power)>,
) {
    for report in &outbox.0 {
        if let Ok((node, mut power)) = nodes.get_mut(report.node) {
            let uah = if report.is_blocked { node.blocked_uah } else { node.report_uah };
            power.battery.draw_uah(f64::from(uah));
        }
    }
    if tick.opens_day() && tick.day() > 0 {
        for (_, mut power) in &mut nodes {
            let cell = power.cell();
            power.battery.age(&cell, 86_400.0);
        }
    }
}
