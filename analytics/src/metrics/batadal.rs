//! The score of the BATADAL contest: how soon and how cleanly.

use super::{Confusion, delays, segments};
use crate::error::Result;
use serde::Serialize;

/// The two parts of S, and S.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Batadal {
    /// 1 - mean(delay / duration) over attacks, 1 for a missed one.
    pub s_ttd: f64,
    /// Mean of the shares of attacked and of normal rows that were told right.
    pub s_cm: f64,
    /// (S_TTD + S_CM) / 2.
    pub s: f64,
    /// Attacks that were found.
    pub found: usize,
    /// Attacks.
    pub attacks: usize,
}

/// S of alarms against attacks. `None` unless there are rows of both kinds.
///
/// # Source
/// Taormina et al., "Battle of the Attack Detection Algorithms", Journal of Water Resources
/// Planning and Management 144(8), 2018, equations 1 to 5 with weight 1/2.
///
/// # Errors
/// [`crate::AnalyticsError::Lengths`].
pub fn batadal(labels: &[bool], alarms: &[bool]) -> Result<Option<Batadal>> {
    let counts = Confusion::count(labels, alarms)?;
    let (Some(sensitivity), Some(specificity)) = (counts.recall(), counts.specificity()) else {
        return Ok(None);
    };
    let attacks = segments(labels);
    let delays = delays(labels, alarms)?;
    let late = |(delay, attack): (&Option<usize>, &super::Segment)| {
        delay.map_or(1.0, |delay| delay as f64 / attack.len() as f64)
    };
    let lateness: f64 = delays.rows.iter().zip(&attacks).map(late).sum();
    let s_ttd = 1.0 - lateness / attacks.len() as f64;
    let s_cm = f64::midpoint(sensitivity, specificity);
    let found = attacks.len() - delays.missed();
    Ok(Some(Batadal { s_ttd, s_cm, s: f64::midpoint(s_ttd, s_cm), found, attacks: attacks.len() }))
}
