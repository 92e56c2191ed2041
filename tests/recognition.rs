//! Recognition of the sender: among all providers, with and without secrets.

mod support;

use std::error::Error;
use std::sync::Arc;

use hookglass::delivery::{Head, Header, SignatureStatus};
use hookglass::ops::fixture::test_key;
use hookglass::provider::{self, Provider, Seed, TemplatePart};
use hookglass::secret::Secret;
use hookglass::signature::{
    Credentials, Draft, Identified, Subject, Verifier, sign, throw_away, unsignable,
};
use jiff::Timestamp;
use support::{Listener, hookglass as program};

type Tested<T = ()> = Result<T, Box<dyn Error>>;

const URL: &str = "https://hooks.example/in?a=1&data.id=7";

fn now() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap_or_default()
}

/// A sample as its provider sends it, unsigned if the provider's requests cannot be signed.
struct Sent {
    provider: &'static Provider,
    headers: Vec<Header>,
    body: Vec<u8>,
}

impl Sent {
    fn all() -> Vec<Self> {
        let samples = provider::all()
            .iter()
            .flat_map(|provider| provider.samples.iter().map(move |sample| (provider, sample)));
        samples.map(|(provider, sample)| Self::new(provider, sample)).collect()
    }

    fn new(provider: &'static Provider, sample: &provider::Sample) -> Self {
        let mut seed = Seed { now: now(), random: fastrand::Rng::with_seed(7) };
        let body = sample.body(&mut seed).into_bytes();
        let mut headers = vec![Header::new("Content-Type", sample.content_type.clone())];
        let own = sample.headers(&mut seed).into_iter();
        headers.extend(own.map(|(name, value)| Header::new(name, value)));
        let key = Secret::new("TEST_SECRET", test_key(provider));
        let secret = throw_away(provider).map_or(key, |key| key.signing);
        let url = signs_url(provider).then_some(URL);
        let draft = Draft {
            body: &body,
            headers: &headers,
            method: "POST",
            url,
            id: "msg_1",
            now: now(),
            like: None,
        };
        let Ok(signed) = sign(&provider.scheme, &secret, &draft) else {
            // PayPal, Plaid, and Contentful: any value is enough to recognize them.
            let names = provider.signature_headers();
            headers.extend(names.into_iter().map(|name| Header::new(name, "c2lnbmF0dXJl")));
            return Self { provider, headers, body };
        };
        headers.extend(signed.headers);
        Self { provider, headers, body: signed.body.unwrap_or(body) }
    }

    fn head(&self) -> Head {
        Head::build("POST", "/in?a=1&data.id=7", &self.headers)
    }

    fn identify(&self, verifier: &Verifier) -> Identified {
        let url = signs_url(self.provider).then_some(URL);
        verifier.identify(&Subject { head: &self.head(), body: &self.body, url }, now())
    }
}

/// Returns whether the URL or a part of its query is signed.
fn signs_url(provider: &Provider) -> bool {
    let signed = &provider.scheme.signed;
    signed.has(&TemplatePart::Url) || signed.text().contains("{{query:")
}

fn verifier(has_secret: impl Fn(&Provider) -> bool) -> Verifier {
    let credentials = |provider: &Arc<Provider>| {
        let secret = Secret::new(provider.secret_env.clone(), test_key(provider));
        let secrets = if has_secret(provider) { vec![secret] } else { Vec::new() };
        Credentials { provider: Arc::clone(provider), secrets }
    };
    Verifier::new(provider::all().iter().map(credentials).collect())
}

/// Returns whether a name is the sender's, or that of the scheme it shares with others.
fn is_right(sent: &Sent, name: &str) -> bool {
    name == sent.provider.name || sent.provider.alias_of.as_deref() == Some(name)
}

#[test]
fn no_sample_is_claimed_by_another_provider_without_secrets() {
    let verifier = verifier(|_| false);
    for sent in Sent::all() {
        let name = sent.identify(&verifier).provider;
        assert!(is_right(&sent, &name), "{} was taken for {name}", sent.provider.name);
    }
}

#[test]
fn every_sample_verifies_with_all_secrets() {
    let verifier = verifier(|_| true);
    for sent in Sent::all().iter().filter(|sent| unsignable(&sent.provider.scheme).is_none()) {
        let found = sent.identify(&verifier);
        let name = &sent.provider.name;
        assert_eq!((&found.provider, found.verdict.status), (name, SignatureStatus::Verified));
    }
}

#[test]
fn no_secret_of_another_provider_claims_a_sample() {
    let mut all = Sent::all();
    // One sample of each is enough for as many verifiers.
    all.dedup_by_key(|sent| &sent.provider.name);
    // There are many pairs, so they are divided among the processors.
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for others in provider::all().chunks(provider::all().len().div_ceil(threads)) {
            let all = &all;
            scope.spawn(move || others.iter().for_each(|other| claims_no_sample(other, all)));
        }
    });
}

fn claims_no_sample(other: &Provider, all: &[Sent]) {
    let verifier = verifier(|provider| provider.name == other.name);
    for sent in all {
        let name = sent.identify(&verifier).provider;
        // Services that share a scheme and a variable share their deliveries.
        let shares = other.secret_env == sent.provider.secret_env;
        // Only the secret distinguishes Clerk from other services that Svix delivers for.
        let family = provider::same_service(&sent.provider.name);
        let is_relative = family.contains(&other.name.as_str());
        let fits = is_right(sent, &name) || ((shares || is_relative) && name == other.name);
        assert!(fits, "{} was taken for {name} under {}", sent.provider.name, other.name);
    }
}

/// Identifies a request with a body, without any secret.
fn identify(headers: &[(&str, &str)], body: &str) -> Identified {
    identify_under(&verifier(|_| false), headers, body)
}

fn identify_under(verifier: &Verifier, headers: &[(&str, &str)], body: &str) -> Identified {
    let headers: Vec<Header> =
        headers.iter().map(|(name, value)| Header::new(*name, (*value).to_owned())).collect();
    let head = Head::build("POST", "/", &headers);
    verifier.identify(&Subject::new(&head, body.as_bytes()), now())
}

#[test]
fn shared_headers_alone_identify_no_provider() {
    let hex = "ab".repeat(32);
    let sha256 = format!("sha256={hex}");
    let sha1 = format!("sha1={}", "ab".repeat(20));
    for (name, value) in [
        ("Authorization", "Bearer abc"),
        ("Authorization", "Basic dGVzdDp0ZXN0"),
        ("X-Signature", hex.as_str()),
        ("X-Hub-Signature", &sha256),
        ("X-Hub-Signature", &sha1),
        ("X-Webhook-Signature", &sha256),
        ("X-Webhook-Signature", "t=1,v=2"),
        ("Webhook-Signature", &hex),
        ("X-Event-Name", "order_created"),
    ] {
        for body in [r#"{"id":"1","type":"t"}"#, r#"{"object":"page","id":1,"event":"x"}"#] {
            assert_eq!(identify(&[(name, value)], body).provider, "unknown", "{name}: {value}");
        }
    }
}

#[test]
fn a_shared_header_is_described() {
    let found = identify(&[("X-Signature", &"ab".repeat(32))], "{}");
    let said = found.verdict.explanation.map(|one| one.to_string()).unwrap_or_default();
    assert!(said.contains("X-Signature, as Airwallex, ClickUp and"), "{said}");
    assert!(said.contains(" send it; name the sender with --provider"), "{said}");
}

#[test]
fn a_bearer_token_names_no_sender() {
    let found = identify(&[("Authorization", "Bearer abc")], "{}");
    let said = found.verdict.explanation.map(|one| one.to_string()).unwrap_or_default();
    assert!(said.contains("none of the headers is a known signature"), "{said}");
}

#[test]
fn a_recognized_sender_without_a_secret_is_named() {
    let signature = format!("sha256={}", "ab".repeat(32));
    let found = identify(&[("X-Hub-Signature-256", &signature)], "{}");
    let said = found.verdict.explanation.map(|one| one.to_string()).unwrap_or_default();
    assert_eq!(
        said,
        "looks like a delivery from GitHub (x-hub-signature-256); no GitHub secret is set: export \
         GITHUB_WEBHOOK_SECRET=…"
    );
}

#[test]
fn the_likely_sender_is_named_under_another_provider() -> Tested {
    let cribbly = Credentials {
        provider: Provider::named("cribbly")?.into(),
        secrets: vec![Secret::new("CRIBBLY_WEBHOOK_SECRET", "test-secret")],
    };
    let verifier = Verifier::new(vec![cribbly]);
    for sent in Sent::all().iter().filter(|sent| !sent.provider.shared_header) {
        let found = sent.identify(&verifier);
        let said = found.verdict.explanation.map(|one| one.to_string()).unwrap_or_default();
        assert!(!said.contains("did not sign"), "{}: {said}", sent.provider.name);
    }
    let github = format!("sha256={}", "ab".repeat(32));
    let found = identify_under(&verifier, &[("X-Hub-Signature-256", &github)], "{}");
    let said = found.verdict.explanation.map(|one| one.to_string()).unwrap_or_default();
    assert!(said.contains("looks like a delivery from GitHub (x-hub-signature-256)"), "{said}");
    Ok(())
}

#[test]
fn an_unknown_sender_has_type_and_id() {
    for (headers, body, kind, id) in [
        (&[][..], r#"{"type":"a.b","id":"1"}"#, Some("a.b"), Some("1")),
        (&[], r#"{"event":"made","event_id":"e9","id":"7"}"#, Some("made"), Some("e9")),
        (&[], r#"{"action":"opened"}"#, Some("opened"), None),
        (&[("X-Acme-Event", "paid"), ("X-Acme-Delivery", "d1")], "{}", Some("paid"), Some("d1")),
        (&[], r#"[{"type":"b","id":"x"}]"#, Some("b"), Some("x")),
        (&[], "plain text", None, None),
    ] {
        let found = identify(headers, body);
        let event = (found.event.event_type.as_deref(), found.event.id.as_deref());
        assert_eq!((found.provider.as_str(), event), ("unknown", (kind, id)), "{body}");
    }
}

#[test]
fn type_and_id_are_read_after_a_byte_order_mark() {
    let found = identify(&[], "\u{feff}{\"type\":\"a.b\",\"id\":\"1\"}");
    assert_eq!(found.event.event_type.as_deref(), Some("a.b"));
}

#[test]
fn the_places_that_identify_a_sender_keep_their_case() {
    let body = r#"{"notificationItems":[{"NotificationRequestItem":{"additionalData":{"hmacSignature":"a"}}}]}"#;
    let said = identify(&[], body).verdict.explanation.map(|said| said.to_string());
    let said = said.unwrap_or_default();
    assert!(said.contains("(/notificationItems/*/NotificationRequestItem/"), "{said}");
}

#[test]
fn type_and_id_are_read_from_a_compressed_body() -> Tested {
    use std::io::Write as _;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(br#"{"type":"a.b","id":"1"}"#)?;
    let body = gzip.finish()?;
    let head = Head::build("POST", "/", &[Header::new("Content-Encoding", "gzip")]);
    let found = verifier(|_| false).identify(&Subject::new(&head, &body), now());
    assert_eq!(found.event.event_type.as_deref(), Some("a.b"));
    Ok(())
}

#[test]
fn unsigned_requests_are_recognized_by_other_headers() {
    let all = verifier(|_| true);
    for (header, value, name) in [
        ("X-GitHub-Event", "push", "github"),
        ("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)", "stripe"),
        ("User-Agent", "GitHub-Hookshot/044aadd", "github"),
    ] {
        let found = identify_under(&all, &[(header, value)], "{}");
        assert_eq!(
            (found.provider.as_str(), found.verdict.status),
            (name, SignatureStatus::Missing)
        );
    }
}

#[test]
fn cribbly_comes_first_if_its_header_and_its_secret_are_there() {
    let verifier = verifier(|provider| matches!(provider.name.as_str(), "cribbly" | "github"));
    let zeros = "0".repeat(64);
    let github = format!("sha256={zeros}");
    let headers = [
        ("X-Cribbly-Signature", &*zeros),
        ("X-Hub-Signature-256", &github),
        ("X-GitHub-Event", "push"),
    ];
    assert_eq!(identify_under(&verifier, &headers, "{}").provider, "cribbly");
}

#[test]
fn the_only_configured_provider_misses_its_signature() {
    let only = verifier(|provider| provider.name == "cribbly").assuming_only_secret();
    let found = identify_under(&only, &[], r#"{"id":"1","type":"message.created"}"#);
    let cause = found.verdict.cause.as_deref();
    assert_eq!((found.provider.as_str(), cause), ("cribbly", Some("header-missing")));
}

/// Checks deliveries of different events that share ids of their objects, and a retry of the last
/// one.
#[test]
fn events_of_one_object_have_ids_of_their_own() -> Tested {
    let form = "application/x-www-form-urlencoded";
    for (name, kind, first, second) in [
        (
            "twilio",
            form,
            "MessageSid=SM1&MessageStatus=sent",
            "MessageSid=SM1&MessageStatus=delivered",
        ),
        (
            "postmark",
            "application/json",
            r#"{"RecordType":"Delivery","MessageID":"m","DeliveredAt":"2026-01-01T00:00:00Z"}"#,
            r#"{"RecordType":"Open","MessageID":"m","ReceivedAt":"2026-01-01T00:00:00Z"}"#,
        ),
        (
            "adyen",
            "application/json",
            r#"{"notificationItems":[{"NotificationRequestItem":{"eventCode":"NOTIFICATION_OF_CHARGEBACK","pspReference":"p"}}]}"#,
            r#"{"notificationItems":[{"NotificationRequestItem":{"eventCode":"CHARGEBACK","pspReference":"p"}}]}"#,
        ),
    ] {
        let provider = Provider::named(name)?;
        let head = Head::build("POST", "/", &[Header::new("Content-Type", kind)]);
        let id = |body: &str| provider.event(&head, body.as_bytes()).id;
        assert!(id(first).is_some() && id(first) == id(first), "{name}");
        assert_ne!(id(first), id(second), "{name}");
    }
    Ok(())
}

#[test]
fn a_listener_recognizes_every_provider_by_its_own_variable() -> Tested {
    let folder = tempfile::tempdir()?;
    let command = || {
        let mut command = program(folder.path());
        command.env("GITHUB_WEBHOOK_SECRET", "test-key-of-github");
        command
    };
    let listener = Listener::start(&mut command())?;
    let url = listener.url();
    for (kind, provider) in
        [("push", "github"), ("message.created", "cribbly"), ("user.created", "workos")]
    {
        let sent = command().args(["send", kind, "--provider", provider, "--to", &url]).output()?;
        assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    }
    let (_, out, _) = listener.stop()?;
    let lines: Vec<serde_json::Value> =
        out.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let found: Vec<String> = lines
        .iter()
        .map(|line| {
            format!("{} {}", line["provider"], line["signature"]["status"]).replace('"', "")
        })
        .collect();
    assert_eq!(found, ["github verified", "cribbly verified", "unknown unchecked"]);
    Ok(())
}
