//! Python 3.9 and later.

use super::recipe::{Recipe, RecipePiece, Split};
use super::{Language, double_quoted, list};
use crate::provider::{Algorithm, Encoding, SecretForm};

pub(super) struct Python;

impl Language for Python {
    fn template(&self) -> &'static str {
        include_str!("../../../assets/snippets/verify.py")
    }

    fn comment(&self) -> &'static str {
        "# "
    }

    fn quote(&self, text: &str) -> String {
        double_quoted(text)
    }

    fn key(&self, recipe: &Recipe) -> String {
        let prefix = self.quote(&recipe.secret_prefix);
        let cut = match recipe.secret_prefix.len() {
            0 => "secret".to_owned(),
            _ => format!("secret.removeprefix({prefix})"),
        };
        match recipe.secret {
            SecretForm::Utf8 | SecretForm::Utf8Html | SecretForm::PublicKey => {
                format!("os.fsencode({cut})")
            }
            SecretForm::Utf8Nfkd => format!("unicodedata.normalize(\"NFKD\", {cut}).encode()"),
            SecretForm::Base64 => format!("base64.b64decode({cut} + \"==\")"),
            SecretForm::Hex => format!("bytes.fromhex({cut})"),
            SecretForm::Base64IfPrefixed => format!(
                "(\n    base64.b64decode({cut} + \"==\")\n    if secret.startswith({prefix})\n    \
                 else os.fsencode(secret)\n)"
            ),
        }
    }

    fn value(&self, name: &str, text: &str, header: &str) -> String {
        format!("{name} = {}  # {header}", self.quote(text))
    }

    fn received(&self, signatures: &[String]) -> String {
        format!("received = [{}]", list(double_quoted, signatures))
    }

    fn entries(&self, recipe: &Recipe) -> String {
        let found = match &recipe.split {
            Split::Pairs { between, equals, keys } => {
                let (between, equals) = (self.quote(between), self.quote(equals));
                let keys = list(double_quoted, keys);
                return format!(
                    "def pairs(value, *keys):
    items = [item.strip().partition({equals}) for item in value.split({between})]
    return [text for key, _, text in items if key in keys]


def entries(value):
    return pairs(value, {keys})
"
                );
            }
            Split::List(between) => {
                format!("[entry.strip() for entry in value.split({})]", self.quote(between))
            }
            Split::Whole => "[value.strip()]".to_owned(),
        };
        let prefix = self.quote(&recipe.prefix);
        let bare = match (recipe.prefix.len(), recipe.prefix_optional) {
            (0, _) => found,
            (_, true) => format!("[entry.removeprefix({prefix}) for entry in {found}]"),
            (_, false) => format!(
                "[\n        entry.removeprefix({prefix})\n        for entry in {found}\n        \
                 if entry.startswith({prefix})\n    ]"
            ),
        };
        format!("def entries(value):\n    return {bare}\n")
    }

    fn piece(&self, piece: &RecipePiece) -> String {
        match piece {
            RecipePiece::Text(text) => format!("b{}", self.quote(text)),
            RecipePiece::Body => "body".to_owned(),
            RecipePiece::Setting(name) => format!("setting({}).encode()", self.quote(name)),
            RecipePiece::Value(name) => format!("{name}.encode()"),
            RecipePiece::Pair(key) => {
                format!("\"\".join(pairs(value, {})[:1]).encode()", self.quote(key))
            }
        }
    }

    fn digest(&self, recipe: &Recipe) -> String {
        let hash = match recipe.algorithm {
            Algorithm::Sha256SecretFirst => "hashlib.sha256(key + content(value))".to_owned(),
            other => format!("hmac.new(key, content(value), \"{}\")", super::hash(other)),
        };
        match recipe.encoding {
            Encoding::Hex | Encoding::HexUpper | Encoding::HexAny => format!("{hash}.hexdigest()"),
            Encoding::Base64 | Encoding::Base64Url => {
                format!("base64.b64encode({hash}.digest()).decode()")
            }
        }
    }
}
