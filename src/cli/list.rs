//! `hookglass list`: stored deliveries, oldest first, and new ones with `--follow`.

use std::io::{self, IsTerminal as _, Write};
use std::thread;

use clap::Args;
use jiff::tz::TimeZone;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TryRecvError;

use super::columns::{fitted, terminal_width};
use super::keyring::ConfigArgs;
use super::number::whole;
use super::selection::FilterArgs;
use super::{CliError, StoreArgs};
use crate::delivery::{Delivery, DeliveryId, Summary};
use crate::formats::jsonl;
use crate::ops::tail;
use crate::output::{self, MaskingWriter};
use crate::payload::escape;
use crate::secret::SecretMask;
use crate::store::StoreReader;
use crate::units;

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    store: StoreArgs,
    /// Print JSON Lines
    #[arg(long, short)]
    json: bool,
    /// Show only the newest N matches
    #[arg(long, short = 'n', value_name = "N", value_parser = |text: &str| whole::<usize>(text, 0..=u64::MAX), allow_negative_numbers = true)]
    limit: Option<usize>,
    /// Keep printing new deliveries, each once it has a response, until interrupted
    #[arg(long, short)]
    follow: bool,
}

/// Rows written at a time.
const PAGE: usize = 500;

/// Capacity of the queue of new deliveries.
const WAITING: usize = 64;

pub(super) fn run(args: &ListArgs) -> Result<(), CliError> {
    let picking = args.filter.picking()?;
    let reader = StoreReader::open(&args.store.path()).map_err(CliError::environment)?;
    let columns = Columns::new(terminal_width());
    // Before reading the first page, so that no delivery is missed between the list and the tail.
    let last = reader.last_id().map_err(CliError::environment)?;
    let mut ids = picking.ids(&reader, args.limit)?;
    if args.follow {
        ids.retain(|id| *id <= last);
    }
    let mask = if args.json { SecretMask::default() } else { ConfigArgs::default().secret_mask() };
    let mut out = MaskingWriter::new(output::buffered(), mask);
    if args.json {
        for id in ids {
            // It was deleted in the meantime.
            let Some(delivery) = reader.delivery(id).map_err(CliError::environment)? else {
                continue;
            };
            writeln!(out, "{}", jsonl::line(&delivery))?;
        }
    } else {
        write_table(&mut out, &reader, &columns, &ids, args.follow)?;
    }
    out.flush()?;
    if args.follow {
        let (found, deliveries) = mpsc::channel(WAITING);
        let following = thread::spawn(move || tail::follow(reader, last, &picking, &found));
        write_new(&mut out, deliveries, |delivery| {
            if args.json { jsonl::line(delivery) } else { columns.row(&delivery.summary) }
        })?;
        let end = following.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        return end.map_err(CliError::environment);
    }
    Ok(())
}

/// Writes new deliveries as they arrive. While this blocks, they stay in the store.
fn write_new(
    out: &mut impl Write,
    mut deliveries: mpsc::Receiver<Delivery>,
    line: impl Fn(&Delivery) -> String,
) -> io::Result<()> {
    loop {
        let next = match deliveries.try_recv() {
            Ok(delivery) => Some(delivery),
            Err(TryRecvError::Empty) => {
                out.flush()?;
                deliveries.blocking_recv()
            }
            Err(TryRecvError::Disconnected) => None,
        };
        let Some(delivery) = next else { return out.flush() };
        writeln!(out, "{}", line(&delivery))?;
    }
}

/// Writes a table for the terminal.
fn write_table(
    out: &mut impl Write,
    reader: &StoreReader,
    columns: &Columns,
    ids: &[DeliveryId],
    goes_on: bool,
) -> Result<(), CliError> {
    if ids.is_empty() && !goes_on {
        if io::stdout().is_terminal() {
            writeln!(out, "no delivery matches")?;
        }
        return Ok(());
    }
    writeln!(out, "{}", columns.head())?;
    for page in ids.chunks(PAGE) {
        for row in reader.summaries(page).map_err(CliError::environment)? {
            writeln!(out, "{}", columns.row(&row))?;
        }
    }
    Ok(())
}

/// Column widths of a list.
struct Columns {
    /// Time format: with the date, or the time only.
    time: &'static str,
    time_width: usize,
    kind: usize,
    event: usize,
    /// Truncates cells to the width. Off in a pipe.
    cuts: bool,
}

/// Width of the remaining columns (id, signature, size, status) and the gaps.
const FIXED: usize = 6 + 2 + 2 + 10 + 2 + 2 + 7 + 2 + 6;

impl Columns {
    fn new(terminal: Option<usize>) -> Self {
        let (time, time_width) = ("%Y-%m-%d %H:%M:%S", 19);
        let Some(width) = terminal else {
            return Self { time, time_width, kind: 22, event: 16, cuts: false };
        };
        let (time, time_width) = if width < 90 { ("%H:%M:%S", 8) } else { (time, time_width) };
        let rest = width.saturating_sub(FIXED + time_width + 2);
        // A type is more informative than the beginning of an id.
        let kind = (rest * 3 / 5).clamp(10, 40);
        Self { time, time_width, kind, event: rest.saturating_sub(kind), cuts: true }
    }

    fn head(&self) -> String {
        self.line(["id", "received", "signature", "type", "event id", "size", "status"])
    }

    fn row(&self, row: &Summary) -> String {
        let at = row.request.received_at.to_zoned_datetime(TimeZone::system()).strftime(self.time);
        let answer = match row.response {
            _ if row.flags.client_gone.is_some() => "gone".to_owned(),
            Some(status) => status.to_string(),
            None => "-".to_owned(),
        };
        self.line([
            &row.id.to_string(),
            &at.to_string(),
            row.signature.status.as_str(),
            &escape(&row.title()),
            &escape(row.event.id.as_deref().unwrap_or("-")),
            &units::format_size(row.request.body_size),
            &answer,
        ])
    }

    fn line(&self, [id, at, signature, kind, event, size, answer]: [&str; 7]) -> String {
        let wide = |text: &str, width| {
            if self.cuts { fitted(text, width) } else { format!("{text:<width$}") }
        };
        let (at, kind) = (wide(at, self.time_width), wide(kind, self.kind));
        let event = match self.event {
            0..4 if self.cuts => String::new(),
            width => format!("{}  ", wide(event, width)),
        };
        format!("{id:>6}  {at}  {signature:<10}  {kind}  {event}{size:>7}  {answer}")
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr as _;

    use super::*;

    #[test]
    fn rows_fit_the_terminal_width() {
        let long = "x".repeat(300);
        for width in [60, 80, 90, 120, 250] {
            let columns = Columns::new(Some(width));
            let line = columns.line(["7", "12:00:00", "verified", &long, &long, "412B", "200"]);
            assert!(line.width() <= width, "{width}: {line}");
        }
        let piped = Columns::new(None).line(["7", "12:00:00", "verified", &long, "", "1B", "200"]);
        assert!(piped.contains(&long));
    }
}
