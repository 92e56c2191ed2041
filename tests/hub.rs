//! The hub, with real servers of NATS: publishing, attaching, and everything that may go wrong in
//! between.

#![cfg(unix)]

mod support;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hookglass::delivery::{Head, HubPlace, NewDelivery};
use hookglass::hub::{Envelope, subject};
use jiff::Timestamp;
use serde_json::Value;
use support::nats::{NatsServer, RawClient, cluster};
use support::targets::response;
use support::terminal::Terminal;
use support::{
    Listener, Target, Tested, event, exchange, hookglass, listed, read_status, request, signal,
    stderr,
};
use tempfile::TempDir;

/// A folder and a server in it.
struct Stage {
    folder: TempDir,
    server: NatsServer,
}

impl Stage {
    fn new() -> Tested<Option<Self>> {
        let folder = tempfile::tempdir()?;
        let server = NatsServer::start(&folder.path().join("nats"))?;
        Ok(server.map(|server| Self { folder, server }))
    }

    fn listener(&self, name: &str) -> Tested<Listener> {
        listener(self.folder.path(), name, &self.server.url())
    }

    /// Starts a listener and a reader of new deliveries.
    fn pair(&self) -> Tested<(Listener, Attached)> {
        Ok((self.listener("a")?, self.attach("b", &[])?))
    }

    fn attach(&self, name: &str, args: &[&str]) -> Tested<Attached> {
        Attached::start(&self.folder.path().join(name), &self.server.url(), args)
    }
}

fn listener(folder: &Path, name: &str, hub: &str) -> Tested<Listener> {
    let folder = folder.join(name);
    std::fs::create_dir_all(&folder)?;
    Listener::start(hookglass(&folder).args(["--hub", hub, "--hub-name", name]))
}

/// An attached program, killed when it is dropped.
struct Attached {
    child: Child,
    lines: BufReader<ChildStdout>,
    said: BufReader<std::process::ChildStderr>,
}

impl Attached {
    /// Starts one, and waits until it is attached.
    fn start(folder: &Path, hub: &str, args: &[&str]) -> Tested<Self> {
        Self::spawn(folder, &mut attach(folder, hub, args))
    }

    /// Starts a command in a folder that is created, and waits until it is attached.
    fn spawn(folder: &Path, command: &mut Command) -> Tested<Self> {
        std::fs::create_dir_all(folder)?;
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let lines = BufReader::new(child.stdout.take().ok_or("no stdout")?);
        let said = BufReader::new(child.stderr.take().ok_or("no stderr")?);
        let mut attached = Self { child, lines, said };
        attached.wait_for("attached to")?;
        Ok(attached)
    }

    /// Waits for a line on standard error.
    fn wait_for(&mut self, part: &str) -> Tested<String> {
        let mut all = String::new();
        loop {
            let mut line = String::new();
            if self.said.read_line(&mut line)? == 0 {
                return Err(format!("no {part:?} in:\n{all}").into());
            }
            if line.contains(part) {
                return Ok(line);
            }
            all.push_str(&line);
        }
    }

    fn next(&mut self) -> Tested<Value> {
        let mut line = String::new();
        if self.lines.read_line(&mut line)? == 0 {
            let mut said = String::new();
            self.said.read_to_string(&mut said)?;
            return Err(format!("it has ended: {said}").into());
        }
        Ok(serde_json::from_str(&line)?)
    }

    /// Returns the event id of the next delivery.
    fn next_id(&mut self) -> Tested<String> {
        let delivery = self.next()?;
        let id = delivery.pointer("/event/id").and_then(Value::as_str);
        Ok(id.unwrap_or_default().to_owned())
    }

    fn take(&mut self, count: usize) -> Tested<Vec<Value>> {
        (0..count).map(|_| self.next()).collect()
    }

    fn stop(mut self) -> Tested<String> {
        signal(self.child.id(), "TERM")?;
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest)?;
        self.child.wait()?;
        Ok(rest)
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn attach(folder: &Path, hub: &str, args: &[&str]) -> Command {
    let mut command = hookglass(folder);
    command.args(["attach", hub, "--headless"]).args(args).env("USER", "tester");
    command
}

fn status(response: &str) -> &str {
    response.get(9..12).unwrap_or_default()
}

fn send(listener: &Listener, number: usize) -> Tested<String> {
    exchange(&listener.address, &request(number))
}

/// Returns the bytes of a request and its body as they were before they were printed.
fn body(delivery: &Value) -> Tested<Vec<u8>> {
    match (delivery["body"].as_str(), delivery["body_base64"].as_str()) {
        (Some(text), _) => Ok(text.as_bytes().to_vec()),
        (None, Some(text)) => Ok(BASE64_STANDARD.decode(text)?),
        (None, None) => Err("no body".into()),
    }
}

fn ids(deliveries: &[Value]) -> Vec<&str> {
    deliveries.iter().filter_map(|one| one.pointer("/event/id")?.as_str()).collect()
}

#[test]
fn a_delivery_is_the_same_on_an_attached_machine() -> Tested {
    let Some(stage) = Stage::new()? else { return Ok(()) };
    let (listener, mut attached) = stage.pair()?;
    let head =
        "POST /x?y=%20 HTTP/1.1\r\nHost: h\r\nX-One: 1\r\nx-one:  2\r\nContent-Length: 5\r\n\r\n";
    let response = exchange(&listener.address, &[head.as_bytes(), b"\0\xff\r\n!"].concat())?;
    assert_eq!(status(&response), "200");
    let found = attached.next()?;
    let own = listed(&stage.folder.path().join("a"))?.remove(0);
    for field in [
        "received_at",
        "peer",
        "method",
        "target",
        "headers",
        "trailers",
        "head_base64",
        "body_base64",
        "provider",
        "event",
    ] {
        assert_eq!(found[field], own[field], "{field}");
    }
    assert_eq!(body(&found)?, b"\0\xff\r\n!");
    Ok(())
}

#[test]
fn an_attached_delivery_has_its_place_in_the_stream() -> Tested {
    let Some(stage) = Stage::new()? else { return Ok(()) };
    let (listener, mut attached) = stage.pair()?;
    send(&listener, 1)?;
    let found = attached.next()?;
    let place = serde_json::json!({"stream": "hookglass", "sequence": 1, "listener": "a"});
    assert_eq!(found["hub"], place);
    assert_eq!((&found["id"], &found["source"]), (&Value::from(1), &Value::from("hub")));
    Ok(())
}

#[test]
fn a_large_delivery_arrives_whole() -> Tested {
    let Some(stage) = Stage::new()? else { return Ok(()) };
    let (listener, mut attached) = stage.pair()?;
    let large: Vec<u8> = (0..25_usize << 20).map(|at| ((at * at) >> 7).to_le_bytes()[0]).collect();
    let head = format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", large.len());
    let response = exchange(&listener.address, &[head.as_bytes(), &large].concat())?;
    assert_eq!(status(&response), "200");
    assert!(body(&attached.next()?)? == large);
    Ok(())
}

#[test]
fn a_reader_goes_on_where_it_ended() -> Tested {
    let Some(stage) = Stage::new()? else { return Ok(()) };
    let (listener, mut attached) = stage.pair()?;
    send(&listener, 1)?;
    attached.next()?;
    attached.stop()?;
    send(&listener, 2)?;
    send(&listener, 3)?;
    let mut attached = stage.attach("b", &[])?;
    assert_eq!(ids(&attached.take(2)?), ["ev2", "ev3"]);
    Ok(())
}

#[test]
fn reading_begins_at_a_sequence() -> Tested {
    let Some(stage) = Stage::new()? else { return Ok(()) };
    let listener = stage.listener("a")?;
    (1..=3).try_for_each(|number| send(&listener, number).map(drop))?;
    let mut attached = stage.attach("b", &["--from", "2"])?;
    assert_eq!(ids(&attached.take(2)?), ["ev2", "ev3"]);
    Ok(())
}

#[test]
fn reading_begins_at_a_time() -> Tested {
    let Some(stage) = Stage::new()? else { return Ok(()) };
    let listener = stage.listener("a")?;
    send(&listener, 1)?;
    #[expect(clippy::disallowed_methods, reason = "a position in time")]
    let time = Timestamp::now().to_string();
    send(&listener, 2)?;
    let mut attached = stage.attach("b", &["--from", &time])?;
    assert_eq!(ids(&attached.take(1)?), ["ev2"]);
    Ok(())
}

#[test]
fn only_deliveries_that_match_are_printed() -> Tested {
    let Some(stage) = Stage::new()? else { return Ok(()) };
    let listener = stage.listener("a")?;
    exchange(&listener.address, b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")?;
    send(&listener, 1)?;
    send(&listener, 2)?;
    let filter = ["--from", "all", "provider:cribbly", "type:message.*", "ev2"];
    let mut attached = stage.attach("b", &filter)?;
    assert_eq!(ids(&attached.take(1)?), ["ev2"]);
    Ok(())
}

#[test]
fn the_server_selects_by_subject() -> Tested {
    let Some(stage) = Stage::new()? else { return Ok(()) };
    let listener = stage.listener("a")?;
    exchange(&listener.address, b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")?;
    send(&listener, 1)?;
    let mut attached = stage.attach("b", &["--from", "all", "type:message.*"])?;
    attached.next()?;
    attached.stop()?;
    let folder = stage.folder.path().join("b");
    let copy = hookglass(&folder).args(["list", "--json", "--store"]).arg(COPY).output()?;
    assert_eq!(support::json_lines(copy.stdout)?.len(), 1);
    Ok(())
}

/// The copy of the stream in a folder.
const COPY: &str = ".hookglass/hub-hookglass.db";

#[test]
fn each_matching_delivery_is_forwarded() -> Tested {
    let Some(stage) = Stage::new()? else { return Ok(()) };
    let listener = stage.listener("a")?;
    let target = Target::always(response("200 OK", ""))?;
    let _attached = stage.attach("b", &["--forward", &target.url])?;
    send(&listener, 1)?;
    assert_eq!(target.next()?.body, event(1).0);
    Ok(())
}

#[test]
fn a_signature_is_verified_again_with_a_local_secret() -> Tested {
    let Some(stage) = Stage::new()? else { return Ok(()) };
    let folder = stage.folder.path().join("a");
    std::fs::create_dir_all(&folder)?;
    let mut command = hookglass(&folder);
    command.env_remove("CRIBBLY_WEBHOOK_SECRET").args(["--hub", &stage.server.url()]);
    let listener = Listener::start(&mut command)?;
    let mut attached = stage.attach("b", &[])?;
    send(&listener, 1)?;
    assert_eq!(attached.next()?["signature"]["status"], "verified");
    Ok(())
}

#[test]
fn without_a_secret_the_verdict_is_marked_as_the_listeners() -> Tested {
    let Some(stage) = Stage::new()? else { return Ok(()) };
    let listener = stage.listener("a")?;
    let folder = stage.folder.path().join("b");
    std::fs::create_dir_all(&folder)?;
    send(&listener, 1)?;
    let mut command = attach(&folder, &stage.server.url(), &["--from", "all"]);
    let mut child = command
        .env_remove("CRIBBLY_WEBHOOK_SECRET")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().ok_or("no stdout")?).read_line(&mut line)?;
    child.kill()?;
    child.wait()?;
    let found: Value = serde_json::from_str(&line)?;
    let explanation = found["signature"]["explanation"].as_str().unwrap_or_default();
    assert!(explanation.contains("according to the listener a"), "{found}");
    Ok(())
}

#[test]
fn without_the_hub_the_client_is_asked_to_retry() -> Tested {
    let Some(mut stage) = Stage::new()? else { return Ok(()) };
    let listener = stage.listener("a")?;
    stage.server.kill()?;
    let response = send(&listener, 1)?;
    assert_eq!(status(&response), "503");
    assert!(response.to_lowercase().contains("retry-after: "), "{response}");
    Ok(())
}

#[test]
fn unacknowledged_deliveries_are_published_when_the_hub_is_back() -> Tested {
    let Some(mut stage) = Stage::new()? else { return Ok(()) };
    let (listener, mut attached) = stage.pair()?;
    stage.server.kill()?;
    send(&listener, 1)?;
    stage.server.start_again()?;
    assert_eq!(ids(&attached.take(1)?), ["ev1"]);
    Ok(())
}

#[test]
fn unacknowledged_deliveries_are_published_after_a_restart() -> Tested {
    let Some(mut stage) = Stage::new()? else { return Ok(()) };
    let listener = stage.listener("a")?;
    stage.server.kill()?;
    send(&listener, 1)?;
    drop(listener);
    stage.server.start_again()?;
    let mut attached = stage.attach("b", &[])?;
    let _listener = stage.listener("a")?;
    assert_eq!(ids(&attached.take(1)?), ["ev1"]);
    Ok(())
}

#[test]
fn deliveries_of_two_listeners_have_numbers_of_one_stream() -> Tested {
    let Some(stage) = Stage::new()? else { return Ok(()) };
    let (one, other) = (stage.listener("a")?, stage.listener("c")?);
    let mut attached = stage.attach("b", &[])?;
    send(&one, 1)?;
    send(&other, 2)?;
    send(&other, 1)?;
    let found = attached.take(3)?;
    let facts: Vec<_> = found
        .iter()
        .map(|one| (one["id"].as_i64(), one["hub"]["listener"].as_str(), &one["duplicate_of"]))
        .collect();
    let (none, first) = (Value::Null, Value::from(1));
    assert_eq!(
        facts,
        [(Some(1), Some("a"), &none), (Some(2), Some("c"), &none), (Some(3), Some("c"), &first)]
    );
    Ok(())
}

/// Runs a command that fails, and returns its exit code and its error.
fn failure(command: &mut Command) -> Tested<(Option<i32>, String)> {
    let output: Output = command.stdin(Stdio::null()).output()?;
    Ok((output.status.code(), stderr(&output)))
}

#[test]
fn a_hub_that_cannot_be_used_is_an_error_with_its_reason() -> Tested {
    let folder = tempfile::tempdir()?;
    let here = folder.path();
    let Some(plain) = NatsServer::start_with(&here.join("plain"), &[], "")? else { return Ok(()) };
    let users = "jetstream {}\nauthorization { users: [{user: u, password: p, permissions: {publish: \
                 \"x\"}}, {user: v, password: p, permissions: {publish: \"$JS.>\"}}] }";
    let users = NatsServer::start_with(&here.join("users"), &["-js"], users)?.ok_or("gone")?;
    let server = NatsServer::start(&here.join("nats"))?.ok_or("gone")?;
    let mut client = RawClient::connect(&server)?;
    let orders = r#"{"name":"ORDERS","subjects":["orders.>"],"retention":"limits","storage":"file","discard":"old","max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_age":0,"num_replicas":1}"#;
    client.publish("$JS.API.STREAM.CREATE.ORDERS", b"", orders.as_bytes())?;
    client.sync()?;
    let run = |command: &str, url: &str, more: &[&str], user: Option<&str>| {
        let mut hookglass = hookglass(here);
        match command {
            "attach" => hookglass.args(["attach", url, "--headless"]),
            _ => hookglass.args(["--headless", "--bind", "127.0.0.1:0", "--hub", url]),
        };
        if let Some(user) = user {
            hookglass.env("HOOKGLASS_HUB_USER", user).env("HOOKGLASS_HUB_PASSWORD", "p");
        }
        failure(hookglass.args(more))
    };
    for (command, url, more, user, says) in [
        ("listen", "nats://127.0.0.1:1", &[][..], None, "cannot reach the hub"),
        ("attach", "nats://127.0.0.1:1", &[], None, "cannot reach the hub"),
        ("listen", &plain.url(), &[], None, "has no JetStream"),
        ("attach", &plain.url(), &[], None, "has no JetStream"),
        ("listen", &users.url(), &[], None, "refuses the credentials"),
        ("listen", &users.url(), &[], Some("u"), "no permission"),
        ("listen", &users.url(), &[], Some("v"), "no permission"),
        ("attach", &server.url(), &[], None, "no stream `hookglass`"),
        ("listen", &server.url(), &["--hub-stream", "ORDERS"], None, "has the subjects orders.>"),
        ("listen", &server.url(), &["--hub-replicas", "3"], None, "use --hub-replicas 1"),
    ] {
        let (code, said) = run(command, url, more, user)?;
        assert_eq!(code, Some(3), "{command} {says}: {said}");
        assert!(said.contains(says), "{command} {says}: {said}");
    }
    Ok(())
}

/// Starts a server whose users have these permissions, and a user `all` that has every one.
fn server_with_users(folder: &Path, users: &[(&str, &str)]) -> Tested<Option<NatsServer>> {
    let user = |(name, permissions): &(&str, &str)| {
        format!("{{ user: {name}, password: p, permissions: {{ {permissions} }} }}")
    };
    let users: Vec<String> = users.iter().map(user).collect();
    let config =
        format!("authorization {{ users: [{{ user: all, password: p }}, {}] }}", users.join(", "));
    NatsServer::start_with(folder, &["-js"], &config)
}

fn as_user<'a>(command: &'a mut Command, user: &str) -> &'a mut Command {
    command.env("HOOKGLASS_HUB_USER", user).env("HOOKGLASS_HUB_PASSWORD", "p")
}

#[test]
fn a_missing_permission_of_a_reader_is_an_error_that_names_it() -> Tested {
    const ALL: [&str; 4] = [
        "$JS.API.STREAM.INFO.hookglass",
        "$JS.API.STREAM.MSG.GET.hookglass",
        "$JS.API.CONSUMER.CREATE.hookglass",
        "$JS.API.CONSUMER.MSG.NEXT.hookglass.>",
    ];
    let lists: Vec<String> = ALL
        .iter()
        .map(|without| {
            let others: Vec<_> = ALL.iter().filter(|one| *one != without).collect();
            format!("publish: {others:?}")
        })
        .collect();
    let mut users: Vec<(&str, &str)> = ["info", "get", "create", "next"]
        .into_iter()
        .zip(lists.iter().map(String::as_str))
        .collect();
    users.push(("deaf", "subscribe: [\"hookglass.>\"]"));
    let folder = tempfile::tempdir()?;
    let here = folder.path();
    let Some(server) = server_with_users(&here.join("nats"), &users)? else { return Ok(()) };
    let mut command = hookglass(here);
    let listener = Listener::start(as_user(command.args(["--hub", &server.url()]), "all"))?;
    for (user, missing) in [
        ("info", ALL[0]),
        ("get", ALL[1]),
        ("create", ALL[2]),
        ("next", "$JS.API.CONSUMER.MSG.NEXT.hookglass."),
        ("deaf", "_INBOX."),
    ] {
        let path = here.join(user);
        std::fs::create_dir_all(&path)?;
        let (code, said) = failure(as_user(&mut attach(&path, &server.url(), &[]), user))?;
        assert_eq!(code, Some(3), "{user}: {said}");
        assert!(said.contains("no permission") && said.contains(missing), "{user}: {said}");
    }
    drop(listener);
    Ok(())
}

#[test]
fn a_refusal_that_does_not_prevent_reading_is_reported() -> Tested {
    let folder = tempfile::tempdir()?;
    let here = folder.path();
    let quiet = [("quiet", "publish: [\"$JS.API.>\"]")];
    let Some(server) = server_with_users(&here.join("nats"), &quiet)? else { return Ok(()) };
    let path = here.join("a");
    std::fs::create_dir_all(&path)?;
    let mut command = hookglass(&path);
    let listener = Listener::start(as_user(command.args(["--hub", &server.url()]), "all"))?;
    let mut command = attach(&here.join("b"), &server.url(), &["--hub-name", "quiet"]);
    let mut attached = Attached::spawn(&here.join("b"), as_user(&mut command, "quiet"))?;
    attached.wait_for(
        "refused a request: Permissions Violation for Publish to \
                       \"hookglass.presence.quiet\"",
    )?;
    send(&listener, 1)?;
    assert_eq!(ids(&attached.take(1)?), ["ev1"]);
    Ok(())
}

#[test]
fn the_documented_permissions_suffice() -> Tested {
    let docs = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/team.md"))?;
    let (_, rest) = docs.split_once("```text\nauthorization").ok_or("no permissions")?;
    let (users, _) = rest.split_once("```").ok_or("no end")?;
    let users = users.replace("$LISTENER_PASSWORD", "p").replace("$READER_PASSWORD", "p");
    let folder = tempfile::tempdir()?;
    let here = folder.path();
    let config = format!("authorization{users}");
    let Some(server) = NatsServer::start_with(&here.join("nats"), &["-js"], &config)? else {
        return Ok(());
    };
    let path = here.join("a");
    std::fs::create_dir_all(&path)?;
    let mut command = hookglass(&path);
    command.args(["--hub", &server.url()]);
    let listener = Listener::start(as_user(&mut command, "listener"))?;
    let target = Target::always(response("200 OK", ""))?;
    let mut command = attach(&here.join("b"), &server.url(), &["--forward", &target.url]);
    let mut attached = Attached::spawn(&here.join("b"), as_user(&mut command, "reader"))?;
    assert_eq!(status(&send(&listener, 1)?), "200");
    attached.next()?;
    // The attempt was published by one user and read by the other.
    let shared =
        || Ok::<_, Box<dyn std::error::Error>>(!listed(&path)?[0]["attempts"][0].is_null());
    while !shared()? {}
    signal(attached.child.id(), "TERM")?;
    let mut said = String::new();
    attached.said.read_to_string(&mut said)?;
    assert!(!said.contains("refused"), "{said}");
    Ok(())
}

/// Answers as a server of NATS of this version until the client is gone.
fn serve_version(version: &str) -> Tested<String> {
    let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    let url = format!("nats://{}", server.local_addr()?);
    let info = format!(
        "INFO {{\"server_id\":\"x\",\"version\":\"{version}\",\"max_payload\":1048576,\
         \"proto\":1,\"headers\":true,\"jetstream\":true}}\r\n"
    );
    std::thread::spawn(move || {
        for stream in server.incoming().flatten() {
            let mut stream = BufReader::new(stream);
            let mut line = String::new();
            if stream.get_mut().write_all(info.as_bytes()).is_err() {
                continue;
            }
            while stream.read_line(&mut line).is_ok_and(|read| read > 0) {
                if line.starts_with("PING") && stream.get_mut().write_all(b"PONG\r\n").is_err() {
                    break;
                }
                line.clear();
            }
        }
    });
    Ok(url)
}

#[test]
fn a_server_that_is_too_old_is_an_error_with_its_version() -> Tested {
    let folder = tempfile::tempdir()?;
    for version in ["2.8.4", "0.9.99999999999999999999", "99999999999999999999.1.0"] {
        let url = serve_version(version)?;
        for args in [&["attach", &url, "--headless"][..], &["--headless", "--hub", &url]] {
            let (code, said) = failure(hookglass(folder.path()).args(args))?;
            assert_eq!(code, Some(3), "{said}");
            let expected = format!("runs nats-server {version}; hookglass needs 2.9 or newer");
            assert!(said.contains(&expected), "{said}");
        }
    }
    Ok(())
}

/// Writes certificates of an authority, a server, and a client; false without OpenSSL.
fn write_certificates(folder: &Path) -> Tested<bool> {
    if !support::tools::is_installed("openssl") {
        return Ok(false);
    }
    let script = "set -e; new='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'\n\
        openssl req -x509 $new -keyout ca.key -out ca.pem -subj /CN=authority -days 2\n\
        echo 'subjectAltName=IP:127.0.0.1' > names\n\
        for one in server client; do\n\
        openssl req $new -keyout $one.key -out $one.csr -subj /CN=$one\n\
        openssl x509 -req -in $one.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out $one.pem \
        -days 2 -extfile names\n\
        done";
    let output = support::tools::sh(folder, script, None)?;
    if !output.status.success() {
        return Err(stderr(&output).into());
    }
    Ok(true)
}

#[test]
fn a_hub_with_its_own_authority_and_client_certificates_is_used() -> Tested {
    let folder = tempfile::tempdir()?;
    let here = folder.path();
    if !write_certificates(here)? {
        return Ok(());
    }
    let file = |name: &str| here.join(name).display().to_string();
    let config = format!(
        "tls {{ cert_file: {:?}, key_file: {:?}, ca_file: {:?}, verify: true }}",
        file("server.pem"),
        file("server.key"),
        file("ca.pem")
    );
    let Some(server) = NatsServer::start_with(&here.join("nats"), &["-js"], &config)? else {
        return Ok(());
    };
    let url = format!("tls://127.0.0.1:{}", server.port);
    let config = "[hub]\nca = \"ca.pem\"\ncert = \"client.pem\"\nkey = \"client.key\"\n";
    std::fs::write(here.join("hookglass.toml"), config)?;
    let listener = Listener::start(hookglass(here).args(["--hub", &url]))?;
    let mut command = attach(&here.join("b"), &url, &[]);
    command
        .env("HOOKGLASS_HUB_CA", file("ca.pem"))
        .env("HOOKGLASS_HUB_CERT", file("client.pem"))
        .env("HOOKGLASS_HUB_KEY", file("client.key"));
    let mut attached = Attached::spawn(&here.join("b"), &mut command)?;
    send(&listener, 1)?;
    assert_eq!(ids(&attached.take(1)?), ["ev1"]);
    Ok(())
}

#[test]
fn a_hub_whose_authority_is_not_known_is_not_used() -> Tested {
    let folder = tempfile::tempdir()?;
    let here = folder.path();
    if !write_certificates(here)? {
        return Ok(());
    }
    let config = format!(
        "tls {{ cert_file: {:?}, key_file: {:?} }}",
        here.join("server.pem"),
        here.join("server.key")
    );
    let Some(server) = NatsServer::start_with(&here.join("nats"), &["-js"], &config)? else {
        return Ok(());
    };
    let url = format!("tls://127.0.0.1:{}", server.port);
    let (code, said) = failure(&mut attach(here, &url, &[]))?;
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("with TLS") && said.contains("HOOKGLASS_HUB_CA"), "{said}");
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> Tested {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status()?;
    if copied.success() { Ok(()) } else { Err("cp failed".into()) }
}

#[test]
fn a_copy_that_was_restored_from_a_backup_catches_up() -> Tested {
    let Some(stage) = Stage::new()? else { return Ok(()) };
    let (listener, mut attached) = stage.pair()?;
    send(&listener, 1)?;
    attached.next()?;
    attached.stop()?;
    let (copy, backup) = (stage.folder.path().join("b"), stage.folder.path().join("backup"));
    copy_folder(&copy, &backup)?;
    let mut attached = stage.attach("b", &[])?;
    send(&listener, 2)?;
    attached.next()?;
    attached.stop()?;
    std::fs::remove_dir_all(&copy)?;
    copy_folder(&backup, &copy)?;
    let mut attached = stage.attach("b", &[])?;
    assert_eq!(ids(&attached.take(1)?), ["ev2"]);
    Ok(())
}

#[test]
fn a_listener_whose_store_was_restored_publishes_nothing_twice() -> Tested {
    let Some(mut stage) = Stage::new()? else { return Ok(()) };
    let (mut listener, mut attached) = stage.pair()?;
    stage.server.kill()?;
    send(&listener, 1)?;
    listener.child.kill()?;
    listener.child.wait()?;
    let (store, backup) = (stage.folder.path().join("a"), stage.folder.path().join("backup"));
    copy_folder(&store, &backup)?;
    stage.server.start_again()?;
    let mut listener = stage.listener("a")?;
    attached.next()?;
    listener.child.kill()?;
    listener.child.wait()?;
    std::fs::remove_dir_all(&store)?;
    copy_folder(&backup, &store)?;
    let listener = stage.listener("a")?;
    send(&listener, 2)?;
    assert_eq!(ids(&attached.take(1)?), ["ev2"]);
    Ok(())
}

/// Restores the stream from a copy with one message, and then publishes as many as the number says.
fn attach_to_restored_stream(later: usize) -> Tested<Option<(Option<i32>, String)>> {
    let Some(mut stage) = Stage::new()? else { return Ok(None) };
    let (listener, mut attached) = stage.pair()?;
    send(&listener, 1)?;
    attached.next()?;
    let (streams, backup) = (stage.folder.path().join("nats"), stage.folder.path().join("backup"));
    stage.server.kill()?;
    copy_folder(&streams, &backup)?;
    stage.server.start_again()?;
    for number in 2..=3 {
        while status(&send(&listener, number)?) != "200" {}
        attached.next()?;
    }
    attached.stop()?;
    drop(listener);
    stage.server.kill()?;
    std::fs::remove_dir_all(&streams)?;
    copy_folder(&backup, &streams)?;
    stage.server.start_again()?;
    let listener = stage.listener("c")?;
    (0..later).try_for_each(|number| send(&listener, 10 + number).map(drop))?;
    let folder = stage.folder.path().join("b");
    failure(&mut attach(&folder, &stage.server.url(), &[])).map(Some)
}

#[test]
fn a_stream_that_ends_before_what_was_read_is_an_error() -> Tested {
    let Some((code, said)) = attach_to_restored_stream(0)? else { return Ok(()) };
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("restored from an older copy: it ends at 1, and 3 was read"), "{said}");
    Ok(())
}

#[test]
fn a_stream_with_other_messages_at_the_same_sequences_is_an_error() -> Tested {
    let Some((code, said)) = attach_to_restored_stream(4)? else { return Ok(()) };
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("message 3 is not the one that was read"), "{said}");
    Ok(())
}

#[test]
fn stats_count_what_the_stream_has_acknowledged() -> Tested {
    let Some(mut stage) = Stage::new()? else { return Ok(()) };
    let listener = stage.listener("a")?;
    send(&listener, 1)?;
    send(&listener, 2)?;
    stage.server.kill()?;
    send(&listener, 3)?;
    drop(listener);
    let folder = stage.folder.path().join("a");
    let output = hookglass(&folder).args(["stats", "--json"]).output()?;
    let stats: Value = serde_json::from_slice(&output.stdout)?;
    let expected = serde_json::json!([{
        "stream": "hookglass", "acknowledged": 2, "unpublished": 1, "last_sequence": 2,
        "listeners": {"a": 3},
    }]);
    assert_eq!(stats["hubs"], expected);
    Ok(())
}

#[test]
fn the_configuration_shows_the_hub_and_which_variables_replace_it() -> Tested {
    let folder = tempfile::tempdir()?;
    let text = "[hub]\nurl = \"nats://h:1\"\nname = \"a\"\ncert = \"c.pem\"\nmax_age = \"2h\"\n";
    std::fs::write(folder.path().join("hookglass.toml"), text)?;
    let mut command = hookglass(folder.path());
    command.arg("config").env("HOOKGLASS_HUB_NAME", "b").env("HOOKGLASS_HUB_PASSWORD", "hunter2");
    let shown = support::printed(&command.output()?);
    let rows: Vec<Vec<&str>> = shown
        .lines()
        .filter(|line| line.starts_with("hub "))
        .map(|line| line.split("  ").map(str::trim).filter(|part| !part.is_empty()).collect())
        .collect();
    let (file, variable) = ("hookglass.toml", "HOOKGLASS_HUB_PASSWORD");
    assert_eq!(
        rows,
        [
            ["hub url", "nats://h:1", file],
            ["hub name", "b", "HOOKGLASS_HUB_NAME"],
            ["hub cert", "c.pem", file],
            ["hub max age", "2 h", file],
            ["hub password", "variable HOOKGLASS_HUB_PASSWORD (set)", variable],
        ]
    );
    Ok(())
}

#[test]
fn the_title_of_an_attached_dashboard_names_who_else_is_on_the_hub() -> Tested {
    let Some(stage) = Stage::new()? else { return Ok(()) };
    let listener = stage.listener("staging-1")?;
    let mut screen = Terminal::attach(&stage.server.url(), &["--hub-name", "ann"])?;
    screen.wait_for("stream hookglass")?;
    send(&listener, 1)?;
    screen.wait_for("message.created")?;
    screen.wait_for("hub with staging-1")?;
    Ok(())
}

#[test]
fn credentials_in_a_url_are_a_usage_error() -> Tested {
    let folder = tempfile::tempdir()?;
    let url = "nats://me:hunter2@127.0.0.1:4222";
    let (code, said) = failure(hookglass(folder.path()).args(["attach", url]))?;
    assert_eq!(code, Some(2));
    assert!(said.contains("HOOKGLASS_HUB_PASSWORD"), "{said}");
    Ok(())
}

/// A delivery as another program would publish it.
fn envelope(message: &str) -> (String, Vec<u8>, Vec<u8>) {
    let head = Head::build("POST", "/x", &[]);
    let mut new = NewDelivery::new(head, "{}".into(), Timestamp::UNIX_EPOCH);
    new.event.event_type = Some("a.*.>\u{1b}]0;x\u{7}".to_owned());
    let place = HubPlace {
        message: message.to_owned(),
        stream: "hookglass".to_owned(),
        sequence: None,
        listener: "evil\u{202e}".to_owned(),
    };
    let subject = subject::delivery("x", new.event.event_type.as_deref());
    let envelope = Envelope::new(&new, &place);
    (subject, envelope.raw_headers(), envelope.bytes().to_vec())
}

#[test]
fn hostile_messages_are_skipped() -> Tested {
    let Some(stage) = Stage::new()? else { return Ok(()) };
    let (listener, mut attached) = stage.pair()?;
    let mut client = RawClient::connect(&stage.server)?;
    let (subject, headers, payload) = envelope("m1");
    let text = String::from_utf8(headers.clone())?;
    let with = |from: &str, to: &str| text.replace(from, to).into_bytes();
    client.publish(&subject, b"", b"no headers")?;
    client.publish(&subject, b"NATS/1.0\r\n\xff\xfe: x\r\n\r\n", b"")?;
    client.publish(&subject, b"NATS/1.0\r\nno colon\r\n\r\n", b"")?;
    client.publish(&subject, b"HTTP/1.1 200\r\n\r\n", b"")?;
    client.publish(&subject, b"NATS/1.0 999999\r\n\r\n", b"")?;
    client.publish(&subject, b"NATS/1.0 100 Idle\r\n\r\n", b"")?;
    client.publish(&subject, &with("Head-Size: ", "Head-Size: 9999999999"), &payload)?;
    client.publish(&subject, &headers, b"")?;
    client.publish(&subject, &with("\r\n\r\n", "\r\nHookglass-Chunks: 1,2,3\r\n\r\n"), b"")?;
    client.publish(&subject, &with("\r\n\r\n", "\r\nHookglass-Chunks: 99999999\r\n\r\n"), b"")?;
    let large = format!("\r\nHookglass-Explanation: {}\r\n\r\n", "x".repeat(500_000));
    client.publish("hookglass.deliveries.x.y", with("\r\n\r\n", &large).as_slice(), &payload)?;
    client.sync()?;
    send(&listener, 1)?;
    let found = loop {
        let found = attached.next()?;
        if found["event"]["id"] == "ev1" {
            break found;
        }
        let line = found.to_string();
        assert!(!line.contains(['\u{1b}', '\u{202e}']), "{line}");
        assert_eq!(found["signature"]["explanation"], Value::Null);
    };
    assert_eq!(found["signature"]["status"], "verified");
    Ok(())
}

#[test]
fn a_message_published_twice_is_one_delivery() -> Tested {
    let Some(stage) = Stage::new()? else { return Ok(()) };
    let (listener, mut attached) = stage.pair()?;
    let mut client = RawClient::connect(&stage.server)?;
    let (subject, headers, payload) = envelope("m1");
    // As after the time within which the stream recognizes it.
    let again = String::from_utf8(headers.clone())?.replace("Nats-Msg-Id: m1", "Nats-Msg-Id:  m1");
    client.publish(&subject, &headers, &payload)?;
    client.publish(&subject, again.as_bytes(), &payload)?;
    client.sync()?;
    send(&listener, 1)?;
    let found = attached.take(2)?;
    assert_eq!(found[1]["event"]["id"], "ev1");
    Ok(())
}

#[test]
fn removed_messages_are_reported() -> Tested {
    let Some(stage) = Stage::new()? else { return Ok(()) };
    let (listener, mut attached) = stage.pair()?;
    send(&listener, 1)?;
    attached.next()?;
    attached.stop()?;
    (2..=4).try_for_each(|number| send(&listener, number).map(drop))?;
    let mut client = RawClient::connect(&stage.server)?;
    client.publish("$JS.API.STREAM.PURGE.hookglass", b"", br#"{"seq":4}"#)?;
    client.sync()?;
    let folder = stage.folder.path().join("b");
    let mut attached = Attached::start(&folder, &stage.server.url(), &[])?;
    attached.wait_for("messages 2 to 3 were removed from the hub")?;
    assert_eq!(ids(&attached.take(1)?), ["ev4"]);
    Ok(())
}

#[test]
fn a_long_stream_is_caught_up_with_in_order() -> Tested {
    catch_up(10_000)
}

#[test]
#[ignore = "takes a minute without optimization"]
fn a_very_long_stream_is_caught_up_with_in_order() -> Tested {
    catch_up(100_000)
}

fn catch_up(count: usize) -> Tested {
    let Some(stage) = Stage::new()? else { return Ok(()) };
    let listener = stage.listener("a")?;
    let mut client = RawClient::connect(&stage.server)?;
    for number in 0..count {
        let (subject, headers, payload) = envelope(&format!("m{number}"));
        client.publish(&subject, &headers, &payload)?;
    }
    client.sync()?;
    let mut attached = stage.attach("b", &["--from", "all"])?;
    let found = attached.take(count)?;
    let numbers = found.iter().filter_map(|one| one["id"].as_u64());
    assert!(numbers.eq(1..=count as u64));
    drop(listener);
    Ok(())
}

#[test]
fn a_program_that_was_stopped_catches_up() -> Tested {
    let Some(stage) = Stage::new()? else { return Ok(()) };
    let (listener, mut attached) = stage.pair()?;
    signal(attached.child.id(), "STOP")?;
    (1..=50).try_for_each(|number| send(&listener, number).map(drop))?;
    signal(attached.child.id(), "CONT")?;
    let expected: Vec<String> = (1..=50).map(|number| format!("ev{number}")).collect();
    assert_eq!(ids(&attached.take(50)?), expected);
    Ok(())
}

#[test]
fn a_store_of_its_own_is_not_a_copy() -> Tested {
    let Some(stage) = Stage::new()? else { return Ok(()) };
    let listener = stage.listener("a")?;
    send(&listener, 1)?;
    drop(listener);
    let folder = stage.folder.path().join("a");
    let store = [".hookglass/deliveries.db"];
    let mut command = attach(&folder, &stage.server.url(), &["--store", store[0]]);
    let (code, said) = failure(&mut command)?;
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("deliveries of its own"), "{said}");
    Ok(())
}

/// Sends events over several connections until `stop`, and returns those that got a 2xx response.
fn load(address: &str, first: usize, connections: usize, each: usize) -> Vec<String> {
    let accepted = std::thread::scope(|scope| {
        #[expect(clippy::needless_collect, reason = "all start before the first one is awaited")]
        let senders: Vec<_> = (0..connections)
            .map(|connection| {
                scope.spawn(move || send_many(address, first + connection * each, each))
            })
            .collect();
        let results = senders.into_iter().map(|sender| sender.join().unwrap_or_default());
        results.flatten().collect::<Vec<usize>>()
    });
    accepted.into_iter().map(|number| format!("ev{number}")).collect()
}

fn send_many(address: &str, first: usize, each: usize) -> Vec<usize> {
    let mut accepted = Vec::new();
    let Ok(stream) = TcpStream::connect(address) else { return accepted };
    let mut stream = BufReader::new(stream);
    for number in first..first + each {
        if stream.get_mut().write_all(&request(number)).is_err() {
            break;
        }
        match read_status(&mut stream) {
            Ok(200) => accepted.push(number),
            Ok(_) => {}
            Err(_) => break,
        }
    }
    accepted
}

fn cluster_url(servers: &[NatsServer]) -> String {
    let urls: Vec<String> = servers.iter().map(NatsServer::url).collect();
    urls.join(",")
}

/// Returns the position of the server that leads the stream, once there is one.
fn leader(servers: &[NatsServer]) -> usize {
    // Without a leader of the cluster nothing responds.
    let found = |server: &NatsServer| -> Tested<Option<usize>> {
        let info = RawClient::connect(server)?.request("$JS.API.STREAM.INFO.hookglass", b"")?;
        let info: Value = serde_json::from_slice(&info)?;
        let name = info.pointer("/cluster/leader").and_then(Value::as_str).unwrap_or_default();
        Ok(name.strip_prefix('n').and_then(|at| at.parse().ok()))
    };
    loop {
        if let Some(at) = servers.iter().find_map(|server| found(server).ok().flatten()) {
            return at;
        }
    }
}

#[test]
fn no_acknowledged_delivery_is_lost_or_doubled_when_leaders_and_a_listener_die() -> Tested {
    const CONNECTIONS: usize = 64;
    const EACH: usize = 8;
    let folder = tempfile::tempdir()?;
    let Some(mut servers) = cluster(folder.path())? else { return Ok(()) };
    let url = cluster_url(&servers);
    let path = folder.path().join("a");
    std::fs::create_dir_all(&path)?;
    let mut listener = start_replicated(&path, &url)?;
    let mut attached = Attached::start(&folder.path().join("b"), &url, &[])?;
    let (mut accepted, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for round in 0..4 {
        let address = listener.address.clone();
        let first = round * CONNECTIONS * EACH;
        let leader = leader(&servers);
        let loading = std::thread::spawn(move || load(&address, first, CONNECTIONS, EACH));
        // The load has begun once a delivery of it arrives.
        loop {
            let id = attached.next_id()?;
            let has_begun = number(&id).is_some_and(|number| number >= first);
            seen.insert(id);
            if has_begun {
                break;
            }
        }
        let is_last = round == 3;
        if is_last {
            listener.child.kill()?;
            listener.child.wait()?;
        } else {
            servers[leader].kill()?;
        }
        accepted.extend(loading.join().map_err(|_| "the load failed")?);
        if !is_last {
            servers[leader].start_again()?;
        }
    }
    assert!(!accepted.is_empty());
    // The listener first publishes deliveries that it had only stored, and then this one.
    let listener = start_replicated(&path, &url)?;
    let last = 4 * CONNECTIONS * EACH;
    while status(&send(&listener, last)?) != "200" {}
    accepted.insert(format!("ev{last}"));
    let copy = folder.path().join("b").join(COPY);
    while !accepted.is_subset(&seen) {
        seen.insert(attached.next_id()?);
    }
    let stored = copied(folder.path(), &copy)?;
    let mut once = BTreeSet::new();
    for one in &stored {
        let id = one["event"]["id"].as_str().unwrap_or_default();
        assert!(once.insert(id), "twice: {one}");
        let number = number(id).ok_or("another id")?;
        assert!(body(one)? == event(number).0.into_bytes(), "other bytes: {one}");
    }
    Ok(())
}

fn number(id: &str) -> Option<usize> {
    id.strip_prefix("ev")?.parse().ok()
}

/// Returns the deliveries of a copy.
fn copied(folder: &Path, copy: &Path) -> Tested<Vec<Value>> {
    let mut command = hookglass(folder);
    support::json_lines(command.args(["list", "--json", "--store"]).arg(copy).output()?.stdout)
}

#[test]
fn three_programs_each_read_what_they_filter_from_two_listeners() -> Tested {
    let Some(stage) = Stage::new()? else { return Ok(()) };
    let (one, other) = (stage.listener("one")?, stage.listener("other")?);
    let mut all = stage.attach("b", &[])?;
    let mut few = stage.attach("c", &["ev3"])?;
    let mut none = stage.attach("d", &["provider:stripe"])?;
    for number in 1..=4 {
        send(if number % 2 == 0 { &one } else { &other }, number)?;
    }
    assert_eq!(ids(&all.take(4)?), ["ev1", "ev2", "ev3", "ev4"]);
    assert_eq!(ids(&few.take(1)?), ["ev3"]);
    few.stop()?;
    signal(none.child.id(), "TERM")?;
    let mut rest = String::new();
    none.lines.read_to_string(&mut rest)?;
    assert_eq!(rest, "");
    Ok(())
}

/// Starts a listener whose stream has three replicas. The servers elect a leader first.
fn start_replicated(folder: &Path, url: &str) -> Tested<Listener> {
    let mut last = None;
    for _ in 0..20 {
        let mut command = hookglass(folder);
        command.args(["--hub", url, "--hub-replicas", "3", "--hub-name", "a"]);
        match Listener::start(&mut command) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| "no listener".into()))
}

#[test]
fn a_stopped_server_delays_publishing_and_loses_nothing() -> Tested {
    let folder = tempfile::tempdir()?;
    let Some(servers) = cluster(folder.path())? else { return Ok(()) };
    let url = cluster_url(&servers);
    let path = folder.path().join("a");
    std::fs::create_dir_all(&path)?;
    let listener = start_replicated(&path, &url)?;
    let mut attached = Attached::start(&folder.path().join("b"), &url, &[])?;
    signal(servers[0].id(), "STOP")?;
    let accepted = load(&listener.address, 0, 8, 10);
    signal(servers[0].id(), "CONT")?;
    let mut missing: BTreeSet<String> = accepted.into_iter().collect();
    while !missing.is_empty() {
        missing.remove(attached.next()?["event"]["id"].as_str().unwrap_or_default());
    }
    Ok(())
}

#[test]
fn an_attempt_of_one_person_is_seen_by_all() -> Tested {
    let Some(stage) = Stage::new()? else { return Ok(()) };
    let target = Target::always(response("418 Teapot", ""))?;
    let listener = stage.listener("a")?;
    let mut attached = stage.attach("b", &["--forward", &target.url, "--hub-name", "ann"])?;
    send(&listener, 1)?;
    attached.next()?;
    // The listener's copy of the delivery has the attempt that was made elsewhere.
    for _ in 0..600 {
        let own = listed(&stage.folder.path().join("a"))?.remove(0);
        if let Some(attempt) = own["attempts"].get(0) {
            assert_eq!(attempt["sender"], "ann");
            assert_eq!((&attempt["status"], &attempt["kind"]), (&418.into(), &"forward".into()));
            return Ok(());
        }
    }
    Err("the attempt did not arrive".into())
}

/// Starts a listener that asks programs on the hub.
fn asking_listener(stage: &Stage, args: &[&str]) -> Tested<Listener> {
    let folder = stage.folder.path().join("asking");
    std::fs::create_dir_all(&folder)?;
    Listener::start(hookglass(&folder).args(["--hub", &stage.server.url()]).args(args))
}

#[test]
fn a_client_gets_the_response_of_the_target_of_an_attached_program() -> Tested {
    let Some(stage) = Stage::new()? else { return Ok(()) };
    let body = "caf\u{e9}\0";
    let target = Target::always(response("418 Teapot\r\nX-From: ann", body))?;
    let listener = asking_listener(&stage, &["--forward", "hub:ann"])?;
    let _ann = stage.attach("b", &["--hub-name", "ann", "--forward", &target.url])?;
    let answer = send(&listener, 1)?;
    assert_eq!(status(&answer), "418");
    assert!(answer.contains("\r\nx-from: ann\r\n") && answer.ends_with(body), "{answer}");
    Ok(())
}

#[test]
fn a_client_gets_the_response_of_a_rule_of_an_attached_program() -> Tested {
    let Some(stage) = Stage::new()? else { return Ok(()) };
    let listener = asking_listener(&stage, &["--respond", "type:message.* => hub:\"ann b\""])?;
    let _ann = stage.attach("b", &["--hub-name", "ann b", "--respond", "202;x-rule=1"])?;
    let answer = send(&listener, 1)?;
    assert_eq!(status(&answer), "202");
    assert!(answer.contains("\r\nx-rule: 1\r\n"), "{answer}");
    Ok(())
}

#[test]
fn a_person_on_another_machine_decides_on_the_response() -> Tested {
    let Some(stage) = Stage::new()? else { return Ok(()) };
    let listener = asking_listener(&stage, &["--respond", "hub:ann"])?;
    let hub = stage.server.url();
    let mut ann = Terminal::attach(&hub, &["--hub-name", "ann", "--respond", "hold"])?;
    ann.wait_for("stream hookglass")?;
    let mut client = BufReader::new(TcpStream::connect(&listener.address)?);
    client.get_mut().write_all(&request(1))?;
    ann.wait_for("1 PAUSED")?;
    ann.press("A4")?;
    assert_eq!(read_status(&mut client)?, 400);
    Ok(())
}

#[test]
fn one_of_two_programs_that_share_a_name_responds() -> Tested {
    let Some(stage) = Stage::new()? else { return Ok(()) };
    let listener = asking_listener(&stage, &["--respond", "hub:ann"])?;
    let start = |folder| stage.attach(folder, &["--hub-name", "ann", "--respond", "202"]);
    let (_one, _two) = (start("b")?, start("c")?);
    for number in 1..=10 {
        assert_eq!(status(&send(&listener, number)?), "202", "{number}");
    }
    Ok(())
}

#[test]
fn an_attached_program_that_does_not_respond_in_time_is_a_504() -> Tested {
    let Some(stage) = Stage::new()? else { return Ok(()) };
    let (url, _target) = support::targets::silent()?;
    let listener = asking_listener(&stage, &["--respond", "hub:ann:timeout=200ms"])?;
    let _ann = stage.attach("b", &["--hub-name", "ann", "--forward", &url])?;
    let answer = send(&listener, 1)?;
    assert_eq!(status(&answer), "504");
    assert!(answer.contains("`ann` on the hub did not respond within 200 ms"), "{answer}");
    Ok(())
}

#[test]
fn without_a_response_from_the_hub_the_next_target_is_asked() -> Tested {
    let Some(stage) = Stage::new()? else { return Ok(()) };
    let target = Target::always(response("203 Next", ""))?;
    let listener = asking_listener(&stage, &["--forward", "hub:ann", "--forward", &target.url])?;
    assert_eq!(status(&send(&listener, 1)?), "203");
    let attempts = listed(&stage.folder.path().join("asking"))?.remove(0)["attempts"].take();
    let shown: Vec<_> = attempts.as_array().into_iter().flatten().collect();
    let failed = shown.iter().find(|attempt| attempt["target"] == "hub:ann").ok_or("not shown")?;
    assert_eq!(failed["error"], "no program `ann` is attached to the hub");
    Ok(())
}

#[test]
fn a_program_that_does_not_read_a_delivery_declines_at_once() -> Tested {
    let Some(stage) = Stage::new()? else { return Ok(()) };
    let listener = asking_listener(&stage, &["--respond", "hub:ann:timeout=1h"])?;
    let args = ["--hub-name", "ann", "--respond", "202", "provider:stripe"];
    let _ann = stage.attach("b", &args)?;
    let answer = send(&listener, 1)?;
    assert_eq!(status(&answer), "502");
    assert!(answer.contains("its filter leaves this delivery out"), "{answer}");
    Ok(())
}

#[test]
fn a_hostile_reply_is_a_502() -> Tested {
    let Some(stage) = Stage::new()? else { return Ok(()) };
    let listener = asking_listener(&stage, &["--respond", "hub:ann"])?;
    let mut ann = RawClient::connect(&stage.server)?;
    ann.write(b"SUB hookglass.responses.ann 1\r\n")?;
    ann.sync()?;
    let mut client = TcpStream::connect(&listener.address)?;
    client.write_all(&request(1))?;
    client.shutdown(std::net::Shutdown::Write)?;
    let reply_to = ann.next_reply_subject()?;
    let forged = br#"{"reply":"response","status":200,"headers":[["X","%"]],"body":"\u001b"}"#;
    ann.publish(&reply_to, b"", forged)?;
    let mut answer = String::new();
    client.read_to_string(&mut answer)?;
    assert_eq!(status(&answer), "502");
    assert!(answer.contains("`ann` on the hub sent an invalid response"), "{answer}");
    Ok(())
}

#[test]
fn a_rule_that_asks_a_program_needs_a_hub() -> Tested {
    let folder = tempfile::tempdir()?;
    let (code, said) = failure(hookglass(folder.path()).args(["--respond", "hub:ann"]))?;
    assert_eq!(code, Some(2));
    assert!(said.contains("`hub:ann` asks a program on a hub; name the hub with --hub"), "{said}");
    Ok(())
}
