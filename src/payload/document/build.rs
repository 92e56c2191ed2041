//! Chooses the form in which a body is displayed.

use bytes::Bytes;
use bytestring::ByteString;

use super::DocumentForm;
use super::body_rows::BodyRows;
use crate::payload::body_note::BodyNote;
use crate::payload::hex_view::HexRows;
use crate::payload::json_tree::{Fault, JsonTree};
use crate::payload::lines::{FormFields, LineIndex};
use crate::payload::media::Media;
use crate::payload::multipart::{self, Parts};
use crate::payload::section::{Section, SectionContent};
use crate::payload::span::SpanKind;
use crate::payload::xml::{NotXml, XmlLayout};
use crate::payload::{charset, content_encoding, form};

/// Maximum nesting of multipart bodies; deeper ones are displayed as text.
const MAX_DEPTH: usize = 4;

/// Maximum number of form fields; larger forms are displayed as text.
const MAX_FIELDS: usize = 100_000;

/// Form of the displayed body, and a note about it.
type Shown = (DocumentForm, BodyNote);

pub(super) fn rows(wire: Bytes, kind: Option<&str>, encoding: Option<&str>) -> BodyRows {
    let decoded = encoding.map(|encoding| content_encoding::decoded(&wire, encoding));
    let (body, undone) = match decoded {
        Some(decoded) => (decoded.bytes, decoded.note),
        None => (wire.clone(), BodyNote::default()),
    };
    let mut builder = Builder::default();
    let media = Media::read(kind.unwrap_or_default());
    let (form, note) = builder.body(&body, &media);
    let note = undone.and(note);
    let Builder { sections, rows, .. } = builder;
    let is_lines =
        matches!(sections.as_slice(), [Section { content: SectionContent::Lines(_), .. }]);
    let language = is_lines.then(|| language(form, &media)).flatten();
    BodyRows {
        form,
        is_damaged: note.is_damaged(),
        note: note.text(),
        wire,
        body,
        sections,
        rows,
        language,
    }
}

fn language(form: DocumentForm, media: &Media) -> Option<&'static str> {
    match form {
        DocumentForm::Html => Some("html"),
        DocumentForm::Xml => Some("xml"),
        DocumentForm::Text => Some(media.language()),
        _ => None,
    }
}

#[derive(Default)]
struct Builder {
    sections: Vec<Section>,
    rows: usize,
    bytes: usize,
    level: usize,
}

impl Builder {
    fn add(&mut self, content: SectionContent) {
        let count = content.row_count();
        if count == 0 {
            return;
        }
        let length = content.bytes().len();
        let (row, byte, level) = (self.rows, self.bytes, self.level);
        self.sections.push(Section { row, byte, level, content });
        self.rows += count;
        // A byte between two texts separates their ends.
        self.bytes += length + 1;
    }

    /// Adds a row and, one level deeper, the rows that belong to it.
    fn under(&mut self, text: String, build: impl FnOnce(&mut Self)) {
        let (at, first) = (self.sections.len(), self.rows + 1);
        self.add(SectionContent::Heading { text, below: 0 });
        self.level += 1;
        build(self);
        self.level -= 1;
        let count = self.rows - first;
        if let Some(SectionContent::Heading { below, .. }) =
            self.sections.get_mut(at).map(|section| &mut section.content)
        {
            *below = count;
        }
    }

    fn body(&mut self, body: &Bytes, media: &Media) -> Shown {
        if body.is_empty() {
            return (DocumentForm::Empty, BodyNote::remark("no body"));
        }
        if let Some(shown) = self.multipart(body, media) {
            return shown;
        }
        let guess = media.is_text() && !media.is_json();
        // 4 GiB and more are not displayed as text.
        let text = u32::try_from(body.len())
            .ok()
            .and_then(|_| charset::read(body, media.parameter("charset"), guess));
        let Some(charset::DecodedText { content: text, note, .. }) = text else {
            return self.hex(body, "the body is not UTF-8; shown as hex");
        };
        if memchr::memchr(0, text.as_bytes()).is_some() && !media.is_text() {
            return self.hex(body, "the body contains NUL bytes; shown as hex");
        }
        let (form, said) = self.text(text, media);
        (form, BodyNote::from(note).and(said))
    }

    fn hex(&mut self, body: &Bytes, why: &str) -> Shown {
        self.add(SectionContent::Hex(HexRows::new(body.clone())));
        (DocumentForm::Hex, BodyNote::remark(why))
    }

    fn text(&mut self, text: ByteString, media: &Media) -> Shown {
        let start = text.trim_ascii_start();
        let is_likely = media.is_json() || media.is_json_lines() || start.starts_with(['{', '[']);
        if let Some(shown) = is_likely.then(|| self.json(&text, media)).flatten() {
            return shown;
        }
        if media.essence == form::MEDIA_TYPE {
            return self.form(text);
        }
        if media.is_html() || (media.essence.is_empty() && looks_like_html(start)) {
            return self.lines(text, DocumentForm::Html, BodyNote::default());
        }
        if media.is_xml() || (media.essence.is_empty() && start.starts_with("<?xml")) {
            return self.xml(text);
        }
        self.lines(text, DocumentForm::Text, BodyNote::default())
    }

    fn lines(&mut self, text: ByteString, form: DocumentForm, note: BodyNote) -> Shown {
        self.add(SectionContent::Lines(LineIndex::new(text, SpanKind::Text)));
        (form, note)
    }

    /// Returns `None` if the text only begins like JSON and is not declared as JSON.
    fn json(&mut self, text: &ByteString, media: &Media) -> Option<Shown> {
        if media.is_json_lines() {
            return Some(self.json_lines(text, BodyNote::default()));
        }
        let (tree, fault) = JsonTree::read(text.clone());
        let Some(fault) = fault else {
            self.add(SectionContent::Tree(tree));
            let note = (media.essence == form::MEDIA_TYPE)
                .then(|| "Body is JSON, but Content-Type says form".to_owned());
            return Some((DocumentForm::Json, note.into()));
        };
        if is_first_line(&tree, text, fault) {
            let note =
                format!("as a single JSON document it would end at {}", place(text, fault.at));
            return Some(self.json_lines(text, BodyNote::remark(note)));
        }
        if !media.is_json() && tree.len() < 2 {
            return None;
        }
        self.tree_and_rest(tree, fault.from);
        let note = format!(
            "invalid JSON at {}: {}; the rest is shown as received",
            place(text, fault.at),
            fault.what
        );
        Some((DocumentForm::Json, BodyNote::damage(note)))
    }

    /// Adds a tree, and the rest of its text from the first byte that could not be read.
    fn tree_and_rest(&mut self, tree: JsonTree, from: usize) {
        let text = tree.text();
        let rest = text.slice_ref(text.get(from..).unwrap_or_default());
        let byte = self.bytes;
        self.add(SectionContent::Tree(tree));
        if !rest.is_empty() {
            // The rest is a part of the same text, so its bytes are numbered from there.
            self.bytes = byte + from;
            self.add(SectionContent::Lines(LineIndex::new(rest, SpanKind::Error)));
        }
    }

    fn json_lines(&mut self, text: &ByteString, note: BodyNote) -> Shown {
        let (tree, fault, end) = JsonTree::read_lines(text.clone());
        let values = tree.roots();
        self.tree_and_rest(tree, end);
        let broken =
            fault.map(|fault| format!("invalid JSON at {}: {}", place(text, fault.at), fault.what));
        let broken = broken.map(BodyNote::damage).unwrap_or_default();
        let count = format!("{values} {}", if values == 1 { "line" } else { "lines" });
        (DocumentForm::JsonLines, BodyNote::remark(count).and(note).and(broken))
    }

    fn xml(&mut self, text: ByteString) -> Shown {
        match XmlLayout::read(text.clone()) {
            Ok(markup) => {
                self.add(SectionContent::Markup(markup));
                (DocumentForm::Xml, BodyNote::default())
            }
            Err(NotXml::Mixed) => self.lines(text, DocumentForm::Xml, BodyNote::default()),
            Err(NotXml::Malformed(what, at)) => {
                let note =
                    format!("malformed XML at {}: {what}; shown as received", place(&text, at));
                self.lines(text, DocumentForm::Xml, BodyNote::damage(note))
            }
        }
    }

    fn form(&mut self, text: ByteString) -> Shown {
        if memchr::memchr_iter(b'&', text.as_bytes()).count() >= MAX_FIELDS {
            let note = BodyNote::remark("too many fields; shown as received");
            return self.lines(text, DocumentForm::Form, note);
        }
        let mut plain = Vec::new();
        for (name, value) in form::fields(text.as_bytes()) {
            let tree = value.starts_with(['{', '[']).then(|| JsonTree::read(value.clone().into()));
            match tree {
                Some((tree, None)) => {
                    self.fields(&mut plain, " = ");
                    self.under(format!("{name} ="), |inside| {
                        inside.add(SectionContent::Tree(tree));
                    });
                }
                _ => plain.push((name, value)),
            }
        }
        self.fields(&mut plain, " = ");
        (DocumentForm::Form, BodyNote::default())
    }

    fn fields(&mut self, pairs: &mut Vec<(String, String)>, between: &'static str) {
        self.add(SectionContent::Fields(FormFields::new(pairs, between)));
        pairs.clear();
    }

    fn multipart(&mut self, body: &Bytes, media: &Media) -> Option<Shown> {
        if !media.essence.starts_with("multipart/") || self.level >= MAX_DEPTH {
            return None;
        }
        let Parts { parts, note } = multipart::parts(body, media.parameter("boundary")?)?;
        for (at, part) in parts.iter().enumerate() {
            self.under(part.title(at + 1), |inside| {
                let mut headers = part.headers.clone();
                inside.fields(&mut headers, ": ");
                let kind = Media::read(part.header("content-type").unwrap_or_default());
                let (_, note) = inside.body(&part.body, &kind);
                if let Some(note) = note.text() {
                    let text = format!("({note})");
                    inside
                        .add(SectionContent::Lines(LineIndex::new(text.into(), SpanKind::Remark)));
                }
            });
        }
        let noun = if parts.len() == 1 { "part" } else { "parts" };
        let count = format!("{} {noun}", parts.len());
        Some((DocumentForm::Multipart, BodyNote::remark(count).and(note.into())))
    }
}

/// Returns whether a text of several values is JSON Lines: its first value fills the first line.
fn is_first_line(tree: &JsonTree, text: &str, fault: Fault) -> bool {
    let Some((start, end)) = tree.extent(0) else { return false };
    let between = text.get(end..fault.at).unwrap_or_default();
    let first = text.get(start..end).unwrap_or_default();
    tree.last(0).is_none_or(|last| last + 1 == tree.len())
        && fault.from == fault.at
        && between.contains('\n')
        && between.trim().is_empty()
        && !first.contains('\n')
}

fn looks_like_html(start: &str) -> bool {
    let head = start.get(..start.floor_char_boundary(15)).unwrap_or_default().to_ascii_lowercase();
    head.starts_with("<!doctype html") || head.starts_with("<html")
}

/// Returns the position of a byte in a text, as line and column.
fn place(text: &str, at: usize) -> String {
    let before = text.get(..text.floor_char_boundary(at)).unwrap_or(text);
    let line = memchr::memchr_iter(b'\n', before.as_bytes()).count() + 1;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column = before.get(start..).unwrap_or_default().chars().count() + 1;
    format!("line {line} column {column} (byte {at})")
}
