//! libFuzzer over policy documents.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    fieldmirror_cloud::policy::fuzz::document(bytes);
});
