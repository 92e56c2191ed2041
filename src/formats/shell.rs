//! Words for a POSIX shell.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::payload::escape;

/// Maximum length of text in one argument; the limit of Linux is 128 KiB.
const MAX_LENGTH: usize = 100_000;

/// Quotes any bytes as one word for the shell. Bytes that a terminal interprets, and invalid UTF-8,
/// are written as octal escapes of `printf`.
pub(super) fn word(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if escape(text) == text => format!("'{}'", text.replace('\'', r"'\''")),
        _ => format!("\"$(printf '{}')\"", octal(bytes)),
    }
}

/// Returns a `printf` format that prints these bytes.
fn octal(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 16);
    for &byte in bytes {
        // Writing to a String cannot fail.
        let _ = match byte {
            b'%' => write!(out, "%%"),
            b'\\' => write!(out, r"\\"),
            b'\'' => write!(out, r"'\''"),
            b' '..=b'~' => {
                out.push(char::from(byte));
                Ok(())
            }
            _ => write!(out, "\\{byte:03o}"),
        };
    }
    out
}

/// Returns text that can be quoted directly: nothing that a terminal interprets, short enough for
/// one argument, and no line end that would be lost.
pub(super) fn plain(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= MAX_LENGTH)?;
    text.split(['\n', '\t']).all(|line| escape(line) == line).then_some(text)
}

/// Returns a command that prints these bytes.
pub(super) fn printing(bytes: &[u8]) -> String {
    match plain(bytes) {
        Some(text) => format!("printf %s '{}'", text.replace('\'', r"'\''")),
        None => format!("printf %s {} | base64 -d", STANDARD.encode(bytes)),
    }
}

/// Returns the request target as valid in a URL; an absolute or `*` target becomes a path.
pub(super) fn path(target: &[u8]) -> String {
    let mut out = String::from(if target.starts_with(b"/") { "" } else { "/" });
    for &byte in target {
        if byte.is_ascii_graphic() && byte != b'#' {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_word_keeps_its_bytes() {
        assert_eq!(word(b"it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(word(b"caf\xe9 100%\x1b'\\"), r#""$(printf 'caf\351 100%%\033'\''\\')""#);
        assert_eq!(path(b"*"), "/*");
        assert_eq!(path(b"/a b#c\xff"), "/a%20b%23c%FF");
    }
}
