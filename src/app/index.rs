//! Every delivery that is known, by rising id, packed: about a hundred bytes each.
//!
//! Rows stand in pages, so that growing moves little and older ones come in before the others.
//! Bodies, explanations and notes stay in the store.

mod row;
mod texts;

use std::collections::VecDeque;

use crate::delivery::{DeliveryId, Summary};
use crate::filter::Scan;
use row::Packed;
use texts::Texts;

pub(super) use row::Cell;
pub use row::{Badges, Row};

/// Rows of a page that is full; one may grow to twice as many before it is broken in two.
const PAGE: usize = 4096;

/// All deliveries that are known.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// None is empty.
    pages: VecDeque<Page>,
    texts: Texts,
    count: usize,
    bad: usize,
    marked: usize,
}

#[derive(Debug, Default)]
struct Page {
    rows: Vec<Packed>,
    /// Event ids, a line end after each; those of rows that are gone may linger.
    ids: Vec<u8>,
    bad: usize,
    marked: usize,
}

/// What a row was before it was put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    New,
    Known { shown: bool },
}

/// Which rows are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trait {
    Any,
    Bad,
    Marked,
}

impl Page {
    fn first(&self) -> DeliveryId {
        self.rows.first().map_or(DeliveryId(i64::MAX), |row| row.id)
    }

    fn may_have(&self, wanted: Trait) -> bool {
        match wanted {
            Trait::Any => true,
            Trait::Bad => self.bad > 0,
            Trait::Marked => self.marked > 0,
        }
    }

    fn recount(&mut self) {
        self.bad = self.rows.iter().filter(|row| row.is_bad()).count();
        self.marked = self.rows.iter().filter(|row| row.is_marked()).count();
    }
}

impl Index {
    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn bad(&self) -> usize {
        self.bad
    }

    pub(super) fn marked(&self) -> usize {
        self.marked
    }

    /// How many different texts there are, 0 for none included.
    pub(super) fn symbols(&self) -> usize {
        self.texts.len()
    }

    pub(super) fn text(&self, symbol: u32) -> Option<&str> {
        self.texts.text(symbol)
    }

    /// The page in which a row stands or would stand.
    fn page_of(&self, id: DeliveryId) -> usize {
        self.pages.partition_point(|page| page.first() <= id).saturating_sub(1)
    }

    pub(super) fn get(&self, id: DeliveryId) -> Option<Cell<'_>> {
        let page = self.pages.get(self.page_of(id))?;
        let at = page.rows.binary_search_by_key(&id, |row| row.id).ok()?;
        let packed = page.rows.get(at)?;
        Some(Cell { packed, ids: &page.ids, texts: &self.texts })
    }

    fn get_mut(&mut self, id: DeliveryId) -> Option<&mut Packed> {
        let at = self.page_of(id);
        let page = self.pages.get_mut(at)?;
        let at = page.rows.binary_search_by_key(&id, |row| row.id).ok()?;
        page.rows.get_mut(at)
    }

    /// Notes whether a row passes the filter; returns whether that is new.
    pub(super) fn set_shown(&mut self, id: DeliveryId, shown: bool) -> bool {
        let Some(row) = self.get_mut(id) else { return false };
        let differs = row.is_shown() != shown;
        row.set_shown(shown);
        differs
    }

    /// Takes in a row, or a newer state of a known one, which is not shown from now on.
    pub(super) fn put(&mut self, summary: &Summary) -> Before {
        let at = self.place(summary.id);
        let Self { pages, texts, .. } = self;
        let Some(page) = pages.get_mut(at) else { return Before::New };
        let found = page.rows.binary_search_by_key(&summary.id, |row| row.id);
        let old = found.ok().and_then(|at| page.rows.get(at));
        let packed = Packed::new(summary, old, texts, &mut page.ids);
        let (bad, marked) = (usize::from(packed.is_bad()), usize::from(packed.is_marked()));
        page.bad += bad;
        page.marked += marked;
        self.bad += bad;
        self.marked += marked;
        match found {
            Ok(at) => {
                let Some(old) = page.rows.get_mut(at) else { return Before::New };
                let old = std::mem::replace(old, packed);
                let (bad, marked) = (usize::from(old.is_bad()), usize::from(old.is_marked()));
                page.bad -= bad;
                page.marked -= marked;
                self.bad -= bad;
                self.marked -= marked;
                Before::Known { shown: old.is_shown() }
            }
            Err(at) => {
                page.rows.insert(at, packed);
                self.count += 1;
                Before::New
            }
        }
    }

    /// The page for a row, which is made or given room if need be.
    fn place(&mut self, id: DeliveryId) -> usize {
        let is_newest =
            self.pages.back().and_then(|page| page.rows.last()).is_none_or(|last| last.id < id);
        let is_oldest = self.pages.front().is_some_and(|page| id < page.first());
        if is_newest && self.pages.back().is_none_or(|page| page.rows.len() >= PAGE) {
            self.pages.push_back(Page::default());
        } else if is_oldest && self.pages.front().is_some_and(|page| page.rows.len() >= PAGE) {
            self.pages.push_front(Page::default());
            return 0;
        }
        let at = if is_newest { self.pages.len() - 1 } else { self.page_of(id) };
        if let Some(page) = self.pages.get_mut(at)
            && page.rows.len() >= 2 * PAGE
        {
            // The event ids stay where they are, for both.
            let mut later =
                Page { rows: page.rows.split_off(PAGE), ids: page.ids.clone(), ..Page::default() };
            page.recount();
            later.recount();
            let is_later = later.first() <= id;
            self.pages.insert(at + 1, later);
            return at + usize::from(is_later);
        }
        at
    }

    /// Takes in many rows, given newest first. Those that are known already are newer.
    pub(super) fn put_older(&mut self, summaries: &[Summary]) {
        let is_older =
            |summary: &Summary| self.pages.front().is_none_or(|page| summary.id < page.first());
        if !summaries.iter().all(is_older) {
            for summary in summaries {
                if self.get(summary.id).is_none() {
                    self.put(summary);
                }
            }
            return;
        }
        // All before the others, as a page of their own.
        let mut page = Page { rows: Vec::with_capacity(summaries.len()), ..Page::default() };
        for summary in summaries.iter().rev() {
            page.rows.push(Packed::new(summary, None, &mut self.texts, &mut page.ids));
        }
        page.ids.shrink_to_fit();
        page.recount();
        self.count += page.rows.len();
        self.bad += page.bad;
        self.marked += page.marked;
        if !page.rows.is_empty() {
            self.pages.push_front(page);
        }
    }

    /// Forgets rows, given by rising id.
    pub(super) fn remove(&mut self, ids: &[DeliveryId]) {
        let mut rest = ids;
        while let Some(&first) = rest.first() {
            let at = self.page_of(first);
            let next = self.pages.get(at + 1).map(Page::first);
            let here = next.map_or(rest.len(), |next| rest.partition_point(|id| *id < next));
            let (of_page, others) = rest.split_at(here);
            rest = others;
            let Some(page) = self.pages.get_mut(at) else { return };
            let (count, bad, marked) = (page.rows.len(), page.bad, page.marked);
            page.rows.retain(|row| of_page.binary_search(&row.id).is_err());
            page.recount();
            self.count -= count - page.rows.len();
            self.bad -= bad - page.bad;
            self.marked -= marked - page.marked;
            if page.rows.is_empty() {
                self.pages.remove(at);
            }
        }
    }

    /// Weighs every row against a filter, by rising id, notes which pass, and tells of each.
    pub(super) fn weigh(
        &mut self,
        scan: &mut Scan<'_>,
        mut told: impl FnMut(&mut Scan<'_>, Cell<'_>, Option<bool>),
    ) {
        let Self { pages, texts, .. } = self;
        for page in pages {
            let Page { rows, ids, .. } = page;
            scan.enter(ids);
            for packed in rows {
                let cell = Cell { packed, ids, texts };
                let verdict = scan.weigh(&cell);
                told(scan, cell, verdict);
                packed.set_shown(verdict == Some(true));
            }
        }
    }

    /// All rows by rising id, but for pages in which none has the trait.
    pub(super) fn cells(&self, wanted: Trait) -> impl DoubleEndedIterator<Item = Cell<'_>> {
        let pages = self.pages.iter().filter(move |page| page.may_have(wanted));
        pages.flat_map(|page| self.of_page(page, 0..page.rows.len()))
    }

    /// The rows from an id on.
    pub(super) fn from(&self, id: DeliveryId) -> impl Iterator<Item = Cell<'_>> {
        let at = self.page_of(id);
        let start =
            self.pages.get(at).map_or(0, |page| page.rows.partition_point(|row| row.id < id));
        self.pages.iter().enumerate().skip(at).flat_map(move |(number, page)| {
            let start = if number == at { start } else { 0 };
            self.of_page(page, start..page.rows.len())
        })
    }

    /// The rows before an id, the nearest first.
    pub(super) fn before(&self, id: DeliveryId) -> impl Iterator<Item = Cell<'_>> {
        let at = self.page_of(id);
        let end = self.pages.get(at).map_or(0, |page| page.rows.partition_point(|row| row.id < id));
        self.pages.iter().take(at + 1).rev().enumerate().flat_map(move |(number, page)| {
            let end = if number == 0 { end } else { page.rows.len() };
            self.of_page(page, 0..end).rev()
        })
    }

    fn of_page<'i>(
        &'i self,
        page: &'i Page,
        rows: std::ops::Range<usize>,
    ) -> impl DoubleEndedIterator<Item = Cell<'i>> {
        let rows = page.rows.get(rows).unwrap_or_default();
        rows.iter().map(|packed| Cell { packed, ids: &page.ids, texts: &self.texts })
    }
}
