//! Verdicts: the results of verification.

use std::fmt;

use unicode_width::UnicodeWidthChar as _;

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

/// Reason for a verdict in the user's terms: what is wrong, what to do, and what shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Explanation {
    /// Finding, as a sentence without its period.
    pub sentence: String,
    pub evidence: Vec<String>,
    /// Only failed signatures have it.
    pub help: Option<Box<Help>>,
}

/// Fix and proof of a failed signature.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Help {
    /// Fix, as a sentence without its period.
    pub fix: Option<String>,
    /// Steps to try, in order, if no cause is known.
    pub next: Vec<String>,
    pub proof: Option<Proof>,
}

impl Explanation {
    const FIX: &str = "Fix: ";
    const NEXT: &str = "Next: ";

    /// Adds evidence to an explanation; the first text becomes its sentence.
    pub fn add(explanation: &mut Option<Self>, text: String) {
        match explanation {
            Some(explanation) => explanation.evidence.push(text),
            None => *explanation = Some(text.into()),
        }
    }

    /// Formats each part as a line, for the store and for terminals.
    pub fn to_lines(&self) -> String {
        let mut lines = vec![self.sentence.replace('\n', " ")];
        lines.extend(self.details().iter().map(|line| line.replace('\n', " ")));
        lines.join("\n")
    }

    /// Returns every line after the sentence: fix, proof, evidence, next steps.
    pub fn details(&self) -> Vec<String> {
        let fix = self.fix().map(|fix| format!("{}{fix}", Self::FIX));
        let next = self.next().iter().map(|step| format!("{}{step}", Self::NEXT));
        let proof = self.proof().into_iter().flat_map(Proof::lines);
        fix.into_iter().chain(proof).chain(self.evidence.iter().cloned()).chain(next).collect()
    }

    pub fn fix(&self) -> Option<&str> {
        self.help.as_ref()?.fix.as_deref()
    }

    pub fn next(&self) -> &[String] {
        self.help.as_ref().map_or(&[], |help| &help.next)
    }

    pub fn proof(&self) -> Option<&Proof> {
        self.help.as_ref()?.proof.as_ref()
    }

    /// Returns the help, to be filled in.
    pub fn help_mut(&mut self) -> &mut Help {
        self.help.get_or_insert_default()
    }

    /// Parses the output of [`Self::to_lines`]. Stores of earlier versions have a single line,
    /// which becomes the sentence, or lines of evidence.
    pub fn from_lines(text: &str) -> Self {
        let mut lines = text.split('\n');
        let sentence = lines.next().unwrap_or_default().to_owned();
        let mut read = Self { sentence, ..Self::default() };
        let lines: Vec<&str> = lines.collect();
        let mut rest = lines.as_slice();
        while let [line, after @ ..] = rest {
            if let [below, caret, after @ ..] = after
                && let Some(proof) = Proof::from_lines(line, below, caret)
            {
                read.help_mut().proof = Some(proof);
                rest = after;
                continue;
            }
            rest = after;
            if let Some(fix) = line.strip_prefix(Self::FIX) {
                read.help_mut().fix = Some(fix.to_owned());
            } else if let Some(step) = line.strip_prefix(Self::NEXT) {
                read.help_mut().next.push(step.to_owned());
            } else {
                read.evidence.push((*line).to_owned());
            }
        }
        read
    }
}

/// Two texts that should be equal, and the position of their first difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Text in the request or the configuration.
    pub received: ProofRow,
    /// Text that verifies.
    pub expected: ProofRow,
    /// Columns of a terminal before the first difference.
    pub caret: usize,
    /// Position of the difference, if the texts are parts of bodies.
    pub position: Option<BodyPosition>,
}

/// A position in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyPosition {
    pub byte: usize,
    /// Counted from 1.
    pub line: usize,
}

impl fmt::Display for BodyPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}, line {}", self.byte, self.line)
    }
}

impl BodyPosition {
    /// Parses the text that its `Display` writes.
    fn from_text(text: &str) -> Option<Self> {
        let (byte, line) = text.strip_prefix("byte ")?.split_once(", line ")?;
        Some(Self { byte: byte.parse().ok()?, line: line.parse().ok()? })
    }
}

/// One of the two texts, safe to display, and its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofRow {
    /// A single word.
    pub label: String,
    pub text: String,
}

impl ProofRow {
    pub fn new(label: &str, text: impl Into<String>) -> Self {
        Self { label: label.to_owned(), text: text.into() }
    }
}

impl Proof {
    /// Compares two texts, with the caret at their first difference.
    pub fn new(received: ProofRow, expected: ProofRow) -> Self {
        let pairs = received.text.chars().zip(expected.text.chars());
        let same = pairs.take_while(|(one, other)| one == other);
        let caret = same.filter_map(|(character, _)| character.width()).sum();
        Self { received, expected, caret, position: None }
    }

    /// Formats both texts below each other and the caret as three lines.
    pub fn lines(&self) -> [String; 3] {
        let label = self.received.label.len().max(self.expected.label.len());
        let row = |row: &ProofRow| format!("{:label$}  {}", row.label, row.text);
        let indent = " ".repeat(label + 2 + self.caret);
        let position = self.position.iter().map(|position| format!(" {position}"));
        let caret = format!("{indent}^{}", position.collect::<String>());
        [row(&self.received), row(&self.expected), caret]
    }

    /// Parses the output of [`Self::lines`]; none for any other lines.
    fn from_lines(received: &str, expected: &str, caret: &str) -> Option<Self> {
        let (indent, position) = caret.split_once('^')?;
        let is_indent = indent.bytes().all(|byte| byte == b' ');
        let row = |line: &str| {
            let (label, text) = line.split_once("  ")?;
            let is_word = !label.is_empty() && !label.contains(' ');
            is_word.then(|| (label.to_owned(), text.to_owned()))
        };
        let (one, other) = (row(received)?, row(expected)?);
        // The shorter label is padded.
        let label = one.0.len().max(other.0.len());
        let text = |(known, text): (String, String)| {
            let padding = label.saturating_sub(known.len());
            let text = text.get(padding..).unwrap_or_default().to_owned();
            ProofRow { label: known, text }
        };
        if !is_indent {
            return None;
        }
        let caret = indent.len().checked_sub(label + 2)?;
        let position = position.strip_prefix(' ').and_then(BodyPosition::from_text);
        Some(Self { received: text(one), expected: text(other), caret, position })
    }
}

impl From<String> for Explanation {
    fn from(sentence: String) -> Self {
        Self { sentence, ..Self::default() }
    }
}

impl From<&str> for Explanation {
    fn from(sentence: &str) -> Self {
        sentence.to_owned().into()
    }
}

/// Formats all parts in one line.
impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)?;
        if let Some(Proof { received, expected, position, .. }) = self.proof() {
            write!(f, "; {} `{}`, ", received.label, received.text)?;
            write!(f, "{} `{}`", expected.label, expected.text)?;
            position.iter().try_for_each(|position| write!(f, " (differs at {position})"))?;
        }
        self.evidence.iter().try_for_each(|part| write!(f, "; {part}"))?;
        self.fix().iter().try_for_each(|fix| write!(f, ". {}{fix}", Self::FIX))?;
        for (at, step) in self.next().iter().enumerate() {
            f.write_str(if at == 0 { ". Next: " } else { "; " })?;
            write!(f, "{}. {step}", at + 1)?;
        }
        Ok(())
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
    fn explanations_are_read_back_exactly() {
        let proof =
            Proof::new(ProofRow::new("received", "  a^ b"), ProofRow::new("signed", "  ab"));
        let position = Some(BodyPosition { byte: 7, line: 1 });
        let help = Help {
            fix: Some("do this".to_owned()),
            next: vec!["one".to_owned(), "two".to_owned()],
            proof: Some(Proof { position, ..proof }),
        };
        let explanation = Explanation {
            sentence: "a; b".to_owned(),
            evidence: vec!["at byte 7; then `;`".to_owned(), String::new()],
            help: Some(Box::new(help)),
        };
        assert_eq!(Explanation::from_lines(&explanation.to_lines()), explanation);
    }

    #[test]
    fn lines_of_earlier_versions_are_sentence_and_evidence() {
        let read = Explanation::from_lines("a; b\nseen: c  d");
        assert_eq!(read.sentence, "a; b");
        assert_eq!(read.evidence, ["seen: c  d"]);
    }

    #[test]
    fn the_caret_is_below_the_first_difference() {
        let proof = Proof::new(ProofRow::new("received", "abc"), ProofRow::new("signed", "abd"));
        assert_eq!(proof.lines(), ["received  abc", "signed    abd", "            ^"]);
    }

    #[test]
    fn the_text_joins_all_parts() {
        let mut explanation = Some(Explanation::from("a"));
        Explanation::add(&mut explanation, "b".to_owned());
        let mut explanation = explanation.unwrap();
        explanation.help_mut().fix = Some("c".to_owned());
        assert_eq!(explanation.to_string(), "a; b. Fix: c");
    }
}
