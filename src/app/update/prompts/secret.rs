//! The prompts for a secret to try on the selected delivery, or to use from now on; the typed text
//! is masked.

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
    purpose: Purpose,
}

#[derive(Debug, Clone)]
enum Purpose {
    Try(DeliveryId),
    /// Use it for the provider of a delivery, or for the only provider; includes the provider's
    /// name.
    Keep(Option<DeliveryId>, String),
}

pub(super) fn open(model: &mut Model) {
    with_selected(model, |model| {
        let Some(id) = model.list.selected().map(|row| row.id) else { return };
        show(model, Purpose::Try(id));
    });
}

pub(super) fn open_to_keep(model: &mut Model) {
    let selected = model.list.selected().map(|row| (row.id, row.provider.to_owned()));
    let purpose = match selected {
        Some((id, provider)) => Purpose::Keep(Some(id), provider),
        None => Purpose::Keep(None, model.session.provider.clone()),
    };
    show(model, purpose);
}

fn show(model: &mut Model, purpose: Purpose) {
    model.mode = Mode::Prompt(Box::new(SecretPrompt { line: Prompt::for_secret(), purpose }));
}

impl OpenPrompt for SecretPrompt {
    fn line(&self) -> &Prompt {
        &self.line
    }

    fn line_mut(&mut self) -> &mut Prompt {
        &mut self.line
    }

    fn label(&self) -> String {
        match &self.purpose {
            Purpose::Try(id) => format!(" secret for delivery {id}: "),
            Purpose::Keep(_, provider) => format!(" secret of {provider} until you quit: "),
        }
    }

    fn comment(&self, _model: &Model, _width: usize) -> PromptComment {
        PromptComment::hint(match self.purpose {
            Purpose::Try(_) => "  Enter tries it, Esc cancels",
            Purpose::Keep(..) => "  Enter uses it, Esc cancels",
        })
    }

    fn is_hidden(&self) -> bool {
        true
    }

    fn submit(mut self: Box<Self>, model: &mut Model) -> Vec<Effect> {
        let Some(secret) = self.line.take_secret() else {
            notify(model, Notice::info("No secret was typed"));
            return Vec::new();
        };
        match self.purpose {
            Purpose::Try(id) => {
                model.detail.show(Tab::Signature);
                vec![Effect::TrySecret { id, secret }]
            }
            Purpose::Keep(id, _) => vec![Effect::UseSecret { id, secret }],
        }
    }

    fn cancel(mut self: Box<Self>, _model: &mut Model) -> Vec<Effect> {
        drop(self.line.take_secret());
        Vec::new()
    }
}
