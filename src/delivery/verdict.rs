//! Verdicts: the results of verification.

use std::fmt;

/// Result of checking a signature, in the order in which the checks are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureStatus {
    Missing,
    Malformed,
    Mismatch,
    Expired,
    Verified,
    /// Not checked: no secret is configured, or the delivery was refused.
    Unchecked,
}

impl SignatureStatus {
    pub const ALL: [Self; 6] = [
        Self::Missing,
        Self::Malformed,
        Self::Mismatch,
        Self::Expired,
        Self::Verified,
        Self::Unchecked,
    ];

    /// Returns the name used in JSON lines, filters, and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::Mismatch => "mismatch",
            Self::Expired => "expired",
            Self::Verified => "verified",
            Self::Unchecked => "unchecked",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

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
    /// One sentence for the user: what was found and what to do.
    pub explanation: Option<String>,
    /// *Name* of the secret that verified, never the secret.
    pub secret: Option<String>,
}

impl Verdict {
    /// Creates a verdict for a proved cause, by its code in the table of causes.
    pub fn with_cause(status: SignatureStatus, code: &str, explanation: String) -> Self {
        let cause = Some(code.to_owned());
        Self { status, cause, explanation: Some(explanation), secret: None }
    }

    /// Returns whether the signature failed for a reason other than its age.
    pub fn needs_cause(&self) -> bool {
        matches!(
            self.status,
            SignatureStatus::Missing | SignatureStatus::Malformed | SignatureStatus::Mismatch
        )
    }

    /// Creates a verdict with an explanation but no cause from the table.
    pub fn explained(status: SignatureStatus, explanation: impl Into<String>) -> Self {
        Self { status, cause: None, explanation: Some(explanation.into()), secret: None }
    }
}
