//! What an action does while a line is being typed.

use zeroize::Zeroizing;

use super::super::action::Action;
use super::super::detail::Tab;
use super::super::message::{Effect, Notice};
use super::super::model::{Mode, Model};
use super::browse;
use super::tell;
use crate::secret::Secret;

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
        (Mode::Secret { mut prompt }, submitted) => {
            let typed = prompt.take_secret();
            if submitted { try_secret(model, typed) } else { Vec::new() }
        }
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
        Mode::Target { prompt } | Mode::Secret { prompt } => {
            edit(prompt);
            Vec::new()
        }
        Mode::Browse | Mode::Copy | Mode::Help { .. } => Vec::new(),
    }
}

fn try_secret(model: &mut Model, typed: Zeroizing<String>) -> Vec<Effect> {
    let Some(id) = model.list.selected().map(|row| row.id).filter(|_| !typed.is_empty()) else {
        tell(model, Notice::info("no secret was typed, so nothing was tried"));
        return Vec::new();
    };
    model.detail.show(Tab::Signature);
    let secret = Secret::new("the typed secret", typed.as_bytes());
    vec![Effect::TrySecret { id, secret }]
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
