//! What became of a delivery: the answer to its sender, and every sending onwards.

use super::super::message::Loaded;
use super::super::model::Model;
use super::super::role::{Marked, Role};
use super::precise;
use crate::delivery::{Answered, Attempt, Outcome};
use crate::units;

/// Lines of an answer's body that are shown; the store has the rest.
const ANSWER_LINES: usize = 12;

pub(super) fn lines(model: &Model, loaded: &Loaded) -> Vec<Marked> {
    let summary = &loaded.delivery.summary;
    let day = summary
        .received_at
        .to_zoned_datetime(model.zone.clone())
        .strftime("%A, %d %B %Y")
        .to_string();
    let peer = summary.peer.as_deref().unwrap_or("unknown");
    let mut lines = vec![
        Marked::new(Role::Dim, day),
        Marked::new(Role::Name, precise(summary.received_at, &model.zone)).with(
            Role::Plain,
            format!("  received {} from {peer}", units::size(summary.body_size)),
        ),
    ];
    lines.extend(super::refused(loaded));
    if let Some(first) = summary.duplicate_of {
        lines.push(Marked::new(
            Role::Warn,
            format!("{:14}the event came before, as delivery {first}", ""),
        ));
    }
    lines.push(match summary.response {
        Some(status) => Marked::new(Role::Plain, format!("{:14}the sender was answered ", ""))
            .with(status_role(status), status.to_string()),
        None => Marked::new(Role::Dim, format!("{:14}the sender waits for its answer", "")),
    });
    for attempt in &loaded.delivery.attempts {
        lines.push(Marked::default());
        lines.extend(attempt_lines(model, attempt));
    }
    lines
}

fn attempt_lines(model: &Model, attempt: &Attempt) -> Vec<Marked> {
    let line = Marked::new(Role::Name, precise(attempt.at, &model.zone))
        .with(Role::Plain, format!("  {} to ", attempt.kind.as_str()))
        .with(Role::Accent, &attempt.target);
    let took = units::took(attempt.took);
    match &attempt.outcome {
        Outcome::Failed { reason, .. } => {
            vec![line, Marked::new(Role::Bad, format!("{:14}✗ {reason} ({took})", ""))]
        }
        Outcome::Answered(answered) => {
            let size = units::size(answered.body_size);
            let outcome = Marked::new(Role::Plain, format!("{:14}", ""))
                .with(status_role(answered.status), format!("answered {}", answered.status))
                .with(Role::Dim, format!(" in {took}, {size}"));
            [line, outcome].into_iter().chain(answer_lines(answered)).collect()
        }
    }
}

fn answer_lines(answered: &Answered) -> Vec<Marked> {
    let text = String::from_utf8_lossy(&answered.body);
    let mut lines: Vec<Marked> = text
        .lines()
        .take(ANSWER_LINES)
        .map(|line| Marked::new(Role::Dim, format!("{:14}│ ", "")).with(Role::Text, line))
        .collect();
    let total = text.lines().count();
    let cut = answered.body_size > answered.body.len() as u64;
    if total > ANSWER_LINES || cut {
        let more = total.saturating_sub(ANSWER_LINES);
        lines.push(Marked::new(Role::Dim, format!("{:14}│ … {more} more lines kept", "")));
    }
    lines
}

fn status_role(status: u16) -> Role {
    match status {
        0..=399 => Role::Good,
        400..=499 => Role::Warn,
        _ => Role::Bad,
    }
}
