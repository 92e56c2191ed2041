//! Attempts with their responses, each compared with earlier ones.

use super::{below, status_role};
use crate::app::detail::Loaded;
use crate::app::model::Model;
use crate::app::pane::precise;
use crate::app::style::{StyleClass, StyledLine};
use crate::app::target_responses::{TargetComparison, TargetResponse};
use crate::delivery::{Attempt, Comparison, Outcome, Transition};
use crate::units;

pub(super) fn lines(model: &Model, loaded: &Loaded) -> Vec<StyledLine> {
    let attempts = &loaded.delivery.attempts;
    let mut lines = Vec::new();
    for beside in &loaded.beside {
        lines.push(StyledLine::default());
        lines.extend(beside_lines(beside));
    }
    for (attempt, answer) in attempts.iter().zip(&loaded.answers) {
        lines.push(StyledLine::default());
        lines.extend(attempt_lines(model, attempt, answer));
        lines.extend(rejected(loaded, attempt));
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

fn attempt_lines(model: &Model, attempt: &Attempt, answer: &TargetResponse) -> Vec<StyledLine> {
    let mut lines = vec![
        StyledLine::new(StyleClass::Name, precise(attempt.at, &model.zone))
            .with(StyleClass::Plain, format!("  {} to ", attempt.kind.as_str()))
            .with(StyleClass::Accent, &attempt.target),
    ];
    let timing = timing(attempt);
    match &attempt.outcome {
        Outcome::Failed { reason, .. } => {
            lines.push(below(StyledLine::new(StyleClass::Bad, format!("✗ {reason} ({timing})"))));
        }
        Outcome::Answered(answered) => {
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
    lines.extend(body_lines(answer));
    lines
}

/// Explains why a target rejected a verified delivery, if its JSON library may be the reason.
fn rejected(loaded: &Loaded, attempt: &Attempt) -> Option<StyledLine> {
    let Outcome::Answered(answered) = &attempt.outcome else { return None };
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
    let part = |time: Option<std::time::Duration>, word: &str| {
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
