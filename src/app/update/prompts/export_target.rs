//! The prompt for the file or folder to export to.

use crate::app::effect::Effect;
use crate::app::model::{Mode, Model, OpenPrompt, PromptComment};
use crate::app::notice::Notice;
use crate::app::prompt::Prompt;
use crate::app::scope::Scope;
use crate::app::style::{StyleClass, StyledLine};
use crate::app::update::{naming, notify};
use crate::delivery::DeliveryId;
use crate::formats::{ExportFormat, export_format};

#[derive(Debug)]
struct ExportTargetPrompt {
    line: Prompt,
    format: &'static ExportFormat,
    ids: Vec<DeliveryId>,
    /// The deliveries in words.
    what: String,
}

/// Prompts for the destination. Marked deliveries take precedence over the selected one.
pub(in crate::app::update) fn open(model: &mut Model, name: &str, which: Scope) {
    let Some(format) = export_format(name) else { return };
    let marked = which == Scope::Selected && model.list.marked() > 0;
    let which = if marked { Scope::Marked } else { which };
    let ids = model.list.which(which);
    if ids.is_empty() {
        notify(model, Notice::info("No delivery to export"));
        return;
    }
    let line = Prompt::new(format.default_path);
    let what = naming::deliveries(model, &ids, which);
    model.mode = Mode::Prompt(Box::new(ExportTargetPrompt { line, format, ids, what }));
}

impl OpenPrompt for ExportTargetPrompt {
    fn line(&self) -> &Prompt {
        &self.line
    }

    fn line_mut(&mut self) -> &mut Prompt {
        &mut self.line
    }

    fn label(&self) -> String {
        " path: ".to_owned()
    }

    fn comment(&self, _model: &Model, width: usize) -> PromptComment {
        let text = format!(" Enter exports {} as {}", self.what, self.format.title);
        let line = StyledLine::new(StyleClass::Dim, text);
        PromptComment::Below(line.wrap(width.saturating_sub(1), 1))
    }

    fn submit(self: Box<Self>, model: &mut Model) -> Vec<Effect> {
        let to = self.line.text().trim().to_owned();
        if to.is_empty() {
            notify(model, Notice::info("No path was typed, so nothing was exported"));
            return Vec::new();
        }
        vec![Effect::Export { ids: self.ids, format: self.format, to }]
    }
}
