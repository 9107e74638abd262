//! What the user says about foreign telemetry: where it is, what its columns mean.

use super::time::DateOrder;
use std::collections::BTreeMap;
use std::path::Path;

/// Where telemetry is and how to read it. [`Default`] fits a CSV file with a header and one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSpec {
    /// Files, folders (their data files, not those of folders inside), globs, run directories of
    /// fieldmirror, or `-` alone for standard input.
    pub inputs: Vec<String>,
    /// The format; by the ending of the name or the first bytes where it is not given.
    pub format: Option<Format>,
    /// What the columns mean.
    pub columns: ColumnMap,
    /// One row a moment, or one row a value.
    pub layout: Layout,
    /// The delimiter of CSV; sniffed among `,` `;` tab `|` where it is not given.
    pub delimiter: Option<u8>,
    /// Whether CSV writes `1,5` for one and a half.
    pub decimal_comma: bool,
    /// How times are written, in the letters of `strftime`; found out where it is not given.
    pub time_format: Option<String>,
    /// The order of day and month in dates that can be read either way; that of the smallest steps
    /// where it is not given.
    pub date_order: Option<DateOrder>,
    /// Whether each file is a device of its own, called like the file without its ending.
    pub device_from_file: bool,
    /// How many rows of a device a row may come late. Beyond it the clock went back, which is an
    /// error.
    pub reorder_rows: usize,
    /// How many threads decode. The chunks are the same for any number.
    pub threads: usize,
    /// Whether to compute [`Source::digest`](super::Source::digest), which costs a pass of SHA-256.
    pub digest: bool,
}

impl SourceSpec {
    /// How many rows of a device a row may come late unless told otherwise. More would hide a
    /// clock that was set back in a short file, and costs a consumer that sorts memory for each
    /// device; messages that overtake each other on a network do it by a few rows.
    pub const REORDER_ROWS: usize = 16;

    /// Reads `inputs`, all else by itself.
    pub fn of(inputs: &[&str]) -> Self {
        Self { inputs: inputs.iter().map(|&input| input.to_owned()).collect(), ..Self::default() }
    }
}

impl Default for SourceSpec {
    fn default() -> Self {
        Self {
            inputs: Vec::new(),
            format: None,
            columns: ColumnMap::default(),
            layout: Layout::Wide,
            delimiter: None,
            decimal_comma: false,
            time_format: None,
            date_order: None,
            device_from_file: false,
            reorder_rows: Self::REORDER_ROWS,
            threads: 1,
            digest: false,
        }
    }
}

/// What the columns of telemetry mean. Names are exact; nested JSON has dotted ones (`a.b`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnMap {
    /// The time. Guessed by name (`datetime`, `timestamp`, `time`, `ts`, `date`, in any case) where
    /// it is not given; without any, rows are numbered.
    pub time: Option<String>,
    /// The device; one device where it is not given.
    pub device: Option<String>,
    /// The class of the device.
    pub class: Option<String>,
    /// The channels in this order; every numeric column that has no other meaning where it is not
    /// given.
    pub channels: Option<Vec<String>>,
    /// Channels that are commands or outside influences. They need not be among `channels`.
    pub exogenous: Vec<String>,
    /// Columns that are no channels.
    pub ignore: Vec<String>,
    /// Units of channels, before those that the files state.
    pub units: BTreeMap<String, String>,
}

/// How rows hold values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// A row has all values of a moment, a column each.
    #[default]
    Wide,
    /// A row has one value. Rows of a device at one time become one row; they must follow each
    /// other (other devices' rows may stand between them).
    Long {
        /// The column that names the channel.
        metric: String,
        /// The column of the value.
        value: String,
    },
}

/// A format of telemetry files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma (or semicolon, tab, bar) separated values with a header.
    Csv,
    /// Parquet.
    Parquet,
    /// An Arrow IPC file or stream.
    Arrow,
    /// A JSON object a line: any, or ChirpStack v4 uplink events.
    JsonLines,
    /// A SenML pack (RFC 8428) a line.
    SenMl,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Csv, Self::Parquet, Self::Arrow, Self::JsonLines, Self::SenMl];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
            Self::JsonLines => "jsonl",
            Self::SenMl => "senml",
        }
    }

    /// The format called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }

    /// The format that the ending of `path` tells.
    pub fn of_path(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        match ending.as_str() {
            "csv" | "tsv" => Some(Self::Csv),
            "parquet" | "pq" => Some(Self::Parquet),
            "arrow" | "arrows" | "feather" | "ipc" => Some(Self::Arrow),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            "senml" | "senmll" => Some(Self::SenMl),
            _ => None,
        }
    }
}

/// A channel of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// The name.
    pub name: String,
    /// The unit, empty where nobody stated one.
    pub unit: String,
    /// Whether it is a command or an outside influence.
    pub exogenous: bool,
}
