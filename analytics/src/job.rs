//! Whole jobs over files: learn from telemetry, score telemetry, judge scores.
//!
//! A job joins a source of [`fieldmirror_tables`] to the detection of [`crate::telemetry`] and writes
//! what comes out. It reads chunk by chunk in bounded memory, says how far it is through a
//! callback, and can be stopped and gone on with.
//!
//! What it does not do: it prints nothing and reads no clock.

mod carry;
mod columns;
mod findings;
pub mod judge;
pub mod method;
mod pace;
mod refuse;
pub mod score;
mod silences;
mod suspects;
mod told;
pub mod train;

pub use columns::source_spec;
pub use silences::SilentChannel;

/// How far a job is: bytes done, bytes in all (0 where nobody knows), rows.
pub type Progress<'a> = &'a dyn Fn(u64, u64, u64);

/// Who follows a job while it runs.
#[derive(Clone, Copy)]
pub struct Follower<'a> {
    /// Hears how far it is.
    pub progress: Progress<'a>,
    /// Hears what the user should know though it is no error, as soon as it is known: one sentence.
    pub note: &'a dyn Fn(&str),
}

impl std::fmt::Debug for Follower<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Follower").finish_non_exhaustive()
    }
}

/// Names in quotes, of many the first `most`.
fn listed(names: &[&str], most: usize) -> String {
    let first: Vec<String> = names.iter().take(most).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(most);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", first.join(", "))
}

/// What was told to a follower.
struct Notes<'a> {
    follower: Follower<'a>,
    told: Vec<String>,
}

impl<'a> Notes<'a> {
    const fn new(follower: Follower<'a>) -> Self {
        Self { follower, told: Vec::new() }
    }

    fn tell(&mut self, note: String) {
        (self.follower.note)(&note);
        self.told.push(note);
    }
}
