//! The block in training: forward, and the slopes back through attention, normalisation and skips.

use crate::detector::network::kernel::{Activation, Line, WIDTH};
use crate::detector::network::step::layer::Layer;
use crate::detector::network::step::{Batch, Chunk, Wiring};

/// Panels of a row inside, two heads each.
pub(super) const PANELS: usize = 2;

/// Values of a head.
const HEAD: usize = WIDTH / 2;

/// Of the likeness of two rows: one over the root of a head's values.
const LIKENESS: f32 = 0.353_553_4;

/// What a row's distance takes off its likeness, by head.
///
/// # Source
/// Press, Smith, Lewis, "Train short, test long" (2022): powers of 2^(-8/heads).
const NEARNESS: [f32; 4] = [0.25, 0.0625, 0.015_625, 0.003_906_25];

/// Added to a mean square, so that a row of zeros stays one.
const LEAST_SQUARE: f32 = 1e-6;

/// The wiring of a transformer's layers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attention;

/// What the way back needs.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    /// Rows inside: as mapped, with what heads saw, with what the linear maps made of that.
    x: [Vec<Line>; 3],
    heads: Vec<Line>,
    /// For each window, panel, head and row what it takes of each row.
    weights: Vec<f32>,
    slopes: Vec<Line>,
}

impl Wiring for Attention {
    const CHUNK: usize = 16;
    type Memory = Memory;

    fn forward(&self, layers: &[Layer], batch: &Batch<'_>, chunk: &mut Chunk<Memory>) {
        let [embed, look, join, wide, narrow, last] = layers else { return };
        let (rows, places) = (chunk.rows, embed.reach.places());
        let Memory { x: [x, joined, through], heads, weights, slopes } = &mut chunk.memory;
        for lines in [&mut *x, joined, through, slopes] {
            lines.resize(embed.outputs(rows), Line::default());
        }
        heads.resize(look.outputs(rows), Line::default());
        weights.resize(rows * 2 * PANELS * places * places, 0.0);
        let [normal, seen, again, inside, ready, given] = chunk.inputs.as_mut_slice() else {
            return;
        };
        embed.first(batch, &chunk.starts, x);
        normalise(x, normal);
        look.forward(normal, rows, heads);
        Heads { lines: heads, places, rows }.forward(weights, seen);
        join.forward(seen, rows, joined);
        add(joined, x);
        normalise(joined, again);
        wide.forward(again, rows, inside);
        narrow.forward(inside, rows, through);
        add(through, joined);
        normalise(through, ready);
        last.forward(ready, rows, given);
    }

    fn backward(&self, layers: &[Layer], chunk: &mut Chunk<Memory>) {
        let [embed, look, join, wide, narrow, last] = layers else { return };
        let (rows, places) = (chunk.rows, embed.reach.places());
        let Memory { x: [x, joined, through], heads, weights, slopes } = &mut chunk.memory;
        let [normal, seen, again, inside, ready, _] = chunk.inputs.as_slice() else { return };
        let [at_embed, at_look, at_join, at_wide, at_narrow, at_last] = chunk.slopes.as_mut_slice()
        else {
            return;
        };
        last.back(at_last, rows, (ready, Activation::Identity), slopes);
        at_narrow.fill(Line::default());
        normalise_back(through, slopes, at_narrow);
        narrow.back(at_narrow, rows, (inside, wide.activation()), at_wide);
        wide.back(at_wide, rows, (again, Activation::Identity), slopes);
        at_join.copy_from_slice(at_narrow);
        normalise_back(joined, slopes, at_join);
        join.back(at_join, rows, (seen, Activation::Identity), slopes);
        Heads { lines: heads, places, rows }.backward(weights, slopes, at_look);
        look.back(at_look, rows, (normal, Activation::Identity), slopes);
        at_embed.copy_from_slice(at_join);
        normalise_back(x, slopes, at_embed);
    }
}

/// Queries, keys and values of some windows' rows.
struct Heads<'a> {
    lines: &'a [Line],
    places: usize,
    rows: usize,
}

impl Heads<'_> {
    fn at(&self, panel: usize, place: usize, row: usize) -> usize {
        (panel * self.places + place) * self.rows + row
    }

    /// Keys and values of a window, oldest first.
    fn window(&self, panel: usize, row: usize) -> [Vec<Line>; 3] {
        let part = |part: usize| {
            let line = |place| self.lines[self.at(part * PANELS + panel, place, row)];
            (0..self.places).map(line).collect()
        };
        [part(0), part(1), part(2)]
    }

    fn forward(&self, weights: &mut [f32], seen: &mut [Line]) {
        let square = self.places * self.places;
        for (i, weights) in weights.chunks_exact_mut(2 * square).enumerate() {
            let (row, panel) = (i / PANELS, i % PANELS);
            let [queries, keys, values] = self.window(panel, row);
            let (one, other) = weights.split_at_mut(square);
            for place in 0..self.places {
                let before = place * self.places..=place * self.places + place;
                let both = [&mut one[before.clone()], &mut other[before]];
                let lines = (&keys[..=place], &values[..=place]);
                let out = &mut seen[self.at(panel, place, row)];
                see(panel, &queries[place], lines, both, out);
            }
        }
    }

    fn backward(&self, weights: &[f32], slopes: &[Line], out: &mut [Line]) {
        let square = self.places * self.places;
        for (i, weights) in weights.chunks_exact(2 * square).enumerate() {
            let (row, panel) = (i / PANELS, i % PANELS);
            let [queries, keys, values] = self.window(panel, row);
            let mut found = [(); 3].map(|()| vec![Line::default(); self.places]);
            for place in 0..self.places {
                let slope = &slopes[self.at(panel, place, row)];
                for (head, weights) in weights.chunks_exact(square).enumerate() {
                    let weights = &weights[place * self.places..][..=place];
                    let query = &queries[place];
                    unsee(head, slope, (query, &keys, &values), weights, (&mut found, place));
                }
            }
            for (part, found) in found.into_iter().enumerate() {
                for (place, line) in found.into_iter().enumerate() {
                    out[self.at(part * PANELS + panel, place, row)] = line;
                }
            }
        }
    }
}

/// What the two heads of a panel see with a row's `query` in rows up to it; `weights` has room for
/// what each head takes of each row.
pub(super) fn see(
    panel: usize,
    query: &Line,
    (keys, values): (&[Line], &[Line]),
    weights: [&mut [f32]; 2],
    out: &mut Line,
) {
    for (head, weights) in weights.into_iter().enumerate() {
        let lanes = head * HEAD..(head + 1) * HEAD;
        let nearness = NEARNESS[2 * panel + head];
        let mut largest = f32::MIN;
        for (i, (key, weight)) in keys.iter().zip(weights.iter_mut()).enumerate() {
            let away = (keys.len() - 1 - i) as f32;
            *weight =
                LIKENESS * dot(&query.0[lanes.clone()], &key.0[lanes.clone()]) - nearness * away;
            largest = largest.max(*weight);
        }
        let mut sum = 0.0;
        for weight in weights.iter_mut() {
            *weight = libm::expf(*weight - largest);
            sum += *weight;
        }
        let mut seen = [0.0; HEAD];
        for (value, weight) in values.iter().zip(weights.iter_mut()) {
            *weight /= sum;
            for (seen, value) in seen.iter_mut().zip(&value.0[lanes.clone()]) {
                *seen += *weight * value;
            }
        }
        out.0[lanes].copy_from_slice(&seen);
    }
}

/// The way back of one head: adds to the slopes of the row's query, and of keys and values.
fn unsee(
    head: usize,
    slope: &Line,
    (query, keys, values): (&Line, &[Line], &[Line]),
    weights: &[f32],
    ([queries_out, keys_out, values_out], place): (&mut [Vec<Line>; 3], usize),
) {
    let lanes = head * HEAD..(head + 1) * HEAD;
    let slope = &slope.0[lanes.clone()];
    let query = &query.0[lanes.clone()];
    let through = |value: &Line| dot(slope, &value.0[lanes.clone()]);
    let mean: f32 = weights.iter().zip(values).map(|(weight, value)| weight * through(value)).sum();
    let query_out = &mut queries_out[place].0[lanes.clone()];
    for (i, weight) in weights.iter().enumerate() {
        let likeness = LIKENESS * weight * (through(&values[i]) - mean);
        let key = &keys[i].0[lanes.clone()];
        let key_out = &mut keys_out[i].0[lanes.clone()];
        let value_out = &mut values_out[i].0[lanes.clone()];
        for j in 0..HEAD {
            value_out[j] += weight * slope[j];
            key_out[j] += likeness * query[j];
            query_out[j] += likeness * key[j];
        }
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (Ok(a), Ok(b)) = (<&[f32; HEAD]>::try_from(a), <&[f32; HEAD]>::try_from(b)) else {
        return 0.0;
    };
    // Pairs far apart first, so that the products go in one register.
    let p: [f32; HEAD] = std::array::from_fn(|i| a[i] * b[i]);
    ((p[0] + p[4]) + (p[1] + p[5])) + ((p[2] + p[6]) + (p[3] + p[7]))
}

/// Rows of root mean square 1; a row's panels are half the lines apart.
pub(super) fn normalise(x: &[Line], out: &mut [Line]) {
    let (first, second) = x.split_at(x.len() / PANELS);
    let (out_first, out_second) = out.split_at_mut(x.len() / PANELS);
    let outs = out_first.iter_mut().zip(out_second);
    for ((a, b), (out_a, out_b)) in first.iter().zip(second).zip(outs) {
        let scale = scale(a, b);
        for j in 0..WIDTH {
            out_a.0[j] = scale * a.0[j];
            out_b.0[j] = scale * b.0[j];
        }
    }
}

/// Adds to `out` the slopes of `x`, where `slopes` are those of its rows once normalised.
fn normalise_back(x: &[Line], slopes: &[Line], out: &mut [Line]) {
    let half = x.len() / PANELS;
    for i in 0..half {
        let (a, b) = (&x[i], &x[i + half]);
        let scale = scale(a, b);
        let (slope_a, slope_b) = (&slopes[i], &slopes[i + half]);
        let along = scale * (product(a, slope_a) + product(b, slope_b)) / (2 * WIDTH) as f32;
        for j in 0..WIDTH {
            out[i].0[j] += scale * (slope_a.0[j] - scale * a.0[j] * along);
            out[i + half].0[j] += scale * (slope_b.0[j] - scale * b.0[j] * along);
        }
    }
}

fn scale(a: &Line, b: &Line) -> f32 {
    ((product(a, a) + product(b, b)) / (2 * WIDTH) as f32 + LEAST_SQUARE).sqrt().recip()
}

fn product(a: &Line, b: &Line) -> f32 {
    dot(&a.0[..HEAD], &b.0[..HEAD]) + dot(&a.0[HEAD..], &b.0[HEAD..])
}

/// Adds lines.
pub(super) fn add(to: &mut [Line], what: &[Line]) {
    for (to, what) in to.iter_mut().zip(what) {
        for (to, what) in to.0.iter_mut().zip(&what.0) {
            *to += what;
        }
    }
}
