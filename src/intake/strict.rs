//! Strict mode: refuses deliveries that are not verified, and explains why.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Semaphore;

use super::diagnoser;
use crate::delivery::{Header, NewDelivery, SignatureStatus, Verdict};
use crate::listener::ClientResponse;
use crate::signature::Verifier;
use crate::task;

/// Time limit of the search for a cause before a delivery is refused.
const LIMIT: Duration = Duration::from_millis(200);

/// Refuses deliveries that are not verified, and explains why.
#[derive(Debug)]
pub struct Strict {
    /// Allows one search at a time: a flood of bad signatures gets responses without a cause, and
    /// delays nobody.
    searching: Arc<Semaphore>,
}

impl Default for Strict {
    fn default() -> Self {
        Self { searching: Arc::new(Semaphore::new(1)) }
    }
}

impl Strict {
    /// Searches for the cause and puts it into the verdict; returns whether the search is complete.
    pub(super) async fn find_cause(&self, verifier: &Arc<Verifier>, new: &mut NewDelivery) -> bool {
        if !new.signature.needs_cause() {
            return false;
        }
        let Ok(_permit) = Arc::clone(&self.searching).try_acquire_owned() else { return false };
        let verifier = Arc::clone(verifier);
        let (head, body, at) = (new.head.clone(), new.body.clone(), new.request.received_at);
        let search = move || diagnoser::search_within(&verifier, &head, &body, at, LIMIT);
        let Some(found) = task::join_or_panic(tokio::task::spawn_blocking(search).await) else {
            return false;
        };
        new.signature = found.verdict;
        found.complete
    }
}

/// Returns true if a request looks like a provider's check of a URL before registering it: HEAD or
/// GET without a body and a signature. It carries no event and is not forwarded.
pub(super) fn is_url_check(new: &NewDelivery) -> bool {
    matches!(new.head.method.as_str(), "HEAD" | "GET")
        && new.body.is_empty()
        && matches!(new.signature.status, SignatureStatus::Missing | SignatureStatus::Unchecked)
}

/// Describes the check of a URL, and returns its response.
pub(super) fn pass_url_check(new: &mut NewDelivery) -> ClientResponse {
    let why = format!(
        "{} without a body: providers check a URL like this before they register it, so it passes \
         strict mode",
        new.head.method
    );
    new.signature = Verdict::explained(SignatureStatus::Unchecked, why);
    ClientResponse { status: 200, headers: Vec::new(), body: Bytes::new() }
}

/// Returns the response to a delivery that is not verified.
pub(super) fn refusal(verdict: &Verdict) -> ClientResponse {
    let mut text = format!("rejected, since the signature is not verified: {}", verdict.status);
    if let Some(cause) = &verdict.cause {
        // Writing to a String cannot fail.
        let _ = write!(text, " ({cause})");
    }
    if let Some(explanation) = &verdict.explanation {
        let _ = write!(text, "; {explanation}");
    }
    text.push('\n');
    let mut response = ClientResponse::plain_text(401, text);
    // RFC 9110 section 15.5.2 asks for a challenge.
    response.headers.push(Header::new("WWW-Authenticate", "Signature"));
    response
}
