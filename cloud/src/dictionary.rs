//! A growing list of distinct strings with dense ids: the dictionary of a table's string column.
//!
//! One text arena, one end per string and an open-addressing index of ids: about 12 bytes a string
//! beside its text, no allocation per string, and an order that depends on insertion alone.

use fieldmirror_core::ids::EntityKey;

/// Distinct strings by id, in order of insertion.
#[derive(Clone, Debug, Default)]
pub struct Dictionary {
    text: String,
    ends: Vec<u32>,
    /// A power of two of slots, each empty ([`FREE`]) or an id; at most half are taken.
    slots: Vec<u32>,
}

const FREE: u32 = u32::MAX;

impl Dictionary {
    /// The string with this id.
    ///
    /// # Panics
    /// If `id` was not made by this dictionary.
    pub fn text(&self, id: u32) -> &str {
        let i = id as usize;
        let start = if i == 0 { 0 } else { self.ends[i - 1] as usize };
        &self.text[start..self.ends[i] as usize]
    }

    /// The id of `text`, if it is known.
    pub fn find(&self, text: &str) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        let id = self.slots[self.slot(text)];
        (id != FREE).then_some(id)
    }

    /// How many strings there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All strings in id order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|i| self.text(i as u32))
    }

    /// The id of `text`, which is added if it is new.
    pub(crate) fn intern(&mut self, text: &str) -> u32 {
        if self.slots.len() < 2 * (self.len() + 1) {
            self.grow();
        }
        let slot = self.slot(text);
        if self.slots[slot] != FREE {
            return self.slots[slot];
        }
        let id = self.ends.len() as u32;
        self.text.push_str(text);
        self.ends.push(self.text.len() as u32);
        self.slots[slot] = id;
        id
    }

    /// The slot that holds `text`, or the free one where it belongs.
    fn slot(&self, text: &str) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = EntityKey::of(text).bits() as usize & mask;
        while self.slots[slot] != FREE && self.text(self.slots[slot]) != text {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        let size = (2 * self.slots.len()).max(16);
        self.slots = vec![FREE; size];
        for id in 0..self.len() as u32 {
            let slot = self.slot(self.text(id));
            self.slots[slot] = id;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_keep_their_ids_while_the_dictionary_grows() {
        let mut dictionary = Dictionary::default();
        assert_eq!(dictionary.find("x"), None);
        for i in 0..1_000 {
            assert_eq!(dictionary.intern(&format!("t{i}")), i);
        }
        for i in 0..1_000 {
            assert_eq!(dictionary.intern(&format!("t{i}")), i);
            assert_eq!(dictionary.find(&format!("t{i}")), Some(i));
            assert_eq!(dictionary.text(i), format!("t{i}"));
        }
        assert_eq!((dictionary.len(), dictionary.find("t1000")), (1_000, None));
        assert_eq!(dictionary.iter().nth(7), Some("t7"));
    }
}
