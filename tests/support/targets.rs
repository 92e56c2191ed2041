//! Targets of deliveries: real sockets that read requests and give the chosen responses.

use std::fmt;
use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use bytes::Bytes;
use hookglass::delivery::Head;

use super::Tested;

/// A request as a target read it.
pub(crate) struct Arrived {
    pub(crate) head: Head,
    pub(crate) body: Bytes,
}

impl Arrived {
    /// Reads a request whose length is its `Content-Length`.
    fn read(stream: &mut TcpStream) -> io::Result<Self> {
        let (mut bytes, mut buffer) = (Vec::new(), [0; 8192]);
        // The end of the head, and that of the body.
        let mut ends: Option<(usize, usize)> = None;
        loop {
            let read = stream.read(&mut buffer)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            bytes.extend(buffer.iter().take(read));
            if ends.is_none() {
                let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
                ends = end.map(|end| (end, end + content_length(&bytes, end)));
            }
            if let Some((head, end)) = ends
                && bytes.len() >= end
            {
                let bytes = Bytes::from(bytes);
                let parsed = Head::parse(bytes.slice(..head)).map_err(io::Error::other)?;
                return Ok(Self { head: parsed, body: bytes.slice(head..end) });
            }
        }
    }

    /// Returns the whole request as it was sent.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        [&self.head.raw[..], &self.body].concat()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }
}

fn content_length(bytes: &[u8], end: usize) -> usize {
    let head = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).to_ascii_lowercase();
    let line = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    line.and_then(|value| value.trim().parse().ok()).unwrap_or_default()
}

/// Returns a response that ends its connection.
pub(crate) fn response(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
        .into_bytes()
}

/// A target on a free port. It handles one connection after the other, each with one request.
pub(crate) struct Target {
    pub(crate) url: String,
    arrived: mpsc::Receiver<Arrived>,
    serving: JoinHandle<io::Result<()>>,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

impl Target {
    /// Gives the same response to every request, until the test ends.
    pub(crate) fn always(response: impl Into<Vec<u8>>) -> Tested<Self> {
        let response = response.into();
        Self::start(&TcpListener::bind("127.0.0.1:0")?, usize::MAX, move |_| response.clone())
    }

    /// Gives one response per request, and closes its port after the last one.
    pub(crate) fn each(responses: &[&str]) -> Tested<Self> {
        let mut rest = responses.iter().map(|one| one.as_bytes().to_vec()).collect::<Vec<_>>();
        let count = rest.len();
        rest.reverse();
        let respond = move |_: &Arrived| rest.pop().unwrap_or_default();
        Self::start(&TcpListener::bind("127.0.0.1:0")?, count, respond)
    }

    /// Handles `count` requests that come to a port.
    pub(crate) fn start(
        listener: &TcpListener,
        count: usize,
        mut respond: impl FnMut(&Arrived) -> Vec<u8> + Send + 'static,
    ) -> Tested<Self> {
        let url = format!("http://{}", listener.local_addr()?);
        let listener = listener.try_clone()?;
        let (sender, arrived) = mpsc::channel();
        let serving = thread::spawn(move || {
            let mut left = count;
            while left > 0 {
                let (mut stream, _) = listener.accept()?;
                // A connection without a request does not count.
                let Ok(request) = Arrived::read(&mut stream) else { continue };
                left -= 1;
                let response = respond(&request);
                // The test or the client may have ended.
                let _ = sender.send(request);
                let _ = stream.write_all(&response);
            }
            Ok(())
        });
        Ok(Self { url, arrived, serving })
    }

    /// Waits for the next request.
    pub(crate) fn next(&self) -> Tested<Arrived> {
        Ok(self.arrived.recv()?)
    }

    /// Returns the requests that have arrived and were not returned yet.
    pub(crate) fn so_far(&self) -> Vec<Arrived> {
        self.arrived.try_iter().collect()
    }

    /// Waits until all requests were handled, and returns those that were not returned yet.
    pub(crate) fn finish(self) -> Tested<Vec<Arrived>> {
        self.serving.join().map_err(|_| "the target panicked")??;
        Ok(self.arrived.try_iter().collect())
    }
}

/// Returns the URL of a target that accepts connections, but neither reads nor responds while the
/// listener lives.
pub(crate) fn silent() -> Tested<(String, TcpListener)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    Ok((format!("http://{}", listener.local_addr()?), listener))
}
