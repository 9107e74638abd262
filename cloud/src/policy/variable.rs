//! The names that policies may ask about a connection, in `${...}` and as keys of conditions.
//!
//! # Source
//! AWS IoT Core developer guide, "AWS IoT Core policy variables", "Thing policy variables", "X.509
//! certificate policy variables"; AWS IAM user guide, "AWS global condition context keys".

use std::fmt;

/// A variable of a policy, or the key of a condition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variable {
    /// `iot:ClientId`.
    ClientId,
    /// `aws:SourceIp`.
    SourceIp,
    /// `iot:Connection.Thing.ThingName`.
    ThingName,
    /// `iot:Connection.Thing.ThingTypeName`.
    ThingTypeName,
    /// `iot:Connection.Thing.Attributes[name]`.
    Attribute(String),
    /// `iot:Connection.Thing.IsAttached`.
    IsAttached,
    /// `iot:CertificateId`.
    CertificateId,
    /// `iot:Certificate.<field>`, such as `Subject.CommonName`, and which of its values.
    Certificate(String, Pick),
    /// `iot:Certificate.AvailableKeys`.
    AvailableKeys,
    /// `iot:ConnectAttributes`: only a CONNECT has it.
    ConnectAttributes,
    /// `iot:DomainName`.
    DomainName,
    /// A key that the service has and that has no value here.
    Foreign(String),
}

/// Which values of a field that may have several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pick {
    /// The first: the bare name.
    First,
    /// One by its number; `.1` is the second.
    Nth(usize),
    /// All: `.List`.
    List,
}

/// Most values of a field that count; more are ignored. Source: AWS IoT Core developer guide,
/// "X.509 certificate policy variables".
pub(crate) const VALUES_MAX: usize = 5;

const THING: &str = "iot:Connection.Thing.";

const CERTIFICATE: &str = "iot:Certificate.";

/// Fields of a name in a certificate, under `Subject.` and `Issuer.`.
pub(crate) const NAME_FIELDS: [&str; 13] = [
    "DistinguishedNameQualifier",
    "Country",
    "Organization",
    "OrganizationalUnit",
    "State",
    "CommonName",
    "SerialNumber",
    "Title",
    "Surname",
    "GivenName",
    "Initials",
    "Pseudonym",
    "GenerationQualifier",
];

/// Fields under `Subject.AlternativeName.` and `Issuer.AlternativeName.`.
pub(crate) const ALTERNATIVE_FIELDS: [&str; 5] =
    ["RFC822Name", "DNSName", "DirectoryName", "UniformResourceIdentifier", "IPAddress"];

/// Keys of the service and of IAM that have no value here, since nothing of a simulated connection
/// tells them.
pub(crate) const FOREIGN: [&str; 10] = [
    "iot:ConnectionSource",
    "aws:CurrentTime",
    "aws:EpochTime",
    "aws:SecureTransport",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:VpcSourceIp",
    "aws:UserAgent",
    "aws:Referer",
    "aws:TokenIssueTime",
];

impl Variable {
    /// Reads a name, as it stands between `${` and `}`.
    ///
    /// # Errors
    /// What was expected, if there is no such variable.
    pub fn parse(name: &str) -> Result<Self, String> {
        match name {
            "iot:ClientId" => return Ok(Self::ClientId),
            "aws:SourceIp" => return Ok(Self::SourceIp),
            "iot:CertificateId" => return Ok(Self::CertificateId),
            "iot:ConnectAttributes" => return Ok(Self::ConnectAttributes),
            "iot:DomainName" => return Ok(Self::DomainName),
            "iot:Certificate.AvailableKeys" => return Ok(Self::AvailableKeys),
            _ if FOREIGN.contains(&name) || name.starts_with("cognito-identity.") => {
                return Ok(Self::Foreign(name.to_owned()));
            }
            _ => {}
        }
        if let Some(rest) = name.strip_prefix(THING) {
            return thing(rest);
        }
        if let Some(rest) = name.strip_prefix(CERTIFICATE) {
            return certificate(rest);
        }
        Err(nearest(name))
    }
}

fn thing(rest: &str) -> Result<Variable, String> {
    match rest {
        "ThingName" => Ok(Variable::ThingName),
        "ThingTypeName" => Ok(Variable::ThingTypeName),
        "IsAttached" => Ok(Variable::IsAttached),
        _ => {
            let attribute = rest.strip_prefix("Attributes[").and_then(|r| r.strip_suffix(']'));
            match attribute {
                Some(name) if !name.is_empty() => Ok(Variable::Attribute(name.to_owned())),
                _ => Err("`iot:Connection.Thing.` with `ThingName`, `ThingTypeName`, \
                          `Attributes[NAME]` or `IsAttached`"
                    .to_owned()),
            }
        }
    }
}

fn certificate(rest: &str) -> Result<Variable, String> {
    if rest == "SerialNumber" {
        return Ok(Variable::Certificate(rest.to_owned(), Pick::First));
    }
    let (field, pick) = match rest.rsplit_once('.') {
        Some((field, "List")) => (field, Pick::List),
        Some((field, number)) if number.bytes().all(|b| b.is_ascii_digit()) => {
            match number.parse() {
                Ok(n) if n < VALUES_MAX => (field, Pick::Nth(n)),
                _ => return Err(format!("a number from 0 to {}", VALUES_MAX - 1)),
            }
        }
        _ => (rest, Pick::First),
    };
    let known = |name: &str| match name.strip_prefix("AlternativeName.") {
        Some(name) => ALTERNATIVE_FIELDS.contains(&name),
        None => NAME_FIELDS.contains(&name),
    };
    let name = field.strip_prefix("Subject.").or_else(|| field.strip_prefix("Issuer."));
    if name.is_some_and(known) {
        return Ok(Variable::Certificate(field.to_owned(), pick));
    }
    Err(format!(
        "`iot:Certificate.` with `SerialNumber`, `AvailableKeys`, or `Subject.` or `Issuer.` and \
         one of {} or `AlternativeName.` and one of {}",
        NAME_FIELDS.join(", "),
        ALTERNATIVE_FIELDS.join(", ")
    ))
}

/// What to write instead of an unknown name.
fn nearest(name: &str) -> String {
    let plain = [
        "iot:ClientId",
        "iot:CertificateId",
        "iot:DomainName",
        "iot:ConnectAttributes",
        "aws:SourceIp",
        "iot:Connection.Thing.ThingName",
        "iot:Connection.Thing.ThingTypeName",
        "iot:Connection.Thing.IsAttached",
        "iot:Certificate.Subject.CommonName",
    ];
    match plain.iter().find(|known| known.eq_ignore_ascii_case(name)) {
        Some(known) => format!("`{known}`, in just these letters"),
        None => format!(
            "one of {}, `iot:Connection.Thing.Attributes[NAME]`, or another field of \
             `iot:Certificate.`",
            plain.map(|name| format!("`{name}`")).join(", ")
        ),
    }
}

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClientId => f.write_str("iot:ClientId"),
            Self::SourceIp => f.write_str("aws:SourceIp"),
            Self::ThingName => write!(f, "{THING}ThingName"),
            Self::ThingTypeName => write!(f, "{THING}ThingTypeName"),
            Self::Attribute(name) => write!(f, "{THING}Attributes[{name}]"),
            Self::IsAttached => write!(f, "{THING}IsAttached"),
            Self::CertificateId => f.write_str("iot:CertificateId"),
            Self::Certificate(field, Pick::First) => write!(f, "{CERTIFICATE}{field}"),
            Self::Certificate(field, Pick::Nth(n)) => write!(f, "{CERTIFICATE}{field}.{n}"),
            Self::Certificate(field, Pick::List) => write!(f, "{CERTIFICATE}{field}.List"),
            Self::AvailableKeys => write!(f, "{CERTIFICATE}AvailableKeys"),
            Self::ConnectAttributes => f.write_str("iot:ConnectAttributes"),
            Self::DomainName => f.write_str("iot:DomainName"),
            Self::Foreign(name) => f.write_str(name),
        }
    }
}
