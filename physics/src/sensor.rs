//! What an instrument reports of a true value, and the conversions that probes compute inside.
//!
//! `y = quantise(clip(gain x + offset + drift + tempco (T - 25) + noise))`, behind a first-order
//! lag. Noise is an argument: a standard normal draw.

/// Constants of one instrument. Units are those of the quantity it measures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transducer {
    /// Gain, 1 for a true one.
    pub gain: f64,
    /// Offset.
    pub offset: f64,
    /// Change of the reading per kelvin away from 25 degrees C.
    pub tempco_per_k: f64,
    /// Standard deviation of the noise.
    pub noise_sigma: f64,
    /// Step of the output; 0 reports every value.
    pub quantum: f64,
    /// Least value it can report.
    pub min: f64,
    /// Greatest value it can report.
    pub max: f64,
    /// Time constant of the response, s; 0 follows at once.
    pub lag_s: f64,
}

impl Transducer {
    /// An instrument that tells the truth.
    pub const IDEAL: Self = Self {
        gain: 1.0,
        offset: 0.0,
        tempco_per_k: 0.0,
        noise_sigma: 0.0,
        quantum: 0.0,
        min: f64::NEG_INFINITY,
        max: f64::INFINITY,
        lag_s: 0.0,
    };

    /// The reading of a true value `x` that has passed the lag already.
    ///
    /// `drift` is what the instrument has drifted so far, in the unit of the reading; `normal` is a
    /// standard normal draw.
    pub fn read(&self, x: f64, drift: f64, temperature_c: f64, normal: f64) -> f64 {
        let y = self.clipped(x, drift, temperature_c, normal);
        if self.quantum > 0.0 { (y / self.quantum).round() * self.quantum } else { y }
    }

    /// The reading in counts of the quantum, which must be above 0; exact where a decimal rendering
    /// is wanted.
    pub fn read_counts(&self, x: f64, drift: f64, temperature_c: f64, normal: f64) -> i64 {
        (self.clipped(x, drift, temperature_c, normal) / self.quantum).round() as i64
    }

    /// What the sensing element shows `dt_s` seconds after it showed `shown`, when the true value
    /// is `x`.
    pub fn lagged(&self, shown: f64, x: f64, dt_s: f64) -> f64 {
        first_order_lag(shown, x, dt_s, self.lag_s)
    }

    fn clipped(&self, x: f64, drift: f64, temperature_c: f64, normal: f64) -> f64 {
        let y = self.gain * x
            + self.offset
            + drift
            + self.tempco_per_k * (temperature_c - 25.0)
            + self.noise_sigma * normal;
        y.clamp(self.min, self.max)
    }
}

/// A first-order response: where `from` has come after `dt_s` seconds on its way to `to`, with the
/// time constant `tau_s`.
pub fn first_order_lag(from: f64, to: f64, dt_s: f64, tau_s: f64) -> f64 {
    if tau_s <= 0.0 {
        return to;
    }
    to + (from - to) * libm::exp(-dt_s / tau_s)
}

/// Volumetric water content from the apparent permittivity of the soil, m3/m3.
///
/// # Source
/// Topp, Davis and Annan (1980), Water Resources Research 16.
pub fn topp_theta(permittivity: f64) -> f64 {
    let e = permittivity;
    -0.053 + 0.0292 * e - 5.5e-4 * e * e + 4.3e-6 * e * e * e
}

/// Dew point from air temperature and relative humidity in percent, degrees C.
///
/// # Source
/// Magnus formula with the coefficients 17.625 and 243.04 of Alduchov and Eskridge (1996).
pub fn dew_point_c(temperature_c: f64, rh_pct: f64) -> f64 {
    let gamma = libm::log(rh_pct / 100.0) + 17.625 * temperature_c / (243.04 + temperature_c);
    243.04 * gamma / (17.625 - gamma)
}

/// Electrical conductivity at 25 degrees C from one read at another temperature, in the unit given.
///
/// # Source
/// Linear compensation of 2 % per kelvin, as ISO 7888 allows.
pub fn ec25(ec: f64, temperature_c: f64) -> f64 {
    ec / (1.0 + 0.02 * (temperature_c - 25.0))
}

/// Slope of a pH glass electrode, mV per pH.
///
/// # Source
/// Nernst equation: ln(10) R T / F.
pub fn nernst_mv_per_ph(temperature_c: f64) -> f64 {
    1000.0 * std::f64::consts::LN_10 * 8.314_462_618 * (temperature_c + 273.15) / 96_485.332_12
}

#[cfg(test)]
mod tests {
    //! Readings are scaled, shifted, clipped and rounded in this order.

    use super::*;

    const PROBE: Transducer = Transducer {
        gain: 1.02,
        offset: -0.4,
        tempco_per_k: 0.05,
        noise_sigma: 0.3,
        quantum: 0.1,
        min: 0.0,
        max: 60.0,
        lag_s: 120.0,
    };

    #[test]
    fn ideal_instrument_tells_the_truth() {
        assert_eq!(Transducer::IDEAL.read(17.3, 0.0, -5.0, 2.0), 17.3);
        assert_eq!(Transducer::IDEAL.lagged(3.0, 17.3, 1.0), 17.3);
    }

    #[test]
    fn reading_is_the_stated_sum_rounded_to_the_quantum() {
        let exact = 1.02 * 30.0 - 0.4 + 0.7 + 0.05 * (15.0 - 25.0) + 0.3 * 0.5;
        let read = PROBE.read(30.0, 0.7, 15.0, 0.5);
        assert!((read - exact).abs() <= 0.05 + 1e-12, "{read} against {exact}");
        let counts = PROBE.read_counts(30.0, 0.7, 15.0, 0.5);
        assert!((counts as f64 * 0.1 - read).abs() < 1e-12);
    }

    #[test]
    fn reading_never_leaves_the_range() {
        assert_eq!(PROBE.read_counts(900.0, 0.0, 25.0, 0.0), 600);
        assert_eq!(PROBE.read_counts(-900.0, 0.0, 25.0, 0.0), 0);
    }

    #[test]
    fn lag_shows_63_percent_after_its_time_constant_whatever_the_steps() {
        let once = PROBE.lagged(0.0, 10.0, 120.0);
        let mut often = 0.0;
        for _ in 0..12 {
            often = PROBE.lagged(often, 10.0, 10.0);
        }
        assert!((once - 6.321_205_588).abs() < 1e-9);
        assert!((often - once).abs() < 1e-12);
    }

    #[test]
    fn conductivity_is_compensated_to_25_degrees() {
        assert!((ec25(1.0, 15.0) - 1.25).abs() < 1e-12);
    }
}
