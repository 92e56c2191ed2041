//! PHP 8.

use super::recipe::{Recipe, RecipePiece, Split};
use super::{Language, list, single_quoted};
use crate::provider::{Algorithm, Encoding, SecretForm};

pub(super) struct Php;

impl Language for Php {
    fn template(&self) -> &'static str {
        include_str!("../../../assets/snippets/verify.php")
    }

    fn comment(&self) -> &'static str {
        "// "
    }

    fn quote(&self, text: &str) -> String {
        single_quoted(text)
    }

    fn key(&self, recipe: &Recipe) -> String {
        let prefix = self.quote(&recipe.secret_prefix);
        let length = recipe.secret_prefix.len();
        let starts = format!("str_starts_with($secret, {prefix})");
        let cut = match length {
            0 => "$secret".to_owned(),
            _ => format!("({starts} ? substr($secret, {length}) : $secret)"),
        };
        match recipe.secret {
            SecretForm::Utf8 | SecretForm::Utf8Html | SecretForm::PublicKey => cut,
            // ASCII needs no normalization, and the extension `intl` may be absent.
            SecretForm::Utf8Nfkd => format!(
                "(function (string $text): string {{
    if (!preg_match('/[^\\x00-\\x7f]/', $text)) {{
        return $text;
    }}
    if (!class_exists('Normalizer')) {{
        fwrite(STDERR, \"the secret is not ASCII, which needs the PHP extension intl\\n\");
        exit(2);
    }}
    return Normalizer::normalize($text, Normalizer::FORM_KD);
}})({cut})"
            ),
            SecretForm::Base64 => format!("base64_decode({cut})"),
            SecretForm::Hex => format!("hex2bin({cut})"),
            SecretForm::Base64IfPrefixed => {
                format!("{starts} ? base64_decode(substr($secret, {length})) : $secret")
            }
        }
    }

    fn value(&self, name: &str, text: &str, header: &str) -> String {
        format!("${name} = {}; // {header}", self.quote(text))
    }

    fn received(&self, signatures: &[String]) -> String {
        format!("$received = [{}];", list(single_quoted, signatures))
    }

    fn entries(&self, recipe: &Recipe) -> String {
        let found = match &recipe.split {
            Split::Pairs { between, equals, keys } => {
                let (between, equals) = (self.quote(between), self.quote(equals));
                let keys = list(single_quoted, keys);
                return format!(
                    "$pairs = function (string $value, string ...$keys): array {{
    $found = [];
    foreach (explode({between}, $value) as $item) {{
        [$key, $text] = explode({equals}, trim($item), 2) + ['', ''];
        if (in_array($key, $keys, true)) {{
            $found[] = $text;
        }}
    }}
    return $found;
}};
$entries = fn (string $value): array => $pairs($value, {keys});"
                );
            }
            Split::List(between) => {
                format!("array_map('trim', explode({}, $value))", self.quote(between))
            }
            Split::Whole => "[trim($value)]".to_owned(),
        };
        let (prefix, length) = (self.quote(&recipe.prefix), recipe.prefix.len());
        let bare = match (length, recipe.prefix_optional) {
            (0, _) => return format!("$entries = fn (string $value): array => {found};"),
            (_, true) => "$found[] = $entry;",
            (_, false) => "continue;",
        };
        format!(
            "$entries = function (string $value): array {{
    $found = [];
    foreach ({found} as $entry) {{
        if (!str_starts_with($entry, {prefix})) {{
            {bare}
        }} else {{
            $found[] = substr($entry, {length});
        }}
    }}
    return $found;
}};"
        )
    }

    fn piece(&self, piece: &RecipePiece) -> String {
        match piece {
            RecipePiece::Text(text) => self.quote(text),
            RecipePiece::Body => "$body".to_owned(),
            RecipePiece::Setting(name) => format!("setting({})", self.quote(name)),
            RecipePiece::Value(name) => format!("${name}"),
            RecipePiece::Pair(key) => format!("($pairs($value, {})[0] ?? '')", self.quote(key)),
        }
    }

    fn between(&self) -> &'static str {
        " . "
    }

    fn digest(&self, recipe: &Recipe) -> String {
        let binary = match recipe.encoding {
            Encoding::Hex | Encoding::HexUpper | Encoding::HexAny => "",
            Encoding::Base64 | Encoding::Base64Url => ", true",
        };
        let hash = match recipe.algorithm {
            Algorithm::Sha256SecretFirst => {
                format!("hash('sha256', $key . $content($value){binary})")
            }
            other => format!("hash_hmac('{}', $content($value), $key{binary})", super::hash(other)),
        };
        match recipe.encoding {
            Encoding::Hex | Encoding::HexUpper | Encoding::HexAny => hash,
            Encoding::Base64 | Encoding::Base64Url => format!("base64_encode({hash})"),
        }
    }
}
