//! Cursor over the text of a script.

use crate::diagnostic::Diagnostic;

/// A position in a text.
pub(super) struct ScriptCursor<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> ScriptCursor<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn is_over(&self) -> bool {
        self.rest().is_empty()
    }

    /// Skips a text if it is next.
    pub(super) fn past(&mut self, text: &str) -> bool {
        let is_here = self.rest().starts_with(text);
        if is_here {
            self.at += text.len();
        }
        is_here
    }

    /// Reads characters while they match.
    pub(super) fn while_(&mut self, fits: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|letter| !fits(letter)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    pub(super) fn skip_space(&mut self) {
        self.while_(char::is_whitespace);
    }

    /// Reads a value up to the next separator, or in quotes.
    pub(super) fn value(&mut self) -> Result<String, Diagnostic> {
        let start = self.at;
        if !self.past("\"") {
            return Ok(self.while_(|letter| !",;:".contains(letter)).trim().to_owned());
        }
        let mut value = String::new();
        loop {
            let mut letters = self.rest().chars();
            let letter = match letters.next() {
                None => {
                    return Err(self.wrong(start, "unclosed quote; expected \""));
                }
                Some('"') => {
                    self.at += 1;
                    return Ok(value);
                }
                Some('\\') => {
                    self.at += 1;
                    let Some(letter @ ('"' | '\\')) = letters.next() else {
                        let at = self.at - 1;
                        return Err(self.wrong(at, "expected \\\" or \\\\ after \\ in quotes"));
                    };
                    letter
                }
                Some(letter) => letter,
            };
            value.push(letter);
            self.at += letter.len_utf8();
        }
    }

    /// Returns an error at a byte of the text.
    pub(super) fn wrong(&self, at: usize, message: impl Into<String>) -> Diagnostic {
        let width =
            self.text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        Diagnostic::at(self.text, at..at + width, message)
    }

    /// Returns an error for the text at the cursor.
    pub(super) fn expected(&self, what: &str) -> Diagnostic {
        let found: String = self.rest().chars().take(20).collect();
        let found = if found.is_empty() { "the end".to_owned() } else { format!("`{found}`") };
        self.wrong(self.at, format!("expected {what}, found {found}"))
    }
}
