//! Matches the most common patterns without the regex engine, whose setup alone costs more than
//! comparing a short text.

/// Position of the text to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Alone,
    First,
    Last,
}

/// Text to find at a position of another text.
#[derive(Debug, Clone)]
pub(super) struct Prefilter {
    text: Vec<u8>,
    stands: Anchor,
    any_case: bool,
}

impl Prefilter {
    /// Returns `None` if the comparison could differ from the regex engine's.
    pub(super) fn new(text: &str, stands: Anchor, any_case: bool) -> Option<Self> {
        let is_sure = !any_case || text.is_ascii();
        is_sure.then(|| Self { text: text.as_bytes().to_vec(), stands, any_case })
    }

    /// Returns whether a text matches; `None` if only the regex engine can decide: some letters
    /// beyond ASCII are case variants of `k` and `s`.
    pub(super) fn test(&self, text: &[u8]) -> Option<bool> {
        if self.any_case && !text.is_ascii() {
            return None;
        }
        let length = self.text.len();
        let part = match self.stands {
            Anchor::Alone => (text.len() == length).then_some(text),
            Anchor::First => text.get(..length),
            Anchor::Last => text.len().checked_sub(length).and_then(|from| text.get(from..)),
        };
        Some(part.is_some_and(|part| {
            if self.any_case { part.eq_ignore_ascii_case(&self.text) } else { part == self.text }
        }))
    }
}
