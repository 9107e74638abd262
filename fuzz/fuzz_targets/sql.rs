//! libFuzzer over statements.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fieldmirror_rules::fuzz::sql(bytes));
