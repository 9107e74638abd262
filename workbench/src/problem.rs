//! What is wrong with a file that a team brought, with the place of it.

use std::fmt;

/// One thing that is wrong in one file: where, what stands there, what was expected.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file as it was named.
    pub file: String,
    /// Line, from 1; 0 where the whole file is meant.
    pub line: usize,
    /// Column in characters, from 1; 0 where the whole line is meant.
    pub column: usize,
    /// What in the file: a logical id, a path such as `Resources.Pump`, or nothing.
    pub subject: String,
    /// What stands there.
    pub found: String,
    /// What should stand there, or what to do.
    pub expected: String,
}

impl Problem {
    /// A problem of a whole file.
    pub fn of_file(
        file: impl Into<String>,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self {
            file: file.into(),
            line: 0,
            column: 0,
            subject: String::new(),
            found: found.into(),
            expected: expected.into(),
        }
    }

    /// The same problem at a line and column.
    #[must_use]
    pub fn at(mut self, line: usize, column: usize) -> Self {
        (self.line, self.column) = (line, column);
        self
    }

    /// The same problem, of `subject`.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }
}

/// A text in quotes for a message, cut where it is long.
pub fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("`{}...`", &text[..end]),
        None => format!("`{text}`"),
    }
}

/// Characters of a value that a message shows.
const SHOWN_CHARS_MAX: usize = 60;

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.file)?;
        if self.line > 0 {
            write!(out, ":{}", self.line)?;
        }
        if self.line > 0 && self.column > 0 {
            write!(out, ":{}", self.column)?;
        }
        out.write_str(": ")?;
        if !self.subject.is_empty() {
            write!(out, "{}: ", self.subject)?;
        }
        write!(out, "{}; expected {}", self.found, self.expected)
    }
}
