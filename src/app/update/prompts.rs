//! What an action does while a line is being typed.

use super::super::action::Action;
use super::super::message::{Effect, Notice};
use super::super::model::{Mode, Model};
use super::browse;
use super::tell;

pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    if let Action::Edit(edit) = action {
        return change(model, |prompt| prompt.edit(edit));
    }
    let mode = std::mem::take(&mut model.mode);
    match (mode, action == Action::Submit) {
        (Mode::Filter { prompt, before, error: Some(error) }, true) => {
            model.mode = Mode::Filter { prompt, before, error: Some(error) };
            Vec::new()
        }
        (Mode::Filter { before, .. }, false) => {
            // It was in force before, so it parses.
            model.search.apply(&before, &mut model.list, model.now).unwrap_or_default()
        }
        (Mode::Target { prompt }, true) => submit_target(model, &prompt.text()),
        (
            Mode::Filter { .. }
            | Mode::Target { .. }
            | Mode::Browse
            | Mode::Copy
            | Mode::Help { .. },
            _,
        ) => Vec::new(),
    }
}

/// Types text in where a line is being typed.
pub(super) fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    change(model, |prompt| prompt.insert(text))
}

fn change(model: &mut Model, edit: impl FnOnce(&mut super::super::Prompt)) -> Vec<Effect> {
    match &mut model.mode {
        Mode::Filter { prompt, error, .. } => {
            edit(prompt);
            let text = prompt.text();
            // The list narrows as one types; what does not parse yet leaves it as it is.
            match model.search.apply(&text, &mut model.list, model.now) {
                Ok(effects) => {
                    *error = None;
                    effects
                }
                Err(wrong) => {
                    *error = Some(wrong.to_string());
                    Vec::new()
                }
            }
        }
        Mode::Target { prompt } => {
            edit(prompt);
            Vec::new()
        }
        Mode::Browse | Mode::Copy | Mode::Help { .. } => Vec::new(),
    }
}

fn submit_target(model: &mut Model, typed: &str) -> Vec<Effect> {
    let typed = typed.trim();
    if typed.is_empty() {
        tell(model, Notice::info("no URL was given, so nothing was resent"));
        return Vec::new();
    }
    model.target = Some(typed.to_owned());
    browse::resend(model)
}
