//! Signatures: what a verdict is computed from, and how a request of our own is signed.
//!
//! Pure: no clock, no file, no socket. Secrets are compared in constant time.

mod cause;
mod digest;
mod verify;

use crate::provider::{Encoding, Scheme, SignedContent};
use crate::secret::Secret;

pub use cause::Cause;
pub use verify::verify;

/// The signature header's value for a body, as the scheme's provider would send it.
pub fn sign(scheme: &Scheme, secret: &Secret, body: &[u8]) -> String {
    let SignedContent::Body = scheme.signed;
    let digest = digest::compute(scheme.algorithm, secret, body);
    match scheme.encoding {
        Encoding::Hex => hex::encode(digest),
    }
}
