//! Addresses of keys in deliveries. They are compared with the hosts of the provider, never opened.

use super::Cause;
use super::signed_payload::Subject;
use crate::delivery::{SignatureStatus, Verdict};
use crate::payload::escape;
use crate::provider::Scheme;

/// Returns the verdict on a delivery that names a key at an address of somebody else. A receiver
/// that fetches such a key verifies forged deliveries.
pub(super) fn refuse_foreign(scheme: &Scheme, subject: &Subject<'_>) -> Option<Verdict> {
    let source = scheme.key.as_ref()?;
    let place = source.from.as_ref()?;
    let url = subject.value_at(scheme, place, "")?;
    (!source.allows(&url)).then(|| {
        let why = format!(
            "the key's address at {place} is `{}`; expected HTTPS on {}",
            escape(&url),
            source.hosts.join(" or ")
        );
        Verdict::with_cause(SignatureStatus::Mismatch, Cause::KeyUrl.code(), why)
    })
}
