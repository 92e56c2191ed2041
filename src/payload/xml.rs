//! XML with one element per row, if white space between its tags has no meaning.

use bytestring::ByteString;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::span::{DisplayRow, SpanKind};
use crate::work;

/// Longest tag that is distinguished from the text after it, and number of pieces of a row: every frame reads the
/// rows on the screen.
const MAX_TAG: usize = 16 << 10;
const MAX_PIECES: usize = 64;

/// Maximum number of rows; larger texts are displayed as received.
const MAX_ROWS: usize = 1_000_000;

/// A tag, an element with only text, or anything else on one row.
#[derive(Debug, Clone, Copy)]
struct Element {
    start: u32,
    end: u32,
    /// Row of the closing tag; its own row if it cannot be folded.
    last: u32,
    depth: u16,
}

/// Rows of an XML text.
#[derive(Debug, Clone)]
pub(super) struct XmlLayout {
    text: ByteString,
    rows: Vec<Element>,
}

/// Reason why a text has no layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NotXml {
    /// Not well-formed: the error and its position in bytes.
    Malformed(String, usize),
    /// White space may have a meaning.
    Mixed,
}

/// State while reading.
struct Layout {
    rows: Vec<Element>,
    /// Rows of the open elements.
    open: Vec<usize>,
    /// The last row is an opening tag followed by text.
    text: bool,
    roots: usize,
}

impl XmlLayout {
    /// Lays out a well-formed text in which no element contains both elements and text.
    pub(super) fn read(text: ByteString) -> Result<Self, NotXml> {
        let mut reader = Reader::from_str(&text);
        reader.config_mut().check_comments = true;
        let mut layout = Layout { rows: Vec::new(), open: Vec::new(), text: false, roots: 0 };
        loop {
            let start = place(reader.buffer_position());
            let event = reader.read_event().map_err(|error| {
                NotXml::Malformed(error.to_string(), place(reader.error_position()))
            })?;
            let end = place(reader.buffer_position());
            if matches!(event, Event::Eof) {
                break;
            }
            layout.take(&event, start, end)?;
        }
        if !layout.open.is_empty() || layout.roots != 1 {
            let what =
                if layout.roots > 1 { "more than one root element" } else { "unclosed element" };
            return Err(NotXml::Malformed(what.to_owned(), text.len()));
        }
        Ok(Self { text, rows: layout.rows })
    }

    pub(super) fn text(&self) -> &ByteString {
        &self.text
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn last(&self, row: usize) -> Option<usize> {
        let last = self.rows.get(row)?.last as usize;
        (last > row).then_some(last)
    }

    pub(super) fn depth(&self, row: usize) -> usize {
        self.rows.get(row).map_or(0, |row| usize::from(row.depth))
    }

    /// Returns the opening row of a closing tag, or the row itself.
    pub(super) fn head(&self, row: usize) -> usize {
        let beside = (0..row).rev().find(|at| self.depth(*at) <= self.depth(row));
        beside.filter(|at| self.last(*at) == Some(row)).unwrap_or(row)
    }

    pub(super) fn parent(&self, row: usize) -> Option<usize> {
        let depth = self.depth(row);
        (0..row).rev().find(|at| self.depth(*at) < depth)
    }

    pub(super) fn row_at(&self, byte: usize) -> usize {
        self.rows.partition_point(|row| row.start as usize <= byte).saturating_sub(1)
    }

    pub(super) fn show(&self, at: usize, base: usize, folded: bool) -> Option<DisplayRow<'_>> {
        let row = self.rows.get(at)?;
        let mut out = DisplayRow::new(usize::from(row.depth));
        self.put(&mut out, row, base);
        if folded && let Some(last) = self.last(at).and_then(|last| self.rows.get(last)) {
            out.laid(SpanKind::Remark, "…");
            self.put(&mut out, last, base);
        }
        Some(out)
    }

    fn put<'t>(&'t self, out: &mut DisplayRow<'t>, row: &Element, base: usize) {
        let mut at = row.start as usize;
        let mut rest = self.text.get(at..row.end as usize).unwrap_or_default();
        let mut left = MAX_PIECES;
        while !rest.is_empty() {
            left -= 1;
            let (kind, length) = if left == 0 {
                (SpanKind::String, rest.len())
            } else if rest.starts_with('<') {
                (SpanKind::Tag, tag_length(rest))
            } else {
                (SpanKind::String, rest.find('<').unwrap_or(rest.len()))
            };
            let (piece, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
            out.source(kind, piece, base + at);
            at += piece.len();
            rest = after;
        }
    }
}

impl Layout {
    fn take(&mut self, event: &Event<'_>, start: usize, end: usize) -> Result<(), NotXml> {
        let preserves = |tag: &quick_xml::events::BytesStart<'_>| {
            memchr::memmem::find(tag, b"xml:space").is_some()
        };
        match event {
            Event::Start(tag) if preserves(tag) => return Err(NotXml::Mixed),
            Event::Start(_) => {
                self.count_root();
                self.push(start, end)?;
                self.open.push(self.rows.len() - 1);
            }
            Event::End(_) => return self.close(start, end),
            Event::Text(text) if text.trim_ascii().is_empty() => {}
            Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => return self.text(end),
            Event::Empty(_) => {
                self.count_root();
                self.push(start, end)?;
            }
            _ => self.push(start, end)?,
        }
        Ok(())
    }

    fn count_root(&mut self) {
        self.roots += usize::from(self.open.is_empty());
    }

    /// Adds a row; an error if text is next to it.
    fn push(&mut self, start: usize, end: usize) -> Result<(), NotXml> {
        if self.text || self.rows.len() >= MAX_ROWS {
            return Err(NotXml::Mixed);
        }
        let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(end)) else {
            return Err(NotXml::Mixed);
        };
        let last = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        let depth = u16::try_from(self.open.len()).unwrap_or(u16::MAX);
        self.rows.push(Element { start, end, last, depth });
        Ok(())
    }

    /// Keeps text on the row of its element, which may contain nothing else.
    fn text(&mut self, end: usize) -> Result<(), NotXml> {
        let begins = self.open.last().copied() == self.rows.len().checked_sub(1);
        match self.rows.last_mut() {
            Some(row) if begins && !self.open.is_empty() => {
                row.end = u32::try_from(end).unwrap_or(u32::MAX);
                self.text = true;
                Ok(())
            }
            _ => Err(NotXml::Mixed),
        }
    }

    fn close(&mut self, start: usize, end: usize) -> Result<(), NotXml> {
        let opened = self.open.pop();
        let on_one_row = opened == self.rows.len().checked_sub(1);
        self.text = false;
        if let (true, Some(row)) = (on_one_row, self.rows.last_mut()) {
            row.end = u32::try_from(end).unwrap_or(u32::MAX);
            return Ok(());
        }
        self.push(start, end)?;
        let last = u32::try_from(self.rows.len() - 1).unwrap_or(u32::MAX);
        if let Some(row) = opened.and_then(|row| self.rows.get_mut(row)) {
            row.last = last;
        }
        Ok(())
    }
}

/// Returns the length of the tag at the start of a text; `>` in quotes does not end it. One that is too
/// long has the whole text.
fn tag_length(text: &str) -> usize {
    let mut quote = None;
    let ends = |character| match (quote, character) {
        (None, b'>') => true,
        (None, b'"' | b'\'') => {
            quote = Some(character);
            false
        }
        (Some(open), _) => {
            if open == character {
                quote = None;
            }
            false
        }
        _ => false,
    };
    let length = text.bytes().take(MAX_TAG).position(ends).map_or(text.len(), |end| end + 1);
    work::count(length.min(MAX_TAG));
    length
}

fn place(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Result<Vec<String>, NotXml> {
        let markup = XmlLayout::read(text.to_owned().into())?;
        Ok((0..markup.len()).map(|at| markup.show(at, 0, false).unwrap().text()).collect())
    }

    #[test]
    fn elements_get_rows_and_text_stays_with_its_element() {
        let text = "<?xml version=\"1.0\"?><a x='1>2'><b>one &amp; two</b><!-- c --><d/>\n\
                    <e><f> <![CDATA[<]]></f></e><g> </g></a>\n";
        let shown = rows(text).unwrap();
        assert_eq!(
            shown,
            [
                "<?xml version=\"1.0\"?>",
                "<a x='1>2'>",
                "  <b>one &amp; two</b>",
                "  <!-- c -->",
                "  <d/>",
                "  <e>",
                "    <f> <![CDATA[<]]></f>",
                "  </e>",
                "  <g> </g>",
                "</a>"
            ]
        );
        let markup = XmlLayout::read(text.to_owned().into()).unwrap();
        assert_eq!((markup.last(1), markup.last(2), markup.last(5)), (Some(9), None, Some(7)));
        assert_eq!((markup.parent(6), markup.parent(9), markup.parent(1)), (Some(5), None, None));
        assert_eq!((markup.head(9), markup.head(7), markup.head(6)), (1, 5, 6));
        assert_eq!(markup.show(5, 0, true).unwrap().text(), "  <e>…</e>");
    }

    #[test]
    fn mixed_content_is_not_laid_out() {
        for mixed in ["<a>text<b/></a>", "<a><b/>text</a>", "<a xml:space='preserve'> <b/></a>"] {
            assert_eq!(rows(mixed), Err(NotXml::Mixed), "{mixed}");
        }
        for broken in ["<a>", "<a></b>", "<a", "", "text", "<a/><b/>", "<!-- -- --><a/>"] {
            assert!(rows(broken).is_err(), "{broken}");
        }
        assert!(matches!(rows("<a><b></a>"), Err(NotXml::Malformed(_, at)) if at > 0));
    }
}
