//! Index of all deliveries by id, packed into about a hundred bytes each.
//!
//! Rows are stored in pages, so that growing moves little data and earlier deliveries can be
//! inserted in front. Bodies, explanations, and notes stay in the store.

mod row;
mod texts;

use std::collections::VecDeque;

use crate::delivery::{DeliveryId, Summary};
use crate::filter::RowMatcher;
use row::{Cold, Hot};
use texts::Texts;

pub(crate) use row::ListRow;
pub(super) use row::RowBadges;
pub(super) use row::RowRef;

/// Rows of a full page. A page may grow to twice as many before it is split.
const PAGE: usize = 4096;

/// Index of all known deliveries.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Never contains an empty page.
    pages: VecDeque<Page>,
    texts: Texts,
    count: usize,
    bad: usize,
    marked: usize,
}

#[derive(Debug, Default)]
struct Page {
    /// Parallel columns with one entry per row.
    ids: Vec<DeliveryId>,
    hot: Vec<Hot>,
    cold: Vec<Cold>,
    /// Event ids, each followed by a newline; those of removed rows may remain.
    events: Vec<u8>,
    bad: usize,
    marked: usize,
}

/// State of a row before it was inserted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Previous {
    New,
    Known { shown: bool },
}

/// Class of rows to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowClass {
    Any,
    Bad,
    Marked,
}

impl Page {
    fn first(&self) -> DeliveryId {
        self.ids.first().copied().unwrap_or(DeliveryId(i64::MAX))
    }

    fn may_have(&self, wanted: RowClass) -> bool {
        match wanted {
            RowClass::Any => true,
            RowClass::Bad => self.bad > 0,
            RowClass::Marked => self.marked > 0,
        }
    }

    fn retain(&mut self, stays: impl Fn(DeliveryId) -> bool) {
        let staying: Vec<bool> = self.ids.iter().map(|id| stays(*id)).collect();
        // Every column is filtered in the same order.
        let mut each = staying.iter().copied();
        self.ids.retain(|_| each.next().unwrap_or(true));
        let mut each = staying.iter().copied();
        self.hot.retain(|_| each.next().unwrap_or(true));
        let mut each = staying.iter().copied();
        self.cold.retain(|_| each.next().unwrap_or(true));
    }

    fn recount(&mut self) {
        self.bad = self.hot.iter().filter(|row| row.is_failed()).count();
        self.marked = self.hot.iter().filter(|row| row.is_marked()).count();
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

    /// Returns the number of distinct texts, including 0 for none.
    pub(super) fn symbols(&self) -> usize {
        self.texts.len()
    }

    pub(super) fn text(&self, symbol: u32) -> Option<&str> {
        self.texts.text(symbol)
    }

    /// Returns the page that contains a row or would contain it.
    fn page_of(&self, id: DeliveryId) -> usize {
        self.pages.partition_point(|page| page.first() <= id).saturating_sub(1)
    }

    pub(super) fn get(&self, id: DeliveryId) -> Option<RowRef<'_>> {
        let page = self.pages.get(self.page_of(id))?;
        let at = page.ids.binary_search(&id).ok()?;
        self.of_page(page, at..at + 1).next()
    }

    /// Sets whether a row passes the filter; returns true if that changed.
    pub(super) fn set_shown(&mut self, id: DeliveryId, shown: bool) -> bool {
        let at = self.page_of(id);
        let Some(page) = self.pages.get_mut(at) else { return false };
        let row = page.ids.binary_search(&id).ok().and_then(|at| page.hot.get_mut(at));
        row.is_some_and(|row| row.set_shown(shown))
    }

    /// Inserts or updates a row. It is hidden until shown again.
    pub(super) fn put(&mut self, summary: &Summary) -> Previous {
        let at = self.place(summary.id);
        let Self { pages, texts, .. } = self;
        let Some(page) = pages.get_mut(at) else { return Previous::New };
        let found = page.ids.binary_search(&summary.id);
        let hot = Hot::new(summary, texts);
        let old = found.ok().and_then(|at| page.cold.get(at));
        let cold = Cold::new(summary, old, texts, &mut page.events);
        let (bad, marked) = (usize::from(hot.is_failed()), usize::from(hot.is_marked()));
        page.bad += bad;
        page.marked += marked;
        self.bad += bad;
        self.marked += marked;
        match found {
            Ok(at) => {
                let (Some(old), Some(old_cold)) = (page.hot.get_mut(at), page.cold.get_mut(at))
                else {
                    return Previous::New;
                };
                *old_cold = cold;
                let old = std::mem::replace(old, hot);
                let (bad, marked) = (usize::from(old.is_failed()), usize::from(old.is_marked()));
                page.bad -= bad;
                page.marked -= marked;
                self.bad -= bad;
                self.marked -= marked;
                Previous::Known { shown: old.is_shown() }
            }
            Err(at) => {
                page.ids.insert(at, summary.id);
                page.hot.insert(at, hot);
                page.cold.insert(at, cold);
                self.count += 1;
                Previous::New
            }
        }
    }

    /// Returns the page for a row, creating or splitting one if necessary.
    fn place(&mut self, id: DeliveryId) -> usize {
        let is_newest =
            self.pages.back().and_then(|page| page.ids.last()).is_none_or(|last| *last < id);
        let is_oldest = self.pages.front().is_some_and(|page| id < page.first());
        if is_newest && self.pages.back().is_none_or(|page| page.ids.len() >= PAGE) {
            self.pages.push_back(Page::default());
        } else if is_oldest && self.pages.front().is_some_and(|page| page.ids.len() >= PAGE) {
            self.pages.push_front(Page::default());
            return 0;
        }
        let at = if is_newest { self.pages.len() - 1 } else { self.page_of(id) };
        if let Some(page) = self.pages.get_mut(at)
            && page.ids.len() >= 2 * PAGE
        {
            // Both pages keep all event ids, so that offsets stay valid.
            let mut later = Page {
                ids: page.ids.split_off(PAGE),
                hot: page.hot.split_off(PAGE),
                cold: page.cold.split_off(PAGE),
                events: page.events.clone(),
                ..Page::default()
            };
            page.recount();
            later.recount();
            let is_later = later.first() <= id;
            self.pages.insert(at + 1, later);
            return at + usize::from(is_later);
        }
        at
    }

    /// Inserts rows given newest first. Rows that are already known are more recent and stay.
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
        // They precede all others and get a page of their own.
        let mut page = Page {
            ids: summaries.iter().rev().map(|summary| summary.id).collect(),
            hot: Vec::with_capacity(summaries.len()),
            cold: Vec::with_capacity(summaries.len()),
            ..Page::default()
        };
        for summary in summaries.iter().rev() {
            page.hot.push(Hot::new(summary, &mut self.texts));
            page.cold.push(Cold::new(summary, None, &mut self.texts, &mut page.events));
        }
        page.events.shrink_to_fit();
        page.recount();
        self.count += page.ids.len();
        self.bad += page.bad;
        self.marked += page.marked;
        if !page.ids.is_empty() {
            self.pages.push_front(page);
        }
    }

    /// Removes rows, given in ascending id order.
    pub(super) fn remove(&mut self, ids: &[DeliveryId]) {
        let mut rest = ids;
        while let Some(&first) = rest.first() {
            let at = self.page_of(first);
            let next = self.pages.get(at + 1).map(Page::first);
            let here = next.map_or(rest.len(), |next| rest.partition_point(|id| *id < next));
            let (of_page, others) = rest.split_at(here);
            rest = others;
            let Some(page) = self.pages.get_mut(at) else { return };
            let (count, bad, marked) = (page.ids.len(), page.bad, page.marked);
            page.retain(|id| of_page.binary_search(&id).is_err());
            page.recount();
            self.count -= count - page.ids.len();
            self.bad -= bad - page.bad;
            self.marked -= marked - page.marked;
            if page.ids.is_empty() {
                self.pages.remove(at);
            }
        }
    }

    /// Evaluates a filter on every row in id order, stores which rows pass, and reports each
    /// result.
    pub(super) fn evaluate(
        &mut self,
        scan: &mut RowMatcher<'_>,
        mut visit: impl FnMut(&mut RowMatcher<'_>, RowRef<'_>, Option<bool>),
    ) {
        let Self { pages, texts, .. } = self;
        for page in pages {
            let Page { ids, hot, cold, events, .. } = page;
            scan.enter(events);
            for ((id, hot), cold) in ids.iter().zip(hot).zip(cold.iter()) {
                let cell = RowRef { id: *id, hot, cold, ids: events, texts };
                let verdict = scan.evaluate(&cell);
                visit(scan, cell, verdict);
                hot.set_shown(verdict == Some(true));
            }
        }
    }

    /// Iterates over all rows in id order, skipping pages without rows of the class.
    pub(super) fn cells(&self, wanted: RowClass) -> impl DoubleEndedIterator<Item = RowRef<'_>> {
        let pages = self.pages.iter().filter(move |page| page.may_have(wanted));
        pages.flat_map(|page| self.of_page(page, 0..page.ids.len()))
    }

    /// Iterates over the rows from an id on.
    pub(super) fn from(&self, id: DeliveryId) -> impl Iterator<Item = RowRef<'_>> {
        let at = self.page_of(id);
        let start =
            self.pages.get(at).map_or(0, |page| page.ids.partition_point(|other| *other < id));
        self.pages.iter().enumerate().skip(at).flat_map(move |(number, page)| {
            let start = if number == at { start } else { 0 };
            self.of_page(page, start..page.ids.len())
        })
    }

    /// Iterates backward over the rows before an id.
    pub(super) fn before(&self, id: DeliveryId) -> impl Iterator<Item = RowRef<'_>> {
        let at = self.page_of(id);
        let end =
            self.pages.get(at).map_or(0, |page| page.ids.partition_point(|other| *other < id));
        self.pages.iter().take(at + 1).rev().enumerate().flat_map(move |(number, page)| {
            let end = if number == 0 { end } else { page.ids.len() };
            self.of_page(page, 0..end).rev()
        })
    }

    fn of_page<'i>(
        &'i self,
        page: &'i Page,
        rows: std::ops::Range<usize>,
    ) -> impl DoubleEndedIterator<Item = RowRef<'i>> {
        let ids = page.ids.get(rows.clone()).unwrap_or_default();
        let hot = page.hot.get(rows.clone()).unwrap_or_default();
        let cold = page.cold.get(rows).unwrap_or_default();
        let rows = ids.iter().zip(hot).zip(cold);
        rows.map(|((id, hot), cold)| RowRef {
            id: *id,
            hot,
            cold,
            ids: &page.events,
            texts: &self.texts,
        })
    }
}
