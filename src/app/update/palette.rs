//! Actions in the palette.

use super::{act_on_panes, filter, notify, settings};
use crate::app::action::{Action, Move};
use crate::app::effect::Effect;
use crate::app::model::{Mode, Model};
use crate::app::notice::Notice;
use crate::app::palette::{Palette, PaletteCommand, entries};
use crate::app::prompt::Prompt;

#[expect(clippy::wildcard_enum_match_arm, reason = "no other action has a key here")]
pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Edit(edit) => change(model, |line| line.edit(edit)),
        Action::Move(step) => choose(model, step),
        Action::Submit => {
            if let Mode::Palette(palette) = std::mem::take(&mut model.mode) {
                return run(model, &palette);
            }
        }
        Action::Complete(_) | Action::History(_) | Action::EditCurrent => {}
        _ => model.mode = Mode::Browse,
    }
    Vec::new()
}

pub(super) fn change(model: &mut Model, edit: impl FnOnce(&mut Prompt)) {
    if let Mode::Palette(palette) = &mut model.mode {
        edit(&mut palette.prompt);
        palette.chosen = 0;
    }
}

/// Moves the selection in the palette.
fn choose(model: &mut Model, step: Move) {
    let Mode::Palette(palette) = &model.mode else { return };
    let found = entries(&model.keymap, model.palette_offers(), &palette.prompt.text());
    let last = found.len().saturating_sub(1);
    let Mode::Palette(Palette { chosen, .. }) = &mut model.mode else { return };
    *chosen = if step == Move::Up {
        chosen.checked_sub(1).unwrap_or(last)
    } else if *chosen < last {
        *chosen + 1
    } else {
        0
    };
}

fn run(model: &mut Model, palette: &Palette) -> Vec<Effect> {
    let found = entries(&model.keymap, model.palette_offers(), &palette.prompt.text());
    match found.into_iter().nth(palette.chosen).map(|entry| entry.run) {
        Some(PaletteCommand::Action(action)) => {
            model.flags.copy_signed = false;
            act_on_panes(model, action)
        }
        Some(PaletteCommand::View(filter)) => filter::put_in_force(model, &filter),
        Some(PaletteCommand::Theme(name)) => settings::theme(model, name),
        Some(PaletteCommand::Column(column)) => settings::column(model, column),
        None => {
            notify(model, Notice::info("No command matches"));
            Vec::new()
        }
    }
}
