//! Checks a file that the user edited.

use super::{EditError, read, with_mistakes};
use crate::outbound::Request;

/// Outcome for an edited file.
#[derive(Debug, Clone)]
pub enum CheckedEdit {
    Send(Request),
    Unchanged,
    Empty,
    /// It cannot be sent. `annotated` is the file with its mistakes at the top, unless it is not
    /// text; the lines of `mistakes` are those of `annotated`.
    Mistakes {
        mistakes: Vec<EditError>,
        annotated: Option<String>,
    },
}

/// Reads an edited file, given its earlier text.
pub fn check(before: &str, edited: &[u8]) -> CheckedEdit {
    if edited.trim_ascii().is_empty() {
        return CheckedEdit::Empty;
    }
    let text = std::str::from_utf8(edited).ok();
    // Editors may add a line end after the last line.
    let same = |text: &str| with_mistakes(text, &[]).trim_end() == before.trim_end();
    if text.is_some_and(same) {
        return CheckedEdit::Unchanged;
    }
    let mistakes = match read(edited) {
        Ok(request) => return CheckedEdit::Send(request),
        Err(mistakes) => mistakes,
    };
    match text.map(|text| with_mistakes(text, &mistakes)) {
        None => CheckedEdit::Mistakes { mistakes, annotated: None },
        Some(annotated) => {
            let mistakes = read(annotated.as_bytes()).err().unwrap_or(mistakes);
            CheckedEdit::Mistakes { mistakes, annotated: Some(annotated) }
        }
    }
}
