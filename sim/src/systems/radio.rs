//! Frames go on air, and their fate comes back.

use crate::components::{Farm, Node, Receivers};
use crate::resources::{Air, Airborne, Deviations, Links, Outbox, Outgoing, Output, Tick};
use crate::rows::{FrameRow, Loss, StepOutput};
use bevy_ecs::system::{Query, Res, ResMut, SystemParam};
use fieldmirror_core::message::Uplink;
use fieldmirror_core::seed::{Purpose, normal_of_word};
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

/// Sends the step's reports, site by site in order of time, and reports the fate of every frame
/// that has ended.
pub(crate) fn transmit(
    propagation: Propagation<'_>,
    mut outbox: ResMut<'_, Outbox>,
    mut air: ResMut<'_, Air>,
    mut output: ResMut<'_, Output>,
    mut nodes: Query<'_, '_, &mut Node>,
    mut sites: Query<'_, '_, (&Farm, &mut Receivers)>,
) {
    let (air, out, tick) = (&mut *air, &mut output.0, &propagation.tick);
    sort_by_site_and_time(tick, &outbox.0, air);
    let mut next = 0;
    for (farm, mut receivers) in &mut sites {
        let receivers = &mut *receivers;
        air.frames.clear();
        while let Some(&(key, _, index)) = air.order.get(next) {
            if key >> STEP_BITS > u64::from(farm.site.raw()) {
                break;
            }
            next += 1;
            let report = &mut outbox.0[index as usize];
            let Ok(mut node) = nodes.get_mut(report.node) else {
                continue;
            };
            let frame = propagation.frame(report, &node, receivers);
            let band = SubBand::of(CHANNELS_HZ[usize::from(frame.channel)]);
            if band.is_some_and(|band| !node.duty.allows(band, frame.start_ns)) {
                report.is_blocked = true;
                out.frames.push(blocked(&frame, report, receivers));
                continue;
            }
            if let Some(band) = band {
                node.duty.book(band, frame.start_ns, frame.end_ns - frame.start_ns);
            }
            let slot = air.take_slot(report);
            air.frames.push(Frame { tag: u64::from(slot), ..frame });
        }
        if air.frames.is_empty() && receivers.radio.undecided() == 0 {
            continue;
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
}

fn sort_by_site_and_time(tick: &Tick, reports: &[Outgoing], air: &mut Air) {
    air.order.clear();
    air.order.extend(reports.iter().enumerate().map(|(index, report)| {
        let offset_ns = (report.at - tick.now).nanos() as u64;
        let key = u64::from(report.site.raw()) << STEP_BITS | offset_ns;
        (key, report.device, index as u32)
    }));
    air.order.sort_unstable();
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
    /// A report on a random channel.
    fn frame(&self, report: &Outgoing, node: &Node, receivers: &Receivers) -> Frame {
        let channel = self
            .tick
            .draws(report.key, Purpose::Channel)
            .below(report.frame_counter, CHANNELS_HZ.len() as u32);
        let start_ns = report.at.nanos();
        Frame {
            tag: 0,
            start_ns,
            end_ns: start_ns + node.airtime_ns,
            channel: channel as u8,
            sf: node.sf,
            rssi_dbm: self.powers_dbm(report, node, receivers.gateways.len()),
        }
    }

    /// Power at each gateway: the link's own, and this frame's fading.
    fn powers_dbm(&self, report: &Outgoing, node: &Node, gateways: usize) -> [f64; GATEWAYS_MAX] {
        let first = node.first_link as usize;
        let links = &self.links.0[first..first + gateways];
        let fading_db = self.deviations.0.fading_db;
        let words = self.tick.draws(report.key, Purpose::Fading).block(report.frame_counter);
        let mut rssi_dbm = [f64::NEG_INFINITY; GATEWAYS_MAX];
        for ((rssi, &link_dbm), word) in rssi_dbm.iter_mut().zip(links).zip(words) {
            *rssi = f64::from(link_dbm) + fading_db * normal_of_word(word);
        }
        rssi_dbm
    }
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
