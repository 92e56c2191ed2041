//! Providers as data: how a service signs and names its events, and samples of these.
//!
//! A provider is a file in `assets/providers`; nothing here computes a signature.

mod sample;
mod scheme;
mod template;

use serde::Deserialize;

use crate::delivery::{EventRef, Head};
use crate::payload::pointer;

pub use sample::{SAMPLES, Sample, Seed};
pub use scheme::{Algorithm, Clock, Encoding, Place, Scheme, SecretForm, Unit};
pub use template::{Part, Template};

/// A service that sends webhooks.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// The name used on the command line; taken from the file's name.
    #[serde(skip)]
    pub name: String,
    /// The name as the service writes it.
    pub title: String,
    /// The environment variable that is read when no other secret is given.
    pub secret_env: String,
    pub scheme: Scheme,
    event: EventPlaces,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventPlaces {
    #[serde(rename = "type")]
    kind: Option<Place>,
    id: Option<Place>,
}

/// Why a provider cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    #[error("there is no provider `{name}`; known are: {known}")]
    Unknown { name: String, known: String },
    #[error("the provider file of `{name}` is damaged: {source}")]
    Damaged { name: String, source: Box<toml::de::Error> },
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../assets/providers/", $name, ".toml")))),*]
    };
}

/// The files of the providers that come with the program.
const FILES: &[(&str, &str)] = files![
    "cribbly",
    "adyen",
    "asana",
    "bitbucket",
    "box",
    "calendly",
    "circleci",
    "clerk",
    "clickup",
    "coinbase-commerce",
    "cursor",
    "discord",
    "docusign",
    "dropbox",
    "easypost",
    "elevenlabs",
    "figma",
    "gitea",
    "github",
    "github-sha1",
    "gitlab",
    "gitlab-signing",
    "gocardless",
    "gogs",
    "hubspot",
    "intercom",
    "jira",
    "katana",
    "lemonsqueezy",
    "line",
    "linear",
    "logto",
    "mailgun",
    "meta",
    "notion",
    "okta",
    "openai",
    "paddle",
    "pagerduty",
    "razorpay",
    "replicate",
    "resend",
    "rootly",
    "sendgrid",
    "sentry",
    "shopify",
    "slack",
    "square",
    "standard-webhooks",
    "standard-webhooks-v1a",
    "stripe",
    "surge",
    "svix",
    "tiktok",
    "twilio",
    "twilio-sharedkey",
    "twitch",
    "typeform",
    "vercel",
    "webflow",
    "woocommerce",
    "workos",
    "zendesk",
    "zoho-payments",
    "zoom",
];

/// The names of the providers that come with the program.
pub fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}

impl Provider {
    /// A provider that comes with the program, by the name of its file.
    pub fn named(name: &str) -> Result<Self, ProviderError> {
        let file = FILES.iter().find(|(known, _)| *known == name);
        let (_, text) = file.ok_or_else(|| ProviderError::Unknown {
            name: name.to_owned(),
            known: names().collect::<Vec<_>>().join(", "),
        })?;
        let parsed: Result<Self, toml::de::Error> = toml::from_str(text);
        let mut provider = parsed.map_err(|source| ProviderError::Damaged {
            name: name.to_owned(),
            source: Box::new(source),
        })?;
        name.clone_into(&mut provider.name);
        Ok(provider)
    }

    /// The event id and type of a delivery, where it has them.
    pub fn event(&self, head: &Head, body: &[u8]) -> EventRef {
        let find = |place: &Option<Place>| match place.as_ref()? {
            Place::Header(name) => {
                let value = head.joined(name)?;
                Some(crate::delivery::header_text(&value).into_owned())
            }
            Place::Json(path) => pointer::lookup(body, path),
            Place::Pair(_) => None,
        };
        EventRef { id: find(&self.event.id), kind: find(&self.event.kind) }
    }

    /// The names of the headers that carry the signature; what is shared leaves them out.
    pub fn signature_headers(&self) -> Vec<&str> {
        self.scheme.signature_headers().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::Header;

    #[test]
    fn every_file_parses() {
        for (name, _) in FILES {
            assert_eq!(Provider::named(name).unwrap().name, *name);
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let error = Provider::named("crribbly").unwrap_err().to_string();
        assert!(error.contains("`crribbly`") && error.contains("cribbly"), "{error}");
    }

    #[test]
    fn finds_id_and_type() {
        let cribbly = Provider::named("cribbly").unwrap();
        let head = Head::build("POST", "/", &[Header::new("Host", "h")]);
        let event = cribbly.event(&head, br#"{"id":"a1","type":"group.created","payload":{}}"#);
        assert_eq!(event.id.as_deref(), Some("a1"));
        assert_eq!(event.kind.as_deref(), Some("group.created"));
        assert_eq!(cribbly.event(&head, b"not json"), EventRef::default());
    }
}
