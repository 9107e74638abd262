//! Water runs: each site's network from change to change.

use crate::components::{Farm, Filter, Irrigated, Junction, Parts, Valve, Wear};
use crate::plant::Plant;
use crate::resources::{Directory, Output, Switch, Switches, Tick};
use crate::rows::HydraulicsRow;
use bevy_ecs::system::{Query, Res, ResMut, SystemParam};

/// The condition of the parts of plants.
#[derive(SystemParam)]
pub(crate) struct Conditions<'w, 's> {
    directory: Res<'w, Directory>,
    filters: Query<'w, 's, &'static Filter>,
    pumps: Query<'w, 's, &'static Wear>,
    valves: Query<'w, 's, &'static Valve>,
    junctions: Query<'w, 's, &'static Junction>,
}

/// Runs every site's plant through the step's changes and books what each zone got.
pub(crate) fn solve_hydraulics(
    tick: Res<'_, Tick>,
    switches: Res<'_, Switches>,
    conditions: Conditions<'_, '_>,
    mut output: ResMut<'_, Output>,
    mut plants: Query<'_, '_, (&Farm, &Parts, &mut Plant)>,
    mut zones: Query<'_, '_, &mut Irrigated>,
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
            conditions.apply(parts, &mut plant);
        }
        run(&tick, mine, &mut plant, rows);
        for position in 0..plant.lines.len() {
            let zone = conditions.directory.zone(plant.lines[position].zone);
            if let Ok(mut irrigated) = zones.get_mut(zone) {
                irrigated.rate_mm_s = plant.rate_mm_s(position);
                irrigated.since = plant.since;
            }
        }
    }
    rows.sort_unstable_by_key(|row| (row.time, row.zone));
    for row in rows.iter() {
        if let Ok(mut irrigated) = zones.get_mut(conditions.directory.zone(row.zone)) {
            irrigated.applied_mm += row.applied_mm;
        }
    }
}

/// Runs a plant through its changes of the step.
fn run(tick: &Tick, changes: &[Switch], plant: &mut Plant, rows: &mut Vec<HydraulicsRow>) {
    if plant.is_running() {
        plant.begin(tick.now);
    }
    for moment in changes.chunk_by(|a, b| a.at == b.at) {
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
}

impl Conditions<'_, '_> {
    /// Hands the condition of its parts to a plant.
    fn apply(&self, parts: &Parts, plant: &mut Plant) {
        for (line, &valve) in plant.lines.iter_mut().zip(&parts.valves) {
            let valve = self.valves.get(self.directory.device(valve));
            line.is_stuck_closed = valve.is_ok_and(|valve| valve.is_stuck_closed);
            let junction = self.junctions.get(self.directory.zone(line.zone));
            line.leak = junction.map_or(0.0, |junction| junction.leak);
        }
        let filter = self.filters.get(self.directory.device(parts.filter));
        let pump = self.pumps.get(self.directory.device(parts.pump));
        plant.take_condition(
            filter.map_or(0.0, |filter| filter.clogging),
            pump.map_or(0.0, |wear| wear.0),
        );
    }
}
