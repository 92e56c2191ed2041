//! Texts of the cells of the list, and their widths.

use unicode_width::UnicodeWidthStr as _;

use super::{clock, sign_of};
use crate::app::columns::{ContentWidths, ListColumn};
use crate::app::index::ListRow;
use crate::app::model::Model;
use crate::app::style::StyleClass;
use crate::delivery::UNKNOWN_PROVIDER;
use crate::payload::escape;
use crate::units;

/// Width of a verdict from which a truncated cause is more useful than the verdict.
const CAUSE: usize = 12;

/// Measures the rows on a screen of `height` lines.
pub(in crate::app) fn measure(model: &Model, height: usize, widths: &mut ContentWidths) {
    for (row, _) in model.list.window(height) {
        for column in &model.columns {
            let (_, text) = text(model, &row, *column, usize::MAX);
            widths.note(*column, escape(&text).width());
        }
    }
}

/// Maximum bytes of a cell that are looked at; no column is that wide.
const MAX_CELL: usize = 1 << 10;

/// Returns the beginning of a text, as far as a cell may show it.
fn beginning(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_CELL)).unwrap_or(text)
}

/// Returns the text of a column for a delivery.
pub(crate) fn text(
    model: &Model,
    row: &ListRow<'_>,
    column: ListColumn,
    width: usize,
) -> (StyleClass, String) {
    match column {
        ListColumn::Id => (StyleClass::Dim, row.id.to_string()),
        ListColumn::Time => (StyleClass::Dim, clock(model, row.received_at, width)),
        ListColumn::Type => {
            let (role, kind) = kind(model, row);
            match model.list.deliveries_of_event(row.id) {
                count @ 2.. if model.list.is_grouped() => (role, format!("{count}× {kind}")),
                _ => (role, kind),
            }
        }
        ListColumn::Signature => {
            let (sign, role) = sign_of(row.status);
            // The cause includes the verdict, unless another column shows it.
            let is_shown = model.columns.contains(&ListColumn::Cause);
            let word = match row.cause {
                Some(cause) if !is_shown && width >= CAUSE => format!("{sign} {cause}"),
                _ if width > 1 => format!("{sign} {}", row.status),
                _ => sign.to_string(),
            };
            (role, word)
        }
        ListColumn::EventId => {
            let id = beginning(row.event_id.unwrap_or_default());
            (StyleClass::Dim, model.shown_value(id).into_owned())
        }
        ListColumn::Provider => (StyleClass::Plain, beginning(row.provider).to_owned()),
        ListColumn::Method => (StyleClass::Plain, beginning(row.method).to_owned()),
        ListColumn::Path => {
            (StyleClass::Plain, model.shown_value(beginning(row.target)).into_owned())
        }
        ListColumn::Cause => (StyleClass::Bad, beginning(row.cause.unwrap_or_default()).to_owned()),
        ListColumn::Source => (StyleClass::Dim, row.source.as_str().to_owned()),
        ListColumn::Via => (StyleClass::Plain, row.via.unwrap_or_default().to_owned()),
        ListColumn::Size => (StyleClass::Plain, units::format_size(row.body_size)),
        ListColumn::Answer => match row.response {
            Some(0) if row.client_gone => (StyleClass::Bad, "gone".to_owned()),
            Some(0) => (StyleClass::Bad, "none".to_owned()),
            Some(status) if status >= 400 => (StyleClass::Bad, status.to_string()),
            Some(status) => (StyleClass::Plain, status.to_string()),
            None if model.routing.is_held(row.id) => (StyleClass::Warn, "paused".to_owned()),
            None => (StyleClass::Dim, "…".to_owned()),
        },
        ListColumn::Latency => {
            (StyleClass::Dim, row.waited.map(units::format_duration).unwrap_or_default())
        }
    }
}

/// Returns the event type or, if absent, the method and path.
fn kind(model: &Model, row: &ListRow<'_>) -> (StyleClass, String) {
    let target = model.shown_value(beginning(row.target));
    let method = beginning(row.method);
    if let Some(code) = row.refused {
        return (StyleClass::Bad, format!("⊘ {} {method} {target}", beginning(code)));
    }
    match row.kind.map(beginning) {
        // A guess.
        Some(kind) if row.provider == UNKNOWN_PROVIDER => {
            (StyleClass::Plain, format!("{}?", model.shown_name(kind)))
        }
        Some(kind) => (StyleClass::Strong, model.shown_name(kind).into_owned()),
        None => (StyleClass::Plain, format!("{method} {target}")),
    }
}
