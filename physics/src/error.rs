//! What can be wrong with the numbers that a caller hands in.

/// A rejected specification. None is fatal: nothing was changed, correct the input and construct
/// again.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A pipe network without nodes.
    #[error("a pipe network needs at least one node")]
    EmptyNetwork,
    /// Two nodes of a network bear one name.
    #[error("node `{node}` is declared twice; names of nodes must be unique")]
    DuplicateNode {
        /// Name of the node.
        node: String,
    },
    /// A node names a parent that the network does not have.
    #[error("node `{node}` names the parent `{parent}`, which the network does not have")]
    UnknownParent {
        /// Name of the node.
        node: String,
        /// The name it gave.
        parent: String,
    },
    /// Following the parents from this node never reaches the pump.
    #[error("node `{node}` is on a cycle: following its parents never reaches the pump")]
    CyclicNetwork {
        /// Name of the first node, in order of declaration, that lies on or behind the cycle.
        node: String,
    },
    /// A dimension of a node's pipe is not usable.
    #[error("node `{node}`: {quantity} is {value}, expected {expected}")]
    BadPipe {
        /// Name of the node.
        node: String,
        /// Which number, with its unit.
        quantity: &'static str,
        /// The number given.
        value: f64,
        /// What is accepted.
        expected: &'static str,
    },
    /// Three points that no falling power curve goes through.
    #[error(
        "pump curve needs flows 0 < q1 < q2 and heads h0 > h1 > h2 >= 0, got ({q1_m3s}, {h1_m}) and ({q2_m3s}, {h2_m}) under shutoff {h0_m}"
    )]
    BadPumpCurve {
        /// Head at no flow, m.
        h0_m: f64,
        /// Flow of the middle point, m3/s.
        q1_m3s: f64,
        /// Head of the middle point, m.
        h1_m: f64,
        /// Flow of the last point, m3/s.
        q2_m3s: f64,
        /// Head of the last point, m.
        h2_m: f64,
    },
    /// A parameter outside its range.
    #[error("{quantity} is {value}, expected {expected}")]
    BadValue {
        /// Which number, with its unit.
        quantity: &'static str,
        /// The number given.
        value: f64,
        /// What is accepted.
        expected: &'static str,
    },
}
