//! The prompt for a secret to try on the selected delivery; the typed text is masked.

use crate::app::effect::Effect;
use crate::app::model::{Mode, Model, OpenPrompt, PromptComment};
use crate::app::notice::Notice;
use crate::app::prompt::Prompt;
use crate::app::tab::Tab;
use crate::app::update::{notify, with_selected};
use crate::delivery::DeliveryId;

#[derive(Debug)]
struct SecretPrompt {
    line: Prompt,
    id: DeliveryId,
}

pub(super) fn open(model: &mut Model) {
    with_selected(model, |model| {
        let Some(id) = model.list.selected().map(|row| row.id) else { return };
        model.mode = Mode::Prompt(Box::new(SecretPrompt { line: Prompt::for_secret(), id }));
    });
}

impl OpenPrompt for SecretPrompt {
    fn line(&self) -> &Prompt {
        &self.line
    }

    fn line_mut(&mut self) -> &mut Prompt {
        &mut self.line
    }

    fn label(&self) -> String {
        format!(" secret for delivery {}: ", self.id)
    }

    fn comment(&self, _model: &Model, _width: usize) -> PromptComment {
        PromptComment::hint("  Enter tries it, Esc cancels")
    }

    fn is_hidden(&self) -> bool {
        true
    }

    fn submit(mut self: Box<Self>, model: &mut Model) -> Vec<Effect> {
        let Some(secret) = self.line.take_secret() else {
            notify(model, Notice::info("No secret was typed"));
            return Vec::new();
        };
        model.detail.show(Tab::Signature);
        vec![Effect::TrySecret { id: self.id, secret }]
    }

    fn cancel(mut self: Box<Self>, _model: &mut Model) -> Vec<Effect> {
        drop(self.line.take_secret());
        Vec::new()
    }
}
