//! The headless front end: prints one line per delivery on standard output.
//!
//! It reads committed deliveries from the store in id order, so a slow consumer neither loses nor
//! repeats any. A forwarded delivery is printed once its response is known, and one with a failed
//! signature once its cause has been searched for; later deliveries wait for it.

use std::io::{self, Write};

use tokio_util::sync::CancellationToken;

use crate::delivery::{Delivery, DeliveryId};
use crate::formats::jsonl;
use crate::payload::escape;
use crate::store::{Store, StoreError, StoreReader};
use crate::units;

/// Deliveries read at a time. Kept small because bodies can be large.
const PAGE: usize = 64;

/// Output format of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Jsonl,
    Text,
}

/// Error that ended printing early.
#[derive(Debug, thiserror::Error)]
pub enum HeadlessError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
}

/// Prints every delivery stored after `last`, until `ended` is canceled and all are printed.
pub(crate) async fn run(
    store: &Store,
    last: DeliveryId,
    format: Format,
    ended: CancellationToken,
) -> Result<(), HeadlessError> {
    let mut reader = store.reader()?;
    let mut progress = store.progress();
    let mut last = last;
    loop {
        let ending = ended.is_cancelled();
        progress.mark_unchanged();
        // Writing may block indefinitely; on a blocking thread it does not stall the runtime.
        let printed =
            tokio::task::spawn_blocking(move || print_new(reader, last, format, ending)).await;
        (reader, last) = match printed {
            Ok(outcome) => outcome?,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        };
        if ending {
            return Ok(());
        }
        tokio::select! {
            changed = progress.changed() => if changed.is_err() { ended.cancelled().await },
            () = ended.cancelled() => {}
        }
    }
}

/// Prints new deliveries that have their response. At the end, prints the others as well.
fn print_new(
    reader: StoreReader,
    mut last: DeliveryId,
    format: Format,
    ending: bool,
) -> Result<(StoreReader, DeliveryId), HeadlessError> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    'pages: loop {
        let page = reader.deliveries_after(last, PAGE)?;
        if page.is_empty() {
            break;
        }
        for delivery in page {
            if !delivery.summary.is_settled() && !ending {
                break 'pages;
            }
            print(&mut out, &delivery, format)?;
            last = delivery.summary.id;
        }
    }
    out.flush()?;
    drop(out);
    Ok((reader, last))
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
    let answer = summary.response.map_or_else(|| "-".to_owned(), |status| status.to_string());
    format!(
        "{at}  {:<10}  {:<22}  {:<16}  {:>7}  {answer}",
        summary.signature.status,
        escape(&summary.title()),
        escape(event),
        units::format_size(summary.request.body_size),
    )
}
