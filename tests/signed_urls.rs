//! Schemes that sign the URL, without a configured public URL: the URL is derived from the request.

mod support;

use std::fs;

use hookglass::provider::Provider;
use serde_json::Value;
use support::{Listener, Tested, exchange, hookglass};

const KEY: &str = "test-key-not-real";

/// Returns the verdicts of a listener on the requests sent to it.
fn verdicts(provider: &str, send: impl FnOnce(&Listener) -> Tested) -> Tested<Vec<Value>> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("key"), KEY)?;
    let mut command = hookglass(folder.path());
    let listener = Listener::start(command.args(["--provider", provider, "--secret-file", "key"]))?;
    send(&listener)?;
    let (_, printed, said) = listener.stop()?;
    let lines = printed.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
    assert!(!lines.is_empty(), "{said}");
    Ok(lines.iter().filter_map(|line| line.get("signature").cloned()).collect())
}

/// Returns the bytes of a signed sample, as `hookglass send` would send them to a URL.
fn signed(provider: &str, url: &str) -> Tested<String> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("key"), KEY)?;
    let kind = &Provider::named(provider)?.samples.first().ok_or("no sample")?.kind.clone();
    let output = hookglass(folder.path())
        .args(["send", kind, "--to", url, "--provider", provider])
        .args(["--secret-file", "key", "--dry-run"])
        .output()?;
    Ok(String::from_utf8(output.stdout)?)
}

#[test]
fn a_local_sender_needs_no_public_url() -> Tested {
    for provider in ["twilio", "square", "hubspot", "hubspot-v2"] {
        let kind = &Provider::named(provider)?.samples.first().ok_or("no sample")?.kind.clone();
        for path in ["", "/hooks?a=1"] {
            let found = verdicts(provider, |listener| {
                let folder = tempfile::tempdir()?;
                fs::write(folder.path().join("key"), KEY)?;
                let to = listener.url() + path;
                let output = hookglass(folder.path())
                    .args(["send", kind, "--to", &to, "--provider", provider])
                    .args(["--secret-file", "key"])
                    .output()?;
                assert!(output.status.success(), "{output:?}");
                Ok(())
            })?;
            assert_eq!(found[0]["status"], "verified", "{provider} {path}: {found:?}");
            let why = found[0]["explanation"].as_str().unwrap_or_default();
            assert!(why.contains("http://127.0.0.1:") && why.contains(path), "{provider}: {why}");
        }
    }
    Ok(())
}

#[test]
fn forwarded_headers_of_a_proxy_are_tried_and_an_unknown_url_is_not_a_mismatch() -> Tested {
    let there = signed("square", "https://x.example/in")?;
    assert!(there.contains("Host: x.example\r\n"), "{there}");
    let behind = |headers: &str| there.replace("Host: x.example\r\n", headers);
    for (headers, status) in [
        ("Host: x.example\r\n", "verified"),
        ("Host: h\r\nX-Forwarded-Host: x.example\r\nX-Forwarded-Proto: https\r\n", "verified"),
        ("Host: h\r\n", "unchecked"),
        ("Host: x.example\r\nX-Forwarded-Host: y.example\r\n", "verified"),
    ] {
        let request = behind(headers);
        let found = verdicts("square", |listener| {
            exchange(&listener.address, request.as_bytes()).map(|_| ())
        })?;
        assert_eq!(found[0]["status"], status, "{headers}: {found:?}");
        let why = found[0]["explanation"].as_str().unwrap_or_default();
        let expected = if status == "verified" { "https://x.example/in" } else { "--public-url" };
        assert!(why.contains(expected), "{why}");
        assert_eq!(found[0]["cause"], Value::Null);
    }
    Ok(())
}
