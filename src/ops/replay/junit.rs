//! Outcomes as a `JUnit` report for build servers.

use std::fmt::Write as _;
use std::time::Duration;

use super::CaseOutcome;
use crate::payload::escape;

/// Returns the XML of a run.
pub(crate) fn junit(target: &str, outcomes: &[CaseOutcome]) -> String {
    let failed = outcomes.iter().filter(|outcome| !outcome.failures.is_empty()).count();
    let took: Duration = outcomes.iter().map(|outcome| outcome.took).sum();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "<testsuites><testsuite name=\"hookglass replay to {}\" tests=\"{}\" failures=\"{failed}\" \
         errors=\"0\" skipped=\"0\" time=\"{:.3}\">",
        escaped(target),
        outcomes.len(),
        took.as_secs_f64()
    );
    for outcome in outcomes {
        let (name, took) = (escaped(&outcome.name), outcome.took.as_secs_f64());
        let _ = write!(out, "<testcase classname=\"replay\" name=\"{name}\" time=\"{took:.3}\"");
        if outcome.failures.is_empty() {
            out.push_str("/>\n");
            continue;
        }
        let why = escaped(&outcome.failures.join("; "));
        let _ = write!(out, "><failure message=\"{why}\">{why}");
        if let Some(body) = &outcome.response_body {
            out.push_str("\nresponse body:");
            for line in body.lines() {
                let _ = write!(out, "\n{}", escaped(line));
            }
        }
        out.push_str("</failure></testcase>\n");
    }
    out.push_str("</testsuite></testsuites>\n");
    out
}

/// Escapes text for an attribute or an element. XML 1.0 cannot express control characters.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in escape(text).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped() {
        let outcome = CaseOutcome {
            name: "a<b>&\"\u{1b}\u{0}".to_owned(),
            status: None,
            took: Duration::from_millis(1500),
            failures: vec!["x < y".to_owned()],
            response_body: Some("no\n<such> user\u{1b}".to_owned()),
            is_unreachable: false,
        };
        let xml = junit("http://h/?a&b", &[outcome]);
        assert!(xml.contains("name=\"a&lt;b&gt;&amp;&quot;"), "{xml}");
        assert!(xml.contains("failures=\"1\"") && xml.contains("time=\"1.500\""), "{xml}");
        assert!(xml.contains("x &lt; y\nresponse body:\nno\n&lt;such&gt; user"), "{xml}");
        assert!(xml.contains("message=\"x &lt; y\"") && !xml.contains('\u{1b}'), "{xml}");
    }
}
