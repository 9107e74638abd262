//! Dictionary strings numbered by first appearance within a row group.

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, StringArray};
use arrow::datatypes::Int32Type;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Translates dictionary keys into codes: positions in order of first appearance.
#[derive(Clone, Debug, Default)]
pub(crate) struct Codes {
    /// The dictionary that the keys of `by_key` refer to.
    words: Option<ArrayRef>,
    /// The code of each key, or [`Codes::NONE`] as long as it did not appear.
    by_key: Vec<u32>,
    /// The code of each string. Kept from the start where two keys may hold the same string; made
    /// when the dictionary changes otherwise, since most never do within a group.
    by_word: Option<BTreeMap<Box<[u8]>, u32>>,
    /// Each string's length (u32, little-endian) and bytes: Parquet's PLAIN encoding.
    plain: Vec<u8>,
    count: u32,
    codes: Vec<u32>,
    nulls: usize,
}

impl Codes {
    /// The code of a null.
    pub(crate) const NONE: u32 = u32::MAX;

    /// For arrays whose dictionary may hold a string twice, as files of any writer may.
    pub(crate) fn by_word() -> Self {
        Self { by_word: Some(BTreeMap::new()), ..Self::default() }
    }

    /// For arrays over a [`Dictionary`](crate::dictionary::Dictionary): all strings differ.
    pub(crate) fn by_key() -> Self {
        Self::default()
    }

    /// The codes of `array`, null as [`Codes::NONE`]; valid until the next call.
    pub(crate) fn of(&mut self, array: &DictionaryArray<Int32Type>) -> &[u32] {
        self.change_words(array.values());
        let words = array.values().as_string::<i32>();
        let mut codes = std::mem::take(&mut self.codes);
        codes.clear();
        codes.reserve(array.len());
        let keys = array.keys();
        self.nulls = keys.null_count();
        if self.nulls == 0 {
            for &key in keys.values() {
                let known = self.by_key[key as usize];
                codes.push(if known == Self::NONE { self.learn(words, key) } else { known });
            }
        } else {
            for key in keys {
                codes.push(match key {
                    None => Self::NONE,
                    Some(key) => match self.by_key[key as usize] {
                        Self::NONE => self.learn(words, key),
                        known => known,
                    },
                });
            }
        }
        self.codes = codes;
        &self.codes
    }

    /// How many nulls the last array had.
    pub(crate) const fn nulls(&self) -> usize {
        self.nulls
    }

    /// The codes of the last array.
    pub(crate) fn last(&self) -> &[u32] {
        &self.codes
    }

    /// How many different strings there were.
    pub(crate) const fn count(&self) -> u32 {
        self.count
    }

    /// The strings in order of their codes, in Parquet's PLAIN encoding.
    pub(crate) fn plain(&self) -> &[u8] {
        &self.plain
    }

    /// The strings in order of their codes.
    pub(crate) fn words(&self) -> impl Iterator<Item = &[u8]> {
        plain_words(&self.plain)
    }

    fn change_words(&mut self, words: &ArrayRef) {
        if self.words.as_ref().is_some_and(|known| Arc::ptr_eq(known, words)) {
            return;
        }
        if self.words.is_some() && self.by_word.is_none() {
            let known = plain_words(&self.plain).zip(0..);
            self.by_word = Some(known.map(|(word, code)| (Box::from(word), code)).collect());
        }
        self.words = Some(Arc::clone(words));
        self.by_key.clear();
        self.by_key.resize(words.len(), Self::NONE);
    }

    #[cold]
    fn learn(&mut self, words: &StringArray, key: i32) -> u32 {
        let word = words.value(key as usize).as_bytes();
        let code = match &mut self.by_word {
            None => self.count,
            Some(by_word) => *by_word.entry(Box::from(word)).or_insert(self.count),
        };
        if code == self.count {
            self.plain.extend_from_slice(&(word.len() as u32).to_le_bytes());
            self.plain.extend_from_slice(word);
            self.count += 1;
        }
        self.by_key[key as usize] = code;
        code
    }
}

fn plain_words(mut plain: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (len, rest) = plain.split_first_chunk::<4>()?;
        let (word, rest) = rest.split_at_checked(u32::from_le_bytes(*len) as usize)?;
        plain = rest;
        Some(word)
    })
}
