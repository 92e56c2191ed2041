//! Orders to send deliveries again: one after the other, each attempt kept.

use std::sync::Arc;

use jiff::Timestamp;

use super::Context;
use crate::app::{Event, Notice, ResendRequest, ResendSummary};
use crate::delivery::{Comparison, Delivery, DeliveryId, Outcome};
use crate::ops::resend::{PreparedRequest, ResendOutcome, Signing};
use crate::ops::resign::EventIdPolicy;
use crate::outbound::Target;
use crate::task;

/// A request that is ready to go out, and why it is not signed anew where that was wanted.
pub(super) struct Prepared {
    pub(super) again: PreparedRequest,
    pub(super) unsigned: Option<String>,
}

/// Where it is sent, and how.
pub(super) struct Destination {
    pub(super) target: Target,
    pub(super) exact: bool,
}

impl Context {
    /// Carries an order out, as far as nobody ends it.
    pub(super) async fn resend(self: Arc<Self>, order: ResendRequest) {
        let target = match order.target.parse() {
            Ok(target) => target,
            Err(error) => {
                return self.say(Notice::failed(format!("nothing was resent: {error}"))).await;
            }
        };
        let way = Destination { target, exact: order.exact };
        if let (1, [id]) = (order.total(), order.ids.as_slice()) {
            return self.resend_one(*id, &way).await;
        }
        self.resend_many(&order, &way).await;
    }

    async fn resend_one(self: &Arc<Self>, id: DeliveryId, way: &Destination) {
        let mut delivery = match self.fetch(id).await {
            Ok(delivery) => delivery,
            Err(reason) => {
                return self.say(Notice::failed(format!("nothing was resent: {reason}"))).await;
            }
        };
        let ready = self.ready(&delivery, way);
        let (sent, compared, unkept) = self.send_kept(&mut delivery, &ready.again, way).await;
        let remark = joined([ready.unsigned, unkept]);
        // The loop has ended if nobody takes it.
        let event = Event::Resent { attempt: sent.attempt, compared, remark };
        let _ = self.events.send(event).await;
    }

    async fn resend_many(self: &Arc<Self>, order: &ResendRequest, way: &Destination) {
        let target = way.target.to_string();
        let mut tally = ResendSummary {
            number: order.number,
            target,
            total: order.total(),
            ..ResendSummary::default()
        };
        let remark = self.go_through(order, way, &mut tally).await;
        let _ = self.events.send(Event::ResendingEnded { tally, remark }).await;
    }

    /// What ended it early, or was lost.
    async fn go_through(
        self: &Arc<Self>,
        order: &ResendRequest,
        way: &Destination,
        tally: &mut ResendSummary,
    ) -> Option<String> {
        let mut stopped = self.stopped.subscribe();
        let mut lost = None;
        for id in &order.ids {
            let mut delivery = match self.fetch(*id).await {
                Ok(delivery) => delivery,
                Err(reason) => {
                    lost = Some(reason);
                    continue;
                }
            };
            for _ in 0..order.pace.times {
                if *stopped.borrow_and_update() >= order.number {
                    return joined([Some("ended by hand".to_owned()), lost]);
                }
                let _ = self.events.send(Event::Resending(tally.clone())).await;
                let ready = self.ready(&delivery, way);
                let (sent, compared, unkept) =
                    self.send_kept(&mut delivery, &ready.again, way).await;
                tally.count(&sent.attempt, compared);
                tally.unsigned += u64::from(ready.unsigned.is_some());
                lost = unkept.or(lost);
                if let (true, Outcome::Failed { reason, .. }) =
                    (sent.unreached, sent.attempt.outcome)
                {
                    return joined([Some(format!("the rest was not sent: {reason}")), lost]);
                }
                if tally.sent < tally.total {
                    tokio::select! {
                        () = tokio::time::sleep(order.pace.interval) => {}
                        _ = stopped.wait_for(|number| *number >= order.number) => {}
                    }
                }
            }
        }
        lost
    }

    pub(super) async fn fetch(self: &Arc<Self>, id: DeliveryId) -> Result<Delivery, String> {
        let one = Arc::clone(self);
        let read = tokio::task::spawn_blocking(move || one.read(id)).await;
        let gone = || Err(format!("delivery {id} could not be read"));
        task::join_or_panic(read).unwrap_or_else(gone)
    }

    /// Signs a delivery anew where that is wanted and can be.
    pub(super) fn ready(&self, delivery: &Delivery, way: &Destination) -> Prepared {
        let anew =
            if way.exact { Err(None) } else { self.signed_anew(delivery, way).map_err(Some) };
        match anew {
            Ok(again) => Prepared { again, unsigned: None },
            Err(unsigned) => {
                let (head, body) = (delivery.head.clone(), delivery.body.clone());
                let request = crate::outbound::Request { head, body };
                Prepared { again: PreparedRequest { request, changes: None }, unsigned }
            }
        }
    }

    fn signed_anew(
        &self,
        delivery: &Delivery,
        way: &Destination,
    ) -> Result<PreparedRequest, String> {
        let provider = &delivery.summary.provider;
        let credentials =
            self.setup.verifier.named(provider).ok_or(
                "exactly, since it is not known whose it is, so neither is how it is signed",
            )?;
        let secret = credentials.secrets.first().ok_or_else(|| {
            let (title, variable) = (&credentials.provider.title, &credentials.provider.secret_env);
            format!("exactly, since no secret of {title} is configured; set {variable}")
        })?;
        #[expect(clippy::disallowed_methods, reason = "a signature tells when it was made")]
        let now = Timestamp::now();
        let signing = Signing::Anew {
            provider: &credentials.provider,
            secret,
            now,
            identity: EventIdPolicy::Fresh,
        };
        PreparedRequest::new(delivery, &way.target, &signing)
            .map_err(|error| format!("exactly, since it cannot be signed anew: {error}"))
    }

    /// Sends a request, and keeps the attempt with its delivery. The last is why it was not kept.
    pub(super) async fn send_kept(
        &self,
        delivery: &mut Delivery,
        again: &PreparedRequest,
        way: &Destination,
    ) -> (ResendOutcome, Option<Comparison>, Option<String>) {
        let sent = again.send(&self.client, &way.target, delivery).await;
        let last = sent.attempt.last_of(&delivery.attempts);
        let compared = last.map(|last| sent.attempt.compared(last));
        let kept = self.setup.store.attempted(sent.attempt.clone()).await;
        delivery.attempts.push(sent.attempt.clone());
        let unkept = kept.err().map(|error| format!("the answer was not kept: {error}"));
        (sent, compared, unkept)
    }
}

/// What there is to say, in one sentence.
pub(super) fn joined(parts: [Option<String>; 2]) -> Option<String> {
    let said: Vec<String> = parts.into_iter().flatten().collect();
    (!said.is_empty()).then(|| said.join("; "))
}
