//! The head of the request, header by header, in the order received.

use crate::app::detail::Loaded;
use crate::app::style::{StyleClass, StyledLine};
use crate::delivery::{Header, is_added_in_transit};

/// Columns of the word that sets a header apart.
const SET_APART: usize = 10;

pub(super) fn lines(loaded: &Loaded) -> Vec<StyledLine> {
    let head = &loaded.delivery.head;
    let summary = &loaded.delivery.summary;
    let request = StyledLine::new(StyleClass::Strong, &head.method)
        .with(StyleClass::Plain, " ")
        .with(StyleClass::Accent, head.target_text())
        .with(StyleClass::Dim, format!(" {}", head.version));
    let peer = summary.request.peer.as_deref().unwrap_or("unknown");
    let mut lines = vec![request, StyledLine::new(StyleClass::Dim, format!("from {peer}"))];
    lines.extend(super::refused(loaded));
    lines.push(StyledLine::default());
    lines.extend(head.headers.iter().map(|header| line(loaded, header)));
    lines
}

/// A header, with a word in front where it is of the signature or was added on the way.
fn line(loaded: &Loaded, header: &Header) -> StyledLine {
    let places = loaded.examined.iter().flat_map(|examined| &examined.places);
    let signs = places.filter(|seen| seen.is_header).any(|seen| header.is(&seen.place));
    let (word, role, name) = if signs {
        ("signature", StyleClass::Accent, StyleClass::Accent)
    } else if is_added_in_transit(&header.name) {
        ("on its way", StyleClass::Dim, StyleClass::Dim)
    } else {
        ("", StyleClass::Dim, StyleClass::Name)
    };
    StyledLine::new(role, format!("{word:<SET_APART$} "))
        .with(name, &header.name)
        .with(StyleClass::Dim, ": ")
        .with(StyleClass::Text, header.text())
}
