//! Silent devices: one ticket for the gateway that explains them.

use super::{Desk, Event, overlap, ranked, runs};
use crate::fault::FaultClass;
use crate::finding::{Cell, Finding, Pattern};
use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::reading::DeviceClass;
use fieldmirror_core::time::Span;

/// Most silent probes that a gateway's ticket cites beside the gateway itself.
const PROBES_CITED: usize = 3;

/// Fewest devices behind one gateway whose common silence speaks against it though it reports.
const BEHIND_MIN: usize = 3;

/// How far apart silences of one outage may begin and end: reports are minutes apart, findings
/// hours.
const SLACK: Span = Span::from_hours(2);

pub(super) fn events<'a>(order: &[&'a Finding], desk: &Desk<'_>) -> Vec<Event<'a>> {
    let silent: Vec<&Finding> = order
        .iter()
        .copied()
        .filter(|finding| matches!(finding.pattern, Pattern::Silence { .. }))
        .collect();
    let (gateways, others): (Vec<&Finding>, Vec<&Finding>) =
        silent.into_iter().partition(|finding| finding.class == DeviceClass::Gateway);
    let mut events: Vec<Event<'a>> = runs(&gateways, Span::from_days(1))
        .into_iter()
        .map(|run| outage(run[0].device, run, desk))
        .collect();
    let mut rest: Vec<Vec<&Finding>> = Vec::new();
    for finding in others {
        let behind = gateway_of(finding);
        let outage = events.iter_mut().find(|event| {
            Some(event.device) == behind
                && event.members.iter().any(|member| overlap(member, finding, SLACK))
        });
        if let Some(event) = outage {
            event.members.push(finding);
            continue;
        }
        let group = rest.iter_mut().find(|group| {
            behind.is_some()
                && gateway_of(group[0]) == behind
                && group.iter().any(|member| overlap(member, finding, SLACK))
        });
        match group {
            Some(group) => group.push(finding),
            None => rest.push(vec![finding]),
        }
    }
    for group in rest {
        match gateway_of(group[0]) {
            Some(gateway) if together(&group) => events.push(outage(gateway, group, desk)),
            _ => events.extend(group.into_iter().map(|finding| lonely(finding, desk))),
        }
    }
    for event in &mut events {
        cite(event);
    }
    events
}

/// Whether a group's silence speaks against its gateway although that one reports: as many, and
/// as one.
fn together(group: &[&Finding]) -> bool {
    let same = |a: &&Finding| (a.onset - group[0].onset).seconds().abs() <= SLACK.seconds();
    group.len() >= BEHIND_MIN && group.iter().all(same)
}

fn gateway_of(finding: &Finding) -> Option<DeviceIx> {
    match finding.pattern {
        Pattern::Silence { gateway, .. } => gateway,
        _ => None,
    }
}

fn outage<'a>(gateway: DeviceIx, members: Vec<&'a Finding>, desk: &Desk<'_>) -> Event<'a> {
    // A gateway that misses its own reports is out; one that reports while all behind it are
    // silent may also be a jammed channel.
    let distance = if members[0].device == gateway { 0.0 } else { 0.4 };
    Event {
        site: desk.topology.places[gateway.index()].site,
        device: gateway,
        distances: ranked([(FaultClass::GatewayOutage, distance)].into_iter()),
        members,
        severity: 1.0,
        cited: Vec::new(),
    }
}

fn lonely<'a>(finding: &'a Finding, desk: &Desk<'_>) -> Event<'a> {
    Event {
        site: desk.topology.places[finding.device.index()].site,
        device: finding.device,
        distances: ranked([(FaultClass::DeviceSilent, 0.2)].into_iter()),
        members: vec![finding],
        severity: 1.0,
        cited: Vec::new(),
    }
}

fn cite(event: &mut Event<'_>) {
    let cells = |finding: &&&Finding| finding.evidence.first().copied();
    let own = event.members.iter().filter(|finding| finding.device == event.device);
    let mut cited: Vec<Cell> = own.take(1).filter_map(|finding| cells(&finding)).collect();
    let behind = event.members.iter().filter(|finding| finding.device != event.device);
    cited.extend(behind.take(PROBES_CITED).filter_map(|finding| cells(&finding)));
    event.cited = cited;
}
