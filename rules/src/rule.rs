//! A compiled rule.

use crate::ast::Statement;
use crate::bound::BoundRule;
use crate::check;
use crate::context::Context;
use crate::diagnostic::{Diagnostic, Severity};
use crate::error::RulesError;
use crate::eval::{self, Scope};
use crate::parse;
use crate::print;
use crate::program::{Expr, Program};
use crate::template::Template;
use crate::value::Value;
use fieldmirror_core::reading::Schema;
use fieldmirror_core::topic::TopicFilter;

/// The version of the language, a rule's `awsIotSqlVersion`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SqlVersion {
    /// The original, which the service takes where a rule names none.
    #[default]
    V2015_10_08,
    /// The current one; also what `beta` means here.
    V2016_03_23,
}

impl SqlVersion {
    /// Reads `2015-10-08`, `2016-03-23` or `beta`; `None` if it is none of these.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "2015-10-08" => Some(Self::V2015_10_08),
            "2016-03-23" | "beta" => Some(Self::V2016_03_23),
            _ => None,
        }
    }

    /// The text of `awsIotSqlVersion`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2015_10_08 => "2015-10-08",
            Self::V2016_03_23 => "2016-03-23",
        }
    }
}

/// What becomes of that which the service does not know, and which has a meaning nevertheless.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// It is an error, as it is for the service.
    #[default]
    Strict,
    /// It is a warning.
    Lenient,
}

/// What a rule that fired hands to its actions.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// The message's payload, byte for byte: `SELECT *` over what is not JSON.
    Payload,
    /// A value, sent as JSON. Undefined is an empty payload.
    Value(Value),
}

/// What a rule that fired leaves to its actions.
#[derive(Clone, Debug, PartialEq)]
pub struct Firing {
    /// What it hands to them.
    pub output: Output,
    /// The values of its SET variables in their order, for the templates of its actions.
    pub variables: Vec<Value>,
}

/// A rule's SQL, compiled.
#[derive(Clone, Debug)]
pub struct Rule {
    sql: String,
    version: SqlVersion,
    strictness: Strictness,
    /// What was written: for printing, explanations and mutants.
    statement: Statement,
    program: Program,
    /// The payload's keys that the program reads; `None` if it may read any.
    keys: Option<Box<[Box<str>]>>,
}

impl Rule {
    /// Compiles `sql`.
    ///
    /// A statement without FROM is a rule that only Basic Ingest reaches.
    ///
    /// # Errors
    /// Everything that is wrong with the text, in its order; never an empty list.
    pub fn compile(sql: &str, version: SqlVersion) -> Result<Self, Vec<Diagnostic>> {
        Self::compile_with(sql, version, Strictness::Strict).map(|(rule, _)| rule)
    }

    /// Compiles `sql` although the service would refuse it, where it has a meaning nevertheless:
    /// an unknown function, one with an impossible number of arguments or an unknown type is
    /// Undefined, `!=` is `<>`, a filter without single quotes is taken as it stands, what the
    /// version lacks is there. Beside the rule come warnings: what the service would refuse.
    ///
    /// # Errors
    /// Everything that is wrong with the text if some of it has no meaning; never an empty list.
    ///
    /// ```
    /// use fieldmirror_rules::rule::{Rule, SqlVersion};
    ///
    /// let sql = "SELECT nope(a) AS x FROM 'a/b' WHERE a != 1";
    /// let (_rule, warnings) = Rule::compile_lenient(sql, SqlVersion::V2016_03_23).expect("clear");
    /// assert_eq!(warnings.len(), 2);
    /// assert!(warnings[0].render(sql).starts_with("warning[SQL020]"));
    /// ```
    pub fn compile_lenient(
        sql: &str,
        version: SqlVersion,
    ) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        Self::compile_with(sql, version, Strictness::Lenient)
    }

    /// Compiles `sql` as [`Self::compile`] or as [`Self::compile_lenient`] does. Templates of the
    /// rule's actions are compiled as strictly as the rule itself.
    ///
    /// # Errors
    /// As these.
    pub fn compile_with(
        sql: &str,
        version: SqlVersion,
        strictness: Strictness,
    ) -> Result<(Self, Vec<Diagnostic>), Vec<Diagnostic>> {
        let (rule, diagnostics) = Self::read(sql, version);
        let diagnostics = judged(diagnostics, strictness)?;
        match rule {
            Some(rule) => Ok((Self { strictness, ..rule }, diagnostics)),
            None => Err(diagnostics),
        }
    }

    /// Compiles another statement for this rule's version and as strictly as this rule was.
    ///
    /// # Errors
    /// As [`Self::compile`].
    pub fn compile_alike(&self, sql: &str) -> Result<Self, Vec<Diagnostic>> {
        Self::compile_with(sql, self.version, self.strictness).map(|(rule, _)| rule)
    }

    /// What could be understood of `sql`, and everything that is wrong with it.
    fn read(sql: &str, version: SqlVersion) -> (Option<Self>, Vec<Diagnostic>) {
        let (statement, mut diagnostics) = parse::statement(sql, version);
        let Some(statement) = statement else { return (None, in_order(diagnostics)) };
        let (program, wrong) = check::statement(sql, &statement, version);
        diagnostics.extend(wrong);
        let keys = program.keys();
        let strictness = Strictness::Strict;
        let rule = Self { sql: sql.to_owned(), version, strictness, statement, program, keys };
        (Some(rule), in_order(diagnostics))
    }

    /// The topics that the rule hears: its FROM. `None` if it has none, and only Basic Ingest
    /// reaches it.
    pub const fn filter(&self) -> Option<&TopicFilter> {
        self.statement.from.as_ref()
    }

    /// Whether a message on `topic` that goes through the broker reaches the rule.
    pub fn hears(&self, topic: &str) -> bool {
        self.filter().is_some_and(|filter| filter.matches(topic))
    }

    pub(crate) const fn statement(&self) -> &Statement {
        &self.statement
    }

    /// The text that was compiled.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The rule as canonical SQL: keywords in capitals, the fewest parentheses. It means the same;
    /// compiling and printing it again gives the same text.
    pub fn to_sql(&self) -> String {
        print::statement(&self.statement, &self.sql)
    }

    /// The version for which it was compiled.
    pub const fn version(&self) -> SqlVersion {
        self.version
    }

    /// Whether the output is the payload itself, byte for byte: a plain `SELECT *`.
    pub fn is_whole_payload(&self) -> bool {
        self.program.select.is_whole()
    }

    /// Whether anything in it reads the payload as JSON. A rule that does not, such as a plain
    /// `SELECT *` or `SELECT topic()`, takes any bytes.
    pub fn reads_payload(&self) -> bool {
        let Program { variables, select, filter } = &self.program;
        let variables = variables.iter().map(|(_, expr)| expr);
        let mut exprs = variables.chain(select.exprs()).chain(filter);
        exprs.any(|expr| expr.any(&mut |expr| matches!(expr, Expr::Path(_))))
    }

    /// Runs the rule over a JSON payload; `None` if WHERE is not true.
    ///
    /// The topic is not compared with FROM: routing is the caller's. A result that is
    /// [`Value::Undefined`] is an empty payload.
    ///
    /// # Errors
    /// [`RulesError::External`] and [`RulesError::VariableTooLarge`]; no action may run then.
    pub fn evaluate(
        &self,
        payload: &Value,
        context: &Context<'_>,
    ) -> Result<Option<Value>, RulesError> {
        Ok(self.fire(payload, context)?.map(|firing| match firing.output {
            Output::Value(value) => value,
            Output::Payload => payload.clone(),
        }))
    }

    /// Runs the rule as [`Self::evaluate`] does, and keeps its SET variables beside the output.
    ///
    /// # Errors
    /// As [`Self::evaluate`].
    pub fn fire(
        &self,
        payload: &Value,
        context: &Context<'_>,
    ) -> Result<Option<Firing>, RulesError> {
        eval::fire(&self.program, self.scope(payload, None, context))
    }

    /// Runs the rule over a payload of any kind; `None` if WHERE is not true.
    ///
    /// Where the payload is not JSON, every path is Undefined, `encode(*, 'base64')` sees the bytes
    /// and `SELECT *` yields [`Output::Payload`].
    ///
    /// # Errors
    /// As [`Self::evaluate`].
    pub fn evaluate_bytes(
        &self,
        payload: &[u8],
        context: &Context<'_>,
    ) -> Result<Option<Output>, RulesError> {
        Ok(self.fire_bytes(payload, context)?.map(|firing| firing.output))
    }

    /// Runs the rule as [`Self::evaluate_bytes`] does, and keeps its SET variables beside the
    /// output.
    ///
    /// # Errors
    /// As [`Self::evaluate`].
    pub fn fire_bytes(
        &self,
        payload: &[u8],
        context: &Context<'_>,
    ) -> Result<Option<Firing>, RulesError> {
        let value = match &self.keys {
            Some(keys) => Value::keys_from_json(payload, self.version, keys),
            None => Value::from_json_for(payload, self.version),
        };
        let value = value.unwrap_or(Value::Undefined);
        eval::fire(&self.program, self.scope(&value, Some(payload), context))
    }

    /// Compiles a template of one of the rule's actions: for its version, and with its SET
    /// variables, whose values [`Self::fire`] gives to [`Template::render_with`].
    ///
    /// Of a rule that was compiled leniently, [`Template::warnings`] has what the service would
    /// refuse.
    ///
    /// # Errors
    /// Everything that is wrong with the template's expressions; never an empty list.
    ///
    /// ```
    /// use fieldmirror_core::time::Timestamp;
    /// use fieldmirror_rules::{context::Context, rule::{Rule, SqlVersion}, value::Value};
    ///
    /// let sql = "SET @c = celsius SELECT * FROM 'farm/+' WHERE @c.max > 30";
    /// let rule = Rule::compile(sql, SqlVersion::V2016_03_23).expect("sound");
    /// let template = rule.template("hot/${@c.max}").expect("valid");
    /// let payload = Value::from_json(br#"{"celsius": {"max": 31}}"#).expect("JSON");
    /// let context = Context::new("farm/1", Timestamp::from_millis(0));
    /// let firing = rule.fire(&payload, &context).expect("no services").expect("it fires");
    /// let text = template.render_with(&payload, &context, &firing.variables);
    /// assert_eq!(text, Ok("hot/31".to_owned()));
    /// ```
    pub fn template(&self, text: &str) -> Result<Template, Vec<Diagnostic>> {
        let names: Vec<&str> = self.variable_names().collect();
        Template::read(text, self.version, &names, self.strictness)
    }

    /// The names of its SET variables in their order, without `@`.
    pub fn variable_names(&self) -> impl Iterator<Item = &str> {
        self.program.variables.iter().map(|(name, _)| &**name)
    }

    /// What was written and what was made of it.
    pub(crate) const fn parts(&self) -> (&Statement, &Program) {
        (&self.statement, &self.program)
    }

    pub(crate) const fn program(&self) -> &Program {
        &self.program
    }

    fn scope<'v>(
        &self,
        root: &'v Value,
        bytes: Option<&'v [u8]>,
        context: &'v Context<'v>,
    ) -> Scope<'v> {
        Scope { root, bytes, variables: &[], context, version: self.version }
    }

    /// The rule over typed readings of `schema`; `None` if it needs the general path: because it
    /// reads more than the payload's fields (topic, time, services), divides, or multiplies so
    /// that 34 digits might not suffice in WHERE.
    pub fn bind(&self, schema: &'static Schema) -> Option<BoundRule> {
        BoundRule::new(&self.program, self.version, schema)
    }
}

/// Everything that is wrong with a text, as strictly as it is to be taken: warnings only, or an
/// error.
pub(crate) fn judged(
    mut diagnostics: Vec<Diagnostic>,
    strictness: Strictness,
) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    if strictness == Strictness::Strict {
        return if diagnostics.is_empty() { Ok(diagnostics) } else { Err(diagnostics) };
    }
    for diagnostic in diagnostics.iter_mut().filter(|diagnostic| diagnostic.is_tolerable) {
        diagnostic.severity = Severity::Warning;
    }
    let is_tolerable = diagnostics.iter().all(|diagnostic| diagnostic.is_tolerable);
    if is_tolerable { Ok(diagnostics) } else { Err(diagnostics) }
}

/// Diagnostics in the order of the text, one a place.
pub(crate) fn in_order(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.sort_by_key(|diagnostic| (diagnostic.span.start, diagnostic.span.end));
    diagnostics.dedup_by(|later, earlier| later.span == earlier.span);
    diagnostics
}
