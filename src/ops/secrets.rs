//! Changes the secrets in use while a listener runs, and verifies stored deliveries again with
//! them.

use std::fmt;
use std::sync::Arc;

use crate::delivery::{
    Delivery, DeliveryId, EventRef, SignatureStatus, Summary, UNKNOWN_PROVIDER, Verdict,
};
use crate::intake;
use crate::provider::Provider;
use crate::secret::Secret;
use crate::signature::{CurrentVerifier, Subject, Verifier, lint, lint_under};
use crate::store::{KeepError, Store, StoreError};
use crate::task;

/// Deliveries that are read and checked at once.
const CHUNK: usize = 16;

/// Secrets as read again from where they are configured.
#[derive(Debug)]
pub(crate) struct ReloadedSecrets {
    pub verifier: Verifier,
    pub warnings: Vec<String>,
}

type Read = dyn Fn() -> Result<ReloadedSecrets, String> + Send + Sync;

/// Reads the configured secrets again. Clones share it.
#[derive(Clone)]
pub(crate) struct SecretReload(Arc<Read>);

impl SecretReload {
    pub(crate) fn new(
        read: impl Fn() -> Result<ReloadedSecrets, String> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(read))
    }

    /// Uses the configured secrets from now on, and returns warnings about them. Blocks.
    pub(crate) fn run(&self, current: &CurrentVerifier) -> Result<Vec<String>, String> {
        let ReloadedSecrets { verifier, warnings } = (self.0)()?;
        current.replace(verifier);
        Ok(warnings)
    }
}

impl fmt::Debug for SecretReload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SecretReload").finish_non_exhaustive()
    }
}

/// Reason why a typed secret is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UseSecretError {
    #[error("select a delivery of the provider that the secret belongs to")]
    NoProvider,
    #[error("the sender is unknown, and the secret does not verify this delivery")]
    UnknownSender,
}

/// A secret that is in use now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SecretInUse {
    /// Title of its provider.
    pub provider: String,
    /// Oddities of the secret, such as a space at its end.
    pub warnings: Vec<String>,
}

/// Uses a secret from now on, as the current one of the provider of a delivery, or of the only
/// provider.
pub(crate) fn use_secret(
    current: &CurrentVerifier,
    delivery: Option<&Delivery>,
    secret: Secret,
) -> Result<SecretInUse, UseSecretError> {
    let verifier = current.get();
    let provider = match (delivery, verifier.candidates()) {
        (Some(delivery), _) => match verifier.provider(&delivery.summary.provider) {
            Some(provider) => provider,
            None => {
                recognized(&verifier, delivery, &secret).ok_or(UseSecretError::UnknownSender)?
            }
        },
        (None, [only]) => Arc::clone(&only.provider),
        (None, _) => return Err(UseSecretError::NoProvider),
    };
    let warnings = lint(&secret).into_iter().chain(lint_under(&provider, &secret)).collect();
    let head = delivery.map(|delivery| &delivery.head);
    current.replace(verifier.with_current_secret(head, &provider, secret));
    Ok(SecretInUse { provider: provider.title.clone(), warnings })
}

/// Returns the provider whose signature a secret verifies.
fn recognized(verifier: &Verifier, delivery: &Delivery, secret: &Secret) -> Option<Arc<Provider>> {
    let Delivery { summary, head, body, .. } = delivery;
    let verifier = verifier.with_secret(&summary.provider, secret.clone());
    let url = verifier.url(head);
    let subject = Subject { head, body, url: url.as_deref() };
    let judged = verifier.judge(&subject, summary.request.received_at);
    match (judged.verdict.status, judged.credentials) {
        (SignatureStatus::Verified, Some(credentials)) => Some(Arc::clone(&credentials.provider)),
        _ => None,
    }
}

/// Returns all secrets in use, in the order in which providers and secrets were given.
pub(crate) fn all(verifier: &Verifier) -> Vec<Secret> {
    verifier.all_candidates().flat_map(|one| &one.secrets).cloned().collect()
}

/// Reason why stored deliveries were not all verified again.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) enum VerifyAgainError {
    Read(#[from] StoreError),
    Store(#[from] KeepError),
}

/// Outcome of verifying stored deliveries again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct VerifiedAgain {
    pub checked: usize,
    /// Those that are verified now, and were not before.
    pub verified: usize,
}

/// Verifies stored deliveries again with the current secrets, and stores the verdicts that changed.
pub(crate) async fn verify_again(
    store: &Store,
    current: &CurrentVerifier,
    ids: &[DeliveryId],
) -> Result<VerifiedAgain, VerifyAgainError> {
    let mut outcome = VerifiedAgain::default();
    for chunk in ids.chunks(CHUNK) {
        let (store_to_read, verifier, chunk) = (store.clone(), current.get(), chunk.to_vec());
        let found = task::blocking(move || -> Result<Vec<_>, StoreError> {
            let reader = store_to_read.reader()?;
            let mut found = Vec::new();
            for id in chunk {
                if let Some(delivery) = reader.delivery(id)? {
                    let identity = new_identity(&verifier, &delivery);
                    found.push((id, identity, new_verdict(&verifier, &delivery)));
                }
            }
            Ok(found)
        });
        for (id, identity, verdict) in found.await? {
            outcome.checked += 1;
            if let Some((provider, event)) = identity {
                store.record_provider(id, provider, event).await?;
            }
            let Some(verdict) = verdict else { continue };
            outcome.verified += usize::from(verdict.status == SignatureStatus::Verified);
            store.record_diagnosis(id, verdict).await?;
        }
    }
    Ok(outcome)
}

/// Returns the provider and the event of a delivery whose sender was unknown, if it is recognized now.
fn new_identity(verifier: &Verifier, delivery: &Delivery) -> Option<(String, EventRef)> {
    let Delivery { summary, head, body, .. } = delivery;
    if summary.provider != UNKNOWN_PROVIDER || summary.request.refused.is_some() {
        return None;
    }
    let url = verifier.url(head);
    let subject = Subject { head, body, url: url.as_deref() };
    let found = verifier.identify(&subject, summary.request.received_at);
    // Without a signature, the only provider with a secret is assumed.
    let is_recognized = found.verdict.status != SignatureStatus::Missing;
    (found.provider != UNKNOWN_PROVIDER && is_recognized).then_some((found.provider, found.event))
}

/// Verifies a stored delivery again, as of its receipt. Returns none if its verdict stays.
fn new_verdict(verifier: &Verifier, delivery: &Delivery) -> Option<Verdict> {
    let Summary { request, signature, .. } = &delivery.summary;
    if request.refused.is_some() || signature.status == SignatureStatus::Verified {
        return None;
    }
    let found = intake::diagnose_briefly(verifier, delivery).verdict;
    match (found.status, signature.status) {
        // Handshakes and checks of a URL are unchecked, and the stored verdict says why.
        (SignatureStatus::Unchecked, _)
        | (SignatureStatus::Missing, SignatureStatus::Unchecked) => None,
        (new, old) if new != old => Some(found),
        _ => (found.cause.is_some() && found.cause != signature.cause).then_some(found),
    }
}
