//! Rust, with the crates of the `RustCrypto` project.

use super::recipe::{Recipe, RecipePiece, Split};
use super::{Language, double_quoted, list};
use crate::provider::{Algorithm, Encoding, SecretForm};

pub(super) struct Rust;

/// Returns the type of the hash.
fn hash(algorithm: Algorithm) -> (&'static str, &'static str) {
    match algorithm {
        Algorithm::HmacSha1 => ("sha1", "Sha1"),
        Algorithm::HmacSha512 => ("sha2", "Sha512"),
        _ => ("sha2", "Sha256"),
    }
}

fn wants_base64(recipe: &Recipe) -> bool {
    recipe.encoding == Encoding::Base64
        || matches!(recipe.secret, SecretForm::Base64 | SecretForm::Base64IfPrefixed)
}

fn wants_hex(recipe: &Recipe) -> bool {
    recipe.encoding == Encoding::Hex || recipe.secret == SecretForm::Hex
}

impl Language for Rust {
    fn template(&self) -> &'static str {
        include_str!("../../../assets/snippets/verify.rs")
    }

    fn comment(&self) -> &'static str {
        "//! "
    }

    fn quote(&self, text: &str) -> String {
        double_quoted(text)
    }

    fn key(&self, recipe: &Recipe) -> String {
        let prefix = self.quote(&recipe.secret_prefix);
        let cut = match recipe.secret_prefix.len() {
            0 => "secret.as_str()".to_owned(),
            _ => format!("secret.strip_prefix({prefix}).unwrap_or(&secret)"),
        };
        let checked = |decode: String| {
            format!("{decode}\n        .unwrap_or_else(|error| stop(&error.to_string()))")
        };
        let base64 =
            |text: &str| checked(format!("STANDARD_NO_PAD.decode({text}.trim_end_matches('='))"));
        match recipe.secret {
            SecretForm::Utf8 | SecretForm::Utf8Html | SecretForm::PublicKey => {
                format!("{cut}.as_bytes().to_vec()")
            }
            SecretForm::Utf8Nfkd => format!("{cut}.nfkd().collect::<String>().into_bytes()"),
            SecretForm::Base64 => base64(&format!("{cut}\n        ")),
            SecretForm::Hex => checked(format!("hex::decode({cut})")),
            SecretForm::Base64IfPrefixed => format!(
                "match secret.strip_prefix({prefix}) {{\n        Some(rest) => {},\n        \
                 None => secret.into_bytes(),\n    }}",
                base64("rest")
            ),
        }
    }

    fn value(&self, name: &str, text: &str, header: &str) -> String {
        format!("    let {name} = {}; // {header}", self.quote(text))
    }

    fn received(&self, signatures: &[String]) -> String {
        format!("    let received = [{}];", list(double_quoted, signatures))
    }

    fn entries(&self, recipe: &Recipe) -> String {
        const ENTRIES: &str = "fn entries(value: &str) -> impl Iterator<Item = &str>";
        let found = match &recipe.split {
            Split::Pairs { between, equals, keys } => {
                let (between, equals) = (self.quote(between), self.quote(equals));
                let keys = list(double_quoted, keys);
                return format!(
                    "fn pairs<'v>(value: &'v str, keys: &'v [&'v str]) -> impl Iterator<Item = &'v str> {{
    let items = value.split({between}).filter_map(|item| item.trim().split_once({equals}));
    items.filter(|(key, _)| keys.contains(key)).map(|(_, text)| text)
}}

{ENTRIES} {{
    pairs(value, &[{keys}])
}}
"
                );
            }
            Split::List(between) => format!("value.split({}).map(str::trim)", self.quote(between)),
            Split::Whole => "std::iter::once(value.trim())".to_owned(),
        };
        let prefix = self.quote(&recipe.prefix);
        let bare = match (recipe.prefix.len(), recipe.prefix_optional) {
            (0, _) => String::new(),
            (_, true) => format!(".map(|entry| entry.strip_prefix({prefix}).unwrap_or(entry))"),
            (_, false) => format!(".filter_map(|entry| entry.strip_prefix({prefix}))"),
        };
        format!("{ENTRIES} {{\n    {found}{bare}\n}}\n")
    }

    fn piece(&self, piece: &RecipePiece) -> String {
        match piece {
            RecipePiece::Text(text) => format!("{}.as_bytes()", self.quote(text)),
            RecipePiece::Body => "&body[..]".to_owned(),
            RecipePiece::Setting(name) => format!("setting({}).as_bytes()", self.quote(name)),
            RecipePiece::Value(name) => format!("{name}.as_bytes()"),
            RecipePiece::Pair(key) => {
                format!(
                    "pairs(value, &[{}]).next().unwrap_or_default().as_bytes()",
                    self.quote(key)
                )
            }
        }
    }

    fn digest(&self, recipe: &Recipe) -> String {
        let (_, hash) = hash(recipe.algorithm);
        let text = match recipe.encoding {
            Encoding::Hex | Encoding::HexUpper | Encoding::HexAny => "hex::encode",
            Encoding::Base64 | Encoding::Base64Url => "STANDARD.encode",
        };
        match recipe.algorithm {
            Algorithm::Sha256SecretFirst => format!(
                "{text}({hash}::new().chain_update(&key).chain_update(&content).finalize())"
            ),
            _ => format!(
                "{{\n            let mac = Hmac::<{hash}>::new_from_slice(&key).expect(\"any key will do\");\n            \
                 {text}(mac.chain_update(&content).finalize().into_bytes())\n        }}"
            ),
        }
    }

    fn imports(&self, recipe: &Recipe) -> String {
        let mut lines = Vec::new();
        if wants_base64(recipe) {
            lines.push("use base64::Engine as _;".to_owned());
        }
        if recipe.encoding == Encoding::Base64 {
            lines.push("use base64::engine::general_purpose::STANDARD;".to_owned());
        }
        if matches!(recipe.secret, SecretForm::Base64 | SecretForm::Base64IfPrefixed) {
            lines.push("use base64::engine::general_purpose::STANDARD_NO_PAD;".to_owned());
        }
        let (krate, hash) = hash(recipe.algorithm);
        if recipe.algorithm == Algorithm::Sha256SecretFirst {
            lines.push(format!("use {krate}::{{Digest as _, {hash}}};"));
        } else {
            lines.push("use hmac::{Hmac, KeyInit as _, Mac as _};".to_owned());
            lines.push(format!("use {krate}::{hash};"));
        }
        lines.push("use subtle::ConstantTimeEq as _;".to_owned());
        if recipe.secret == SecretForm::Utf8Nfkd {
            lines.push("use unicode_normalization::UnicodeNormalization as _;".to_owned());
        }
        lines.join("\n")
    }

    fn packages(&self, recipe: &Recipe) -> String {
        let krate = match hash(recipe.algorithm).0 {
            "sha1" => "sha1@0.11",
            _ => "sha2@0.11",
        };
        let all = [
            ("base64@0.22", wants_base64(recipe)),
            ("hex@0.4", wants_hex(recipe)),
            ("hmac@0.13", recipe.algorithm != Algorithm::Sha256SecretFirst),
            (krate, true),
            ("subtle@2", true),
            ("unicode-normalization@0.1", recipe.secret == SecretForm::Utf8Nfkd),
        ];
        let needed = all.iter().filter(|(_, needed)| *needed).map(|(name, _)| *name);
        needed.collect::<Vec<_>>().join(" ")
    }
}
