//! The body of a fuzz target over policy documents; `cargo test` runs it too, over mutated cases of
//! the corpus.

use super::explain::explain;
use super::{Action, Facts, PolicyDocument, PolicySet, Request, SessionPolicy, decide};
use std::sync::Arc;

/// Reads `bytes` as a document; what is read decides, directly and compiled, and is explained.
/// Whether it was read.
///
/// # Panics
/// If the two ways of deciding differ, which is what a fuzzer looks for.
pub fn document(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Ok(document) = PolicyDocument::parse(text) else { return false };
    let set = Arc::new(PolicySet::new([("P".to_owned(), document)]));
    let facts = Facts { client_id: Some("a".to_owned()), ..Facts::new("r", "1") };
    let session = SessionPolicy::new(Arc::clone(&set), &facts);
    for action in Action::ALL {
        for name in ["", "a", "a/b/c", "+/#", "\u{e9}", "$aws/things/a/shadow/update"] {
            let request = Request::new(action, name);
            assert_eq!(session.decide_request(request), decide(&set, request, &facts), "{text}");
        }
    }
    let _ = explain(&set, Request::new(Action::Publish, "a/b"), &facts).to_text();
    true
}
