//! The kinds of actions and how they end.

macro_rules! named {
    ($(#[$doc:meta])* $name:ident, $count:literal {
        $($(#[$note:meta])* $variant:ident = $text:literal,)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$note])* $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: [Self; $count] = [$(Self::$variant,)*];

            /// The name in tables.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

named! {
    /// What an action does; the name is the key in AWS's rule JSON.
    ActionKind, 24 {
        /// Invokes a function.
        Lambda = "lambda",
        /// Puts the output's attributes into columns of a table.
        DynamoDbV2 = "dynamoDBv2",
        /// Publishes the output again.
        Republish = "republish",
        /// Writes the output as an object.
        S3 = "s3",
        /// Writes the output into one column of a table.
        DynamoDb = "dynamoDB",
        /// Notifies a topic of the Simple Notification Service.
        Sns = "sns",
        /// Sends to a queue.
        Sqs = "sqs",
        /// Puts a record into a data stream.
        Kinesis = "kinesis",
        /// Puts records into a delivery stream.
        Firehose = "firehose",
        /// Puts a metric's value.
        CloudwatchMetric = "cloudwatchMetric",
        /// Sets an alarm's state.
        CloudwatchAlarm = "cloudwatchAlarm",
        /// Writes log events.
        CloudwatchLogs = "cloudwatchLogs",
        /// Writes one record for each attribute of the output.
        Timestream = "timestream",
        /// Posts the output to a URL.
        Http = "http",
        /// Sends to a Kafka topic.
        Kafka = "kafka",
        /// Indexes the output as a document.
        Elasticsearch = "elasticsearch",
        /// Indexes the output as a document.
        OpenSearch = "openSearch",
        /// Sends to a channel of IoT Analytics.
        IotAnalytics = "iotAnalytics",
        /// Sends to an input of IoT Events.
        IotEvents = "iotEvents",
        /// Puts values of asset properties.
        IotSiteWise = "iotSiteWise",
        /// Starts a state machine.
        StepFunctions = "stepFunctions",
        /// Updates a device's position.
        Location = "location",
        /// Sends to an IoT Cloud input stream.
        Salesforce = "salesforce",
        /// Writes points to Timestream for InfluxDB.
        InfluxDb = "influxDB",
    }
}

named! {
    /// How an action ended.
    Outcome, 16 {
        /// Done; for a function: done without a command.
        Done = "done",
        /// The function sent a command.
        Commanded = "commanded",
        /// The function saw that an irrigation is still running.
        Running = "running",
        /// The function saw that the zone's last command is too recent.
        Resting = "resting",
        /// The function's event names no device that it can act for.
        UnknownDevice = "unknown_device",
        /// The output is not the JSON object that the target needs.
        NotAnObject = "not_an_object",
        /// The item lacks the table's key, or has another.
        MissingKey = "missing_key",
        /// The republish topic is no valid topic, or a reserved one.
        BadTopic = "bad_topic",
        /// The message has been republished too often.
        HopLimit = "hop_limit",
        /// The output is no JSON, which the target needs.
        NotJson = "not_json",
        /// The output is no UTF-8, which the target needs.
        NotText = "not_text",
        /// A template of a field that the target needs gave nothing.
        EmptyField = "empty_field",
        /// A field or the output has a value that the target does not take.
        BadValue = "bad_value",
        /// The body is larger than the target takes, or has too many records.
        TooLarge = "too_large",
        /// A template named a function that is not declared.
        UnknownFunction = "unknown_function",
        /// A service that a template asks failed.
        TemplateFailed = "template_failed",
    }
}

impl ActionKind {
    /// The kind with this key in rule JSON.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether its target takes nothing but JSON.
    ///
    /// # Source
    /// AWS IoT Core developer guide, "Working with binary payloads", and "DynamoDB", which stores
    /// bytes that are no JSON as binary data. That SNS and SQS take any UTF-8 text is our reading.
    pub const fn needs_json(self) -> bool {
        !matches!(
            self,
            Self::Republish
                | Self::S3
                | Self::DynamoDb
                | Self::Sns
                | Self::Sqs
                | Self::Kinesis
                | Self::Firehose
                | Self::Http
                | Self::Kafka
                | Self::CloudwatchMetric
                | Self::CloudwatchAlarm
                | Self::CloudwatchLogs
                | Self::IotSiteWise
                | Self::Location
        )
    }

    /// The name in an error action's message.
    ///
    /// # Source
    /// AWS IoT Core developer guide, "Error handling (error action)", shows `S3Action`; the others
    /// follow its pattern.
    pub const fn failed_action(self) -> &'static str {
        match self {
            Self::Lambda => "LambdaAction",
            Self::DynamoDbV2 => "DynamoDBv2Action",
            Self::Republish => "RepublishAction",
            Self::S3 => "S3Action",
            Self::DynamoDb => "DynamoAction",
            Self::Sns => "SnsAction",
            Self::Sqs => "SqsAction",
            Self::Kinesis => "KinesisAction",
            Self::Firehose => "FirehoseAction",
            Self::CloudwatchMetric => "CloudwatchMetricAction",
            Self::CloudwatchAlarm => "CloudwatchAlarmAction",
            Self::CloudwatchLogs => "CloudwatchLogsAction",
            Self::Timestream => "TimestreamAction",
            Self::Http => "HttpAction",
            Self::Kafka => "KafkaAction",
            Self::Elasticsearch => "ElasticsearchAction",
            Self::OpenSearch => "OpenSearchAction",
            Self::IotAnalytics => "IotAnalyticsAction",
            Self::IotEvents => "IotEventsAction",
            Self::IotSiteWise => "IotSiteWiseAction",
            Self::StepFunctions => "StepFunctionsAction",
            Self::Location => "LocationAction",
            Self::Salesforce => "SalesforceAction",
            Self::InfluxDb => "InfluxDbAction",
        }
    }
}

impl Outcome {
    /// Whether the action failed, so that the rule's error action runs. A function is invoked
    /// asynchronously: what it decides is no failure of the action.
    pub const fn is_failure(self) -> bool {
        !matches!(
            self,
            Self::Done | Self::Commanded | Self::Running | Self::Resting | Self::UnknownDevice
        )
    }
}
