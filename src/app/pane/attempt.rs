//! What was sent in an attempt, and what has become of the target's answer.

use super::super::role::{Marked, Role};
use crate::delivery::{Attempt, AttemptKind, Turn};

/// Columns before what belongs to an attempt.
const INDENT: usize = 14;

/// Which headers went out changed, and how the answer stands beside the last one of the same
/// target among `earlier` attempts.
pub fn lines(attempt: &Attempt, earlier: &[Attempt]) -> Vec<Marked> {
    let indent = " ".repeat(INDENT);
    let mut lines = Vec::new();
    match (&attempt.changes, attempt.kind) {
        (Some(changes), _) => lines.push(
            Marked::new(Role::Dim, format!("{indent}signed anew: ")).with(Role::Name, changes),
        ),
        (None, AttemptKind::Resend | AttemptKind::Replay) => {
            lines.push(Marked::new(Role::Dim, format!("{indent}exactly as it came")));
        }
        (None, AttemptKind::Forward) => {}
    }
    if let Some(last) = attempt.last_of(earlier) {
        let compared = attempt.compared(last);
        let (sign, role) = match compared.turn {
            Turn::Fixed => ("✓ ", Role::Good),
            Turn::Broken => ("✗ ", Role::Bad),
            Turn::Same => ("", Role::Dim),
        };
        let told = format!("{indent}{sign}{compared}");
        lines.push(Marked::new(role, told).with(Role::Dim, " since the last attempt"));
    }
    lines
}
