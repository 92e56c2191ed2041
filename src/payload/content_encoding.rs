//! Decodes a `Content-Encoding` for display (RFC 9110 section 8.4), within limits.

mod encode;

use std::io::{self, Read};

use brotli_decompressor::Decompressor;
use bytes::Bytes;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::body_note::BodyNote;
pub use encode::encoded;

/// Maximum size of a decoded body. With the body as received it bounds what a delivery on the
/// screen takes in memory.
pub const MAX_SIZE: usize = 16 << 20;

/// Maximum ratio of decoded to encoded size; small bodies are exempt.
const MAX_RATIO: usize = 1000;
const UNLIMITED_RATIO_SIZE: usize = 1 << 20;

/// A body with its content encodings removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    pub bytes: Bytes,
    /// The encodings that were decoded or failed.
    pub note: BodyNote,
    /// True if the body was encoded, and decoded completely.
    pub is_whole: bool,
}

/// Decodes a body; `None` if it is not encoded, or if it cannot be decoded completely.
pub fn decoded_whole(body: &Bytes, encoding: &str) -> Option<Bytes> {
    let Decoded { bytes, is_whole, .. } = decoded(body, encoding);
    is_whole.then_some(bytes)
}

/// Decodes the encodings, last one first. Keeps what was decoded before an error or a limit; a body
/// that cannot be decoded at all is returned as received.
pub fn decoded(body: &Bytes, encoding: &str) -> Decoded {
    let mut encodings: Vec<String> = names(encoding).collect();
    let mut bytes = body.clone();
    let mut removed = Vec::new();
    let mut problem = BodyNote::default();
    while let Some(name) = encodings.pop() {
        let Some((out, end)) = decode_one(&name, &bytes, limit(&bytes)) else {
            problem = BodyNote::remark(format!("unknown content encoding {name:?}"));
            break;
        };
        if out.is_empty() && !bytes.is_empty() && end != End::Whole {
            problem = end.note(&name, 0);
            break;
        }
        bytes = out.into();
        problem = end.note(&name, bytes.len());
        removed.push(name);
        if end != End::Whole {
            break;
        }
    }
    let is_whole = problem == BodyNote::default() && !removed.is_empty();
    let from = (!removed.is_empty()).then(|| format!("decoded from {}", removed.join(", ")));
    Decoded { bytes, note: BodyNote::from(from).and(problem), is_whole }
}

/// Iterates over the encodings that a header lists, in the order in which they were applied.
fn names(encoding: &str) -> impl Iterator<Item = String> {
    let names = encoding.split(',').map(|name| name.trim().to_ascii_lowercase());
    names.filter(|name| !name.is_empty() && name != "identity")
}

fn limit(body: &[u8]) -> usize {
    body.len().saturating_mul(MAX_RATIO).clamp(UNLIMITED_RATIO_SIZE, MAX_SIZE)
}

/// Reason why decoding ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Whole,
    TooMuch,
    Broken(String),
}

impl End {
    fn note(&self, name: &str, length: usize) -> BodyNote {
        match self {
            Self::Whole => BodyNote::default(),
            Self::TooMuch => BodyNote::remark(format!(
                "only the first {length} bytes are shown, since a small {name} body can decode to \
                 a very large one"
            )),
            Self::Broken(why) if length == 0 => {
                BodyNote::damage(format!("invalid {name}: {why}; shown as received"))
            }
            Self::Broken(why) => BodyNote::damage(format!(
                "the {name} data is damaged after the first {length} bytes: {why}"
            )),
        }
    }
}

fn decode_one(name: &str, body: &[u8], limit: usize) -> Option<(Vec<u8>, End)> {
    Some(match name {
        "gzip" | "x-gzip" => drain(MultiGzDecoder::new(body), limit),
        "deflate" if has_zlib_head(body) => drain(ZlibDecoder::new(body), limit),
        // Many senders omit the zlib header, against the standard.
        "deflate" => drain(DeflateDecoder::new(body), limit),
        "br" => drain(Decompressor::new(body, 4096), limit),
        "zstd" => drain(Frames::new(body), limit),
        _ => return None,
    })
}

/// Checks for a zlib header (RFC 1950 section 2.2).
fn has_zlib_head(body: &[u8]) -> bool {
    matches!(body, [cmf, flg, ..] if cmf & 0x0F == 8
        && (u16::from(*cmf) << 8 | u16::from(*flg)) % 31 == 0)
}

fn drain(mut source: impl Read, limit: usize) -> (Vec<u8>, End) {
    let mut out = Vec::new();
    let mut chunk = vec![0; 64 << 10];
    loop {
        match source.read(&mut chunk) {
            Ok(0) => return (out, End::Whole),
            Ok(length) => out.extend_from_slice(chunk.get(..length).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (out, End::Broken(error.to_string())),
        }
        if out.len() > limit {
            out.truncate(limit);
            return (out, End::TooMuch);
        }
    }
}

/// Reader over consecutive Zstandard frames (RFC 8878 section 3).
struct Frames<'b> {
    rest: &'b [u8],
    decoder: FrameDecoder,
    is_open: bool,
    problem: Option<io::Error>,
}

impl Read for Frames<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.is_open && self.decoder.can_collect() > 0 {
                return self.decoder.read(buffer);
            }
            if let Some(problem) = self.problem.take() {
                return Err(problem);
            }
            if !self.is_open {
                self.skip();
                if self.rest.is_empty() {
                    return Ok(0);
                }
                self.decoder.init(&mut self.rest).map_err(io::Error::other)?;
                self.is_open = true;
            } else if self.decoder.is_finished() {
                self.is_open = false;
                self.check();
            } else {
                self.block();
            }
        }
    }
}

impl<'b> Frames<'b> {
    fn new(rest: &'b [u8]) -> Self {
        Self { rest, decoder: FrameDecoder::new(), is_open: false, problem: None }
    }

    fn block(&mut self) {
        /// An empty last block, with room for a checksum.
        const END: &[u8] = &[1, 0, 0, 0, 0, 0, 0];
        let one = BlockDecodingStrategy::UptoBlocks(1);
        if let Err(error) = self.decoder.decode_blocks(&mut self.rest, one) {
            self.problem = Some(if self.rest.is_empty() {
                io::Error::other("it ends before its last block")
            } else {
                io::Error::other(error)
            });
            // The decoder keeps back a window until the frame ends, so a truncated frame is closed
            // with an empty block to get that window. If this fails too, the window is lost, and
            // the first error is still reported.
            let one = BlockDecodingStrategy::UptoBlocks(1);
            let _ = self.decoder.decode_blocks(END, one);
        }
    }

    fn check(&mut self) {
        let (declared, computed) =
            (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum());
        if declared.is_some() && declared != computed {
            self.problem = Some(io::Error::other("its checksum does not match"));
        }
    }

    /// Skips frames without content.
    fn skip(&mut self) {
        while let [0x50..=0x5F, 0x2A, 0x4D, 0x18, a, b, c, d, rest @ ..] = self.rest {
            let length = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
            self.rest = rest.get(length..).unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn run(body: Vec<u8>, encoding: &str) -> (Vec<u8>, String) {
        let Decoded { bytes, note, .. } = decoded(&body.into(), encoding);
        (bytes.to_vec(), note.text().unwrap_or_default())
    }

    /// `hello` in one uncompressed block.
    const BROTLI: &[u8] = b"\x0b\x02\x80hello\x03";

    #[test]
    fn each_encoding_is_decoded() {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(b"hello").unwrap();
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
        raw.write_all(b"hello").unwrap();
        for (body, encoding) in [
            (gzip(b"hello"), "gzip"),
            (gzip(b"hello"), " X-GZIP, identity"),
            (zlib.finish().unwrap(), "deflate"),
            (raw.finish().unwrap(), "deflate"),
            (BROTLI.to_vec(), "br"),
            (ZSTD.to_vec(), "zstd"),
        ] {
            let (bytes, note) = run(body, encoding);
            assert_eq!(bytes, b"hello", "{encoding}");
            assert!(note.starts_with("decoded from "), "{note}");
        }
        assert_eq!(run(b"hello".to_vec(), "identity"), (b"hello".to_vec(), String::new()));
    }

    #[test]
    fn chains_and_several_members_are_decoded() {
        let chained = gzip(BROTLI);
        assert_eq!(
            run(chained, "br, gzip"),
            (b"hello".to_vec(), "decoded from gzip, br".to_owned())
        );
        let two = [gzip(b"a"), gzip(b"b")].concat();
        assert_eq!(run(two, "gzip").0, b"ab");
    }

    #[test]
    fn zstandard_frames_follow_each_other() {
        let skipped = b"\x50\x2a\x4d\x18\x02\0\0\0xx";
        let frames = [ZSTD, skipped, ZSTD].concat();
        assert_eq!(run(frames, "zstd"), (b"hellohello".to_vec(), "decoded from zstd".to_owned()));
    }

    /// One raw block, without a checksum.
    const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd\x20\x05\x29\x00\x00hello";

    /// `webhook ` forty times, by the reference tool, with a checksum.
    const CHECKED: &[u8] =
        b"\x28\xb5\x2f\xfd\x04\x68\x7d\x00\x00\x40\x77\x65\x62\x68\x6f\x6f\x6b\x20\
        \x01\x00\x35\xd5\xcb\x05\x02\xfc\x3b\x22";

    #[test]
    fn zstandard_checksums_are_verified_and_partial_output_is_kept() {
        let content = b"webhook ".repeat(40);
        assert_eq!(
            run(CHECKED.to_vec(), "zstd"),
            (content.clone(), "decoded from zstd".to_owned())
        );
        let mut other = CHECKED.to_vec();
        *other.last_mut().unwrap() ^= 1;
        let (bytes, note) = run(other, "zstd");
        assert_eq!(bytes, content);
        assert!(note.ends_with("its checksum does not match"), "{note}");
        // The first of two blocks; the second is missing.
        let cut = b"\x28\xb5\x2f\xfd\x20\x0a\x28\x00\x00hello\x29\x00";
        let (bytes, note) = run(cut.to_vec(), "zstd");
        assert_eq!(bytes, b"hello");
        let why = "the zstd data is damaged after the first 5 bytes: it ends before its last block";
        assert!(note.ends_with(why), "{note}");
    }

    #[test]
    fn errors_are_reported_and_partial_output_is_kept() {
        let long: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
        let mut cut = gzip(&long);
        cut.truncate(cut.len() / 2);
        let (bytes, note) = run(cut, "gzip");
        assert!(bytes.len() > 1000 && long.starts_with(&bytes));
        assert!(note.contains("is damaged after the first"), "{note}");
        for encoding in ["gzip", "br", "zstd", "deflate"] {
            let (bytes, note) = run(b"\xff\xff\xff plain".to_vec(), encoding);
            assert_eq!(bytes, b"\xff\xff\xff plain", "{encoding}");
            assert!(note.starts_with(&format!("invalid {encoding}")), "{note}");
        }
        let (bytes, note) = run(gzip(b"x"), "lzma, gzip");
        assert_eq!(
            (bytes, note.as_str()),
            (b"x".to_vec(), "decoded from gzip; unknown content encoding \"lzma\"")
        );
    }

    #[test]
    fn only_broken_data_is_damage() {
        let whole = gzip(&(0..5000_u32).flat_map(u32::to_le_bytes).collect::<Vec<u8>>());
        let cut = whole.get(..whole.len() / 2).unwrap().to_vec();
        for (body, encoding, is_damaged) in [
            (whole.clone(), "gzip", false),
            (cut, "gzip", true),
            (b"plain".to_vec(), "gzip", true),
            (whole, "lzma", false),
        ] {
            let note = decoded(&body.into(), encoding).note;
            assert_eq!(note.is_damaged(), is_damaged, "{note:?}");
        }
    }

    #[test]
    fn a_decompression_bomb_ends_at_the_limit() {
        let bomb = gzip(&vec![0; 5 << 20]);
        let small = gzip(&bomb);
        let (bytes, note) = run(small, "gzip, gzip");
        assert_eq!(bytes.len(), limit(&bomb));
        assert!(note.contains("only the first"), "{note}");
        assert_eq!(limit(&vec![0; 1 << 20]), MAX_SIZE);
    }

    proptest::proptest! {
        /// Checks that an altered body is decoded as far as possible, or reported.
        #[test]
        fn altered_bodies_do_no_harm(
            which in 0..4_usize,
            changes in proptest::collection::vec((0..200_usize, proptest::num::u8::ANY), 0..6),
            cut in 1..200_usize,
        ) {
            let packed = gzip(&b"webhook ".repeat(40));
            let (mut body, encoding) = match which {
                0 => (packed, "gzip"),
                1 => (packed.get(10..).unwrap().to_vec(), "deflate"),
                2 => (BROTLI.to_vec(), "br"),
                _ => (CHECKED.to_vec(), "zstd"),
            };
            for (at, byte) in changes {
                let at = at % body.len();
                body[at] = byte;
            }
            body.truncate(cut);
            let size = body.len();
            let (bytes, _) = run(body, encoding);
            proptest::prop_assert!(bytes.len() <= UNLIMITED_RATIO_SIZE.max(size * MAX_RATIO));
        }
    }
}
