//! A site's pump, filter and pipes with their true values, and how they run.
//!
//! The solution of the network is kept until the set of open valves or the condition of a part
//! changes. An interval runs from one change (or full hour) to the next.

use crate::fault::{clogged_minor_loss, leak_emitter};
use crate::rows::HydraulicsRow;
use bevy_ecs::component::Component;
use fieldmirror_core::ids::ZoneIx;
use fieldmirror_core::time::Timestamp;
use fieldmirror_core::units::Metres;
use fieldmirror_physics::hydraulics::{Network, Pump, Solution, Supply};

/// Pump, filter, pipes and valves of a site.
#[derive(Component, Debug)]
pub(crate) struct Plant {
    pub(crate) network: Network,
    pub(crate) pump: Pump,
    pub(crate) reservoir_head_m: f64,
    pub(crate) pump_elevation_m: f64,
    /// Node behind the filter, and the clean filter's K.
    pub(crate) filter_node: usize,
    pub(crate) clean_minor_loss: f64,
    /// Emitter coefficient of a zone as designed.
    pub(crate) zone_emitter: f64,
    /// Lines by position along the main.
    pub(crate) lines: Vec<Line>,
    /// Whether parts have changed since the network was solved.
    pub(crate) is_stale: bool,
    /// Whether a fault has changed a part since the network took the parts' condition.
    pub(crate) is_worn: bool,
    pub(crate) since: Timestamp,
    pub(crate) solution: Solution,
    /// Operating points of the step, by time.
    pub(crate) points: Vec<OperatingPoint>,
    /// Zone flows of the points, l/s: one for each line and point.
    pub(crate) flows_lps: Vec<f64>,
}

/// A zone's junction, lateral and valve.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    pub(crate) zone: ZoneIx,
    pub(crate) area_m2: f64,
    pub(crate) junction_node: usize,
    pub(crate) zone_node: usize,
    pub(crate) is_commanded_open: bool,
    pub(crate) is_stuck_closed: bool,
    /// Severity of the leak at the junction.
    pub(crate) leak: f64,
}

impl Line {
    fn is_open(&self) -> bool {
        self.is_commanded_open && !self.is_stuck_closed
    }
}

/// How the plant runs from a moment on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct OperatingPoint {
    pub(crate) from: Timestamp,
    pub(crate) is_running: bool,
    pub(crate) pump_flow_lps: f64,
    pub(crate) pump_pressure_kpa: f64,
    pub(crate) filter_pressure_kpa: f64,
    pub(crate) power_kw: f64,
}

impl Plant {
    /// Whether any controller asks for water; then the pump runs, even against closed valves.
    pub(crate) fn is_running(&self) -> bool {
        self.lines.iter().any(|line| line.is_commanded_open)
    }

    /// Takes the condition of filter and pump; that of the lines is set by the caller.
    pub(crate) fn take_condition(&mut self, clogging: f64, wear: f64) {
        let minor_loss = clogged_minor_loss(self.clean_minor_loss, clogging);
        self.network.set_minor_k(self.filter_node, minor_loss);
        self.pump.wear = wear;
        for line in &self.lines {
            self.network
                .set_emitter(line.junction_node, leak_emitter(self.zone_emitter, line.leak));
        }
        self.is_worn = false;
        self.is_stale = true;
    }

    /// Notes how the plant runs from `at` on, solving the network if anything has changed.
    pub(crate) fn begin(&mut self, at: Timestamp) {
        if !self.is_running() {
            self.points.push(OperatingPoint { from: at, ..OperatingPoint::default() });
            self.flows_lps.extend(self.lines.iter().map(|_| 0.0));
            return;
        }
        if self.is_stale {
            for line in &self.lines {
                self.network.set_closed(line.zone_node, !line.is_open());
            }
            let supply = Supply::new(&self.pump, self.reservoir_head_m);
            self.network.solve_into(&supply, &mut self.solution);
            self.is_stale = false;
        }
        let solution = &self.solution;
        self.points.push(OperatingPoint {
            from: at,
            is_running: true,
            pump_flow_lps: 1_000.0 * solution.pump_flow_m3s,
            pump_pressure_kpa: self.pump_pressure_kpa(),
            filter_pressure_kpa: kilopascals(solution.pressure_m[self.filter_node]),
            power_kw: self.power_kw(),
        });
        for line in &self.lines {
            self.flows_lps.push(1_000.0 * solution.emitter_m3s[line.zone_node]);
        }
    }

    /// Ends the running interval at `at`: appends a row for each line, and begins the next.
    pub(crate) fn close(&mut self, at: Timestamp, rows: &mut Vec<HydraulicsRow>) {
        if self.is_running() && self.since < at {
            let duration = at - self.since;
            for line in &self.lines {
                let zone_flow_lps = 1_000.0 * self.solution.emitter_m3s[line.zone_node];
                rows.push(HydraulicsRow {
                    time: self.since,
                    duration,
                    zone: line.zone,
                    valve_open: line.is_open(),
                    zone_flow_lps,
                    zone_pressure_kpa: kilopascals(self.solution.pressure_m[line.zone_node]),
                    pump_flow_lps: 1_000.0 * self.solution.pump_flow_m3s,
                    pump_head_m: self.solution.pump_head_m,
                    pump_pressure_kpa: self.pump_pressure_kpa(),
                    filter_pressure_kpa: kilopascals(self.solution.pressure_m[self.filter_node]),
                    power_kw: self.power_kw(),
                    applied_mm: zone_flow_lps * duration.seconds() / line.area_m2,
                });
            }
        }
        self.since = at;
    }

    /// Gross depth a second that a line gets now, mm/s.
    pub(crate) fn rate_mm_s(&self, position: usize) -> f64 {
        if !self.is_running() {
            return 0.0;
        }
        let line = &self.lines[position];
        1_000.0 * self.solution.emitter_m3s[line.zone_node] / line.area_m2
    }

    /// How the plant runs at a moment of the step, and the flow of the line at `position`, l/s.
    pub(crate) fn point_at(&self, at: Timestamp, position: usize) -> (OperatingPoint, f64) {
        let after = self.points.partition_point(|point| point.from <= at);
        match after.checked_sub(1) {
            Some(i) => (self.points[i], self.flows_lps[i * self.lines.len() + position]),
            None => (OperatingPoint::default(), 0.0),
        }
    }

    fn pump_pressure_kpa(&self) -> f64 {
        let head_m = self.reservoir_head_m + self.solution.pump_head_m;
        kilopascals(head_m - self.pump_elevation_m)
    }

    fn power_kw(&self) -> f64 {
        self.pump.electric_kw(self.solution.pump_flow_m3s, self.solution.pump_head_m)
    }
}

fn kilopascals(head_m: f64) -> f64 {
    Metres::new(head_m).to_kilopascals().get()
}
