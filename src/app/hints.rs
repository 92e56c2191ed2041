//! Key hints at the bottom of the screen and their positions, so that they can be clicked.

use unicode_width::UnicodeWidthStr as _;

use super::action::{Action, Ask, ResponseAction};
use super::keymap::Key;
use super::model::{Mode, Model};
use super::routing::RoutingChoice;
use super::style::{StyleClass, StyledLine};
use super::tab::Tab;

/// Key, its label, and its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hint {
    pub key: Key,
    pub word: &'static str,
    pub action: Action,
    pub row: usize,
    pub x: usize,
    pub width: usize,
}

/// Returns the text before the hints.
fn lead(model: &Model) -> String {
    match &model.mode {
        Mode::Confirm(confirm) => format!(" {} ", confirm.question),
        Mode::Browse
        | Mode::Menu(_)
        | Mode::Prompt(_)
        | Mode::Palette(_)
        | Mode::Page(_)
        | Mode::Answers(_)
        | Mode::Address => String::new(),
    }
}

/// Returns true if every key has to be visible, on any number of lines.
fn is_complete(model: &Model) -> bool {
    matches!(model.mode, Mode::Confirm(_) | Mode::Answers(_))
}

/// Returns the hints of the current contexts with their priorities, not yet placed.
fn wanted(model: &Model) -> Vec<(u8, Hint)> {
    let contexts = model.contexts();
    // The popup of a menu shows its keys.
    let is_menu = matches!(model.mode, Mode::Menu(_));
    let is_wanted = |action: Action| (!is_menu || action == Action::Cancel) && works(model, action);
    // Bindings of the current context come before global ones.
    let of = |context| model.keymap.rows().filter(move |(row, _)| row.context == context);
    let rows = contexts.iter().flat_map(|context| of(*context));
    let wanted = rows.filter(|(binding, _)| is_wanted(binding.action));
    let found = wanted.filter_map(|(binding, keys)| {
        let (word, priority) = binding.hint?;
        let key = *keys.first()?;
        // A nearer context may bind the key to another action.
        model.keymap.resolve(contexts, key).filter(|action| *action == binding.action)?;
        let width = key.to_string().width() + word.width() + 3;
        Some((priority, Hint { key, word, action: binding.action, row: 0, x: 0, width }))
    });
    let mut all = first(model);
    for (priority, hint) in found {
        // A nearer context may have its own label for the key.
        if !all.iter().any(|(_, nearer)| nearer.key == hint.key) {
            all.push((priority, hint));
        }
    }
    all
}

/// Returns the hints that come first: those about the selected row or, if there is none yet, those
/// that bring one.
fn first(model: &Model) -> Vec<(u8, Hint)> {
    if !matches!(model.mode, Mode::Browse) {
        return Vec::new();
    }
    let selected = model.list.selected();
    let is_failed = selected.as_ref().is_some_and(|row| row.status.is_failed());
    let why = is_failed && model.detail.tab != Tab::Signature;
    let is_paused = selected.is_some_and(|row| model.routing.is_held(row.id));
    let is_empty = model.list.is_empty();
    let wanted = [
        (is_paused, Action::Answering(ResponseAction::ReleaseMenu), "respond", 1),
        (why, Action::Show(Tab::Signature), "why it failed", 1),
        (is_empty, Action::SendSample, "send a sample", 1),
        (is_empty, Action::CopyAddress, "copy the URL", 2),
        (is_empty, Action::ShowAddress, "QR code", 3),
    ];
    let hints = wanted.into_iter().filter(|(is_wanted, ..)| *is_wanted);
    let hints = hints.filter_map(|(_, action, word, priority)| {
        let key = model.keymap.key_of(action)?;
        let width = key.to_string().width() + word.width() + 3;
        Some((priority, Hint { key, word, action, row: 0, x: 0, width }))
    });
    hints.collect()
}

/// Returns true if an action has an effect on the current list.
fn works(model: &Model, action: Action) -> bool {
    match model.mode {
        Mode::Browse => {}
        Mode::Answers(chosen) => return works_on_page(model, chosen, action),
        Mode::Menu(_)
        | Mode::Prompt(_)
        | Mode::Palette(_)
        | Mode::Confirm(_)
        | Mode::Page(_)
        | Mode::Address => return true,
    }
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other action is about deliveries")]
    match action {
        Action::Ask(Ask::Filter) | Action::Zoom | Action::SwitchFocus => !model.list.is_empty(),
        Action::Sending(_)
        | Action::CopyMenu
        | Action::ExportMenu
        | Action::List(_)
        | Action::Document(_)
        | Action::Differ(_)
        | Action::Ask(_) => model.list.selected().is_some(),
        _ => true,
    }
}

/// Returns whether an action does something with a row of the page of rules and paused requests.
fn works_on_page(model: &Model, chosen: usize, action: Action) -> bool {
    use ResponseAction::{EditRule, MoveRule, Release, Remove, ToggleRule};
    let Action::Answering(action) = action else { return true };
    let chosen = model.routing.choices().get(chosen).copied();
    let is_rule = matches!(chosen, Some(RoutingChoice::Rule(_)));
    match action {
        EditRule | Remove | ToggleRule => is_rule,
        MoveRule(_) => is_rule && model.routing.rules.len() > 1,
        Release(_) => !model.routing.held.is_empty(),
        ResponseAction::Show
        | ResponseAction::Always(_)
        | ResponseAction::Reset
        | ResponseAction::ReleaseMenu
        | ResponseAction::RuleFromRow => true,
    }
}

/// Returns the hints with their positions. At a question all are shown; elsewhere those of lowest
/// priority are dropped until one line is enough.
pub(crate) fn hints(model: &Model, width: usize) -> Vec<Hint> {
    let mut all = wanted(model);
    let lead = lead_lines(model, width);
    let start = lead.last().map_or(0, StyledLine::width);
    if !is_complete(model) {
        let used = |all: &[(u8, Hint)]| all.iter().map(|(_, hint)| hint.width).sum::<usize>();
        while start + used(&all) > width {
            let Some(least) = all.iter().map(|(priority, _)| *priority).max() else { break };
            all.retain(|(priority, _)| *priority < least);
        }
    }
    let (mut row, mut x) = (lead.len().saturating_sub(1), start);
    let place = |(_, hint): (u8, Hint)| {
        if x + hint.width > width && x > 0 {
            (row, x) = (row + 1, 0);
        }
        let placed = Hint { row, x, ..hint };
        x += hint.width;
        placed
    };
    all.into_iter().map(place).collect()
}

fn lead_lines(model: &Model, width: usize) -> Vec<StyledLine> {
    StyledLine::new(StyleClass::Strong, lead(model)).wrap(width.saturating_sub(1), 3)
}

/// Renders the lines.
pub(super) fn lines(model: &Model, width: usize) -> Vec<StyledLine> {
    let mut lines = lead_lines(model, width);
    for Hint { key, word, row, x, .. } in hints(model, width) {
        while lines.len() <= row {
            lines.push(StyledLine::default());
        }
        let Some(line) = lines.get_mut(row) else { continue };
        let gap = x.saturating_sub(line.width());
        *line = std::mem::take(line)
            .with(StyleClass::Plain, " ".repeat(gap))
            .with(StyleClass::Accent, format!(" {key}"))
            .with(StyleClass::Plain, format!(" {word} "));
    }
    lines
}
