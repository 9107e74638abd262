//! Decoded rows on their way from a thread that decodes to the one that delivers.

use super::counts::{PLACES, Place, Tally};
use std::collections::HashMap;

/// Rows of one file, as a thread decoded them. Devices are words of the block's own.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// How many rows.
    pub(super) rows: usize,
    /// Microseconds since 1970; empty where rows are numbered.
    pub(super) time: Vec<i64>,
    /// The device of each row; none if there is no such column.
    pub(super) device: Option<Words>,
    /// The class of each row.
    pub(super) class: Option<Words>,
    /// The channel of each row in the long layout.
    pub(super) metric: Option<Words>,
    /// A column a channel; in the long layout one.
    pub(super) values: Vec<Vec<f64>>,
    /// What was odd in each of them.
    pub(super) odd: Vec<Odd>,
    /// Row (0-based in the block) and text of lines that are no measurement.
    pub(super) other: Vec<(u64, String)>,
    /// Numbers under names that nobody knew when the file was opened.
    pub(super) unread: OddCells,
    /// How many lines there were, measurements or not, where they are fewer or more than rows.
    pub(super) lines: Option<u64>,
    /// For each row its line in the block, where they differ.
    pub(super) line_of: Vec<u32>,
    /// How many bytes of the file it was.
    pub(super) bytes: u64,
}

impl Block {
    /// An empty block for `channels` columns.
    pub(super) fn new(channels: usize) -> Self {
        Self {
            values: vec![Vec::new(); channels],
            odd: vec![Odd::default(); channels],
            ..Self::default()
        }
    }

    /// The line or row of the file, from 0 in the block, of a row.
    pub(super) fn line(&self, row: usize) -> u64 {
        self.line_of.get(row).map_or(row as u64, |&line| u64::from(line))
    }
}

/// What was odd in a channel of a block.
#[derive(Clone, Debug, Default)]
pub(super) struct Odd {
    pub(super) missing: OddCells,
    pub(super) text: OddCells,
}

/// Odd cells: how many, and the first few with row (from 0 in the block) and text.
#[derive(Clone, Debug, Default)]
pub(super) struct OddCells {
    pub(super) count: u64,
    /// All the rows, which only the long layout needs; at most as many as the block has.
    pub(super) rows: Vec<u32>,
    pub(super) first: Vec<(u64, String)>,
}

impl OddCells {
    pub(super) fn add(&mut self, row: u64, text: &[u8]) {
        self.count += 1;
        self.rows.push(row as u32);
        if self.first.len() < PLACES {
            self.first.push((row, shown(text)));
        }
    }

    /// Adds these to `tally`; rows begin at `base` in `file`.
    pub(super) fn into_tally(self, tally: &mut Tally, file: &str, base: u64) {
        tally.count += self.count;
        for (row, text) in self.first {
            if tally.first.len() < PLACES {
                tally.first.push(Place { file: file.to_owned(), row: base + row, text });
            }
        }
    }
}

/// What of a cell is shown to people, without characters that a terminal would obey.
pub(super) fn shown(text: &[u8]) -> String {
    const MOST: usize = 40;
    let text = String::from_utf8_lossy(text.trim_ascii());
    let plain = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    let mut shown: String = text.chars().take(MOST).map(plain).collect();
    if text.chars().nth(MOST).is_some() {
        shown.push_str("...");
    }
    shown
}

/// Texts as numbers in order of first appearance.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// The word of each row.
    pub(super) codes: Vec<u32>,
    /// The words.
    pub(super) words: Vec<String>,
    index: HashMap<String, u32>,
    /// Which word came after each word last time: devices mostly report in turns.
    next: Vec<u32>,
}

impl Words {
    /// Appends a row.
    pub(super) fn push(&mut self, word: &str) {
        let last = self.codes.last().copied();
        let guess = last.and_then(|last| self.next.get(last as usize)).copied();
        let code = match guess.filter(|&guess| self.words[guess as usize] == word) {
            Some(guess) => guess,
            None => self.look_up(word),
        };
        if let Some(last) = last {
            self.next[last as usize] = code;
        }
        self.codes.push(code);
    }

    /// The number of a word.
    pub(super) fn look_up(&mut self, word: &str) -> u32 {
        if let Some(&code) = self.index.get(word) {
            return code;
        }
        let code = self.words.len() as u32;
        self.words.push(word.to_owned());
        self.index.insert(word.to_owned(), code);
        // At first a device is followed by itself.
        self.next.push(code);
        code
    }
}
