//! Exports and imports: fixtures and the other formats, from the store to files and back.

#![cfg(unix)]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use bytes::Bytes;
use hookglass::delivery::{
    Delivery, DeliveryId, EventRef, Head, Header, NewDelivery, SignatureStatus, Source, Verdict,
};
use hookglass::formats::fixture::Fixture;
use hookglass::formats::jsonl;
use hookglass::ops::fixture::{prove, test_key};
use hookglass::ops::send::{DraftEvent, Tamper, request as sample};
use hookglass::provider::{self, Provider};
use hookglass::secret::Secret;
use hookglass::store::{Maintenance, StoreReader};
use jiff::Timestamp;
use serde_json::Value;
use support::{Listener, Tested, exchange, hookglass};

const STORE: &str = ".hookglass/deliveries.db";

fn run(folder: &Path, args: &[&str]) -> Tested<Output> {
    Ok(hookglass(folder).args(args).stdin(Stdio::null()).output()?)
}

fn ran(folder: &Path, args: &[&str]) -> Tested<Output> {
    let output = run(folder, args)?;
    if output.status.success() {
        return Ok(output);
    }
    Err(format!("{args:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
}

fn deliveries(folder: &Path) -> Tested<Vec<Delivery>> {
    let reader = StoreReader::open(&folder.join(STORE))?;
    let mut all: Vec<Delivery> = Vec::new();
    loop {
        let last = all.last().map_or(DeliveryId(0), |one| one.summary.id);
        let page = reader.deliveries_after(last, 100)?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// Returns the files of a folder, by name.
fn files(folder: &Path) -> Tested<Vec<(PathBuf, Vec<u8>)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        found.push((PathBuf::from(path.file_name().ok_or("no name")?), fs::read(&path)?));
    }
    found.sort();
    Ok(found)
}

fn new(
    head: Head,
    body: impl Into<Bytes>,
    provider: &Provider,
    status: SignatureStatus,
) -> NewDelivery {
    let body: Bytes = body.into();
    let event = provider.event(&head, &body);
    let mut new = NewDelivery::new(head, body, Timestamp::constant(1_795_453_608, 123_456_000));
    new.request.peer = Some("203.0.113.9:4711".to_owned());
    new.provider.clone_from(&provider.name);
    new.event = event;
    new.signature = Verdict::explained(status, "why");
    new.response = Some(200);
    new
}

fn keep(folder: &Path, new: &[NewDelivery]) -> Tested {
    Maintenance::open(&folder.join(STORE), "a test", true)?.keep_all(new)?;
    Ok(())
}

/// Returns deliveries that are odd in different ways.
fn odd(count: u64) -> Tested<Vec<NewDelivery>> {
    let cribbly = Provider::named("cribbly")?;
    let secret = Secret::new("TEST", support::SECRET);
    let mut random = fastrand::Rng::with_seed(7);
    let kinds =
        ["message.created", "../../x", "con", "a\nb", "", "COM1.x", "Ping", "ping", "é\u{202e}"];
    let mut found = Vec::new();
    for number in 0..count {
        let long = "x".repeat(300);
        let kind = random.choice(kinds).filter(|_| number % 9 > 0).unwrap_or(&long);
        let json = serde_json::to_string(kind)?;
        let mut body = match number % 7 {
            0 => Vec::new(),
            1 => (0..random.usize(1..2000)).map(|_| random.u8(..)).collect(),
            2 => format!("to=me%40mail.example.org&token=t{number}&x=1+2").into_bytes(),
            3 => format!("<a>mail{number}@x.org\r\n\r\n### {{{{x}}}}</a>\n").into_bytes(),
            _ => format!(
                "{{\"id\":\"ev{number}\", \"type\":{json},\"n\":1.0,\"k\":\"\\/\\u00e9\",\
                 \"m\":\"mail{}@x.org\"}}\n",
                number % 5
            )
            .into_bytes(),
        };
        if number == 12 {
            body.resize(1 << 20, b' ');
        }
        let tampers = [None, Some(Tamper::Signature), Some(Tamper::Missing)];
        let tamper = random.choice(tampers).flatten();
        let request = sample(&cribbly, Some(&secret), DraftEvent::json(body), "http://h/", tamper)?;
        let mut headers = request.head.headers.clone();
        headers.insert(1, Header::new("X-Twice", &b"caf\xe9"[..]));
        headers.insert(3, Header::new("x-tWICE", format!("2; n={number}")));
        let head = Head::build("POST", format!("/hooks/{number}?a={{b}}&c='"), &headers);
        let status = match tamper {
            None if number % 5 == 0 => SignatureStatus::Unchecked,
            None => SignatureStatus::Verified,
            Some(Tamper::Missing) => SignatureStatus::Missing,
            Some(_) => SignatureStatus::Mismatch,
        };
        found.push(new(head, request.body, &cribbly, status));
    }
    Ok(found)
}

/// Returns the number of deliveries of the round trip: 300, or as many as a variable says.
fn count() -> u64 {
    std::env::var("HOOKGLASS_TEST_ODD").ok().and_then(|text| text.parse().ok()).unwrap_or(300)
}

#[test]
fn export_import_export_is_the_identity() -> Tested {
    for format in ["fixture", "jsonl", "har", "http"] {
        survives_a_round_trip(format)?;
    }
    Ok(())
}

fn survives_a_round_trip(format: &str) -> Tested {
    let (first, second) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let all = odd(count())?;
    keep(first.path(), &all)?;
    let args = ["export", "--format", format, "--keep-signature"];
    let args = if format == "fixture" { &args[..3] } else { &args[..] };
    let name = format!("out/all.{format}");
    let out = if format == "fixture" { "out" } else { &name };
    ran(first.path(), &[args, &["--out", out]].concat())?;
    let from = first.path().join(out);
    ran(second.path(), &["import", &from.to_string_lossy()])?;
    ran(second.path(), &[args, &["--out", out]].concat())?;
    let (one, two) = (deliveries(first.path())?, deliveries(second.path())?);
    assert!(two.iter().all(|one| one.summary.request.source == Source::Import));
    let (before, after) = (files(&first.path().join("out"))?, files(&second.path().join("out"))?);
    assert_eq!(one.len() as u64, count());
    if format != "jsonl" {
        // All bytes are the same, except in JSON Lines, whose lines name the store of each
        // delivery.
        let differs = before.iter().zip(&after).find(|(before, after)| before != after);
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let shown = differs.map(|((name, before), (_, after))| {
            format!("{}: {} {}", name.display(), shown(before), shown(after))
        });
        assert_eq!((shown, before.len()), (None, after.len()), "{format}");
    }
    same(format, one, two);
    Ok(())
}

/// Checks that the imported deliveries are the exported ones.
fn same(format: &str, one: Vec<Delivery>, two: Vec<Delivery>) {
    if format != "fixture" {
        for (one, two) in one.iter().zip(&two) {
            assert_eq!((&one.head.raw, &one.body), (&two.head.raw, &two.body), "{format}");
            assert_eq!(one.summary.event, two.summary.event);
            assert_eq!(one.summary.request.received_at, two.summary.request.received_at);
        }
    }
    if format == "jsonl" {
        let written = |mut one: Delivery| {
            (one.summary.request.source, one.summary.duplicate_of) = (Source::Import, None);
            jsonl::line(&one)
        };
        let lines = |all: Vec<Delivery>| all.into_iter().map(written).collect::<Vec<_>>();
        assert_eq!(lines(one), lines(two));
    }
}

#[test]
fn exported_curl_commands_are_imported_with_their_bodies() -> Tested {
    let (first, second) = (tempfile::tempdir()?, tempfile::tempdir()?);
    keep(first.path(), &odd(60)?)?;
    ran(first.path(), &["export", "--format", "curl", "--keep-signature", "--out", "all.sh"])?;
    ran(second.path(), &["import", &first.path().join("all.sh").to_string_lossy()])?;
    let sent = |folder| -> Tested<Vec<_>> {
        let all = deliveries(folder)?.into_iter();
        Ok(all.map(|one| (one.head.method, one.head.target, one.body)).collect())
    };
    assert_eq!(sent(first.path())?, sent(second.path())?);
    Ok(())
}

/// A body of values that do not belong in a repository.
const PRIVATE: &str = "{\"id\":\"ev1\",\"type\":\"message.created\",\"payload\":{\"id\":\"p1\",\"contact\":\
        {\"username\":\"Ada Lovelace\",\"phone_number\":\"+15550100007\",\"mail\":\"ada@engine.example.org\"},\
        \"message\":\"Ada Lovelace wrote (ada@engine.example.org) from 203.0.113.77 \\u2019\",\
        \"password\":\"hunter2-hunter2\",\"n\":1.50,\"big\":12345678901234567890,\
        \"link\":\"https://user:passw0rd@host.example/?access_token=tok-en-1\",\
        \"key\":\"sk_test_notarealkey1234567890\"}}";

/// Values in this body and in the head of its request.
const HIDDEN: [&str; 15] = [
    support::SECRET,
    "Ada",
    "Lovelace",
    "+15550100007",
    "engine.example.org",
    "203.0.113",
    "hunter2",
    "passw0rd",
    "tok-en-1",
    "sk_test",
    "query-token",
    "my-tunnel",
    "header-token",
    "abc-def-ghi",
    "abababab",
];

#[test]
fn no_real_secret_signature_or_redacted_value_is_in_a_fixture() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    let body = PRIVATE;
    let signature = support::sign(body.as_bytes());
    let raw = format!(
        "POST /hooks?token=query-token-1 HTTP/1.1\r\nHost: my-tunnel.example.net\r\n\
         Authorization: Bearer header-token-1\r\nCookie: session=abc-def-ghi\r\n\
         X-Forwarded-For: 203.0.113.78\r\nX-Hub-Signature: sha1={}\r\n\
         x-Cribbly-Signature: {signature}\r\nContent-Length: {}\r\n\r\n{body}",
        "ab".repeat(20),
        body.len()
    );
    exchange(&listener.address, raw.as_bytes())?;
    listener.stop()?;
    let name = "--redact=json:/payload/contact/username";
    ran(folder.path(), &["export", "--format", "fixture", "--out", "out", name])?;
    let all = files(&folder.path().join("out"))?;
    let [(name, bytes)] = all.as_slice() else { return Err("not one file".into()) };
    assert_eq!(name, Path::new("cribbly.message.created.001.json"));
    let mode = fs::metadata(folder.path().join("out").join(name))?.permissions().mode();
    // Others may read it, as far as the umask allows.
    assert_ne!(mode & 0o777, 0o600);
    let text = String::from_utf8(bytes.clone())?;
    for hidden in HIDDEN.into_iter().chain([signature.as_str()]) {
        assert!(!text.contains(hidden), "{hidden} is in {text}");
    }
    let fixture = Fixture::read(&text)?;
    let body = fixture.request.body.clone().ok_or("no body")?;
    // Everything else is as it was written.
    for kept in ["\\u2019\"", "\"n\":1.50,\"big\":12345678901234567890", "\"id\":\"ev1\""] {
        assert!(body.contains(kept), "{kept} is not in {body}");
    }
    // The credentials of a URL are replaced, and its host is not taken for an e-mail address.
    assert!(
        body.contains("https://redacted-token-1@host.example/?access_token=redacted"),
        "{body}"
    );
    let value: Value = serde_json::from_str(&body)?;
    let contact = &value["payload"]["contact"];
    let message = value["payload"]["message"].as_str().ok_or("no message")?;
    for person in [&contact["username"], &contact["mail"]] {
        assert!(message.contains(person.as_str().ok_or("no text")?), "{message} {person}");
    }
    assert_eq!(fixture.signature.verdict, "verified");
    prove(&fixture, provider::all())?;
    let mut other = fixture;
    other.request.body = Some(body.replace("ev1", "ev2"));
    assert!(prove(&other, provider::all()).is_err());
    Ok(())
}

#[test]
fn a_secret_that_no_rule_names_is_found_and_nothing_is_written() -> Tested {
    let folder = tempfile::tempdir()?;
    let cribbly = Provider::named("cribbly")?;
    let secret = Secret::new("TEST", support::SECRET);
    let body = format!("{{\"id\":\"e\",\"note\":\"the key is {}\"}}", support::SECRET);
    let request = sample(&cribbly, Some(&secret), DraftEvent::json(body), "http://h/", None)?;
    let signature = request.head.joined("x-cribbly-signature").ok_or("not signed")?;
    let echoed =
        DraftEvent::json(format!("{{\"got\":\"{}\"}}", String::from_utf8_lossy(&signature)));
    let mut other = sample(&cribbly, Some(&secret), echoed, "http://h/", None)?;
    let headers =
        [other.head.headers, vec![Header::new("X-Cribbly-Signature", signature)]].concat();
    other.head = Head::build("POST", "/", &headers);
    let good = SignatureStatus::Verified;
    let kept = [
        new(request.head, request.body, &cribbly, good),
        new(other.head, other.body, &cribbly, good),
    ];
    keep(folder.path(), &kept)?;
    for (filter, what) in [("body:note", "a configured secret"), ("body:got", "the real signature")]
    {
        let output =
            run(folder.path(), &["export", filter, "--format", "fixture", "--out", "out"])?;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(what) && said.contains("skipped delivery"), "{said}");
        assert!(files(&folder.path().join("out"))?.is_empty());
    }
    let named =
        ["export", "body:note", "--format", "fixture", "--out", "out", "--redact", "json:/note"];
    ran(folder.path(), &named)?;
    Ok(())
}

#[test]
fn every_provider_that_can_be_signed_for_has_fixtures_that_verify() -> Tested {
    let folder = tempfile::tempdir()?;
    let secret_of =
        |provider: &Provider| Secret::new("TEST", test_key(provider).replace("test", "teSt"));
    let mut kept = Vec::new();
    let now = Timestamp::constant(1_795_453_608, 0);
    for provider in provider::all() {
        let secret = secret_of(provider);
        for tamper in [None, Some(Tamper::Signature), Some(Tamper::Missing)] {
            let Some(one) = provider.samples.first() else { continue };
            let content = DraftEvent::of(one, fastrand::Rng::with_seed(1));
            let Ok(request) =
                sample(provider, Some(&secret), content, "https://fixture.example/", tamper)
            else {
                continue;
            };
            let status = match tamper {
                None => SignatureStatus::Verified,
                Some(Tamper::Missing) => SignatureStatus::Missing,
                Some(_) => SignatureStatus::Mismatch,
            };
            let mut delivery = new(request.head, request.body, provider, status);
            delivery.request.received_at = now;
            kept.push(delivery);
        }
    }
    keep(folder.path(), &kept)?;
    let exported = ran(folder.path(), &["export", "--format", "fixture", "--out", "out"])?;
    let said = String::from_utf8(exported.stderr)?;
    let written = files(&folder.path().join("out"))?;
    let verified = written.iter().filter(|(_, bytes)| {
        String::from_utf8_lossy(bytes).contains("\"verdict\": \"verified\"\n  },\n  \"original\"")
    });
    let signable = kept.len() / 3;
    assert!(verified.count() >= signable * 9 / 10, "{said}");
    assert!(written.len() * 10 >= kept.len() * 9, "{} of {}: {said}", written.len(), kept.len());
    Ok(())
}

#[test]
fn nothing_is_overwritten_and_mistakes_are_reported_before_anything_is_written() -> Tested {
    let folder = tempfile::tempdir()?;
    keep(folder.path(), &odd(3)?)?;
    let export = |args: &[&str]| run(folder.path(), &[&["export"], args].concat());
    for (args, code, part) in [
        (&["--format", "fixture"][..], 2, "--out"),
        (&["--format", "fixture", "--out", "out", "--redact", "emails"], 2, "json:/path"),
        (&["--format", "fixture", "--out", "out", "typ:x"], 2, "did you mean `type:`"),
        (&["--format", "fixture", "--out", "out", "id:nobody"], 1, "no delivery matches"),
        (&["--format", "har", "--out", "."], 2, "is a folder"),
        (&["--format", "jsonl", "--keep-signature", "--redact", "email"], 2, "--keep-signature"),
        (&["--format", "fixture", "--out", "out"], 0, "read back and verified"),
        (
            &["--format", "fixture", "--out", "out"],
            2,
            "already exists and 2 more do, and nothing was written",
        ),
        (&["--format", "fixture", "--out", "out", "--force"], 0, "wrote 3"),
        (
            &["--format", "fixture", "--out", "kept", "--keep-signature"],
            0,
            "do not share these files",
        ),
        (&["--format", "har", "--out", "x.har"], 0, "wrote 3"),
        (&["--format", "har", "--out", "x.har"], 2, "already exists"),
    ] {
        let output = export(args)?;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        assert!(said.contains(part), "{args:?}: {said}");
    }
    Ok(())
}

#[test]
fn a_damaged_file_says_where_and_imports_nothing() -> Tested {
    let folder = tempfile::tempdir()?;
    keep(folder.path(), &odd(3)?)?;
    ran(folder.path(), &["export", "--format", "jsonl", "--out", "good.jsonl"])?;
    let good = fs::read_to_string(folder.path().join("good.jsonl"))?;
    let other = folder.path().join("other");
    fs::create_dir(&other)?;
    for (name, content, parts) in [
        (
            "cut.jsonl",
            good.get(..good.len() - 40).unwrap_or_default().to_owned(),
            &["line 3", "EOF"][..],
        ),
        (
            "verdict.jsonl",
            good.replace("\"status\":\"", "\"status\":\"x"),
            &["line 1", "invalid verdict"],
        ),
        ("fixture.json", "{\n\"schema\":\"hookglass.fixture/1\",\n\"name\":}".into(), &["line 3"]),
        ("later.json", "{\"schema\":\"hookglass.fixture/9\"}".into(), &["fixture"]),
        ("x.har", "{\"log\":{\"entries\":[{\"request\":{}}]}}".into(), &["entry 1", "method"]),
        (
            "x.http",
            "### a\nPOST http://h/\nnonsense\n\n".into(),
            &["line 3", "invalid header line"],
        ),
        ("v.http", "POST {{host}}/ HTTP/1.1\n".into(), &["line 1", "variable"]),
        (
            "raw",
            "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nshort".into(),
            &["truncated", "9 bytes"],
        ),
        ("nothing", "hello".into(), &["not a fixture"]),
        ("empty", String::new(), &["empty"]),
    ] {
        fs::write(other.join(name), content)?;
        // A valid file before the damaged one is not imported either.
        let output = run(&other, &["import", "../good.jsonl", name])?;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}: {said}");
        assert!(said.contains(name) && said.contains("nothing was imported"), "{said}");
        for part in parts {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
    assert!(!other.join(".hookglass").exists());
    Ok(())
}

#[test]
fn a_raw_request_is_imported_from_standard_input_while_a_listener_runs() -> Tested {
    use std::io::Write as _;
    let folder = tempfile::tempdir()?;
    let import = || {
        let mut importing = hookglass(folder.path())
            .args(["import", "-"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        importing.stdin.take().ok_or("no stdin")?.write_all(&support::request(1))?;
        Ok::<_, Box<dyn std::error::Error>>(importing.wait_with_output()?)
    };
    assert!(import()?.status.success());
    let all = deliveries(folder.path())?;
    let summary = &all.first().ok_or("nothing")?.summary;
    assert_eq!(
        (summary.request.source, summary.signature.status),
        (Source::Import, SignatureStatus::Verified)
    );
    assert_eq!(summary.event.id.as_deref(), Some("ev1"));
    let _listener = Listener::start(&mut hookglass(folder.path()))?;
    assert!(import()?.status.success());
    assert_eq!(deliveries(folder.path())?.len(), 2);
    Ok(())
}

#[test]
fn event_refs_of_other_archives_are_recognized() -> Tested {
    let folder = tempfile::tempdir()?;
    let (body, signature) = support::event(5);
    let har = serde_json::json!({"log": {"version": "1.2", "creator": {"name": "x", "version": "1"},
        "entries": [{"startedDateTime": "2026-11-23T17:06:48.000Z", "time": 1,
            "request": {"method": "POST", "url": "https://h.example/hooks?x=1#f", "httpVersion": "HTTP/2",
                "cookies": [], "queryString": [], "headersSize": -1, "bodySize": -1,
                "headers": [{"name": ":method", "value": "POST"},
                    {"name": "x-cribbly-signature", "value": signature}],
                "postData": {"mimeType": "application/json", "text": body}},
            "response": {"status": 201}}]}});
    fs::write(folder.path().join("x.har"), har.to_string())?;
    ran(folder.path(), &["import", "x.har"])?;
    let all = deliveries(folder.path())?;
    let one = all.first().ok_or("nothing")?;
    assert_eq!(
        one.summary.event,
        EventRef { id: Some("ev5".into()), event_type: Some("message.created".into()) }
    );
    assert_eq!(one.summary.signature.status, SignatureStatus::Verified);
    assert_eq!(
        (one.summary.request.target.as_str(), one.summary.response),
        ("/hooks?x=1", Some(201))
    );
    Ok(())
}

/// Validates files against a JSON Schema with an independent validator.
const VALIDATE: &str = "import json, pathlib, sys, jsonschema\n\
    schema = json.loads(pathlib.Path(sys.argv[1]).read_text())\n\
    validator = jsonschema.Draft202012Validator(schema)\n\
    validator.check_schema(schema)\n\
    for path in sys.argv[2:]:\n    \
    validator.validate(json.loads(pathlib.Path(path).read_text()))\n";

#[test]
fn fixtures_follow_their_schema() -> Tested {
    use std::io::Write as _;
    let mut python = std::process::Command::new("python3");
    if !python
        .args(["-c", "import jsonschema"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|it| it.success())
    {
        writeln!(std::io::stderr(), "skipped: there is no python3 with jsonschema here")?;
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    keep(folder.path(), &odd(120)?)?;
    ran(folder.path(), &["export", "--format", "fixture", "--out", "out"])?;
    ran(folder.path(), &["export", "--format", "fixture", "--out", "kept", "--keep-signature"])?;
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/fixture.schema.json");
    let check = |paths: &[PathBuf]| {
        std::process::Command::new("python3")
            .args(["-c", VALIDATE])
            .arg(&schema)
            .args(paths)
            .output()
    };
    let mut paths = Vec::new();
    for inside in ["out", "kept"] {
        let inside = folder.path().join(inside);
        paths.extend(files(&inside)?.into_iter().map(|(name, _)| inside.join(name)));
    }
    let checked = check(&paths)?;
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let first = paths.first().ok_or("none")?;
    let text = fs::read_to_string(first)?;
    for (part, wrong) in [
        ("\"schema\": \"hookglass.fixture/1\"", "\"schema\": \"hookglass.fixture/2\""),
        ("\"state\": \"", "\"state\": \"x"),
        ("\"body_base64\": null", "\"body_base64\": \"AA==\""),
        ("\"redacted\"", "\"redakted\""),
    ] {
        assert!(text.contains(part), "{part}: {text}");
        fs::write(first, text.replace(part, wrong))?;
        assert!(!check(std::slice::from_ref(first))?.status.success(), "{wrong} passes");
    }
    Ok(())
}

/// Stores an unsigned delivery for each body.
fn keep_bodies(folder: &Path, bodies: &[&'static str]) -> Tested {
    let cribbly = Provider::named("cribbly")?;
    let unsigned = |body: &&'static str| {
        new(Head::build("POST", "/", &[]), *body, &cribbly, SignatureStatus::Unchecked)
    };
    keep(folder, &bodies.iter().map(unsigned).collect::<Vec<_>>())
}

#[test]
fn a_value_found_in_a_url_does_not_end_an_export() -> Tested {
    let folder = tempfile::tempdir()?;
    let body =
        r#"{"url":"https://shop.example.com/reset?token=abcdef123456","reset":"abcdef123456"}"#;
    keep_bodies(folder.path(), &[r#"{"id":"a"}"#, body, r#"{"id":"c"}"#])?;
    ran(folder.path(), &["export", "--format", "fixture", "--out", "out"])?;
    assert_eq!(files(&folder.path().join("out"))?.len(), 3);
    Ok(())
}

/// Exports three deliveries, of which the second contains a configured secret.
fn export_with_secret(folder: &Path) -> Tested<Output> {
    let body = r#"{"note":"the key is not-a-real-key-77"}"#;
    keep_bodies(folder, &[r#"{"id":"a"}"#, body, r#"{"id":"c"}"#])?;
    let mut command = hookglass(folder);
    command.args(["export", "--format", "fixture", "--out", "out"]).stdin(Stdio::null());
    Ok(command.env("CRIBBLY_WEBHOOK_SECRET", "not-a-real-key-77").output()?)
}

#[test]
fn the_rest_is_exported_if_a_delivery_cannot_be_made_safe() -> Tested {
    let folder = tempfile::tempdir()?;
    export_with_secret(folder.path())?;
    assert_eq!(files(&folder.path().join("out"))?.len(), 2);
    Ok(())
}

#[test]
fn an_export_that_leaves_out_an_unsafe_delivery_exits_with_1() -> Tested {
    let folder = tempfile::tempdir()?;
    assert_eq!(export_with_secret(folder.path())?.status.code(), Some(1));
    Ok(())
}

#[test]
fn an_unsafe_delivery_is_reported_with_its_number_the_place_and_the_flag() -> Tested {
    let folder = tempfile::tempdir()?;
    let output = export_with_secret(folder.path())?;
    let said = String::from_utf8(output.stderr)?;
    let expected = "skipped delivery 2: a configured secret is at /note; add --redact json:/note";
    assert!(said.contains(expected), "{said}");
    Ok(())
}

#[test]
fn a_dry_run_of_an_export_shows_what_is_replaced() -> Tested {
    let folder = tempfile::tempdir()?;
    keep_bodies(folder.path(), &[r#"{"mail":"kim@mail.example.org","reviewer":"Kim Fakename"}"#])?;
    let output = ran(folder.path(), &["export", "--format", "fixture", "--dry-run"])?;
    let shown = String::from_utf8(output.stdout)?;
    insta::assert_snapshot!(shown.trim_end(), @r"
    DELIVERY  VALUE              PSEUDONYM                  PLACE  RULE
    1         aaa@aaa….aaa….aaa  person-1@redacted.example  /mail  email

    Looks personal but stays (--redact RULE replaces it):
    DELIVERY  VALUE      PLACE      LOOKS LIKE
    1         Aaa Aaaa…  /reviewer  a name
    ");
    Ok(())
}

#[test]
fn a_dry_run_of_an_export_writes_nothing() -> Tested {
    let folder = tempfile::tempdir()?;
    keep_bodies(folder.path(), &[r#"{"id":"a"}"#])?;
    ran(folder.path(), &["export", "--format", "fixture", "--out", "out", "--dry-run"])?;
    assert!(!folder.path().join("out").exists());
    Ok(())
}

#[test]
fn a_dry_run_of_an_export_has_a_line_of_json_for_each_delivery() -> Tested {
    let folder = tempfile::tempdir()?;
    keep_bodies(folder.path(), &[r#"{"otp":"482913"}"#])?;
    let output = ran(folder.path(), &["export", "--format", "fixture", "--dry-run", "--json"])?;
    let line: Value = serde_json::from_slice(&output.stdout)?;
    let expected = serde_json::json!({
        "schema": "hookglass.redaction/1",
        "delivery": 1,
        "replaced": [{
            "shape": "999…", "pseudonym": "redacted-1", "place": "/otp", "rule": "credential"
        }],
        "stays": [],
        "left_out": null,
    });
    assert_eq!(line, expected);
    Ok(())
}

#[test]
fn an_export_into_a_folder_outside_of_the_project_does_not_create_its_parents() -> Tested {
    let folder = tempfile::tempdir()?;
    keep_bodies(folder.path(), &[r#"{"id":"a"}"#])?;
    let typo = folder.path().join("typo/out");
    let to = typo.to_str().ok_or("not UTF-8")?;
    let output = run(folder.path(), &["export", "--format", "fixture", "--out", to])?;
    assert_eq!(output.status.code(), Some(2));
    Ok(())
}

#[test]
fn the_result_of_an_export_can_be_json() -> Tested {
    let folder = tempfile::tempdir()?;
    keep_bodies(folder.path(), &[r#"{"id":"a"}"#])?;
    let args = ["export", "--format", "fixture", "--out", "out", "--json"];
    let result: Value = serde_json::from_slice(&ran(folder.path(), &args)?.stdout)?;
    assert_eq!(result["exported"], 1);
    Ok(())
}
