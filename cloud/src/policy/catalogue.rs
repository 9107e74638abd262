//! What of IoT policies works here, differs from the service, or is absent: one list for the
//! compatibility table.

use super::action::{Action, ResourceKind};
use super::condition::OPERATORS;
use super::variable::{ALTERNATIVE_FIELDS, FOREIGN, NAME_FIELDS};

/// A feature of policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    /// `document`, `action`, `variable`, `operator` or `identity`.
    pub group: &'static str,
    /// Its name as documents write it.
    pub name: String,
    /// Whether it works.
    pub state: State,
    /// A sentence.
    pub text: String,
}

/// Whether a feature works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// As at the service.
    Works,
    /// Otherwise than at the service; the sentence says how.
    Differs,
    /// Not here.
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
    let mut all = Vec::new();
    let mut add = |group, name: &str, state, text: &str| {
        all.push(Feature { group, name: name.to_owned(), state, text: text.to_owned() });
    };
    for &(group, name, state, text) in FIXED {
        add(group, name, state, text);
    }
    for action in Action::ALL {
        let word = match action.resource() {
            ResourceKind::All => "*".to_owned(),
            kind => format!("{}/...", kind.word()),
        };
        let text = format!("Asked about `{word}`.");
        match action {
            Action::Connect
            | Action::Publish
            | Action::RetainPublish
            | Action::Subscribe
            | Action::Receive => add("action", action.name(), State::Works, &text),
            _ => {
                let text = format!("{text} Decided, but no call of a simulation asks for it.");
                add("action", action.name(), State::Differs, &text);
            }
        }
    }
    for (name, ..) in OPERATORS {
        add("operator", name, State::Works, "As IAM documents it.");
    }
    for who in ["Subject", "Issuer"] {
        let fields = NAME_FIELDS.iter().map(|field| (*field).to_owned());
        let other = ALTERNATIVE_FIELDS.iter().map(|field| format!("AlternativeName.{field}"));
        for field in fields.chain(other) {
            let name = format!("iot:Certificate.{who}.{field}");
            let text = "From the certificate's declared values; `.0` to `.4` and `.List` too.";
            add("variable", &name, State::Works, text);
        }
    }
    for name in FOREIGN {
        add("variable", name, State::Absent, "Accepted with a warning; it never has a value.");
    }
    all
}

/// Features that are not listed by the code elsewhere.
const FIXED: &[(&str, &str, State, &str)] = &[
    (
        "document",
        "Version",
        State::Works,
        "2012-10-17, 2008-10-17; none means 2008-10-17, without variables, and is warned of.",
    ),
    ("document", "Statement, Sid, Effect", State::Works, "One statement or a list."),
    ("document", "Action, NotAction", State::Works, "With `*` and `?`, such as `iot:Get*`."),
    ("document", "Resource, NotResource", State::Works, "ARNs with `*` and `?`, or `*`."),
    ("document", "Condition", State::Works, "All operators and keys must hold."),
    ("document", "Principal", State::Absent, "Refused, as IoT policies have none."),
    ("document", "${*}, ${?}, ${$}", State::Works, "Escaped characters."),
    (
        "document",
        "unknown actions",
        State::Differs,
        "Refused with the right name; the service may accept names that it does not know.",
    ),
    ("document", "size", State::Works, "2048 characters without white space."),
    ("document", "policy versions", State::Absent, "A policy has one document."),
    ("action", "iot:*, *", State::Works, "All of these."),
    ("action", "greengrass:*", State::Differs, "Accepted with a warning; nothing asks about it."),
    ("operator", "ForAllValues:, ForAnyValue:", State::Works, "Before any operator but Null."),
    ("operator", "...IfExists", State::Works, "Behind any operator but Null."),
    ("operator", "Date...", State::Absent, "Refused: no key of a connection holds a date."),
    ("operator", "BinaryEquals", State::Absent, "Refused: no key of a connection holds bytes."),
    ("variable", "iot:ClientId", State::Works, "None over HTTPS."),
    ("variable", "aws:SourceIp", State::Works, "Where the caller gives an address."),
    (
        "variable",
        "iot:Connection.Thing.ThingName",
        State::Works,
        "Where the client id names a registered thing, attached or not.",
    ),
    ("variable", "iot:Connection.Thing.ThingTypeName", State::Works, "Where the thing has one."),
    ("variable", "iot:Connection.Thing.Attributes[NAME]", State::Works, "Where it has one."),
    ("variable", "iot:Connection.Thing.IsAttached", State::Works, "`true` or `false`."),
    ("variable", "iot:CertificateId", State::Works, "The declared id."),
    ("variable", "iot:Certificate.SerialNumber", State::Works, "As declared."),
    (
        "variable",
        "iot:Certificate.AvailableKeys",
        State::Differs,
        "The names of the certificate's variables that have a value; the guide leaves it open.",
    ),
    ("variable", "iot:ConnectAttributes", State::Works, "For iot:Connect only."),
    ("variable", "iot:DomainName", State::Works, "Where the caller gives one."),
    ("variable", "cognito-identity....", State::Absent, "Accepted; it never has a value."),
    ("identity", "certificates", State::Works, "Statuses; only ACTIVE connects; 10 policies."),
    ("identity", "thing groups", State::Works, "Trees of 7 levels, 2 policies a group."),
    ("identity", "dynamic groups", State::Works, "They have no policies."),
    ("identity", "exclusive things", State::Absent, "Every attachment is a plain one."),
    ("identity", "Cognito, custom authorizers", State::Absent, "Certificates are the principals."),
    (
        "identity",
        "delay of changes",
        State::Differs,
        "A changed policy acts at once; at the service it may take minutes.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::variable::Variable;

    #[test]
    fn names_are_unique_and_every_variable_is_one_that_documents_may_use() {
        let all = catalogue();
        let mut names: Vec<_> = all.iter().map(|f| (f.group, f.name.as_str())).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        for feature in all.iter().filter(|f| f.group == "variable" && !f.name.contains("....")) {
            let read = Variable::parse(&feature.name);
            assert_eq!(read.map(|v| v.to_string()).as_ref(), Ok(&feature.name));
        }
        for action in Action::ALL {
            assert!(all.iter().any(|f| f.group == "action" && f.name == action.name()), "{action}");
        }
    }
}
