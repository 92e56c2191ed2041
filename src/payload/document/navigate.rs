//! Moves between the rows of a body.

use super::body_rows::BodyRows;
use crate::payload::section::SectionContent;

impl BodyRows {
    /// Returns the row that represents a value: for a closing brace or tag, the opening row.
    pub(super) fn head(&self, row: usize) -> usize {
        self.section(row).map_or(row, |section| section.head(row))
    }

    /// Returns the row of the container around a row.
    pub(super) fn parent(&self, row: usize) -> Option<usize> {
        let inside = self.section(row).and_then(|section| section.parent(row));
        inside.or_else(|| self.heading(row))
    }

    /// Returns the first row in a container that is not empty.
    pub(super) fn first_child(&self, row: usize) -> Option<usize> {
        match self.tree(row) {
            Some((tree, base)) => tree.first_child(row - base).map(|child| child + base),
            None => self.last_folded(row).map(|_| row + 1),
        }
    }

    pub(super) fn next_sibling(&self, row: usize) -> Option<usize> {
        if let Some((tree, base)) = self.tree(row) {
            return tree.next_sibling(row - base).map(|next| next + base);
        }
        let row = self.head(row);
        let next = self.last_folded(row).unwrap_or(row) + 1;
        self.is_beside(row, next).then_some(next)
    }

    pub(super) fn previous_sibling(&self, row: usize) -> Option<usize> {
        if let Some((tree, base)) = self.tree(row) {
            return tree.previous_sibling(row - base).map(|before| before + base);
        }
        let row = self.head(row);
        let before = self.head(row.checked_sub(1)?);
        let mut up = std::iter::successors(Some(before), |at| self.parent(*at));
        up.find(|at| self.is_beside(row, *at))
    }

    fn is_beside(&self, one: usize, other: usize) -> bool {
        other < self.rows
            && self.depth(one) == self.depth(other)
            && self.parent(one) == self.parent(other)
    }

    /// Returns the next row with the same key; wraps around at the end.
    pub(super) fn next_same_key(&self, row: usize) -> Option<usize> {
        let (tree, base) = self.tree(row)?;
        let here = tree.head(row - base);
        let rows = (here + 1..tree.len()).chain(0..here);
        self.same_key(row, rows.map(|at| at + base))
    }

    /// Returns the previous row with the same key; wraps around at the start.
    pub(super) fn previous_same_key(&self, row: usize) -> Option<usize> {
        let (tree, base) = self.tree(row)?;
        let here = tree.head(row - base);
        let rows = (0..here).rev().chain((here + 1..tree.len()).rev());
        self.same_key(row, rows.map(|at| at + base))
    }

    fn same_key(&self, row: usize, mut rows: impl Iterator<Item = usize>) -> Option<usize> {
        let (tree, base) = self.tree(row)?;
        let key = tree.node(row - base)?.key()?;
        // A closing row would have the key of its opening row.
        rows.find(|at| {
            tree.head(at - base) == at - base
                && tree.node(at - base).is_some_and(|node| node.has_key(&key))
        })
    }

    /// Returns the heading of a row.
    fn heading(&self, row: usize) -> Option<usize> {
        let at = self.sections.partition_point(|section| section.row <= row);
        let before = self.sections.get(..at)?;
        let found = before.iter().rev().find(|section| match &section.content {
            SectionContent::Heading { below, .. } => {
                (section.row + 1..=section.row + below).contains(&row)
            }
            _ => false,
        });
        found.map(|section| section.row)
    }
}
