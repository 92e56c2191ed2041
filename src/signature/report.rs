//! What there is to see of a delivery's signature, made ready for people.

use jiff::Timestamp;

use super::signed_payload::{Subject, signed_payload};
use super::verifier::{Credentials, Verifier};
use super::verify::{told_url, values};
use crate::delivery::{Delivery, SignatureStatus, header_text};
use crate::payload::reserialize::{self, JsonLibrary};
use crate::payload::{around, visible_bytes};
use crate::provider::ValueLocation;

/// Bytes of the signed content that are shown from each end.
const ENDS: usize = 96;

/// Bytes that are shown on either side of what a framework would change.
const AROUND: usize = 12;

/// Bodies up to this many bytes are written again in every language.
const REWRITTEN: usize = 1 << 20;

/// A signature, what it was made of and how, as far as the delivery and the scheme tell.
#[derive(Debug, Clone)]
pub struct Report {
    /// The provider as it writes its name.
    pub provider: String,
    /// The scheme in words.
    pub scheme: String,
    /// What is signed, in words.
    pub signed: String,
    /// Every place that the scheme reads, and what stood there.
    pub places: Vec<ReceivedSignature>,
    pub content: Option<Ends>,
    /// Whether the time of signing is told, so that an old delivery can be known as such.
    pub signs_time: bool,
    pub covers_body: bool,
    /// Names of the secrets, the current one first.
    pub secrets: Vec<String>,
    /// The variable to set where no secret is configured.
    pub secret_env: String,
    /// Frameworks that would break this signature.
    pub breaks: Vec<RewriteRisk>,
}

/// A place and what stood there, as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedSignature {
    pub place: String,
    pub value: Option<String>,
    /// Whether it is a header.
    pub is_header: bool,
}

/// The signed content, by its ends; what nobody sees is escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ends {
    /// In bytes.
    pub size: usize,
    pub start: String,
    /// Nothing where the start is all of it.
    pub end: Option<String>,
}

/// A language whose usual JSON library would not give the signed bytes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RewriteRisk {
    pub language: JsonLibrary,
    /// The first byte that would change, counted from zero.
    pub offset: usize,
    /// What stands there, as a phrase.
    pub what: &'static str,
    /// The bytes around it.
    pub shown: String,
}

impl Verifier {
    /// Looks at a kept delivery; nothing if its provider is not known.
    pub fn examine(&self, delivery: &Delivery) -> Option<Report> {
        let url = self.url(&delivery.head);
        let subject = Subject { head: &delivery.head, body: &delivery.body, url: url.as_deref() };
        let summary = &delivery.summary;
        self.look(
            &summary.provider,
            &subject,
            (summary.signature.status, summary.request.received_at),
        )
    }

    fn look(
        &self,
        provider: &str,
        subject: &Subject<'_>,
        (status, at): (SignatureStatus, Timestamp),
    ) -> Option<Report> {
        let credentials = self.known(provider)?;
        let scheme = &credentials.provider.scheme;
        let told = told_url(scheme, &credentials.secrets, subject, at);
        let subject = &Subject { url: subject.url.or(told.as_deref()), ..*subject };
        let value = values(scheme, subject).ok().and_then(|values| values.into_iter().next());
        let value = value.unwrap_or_default();
        let checked = status == SignatureStatus::Verified && scheme.covers_body;
        Some(Report {
            provider: credentials.provider.title.clone(),
            scheme: scheme.to_string(),
            signed: scheme.signed.to_string(),
            places: places(&credentials, subject, &value),
            content: signed_payload(scheme, subject, &value).ok().map(|content| ends(&content)),
            signs_time: scheme.timestamp.is_some(),
            covers_body: scheme.covers_body,
            secrets: credentials.secrets.iter().map(|secret| secret.name().to_owned()).collect(),
            secret_env: credentials.provider.secret_env.clone(),
            breaks: if checked { breaks(subject.body) } else { Vec::new() },
        })
    }
}

/// What stands where the scheme looks: signature, time, id.
fn places(credentials: &Credentials, subject: &Subject<'_>, value: &str) -> Vec<ReceivedSignature> {
    let scheme = &credentials.provider.scheme;
    let clock = scheme.timestamp.as_ref().map(|clock| &clock.from);
    let mut out: Vec<ReceivedSignature> = Vec::new();
    for place in scheme.signature.iter().chain(clock).chain(scheme.id.as_ref()) {
        let is_header = matches!(place, ValueLocation::Header(_));
        let value = match place {
            // As it came, not as it is trimmed for verifying.
            ValueLocation::Header(name) => {
                let alias = || subject.head.joined(&scheme.alias(name)?);
                let found = subject.head.joined(name).or_else(alias);
                found.map(|value| header_text(&value).into_owned())
            }
            ValueLocation::Json(_) | ValueLocation::Form(_) | ValueLocation::Pair(_) => {
                subject.at(scheme, place, value)
            }
        };
        let seen = ReceivedSignature { place: place.to_string(), value, is_header };
        if !out.contains(&seen) {
            out.push(seen);
        }
    }
    out
}

fn ends(content: &[u8]) -> Ends {
    let size = content.len();
    if size <= 2 * ENDS {
        return Ends { size, start: visible_bytes(content), end: None };
    }
    let (start, rest) = content.split_at(ENDS);
    let end = rest.split_at(rest.len() - ENDS).1;
    Ends { size, start: visible_bytes(start), end: Some(visible_bytes(end)) }
}

fn breaks(body: &[u8]) -> Vec<RewriteRisk> {
    if body.len() > REWRITTEN {
        return Vec::new();
    }
    let of = |language| {
        let reserialize::ReserializationChange { offset, what } =
            reserialize::change(language, body)?;
        Some(RewriteRisk { language, offset, what, shown: around(body, offset, AROUND) })
    };
    JsonLibrary::ALL.into_iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::{Head, Header};
    use crate::provider::Provider;
    use crate::secret::Secret;

    #[test]
    fn shows_what_the_scheme_reads_and_what_it_signs() {
        let provider = Provider::named("slack").unwrap();
        let verifier =
            Verifier::new(vec![Credentials { provider, secrets: vec![Secret::new("S", "test")] }]);
        let headers = [Header::new("X-Slack-Request-Timestamp", "1531420618")];
        let head = Head::build("POST", "/", &headers);
        let subject = Subject::new(&head, b"{\"a\": \xff1.0}\r\n");
        let status = (SignatureStatus::Missing, Timestamp::UNIX_EPOCH);
        let seen = verifier.look("slack", &subject, status).unwrap();
        assert_eq!(seen.content.unwrap().start, "v0:1531420618:{\"a\": \\xff1.0}\\r\\n");
        assert_eq!(seen.places[0].value, None);
        assert_eq!(seen.places[1].value.as_deref(), Some("1531420618"));
        assert_eq!(seen.secrets, ["S"]);
        assert!(verifier.look("github", &subject, status).unwrap().secrets.is_empty());
        assert!(verifier.look("nobody", &subject, status).is_none());
    }

    #[test]
    fn only_a_verified_body_is_written_again() {
        let verifier = Verifier::new(Vec::new());
        let head = Head::build("POST", "/", &[]);
        let subject = Subject::new(&head, br#"{"url":"a\/b","n":1.0}"#);
        let breaks = |status| {
            verifier.look("cribbly", &subject, (status, Timestamp::UNIX_EPOCH)).unwrap().breaks
        };
        assert!(breaks(SignatureStatus::Mismatch).is_empty());
        let found = breaks(SignatureStatus::Verified);
        assert_eq!(found[0].language, JsonLibrary::JavaScript);
        assert_eq!(found[0].offset, 9);
    }
}
