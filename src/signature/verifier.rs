//! Whose delivery it is, what is to be thought of its signature, and why.

use jiff::Timestamp;

use super::Cause;
use super::diagnose::Search;
use super::diagnose::{Budget, Proved, Question, Tried, diagnose, elsewhere};
use super::public_url::PublicUrl;
use super::signed_payload::Subject;
use super::verify::{values, verify};
use crate::delivery::{Head, SignatureStatus, Verdict, header_text, is_added_on_the_way};
use crate::payload::escape;
use crate::provider::{self, Provider, ValueLocation};
use crate::secret::Secret;

/// A provider with its secrets, the current one first.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub provider: Provider,
    pub secrets: Vec<Secret>,
}

/// Everything that signatures are checked with.
#[derive(Debug, Clone, Default)]
pub struct Verifier {
    candidates: Vec<Credentials>,
    public_url: PublicUrl,
}

/// A verdict, and under which provider it was found.
#[derive(Debug, Clone)]
pub struct Judgment<'v> {
    /// Nothing where none of several providers was recognised.
    pub credentials: Option<&'v Credentials>,
    pub verdict: Verdict,
}

/// What a search for the cause came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The verdict, its cause and its explanation as good as they can be.
    pub verdict: Verdict,
    /// What was tried.
    pub tried: Vec<Tried>,
    /// False if the budget ended the search.
    pub complete: bool,
}

impl Verifier {
    /// One provider is taken at its word; of several, the one is recognised that sent.
    pub fn new(candidates: Vec<Credentials>) -> Self {
        Self { candidates, public_url: PublicUrl::default() }
    }

    /// The same, with the URL that providers were given, for those that sign it.
    #[must_use]
    pub fn behind(self, public_url: Option<String>) -> Self {
        self.behind_changing(PublicUrl::new(public_url))
    }

    /// The same, with a URL that may come later.
    #[must_use]
    pub fn behind_changing(self, public_url: PublicUrl) -> Self {
        Self { public_url, ..self }
    }

    /// The same for one secret, and for any provider where the named one is not known.
    #[must_use]
    pub fn with_secret(&self, provider: &str, secret: Secret) -> Self {
        let one = self.known(provider).map(|credentials| vec![credentials.provider]);
        let providers = one.unwrap_or_else(|| provider::all().to_vec());
        let credentials = |provider| Credentials { provider, secrets: vec![secret.clone()] };
        let candidates = providers.into_iter().map(credentials).collect();
        Self { candidates, public_url: self.public_url.clone() }
    }

    /// The candidate of a name, or else the provider that comes with the program, without secrets.
    pub(super) fn known(&self, name: &str) -> Option<Credentials> {
        let bare = || {
            let found = provider::all().iter().find(|one| one.name == name)?;
            Some(Credentials { provider: found.clone(), secrets: Vec::new() })
        };
        self.named(name).cloned().or_else(bare)
    }

    /// The URL that a delivery was sent to, as its sender knows it.
    pub fn url(&self, head: &Head) -> Option<String> {
        self.public_url.of(&head.target_text())
    }

    pub fn candidates(&self) -> &[Credentials] {
        &self.candidates
    }

    /// The candidate of a name.
    pub fn named(&self, name: &str) -> Option<&Credentials> {
        self.candidates.iter().find(|credentials| credentials.provider.name == name)
    }

    /// Checks a delivery, without a search for the cause.
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
            // Credentials are sent by everybody; alone they tell nobody apart.
            let marks = credentials.provider.evidence(subject.head, subject.body);
            let marked = marks.headers + marks.places > 0;
            if sends_credentials(credentials) && !marked && !is_proved(&verdict) {
                continue;
            }
            let weight = weight(credentials, subject, &verdict);
            if best.as_ref().is_none_or(|(known, _)| weight > *known) {
                best = Some((weight, Judgment { credentials: Some(credentials), verdict }));
            }
        }
        best.map(|(_, judged)| judged)
            .or_else(|| self.judge_unsigned(subject, now))
            .unwrap_or_else(unrecognised)
    }

    /// Checks a delivery in which no candidate's signature stands: it is whose other headers it has.
    fn judge_unsigned(&self, subject: &Subject<'_>, now: Timestamp) -> Option<Judgment<'_>> {
        let weighed = self.candidates.iter().rev().map(|credentials| {
            let configured = !credentials.secrets.is_empty();
            let own = credentials.provider.alias_of.is_none();
            ((header_evidence(credentials, subject), configured, own), credentials)
        });
        let (_, credentials) =
            weighed.filter(|((traces, ..), _)| *traces > 0).max_by_key(|(weight, _)| *weight)?;
        let verdict = verify(&credentials.provider.scheme, &credentials.secrets, subject, now);
        Some(Judgment { credentials: Some(credentials), verdict })
    }

    /// Looks for the cause of a verdict that is not good, as far as the budget goes.
    pub fn explain(
        &self,
        judged: &Judgment<'_>,
        subject: &Subject<'_>,
        now: Timestamp,
        budget: Budget<'_>,
    ) -> Diagnosis {
        let mut search = Search::new(budget);
        let mut verdict = judged.verdict.clone();
        if let Some(credentials) = judged.credentials.filter(|_| may_be_explained(&verdict)) {
            let (scheme, secrets) = (&credentials.provider.scheme, credentials.secrets.as_slice());
            let question = Question { scheme, secrets, subject };
            let there = values(scheme, subject).is_ok();
            let proved = if verdict.status == SignatureStatus::Missing && there {
                // Something else is missing, and the verdict says what.
                None
            } else if verdict.status == SignatureStatus::Missing {
                match elsewhere(&question, &mut search) {
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
            told(&mut verdict, proved, subject);
            if search.is_over()
                && !found
                && let Some(sentence) = &mut verdict.explanation
            {
                sentence.push_str("; the search for a cause was cut short");
            }
        }
        Diagnosis { verdict, complete: !search.is_over(), tried: search.tried }
    }

    /// Whether the secret of another endpoint verifies.
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

/// Whether the configured secrets verify it as another provider's.
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
        // A token that is sent in clear proves no scheme.
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

/// Whether a search could tell more.
fn may_be_explained(verdict: &Verdict) -> bool {
    // A header that came twice is explained by that, whatever its values hold.
    verdict.wants_cause() && verdict.cause.as_deref() != Some(Cause::HeaderDuplicate.code())
}

/// Puts into a verdict what was proved, or else what was seen.
fn told(verdict: &mut Verdict, proved: Option<Proved>, subject: &Subject<'_>) {
    let seen = observed(subject);
    if let Some(Proved { cause, proof }) = proved {
        verdict.cause = Some(cause.code().to_owned());
        let mut sentence = cause.meaning().to_owned();
        for more in proof.into_iter().chain(cause.is_of_the_body().then_some(seen).flatten()) {
            sentence.push_str("; ");
            sentence.push_str(&more);
        }
        verdict.explanation = Some(sentence);
    } else if verdict.cause.is_none()
        && verdict.status == SignatureStatus::Mismatch
        && let (Some(sentence), Some(seen)) = (&mut verdict.explanation, seen)
    {
        sentence.push_str("; ");
        sentence.push_str(&seen);
    }
}

/// What was seen that may have to do with a change of the body, without proving anything.
fn observed(subject: &Subject<'_>) -> Option<String> {
    let mut seen = Vec::new();
    for header in &subject.head.headers {
        let name = header.name.to_ascii_lowercase();
        if is_added_on_the_way(&name) || name == "content-encoding" {
            let value: String = header_text(&header.value).chars().take(40).collect();
            seen.push(format!("{name}: {}", escape(&value)));
        }
    }
    if std::str::from_utf8(subject.body).is_ok_and(|text| text.contains('\u{fffd}')) {
        seen.push("U+FFFD in the body, where characters were lost for good".to_owned());
    }
    (!seen.is_empty()).then(|| format!("seen on its way: {}", seen.join(", ")))
}

fn unrecognised<'v>() -> Judgment<'v> {
    let why = "no provider was recognised: none of the headers is a signature that is known here";
    Judgment { credentials: None, verdict: Verdict::explained(SignatureStatus::Unchecked, why) }
}

/// Whether the signature stands where any service puts its credentials.
fn sends_credentials(credentials: &Credentials) -> bool {
    credentials
        .provider
        .signature_headers()
        .iter()
        .any(|name| name.eq_ignore_ascii_case("authorization"))
}

/// How many headers of a provider are there, be they empty.
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

/// What speaks for a provider, the weightiest first.
type Weight = (bool, bool, usize, bool, usize, bool, std::cmp::Reverse<usize>);

fn weight(credentials: &Credentials, subject: &Subject<'_>, verdict: &Verdict) -> Weight {
    let marks = credentials.provider.evidence(subject.head, subject.body);
    let formed = !matches!(verdict.status, SignatureStatus::Malformed | SignatureStatus::Missing);
    (
        is_proved(verdict),
        formed && super::verify::is_well_formed(&credentials.provider.scheme, subject),
        marks.headers,
        !credentials.secrets.is_empty(),
        marks.places,
        credentials.provider.alias_of.is_none(),
        std::cmp::Reverse(marks.absent),
    )
}
