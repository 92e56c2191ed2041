//! Responds to the requests with which providers verify a URL.

use std::cmp::Reverse;

use bytes::Bytes;
use jiff::Timestamp;

use super::signed_payload::Subject;
use super::verifier::Credentials;
use super::verify::verify_as;
use super::{Verifier, digest, secret_key};
use crate::delivery::{EventRef, Explanation, Head, Header, SignatureStatus, Verdict};
use crate::payload::escape;
use crate::provider::{Algorithm, Digest, Filling, Handshake, HandshakeFit, HandshakeToken};
use crate::secret::Secret;

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
    /// Description of the handshake, and what the user should do.
    pub explanation: Explanation,
    /// Verdict on its signature, if the response depends on it.
    pub verdict: Option<Verdict>,
}

/// Comparison of the token in a request with the chosen one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum TokenMatch {
    Different,
    /// No token is part of the handshake, or none was chosen.
    Unknown,
    Same,
}

/// A handshake that a request may be.
struct Candidate<'v> {
    credentials: &'v Credentials,
    handshake: &'v Handshake,
    token: TokenMatch,
    fit: HandshakeFit,
    has_own_headers: bool,
}

impl Candidate<'_> {
    /// Orders handshakes of several providers that look alike, the likeliest last. A wrong token
    /// must not make a request one of a provider for which no token was chosen.
    fn rank(&self) -> impl Ord + use<> {
        let is_same = self.token == TokenMatch::Same;
        let has_secret = !self.credentials.secrets.is_empty();
        let fit = self.fit;
        (is_same, fit.is_typical, self.has_own_headers, fit, self.token, has_secret)
    }
}

impl Handshakes {
    /// Creates it from tokens, each named after its variable.
    pub fn new(tokens: Vec<Secret>) -> Self {
        Self { tokens }
    }

    /// Recognizes a handshake of one of the verifier's providers, as of `now`.
    pub fn greet<'v>(
        &self,
        verifier: &'v Verifier,
        head: &Head,
        body: &[u8],
        now: Timestamp,
    ) -> Option<Greeting<'v>> {
        let verifier = verifier.at(head);
        let (event, url) = (EventRef::default(), verifier.url(head));
        let bare = Filling { url: url.as_deref(), ..Filling::new(head, body, &event, "") };
        let found = verifier.candidates().iter().filter_map(|credentials| {
            let provider = &credentials.provider;
            let handshake = provider.handshakes.iter().find(|one| one.is(&bare))?;
            let token = self.compare_token(handshake, &bare);
            let has_own_headers = !provider.own_headers(head).is_empty();
            let fit = handshake.fit(&bare);
            Some(Candidate { credentials, handshake, token, fit, has_own_headers })
        });
        let best = found.min_by_key(|one| Reverse(one.rank()))?;
        let hmac = |text: &str| hmac(best.credentials, text);
        let chosen = best.handshake.token.as_ref().and_then(|token| self.chosen(token));
        let filling = Filling {
            provider: &best.credentials.provider.name,
            hmac: Some(Digest(&hmac)),
            token: chosen.and_then(|token| std::str::from_utf8(token.expose()).ok()),
            ..bare
        };
        let subject = Subject { head, body, url: url.as_deref() };
        Some(respond(&best, &filling, &subject, now))
    }

    fn chosen(&self, token: &HandshakeToken) -> Option<&Secret> {
        self.tokens.iter().find(|one| one.name() == token.env)
    }

    fn compare_token(&self, handshake: &Handshake, filling: &Filling<'_>) -> TokenMatch {
        let Some(token) = &handshake.token else { return TokenMatch::Unknown };
        let (Some(place), Some(chosen)) = (&token.from, self.chosen(token)) else {
            return TokenMatch::Unknown;
        };
        let received = place.0.find(filling);
        if received.is_some_and(|text| digest::equal(text.as_bytes(), chosen.expose())) {
            TokenMatch::Same
        } else {
            TokenMatch::Different
        }
    }
}

fn respond<'v>(
    candidate: &Candidate<'v>,
    filling: &Filling<'_>,
    subject: &Subject<'_>,
    now: Timestamp,
) -> Greeting<'v> {
    let Candidate { credentials, handshake, token, .. } = candidate;
    let provider = &credentials.provider;
    let title = &provider.title;
    let blank = Greeting {
        credentials,
        kind: handshake.kind.clone(),
        status: handshake.status,
        headers: Vec::new(),
        body: Bytes::new(),
        explanation: Explanation::default(),
        verdict: None,
    };
    // Providers that test the refusal read its status only, and some want an empty body.
    let refused = |status: u16, why: &str| match handshake.refuse {
        Some(status) => Greeting { status, explanation: why.into(), ..blank.clone() },
        None => with_reason(blank.clone(), status, why),
    };
    if *token == TokenMatch::Different {
        let variable = handshake.token.as_ref().map_or("", |token| token.env.as_str());
        return refused(403, &format!("{title} handshake with another token than {variable}"));
    }
    if let Some(what) = unset(credentials, handshake, filling) {
        let why = format!("{title} handshake cannot be answered yet: {what}");
        return with_reason(blank, 503, &why);
    }
    let mut verdict = None;
    if let Some(key) = &handshake.signed_with {
        verdict = signed_with(credentials, key, subject, now);
    }
    if handshake.verified {
        let found = verify_as(provider, &credentials.secrets, subject, now);
        if found.status != SignatureStatus::Verified {
            let why = format!(
                "{title} handshake refused: its signature does not verify; providers also send \
                 invalid ones on purpose, to test that they are refused"
            );
            let status = handshake.refuse.unwrap_or(401);
            let explanation = with_finding(why, &found);
            return Greeting { status, explanation, verdict: Some(found), ..blank };
        }
        verdict = Some(found);
    }
    let content_type = handshake.content_type.iter();
    let content_type = content_type.map(|kind| Header::new("Content-Type", kind.clone()));
    let headers = handshake.headers.iter();
    let headers =
        headers.map(|(name, value)| Header::new(name.clone(), header_value(&value.fill(filling))));
    let evidence = if let Some(warning) = foreign_link(handshake, filling) {
        vec![warning]
    } else {
        let tell = handshake.tell.iter().filter_map(|text| text.fill_whole(filling));
        tell.map(|text| escape(&text).into_owned()).collect()
    };
    Greeting {
        headers: content_type.chain(headers).collect(),
        body: handshake.body.fill(filling).into(),
        explanation: Explanation {
            sentence: format!("{title} handshake, answered as {title} requires"),
            evidence,
            ..Explanation::default()
        },
        verdict,
        ..blank
    }
}

/// Warns about an address to open that is not one of the provider's.
fn foreign_link(handshake: &Handshake, filling: &Filling<'_>) -> Option<String> {
    let link = handshake.link.as_ref()?;
    let url = link.from.0.find(filling)?;
    (!link.allows(&url)).then(|| {
        let hosts = link.hosts.join(" or ");
        format!("do not open {}: it is not HTTPS on {hosts}", escape(&url))
    })
}

/// Returns the greeting with a refusal and its reason.
fn with_reason<'v>(greeting: Greeting<'v>, status: u16, why: &str) -> Greeting<'v> {
    Greeting {
        status,
        headers: vec![Header::new("Content-Type", "text/plain; charset=utf-8")],
        body: format!("{why}\n").into(),
        explanation: why.into(),
        ..greeting
    }
}

/// Describes the settings that the response needs and the user has not made.
fn unset(
    credentials: &Credentials,
    handshake: &Handshake,
    filling: &Filling<'_>,
) -> Option<String> {
    let variable = &credentials.provider.secret_env;
    let needs_secret = handshake.needs_secret() || handshake.verified;
    if needs_secret && credentials.secrets.is_empty() {
        return Some(format!("only its secret can answer it; set {variable} and start again"));
    }
    if handshake.needs_token() && filling.token.is_none() {
        let variable = handshake.token.as_ref().map_or("", |token| token.env.as_str());
        return Some(format!("set {variable} and start again"));
    }
    (handshake.needs_url() && filling.url.is_none())
        .then(|| "it covers the public URL; set --public-url and start again".to_owned())
}

/// Returns the verdict on a handshake that is signed with a public, fixed key; none for other
/// handshakes.
fn signed_with(
    credentials: &Credentials,
    key: &str,
    subject: &Subject<'_>,
    now: Timestamp,
) -> Option<Verdict> {
    let title = &credentials.provider.title;
    let key = Secret::new(format!("{title}'s key for handshakes"), key.to_owned());
    let found = verify_as(&credentials.provider, std::slice::from_ref(&key), subject, now);
    (found.status == SignatureStatus::Verified).then(|| {
        let why = format!("{title} handshake, signed with its key for handshakes");
        Verdict::explained(SignatureStatus::Unchecked, why)
    })
}

fn with_finding(sentence: String, found: &Verdict) -> Explanation {
    let finding = found.explanation.iter().map(|found| found.sentence.clone());
    Explanation { sentence, evidence: finding.collect(), ..Explanation::default() }
}

/// Returns a text without the characters that would end a header.
fn header_value(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}

/// Returns the digest of a token under the current secret. Only for texts that look like tokens: a
/// client that can get the digest of any text could sign deliveries.
fn hmac(credentials: &Credentials, text: &str) -> Option<Vec<u8>> {
    let is_token = (1..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_+/=".contains(&byte));
    if !is_token {
        return None;
    }
    let secret = credentials.secrets.first()?;
    let key = secret_key::key(&credentials.provider.scheme, secret)?;
    Some(digest::compute(Algorithm::HmacSha256, &key, text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{Provider, Seed};
    use crate::signature::{Draft, PublicUrl, sign};

    const TOKEN: &str = "test-token-not-real";

    /// Status, headers, body, event type, and explanation.
    type Response = (u16, Vec<String>, String, String, String);

    fn greet(provider: &str, secret: Option<&str>, head: &str, body: &str) -> Option<Response> {
        let secrets = secret.map(|secret| Secret::new("TEST", secret)).into_iter().collect();
        let credentials =
            Credentials { provider: Provider::named(provider).unwrap().into(), secrets };
        let verifier = Verifier::new(vec![credentials]);
        let handshakes = Handshakes::new(vec![Secret::new("META_VERIFY_TOKEN", TOKEN)]);
        let head = Head::parse(Bytes::from(format!("{head}\r\nHost: h\r\n\r\n"))).unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let found = handshakes.greet(&verifier, &head, body.as_bytes(), now)?;
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

    /// Cases from each provider's documentation.
    const CASES: [Case; 14] = [
        (
            "lark",
            "POST / HTTP/1.1",
            r#"{"challenge":"ajls384kdjx98XX","token":"xxxxxx","type":"url_verification"}"#,
            &[JSON],
            r#"{"challenge":"ajls384kdjx98XX"}"#,
            "url_verification",
        ),
        (
            "monday",
            "POST / HTTP/1.1",
            r#"{"challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}"#,
            &[JSON],
            r#"{"challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}"#,
            "challenge",
        ),
        (
            "microsoft-graph",
            "POST /g?validationToken=Validation%3A+Testing%20a%2Bb HTTP/1.1",
            "",
            &[TEXT],
            "Validation: Testing a+b",
            "validationToken",
        ),
        (
            "azure-event-grid",
            "POST / HTTP/1.1\r\nAeg-Event-Type: SubscriptionValidation",
            r#"[{"id":"1","eventType":"Microsoft.EventGrid.SubscriptionValidationEvent","data":{"validationCode":"512d38b6"}}]"#,
            &[JSON],
            r#"{"validationResponse":"512d38b6"}"#,
            "SubscriptionValidation",
        ),
        (
            "cloudevents",
            "OPTIONS /ce HTTP/1.1\r\nWebHook-Request-Origin: eventemitter.example.com\r\nWebHook-Request-Rate: 120",
            "",
            &[
                "WebHook-Allowed-Origin: eventemitter.example.com",
                "WebHook-Allowed-Rate: *",
                "Allow: POST",
            ],
            "",
            "WebHook-Request-Origin",
        ),
        (
            "ringcentral",
            "POST / HTTP/1.1\r\nValidation-Token: 41b15f4f",
            "",
            &["Validation-Token: 41b15f4f"],
            "",
            "Validation-Token",
        ),
        (
            "smartsheet",
            "POST / HTTP/1.1\r\nSmartsheet-Hook-Challenge: 0ab1",
            r#"{"challenge":"0ab1","webhookId":1}"#,
            &[JSON, "Smartsheet-Hook-Response: 0ab1"],
            r#"{"smartsheetHookResponse":"0ab1"}"#,
            "challenge",
        ),
        (
            "slack",
            "POST /slack HTTP/1.1",
            r#"{"token":"t","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}"#,
            &[JSON],
            r#"{"challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}"#,
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
    fn x_gets_a_digest_in_base64() {
        let head = "GET /x?crc_token=foo HTTP/1.1";
        let (status, _, body, ..) = greet("x", Some("bar"), head, "").unwrap();
        // printf foo | openssl dgst -sha256 -hmac bar -binary | base64
        let digest = "sha256=FHkzIYqqvAuLEKKzpcNGhMjZQ0G88QpHNtxycPd0GFE=";
        assert_eq!((status, body), (200, format!(r#"{{"response_token":"{digest}"}}"#)));
    }

    /// The input of a public report: the good signature and one that Xero sends on purpose.
    #[test]
    fn xero_gets_empty_responses_of_200_and_401() {
        let body = r#"{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, "entropy": "QZRTXLHMWBNEYKDPCAVS"}"#;
        for (start, expected) in [("U", 200), ("/", 401)] {
            let head = format!(
                "POST / HTTP/1.1\r\nX-Xero-Signature: {start}ZHdoBrkyyvFFjY+lTo1HUtbVlwvqLWJryJ4usNeRG4="
            );
            let found = greet("xero", Some("xero-test-key"), &head, body).unwrap();
            assert_eq!((found.0, found.1.len(), found.2.as_str()), (expected, 0, ""));
        }
    }

    #[test]
    fn the_address_to_open_is_shown() {
        let body = r#"{"Type":"SubscriptionConfirmation","SubscribeURL":"https://sns.us-west-2.amazonaws.com/?Action=ConfirmSubscription"}"#;
        let (status, _, answer, _, explanation) =
            greet("aws-sns", None, "POST / HTTP/1.1", body).unwrap();
        assert_eq!((status, answer.as_str()), (200, ""));
        let address = "https://sns.us-west-2.amazonaws.com/?Action=Confirm";
        assert!(explanation.contains(address), "{explanation}");
    }

    /// Returns a PING of Discord, and the public key that it is signed for.
    fn ping() -> (String, String, &'static str) {
        let provider = Provider::named("discord").unwrap();
        let key = crate::signature::throw_away(&provider).unwrap();
        let body = r#"{"type":1,"id":"1"}"#;
        let draft = Draft {
            body: body.as_bytes(),
            headers: &[],
            method: "POST",
            url: None,
            id: "",
            now: Timestamp::UNIX_EPOCH,
            like: None,
        };
        let signed = sign(&provider.scheme, &key.signing, &draft).unwrap();
        let lines = signed.headers.iter().map(|one| format!("\r\n{}: {}", one.name, one.text()));
        (format!("POST / HTTP/1.1{}", lines.collect::<String>()), key.verifying, body)
    }

    #[test]
    fn a_signed_handshake_is_answered_only_if_it_verifies() {
        let (head, key, body) = ping();
        let (status, headers, answer, ..) = greet("discord", Some(&key), &head, body).unwrap();
        assert_eq!((status, answer.as_str()), (200, r#"{"type":1}"#));
        assert_eq!(headers, [JSON]);
        let forged = body.replace("\"1\"", "\"2\"");
        let (status, headers, answer, ..) = greet("discord", Some(&key), &head, &forged).unwrap();
        assert_eq!((status, headers.len(), answer.as_str()), (401, 0, ""));
    }

    #[test]
    fn a_signed_handshake_names_the_variable_that_it_needs() {
        let (head, _, body) = ping();
        let (status, _, answer, ..) = greet("discord", None, &head, body).unwrap();
        assert!(status == 503 && answer.contains("DISCORD_PUBLIC_KEY"), "{answer}");
    }

    /// A provider with one handshake, in TOML.
    fn custom(handshake: &str) -> Credentials {
        let text = format!(
            "title = \"Shop\"\nsecret_env = \"SHOP\"\n[scheme]\nsignature = \"header:x-shop\"\n\
             [[handshake]]\n{handshake}"
        );
        let provider: Provider = toml::from_str(&text).unwrap();
        provider.check().unwrap();
        Credentials { provider: provider.into(), secrets: vec![Secret::new("SHOP", "test-key")] }
    }

    fn greet_custom(handshake: &str, head: &str, body: &str) -> Option<(u16, String, Vec<String>)> {
        let public_url = PublicUrl::new(Some("https://h.example".to_owned()));
        let verifier = Verifier::new(vec![custom(handshake)]).with_public_url(public_url);
        let handshakes = Handshakes::new(vec![Secret::new("CODE", TOKEN)]);
        let head = Head::parse(Bytes::from(format!("{head}\r\nHost: h\r\n\r\n"))).unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let found = handshakes.greet(&verifier, &head, body.as_bytes(), now)?;
        let body = String::from_utf8(found.body.to_vec()).unwrap();
        Some((found.status, body, found.explanation.evidence))
    }

    #[test]
    fn digests_are_filled_in_as_hex_or_base64() {
        // printf 'c1' | openssl dgst -sha256 -hmac test-key -binary | base64
        let crc = r#"
            type = "crc"
            method = "GET"
            when = ["query:crc_token"]
            body = '{"response_token":"sha256={{hmac-base64:query:crc_token}}"}'"#;
        let (_, body, _) = greet_custom(crc, "GET /?crc_token=c1 HTTP/1.1", "").unwrap();
        assert_eq!(
            body,
            r#"{"response_token":"sha256=IYfE6T4UtARdU0DFUhpsPvkx2YUQkrvSTELCa8hSvKo="}"#
        );
        let challenge = r#"
            type = "challenge"
            method = "GET"
            when = ["query:challenge_code"]
            token = { env = "CODE" }
            body = '{"challengeResponse":"{{sha256:query:challenge_code,token,url}}"}'"#;
        let head = "GET /in?challenge_code=abc HTTP/1.1";
        let (_, body, _) = greet_custom(challenge, head, "").unwrap();
        // printf 'abctest-token-not-realhttps://h.example/in?challenge_code=abc' | sha256sum
        assert_eq!(
            body,
            r#"{"challengeResponse":"28592d4d8acadfae9bc9516e3313ebfe02b61f09fabeb6ba37136f74550339e4"}"#
        );
    }

    #[test]
    fn a_wrong_token_is_refused_with_the_status_that_the_provider_expects() {
        let verify = r#"
            type = "verify"
            method = "GET"
            when = ["query:verify"]
            token = { from = "query:verify", env = "CODE" }
            status = 204
            refuse = 404"#;
        let status = |code: &str| {
            greet_custom(verify, &format!("GET /?verify={code} HTTP/1.1"), "").unwrap().0
        };
        assert_eq!((status(TOKEN), status("guess")), (204, 404));
    }

    #[test]
    fn a_condition_can_exclude_a_field() {
        let empty = r#"
            type = "intent to receive"
            method = ["POST", "PUT"]
            when = ["json:/entropy", "!json:/events/0"]
            tell = ["first: {{json:/entropy}}", "second: {{json:/none}}"]"#;
        let greet = |body| greet_custom(empty, "PUT / HTTP/1.1", body);
        assert!(greet(r#"{"entropy":"E","events":[{}]}"#).is_none());
        let (.., told) = greet(r#"{"entropy":"E","events":[]}"#).unwrap();
        assert_eq!(told, ["first: E"]);
    }

    #[test]
    fn a_key_for_handshakes_is_not_a_mismatch() {
        let ping = r#"
            type = "ping"
            method = "POST"
            when = ["json:/ping"]
            signed_with = "test-webhook""#;
        let credentials = custom(ping);
        let verifier = Verifier::new(vec![credentials.clone()]);
        let body = br#"{"ping":1}"#;
        let draft = Draft {
            body,
            headers: &[],
            method: "POST",
            url: None,
            id: "",
            now: Timestamp::UNIX_EPOCH,
            like: None,
        };
        let key = Secret::new("k", "test-webhook");
        let signed = sign(&credentials.provider.scheme, &key, &draft).unwrap();
        let head = Head::build("POST", "/", &signed.headers);
        let found =
            Handshakes::default().greet(&verifier, &head, body, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(found.verdict.unwrap().status, SignatureStatus::Unchecked);
    }

    #[test]
    fn of_handshakes_that_look_alike_the_token_decides() {
        let first = custom(
            r#"
            type = "other"
            method = "GET"
            when = ["query:a"]
            token = { from = "query:a", env = "OTHER" }
            status = 201"#,
        );
        let second = custom(
            r#"
            type = "own"
            method = "GET"
            when = ["query:a"]
            token = { from = "query:a", env = "CODE" }
            status = 202"#,
        );
        let verifier = Verifier::new(vec![first, second]);
        let handshakes =
            Handshakes::new(vec![Secret::new("CODE", TOKEN), Secret::new("OTHER", "x")]);
        let head = Head::build("GET", format!("/?a={TOKEN}"), &[]);
        let found = handshakes.greet(&verifier, &head, b"", Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(found.status, 202);
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
        let mut seed = Seed { now: Timestamp::UNIX_EPOCH, random };
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
