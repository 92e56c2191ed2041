//! Prepares the request that resends a stored delivery.

use std::borrow::Cow;

use jiff::Timestamp;

use crate::delivery::Delivery;
use crate::ops::resign::{EventIdPolicy, resign};
use crate::outbound::{Request, Target};
use crate::secret::Secret;
use crate::signature::{self, Credentials, SignError, Subject};

/// The signature that deliveries are resent with.
#[derive(Debug, Clone, Copy)]
pub enum Signing<'k> {
    /// The one they were received with.
    Exact,
    /// A new one, as of the time of sending.
    Resign(ReSigning<'k>),
}

/// Keys for new signatures, and the event id that these cover.
#[derive(Debug, Clone, Copy)]
pub struct ReSigning<'k> {
    /// One per provider; the first secret signs.
    pub credentials: &'k [Credentials],
    /// Sign deliveries of other providers with the first credentials: the user named a provider.
    pub assume_first: bool,
    pub event_id: EventIdPolicy,
}

/// Reason why a delivery cannot be re-signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsigned {
    #[error("its provider is unknown")]
    UnknownProvider,
    #[error("no secret is configured for {title}; set {variable}")]
    NoSecret { title: String, variable: String },
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl<'k> ReSigning<'k> {
    /// Returns the credentials and the secret that sign a provider's deliveries.
    ///
    /// A provider that signs with a private key gets a throw-away one, unless the private key is
    /// configured.
    pub fn key(&self, provider: &str) -> Result<(&'k Credentials, Cow<'k, Secret>), Unsigned> {
        let own = self.credentials.iter().find(|credentials| credentials.provider.name == provider);
        let assumed = || if self.assume_first { self.credentials.first() } else { None };
        let credentials = own.or_else(assumed).ok_or(Unsigned::UnknownProvider)?;
        let provider = &credentials.provider;
        if let Some(reason) = signature::unsignable(&provider.scheme) {
            return Err(SignError::Unsupported(reason.to_owned()).into());
        }
        signing_secret(credentials).map(|secret| (credentials, secret)).ok_or_else(|| {
            Unsigned::NoSecret {
                title: provider.title.clone(),
                variable: provider.secret_env.clone(),
            }
        })
    }
}

/// Returns the secret that signs as a provider; none if none is configured.
pub(in crate::ops) fn signing_secret(credentials: &Credentials) -> Option<Cow<'_, Secret>> {
    let Some(throw_away) = signature::throw_away(&credentials.provider) else {
        return credentials.secrets.first().map(Cow::Borrowed);
    };
    let private = credentials.secrets.iter().find(|secret| signature::is_private(secret));
    Some(private.map_or(Cow::Owned(throw_away.signing), Cow::Borrowed))
}

/// Returns the name of the secret that signs as a provider; none if none is configured.
pub fn signing_name(credentials: &Credentials) -> Option<String> {
    signing_secret(credentials).map(|secret| secret.name().to_owned())
}

/// Describes the throw-away key that requests of a provider are signed with, if they are.
pub fn throw_away_note(credentials: &Credentials) -> Option<String> {
    let Credentials { provider, secrets } = credentials;
    if secrets.iter().any(signature::is_private) {
        return None;
    }
    let key = signature::throw_away(provider)?;
    Some(format!(
        "only {} has its private key, so a throw-away key signs; the receiver verifies it with \
         {}={}",
        provider.title, provider.secret_env, key.verifying
    ))
}

/// A request that is ready to be sent.
#[derive(Debug, Clone)]
pub struct PreparedRequest {
    pub request: Request,
    /// Summary of what re-signing changed, in one line; none if the request is exactly as received.
    pub changes: Option<String>,
}

impl PreparedRequest {
    /// Returns the bytes as they were received.
    pub fn exact(delivery: &Delivery) -> Self {
        let Delivery { head, body, .. } = delivery;
        Self { request: Request { head: head.clone(), body: body.clone() }, changes: None }
    }

    pub fn new(
        delivery: &Delivery,
        target: &Target,
        signing: &Signing<'_>,
    ) -> Result<Self, Unsigned> {
        let Signing::Resign(keys) = signing else { return Ok(Self::exact(delivery)) };
        let (credentials, secret) = keys.key(&delivery.summary.provider)?;
        let provider = &credentials.provider;
        #[expect(clippy::disallowed_methods, reason = "a signature covers the time of signing")]
        let now = Timestamp::now();
        let Delivery { head, body, .. } = delivery;
        let url = target.url(&head.target_text());
        let received = Subject { head, body, url: Some(&url) };
        let signed = resign(provider, &secret, &received, now, keys.event_id)?;
        let mut changes: Vec<String> = signed.changes.iter().map(ToString::to_string).collect();
        changes.extend(throw_away_note(credentials));
        let line = if changes.is_empty() { UNCHANGED.to_owned() } else { changes.join(", ") };
        Ok(Self { request: signed.request, changes: Some(line) })
    }
}

const UNCHANGED: &str = "re-signed without a change";
