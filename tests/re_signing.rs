//! Stored deliveries signed again, for every provider that can be signed for.

mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hookglass::delivery::{Head, Header, SignatureStatus};
use hookglass::ops::resign::{ChangeKind, EventIdPolicy, ReSigned, resign};
use hookglass::ops::send::{DraftEvent, request};
use hookglass::outbound::Request;
use hookglass::provider::{self, Provider, SecretForm};
use hookglass::secret::Secret;
use hookglass::signature::{SignError, Subject, verify};
use jiff::Timestamp;
use support::Tested;

const URL: &str = "https://hooks.example/in?a=1&data.id=7";

/// Returns a secret in the form of the scheme's secrets, a different one for every number.
fn secret(provider: &Provider, number: u8) -> Secret {
    let key = [&b"test-key-not-a-real-one-32-byte"[..], &[b'0' + number]].concat();
    let text = match provider.scheme.secret {
        SecretForm::Utf8 | SecretForm::Utf8Nfkd | SecretForm::Utf8Html | SecretForm::PublicKey => {
            format!("test-key-not-a-real-one-{number}")
        }
        SecretForm::Base64 | SecretForm::Base64IfPrefixed => STANDARD.encode(&key),
        SecretForm::Hex => hex::encode(&key),
    };
    Secret::new("TEST_SECRET", format!("{}{text}", provider.scheme.secret_prefix))
}

fn status(
    provider: &Provider,
    secret: &Secret,
    request: &Request,
    now: Timestamp,
) -> SignatureStatus {
    let subject = Subject { head: &request.head, body: &request.body, url: Some(URL) };
    verify(&provider.scheme, std::slice::from_ref(secret), &subject, now).status
}

fn again(
    provider: &Provider,
    secret: &Secret,
    request: &Request,
    identity: EventIdPolicy,
) -> Result<ReSigned, SignError> {
    let subject = Subject { head: &request.head, body: &request.body, url: Some(URL) };
    resign(provider, secret, &subject, later(), identity)
}

/// Returns a time at which everything that was signed today has expired.
fn later() -> Timestamp {
    Timestamp::from_second(4_000_000_000).unwrap_or_default()
}

fn named(name: &str) -> Tested<Provider> {
    Ok(Provider::named(name)?)
}

fn sent(head: &str, body: &str) -> Tested<Request> {
    let head = format!("{}\r\n\r\n", head.replace('\n', "\r\n"));
    Ok(Request { head: Head::parse(head.into())?, body: Bytes::copy_from_slice(body.as_bytes()) })
}

#[test]
fn an_old_request_verifies_again_with_the_new_secret_only() -> Tested {
    let mut tried = 0;
    for provider in provider::all() {
        // Samples are made for the path `/`, without a query.
        if provider.scheme.signed.text().contains("{{query:") {
            continue;
        }
        for sample in &provider.samples {
            let (old, new) = (secret(provider, 1), secret(provider, 2));
            let content = DraftEvent::of(sample, fastrand::Rng::with_seed(7));
            let first = match request(provider, Some(&old), content, URL, None) {
                Ok(first) => first,
                Err(SignError::Unsupported(reason)) => {
                    let bare = sent("POST / HTTP/1.1", "")?;
                    let subject = Subject::new(&bare.head, b"");
                    let refused = resign(provider, &new, &subject, later(), EventIdPolicy::Fresh);
                    assert_eq!(refused.err(), Some(SignError::Unsupported(reason)));
                    continue;
                }
                // Its own test signs with a throw-away key.
                Err(SignError::PublicKey) => continue,
                Err(error) => return Err(format!("{}: {error}", provider.name).into()),
            };
            let name = &provider.name;
            let ReSigned { request: second, changes } =
                again(provider, &new, &first, EventIdPolicy::Fresh)?;
            assert_eq!(
                status(provider, &new, &second, later()),
                SignatureStatus::Verified,
                "{name}"
            );
            assert_ne!(
                status(provider, &old, &second, later()),
                SignatureStatus::Verified,
                "{name}"
            );
            // Everything else is unchanged: order, case, and number of headers.
            let changed: Vec<&str> = changes.iter().map(|change| change.place.as_str()).collect();
            assert_eq!(first.head.headers.len(), second.head.headers.len(), "{name}");
            for (one, other) in first.head.headers.iter().zip(&second.head.headers) {
                assert_eq!(one.name, other.name);
                assert_eq!(
                    one.value != other.value,
                    changed.contains(&one.name.as_str()),
                    "{name} {}",
                    one.name
                );
            }
            assert_eq!(
                first.body != second.body,
                changed.iter().any(|place| place.contains(" of the body")),
                "{name}"
            );
            tried += 1;
        }
    }
    assert!(tried > 100, "only {tried}");
    Ok(())
}

#[test]
fn a_signature_replaces_the_old_one_in_its_place() -> Tested {
    let stripe = named("stripe")?;
    let first = sent(
        "PUT /a%20b?x=1 HTTP/1.0\nHost: h\nSTRIPE-Signature: t=1,v1=00,v0=11\nX-A: 1\nx-a: 2\nstripe-signature: t=2",
        r#"{"a": 1.0}"#,
    )?;
    let ReSigned { request: second, changes } =
        again(&stripe, &secret(&stripe, 1), &first, EventIdPolicy::Fresh)?;
    let names: Vec<&str> = second.head.headers.iter().map(|header| header.name.as_str()).collect();
    assert_eq!(names, ["Host", "STRIPE-Signature", "X-A", "x-a"]);
    assert_eq!((second.head.method.as_str(), &second.head.target[..]), ("PUT", &b"/a%20b?x=1"[..]));
    assert_eq!(second.body, first.body);
    assert_eq!(
        changes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["STRIPE-Signature replaced"]
    );
    Ok(())
}

#[test]
fn the_family_of_header_names_is_kept() -> Tested {
    let svix = named("svix")?;
    let first = sent(
        "POST / HTTP/1.1\nWebhook-Id: msg_1a2b3c4d5e6f\nWebhook-Timestamp: 1\nWebhook-Signature: v1,x",
        "{}",
    )?;
    for (identity, kept) in [(EventIdPolicy::Kept, true), (EventIdPolicy::Fresh, false)] {
        let second = again(&svix, &secret(&svix, 1), &first, identity)?.request;
        let names: Vec<&str> =
            second.head.headers.iter().map(|header| header.name.as_str()).collect();
        assert_eq!(names, ["Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"]);
        assert_eq!(second.head.joined("webhook-id").ok_or("no id")? == "msg_1a2b3c4d5e6f", kept);
        assert_eq!(status(&svix, &secret(&svix, 1), &second, later()), SignatureStatus::Verified);
    }
    Ok(())
}

#[test]
fn other_signatures_of_the_same_body_are_replaced_or_removed() -> Tested {
    let (github, old) = (named("github")?, named("github-sha1")?);
    let key = secret(&github, 1);
    let first = sent(
        &format!(
            "POST / HTTP/1.1\nX-Hub-Signature: sha1={}\nX-Hub-Signature-256: sha256={}\nAuthorization: Basic eDp5",
            "0".repeat(40),
            "0".repeat(64)
        ),
        "{}",
    )?;
    let second = again(&github, &key, &first, EventIdPolicy::Fresh)?.request;
    assert_eq!(status(&github, &key, &second, later()), SignatureStatus::Verified);
    assert_eq!(status(&old, &key, &second, later()), SignatureStatus::Verified);
    // Credentials are those of the target.
    assert_eq!(second.head.joined("authorization").ok_or("none")?, "Basic eDp5");

    let hubspot = named("hubspot")?;
    let v1 = format!(
        "POST / HTTP/1.1\nX-HubSpot-Signature: {}\nX-HubSpot-Request-Timestamp: 1",
        "0".repeat(64)
    );
    let ReSigned { request: second, changes } =
        again(&hubspot, &secret(&hubspot, 1), &sent(&v1, "[]")?, EventIdPolicy::Fresh)?;
    // The scheme has a version 1 and a version 2.
    assert!(
        changes
            .iter()
            .any(|change| change.place == "X-HubSpot-Signature"
                && change.what == ChangeKind::Removed)
    );
    assert_eq!(second.head.joined("x-hubspot-signature"), None);
    assert_eq!(status(&hubspot, &secret(&hubspot, 1), &second, later()), SignatureStatus::Verified);
    Ok(())
}

#[test]
fn method_and_url_are_those_of_the_new_request() -> Tested {
    let hubspot = named("hubspot")?;
    let key = secret(&hubspot, 1);
    let first = sent(
        "PATCH /in HTTP/1.1\nX-HubSpot-Signature-v3: x\nX-HubSpot-Request-Timestamp: 1",
        "[]",
    )?;
    let mut second = again(&hubspot, &key, &first, EventIdPolicy::Fresh)?.request;
    assert_eq!(status(&hubspot, &key, &second, later()), SignatureStatus::Verified);
    second.head.method = "POST".to_owned();
    assert_eq!(status(&hubspot, &key, &second, later()), SignatureStatus::Mismatch);
    let nowhere = Subject::new(&first.head, &first.body);
    let refused = resign(&hubspot, &key, &nowhere, later(), EventIdPolicy::Fresh);
    assert_eq!(refused.err(), Some(SignError::NoUrl));
    Ok(())
}

#[test]
fn the_headers_that_were_signed_are_signed_again() -> Tested {
    let coinbase = named("coinbase-cdp")?;
    let key = secret(&coinbase, 1);
    let mut first = sent(
        "POST / HTTP/1.1\nHost: h\nContent-Type: a/b\nX-Event-Id: e\nX-Hook0-Signature: t=1,h=host x-event-id,v1=00\nX-Other: o",
        "{}",
    )?;
    first.head.headers.push(Header::new("User-Agent", "u"));
    let second = again(&coinbase, &key, &first, EventIdPolicy::Fresh)?.request;
    let value = second.head.joined("x-hook0-signature").ok_or("none")?;
    assert!(String::from_utf8_lossy(&value).contains(",h=x-event-id,"), "{value:?}");
    assert_eq!(status(&coinbase, &key, &second, later()), SignatureStatus::Verified);
    Ok(())
}

#[test]
fn only_the_time_in_the_body_is_refreshed() -> Tested {
    let linear = named("linear")?;
    let key = secret(&linear, 1);
    let first =
        sent("POST / HTTP/1.1\nContent-Length: 38", r#"{ "n":1.0 , "webhookTimestamp" : 17 }"#)?;
    let second = again(&linear, &key, &first, EventIdPolicy::Fresh)?.request;
    let text = String::from_utf8(second.body.to_vec())?;
    assert!(
        text.starts_with(r#"{ "n":1.0 , "webhookTimestamp" : 4"#) && text.ends_with(" }"),
        "{text}"
    );
    assert_eq!(second.head.joined("content-length").ok_or("none")?, text.len().to_string());
    assert_eq!(status(&linear, &key, &second, later()), SignatureStatus::Verified);
    let without = again(&linear, &key, &sent("POST / HTTP/1.1", "{}")?, EventIdPolicy::Fresh);
    assert!(matches!(without, Err(SignError::NoPart(_))));
    Ok(())
}
