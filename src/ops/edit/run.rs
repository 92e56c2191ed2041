//! An edited delivery: stored as a delivery of its own, then sent.

use jiff::Timestamp;

use super::{write, write_decoded};
use crate::delivery::{Delivery, NewDelivery, Source};
use crate::ops::resend::{
    AttemptRecorder, Destination, Recorded, RecordingSender, ResendOutcome, Signing, SkipReason,
};
use crate::outbound::{Client, Request};
use crate::payload::decoded_whole;
use crate::signature::{Subject, Verifier};
use crate::store::{KeepError, Store};

/// Edits of one delivery.
#[derive(Debug)]
pub struct EditRun<'k> {
    pub original: Delivery,
    pub destination: Destination<'k>,
    pub verifier: &'k Verifier,
    pub store: Store,
    pub client: Client,
}

/// Reason why an edited delivery was not sent.
#[derive(Debug, thiserror::Error)]
pub enum EditSendError {
    #[error("cannot store the edited delivery: {0}")]
    Keep(#[from] KeepError),
    #[error(transparent)]
    Skipped(#[from] SkipReason),
}

impl EditRun<'_> {
    /// The file to edit. Its first line names the target unless a prompt for it follows.
    pub fn draft(&self, asks: bool) -> String {
        let Delivery { summary, head, body, .. } = &self.original;
        let how = match (&self.destination.signing, self.destination.prepare(&self.original)) {
            (Signing::Exact, _) => "exactly as edited".to_owned(),
            (_, Ok((_, None))) => "re-signed".to_owned(),
            (_, Ok((_, Some(unsigned)))) => {
                format!("exactly as edited, since it cannot be re-signed: {unsigned}")
            }
            (_, Err(reason)) => format!("only if it can be re-signed: {reason}"),
        };
        let (id, target) = (summary.id, &self.destination.target);
        let to = if asks { "the URL typed afterwards".to_owned() } else { target.to_string() };
        let about = format!(
            "Delivery {id} (not changed by editing). The edited version is sent to {to} {how}."
        );
        let encoding = head.joined_text("content-encoding").unwrap_or_default();
        match decoded_whole(body, &encoding) {
            Some(decoded) => {
                let about = format!("{about} Its body is decoded here, and sent as {encoding}.");
                write_decoded(head, &decoded, &about, Some(&encoding))
            }
            None => write(head, body, &about),
        }
    }

    /// Stores an edited request as a delivery of its own, and sends it.
    pub async fn send(self, edited: Request) -> Result<ResendOutcome, EditSendError> {
        // Attempts are compared with those of the original.
        let mut delivery =
            Delivery { head: edited.head, body: edited.body, ..self.original.clone() };
        let (prepared, unsigned) = self.destination.prepare(&delivery)?;
        delivery.head.clone_from(&prepared.request.head);
        delivery.body.clone_from(&prepared.request.body);
        delivery.summary.id = self.store.keep(self.new_delivery(&delivery)).await?.id;
        let recorder = AttemptRecorder::Store(self.store.clone());
        let mut sender = RecordingSender { client: self.client.clone(), recorder };
        let target = &self.destination.target;
        let mut outcome = sender.send(target, &prepared, &mut delivery).await;
        // There is no client to respond to; the response is the target's, or none.
        let status = outcome.attempt.status();
        let latency = status.map(|_| outcome.attempt.took);
        let id = delivery.summary.id;
        let noted: Recorded =
            self.store.record_response(id, status.unwrap_or(0), latency).await.into();
        if outcome.recorded.is_recorded() {
            outcome.recorded = noted;
        }
        Ok(ResendOutcome { unsigned, ..outcome })
    }

    fn new_delivery(&self, edited: &Delivery) -> NewDelivery {
        #[expect(clippy::disallowed_methods, reason = "the delivery is made now")]
        let now = Timestamp::now();
        let Delivery { head, body, .. } = edited;
        let url = self.destination.target.url(&head.target_text());
        let subject = Subject { head, body, url: Some(&url) };
        let identified = self.verifier.identify_as(&self.original.summary.provider, &subject, now);
        let mut new = NewDelivery::new(head.clone(), body.clone(), now);
        new.request.source = Source::Resend;
        new.request.origin = Some(self.original.summary.id);
        NewDelivery {
            provider: identified.provider,
            event: identified.event,
            signature: identified.verdict,
            ..new
        }
    }
}
