//! A day's rain spread over storms.

use super::split_by_weights;

/// Most storms on a day; more would not be told apart in hourly sums.
pub const STORMS_MAX: usize = 4;

/// Uniform draws that a day of rain takes: one for the number of storms, three for each storm.
pub const RAIN_DRAWS: usize = 1 + 3 * STORMS_MAX;

/// Mean duration of a storm, h.
const DURATION_MEAN_H: f64 = 3.0;
/// Least and most duration of a storm, h.
const DURATION_RANGE_H: (f64, f64) = (0.25, 12.0);

/// Spreads a day's rain over the hours; adding the hours in order gives `total_mm` to the last bit.
///
/// The number of storms is 1 plus a Poisson draw of mean 1, at most [`STORMS_MAX`]. Each has an
/// exponential duration of mean 3 h, a start uniform over the day (it ends before midnight), a
/// triangular course and an exponential share of the total. `draws` are uniform in `[0, 1)`.
///
/// # Source
/// Rectangular-pulse rain models (Rodriguez-Iturbe et al. 1987) with triangular intensity; the
/// numbers are assumptions of ours.
pub fn split_rain_mm(total_mm: f64, draws: &[f64; RAIN_DRAWS]) -> [f64; 24] {
    if total_mm <= 0.0 {
        return [0.0; 24];
    }
    let mut weights = [0.0; 24];
    for storm in draws[1..].chunks_exact(3).take(storm_count(draws[0])) {
        let duration_h =
            exponential(storm[0], DURATION_MEAN_H).clamp(DURATION_RANGE_H.0, DURATION_RANGE_H.1);
        let start_h = storm[1] * (24.0 - duration_h);
        // A share of exactly zero would be a storm without rain.
        let share = exponential(storm[2], 1.0) + 0.05;
        for (hour, weight) in weights.iter_mut().enumerate() {
            let from = (hour as f64 - start_h) / duration_h;
            let to = (hour as f64 + 1.0 - start_h) / duration_h;
            *weight += share * (triangle_mass(to) - triangle_mass(from));
        }
    }
    split_by_weights(total_mm, &weights)
}

fn storm_count(draw: f64) -> usize {
    let mut probability = libm::exp(-1.0);
    let mut below = probability;
    let mut count = 1;
    while count < STORMS_MAX && draw >= below {
        probability /= count as f64;
        below += probability;
        count += 1;
    }
    count
}

fn exponential(draw: f64, mean: f64) -> f64 {
    -mean * libm::log1p(-draw)
}

/// Part of a symmetric triangular storm that has fallen when the part `x` of its duration is over.
fn triangle_mass(x: f64) -> f64 {
    let x = x.clamp(0.0, 1.0);
    if x <= 0.5 { 2.0 * x * x } else { 1.0 - 2.0 * (1.0 - x) * (1.0 - x) }
}
