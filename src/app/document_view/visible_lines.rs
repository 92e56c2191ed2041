//! The visible rows of a document, as styled lines.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::{DocumentView, Viewport};
use crate::app::style::{StyleClass, StyledLine};
use crate::payload::{DisplayRow, Document, SpanKind, escape};
use crate::work;

/// Rows with more bytes are wrapped by bytes instead of words, so that any of their lines is found
/// without measuring those before it.
const LONG: usize = 4 << 10;

/// Line of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisibleLines {
    /// Row of the document that the line shows all or part of.
    pub row: usize,
    pub line: StyledLine,
    /// Columns to clip on the left.
    pub left: usize,
}

/// Tokens of rows whose form has none of its own: for each row, where in its text each style
/// begins.
pub type Tokens = BTreeMap<usize, Vec<(usize, StyleClass)>>;

/// Returns the visible lines with values masked, without anything derived from them.
pub fn shown_masked(
    reading: &DocumentView,
    document: &Document,
    window: Viewport,
) -> Vec<VisibleLines> {
    let lines = lines(reading, document, window, None, &Tokens::new());
    let mask = |shown: VisibleLines| VisibleLines { line: shown.line.masked_with_names(), ..shown };
    lines.into_iter().map(mask).collect()
}

/// Returns the visible lines, styled with the known tokens.
pub fn highlighted(
    reading: &DocumentView,
    document: &Document,
    window: Viewport,
    zone: &TimeZone,
    tokens: &Tokens,
) -> Vec<VisibleLines> {
    lines(reading, document, window, Some(zone), tokens)
}

/// Returns the visible lines. Without a time zone, times are not explained.
fn lines(
    reading: &DocumentView,
    document: &Document,
    window: Viewport,
    zone: Option<&TimeZone>,
    tokens: &Tokens,
) -> Vec<VisibleLines> {
    let mut lines = Vec::with_capacity(window.height);
    for visible in reading.top.. {
        let Some(row) = reading.folds.absolute(document, visible) else { break };
        if window.wrap {
            let skipped = if visible == reading.top { reading.skipped } else { 0 };
            let room = window.height - lines.len();
            let parts = wrapped(reading, document, row, window.width, skipped, room, tokens);
            lines.extend(parts.into_iter().map(|line| VisibleLines { row, line, left: 0 }));
        } else {
            let (mut line, left) = one_line(reading, document, row, window.width);
            if left == reading.left && document.row(row).is_some_and(|row| row.len() <= LONG) {
                restyle(std::slice::from_mut(&mut line), document, row, tokens);
            }
            let line = match zone {
                Some(zone) => {
                    let room = if left == 0 { window.width } else { usize::MAX };
                    with_hint(with_time(line, document, row, zone), document, row, room)
                }
                None => line,
            };
            lines.push(VisibleLines { row, line, left });
        }
        if lines.len() >= window.height {
            break;
        }
    }
    lines.truncate(window.height);
    lines
}

/// Returns the number of lines into which a row wraps.
pub(super) fn line_count(
    reading: &DocumentView,
    document: &Document,
    row: usize,
    width: usize,
) -> usize {
    let Some(found) = of(reading, document, row) else { return 1 };
    if found.len() > LONG {
        return found.len().div_ceil(long_width(width));
    }
    let indent = found.indent;
    marked(reading, &found).wrap(width.max(1), indent).len()
}

/// Returns the bytes of a line of a long row.
fn long_width(width: usize) -> usize {
    width.max(4)
}

/// Wraps a row into lines of at most `width` columns and returns `room` of them after the first
/// `skipped`.
fn wrapped(
    reading: &DocumentView,
    document: &Document,
    row: usize,
    width: usize,
    skipped: usize,
    room: usize,
    tokens: &Tokens,
) -> Vec<StyledLine> {
    let Some(found) = of(reading, document, row) else { return Vec::new() };
    if found.len() <= LONG {
        let indent = found.indent;
        let mut lines = marked(reading, &found).wrap(width.max(1), indent);
        restyle(&mut lines, document, row, tokens);
        return lines.into_iter().skip(skipped).take(room).collect();
    }
    let width = long_width(width);
    let last = found.len().div_ceil(width);
    let part = |at: usize| {
        let rest = without(found.clone(), at * width);
        // Both ends are at characters.
        let before = found.len() - rest.len();
        let line = rest.clipped(((at + 1) * width).saturating_sub(before));
        marked(reading, &line)
    };
    (skipped..last.min(skipped.saturating_add(room))).map(part).collect()
}

/// Renders a row as one line, clipped to about the screen. Also returns the columns still to clip
/// on the left.
fn one_line(
    reading: &DocumentView,
    document: &Document,
    row: usize,
    width: usize,
) -> (StyledLine, usize) {
    let Some(found) = of(reading, document, row) else { return (StyledLine::default(), 0) };
    let left = reading.left;
    // If every byte is one column, the bytes before the screen can be skipped. Far to the right of
    // others, bytes are taken for columns, because measuring them takes too long.
    let (cut, left) = match left {
        ..=LONG => (0, left),
        _ if is_plain(&found, left) => (left - LONG / 2, LONG / 2),
        _ => (left, 0),
    };
    let rest = without(found, cut);
    // A column takes at most four bytes, except for combining characters, and those are cut.
    let most = (left + width).saturating_mul(4).saturating_add(64);
    (marked(reading, &rest.clipped(most)), left)
}

fn of<'d>(reading: &DocumentView, document: &'d Document, row: usize) -> Option<DisplayRow<'d>> {
    if reading.folds.is_folded(row) { document.folded_row(row) } else { document.row(row) }
}

/// Returns true if each of the first `bytes` bytes takes one column.
fn is_plain(row: &DisplayRow<'_>, bytes: usize) -> bool {
    let mut left = bytes.saturating_sub(row.indent);
    row.pieces.iter().all(|piece| {
        let part = piece.text.as_bytes().get(..left.min(piece.text.len())).unwrap_or_default();
        left -= part.len();
        // Testing all bytes of a chunk is faster than stopping at the first other one.
        part.chunks(LONG).all(|chunk| {
            work::count(1);
            chunk.iter().fold(true, |all, byte| all & (0x20..0x7f).contains(byte))
        })
    })
}

/// Removes the first bytes of a row.
fn without(mut row: DisplayRow<'_>, bytes: usize) -> DisplayRow<'_> {
    let mut left = bytes;
    let indent = row.indent.min(left);
    row.indent -= indent;
    left -= indent;
    for piece in &mut row.pieces {
        if left == 0 {
            break;
        }
        let cut = piece.text.floor_char_boundary(left.min(piece.text.len()));
        left -= left.min(piece.text.len());
        piece.at = piece.at.map(|at| at + cut);
        piece.text = match std::mem::take(&mut piece.text) {
            std::borrow::Cow::Borrowed(text) => text.get(cut..).unwrap_or_default().into(),
            std::borrow::Cow::Owned(text) => text.get(cut..).unwrap_or_default().to_owned().into(),
        };
    }
    row.pieces.retain(|piece| !piece.text.is_empty());
    row
}

/// Styles a row by its spans and search matches.
fn marked(reading: &DocumentView, shown: &DisplayRow<'_>) -> StyledLine {
    let mut line = StyledLine::default();
    if shown.indent > 0 {
        line = line.with(StyleClass::Plain, " ".repeat(shown.indent));
    }
    let search = reading.finding.as_ref().map(|finding| &finding.search);
    for piece in &shown.pieces {
        let role = role(piece.kind);
        let mut from = 0;
        // Only the hits in the visible part: a long or folded row may have a million.
        let bytes = piece.at.map(|at| at..at + piece.text.len());
        let hits = search.zip(bytes).into_iter();
        for hit in hits.flat_map(|(search, bytes)| search.hits_between(bytes)) {
            let at = piece.at.unwrap_or_default();
            let (start, stop) = (hit.start.max(at) - at, (hit.end - at).min(piece.text.len()));
            let start = start.max(from);
            line = with_part(line, role, &piece.text, from..start);
            line = with_part(line, StyleClass::Found, &piece.text, start..stop);
            from = stop;
        }
        line = with_part(line, role, &piece.text, from..piece.text.len());
    }
    line
}

/// Styles plain text by its tokens; search matches keep their style.
///
/// The lines are matched with the text character by character, because wrapping inserts indents and
/// drops spaces. Text that was cut off has no tokens.
fn restyle(lines: &mut [StyledLine], document: &Document, row: usize, tokens: &Tokens) {
    let (Some(tokens), Some(text)) = (tokens.get(&row), document.line(row)) else { return };
    let ends = tokens.iter().skip(1).map(|(start, _)| *start).chain([text.len()]);
    let roles: Vec<(char, StyleClass)> = tokens
        .iter()
        .zip(ends)
        .filter_map(|((start, role), end)| Some((escape(text.get(*start..end)?), *role)))
        .flat_map(|(part, role)| part.chars().map(move |one| (one, role)).collect::<Vec<_>>())
        .collect();
    let mut rest = roles.as_slice();
    for line in lines {
        let mut restyled = StyledLine::default();
        for span in line.spans() {
            let mut from = 0;
            let mut now = span.role;
            for (at, character) in span.text().char_indices() {
                let role = match next(&mut rest, character) {
                    Some(role) if span.role == StyleClass::Text => role,
                    _ => span.role,
                };
                if role != now {
                    restyled = with_part(restyled, now, span.text(), from..at);
                    (from, now) = (at, role);
                }
            }
            restyled = with_part(restyled, now, span.text(), from..span.text().len());
        }
        *line = restyled;
    }
}

/// Returns the style of the next character, skipping dropped spaces; none for an inserted
/// character.
fn next(rest: &mut &[(char, StyleClass)], character: char) -> Option<StyleClass> {
    let blanks = if character.is_whitespace() {
        0
    } else {
        rest.iter().take_while(|(one, _)| one.is_whitespace()).count()
    };
    let (one, role) = rest.get(blanks)?;
    if *one != character {
        return None;
    }
    *rest = rest.get(blanks + 1..).unwrap_or_default();
    Some(*role)
}

fn with_part(
    line: StyledLine,
    role: StyleClass,
    text: &str,
    part: std::ops::Range<usize>,
) -> StyledLine {
    match text.get(part) {
        Some(text) if !text.is_empty() => line.with(role, text),
        _ => line,
    }
}

/// Appends the meaning of a Unix time to its number.
fn with_time(line: StyledLine, document: &Document, row: usize, zone: &TimeZone) -> StyledLine {
    let Some(at) = document.node(row).and_then(|node| node.instant()) else { return line };
    let time = at.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M:%S");
    line.with(StyleClass::Dim, format!("  {time}"))
}

/// Appends the encoding of a string that can be decoded. A long string is shortened, so that the
/// encoding is on the screen.
fn with_hint(line: StyledLine, document: &Document, row: usize, room: usize) -> StyledLine {
    let Some(label) = document.hint(row) else { return line };
    let label = format!("  ▸ {label}");
    let columns = label.chars().count();
    let line = match room.checked_sub(columns + 1) {
        Some(rest) if rest > columns && line.width() + columns > room => {
            line.truncated(rest).with(StyleClass::Dim, "…")
        }
        _ => line,
    };
    line.with(StyleClass::Dim, label)
}

/// Returns the style of a span.
pub(in crate::app) fn role(kind: SpanKind) -> StyleClass {
    match kind {
        SpanKind::Blank => StyleClass::Plain,
        SpanKind::Key | SpanKind::Tag => StyleClass::Name,
        SpanKind::String | SpanKind::Text => StyleClass::Text,
        SpanKind::Number => StyleClass::Number,
        SpanKind::Literal => StyleClass::Literal,
        SpanKind::Punctuation | SpanKind::Remark => StyleClass::Dim,
        SpanKind::Error => StyleClass::Bad,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::StyledSpan;
    use crate::app::action::Move;

    fn shown(
        reading: &DocumentView,
        document: &Document,
        window: Viewport,
        zone: &TimeZone,
    ) -> Vec<VisibleLines> {
        highlighted(reading, document, window, zone, &Tokens::new())
    }

    fn text(line: &StyledLine) -> String {
        line.spans().iter().map(StyledSpan::text).collect()
    }

    #[test]
    fn keys_values_and_matches_are_styled() {
        let document = Document::new(r#"{"a":"a tiger","b":[1,null]}"#.into(), None, None);
        let mut reading = DocumentView::default();
        reading.find(&document, "tig", 1).unwrap();
        let window = Viewport { width: 80, height: 9, wrap: false };
        let lines = shown(&reading, &document, window, &TimeZone::UTC);
        let spans: Vec<(StyleClass, String)> = lines
            .iter()
            .flat_map(|line| line.line.spans())
            .map(|span| (span.role, span.text().trim().to_owned()))
            .collect();
        for (role, text) in [
            (StyleClass::Name, "a"),
            (StyleClass::Text, "a"),
            (StyleClass::Found, "tig"),
            (StyleClass::Text, "er"),
            (StyleClass::Number, "1"),
            (StyleClass::Literal, "null"),
        ] {
            assert!(spans.contains(&(role, text.to_owned())), "{text}: {spans:?}");
        }
    }

    #[test]
    fn tokens_keep_their_style_across_wraps_and_matches() {
        let body = "<b>one two\u{1b} three</b>";
        let document = Document::new(body.into(), Some("text/html"), None);
        let tags = [(0, StyleClass::Name), (3, StyleClass::Text), (18, StyleClass::Name)];
        let tokens = Tokens::from([(0, tags.to_vec())]);
        let mut reading = DocumentView::default();
        reading.find(&document, "hree</", 1).unwrap();
        for (width, wrap) in [(80, false), (80, true), (9, true)] {
            let window = Viewport { width, height: 9, wrap };
            let seen = |tokens| {
                let lines = highlighted(&reading, &document, window, &TimeZone::UTC, tokens);
                let spans = lines.iter().flat_map(|line| line.line.spans().to_vec());
                let mut joined: Vec<(StyleClass, String)> = Vec::new();
                for span in spans.filter(|span| !span.text().trim().is_empty()) {
                    match joined.last_mut() {
                        Some(last) if last.0 == span.role => last.1.push_str(span.text().trim()),
                        _ => joined.push((span.role, span.text().trim().to_owned())),
                    }
                }
                joined
                    .into_iter()
                    .map(|(role, text)| (role, text.replace(' ', "")))
                    .collect::<Vec<_>>()
            };
            let expected: Vec<(StyleClass, String)> = [
                (StyleClass::Name, "<b>"),
                (StyleClass::Text, "onetwo\\x1bt"),
                (StyleClass::Found, "hree</"),
                (StyleClass::Name, "b>"),
            ]
            .map(|(role, text)| (role, text.to_owned()))
            .to_vec();
            assert_eq!(seen(&tokens), expected, "{width}");
            let plain = Tokens::new();
            assert_eq!(seen(&plain).len(), 3, "{width}");
        }
    }

    #[test]
    fn unix_time_is_shown_after_its_number() {
        let document = Document::new(r#"{"at":1800000000}"#.into(), None, None);
        let window = Viewport { width: 80, height: 9, wrap: false };
        let lines = shown(&DocumentView::default(), &document, window, &TimeZone::UTC);
        assert_eq!(text(&lines[1].line).trim(), "\"at\": 1800000000  2027-01-15 08:00:00");
    }

    #[test]
    fn a_string_that_can_be_decoded_says_so() {
        let document = Document::new(r#"{"at":"eyJhIjoxfQ=="}"#.into(), None, None);
        let window = Viewport { width: 80, height: 9, wrap: false };
        let lines = shown(&DocumentView::default(), &document, window, &TimeZone::UTC);
        assert_eq!(text(&lines[1].line).trim(), "\"at\": \"eyJhIjoxfQ==\"  ▸ base64 → JSON");
    }

    #[test]
    fn a_screen_of_a_huge_row_is_made_of_that_screen_alone() {
        let body = "x\u{1b}é ".repeat(4 << 20);
        let document = Document::new(body.into(), Some("text/plain"), None);
        let mut reading = DocumentView::default();
        for wrap in [true, false] {
            let window = Viewport { width: 80, height: 40, wrap };
            for step in [Move::Down, Move::PageDown, Move::Last, Move::PageUp, Move::First] {
                reading.travel(&document, window, step);
                reading.settle(&document, window);
                let lines = shown(&reading, &document, window, &TimeZone::UTC);
                let bytes: usize = lines.iter().map(|line| text(&line.line).len()).sum();
                assert!(lines.len() <= 40 && bytes <= 64 << 10, "{wrap} {step:?}: {bytes}");
            }
        }
    }

    #[test]
    fn long_rows_are_clipped_and_wrapped_without_loss() {
        let body: &'static str =
            Box::leak(format!("é{}", "0123456789".repeat(9000)).into_boxed_str());
        let document = Document::new(body.into(), Some("text/plain"), None);
        let mut reading = DocumentView::default();
        let lines = wrapped(&reading, &document, 0, 80, 0, usize::MAX, &Tokens::new());
        assert_eq!(lines.len(), line_count(&reading, &document, 0, 80));
        assert_eq!(lines.iter().map(text).collect::<String>(), body);
        assert!(lines.iter().all(|line| line.width() <= 80));
        let plain: &'static str = body.strip_prefix("é").unwrap();
        let document = Document::new(plain.into(), Some("text/plain"), None);
        reading.left = 80_003;
        let window = Viewport { width: 10, height: 1, wrap: false };
        let lines = shown(&reading, &document, window, &TimeZone::UTC);
        let seen: String = text(&lines[0].line).chars().skip(lines[0].left).take(10).collect();
        assert_eq!(seen, "3456789012");
        assert!(text(&lines[0].line).len() < 2 * LONG + 200);
    }
}
