//! From bytes to rows that can be shown, searched and compared. Colour is not decided here, and
//! no byte is changed: what is shown is derived, what is kept stays as it came.
//!
//! ```text
//!  wire bytes ─► coding ─► charset ─► Document: sections of rows (tree, lines, fields, hex, …)
//!                                        │ row n ─► pieces     │ byte ◄─► row    │ JSON values
//!                                      Folds                 Search          Diff, Shape
//! ```
//!
//! A [`Document`] is made once and never changes; what a reader does with it, [`Folds`] and a
//! [`Search`] on its way, are values of their own that name rows and bytes of it.

mod charset;
mod coding;
pub mod diff;
mod document;
mod folds;
pub mod form;
mod hex_view;
mod lines;
mod markup;
mod media;
mod multipart;
pub mod path;
mod piece;
pub mod pointer;
mod raw;
pub mod rewrite;
mod search;
mod section;
pub mod shape;
mod tree;
mod visible;

pub use coding::{Decoded, decoded};
pub use document::{Document, Form};
pub use folds::Folds;
pub use piece::{Piece, PieceKind, Row};
pub use search::{Pattern, PatternError, Search};
pub use tree::{Kind, Node};
pub use visible::{around, push_visible, visible, visible_bytes};
