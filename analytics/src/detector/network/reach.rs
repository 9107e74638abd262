//! Which places before a layer each of its places reads: all of them in a dense layer, a few
//! neighbours in a convolution.
//!
//! What a layer gives for some windows lies in blocks, one for each panel of columns at each place,
//! of a line a window: block `panel * places + place`. A layer of one place whose columns fill
//! whole panels is the same blocks as one panel at that many places, so a dense layer can make
//! the places of a convolution. Nothing is computed here.

use super::kernel::{Left, Line, Right, WIDTH};

/// For each place of a layer, the place before that each of its taps reads: none where it would
/// lie beyond an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reach {
    /// Places before the layer.
    pub(crate) before: usize,
    pub(crate) taps: Vec<Vec<Option<usize>>>,
}

impl Reach {
    /// One place that reads all.
    pub(crate) fn whole(before: usize) -> Self {
        Self { before, taps: vec![(0..before).map(Some).collect()] }
    }

    /// Each place reads the one before it at the same place.
    pub(crate) fn alone(places: usize) -> Self {
        Self { before: places, taps: (0..places).map(|place| vec![Some(place)]).collect() }
    }

    /// Four neighbours, two further each time; the last ones end where the places end.
    pub(crate) fn halved(before: usize) -> Self {
        let taps = before.min(4);
        let first = (before - taps) % 2;
        let place = |from: usize| (from..from + taps).map(Some).collect();
        Self { before, taps: (first..=before - taps).step_by(2).map(place).collect() }
    }

    /// Three neighbours, after each place became two, for the last `places`.
    pub(crate) fn doubled(before: usize, places: usize) -> Self {
        let (all, first) = (2 * before, 2 * before - places);
        let tap = |at: usize| (1..=all).contains(&at).then(|| (at - 1) / 2);
        Self { before, taps: (first..all).map(|at| (at..at + 3).map(tap).collect()).collect() }
    }

    /// Places of the layer.
    pub(crate) const fn places(&self) -> usize {
        self.taps.len()
    }

    /// Taps of a place.
    pub(crate) fn width(&self) -> usize {
        self.taps.first().map_or(0, Vec::len)
    }

    /// Only the places `kept`.
    pub(crate) fn only(&self, kept: &[usize]) -> Self {
        let taps = kept.iter().map(|&place| self.taps[place].clone()).collect();
        Self { before: self.before, taps }
    }

    /// Forgets the places before that none reads; gives the others, by which it counts from now on.
    pub(crate) fn forget(&mut self) -> Vec<usize> {
        let mut read: Vec<usize> = self.taps.iter().flatten().flatten().copied().collect();
        read.sort_unstable();
        read.dedup();
        for tap in self.taps.iter_mut().flatten() {
            *tap = tap.and_then(|tap| read.binary_search(&tap).ok());
        }
        self.before = read.len();
        read
    }

    /// What each place reads, where a place before it has so many `panels`.
    pub(crate) fn picks(&self, panels: usize) -> Vec<Picks> {
        let place = |taps: &Vec<Option<usize>>| {
            let mut picks = Picks::default();
            for (tap, before) in taps.iter().enumerate() {
                for panel in 0..if before.is_some() { panels } else { 0 } {
                    picks.blocks.push(panel * self.before + before.unwrap_or(0));
                    picks.lines.push((tap * panels + panel) * WIDTH);
                }
            }
            picks
        };
        self.taps.iter().map(place).collect()
    }

    /// In a first layer, which reads the rows of a window: the row that each place begins at.
    pub(crate) fn begins(&self) -> Vec<usize> {
        self.taps.iter().map(|taps| taps.first().copied().flatten().unwrap_or(0)).collect()
    }
}

/// Blocks before a layer, and the weights' lines that go with each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Picks {
    pub(crate) blocks: Vec<usize>,
    pub(crate) lines: Vec<usize>,
}

/// Chosen blocks of `rows` lines, side by side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Picked<'a> {
    pub(crate) lines: &'a [Line],
    pub(crate) blocks: &'a [usize],
    pub(crate) rows: usize,
}

impl Left for Picked<'_> {
    #[inline(always)]
    fn parts(&self) -> usize {
        self.blocks.len()
    }
    #[inline(always)]
    fn length(&self) -> usize {
        WIDTH
    }
    #[inline(always)]
    fn part(&self, row: usize, part: usize) -> &[f32] {
        &self.lines[self.blocks[part] * self.rows + row].0
    }
}

/// The weights of one panel, from chosen lines on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct From<'a> {
    pub(crate) weights: &'a [Line],
    pub(crate) lines: &'a [usize],
}

impl Right for From<'_> {
    #[inline(always)]
    fn part(&self, _: usize, part: usize, length: usize) -> &[Line] {
        &self.weights[self.lines[part]..][..length]
    }
}

/// The weights of one panel, whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whole<'a>(pub(crate) &'a [Line]);

impl Right for Whole<'_> {
    #[inline(always)]
    fn part(&self, _: usize, part: usize, length: usize) -> &[Line] {
        &self.0[part * length..][..length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn convolutions_read_their_neighbours_and_the_newest_row() {
        let halved = Reach::halved(9);
        assert_eq!(halved.begins(), [1, 3, 5]);
        assert_eq!(halved.taps[2], [Some(5), Some(6), Some(7), Some(8)]);
        for places in 1..6 {
            let last = Reach::halved(places).taps.pop().unwrap();
            assert_eq!(last.last(), Some(&Some(places - 1)));
        }
        let doubled = Reach::doubled(2, 3);
        let expected =
            [[Some(0), Some(0), Some(1)], [Some(0), Some(1), Some(1)], [Some(1), Some(1), None]];
        assert_eq!(doubled.taps, expected);
        let mut cut = doubled.only(&[2]);
        assert_eq!(cut.forget(), [1]);
        assert_eq!((cut.before, cut.taps), (1, vec![vec![Some(0), Some(0), None]]));
    }
}
