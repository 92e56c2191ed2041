//! Key hints on the last line and their positions, so that they can be clicked.

use unicode_width::UnicodeWidthStr as _;

use super::action::Action;
use super::keymap::Key;
use super::model::{Mode, Model};
use super::style::{StyleClass, StyledLine};

/// Key, its label, and the columns it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hint {
    pub key: Key,
    pub word: &'static str,
    pub action: Action,
    pub x: usize,
    pub width: usize,
}

/// Returns the text before the hints.
fn lead(model: &Model) -> String {
    match &model.mode {
        Mode::Menu(menu) if model.copies_signed() => {
            menu.signed_lead.unwrap_or(menu.lead).to_owned()
        }
        Mode::Menu(menu) => menu.lead.to_owned(),
        Mode::Confirm(confirm) => format!(" {} ", confirm.question),
        // The filter stays visible because it hides deliveries.
        Mode::Browse if model.search.is_on() => format!(" filter {} ", model.search.text()),
        Mode::Browse
        | Mode::Prompt(_)
        | Mode::Palette(_)
        | Mode::Page(_)
        | Mode::Answers(_)
        | Mode::Address => String::new(),
    }
}

/// Returns the hints that fit. Those of lowest priority are dropped; the order stays.
pub fn hints(model: &Model, width: usize) -> Vec<Hint> {
    let contexts = model.contexts();
    // Bindings of the current context come before global ones.
    let of = |context| model.keymap.rows().filter(move |(row, _)| row.context == context);
    let rows = contexts.iter().flat_map(|context| of(*context));
    let found = rows.filter_map(|(binding, keys)| {
        let (word, priority) = binding.hint?;
        let key = *keys.first()?;
        // A nearer context may bind the key to another action.
        model.keymap.resolve(contexts, key).filter(|action| *action == binding.action)?;
        let width = key.to_string().width() + word.width() + 3;
        Some((priority, Hint { key, word, action: binding.action, x: 0, width }))
    });
    let mut all: Vec<(u8, Hint)> = Vec::new();
    for (priority, hint) in found {
        // A nearer context may have its own label for the key.
        if !all.iter().any(|(_, nearer)| nearer.key == hint.key) {
            all.push((priority, hint));
        }
    }
    let start = StyledLine::new(StyleClass::Strong, lead(model)).width();
    let used = |all: &[(u8, Hint)]| start + all.iter().map(|(_, hint)| hint.width).sum::<usize>();
    while used(&all) > width {
        let Some(least) = all.iter().map(|(priority, _)| *priority).max() else { break };
        all.retain(|(priority, _)| *priority < least);
    }
    let place = |x: &mut usize, (_, hint): (u8, Hint)| {
        let placed = Hint { x: *x, ..hint };
        *x += hint.width;
        Some(placed)
    };
    all.into_iter().scan(start, place).collect()
}

/// Renders the whole line.
pub fn line(model: &Model, width: usize) -> StyledLine {
    let start = StyledLine::new(StyleClass::Strong, lead(model));
    hints(model, width).iter().fold(start, |line, Hint { key, word, .. }| {
        line.with(StyleClass::Accent, format!(" {key}"))
            .with(StyleClass::Plain, format!(" {word} "))
    })
}
