//! `hookglass list`: what was kept, oldest first.

use std::io::{self, IsTerminal as _, Write};

use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Failure, StoreArgs};
use crate::delivery::{DeliveryId, Summary};
use crate::export::jsonl;
use crate::filter::Filter;
use crate::payload::visible;
use crate::store::Reader;
use crate::units;

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Which ones, for instance 'type:message.* sig:!verified'
    #[arg(value_name = "FILTER")]
    filter: Vec<String>,
    #[command(flatten)]
    store: StoreArgs,
    /// Print JSON lines
    #[arg(long)]
    json: bool,
    /// Only the newest N that pass the filter
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// Rows read at a time.
const PAGE: usize = 500;

pub(super) fn run(args: &ListArgs) -> Result<(), Failure> {
    let filter = parse(&args.filter.join(" "))?;
    let reader = Reader::open(&args.store.path()).map_err(Failure::world)?;
    let ids = passing(&reader, &filter, args.limit)?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    if args.json {
        for id in ids {
            // One that has been deleted since is no longer there to be listed.
            let Some(delivery) = reader.delivery(id).map_err(Failure::world)? else { continue };
            writeln!(out, "{}", jsonl::line(&delivery))?;
        }
    } else {
        write_table(&mut out, &reader, &ids)?;
    }
    out.flush()?;
    Ok(())
}

/// A filter as it was typed.
pub(super) fn parse(typed: &str) -> Result<Filter, Failure> {
    typed.parse().map_err(|error: crate::filter::FilterError| {
        Failure::Usage(format!("{error}\n{}", error.caret(typed)))
    })
}

/// The ids of the newest deliveries that pass the filter, oldest first.
pub(super) fn passing(
    reader: &Reader,
    filter: &Filter,
    limit: Option<usize>,
) -> Result<Vec<DeliveryId>, Failure> {
    #[expect(clippy::disallowed_methods, reason = "since: and until: are told from now")]
    let now = Timestamp::now();
    let limit = limit.unwrap_or(usize::MAX);
    let mut found = Vec::new();
    let mut before = None;
    loop {
        let page = reader.newest(before, PAGE).map_err(Failure::world)?;
        let Some(oldest) = page.last() else { break };
        before = Some(oldest.id);
        for row in &page {
            if found.len() == limit {
                break;
            }
            if passes(reader, (filter, now), row)? {
                found.push(row.id);
            }
        }
        if found.len() >= limit {
            break;
        }
    }
    found.reverse();
    Ok(found)
}

/// Tests the row, and loads its bytes only if they decide.
fn passes(
    reader: &Reader,
    (filter, now): (&Filter, Timestamp),
    row: &Summary,
) -> Result<bool, Failure> {
    if let Some(verdict) = filter.test(row, now) {
        return Ok(verdict);
    }
    let delivery = reader.delivery(row.id).map_err(Failure::world)?;
    Ok(delivery.is_some_and(|delivery| filter.matches(&delivery, now)))
}

/// Columns for people; as wide as they need to be, since a pipe has no width.
fn write_table(out: &mut impl Write, reader: &Reader, ids: &[DeliveryId]) -> Result<(), Failure> {
    if ids.is_empty() {
        if io::stdout().is_terminal() {
            writeln!(out, "no delivery passes")?;
        }
        return Ok(());
    }
    writeln!(
        out,
        "{:>6}  {:<19}  {:<10}  {:<22}  {:<16}  {:>7}  answer",
        "id", "received", "signature", "type", "event id", "size"
    )?;
    for page in ids.chunks(PAGE) {
        for row in reader.summaries(page).map_err(Failure::world)? {
            write_row(out, &row)?;
        }
    }
    Ok(())
}

fn write_row(out: &mut impl Write, row: &Summary) -> io::Result<()> {
    let at = row
        .received_at
        .to_zoned_datetime(TimeZone::system())
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string();
    let answer = row.response.map_or_else(|| "-".to_owned(), |status| status.to_string());
    writeln!(
        out,
        "{:>6}  {at}  {:<10}  {:<22}  {:<16}  {:>7}  {answer}",
        row.id.0,
        row.signature.status,
        visible(&row.title()),
        visible(row.event.id.as_deref().unwrap_or("-")),
        units::size(row.body_size),
    )
}
