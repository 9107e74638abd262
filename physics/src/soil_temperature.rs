//! Soil temperature at depth: heat conduction from the surface downwards.
//!
//! The soil is a column of layers that grow with depth; the surface follows the air, the bottom
//! keeps the yearly mean. At a depth z a daily wave arrives damped by exp(-z/D) and late by z/D
//! radians, D = sqrt(2 kappa / omega), which is what a test holds it to. Any step length is stable.

use std::f64::consts::PI;

/// Layers of the column.
pub const LAYERS: usize = 14;

/// Depths of the layers' nodes, m; the last one is the fixed bottom.
const DEPTH_M: [f64; LAYERS] =
    [0.01, 0.025, 0.045, 0.07, 0.10, 0.14, 0.19, 0.26, 0.35, 0.48, 0.66, 0.92, 1.3, 2.0];

/// Thermal diffusivity of a moist loam, m2/s.
///
/// # Source
/// Campbell and Norman (1998), Introduction to Environmental Biophysics, ch. 8: .4e-6 to .6e-6.
pub const DIFFUSIVITY_M2S: f64 = 0.5e-6;

/// Damping depth of a wave of `period_s` seconds, m.
///
/// # Source
/// van Wijk and de Vries (1963): D = sqrt(2 kappa / omega).
pub fn damping_depth_m(diffusivity_m2s: f64, period_s: f64) -> f64 {
    (diffusivity_m2s * period_s / PI).sqrt()
}

/// Temperatures of a soil column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SoilColumn {
    diffusivity_m2s: f64,
    surface_c: f64,
    /// Node temperatures, degrees C, from the top; the last stays as it was given.
    nodes_c: [f64; LAYERS],
}

impl SoilColumn {
    /// A column whose temperature goes from `surface_c` at the top to `bottom_c` at 2 m, linear in
    /// depth.
    pub fn new(diffusivity_m2s: f64, surface_c: f64, bottom_c: f64) -> Self {
        let bottom_m = DEPTH_M[LAYERS - 1];
        Self {
            diffusivity_m2s,
            surface_c,
            nodes_c: DEPTH_M.map(|depth_m| surface_c + (bottom_c - surface_c) * depth_m / bottom_m),
        }
    }

    /// Moves on by `dt_s` seconds during which the surface has the temperature `surface_c`.
    ///
    /// Steps up to an hour keep a daily wave; longer ones blur it.
    ///
    /// # Source
    /// Fourier's law by finite volumes, implicit Euler in time, as Campbell (1985), Soil Physics
    /// with BASIC, ch. 4.
    pub fn advance(&mut self, dt_s: f64, surface_c: f64) {
        self.surface_c = surface_c;
        let mut upper = [0.0; LAYERS];
        let mut solved = [0.0; LAYERS];
        let free = LAYERS - 1;
        for i in 0..free {
            let above_m = if i == 0 { 0.0 } else { DEPTH_M[i - 1] };
            let above_c = if i == 0 { surface_c } else { 0.0 };
            let (gap_up_m, gap_down_m) = (DEPTH_M[i] - above_m, DEPTH_M[i + 1] - DEPTH_M[i]);
            let scale = dt_s * self.diffusivity_m2s / (0.5 * (gap_up_m + gap_down_m));
            let (up, down) = (scale / gap_up_m, scale / gap_down_m);
            // Thomas elimination of the tridiagonal system, from the top.
            let (carried_upper, carried_c) =
                if i == 0 { (0.0, above_c) } else { (upper[i - 1], solved[i - 1]) };
            let pivot = 1.0 + up + down - up * carried_upper;
            upper[i] = down / pivot;
            solved[i] = (self.nodes_c[i] + up * carried_c) / pivot;
        }
        for i in (0..free).rev() {
            self.nodes_c[i] = solved[i] + upper[i] * self.nodes_c[i + 1];
        }
    }

    /// Temperature at a depth in m, degrees C; below 2 m that of the bottom.
    pub fn at_c(&self, depth_m: f64) -> f64 {
        let (mut above_m, mut above_c) = (0.0, self.surface_c);
        for (&node_m, &node_c) in DEPTH_M.iter().zip(&self.nodes_c) {
            if depth_m <= node_m {
                let part = (depth_m - above_m) / (node_m - above_m);
                return above_c + (node_c - above_c) * part;
            }
            (above_m, above_c) = (node_m, node_c);
        }
        above_c
    }
}

#[cfg(test)]
mod tests {
    //! The column damps and delays a daily wave as the analytic solution of a half space does.

    use super::*;

    const DAY_S: f64 = 86_400.0;

    #[test]
    fn daily_wave_is_damped_and_delayed_as_in_a_half_space() {
        let damping_m = damping_depth_m(DIFFUSIVITY_M2S, DAY_S);
        for depth_m in [0.05, 0.1, 0.2] {
            let dt_s = 300.0;
            let mut column = SoilColumn::new(DIFFUSIVITY_M2S, 20.0, 20.0);
            let (mut high_c, mut high_at_s) = (f64::MIN, 0.0);
            for step in 0..(20 * 288) {
                let now_s = f64::from(step + 1) * dt_s;
                column.advance(dt_s, 20.0 + 10.0 * libm::sin(2.0 * PI * now_s / DAY_S));
                let late_enough = now_s > 19.0 * DAY_S;
                if late_enough && column.at_c(depth_m) > high_c {
                    high_c = column.at_c(depth_m);
                    high_at_s = now_s % DAY_S;
                }
            }
            let amplitude_c = 10.0 * libm::exp(-depth_m / damping_m);
            let lag_s = DAY_S / 4.0 + depth_m / damping_m / (2.0 * PI) * DAY_S;
            assert!(
                (high_c - 20.0 - amplitude_c).abs() < 0.25,
                "{depth_m} m: {high_c} degrees C, expected 20 + {amplitude_c}"
            );
            assert!(
                (high_at_s - lag_s % DAY_S).abs() < 2100.0,
                "{depth_m} m: {high_at_s} s, expected {lag_s}"
            );
        }
    }

    #[test]
    fn any_step_length_is_stable_and_stays_between_surface_and_bottom() {
        for dt_s in [1.0, 600.0, 3600.0, 86_400.0, 1e7] {
            let mut column = SoilColumn::new(DIFFUSIVITY_M2S, 10.0, 12.0);
            for _ in 0..50 {
                column.advance(dt_s, 30.0);
                for depth_m in [0.0, 0.05, 0.3, 1.0, 2.0, 5.0] {
                    let t = column.at_c(depth_m);
                    assert!((10.0 - 1e-9..=30.0 + 1e-9).contains(&t), "{dt_s} s {depth_m} m {t}");
                }
            }
        }
    }
}
