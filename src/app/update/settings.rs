//! Settings changed while the dashboard runs, and saved for later.

use super::notify;
use crate::app::action::Setting;
use crate::app::columns::ListColumn;
use crate::app::effect::Effect;
use crate::app::model::Model;
use crate::app::notice::Notice;

pub(super) fn theme(model: &mut Model, name: String) -> Vec<Effect> {
    let Some((_, theme)) = model.themes.iter().find(|(known, _)| *known == name) else {
        return Vec::new();
    };
    model.theme = Some(*theme);
    vec![Effect::SaveSetting(Setting::Theme(name))]
}

/// Shows or hides a column. The list keeps at least one.
pub(super) fn column(model: &mut Model, column: ListColumn) -> Vec<Effect> {
    match model.columns.iter().position(|shown| *shown == column) {
        Some(_) if model.columns.len() == 1 => {
            notify(model, Notice::info("The list needs at least one column"));
            return Vec::new();
        }
        Some(at) => drop(model.columns.remove(at)),
        None => model.columns.push(column),
    }
    vec![Effect::SaveSetting(Setting::Columns(model.columns.clone()))]
}

pub(super) fn layout(model: &Model) -> Vec<Effect> {
    vec![Effect::SaveSetting(Setting::Layout(model.arrangement))]
}
