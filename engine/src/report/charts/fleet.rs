//! The charts of a fleet: quantiles over zones instead of single zones.

use super::palette::{BLUE, INK, SKY};
use super::quality::{clean_band, clean_key};
use super::{Key, Mark, Plot, Point, Room, ValueAxis};
use crate::report::data::{Facts, SoilQuantiles};

/// Plant-available water over all zones.
pub(in crate::report) fn soil(facts: &Facts, soil: &SoilQuantiles) -> Plot {
    let line = |pick: usize| -> Vec<Point> {
        soil.hours.iter().map(|(day, quantiles)| (*day, quantiles[pick])).collect()
    };
    let highest = soil.hours.iter().map(|(_, q)| q[4]).fold(0.0, f64::max);
    let lowest = soil.hours.iter().map(|(_, q)| q[0]).fold(100.0, f64::min);
    Plot {
        title: "Soil water over all zones".to_owned(),
        caption: String::new(),
        description: format!(
            "Plant-available water of {} zones by the hour: median, and the middle 50 % and 90 %.",
            soil.zones
        ),
        unit: "available water, %".to_owned(),
        time: facts.time_axis(),
        values: ValueAxis::around(lowest, highest),
        marks: vec![
            clean_band(facts),
            Mark::Ribbon { low: line(0), high: line(4), color: SKY },
            Mark::Ribbon { low: line(1), high: line(3), color: BLUE },
            Mark::Line { points: line(2), color: INK, width: 1.75 },
        ],
        legend: vec![
            Key::line(INK, "median zone"),
            Key::filled(BLUE, "middle half of the zones"),
            Key::filled(SKY, "middle 90 %"),
            clean_key(),
        ],
        room: Room::Full,
        height: 260,
    }
}
