//! What is wrong with a rule's text: a stable code, the place, what was expected, what to do.

use std::fmt;
use std::ops::Range;

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $variant:ident = $text:literal;)*) => {
        /// The kind of a diagnostic. A code is never reused for another kind.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $doc])* $variant,)*
        }

        impl Code {
            /// All codes.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The stable text.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// What it stands for, as a sentence; [`Self::ALL`] with this is the table of codes.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),*).trim_start(),)* }
            }
        }
    };
}

codes! {
    /// A character that begins no word of the language.
    UnexpectedCharacter = "SQL001";
    /// A string literal without its closing quote.
    UnterminatedString = "SQL002";
    /// Digits that are no number of the language.
    MalformedNumber = "SQL003";
    /// A word where the grammar wants another.
    UnexpectedToken = "SQL010";
    /// An operator or clause of other SQL dialects that this language does not have.
    NotInLanguage = "SQL011";
    /// A FROM that is no quoted topic filter.
    TopicFilter = "SQL012";
    /// A rule without FROM. No longer given: only Basic Ingest reaches such a rule.
    MissingFrom = "SQL013";
    /// A function that the language does not have.
    UnknownFunction = "SQL020";
    /// A number of arguments with which the function can only be Undefined.
    ArgumentCount = "SQL021";
    /// A constant argument that the function cannot take.
    Argument = "SQL022";
    /// Something that the rule's SQL version does not have.
    Version = "SQL023";
    /// Something that the service has and this engine does not.
    Unsupported = "SQL024";
    /// A type name that `CAST` does not know.
    UnknownType = "SQL025";
    /// A function called more often than the service does for one statement.
    CallLimit = "SQL026";
    /// A variable that no SET declares, or that is used in its own definition.
    UndeclaredVariable = "SQL030";
    /// A variable that is declared twice.
    DuplicateVariable = "SQL031";
    /// More variables, or a longer name, than SET allows.
    VariableLimit = "SQL032";
    /// A statement longer than the service accepts.
    TooLong = "SQL040";
    /// An expression nested deeper than this engine evaluates.
    TooDeep = "SQL041";
    /// A substitution template without its closing brace.
    UnterminatedTemplate = "SQL050";
}

impl Code {
    /// The number in [`Self::as_str`].
    pub fn number(self) -> u16 {
        // Every code is `SQL` and three digits; a test reads them all.
        self.as_str()[3..].parse().unwrap_or(0)
    }

    /// What to do about it in general; the field `help` of a [`Diagnostic`] knows the place.
    pub const fn help(self) -> &'static str {
        match self {
            Self::UnexpectedCharacter => "for keys with such characters use get(*, 'key')",
            Self::UnterminatedString => "close the text; double a quote that is part of it",
            Self::MalformedNumber => "write digits, a fraction after a point, an exponent as E-3",
            Self::UnexpectedToken => "write what was expected at that place",
            Self::NotInLanguage => "write it with the language's own operators and functions",
            Self::TopicFilter => "write a topic filter in single quotes: 'farmA/sensor/+/data'",
            Self::UnknownFunction => "use a function of the language",
            Self::ArgumentCount => "call it with as many arguments as it takes",
            Self::Argument => "write one of the modes that the function knows",
            Self::Version => "set awsIotSqlVersion to 2016-03-23",
            Self::UnknownType => "cast to Int, Decimal, Double, Boolean or String",
            Self::UndeclaredVariable => "declare it before: SET @name = ...",
            Self::DuplicateVariable => "give the second variable another name",
            Self::VariableLimit => "SET fewer variables, with shorter names",
            Self::TooLong => "split the rule, or shorten its texts",
            Self::TooDeep => "name a part of the expression with SET",
            Self::UnterminatedTemplate => "close it with `}`",
            _ => "the message says what to do",
        }
    }
}

/// How bad a diagnostic is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The service refuses the rule.
    #[default]
    Error,
    /// The service refuses the rule, but it was compiled nevertheless because that was asked for.
    Warning,
}

impl Severity {
    /// The word before the code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that is wrong with a rule's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The kind.
    pub code: Code,
    /// Where, in bytes of the text.
    pub span: Range<usize>,
    /// What was found, as a sentence without a full stop.
    pub message: String,
    /// What would have been accepted there; empty if nothing would.
    pub expected: Vec<String>,
    /// What to do about it.
    pub help: Option<String>,
    /// An error, unless the rule was compiled leniently.
    pub severity: Severity,
    /// Whether the rule has a meaning nevertheless, which a lenient compiler gives it.
    pub(crate) is_tolerable: bool,
}

impl Diagnostic {
    pub(crate) fn new(code: Code, span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            code,
            span,
            message: message.into(),
            expected: Vec::new(),
            help: None,
            severity: Severity::Error,
            is_tolerable: false,
        }
    }

    /// Marks what a lenient compiler only warns of.
    pub(crate) fn tolerable(mut self) -> Self {
        self.is_tolerable = true;
        self
    }

    pub(crate) fn expected(mut self, expected: &[&str]) -> Self {
        self.expected = expected.iter().map(|&text| text.to_owned()).collect();
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The line and column of the start in `text`, both counted from 1, columns in characters.
    pub fn position(&self, text: &str) -> (usize, usize) {
        let start = floor_boundary(text, self.span.start);
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }

    /// The diagnostic for a terminal: the message, the line of `text` (the one that was compiled)
    /// and carets under the place.
    ///
    /// ```
    /// use fieldmirror_rules::rule::{Rule, SqlVersion};
    ///
    /// let sql = "SELECT * FROM 'a/+' WHERE humidity != 35";
    /// let errors = Rule::compile(sql, SqlVersion::V2016_03_23).expect_err("no such operator");
    /// assert_eq!(
    ///     errors[0].render(sql),
    ///     "error[SQL011]: AWS IoT SQL has no `!=`\n\
    ///      1:36 | SELECT * FROM 'a/+' WHERE humidity != 35\n     \
    ///           |                                    ^^\n     \
    ///           = help: write `<>`\n"
    /// );
    /// ```
    pub fn render(&self, text: &str) -> String {
        use std::fmt::Write as _;
        let (line, column) = self.position(text);
        let start = floor_boundary(text, self.span.start);
        let end = floor_boundary(text, self.span.end).max(start);
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
        let place = format!("{line}:{column}");
        let margin = " ".repeat(place.len());
        let carets = text[start..end.min(line_end)].chars().count().max(1);
        let (line_text, column, carets) = clip(&text[line_start..line_end], column, carets);
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{}[{}]: {}", self.severity.as_str(), self.code, self.message);
        let _ = writeln!(out, "{place} | {line_text}");
        let _ = writeln!(out, "{margin} | {}{}", " ".repeat(column - 1), "^".repeat(carets));
        if !self.expected.is_empty() {
            let _ = writeln!(out, "{margin} = expected {}", self.expected.join(", "));
        }
        if let Some(help) = &self.help {
            let _ = writeln!(out, "{margin} = help: {help}");
        }
        out
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}: {}", self.code, self.span.start, self.message)?;
        if !self.expected.is_empty() {
            write!(f, "; expected {}", self.expected.join(", "))?;
        }
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

/// Longest excerpt of a line, in characters. Source: ours, a terminal's width.
const EXCERPT_CHARS_MAX: usize = 100;

/// What stands where a line was cut.
const CUT: &str = "...";

/// A line, or of a long one what is around the place at `column`; the column and the number of
/// carets in it.
fn clip(line: &str, column: usize, carets: usize) -> (String, usize, usize) {
    let chars = line.chars().count();
    if chars <= EXCERPT_CHARS_MAX {
        return (line.to_owned(), column, carets);
    }
    // The place begins in the middle, or where the excerpt is the line's begin or end.
    let first = (column - 1).saturating_sub(EXCERPT_CHARS_MAX / 2);
    let first = first.min(chars - EXCERPT_CHARS_MAX);
    let is_cut_behind = first + EXCERPT_CHARS_MAX < chars;
    let (head, tail) = (usize::from(first > 0) * CUT.len(), usize::from(is_cut_behind) * CUT.len());
    let shown = EXCERPT_CHARS_MAX - head - tail;
    let part: String = line.chars().skip(first + head).take(shown).collect();
    let text = format!("{}{part}{}", &CUT[..head], &CUT[..tail]);
    let column = column - first;
    (text, column, carets.min((EXCERPT_CHARS_MAX + 1).saturating_sub(column)).max(1))
}

/// The last character boundary of `text` at or before `at`.
fn floor_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Code, EXCERPT_CHARS_MAX, clip};

    #[test]
    fn a_long_line_is_clipped_around_the_place() {
        let line: String = (0..60).map(|i| format!("<{i:03}é")).collect();
        assert_eq!(clip("short", 2, 3), ("short".to_owned(), 2, 3));
        for column in 1..=line.chars().count() + 1 {
            let (text, at, carets) = clip(&line, column, 4);
            assert_eq!(text.chars().count(), EXCERPT_CHARS_MAX, "{column}");
            assert_eq!(text.chars().nth(at - 1), line.chars().nth(column - 1), "{column}: {text}");
            assert!(at - 1 + carets <= EXCERPT_CHARS_MAX.max(at), "{column}");
        }
        assert!(clip(&line, 1, 300).0.ends_with("..."));
        assert_eq!(clip(&line, 1, 300).2, EXCERPT_CHARS_MAX);
    }

    #[test]
    fn codes_are_numbers_in_ascending_order_with_a_meaning_and_help() {
        let mut last = 0;
        for code in Code::ALL {
            assert_eq!(code.as_str(), format!("SQL{:03}", code.number()));
            assert!(code.number() > last, "{code}");
            last = code.number();
            assert!(code.meaning().ends_with('.') && code.meaning().len() > 10, "{code}");
            assert!(!code.help().is_empty(), "{code}");
        }
        assert_eq!(Code::TooLong.meaning(), "A statement longer than the service accepts.");
    }
}
