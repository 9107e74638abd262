//! Why a twin cannot be built.

/// A register or specification that the twin cannot stand on. None is fatal: nothing was changed,
/// correct the input and construct again.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TwinError {
    /// A number of the specification is outside its range.
    #[error("twin {key} is {value}; expected {expected}")]
    Spec {
        /// The key.
        key: &'static str,
        /// The number given, in the key's unit.
        value: f64,
        /// What is accepted.
        expected: &'static str,
    },
    /// A site has more of something than the twin keeps track of.
    #[error("site `{site}` has {count} {what}; the twin follows at most {limit} a site")]
    TooMany {
        /// Name of the site.
        site: String,
        /// What there is too much of.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many are possible.
        limit: usize,
    },
    /// A site's zones and the design of its pipes do not agree.
    #[error("site `{site}` has {zones} zones, but its pipe network is designed for {designed}")]
    ZoneCount {
        /// Name of the site.
        site: String,
        /// Zones in the register.
        zones: usize,
        /// Zones with an elevation in the hydraulic design.
        designed: usize,
    },
    /// Design values of a site that the formulas refuse.
    #[error("site `{site}`: {source}")]
    Design {
        /// Name of the site.
        site: String,
        /// What the formulas say.
        source: fieldmirror_physics::error::Error,
    },
    /// A what-if question about a zone that the design does not have.
    #[error("zone position {zone} is outside a design with {designed} zones")]
    NoSuchZone {
        /// Position along the main, from 0.
        zone: usize,
        /// How many zones the design has.
        designed: usize,
    },
    /// A magnitude that the fault cannot have.
    #[error("{fault}: magnitude is {value}; expected {expected}")]
    Magnitude {
        /// The fault's class name.
        fault: &'static str,
        /// The number given.
        value: f64,
        /// What is accepted.
        expected: &'static str,
    },
}
