//! The fieldmirror command.
fn main() {}
