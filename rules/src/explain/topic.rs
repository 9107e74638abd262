//! A topic filter against a topic, level by level.

use fieldmirror_core::topic::TopicFilter;

/// Whether a filter matches a topic, and where it does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicMatch {
    /// The filter.
    pub filter: String,
    /// The topic.
    pub topic: String,
    /// The levels side by side, up to and with the first that fails.
    pub levels: Vec<LevelMatch>,
    /// The first level that does not match, counted from 1; `None` if all do.
    pub fails_at: Option<usize>,
    /// What is wrong there, as a sentence.
    pub why: Option<String>,
}

/// One level of a filter against one of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelMatch {
    /// The filter's level; `None` behind its end.
    pub filter: Option<String>,
    /// The topic's level; for `#` the whole rest; `None` behind its end.
    pub topic: Option<String>,
    /// Whether they match.
    pub matches: bool,
}

impl TopicMatch {
    /// Holds `filter` against `topic`; it matches exactly when [`TopicFilter::matches`] says so.
    pub fn of(filter: &TopicFilter, topic: &str) -> Self {
        let mut found = Self {
            filter: filter.as_str().to_owned(),
            topic: topic.to_owned(),
            levels: Vec::new(),
            fails_at: None,
            why: None,
        };
        let mut wanted = filter.levels();
        let mut rest = Some(topic);
        loop {
            let level = wanted.next();
            if level.is_none() && rest.is_none() {
                return found;
            }
            let (own, behind) = match (level, rest) {
                (Some("#"), own) => (own, None),
                (_, Some(text)) => match text.split_once('/') {
                    Some((own, behind)) => (Some(own), Some(behind)),
                    None => (Some(text), None),
                },
                (_, None) => (None, None),
            };
            let why = found.mismatch(level, own);
            found.levels.push(LevelMatch {
                filter: level.map(str::to_owned),
                topic: own.map(str::to_owned),
                matches: why.is_none(),
            });
            if why.is_some() {
                let number = found.levels.len();
                found.fails_at = Some(number);
                found.why = why.map(|why| {
                    format!("'{}' does not match {topic}: level {number}: {why}", found.filter)
                });
                return found;
            }
            if level == Some("#") {
                return found;
            }
            rest = behind;
        }
    }

    /// Whether every level matches.
    pub const fn matches(&self) -> bool {
        self.fails_at.is_none()
    }

    /// Why the next level does not match; `None` if it does.
    fn mismatch(&self, level: Option<&str>, own: Option<&str>) -> Option<String> {
        match (level, own) {
            (Some(wildcard @ ("#" | "+")), Some(_))
                if self.levels.is_empty() && self.topic.starts_with('$') =>
            {
                Some(format!(
                    "`{wildcard}` at the first level matches no topic that begins with `$`"
                ))
            }
            (Some("#" | "+"), Some(_)) => None,
            (Some(level), Some(own)) if level == own => None,
            (Some(level), Some(own)) => Some(format!("`{own}` is not `{level}`")),
            (Some("#"), None) => Some("`#` does not match its parent level".to_owned()),
            (Some(level), None) => Some(format!("the topic ends before `{level}`")),
            (None, Some(own)) => Some(format!("the filter ends before `{own}`")),
            (None, None) => None,
        }
    }
}
