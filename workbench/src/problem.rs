//! What is wrong with a file that a team brought, with the place of it.

use fieldmirror_rules::diagnostic::Diagnostic;
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
    /// What should stand there, or what to do; empty where what was found says it.
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

    /// What is wrong with a statement that begins at `place` of a file, a line and column from 1.
    ///
    /// The column in the file is only told where the statement is one plain line before its place:
    /// quotes and escapes would shift it. The excerpt always shows the statement's own.
    pub fn of_sql(
        file: impl Into<String>,
        (line, column): (usize, usize),
        sql: &str,
        diagnostic: &Diagnostic,
    ) -> Self {
        let (row, offset) = diagnostic.position(sql);
        let before: String = sql.chars().take(offset.saturating_sub(1)).collect();
        let is_plain = row == 1 && !before.contains(['"', '\\', '\n', '\t']);
        let column = if is_plain && column > 0 { column + offset } else { column };
        let mut found = format!("{}: {}", diagnostic.code, diagnostic.message);
        let mut expected = diagnostic.expected.join(", ");
        match (expected.as_str(), diagnostic.help.as_deref()) {
            ("", help) => {
                found = format!("{found}; {}", help.unwrap_or_else(|| diagnostic.code.help()));
            }
            (_, Some(help)) => expected = format!("{expected}; {help}"),
            (_, None) => {}
        }
        // The first line is the message, and what follows the mark is what was expected.
        let rendered = diagnostic.render(sql);
        let lines: Vec<String> =
            rendered.lines().skip(1).take(2).map(|line| format!("  {line}")).collect();
        let last = if expected.is_empty() { &mut found } else { &mut expected };
        *last = format!("{last}\n{}", lines.join("\n"));
        Self::of_file(file, found, expected).at(line, column)
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

/// A number with its noun: `1 case`, `2 cases`.
pub fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
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
        match self.expected.as_str() {
            "" => out.write_str(&self.found)?,
            expected => write!(out, "{}; expected {expected}", self.found)?,
        }
        Ok(())
    }
}
