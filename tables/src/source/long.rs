//! Rows of one value each become rows of all values of a moment.
//!
//! Each device has one open row. A value of another time closes it, and so does a second value of
//! the same channel. What is not closed at the end is closed in the order of the devices.

use super::spec::Channel;
use std::collections::HashMap;

/// The open rows.
#[derive(Debug)]
pub(super) struct Pivot {
    index: HashMap<String, usize>,
    channels: usize,
    open: Vec<Option<Moment>>,
    /// How many devices have no open row any more, at the end.
    closed: usize,
}

/// A row that may still get values.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    pub(super) time: i64,
    pub(super) values: Vec<f64>,
    /// Which values came, NaN or not.
    given: Vec<bool>,
    /// The file and the row that began it.
    pub(super) place: (usize, u64),
}

impl Pivot {
    pub(super) fn new(channels: &[Channel]) -> Self {
        let names = channels.iter().enumerate().map(|(at, channel)| (channel.name.clone(), at));
        Self { index: names.collect(), channels: channels.len(), open: Vec::new(), closed: 0 }
    }

    /// The place of a channel.
    pub(super) fn channel(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }

    /// Takes a value; gives the row of the device that it closed.
    pub(super) fn take(
        &mut self,
        device: u32,
        channel: usize,
        time: i64,
        value: f64,
        place: (usize, u64),
    ) -> Option<Moment> {
        let device = device as usize;
        if self.open.len() <= device {
            self.open.resize(device + 1, None);
        }
        let open = &mut self.open[device];
        if let Some(moment) = open.as_mut().filter(|m| m.time == time && !m.given[channel]) {
            moment.values[channel] = value;
            moment.given[channel] = true;
            return None;
        }
        let mut values = vec![f64::NAN; self.channels];
        let mut given = vec![false; self.channels];
        values[channel] = value;
        given[channel] = true;
        open.replace(Moment { time, values, given, place })
    }

    /// The next open row at the end, with its device.
    pub(super) fn close(&mut self) -> Option<(u32, Moment)> {
        while let Some(moment) = self.open.get_mut(self.closed) {
            let device = self.closed as u32;
            self.closed += 1;
            if let Some(moment) = moment.take() {
                return Some((device, moment));
            }
        }
        None
    }
}
