//! The one state of pump and tree in which every emitter gives what its pressure asks for.
//!
//! The flows of the emitters minimise the network's content (Collins et al. 1978): the energy lost
//! in pipes and emitters less the energy the pump gives, under the condition that no emitter sucks.
//! That function is strictly convex, so there is exactly one answer, also with dry zones, where the
//! bound holds instead of the pressure. Newton steps on the tree cost one pass up and one down; a
//! line search on the content makes them safe far from the answer. Bisection over nested junctions
//! was rejected: it is exponential in the depth of the tree.

use super::{Network, Pump, PumpCurve};

/// Largest error of head at which the search stops, m.
const TOLERANCE_M: f64 = 1e-8;

/// Most Newton steps; healthy networks take about ten, filters with K of a million about twenty.
const STEPS_MAX: u32 = 200;

/// Most halvings of one step.
const HALVINGS_MAX: u32 = 40;

/// What feeds the tree: a reservoir and a pump with a check valve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Supply {
    curve: PumpCurve,
    running: bool,
    reservoir_head_m: f64,
}

impl Supply {
    /// A pump that lifts from a reservoir whose water stands at `reservoir_head_m`.
    pub fn new(pump: &Pump, reservoir_head_m: f64) -> Self {
        Self { curve: pump.effective_curve(), running: pump.speed > 0.0, reservoir_head_m }
    }

    fn at(&self, flow_m3s: f64) -> SupplyPoint {
        let PumpCurve { a_m, b, c } = self.curve;
        let slope_part = if flow_m3s > 0.0 { b * libm::pow(flow_m3s, c - 1.0) } else { 0.0 };
        let lost_m = slope_part * flow_m3s;
        let static_m = self.reservoir_head_m + a_m;
        SupplyPoint {
            head_m: static_m - lost_m,
            slope: -c * slope_part,
            content: static_m * flow_m3s - lost_m * flow_m3s / (c + 1.0),
        }
    }
}

struct SupplyPoint {
    head_m: f64,
    slope: f64,
    content: f64,
}

/// Flows and pressures of a network. Keep one and hand it to every [`Network::solve_into`] to save
/// allocations; the answer never depends on what it held before.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Solution {
    /// Flow through the pump, m3/s.
    pub pump_flow_m3s: f64,
    /// Head the pump adds, m; 0 when it is off.
    pub pump_head_m: f64,
    /// Flow in the pipe that leads to each node, m3/s.
    pub flow_m3s: Vec<f64>,
    /// Pressure at each node, m of water. 0 behind a closed valve and everywhere while the pump is
    /// off; negative where water does not reach.
    pub pressure_m: Vec<f64>,
    /// Flow out of each node's emitter, m3/s.
    pub emitter_m3s: Vec<f64>,
    /// Newton steps taken.
    pub steps: u32,
    /// Largest error of head left at an emitter, m; above 1e-8 only if [`Self::steps`] reached its
    /// limit of 200.
    pub error_m: f64,
    nodes: Vec<Node>,
}

/// What a node holds during the search.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Node {
    /// Emitter coefficient, 0 behind closed valves.
    emitter: f64,
    cut_off: bool,
    emitted: f64,
    trial: f64,
    flow: f64,
    slope: f64,
    head: f64,
    /// Pressure the emitter asks for less the pressure it has, m.
    excess: f64,
    /// Linear answer of the subtree to a change of head at its parent: alpha + beta v.
    alpha: f64,
    beta: f64,
    /// Sums of the children's answers.
    children_alpha: f64,
    children_beta: f64,
    /// Inverse slope of a free emitter, 0 of a held one.
    yielding: f64,
    head_change: f64,
    step: f64,
}

impl Network {
    /// Flows and pressures under a supply, in a new [`Solution`].
    pub fn solve(&self, supply: &Supply) -> Solution {
        let mut solution = Solution::default();
        self.solve_into(supply, &mut solution);
        solution
    }

    /// Flows and pressures under a supply.
    ///
    /// # Source
    /// Hazen-Williams h = 10.667 C^-1.852 d^-4.871 L Q^1.852, minor loss h = 8 K Q^2 / (g pi^2
    /// d^4), emitter q = Ce p^.5, as EPANET 2.2; no emitter flows at pressure 0 or below.
    pub fn solve_into(&self, supply: &Supply, out: &mut Solution) {
        out.nodes.clear();
        out.nodes.resize(self.len(), Node::default());
        out.steps = 0;
        out.error_m = 0.0;
        let nodes = &mut out.nodes;
        let is_fed = self.open(supply, nodes);
        if !supply.running {
            self.write_idle(out);
            return;
        }
        for node in nodes.iter_mut() {
            node.trial = node.emitted;
        }
        let mut state = self.evaluate(supply, nodes);
        accept(nodes);
        while is_fed && state.error_m > TOLERANCE_M && out.steps < STEPS_MAX {
            self.newton_step(&state, nodes);
            state = self.line_search(supply, state, nodes);
            out.steps += 1;
        }
        out.error_m = state.error_m;
        self.write(supply, &state, out);
    }

    /// Marks what is behind closed valves and guesses the flows of the rest; tells whether any
    /// emitter is fed.
    fn open(&self, supply: &Supply, nodes: &mut [Node]) -> bool {
        let mut is_fed = false;
        for &i in &self.downstream {
            let pipe = &self.pipes[i];
            let cut_off = pipe.closed || self.parents[i].is_some_and(|p| nodes[p].cut_off);
            nodes[i].cut_off = cut_off;
            if cut_off || pipe.emitter <= 0.0 {
                continue;
            }
            is_fed = true;
            nodes[i].emitter = pipe.emitter;
            let head_m = 0.5 * (supply.reservoir_head_m + supply.curve.a_m - pipe.elevation_m);
            nodes[i].emitted = pipe.emitter * head_m.max(0.01).sqrt();
        }
        is_fed
    }

    /// Flows, heads, errors and content for the trial flows of the emitters.
    fn evaluate(&self, supply: &Supply, nodes: &mut [Node]) -> State {
        let mut total = 0.0;
        for node in nodes.iter_mut() {
            node.flow = node.trial;
        }
        for &i in self.downstream.iter().rev() {
            match self.parents[i] {
                Some(parent) => nodes[parent].flow += nodes[i].flow,
                None => total += nodes[i].flow,
            }
        }
        let source = supply.at(total);
        let mut content = -source.content;
        let mut error_m: f64 = 0.0;
        for &i in &self.downstream {
            let pipe = &self.pipes[i];
            let above_m = self.parents[i].map_or(source.head_m, |p| nodes[p].head);
            let node = &mut nodes[i];
            let (lost_m, slope) = pipe.loss(node.flow);
            node.slope = slope;
            node.head = above_m - lost_m;
            // The integral of a sum of powers: friction goes with Q^1.852, the rest with Q^2.
            let minor_m = pipe.minor_unit * pipe.minor_k * node.flow * node.flow;
            content += ((lost_m - minor_m) / 2.852 + minor_m / 3.0) * node.flow;
            if node.emitter > 0.0 {
                let ratio = node.trial / node.emitter;
                node.excess = ratio * ratio - (node.head - pipe.elevation_m);
                content += (ratio * ratio / 3.0 + pipe.elevation_m) * node.trial;
                let error =
                    if node.trial > 0.0 { node.excess.abs() } else { (-node.excess).max(0.0) };
                error_m = error_m.max(error);
            }
        }
        State { content, error_m, total, source_head_m: source.head_m, source_slope: source.slope }
    }

    /// Linearises pipes, emitters and pump and solves for the change of every emitter's flow.
    fn newton_step(&self, state: &State, nodes: &mut [Node]) {
        let (mut root_alpha, mut root_beta) = (0.0, 0.0);
        for node in nodes.iter_mut() {
            (node.children_alpha, node.children_beta) = (0.0, 0.0);
        }
        for &i in self.downstream.iter().rev() {
            let node = &mut nodes[i];
            node.yielding = yielding(node);
            let alpha = node.children_alpha - node.excess * node.yielding;
            let beta = node.children_beta + node.yielding;
            let damping = 1.0 + beta * node.slope;
            (node.alpha, node.beta) = (alpha / damping, beta / damping);
            let (alpha, beta) = (node.alpha, node.beta);
            match self.parents[i] {
                Some(parent) => {
                    nodes[parent].children_alpha += alpha;
                    nodes[parent].children_beta += beta;
                }
                None => {
                    root_alpha += alpha;
                    root_beta += beta;
                }
            }
        }
        let total_change = root_alpha / (1.0 - root_beta * state.source_slope);
        let source_change_m = state.source_slope * total_change;
        for &i in &self.downstream {
            let above_m = self.parents[i].map_or(source_change_m, |p| nodes[p].head_change);
            let node = &mut nodes[i];
            node.head_change = above_m - node.slope * (node.alpha + node.beta * above_m);
            node.step = (node.head_change - node.excess) * node.yielding;
        }
    }

    /// Goes along the step as far as the content falls.
    ///
    /// First the step with every flow cut at zero, which settles many dry zones at once. If that
    /// does not help, the straight way: up to where the first flow reaches zero, and back from
    /// there. The straight way always falls.
    fn line_search(&self, supply: &Supply, before: State, nodes: &mut [Node]) -> State {
        let slack = 1e-13 * before.content.abs();
        let falls = |after: &State| {
            after.content <= before.content + slack || after.error_m < 0.5 * before.error_m
        };
        for part in [1.0, 0.25] {
            for node in nodes.iter_mut() {
                node.trial = (node.emitted + part * node.step).max(0.0);
            }
            let after = self.evaluate(supply, nodes);
            if falls(&after) {
                accept(nodes);
                return after;
            }
        }
        let first_dry =
            nodes.iter().filter(|node| node.step < 0.0).map(|node| -node.emitted / node.step);
        let mut part = first_dry.fold(1.0, f64::min);
        for halving in 0..HALVINGS_MAX {
            for node in nodes.iter_mut() {
                let straight = node.emitted + part * node.step;
                let is_dry = halving == 0 && node.step < 0.0 && straight <= 1e-12 * node.emitted;
                node.trial = if is_dry { 0.0 } else { straight.max(0.0) };
            }
            let after = self.evaluate(supply, nodes);
            if falls(&after) {
                accept(nodes);
                return after;
            }
            part *= 0.5;
        }
        // No part of the step helps: rounding decides, so stay.
        for node in nodes.iter_mut() {
            node.trial = node.emitted;
        }
        self.evaluate(supply, nodes)
    }

    fn write(&self, supply: &Supply, state: &State, out: &mut Solution) {
        out.pump_flow_m3s = state.total;
        out.pump_head_m = state.source_head_m - supply.reservoir_head_m;
        let nodes = &out.nodes;
        refill(&mut out.flow_m3s, nodes.iter().map(|node| node.flow));
        refill(&mut out.emitter_m3s, nodes.iter().map(|node| node.trial));
        refill(
            &mut out.pressure_m,
            nodes
                .iter()
                .zip(&self.pipes)
                .map(|(node, pipe)| if node.cut_off { 0.0 } else { node.head - pipe.elevation_m }),
        );
    }

    fn write_idle(&self, out: &mut Solution) {
        out.pump_flow_m3s = 0.0;
        out.pump_head_m = 0.0;
        for column in [&mut out.flow_m3s, &mut out.emitter_m3s, &mut out.pressure_m] {
            refill(column, std::iter::repeat_n(0.0, self.len()));
        }
    }
}

#[derive(Clone, Copy)]
struct State {
    content: f64,
    error_m: f64,
    total: f64,
    source_head_m: f64,
    source_slope: f64,
}

/// How much an emitter's flow changes per metre of head: 0 while it is held dry.
fn yielding(node: &Node) -> f64 {
    let is_held = node.trial <= 0.0 && node.excess >= 0.0;
    if node.emitter <= 0.0 || is_held {
        return 0.0;
    }
    // From a dry start the tangent is flat; the secant to the flow that the pressure asks for
    // bounds the step.
    let ratio = node.trial / node.emitter;
    let pressure_m = (ratio * ratio - node.excess).max(0.0);
    let slope = (2.0 * ratio).max(pressure_m.sqrt()) / node.emitter;
    1.0 / slope.max(SLOPE_MIN)
}

/// Least slope of an emitter, m per m3/s; keeps a drying one from an unbounded step.
const SLOPE_MIN: f64 = 1e-6;

fn accept(nodes: &mut [Node]) {
    for node in nodes {
        node.emitted = node.trial;
    }
}

fn refill(column: &mut Vec<f64>, values: impl Iterator<Item = f64>) {
    column.clear();
    column.extend(values);
}
