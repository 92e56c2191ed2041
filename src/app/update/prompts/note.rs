//! The prompt for a note on the selected delivery.

use crate::app::effect::Effect;
use crate::app::model::{Mode, Model, OpenPrompt, PromptComment};
use crate::app::prompt::Prompt;
use crate::app::update::with_selected;
use crate::delivery::DeliveryId;
use crate::ops::annotate::Annotation;

#[derive(Debug)]
struct NotePrompt {
    line: Prompt,
    id: DeliveryId,
}

pub(super) fn open(model: &mut Model) {
    let note = model.detail.loaded.as_deref().and_then(|loaded| {
        let summary = &loaded.delivery.summary;
        (Some(summary.id) == model.detail.wanted()).then(|| summary.annotations.note.clone())?
    });
    with_selected(model, |model| {
        let Some(id) = model.list.selected().map(|row| row.id) else { return };
        let line = Prompt::new(note.unwrap_or_default());
        model.mode = Mode::Prompt(Box::new(NotePrompt { line, id }));
    });
}

impl OpenPrompt for NotePrompt {
    fn line(&self) -> &Prompt {
        &self.line
    }

    fn line_mut(&mut self) -> &mut Prompt {
        &mut self.line
    }

    fn label(&self) -> String {
        format!(" note on delivery {}: ", self.id)
    }

    fn comment(&self, _model: &Model, _width: usize) -> PromptComment {
        PromptComment::hint("  Enter saves, an empty note is deleted")
    }

    fn submit(self: Box<Self>, _model: &mut Model) -> Vec<Effect> {
        let note = Some(self.line.text().trim().to_owned()).filter(|note| !note.is_empty());
        vec![Effect::Annotate(Annotation::Note { id: self.id, note })]
    }
}
