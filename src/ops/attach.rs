//! Attaches to the stream of a hub: keeps a copy of it in a store, and passes each delivery on.
//!
//! The copy has the position up to which each subject was read, so that reading goes on where it
//! ended. Signatures are verified again with local secrets; without one, the verdict is the
//! listener's, and is marked as such.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::delivery::{Explanation, NewDelivery, SignatureStatus};
use crate::filter::Filter;
use crate::hub::{Hub, HubError, HubEvent, HubReader, ReadFrom, subject};
use crate::intake;
use crate::signature::{CurrentVerifier, Subject, Verifier};
use crate::store::{HubDelivery, HubPage, KeepError, Store, StoreError};
use crate::task;

/// Messages that may wait, and those that are stored in one commit.
const WAITING: usize = 64;
const PAGE: usize = 64;
const PAGE_BYTES: usize = 16 << 20;

/// Names of facts in the store.
const STREAM: &str = "stream";
const CREATED: &str = "created";

/// Reason why a stream cannot be copied.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    #[error(transparent)]
    Hub(#[from] HubError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Keep(#[from] KeepError),
    #[error(
        "the store has deliveries of its own, and not of the stream `{0}`; use another --store"
    )]
    OwnDeliveries(String),
    #[error(
        "the store is a copy of {0}, which was deleted or is another one; use another --store, or \
         delete this one"
    )]
    OtherStream(String),
    #[error(
        "the stream `{stream}` was restored from an older copy: {found}; use another --store, or \
         delete this one"
    )]
    Restored { stream: String, found: String },
}

/// A connection to a stream, and the store with its copy.
#[derive(Debug)]
pub(crate) struct Attachment {
    hub: Hub,
    store: Store,
    verifier: CurrentVerifier,
    subject: String,
}

impl Attachment {
    /// Checks that the store is a copy of this stream, or empty.
    pub(crate) async fn new(
        hub: Hub,
        store: Store,
        verifier: CurrentVerifier,
        filter: &Filter,
    ) -> Result<Self, AttachError> {
        let name = hub.stream_name().to_owned();
        let created = hub.stream_created().await?;
        let reader = store.reader()?;
        match (reader.hub_value(STREAM)?, reader.hub_value(CREATED)?) {
            (None, _) if reader.last_id()?.0 > 0 => return Err(AttachError::OwnDeliveries(name)),
            (None, _) => {
                store.set_hub_value(STREAM, &name).await?;
                store.set_hub_value(CREATED, &created).await?;
            }
            (Some(known), since) if known != name || since.as_ref() != Some(&created) => {
                let since = since.unwrap_or_default();
                return Err(AttachError::OtherStream(format!("a stream `{known}` of {since}")));
            }
            (Some(_), _) => {}
        }
        let subject = subject::of_bounds(&filter.bounds());
        Ok(Self { hub, store, verifier, subject })
    }

    /// Returns the subject that is read.
    pub(crate) fn subject(&self) -> &str {
        &self.subject
    }

    /// Starts to read. Without a position, reading goes on where it ended, or begins with the next
    /// message.
    pub(crate) async fn start(
        self,
        from: Option<ReadFrom>,
        stop: CancellationToken,
    ) -> Result<StreamReading, AttachError> {
        let known = self.store.reader()?.hub_position(&self.subject)?;
        if let (None, Some(known)) = (from, known) {
            self.check_continued(known).await?;
        }
        let from = match (from, known) {
            (Some(from), _) => from,
            (None, Some(known)) => ReadFrom::Sequence(known + 1),
            (None, None) => ReadFrom::Now,
        };
        let (events, queue) = mpsc::channel(WAITING);
        let reader = HubReader::open(self.hub.clone(), self.subject.clone(), from, &events).await?;
        Ok(StreamReading { attachment: self, reader, events, queue, stop })
    }

    /// Checks that the stream continues what was read up to a sequence. A stream that was restored
    /// from an older copy gives the sequences after it to other messages.
    async fn check_continued(&self, known: u64) -> Result<(), AttachError> {
        let stream = self.hub.stream_name().to_owned();
        let last = self.hub.last_sequence().await?;
        if last < known {
            let found = format!("it ends at {last}, and {known} was read");
            return Err(AttachError::Restored { stream, found });
        }
        let Some((sequence, message)) = self.store.reader()?.last_from_hub()? else {
            return Ok(());
        };
        match self.hub.message_id(sequence).await? {
            Some(other) if other != message => {
                let found = format!("message {sequence} is not the one that was read");
                Err(AttachError::Restored { stream, found })
            }
            _ => Ok(()),
        }
    }
}

/// A stream that is being read.
#[derive(Debug)]
pub(crate) struct StreamReading {
    attachment: Attachment,
    reader: HubReader,
    events: mpsc::Sender<HubEvent>,
    queue: mpsc::Receiver<HubEvent>,
    stop: CancellationToken,
}

impl StreamReading {
    /// Stores every delivery, and sends it on, until `stop`.
    pub(crate) async fn run(self, found: mpsc::Sender<HubDelivery>) {
        let Self { attachment, reader, events, queue, stop } = self;
        let reading = reader.run(events, stop.clone());
        let keeping = async {
            attachment.keep(queue, &found, &stop).await;
            stop.cancel();
        };
        tokio::join!(reading, keeping);
    }
}

impl Attachment {
    async fn keep(
        &self,
        mut queue: mpsc::Receiver<HubEvent>,
        found: &mpsc::Sender<HubDelivery>,
        stop: &CancellationToken,
    ) {
        let mut events = Vec::with_capacity(PAGE);
        loop {
            let received = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                received = queue.recv_many(&mut events, PAGE) => received,
            };
            if received == 0 {
                return;
            }
            let mut page = HubPage::default();
            let mut bytes = 0;
            for event in events.drain(..) {
                self.take(event, &mut page, &mut bytes).await;
                if bytes > PAGE_BYTES && !self.commit(&mut page, found, stop).await {
                    return;
                }
            }
            if !self.commit(&mut page, found, stop).await {
                return;
            }
        }
    }

    /// Adds an event to a page.
    async fn take(&self, event: HubEvent, page: &mut HubPage, bytes: &mut usize) {
        let sequence = match event {
            HubEvent::Started { after, pending } => {
                self.report(pending);
                Some(after)
            }
            HubEvent::Delivery { delivery, sequence, pending } => {
                *bytes += delivery.body.len();
                page.deliveries.push(self.verify(*delivery).await);
                self.report(pending);
                Some(sequence)
            }
            HubEvent::Skipped { sequence, pending, reason } => {
                self.report(pending);
                self.hub.report(|status| {
                    status.note(format!("message {sequence} of the hub was skipped: {reason}"));
                });
                Some(sequence)
            }
            HubEvent::Data { sequence, .. } => Some(sequence),
            HubEvent::Gap { first, last } => {
                self.hub.report(|status| {
                    status.note(format!(
                        "messages {first} to {last} were removed from the hub before they were read"
                    ));
                });
                Some(last)
            }
            HubEvent::Interrupted(reason) => {
                self.hub.report(|status| status.interrupted = Some(reason.into()));
                None
            }
        };
        if let Some(sequence) = sequence {
            page.position = Some((self.subject.clone(), sequence));
        }
    }

    fn report(&self, lag: u64) {
        let status = self.hub.status();
        let is_known = {
            let known = status.borrow();
            known.lag == lag && known.interrupted.is_none()
        };
        if !is_known {
            self.hub.report(|status| {
                status.lag = lag;
                status.interrupted = None;
            });
        }
    }

    /// Stores a page and sends its deliveries on; false if the program is ending.
    async fn commit(
        &self,
        page: &mut HubPage,
        found: &mpsc::Sender<HubDelivery>,
        stop: &CancellationToken,
    ) -> bool {
        let page = std::mem::take(page);
        if page.position.is_none() {
            return true;
        }
        match self.store.keep_page(page).await {
            Ok(kept) => {
                for delivery in kept.deliveries {
                    tokio::select! {
                        () = stop.cancelled() => return false,
                        sent = found.send(delivery) => if sent.is_err() { return false },
                    }
                }
                true
            }
            // The next start reads the page again.
            Err(error) => {
                self.hub.report(|status| {
                    status.note(format!("the copy of the hub cannot be stored: {error}"));
                });
                false
            }
        }
    }

    /// Verifies a delivery with the local secrets, if there are any for it.
    async fn verify(&self, new: NewDelivery) -> NewDelivery {
        if new.request.refused.is_some() {
            return from_listener(new);
        }
        let verifier = self.verifier.get();
        task::blocking(move || verified(new, &verifier)).await
    }
}

/// Replaces the verdict by the one of the local secrets. This may search for a cause.
fn verified(mut new: NewDelivery, verifier: &Verifier) -> NewDelivery {
    let at = new.request.received_at;
    let url = verifier.url(&new.head);
    let subject = Subject { head: &new.head, body: &new.body, url: url.as_deref() };
    let found = verifier.identify(&subject, at);
    let was_unchecked = new.signature.status == SignatureStatus::Unchecked;
    match found.verdict.status {
        SignatureStatus::Unchecked => return from_listener(new),
        // The check of a URL has no signature; keep the listener's explanation.
        SignatureStatus::Missing if was_unchecked => return from_listener(new),
        _ => {}
    }
    new.provider = found.provider;
    new.event = found.event;
    new.signature = found.verdict;
    if new.signature.needs_cause() {
        new.signature = intake::find_cause(verifier, &new);
    }
    new
}

/// Marks the verdict as the listener's.
fn from_listener(mut new: NewDelivery) -> NewDelivery {
    let listener = new.request.hub.as_ref().map(|hub| hub.listener.clone()).unwrap_or_default();
    let note = match new.signature.status {
        SignatureStatus::Unchecked => return new,
        status => format!("{status} according to the listener {listener}, not checked here"),
    };
    Explanation::add(&mut new.signature.explanation, note);
    new
}
