//! `hookglass providers new`: a provider described from a stored delivery.

mod support;

use std::process::Output;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use support::{Listener, Tested, exchange, hookglass};

const SECRET: &str = "acme-test-secret";
const BODY: &str = r#"{"type":"order.paid","id":"o1"}"#;

fn hmac(key: &[u8], content: &str) -> Tested<Vec<u8>> {
    let mac = Hmac::<Sha256>::new_from_slice(key)?;
    Ok(mac.chain_update(content).finalize().into_bytes().to_vec())
}

/// A folder with a stored delivery that has these headers.
fn stored(headers: &[(&str, String)]) -> Tested<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    // With the only secret, the delivery would be a Cribbly delivery without a signature.
    let listener = Listener::start(hookglass(folder.path()).env_remove("CRIBBLY_WEBHOOK_SECRET"))?;
    let lines: Vec<String> =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let lines = lines.concat();
    let request = format!(
        "POST /acme HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{lines}Content-Length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    exchange(&listener.url().replace("http://", ""), request.as_bytes())?;
    listener.stop()?;
    Ok(folder)
}

fn new(folder: &tempfile::TempDir, secret: Option<&str>, more: &[&str]) -> Tested<Output> {
    let mut command = hookglass(folder.path());
    command.args(["providers", "new", "acme", "--from", "1", "--config", "hookglass.toml"]);
    command.args(more).current_dir(folder.path());
    if let Some(secret) = secret {
        command.env("ACME_WEBHOOK_SECRET", secret);
    }
    Ok(command.output()?)
}

/// Adds the provider, and returns its description by `hookglass providers acme`.
fn described(headers: &[(&str, String)], secret: &str) -> Tested<String> {
    let folder = stored(headers)?;
    let added = new(&folder, Some(secret), &[])?;
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let mut command = hookglass(folder.path());
    command.args(["providers", "acme", "--config", "hookglass.toml"]).current_dir(folder.path());
    Ok(String::from_utf8(command.output()?.stdout)?)
}

#[test]
fn a_hex_signature_with_a_prefix_is_found() -> Tested {
    let value = format!("sha256={}", hex::encode(hmac(SECRET.as_bytes(), BODY)?));
    let text = described(&[("X-Acme-Signature", value)], SECRET)?;
    assert!(text.contains("as lowercase hex after `sha256=` in x-acme-signature"), "{text}");
    Ok(())
}

#[test]
fn a_time_in_another_header_is_found() -> Tested {
    let digest = hmac(SECRET.as_bytes(), &format!("1790000000:{BODY}"))?;
    let headers =
        [("X-Acme-Time", "1790000000".to_owned()), ("X-Acme-Hmac", STANDARD.encode(digest))];
    let text = described(&headers, SECRET)?;
    assert!(text.contains("HMAC-SHA256 of `{{timestamp}}:{{body}}`, as base64"), "{text}");
    Ok(())
}

#[test]
fn pairs_with_a_time_are_found() -> Tested {
    let digest = hex::encode(hmac(SECRET.as_bytes(), &format!("1790000000.{BODY}"))?);
    let text = described(&[("Acme-Signature", format!("t=1790000000,v1={digest}"))], SECRET)?;
    assert!(text.contains("of `{{timestamp}}.{{body}}`, as lowercase hex after `v1=`"), "{text}");
    Ok(())
}

#[test]
fn standard_webhooks_under_other_names_are_found() -> Tested {
    let secret = format!("whsec_{}", STANDARD.encode(SECRET));
    let digest = hmac(SECRET.as_bytes(), &format!("m1.1790000000.{BODY}"))?;
    let headers = [
        ("Acme-Id", "m1".to_owned()),
        ("Acme-Timestamp", "1790000000".to_owned()),
        ("Acme-Signature", format!("v1,{}", STANDARD.encode(digest))),
    ];
    let text = described(&headers, &secret)?;
    assert!(text.contains("of `{{id}}.{{timestamp}}.{{body}}`, as base64 after `v1,`"), "{text}");
    Ok(())
}

#[test]
fn a_token_is_found() -> Tested {
    let text = described(&[("Authorization", format!("Bearer {SECRET}"))], SECRET)?;
    assert!(text.contains("the secret itself, in authorization"), "{text}");
    Ok(())
}

#[test]
fn deliveries_of_the_new_provider_verify() -> Tested {
    let value = hex::encode(hmac(SECRET.as_bytes(), BODY)?);
    let folder = stored(&[("X-Acme-Signature", value.clone())])?;
    new(&folder, Some(SECRET), &[])?;
    let mut command = hookglass(folder.path());
    command.args(["verify", "--provider", "acme", "--config", "hookglass.toml", "--header"]);
    command.arg(format!("X-Acme-Signature: {value}")).arg("--json").current_dir(folder.path());
    let body = folder.path().join("body");
    std::fs::write(&body, BODY)?;
    let output =
        command.env("ACME_WEBHOOK_SECRET", SECRET).stdin(std::fs::File::open(&body)?).output()?;
    let line: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(
        (&line["signature"]["status"], &line["event"]["type"]),
        (&"verified".into(), &"order.paid".into())
    );
    Ok(())
}

#[test]
fn a_secret_that_nothing_verifies_with_saves_nothing() -> Tested {
    let folder = stored(&[("X-Acme-Signature", hex::encode(hmac(b"another", BODY)?))])?;
    let refused = new(&folder, Some(SECRET), &[])?;
    assert_eq!(refused.status.code(), Some(1));
    assert!(!folder.path().join("hookglass.toml").exists());
    Ok(())
}

#[test]
fn without_a_secret_the_scheme_is_a_guess() -> Tested {
    let value = hex::encode(hmac(SECRET.as_bytes(), BODY)?);
    let folder = stored(&[("X-Acme-Signature", value)])?;
    let output = new(&folder, None, &["--dry-run"])?;
    let text = String::from_utf8(output.stdout)?;
    assert!(text.contains("not verified: check `scheme`"), "{text}");
    assert!(text.contains("signature = \"header:x-acme-signature\""), "{text}");
    Ok(())
}

#[test]
fn the_rest_of_the_configuration_stays() -> Tested {
    let folder = stored(&[("X-Acme-Signature", hex::encode(hmac(SECRET.as_bytes(), BODY)?))])?;
    let before = "# mine\nprovider = [\"github\"] # why\n";
    let path = folder.path().join("hookglass.toml");
    std::fs::write(&path, before)?;
    new(&folder, Some(SECRET), &[])?;
    let after = std::fs::read_to_string(&path)?;
    assert!(after.starts_with(before) && after.contains("\n[providers.acme]\n"), "{after}");
    Ok(())
}

#[test]
fn a_provider_is_not_replaced() -> Tested {
    let folder = stored(&[("X-Acme-Signature", hex::encode(hmac(SECRET.as_bytes(), BODY)?))])?;
    new(&folder, Some(SECRET), &[])?;
    let again = new(&folder, Some(SECRET), &[])?;
    let error = String::from_utf8(again.stderr)?;
    assert!(error.contains("[providers.acme] is already in"), "{error}");
    Ok(())
}

#[test]
fn type_and_id_of_an_unknown_sender_are_marked_as_guesses() -> Tested {
    let folder = stored(&[])?;
    let output = hookglass(folder.path()).args(["show", "1", "--json"]).output()?;
    let line: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(
        line["event"],
        serde_json::json!({"id": "o1", "type": "order.paid", "guessed": true})
    );
    Ok(())
}
