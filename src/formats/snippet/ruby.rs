//! Ruby 2.7 and later.

use super::recipe::{Recipe, RecipePiece, Split};
use super::{Language, list, single_quoted};
use crate::provider::{Algorithm, Encoding, SecretForm};

pub(super) struct Ruby;

impl Language for Ruby {
    fn template(&self) -> &'static str {
        include_str!("../../../assets/snippets/verify.rb")
    }

    fn comment(&self) -> &'static str {
        "# "
    }

    fn quote(&self, text: &str) -> String {
        single_quoted(text)
    }

    fn key(&self, recipe: &Recipe) -> String {
        let prefix = self.quote(&recipe.secret_prefix);
        let cut = match recipe.secret_prefix.len() {
            0 => "secret".to_owned(),
            _ => format!("secret.delete_prefix({prefix})"),
        };
        match recipe.secret {
            SecretForm::Utf8 | SecretForm::Utf8Html | SecretForm::PublicKey => cut,
            SecretForm::Utf8Nfkd => {
                format!("{cut}.dup.force_encoding(\"UTF-8\").unicode_normalize(:nfkd)")
            }
            SecretForm::Base64 => format!("{cut}.unpack1(\"m\")"),
            SecretForm::Hex => format!("[{cut}].pack(\"H*\")"),
            SecretForm::Base64IfPrefixed => {
                format!("secret.start_with?({prefix}) ? {cut}.unpack1(\"m\") : secret")
            }
        }
    }

    fn value(&self, name: &str, text: &str, header: &str) -> String {
        format!("{name} = {} # {header}", self.quote(text))
    }

    fn received(&self, signatures: &[String]) -> String {
        format!("received = [{}]", list(single_quoted, signatures))
    }

    fn entries(&self, recipe: &Recipe) -> String {
        let found = match &recipe.split {
            Split::Pairs { between, equals, keys } => {
                let (between, equals) = (self.quote(between), self.quote(equals));
                let keys = list(single_quoted, keys);
                return format!(
                    "pairs = lambda do |value, *keys|
  items = value.split({between}).map {{ |item| item.strip.split({equals}, 2) }}
  items.select {{ |key, text| text && keys.include?(key) }}.map(&:last)
end
entries = ->(value) {{ pairs.(value, {keys}) }}"
                );
            }
            Split::List(between) => format!("value.split({}).map(&:strip)", self.quote(between)),
            Split::Whole => "[value.strip]".to_owned(),
        };
        let prefix = self.quote(&recipe.prefix);
        let bare = match (recipe.prefix.len(), recipe.prefix_optional) {
            (0, _) => String::new(),
            (_, true) => format!(".map {{ |entry| entry.delete_prefix({prefix}) }}"),
            (_, false) => format!(
                ".select {{ |entry| entry.start_with?({prefix}) }}\n    \
                 .map {{ |entry| entry.delete_prefix({prefix}) }}"
            ),
        };
        format!("entries = lambda do |value|\n  {found}{bare}\nend")
    }

    fn piece(&self, piece: &RecipePiece) -> String {
        match piece {
            RecipePiece::Text(text) => self.quote(text),
            RecipePiece::Body => "body".to_owned(),
            RecipePiece::Setting(name) => format!("setting({})", self.quote(name)),
            RecipePiece::Value(name) => (*name).to_owned(),
            RecipePiece::Pair(key) => format!("pairs.(value, {}).first.to_s", self.quote(key)),
        }
    }

    fn digest(&self, recipe: &Recipe) -> String {
        let (kind, arguments) = match recipe.algorithm {
            Algorithm::Sha256SecretFirst => {
                ("Digest::SHA256".to_owned(), "key.b + content.(value)".to_owned())
            }
            other => {
                ("HMAC".to_owned(), format!("\"{}\", key, content.(value)", super::hash(other)))
            }
        };
        match recipe.encoding {
            Encoding::Hex | Encoding::HexUpper | Encoding::HexAny => {
                format!("OpenSSL::{kind}.hexdigest({arguments})")
            }
            Encoding::Base64 | Encoding::Base64Url => {
                format!("[OpenSSL::{kind}.digest({arguments})].pack(\"m0\")")
            }
        }
    }
}
