//! Timeline of a delivery: other deliveries of its event, the response, and every attempt.

mod event;

use std::time::Duration;

use super::{PaneLine, plain, precise};
use crate::app::detail::Loaded;
use crate::app::model::Model;
use crate::app::style::{StyleClass, StyledLine};
use crate::app::target_responses::{TargetComparison, TargetResponse};
use crate::delivery::{Attempt, Comparison, Outcome, Summary, Transition};
use crate::units;

/// Width of the time on the left, as spaces for the lines below.
const TIME: &str = "              ";

/// Indentation of wrapped lines.
pub(super) const INDENT: usize = TIME.len() + 2;

pub(super) fn lines(model: &Model, loaded: &Loaded, width: usize) -> Vec<PaneLine> {
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
    let mut lines = plain(lines);
    lines.extend(attempts(model, loaded, width));
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
        Some(status) => {
            let line = StyledLine::new(StyleClass::Plain, "response ")
                .with(status_role(status), status.to_string());
            let after = summary.latency.map(units::format_duration);
            line.with(StyleClass::Dim, after.map(|it| format!(" after {it}")).unwrap_or_default())
        }
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

/// Renders attempts with their responses, each compared with earlier ones.
fn attempts(model: &Model, loaded: &Loaded, width: usize) -> Vec<PaneLine> {
    let attempts = &loaded.delivery.attempts;
    let mut lines = Vec::new();
    for beside in &loaded.beside {
        lines.push(PaneLine::default());
        lines.extend(plain(beside_lines(beside)));
    }
    for (attempt, answer) in attempts.iter().zip(&loaded.answers) {
        lines.push(PaneLine::default());
        lines.extend(plain(attempt_lines(model, loaded, attempt, answer)));
        lines.extend(header_lines(answer, width));
        lines.extend(plain(body_lines(answer)));
        lines.extend(rejected(loaded, attempt).map(PaneLine::from));
    }
    lines
}

fn beside_lines(beside: &TargetComparison) -> Vec<StyledLine> {
    let (first, other) = beside.status;
    let mut lines = vec![
        StyledLine::new(StyleClass::Accent, &beside.other)
            .with(StyleClass::Dim, " vs. ")
            .with(StyleClass::Accent, &beside.first),
    ];
    lines.push(if first == other {
        below(StyledLine::new(StyleClass::Plain, format!("same status, {first}")))
    } else {
        let line =
            StyledLine::new(StyleClass::Warn, "≠ ").with(status_role(other), other.to_string());
        below(
            line.with(StyleClass::Plain, " instead of ")
                .with(status_role(first), first.to_string()),
        )
    });
    match &beside.body {
        None => lines.push(below(StyledLine::new(StyleClass::Plain, "same body"))),
        Some((line, one, other)) => {
            let text = format!("≠ bodies differ from line {line}:");
            lines.push(below(StyledLine::new(StyleClass::Warn, text)));
            lines.push(below(StyledLine::new(StyleClass::Bad, "- ").with(StyleClass::Text, one)));
            lines
                .push(below(StyledLine::new(StyleClass::Good, "+ ").with(StyleClass::Text, other)));
        }
    }
    lines
}

fn attempt_lines(
    model: &Model,
    loaded: &Loaded,
    attempt: &Attempt,
    answer: &TargetResponse,
) -> Vec<StyledLine> {
    let (target, path) = called(&attempt.target, &loaded.delivery.head.target_text());
    let mut lines = vec![
        StyledLine::new(StyleClass::Name, precise(attempt.at, &model.zone))
            .with(StyleClass::Plain, format!("  {} to ", attempt.kind.as_str()))
            .with(StyleClass::Accent, target)
            .with(StyleClass::Accent, model.shown_value(&path)),
    ];
    let longest = loaded.delivery.attempts.iter().map(|attempt| attempt.took).max();
    lines.extend(longest.and_then(|longest| bar(attempt, longest)).map(below));
    let timing = timing(attempt);
    match &attempt.outcome {
        Outcome::Failed { reason, .. } => {
            lines.push(below(StyledLine::new(StyleClass::Bad, format!("✗ {reason} ({timing})"))));
        }
        Outcome::Responded(answered) => {
            let size = units::format_size(answered.body_size);
            let line = StyledLine::new(
                status_role(answered.status),
                format!("answered {}", answered.status),
            );
            lines.push(below(line.with(StyleClass::Dim, format!(" in {timing}, {size}"))));
        }
    }
    if let Some(changes) = &attempt.changes {
        let text = format!("re-signed: {changes}");
        lines.push(below(StyledLine::new(StyleClass::Dim, text)));
    }
    lines.extend(answer.compared.map(|compared| below(compared_line(compared))));
    let header =
        |text: &String| below(StyledLine::new(StyleClass::Dim, "  ").with(StyleClass::Text, text));
    lines.extend(answer.headers.iter().map(header));
    lines
}

/// Maximum length of the path of a URL.
const PATH: usize = 160;

/// Returns the URL that an attempt called, as target and path: a target without a path of its own
/// gets that of the delivery.
fn called<'t>(target: &'t str, request: &str) -> (&'t str, String) {
    let host = target.split_once("://").map_or(target, |(_, host)| host);
    if host.trim_end_matches('/').contains(['/', '?']) {
        return (target, String::new());
    }
    let shown = request.get(..request.floor_char_boundary(PATH)).unwrap_or(request);
    let more = if shown.len() < request.len() { "…" } else { "" };
    (target.trim_end_matches('/'), format!("{shown}{more}"))
}

/// Width of the bar of the longest attempt.
const BAR: u32 = 24;

/// Draws how long an attempt took, compared with the longest one: connecting, waiting, and
/// receiving.
fn bar(attempt: &Attempt, longest: Duration) -> Option<StyledLine> {
    let columns = |time: Duration| -> usize {
        let share = time.as_secs_f64() / longest.as_secs_f64() * f64::from(BAR);
        // In bounds, since no part is longer than the longest attempt.
        (0..BAR).filter(|column| f64::from(*column) + 0.5 <= share).count()
    };
    if longest.is_zero() {
        return None;
    }
    let connected = columns(attempt.timing.connected.unwrap_or_default());
    let first = columns(attempt.timing.first_byte.unwrap_or_default()).max(connected);
    let whole = columns(attempt.took).max(first).max(1);
    Some(
        StyledLine::new(StyleClass::Dim, "▁".repeat(connected))
            .with(StyleClass::Dim, "▄".repeat(first - connected))
            .with(StyleClass::Accent, "█".repeat(whole - first)),
    )
}

/// Columns that the rest of a value needs below its beginning.
const VALUE: usize = 12;

/// Renders the headers of a response; those that differ from the last one are already shown.
fn header_lines(answer: &TargetResponse, width: usize) -> Vec<PaneLine> {
    let widest = answer.received.iter().map(|(name, _)| name.len()).max().unwrap_or(0).min(28);
    // Two columns before the name, and two after it.
    let indent = TIME.len() + widest + 4;
    let indent = (indent + VALUE <= width).then_some(indent);
    let line = |(name, value): &(String, String)| {
        let line = StyledLine::new(StyleClass::Dim, format!("  {name:<widest$}  "));
        PaneLine { indent, ..PaneLine::from(below(line.with(StyleClass::Text, value))) }
    };
    let more = (answer.more_headers > 0).then(|| {
        let text = format!("  … {} more headers", answer.more_headers);
        PaneLine::from(below(StyledLine::new(StyleClass::Dim, text)))
    });
    answer.received.iter().map(line).chain(more).collect()
}

/// Explains why a target rejected a verified delivery, if its JSON library may be the reason.
fn rejected(loaded: &Loaded, attempt: &Attempt) -> Option<StyledLine> {
    let Outcome::Responded(answered) = &attempt.outcome else { return None };
    let risk = loaded.examined.as_ref()?.breaks.first()?;
    matches!(answered.status, 400 | 401 | 403).then(|| {
        let text = format!(
            "△ the signature is verified here: verify the raw bytes; {} {risk}",
            risk.language.title()
        );
        below(StyledLine::new(StyleClass::Warn, text))
    })
}

/// Renders the duration, including connecting and the wait for the first byte.
fn timing(attempt: &Attempt) -> String {
    let part = |time: Option<Duration>, word: &str| {
        time.map(|time| format!("{word} {}", units::format_duration(time)))
    };
    let parts: Vec<String> = [
        part(attempt.timing.connected, "connected after"),
        part(attempt.timing.first_byte, "first byte after"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let whole = units::format_duration(attempt.took);
    if parts.is_empty() { whole } else { format!("{whole} ({})", parts.join(", ")) }
}

fn compared_line(compared: Comparison) -> StyledLine {
    let (sign, role) = match compared.transition {
        Transition::Fixed => ("✓ ", StyleClass::Good),
        Transition::Broken => ("✗ ", StyleClass::Bad),
        Transition::Same => ("", StyleClass::Dim),
    };
    StyledLine::new(role, format!("{sign}{compared} since the last attempt to this target"))
}

fn body_lines(answer: &TargetResponse) -> Vec<StyledLine> {
    let bar = |line: StyledLine| below(StyledLine::new(StyleClass::Dim, "│ ").joined(line));
    let mut lines: Vec<StyledLine> =
        answer.lines.iter().map(|line| bar(StyledLine::new(StyleClass::Text, line))).collect();
    let mut cut = Vec::new();
    if answer.more > 0 {
        cut.push(format!("{} more lines", units::format_count(answer.more as u64)));
    }
    if answer.cut > 0 {
        cut.push(format!("{} more not stored", units::format_size(answer.cut)));
    }
    if !cut.is_empty() {
        lines.push(bar(StyledLine::new(StyleClass::Dim, format!("… {}", cut.join(", ")))));
    }
    lines
}

fn status_role(status: u16) -> StyleClass {
    match status {
        0..=399 => StyleClass::Plain,
        _ => StyleClass::Bad,
    }
}
