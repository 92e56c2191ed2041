//! Standard output and standard error, safe for a terminal.
//!
//! Commands print only through these writers, so that no external text (deliveries, responses of
//! targets, imports, values in a store, file names) reaches a terminal with its control characters,
//! even if the code that prints it does not escape it.

use std::io::{self, BufWriter, Stderr, Stdout, StdoutLock, Write};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use crate::payload::escape;
use crate::secret::SecretMask;

/// Capacity of [`buffered`].
const BUFFER: usize = 64 << 10;

/// `--quiet`, which holds for the whole process.
static QUIET: AtomicBool = AtomicBool::new(false);

/// `--color`, which holds for the whole process.
static COLOR: AtomicU8 = AtomicU8::new(ColorMode::Auto as u8);

/// When to use colors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColorMode {
    /// On a terminal, unless `NO_COLOR` is set (<https://no-color.org>).
    Auto,
    Always,
    Never,
}

/// Turns notes, warnings, and progress off.
pub(crate) fn set_quiet(quiet: bool) {
    QUIET.store(quiet, Ordering::Relaxed);
}

pub(crate) fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

pub(crate) fn set_color(mode: ColorMode) {
    COLOR.store(mode as u8, Ordering::Relaxed);
}

/// Returns whether a terminal gets colors.
pub(crate) fn has_color() -> bool {
    let is = |mode: ColorMode| COLOR.load(Ordering::Relaxed) == mode as u8;
    let is_unwanted = || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    is(ColorMode::Always) || (!is(ColorMode::Never) && !is_unwanted())
}

/// Writer that escapes what a terminal interprets or hides, except for line ends.
#[derive(Debug)]
pub(crate) struct SafeWriter<W> {
    inner: W,
}

impl<W: Write> SafeWriter<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self { inner }
    }

    /// Returns the underlying writer, for exact bytes that are not written to a terminal.
    pub(crate) fn raw(&mut self) -> &mut W {
        &mut self.inner
    }
}

impl<W: Write> Write for SafeWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Testing all bytes is faster than stopping at the first other one.
        let is_plain = |all, byte: &u8| all & matches!(byte, b' '..=b'~' | b'\n');
        if bytes.iter().fold(true, is_plain) {
            self.inner.write_all(bytes)?;
            return Ok(bytes.len());
        }
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (text, end) = match line.strip_suffix(b"\n") {
                Some(text) => (text, &b"\n"[..]),
                None => (line, &b""[..]),
            };
            match std::str::from_utf8(text) {
                Ok(text) => self.inner.write_all(escape(text).as_bytes())?,
                Err(_) => self.inner.write_all(crate::payload::visible_bytes(text).as_bytes())?,
            }
            self.inner.write_all(end)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Writer that masks secrets in lines for a person.
#[derive(Debug)]
pub(crate) struct MaskingWriter<W> {
    inner: W,
    mask: SecretMask,
    /// Begun line, since a secret may be written in parts.
    line: Vec<u8>,
}

impl<W: Write> MaskingWriter<W> {
    pub(crate) fn new(inner: W, mask: SecretMask) -> Self {
        Self { inner, mask, line: Vec::new() }
    }
}

impl<W: Write> Write for MaskingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.mask.is_empty() {
            return self.inner.write(bytes);
        }
        self.line.extend_from_slice(bytes);
        if let Some(end) = memchr::memrchr(b'\n', &self.line) {
            let rest = self.line.split_off(end + 1);
            self.inner.write_all(&self.mask.mask(&self.line))?;
            self.line = rest;
        }
        Ok(bytes.len())
    }

    /// Also writes a line without its end.
    fn flush(&mut self) -> io::Result<()> {
        self.inner.write_all(&self.mask.mask(&self.line))?;
        self.line.clear();
        self.inner.flush()
    }
}

/// Standard output with a buffer.
pub(crate) type Buffered = SafeWriter<BufWriter<StdoutLock<'static>>>;

/// Returns standard output, written line by line.
pub(crate) fn stdout() -> SafeWriter<StdoutLock<'static>> {
    SafeWriter::new(io::stdout().lock())
}

/// Returns standard output, written when the buffer is full or flushed.
pub(crate) fn buffered() -> Buffered {
    SafeWriter::new(BufWriter::with_capacity(BUFFER, io::stdout().lock()))
}

/// Returns standard output for exact bytes: a manual page, a script, an export.
pub(crate) fn raw_stdout() -> Stdout {
    io::stdout()
}

/// Returns standard error for progress, which moves the cursor.
pub(crate) fn raw_stderr() -> Stderr {
    io::stderr()
}

/// Standard error, or nothing with `--quiet`.
#[derive(Debug)]
pub(crate) struct Notes(Option<Stderr>);

impl Write for Notes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.as_mut().map_or(Ok(bytes.len()), |stderr| stderr.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.as_mut().map_or(Ok(()), Write::flush)
    }
}

/// Returns the writer of notes, warnings, and summaries.
pub(crate) fn notes() -> SafeWriter<Notes> {
    SafeWriter::new(Notes((!is_quiet()).then(io::stderr)))
}

/// Returns standard error, for errors and for text that scripts read.
pub(crate) fn stderr() -> SafeWriter<Stderr> {
    SafeWriter::new(io::stderr())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(bytes: &[u8]) -> String {
        let mut out = SafeWriter::new(Vec::new());
        out.write_all(bytes).unwrap();
        String::from_utf8(out.inner).unwrap()
    }

    #[test]
    fn only_line_ends_pass_unescaped() {
        assert_eq!(written(b"plain\ntext\n"), "plain\ntext\n");
        assert_eq!(
            written("a\u{1b}]0;x\u{7}\nb\u{202e}\r\n".as_bytes()),
            "a\\x1b]0;x\\x07\nb\\u{202e}\\r\n"
        );
        assert_eq!(written(b"\xff\x9b2J"), "\\xff\\x9b2J");
    }
}
