//! Charge of a node's primary cell: what an uplink takes, what sleep takes, what age and cold take
//! away.

/// Days in a year, as datasheets count them for self-discharge.
pub const DAYS_PER_YEAR: f64 = 365.0;

/// Currents of a node in its states.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Currents {
    /// While transmitting, mA.
    pub tx_ma: f64,
    /// While a receive window is open, mA.
    pub rx_ma: f64,
    /// While measuring, mA.
    pub measure_ma: f64,
    /// Asleep, microampere.
    pub sleep_ua: f64,
}

impl Currents {
    /// SX1276 at 14 dBm with a soil probe.
    ///
    /// # Source
    /// SX1276 currents as in LoRaSim and FLoRa (44 mA at 14 dBm, 9.7 mA receiving); 15 mA for the
    /// probe and 2 microampere asleep are datasheet-class assumptions.
    pub const SX1276_PROBE: Self =
        Self { tx_ma: 44.0, rx_ma: 9.7, measure_ma: 15.0, sleep_ua: 2.0 };

    /// Charge of one uplink, microampere-hours, for the times spent in each state.
    pub fn uplink_uah(&self, airtime_s: f64, receive_s: f64, measure_s: f64) -> f64 {
        (self.tx_ma * airtime_s + self.rx_ma * receive_s + self.measure_ma * measure_s) / 3.6
    }

    /// Charge of sleeping, microampere-hours.
    pub fn sleep_uah(&self, sleep_s: f64) -> f64 {
        self.sleep_ua * sleep_s / 3600.0
    }
}

/// A primary cell when new.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// Nominal capacity at 25 degrees C, Ah.
    pub capacity_ah: f64,
    /// Part of the remaining charge lost in a year.
    pub self_discharge_per_year: f64,
    /// Voltage of the plateau, V.
    pub plateau_v: f64,
    /// Voltage of an empty cell, V.
    pub empty_v: f64,
    /// Part of the usable charge at which the voltage leaves the plateau.
    pub knee: f64,
}

impl Cell {
    /// Lithium thionyl chloride, AA size.
    ///
    /// # Source
    /// Datasheet class: 2.6 Ah, 3.6 V flat, 1 % self-discharge a year, cliff in the last tenth.
    pub const LISOCL2_AA: Self = Self {
        capacity_ah: 2.6,
        self_discharge_per_year: 0.01,
        plateau_v: 3.6,
        empty_v: 2.0,
        knee: 0.1,
    };

    /// Part of the capacity that can be drawn at a temperature: 1 at 25 degrees C and above, .85 at
    /// 0, .6 at -20 and below, linear between.
    ///
    /// # Source
    /// Datasheet class for Li-SOCl2 at small currents.
    pub fn usable_fraction(temperature_c: f64) -> f64 {
        if temperature_c >= 0.0 {
            0.85 + 0.15 * (temperature_c / 25.0).min(1.0)
        } else {
            0.85 + 0.25 * (temperature_c / 20.0).max(-1.0)
        }
    }

    /// Years until empty for a constant draw, with self-discharge.
    ///
    /// # Source
    /// Solution of dQ/dt = -draw - s Q: t = ln(1 + s C / draw) / s.
    pub fn lifetime_years(&self, draw_ah_per_year: f64) -> f64 {
        let s = self.self_discharge_per_year;
        if s <= 0.0 {
            return self.capacity_ah / draw_ah_per_year;
        }
        libm::log1p(s * self.capacity_ah / draw_ah_per_year) / s
    }
}

/// Coulomb count of one cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Battery {
    /// Charge left at 25 degrees C, Ah, not below 0.
    pub charge_ah: f64,
}

impl Battery {
    /// A new cell.
    pub fn full(cell: &Cell) -> Self {
        Self { charge_ah: cell.capacity_ah }
    }

    /// Takes a charge, microampere-hours.
    pub fn draw_uah(&mut self, uah: f64) {
        self.charge_ah = (self.charge_ah - uah * 1e-6).max(0.0);
    }

    /// Ages the cell by `dt_s` seconds of self-discharge.
    pub fn age(&mut self, cell: &Cell, dt_s: f64) {
        let years = dt_s / (86_400.0 * DAYS_PER_YEAR);
        self.charge_ah *= libm::exp(-cell.self_discharge_per_year * years);
    }

    /// Part of the charge that is left and can be drawn at a temperature, 0..=1.
    ///
    /// The cold locks the last part of the capacity away, it comes back with warmth.
    pub fn usable(&self, cell: &Cell, temperature_c: f64) -> f64 {
        let locked_ah = (1.0 - Cell::usable_fraction(temperature_c)) * cell.capacity_ah;
        ((self.charge_ah - locked_ah) / (cell.capacity_ah - locked_ah)).clamp(0.0, 1.0)
    }

    /// Voltage at rest, V: flat, then a cliff.
    ///
    /// # Source
    /// Shape of Li-SOCl2 discharge curves: plateau, then a parabola through the knee to the empty
    /// voltage.
    pub fn voltage_v(&self, cell: &Cell, temperature_c: f64) -> f64 {
        let usable = self.usable(cell, temperature_c);
        if usable >= cell.knee {
            return cell.plateau_v;
        }
        let gone = 1.0 - usable / cell.knee;
        cell.plateau_v - (cell.plateau_v - cell.empty_v) * gone * gone
    }
}

#[cfg(test)]
mod tests {
    //! Charge is counted, cold locks it away and voltage tells of the end only at the end.

    use super::*;

    const CELL: Cell = Cell::LISOCL2_AA;

    /// Airtimes of a 23-byte frame, s, with the published charge, daily draw and life.
    const LIFETIMES: [(f64, f64, f64, f64); 3] = [
        (0.061_696, 1.857, 315.4, 20.36),
        (0.370_688, 5.633, 859.2, 7.97),
        (1.482_752, 19.225, 2816.4, 2.50),
    ];

    #[test]
    fn lifetimes_follow_from_charge_per_uplink_and_sleep() {
        for (airtime_s, uplink_uah, daily_uah, years) in LIFETIMES {
            let currents = Currents::SX1276_PROBE;
            let uplink = currents.uplink_uah(airtime_s, 0.1, 0.2);
            let daily = 144.0 * uplink + currents.sleep_uah(86_400.0);
            let life = CELL.lifetime_years(daily * 1e-6 * DAYS_PER_YEAR);
            assert!((uplink - uplink_uah).abs() < 5e-4, "{uplink} uAh");
            assert!((daily - daily_uah).abs() < 5e-2, "{daily} uAh/d");
            assert!((life - years).abs() < 6e-3, "{life} years");
        }
    }

    #[test]
    fn counting_day_by_day_reaches_the_closed_form_life() {
        let mut battery = Battery::full(&CELL);
        let mut days = 0.0;
        while battery.charge_ah > 0.0 {
            battery.draw_uah(2816.4);
            battery.age(&CELL, 86_400.0);
            days += 1.0;
        }
        let years = CELL.lifetime_years(2816.4e-6 * DAYS_PER_YEAR);
        assert!((days / DAYS_PER_YEAR - years).abs() < 0.01, "{days} d against {years} years");
    }

    #[test]
    fn voltage_is_flat_until_the_knee_and_cold_brings_the_cliff_forward() {
        let mut battery = Battery::full(&CELL);
        assert_eq!(battery.voltage_v(&CELL, 25.0), 3.6);
        battery.charge_ah = 0.15 * CELL.capacity_ah;
        assert_eq!(battery.voltage_v(&CELL, 25.0), 3.6);
        assert!(battery.voltage_v(&CELL, -20.0) < 2.01);
        battery.charge_ah = 0.0;
        assert_eq!(battery.voltage_v(&CELL, 25.0), 2.0);
    }

    #[test]
    fn usable_fraction_takes_its_stated_points() {
        for (temperature_c, fraction) in
            [(40.0, 1.0), (25.0, 1.0), (0.0, 0.85), (-20.0, 0.6), (-40.0, 0.6)]
        {
            assert!((Cell::usable_fraction(temperature_c) - fraction).abs() < 1e-12);
        }
    }
}
