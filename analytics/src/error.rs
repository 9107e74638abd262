//! What can go wrong between a clean stretch and a ticket.

use fieldmirror_tables::TablesError;

/// A failure of learning, scoring or reading the catalogue. All are fatal to the call, none to the
/// data: nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnalyticsError {
    /// The tensor library refused an operation.
    #[error("the autoencoder could not be computed")]
    Tensor(#[from] candle_core::Error),
    /// A covariance matrix could not be inverted.
    #[error("the residuals' covariance could not be inverted")]
    Covariance(#[from] linfa_linalg::LinalgError),
    /// The one-thread pool in which tensors are computed could not be started.
    #[error("the scoring thread could not be started")]
    Pool(#[from] rayon::ThreadPoolBuildError),
    /// Training rows never run on long enough for a detector to learn.
    #[error(
        "no stretch of training rows is long enough for the detector {detector:?}: the longest has \
         {longest} rows, expected at least {needed} without a gap; give more rows"
    )]
    TooFewRows {
        /// Which detector.
        detector: crate::detector::Kind,
        /// Rows of the longest stretch.
        longest: usize,
        /// Rows that it needs.
        needed: usize,
    },
    /// A detector's numbers in a model file are not what they should be.
    #[error(
        "the model's numbers of the detector {detector:?} are not valid: `{name}` is missing or \
         not as expected, {expected}; train the model again"
    )]
    Stored {
        /// Which detector.
        detector: crate::detector::Kind,
        /// The number's name.
        name: String,
        /// What it should be.
        expected: String,
    },
    /// Windows could not be put into clusters.
    #[error("the training windows could not be put into clusters")]
    Clusters(#[from] linfa_clustering::KMeansError),
    /// The model was not trained on the shard that is to be scored.
    #[error(
        "the model knows no shard that begins with farm `{site}`; expected one it learned from"
    )]
    UnknownShard {
        /// The shard's first farm.
        site: String,
    },
    /// The catalogue file is not what it should be.
    #[error(
        "the catalogue is not valid: {source}; expected tables such as [class.filter_clogging] \
         with action, sentence and optionally part and part_number"
    )]
    Catalogue {
        /// What the TOML reader found.
        source: Box<toml::de::Error>,
    },
    /// The catalogue names a class that no detector can raise.
    #[error(
        "the catalogue has a class `{class}` that is not known; expected one of {expected}; \
         correct the name or remove the table"
    )]
    UnknownClass {
        /// The name as given.
        class: String,
        /// All known names.
        expected: String,
    },
    /// A sentence of the catalogue has a placeholder that no ticket can fill.
    #[error(
        "the catalogue's sentence of `{class}` has an unknown placeholder {{{placeholder}}}; \
         expected {{device}}, {{site}} or {{part}}"
    )]
    Placeholder {
        /// The class whose sentence it is.
        class: String,
        /// The placeholder's text.
        placeholder: String,
    },
    /// A key of a detector.toml is not what it should be.
    #[error("the settings are not valid: {problem}")]
    Settings {
        /// All that is wrong.
        problem: String,
    },
    /// Telemetry has other channels than it should.
    #[error("the channels are not as expected: {problem}")]
    Schema {
        /// All differences.
        problem: String,
    },
    /// There is nothing to learn from.
    #[error("there are no rows to learn from; expected clean telemetry of each device")]
    NoRows,
    /// No rows of training lie between the times asked for.
    #[error(
        "no rows {}; the telemetry runs from {} to {}; expected --from and --until that leave some",
        between(*from, *until), moment(*first), moment(*last)
    )]
    NoRowsBetween {
        /// The first moment asked for, in microseconds.
        from: Option<i64>,
        /// The moment after the last one.
        until: Option<i64>,
        /// The first time there is.
        first: i64,
        /// The last one.
        last: i64,
    },
    /// Telemetry without times, of a model that learned from rows with times.
    #[error(
        "{file}: no column of times was found among {columns}; the model learned from rows with \
         times; expected a column called datetime, timestamp, time, ts or date; name it with \
         --time COLUMN"
    )]
    NoTimes {
        /// The first file.
        file: String,
        /// Its columns, in quotes.
        columns: String,
    },
    /// The sampling period cannot be told.
    #[error(
        "the sampling period cannot be told from times: no two rows of a device follow each \
         other; give more rows, or time.period_seconds"
    )]
    NoPeriod,
    /// Channels without a single value.
    #[error(
        "no value at all in: {channels}; expected numbers, at least in some rows; leave the \
         channels out or map the right columns; numbers such as 1,5 need --decimal-comma"
    )]
    NoValues {
        /// Their names.
        channels: String,
    },
    /// All measured channels are constant.
    #[error(
        "no measured channel{} ever changes; expected at least one that varies in clean telemetry",
        named(" of the", class)
    )]
    NothingVaries {
        /// The class.
        class: String,
    },
    /// There is too little to learn a class from.
    #[error(
        "{rows} rows are too few to learn{} from; expected at least {needed} rows of clean telemetry",
        named(" the", class)
    )]
    FewRows {
        /// The class.
        class: String,
        /// Its rows.
        rows: usize,
        /// Rows that are needed.
        needed: usize,
    },
    /// No detector could be fitted.
    #[error("no detector can learn{}: {why}", named(" the", class))]
    NoDetector {
        /// The class.
        class: String,
        /// What each one lacks.
        why: String,
    },
    /// A row that is older than those that may still be put in order.
    #[error(
        "the clock of device `{device}` goes back: row {row} is of {}, after one of {}; expected \
         rows at most {reorder_rows} places out of order; sort the file, allow more with \
         --reorder-rows, or leave such rows unjudged with --late skip",
        moment(*time), moment(*before)
    )]
    Late {
        /// Whose row.
        device: String,
        /// Its number among the rows that came, from 1.
        row: u64,
        /// Its time, in microseconds.
        time: i64,
        /// The time it should not lie before.
        before: i64,
        /// Places that a row may be out of order.
        reorder_rows: usize,
    },
    /// A device of a class that was not learned.
    #[error("{}{}", other_class(class, expected), whose(device, *devices))]
    DeviceClass {
        /// The first device of a class that was not learned; empty where nobody said which.
        device: String,
        /// How many such devices came so far.
        devices: usize,
        /// The class as given.
        class: String,
        /// The classes learned.
        expected: String,
    },
    /// A file is no model, or a damaged one.
    #[error("the model file cannot be used: {problem}; train the model again")]
    ModelFile {
        /// What is wrong with it.
        problem: String,
    },
    /// A model of another version.
    #[error(
        "the model file is of format version {found}; this program reads {expected}: train the \
         model again"
    )]
    ModelVersion {
        /// Its version.
        found: u32,
        /// The version read.
        expected: u32,
    },
    /// Bytes are no state of a scorer of this model.
    #[error("the scorer's state cannot be used: {problem}; begin without it")]
    State {
        /// What is wrong with it.
        problem: String,
    },
    /// A file that is to be written is one that is read.
    #[error(
        "{} is read and would be written over; expected another file for what comes out",
        path.display()
    )]
    OutputIsInput {
        /// The file.
        path: std::path::PathBuf,
    },
    /// A file of telemetry or labels cannot be read.
    #[error(transparent)]
    Tables(Box<fieldmirror_tables::TablesError>),
    /// Two slices that go together are not of one length.
    #[error("{rows} {what} came with {labels} labels; expected one each a row")]
    Lengths {
        /// What is not as long as the labels.
        what: &'static str,
        /// How many of it.
        rows: usize,
        /// How many labels, or devices.
        labels: usize,
    },
    /// A score is not a number, so that it cannot be ranked.
    #[error("the score of row {row} is NaN; expected a number; see why the detector gave none")]
    ScoreIsNan {
        /// The row, from 0.
        row: usize,
    },
    /// A window of a benchmark does not fit its series.
    #[error(
        "the window of rows {start}..{end} does not fit a series of {rows} rows; expected windows \
         in order, none empty and none beyond the last row"
    )]
    Window {
        /// Its first row.
        start: usize,
        /// The row after its last.
        end: usize,
        /// Rows of the series.
        rows: usize,
    },
    /// Labels and scores speak of different times.
    #[error(
        "no label overlaps the scores: labels span {} to {}, scores {} to {}; expected labels of \
         the same times (UTC) and devices", moment(labels.0), moment(labels.1), moment(scores.0),
        moment(scores.1)
    )]
    LabelsElsewhere {
        /// First and last time of the scores, in microseconds.
        scores: (i64, i64),
        /// First and last time of the labels.
        labels: (i64, i64),
    },
    /// A label names a device that the scores do not have.
    #[error(
        "labels name a device `{device}` that the scores do not have; expected one of {known}; \
         correct the name, or leave the column `device` out if labels hold for all"
    )]
    LabelDevice {
        /// The name.
        device: String,
        /// Some that are known.
        known: String,
    },
    /// An interval ends before it starts.
    #[error(
        "label {row} ends before it starts ({} to {}); expected start,end", moment(*start),
        moment(*end)
    )]
    IntervalBackwards {
        /// Which one, from 1.
        row: usize,
        /// Its start, in microseconds.
        start: i64,
        /// Its end.
        end: i64,
    },
    /// A folder does not hold the data set that it should.
    #[error("{} {found}; expected {expected}", path.display())]
    DataSet {
        /// The folder or file.
        path: std::path::PathBuf,
        /// What is wrong with it.
        found: String,
        /// What should be there, and what to do.
        expected: &'static str,
    },
    /// A method returned something else than a score and an alarm for each row.
    #[error("{method} gave {given} {what} for {rows} rows of {case}; expected one each")]
    Method {
        /// Its name.
        method: String,
        /// `scores` or `alarms`.
        what: &'static str,
        /// How many it gave.
        given: usize,
        /// How many were asked for.
        rows: usize,
        /// The case's name.
        case: String,
    },
}

impl From<fieldmirror_tables::TablesError> for AnalyticsError {
    fn from(error: fieldmirror_tables::TablesError) -> Self {
        Self::Tables(Box::new(error))
    }
}

impl AnalyticsError {
    /// Whether what was given is at fault, and not what computes.
    pub fn is_bad_input(&self) -> bool {
        match self {
            Self::Tensor(_) | Self::Covariance(_) | Self::Pool(_) | Self::Clusters(_) => false,
            Self::Tables(error) => match &**error {
                TablesError::Output { .. } => false,
                // A disk that is full is nobody's bad input.
                TablesError::Io { action, .. } => *action == "read",
                _ => true,
            },
            _ => true,
        }
    }
}

/// A class after `words`; nothing where there is none.
fn named(words: &str, class: &str) -> String {
    if class.is_empty() { String::new() } else { format!("{words} class `{class}`") }
}

/// What is said of a device whose class was not learned; `expected` are the classes in quotes.
fn other_class(class: &str, expected: &str) -> String {
    if class.is_empty() {
        return format!(
            "the telemetry does not say of which class its devices are; expected one of {expected}; \
             name the column of classes with --class"
        );
    }
    if expected == "``" {
        return format!(
            "a device is of the class `{class}`, and the model learned without classes; expected \
             telemetry without them; leave --class out, or train with it"
        );
    }
    format!("the model knows no class `{class}`; expected one of {expected}")
}

/// What is said of the devices whose classes were not learned.
fn whose(device: &str, devices: usize) -> String {
    match (device, devices) {
        ("", _) => String::new(),
        (device, 0 | 1) => format!("; it is that of device `{device}`"),
        (device, many) => {
            format!(
                "; it is that of device `{device}`, the first of {many} whose class is not known"
            )
        }
    }
}

/// The times asked for.
fn between(from: Option<i64>, until: Option<i64>) -> String {
    match (from, until) {
        (Some(from), Some(until)) => format!("between {} and {}", moment(from), moment(until)),
        (Some(from), None) => format!("from {} on", moment(from)),
        (None, Some(until)) => format!("before {}", moment(until)),
        (None, None) => "at all".to_owned(),
    }
}

/// A time for people: UTC, or the number itself where it is so small that it is a row's number.
fn moment(micros: i64) -> String {
    use fieldmirror_core::time::Timestamp;
    if micros.unsigned_abs() < 100_000_000 {
        return micros.to_string();
    }
    Timestamp::from_nanos(micros.saturating_mul(1000)).to_string()
}

/// Short for results of this crate.
pub type Result<T> = std::result::Result<T, AnalyticsError>;
