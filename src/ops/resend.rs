//! Sending a kept delivery again: the bytes as they came, or signed anew.

use jiff::Timestamp;

use super::resign::{EventIdPolicy, resign};
use crate::delivery::{Attempt, AttemptKind, Delivery};
use crate::outbound::{self, Client, Request, Target};
use crate::provider::Provider;
use crate::secret::Secret;
use crate::signature::{SignError, Subject};

/// What signature a delivery is sent again with.
#[derive(Debug, Clone, Copy)]
pub enum Signing<'k> {
    /// The one that it came with.
    Exact,
    /// A new one, as of `now`.
    Anew { provider: &'k Provider, secret: &'k Secret, now: Timestamp, identity: EventIdPolicy },
}

/// A delivery made ready to be sent again.
#[derive(Debug, Clone)]
pub struct PreparedRequest {
    pub request: Request,
    /// What was changed, in a line; nothing where it goes out exactly.
    pub changes: Option<String>,
}

impl PreparedRequest {
    pub fn new(
        delivery: &Delivery,
        target: &Target,
        signing: &Signing<'_>,
    ) -> Result<Self, SignError> {
        let Delivery { head, body, .. } = delivery;
        match signing {
            Signing::Exact => {
                let request = Request { head: head.clone(), body: body.clone() };
                Ok(Self { request, changes: None })
            }
            Signing::Anew { provider, secret, now, identity } => {
                let url = target.url(&head.target_text());
                let received = Subject { head, body, url: Some(&url) };
                let again = resign(provider, secret, &received, *now, *identity)?;
                let changes: Vec<String> = again.changes.iter().map(ToString::to_string).collect();
                let line =
                    if changes.is_empty() { UNCHANGED.to_owned() } else { changes.join(", ") };
                Ok(Self { request: again.request, changes: Some(line) })
            }
        }
    }

    /// Sends it; how that went is to be kept with the delivery.
    pub async fn send(
        &self,
        client: &Client,
        target: &Target,
        delivery: &Delivery,
    ) -> ResendOutcome {
        let sent = client.send(target, &self.request).await;
        let unreached = sent.outcome.as_ref().err().is_some_and(outbound::SendError::unreached);
        let id = delivery.summary.id;
        let attempt = outbound::attempt(AttemptKind::Resend, id, target, &sent);
        ResendOutcome { attempt: Attempt { changes: self.changes.clone(), ..attempt }, unreached }
    }
}

const UNCHANGED: &str = "signed anew, which changed nothing";

/// What came of sending a delivery again.
#[derive(Debug)]
pub struct ResendOutcome {
    pub attempt: Attempt,
    /// There was no connection, so that another delivery would fare no better.
    pub unreached: bool,
}
