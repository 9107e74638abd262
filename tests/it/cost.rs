//! The bill of a recorded run is what its tables say, counted here a second time and another way;
//! groups add up to it, scaling is linear, and bad price lists are refused with all that is wrong.

use fieldmirror_engine::cost::{Bill, CostOptions, cost};
use fieldmirror_tests::{Rows, Run, load, run};
use serde_json::Value;
use std::collections::BTreeMap;

/// Two days of first-farm that are dry enough for commands, an operator's plan among them, and a
/// rule that passes on what the pumps report.
const WATERED: &[(&str, &str)] = &[
    ("span", "2d"),
    ("learn.clean", "1d"),
    ("soil.initial", "0.14"),
    ("faults", "[]"),
    (
        "confounders",
        r#"[{ kind = "irrigation_plan", id = "p", onset = "1d", lasts = "1d", zones = [1, 2], at = "2h", duration = "600s" }]"#,
    ),
];

fn bill(run: &Run, options: &CostOptions) -> Value {
    let bill: Bill = cost(run.path(), options).unwrap_or_else(|e| panic!("{e}"));
    bill.to_json()
}

fn by(name: &str) -> CostOptions {
    let by = fieldmirror_engine::cost::Grouping::parse(name).expect("a grouping");
    CostOptions { by, ..CostOptions::default() }
}

fn units(bill: &Value) -> BTreeMap<String, u64> {
    let lines = bill["lines"].as_array().expect("lines").iter();
    let item = |line: &Value| line["item"].as_str().expect("an item").to_owned();
    lines.map(|line| (item(line), line["units"].as_u64().expect("units"))).collect()
}

/// What the tables say, straight from section 10: sizes in 5 KB and 1 KB steps, each begun one
/// counts.
fn counted(run: &Run) -> BTreeMap<String, u64> {
    let steps = |bytes: usize, step: usize| bytes.max(1).div_ceil(step) as u64;
    let mut units: BTreeMap<String, u64> = BTreeMap::new();
    let mut add = |item: &str, n: u64| *units.entry(item.to_owned()).or_default() += n;

    let messages = Rows::read(run.path(), "messages", &["topic", "principal", "payload", "source"]);
    let mut apps = std::collections::BTreeSet::new();
    for i in 0..messages.len() {
        let topic = messages.text("topic", i);
        let size = steps(topic.len() + messages.text("payload", i).len(), 5120);
        if messages.text("source", i) != "shadow" {
            add("published", size);
        }
        // Both rules of the scenario hear the probes and nothing else.
        if topic.starts_with("farmA/sensor/") {
            add("rules_triggered", 2 * size);
        }
        // Each pump controller listens to its own commands, with quality 1.
        if topic.ends_with("/cmd") {
            add("delivered", size);
            add("acknowledged", 1);
        }
        if messages.text("source", i) == "app" {
            apps.insert(messages.text("principal", i).to_owned());
        }
    }
    let actions = Rows::read(run.path(), "actions", &["body"]);
    for i in 0..actions.len() {
        add("actions", steps(actions.text("body", i).len(), 5120));
    }
    // No shadow of this farm comes near a kilobyte: one unit an update.
    add("shadow_operations", run.rows("shadows"));
    let clients = run.summary.devices + apps.len() as u64;
    assert_eq!(apps.len(), 1, "the plan publishes");
    add("connection_minutes", clients * 2 * 24 * 60);
    add("connects", clients);
    add("subscriptions", 4);
    units
}

#[test]
fn a_bill_is_what_the_tables_say() {
    let run = run(&load("first-farm", WATERED), 2);
    let plain = bill(&run, &CostOptions::default());
    let expected = counted(&run);
    assert_eq!(units(&plain), expected);
    assert!(expected["delivered"] > 4 && run.summary.commands > 0, "pumps are commanded");

    // The same in exact micro-dollars, by hand.
    let of = |items: &[&str]| items.iter().map(|item| expected[*item]).sum::<u64>();
    let micros = of(&["connection_minutes"]) * 8 * 1_000_000 / 100
        + of(&["connects", "subscriptions", "published", "delivered", "acknowledged"]) * 1_000_000
        + of(&["rules_triggered", "actions"]) * 150_000
        + of(&["shadow_operations"]) * 1_250_000;
    let total: u128 = u128::from(micros);
    let text = format!("{}.{:012}", total / 1_000_000_000_000, total % 1_000_000_000_000);
    let kept = text.trim_end_matches('0');
    assert_eq!(plain["total"], kept, "{text}");

    groups_add_up(&run, &plain);
    scaling_is_linear(&run, &expected);
    what_would_change(&plain, &expected);
}

/// Millionths of a millionth.
fn amount(text: &Value) -> i128 {
    let text = text.as_str().expect("an amount");
    let (whole, fraction) = text.split_once('.').expect("a decimal");
    format!("{whole}{fraction:0<12}").parse().expect("digits")
}

fn groups_add_up(run: &Run, plain: &Value) {
    for name in ["rule", "device", "service"] {
        let grouped = bill(run, &by(name));
        assert_eq!(grouped["total"], plain["total"]);
        let groups = grouped["groups"].as_array().expect("groups");
        let sum: i128 = groups.iter().map(|group| amount(&group["amount"])).sum();
        assert_eq!(sum, amount(&plain["total"]), "{name}");
        let mut added: BTreeMap<String, u64> = BTreeMap::new();
        for group in groups {
            for (item, n) in group["units"].as_object().expect("units") {
                *added.entry(item.clone()).or_default() += n.as_u64().expect("units");
            }
        }
        assert_eq!(added, units(plain), "{name}");
    }
    // A rule's group has its evaluations and its actions, as the tables have them.
    let rules = bill(run, &by("rule"));
    let group =
        rules["groups"].as_array().expect("groups").iter().find(|g| g["name"] == "irrigate");
    let group = group.expect("the rule");
    let actions = Rows::read(run.path(), "actions", &["rule"]);
    let fired = (0..actions.len()).filter(|&i| actions.text("rule", i) == "irrigate").count();
    assert_eq!(group["units"]["actions"], fired as u64);
    // A device's actions are those of its own messages.
    let devices = bill(run, &by("device"));
    let groups = devices["groups"].as_array().expect("groups");
    let matches = Rows::read(run.path(), "rule_matches", &["principal"]);
    let probe = "farmA-203";
    let own = (0..matches.len()).filter(|&i| matches.text("principal", i) == probe).count();
    let group = groups.iter().find(|g| g["name"] == probe).expect("the probe");
    assert_eq!(group["units"]["actions"], own as u64);
    let pump = groups.iter().find(|g| g["name"] == "farmA-pump-1").expect("the pump");
    assert!(pump["units"]["delivered"].as_u64().expect("deliveries") > 0);
}

fn scaling_is_linear(run: &Run, expected: &BTreeMap<String, u64>) {
    let scale_to = fieldmirror_engine::cost::Scale::parse("470,20").expect("a scale");
    let options = CostOptions { scale_to: Some(scale_to), ..CostOptions::default() };
    let devices = u128::from(run.summary.devices);
    for (item, n) in units(&bill(run, &options)) {
        let once = matches!(item.as_str(), "connects" | "subscriptions");
        let times = if once { 470 } else { 4_700 };
        let exact = u128::from(expected[&item]) * times;
        assert_eq!(u128::from(n), (exact + devices / 2) / devices, "{item}");
    }
}

fn what_would_change(plain: &Value, expected: &BTreeMap<String, u64>) {
    let savings = plain["savings"].as_array().expect("savings");
    let find = |name: &str| savings.iter().find(|s| s["name"] == name).expect("a way");
    // Basic Ingest takes what both rules hear: half of what they evaluate.
    let saved = amount(&find("Basic Ingest")["saves"]);
    assert_eq!(saved, i128::from(expected["rules_triggered"] / 2) * 1_000_000);
    // Every ten minutes a CONNECT costs more than ten minutes of connection.
    let sending = find("connecting only to send");
    assert!(sending["saves"].as_str().expect("text").starts_with('-'), "{sending}");
    for saving in savings {
        assert_eq!(
            amount(&plain["total"]) - amount(&saving["total"]),
            signed(&saving["saves"]),
            "{saving}"
        );
    }
}

fn signed(text: &Value) -> i128 {
    match text.as_str().expect("text").strip_prefix('-') {
        Some(rest) => -amount(&rest.into()),
        None => amount(text),
    }
}

#[test]
fn prices_are_read_from_a_file_and_refused_in_full() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("dear.toml");
    let options = CostOptions { prices: Some(path.clone()), ..CostOptions::default() };
    let missing = cost(folder.path(), &options).expect_err("no such file");
    assert!(missing.is_bad_input() && missing.to_string().contains("dear.toml"), "{missing}");
    std::fs::write(&path, "format = 1\nregion = \"x\"\n").expect("written");
    let wrong = cost(folder.path(), &options).expect_err("half a list");
    let text = wrong.to_string();
    assert!(wrong.is_bad_input() && text.contains("`connectivity`: found nothing"), "{text}");
    assert!(text.contains("dear.toml") && text.contains("`operations`"), "{text}");
    let no_run = cost(folder.path(), &CostOptions::default()).expect_err("no run");
    assert!(no_run.is_bad_input() && no_run.to_string().contains("not a run"), "{no_run}");
}
