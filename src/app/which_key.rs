//! The popup of a menu: every key with its meaning, over the pane that the menu is not about, so
//! that the row it acts on stays in view.

use ratatui::layout::{Margin, Position, Rect};
use unicode_width::UnicodeWidthStr as _;

use super::action::Action;
use super::keymap::{Binding, Key, KeyContext};
use super::layout::{Areas, Focus};
use super::model::{Menu, Mode, Model};
use crate::units;

/// Largest number of columns.
const COLUMNS: usize = 4;

/// Rows from which another column is better than a taller popup.
const TALL: usize = 14;

/// Columns between a key and its meaning, and after the meaning.
const GAPS: usize = 4;

/// Key and its meaning.
#[derive(Debug, Clone)]
pub(crate) struct MenuEntry {
    pub key: Key,
    /// Meaning: the whole sentence if there is room for it, otherwise a word or two.
    pub text: String,
    pub action: Action,
}

/// Popup with its entries, column by column.
#[derive(Debug)]
pub(crate) struct MenuPopup {
    pub title: String,
    /// Area with the frame.
    pub area: Rect,
    entries: Vec<MenuEntry>,
    /// Width of a column.
    width: usize,
    /// Entries in a column.
    rows: usize,
    /// First visible row.
    pub top: usize,
}

impl MenuPopup {
    /// Returns the area inside of the frame.
    fn inside(&self) -> Rect {
        self.area.inner(Margin::new(1, 1))
    }

    /// Iterates over the visible entries with their areas.
    pub(crate) fn places(&self) -> impl Iterator<Item = (&MenuEntry, Rect)> {
        let inside = self.inside();
        let rows = self.rows.max(1);
        self.entries.iter().enumerate().filter_map(move |(at, entry)| {
            let row = u16::try_from((at % rows).checked_sub(self.top)?).ok()?;
            let x = u16::try_from(at / rows * self.width).ok()?;
            let width = u16::try_from(self.width).ok()?;
            let place = Rect { x: inside.x + x, y: inside.y + row, width, height: 1 };
            (row < inside.height).then_some((entry, place.intersection(inside)))
        })
    }

    /// Returns the action of the entry at a position.
    pub(crate) fn at(&self, at: Position) -> Option<Action> {
        self.places().find(|(_, place)| place.contains(at)).map(|(entry, _)| entry.action)
    }

    /// Returns true if some entries are out of view.
    pub(crate) fn scrolls(&self) -> bool {
        self.rows > usize::from(self.inside().height)
    }
}

/// Returns the popup of the open menu.
pub(crate) fn popup(model: &Model, areas: &Areas) -> Option<MenuPopup> {
    let Mode::Menu(menu) = &model.mode else { return None };
    let region = region(model, areas);
    let inside = region.inner(Margin::new(1, 1));
    let (width, height) = (usize::from(inside.width), usize::from(inside.height));
    let [sentences, words] = [Form::Sentence, Form::Word].map(|form| entries(model, menu, form));
    let fitting = |entries: &Vec<MenuEntry>, height: usize| {
        (1..=COLUMNS).find(|columns| {
            widest(entries) <= width / columns && entries.len().div_ceil(*columns) <= height
        })
    };
    let low = fitting(&sentences, height.min(TALL));
    let (entries, columns) = if let Some(columns) = low.or_else(|| fitting(&sentences, height)) {
        (sentences, columns)
    } else {
        let most = (width / widest(&words).max(1)).clamp(1, COLUMNS);
        let columns = fitting(&words, height).unwrap_or(most);
        (words, columns)
    };
    let rows = entries.len().div_ceil(columns);
    let shown = rows.min(height);
    let taken = u16::try_from(shown + 2).unwrap_or(u16::MAX).min(region.height);
    let area = Rect { y: region.bottom() - taken, height: taken, ..region };
    let top = menu.top.min(rows.saturating_sub(shown));
    Some(MenuPopup { title: title(model, menu), area, entries, width: width / columns, rows, top })
}

/// Returns the pane that the menu may cover: the one without the focus, if it is visible.
fn region(model: &Model, areas: &Areas) -> Rect {
    let list = areas.list_head.union(areas.list);
    let detail = areas.tabs.union(areas.detail);
    match model.focus {
        Focus::List if areas.detail.height > 0 => detail,
        Focus::Detail if areas.list.height > 0 => list,
        Focus::List | Focus::Detail => areas.body,
    }
}

/// Returns what the menu does, and to which deliveries.
fn title(model: &Model, menu: &Menu) -> String {
    let lead = match menu.signed_lead {
        Some(signed) if model.copies_signed() => signed,
        _ => menu.lead,
    };
    let marked = model.list.marked() as u64;
    let is_about_marked = menu.contexts.contains(&KeyContext::Export) && marked > 0;
    let is_about_list = menu.contexts.contains(&KeyContext::Sort);
    match model.list.selected() {
        Some(_) if is_about_marked => format!(" {lead}: {} marked ", units::format_count(marked)),
        Some(row) if !is_about_list => format!(" {lead}: delivery {} ", row.id),
        _ => format!(" {lead} "),
    }
}

/// Form of a meaning.
#[derive(Clone, Copy)]
enum Form {
    Sentence,
    Word,
}

fn entries(model: &Model, menu: &Menu, form: Form) -> Vec<MenuEntry> {
    let rows = model.keymap.rows().filter(|(binding, _)| menu.contexts.contains(&binding.context));
    // The hint line has the key that leaves the menu.
    let rows = rows.filter(|(binding, _)| binding.action != Action::Cancel);
    let entry = |(binding, keys): (&Binding, &[Key])| {
        let text = match form {
            Form::Sentence => binding.help.to_owned(),
            Form::Word => binding.hint.map_or(binding.name, |(word, _)| word).replace('-', " "),
        };
        Some(MenuEntry { key: *keys.first()?, text, action: binding.action })
    };
    rows.filter_map(entry).collect()
}

fn widest(entries: &[MenuEntry]) -> usize {
    let width = |entry: &MenuEntry| entry.key.to_string().width() + entry.text.width() + GAPS;
    entries.iter().map(width).max().unwrap_or(0)
}
