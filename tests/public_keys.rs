//! Signatures that are verified with a public key, a certificate, or a token.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hookglass::delivery::{Head, Header, SignatureStatus, Verdict};
use hookglass::provider::{Provider, Seed};
use hookglass::secret::Secret;
use hookglass::signature::{Credentials, Draft, Subject, Verifier, sign, throw_away};
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{KeyPair as _, RsaKeyPair};
use sha2::{Digest as _, Sha256};

mod support;

use support::Tested;

/// RSA key of fixtures; it is public.
const KEY: &[u8] = include_bytes!("../assets/throw-away-rsa-key.der");

/// Public key of another RSA key, made for this test with `openssl genrsa 2048`.
const OTHER_KEY: &str = include_str!("data/keys/other-rsa-public-key.pem");

/// Certificate of [`KEY`], made with `openssl req -x509`.
const CERTIFICATE: &str = include_str!("data/keys/throw-away-certificate.pem");

fn now() -> Timestamp {
    Timestamp::from_second(1_790_000_000).unwrap_or_default()
}

fn later(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap_or_default()
}

fn named(name: &str) -> Tested<Provider> {
    Ok(Provider::named(name)?)
}

/// A request, and the secrets of its receiver.
#[derive(Clone)]
struct Request {
    provider: Provider,
    secrets: Vec<Secret>,
    headers: Vec<Header>,
    body: Vec<u8>,
}

impl Request {
    /// Returns the first sample of a provider, signed with its throw-away key, which the receiver
    /// has.
    fn sample(name: &str) -> Tested<Self> {
        let provider = named(name)?;
        let sample = provider.samples.first().ok_or("no sample")?;
        let mut seed = Seed { now: now(), random: fastrand::Rng::with_seed(5) };
        let body = sample.body(&mut seed).into_bytes();
        let mut headers = vec![Header::new("Content-Type", sample.content_type.clone())];
        headers.extend(sample.headers(&mut seed).into_iter().map(|(n, v)| Header::new(n, v)));
        let key = throw_away(&provider);
        let verifying = key.as_ref().map_or("test-key".to_owned(), |key| key.verifying.clone());
        let signing = key.map_or_else(|| Secret::new("KEY", "test-key"), |key| key.signing);
        let draft = Draft {
            body: &body,
            headers: &headers,
            method: "POST",
            url: None,
            id: "id",
            now: now(),
            like: None,
        };
        let head = Head::build("POST", "/", &headers);
        let signed = sign(provider.scheme.of(&head, &body), &signing, &draft)?;
        headers.extend(signed.headers);
        let body = signed.body.unwrap_or(body);
        Ok(Self { provider, secrets: vec![Secret::new("KEY", verifying)], headers, body })
    }

    fn verdict(&self) -> Verdict {
        self.verdict_at(now())
    }

    fn verdict_at(&self, at: Timestamp) -> Verdict {
        let credentials =
            Credentials { provider: self.provider.clone().into(), secrets: self.secrets.clone() };
        let head = Head::build("POST", "/", &self.headers);
        let verifier = Verifier::new(vec![credentials]);
        verifier.judge(&Subject::new(&head, &self.body), at).verdict
    }

    fn replaced(&self, from: &str, to: &str) -> Self {
        let body = String::from_utf8_lossy(&self.body);
        assert!(body.contains(from), "{from} is not in {body}");
        Self { body: body.replacen(from, to, 1).into_bytes(), ..self.clone() }
    }

    fn with_secrets(&self, secrets: &[&str]) -> Self {
        let secrets = secrets.iter().map(|text| Secret::new("KEY", *text)).collect();
        Self { secrets, ..self.clone() }
    }
}

fn text(verdict: &Verdict) -> String {
    verdict.explanation.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn outcome(verdict: &Verdict) -> (SignatureStatus, Option<&str>) {
    (verdict.status, verdict.cause.as_deref())
}

/// Returns the public half of [`KEY`] as a JSON Web Key.
fn jwk(id: &str) -> Tested<String> {
    let pair = RsaKeyPair::from_pkcs8(KEY).map_err(|error| error.to_string())?;
    let numbers = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(pair.public());
    let n = URL_SAFE_NO_PAD.encode(numbers.n);
    Ok(format!(r#"{{"kty":"RSA","kid":"{id}","alg":"RS256","n":"{n}","e":"AQAB"}}"#))
}

fn rsa_sha256(content: &[u8]) -> Tested<Vec<u8>> {
    let pair = RsaKeyPair::from_pkcs8(KEY).map_err(|error| error.to_string())?;
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(&ring::signature::RSA_PKCS1_SHA256, &SystemRandom::new(), content, &mut signature)
        .map_err(|_| "signing failed")?;
    assert!(!pair.public_key().as_ref().is_empty());
    Ok(signature)
}

#[test]
fn an_sns_notification_verifies_with_the_certificate_of_its_key() -> Tested {
    let request = Request::sample("aws-sns")?.with_secrets(&[CERTIFICATE]);
    assert_eq!(request.verdict().status, SignatureStatus::Verified, "{}", text(&request.verdict()));
    Ok(())
}

#[test]
fn every_signed_field_of_an_sns_notification_counts() -> Tested {
    let request = Request::sample("aws-sns")?;
    for (from, to) in [
        ("Bounce", "Open"),
        ("Feeding", "Eating"),
        (r#""Type" : "Notification""#, r#""Type" : "Other""#),
        ("arn:aws:sns:eu-central-1:123456789012:zoo", "arn:aws:sns:eu-central-1:123456789012:ape"),
    ] {
        let verdict = request.replaced(from, to).verdict();
        assert_eq!(verdict.status, SignatureStatus::Mismatch, "{from}");
    }
    Ok(())
}

#[test]
fn an_sns_notification_without_a_subject_verifies() -> Tested {
    let content = "Message\nhi\nMessageId\nm1\nTimestamp\n2026-09-21T14:13:20.000Z\nTopicArn\nt\nType\n\
                   Notification\n";
    let signature = STANDARD.encode(rsa_sha256(content.as_bytes())?);
    let body = format!(
        r#"{{"Type":"Notification","MessageId":"m1","TopicArn":"t","Message":"hi","Timestamp":"2026-09-21T14:13:20.000Z","SignatureVersion":"2","Signature":"{signature}","SigningCertURL":"https://sns.eu-west-1.amazonaws.com/x.pem"}}"#
    );
    let request = Request { body: body.into_bytes(), ..Request::sample("aws-sns")? };
    assert_eq!(request.verdict().status, SignatureStatus::Verified, "{}", text(&request.verdict()));
    Ok(())
}

/// Signed by `openssl dgst -sha1 -sign`, since nothing else here signs with SHA-1.
#[test]
fn version_1_of_sns_signatures_is_sha_1() -> Tested {
    let request = Request {
        body: include_bytes!("data/keys/sns-version-1.json").to_vec(),
        ..Request::sample("aws-sns")?
    };
    assert_eq!(request.verdict().status, SignatureStatus::Verified, "{}", text(&request.verdict()));
    Ok(())
}

#[test]
fn a_certificate_on_another_host_is_refused_without_a_key_too() -> Tested {
    let request = Request::sample("aws-sns")?;
    for host in [
        "https://sns.eu-central-1.amazonaws.com.evil.example/",
        "https://sns.amazonaws.com/",
        "http://sns.eu-central-1.amazonaws.com/",
        "https://sns.eu-central-1.amazonaws.com@evil.example/",
        "https://sns.eu-central-1.amazonaws.com:8443/",
    ] {
        let forged = request.replaced("https://sns.eu-central-1.amazonaws.com/Simple", host);
        for forged in [forged.clone(), forged.with_secrets(&[])] {
            let verdict = forged.verdict();
            assert_eq!(outcome(&verdict), (SignatureStatus::Mismatch, Some("key-url")), "{host}");
        }
    }
    Ok(())
}

#[test]
fn another_key_is_a_mismatch() -> Tested {
    for provider in ["aws-sns", "google-pubsub"] {
        let verdict = Request::sample(provider)?.with_secrets(&[OTHER_KEY]).verdict();
        assert_eq!(outcome(&verdict), (SignatureStatus::Mismatch, None), "{provider}");
    }
    Ok(())
}

#[test]
fn without_a_key_the_fix_says_how_to_get_it() -> Tested {
    let verdict = Request::sample("aws-sns")?.with_secrets(&[]).verdict();
    assert_eq!(verdict.status, SignatureStatus::Unchecked);
    assert!(text(&verdict).contains("fetch-key aws-sns"), "{}", text(&verdict));
    Ok(())
}

#[test]
fn a_text_in_place_of_a_key_is_not_a_mismatch() -> Tested {
    let verdict = Request::sample("aws-sns")?.with_secrets(&["not a key"]).verdict();
    assert_eq!(verdict.status, SignatureStatus::Unchecked, "{}", text(&verdict));
    Ok(())
}

/// Returns a delivery of `PayPal` for the webhook `WH-1`.
fn paypal() -> Tested<Request> {
    let body = br#"{"id":"WH-58D329510W468432D-8HN650336L201105X","event_type":"PAYMENT.CAPTURE.COMPLETED"}"#;
    let time = "2026-09-21T14:13:20Z";
    let crc = crc32fast::hash(body);
    let signature = rsa_sha256(format!("69cd13f0|{time}|WH-1|{crc}").as_bytes())?;
    let headers = [
        ("Paypal-Transmission-Id", "69cd13f0"),
        ("Paypal-Transmission-Time", time),
        ("Paypal-Auth-Algo", "SHA256withRSA"),
        ("Paypal-Cert-Url", "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1"),
        ("Paypal-Transmission-Sig", &STANDARD.encode(signature)),
    ];
    Ok(Request {
        provider: named("paypal")?,
        secrets: vec![Secret::new("ID", "WH-1"), Secret::new("KEY", CERTIFICATE)],
        headers: headers.map(|(name, value)| Header::new(name, value.to_owned())).to_vec(),
        body: body.to_vec(),
    })
}

#[test]
fn paypal_signs_the_webhook_id_and_the_checksum_of_the_body() -> Tested {
    let request = paypal()?;
    assert_eq!(request.verdict().status, SignatureStatus::Verified, "{}", text(&request.verdict()));
    let tampered = request.replaced("COMPLETED", "REFUNDED").verdict();
    assert_eq!(tampered.status, SignatureStatus::Mismatch);
    let other = request.with_secrets(&["WH-2", CERTIFICATE]).verdict();
    assert_eq!(other.status, SignatureStatus::Mismatch);
    Ok(())
}

#[test]
fn paypal_needs_both_the_webhook_id_and_a_key() -> Tested {
    for secrets in [&["WH-1"][..], &[CERTIFICATE]] {
        let verdict = paypal()?.with_secrets(secrets).verdict();
        assert_eq!(verdict.status, SignatureStatus::Unchecked, "{}", text(&verdict));
    }
    Ok(())
}

/// Returns a delivery of Plaid with the body of its documentation, indented by two spaces.
fn plaid(edit: impl FnOnce(&mut serde_json::Value)) -> Tested<Request> {
    let body = b"{\n  \"item_id\": \"x\",\n  \"webhook_code\": \"ERROR\"\n}";
    let mut claims = serde_json::json!({
        "iat": now().as_second(),
        "request_body_sha256": hex::encode(Sha256::digest(body)),
    });
    edit(&mut claims);
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","kid":"KID-1","typ":"JWT"}"#);
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let key = p256::ecdsa::SigningKey::from_slice(&[7; 32])?;
    let signature: p256::ecdsa::Signature =
        p256::ecdsa::signature::Signer::sign(&key, signed.as_bytes());
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()));
    Ok(Request {
        provider: named("plaid")?,
        secrets: vec![Secret::new("KEY", plaid_key("KID-1")?)],
        headers: vec![Header::new("Plaid-Verification", token)],
        body: body.to_vec(),
    })
}

/// Returns the response of Plaid's API to a request for a key.
fn plaid_key(id: &str) -> Tested<String> {
    let key = p256::ecdsa::SigningKey::from_slice(&[7; 32])?;
    let point = key.verifying_key().to_sec1_point(false);
    let (x, y) = (point.x().ok_or("no x")?, point.y().ok_or("no y")?);
    let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
    Ok(format!(
        r#"{{"key":{{"alg":"ES256","crv":"P-256","kid":"{id}","kty":"EC","use":"sig","x":"{x}","y":"{y}"}},"request_id":"r"}}"#
    ))
}

#[test]
fn a_token_with_a_body_hash_verifies() -> Tested {
    let verdict = plaid(|_| ())?.verdict();
    assert_eq!(outcome(&verdict), (SignatureStatus::Verified, None), "{}", text(&verdict));
    Ok(())
}

#[test]
fn without_its_key_a_token_is_read_and_its_body_hash_checked() -> Tested {
    let verdict = plaid(|_| ())?.with_secrets(&[]).verdict();
    assert_eq!(verdict.status, SignatureStatus::Unchecked);
    let says = text(&verdict);
    assert!(
        says.starts_with("the body hash fits; the token's own signature needs the key KID-1"),
        "{says}"
    );
    Ok(())
}

#[test]
fn a_body_that_was_written_again_does_not_fit_its_token() -> Tested {
    let request = plaid(|_| ())?.replaced("\n  ", "");
    for request in [request.clone(), request.with_secrets(&[])] {
        let verdict = request.verdict();
        assert_eq!(outcome(&verdict), (SignatureStatus::Mismatch, Some("body-hash")));
    }
    Ok(())
}

#[test]
fn an_old_token_is_expired_with_or_without_its_key() -> Tested {
    let request = plaid(|_| ())?;
    for request in [request.clone(), request.with_secrets(&[])] {
        let verdict = request.verdict_at(later(301));
        assert_eq!(outcome(&verdict), (SignatureStatus::Expired, Some("timestamp-old")));
        assert_ne!(request.verdict_at(later(300)).status, SignatureStatus::Expired);
    }
    Ok(())
}

#[test]
fn a_token_past_its_end_is_expired() -> Tested {
    let verdict = plaid(|claims| claims["exp"] = (now().as_second() - 1).into())?.verdict();
    assert_eq!(outcome(&verdict), (SignatureStatus::Expired, Some("timestamp-old")));
    Ok(())
}

#[test]
fn a_token_under_another_key_id_names_the_key_that_it_needs() -> Tested {
    let request = plaid(|_| ())?;
    let verdict = request.with_secrets(&[&plaid_key("KID-2")?]).verdict();
    assert_eq!(verdict.status, SignatureStatus::Unchecked);
    assert!(text(&verdict).contains("needs the key KID-1; known are KID-2"), "{}", text(&verdict));
    Ok(())
}

/// Replaces the header of a token.
fn with_token_header(request: &Request, header: &str) -> Tested<Request> {
    let token = request.headers.last().ok_or("no header")?.text().into_owned();
    let (_, rest) = token.split_once('.').ok_or("no dot")?;
    let token = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header));
    Ok(Request { headers: vec![Header::new("Plaid-Verification", token)], ..request.clone() })
}

#[test]
fn a_token_cannot_choose_its_algorithm() -> Tested {
    let request = plaid(|_| ())?;
    for header in [r#"{"alg":"none"}"#, r#"{"alg":"HS256","kid":"KID-1"}"#, "{}"] {
        let verdict = with_token_header(&request, header)?.verdict();
        assert_eq!(outcome(&verdict), (SignatureStatus::Mismatch, Some("jwt-algorithm")));
    }
    Ok(())
}

#[test]
fn a_header_without_a_token_is_malformed() -> Tested {
    for value in ["x", "a.b", "a.b.c", "e30.e30.!", "W10.e30.e30"] {
        let headers = vec![Header::new("Plaid-Verification", value.to_owned())];
        let verdict = Request { headers, ..plaid(|_| ())? }.verdict();
        assert_eq!(verdict.status, SignatureStatus::Malformed, "{value}");
    }
    Ok(())
}

#[test]
fn a_shared_secret_signs_tokens_too() -> Tested {
    let request = Request::sample("netlify")?;
    assert_eq!(request.verdict().status, SignatureStatus::Verified, "{}", text(&request.verdict()));
    let other = request.with_secrets(&["other-test-key"]).verdict();
    assert_eq!(other.status, SignatureStatus::Mismatch);
    let tampered = request.replaced("ready", "error").verdict();
    assert_eq!(outcome(&tampered), (SignatureStatus::Mismatch, Some("body-hash")));
    Ok(())
}

/// Returns a request with a token of Google for a push endpoint.
fn pubsub(audience: &str, email: &str) -> Tested<Request> {
    let claims = serde_json::json!({
        "aud": audience, "email": email, "email_verified": true,
        "iss": "https://accounts.google.com", "iat": now().as_second(),
        "exp": now().as_second() + 3600,
    });
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","kid":"g1","typ":"JWT"}"#);
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let signature = URL_SAFE_NO_PAD.encode(rsa_sha256(signed.as_bytes())?);
    let headers = vec![Header::new("Authorization", format!("Bearer {signed}.{signature}"))];
    let keys = format!(r#"{{"keys":[{}]}}"#, jwk("g1")?);
    Ok(Request { headers, ..Request::sample("google-pubsub")? }.with_secrets(&[&keys]))
}

#[test]
fn every_configured_text_must_be_a_claim_of_the_token() -> Tested {
    let (audience, email) = ("https://h.example/push", "push@zoo.iam.gserviceaccount.com");
    let request = pubsub(audience, email)?;
    let keys = request.secrets.first().ok_or("no keys")?;
    let keys = String::from_utf8(keys.expose().to_vec())?;
    let status =
        |texts: &[&str]| request.with_secrets(&[&[keys.as_str()], texts].concat()).verdict().status;
    assert_eq!(status(&[audience]), SignatureStatus::Verified);
    assert_eq!(status(&[audience, email]), SignatureStatus::Verified);
    assert_eq!(status(&["https://other.example"]), SignatureStatus::Mismatch);
    assert_eq!(status(&[audience, "evil@zoo.iam.gserviceaccount.com"]), SignatureStatus::Mismatch);
    Ok(())
}

#[test]
fn a_token_that_is_compared_with_nothing_says_so() -> Tested {
    let verdict = pubsub("https://h.example", "a@b.example")?.verdict();
    assert_eq!(verdict.status, SignatureStatus::Verified);
    assert!(text(&verdict).contains("nothing is configured to compare aud and email with"));
    Ok(())
}

/// Returns the request of RFC 9421 appendix B.2 with a signature and a key from there.
fn rfc_9421(input: &str, signature: &str, key: &[u8]) -> Tested<Request> {
    let digest = "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";
    let headers = [
        ("Host", "example.com"),
        ("Date", "Tue, 20 Apr 2021 02:07:55 GMT"),
        ("Content-Type", "application/json"),
        ("Content-Digest", digest),
        ("Content-Length", "18"),
        ("Signature-Input", input),
        ("Signature", signature),
    ];
    Ok(Request {
        provider: named("http-message-signatures")?,
        secrets: vec![Secret::new("KEY", key)],
        headers: headers.map(|(name, value)| Header::new(name, value.to_owned())).to_vec(),
        body: br#"{"hello": "world"}"#.to_vec(),
    })
}

/// Appendix B.2.5, with HMAC-SHA256.
fn rfc_9421_hmac() -> Tested<Request> {
    let key =
        "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==";
    rfc_9421(
        r#"sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#,
        "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:",
        &STANDARD.decode(key)?,
    )
}

#[test]
fn the_signatures_of_rfc_9421_verify() -> Tested {
    // Appendix B.2.6, with Ed25519.
    let ed25519 = rfc_9421(
        r#"sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519""#,
        "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:",
        b"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\n-----END PUBLIC KEY-----\n",
    )?;
    let target = |request: &Request| {
        let head = Head::build("POST", "/foo?param=Value&Pet=dog", &request.headers);
        let credentials = Credentials {
            provider: request.provider.clone().into(),
            secrets: request.secrets.clone(),
        };
        let verifier = Verifier::new(vec![credentials]);
        verifier.judge(&Subject::new(&head, &request.body), now()).verdict
    };
    for request in [rfc_9421_hmac()?, ed25519] {
        let verdict = target(&request);
        assert_eq!(verdict.status, SignatureStatus::Verified, "{}", text(&verdict));
    }
    Ok(())
}

#[test]
fn a_covered_header_that_changes_or_is_lost_breaks_the_signature() -> Tested {
    let request = rfc_9421_hmac()?;
    let mut changed = request.clone();
    for header in changed.headers.iter_mut().filter(|header| header.is("date")) {
        header.value = "Tue, 20 Apr 2021 02:07:56 GMT".into();
    }
    assert_eq!(outcome(&changed.verdict()), (SignatureStatus::Mismatch, None));
    let mut lost = request;
    lost.headers.retain(|header| !header.is("date"));
    assert_eq!(outcome(&lost.verdict()), (SignatureStatus::Missing, Some("header-missing")));
    Ok(())
}

#[test]
fn the_digest_of_the_body_counts_without_a_key_too() -> Tested {
    let request = rfc_9421_hmac()?.replaced("world", "World");
    for request in [request.clone(), request.with_secrets(&[])] {
        assert_eq!(outcome(&request.verdict()), (SignatureStatus::Mismatch, Some("body-hash")));
    }
    Ok(())
}

#[test]
fn a_message_signature_without_its_key_names_the_key() -> Tested {
    let verdict = rfc_9421_hmac()?.with_secrets(&[]).verdict();
    assert_eq!(verdict.status, SignatureStatus::Unchecked);
    assert!(text(&verdict).contains("needs the key test-shared-secret"), "{}", text(&verdict));
    Ok(())
}

#[test]
fn a_message_signature_says_that_it_does_not_cover_the_body() -> Tested {
    let verdict = rfc_9421_hmac()?.verdict();
    assert!(text(&verdict).contains("does not cover the body"), "{}", text(&verdict));
    Ok(())
}

#[test]
fn a_message_signature_expires() -> Tested {
    let request = Request::sample("http-message-signatures")?;
    assert_eq!(request.verdict().status, SignatureStatus::Verified, "{}", text(&request.verdict()));
    let mut expired = rfc_9421_hmac()?.with_secrets(&[]);
    for header in expired.headers.iter_mut().filter(|header| header.is("signature-input")) {
        header.value = [&header.value[..], b";expires=1618884474"].concat().into();
    }
    assert_eq!(outcome(&expired.verdict()), (SignatureStatus::Expired, Some("timestamp-old")));
    Ok(())
}

#[test]
fn a_signature_in_an_envelope_of_base64_json_verifies() -> Tested {
    let request = Request::sample("ebay")?;
    assert_eq!(request.verdict().status, SignatureStatus::Verified, "{}", text(&request.verdict()));
    let tampered = request.replaced("noa", "abc").verdict();
    assert_eq!(tampered.status, SignatureStatus::Mismatch);
    Ok(())
}
