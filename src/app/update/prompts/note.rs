//! The prompt for a note on the selected delivery.

use crate::app::effect::Effect;
use crate::app::model::{Mode, Model, OpenPrompt, PromptComment};
use crate::app::prompt::Prompt;
use crate::app::update::with_selected;
use crate::ops::annotate::Annotation;

#[derive(Debug)]
struct NotePrompt(Prompt);

pub(super) fn open(model: &mut Model) {
    let note = model.detail.loaded.as_deref().and_then(|loaded| {
        let summary = &loaded.delivery.summary;
        (Some(summary.id) == model.detail.wanted()).then(|| summary.annotations.note.clone())?
    });
    with_selected(model, |model| {
        model.mode = Mode::Prompt(Box::new(NotePrompt(Prompt::new(note.unwrap_or_default()))));
    });
}

impl OpenPrompt for NotePrompt {
    fn line(&self) -> &Prompt {
        &self.0
    }

    fn line_mut(&mut self) -> &mut Prompt {
        &mut self.0
    }

    fn label(&self) -> String {
        " note: ".to_owned()
    }

    fn comment(&self, _model: &Model, _width: usize) -> PromptComment {
        PromptComment::hint("  Enter keeps it, empty takes it away")
    }

    fn submit(self: Box<Self>, model: &mut Model) -> Vec<Effect> {
        let Some(id) = model.list.selected().map(|row| row.id) else { return Vec::new() };
        let note = Some(self.0.text().trim().to_owned()).filter(|note| !note.is_empty());
        vec![Effect::Annotate(Annotation::Note { id, note })]
    }
}
