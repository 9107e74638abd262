//! The fate of every frame sent over the air.

use super::columns;
use crate::dictionary::Key;
use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::time::Timestamp;

columns! {
    /// One frame that a device sent.
    UplinkRow,
    /// Columns of [`Table::Uplinks`](crate::schema::Table::Uplinks).
    UplinkColumns of Uplinks;
    /// When it was sent.
    time: Timestamp => Vec<i64>;
    /// The sender.
    device: DeviceIx => Vec<i32>, in devices;
    /// The sender's frame counter.
    frame_counter: u32 => Vec<u32>;
    /// Carrier frequency, in Hz.
    frequency_hz: u32 => Vec<u32>;
    /// Spreading factor, 7 to 12.
    spreading_factor: u8 => Vec<u8>;
    /// Time on air, in ms.
    airtime_ms: f32 => Vec<f32>;
    /// The gateway that heard it best; of a lost frame the one with the strongest signal, if any.
    gateway: Option<DeviceIx> => Vec<i32>, in devices;
    /// How many gateways heard it.
    copies: u8 => Vec<u8>;
    /// Received power at that gateway, in dBm.
    rssi_dbm: Option<f32> => Vec<f32>;
    /// Signal to noise ratio at that gateway, in dB.
    snr_db: Option<f32> => Vec<f32>;
    /// Whether the network server got it.
    delivered: bool => Vec<bool>;
    /// Why not.
    lost: Option<Key> => Vec<i32>, in lost_reasons;
}
