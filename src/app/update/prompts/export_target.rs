//! The prompt for the file or folder to export to.

use crate::app::effect::Effect;
use crate::app::model::{Mode, Model, OpenPrompt, PromptComment};
use crate::app::notice::Notice;
use crate::app::prompt::Prompt;
use crate::app::scope::Scope;
use crate::app::update::notify;
use crate::delivery::DeliveryId;
use crate::formats::{ExportFormat, export_format};
use crate::units;

#[derive(Debug)]
struct ExportTargetPrompt {
    line: Prompt,
    format: &'static ExportFormat,
    ids: Vec<DeliveryId>,
}

/// Prompts for the destination. Marked deliveries take precedence over the selected one.
pub(in crate::app::update) fn open(model: &mut Model, name: &str, which: Scope) {
    let Some(format) = export_format(name) else { return };
    let marked = which == Scope::Selected && model.list.marked() > 0;
    let ids = model.list.which(if marked { Scope::Marked } else { which });
    if ids.is_empty() {
        notify(model, Notice::info("there is no delivery to export"));
        return;
    }
    let line = Prompt::new(format.default_path);
    model.mode = Mode::Prompt(Box::new(ExportTargetPrompt { line, format, ids }));
}

impl OpenPrompt for ExportTargetPrompt {
    fn line(&self) -> &Prompt {
        &self.line
    }

    fn line_mut(&mut self) -> &mut Prompt {
        &mut self.line
    }

    fn label(&self) -> String {
        let count = units::format_count(self.ids.len() as u64);
        format!(" export {count} as {}: ", self.format.title)
    }

    fn comment(&self, _model: &Model, _width: usize) -> PromptComment {
        PromptComment::hint("  Enter writes")
    }

    fn submit(self: Box<Self>, model: &mut Model) -> Vec<Effect> {
        let to = self.line.text().trim().to_owned();
        if to.is_empty() {
            notify(model, Notice::info("no path was given, so nothing was exported"));
            return Vec::new();
        }
        vec![Effect::Export { ids: self.ids, format: self.format, to }]
    }
}
