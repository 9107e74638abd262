//! Bills meet the published worked examples and vectors, add up exactly, scale and are shared out
//! without losing a fraction of a cent; price lists say all that is wrong with them.

use fieldmirror_cloud::bill::{
    BUILT_IN, Bill, Client, Grouping, Item, Meter, Money, Prices, Quantities, Scale, Stream, Usage,
    units,
};
use fieldmirror_cloud::error::CloudError;
use proptest::prelude::*;
use serde_json::Value;

fn fixture() -> Value {
    serde_json::from_str(include_str!("fixtures/bills.json")).expect("valid JSON")
}

fn prices() -> Prices {
    Prices::built_in().expect("the built-in list is sound")
}

fn number(value: &Value, key: &str) -> u64 {
    value[key].as_u64().unwrap_or_else(|| panic!("{key} is no number in {value}"))
}

fn item(name: &str) -> Item {
    Item::ALL.into_iter().find(|item| item.name() == name).expect("an item")
}

fn usage(case: &Value) -> Usage {
    let mut total = Quantities::default();
    for (name, units) in case["units"].as_object().expect("units") {
        total.add(item(name), units.as_u64().expect("units"));
    }
    Usage {
        subject: "case".to_owned(),
        devices: number(case, "devices"),
        period_s: number(case, "days") * 86_400,
        total,
        ..Usage::default()
    }
}

#[test]
fn steps_begin_at_one_unit_and_never_round_down() {
    for case in fixture()["steps"].as_array().expect("a list") {
        let found = units(number(case, "bytes"), number(case, "step"));
        assert_eq!(found, number(case, "units"), "{case}");
    }
}

#[test]
fn published_examples_come_out_to_the_cent() {
    for case in fixture()["bills"].as_array().expect("a list") {
        let bill = usage(case).bill(&prices(), Grouping::Item, None);
        assert_eq!(bill.charges.total.exact(), case["total"].as_str().expect("text"), "{case}");
        for (name, amount) in case["amounts"].as_object().expect("amounts") {
            let line = bill.charges.lines.iter().find(|line| line.item == item(name));
            let line = line.unwrap_or_else(|| panic!("no line for {name}"));
            assert_eq!(&Value::from(line.amount.exact()), amount, "{name} of {case}");
        }
        if let Some(tiers) = case["tiers"].as_array() {
            let found: Vec<Value> = bill
                .charges
                .tiers
                .iter()
                .map(|t| {
                    serde_json::json!([
                        t.meter.name(),
                        t.units,
                        t.price.to_string(),
                        t.amount.exact()
                    ])
                })
                .collect();
            assert_eq!(&found, tiers, "{case}");
        }
    }
}

#[test]
fn traffic_is_metered_like_the_published_vector() {
    let case = &fixture()["traffic"];
    let (subscribers, step) = (number(case, "subscribers"), prices().message_step_bytes);
    let mut quantities = Quantities::default();
    quantities.add(Item::Connects, number(case, "connects"));
    for _ in 0..number(case, "publishes") {
        quantities.publish(number(case, "bytes"), step, subscribers, subscribers);
    }
    assert_eq!(quantities.metered(Meter::Messages), number(case, "messages"));
}

/// A fleet like that of the first example: sensors that only publish.
fn sensors(case: &Value) -> Usage {
    let (count, messages) = (number(case, "sensors"), number(case, "messages_each"));
    let stream = Stream {
        messages,
        payload_bytes: messages * number(case, "payload_bytes"),
        topic_bytes: number(case, "topic_bytes"),
        units: messages,
        rules: 1,
        plain: true,
    };
    let minutes = number(case, "minutes_each");
    let client = Client { minutes, streams: vec![stream], ..Client::default() };
    Usage {
        subject: "sensors".to_owned(),
        devices: count,
        period_s: number(case, "days") * 86_400,
        total: Quantities::default()
            .with(Item::Connection, count * minutes)
            .with(Item::Published, count * messages)
            .with(Item::Triggered, count * messages)
            .with(Item::Actions, count * messages),
        clients: vec![client; count as usize],
        ..Usage::default()
    }
}

#[test]
fn other_ways_are_bills_over_the_same_quantities() {
    for case in fixture()["savings"].as_array().expect("a list") {
        let total = |bill: &Bill, name: &str| {
            let saving = bill.savings.iter().find(|s| s.name == name).expect("a way");
            assert_eq!(saving.saves, bill.charges.total - saving.total);
            Value::from(saving.total.exact())
        };
        let mut usage = sensors(case);
        let bill = usage.bill(&prices(), Grouping::Item, None);
        assert_eq!(Value::from(bill.charges.total.exact()), case["total"]);
        assert_eq!(total(&bill, "Basic Ingest"), case["expected"]["Basic Ingest"]);

        // The example leaves out the one CONNECT of a connection that stays open.
        usage.clients.iter_mut().for_each(|client| client.connects = 1);
        usage.total.add(Item::Connects, number(case, "sensors"));
        let bill = usage.bill(&prices(), Grouping::Item, None);
        assert_eq!(bill.charges.total.exact(), "43.93");
        let way = "connecting only to send";
        assert_eq!(total(&bill, way), case["expected"][way]);
        let find = |name: &str| bill.savings.iter().find(|s| s.name == name).expect("a way");
        let sending = find(way);
        // Ten readings of 60 bytes are one unit: a tenth of the messages and of the rules.
        let batched = find("10 messages a publish");
        assert_eq!(batched.saves.exact(), "7.452", "0.9 * (7.20 + 1.08)");
        let both = find("connecting only to send 83 messages");
        assert!(both.saves > sending.saves && both.saves > batched.saves, "{both:?}");
        let free = find("free tier of the first 12 months");
        // 0.18 of minutes, 0.50 of messages, 0.0375 each of rules and of actions.
        assert_eq!(free.saves.exact(), "0.755");
    }
}

#[test]
fn a_way_that_costs_more_is_told_as_such() {
    // A message every ten minutes: a CONNECT costs more than ten minutes of connection.
    let case = &fixture()["savings"][0];
    let mut usage = sensors(case);
    for client in &mut usage.clients {
        client.connects = 1;
        client.streams[0].messages *= 24;
    }
    let bill = usage.bill(&prices(), Grouping::Item, None);
    let way = bill.savings.iter().find(|s| s.name == "connecting only to send").expect("a way");
    assert!(way.saves.is_negative(), "{way:?}");
}

#[test]
fn clients_that_listen_stay_connected() {
    let case = &fixture()["savings"][0];
    let mut usage = sensors(case);
    for client in &mut usage.clients {
        (client.connects, client.listens) = (1, true);
    }
    let bill = usage.bill(&prices(), Grouping::Item, None);
    assert!(bill.savings.iter().all(|saving| !saving.name.contains("only to send")));
}

#[test]
fn scaling_is_linear_and_once_a_device_is_not_once_a_day() {
    let total = Quantities::default()
        .with(Item::Connection, 40 * 1_440)
        .with(Item::Connects, 40)
        .with(Item::Published, 40 * 24);
    let usage = Usage { devices: 40, period_s: 86_400, total, ..Usage::default() };
    let scale = Scale::parse("10000,30").expect("a scale");
    let bill = usage.bill(&prices(), Grouping::Item, Some(scale));
    let units = |item| bill.charges.lines.iter().find(|l| l.item == item).expect("a line").units;
    assert_eq!(units(Item::Connection), 432_000_000);
    assert_eq!(units(Item::Published), 7_200_000);
    assert_eq!(units(Item::Connects), 10_000);
    assert_eq!((bill.devices, bill.period_s), (10_000, 30 * 86_400));
    for wrong in ["", "10", "0,1", "1,0", "a,b", "1,2,3", "1000000001,1", "1,99999"] {
        let error = Scale::parse(wrong).expect_err(wrong);
        assert!(error.contains("expected DEVICES,DAYS"), "{error}");
    }
}

#[test]
fn text_and_json_show_the_same_bill() {
    let case = &fixture()["bills"][0];
    let bill = usage(case).bill(&prices(), Grouping::Service, None);
    let text = bill.to_text();
    for part in ["432,000,000", "34.56", "43.92", "us-east-1", "rules engine", "by service"] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    let json = bill.to_json();
    assert_eq!((&json["schema_version"], &json["total"]), (&1.into(), &"43.92".into()));
    assert_eq!(json["groups"].as_array().expect("groups").len(), 3);
    assert_eq!(json["groups"][2]["amount"], "2.16");
}

#[test]
fn a_price_list_says_everything_that_is_wrong_with_it() {
    let text = BUILT_IN
        .replace("per_million = \"0.08\"", "per_million = 0.08")
        .replace("up_to = 5_000_000_000", "up_to = 1_000")
        .replace("month_days = 30", "month_days = 0\nmonth_dys = 1");
    let CloudError::Prices { problems } = Prices::parse(&text).expect_err("wrong") else {
        panic!("another error");
    };
    let all = problems.join("\n");
    for part in [
        "`connectivity[0].per_million`: found `0.08`; expected a text",
        "`messages[1].up_to`: found `1000`; expected more than the 1000000000",
        "`metering.month_days`: found `0`; expected a whole number above 0",
        "`metering.month_dys`: found `1`; expected no such key",
    ] {
        assert!(all.contains(part), "{part} in\n{all}");
    }
    assert_eq!(problems.len(), 4, "{all}");
    let broken = Prices::parse("format = \n").expect_err("no TOML").to_string();
    assert!(broken.contains("line 1"), "{broken}");
}

#[test]
fn other_prices_give_another_bill() {
    let dear = BUILT_IN.replace("\"0.08\"", "\"0.16\"");
    let prices = Prices::parse(&dear).expect("sound");
    let bill = usage(&fixture()["bills"][0]).bill(&prices, Grouping::Item, None);
    assert_eq!(bill.charges.total.exact(), "78.48");
}

fn bill_of(groups: &[[u64; 12]]) -> Bill {
    let groups: Vec<(String, Quantities)> = groups
        .iter()
        .enumerate()
        .map(|(i, units)| {
            let mut quantities = Quantities::default();
            Item::ALL.iter().zip(units).for_each(|(item, units)| quantities.add(*item, *units));
            (format!("g{i}"), quantities)
        })
        .collect();
    let mut total = Quantities::default();
    groups.iter().for_each(|(_, quantities)| total.merge(quantities));
    let usage = Usage { devices: 1, period_s: 86_400, total, groups, ..Usage::default() };
    usage.bill(&prices(), Grouping::Device, None)
}

proptest! {
    /// Whatever the tiers: lines, tiers and groups all add up to the total, exactly.
    #[test]
    fn parts_add_up_to_the_total(groups in prop::collection::vec(
        prop::array::uniform12(0_u64..300_000_000), 1..6))
    {
        let bill = bill_of(&groups);
        let sum = |parts: Vec<Money>| parts.into_iter().sum::<Money>();
        let total = bill.charges.total;
        prop_assert_eq!(sum(bill.charges.lines.iter().map(|l| l.amount).collect()), total);
        prop_assert_eq!(sum(bill.charges.tiers.iter().map(|t| t.amount).collect()), total);
        prop_assert_eq!(sum(bill.groups.iter().map(|g| g.amount).collect()), total);
    }
}
