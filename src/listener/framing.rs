//! Finds the end of a body (RFC 9112 section 6), and so the start of the next head.
//!
//! Chunks are followed, not checked: hyper reads the same bytes and reports errors in them.

use crate::delivery::{Head, Version, header_text};

/// Rest of a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length(u64),
    Chunked(Chunks),
}

/// State after the last byte of a chunked body.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Chunks {
    /// At the start of a chunk's size line.
    #[default]
    Start,
    Size(u64),
    /// After the digits, in chunk extensions.
    Extension(u64),
    Data(u64),
    /// In the line end after the data.
    DataEnd,
    /// After the last chunk, in a trailer line; `empty` until the line has a byte other than its
    /// line end.
    Trailer {
        empty: bool,
    },
    Done,
    /// Malformed. Everything is passed to hyper, which refuses it.
    Broken,
}

impl Framing {
    /// Determines how a request's body is framed; the error explains why that is ambiguous.
    pub(super) fn of(head: &Head) -> Result<Self, String> {
        let coding = head.joined("transfer-encoding");
        let lengths: Vec<&bytes::Bytes> = head.values("content-length").collect();
        match (coding, lengths.as_slice()) {
            (None, []) => Ok(Self::Length(0)),
            (None, [first, rest @ ..]) => match length(first) {
                Some(length) if rest.iter().all(|other| other == first) => Ok(Self::Length(length)),
                _ => Err("its Content-Length is not one whole number".to_owned()),
            },
            (Some(_), [_, ..]) => {
                Err("it has both Content-Length and Transfer-Encoding".to_owned())
            }
            (Some(_), []) if head.version == Version::Http10 => {
                Err("it has a Transfer-Encoding, which HTTP/1.0 does not know".to_owned())
            }
            (Some(coding), []) if coding.trim_ascii().eq_ignore_ascii_case(b"chunked") => {
                Ok(Self::Chunked(Chunks::default()))
            }
            (Some(coding), []) => Err(format!(
                "its Transfer-Encoding is `{}`, and only `chunked` is known",
                header_text(&coding)
            )),
        }
    }

    /// Returns the declared length; 0 for chunks.
    pub(super) fn declared(&self) -> u64 {
        match self {
            Self::Length(length) => *length,
            Self::Chunked(_) => 0,
        }
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self, Self::Length(0) | Self::Chunked(Chunks::Done))
    }

    /// Advances over bytes and returns how many of them belong to this body.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> usize {
        match self {
            Self::Length(left) => {
                let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= taken as u64;
                taken
            }
            Self::Chunked(chunks) => chunks.advance(bytes),
        }
    }
}

fn length(value: &[u8]) -> Option<u64> {
    let value = value.trim_ascii();
    if !value.iter().all(u8::is_ascii_digit) {
        // `u64::from_str` would take a sign.
        return None;
    }
    std::str::from_utf8(value).ok()?.parse().ok()
}

impl Chunks {
    fn advance(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            match self {
                Self::Done => break,
                Self::Broken => return bytes.len(),
                Self::Data(left) => {
                    let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len() - at);
                    *left -= taken as u64;
                    at += taken;
                    if *left == 0 {
                        *self = Self::DataEnd;
                    }
                    continue;
                }
                Self::Start | Self::Size(_) | Self::Extension(_) => *self = self.in_size_line(byte),
                Self::DataEnd => match byte {
                    b'\r' => {}
                    b'\n' => *self = Self::Start,
                    _ => *self = Self::Broken,
                },
                Self::Trailer { empty } => match byte {
                    b'\r' => {}
                    b'\n' if *empty => *self = Self::Done,
                    b'\n' => *empty = true,
                    _ => *empty = false,
                },
            }
            at += 1;
        }
        at
    }

    fn in_size_line(&self, byte: u8) -> Self {
        let digit = char::from(byte).to_digit(16).map(u64::from);
        match (self, byte, digit) {
            (Self::Start, _, Some(digit)) => Self::Size(digit),
            (Self::Size(size), _, Some(digit)) => match size.checked_mul(16) {
                Some(size) => Self::Size(size + digit),
                None => Self::Broken,
            },
            (Self::Size(0) | Self::Extension(0), b'\n', _) => Self::Trailer { empty: true },
            (Self::Size(size) | Self::Extension(size), b'\n', _) => Self::Data(*size),
            (Self::Size(size) | Self::Extension(size), _, _) => Self::Extension(*size),
            _ => Self::Broken,
        }
    }
}

/// Returns the end of the body in the bytes after a head, if it is among them, as found in pieces
/// of `step` bytes.
pub(super) fn body_end(head: &Head, bytes: &[u8], step: usize) -> Result<Option<usize>, String> {
    let mut framing = Framing::of(head)?;
    let mut end = 0;
    for piece in bytes.chunks(step.max(1)) {
        if framing.is_done() {
            break;
        }
        end += framing.advance(piece);
    }
    Ok(framing.is_done().then_some(end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::delivery::Header;

    fn of(headers: &[(&str, &str)]) -> Result<Framing, String> {
        let headers: Vec<Header> = headers
            .iter()
            .map(|(name, value)| Header::new(*name, value.as_bytes().to_vec()))
            .collect();
        Framing::of(&Head::build("POST", "/", &headers))
    }

    #[test]
    fn determines_the_framing_of_a_body() {
        assert_eq!(of(&[]), Ok(Framing::Length(0)));
        assert_eq!(of(&[("Content-Length", "5"), ("content-length", "5")]), Ok(Framing::Length(5)));
        assert_eq!(of(&[("Transfer-Encoding", "CHUNKED")]), Ok(Framing::Chunked(Chunks::Start)));
        for wrong in [
            &[("Content-Length", "5"), ("Content-Length", "6")][..],
            &[("Content-Length", "+5")],
            &[("Content-Length", "")],
            &[("Content-Length", "5"), ("Transfer-Encoding", "chunked")],
            &[("Transfer-Encoding", "gzip, chunked")],
        ] {
            assert!(of(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn finds_the_end_of_chunks_in_any_split() {
        let body = b"4;x=\"y\"\r\nwiki\r\nA\r\n0123456789\r\n0\r\nT: r\r\n\r\n";
        let mut bytes = body.to_vec();
        bytes.extend_from_slice(b"POST /next");
        for step in 1..bytes.len() {
            let mut framing = Framing::Chunked(Chunks::default());
            let mut at = 0;
            while at < bytes.len() && !framing.is_done() {
                at += framing.advance(&bytes[at..bytes.len().min(at + step)]);
            }
            assert_eq!(at, body.len(), "in steps of {step}");
        }
    }

    #[test]
    fn passes_malformed_chunks_through() {
        for wrong in ["xyz", "4\r\nwikiX", "ffffffffffffffffff\r\n", "\r\n"] {
            let mut framing = Framing::Chunked(Chunks::default());
            assert_eq!(framing.advance(wrong.as_bytes()), wrong.len(), "{wrong}");
            assert_eq!(framing, Framing::Chunked(Chunks::Broken), "{wrong}");
        }
    }

    fn chunked() -> Head {
        Head::build("POST", "/", &[Header::new("Transfer-Encoding", "chunked")])
    }

    proptest! {
        #[test]
        fn the_end_does_not_depend_on_how_any_bytes_are_cut(
            bytes in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..200),
                "[0-9a-f;x\r\n]{0,200}".prop_map(String::into_bytes),
            ],
            step in 1..20_usize,
        ) {
            let whole = body_end(&chunked(), &bytes, bytes.len());
            prop_assert_eq!(body_end(&chunked(), &bytes, step), whole);
        }

        #[test]
        fn chunks_end_where_they_were_written_to_end(
            chunks in proptest::collection::vec(
                proptest::collection::vec(any::<u8>(), 1..40),
                0..6,
            ),
            next in proptest::collection::vec(any::<u8>(), 0..40),
            step in 1..50_usize,
        ) {
            let mut bytes = Vec::new();
            for chunk in &chunks {
                bytes.extend_from_slice(format!("{:X};n=v\r\n", chunk.len()).as_bytes());
                bytes.extend_from_slice(chunk);
                bytes.extend_from_slice(b"\r\n");
            }
            bytes.extend_from_slice(b"0\r\nX-Trailer: t\r\n\r\n");
            let end = bytes.len();
            bytes.extend_from_slice(&next);
            prop_assert_eq!(body_end(&chunked(), &bytes, step), Ok(Some(end)));
        }

        #[test]
        fn a_length_ends_the_body_after_so_many_bytes(
            length in 0..100_usize,
            bytes in proptest::collection::vec(any::<u8>(), 0..100),
            step in 1..20_usize,
        ) {
            let headers = [Header::new("Content-Length", length.to_string())];
            let head = Head::build("POST", "/", &headers);
            let end = (bytes.len() >= length).then_some(length);
            prop_assert_eq!(body_end(&head, &bytes, step), Ok(end));
        }
    }
}
