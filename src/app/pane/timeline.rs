//! What became of a delivery: its event's other deliveries, the answer to its sender, and every
//! sending onwards.

mod attempts;
mod event;

use super::super::message::Loaded;
use super::super::model::Model;
use super::super::role::{Marked, Role};
use super::precise;
use crate::delivery::Summary;
use crate::units;

/// Columns of the time on the left, and what stands below it.
const TIME: &str = "              ";

/// What goes on in the next line stands a little behind that.
pub(super) const INDENT: usize = TIME.len() + 2;

pub(super) fn lines(model: &Model, loaded: &Loaded) -> Vec<Marked> {
    let summary = &loaded.delivery.summary;
    let day = summary
        .received_at
        .to_zoned_datetime(model.zone.clone())
        .strftime("%A, %d %B %Y")
        .to_string();
    let size = units::size(summary.body_size);
    // What was edited has no sender, and nobody who waits for an answer.
    let came = match (summary.origin, summary.peer.as_deref()) {
        (Some(id), _) => format!("  {size}, edited from delivery {id}"),
        (None, Some(peer)) => format!("  received {size} from {peer}"),
        (None, None) => format!("  received {size}"),
    };
    let mut lines = vec![
        Marked::new(Role::Dim, day),
        Marked::new(Role::Name, precise(summary.received_at, &model.zone)).with(Role::Plain, came),
    ];
    lines.extend(super::refused(loaded));
    if summary.origin.is_none() {
        lines.push(below(answer(summary)));
    }
    lines.extend(standing(summary).map(below));
    lines.extend(event::lines(model, loaded));
    lines.extend(attempts::lines(model, loaded));
    lines
}

/// A line that stands below a time.
fn below(line: Marked) -> Marked {
    Marked::new(Role::Plain, TIME).joined(line)
}

/// What the sender was answered.
fn answer(summary: &Summary) -> Marked {
    match summary.response {
        Some(0) => Marked::new(
            Role::Warn,
            "the sender got no answer, on purpose: the connection was closed, or held until it gave up",
        ),
        Some(status) => Marked::new(Role::Plain, "the sender was answered ")
            .with(status_role(status), status.to_string()),
        None => Marked::new(Role::Dim, "the sender waits for its answer"),
    }
}

/// How it stands to the deliveries before it.
fn standing(summary: &Summary) -> impl Iterator<Item = Marked> {
    let differs = summary.standing.differs;
    let (sign, end) = if differs { ('≠', ", with another body") } else { ('↻', "") };
    let first = summary.duplicate_of.map(|first| {
        let text = format!("{sign} the event came before, as delivery {first}{end}");
        Marked::new(Role::Warn, text)
    });
    let shape = &summary.standing.shape;
    let head = (!shape.is_empty())
        .then(|| Marked::new(Role::Warn, "△ its shape is new among the deliveries of its type:"));
    let shape = shape.iter().map(|change| Marked::new(Role::Plain, format!("  {change}")));
    first.into_iter().chain(head).chain(shape)
}

fn status_role(status: u16) -> Role {
    match status {
        0..=399 => Role::Good,
        400..=499 => Role::Warn,
        _ => Role::Bad,
    }
}
