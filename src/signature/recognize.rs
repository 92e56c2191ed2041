//! Recognizes the sender of a delivery: by headers first, by the body only if headers do not
//! decide.

use std::cmp::Reverse;
use std::ptr;
use std::sync::Arc;

use jiff::Timestamp;

use super::signed_payload::Subject;
use super::verifier::{Credentials, Judgment, Verifier};
use super::verify::{is_well_formed, verify_as};
use crate::delivery::{Explanation, SignatureStatus, Verdict};
use crate::provider::{
    self, Algorithm, Provider, RequestValues, Scheme, SecretForm, ValueLocation,
};

/// Most providers named as senders of a header that several of them use.
const MAX_NAMED: usize = 3;

/// Headers of a delivery that point to a candidate.
struct Hint<'v, 'h> {
    credentials: &'v Credentials,
    /// Headers that only its deliveries have.
    own: Vec<&'h str>,
    /// Its signature is in a header, in the form that it has.
    is_well_formed: bool,
    /// Its signature is in a header.
    is_signed: bool,
    /// That header has the provider's own name for it, not one that some senders use instead.
    is_native: bool,
}

impl<'v> Hint<'v, '_> {
    /// Creates the hint of a request without headers that point to a candidate.
    fn none(credentials: &'v Credentials) -> Self {
        Self {
            credentials,
            own: Vec::new(),
            is_well_formed: false,
            is_signed: false,
            is_native: false,
        }
    }

    fn provider(&self) -> &Provider {
        &self.credentials.provider
    }

    fn has_secret(&self) -> bool {
        !self.credentials.secrets.is_empty()
    }
}

impl Verifier {
    /// Returns the sender of a delivery and the verdict on its signature.
    pub(super) fn recognize(
        &self,
        subject: &Subject<'_>,
        values: &RequestValues<'_>,
        now: Timestamp,
    ) -> Judgment<'_> {
        if let [only] = self.candidates() {
            let mut verdict = verify_as(&only.provider, &only.secrets, subject, now);
            if verdict.status == SignatureStatus::Missing {
                name_other_sender(&mut verdict, &only.provider, subject);
            }
            return Judgment { credentials: Some(only), verdict };
        }
        // Most candidates have nothing to do with a request, so only a body makes them look.
        let hints: Vec<Hint<'_, '_>> =
            self.pointed_to(subject.head).map(|one| hint(one, subject)).collect();
        by_own_headers(&hints, self.candidates().first(), subject, values, now)
            .or_else(|| by_body(&self.all_hints(hints), subject, values, now))
            .or_else(|| self.by_only_secret(subject, now))
            .unwrap_or_else(|| unrecognized(subject))
    }

    /// Adds the candidates without a hint.
    fn all_hints<'v, 'h>(&'v self, hints: Vec<Hint<'v, 'h>>) -> Vec<Hint<'v, 'h>> {
        let mut hints = hints.into_iter().peekable();
        let mut of = |one: &'v Credentials| {
            let hinted = hints.next_if(|hint| ptr::eq(hint.credentials, one));
            hinted.unwrap_or_else(|| Hint::none(one))
        };
        self.candidates().iter().map(&mut of).collect()
    }

    /// Attributes a delivery that no provider recognizes to the only provider with a secret.
    fn by_only_secret(&self, subject: &Subject<'_>, now: Timestamp) -> Option<Judgment<'_>> {
        if !self.assumes_only_secret {
            return None;
        }
        let mut configured = self.candidates().iter().filter(|one| !one.secrets.is_empty());
        let only = configured.next()?;
        // Providers with the same variable are one service.
        let is_same = |other: &Credentials| other.provider.secret_env == only.provider.secret_env;
        if !configured.all(is_same) {
            return None;
        }
        let verdict = verify_as(&only.provider, &only.secrets, subject, now);
        Some(Judgment { credentials: Some(only), verdict })
    }
}

/// Recognizes a delivery by headers that only one service, or a family of services, sends.
fn by_own_headers<'v>(
    hints: &[Hint<'v, '_>],
    first: Option<&Credentials>,
    subject: &Subject<'_>,
    values: &RequestValues<'_>,
    now: Timestamp,
) -> Option<Judgment<'v>> {
    let mut found: Vec<&Hint<'v, '_>> = hints.iter().filter(|hint| !hint.own.is_empty()).collect();
    // A value in the form of another service's signature is not a malformed one.
    found.retain(|hint| hint.is_well_formed || !is_taken(hint, hints));
    if found.iter().any(|hint| hint.is_signed) {
        found.retain(|hint| hint.is_signed || is_in_body(hint.provider()));
    }
    retain_strongest(&mut found);
    let judge = |hint: &Hint<'v, '_>| {
        let Credentials { provider, secrets } = hint.credentials;
        let verdict = verify_as(provider, secrets, subject, now);
        Judgment { credentials: Some(hint.credentials), verdict }
    };
    // Of several senders, the first candidate counts: the provider named first, or Cribbly.
    let leads = |hint: &Hint<'v, '_>| {
        let is_first = first.is_some_and(|first| ptr::eq(first, hint.credentials));
        is_first && hint.is_signed && hint.has_secret()
    };
    // Relatives share headers, so the one whose secret verifies is the sender.
    let by_evidence = |hint: &Hint<'v, '_>| (leads(hint), hint.is_well_formed, hint.own.len());
    found.sort_by_key(|hint| Reverse(by_evidence(hint)));
    // Only relatives need the body.
    let by_fields = |hint: &Hint<'_, '_>| {
        let provider = hint.provider();
        let fields = match provider.has_detect_fields(values) {
            Some(true) => 2,
            None => 1,
            Some(false) => 0,
        };
        let absent = Reverse(provider.absent_places(values));
        (fields, hint.has_secret(), provider.alias_of.is_none(), absent)
    };
    let mut proved: Vec<(&Hint<'v, '_>, Judgment<'v>)> = Vec::new();
    for hint in found.iter().filter(|hint| hint.has_secret() && found.len() > 1) {
        if proved.first().is_some_and(|(first, _)| by_evidence(first) != by_evidence(hint)) {
            break;
        }
        let judged = judge(hint);
        if is_proved(&judged.verdict) {
            proved.push((hint, judged));
        }
    }
    if proved.len() > 1 {
        // One secret verifies under each relative, so the general one is named.
        proved.sort_by_key(|(hint, _)| Reverse(by_fields(hint)));
    }
    if let Some((_, judged)) = proved.into_iter().next() {
        return Some(judged);
    }
    let by_headers =
        |hint: &Hint<'v, '_>| (leads(hint), hint.is_well_formed, hint.is_native, hint.own.len());
    let best = found.first().map(|first| {
        found.iter().map(|hint| by_headers(hint)).max().unwrap_or_else(|| by_headers(first))
    })?;
    found.retain(|hint| by_headers(hint) == best);
    if found.len() > 1 {
        found.sort_by_key(|hint| Reverse(by_fields(hint)));
    }
    let hint = found.first()?;
    let mut judged = judge(hint);
    if !hint.has_secret() && is_checked(hint.provider(), subject) {
        note_unconfigured(&mut judged.verdict, hint.provider(), &hint.own);
    }
    Some(judged)
}

/// Recognizes a delivery by a signature in the body, or in a header that several services use.
fn by_body<'v>(
    hints: &[Hint<'v, '_>],
    subject: &Subject<'_>,
    values: &RequestValues<'_>,
    now: Timestamp,
) -> Option<Judgment<'v>> {
    let is_candidate = |hint: &&Hint<'v, '_>| {
        let provider = hint.provider();
        let in_header = provider.shared_header && hint.is_well_formed;
        let in_query =
            || provider.is_signed_in_query() && provider.has_detect_fields(values) == Some(true);
        in_header || is_signed_in_body(provider, values) || in_query()
    };
    let mut found: Vec<&Hint<'v, '_>> = hints.iter().filter(is_candidate).collect();
    retain_strongest(&mut found);
    let judge = |hint: &Hint<'v, '_>| {
        let Credentials { provider, secrets } = hint.credentials;
        let verdict = verify_as(provider, secrets, subject, now);
        Judgment { credentials: Some(hint.credentials), verdict }
    };
    let checked = found.iter().filter(|hint| hint.has_secret());
    let proved = checked.map(|hint| judge(hint)).find(|judged| is_proved(&judged.verdict));
    if proved.is_some() {
        return proved;
    }
    let has_fields = |hint: &&&Hint<'_, '_>| {
        // A place in the body identifies a provider that names no other fields.
        let fields = hint.provider().has_detect_fields(values);
        fields.unwrap_or_else(|| is_in_body(hint.provider()))
    };
    let rank = |hint: &&&Hint<'_, '_>| (hint.has_secret(), hint.provider().alias_of.is_none());
    let hint = found.iter().filter(has_fields).max_by_key(rank)?;
    let mut judged = judge(hint);
    if !hint.has_secret() && is_checked(hint.provider(), subject) {
        let place = hint.provider().scheme.signature_place();
        note_unconfigured(&mut judged.verdict, hint.provider(), &[place.as_str()]);
    }
    Some(judged)
}

/// Returns whether the header of a malformed signature is a good signature of another service.
fn is_taken(hint: &Hint<'_, '_>, hints: &[Hint<'_, '_>]) -> bool {
    let headers = signature_names(hint.provider());
    hint.is_signed
        && hints.iter().any(|other| {
            let provider = other.provider();
            provider.shared_header
                && other.is_well_formed
                && signature_names(provider).iter().any(|name| headers.contains(name))
        })
}

/// Returns the headers that carry signatures, under all their names.
fn signature_names(provider: &Provider) -> Vec<String> {
    let of = |scheme: &Scheme| {
        let names = scheme.signature_headers();
        let all = names.flat_map(|name| [Some(name.to_owned()), scheme.alias(name)]);
        all.flatten().collect::<Vec<String>>()
    };
    provider.scheme.iter().flat_map(of).collect()
}

/// Removes candidates whose signature another one's overrules: a weaker signature never hides a
/// failing one.
fn retain_strongest(found: &mut Vec<&Hint<'_, '_>>) {
    if found.len() < 2 {
        return;
    }
    let overrules: Vec<(String, bool)> = found
        .iter()
        .filter(|hint| hint.is_signed)
        .map(|hint| (hint.provider().name.clone(), hint.has_secret()))
        .collect();
    found.retain(|hint| {
        let Some(stronger) = &hint.provider().weaker_than else { return true };
        let mut overruling = overrules.iter().filter(|(name, _)| name == stronger);
        !overruling.any(|(_, has_secret)| *has_secret || !hint.has_secret())
    });
}

fn hint<'v, 'h>(credentials: &'v Credentials, subject: &Subject<'h>) -> Hint<'v, 'h> {
    let provider = &credentials.provider;
    let signed = provider.scheme.iter().find(|scheme| {
        scheme.signature_headers().any(|name| {
            let has = |name: &str| subject.head.values(name).next().is_some();
            has(name) || scheme.alias(name).is_some_and(|alias| has(&alias))
        })
    });
    Hint {
        credentials,
        own: provider.own_headers(subject.head),
        is_well_formed: signed.is_some_and(|scheme| is_well_formed(scheme, subject)),
        is_signed: signed.is_some(),
        is_native: signed.is_some_and(|scheme| {
            scheme.signature_headers().any(|name| subject.head.values(name).next().is_some())
        }),
    }
}

/// Returns whether a provider signs in the body.
fn is_in_body(provider: &Provider) -> bool {
    let is_place = |place: &ValueLocation| !matches!(place, ValueLocation::Header(_));
    provider.scheme.iter().flat_map(|scheme| &scheme.signature).any(is_place)
}

fn is_signed_in_body(provider: &Provider, values: &RequestValues<'_>) -> bool {
    provider.scheme.iter().any(|scheme| {
        scheme.signature.iter().any(|place| match place {
            ValueLocation::Header(_) | ValueLocation::Pair(_) => false,
            ValueLocation::Query(_)
            | ValueLocation::Json(_)
            | ValueLocation::Form(_)
            | ValueLocation::Xml(_) => {
                let clock = scheme.timestamp.as_ref().map(|clock| &clock.from);
                let mut others = clock.into_iter().chain(&scheme.id).chain(&scheme.requires);
                values.find(place).is_some() && others.all(|place| values.find(place).is_some())
            }
        })
    })
}

/// Returns whether the signature of a request can be checked at all.
fn is_checked(provider: &Provider, subject: &Subject<'_>) -> bool {
    provider.scheme.of(subject.head, subject.body).unchecked.is_none()
}

fn is_proved(verdict: &Verdict) -> bool {
    matches!(verdict.status, SignatureStatus::Verified | SignatureStatus::Expired)
}

/// Returns the places that identify a sender, headers in lowercase.
fn named(places: &[&str]) -> String {
    let shown = places.iter().map(|place| {
        let is_header = !place.contains(['/', ' ']);
        if is_header { place.to_ascii_lowercase() } else { (*place).to_owned() }
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// Notes that no secret of a recognized provider is set. Findings that needed no secret stay.
fn note_unconfigured(verdict: &mut Verdict, provider: &Provider, seen: &[&str]) {
    let Provider { title, secret_env, .. } = provider;
    let scheme = &provider.scheme;
    let takes_key = scheme.algorithm.is_asymmetric() || scheme.secret == SecretForm::PublicKey;
    let kind = if takes_key { "public key" } else { "secret" };
    let seen = named(seen);
    if verdict.status != SignatureStatus::Unchecked {
        return;
    }
    if scheme.algorithm.is_self_describing() {
        let note = format!("looks like a delivery from {title} ({seen}); no {title} {kind} is set");
        Explanation::add(&mut verdict.explanation, note);
        return;
    }
    let why = format!(
        "looks like a delivery from {title} ({seen}); no {title} {kind} is set: export {secret_env}=…"
    );
    *verdict = Verdict::explained(SignatureStatus::Unchecked, why);
}

/// Names the likely sender of a delivery that lacks the signature of the configured provider.
fn name_other_sender(verdict: &mut Verdict, configured: &Provider, subject: &Subject<'_>) {
    let family = provider::same_service(&configured.name);
    let others = provider::all().iter().filter(|one| !family.contains(&one.name.as_str()));
    let mut best: Option<(usize, &Provider, Vec<&str>)> = None;
    for other in others {
        let is_signed = other.scheme.iter().any(|scheme| is_well_formed(scheme, subject));
        let own = other.own_headers(subject.head);
        if is_signed && !own.is_empty() && best.as_ref().is_none_or(|(n, ..)| own.len() > *n) {
            best = Some((own.len(), other, own));
        }
    }
    let Some((_, other, own)) = best else { return };
    let sentence = format!(
        "this looks like a delivery from {} ({}), and it was checked as {}'s",
        other.title,
        named(&own),
        configured.title
    );
    let mut explanation = Explanation::from(sentence);
    let fix = format!("start with `--provider {}` or `--provider auto`", other.name);
    explanation.help_mut().fix = Some(fix);
    verdict.explanation = Some(explanation);
}

/// Returns the verdict on a delivery of an unknown sender.
fn unrecognized<'v>(subject: &Subject<'_>) -> Judgment<'v> {
    let why = shared_signature(subject).unwrap_or_else(|| {
        "no provider was recognized: none of the headers is a known signature".to_owned()
    });
    Judgment { credentials: None, verdict: Verdict::explained(SignatureStatus::Unchecked, why) }
}

/// Describes a signature header that several services use.
fn shared_signature(subject: &Subject<'_>) -> Option<String> {
    let shared = provider::all().iter().map(Arc::as_ref).filter(|one| one.shared_header);
    // Any text has the form of a token.
    let fits =
        |scheme: &Scheme| scheme.algorithm != Algorithm::Token && is_well_formed(scheme, subject);
    let fitting: Vec<&Provider> = shared.filter(|one| one.scheme.iter().any(fits)).collect();
    let first = fitting.first()?;
    let name = first
        .signature_headers()
        .into_iter()
        .find(|name| subject.head.values(name).next().is_some())?;
    let header = subject.head.headers.iter().find(|header| header.is(name))?;
    let titles: Vec<&str> = fitting.iter().map(|one| one.title.as_str()).take(MAX_NAMED).collect();
    let (last, rest) = titles.split_last()?;
    let verb = if rest.is_empty() { "sends" } else { "send" };
    let senders = if rest.is_empty() {
        (*last).to_owned()
    } else {
        format!("{} and {last}", rest.join(", "))
    };
    Some(format!(
        "no provider was recognized: there is {}, as {senders} {verb} it; name the sender with \
         --provider",
        header.name
    ))
}
