//! The same resend through both front ends, from one store to one real socket: the requests that
//! arrive are the same, byte for byte.

#![cfg(unix)]

mod support;

use support::program::{hookglass, stderr};
use support::senders::exchange;
use support::targets::{Arrived, Target, response};
use support::terminal::Terminal;
use support::{Tested, event};

/// Signs an id and a time together with the body, so that all values of a signature change.
const PROVIDER: &str = "standard-webhooks";
const VARIABLE: &str = "STANDARD_WEBHOOKS_SECRET";
const SECRET: &str = "whsec_dGVzdC1rZXktbm90LXJlYWw=";

/// Headers that differ between two signatures of the same request.
const SIGNED: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];

/// Headers of the delivery that carries credentials and signatures of other providers.
const CREDENTIALS: &str = "Authorization: Bearer not-a-real-token\r\n\
                           Cookie: session=not-real; theme=dark\r\n\
                           cookie: second=line\r\n\
                           Stripe-Signature: t=1,v1=00112233\r\n\
                           X-Hub-Signature-256: sha256=00112233\r\n";

/// A request as its sender writes it; one header is not UTF-8.
fn request(extra: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /hooks?x=1 HTTP/1.1\r\nHost: h\r\n{extra}Webhook-Id: msg_1\r\n\
         WEBHOOK-timestamp: 1\r\nWebhook-Signature: v1,bm90IHJlYWw=\r\n\
         Content-Length: {}\r\n",
        body.len()
    );
    [head.as_bytes(), b"X-Odd: \xe9\r\n\r\n", body].concat()
}

/// Returns the deliveries that can be sent.
fn requests() -> [Vec<u8>; 3] {
    [
        request(CREDENTIALS, event(1).0.as_bytes()),
        request("Content-Type: application/octet-stream\r\n", b"\x00\xff\xfe\r\n\r\n\x1b[2J"),
        request("", b""),
    ]
}

/// Starts a dashboard whose listener stored these deliveries and a refused one.
fn dashboard() -> Tested<Terminal> {
    let mut terminal = Terminal::start_with(&["--provider", PROVIDER], &[(VARIABLE, SECRET)])?;
    let address = terminal.address()?;
    for request in requests() {
        exchange(&address, &request)?;
    }
    let refused = b"POST /hooks HTTP/1.1\r\nHost: h\r\nX: \x07\r\nContent-Length: 4\r\n\r\nbody";
    exchange(&address, refused)?;
    terminal.wait_for("4 deliveries")?;
    terminal.wait_for("⊘ head-malf")?;
    Ok(terminal)
}

/// Resends everything from the dashboard, and returns the requests that arrive.
fn by_dashboard(terminal: &mut Terminal, target: &Target, exact: bool) -> Tested<Vec<Arrived>> {
    let keys = if exact { "<Tab>" } else { "" };
    terminal.press(&format!("<ctrl-r><ctrl-u>{target}{keys}<Enter>"))?;
    terminal.wait_for("all 3 shown deliveries")?;
    terminal.press("y")?;
    terminal.wait_for("3 of 3 sent")?;
    Ok(target.so_far())
}

/// Resends everything from the command line, and returns the requests that arrive.
fn by_command(terminal: &Terminal, target: &Target, exact: bool) -> Tested<Vec<Arrived>> {
    let mut command = hookglass(terminal.folder.path());
    let filter = format!("provider:{PROVIDER}");
    command.env(VARIABLE, SECRET).args(["resend", "--filter", &filter, "--to", &target.url]);
    let output = command.args(exact.then_some("--exact")).output()?;
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("1 refused"), "{}", stderr(&output));
    Ok(target.so_far())
}

/// Returns the bytes of each request without the values of its signature.
fn masked(requests: &[Arrived]) -> Vec<Vec<u8>> {
    let mask = |request: &Arrived| {
        let mut bytes = request.bytes();
        for name in SIGNED {
            let header = request.head.headers.iter().find(|header| header.is(name));
            let value = header.map(|header| header.value.to_vec()).unwrap_or_default();
            let at = bytes.windows(value.len().max(1)).position(|window| window == value);
            if let Some(at) = at {
                bytes.splice(at..at + value.len(), *b"*");
            }
        }
        bytes
    };
    requests.iter().map(mask).collect()
}

fn bytes(requests: &[Arrived]) -> Vec<Vec<u8>> {
    requests.iter().map(Arrived::bytes).collect()
}

/// Returns the bodies that a target has to receive, oldest delivery first.
fn bodies() -> Vec<Vec<u8>> {
    let body = |request: &Vec<u8>| {
        let at = request.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(0);
        request.iter().skip(at + 4).copied().collect()
    };
    requests().iter().map(body).collect()
}

#[test]
fn exact_resends_are_the_same_bytes_from_both_front_ends() -> Tested {
    let mut terminal = dashboard()?;
    let target = Target::always(response("200 OK", ""))?;
    let one = by_dashboard(&mut terminal, &target, true)?;
    let other = by_command(&terminal, &target, true)?;
    assert_eq!(bytes(&one), bytes(&other));
    Ok(())
}

#[test]
fn re_signed_resends_differ_only_in_the_values_of_the_signature() -> Tested {
    let mut terminal = dashboard()?;
    let target = Target::always(response("200 OK", ""))?;
    let one = by_dashboard(&mut terminal, &target, false)?;
    let other = by_command(&terminal, &target, false)?;
    assert_eq!(masked(&one), masked(&other));
    Ok(())
}

#[test]
fn every_delivery_but_the_refused_one_is_resent_whole() -> Tested {
    let mut terminal = dashboard()?;
    let target = Target::always(response("200 OK", ""))?;
    let arrived = by_dashboard(&mut terminal, &target, false)?;
    let received: Vec<Vec<u8>> = arrived.iter().map(|one| one.body.to_vec()).collect();
    assert_eq!(received, bodies());
    Ok(())
}

#[test]
fn a_refused_delivery_is_resent_from_neither_front_end() -> Tested {
    let mut terminal = dashboard()?;
    let target = Target::always(response("200 OK", ""))?;
    terminal.press("<End>r")?;
    terminal.wait_for("cannot be resent")?;
    let command = hookglass(terminal.folder.path())
        .args(["resend", "4", "--exact", "--to", &target.url])
        .output()?;
    assert_eq!(command.status.code(), Some(1), "{}", stderr(&command));
    assert!(target.so_far().is_empty());
    Ok(())
}
