//! The tree of pipes: specification, check, and the coefficients that the solver needs.

use super::GRAVITY_MS2;
use crate::error::Error;

/// A node and the pipe that leads to it from its parent.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeSpec {
    /// Name, unique in the network.
    pub name: String,
    /// Name of the node upstream; none if the pipe starts at the pump's outlet.
    pub parent: Option<String>,
    /// Length of the pipe, m.
    pub length_m: f64,
    /// Inner diameter of the pipe, m.
    pub diameter_m: f64,
    /// Hazen-Williams roughness C of the pipe.
    pub roughness_c: f64,
    /// Minor loss coefficient K of the pipe: bends, valve, filter.
    pub minor_k: f64,
    /// Elevation of the node, m.
    pub elevation_m: f64,
    /// Emitter coefficient of the node, m3/s per square root of a metre of pressure; 0 for none.
    pub emitter: f64,
    /// Whether a valve in the pipe is closed.
    pub closed: bool,
}

/// A checked tree of pipes. Nodes are addressed by their index in the order of declaration.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    pub(super) names: Vec<String>,
    pub(super) parents: Vec<Option<usize>>,
    pub(super) pipes: Vec<Pipe>,
    /// Indices of the nodes, each after its parent.
    pub(super) downstream: Vec<usize>,
}

/// What the solver needs of a node and its pipe.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pipe {
    /// Hazen-Williams loss per flow^1.852, m.
    pub(super) friction: f64,
    /// Minor loss per flow^2 and K, m.
    pub(super) minor_unit: f64,
    pub(super) minor_k: f64,
    pub(super) elevation_m: f64,
    pub(super) emitter: f64,
    pub(super) closed: bool,
}

impl Network {
    /// Checks a specification and builds the network.
    ///
    /// # Errors
    /// [`Error::EmptyNetwork`], [`Error::DuplicateNode`], [`Error::UnknownParent`],
    /// [`Error::CyclicNetwork`] and [`Error::BadPipe`], each naming the node.
    pub fn new(nodes: &[NodeSpec]) -> Result<Self, Error> {
        if nodes.is_empty() {
            return Err(Error::EmptyNetwork);
        }
        let parents = parents(nodes)?;
        let downstream = downstream_order(nodes, &parents)?;
        let mut pipes = Vec::with_capacity(nodes.len());
        for node in nodes {
            check_pipe(node)?;
            let d2 = node.diameter_m * node.diameter_m;
            pipes.push(Pipe {
                friction: hazen_williams(node.roughness_c, node.diameter_m) * node.length_m,
                minor_unit: 8.0
                    / (GRAVITY_MS2 * std::f64::consts::PI * std::f64::consts::PI * d2 * d2),
                minor_k: node.minor_k,
                elevation_m: node.elevation_m,
                emitter: node.emitter,
                closed: node.closed,
            });
        }
        Ok(Self {
            names: nodes.iter().map(|node| node.name.clone()).collect(),
            parents,
            pipes,
            downstream,
        })
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.pipes.len()
    }

    /// Whether it has no nodes; never true of a network that was built.
    pub fn is_empty(&self) -> bool {
        self.pipes.is_empty()
    }

    /// Index of a node by its name.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }

    /// Name of a node.
    ///
    /// # Panics
    /// If the network has no such index.
    pub fn name(&self, node: usize) -> &str {
        &self.names[node]
    }

    /// Opens or closes the valve in a node's pipe.
    ///
    /// # Panics
    /// If the network has no such index.
    pub fn set_closed(&mut self, node: usize, closed: bool) {
        self.pipes[node].closed = closed;
    }

    /// Sets the minor loss coefficient K of a node's pipe, such as a filter that clogs; values
    /// below 0 count as 0.
    ///
    /// # Panics
    /// If the network has no such index.
    pub fn set_minor_k(&mut self, node: usize, minor_k: f64) {
        self.pipes[node].minor_k = minor_k.max(0.0);
    }

    /// Sets the emitter coefficient of a node, m3/s per sqrt(m): a leak, or clogged emitters;
    /// values below 0 count as 0.
    ///
    /// # Panics
    /// If the network has no such index.
    pub fn set_emitter(&mut self, node: usize, emitter: f64) {
        self.pipes[node].emitter = emitter.max(0.0);
    }
}

impl Pipe {
    /// Loss of head at a flow and its slope, m and m per m3/s.
    pub(super) fn loss(&self, flow_m3s: f64) -> (f64, f64) {
        if flow_m3s <= 0.0 {
            return (0.0, 0.0);
        }
        let friction = self.friction * libm::pow(flow_m3s, 0.852);
        let minor = self.minor_unit * self.minor_k * flow_m3s;
        ((friction + minor) * flow_m3s, 1.852 * friction + 2.0 * minor)
    }
}

/// Loss per metre of pipe and flow^1.852, SI units.
///
/// EPANET's 10.667 C^-1.852 d^-4.871.
fn hazen_williams(roughness_c: f64, diameter_m: f64) -> f64 {
    10.667 * libm::pow(roughness_c, -1.852) * libm::pow(diameter_m, -4.871)
}

fn parents(nodes: &[NodeSpec]) -> Result<Vec<Option<usize>>, Error> {
    // Sorted pairs instead of a map: the order of errors is that of declaration.
    let mut by_name: Vec<(&str, usize)> =
        nodes.iter().enumerate().map(|(i, node)| (node.name.as_str(), i)).collect();
    by_name.sort_unstable();
    if let Some(pair) = by_name.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(Error::DuplicateNode { node: pair[0].0.to_owned() });
    }
    nodes
        .iter()
        .map(|node| {
            let Some(parent) = &node.parent else {
                return Ok(None);
            };
            by_name
                .binary_search_by_key(&parent.as_str(), |&(name, _)| name)
                .map(|found| Some(by_name[found].1))
                .map_err(|_| Error::UnknownParent {
                    node: node.name.clone(),
                    parent: parent.clone(),
                })
        })
        .collect()
}

fn downstream_order(nodes: &[NodeSpec], parents: &[Option<usize>]) -> Result<Vec<usize>, Error> {
    let mut placed = vec![false; nodes.len()];
    let mut order = Vec::with_capacity(nodes.len());
    for start in 0..nodes.len() {
        // The way up to the first placed node; longer than the network means a cycle.
        let mut path = Vec::new();
        let mut next = Some(start);
        while let Some(node) = next.filter(|&node| !placed[node]) {
            if path.len() == nodes.len() {
                return Err(Error::CyclicNetwork { node: nodes[start].name.clone() });
            }
            path.push(node);
            next = parents[node];
        }
        for node in path.into_iter().rev() {
            placed[node] = true;
            order.push(node);
        }
    }
    Ok(order)
}

fn check_pipe(node: &NodeSpec) -> Result<(), Error> {
    let positive = |quantity, value: f64| check(node, quantity, value, value > 0.0, "above 0");
    let not_negative =
        |quantity, value: f64| check(node, quantity, value, value >= 0.0, "0 or above");
    positive("diameter_m", node.diameter_m)?;
    positive("length_m", node.length_m)?;
    positive("roughness_c", node.roughness_c)?;
    not_negative("minor_k", node.minor_k)?;
    not_negative("emitter", node.emitter)?;
    check(node, "elevation_m", node.elevation_m, true, "a finite number")
}

fn check(
    node: &NodeSpec,
    quantity: &'static str,
    value: f64,
    holds: bool,
    expected: &'static str,
) -> Result<(), Error> {
    if holds && value.is_finite() {
        return Ok(());
    }
    Err(Error::BadPipe { node: node.name.clone(), quantity, value, expected })
}
