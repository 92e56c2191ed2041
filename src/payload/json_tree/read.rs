//! From text to rows in one pass, by the grammar of RFC 8259.

use bytestring::ByteString;

use super::{COMMA, JsonKind, JsonTree, KEY, MAX_ROWS, NONE, Row};

/// Why reading ended before the text did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::payload) struct Fault {
    /// The byte that does not fit.
    pub(in crate::payload) at: usize,
    /// Where what was not read begins: the member that holds the byte.
    pub(in crate::payload) from: usize,
    pub(in crate::payload) what: &'static str,
}

/// A fault whose member is known to the caller alone.
type Misfit = (usize, &'static str);

/// The fault that is no mistake of the sender.
pub(in crate::payload) const TOO_MANY: &str = "there are more rows than are kept";

struct Reader<'t> {
    bytes: &'t [u8],
    at: usize,
    rows: Vec<Row>,
    /// The container that is open; its `tail` counts its members meanwhile.
    open: u32,
    roots: u32,
}

impl JsonTree {
    /// Reads one value. With a fault, the rows are those before it.
    pub(in crate::payload) fn read(text: ByteString) -> (Self, Option<Fault>) {
        let mut reader = Reader::new(&text);
        let fault = reader.value().and_then(|()| reader.nothing_more()).err();
        if fault.is_some() {
            reader.close_all();
        }
        let Reader { rows, roots, .. } = reader;
        (Self { text, rows, roots: roots as usize }, fault)
    }

    /// Reads one value a line; a line that is none becomes one broken row. Returns the first
    /// fault as well, and where reading ended if there are too many rows.
    pub(in crate::payload) fn read_lines(text: ByteString) -> (Self, Option<Fault>, usize) {
        let mut reader = Reader::new(&text);
        let (mut first, mut end) = (None, text.len());
        let mut start = 0;
        for stop in memchr::memchr_iter(b'\n', text.as_bytes()).chain([text.len()]) {
            if let Some(fault) = reader.line(start, stop) {
                first = first.or(Some(fault));
                if fault.what == TOO_MANY {
                    end = start;
                    break;
                }
            }
            start = stop + 1;
        }
        let Reader { rows, roots, .. } = reader;
        (Self { text, rows, roots: roots as usize }, first, end)
    }
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        // Most payloads have a row for each thirty bytes or so; growing costs little beside.
        let rows = Vec::with_capacity((text.len() / 32).min(MAX_ROWS));
        Self { bytes: text.as_bytes(), at: 0, rows, open: NONE, roots: 0 }
    }

    /// Reads the line between two bytes.
    fn line(&mut self, start: usize, stop: usize) -> Option<Fault> {
        let whole = self.bytes;
        self.bytes = whole.get(..stop).unwrap_or(whole);
        self.at = start;
        self.skip_white();
        let (rows, roots, begin) = (self.rows.len(), self.roots, self.at);
        if self.at >= stop {
            self.bytes = whole;
            return None;
        }
        let fault = self.value().and_then(|()| self.nothing_more()).err();
        if fault.is_some() {
            // No line is half a tree: its rows would seem to be those of the next.
            self.rows.truncate(rows);
            (self.open, self.roots) = (NONE, roots);
            let end = begin + self.bytes.get(begin..).unwrap_or_default().trim_ascii_end().len();
            if self.push(begin, begin, JsonKind::Broken, end).is_err() {
                return Some(Fault { at: begin, from: begin, what: TOO_MANY });
            }
        }
        self.bytes = whole;
        fault
    }

    /// Reads a value whole.
    fn value(&mut self) -> Result<(), Fault> {
        loop {
            if self.member()? {
                continue;
            }
            while self.is_over()? {
                if self.open == NONE {
                    return Ok(());
                }
            }
            if self.open == NONE {
                return Ok(());
            }
        }
    }

    fn nothing_more(&mut self) -> Result<(), Fault> {
        self.skip_white();
        if self.at < self.bytes.len() {
            return Err(self.fault("nothing but white space may follow the value"));
        }
        Ok(())
    }

    fn fault(&self, what: &'static str) -> Fault {
        Fault { at: self.at, from: self.at, what }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_white(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    /// Reads a key, where one belongs, and a value or the opening of a container; true if
    /// something stands in it.
    fn member(&mut self) -> Result<bool, Fault> {
        self.skip_white();
        let start = self.at;
        self.key_and_value(start).map_err(|(at, what)| Fault { at, from: start, what })
    }

    fn key_and_value(&mut self, start: usize) -> Result<bool, Misfit> {
        if self.container().is_some_and(|row| row.kind == JsonKind::Object) {
            if self.peek() != Some(b'"') {
                return Err((self.at, "expected a key in double quotes"));
            }
            self.at = string_end(self.bytes, self.at)?;
            self.skip_white();
            if self.peek() != Some(b':') {
                return Err((self.at, "expected a colon behind the key"));
            }
            self.at += 1;
            self.skip_white();
        }
        let value = self.at;
        let (kind, end) = match self.peek() {
            Some(b'{') => {
                return self.container_begins(start, (JsonKind::Object, JsonKind::EmptyObject));
            }
            Some(b'[') => {
                return self.container_begins(start, (JsonKind::Array, JsonKind::EmptyArray));
            }
            Some(b'"') => (JsonKind::String, string_end(self.bytes, value)?),
            Some(b'-' | b'0'..=b'9') => (JsonKind::Number, number_end(self.bytes, value)?),
            Some(b't' | b'f' | b'n') => (JsonKind::Literal, literal_end(self.bytes, value)?),
            Some(_) => return Err((value, "expected a value")),
            None => return Err((value, "the text ends where a value belongs")),
        };
        self.at = end;
        self.push(start, value, kind, end)?;
        Ok(false)
    }

    fn container_begins(
        &mut self,
        start: usize,
        kinds: (JsonKind, JsonKind),
    ) -> Result<bool, Misfit> {
        let value = self.at;
        let closing = if kinds.0 == JsonKind::Object { b'}' } else { b']' };
        self.at += 1;
        self.skip_white();
        if self.peek() == Some(closing) {
            self.at += 1;
            self.push(start, value, kinds.1, self.at)?;
            return Ok(false);
        }
        let row = self.rows.len();
        self.push(start, value, kinds.0, 0)?;
        self.open = u32::try_from(row).unwrap_or(NONE);
        Ok(true)
    }

    /// Behind a value: false if a comma announces another one, true if its container ends.
    fn is_over(&mut self) -> Result<bool, Fault> {
        let Some(container) = self.container() else { return Ok(true) };
        self.skip_white();
        let (closing, end, hint) = match container.kind {
            JsonKind::Object => (b'}', JsonKind::ObjectEnd, "expected a comma or }"),
            _ => (b']', JsonKind::ArrayEnd, "expected a comma or ]"),
        };
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                if let Some(last) = self.rows.last_mut() {
                    last.marks |= COMMA;
                }
                Ok(false)
            }
            Some(byte) if byte == closing => self.close(container, end).map(|()| true),
            Some(_) => Err(self.fault(hint)),
            None => Err(self.fault("the text ends before its objects and arrays do")),
        }
    }

    fn container(&self) -> Option<Row> {
        self.rows.get(self.open as usize).copied()
    }

    fn close(&mut self, container: Row, kind: JsonKind) -> Result<(), Fault> {
        let end = u32::try_from(self.rows.len()).unwrap_or(NONE);
        let start = offset(self.at);
        if self.rows.len() >= MAX_ROWS {
            return Err(self.fault(TOO_MANY));
        }
        let (tail, ordinal) = (self.open, container.tail);
        self.rows.push(Row { start, value: start, tail, ordinal, kind, marks: 0, ..container });
        if let Some(open) = self.rows.get_mut(self.open as usize) {
            open.tail = end;
        }
        self.open = container.parent;
        self.at += 1;
        Ok(())
    }

    fn push(
        &mut self,
        start: usize,
        value: usize,
        kind: JsonKind,
        tail: usize,
    ) -> Result<(), Misfit> {
        if self.rows.len() >= MAX_ROWS {
            return Err((value, TOO_MANY));
        }
        let (ordinal, depth, marks) = if let Some(open) = self.rows.get_mut(self.open as usize) {
            open.tail += 1;
            let marks = if open.kind == JsonKind::Object { KEY } else { 0 };
            (open.tail - 1, open.depth.saturating_add(1), marks)
        } else {
            self.roots += 1;
            (self.roots - 1, 0, 0)
        };
        let (start, value, tail) = (offset(start), offset(value), offset(tail));
        self.rows.push(Row { start, value, tail, parent: self.open, ordinal, depth, kind, marks });
        Ok(())
    }

    /// Lets what is still open reach to the last row.
    fn close_all(&mut self) {
        let last = u32::try_from(self.rows.len().saturating_sub(1)).unwrap_or(NONE);
        while let Some(open) = self.rows.get_mut(self.open as usize) {
            open.tail = last;
            self.open = open.parent;
        }
    }
}

/// Texts of four gigabytes and more are never read as JSON.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Where the string that begins at a quote ends.
pub(super) fn string_end(bytes: &[u8], start: usize) -> Result<usize, Misfit> {
    let mut at = start + 1;
    loop {
        at = plain_end(bytes, at);
        match bytes.get(at) {
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => at = escape_end(bytes, at)?,
            Some(_) => return Err((at, "a control character has to be escaped in a string")),
            None => return Err((at, "the text ends within a string")),
        }
    }
}

/// Skips what means nothing in a string, eight bytes at a time.
fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = ONES * 0x80;
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        let found = control | zero(word ^ (ONES * 0x22)) | zero(word ^ (ONES * 0x5C));
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(|byte| *byte >= 0x20 && !matches!(byte, b'"' | b'\\')) {
        at += 1;
    }
    at
}

fn escape_end(bytes: &[u8], at: usize) -> Result<usize, Misfit> {
    match bytes.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
        Some(b'u') => match bytes.get(at + 2..at + 6) {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => Ok(at + 6),
            _ => Err((at, "\\u needs four hexadecimal digits")),
        },
        _ => Err((at, "JSON knows no such escape")),
    }
}

fn number_end(bytes: &[u8], start: usize) -> Result<usize, Misfit> {
    let digits = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        match rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len()) {
            0 => Err((from, "expected a digit")),
            count => Ok(from + count),
        }
    };
    let byte = |at: usize| bytes.get(at).copied();
    let mut at = start + usize::from(byte(start) == Some(b'-'));
    at = if byte(at) == Some(b'0') { at + 1 } else { digits(at)? };
    if byte(at) == Some(b'.') {
        at = digits(at + 1)?;
    }
    if matches!(byte(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(byte(at + 1), Some(b'+' | b'-')));
        at = digits(at + 1 + sign)?;
    }
    ended(bytes, at, "a number cannot go on like this")
}

fn literal_end(bytes: &[u8], start: usize) -> Result<usize, Misfit> {
    let rest = bytes.get(start..).unwrap_or_default();
    let found = ["true", "false", "null"].iter().find(|word| rest.starts_with(word.as_bytes()));
    let word = found.ok_or((start, "expected true, false or null"))?;
    ended(bytes, start + word.len(), "expected true, false or null")
}

/// What follows a number or a word has to tell them apart from the next.
fn ended(bytes: &[u8], at: usize, what: &'static str) -> Result<usize, Misfit> {
    match bytes.get(at) {
        Some(byte) if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-' | b'_') => {
            Err((at, what))
        }
        _ => Ok(at),
    }
}
