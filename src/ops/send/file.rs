//! Files that are sent as events of a provider.

use std::path::Path;

use super::DraftEvent;
use crate::delivery::{Head, Header};
use crate::provider::{Provider, Sample, Seed};

/// A body to send, and what is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEvent {
    pub body: Vec<u8>,
    pub content_type: String,
    /// Event type, for providers that name it in a header.
    pub kind: Option<String>,
}

impl FileEvent {
    /// Creates an event from the bytes of a file. Its content type is that of its ending or its
    /// content, and its event type a sample's type with the name of the file.
    pub fn new(body: Vec<u8>, path: &Path, provider: &Provider) -> Self {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let kind = provider.sample(stem).map(|sample| sample.kind.clone());
        Self { content_type: content_type(&body, path, provider), kind, body }
    }

    /// Returns the request without a signature, with the headers that the provider sends.
    pub(super) fn draft(&self, provider: &Provider, mut seed: Seed) -> DraftEvent {
        DraftEvent {
            body: self.body.clone(),
            content_type: self.content_type.clone(),
            headers: self.headers(provider, &mut seed),
        }
    }

    /// Returns the header that names the event type, if the provider uses one and the type is not
    /// known.
    pub fn missing_type(&self, provider: &Provider) -> Option<String> {
        if self.kind.is_some() {
            return None;
        }
        type_header(provider, provider.samples.first()?)
    }

    /// Returns the headers of a sample, with the type of this event.
    fn headers(&self, provider: &Provider, seed: &mut Seed) -> Vec<Header> {
        let same = self.kind.as_deref().and_then(|kind| provider.sample(kind));
        let Some(sample) = same.or(provider.samples.first()) else { return Vec::new() };
        let mut headers = own_headers(sample, seed);
        if same.is_some() {
            return headers;
        }
        let Some(name) = type_header(provider, sample) else { return headers };
        let Some(kind) = &self.kind else {
            headers.retain(|header| !header.is(&name));
            return headers;
        };
        // Some providers name a part of the type in the header, and the rest in the body.
        let part = kind.split('.').next().unwrap_or(kind);
        let values = [kind.as_str(), part].map(|value| {
            let mut headers = headers.clone();
            for header in headers.iter_mut().filter(|header| header.is(&name)) {
                header.value = value.to_owned().into();
            }
            headers
        });
        let [whole, part] = values;
        let is_right = event_type(provider, &whole, &self.body).is_some_and(|found| found == *kind);
        if is_right || event_type(provider, &part, &self.body).is_none_or(|found| found != *kind) {
            whole
        } else {
            part
        }
    }
}

fn own_headers(sample: &Sample, seed: &mut Seed) -> Vec<Header> {
    let headers = sample.headers(seed).into_iter();
    headers.map(|(name, value)| Header::new(name, value)).collect()
}

fn event_type(provider: &Provider, headers: &[Header], body: &[u8]) -> Option<String> {
    provider.event(&Head::build("POST", "/", headers), body).event_type
}

/// Returns the header of a sample without which its event has another type or none.
fn type_header(provider: &Provider, sample: &Sample) -> Option<String> {
    let mut seed = Seed { now: jiff::Timestamp::UNIX_EPOCH, random: fastrand::Rng::with_seed(1) };
    let body = sample.body(&mut seed).into_bytes();
    let headers = own_headers(sample, &mut seed);
    let whole = event_type(provider, &headers, &body);
    let decides = |header: &&Header| {
        let mut others = headers.clone();
        others.retain(|other| !other.is(&header.name));
        event_type(provider, &others, &body) != whole
    };
    headers.iter().find(decides).map(|header| header.name.clone())
}

/// Guesses the content type by the ending of the file, else by the content.
fn content_type(body: &[u8], path: &Path, provider: &Provider) -> String {
    if let Some(kind) = mime_guess::from_path(path).first() {
        // Forms have no ending of their own.
        if kind.type_() != "text" || kind.subtype() != "plain" {
            return kind.to_string();
        }
    }
    let Ok(text) = std::str::from_utf8(body) else { return "application/octet-stream".to_owned() };
    let form = "application/x-www-form-urlencoded";
    let is_form = || {
        let line = text.trim_end();
        line.contains('=') && !line.contains(char::is_whitespace)
    };
    let sends_forms = provider.samples.iter().any(|sample| sample.content_type == form);
    if text.trim().is_empty() || serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
        "application/json".to_owned()
    } else if text.trim_start().starts_with('<') {
        "application/xml".to_owned()
    } else if is_form() || (sends_forms && text.contains('=')) {
        form.to_owned()
    } else {
        "text/plain; charset=utf-8".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed() -> Seed {
        Seed { now: jiff::Timestamp::UNIX_EPOCH, random: fastrand::Rng::with_seed(7) }
    }

    fn sent(provider: &str, kind: Option<&str>, body: &str) -> Vec<(String, String)> {
        let provider = Provider::named(provider).unwrap();
        let mut file = FileEvent::new(body.into(), Path::new("event.json"), &provider);
        file.kind = kind.map(ToOwned::to_owned);
        let headers = file.draft(&provider, seed()).headers.into_iter();
        headers.map(|header| (header.name.clone(), header.text().into_owned())).collect()
    }

    fn event_header(kind: Option<&str>, body: &str) -> Option<String> {
        let headers = sent("github", kind, body);
        headers.into_iter().find(|(name, _)| name == "X-GitHub-Event").map(|(_, value)| value)
    }

    #[test]
    fn the_type_is_in_the_providers_header() {
        assert_eq!(event_header(Some("push"), "{}").as_deref(), Some("push"));
        assert_eq!(event_header(Some("star"), "{}").as_deref(), Some("star"));
        let created = r#"{"action":"created"}"#;
        assert_eq!(event_header(Some("star.created"), created).as_deref(), Some("star"));
        assert_eq!(event_header(None, "{}"), None);
    }

    #[test]
    fn every_file_has_a_delivery_id_of_its_own() {
        assert!(sent("github", None, "{}").iter().any(|(name, _)| name == "X-GitHub-Delivery"));
    }

    #[test]
    fn a_missing_type_is_reported_for_providers_with_a_header() {
        for (provider, expected) in [("github", Some("X-GitHub-Event")), ("stripe", None)] {
            let provider = Provider::named(provider).unwrap();
            let file = FileEvent::new(b"{}".to_vec(), Path::new("-"), &provider);
            assert_eq!(file.missing_type(&provider).as_deref(), expected);
        }
    }

    #[test]
    fn the_name_of_a_file_may_be_a_type() {
        let github = Provider::named("github").unwrap();
        let file = FileEvent::new(b"{}".to_vec(), Path::new("a/push.json"), &github);
        assert_eq!(file.kind.as_deref(), Some("push"));
    }

    #[test]
    fn the_content_type_follows_the_file() {
        let twilio = Provider::named("twilio").unwrap();
        for (path, body, expected) in [
            ("a.json", &b"x"[..], "application/json"),
            ("a.png", b"\x89PNG", "image/png"),
            ("a.xml", b"<a/>", "text/xml"),
            ("-", b" {\"a\":1}\n", "application/json"),
            ("-", b"", "application/json"),
            ("a.form", b"a=1&b=2\n", "application/x-www-form-urlencoded"),
            ("a.txt", b"a=1 2", "application/x-www-form-urlencoded"),
            ("-", b"<a b='c'/>", "application/xml"),
            ("-", b"<a/>", "application/xml"),
            ("-", b"hello", "text/plain; charset=utf-8"),
            ("a", b"\xff", "application/octet-stream"),
        ] {
            assert_eq!(content_type(body, Path::new(path), &twilio), expected, "{path} {body:?}");
        }
    }
}
