//! The commonest patterns without the regex engine, whose start alone costs more than comparing
//! a short text.

/// Where in a text something has to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Alone,
    First,
    Last,
}

/// Text that has to stand in one place of another.
#[derive(Debug, Clone)]
pub(super) struct Prefilter {
    text: Vec<u8>,
    stands: Anchor,
    any_case: bool,
}

impl Prefilter {
    /// Nothing if such a comparison could differ from the regex engine's.
    pub(super) fn new(text: &str, stands: Anchor, any_case: bool) -> Option<Self> {
        let is_sure = !any_case || text.is_ascii();
        is_sure.then(|| Self { text: text.as_bytes().to_vec(), stands, any_case })
    }

    /// Whether a text fits; nothing if only the regex engine can tell: beyond ASCII, there are
    /// letters that stand for `k` and `s`.
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
