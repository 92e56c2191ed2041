//! Applies content encodings again to a body that was edited decoded.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::names;

/// Largest meta-block of a window of 64 KiB.
const BLOCK: usize = 1 << 16;

/// Applies the encodings of a `Content-Encoding`, first one first; `None` if one of them is
/// unknown.
pub fn encoded(body: &[u8], encoding: &str) -> Option<Bytes> {
    let bytes = names(encoding).try_fold(body.to_vec(), |bytes, name| match name.as_str() {
        "gzip" | "x-gzip" => {
            let mut out = GzEncoder::new(Vec::new(), Compression::default());
            out.write_all(&bytes).and_then(|()| out.finish()).ok()
        }
        "deflate" => {
            let mut out = ZlibEncoder::new(Vec::new(), Compression::default());
            out.write_all(&bytes).and_then(|()| out.finish()).ok()
        }
        "br" => Some(stored_brotli(&bytes)),
        "zstd" => Some(compress_to_vec(bytes.as_slice(), CompressionLevel::Fastest)),
        _ => None,
    });
    bytes.map(Bytes::from)
}

/// Returns a Brotli stream of uncompressed meta-blocks (RFC 7932 section 9.2): valid for any
/// decoder, and no encoder is needed for the few bodies that are edited.
fn stored_brotli(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 16);
    // The window of 64 KiB is one bit, before the first meta-block.
    let mut shift = 1;
    for block in body.chunks(BLOCK) {
        let length = u32::try_from(block.len() - 1).unwrap_or_default();
        // Not the last one; four nibbles of length; uncompressed; filled up to a byte.
        let header = ((length << 3) | (1 << 19)) << shift;
        out.extend(header.to_le_bytes().into_iter().take(3));
        out.extend_from_slice(block);
        shift = 0;
    }
    // The last meta-block, which is empty.
    out.push(0b11 << shift);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::decoded_whole;

    #[test]
    fn every_encoding_is_decoded_to_the_same_bytes() {
        let long: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        for encoding in ["gzip", "x-gzip", "deflate", "br", "zstd", "br, gzip", "GZIP , identity"] {
            for body in [&b""[..], b"hello", &long] {
                let packed = encoded(body, encoding).unwrap();
                let back = decoded_whole(&packed, encoding);
                assert_eq!(back.as_deref(), Some(body), "{encoding} {}", body.len());
            }
        }
    }

    #[test]
    fn an_unknown_encoding_is_refused() {
        assert_eq!(encoded(b"x", "lzma"), None);
    }
}
