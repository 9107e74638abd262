//! Scores of the devices that tickets are about.

use super::facts::Facts;
use super::residuals::Cited;
use super::scan::{Batch, Wanted, scan};
use crate::error::EngineError;
use crate::report::charts::Point;
use crate::report::tickets::Ticket;
use fieldmirror_tables::Table;
use std::collections::BTreeMap;
use std::path::Path;

/// One device's scores over the run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::report) struct ScoreTrack {
    pub(in crate::report) device: String,
    /// Its class, if a ticket cites it.
    pub(in crate::report) class: String,
    /// Labels of the tickets that rest on it.
    pub(in crate::report) tickets: Vec<String>,
    /// The devices that those tickets blame.
    pub(in crate::report) explains: Vec<String>,
    /// By detector: day, and score over threshold.
    pub(in crate::report) detectors: BTreeMap<String, Vec<Point>>,
}

/// Evidence of one ticket may come from many devices; the first ones tell the story.
const CITED_MAX: usize = 3;

const WANTED: Wanted = Wanted {
    times: &["time"],
    reals: &["score", "threshold"],
    flags: &[],
    words: &["device", "detector"],
};

/// Reads the scores of the devices of `tickets`, or of those that they cite where what they blame
/// has no scores of its own (a filter). At most `most` devices, in the order of the tickets.
pub(super) fn read(
    run: &Path,
    facts: &Facts,
    tickets: &[Ticket],
    cited: &Cited,
    most: usize,
) -> Result<Vec<ScoreTrack>, EngineError> {
    let witnesses = |ticket: &Ticket| {
        let mut devices = vec![ticket.device.clone()];
        for row in ticket.evidence.iter().filter_map(|cell| cited.get(&cell.rows[0])) {
            if !devices.contains(&row.device) && devices.len() <= CITED_MAX {
                devices.push(row.device.clone());
            }
        }
        devices
    };
    let class = |device: &str| {
        let row = cited.values().find(|row| row.device == device);
        row.map(|row| row.class.clone()).unwrap_or_default()
    };
    let mut tracks: BTreeMap<String, ScoreTrack> = BTreeMap::new();
    for device in tickets.iter().flat_map(witnesses) {
        tracks.insert(device, ScoreTrack::default());
    }
    let mut wanted = Vec::new();
    scan(run, Table::Scores, WANTED, |batch| add(batch, facts, &mut tracks, &mut wanted))?;
    let mut chosen: Vec<ScoreTrack> = Vec::new();
    for ticket in tickets {
        let witness = witnesses(ticket)
            .into_iter()
            .find(|device| tracks.get(device).is_some_and(|track| !track.detectors.is_empty()));
        let Some(device) = witness else { continue };
        let place = match chosen.iter().position(|track| track.device == device) {
            Some(place) => place,
            None if chosen.len() == most => continue,
            None => {
                let detectors =
                    tracks.get(&device).map(|t| t.detectors.clone()).unwrap_or_default();
                let class = class(&device);
                chosen.push(ScoreTrack { device, class, detectors, ..ScoreTrack::default() });
                chosen.len() - 1
            }
        };
        let track = &mut chosen[place];
        track.tickets.push(ticket.label.clone());
        if !track.explains.contains(&ticket.device) {
            track.explains.push(ticket.device.clone());
        }
    }
    Ok(chosen)
}

fn add(
    batch: &Batch,
    facts: &Facts,
    tracks: &mut BTreeMap<String, ScoreTrack>,
    wanted: &mut Vec<bool>,
) {
    let (times, score) = (batch.times("time"), batch.reals("score"));
    let (threshold, devices) = (batch.reals("threshold"), batch.words("device"));
    let detectors = batch.words("detector");
    devices.extend(wanted, |name| tracks.contains_key(name));
    for row in 0..times.len() {
        let Some(device) = devices.key(row).filter(|key| wanted[*key]) else { continue };
        let Some(track) = tracks.get_mut(devices.name(device)) else { continue };
        let day = (times[row] - facts.start.nanos()) as f64 / 86_400e9;
        let ratio = score[row] / threshold[row];
        let points = track.detectors.entry(detectors.word(row).to_owned()).or_default();
        // Hours without a score break the line.
        if points.last().is_some_and(|last| day - last.0 > 6.5 / 24.0) {
            points.push((day, f64::NAN));
        }
        points.push((day, ratio));
    }
}
