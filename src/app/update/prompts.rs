//! What an action does while a line is being typed.

use zeroize::Zeroizing;

use super::{dispatch, document, export, filter, list, notify, resend, rules};
use crate::app::action::{Action, Move, ResendAction};
use crate::app::effect::Effect;
use crate::app::filter_prompt::FilterPrompt;
use crate::app::model::{Mode, Model};
use crate::app::notice::Notice;
use crate::app::palette::{Palette, PaletteCommand, entries};
use crate::app::prompt::Prompt;
use crate::app::tab::Tab;
use crate::secret::Secret;

pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "no other action has a key here")]
    match action {
        Action::Edit(edit) => change(model, |prompt| prompt.edit(edit)),
        Action::Complete(turn) => filtering(model, |filtering, _| filtering.turn(turn)),
        Action::History(turn) => {
            resend::recall(model, turn);
            filtering(model, |filtering, history| filtering.recall(turn, history))
        }
        Action::Sending(ResendAction::Signing) => {
            resend::toggle_signing(model);
            Vec::new()
        }
        Action::Move(step) => {
            choose(model, step);
            Vec::new()
        }
        Action::Submit => submit(model),
        _ => cancel(model),
    }
}

/// Takes what was typed.
fn submit(model: &mut Model) -> Vec<Effect> {
    match std::mem::take(&mut model.mode) {
        Mode::Filter(filtering) if filtering.error.is_some() => {
            model.mode = Mode::Filter(filtering);
            Vec::new()
        }
        Mode::Filter(_) => {
            model.history.keep(model.search.text());
            Vec::new()
        }
        Mode::Find { prompt, error, before } if error.is_some() => {
            model.mode = Mode::Find { prompt, error, before };
            Vec::new()
        }
        Mode::Find { .. } => {
            document::told(model);
            Vec::new()
        }
        Mode::Palette(palette) => run(model, &palette),
        Mode::Export { prompt, form, ids } => export::submit(model, form, ids, &prompt.text()),
        Mode::Note { prompt } => list::note(model, &prompt.text()),
        Mode::Jump { prompt, .. } => {
            if let Err(wrong) = list::jump(model, &prompt.text()) {
                model.mode = Mode::Jump { prompt, error: Some(wrong) };
            }
            Vec::new()
        }
        Mode::View { prompt } => filter::save_view(model, &prompt.text()),
        Mode::Target(targeting) => resend::submit(model, *targeting),
        Mode::Rule(ruling) => rules::submit(model, *ruling),
        Mode::Secret { mut prompt } => {
            let typed = prompt.take_secret();
            try_secret(model, typed)
        }
        Mode::Browse
        | Mode::Copy
        | Mode::Snippet
        | Mode::Answers(_)
        | Mode::Address
        | Mode::Sort
        | Mode::ExportMenu
        | Mode::Confirm(_)
        | Mode::Facet(_)
        | Mode::Page(_) => Vec::new(),
    }
}

/// Leaves things as they were.
fn cancel(model: &mut Model) -> Vec<Effect> {
    match std::mem::take(&mut model.mode) {
        // It was in force before, so it parses.
        Mode::Filter(filtering) => {
            model.search.apply(&filtering.before, &mut model.list, model.now).unwrap_or_default()
        }
        Mode::Find { before, .. } => {
            model.detail.read(|_, reading| *reading = *before);
            Vec::new()
        }
        Mode::Secret { mut prompt } => {
            drop(prompt.take_secret());
            Vec::new()
        }
        Mode::Rule(_) => {
            rules::show(model);
            Vec::new()
        }
        Mode::Palette(_)
        | Mode::Sort
        | Mode::ExportMenu
        | Mode::Confirm(_)
        | Mode::Export { .. }
        | Mode::Note { .. }
        | Mode::Jump { .. }
        | Mode::View { .. }
        | Mode::Target(_)
        | Mode::Browse
        | Mode::Copy
        | Mode::Snippet
        | Mode::Answers(_)
        | Mode::Address
        | Mode::Facet(_)
        | Mode::Page(_) => Vec::new(),
    }
}

/// Types text in where a line is being typed.
pub(super) fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    change(model, |prompt| prompt.insert(text))
}

fn change(model: &mut Model, edit: impl FnOnce(&mut Prompt)) -> Vec<Effect> {
    match &mut model.mode {
        Mode::Filter(filtering) => {
            edit(&mut filtering.prompt);
            filtering.look(&model.seen);
            narrow(model)
        }
        Mode::Palette(Palette { prompt, chosen }) => {
            edit(prompt);
            *chosen = 0;
            Vec::new()
        }
        Mode::Find { prompt, .. } => {
            edit(prompt);
            document::find(model)
        }
        Mode::Jump { prompt, error } => {
            edit(prompt);
            *error = None;
            Vec::new()
        }
        Mode::Target(targeting) => {
            edit(&mut targeting.prompt);
            targeting.error = None;
            Vec::new()
        }
        Mode::Rule(ruling) => {
            edit(&mut ruling.prompt);
            ruling.error = None;
            Vec::new()
        }
        Mode::Export { prompt, .. }
        | Mode::Note { prompt }
        | Mode::View { prompt }
        | Mode::Secret { prompt } => {
            edit(prompt);
            Vec::new()
        }
        Mode::Browse
        | Mode::Copy
        | Mode::Snippet
        | Mode::Answers(_)
        | Mode::Address
        | Mode::Sort
        | Mode::ExportMenu
        | Mode::Confirm(_)
        | Mode::Facet(_)
        | Mode::Page(_) => Vec::new(),
    }
}

fn filtering(
    model: &mut Model,
    change: impl FnOnce(&mut FilterPrompt, &crate::app::filter_prompt::FilterHistory),
) -> Vec<Effect> {
    let Mode::Filter(filtering) = &mut model.mode else { return Vec::new() };
    change(filtering, &model.history);
    narrow(model)
}

/// The list narrows as one types; what does not parse yet leaves it as it is.
fn narrow(model: &mut Model) -> Vec<Effect> {
    let Mode::Filter(filtering) = &mut model.mode else { return Vec::new() };
    let text = filtering.prompt.text();
    if text == model.search.text() {
        filtering.error = None;
        return Vec::new();
    }
    match model.search.apply(&text, &mut model.list, model.now) {
        Ok(effects) => {
            filtering.error = None;
            effects
        }
        Err(wrong) => {
            filtering.error = Some(wrong);
            Vec::new()
        }
    }
}

/// Chooses another command of the palette.
fn choose(model: &mut Model, step: Move) {
    let Mode::Palette(Palette { prompt, chosen }) = &mut model.mode else { return };
    let last = entries(&model.keymap, &model.views, &prompt.text()).len().saturating_sub(1);
    *chosen = if step == Move::Up {
        chosen.checked_sub(1).unwrap_or(last)
    } else if *chosen < last {
        *chosen + 1
    } else {
        0
    };
}

fn run(model: &mut Model, palette: &Palette) -> Vec<Effect> {
    let found = entries(&model.keymap, &model.views, &palette.prompt.text());
    match found.into_iter().nth(palette.chosen).map(|entry| entry.run) {
        Some(PaletteCommand::Action(action)) => {
            model.flags.copy_signed = false;
            dispatch::act(model, action)
        }
        Some(PaletteCommand::View(filter)) => filter::put_in_force(model, &filter),
        None => {
            notify(model, Notice::info("nothing is called that"));
            Vec::new()
        }
    }
}

fn try_secret(model: &mut Model, typed: Zeroizing<String>) -> Vec<Effect> {
    let Some(id) = model.list.selected().map(|row| row.id).filter(|_| !typed.is_empty()) else {
        notify(model, Notice::info("no secret was typed, so nothing was tried"));
        return Vec::new();
    };
    model.detail.show(Tab::Signature);
    let secret = Secret::new("the typed secret", typed.as_bytes());
    vec![Effect::TrySecret { id, secret }]
}
