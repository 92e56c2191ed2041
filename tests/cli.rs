//! The commands as processes: their output and exit codes.

#![cfg(unix)]

mod support;

use std::io::{BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Output, Stdio};
use std::thread;

use clap::Parser as _;
use hookglass::cli::Cli;
use hookglass::config::ForwardTo;
use hookglass::filter::Filter;
use hookglass::respond::Script;
use serde_json::Value;
use support::{
    Listener, Target, Tested, event, exchange, hookglass, json_lines, listed, read_status, request,
};

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

#[test]
fn deliveries_are_verified_stored_and_printed() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    let url = listener.url();
    for tamper in [&[][..], &["--tamper", "body"], &["--tamper", "missing"]] {
        let sent = hookglass(folder.path())
            .args(["send", "message.created", "--to", &url])
            .args(tamper)
            .output()?;
        assert_eq!(code(&sent), Some(0), "{}", String::from_utf8_lossy(&sent.stderr));
    }
    let (status, printed, said) = listener.stop()?;
    assert!(status.success(), "{said}");
    let printed = json_lines(&printed)?;
    let verdicts: Vec<&Value> = printed.iter().map(|line| &line["signature"]["status"]).collect();
    assert_eq!(verdicts, ["verified", "mismatch", "missing"]);
    assert_eq!(printed[0]["schema"], "hookglass.delivery/1");
    assert_eq!(printed[0]["event"]["type"], "message.created");
    assert_eq!(printed[0]["signature"]["secret"], "CRIBBLY_WEBHOOK_SECRET");
    assert_eq!(printed[0]["response"]["status"], 200);
    let listed = hookglass(folder.path()).args(["list", "--json"]).output()?;
    assert_eq!(json_lines(listed.stdout)?, printed);
    let bad = hookglass(folder.path()).args(["list", "--json", "sig:!verified"]).output()?;
    assert_eq!(json_lines(bad.stdout)?.len(), 2);
    // A term that begins with a hyphen is not a flag, and flags after it are.
    let terms = "-sig:mismatch -sig:missing";
    let good = hookglass(folder.path()).args(["list", terms, "--json"]).output()?;
    assert_eq!(json_lines(good.stdout)?, printed.get(..1).ok_or("nothing")?);
    let newest = hookglass(folder.path()).args(["list", "--json", "--limit", "1"]).output()?;
    assert_eq!(json_lines(newest.stdout)?[0]["id"], 3);
    Ok(())
}

#[test]
fn a_reserialized_sample_is_diagnosed_as_such() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    hookglass(folder.path())
        .args(["send", "message.created", "--tamper", "reserialize", "--to", &listener.url()])
        .output()?;
    // The cause is determined after the response, and before the listener ends.
    listener.stop()?;
    let causes: Vec<Value> =
        listed(folder.path())?.into_iter().map(|line| line["signature"]["cause"].clone()).collect();
    assert_eq!(causes, ["body-reserialised"]);
    Ok(())
}

#[test]
fn show_prints_the_exact_bytes() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    let body = b"\x00\xff odd \x1b[31m";
    let mut raw =
        b"POST /a?b HTTP/1.1\r\nhOST: h\r\nX-b: 1\r\nx-B: 2\r\nContent-Length: 12\r\n\r\n".to_vec();
    raw.extend_from_slice(body);
    exchange(&listener.address, &raw)?;
    listener.stop()?;
    let show = |args: &[&str]| hookglass(folder.path()).arg("show").args(args).output();
    assert_eq!(show(&["1", "--raw"])?.stdout, raw);
    assert_eq!(show(&["1", "--body"])?.stdout, body);
    assert!(!show(&["1"])?.stdout.contains(&0x1b));
    let absent = show(&["7"])?;
    assert_eq!(code(&absent), Some(1));
    assert!(String::from_utf8_lossy(&absent.stderr).contains("no delivery 7"));
    Ok(())
}

#[test]
fn ten_thousand_over_sixty_four_connections_are_printed_in_order() -> Tested {
    const CONNECTIONS: usize = 64;
    const EACH: usize = 157;
    let folder = tempfile::tempdir()?;
    let mut listener = Listener::start(hookglass(folder.path()).arg("--ephemeral"))?;
    let mut stdout = listener.child.stdout.take().ok_or("no stdout")?;
    let printing = thread::spawn(move || {
        let mut printed = String::new();
        stdout.read_to_string(&mut printed).map(|_| printed)
    });
    thread::scope(|scope| {
        for connection in 0..CONNECTIONS {
            let address = &listener.address;
            scope.spawn(move || {
                let stream = TcpStream::connect(address).unwrap();
                let mut answers = BufReader::new(stream.try_clone().unwrap());
                let mut stream = stream;
                for number in 0..EACH {
                    stream.write_all(&request(connection * EACH + number)).unwrap();
                    assert_eq!(read_status(&mut answers).unwrap(), 200);
                }
            });
        }
    });
    support::signal(listener.child.id(), "TERM")?;
    let printed = json_lines(&printing.join().map_err(|_| "printing panicked")??)?;
    assert_eq!(printed.len(), CONNECTIONS * EACH);
    for (at, line) in printed.iter().enumerate() {
        assert_eq!(line["id"], at + 1);
        assert_eq!(line["signature"]["status"], "verified");
    }
    Ok(())
}

#[test]
fn a_killed_listener_has_stored_every_acknowledged_delivery() -> Tested {
    let folder = tempfile::tempdir()?;
    let mut listener = Listener::start(&mut hookglass(folder.path()))?;
    let mut stdout = listener.child.stdout.take().ok_or("no stdout")?;
    let draining = thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
    let (acknowledged, answered) = std::sync::mpsc::channel();
    for connection in 0..16 {
        let (address, acknowledged) = (listener.address.clone(), acknowledged.clone());
        thread::spawn(move || {
            let Ok(mut stream) = TcpStream::connect(address) else { return };
            let Ok(clone) = stream.try_clone() else { return };
            let mut answers = BufReader::new(clone);
            for number in 0.. {
                let number = connection * 1_000_000 + number;
                if stream.write_all(&request(number)).is_err() {
                    return;
                }
                match read_status(&mut answers) {
                    Ok(200) => drop(acknowledged.send(format!("ev{number}"))),
                    _ => return,
                }
            }
        });
    }
    drop(acknowledged);
    let mut promised: Vec<String> = answered.iter().take(500).collect();
    listener.child.kill()?;
    promised.extend(answered.iter());
    drop(draining);
    let listed = hookglass(folder.path()).args(["list", "--json"]).output()?;
    assert_eq!(code(&listed), Some(0), "{}", String::from_utf8_lossy(&listed.stderr));
    let kept = json_lines(listed.stdout)?;
    let kept: std::collections::HashSet<&str> =
        kept.iter().filter_map(|line| line["event"]["id"].as_str()).collect();
    let lost: Vec<&String> = promised.iter().filter(|id| !kept.contains(id.as_str())).collect();
    assert!(lost.is_empty(), "answered {} and lost {lost:?}", promised.len());
    Ok(())
}

#[test]
fn a_closed_pipe_ends_the_program_quietly() -> Tested {
    let folder = tempfile::tempdir()?;
    let mut listener = Listener::start(&mut hookglass(folder.path()))?;
    drop(listener.child.stdout.take());
    // It notices when it prints the next line.
    exchange(&listener.address, &request(1))?;
    assert!(listener.child.wait()?.success());
    let mut said = String::new();
    listener.stderr.read_to_string(&mut said)?;
    assert_eq!(said, "");
    Ok(())
}

#[test]
fn a_taken_port_is_exit_3() -> Tested {
    let folder = tempfile::tempdir()?;
    let other = TcpListener::bind("127.0.0.1:0")?;
    let address = other.local_addr()?.to_string();
    let failed = hookglass(folder.path()).args(["--headless", "--bind", &address]).output()?;
    let said = String::from_utf8_lossy(&failed.stderr);
    assert_eq!(code(&failed), Some(3), "{said}");
    assert!(
        said.contains(&other.local_addr()?.port().to_string()) && said.contains("--bind"),
        "{said}"
    );
    assert!(!folder.path().join(".hookglass").exists());
    Ok(())
}

#[test]
fn a_store_in_use_is_exit_3_and_can_be_read() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(&mut hookglass(folder.path()))?;
    let second = hookglass(folder.path()).args(["--headless", "--bind", "127.0.0.1:0"]).output()?;
    let said = String::from_utf8_lossy(&second.stderr);
    assert_eq!(code(&second), Some(3), "{said}");
    assert!(said.contains(&listener.address) && said.contains("--ephemeral"), "{said}");
    exchange(&listener.address, &request(1))?;
    let listed = hookglass(folder.path()).args(["list", "--json"]).output()?;
    assert_eq!(json_lines(listed.stdout)?.len(), 1);
    Ok(())
}

#[test]
fn wrong_usage_is_exit_2() -> Tested {
    let folder = tempfile::tempdir()?;
    for (args, part) in [
        (&["list", "typ:x"][..], "did you mean `type:`"),
        (&["show", "abc"], "expected a delivery number"),
        (
            &["--provider", "cribly", "--headless"],
            "unknown provider `cribly`: did you mean `cribbly`?",
        ),
        (&["--secret-env", "HOOKGLASS_NOT_SET", "--headless"], "HOOKGLASS_NOT_SET"),
        (&["--secret-file", "absent", "--headless"], "absent"),
        (&["--max-body", "much", "--headless"], "invalid size `much`"),
        (&["--forward", "localhost"], "invalid URL"),
        (&["--bind", "localhost"], "127.0.0.1:4400"),
        (&["import", "-", "--secret-file", "-"], "standard input"),
        (&["--secret", "x"], "--secret"),
        (&["send", "nothing.known", "--to", "http://127.0.0.1:1"], "neither an event type"),
        (
            &["send", "message.created", "--to", "http://127.0.0.1:1", "--rate", "0"],
            "invalid rate `0`",
        ),
    ] {
        let failed = hookglass(folder.path()).args(args).output()?;
        let said = String::from_utf8_lossy(&failed.stderr);
        assert_eq!(code(&failed), Some(2), "{args:?}: {said}");
        assert!(said.contains(part), "{args:?}: {said}");
        assert!(failed.stdout.is_empty());
    }
    let absent = hookglass(folder.path()).arg("list").output()?;
    assert_eq!(code(&absent), Some(3));
    assert!(String::from_utf8_lossy(&absent.stderr).contains("no store"));
    let unreachable = hookglass(folder.path())
        .args(["send", "message.created", "--to", "http://127.0.0.1:1"])
        .output()?;
    assert_eq!(code(&unreachable), Some(3));
    Ok(())
}

#[test]
fn secrets_come_from_files_and_rotate() -> Tested {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("new"), "test-key-new-not-real\n")?;
    std::fs::write(folder.path().join("old"), support::SECRET)?;
    let mut command = hookglass(folder.path());
    command.args(["--secret-file", "new", "--secret-file", "old"]);
    let listener = Listener::start(&mut command)?;
    exchange(&listener.address, &request(1))?;
    let (_, printed, said) = listener.stop()?;
    let signature = &json_lines(&printed)?[0]["signature"];
    assert_eq!(
        (&signature["secret"], &signature["cause"]),
        (&"old".into(), &"previous-secret".into())
    );
    assert!(said.contains("ignored the newline at the end"), "{said}");
    assert!(said.contains("chmod 600"), "{said}");
    assert!(!said.contains("not-real") && !printed.contains("not-real"), "{said}");
    Ok(())
}

#[test]
fn forwarding_returns_the_response_of_the_target_or_reports_its_failure() -> Tested {
    let folder = tempfile::tempdir()?;
    let teapot = "HTTP/1.1 418 Teapot\r\nX-Own: yes\r\nContent-Length: 5\r\n\r\nshort";
    let target = Target::each(&[teapot])?;
    let listener = Listener::start(hookglass(folder.path()).args(["--forward", &target.url]))?;
    let answer = exchange(&listener.address, &request(1))?;
    assert!(answer.starts_with("HTTP/1.1 418") && answer.ends_with("short"), "{answer}");
    assert!(answer.contains("x-own: yes"), "{answer}");
    let [seen] = &target.finish()?[..] else { return Err("not one request".into()) };
    let seen = seen.text();
    assert!(seen.starts_with("POST /hooks HTTP/1.1\r\nHost: 127.0.0.1:"), "{seen}");
    assert!(seen.contains("\r\nX-Cribbly-Signature: "), "{seen}");
    assert!(seen.ends_with(&event(1).0), "{seen}");
    let answer = exchange(&listener.address, &request(2))?;
    assert!(
        answer.starts_with("HTTP/1.1 502") && answer.contains("refused the connection"),
        "{answer}"
    );
    let (_, printed, _) = listener.stop()?;
    let printed = json_lines(&printed)?;
    let statuses: Vec<&Value> = printed.iter().map(|line| &line["response"]["status"]).collect();
    assert_eq!(statuses, [418, 502]);
    assert_eq!(printed[0]["attempts"][0]["body"], "short");
    Ok(())
}

#[test]
fn a_full_disk_is_503_and_reported() -> Tested {
    let folder = tempfile::tempdir()?;
    // The shell sets a limit on the size of files, as a full disk would.
    let script = format!(
        "trap '' XFSZ; ulimit -f 480; exec '{}' --headless --bind 127.0.0.1:0",
        env!("CARGO_BIN_EXE_hookglass")
    );
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &script, "sh"]).current_dir(folder.path()).stdout(Stdio::null());
    let listener = Listener::start(&mut shell)?;
    let body = "x".repeat(400_000);
    let large = format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let answer = exchange(&listener.address, large.as_bytes())?;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("retry-after: 5"), "{answer}");
    assert!(answer.contains("not stored"), "{answer}");
    Ok(())
}

/// Header of the example in GitHub's documentation.
const GITHUB_HEADER: &str = "X-Hub-Signature-256: \
    sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

#[test]
fn a_signature_is_verified_and_its_provider_recognized() -> Tested {
    let folder = tempfile::tempdir()?;
    for (body, status, exit) in [
        ("Hello, World!", "verified", 0),
        ("Hello, World!\n", "mismatch", 1),
        ("Hello World!", "mismatch", 1),
    ] {
        std::fs::write(folder.path().join("body"), body)?;
        let checked = hookglass(folder.path())
            .env("GITHUB_WEBHOOK_SECRET", "It's a Secret to Everybody")
            .args(["verify", "--json", "--header", GITHUB_HEADER, "--body", "body"])
            .output()?;
        assert_eq!(code(&checked), Some(exit), "{}", String::from_utf8_lossy(&checked.stderr));
        let said: Value = serde_json::from_slice(&checked.stdout)?;
        assert_eq!(said["provider"], "github");
        assert_eq!(said["signature"]["status"], status);
        if body.ends_with('\n') {
            assert_eq!(said["signature"]["cause"], "body-trailing-newline-added");
        }
    }
    Ok(())
}

#[test]
fn wrong_arguments_of_verify_are_exit_2() -> Tested {
    let folder = tempfile::tempdir()?;
    for (args, part) in [
        (&["verify", "--header", GITHUB_HEADER][..], "GITHUB_WEBHOOK_SECRET"),
        (&["verify", "--header", "nonsense"], "invalid header"),
        (&["verify", "--provider", "auto"], "known"),
        (&["verify", "--secret-file", "-"], "standard input"),
        (&["verify", "--at", "99999999999999"], "Unix seconds"),
        (&["verify", "--at", "yesterday"], "Unix seconds"),
        (&["verify", "--method", "A B"], "invalid method `A B`"),
        (&["verify", "--url", "nowhere"], "invalid URL `nowhere`"),
        (&["verify", "--provider", "cribbly", "--body", "absent"], "absent"),
        (&["providers", "nobody"], "unknown provider `nobody`"),
    ] {
        let failed = hookglass(folder.path()).args(args).stdin(Stdio::null()).output()?;
        let said = String::from_utf8_lossy(&failed.stderr);
        assert_eq!(code(&failed), Some(2), "{args:?}: {said}");
        assert!(said.contains(part), "{args:?}: {said}");
    }
    Ok(())
}

#[test]
fn a_request_of_an_unknown_sender_is_verified_under_the_default_provider() -> Tested {
    let folder = tempfile::tempdir()?;
    let unsigned = hookglass(folder.path())
        .args(["verify", "--json", "--header", "X-Other: 1"])
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&unsigned.stderr);
    assert_eq!(code(&unsigned), Some(1), "{said}");
    assert!(said.contains("--provider names another"), "{said}");
    let verdict: Value = serde_json::from_slice(&unsigned.stdout)?;
    assert_eq!(
        (&verdict["provider"], &verdict["signature"]["status"]),
        (&"cribbly".into(), &"missing".into())
    );
    Ok(())
}

#[test]
fn a_signal_right_after_the_first_line_ends_the_listener_in_order() -> Tested {
    let folder = tempfile::tempdir()?;
    for _ in 0..20 {
        let listener = Listener::start(hookglass(folder.path()).arg("--ephemeral"))?;
        let mut stream = BufReader::new(TcpStream::connect(&listener.address)?);
        stream.get_mut().write_all(&request(1))?;
        assert_eq!(read_status(&mut stream)?, 200);
        let (status, printed, said) = listener.stop()?;
        assert!(status.success(), "{status}: {said}");
        assert_eq!(json_lines(&printed)?.len(), 1);
    }
    Ok(())
}

#[test]
fn the_effective_configuration_is_printed_with_its_sources() -> Tested {
    let folder = tempfile::tempdir()?;
    let config = |args: &[&str]| hookglass(folder.path()).arg("config").args(args).output();
    let default = config(&["--print-default"])?.stdout;
    assert_eq!(default, include_bytes!("../assets/config.toml"));
    let usual = String::from_utf8(config(&[])?.stdout)?;
    for line in usual.lines() {
        assert!(line.ends_with(" default"), "{line}");
    }
    std::fs::write(folder.path().join("d.toml"), &default)?;
    let same = String::from_utf8(config(&["--config", "d.toml"])?.stdout)?;
    let rows = |text: &str| -> Vec<String> {
        let cells = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        cells
            .map(|cells| cells.split_last().map(|(_, rest)| rest.join(" ")).unwrap_or_default())
            .collect()
    };
    // Without the line that names the file.
    assert_eq!(rows(&same).get(1..), rows(&usual).get(1..));
    let own = "strict = true\n[[forward]]\nfilter = \"type:x\"\nurl = \"http://h\"\n\
               [[respond]]\nanswer = \"500x2,200\"\n\
               [dashboard]\ntheme = \"night\"\ncolumns = [\"id\", \"event-id\"]\n\
               volatile = [\".payload.etag\", \"header.X-Trace\"]\n\
               [dashboard.keys.anywhere]\nresend = [\"f5\", \"r\"]\n";
    std::fs::write(folder.path().join("hookglass.toml"), own)?;
    let said = rows(&String::from_utf8(config(&[])?.stdout)?);
    for row in [
        "strict on",
        "handshakes on",
        "forward type:x => http://h",
        "respond 500x2,200",
        "theme night",
        "glyphs auto",
        "columns id, event-id",
        "volatile .payload.etag",
        "volatile header.x-trace",
        "key anywhere.resend F5, r",
    ] {
        assert!(said.iter().any(|one| one == row), "{row} is not in {said:?}");
    }
    Ok(())
}

/// Returns the steps of a script without the text they were read from.
fn without_source(script: &Script) -> String {
    let debug = format!("{script:?}");
    debug.split(", text: ").next().unwrap_or_default().to_owned()
}

/// Reads a text as a duration in every place that takes one.
fn durations(text: &str) -> Vec<Result<String, String>> {
    let command = |args: &[&str]| {
        let cli = Cli::try_parse_from(["hookglass"].iter().chain(args).copied());
        cli.map(|cli| format!("{cli:?}")).map_err(|error| error.to_string())
    };
    let forward = format!("url = \"http://127.0.0.1:1\"\ntimeout = \"{text}\"");
    let forward = toml::from_str::<ForwardTo>(&forward);
    let script: Result<Script, _> = format!("503:delay={text}").parse();
    let filter: Result<Filter, _> = format!("since:{text}").parse();
    vec![
        command(&["wait", "--timeout", text]),
        command(&["resend", "1", "--to", "http://127.0.0.1:1", "--interval", text]),
        command(&["prune", "--keep", text]),
        forward.map(|forward| format!("{forward:?}")).map_err(|error| error.to_string()),
        script.map(|script| without_source(&script)).map_err(|error| error.to_string()),
        filter.map(|filter| filter.to_string()).map_err(|error| error.to_string()),
    ]
}

#[test]
fn a_duration_means_the_same_in_every_place() {
    for (text, same) in [("1h30m", "5400s"), ("1.5h", "90min"), ("0.5s", "500ms"), ("1d", "24h")] {
        let read = durations(text);
        assert!(read.iter().all(Result::is_ok), "{text}: {read:?}");
        assert_eq!(read, durations(same), "{text} is {same}");
    }
}

#[test]
fn a_number_without_a_unit_means_seconds_except_for_keep() {
    let (bare, seconds) = (durations("30"), durations("30s"));
    let different: Vec<_> = (0..bare.len()).filter(|at| bare[*at] != seconds[*at]).collect();
    assert_eq!(different, [2], "only --keep counts deliveries");
}

#[test]
fn an_invalid_duration_is_refused_in_every_place() {
    for text in ["12x", "-1s", "1mo", "m"] {
        let read = durations(text);
        assert!(read.iter().all(Result::is_err), "{text}: {read:?}");
    }
}

#[test]
fn seconds_in_the_configuration_need_no_quotes() -> Tested {
    let forward = |timeout: &str| {
        toml::from_str::<ForwardTo>(&format!("url = \"http://127.0.0.1:1\"\ntimeout = {timeout}"))
    };
    assert_eq!(forward("30")?.timeout, forward("\"30s\"")?.timeout);
    Ok(())
}
