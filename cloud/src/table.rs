//! The embedded tables that `dynamoDB` and `dynamoDBv2` actions write to.
//!
//! A table with a declared key keeps the last item of each key; one without keeps its last item.
//! What was put before stands in the recorded actions, so nothing more is held in memory.

use crate::actions::ActionFailure;
use crate::outputs::Outcome;
use crate::spec::{KeyType, TableSpec};
use fieldmirror_rules::value::{Object, Value};
use std::collections::BTreeMap;

/// Most keys of a table; the key that has been there longest makes room, counted. Source: ours.
pub const TABLE_KEYS_MAX: usize = 100_000;

/// Largest item, in bytes. Source: DynamoDB developer guide, "Service, account, and table quotas".
pub const ITEM_BYTES_MAX: usize = 400 * 1024;

/// Most tables of a core. Source: DynamoDB developer guide, quotas: 2,500 tables an account; only
/// templates in `tableName` could make more.
pub const TABLES_MAX: usize = 2_500;

/// One table.
#[derive(Clone, Debug)]
pub struct Table {
    name: String,
    key: Option<TableKey>,
    puts: u64,
    deletes: u64,
    last: Vec<u8>,
    /// By the JSON text of the hash key, with `,` and that of the range key if there is one.
    items: BTreeMap<Vec<u8>, Item>,
    /// Keys by the number of their first put.
    order: BTreeMap<u64, Vec<u8>>,
    next: u64,
}

#[derive(Clone, Debug)]
struct Item {
    number: u64,
    body: Vec<u8>,
}

/// The attributes that items are kept by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableKey {
    pub(crate) hash: KeyAttribute,
    pub(crate) range: Option<KeyAttribute>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyAttribute {
    pub(crate) name: String,
    /// `None` takes texts and numbers.
    pub(crate) kind: Option<KeyType>,
}

impl Table {
    pub(crate) fn new(name: &str, key: Option<TableKey>) -> Self {
        Self {
            name: name.to_owned(),
            key,
            puts: 0,
            deletes: 0,
            last: Vec::new(),
            items: BTreeMap::new(),
            order: BTreeMap::new(),
            next: 0,
        }
    }

    pub(crate) fn declared(spec: &TableSpec) -> Self {
        let hash = KeyAttribute { name: spec.hash_key.clone(), kind: spec.hash_key_type };
        let range = spec.range_key.as_ref();
        let range =
            range.map(|name| KeyAttribute { name: name.clone(), kind: spec.range_key_type });
        Self::new(&spec.name, Some(TableKey { hash, range }))
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many items were put or updated.
    pub const fn puts(&self) -> u64 {
        self.puts
    }

    /// How many deletes there were, of keys that were there or not.
    pub const fn deletes(&self) -> u64 {
        self.deletes
    }

    /// The item put last, as JSON; empty before the first.
    pub fn last(&self) -> &[u8] {
        &self.last
    }

    /// How many keys are held.
    pub fn keys(&self) -> usize {
        self.items.len()
    }

    /// The last item of the key with this JSON text: that of the hash key, such as `"farmA-101"`
    /// with its quotes, and with a range key both with a comma between them.
    pub fn item(&self, key: &str) -> Option<&[u8]> {
        self.items.get(key.as_bytes()).map(|item| item.body.as_slice())
    }

    /// All items by the JSON text of their keys, in its order.
    pub fn items(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.items.iter().map(|(key, item)| (key.as_slice(), item.body.as_slice()))
    }

    /// Takes the key that a `dynamoDB` action names, if none is known yet.
    pub(crate) fn assume_key(&mut self, key: &TableKey) {
        if self.key.is_none() && self.puts == 0 {
            self.key = Some(key.clone());
        }
    }

    /// Holds the JSON `body` from the start, as if it had always been there: it is no put.
    pub(crate) fn hold(&mut self, body: &[u8]) -> Result<(), ActionFailure> {
        let puts = self.puts;
        self.put(body)?;
        self.puts = puts;
        Ok(())
    }

    /// Puts the JSON `body`; true if another key had to make room.
    pub(crate) fn put(&mut self, body: &[u8]) -> Result<bool, ActionFailure> {
        let mut dropped = false;
        if let Some(key) = &self.key {
            let Ok(Value::Object(item)) = Value::from_json(body) else {
                return Err(not_an_object());
            };
            let key = key.of(&item, &self.name)?;
            check_size(&item)?;
            dropped = self.keep(key, body.to_vec());
        } else {
            // A rule's output is compact JSON: an object begins with its brace.
            if !body.starts_with(b"{") {
                return Err(not_an_object());
            }
            // JSON of this length could be an item that is too large.
            if body.len() > ITEM_BYTES_MAX / 2
                && let Ok(Value::Object(item)) = Value::from_json(body)
            {
                check_size(&item)?;
            }
        }
        self.note(body);
        Ok(dropped)
    }

    /// Writes as a `dynamoDB` action does: `INSERT` replaces the item, `UPDATE` sets what `item`
    /// has and keeps the rest, `DELETE` takes the item out; true if another key had to make room.
    pub(crate) fn write(
        &mut self,
        operation: &str,
        names: &TableKey,
        item: &Object,
    ) -> Result<bool, ActionFailure> {
        let key = self.key.as_ref().unwrap_or(names);
        if key.names() != names.names() {
            let why = format!(
                "table `{}` is kept by {}, the action names {}",
                self.name,
                key.names(),
                names.names()
            );
            return Err(ActionFailure::new(Outcome::MissingKey, why));
        }
        let text = key.of(item, &self.name)?;
        if operation == "DELETE" {
            self.deletes += 1;
            if let Some(item) = self.items.remove(&text) {
                self.order.remove(&item.number);
            }
            return Ok(false);
        }
        let mut kept = match (operation, self.items.get(&text)) {
            ("UPDATE", Some(before)) => match Value::from_json(&before.body) {
                Ok(Value::Object(before)) => before,
                _ => Object::new(),
            },
            _ => Object::new(),
        };
        for (name, value) in item.iter() {
            kept.insert(name, value.clone());
        }
        check_size(&kept)?;
        let body = Value::Object(kept).to_json();
        self.note(&body);
        Ok(self.keep(text, body))
    }

    /// The item under the named key values.
    ///
    /// # Errors
    /// Why the names are not this table's.
    pub(crate) fn find(&self, key: &[(&str, &Value)]) -> Result<Option<&[u8]>, String> {
        let Some(own) = &self.key else {
            return Err(format!("table `{}` has no declared key", self.name));
        };
        let mut given = key.iter();
        let attributes = std::iter::once(&own.hash).chain(&own.range);
        let mut item = Object::new();
        for attribute in attributes {
            match given.next() {
                Some((name, value)) if *name == attribute.name => {
                    item.insert(*name, (*value).clone());
                }
                _ => return Err(self.other_key(own)),
            }
        }
        if given.next().is_some() {
            return Err(self.other_key(own));
        }
        let text = own.of(&item, &self.name).map_err(|failure| failure.why)?;
        Ok(self.items.get(&text).map(|item| item.body.as_slice()))
    }

    fn other_key(&self, own: &TableKey) -> String {
        format!("table `{}` is kept by {}", self.name, own.names())
    }

    fn note(&mut self, body: &[u8]) {
        self.puts += 1;
        self.last.clear();
        self.last.extend_from_slice(body);
    }

    fn keep(&mut self, key: Vec<u8>, body: Vec<u8>) -> bool {
        if let Some(item) = self.items.get_mut(&key) {
            item.body = body;
            return false;
        }
        let full = self.items.len() == TABLE_KEYS_MAX;
        if full && let Some((_, oldest)) = self.order.pop_first() {
            self.items.remove(&oldest);
        }
        let number = self.next;
        self.next += 1;
        self.order.insert(number, key.clone());
        self.items.insert(key, Item { number, body });
        full
    }
}

impl TableKey {
    /// The attributes' names, for people.
    fn names(&self) -> String {
        match &self.range {
            None => format!("`{}`", self.hash.name),
            Some(range) => format!("`{}` and `{}`", self.hash.name, range.name),
        }
    }

    /// The JSON text of an item's key.
    fn of(&self, item: &Object, table: &str) -> Result<Vec<u8>, ActionFailure> {
        let mut text = self.hash.of(item, table)?;
        if let Some(range) = &self.range {
            text.push(b',');
            text.extend_from_slice(&range.of(item, table)?);
        }
        Ok(text)
    }
}

impl KeyAttribute {
    fn of(&self, item: &Object, table: &str) -> Result<Vec<u8>, ActionFailure> {
        let refuse = |what: &str| {
            let why = format!("the key `{}` of table `{table}` {what}", self.name);
            Err(ActionFailure::new(Outcome::MissingKey, why))
        };
        match (item.get(&self.name), self.kind) {
            (None, _) => refuse("is not in the item"),
            (Some(Value::String(text)), _) if text.is_empty() => refuse("is an empty text"),
            (Some(key @ Value::String(_)), None | Some(KeyType::Text))
            | (Some(key @ (Value::Int(_) | Value::Decimal(_))), None | Some(KeyType::Number)) => {
                Ok(key.to_json())
            }
            (Some(_), Some(KeyType::Text)) => refuse("must be a text"),
            (Some(_), Some(KeyType::Number)) => refuse("must be a number"),
            (Some(_), None) => refuse("must be a text or a number"),
        }
    }
}

fn not_an_object() -> ActionFailure {
    let why = "the output is no JSON object, whose attributes would be the columns";
    ActionFailure::new(Outcome::NotAnObject, why.to_owned())
}

fn check_size(item: &Object) -> Result<(), ActionFailure> {
    let bytes: usize = item.iter().map(|(name, value)| name.len() + size(value)).sum();
    if bytes > ITEM_BYTES_MAX {
        let why = format!("the item has {bytes} bytes; at most {ITEM_BYTES_MAX} are allowed");
        return Err(ActionFailure::new(Outcome::TooLarge, why));
    }
    Ok(())
}

/// Bytes of an attribute's value.
///
/// # Source
/// DynamoDB developer guide, "DynamoDB item sizes and formats".
fn size(value: &Value) -> usize {
    const CONTAINER_BYTES: usize = 3;
    match value {
        Value::Undefined => 0,
        Value::Null | Value::Bool(_) => 1,
        Value::String(text) => text.len(),
        // One byte for two significant digits and one more.
        Value::Int(_) | Value::Decimal(_) => value.to_json().len().div_ceil(2) + 1,
        Value::Array(items) => {
            CONTAINER_BYTES + items.iter().map(|item| 1 + size(item)).sum::<usize>()
        }
        Value::Object(entries) => {
            let entry = |(name, value): (&str, &Value)| 1 + name.len() + size(value);
            CONTAINER_BYTES + entries.iter().map(entry).sum::<usize>()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyed(hash: &str, range: Option<(&str, KeyType)>) -> Table {
        let spec = TableSpec {
            name: "readings".to_owned(),
            hash_key: hash.to_owned(),
            range_key: range.map(|(name, _)| name.to_owned()),
            range_key_type: range.map(|(_, kind)| kind),
            ..TableSpec::default()
        };
        Table::declared(&spec)
    }

    fn outcome(put: Result<bool, ActionFailure>) -> Outcome {
        put.map_or_else(|failure| failure.outcome, |_| Outcome::Done)
    }

    #[test]
    fn a_keyed_table_keeps_the_last_item_of_each_key() {
        let mut table = keyed("device", None);
        for body in
            [r#"{"device":"a","t":1}"#, r#"{"device":"b","t":2}"#, r#"{"device":"a","t":3}"#]
        {
            assert_eq!(table.put(body.as_bytes()).expect("fits"), false);
        }
        assert_eq!(table.item("\"a\""), Some(&br#"{"device":"a","t":3}"#[..]));
        assert_eq!((table.puts(), table.keys()), (3, 2));
        for (body, expected) in [
            (&br#"{"t":1}"#[..], Outcome::MissingKey),
            (br#"{"device":null}"#, Outcome::MissingKey),
            (br#"{"device":""}"#, Outcome::MissingKey),
            (b"[1]", Outcome::NotAnObject),
        ] {
            assert_eq!(outcome(table.put(body)), expected);
        }
        assert_eq!(table.puts(), 3);
    }

    #[test]
    fn a_range_key_tells_items_apart_and_has_a_type() {
        let mut table = keyed("device", Some(("at", KeyType::Number)));
        for at in [1, 2, 1] {
            table.put(format!(r#"{{"device":"a","at":{at}}}"#).as_bytes()).expect("fits");
        }
        assert_eq!(table.keys(), 2);
        assert!(table.item("\"a\",2").is_some());
        assert_eq!(outcome(table.put(br#"{"device":"a","at":"2"}"#)), Outcome::MissingKey);
        assert_eq!(outcome(table.put(br#"{"device":"a"}"#)), Outcome::MissingKey);
        let (device, at) = (Value::from("a"), Value::from(2));
        let found = table.find(&[("device", &device), ("at", &at)]).expect("its key");
        assert_eq!(found, Some(&br#"{"device":"a","at":2}"#[..]));
        assert!(table.find(&[("device", &device)]).is_err());
        assert!(table.find(&[("at", &at), ("device", &device)]).is_err());
    }

    #[test]
    fn updates_keep_other_attributes_and_deletes_make_room() {
        let mut table = keyed("id", None);
        let names = table.key.clone().expect("declared");
        let item = |name: &str, value: i64| -> Object {
            [("id", Value::from("x")), (name, Value::from(value))].into_iter().collect()
        };
        table.write("INSERT", &names, &item("a", 1)).expect("fits");
        table.write("UPDATE", &names, &item("b", 2)).expect("fits");
        assert_eq!(table.item("\"x\""), Some(&br#"{"id":"x","a":1,"b":2}"#[..]));
        table.write("INSERT", &names, &item("c", 3)).expect("fits");
        assert_eq!(table.item("\"x\""), Some(&br#"{"id":"x","c":3}"#[..]));
        table.write("DELETE", &names, &item("c", 3)).expect("fits");
        assert_eq!((table.keys(), table.deletes(), table.order.len()), (0, 1, 0));
        let other = keyed("other", None).key.expect("declared");
        assert_eq!(outcome(table.write("INSERT", &other, &item("a", 1))), Outcome::MissingKey);
    }

    #[test]
    fn items_above_the_limit_are_refused_with_and_without_key() {
        let body = |bytes: usize| format!(r#"{{"id":1,"x":"{}"}}"#, "x".repeat(bytes));
        // Names and the number take 5 of the bytes.
        let fits = ITEM_BYTES_MAX - 5;
        for mut table in [keyed("id", None), Table::new("plain", None)] {
            assert_eq!(outcome(table.put(body(fits).as_bytes())), Outcome::Done);
            assert_eq!(outcome(table.put(body(fits + 1).as_bytes())), Outcome::TooLarge);
        }
    }

    #[test]
    fn a_full_table_lets_the_oldest_key_go() {
        let mut table = keyed("k", None);
        for i in 0..=TABLE_KEYS_MAX {
            let dropped = table.put(format!("{{\"k\":{i}}}").as_bytes()).expect("fits");
            assert_eq!(dropped, i == TABLE_KEYS_MAX);
        }
        assert_eq!((table.keys(), table.item("0")), (TABLE_KEYS_MAX, None));
    }

    #[test]
    fn a_table_without_key_counts_and_keeps_its_last_item() {
        let mut table = Table::new("readings", None);
        assert_eq!(outcome(table.put(b"{\"t\":1}")), Outcome::Done);
        assert_eq!(outcome(table.put(b"1")), Outcome::NotAnObject);
        assert_eq!((table.puts(), table.last()), (1, &b"{\"t\":1}"[..]));
    }
}
