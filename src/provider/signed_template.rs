//! Template of the signed content, e.g. `{{timestamp}}.{{body}}`.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

use super::ValueLocation;
use super::template::{self, OldSpelling, Piece, Unclosed};

/// A part of the signed payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplatePart {
    Text(String),
    /// The raw body bytes as received.
    Body,
    /// The text of the timestamp as received.
    Timestamp,
    /// The text of the delivery's id as received.
    Id,
    /// The public URL registered with the provider.
    Url,
    Method,
    /// The fields of a form, sorted, each name with its value (Twilio).
    Form,
    /// The path of the URL.
    Path,
    /// The query of the URL, without its question mark.
    Query,
    /// The host of the URL, with its port if it has one.
    Host,
    /// A hash of the raw body as text.
    BodyHash(BodyHash),
    /// The body without its content encoding.
    Decoded,
    /// The secret, in a plain hash or next to other parts.
    Secret,
    /// The secret and the values at these places, sorted (`WeChat`).
    Sorted(Vec<ValueLocation>),
    /// The fields of a form but those named, sorted, as `name=value` joined by `&` (Alipay).
    FormPairs(Vec<String>),
    /// The values of the headers listed under a key of the signature header, separated by spaces,
    /// or joined by dots (Coinbase).
    Headers(String),
    /// The value of a header, or a scalar of the body.
    Place(ValueLocation),
}

/// Hash of the body in a signed payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyHash {
    /// In lowercase hex.
    Md5,
    /// In lowercase hex.
    Sha1,
    /// In lowercase hex.
    Sha256,
    /// In lowercase hex.
    Sha512,
    /// In decimal.
    Crc32,
}

/// The signed content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedTemplate {
    pub parts: Vec<TemplatePart>,
    text: String,
}

impl SignedTemplate {
    /// Creates the template of a fixed text.
    pub(crate) fn literal(text: &str) -> Self {
        Self { parts: vec![TemplatePart::Text(text.to_owned())], text: text.to_owned() }
    }

    /// Returns the text in the file.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Describes it; of long ones, each JSON pointer by its last step.
    pub fn brief(&self) -> String {
        const LONG: usize = 160;
        const POINTER: &str = "{{json:";
        let whole = self.to_string();
        if whole.len() <= LONG {
            return whole;
        }
        let mut parts = whole.split(POINTER);
        let mut out = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (pointer, rest) = part.split_once("}}").unwrap_or((part, ""));
            let last = pointer.rsplit('/').next().unwrap_or_default();
            out.extend(["{{…/", last, "}}", rest]);
        }
        out
    }

    /// Returns whether it is only the body.
    pub fn is_body(&self) -> bool {
        self.parts == [TemplatePart::Body]
    }

    /// Returns the key under which the signed headers are listed.
    pub fn headers_key(&self) -> Option<&str> {
        self.parts.iter().find_map(|part| match part {
            TemplatePart::Headers(key) => Some(key.as_str()),
            _ => None,
        })
    }

    pub fn has(&self, part: &TemplatePart) -> bool {
        self.parts.contains(part)
    }

    /// Returns whether the secret is one of its parts.
    pub fn has_secret(&self) -> bool {
        let is_secret =
            |part: &TemplatePart| matches!(part, TemplatePart::Secret | TemplatePart::Sorted(_));
        self.parts.iter().any(is_secret)
    }

    /// Returns whether a part depends on the bytes of the body as a whole.
    pub fn covers_whole_body(&self) -> bool {
        self.parts.iter().any(|part| {
            matches!(part, TemplatePart::Body | TemplatePart::Decoded | TemplatePart::BodyHash(_))
        })
    }

    /// Returns the template with every place mapped.
    pub(super) fn map_places(&self, map: impl Fn(&ValueLocation) -> ValueLocation) -> Self {
        let part = |part: &TemplatePart| match part {
            TemplatePart::Place(place) => TemplatePart::Place(map(place)),
            TemplatePart::Sorted(places) => TemplatePart::Sorted(places.iter().map(&map).collect()),
            other => other.clone(),
        };
        Self { parts: self.parts.iter().map(part).collect(), text: self.text.clone() }
    }
}

impl Default for SignedTemplate {
    fn default() -> Self {
        Self { parts: vec![TemplatePart::Body], text: "{{body}}".to_owned() }
    }
}

impl fmt::Display for SignedTemplate {
    /// Describes the common case in words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_body() {
            f.write_str("the raw body bytes")
        } else {
            // On one line, as in a string of TOML.
            write!(f, "`{}`", self.text.replace('\n', "\\n"))
        }
    }
}

impl<'de> Deserialize<'de> for SignedTemplate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parts = parts(&text).map_err(de::Error::custom)?;
        Ok(Self { parts, text })
    }
}

/// Mistake in the template of a signed payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum TemplateError {
    #[error(
        "`{shown}` has a dollar sign before a placeholder, which would be signed as text: write \
         `{{{{body}}}}`, not `${{body}}`"
    )]
    DollarSign {
        /// Start of the template from the dollar sign.
        shown: String,
    },
    #[error("`{open}` is not closed")]
    Unclosed { open: String },
    #[error(
        "unknown placeholder `{{{{{name}}}}}` in the signed payload: expected {{{{body}}}}, \
         {{{{decoded}}}}, {{{{timestamp}}}}, {{{{id}}}}, {{{{url}}}}, {{{{path}}}}, {{{{query}}}}, \
         {{{{host}}}}, {{{{method}}}}, {{{{form}}}}, {{{{secret}}}}, {{{{HASH:body}}}} with md5, sha1, \
         sha256, sha512, or crc32, {{{{header:NAME}}}}, {{{{query:NAME}}}}, {{{{json:/pointer}}}}, \
         {{{{form:FIELD}}}}, {{{{xml:/path}}}}, {{{{pair:KEY}}}}, {{{{headers:KEY}}}}, \
         {{{{sorted:secret,PLACE,…}}}}, or {{{{form-pairs:WITHOUT,…}}}}"
    )]
    Unknown { name: String },
}

fn parts(text: &str) -> Result<Vec<TemplatePart>, TemplateError> {
    if let Some(at) = text.find("${") {
        let shown = text.get(at..).unwrap_or_default().chars().take(24).collect();
        return Err(TemplateError::DollarSign { shown });
    }
    let pieces = template::pieces(text, OldSpelling::Braces).map_err(|Unclosed { at }| {
        TemplateError::Unclosed { open: text.get(at..).unwrap_or_default().to_owned() }
    })?;
    pieces.iter().map(part).collect()
}

fn part(piece: &Piece<'_>) -> Result<TemplatePart, TemplateError> {
    let name = match *piece {
        Piece::Text(text) => return Ok(TemplatePart::Text(text.to_owned())),
        Piece::Placeholder { name, .. } => name,
    };
    let unknown = || TemplateError::Unknown { name: name.to_owned() };
    Ok(match name {
        "body" => TemplatePart::Body,
        "timestamp" => TemplatePart::Timestamp,
        "id" => TemplatePart::Id,
        "url" => TemplatePart::Url,
        "method" => TemplatePart::Method,
        "form" => TemplatePart::Form,
        "path" => TemplatePart::Path,
        "query" => TemplatePart::Query,
        "host" => TemplatePart::Host,
        "decoded" => TemplatePart::Decoded,
        "secret" => TemplatePart::Secret,
        "md5:body" => TemplatePart::BodyHash(BodyHash::Md5),
        "sha1:body" => TemplatePart::BodyHash(BodyHash::Sha1),
        "sha256:body" => TemplatePart::BodyHash(BodyHash::Sha256),
        "sha512:body" => TemplatePart::BodyHash(BodyHash::Sha512),
        "crc32:body" => TemplatePart::BodyHash(BodyHash::Crc32),
        _ => match name.split_once(':') {
            Some(("headers", key)) => TemplatePart::Headers(key.to_owned()),
            Some(("sorted", list)) => sorted(list).ok_or_else(unknown)?,
            Some(("form-pairs", without)) => {
                TemplatePart::FormPairs(without.split(',').map(str::to_owned).collect())
            }
            _ => TemplatePart::Place(name.parse().map_err(|_| unknown())?),
        },
    })
}

/// Reads `secret,query:timestamp,query:nonce`.
fn sorted(list: &str) -> Option<TemplatePart> {
    let places = list.strip_prefix("secret,")?.split(',').map(str::parse);
    places.collect::<Result<_, _>>().ok().map(TemplatePart::Sorted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_template_is_described_by_the_last_steps_of_its_pointers() {
        let long = (0..9).map(|at| format!("{{{{json:/a/b/c/d/e/key{at}}}}}"));
        let template = SignedTemplate::literal(&long.collect::<Vec<_>>().join(":"));
        assert!(template.brief().starts_with("`{{…/key0}}:{{…/key1}}:"), "{}", template.brief());
    }

    #[test]
    fn a_short_template_is_described_as_it_is() {
        let template = SignedTemplate::literal("{{timestamp}}.{{json:/a/b}}");
        assert_eq!(template.brief(), "`{{timestamp}}.{{json:/a/b}}`");
    }

    #[test]
    fn single_braces_mean_the_same_as_double_braces() {
        let old = parts("v0:{timestamp}.{header:x-a}{headers:h}{body}").unwrap();
        let new = parts("v0:{{timestamp}}.{{header:x-a}}{{headers:h}}{{body}}").unwrap();
        assert_eq!(old, new);
    }

    #[test]
    fn a_line_break_is_shown_as_written_in_a_file() {
        let text = "{{timestamp}}\n{{secret}}".to_owned();
        let template = SignedTemplate { parts: parts(&text).unwrap(), text };
        assert_eq!(template.to_string(), r"`{{timestamp}}\n{{secret}}`");
    }

    #[test]
    fn an_unknown_placeholder_names_the_known_ones() {
        let error = parts("{{bdy}}").unwrap_err().to_string();
        assert!(error.contains("`{{bdy}}`") && error.contains("{{body}}"), "{error}");
    }
}
