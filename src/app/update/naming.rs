//! Names of deliveries in questions, prompts, and notices, so that an action names its object.

use crate::app::index::ListRow;
use crate::app::model::Model;
use crate::app::scope::Scope;
use crate::delivery::DeliveryId;
use crate::units;

/// Maximum length of a delivery's title.
const TITLE: usize = 48;

/// Returns the number and the title of a delivery: `delivery 17 message.created`.
pub(super) fn delivery(model: &Model, id: DeliveryId) -> String {
    match model.list.get(id) {
        Some(row) => format!("delivery {id} {}", title(model, &row)),
        None => format!("delivery {id}"),
    }
}

/// Names deliveries and counts those that the filter hides.
pub(super) fn deliveries(model: &Model, ids: &[DeliveryId], which: Scope) -> String {
    let hidden = model.list.count_hidden(ids);
    if let [id] = ids {
        let marked = if which == Scope::Marked { "marked " } else { "" };
        let hidden = if hidden > 0 { " (not shown)" } else { "" };
        return format!("{marked}{}{hidden}", delivery(model, *id));
    }
    let count = units::format_count(ids.len() as u64);
    let hidden = match hidden {
        0 => String::new(),
        hidden => format!(" ({} not shown)", units::format_count(hidden as u64)),
    };
    match which {
        Scope::Selected | Scope::Marked => format!("{count} marked deliveries{hidden}"),
        Scope::Shown => format!("all {count} shown deliveries"),
        Scope::All => format!("all {count} deliveries{hidden}"),
    }
}

fn title(model: &Model, row: &ListRow<'_>) -> String {
    let title = match (row.refused, row.kind) {
        (Some(code), _) => format!("refused {code}"),
        (None, Some(kind)) => model.shown_name(kind).into_owned(),
        (None, None) => format!("{} {}", row.method, model.shown_value(row.target)),
    };
    if title.chars().count() <= TITLE {
        return title;
    }
    title.chars().take(TITLE - 1).chain(['…']).collect()
}
