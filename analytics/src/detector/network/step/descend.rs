//! From slopes to new weights: the gradient of a panel is summed in registers and spent on AdamW.

use super::super::kernel::{Left, Line, Paneled, WIDTH, load, store};
use super::layer::{Layer, Panel};
use super::{Batch, Chunk, Rates, listed};
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

/// Which inputs meet which slopes in the gradient of a layer's weights.
pub(super) struct Span {
    places: usize,
    /// Values that a place of the first layer reads.
    inner: usize,
    /// Where places of the first layer begin in a window.
    begins: Vec<usize>,
    /// For each 16 lines of weights the blocks before that they are multiplied with, and the
    /// places where.
    meets: Vec<Vec<(usize, usize)>>,
}

impl Span {
    pub(super) fn of(layer: &Layer) -> Self {
        let count = layer.lines * layer.reach.width() / WIDTH;
        let mut meets = vec![Vec::new(); if layer.picks.is_empty() { 0 } else { count }];
        for (place, picks) in layer.picks.iter().enumerate() {
            for (block, line) in picks.blocks.iter().zip(&picks.lines) {
                meets[line / WIDTH].push((*block, place));
            }
        }
        let (places, begins) = (layer.reach.places(), layer.reach.begins());
        Self { places, inner: layer.inner, begins, meets }
    }
}

/// The gradient of one panel over all chunks, and its update.
pub(super) struct Descend<'a, K> {
    pub(super) chunks: &'a [Chunk<K>],
    pub(super) batch: &'a Batch<'a>,
    pub(super) span: &'a Span,
    pub(super) layer: usize,
    pub(super) panel: usize,
    pub(super) weights: &'a mut Panel,
    pub(super) update: Update,
}

/// Inputs and the slopes at the place that read them, a row a window.
type Met<'a, L> = (L, &'a [Line]);

impl<'a, K: Sync> Descend<'a, K> {
    /// Does it.
    pub(super) fn run(mut self) {
        pulp::Arch::new().dispatch(&mut self);
        self.weights.turn();
    }

    #[inline(always)]
    fn all<S: Simd, const V: usize>(&mut self, simd: S) {
        let (chunks, batch, span) = (self.chunks, self.batch, self.span);
        if self.layer == 0 {
            let mut met = Vec::with_capacity(chunks.len() * span.places);
            for chunk in chunks {
                for (place, begin) in span.begins.iter().enumerate() {
                    let left = listed(batch, &chunk.starts, *begin, span.inner);
                    met.push((left, self.slopes(chunk, place)));
                }
            }
            self.columns::<S, V, _>(simd, &met, 0);
        }
        let mut met = Vec::new();
        for (part, meets) in span.meets.iter().enumerate() {
            met.clear();
            for chunk in chunks {
                for (block, place) in meets {
                    let lines = chunk.block(&chunk.inputs[self.layer - 1], *block);
                    let left = Paneled { lines, rows: chunk.rows };
                    met.push((left, self.slopes(chunk, *place)));
                }
            }
            self.columns::<S, V, _>(simd, &met, part * WIDTH);
        }
        let mut sum = [simd.splat_f32s(0.0); V];
        for chunk in chunks {
            for place in 0..span.places {
                for line in self.slopes(chunk, place) {
                    let line = load::<S, V>(line);
                    for j in 0..V {
                        sum[j] = simd.add_f32s(sum[j], line[j]);
                    }
                }
            }
        }
        let Panel { bias, bias_mean, bias_square, .. } = &mut *self.weights;
        self.update.apply::<S, V>(simd, sum, &mut bias[0], bias_mean, bias_square);
    }

    #[inline(always)]
    fn slopes(&self, chunk: &'a Chunk<K>, place: usize) -> &'a [Line] {
        chunk.block(&chunk.slopes[self.layer], self.panel * self.span.places + place)
    }

    /// All columns of the left side, a few at a time; their weights begin at line `from`.
    #[inline(always)]
    fn columns<S: Simd, const V: usize, L: Left>(
        &mut self,
        simd: S,
        met: &[Met<'_, L>],
        from: usize,
    ) {
        let Some((first, _)) = met.first() else { return };
        let length = first.length();
        let mut k = 0;
        while k + 6 <= length {
            self.tile::<S, 6, V, L>(simd, met, from, k);
            k += 6;
        }
        if k + 4 <= length {
            self.tile::<S, 4, V, L>(simd, met, from, k);
            k += 4;
        }
        while k < length {
            self.tile::<S, 1, V, L>(simd, met, from, k);
            k += 1;
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const M: usize, const V: usize, L: Left>(
        &mut self,
        simd: S,
        met: &[Met<'_, L>],
        from: usize,
        k: usize,
    ) {
        let mut sums = [[simd.splat_f32s(0.0); V]; M];
        for (left, slopes) in met {
            for (row, line) in slopes.iter().enumerate() {
                let line = load::<S, V>(line);
                let values = &left.part(row, 0)[k..k + M];
                for i in 0..M {
                    let x = simd.splat_f32s(values[i]);
                    for j in 0..V {
                        sums[i][j] = simd.mul_add_f32s(x, line[j], sums[i][j]);
                    }
                }
            }
        }
        let Panel { weights, mean, square, .. } = &mut *self.weights;
        for (i, sum) in sums.into_iter().enumerate() {
            let at = from + k + i;
            let update = self.update;
            update.apply::<S, V>(simd, sum, &mut weights[at], &mut mean[at], &mut square[at]);
        }
    }
}

impl<K: Sync> pulp::WithSimd for &mut Descend<'_, K> {
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
