//! The kinds of findings: a stable code and what it stands for.

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $variant:ident = $text:literal;)*) => {
        /// The kind of a finding. A code is never reused for another kind.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $doc])* $variant,)*
        }

        impl Code {
            /// All codes, in ascending order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable text.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// What it stands for, as a sentence.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),*).trim_start(),)* }
            }
        }
    };
}

codes! {
    /// A rule without awsIotSqlVersion, which means 2015-10-08.
    NoVersion = "L001";
    /// Text compared with a number, or other types that a comparison never finds alike.
    MixedTypes = "L002";
    /// An inequality on a field that may be missing: Undefined, so it does not fire.
    UnequalToMissing = "L003";
    /// An OR that is Undefined although one of its sides is true.
    SwallowedOr = "L004";
    /// A quotient of whole numbers, which loses its remainder.
    WholeDivision = "L005";
    /// An output key that two columns write.
    DuplicateKey = "L006";
    /// A WHERE, or a part of one, that no message changes.
    ConstantCondition = "L007";
    /// A column without AS, whose key is the expression's own text.
    UnnamedColumn = "L008";
    /// A field that no payload of the sample has.
    UnknownField = "L010";
    /// A rule that fires on more of the sample than it should.
    FiresOften = "L011";
    /// A threshold that acts again and again, without a band between on and off.
    Flapping = "L012";
    /// A FROM that no message matches.
    NeverMatches = "L020";
    /// Rules that hear what they republish.
    RepublishLoop = "L021";
    /// A reserved topic where it cannot be used.
    ReservedTopic = "L022";
    /// A topic, filter or client id that exceeds a limit or is malformed.
    TopicLimit = "L023";
    /// A FROM on which no policy lets a client publish.
    PublisherForbidden = "L024";
    /// A republished topic that no policy lets a client receive, and that no rule hears.
    NobodyReceives = "L025";
    /// A topic of the sample that no policy lets a client publish on.
    SampleForbidden = "L026";
    /// A policy without Version.
    PolicyWithoutVersion = "L030";
    /// A policy that is a bare statement, without a Statement list.
    BareStatement = "L031";
    /// A subscription allowed on `topic/`, where only `topicfilter/` counts.
    SubscribeOnTopic = "L032";
    /// Receiving allowed without subscribing.
    ReceiveWithoutSubscribe = "L033";
    /// MQTT wildcards in a policy, where they are plain characters.
    MqttWildcard = "L034";
    /// Publishing allowed on every topic.
    PublishAnywhere = "L035";
    /// Publishing or receiving allowed on `topicfilter/`, where only `topic/` counts.
    PublishOnFilter = "L036";
    /// Connecting allowed without a `client/` to connect as.
    ConnectWithoutClient = "L037";
    /// An action that is none of a device's.
    UnknownAction = "L038";
    /// A policy longer than the service accepts.
    PolicyTooLong = "L039";
    /// A placeholder that was never filled in.
    Placeholder = "L040";
    /// Subscribing allowed without receiving.
    SubscribeWithoutReceive = "L041";
    /// A part of a policy that is missing, of the wrong kind, or that the service refuses.
    MalformedPolicy = "L042";
    /// A resource that no action of its statement is asked about.
    IdleResource = "L043";
    /// A variable or key of a policy that never has a value here.
    ForeignVariable = "L044";
    /// A key with several values, without ForAllValues or ForAnyValue.
    NoSetOperator = "L045";
    /// An action that no resource of its statement fits.
    MisplacedAction = "L046";
    /// An action or a field of a rule that the service does not have; told where rules are read
    /// leniently, and refused otherwise.
    UnknownKey = "L047";
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn codes_ascend_and_have_a_meaning() {
        for pair in Code::ALL.windows(2) {
            assert!(pair[0].as_str() < pair[1].as_str(), "{pair:?}");
        }
        for code in Code::ALL {
            assert!(code.meaning().ends_with('.'), "{code:?}");
        }
    }
}
