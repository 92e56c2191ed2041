//! One attempt: the request sent and the target's response.

use crate::app::style::{StyleClass, StyledLine};
use crate::delivery::{Attempt, AttemptKind, Transition};

/// Indentation of the lines of an attempt.
const INDENT: usize = 14;

/// Renders the changed request headers and compares the response with the last one of the same
/// target among `earlier` attempts.
pub fn lines(attempt: &Attempt, earlier: &[Attempt]) -> Vec<StyledLine> {
    let indent = " ".repeat(INDENT);
    let mut lines = Vec::new();
    match (&attempt.changes, attempt.kind) {
        (Some(changes), _) => lines.push(
            StyledLine::new(StyleClass::Dim, format!("{indent}re-signed: "))
                .with(StyleClass::Name, changes),
        ),
        (None, AttemptKind::Resend | AttemptKind::Replay) => {
            lines.push(StyledLine::new(
                StyleClass::Dim,
                format!("{indent}sent exactly as received"),
            ));
        }
        (None, AttemptKind::Forward | AttemptKind::Retry) => {}
    }
    if let Some(last) = attempt.predecessor_in(earlier) {
        let compared = attempt.compare_with(last);
        let (sign, role) = match compared.transition {
            Transition::Fixed => ("✓ ", StyleClass::Good),
            Transition::Broken => ("✗ ", StyleClass::Bad),
            Transition::Same => ("", StyleClass::Dim),
        };
        let text = format!("{indent}{sign}{compared}");
        lines.push(StyledLine::new(role, text).with(StyleClass::Dim, " since the last attempt"));
    }
    lines
}
