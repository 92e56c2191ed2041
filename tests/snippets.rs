//! Programs that verify a delivery: generated for every provider, and run if their language is
//! installed.

mod support;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hookglass::delivery::{Delivery, Head, Header};
use hookglass::formats::{COPY_FORMATS, CopyError, CopySource, SnippetError, copy_format};
use hookglass::ops::send::{DraftEvent, request};
use hookglass::provider::{self, Provider, SecretForm};
use hookglass::secret::Secret;
use support::tools::{is_installed, skip};
use support::{Tested, delivery};

const URL: &str = "https://hooks.example/in?a=1&data.id=7";

/// The languages, and the forms that are programs.
const LANGUAGES: [&str; 6] = ["node", "python", "go", "ruby", "php", "rust"];

fn secret(provider: &Provider) -> String {
    let key = b"test-key-not-a-real-one-32-bytes";
    let text = match provider.scheme.secret {
        // In another normalization form it has other bytes.
        SecretForm::Utf8Nfkd => "test-kéy-not-a-real-one".to_owned(),
        SecretForm::Utf8 | SecretForm::Utf8Html | SecretForm::PublicKey => {
            "test-key-not-a-real-one".to_owned()
        }
        SecretForm::Base64 | SecretForm::Base64IfPrefixed => STANDARD.encode(key),
        SecretForm::Hex => hex::encode(key),
    };
    format!("{}{text}", provider.scheme.secret_prefix)
}

/// Returns the first sample of every provider whose requests can be signed.
fn signed() -> Vec<(&'static Provider, Delivery)> {
    let all = provider::all().iter().filter_map(|provider| {
        let key = Secret::new("TEST", secret(provider));
        let content = DraftEvent::of(provider.samples.first()?, fastrand::Rng::with_seed(7));
        let request = request(provider, Some(&key), content, URL, None).ok()?;
        Some((provider.as_ref(), of_provider(&provider.name, request.head, request.body)))
    });
    all.collect()
}

fn of_provider(name: &str, head: Head, body: bytes::Bytes) -> Delivery {
    let mut delivery = delivery(head, body);
    name.clone_into(&mut delivery.summary.provider);
    delivery
}

fn copied(delivery: &Delivery) -> CopySource<'_> {
    CopySource { delivery, providers: &[], base: "http://127.0.0.1:1", with_signature: false }
}

/// Runs a program with a body, and returns its exit code.
fn exit(command: &mut Command, provider: &Provider, body: &[u8]) -> Tested<Option<i32>> {
    let mut child = command
        .env(&provider.secret_env, secret(provider))
        .env("WEBHOOK_URL", URL)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    child.stdin.take().ok_or("no stdin")?.write_all(body)?;
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if said.is_empty() { Ok(output.status.code()) } else { Err(said.into()) }
}

fn verify_with(program: &str, form: &str, file: &str) -> Tested<usize> {
    if !is_installed(program) {
        return Ok(usize::MAX);
    }
    let folder = tempfile::tempdir()?;
    let path = folder.path().join(file);
    let form = copy_format(form).ok_or("no such form")?;
    let mut seen = std::collections::HashSet::new();
    for (provider, delivery) in signed() {
        // One of several schemes that differ in names only is enough.
        let scheme = &provider.scheme;
        let spelled = (scheme.algorithm, scheme.encoding, scheme.secret, scheme.prefix_optional);
        let parts = (&scheme.list, &scheme.pairs, scheme.signed.to_string(), &scheme.prefix);
        if !seen.insert(format!("{spelled:?} {parts:?} {}", scheme.signature.len() > 1)) {
            continue;
        }
        let Ok(snippet) = form.write(&copied(&delivery)) else { continue };
        std::fs::write(&path, &snippet)?;
        let name = &provider.name;
        let run = |body: &[u8]| {
            exit(Command::new(program).arg(&path), provider, body)
                .map_err(|error| format!("{name}: {error}"))
        };
        assert_eq!(run(&delivery.body)?, Some(0), "{name}");
        let mut tampered = delivery.body.to_vec();
        tampered.push(b' ');
        assert_eq!(run(&tampered)?, Some(1), "{name}");
    }
    Ok(seen.len())
}

#[test]
fn node_accepts_the_delivery_and_rejects_a_changed_one() -> Tested {
    assert!(verify_with("node", "node", "verify.mjs")? > 25);
    Ok(())
}

#[test]
fn python_accepts_the_delivery_and_rejects_a_changed_one() -> Tested {
    assert!(verify_with("python3", "python", "verify.py")? > 25);
    Ok(())
}

#[test]
fn ruby_and_php_accept_the_delivery_and_reject_a_changed_one() -> Tested {
    assert!(verify_with("ruby", "ruby", "verify.rb")? > 25);
    if !is_installed("php") {
        return Ok(());
    }
    let modules = Command::new("php").arg("-m").output()?.stdout;
    if !String::from_utf8_lossy(&modules).lines().any(|line| line == "intl") {
        skip("php has no extension intl, which secrets need that are not ASCII");
        return Ok(());
    }
    assert!(verify_with("php", "php", "verify.php")? > 25);
    Ok(())
}

#[test]
fn without_a_secret_the_program_reports_no_verdict() -> Tested {
    if !is_installed("node") {
        return Ok(());
    }
    let all = signed();
    let (provider, delivery) = all.first().ok_or("no provider")?;
    let snippet = copy_format("node").ok_or("no node")?.write(&copied(delivery))?;
    let mut child = Command::new("node")
        .args(["--input-type=module", "-e", std::str::from_utf8(&snippet)?])
        .env_remove(&provider.secret_env)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    assert_eq!(child.wait()?.code(), Some(2));
    Ok(())
}

#[test]
fn every_language_has_a_program_for_the_same_providers_and_none_holds_a_secret() -> Tested {
    let mut written = 0;
    for (provider, delivery) in signed() {
        let copies: Vec<Result<_, _>> = LANGUAGES
            .iter()
            .filter_map(|name| copy_format(name))
            .map(|form| form.write(&copied(&delivery)))
            .collect();
        let right = copies.iter().filter(|copy| copy.is_ok()).count();
        assert!(right == 0 || right == LANGUAGES.len(), "{}: {right}", provider.name);
        written += right;
        for copy in copies {
            let text = match copy {
                Ok(bytes) => String::from_utf8(bytes.to_vec())?,
                Err(error) => error.to_string(),
            };
            assert!(!text.contains(&secret(provider)), "{}", provider.name);
            assert!(!text.contains('@') || !text.contains("@key@"), "{text}");
        }
    }
    assert!(written > 6 * 50, "only {written}");
    Ok(())
}

#[test]
fn a_signature_that_no_program_can_verify_has_a_reason() -> Tested {
    let node = copy_format("node").ok_or("no node")?;
    for (name, says) in [
        ("gitlab", "the secret itself"),
        ("paypal", "signs with RSA"),
        ("sendgrid", "ECDSA"),
        ("adyen", "no signature in a header"),
        ("twilio", "sorted fields of a form"),
    ] {
        let head = Head::build("POST", "/", &[Header::new("X-Twilio-Signature", "x")]);
        let delivery = of_provider(name, head, bytes::Bytes::from_static(b"{}"));
        let reason = node.write(&copied(&delivery)).err().ok_or("it was written")?;
        let reason = reason.to_string();
        assert!(reason.contains(says), "{name}: {reason}");
    }
    let unknown = of_provider("unknown", Head::build("POST", "/", &[]), bytes::Bytes::new());
    assert!(node.write(&copied(&unknown)).is_err());
    Ok(())
}

#[test]
fn text_of_a_sender_is_never_code_in_any_language() -> Tested {
    let hostile = "t=1\",h=?><?php evil() ?>\\' */ #{evil} $evil,v1=00";
    let head = Head::build("POST", "/", &[Header::new("X-Hook0-Signature", hostile)]);
    let delivery = of_provider("coinbase-cdp", head, bytes::Bytes::from_static(b"{}"));
    for name in LANGUAGES {
        let copy = copy_format(name).ok_or("no form")?.write(&copied(&delivery))?;
        let text = String::from_utf8(copy.to_vec())?;
        let lines: Vec<&str> = text.lines().filter(|line| line.contains("evil")).collect();
        // It is in one literal, escaped.
        assert_eq!(lines.len(), 1, "{name}: {lines:?}");
        let line = lines.join("");
        let escaped = match name {
            "ruby" | "php" => line.contains(r"\\\' */ #{evil} $evil"),
            _ => line.contains(r#"t=1\""#) && line.contains(r"\\' */"),
        };
        assert!(escaped, "{name}: {line}");
    }
    let odd = Head::build("POST", "/", &[Header::new("X-Hook0-Signature", "t=\u{202e},v1=00")]);
    let odd = of_provider("coinbase-cdp", odd, bytes::Bytes::new());
    assert!(COPY_FORMATS.iter().filter(|form| LANGUAGES.contains(&form.name)).all(|form| {
        form.write(&copied(&odd))
            .is_err_and(|error| matches!(error, CopyError::Snippet(SnippetError::NotAscii(_))))
    }));
    Ok(())
}

/// Writes every program and its body to the folder in `HOOKGLASS_SNIPPETS`, to compile them by
/// hand.
#[test]
fn programs_are_written_out_on_request() -> Tested {
    let Some(folder) = std::env::var_os("HOOKGLASS_SNIPPETS") else { return Ok(()) };
    for (provider, delivery) in signed() {
        let place = Path::new(&folder).join(&provider.name);
        std::fs::create_dir_all(&place)?;
        for (name, file) in [
            ("go", "verify.go"),
            ("ruby", "verify.rb"),
            ("php", "verify.php"),
            ("rust", "verify.rs"),
        ] {
            if let Ok(copy) = copy_format(name).ok_or("no form")?.write(&copied(&delivery)) {
                std::fs::write(place.join(file), copy)?;
            }
        }
        std::fs::write(place.join("body"), &delivery.body)?;
        let setting = format!("{}={}", provider.secret_env, secret(provider));
        std::fs::write(place.join("env"), setting)?;
    }
    Ok(())
}
