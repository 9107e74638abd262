//! Classic shadows: what each thing last reported and what is desired of it.
//!
//! A thing's shadow has one of two forms with one behaviour: the compact typed form for telemetry
//! (`typed`), and the general document (`document`), into which it turns as soon as anything else is
//! written. A deleted shadow leaves a tombstone for 48 hours, so that its versions go on.
//!
//! # Source
//! AWS IoT Core developer guide, "AWS IoT Device Shadow service".

mod document;
mod request;
mod responses;
mod topics;
mod typed;

pub(crate) use document::Document;
pub(crate) use request::{Patch, Refusal, ShadowError, UpdateRequest, parse_token};
pub(crate) use responses::Response;
pub(crate) use topics::{Channel, Operation, parse_request, parse_shadow, response_topic};

use document::Section;
use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::limits::{SHADOW_BYTES_MAX, SHADOW_TOMBSTONE_S};
use fieldmirror_core::reading::{DeviceClass, Reading};
use fieldmirror_core::register::Register;
use fieldmirror_core::time::Timestamp;
use fieldmirror_rules::value::Object;
use std::borrow::Cow;
use std::sync::Arc;
use typed::{TypedCells, raw_leaves, whole_reading};

/// The classic shadows of all things.
#[derive(Clone, Debug)]
pub(crate) struct Shadows {
    register: Arc<Register>,
    /// By [`DeviceIx`].
    slots: Vec<Slot>,
    /// Whose shadow may take the typed form, and of which class it then is, by [`DeviceIx`].
    classes: Vec<Option<DeviceClass>>,
    cells: TypedCells,
}

#[derive(Clone, Debug)]
enum Slot {
    Absent,
    Typed { cell: u32, version: u64 },
    // Boxed: most slots are typed, and a slot is 16 bytes this way.
    Document(Box<Document>),
    Tombstone(Box<Tombstone>),
}

#[derive(Clone, Copy, Debug)]
struct Tombstone {
    /// The version that was deleted.
    version: u64,
    deleted_at: Timestamp,
}

/// An accepted update.
#[derive(Clone, Debug)]
pub(crate) struct Accepted {
    /// The version that it made.
    pub(crate) version: u64,
    /// The shadow before it, if both were asked for and there was one.
    pub(crate) previous: Option<Document>,
    /// The shadow after it, if both were asked for.
    pub(crate) current: Option<Document>,
    /// What still differs afterwards.
    pub(crate) delta: Section,
}

impl Shadows {
    /// No shadows yet, for the assets and `others` things behind them.
    pub(crate) fn new(register: Arc<Register>, others: usize) -> Self {
        let classes = register.iter().map(|(device, _)| register.class(device));
        let classes: Vec<_> = classes.chain(std::iter::repeat_n(None, others)).collect();
        let slots = vec![Slot::Absent; classes.len()];
        Self { register, slots, classes, cells: TypedCells::default() }
    }

    /// Merges a whole reading into its device's reported state, if that shadow has or can take the
    /// typed form; gives the new version, or `None` if it must go through [`Self::update`].
    pub(crate) fn mirror(&mut self, now: Timestamp, reading: &Reading) -> Option<u64> {
        let thing = reading.device().index();
        if self.classes[thing] != Some(reading.class()) {
            return None;
        }
        let at_s = u32::try_from(now.seconds()).ok()?;
        if let Slot::Typed { cell, version } = &mut self.slots[thing] {
            *version += 1;
            self.cells.write(*cell, reading, at_s);
            return Some(*version);
        }
        if matches!(self.slots[thing], Slot::Document(_)) {
            return None;
        }
        let version = self.first_version(reading.device(), now);
        let cell = self.cells.add(reading, at_s);
        self.slots[thing] = Slot::Typed { cell, version };
        Some(version)
    }

    /// Applies a checked update request; `keep_both` asks for the shadow as it
    /// was before and is afterwards.
    pub(crate) fn update(
        &mut self,
        now: Timestamp,
        thing: DeviceIx,
        request: &UpdateRequest,
        keep_both: bool,
    ) -> Result<Accepted, ShadowError> {
        let current = self.version(thing);
        if request.version.is_some() && request.version != current {
            return Err(ShadowError::VersionConflict);
        }
        let version = current.map_or_else(|| self.first_version(thing, now), |version| version + 1);
        let previous = if keep_both { self.document(thing).map(Cow::into_owned) } else { None };
        if self.update_typed(now, thing, request, version) {
            let current = if keep_both { self.document(thing).map(Cow::into_owned) } else { None };
            return Ok(Accepted { version, previous, current, delta: Section::default() });
        }
        let mut document = self.document(thing).map(Cow::into_owned).unwrap_or_default();
        document.version = version;
        for (section, patch) in
            [(&mut document.desired, &request.desired), (&mut document.reported, &request.reported)]
        {
            match patch {
                Patch::Absent => {}
                Patch::Clear => *section = Section::default(),
                Patch::Merge(object) => section.merge(object, now.seconds()),
            }
        }
        if document.state_bytes() > SHADOW_BYTES_MAX {
            return Err(ShadowError::TooLarge);
        }
        let delta = document.delta();
        let current = keep_both.then(|| document.clone());
        self.replace(thing, Slot::Document(Box::new(document)));
        Ok(Accepted { version, previous, current, delta })
    }

    /// Deletes a shadow and gives the version that it had.
    pub(crate) fn delete(&mut self, now: Timestamp, thing: DeviceIx) -> Result<u64, ShadowError> {
        let version = self.version(thing).ok_or(ShadowError::NoShadow)?;
        self.replace(thing, Slot::Tombstone(Box::new(Tombstone { version, deleted_at: now })));
        Ok(version)
    }

    /// The shadow as a document, whichever form it has.
    pub(crate) fn document(&self, thing: DeviceIx) -> Option<Cow<'_, Document>> {
        match &self.slots[thing.index()] {
            Slot::Absent | Slot::Tombstone(_) => None,
            Slot::Document(document) => Some(Cow::Borrowed(document)),
            Slot::Typed { cell, version } => {
                let class = self.classes[thing.index()]?;
                let names = &self.register.names;
                Some(Cow::Owned(self.cells.document(*cell, *version, thing, class, names)))
            }
        }
    }

    fn version(&self, thing: DeviceIx) -> Option<u64> {
        match &self.slots[thing.index()] {
            Slot::Absent | Slot::Tombstone(_) => None,
            Slot::Typed { version, .. } => Some(*version),
            Slot::Document(document) => Some(document.version),
        }
    }

    /// The version of a shadow that is made now: 1, or the next one after a recent delete.
    fn first_version(&self, thing: DeviceIx, now: Timestamp) -> u64 {
        match &self.slots[thing.index()] {
            Slot::Tombstone(tombstone)
                if now.seconds() - tombstone.deleted_at.seconds() < SHADOW_TOMBSTONE_S =>
            {
                tombstone.version + 1
            }
            _ => 1,
        }
    }

    /// Applies the request to the typed form; false, and nothing changed, if it does not fit.
    fn update_typed(
        &mut self,
        now: Timestamp,
        thing: DeviceIx,
        request: &UpdateRequest,
        new_version: u64,
    ) -> bool {
        let (Some(class), Ok(at_s)) = (self.classes[thing.index()], u32::try_from(now.seconds()))
        else {
            return false;
        };
        let (Patch::Absent, Patch::Merge(reported)) = (&request.desired, &request.reported) else {
            return false;
        };
        if matches!(self.slots[thing.index()], Slot::Document(_)) {
            return false;
        }
        let Some(leaves) = raw_leaves(reported, thing, class, &self.register.names) else {
            return false;
        };
        if let Slot::Typed { cell, version } = &mut self.slots[thing.index()] {
            *version = new_version;
            self.cells.write_some(*cell, &leaves, at_s);
            return true;
        }
        let Some(reading) = whole_reading(&leaves, thing, class) else {
            return false;
        };
        let cell = self.cells.add(&reading, at_s);
        self.slots[thing.index()] = Slot::Typed { cell, version: new_version };
        true
    }

    fn replace(&mut self, thing: DeviceIx, slot: Slot) {
        let old = std::mem::replace(&mut self.slots[thing.index()], slot);
        if let (Slot::Typed { cell, .. }, Some(class)) = (old, self.classes[thing.index()]) {
            self.cells.release(cell, class);
        }
    }
}

impl Patch {
    /// The section of an update request, as JSON; nothing if the request did not name it.
    pub(crate) fn write(&self, out: &mut Vec<u8>) -> bool {
        match self {
            Self::Absent => return false,
            Self::Clear => out.extend_from_slice(b"null"),
            Self::Merge(object) => write_object(object, out),
        }
        true
    }
}

/// Appends `object` as JSON, nulls included.
fn write_object(object: &Object, out: &mut Vec<u8>) {
    document::write_members(object.iter(), out, |value, out| value.write_json(out));
}

#[cfg(test)]
mod tests;
