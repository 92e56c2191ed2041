//! Configured secrets that a provider sends with every delivery: on no screen, and in no text for a person.

#![cfg(unix)]

mod support;

use std::path::Path;
use std::process::Command;

use support::program::{Listener, hookglass, printed};
use support::senders::exchange;
use support::terminal::Terminal;
use support::{Tested, stderr};

/// Token of a provider that sends it in a header, and of one that sends it in the body.
const TOKEN: &str = "canary-token-not-real-7f3a";

fn with_token(command: &mut Command) -> &mut Command {
    command.env("GITLAB_WEBHOOK_TOKEN", TOKEN).env("FIGMA_PASSCODE", TOKEN)
}

/// Sends a delivery of GitLab, and one of Figma, whose passcode is in the body.
fn send(address: &str) -> Tested {
    let body = format!(
        "{{\"event_type\":\"FILE_UPDATE\",\"passcode\":\"{TOKEN}\",\"webhook_id\":\"22\",\
         \"timestamp\":\"2026-01-01T00:00:00Z\",\"file_key\":\"k\"}}"
    );
    let gitlab = format!(
        "POST /?token={TOKEN} HTTP/1.1\r\nHost: h\r\nX-Gitlab-Event: Push Hook\r\n\
         X-Gitlab-Token: {TOKEN}\r\nContent-Length: 2\r\n\r\n{{}}"
    );
    let figma =
        format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    exchange(address, format!("{gitlab}{figma}").as_bytes()).map(drop)
}

/// Returns a folder whose store has both deliveries.
fn received() -> Tested<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(with_token(&mut hookglass(folder.path())))?;
    send(&listener.address)?;
    listener.stop()?;
    Ok(folder)
}

fn run(folder: &Path, args: &[&str]) -> Tested<String> {
    Ok(printed(&with_token(hookglass(folder).args(args)).output()?))
}

#[test]
fn texts_for_a_person_have_asterisks_instead_of_a_secret() -> Tested {
    let folder = received()?;
    for args in [&["list"][..], &["show", "1"], &["show", "2"], &["wait", "-n2", "--since", "1h"]] {
        let text = run(folder.path(), args)?;
        assert!(!text.contains(TOKEN) && text.contains('\n'), "{args:?}: {text}");
    }
    Ok(())
}

#[test]
fn the_text_of_a_headless_listener_has_asterisks_instead_of_a_secret() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener =
        Listener::start(with_token(hookglass(folder.path()).args(["--output", "text"])))?;
    exchange(&listener.address, format!("GET /{TOKEN} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes())?;
    let (_, text, _) = listener.stop()?;
    let masked = "*".repeat(TOKEN.len());
    assert!(text.contains(&masked) && !text.contains(TOKEN), "{text}");
    Ok(())
}

#[test]
fn a_header_with_a_secret_keeps_its_name() -> Tested {
    let folder = received()?;
    let text = run(folder.path(), &["show", "1"])?;
    let masked = "*".repeat(TOKEN.len());
    assert!(text.contains(&format!("X-Gitlab-Token: {masked}\n")), "{text}");
    Ok(())
}

#[test]
fn a_secret_is_masked_although_the_configuration_has_mistakes() -> Tested {
    let folder = received()?;
    std::fs::write(folder.path().join("hookglass.toml"), "[")?;
    let text = run(folder.path(), &["show", "1"])?;
    assert!(!text.contains(TOKEN) && text.contains("X-Gitlab-Token: ***"), "{text}");
    Ok(())
}

#[test]
fn bytes_as_received_have_the_secret() -> Tested {
    let folder = received()?;
    for args in [
        &["show", "1", "--json"][..],
        &["show", "2", "--body"],
        &["show", "1", "--headers"],
        &["show", "1", "--raw"],
        &["list", "--json"],
        &["export", "--format", "jsonl", "--redact", "none"],
    ] {
        let output = with_token(hookglass(folder.path()).args(args)).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains(TOKEN), "{args:?}: {text}{}", stderr(&output));
    }
    Ok(())
}

#[test]
fn no_export_has_the_token_in_the_body_of_a_provider() -> Tested {
    let folder = received()?;
    for args in [
        &["--format", "curl"][..],
        &["--format", "har"],
        &["--format", "http"],
        &["--format", "curl", "--redact", "default"],
        &["--format", "har", "--redact", "default"],
        &["--format", "http", "--redact", "default"],
        &["--format", "jsonl", "--redact", "default"],
    ] {
        // Without the variable, so that only the provider's definition marks it as secret.
        let args = [&["export", "provider:figma"][..], args].concat();
        let output = hookglass(folder.path()).args(&args).output()?;
        let text = printed(&output);
        assert!(text.contains("passcode") && !text.contains(TOKEN), "{args:?}: {text}");
    }
    Ok(())
}

#[test]
fn no_export_has_a_credential_unless_it_is_asked_for() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    let names = [
        "Authorization",
        "Proxy-Authorization",
        "Cookie",
        "X-Api-Key",
        "X-Auth-Token",
        "X-Amz-Security-Token",
        "Stripe-Signature",
        "X-Hub-Signature-256",
        "X-Gitlab-Token",
    ];
    let headers: Vec<_> = names.iter().map(|name| format!("{name}: {TOKEN}\r\n")).collect();
    let headers = headers.concat();
    let request = format!("POST / HTTP/1.1\r\nHost: h\r\n{headers}Content-Length: 0\r\n\r\n");
    exchange(&listener.address, request.as_bytes())?;
    listener.stop()?;
    for format in ["curl", "har", "http"] {
        let export = |more: &[&str]| {
            hookglass(folder.path()).args(["export", "--format", format]).args(more).output()
        };
        let text = printed(&export(&[])?);
        assert!(text.contains("POST") && !text.contains(TOKEN), "{format}: {text}");
        let text = printed(&export(&["--keep-signature"])?);
        assert!(text.contains(TOKEN), "{format}: {text}");
    }
    Ok(())
}

#[test]
fn the_dashboard_shows_no_secret() -> Tested {
    let variables = [("GITLAB_WEBHOOK_TOKEN", TOKEN), ("FIGMA_PASSCODE", TOKEN)];
    let mut session = Terminal::start(&variables)?;
    send(&session.address()?)?;
    session.wait_for("FILE_UPDATE")?;
    session.press("1")?;
    session.wait_for("passcode")?;
    session.press("gg2")?;
    session.wait_for("X-Gitlab-Token")?;
    session.press("3")?;
    session.wait_for("verified")?;
    session.press("5")?;
    session.wait_for("X-Gitlab-Token: ***")?;
    let seen = String::from_utf8_lossy(&session.seen);
    assert!(!seen.contains(TOKEN), "{seen}");
    Ok(())
}

#[test]
fn the_dashboard_shows_no_secret_that_was_typed() -> Tested {
    let mut session = Terminal::start(&[])?;
    send(&session.address()?)?;
    session.wait_for("Push Hook")?;
    session.press("gg2")?;
    session.wait_for(TOKEN)?;
    session.press(":set secret\r")?;
    session.wait_for("ecret of")?;
    session.press(TOKEN)?;
    session.press("\r")?;
    session.wait_for("X-Gitlab-Token  ***")?;
    Ok(())
}

#[test]
fn a_copy_with_a_configured_secret_is_made_only_on_request() -> Tested {
    let folder = received()?;
    for form in ["url", "curl", "httpie", "http"] {
        let show = |more: &[&str]| {
            let args = [&["show", "1", "--as", form], more].concat();
            with_token(hookglass(folder.path()).args(args)).output()
        };
        let refused = show(&[])?;
        assert_eq!(refused.status.code(), Some(1), "{form}");
        assert!(!printed(&refused).contains(TOKEN), "{form}");
        assert!(stderr(&refused).contains("contains a configured secret"), "{form}");
        assert!(printed(&show(&["--with-signature"])?).contains(TOKEN), "{form}");
    }
    Ok(())
}
