//! The pump at work, by day and number of open zones.

use super::facts::Facts;
use super::scan::{Batch, Wanted, scan};
use crate::error::EngineError;
use fieldmirror_tables::Table;
use std::collections::BTreeMap;
use std::path::Path;

/// Means over a farm's pumping.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::report) struct Pumping {
    /// By number of open zones: middle of the day, pump flow in l/s, pressure drop over the filter
    /// in kPa; means weighted by time.
    pub(in crate::report) by_open_zones: BTreeMap<u32, Vec<[f64; 3]>>,
    /// Hours in which the pump ran.
    pub(in crate::report) running_h: f64,
    /// Electric energy, in kWh.
    pub(in crate::report) energy_kwh: f64,
    /// Water that the pump moved, in m3.
    pub(in crate::report) volume_m3: f64,
}

/// One interval of a site: its rows, one a zone, follow one another.
#[derive(Clone, Copy, Debug, Default)]
struct Interval {
    time: i64,
    duration_s: f64,
    open: u32,
    flow_lps: f64,
    drop_kpa: f64,
    power_kw: f64,
}

#[derive(Default)]
struct Fold {
    start: i64,
    current: Option<Interval>,
    /// By (open zones, day): seconds, and flow and drop times seconds.
    sums: BTreeMap<(u32, i64), [f64; 3]>,
    result: Pumping,
}

const WANTED: Wanted = Wanted {
    times: &["time"],
    reals: &["duration_s", "pump_flow_lps", "pump_pressure_kpa", "filter_pressure_kpa", "power_kw"],
    flags: &["valve_open"],
    words: &[],
};

/// Reads the hydraulics of a single farm.
pub(super) fn read(run: &Path, facts: &Facts) -> Result<Pumping, EngineError> {
    let mut fold = Fold { start: facts.start.nanos(), ..Fold::default() };
    scan(run, Table::Hydraulics, WANTED, |batch| fold.add(batch))?;
    Ok(fold.finish())
}

impl Fold {
    fn add(&mut self, batch: &Batch) {
        let (times, open) = (batch.times("time"), batch.flags("valve_open"));
        let (duration, power) = (batch.reals("duration_s"), batch.reals("power_kw"));
        let flow = batch.reals("pump_flow_lps");
        let (before, after) =
            (batch.reals("pump_pressure_kpa"), batch.reals("filter_pressure_kpa"));
        for row in 0..times.len() {
            let is_open = u32::from(open[row]);
            match &mut self.current {
                Some(interval) if interval.time == times[row] => interval.open += is_open,
                _ => {
                    self.close();
                    self.current = Some(Interval {
                        time: times[row],
                        duration_s: duration[row],
                        open: is_open,
                        flow_lps: flow[row],
                        drop_kpa: before[row] - after[row],
                        power_kw: power[row],
                    });
                }
            }
        }
    }

    fn close(&mut self) {
        let Some(interval) = self.current.take() else { return };
        let (open, weight) = (interval.open, interval.duration_s);
        let day = (interval.time - self.start) / 86_400_000_000_000;
        let sums = self.sums.entry((open, day)).or_default();
        sums[0] += weight;
        sums[1] += weight * interval.flow_lps;
        sums[2] += weight * interval.drop_kpa;
        self.result.running_h += weight / 3_600.0;
        self.result.energy_kwh += weight * interval.power_kw / 3_600.0;
        self.result.volume_m3 += weight * interval.flow_lps / 1_000.0;
    }

    fn finish(mut self) -> Pumping {
        self.close();
        for ((open, day), [weight, flow, drop]) in self.sums {
            if weight > 0.0 {
                let point = [day as f64 + 0.5, flow / weight, drop / weight];
                self.result.by_open_zones.entry(open).or_default().push(point);
            }
        }
        self.result
    }
}
