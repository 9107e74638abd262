//! What can be wrong with a cloud's specification. A running core never fails: what it refuses is
//! an output with a code ([`crate::outputs::Rejection`]).

use crate::policy::PolicyProblem;
use fieldmirror_rules::diagnostic::Diagnostic;

/// Why a core could not be built or a rule file not be read. All are found before the first
/// message; nothing was changed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CloudError {
    /// A price list is not what it should be; every problem found is listed.
    #[error("{}", problems.join("\n  "))]
    Prices {
        /// Each with its place, what stands there and what was expected.
        problems: Vec<String>,
    },
    /// A rule's text is not JSON.
    #[error("the rule is not valid JSON: {why} (line {line}, column {column})")]
    RuleJson {
        /// What the parser met.
        why: String,
        /// Line of the text, from 1.
        line: usize,
        /// Column of the line, from 1.
        column: usize,
    },
    /// A field of a rule's JSON is missing, unknown or of the wrong kind.
    #[error("at `{path}`: {found}; expected {expected}")]
    RuleField {
        /// Where in the JSON, such as `actions[0].lambda.functionArn`.
        path: String,
        /// What stands there.
        found: String,
        /// What should stand there.
        expected: String,
    },
    /// A rule's name is not `[a-zA-Z0-9_]+` of at most 128 characters.
    #[error("`{name}` is no rule name; expected 1 to 128 letters, digits or `_`")]
    RuleName {
        /// The name as given.
        name: String,
    },
    /// A rule's SQL does not compile.
    #[error("rule `{rule}`: {}", joined(.diagnostics))]
    RuleSql {
        /// The rule.
        rule: String,
        /// Everything that is wrong with the statement.
        diagnostics: Vec<Diagnostic>,
    },
    /// A substitution template of a rule does not compile.
    #[error("rule `{rule}`, at `{path}`: `{text}`: {}", joined(.diagnostics))]
    RuleTemplate {
        /// The rule.
        rule: String,
        /// The field, such as `actions[0].republish.topic`.
        path: String,
        /// The template.
        text: String,
        /// Everything that is wrong with it.
        diagnostics: Vec<Diagnostic>,
    },
    /// More than one problem, in the order of the text; none of them is a list itself.
    #[error("{}", joined(.0))]
    Several(Vec<Self>),
    /// A rule calls a function that the scenario does not declare.
    #[error(
        "rule `{rule}`: no function `{function}` is declared (from `{arn}`); declare it, or one of: {declared}"
    )]
    UndeclaredFunction {
        /// The rule.
        rule: String,
        /// The ARN's last segment.
        function: String,
        /// The ARN as given.
        arn: String,
        /// The declared functions.
        declared: String,
    },
    /// Two things, rules, functions or tables share a name.
    #[error("two {what} are called `{name}`")]
    Duplicate {
        /// `things`, `data topics`, `rules`, `functions` or `tables`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A parameter lies outside its range.
    #[error("{what} is {found}; expected {expected}")]
    Parameter {
        /// The parameter.
        what: String,
        /// Its value.
        found: String,
        /// The range.
        expected: String,
    },
    /// A change of the registry that breaks one of its limits.
    #[error("thing `{thing}`: {why}")]
    Registry {
        /// The thing.
        thing: String,
        /// The limit that it breaks.
        why: String,
    },
    /// A policy document is not JSON.
    #[error("the policy is not valid JSON: {why} (line {line}, column {column})")]
    PolicyJson {
        /// What the parser met.
        why: String,
        /// Line of the text, from 1.
        line: usize,
        /// Column of the line, from 1.
        column: usize,
    },
    /// A policy document that the service would refuse, or that would do less than it says.
    #[error("{}", .problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Policy {
        /// Everything that is wrong with it.
        problems: Vec<PolicyProblem>,
    },
    /// Certificates, groups and policies that do not fit together.
    #[error("{}", .problems.join("; "))]
    Identity {
        /// Everything that is wrong with them.
        problems: Vec<String>,
    },
}

impl CloudError {
    /// One error of `problems`: the only one, or a list.
    pub(crate) fn of(problems: Vec<Self>) -> Self {
        let mut flat = Vec::new();
        for problem in problems {
            match problem {
                Self::Several(list) => flat.extend(list),
                single => flat.push(single),
            }
        }
        match <[Self; 1]>::try_from(flat) {
            Ok([single]) => single,
            Err(list) => Self::Several(list),
        }
    }

    /// The single problems: those of a list, or this one.
    pub fn problems(&self) -> &[Self] {
        match self {
            Self::Several(problems) => problems,
            single => std::slice::from_ref(single),
        }
    }
}

fn joined<T: ToString>(list: &[T]) -> String {
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
