//! `hookglass stats`: counts, verdicts, and response times.

mod figures;

use std::collections::HashSet;
use std::io::{self, Write};

use clap::Args;
use serde_json::{Value, json};

use super::columns::{bar, fitted, terminal_width};
use super::selection::FilterArgs;
use super::{CliError, StoreArgs};
use crate::formats::jsonl;
use crate::output;
use crate::payload::escape;
use crate::store::StoreReader;
use crate::units;
use figures::Figures;

#[derive(Debug, Args)]
pub(super) struct StatsArgs {
    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    store: StoreArgs,
    /// Print one JSON object
    #[arg(long, short)]
    json: bool,
}

/// Rows read at a time.
const PAGE: usize = 500;

/// Rows shown per table; `--json` prints all of them.
const SHOWN: usize = 12;

pub(super) fn run(args: &StatsArgs) -> Result<(), CliError> {
    let picking = args.filter.picking()?;
    let reader = StoreReader::open(&args.store.path()).map_err(CliError::environment)?;
    let ids = picking.ids(&reader, None)?;
    let mut figures = Figures::default();
    for page in ids.chunks(PAGE) {
        let rows = reader.summaries(page).map_err(CliError::environment)?;
        for row in &rows {
            figures.count(row);
        }
    }
    let picked: HashSet<_> = ids.into_iter().collect();
    for attempt in reader.attempt_times().map_err(CliError::environment)? {
        if picked.contains(&attempt.delivery) {
            figures.time(attempt);
        }
    }
    figures.sort();
    let mut out = output::buffered();
    if args.json {
        writeln!(out, "{}", jsonl::value_line(&object(&figures)))?;
    } else {
        write_tables(&mut out, &figures)?;
    }
    out.flush()?;
    Ok(())
}

fn object(figures: &Figures) -> Value {
    let counts = |rows: &[(String, u64)]| {
        rows.iter().map(|(name, count)| (name.clone(), json!(count))).collect::<Value>()
    };
    let targets = figures.targets.iter().map(|target| {
        json!({
            "target": target.name,
            "attempts": target.took.len(),
            "failed": target.failed,
            "median_ms": units::millis(target.at(50)),
            "p95_ms": units::millis(target.at(95)),
            "slowest_ms": units::millis(target.at(100)),
        })
    });
    let hubs = figures.hubs.iter().map(|hub| {
        json!({
            "stream": hub.stream,
            "acknowledged": hub.acknowledged,
            "unpublished": hub.unpublished,
            "last_sequence": hub.last_sequence,
            "listeners": counts(&hub.listeners),
        })
    });
    json!({
        "schema": "hookglass.stats/1",
        "deliveries": figures.total,
        "first": figures.first.map(|at| format!("{at:.6}")),
        "last": figures.last.map(|at| format!("{at:.6}")),
        "per_minute": figures.per_minute(),
        "duplicates": figures.duplicates,
        "types": counts(&figures.types),
        "verdicts": counts(&figures.verdicts),
        "causes": counts(&figures.causes),
        "answers": counts(&figures.answers),
        "size": {
            "total": figures.bytes(),
            "median": figures.size_at(50),
            "p95": figures.size_at(95),
            "largest": figures.size_at(100),
        },
        "targets": targets.collect::<Vec<_>>(),
        "hubs": hubs.collect::<Vec<_>>(),
    })
}

fn write_tables(out: &mut impl Write, figures: &Figures) -> Result<(), CliError> {
    writeln!(
        out,
        "{} {}, {} {}; {:.1} per minute",
        units::format_count(figures.total),
        if figures.total == 1 { "delivery" } else { "deliveries" },
        units::format_count(figures.duplicates),
        if figures.duplicates == 1 { "duplicate" } else { "duplicates" },
        figures.per_minute()
    )?;
    if figures.total == 0 {
        return Ok(());
    }
    let [median, p95, largest] =
        [50, 95, 100].map(|rank| units::format_size(figures.size_at(rank)));
    let bytes = units::format_size(figures.bytes());
    writeln!(out, "{bytes} of bodies; median {median}, p95 {p95}, largest {largest}")?;
    for (title, rows) in [
        ("types", &figures.types),
        ("verdicts", &figures.verdicts),
        ("causes", &figures.causes),
        ("responses", &figures.answers),
    ] {
        write_counts(out, title, rows)?;
    }
    for hub in &figures.hubs {
        let last = hub.last_sequence.map_or_else(|| "none".to_owned(), units::format_count);
        writeln!(
            out,
            "\nstream {}: {} acknowledged, {} not confirmed yet, last sequence {last}",
            escape(&hub.stream),
            units::format_count(hub.acknowledged),
            units::format_count(hub.unpublished),
        )?;
        write_counts(out, "listeners", &hub.listeners)?;
    }
    if !figures.targets.is_empty() {
        writeln!(out, "\nslowest targets\n     median       95%   slowest  failed")?;
    }
    for target in figures.targets.iter().take(SHOWN) {
        let [median, p95, slowest] =
            [50, 95, 100].map(|rank| units::format_duration(target.at(rank)));
        let (failed, all, name) = (target.failed, target.took.len(), escape(&target.name));
        writeln!(out, "  {median:>9} {p95:>9} {slowest:>9}  {failed:>3} of {all}  {name}")?;
    }
    Ok(())
}

/// Writes a table, with bars if the output is a terminal.
fn write_counts(out: &mut impl Write, title: &str, rows: &[(String, u64)]) -> io::Result<()> {
    const BAR: usize = 30;
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{title}")?;
    let most = rows.iter().map(|(_, count)| *count).max().unwrap_or_default();
    for (name, count) in rows.iter().take(SHOWN) {
        let name = escape(name);
        let number = units::format_count(*count);
        match terminal_width() {
            Some(width) => {
                let wide = width.saturating_sub(BAR + 14).clamp(10, 40);
                let bar = bar(*count, most, BAR);
                writeln!(out, "  {} {number:>9} {bar}", fitted(&name, wide))?;
            }
            None => writeln!(out, "  {name:<40} {count:>9}")?,
        }
    }
    if rows.len() > SHOWN {
        writeln!(out, "  and {} more", rows.len() - SHOWN)?;
    }
    Ok(())
}
