//! Verdicts that agree with the providers' own libraries, and schemes that a user can describe.

use std::error::Error;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hookglass::config::Config;
use hookglass::delivery::{Head, Header, SignatureStatus, Verdict};
use hookglass::provider::{self, Provider};
use hookglass::secret::Secret;
use hookglass::signature::{Credentials, Draft, Subject, Verifier, sign, verify_as};
use jiff::Timestamp;
use serde::Deserialize;

type Tested<T = ()> = Result<T, Box<dyn Error>>;

/// A request that was signed by independent code.
#[derive(Debug, Deserialize)]
struct Case {
    id: String,
    provider: String,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body_base64: String,
    secret: String,
    now: i64,
    expect: String,
    #[serde(default)]
    also_ok: Vec<String>,
    cause: Option<String>,
    public_url: Option<String>,
    why: String,
}

impl Case {
    fn verdict(&self) -> Tested<Verdict> {
        let headers: Vec<Header> =
            self.headers.iter().map(|(name, value)| Header::new(name, value.clone())).collect();
        let head = Head::build(&self.method, &self.path, &headers);
        let body = STANDARD.decode(&self.body_base64)?;
        let subject = Subject { head: &head, body: &body, url: self.public_url.as_deref() };
        let provider = Provider::named(&self.provider)?;
        let secrets = [Secret::new("TEST_SECRET", self.secret.clone())];
        Ok(verify_as(&provider, &secrets, &subject, Timestamp::from_second(self.now)?))
    }
}

fn cases() -> Result<Vec<Case>, serde_json::Error> {
    include_str!("data/signatures/verdicts.jsonl").lines().map(serde_json::from_str).collect()
}

#[test]
fn verdicts_agree_with_the_libraries() -> Tested {
    for case in cases()? {
        let verdict = case.verdict()?;
        let status = verdict.status.to_string();
        let allowed = case.expect == status || case.also_ok.contains(&status);
        assert!(allowed, "{}: {verdict:?}, but {}", case.id, case.why);
    }
    Ok(())
}

#[test]
fn causes_that_need_no_search_are_named() -> Tested {
    for case in cases()?.iter().filter(|case| case.cause.is_some()) {
        assert_eq!(case.verdict()?.cause, case.cause, "{}", case.id);
    }
    Ok(())
}

#[test]
fn the_failing_item_of_several_is_named() -> Tested {
    for (id, says) in [
        ("adyen/two-items", "2 of 2 items are signed"),
        ("adyen/first-of-two-items-forged", "item 1 of 2: "),
        ("adyen/second-of-two-items-forged", "item 2 of 2: "),
        ("adyen/second-of-two-items-unsigned", "item 2 of 2: "),
    ] {
        let case = cases()?.into_iter().find(|case| case.id == id).ok_or(id)?;
        let said = case.verdict()?.explanation.ok_or("no explanation")?.to_string();
        assert!(said.contains(says), "{id}: {said}");
    }
    Ok(())
}

#[test]
fn a_verdict_names_what_is_signed_instead_of_the_whole_body() -> Tested {
    let case = cases()?.into_iter().find(|case| case.id == "adyen/two-items").ok_or("no case")?;
    let said = case.verdict()?.explanation.ok_or("no explanation")?.to_string();
    assert!(said.contains("covers only its references, account, amount"), "{said}");
    Ok(())
}

/// Describes a provider in a configuration file.
fn described(scheme: &str) -> Tested<Arc<Provider>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("hookglass.toml");
    std::fs::write(&path, scheme)?;
    Ok(Config::load(Some(&path))?.named("own")?)
}

fn status(
    provider: &Provider,
    secret: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> SignatureStatus {
    let headers: Vec<Header> =
        headers.iter().map(|(name, value)| Header::new(*name, (*value).to_owned())).collect();
    let head = Head::build("POST", "/hooks?a=1&token=t", &headers);
    let url = Some("https://hooks.example.com/trello");
    let subject = Subject { head: &head, body, url };
    let secrets = [Secret::new("TEST_SECRET", secret)];
    verify_as(provider, &secrets, &subject, Timestamp::UNIX_EPOCH).status
}

#[test]
fn a_described_scheme_verifies() -> Tested {
    let anet = "1F".repeat(64);
    let gzip = STANDARD.decode("H4sIAAAAAAACA6tWKqksSFWyUspNLS5OTE/Vy0stV6oFANUTSMoWAAAA")?;
    for (scheme, secret, headers, body) in [
        (
            "signature = \"header:X-ANET-Signature\"\nprefix = \"sha512=\"\nalgorithm = \"hmac-sha512\"\n\
             encoding = \"hex-upper\"\nsecret = \"hex\"",
            anet.as_str(),
            &[(
                "X-ANET-Signature",
                "sha512=162C5D21CD93662DBA9CAE29448E2F777C64D4C5B695A421CCED802A02A6263548FE64E42A5BF2B12D774E4166540F188304408288448822190D3141A37F32C8",
            )][..],
            &br#"{"notificationId":"d0e8e7fe","eventType":"net.authorize.payment.authcapture.created"}"#[..],
        ),
        (
            "signature = \"header:X-Signature\"\nsigned = \"{{decoded}}\"",
            "s",
            &[
                ("Content-Encoding", "gzip"),
                ("X-Signature", "543202bce4770709d27319bc82d3bdb5f1f7cd9bcb79396ae89839591c334f77"),
            ],
            &gzip,
        ),
        (
            "signature = \"header:X-Signature\"\nsigned = \"{{sha256:body}}\"",
            "tebex-test-secret",
            &[("X-Signature", "8454ca6148e0c5069aea6f8a41ae01615a53f13b20aba3cfdff7715579ae509d")],
            br#"{"id":"1","type":"validation.webhook"}"#,
        ),
        (
            "signature = \"header:X-Recharge-Hmac-Sha256\"\nalgorithm = \"sha256\"\n\
             signed = \"{{secret}}{{body}}\"",
            "client-test-secret",
            &[(
                "X-Recharge-Hmac-Sha256",
                "3006e414d1612790b09ab99e476b07d7ca87089aa479f4a65421598db848f99a",
            )],
            br#"{"order":{"id":1}}"#,
        ),
        (
            "signature = \"header:X-Xero-Signature\"\nencoding = \"base64\"",
            "xero-test-key",
            &[("X-Xero-Signature", "UZHdoBrkyyvFFjY+lTo1HUtbVlwvqLWJryJ4usNeRG4=")],
            br#"{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, "entropy": "QZRTXLHMWBNEYKDPCAVS"}"#,
        ),
        (
            "signature = \"header:X-Trello-Webhook\"\nalgorithm = \"hmac-sha1\"\nencoding = \"base64\"\n\
             signed = \"{{body}}{{url}}\"",
            "trello-test-secret",
            &[("X-Trello-Webhook", "JDY7UfI3SBUDbYxcTSejJxee31w=")],
            br#"{"action":{"id":"51f9424bcd6e040f3c002412","type":"updateCard"}}"#,
        ),
        (
            "signature = \"query:token\"\nalgorithm = \"token\"\ncovers_body = false",
            "t",
            &[],
            b"type=subscribe",
        ),
    ] {
        let provider = described(&format!("[providers.own.scheme]\n{scheme}\n"))?;
        let found = status(&provider, secret, headers, body);
        assert_eq!(found, SignatureStatus::Verified, "{scheme}");
    }
    Ok(())
}

#[test]
fn a_described_scheme_verifies_what_it_signs() -> Tested {
    let headers = [Header::new("Content-Type", "application/json")];
    for (algorithm, encoding, signed) in [
        ("hmac-sha384", "base64url", "{{method}}\\n{{host}}{{path}}?{{query}}\\n{{body}}"),
        ("hmac-md5", "hex-upper", "{{crc32:body}}.{{sha1:body}}"),
        ("md5", "hex", "{{body}}{{secret}}"),
        ("sha1", "base64url", "{{secret}}.{{body}}.{{secret}}"),
        ("sha384", "hex", "{{query:a}}{{secret}}{{body}}"),
        ("sha512", "base64", "{{body}}{{header:content-type}}{{secret}}"),
        ("hmac-sha512", "base64url", "{{json:/a}}{{md5:body}}{{sha512:body}}"),
    ] {
        let provider = described(&format!(
            "[providers.own.scheme]\nsignature = \"header:x-sig\"\nalgorithm = \"{algorithm}\"\n\
             encoding = \"{encoding}\"\nsigned = \"{signed}\"\n"
        ))?;
        let secret = Secret::new("TEST_SECRET", "test-secret");
        let body = br#"{"a":"b"}"#;
        let url = "https://h.example:8443/hooks?a=1&b=2";
        let draft = Draft {
            body,
            headers: &headers,
            method: "POST",
            url: Some(url),
            id: "1",
            now: Timestamp::UNIX_EPOCH,
            like: None,
        };
        let made = sign(&provider.scheme, &secret, &draft)?;
        let all: Vec<Header> = headers.iter().chain(&made.headers).cloned().collect();
        let head = Head::build("POST", "/hooks?a=1&b=2", &all);
        let verdict = |body| {
            let subject = Subject { head: &head, body, url: Some(url) };
            verify_as(&provider, std::slice::from_ref(&secret), &subject, Timestamp::UNIX_EPOCH)
                .status
        };
        assert_eq!(verdict(body), SignatureStatus::Verified, "{algorithm} {signed}");
        assert_eq!(verdict(br#"{"a":"c"}"#), SignatureStatus::Mismatch, "{algorithm} {signed}");
    }
    Ok(())
}

#[test]
fn a_failing_stronger_signature_is_not_hidden_by_a_weaker_one() -> Tested {
    let secret = Secret::new("GITHUB_WEBHOOK_SECRET", "It's a Secret to Everybody");
    let candidates = provider::all().iter().map(|provider| {
        let is_github = provider.secret_env == "GITHUB_WEBHOOK_SECRET";
        let secrets = if is_github { vec![secret.clone()] } else { Vec::new() };
        Credentials { provider: Arc::clone(provider), secrets }
    });
    let verifier = Verifier::new(candidates.collect());
    let body = b"Hello, World!";
    let github = provider::all().iter().find(|one| one.name == "github-sha1").ok_or("no github")?;
    let draft = Draft {
        body,
        headers: &[],
        method: "POST",
        url: None,
        id: "1",
        now: Timestamp::UNIX_EPOCH,
        like: None,
    };
    let mut headers = sign(&github.scheme, &secret, &draft)?.headers;
    headers.push(Header::new("X-GitHub-Event", "push"));
    headers.push(Header::new("X-Hub-Signature-256", format!("sha256={}", "0".repeat(64))));
    let head = Head::build("POST", "/", &headers);
    let judged = verifier.judge(&Subject::new(&head, body), Timestamp::UNIX_EPOCH);
    assert_eq!(judged.verdict.status, SignatureStatus::Mismatch);
    Ok(())
}

/// A verifier of every provider, in which those with this variable have a secret.
fn verifier_with(secret_env: &str, secret: &Secret) -> Verifier {
    let candidates = provider::all().iter().map(|provider| {
        let is_configured = provider.secret_env == secret_env || secret_env == "*";
        let secrets = if is_configured { vec![secret.clone()] } else { Vec::new() };
        Credentials { provider: Arc::clone(provider), secrets }
    });
    Verifier::new(candidates.collect())
}

#[test]
fn a_signature_that_several_relatives_share_names_the_general_provider() -> Tested {
    let secret = Secret::new("S", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let verifier = verifier_with("*", &secret);
    for name in ["standard-webhooks", "svix"] {
        let provider = provider::all().iter().find(|one| one.name == name).ok_or("unknown")?;
        let draft = Draft {
            body: b"{}",
            headers: &[],
            method: "POST",
            url: None,
            id: "msg_1",
            now: Timestamp::UNIX_EPOCH,
            like: None,
        };
        let head = Head::build("POST", "/", &sign(&provider.scheme, &secret, &draft)?.headers);
        let judged = verifier.judge(&Subject::new(&head, b"{}"), Timestamp::UNIX_EPOCH);
        let found = judged.credentials.map(|one| one.provider.name.as_str());
        assert_eq!(found, Some(name), "signed as {name}");
    }
    Ok(())
}

#[test]
fn a_stronger_signature_that_was_not_checked_is_named() -> Tested {
    let gitlab = Provider::named("gitlab")?;
    let headers = [
        Header::new("X-Gitlab-Token", "token"),
        Header::new("webhook-id", "msg_1"),
        Header::new("webhook-timestamp", "0"),
        Header::new("webhook-signature", format!("v1,{}", STANDARD.encode([0; 32]))),
    ];
    let head = Head::build("POST", "/", &headers);
    let secrets = [Secret::new("GITLAB_WEBHOOK_TOKEN", "token")];
    let verdict = verify_as(&gitlab, &secrets, &Subject::new(&head, b"{}"), Timestamp::UNIX_EPOCH);
    let says = verdict.explanation.map(|explanation| explanation.to_lines()).unwrap_or_default();
    assert!(format!("{says:?}").contains("webhook-signature was not checked"), "{says:?}");
    Ok(())
}
