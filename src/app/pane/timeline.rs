//! Timeline of a delivery: other deliveries of its event, the response, and every attempt.

mod attempts;
mod event;

use super::precise;
use crate::app::detail::Loaded;
use crate::app::model::Model;
use crate::app::style::{StyleClass, StyledLine};
use crate::delivery::Summary;
use crate::units;

/// Width of the time on the left, as spaces for the lines below.
const TIME: &str = "              ";

/// Indentation of wrapped lines.
pub(super) const INDENT: usize = TIME.len() + 2;

pub(super) fn lines(model: &Model, loaded: &Loaded) -> Vec<StyledLine> {
    let summary = &loaded.delivery.summary;
    let day = summary
        .request
        .received_at
        .to_zoned_datetime(model.zone.clone())
        .strftime("%A, %d %B %Y")
        .to_string();
    let size = units::format_size(summary.request.body_size);
    // An edited delivery has no client, so no response either.
    let came = match (summary.request.origin, summary.request.peer.as_deref()) {
        (Some(id), _) => format!("  {size}, edited from delivery {id}"),
        (None, Some(peer)) => format!("  received {size} from {}", model.shown_value(peer)),
        (None, None) => format!("  received {size}"),
    };
    let mut lines = vec![
        StyledLine::new(StyleClass::Dim, day),
        StyledLine::new(StyleClass::Name, precise(summary.request.received_at, &model.zone))
            .with(StyleClass::Plain, came),
    ];
    lines.extend(super::refused(loaded));
    if summary.request.origin.is_none() {
        lines.push(below(answer(summary)));
    }
    lines.extend(standing(summary).map(below));
    lines.extend(event::lines(model, loaded));
    lines.extend(attempts::lines(model, loaded));
    lines
}

/// Indents a line to align below the time.
fn below(line: StyledLine) -> StyledLine {
    StyledLine::new(StyleClass::Plain, TIME).joined(line)
}

/// Renders the response to the client.
fn answer(summary: &Summary) -> StyledLine {
    if let Some(gone) = summary.flags.client_gone_text() {
        return StyledLine::new(StyleClass::Bad, format!("no response was sent: {gone}"));
    }
    match summary.response {
        Some(0) => StyledLine::new(
            StyleClass::Warn,
            "no response, by rule: the connection was closed or left open until the client gave up",
        ),
        Some(status) => StyledLine::new(StyleClass::Plain, "response ")
            .with(status_role(status), status.to_string()),
        None => StyledLine::new(StyleClass::Dim, "waiting for the response"),
    }
}

/// Renders its relation to earlier deliveries.
fn standing(summary: &Summary) -> impl Iterator<Item = StyledLine> {
    let differs = summary.flags.differs && summary.request.origin.is_none();
    let (sign, end) = if differs { ('≠', ", with a different body") } else { ('↻', "") };
    let first = summary.duplicate_of.map(|first| {
        let text = format!("{sign} duplicate of delivery {first}{end}");
        StyledLine::new(StyleClass::Warn, text)
    });
    let shape = &summary.flags.schema_changes;
    let head = (!shape.is_empty()).then(|| {
        StyledLine::new(StyleClass::Warn, "△ schema differs from earlier deliveries of its type:")
    });
    let shape =
        shape.iter().map(|change| StyledLine::new(StyleClass::Plain, format!("  {change}")));
    first.into_iter().chain(head).chain(shape)
}

fn status_role(status: u16) -> StyleClass {
    match status {
        0..=399 => StyleClass::Good,
        400..=499 => StyleClass::Warn,
        _ => StyleClass::Bad,
    }
}
