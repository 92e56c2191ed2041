//! Senders: signed events, and bytes over a connection to a listener.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use hookglass::provider::Provider;
use hookglass::secret::Secret;
use hookglass::signature::{Draft, sign as sign_draft};
use jiff::Timestamp;

use super::{SECRET, Tested};

/// Returns the signature that Cribbly would send.
pub(crate) fn sign(body: &[u8]) -> String {
    let secret = Secret::new("TEST", SECRET);
    let now = Timestamp::UNIX_EPOCH;
    let draft = Draft { body, headers: &[], method: "POST", url: None, id: "", now, like: None };
    let signed = Provider::named("cribbly")
        .ok()
        .and_then(|cribbly| sign_draft(&cribbly.scheme, &secret, &draft).ok());
    let header = signed.and_then(|signed| signed.headers.into_iter().next());
    header.map(|header| header.text().into_owned()).unwrap_or_default()
}

/// Returns the body of an event, and its signature.
pub(crate) fn event(number: usize) -> (String, String) {
    let body =
        format!(r#"{{"id":"ev{number}","type":"message.created","payload":{{"id":"p{number}"}}}}"#);
    let signature = sign(body.as_bytes());
    (body, signature)
}

/// Returns a signed request as bytes; the connection stays open.
pub(crate) fn request(number: usize) -> Vec<u8> {
    let (body, signature) = event(number);
    format!(
        "POST /hooks HTTP/1.1\r\nHost: h\r\nX-Cribbly-Signature: {signature}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Sends bytes, and reads responses until the other end closes.
pub(crate) fn exchange(address: &str, bytes: &[u8]) -> Tested<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.write_all(bytes)?;
    stream.shutdown(std::net::Shutdown::Write)?;
    let mut response = Vec::new();
    stream.read_to_end(&mut response)?;
    Ok(String::from_utf8_lossy(&response).into_owned())
}

/// Reads one response with a length from a connection that stays open; returns its status.
pub(crate) fn read_status(stream: &mut BufReader<TcpStream>) -> Tested<u16> {
    let mut status = String::new();
    stream.read_line(&mut status)?;
    let status = status.split(' ').nth(1).ok_or("the connection ended")?.parse()?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let line = line.trim().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(status)
}
