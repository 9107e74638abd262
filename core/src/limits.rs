//! Service limits: each a named constant with its unit and source.
//!
//! "Quotas" is the page "AWS IoT Core endpoints and quotas" of the AWS General Reference.

/// Longest topic or topic filter, in bytes of UTF-8. Source: Quotas, message broker.
pub const TOPIC_BYTES_MAX: usize = 256;

/// Most forward slashes in a topic, not counting the reserved `$aws/rules/<rule>/` prefix.
/// Source: Quotas, message broker.
pub const TOPIC_SLASHES_MAX: usize = 7;

/// Largest publish payload, in bytes (128 KiB). Source: Quotas, message broker.
pub const PAYLOAD_BYTES_MAX: usize = 128 * 1024;

/// Largest shadow state document, in bytes (8 KiB). Source: Quotas, Device Shadow.
pub const SHADOW_BYTES_MAX: usize = 8 * 1024;

/// Deepest nesting within desired or reported, in levels. Source: Quotas, Device Shadow (the older
/// error text says 6; the quota page says 8, which is what we allow).
pub const SHADOW_DEPTH_MAX: usize = 8;

/// Longest client token, in bytes. Source: Quotas, Device Shadow.
pub const CLIENT_TOKEN_BYTES_MAX: usize = 64;

/// How long a deleted shadow's version is remembered, in seconds (48 h). Source: AWS IoT Core
/// developer guide, "Device Shadow service data flow".
pub const SHADOW_TOMBSTONE_S: i64 = 48 * 3_600;

/// Most messages queued for an offline persistent session. Source: ours; the service bounds the
/// queue by an hour of session expiry, a simulation needs a number. The oldest is dropped, counted.
pub const OFFLINE_QUEUE_MAX: usize = 1_000;

/// Most republish hops of one message. Source: ours; the service lets loops run (and bills them),
/// we stop and count.
pub const REPUBLISH_HOPS_MAX: u8 = 8;

/// Longest SQL statement of a rule, in bytes of UTF-8. Source: Quotas, rules engine.
pub const SQL_BYTES_MAX: usize = 20 * 1024;

/// Most actions of one rule. Source: Quotas, rules engine.
pub const RULE_ACTIONS_MAX: usize = 10;
