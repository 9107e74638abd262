//! The composition root: scenario, clock, step loop, record, replay, report.
