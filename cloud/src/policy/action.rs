//! The actions that an IoT policy speaks of, and what each is asked about.
//!
//! # Source
//! AWS IoT Core developer guide, "AWS IoT Core policy actions" and "Policy actions and resources".

use std::fmt;

/// An action of the data plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Action {
    /// A CONNECT under a client id.
    Connect,
    /// A PUBLISH, and the will of a CONNECT.
    Publish,
    /// A PUBLISH with RETAIN, beside [`Action::Publish`].
    RetainPublish,
    /// One filter of a SUBSCRIBE.
    Subscribe,
    /// One delivery to the client.
    Receive,
    /// Reads one retained message over HTTPS.
    GetRetainedMessage,
    /// Lists retained messages over HTTPS.
    ListRetainedMessages,
    /// Reads a shadow over HTTPS.
    GetThingShadow,
    /// Changes a shadow over HTTPS.
    UpdateThingShadow,
    /// Deletes a shadow over HTTPS.
    DeleteThingShadow,
    /// Lists named shadows over HTTPS.
    ListNamedShadowsForThing,
    /// Jobs over HTTPS: one execution.
    DescribeJobExecution,
    /// Jobs over HTTPS: what waits.
    GetPendingJobExecutions,
    /// Jobs over HTTPS: the next one begins.
    StartNextPendingJobExecution,
    /// Jobs over HTTPS: how far one is.
    UpdateJobExecution,
    /// Asks the credential provider for a role.
    AssumeRoleWithCertificate,
    /// Closes a client's connection over HTTPS.
    DeleteConnection,
    /// Reads a client's connection over HTTPS.
    GetConnection,
    /// Lists a client's subscriptions over HTTPS.
    ListSubscriptions,
    /// Sends to one client over HTTPS.
    SendDirectMessage,
}

/// The kind of resource that an action is asked about: the word before the first `/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceKind {
    /// `client/<client id>`.
    Client,
    /// `topic/<topic>`.
    Topic,
    /// `topicfilter/<filter>`.
    TopicFilter,
    /// `thing/<thing>` or `thing/<thing>/<shadow>`.
    Thing,
    /// `rolealias/<alias>`.
    RoleAlias,
    /// No resource of its own: the request is for `*`.
    All,
}

impl Action {
    /// All of them, in the order of the guide's table.
    pub const ALL: [Self; 20] = [
        Self::Connect,
        Self::Publish,
        Self::RetainPublish,
        Self::Subscribe,
        Self::Receive,
        Self::GetRetainedMessage,
        Self::ListRetainedMessages,
        Self::GetThingShadow,
        Self::UpdateThingShadow,
        Self::DeleteThingShadow,
        Self::ListNamedShadowsForThing,
        Self::DescribeJobExecution,
        Self::GetPendingJobExecutions,
        Self::StartNextPendingJobExecution,
        Self::UpdateJobExecution,
        Self::AssumeRoleWithCertificate,
        Self::DeleteConnection,
        Self::GetConnection,
        Self::ListSubscriptions,
        Self::SendDirectMessage,
    ];

    /// The name as policies write it, such as `iot:Publish`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connect => "iot:Connect",
            Self::Publish => "iot:Publish",
            Self::RetainPublish => "iot:RetainPublish",
            Self::Subscribe => "iot:Subscribe",
            Self::Receive => "iot:Receive",
            Self::GetRetainedMessage => "iot:GetRetainedMessage",
            Self::ListRetainedMessages => "iot:ListRetainedMessages",
            Self::GetThingShadow => "iot:GetThingShadow",
            Self::UpdateThingShadow => "iot:UpdateThingShadow",
            Self::DeleteThingShadow => "iot:DeleteThingShadow",
            Self::ListNamedShadowsForThing => "iot:ListNamedShadowsForThing",
            Self::DescribeJobExecution => "iot:DescribeJobExecution",
            Self::GetPendingJobExecutions => "iot:GetPendingJobExecutions",
            Self::StartNextPendingJobExecution => "iot:StartNextPendingJobExecution",
            Self::UpdateJobExecution => "iot:UpdateJobExecution",
            Self::AssumeRoleWithCertificate => "iot:AssumeRoleWithCertificate",
            Self::DeleteConnection => "iot:DeleteConnection",
            Self::GetConnection => "iot:GetConnection",
            Self::ListSubscriptions => "iot:ListSubscriptions",
            Self::SendDirectMessage => "iot:SendDirectMessage",
        }
    }

    /// The action of a name such as `iot:Publish`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }

    /// What the action is asked about.
    pub const fn resource(self) -> ResourceKind {
        match self {
            Self::Connect
            | Self::DeleteConnection
            | Self::GetConnection
            | Self::ListSubscriptions
            | Self::SendDirectMessage => ResourceKind::Client,
            Self::Publish | Self::RetainPublish | Self::Receive | Self::GetRetainedMessage => {
                ResourceKind::Topic
            }
            Self::Subscribe => ResourceKind::TopicFilter,
            Self::ListRetainedMessages => ResourceKind::All,
            Self::GetThingShadow
            | Self::UpdateThingShadow
            | Self::DeleteThingShadow
            | Self::ListNamedShadowsForThing
            | Self::DescribeJobExecution
            | Self::GetPendingJobExecutions
            | Self::StartNextPendingJobExecution
            | Self::UpdateJobExecution => ResourceKind::Thing,
            Self::AssumeRoleWithCertificate => ResourceKind::RoleAlias,
        }
    }

    /// Whether the action is ever asked about a resource of this kind.
    pub fn takes(self, kind: ResourceKind) -> bool {
        self.resource() == kind
    }

    /// The action as one bit of a set.
    pub(crate) const fn bit(self) -> u32 {
        1 << self as u8
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl ResourceKind {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Client, Self::Topic, Self::TopicFilter, Self::Thing, Self::RoleAlias, Self::All];

    /// The word before the first `/`; empty for [`ResourceKind::All`].
    pub const fn word(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Topic => "topic",
            Self::TopicFilter => "topicfilter",
            Self::Thing => "thing",
            Self::RoleAlias => "rolealias",
            Self::All => "",
        }
    }

    /// How a resource of the kind is written, such as `topicfilter/FILTER`.
    pub const fn example(self) -> &'static str {
        match self {
            Self::Client => "client/ID",
            Self::Topic => "topic/TOPIC",
            Self::TopicFilter => "topicfilter/FILTER",
            Self::Thing => "thing/NAME",
            Self::RoleAlias => "rolealias/NAME",
            Self::All => "*",
        }
    }
}

/// Actions of AWS IoT that belong into IAM policies: a policy of a certificate that names one
/// grants nothing, and is refused here with that reason.
///
/// # Source
/// AWS IoT API reference, operations of the control plane; the verbs, since names grow.
pub(crate) const CONTROL_VERBS: [&str; 25] = [
    "Accept",
    "Add",
    "Associate",
    "Attach",
    "Cancel",
    "Clear",
    "Confirm",
    "Create",
    "Delete",
    "Deprecate",
    "Describe",
    "Detach",
    "Disable",
    "Enable",
    "Get",
    "List",
    "Put",
    "Register",
    "Reject",
    "Remove",
    "Replace",
    "Search",
    "Set",
    "Transfer",
    "Update",
];
