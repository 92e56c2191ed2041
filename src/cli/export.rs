//! `hookglass export`: deliveries to files, as fixtures or for other tools.

use std::io::{self, BufWriter, Write};
use std::panic;
use std::path::{Path, PathBuf};
use std::thread;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use serde::Serialize;
use tokio::sync::mpsc;
use unicode_width::UnicodeWidthStr as _;

use super::columns::fitted;
use super::keyring::{ConfigArgs, known_providers};
use super::number::whole;
use super::progress::ProgressLine;
use super::selection::FilterArgs;
use super::{CliError, StoreArgs};
use crate::delivery::DeliveryId;
use crate::formats::jsonl;
use crate::formats::loader::LoaderLanguage;
use crate::formats::{EXPORT_FORMATS, ExportFormat, ExportLayout, export_format};
use crate::ops::export::{
    ExportError, ExportEvent, ExportPolicy, ExportRequest, ExportSummary, ExportTarget, Exporter,
    OnConflict, SignaturePolicy,
};
use crate::ops::fixture::Review;
use crate::output;
use crate::payload::escape;
use crate::redact::{Instruction, Replacement, Stays};
use crate::store::StoreReader;

/// Capacity of the queue of events to print.
const WAITING: usize = 64;

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// Export only the newest N matches
    #[arg(long, short = 'n', value_name = "N", value_parser = |text: &str| whole::<usize>(text, 0..=u64::MAX), allow_negative_numbers = true)]
    limit: Option<usize>,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    config: ConfigArgs,
    /// Export format
    #[arg(long, value_name = "FORMAT", value_parser = format_parser())]
    format: &'static ExportFormat,
    /// Folder for fixtures, or file for another format [default: standard output for other formats]
    #[arg(long, value_name = "PATH")]
    out: Option<PathBuf>,
    /// Values to redact: `header:NAME`, `key:NAME`, `json:/path`, or a kind: `credential`, `name`,
    /// `address`, `identity`, `url`, `token`, `email`, `iban`, `card`, `phone`, or `ip`. Append
    /// `,length` to keep the length, prefix `keep:` to exclude values, and use `none` to turn the
    /// default rules off. Fixtures are always redacted, other formats only with this flag
    /// (`default` for the default rules)
    #[arg(long, value_name = "RULE")]
    redact: Vec<Instruction>,
    /// Keep bytes, signatures, and credentials as received (JSON Lines always do, unless redacted)
    #[arg(long)]
    keep_signature: bool,
    /// Also write a test that loads the fixtures, and a helper for your own tests: node, vitest,
    /// jest, pytest, unittest (or python), rust, go, ruby, or php
    #[arg(long, value_name = "RUNNER", value_parser = parse_language)]
    with: Option<LoaderLanguage>,
    #[command(flatten)]
    shown: ShownArgs,
    /// Replace existing files
    #[arg(long)]
    force: bool,
    /// Target URL for the `http` and `curl` formats
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:4400")]
    base: String,
}

/// Flags for the report, and for a run that writes nothing.
#[derive(Debug, Args)]
struct ShownArgs {
    /// Show what would be replaced, what looks personal but stays, and what would be left out,
    /// without writing anything
    #[arg(long)]
    dry_run: bool,
    /// Print the result as JSON
    #[arg(long, short)]
    json: bool,
}

fn format_parser() -> impl TypedValueParser<Value = &'static ExportFormat> {
    let values = EXPORT_FORMATS.iter().map(|one| PossibleValue::new(one.name).help(one.help));
    PossibleValuesParser::new(values)
        .try_map(|name| export_format(&name).ok_or("unknown export format"))
}

fn parse_language(word: &str) -> Result<LoaderLanguage, String> {
    LoaderLanguage::from_word(word).ok_or_else(|| {
        let known = LoaderLanguage::ALL.map(LoaderLanguage::as_str).join(", ");
        format!("no test for `{word}`: expected one of {known}")
    })
}

impl ExportArgs {
    fn check(&self) -> Result<(), CliError> {
        if self.keep_signature && !self.redact.is_empty() && self.redact != [Instruction::None] {
            return Err(CliError::usage(
                "--keep-signature keeps every byte and excludes --redact; remove one".to_owned(),
            ));
        }
        if self.with.is_some() && !self.is_fixtures() {
            return Err(CliError::usage("--with requires --format fixture".to_owned()));
        }
        if self.shown.json && !self.shown.dry_run && self.file().is_none() {
            return Err(CliError::usage(
                "--json prints the result on standard output, which the export uses; add --out"
                    .to_owned(),
            ));
        }
        Ok(())
    }

    /// Returns the file or folder to write; none for standard output.
    fn file(&self) -> Option<&Path> {
        self.out.as_deref().filter(|path| path.as_os_str() != "-")
    }

    fn is_fixtures(&self) -> bool {
        matches!(self.format.layout, ExportLayout::Folder)
    }

    fn policy(&self) -> ExportPolicy {
        ExportPolicy {
            redact: self.redact.clone(),
            signatures: if self.keep_signature {
                SignaturePolicy::Keep
            } else {
                SignaturePolicy::Withhold
            },
            base: self.base.clone(),
        }
    }
}

pub(super) fn run(args: &ExportArgs) -> Result<(), CliError> {
    args.check()?;
    let config = args.config.load()?;
    let picking = args.filter.picking()?;
    let path = args.store.path();
    let reader = StoreReader::open(&path).map_err(CliError::environment)?;
    let ids = picking.ids(&reader, args.limit)?;
    if ids.is_empty() {
        return Err(CliError::negative(format!("no delivery matches in {}", path.display())));
    }
    let mut stderr = output::notes();
    if args.keep_signature && args.is_fixtures() && args.out.is_some() {
        writeln!(
            stderr,
            "warning: nothing is redacted and the signatures come from your real secret; do not \
             share these files"
        )?;
    }
    let mut operation = Exporter::new(known_providers(&config), args.policy());
    let request = ExportRequest {
        format: args.format,
        ids: &ids,
        on_conflict: if args.force { OnConflict::Replace } else { OnConflict::Refuse },
        loader: args.with,
    };
    let to = args.file();
    let (events, queue) = mpsc::channel(WAITING);
    let (told, exported) = thread::scope(|scope| {
        let exporting = scope.spawn(move || {
            if args.shown.dry_run {
                return operation.preview(&reader, &request, &events);
            }
            let mut out = BufWriter::new(output::raw_stdout());
            let target = to.map_or(ExportTarget::Output(&mut out), ExportTarget::Path);
            let summary = operation.export(&reader, &request, target, &events)?;
            out.flush().map_err(ExportError::Output)?;
            Ok::<_, ExportError>(summary)
        });
        let told = Report::new(args).print(queue, ids.len());
        (told, exporting.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked)))
    });
    let report = told?;
    let summary = exported?;
    if args.shown.dry_run {
        report.print_preview(&summary)?;
    } else if args.shown.json {
        report.print_json(&summary, to)?;
    } else {
        print_summary(args, &summary, to)?;
    }
    match (summary.left_out_unsafe, args.shown.dry_run) {
        (0, _) => Ok(()),
        (count, true) => Err(left_out(count, "would be left out")),
        (1, false) => Err(left_out(1, "was left out")),
        (count, false) => Err(left_out(count, "were left out")),
    }
}

fn left_out(count: usize, what: &str) -> CliError {
    CliError::negative(format!("{count} {} {what}, see above", deliveries(count)))
}

fn deliveries(count: usize) -> &'static str {
    if count == 1 { "delivery" } else { "deliveries" }
}

/// A value that is replaced or stays, for the table of a preview.
#[derive(Debug, Serialize)]
struct Reviewed<'r> {
    schema: &'static str,
    delivery: i64,
    replaced: &'r [Replacement],
    stays: &'r [Stays],
    left_out: Option<&'r str>,
}

/// A delivery that was left out.
#[derive(Debug, Serialize)]
struct Omitted {
    delivery: i64,
    reason: String,
}

/// Collects events that are printed at the end.
struct Report<'a> {
    args: &'a ExportArgs,
    omitted: Vec<Omitted>,
    files: Vec<String>,
    replaced: Vec<[String; 5]>,
    stays: Vec<[String; 4]>,
}

impl<'a> Report<'a> {
    fn new(args: &'a ExportArgs) -> Self {
        Self {
            args,
            omitted: Vec::new(),
            files: Vec::new(),
            replaced: Vec::new(),
            stays: Vec::new(),
        }
    }

    /// Prints events as they arrive. Returning early stops the export.
    fn print(
        mut self,
        mut queue: mpsc::Receiver<ExportEvent>,
        count: usize,
    ) -> Result<Self, CliError> {
        let mut progress = ProgressLine::new("exporting", count);
        while let Some(event) = queue.blocking_recv() {
            match event {
                ExportEvent::Progress(_) => progress.step(),
                ExportEvent::Written(path) if self.args.shown.json => {
                    self.files.push(path.display().to_string());
                }
                ExportEvent::Written(path) => writeln!(output::stdout(), "{}", path.display())?,
                ExportEvent::LeftOut { id, reason } => {
                    progress.clear();
                    self.leave_out(id, reason)?;
                }
                ExportEvent::Review { id, review } => self.review(id, &review)?,
            }
        }
        Ok(self)
    }

    fn leave_out(&mut self, id: DeliveryId, reason: String) -> Result<(), CliError> {
        if self.args.shown.json && self.args.shown.dry_run {
            let (delivery, left_out) = (id.0, Some(reason.as_str()));
            return print_json(&Reviewed {
                schema: REVIEW,
                delivery,
                replaced: &[],
                stays: &[],
                left_out,
            });
        }
        if !self.args.shown.json {
            writeln!(output::stderr(), "skipped delivery {id}: {}", escape(&reason))?;
        }
        self.omitted.push(Omitted { delivery: id.0, reason });
        Ok(())
    }

    fn review(&mut self, id: DeliveryId, review: &Review) -> Result<(), CliError> {
        let Review { replaced, stays } = review;
        if self.args.shown.json {
            return print_json(&Reviewed {
                schema: REVIEW,
                delivery: id.0,
                replaced,
                stays,
                left_out: None,
            });
        }
        self.replaced.extend(replaced.iter().map(|one| {
            let Replacement { shape, pseudonym, place, rule } = one.clone();
            [id.to_string(), shape, pseudonym, place, rule]
        }));
        self.stays.extend(stays.iter().map(|one| {
            [id.to_string(), one.shape.clone(), one.place.clone(), one.looks_like.to_owned()]
        }));
        Ok(())
    }

    fn print_preview(&self, summary: &ExportSummary) -> Result<(), CliError> {
        if self.args.shown.json {
            return Ok(());
        }
        let mut out = output::buffered();
        if !self.replaced.is_empty() {
            write_table(
                &mut out,
                ["DELIVERY", "VALUE", "PSEUDONYM", "PLACE", "RULE"],
                &self.replaced,
            )?;
        }
        if !self.stays.is_empty() {
            writeln!(out, "\nLooks personal but stays (--redact RULE replaces it):")?;
            write_table(&mut out, ["DELIVERY", "VALUE", "PLACE", "LOOKS LIKE"], &self.stays)?;
        }
        out.flush()?;
        let (count, replaced) = (summary.count, self.replaced.len());
        let noun = deliveries(count);
        let mut stderr = output::notes();
        writeln!(
            stderr,
            "would export {count} {noun} with {replaced} replaced values; nothing was written"
        )?;
        if !self.args.is_fixtures() && self.args.redact.is_empty() {
            writeln!(
                stderr,
                "hookglass: this format is redacted only with --redact (`--redact default`)"
            )?;
        }
        Ok(())
    }

    fn print_json(&self, summary: &ExportSummary, to: Option<&Path>) -> Result<(), CliError> {
        print_json(&serde_json::json!({
            "schema": "hookglass.export/1",
            "format": self.args.format.name,
            "out": to.map(|path| path.display().to_string()),
            "exported": summary.count,
            "files": self.files,
            "left_out": self.omitted,
            "redacted": summary.redacted,
            "test_keys": summary.keys,
            "unsigned": summary.unsigned,
        }))
    }
}

const REVIEW: &str = "hookglass.redaction/1";

fn print_json(value: &impl Serialize) -> Result<(), CliError> {
    let value = serde_json::to_value(value).map_err(CliError::environment)?;
    writeln!(output::stdout(), "{}", jsonl::value_line(&value))?;
    Ok(())
}

/// Writes rows in columns; the last one is not padded.
fn write_table<const N: usize>(
    out: &mut impl Write,
    titles: [&str; N],
    rows: &[[String; N]],
) -> io::Result<()> {
    let rows: Vec<[String; N]> =
        rows.iter().map(|row| row.clone().map(|cell| escape(&cell).into_owned())).collect();
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.width());
        cells.chain(titles.get(at).map(|title| title.len())).max().unwrap_or_default()
    };
    let titles = titles.map(str::to_owned);
    for row in std::iter::once(&titles).chain(&rows) {
        let mut line = String::new();
        for (at, cell) in row.iter().enumerate() {
            let width = if at + 1 == N { 0 } else { width(at) + 2 };
            line.push_str(&fitted(cell, width.max(cell.width())));
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

fn print_summary(
    args: &ExportArgs,
    summary: &ExportSummary,
    to: Option<&Path>,
) -> Result<(), CliError> {
    let ExportSummary { count, redacted, keys, unsigned, left_out_unsafe: _ } = summary;
    if *count == 0 {
        return Err(CliError::negative("no delivery can be exported in this format".to_owned()));
    }
    let Some(to) = to else { return Ok(()) };
    let mut stderr = output::notes();
    if !args.is_fixtures() {
        writeln!(stderr, "wrote {count} {} to {}", deliveries(*count), to.display())?;
        return Ok(());
    }
    if let Some(language) = args.with {
        writeln!(stderr, "hookglass: run the tests with: {}", language.command(to))?;
    }
    let noun = if *count == 1 { "fixture" } else { "fixtures" };
    let to = to.display();
    writeln!(stderr, "wrote {count} {noun} to {to}, each read back and verified")?;
    if !redacted.is_empty() {
        let counts: Vec<String> =
            redacted.iter().map(|(rule, count)| format!("{rule} {count}")).collect();
        writeln!(stderr, "hookglass: redacted: {}", escape(&counts.join(", ")))?;
    }
    if *unsigned > 0 {
        writeln!(stderr, "{unsigned} of them have no signature")?;
    }
    for (provider, key) in keys {
        writeln!(stderr, "test key of {provider}: {key}")?;
    }
    Ok(())
}

impl From<ExportError> for CliError {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Exists { .. } => Self::usage(format!(
                "{error}; choose another --out, or use --force to replace existing files"
            )),
            ExportError::Folder(_) | ExportError::NeedsFolder | ExportError::NoFolder(_) => {
                Self::usage(error)
            }
            ExportError::Output(source) => source.into(),
            ExportError::Store(_) | ExportError::Write { .. } | ExportError::Stopped => {
                Self::environment(error)
            }
        }
    }
}
