//! Styled lines of the tabs that are not documents. Documents have theirs in
//! [`crate::payload::Document`].

pub(crate) mod badges;
pub(crate) mod cells;
pub(crate) mod diff;
mod headers;
pub(crate) mod help;
pub(crate) mod responses;
mod signature;
mod timeline;
pub(crate) mod welcome;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::action::Action;
use super::columns::{self, ColumnPlacement, placed};
use super::detail::Loaded;
use super::document_view::Viewport;
use super::layout::{Areas, Focus};
use super::model::Model;
use super::style::{StyleClass, StyledLine};
use super::tab::{TABS, Tab, TabContent, TabRow};
use crate::delivery::SignatureStatus;
use crate::filter::term;

/// Width of the labels on the left, and indentation of wrapped lines.
const LABEL: usize = 10;

/// Line of a pane, with the value and the filter that the cursor selects on it.
#[derive(Debug, Clone, Default)]
pub(crate) struct PaneLine {
    pub line: StyledLine,
    /// Value that is copied.
    pub value: Option<PaneValue>,
    /// Term by which the list is filtered.
    pub filter: Option<PaneFilter>,
    /// Indentation of the wrapped line, if it differs from the pane's.
    indent: Option<usize>,
}

/// Field of a filter and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PaneFilter {
    field: String,
    value: String,
    is_pattern: bool,
}

impl PaneFilter {
    fn new(field: &str, value: &str) -> Self {
        Self { field: field.to_owned(), value: value.to_owned(), is_pattern: false }
    }

    /// Creates a filter from a value that is already spelled as a pattern.
    fn pattern(field: &str, value: String) -> Self {
        Self { field: field.to_owned(), value, is_pattern: true }
    }

    /// Returns the term, or its negation.
    pub(crate) fn term(&self, negated: bool) -> String {
        let Self { field, value, is_pattern } = self;
        match (is_pattern, negated) {
            (false, _) => term(field, value, negated),
            (true, false) => format!("{field}:{value}"),
            (true, true) => format!("{field}:!{value}"),
        }
    }
}

/// Value of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PaneValue {
    Text(String),
    /// The signed payload, of which the line shows a part.
    SignedPayload,
}

impl PaneLine {
    fn of(line: StyledLine, value: impl Into<String>) -> Self {
        Self { value: Some(PaneValue::Text(value.into())), ..Self::from(line) }
    }
}

impl PaneLine {
    /// Indents the rest of the line by some columns when it is wrapped.
    fn indented(line: StyledLine, columns: usize) -> Self {
        Self { indent: Some(columns), ..Self::from(line) }
    }
}

impl From<StyledLine> for PaneLine {
    fn from(line: StyledLine) -> Self {
        Self { line, ..Self::default() }
    }
}

fn plain(lines: Vec<StyledLine>) -> Vec<PaneLine> {
    lines.into_iter().map(PaneLine::from).collect()
}

/// Content of a tab of lines.
struct Pane {
    tab: Tab,
    /// Returns the lines for a width in columns, not wrapped yet.
    lines: fn(&Model, &Loaded, usize) -> Vec<PaneLine>,
    /// Columns by which the rest of a wrapped line is indented.
    indent: usize,
    /// Returns the summary for the line of tabs.
    facts: fn(&Loaded) -> String,
}

/// Every tab whose content is [`super::tab::TabContent::Lines`].
const PANES: [Pane; 3] = [
    Pane {
        tab: Tab::Headers,
        lines: headers::lines,
        indent: LABEL,
        facts: |loaded| format!("{} headers ", loaded.delivery.head.headers.len()),
    },
    Pane { tab: Tab::Signature, lines: signature::lines, indent: LABEL, facts: |_| String::new() },
    Pane {
        tab: Tab::Timeline,
        lines: timeline::lines,
        indent: timeline::INDENT,
        facts: |loaded| format!("delivery {} ", loaded.delivery.summary.id),
    },
];

/// Returns the pane of a tab with the loaded delivery; none for other content.
fn pane_of(model: &Model, tab: Tab) -> Option<(Pane, &Loaded)> {
    let loaded = model.detail.loaded.as_deref()?;
    let pane = PANES.into_iter().find(|pane| pane.tab == tab)?;
    Some((pane, loaded))
}

/// Returns the lines of the selected tab, wrapped to `width` columns; none for other content.
pub(crate) fn lines(model: &Model, width: usize) -> Vec<PaneLine> {
    lines_of(model, model.detail.tab, width)
}

/// Returns the lines of a tab, wrapped to `width` columns; none for other content.
pub(crate) fn lines_of(model: &Model, tab: Tab, width: usize) -> Vec<PaneLine> {
    let Some((pane, loaded)) = pane_of(model, tab) else { return Vec::new() };
    let note = loaded.delivery.summary.annotations.note.as_ref();
    let note = note.map(|note| StyledLine::new(StyleClass::Accent, format!("✎ {note}")));
    let lines = note.into_iter().map(PaneLine::from).chain((pane.lines)(model, loaded, width));
    let mask = |line: StyledLine| match (model.is_masked(), pane.tab == Tab::Headers) {
        (false, _) => line,
        (true, false) => line.masked(),
        (true, true) => line.masked_with_names(),
    };
    let wrapped = lines.flat_map(|shown| {
        let indent = shown.indent.unwrap_or(pane.indent);
        let lines = mask(shown.line.clone()).wrap(width, indent).into_iter();
        lines.map(move |line| PaneLine { line, ..shown.clone() })
    });
    wrapped.collect()
}

/// Columns next to the tabs: for any summary, for the result of a search, and for the end of the path of
/// the cursor.
const SUMMARY: u16 = 28;
const FOUND: u16 = 20;
const PATH: u16 = 16;

/// Returns the label and the area of each tab in the line of tabs: the longest labels that leave room
/// for what is next to them, with their keys if possible.
pub(crate) fn tab_places(model: &Model, line: Rect) -> Vec<(Tab, String, Rect)> {
    let finding = model.detail.reading().and_then(|(_, reading)| reading.finding.as_ref());
    let has_cursor =
        model.focus == Focus::Detail && model.detail.tab.content() != TabContent::Lines;
    let room = match finding {
        Some(_) => FOUND,
        None if has_cursor => PATH,
        None => 0,
    };
    let title = |row: &TabRow| row.title.to_owned();
    let numbered = |row: &TabRow| match model.keymap.key_of(Action::Show(row.tab)) {
        Some(key) => format!("{key} {}", row.title),
        None => title(row),
    };
    let width = |label: &str| u16::try_from(label.width()).unwrap_or(u16::MAX).saturating_add(2);
    let fits = |labels: &[String], room: u16| {
        let used = labels.iter().map(|label| width(label)).fold(2, u16::saturating_add);
        used.saturating_add(room) <= line.width
    };
    let numbered: Vec<String> = TABS.iter().map(numbered).collect();
    let full: Vec<String> = TABS.iter().map(title).collect();
    let all = [(numbered, SUMMARY), (full, room)];
    let labels = all.into_iter().find(|(labels, room)| fits(labels, *room));
    let labels = labels.map(|(labels, _)| labels);
    let short = || TABS.iter().map(|row| row.short.to_owned()).collect();
    let mut x = line.x.saturating_add(1);
    let place = |(row, label): (&TabRow, String)| {
        let place = Rect { x, width: width(&label), ..line }.intersection(line);
        x = x.saturating_add(width(&label));
        (row.tab, label, place)
    };
    TABS.iter().zip(labels.unwrap_or_else(short)).map(place).collect()
}

/// Returns the summary of the selected tab for the line of tabs.
pub(crate) fn facts(model: &Model) -> String {
    let pane = pane_of(model, model.detail.tab);
    pane.map(|(pane, loaded)| (pane.facts)(loaded)).unwrap_or_default()
}

/// Returns the value under the cursor of a tab of lines.
pub(crate) fn value(model: &Model) -> Option<PaneValue> {
    let width = usize::from(model.areas()?.detail.width.saturating_sub(1));
    lines(model, width).into_iter().nth(model.detail.cursor())?.value
}

/// Returns the term for the line under the cursor of a tab of lines.
pub(crate) fn filter(model: &Model) -> Option<PaneFilter> {
    let width = usize::from(model.areas()?.detail.width.saturating_sub(1));
    lines(model, width).into_iter().nth(model.detail.cursor())?.filter
}

/// Returns the number of lines of the selected tab at a width of `width` columns.
pub(crate) fn line_count(model: &Model, width: usize) -> usize {
    lines(model, width).len()
}

/// Returns glyph and style of a verdict. The glyph identifies it without color.
pub(crate) fn sign_of(status: SignatureStatus) -> (char, StyleClass) {
    match status {
        SignatureStatus::Verified => ('✓', StyleClass::Good),
        SignatureStatus::Mismatch => ('✗', StyleClass::Bad),
        SignatureStatus::Malformed => ('!', StyleClass::Bad),
        SignatureStatus::Missing => ('?', StyleClass::Warn),
        SignatureStatus::Expired => ('⧗', StyleClass::Warn),
        SignatureStatus::Unchecked => ('·', StyleClass::Dim),
    }
}

/// Formats the time of day, to the millisecond.
pub(crate) fn precise(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned_datetime(zone.clone()).strftime("%H:%M:%S%.3f").to_string()
}

/// Formats the time of day; on another day, the date as well, as far as it fits `width` columns.
pub(crate) fn clock(model: &Model, at: Timestamp, width: usize) -> String {
    let then = at.to_zoned_datetime(model.zone.clone());
    let format = match width {
        _ if is_today(model, at) => "%H:%M:%S",
        columns::DATE_AND_TIME.. => "%Y-%m-%d %H:%M",
        columns::DAY_AND_TIME.. => "%d %b %H:%M",
        _ => "%d %b",
    };
    then.strftime(format).to_string()
}

fn is_today(model: &Model, at: Timestamp) -> bool {
    let day = |at: Timestamp| at.to_zoned_datetime(model.zone.clone()).date();
    day(at) == day(model.now)
}

/// Places the columns of the list.
pub(crate) fn list_columns(model: &Model, areas: &Areas) -> Vec<ColumnPlacement> {
    placed(&model.columns, usize::from(areas.list.width), &model.content)
}

/// Renders a label and its text in two columns.
fn labelled(label: &str, role: StyleClass, text: impl AsRef<str>) -> StyledLine {
    StyledLine::new(StyleClass::Dim, format!("{label:<LABEL$}")).with(role, text)
}

/// Returns the part of the screen for a document; a note above it takes a line.
pub(crate) fn viewport(model: &Model) -> Option<Viewport> {
    let areas = model.areas()?;
    let note = note_lines(model, usize::from(areas.detail.width.saturating_sub(2))).len();
    Some(Viewport {
        width: usize::from(areas.detail.width.saturating_sub(2)),
        height: usize::from(areas.detail.height).saturating_sub(note),
        wrap: model.flags.wrapped,
    })
}

/// Maximum number of lines of the note above a document.
const NOTE: usize = 3;

/// Returns the note above the document in lines of `width` columns.
pub(crate) fn note_lines(model: &Model, width: usize) -> Vec<StyledLine> {
    let Some(note) = note(model) else { return Vec::new() };
    let is_wrong = model.detail.loaded.as_deref().is_some_and(|loaded| {
        loaded.delivery.summary.request.refused.is_some() || loaded.document.is_damaged()
    });
    // A description of the body must not look like a warning.
    let role = if is_wrong { StyleClass::Warn } else { StyleClass::Dim };
    let mut lines = StyledLine::new(role, note).wrap(width, 2);
    lines.truncate(NOTE);
    lines
}

/// Returns the note above the document, if there is one.
pub(crate) fn note(model: &Model) -> Option<String> {
    let loaded = model.detail.loaded.as_deref()?;
    let own = loaded.delivery.summary.annotations.note.as_ref().map(|note| format!("✎ {note}"));
    let of_body = (model.detail.tab == Tab::Payload)
        .then(|| note_on_body(loaded, model.detail.is_hex()).map(ToOwned::to_owned))
        .flatten();
    let notes: Vec<String> = own.into_iter().chain(of_body).collect();
    (!notes.is_empty()).then(|| notes.join("; "))
}

/// Returns why the payload is absent, or not shown as its type suggests.
fn note_on_body(loaded: &Loaded, hex: bool) -> Option<&str> {
    match &loaded.delivery.summary.request.refused {
        Some(refusal) => Some(&refusal.reason),
        None if hex => Some("body in hex, as received"),
        None => loaded.document.note(),
    }
}

/// Returns the line that explains a refused delivery.
fn refused(loaded: &Loaded) -> Option<StyledLine> {
    let refusal = loaded.delivery.summary.request.refused.as_ref()?;
    Some(labelled("refused", StyleClass::Bad, format!("{} ({})", refusal.reason, refusal.code)))
}
