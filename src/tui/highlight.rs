//! Gives the pieces of payload rows their roles, for the rows on the screen alone.

use std::sync::Arc;

use crate::app::{Loaded, Marked, Role};
use crate::payload::{Document, PieceKind, Row};

/// Marks payload rows and remembers the last screenful.
#[derive(Debug, Default)]
pub struct Highlighter {
    screen: Option<Screen>,
}

/// A screenful that was marked, and for what.
#[derive(Debug)]
struct Screen {
    loaded: Arc<Loaded>,
    window: Window,
    lines: Vec<Marked>,
}

/// The rows wanted, and up to which column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub top: usize,
    pub height: usize,
    pub columns: usize,
}

impl Highlighter {
    /// The rows of a window, marked.
    pub fn lines(&mut self, loaded: &Arc<Loaded>, window: Window) -> &[Marked] {
        let fresh = self
            .screen
            .as_ref()
            .is_some_and(|old| Arc::ptr_eq(&old.loaded, loaded) && old.window == window);
        if !fresh {
            let lines = marked(&loaded.document, window);
            self.screen = Some(Screen { loaded: Arc::clone(loaded), window, lines });
        }
        self.screen.as_ref().map_or(&[], |screen| &screen.lines)
    }
}

fn marked(document: &Document, window: Window) -> Vec<Marked> {
    let shown = window.top..window.top.saturating_add(window.height);
    // No column takes more than four bytes, but for marks that are stacked on one, and these
    // are cut.
    let most = window.columns.saturating_mul(4).saturating_add(64);
    shown.map_while(|at| document.row(at)).map(|row| mark(&row.clipped(most))).collect()
}

fn mark(row: &Row<'_>) -> Marked {
    let indent = " ".repeat(row.indent);
    let mut marked = match row.indent {
        0 => Marked::default(),
        _ => Marked::new(Role::Plain, indent),
    };
    for piece in &row.pieces {
        marked = marked.with(role(piece.kind), &piece.text);
    }
    marked
}

fn role(kind: PieceKind) -> Role {
    match kind {
        PieceKind::Blank | PieceKind::Text => Role::Plain,
        PieceKind::Key | PieceKind::Tag => Role::Name,
        PieceKind::String => Role::Text,
        PieceKind::Number => Role::Number,
        PieceKind::Literal => Role::Literal,
        PieceKind::Punctuation | PieceKind::Remark => Role::Dim,
        PieceKind::Error => Role::Bad,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(body: &'static str, columns: usize) -> Vec<(Role, String)> {
        let document = Document::new(body.into(), None, None);
        let lines = marked(&document, Window { top: 0, height: 99, columns });
        let spans = lines.iter().flat_map(Marked::spans);
        spans.map(|span| (span.role, span.text().trim().to_owned())).collect()
    }

    #[test]
    fn tells_keys_from_values() {
        let spans = spans(r#"{"a":"b","c":[1,"d",null]}"#, 80);
        for (text, role) in [
            ("a", Role::Name),
            ("b", Role::Text),
            ("c", Role::Name),
            ("d", Role::Text),
            ("1", Role::Number),
            ("null", Role::Literal),
            ("{", Role::Dim),
        ] {
            let found: Vec<Role> =
                spans.iter().filter(|span| span.1 == text).map(|span| span.0).collect();
            assert_eq!(found, [role], "{text} in {spans:?}");
        }
    }

    #[test]
    fn only_what_can_be_on_the_screen_is_marked() {
        let body: &'static str = Box::leak("x".repeat(100_000).into_boxed_str());
        assert_eq!(spans(body, 10)[0].1.len(), 104);
    }
}
