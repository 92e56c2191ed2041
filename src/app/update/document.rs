//! Actions in a document: the payload, or the raw request.

use super::notify;
use crate::app::action::{Copyable, Direction, DocumentAction, Fold, Move};
use crate::app::document_view::{DocumentView, Viewport};
use crate::app::effect::Effect;
use crate::app::model::{HelpPage, Mode, Model};
use crate::app::notice::Notice;
use crate::app::pane;
use crate::app::style::{StyleClass, StyledLine};
use crate::app::tab::Tab;
use crate::filter::path_term;
use crate::payload::path::{PathStep, PayloadPath};
use crate::payload::{Document, Node};
use crate::units;

/// Maximum size of a string shown without its escapes, because the page wraps it as a whole.
const UNESCAPED: usize = 64 << 10;

/// Columns per horizontal scroll step.
const SIDEWAYS: usize = 8;

/// Runs a function on the current document.
fn read<R>(
    model: &mut Model,
    go: impl FnOnce(&Document, &mut DocumentView, Viewport) -> R,
) -> Option<R> {
    let window = pane::viewport(model)?;
    model.detail.read(|document, reading| go(document, reading, window))
}

pub(super) fn travel(model: &mut Model, step: Move) -> Vec<Effect> {
    if step == Move::Right
        && let Some(decode) = model.detail.decode()
    {
        return vec![decode];
    }
    move_by(model, step);
    Vec::new()
}

fn move_by(model: &mut Model, step: Move) {
    read(model, |document, reading, window| match step {
        Move::Left => reading.collapse(document),
        Move::Right => reading.expand(document),
        Move::Up
        | Move::Down
        | Move::PageUp
        | Move::PageDown
        | Move::HalfPageUp
        | Move::HalfPageDown
        | Move::First
        | Move::Last => {
            reading.travel(document, window, step);
        }
    });
}

pub(super) fn scroll(model: &mut Model, by: isize) {
    let step = if by < 0 { Move::Up } else { Move::Down };
    for _ in 0..by.unsigned_abs() {
        move_by(model, step);
    }
}

pub(super) fn select_line(model: &mut Model, line: usize) {
    let Some(areas) = model.areas() else { return };
    let width = usize::from(areas.detail.width.saturating_sub(2));
    let note = pane::note_lines(model, width).len();
    let Some(line) = line.checked_sub(note) else { return };
    read(model, |document, reading, window| reading.select_line(document, window, line));
}

fn fold(model: &mut Model, fold: Fold) -> Vec<Effect> {
    if fold == Fold::Toggle
        && let Some(decode) = model.detail.decode()
    {
        return vec![decode];
    }
    read(model, |document, reading, _| reading.fold(document, fold));
    Vec::new()
}

fn sibling(model: &mut Model, turn: Direction) {
    read(model, |document, reading, _| reading.sibling(document, turn));
}

fn same_key(model: &mut Model, turn: Direction) {
    let found = read(model, |document, reading, _| reading.same_key(document, turn));
    if found == Some(false) {
        notify(model, Notice::info("No other value with this key"));
    }
}

fn sideways(model: &mut Model, turn: Direction) {
    read(model, |document, reading, window| {
        let row = document.row(reading.cursor);
        let last = row.map_or(0, |row| row.len()).saturating_sub(window.width / 2);
        reading.left = match turn {
            Direction::Next => (reading.left + SIDEWAYS).min(last.max(reading.left)),
            Direction::Previous => reading.left.saturating_sub(SIDEWAYS),
        };
    });
}

fn hit(model: &mut Model, turn: Direction) {
    let found = read(model, |document, reading, _| reading.hit(document, turn));
    if found == Some(false) {
        notify(model, Notice::info("No search yet: / searches"));
    }
}

/// Copies the text under the cursor, or explains why it cannot.
pub(super) fn copy(model: &mut Model, what: Copyable) -> Vec<Effect> {
    let text = with_node(model, |node, path| match what {
        Copyable::Key => node.key().map(std::borrow::Cow::into_owned),
        Copyable::Path => Some(path?.filter()),
        Copyable::JqPath => Some(path?.jq()),
        Copyable::Subtree => Some(node.source().to_owned()),
        Copyable::Value => Some(value(node)),
        Copyable::As { .. }
        | Copyable::SignedPayload
        | Copyable::ExpectedSignature
        | Copyable::Address => None,
    });
    match text {
        Some(text) if !text.is_empty() => vec![Effect::CopyText { text, what }],
        _ => {
            let why = format!("Nothing copied: no {} under the cursor", what.title());
            notify(model, Notice::info(why));
            Vec::new()
        }
    }
}

/// Runs a function on the value under the cursor and its path, unless that is too long.
fn with_node<R>(
    model: &Model,
    go: impl FnOnce(Node<'_>, Option<PayloadPath>) -> Option<R>,
) -> Option<R> {
    let (document, reading) = model.detail.reading()?;
    go(document.node(reading.cursor)?, document.path(reading.cursor))
}

/// Returns a value; a string without quotes and escapes.
fn value(node: Node<'_>) -> String {
    node.string().map_or_else(|| node.source().to_owned(), std::borrow::Cow::into_owned)
}

/// Builds a filter term for the value under the cursor, or its negation; none if the value cannot
/// be compared.
pub(super) fn term(model: &Model, negated: bool) -> Option<String> {
    with_node(model, |node, path| {
        let steps: Vec<String> = path?
            .0
            .into_iter()
            .map(|step| match step {
                PathStep::Key(key) => key,
                PathStep::Index(index) => index.to_string(),
            })
            .collect();
        let scalar = !node.kind().is_open() && !steps.is_empty();
        scalar.then(|| path_term(&steps, &value(node), negated))
    })
}

/// Shows the string under the cursor line by line, unescaped.
fn unescaped(model: &mut Model) {
    let shown = with_node(model, |node, path| {
        let text = node.string()?;
        let shown = text.get(..text.floor_char_boundary(UNESCAPED)).unwrap_or_default();
        let lines = shown.lines().map(|line| StyledLine::new(StyleClass::Text, line));
        let more = text.len() - shown.len();
        let more = (more > 0).then(|| {
            let size = units::format_size(more as u64);
            StyledLine::new(StyleClass::Dim, format!("… {size} more; y v copies the whole string"))
        });
        let lines = lines.chain(more).collect();
        let title = path.map_or_else(|| "…".to_owned(), |path| path.breadcrumb());
        Some(HelpPage::new(title, lines))
    });
    match shown {
        Some(page) => model.mode = Mode::Page(page),
        None => notify(model, Notice::info("No string under the cursor")),
    }
}

/// Runs an action on the document.
pub(super) fn act(model: &mut Model, what: DocumentAction) -> Vec<Effect> {
    match what {
        DocumentAction::Fold(one) => return fold(model, one),
        DocumentAction::Sibling(turn) => sibling(model, turn),
        DocumentAction::SameKey(turn) => same_key(model, turn),
        DocumentAction::Sideways(turn) => sideways(model, turn),
        DocumentAction::Hit(turn) => hit(model, turn),
        DocumentAction::Unescaped => unescaped(model),
        DocumentAction::Wrap => {
            model.flags.wrapped = !model.flags.wrapped;
            let text = if model.flags.wrapped { "Lines wrap" } else { "Lines are truncated" };
            notify(model, Notice::info(format!("{text} at the edge of the screen")));
        }
        DocumentAction::Hex => {
            model.detail.show(Tab::Payload);
            model.detail.toggle_hex();
        }
    }
    Vec::new()
}
