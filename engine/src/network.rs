//! The network server of one shard: copies of frames become messages.

use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::message::{Message, Uplink};
use fieldmirror_core::reading::{DeviceClass, Reading};
use fieldmirror_core::register::Register;
use fieldmirror_core::time::Timestamp;
use fieldmirror_lorawan::dedup::{self, Dedup, Output};

/// Deduplicates over gateways, checks frame counters, decodes payloads.
#[derive(Debug)]
pub(crate) struct Network {
    dedup: Dedup,
    classes: Vec<Option<DeviceClass>>,
    outputs: Vec<Output>,
    refused: u64,
}

impl Network {
    pub(crate) fn new(register: &Register) -> Self {
        let classes: Vec<_> = register.iter().map(|(device, _)| register.class(device)).collect();
        let dedup = Dedup::new(dedup::WINDOW, classes.len());
        Self { dedup, classes, outputs: Vec::new(), refused: 0 }
    }

    /// Takes what the gateways heard in a step and appends one message a frame.
    ///
    /// All copies of a frame end at the same instant, so no window stays open over a step's end.
    pub(crate) fn receive(&mut self, heard: &mut [Uplink], messages: &mut Vec<Message>) {
        let order = |uplink: &Uplink| (uplink.received_at, uplink.device, uplink.gateway);
        if !heard.is_sorted_by_key(order) {
            heard.sort_unstable_by_key(order);
        }
        self.outputs.clear();
        for uplink in heard.iter() {
            let copy = std::slice::from_ref(uplink);
            self.dedup.handle(uplink.received_at, copy, &mut self.outputs);
        }
        self.dedup.finish(&mut self.outputs);
        for output in &self.outputs {
            let Output::Uplink(frame) = output else {
                self.refused += 1;
                continue;
            };
            let uplink = &frame.uplink;
            match self.decode(uplink.device, uplink.payload.as_bytes()) {
                Some(reading) => messages.push(Message {
                    sampled_at: sampled_at(&reading).unwrap_or(uplink.received_at),
                    received_at: uplink.received_at,
                    reading,
                    radio: Some(frame.radio()),
                }),
                None => self.refused += 1,
            }
        }
    }

    /// Frames refused by counter or length; a healthy network has none.
    pub(crate) const fn refused(&self) -> u64 {
        self.refused
    }

    fn decode(&self, device: DeviceIx, bytes: &[u8]) -> Option<Reading> {
        let class = self.classes.get(device.index()).copied().flatten()?;
        Reading::decode(class, device, bytes)
    }
}

/// The device's own time of sampling, if its payload has one.
fn sampled_at(reading: &Reading) -> Option<Timestamp> {
    let position = reading.class().schema().position("timestamp")?;
    Some(Timestamp::from_millis(reading.raw(position)))
}
