//! The head of the request, header by header, as received.

use super::super::message::Loaded;
use super::super::role::{Marked, Role};

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
    lines.extend(head.headers.iter().map(|header| {
        let places = loaded.examined.iter().flat_map(|examined| &examined.places);
        let signs = places.filter(|seen| seen.is_header).any(|seen| header.is(&seen.place));
        let role = if signs { Role::Accent } else { Role::Name };
        Marked::new(role, &header.name).with(Role::Dim, ": ").with(Role::Text, header.text())
    }));
    lines
}
