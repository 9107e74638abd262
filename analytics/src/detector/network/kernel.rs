//! Products of small f32 matrices for dense networks, on whatever SIMD the processor has.
//!
//! Columns go in panels of 16, one cache line a row. The left side is read where it stands, so that
//! overlapping windows of a block of rows are multiplied without a copy. Each output is one chain
//! of fused multiply-adds in the order of the inner index, whatever its place in a tile: its bits
//! depend neither on the block it is computed in nor on the number of threads.
//!
//! No training here ([`super::step`]) and no layers ([`super::stack`]).

use pulp::Simd;

/// Columns of a panel.
pub(crate) const WIDTH: usize = 16;

/// Sixteen values, aligned to a cache line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C, align(64))]
pub(crate) struct Line(pub(crate) [f32; WIDTH]);

/// Panels that `columns` need.
pub(crate) const fn panels(columns: usize) -> usize {
    columns.div_ceil(WIDTH)
}

/// What a layer does to its sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activation {
    /// Nothing.
    Identity,
    /// Negative ones become 0.
    Relu,
    /// Hyperbolic tangent.
    Tanh,
}

/// The left side of a product: rows in parts of equal length.
pub(crate) trait Left: Sync {
    /// Parts of a row.
    fn parts(&self) -> usize;
    /// Values of a part.
    fn length(&self) -> usize;
    /// A part of a row.
    fn part(&self, row: usize, part: usize) -> &[f32];
}

/// The right side of a product.
pub(crate) trait Right: Sync {
    /// The `length` lines of a panel that belong to a part of the left side.
    fn part(&self, panel: usize, part: usize, length: usize) -> &[Line];
}

/// Rows that begin `stride` values after one another: windows, where they overlap.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strided<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) stride: usize,
    pub(crate) length: usize,
}

impl Left for Strided<'_> {
    #[inline(always)]
    fn parts(&self) -> usize {
        1
    }
    #[inline(always)]
    fn length(&self) -> usize {
        self.length
    }
    #[inline(always)]
    fn part(&self, row: usize, _: usize) -> &[f32] {
        &self.values[row * self.stride..][..self.length]
    }
}

/// Rows that begin anywhere: a random batch of windows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listed<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) starts: &'a [usize],
    pub(crate) length: usize,
}

impl Left for Listed<'_> {
    #[inline(always)]
    fn parts(&self) -> usize {
        1
    }
    #[inline(always)]
    fn length(&self) -> usize {
        self.length
    }
    #[inline(always)]
    fn part(&self, row: usize, _: usize) -> &[f32] {
        &self.values[self.starts[row]..][..self.length]
    }
}

/// Rows in panels: line `panel * rows + row`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paneled<'a> {
    pub(crate) lines: &'a [Line],
    pub(crate) rows: usize,
}

impl Left for Paneled<'_> {
    #[inline(always)]
    fn parts(&self) -> usize {
        self.lines.len() / self.rows.max(1)
    }
    #[inline(always)]
    fn length(&self) -> usize {
        WIDTH
    }
    #[inline(always)]
    fn part(&self, row: usize, part: usize) -> &[f32] {
        &self.lines[part * self.rows + row].0
    }
}

/// What happens to a line of sums before it is stored.
pub(crate) trait Finish: Sync {
    /// The line to store for `row` of `panel`.
    fn finish<S: Simd, const V: usize>(
        &self,
        simd: S,
        panel: usize,
        row: usize,
        sums: [S::f32s; V],
    ) -> [S::f32s; V];
}

/// Adds a bias and applies the activation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Activate<'a> {
    pub(crate) bias: &'a [Line],
    pub(crate) activation: Activation,
}

impl Finish for Activate<'_> {
    #[inline(always)]
    fn finish<S: Simd, const V: usize>(
        &self,
        simd: S,
        panel: usize,
        _: usize,
        mut sums: [S::f32s; V],
    ) -> [S::f32s; V] {
        let bias = load::<S, V>(&self.bias[panel]);
        for j in 0..V {
            sums[j] = activate(simd, self.activation, simd.add_f32s(sums[j], bias[j]));
        }
        sums
    }
}

/// `out[panel, row] = finish(left[row] * right[panel])` for `rows` rows and the panels that `out`
/// has room for.
pub(crate) struct Product<'a, L, R, F> {
    pub(crate) left: L,
    pub(crate) right: R,
    pub(crate) rows: usize,
    pub(crate) finish: F,
    pub(crate) out: &'a mut [Line],
}

impl<L: Left, R: Right, F: Finish> Product<'_, L, R, F> {
    /// Computes it.
    pub(crate) fn run(self) {
        pulp::Arch::new().dispatch(self);
    }

    #[inline(always)]
    fn all<S: Simd, const V: usize>(mut self, simd: S) {
        if self.rows == 0 {
            return;
        }
        for panel in 0..self.out.len() / self.rows {
            let mut row = 0;
            while row + 6 <= self.rows {
                self.tile::<S, 6, V>(simd, panel, row);
                row += 6;
            }
            if row + 4 <= self.rows {
                self.tile::<S, 4, V>(simd, panel, row);
                row += 4;
            }
            while row < self.rows {
                self.tile::<S, 1, V>(simd, panel, row);
                row += 1;
            }
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const M: usize, const V: usize>(&mut self, simd: S, panel: usize, row: usize) {
        let mut sums = [[simd.splat_f32s(0.0); V]; M];
        let length = self.left.length();
        for part in 0..self.left.parts() {
            let mut rows: [&[f32]; M] = [&[]; M];
            for (i, slot) in rows.iter_mut().enumerate() {
                *slot = &self.left.part(row + i, part)[..length];
            }
            let lines = &self.right.part(panel, part, length)[..length];
            for k in 0..length {
                let line = load::<S, V>(&lines[k]);
                for i in 0..M {
                    let x = simd.splat_f32s(rows[i][k]);
                    for j in 0..V {
                        sums[i][j] = simd.mul_add_f32s(x, line[j], sums[i][j]);
                    }
                }
            }
        }
        for (i, sums) in sums.into_iter().enumerate() {
            let line = self.finish.finish::<S, V>(simd, panel, row + i, sums);
            store::<S, V>(&mut self.out[panel * self.rows + row + i], line);
        }
    }
}

impl<L: Left, R: Right, F: Finish> pulp::WithSimd for Product<'_, L, R, F> {
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

/// The vectors of a line.
#[inline(always)]
pub(crate) fn load<S: Simd, const V: usize>(line: &Line) -> [S::f32s; V] {
    let (vectors, _) = S::as_simd_f32s(&line.0);
    let mut all = [vectors[0]; V];
    all.copy_from_slice(&vectors[..V]);
    all
}

/// Writes a line.
#[inline(always)]
pub(crate) fn store<S: Simd, const V: usize>(line: &mut Line, values: [S::f32s; V]) {
    let (vectors, _) = S::as_mut_simd_f32s(&mut line.0);
    vectors[..V].copy_from_slice(&values);
}

/// The activation of `x`.
#[inline(always)]
pub(crate) fn activate<S: Simd>(simd: S, activation: Activation, x: S::f32s) -> S::f32s {
    match activation {
        Activation::Identity => x,
        Activation::Relu => simd.max_f32s(x, simd.splat_f32s(0.0)),
        Activation::Tanh => tanh(simd, x),
    }
}

/// The activation's slope, of its value `y`, times `x`.
#[inline(always)]
pub(crate) fn slope<S: Simd>(simd: S, activation: Activation, y: S::f32s, x: S::f32s) -> S::f32s {
    let zero = simd.splat_f32s(0.0);
    match activation {
        Activation::Identity => x,
        Activation::Relu => simd.select_f32s(simd.less_than_f32s(zero, y), x, zero),
        Activation::Tanh => {
            let slope = simd.sub_f32s(simd.splat_f32s(1.0), simd.mul_f32s(y, y));
            simd.mul_f32s(x, slope)
        }
    }
}

/// # Source
/// The rational approximation of degree 13 over 6 in Eigen's `generic_fast_tanh_float`, a few units
/// in the last place off.
#[inline(always)]
fn tanh<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let bound = simd.splat_f32s(7.905_311);
    let x = simd.min_f32s(simd.max_f32s(x, simd.neg_f32s(bound)), bound);
    let square = simd.mul_f32s(x, x);
    let above = simd.mul_f32s(x, horner(simd, square, &TANH_ABOVE));
    simd.div_f32s(above, horner(simd, square, &TANH_BELOW))
}

#[inline(always)]
fn horner<S: Simd>(simd: S, x: S::f32s, coefficients: &[f32]) -> S::f32s {
    let mut sum = simd.splat_f32s(0.0);
    for c in coefficients {
        sum = simd.mul_add_f32s(sum, x, simd.splat_f32s(*c));
    }
    sum
}

const TANH_ABOVE: [f32; 7] = [
    -2.760_768_5e-16,
    2.000_188e-13,
    -8.604_672e-11,
    5.122_297_1e-8,
    1.485_722_4e-5,
    6.372_619_3e-4,
    4.893_524_6e-3,
];
const TANH_BELOW: [f32; 4] = [1.198_258_4e-6, 1.185_347_1e-4, 2.268_434_6e-3, 4.893_525e-3];
