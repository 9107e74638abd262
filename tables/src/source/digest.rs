//! A digest of what was read that does not depend on how it was stored.

use super::Chunk;
use super::spec::Channel;
use sha2::{Digest, Sha256};

/// A hasher a device.
#[derive(Debug, Default)]
pub(super) struct Digests {
    devices: Vec<Sha256>,
    row: Vec<u8>,
}

impl Digests {
    /// Takes the rows of a chunk.
    pub(super) fn take(&mut self, chunk: &Chunk) {
        for at in 0..chunk.len() {
            let device = chunk.device[at] as usize;
            if self.devices.len() <= device {
                self.devices.resize_with(device + 1, Sha256::new);
            }
            self.row.clear();
            self.row.extend(chunk.time[at].to_le_bytes());
            for column in &chunk.values {
                // All values that are missing are alike, and so are both zeros.
                let value = if column[at].is_nan() { f64::NAN } else { column[at] + 0.0 };
                self.row.extend(value.to_le_bytes());
            }
            self.devices[device].update(&self.row);
        }
    }

    /// The digest so far.
    pub(super) fn finish(
        &self,
        channels: &[Channel],
        devices: &[String],
        classes: &[String],
    ) -> [u8; 32] {
        let mut whole = Sha256::new();
        let mut text = |text: &str| {
            whole.update((text.len() as u64).to_le_bytes());
            whole.update(text);
        };
        for channel in channels {
            text(&channel.name);
            text(&channel.unit);
            text(if channel.exogenous { "exogenous" } else { "measured" });
        }
        let mut order: Vec<usize> = (0..devices.len().min(self.devices.len())).collect();
        order.sort_by_key(|&device| &devices[device]);
        for device in order {
            let content = self.devices[device].clone().finalize();
            let mut text = |text: &str| {
                whole.update((text.len() as u64).to_le_bytes());
                whole.update(text);
            };
            text(&devices[device]);
            text(&classes[device]);
            whole.update(content);
        }
        whole.finalize().into()
    }
}
