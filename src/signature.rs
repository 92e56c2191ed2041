//! Signatures: what a verdict is computed from, and how a request of our own is signed.
//!
//! Pure: no clock, no file, no socket. Secrets are compared in constant time.

mod cause;
mod clock;
mod content;
mod diagnose;
mod digest;
mod entries;
mod examine;
mod handshake;
mod key;
mod lint;
mod public_url;
mod sign;
mod variant;
mod verifier;
mod verify;

pub use cause::Cause;
pub use content::Subject;
pub use diagnose::{Budget, Tried};
pub use examine::{Break, Ends, Examined, Seen};
pub use handshake::{Greeting, Handshakes};
pub use lint::{lint, lint_under};
pub use public_url::PublicUrl;
pub(crate) use sign::time_text;
pub use sign::{Draft, SignError, Signed, sign, unsignable};
pub use verifier::{Diagnosis, Judged, Keyed, Verifier};
pub use verify::{is_well_formed, verify};
