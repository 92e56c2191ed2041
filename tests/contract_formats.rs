//! The contract of the front ends: the dashboard and the command line copy and export the same
//! bytes of the same store.

#![cfg(unix)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hookglass::formats::{COPY_FORMATS, EXPORT_FORMATS};
use support::Tested;
use support::program::hookglass;
use support::senders::{exchange, sign};
use support::terminal::Terminal;

/// The base of the URLs in commands of `show --as`.
const DEFAULT_BASE: &str = "http://127.0.0.1:4400";

/// The dashboard's keys of each copy format.
const KEYS: [(&str, &str); 17] = [
    ("payload", "yp"),
    ("pretty", "yP"),
    ("headers", "yh"),
    ("event-id", "yi"),
    ("signature", "ys"),
    ("url", "yu"),
    ("confirm-url", "yU"),
    ("curl", "yc"),
    ("httpie", "yH"),
    ("xh", "yx"),
    ("http", "yr"),
    ("node", "ydn"),
    ("python", "ydp"),
    ("go", "ydg"),
    ("ruby", "ydr"),
    ("php", "ydh"),
    ("rust", "ydu"),
];

fn signed(extra: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST /hooks?a=1 HTTP/1.1\r\nHost: h\r\nX-Cribbly-Signature: {}\r\n{extra}\
         Content-Length: {length}\r\n\r\n",
        sign(body)
    );
    [head.as_bytes(), body].concat()
}

/// Starts the dashboard and sends it one delivery of each kind that matters.
fn with_deliveries() -> Tested<(Terminal, String)> {
    let mut session = Terminal::start(&[])?;
    let address = session.address()?;
    let credentials = "Authorization: Bearer credential-1\r\nCookie: session=credential-2\r\n\
                       X-Hub-Signature-256: sha256=credential-3-of-another-provider\r\nX-Gitlab-Token: credential-4\r\n";
    let event = br#"{"id":"ev1","type":"message.created","payload":{"n":1.0}}"#;
    exchange(&address, &signed(credentials, event))?;
    exchange(&address, &signed("", b"\x00\xff\x1b[31m"))?;
    exchange(&address, &signed("", b""))?;
    let refused = b"POST /large HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n";
    exchange(&address, refused)?;
    session.wait_for("4 deliveries")?;
    Ok((session, format!("http://{address}")))
}

/// Returns the output of `show --as`; none if it fails or is empty.
fn shown(folder: &Path, id: usize, format: &str) -> Tested<Option<Vec<u8>>> {
    let id = id.to_string();
    let output = hookglass(folder).args(["show", &id, "--as", format]).output()?;
    let mut bytes = output.stdout;
    if matches!(format, "curl" | "httpie" | "xh") {
        bytes.pop();
    }
    Ok(Some(bytes).filter(|bytes| output.status.success() && !bytes.is_empty()))
}

/// Returns the texts that were copied through the terminal (OSC 52).
fn copied(seen: &[u8]) -> Tested<Vec<Vec<u8>>> {
    let seen = String::from_utf8_lossy(seen);
    let texts = seen.split("\x1b]52;c;").skip(1);
    texts
        .map(|rest| Ok(STANDARD.decode(rest.split(['\x07', '\x1b']).next().unwrap_or_default())?))
        .collect()
}

/// Returns a copy as the clipboard gets it.
fn as_text(bytes: Vec<u8>, base: &str) -> Vec<u8> {
    match String::from_utf8(bytes) {
        Ok(text) => text.replace(DEFAULT_BASE, base).into_bytes(),
        Err(error) => STANDARD.encode(error.as_bytes()).into_bytes(),
    }
}

#[test]
fn every_copy_format_is_the_same_in_both_front_ends() -> Tested {
    let (mut session, base) = with_deliveries()?;
    session.press("g")?;
    let mut expected = Vec::new();
    for id in 1..=4 {
        for (format, keys) in KEYS {
            let copy = shown(session.folder.path(), id, format)?;
            session.press(keys)?;
            let title = COPY_FORMATS.iter().find(|one| one.name == format).ok_or(format)?.title;
            let title = title.strip_prefix("verify in ").unwrap_or(title);
            match copy {
                Some(bytes) => {
                    session.wait_for(&format!("Copied {title}"))?;
                    expected.push((id, format, as_text(bytes, &base)));
                }
                None => drop(session.wait_for("Nothing was copied")?),
            }
        }
        session.press("j")?;
    }
    session.press("?")?;
    session.wait_for("In the list")?;
    let copied = copied(&session.seen)?;
    assert_eq!(copied.len(), expected.len());
    for ((id, format, expected), copied) in expected.iter().zip(&copied) {
        let [copied, expected] = [copied, expected].map(|text| String::from_utf8_lossy(text));
        assert_eq!(copied, expected, "{format} of delivery {id}");
    }
    Ok(())
}

#[test]
fn every_copy_format_has_a_key() {
    let names = COPY_FORMATS.iter().map(|format| format.name);
    assert_eq!(names.collect::<Vec<_>>(), KEYS.map(|(name, _)| name));
}

/// Returns the files of a folder by name, or the one file at this path.
fn files(path: &Path) -> Tested<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    if path.is_file() {
        found.insert(String::new(), fs::read(path)?);
        return Ok(found);
    }
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        let name = path.file_name().ok_or("no name")?.to_string_lossy().into_owned();
        found.insert(name, fs::read(path)?);
    }
    Ok(found)
}

#[test]
fn every_export_format_is_the_same_in_both_front_ends() -> Tested {
    let (mut session, base) = with_deliveries()?;
    let folder = session.folder.path().to_owned();
    for (format, key) in EXPORT_FORMATS.iter().zip(["F", "J", "H", "T", "C"]) {
        session.press(&format!("x{key}<Enter>"))?;
        let path = format.default_path;
        session.wait_for(&format!(" to {path}"))?;
        let other = format!("other/{path}");
        let args = ["export", "--format", format.name, "--out", &other, "--base", &base];
        let output = hookglass(&folder).args(args).output()?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let [ours, theirs] = [files(&folder.join(path))?, files(&folder.join(&other))?];
        assert_eq!(ours, theirs, "{}", format.name);
    }
    assert_eq!(bodies_in(&folder)?, bodies_in(&folder.join("other"))?);
    Ok(())
}

/// Returns the bodies that `.http` requests refer to.
fn bodies_in(folder: &Path) -> Tested<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "body") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            found.insert(name, fs::read(&path)?);
        }
    }
    Ok(found)
}

#[test]
fn no_export_for_other_tools_holds_a_credential() -> Tested {
    let (session, _) = with_deliveries()?;
    for format in ["fixture", "har", "http", "curl"] {
        let out = format!("out/{format}");
        let args = ["export", "--format", format, "--out", &out];
        hookglass(session.folder.path()).args(args).output()?;
        for (name, bytes) in files(&session.folder.path().join(&out))? {
            assert!(!String::from_utf8_lossy(&bytes).contains("credential-"), "{format} {name}");
        }
    }
    Ok(())
}
