//! Signatures: verification, diagnosis of failed ones, and signing of requests.
//!
//! Pure: no clock, no file, no socket. Secrets are compared in constant time.

mod advice;
mod cause;
mod current;
mod diagnose;
mod digest;
mod explain;
mod handshake;
mod header_values;
mod items;
mod jwt;
mod key_location;
mod keyless;
mod message_signature;
mod mutations;
mod public_key;
mod public_url;
mod recognize;
mod report;
mod secret_key;
mod secret_lint;
mod sign;
mod signed_payload;
mod throw_away;
mod timestamp;
mod verifier;
mod verify;

pub use cause::Cause;
pub use current::CurrentVerifier;
pub use diagnose::{Budget, Tried};
pub use explain::Diagnosis;
pub use handshake::{Greeting, Handshakes};
pub use public_key::public_keys_in;
pub use public_url::PublicUrl;
pub use report::{Ends, ReceivedSignature, Report, RewriteRisk, rewrite_risks};
pub use secret_lint::{lint, lint_under};
pub(crate) use sign::time_text;
pub use sign::{Draft, SignError, Signed, sign, unsignable};
pub use signed_payload::Subject;
pub use throw_away::{is_private, throw_away};
pub use verifier::{Credentials, Identified, Judgment, SourceRoute, Verifier};
pub use verify::{is_well_formed, verify, verify_as};
