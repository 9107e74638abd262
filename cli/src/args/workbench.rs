//! The command line of rules, policies and bills.

use super::parse_set;
use clap::{Args as ClapArgs, Subcommand};
use std::net::IpAddr;
use std::path::PathBuf;

/// What a team's files leave open.
#[derive(Debug, Default, ClapArgs)]
pub(crate) struct InputArgs {
    /// A parameter of a CloudFormation template. May be repeated.
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = parse_set)]
    pub(crate) parameters: Vec<(String, String)>,
    /// Region in ARNs.
    #[arg(long, default_value = "eu-west-1")]
    pub(crate) region: String,
    /// Account in ARNs.
    #[arg(long, default_value = "123456789012")]
    pub(crate) account: String,
    /// AWS::StackName.
    #[arg(long, default_value = "stack")]
    pub(crate) stack: String,
    /// Warn of functions, numbers of arguments, actions and fields that AWS does not know in rules,
    /// instead of refusing them.
    #[arg(long)]
    pub(crate) lenient: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesVerb {
    /// Run suites: messages at virtual times, and what must come of them. Exit 1 if a case fails.
    Test {
        /// Suites, AWS-style case files, or folders of both.
        #[arg(required = true, value_name = "SUITE_OR_FOLDER")]
        paths: Vec<PathBuf>,
        #[command(flatten)]
        input: InputArgs,
    },
    /// Show the value of every sub-expression of a rule over one message, and which term decided.
    Explain(ExplainArgs),
    /// Say why a recorded run did something, or did not.
    Trace {
        /// Run directory.
        run: PathBuf,
        /// A thing or client; by default the one that published last.
        #[arg(long, value_name = "NAME")]
        device: Option<String>,
        /// A time such as 2017-06-20T06:10:00Z, or a duration since the start such as 15d.
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
    /// Say what is likely to be wrong with rules and policies. Exit 1 if there is an error.
    Lint(LintArgs),
    /// Change a suite's rules a little, and list the changes that its cases do not notice.
    Mutate {
        /// Suites, or folders of suites.
        #[arg(required = true, value_name = "SUITE")]
        paths: Vec<PathBuf>,
        #[command(flatten)]
        input: InputArgs,
    },
    /// Try rules over recorded telemetry: how often each fires, on which devices, on which days.
    Backtest(BacktestArgs),
    /// Write a suite with one firing and one silent case a rule, to start from.
    Init {
        /// Rules, templates or plans, or folders of them.
        #[arg(required = true, value_name = "TEMPLATE")]
        files: Vec<String>,
        /// The suite to write; by default suite.yaml beside the first file.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Replace the suite if it exists.
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        input: InputArgs,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ExplainArgs {
    /// A rule's file: AWS rule JSON, a template or a plan.
    pub(crate) rule: String,
    /// The message's topic.
    #[arg(long)]
    pub(crate) topic: String,
    /// A file with the payload, or `-` for standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) payload: PathBuf,
    /// The rule's name, if the file has more than one.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The publishing client.
    #[arg(long, value_name = "ID")]
    pub(crate) client: Option<String>,
    /// Policies of the client, whose verdicts are shown too. May be repeated.
    #[arg(long = "policy", value_name = "FILE", requires = "client")]
    pub(crate) policies: Vec<String>,
    /// The type of the client's thing, if no file says it.
    #[arg(long, value_name = "TYPE", requires = "client")]
    pub(crate) thing_type: Option<String>,
    /// An attribute of the client's thing, beside those of files. May be repeated.
    #[arg(
        long = "attribute",
        value_name = "NAME=VALUE",
        value_parser = parse_set,
        requires = "client"
    )]
    pub(crate) attributes: Vec<(String, String)>,
    /// When the message comes; 2024-01-01 by default.
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    #[command(flatten)]
    pub(crate) input: InputArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct LintArgs {
    /// Rules, policies, templates or plans, or folders of them.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<String>,
    /// What devices send: a JSON list, JSON lines or one payload. May be repeated.
    #[arg(long, value_name = "FILE")]
    pub(crate) sample: Vec<PathBuf>,
    /// A rule may fire on this share of the messages that it hears, in percent.
    #[arg(long, value_name = "N", default_value_t = 50.0)]
    pub(crate) fires_percent: f64,
    /// Warnings end with exit code 1 too.
    #[arg(long)]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) input: InputArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct BacktestArgs {
    /// Rules, templates or plans, or folders of them.
    #[arg(required = true, value_name = "RULES")]
    pub(crate) rules: Vec<String>,
    /// A run directory, a Parquet file, or a folder of Parquet files.
    #[arg(long = "in", value_name = "RUN_OR_PARQUET")]
    pub(crate) input_path: PathBuf,
    /// Other rules, to say what they would do otherwise. May be repeated.
    #[arg(long, value_name = "OTHER_RULES")]
    pub(crate) against: Vec<String>,
    /// The topic of a row: a column, or a text such as 'farm/${device}/data'.
    #[arg(long)]
    pub(crate) topic: Option<String>,
    /// The column that names the device.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) device: Option<String>,
    /// The column of the time.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) time: Option<String>,
    /// Evaluate row by row even where columns could be asked, to compare the two.
    #[arg(long)]
    pub(crate) by_rows: bool,
    /// A price list like data/prices.toml instead of the built-in one.
    #[arg(long, value_name = "FILE")]
    pub(crate) prices: Option<PathBuf>,
    /// Threads; by default one a core. Results do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    #[command(flatten)]
    pub(crate) input: InputArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyVerb {
    /// Run suites of policies: who asks for what, and whether that is allowed.
    Test {
        /// Suites.
        #[arg(required = true, value_name = "SUITE")]
        paths: Vec<PathBuf>,
        #[command(flatten)]
        input: InputArgs,
    },
    /// Say whether a principal may do something, why, and the smallest change that would turn it.
    Explain(AccessArgs),
    /// Write the least policies that would have allowed just what each device class did in a
    /// recorded run, and prove them by running it again. Exit 1 if the proof fails.
    Synthesize {
        /// Run directory.
        run: PathBuf,
        /// Where to write one file a class; by default they are printed.
        #[arg(short, long, value_name = "DIR")]
        output: Option<PathBuf>,
        /// Do not run the scenario again.
        #[arg(long)]
        no_proof: bool,
        /// Threads; by default one a core.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
        threads: Option<u16>,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct AccessArgs {
    /// Policies, templates or plans, or folders of them.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<String>,
    /// A certificate's id or logical id, or a thing or client; one that no file knows has all
    /// policies.
    #[arg(long)]
    pub(crate) principal: String,
    /// The action, such as iot:Publish.
    #[arg(long)]
    pub(crate) action: String,
    /// An ARN, or what follows arn:aws:iot:REGION:ACCOUNT: such as topic/a/b.
    #[arg(long)]
    pub(crate) resource: String,
    /// The client id, if it is not the principal or its thing.
    #[arg(long, value_name = "ID")]
    pub(crate) client: Option<String>,
    /// The type of the client's thing, if no file says it.
    #[arg(long, value_name = "TYPE")]
    pub(crate) thing_type: Option<String>,
    /// An attribute of the client's thing, beside those of files. May be repeated.
    #[arg(long = "attribute", value_name = "NAME=VALUE", value_parser = parse_set)]
    pub(crate) attributes: Vec<(String, String)>,
    /// A field of the certificate's subject, such as CommonName=d1. May be repeated.
    #[arg(long = "subject", value_name = "FIELD=VALUE", value_parser = parse_set)]
    pub(crate) subject: Vec<(String, String)>,
    /// Where the connection comes from.
    #[arg(long, value_name = "IP")]
    pub(crate) source_ip: Option<IpAddr>,
    #[command(flatten)]
    pub(crate) input: InputArgs,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct CostArgs {
    /// Run directory.
    pub(crate) run: PathBuf,
    /// A price list like data/prices.toml instead of the built-in one.
    #[arg(long, value_name = "FILE")]
    pub(crate) prices: Option<PathBuf>,
    /// How the lines are put together: rule, device or service.
    #[arg(long, default_value = "service", value_parser = parse_grouping)]
    pub(crate) by: fieldmirror_engine::cost::Grouping,
    /// Scale the run to so many devices and days.
    #[arg(long, value_name = "DEVICES,DAYS", value_parser = parse_scale)]
    pub(crate) scale_to: Option<fieldmirror_engine::cost::Scale>,
}

fn parse_grouping(text: &str) -> Result<fieldmirror_engine::cost::Grouping, String> {
    fieldmirror_engine::cost::Grouping::parse(text)
        .ok_or_else(|| "expected rule, device or service".to_owned())
}

fn parse_scale(text: &str) -> Result<fieldmirror_engine::cost::Scale, String> {
    fieldmirror_engine::cost::Scale::parse(text)
}
