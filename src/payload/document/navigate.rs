//! From one row of a document to another.

use super::Document;
use crate::payload::section::SectionContent;

impl Document {
    /// The row that stands for a value: of a closing brace or tag, the row that opens.
    pub fn head(&self, row: usize) -> usize {
        self.section(row).map_or(row, |section| section.head(row))
    }

    /// The row of the container that a row stands in.
    pub fn parent(&self, row: usize) -> Option<usize> {
        let inside = self.section(row).and_then(|section| section.parent(row));
        inside.or_else(|| self.heading(row))
    }

    /// The first row in a container that is not empty.
    pub fn first_child(&self, row: usize) -> Option<usize> {
        match self.tree(row) {
            Some((tree, base)) => tree.first_child(row - base).map(|child| child + base),
            None => self.last_folded(row).map(|_| row + 1),
        }
    }

    pub fn next_sibling(&self, row: usize) -> Option<usize> {
        if let Some((tree, base)) = self.tree(row) {
            return tree.next_sibling(row - base).map(|next| next + base);
        }
        let row = self.head(row);
        let next = self.last_folded(row).unwrap_or(row) + 1;
        self.is_beside(row, next).then_some(next)
    }

    pub fn previous_sibling(&self, row: usize) -> Option<usize> {
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

    /// The next row whose key is the same, from the top again behind the last one.
    pub fn next_same_key(&self, row: usize) -> Option<usize> {
        let (tree, base) = self.tree(row)?;
        let here = tree.head(row - base);
        let rows = (here + 1..tree.len()).chain(0..here);
        self.same_key(row, rows.map(|at| at + base))
    }

    /// The row before whose key is the same, from the bottom again before the first one.
    pub fn previous_same_key(&self, row: usize) -> Option<usize> {
        let (tree, base) = self.tree(row)?;
        let here = tree.head(row - base);
        let rows = (0..here).rev().chain((here + 1..tree.len()).rev());
        self.same_key(row, rows.map(|at| at + base))
    }

    fn same_key(&self, row: usize, mut rows: impl Iterator<Item = usize>) -> Option<usize> {
        let (tree, base) = self.tree(row)?;
        let key = tree.node(row - base)?.key()?;
        // The key of a closing row would be that of the row that opens.
        rows.find(|at| {
            tree.head(at - base) == at - base
                && tree
                    .node(at - base)
                    .and_then(|node| node.key())
                    .is_some_and(|found| found == key)
        })
    }

    /// The heading that a row belongs to.
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
