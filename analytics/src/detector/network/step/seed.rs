//! Where the slopes begin: the errors of what a network gave.

use super::super::kernel::{Line, WIDTH, load, store};
use super::Targets;
use pulp::Simd;

/// Where the slopes begin: error, held within the bend, times 2, over the number of values.
pub(super) struct Loss<'a> {
    pub(super) targets: Targets<'a>,
    pub(super) bend: f32,
    pub(super) scale: f32,
}

/// The slopes of a chunk's outputs.
pub(super) struct Seed<'a> {
    pub(super) loss: &'a Loss<'a>,
    pub(super) starts: &'a [usize],
    pub(super) places: usize,
    pub(super) columns: usize,
    pub(super) rows: usize,
    pub(super) outputs: &'a [Line],
    pub(super) slopes: &'a mut [Line],
}

impl Seed<'_> {
    #[inline(always)]
    fn all<S: Simd, const V: usize>(self, simd: S) {
        let values = self.loss.targets.values;
        let (above, below) = (simd.splat_f32s(self.loss.bend), simd.splat_f32s(-self.loss.bend));
        let scale = simd.splat_f32s(2.0 * self.loss.scale);
        for block in 0..self.outputs.len() / self.rows.max(1) {
            let (panel, place) = (block / self.places, block % self.places);
            let width = WIDTH.min(self.columns - panel * WIDTH);
            let from = place * self.columns + panel * WIDTH;
            for (row, start) in self.starts.iter().enumerate() {
                let at = block * self.rows + row;
                let mut target = Line::default();
                let asked = &values[start + from..][..width];
                if width == WIDTH {
                    target.0.copy_from_slice(asked);
                } else {
                    target.0[..width].copy_from_slice(asked);
                }
                let target = load::<S, V>(&target);
                let mut line = load::<S, V>(&self.outputs[at]);
                for j in 0..V {
                    let error = simd.sub_f32s(line[j], target[j]);
                    let error = simd.max_f32s(simd.min_f32s(error, above), below);
                    line[j] = simd.mul_f32s(error, scale);
                }
                store::<S, V>(&mut self.slopes[at], line);
            }
        }
    }
}

impl pulp::WithSimd for Seed<'_> {
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
