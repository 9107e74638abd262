//! What to do about each class of fault, and with what part: read from a file, never invented.

use crate::error::{AnalyticsError, Result};
use crate::fault::FaultClass;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a ticket asks for: a closed list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Look at it.
    #[default]
    Inspect,
    /// Put in another one.
    Replace,
    /// Mend it.
    Repair,
    /// Set it right.
    Adjust,
    /// Clean it.
    Clean,
    /// Compare it with a reference and correct it.
    Calibrate,
    /// Try whether it works.
    Test,
}

impl Action {
    /// The verb.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inspect => "inspect",
            Self::Replace => "replace",
            Self::Repair => "repair",
            Self::Adjust => "adjust",
            Self::Clean => "clean",
            Self::Calibrate => "calibrate",
            Self::Test => "test",
        }
    }
}

/// The entry of one class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// What to do.
    pub action: Action,
    /// The class of part to bring, if any.
    #[serde(default)]
    pub part: Option<String>,
    /// The part's number, if the operator keeps one.
    #[serde(default)]
    pub part_number: Option<String>,
    /// What the ticket says first; `{device}`, `{site}` and `{part}` are filled in.
    pub sentence: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    class: BTreeMap<String, Entry>,
}

/// The catalogue of actions and parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    entries: BTreeMap<FaultClass, Entry>,
}

/// What a sentence may ask for.
const PLACEHOLDERS: [&str; 3] = ["device", "site", "part"];

impl Catalogue {
    /// Reads the text of a catalogue file.
    ///
    /// # Errors
    /// [`AnalyticsError::Catalogue`] if it is no such TOML, [`AnalyticsError::UnknownClass`] for a
    /// class that no ticket can name, [`AnalyticsError::Placeholder`] for a sentence that cannot
    /// be filled in.
    pub fn parse(text: &str) -> Result<Self> {
        let file: File = toml::from_str(text)
            .map_err(|source| AnalyticsError::Catalogue { source: Box::new(source) })?;
        let mut entries = BTreeMap::new();
        for (name, entry) in file.class {
            let Some(class) = FaultClass::named(&name) else {
                return Err(AnalyticsError::UnknownClass {
                    class: name,
                    expected: FaultClass::ALL.map(FaultClass::name).join(", "),
                });
            };
            check(&name, &entry.sentence)?;
            entries.insert(class, entry);
        }
        Ok(Self { entries })
    }

    /// The entry of `class`, if the catalogue has one.
    pub fn entry(&self, class: FaultClass) -> Option<&Entry> {
        self.entries.get(&class)
    }
}

fn check(class: &str, sentence: &str) -> Result<()> {
    for piece in sentence.split('{').skip(1) {
        let placeholder = piece.split('}').next().unwrap_or_default();
        if !PLACEHOLDERS.contains(&placeholder) {
            return Err(AnalyticsError::Placeholder {
                class: class.to_owned(),
                placeholder: placeholder.to_owned(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_catalogue_covers_every_class() {
        let catalogue = Catalogue::parse(include_str!("../../data/catalogue.toml")).unwrap();
        for class in FaultClass::ALL {
            assert!(catalogue.entry(class).is_some(), "{}", class.name());
        }
        let unknown = catalogue.entry(FaultClass::Unknown).unwrap();
        assert_eq!((unknown.action, &unknown.part), (Action::Inspect, &None));
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_its_place() {
        let message = |text: &str| Catalogue::parse(text).unwrap_err().to_string();
        let entry = "action = \"clean\"\nsentence = \"x\"";
        assert!(message(&format!("[class.gremlins]\n{entry}")).contains("gremlins"));
        let verb = "[class.unknown]\naction = \"kick\"\nsentence = \"x\"";
        assert!(message(verb).contains("inspect"), "{}", message(verb));
        let colour = "[class.unknown]\naction = \"test\"\nsentence = \"{colour}\"";
        assert!(message(colour).contains("{colour}"));
        assert!(message(&format!("[class.unknown]\n{entry}\nprice = 3")).contains("price"));
    }
}
