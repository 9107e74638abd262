//! The embedded tables that `dynamoDBv2` actions write to.
//!
//! A table with a declared key keeps the last item of each key; one without keeps its last item.
//! What was put before stands in the recorded actions, so nothing more is held in memory.

use crate::outputs::Outcome;
use fieldmirror_rules::value::Value;
use std::collections::{BTreeMap, VecDeque};

/// Most keys of a table; the key that has been there longest makes room, counted. Source: ours.
pub const TABLE_KEYS_MAX: usize = 100_000;

/// One table.
#[derive(Clone, Debug)]
pub struct Table {
    name: String,
    hash_key: Option<String>,
    puts: u64,
    last: Vec<u8>,
    items: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Keys in order of their first put.
    order: VecDeque<Vec<u8>>,
}

impl Table {
    pub(crate) fn new(name: &str, hash_key: Option<&str>) -> Self {
        Self {
            name: name.to_owned(),
            hash_key: hash_key.map(str::to_owned),
            puts: 0,
            last: Vec::new(),
            items: BTreeMap::new(),
            order: VecDeque::new(),
        }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many items were put.
    pub const fn puts(&self) -> u64 {
        self.puts
    }

    /// The item put last, as JSON; empty before the first.
    pub fn last(&self) -> &[u8] {
        &self.last
    }

    /// How many keys are held.
    pub fn keys(&self) -> usize {
        self.items.len()
    }

    /// The last item of the key with this JSON text, such as `"farmA-101"` with its quotes.
    pub fn item(&self, key: &str) -> Option<&[u8]> {
        self.items.get(key.as_bytes()).map(Vec::as_slice)
    }

    /// Puts the JSON `body`; true beside the outcome if another key had to make room.
    pub(crate) fn put(&mut self, body: &[u8]) -> (Outcome, bool) {
        let mut dropped = false;
        if let Some(hash_key) = &self.hash_key {
            let Ok(Value::Object(item)) = Value::from_json(body) else {
                return (Outcome::NotAnObject, false);
            };
            let key = match item.get(hash_key) {
                Some(key @ (Value::String(_) | Value::Int(_) | Value::Decimal(_))) => key.to_json(),
                _ => return (Outcome::MissingKey, false),
            };
            dropped = self.keep(key, body);
        } else if !body.starts_with(b"{") {
            // A rule's output is compact JSON: an object begins with its brace.
            return (Outcome::NotAnObject, false);
        }
        self.puts += 1;
        self.last.clear();
        self.last.extend_from_slice(body);
        (Outcome::Done, dropped)
    }

    fn keep(&mut self, key: Vec<u8>, body: &[u8]) -> bool {
        if let Some(item) = self.items.get_mut(&key) {
            item.clear();
            item.extend_from_slice(body);
            return false;
        }
        let full = self.items.len() == TABLE_KEYS_MAX;
        if full && let Some(oldest) = self.order.pop_front() {
            self.items.remove(&oldest);
        }
        self.order.push_back(key.clone());
        self.items.insert(key, body.to_vec());
        full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyed_table_keeps_the_last_item_of_each_key() {
        let mut table = Table::new("readings", Some("device"));
        for body in
            [r#"{"device":"a","t":1}"#, r#"{"device":"b","t":2}"#, r#"{"device":"a","t":3}"#]
        {
            assert_eq!(table.put(body.as_bytes()), (Outcome::Done, false));
        }
        assert_eq!(table.item("\"a\""), Some(&br#"{"device":"a","t":3}"#[..]));
        assert_eq!((table.puts(), table.keys()), (3, 2));
        assert_eq!(table.put(br#"{"t":1}"#).0, Outcome::MissingKey);
        assert_eq!(table.put(br#"{"device":null}"#).0, Outcome::MissingKey);
        assert_eq!(table.put(b"[1]").0, Outcome::NotAnObject);
        assert_eq!(table.puts(), 3);
    }

    #[test]
    fn a_full_table_lets_the_oldest_key_go() {
        let mut table = Table::new("readings", Some("k"));
        for i in 0..=TABLE_KEYS_MAX {
            let (outcome, dropped) = table.put(format!("{{\"k\":{i}}}").as_bytes());
            assert_eq!((outcome, dropped), (Outcome::Done, i == TABLE_KEYS_MAX));
        }
        assert_eq!((table.keys(), table.item("0")), (TABLE_KEYS_MAX, None));
    }

    #[test]
    fn a_table_without_key_counts_and_keeps_its_last_item() {
        let mut table = Table::new("readings", None);
        assert_eq!(table.put(b"{\"t\":1}").0, Outcome::Done);
        assert_eq!(table.put(b"1").0, Outcome::NotAnObject);
        assert_eq!((table.puts(), table.last()), (1, &b"{\"t\":1}"[..]));
    }
}
