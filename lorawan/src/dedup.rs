//! The network server's front door: copies of one frame from several gateways become one uplink,
//! and old frame counters are refused.
//!
//! A sans-IO state machine: inputs come with `now`, outputs are appended, [`Dedup::next_deadline`]
//! says when to call again. The first copy opens a window; when it has passed, the best copy leaves
//! as the uplink.

mod counters;
#[cfg(test)]
mod tests;

pub use counters::{COUNTER_GAP_MAX, CounterCheck, FrameCounters, full_counter};

use std::collections::VecDeque;

use fieldmirror_core::{
    ids::DeviceIx,
    message::{RadioCopy, Uplink},
    time::{Span, Timestamp},
};

/// How long further copies are awaited after the first.
///
/// # Source
/// ChirpStack's default `deduplication_delay` of 200 ms.
pub const WINDOW: Span = Span::from_nanos(200_000_000);

/// Most uplinks that wait for further copies; one more lets the oldest leave early.
pub const OPEN_MAX: usize = 4096;

/// Most gateways listed of an uplink; further copies still compete for the best one and are
/// counted.
pub const GATEWAYS_LISTED_MAX: usize = 8;

/// One uplink out of all its copies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Deduplicated {
    /// The copy with the greatest power; of equal ones the one that came first. Its `received_at`
    /// is that of the first copy.
    pub uplink: Uplink,
    copies: u8,
    gateways: [DeviceIx; GATEWAYS_LISTED_MAX],
}

impl Deduplicated {
    /// How many gateways heard it, at most 255.
    pub fn copies(&self) -> u8 {
        self.copies
    }

    /// The gateways that heard it, in the order their copies came, at most [`GATEWAYS_LISTED_MAX`].
    pub fn gateways(&self) -> &[DeviceIx] {
        &self.gateways[..usize::from(self.copies).min(GATEWAYS_LISTED_MAX)]
    }

    /// The best copy as a message carries it.
    pub fn radio(&self) -> RadioCopy {
        RadioCopy {
            gateway: self.uplink.gateway,
            copies: self.copies,
            rssi_dbm: self.uplink.rssi_dbm,
            snr_db: self.uplink.snr_db,
        }
    }

    fn new(uplink: &Uplink) -> Self {
        Self { uplink: *uplink, copies: 1, gateways: [uplink.gateway; GATEWAYS_LISTED_MAX] }
    }

    fn is_copy(&self, other: &Uplink) -> bool {
        self.uplink.device == other.device && self.uplink.frame_counter == other.frame_counter
    }

    fn add(&mut self, copy: &Uplink) {
        // A gateway that forwards a frame twice is still one gateway.
        if self.gateways().contains(&copy.gateway) {
            return;
        }
        if let Some(slot) = self.gateways.get_mut(usize::from(self.copies)) {
            *slot = copy.gateway;
        }
        self.copies = self.copies.saturating_add(1);
        let received_at = self.uplink.received_at.min(copy.received_at);
        if copy.rssi_dbm > self.uplink.rssi_dbm {
            self.uplink = *copy;
        }
        self.uplink.received_at = received_at;
    }
}

/// Why a frame went no further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Its counter is not above the last one: a replay, or a copy that came after its window.
    OldCounter,
    /// Its counter is more than [`COUNTER_GAP_MAX`] above the last one.
    CounterGap,
}

/// What the state machine says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Output {
    /// An uplink whose window has passed.
    Uplink(Deduplicated),
    /// A frame that was refused.
    Refused {
        /// The frame.
        uplink: Uplink,
        /// Why.
        reason: Refusal,
    },
}

/// Deduplication of the frames of one group of devices.
#[derive(Debug, Clone)]
pub struct Dedup {
    window: Span,
    counters: FrameCounters,
    /// Uplinks whose window is open with its end, in order of their ends.
    open: VecDeque<(Timestamp, Deduplicated)>,
    left_early: u64,
}

impl Dedup {
    /// A server that knows `devices` devices, indices 0 to `devices - 1`, and heard none of them.
    pub fn new(window: Span, devices: usize) -> Self {
        Self { window, counters: FrameCounters::new(devices), open: VecDeque::new(), left_early: 0 }
    }

    /// Takes frames that arrived at `now`, which never goes back, and appends what leaves.
    ///
    /// # Panics
    /// If a frame's device is not one of those the server was made for.
    pub fn handle(&mut self, now: Timestamp, inputs: &[Uplink], outputs: &mut Vec<Output>) {
        self.on_deadline(now, outputs);
        for input in inputs {
            // Copies follow each other closely: the newest uplink is the likeliest.
            let open = self.open.iter_mut().rev().find(|(_, open)| open.is_copy(input));
            if let Some((_, open)) = open {
                open.add(input);
                continue;
            }
            match self.counters.accept(input.device, input.frame_counter) {
                CounterCheck::Accepted => self.begin(now, input, outputs),
                CounterCheck::Old => refuse(input, Refusal::OldCounter, outputs),
                CounterCheck::Gap => refuse(input, Refusal::CounterGap, outputs),
            }
        }
    }

    /// When the next window ends.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.open.front().map(|&(until, _)| until)
    }

    /// Lets out every uplink whose window has ended by `now`, in the order they were opened.
    pub fn on_deadline(&mut self, now: Timestamp, outputs: &mut Vec<Output>) {
        while let Some(&(_, uplink)) = self.open.front().filter(|(until, _)| *until <= now) {
            self.open.pop_front();
            outputs.push(Output::Uplink(uplink));
        }
    }

    /// Lets out everything, at the end of a run.
    pub fn finish(&mut self, outputs: &mut Vec<Output>) {
        outputs.extend(self.open.drain(..).map(|(_, uplink)| Output::Uplink(uplink)));
    }

    /// Forgets a device's counter, as a join does.
    pub fn forget(&mut self, device: DeviceIx) {
        self.counters.forget(device);
    }

    /// How many uplinks left before their window ended because of [`OPEN_MAX`].
    pub fn left_early(&self) -> u64 {
        self.left_early
    }

    fn begin(&mut self, now: Timestamp, first: &Uplink, outputs: &mut Vec<Output>) {
        if self.open.len() == OPEN_MAX
            && let Some((_, oldest)) = self.open.pop_front()
        {
            self.left_early += 1;
            outputs.push(Output::Uplink(oldest));
        }
        let until = Timestamp::from_nanos(now.nanos() + self.window.nanos());
        self.open.push_back((until, Deduplicated::new(first)));
    }
}

fn refuse(input: &Uplink, reason: Refusal, outputs: &mut Vec<Output>) {
    outputs.push(Output::Refused { uplink: *input, reason });
}
