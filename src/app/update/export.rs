//! Asks in which form and where to, and has deliveries exported.

use super::notify;
use crate::app::action::ExportForm;
use crate::app::effect::Effect;
use crate::app::model::{Mode, Model};
use crate::app::notice::Notice;
use crate::app::prompt::Prompt;
use crate::app::scope::Scope;
use crate::delivery::DeliveryId;

/// Asks where to; what was marked is what is meant, if anything was.
pub(super) fn ask(model: &mut Model, form: ExportForm, which: Scope) {
    let marked = which == Scope::Selected && model.list.marked() > 0;
    let ids = model.list.which(if marked { Scope::Marked } else { which });
    if ids.is_empty() {
        notify(model, Notice::info("there is no delivery to export"));
        return;
    }
    model.mode = Mode::Export { prompt: Prompt::new(form.usual_place()), form, ids };
}

pub(super) fn submit(
    model: &mut Model,
    form: ExportForm,
    ids: Vec<DeliveryId>,
    to: &str,
) -> Vec<Effect> {
    if to.trim().is_empty() {
        notify(model, Notice::info("no path was given, so nothing was exported"));
        return Vec::new();
    }
    vec![Effect::Export { ids, form, to: to.trim().to_owned() }]
}
