//! Narrows the list by what is pointed at, and keeps filters under names.

use super::super::action::{Facet, Narrow, Wanted};
use super::super::detail::Tab;
use super::super::filtering::Filtering;
use super::super::index::Row;
use super::super::message::{Effect, Notice};
use super::super::model::{Focus, Mode, Model};
use super::super::palette::{Palette, VIEW};
use super::super::prompt::Prompt;
use super::{browse, reading, tell};
use crate::filter::term;

pub(super) fn act(model: &mut Model, narrow: Narrow) -> Vec<Effect> {
    match narrow {
        Narrow::Type => {
            let mut filtering = Filtering::new(model.search.text());
            filtering.look(&model.seen);
            model.mode = Mode::Filter(Box::new(filtering));
        }
        // Where a cursor stands on a value, that is what is meant.
        Narrow::Like(wanted)
            if model.focus == Focus::Detail && model.detail.tab == Tab::Payload =>
        {
            return reading::narrow(model, wanted == Wanted::Without);
        }
        Narrow::Like(wanted) => {
            browse::with_selected(model, |model| model.mode = Mode::Facet(wanted));
        }
        Narrow::Facet(facet) => return by_facet(model, facet, Wanted::With),
        Narrow::Clear => return put_in_force(model, ""),
        Narrow::Views => {
            model.mode = Mode::Palette(Palette { prompt: Prompt::new(VIEW), chosen: 0 });
        }
        Narrow::Save => ask_name(model),
    }
    Vec::new()
}

/// Puts a filter in force that was typed before, or put together here.
pub(super) fn put_in_force(model: &mut Model, filter: &str) -> Vec<Effect> {
    match model.search.apply(filter, &mut model.list, model.now) {
        Ok(effects) => {
            model.history.keep(filter);
            effects
        }
        Err(wrong) => {
            tell(model, Notice::failed(wrong.to_string()));
            Vec::new()
        }
    }
}

/// Narrows the list to deliveries that have the same value as the selected one, or another.
pub(super) fn by_facet(model: &mut Model, facet: Facet, wanted: Wanted) -> Vec<Effect> {
    let Some(row) = model.list.selected() else {
        tell(model, Notice::info("no delivery is selected yet"));
        return Vec::new();
    };
    let (field, value) = (field(facet), value(&row, facet));
    let Some(value) = value else {
        tell(model, Notice::info(format!("this delivery has nothing that `{field}:` asks for")));
        return Vec::new();
    };
    by_term(model, &term(field, &value, wanted == Wanted::Without))
}

/// Narrows the list by a term beside those that are in force.
pub(super) fn by_term(model: &mut Model, term: &str) -> Vec<Effect> {
    match model.search.narrowed(term) {
        Ok(filter) => put_in_force(model, &filter),
        Err(wrong) => {
            tell(model, Notice::failed(wrong.to_string()));
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

fn value(row: &Row<'_>, facet: Facet) -> Option<String> {
    match facet {
        Facet::Kind => row.kind.map(ToOwned::to_owned),
        Facet::EventId => row.event_id.map(ToOwned::to_owned),
        Facet::Signature => Some(row.status.as_str().to_owned()),
        Facet::Cause => row.cause.map(ToOwned::to_owned),
        Facet::Provider => Some(row.provider.to_owned()),
        Facet::Method => Some(row.method.to_owned()),
        // Whatever stands in the query, it is the same place.
        Facet::Path => row.target.split('?').next().map(ToOwned::to_owned),
        Facet::Status => row.response.map(|status| status.to_string()),
        Facet::Source => Some(row.source.as_str().to_owned()),
        // The port is another one with every connection.
        Facet::Peer => {
            let peer = row.peer?;
            let address = peer.rsplit_once(':').map_or(peer, |(address, _)| address);
            Some(address.trim_matches(['[', ']']).to_owned())
        }
    }
}

/// Asks under which name the filter in force is to be kept.
fn ask_name(model: &mut Model) {
    if model.search.is_on() {
        model.mode = Mode::View { prompt: Prompt::default() };
    } else {
        tell(model, Notice::info("there is no filter to save; / types one"));
    }
}

pub(super) fn save_view(model: &mut Model, name: &str) -> Vec<Effect> {
    let name = name.trim();
    if name.is_empty() {
        tell(model, Notice::info("no name was given, so nothing was saved"));
        return Vec::new();
    }
    vec![Effect::SaveView { name: name.to_owned(), filter: model.search.text().to_owned() }]
}
