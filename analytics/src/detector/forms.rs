//! Affine forms of overlapping windows and the weighted sum of their squares: what the linear
//! detectors score with.
//!
//! A form is `weights . window + bias`. The outputs lie in lanes of eight and the windows are
//! slices of the rows themselves, a row apart. Each output of each window is one chain of fused
//! multiply-adds in the order of the inputs, and the squares are summed in a fixed order: a row's
//! result is the same bits whichever rows are computed with it. Nothing is fitted here.

use ndarray::ArrayView2;
use pulp::{Simd, WithSimd};

/// Outputs computed together.
const LANES: usize = 8;

/// Windows computed together: enough independent chains to keep the multipliers busy.
const BATCH: usize = 8;

/// Eight outputs.
type Lane = [f32; LANES];

/// Runs `work` compiled for the vector instructions of this processor, of at most eight lanes.
///
/// What `work` calls must be `#[inline(always)]`; a closure is not, and without its instructions a
/// fused multiply-add is a call of a library.
#[inline(always)]
pub(crate) fn vectorised<W: WithSimd>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    if let Some(simd) = pulp::x86::V3::try_new() {
        return Simd::vectorize(simd, work);
    }
    Simd::vectorize(pulp::Scalar, work)
}

/// Up to eight outputs of all inputs.
#[derive(Clone, Debug, PartialEq)]
struct Group {
    weights: Vec<Lane>,
    bias: Lane,
    gains: Lane,
}

/// Affine forms of windows of a fixed length.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Forms {
    inputs: usize,
    outputs: usize,
    groups: Vec<Group>,
}

impl Forms {
    /// Forms with the rows of `matrix` as weights (`[outputs, inputs]`), one `bias` and one `gain`
    /// of its square each.
    pub(crate) fn new(matrix: ArrayView2<'_, f64>, bias: &[f64], gains: &[f64]) -> Self {
        let (outputs, inputs) = matrix.dim();
        let groups = (0..outputs)
            .step_by(LANES)
            .map(|from| {
                let lane = |value: &dyn Fn(usize) -> f64| -> Lane {
                    std::array::from_fn(|l| {
                        if from + l < outputs { value(from + l) as f32 } else { 0.0 }
                    })
                };
                Group {
                    weights: (0..inputs).map(|d| lane(&|k| matrix[(k, d)])).collect(),
                    bias: lane(&|k| bias[k]),
                    gains: lane(&|k| gains[k]),
                }
            })
            .collect();
        Self { inputs, outputs, groups }
    }

    /// For each of `scores`, the sum of gain times squared output of its window: the one that
    /// begins `stride` values after the one before.
    pub(crate) fn squares(&self, values: &[f32], stride: usize, scores: &mut [f32]) {
        vectorised(Squares { forms: self, values, stride, scores });
    }

    /// The outputs of one window.
    pub(crate) fn outputs(&self, window: &[f32], out: &mut [f32]) {
        vectorised(Outputs { forms: self, window, out });
    }
}

struct Squares<'a> {
    forms: &'a Forms,
    values: &'a [f32],
    stride: usize,
    scores: &'a mut [f32],
}

impl WithSimd for Squares<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        squares(simd, self.forms, self.values, self.stride, self.scores);
    }
}

struct Outputs<'a> {
    forms: &'a Forms,
    window: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Outputs<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        outputs(simd, self.forms, self.window, self.out);
    }
}

#[inline(always)]
fn squares<S: Simd>(simd: S, forms: &Forms, values: &[f32], stride: usize, scores: &mut [f32]) {
    let whole = scores.len() - scores.len() % BATCH;
    let (batches, rest) = scores.split_at_mut(whole);
    for (i, scores) in batches.chunks_exact_mut(BATCH).enumerate() {
        let sums = batch::<S, BATCH>(simd, forms, &values[i * BATCH * stride..], stride);
        scores.copy_from_slice(&sums);
    }
    for (i, score) in rest.iter_mut().enumerate() {
        let [sum] = batch::<S, 1>(simd, forms, &values[(whole + i) * stride..], stride);
        *score = sum;
    }
}

/// The sums of `N` windows.
#[inline(always)]
fn batch<S: Simd, const N: usize>(
    simd: S,
    forms: &Forms,
    values: &[f32],
    stride: usize,
) -> [f32; N] {
    let windows: [&[f32]; N] = std::array::from_fn(|r| &values[r * stride..][..forms.inputs]);
    let mut totals = [[0.0_f32; LANES]; N];
    for group in &forms.groups {
        for part in 0..LANES / S::F32_LANES {
            let sums = affine(simd, group, windows, part);
            let gains = S::as_simd_f32s(&group.gains).0[part];
            for (total, sum) in totals.iter_mut().zip(sums) {
                let total = &mut S::as_mut_simd_f32s(total).0[part];
                *total = simd.mul_add_f32s(simd.mul_f32s(sum, gains), sum, *total);
            }
        }
    }
    totals.map(|t| ((t[0] + t[4]) + (t[1] + t[5])) + ((t[2] + t[6]) + (t[3] + t[7])))
}

/// A vector of a group's outputs for each window.
#[inline(always)]
fn affine<S: Simd, const N: usize>(
    simd: S,
    group: &Group,
    windows: [&[f32]; N],
    part: usize,
) -> [S::f32s; N] {
    let mut sums = [S::as_simd_f32s(&group.bias).0[part]; N];
    for (d, weights) in group.weights[..windows[0].len()].iter().enumerate() {
        let weights = S::as_simd_f32s(weights).0[part];
        for r in 0..N {
            sums[r] = simd.mul_add_f32s(simd.splat_f32s(windows[r][d]), weights, sums[r]);
        }
    }
    sums
}

#[inline(always)]
fn outputs<S: Simd>(simd: S, forms: &Forms, window: &[f32], out: &mut [f32]) {
    let window = &window[..forms.inputs];
    for (group, out) in forms.groups.iter().zip(out[..forms.outputs].chunks_mut(LANES)) {
        let mut found = [0.0_f32; LANES];
        for part in 0..LANES / S::F32_LANES {
            let [sums] = affine(simd, group, [window], part);
            S::as_mut_simd_f32s(&mut found).0[part] = sums;
        }
        out.copy_from_slice(&found[..out.len()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn squares_are_those_of_the_outputs_at_any_place() {
        let matrix = Array2::from_shape_fn((11, 6), |(k, d)| ((k * 7 + d * 3) % 5) as f64 - 1.7);
        let bias: Vec<f64> = (0..11).map(|k| 0.1 * k as f64).collect();
        let gains: Vec<f64> = (0..11).map(|k| if k % 3 == 0 { -0.5 } else { 1.0 }).collect();
        let forms = Forms::new(matrix.view(), &bias, &gains);
        let values: Vec<f32> = (0..2 * 21 + 4).map(|i| (i * i % 13) as f32 * 0.3).collect();
        let mut together = vec![0.0; 21];
        forms.squares(&values, 2, &mut together);
        for i in 0..21 {
            let mut alone = [0.0];
            forms.squares(&values[2 * i..2 * i + 6], 2, &mut alone);
            assert_eq!(alone[0].to_bits(), together[i].to_bits());
            let mut out = [0.0; 11];
            forms.outputs(&values[2 * i..2 * i + 6], &mut out);
            let mut sum = 0.0;
            for (k, out) in out.iter().enumerate() {
                let exact: f64 =
                    (0..6).map(|d| matrix[(k, d)] * f64::from(values[2 * i + d])).sum::<f64>()
                        + bias[k];
                assert!((f64::from(*out) - exact).abs() < 1e-4);
                sum += gains[k] * exact * exact;
            }
            assert!((f64::from(alone[0]) - sum).abs() < 1e-5 * (1.0 + sum.abs()), "{i}");
        }
    }
}
