//! The `fieldmirror` command: verbs in, exit codes out.
//!
//! Exit codes: 0 fine, 1 an assertion or threshold failed, 2 usage, 3 bad or missing input,
//! 4 runtime failure.

mod args;
mod console;
mod verbs;

use clap::Parser as _;
use std::process::ExitCode;

/// What a verb ends with when nothing broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Fine.
    Fine,
    /// An assertion or threshold failed.
    Failed,
}

fn main() -> ExitCode {
    let args = args::Args::parse();
    let format = args.format;
    match verbs::execute(args) {
        Ok(Verdict::Fine) => ExitCode::SUCCESS,
        Ok(Verdict::Failed) => ExitCode::from(1),
        Err(error) => {
            let code = console::exit_code(&error);
            console::print_error(&error, code, format);
            ExitCode::from(code)
        }
    }
}
