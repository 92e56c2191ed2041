//! Checks a file that the user edited.

use super::{EditError, read, with_mistakes};
use crate::outbound::Request;

/// Outcome for an edited file.
#[derive(Debug, Clone)]
pub enum Checked {
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
pub fn check(before: &str, edited: &[u8]) -> Checked {
    if edited.trim_ascii().is_empty() {
        return Checked::Empty;
    }
    let text = std::str::from_utf8(edited).ok();
    // Editors may add a line end after the last line.
    let same = |text: &str| with_mistakes(text, &[]).trim_end() == before.trim_end();
    if text.is_some_and(same) {
        return Checked::Unchanged;
    }
    let mistakes = match read(edited) {
        Ok(request) => return Checked::Send(request),
        Err(mistakes) => mistakes,
    };
    match text.map(|text| with_mistakes(text, &mistakes)) {
        None => Checked::Mistakes { mistakes, annotated: None },
        Some(annotated) => {
            let mistakes = read(annotated.as_bytes()).err().unwrap_or(mistakes);
            Checked::Mistakes { mistakes, annotated: Some(annotated) }
        }
    }
}
