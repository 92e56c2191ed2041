//! Entry under `[providers.NAME]`: a custom provider, or the location of a built-in provider's
//! secrets.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

use super::event::EventPlaces;
use super::{
    ExpectedResponse, Handshake, Provider, ProviderMistake, Sample, SchemeCondition, Schemes,
};

/// Name that means all providers.
pub(super) const AUTO: &str = "auto";

/// An entry of the configuration.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomProvider {
    title: Option<String>,
    /// Environment variables, current secret first.
    #[serde(default, deserialize_with = "one_or_more")]
    pub secret_env: Vec<String>,
    /// Files, relative to the configuration.
    #[serde(default, deserialize_with = "one_or_more")]
    pub secret_file: Vec<PathBuf>,
    secret_starts: Option<String>,
    #[serde(default, alias = "known_by")]
    detect_headers: Vec<String>,
    user_agent: Option<String>,
    #[serde(default)]
    detect_fields: Vec<SchemeCondition>,
    #[serde(default)]
    shared_header: bool,
    docs: Option<String>,
    #[serde(alias = "same_as")]
    alias_of: Option<String>,
    weaker_than: Option<String>,
    scheme: Option<Schemes>,
    event: Option<EventPlaces>,
    #[serde(default)]
    handshake: Vec<Handshake>,
    response: Option<ExpectedResponse>,
    #[serde(default)]
    sample: Vec<Sample>,
}

/// Deserializes one value or an array of values.
pub fn one_or_more<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a text, or an array of texts")]
    enum Either<T> {
        One(T),
        More(Vec<T>),
    }
    Ok(match Either::deserialize(deserializer)? {
        Either::One(one) => vec![one],
        Either::More(more) => more,
    })
}

impl CustomProvider {
    /// Returns the described provider; `None` if the entry has only the secrets of a built-in one.
    pub fn provider(self, name: &str) -> Result<Option<Provider>, ProviderMistake> {
        let Some(scheme) = self.scheme else {
            let more = self.title.is_some()
                || self.secret_starts.is_some()
                || self.alias_of.is_some()
                || self.event.is_some()
                || !self.detect_headers.is_empty()
                || !self.handshake.is_empty()
                || self.response.is_some()
                || !self.sample.is_empty();
            let known = super::names().any(|one| one == name);
            return match (known, more) {
                (true, false) => Ok(None),
                (true, true) => Err(ProviderMistake::BuiltIn { name: name.to_owned() }),
                (false, _) => Err(ProviderMistake::NoScheme { name: name.to_owned() }),
            };
        };
        let provider = Provider {
            name: name.to_owned(),
            title: self.title.unwrap_or_else(|| name.to_owned()),
            secret_env: self.secret_env.first().cloned().unwrap_or_else(|| variable(name)),
            secret_starts: self.secret_starts,
            docs: self.docs,
            detect_headers: self.detect_headers,
            user_agent: self.user_agent,
            detect_fields: self.detect_fields,
            shared_header: self.shared_header,
            weaker_than: self.weaker_than,
            alias_of: self.alias_of,
            scheme,
            event: self.event.unwrap_or_default(),
            handshakes: self.handshake,
            response: self.response.unwrap_or_default(),
            samples: self.sample,
        };
        if name == AUTO || name.contains(|letter: char| letter.is_whitespace() || letter == ',') {
            return Err(ProviderMistake::Name { name: name.to_owned() });
        }
        provider.check()?;
        provider.check_samples()?;
        Ok(Some(provider))
    }
}

/// Returns the default variable of a provider: `MY_SHOP_WEBHOOK_SECRET` for `my-shop`.
fn variable(name: &str) -> String {
    let letter = |letter: char| {
        if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' }
    };
    format!("{}_WEBHOOK_SECRET", name.chars().map(letter).collect::<String>())
}
