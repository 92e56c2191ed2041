//! Copies a delivery in one of the formats of [`COPY_FORMATS`], without signatures and credentials
//! unless requested.
//!
//! [`COPY_FORMATS`]: crate::formats::COPY_FORMATS

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use crate::delivery::Delivery;
use crate::formats::{CopyError, CopyFormat, CopySource};
use crate::provider::Provider;
use crate::secret::Secret;

/// Shorter secrets occur in other text by chance.
const MIN_LENGTH: usize = 8;

/// A format, and what its commands and secrets depend on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CopyRequest<'r> {
    pub format: &'static CopyFormat,
    /// Target of commands: a URL without a path.
    pub base: &'r str,
    /// Configured secrets, which a copy without signature must not contain.
    pub secrets: &'r [Secret],
    pub with_signature: bool,
}

/// A copy of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Copied(Bytes);

/// A copy for a destination that takes only text, such as a clipboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CopiedText {
    Plain(String),
    /// Of bytes that are not UTF-8.
    Base64(String),
}

/// Copies a delivery.
pub(crate) fn copy(
    delivery: &Delivery,
    providers: &[Arc<Provider>],
    request: &CopyRequest<'_>,
) -> Result<Copied, CopyError> {
    let CopyRequest { format, base, secrets, with_signature } = *request;
    let copied = format.write(&CopySource { delivery, providers, base, with_signature })?;
    let is_in_copy = |secret: &&Secret| {
        let text = secret.expose();
        text.len() >= MIN_LENGTH && memchr::memmem::find(&copied, text).is_some()
    };
    match secrets.iter().find(is_in_copy) {
        Some(secret) if !with_signature => {
            Err(CopyError::ContainsSecret { name: secret.name().to_owned() })
        }
        _ => Ok(Copied(copied)),
    }
}

impl Copied {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn into_text(self) -> CopiedText {
        Vec::from(self.0).into()
    }
}

impl From<Vec<u8>> for CopiedText {
    fn from(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::Plain(text),
            Err(error) => Self::Base64(STANDARD.encode(error.as_bytes())),
        }
    }
}
