//! Search in a document.

use super::DocumentView;
use crate::app::action::Direction;
use crate::app::effect::Effect;
use crate::payload::{Document, DocumentSearch, PatternError, SearchPattern};

/// Bytes searched immediately while typing; the rest is searched by an effect.
const AT_ONCE: usize = 256 << 10;

/// Search in a document.
#[derive(Debug, Clone)]
pub struct FindState {
    /// Results with another number belong to an earlier search.
    pub number: u64,
    pub typed: String,
    pub search: DocumentSearch,
    /// Index of the current match.
    pub at: Option<usize>,
}

/// Place of a match: its row, and the number of matches before it in that row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app) struct HitPlace {
    pub(in crate::app) row: usize,
    in_row: usize,
}

impl FindState {
    /// Returns the place of the current match.
    pub(in crate::app) fn place(&self, document: &Document) -> Option<HitPlace> {
        let at = self.at?;
        let row = self.search.row(document, at)?;
        let in_row = at.checked_sub(self.search.first_from(document, row)?)?;
        Some(HitPlace { row, in_row })
    }

    /// Replaces the hits by those of a document; the match at a place becomes the current one.
    pub(in crate::app) fn replace(
        &mut self,
        document: &Document,
        search: DocumentSearch,
        place: Option<HitPlace>,
    ) {
        self.at = place.and_then(|place| {
            let at = search.first_from(document, place.row)? + place.in_row;
            (search.row(document, at) == Some(place.row)).then_some(at)
        });
        self.search = search;
    }

    /// Forgets the hits; returns the effect that searches a document again.
    pub(in crate::app) fn again(&mut self, document: &Document) -> Effect {
        self.search.restart();
        self.at = None;
        let (number, typed) = (self.number, self.typed.clone());
        Effect::Find { number, typed, document: document.clone() }
    }
}

impl DocumentView {
    /// Starts a search; true if an effect has to search the rest.
    pub fn find(
        &mut self,
        document: &Document,
        typed: &str,
        number: u64,
    ) -> Result<bool, PatternError> {
        let mut search = DocumentSearch::new(SearchPattern::read(typed)?);
        let more = search.advance(document, AT_ONCE);
        let typed = typed.to_owned();
        self.finding = Some(FindState { number, typed, search, at: None });
        self.go_to_first_hit(document);
        Ok(more)
    }

    /// Stores the result of the search effect.
    pub fn found(&mut self, document: &Document, number: u64, search: DocumentSearch) {
        let Some(finding) = self.finding.as_mut().filter(|finding| finding.number == number) else {
            return;
        };
        // A string was decoded in the meantime, and all was searched with it.
        if finding.search.is_done() {
            return;
        }
        let place = finding.place(document);
        finding.replace(document, search, place);
        if finding.at.is_none() {
            self.go_to_first_hit(document);
        }
    }

    fn go_to_first_hit(&mut self, document: &Document) {
        let cursor = self.cursor;
        let Some(finding) = &mut self.finding else { return };
        let first = finding.search.first_from(document, cursor);
        let first = first.or((finding.search.kept() > 0).then_some(0));
        finding.at = first;
        self.show_hit(document);
    }

    /// Goes to the next match, wrapping around; false if there is none.
    pub fn hit(&mut self, document: &Document, turn: Direction) -> bool {
        let Some(finding) = &mut self.finding else { return false };
        let Some(last) = finding.search.kept().checked_sub(1) else { return false };
        finding.at = Some(match (turn, finding.at) {
            (Direction::Next, Some(at)) if at < last => at + 1,
            (Direction::Next, _) => 0,
            (Direction::Previous, Some(at)) if at > 0 => at - 1,
            (Direction::Previous, _) => last,
        });
        self.show_hit(document);
        true
    }

    fn show_hit(&mut self, document: &Document) {
        let Some(finding) = &self.finding else { return };
        let Some(at) = finding.at else { return };
        let Some((hit, row)) = finding.search.hit(at).zip(finding.search.row(document, at)) else {
            return;
        };
        self.folds.reveal(document, row);
        self.go_to(row);
        let start = document.row(row).and_then(|row| row.shown(&hit)).map_or(0, |hit| hit.start);
        self.reveal = Some(start..start + hit.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::action::Fold;

    #[test]
    fn matches_are_unfolded_and_visited_in_turn() {
        let document = Document::new(r#"{"a":{"b":"tiger"},"c":"tiger","d":1}"#.into(), None, None);
        let mut reading = DocumentView::default();
        reading.fold(&document, Fold::Less);
        assert_eq!(reading.find(&document, "TIGER", 1).map(|_| reading.cursor), Ok(0));
        assert_eq!(reading.find(&document, "tiger", 2), Ok(false));
        let first = reading.cursor;
        assert_eq!(reading.folds.hidden_by(first), None);
        assert!(reading.hit(&document, Direction::Next) && reading.cursor > first);
        assert!(reading.hit(&document, Direction::Next) && reading.cursor == first);
        assert!(reading.find(&document, "/a(/", 3).is_err());
    }
}
