//! `policy ...`: suites of policies, and single questions to them.

use super::rules::{load, report_format, settings, verdict};
use crate::Verdict;
use crate::args::{AccessArgs, Format, PolicyVerb};
use crate::console::{bad_problems, print, say};
use anyhow::Result;
use fieldmirror_workbench::access::{self, Question};
use fieldmirror_workbench::suite::policies;

pub(crate) fn execute(verb: PolicyVerb, format: Format) -> Result<Verdict> {
    match verb {
        PolicyVerb::Test { paths, input } => {
            let results = policies::run(&paths, &settings(&input)).map_err(bad_problems)?;
            print(&results.render(report_format(format)));
            Ok(verdict(results.failed() > 0))
        }
        PolicyVerb::Explain(args) => explain(&args, format),
    }
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
