//! `hookglass resend`: kept deliveries, sent again.

use std::io::{self, Write as _};
use std::time::Duration;

use clap::{ArgGroup, Args};
use jiff::{SignedDuration, Timestamp};

use super::keyring::{Keyring, ProviderArgs};
use super::selection::Selection;
use super::summary::{self, ResendReport};
use super::{CliError, StoreArgs};
use crate::delivery::{Attempt, Delivery, DeliveryId, Summary};
use crate::formats::jsonl;
use crate::ops::resend::{PreparedRequest, Signing};
use crate::ops::resign::EventIdPolicy;
use crate::outbound::{Client, Target};
use crate::signature::Credentials;
use crate::store::{AttemptWriter, StoreError, StoreReader};
use crate::units;

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["ids", "filter"]))]
pub(super) struct ResendArgs {
    /// The numbers of the deliveries, as `list` shows them
    #[arg(value_name = "ID")]
    ids: Vec<DeliveryId>,
    /// Those that pass a filter, oldest first, for instance 'sig:verified since:10m'
    #[arg(long, value_name = "FILTER", allow_hyphen_values = true)]
    filter: Option<String>,
    /// Where to send to; a URL without a path keeps the path of each delivery
    #[arg(long, value_name = "URL")]
    to: Target,
    #[command(flatten)]
    signing: SigningArgs,
    /// Print each request byte for byte as it would go out, and send nothing
    #[arg(long)]
    dry_run: bool,
    /// Print a JSON line for each attempt
    #[arg(long)]
    json: bool,
    /// How often to send each
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    count: u64,
    /// How long to wait between two, for instance 500ms
    #[arg(long, value_name = "TIME", value_parser = parse_interval)]
    interval: Option<Duration>,
    #[command(flatten)]
    provider: ProviderArgs,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Debug, Args)]
struct SigningArgs {
    /// Send the bytes as they came, with the signature that they came with
    #[arg(long)]
    exact: bool,
    /// Keep the delivery's own id where the provider signs one, as a retry has it
    #[arg(long, conflicts_with = "exact")]
    keep_id: bool,
}

fn parse_interval(text: &str) -> Result<Duration, String> {
    let parsed = text.parse::<SignedDuration>().ok();
    let duration = parsed.and_then(|duration| Duration::try_from(duration).ok());
    duration.ok_or_else(|| format!("`{text}` is no length of time; write for instance 500ms or 2s"))
}

pub(super) fn run(args: &ResendArgs) -> Result<(), CliError> {
    let filter = args.filter.as_deref().map(Selection::read).transpose()?;
    let path = args.store.path();
    let reader = StoreReader::open(&path).map_err(CliError::environment)?;
    let chosen = match &filter {
        Some(filter) => passing(&reader, filter)?,
        None => named(args, &reader)?,
    };
    let keyring = if args.signing.exact { Vec::new() } else { keyring(args, &chosen)? };
    let mut round = ResendRun { args, reader, keyring, last: None };
    if args.dry_run {
        return chosen.iter().try_for_each(|row| round.print(row.id));
    }
    let total = args.count.saturating_mul(chosen.len() as u64);
    writeln!(io::stderr(), "{}", round.announcement(chosen.len()))?;
    let attempts = AttemptWriter::open(&path);
    if let Err(error) = &attempts {
        writeln!(io::stderr(), "hookglass: the attempts are not kept: {error}")?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(CliError::environment)?;
    let tally = runtime.block_on(round.send(&chosen, total, attempts))?;
    tally.verdict(total, &args.to)
}

/// The deliveries that were named; each of them can be sent.
fn named(args: &ResendArgs, reader: &StoreReader) -> Result<Vec<Summary>, CliError> {
    let found = reader.summaries(&args.ids).map_err(CliError::environment)?;
    for id in &args.ids {
        let row = found.iter().find(|row| row.id == *id).ok_or_else(|| {
            let shown = args.store.path();
            CliError::negative(format!(
                "there is no delivery {id} in {}; `hookglass list` shows which there are",
                shown.display()
            ))
        })?;
        if let Some(refusal) = &row.request.refused {
            return Err(CliError::negative(format!(
                "delivery {id} was refused ({}) and not kept whole, so it cannot be sent again",
                refusal.code
            )));
        }
    }
    Ok(found)
}

/// The deliveries that pass a filter, without those that cannot be sent.
fn passing(reader: &StoreReader, picking: &Selection) -> Result<Vec<Summary>, CliError> {
    let ids = picking.ids(reader, None)?;
    let mut found = reader.summaries(&ids).map_err(CliError::environment)?;
    let all = found.len();
    found.retain(|row| row.request.refused.is_none());
    if found.len() < all {
        let refused = units::format_count((all - found.len()) as u64);
        writeln!(
            io::stderr(),
            "hookglass: {refused} refused ones are left out; they were not kept whole"
        )?;
    }
    if found.is_empty() {
        return Err(CliError::negative("no delivery passes, so nothing was sent".to_owned()));
    }
    Ok(found)
}

/// The providers that the deliveries are signed anew as.
fn keyring(args: &ResendArgs, chosen: &[Summary]) -> Result<Vec<Credentials>, CliError> {
    let mut names: Vec<String> = chosen.iter().map(|row| row.provider.clone()).collect();
    names.sort();
    names.dedup();
    let config = args.provider.config.load()?;
    let nobodys = chosen.iter().find(|row| config.named(&row.provider).is_err());
    if let (Some(row), None) = (nobodys, &args.provider.provider) {
        return Err(CliError::usage(format!(
            "it is not known whose delivery {} is, so neither is how it is signed; name its \
             sender with --provider, or send the bytes as they came with --exact",
            row.id
        )));
    }
    let Keyring { candidates, notes, warnings } = args.provider.keyring_of(&names)?;
    for line in notes.iter().chain(&warnings) {
        writeln!(io::stderr(), "hookglass: {line}")?;
    }
    for Credentials { provider, secrets } in &candidates {
        if let Some(reason) = crate::signature::unsignable(&provider.scheme) {
            return Err(CliError::usage(format!(
                "nothing can be signed anew in the place of {}: {reason}; --exact sends the bytes \
                 as they came",
                provider.title
            )));
        }
        if secrets.is_empty() {
            return Err(CliError::usage(format!(
                "no secret of {} is configured, so nothing can be signed anew; set {}, use \
                 --secret-env or --secret-file, or send the bytes as they came with --exact",
                provider.title, provider.secret_env
            )));
        }
    }
    Ok(candidates)
}

/// What is being sent, and with what.
struct ResendRun<'a> {
    args: &'a ResendArgs,
    reader: StoreReader,
    keyring: Vec<Credentials>,
    /// The last attempt of this round.
    last: Option<Attempt>,
}

impl ResendRun<'_> {
    fn announcement(&self, deliveries: usize) -> String {
        let many = match deliveries {
            1 => "1 delivery".to_owned(),
            many => format!("{} deliveries", units::format_count(many as u64)),
        };
        let often = match self.args.count {
            1 => String::new(),
            count => format!(", {} times each", units::format_count(count)),
        };
        let names: Vec<&str> = self
            .keyring
            .iter()
            .filter_map(|credentials| credentials.secrets.first())
            .map(crate::secret::Secret::name)
            .collect();
        let how = match names.as_slice() {
            [] => "exactly as they came".to_owned(),
            names => format!("signed anew with {}", names.join(", ")),
        };
        format!("sending {many}{often} to {}, {how}", self.args.to)
    }

    fn load(&self, id: DeliveryId) -> Result<Delivery, CliError> {
        let found = self.reader.delivery(id).map_err(CliError::environment)?;
        found.ok_or_else(|| {
            CliError::environment(format!("delivery {id} has been deleted meanwhile"))
        })
    }

    /// What a delivery is signed anew with; nothing where all go out exactly.
    fn credentials(&self, delivery: &Delivery) -> Option<&Credentials> {
        let name = &delivery.summary.provider;
        let own = self.keyring.iter().find(|credentials| credentials.provider.name == *name);
        own.or(self.keyring.first())
    }

    fn ready(&self, delivery: &Delivery) -> Result<PreparedRequest, CliError> {
        let args = self.args;
        let signing = match self
            .credentials(delivery)
            .and_then(|credentials| Some((credentials, credentials.secrets.first()?)))
        {
            None => Signing::Exact,
            Some((credentials, secret)) => Signing::Anew {
                provider: &credentials.provider,
                secret,
                #[expect(
                    clippy::disallowed_methods,
                    reason = "a signature tells when it was made"
                )]
                now: Timestamp::now(),
                identity: if args.signing.keep_id {
                    EventIdPolicy::Kept
                } else {
                    EventIdPolicy::Fresh
                },
            },
        };
        PreparedRequest::new(delivery, &args.to, &signing).map_err(|error| {
            let id = delivery.summary.id;
            CliError::usage(format!(
                "delivery {id} cannot be signed anew: {error}; --exact sends the bytes as they came"
            ))
        })
    }

    /// Prints a request as it would go out.
    fn print(&self, id: DeliveryId) -> Result<(), CliError> {
        let delivery = self.load(id)?;
        let PreparedRequest { request, changes } = self.ready(&delivery)?;
        if let Some(credentials) = self.credentials(&delivery).filter(|_| changes.is_some()) {
            summary::refuse_token(&credentials.provider)?;
        }
        summary::print(Some(id), (&request, changes.as_deref()), &self.args.to, self.args.json)
    }

    async fn send(
        &mut self,
        chosen: &[Summary],
        total: u64,
        mut attempts: Result<AttemptWriter, StoreError>,
    ) -> Result<ResendReport, CliError> {
        let client = Client::new();
        let mut pace = self.args.interval.filter(|time| !time.is_zero()).map(tokio::time::interval);
        let mut tally = ResendReport::default();
        for row in chosen {
            let delivery = self.load(row.id)?;
            for _ in 0..self.args.count {
                if let Some(pace) = &mut pace {
                    pace.tick().await;
                }
                let sent = self.ready(&delivery)?.send(&client, &self.args.to, &delivery).await;
                let attempt = sent.attempt;
                let kept = match attempts.as_mut().map(|attempts| attempts.keep(&attempt)) {
                    Ok(Ok(())) => true,
                    Ok(Err(error)) => {
                        writeln!(io::stderr(), "hookglass: this attempt is not kept: {error}")?;
                        false
                    }
                    Err(_) => false,
                };
                tally.count(&attempt, sent.unreached);
                self.tell(&attempt, &delivery, kept)?;
                tally.show_progress(total)?;
                if tally.is_over() {
                    return Ok(tally);
                }
            }
        }
        Ok(tally)
    }

    /// Prints how an attempt went, beside the last one to the same target.
    fn tell(&mut self, attempt: &Attempt, delivery: &Delivery, kept: bool) -> io::Result<()> {
        let mine = self.last.as_ref().filter(|last| last.delivery == attempt.delivery);
        let last = mine.or_else(|| attempt.last_of(&delivery.attempts));
        let compared = last.map(|last| attempt.compared(last));
        let mut out = io::stdout().lock();
        if self.args.json {
            writeln!(out, "{}", jsonl::attempt_line(attempt, compared, kept))?;
        } else {
            writeln!(out, "{}", summary::told(attempt, compared))?;
        }
        out.flush()?;
        self.last = Some(attempt.clone());
        Ok(())
    }
}
