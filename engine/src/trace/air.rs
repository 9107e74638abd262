//! What the air did: how a message came, and why none came.

use super::Message;
use crate::error::EngineError;
use crate::recorded::Recorded;
use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::reading::DeviceClass;
use fieldmirror_core::time::Timestamp;
use fieldmirror_tables::Table;
use fieldmirror_tables::read::{self, TableReader};
use std::path::Path;

/// A LoRaWAN frame of a device.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Row of the `uplinks` table, from 0.
    pub row: u64,
    /// When it began.
    pub time: Timestamp,
    /// The device's count of reports.
    pub counter: u64,
    /// Which gateway heard it best, or would have.
    pub gateway: String,
    /// Power there, in dBm.
    pub rssi_dbm: f64,
    /// Spreading factor.
    pub spreading_factor: u64,
    /// Why no gateway received it; `None` if one did.
    pub lost: Option<String>,
}

/// Why nothing happened at an instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Silence {
    /// When the device's last message before the instant came; `None` if there was none.
    pub last: Option<Timestamp>,
    /// Frames after it that were lost.
    pub lost: Vec<Frame>,
    /// The reason in a sentence.
    pub why: String,
}

/// The most lost frames that are kept; the latest ones.
const LOST_MAX: usize = 100;

/// Longest time from the beginning of a frame to its message: time on air is below 3 s.
const AIRTIME_NS_MAX: i64 = 10_000_000_000;

/// The frame that brought `message`, if it came over the air.
pub(super) fn frame(
    run: &Path,
    recorded: &Recorded,
    message: &Message,
) -> Result<Option<Frame>, EngineError> {
    if message.source != "device" || message.topic.starts_with('$') {
        return Ok(None);
    }
    if !has_radio(recorded, &message.principal) {
        return Ok(None);
    }
    let time = message.time.nanos();
    let window = (time - AIRTIME_NS_MAX, time);
    let frames = frames(run, &message.principal, window, &|lost| lost.is_none())?;
    Ok(frames.into_iter().last())
}

/// Why nothing of `device` came after `last` up to `at`.
pub(super) fn silence(
    run: &Path,
    recorded: &Recorded,
    device: &str,
    last: Option<Timestamp>,
    at: Timestamp,
) -> Result<Silence, EngineError> {
    let from = last.map_or(i64::MIN, |time| time.nanos() + 1);
    let mut lost = frames(run, device, (from, at.nanos()), &|lost| lost.is_some())?;
    let count = lost.len();
    lost.drain(..count.saturating_sub(LOST_MAX));
    let since = match last {
        Some(time) => format!("since its message at {time}"),
        None => "since the start of the run".to_owned(),
    };
    let radio = has_radio(recorded, device);
    let why = match lost.last() {
        Some(frame) => {
            let reason = frame.lost.as_deref().unwrap_or_default();
            let latest = format!("the last one at {}: {reason}", frame.time);
            format!("{count} frames of {device} were lost {since}; {latest}")
        }
        None if radio => format!("{device} sent no frame {since}: none was due, or it is silent"),
        None => format!("{device} published nothing {since}, and nothing was published to it"),
    };
    Ok(Silence { last, lost, why })
}

fn has_radio(recorded: &Recorded, device: &str) -> bool {
    recorded.scenario.registers.iter().any(|register| {
        let place = register.names.iter().take(register.reporting).position(|n| n == device);
        let class = place.and_then(|place| register.class(DeviceIx::new(place as u32)));
        matches!(class, Some(DeviceClass::SoilProbe | DeviceClass::WeatherStation))
    })
}

/// Frames of `device` that began in a window, both ends in it.
fn frames(
    run: &Path,
    device: &str,
    (from, to): (i64, i64),
    keep: &dyn Fn(Option<&str>) -> bool,
) -> Result<Vec<Frame>, EngineError> {
    let columns =
        ["time", "device", "frame_counter", "spreading_factor", "gateway", "rssi_dbm", "lost"];
    let reader = TableReader::open_table(run, Table::Uplinks)?.project(&columns)?;
    let (mut found, mut row) = (Vec::new(), 0);
    for batch in reader.batches() {
        let batch = batch?;
        let times = read::times(&batch, "time")?;
        if times.iter().any(|time| (from..=to).contains(time)) {
            let text = |column: &str| read::texts(&batch, column);
            let (devices, gateways, lost) = (text("device")?, text("gateway")?, text("lost")?);
            let counters = read::counts(&batch, "frame_counter")?;
            let factors = read::counts(&batch, "spreading_factor")?;
            let power = read::reals(&batch, "rssi_dbm")?;
            for i in 0..times.len() {
                let inside = (from..=to).contains(&times[i]) && devices[i] == Some(device);
                if inside && keep(lost[i]) {
                    found.push(Frame {
                        row: row + i as u64,
                        time: Timestamp::from_nanos(times[i]),
                        counter: counters[i],
                        gateway: gateways[i].unwrap_or_default().to_owned(),
                        rssi_dbm: power[i],
                        spreading_factor: factors[i],
                        lost: lost[i].map(str::to_owned),
                    });
                }
            }
        }
        row += times.len() as u64;
    }
    found.sort_by_key(|frame| (frame.time, frame.row));
    Ok(found)
}
