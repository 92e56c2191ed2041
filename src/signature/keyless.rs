//! Result of checking a signature that states what it covers.

use crate::delivery::{Explanation, Verdict};
use crate::provider::{Algorithm, Encoding, Scheme, SignedTemplate};

/// Result of checking as much of a signature as the configured keys allow.
pub(super) enum KeylessCheck {
    /// It fails whatever its key is.
    Failed(Verdict),
    /// Everything that can be checked without a key is right.
    NoKey(Explanation),
    /// Verified by the secret of this rank.
    Verified { rank: usize, notes: Vec<String> },
}

/// A computation inside a signature that can be searched for its cause like any other one.
pub(super) struct Inner {
    pub(super) scheme: Scheme,
    /// The digest, as the scheme writes it.
    pub(super) value: String,
    /// The computation takes no secret.
    pub(super) is_plain: bool,
}

/// Returns the scheme of a computation.
pub(super) fn inner(
    scheme: &Scheme,
    algorithm: Algorithm,
    encoding: Encoding,
    signed: SignedTemplate,
) -> Scheme {
    let prefix = String::new();
    Scheme { algorithm, encoding, signed, prefix, jwt: None, timestamp: None, ..scheme.clone() }
}
