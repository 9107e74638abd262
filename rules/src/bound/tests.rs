//! The typed path against the general one: the same messages match, the same bytes come out.

use super::BoundRule;
use crate::context::Context;
use crate::rule::{Rule, SqlVersion};
use crate::value::Value;
use fieldmirror_core::ids::{DeviceIx, EntityKey, Names};
use fieldmirror_core::message::Message;
use fieldmirror_core::reading::{DeviceClass, FieldKind, Reading};
use fieldmirror_core::seed::{Purpose, Seed};
use fieldmirror_core::time::Timestamp;

const EACH: u32 = 400;

/// Readings of all classes, mixed: around thresholds, negative, zero, whole and extreme.
fn messages(names: &mut Names) -> Vec<Message> {
    let draws = Seed::new(7).draws(EntityKey::of("bound"), Purpose::SensorNoise);
    let mut messages = Vec::new();
    for counter in 0..EACH * 4 {
        let class = DeviceClass::ALL[(counter % 4) as usize];
        let device = names.push(&format!("farmA-{counter}"));
        messages.push(Message {
            sampled_at: Timestamp::from_millis(counter.into()),
            received_at: Timestamp::from_millis(i64::from(counter) + 60),
            reading: reading(class, device, |position| {
                draws.uniform(counter * 16 + position as u32)
            }),
            radio: None,
        });
    }
    messages
}

fn reading(class: DeviceClass, device: DeviceIx, draw: impl Fn(usize) -> f64) -> Reading {
    let mut reading = Reading::new(class, device);
    for (position, field) in class.schema().fields.iter().enumerate().skip(1) {
        let choice = draw(position);
        let raw = match field.kind {
            FieldKind::Word(words) => (choice * words.len() as f64) as i64,
            FieldKind::Decimal { .. } if choice < 0.01 => i64::MAX,
            FieldKind::Decimal { .. } if choice < 0.02 => i64::MIN,
            FieldKind::Decimal { .. } if choice < 0.10 => 0,
            // 350 with one digit after the point is 35 exactly.
            FieldKind::Decimal { scale } if choice < 0.30 => 35 * 10_i64.pow(scale.into()),
            FieldKind::Decimal { scale } if choice < 0.35 => 35 * 10_i64.pow(scale.into()) - 1,
            FieldKind::Decimal { scale } if choice < 0.40 => 35 * 10_i64.pow(scale.into()) + 1,
            FieldKind::Decimal { .. } => ((choice - 0.6) * 2_000.0) as i64,
            FieldKind::Device => continue,
        };
        reading.set_raw(position, raw);
    }
    reading
}

fn context() -> Context<'static> {
    let now = Timestamp::from_millis(0);
    Context::new("a/b", now)
}

fn bind(sql: &str, version: SqlVersion, class: DeviceClass) -> Option<BoundRule> {
    let rule =
        Rule::compile(sql, version).unwrap_or_else(|errors| panic!("{}", errors[0].render(sql)));
    rule.bind(class.schema())
}

/// Holds the bound rule to the general one over every message; how many matched.
fn check(sql: &str, class: DeviceClass) -> usize {
    let version = SqlVersion::V2016_03_23;
    let rule =
        Rule::compile(sql, version).unwrap_or_else(|errors| panic!("{}", errors[0].render(sql)));
    let bound = bind(sql, version, class).unwrap_or_else(|| panic!("{sql} is not bound"));
    let mut names = Names::default();
    let messages = messages(&mut names);
    let mut matching = vec![u32::MAX];
    bound.matching(&messages, &mut matching);
    let mut matching = matching.into_iter();
    assert_eq!(matching.next(), Some(u32::MAX), "what was there stays");
    let matching: Vec<u32> = matching.collect();
    let mut expected = Vec::new();
    for (index, message) in (0_u32..).zip(&messages) {
        if message.reading.class() != class {
            continue;
        }
        let mut json = Vec::new();
        message.reading.render(&names, &mut json);
        let payload = Value::from_json(&json).expect("a payload is JSON");
        let output = rule.evaluate(&payload, &context()).expect("nothing external");
        assert_eq!(bound.matches(message), output.is_some(), "{sql} on {payload:?}");
        if let Some(output) = output {
            expected.push(index);
            let mut rendered = Vec::new();
            bound.render(message, &names, &mut rendered);
            let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
            assert_eq!(text(rendered), text(output.to_json()), "{sql}");
        }
    }
    assert_eq!(matching, expected, "{sql}");
    matching.len()
}

#[test]
fn where_matches_the_same_messages_on_both_paths() {
    let some = |condition: &str| {
        let sql = format!("SELECT * FROM 'farmA/sensor/+/data' WHERE {condition}");
        let count = check(&sql, DeviceClass::SoilProbe);
        assert!(0 < count && count < EACH as usize, "{condition} matched {count}");
        count
    };
    let below = some("humidity < 35");
    let at_most = some("humidity <= 35");
    let equal = some("humidity = 35");
    assert_eq!(below + equal, at_most);
    assert_eq!(some("35 > humidity"), below);
    assert_eq!(some("NOT humidity >= 35"), below);
    assert_eq!(some("humidity < 35.0"), below);
    assert_eq!(some("humidity < '35'"), below);
    some("humidity <> 35");
    some("humidity < 34.95");
    some("humidity <= 34.95");
    some("humidity > -20.05 AND humidity < 34.999999");
    some("humidity < 35 AND temperature > 35 AND battery_v > 0.2");
    some("humidity < 35 OR temperature > 35");
    some("NOT (humidity < 35 OR temperature = 35) AND battery_v <> 35");
    some("temperature * 1.8 + 32 > 90");
    some("temperature + humidity > 70");
    some("temperature < humidity");
    some("-humidity < battery_v");
    some("humidity - temperature * 2 <= 0.1 + 0.2");
    some("humidity < 35 AND (isNull(missing) OR humidity > 0) OR temperature > 35");
}

#[test]
fn what_is_true_or_undefined_for_every_message_needs_no_look_at_it() {
    let all = EACH as usize;
    for (condition, expected) in [
        ("true", all),
        ("1 < 2 AND 'x' = 'x'", all),
        ("humidity <> '35'", all),
        ("humidity <> null", all),
        ("isUndefined(missing)", all),
        ("humidity < 1E40", all),
        ("humidity = 35.01 OR true", all),
        ("false", 0),
        ("humidity", 0),
        ("missing < 35", 0),
        ("humidity.x < 35", 0),
        ("humidity < 'abc'", 0),
        ("humidity = '35'", 0),
        ("humidity = null", 0),
        ("humidity = 35.01", 0),
        ("humidity > 1E40", 0),
        ("humidity < 35 OR missing = 1", 0),
        ("humidity < 35 AND missing = 1 OR temperature > 0", 0),
        ("NOT (missing = 1)", 0),
        ("humidity * null < 1", 0),
    ] {
        let sql = format!("SELECT * FROM 'a/#' WHERE {condition}");
        assert_eq!(check(&sql, DeviceClass::SoilProbe), expected, "{condition}");
    }
}

#[test]
fn words_compare_as_texts() {
    let count = |condition: &str| {
        let sql = format!("SELECT * FROM 'a/#' WHERE {condition}");
        check(&sql, DeviceClass::PumpController)
    };
    let on = count("state = 'ON'");
    let off = count("state <> 'ON'");
    assert!(on > 0 && off > 0);
    assert_eq!(on + off, EACH as usize);
    assert_eq!(count("lower(state) = 'on'"), on);
    assert_eq!(count("NOT state = 'OFF'"), on);
    assert_eq!(count("state = 'BROKEN'"), 0);
    assert_eq!(count("state > 1"), 0);
    assert!(count("state = 'ON' AND power_kw > 0.1") < on);
    assert_eq!(count("CASE state WHEN 'ON' THEN true ELSE false END"), on);
}

#[test]
fn select_prints_the_same_bytes_on_both_paths() {
    for select in [
        "*",
        "temperature, humidity, timestamp",
        "timestamp, temperature AS t, device AS from",
        "*, 'low' AS alarm",
        "*, 35 AS humidity",
        "*, missing AS humidity, temperature AS z",
        "missing",
        "VALUE humidity",
        "VALUE missing",
        "VALUE {'t': temperature, 'list': [humidity, missing, 1]}",
        "temperature * 1.8 + 32 AS fahrenheit",
        "humidity / 3 AS third, humidity % 7 AS rest",
        "upper(device) AS name, round(temperature) AS t",
        "CASE humidity WHEN 35 THEN 'edge' ELSE 'other' END AS where_it_is",
        "temperature AS \u{e4}, 0.50 AS half, null AS nothing",
        "(SELECT humidity FROM missing) AS nested, encode(*, 'base64') AS raw",
    ] {
        check(&format!("SELECT {select} FROM 'a/#'"), DeviceClass::SoilProbe);
    }
    for class in DeviceClass::ALL {
        assert_eq!(check("SELECT device, timestamp FROM 'a/#'", class), EACH as usize);
        check("SELECT *, timestamp AS at FROM 'a/#'", class);
    }
}

#[test]
fn only_a_plain_star_is_the_whole_payload() {
    for (select, expected) in [("*", true), ("*, 1 AS x", false), ("VALUE *", false)] {
        let sql = format!("SELECT {select} FROM 'a/#'");
        let bound = bind(&sql, SqlVersion::V2016_03_23, DeviceClass::SoilProbe).expect("bound");
        assert_eq!(bound.is_whole_payload(), expected, "{select}");
    }
}

#[test]
fn rules_that_need_more_than_the_fields_are_left_to_the_general_path() {
    for sql in [
        "SELECT topic(3) AS id FROM 'a/#'",
        "SELECT timestamp() AS at FROM 'a/#'",
        "SELECT * FROM 'a/#' WHERE clientid() = 'x'",
        "SELECT * FROM 'a/#' WHERE device = 'farmA-101'",
        "SELECT * FROM 'a/#' WHERE humidity / 2 < 17",
        "SELECT * FROM 'a/#' WHERE abs(temperature) > 1",
        "SELECT * FROM 'a/#' WHERE temperature * humidity > 1",
        "SELECT * FROM 'a/#' WHERE 'x' + humidity = 'x35'",
        "SET @h = humidity SELECT * FROM 'a/#' WHERE @h < 35",
        "SELECT * FROM 'a/#' WHERE * = 1",
    ] {
        if let Ok(rule) = Rule::compile(sql, SqlVersion::V2016_03_23) {
            assert!(rule.bind(DeviceClass::SoilProbe.schema()).is_none(), "{sql}");
        } else {
            assert!(sql.contains("* = 1"), "{sql}");
        }
    }
}
