//! Frames go on air, and their fate comes back.

use crate::components::{Farm, Node, Receivers};
use crate::resources::{
    Air, Airborne, Deviations, Directory, Links, Outbox, Outgoing, Output, Tick,
};
use crate::rows::{FrameRow, Loss, StepOutput};
use bevy_ecs::system::{Query, Res, ResMut, SystemParam};
use fieldmirror_core::message::Uplink;
use fieldmirror_core::seed::Purpose;
use fieldmirror_core::time::{Span, Timestamp};
use fieldmirror_lorawan::gateway::{Frame, GATEWAYS_MAX, Verdict};
use fieldmirror_lorawan::link::reported_snr_db;
use fieldmirror_lorawan::region::{CHANNELS_HZ, SubBand};

/// Bits that hold a moment of a step in nanoseconds: a step is at most an hour.
const STEP_BITS: u32 = 42;

/// What the power of a frame depends on besides its report.
#[derive(SystemParam)]
pub(crate) struct Propagation<'w> {
    tick: Res<'w, Tick>,
    deviations: Res<'w, Deviations>,
    links: Res<'w, Links>,
}

/// Sends the step's reports and reports the fate of every frame that has ended.
pub(crate) fn transmit(
    propagation: Propagation<'_>,
    directory: Res<'_, Directory>,
    mut outbox: ResMut<'_, Outbox>,
    mut air: ResMut<'_, Air>,
    mut output: ResMut<'_, Output>,
    mut nodes: Query<'_, '_, &mut Node>,
    mut sites: Query<'_, '_, (&Farm, &mut Receivers)>,
) {
    let (air, out, tick) = (&mut *air, &mut output.0, &propagation.tick);
    air.order.clear();
    air.drafts.clear();
    // Frames are made in the order of the outbox, which is that of the nodes in memory; going from
    // farm to farm here costs a cache miss for each frame.
    for report in &mut outbox.0 {
        let Ok(mut node) = nodes.get_mut(report.node) else {
            continue;
        };
        let frame = propagation.frame(report, &node);
        if !claim_airtime(&mut node, &frame) {
            report.is_blocked = true;
            if let Ok((_, receivers)) = sites.get(directory.site(report.site)) {
                out.frames.push(blocked(&frame, report, receivers));
            }
            continue;
        }
        let slot = air.take_slot(report);
        let offset_ns = (report.at - tick.now).nanos() as u64;
        let key = u64::from(report.site.raw()) << STEP_BITS | offset_ns;
        air.order.push((key, report.device, air.drafts.len() as u32));
        air.drafts.push(Frame { tag: u64::from(slot), ..frame });
    }
    air.order.sort_unstable();
    let mut next = 0;
    for (farm, mut receivers) in &mut sites {
        air.frames.clear();
        while let Some(&(key, _, draft)) = air.order.get(next) {
            if key >> STEP_BITS > u64::from(farm.site.raw()) {
                break;
            }
            air.frames.push(air.drafts[draft as usize]);
            next += 1;
        }
        receive(tick, air, &mut receivers, out);
    }
}

/// Books a frame's time on air, if the duty cycle of its sub-band allows it to start.
fn claim_airtime(node: &mut Node, frame: &Frame) -> bool {
    let Some(band) = SubBand::of(CHANNELS_HZ[usize::from(frame.channel)]) else {
        return false;
    };
    let is_allowed = node.duty.allows(band, frame.start_ns);
    if is_allowed {
        node.duty.book(band, frame.start_ns, frame.end_ns - frame.start_ns);
    }
    is_allowed
}

/// Feeds a farm's frames of the step to its radio and publishes the verdicts.
fn receive(tick: &Tick, air: &mut Air, receivers: &mut Receivers, out: &mut StepOutput) {
    if air.frames.is_empty() && receivers.radio.undecided() == 0 {
        return;
    }
    air.verdicts.clear();
    let fed = receivers.radio.window(&air.frames, tick.end().nanos(), &mut air.verdicts);
    debug_assert!(fed.is_ok(), "frames are sorted and start within the step: {fed:?}");
    for verdict in &air.verdicts {
        let slot = verdict.frame.tag as u32;
        air.free.push(slot);
        publish(verdict, &air.slots[slot as usize], receivers, out);
    }
}

impl Air {
    /// A slot in which a report waits for its verdict.
    fn take_slot(&mut self, report: &Outgoing) -> u32 {
        let airborne = Airborne::new(report);
        if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = airborne;
            return slot;
        }
        self.slots.push(airborne);
        self.slots.len() as u32 - 1
    }
}

impl Airborne {
    fn new(report: &Outgoing) -> Self {
        Self { device: report.device, frame_counter: report.frame_counter, payload: report.payload }
    }
}

impl Propagation<'_> {
    /// A report on a random channel, as strong at each gateway as the link and this frame's fading
    /// make it. One block of draws serves a frame: the lower bytes of a word for the fading at each
    /// gateway, the upper byte of the first for the channel.
    fn frame(&self, report: &Outgoing, node: &Node) -> Frame {
        let words = self.tick.draws(report.key, Purpose::Fading).block(report.frame_counter);
        let first = node.first_link as usize;
        let links = &self.links.0[first..first + usize::from(node.gateways)];
        let fading_db = self.deviations.0.fading_db;
        let mut rssi_dbm = [f64::NEG_INFINITY; GATEWAYS_MAX];
        for ((rssi, &link_dbm), word) in rssi_dbm.iter_mut().zip(links).zip(words) {
            *rssi = f64::from(link_dbm) + fading_db * fading(word);
        }
        let start_ns = report.at.nanos();
        Frame {
            tag: 0,
            start_ns,
            end_ns: start_ns + node.airtime_ns,
            channel: (words[0] >> 24) as u8 % CHANNELS_HZ.len() as u8,
            sf: node.sf,
            rssi_dbm,
        }
    }
}

/// A fading with mean 0 and standard deviation 1 from the three lower bytes of a word.
///
/// The sum of three bytes is close to normal and ends at 3 standard deviations, as suits a link with
/// a strong direct path; a normal quantile costs ten times as much.
fn fading(word: u32) -> f64 {
    let [a, b, c, _] = word.to_le_bytes();
    let sum = u32::from(a) + u32::from(b) + u32::from(c);
    // Mean 3 x 127.5, variance 3 (256^2 - 1) / 12 = 128.0^2.
    (f64::from(sum) - 382.5) / 127.998_046_860_083_7
}
/// The row of a report that the duty cycle forbade to send.
fn blocked(frame: &Frame, report: &Outgoing, receivers: &Receivers) -> FrameRow {
    let gateway = strongest(frame, receivers.gateways.len());
    row(frame, &Airborne::new(report), receivers, gateway, 0, Some(Loss::DutyCycle))
}

/// Reports a verdict: a row, and an uplink for each gateway that received the frame.
fn publish(
    verdict: &Verdict,
    airborne: &Airborne,
    receivers: &mut Receivers,
    out: &mut StepOutput,
) {
    let received_at = Timestamp::from_nanos(verdict.frame.end_ns);
    let gateway = match verdict.best() {
        Some(best) => best.gateway,
        None => strongest(&verdict.frame, receivers.gateways.len()),
    };
    let copies = verdict.received_by.count_ones() as u8;
    let lost = verdict.loss.map(Loss::from);
    out.frames.push(row(&verdict.frame, airborne, receivers, gateway, copies, lost));
    let noise_dbm = receivers.radio.spec().noise_floor_dbm;
    for copy in verdict.copies() {
        receivers.receptions.push((received_at, copy.gateway as u8));
        out.heard.push(Uplink {
            device: airborne.device,
            frame_counter: airborne.frame_counter,
            gateway: receivers.gateways[copy.gateway],
            received_at,
            rssi_dbm: copy.rssi_dbm as f32,
            snr_db: reported_snr_db(copy.rssi_dbm, noise_dbm) as f32,
            payload: airborne.payload,
        });
    }
}

/// The gateway at which a frame is strongest; of equal ones the first.
fn strongest(frame: &Frame, gateways: usize) -> usize {
    let mut best = 0;
    for gateway in 1..gateways {
        if frame.rssi_dbm[gateway] > frame.rssi_dbm[best] {
            best = gateway;
        }
    }
    best
}

fn row(
    frame: &Frame,
    airborne: &Airborne,
    receivers: &Receivers,
    gateway: usize,
    copies: u8,
    lost: Option<Loss>,
) -> FrameRow {
    let rssi_dbm = frame.rssi_dbm[gateway];
    let noise_dbm = receivers.radio.spec().noise_floor_dbm;
    FrameRow {
        sent_at: Timestamp::from_nanos(frame.start_ns),
        device: airborne.device,
        frame_counter: airborne.frame_counter,
        frequency_hz: CHANNELS_HZ[usize::from(frame.channel)],
        spreading_factor: frame.sf.number(),
        airtime: Span::from_nanos(frame.end_ns - frame.start_ns),
        gateway: receivers.gateways[gateway],
        copies,
        rssi_dbm: rssi_dbm as f32,
        snr_db: reported_snr_db(rssi_dbm, noise_dbm) as f32,
        lost,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fading_has_mean_zero_and_unit_variance() {
        let draws = fieldmirror_core::seed::Seed::new(3)
            .draws(fieldmirror_core::ids::EntityKey::of("x"), Purpose::Fading);
        let all: Vec<f64> = (0..10_000).flat_map(|i| draws.block(i).map(fading)).collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        let variance = all.iter().map(|z| z * z).sum::<f64>() / all.len() as f64;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03, "{mean} {variance}");
        assert!(all.iter().all(|z| z.abs() < 3.0));
    }
}
