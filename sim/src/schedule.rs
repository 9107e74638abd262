//! The one list of systems, in the order in which they run.

use crate::error::SimError;
use crate::systems::{
    batteries, commands, faults, gateways, ground, hydraulics, probes, pumps, radio, stations,
    weather,
};
use bevy_ecs::schedule::{
    IntoScheduleConfigs, LogLevel, Schedule, ScheduleBuildSettings, ScheduleLabel,
    SingleThreadedExecutor,
};
use bevy_ecs::world::World;

#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
struct Step;

/// The schedule of a step: single-threaded, chained, and two systems whose order matters but is not
/// given are an error.
pub(crate) fn schedule(world: &mut World) -> Result<Schedule, SimError> {
    let mut schedule = Schedule::new(Step);
    schedule
        .set_executor(SingleThreadedExecutor::new())
        .set_build_settings(ScheduleBuildSettings {
            ambiguity_detection: LogLevel::Error,
            ..ScheduleBuildSettings::default()
        })
        .add_systems(
            (
                // What the farm cannot change.
                weather::advance_weather,
                faults::grow_faults,
                // Water: valves, pipes, soil.
                commands::obey_commands,
                hydraulics::solve_hydraulics,
                ground::step_soil,
                ground::step_heat,
                // Instruments and the air.
                probes::sample_probes,
                stations::report_weather,
                radio::transmit,
                batteries::drain_batteries,
                // MQTT clients; gateways count what the air delivered.
                pumps::report_pumps,
                gateways::report_gateways,
            )
                .chain(),
        );
    schedule
        .initialize(world)
        .map_err(|error| SimError::Schedule { why: error.to_string(schedule.graph(), world) })?;
    Ok(schedule)
}
