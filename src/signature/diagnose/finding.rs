//! Result of a diagnosis, with its proof.

use crate::delivery::{BodyPosition, Explanation, Help, Proof, ProofRow};
use crate::payload::{escape, visible_bytes};
use crate::signature::Cause;

/// A cause that a computation proved, or an observation without a cause from the table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::signature) struct Finding {
    pub(in crate::signature) cause: Option<Cause>,
    /// Finding as a sentence, if the meaning of the cause is too general.
    sentence: Option<String>,
    fix: Option<String>,
    proof: Option<Proof>,
}

impl From<Cause> for Finding {
    fn from(cause: Cause) -> Self {
        Self { cause: Some(cause), ..Self::default() }
    }
}

impl Finding {
    /// Creates a finding without a cause from the table.
    pub(in crate::signature) fn observed(sentence: impl Into<String>) -> Self {
        Self { sentence: Some(sentence.into()), ..Self::default() }
    }

    #[must_use]
    pub(in crate::signature) fn says(self, sentence: impl Into<String>) -> Self {
        Self { sentence: Some(sentence.into()), ..self }
    }

    #[must_use]
    pub(in crate::signature) fn fix(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }

    /// Adds two texts that should be equal.
    #[must_use]
    pub(in crate::signature) fn rows(self, received: ProofRow, expected: ProofRow) -> Self {
        Self { proof: Some(Proof::new(received, expected)), ..self }
    }

    /// Adds a value of the request and the one that verifies.
    #[must_use]
    pub(in crate::signature) fn values(self, received: &str, expected: &str) -> Self {
        let row = |label, text| ProofRow::new(label, excerpt(&escape(text)));
        self.rows(row("received", received), row("expected", expected))
    }

    #[must_use]
    pub(in crate::signature) fn proof(self, proof: Proof) -> Self {
        Self { proof: Some(proof), ..self }
    }

    pub(in crate::signature) fn into_explanation(self) -> Explanation {
        let meaning = self.cause.map(|cause| cause.meaning().to_owned());
        let help = Help { fix: self.fix, proof: self.proof, next: Vec::new() };
        Explanation {
            sentence: self.sentence.or(meaning).unwrap_or_default(),
            evidence: Vec::new(),
            help: Some(Box::new(help)),
        }
    }
}

/// Longest text of a row; the rest of a longer one is left out.
const MAX_ROW: usize = 160;

fn excerpt(text: &str) -> String {
    match text.char_indices().nth(MAX_ROW) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Bytes shown before the first difference of two bodies, and after it.
const BEFORE: usize = 24;
const AFTER: usize = 24;

/// Compares the body received with the one that verifies.
pub(super) fn body_difference(received: &[u8], signed: &[u8]) -> Proof {
    let offset = received.iter().zip(signed).take_while(|(one, other)| one == other).count();
    let before = received.get(..offset).unwrap_or_default();
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    let from = offset.saturating_sub(BEFORE);
    let start = if from > 0 { "…" } else { "" };
    let shown = |bytes: &[u8]| {
        let to = (offset + AFTER).min(bytes.len());
        let end = if to < bytes.len() { "…" } else { "" };
        format!("{start}{}{end}", visible_bytes(bytes.get(from..to).unwrap_or_default()))
    };
    let received = ProofRow::new("received", shown(received));
    let proof = Proof::new(received, ProofRow::new("signed", shown(signed)));
    Proof { position: Some(BodyPosition { byte: offset, line }), ..proof }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_compared_at_their_first_difference() {
        let proof = body_difference(b"{\"a\":1}\r\n", b"{\"a\":1}\n");
        assert_eq!(
            proof.lines(),
            [
                "received  {\"a\":1}\\r\\n",
                "signed    {\"a\":1}\\n",
                "                  ^ byte 7, line 1"
            ]
        );
    }

    #[test]
    fn only_the_surroundings_of_a_difference_are_shown() {
        let body = |middle: &str| format!("{}\n{middle}{}", "a".repeat(99), "b".repeat(99));
        let proof = body_difference(body("x").as_bytes(), body("y").as_bytes());
        assert_eq!(proof.position, Some(BodyPosition { byte: 100, line: 2 }));
        assert_eq!(proof.received.text, format!("…{}\\nx{}…", "a".repeat(23), "b".repeat(23)));
    }
}
