//! The load: signed requests over connections that stay open, each sent after the last response.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Done, SECRET};

/// Connections and bytes of a body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) connections: usize,
    pub(crate) body: usize,
}

/// The acknowledged requests of a run.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    /// Sorted.
    pub(crate) latencies: Vec<Duration>,
    pub(crate) took: Duration,
}

impl Sent {
    pub(crate) fn percentile(&self, part: f64) -> Duration {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index of a short list"
        )]
        let at = (self.latencies.len() as f64 * part) as usize;
        self.latencies
            .get(at.min(self.latencies.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    }
}

/// Places in a request that change from one to the next.
pub(crate) struct Requests {
    bytes: Vec<u8>,
    signature: usize,
    id: usize,
    /// State of the signature before the event id, which comes last.
    unfinished: Hmac<Sha256>,
}

const ID: usize = 16;

impl Requests {
    pub(crate) fn new(body: usize) -> Done<Self> {
        let start = r#"{"type":"message.updated","payload":{"id":"a056V7R7NmNRjl70","conversation_id":"c1","contact":{"id":"k1","username":"Kevin Bean","tags":["a","b"]},"read_at":null,"message":""#;
        let end = r#""},"id":""#;
        let text = body.saturating_sub(start.len() + end.len() + ID + 2);
        let text: String = "the tiger from the zoo trip ".chars().cycle().take(text).collect();
        let content = format!("{start}{text}{end}");
        let head = format!(
            "POST /webhooks HTTP/1.1\r\nHost: 127.0.0.1:4400\r\nUser-Agent: cribbly/1.0\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nX-Cribbly-Signature: ",
            content.len() + ID + 2
        );
        let mut unfinished = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes())?;
        unfinished.update(content.as_bytes());
        let signature = head.len();
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&[b'0'; 64]);
        bytes.extend_from_slice(b"\r\n\r\n");
        bytes.extend_from_slice(content.as_bytes());
        let id = bytes.len();
        bytes.extend_from_slice(&[b'0'; ID]);
        bytes.extend_from_slice(b"\"}");
        Ok(Self { bytes, signature, id, unfinished })
    }

    /// Returns the request with this event id.
    pub(crate) fn with_id(&mut self, id: &str) -> &[u8] {
        let mut signature = self.unfinished.clone();
        signature.update(id.as_bytes());
        signature.update(b"\"}");
        let signature = hex::encode(signature.finalize().into_bytes());
        for (at, text) in [(self.signature, signature.as_str()), (self.id, id)] {
            if let Some(place) = self.bytes.get_mut(at..at + text.len()) {
                place.copy_from_slice(text.as_bytes());
            }
        }
        &self.bytes
    }
}

/// Reads a response; true if its status is 2xx.
pub(crate) async fn read_response(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Done<bool> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err("the connection ended".into());
        }
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut response = httparse::Response::new(&mut headers);
        if let httparse::Status::Complete(head) = response.parse(buffer)? {
            let length = response
                .headers
                .iter()
                .find(|header| header.name.eq_ignore_ascii_case("content-length"))
                .and_then(|header| std::str::from_utf8(header.value).ok()?.parse::<usize>().ok());
            let is_ok = response.code.is_some_and(|code| (200..300).contains(&code));
            let all = head + length.ok_or("a response without a length")?;
            while buffer.len() < all {
                if stream.read_buf(buffer).await? == 0 {
                    return Err("the connection ended".into());
                }
            }
            return Ok(is_ok);
        }
    }
}

/// Returns an event id that no other request has.
pub(crate) fn event_id(phase: usize, connection: usize, number: usize) -> String {
    // Spread over the index, as ids of providers are.
    let mixed = (number as u64 * 64 + connection as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16;
    format!("{phase:02x}{connection:02x}{mixed:012x}")
}

async fn connection(
    address: SocketAddr,
    scenario: Scenario,
    phase: usize,
    number: usize,
    end: Instant,
) -> Done<Vec<Duration>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut requests = Requests::new(scenario.body)?;
    let (mut latencies, mut buffer) = (Vec::new(), Vec::with_capacity(4096));
    loop {
        let start = Instant::now();
        if start >= end {
            return Ok(latencies);
        }
        let request = requests.with_id(&event_id(phase, number, latencies.len()));
        stream.write_all(request).await?;
        if !read_response(&mut stream, &mut buffer).await? {
            return Err("a request was refused".into());
        }
        latencies.push(start.elapsed());
    }
}

/// Sends requests for this long.
pub(crate) fn run(
    address: SocketAddr,
    scenario: &Scenario,
    phase: usize,
    time: Duration,
) -> Done<Sent> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let start = Instant::now();
    let connections = (0..scenario.connections)
        .map(|number| connection(address, *scenario, phase, number, start + time));
    let sent = runtime.block_on(futures_util::future::try_join_all(connections))?;
    let took = start.elapsed();
    let mut latencies: Vec<Duration> = sent.into_iter().flatten().collect();
    latencies.sort_unstable();
    Ok(Sent { latencies, took })
}
