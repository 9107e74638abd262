//! From slopes to new weights: the gradient of a panel is summed in registers and spent on AdamW.

use super::super::kernel::{Left, Line, Paneled, load, store};
use super::{Batch, Chunk, Panel, Rates, listed};
use pulp::Simd;

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f32 = 1e-8;

/// AdamW's factors at a step.
///
/// # Source
/// Loshchilov, Hutter, "Decoupled weight decay regularization" (ICLR 2019).
#[derive(Clone, Copy, Debug)]
pub(super) struct Update {
    keep: f32,
    step: f32,
    root: f32,
    /// Moves by the gradient itself.
    plain: bool,
}

impl Update {
    /// At a step, counted from 1.
    pub(super) fn new(rates: Rates, step: u32) -> Self {
        let power = |beta: f64| 1.0 - libm::pow(beta, f64::from(step));
        Self {
            keep: (1.0 - rates.rate * rates.decay) as f32,
            step: (rates.rate / power(BETA_1)) as f32,
            root: libm::sqrt(power(BETA_2)).recip() as f32,
            plain: false,
        }
    }

    /// Moves by the gradient itself.
    #[cfg(test)]
    pub(super) const fn plain() -> Self {
        Self { keep: 1.0, step: 1.0, root: 1.0, plain: true }
    }

    /// Moves a line of weights against its gradient.
    #[inline(always)]
    fn apply<S: Simd, const V: usize>(
        &self,
        simd: S,
        gradient: [S::f32s; V],
        weights: &mut Line,
        mean: &mut Line,
        square: &mut Line,
    ) {
        let s = |value: f32| simd.splat_f32s(value);
        let (mut w, mut m, mut v) =
            (load::<S, V>(weights), load::<S, V>(mean), load::<S, V>(square));
        for j in 0..V {
            let g = gradient[j];
            if self.plain {
                w[j] = simd.sub_f32s(w[j], g);
                continue;
            }
            let fresh = simd.mul_f32s(g, s(1.0 - BETA_1 as f32));
            m[j] = simd.mul_add_f32s(m[j], s(BETA_1 as f32), fresh);
            let fresh = simd.mul_f32s(simd.mul_f32s(g, g), s(1.0 - BETA_2 as f32));
            v[j] = simd.mul_add_f32s(v[j], s(BETA_2 as f32), fresh);
            let root = simd.mul_add_f32s(simd.sqrt_f32s(v[j]), s(self.root), s(EPSILON));
            let step = simd.div_f32s(simd.mul_f32s(m[j], s(-self.step)), root);
            w[j] = simd.mul_add_f32s(w[j], s(self.keep), step);
        }
        store::<S, V>(weights, w);
        store::<S, V>(mean, m);
        store::<S, V>(square, v);
    }
}

/// The gradient of one panel over all chunks, and its update.
pub(super) struct Descend<'a> {
    pub(super) chunks: &'a [Chunk],
    pub(super) batch: &'a Batch<'a>,
    pub(super) layer: usize,
    pub(super) panel: usize,
    pub(super) weights: &'a mut Panel,
    pub(super) update: Update,
}

impl Descend<'_> {
    /// Does it.
    pub(super) fn run(mut self) {
        pulp::Arch::new().dispatch(&mut self);
        self.weights.turn();
    }

    #[inline(always)]
    fn all<S: Simd, const V: usize>(&mut self, simd: S) {
        let (chunks, batch) = (self.chunks, self.batch);
        if self.layer == 0 {
            let lefts: Vec<_> = chunks.iter().map(|c| listed(batch, &c.starts)).collect();
            self.columns::<S, V, _>(simd, &lefts);
        } else {
            let before = self.layer - 1;
            let lefts: Vec<_> = chunks
                .iter()
                .map(|c| Paneled { lines: &c.outputs[before], rows: c.rows })
                .collect();
            self.columns::<S, V, _>(simd, &lefts);
        }
        let mut sum = [simd.splat_f32s(0.0); V];
        for chunk in chunks {
            for line in chunk.slopes(self.layer, self.panel) {
                let line = load::<S, V>(line);
                for j in 0..V {
                    sum[j] = simd.add_f32s(sum[j], line[j]);
                }
            }
        }
        let Panel { bias, bias_mean, bias_square, .. } = &mut *self.weights;
        self.update.apply::<S, V>(simd, sum, &mut bias[0], bias_mean, bias_square);
    }

    /// All columns of the left side, a few at a time.
    #[inline(always)]
    fn columns<S: Simd, const V: usize, L: Left>(&mut self, simd: S, lefts: &[L]) {
        let Some(first) = lefts.first() else { return };
        let length = first.length();
        for part in 0..first.parts() {
            let mut k = 0;
            while k + 6 <= length {
                self.tile::<S, 6, V, L>(simd, lefts, part, k);
                k += 6;
            }
            if k + 4 <= length {
                self.tile::<S, 4, V, L>(simd, lefts, part, k);
                k += 4;
            }
            while k < length {
                self.tile::<S, 1, V, L>(simd, lefts, part, k);
                k += 1;
            }
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const M: usize, const V: usize, L: Left>(
        &mut self,
        simd: S,
        lefts: &[L],
        part: usize,
        k: usize,
    ) {
        let mut sums = [[simd.splat_f32s(0.0); V]; M];
        for (chunk, left) in self.chunks.iter().zip(lefts) {
            for (row, line) in chunk.slopes(self.layer, self.panel).iter().enumerate() {
                let line = load::<S, V>(line);
                let values = &left.part(row, part)[k..k + M];
                for i in 0..M {
                    let x = simd.splat_f32s(values[i]);
                    for j in 0..V {
                        sums[i][j] = simd.mul_add_f32s(x, line[j], sums[i][j]);
                    }
                }
            }
        }
        let from = part * lefts[0].length() + k;
        let Panel { weights, mean, square, .. } = &mut *self.weights;
        for (i, sum) in sums.into_iter().enumerate() {
            let at = from + i;
            let update = self.update;
            update.apply::<S, V>(simd, sum, &mut weights[at], &mut mean[at], &mut square[at]);
        }
    }
}

impl pulp::WithSimd for &mut Descend<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match S::F32_LANES {
            8 => self.all::<S, 2>(simd),
            4 => self.all::<S, 4>(simd),
            _ => self.all::<S, 16>(simd),
        }
    }
}
