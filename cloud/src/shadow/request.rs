//! Shadow requests: read once, checked in the service's order, refused with its codes.
//!
//! # Source
//! AWS IoT Core developer guide, "Device Shadow error messages".

use fieldmirror_core::limits::{CLIENT_TOKEN_BYTES_MAX, SHADOW_DEPTH_MAX};
use fieldmirror_rules::value::{Object, Value};

/// A checked update request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct UpdateRequest {
    pub(crate) desired: Patch,
    pub(crate) reported: Patch,
    /// The version that the shadow must have.
    pub(crate) version: Option<u64>,
    pub(crate) client_token: Option<String>,
    /// Whether the request's whole `state` was null.
    pub(crate) state_is_null: bool,
}

/// What a request does with a section.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Patch {
    /// Nothing.
    Absent,
    /// Removes it.
    Clear,
    /// Merges this into it.
    Merge(Object),
}

/// Why a shadow request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShadowError {
    InvalidJson,
    MissingState,
    StateNoObject,
    DesiredNoObject,
    ReportedNoObject,
    InvalidVersion,
    InvalidClientToken,
    TooDeep,
    InvalidNode,
    UnknownThing,
    NoShadow,
    VersionConflict,
    TooLarge,
    NotUtf8,
}

/// A refused request and the token to answer with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) error: ShadowError,
    pub(crate) client_token: Option<String>,
}

impl ShadowError {
    /// The code of `rejected`.
    pub(crate) const fn code(self) -> u16 {
        match self {
            Self::UnknownThing | Self::NoShadow => 404,
            Self::VersionConflict => 409,
            Self::TooLarge => 413,
            Self::NotUtf8 => 415,
            _ => 400,
        }
    }

    /// The message of `rejected`.
    pub(crate) fn message(self, thing: &str) -> String {
        match self {
            Self::InvalidJson => "Invalid JSON".to_owned(),
            Self::MissingState => "Missing required node: state".to_owned(),
            Self::StateNoObject => "State node must be an object".to_owned(),
            Self::DesiredNoObject => "Desired node must be an object".to_owned(),
            Self::ReportedNoObject => "Reported node must be an object".to_owned(),
            Self::InvalidVersion => "Invalid version".to_owned(),
            Self::InvalidClientToken => "Invalid clientToken".to_owned(),
            Self::TooDeep => {
                format!("JSON contains too many levels of nesting; maximum is {SHADOW_DEPTH_MAX}")
            }
            Self::InvalidNode => "State contains an invalid node".to_owned(),
            Self::UnknownThing => "Thing not found".to_owned(),
            Self::NoShadow => format!("No shadow exists with name: '{thing}'"),
            Self::VersionConflict => "Version conflict".to_owned(),
            Self::TooLarge => "The payload exceeds the maximum size allowed".to_owned(),
            // The service's own spelling.
            Self::NotUtf8 => {
                "Unsupported documented encoding; supported encoding is UTF-8".to_owned()
            }
        }
    }
}

impl UpdateRequest {
    /// A request that merges `reported`, as the LoRaWAN integration makes of an uplink.
    pub(crate) fn reporting(reported: Object) -> Self {
        Self::merging(Patch::Absent, Patch::Merge(reported))
    }

    /// A request without version or token.
    pub(crate) fn merging(desired: Patch, reported: Patch) -> Self {
        Self { desired, reported, version: None, client_token: None, state_is_null: false }
    }

    /// Reads an update's payload.
    pub(crate) fn parse(payload: &[u8]) -> Result<Self, Refusal> {
        let root = parse_root(payload)?;
        let client_token = client_token(&root)?;
        let refuse = |error| Refusal { error, client_token: client_token.clone() };
        let version = match root.get("version") {
            None => None,
            Some(Value::Int(int)) => {
                Some(u64::try_from(*int).map_err(|_| refuse(ShadowError::InvalidVersion))?)
            }
            Some(_) => return Err(refuse(ShadowError::InvalidVersion)),
        };
        let state = root.get("state").ok_or_else(|| refuse(ShadowError::MissingState))?;
        let sections = match state {
            Value::Object(sections) => sections,
            Value::Null => {
                return Ok(Self {
                    version,
                    client_token,
                    state_is_null: true,
                    ..Self::merging(Patch::Clear, Patch::Clear)
                });
            }
            _ => return Err(refuse(ShadowError::StateNoObject)),
        };
        if sections.iter().any(|(key, _)| !matches!(key, "desired" | "reported")) {
            return Err(refuse(ShadowError::InvalidNode));
        }
        let desired = Patch::read(sections.get("desired"), ShadowError::DesiredNoObject);
        let reported = Patch::read(sections.get("reported"), ShadowError::ReportedNoObject);
        Ok(Self {
            desired: desired.map_err(refuse)?,
            reported: reported.map_err(refuse)?,
            version,
            client_token,
            state_is_null: false,
        })
    }
}

impl Patch {
    fn read(section: Option<&Value>, no_object: ShadowError) -> Result<Self, ShadowError> {
        match section {
            None => Ok(Self::Absent),
            Some(Value::Null) => Ok(Self::Clear),
            Some(Value::Object(object)) => {
                check_object(object, 1)?;
                Ok(Self::Merge(object.clone()))
            }
            Some(_) => Err(no_object),
        }
    }
}

/// Reads the payload of a get or delete request, which may be empty, for its token.
pub(crate) fn parse_token(payload: &[u8]) -> Result<Option<String>, Refusal> {
    if payload.is_empty() {
        return Ok(None);
    }
    client_token(&parse_root(payload)?)
}

fn parse_root(payload: &[u8]) -> Result<Object, Refusal> {
    let refuse = |error| Refusal { error, client_token: None };
    if std::str::from_utf8(payload).is_err() {
        return Err(refuse(ShadowError::NotUtf8));
    }
    match Value::from_json(payload) {
        Ok(Value::Object(root)) => Ok(root),
        // An array or scalar is JSON, but no document.
        Ok(_) | Err(_) => Err(refuse(ShadowError::InvalidJson)),
    }
}

fn client_token(root: &Object) -> Result<Option<String>, Refusal> {
    match root.get("clientToken") {
        None => Ok(None),
        Some(Value::String(token)) if token.len() <= CLIENT_TOKEN_BYTES_MAX => {
            Ok(Some(token.clone()))
        }
        Some(_) => Err(Refusal { error: ShadowError::InvalidClientToken, client_token: None }),
    }
}

/// Checks nesting and that no array holds null; `depth` is this object's level.
fn check_object(object: &Object, depth: usize) -> Result<(), ShadowError> {
    if depth > SHADOW_DEPTH_MAX {
        return Err(ShadowError::TooDeep);
    }
    object.iter().try_for_each(|(_, value)| check_value(value, depth, false))
}

fn check_value(value: &Value, depth: usize, in_array: bool) -> Result<(), ShadowError> {
    match value {
        Value::Null if in_array => Err(ShadowError::InvalidNode),
        Value::Object(object) if in_array => {
            // A null inside an array's object could delete nothing.
            if object.iter().any(|(_, value)| *value == Value::Null) {
                return Err(ShadowError::InvalidNode);
            }
            check_object(object, depth + 1)
        }
        Value::Object(object) => check_object(object, depth + 1),
        Value::Array(_) if depth >= SHADOW_DEPTH_MAX => Err(ShadowError::TooDeep),
        Value::Array(elements) => {
            elements.iter().try_for_each(|element| check_value(element, depth + 1, true))
        }
        _ => Ok(()),
    }
}
