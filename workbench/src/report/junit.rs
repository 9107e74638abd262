//! JUnit's XML: a `testsuite` a file, a `testcase` a case.
//!
//! # Source
//! The elements that Jenkins' `junit-10.xsd` and GitLab read. Written by hand: six elements, and no
//! times or host names, which a library would add.

use super::Results;

pub(super) fn render(results: &Results) -> String {
    let (tests, failures) = (results.cases().count(), results.failed());
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    out.push_str(&format!("<testsuites tests=\"{tests}\" failures=\"{failures}\">\n"));
    for suite in &results.suites {
        let failures = suite.cases.iter().filter(|case| !case.passed).count();
        let name = attribute(&suite.suite);
        out.push_str(&format!(
            "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\">\n",
            suite.cases.len()
        ));
        for case in &suite.cases {
            out.push_str(&format!(
                "    <testcase name=\"{}\" classname=\"{name}\" file=\"{name}\" line=\"{}\"",
                attribute(&case.name),
                case.line
            ));
            if case.passed {
                out.push_str("/>\n");
                continue;
            }
            let message = case.explanation.first().map_or("it failed", String::as_str);
            out.push_str(&format!(
                ">\n      <failure message=\"{}\" type=\"expectation\">{}</failure>\n",
                attribute(message),
                content(&case.failure())
            ));
            out.push_str("    </testcase>\n");
        }
        if !suite.notes.is_empty() {
            let notes = content(&suite.notes.join("\n"));
            out.push_str(&format!("    <system-out>{notes}</system-out>\n"));
        }
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

/// Text between tags.
fn content(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // XML 1.0 has no way to write the other control characters.
            '\u{0}'..='\u{8}'
            | '\u{b}'
            | '\u{c}'
            | '\u{e}'..='\u{1f}'
            | '\u{fffe}'
            | '\u{ffff}' => {
                out.push('\u{fffd}');
            }
            _ => out.push(character),
        }
    }
    out
}

/// Text between double quotes, where line ends would become spaces.
fn attribute(text: &str) -> String {
    content(text)
        .replace('"', "&quot;")
        .replace('\n', "&#10;")
        .replace('\r', "&#13;")
        .replace('\t', "&#9;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_escaped_or_replaced() {
        assert_eq!(attribute("a<b & \"c\"\n\u{1}"), "a&lt;b &amp; &quot;c&quot;&#10;\u{fffd}");
        assert_eq!(content("]]>"), "]]&gt;");
    }
}
