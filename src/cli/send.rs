//! `hookglass send`: signed sample events, or files.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::keyring::{Keyring, ProviderArgs};
use super::{CliError, summary};
use crate::delivery::{AttemptKind, DeliveryId};
use crate::formats::jsonl;
use crate::ops::resend::{ResendSummary, RunEnd};
use crate::ops::send::{DraftEvent, Tamper, request};
use crate::outbound::{self, Client, Target};
use crate::provider::{Provider, Sample};
use crate::secret::Secret;
use crate::signature::Credentials;

#[derive(Debug, Args)]
pub(super) struct SendArgs {
    /// An event type of the provider (`message.created`), or a file whose bytes are sent
    #[arg(value_name = "TYPE|FILE")]
    what: String,
    /// Where to send to
    #[arg(long, value_name = "URL")]
    to: Target,
    #[command(flatten)]
    provider: ProviderArgs,
    /// How many to send
    #[arg(long, value_name = "N", default_value_t = 1)]
    count: u64,
    /// At most this many a second, for instance 5/s; as fast as it goes if left out
    #[arg(long, value_name = "N/s", value_parser = parse_rate)]
    rate: Option<f64>,
    /// Spoil what is sent
    #[arg(long, value_enum)]
    tamper: Option<TamperArg>,
    /// Print each request byte for byte as it would go out, and send nothing
    #[arg(long)]
    dry_run: bool,
    /// Print a JSON line for each sending
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum TamperArg {
    /// Change one byte of the body after signing
    Body,
    /// Change one digit of the signature
    Signature,
    /// Leave the signature out
    Missing,
}

/// Reads `N/s` or `N`.
pub(super) fn parse_rate(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix("/s").unwrap_or(text);
    match number.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate > 0.0 => Ok(rate),
        _ => Err(format!("`{text}` is no rate; write how many a second, for instance 5/s")),
    }
}

pub(super) fn run(args: SendArgs) -> Result<(), CliError> {
    let Keyring { candidates, notes, warnings } = args.provider.keyring()?;
    let mut stderr = std::io::stderr();
    for line in notes.iter().chain(&warnings) {
        writeln!(stderr, "hookglass: {line}")?;
    }
    // Of several, the first that has such an event.
    let has = |credentials: &&Credentials| credentials.provider.sample(&args.what).is_some();
    let Some(Credentials { provider, secrets }) =
        candidates.iter().find(has).or(candidates.first()).cloned()
    else {
        return Err(CliError::usage("no provider was named".to_owned()));
    };
    let secret = secrets.first();
    if secret.is_none() {
        let variable = &provider.secret_env;
        writeln!(
            stderr,
            "hookglass: no secret is configured, so nothing is signed; set {variable} or use --secret-file"
        )?;
    }
    let contents = Contents::new(&args.what, &provider)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(CliError::environment)?;
    runtime.block_on(send_all(&args, &provider, secret, contents))
}

/// Where what is sent comes from.
enum Contents<'p> {
    Sample(&'p Sample),
    File(Vec<u8>),
}

impl<'p> Contents<'p> {
    fn new(what: &str, provider: &'p Provider) -> Result<Self, CliError> {
        if let Some(sample) = provider.sample(what) {
            return Ok(Self::Sample(sample));
        }
        std::fs::read(Path::new(what)).map(Self::File).map_err(|error| {
            let known: Vec<&str> =
                provider.samples.iter().map(|sample| sample.kind.as_str()).collect();
            CliError::usage(format!(
                "`{what}` is neither an event type of {} nor a file that can be read ({error}); \
                 the types are {}",
                provider.title,
                known.join(", ")
            ))
        })
    }

    fn next(&self, random: &mut fastrand::Rng) -> DraftEvent {
        match self {
            Self::Sample(sample) => DraftEvent::of(sample, random.fork()),
            Self::File(bytes) => DraftEvent::json(bytes.clone()),
        }
    }
}

async fn send_all(
    args: &SendArgs,
    provider: &Provider,
    secret: Option<&Secret>,
    contents: Contents<'_>,
) -> Result<(), CliError> {
    let client = Client::new();
    // What is sent is a POST to the target's own path.
    let url = args.to.url("/");
    let mut random = fastrand::Rng::new();
    let tamper = args.tamper.map(|tamper| match tamper {
        TamperArg::Body => Tamper::Body,
        TamperArg::Signature => Tamper::Signature,
        TamperArg::Missing => Tamper::Missing,
    });
    let pause =
        args.rate.map_or(Duration::from_nanos(1), |rate| Duration::from_secs_f64(1.0 / rate));
    let mut pace = tokio::time::interval(pause);
    let mut counts = ResendSummary::new(args.count);
    for number in 1..=args.count {
        let request = request(provider, secret, contents.next(&mut random), &url, tamper)
            .map_err(CliError::usage)?;
        if args.dry_run {
            if secret.is_some() {
                summary::refuse_token(provider)?;
            }
            summary::print(None, (&request, None), &args.to, args.json)?;
            continue;
        }
        pace.tick().await;
        let sent = client.send(&args.to, &request).await;
        // It belongs to no delivery.
        let attempt = outbound::attempt(AttemptKind::Resend, DeliveryId(0), &args.to, &sent);
        counts.count_attempt(&attempt);
        if let Err(error) = &sent.outcome {
            counts.end = RunEnd::Unreached(error.to_string());
        }
        let mut out = std::io::stdout();
        if args.json {
            writeln!(out, "{}", jsonl::sent_line(&attempt))?;
        } else if let Some(status) = attempt.status() {
            writeln!(out, "{number} of {}: {} answered {status}", args.count, args.to)?;
        }
        summary::show_progress(&counts)?;
        if counts.end != RunEnd::Complete {
            break;
        }
    }
    if args.dry_run { Ok(()) } else { summary::verdict(&counts, &args.to) }
}
