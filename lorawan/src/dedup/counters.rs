//! Frame counters: each device's only ever grows.

use fieldmirror_core::ids::DeviceIx;

/// Greatest step of a counter that is accepted.
///
/// # Source
/// LoRaWAN 1.0.3, 4.3.1.5 and RP002: MAX_FCNT_GAP 16384.
pub const COUNTER_GAP_MAX: u32 = 16_384;

/// What a counter says of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CounterCheck {
    /// Newer than the last one.
    Accepted,
    /// Not newer than the last one.
    Old,
    /// Too far ahead.
    Gap,
}

/// The last counter of each device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameCounters {
    last: Vec<Option<u32>>,
}

impl FrameCounters {
    /// `devices` devices of which nothing was heard.
    pub fn new(devices: usize) -> Self {
        Self { last: vec![None; devices] }
    }

    /// Checks a full counter and keeps it if it is accepted. The first frame of a device may have
    /// any counter.
    ///
    /// # Panics
    /// If the device is not one of those it was made for.
    pub fn accept(&mut self, device: DeviceIx, counter: u32) -> CounterCheck {
        let last = &mut self.last[device.index()];
        match *last {
            Some(known) if counter <= known => CounterCheck::Old,
            Some(known) if counter - known > COUNTER_GAP_MAX => CounterCheck::Gap,
            _ => {
                *last = Some(counter);
                CounterCheck::Accepted
            }
        }
    }

    /// The last accepted counter of a device.
    ///
    /// # Panics
    /// If the device is not one of those it was made for.
    pub fn last(&self, device: DeviceIx) -> Option<u32> {
        self.last[device.index()]
    }

    /// Forgets a device's counter.
    ///
    /// # Panics
    /// If the device is not one of those it was made for.
    pub fn forget(&mut self, device: DeviceIx) {
        self.last[device.index()] = None;
    }
}

/// The 32-bit counter of which a frame carries the lower 16 bits: the smallest one not below the
/// last.
///
/// A repeated frame thus gives the last counter itself, which [`FrameCounters::accept`] refuses.
///
/// # Source
/// LoRaWAN 1.0.3, 4.3.1.5.
pub fn full_counter(last: Option<u32>, carried: u16) -> u32 {
    let Some(last) = last else {
        return u32::from(carried);
    };
    let ahead = carried.wrapping_sub(last as u16);
    last.wrapping_add(u32::from(ahead))
}
