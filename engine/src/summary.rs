//! The numbers that a run ends with.

use fieldmirror_cloud::metrics::RuleMetrics;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What `run --format json` prints, and `summary.json` keeps.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Summary {
    /// Version of this object: 1.
    pub schema_version: u32,
    /// Name of the scenario.
    pub scenario: String,
    /// Seed.
    pub seed: u64,
    /// Run directory.
    pub run: String,
    /// Things that report.
    pub devices: u64,
    /// Simulated time, in seconds.
    pub simulated_s: f64,
    /// Threads that ran shards.
    pub threads: usize,
    /// From start to the first step, in seconds.
    pub startup_s: f64,
    /// From the first step to the last table closed, in seconds.
    pub loop_s: f64,
    /// Tickets as text, report and manifest, in seconds.
    pub report_s: f64,
    /// All of it, in seconds.
    pub wall_s: f64,
    /// Frames that devices sent.
    pub uplinks_sent: u64,
    /// Frames that reached the network server.
    pub uplinks_delivered: u64,
    /// Frames that did not, by reason.
    pub uplinks_lost: BTreeMap<String, u64>,
    /// Device publishes that the cloud accepted.
    pub messages: u64,
    /// `messages / loop_s`.
    pub messages_per_s: f64,
    /// Rule matches.
    pub rule_matches: u64,
    /// Commands that functions and plans published.
    pub commands: u64,
    /// Commands a day and zone, by zone; the mean over the run. Empty for fleets.
    pub commands_per_zone_day: BTreeMap<String, f64>,
    /// Accepted shadow updates.
    pub shadow_updates: u64,
    /// Frames that the network server refused for their counter or length; a sound run has none.
    pub frames_refused: u64,
    /// What the cloud refused, for any reason; a run without foreign clients has none.
    pub publishes_denied: u64,
    /// The same by reason.
    #[serde(default)]
    pub rejections: BTreeMap<String, u64>,
    /// Of these, what policies denied: connects, publishes, subscriptions, deliveries.
    #[serde(default)]
    pub denials: u64,
    /// Republishes and function calls cut because rules had passed the message on too often.
    #[serde(default)]
    pub republish_hops_cut: u64,
    /// What was counted for each rule, by its name.
    #[serde(default)]
    pub rule_metrics: BTreeMap<String, RuleMetrics>,
    /// What actions wrote into files under `sinks/`, by kind.
    #[serde(default)]
    pub sink_records: BTreeMap<String, u64>,
    /// Faults in the truth table.
    pub faults: u64,
    /// Findings.
    pub findings: u64,
    /// Tickets.
    pub tickets: u64,
    /// Share of tickets that name a fault's device in its time; absent without tickets.
    pub ticket_precision: Option<f64>,
    /// Share of faults that a ticket names in time; absent without faults.
    pub ticket_recall: Option<f64>,
    /// Ids of the faults that tickets would name if only this detector's findings counted.
    pub found_by_detector: BTreeMap<String, Vec<String>>,
    /// Tickets that there would be then.
    pub tickets_by_detector: BTreeMap<String, u64>,
    /// Largest resident memory, in MiB; absent where the system does not tell.
    pub peak_rss_mb: Option<f64>,
    /// Digest of the run.
    pub digest: String,
    /// Digest of the world's tables.
    pub digest_world: String,
    /// Where the loop's time went: stage to nanoseconds a message, summed over threads.
    pub stage_ns_per_message: BTreeMap<String, f64>,
}
