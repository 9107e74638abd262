//! Pump curve, affinity, wear, efficiency and power.

use super::{GRAVITY_MS2, WATER_DENSITY_KGM3};
use crate::error::Error;

/// Head against flow at nominal speed: H = A - B Q^C.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PumpCurve {
    /// Shutoff head A, m.
    pub a_m: f64,
    /// Coefficient B, m (s/m3)^C.
    pub b: f64,
    /// Exponent C.
    pub c: f64,
}

impl PumpCurve {
    /// The power curve through shutoff and two points of (flow in m3/s, head in m).
    ///
    /// # Errors
    /// [`Error::BadPumpCurve`] unless flows grow from 0 and heads fall to at least 0.
    ///
    /// # Source
    /// EPANET 2.2 user manual, "three-point curve".
    pub fn through(
        shutoff_m: f64,
        (q1_m3s, h1_m): (f64, f64),
        (q2_m3s, h2_m): (f64, f64),
    ) -> Result<Self, Error> {
        let falls = shutoff_m > h1_m && h1_m > h2_m && h2_m >= 0.0 && shutoff_m.is_finite();
        let grows = q1_m3s > 0.0 && q2_m3s > q1_m3s && q2_m3s.is_finite();
        if !(falls && grows) {
            return Err(Error::BadPumpCurve { h0_m: shutoff_m, q1_m3s, h1_m, q2_m3s, h2_m });
        }
        let c = libm::log((shutoff_m - h2_m) / (shutoff_m - h1_m)) / libm::log(q2_m3s / q1_m3s);
        Ok(Self { a_m: shutoff_m, b: (shutoff_m - h1_m) / libm::pow(q1_m3s, c), c })
    }
}

/// Efficiency of the hydraulic end: a parabola through 0 with its top at the best flow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Efficiency {
    /// Greatest efficiency, 0..=1.
    pub max: f64,
    /// Flow of the greatest efficiency at nominal speed, m3/s.
    pub best_flow_m3s: f64,
}

/// A pump as it runs: curve, speed, wear and motor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pump {
    /// Curve at nominal speed, new.
    pub curve: PumpCurve,
    /// Efficiency at nominal speed, new.
    pub efficiency: Efficiency,
    /// Efficiency of the motor, 0..=1.
    pub motor_efficiency: f64,
    /// Speed relative to nominal; 0 is off.
    pub speed: f64,
    /// Wear of impeller and rings, 0 new to 1 worn out.
    pub wear: f64,
}

impl Pump {
    /// The curve as it is at this speed and wear.
    ///
    /// # Source
    /// Affinity laws: H(Q) = s^2 A - B s^(2-C) Q^C. Wear is an assumption of ours: A (1 - .1 w), B
    /// (1 + .3 w).
    pub fn effective_curve(&self) -> PumpCurve {
        let PumpCurve { a_m, b, c } = self.curve;
        if self.speed <= 0.0 {
            return PumpCurve { a_m: 0.0, b, c };
        }
        PumpCurve {
            a_m: self.speed * self.speed * a_m * (1.0 - 0.1 * self.wear),
            b: b * libm::pow(self.speed, 2.0 - c) * (1.0 + 0.3 * self.wear),
            c,
        }
    }

    /// Head at a flow in m3/s, m; negative beyond the flow at which the pump gives none.
    pub fn head_m(&self, flow_m3s: f64) -> f64 {
        let curve = self.effective_curve();
        curve.a_m - curve.b * libm::pow(flow_m3s.max(0.0), curve.c)
    }

    /// Efficiency of the hydraulic end at a flow in m3/s, 0..=1.
    ///
    /// # Source
    /// Parabola eta = max (1 - ((Q - Qb)/Qb)^2), Qb proportional to speed; wear is an assumption of
    /// ours: max (1 - .15 w).
    pub fn efficiency_at(&self, flow_m3s: f64) -> f64 {
        let off = flow_m3s / self.best_flow_m3s() - 1.0;
        (self.efficiency_max() * (1.0 - off * off)).max(0.0)
    }

    /// Power at the shaft for a flow and the head it is lifted by, kW.
    ///
    /// Uses rho g Q H / eta in the form that stays finite at no flow, where a pump still takes
    /// about half its power.
    pub fn shaft_kw(&self, flow_m3s: f64, head_m: f64) -> f64 {
        if self.speed <= 0.0 {
            return 0.0;
        }
        let best_m3s = self.best_flow_m3s();
        // Q / eta = Qb / (max (2 - Q/Qb)); the floor keeps runout, where the parabola ends, finite.
        let flow_per_efficiency =
            best_m3s / (self.efficiency_max() * (2.0 - flow_m3s / best_m3s).max(0.2));
        hydraulic_kw(flow_per_efficiency, head_m.max(0.0))
    }

    /// Electric power of the motor for a flow and the head it is lifted by, kW.
    pub fn electric_kw(&self, flow_m3s: f64, head_m: f64) -> f64 {
        self.shaft_kw(flow_m3s, head_m) / self.motor_efficiency
    }

    fn best_flow_m3s(&self) -> f64 {
        self.efficiency.best_flow_m3s * self.speed.max(1e-6)
    }

    fn efficiency_max(&self) -> f64 {
        self.efficiency.max * (1.0 - 0.15 * self.wear)
    }
}

/// Power that lifts a flow by a head, kW.
pub(super) fn hydraulic_kw(flow_m3s: f64, head_m: f64) -> f64 {
    WATER_DENSITY_KGM3 * GRAVITY_MS2 * flow_m3s * head_m / 1000.0
}
