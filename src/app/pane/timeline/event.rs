//! Deliveries of the same event, with the time between them, and deliveries derived from one.

use jiff::Timestamp;

use super::{below, status_role};
use crate::app::detail::Loaded;
use crate::app::model::Model;
use crate::app::pane::{precise, sign_of};
use crate::app::style::{StyleClass, StyledLine};
use crate::delivery::{DeliveryId, Summary};
use crate::units;

/// Deliveries listed around the current one.
const AROUND: usize = 8;

pub(super) fn lines(model: &Model, loaded: &Loaded) -> Vec<StyledLine> {
    let (related, summary) = (&loaded.related, &loaded.delivery.summary);
    let mut lines = Vec::new();
    if let Some(later) = &loaded.overtaken {
        lines.push(below(StyledLine::new(
            StyleClass::Warn,
            format!(
                "! out of order: delivery {} of the same object arrived {} earlier but has a \
                 later time",
                later.id,
                units::format_gap(later.request.received_at, summary.request.received_at)
            ),
        )));
    }
    if related.of_event.len() > 1 {
        let count = related.of_event.len() + related.more;
        lines.push(StyledLine::default());
        lines.push(StyledLine::new(
            StyleClass::Strong,
            format!("Deliveries of this event: {}", units::format_count(count as u64)),
        ));
        lines.extend(listed(model, summary.id, &related.of_event, related.more));
    }
    if !related.edited.is_empty() {
        lines.push(StyledLine::default());
        lines.push(StyledLine::new(StyleClass::Strong, "Edited copies:"));
        lines
            .extend(related.edited.iter().take(2 * AROUND).map(|made| line(model, made, "", None)));
        lines.extend(more(related.edited.len().saturating_sub(2 * AROUND), "more"));
    }
    lines
}

/// Lists the deliveries around the current one, each with the time since the previous one.
fn listed(model: &Model, id: DeliveryId, all: &[Summary], unlisted: usize) -> Vec<StyledLine> {
    let at = all.iter().position(|one| one.id == id).unwrap_or(0);
    let (from, to) = (at.saturating_sub(AROUND), (at + AROUND + 1).min(all.len()));
    let shown = all.get(from..to).unwrap_or_default();
    let mut lines: Vec<StyledLine> = more(from + unlisted, "earlier").into_iter().collect();
    let mut before = from.checked_sub(1).and_then(|at| all.get(at));
    for one in shown {
        let sign = if one.id == id { "▶" } else { "" };
        lines.push(line(model, one, sign, before.map(|before| before.request.received_at)));
        before = Some(one);
    }
    lines.extend(more(all.len() - to, "later"));
    lines
}

fn more(count: usize, word: &str) -> Option<StyledLine> {
    (count > 0).then(|| StyledLine::new(StyleClass::Dim, format!("  … {count} {word}")))
}

fn line(model: &Model, one: &Summary, sign: &str, before: Option<Timestamp>) -> StyledLine {
    let (verdict, role) = sign_of(one.signature.status);
    let line = StyledLine::new(StyleClass::Accent, format!("{sign:<2}"))
        .with(StyleClass::Name, precise(one.request.received_at, &model.zone))
        .with(StyleClass::Plain, format!("  delivery {} ", one.id))
        .with(role, format!("{verdict} {}", one.signature.status));
    let line = match one.response {
        Some(0) => match one.flags.client_gone_text() {
            Some(gone) => line.with(StyleClass::Bad, format!(", {gone}")),
            None => line.with(StyleClass::Warn, ", not answered"),
        },
        Some(status) => {
            line.with(StyleClass::Dim, ", answered ").with(status_role(status), status.to_string())
        }
        None => line.with(StyleClass::Dim, ", waiting for the response"),
    };
    let bytes = match (one.duplicate_of, one.flags.differs) {
        (_, true) => " ≠ another body",
        (Some(_), false) if one.request.refused.is_none() => " same body",
        _ => "",
    };
    let line = line.with(if one.flags.differs { StyleClass::Warn } else { StyleClass::Dim }, bytes);
    match before {
        Some(before) if before <= one.request.received_at => line.with(
            StyleClass::Dim,
            format!(", {} later", units::format_gap(before, one.request.received_at)),
        ),
        Some(before) => line.with(
            StyleClass::Dim,
            format!(", {} earlier", units::format_gap(one.request.received_at, before)),
        ),
        None => line,
    }
}
