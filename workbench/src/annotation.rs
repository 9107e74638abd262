//! Texts inside workflow commands of GitHub, which end at what is escaped here.
//!
//! What it does not do: what is annotated, and how badly, is for the reports to say.
//!
//! # Source
//! GitHub Docs, "Workflow commands for GitHub Actions", and the escapes of `actions/toolkit`
//! (`packages/core/src/command.ts`).

/// The message of a command.
pub(crate) fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, such as `file` or `title`.
pub(crate) fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_command_is_escaped() {
        assert_eq!(property("a:b,c%d\ne"), "a%3Ab%2Cc%25d%0Ae");
        assert_eq!(data("a:b,c%d\r\ne"), "a:b,c%25d%0D%0Ae");
    }
}
