//! The command line of `train`, `score`, `eval` and `explain`.

use super::parse_span;
use clap::{Args as ClapArgs, ValueEnum};
use fieldmirror_core::time::Span;
use std::path::PathBuf;

/// Which columns of telemetry are what. What is not said is found out, or taken from the model.
#[derive(Debug, Default, ClapArgs)]
#[command(next_help_heading = "Columns")]
pub(crate) struct ColumnArgs {
    /// The column of times; without it one called datetime, timestamp, time, ts or date, or else
    /// the number of the row.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) time: Option<String>,
    /// The column that tells devices apart; without it there is one device.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) device: Option<String>,
    /// Each file is a device, called as the file.
    #[arg(long, conflicts_with = "device")]
    pub(crate) device_from_file: bool,
    /// The column that says of which class a device is; one baseline is learned for each.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) class: Option<String>,
    /// Channels; without it every numeric column but time, device and class.
    #[arg(long, value_name = "A,B,C", value_delimiter = ',')]
    pub(crate) channels: Option<Vec<String>>,
    /// Channels that are commands or outside influences: they help to predict, and are never
    /// anomalous themselves.
    #[arg(long, value_name = "A,B,C", value_delimiter = ',')]
    pub(crate) exogenous: Option<Vec<String>>,
    /// Columns that are no channels.
    #[arg(long, value_name = "A,B,C", value_delimiter = ',')]
    pub(crate) ignore: Option<Vec<String>>,
    /// The unit of a channel. May be repeated.
    #[arg(long, value_name = "CHANNEL=UNIT", value_parser = super::parse_set)]
    pub(crate) unit: Vec<(String, String)>,
    /// Rows of one value each: the columns of the channel's name and of its value.
    #[arg(long, value_name = "METRIC,VALUE", value_delimiter = ',', num_args = 1..=2)]
    pub(crate) long: Option<Vec<String>>,
    /// How inputs are written, where their names do not tell.
    #[arg(long, value_name = "FORMAT", value_parser = ["csv", "parquet", "arrow", "jsonl", "senml"])]
    pub(crate) input_format: Option<String>,
    /// What stands between the fields of CSV; without it found out.
    #[arg(long, value_name = "CHAR", value_parser = parse_delimiter)]
    pub(crate) delimiter: Option<char>,
    /// Numbers such as 1,5.
    #[arg(long)]
    pub(crate) decimal_comma: bool,
    /// How times are written, such as "%d/%m/%Y %H:%M".
    #[arg(long, value_name = "FORMAT")]
    pub(crate) time_format: Option<String>,
    /// The sampling period, such as 10s or 15m; without it the median difference of times.
    #[arg(long, value_name = "DURATION", value_parser = parse_span)]
    pub(crate) period: Option<Span>,
    /// Rows of a device that may come before ones that belong before them.
    #[arg(long, value_name = "N")]
    pub(crate) reorder_rows: Option<usize>,
    /// Rows that come later still: refused with exit code 3, or left out of what is learned and
    /// judged, and counted.
    #[arg(long, value_enum)]
    pub(crate) late: Option<LateArg>,
}

/// What becomes of rows that come too late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LateArg {
    /// They are an error.
    Refuse,
    /// They are left out.
    Skip,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct TrainArgs {
    /// Telemetry of normal days: CSV, Parquet, Arrow, JSON lines, SenML; files, folders, globs, a
    /// run directory, or `-`.
    #[arg(long = "in", value_name = "INPUT", required = true, num_args = 1..)]
    pub(crate) inputs: Vec<String>,
    /// The model file to write.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Settings of detectors, calibration and columns, in TOML; flags go before it.
    #[arg(long, value_name = "detector.toml")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) columns: ColumnArgs,
    /// False alarms for each device and day that you accept; without it one in 500 rows.
    #[arg(long, value_name = "N", value_parser = parse_budget)]
    pub(crate) budget: Option<f64>,
    /// Rows over which a score is the mean: the longer, the surer and the later. Without it 10, and
    /// more where few channels are measured, up to 50.
    #[arg(long, value_name = "ROWS", value_parser = parse_smooth)]
    pub(crate) smooth: Option<usize>,
    /// Learn from rows at or after this time (UTC where no zone is said).
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) from: Option<i64>,
    /// Learn from rows before this time.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) until: Option<i64>,
    /// Seed of all draws.
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub(crate) seed: u64,
    /// Threads; by default one a core. Results do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// No progress bar.
    #[arg(long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ScoreArgs {
    /// The model that `train` wrote.
    #[arg(long, value_name = "FILE")]
    pub(crate) model: PathBuf,
    /// Telemetry: CSV, Parquet, Arrow, JSON lines, SenML; files, folders, globs, a run directory,
    /// or `-`.
    #[arg(long = "in", value_name = "INPUT", required = true, num_args = 1..)]
    pub(crate) inputs: Vec<String>,
    /// Scores, a row for each row: .parquet, .csv or .arrow.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Findings, a row for each event: .parquet, .arrow or .jsonl, which `explain` reads, or .csv.
    #[arg(long, value_name = "FILE")]
    pub(crate) findings: Option<PathBuf>,
    /// A page with all findings and their pictures.
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
    /// Exit 1 if there are more alarms than this for each device and day.
    #[arg(long, value_name = "N", value_parser = parse_rate)]
    pub(crate) fail_above: Option<f64>,
    #[command(flatten)]
    pub(crate) columns: ColumnArgs,
    /// Telemetry that goes on where other telemetry ended: what devices were doing is read from
    /// this file, if it is there, and written to it. An event that goes on keeps its id.
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    /// Begin anew even if an interrupted job left a checkpoint. One of another job is never gone on
    /// with, and told before it is removed.
    #[arg(long)]
    pub(crate) force: bool,
    /// Rows from one checkpoint to the next; 0: none.
    #[arg(long, value_name = "N", default_value_t = 16_000_000)]
    pub(crate) checkpoint_rows: u64,
    /// Threads; by default one a core. Results do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// No progress bar.
    #[arg(long)]
    pub(crate) quiet: bool,
}

/// Public benchmarks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Benchmark {
    /// A water-pump bench (waico/SKAB).
    Skab,
    /// The Numenta Anomaly Benchmark.
    Nab,
    /// Attacks on a simulated water network.
    Batadal,
    /// Telemetry of a Mars rover.
    Msl,
    /// Series of TSB-AD.
    Tsb,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct EvalArgs {
    /// Scores that `score` wrote.
    #[arg(long, value_name = "FILE", requires = "labels", required_unless_present = "dataset")]
    pub(crate) scores: Option<PathBuf>,
    /// What was truly anomalous: CSV with `[device,]start,end` or `[device,]time,label`.
    #[arg(long, value_name = "FILE", requires = "scores")]
    pub(crate) labels: Option<PathBuf>,
    /// Width of the volume under the surface, in rows; by default the median length of the events,
    /// at most 100.
    #[arg(long, value_name = "ROWS", requires = "scores")]
    pub(crate) width: Option<usize>,
    /// A public benchmark.
    #[arg(long, value_enum, requires = "path", conflicts_with = "scores")]
    pub(crate) dataset: Option<Benchmark>,
    /// Your copy of it.
    #[arg(long, value_name = "DIR", requires = "dataset")]
    pub(crate) path: Option<PathBuf>,
    /// One detector alone, or `all`; without it the default beside isolation forest, PCA and what
    /// is published.
    #[arg(long, value_name = "NAME", requires = "dataset")]
    pub(crate) detector: Option<String>,
    /// SKAB: hide where in a file anomalies begin.
    #[arg(long, requires = "dataset")]
    pub(crate) position_blind: bool,
    /// Seed of all draws.
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub(crate) seed: u64,
    /// Settings, in TOML.
    #[arg(long, value_name = "detector.toml", requires = "dataset")]
    pub(crate) config: Option<PathBuf>,
    /// Rows over which a score is the mean; see `train`.
    #[arg(long, value_name = "ROWS", value_parser = parse_smooth, requires = "dataset")]
    pub(crate) smooth: Option<usize>,
    /// The sampling period, where the files do not tell.
    #[arg(long, value_name = "DURATION", value_parser = parse_span, requires = "dataset")]
    pub(crate) period: Option<Span>,
    /// No progress bar.
    #[arg(long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct FindingArgs {
    /// Findings that `score` wrote.
    #[arg(value_name = "FINDINGS")]
    pub(crate) findings: PathBuf,
    /// Which one, such as F-000001.
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Draw it.
    #[arg(long, value_name = "FILE.svg")]
    pub(crate) plot: Option<PathBuf>,
}

fn parse_time(text: &str) -> Result<i64, String> {
    let expected = "expected a time such as 2022-04-01 or 2022-04-01T12:00:00Z";
    fieldmirror_tables::labelled::parse_moment(text).ok_or_else(|| expected.to_owned())
}

fn parse_delimiter(text: &str) -> Result<char, String> {
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(one), None) if one.is_ascii() => Ok(one),
        _ => Err("expected one ASCII character, such as ; or a tab".to_owned()),
    }
}

fn parse_budget(text: &str) -> Result<f64, String> {
    let expected = "expected a number of more than 0; no detector is never wrong";
    parse_rate(text).ok().filter(|&rate| rate > 0.0).ok_or_else(|| expected.to_owned())
}

fn parse_smooth(text: &str) -> Result<usize, String> {
    let rows = text.parse().ok().filter(|rows| (1..=65_536).contains(rows));
    rows.ok_or_else(|| "expected a number of rows from 1 to 65536".to_owned())
}

fn parse_rate(text: &str) -> Result<f64, String> {
    let rate = text.parse::<f64>().ok().filter(|rate| rate.is_finite() && *rate >= 0.0);
    rate.ok_or_else(|| "expected a number of at least 0".to_owned())
}
