//! Sets of topics: filters, policy resources and templates, and whether two of them have a topic
//! in common.

/// A set of topics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern(Vec<Token>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Char(char),
    /// Any one character.
    One,
    /// Any characters, none too.
    Run,
    /// Any characters but `/`, none too.
    RunInLevel,
}

impl Pattern {
    /// The topics that an MQTT filter matches.
    pub(crate) fn of_filter(filter: &str) -> Self {
        let mut tokens = Vec::new();
        for (i, level) in filter.split('/').enumerate() {
            if i > 0 {
                tokens.push(Token::Char('/'));
            }
            match level {
                "#" => tokens.push(Token::Run),
                "+" => tokens.push(Token::RunInLevel),
                literal => tokens.extend(literal.chars().map(Token::Char)),
            }
        }
        Self(tokens)
    }

    /// What a policy's resource matches: `*`, `?`, and variables, which may be anything.
    ///
    /// # Source
    /// AWS IoT Core developer guide, "AWS IoT Core policy variables": `${*}`, `${?}` and `${$}`
    /// are the characters themselves.
    pub(crate) fn of_resource(resource: &str) -> Self {
        let mut tokens = Vec::new();
        let mut rest = resource;
        while let Some(first) = rest.chars().next() {
            if let Some((variable, after)) =
                rest.strip_prefix("${").and_then(|inner| inner.split_once('}'))
            {
                match variable {
                    "*" | "?" | "$" => tokens.extend(variable.chars().map(Token::Char)),
                    _ => tokens.push(Token::Run),
                }
                rest = after;
                continue;
            }
            tokens.push(match first {
                '*' => Token::Run,
                '?' => Token::One,
                other => Token::Char(other),
            });
            rest = &rest[first.len_utf8()..];
        }
        Self(tokens)
    }

    /// The topics that a republish action's template can give, for messages that `from` matches:
    /// `${topic()}` is what FROM matches, `${topic(2)}` one of its levels, any other expression
    /// anything.
    pub(crate) fn of_template(template: &str, from: Option<&str>) -> Self {
        let mut tokens = Vec::new();
        for part in parts(template) {
            match part {
                Part::Text(text) => tokens.extend(text.chars().map(Token::Char)),
                Part::Expr(expr) => tokens.extend(expression(expr, from)),
            }
        }
        // A reserved topic is written with `$$` in a republish action.
        if let [Token::Char('$'), Token::Char('$'), ..] = &*tokens {
            tokens.remove(0);
        }
        Self(tokens)
    }

    /// Whether a topic is in both sets. A filter's wildcard at the first level does not see topics
    /// that begin with `$`.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let wild =
            |pattern: &Self| matches!(pattern.0.first(), Some(Token::Run | Token::RunInLevel));
        let reserved = |pattern: &Self| pattern.0.first() == Some(&Token::Char('$'));
        if (wild(self) && reserved(other)) || (wild(other) && reserved(self)) {
            return false;
        }
        let (a, b) = (&self.0, &other.0);
        // reach[i][j]: some text is made by the first i tokens here and the first j there.
        let mut reach = vec![vec![false; b.len() + 1]; a.len() + 1];
        reach[0][0] = true;
        for i in 0..=a.len() {
            for j in 0..=b.len() {
                if !reach[i][j] {
                    continue;
                }
                let (here, there) = (a.get(i), b.get(j));
                if here.is_some_and(|token| token.is_run()) {
                    reach[i + 1][j] = true;
                }
                if there.is_some_and(|token| token.is_run()) {
                    reach[i][j + 1] = true;
                }
                if let (Some(here), Some(there)) = (here, there)
                    && here.meets(*there)
                {
                    match (here.is_run(), there.is_run()) {
                        (false, false) => reach[i + 1][j + 1] = true,
                        (true, false) => reach[i][j + 1] = true,
                        (false, true) => reach[i + 1][j] = true,
                        // Both may be left out, which the lines above do.
                        (true, true) => {}
                    }
                }
            }
        }
        reach[a.len()][b.len()]
    }

    /// Whether every topic of `other` is certainly in this set.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let (a, b) = (&self.0, &other.0);
        // reach[i][j]: what the first j tokens there make is made by the first i tokens here.
        let mut reach = vec![vec![false; b.len() + 1]; a.len() + 1];
        reach[0][0] = true;
        for i in 0..a.len() {
            for j in 0..=b.len() {
                if !reach[i][j] {
                    continue;
                }
                let taken = b.get(j).is_some_and(|there| a[i].takes(*there));
                if a[i].is_run() {
                    reach[i + 1][j] = true;
                    if taken {
                        reach[i][j + 1] = true;
                    }
                } else if taken {
                    reach[i + 1][j + 1] = true;
                }
            }
        }
        reach[a.len()][b.len()]
    }

    /// Whether the set holds `topic`.
    pub(crate) fn holds(&self, topic: &str) -> bool {
        let topic = Self(topic.chars().map(Token::Char).collect());
        self.overlaps(&topic)
    }

    /// Whether a template gives the same topic for every message, or one made of the message's own
    /// topic alone.
    pub(crate) fn is_certain(template: &str) -> bool {
        parts(template).iter().all(|part| match part {
            Part::Text(_) => true,
            Part::Expr(expr) => expr.starts_with("topic("),
        })
    }
}

impl Token {
    const fn is_run(self) -> bool {
        matches!(self, Self::Run | Self::RunInLevel)
    }

    /// Whether this makes all that `other` does, once or, if it is a run, as a part of it.
    fn takes(self, other: Self) -> bool {
        match (self, other) {
            (Self::Run, _) => true,
            (Self::RunInLevel, Self::Char(c)) => c != '/',
            (Self::RunInLevel, Self::RunInLevel) => true,
            (Self::One, Self::Char(_) | Self::One) => true,
            (Self::Char(a), Self::Char(b)) => a == b,
            _ => false,
        }
    }

    /// Whether both can make the same character.
    fn meets(self, other: Self) -> bool {
        match (self, other) {
            (Self::Char(a), Self::Char(b)) => a == b,
            (Self::Char('/'), Self::RunInLevel) | (Self::RunInLevel, Self::Char('/')) => false,
            _ => true,
        }
    }
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    /// Plain text.
    Text(&'a str),
    /// What stands in `${...}`, trimmed.
    Expr(&'a str),
}

/// The pieces of a template. Quotes hide braces, as they do for the template's compiler.
pub(crate) fn parts(template: &str) -> Vec<Part<'_>> {
    let mut found = Vec::new();
    let mut rest = template;
    while let Some(start) = rest.find("${") {
        if start > 0 {
            found.push(Part::Text(&rest[..start]));
        }
        let inner = &rest[start + 2..];
        let end = closing(inner).unwrap_or(inner.len());
        found.push(Part::Expr(inner[..end].trim()));
        rest = inner.get(end + 1..).unwrap_or_default();
    }
    if !rest.is_empty() {
        found.push(Part::Text(rest));
    }
    found
}

fn closing(text: &str) -> Option<usize> {
    let (mut quote, mut depth) = (None, 0_usize);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '{') => depth += 1,
            (None, '}') if depth == 0 => return Some(at),
            (None, '}') => depth -= 1,
            _ => {}
        }
    }
    None
}

fn expression(expr: &str, from: Option<&str>) -> Vec<Token> {
    let plain: String = expr.chars().filter(|c| !c.is_whitespace()).collect();
    let argument = plain
        .to_ascii_lowercase()
        .strip_prefix("topic(")
        .and_then(|rest| rest.strip_suffix(')'))
        .map(str::to_owned);
    let (Some(argument), Some(from)) = (argument, from) else { return vec![Token::Run] };
    if argument.is_empty() {
        return Pattern::of_filter(from).0;
    }
    let Some(level) = argument.parse::<usize>().ok().filter(|level| *level > 0) else {
        return vec![Token::Run];
    };
    match from.split('/').nth(level - 1) {
        Some("#" | "+") | None => vec![Token::RunInLevel],
        Some(literal) => literal.chars().map(Token::Char).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_and_resources_overlap_where_a_topic_is_in_both() {
        for (filter, resource, expected) in [
            ("farm/+/data", "farm/probe/data", true),
            ("farm/+/data", "farm/*", true),
            ("farm/+/data", "farm/a/b/data", false),
            ("farm/+/data", "farm/*/x/data", false),
            ("farm/#", "farm/a/b", true),
            ("farm/#", "farm", false),
            ("farm/#", "farm/", true),
            ("+/data", "*", true),
            ("a/b", "a/?", true),
            ("a/bc", "a/?", false),
            ("t/+/x", "t/${iot:ClientId}/x", true),
            ("t/+", "u/${iot:ClientId}", false),
            ("#", "$aws/things/x", false),
            ("$aws/things/+/shadow/update", "$aws/things/*", true),
            ("a/*", "a/${*}", true),
            ("a/b", "a/${*}", false),
            ("wärme/+", "wärme/*", true),
        ] {
            let (filter_set, resource_set) =
                (Pattern::of_filter(filter), Pattern::of_resource(resource));
            assert_eq!(filter_set.overlaps(&resource_set), expected, "{filter} {resource}");
            assert_eq!(resource_set.overlaps(&filter_set), expected, "{resource} {filter}");
        }
    }

    #[test]
    fn a_pattern_covers_what_is_all_in_it() {
        for (resource, other, expected) in [
            ("*", "farm/*", true),
            ("farm/*", "farm/a/b", true),
            ("farm/*", "farm/*/data", true),
            ("farm/*/data", "farm/*", false),
            ("farm/*", "far?/x", false),
            ("farm/?", "farm/a", true),
            ("farm/?", "farm/*", false),
            ("farm/*a", "farm/?a", true),
            ("a/b", "a/b", true),
            ("a/b", "a/*", false),
        ] {
            let (set, other_set) = (Pattern::of_resource(resource), Pattern::of_resource(other));
            assert_eq!(set.covers(&other_set), expected, "{resource} {other}");
        }
        let level = Pattern::of_filter("farm/+/data");
        assert!(Pattern::of_resource("farm/*").covers(&level));
        assert!(level.covers(&Pattern::of_resource("farm/a/data")));
        assert!(level.covers(&level) && !level.covers(&Pattern::of_resource("farm/?/data")));
    }

    #[test]
    fn templates_keep_what_the_topic_gives_them() {
        for (template, from, heard, expected) in [
            ("${topic()}/again", "a/+", "a/+", false),
            ("${topic()}/again", "a/#", "a/#", true),
            ("${topic(1)}/x", "a/+", "b/x", false),
            ("${topic(1)}/x", "+/y", "b/x", true),
            ("${ topic( 2 ) }/x", "a/b", "b/x", true),
            ("cmd/${id}", "a/+", "cmd/1/2", true),
            ("$$aws/things/${id}/shadow/update", "a", "$aws/things/+/shadow/update", true),
            ("a/${concat('}', \"{\")}/b", "x", "a/1/b", true),
        ] {
            let made = Pattern::of_template(template, Some(from));
            assert_eq!(made.overlaps(&Pattern::of_filter(heard)), expected, "{template} {heard}");
        }
    }

    #[test]
    fn a_template_is_cut_at_its_braces() {
        assert_eq!(
            parts("a/${ concat('}', x) }/${b}c"),
            [
                Part::Text("a/"),
                Part::Expr("concat('}', x)"),
                Part::Text("/"),
                Part::Expr("b"),
                Part::Text("c")
            ]
        );
        assert_eq!(parts("${open"), [Part::Expr("open")]);
        assert_eq!(parts(""), []);
    }
}
