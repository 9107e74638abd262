//! `docs/compatibility.md` is what the registries say. `FIELDMIRROR_RECORD=1` writes it anew.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use fieldmirror_workbench::compatibility::markdown;
use std::path::Path;

#[test]
fn the_page_is_what_the_registries_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/compatibility.md");
    if std::env::var_os("FIELDMIRROR_RECORD").is_some() {
        std::fs::write(&path, markdown()).unwrap();
    }
    let (written, page) = (std::fs::read_to_string(&path).unwrap_or_default(), markdown());
    let first = written.lines().zip(page.lines()).find(|(old, new)| old != new);
    assert!(
        written == page,
        "docs/compatibility.md is old, first at {first:?}; record it with \
         FIELDMIRROR_RECORD=1 cargo test -p fieldmirror-workbench --test compatibility"
    );
}
