//! Tickets against truth, after the fact. No other module of this crate uses this one: whatever
//! decides about tickets must not see a type that holds the truth.

use fieldmirror_core::time::{Span, Timestamp};

/// A fault as the world knew it.
#[derive(Clone, Debug, PartialEq)]
pub struct TruthRow {
    /// Its identifier.
    pub fault_id: String,
    /// Its class.
    pub class: String,
    /// The device or equipment.
    pub device: String,
    /// When it began.
    pub onset: Timestamp,
    /// When it ended; `None` if it lasted.
    pub end: Option<Timestamp>,
    /// Until when it must be ticketed to count as found: a day for faults that come at once, the
    /// time of half the largest severity for those that grow.
    pub deadline: Timestamp,
}

/// What matters of a ticket here.
#[derive(Clone, Debug, PartialEq)]
pub struct TicketRow {
    /// The device or equipment.
    pub device: String,
    /// The class of the first cause.
    pub class: String,
    /// When it was raised.
    pub raised_at: Timestamp,
}

/// How the tickets of a run compare with its faults.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evaluation {
    /// How many faults there were.
    pub faults: usize,
    /// How many of them had a ticket on their device in time.
    pub found: usize,
    /// How many of the found ones had the right cause first.
    pub right_cause: usize,
    /// How many tickets there were.
    pub tickets: usize,
    /// Further tickets on a fault that already had one.
    pub duplicates: usize,
    /// Tickets on a fault's device during the fault, but after its deadline.
    pub late: usize,
    /// Tickets that belong to no fault.
    pub false_tickets: usize,
}

/// How long after its end a fault may still explain a ticket: detectors look back over hours.
const AFTERGLOW: Span = Span::from_days(1);

impl Evaluation {
    /// Compares. Each ticket counts once; of several on one fault the earliest is the finding.
    pub fn of(tickets: &[TicketRow], truth: &[TruthRow]) -> Self {
        let mut order: Vec<&TicketRow> = tickets.iter().collect();
        order.sort_by(|a, b| a.raised_at.cmp(&b.raised_at).then_with(|| a.device.cmp(&b.device)));
        let mut served = vec![false; truth.len()];
        let mut sum = Self { faults: truth.len(), tickets: tickets.len(), ..Self::default() };
        for ticket in order {
            let matching = |fault: &TruthRow| {
                fault.device == ticket.device
                    && ticket.raised_at >= fault.onset
                    && fault.end.is_none_or(|end| ticket.raised_at <= end + AFTERGLOW)
            };
            let Some(i) = truth.iter().position(matching) else {
                sum.false_tickets += 1;
                continue;
            };
            if served[i] {
                sum.duplicates += 1;
                continue;
            }
            served[i] = true;
            if ticket.raised_at > truth[i].deadline {
                sum.late += 1;
                continue;
            }
            sum.found += 1;
            sum.right_cause += usize::from(ticket.class == truth[i].class);
        }
        sum
    }

    /// Share of faults found in time; 1 without faults.
    pub fn recall(&self) -> f64 {
        share(self.found, self.faults)
    }

    /// Share of tickets that are the first one of a fault; 1 without tickets.
    pub fn precision(&self) -> f64 {
        share(self.found + self.late, self.tickets)
    }
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(d: i64) -> Timestamp {
        Timestamp::from_nanos(0) + Span::from_days(d)
    }

    fn fault(device: &str, onset: i64, end: i64, deadline: i64) -> TruthRow {
        TruthRow {
            fault_id: device.to_owned(),
            class: "c".to_owned(),
            device: device.to_owned(),
            onset: day(onset),
            end: Some(day(end)),
            deadline: day(deadline),
        }
    }

    fn ticket(device: &str, class: &str, raised: i64) -> TicketRow {
        TicketRow { device: device.to_owned(), class: class.to_owned(), raised_at: day(raised) }
    }

    #[test]
    fn tickets_are_found_late_duplicate_or_false() {
        let truth = [fault("a", 1, 9, 2), fault("b", 1, 9, 2), fault("c", 1, 9, 2)];
        let tickets = [
            ticket("a", "c", 1),
            ticket("a", "c", 5),
            ticket("b", "other", 2),
            ticket("c", "c", 4),
            ticket("c", "c", 20),
            ticket("d", "c", 3),
        ];
        let found = Evaluation::of(&tickets, &truth);
        assert_eq!((found.found, found.right_cause), (2, 1));
        assert_eq!((found.duplicates, found.late, found.false_tickets), (1, 1, 2));
        assert!((found.recall() - 2.0 / 3.0).abs() < 1e-12);
        assert!((found.precision() - 0.5).abs() < 1e-12);
    }

    #[test]
    fn a_ticket_before_the_onset_is_false() {
        let found = Evaluation::of(&[ticket("a", "c", 0)], &[fault("a", 1, 9, 2)]);
        assert_eq!((found.found, found.false_tickets), (0, 1));
    }
}
