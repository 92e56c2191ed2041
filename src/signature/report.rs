//! Reports on a delivery's signature, for display.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;

use super::explain::deciding;
use super::sign::encode;
use super::signed_payload::{Subject, signed_payload, signed_payload_under};
use super::verifier::Verifier;
use super::verify::{inferred_url, values};
use super::{digest, secret_key};
use crate::delivery::{Delivery, SignatureStatus, header_text};
use crate::payload::reserialize::{self, JsonLibrary};
use crate::payload::{around, visible_bytes};
use crate::provider::{Algorithm, Provider, Scheme, ValueLocation};
use crate::secret::Secret;

/// Bytes shown from each end of the signed payload.
const ENDS: usize = 96;

/// Bytes shown before and after a change that a framework would make.
const AROUND: usize = 12;

/// Size limit of bodies that are tested for reserialization in each language.
const MAX_RESERIALIZED: usize = 1 << 20;

/// A signature and how it was made, as far as delivery and scheme show it.
#[derive(Debug, Clone)]
pub struct Report {
    /// Name of the provider in its own spelling.
    pub provider: String,
    /// The scheme in words.
    pub scheme: String,
    /// The signed payload in words.
    pub signed: String,
    /// Every location that the scheme reads, with its value.
    pub places: Vec<ReceivedSignature>,
    pub content: Option<Ends>,
    /// The signature that the current secret makes of what was received; none if it takes another
    /// key to make it, or if it is the secret itself.
    pub expected: Option<String>,
    /// The time of signing is part of the scheme, so that old deliveries can be detected.
    pub signs_time: bool,
    pub covers_body: bool,
    /// Sentence that says which part of the body is not signed.
    pub uncovered: Option<String>,
    /// Names of the secrets, the current one first.
    pub secrets: Vec<String>,
    /// The variable to set if no secret is configured.
    pub secret_env: String,
    /// Frameworks that would break this signature.
    pub breaks: Vec<RewriteRisk>,
}

/// A location and its value, as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedSignature {
    pub place: String,
    pub value: Option<String>,
    /// The location is a header.
    pub is_header: bool,
}

/// Both ends of the signed payload; invisible characters are escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ends {
    /// In bytes.
    pub size: usize,
    pub start: String,
    /// None if the start is everything.
    pub end: Option<String>,
}

/// A language whose usual JSON library would change the signed bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RewriteRisk {
    pub language: JsonLibrary,
    /// Offset of the first byte that would change.
    pub offset: usize,
    /// Phrase for the value at this offset.
    pub what: &'static str,
    /// The bytes around it.
    pub shown: String,
    /// The library refuses the body, and nothing is left to verify.
    pub refused: bool,
}

impl fmt::Display for RewriteRisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { offset, what, shown, refused, .. } = self;
        let verb = if *refused { "refuses" } else { "changes" };
        write!(f, "{verb} {what} at byte {offset}: {shown}")
    }
}

impl Verifier {
    /// Reports on a stored delivery; none if its provider is unknown.
    pub fn examine(&self, delivery: &Delivery) -> Option<Report> {
        let url = self.url(&delivery.head);
        let subject = Subject { head: &delivery.head, body: &delivery.body, url: url.as_deref() };
        let summary = &delivery.summary;
        self.report(
            &summary.provider,
            &subject,
            summary.signature.status,
            summary.request.received_at,
        )
    }

    /// Returns the bytes that a stored delivery's signature covers; none if its provider is
    /// unknown, or if a part of them is missing.
    pub fn signed_payload(&self, delivery: &Delivery) -> Option<Vec<u8>> {
        let url = self.url(&delivery.head);
        let subject = Subject { head: &delivery.head, body: &delivery.body, url: url.as_deref() };
        let (summary, secrets) = (&delivery.summary, []);
        let credentials = self.known(&summary.provider)?;
        let at = summary.request.received_at;
        let scheme = &*deciding(&credentials.provider, &secrets, &subject, at);
        let inferred = inferred_url(scheme, &credentials.secrets, &subject, at);
        let subject = Subject { url: subject.url.or(inferred.as_deref()), ..subject };
        let value = values(scheme, &subject).ok().and_then(|values| values.into_iter().next());
        template_payload(scheme, &subject, &value.unwrap_or_default()).map(Cow::into_owned)
    }

    fn report(
        &self,
        provider: &str,
        subject: &Subject<'_>,
        status: SignatureStatus,
        at: Timestamp,
    ) -> Option<Report> {
        let credentials = self.known(provider)?;
        let scheme = &*deciding(&credentials.provider, &credentials.secrets, subject, at);
        let inferred = inferred_url(scheme, &credentials.secrets, subject, at);
        let subject = &Subject { url: subject.url.or(inferred.as_deref()), ..*subject };
        let value = values(scheme, subject).ok().and_then(|values| values.into_iter().next());
        let value = value.unwrap_or_default();
        let is_verified = status == SignatureStatus::Verified && scheme.covers_body;
        Some(Report {
            provider: credentials.provider.title.clone(),
            scheme: scheme.to_string(),
            signed: match scheme.algorithm {
                Algorithm::Jwt => "the token itself".to_owned(),
                Algorithm::HttpMessageSignature => {
                    "the parts listed in the signature-input header".to_owned()
                }
                _ => scheme.signed.to_string(),
            },
            places: places(scheme, subject, &value),
            content: template_payload(scheme, subject, &value).map(|content| ends(&content)),
            expected: expected(scheme, credentials.secrets.first(), subject, &value),
            signs_time: scheme.timestamp.is_some(),
            covers_body: scheme.covers_body,
            uncovered: scheme.uncovered().map(str::to_owned),
            secrets: credentials.secrets.iter().map(|secret| secret.name().to_owned()).collect(),
            secret_env: credentials.provider.secret_env.clone(),
            breaks: if is_verified { breaks(subject.body) } else { Vec::new() },
        })
    }
}

/// Returns the payload that the scheme's template describes; none if the signature itself states
/// what it covers.
fn template_payload<'d>(
    scheme: &'d Scheme,
    subject: &'d Subject<'_>,
    value: &'d str,
) -> Option<Cow<'d, [u8]>> {
    if scheme.algorithm.is_self_describing() {
        return None;
    }
    signed_payload(scheme, subject, value).ok()
}

/// Returns the value of the signature that a secret makes.
fn expected(
    scheme: &Scheme,
    secret: Option<&Secret>,
    subject: &Subject<'_>,
    value: &str,
) -> Option<String> {
    let is_computed = !scheme.algorithm.is_asymmetric()
        && !scheme.algorithm.is_self_describing()
        && scheme.algorithm != Algorithm::Token
        && scheme.unchecked.is_none();
    if !is_computed {
        return None;
    }
    let key = secret_key::key(scheme, secret?)?;
    let content = signed_payload_under(scheme, subject, value, &key).ok()?;
    let text = encode(scheme, &digest::compute(scheme.algorithm, &key, &content));
    let is_prefixed = scheme.pairs.is_none() && !scheme.prefix.contains('*');
    Some(if is_prefixed { format!("{}{text}", scheme.prefix) } else { text })
}

/// Returns the values at the scheme's locations: signature, time, id.
fn places(scheme: &Scheme, subject: &Subject<'_>, value: &str) -> Vec<ReceivedSignature> {
    let clock = scheme.timestamp.as_ref().map(|clock| &clock.from);
    let mut out: Vec<ReceivedSignature> = Vec::new();
    for place in scheme.signature.iter().chain(clock).chain(scheme.id.as_ref()) {
        let is_header = matches!(place, ValueLocation::Header(_));
        let value = match place {
            // As received, not trimmed as for verification.
            ValueLocation::Header(name) => {
                let alias = || subject.head.joined(&scheme.alias(name)?);
                let found = subject.head.joined(name).or_else(alias);
                found.map(|value| header_text(&value).into_owned())
            }
            ValueLocation::Query(_)
            | ValueLocation::Json(_)
            | ValueLocation::Form(_)
            | ValueLocation::Xml(_)
            | ValueLocation::Pair(_) => subject.value_at(scheme, place, value),
        };
        let found = ReceivedSignature { place: place.to_string(), value, is_header };
        if !out.contains(&found) {
            out.push(found);
        }
    }
    out
}

fn ends(content: &[u8]) -> Ends {
    let size = content.len();
    if size <= 2 * ENDS {
        return Ends { size, start: visible_bytes(content), end: None };
    }
    let (start, rest) = content.split_at(ENDS);
    let end = rest.split_at(rest.len() - ENDS).1;
    Ends { size, start: visible_bytes(start), end: Some(visible_bytes(end)) }
}

/// Returns the languages whose JSON library would break a verified signature; none if the delivery
/// has no verified signature of its body.
pub fn rewrite_risks(delivery: &Delivery, provider: &Provider) -> Vec<RewriteRisk> {
    let is_verified = delivery.summary.signature.status == SignatureStatus::Verified;
    let covers_body = provider.scheme.of(&delivery.head, &delivery.body).covers_body;
    if is_verified && covers_body { breaks(&delivery.body) } else { Vec::new() }
}

fn breaks(body: &[u8]) -> Vec<RewriteRisk> {
    if body.len() > MAX_RESERIALIZED {
        return Vec::new();
    }
    let of = |language| {
        let reserialize::ReserializationChange { offset, what, refused } =
            reserialize::change(language, body)?;
        Some(RewriteRisk { language, offset, what, shown: around(body, offset, AROUND), refused })
    };
    JsonLibrary::ALL.into_iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::{Head, Header};
    use crate::secret::Secret;
    use crate::signature::Credentials;

    #[test]
    fn reports_locations_and_signed_payload() {
        let provider = Provider::named("slack").unwrap();
        let verifier = Verifier::new(vec![Credentials {
            provider: provider.into(),
            secrets: vec![Secret::new("S", "test")],
        }]);
        let headers = [Header::new("X-Slack-Request-Timestamp", "1531420618")];
        let head = Head::build("POST", "/", &headers);
        let subject = Subject::new(&head, b"{\"a\": \xff1.0}\r\n");
        let report = |provider| {
            verifier.report(provider, &subject, SignatureStatus::Missing, Timestamp::UNIX_EPOCH)
        };
        let found = report("slack").unwrap();
        assert_eq!(found.content.unwrap().start, "v0:1531420618:{\"a\": \\xff1.0}\\r\\n");
        assert_eq!(found.places[0].value, None);
        assert_eq!(found.places[1].value.as_deref(), Some("1531420618"));
        assert_eq!(found.secrets, ["S"]);
        assert!(report("github").unwrap().secrets.is_empty());
        assert!(report("nobody").is_none());
    }

    #[test]
    fn tests_only_verified_bodies_for_reserialization() {
        let verifier = Verifier::new(Vec::new());
        let head = Head::build("POST", "/", &[]);
        let subject = Subject::new(&head, br#"{"url":"a\/b","n":1.0}"#);
        let breaks = |status| {
            verifier.report("cribbly", &subject, status, Timestamp::UNIX_EPOCH).unwrap().breaks
        };
        assert!(breaks(SignatureStatus::Mismatch).is_empty());
        let found = breaks(SignatureStatus::Verified);
        assert_eq!(found[0].language, JsonLibrary::JavaScript);
        assert_eq!(found[0].offset, 9);
    }
}
