//! A line being typed.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;
use zeroize::{Zeroize as _, Zeroizing};

use super::action::LineEdit;
use crate::secret::Secret;

/// Text and a cursor that moves by grapheme clusters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prompt {
    before: String,
    after: String,
}

impl Prompt {
    /// Creates a prompt with the cursor after the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self { before: text.into(), after: String::new() }
    }

    /// Creates a prompt with the cursor between two texts.
    pub fn between(before: impl Into<String>, after: impl Into<String>) -> Self {
        Self { before: before.into(), after: after.into() }
    }

    /// Returns the text before and after the cursor.
    pub fn halves(&self) -> (&str, &str) {
        (&self.before, &self.after)
    }

    /// Creates a prompt for a secret, with its capacity reserved because growing would leave copies
    /// in memory.
    pub fn for_secret() -> Self {
        const ROOM: usize = 4096;
        Self { before: String::with_capacity(ROOM), after: String::with_capacity(ROOM) }
    }

    /// Takes the typed secret out of the prompt; none if nothing was typed.
    pub fn take_secret(&mut self) -> Option<Secret> {
        let typed = Zeroizing::new(self.text());
        self.before.zeroize();
        self.after.zeroize();
        (!typed.is_empty()).then(|| Secret::new("the typed secret", typed.as_bytes()))
    }

    pub fn text(&self) -> String {
        [self.before.as_str(), self.after.as_str()].concat()
    }

    /// Returns the number of columns before the cursor.
    pub fn cursor(&self) -> usize {
        self.before.width()
    }

    /// Inserts text at the cursor without newlines and other control characters.
    pub fn insert(&mut self, text: &str) {
        self.before.extend(text.chars().filter(|character| !character.is_control()));
    }

    /// Applies an edit to the line.
    pub fn edit(&mut self, edit: LineEdit) {
        match edit {
            LineEdit::EraseLeft => drop(take_last(&mut self.before)),
            LineEdit::EraseRight => drop(take_first(&mut self.after)),
            LineEdit::EraseAll => *self = Self::default(),
            LineEdit::EraseWord => {
                let kept = self.before.trim_end().rfind(char::is_whitespace).map_or(0, |at| at + 1);
                self.before.truncate(kept);
            }
            LineEdit::CursorLeft => {
                if let Some(moved) = take_last(&mut self.before) {
                    self.after.insert_str(0, &moved);
                }
            }
            LineEdit::CursorRight => {
                if let Some(moved) = take_first(&mut self.after) {
                    self.before.push_str(&moved);
                }
            }
            LineEdit::CursorStart => {
                let all = self.text();
                *self = Self { before: String::new(), after: all };
            }
            LineEdit::CursorEnd => *self = Self::new(self.text()),
        }
    }
}

fn take_last(text: &mut String) -> Option<String> {
    let (at, _) = text.grapheme_indices(true).next_back()?;
    Some(text.split_off(at))
}

fn take_first(text: &mut String) -> Option<String> {
    let first = text.graphemes(true).next()?.to_owned();
    text.drain(..first.len());
    Some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_by_grapheme_clusters() {
        let mut prompt = Prompt::new("aé");
        prompt.insert("👩‍💻\n\u{1b}x");
        assert_eq!(prompt.text(), "aé👩‍💻x");
        prompt.edit(LineEdit::EraseLeft);
        prompt.edit(LineEdit::CursorLeft);
        prompt.edit(LineEdit::EraseLeft);
        assert_eq!(prompt.text(), "a👩‍💻");
        prompt.edit(LineEdit::EraseRight);
        assert_eq!((prompt.text(), prompt.cursor()), ("a".to_owned(), 1));
    }

    #[test]
    fn erases_a_word() {
        let mut prompt = Prompt::new("type:a  sig:b ");
        prompt.edit(LineEdit::EraseWord);
        assert_eq!(prompt.text(), "type:a  ");
    }
}
