//! What each kind of action takes: the one table of keys, fields and values.
//!
//! # Source
//! AWS IoT API, shape `Action` and the shapes of its members; AWS IoT Core developer guide, the page
//! of each rule action for what takes substitution templates.

use super::fields::{Field, FieldKind, Pattern, Templates};
use crate::outputs::ActionKind;

/// The fields of an action.
pub const fn fields(kind: ActionKind) -> &'static [Field] {
    match kind {
        ActionKind::Lambda => LAMBDA,
        ActionKind::DynamoDbV2 => DYNAMO_DB_V2,
        ActionKind::Republish => REPUBLISH,
        ActionKind::S3 => S3,
        ActionKind::DynamoDb => DYNAMO_DB,
        ActionKind::Sns => SNS,
        ActionKind::Sqs => SQS,
        ActionKind::Kinesis => KINESIS,
        ActionKind::Firehose => FIREHOSE,
        ActionKind::CloudwatchMetric => CLOUDWATCH_METRIC,
        ActionKind::CloudwatchAlarm => CLOUDWATCH_ALARM,
        ActionKind::CloudwatchLogs => CLOUDWATCH_LOGS,
        ActionKind::Timestream => TIMESTREAM,
        ActionKind::Http => HTTP,
        ActionKind::Kafka => KAFKA,
        ActionKind::Elasticsearch | ActionKind::OpenSearch => SEARCH,
        ActionKind::IotAnalytics => IOT_ANALYTICS,
        ActionKind::IotEvents => IOT_EVENTS,
        ActionKind::IotSiteWise => IOT_SITE_WISE,
        ActionKind::StepFunctions => STEP_FUNCTIONS,
        ActionKind::Location => LOCATION,
        ActionKind::Salesforce => SALESFORCE,
        ActionKind::InfluxDb => INFLUX_DB,
    }
}

const ROLE: Field = Field::text("roleArn").required();

const LAMBDA: &[Field] = &[Field::api_template("functionArn").required()];

const DYNAMO_DB_V2: &[Field] =
    &[ROLE, Field::object("putItem", &[Field::api_template("tableName").required()]).required()];

/// # Source
/// `MqttHeaders`: at most 100 user properties.
const REPUBLISH: &[Field] = &[
    Field::template("topic").required(),
    ROLE,
    Field::integer("qos", 0, 1),
    Field::object(
        "headers",
        &[
            Field::words("payloadFormatIndicator", &["UNSPECIFIED_BYTES", "UTF8_DATA"])
                .templates(Templates::Yes),
            Field::template("contentType"),
            Field::template("responseTopic"),
            Field::template("correlationData").form(TEXT, Pattern::Base64),
            Field::template("messageExpiry").form(TEXT, Pattern::Digits),
            Field::list("userProperties", KEY_AND_VALUE, 1, 100),
        ],
    ),
];

const KEY_AND_VALUE: &[Field] =
    &[Field::template("key").required(), Field::template("value").required()];

const S3: &[Field] = &[
    Field::api_template("bucketName").required(),
    Field::template("key").required(),
    ROLE,
    Field::words(
        "cannedAcl",
        &[
            "private",
            "public-read",
            "public-read-write",
            "aws-exec-read",
            "authenticated-read",
            "bucket-owner-read",
            "bucket-owner-full-control",
            "log-delivery-write",
        ],
    ),
];

const KEY_TYPES: &[&str] = &["STRING", "NUMBER"];

/// The operations of a `dynamoDB` action.
pub(crate) const OPERATIONS: &[&str] = &["INSERT", "UPDATE", "DELETE"];

const DYNAMO_DB: &[Field] = &[
    Field::api_template("tableName").required(),
    ROLE,
    Field::api_template("hashKeyField").required(),
    Field::template("hashKeyValue").required(),
    Field::words("hashKeyType", KEY_TYPES).templates(Templates::ApiOnly),
    Field::api_template("rangeKeyField"),
    Field::template("rangeKeyValue"),
    Field::words("rangeKeyType", KEY_TYPES).templates(Templates::ApiOnly),
    Field::template("payloadField"),
    Field::words("operation", OPERATIONS).templates(Templates::Yes),
];

const SNS: &[Field] = &[
    Field::api_template("targetArn").required(),
    ROLE,
    Field::words("messageFormat", &["RAW", "JSON"]),
];

const SQS: &[Field] = &[Field::api_template("queueUrl").required(), ROLE, Field::flag("useBase64")];

const KINESIS: &[Field] =
    &[Field::api_template("streamName").required(), ROLE, Field::template("partitionKey")];

const FIREHOSE: &[Field] = &[
    Field::api_template("deliveryStreamName").required(),
    ROLE,
    Field::words("separator", &["\n", "\t", "\r\n", ","]),
    Field::flag("batchMode"),
];

const CLOUDWATCH_METRIC: &[Field] = &[
    Field::template("metricNamespace").required(),
    Field::template("metricName").required(),
    Field::template("metricValue").required(),
    Field::template("metricUnit").required(),
    Field::template("metricTimestamp"),
    ROLE,
];

/// The states of an alarm.
pub(crate) const ALARM_STATES: &[&str] = &["OK", "ALARM", "INSUFFICIENT_DATA"];

const CLOUDWATCH_ALARM: &[Field] = &[
    Field::api_template("alarmName").required(),
    Field::template("stateReason").required(),
    Field::words("stateValue", ALARM_STATES).templates(Templates::Yes).required(),
    ROLE,
];

const CLOUDWATCH_LOGS: &[Field] =
    &[Field::api_template("logGroupName").required(), ROLE, Field::flag("batchMode")];

/// Units of a Timestream or location timestamp.
pub(crate) const TIME_UNITS: &[&str] = &["SECONDS", "MILLISECONDS", "MICROSECONDS", "NANOSECONDS"];

const TIMESTREAM: &[Field] = &[
    Field::api_template("databaseName").required(),
    Field::api_template("tableName").required(),
    Field::list(
        "dimensions",
        &[Field::text("name").required(), Field::template("value").required()],
        1,
        128,
    )
    .required(),
    Field::object(
        "timestamp",
        &[Field::template("value").required(), Field::words("unit", TIME_UNITS).required()],
    ),
    ROLE,
];

const BATCH: &[Field] = &[
    Field::integer("maxBatchOpenMs", 5, 200),
    Field::integer("maxBatchSize", 2, 10),
    Field::integer("maxBatchSizeBytes", 100, 131_072),
    Field::flag("batchAcrossTopics"),
];

const HTTP: &[Field] = &[
    Field::template("url").form(2_000, Pattern::Https).required(),
    Field::template("confirmationUrl").form(2_000, Pattern::Https),
    Field::list(
        "headers",
        &[
            Field::text("key").form(256, Pattern::Filled).required(),
            Field::template("value").required(),
        ],
        0,
        100,
    ),
    Field::object(
        "auth",
        &[Field::object(
            "sigv4",
            &[Field::text("signingRegion").required(), Field::text("serviceName").required(), ROLE],
        )],
    ),
    Field::flag("enableBatching"),
    Field::object("batchConfig", BATCH),
];

/// # Source
/// AWS IoT Core developer guide, "Apache Kafka", `clientProperties`.
const CLIENT_PROPERTIES: &[Field] = &[
    Field::words("acks", &["0", "1"]),
    Field::text("bootstrap.servers").required(),
    Field::words("compression.type", &["none", "gzip", "snappy", "lz4", "zstd"]),
    Field::words("security.protocol", &["SSL", "SASL_SSL"]),
    Field::words(
        "key.serializer",
        &["StringSerializer", "org.apache.kafka.common.serialization.StringSerializer"],
    ),
    Field::words(
        "value.serializer",
        &["ByteBufferSerializer", "org.apache.kafka.common.serialization.ByteBufferSerializer"],
    ),
    Field::template("ssl.truststore"),
    Field::template("ssl.truststore.password"),
    Field::template("ssl.keystore"),
    Field::template("ssl.keystore.password"),
    Field::template("ssl.key.password"),
    Field::words("sasl.mechanism", &["PLAIN", "SCRAM-SHA-512", "GSSAPI"]),
    Field::template("sasl.plain.username"),
    Field::template("sasl.plain.password"),
    Field::template("sasl.scram.username"),
    Field::template("sasl.scram.password"),
    Field::template("sasl.kerberos.keytab"),
    Field::text("sasl.kerberos.service.name"),
    Field::text("sasl.kerberos.krb5.kdc"),
    Field::text("sasl.kerberos.krb5.realm"),
    Field::text("sasl.kerberos.principal"),
];

const KAFKA: &[Field] = &[
    Field::text("destinationArn").required(),
    Field::template("topic").required(),
    Field::template("key"),
    Field::template("partition"),
    Field::object("clientProperties", CLIENT_PROPERTIES).required(),
    Field::list("headers", KEY_AND_VALUE, 1, 100),
];

const SEARCH: &[Field] = &[
    Field::api_template("endpoint").form(TEXT, Pattern::Url).required(),
    Field::template("index").required(),
    Field::template("type").required(),
    Field::template("id").required(),
    ROLE,
];

const IOT_ANALYTICS: &[Field] = &[
    Field::api_template("channelName"),
    Field::text("channelArn"),
    Field::text("roleArn"),
    Field::flag("batchMode"),
];

const IOT_EVENTS: &[Field] = &[
    Field::api_template("inputName").required(),
    Field::template("messageId"),
    Field::flag("batchMode"),
    ROLE,
];

const IOT_SITE_WISE: &[Field] = &[
    Field::list(
        "putAssetPropertyValueEntries",
        &[
            Field::template("entryId"),
            Field::template("assetId"),
            Field::api_template("propertyId"),
            Field::template("propertyAlias"),
            Field::list(
                "propertyValues",
                &[
                    Field::object(
                        "value",
                        &[
                            Field::template("stringValue"),
                            Field::template("integerValue"),
                            Field::template("doubleValue"),
                            Field::template("booleanValue"),
                        ],
                    )
                    .required(),
                    Field::object(
                        "timestamp",
                        &[
                            Field::template("timeInSeconds").required(),
                            Field::template("offsetInNanos"),
                        ],
                    )
                    .required(),
                    Field::words("quality", QUALITIES).templates(Templates::Yes),
                ],
                1,
                usize::MAX,
            )
            .required(),
        ],
        1,
        usize::MAX,
    )
    .required(),
    ROLE,
];

/// Qualities of an `iotSiteWise` value.
pub(crate) const QUALITIES: &[&str] = &["GOOD", "BAD", "UNCERTAIN"];

const STEP_FUNCTIONS: &[Field] = &[
    Field::api_template("stateMachineName").required(),
    Field::template("executionNamePrefix"),
    ROLE,
];

const LOCATION: &[Field] = &[
    Field::template("trackerName").required(),
    Field::template("deviceId").required(),
    Field::template("latitude").required(),
    Field::template("longitude").required(),
    Field::object(
        "timestamp",
        &[
            Field::template("value").required(),
            Field::words("unit", TIME_UNITS).templates(Templates::Yes),
        ],
    ),
    ROLE,
];

const SALESFORCE: &[Field] = &[
    Field::text("token").required(),
    Field::template("url").form(2_000, Pattern::Https).required(),
];

const INFLUX_DB: &[Field] = &[
    Field::text("destinationArn").required(),
    ROLE,
    Field::api_template("databaseName").required(),
    Field::api_template("tableName").required(),
    Field::text("organization"),
    Field::new("tags", FieldKind::Map(100)).templates(Templates::Yes),
    Field::words("timestampUnit", &["s", "ms", "us", "ns"]),
    Field::object("batchConfig", BATCH),
];

const TEXT: usize = super::fields::TEXT_BYTES_MAX;
