//! `hookglass export`: deliveries to files, as fixtures or for other tools.

use std::io::{BufWriter, Write as _};
use std::panic;
use std::path::{Path, PathBuf};
use std::thread;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use tokio::sync::mpsc;

use super::keyring::{ConfigArgs, known_providers};
use super::progress::ProgressLine;
use super::selection::FilterArgs;
use super::{CliError, StoreArgs};
use crate::formats::loader::LoaderLanguage;
use crate::formats::{EXPORT_FORMATS, ExportFormat, ExportLayout, export_format};
use crate::ops::export::{
    ExportError, ExportEvent, ExportPolicy, ExportRequest, ExportSummary, ExportTarget, Exporter,
    OnConflict, SignaturePolicy,
};
use crate::output;
use crate::payload::escape;
use crate::redact::Instruction;
use crate::store::StoreReader;

/// Capacity of the queue of events to print.
const WAITING: usize = 64;

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    filter: FilterArgs,
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
    /// Values to redact: `header:NAME`, `key:NAME`, `json:/path`, `email`, `phone`, `token`, `url`, or
    /// `ip`. Append `,length` to keep the length, prefix `keep:` to exclude values, and use `none` to
    /// turn the default rules off. Fixtures are always redacted, other formats only with this flag
    /// (`default` for the default rules)
    #[arg(long, value_name = "RULE")]
    redact: Vec<Instruction>,
    /// Keep bytes, signatures, and credentials as received (JSON Lines always do, unless redacted)
    #[arg(long)]
    keep_signature: bool,
    /// Also write a test that loads the fixtures: node, python, rust, go, ruby, or php
    #[arg(long, value_name = "LANGUAGE", value_parser = parse_language)]
    with: Option<LoaderLanguage>,
    /// Replace existing files
    #[arg(long)]
    force: bool,
    /// Target URL for the `http` and `curl` formats
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:4400")]
    base: String,
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
        Ok(())
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
    let ids = picking.ids(&reader, None)?;
    if ids.is_empty() {
        return Err(CliError::negative(format!("no delivery matches in {}", path.display())));
    }
    let mut stderr = output::stderr();
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
    let to = args.out.as_deref().filter(|path| path.as_os_str() != "-");
    let (events, queue) = mpsc::channel(WAITING);
    let (told, exported) = thread::scope(|scope| {
        let exporting = scope.spawn(move || {
            let mut out = BufWriter::new(output::raw_stdout());
            let target = to.map_or(ExportTarget::Output(&mut out), ExportTarget::Path);
            let summary = operation.export(&reader, &request, target, &events)?;
            out.flush().map_err(ExportError::Output)?;
            Ok::<_, ExportError>(summary)
        });
        let told = print_events(queue, ids.len());
        (told, exporting.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked)))
    });
    told?;
    print_summary(args, &exported?, to)
}

/// Prints events as they arrive. Returning early stops the export.
fn print_events(mut queue: mpsc::Receiver<ExportEvent>, count: usize) -> Result<(), CliError> {
    let mut progress = ProgressLine::new("exporting", count);
    while let Some(event) = queue.blocking_recv() {
        match event {
            ExportEvent::Progress(_) => progress.step(),
            ExportEvent::Written(path) => writeln!(output::stdout(), "{}", path.display())?,
            ExportEvent::LeftOut { id, reason } => {
                progress.clear();
                writeln!(output::stderr(), "skipped delivery {id}: {}", escape(&reason))?;
            }
        }
    }
    Ok(())
}

fn print_summary(
    args: &ExportArgs,
    summary: &ExportSummary,
    to: Option<&Path>,
) -> Result<(), CliError> {
    let ExportSummary { count, redacted, keys, unsigned } = summary;
    if *count == 0 {
        return Err(CliError::negative("no delivery can be exported in this format".to_owned()));
    }
    let Some(to) = to else { return Ok(()) };
    let mut stderr = output::stderr();
    if !args.is_fixtures() {
        writeln!(stderr, "wrote {count} to {}", to.display())?;
        return Ok(());
    }
    if let Some(language) = args.with {
        let path = to.join(language.file_name());
        writeln!(stderr, "hookglass: `{}` runs {}", language.runner(), path.display())?;
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
            ExportError::Folder(_) | ExportError::NeedsFolder => Self::usage(error),
            ExportError::Output(source) => source.into(),
            ExportError::Store(_)
            | ExportError::Write { .. }
            | ExportError::Unsound { .. }
            | ExportError::Stopped => Self::environment(error),
        }
    }
}
