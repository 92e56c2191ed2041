//! Identifies a request: provider, event, and verdict.

use std::cmp::Reverse;
use std::sync::Arc;

use hashbrown::HashMap;
use jiff::Timestamp;

use super::advice::advise;
use super::public_url::PublicUrl;
use super::signed_payload::Subject;
use super::verify::verify_as;
use crate::delivery::{EventRef, Explanation, Head, UNKNOWN_PROVIDER, Verdict, target_path};
use crate::payload::pointer_set::PointerSet;
use crate::provider::{self, Provider, RequestValues, common_event};
use crate::secret::Secret;

/// A provider with its secrets, the current one first.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub provider: Arc<Provider>,
    pub secrets: Vec<Secret>,
}

/// Providers, secrets, and public URL that signatures are checked with.
#[derive(Debug, Clone, Default)]
pub struct Verifier {
    candidates: Vec<Credentials>,
    public_url: PublicUrl,
    /// Everything that recognition reads from a JSON body.
    pointers: PointerSet,
    /// Deliveries that no provider recognizes are attributed to the only provider with a secret.
    pub(super) assumes_only_secret: bool,
    /// Candidates that a header may identify, by its name in lower case.
    by_header: HashMap<String, Vec<usize>>,
    /// Candidates that have a `User-Agent` of their own.
    with_agent: Vec<usize>,
    /// Paths that are not checked with these candidates, the longest first.
    sources: Vec<SourceRoute>,
}

/// A path with its own providers and secrets.
#[derive(Debug, Clone)]
pub struct SourceRoute {
    /// A request goes through this source if its path is this one or below it.
    path: String,
    verifier: Verifier,
}

impl SourceRoute {
    pub fn new(path: String, verifier: Verifier) -> Self {
        Self { path, verifier }
    }

    /// Iterates over its providers and secrets.
    pub fn credentials(&self) -> impl Iterator<Item = &Credentials> {
        self.verifier.candidates.iter()
    }

    fn has(&self, target: &str) -> bool {
        let whole = self.path.trim_end_matches('/');
        let rest = target_path(target).strip_prefix(whole);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Notes that a delivery has several events, of which the list shows the first.
fn note_batch(verdict: &mut Verdict, provider: &Provider, values: &RequestValues<'_>) {
    if let Some(count) = provider.batch_size(values) {
        let note = format!("{count} events in this delivery; type and id are those of the first");
        Explanation::add(&mut verdict.explanation, note);
    }
}

/// A verdict and its provider.
#[derive(Debug, Clone)]
pub struct Judgment<'v> {
    /// None if none of several providers was recognized.
    pub credentials: Option<&'v Credentials>,
    pub verdict: Verdict,
}

/// Provider, event, and verdict of a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Identified {
    pub provider: String,
    pub event: EventRef,
    pub verdict: Verdict,
}

impl Verifier {
    /// Creates a verifier. A single provider is assumed for all deliveries; of several, the
    /// sender's is detected.
    pub fn new(candidates: Vec<Credentials>) -> Self {
        let pointers = candidates.iter().flat_map(|one| one.provider.pointers());
        let common = (candidates.len() > 1).then(provider::common_pointers);
        let pointers = PointerSet::new(pointers.chain(common.into_iter().flatten()));
        let mut by_header: HashMap<String, Vec<usize>> = HashMap::new();
        let mut with_agent = Vec::new();
        for (at, one) in candidates.iter().enumerate() {
            for name in one.provider.telling_headers() {
                by_header.entry(name).or_default().push(at);
            }
            if one.provider.has_user_agent() {
                with_agent.push(at);
            }
        }
        Self { candidates, pointers, by_header, with_agent, ..Self::default() }
    }

    /// Attributes deliveries that no provider recognizes to the only provider with a secret, so
    /// that a lost signature is reported.
    #[must_use]
    pub fn assuming_only_secret(self) -> Self {
        Self { assumes_only_secret: true, ..self }
    }

    /// Sets the public URL, which may change later, for providers that sign it.
    #[must_use]
    pub fn with_public_url(self, public_url: PublicUrl) -> Self {
        let mut sources = self.sources;
        for source in &mut sources {
            source.verifier.public_url = public_url.clone();
        }
        Self { public_url, sources, ..self }
    }

    /// Checks the requests of these paths with their own verifiers.
    #[must_use]
    pub fn with_sources(self, mut sources: Vec<SourceRoute>) -> Self {
        sources.sort_by_key(|source| Reverse(source.path.len()));
        for source in &mut sources {
            source.verifier.public_url = self.public_url.clone();
        }
        Self { sources, ..self }
    }

    fn source(&self, head: &Head) -> Option<&SourceRoute> {
        let target = (!self.sources.is_empty()).then(|| head.target_text())?;
        self.sources.iter().find(|source| source.has(&target))
    }

    /// Returns the path of the source that a request goes through.
    pub fn via(&self, head: &Head) -> Option<&str> {
        self.source(head).map(|source| source.path.as_str())
    }

    /// Returns the verifier of the source that a request goes through, or else this one.
    pub fn at(&self, head: &Head) -> &Self {
        self.source(head).map_or(self, |source| &source.verifier)
    }

    /// Creates a verifier for one secret; for all providers if the named one is unknown.
    #[must_use]
    pub fn with_secret(&self, provider: &str, secret: Secret) -> Self {
        let one = self.known(provider).map(|credentials| vec![credentials.provider]);
        let providers = one.unwrap_or_else(|| provider::all().to_vec());
        let credentials = |provider| Credentials { provider, secrets: vec![secret.clone()] };
        let candidates = providers.into_iter().map(credentials).collect();
        Self { public_url: self.public_url.clone(), ..Self::new(candidates) }
    }

    /// Returns this verifier with another current secret of a provider, for requests
    /// through the same source as this one, if any. A secret of the same name is replaced.
    #[must_use]
    pub fn with_current_secret(
        &self,
        head: Option<&Head>,
        provider: &Arc<Provider>,
        secret: Secret,
    ) -> Self {
        self.with_provider(head, provider, Some(secret))
    }

    /// Returns this verifier with another provider, or with another current secret of one it has;
    /// see [`Self::with_current_secret`].
    #[must_use]
    pub fn with_provider(
        &self,
        head: Option<&Head>,
        provider: &Arc<Provider>,
        secret: Option<Secret>,
    ) -> Self {
        let mut changed = self.clone();
        let path = head.and_then(|head| self.via(head)).map(str::to_owned);
        let source = changed.sources.iter_mut().find(|one| Some(&one.path) == path.as_ref());
        match source {
            Some(source) => source.verifier = source.verifier.adding(provider, secret),
            None => changed = changed.adding(provider, secret),
        }
        changed
    }

    fn adding(&self, provider: &Arc<Provider>, secret: Option<Secret>) -> Self {
        let mut candidates = self.candidates.clone();
        let known = candidates.iter().position(|one| one.provider.name == provider.name);
        let at = known.unwrap_or_else(|| {
            candidates.push(Credentials { provider: Arc::clone(provider), secrets: Vec::new() });
            candidates.len() - 1
        });
        if let (Some(Credentials { secrets, .. }), Some(secret)) = (candidates.get_mut(at), secret)
        {
            secrets.retain(|one| one.name() != secret.name());
            secrets.insert(0, secret);
        }
        Self {
            public_url: self.public_url.clone(),
            assumes_only_secret: self.assumes_only_secret,
            sources: self.sources.clone(),
            ..Self::new(candidates)
        }
    }

    /// Returns the provider of a name, selected or built in.
    pub fn provider(&self, name: &str) -> Option<Arc<Provider>> {
        Some(self.known(name)?.provider)
    }

    /// Returns the candidate of a name, or else the built-in provider without secrets.
    pub(super) fn known(&self, name: &str) -> Option<Credentials> {
        let bare = || {
            let found = provider::all().iter().find(|one| one.name == name)?;
            Some(Credentials { provider: Arc::clone(found), secrets: Vec::new() })
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

    /// Returns the candidates that a header of a request may identify, in their order.
    pub(super) fn pointed_to(&self, head: &Head) -> impl Iterator<Item = &Credentials> {
        let mut found = Vec::new();
        let mut name = String::new();
        for header in &head.headers {
            name.clear();
            name.push_str(&header.name);
            name.make_ascii_lowercase();
            found.extend(self.by_header.get(&name).into_iter().flatten());
            if name == "user-agent" {
                let value = header.text();
                found.extend(self.with_agent.iter().filter(|at| {
                    let one = self.candidates.get(**at);
                    one.is_some_and(|one| one.provider.has_agent(&value))
                }));
            }
        }
        found.sort_unstable();
        found.dedup();
        found.into_iter().filter_map(|at: usize| self.candidates.get(at))
    }

    /// Iterates over the candidates, and then over those of the sources.
    pub fn all_candidates(&self) -> impl Iterator<Item = &Credentials> {
        let in_sources = self.sources.iter().flat_map(|source| &source.verifier.candidates);
        self.candidates.iter().chain(in_sources)
    }

    /// Returns the candidate of a name, or that of a source.
    pub fn named(&self, name: &str) -> Option<&Credentials> {
        self.all_candidates().find(|credentials| credentials.provider.name == name)
    }

    /// Checks a delivery without searching for the cause.
    pub fn judge(&self, subject: &Subject<'_>, now: Timestamp) -> Judgment<'_> {
        let verifier = self.at(subject.head);
        verifier.judge_values(subject, &verifier.values(subject), now)
    }

    fn judge_values(
        &self,
        subject: &Subject<'_>,
        values: &RequestValues<'_>,
        now: Timestamp,
    ) -> Judgment<'_> {
        let mut judgment = self.recognize(subject, values, now);
        if let Some(Credentials { provider, secrets }) = judgment.credentials {
            let scheme = provider.scheme.of(subject.head, subject.body);
            advise(&mut judgment.verdict, provider, scheme, secrets);
        }
        judgment
    }

    /// Returns the values of a delivery; those that recognition needs are read in one pass.
    fn values<'s>(&'s self, subject: &Subject<'s>) -> RequestValues<'s> {
        RequestValues::new(subject.head, subject.body, &self.pointers)
    }

    /// Detects the provider of a request and checks its signature, as of `at`.
    pub fn identify(&self, subject: &Subject<'_>, at: Timestamp) -> Identified {
        let verifier = self.at(subject.head);
        let values = verifier.values(subject);
        let mut judgment = verifier.judge_values(subject, &values, at);
        let provider = judgment.credentials.map(|credentials| &credentials.provider);
        let name = provider.map_or(UNKNOWN_PROVIDER, |provider| &provider.name);
        let event = match provider {
            Some(provider) => {
                note_batch(&mut judgment.verdict, provider, &values);
                provider.event_in(&values)
            }
            None => common_event(&values),
        };
        Identified { provider: name.to_owned(), event, verdict: judgment.verdict }
    }

    /// Checks a request whose provider is known already.
    pub fn identify_as(&self, provider: &str, subject: &Subject<'_>, at: Timestamp) -> Identified {
        let here = self.at(subject.head).named(provider);
        let Some(credentials) = here.or_else(|| self.named(provider)) else {
            let verdict = self.judge(subject, at).verdict;
            return Identified {
                provider: provider.to_owned(),
                event: EventRef::default(),
                verdict,
            };
        };
        let known = &credentials.provider;
        Identified {
            provider: known.name.clone(),
            event: known.event(subject.head, subject.body),
            verdict: verify_as(known, &credentials.secrets, subject, at),
        }
    }
}
