//! The other front end: a line for each delivery on standard output.
//!
//! It reads what the store has committed, in the order of ids, so nothing is lost or doubled
//! however slowly the reader of the output is. A delivery that is being forwarded is printed
//! once its answer is known, and one with a bad signature once its cause was
//! looked for; those behind it wait for it.

use std::io::{self, Write};

use tokio_util::sync::CancellationToken;

use crate::delivery::{Delivery, DeliveryId};
use crate::formats::jsonl;
use crate::payload::escape;
use crate::store::{Store, StoreError, StoreReader};
use crate::units;

/// Deliveries read at a time; a body may be large.
const PAGE: usize = 64;

/// What is printed for a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Jsonl,
    Text,
}

/// Why printing ended before it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum HeadlessError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
}

/// Prints every delivery kept after `last`, until `ended` and nothing is left to print.
pub async fn run(
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
        // The output may block for as long as it likes; the runtime's own threads go on.
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

/// Prints what has come and is answered. At the end what is not answered is printed as well.
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

/// Writes a delivery as a line.
pub fn print(out: &mut impl Write, delivery: &Delivery, format: Format) -> io::Result<()> {
    match format {
        Format::Jsonl => writeln!(out, "{}", jsonl::line(delivery)),
        Format::Text => writeln!(out, "{}", text(delivery)),
    }
}

/// A line for people: time, verdict, type, id, size, answer.
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
