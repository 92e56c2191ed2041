//! The prompts for a provider described from the selected delivery: its name, then its secret,
//! which is masked and stored nowhere.

use crate::app::effect::Effect;
use crate::app::model::{Mode, Model, OpenPrompt, PromptComment};
use crate::app::notice::Notice;
use crate::app::prompt::Prompt;
use crate::app::update::{notify, with_selected};
use crate::delivery::DeliveryId;

#[derive(Debug)]
struct NamePrompt {
    line: Prompt,
    id: DeliveryId,
}

#[derive(Debug)]
struct SecretPrompt {
    line: Prompt,
    id: DeliveryId,
    name: String,
}

pub(super) fn open(model: &mut Model) {
    with_selected(model, |model| {
        let Some(id) = model.list.selected().map(|row| row.id) else { return };
        model.mode = Mode::Prompt(Box::new(NamePrompt { line: Prompt::new(""), id }));
    });
}

impl OpenPrompt for NamePrompt {
    fn line(&self) -> &Prompt {
        &self.line
    }

    fn line_mut(&mut self) -> &mut Prompt {
        &mut self.line
    }

    fn label(&self) -> String {
        format!(" name for the provider of delivery {}: ", self.id)
    }

    fn comment(&self, _model: &Model, _width: usize) -> PromptComment {
        PromptComment::hint("  e.g. acme; Enter goes on, Esc cancels")
    }

    fn submit(self: Box<Self>, model: &mut Model) -> Vec<Effect> {
        let name = self.line.text().trim().to_owned();
        if name.is_empty() {
            notify(model, Notice::info("No name was typed, so nothing was saved"));
            return Vec::new();
        }
        let line = Prompt::for_secret();
        model.mode = Mode::Prompt(Box::new(SecretPrompt { line, id: self.id, name }));
        Vec::new()
    }
}

impl OpenPrompt for SecretPrompt {
    fn line(&self) -> &Prompt {
        &self.line
    }

    fn line_mut(&mut self) -> &mut Prompt {
        &mut self.line
    }

    fn label(&self) -> String {
        format!(" secret of {}: ", self.name)
    }

    fn comment(&self, _model: &Model, _width: usize) -> PromptComment {
        PromptComment::hint("  Enter finds the scheme that verifies; empty guesses it")
    }

    fn is_hidden(&self) -> bool {
        true
    }

    fn submit(mut self: Box<Self>, _model: &mut Model) -> Vec<Effect> {
        let secret = self.line.take_secret();
        vec![Effect::AddProvider { id: self.id, name: self.name, secret }]
    }

    fn cancel(mut self: Box<Self>, _model: &mut Model) -> Vec<Effect> {
        drop(self.line.take_secret());
        Vec::new()
    }
}
