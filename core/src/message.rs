//! The message: one device publish on its way through cloud, twin and recorder.

use crate::ids::DeviceIx;
use crate::reading::{FramePayload, Reading};
use crate::time::Timestamp;

/// A frame as one gateway heard it and forwarded it to the network server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Uplink {
    /// The sender (its DevAddr, resolved).
    pub device: DeviceIx,
    /// The sender's frame counter.
    pub frame_counter: u32,
    /// The gateway.
    pub gateway: DeviceIx,
    /// When the gateway had the whole frame.
    pub received_at: Timestamp,
    /// Received power, in dBm.
    pub rssi_dbm: f32,
    /// Signal to noise ratio, in dB.
    pub snr_db: f32,
    /// The application payload.
    pub payload: FramePayload,
}

/// The best radio copy of an uplink, as the network server knows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RadioCopy {
    /// The gateway that heard it best.
    pub gateway: DeviceIx,
    /// How many gateways heard it.
    pub copies: u8,
    /// Received power, in dBm.
    pub rssi_dbm: f32,
    /// Signal to noise ratio, in dB.
    pub snr_db: f32,
}

/// A device's publish with a typed payload, deduplicated and decoded.
///
/// Its topic is the device's own data topic: the sender decides it, so no string travels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Message {
    /// When the device sampled, by its own clock.
    pub sampled_at: Timestamp,
    /// When the gateway had the whole frame; for an MQTT client, when it published.
    pub received_at: Timestamp,
    /// The payload.
    pub reading: Reading,
    /// How it came over the air; `None` for MQTT clients.
    pub radio: Option<RadioCopy>,
}

impl Message {
    /// The sender.
    #[inline]
    pub const fn device(&self) -> DeviceIx {
        self.reading.device()
    }
}
