//! Which files are read, and which of the resources and functions in them: one list for the
//! compatibility table.

use super::cloudformation;

/// A kind of file, a resource or a function of templates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    /// What it belongs to.
    pub group: Group,
    /// Its name as files write it.
    pub name: &'static str,
    /// Whether it is read as the service reads it.
    pub state: State,
    /// A sentence.
    pub text: String,
}

/// What a feature belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// A kind of file.
    File,
    /// A type of resource of CloudFormation.
    Resource,
    /// A function of CloudFormation.
    Function,
    /// A type of resource of Terraform.
    Terraform,
}

/// Whether a feature is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// As the service reads it.
    Works,
    /// Otherwise; the sentence says how.
    Differs,
    /// Not here; a note or a problem names it.
    Absent,
}

impl State {
    /// `works`, `differs` or `absent`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Differs => "differs",
            Self::Absent => "absent",
        }
    }
}

/// Every feature, by group.
pub fn catalogue() -> Vec<Feature> {
    let feature = |group, (name, state, text): (&'static str, State, &str)| Feature {
        group,
        name,
        state,
        text: text.to_owned(),
    };
    let mut all: Vec<_> = FILES.iter().map(|&row| feature(Group::File, row)).collect();
    for (name, properties) in cloudformation::SUPPORTED {
        let (state, note) = match *name {
            "AWS::IoT::Certificate" => (
                State::Differs,
                " The id is made up from stack and logical id; no key is looked at.",
            ),
            "AWS::IoT::ProvisioningTemplate" => {
                (State::Differs, " The body is evaluated; `PreProvisioningHook` is not called.")
            }
            "AWS::IoT::ThingType" => {
                (State::Differs, " `Mqtt5Configuration` is noted and not evaluated.")
            }
            "AWS::IoT::ThingGroup" => {
                (State::Differs, " A group with a query is listed and has no members.")
            }
            _ => (State::Works, ""),
        };
        let text = format!("`{}`.{note}", properties.join("`, `"));
        all.push(Feature { group: Group::Resource, name, state, text });
    }
    let others: Vec<_> = cloudformation::kinds().filter(|kind| !kind.contains("::IoT::")).collect();
    let text =
        format!("Listed, with names and ARNs for who refers to them: {}.", others.join(", "));
    let name = "resources of other services";
    all.push(Feature { group: Group::Resource, name, state: State::Differs, text });
    all.extend(RESOURCES.iter().map(|&row| feature(Group::Resource, row)));
    for name in cloudformation::FUNCTIONS.split('`').skip(1).step_by(2) {
        let (state, text) = match name {
            "Fn::ImportValue" => (
                State::Differs,
                "Another stack's exports are not known here: give the value as a parameter with \
                 the name of the export.",
            ),
            "Fn::GetAZs" => (State::Differs, "Always three zones, `a` to `c`."),
            "Fn::GetAtt" => (State::Works, "For the attributes that are known, see above."),
            "Fn::Sub" => (State::Works, "Text and list form, and `${!literal}`."),
            "Fn::If" => (State::Works, "With `Conditions` and `AWS::NoValue`."),
            "Ref" => (State::Works, "Resources, parameters, and pseudo parameters."),
            _ => (State::Works, "As CloudFormation documents it."),
        };
        all.push(feature(Group::Function, (name, state, text)));
    }
    all.extend(FUNCTIONS.iter().map(|&row| feature(Group::Function, row)));
    all.extend(TERRAFORM.iter().map(|&row| feature(Group::Terraform, row)));
    all
}

const FILES: [(&str, State, &str); 9] = [
    ("rule JSON", State::Works, "As `--topic-rule-payload` takes it: bare, wrapped, or named."),
    ("printed rule", State::Works, "What `aws iot get-topic-rule` prints."),
    ("policy JSON", State::Works, "The document, or what `aws iot get-policy` prints."),
    ("CloudFormation", State::Works, "JSON, and YAML with long and short functions."),
    ("CDK", State::Works, "What `cdk synth` writes."),
    (
        "SAM",
        State::Differs,
        "The events of type `IoTRule` become rules; other macros of SAM are not expanded.",
    ),
    (
        "Terraform",
        State::Differs,
        "A plan or state as `terraform show -json` prints it; what is known after apply only is \
         made up, and a note says so.",
    ),
    ("provisioning template", State::Works, "The body, as `--template-body` takes it."),
    ("HCL of Terraform", State::Absent, "Make a plan, and print it as JSON."),
];

/// What templates have beside the types of [`cloudformation::SUPPORTED`].
const RESOURCES: [(&str, State, &str); 4] = [
    ("AWS::IoT::... of any other type", State::Absent, "A note names it."),
    ("Parameters", State::Differs, "Given by flag or default; `AllowedPattern` is not checked."),
    ("Mappings, Conditions", State::Works, "A resource whose condition is false is left out."),
    (
        "Transform",
        State::Differs,
        "`AWS::Serverless-2016-10-31` and `AWS::LanguageExtensions`; a note names any other.",
    ),
];

/// Functions that conditions have, and those that are refused.
const FUNCTIONS: [(&str, State, &str); 5] = [
    ("Fn::Equals", State::Works, "In `Conditions`."),
    ("Fn::And, Fn::Or", State::Works, "In `Conditions`, over 2 to 10 of them."),
    ("Fn::Not", State::Works, "In `Conditions`."),
    ("Condition", State::Works, "In `Conditions`, and on a resource."),
    ("any other function", State::Absent, "Refused by name where a resource of IoT needs it."),
];

/// A test reads a plan with a resource of each.
const TERRAFORM: [(&str, State, &str); 11] = [
    ("aws_iot_topic_rule", State::Works, "With all blocks of actions."),
    ("aws_iot_policy", State::Works, "As the provider documents it."),
    ("aws_iot_thing", State::Works, "As the provider documents it."),
    ("aws_iot_thing_type", State::Works, "As the provider documents it."),
    ("aws_iot_thing_group", State::Works, "As the provider documents it."),
    ("aws_iot_certificate", State::Differs, "Id and ARN are made up until they are known."),
    ("aws_iot_policy_attachment", State::Works, "As the provider documents it."),
    ("aws_iot_thing_principal_attachment", State::Works, "As the provider documents it."),
    ("aws_iot_thing_group_membership", State::Works, "As the provider documents it."),
    ("aws_iot_provisioning_template", State::Works, "As the provider documents it."),
    ("aws_iot_... of any other type", State::Absent, "A note names it."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::{Deployment, Settings};

    #[test]
    fn names_are_unique_and_a_difference_is_told() {
        let all = catalogue();
        let mut names: Vec<_> = all.iter().map(|feature| (feature.group, feature.name)).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
        assert!(all.iter().all(|feature| feature.text.ends_with('.')));
        assert!(all.iter().filter(|f| f.group == Group::Function).count() > 15);
    }

    /// Whether a plan with an empty resource of this type says that the type is not supported.
    fn is_refused(kind: &str) -> bool {
        let plan = format!(
            r#"{{"planned_values": {{"root_module": {{"resources":
                [{{"address": "{kind}.x", "type": "{kind}", "values": {{}}}}]}}}}}}"#
        );
        let notes = match Deployment::read("plan.json", &plan, &Settings::default()) {
            Ok(deployment) => deployment.notes,
            // Something that an empty resource lacks.
            Err(_) => return false,
        };
        notes.iter().any(|note| note.text.contains("not supported"))
    }

    #[test]
    fn the_reader_of_plans_knows_the_listed_types_and_no_others() {
        for (name, state, _) in TERRAFORM {
            let kind = name.replace("... of any other type", "role_alias");
            assert_eq!(is_refused(&kind), state == State::Absent, "{name}");
        }
    }
}
