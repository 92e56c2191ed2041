//! Explanations of signatures: the verdict, its cause, and what it was computed from.

use jiff::Timestamp;

use crate::delivery::{Delivery, SignatureStatus, Summary, Verdict};
use crate::intake;
use crate::secret::Secret;
use crate::signature::{Budget, Diagnosis, Judgment, Report, Subject, Verifier};

/// Searches for the cause of a stored delivery's verdict, as of its receipt and with the current
/// secrets. Returns none if there is no cause to search for.
pub(crate) fn diagnose(verifier: &Verifier, delivery: &Delivery) -> Option<Diagnosis> {
    let summary = &delivery.summary;
    let wanted = summary.request.refused.is_none() && summary.signature.needs_cause();
    wanted.then(|| intake::diagnose(verifier, delivery))
}

/// Returns the verdict to store if a cause was found that the stored verdict lacks.
pub(crate) fn late_cause(stored: &Verdict, found: &Diagnosis) -> Option<Verdict> {
    let late = stored.cause.is_none() && found.verdict.cause.is_some();
    (late && stored.status == found.verdict.status).then(|| found.verdict.clone())
}

/// Checks a stored delivery again with the current secrets. Returns none if they prove nothing
/// that the stored verdict lacks.
pub(crate) fn check_again(verifier: &Verifier, delivery: &Delivery) -> Option<Verdict> {
    let Summary { request, signature, .. } = &delivery.summary;
    let is_open = signature.status == SignatureStatus::Unchecked
        || (signature.needs_cause() && signature.cause.is_none());
    if request.refused.is_some() || !is_open {
        return None;
    }
    let found = intake::diagnose(verifier, delivery).verdict;
    let is_better = found.status == SignatureStatus::Verified || found.cause.is_some();
    is_better.then_some(found)
}

/// Checks a stored delivery with one other secret, which is stored nowhere.
pub(crate) fn try_secret(verifier: &Verifier, delivery: &Delivery, secret: Secret) -> Verdict {
    let verifier = verifier.with_secret(&delivery.summary.provider, secret);
    intake::diagnose(&verifier, delivery).verdict
}

/// Describes a stored delivery's signature: its scheme, what it covers, and the frameworks that
/// would break it. Returns none if its provider is unknown.
pub(crate) fn report(verifier: &Verifier, delivery: &Delivery) -> Option<Report> {
    verifier.examine(delivery)
}

/// Returns the bytes that a stored delivery's signature covers.
pub(crate) fn signed_payload(verifier: &Verifier, delivery: &Delivery) -> Option<Vec<u8>> {
    verifier.signed_payload(delivery)
}

/// Checks a request and searches for the cause of its verdict, with everything there is to try.
pub(crate) fn explain<'v>(
    verifier: &'v Verifier,
    subject: &Subject<'_>,
    at: Timestamp,
) -> (Judgment<'v>, Diagnosis) {
    let judged = verifier.judge(subject, at);
    let thorough = Budget { bytes: 4 * Budget::BYTES, go_on: &|| true };
    let diagnosis = verifier.explain(&judged, subject, at, thorough);
    (judged, diagnosis)
}
