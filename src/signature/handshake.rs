//! Responds to the requests with which providers verify a URL.

use bytes::Bytes;

use super::{Verifier, digest, secret_key};
use crate::delivery::{EventRef, Explanation, Head, Header};
use crate::provider::{Algorithm, Digest, Filling, Handshake};
use crate::secret::Secret;

use super::verifier::Credentials;

/// Tokens that users choose for handshakes.
#[derive(Debug, Clone, Default)]
pub struct Handshakes {
    /// Each named after its variable.
    tokens: Vec<Secret>,
}

/// A recognized handshake and its response.
#[derive(Debug, Clone)]
pub struct Greeting<'v> {
    pub credentials: &'v Credentials,
    /// The event type shown for it.
    pub kind: String,
    pub status: u16,
    pub headers: Vec<Header>,
    pub body: Bytes,
    /// What happened and what the user should do.
    pub explanation: Explanation,
}

impl Handshakes {
    /// Creates it from tokens, each named after its variable.
    pub fn new(tokens: Vec<Secret>) -> Self {
        Self { tokens }
    }

    /// Recognizes a handshake of one of the verifier's providers.
    pub fn greet<'v>(
        &self,
        verifier: &'v Verifier,
        head: &Head,
        body: &[u8],
    ) -> Option<Greeting<'v>> {
        let nothing = EventRef::default();
        verifier.candidates().iter().find_map(|credentials| {
            let provider = &credentials.provider;
            let hmac = |text: &str| hmac(credentials, text);
            let filling = Filling {
                head,
                body,
                event: &nothing,
                provider: &provider.name,
                number: None,
                hmac: Some(Digest(&hmac)),
            };
            let handshake = provider.handshakes.iter().find(|one| one.is(&filling))?;
            Some(self.respond(credentials, handshake, &filling))
        })
    }

    fn respond<'v>(
        &self,
        credentials: &'v Credentials,
        handshake: &Handshake,
        filling: &Filling<'_>,
    ) -> Greeting<'v> {
        let title = &credentials.provider.title;
        let refused = |status: u16, why: String| Greeting {
            credentials,
            kind: handshake.kind.clone(),
            status,
            headers: vec![Header::new("Content-Type", "text/plain; charset=utf-8")],
            body: format!("{why}\n").into(),
            explanation: why.into(),
        };
        if let Some(token) = &handshake.token
            && let Some(chosen) = self.tokens.iter().find(|one| one.name() == token.env)
            && !token
                .from
                .0
                .find(filling)
                .is_some_and(|received| digest::equal(received.as_bytes(), chosen.expose()))
        {
            return refused(
                403,
                format!("a handshake of {title} with another token than {}", token.env),
            );
        }
        if handshake.wants_secret() && credentials.secrets.is_empty() {
            let variable = &credentials.provider.secret_env;
            return refused(
                503,
                format!(
                    "a handshake of {title} that only its secret can answer; set {variable} and start again"
                ),
            );
        }
        let content_type = handshake.content_type.iter();
        let content_type = content_type.map(|kind| Header::new("Content-Type", kind.clone()));
        let headers = handshake.headers.iter();
        let headers = headers.map(|(name, value)| Header::new(name.clone(), value.fill(filling)));
        let explanation = Explanation {
            sentence: format!("a handshake of {title}, answered as it wants"),
            evidence: handshake.tell.iter().cloned().collect(),
            ..Explanation::default()
        };
        Greeting {
            credentials,
            kind: handshake.kind.clone(),
            status: handshake.status,
            headers: content_type.chain(headers).collect(),
            body: handshake.body.fill(filling).into(),
            explanation,
        }
    }
}

/// Returns the digest of a token under the current secret. Only for texts that look like tokens: a
/// client that can get the digest of any text could sign deliveries.
fn hmac(credentials: &Credentials, text: &str) -> Option<String> {
    let is_token = (1..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_+/=".contains(&byte));
    if !is_token {
        return None;
    }
    let secret = credentials.secrets.first()?;
    let key = secret_key::key(&credentials.provider.scheme, secret)?;
    Some(hex::encode(digest::compute(Algorithm::HmacSha256, &key, text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{Provider, Seed};

    const TOKEN: &str = "test-token-not-real";

    /// Status, headers, body, event type, and explanation.
    type Response = (u16, Vec<String>, String, String, String);

    fn greet(provider: &str, secret: Option<&str>, head: &str, body: &str) -> Option<Response> {
        let secrets = secret.map(|secret| Secret::new("TEST", secret)).into_iter().collect();
        let credentials = Credentials { provider: Provider::named(provider).unwrap(), secrets };
        let verifier = Verifier::new(vec![credentials]);
        let handshakes = Handshakes::new(vec![Secret::new("META_VERIFY_TOKEN", TOKEN)]);
        let head = Head::parse(Bytes::from(format!("{head}\r\nHost: h\r\n\r\n"))).unwrap();
        let found = handshakes.greet(&verifier, &head, body.as_bytes())?;
        let header = |header: &Header| format!("{}: {}", header.name, header.text());
        let body = String::from_utf8(found.body.to_vec()).unwrap();
        let headers = found.headers.iter().map(header).collect();
        Some((found.status, headers, body, found.kind, found.explanation.to_string()))
    }

    const TEXT: &str = "Content-Type: text/plain; charset=utf-8";
    const JSON: &str = "Content-Type: application/json";

    /// Provider, head, body; headers and body of the response, and the event type shown.
    type Case = (
        &'static str,
        &'static str,
        &'static str,
        &'static [&'static str],
        &'static str,
        &'static str,
    );

    /// As in each provider's documentation.
    const CASES: [Case; 7] = [
        (
            "slack",
            "POST /slack HTTP/1.1",
            r#"{"token":"t","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}"#,
            &[TEXT],
            "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P",
            "url_verification",
        ),
        (
            "meta",
            "GET /meta?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=test-token-not-real HTTP/1.1",
            "",
            &[TEXT],
            "1158201444",
            "hub.challenge",
        ),
        (
            "asana",
            "POST / HTTP/1.1\r\nX-Hook-Secret: b537207f20cbfa02357cf448134da559e8bd39d61597dcd5631b8012eae53e81",
            "{}",
            &["X-Hook-Secret: b537207f20cbfa02357cf448134da559e8bd39d61597dcd5631b8012eae53e81"],
            "",
            "X-Hook-Secret",
        ),
        (
            "twitch",
            "POST / HTTP/1.1\r\nTwitch-Eventsub-Message-Type: webhook_callback_verification",
            r#"{"challenge":"pogchamp-kappa-360noscope-vohiyo","subscription":{"status":"webhook_callback_verification_pending"}}"#,
            &[TEXT],
            "pogchamp-kappa-360noscope-vohiyo",
            "webhook_callback_verification",
        ),
        (
            "dropbox",
            "GET /webhook?challenge=abc%20123 HTTP/1.1",
            "",
            &[TEXT, "X-Content-Type-Options: nosniff"],
            "abc 123",
            "challenge",
        ),
        (
            "notion",
            "POST / HTTP/1.1",
            r#"{"verification_token":"secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl"}"#,
            &[],
            "",
            "verification_token",
        ),
        (
            "okta",
            "GET /okta HTTP/1.1\r\nX-Okta-Verification-Challenge: Xa1\"x",
            "",
            &[JSON],
            "{\"verification\":\"Xa1\\\"x\"}",
            "verification",
        ),
    ];

    #[test]
    fn responds_as_each_provider_requires() {
        for (provider, head, body, headers, answer, kind) in CASES {
            let (status, said, received, listed, _) =
                greet(provider, None, head, body).expect(provider);
            assert_eq!(
                (status, received.as_str(), listed.as_str()),
                (200, answer, kind),
                "{provider}"
            );
            assert_eq!(said, headers, "{provider}");
        }
    }

    #[test]
    fn digests_only_tokens_for_zoom() {
        let head = "POST / HTTP/1.1";
        let request = |token: &str| {
            format!(
                r#"{{"event":"endpoint.url_validation","payload":{{"plainToken":"{token}"}},"event_ts":1}}"#
            )
        };
        let plain = "qgg8vlvZRS6UYooatFL8Aw";
        let (status, _, body, kind, _) =
            greet("zoom", Some("test-key"), head, &request(plain)).unwrap();
        assert_eq!((status, kind.as_str()), (200, "endpoint.url_validation"));
        // printf qgg8vlvZRS6UYooatFL8Aw | openssl dgst -sha256 -hmac test-key
        assert_eq!(
            body,
            format!(
                r#"{{"plainToken":"{plain}","encryptedToken":"749129b99866a1dd2225206c26ee586637ae8a95c6cc4926211173e413cfd919"}}"#
            )
        );
        // Zoom's signed payloads begin like this; a digest would be a signature.
        let (_, _, body, ..) = greet("zoom", Some("test-key"), head, &request("v0:1:{}")).unwrap();
        assert_eq!(body, r#"{"plainToken":"v0:1:{}","encryptedToken":""}"#);
        let (status, _, body, ..) = greet("zoom", None, head, &request(plain)).unwrap();
        assert!(status == 503 && body.contains("ZOOM_WEBHOOK_SECRET_TOKEN"), "{body}");
    }

    #[test]
    fn refuses_other_tokens_and_ignores_events() {
        let head = "GET /?hub.mode=subscribe&hub.challenge=1&hub.verify_token=guess HTTP/1.1";
        let (status, _, body, ..) = greet("meta", None, head, "").unwrap();
        assert!(status == 403 && body.contains("META_VERIFY_TOKEN"), "{body}");
        assert!(!body.contains(TOKEN));
        let random = fastrand::Rng::with_seed(1);
        let mut seed = Seed { now: jiff::Timestamp::UNIX_EPOCH, random };
        for provider in ["slack", "zoom", "meta", "asana", "twitch", "dropbox", "notion", "okta"] {
            for sample in &Provider::named(provider).unwrap().samples {
                assert!(
                    greet(provider, None, "POST / HTTP/1.1", &sample.body(&mut seed)).is_none(),
                    "{provider}"
                );
            }
            assert!(greet(provider, None, "GET / HTTP/1.1", "").is_none(), "{provider}");
        }
    }

    #[test]
    fn explains_where_the_secret_is_without_printing_it() {
        let head = "POST / HTTP/1.1\r\nX-Hook-Secret: test-hush";
        let (.., explanation) = greet("asana", None, head, "").unwrap();
        assert!(
            explanation.contains("ASANA_HOOK_SECRET") && !explanation.contains("hush"),
            "{explanation}"
        );
        let body = r#"{"verification_token":"test-hush"}"#;
        let (.., explanation) = greet("notion", None, "POST / HTTP/1.1", body).unwrap();
        assert!(
            explanation.contains("verification_token") && !explanation.contains("hush"),
            "{explanation}"
        );
    }
}
