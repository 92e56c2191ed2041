//! Explains a failed verdict by its cause, or by what was ruled out.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::sync::Arc;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::advice::advise;
use super::diagnose::{
    Budget, Finding, Question, Search, Tried, contained, diagnose, in_quotes, other_header,
};
use super::keyless::Inner;
use super::signed_payload::Subject;
use super::verifier::{Credentials, Judgment, Verifier};
use super::verify::{effective, overruled, values, verify_alone, verify_as, verify_one};
use super::{Cause, header_values, items, jwt, message_signature};
use crate::delivery::{SignatureStatus, Verdict, header_text, is_added_in_transit};
use crate::payload::{escape, json};
use crate::provider::{self, Algorithm, JwtSpec, Provider, Scheme, ValueLocation};
use crate::secret::Secret;
use crate::units;

/// Result of the search for a cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The verdict with the best known cause and explanation.
    pub verdict: Verdict,
    /// The hypotheses tried.
    pub tried: Vec<Tried>,
    /// False if the budget ended the search.
    pub complete: bool,
}

impl Verifier {
    /// Searches for the cause of a failed verdict, within the budget.
    pub fn explain(
        &self,
        judgment: &Judgment<'_>,
        subject: &Subject<'_>,
        now: Timestamp,
        budget: Budget<'_>,
    ) -> Diagnosis {
        let mut search = Search::new(budget);
        let mut verdict = judgment.verdict.clone();
        if let Some(credentials) = judgment.credentials
            && may_be_explained(&verdict)
        {
            let found =
                self.at(subject.head).search(credentials, &verdict, subject, now, &mut search);
            match found {
                Some(finding) => add_finding(&mut verdict, finding, subject),
                None if verdict.cause.is_none() => add_ruled_out(&mut verdict, subject, &search),
                None => {}
            }
            let credentials = &*checked_as(credentials, subject, now);
            let Credentials { provider, secrets } = credentials;
            advise(&mut verdict, provider, &deciding(provider, secrets, subject, now), secrets);
        }
        Diagnosis { verdict, complete: !search.is_over(), tried: search.tried }
    }

    fn search(
        &self,
        credentials: &Credentials,
        verdict: &Verdict,
        subject: &Subject<'_>,
        now: Timestamp,
        search: &mut Search<'_>,
    ) -> Option<Finding> {
        let credentials = &*checked_as(credentials, subject, now);
        let Credentials { provider, secrets } = credentials;
        let scheme = &*deciding(provider, secrets, subject, now);
        let question = Question { provider, scheme, secrets, subject };
        let values = values(scheme, subject);
        if scheme.algorithm == Algorithm::HttpMessageSignature {
            let inner = match verdict.cause.as_deref() {
                Some(cause) if cause == Cause::BodyHash.code() => {
                    message_signature::digest_as_signature(scheme, subject)
                }
                None => message_signature::hmac_as_signature(scheme, subject),
                Some(_) => None,
            };
            return search_inner(&question, &inner?, search);
        }
        if let Some(jwt) = &scheme.jwt {
            let value = values.ok().and_then(|values| values.into_iter().next())?;
            return search_token(&question, jwt, verdict, &value, search);
        }
        if verdict.status != SignatureStatus::Missing {
            let values = values.unwrap_or_default();
            if verdict.cause.as_deref() == Some(Cause::TimestampMalformed.code()) {
                return values.iter().find_map(|value| in_quotes(&question, value, search));
            }
            return values
                .iter()
                .find_map(|value| diagnose(&question, value, search))
                .or_else(|| self.other_secret(credentials, subject, now, search))
                .or_else(|| weaker_is_right(&question, now, search))
                .or_else(|| other_provider(credentials, subject, now, search));
        }
        if values.is_ok() {
            // Something else is missing, as the verdict already states.
            return None;
        }
        let found = other_header(&question, search);
        if found.as_ref().is_some_and(|found| found.cause == Some(Cause::LegacyHeaderOnly)) {
            return found;
        }
        other_provider(credentials, subject, now, search).or(found).or_else(|| {
            if scheme.signature_headers().next().is_some() {
                return None;
            }
            contained(&question, now, search).or_else(|| unreadable(scheme, subject))
        })
    }

    /// Tries the secrets of other endpoints.
    fn other_secret(
        &self,
        credentials: &Credentials,
        subject: &Subject<'_>,
        now: Timestamp,
        search: &mut Search<'_>,
    ) -> Option<Finding> {
        search.family("other endpoints' secrets");
        let others = self.candidates().iter().filter(|other| !std::ptr::eq(*other, credentials));
        for secret in others.flat_map(|other| &other.secrets) {
            search.count();
            let verdict =
                verify_as(&credentials.provider, std::slice::from_ref(secret), subject, now);
            if is_proved(&verdict) {
                let says = format!("signed with the secret of another endpoint, {}", secret.name());
                return Some(Finding::from(Cause::OtherEndpointSecret).says(says));
            }
        }
        None
    }
}

/// Searches for the cause in the digests of a token: that of the body, or the HMAC of the token.
fn search_token(
    question: &Question<'_>,
    jwt: &JwtSpec,
    verdict: &Verdict,
    value: &str,
    search: &mut Search<'_>,
) -> Option<Finding> {
    let scheme = question.scheme;
    let text = *header_values::texts(scheme, value.trim()).first()?;
    let inner = match verdict.cause.as_deref() {
        Some(cause) if cause == Cause::BodyHash.code() => jwt::hash_as_signature(scheme, jwt, text),
        None => jwt::hmac_as_signature(scheme, jwt, text),
        Some(_) => None,
    }?;
    search_inner(question, &inner, search)
}

/// Searches for the cause in a computation inside the signature.
fn search_inner(
    question: &Question<'_>,
    inner: &Inner,
    search: &mut Search<'_>,
) -> Option<Finding> {
    // A plain hash takes no key, but one is needed to compute anything.
    let none = [Secret::new("", "")];
    let secrets = if inner.is_plain { &none } else { question.secrets };
    diagnose(&Question { scheme: &inner.scheme, secrets, ..*question }, &inner.value, search)
}

/// Returns the scheme that decides on a delivery, as the request selects it.
pub(super) fn deciding<'p>(
    provider: &'p Provider,
    secrets: &[Secret],
    subject: &Subject<'_>,
    now: Timestamp,
) -> Cow<'p, Scheme> {
    let scheme = provider.scheme.of(subject.head, subject.body);
    if let Some(array) = scheme.array() {
        return Cow::Owned(items::deciding(scheme, array, subject, |scheme, subject| {
            verify_one(scheme, secrets, subject, now)
        }));
    }
    effective(scheme, subject).unwrap_or(Cow::Borrowed(scheme))
}

/// Returns the provider that decides on a delivery: that of a stronger signature which fails.
fn checked_as<'c>(
    credentials: &'c Credentials,
    subject: &Subject<'_>,
    now: Timestamp,
) -> Cow<'c, Credentials> {
    let Credentials { provider, secrets } = credentials;
    match overruled(provider, secrets, subject, now) {
        Some((stronger, _)) => {
            Cow::Owned(Credentials { provider: Arc::clone(stronger), secrets: secrets.clone() })
        }
        None => Cow::Borrowed(credentials),
    }
}

/// Finds a weaker signature of the same delivery that is right, which proves secret and body.
fn weaker_is_right(
    question: &Question<'_>,
    now: Timestamp,
    search: &mut Search<'_>,
) -> Option<Finding> {
    let Question { provider, scheme, secrets, subject } = *question;
    search.family("other providers");
    let is_right = |other: &&Arc<Provider>| {
        other.scheme.covers_body && is_proved(&verify_alone(other, secrets, subject, now))
    };
    let weaker = weaker_forms(provider).find(is_right)?;
    search.count();
    let place = scheme.signature_place();
    let says = format!(
        "the signature in {place} does not match, but the weaker one in {} does: the secret and \
         the body are right",
        weaker.scheme.of(subject.head, subject.body).signature_place()
    );
    let fix = if scheme.signed.is_body() {
        format!("find what sets or changes the {place} header")
    } else {
        format!("compare the other signed parts: the signature covers {}", scheme.signed)
    };
    Some(Finding::observed(says).fix(fix))
}

/// Returns the providers that describe a weaker signature of the same deliveries.
fn weaker_forms(provider: &Provider) -> impl Iterator<Item = &'static Arc<Provider>> {
    let headers = provider.signature_headers();
    provider::all().iter().filter(move |other| {
        let Some(name) = &other.weaker_than else { return false };
        let stronger = || provider::all().iter().find(|one| one.name == *name);
        *name == provider.name
            || stronger().is_some_and(|stronger| stronger.signature_headers() == headers)
    })
}

/// Tries the configured secrets under other providers.
fn other_provider(
    credentials: &Credentials,
    subject: &Subject<'_>,
    now: Timestamp,
    search: &mut Search<'_>,
) -> Option<Finding> {
    search.family("other providers");
    let own = &credentials.provider;
    let weaker: Vec<&str> = weaker_forms(own).map(|one| one.name.as_str()).collect();
    let others = provider::all().iter();
    let mut others: Vec<&Arc<Provider>> = others
        .filter(|other| {
            let scheme = other.scheme.of(subject.head, subject.body);
            // A weaker signature next to the failing one is no reason to check only that.
            let is_weaker = weaker.contains(&other.name.as_str()) && is_signed(own, subject);
            other.name != own.name && !is_weaker && values(scheme, subject).is_ok()
        })
        .collect();
    // One secret verifies under each relative, so the general one is named.
    others.sort_by_key(|other| {
        (Reverse(other.own_headers(subject.head).len()), other.alias_of.is_some())
    });
    for other in others {
        search.count();
        let verdict = verify_as(other, &credentials.secrets, subject, now);
        // A token sent in clear text proves no scheme, and neither does the digest of a body alone
        // in a header that several services use.
        let signed = &other.scheme.signed;
        let is_body = signed.is_body() || signed.text() == "{{decoded}}";
        let is_evident = !is_body || !other.own_headers(subject.head).is_empty();
        if is_proved(&verdict) && other.scheme.covers_body && is_evident {
            let says = format!(
                "this is a delivery from {}, signed with the configured secret; it was checked as {}'s",
                other.title, credentials.provider.title
            );
            let fix = format!("start with `--provider {}` or `--provider auto`", other.name);
            return Some(Finding::from(Cause::OtherProvider).says(says).fix(fix));
        }
    }
    None
}

/// Returns whether a delivery has a signature where a provider sends it.
fn is_signed(provider: &Provider, subject: &Subject<'_>) -> bool {
    values(provider.scheme.of(subject.head, subject.body), subject).is_ok()
}

fn is_proved(verdict: &Verdict) -> bool {
    matches!(verdict.status, SignatureStatus::Verified | SignatureStatus::Expired)
}

/// Returns true if a search could find more.
fn may_be_explained(verdict: &Verdict) -> bool {
    // These are causes themselves, whatever else a search finds.
    let is_final = [Cause::HeaderDuplicate, Cause::TimestampMissing]
        .iter()
        .any(|cause| verdict.cause.as_deref() == Some(cause.code()));
    verdict.needs_cause() && !is_final
}

/// Describes a body that cannot contain the signature which should be in it.
fn unreadable(scheme: &Scheme, subject: &Subject<'_>) -> Option<Finding> {
    let in_json = scheme.signature.iter().any(|place| matches!(place, ValueLocation::Json(_)));
    let in_query = scheme.signature.iter().any(|place| matches!(place, ValueLocation::Query(_)));
    let problem = if in_query {
        return None;
    } else if subject.body.is_empty() {
        "the body is empty".to_owned()
    } else if in_json {
        invalid_json(subject.body)?
    } else {
        return None;
    };
    let says = format!("there is no signature at {}: {problem}", scheme.signature_place());
    let fix = "find where the body is lost or changed before it gets here";
    Some(Finding::from(Cause::HeaderMissing).says(says).fix(fix))
}

/// Replaces the explanation of a verdict by what was found.
fn add_finding(verdict: &mut Verdict, finding: Finding, subject: &Subject<'_>) {
    let cause = finding.cause;
    let mut explanation = finding.into_explanation();
    if cause.is_some_and(Cause::is_body_change) {
        explanation.evidence.extend(observe(subject));
    }
    if let Some(cause) = cause {
        verdict.cause = Some(cause.code().to_owned());
    }
    verdict.explanation = Some(explanation);
}

/// Adds what was ruled out to a verdict without a cause.
fn add_ruled_out(verdict: &mut Verdict, subject: &Subject<'_>, search: &Search<'_>) {
    let Some(explanation) = &mut verdict.explanation else { return };
    if verdict.status != SignatureStatus::Mismatch {
        return;
    }
    explanation.evidence.extend(observe(subject));
    let tried: Vec<&str> =
        search.tried.iter().filter(|tried| tried.count > 0).map(|tried| tried.what).collect();
    let count = search.tried.iter().map(|tried| tried.count).sum::<usize>();
    if !tried.is_empty() {
        let count = units::format_count(count as u64);
        explanation.evidence.push(format!("ruled out {count} possibilities: {}", tried.join(", ")));
    }
    if search.is_over() {
        explanation.evidence.push("the search stopped at its time limit".to_owned());
    }
    let size = units::format_count(subject.body.len() as u64);
    let hash = hex::encode(Sha256::digest(subject.body));
    let hash = hash.get(..16).unwrap_or_default();
    explanation.evidence.push(format!("body: {size} B, SHA-256 {hash}…"));
}

/// Describes signs of a change of the body that prove nothing.
fn observe(subject: &Subject<'_>) -> Vec<String> {
    let mut out = Vec::new();
    let mut headers = Vec::new();
    for header in &subject.head.headers {
        let name = header.name.to_ascii_lowercase();
        if is_added_in_transit(&name) || name == "content-encoding" {
            let value: String = header_text(&header.value).chars().take(40).collect();
            headers.push(format!("{name}: {}", escape(&value)));
        }
    }
    if !headers.is_empty() {
        out.push(format!("headers of a proxy or an encoding: {}", headers.join(", ")));
    }
    if std::str::from_utf8(subject.body).is_ok_and(|text| text.contains('\u{fffd}')) {
        out.push(
            "the body contains U+FFFD: bytes that were not UTF-8 were replaced before they got \
             here"
                .to_owned(),
        );
    }
    if subject.body.is_empty() {
        out.push("the body is empty".to_owned());
    } else if let Some(problem) = broken_json(subject) {
        out.push(problem);
    }
    out
}

/// Describes a body that should be JSON and is not.
fn broken_json(subject: &Subject<'_>) -> Option<String> {
    let kind = subject.head.joined_text("content-type").unwrap_or_default();
    let body = subject.body;
    if !kind.contains("json") && !body.starts_with(b"{") {
        return None;
    }
    invalid_json(body)
}

/// Describes why a body is not JSON; none if it is.
fn invalid_json(body: &[u8]) -> Option<String> {
    let problem = json::JsonReader::new(body).find_map(Result::err)?;
    Some(if problem.at >= body.len() {
        format!("the body is not complete JSON: it ends at byte {}", problem.at)
    } else {
        format!("the body is not JSON: {} at byte {}", problem.reason, problem.at)
    })
}
