//! Pump controllers obey, and switch off when their time is over.

use crate::command::CommandKind;
use crate::components::{Controller, Reporter};
use crate::resources::{Directory, Inbox, Switch, Switches, Tick};
use bevy_ecs::entity::Entity;
use bevy_ecs::system::{Query, Res, ResMut};
use fieldmirror_core::time::{Span, Timestamp};

/// Lists every change of a controller's state within the step. A command that comes in the moment
/// in which a duration ends restarts it: the valve does not chatter.
pub(crate) fn obey_commands(
    tick: Res<'_, Tick>,
    directory: Res<'_, Directory>,
    inbox: Res<'_, Inbox>,
    mut switches: ResMut<'_, Switches>,
    mut controllers: Query<'_, '_, (Entity, &Reporter, &mut Controller)>,
) {
    switches.0.clear();
    for command in &inbox.0 {
        let Ok((entity, reporter, mut controller)) =
            controllers.get_mut(directory.device(command.device))
        else {
            continue;
        };
        let duration = match command.kind {
            CommandKind::On { duration } if duration > Span::ZERO => duration,
            CommandKind::On { .. } | CommandKind::Off => Span::ZERO,
        };
        let was_on = controller.until.is_some();
        let is_on = duration > Span::ZERO;
        controller.until = is_on.then(|| tick.now + duration);
        if was_on != is_on {
            switches.0.push(switch(tick.now, entity, reporter, &mut controller, duration));
        }
    }
    for (entity, reporter, mut controller) in &mut controllers {
        let Some(until) = controller.until.filter(|&until| until < tick.end()) else {
            continue;
        };
        controller.until = None;
        switches.0.push(switch(until, entity, reporter, &mut controller, Span::ZERO));
    }
    // Stable: changes of one moment keep the order in which they came.
    switches.0.sort_by_key(|switch| (switch.site, switch.at));
}

fn switch(
    at: Timestamp,
    controller_entity: Entity,
    reporter: &Reporter,
    controller: &mut Controller,
    duration: Span,
) -> Switch {
    controller.is_switched = true;
    Switch {
        at,
        site: reporter.site,
        position: controller.position,
        controller: controller_entity,
        on: duration > Span::ZERO,
        duration,
    }
}
