//! Makes a fixture from a delivery: redacts it, re-signs it with a throw-away key, and proves it.
//!
//! A fixture gets the verdict of its original, under a key that anybody may know: a valid signature
//! stays valid, a tampered one tampered, a missing one missing. A delivery for which this is
//! impossible is skipped with a reason.

mod key;
mod leak;
mod sign;

use std::sync::Arc;

use jiff::Timestamp;

use crate::delivery::{Delivery, Head, SignatureStatus, Verdict};
use crate::formats::fixture::{
    Fixture, FixtureError, FixtureEvent, FixtureRequest, FixtureSignature, FixtureState, Original,
    SCHEMA,
};
use crate::provider::Provider;
use crate::redact::{Redacted, Redaction, Redactor, Replacement, Stays};
use crate::secret::Secret;
use crate::signature::{Subject, verify_as};
use leak::Leaks;

pub use key::test_key;
pub(super) use leak::{original_leak, secret_leak};

/// Assumed public URL for providers that sign it.
const PUBLIC_URL: &str = "https://fixture.example";

/// Makes fixtures from deliveries, with the same pseudonyms in all of them.
#[derive(Debug)]
pub struct FixtureMaker {
    redactor: Redactor,
    providers: Vec<Arc<Provider>>,
    /// Configured secrets, none of which may be in a fixture.
    secrets: Vec<Secret>,
    keeps_signature: bool,
}

/// Outcome for a delivery.
#[derive(Debug)]
pub struct MadeFixture {
    pub fixture: Result<Box<Fixture>, LeftOut>,
    pub review: Review,
}

/// Reason why a delivery is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    pub reason: String,
    /// It would contain a secret or a redacted value, or its verdict cannot be proved.
    pub is_unsafe: bool,
}

impl LeftOut {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_unsafe: false }
    }

    pub(super) fn unsafe_because(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_unsafe: true }
    }
}

/// Values that were replaced in a delivery, and values that look personal but stay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Review {
    pub replaced: Vec<Replacement>,
    pub stays: Vec<Stays>,
}

/// Reason why a fixture does not prove its verdict.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    #[error(transparent)]
    Form(#[from] FixtureError),
    #[error("the written fixture does not read back as the same request")]
    Another,
    #[error("{0}")]
    Leak(String),
    #[error("its signature is {found} under its test key, and it should be {due}")]
    Verdict { found: SignatureStatus, due: String },
    #[error("unknown provider `{0}`")]
    Provider(String),
}

/// A request that will become a fixture.
pub(crate) struct Signable {
    pub(crate) head: Head,
    pub(crate) body: bytes::Bytes,
}

impl FixtureMaker {
    pub fn new(redaction: Redaction, providers: Vec<Arc<Provider>>, secrets: Vec<Secret>) -> Self {
        Self { redactor: Redactor::new(redaction), providers, secrets, keeps_signature: false }
    }

    /// Keeps bytes and signatures as received.
    #[must_use]
    pub fn keeping_signatures(self) -> Self {
        Self { keeps_signature: true, ..self }
    }

    /// Makes no fixture with these secrets either.
    pub fn withhold(&mut self, secrets: Vec<Secret>) {
        self.secrets.extend(secrets);
    }

    /// Makes a fixture from a delivery, and proves its text.
    pub fn make(&mut self, delivery: &Delivery, name: &str) -> MadeFixture {
        let mut review = Review::default();
        let fixture = self.try_make(delivery, name, &mut review);
        MadeFixture { fixture, review }
    }

    fn try_make(
        &mut self,
        delivery: &Delivery,
        name: &str,
        review: &mut Review,
    ) -> Result<Box<Fixture>, LeftOut> {
        let summary = &delivery.summary;
        if let Some(refusal) = &summary.request.refused {
            return Err(LeftOut::new(refusal.incomplete_reason()));
        }
        if self.keeps_signature {
            let fixture = self.kept(delivery, name);
            proved_bytes(&fixture, &delivery.head.raw, &delivery.body)?;
            return Ok(Box::new(fixture));
        }
        let provider =
            self.providers.iter().find(|one| one.name == summary.provider).map(Arc::as_ref);
        let scheme = provider.map(|one| one.scheme.of(&delivery.head, &delivery.body));
        let spare = scheme.map(sign::signature_names).unwrap_or_default();
        let spare: Vec<&str> = spare.iter().map(String::as_str).collect();
        let redacted = self.redactor.redact(&delivery.head, &delivery.body, &spare);
        let redacted = redacted.map_err(|error| LeftOut::unsafe_because(error.to_string()))?;
        let Redacted { head, body, counts, originals, replaced, stays } = redacted;
        *review = Review { replaced, stays };
        let changed = body != delivery.body;
        let plain = Signable { head, body };
        let (signed, signature) = sign::signed(provider, plain, summary, changed)
            .map_err(|error| LeftOut::new(error.to_string()))?;
        let event = provider.map(|provider| provider.event(&signed.head, &signed.body));
        let event = event.unwrap_or_default();
        let fixture = Fixture {
            schema: SCHEMA.to_owned(),
            name: name.to_owned(),
            provider: summary.provider.clone(),
            event: FixtureEvent { id: event.id, kind: event.event_type },
            received_at: summary.request.received_at,
            request: FixtureRequest::of(&signed.head, &signed.body),
            signature,
            original: original(&summary.signature),
            redacted: counts,
            expect: None,
        };
        let leaks = Leaks::new(delivery, scheme, &self.secrets, originals);
        leaks.check(&fixture.text(), &signed, scheme)?;
        proved_bytes(&fixture, &signed.head.raw, &signed.body)?;
        prove(&fixture, &self.providers)?;
        Ok(Box::new(fixture))
    }

    fn kept(&self, delivery: &Delivery, name: &str) -> Fixture {
        let summary = &delivery.summary;
        let provider =
            self.providers.iter().find(|one| one.name == summary.provider).map(Arc::as_ref);
        let headers = provider.map(Provider::signature_headers).unwrap_or_default();
        let event = &summary.event;
        Fixture {
            schema: SCHEMA.to_owned(),
            name: name.to_owned(),
            provider: summary.provider.clone(),
            event: FixtureEvent { id: event.id.clone(), kind: event.event_type.clone() },
            received_at: summary.request.received_at,
            request: FixtureRequest::of(&delivery.head, &delivery.body),
            signature: FixtureSignature {
                state: FixtureState::Kept,
                headers: headers.into_iter().map(str::to_owned).collect(),
                test_key: None,
                url: None,
                verdict: summary.signature.status.as_str().to_owned(),
            },
            original: original(&summary.signature),
            redacted: std::collections::BTreeMap::new(),
            expect: None,
        }
    }
}

impl From<ProofError> for LeftOut {
    fn from(error: ProofError) -> Self {
        Self::unsafe_because(error.to_string())
    }
}

fn original(verdict: &Verdict) -> Original {
    Original { verdict: verdict.status.as_str().to_owned(), cause: verdict.cause.clone() }
}

/// Reads the text of a fixture back and compares.
fn proved_bytes(fixture: &Fixture, head: &[u8], body: &[u8]) -> Result<(), ProofError> {
    let back = Fixture::read(&fixture.text())?;
    let same = back == *fixture
        && back.request.head().map_err(FixtureError::from)?.raw == head
        && back.request.body().map_err(FixtureError::from)? == body;
    if same { Ok(()) } else { Err(ProofError::Another) }
}

/// Verifies a fixture with its own test key, at the time that it names.
pub fn prove(fixture: &Fixture, providers: &[Arc<Provider>]) -> Result<(), ProofError> {
    if fixture.signature.state == FixtureState::Kept {
        // Only the real key could verify it.
        return Ok(());
    }
    let provider = providers.iter().find(|one| one.name == fixture.provider);
    let Some(provider) = provider else {
        // Nothing was signed for an unknown provider.
        return match fixture.signature.state {
            FixtureState::None => Ok(()),
            FixtureState::ReSigned | FixtureState::Kept => {
                Err(ProofError::Provider(fixture.provider.clone()))
            }
        };
    };
    let head = fixture.request.head().map_err(FixtureError::from)?;
    let body = fixture.request.body().map_err(FixtureError::from)?;
    let url = fixture.signature.url.as_deref();
    let subject = Subject { head: &head, body: &body, url };
    let found =
        verdict(provider, fixture.signature.test_key.as_deref(), &subject, fixture.received_at);
    if found.as_str() == fixture.signature.verdict {
        Ok(())
    } else {
        Err(ProofError::Verdict { found, due: fixture.signature.verdict.clone() })
    }
}

/// Returns the verdict under a test key.
fn verdict(
    provider: &Provider,
    key: Option<&str>,
    subject: &Subject<'_>,
    now: Timestamp,
) -> SignatureStatus {
    let secrets: Vec<Secret> = key.map(|key| Secret::new("test key", key)).into_iter().collect();
    verify_as(provider, &secrets, subject, now).status
}
