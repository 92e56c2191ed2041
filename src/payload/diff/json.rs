//! Compares two JSON texts value by value, without recursion.

use std::borrow::Cow;

use super::array::{Effort, Item, Items, paired};
use super::digest::Digests;
use super::merge::merged;
use super::{Diff, DiffRow, IgnoredPaths, Mark};
use crate::payload::json_tree::{JsonKind, JsonTree};

/// Work still to be done; the last task is done first.
#[derive(Debug, Clone, Copy)]
enum Task {
    /// Compare two paired values.
    Pair(usize, usize),
    /// List a value with all its rows.
    Gone(usize),
    Come(usize),
    Row(DiffRow),
}

struct Comparison<'t> {
    old: &'t JsonTree,
    new: &'t JsonTree,
    digests: Digests,
    ignored: &'t IgnoredPaths,
    tasks: Vec<Task>,
    diff: Diff,
    effort: Effort,
    reordered: usize,
    coarse: usize,
}

pub(super) fn diff(old: &JsonTree, new: &JsonTree, ignored: &IgnoredPaths) -> Diff {
    let digests = Digests::of(old, new);
    let tasks = vec![Task::Pair(0, 0)];
    let (diff, effort) = (Diff::default(), Effort::default());
    let mut all =
        Comparison { old, new, digests, ignored, tasks, diff, effort, reordered: 0, coarse: 0 };
    while let Some(task) = all.tasks.pop() {
        if !all.take(task) {
            all.diff.notes.push("more differences than listed".to_owned());
            break;
        }
    }
    if all.reordered > 0 {
        all.diff.notes.push(format!("different key order in {}", objects(all.reordered)));
    }
    if all.coarse > 0 {
        let what = "arrays that differ too much are compared by position";
        all.diff.notes.push(what.to_owned());
    }
    all.diff
}

fn objects(count: usize) -> String {
    format!("{count} {}", if count == 1 { "object" } else { "objects" })
}

fn is_object(kind: Option<JsonKind>) -> bool {
    matches!(kind, Some(JsonKind::Object | JsonKind::EmptyObject))
}

fn is_array(kind: Option<JsonKind>) -> bool {
    matches!(kind, Some(JsonKind::Array | JsonKind::EmptyArray))
}

impl Comparison<'_> {
    /// Does one task; returns false if the diff is full.
    fn take(&mut self, task: Task) -> bool {
        match task {
            Task::Row(row) => self.diff.push(row),
            Task::Gone(row) => self.whole(self.old, row, Mark::Removed),
            Task::Come(row) => self.whole(self.new, row, Mark::Added),
            Task::Pair(old, new) => self.pair(old, new),
        }
    }

    fn pair(&mut self, old: usize, new: usize) -> bool {
        if self.digests.old.get(old) == self.digests.new.get(new) {
            return self.diff.push(self.folded(Mark::Same, old, new));
        }
        let (before, after) = (self.old.kind(old), self.new.kind(new));
        let head = DiffRow::new(Mark::Same, Some(old), Some(new));
        if is_object(before) && is_object(after) {
            self.end(old, new);
            self.members(old, new);
            return self.diff.push(head);
        }
        if is_array(before) && is_array(after) {
            self.end(old, new);
            self.items(old, new);
            return self.diff.push(head);
        }
        let is_scalar = |kind: Option<JsonKind>| !is_object(kind) && !is_array(kind);
        if is_scalar(before) && is_scalar(after) {
            let is_muted = self.ignored.change(self.old.node(old), self.new.node(new));
            return self.diff.push(DiffRow { mark: Mark::Changed, is_muted, ..head });
        }
        self.tasks.push(Task::Come(new));
        self.whole(self.old, old, Mark::Removed)
    }

    fn folded(&self, mark: Mark, old: usize, new: usize) -> DiffRow {
        let is_folded = self.new.last(new).is_some();
        DiffRow { is_folded, ..DiffRow::new(mark, Some(old), Some(new)) }
    }

    /// Adds the closing rows, after all that is in the containers.
    fn end(&mut self, old: usize, new: usize) {
        let (old, new) = (self.old.last(old), self.new.last(new));
        if old.is_some() || new.is_some() {
            self.tasks.push(Task::Row(DiffRow::new(Mark::Same, old, new)));
        }
    }

    fn members(&mut self, old: usize, new: usize) {
        let (old_tree, new_tree) = (self.old, self.new);
        let (before, after) = (children(old_tree, old), children(new_tree, new));
        let (pairs, is_reordered) = merged(&keys(old_tree, &before), &keys(new_tree, &after));
        self.reordered += usize::from(is_reordered);
        let task = |(old, new): (Option<usize>, Option<usize>)| {
            let old = old.and_then(|at| before.get(at)).copied();
            let new = new.and_then(|at| after.get(at)).copied();
            match (old, new) {
                (Some(old), Some(new)) => Some(Task::Pair(old, new)),
                (Some(old), None) => Some(Task::Gone(old)),
                (None, Some(new)) => Some(Task::Come(new)),
                (None, None) => None,
            }
        };
        self.tasks.extend(pairs.into_iter().rev().filter_map(task));
    }

    fn items(&mut self, old: usize, new: usize) {
        let (before, after) = (children(self.old, old), children(self.new, new));
        let old_items = described(self.old, &before, &self.digests.old);
        let new_items = described(self.new, &after, &self.digests.new);
        // Both sides use the same hash key, so identities are comparable too.
        let (listed, is_coarse) = paired(&old_items, &new_items, &mut self.effort);
        self.coarse += usize::from(is_coarse);
        let row = |rows: &[usize], at: usize| rows.get(at).copied().unwrap_or(0);
        for item in listed.into_iter().rev() {
            let task = match item {
                Item::Same(old, new) | Item::Paired(old, new) => {
                    Task::Pair(row(&before, old), row(&after, new))
                }
                Item::Moved(old, new) => {
                    Task::Row(self.folded(Mark::Moved, row(&before, old), row(&after, new)))
                }
                Item::Added(new) => Task::Come(row(&after, new)),
                Item::Removed(old) => Task::Gone(row(&before, old)),
            };
            self.tasks.push(task);
        }
    }

    /// Lists a value with everything in it.
    fn whole(&mut self, tree: &JsonTree, row: usize, mark: Mark) -> bool {
        let is_muted = tree.node(row).is_some_and(|node| self.ignored.path(node));
        (row..=tree.last(row).unwrap_or(row)).all(|at| {
            let (old, new) =
                if mark == Mark::Removed { (Some(at), None) } else { (None, Some(at)) };
            self.diff.push(DiffRow { is_muted, ..DiffRow::new(mark, old, new) })
        })
    }
}

fn children(tree: &JsonTree, row: usize) -> Vec<usize> {
    tree.children(row).collect()
}

fn keys<'t>(tree: &'t JsonTree, rows: &[usize]) -> Vec<Cow<'t, str>> {
    let key = |row: &usize| tree.node(*row).and_then(|node| node.key()).unwrap_or_default();
    rows.iter().map(key).collect()
}

/// Returns the items of an array. An object is identified by the first of `id`, `uuid`, and `key`
/// in it.
fn described(tree: &JsonTree, rows: &[usize], digests: &[u64]) -> Items {
    /// Number of members in which the identity is searched; later ones are not worth the time.
    const FIRST: usize = 16;
    let digest = |row: usize| digests.get(row).copied().unwrap_or(0);
    let names = |row: &usize| tree.node(*row).and_then(|node| node.key()).is_some_and(is_name);
    let identity = |row: &usize| {
        let found = tree.children(*row).take(FIRST).find(names)?;
        tree.last(found).is_none().then(|| digest(found))
    };
    Items {
        digests: rows.iter().map(|row| digest(*row)).collect(),
        identities: rows.iter().map(identity).collect(),
    }
}

fn is_name(key: Cow<'_, str>) -> bool {
    ["id", "uuid", "key"].contains(&&*key)
}
