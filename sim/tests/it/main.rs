//! The farm's world from outside: what it promises of books, valves, faults, frames and draws.

mod books;
mod determinism;
mod farm;
mod faults;
mod frames;
mod pumps;
mod refusals;
mod weather;

use fieldmirror_core::time::Span;
use fieldmirror_sim::{Command, CommandKind, Simulation, Spec, StepOutput};

/// Runs a specification for `span`, handing each step's number (from 0) to `commands` and its
/// output to `see`.
fn run(
    spec: Spec,
    span: Span,
    mut commands: impl FnMut(usize) -> Vec<Command>,
    mut see: impl FnMut(&StepOutput),
) {
    let (mut now, step) = (spec.start, spec.step);
    let end = now + span;
    let mut simulation = Simulation::new(spec).expect("a valid specification");
    let mut out = StepOutput::default();
    let mut number = 0;
    while now < end {
        simulation.step(now, &commands(number), &mut out).expect("a valid step");
        see(&out);
        now = now + step;
        number += 1;
    }
}

/// Everything that a run put out, in order.
fn collect(spec: Spec, span: Span, commands: impl FnMut(usize) -> Vec<Command>) -> StepOutput {
    let mut all = StepOutput::default();
    run(spec, span, commands, |out| {
        all.frames.extend_from_slice(&out.frames);
        all.heard.extend_from_slice(&out.heard);
        all.published.extend_from_slice(&out.published);
        all.shadow_reports.extend_from_slice(&out.shadow_reports);
        all.soil.extend_from_slice(&out.soil);
        all.hydraulics.extend_from_slice(&out.hydraulics);
    });
    all
}

/// No commands.
fn idle(_: usize) -> Vec<Command> {
    Vec::new()
}

/// ON for `seconds`.
fn on(seconds: i64) -> CommandKind {
    CommandKind::On { duration: Span::from_seconds(seconds) }
}
