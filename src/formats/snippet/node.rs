//! JavaScript for Node.

use super::recipe::{Recipe, RecipePiece, Split};
use super::{Language, double_quoted, list};
use crate::provider::{Algorithm, Encoding, SecretForm};

pub(super) struct NodeJs;

impl Language for NodeJs {
    fn template(&self) -> &'static str {
        include_str!("../../../assets/snippets/verify.mjs")
    }

    fn comment(&self) -> &'static str {
        "// "
    }

    fn quote(&self, text: &str) -> String {
        double_quoted(text)
    }

    fn key(&self, recipe: &Recipe) -> String {
        let prefix = self.quote(&recipe.secret_prefix);
        let length = recipe.secret_prefix.len();
        let cut = match length {
            0 => "secret".to_owned(),
            _ => format!("(secret.startsWith({prefix}) ? secret.slice({length}) : secret)"),
        };
        match recipe.secret {
            SecretForm::Utf8 | SecretForm::Utf8Html | SecretForm::PublicKey => {
                format!("Buffer.from({cut})")
            }
            SecretForm::Utf8Nfkd => format!("Buffer.from({cut}.normalize(\"NFKD\"))"),
            SecretForm::Base64 => format!("Buffer.from({cut}, \"base64\")"),
            SecretForm::Hex => format!("Buffer.from({cut}, \"hex\")"),
            SecretForm::Base64IfPrefixed => format!(
                "secret.startsWith({prefix})\n  ? Buffer.from(secret.slice({length}), \"base64\")\n  \
                 : Buffer.from(secret)"
            ),
        }
    }

    fn value(&self, name: &str, text: &str, header: &str) -> String {
        format!("const {name} = {}; // {header}", self.quote(text))
    }

    fn received(&self, signatures: &[String]) -> String {
        format!("const received = [{}];", list(double_quoted, signatures))
    }

    fn entries(&self, recipe: &Recipe) -> String {
        let found = match &recipe.split {
            Split::Pairs { between, equals, keys } => {
                let (between, length) = (self.quote(between), equals.len());
                let (equals, keys) = (self.quote(equals), list(double_quoted, keys));
                return format!(
                    "const items = (value) =>
  value.split({between}).map((item) => {{
    const at = item.indexOf({equals});
    return at < 0 ? [] : [item.slice(0, at).trim(), item.slice(at + {length}).trim()];
  }});
const pairs = (value, ...keys) =>
  items(value).filter(([key]) => keys.includes(key)).map(([, text]) => text);
const entries = (value) => pairs(value, {keys});"
                );
            }
            Split::List(between) => {
                format!("value.split({}).map((entry) => entry.trim())", self.quote(between))
            }
            Split::Whole => "[value.trim()]".to_owned(),
        };
        let (prefix, length) = (self.quote(&recipe.prefix), recipe.prefix.len());
        let bare = match (length, recipe.prefix_optional) {
            (0, _) => String::new(),
            (_, true) => format!(
                "\n    .map((entry) => (entry.startsWith({prefix}) ? entry.slice({length}) : entry))"
            ),
            (_, false) => format!(
                "\n    .filter((entry) => entry.startsWith({prefix}))\n    \
                 .map((entry) => entry.slice({length}))"
            ),
        };
        format!("const entries = (value) =>\n  {found}{bare};")
    }

    fn piece(&self, piece: &RecipePiece) -> String {
        match piece {
            RecipePiece::Text(text) => format!("Buffer.from({})", self.quote(text)),
            RecipePiece::Body => "body".to_owned(),
            RecipePiece::Setting(name) => format!("Buffer.from(setting({}))", self.quote(name)),
            RecipePiece::Value(name) => format!("Buffer.from({name})"),
            RecipePiece::Pair(key) => {
                format!("Buffer.from(pairs(value, {})[0] ?? \"\")", self.quote(key))
            }
        }
    }

    fn digest(&self, recipe: &Recipe) -> String {
        let encoding = match recipe.encoding {
            Encoding::Hex | Encoding::HexUpper | Encoding::HexAny => "hex",
            Encoding::Base64 | Encoding::Base64Url => "base64",
        };
        let hash = match recipe.algorithm {
            Algorithm::Sha256SecretFirst => "createHash(\"sha256\").update(key)".to_owned(),
            other => format!("createHmac(\"{}\", key)", super::hash(other)),
        };
        format!("{hash}.update(content(value)).digest(\"{encoding}\")")
    }
}
