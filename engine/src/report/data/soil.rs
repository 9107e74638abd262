//! Soil water: zone by zone for a farm, quantiles over zones for a fleet.

use super::facts::Facts;
use super::scan::{Batch, Wanted, scan};
use crate::error::EngineError;
use crate::report::charts::Point;
use fieldmirror_tables::Table;
use std::path::Path;

/// The water balance of one zone.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::report) struct ZoneSoil {
    pub(in crate::report) name: String,
    /// Plant-available water, in percent, by the hour.
    pub(in crate::report) available: Vec<Point>,
    pub(in crate::report) days: Vec<ZoneDay>,
}

/// A zone's day.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::report) struct ZoneDay {
    pub(in crate::report) irrigation_mm: f64,
    pub(in crate::report) rain_mm: f64,
    pub(in crate::report) eta_mm: f64,
    pub(in crate::report) percolation_mm: f64,
    /// Hours in which a lack of water slowed transpiration.
    pub(in crate::report) stress_h: f64,
}

impl ZoneSoil {
    pub(in crate::report) fn highest(&self) -> f64 {
        self.available.iter().map(|point| point.1).fold(0.0, f64::max)
    }
}

/// Quantiles of plant-available water over all zones.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct SoilQuantiles {
    pub(in crate::report) zones: usize,
    /// Day of the run, and the 5, 25, 50, 75 and 95 % quantiles, in percent.
    pub(in crate::report) hours: Vec<(f64, [f64; 5])>,
}

/// Evapotranspiration by day, in mm: mean over zones.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::report) struct Evapotranspiration {
    pub(in crate::report) ours_mm: Vec<f64>,
    pub(in crate::report) record_mm: Vec<f64>,
    pub(in crate::report) actual_mm: Vec<f64>,
}

/// All of it.
#[derive(Debug)]
pub(super) struct Soil {
    pub(super) zones: Vec<ZoneSoil>,
    pub(super) quantiles: Option<SoilQuantiles>,
    pub(super) et: Evapotranspiration,
}

/// Available water is counted in classes of one percent from here up.
const LOWEST_PCT: f64 = -20.0;
const CLASSES: usize = 256;

/// Sums while the table goes by.
struct Fold<'a> {
    facts: &'a Facts,
    zones: Vec<ZoneSoil>,
    /// Where the zone of each key stands in `zones`.
    places: Vec<Option<usize>>,
    /// By hour; empty for a farm.
    classes: Vec<[u32; CLASSES]>,
    et0_mm: Vec<f64>,
    eta_mm: Vec<f64>,
}

const WANTED: Wanted = Wanted {
    times: &["time"],
    reals: &[
        "et0_mm",
        "eta_mm",
        "rain_mm",
        "irrigation_mm",
        "deep_percolation_mm",
        "stress",
        "available_pct",
    ],
    flags: &[],
    words: &["zone"],
};

/// Reads the water balance of all zones.
pub(super) fn read(run: &Path, facts: &Facts) -> Result<Soil, EngineError> {
    let days = facts.hours().div_ceil(24);
    let zone = |(name, _): &(String, Vec<String>)| ZoneSoil {
        name: name.clone(),
        days: vec![ZoneDay::default(); days],
        ..ZoneSoil::default()
    };
    let classes = if facts.farms == 1 { 0 } else { facts.hours() };
    let mut fold = Fold {
        facts,
        zones: facts.zones.iter().map(zone).collect(),
        places: Vec::new(),
        classes: vec![[0; CLASSES]; classes],
        et0_mm: vec![0.0; days],
        eta_mm: vec![0.0; days],
    };
    scan(run, Table::Soil, WANTED, |batch| fold.add(batch))?;
    Ok(fold.finish())
}

impl Fold<'_> {
    fn add(&mut self, batch: &Batch) {
        let real = |name| batch.reals(name);
        let (times, zones) = (batch.times("time"), batch.words("zone"));
        let (et0, eta, available) = (real("et0_mm"), real("eta_mm"), real("available_pct"));
        let (rain, irrigation) = (real("rain_mm"), real("irrigation_mm"));
        let (percolation, stress) = (real("deep_percolation_mm"), real("stress"));
        let place = |name: &str| self.zones.iter().position(|zone| zone.name == name);
        zones.extend(&mut self.places, place);
        for row in 0..times.len() {
            // A row is named by the end of its hour.
            let hour = (times[row] - self.facts.start.nanos()) / 3_600_000_000_000 - 1;
            let hour = hour.max(0) as usize;
            let day = (hour / 24).min(self.et0_mm.len().saturating_sub(1));
            self.et0_mm[day] += et0[row];
            self.eta_mm[day] += eta[row];
            if let Some(classes) = self.classes.get_mut(hour) {
                let class = (available[row] - LOWEST_PCT).max(0.0) as usize;
                classes[class.min(CLASSES - 1)] += 1;
            }
            let Some(place) = zones.key(row).and_then(|key| self.places[key]) else { continue };
            let zone = &mut self.zones[place];
            zone.available.push(((hour + 1) as f64 / 24.0, available[row]));
            let sums = &mut zone.days[day];
            sums.irrigation_mm += irrigation[row];
            sums.rain_mm += rain[row];
            sums.eta_mm += eta[row];
            sums.percolation_mm += percolation[row];
            sums.stress_h += f64::from(u8::from(stress[row] < 1.0));
        }
    }

    fn finish(self) -> Soil {
        let zones = self.facts.zone_count.max(1) as f64;
        let mean = |sums: Vec<f64>| sums.into_iter().map(|sum| sum / zones).collect();
        let quantiles = (!self.classes.is_empty()).then(|| SoilQuantiles {
            zones: self.facts.zone_count,
            hours: self
                .classes
                .iter()
                .enumerate()
                .filter(|(_, classes)| classes.iter().any(|count| *count > 0))
                .map(|(hour, classes)| {
                    let at = [0.05, 0.25, 0.5, 0.75, 0.95];
                    ((hour + 1) as f64 / 24.0, at.map(|share| quantile(classes, share)))
                })
                .collect(),
        });
        let et = Evapotranspiration {
            ours_mm: mean(self.et0_mm),
            actual_mm: mean(self.eta_mm),
            record_mm: self.facts.record_et0_mm.clone(),
        };
        Soil { zones: self.zones, quantiles, et }
    }
}

/// The value below which `share` of the counted values lie, linear within its class.
fn quantile(classes: &[u32; CLASSES], share: f64) -> f64 {
    let total: f64 = classes.iter().map(|count| f64::from(*count)).sum();
    let mut below = 0.0;
    for (class, count) in classes.iter().enumerate() {
        let count = f64::from(*count);
        if count > 0.0 && below + count >= share * total {
            return LOWEST_PCT + class as f64 + (share * total - below) / count;
        }
        below += count;
    }
    LOWEST_PCT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_the_values_that_were_counted() {
        let mut classes = [0; CLASSES];
        // 100 zones at 40 %, 100 at 60 %.
        classes[(40.0 - LOWEST_PCT) as usize] = 100;
        classes[(60.0 - LOWEST_PCT) as usize] = 100;
        assert_eq!(quantile(&classes, 0.25), 40.5);
        assert_eq!(quantile(&classes, 0.75), 60.5);
        assert!((60.8..61.0).contains(&quantile(&classes, 0.95)));
    }
}
