//! Copies of a delivery: commands that are run in a real shell against a real socket, and bytes.

#![cfg(unix)]

mod support;

use std::net::TcpListener;
use std::process::{Command, Stdio};

use bytes::Bytes;
use hookglass::delivery::{Delivery, Head, Header};
use hookglass::formats::{COPY_FORMATS, CopySource, copy_format};
use support::targets::{Arrived, response};
use support::tools::is_installed;
use support::{Listener, Target, Tested, event, exchange, hookglass, request};

fn delivery(method: &str, target: impl AsRef<[u8]>, headers: &[Header], body: &[u8]) -> Delivery {
    support::delivery(Head::build(method, target, headers), Bytes::copy_from_slice(body))
}

/// Runs a copied command in a shell, and returns the request that arrives; none if the tool cannot
/// send it.
fn run(form: &str, delivery: &Delivery, with_signature: bool) -> Tested<Option<Arrived>> {
    let target = Target::start(&TcpListener::bind("127.0.0.1:0")?, 1, |_| response("200 OK", ""))?;
    let copied = CopySource { delivery, providers: &[], base: &target.url, with_signature };
    let Ok(command) = copy_format(form).ok_or("no such form")?.write(&copied) else {
        return Ok(None);
    };
    let text = std::str::from_utf8(&command)?;
    assert!(text.chars().all(|letter| !letter.is_control() || letter == '\n' || letter == '\t'));
    // A large command does not fit in an argument, so it is a script.
    let script = tempfile::NamedTempFile::new()?;
    std::fs::write(script.path(), &command)?;
    let output = Command::new("sh").arg(script.path()).stdin(Stdio::null()).output()?;
    if !output.status.success() {
        return Err(format!("{}: {text}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(Some(target.next()?))
}

const BODIES: [&[u8]; 8] = [
    b"{\"a\":\"it's $HOME `id` \\u2019 100%\"}",
    b"@/etc/hostname",
    b"\x00\xff\x1b[31m",
    b"line\nline\ttab\n\n",
    b"a\r\nb\r\n",
    "’🐅".as_bytes(),
    b"-n",
    b"",
];

fn headers() -> [Header; 6] {
    [
        Header::new("Host", "h"),
        Header::new("X-Quote", "it's $HOME `id` \"x\" (a=b;c:d@e)"),
        Header::new("X-Empty", ""),
        Header::new("X-File", "@/etc/hostname"),
        Header::new("Content-Type", "application/json"),
        Header::new("X-Cribbly-Signature", "00ff"),
    ]
}

fn sends_the_same(program: &str, form: &str) -> Tested {
    if !is_installed(program) {
        return Ok(());
    }
    let large = [b"0123456789abcdef".repeat(20_000), b"\xff".repeat(1_200_000)];
    let bodies = BODIES.into_iter().chain(large.iter().map(Vec::as_slice));
    for body in bodies {
        let sent = delivery("POST", "/a/../b%20c?x={1}&y=[2]", &headers(), body);
        let arrived = run(form, &sent, false)?.ok_or("it cannot be said")?;
        assert!(arrived.body == body, "{:?}", body.get(..body.len().min(40)));
        assert_eq!(arrived.head.method, "POST");
        for name in ["X-Quote", "X-Empty", "X-File", "Content-Type"] {
            assert_eq!(arrived.head.joined(name), sent.head.joined(name), "{name}");
        }
        for name in ["X-Cribbly-Signature", "Accept", "Expect"] {
            assert_eq!(arrived.head.joined(name), None, "{name}");
        }
        // HTTPie up to 3.2.1 sends its library's name if the header is unset.
        let agent = arrived.head.joined_text("User-Agent");
        let is_library = |agent: &str| form == "httpie" && agent.starts_with("python-urllib3/");
        assert!(agent.as_deref().is_none_or(is_library), "{agent:?}");
        if form == "curl" {
            assert_eq!(arrived.head.target, sent.head.target);
        }
    }
    let sent = delivery("PUT", "/", &headers(), b"{}");
    let arrived = run(form, &sent, true)?.ok_or("it cannot be said")?;
    assert_eq!(arrived.head.joined("x-cribbly-signature").ok_or("none")?, "00ff");
    assert_eq!(arrived.head.method, "PUT");
    Ok(())
}

#[test]
fn a_curl_command_sends_the_same_bytes() -> Tested {
    sends_the_same("curl", "curl")
}

#[test]
fn an_httpie_command_sends_the_same_bytes() -> Tested {
    sends_the_same("http", "httpie")
}

#[test]
fn an_xh_command_sends_the_same_bytes() -> Tested {
    sends_the_same("xh", "xh")
}

#[test]
fn curl_sends_unusual_methods_targets_and_header_bytes() -> Tested {
    if !is_installed("curl") {
        return Ok(());
    }
    let odd = [
        Header::new("X-Latin", &b"caf\xe9 'n' 100%\\"[..]),
        Header::new("X-Bidi", "a\u{202e}b"),
        Header::new("Content-Type", "text/plain"),
    ];
    for (method, target) in [
        ("POST", &b"/a#b"[..]),
        ("OPTIONS", b"*"),
        ("GET", "/café".as_bytes()),
        ("POST", b"http://x/y"),
    ] {
        let sent = delivery(method, target, &odd, b"");
        let arrived = run("curl", &sent, false)?.ok_or("it cannot be said")?;
        assert_eq!(arrived.head.method, method);
        assert_eq!(arrived.head.target, target);
        for name in ["X-Latin", "X-Bidi", "Content-Type"] {
            assert_eq!(arrived.head.joined(name), sent.head.joined(name), "{name}");
        }
    }
    Ok(())
}

#[test]
fn an_httpie_copy_names_what_httpie_cannot_send() -> Tested {
    let form = copy_format("httpie").ok_or("no form")?;
    for (target, value) in
        [("/a#b", "x"), ("/", "back\\:slash"), ("/", "caf\u{e9}")].map(|(target, value)| {
            let latin: Vec<u8> =
                value.chars().map(|letter| u8::try_from(letter).unwrap_or(b'?')).collect();
            (target, latin)
        })
    {
        let sent = delivery("POST", target, &[Header::new("X-Odd", value)], b"");
        let copied =
            CopySource { delivery: &sent, providers: &[], base: "http://h", with_signature: false };
        assert!(form.write(&copied).is_err(), "{target}");
    }
    Ok(())
}

#[test]
fn no_credential_is_in_any_copy_unless_it_is_asked_for() {
    let names = [
        "Authorization",
        "Proxy-Authorization",
        "Cookie",
        "X-Api-Key",
        "X-Auth-Token",
        "X-Amz-Security-Token",
        "X-Gitlab-Token",
        "Stripe-Signature",
        "X-Unheard-Of-Signature",
        "X-Company-Secret",
        "Ocp-Apim-Subscription-Key",
    ];
    let mut headers: Vec<Header> =
        names.iter().map(|name| Header::new(*name, "canary-0123456789")).collect();
    headers.push(Header::new("X-Kept", "kept"));
    let body = br#"{"event_type":"PING","passcode":"canary-0123456789"}"#;
    for provider in ["figma", "gitlab", "cribbly", "unknown"] {
        let mut sent = delivery("POST", "/", &headers, body);
        provider.clone_into(&mut sent.summary.provider);
        for form in COPY_FORMATS {
            let is_body = matches!(form.name, "payload" | "pretty");
            if is_body && provider != "figma" {
                continue;
            }
            let copied = CopySource {
                delivery: &sent,
                providers: &[],
                base: "http://h",
                with_signature: false,
            };
            let Ok(copy) = form.write(&copied) else { continue };
            let text = String::from_utf8_lossy(&copy);
            assert!(!text.contains("canary"), "{provider} {}: {text}", form.name);
        }
    }
}

/// Words that a tool could take for a host, an option, a file, or a variable.
const TRAPS: [&str; 12] = [
    "evil.example",
    "127.0.0.2",
    "localhost",
    "-o/tmp/x",
    "--proxy",
    "@/etc/passwd",
    "#",
    "###",
    "$HOME",
    "`id`",
    "{{$processEnv",
    "|",
];

/// Returns a request whose method, target, headers, and body are made of traps.
fn trapped(random: &mut fastrand::Rng) -> Delivery {
    let is_token = |text: &&str| {
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
    };
    let tokens: Vec<&str> = TRAPS.into_iter().filter(is_token).collect();
    let methods = ["POST", "PURGE", "GET"];
    let method =
        if random.bool() { random.choice(methods) } else { random.choice(&tokens).copied() };
    let trap = |random: &mut fastrand::Rng| random.choice(TRAPS).unwrap_or("x");
    let target =
        random.choice(["/", "//evil.example/x", "/@evil.example", "/{{x}}", "/\\evil.example"]);
    let mut headers = vec![Header::new("Host", "evil.example")];
    for _ in 0..random.usize(0..3) {
        let name = random.choice(&tokens).copied().unwrap_or("X");
        headers.push(Header::new(name, trap(random)));
        headers.push(Header::new("X-Odd", trap(random)));
    }
    let body = format!("{}{}", trap(random), trap(random));
    delivery(method.unwrap_or("POST"), target.unwrap_or("/"), &headers, body.as_bytes())
}

#[test]
fn no_command_takes_a_host_an_option_or_a_file_from_a_delivery() -> Tested {
    let mut random = fastrand::Rng::with_seed(11);
    let tools = [("curl", "curl"), ("http", "httpie"), ("xh", "xh")];
    let tools: Vec<_> = tools.into_iter().filter(|(program, _)| is_installed(program)).collect();
    for _ in 0..40 {
        let sent = trapped(&mut random);
        for (program, form) in &tools {
            // The command reaches the named target, or there is no command.
            let arrived = run(form, &sent, true)
                .map_err(|error| format!("{program}: {error} for {:?}", sent.head.raw))?;
            if let Some(arrived) = arrived {
                assert!(arrived.body == sent.body, "{program}: {:?}", sent.head.raw);
                assert_eq!(arrived.head.method, sent.head.method, "{program}");
            }
        }
    }
    Ok(())
}

#[test]
fn httpie_and_xh_take_no_method_for_a_url() {
    for form in ["httpie", "xh"].iter().filter_map(|name| copy_format(name)) {
        for method in ["evil.example", "127.0.0.1", "a-b", "$HOME"] {
            let sent = delivery(method, "/", &[], b"");
            let copied = CopySource {
                delivery: &sent,
                providers: &[],
                base: "http://h",
                with_signature: false,
            };
            assert!(form.write(&copied).is_err(), "{} {method}", form.name);
        }
    }
}

#[test]
fn an_editor_reads_every_http_request_as_one_to_the_base() -> Tested {
    let format = hookglass::formats::export_format("http").ok_or("no format")?;
    let hookglass::formats::ExportLayout::Stream(stream) = &format.layout else {
        return Err("no stream".into());
    };
    let mut random = fastrand::Rng::with_seed(12);
    let options = hookglass::formats::EntryOptions { base: "http://base:1", stem: "x" };
    for _ in 0..300 {
        let sent = trapped(&mut random);
        let Ok(entry) = (stream.entry)(&sent, &options) else { continue };
        let mut lines = entry.text.lines().filter(|line| !line.starts_with('#'));
        let first = lines.next().ok_or("no request line")?;
        let method = &sent.head.method;
        assert!(first.starts_with(&format!("{method} http://base:1/")), "{first}");
        let is_head = |line: &&str| !line.is_empty();
        for line in lines.take_while(is_head) {
            assert!(line.contains(": ") && !line.contains("{{"), "{line}");
        }
        let requests = entry.text.lines().filter(|line| line.starts_with("###"));
        assert_eq!(requests.count(), 1, "{}", entry.text);
    }
    Ok(())
}

#[test]
fn signatures_and_credentials_stay_out_unless_asked_for() -> Tested {
    let headers = [
        Header::new("X-Hub-Signature-256", "sha256=test-signature"),
        Header::new("X-Hub-Signature", "sha1=test-signature"),
        Header::new("Authorization", "Basic test-signature"),
        Header::new("X-Gitlab-Token", "test-signature"),
        Header::new("Cookie", "test-signature"),
        Header::new("Svix-Signature", "v1,test-signature"),
        Header::new("X-Kept", "kept"),
    ];
    let body = br#"{"signature":{"token":"t","timestamp":"1","signature":"test-signature"}}"#;
    let mut sent = delivery("POST", "/", &headers, body);
    "mailgun".clone_into(&mut sent.summary.provider);
    for form in ["curl", "httpie", "xh", "http"].iter().filter_map(|name| copy_format(name)) {
        for with_signature in [false, true] {
            let copied =
                CopySource { delivery: &sent, providers: &[], base: "http://h", with_signature };
            let text = String::from_utf8(form.write(&copied)?.to_vec())?;
            assert!(text.contains("kept"), "{text}");
            let found = text.matches("test-signature").count();
            assert_eq!(found, if with_signature { 7 } else { 0 }, "{}: {text}", form.name);
        }
    }
    Ok(())
}

#[test]
fn every_format_can_be_shown_and_raw_bytes_are_exact() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    exchange(&listener.address, &request(1))?;
    listener.stop()?;
    let show = |args: &[&str]| -> Tested<Vec<u8>> {
        let output = hookglass(folder.path()).args(["show", "1"]).args(args).output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(output.stdout) } else { Err(said.into()) }
    };
    // An event has no URL to confirm.
    for form in COPY_FORMATS.iter().filter(|form| form.name != "confirm-url") {
        assert!(!show(&["--as", form.name])?.is_empty(), "{}", form.name);
    }
    assert_eq!(show(&["--as", "payload"])?, event(1).0.into_bytes());
    assert_eq!(show(&["--as", "http", "--with-signature"])?, request(1));
    assert!(String::from_utf8(show(&["--as", "pretty"])?)?.contains("\n  \"type\": "));
    assert_eq!(show(&["--as", "curl"])?, show(&["--curl"])?);
    let wrong = show(&["--as", "wget"]).err().ok_or("it is known")?.to_string();
    assert!(wrong.contains("expected one of payload, pretty"), "{wrong}");
    Ok(())
}

#[test]
fn a_secret_in_the_url_or_in_a_form_is_not_copied() -> Tested {
    let form = "application/x-www-form-urlencoded";
    for (target, body, provider) in [
        ("/m?secret=test-token&x=1", "type=subscribe&fired_at=1&data%5Bid%5D=1", "mailchimp"),
        (
            "/k?x=1",
            "data=%7B%22verification_token%22%3A%22test-token%22%2C%22kofi_transaction_id%22%3A%221%22%7D",
            "ko-fi",
        ),
    ] {
        let folder = tempfile::tempdir()?;
        let listener = Listener::start(&mut hookglass(folder.path()))?;
        let request = format!(
            "POST {target} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Type: {form}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        exchange(&listener.address, request.as_bytes())?;
        listener.stop()?;
        let show = |format: &str, more: &[&str]| -> Tested<String> {
            let mut command = hookglass(folder.path());
            let output = command.args(["show", "1", "--as", format]).args(more).output()?;
            Ok(String::from_utf8(output.stdout)?)
        };
        for format in ["curl", "http", "httpie"] {
            let shared = show(format, &[])?;
            assert!(
                shared.contains("x=1") && !shared.contains("test-token"),
                "{provider}: {shared}"
            );
        }
        assert!(show("curl", &["--with-signature"])?.contains("test-token"), "{provider}");
    }
    Ok(())
}

#[test]
fn raw_copies_keep_the_chunks_and_trailers_of_a_request() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    let request = "POST /c HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\
                   Trailer: X-Checksum\r\n\r\n7\r\n{\"a\":1}\r\n0\r\nX-Checksum: 5d41402a\r\n\r\n";
    exchange(&listener.address, request.as_bytes())?;
    listener.stop()?;
    for form in [["--as", "http"].as_slice(), &["--raw"]] {
        let output = hookglass(folder.path()).args(["show", "1"]).args(form).output()?;
        assert_eq!(String::from_utf8(output.stdout)?, request, "{form:?}");
    }
    Ok(())
}
