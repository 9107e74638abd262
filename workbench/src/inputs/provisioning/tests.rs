//! Provisioning templates become devices, and what cannot be evaluated says where.

use super::*;
use crate::yaml;
use serde_json::json;

fn template(text: &str) -> Result<ProvisioningTemplate, Vec<String>> {
    let root = yaml::parse("fleet.json", text).unwrap();
    ProvisioningTemplate::parse("fleet.json", &root).map_err(|problems| texts(&problems))
}

fn texts(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

fn parameters(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Evaluates a thing whose name is `name`, for SerialNumber=42 and DeviceLocation=Seattle.
///
/// Origin of the cases: AWS IoT Core semantics, section 13, "Fleet template".
fn named(name: &str) -> Result<Provisioned, Vec<String>> {
    let text = format!(
        r#"{{"Parameters": {{"SerialNumber": {{"Type": "String"}}, "DeviceLocation": {{"Type": "String"}},
                             "Free": {{"Type": "String"}}}},
            "Mappings": {{"LocationTable": {{"Seattle": {{"LocationUrl": "https://seattle.example.aws"}}}}}},
            "Resources": {{"thing": {{"Type": "AWS::IoT::Thing", "Properties": {{"ThingName": "t"}}}}}},
            "DeviceConfiguration": {{"value": {name}}}}}"#
    );
    let given = parameters(&[("SerialNumber", "42"), ("DeviceLocation", "Seattle")]);
    template(&text)?.evaluate(&given).map_err(|problems| texts(&problems))
}

#[test]
fn functions_give_what_the_guide_says() {
    for (expression, expected) in [
        (r#"{"Fn::Join":["",["ThingPrefix_",{"Ref":"SerialNumber"}]]}"#, "ThingPrefix_42"),
        (r#"{"Fn::Select":[1,{"Fn::Split":[",","a,b,c"]}]}"#, "b"),
        (r#"{"Fn::Sub":"dev-${SerialNumber}"}"#, "dev-42"),
        (
            r#"{"Fn::Sub":["${a}-${SerialNumber}-${!b}",{"a":{"Ref":"DeviceLocation"}}]}"#,
            "Seattle-42-${b}",
        ),
        (
            r#"{"Fn::FindInMap":["LocationTable",{"Ref":"DeviceLocation"},"LocationUrl"]}"#,
            "https://seattle.example.aws",
        ),
        (r#""plain""#, "plain"),
    ] {
        let provisioned = named(expression).unwrap();
        assert_eq!(provisioned.device_configuration["value"], expected, "{expression}");
    }
}

#[test]
fn functions_that_cannot_be_evaluated_say_why() {
    for (expression, message) in [
        (r#"{"Ref":"Nobody"}"#, "the parameter `Nobody`; expected one that `Parameters` declares"),
        (
            r#"{"Ref":"Free"}"#,
            "no value for the parameter `Free`; expected a value from the device, or a default",
        ),
        (r#"{"Ref":3}"#, "`3`; expected a name after `Ref`"),
        (
            r#"{"Fn::Select":[3,["a"]]}"#,
            "the index `3`, at which the list has nothing; expected an index from 0",
        ),
        (r#"{"Fn::Select":[0,[null]]}"#, "the index `0`, at which the list has nothing"),
        (r#"{"Fn::Select":["x",["a"]]}"#, "the index `x`"),
        (r#"{"Fn::Select":[0]}"#, "a list of 1; expected `[index, list]` after `Fn::Select`"),
        (r#"{"Fn::Join":"a"}"#, "`a`; expected `[delimiter, [text, ...]]` after `Fn::Join`"),
        (r#"{"Fn::Join":["",[["a"]]]}"#, "a list; expected a text to join"),
        (r#"{"Fn::Join":["","a"]}"#, "`a`; expected a list"),
        (
            r#"{"Fn::Split":["","a"]}"#,
            "an empty delimiter; expected `[delimiter, text]` after `Fn::Split`",
        ),
        (
            r#"{"Fn::FindInMap":["LocationTable","Nowhere","LocationUrl"]}"#,
            "nothing at `LocationTable.Nowhere.LocationUrl` in `Mappings`",
        ),
        (
            r#"{"Fn::Sub":"${a b}"}"#,
            "`${a b}` in `Fn::Sub`, which replaces it; expected a name there, or `${!`",
        ),
        (
            r#"{"Fn::Sub":"${SerialNumber.x}"}"#,
            "`${SerialNumber.x}`; expected the name of a parameter",
        ),
        (r#"{"Fn::Sub":["a"]}"#, "a list; expected a text, or `[text, {name: value}]`"),
        (r#"{"Fn::Sub":["a",3]}"#, "`3`; expected a text, or `[text, {name: value}]`"),
        (r#"{"Fn::GetAtt":["a","b"]}"#, "the function `Fn::GetAtt`; expected one of `Ref`"),
    ] {
        let problems = named(expression).unwrap_err();
        assert!(
            problems.iter().any(|problem| problem.contains(message)),
            "{expression}: {problems:?}"
        );
    }
}

const FLEET: &str = include_str!("../../../../tests/corpus/templates/fleet.json");

#[test]
fn a_device_becomes_thing_certificate_policy_and_configuration() {
    let fleet = template(FLEET).unwrap();
    let given = parameters(&[("SerialNumber", "42"), ("AWS::IoT::Certificate::Id", "c0ffee")]);
    let device = fleet.evaluate(&given).unwrap();
    let thing = device.thing.unwrap();
    assert_eq!(thing.name, "ThingPrefix_42");
    assert_eq!(thing.thing_type.as_deref(), Some("b"));
    assert_eq!(thing.attributes, parameters(&[("location", "Seattle")]));
    assert_eq!(thing.groups, ["v1-devices"]);
    let certificate = device.certificate.unwrap();
    assert_eq!((certificate.id.as_str(), certificate.status.as_str()), ("c0ffee", "ACTIVE"));
    assert_eq!(device.policies.len(), 1);
    assert_eq!(device.policies[0].name.len(), 64);
    assert_eq!(
        device.policies[0].document.as_ref().unwrap()["Statement"][0]["Resource"],
        json!(["arn:aws:iot:eu-west-1:123456789012:topic/dev-42"])
    );
    assert_eq!(device.device_configuration["LocationUrl"], "https://seattle.example.aws");
    // Another document is another policy.
    let given = parameters(&[("SerialNumber", "43"), ("AWS::IoT::Certificate::Id", "c0ffee")]);
    assert_ne!(fleet.evaluate(&given).unwrap().policies[0].name, device.policies[0].name);
}

#[test]
fn parameters_must_be_declared_and_complete() {
    let fleet = template(FLEET).unwrap();
    let problems = texts(&fleet.evaluate(&parameters(&[("Serial", "1")])).unwrap_err());
    assert!(
        problems[0].contains("the parameter `Serial`; expected one of `SerialNumber`"),
        "{problems:?}"
    );
    assert!(
        problems.iter().any(|p| p.contains("thing: no value for the parameter `SerialNumber`"))
    );
    assert!(
        problems.iter().any(|p| p.contains("certificate: no value for the parameter `AWS::IoT::"))
    );
    let given = parameters(&[("SerialNumber", "has spaces"), ("AWS::IoT::Certificate::Id", "c")]);
    let problems = texts(&fleet.evaluate(&given).unwrap_err());
    assert!(
        problems[0].contains("the name `ThingPrefix_has spaces`; expected 1 to 128"),
        "{problems:?}"
    );
}

#[test]
fn bodies_that_are_wrong_say_everything() {
    let problems = template(
        r#"{"Parameters": {"A": {"Type": "Number"}},
            "Mappings": {"M": {"K": {"N": {"Ref": "A"}}}},
            "Resources": {
              "a": {"Type": "AWS::IoT::TopicRule", "Properties": {}},
              "b": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "p", "PolicyDocument": {}}},
              "c": {"Type": "AWS::IoT::Certificate", "Properties": {"Colour": 1}},
              "d": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": "t"},
                    "OverrideSettings": {"ThingTypeName": "MERGE", "Status": "FAIL"}},
              "e": {"Type": "AWS::IoT::Thing"}},
            "DeviceConfiguration": {"nested": {"a": "b"}}, "Outputs": {}}"#,
    )
    .unwrap_err();
    for message in [
        "the property `Outputs`; expected one of `Parameters`",
        "the parameter `A` of another type; expected `\"Type\": \"String\"`",
        "a mapping; expected a text in `Mappings`",
        "a mapping in `DeviceConfiguration`; expected texts, since it is flat",
        "a: the type `AWS::IoT::TopicRule`; expected `AWS::IoT::Thing`",
        "b: 2 of `PolicyName`, `PolicyDocument`; expected exactly one of them",
        "c: the property `Colour`; expected one of `CertificateSigningRequest`",
        "c: 0 of `CertificateSigningRequest`",
        "d: `MERGE` as `ThingTypeName`; expected `DO_NOTHING`",
        "d: the property `Status`; expected one of `AttributePayload`",
        "e: no `Properties`; expected this property",
    ] {
        assert!(
            problems.iter().any(|problem| problem.contains(message)),
            "{message}: {problems:#?}"
        );
    }
    assert_eq!(problems.len(), 11, "{problems:#?}");
}
