//! The headless front end: prints one line per delivery on standard output.
//!
//! It follows the store in id order and reads missed deliveries from it, so a slow consumer neither
//! loses nor repeats any. A forwarded delivery is printed once its response is known, and one with
//! a failed signature once its cause has been searched for; later deliveries wait for it.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::delivery::{Attempt, Delivery, DeliveryId};
use crate::formats::jsonl;
use crate::output::{self, MaskingWriter};
use crate::payload::escape;
use crate::secret::{Secret, SecretMask};
use crate::store::{Followed, Follower, Store, StoreChange, StoreError, StoreReader};
use crate::units;

/// Deliveries read at a time. Kept small because bodies can be large.
const PAGE: usize = 64;

/// Deliveries in memory that wait for an earlier one, and their total body size; more are read from
/// the store again.
const MAX_WAITING: usize = 1024;
const MAX_WAITING_BYTES: usize = 4 << 20;

/// Time for a reader to take the last lines.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Output format of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Jsonl,
    Text,
}

impl Format {
    /// Returns a mask for output in this format: text is for people, and JSON Lines keep every byte.
    pub(crate) fn mask(self, secrets: &[Secret]) -> SecretMask {
        match self {
            Self::Jsonl => SecretMask::default(),
            Self::Text => SecretMask::new(secrets),
        }
    }
}

/// Error that ended printing early.
#[derive(Debug, thiserror::Error)]
pub enum HeadlessError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
    #[error(
        "standard output is not read, so some lines are missing; every delivery is in the store, \
         see `hookglass list --json`"
    )]
    Unread,
}

/// Prints every delivery stored after `last`, where `follower` began, until `ended` is canceled and
/// all are printed.
pub(crate) async fn run(
    store: &Store,
    last: DeliveryId,
    follower: Follower,
    format: Format,
    mask: SecretMask,
    ended: CancellationToken,
) -> Result<(), HeadlessError> {
    let reader = store.reader()?;
    let waiting = VecDeque::new();
    let printer = Printer { reader, format, mask, last, waiting, bytes: 0, behind: None };
    let runtime = Handle::current();
    // Writing may block indefinitely; on a blocking thread it does not stall the runtime.
    let stopping = ended.clone();
    let printing =
        tokio::task::spawn_blocking(move || runtime.block_on(printer.run(follower, ended)));
    let out_of_time = async {
        stopping.cancelled().await;
        tokio::time::sleep(LAST_LINES).await;
    };
    tokio::select! {
        biased;
        outcome = printing => match outcome {
            Ok(outcome) => outcome,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        },
        () = out_of_time => Err(HeadlessError::Unread),
    }
}

/// Reports on standard error when deliveries cannot be stored, and when they can again.
pub(crate) async fn report_store_errors(store: &Store) {
    let mut health = store.health();
    let (mut error, mut restored) = (None, None);
    while health.changed().await.is_ok() {
        let now = health.borrow_and_update().clone();
        if now.restored != restored
            && let Some(text) = &now.restored
        {
            report(text);
        }
        match (&error, &now.error) {
            (before, Some(text)) if before.as_ref() != Some(text) => {
                report(&format!("deliveries are not stored, clients get 503: {text}"));
            }
            (Some(_), None) => report("deliveries are stored again"),
            _ => {}
        }
        (error, restored) = (now.error, now.restored);
    }
}

fn report(text: &str) {
    // Standard error may be closed; the listener continues.
    let _ = writeln!(output::stderr(), "hookglass: {}", escape(text));
}

/// Prints deliveries from memory, or from the store if it has fallen behind.
struct Printer {
    reader: StoreReader,
    format: Format,
    mask: SecretMask,
    /// The last delivery printed.
    last: DeliveryId,
    /// The deliveries after it; the first one is not settled.
    waiting: VecDeque<Arc<Delivery>>,
    /// Total size of their bodies.
    bytes: usize,
    /// Set while deliveries after `last` are in the store only.
    behind: Option<Behind>,
}

/// Reason why the store is not read to its end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Behind {
    /// It has not been read yet.
    Unread,
    /// This delivery is not settled.
    Unsettled(DeliveryId),
}

impl Printer {
    async fn run(
        mut self,
        mut follower: Follower,
        ended: CancellationToken,
    ) -> Result<(), HeadlessError> {
        // One buffer for all commits: allocating one for each is expensive, since it is large.
        let mut out = MaskingWriter::new(output::buffered(), std::mem::take(&mut self.mask));
        loop {
            let news = tokio::select! {
                biased;
                () = ended.cancelled() => break,
                news = follower.next() => news,
            };
            // Without a writer there are no more deliveries.
            let Some(news) = news else {
                ended.cancelled().await;
                break;
            };
            let mut next = Some(news);
            while let Some(news) = next {
                match news {
                    Followed::Commit(commit) => commit.changes().for_each(|it| self.take(it)),
                    Followed::Missed => {
                        follower.skip_missed();
                        self.fall_behind();
                    }
                }
                self.print_settled(&mut out)?;
                next = follower.try_next();
            }
            out.flush()?;
        }
        // Prints all others, settled or not.
        self.print_stored(&mut out, true)?;
        Ok(out.flush()?)
    }

    fn fall_behind(&mut self) {
        self.waiting.clear();
        self.bytes = 0;
        self.behind = Some(Behind::Unread);
    }

    fn take(&mut self, change: &StoreChange) {
        if let Some(behind) = self.behind {
            if let StoreChange::Kept(summary) = change
                && behind == Behind::Unsettled(summary.id)
                && summary.is_settled()
            {
                self.behind = Some(Behind::Unread);
            }
            if let StoreChange::Removed(id) = change
                && behind == Behind::Unsettled(*id)
            {
                self.behind = Some(Behind::Unread);
            }
            return;
        }
        match change {
            // It was printed when the store was read.
            StoreChange::New(delivery) if delivery.summary.id <= self.last => {}
            StoreChange::New(delivery) => {
                self.bytes += delivery.body.len();
                self.waiting.push_back(Arc::clone(delivery));
                if self.waiting.len() > MAX_WAITING || self.bytes > MAX_WAITING_BYTES {
                    self.fall_behind();
                }
            }
            StoreChange::Attempted(attempt) => {
                if let Some(delivery) = self.waiting_for(attempt.delivery) {
                    delivery.attempts.push(Attempt::clone(attempt));
                }
            }
            StoreChange::Kept(summary) => {
                if let Some(delivery) = self.waiting_for(summary.id) {
                    delivery.summary.clone_from(summary);
                }
            }
            StoreChange::Removed(id) => {
                self.waiting.retain(|one| one.summary.id != *id);
                self.bytes = self.waiting.iter().map(|one| one.body.len()).sum();
            }
        }
    }

    fn waiting_for(&mut self, id: DeliveryId) -> Option<&mut Delivery> {
        let at = self.waiting.binary_search_by_key(&id, |one| one.summary.id).ok()?;
        self.waiting.get_mut(at).map(Arc::make_mut)
    }

    fn print_settled(&mut self, out: &mut impl Write) -> Result<(), HeadlessError> {
        if self.behind == Some(Behind::Unread) {
            return match self.print_stored(out, false) {
                // The next commit may restore the store.
                Err(HeadlessError::Store(error)) => {
                    report(&error.to_string());
                    Ok(())
                }
                outcome => outcome,
            };
        }
        while self.waiting.front().is_some_and(|first| first.summary.is_settled())
            && let Some(delivery) = self.waiting.pop_front()
        {
            print(out, &delivery, self.format)?;
            self.bytes = self.bytes.saturating_sub(delivery.body.len());
            self.last = delivery.summary.id;
        }
        Ok(())
    }

    /// Prints deliveries from the store up to one that is not settled; at the end, all.
    fn print_stored(&mut self, out: &mut impl Write, is_end: bool) -> Result<(), HeadlessError> {
        self.reader.refresh()?;
        loop {
            let page = self.reader.deliveries_after(self.last, PAGE)?;
            if page.is_empty() {
                self.behind = None;
                return Ok(());
            }
            for delivery in page {
                if !delivery.summary.is_settled() && !is_end {
                    self.behind = Some(Behind::Unsettled(delivery.summary.id));
                    return Ok(());
                }
                print(out, &delivery, self.format)?;
                self.last = delivery.summary.id;
            }
        }
    }
}

/// Writes a delivery as one line.
pub(crate) fn print(out: &mut impl Write, delivery: &Delivery, format: Format) -> io::Result<()> {
    match format {
        Format::Jsonl => writeln!(out, "{}", jsonl::line(delivery)),
        Format::Text => writeln!(out, "{}", text(delivery)),
    }
}

/// Formats a delivery as text: time, verdict, type, id, size, status.
fn text(delivery: &Delivery) -> String {
    let summary = &delivery.summary;
    let at = summary
        .request
        .received_at
        .to_zoned_datetime(jiff::tz::TimeZone::system())
        .strftime("%H:%M:%S");
    let event = summary.event.id.as_deref().unwrap_or("-");
    let answer = match (summary.flags.client_gone_text(), summary.response) {
        (Some(gone), _) => gone,
        (None, Some(status)) => status.to_string(),
        (None, None) => "-".to_owned(),
    };
    format!(
        "{at}  {:<10}  {:<22}  {:<16}  {:>7}  {answer}",
        summary.signature.status,
        escape(&summary.title()),
        escape(event),
        units::format_size(summary.request.body_size),
    )
}
