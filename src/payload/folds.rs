//! Folded rows of a document. They belong to the view, not to the document.

use super::document::Document;

/// A range of hidden rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hidden {
    /// Folded row that hides the range.
    by: usize,
    /// Last hidden row.
    last: usize,
    /// Number of rows hidden up to and including this range.
    total: usize,
}

/// The folded rows of one document.
///
/// Rows are numbered from 0: *absolute* rows as in the document, *visible* rows as on the screen. A
/// lookup is a binary search; folding goes over the folded ranges once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folds {
    /// One bit per row, set if the row is folded, visible or not.
    folded: Vec<u64>,
    /// Outermost folded ranges in order.
    hidden: Vec<Hidden>,
}

impl Folds {
    pub fn is_folded(&self, row: usize) -> bool {
        self.folded.get(row / 64).is_some_and(|word| word & (1 << (row % 64)) != 0)
    }

    /// Returns the number of visible rows.
    pub fn visible_count(&self, document: &Document) -> usize {
        document.row_count() - self.hidden.last().map_or(0, |last| last.total)
    }

    /// Returns the absolute row of the n-th visible one; `None` after the last.
    pub fn absolute(&self, document: &Document, visible: usize) -> Option<usize> {
        let at = self.hidden.partition_point(|hidden| hidden.visible_by() < visible);
        let before = at.checked_sub(1).and_then(|at| self.hidden.get(at));
        let row = visible.checked_add(before.map_or(0, |hidden| hidden.total))?;
        (row < document.row_count()).then_some(row)
    }

    /// Returns the visible row of an absolute one; for a hidden row, the visible row that hides it.
    pub fn visible(&self, row: usize) -> usize {
        let at = self.hidden.partition_point(|hidden| hidden.by < row);
        match at.checked_sub(1).and_then(|at| self.hidden.get(at)) {
            Some(hidden) if row <= hidden.last => hidden.visible_by(),
            Some(hidden) => row - hidden.total,
            None => row,
        }
    }

    /// Returns the folded row that hides a row, if any.
    pub fn hidden_by(&self, row: usize) -> Option<usize> {
        let at = self.hidden.partition_point(|hidden| hidden.by < row).checked_sub(1)?;
        self.hidden.get(at).filter(|hidden| row <= hidden.last).map(|hidden| hidden.by)
    }

    /// Folds a row; returns false if it cannot be folded.
    pub fn fold(&mut self, document: &Document, row: usize) -> bool {
        let changed = document.last_folded(row).is_some() && self.mark(row, true);
        self.arrange_if(changed, document)
    }

    /// Unfolds a row, but not the rows in it. Returns false if it was not folded.
    pub fn unfold(&mut self, document: &Document, row: usize) -> bool {
        let changed = self.mark(row, false);
        self.arrange_if(changed, document)
    }

    /// Folds a row, or unfolds it if it is folded.
    pub fn toggle(&mut self, document: &Document, row: usize) -> bool {
        if self.is_folded(row) { self.unfold(document, row) } else { self.fold(document, row) }
    }

    /// Like [`Self::toggle`], with everything in the row.
    pub fn toggle_all(&mut self, document: &Document, row: usize) -> bool {
        let Some(last) = document.last_folded(row) else { return false };
        let folds = !self.is_folded(row);
        document.for_each_foldable(row..last + 1, |at, _| {
            self.mark(at, folds);
        });
        self.arrange_if(true, document)
    }

    /// Folds everything nested in `level` containers or more, and unfolds the rest. With 1, each
    /// member of the outermost object is one row.
    pub fn fold_to(&mut self, document: &Document, level: usize) {
        document.for_each_foldable(0..document.row_count(), |row, depth| {
            self.mark(row, depth >= level);
        });
        self.arrange(document);
    }

    pub fn unfold_all(&mut self) {
        *self = Self::default();
    }

    /// Unfolds everything that hides a row; returns false if the row was visible.
    pub fn reveal(&mut self, document: &Document, row: usize) -> bool {
        let mut changed = false;
        // A closing row is hidden by its opening row, which is not its parent.
        let head = document.head(row);
        let first = if head == row { document.parent(row) } else { Some(head) };
        for parent in std::iter::successors(first, |at| document.parent(*at)) {
            changed |= self.mark(parent, false);
        }
        self.arrange_if(changed, document);
        while let Some(by) = self.hidden_by(row) {
            changed |= self.unfold(document, by);
        }
        changed
    }

    /// Makes room for rows that were inserted into the document after a row.
    pub fn inserted(&mut self, document: &Document, after: usize, rows: usize) {
        let mut from = 0;
        let mut marked = Vec::new();
        while let Some(row) = self.next_folded(from) {
            marked.push(if row > after { row + rows } else { row });
            from = row + 1;
        }
        self.folded.clear();
        for row in marked {
            self.mark(row, true);
        }
        self.arrange(document);
    }

    /// Folds or unfolds a row; returns true if that changes anything.
    fn mark(&mut self, row: usize, folds: bool) -> bool {
        if self.is_folded(row) == folds {
            return false;
        }
        if self.folded.len() <= row / 64 {
            self.folded.resize(row / 64 + 1, 0);
        }
        if let Some(word) = self.folded.get_mut(row / 64) {
            *word ^= 1 << (row % 64);
        }
        true
    }

    fn arrange_if(&mut self, changed: bool, document: &Document) -> bool {
        if changed {
            self.arrange(document);
        }
        changed
    }

    /// Recomputes the outermost ranges.
    fn arrange(&mut self, document: &Document) {
        self.hidden.clear();
        let mut total = 0;
        let mut from = 0;
        while let Some(by) = self.next_folded(from) {
            from = by + 1;
            if let Some(last) = document.last_folded(by) {
                total += last - by;
                self.hidden.push(Hidden { by, last, total });
                from = last + 1;
            }
        }
    }

    fn next_folded(&self, from: usize) -> Option<usize> {
        let mut at = from / 64;
        let mut word = self.folded.get(at)? & (u64::MAX << (from % 64));
        while word == 0 {
            at += 1;
            word = *self.folded.get(at)?;
        }
        Some(at * 64 + word.trailing_zeros() as usize)
    }
}

impl Hidden {
    /// Returns the visible row of its folded row.
    fn visible_by(&self) -> usize {
        self.by - (self.total - (self.last - self.by))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"a":{"b":[1,{"c":2}],"d":{}},"e":[3,4],"f":5}"#;

    fn shown(document: &Document, folds: &Folds) -> Vec<String> {
        let rows = (0..folds.visible_count(document)).map(|at| {
            let row = folds.absolute(document, at).unwrap();
            assert_eq!(folds.visible(row), at);
            let row =
                if folds.is_folded(row) { document.folded_row(row) } else { document.row(row) };
            row.unwrap().text()
        });
        rows.collect()
    }

    #[test]
    fn a_folded_row_hides_its_contents() {
        let document = Document::new(BODY.into(), None, None);
        let mut folds = Folds::default();
        assert!(folds.fold(&document, 1) && !folds.fold(&document, 1));
        assert!(!folds.fold(&document, 3), "a number cannot be folded");
        let expected = [
            "{",
            "  \"a\": {b: [1, {…}], d: {}},",
            "  \"e\": [",
            "    3,",
            "    4",
            "  ],",
            "  \"f\": 5",
            "}",
        ];
        assert_eq!(shown(&document, &folds), expected);
        assert_eq!((folds.visible(5), folds.hidden_by(5)), (1, Some(1)));
        assert_eq!(folds.absolute(&document, 8), None);
        folds.fold_to(&document, 1);
        let expected =
            ["{", "  \"a\": {b: [1, {…}], d: {}},", "  \"e\": [3, 4],", "  \"f\": 5", "}"];
        assert_eq!(shown(&document, &folds), expected);
        assert!(folds.toggle(&document, 1));
        assert_eq!(shown(&document, &folds)[2], "    \"b\": [1, {c: 2}],");
        folds.fold_to(&document, 0);
        assert_eq!(shown(&document, &folds), ["{a: {b: […], d: {}}, e: [3, 4], f: 5}"]);
        folds.unfold_all();
        assert_eq!(folds.visible_count(&document), document.row_count());
    }

    #[test]
    fn folds_move_with_their_rows() {
        let document = Document::new(r#"{"a":"[1]","b":[2],"c":{"d":[]}}"#.into(), None, None);
        let mut folds = Folds::default();
        folds.fold(&document, 2);
        folds.fold(&document, 5);
        let decoded = document.decoded_at(1).unwrap();
        folds.inserted(&decoded, 1, 3);
        let expected = [
            "{",
            "  \"a\": \"[1]\",",
            "    ┊ [  JSON",
            "    ┊   1",
            "    ┊ ]",
            "  \"b\": [2],",
            "  \"c\": {d: []}",
            "}",
        ];
        assert_eq!(shown(&decoded, &folds), expected);
    }

    #[test]
    fn a_row_is_revealed_and_a_subtree_toggled() {
        let document = Document::new(BODY.into(), None, None);
        let mut folds = Folds::default();
        folds.fold_to(&document, 0);
        let hit = (0..document.row_count())
            .find(|row| document.line(*row).unwrap().contains("\"c\""))
            .unwrap();
        assert!(folds.reveal(&document, hit) && !folds.reveal(&document, hit));
        assert_eq!(folds.hidden_by(hit), None);
        assert!(folds.is_folded(document.next_sibling(1).unwrap()), "siblings stay folded");
        folds.unfold_all();
        assert!(folds.toggle_all(&document, 1));
        assert!(folds.is_folded(1) && folds.is_folded(2));
        assert!(folds.toggle_all(&document, 1));
        assert_eq!(folds.visible_count(&document), document.row_count());
        folds.fold_to(&document, 0);
        let end = document.row_count() - 1;
        assert!(folds.reveal(&document, end) && folds.hidden_by(end).is_none());
    }
}
