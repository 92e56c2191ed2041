//! The prompt for a secret to try on the selected delivery; the typed text is masked.

use crate::app::effect::Effect;
use crate::app::model::{Mode, Model, OpenPrompt, PromptComment};
use crate::app::notice::Notice;
use crate::app::prompt::Prompt;
use crate::app::tab::Tab;
use crate::app::update::{notify, with_selected};
use crate::secret::Secret;

#[derive(Debug)]
struct SecretPrompt(Prompt);

pub(super) fn open(model: &mut Model) {
    with_selected(model, |model| {
        model.mode = Mode::Prompt(Box::new(SecretPrompt(Prompt::for_secret())));
    });
}

impl OpenPrompt for SecretPrompt {
    fn line(&self) -> &Prompt {
        &self.0
    }

    fn line_mut(&mut self) -> &mut Prompt {
        &mut self.0
    }

    fn label(&self) -> String {
        " secret: ".to_owned()
    }

    fn comment(&self, _model: &Model, _width: usize) -> PromptComment {
        PromptComment::hint("  Enter tries it on this delivery, Esc goes back")
    }

    fn is_hidden(&self) -> bool {
        true
    }

    fn submit(mut self: Box<Self>, model: &mut Model) -> Vec<Effect> {
        let typed = self.0.take_secret();
        let Some(id) = model.list.selected().map(|row| row.id).filter(|_| !typed.is_empty()) else {
            notify(model, Notice::info("no secret was typed, so nothing was tried"));
            return Vec::new();
        };
        model.detail.show(Tab::Signature);
        let secret = Secret::new("the typed secret", typed.as_bytes());
        vec![Effect::TrySecret { id, secret }]
    }

    fn cancel(mut self: Box<Self>, _model: &mut Model) -> Vec<Effect> {
        drop(self.0.take_secret());
        Vec::new()
    }
}
