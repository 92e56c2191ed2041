//! Sources: paths with their own provider, secrets, targets, and rules.

mod support;

use std::error::Error;
use std::fs;
use std::process::Command;

use serde_json::Value;
use support::{Listener, hookglass as program};

type Tested<T = ()> = Result<T, Box<dyn Error>>;

/// A delivery of a provider that is signed with a secret, sent to a path of a listener.
fn send(command: &mut Command, provider: &str, kind: &str, to: &str) -> Tested<u16> {
    let args = ["send", kind, "--provider", provider, "--to", to, "--json"];
    let sent = command.args(args).output()?;
    let line: Value = serde_json::from_slice(&sent.stdout)
        .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&sent.stderr)))?;
    Ok(u16::try_from(line.get("status").and_then(Value::as_u64).unwrap_or_default())?)
}

fn lines(out: &str) -> Tested<Vec<Value>> {
    Ok(out.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

fn verdicts(lines: &[Value]) -> Vec<String> {
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let line = |line: &Value| {
        let parts = ["/via", "/provider", "/signature/status"]
            .map(|place| line.pointer(place).unwrap_or(&Value::Null));
        parts.map(word).join(" ")
    };
    lines.iter().map(line).collect()
}

#[test]
fn a_flag_decides_the_provider_of_a_path() -> Tested {
    let folder = tempfile::tempdir()?;
    let command = || {
        let mut command = program(folder.path());
        command.env("CLICKUP_WEBHOOK_SECRET", "test-key");
        command.env("LEMONSQUEEZY_WEBHOOK_SECRET", "test-key");
        command
    };
    let mut listen = command();
    let listener = Listener::start(listen.args(["--source", "/click=clickup"]))?;
    let url = listener.url();
    for path in ["/click", "/click/below", "/clicks"] {
        send(&mut command(), "clickup", "taskCreated", &format!("{url}{path}"))?;
    }
    send(&mut command(), "github", "push", &format!("{url}/click?a=1"))?;
    let (_, out, _) = listener.stop()?;
    let found = verdicts(&lines(&out)?);
    assert_eq!(found[..2], ["/click clickup verified", "/click clickup verified"]);
    assert!(found[2].starts_with("- "), "{found:?}");
    assert_eq!(found[3], "/click clickup missing");
    Ok(())
}

#[test]
fn a_source_has_its_own_secret_and_rules() -> Tested {
    let folder = tempfile::tempdir()?;
    fs::write(
        folder.path().join("hookglass.toml"),
        "[[source]]\npath = \"/a\"\nprovider = \"github\"\nsecret_env = \"TEAM_A\"\n\
         respond = \"type:push => 503\"\n\n\
         [[source]]\npath = \"/b\"\nprovider = \"github\"\nsecret_env = \"TEAM_B\"\n",
    )?;
    let command = || {
        let mut command = program(folder.path());
        command.env("TEAM_A", "test-key-a").env("TEAM_B", "test-key-b");
        command.env("GITHUB_WEBHOOK_SECRET", "test-key-a");
        command
    };
    let listener = Listener::start(&mut command())?;
    let url = listener.url();
    let a = send(&mut command(), "github", "push", &format!("{url}/a"))?;
    let b = send(&mut command(), "github", "push", &format!("{url}/b"))?;
    let (_, out, _) = listener.stop()?;
    assert_eq!((a, b), (503, 200));
    assert_eq!(verdicts(&lines(&out)?), ["/a github verified", "/b github mismatch"]);
    Ok(())
}

#[test]
fn a_filter_selects_the_deliveries_of_a_source() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(program(folder.path()).args(["--source", "/in=github"]))?;
    let url = listener.url();
    for path in ["/in", "/other"] {
        send(&mut program(folder.path()), "github", "push", &format!("{url}{path}"))?;
    }
    listener.stop()?;
    let listed = program(folder.path()).args(["list", "via:/in", "--json"]).output()?;
    let found = lines(&String::from_utf8(listed.stdout)?)?;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["target"], "/in");
    Ok(())
}

#[test]
fn the_mistakes_of_sources_are_reported_at_their_lines() -> Tested {
    let folder = tempfile::tempdir()?;
    for (text, said) in [
        ("[[source]]\npath = \"stripe\"", "line 2, source.path: invalid path `stripe`"),
        ("[[source]]\npath = \"/a\"\nprovider = \"strip\"", "did you mean `stripe`"),
        ("[[source]]\npath = \"/a\"\n[[source]]\npath = \"/a/\"", "has a source already"),
    ] {
        fs::write(folder.path().join("hookglass.toml"), text)?;
        let run = program(folder.path()).args(["config"]).output()?;
        let error = String::from_utf8(run.stderr)?;
        assert!(run.status.code() == Some(2) && error.contains(said), "{said}: {error}");
    }
    Ok(())
}
