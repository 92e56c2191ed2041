//! Programs that verify one delivery, generated in a language from the scheme of its provider. They
//! contain the signature but no secret, and read the body as raw bytes.

mod go;
mod node;
mod php;
mod python;
mod recipe;
mod ruby;
mod rust;

use crate::delivery::Delivery;
use crate::provider::template::{OldSpelling, Piece, pieces};
use crate::provider::{Algorithm, Provider};
pub use recipe::SnippetError;
use recipe::{Recipe, RecipePiece as SignedPiece};

/// Renders a recipe in a language.
trait Language: Sync {
    /// Returns the program with `{{name}}` placeholders.
    fn template(&self) -> &'static str;
    /// Returns the start of a comment line.
    fn comment(&self) -> &'static str;
    /// Returns an ASCII text as a literal.
    fn quote(&self, text: &str) -> String;
    /// Returns the key from `secret`, as bytes.
    fn key(&self, recipe: &Recipe) -> String;
    /// Returns the definition of a constant.
    fn value(&self, name: &str, text: &str, header: &str) -> String;
    /// Returns the received signatures, each with its header.
    fn received(&self, signatures: &[String]) -> String;
    /// Returns the function `entries`, which extracts the digests from the value of a header, with
    /// its helpers.
    fn entries(&self, recipe: &Recipe) -> String;
    /// Returns a part of the signed payload, as bytes.
    fn piece(&self, piece: &SignedPiece) -> String;
    /// Returns the separator of parts.
    fn between(&self) -> &'static str {
        ", "
    }
    /// Returns the digest of `content`, as text.
    fn digest(&self, recipe: &Recipe) -> String;
    fn imports(&self, _: &Recipe) -> String {
        String::new()
    }
    fn packages(&self, _: &Recipe) -> String {
        String::new()
    }
}

/// A language for snippets.
#[derive(Clone, Copy)]
pub(super) struct Snippet(&'static dyn Language);

pub(super) const NODE: Snippet = Snippet(&node::NodeJs);
pub(super) const PYTHON: Snippet = Snippet(&python::Python);
pub(super) const GO: Snippet = Snippet(&go::Go);
pub(super) const RUBY: Snippet = Snippet(&ruby::Ruby);
pub(super) const PHP: Snippet = Snippet(&php::Php);
pub(super) const RUST: Snippet = Snippet(&rust::Rust);

impl std::fmt::Debug for Snippet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Snippet").field(&self.0.comment()).finish()
    }
}

impl Snippet {
    /// Returns the program for a delivery.
    pub(super) fn write(
        self,
        delivery: &Delivery,
        provider: &Provider,
    ) -> Result<String, SnippetError> {
        let recipe = Recipe::new(delivery, provider)?;
        let language = self.0;
        let note = |note: &String| format!("\n{}{note}", language.comment());
        let pieces: Vec<String> = recipe.pieces.iter().map(|piece| language.piece(piece)).collect();
        let mut values = vec![language.received(&recipe.received)];
        let constants = recipe.values.iter();
        values.extend(constants.map(|one| language.value(one.name, &one.text, &one.header)));
        Ok(filled(language.template(), |name| match name {
            "delivery" => recipe.delivery.to_string(),
            "title" => recipe.title.clone(),
            "variable" => recipe.variable.clone(),
            "setting" => language.quote(&recipe.variable),
            "notes" => recipe.notes.iter().map(note).collect(),
            "key" => language.key(&recipe),
            "values" => values.join("\n"),
            "entries" => language.entries(&recipe),
            "content" => pieces.join(language.between()),
            "digest" => language.digest(&recipe),
            "imports" => language.imports(&recipe),
            "packages" => language.packages(&recipe),
            other => format!("{{{{{other}}}}}"),
        }))
    }
}

/// Fills in a template once; inserted text is not searched again.
fn filled(template: &str, fill: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(template.len() * 2);
    for piece in pieces(template, OldSpelling::None).unwrap_or_default() {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Placeholder { name, .. } => out.push_str(&fill(name)),
        }
    }
    out
}

/// Returns a literal in double quotes, as in C.
fn double_quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', r#"\""#))
}

/// Returns a literal in single quotes, without interpolation.
fn single_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"))
}

/// Returns literals as the items of a list.
fn list(quote: impl Fn(&str) -> String, texts: &[String]) -> String {
    texts.iter().map(|text| quote(text)).collect::<Vec<_>>().join(", ")
}

/// Returns the hash of a recipe's algorithm, by the name common to most languages.
fn hash(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::HmacSha1 => "sha1",
        Algorithm::HmacSha512 => "sha512",
        _ => "sha256",
    }
}
