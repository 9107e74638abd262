//! What was odd in telemetry: counted, with the first few places of each.

use std::fmt;

/// How many places are kept of each oddity.
pub const PLACES: usize = 5;

/// The largest number that is one: that of `f32`, in which detectors compute and findings are written.
pub const LARGEST: f64 = f32::MAX as f64;

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file as the user may find it.
    pub file: String,
    /// The row, the first being 1; a header is no row.
    pub row: u64,
    /// What stands there; empty where nothing does.
    pub text: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} row {}", self.file, self.row)?;
        if self.text.is_empty() { Ok(()) } else { write!(f, ": {}", self.text) }
    }
}

/// How often something was seen, and where first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How often.
    pub count: u64,
    /// The first [`PLACES`] in file order.
    pub first: Vec<Place>,
}

impl Tally {
    /// Counts once more.
    pub(crate) fn add(&mut self, place: impl FnOnce() -> Place) {
        self.count += 1;
        if self.first.len() < PLACES {
            self.first.push(place());
        }
    }
}

/// What was odd in a channel. The values of all these cells are NaN in the chunks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChannelCounts {
    /// Cells without a value: empty, null, `NaN`, `NA`.
    pub missing: Tally,
    /// Cells with something that is no finite number.
    pub text: Tally,
    /// Cells with a number beyond [`LARGEST`] on either side, which no sensor measures; programs
    /// write such numbers where they have none.
    pub beyond: Tally,
}

/// What was read so far and what was odd in it. It is the same for any number of threads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows delivered.
    pub rows: u64,
    /// Rows older than the newest of their device, within what may be reordered.
    pub late: Tally,
    /// Rows with the device and time of one that came shortly before.
    pub duplicates: Tally,
    /// Rows whose cell of the device is blank. They are rows of a device of that name, the empty one:
    /// left out they would be lost, and those of another they may not be.
    pub blank_devices: Tally,
    /// Lines that are no measurement, such as a join in a stream of ChirpStack events.
    pub other: Tally,
    /// Numbers in JSON under names that came up only after the beginning of the files, which is
    /// where channels are looked for. They are in no channel; name it to read it.
    pub unread: Tally,
    /// Each channel's, in the order of the channels.
    pub channels: Vec<ChannelCounts>,
}
