//! Go 1.18 and later.

use super::recipe::{Recipe, RecipePiece, Split};
use super::{Language, double_quoted, list};
use crate::provider::{Algorithm, Encoding, SecretForm};

pub(super) struct Go;

/// Package for a secret form that Go's standard library lacks.
const NORM: &str = "golang.org/x/text/unicode/norm";

impl Language for Go {
    fn template(&self) -> &'static str {
        include_str!("../../../assets/snippets/verify.go")
    }

    fn comment(&self) -> &'static str {
        "// "
    }

    fn quote(&self, text: &str) -> String {
        double_quoted(text)
    }

    fn key(&self, recipe: &Recipe) -> String {
        let prefix = self.quote(&recipe.secret_prefix);
        let cut = match recipe.secret_prefix.len() {
            0 => "secret".to_owned(),
            _ => format!("strings.TrimPrefix(secret, {prefix})"),
        };
        let checked = |decode: String| {
            format!("key, err := {decode}\n\tif err != nil {{\n\t\tstop(err.Error())\n\t}}")
        };
        let base64 = |text: &str| {
            format!("base64.RawStdEncoding.DecodeString(strings.TrimRight({text}, \"=\"))")
        };
        match recipe.secret {
            SecretForm::Utf8 | SecretForm::Utf8Html | SecretForm::PublicKey => {
                format!("key := []byte({cut})")
            }
            SecretForm::Utf8Nfkd => format!("key := norm.NFKD.Bytes([]byte({cut}))"),
            SecretForm::Base64 => checked(base64(&cut)),
            SecretForm::Hex => checked(format!("hex.DecodeString({cut})")),
            SecretForm::Base64IfPrefixed => format!(
                "key := []byte(secret)\n\tif strings.HasPrefix(secret, {prefix}) {{\n\t\t\
                 if key, err = {}; err != nil {{\n\t\t\tstop(err.Error())\n\t\t}}\n\t}}",
                base64(&cut)
            ),
        }
    }

    fn value(&self, name: &str, text: &str, header: &str) -> String {
        format!("\t// {header}\n\t{name} := {}", self.quote(text))
    }

    fn received(&self, signatures: &[String]) -> String {
        format!("\treceived := []string{{{}}}", list(double_quoted, signatures))
    }

    fn entries(&self, recipe: &Recipe) -> String {
        let found = match &recipe.split {
            Split::Pairs { between, equals, keys } => {
                let (between, equals) = (self.quote(between), self.quote(equals));
                let keys = list(double_quoted, keys);
                return format!(
                    "func pairs(value string, keys ...string) []string {{
\tvar found []string
\tfor _, item := range strings.Split(value, {between}) {{
\t\tname, text, _ := strings.Cut(strings.TrimSpace(item), {equals})
\t\tfor _, key := range keys {{
\t\t\tif key == name {{
\t\t\t\tfound = append(found, text)
\t\t\t}}
\t\t}}
\t}}
\treturn found
}}

func entries(value string) []string {{
\treturn pairs(value, {keys})
}}
"
                );
            }
            Split::List(between) => format!("strings.Split(value, {})", self.quote(between)),
            Split::Whole => "[]string{value}".to_owned(),
        };
        let prefix = self.quote(&recipe.prefix);
        let trimmed = format!("strings.TrimPrefix(strings.TrimSpace(entry), {prefix})");
        let bare = match (recipe.prefix.len(), recipe.prefix_optional) {
            (0, _) => "\t\tfound = append(found, strings.TrimSpace(entry))".to_owned(),
            (_, true) => format!("\t\tfound = append(found, {trimmed})"),
            (_, false) => format!(
                "\t\tif strings.HasPrefix(strings.TrimSpace(entry), {prefix}) {{\n\
                 \t\t\tfound = append(found, {trimmed})\n\t\t}}"
            ),
        };
        format!(
            "func entries(value string) []string {{
\tvar found []string
\tfor _, entry := range {found} {{
{bare}
\t}}
\treturn found
}}
"
        )
    }

    fn piece(&self, piece: &RecipePiece) -> String {
        match piece {
            RecipePiece::Text(text) => format!("[]byte({})", self.quote(text)),
            RecipePiece::Body => "body".to_owned(),
            RecipePiece::Setting(name) => format!("[]byte(setting({}))", self.quote(name)),
            RecipePiece::Value(name) => format!("[]byte({name})"),
            RecipePiece::Pair(key) => {
                format!("[]byte(append(pairs(value, {}), \"\")[0])", self.quote(key))
            }
        }
    }

    fn digest(&self, recipe: &Recipe) -> String {
        let text = match recipe.encoding {
            Encoding::Hex | Encoding::HexUpper | Encoding::HexAny => "hex.EncodeToString",
            Encoding::Base64 | Encoding::Base64Url => "base64.StdEncoding.EncodeToString",
        };
        match recipe.algorithm {
            Algorithm::Sha256SecretFirst => format!(
                "sum := sha256.Sum256(append(append([]byte{{}}, key...), content...))\n\t\t\
                 digest := {text}(sum[:])"
            ),
            other => format!(
                "mac := hmac.New({}.New, key)\n\t\tmac.Write(content)\n\t\t\
                 digest := {text}(mac.Sum(nil))",
                super::hash(other)
            ),
        }
    }

    fn imports(&self, recipe: &Recipe) -> String {
        let hash = super::hash(recipe.algorithm);
        let base64 = recipe.encoding == Encoding::Base64
            || matches!(recipe.secret, SecretForm::Base64 | SecretForm::Base64IfPrefixed);
        let hex = recipe.encoding == Encoding::Hex || recipe.secret == SecretForm::Hex;
        let crypto = format!("crypto/{hash}");
        let all = [
            ("bytes", true),
            ("crypto/hmac", true),
            (crypto.as_str(), true),
            ("encoding/base64", base64),
            ("encoding/hex", hex),
            ("fmt", true),
            ("io", true),
            ("os", true),
            ("strings", true),
            (NORM, recipe.secret == SecretForm::Utf8Nfkd),
        ];
        let needed = all.iter().filter(|(_, needed)| *needed);
        needed.map(|(name, _)| format!("\t\"{name}\"")).collect::<Vec<_>>().join("\n")
    }

    fn packages(&self, recipe: &Recipe) -> String {
        match recipe.secret {
            SecretForm::Utf8Nfkd => format!("{NORM} in addition to Go's standard library"),
            _ => "Go's standard library alone".to_owned(),
        }
    }
}
