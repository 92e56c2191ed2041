//! JSON Lines: one object per delivery. Fields may be added, but never change their meaning.

use serde::Serialize;

use super::layout::escape_unsafe;
use super::wire::{self, BodyText, HeaderPair};
use crate::delivery::{
    Attempt, Comparison, Delivery, DeliveryId, Explanation, Head, Outcome, Summary, Verdict,
};
use crate::signature::RewriteRisk;

#[derive(Serialize)]
struct Line<'d> {
    schema: &'static str,
    id: i64,
    received_at: String,
    peer: Option<&'d str>,
    method: &'d str,
    target: &'d str,
    version: &'static str,
    headers: Vec<HeaderPair<'d>>,
    trailers: Vec<HeaderPair<'d>>,
    /// Head in base64, only if the fields above do not determine its bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    head_base64: Option<String>,
    #[serde(flatten)]
    body: BodyText<'d>,
    body_size: u64,
    provider: &'d str,
    event: Event<'d>,
    signature: SignatureFields<'d>,
    response: Option<SentResponse>,
    refused: Option<Refused<'d>>,
    source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    via: Option<&'d str>,
    /// Place in the stream of a hub.
    #[serde(skip_serializing_if = "Option::is_none")]
    hub: Option<HubFields<'d>>,
    duplicate_of: Option<i64>,
    differs: bool,
    shape: &'d [String],
    resent: bool,
    marked: bool,
    note: Option<&'d str>,
    origin: Option<i64>,
    attempts: Vec<AttemptLine<'d>>,
    /// Languages whose JSON library would break the signature, if that was computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    breaks: Option<Vec<BreakLine<'d>>>,
}

#[derive(Serialize)]
struct BreakLine<'d> {
    language: &'static str,
    call: &'static str,
    refused: bool,
    what: &'static str,
    byte: usize,
    around: &'d str,
}

#[derive(Serialize)]
struct HubFields<'d> {
    stream: &'d str,
    /// None until the stream acknowledged the message.
    sequence: Option<u64>,
    listener: &'d str,
}

#[derive(Serialize)]
struct Event<'d> {
    id: Option<&'d str>,
    #[serde(rename = "type")]
    kind: Option<&'d str>,
    /// The sender is unknown; type and id were found where many services put them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    guessed: bool,
}

/// Verdict on a signature.
#[derive(Serialize)]
pub(crate) struct SignatureFields<'d> {
    status: &'static str,
    cause: Option<&'d str>,
    explanation: Option<String>,
    secret: Option<&'d str>,
    #[serde(flatten)]
    help: HelpFields<'d>,
}

/// Fix and proof of a failed signature.
#[derive(Serialize)]
struct HelpFields<'d> {
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<&'d str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    next: &'d [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<ProofFields<'d>>,
}

/// Two texts that should be equal, each with its label, and the position of their first difference.
#[derive(Serialize)]
struct ProofFields<'d> {
    labels: [&'d str; 2],
    texts: [&'d str; 2],
    /// Columns before the first difference.
    caret: usize,
    /// Position in the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    byte: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
}

impl<'d> SignatureFields<'d> {
    pub(crate) fn new(verdict: &'d Verdict) -> Self {
        Self {
            status: verdict.status.as_str(),
            cause: verdict.cause.as_deref(),
            explanation: verdict.explanation.as_ref().map(ToString::to_string),
            secret: verdict.secret.as_deref(),
            help: HelpFields::new(verdict.explanation.as_ref()),
        }
    }
}

impl<'d> HelpFields<'d> {
    fn new(explanation: Option<&'d Explanation>) -> Self {
        let proof = explanation.and_then(Explanation::proof).map(|proof| ProofFields {
            labels: [&proof.received.label, &proof.expected.label],
            texts: [&proof.received.text, &proof.expected.text],
            caret: proof.caret,
            byte: proof.position.map(|position| position.byte),
            line: proof.position.map(|position| position.line),
        });
        Self {
            fix: explanation.and_then(Explanation::fix),
            next: explanation.map(Explanation::next).unwrap_or_default(),
            proof,
        }
    }
}

#[derive(Serialize)]
struct SentResponse {
    status: u16,
    /// Time from the complete request to the response of a rule or a target.
    #[serde(skip_serializing_if = "Option::is_none")]
    took_ms: Option<f64>,
    /// Reason why there was no response.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize)]
struct Refused<'d> {
    code: &'d str,
    reason: &'d str,
}

#[derive(Serialize)]
struct AttemptLine<'d> {
    kind: &'static str,
    target: &'d str,
    at: String,
    took_ms: f64,
    connected_ms: Option<f64>,
    first_byte_ms: Option<f64>,
    status: Option<u16>,
    error: Option<&'d str>,
    timed_out: bool,
    headers: Option<Vec<(&'d str, std::borrow::Cow<'d, str>)>>,
    #[serde(flatten)]
    body: BodyText<'d>,
    body_size: Option<u64>,
    /// `exact` or `resigned`; none for a request that hookglass created.
    form: Option<&'static str>,
    changes: Option<&'d str>,
    compared: Option<&'static str>,
    /// Name of the person who sent it from another machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    sender: Option<&'d str>,
}

/// An attempt on a line of its own.
#[derive(Serialize)]
struct AttemptRecord<'d> {
    schema: &'static str,
    /// None for a request that hookglass created.
    delivery: Option<i64>,
    #[serde(flatten)]
    attempt: AttemptLine<'d>,
    kept: bool,
}

/// A request that was not sent.
#[derive(Serialize)]
struct RequestLine<'d> {
    schema: &'static str,
    delivery: Option<i64>,
    to: &'d str,
    method: &'d str,
    target: std::borrow::Cow<'d, str>,
    headers: Vec<(&'d str, std::borrow::Cow<'d, str>)>,
    #[serde(flatten)]
    body: BodyText<'d>,
    /// `exact` or `resigned`; none for a request that hookglass created.
    form: Option<&'static str>,
    changes: Option<&'d str>,
}

/// Returns a delivery as one line of JSON, without the line end.
pub fn line(delivery: &Delivery) -> String {
    to_text(&whole(delivery))
}

/// Returns a delivery as one line, with the languages whose JSON library would break its
/// signature.
pub fn line_with_breaks(delivery: &Delivery, breaks: &[RewriteRisk]) -> String {
    let breaks = breaks.iter().map(|risk| BreakLine {
        language: risk.language.title(),
        call: risk.language.call(),
        refused: risk.refused,
        what: risk.what,
        byte: risk.offset,
        around: &risk.shown,
    });
    let breaks = breaks.collect();
    to_text(&Line { breaks: Some(breaks), ..whole(delivery) })
}

/// Size of the names and short values of a line.
const FIELDS_SIZE: usize = 1 << 10;

fn to_text(line: &Line<'_>) -> String {
    // Room for most lines, since growing step by step copies the beginning of each several times.
    let body = line.body.body.as_deref().map_or(0, str::len);
    let mut out = Vec::with_capacity(FIELDS_SIZE + body + body / 4);
    // Text, numbers, and lists always serialize, as UTF-8.
    let written = serde_json::to_writer(&mut out, line).ok();
    escape_unsafe(written.and_then(|()| String::from_utf8(out).ok()).unwrap_or_default())
}

fn whole(delivery: &Delivery) -> Line<'_> {
    let Delivery { summary, head, body, attempts } = delivery;
    let attempts = attempts.iter().enumerate().map(|(at, one)| {
        let earlier = attempts.get(..at).unwrap_or_default();
        attempt(one, one.predecessor_in(earlier).map(|last| one.compare_with(last)))
    });
    let attempts = attempts.collect();
    Line { attempts, ..of(summary, head, body) }
}

/// Returns any JSON as one line without characters that a terminal interprets.
pub fn value_line(value: &serde_json::Value) -> String {
    escape_unsafe(value.to_string())
}

/// Returns an attempt as one line of JSON, without the line end; `kept` states whether the store
/// has it.
pub fn attempt_line(one: &Attempt, compared: Option<Comparison>, kept: bool) -> String {
    let delivery = Some(one.delivery.0);
    let record = AttemptRecord { schema: ATTEMPT, delivery, attempt: attempt(one, compared), kept };
    escape_unsafe(serde_json::to_string(&record).unwrap_or_default())
}

/// Returns the outcome of a request that hookglass created as one line of JSON, without the line
/// end.
pub fn sent_line(one: &Attempt) -> String {
    let attempt = AttemptLine { kind: "send", form: None, ..attempt(one, None) };
    let record = AttemptRecord { schema: ATTEMPT, delivery: None, attempt, kept: false };
    escape_unsafe(serde_json::to_string(&record).unwrap_or_default())
}

const ATTEMPT: &str = "hookglass.attempt/1";

/// Returns a request before it is sent as one line of JSON, without the line end.
pub fn request_line(
    id: Option<DeliveryId>,
    to: &str,
    head: &Head,
    body: &[u8],
    changes: Option<&str>,
) -> String {
    let line = RequestLine {
        schema: "hookglass.request/1",
        delivery: id.map(|id| id.0),
        to,
        method: &head.method,
        target: head.target_text(),
        headers: pairs(&head.headers),
        body: BodyText::of(body),
        form: id.map(|_| if changes.is_some() { "resigned" } else { "exact" }),
        changes,
    };
    escape_unsafe(serde_json::to_string(&line).unwrap_or_default())
}

fn pairs(headers: &[crate::delivery::Header]) -> Vec<(&str, std::borrow::Cow<'_, str>)> {
    headers.iter().map(|header| (header.name.as_str(), header.text())).collect()
}

fn of<'d>(summary: &'d Summary, head: &'d Head, body: &'d [u8]) -> Line<'d> {
    let verdict = &summary.signature;
    Line {
        schema: "hookglass.delivery/1",
        id: summary.id.0,
        received_at: format!("{:.6}", summary.request.received_at),
        peer: summary.request.peer.as_deref(),
        method: &summary.request.method,
        target: &summary.request.target,
        version: summary.request.version.as_str(),
        headers: wire::pairs(head),
        trailers: wire::trailer_pairs(head),
        head_base64: wire::head_base64(head),
        body: BodyText::of(body),
        body_size: summary.request.body_size,
        provider: &summary.provider,
        event: Event {
            id: summary.event.id.as_deref(),
            kind: summary.event.event_type.as_deref(),
            guessed: summary.is_guessed(),
        },
        signature: SignatureFields::new(verdict),
        response: summary.response.map(|status| SentResponse {
            status,
            took_ms: summary.latency.map(crate::units::millis),
            error: summary.flags.client_gone_text(),
        }),
        refused: summary
            .request
            .refused
            .as_ref()
            .map(|refusal| Refused { code: &refusal.code, reason: &refusal.reason }),
        source: summary.request.source.as_str(),
        via: summary.request.via.as_deref(),
        hub: summary.request.hub.as_deref().map(|hub| HubFields {
            stream: &hub.stream,
            sequence: hub.sequence,
            listener: &hub.listener,
        }),
        duplicate_of: summary.duplicate_of.map(|id| id.0),
        differs: summary.flags.differs,
        shape: &summary.flags.schema_changes,
        resent: summary.flags.resent,
        marked: summary.annotations.marked,
        note: summary.annotations.note.as_deref(),
        origin: summary.request.origin.map(|id| id.0),
        attempts: Vec::new(),
        breaks: None,
    }
}

fn attempt(attempt: &Attempt, compared: Option<Comparison>) -> AttemptLine<'_> {
    let (answered, error, timed_out) = match &attempt.outcome {
        Outcome::Responded(answered) => (Some(answered), None, false),
        Outcome::Failed { reason, timed_out } => (None, Some(reason.as_str()), *timed_out),
    };
    let millis = crate::units::millis;
    AttemptLine {
        kind: attempt.kind.as_str(),
        target: &attempt.target,
        at: format!("{:.6}", attempt.at),
        took_ms: millis(attempt.took),
        connected_ms: attempt.timing.connected.map(millis),
        first_byte_ms: attempt.timing.first_byte.map(millis),
        status: answered.map(|answered| answered.status),
        error,
        timed_out,
        headers: answered.map(|answered| pairs(&answered.headers)),
        body: answered.map_or_else(BodyText::default, |answered| BodyText::of(&answered.body)),
        body_size: answered.map(|answered| answered.body_size),
        form: Some(attempt.form()),
        changes: attempt.changes.as_deref(),
        compared: compared.map(|compared| compared.transition.as_str()),
        sender: attempt.sender.as_deref(),
    }
}
