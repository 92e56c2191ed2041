//! Copies parts of the selected delivery.

use super::{document, notify};
use crate::app::action::Copyable;
use crate::app::effect::Effect;
use crate::app::index::ListRow;
use crate::app::model::Model;
use crate::app::notice::Notice;
use crate::formats::{CopyNeeds, copy_format};

pub(super) fn copy(model: &mut Model, what: Copyable) -> Vec<Effect> {
    let signed = std::mem::take(&mut model.flags.copy_signed);
    let what = if signed { what.with_signature() } else { what };
    if matches!(
        what,
        Copyable::Value | Copyable::Key | Copyable::Path | Copyable::JqPath | Copyable::Subtree
    ) {
        return document::copy(model, what);
    }
    let Some(row) = model.list.selected() else { return Vec::new() };
    match missing(&row, what) {
        Some(missing) => {
            notify(
                model,
                Notice::failed(format!("Nothing was copied: this delivery has {missing}")),
            );
            Vec::new()
        }
        None => vec![Effect::Copy { id: row.id, what }],
    }
}

/// Returns the missing part that prevents copying, if any.
fn missing(row: &ListRow<'_>, what: Copyable) -> Option<&'static str> {
    let needs = match what {
        Copyable::As { format, .. } => copy_format(format)?.needs,
        Copyable::Address => CopyNeeds::Nothing,
        Copyable::Value | Copyable::Key | Copyable::Path | Copyable::JqPath | Copyable::Subtree => {
            CopyNeeds::Body
        }
    };
    match needs {
        CopyNeeds::Nothing => None,
        CopyNeeds::Body => (row.body_size == 0).then_some("no body"),
        CopyNeeds::EventId => row.event_id.is_none().then_some("no event id"),
        CopyNeeds::Whole => row.refused.is_some().then_some("been refused, so it is incomplete"),
    }
}
