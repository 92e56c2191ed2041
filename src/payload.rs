//! From bytes to rows that can be shown, searched and compared. Colour is not decided here, and
//! no byte is changed: what is shown is derived, what is kept stays as it came.
//!
//! ```text
//!  wire bytes ─► coding ─► charset ─► Document: sections of rows (tree, lines, fields, hex, …)
//!                                        │ row n ─► pieces     │ byte ◄─► row    │ JSON values
//!                                      Folds                 DocumentSearch  Diff, Schema
//! ```
//!
//! A [`Document`] is made once and never changes; what a reader does with it, [`Folds`] and a
//! [`DocumentSearch`] on its way, are values of their own that name rows and bytes of it.

mod charset;
mod content_encoding;
pub mod diff;
mod document;
mod escape;
mod folds;
pub mod form;
mod hex_view;
pub mod json;
mod json_tree;
mod lines;
mod media;
mod multipart;
pub mod path;
pub mod pointer;
mod raw_lines;
pub mod reserialize;
pub mod schema;
mod search;
mod section;
mod span;
mod xml;

pub use content_encoding::{Decoded, decoded};
pub use document::{Document, DocumentForm};
pub use escape::{around, escape, push_visible, visible_bytes};
pub use folds::Folds;
pub use json_tree::{JsonKind, Node};
pub use search::{DocumentSearch, PatternError, SearchPattern};
pub use span::{DisplayRow, Span, SpanKind};
