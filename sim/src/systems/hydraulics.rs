//! Water runs: each site's network from change to change.

use crate::components::{Farm, Filter, Irrigated, Junction, Parts, Valve, Wear};
use crate::plant::Plant;
use crate::resources::{Directory, Output, Switches, Tick};
use bevy_ecs::system::{Query, Res, ResMut};

/// Runs every site's plant through the step's changes and books what each zone got.
#[expect(clippy::too_many_arguments, reason = "one query for each kind of part")]
pub(crate) fn solve_hydraulics(
    tick: Res<'_, Tick>,
    directory: Res<'_, Directory>,
    switches: Res<'_, Switches>,
    mut output: ResMut<'_, Output>,
    mut plants: Query<'_, '_, (&Farm, &Parts, &mut Plant)>,
    filters: Query<'_, '_, &Filter>,
    pumps: Query<'_, '_, &Wear>,
    valves: Query<'_, '_, &Valve>,
    mut zones: Query<'_, '_, (&Junction, &mut Irrigated)>,
) {
    let rows = &mut output.0.hydraulics;
    let mut changes = switches.0.as_slice();
    // Sites are spawned, and so visited, in the order in which the changes are sorted.
    for (farm, parts, mut plant) in &mut plants {
        let count = changes.partition_point(|switch| switch.site <= farm.site);
        let (mine, later) = changes.split_at(count);
        changes = later;
        plant.points.clear();
        plant.flows_lps.clear();
        if mine.is_empty() && !plant.is_running() {
            continue;
        }
        if plant.is_worn {
            plant.close(tick.now, rows);
            for (position, &valve) in parts.valves.iter().enumerate() {
                let zone = directory.zone(plant.lines[position].zone);
                plant.lines[position].is_stuck_closed =
                    valves.get(directory.device(valve)).is_ok_and(|valve| valve.is_stuck_closed);
                plant.lines[position].leak =
                    zones.get(zone).map_or(0.0, |(junction, _)| junction.leak);
            }
            let clogging = filters.get(directory.device(parts.filter)).map_or(0.0, |f| f.clogging);
            let wear = pumps.get(directory.device(parts.pump)).map_or(0.0, |wear| wear.0);
            plant.take_condition(clogging, wear);
        }
        if plant.is_running() {
            plant.begin(tick.now);
        }
        for moment in mine.chunk_by(|a, b| a.at == b.at) {
            let at = moment[0].at;
            plant.close(at, rows);
            for switch in moment {
                plant.lines[switch.position].is_commanded_open = switch.on;
            }
            plant.is_stale = true;
            plant.begin(at);
        }
        if tick.closes_hour() {
            plant.close(tick.end(), rows);
        }
        for position in 0..plant.lines.len() {
            let zone = directory.zone(plant.lines[position].zone);
            if let Ok((_, mut irrigated)) = zones.get_mut(zone) {
                irrigated.rate_mm_s = plant.rate_mm_s(position);
                irrigated.since = plant.since;
            }
        }
    }
    rows.sort_unstable_by_key(|row| (row.time, row.zone));
    for row in rows.iter() {
        if let Ok((_, mut irrigated)) = zones.get_mut(directory.zone(row.zone)) {
            irrigated.applied_mm += row.applied_mm;
        }
    }
}
