//! `policy ...`: suites of policies, and single questions to them.

use super::rules::{load, report_format, settings, verdict};
use super::threads;
use crate::Verdict;
use crate::args::{AccessArgs, Format, PolicyVerb};
use crate::console::{Bar, SystemStopwatch, bad_problems, print, say};
use anyhow::Result;
use fieldmirror_engine::synthesize::{self, SynthesisOptions};
use fieldmirror_workbench::access::{self, Question};
use fieldmirror_workbench::suite::policies;
use std::path::Path;

pub(crate) fn execute(verb: PolicyVerb, format: Format) -> Result<Verdict> {
    match verb {
        PolicyVerb::Test { paths, input } => {
            let results = policies::run(&paths, &settings(&input)).map_err(bad_problems)?;
            print(&results.render(report_format(format)));
            Ok(verdict(results.failed() > 0))
        }
        PolicyVerb::Explain(args) => explain(&args, format),
        PolicyVerb::Synthesize { run, output, no_proof, threads: asked } => {
            let options = SynthesisOptions { threads: threads(asked), prove: !no_proof };
            write_least(&run, output.as_deref(), &options, format)
        }
    }
}

fn write_least(
    run: &Path,
    output: Option<&Path>,
    options: &SynthesisOptions,
    format: Format,
) -> Result<Verdict> {
    let bar = Bar::new(false);
    let found = synthesize::synthesize(run, options, &SystemStopwatch::start(), &bar)?;
    bar.finish();
    if let Some(folder) = output {
        found.write(folder)?;
    }
    match format {
        Format::Json => say!("{}", found.to_json()),
        _ => print(&found.to_text()),
    }
    Ok(verdict(!found.holds()))
}

fn explain(args: &AccessArgs, format: Format) -> Result<Verdict> {
    let settings = settings(&args.input);
    let deployment = load(&args.files, &settings)?;
    let question = Question {
        principal: &args.principal,
        client: args.client.as_deref(),
        action: &args.action,
        resource: &args.resource,
        thing_type: args.thing_type.as_deref(),
        attributes: &args.attributes,
        subject: &args.subject,
        source_ip: args.source_ip,
    };
    let answer = access::access(&deployment, &question, &settings).map_err(bad_problems)?;
    if format == Format::Json {
        let mut object = answer.explanation.to_json();
        object["schema_version"] = 1.into();
        object["notes"] = answer.notes.into();
        say!("{object}");
    } else {
        answer.notes.iter().for_each(|note| say!("note: {note}"));
        print(&answer.explanation.to_text());
    }
    Ok(Verdict::Fine)
}
