//! Document view: cursor, folds, and search.

mod find;
mod visible_lines;

use std::ops::Range;

use super::action::{Direction, Fold, Move};
use crate::payload::{Document, Folds};

pub use find::FindState;
pub(super) use visible_lines::role as piece_role;
pub use visible_lines::{Tokens, highlighted, shown_masked};

/// Part of the screen available to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Viewport {
    pub width: usize,
    pub height: usize,
    /// Long rows wrap to the next line.
    pub wrap: bool,
}

/// State of viewing one document.
#[derive(Debug, Clone, Default)]
pub struct DocumentView {
    /// Row of the cursor, counting folded rows.
    pub cursor: usize,
    /// First row on the screen, counting visible rows only.
    pub top: usize,
    /// Lines of that row scrolled off the top.
    pub skipped: usize,
    /// First visible column.
    pub left: usize,
    pub folds: Folds,
    /// Levels that show if folding by level.
    level: Option<usize>,
    pub finding: Option<FindState>,
    /// Bytes of the cursor's row to scroll to as soon as the size of the screen is known.
    reveal: Option<Range<usize>>,
}

impl DocumentView {
    /// Moves the cursor, or scrolls through a row taller than the screen.
    pub fn travel(&mut self, document: &Document, window: Viewport, step: Move) {
        let page = window.height.saturating_sub(1).max(1);
        match step {
            Move::Up => self.up(document, 1),
            Move::Down => self.down(document, window, 1),
            Move::PageUp => self.up(document, page),
            Move::PageDown => self.down(document, window, page),
            Move::HalfPageUp => self.up(document, page.div_ceil(2)),
            Move::HalfPageDown => self.down(document, window, page.div_ceil(2)),
            Move::First => self.go_to(0),
            Move::Last => {
                let last = self.folds.visible_count(document).saturating_sub(1);
                self.go_to(self.folds.absolute(document, last).unwrap_or(0));
            }
            Move::Left | Move::Right => {}
        }
    }

    /// Keeps folds and the cursor while rows are inserted after a row.
    pub(super) fn inserted(&mut self, document: &Document, row: usize, rows: usize) {
        let top = self.folds.absolute(document, self.top);
        self.folds.inserted(document, row, rows);
        if self.cursor > row {
            self.cursor += rows;
        }
        if let Some(top) = top.filter(|top| *top > row) {
            self.top = self.folds.visible(top + rows);
        }
    }

    /// Stays at the same bytes while the rows of a body change.
    pub(super) fn moved(&mut self, from: &Document, to: &Document) {
        let at = |row: usize| from.row(row)?.pieces.iter().find_map(|piece| piece.at);
        let row = |row: usize| at(row).map_or(0, |byte| to.row_at(byte));
        (self.cursor, self.top, self.skipped) = (row(self.cursor), row(self.top), 0);
        self.folds = Folds::default();
    }

    pub(super) fn go_to(&mut self, row: usize) {
        (self.cursor, self.skipped) = (row, 0);
    }

    fn up(&mut self, document: &Document, by: usize) {
        let visible = self.folds.visible(self.cursor);
        if self.skipped > 0 && visible == self.top {
            self.skipped = self.skipped.saturating_sub(by);
            return;
        }
        let target = visible.saturating_sub(by);
        self.go_to(self.folds.absolute(document, target).unwrap_or(0));
    }

    fn down(&mut self, document: &Document, window: Viewport, by: usize) {
        let visible = self.folds.visible(self.cursor);
        if window.wrap && visible == self.top {
            let lines = self.lines_of(document, window, visible);
            let below = lines.saturating_sub(self.skipped + window.height);
            if below > 0 {
                self.skipped += by.min(below);
                return;
            }
        }
        let last = self.folds.visible_count(document).saturating_sub(1);
        let target = (visible + by).min(last);
        // At the last row, keep the end of a tall row on the screen.
        if target > visible {
            self.go_to(self.folds.absolute(document, target).unwrap_or(self.cursor));
        }
    }

    /// Moves the cursor to a line of the screen; false if it is empty.
    pub fn select_line(&mut self, document: &Document, window: Viewport, line: usize) -> bool {
        let mut left = line + self.skipped;
        for visible in self.top.. {
            let Some(row) = self.folds.absolute(document, visible) else { return false };
            let lines = self.lines_of(document, window, visible);
            if left < lines {
                self.cursor = row;
                return true;
            }
            left -= lines;
        }
        false
    }

    /// Folds the container under the cursor, or goes to its parent.
    pub fn collapse(&mut self, document: &Document) {
        let head = document.head(self.cursor);
        if !self.folds.is_folded(head) && self.folds.fold(document, head) {
            self.go_to(head);
        } else if let Some(parent) = document.parent(self.cursor) {
            self.go_to(parent);
        }
    }

    /// Unfolds the container under the cursor, or enters it.
    pub fn expand(&mut self, document: &Document) {
        if self.folds.is_folded(self.cursor) {
            self.folds.unfold(document, self.cursor);
        } else if let Some(child) = document.first_child(self.cursor) {
            self.go_to(child);
        }
    }

    pub fn fold(&mut self, document: &Document, fold: Fold) {
        let head = document.head(self.cursor);
        match fold {
            Fold::Toggle => {
                self.folds.toggle(document, head);
                self.go_to(head);
            }
            Fold::ToggleAll => {
                self.folds.toggle_all(document, head);
                self.go_to(head);
            }
            Fold::Less => {
                let level = self.level.map_or(1, |level| level.saturating_sub(1).max(1));
                self.folds.fold_to(document, level);
                self.level = Some(level);
            }
            Fold::More => match self.level.map(|level| level + 1) {
                Some(level) => {
                    self.folds.fold_to(document, level);
                    let all = self.folds.visible_count(document) == document.row_count();
                    self.level = (!all).then_some(level);
                }
                None => self.folds.unfold_all(),
            },
        }
    }

    pub fn sibling(&mut self, document: &Document, turn: Direction) {
        let found = match turn {
            Direction::Next => document.next_sibling(self.cursor),
            Direction::Previous => document.previous_sibling(self.cursor),
        };
        self.go_to(found.unwrap_or(self.cursor));
    }

    /// Goes to the next row with the same key at any depth; false if there is none.
    pub fn same_key(&mut self, document: &Document, turn: Direction) -> bool {
        let found = match turn {
            Direction::Next => document.next_same_key(self.cursor),
            Direction::Previous => document.previous_same_key(self.cursor),
        };
        let Some(row) = found else { return false };
        self.folds.reveal(document, row);
        self.go_to(row);
        true
    }

    /// Clamps the cursor and scrolls it into view.
    pub fn settle(&mut self, document: &Document, window: Viewport) {
        let count = self.folds.visible_count(document);
        let height = window.height.max(1);
        self.show_revealed(document, window);
        let visible = self.folds.visible(self.cursor).min(count.saturating_sub(1));
        self.cursor = self.folds.absolute(document, visible).unwrap_or(0);
        if window.wrap {
            self.left = 0;
        }
        if visible < self.top {
            (self.top, self.skipped) = (visible, 0);
        } else if visible >= self.top + height {
            (self.top, self.skipped) = (visible + 1 - height, 0);
        }
        self.top = self.top.min(count.saturating_sub(if window.wrap { 1 } else { height }));
        if window.wrap {
            let mut lines = self.skipped_sum(document, window, visible);
            while self.top < visible && lines > height {
                lines -= self.lines_of(document, window, self.top) - self.skipped;
                (self.top, self.skipped) = (self.top + 1, 0);
            }
        }
    }

    /// Scrolls to the current match, but no further than necessary, so that its context stays in
    /// view: sideways only if the match is cut off, and up or down only if it is near the edge of
    /// the screen.
    fn show_revealed(&mut self, document: &Document, window: Viewport) {
        let Some(hit) = self.reveal.take() else { return };
        if window.wrap {
            let visible = self.folds.visible(self.cursor);
            if self.lines_of(document, window, visible) > window.height {
                self.top = visible;
                self.skipped = (hit.start / window.width.max(4)).saturating_sub(window.height / 3);
            }
            return;
        }
        if hit.end <= window.width {
            self.left = 0;
        } else if hit.start < self.left || hit.end > self.left + window.width {
            self.left = hit.start.saturating_sub(window.width / 3);
        }
        let (visible, margin) = (self.folds.visible(self.cursor), window.height / 5);
        let inside = self.top + margin..(self.top + window.height).saturating_sub(margin);
        if !inside.contains(&visible) {
            self.top = visible.saturating_sub(window.height / 3);
        }
    }

    /// Counts screen lines from the top to the end of a row.
    fn skipped_sum(&self, document: &Document, window: Viewport, visible: usize) -> usize {
        let all = self.top..=visible;
        let lines: usize = all.map(|at| self.lines_of(document, window, at)).sum();
        lines.saturating_sub(self.skipped)
    }

    /// Returns the number of lines a row takes.
    fn lines_of(&self, document: &Document, window: Viewport, visible: usize) -> usize {
        if !window.wrap {
            return 1;
        }
        let row = self.folds.absolute(document, visible);
        row.map_or(1, |row| visible_lines::line_count(self, document, row, window.width).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Viewport = Viewport { width: 20, height: 5, wrap: false };

    fn document(body: &'static str) -> Document {
        Document::new(body.into(), None, None)
    }

    fn numbers() -> Document {
        let items: Vec<String> = (0..50).map(|number| format!("[{number},{number}]")).collect();
        Document::new(format!("[{}]", items.join(",")).into(), None, None)
    }

    #[test]
    fn cursor_skips_folded_rows() {
        let document = numbers();
        let mut reading = DocumentView::default();
        reading.fold(&document, Fold::Less);
        assert_eq!(reading.folds.visible_count(&document), 52);
        for _ in 0..3 {
            reading.travel(&document, WINDOW, Move::Down);
        }
        assert_eq!(document.line(reading.cursor).unwrap().trim(), "[");
        assert_eq!(reading.folds.visible(reading.cursor), 3);
        reading.travel(&document, WINDOW, Move::Up);
        assert_eq!(reading.folds.visible(reading.cursor), 2);
        reading.travel(&document, WINDOW, Move::Last);
        reading.settle(&document, WINDOW);
        assert_eq!((reading.top, reading.folds.visible(reading.cursor)), (47, 51));
        reading.travel(&document, WINDOW, Move::PageUp);
        assert_eq!(reading.folds.visible(reading.cursor), 47);
    }

    #[test]
    fn enters_and_leaves_containers() {
        let document = document(r#"{"a":{"b":1,"c":[2]},"d":3}"#);
        let mut reading = DocumentView::default();
        reading.expand(&document);
        reading.expand(&document);
        assert_eq!(document.line(reading.cursor).unwrap().trim(), "\"b\": 1,");
        reading.collapse(&document);
        reading.collapse(&document);
        assert!(reading.folds.is_folded(1));
        reading.sibling(&document, Direction::Next);
        assert_eq!(document.line(reading.cursor).unwrap().trim(), "\"d\": 3");
    }

    #[test]
    fn scrolls_through_a_row_taller_than_the_screen() {
        let text: &'static str = Box::leak("word ".repeat(100).into_boxed_str());
        let document = Document::new(text.into(), Some("text/plain"), None);
        let window = Viewport { wrap: true, ..WINDOW };
        let mut reading = DocumentView::default();
        for expected in [1, 2, 3] {
            reading.travel(&document, window, Move::Down);
            reading.settle(&document, window);
            assert_eq!((reading.top, reading.skipped), (0, expected));
        }
        for _ in 0..99 {
            reading.travel(&document, window, Move::Down);
        }
        let last = reading.lines_of(&document, window, 0) - window.height;
        assert_eq!(reading.skipped, last);
        reading.travel(&document, window, Move::PageUp);
        assert_eq!(reading.skipped, last - 4);
    }
}
