//! Dictionaries: the strings behind the integer keys of a shard's columns.

use arrow::array::{Array, StringArray};
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use fieldmirror_core::ids::{DeviceIx, SiteIx, ZoneIx};
use fieldmirror_core::metric::Metric;
use fieldmirror_core::reading::DeviceClass;
use fieldmirror_core::register::Register;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A position in a [`Dictionary`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(i32);

impl Key {
    /// The key that stands in a column where there is no value.
    pub const ABSENT: i32 = -1;

    /// The key of position `index`.
    pub const fn new(index: u32) -> Self {
        Self(index as i32)
    }

    /// The key as stored in columns.
    pub const fn raw(self) -> i32 {
        self.0
    }

    /// The key of a class in [`Dictionaries::classes`].
    pub const fn of_class(class: DeviceClass) -> Self {
        Self(class as i32)
    }

    /// The key of a channel in [`Dictionaries::metrics`].
    pub const fn of_metric(metric: Metric) -> Self {
        Self(metric as i32)
    }
}

impl From<DeviceIx> for Key {
    fn from(device: DeviceIx) -> Self {
        Self::new(device.raw())
    }
}

impl From<SiteIx> for Key {
    fn from(site: SiteIx) -> Self {
        Self::new(site.raw())
    }
}

impl From<ZoneIx> for Key {
    fn from(zone: ZoneIx) -> Self {
        Self::new(zone.raw())
    }
}

/// Distinct strings in order of first appearance. It only grows, so keys stay valid.
#[derive(Clone, Debug, Default)]
pub struct Dictionary {
    text: String,
    /// `ends[k]..ends[k + 1]` is the text of key `k`; the first entry is 0.
    offsets: Vec<i32>,
    keys: BTreeMap<Box<str>, i32>,
    /// The Arrow form of the first `snapshot.len()` strings; made anew when it is too short.
    snapshot: Option<Arc<StringArray>>,
}

impl Dictionary {
    /// The dictionary of `words`; a repeated word keeps its first key.
    pub fn of<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut dictionary = Self::default();
        for word in words {
            dictionary.intern(word);
        }
        dictionary
    }

    /// The key of `word`, which is added if it is new. For words that are not known when the run
    /// begins; a hot path keeps the key.
    pub fn intern(&mut self, word: &str) -> Key {
        if let Some(&key) = self.keys.get(word) {
            return Key(key);
        }
        let key = self.keys.len() as i32;
        if self.offsets.is_empty() {
            self.offsets.push(0);
        }
        self.text.push_str(word);
        self.offsets.push(self.text.len() as i32);
        self.keys.insert(word.into(), key);
        Key(key)
    }

    /// The key of `word`, if it is known.
    pub fn key(&self, word: &str) -> Option<Key> {
        self.keys.get(word).copied().map(Key)
    }

    /// The word of `key`, if there is such a key.
    pub fn word(&self, key: Key) -> Option<&str> {
        let at = usize::try_from(key.0).ok()?;
        let (start, end) = (*self.offsets.get(at)?, *self.offsets.get(at + 1)?);
        self.text.get(start as usize..end as usize)
    }

    /// How many words there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The words as an Arrow array, shared until the dictionary grows.
    pub fn words(&mut self) -> Arc<StringArray> {
        if let Some(words) = self.snapshot.as_ref().filter(|words| words.len() == self.len()) {
            return Arc::clone(words);
        }
        let offsets = if self.offsets.is_empty() { vec![0] } else { self.offsets.clone() };
        let words = Arc::new(StringArray::new(
            OffsetBuffer::new(ScalarBuffer::from(offsets)),
            Buffer::from_vec(self.text.clone().into_bytes()),
            None,
        ));
        self.snapshot = Some(Arc::clone(&words));
        words
    }
}

/// The dictionaries of one shard.
#[derive(Clone, Debug, Default)]
pub struct Dictionaries {
    /// Things and equipment; the key is the [`DeviceIx`].
    pub devices: Dictionary,
    /// Farms; the key is the [`SiteIx`].
    pub sites: Dictionary,
    /// Zones; the key is the [`ZoneIx`].
    pub zones: Dictionary,
    /// Device classes in the order of [`DeviceClass::ALL`], then fault classes as they come.
    pub classes: Dictionary,
    /// Channels in the order of [`Metric::ALL`], then other measures (such as `freshness`).
    pub metrics: Dictionary,
    /// Topics: those of reporting devices first, so that their key is the [`DeviceIx`].
    pub topics: Dictionary,
    /// Principals: the names of reporting devices first, so that their key is the [`DeviceIx`].
    pub principals: Dictionary,
    /// Rules.
    pub rules: Dictionary,
    /// What rule actions act on: functions, tables, topics.
    pub targets: Dictionary,
    /// Kinds of actions.
    pub kinds: Dictionary,
    /// Outcomes of actions.
    pub outcomes: Dictionary,
    /// Sources of messages: device, function, rule, app.
    pub sources: Dictionary,
    /// Why the cloud refused something.
    pub codes: Dictionary,
    /// Why a frame was lost.
    pub lost_reasons: Dictionary,
    /// How fresh a twin's knowledge is.
    pub states: Dictionary,
    /// Detectors.
    pub detectors: Dictionary,
}

impl Dictionaries {
    /// The dictionaries of a shard with this register; those that no register knows are empty.
    pub fn of(register: &Register) -> Self {
        let reporting = || register.iter().take(register.reporting);
        let mut topics = Dictionary::default();
        for (device, _) in reporting() {
            topics.intern(&register.topic(device).unwrap_or_default());
        }
        Self {
            devices: Dictionary::of(register.names.iter()),
            sites: Dictionary::of(register.sites.iter().map(|site| site.name.as_str())),
            zones: Dictionary::of(register.zones.iter().map(|zone| zone.name.as_str())),
            principals: Dictionary::of(reporting().map(|(device, _)| register.names.name(device))),
            topics,
            ..Self::standard()
        }
    }

    /// Dictionaries that hold device classes and channels only.
    pub fn standard() -> Self {
        Self {
            classes: Dictionary::of(DeviceClass::ALL.map(DeviceClass::name)),
            metrics: Dictionary::of(Metric::ALL.iter().map(|metric| metric.name())),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_their_first_key_while_the_dictionary_grows() {
        let mut dictionary = Dictionary::of(["a", "b", "a"]);
        assert_eq!(dictionary.len(), 2);
        let before = dictionary.words();
        assert!(Arc::ptr_eq(&before, &dictionary.words()), "shared while nothing is new");
        let key = dictionary.intern("");
        assert_eq!((key.raw(), dictionary.intern("b").raw()), (2, 1));
        assert_eq!(dictionary.words().iter().flatten().collect::<Vec<_>>(), ["a", "b", ""]);
        assert_eq!(dictionary.word(key), Some(""));
        assert_eq!(dictionary.word(Key::new(3)), None);
    }

    #[test]
    fn classes_and_metrics_have_the_keys_of_their_enums() {
        let standard = Dictionaries::standard();
        for class in DeviceClass::ALL {
            assert_eq!(standard.classes.word(Key::of_class(class)), Some(class.name()));
        }
        for &metric in Metric::ALL {
            assert_eq!(standard.metrics.word(Key::of_metric(metric)), Some(metric.name()));
        }
    }
}
