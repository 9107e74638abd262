//! A rule as people write it: AWS rule JSON, exactly as `--topic-rule-payload` takes it.
//!
//! Reading is strict: an unknown field, action or version is an error that names its place and
//! what was expected, since a field that is silently ignored is a rule that silently does less.
//! What the SQL says is compiled later, by the core, which knows the declared functions.
//!
//! # Source
//! AWS IoT API, `CreateTopicRule` and the shapes `TopicRulePayload` and `Action`.

use crate::error::CloudError;
use fieldmirror_core::limits::{RULE_ACTIONS_MAX, SQL_BYTES_MAX};
use fieldmirror_rules::rule::SqlVersion;
use serde_json::{Map, Value};

/// One rule, read but not compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSpec {
    /// The `ruleName` of a wrapped payload.
    pub name: Option<String>,
    /// The statement.
    pub sql: String,
    /// The language version; AWS's default where the field is absent is `2015-10-08`.
    pub version: SqlVersion,
    /// Whether the rule takes no messages.
    pub disabled: bool,
    /// What people say it is for.
    pub description: Option<String>,
    /// What it does, in order.
    pub actions: Vec<ActionSpec>,
    /// What it does once for a message if any action failed.
    pub error_action: Option<ActionSpec>,
}

/// One action, read but not resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActionSpec {
    /// Calls the declared function that the ARN's last segment names.
    Lambda {
        /// The function's ARN.
        function_arn: String,
    },
    /// Puts each attribute of the output into a column of a table.
    DynamoDbV2 {
        /// The role that AWS would assume.
        role_arn: String,
        /// The table.
        table: String,
    },
    /// Publishes the output on another topic.
    Republish {
        /// The role that AWS would assume.
        role_arn: String,
        /// The topic, with `${...}` templates; a reserved topic begins with `$$`.
        topic: String,
        /// Quality of service: 0 or 1.
        qos: u8,
    },
}

impl RuleSpec {
    /// Reads a `TopicRulePayload`, alone or wrapped as `{"ruleName", "topicRulePayload"}`.
    ///
    /// # Errors
    /// [`CloudError::RuleJson`] if it is no JSON, [`CloudError::RuleField`] with the first field
    /// that is missing, unknown or wrong.
    pub fn parse(text: &str) -> Result<Self, CloudError> {
        let value: Value = serde_json::from_str(text).map_err(|error| CloudError::RuleJson {
            why: error.to_string(),
            line: error.line(),
            column: error.column(),
        })?;
        let root = At { path: String::new(), value: &value };
        let fields = root.object()?;
        if fields.map.contains_key("topicRulePayload") {
            fields.only(&["ruleName", "topicRulePayload"])?;
            let name = match fields.optional("ruleName") {
                Some(name) => Some(rule_name(name.string()?)?),
                None => None,
            };
            return Ok(Self { name, ..Self::read(&fields.required("topicRulePayload")?)? });
        }
        Self::read(&root)
    }

    fn read(payload: &At<'_>) -> Result<Self, CloudError> {
        let fields = payload.object()?;
        fields.only(&[
            "sql",
            "awsIotSqlVersion",
            "ruleDisabled",
            "description",
            "actions",
            "errorAction",
        ])?;
        let sql = fields.required("sql")?;
        if sql.string()?.len() > SQL_BYTES_MAX {
            return Err(sql.wrong("a longer text", format!("at most {SQL_BYTES_MAX} bytes")));
        }
        let version = match fields.optional("awsIotSqlVersion") {
            Some(version) => sql_version(&version)?,
            None => SqlVersion::V2015_10_08,
        };
        let actions = fields.required("actions")?;
        let list = actions.array()?;
        if list.len() > RULE_ACTIONS_MAX {
            let found = format!("{} actions", list.len());
            return Err(actions.wrong(found, format!("at most {RULE_ACTIONS_MAX}")));
        }
        Ok(Self {
            name: None,
            sql: sql.string()?.to_owned(),
            version,
            disabled: fields.optional("ruleDisabled").map_or(Ok(false), |at| at.boolean())?,
            description: match fields.optional("description") {
                Some(at) => Some(at.string()?.to_owned()),
                None => None,
            },
            actions: list.iter().map(ActionSpec::read).collect::<Result<_, _>>()?,
            error_action: match fields.optional("errorAction") {
                Some(at) => Some(ActionSpec::read(&at)?),
                None => None,
            },
        })
    }
}

impl ActionSpec {
    fn read(action: &At<'_>) -> Result<Self, CloudError> {
        let kinds = action.object()?;
        let expected = "exactly one of `lambda`, `dynamoDBv2`, `republish`";
        let mut keys = kinds.map.keys();
        let (Some(kind), None) = (keys.next(), keys.next()) else {
            let found = format!("an object with {} keys", kinds.map.len());
            return Err(action.wrong(found, expected));
        };
        let at = kinds.required(kind)?;
        match kind.as_str() {
            "lambda" => {
                let fields = at.object()?;
                fields.only(&["functionArn"])?;
                let function_arn = fields.required("functionArn")?.filled()?.to_owned();
                Ok(Self::Lambda { function_arn })
            }
            "dynamoDBv2" => {
                let fields = at.object()?;
                fields.only(&["roleArn", "putItem"])?;
                let put_item = fields.required("putItem")?;
                let item = put_item.object()?;
                item.only(&["tableName"])?;
                Ok(Self::DynamoDbV2 {
                    role_arn: fields.required("roleArn")?.filled()?.to_owned(),
                    table: item.required("tableName")?.filled()?.to_owned(),
                })
            }
            "republish" => Self::read_republish(&at),
            _ => Err(at.wrong("an unknown action", expected)),
        }
    }

    fn read_republish(at: &At<'_>) -> Result<Self, CloudError> {
        let fields = at.object()?;
        fields.only(&["roleArn", "topic", "qos"])?;
        let qos = match fields.optional("qos") {
            None => 0,
            Some(qos) => match qos.value.as_u64() {
                Some(level @ (0 | 1)) => level as u8,
                _ => return Err(qos.wrong(qos.kind(), "0 or 1")),
            },
        };
        Ok(Self::Republish {
            role_arn: fields.required("roleArn")?.filled()?.to_owned(),
            topic: fields.required("topic")?.filled()?.to_owned(),
            qos,
        })
    }
}

/// Checks a rule's name.
///
/// # Errors
/// [`CloudError::RuleName`] unless it is 1 to 128 of `[a-zA-Z0-9_]`.
pub(crate) fn rule_name(name: &str) -> Result<String, CloudError> {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !plain || name.is_empty() || name.len() > RULE_NAME_BYTES_MAX {
        return Err(CloudError::RuleName { name: name.to_owned() });
    }
    Ok(name.to_owned())
}

/// Longest rule name, in bytes. Source: AWS IoT API, `CreateTopicRule`.
const RULE_NAME_BYTES_MAX: usize = 128;

fn sql_version(at: &At<'_>) -> Result<SqlVersion, CloudError> {
    let text = at.string()?;
    SqlVersion::parse(text)
        .ok_or_else(|| at.wrong(format!("`{text}`"), "`2016-03-23`, `2015-10-08` or `beta`"))
}

/// A JSON value and where it stands.
struct At<'a> {
    path: String,
    value: &'a Value,
}

/// A JSON object and where it stands.
struct Fields<'a> {
    path: String,
    map: &'a Map<String, Value>,
}

impl<'a> At<'a> {
    fn object(&self) -> Result<Fields<'a>, CloudError> {
        match self.value {
            Value::Object(map) => Ok(Fields { path: self.path.clone(), map }),
            _ => Err(self.wrong(self.kind(), "an object")),
        }
    }

    fn array(&self) -> Result<Vec<Self>, CloudError> {
        let Value::Array(items) = self.value else {
            return Err(self.wrong(self.kind(), "an array"));
        };
        let at = |(i, value)| Self { path: format!("{}[{i}]", self.path), value };
        Ok(items.iter().enumerate().map(at).collect())
    }

    fn string(&self) -> Result<&'a str, CloudError> {
        self.value.as_str().ok_or_else(|| self.wrong(self.kind(), "a string"))
    }

    /// A string that is not empty.
    fn filled(&self) -> Result<&'a str, CloudError> {
        match self.string()? {
            "" => Err(self.wrong("an empty string", "a text")),
            text => Ok(text),
        }
    }

    fn boolean(&self) -> Result<bool, CloudError> {
        self.value.as_bool().ok_or_else(|| self.wrong(self.kind(), "true or false"))
    }

    fn kind(&self) -> String {
        match self.value {
            Value::Null => "null".to_owned(),
            Value::Bool(_) | Value::Number(_) => self.value.to_string(),
            Value::String(_) => "a string".to_owned(),
            Value::Array(_) => "an array".to_owned(),
            Value::Object(_) => "an object".to_owned(),
        }
    }

    fn wrong(&self, found: impl Into<String>, expected: impl Into<String>) -> CloudError {
        let path = if self.path.is_empty() { "the rule" } else { &self.path };
        CloudError::RuleField {
            path: path.to_owned(),
            found: found.into(),
            expected: expected.into(),
        }
    }
}

impl<'a> Fields<'a> {
    fn only(&self, known: &[&str]) -> Result<(), CloudError> {
        for (key, value) in self.map {
            if !known.contains(&key.as_str()) {
                let at = At { path: self.below(key), value };
                let list: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
                return Err(at.wrong("an unknown field", format!("one of {}", list.join(", "))));
            }
        }
        Ok(())
    }

    fn optional(&self, key: &str) -> Option<At<'a>> {
        self.map.get(key).map(|value| At { path: self.below(key), value })
    }

    fn required(&self, key: &str) -> Result<At<'a>, CloudError> {
        self.optional(key).ok_or_else(|| CloudError::RuleField {
            path: self.below(key),
            found: "nothing".to_owned(),
            expected: "this field".to_owned(),
        })
    }

    fn below(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

#[cfg(test)]
mod tests;
