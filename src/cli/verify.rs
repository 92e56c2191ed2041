//! `hookglass verify`: verifies one signature.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::CliError;
use super::keyring::{ConfigArgs, ProviderArgs, SecretArgs};
use super::listen::public_url;
use crate::config::defaults;
use crate::delivery::{EventRef, Header, SignatureStatus, Verdict, is_token};
use crate::formats::jsonl;
use crate::input_file;
use crate::ops::verify::{Verification, VerifyError, VerifyRequest, verify};
use crate::output;
use crate::payload::escape;
use crate::provider::Provider;
use crate::signature::{Diagnosis, Verifier};

/// Size limit of a body.
const MAX_BODY: u64 = 256 << 20;

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// Provider [default: recognized by the headers, else `provider` in hookglass.toml, else
    /// cribbly]
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    #[command(flatten)]
    secrets: SecretArgs,
    #[command(flatten)]
    config: ConfigArgs,
    /// Request header, 'Name: value'; repeat for each header
    #[arg(long, value_name = "HEADER", value_parser = parse_header)]
    header: Vec<Header>,
    /// Request method
    #[arg(long, value_name = "METHOD", default_value = "POST", value_parser = parse_method)]
    method: String,
    /// Public URL, for providers that sign it
    #[arg(long, value_name = "URL", value_parser = public_url)]
    url: Option<String>,
    /// File with the body, or - for standard input
    #[arg(long, value_name = "PATH", default_value = "-")]
    body: PathBuf,
    /// Unix time in seconds to check timestamps against [default: now]
    #[arg(long, value_name = "UNIX", allow_negative_numbers = true, value_parser = parse_time)]
    at: Option<Timestamp>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Parses `Name: value`; surrounding whitespace is not part of the value (RFC 9110 section 5.5).
pub(super) fn parse_header(text: &str) -> Result<Header, String> {
    match text.split_once(':') {
        Some((name, value))
            if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic()) =>
        {
            Ok(Header::new(name, value.trim().to_owned()))
        }
        _ => Err(format!("invalid header `{text}`: expected 'Name: value'")),
    }
}

fn parse_method(text: &str) -> Result<String, String> {
    if is_token(text.as_bytes()) {
        Ok(text.to_owned())
    } else {
        Err(format!("invalid method `{text}`: expected e.g. POST"))
    }
}

fn parse_time(text: &str) -> Result<Timestamp, String> {
    let time = text.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.ok_or_else(|| "expected Unix seconds, as printed by `date +%s`".to_owned())
}

pub(super) fn run(args: &VerifyArgs) -> Result<(), CliError> {
    if args.body.as_os_str() == "-" {
        args.secrets.leave_standard_input("--body")?;
    }
    let body = body(&args.body)
        .map_err(|error| CliError::usage_in(format!("--body {}", args.body.display()), error))?;
    let now = match args.at {
        Some(at) => at,
        #[expect(clippy::disallowed_methods, reason = "a signature is checked as of now")]
        None => Timestamp::now(),
    };
    let request = VerifyRequest::new(&args.method, args.url.clone(), &args.header, body);
    let Verification { provider, event, diagnosis, .. } = verified(args, &request, now)?;
    let mut out = output::stdout();
    if args.json {
        writeln!(out, "{}", json_line(&provider, &event, &diagnosis))?;
    } else {
        write_verdict(&mut out, &provider, &diagnosis.verdict)?;
    }
    out.flush()?;
    match diagnosis.verdict.status {
        SignatureStatus::Verified => Ok(()),
        status => Err(CliError::negative(outcome(status))),
    }
}

/// States a verdict other than verified as a sentence.
fn outcome(status: SignatureStatus) -> &'static str {
    match status {
        SignatureStatus::Missing => "no signature to verify",
        SignatureStatus::Malformed => "the signature is malformed",
        SignatureStatus::Expired => "the signature is right, but too old or too far in the future",
        SignatureStatus::Unchecked => "the signature was not checked",
        SignatureStatus::Mismatch | SignatureStatus::Verified => "the signature does not match",
    }
}

/// Writes verdict, sentence, fix, and proof, a line each.
fn write_verdict(
    out: &mut impl io::Write,
    provider: &Provider,
    verdict: &Verdict,
) -> io::Result<()> {
    let with = verdict.secret.as_deref().map(|name| format!(" with {name}")).unwrap_or_default();
    writeln!(out, "{}{with} ({})", verdict.status, provider.title)?;
    if let Some(explanation) = &verdict.explanation {
        for line in std::iter::once(&explanation.sentence).chain(&explanation.details()) {
            writeln!(out, "{}", escape(line))?;
        }
    }
    match &verdict.cause {
        Some(cause) => writeln!(out, "cause: {cause}"),
        None => Ok(()),
    }
}

fn json_line(provider: &Provider, event: &EventRef, diagnosis: &Diagnosis) -> String {
    #[derive(Serialize)]
    struct Signature<'d> {
        #[serde(flatten)]
        verdict: jsonl::SignatureFields<'d>,
        tried: Vec<serde_json::Value>,
        /// False if the search stopped at its limit.
        complete: bool,
    }
    let tried = diagnosis.tried.iter().filter(|tried| tried.count > 0);
    let signature = Signature {
        verdict: jsonl::SignatureFields::new(&diagnosis.verdict),
        tried: tried.map(|tried| json!({"what": tried.what, "count": tried.count})).collect(),
        complete: diagnosis.complete,
    };
    let event = json!({"id": event.id, "type": event.event_type});
    let line = json!({"provider": provider.name, "event": event, "signature": signature});
    jsonl::value_line(&line)
}

fn body(path: &Path) -> io::Result<Vec<u8>> {
    if path.as_os_str() == "-" {
        return input_file::read_all(io::stdin(), MAX_BODY);
    }
    input_file::read_all(File::open(path)?, MAX_BODY)
}

/// Reads the request and verifies it under the named provider or the detected one.
fn verified(
    args: &VerifyArgs,
    request: &VerifyRequest,
    at: Timestamp,
) -> Result<Verification, CliError> {
    let config = args.config.load()?;
    let named = config.provider.first().filter(|name| *name != defaults::PROVIDER);
    let usual = named.map_or(defaults::SENDER, String::as_str);
    let name = args.provider.clone().unwrap_or_else(|| defaults::PROVIDER.to_owned());
    let (secrets, flags) = (args.secrets.clone(), args.config.clone());
    let providers = ProviderArgs { provider: Some(name), secrets, config: flags };
    let keyring = providers.keyring_under(&config)?;
    let mut stderr = output::notes();
    for line in &keyring.warnings {
        writeln!(stderr, "hookglass: {line}")?;
    }
    let usual = if args.provider.is_some() { None } else { Some(usual) };
    let found =
        verify(&Verifier::new(keyring.candidates), usual, request, at).map_err(|error| {
            CliError::usage(match error {
                VerifyError::UnknownSender => {
                    format!("{error}; name it with --provider (`hookglass providers` lists them)")
                }
                VerifyError::NoSecret { variable, .. } => format!(
                    "no secret is configured; set {variable}, or use --secret-env or --secret-file"
                ),
            })
        })?;
    if found.is_assumed {
        writeln!(
            stderr,
            "hookglass: none of the headers is a signature of a known provider, so it is checked \
             as one of {}; --provider names another",
            found.provider.title
        )?;
    }
    Ok(found)
}
