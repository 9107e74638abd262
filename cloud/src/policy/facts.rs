//! What is known about who asks: the connection, its certificate, and the thing that its client id
//! names.

use super::variable::{Pick, VALUES_MAX, Variable};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What policies may ask about a connection, or about one HTTPS call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// `aws`, or `aws-cn` and the like.
    pub partition: String,
    /// Region of the ARNs.
    pub region: String,
    /// Account of the ARNs.
    pub account: String,
    /// The client id; none over HTTPS, where nothing stands for one.
    pub client_id: Option<String>,
    /// The registered thing that the client id names, attached to the certificate or not.
    pub thing: Option<ThingFacts>,
    /// The certificate that was shown.
    pub certificate: Option<CertificateFacts>,
    /// Where the connection comes from.
    pub source_ip: Option<IpAddr>,
    /// The endpoint's name that the client asked for.
    pub domain_name: Option<String>,
    /// Whether the CONNECT asks for a persistent session.
    pub persistent: bool,
    /// Whether the CONNECT carries a will.
    pub last_will: bool,
}

/// The thing that a client id names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThingFacts {
    /// Its name.
    pub name: String,
    /// Its type.
    pub thing_type: Option<String>,
    /// Its attributes.
    pub attributes: BTreeMap<String, String>,
    /// Whether the certificate is attached to it.
    pub attached: bool,
}

/// What stands in a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Its id.
    pub id: String,
    /// Values by what follows `iot:Certificate.`, such as `Subject.CommonName` or `SerialNumber`.
    /// More than five values of one name are not looked at.
    pub values: BTreeMap<String, Vec<String>>,
}

/// The value of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// One text.
    One(Cow<'a, str>),
    /// A list, maybe empty.
    Many(Vec<Cow<'a, str>>),
}

impl Facts {
    /// Nothing but the place: a region and an account of the partition `aws`.
    pub fn new(region: impl Into<String>, account: impl Into<String>) -> Self {
        Self {
            partition: "aws".to_owned(),
            region: region.into(),
            account: account.into(),
            client_id: None,
            thing: None,
            certificate: None,
            source_ip: None,
            domain_name: None,
            persistent: false,
            last_will: false,
        }
    }

    /// The value of a variable; `None` if it has none here.
    pub fn value(&self, variable: &Variable) -> Option<Value<'_>> {
        let one = |text: &'_ str| Value::One(Cow::Owned(text.to_owned()));
        match variable {
            Variable::ClientId => self.client_id.as_deref().map(borrowed),
            Variable::SourceIp => {
                self.source_ip.map(|ip| Value::One(Cow::Owned(ip.to_canonical().to_string())))
            }
            Variable::ThingName => self.thing().map(|thing| borrowed(&thing.name)),
            Variable::ThingTypeName => self.thing()?.thing_type.as_deref().map(borrowed),
            Variable::Attribute(name) => {
                self.thing()?.attributes.get(name).map(String::as_str).map(borrowed)
            }
            Variable::IsAttached => {
                self.thing().map(|thing| one(if thing.attached { "true" } else { "false" }))
            }
            Variable::CertificateId => {
                self.certificate.as_ref().map(|certificate| borrowed(&certificate.id))
            }
            Variable::Certificate(field, pick) => {
                let values = self.certificate.as_ref()?.values.get(field)?;
                let values = &values[..values.len().min(VALUES_MAX)];
                match pick {
                    Pick::First => values.first().map(String::as_str).map(borrowed),
                    Pick::Nth(n) => values.get(*n).map(String::as_str).map(borrowed),
                    Pick::List if values.is_empty() => None,
                    Pick::List => {
                        Some(Value::Many(values.iter().map(|v| Cow::Borrowed(&**v)).collect()))
                    }
                }
            }
            Variable::AvailableKeys => {
                let keys = self.certificate.as_ref()?.values.keys();
                let keys = keys.map(|key| Cow::Owned(format!("iot:Certificate.{key}")));
                Some(Value::Many(keys.collect()))
            }
            Variable::ConnectAttributes => {
                let all = [(self.persistent, "PersistentConnect"), (self.last_will, "LastWill")];
                let set = all.into_iter().filter(|(set, _)| *set);
                Some(Value::Many(set.map(|(_, name)| Cow::Borrowed(name)).collect()))
            }
            Variable::DomainName => self.domain_name.as_deref().map(borrowed),
            Variable::Foreign(_) => None,
        }
    }

    /// The thing, where thing variables exist: over MQTT, under the thing's own name.
    fn thing(&self) -> Option<&ThingFacts> {
        let client = self.client_id.as_deref()?;
        self.thing.as_ref().filter(|thing| thing.name == client)
    }
}

fn borrowed(text: &str) -> Value<'_> {
    Value::One(Cow::Borrowed(text))
}
