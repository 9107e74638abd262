//! Explanations name the smallest change of the cases that people meet first, and every suggestion
//! is a sentence that can be followed.

#[path = "support/policy_case.rs"]
mod policy_case;

use fieldmirror_cloud::policy::explain::explain;
use fieldmirror_cloud::policy::{Action, Facts, PolicyDocument, PolicySet, Request};
use serde_json::{Value, json};

const ARN: &str = "arn:aws:iot:eu-west-1:123456789012:";

fn facts() -> Facts {
    let thing = json!({
        "clientId": "d1",
        "thing": { "name": "d1", "attributes": { "zone": "north" }, "attached": true }
    });
    policy_case::facts(&thing, &Value::Null)
}

fn set(document: &Value) -> PolicySet {
    let read = PolicyDocument::from_value(document).unwrap_or_else(|e| panic!("{e}"));
    PolicySet::new([("P".to_owned(), read)])
}

fn document(statements: Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn allow(action: &str, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": format!("{ARN}{resource}") })
}

/// The smallest change for a request.
fn smallest(document: &Value, facts: &Facts, action: Action, name: &str) -> String {
    let explanation = explain(&set(document), Request::new(action, name), facts);
    explanation.changes.first().expect("a change").text.clone()
}

#[test]
fn the_smallest_change_is_named() {
    let sensor = document(json!([allow("iot:Publish", "topic/farmA/sensor/101/*")]));
    let text = smallest(&sensor, &facts(), Action::Publish, "farmA/sensor/102/data");
    assert_eq!(
        text,
        format!(
            "in statement 0 of policy P change `{ARN}topic/farmA/sensor/101/*` to \
             `{ARN}topic/farmA/sensor/102/*` (the request is for `topic/farmA/sensor/102/data`)"
        )
    );

    let filter = document(json!([allow("iot:Subscribe", "topic/farmA/cmd")]));
    let text = smallest(&filter, &facts(), Action::Subscribe, "farmA/cmd");
    let end = "(iot:Subscribe needs `topicfilter/`, not `topic/`)";
    assert!(text.contains("topicfilter/farmA/cmd") && text.ends_with(end), "{text}");

    let action = document(json!([allow("iot:Publish", "topic/a")]));
    let text = smallest(&action, &facts(), Action::RetainPublish, "a");
    assert_eq!(text, "add iot:RetainPublish to statement 0 of policy P");

    let region = json!([{ "Effect": "Allow", "Action": "iot:Publish",
        "Resource": "arn:aws:iot:REGION:ACCOUNT_ID:topic/a" }]);
    let text = smallest(&document(region), &facts(), Action::Publish, "a");
    assert!(text.contains(&format!("to `{ARN}topic/a`")), "{text}");

    let nothing = document(json!([allow("iot:Connect", "client/x")]));
    let text = smallest(&nothing, &facts(), Action::Subscribe, "a/b");
    assert_eq!(
        text,
        format!("add a statement that allows iot:Subscribe on `{ARN}topicfilter/a/b`")
    );
}

#[test]
fn facts_are_changed_where_that_is_enough() {
    let attached = json!([{ "Effect": "Allow", "Action": "iot:Connect",
        "Resource": format!("{ARN}client/${{iot:Connection.Thing.ThingName}}"),
        "Condition": { "Bool": { "iot:Connection.Thing.IsAttached": "true" } } }]);
    let attached = document(attached);
    let mut loose = facts();
    loose.thing.as_mut().expect("a thing").attached = false;
    let text = smallest(&attached, &loose, Action::Connect, "d1");
    assert_eq!(text, "attach the certificate to the thing `d1`");
    let bare = Facts { thing: None, ..facts() };
    let text = smallest(&attached, &bare, Action::Connect, "d1");
    assert_eq!(text, "register a thing `d1` and attach the certificate to it");

    let row = allow("iot:Publish", "topic/${iot:Connection.Thing.Attributes[row]}/data");
    let text = smallest(&document(json!([row])), &facts(), Action::Publish, "r7/data");
    assert_eq!(text, "give the thing `d1` the attribute row = `r7`");

    let zone = "${iot:Connection.Thing.Attributes[zone]}/${iot:Connection.Thing.ThingName}";
    let both = allow("iot:Publish", &format!("topic/farm/{zone}"));
    let both = document(json!([allow("iot:Connect", "client/*"), both]));
    let found = explain(&set(&both), Request::new(Action::Publish, "farm/north/d1"), &bare);
    let texts: Vec<&str> = found.changes.iter().map(|change| &*change.text).collect();
    assert_eq!(
        texts,
        [
            "register a thing `d1` and attach the certificate to it, and give the thing `d1` the \
             attribute zone = `north`",
            &*format!("add a statement that allows iot:Publish on `{ARN}topic/farm/north/d1`"),
        ],
        "no resource is added where the thing is what is missing, nor to a statement on clients"
    );

    let mut typed = document(json!([allow(
        "iot:Publish",
        "topic/${iot:Connection.Thing.ThingTypeName}-data/x"
    )]));
    typed["Statement"][0]["Condition"] =
        json!({ "StringEquals": { "iot:Connection.Thing.Attributes[row]": "r7" } });
    let text = smallest(&typed, &facts(), Action::Publish, "probe-data/x");
    assert_eq!(
        text,
        "give the thing `d1` the type `probe`, and give the thing `d1` the attribute row = `r7`"
    );

    let old = json!({ "Statement": [allow("iot:Publish", "topic/${iot:ClientId}")] });
    let text = smallest(&old, &facts(), Action::Publish, "d1");
    assert!(text.starts_with("give policy P \"Version\": \"2012-10-17\""), "{text}");
}

#[test]
fn denials_and_allowances_are_turned_by_removing_statements() {
    let deny = json!({ "Sid": "NoX", "Effect": "Deny", "Action": "iot:*", "Resource": "*" });
    let denied = document(json!([allow("iot:Publish", "topic/x"), deny]));
    let text = smallest(&denied, &facts(), Action::Publish, "x");
    assert_eq!(text, "remove statement 1 (NoX) of policy P");
    let text = smallest(&denied, &facts(), Action::Publish, "y");
    assert!(text.starts_with("remove statement 1 (NoX) of policy P, and "), "{text}");
    let allowed = document(json!([allow("iot:Publish", "topic/x")]));
    let text = smallest(&allowed, &facts(), Action::Publish, "x");
    assert_eq!(text, "remove statement 0 of policy P");
}

#[test]
fn an_allowance_is_turned_by_what_denies_nothing_else() {
    let texts = |statements: Value| {
        let explanation =
            explain(&set(&document(statements)), Request::new(Action::Publish, "x"), &facts());
        explanation.changes.into_iter().map(|change| change.text).collect::<Vec<_>>()
    };
    let deny = format!("add a statement that denies iot:Publish on `{ARN}topic/x`");

    let mut two = allow("iot:Publish", "topic/x");
    two["Resource"] = json!([format!("{ARN}topic/x"), format!("{ARN}topic/y")]);
    let resource = format!("remove the resource `{ARN}topic/x` from statement 0 of policy P");
    let statement = "remove statement 0 of policy P";
    assert_eq!(texts(json!([two])), [resource.as_str(), &deny, statement]);

    let mut actions = allow("iot:Publish", "topic/x");
    actions["Action"] = json!(["iot:Publish", "iot:Receive"]);
    let action = "remove iot:Publish from statement 0 of policy P";
    assert_eq!(texts(json!([actions])), [action, &deny, statement]);

    // What a pattern allows besides would go with it.
    let mut wide = allow("iot:*", "topic/*");
    wide["Resource"] = json!([format!("{ARN}topic/*"), format!("{ARN}client/d1")]);
    let resource = format!("remove the resource `{ARN}topic/*` from statement 0 of policy P");
    assert_eq!(texts(json!([wide])), [deny.as_str(), &resource, statement]);

    // Both that allow it go, or a deny comes.
    let texts = texts(json!([two, allow("iot:Publish", "topic/x")]));
    assert_eq!(texts[0], deny);
    let both = format!(
        "{}, and remove statement 1 of policy P",
        texts[1].split(", and").next().expect("a first part")
    );
    assert_eq!(texts[1], both);
}

#[test]
fn a_text_shows_what_was_compared() {
    let zone = allow("iot:Publish", "topic/${iot:Connection.Thing.Attributes[zone]}/*");
    let mut zone = document(json!([zone]));
    zone["Statement"][0]["Condition"] = json!({ "StringLike": { "iot:ClientId": "e*" } });
    let explanation = explain(&set(&zone), Request::new(Action::Publish, "north/x"), &facts());
    assert_eq!(
        explanation.to_text(),
        "IMPLICIT_DENY: iot:Publish on arn:aws:iot:eu-west-1:123456789012:topic/north/x
  no statement allows it
statement 0 of policy P (Allow, the policies given): does not match
  action: yes
  resource: yes
    yes: arn:aws:iot:eu-west-1:123456789012:topic/${iot:Connection.Thing.Attributes[zone]}/* = \
         arn:aws:iot:eu-west-1:123456789012:topic/north/*
  condition StringLike iot:ClientId: no (found `d1`; wanted `e*`)
variables
  iot:ClientId = `d1`
  iot:Connection.Thing.Attributes[zone] = `north`
smallest change that turns it
  drop the condition StringLike iot:ClientId of statement 0 of policy P
  or: add a statement that allows iot:Publish on \
         `arn:aws:iot:eu-west-1:123456789012:topic/north/x`
"
    );
}
