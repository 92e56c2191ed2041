//! Narrows the filter by values, and saves filters as views.

use super::{document, notify, with_selected};
use crate::app::action::{Action, Ask, Facet, FilterAction, Polarity};
use crate::app::effect::Effect;
use crate::app::index::ListRow;
use crate::app::layout::Focus;
use crate::app::model::{Menu, Mode, Model};
use crate::app::notice::Notice;
use crate::app::palette::{Palette, VIEW};
use crate::app::pane;
use crate::app::prompt::Prompt;
use crate::app::tab::Tab;
use crate::filter::term;

pub(super) fn act(model: &mut Model, narrow: FilterAction) -> Vec<Effect> {
    match narrow {
        // A cursor on a value selects that value.
        FilterAction::Like(wanted)
            if model.focus == Focus::Detail && model.detail.tab == Tab::Payload =>
        {
            return by_cursor(model, wanted);
        }
        FilterAction::Like(wanted)
            if model.focus == Focus::Detail && model.detail.tab == Tab::Headers =>
        {
            let Some(found) = pane::filter(model) else {
                notify(model, Notice::info("No header or query parameter under the cursor"));
                return Vec::new();
            };
            return by_term(model, &found.term(wanted == Polarity::Without));
        }
        FilterAction::Like(wanted) => {
            with_selected(model, |model| model.mode = Mode::Menu(Menu::facets(wanted)));
        }
        FilterAction::Failed => return failed(model),
        FilterAction::Facet(facet) => return by_facet(model, facet, Polarity::With),
        FilterAction::Clear => return put_in_force(model, ""),
        FilterAction::Views => {
            if model.views.is_empty() {
                let key = model.keymap.key_of(Action::Ask(Ask::ViewName));
                let key = key.map_or_else(|| "save-view".to_owned(), |key| key.to_string());
                let how = format!("No saved views. Filter with /, then save the filter with {key}");
                notify(model, Notice::info(how));
                return Vec::new();
            }
            model.mode = Mode::Palette(Palette { prompt: Prompt::new(VIEW), chosen: 0 });
        }
    }
    Vec::new()
}

/// Applies a filter from the history or built by an action.
pub(super) fn put_in_force(model: &mut Model, filter: &str) -> Vec<Effect> {
    match model.search.apply(filter, &mut model.list, model.now) {
        Ok(effects) => {
            model.history.keep(filter);
            effects
        }
        Err(wrong) => {
            notify(model, Notice::failed(wrong.to_string()));
            Vec::new()
        }
    }
}

/// Narrows the filter by a value of the selected delivery, or its negation.
pub(super) fn by_facet(model: &mut Model, facet: Facet, wanted: Polarity) -> Vec<Effect> {
    let Some(row) = model.list.selected() else {
        notify(model, Notice::info("No delivery is selected"));
        return Vec::new();
    };
    let (field, value) = (field(facet), value(&row, facet));
    let Some(value) = value else {
        notify(model, Notice::info(format!("This delivery has no value for `{field}:`")));
        return Vec::new();
    };
    by_term(model, &term(field, &value, wanted == Polarity::Without))
}

/// Narrows the filter by the value under the cursor, or its negation.
fn by_cursor(model: &mut Model, wanted: Polarity) -> Vec<Effect> {
    let Some(term) = document::term(model, wanted == Polarity::Without) else {
        let why = "No JSON string, number, or literal under the cursor";
        notify(model, Notice::info(why));
        return Vec::new();
    };
    by_term(model, &term)
}

/// Filter term of failed signatures.
const FAILED: &str = "sig:failed";

/// Adds the term for failed signatures to the filter, or removes it from its end.
fn failed(model: &mut Model) -> Vec<Effect> {
    let text = model.search.text().trim().to_owned();
    match text.strip_suffix(FAILED) {
        Some(rest) if rest.is_empty() || rest.ends_with(' ') => put_in_force(model, rest.trim()),
        _ => by_term(model, FAILED),
    }
}

/// Adds a term to the current filter.
fn by_term(model: &mut Model, term: &str) -> Vec<Effect> {
    match model.search.narrowed(term) {
        Ok(filter) => put_in_force(model, &filter),
        Err(wrong) => {
            notify(model, Notice::failed(wrong.to_string()));
            Vec::new()
        }
    }
}

fn field(facet: Facet) -> &'static str {
    match facet {
        Facet::Kind => "type",
        Facet::EventId => "id",
        Facet::Signature => "sig",
        Facet::Cause => "cause",
        Facet::Provider => "provider",
        Facet::Method => "method",
        Facet::Path => "path",
        Facet::Status => "status",
        Facet::Source => "source",
        Facet::Peer => "peer",
    }
}

fn value(row: &ListRow<'_>, facet: Facet) -> Option<String> {
    match facet {
        Facet::Kind => row.kind.map(ToOwned::to_owned),
        Facet::EventId => row.event_id.map(ToOwned::to_owned),
        Facet::Signature => Some(row.status.as_str().to_owned()),
        Facet::Cause => row.cause.map(ToOwned::to_owned),
        Facet::Provider => Some(row.provider.to_owned()),
        Facet::Method => Some(row.method.to_owned()),
        // The query does not matter for the path.
        Facet::Path => row.target.split('?').next().map(ToOwned::to_owned),
        Facet::Status => row.response.map(|status| status.to_string()),
        Facet::Source => Some(row.source.as_str().to_owned()),
        // The port differs with every connection.
        Facet::Peer => {
            let peer = row.peer?;
            let address = peer.rsplit_once(':').map_or(peer, |(address, _)| address);
            Some(address.trim_matches(['[', ']']).to_owned())
        }
    }
}
