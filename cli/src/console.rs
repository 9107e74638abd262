//! What the user sees: errors, the progress bar, the clock on the wall.

use crate::args::Format;
use fieldmirror_engine::clock::{Progress, Stopwatch};
use fieldmirror_engine::error::EngineError;
use fieldmirror_workbench::problem::Problem;
use indicatif::{ProgressBar, ProgressStyle};
use std::time::Instant;

/// Prints a line to stdout. A reader that has gone away wants no more lines, and that is its right; a
/// full disk is reported by whoever owns it.
macro_rules! say {
    ($($part:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($part)*);
    }};
}
pub(crate) use say;

/// Input that cannot be used, with its place, what was expected and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct BadInput(pub(crate) String);

/// All problems of a team's files as one error.
pub(crate) fn bad_problems(problems: Vec<Problem>) -> anyhow::Error {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    BadInput(lines.join("\n")).into()
}

/// Ends with a message about the command line, exit code 2.
pub(crate) fn usage(message: &str) -> ! {
    clap::Error::raw(clap::error::ErrorKind::ValueValidation, format!("{message}\n")).exit()
}

/// Prints text that ends its own lines.
pub(crate) fn print(text: &str) {
    use std::io::Write as _;
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// The exit code for an error: 3 for bad input, 4 for a failure while running.
pub(crate) fn exit_code(error: &anyhow::Error) -> u8 {
    if error.is::<BadInput>() {
        return 3;
    }
    match error.downcast_ref::<EngineError>() {
        Some(engine) if engine.is_bad_input() => 3,
        _ => 4,
    }
}

/// Prints an error once to stderr, with `--format json` also as one JSON object to stdout. Every
/// message names its cause itself, so the chain is not printed again.
pub(crate) fn print_error(error: &anyhow::Error, code: u8, format: Format) {
    if format == Format::Json {
        let object = serde_json::json!({
            "schema_version": 1,
            "error": error.to_string(),
            "exit_code": code,
        });
        say!("{object}");
    }
    eprintln!("error: {error}");
}

/// The system's monotonic clock.
#[derive(Debug)]
pub(crate) struct SystemStopwatch(Instant);

impl SystemStopwatch {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }
}

impl Stopwatch for SystemStopwatch {
    fn nanos(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// A bar on stderr; none where stderr is no terminal.
#[derive(Debug)]
pub(crate) struct Bar(ProgressBar);

impl Bar {
    pub(crate) fn new(quiet: bool) -> Self {
        // indicatif hides the bar by itself where stderr is no terminal.
        let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(0) };
        if let Ok(style) =
            ProgressStyle::with_template("{bar:40} {percent:>3} % {elapsed_precise} {msg}")
        {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// Bytes done of a job that reads, the time left, and rows.
    pub(crate) fn bytes(&self, done: u64, total: u64, rows: u64) {
        self.0.set_length(total);
        self.0.set_position(done);
        let per_second = self.0.elapsed().as_secs_f64() / done.max(1) as f64;
        let left = total.saturating_sub(done) as f64 * per_second;
        self.0.set_message(format!("{rows} rows, {left:.0} s left"));
    }

    /// Files done of a job that takes one after the other.
    pub(crate) fn files(&self, done: usize, total: usize, now: &str) {
        self.0.set_length(total as u64);
        self.0.set_position(done as u64);
        self.0.set_message(now.to_owned());
    }

    /// Says on stderr what the user should know, above the bar.
    pub(crate) fn note(&self, text: &str) {
        self.0.suspend(|| eprintln!("note: {text}"));
    }

    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

impl Progress for Bar {
    fn at(&self, done: u64, total: u64, stage: &str) {
        self.0.set_length(total);
        self.0.set_position(done);
        self.0.set_message(stage.to_owned());
    }
}

/// Largest resident memory of this process, in MiB, where the system tells (Linux).
pub(crate) fn peak_rss_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}

/// The CPU's model name, where the system tells.
pub(crate) fn cpu_model() -> String {
    std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        })
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}
