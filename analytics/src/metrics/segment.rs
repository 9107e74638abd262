//! Segments: maximal runs of true rows.

/// Rows `start..end`, all with one truth value, and neither neighbour with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Segment {
    /// The first row.
    pub start: usize,
    /// The row after the last.
    pub end: usize,
}

impl Segment {
    /// How many rows, at least 1.
    pub const fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether there are none; never for one that [`segments`] made.
    pub const fn is_empty(self) -> bool {
        self.end <= self.start
    }

    /// Whether it shares a row with `other`.
    pub const fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

/// The maximal runs of true rows, in order.
pub fn segments(truths: &[bool]) -> Vec<Segment> {
    let mut found = Vec::new();
    let mut start = None;
    for (row, &truth) in truths.iter().enumerate() {
        match (truth, start) {
            (true, None) => start = Some(row),
            (false, Some(first)) => {
                found.push(Segment { start: first, end: row });
                start = None;
            }
            _ => {}
        }
    }
    if let Some(first) = start {
        found.push(Segment { start: first, end: truths.len() });
    }
    found
}
