//! A bill for people: aligned text.

use super::{Bill, Grouping, Money, Saving, Service};
use std::fmt::Write as _;

/// Groups that text shows; JSON has all.
const GROUPS_SHOWN: usize = 20;

/// Writing to a String cannot fail, so results of `writeln!` are dropped.
pub(super) fn render(bill: &Bill) -> String {
    let mut out = String::new();
    let currency = &bill.prices.currency;
    let decimals = decimals(bill.charges.total);
    let _ = writeln!(
        out,
        "{}: {} devices, {}; {} of {}, in {currency}",
        bill.subject,
        grouped(bill.devices),
        duration(bill.period_s),
        bill.prices.region,
        bill.prices.as_of
    );
    let _ = writeln!(out, "\n{:<24}{:>18}{:>14}{:>16}", "", "units", "a million", "amount");
    let mut service: Option<Service> = None;
    for line in &bill.charges.lines {
        if service.replace(line.item.service()) != Some(line.item.service()) {
            let _ = writeln!(out, "{}", line.item.service().name());
        }
        let price = line.price.map_or_else(|| "in tiers".to_owned(), |price| price.to_string());
        let _ = writeln!(
            out,
            "  {:<22}{:>18}{price:>14}{:>16}",
            line.item.label(),
            grouped(line.units),
            line.amount.rounded(decimals)
        );
    }
    let _ = writeln!(out, "{:<56}{:>16}", "total", bill.charges.total.rounded(decimals));
    per_month(bill, &mut out);
    tiers(bill, decimals, &mut out);
    groups(bill, decimals, &mut out);
    savings(bill, decimals, &mut out);
    if !bill.notes.is_empty() {
        let _ = writeln!(out, "\nhow it was counted");
        bill.notes.iter().for_each(|note| paragraph("  - ", "    ", note, &mut out));
    }
    out
}

fn per_month(bill: &Bill, out: &mut String) {
    let month_s = bill.prices.month_days * super::SECONDS_A_DAY;
    let month = bill.charges.total.over(month_s, bill.period_s);
    let device = month.per(bill.devices);
    let _ = writeln!(
        out,
        "a month of {} days: {}; a device and month: {}",
        bill.prices.month_days,
        month.rounded(decimals(month)),
        device.rounded(decimals(device))
    );
}

/// Tiers, where a meter reached more than one.
fn tiers(bill: &Bill, decimals: u32, out: &mut String) {
    let tiers = &bill.charges.tiers;
    let several = |meter| tiers.iter().filter(|tier| tier.meter == meter).count() > 1;
    if !tiers.iter().any(|tier| several(tier.meter)) {
        return;
    }
    let _ = writeln!(out, "\ntiers");
    for tier in tiers.iter().filter(|tier| several(tier.meter)) {
        let _ = writeln!(
            out,
            "  {:<22}{:>18}{:>14}{:>16}",
            tier.meter.name(),
            grouped(tier.units),
            tier.price.to_string(),
            tier.amount.rounded(decimals)
        );
    }
}

fn groups(bill: &Bill, decimals: u32, out: &mut String) {
    if bill.grouping == Grouping::Item {
        return;
    }
    let _ = writeln!(out, "\nby {}", bill.grouping.name());
    let mut order: Vec<usize> = (0..bill.groups.len()).collect();
    if bill.grouping == Grouping::Device {
        // The dearest first; equal ones in their order.
        order.sort_by_key(|&i| (std::cmp::Reverse(bill.groups[i].amount), i));
    }
    for &i in order.iter().take(GROUPS_SHOWN) {
        let group = &bill.groups[i];
        let _ = writeln!(out, "  {:<54}{:>16}", group.name, group.amount.rounded(decimals));
    }
    let rest = order.get(GROUPS_SHOWN..).unwrap_or_default();
    if !rest.is_empty() {
        let amount: Money = rest.iter().map(|&i| bill.groups[i].amount).sum();
        let name = format!("{} more (all of them in JSON)", rest.len());
        let _ = writeln!(out, "  {name:<54}{:>16}", amount.rounded(decimals));
    }
}

fn savings(bill: &Bill, decimals: u32, out: &mut String) {
    if bill.savings.is_empty() {
        return;
    }
    let _ = writeln!(out, "\nwhat would change it{:>36}{:>16}", "total", "saves");
    for Saving { name, saves, total, effects } in &bill.savings {
        let _ = writeln!(
            out,
            "  {name:<38}{:>16}{:>16}",
            total.rounded(decimals),
            saves.rounded(decimals)
        );
        effects.iter().for_each(|effect| paragraph("    - ", "      ", effect, out));
    }
}

/// Text in lines of at most 96 characters.
fn paragraph(first: &str, next: &str, text: &str, out: &mut String) {
    let mut line = first.to_owned();
    let mut begun = false;
    for word in text.split_whitespace() {
        if begun && line.chars().count() + 1 + word.chars().count() > 96 {
            let _ = writeln!(out, "{line}");
            next.clone_into(&mut line);
            begun = false;
        }
        if begun {
            line.push(' ');
        }
        line.push_str(word);
        begun = true;
    }
    let _ = writeln!(out, "{line}");
}

/// Decimals that show an amount: cents, and more where cents would show nothing much.
fn decimals(amount: Money) -> u32 {
    // Prices of a million, so of one: ten, and a hundredth.
    let (ten, cent) = (super::Price::parse("10000000"), super::Price::parse("10000"));
    let at_least = |price: Option<super::Price>| price.is_some_and(|p| amount >= p.times(1));
    match (at_least(ten), at_least(cent)) {
        (true, _) => 2,
        (false, true) => 4,
        (false, false) => 6,
    }
}

/// Digits in groups of three.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A time in its two largest units, such as `1 d 2 h` or `60 days`.
pub(super) fn duration(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes, seconds % 60) {
        (1, 0, _, _) => "1 day".to_owned(),
        (days, 0, _, _) if days > 0 => format!("{days} days"),
        (days, hours, _, _) if days > 0 => format!("{days} d {hours} h"),
        (_, hours, 0, _) if hours > 0 => format!("{hours} h"),
        (_, hours, minutes, _) if hours > 0 => format!("{hours} h {minutes} min"),
        (_, _, minutes, 0) if minutes > 0 => format!("{minutes} min"),
        (_, _, minutes, seconds) if minutes > 0 => format!("{minutes} min {seconds} s"),
        (_, _, _, seconds) => format!("{seconds} s"),
    }
}
