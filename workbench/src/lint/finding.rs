//! One finding, and lists of them as text, JSON and GitHub annotations.

use crate::annotation::{data, property};
use crate::problem::counted;
use serde_json::json;
use std::fmt::Write as _;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; it may be meant.
    Note,
    /// It works otherwise than most people expect.
    Warning,
    /// It cannot do what it is for.
    Error,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The stable code: `L...` of [`super::Code`], or `SQL...` where the SQL does not compile.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The file as it was named.
    pub file: String,
    /// Line from 1; 0 where only the file is known.
    pub line: usize,
    /// Column from 1; 0 where only the line is known.
    pub column: usize,
    /// The place inside: `sql:1:27`, `actions[0].republish.topic`, `Statement[1].Action`.
    pub path: String,
    /// The rule's or policy's name.
    pub subject: String,
    /// What is the matter, as a sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// What findings are written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For a terminal.
    Text,
    /// One JSON object.
    Json,
    /// Annotations of a GitHub workflow.
    Github,
}

impl Severity {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl Finding {
    /// File, line and column, as far as they are known.
    fn place(&self) -> String {
        match (self.line, self.column) {
            (0, _) => self.file.clone(),
            (line, 0) => format!("{}:{line}", self.file),
            (line, column) => format!("{}:{line}:{column}", self.file),
        }
    }

    /// The finding in one line, as a note of another verb shows it.
    pub fn to_line(&self) -> String {
        let Self { code, path, subject, message, help, .. } = self;
        let (place, severity) = (self.place(), self.severity.as_str());
        format!("{place}: {severity}[{code}]: rule `{subject}`, at `{path}`: {message}; {help}")
    }

    /// The finding as lines for a terminal.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        let place = self.place();
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "{place}: {}[{}]: {}: {}",
            self.severity.as_str(),
            self.code,
            self.subject,
            self.message
        );
        let _ = writeln!(out, "  at: {}", self.path);
        if !self.help.is_empty() {
            let _ = writeln!(out, "  help: {}", self.help);
        }
        out
    }

    /// The finding as a JSON object.
    pub fn to_json(&self) -> serde_json::Value {
        json!({
            "code": self.code,
            "severity": self.severity.as_str(),
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "path": self.path,
            "subject": self.subject,
            "message": self.message,
            "help": self.help,
        })
    }

    /// The finding as a workflow command of GitHub.
    ///
    /// # Source
    /// GitHub, "Workflow commands for GitHub Actions": `::error file=..,line=..,col=..::message`.
    pub fn to_github(&self) -> String {
        let level = match self.severity {
            Severity::Note => "notice",
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        let mut place = format!("file={}", property(&self.file));
        if self.line > 0 {
            let _ = write!(place, ",line={}", self.line);
        }
        if self.column > 0 {
            let _ = write!(place, ",col={}", self.column);
        }
        let title = property(&format!("{} {}", self.code, self.subject));
        let message = data(&format!("{}; {} ({})", self.message, self.help, self.path));
        format!("::{level} {place},title={title}::{message}\n")
    }
}

/// All findings in one of the formats; text and JSON close with the counts.
pub fn render(findings: &[Finding], format: Format) -> String {
    let count = |severity| findings.iter().filter(|found| found.severity == severity).count();
    let (errors, warnings, notes) =
        (count(Severity::Error), count(Severity::Warning), count(Severity::Note));
    match format {
        Format::Text => {
            let mut out: String = findings.iter().map(Finding::to_text).collect();
            let _ = writeln!(
                out,
                "{}, {}, {}",
                counted(errors, "error"),
                counted(warnings, "warning"),
                counted(notes, "note")
            );
            out
        }
        Format::Json => {
            let list: Vec<_> = findings.iter().map(Finding::to_json).collect();
            let counts = json!({
                "schema_version": 1, "errors": errors, "warnings": warnings, "notes": notes, "findings": list,
            });
            format!("{counts:#}\n")
        }
        Format::Github => findings.iter().map(Finding::to_github).collect(),
    }
}

/// The exit code of a lint: 1 if there is an error, or, where `strict`, a warning. Notes never
/// fail.
pub fn exit_code(findings: &[Finding], strict: bool) -> u8 {
    let limit = if strict { Severity::Warning } else { Severity::Error };
    u8::from(findings.iter().any(|found| found.severity >= limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(severity: Severity) -> Finding {
        Finding {
            code: "L004",
            severity,
            file: "rules/a,b.json".to_owned(),
            line: 3,
            column: 12,
            path: "sql:1:27".to_owned(),
            subject: "dry".to_owned(),
            message: "it is 100% swallowed".to_owned(),
            help: "write CASE".to_owned(),
        }
    }

    #[test]
    fn a_finding_is_text_json_and_an_annotation() {
        let found = finding(Severity::Warning);
        assert_eq!(
            render(std::slice::from_ref(&found), Format::Text),
            "rules/a,b.json:3:12: warning[L004]: dry: it is 100% swallowed\n  at: sql:1:27\n  \
             help: write CASE\n0 errors, 1 warning, 0 notes\n"
        );
        assert_eq!(
            render(std::slice::from_ref(&found), Format::Github),
            "::warning file=rules/a%2Cb.json,line=3,col=12,title=L004 dry::it is 100%25 swallowed; \
             write CASE (sql:1:27)\n"
        );
        let json: serde_json::Value =
            serde_json::from_str(&render(&[found], Format::Json)).unwrap();
        assert_eq!(json["warnings"], 1);
        assert_eq!(json["findings"][0]["code"], "L004");
        assert_eq!(json["findings"][0]["line"], 3);
    }

    #[test]
    fn errors_fail_and_warnings_fail_where_strict() {
        for (severity, plain, strict) in
            [(Severity::Note, 0, 0), (Severity::Warning, 0, 1), (Severity::Error, 1, 1)]
        {
            let findings = [finding(severity)];
            assert_eq!(exit_code(&findings, false), plain, "{severity:?}");
            assert_eq!(exit_code(&findings, true), strict, "{severity:?}");
        }
        assert_eq!(exit_code(&[], true), 0);
    }
}
