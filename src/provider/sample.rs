//! Sample events, for testing before the provider sends any.
//!
//! Placeholders in the body and the headers are `{{event}}` (the event's id), `{{id}}` (a fresh
//! object id each time), `{{uuid}}`, `{{now}}` or `{{now-SECONDS}}` (Unix seconds), `{{ms}}` (Unix
//! milliseconds), and `{{iso}}` (RFC 3339).

use jiff::Timestamp;
use serde::Deserialize;

use super::template::{self, OldSpelling, Piece};

/// A sample event of a provider.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// The event type.
    #[serde(rename = "type")]
    pub kind: String,
    body: String,
    #[serde(default = "json")]
    pub content_type: String,
    /// Further headers, name and value.
    #[serde(default)]
    headers: Vec<[String; 2]>,
}

fn json() -> String {
    "application/json".to_owned()
}

/// Source of what differs between samples.
#[derive(Debug)]
pub struct Seed {
    pub now: Timestamp,
    pub random: fastrand::Rng,
}

impl Sample {
    /// Returns the body of a new event, with its ids and times filled in.
    pub fn body(&self, seed: &mut Seed) -> String {
        filled(&self.body, seed)
    }

    /// Returns the headers of a new event except those of its signature.
    pub fn headers(&self, seed: &mut Seed) -> Vec<(String, String)> {
        let fill = |[name, value]: &[String; 2]| (name.clone(), filled(value, seed));
        self.headers.iter().map(fill).collect()
    }
}

fn filled(template: &str, seed: &mut Seed) -> String {
    // A placeholder without an end is sent as it is.
    let Ok(pieces) = template::pieces(template, OldSpelling::At) else {
        return template.to_owned();
    };
    let mut out = String::with_capacity(template.len() + 64);
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Placeholder { name, .. } => out.push_str(&fill(name, seed)),
        }
    }
    out
}

fn fill(name: &str, seed: &mut Seed) -> String {
    let second = seed.now.as_second();
    match name {
        "event" | "id" => std::iter::repeat_with(|| seed.random.alphanumeric()).take(16).collect(),
        "uuid" => uuid(seed.random.u128(..)),
        "now" => second.to_string(),
        "ms" => seed.now.as_millisecond().to_string(),
        "iso" => format!("{:.3}", seed.now),
        _ => match name.strip_prefix("now-").and_then(|ago| ago.parse::<i64>().ok()) {
            Some(ago) => second.saturating_sub(ago).to_string(),
            None => name.to_owned(),
        },
    }
}

/// Returns a random UUID (RFC 9562, version 4).
fn uuid(random: u128) -> String {
    let version = random & !(0xf << 76) | 0x4 << 76;
    let digits = format!("{:032x}", version & !(0x3 << 62) | 0x2 << 62);
    let mut out = String::with_capacity(36);
    for (at, digit) in digits.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            out.push('-');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::{Head, Header};
    use crate::provider::{Provider, names};

    fn seed() -> Seed {
        Seed { now: Timestamp::UNIX_EPOCH, random: fastrand::Rng::with_seed(1) }
    }

    #[test]
    fn every_sample_is_an_event_of_its_type() {
        for provider in names().map(|name| Provider::named(name).unwrap()) {
            // Samples are bodies, and LINE Pay sends a query only.
            if provider.name == "line-pay" {
                continue;
            }
            assert!(!provider.samples.is_empty(), "{} has no sample", provider.name);
            let mut objects = 0;
            for sample in &provider.samples {
                let body = sample.body(&mut seed());
                let mut headers = vec![Header::new("Content-Type", sample.content_type.clone())];
                let own = sample.headers(&mut seed());
                headers.extend(own.into_iter().map(|(name, value)| Header::new(name, value)));
                let event = provider.event(&Head::build("POST", "/", &headers), body.as_bytes());
                assert!(!body.contains("{{") && !body.contains('@'), "left: {body}");
                let object = provider.object(&Head::build("POST", "/", &headers), body.as_bytes());
                objects += usize::from(object.is_some());
                if !provider.event.kind.is_empty() {
                    assert_eq!(event.event_type.as_ref(), Some(&sample.kind), "{}", provider.name);
                }
            }
            // Its samples identify no single object; its other events do.
            let tells = !provider.event.object.is_empty() && provider.name != "github-sha1";
            assert_eq!(objects > 0, tells, "{}", provider.name);
        }
        assert_eq!(Provider::named("cribbly").unwrap().samples.len(), 15);
    }

    #[test]
    fn at_signs_around_a_name_still_work() {
        assert_eq!(filled("@now-60@ @ms@ a@b.example", &mut seed()), "-60 0 a@b.example");
    }

    #[test]
    fn no_two_events_share_an_id() {
        let cribbly = Provider::named("cribbly").unwrap();
        let mut seed = seed();
        let sample = cribbly.sample("message.created").unwrap();
        assert_ne!(sample.body(&mut seed), sample.body(&mut seed));
    }

    #[test]
    fn a_uuid_has_version_4() {
        assert_eq!(uuid(0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(uuid(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
