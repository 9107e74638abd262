//! Gateways count what they heard and publish it.

use crate::components::{Due, Gateway, Receivers, Reporter};
use crate::resources::{Directory, Output, Tick};
use bevy_ecs::system::{Query, Res, ResMut};
use fieldmirror_core::message::Message;
use fieldmirror_core::reading::{DeviceClass, Reading};
use fieldmirror_core::time::Timestamp;

/// Publishes how many frames each gateway heard since its last report. One that is down publishes
/// nothing and starts from 0 when it returns.
pub(crate) fn report_gateways(
    tick: Res<'_, Tick>,
    directory: Res<'_, Directory>,
    mut output: ResMut<'_, Output>,
    mut sites: Query<'_, '_, &mut Receivers>,
    mut gateways: Query<'_, '_, (&mut Due, &mut Reporter, &mut Gateway)>,
) {
    let published = &mut output.0.published;
    for (mut due, mut reporter, mut gateway) in &mut gateways {
        let Ok(receivers) = sites.get(directory.site(reporter.site)) else {
            continue;
        };
        let mut receptions = receivers.receptions.as_slice();
        while due.0 < tick.end() {
            let before = receptions.partition_point(|&(at, _)| at < due.0);
            gateway.heard += heard_by(&receptions[..before], gateway.index);
            receptions = &receptions[before..];
            if !gateway.is_down {
                published.push(stat(due.0, &reporter, gateway.heard));
                reporter.sequence += 1;
            }
            gateway.heard = 0;
            due.0 = reporter.slot_after(due.0);
        }
        gateway.heard += heard_by(receptions, gateway.index);
    }
    for mut receivers in &mut sites {
        receivers.receptions.clear();
    }
    // Stable: a controller that changes twice in a moment keeps the order of its changes.
    published.sort_by_key(|message| (message.received_at, message.device()));
}

fn heard_by(receptions: &[(Timestamp, u8)], gateway: usize) -> u32 {
    receptions.iter().filter(|&&(_, index)| usize::from(index) == gateway).count() as u32
}

fn stat(at: Timestamp, reporter: &Reporter, heard: u32) -> Message {
    let mut reading = Reading::new(DeviceClass::Gateway, reporter.device);
    reading.set_raw(1, i64::from(heard));
    reading.set_raw(2, at.millis());
    Message {
        sampled_at: Timestamp::from_millis(at.millis()),
        received_at: at,
        reading,
        radio: None,
    }
}
