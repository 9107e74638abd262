//! The page `docs/compatibility.md`: what works, differs or is absent, printed from the registries
//! of the code that does the work, and the choices where the service's documents are silent.

use crate::inputs::catalogue::{self as inputs, Group};
use crate::lint;
use fieldmirror_cloud::catalogue::{Status as ActionStatus, actions};
use fieldmirror_cloud::policy;
use fieldmirror_rules::catalogue::{Entry, functions, language};
use fieldmirror_rules::decisions;
use fieldmirror_rules::diagnostic::Code;
use std::fmt::Write as _;

/// The whole page. `workbench/tests/compatibility.rs` compares the file with it.
pub fn markdown() -> String {
    let mut page = Page::default();
    page.chapter("The language", "Clauses, forms of expressions and operators of IoT SQL.");
    page.table(language().iter().map(entry));
    page.chapter(
        "Functions",
        "An unknown function and an impossible number of arguments are refused when a rule is \
         compiled; `--lenient`, in the library `Rule::compile_lenient`, warns instead.",
    );
    page.table(functions().iter().map(entry));
    page.chapter(
        "Actions",
        "All kinds are read with all their fields, and each leaves in `actions` the body that its \
         target would have got. Some act as well.",
    );
    page.table(actions().map(|action| {
        let (state, text) = match action.status {
            ActionStatus::RecordedOnly => {
                ("differs", format!("Recorded, not sent. {}", action.note))
            }
            status => (status.name(), action.note.to_owned()),
        };
        Row { name: action.kind.name().to_owned(), state, text }
    }));
    page.policies();
    page.inputs();
    page.decisions();
    page.codes();
    page.finish()
}

/// A line of a table.
struct Row {
    name: String,
    state: &'static str,
    text: String,
}

fn entry(entry: &Entry) -> Row {
    let mut text = format!("`{}`", entry.usage);
    if entry.since.as_str() == "2016-03-23" {
        text.push_str(", since 2016-03-23");
    }
    if !entry.note.is_empty() {
        let _ = write!(text, ": {}", entry.note);
    }
    text.push('.');
    Row { name: entry.name.to_owned(), state: entry.status.as_str(), text }
}

/// The page while it is written.
#[derive(Default)]
struct Page {
    text: String,
    /// Name of a chapter, and how many of its rows work, differ and are absent.
    counts: Vec<(&'static str, [usize; 3])>,
}

impl Page {
    fn chapter(&mut self, title: &'static str, text: &str) {
        self.counts.push((title, [0; 3]));
        let _ = write!(self.text, "\n## {title}\n\n{text}\n");
    }

    fn table(&mut self, rows: impl Iterator<Item = Row>) {
        self.text.push_str("\n| name | state | what to know |\n|---|---|---|\n");
        for row in rows {
            let at = ["works", "differs", "absent"].iter().position(|state| *state == row.state);
            if let (Some((_, counts)), Some(at)) = (self.counts.last_mut(), at) {
                counts[at] += 1;
            }
            let (name, text) = (cell(&row.name), cell(&row.text));
            let _ = writeln!(self.text, "| `{name}` | {} | {text} |", row.state);
        }
    }

    fn policies(&mut self) {
        self.chapter(
            "Policies",
            "Documents are read strictly: all problems at once, each with its place.",
        );
        let all = policy::catalogue::catalogue();
        for (group, title) in POLICY_GROUPS {
            let _ = write!(self.text, "\n### {title}\n");
            self.table(all.iter().filter(|feature| feature.group == group).map(|feature| Row {
                name: feature.name.clone(),
                state: feature.state.as_str(),
                text: feature.text.clone(),
            }));
        }
    }

    fn inputs(&mut self) {
        self.chapter(
            "Files",
            "What `rules` and `policy` read. The kind is told from what is in the file.",
        );
        let all = inputs::catalogue();
        for (group, title) in INPUT_GROUPS {
            let _ = write!(self.text, "\n### {title}\n");
            self.table(all.iter().filter(|feature| feature.group == group).map(|feature| Row {
                name: feature.name.to_owned(),
                state: feature.state.as_str(),
                text: feature.text.clone(),
            }));
        }
    }

    fn decisions(&mut self) {
        self.text.push_str(
            "\n## Decisions\n\nWhere AWS's documents are silent or contradict each other, a choice \
             was made, and stands in one place of the code.\n\n### The language\n\nFrom \
             [`rules/src/decisions.rs`](../rules/src/decisions.rs).\n\n\
             | point | choice | acts in |\n|---|---|---|\n",
        );
        for [point, choice, place] in decisions::rows() {
            let _ = writeln!(self.text, "| {point} | {choice} | {place} |");
        }
        self.text.push_str(
            "\n### Policies\n\nFrom [`cloud/src/policy.rs`](../cloud/src/policy.rs).\n\n\
             | point | choice |\n|---|---|\n",
        );
        for [point, choice] in policy::decisions() {
            // Links of the code's documentation lead nowhere from here.
            let choice = choice.replace("[`", "`").replace("`]", "`");
            let _ = writeln!(self.text, "| {point} | {choice} |");
        }
    }

    fn codes(&mut self) {
        self.text.push_str(
            "\n## Codes\n\nA code never changes its meaning.\n\n### A rule that does not compile\n\n\
             | code | meaning |\n|---|---|\n",
        );
        for code in Code::ALL {
            let _ = writeln!(self.text, "| {code} | {} |", cell(code.meaning()));
        }
        self.text.push_str("\n### Findings of `rules lint`\n\n| code | meaning |\n|---|---|\n");
        for code in lint::Code::ALL {
            let _ = writeln!(self.text, "| {} | {} |", code.as_str(), cell(code.meaning()));
        }
    }

    /// The head with its counts, which are known at the end only, and what was written.
    fn finish(self) -> String {
        let mut page = HEAD.to_owned();
        for (title, [works, differs, absent]) in &self.counts {
            let anchor = title.to_lowercase().replace(' ', "-");
            let _ = writeln!(page, "| [{title}](#{anchor}) | {works} | {differs} | {absent} |");
        }
        page.push_str(&self.text);
        page
    }
}

/// A text in which nothing ends a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

const HEAD: &str = "# Compatibility with AWS IoT Core

Printed from the code's own registries by `fieldmirror_workbench::compatibility`; a test compares \
this file with them.

- **works**: as AWS documents it, or as the [decisions](#decisions) say where it does not.
- **differs**: it is there, and the sentence says what is different.
- **absent**: it is named in an error, a warning or a note; nothing is silently ignored.

| chapter | works | differs | absent |
|---|---|---|---|
";

const POLICY_GROUPS: [(&str, &str); 5] = [
    ("document", "Documents"),
    ("action", "Actions of policies"),
    ("operator", "Operators"),
    ("variable", "Variables"),
    ("identity", "Principals"),
];

const INPUT_GROUPS: [(Group, &str); 4] = [
    (Group::File, "Kinds of files"),
    (Group::Resource, "Resources of CloudFormation"),
    (Group::Function, "Functions of CloudFormation"),
    (Group::Terraform, "Resources of Terraform"),
];

#[cfg(test)]
mod tests {
    use super::{INPUT_GROUPS, POLICY_GROUPS};

    #[test]
    fn no_group_is_left_out() {
        let policies = fieldmirror_cloud::policy::catalogue::catalogue();
        for feature in policies {
            assert!(POLICY_GROUPS.iter().any(|(group, _)| *group == feature.group), "{feature:?}");
        }
        for feature in crate::inputs::catalogue::catalogue() {
            assert!(INPUT_GROUPS.iter().any(|(group, _)| *group == feature.group), "{feature:?}");
        }
    }
}
