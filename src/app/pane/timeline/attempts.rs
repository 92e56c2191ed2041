//! Every sending onwards, what was answered, and how that stands to answers before.

use super::super::precise;
use super::{below, status_role};
use crate::app::answers::{Answer, Beside};
use crate::app::message::Loaded;
use crate::app::model::Model;
use crate::app::role::{Marked, Role};
use crate::delivery::{Attempt, Comparison, Outcome, Turn};
use crate::units;

pub(super) fn lines(model: &Model, loaded: &Loaded) -> Vec<Marked> {
    let attempts = &loaded.delivery.attempts;
    let mut lines = Vec::new();
    for beside in &loaded.beside {
        lines.push(Marked::default());
        lines.extend(beside_lines(beside));
    }
    for (attempt, answer) in attempts.iter().zip(&loaded.answers) {
        lines.push(Marked::default());
        lines.extend(attempt_lines(model, attempt, answer));
    }
    lines
}

fn beside_lines(beside: &Beside) -> Vec<Marked> {
    let (first, other) = beside.status;
    let mut lines = vec![
        Marked::new(Role::Accent, &beside.other)
            .with(Role::Dim, " beside ")
            .with(Role::Accent, &beside.first),
    ];
    lines.push(if first == other {
        below(Marked::new(Role::Plain, format!("the same status, {first}")))
    } else {
        let line = Marked::new(Role::Warn, "≠ ").with(status_role(other), other.to_string());
        below(line.with(Role::Plain, " instead of ").with(status_role(first), first.to_string()))
    });
    match &beside.body {
        None => lines.push(below(Marked::new(Role::Plain, "the same body"))),
        Some((line, one, other)) => {
            let text = format!("≠ the bodies differ from line {line} on:");
            lines.push(below(Marked::new(Role::Warn, text)));
            lines.push(below(Marked::new(Role::Bad, "- ").with(Role::Text, one)));
            lines.push(below(Marked::new(Role::Good, "+ ").with(Role::Text, other)));
        }
    }
    lines
}

fn attempt_lines(model: &Model, attempt: &Attempt, answer: &Answer) -> Vec<Marked> {
    let mut lines = vec![
        Marked::new(Role::Name, precise(attempt.at, &model.zone))
            .with(Role::Plain, format!("  {} to ", attempt.kind.as_str()))
            .with(Role::Accent, &attempt.target),
    ];
    let timing = timing(attempt);
    match &attempt.outcome {
        Outcome::Failed { reason, .. } => {
            lines.push(below(Marked::new(Role::Bad, format!("✗ {reason} ({timing})"))));
        }
        Outcome::Answered(answered) => {
            let size = units::size(answered.body_size);
            let line =
                Marked::new(status_role(answered.status), format!("answered {}", answered.status));
            lines.push(below(line.with(Role::Dim, format!(" in {timing}, {size}"))));
        }
    }
    if let Some(changes) = &attempt.changes {
        let text = format!("signed anew: {changes}");
        lines.push(below(Marked::new(Role::Dim, text)));
    }
    lines.extend(answer.compared.map(|compared| below(compared_line(compared))));
    let header = |text: &String| below(Marked::new(Role::Dim, "  ").with(Role::Text, text));
    lines.extend(answer.headers.iter().map(header));
    lines.extend(body_lines(answer));
    lines
}

/// How long it took, and what of that was the connection and the wait for the first byte.
fn timing(attempt: &Attempt) -> String {
    let part = |time: Option<std::time::Duration>, word: &str| {
        time.map(|time| format!("{word} {}", units::took(time)))
    };
    let parts: Vec<String> = [
        part(attempt.timing.connected, "connected after"),
        part(attempt.timing.first_byte, "first byte after"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let whole = units::took(attempt.took);
    if parts.is_empty() { whole } else { format!("{whole} ({})", parts.join(", ")) }
}

fn compared_line(compared: Comparison) -> Marked {
    let (sign, role) = match compared.turn {
        Turn::Fixed => ("✓ ", Role::Good),
        Turn::Broken => ("✗ ", Role::Bad),
        Turn::Same => ("", Role::Dim),
    };
    Marked::new(role, format!("{sign}{compared}, beside the last attempt to this target"))
}

fn body_lines(answer: &Answer) -> Vec<Marked> {
    let bar = |line: Marked| below(Marked::new(Role::Dim, "│ ").joined(line));
    let mut lines: Vec<Marked> =
        answer.lines.iter().map(|line| bar(Marked::new(Role::Text, line))).collect();
    let mut cut = Vec::new();
    if answer.more > 0 {
        cut.push(format!("{} more lines", units::grouped(answer.more as u64)));
    }
    if answer.cut > 0 {
        cut.push(format!("{} more that were not kept", units::size(answer.cut)));
    }
    if !cut.is_empty() {
        lines.push(bar(Marked::new(Role::Dim, format!("… {}", cut.join(", ")))));
    }
    lines
}
