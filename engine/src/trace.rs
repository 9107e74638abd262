//! `rules trace`: why a recorded run did something, or did nothing.
//!
//! ```text
//! messages      which message: the device's last one at or before the instant
//! scenario      the rules; each is evaluated again over that message, with its explanation
//! rule_matches  what the run recorded of it, to compare
//! actions       what was done
//! shadows       the thing's shadow before and after, replayed through the core's own shadow code
//! uplinks       how the message came over the air, and which frames after it were lost
//! rejections    what was refused after it, and which policy statements spoke
//! ```
//!
//! Nothing is guessed: what is shown is recorded or computed again from what is recorded, and where
//! the two differ, it says so. [`verify`] compares every message of a run with every rule.

mod air;
mod done;
mod find;
mod refused;
mod render;
mod shadow;
mod verify;

use crate::error::EngineError;
use crate::recorded::Recorded;
use fieldmirror_core::time::{Span, Timestamp};
use fieldmirror_rules::context::Context;
use fieldmirror_rules::explain::{Explanation, TopicMatch};
use std::path::Path;

pub use air::{Frame, Silence};
pub use done::Done;
pub use find::Message;
pub use refused::Refused;
pub use shadow::{ShadowChange, ShadowState};
pub use verify::{Disagreement, Verified, verify};

/// What is to be traced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceOptions {
    /// A thing or other client; the one that published last if none is named.
    pub device: Option<String>,
    /// When; the device's last message if none is named.
    pub at: Option<At>,
}

/// An instant as people write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// A time of day; everything in the written second or millisecond counts as at it.
    Time {
        /// The beginning.
        from: Timestamp,
        /// How long what was written lasts.
        lasts: Span,
    },
    /// So long after the start of the run.
    Since(Span),
}

/// What happened at an instant to a device's message, and why.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The scenario's name.
    pub scenario: String,
    /// The device or other client.
    pub device: String,
    /// The instant that was asked for; that of the message if none was.
    pub at: Timestamp,
    /// What the device published, or what was published for it, last at or before the instant; more
    /// than one only if they share an instant.
    pub messages: Vec<Traced>,
    /// What was refused to the device last at or before the instant, if no message came after it.
    pub refused: Vec<Refused>,
    /// Why nothing happened at the instant; `None` if a message or a refusal stands there.
    pub silence: Option<Silence>,
    /// The thing's shadow; `None` if the device is no thing.
    pub shadow: Option<ShadowChange>,
    /// Where recording and recomputation differ, and what could not be computed again.
    pub notes: Vec<String>,
}

/// A message and what every rule made of it.
#[derive(Clone, Debug)]
pub struct Traced {
    /// The message.
    pub message: Message,
    /// How it came over the air, if it did.
    pub frame: Option<Frame>,
    /// Every rule of the scenario, in order.
    pub rules: Vec<RuleVerdict>,
}

/// What a rule made of a message.
#[derive(Clone, Debug)]
pub struct RuleVerdict {
    /// The rule.
    pub rule: String,
    /// Its statement.
    pub sql: String,
    /// Why it was not evaluated: disabled, or FROM does not match.
    pub unheard: Option<String>,
    /// Whether it fires when it is evaluated again.
    pub fires: bool,
    /// Whether the run recorded a match; `None` if rows with the same key cannot be told apart.
    pub recorded: Option<bool>,
    /// Every sub-expression, if it was evaluated.
    pub explanation: Option<Explanation>,
    /// What it did, as recorded.
    pub actions: Vec<Done>,
}

impl RuleVerdict {
    /// The verdict in a sentence.
    pub fn sentence(&self) -> String {
        match (&self.unheard, &self.explanation) {
            (Some(why), _) => why.clone(),
            (None, Some(explanation)) => explanation.summary(),
            (None, None) => "not evaluated".to_owned(),
        }
    }

    /// Whether the recording says the same.
    pub fn agrees(&self) -> bool {
        self.recorded.is_none_or(|recorded| recorded == self.fires)
    }
}

impl At {
    /// Reads a time (`2017-06-20T06:10:00Z`, a date) or a duration from the start (`15d`, `36h`).
    ///
    /// # Errors
    /// What was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Ok(span) = Span::parse(text) {
            return Ok(Self::Since(span));
        }
        let from = Timestamp::parse(text).map_err(|_| {
            format!(
                "`{text}` is no time; expected one like 2017-06-20T06:10:00Z, or a duration since \
                 the start of the run like 36h or 15d"
            )
        })?;
        let lasts = match (text.contains('T'), text.contains('.')) {
            (false, _) => Span::ZERO,
            (true, false) => Span::from_nanos(999_999_999),
            (true, true) => Span::from_nanos(999_999),
        };
        Ok(Self::Time { from, lasts })
    }

    /// The last instant that it means in a run that began at `start`.
    fn until(self, start: Timestamp) -> Timestamp {
        match self {
            Self::Time { from, lasts } => from + lasts,
            Self::Since(span) => start + span,
        }
    }

    /// The first one.
    fn from(self, start: Timestamp) -> Timestamp {
        match self {
            Self::Time { from, .. } => from,
            Self::Since(span) => start + span,
        }
    }
}

/// Traces a message of the run in the directory `run`.
///
/// # Errors
/// [`EngineError::NotARun`], [`EngineError::Scenario`] and [`EngineError::Tables`] if the directory
/// does not hold a finished run, [`EngineError::NoTrace`] if the device or time is not in it.
pub fn trace(run: &Path, options: &TraceOptions) -> Result<Trace, EngineError> {
    let recorded = Recorded::open(run)?;
    let start = recorded.scenario.start();
    let until = options.at.map(|at| at.until(start));
    if let Some(at) = options.at {
        check_time(&recorded, at.from(start))?;
    }
    let found = find::find(run, &recorded, options.device.as_deref(), until)?;
    let device = found.device;
    let last = found.messages.first().map(|message| message.time);
    let mut refused = found.refused;
    refused.retain(|refused| last.is_none_or(|last| refused.time >= last));
    let at = match (options.at, refused.first().map(|refused| refused.time).or(last)) {
        (Some(at), _) => at.from(start),
        (None, Some(time)) => time,
        (None, None) => recorded.scenario.end(),
    };
    let mut notes = Vec::new();
    let silence = match last {
        _ if !refused.is_empty() => None,
        Some(time) if time >= at => None,
        last => Some(air::silence(run, &recorded, &device, last, at)?),
    };
    let shadow = shadow::around(run, &recorded, &device, last.unwrap_or(at), &mut notes)?;
    let services = shadow::Services::new(run, &recorded, last.unwrap_or(at));
    let mut messages = Vec::new();
    for message in found.messages {
        let frame = air::frame(run, &recorded, &message)?;
        let rules = verdicts(&recorded, &message, &services);
        messages.push(Traced { message, frame, rules });
    }
    done::attach(run, &recorded, &mut messages)?;
    notes.extend(services.notes());
    notes.extend(disagreements(&messages));
    let scenario = recorded.scenario.text.name.clone();
    Ok(Trace { scenario, device, at, messages, refused, silence, shadow, notes })
}

fn check_time(recorded: &Recorded, at: Timestamp) -> Result<(), EngineError> {
    let (start, end) = (recorded.scenario.start(), recorded.scenario.end());
    if at < start || at > end {
        return Err(EngineError::NoTrace {
            why: format!("{at} is outside of the run; expected a time from {start} to {end}"),
        });
    }
    Ok(())
}

/// Evaluates every rule over `message` again.
fn verdicts(
    recorded: &Recorded,
    message: &Message,
    services: &shadow::Services<'_>,
) -> Vec<RuleVerdict> {
    let (heard, topic) = recorded.heard(&message.topic);
    let client = message.client();
    let context = Context {
        client_id: client,
        principal: client,
        functions: Some(services),
        ..Context::new(topic, message.time)
    };
    let rules = recorded.rules.iter().enumerate();
    rules
        .map(|(number, rule)| {
            let is_heard = heard.contains(&(number as u16));
            let explanation =
                is_heard.then(|| rule.rule.explain_direct(message.payload.as_bytes(), &context));
            let from = rule.rule.filter().map(|filter| TopicMatch::of(filter, topic));
            let unheard = (!is_heard).then(|| match from.and_then(|from| from.why) {
                _ if rule.spec.disabled => "the rule is disabled".to_owned(),
                Some(why) => why,
                None if rule.rule.filter().is_some() => {
                    "Basic Ingest names another rule".to_owned()
                }
                None => "it has no FROM: only Basic Ingest reaches it".to_owned(),
            });
            let fires = explanation.as_ref().is_some_and(|e| matches!(e.outcome, Ok(Some(_))));
            RuleVerdict {
                rule: rule.name.clone(),
                sql: rule.spec.sql.clone(),
                fires,
                recorded: None,
                explanation,
                unheard,
                actions: Vec::new(),
            }
        })
        .collect()
}

fn disagreements(messages: &[Traced]) -> Vec<String> {
    let mut notes = Vec::new();
    for traced in messages {
        for verdict in traced.rules.iter().filter(|verdict| !verdict.agrees()) {
            let recorded = if verdict.fires { "silent" } else { "a match" };
            notes.push(format!(
                "the run recorded {recorded} of rule {} for this message, and here it comes out \
                 otherwise: what the statement asked for (a random number, a service) is not in \
                 the recording",
                verdict.rule
            ));
        }
    }
    notes
}
