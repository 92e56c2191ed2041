//! Odd and malformed requests: each is listed, and gets a response that its client can read.

mod support;

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use support::program::{Listener, listed};
use support::{Tested, hookglass};

/// The way a client ends its side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Client {
    /// Writes all, closes its end, then reads.
    ClosesItsEnd,
    /// Writes all, then reads.
    Waits,
}

/// A request and the status of its response.
struct Odd {
    name: String,
    bytes: Vec<u8>,
    status: u16,
    clients: &'static [Client],
}

const BOTH: &[Client] = &[Client::ClosesItsEnd, Client::Waits];
const CLOSES: &[Client] = &[Client::ClosesItsEnd];

fn odd(name: impl Into<String>, bytes: impl Into<Vec<u8>>, status: u16) -> Odd {
    Odd { name: name.into(), bytes: bytes.into(), status, clients: BOTH }
}

fn cut(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Odd {
    Odd { clients: CLOSES, ..odd(name, bytes, 400) }
}

fn chunked(body: &str) -> String {
    format!("POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n{body}")
}

fn with(headers: &str) -> String {
    format!("POST /h HTTP/1.1\r\nHost: h\r\n{headers}\r\n")
}

/// Builds the set: more than 126 requests.
fn odd_requests() -> Vec<Odd> {
    [chunks(), cut_off(), too_large(), ambiguous(), malformed_lines(), large_heads(), allowed()]
        .into_iter()
        .flatten()
        .collect()
}

/// Builds chunked bodies, malformed and not.
fn chunks() -> Vec<Odd> {
    let mut all = Vec::new();
    for (name, body) in [
        ("letters", "xyz\r\n"),
        ("no digits", "\r\n"),
        ("negative", "-1\r\nx\r\n0\r\n\r\n"),
        ("plus", "+1\r\nx\r\n0\r\n\r\n"),
        ("0x", "0x1\r\nx\r\n0\r\n\r\n"),
        ("overflow", "ffffffffffffffffff\r\n"),
        ("bare line feed", "1\nx\r\n0\r\n\r\n"),
        ("bare line feed after data", "1\r\nx\n0\r\n\r\n"),
        ("bare line feed at the end", "0\r\n\n"),
        ("bare line feed in an extension", "1;a\nb\r\nx\r\n0\r\n\r\n"),
        ("too much data", "1\r\nxy\r\n0\r\n\r\n"),
        ("space in the size", "1 1\r\nx\r\n0\r\n\r\n"),
        ("comma", "1,\r\nx\r\n0\r\n\r\n"),
        ("carriage return alone", "1\rx\r\n0\r\n\r\n"),
        ("no line end after data", "1\r\nx0\r\n\r\n"),
        ("second chunk", "1\r\nx\r\nzz\r\n"),
        ("trailer with a bare line feed", "0\r\nT: v\n\r\n"),
        ("trailer without a colon", "0\r\nabc\r\n\r\n"),
        ("space in the name of a trailer", "0\r\nbad name: v\r\n\r\n"),
        ("folded trailer", "0\r\nT: v\r\n w\r\n\r\n"),
        ("NUL in a trailer", "0\r\nT: \0\r\n\r\n"),
    ] {
        all.push(odd(format!("chunks: {name}"), chunked(body), 400));
    }
    let extension = format!("1;{}\r\nx\r\n0\r\n\r\n", "e".repeat(20_000));
    all.push(odd("chunks: long extension", chunked(&extension), 400));
    let trailers = format!("0\r\n{}\r\n", "T: v\r\n".repeat(5_000));
    all.push(odd("chunks: many trailers", chunked(&trailers), 400));
    // Chunks that are allowed.
    for (name, body) in [
        ("empty", "0\r\n\r\n"),
        ("extension", "1;a=b\r\nx\r\n0\r\n\r\n"),
        ("quoted extension", "1;a=\"b;c\"\r\nx\r\n0;d\r\n\r\n"),
        ("space before the line end", "1 \r\nx\r\n0\r\n\r\n"),
        ("leading zeros", "0001\r\nx\r\n000\r\n\r\n"),
        ("capital digits", "A\r\n0123456789\r\n0\r\n\r\n"),
        ("trailer", "1\r\nx\r\n0\r\nT: v\r\nU: w\r\n\r\n"),
        ("trailer that is a framing header", "1\r\nx\r\n0\r\nContent-Length: 9\r\n\r\n"),
        ("one byte each", "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n"),
    ] {
        all.push(odd(format!("chunks: {name}"), chunked(body), 200));
    }
    all
}

/// Builds requests that end early.
fn cut_off() -> Vec<Odd> {
    let mut all = Vec::new();
    for body in
        ["", "4", "4\r", "4\r\n", "4\r\nwi", "4\r\nwiki", "4\r\nwiki\r\n", "0\r\n", "0\r\nT: v\r\n"]
    {
        all.push(cut(format!("chunks cut after {body:?}"), chunked(body)));
    }
    for length in [1, 5, 1000, 100_000] {
        let text = format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n");
        all.push(cut(format!("no body of {length}"), text));
    }
    for head in [
        "P",
        "POST",
        "POST /",
        "POST / HTTP/1.1",
        "POST / HTTP/1.1\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\n",
    ] {
        all.push(cut(format!("head cut after {head:?}"), head));
    }
    all
}

/// Builds bodies over the limit.
fn too_large() -> Vec<Odd> {
    let mut all = Vec::new();
    for size in [110_000, 200_000, 1_000_000, 5_000_000] {
        for chunk in [1, 4096, 65_536] {
            if size / chunk > 300_000 {
                continue;
            }
            let piece = format!("{chunk:x}\r\n{}\r\n", "x".repeat(chunk));
            let body = format!("{}0\r\n\r\n", piece.repeat(size.div_ceil(chunk)));
            all.push(odd(format!("{size} in chunks of {chunk}"), chunked(&body), 413));
        }
        let declared = with(&format!("Content-Length: {size}\r\n"));
        all.push(odd(format!("{size} declared"), declared.clone() + &"x".repeat(size), 413));
        all.push(odd(format!("{size} declared, none sent"), declared, 413));
    }
    let unlimited = format!("{:x}\r\n{}", 1_u64 << 40, "x".repeat(300_000));
    all.push(odd("a chunk of 1 TiB", chunked(&unlimited), 413));
    all
}

/// Builds heads that two readers could understand differently.
fn ambiguous() -> Vec<Odd> {
    let mut all = Vec::new();
    for headers in [
        "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: 1, 1\r\n",
        "Content-Length: +1\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 0x1\r\n",
        "Content-Length: 1 1\r\n",
        "Content-Length: \r\n",
        "Content-Length: a\r\n",
        "Content-Length: 99999999999999999999999\r\n",
        "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked;q=1\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Content-Length : 1\r\n",
        " Content-Length: 1\r\n",
        "X: a\r\n folded\r\n",
        "no colon\r\n",
        ": no name\r\n",
        "bad name: x\r\n",
        "X\u{e9}: x\r\n",
        "X: \0\r\n",
        "X: a\rb\r\n",
    ] {
        all.push(odd(format!("header {headers:?}"), with(headers), 400));
    }
    all
}

/// Builds malformed request lines.
fn malformed_lines() -> Vec<Odd> {
    let mut all = Vec::new();
    for line in [
        "POST",
        "POST /",
        "POST / HTTP/2.0",
        "POST / HTTP/0.9",
        "POST / HTTP/1.2",
        "POST / http/1.1",
        "POST  / HTTP/1.1",
        "POST / HTTP/1.1 x",
        "P\0ST / HTTP/1.1",
        "P(ST / HTTP/1.1",
        "POST /a b HTTP/1.1",
        "\u{16}\u{3}\u{1}\u{2}",
        "PRI * HTTP/2.0",
        "{}",
    ] {
        all.push(odd(format!("request line {line:?}"), format!("{line}\r\nHost: h\r\n\r\n"), 400));
    }
    let zero = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    all.push(odd("HTTP/1.0 with chunks", zero, 400));
    all
}

/// Builds heads over the limit.
fn large_heads() -> Vec<Odd> {
    let mut all = Vec::new();
    for (name, headers) in [
        ("one header of 70 KiB", format!("X: {}\r\n", "x".repeat(70 << 10))),
        ("a header of 1 MiB", format!("X: {}\r\n", "x".repeat(1 << 20))),
        ("300 headers", "X: y\r\n".repeat(300)),
        ("20,000 headers", "X: y\r\n".repeat(20_000)),
        ("name of 70 KiB", format!("{}: y\r\n", "x".repeat(70 << 10))),
    ] {
        all.push(odd(name, with(&headers), 431));
    }
    let long = format!("POST /{} HTTP/1.1\r\nHost: h\r\n\r\n", "x".repeat(70 << 10));
    all.push(odd("target of 70 KiB", long, 431));
    all
}

/// Builds requests that are odd but allowed.
fn allowed() -> Vec<Odd> {
    let mut all = Vec::new();
    for (name, text) in [
        ("no host", "POST / HTTP/1.1\r\n\r\n".to_owned()),
        ("two hosts", with("Host: i\r\n")),
        ("HTTP/1.0", "POST / HTTP/1.0\r\n\r\n".to_owned()),
        ("lowercase method", "post / HTTP/1.1\r\nHost: h\r\n\r\n".to_owned()),
        ("unknown method", "FROBNICATE / HTTP/1.1\r\nHost: h\r\n\r\n".to_owned()),
        ("CONNECT", "CONNECT a:1 HTTP/1.1\r\nHost: h\r\n\r\n".to_owned()),
        ("OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n".to_owned()),
        ("absolute target", "POST http://x/y HTTP/1.1\r\nHost: h\r\n\r\n".to_owned()),
        ("upgrade", with("Connection: upgrade\r\nUpgrade: websocket\r\n")),
        ("same length twice", with("Content-Length: 0\r\nContent-Length: 0\r\n")),
        ("bare line feeds", "POST / HTTP/1.1\nHost: h\n\n".to_owned()),
        ("empty lines first", format!("\r\n\r\n\n{}", with(""))),
        ("UTF-8 in the target", "POST /\u{e9} HTTP/1.1\r\nHost: h\r\n\r\n".to_owned()),
        ("empty header", with("X:\r\n")),
        ("header without a space", with("X:y\r\n")),
        ("GET with a body", "GET / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx".to_owned()),
        ("expect", with("Expect: 100-continue\r\nContent-Length: 0\r\n")),
        ("unknown expectation", with("Expect: tea\r\n")),
    ] {
        all.push(odd(name, text, 200));
    }
    all
}

/// Sends a request and returns the status of the first final response that can be read.
fn status(address: &str, bytes: &[u8], client: Client) -> Tested<u16> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    // The listener may have stopped reading.
    let _ = stream.write_all(bytes);
    if client == Client::ClosesItsEnd {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let mut response = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&response).into_owned();
        let mut statuses = text.split("HTTP/1.").skip(1).filter_map(|rest| rest.get(2..5));
        if text.contains("\r\n\r\n")
            && let Some(last) = statuses.find(|status| *status != "100")
        {
            return Ok(last.parse()?);
        }
        match stream.read(&mut buffer)? {
            0 => return Err(format!("only {text:?} was read").into()),
            count => response.extend(buffer.iter().take(count)),
        }
    }
}

#[test]
fn every_odd_request_gets_a_response_that_its_client_can_read() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener =
        Listener::start(hookglass(folder.path()).args(["--ephemeral", "--max-body", "100KiB"]))?;
    let all = odd_requests();
    assert!(all.len() >= 126, "{}", all.len());
    let mut wrong = Vec::new();
    for Odd { name, bytes, status: expected, clients } in &all {
        for client in *clients {
            match status(&listener.address, bytes, *client) {
                Ok(status) if status == *expected => {}
                Ok(status) => wrong.push(format!("{name} ({client:?}): {status}, not {expected}")),
                Err(error) => wrong.push(format!("{name} ({client:?}): {error}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    Ok(())
}

#[test]
fn the_refusal_that_is_listed_is_the_one_that_was_sent() -> Tested {
    let folder = tempfile::tempdir()?;
    let listener = Listener::start(hookglass(folder.path()).args(["--max-body", "100KiB"]))?;
    let piece = format!("1000\r\n{}\r\n", "x".repeat(4096));
    let body = format!("{}0\r\n\r\n", piece.repeat(60));
    assert_eq!(status(&listener.address, chunked(&body).as_bytes(), Client::Waits)?, 413);
    let line = listed(folder.path())?.pop().ok_or("nothing is listed")?;
    let shown = (line.pointer("/response/status"), line.pointer("/refused/code"));
    assert_eq!(shown, (Some(&413.into()), Some(&"body-too-large".into())));
    Ok(())
}
