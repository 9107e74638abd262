//! One integration binary: each module says what it proves.

mod bad_input;
mod books;
mod determinism;
mod tickets;
mod tidy;
