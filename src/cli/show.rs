//! `hookglass show`: one delivery in full.

use std::io::{self, IsTerminal as _, Write};
use std::sync::Arc;

use clap::Args;
use jiff::tz::TimeZone;

use super::keyring::ConfigArgs;
use super::selection::DeliveryRef;
use super::{CliError, StoreArgs};
use crate::delivery::{Attempt, Delivery, Outcome};
use crate::formats::{COPY_FORMATS, CopyFormat, copy_format, jsonl};
use crate::ops::copy::{CopyRequest, copy};
use crate::output::{self, MaskingWriter, SafeWriter};
use crate::payload::{Document, escape};
use crate::provider::Provider;
use crate::signature::{RewriteRisk, rewrite_risks};
use crate::store::StoreReader;
use crate::units;

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// Delivery number, as shown by `hookglass list`, or `last`
    #[arg(value_name = "ID")]
    id: DeliveryRef,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    form: ShowForm,
    /// Include signatures and credentials, which --as omits
    #[arg(long)]
    with_signature: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Debug, Args)]
#[group(multiple = false)]
#[expect(clippy::struct_excessive_bools, reason = "flags of which at most one can be given")]
pub(super) struct ShowForm {
    /// Print one JSON line
    #[arg(long, short)]
    json: bool,
    /// Print the body, byte for byte
    #[arg(long)]
    body: bool,
    /// Print the header lines as received
    #[arg(long)]
    headers: bool,
    /// Print head and body as received
    #[arg(long)]
    raw: bool,
    /// Print a curl command for the listener's default address; short for --as curl
    #[arg(long)]
    curl: bool,
    /// Print in a copy format: payload, pretty, headers, event-id, signature, url, confirm-url,
    /// curl, httpie, xh, http, or a program that verifies it: node, python, go, ruby, php, rust
    #[arg(long = "as", value_name = "FORM", value_parser = parse_format)]
    copy: Option<&'static CopyFormat>,
}

fn parse_format(name: &str) -> Result<&'static CopyFormat, String> {
    copy_format(name).ok_or_else(|| {
        let names: Vec<&str> = COPY_FORMATS.iter().map(|format| format.name).collect();
        let hint = if name == "json" { "; for JSON use --json" } else { "" };
        format!("unknown format `{name}`: expected one of {}{hint}", names.join(", "))
    })
}

/// Target of a generated curl command: the listener's default address.
const LISTENER: &str = "http://127.0.0.1:4400";

pub(super) fn run(args: &ShowArgs) -> Result<(), CliError> {
    let path = args.store.path();
    let reader = StoreReader::open(&path).map_err(CliError::environment)?;
    let id = args.id.one(&reader)?;
    let delivery = reader.delivery(id).map_err(CliError::environment)?.ok_or_else(|| {
        CliError::negative(format!("no delivery {id} in {} (see `hookglass list`)", path.display()))
    })?;
    let mut out = output::buffered();
    let form = &args.form;
    if form.json {
        writeln!(out, "{}", jsonl::line_with_breaks(&delivery, &breaks(&delivery, args)))?;
    } else if form.body {
        write_bytes(&mut out, &delivery.body)?;
    } else if form.raw {
        write_bytes(&mut out, &delivery.head.with_body(&delivery.body))?;
    } else if form.headers {
        write_headers(&mut out, &delivery)?;
    } else if let Some(format) =
        form.copy.or(form.curl.then(|| parse_format("curl").ok()).flatten())
    {
        let config = args.config.load()?;
        let providers: Vec<Arc<Provider>> = config.providers().cloned().collect();
        let secrets = &*config.every_secret();
        let with_signature = args.with_signature;
        let request = CopyRequest { format, base: LISTENER, secrets, with_signature };
        let copied = copy(&delivery, &providers, &request).map_err(|reason| {
            CliError::negative(format!("delivery {id} cannot be copied in this format: {reason}"))
        })?;
        write_bytes(&mut out, copied.bytes())?;
        // Raw bytes are printed unchanged; a command ends with a newline.
        if form.copy.is_none_or(CopyFormat::is_command) {
            writeln!(out)?;
        }
    } else {
        let mut out = MaskingWriter::new(&mut out, args.config.secret_mask());
        write_whole(&mut out, &delivery, &breaks(&delivery, args))?;
        out.flush()?;
    }
    out.flush()?;
    Ok(())
}

/// Writes raw bytes to a file or a pipe, and escapes control characters on a terminal.
pub(super) fn write_bytes<W: Write>(out: &mut SafeWriter<W>, bytes: &[u8]) -> io::Result<()> {
    if !io::stdout().is_terminal() {
        return out.raw().write_all(bytes);
    }
    for line in String::from_utf8_lossy(bytes).split_inclusive('\n') {
        let text = line.trim_end_matches(['\r', '\n']);
        let end = if line.ends_with('\n') { "\n" } else { "" };
        write!(out, "{}{end}", escape(text))?;
    }
    Ok(())
}

/// Writes the headers, with the same escaping as [`write_bytes`].
fn write_headers<W: Write>(out: &mut SafeWriter<W>, delivery: &Delivery) -> io::Result<()> {
    let terminal = io::stdout().is_terminal();
    let head = &delivery.head;
    for header in head.headers.iter().chain(&head.trailers) {
        if terminal {
            writeln!(out, "{}: {}", escape(&header.name), escape(&header.text()))?;
        } else {
            let out = out.raw();
            write!(out, "{}: ", header.name)?;
            out.write_all(&header.value)?;
            writeln!(out)?;
        }
    }
    Ok(())
}

/// Returns the languages whose JSON library would break the signature.
fn breaks(delivery: &Delivery, args: &ShowArgs) -> Vec<RewriteRisk> {
    let name = &delivery.summary.provider;
    // A configuration that cannot be read does not keep a delivery from being shown.
    let own = args.config.load().ok();
    let own = own.and_then(|config| config.providers().find(|one| one.name == *name).cloned());
    let provider = own.or_else(|| Provider::named(name).ok().map(Arc::new));
    provider.map(|provider| rewrite_risks(delivery, &provider)).unwrap_or_default()
}

fn write_whole(
    out: &mut impl Write,
    delivery: &Delivery,
    breaks: &[RewriteRisk],
) -> io::Result<()> {
    let summary = &delivery.summary;
    let at = summary.request.received_at.to_zoned_datetime(TimeZone::system());
    let from = summary
        .request
        .peer
        .as_deref()
        .map(|peer| format!(" from {}", escape(peer)))
        .unwrap_or_default();
    let via = summary.request.via.as_deref();
    let via = via.map(|via| format!(" via {}", escape(via))).unwrap_or_default();
    writeln!(
        out,
        "delivery   {}, {}{from}{via}",
        summary.id,
        at.strftime("%Y-%m-%d %H:%M:%S%.6f %Z")
    )?;
    if let Some(refusal) = &summary.request.refused {
        writeln!(out, "refused    {} ({})", escape(&refusal.reason), escape(&refusal.code))?;
    }
    let kind = summary.event.event_type.as_deref().unwrap_or("no event type");
    let event = summary.event.id.as_deref().unwrap_or("none");
    writeln!(out, "event      {}, id {}", escape(kind), escape(event))?;
    if let Some(first) = summary.duplicate_of {
        writeln!(out, "repeats    delivery {first}")?;
    }
    let verdict = &summary.signature;
    let with =
        verdict.secret.as_deref().map(|name| format!(" with {}", escape(name))).unwrap_or_default();
    writeln!(out, "signature  {}{with}", verdict.status)?;
    if let Some(cause) = &verdict.cause {
        writeln!(out, "cause      {}", escape(cause))?;
    }
    if let Some(explanation) = &verdict.explanation {
        for line in std::iter::once(&explanation.sentence).chain(&explanation.details()) {
            writeln!(out, "           {}", escape(line))?;
        }
    }
    for risk in breaks {
        let language = risk.language.title();
        writeln!(out, "fragile    verify the raw bytes: {language} {}", escape(&risk.to_string()))?;
    }
    if let Some(gone) = summary.flags.client_gone_text() {
        writeln!(out, "answered   no: {gone}")?;
    } else if let Some(status) = summary.response {
        let after = summary.latency.map(units::format_duration);
        let after = after.map(|after| format!(" after {after}")).unwrap_or_default();
        writeln!(out, "answered   {status}{after}")?;
    }
    for attempt in &delivery.attempts {
        write_attempt(out, attempt)?;
    }
    let head = &delivery.head;
    writeln!(out, "\n{} {} {}", escape(&head.method), escape(&head.target_text()), head.version)?;
    for header in &head.headers {
        writeln!(out, "{}: {}", escape(&header.name), escape(&header.text()))?;
    }
    writeln!(out)?;
    write_payload(out, delivery)?;
    if !head.trailers.is_empty() {
        writeln!(out, "\ntrailers, after the body")?;
    }
    for header in &head.trailers {
        writeln!(out, "{}: {}", escape(&header.name), escape(&header.text()))?;
    }
    Ok(())
}

fn write_attempt(out: &mut impl Write, attempt: &Attempt) -> io::Result<()> {
    let took = units::format_duration(attempt.took);
    let outcome = match &attempt.outcome {
        Outcome::Responded(answered) => format!("answered {} in {took}", answered.status),
        Outcome::Failed { reason, .. } => format!("{} ({took})", escape(reason)),
    };
    writeln!(out, "{:<9}  {}: {outcome}", attempt.kind.as_str(), escape(&attempt.target))?;
    let moments =
        [("connected", attempt.timing.connected), ("first byte", attempt.timing.first_byte)];
    let mut notes: Vec<String> = moments
        .iter()
        .filter_map(|(name, at)| {
            at.map(|at| format!("{name} after {}", units::format_duration(at)))
        })
        .collect();
    if let Outcome::Responded(answered) = &attempt.outcome {
        let size = units::format_size(answered.body_size);
        let kept = answered.body.len() as u64;
        notes.push(if kept < answered.body_size {
            format!("{size}, of which the first {} are stored", units::format_size(kept))
        } else {
            size
        });
    }
    notes.extend(attempt.changes.as_deref().map(|changes| escape(changes).into_owned()));
    if notes.is_empty() { Ok(()) } else { writeln!(out, "           {}", notes.join(", ")) }
}

fn write_payload(out: &mut impl Write, delivery: &Delivery) -> io::Result<()> {
    let kind = delivery.head.joined_text("content-type");
    let encoding = delivery.head.joined_text("content-encoding");
    let document = Document::new(delivery.body.clone(), kind.as_deref(), encoding.as_deref());
    if let Some(note) = document.note() {
        writeln!(out, "({})", escape(note))?;
    }
    for line in (0..document.row_count()).filter_map(|at| document.line(at)) {
        writeln!(out, "{}", escape(&line))?;
    }
    Ok(())
}
