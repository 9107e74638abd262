//! Everything that comes out of a step: rows for the tables, deliveries for the sessions.
//!
//! One struct of arrays over one byte arena. The caller owns it, hands it to every call of the
//! step, reads it, and [`Outputs::clear`]s it; capacities stay. Rows of a kind stand in the order
//! in which they happened.

mod actions;

pub use actions::{ActionKind, Outcome};

use fieldmirror_core::ids::DeviceIx;
use fieldmirror_core::time::Timestamp;

/// A slice of [`Outputs::bytes`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ByteRange {
    /// First byte.
    pub start: u32,
    /// Number of bytes.
    pub len: u32,
}

/// Who made a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A registered thing.
    Device,
    /// A function that a rule called.
    Function,
    /// A rule's republish action.
    Rule,
    /// A client that is no registered thing.
    App,
    /// The shadow service: responses and deltas that somebody listens to.
    Shadow,
}

/// Why an input was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RejectionCode {
    /// The client id is empty, too long or begins with `$`.
    ClientId,
    /// More clients that are no things have connected than the core knows.
    ClientLimit,
    /// The client has no connected session.
    NotConnected,
    /// The topic or filter breaks the grammar or a limit.
    Topic,
    /// The topic is reserved and not for publishing, or a service that is not offered.
    ReservedTopic,
    /// The quality of service is neither 0 nor 1.
    QualityOfService,
    /// The payload is longer than 128 KiB.
    PayloadTooLarge,
    /// A retained publish on a reserved topic.
    RetainReserved,
    /// The session has as many subscriptions as it may.
    SubscriptionLimit,
    /// Policies deny it; the detail names the action, the resource and the deciding statement.
    NotAuthorized,
    /// More topics are in use than the core holds.
    TopicLimit,
    /// More messages are retained than the core holds.
    RetainedLimit,
    /// Basic Ingest named no enabled rule.
    RuleNotFound,
    /// A rule's statement failed while it ran.
    RuleFailed,
    /// The shadow request was refused; the detail is the code and message of `rejected`.
    Shadow,
}

/// An accepted message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageRow {
    /// When the cloud stored it.
    pub time: Timestamp,
    /// Topic id.
    pub topic: u32,
    /// Principal id.
    pub principal: u32,
    /// The payload.
    pub payload: ByteRange,
    /// Who made it.
    pub source: Source,
}

/// A rule whose FROM and WHERE a message satisfied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatchRow {
    /// When.
    pub time: Timestamp,
    /// Position in the specification's rules.
    pub rule: u16,
    /// Topic id of the message.
    pub topic: u32,
    /// Principal id of the message.
    pub principal: u32,
}

/// An action that a rule took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActionRow {
    /// When.
    pub time: Timestamp,
    /// Position in the specification's rules.
    pub rule: u16,
    /// What it does.
    pub kind: ActionKind,
    /// Target id: what the rule names, such as a function, table or topic, with its templates as
    /// they were written.
    pub target: u16,
    /// The target that the templates gave; `None` where it has none.
    pub resource: Option<ByteRange>,
    /// What the target gets: bytes, or JSON as the table in `actions::bodies` says.
    pub body: ByteRange,
    /// What goes with the body, as a JSON object: a key, headers, an execution's name.
    pub parameters: Option<ByteRange>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it failed.
    pub error: Option<ByteRange>,
}

/// Something for a target that is a file: an object, or a record of a stream, queue or topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SinkRow {
    /// When.
    pub time: Timestamp,
    /// `s3`, `kinesis`, `sqs`, `sns` or `firehose`.
    pub kind: ActionKind,
    /// The bucket, stream, queue or topic.
    pub target: ByteRange,
    /// The object's key or the record's partition key; empty where there is none.
    pub key: ByteRange,
    /// The object or record.
    pub body: ByteRange,
}

/// An accepted shadow update: the request's sections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShadowRow {
    /// When.
    pub time: Timestamp,
    /// Whose classic shadow.
    pub thing: DeviceIx,
    /// The version that the update made.
    pub version: u64,
    /// The request's desired section (the text `null` where it cleared the section).
    pub desired: Option<ByteRange>,
    /// The request's reported section (the text `null` where it cleared the section).
    pub reported: Option<ByteRange>,
    /// What desired and reported differ in after the update.
    pub delta: Option<ByteRange>,
}

/// A message handed to a connected session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// When.
    pub time: Timestamp,
    /// Principal id of the receiving client; below the number of things it is a [`DeviceIx`].
    pub client: u32,
    /// Topic id.
    pub topic: u32,
    /// The payload.
    pub payload: ByteRange,
    /// Quality of service: 0 or 1.
    pub qos: u8,
    /// Whether it is a retained message, delivered because of a new subscription.
    pub retained: bool,
}

/// An input that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// When.
    pub time: Timestamp,
    /// Principal id of the client, if its id is valid.
    pub principal: Option<u32>,
    /// Why.
    pub code: RejectionCode,
    /// More words: the topic, filter or message concerned.
    pub detail: ByteRange,
}

/// Totals since the caller last cleared them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Messages accepted, from anybody.
    pub messages: u64,
    /// Messages accepted from registered things.
    pub device_messages: u64,
    /// Rules matched.
    pub matches: u64,
    /// Commands sent by functions.
    pub commands: u64,
    /// Shadow updates accepted.
    pub shadow_updates: u64,
    /// Messages handed to sessions.
    pub deliveries: u64,
    /// Republishes and function calls cut by the hop limit.
    pub hops_cut: u64,
    /// Messages of Basic Ingest for a rule that is not there or disabled.
    pub rules_not_found: u64,
    /// Error actions that failed themselves.
    pub error_action_failures: u64,
    /// What policies denied: connects, publishes, subscriptions, deliveries.
    pub denials: u64,
    /// Messages dropped from offline queues, the oldest first.
    pub queue_drops: u64,
    /// Persistent sessions whose time ran out.
    pub sessions_expired: u64,
    /// Table items displaced because the table held as many keys as it may.
    pub table_drops: u64,
}

/// Rows and deliveries of one step.
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    /// The arena that every [`ByteRange`] points into. At most 4 GiB between two clears.
    pub bytes: Vec<u8>,
    /// Accepted messages.
    pub messages: Vec<MessageRow>,
    /// Rule matches.
    pub matches: Vec<MatchRow>,
    /// Actions.
    pub actions: Vec<ActionRow>,
    /// What actions send to targets that are files.
    pub sinks: Vec<SinkRow>,
    /// Accepted shadow updates.
    pub shadows: Vec<ShadowRow>,
    /// Messages for connected sessions.
    pub deliveries: Vec<Delivery>,
    /// Refused inputs.
    pub rejections: Vec<Rejection>,
    /// Totals; not touched by [`Outputs::clear`].
    pub counters: Counters,
}

impl Outputs {
    /// Empties all rows and the arena and keeps their capacity and the counters.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.messages.clear();
        self.matches.clear();
        self.actions.clear();
        self.sinks.clear();
        self.shadows.clear();
        self.deliveries.clear();
        self.rejections.clear();
    }

    /// The bytes of `range`.
    ///
    /// # Panics
    /// If `range` was made before the last [`Outputs::clear`].
    pub fn slice(&self, range: ByteRange) -> &[u8] {
        range.of(&self.bytes)
    }

    /// The text of `range`; anything that is not UTF-8 gives the replacement character, since
    /// payloads of foreign clients may be any bytes.
    pub fn text(&self, range: ByteRange) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.slice(range))
    }

    /// Copies `bytes` into the arena.
    pub(crate) fn store(&mut self, bytes: &[u8]) -> ByteRange {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.range_from(start)
    }

    /// Everything appended to the arena since it was `start` long.
    pub(crate) fn range_from(&self, start: usize) -> ByteRange {
        debug_assert!(self.bytes.len() <= u32::MAX as usize, "arena above 4 GiB");
        ByteRange { start: start as u32, len: (self.bytes.len() - start) as u32 }
    }

    pub(crate) fn reject(
        &mut self,
        time: Timestamp,
        principal: Option<u32>,
        code: RejectionCode,
        detail: &str,
    ) {
        let detail = self.store(detail.as_bytes());
        self.rejections.push(Rejection { time, principal, code, detail });
    }
}

impl ByteRange {
    /// The bytes of this range in `arena`.
    pub fn of(self, arena: &[u8]) -> &[u8] {
        &arena[self.start as usize..self.start as usize + self.len as usize]
    }
}

/// Bytes that may be no text, as base64.
pub fn base64(bytes: &[u8]) -> String {
    let mut text = Vec::new();
    crate::actions::write_base64(bytes, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

impl Source {
    /// All sources.
    pub const ALL: [Self; 5] = [Self::Device, Self::Function, Self::Rule, Self::App, Self::Shadow];

    /// The name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Function => "function",
            Self::Rule => "rule",
            Self::App => "app",
            Self::Shadow => "shadow",
        }
    }
}

impl RejectionCode {
    /// All codes.
    pub const ALL: [Self; 15] = [
        Self::ClientId,
        Self::ClientLimit,
        Self::NotConnected,
        Self::Topic,
        Self::ReservedTopic,
        Self::QualityOfService,
        Self::PayloadTooLarge,
        Self::RetainReserved,
        Self::SubscriptionLimit,
        Self::NotAuthorized,
        Self::TopicLimit,
        Self::RetainedLimit,
        Self::RuleNotFound,
        Self::RuleFailed,
        Self::Shadow,
    ];

    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClientId => "client_id",
            Self::ClientLimit => "client_limit",
            Self::NotConnected => "not_connected",
            Self::Topic => "topic",
            Self::ReservedTopic => "reserved_topic",
            Self::QualityOfService => "quality_of_service",
            Self::PayloadTooLarge => "payload_too_large",
            Self::RetainReserved => "retain_reserved",
            Self::SubscriptionLimit => "subscription_limit",
            Self::NotAuthorized => "not_authorized",
            Self::TopicLimit => "topic_limit",
            Self::RetainedLimit => "retained_limit",
            Self::RuleNotFound => "rule_not_found",
            Self::RuleFailed => "rule_failed",
            Self::Shadow => "shadow",
        }
    }
}
