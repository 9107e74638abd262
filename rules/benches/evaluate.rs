//! What a rule costs.

fn main() {}
