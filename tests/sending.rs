//! `hookglass send`: headers, content types, standard input, several files, and the default target.

#![cfg(unix)]

mod support;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};

use support::targets::{Arrived, response};
use support::{Listener, Target, Tested, hookglass, listed, printed};

fn send(folder: &Path, args: &[&str]) -> Tested<Output> {
    let mut command = hookglass(folder);
    command.env("GITHUB_WEBHOOK_SECRET", "test-key-of-github");
    let sent = command.env("TWILIO_AUTH_TOKEN", "12345").arg("send").args(args).output()?;
    Ok(sent)
}

/// Sends to a target, and returns the requests that arrived.
fn arrived(folder: &Path, args: &[&str]) -> Tested<Vec<Arrived>> {
    let target = Target::always(response("200 OK", ""))?;
    let sent = send(folder, &[args, &["--to", &target.url]].concat())?;
    assert_eq!(sent.status.code(), Some(0), "{}", printed(&sent));
    Ok(target.so_far())
}

fn header(request: &Arrived, name: &str) -> Option<String> {
    request.head.joined(name).map(|value| String::from_utf8_lossy(&value).into_owned())
}

#[test]
fn a_header_is_set() -> Tested {
    let folder = tempfile::tempdir()?;
    let args = ["message.created", "-H", "X-Try: 1", "--header", "User-Agent: mine/1"];
    let arrived = arrived(folder.path(), &args)?;
    let [request] = arrived.as_slice() else { return Err("not one request".into()) };
    assert_eq!(header(request, "x-try").as_deref(), Some("1"));
    assert_eq!(header(request, "user-agent").as_deref(), Some("mine/1"));
    Ok(())
}

#[test]
fn the_content_type_is_that_of_the_file() -> Tested {
    let folder = tempfile::tempdir()?;
    let png = folder.path().join("a.png");
    fs::write(&png, b"\x89PNG\r\n")?;
    for (args, expected) in [
        (&["a.png"][..], "image/png"),
        (&["a.png", "--content-type", "image/x-own"], "image/x-own"),
        (&["a.png", "-H", "Content-Type: image/y-own"], "image/y-own"),
    ] {
        let arrived = arrived(folder.path(), args)?;
        let kinds: Vec<_> = arrived.iter().map(|one| header(one, "content-type")).collect();
        assert_eq!(kinds, [Some(expected.to_owned())], "{args:?}");
    }
    Ok(())
}

#[test]
fn a_form_is_signed_as_a_form() -> Tested {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("sms.form"), "From=%2B15550100&Body=hi")?;
    let mut command = hookglass(folder.path());
    command.env("TWILIO_AUTH_TOKEN", "12345").args(["--provider", "twilio"]);
    let listener = Listener::start(&mut command)?;
    let args = ["sms.form", "--provider", "twilio", "--to", &listener.url()];
    let sent = send(folder.path(), &args)?;
    assert!(sent.status.success(), "{}", printed(&sent));
    listener.stop()?;
    assert_eq!(listed(folder.path())?[0]["signature"]["status"], "verified");
    Ok(())
}

#[test]
fn a_file_gets_the_headers_of_its_provider() -> Tested {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("event.json"), r#"{"action":"created"}"#)?;
    let args = ["event.json", "--provider", "github", "--type", "star.created"];
    let arrived = arrived(folder.path(), &args)?;
    let [request] = arrived.as_slice() else { return Err("not one request".into()) };
    assert_eq!(header(request, "x-github-event").as_deref(), Some("star"));
    assert!(header(request, "x-github-delivery").is_some());
    assert!(header(request, "x-hub-signature-256").is_some());
    Ok(())
}

#[test]
fn a_missing_event_type_is_reported() -> Tested {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("event.json"), "{}")?;
    let sent =
        send(folder.path(), &["event.json", "--provider", "github", "--dry-run", "--to", "1"])?;
    assert!(printed(&sent).contains("X-GitHub-Event is missing"), "{}", printed(&sent));
    Ok(())
}

#[test]
fn standard_input_is_sent() -> Tested {
    let folder = tempfile::tempdir()?;
    let target = Target::always(response("200 OK", ""))?;
    let mut sending = hookglass(folder.path())
        .args(["send", "-", "--to", &target.url])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    sending.stdin.take().ok_or("no stdin")?.write_all(b"{\"id\":\"from stdin\"}")?;
    assert!(sending.wait()?.success());
    assert_eq!(&target.next()?.body[..], b"{\"id\":\"from stdin\"}");
    Ok(())
}

#[test]
fn several_files_are_sent_in_order() -> Tested {
    let folder = tempfile::tempdir()?;
    for name in ["a.json", "b.json"] {
        fs::write(folder.path().join(name), format!("{{\"file\":\"{name}\"}}"))?;
    }
    let arrived = arrived(folder.path(), &["b.json", "a.json", "--count", "2"])?;
    let bodies: Vec<_> = arrived.iter().map(|one| String::from_utf8_lossy(&one.body)).collect();
    let [b, a] = ["{\"file\":\"b.json\"}", "{\"file\":\"a.json\"}"];
    assert_eq!(bodies, [b, b, a, a]);
    Ok(())
}

#[test]
fn nothing_is_sent_if_one_file_is_absent() -> Tested {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("a.json"), "{}")?;
    let target = Target::always(response("200 OK", ""))?;
    let sent = send(folder.path(), &["a.json", "absent.json", "--to", &target.url])?;
    assert_eq!((sent.status.code(), target.so_far().len()), (Some(2), 0), "{}", printed(&sent));
    Ok(())
}

#[test]
fn the_default_target_is_the_running_listener() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    let sent = send(folder.path(), &["message.created"])?;
    assert!(sent.status.success(), "{}", printed(&sent));
    listener.stop()?;
    assert_eq!(listed(folder.path())?.len(), 1);
    Ok(())
}

#[test]
fn without_a_listener_a_target_is_asked_for() -> Tested {
    let folder = tempfile::tempdir()?;
    let sent = send(folder.path(), &["message.created"])?;
    assert_eq!(sent.status.code(), Some(3));
    assert!(printed(&sent).contains("no listener is running on"), "{}", printed(&sent));
    Ok(())
}

#[test]
fn a_misspelled_type_has_a_suggestion() -> Tested {
    let folder = tempfile::tempdir()?;
    let sent = send(folder.path(), &["mesage.created", "--to", "1"])?;
    assert!(printed(&sent).contains("did you mean `message.created`?"), "{}", printed(&sent));
    Ok(())
}
