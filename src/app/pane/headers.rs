//! Headers of the request, in the order received.

use crate::app::detail::Loaded;
use crate::app::model::Model;
use crate::app::style::{StyleClass, StyledLine};
use crate::delivery::{Header, is_added_in_transit};

/// Width of the label in front of a header.
const SET_APART: usize = 10;

pub(super) fn lines(model: &Model, loaded: &Loaded) -> Vec<StyledLine> {
    let head = &loaded.delivery.head;
    let summary = &loaded.delivery.summary;
    let request = StyledLine::new(StyleClass::Strong, &head.method)
        .with(StyleClass::Plain, " ")
        .with(StyleClass::Accent, model.shown_value(&head.target_text()))
        .with(StyleClass::Dim, format!(" {}", head.version));
    let peer = summary.request.peer.as_deref().unwrap_or("unknown");
    let via = summary.request.via.as_deref();
    let via = via.map(|via| format!(" via {}", model.shown_value(via))).unwrap_or_default();
    let mut lines = vec![
        request,
        StyledLine::new(StyleClass::Dim, format!("from {}{via}", model.shown_value(peer))),
    ];
    lines.extend(super::refused(loaded));
    lines.push(StyledLine::default());
    lines.extend(head.headers.iter().map(|header| line(loaded, header)));
    if !head.trailers.is_empty() {
        lines.push(StyledLine::default());
        lines.push(StyledLine::new(StyleClass::Dim, "trailers, after the body"));
        lines.extend(head.trailers.iter().map(|header| line(loaded, header)));
    }
    lines
}

/// Renders a header, labeled if it belongs to the signature or was added by a proxy.
fn line(loaded: &Loaded, header: &Header) -> StyledLine {
    let places = loaded.examined.iter().flat_map(|examined| &examined.places);
    let signs = places.filter(|seen| seen.is_header).any(|seen| header.is(&seen.place));
    let (word, role, name) = if signs {
        ("signature", StyleClass::Accent, StyleClass::Accent)
    } else if is_added_in_transit(&header.name) {
        ("in transit", StyleClass::Dim, StyleClass::Dim)
    } else {
        ("", StyleClass::Dim, StyleClass::Name)
    };
    StyledLine::new(role, format!("{word:<SET_APART$} "))
        .with(name, &header.name)
        .with(StyleClass::Dim, ": ")
        .with(StyleClass::Text, header.text())
}
