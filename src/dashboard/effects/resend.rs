//! Runs of resent deliveries, as effects.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::Context;
use crate::app::{Event, Notice, ResendRequest};
use crate::ops::resend::{AttemptRecorder, Destination, Fallback, ReSigning, ResendRun, Signing};
use crate::ops::resign::EventIdPolicy;
use crate::outbound::TargetError;
use crate::signature::Verifier;
use crate::store::StoreError;

/// Capacity of the queue of a run's events.
const WAITING: usize = 16;

#[derive(Debug, thiserror::Error)]
#[error(transparent)]
enum ResendError {
    Target(#[from] TargetError),
    Store(#[from] StoreError),
}

impl Context {
    /// Resends deliveries and reports each event to the loop.
    pub(super) async fn resend(self: Arc<Self>, order: ResendRequest) {
        let verifier = self.setup.verifier.get();
        let run = match self.resend_run(&order, &verifier) {
            Ok(run) => run,
            Err(error) => {
                return self.say(Notice::failed(format!("Nothing resent: {error}"))).await;
            }
        };
        let (number, target) = (order.number, run.destination.target.to_string());
        let (events, mut progress) = mpsc::channel(WAITING);
        let to_loop = self.events.clone();
        let forward = async move {
            while let Some(event) = progress.recv().await {
                let event = Event::Resend { number, target: target.clone(), event };
                if to_loop.send(event).await.is_err() {
                    return;
                }
            }
        };
        tokio::join!(run.run(events, self.stopped(number)), forward);
    }

    fn resend_run<'v>(
        &self,
        order: &ResendRequest,
        verifier: &'v Verifier,
    ) -> Result<ResendRun<'v>, ResendError> {
        Ok(ResendRun {
            ids: order.ids.clone(),
            destination: destination(order, verifier)?,
            pace: order.pace,
            reader: self.setup.store.reader()?,
            recorder: AttemptRecorder::Store(self.setup.store.clone()),
            client: self.client.clone(),
        })
    }

    /// Waits until the user stops the run of this number.
    async fn stopped(&self, number: u64) {
        let mut stopped = self.stopped.subscribe();
        // The sender lives as long as this context.
        let _ = stopped.wait_for(|stopped| *stopped >= number).await;
    }
}

/// Returns the target of a resend and the secrets to sign with.
pub(super) fn destination<'v>(
    order: &ResendRequest,
    verifier: &'v Verifier,
) -> Result<Destination<'v>, TargetError> {
    let signing = if order.exact {
        Signing::Exact
    } else {
        Signing::Resign(ReSigning {
            credentials: verifier.candidates(),
            assume_first: false,
            event_id: EventIdPolicy::Fresh,
        })
    };
    Ok(Destination { target: order.target.parse()?, signing, fallback: Fallback::Exact })
}
