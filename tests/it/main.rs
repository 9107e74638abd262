//! One integration binary: each module says what it proves.

mod books;
mod determinism;
mod tickets;
mod tidy;
