//! The head of the request, header by header, in the order received.

use super::super::message::Loaded;
use super::super::role::{Marked, Role};
use crate::delivery::{Header, is_added_on_the_way};

/// Columns of the word that sets a header apart.
const SET_APART: usize = 10;

pub(super) fn lines(loaded: &Loaded) -> Vec<Marked> {
    let head = &loaded.delivery.head;
    let summary = &loaded.delivery.summary;
    let request = Marked::new(Role::Strong, &head.method)
        .with(Role::Plain, " ")
        .with(Role::Accent, head.target_text())
        .with(Role::Dim, format!(" {}", head.version));
    let peer = summary.peer.as_deref().unwrap_or("unknown");
    let mut lines = vec![request, Marked::new(Role::Dim, format!("from {peer}"))];
    lines.extend(super::refused(loaded));
    lines.push(Marked::default());
    lines.extend(head.headers.iter().map(|header| line(loaded, header)));
    lines
}

/// A header, with a word in front where it is of the signature or was added on the way.
fn line(loaded: &Loaded, header: &Header) -> Marked {
    let places = loaded.examined.iter().flat_map(|examined| &examined.places);
    let signs = places.filter(|seen| seen.is_header).any(|seen| header.is(&seen.place));
    let (word, role, name) = if signs {
        ("signature", Role::Accent, Role::Accent)
    } else if is_added_on_the_way(&header.name) {
        ("on its way", Role::Dim, Role::Dim)
    } else {
        ("", Role::Dim, Role::Name)
    };
    Marked::new(role, format!("{word:<SET_APART$} "))
        .with(name, &header.name)
        .with(Role::Dim, ": ")
        .with(Role::Text, header.text())
}
