//! Forwarded and resent deliveries verify at independent receivers: small servers that respond 2xx
//! only if the provider's own library accepts the signature. See `tests/receivers/README.md`.

#![cfg(unix)]

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use hookglass::delivery::{Head, Header};
use hookglass::provider::{Provider, Seed};
use hookglass::secret::Secret;
use hookglass::signature::{Draft, sign};
use jiff::{SignedDuration, Timestamp};
use support::tools::skip;
use support::{Listener, Tested, exchange, hookglass};

/// The variable and the value of each provider's secret, all obviously for tests.
const SECRETS: [(&str, &str); 5] = [
    ("CRIBBLY_WEBHOOK_SECRET", "test-key-current-not-real"),
    ("GITHUB_WEBHOOK_SECRET", "test-key-of-github"),
    ("SLACK_SIGNING_SECRET", "test-key-of-slack"),
    ("STANDARD_WEBHOOKS_SECRET", "whsec_dGVzdC1rZXktbm90LWEtcmVhbC1vbmU="),
    ("STRIPE_WEBHOOK_SECRET", "whsec_test_key_of_stripe"),
];

const OTHER_SECRET: &str = "whsec_dGVzdC1rZXktb2YtYW5vdGhlci1lbmRwb2ludA==";

/// The running receivers, killed when they are dropped.
struct Receivers {
    child: Child,
    address: String,
}

impl Receivers {
    fn start(command: &mut Command) -> Tested<Self> {
        let mut child = command
            .envs(SECRETS)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()?;
        let mut port = String::new();
        let stdout = child.stdout.take().ok_or("no stdout")?;
        BufReader::new(stdout).read_line(&mut port)?;
        let port: u16 = port.trim().parse().map_err(|_| format!("it said {port:?}"))?;
        Ok(Self { child, address: format!("http://127.0.0.1:{port}") })
    }
}

impl Drop for Receivers {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns a folder for the libraries of a language, with its receivers in it.
fn folder(language: &str) -> Tested<PathBuf> {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/receivers").join(language);
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("receivers").join(language);
    fs::create_dir_all(&cache)?;
    for entry in fs::read_dir(ours)? {
        let entry = entry?;
        fs::copy(entry.path(), cache.join(entry.file_name()))?;
    }
    Ok(cache)
}

/// Runs a step of an installation, and reports if it fails.
fn done(command: &mut Command) -> bool {
    let shown = format!("{command:?}");
    match command.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() => true,
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            skip(&format!("{shown}: {}: {said}", output.status));
            false
        }
        Err(error) => {
            skip(&format!("{shown}: {error}"));
            false
        }
    }
}

/// Installs the libraries that the file `stamp` lists, unless they are installed.
fn installed(folder: &Path, stamp: &str, steps: &mut [Command]) -> Tested<bool> {
    let wanted = fs::read(folder.join(stamp))?;
    let mark = folder.join("installed");
    if fs::read(&mark).is_ok_and(|there| there == wanted) {
        return Ok(true);
    }
    if !steps.iter_mut().all(done) {
        return Ok(false);
    }
    fs::write(mark, wanted)?;
    Ok(true)
}

/// Returns a request as its provider sent it a day ago, or, for schemes without a time, signed with
/// the secret of another endpoint.
fn stale(provider: &Provider, secret: &str) -> Tested<Vec<u8>> {
    let sample = provider.samples.first().ok_or("no sample")?;
    #[expect(clippy::disallowed_methods, reason = "receivers go by the clock of this machine")]
    let now = Timestamp::now() - SignedDuration::from_hours(24);
    let mut seed = Seed { now, random: fastrand::Rng::with_seed(7) };
    let body = sample.body(&mut seed);
    let own = sample.headers(&mut seed).into_iter();
    let mut headers = vec![
        Header::new("Host", "h"),
        Header::new("Connection", "close"),
        Header::new("Content-Type", sample.content_type.clone()),
        Header::new("Content-Length", body.len().to_string()),
    ];
    headers.extend(own.map(|(name, value)| Header::new(name, value)));
    let secret = if provider.scheme.timestamp.is_some() { secret } else { OTHER_SECRET };
    let signed = sign(
        &provider.scheme,
        &Secret::new("TEST", secret),
        &Draft {
            body: body.as_bytes(),
            headers: &[],
            method: "POST",
            url: None,
            id: "msg_1",
            now,
            like: None,
        },
    )?;
    headers.extend(signed.headers);
    Ok([&Head::build("POST", "/hooks", &headers).raw[..], body.as_bytes()].concat())
}

/// Sends every kind of request to the receiver of a provider.
fn put_to_the_test(receivers: &Receivers, name: &str) -> Tested {
    let provider = Provider::named(name)?;
    let kind = provider.samples.first().ok_or("no sample")?.kind.clone();
    let (_, secret) =
        SECRETS.into_iter().find(|(known, _)| *known == provider.secret_env).ok_or("no secret")?;
    let folder = tempfile::tempdir()?;
    let receiver = format!("{}/{name}", receivers.address);
    let run = |args: &[&str], code: i32, says: &str| -> Tested {
        let output = hookglass(folder.path()).envs(SECRETS).args(args).output()?;
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = format!("{name} {args:?}: {out}{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(out.contains(says), "{said}");
        Ok(())
    };
    let send = ["send", &kind, "--provider", name, "--to"];
    // Signed here, then changed.
    run(&[&send[..], &[&receiver]].concat(), 0, "answered 204")?;
    for tamper in ["body", "signature", "missing"] {
        run(&[&send[..], &[&receiver, "--tamper", tamper]].concat(), 1, "answered 400")?;
    }
    // Forwarded: the client gets the receiver's response.
    let listener = Listener::start(hookglass(folder.path()).envs(SECRETS).args([
        "--provider",
        name,
        "--forward",
        &receiver,
    ]))?;
    run(&[&send[..], &[&listener.url()]].concat(), 0, "answered 204")?;
    let answer = exchange(&listener.address, &stale(&provider, secret)?)?;
    assert!(answer.starts_with("HTTP/1.1 400"), "{name}: {answer}");
    listener.stop()?;
    // Resent: with the original signature while it is fresh, and signed again once it has expired.
    run(&["resend", "1", "--to", &receiver, "--exact"], 0, "answered 204")?;
    run(&["resend", "1", "--to", &receiver], 0, "answered 204")?;
    run(&["resend", "2", "--to", &receiver, "--exact"], 1, "answered 400")?;
    run(&["resend", "2", "--to", &receiver], 0, "answered 204")
}

#[test]
fn the_providers_own_libraries_for_node_accept_the_requests() -> Tested {
    let folder = folder("node")?;
    let mut npm = Command::new("npm");
    npm.current_dir(&folder).args(["install", "--no-package-lock", "--no-audit", "--no-fund"]);
    if !installed(&folder, "package.json", &mut [npm])? {
        return Ok(());
    }
    let receivers = Receivers::start(Command::new("node").arg(folder.join("server.mjs")))?;
    for provider in ["stripe", "github", "standard-webhooks", "cribbly"] {
        put_to_the_test(&receivers, provider)?;
    }
    Ok(())
}

#[test]
fn the_providers_own_libraries_for_python_accept_the_requests() -> Tested {
    let folder = folder("python")?;
    let python = folder.join("venv/bin/python");
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv"]).arg(folder.join("venv"));
    let mut pip = Command::new(&python);
    let requirements = folder.join("requirements.txt");
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "-r"]).arg(requirements);
    if !installed(&folder, "requirements.txt", &mut [venv, pip])? {
        return Ok(());
    }
    let receivers = Receivers::start(Command::new(&python).arg(folder.join("server.py")))?;
    for provider in ["slack", "standard-webhooks"] {
        put_to_the_test(&receivers, provider)?;
    }
    Ok(())
}
