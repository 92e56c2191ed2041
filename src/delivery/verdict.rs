//! Verdicts: the results of verification.

use std::fmt;

use crate::words::words;

words! {
    /// Result of checking a signature, in the order in which the checks are made.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum SignatureStatus {
        Missing = "missing",
        Malformed = "malformed",
        Mismatch = "mismatch",
        Expired = "expired",
        Verified = "verified",
        /// Not checked: no secret is configured, or the delivery was refused.
        Unchecked = "unchecked",
    }
}

impl SignatureStatus {
    /// Returns true if the signature was checked and not verified.
    pub fn is_failed(self) -> bool {
        !matches!(self, Self::Verified | Self::Unchecked)
    }
}

impl fmt::Display for SignatureStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Result of verification, with its cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub status: SignatureStatus,
    /// A code from the table of causes, if a computation or an observation proved it.
    pub cause: Option<String>,
    pub explanation: Option<Explanation>,
    /// *Name* of the secret that verified, never the secret.
    pub secret: Option<String>,
}

/// Reason for a verdict in the user's terms, and what shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What was found and what to do, without a full stop.
    pub sentence: String,
    pub evidence: Vec<String>,
}

impl Explanation {
    /// Adds evidence to an explanation; the first text becomes its sentence.
    pub fn add(explanation: &mut Option<Self>, text: String) {
        match explanation {
            Some(explanation) => explanation.evidence.push(text),
            None => *explanation = Some(text.into()),
        }
    }

    /// One line each for the sentence and the evidence, as the store keeps them.
    pub fn to_lines(&self) -> String {
        let parts = std::iter::once(&self.sentence).chain(&self.evidence);
        let lines: Vec<String> = parts.map(|part| part.replace('\n', " ")).collect();
        lines.join("\n")
    }

    /// Reads what [`Self::to_lines`] wrote. Stores of earlier versions hold a single line, which
    /// becomes the sentence.
    pub fn from_lines(text: &str) -> Self {
        let mut lines = text.split('\n').map(str::to_owned);
        Self { sentence: lines.next().unwrap_or_default(), evidence: lines.collect() }
    }
}

impl From<String> for Explanation {
    fn from(sentence: String) -> Self {
        Self { sentence, evidence: Vec::new() }
    }
}

impl From<&str> for Explanation {
    fn from(sentence: &str) -> Self {
        sentence.to_owned().into()
    }
}

/// All parts in one line.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)?;
        self.evidence.iter().try_for_each(|part| write!(f, "; {part}"))
    }
}

impl Verdict {
    /// Creates a verdict for a proved cause, by its code in the table of causes.
    pub fn with_cause(
        status: SignatureStatus,
        code: &str,
        explanation: impl Into<Explanation>,
    ) -> Self {
        let cause = Some(code.to_owned());
        Self { status, cause, explanation: Some(explanation.into()), secret: None }
    }

    /// Returns whether the signature failed for a reason other than its age.
    pub fn needs_cause(&self) -> bool {
        matches!(
            self.status,
            SignatureStatus::Missing | SignatureStatus::Malformed | SignatureStatus::Mismatch
        )
    }

    /// Creates a verdict with an explanation but no cause from the table.
    pub fn explained(status: SignatureStatus, explanation: impl Into<Explanation>) -> Self {
        Self { status, cause: None, explanation: Some(explanation.into()), secret: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_read_back_exactly() {
        let evidence = vec!["at byte 7; then `;`".to_owned(), String::new()];
        let explanation = Explanation { sentence: "a; b".to_owned(), evidence };
        assert_eq!(Explanation::from_lines(&explanation.to_lines()), explanation);
    }

    #[test]
    fn a_line_of_an_earlier_version_is_the_sentence() {
        assert_eq!(Explanation::from_lines("a; b"), Explanation::from("a; b"));
    }

    #[test]
    fn the_text_joins_all_parts() {
        let mut explanation = Some(Explanation::from("a"));
        Explanation::add(&mut explanation, "b".to_owned());
        assert_eq!(explanation.unwrap().to_string(), "a; b");
    }
}
