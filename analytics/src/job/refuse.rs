//! What a job refuses before or after it has read: telemetry that does not fit the model, and outputs
//! that are inputs.

use super::listed;
use crate::error::{AnalyticsError, Result};
use crate::telemetry::Model;
use fieldmirror_tables::source::{self, Source, TimeKind};
use std::path::{Path, PathBuf};

/// An error where devices from number `from` on are of classes that the model does not know; it
/// names the first of them.
pub(super) fn refuse_unknown_classes(model: &Model, source: &Source, from: usize) -> Result<()> {
    let unknown: Vec<(usize, AnalyticsError)> = (from..source.devices().len())
        .filter_map(|at| model.class(&source.classes()[at]).err().map(|error| (at, error)))
        .collect();
    let count = unknown.len();
    match unknown.into_iter().next() {
        None => Ok(()),
        Some((at, AnalyticsError::DeviceClass { class, expected, .. })) => {
            let device = source.devices()[at].clone();
            Err(AnalyticsError::DeviceClass { device, devices: count, class, expected })
        }
        Some((_, error)) => Err(error),
    }
}

/// An error where a channel of the model had no number at all.
pub(super) fn refuse_silent_channels(model: &Model, source: &Source) -> Result<()> {
    let counts = source.counts();
    let silent = source.channels().iter().zip(&counts.channels).filter(|(_, channel)| {
        counts.rows > 0
            && channel.missing.count + channel.text.count + channel.beyond.count >= counts.rows
    });
    let known = |name: &str| model.schema.channels.iter().any(|one| one.name == name);
    let silent = silent.filter(|(channel, _)| known(&channel.name));
    let silent: Vec<String> = silent.map(|(channel, counts)| silence(channel, counts)).collect();
    if silent.is_empty() {
        return Ok(());
    }
    Err(AnalyticsError::NoValues { channels: silent.join(", ") })
}

/// A channel without any number, and what it holds instead.
fn silence(channel: &source::Channel, counts: &source::ChannelCounts) -> String {
    match counts.text.first.first() {
        Some(place) => format!("{} (it holds texts such as `{}`)", channel.name, place.text),
        None => channel.name.clone(),
    }
}

/// An error where rows have no times and those that the model learned from had: numbered rows would
/// be scored as if they came at even steps.
pub(super) fn refuse_untimed(model: &Model, source: &Source) -> Result<()> {
    if source.time_kind() != TimeKind::Row || !model.provenance.timed {
        return Ok(());
    }
    let (file, columns) = source.first_columns();
    let columns = listed(&columns.collect::<Vec<_>>(), 20);
    Err(AnalyticsError::NoTimes { file: file.to_owned(), columns })
}

/// An error if a file that is to be written is one that is read.
pub(super) fn refuse_inputs_as_outputs<'p>(
    source: &Source,
    outputs: impl Iterator<Item = &'p PathBuf>,
) -> Result<()> {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let inputs: Vec<PathBuf> = source.files().iter().filter_map(|path| real(path)).collect();
    for output in outputs {
        if real(output).is_some_and(|output| inputs.contains(&output)) {
            return Err(AnalyticsError::OutputIsInput { path: output.clone() });
        }
    }
    Ok(())
}
