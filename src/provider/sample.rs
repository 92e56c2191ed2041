//! Sample events, for trying things out before the provider calls.
//!
//! A sample file is a body with places to fill in: `@event@` (the event's id), `@id@` (a fresh
//! object id each time) and `@now@` or `@now-SECONDS@` (Unix seconds).

use std::borrow::Cow;

use jiff::Timestamp;

/// A sample event of a provider.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    pub provider: &'static str,
    /// The event type.
    pub kind: &'static str,
    template: &'static str,
}

/// What makes one sample differ from the next.
#[derive(Debug)]
pub struct Seed {
    pub now: Timestamp,
    pub random: fastrand::Rng,
}

macro_rules! cribbly {
    ($($kind:literal),* $(,)?) => {
        &[$(Sample {
            provider: "cribbly",
            kind: $kind,
            template: include_str!(concat!("../../assets/samples/cribbly/", $kind, ".json")),
        }),*]
    };
}

/// Every sample that comes with the program, in the order of a plausible conversation.
pub const SAMPLES: &[Sample] = cribbly![
    "contact.created",
    "conversation.created",
    "message.created",
    "attachment.created",
    "message.updated",
    "contact.updated",
    "group.created",
    "group.updated",
    "conversation.updated",
    "attachment.updated",
    "attachment.deleted",
    "message.deleted",
    "group.deleted",
    "conversation.deleted",
    "contact.deleted",
];

impl Sample {
    pub fn of(provider: &str) -> impl Iterator<Item = &'static Self> {
        SAMPLES.iter().filter(move |sample| sample.provider == provider)
    }

    pub fn named(provider: &str, kind: &str) -> Option<&'static Self> {
        Self::of(provider).find(|sample| sample.kind == kind)
    }

    /// The body of a new event, its ids and times filled in.
    pub fn body(&self, seed: &mut Seed) -> String {
        let mut out = String::with_capacity(self.template.len() + 64);
        // Every other piece stands between two `@`; a sample's own text holds none.
        for (at, piece) in self.template.split('@').enumerate() {
            out.push_str(&if at % 2 == 1 { fill(piece, seed) } else { Cow::Borrowed(piece) });
        }
        out
    }
}

fn fill<'p>(place: &'p str, seed: &mut Seed) -> Cow<'p, str> {
    match place {
        "event" | "id" => {
            Cow::Owned(std::iter::repeat_with(|| seed.random.alphanumeric()).take(16).collect())
        }
        "now" => Cow::Owned(seed.now.as_second().to_string()),
        _ => match place.strip_prefix("now-").and_then(|ago| ago.parse::<i64>().ok()) {
            Some(ago) => Cow::Owned((seed.now.as_second() - ago).to_string()),
            None => Cow::Borrowed(place),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::pointer::lookup;

    #[test]
    fn every_sample_is_an_event_of_its_type() {
        let mut seed = Seed { now: Timestamp::UNIX_EPOCH, random: fastrand::Rng::with_seed(1) };
        for sample in SAMPLES {
            let body = sample.body(&mut seed);
            let at = |path| lookup(body.as_bytes(), path);
            assert_eq!(at("/type").as_deref(), Some(sample.kind));
            assert_eq!(at("/id").map(|id| id.len()), Some(16), "{body}");
            assert_eq!(at("/payload/id").map(|id| id.len()), Some(16), "{body}");
            assert!(!body.contains('@'), "a place was left: {body}");
        }
        assert_eq!(Sample::of("cribbly").count(), 15);
    }

    #[test]
    fn no_two_events_share_an_id() {
        let mut seed = Seed { now: Timestamp::UNIX_EPOCH, random: fastrand::Rng::with_seed(1) };
        let sample = Sample::named("cribbly", "message.created").unwrap();
        assert_ne!(sample.body(&mut seed), sample.body(&mut seed));
    }
}
