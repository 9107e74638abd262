//! Telemetry of anybody, read in bounded memory: CSV, Parquet, Arrow, JSON lines, SenML.
//!
//! ```text
//! files, folders, globs, stdin --look--> columns, channels, how times are written, order of files
//! text in whole rows, row groups, batches --threads--> blocks --in order--> Chunk
//! ```
//!
//! Files are read in the order of their first time and then of their name, whatever the order of
//! the arguments. Rows come in the order of the files; those that are late or come twice are
//! delivered, marked and counted, and putting them in order is the consumer's. Memory is bounded by
//! the named constants of `pool.rs` and `feed.rs`: some ten blocks of a few megabytes a thread.
//!
//! What it does not do: it changes no value, fills no gap and drops no row. A cell that is no
//! number, or one beyond [`LARGEST`], becomes NaN and is counted with its place.

mod batch;
mod block;
mod clock;
mod counts;
mod csv;
mod devices;
mod digest;
mod feed;
mod inputs;
mod json;
mod left_out;
mod long;
mod number;
mod open;
mod plan;
mod pool;
mod senml;
mod spec;
pub(crate) mod time;

pub use counts::{ChannelCounts, Counts, LARGEST, PLACES, Place, Tally};
pub use left_out::{Holds, LeftOut};
pub use spec::{Channel, ColumnMap, Format, Layout, SourceSpec};
pub use time::{DateOrder, Dates, EpochUnit, TimeKind};

pub(crate) use inputs::check_text;
pub(crate) use number::{Cell, cell};
pub(crate) use plan::{message, nearest};

use crate::error::{TablesError, TelemetryProblem};
use block::{Block, Words};
use clock::{Clock, Seen};
use digest::Digests;
use feed::Feeder;
use long::Pivot;
use std::path::PathBuf;

/// Rows, column by column; all columns are of one length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chunk {
    /// When: microseconds since 1970 in UTC (naive times are taken as UTC), or, where there are no
    /// times, the number of the row among its device's, from 0.
    pub time: Vec<i64>,
    /// The device, by its position in [`Source::devices`].
    pub device: Vec<u32>,
    /// The values of each channel, NaN where there is none.
    pub values: Vec<Vec<f64>>,
    /// Rows that are not simply the next of their device, ascending.
    pub irregular: Vec<(u32, Irregular)>,
}

impl Chunk {
    /// How many rows.
    pub const fn len(&self) -> usize {
        self.device.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.device.is_empty()
    }
}

/// How a row's time relates to those before it of its device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Irregular {
    /// It is older than the newest.
    Late,
    /// It has the time of a row that came shortly before.
    Duplicate,
}

/// Telemetry that is being read.
pub struct Source {
    feeder: Feeder,
    channels: Vec<Channel>,
    left_out: Vec<LeftOut>,
    kind: TimeKind,
    dates: Option<Dates>,
    reorder: usize,
    /// Whether somebody, or the format, says how devices are told apart.
    devices_known: bool,
    /// The column that may tell devices apart, where nobody says which one does.
    device_like: Option<String>,
    /// The device of each file, where files are devices.
    file_devices: Option<Vec<String>>,
    devices: Words,
    classes: Vec<String>,
    /// Whether the class of each device is known, if only to be none.
    classed: Vec<bool>,
    clocks: Vec<Clock>,
    counts: Counts,
    digests: Option<Digests>,
    pivot: Option<Pivot>,
    /// Whether a metric that nobody knew is an error.
    metrics_known: bool,
    bytes_total: u64,
    identity: [u8; 32],
    ended: bool,
}

/// What the device is called where nothing names one.
pub(crate) const ONE_DEVICE: &str = "device";

/// Rows of a chunk that is put together from values.
const ROWS_PER_CHUNK: usize = 64 << 10;

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source")
            .field("channels", &self.channels)
            .field("kind", &self.kind)
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

impl Source {
    /// Opens what `spec` names and looks at the beginning of each file. `-` is standard input.
    ///
    /// # Errors
    /// [`TablesError::Telemetry`] and [`TablesError::Io`], with the file and what to do: nothing
    /// matches, an empty file, no rows, a missing column, columns that change between files, times
    /// that cannot be read, no numeric channel, a truncated file.
    pub fn open(spec: &SourceSpec) -> Result<Self, TablesError> {
        open::files(spec)
    }

    /// Reads `reader` as [`Self::open`] reads a file; messages call it `name`.
    ///
    /// # Errors
    /// Those of [`Self::open`]; Parquet and Arrow files need a file.
    pub fn open_reader(
        spec: &SourceSpec,
        name: &str,
        reader: Box<dyn std::io::Read + Send>,
    ) -> Result<Self, TablesError> {
        open::reader(spec, name, reader)
    }

    /// The channels, in the order of the values.
    pub fn channels(&self) -> &[Channel] {
        &self.channels
    }

    /// Whether a column, the name of the file or the format tells devices apart; otherwise there is
    /// one device.
    pub const fn devices_known(&self) -> bool {
        self.devices_known
    }

    /// The column that may tell devices apart, by how times come in the first rows or because it
    /// holds texts; none where one is known.
    pub fn device_like(&self) -> Option<&str> {
        self.device_like.as_deref()
    }

    /// Columns that have no meaning and are no channels, because they hold no numbers.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// The first file, as messages call it, and all its columns.
    pub fn first_columns(&self) -> (&str, impl Iterator<Item = &str>) {
        let head = self.feeder.heads().first();
        let columns = head.into_iter().flat_map(|head| &head.columns);
        let name = head.map_or(inputs::STDIN, |head| head.name.as_str());
        (name, columns.map(|column| column.name.as_str()))
    }

    /// The devices so far, in the order of their first rows. The list only grows.
    pub fn devices(&self) -> &[String] {
        &self.devices.words
    }

    /// The class of each of [`Self::devices`], empty where it has none.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// What times are.
    pub const fn time_kind(&self) -> TimeKind {
        self.kind
    }

    /// How the dates of times were read, where they are texts and nobody said how.
    pub const fn dates(&self) -> Option<&Dates> {
        self.dates.as_ref()
    }

    /// The files in the order in which they are read.
    pub fn files(&self) -> Vec<PathBuf> {
        self.feeder.heads().iter().map(|head| head.path.clone()).collect()
    }

    /// What was read so far and what was odd in it.
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// How many bytes of the files were delivered. For progress: of Parquet it counts compressed
    /// row groups.
    pub fn bytes_done(&self) -> u64 {
        if self.ended { self.bytes_total } else { self.feeder.bytes.min(self.bytes_total) }
    }

    /// How many bytes the files have; 0 for standard input.
    pub const fn bytes_total(&self) -> u64 {
        self.bytes_total
    }

    /// SHA-256 of the names, sizes and both ends of the files: tells a job that goes on from another,
    /// without a pass over the data. How they are read is not in it.
    pub const fn identity(&self) -> [u8; 32] {
        self.identity
    }

    /// SHA-256 of the content so far, if the spec asked for it: of channels and, device by device in
    /// the order of their names, times and values. It does not depend on formats, on the order of
    /// files or on how devices take turns.
    pub fn digest(&self) -> Option<[u8; 32]> {
        let digests = self.digests.as_ref()?;
        Some(digests.finish(&self.channels, &self.devices.words, &self.classes))
    }

    /// The next rows; `None` at the end. Chunks are never empty, and the same for any number of
    /// threads.
    ///
    /// # Errors
    /// [`TablesError::Telemetry`] with file and row: a time that cannot be read, a row of other
    /// length than the header, a clock that went back; [`TablesError::Io`], [`TablesError::Damaged`].
    pub fn next_chunk(&mut self) -> Result<Option<Chunk>, TablesError> {
        if self.ended {
            return Ok(None);
        }
        let chunk = if self.pivot.is_some() { self.next_long()? } else { self.next_wide()? };
        if let Some(chunk) = &chunk {
            self.counts.rows += chunk.len() as u64;
            if let Some(digests) = &mut self.digests {
                digests.take(chunk);
            }
        }
        self.ended = chunk.is_none();
        if self.ended && self.counts.rows == 0 {
            let name = self.feeder.heads().first().map(|head| head.name.clone());
            return Err(open::no_rows(&name.unwrap_or_default()));
        }
        Ok(chunk)
    }

    fn next_wide(&mut self) -> Result<Option<Chunk>, TablesError> {
        while let Some((file, base, mut block)) = self.feeder.next()? {
            self.count(file, base, &mut block);
            if block.rows == 0 {
                continue;
            }
            self.drop_beyond(file, base, &mut block);
            let device = self.device_codes(file, base, &block)?;
            let mut chunk = Chunk {
                time: std::mem::take(&mut block.time),
                device,
                values: std::mem::take(&mut block.values),
                irregular: Vec::new(),
            };
            if self.kind == TimeKind::Row {
                chunk.time = chunk.device.iter().map(|&device| self.number(device)).collect();
                return Ok(Some(chunk));
            }
            for row in 0..chunk.len() {
                let seen =
                    self.clocks[chunk.device[row] as usize].see(chunk.time[row], self.reorder);
                if seen != Seen::Next {
                    let place = (file, base + block.line(row));
                    let (device, time) = (chunk.device[row], chunk.time[row]);
                    let what = self.irregular(seen, device, time, place)?;
                    chunk.irregular.push((row as u32, what));
                }
            }
            return Ok(Some(chunk));
        }
        Ok(None)
    }

    /// The number of the next row of a device.
    fn number(&mut self, device: u32) -> i64 {
        let clock = &mut self.clocks[device as usize];
        clock.rows += 1;
        clock.rows as i64 - 1
    }

    /// Counts a row that is not simply the next; a clock that went back is an error.
    #[cold]
    fn irregular(
        &mut self,
        seen: Seen,
        device: u32,
        time: i64,
        (file, row): (usize, u64),
    ) -> Result<Irregular, TablesError> {
        let name = &self.feeder.heads()[file].name;
        let device_name = &self.devices.words[device as usize];
        let place = || Place {
            file: name.clone(),
            row: row + 1,
            text: format!("{} of {device_name}", self.kind.text(time)),
        };
        match seen {
            Seen::Duplicate => {
                self.counts.duplicates.add(place);
                Ok(Irregular::Duplicate)
            }
            Seen::Next | Seen::Late => {
                self.counts.late.add(place);
                Ok(Irregular::Late)
            }
            Seen::Back => {
                let newest = self.kind.text(self.clocks[device as usize].newest);
                Err(TablesError::telemetry(TelemetryProblem {
                    file: name.clone(),
                    row: Some(row + 1),
                    column: None,
                    problem: format!(
                        "the clock of `{device_name}` goes back from {newest} to {}",
                        self.kind.text(time)
                    ),
                    expected: format!(
                        "times of a device that rise, but for rows up to {} places late",
                        self.reorder
                    ),
                    advice: self.order_advice(),
                }))
            }
        }
    }

    /// What to do where a clock went back.
    fn order_advice(&self) -> String {
        let sort = "sort the rows by time, allow more with --reorder-rows, or leave such rows out \
                    with --late skip";
        if self.counts.blank_devices.count > 0 {
            return format!("fill blank cells of the column of devices, {sort}");
        }
        if self.devices_known {
            return sort.to_owned();
        }
        let like = self.device_like.as_ref();
        let like = like.map_or(String::new(), |name| format!(" (perhaps `{name}`)"));
        format!(
            "if rows of several devices are mixed, name the column that tells them apart with \
             --device COLUMN{like}; otherwise {sort}"
        )
    }

    /// Adds what was odd in a block to the counts.
    fn count(&mut self, file: usize, base: u64, block: &mut Block) {
        let name = &self.feeder.heads()[file].name;
        let pivoted = self.pivot.is_some();
        for (channel, odd) in std::mem::take(&mut block.odd).into_iter().enumerate() {
            // Values of the long layout are counted where their channel is known.
            if let Some(counts) = self.counts.channels.get_mut(channel).filter(|_| !pivoted) {
                odd.missing.into_tally(&mut counts.missing, name, base + 1);
                odd.text.into_tally(&mut counts.text, name, base + 1);
            } else {
                block.odd.push(odd);
            }
        }
        for (row, text) in std::mem::take(&mut block.other) {
            let row = base + row + 1;
            self.counts.other.add(|| Place { file: name.clone(), row, text });
        }
        std::mem::take(&mut block.unread).into_tally(&mut self.counts.unread, name, base + 1);
    }

    /// Makes numbers that are none missing, and counts them.
    fn drop_beyond(&mut self, file: usize, base: u64, block: &mut Block) {
        let mut columns = std::mem::take(&mut block.values);
        for (column, counts) in columns.iter_mut().zip(&mut self.counts.channels) {
            if !column.iter().any(|value| value.abs() > LARGEST) {
                continue;
            }
            let name = &self.feeder.heads()[file].name;
            for (row, value) in column.iter_mut().enumerate().filter(|(_, v)| v.abs() > LARGEST) {
                let (row, text) = (base + block.line(row) + 1, format!("{value:e}"));
                counts.beyond.add(|| Place { file: name.clone(), row, text });
                *value = f64::NAN;
            }
        }
        block.values = columns;
    }

    /// The device of each row, by its position in [`Self::devices`].
    fn device_codes(
        &mut self,
        file: usize,
        base: u64,
        block: &Block,
    ) -> Result<Vec<u32>, TablesError> {
        let one = self.file_devices.as_ref().map(|names| names[file].clone());
        let Some(words) = &block.device else {
            let device = self.device(&one.unwrap_or_else(|| ONE_DEVICE.to_owned()));
            self.take_classes(file, base, block, &vec![device; block.rows])?;
            return Ok(vec![device; block.rows]);
        };
        const UNKNOWN: u32 = u32::MAX;
        let mut known = vec![UNKNOWN; words.words.len()];
        let mut codes = Vec::with_capacity(words.codes.len());
        for &code in &words.codes {
            let place = code as usize;
            if known[place] == UNKNOWN {
                known[place] = self.device(&words.words[place]);
            }
            codes.push(known[place]);
        }
        if let Some(blank) = words.words.iter().position(String::is_empty) {
            let blank = blank as u32;
            for (row, _) in words.codes.iter().enumerate().filter(|(_, code)| **code == blank) {
                let (file, row) = (&self.feeder.heads()[file].name, base + block.line(row) + 1);
                let place = || Place { file: file.clone(), row, text: String::new() };
                self.counts.blank_devices.add(place);
            }
        }
        self.take_classes(file, base, block, &codes)?;
        Ok(codes)
    }

    /// The number of a device, which is new or not.
    fn device(&mut self, name: &str) -> u32 {
        let code = self.devices.look_up(name);
        if self.clocks.len() <= code as usize {
            self.clocks.push(Clock::default());
            self.classes.push(String::new());
            self.classed.push(false);
        }
        code
    }

    fn take_classes(
        &mut self,
        file: usize,
        base: u64,
        block: &Block,
        devices: &[u32],
    ) -> Result<(), TablesError> {
        let Some(words) = &block.class else { return Ok(()) };
        let mut last = None;
        for (row, (&device, &code)) in devices.iter().zip(&words.codes).enumerate() {
            if last == Some((device, code)) {
                continue;
            }
            last = Some((device, code));
            let (class, word) = (&mut self.classes[device as usize], &words.words[code as usize]);
            let first = !std::mem::replace(&mut self.classed[device as usize], true);
            if first {
                class.clone_from(word);
            } else if class != word && !word.is_empty() {
                let device = &self.devices.words[device as usize];
                let blank = if device.is_empty() { ", the one without a name," } else { "" };
                return Err(TablesError::telemetry(TelemetryProblem {
                    file: self.feeder.heads()[file].name.clone(),
                    row: Some(base + block.line(row) + 1),
                    column: None,
                    problem: if class.is_empty() {
                        format!("device `{device}`{blank} has no class at first and then `{word}`")
                    } else {
                        format!("device `{device}`{blank} is of class `{class}` and of `{word}`")
                    },
                    expected: "one class a device".to_owned(),
                    advice: "mend the column, or do not name it with --class".to_owned(),
                }));
            }
        }
        Ok(())
    }

    fn next_long(&mut self) -> Result<Option<Chunk>, TablesError> {
        let mut chunk = Chunk { values: vec![Vec::new(); self.channels.len()], ..Chunk::default() };
        while chunk.len() < ROWS_PER_CHUNK {
            let Some((file, base, mut block)) = self.feeder.next()? else {
                while let Some((device, moment)) = self.pivot.as_mut().and_then(Pivot::close) {
                    self.push_moment(&mut chunk, device, moment)?;
                }
                break;
            };
            self.count(file, base, &mut block);
            self.pivot_block(file, base, &block, &mut chunk)?;
        }
        Ok((!chunk.is_empty()).then_some(chunk))
    }

    fn pivot_block(
        &mut self,
        file: usize,
        base: u64,
        block: &Block,
        chunk: &mut Chunk,
    ) -> Result<(), TablesError> {
        let devices = self.device_codes(file, base, block)?;
        let Some(metrics) = &block.metric else { return Ok(()) };
        let name = self.feeder.heads()[file].name.clone();
        let Some(pivot) = &self.pivot else { return Ok(()) };
        let places: Vec<Option<usize>> =
            metrics.words.iter().map(|word| pivot.channel(word)).collect();
        for row in 0..block.rows {
            let line = base + block.line(row);
            let Some(channel) = places[metrics.codes[row] as usize] else {
                if self.metrics_known {
                    continue;
                }
                let metric = &metrics.words[metrics.codes[row] as usize];
                let place = || Place { file: name.clone(), row: line + 1, text: metric.clone() };
                self.counts.unread.add(place);
                continue;
            };
            let mut value = block.values[0][row];
            if value.abs() > LARGEST {
                let text = format!("{value:e}");
                let place = || Place { file: name.clone(), row: line + 1, text };
                self.counts.channels[channel].beyond.add(place);
                value = f64::NAN;
            } else if value.is_nan() {
                self.count_long(block, row, channel, &name, line);
            }
            let time = block.time.get(row).copied().unwrap_or_default();
            let pivot = self.pivot.as_mut();
            let closed =
                pivot.and_then(|p| p.take(devices[row], channel, time, value, (file, line)));
            if let Some(moment) = closed {
                self.push_moment(chunk, devices[row], moment)?;
            }
        }
        Ok(())
    }

    /// Counts a value of the long layout that is none.
    fn count_long(&mut self, block: &Block, row: usize, channel: usize, file: &str, line: u64) {
        let counts = &mut self.counts.channels[channel];
        let odd = block.odd.first();
        let line_in_block = block.line(row);
        // The text of the first few of a block is known, of the others only that they are odd.
        let text = odd.and_then(|odd| {
            let mut texts = odd.text.first.iter();
            texts.find(|(at, _)| *at == line_in_block).map(|(_, text)| text.clone())
        });
        let is_text =
            odd.is_some_and(|odd| odd.text.rows.binary_search(&(line_in_block as u32)).is_ok());
        let place =
            || Place { file: file.to_owned(), row: line + 1, text: text.unwrap_or_default() };
        if is_text { counts.text.add(place) } else { counts.missing.add(place) }
    }

    fn push_moment(
        &mut self,
        chunk: &mut Chunk,
        device: u32,
        moment: long::Moment,
    ) -> Result<(), TablesError> {
        let seen = self.clocks[device as usize].see(moment.time, self.reorder);
        if seen != Seen::Next {
            let what = self.irregular(seen, device, moment.time, moment.place)?;
            chunk.irregular.push((chunk.len() as u32, what));
        }
        chunk.time.push(moment.time);
        chunk.device.push(device);
        for (column, value) in chunk.values.iter_mut().zip(moment.values) {
            column.push(value);
        }
        Ok(())
    }
}

/// Header and rows of a small file of separated values; `None` if it is empty.
pub(crate) fn csv_rows(text: &[u8]) -> Option<(Vec<String>, Vec<Vec<String>>)> {
    let (names, body, delimiter) = csv::header(text, None)?;
    Some((names, csv::sample(&text[body..], delimiter, usize::MAX)))
}

#[cfg(test)]
mod tests;
