//! `send_sample` and `resend`.

use rmcp::handler::server::tool::ToolRoute;
use rmcp::schemars;
use rmcp::schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::delivery::DeliveryId;
use crate::mcp::tool::{Call, ToolEffect, ToolError, ToolName, route};
use crate::mcp::view::{AttemptView, UNTRUSTED};
use crate::mcp::{Connection, Server};
use crate::ops::resend::{
    AttemptRecorder, Destination, Fallback, ReSigning, ResendEvent, ResendOutcome, ResendPace,
    ResendRun, RunEnd, Signing, signing_name, throw_away_note,
};
use crate::ops::resign::EventIdPolicy;
use crate::ops::send::{EventSource, SendEvent, SendRun, Tamper, credentials_for};
use crate::outbound::{Client, Target};
use crate::provider::{Provider, ProviderError};
use crate::signature::Credentials;
use crate::store::{self, AttemptWriter, StoreReader};
use crate::task;

const SAMPLE: ToolName = ToolName {
    name: "send_sample",
    title: "Send a sample event",
    description: "Send a signed sample event of a provider to the running listener, or to an \
        application on this machine; optionally tampered with, to test that it is refused.",
    effect: ToolEffect::Sends,
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SampleArguments {
    /// Event type, e.g. `message.created`; the provider's first sample if absent.
    event_type: Option<String>,
    /// Name of the provider; if absent, one whose secret is configured.
    provider: Option<String>,
    /// URL; the running listener if absent.
    to: Option<String>,
    tamper: Option<TamperArgument>,
    /// Number of requests, 1 if absent.
    #[schemars(range(min = 1, max = 100))]
    count: Option<u64>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum TamperArgument {
    /// Change one byte of the body after signing.
    Body,
    /// Parse and serialize the JSON body after signing, like a framework does.
    Reserialize,
    /// Change one character of the signature.
    Signature,
    /// Omit the signature.
    Missing,
}

#[derive(Debug, Serialize, JsonSchema)]
struct SampleResult {
    untrusted: &'static str,
    to: String,
    provider: String,
    event_type: String,
    /// Name of the secret that signed; null if none is configured, so that nothing is signed.
    secret_name: Option<String>,
    note: Option<String>,
    attempts: Vec<AttemptView>,
    /// Why the target cannot be reached.
    unreachable: Option<String>,
    /// Newest delivery before the first request. Pass it as `after` to `wait_for_delivery`.
    newest_id_before: i64,
}

/// Capacity of the queue of outcomes.
const WAITING: usize = 16;

const MAX_REQUESTS: u64 = 100;

pub(super) fn sample() -> ToolRoute<Connection> {
    route(SAMPLE, |call: Call, arguments: SampleArguments| async move {
        let SampleArguments { event_type, provider, to, tamper, count } = arguments;
        let server = &call.server;
        let count = count.unwrap_or(1);
        if !(1..=MAX_REQUESTS).contains(&count) {
            return Err(format!("invalid count `{count}`: expected 1 to {MAX_REQUESTS}").into());
        }
        let credentials = sender(server, provider.as_deref(), event_type.as_deref())?;
        let provider = &credentials.provider;
        let sample = match &event_type {
            Some(wanted) => provider.sample(wanted).ok_or_else(|| no_sample(provider, wanted))?,
            None => provider.samples.first().ok_or_else(|| no_sample(provider, ""))?,
        };
        let target = match to {
            Some(url) => server.setup.send_policy.target(&url)?,
            None => listener(server)?,
        };
        let _permit = call.permit().await?;
        let path = server.setup.store.clone();
        let newest = task::blocking(move || {
            StoreReader::open(&path).and_then(|reader| reader.last_id()).map_or(0, |id| id.0)
        });
        let newest = newest.await;
        let run = SendRun {
            credentials,
            source: EventSource::Sample(sample),
            headers: Vec::new(),
            target: target.clone(),
            tamper: tamper.map(tamper_of),
            count,
            period: std::time::Duration::ZERO,
        };
        let tampering = run.request().ok().and_then(|request| run.tampering_note(&request));
        let shield = server.secrets_shield();
        let (events, mut queue) = mpsc::channel(WAITING);
        let client = Client::new();
        let collect = async {
            let (mut attempts, mut ended) = (Vec::new(), Ok(RunEnd::Complete));
            while let Some(event) = queue.recv().await {
                match event {
                    SendEvent::Sent { attempt, .. } => attempts.push(*attempt),
                    SendEvent::Finished(summary) => ended = summary.map(|summary| summary.end),
                }
            }
            (attempts, ended)
        };
        let ((), (attempts, ended)) = tokio::join!(run.run(&client, events), collect);
        let ended = ended.map_err(|error| error.to_string())?;
        let with_signature = server.setup.with_signature;
        Ok(SampleResult {
            untrusted: UNTRUSTED,
            to: target.to_string(),
            provider: provider.name.clone(),
            event_type: sample.kind.clone(),
            secret_name: signing_name(credentials).map(|name| shield.line(&name)),
            note: note(credentials, tampering).map(|note| shield.line(&note)),
            attempts: attempts
                .iter()
                .map(|attempt| AttemptView::new(attempt, &shield, with_signature).of_sample())
                .collect(),
            unreachable: unreachable(&ended).map(|reason| shield.line(reason)),
            newest_id_before: newest,
        })
    })
}

fn note(credentials: &Credentials, tampering: Option<String>) -> Option<String> {
    let unsigned = || {
        let variable = &credentials.provider.secret_env;
        credentials.secrets.is_empty().then(|| {
            format!(
                "no secret is configured, so nothing is signed; ask the user to set {variable} \
                 where this server is started"
            )
        })
    };
    tampering.or_else(|| throw_away_note(credentials)).or_else(unsigned)
}

fn tamper_of(tamper: TamperArgument) -> Tamper {
    match tamper {
        TamperArgument::Body => Tamper::Body,
        TamperArgument::Reserialize => Tamper::Reserialize,
        TamperArgument::Signature => Tamper::Signature,
        TamperArgument::Missing => Tamper::Missing,
    }
}

fn no_sample(provider: &Provider, wanted: &str) -> ToolError {
    let known: Vec<&str> = provider.samples.iter().map(|sample| sample.kind.as_str()).collect();
    ToolError::new(format!(
        "no sample `{wanted}` of {}: expected one of {}",
        provider.title,
        known.join(", ")
    ))
}

/// Picks the provider to send as: the named one, or one with a secret.
fn sender<'s>(
    server: &'s Server,
    name: Option<&str>,
    event_type: Option<&str>,
) -> Result<&'s Credentials, ToolError> {
    let all = &server.setup.credentials;
    if let Some(name) = name {
        return all.iter().find(|one| one.provider.name == name).ok_or_else(|| {
            let known: Vec<&str> = all.iter().map(|one| one.provider.name.as_str()).collect();
            ToolError::new(ProviderError::unknown(name, &known).to_string())
        });
    }
    let has_sample = |one: &&Credentials| match event_type {
        Some(wanted) => one.provider.sample(wanted).is_some(),
        None => !one.provider.samples.is_empty(),
    };
    let with_secret = all.iter().filter(|one| !one.secrets.is_empty()).find(has_sample);
    with_secret
        .or_else(|| credentials_for(all, event_type.unwrap_or_default()))
        .ok_or_else(|| ToolError::new("no provider is known"))
}

/// Returns the running listener as a target.
fn listener(server: &Server) -> Result<Target, ToolError> {
    let own = server.own.get().map(|own| own.url);
    let url = own
        .or_else(|| store::listener_of(&server.setup.store))
        .ok_or("no listener has this store open; call start_listener, or pass `to`")?;
    // A listener on all addresses is reached through the loopback one.
    let url = url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
    url.parse().map_err(|error| ToolError::new(format!("{error}")))
}

fn unreachable(end: &RunEnd) -> Option<&str> {
    match end {
        RunEnd::Unreached(reason) => Some(reason),
        RunEnd::Complete | RunEnd::Stopped => None,
    }
}

const RESEND: ToolName = ToolName {
    name: "resend",
    title: "Resend deliveries",
    description: "Send stored deliveries to an application again: re-signed with a fresh time, or \
        exactly as received. The attempts are recorded with the deliveries.",
    effect: ToolEffect::Sends,
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ResendArguments {
    #[schemars(length(min = 1, max = 50))]
    ids: Vec<i64>,
    /// URL of the application. Without a path, each delivery's own path is kept.
    to: String,
    /// Send the bytes and the signature as received.
    #[serde(default)]
    exact: bool,
    /// Keep the event id, as a retry does, if the provider signs one.
    #[serde(default)]
    keep_id: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ResendResult {
    untrusted: &'static str,
    sent: Vec<SentView>,
    skipped: Vec<SkippedView>,
    /// Responses with 2xx.
    accepted: u64,
    /// Why the target cannot be reached.
    unreachable: Option<String>,
    /// Reason why the attempts were not recorded.
    not_recorded: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct SentView {
    id: i64,
    attempt: AttemptView,
    /// Compared with the last attempt to the same target: `fixed`, `broken`, or `same`.
    compared: Option<String>,
    recorded: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
struct SkippedView {
    id: i64,
    reason: String,
}

const MAX_RESENT: usize = 50;

pub(super) fn resend() -> ToolRoute<Connection> {
    route(RESEND, |call: Call, arguments: ResendArguments| async move {
        let ResendArguments { ids, to, exact, keep_id } = arguments;
        let server = &call.server;
        if ids.is_empty() || ids.len() > MAX_RESENT {
            return Err(format!("invalid ids: expected 1 to {MAX_RESENT} of them").into());
        }
        let target = server.setup.send_policy.target(&to)?;
        let _permit = call.permit().await?;
        let path = server.setup.store.clone();
        let opened = task::blocking(move || {
            let reader = StoreReader::open(&path)?;
            Ok::<_, ToolError>((reader, AttemptWriter::open(&path)))
        });
        let (reader, writer) = opened.await?;
        let (recorder, not_recorded) = match writer {
            Ok(writer) => (AttemptRecorder::Writer(Box::new(writer)), None),
            Err(error) => (AttemptRecorder::Off, Some(error.to_string())),
        };
        let event_id = if keep_id { EventIdPolicy::Kept } else { EventIdPolicy::Fresh };
        let keys =
            ReSigning { credentials: &server.setup.credentials, assume_first: false, event_id };
        let run = ResendRun {
            ids: ids.into_iter().map(DeliveryId).collect(),
            destination: Destination {
                target,
                signing: if exact { Signing::Exact } else { Signing::Resign(keys) },
                fallback: Fallback::Skip,
            },
            pace: ResendPace::default(),
            reader,
            recorder,
            client: Client::new(),
        };
        let (events, queue) = mpsc::channel(WAITING);
        let canceled = call.context.ct.clone().cancelled_owned();
        let ((), mut result) = tokio::join!(run.run(events, canceled), collect(server, queue));
        result.not_recorded = not_recorded;
        Ok(result)
    })
}

/// Collects the outcomes of a run.
async fn collect(server: &Server, mut queue: mpsc::Receiver<ResendEvent>) -> ResendResult {
    let shield = server.secrets_shield();
    let mut result = ResendResult {
        untrusted: UNTRUSTED,
        sent: Vec::new(),
        skipped: Vec::new(),
        accepted: 0,
        unreachable: None,
        not_recorded: None,
    };
    while let Some(event) = queue.recv().await {
        match event {
            ResendEvent::Started(_) => {}
            ResendEvent::Skipped { id, reason } => {
                let reason = shield.line(&crate::error_chain::with_sources(&reason));
                result.skipped.push(SkippedView { id: id.0, reason });
            }
            ResendEvent::Sent { outcome, .. } => {
                let ResendOutcome { attempt, comparison, recorded, .. } = &*outcome;
                result.sent.push(SentView {
                    id: attempt.delivery.0,
                    attempt: AttemptView::new(attempt, &shield, server.setup.with_signature),
                    compared: comparison.map(|found| found.transition.as_str().to_owned()),
                    recorded: recorded.is_recorded(),
                });
            }
            ResendEvent::Finished(summary) => {
                result.accepted = summary.accepted;
                result.unreachable = unreachable(&summary.end).map(|reason| shield.line(reason));
            }
        }
    }
    result
}
