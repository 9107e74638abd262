//! The two forms of a shadow behave alike, and updates, deltas and errors follow the service.

use super::*;
use crate::farm;
use proptest::prelude::*;

const T0_S: i64 = 1_527_811_200;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis((T0_S + seconds) * 1_000)
}

fn stores() -> (Shadows, Shadows) {
    let register = Arc::new(farm::register(1, 1, 1));
    let both = Shadows::new(register, 0);
    let mut documents = both.clone();
    documents.classes.fill(None);
    (both, documents)
}

fn probe(shadows: &Shadows) -> DeviceIx {
    (0..shadows.slots.len() as u32)
        .map(DeviceIx::new)
        .find(|&device| shadows.classes[device.index()] == Some(DeviceClass::SoilProbe))
        .expect("a probe")
}

fn update(
    shadows: &mut Shadows,
    seconds: i64,
    thing: DeviceIx,
    request: &str,
) -> Result<String, String> {
    let request =
        UpdateRequest::parse(request.as_bytes()).map_err(|refusal| refusal.error.message("t"))?;
    let accepted =
        shadows.update(at(seconds), thing, &request, true).map_err(|error| error.message("t"))?;
    let mut text = Vec::new();
    Response::Delta { delta: &accepted.delta, version: accepted.version }.write(
        at(seconds),
        None,
        &mut text,
    );
    let current = accepted.current.expect("asked for");
    Response::Documents { previous: accepted.previous.as_ref(), current: &current }.write(
        at(seconds),
        None,
        &mut text,
    );
    Ok(String::from_utf8(text).expect("UTF-8"))
}

fn document(shadows: &Shadows, thing: DeviceIx) -> Option<String> {
    let document = shadows.document(thing)?;
    let mut text = Vec::new();
    Response::GetAccepted(&document).write(at(0), None, &mut text);
    Some(String::from_utf8(text).expect("UTF-8"))
}

/// One thing that may happen to a probe's shadow.
#[derive(Clone, Debug)]
enum Step {
    Uplink { humidity: i64 },
    Update(String),
    Delete,
}

fn step() -> impl Strategy<Value = Step> {
    let request = prop::sample::select(vec![
        r#"{"state":{"reported":{"humidity":12.5}}}"#,
        r#"{"state":{"reported":{"temperature":-0.1,"humidity":40}},"clientToken":"x"}"#,
        r#"{"state":{"reported":{"humidity":12.55}}}"#,
        r#"{"state":{"reported":{"humidity":null}}}"#,
        r#"{"state":{"reported":{"firmware":{"major":1,"parts":[1,{"a":2}]}}}}"#,
        r#"{"state":{"reported":{"battery_v":3.6,"device":"farmA-101"}}}"#,
        r#"{"state":{"reported":{"device":"other"}}}"#,
        r#"{"state":{"desired":{"humidity":50,"interval":60}}}"#,
        r#"{"state":{"desired":null}}"#,
        r#"{"state":{"reported":null}}"#,
        r#"{"state":null}"#,
        r#"{"state":{"reported":{}},"version":2}"#,
        concat!(
            r#"{"state":{"reported":{"device":"farmA-101","temperature":20,"humidity":33.1,"#,
            r#""timestamp":1527811200000,"battery_v":3.600}}}"#
        ),
    ]);
    prop_oneof![
        4 => (0_i64..1_000).prop_map(|humidity| Step::Uplink { humidity }),
        3 => request.prop_map(|text| Step::Update(text.to_owned())),
        1 => Just(Step::Delete),
    ]
}

proptest! {
    #[test]
    fn typed_and_document_form_render_the_same(
        steps in prop::collection::vec((step(), 1_i64..100_000), 1..25)
    ) {
        let (mut both, mut documents) = stores();
        let thing = probe(&both);
        let names = both.register.names.clone();
        let mut seconds = 0;
        for (step, wait_s) in steps {
            seconds += wait_s;
            match step {
                Step::Uplink { humidity } => {
                    let reading = farm::probe_reading(thing, at(seconds), humidity);
                    let mut request = b"{\"state\":{\"reported\":".to_vec();
                    reading.render(&names, &mut request);
                    request.extend_from_slice(b"}}");
                    let request = String::from_utf8(request).expect("UTF-8");
                    if both.mirror(at(seconds), &reading).is_none() {
                        update(&mut both, seconds, thing, &request).expect("accepted");
                    }
                    update(&mut documents, seconds, thing, &request).expect("accepted");
                }
                Step::Update(text) => prop_assert_eq!(
                    update(&mut both, seconds, thing, &text),
                    update(&mut documents, seconds, thing, &text)
                ),
                Step::Delete => prop_assert_eq!(
                    both.delete(at(seconds), thing),
                    documents.delete(at(seconds), thing)
                ),
            }
            prop_assert_eq!(document(&both, thing), document(&documents, thing));
        }
    }
}

#[test]
fn telemetry_stays_compact_until_something_else_is_written() {
    let (mut shadows, _) = stores();
    let thing = probe(&shadows);
    let reading = farm::probe_reading(thing, at(0), 351);
    assert_eq!(shadows.mirror(at(0), &reading), Some(1));
    update(&mut shadows, 5, thing, r#"{"state":{"reported":{"humidity":34.9}}}"#).expect("fits");
    assert!(matches!(shadows.slots[thing.index()], Slot::Typed { version: 2, .. }));
    assert_eq!(
        document(&shadows, thing).expect("there"),
        concat!(
            r#"{"state":{"reported":{"device":"farmA-101","temperature":21.3,"humidity":34.9,"#,
            r#""timestamp":1527811200000,"battery_v":3.605}},"metadata":{"reported":{"#,
            r#""device":{"timestamp":1527811200},"temperature":{"timestamp":1527811200},"#,
            r#""humidity":{"timestamp":1527811205},"timestamp":{"timestamp":1527811200},"#,
            r#""battery_v":{"timestamp":1527811200}}},"version":2,"timestamp":1527811200}"#
        )
    );
    update(&mut shadows, 9, thing, r#"{"state":{"desired":{"x":1}}}"#).expect("accepted");
    assert!(matches!(shadows.slots[thing.index()], Slot::Document(_)));
    assert_eq!(shadows.mirror(at(10), &reading), None);
}

#[test]
fn a_typed_probe_shadow_takes_at_most_100_bytes() {
    let fields = DeviceClass::SoilProbe.schema().fields.len();
    let bytes = size_of::<Slot>() + size_of::<Option<DeviceClass>>() + fields * (8 + 4);
    assert!(bytes <= 100, "{bytes}");
}

#[test]
fn a_cell_given_up_is_used_again() {
    let (mut shadows, _) = stores();
    let thing = probe(&shadows);
    for i in 0..10 {
        shadows.mirror(at(i), &farm::probe_reading(thing, at(i), i));
        shadows.delete(at(i), thing).expect("there");
    }
    shadows.mirror(at(20), &farm::probe_reading(thing, at(20), 350));
    assert_eq!(shadows.version(thing), Some(11));
    let memory = format!("{:?}", shadows.cells).len();
    shadows.delete(at(21), thing).expect("there");
    shadows.mirror(at(22), &farm::probe_reading(thing, at(22), 350));
    assert!(format!("{:?}", shadows.cells).len() <= memory + 2);
}

#[test]
fn deltas_hold_what_desired_has_and_reported_lacks() {
    for (desired, reported, expected) in [
        (
            r#"{"a":1,"b":{"c":2,"d":3},"e":[1,2]}"#,
            r#"{"a":1,"b":{"c":2},"e":[2,1],"z":0}"#,
            r#"{"b":{"d":3},"e":[1,2]}"#,
        ),
        (r#"{"a":{"x":1}}"#, r#"{"a":5}"#, r#"{"a":{"x":1}}"#),
        (
            r#"{"lights":{"color":{"r":255,"g":255,"b":255}}}"#,
            r#"{"lights":{"color":{"r":255,"g":0,"b":255}}}"#,
            r#"{"lights":{"color":{"g":255}}}"#,
        ),
        (
            r#"{"color":"RED","state":"STOP"}"#,
            r#"{"color":"GREEN","engine":"ON"}"#,
            r#"{"color":"RED","state":"STOP"}"#,
        ),
        (r#"{"a":10,"b":[{"x":1,"y":2}]}"#, r#"{"a":10.0,"b":[{"y":2.0,"x":1}]}"#, "{}"),
        ("{}", r#"{"a":1}"#, "{}"),
    ] {
        let (mut shadows, _) = stores();
        let thing = probe(&shadows);
        let request = format!(r#"{{"state":{{"desired":{desired},"reported":{reported}}}}}"#);
        let text = update(&mut shadows, 0, thing, &request).expect("accepted");
        let state = format!(r#","state":{expected},"metadata""#);
        assert!(text.contains(&state), "{text}");
    }
}

#[test]
fn objects_that_deletes_leave_empty_are_pruned() {
    let (mut shadows, _) = stores();
    let thing = probe(&shadows);
    for request in [
        r#"{"state":{"reported":{"a":{"b":{"c":1}},"d":1}}}"#,
        r#"{"state":{"reported":{"a":{"b":{"c":null}},"n":{"m":null}}}}"#,
    ] {
        update(&mut shadows, 0, thing, request).expect("accepted");
    }
    assert!(document(&shadows, thing).expect("there").contains(r#""state":{"reported":{"d":1}}"#));
}

#[test]
fn malformed_requests_get_the_services_codes() {
    let nested = |levels: usize| {
        let (open, close) = (r#"{"a":"#.repeat(levels), "}".repeat(levels));
        format!(r#"{{"state":{{"desired":{open}1{close}}}}}"#)
    };
    let long = format!(r#"{{"state":{{"reported":{{"a":"{}"}}}}}}"#, "x".repeat(8 * 1024));
    let token = format!(r#"{{"state":{{}},"clientToken":"{}"}}"#, "x".repeat(65));
    for (request, code, message) in [
        ("{", 400, "Invalid JSON"),
        ("[]", 400, "Invalid JSON"),
        ("{}", 400, "Missing required node: state"),
        (r#"{"state":1}"#, 400, "State node must be an object"),
        (r#"{"state":{"desired":1}}"#, 400, "Desired node must be an object"),
        (r#"{"state":{"reported":"x"}}"#, 400, "Reported node must be an object"),
        (r#"{"state":{},"version":"1"}"#, 400, "Invalid version"),
        (r#"{"state":{},"version":-1}"#, 400, "Invalid version"),
        (&token, 400, "Invalid clientToken"),
        (&nested(9), 400, "JSON contains too many levels of nesting; maximum is 8"),
        (r#"{"state":{"delta":{}}}"#, 400, "State contains an invalid node"),
        (r#"{"state":{"reported":{"a":[null]}}}"#, 400, "State contains an invalid node"),
        (r#"{"state":{},"version":7}"#, 409, "Version conflict"),
        (&long, 413, "The payload exceeds the maximum size allowed"),
    ] {
        let (mut shadows, _) = stores();
        let thing = probe(&shadows);
        let error = match UpdateRequest::parse(request.as_bytes()) {
            Err(refusal) => refusal.error,
            Ok(request) => shadows.update(at(0), thing, &request, false).expect_err("refused"),
        };
        assert_eq!((error.code(), error.message("t").as_str()), (code, message), "{request}");
        assert_eq!(document(&shadows, thing), None, "nothing was stored");
    }
    let not_utf8 = UpdateRequest::parse(b"{\"state\":\"\xff\"}").expect_err("refused");
    assert_eq!(not_utf8.error.code(), 415);
    assert!(UpdateRequest::parse(nested(8).as_bytes()).is_ok());
}

#[test]
fn a_tombstone_keeps_the_version_for_48_hours() {
    for (wait_s, version) in [(48 * 3_600 - 1, 3), (48 * 3_600, 1)] {
        let (mut shadows, _) = stores();
        let thing = probe(&shadows);
        let request = r#"{"state":{"reported":{"on":true}}}"#;
        update(&mut shadows, 0, thing, request).expect("accepted");
        update(&mut shadows, 1, thing, request).expect("accepted");
        assert_eq!(shadows.delete(at(2), thing), Ok(2));
        assert_eq!(shadows.delete(at(3), thing), Err(ShadowError::NoShadow));
        update(&mut shadows, 2 + wait_s, thing, request).expect("accepted");
        assert_eq!(shadows.version(thing), Some(version));
    }
}
