//! Finds the provider of a delivery, the verdict on its signature, and the cause.

use jiff::Timestamp;

use super::Cause;
use super::diagnose::Search;
use super::diagnose::{Budget, Proved, Question, Tried, diagnose, other_header};
use super::public_url::PublicUrl;
use super::signed_payload::Subject;
use super::verify::{values, verify};
use crate::delivery::{
    Explanation, Head, SignatureStatus, Verdict, header_text, is_added_in_transit,
};
use crate::payload::escape;
use crate::provider::{self, Provider, ValueLocation};
use crate::secret::Secret;

/// A provider with its secrets, the current one first.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub provider: Provider,
    pub secrets: Vec<Secret>,
}

/// Providers, secrets, and public URL that signatures are checked with.
#[derive(Debug, Clone, Default)]
pub struct Verifier {
    candidates: Vec<Credentials>,
    public_url: PublicUrl,
}

/// A verdict and its provider.
#[derive(Debug, Clone)]
pub struct Judgment<'v> {
    /// None if none of several providers was recognized.
    pub credentials: Option<&'v Credentials>,
    pub verdict: Verdict,
}

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
    /// Creates a verifier. A single provider is assumed for all deliveries; of several, the
    /// sender's is detected.
    pub fn new(candidates: Vec<Credentials>) -> Self {
        Self { candidates, public_url: PublicUrl::default() }
    }

    /// Sets the public URL, which may change later, for providers that sign it.
    #[must_use]
    pub fn with_public_url(self, public_url: PublicUrl) -> Self {
        Self { public_url, ..self }
    }

    /// Creates a verifier for one secret; for all providers if the named one is unknown.
    #[must_use]
    pub fn with_secret(&self, provider: &str, secret: Secret) -> Self {
        let one = self.known(provider).map(|credentials| vec![credentials.provider]);
        let providers = one.unwrap_or_else(|| provider::all().to_vec());
        let credentials = |provider| Credentials { provider, secrets: vec![secret.clone()] };
        let candidates = providers.into_iter().map(credentials).collect();
        Self { candidates, public_url: self.public_url.clone() }
    }

    /// Returns the candidate of a name, or else the built-in provider without secrets.
    pub(super) fn known(&self, name: &str) -> Option<Credentials> {
        let bare = || {
            let found = provider::all().iter().find(|one| one.name == name)?;
            Some(Credentials { provider: found.clone(), secrets: Vec::new() })
        };
        self.named(name).cloned().or_else(bare)
    }

    /// Returns the URL of a delivery as its sender knows it.
    pub fn url(&self, head: &Head) -> Option<String> {
        self.public_url.of(&head.target_text())
    }

    pub fn candidates(&self) -> &[Credentials] {
        &self.candidates
    }

    /// Returns the candidate of a name.
    pub fn named(&self, name: &str) -> Option<&Credentials> {
        self.candidates.iter().find(|credentials| credentials.provider.name == name)
    }

    /// Checks a delivery without searching for the cause.
    pub fn judge(&self, subject: &Subject<'_>, now: Timestamp) -> Judgment<'_> {
        if let [only] = self.candidates.as_slice() {
            let verdict = verify(&only.provider.scheme, &only.secrets, subject, now);
            return Judgment { credentials: Some(only), verdict };
        }
        let mut best: Option<(Weight, Judgment<'_>)> = None;
        for credentials in &self.candidates {
            let scheme = &credentials.provider.scheme;
            if values(scheme, subject).is_err() {
                continue;
            }
            let verdict = verify(scheme, &credentials.secrets, subject, now);
            // An Authorization header alone does not identify a provider.
            let evidence = credentials.provider.evidence(subject.head, subject.body);
            let is_evident = evidence.headers + evidence.places > 0;
            if sends_credentials(credentials) && !is_evident && !is_proved(&verdict) {
                continue;
            }
            let weight = weight(credentials, subject, &verdict);
            if best.as_ref().is_none_or(|(known, _)| weight > *known) {
                best = Some((weight, Judgment { credentials: Some(credentials), verdict }));
            }
        }
        best.map(|(_, judgment)| judgment)
            .or_else(|| self.judge_unsigned(subject, now))
            .unwrap_or_else(unrecognized)
    }

    /// Checks a delivery without a signature of any candidate: its provider is inferred from the
    /// other headers.
    fn judge_unsigned(&self, subject: &Subject<'_>, now: Timestamp) -> Option<Judgment<'_>> {
        let weighted = self.candidates.iter().rev().map(|credentials| {
            let configured = !credentials.secrets.is_empty();
            let own = credentials.provider.alias_of.is_none();
            ((header_evidence(credentials, subject), configured, own), credentials)
        });
        let (_, credentials) =
            weighted.filter(|((headers, ..), _)| *headers > 0).max_by_key(|(weight, _)| *weight)?;
        let verdict = verify(&credentials.provider.scheme, &credentials.secrets, subject, now);
        Some(Judgment { credentials: Some(credentials), verdict })
    }

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
            let (scheme, secrets) = (&credentials.provider.scheme, credentials.secrets.as_slice());
            let question = Question { scheme, secrets, subject };
            let has_signature = values(scheme, subject).is_ok();
            let proved = if verdict.status == SignatureStatus::Missing && has_signature {
                // Something else is missing, as the verdict already states.
                None
            } else if verdict.status == SignatureStatus::Missing {
                match other_header(&question, &mut search) {
                    Some(Proved { cause: Cause::LegacyHeaderOnly, proof }) => {
                        Some(Proved { cause: Cause::LegacyHeaderOnly, proof })
                    }
                    found => other_provider(credentials, subject, now, &mut search).or(found),
                }
            } else {
                let values = values(scheme, subject).unwrap_or_default();
                let found = values.iter().find_map(|value| diagnose(&question, value, &mut search));
                found
                    .or_else(|| self.other_secret(credentials, subject, now, &mut search))
                    .or_else(|| other_provider(credentials, subject, now, &mut search))
            };
            let found = proved.is_some();
            add_explanation(&mut verdict, proved, subject);
            if search.is_over()
                && !found
                && let Some(explanation) = &mut verdict.explanation
            {
                explanation.evidence.push("the search for a cause was cut short".to_owned());
            }
        }
        Diagnosis { verdict, complete: !search.is_over(), tried: search.tried }
    }

    /// Tries the secrets of other endpoints.
    fn other_secret(
        &self,
        credentials: &Credentials,
        subject: &Subject<'_>,
        now: Timestamp,
        search: &mut Search<'_>,
    ) -> Option<Proved> {
        search.family("other endpoints' secrets");
        let others = self.candidates.iter().filter(|other| !std::ptr::eq(*other, credentials));
        for secret in others.flat_map(|other| &other.secrets) {
            search.count();
            let verdict =
                verify(&credentials.provider.scheme, std::slice::from_ref(secret), subject, now);
            if is_proved(&verdict) {
                let proof = Some(format!("{} verifies", secret.name()));
                return Some(Proved { cause: Cause::OtherEndpointSecret, proof });
            }
        }
        None
    }
}

/// Tries the configured secrets under other providers.
fn other_provider(
    credentials: &Credentials,
    subject: &Subject<'_>,
    now: Timestamp,
    search: &mut Search<'_>,
) -> Option<Proved> {
    search.family("other providers");
    let others = provider::all().iter().filter(|other| {
        other.name != credentials.provider.name && values(&other.scheme, subject).is_ok()
    });
    for other in others {
        search.count();
        let verdict = verify(&other.scheme, &credentials.secrets, subject, now);
        // A token sent in clear text proves no scheme.
        if is_proved(&verdict) && other.scheme.covers_body {
            let proof = Some(format!("it verifies as {} (--provider {})", other.title, other.name));
            return Some(Proved { cause: Cause::OtherProvider, proof });
        }
    }
    None
}

fn is_proved(verdict: &Verdict) -> bool {
    matches!(verdict.status, SignatureStatus::Verified | SignatureStatus::Expired)
}

/// Returns true if a search could find more.
fn may_be_explained(verdict: &Verdict) -> bool {
    // A repeated header is the cause itself, whatever its values.
    verdict.needs_cause() && verdict.cause.as_deref() != Some(Cause::HeaderDuplicate.code())
}

/// Adds the proved cause to a verdict, or else what was observed.
fn add_explanation(verdict: &mut Verdict, proved: Option<Proved>, subject: &Subject<'_>) {
    let observations = observe(subject);
    if let Some(Proved { cause, proof }) = proved {
        verdict.cause = Some(cause.code().to_owned());
        let observations = if cause.is_body_change() { observations } else { None };
        verdict.explanation = Some(Explanation {
            sentence: cause.meaning().to_owned(),
            evidence: proof.into_iter().chain(observations).collect(),
        });
    } else if verdict.cause.is_none()
        && verdict.status == SignatureStatus::Mismatch
        && let (Some(explanation), Some(observations)) = (&mut verdict.explanation, observations)
    {
        explanation.evidence.push(observations);
    }
}

/// Describes signs of a change of the body that prove nothing.
fn observe(subject: &Subject<'_>) -> Option<String> {
    let mut observations = Vec::new();
    for header in &subject.head.headers {
        let name = header.name.to_ascii_lowercase();
        if is_added_in_transit(&name) || name == "content-encoding" {
            let value: String = header_text(&header.value).chars().take(40).collect();
            observations.push(format!("{name}: {}", escape(&value)));
        }
    }
    if std::str::from_utf8(subject.body).is_ok_and(|text| text.contains('\u{fffd}')) {
        observations.push("U+FFFD in the body, where characters were lost for good".to_owned());
    }
    (!observations.is_empty()).then(|| format!("seen on its way: {}", observations.join(", ")))
}

fn unrecognized<'v>() -> Judgment<'v> {
    let why = "no provider was recognised: none of the headers is a signature that is known here";
    Judgment { credentials: None, verdict: Verdict::explained(SignatureStatus::Unchecked, why) }
}

/// Returns true if the signature is in the Authorization header, which any service uses.
fn sends_credentials(credentials: &Credentials) -> bool {
    credentials
        .provider
        .signature_headers()
        .iter()
        .any(|name| name.eq_ignore_ascii_case("authorization"))
}

/// Counts the headers that belong to a provider, empty ones included.
fn header_evidence(credentials: &Credentials, subject: &Subject<'_>) -> usize {
    let scheme = &credentials.provider.scheme;
    let clock = scheme.timestamp.as_ref().map(|clock| &clock.from);
    let places = scheme.signature.iter().chain(clock).chain(scheme.id.as_ref());
    let headers = places.filter_map(|place| match place {
        ValueLocation::Header(name) if !sends_credentials(credentials) => subject.head.joined(name),
        ValueLocation::Header(_)
        | ValueLocation::Json(_)
        | ValueLocation::Form(_)
        | ValueLocation::Pair(_) => None,
    });
    headers.count() + credentials.provider.evidence(subject.head, subject.body).headers
}

/// Evidence for a provider, the strongest first.
type Weight = (bool, bool, usize, bool, usize, bool, std::cmp::Reverse<usize>);

fn weight(credentials: &Credentials, subject: &Subject<'_>, verdict: &Verdict) -> Weight {
    let evidence = credentials.provider.evidence(subject.head, subject.body);
    let has_form = !matches!(verdict.status, SignatureStatus::Malformed | SignatureStatus::Missing);
    (
        is_proved(verdict),
        has_form && super::verify::is_well_formed(&credentials.provider.scheme, subject),
        evidence.headers,
        !credentials.secrets.is_empty(),
        evidence.places,
        credentials.provider.alias_of.is_none(),
        std::cmp::Reverse(evidence.absent),
    )
}
