//! One integration binary: each module says what it proves.

mod access;
mod books;
mod cost;
mod determinism;
mod tickets;
mod tidy;
mod trace;
