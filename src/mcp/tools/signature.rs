//! `explain_signature` and `verify`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use rmcp::handler::server::tool::ToolRoute;
use rmcp::schemars;
use rmcp::schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::delivery::{Delivery, Header};
use crate::mcp::shield::{Shield, WITHHELD};
use crate::mcp::tool::{Call, ToolEffect, ToolError, ToolName, route};
use crate::mcp::view::{FrameworkRisk, Row, UNTRUSTED, VerdictView};
use crate::mcp::{Connection, Server, now};
use crate::ops::diagnose;
use crate::ops::verify::{Verification, VerifyError, VerifyRequest, verify as verify_request};
use crate::provider::ProviderError;
use crate::signature::{Cause, Report, Verifier};
use crate::task;

const EXPLAIN: ToolName = ToolName {
    name: "explain_signature",
    title: "Explain a signature",
    description: "Explain why the signature of a delivery is verified or not: the proved cause, \
        the fix, what the signature covers, and the frameworks whose JSON parsing would break it.",
    effect: ToolEffect::Reads,
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ExplainArguments {
    id: i64,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ExplainResult {
    untrusted: &'static str,
    delivery: Row,
    signature: VerdictView,
    /// Meaning of the cause.
    cause_meaning: Option<String>,
    /// True if the verdict was computed again with the secrets configured now.
    checked_again: bool,
    /// How the provider signs; null if the provider is unknown.
    scheme: Option<SchemeView>,
    /// Languages whose usual JSON library would break this signature: verify the raw bytes there.
    breaks_in: Vec<FrameworkRisk>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct SchemeView {
    provider: String,
    scheme: String,
    /// The signed payload in words.
    signed: String,
    covers_body: bool,
    signs_time: bool,
    received: Vec<PlaceView>,
    /// Both ends of the signed payload as computed from this delivery.
    signed_payload: Option<PayloadView>,
    /// Names of the configured secrets.
    secret_names: Vec<String>,
    /// Environment variable that the secret is read from.
    secret_variable: String,
}

/// A location that the scheme reads.
#[derive(Debug, Serialize, JsonSchema)]
struct PlaceView {
    place: String,
    is_present: bool,
    /// `[withheld]` for a signature.
    value: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct PayloadView {
    size: u64,
    start: String,
    /// Null if the start is everything.
    end: Option<String>,
}

pub(super) fn explain() -> ToolRoute<Connection> {
    route(EXPLAIN, |call: Call, arguments: ExplainArguments| async move {
        let _permit = call.permit().await?;
        call.server
            .read(move |server, reader| {
                let (delivery, shield) = server.delivery(reader, arguments.id)?;
                Ok(explained(server, &delivery, &shield))
            })
            .await
    })
}

fn explained(server: &Server, delivery: &Delivery, shield: &Shield) -> ExplainResult {
    let summary = &delivery.summary;
    let again = diagnose::check_again(&server.verifier, delivery);
    let verdict = again.as_ref().unwrap_or(&summary.signature);
    let report = diagnose::report(&server.verifier, delivery);
    let cause = verdict.cause.as_deref().and_then(Cause::from_code);
    ExplainResult {
        untrusted: UNTRUSTED,
        delivery: Row::new(summary, shield),
        signature: VerdictView::new(verdict, shield),
        cause_meaning: cause.map(|cause| cause.meaning().to_owned()),
        checked_again: again.is_some(),
        breaks_in: report
            .iter()
            .flat_map(|report| &report.breaks)
            .map(|risk| FrameworkRisk::new(risk, shield))
            .collect(),
        scheme: report.map(|report| scheme(&report, shield)),
    }
}

fn scheme(report: &Report, shield: &Shield) -> SchemeView {
    let place = |place: &crate::signature::ReceivedSignature| {
        // A value that is too short to be searched for may still be a credential.
        let is_withheld = place.is_header && shield.withholds_header(&place.place);
        let shown = |value: &String| {
            if is_withheld { WITHHELD.to_owned() } else { shield.line(value) }
        };
        let value = place.value.as_ref().map(shown);
        PlaceView { place: shield.line(&place.place), is_present: value.is_some(), value }
    };
    SchemeView {
        provider: report.provider.clone(),
        scheme: report.scheme.clone(),
        signed: report.signed.clone(),
        covers_body: report.covers_body,
        signs_time: report.signs_time,
        received: report.places.iter().map(place).collect(),
        signed_payload: report.content.as_ref().map(|ends| PayloadView {
            size: ends.size as u64,
            start: shield.line(&ends.start),
            end: ends.end.as_ref().map(|end| shield.line(end)),
        }),
        secret_names: report.secrets.iter().map(|name| shield.line(name)).collect(),
        secret_variable: report.secret_env.clone(),
    }
}

const VERIFY: ToolName = ToolName {
    name: "verify",
    title: "Verify a request",
    description: "Verify the signature of given bytes and headers with the configured secrets, \
        without storing them. Pass the body exactly as received.",
    effect: ToolEffect::Reads,
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct VerifyArguments {
    headers: Vec<HeaderArgument>,
    /// Body as text. Use `body_base64` for other bytes.
    body: Option<String>,
    /// Body in base64.
    body_base64: Option<String>,
    /// Name of the provider; recognized by the headers if absent.
    provider: Option<String>,
    /// URL that the provider sent to, for schemes that sign it.
    url: Option<String>,
    /// Request method, POST if absent.
    method: Option<String>,
    /// Unix time in seconds to check timestamps against; now if absent.
    at: Option<i64>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct HeaderArgument {
    name: String,
    value: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct VerifyResult {
    provider: String,
    signature: VerdictView,
    event_type: Option<String>,
    event_id: Option<String>,
    /// False if the search for a cause stopped at its limit.
    complete: bool,
}

pub(super) fn verify() -> ToolRoute<Connection> {
    route(VERIFY, |call: Call, arguments: VerifyArguments| async move {
        let _permit = call.permit().await?;
        let server = std::sync::Arc::clone(&call.server);
        task::blocking(move || verified(&server, arguments)).await
    })
}

fn verified(server: &Server, arguments: VerifyArguments) -> Result<VerifyResult, ToolError> {
    let VerifyArguments { headers, body, body_base64, provider, url, method, at } = arguments;
    let body = match (body, body_base64) {
        (Some(text), None) => text.into_bytes(),
        (None, Some(base64)) => STANDARD
            .decode(base64.trim())
            .map_err(|error| ToolError::new(format!("invalid body_base64: {error}")))?,
        (None, None) => Vec::new(),
        (Some(_), Some(_)) => {
            return Err("`body` and `body_base64` exclude each other; pass one".into());
        }
    };
    let headers: Vec<Header> = headers
        .into_iter()
        .map(|header| checked_header(header).map_err(ToolError::from))
        .collect::<Result<_, _>>()?;
    let at = match at {
        Some(seconds) => Timestamp::from_second(seconds)
            .map_err(|_| format!("invalid time `{seconds}`: expected Unix seconds"))?,
        None => now(),
    };
    let method = method.as_deref().unwrap_or("POST");
    if !method.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Err(format!("invalid method `{method}`: expected e.g. POST").into());
    }
    let request = VerifyRequest::new(method, url, &headers, body);
    let verifier = verifier_of(server, provider.as_deref())?;
    let found = verify_request(&verifier, None, &request, at).map_err(|error| match error {
        VerifyError::UnknownSender => {
            format!("{error}; pass `provider`, and check that all headers are there")
        }
        VerifyError::NoSecret { ref variable, .. } => {
            format!("{error}; ask the user to set {variable} where this server is started")
        }
    })?;
    let Verification { provider, event, diagnosis, .. } = found;
    // The caller has these headers, but not the secrets.
    let shield = server.secrets_shield();
    Ok(VerifyResult {
        provider: provider.name.clone(),
        signature: VerdictView::new(&diagnosis.verdict, &shield),
        event_type: event.event_type.map(|text| shield.line(&text)),
        event_id: event.id.map(|text| shield.line(&text)),
        complete: diagnosis.complete,
    })
}

fn checked_header(header: HeaderArgument) -> Result<Header, String> {
    let HeaderArgument { name, value } = header;
    let is_name =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
    if !is_name || value.contains(['\r', '\n', '\0']) {
        return Err(format!(
            "invalid header `{name}`: expected a name without spaces or colons, and a value on one \
             line"
        ));
    }
    Ok(Header::new(name, value.trim().to_owned()))
}

/// Returns the verifier of the named provider, or of all.
fn verifier_of(server: &Server, name: Option<&str>) -> Result<Verifier, ToolError> {
    let all = &server.setup.credentials;
    let Some(name) = name else { return Ok(Verifier::new(all.clone()).assuming_only_secret()) };
    let found = all.iter().find(|one| one.provider.name == name).cloned();
    found.map(|credentials| Verifier::new(vec![credentials])).ok_or_else(|| {
        let known: Vec<&str> = all.iter().map(|one| one.provider.name.as_str()).collect();
        ToolError::new(ProviderError::unknown(name, &known).to_string())
    })
}
