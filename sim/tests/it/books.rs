//! Water is conserved: the rows alone explain every millimetre.

use crate::farm::{Plan, device, spec};
use crate::{collect, on};
use fieldmirror_core::ids::ZoneIx;
use fieldmirror_core::time::Span;
use fieldmirror_sim::{Command, FaultClass, FaultSpec, Growth, StepOutput};

/// Four days in which both zones are watered often and unevenly, with a leak.
fn watered() -> (StepOutput, Plan) {
    let plan = Plan::SMALL;
    let mut spec = spec(&plan, 5);
    let controllers = ["farmA-pump-1", "farmA-pump-2"].map(|name| device(&spec.register, name));
    spec.faults.push(FaultSpec {
        id: "leak".to_owned(),
        class: FaultClass::PipeLeak,
        device: device(&spec.register, "farmA-pump"),
        onset: spec.start + Span::from_seconds(100_020),
        end: None,
        severity: 0.7,
        growth: Growth::Linear(Span::from_days(1)),
    });
    let commands = |number: usize| {
        let mut commands = Vec::new();
        if number % 97 == 5 {
            commands.push(Command { device: controllers[0], kind: on(1_330) });
        }
        if number % 211 == 7 {
            commands.push(Command { device: controllers[1], kind: on(5_400) });
        }
        commands
    };
    (collect(spec, Span::from_days(4), commands), plan)
}

#[test]
fn depletion_moves_by_what_the_rows_book() {
    let (all, plan) = watered();
    assert_eq!(all.soil.len(), 4 * 24 * plan.zones);
    let mut worst_mm: f64 = 0.0;
    for zone in 0..plan.zones {
        let zone = ZoneIx::new(zone as u32);
        let rows: Vec<_> = all.soil.iter().filter(|row| row.zone == zone).collect();
        for pair in rows.windows(2) {
            let (before, row) = (pair[0], pair[1]);
            assert_eq!(row.time - before.time, Span::from_hours(1));
            let booked_mm = row.runoff_mm - row.rain_mm - row.irrigation_mm
                + row.eta_mm
                + row.deep_percolation_mm;
            let residual_mm = row.depletion_mm - before.depletion_mm - booked_mm;
            worst_mm = worst_mm.max(residual_mm.abs()).max(row.residual_mm.abs());
            assert!((row.eta_mm - row.evaporation_mm - row.transpiration_mm).abs() < 1e-12);
            assert!(row.depletion_mm >= 0.0 && row.depletion_mm <= row.taw_mm);
        }
    }
    assert!(worst_mm < 1e-9, "{worst_mm} mm");
}

#[test]
fn irrigation_is_flow_by_time_by_efficiency_over_area() {
    let (all, plan) = watered();
    for zone in 0..plan.zones {
        let zone = ZoneIx::new(zone as u32);
        let pumped_mm: f64 = all
            .hydraulics
            .iter()
            .filter(|row| row.zone == zone)
            .map(|row| row.zone_flow_lps * row.duration.seconds() * 0.9 / 2_000.0)
            .sum();
        let booked_mm: f64 =
            all.soil.iter().filter(|row| row.zone == zone).map(|row| row.irrigation_mm).sum();
        assert!(booked_mm > 10.0, "{booked_mm} mm");
        assert!((pumped_mm - booked_mm).abs() < 1e-9, "{pumped_mm} mm and {booked_mm} mm");
    }
}

#[test]
fn irrigation_falls_into_the_hour_of_its_interval() {
    let (all, _) = watered();
    for row in &all.hydraulics {
        let last = row.time + row.duration - Span::from_nanos(1);
        assert_eq!(row.time.seconds() / 3_600, last.seconds() / 3_600, "one hour a row");
    }
    for soil in &all.soil {
        let applied_mm: f64 = all
            .hydraulics
            .iter()
            .filter(|row| {
                row.zone == soil.zone && row.time.seconds() / 3_600 == soil.time.seconds() / 3_600
            })
            .map(|row| row.applied_mm)
            .sum();
        assert!((applied_mm * 0.9 - soil.irrigation_mm).abs() < 1e-12);
    }
}

#[test]
fn pump_flow_is_what_zones_and_leak_take() {
    let (all, plan) = watered();
    let mut leaked = 0;
    for interval in all.hydraulics.chunk_by(|a, b| a.time == b.time) {
        assert_eq!(interval.len(), plan.zones);
        let zones_lps: f64 = interval.iter().map(|row| row.zone_flow_lps).sum();
        let surplus_lps = interval[0].pump_flow_lps - zones_lps;
        assert!(surplus_lps > -1e-6, "{surplus_lps} l/s");
        leaked += usize::from(surplus_lps > 0.01);
    }
    assert!(leaked > 10, "the leak took water in {leaked} intervals");
}

#[test]
fn rain_and_demand_add_up_to_the_days() {
    let (all, _) = watered();
    let spec = spec(&Plan::SMALL, 5);
    for (day, et0) in fieldmirror_sim::et0_by_day(&spec).iter().enumerate().take(4) {
        let rows: Vec<_> = all
            .soil
            .iter()
            .filter(|row| row.zone == ZoneIx::new(1) && row.time.days() == et0.day.days())
            .collect();
        assert_eq!(rows.len(), 24);
        let rain_mm: f64 = rows.iter().map(|row| row.rain_mm).sum();
        let et0_mm: f64 = rows.iter().map(|row| row.et0_mm).sum();
        assert!((rain_mm - spec.forcing[day].rain_mm).abs() < 1e-12, "{rain_mm} mm");
        assert!((et0_mm - et0.et0_mm).abs() < 1e-12, "{et0_mm} mm");
        assert!(et0.reference_mm == 5.5 && et0.et0_mm > 3.0);
    }
}
