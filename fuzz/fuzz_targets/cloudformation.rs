//! libFuzzer over CloudFormation templates.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = fieldmirror_workbench::inputs::cloudformation::fuzz(bytes);
});
