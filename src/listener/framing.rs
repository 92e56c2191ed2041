//! Finds the end of a body (RFC 9112 section 6), and so the start of the next head.
//!
//! Chunks are checked at least as strictly as hyper does, so that hyper never sees malformed ones:
//! it would end the connection without a response.

use crate::delivery::{Head, Version, header_text};

/// Rest of a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Length(u64),
    Chunked(Chunks),
}

/// Bytes of chunk extensions and trailers in one body. hyper accepts more, so it never sees an
/// error first.
const MAX_OVERHEAD: u32 = 8 << 10;

/// A chunked body up to its last byte read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Chunks {
    state: ChunkState,
    /// Bytes of extensions and trailers so far.
    overhead: u32,
}

/// State after the last byte of a chunked body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum ChunkState {
    /// At the start of a chunk's size line.
    #[default]
    Start,
    Size(u64),
    /// In spaces after the digits.
    AfterSize(u64),
    /// In chunk extensions.
    Extension(u64),
    /// After the CR of a size line.
    SizeEnd(u64),
    Data(u64),
    /// After the data, before its CR.
    DataEnd,
    /// After the CR that follows the data.
    DataLineEnd,
    /// After the last chunk, at the start of a line.
    TrailerStart,
    Trailer,
    /// After the CR of a trailer line; `last` if the line was empty.
    TrailerEnd {
        last: bool,
    },
    Done,
    /// Malformed.
    Broken,
}

/// Reason why a body has no certain end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    #[error("its Content-Length is not a single whole number")]
    Length,
    #[error("it has both Content-Length and Transfer-Encoding")]
    Both,
    #[error("it has a Transfer-Encoding, which HTTP/1.0 does not support")]
    Version,
    #[error("unsupported Transfer-Encoding `{0}`: expected `chunked`")]
    Coding(String),
    #[error("its chunks are malformed")]
    Chunks,
}

impl Framing {
    /// Determines how a request's body is framed.
    pub(super) fn of(head: &Head) -> Result<Self, FramingError> {
        let coding = head.joined("transfer-encoding");
        let lengths: Vec<&bytes::Bytes> = head.values("content-length").collect();
        match (coding, lengths.as_slice()) {
            (None, []) => Ok(Self::Length(0)),
            (None, [first, rest @ ..]) => match length(first) {
                Some(length) if rest.iter().all(|other| other == first) => Ok(Self::Length(length)),
                _ => Err(FramingError::Length),
            },
            (Some(_), [_, ..]) => Err(FramingError::Both),
            (Some(_), []) if head.version == Version::Http10 => Err(FramingError::Version),
            (Some(coding), []) if coding.trim_ascii().eq_ignore_ascii_case(b"chunked") => {
                Ok(Self::Chunked(Chunks::default()))
            }
            (Some(coding), []) => Err(FramingError::Coding(header_text(&coding).into_owned())),
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
        match self {
            Self::Length(left) => *left == 0,
            Self::Chunked(chunks) => chunks.state == ChunkState::Done,
        }
    }

    /// Returns whether the next byte is not allowed in a chunked body.
    pub(super) fn is_broken(&self) -> bool {
        matches!(self, Self::Chunked(Chunks { state: ChunkState::Broken, .. }))
    }

    /// Returns whether the next bytes are trailers.
    pub(super) fn is_in_trailers(&self) -> bool {
        use ChunkState::{Trailer, TrailerEnd, TrailerStart};
        let Self::Chunked(chunks) = self else { return false };
        matches!(chunks.state, TrailerStart | Trailer | TrailerEnd { .. })
    }

    /// Advances over bytes and returns how many of them belong to this body. Stops before trailers
    /// and before a byte that is not allowed.
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
            match self.state {
                ChunkState::Done | ChunkState::Broken => break,
                ChunkState::Data(left) => {
                    let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len() - at);
                    at += taken;
                    let left = left - taken as u64;
                    self.state =
                        if left == 0 { ChunkState::DataEnd } else { ChunkState::Data(left) };
                    continue;
                }
                _ => self.state = self.after(byte),
            }
            if self.state == ChunkState::Broken {
                break;
            }
            at += 1;
            if byte == b'\n' && self.state == ChunkState::TrailerStart {
                break;
            }
        }
        at
    }

    /// Returns the state after a byte that is not data.
    fn after(&mut self, byte: u8) -> ChunkState {
        use ChunkState as State;
        let digit = char::from(byte).to_digit(16).map(u64::from);
        match (self.state, byte, digit) {
            (State::Start, _, Some(digit)) => State::Size(digit),
            (State::Size(size), _, Some(digit)) => match size.checked_mul(16) {
                Some(size) => State::Size(size + digit),
                None => State::Broken,
            },
            (State::Size(size) | State::AfterSize(size), b' ' | b'\t', _) => {
                self.counted(State::AfterSize(size))
            }
            (State::Size(size) | State::AfterSize(size), b';', _) => {
                self.counted(State::Extension(size))
            }
            (State::Size(size) | State::AfterSize(size) | State::Extension(size), b'\r', _) => {
                State::SizeEnd(size)
            }
            // A bare line feed ends a line for some readers and not for others.
            (State::Extension(_), b'\n', _) => State::Broken,
            (State::Extension(size), ..) => self.counted(State::Extension(size)),
            (State::SizeEnd(0) | State::TrailerEnd { last: false }, b'\n', _) => {
                State::TrailerStart
            }
            (State::SizeEnd(size), b'\n', _) => State::Data(size),
            (State::DataEnd, b'\r', _) => State::DataLineEnd,
            (State::DataLineEnd, b'\n', _) => State::Start,
            (State::TrailerStart, b'\r', _) => State::TrailerEnd { last: true },
            (State::Trailer, b'\r', _) => State::TrailerEnd { last: false },
            (State::TrailerStart | State::Trailer, byte, _) if byte != b'\n' => {
                self.counted(State::Trailer)
            }
            (State::TrailerEnd { last: true }, b'\n', _) => State::Done,
            _ => State::Broken,
        }
    }

    /// Counts a byte of overhead; too many are malformed.
    fn counted(&mut self, state: ChunkState) -> ChunkState {
        self.overhead += 1;
        if self.overhead > MAX_OVERHEAD { ChunkState::Broken } else { state }
    }
}

/// Returns the end of the body in the bytes after a head, if it is among them, as found in pieces
/// of `step` bytes.
pub(super) fn body_end(
    head: &Head,
    bytes: &[u8],
    step: usize,
) -> Result<Option<usize>, FramingError> {
    let mut framing = Framing::of(head)?;
    let mut end = 0;
    for mut piece in bytes.chunks(step.max(1)) {
        while !piece.is_empty() && !framing.is_done() {
            let taken = framing.advance(piece);
            end += taken;
            if framing.is_broken() {
                return Err(FramingError::Chunks);
            }
            piece = piece.get(taken..).unwrap_or_default();
        }
    }
    Ok(framing.is_done().then_some(end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::delivery::Header;

    fn of(headers: &[(&str, &str)]) -> Result<Framing, FramingError> {
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
        assert_eq!(
            of(&[("Transfer-Encoding", "CHUNKED")]),
            Ok(Framing::Chunked(Chunks::default()))
        );
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
    fn stops_before_a_byte_that_is_not_allowed() {
        for (wrong, at) in [
            ("xyz", 0),
            ("4\r\nwikiX", 7),
            ("ffffffffffffffffff\r\n", 16),
            ("\r\n", 0),
            ("4\nwiki", 1),
            ("4;a\nb", 3),
            ("4 4\r\n", 2),
            ("4\r\nwiki\n", 7),
            ("0\r\n\n", 3),
            ("0\r\nT: r\n\r\n", 7),
            ("-4\r\n", 0),
            ("0x4\r\n", 1),
        ] {
            let mut framing = Framing::Chunked(Chunks::default());
            let mut end = 0;
            while !framing.is_broken() {
                end += framing.advance(&wrong.as_bytes()[end..]);
            }
            assert_eq!(end, at, "{wrong:?}");
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
