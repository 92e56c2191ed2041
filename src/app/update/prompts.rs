//! Prompts, each with its label, comment, and outcome in a file of its own.

pub(super) mod export_target;
mod filter;
mod find;
mod help;
mod jump;
mod new_provider;
mod note;
pub(super) mod rule;
mod secret;
mod target;
mod view_name;

use crate::app::action::{Action, Ask};
use crate::app::effect::Effect;
use crate::app::model::{Mode, Model};

/// Opens a prompt that needs no context other than the selection.
pub(super) fn open(model: &mut Model, what: Ask) {
    match what {
        Ask::Filter => filter::open(model),
        Ask::Find => find::open(model),
        Ask::Jump => jump::open(model),
        Ask::Help => help::open(model),
        Ask::Note => note::open(model),
        Ask::Rule => rule::open(model),
        Ask::NewProvider => new_provider::open(model),
        Ask::Secret => secret::open(model),
        Ask::NewSecret => secret::open_to_keep(model),
        Ask::ViewName => view_name::open(model),
    }
}

/// Runs an action in the open prompt.
#[expect(clippy::wildcard_enum_match_arm, reason = "any other action leaves the prompt")]
pub(super) fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    let Mode::Prompt(mut prompt) = std::mem::take(&mut model.mode) else { return Vec::new() };
    let effects = match action {
        Action::Submit => return prompt.submit(model),
        Action::Edit(edit) => {
            prompt.line_mut().edit(edit);
            prompt.on_change(model)
        }
        Action::Complete(_)
        | Action::History(_)
        | Action::EditCurrent
        | Action::Move(_)
        | Action::Sending(_) => prompt.on_action(model, action),
        _ => return prompt.cancel(model),
    };
    model.mode = Mode::Prompt(prompt);
    effects
}

/// Inserts text.
pub(super) fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    let Mode::Prompt(mut prompt) = std::mem::take(&mut model.mode) else { return Vec::new() };
    prompt.line_mut().insert(text);
    let effects = prompt.on_change(model);
    model.mode = Mode::Prompt(prompt);
    effects
}
