//! Responds to messages that are longer than the limit.
//!
//! The transport drops such a line, so that the client would wait for a response in vain. This
//! reader passes every byte on and follows the structure of the line. After one that was too long
//! it inserts a short request with the same id, which the server answers with an error.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use rmcp::model::RequestId;
use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncRead, ReadBuf};

/// Method of the request that takes the place of one that is too long.
pub(super) const TOO_LONG: &str = "hookglass/message-too-long";

/// Maximum length of an outline; the id of a longer one is not read.
const MAX_OUTLINE: usize = 4 << 10;

/// Bytes that are read at a time.
const CHUNK: usize = 64 << 10;

/// Reader that adds a request after each line that is too long.
#[derive(Debug)]
pub(super) struct LineLimit<R> {
    inner: R,
    limit: usize,
    line: LineOutline,
    /// Bytes that are not passed on yet, from `sent` on.
    waiting: Vec<u8>,
    sent: usize,
}

impl<R> LineLimit<R> {
    pub(super) fn new(inner: R, limit: usize) -> Self {
        Self { inner, limit, line: LineOutline::default(), waiting: Vec::new(), sent: 0 }
    }

    /// Takes what was read, and adds the requests.
    fn take(&mut self, read: &[u8]) {
        self.waiting.clear();
        self.sent = 0;
        for part in read.split_inclusive(|byte| *byte == b'\n') {
            self.waiting.extend_from_slice(part);
            self.line.extend(part);
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                if line.length > self.limit
                    && let Some(id) = line.id()
                {
                    let request = json!({"jsonrpc": "2.0", "id": id, "method": TOO_LONG});
                    self.waiting.extend_from_slice(format!("{request}\n").as_bytes());
                }
            }
        }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for LineLimit<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        target: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.sent == this.waiting.len() {
            let mut chunk = vec![0; CHUNK];
            let mut read = ReadBuf::new(&mut chunk);
            match Pin::new(&mut this.inner).poll_read(context, &mut read) {
                Poll::Ready(Ok(())) => this.take(read.filled()),
                other => return other,
            }
        }
        let rest = this.waiting.get(this.sent..).unwrap_or_default();
        let part = rest.get(..target.remaining()).unwrap_or(rest);
        target.put_slice(part);
        this.sent += part.len();
        Poll::Ready(Ok(()))
    }
}

/// A message without the values nested in it.
#[derive(Debug, Default)]
struct LineOutline {
    length: usize,
    depth: usize,
    in_string: bool,
    escaped: bool,
    text: Vec<u8>,
}

impl LineOutline {
    fn extend(&mut self, part: &[u8]) {
        self.length += part.len();
        for byte in part {
            self.push(*byte);
        }
    }

    fn push(&mut self, byte: u8) {
        let opens = !self.in_string && matches!(byte, b'{' | b'[');
        let closes = !self.in_string && matches!(byte, b'}' | b']');
        if closes {
            self.depth = self.depth.saturating_sub(1);
        }
        if (self.depth <= 1) && self.text.len() <= MAX_OUTLINE {
            self.text.push(byte);
        }
        if opens {
            self.depth += 1;
        }
        match byte {
            b'"' if !self.escaped => self.in_string = !self.in_string,
            b'\\' if self.in_string && !self.escaped => {
                self.escaped = true;
                return;
            }
            _ => {}
        }
        self.escaped = false;
    }

    /// Returns the id of a request; none for a notification, a response, or another text.
    fn id(&self) -> Option<RequestId> {
        #[derive(Deserialize)]
        struct Outline {
            id: RequestId,
            #[serde(rename = "method")]
            _method: serde::de::IgnoredAny,
        }
        serde_json::from_slice(&self.text).ok().map(|outline: Outline| outline.id)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// Reads lines with a limit of 60 bytes, some bytes at a time.
    async fn read(text: &str, step: usize) -> String {
        let (mut sender, input) = tokio::io::duplex(step);
        let mut read = String::new();
        let mut limited = LineLimit::new(input, 60);
        let sending = async move { sender.write_all(text.as_bytes()).await.unwrap() };
        let ((), outcome) = tokio::join!(sending, limited.read_to_string(&mut read));
        outcome.unwrap();
        read
    }

    fn long(start: &str, end: &str) -> String {
        format!("{start}{}{end}\n", "x".repeat(60))
    }

    #[tokio::test]
    async fn a_long_request_is_followed_by_one_with_its_id() {
        let request = long(
            r#"{"method":"m","params":{"id":1,"a":["}\\\"{","#,
            r#""]},"jsonrpc":"2.0","id":"seven"}"#,
        );
        let request = request.replace("{\",x", "{\",\"x");
        let text = format!("{request}{{}}\n");
        for step in [1, 7, 1000] {
            let expected = format!(
                "{request}{{\"id\":\"seven\",\"jsonrpc\":\"2.0\",\"method\":\"{TOO_LONG}\"}}\n{{}}\n"
            );
            assert_eq!(read(&text, step).await, expected, "{step}");
        }
    }

    #[tokio::test]
    async fn other_lines_pass() {
        for text in [
            "{\"id\":1,\"method\":\"m\"}\n".to_owned(),
            long(r#"{"method":"m","params":""#, r#""}"#),
            long(r#"{"id":1,"result":""#, r#""}"#),
            long("not JSON", ""),
            "no line end".to_owned(),
        ] {
            assert_eq!(read(&text, 16).await, text);
        }
    }
}
