//! Copies parts of the selected delivery.

use super::{document, notify};
use crate::app::action::Copyable;
use crate::app::effect::Effect;
use crate::app::index::ListRow;
use crate::app::model::Model;
use crate::app::notice::Notice;
use crate::app::pane::{self, PaneValue};
use crate::app::tab::TabContent;
use crate::formats::{CopyNeeds, copy_format};

pub(super) fn copy(model: &mut Model, what: Copyable) -> Vec<Effect> {
    let signed = std::mem::take(&mut model.flags.copy_signed);
    let what = if signed { what.with_signature() } else { what };
    if matches!(
        what,
        Copyable::Value | Copyable::Key | Copyable::Path | Copyable::JqPath | Copyable::Subtree
    ) {
        return match (model.detail.tab.content(), what) {
            (TabContent::Lines, Copyable::Value) => value(model),
            _ => document::copy(model, what),
        };
    }
    if what == Copyable::ExpectedSignature {
        return expected(model);
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

/// Copies the value under the cursor of a tab of lines.
fn value(model: &mut Model) -> Vec<Effect> {
    match (pane::value(model), model.list.selected()) {
        (Some(PaneValue::Text(text)), _) => {
            vec![Effect::CopyText { text, what: Copyable::Value }]
        }
        (Some(PaneValue::SignedPayload), Some(row)) => {
            vec![Effect::Copy { id: row.id, what: Copyable::SignedPayload }]
        }
        _ => {
            notify(model, Notice::info("Nothing was copied: no value under the cursor"));
            Vec::new()
        }
    }
}

/// Copies the signature that the current secret makes of the selected delivery.
fn expected(model: &mut Model) -> Vec<Effect> {
    let report = model.detail.loaded.as_ref().and_then(|loaded| loaded.examined.as_ref());
    if let Some(text) = report.and_then(|report| report.expected.clone()) {
        return vec![Effect::CopyText { text, what: Copyable::ExpectedSignature }];
    }
    let why = "Nothing copied: it takes a configured secret and a scheme that hashes with it";
    notify(model, Notice::failed(why));
    Vec::new()
}

/// Returns the missing part that prevents copying, if any.
fn missing(row: &ListRow<'_>, what: Copyable) -> Option<&'static str> {
    let needs = match what {
        Copyable::As { format, .. } => copy_format(format)?.needs,
        Copyable::Address | Copyable::ExpectedSignature => CopyNeeds::Nothing,
        Copyable::SignedPayload => CopyNeeds::Whole,
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
