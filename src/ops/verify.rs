//! Verifies the signature of a request that is not stored.

use std::sync::Arc;

use jiff::Timestamp;

use super::diagnose::explain;
use crate::delivery::{EventRef, Head, Header, SignatureStatus};
use crate::provider::Provider;
use crate::signature::{Diagnosis, Subject, Verifier};

/// A request to verify.
#[derive(Debug)]
pub(crate) struct VerifyRequest {
    pub head: Head,
    pub body: Vec<u8>,
    /// Public URL, for schemes that sign it.
    pub url: Option<String>,
}

/// Verdict of a request, with its provider.
#[derive(Debug)]
pub(crate) struct Verification {
    pub provider: Arc<Provider>,
    pub event: EventRef,
    pub diagnosis: Diagnosis,
    /// No header is a signature of a known provider, so the usual one was assumed.
    pub is_assumed: bool,
}

/// Reason why a request cannot be verified.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VerifyError {
    #[error("none of the headers is a signature of a known provider")]
    UnknownSender,
    #[error("no secret is configured for {title}")]
    NoSecret { title: String, variable: String },
}

impl VerifyRequest {
    /// Creates a request to a public URL, whose path and query are the target.
    pub(crate) fn new(
        method: &str,
        url: Option<String>,
        headers: &[Header],
        body: Vec<u8>,
    ) -> Self {
        let rest = url.as_deref().and_then(|url| url.split_once("://")).map(|(_, rest)| rest);
        let target = rest.and_then(|rest| rest.get(rest.find('/')?..)).unwrap_or("/");
        let head = Head::build(method, target, headers);
        Self { head, body, url }
    }
}

/// Verifies a request as of a time, and searches for the cause of its verdict. A request that no
/// provider recognizes is verified as one of the `usual` provider, as in a listener.
pub(crate) fn verify(
    verifier: &Verifier,
    usual: Option<&str>,
    request: &VerifyRequest,
    at: Timestamp,
) -> Result<Verification, VerifyError> {
    let VerifyRequest { head, body, url } = request;
    let subject = Subject { head, body, url: url.as_deref() };
    let is_recognized = verifier.judge(&subject, at).credentials.is_some();
    let usual = if is_recognized { None } else { usual.and_then(|name| verifier.named(name)) };
    let assumed = usual.map(|credentials| Verifier::new(vec![credentials.clone()]));
    let (judged, diagnosis) = explain(assumed.as_ref().unwrap_or(verifier), &subject, at);
    let credentials = judged.credentials.ok_or(VerifyError::UnknownSender)?;
    let provider = Arc::clone(&credentials.provider);
    let scheme = &provider.scheme;
    let is_unknown = diagnosis.verdict.status == SignatureStatus::Unchecked
        && scheme.unchecked.is_none()
        && !scheme.algorithm.is_self_describing();
    if credentials.secrets.is_empty() && is_unknown {
        return Err(VerifyError::NoSecret {
            title: provider.title.clone(),
            variable: provider.secret_env.clone(),
        });
    }
    let event = provider.event(head, body);
    Ok(Verification { provider, event, diagnosis, is_assumed: assumed.is_some() })
}
