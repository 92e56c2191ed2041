//! Turns bodies into rows that can be displayed, searched, and compared. Colors are applied
//! elsewhere. Rows are derived from the body, whose bytes never change.
//!
//! ```text
//!  wire bytes ─► coding ─► charset ─► Document: sections of rows (tree, lines, fields, hex, …)
//!                                        │ row n ─► pieces     │ byte ◄─► row    │ JSON values
//!                                      Folds                 DocumentSearch  Diff, Schema
//! ```
//!
//! A [`Document`] is built once and never changes. The state of a view, [`Folds`] and a running
//! [`DocumentSearch`], is kept in separate values that refer to its rows and bytes.

mod body_note;
mod charset;
mod content_encoding;
pub(crate) mod derived;
pub mod diff;
mod document;
mod escape;
mod folds;
pub(crate) mod form;
mod hex_view;
pub mod json;
mod json_tree;
mod lines;
mod media;
mod multipart;
pub(crate) mod path;
pub mod pointer;
pub(crate) mod pointer_set;
mod raw_lines;
pub mod reserialize;
pub mod schema;
mod search;
mod section;
mod span;
mod xml;
pub(crate) mod xml_path;

pub use content_encoding::{MAX_SIZE as MAX_DECODED_SIZE, decoded, decoded_whole, encoded};
pub use document::{Document, DocumentForm};
pub use escape::{around, escape, visible_bytes};
pub use folds::Folds;
pub use json_tree::Node;
pub(crate) use media::Media;
pub use search::{DocumentSearch, PatternError, SearchPattern};
pub use span::{DisplayRow, SpanKind};

/// Byte order mark of UTF-8, which some editors write before a text.
pub(crate) const BOM: &[u8] = b"\xef\xbb\xbf";
