//! A bill for programs.

use super::{Bill, Grouping, Item, Quantities};
use serde_json::{Map, Value, json};

pub(super) fn render(bill: &Bill) -> Value {
    let month_s = bill.prices.month_days * super::SECONDS_A_DAY;
    let mut root = json!({
        "schema_version": 1,
        "subject": bill.subject,
        "devices": bill.devices,
        "period_s": bill.period_s,
        "scaled_to": bill.scale.map(|s| json!({"devices": s.devices, "days": s.days})),
        "prices": {
            "region": bill.prices.region,
            "as_of": bill.prices.as_of,
            "currency": bill.prices.currency,
        },
        "lines": bill.charges.lines.iter().map(|line| json!({
            "service": line.item.service().name(),
            "item": line.item.name(),
            "meter": line.item.meter().name(),
            "units": line.units,
            "per_million": line.price.map(|price| price.to_string()),
            "amount": line.amount.exact(),
        })).collect::<Vec<_>>(),
        "tiers": bill.charges.tiers.iter().map(|tier| json!({
            "meter": tier.meter.name(),
            "units": tier.units,
            "per_million": tier.price.to_string(),
            "amount": tier.amount.exact(),
        })).collect::<Vec<_>>(),
        "total": bill.charges.total.exact(),
        "total_a_month": bill.charges.total.over(month_s, bill.period_s).exact(),
        "savings": bill.savings.iter().map(|saving| json!({
            "name": saving.name,
            "saves": saving.saves.exact(),
            "total": saving.total.exact(),
            "effects": saving.effects,
        })).collect::<Vec<_>>(),
        "notes": bill.notes,
    });
    if bill.grouping != Grouping::Item {
        root["by"] = json!(bill.grouping.name());
        root["groups"] = bill
            .groups
            .iter()
            .map(|group| {
                json!({
                    "name": group.name,
                    "amount": group.amount.exact(),
                    "units": units(&group.quantities),
                })
            })
            .collect();
    }
    root
}

/// The items of which there are any.
fn units(quantities: &Quantities) -> Value {
    let items = Item::ALL.into_iter().filter(|item| quantities.of(*item) > 0);
    let map: Map<String, Value> =
        items.map(|item| (item.name().to_owned(), json!(quantities.of(item)))).collect();
    Value::Object(map)
}
