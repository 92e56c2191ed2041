//! Content of a snippet, independent of the language.

use crate::delivery::Delivery;
use crate::payload::escape;
use crate::provider::{
    Algorithm, Encoding, Provider, Scheme, SecretForm, TemplatePart, ValueLocation,
};

/// Environment variable with the public URL for a snippet.
const URL_VARIABLE: &str = "WEBHOOK_URL";

/// A part of the signed payload.
pub(super) enum RecipePiece {
    Text(String),
    Body,
    /// Value of a setting.
    Setting(&'static str),
    /// A constant of the snippet.
    Value(&'static str),
    /// First value under a key of the signature header.
    Pair(String),
}

/// A constant, and the header that it came from.
pub(super) struct RecipeValue {
    pub(super) name: &'static str,
    pub(super) text: String,
    pub(super) header: String,
}

/// Format of the digests in the value of a signature header.
pub(super) enum Split {
    Whole,
    List(String),
    Pairs { between: String, equals: String, keys: Vec<String> },
}

pub(super) struct Recipe {
    pub(super) delivery: i64,
    pub(super) title: String,
    pub(super) variable: String,
    pub(super) algorithm: Algorithm,
    pub(super) encoding: Encoding,
    pub(super) secret: SecretForm,
    pub(super) secret_prefix: String,
    /// Values of the signature headers in the delivery.
    pub(super) received: Vec<String>,
    pub(super) split: Split,
    pub(super) prefix: String,
    pub(super) prefix_optional: bool,
    pub(super) values: Vec<RecipeValue>,
    pub(super) pieces: Vec<RecipePiece>,
    /// Notes for the user, one per line.
    pub(super) notes: Vec<String>,
}

/// Reason why no program can verify a delivery.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnippetError {
    #[error("no snippet can verify it: {0}")]
    Unchecked(String),
    #[error("{0} signs nothing: it sends the secret itself, and a snippet would contain it")]
    SecretIsSent(String),
    #[error("snippets are written for HMAC and hashes; {title} signs with {algorithm}")]
    PublicKey { title: String, algorithm: Algorithm },
    #[error("no snippet is written for {0}")]
    Algorithm(Algorithm),
    #[error("no snippet is written for signatures in {0}")]
    Encoding(Encoding),
    #[error("no snippet is written for {0}, whose key has a suffix")]
    KeySuffix(String),
    #[error("this delivery has no signature in a header (expected {0})")]
    Unsigned(String),
    #[error("no snippet is written for a signature over {0}")]
    Payload(String),
    #[error("no snippet is written for a signature over {0}; use the provider's own library")]
    Library(String),
    #[error("{0} is signed, and this delivery has none")]
    NoHeader(String),
    #[error("no snippet is written for signed or received text beyond plain ASCII: `{0}`")]
    NotAscii(String),
}

impl Recipe {
    pub(super) fn new(delivery: &Delivery, provider: &Provider) -> Result<Self, SnippetError> {
        let scheme = provider.scheme.of(&delivery.head, &delivery.body);
        let title = &provider.title;
        if let Some(reason) = &scheme.unchecked {
            return Err(SnippetError::Unchecked(reason.clone()));
        }
        match scheme.algorithm {
            Algorithm::Token => return Err(SnippetError::SecretIsSent(title.clone())),
            algorithm if algorithm.is_asymmetric() => {
                return Err(SnippetError::PublicKey { title: title.clone(), algorithm });
            }
            Algorithm::HmacSha256
            | Algorithm::HmacSha1
            | Algorithm::HmacSha512
            | Algorithm::Sha256SecretFirst => {}
            algorithm => return Err(SnippetError::Algorithm(algorithm)),
        }
        if !scheme.secret_suffix.is_empty() {
            return Err(SnippetError::KeySuffix(title.clone()));
        }
        if matches!(scheme.encoding, Encoding::HexUpper | Encoding::Base64Url) {
            return Err(SnippetError::Encoding(scheme.encoding));
        }
        let received: Vec<String> = scheme
            .signature_headers()
            .filter_map(|name| header(delivery, scheme, name).map(|(_, value)| value))
            .collect();
        let Some(first) = received.first() else {
            return Err(SnippetError::Unsigned(scheme.signature_place()));
        };
        let mut recipe = Self {
            delivery: delivery.summary.id.0,
            title: escape(title).replace("?>", "?"),
            variable: provider.secret_env.clone(),
            algorithm: scheme.algorithm,
            encoding: scheme.encoding,
            secret: scheme.secret,
            secret_prefix: scheme.secret_prefix.clone(),
            prefix: prefix_of(scheme, first),
            received,
            split: split_of(scheme),
            prefix_optional: scheme.prefix_optional,
            values: Vec::new(),
            pieces: Vec::new(),
            notes: notes(scheme),
        };
        for part in &scheme.signed.parts {
            let piece = recipe.piece(part, delivery, scheme)?;
            recipe.pieces.push(piece);
        }
        recipe.check()?;
        Ok(recipe)
    }

    fn piece(
        &mut self,
        part: &TemplatePart,
        delivery: &Delivery,
        scheme: &Scheme,
    ) -> Result<RecipePiece, SnippetError> {
        let place = match part {
            TemplatePart::Text(text) => return Ok(RecipePiece::Text(text.clone())),
            TemplatePart::Body => return Ok(RecipePiece::Body),
            TemplatePart::Url => return Ok(RecipePiece::Setting(URL_VARIABLE)),
            TemplatePart::Method => return Ok(RecipePiece::Text(delivery.head.method.clone())),
            TemplatePart::Path
            | TemplatePart::Query
            | TemplatePart::Host
            | TemplatePart::BodyHash(_)
            | TemplatePart::Decoded
            | TemplatePart::Secret
            | TemplatePart::Sorted(_) => {
                return Err(SnippetError::Payload(scheme.signed.to_string()));
            }
            TemplatePart::Form | TemplatePart::FormPairs(_) => {
                return Err(SnippetError::Library("sorted fields of a form".to_owned()));
            }
            TemplatePart::Headers(key) => return Ok(self.headers(key, delivery, scheme)),
            TemplatePart::Timestamp => {
                ("timestamp", scheme.timestamp.as_ref().map(|clock| &clock.from))
            }
            TemplatePart::Id => ("id", scheme.id.as_ref()),
            TemplatePart::Place(place) => ("header", Some(place)),
        };
        match place {
            (_, Some(ValueLocation::Pair(key))) => Ok(RecipePiece::Pair(key.clone())),
            (name, Some(ValueLocation::Header(wanted))) => {
                let (header, text) = header(delivery, scheme, wanted)
                    .ok_or_else(|| SnippetError::NoHeader(wanted.clone()))?;
                if name == "header" && self.values.iter().any(|value| value.name == name) {
                    return Ok(RecipePiece::Text(text));
                }
                self.values.push(RecipeValue { name, text, header });
                Ok(RecipePiece::Value(name))
            }
            (_, other) => Err(SnippetError::Library(
                other.map_or_else(|| "fields of the body".to_owned(), ToString::to_string),
            )),
        }
    }

    /// Adds the values of the headers that the signature names.
    fn headers(&mut self, key: &str, delivery: &Delivery, scheme: &Scheme) -> RecipePiece {
        let first = self.received.first().map(String::as_str).unwrap_or_default();
        let mut items = scheme.pair_items(first);
        let names = items.find(|(one, _)| *one == key).map(|(_, names)| names).unwrap_or_default();
        let value = |name| header(delivery, scheme, name).map(|(_, value)| value);
        let values: Vec<String> =
            names.split_ascii_whitespace().map(|name| value(name).unwrap_or_default()).collect();
        // Names from the sender are left out, because PHP executes code in comments.
        let header = "the headers that the signature names".to_owned();
        self.values.push(RecipeValue { name: "headers", text: values.join("."), header });
        RecipePiece::Value("headers")
    }

    /// Refuses text that not every language can express as a literal.
    fn check(&self) -> Result<(), SnippetError> {
        let pieces = self.pieces.iter().filter_map(|piece| match piece {
            RecipePiece::Text(text) | RecipePiece::Pair(text) => Some(text),
            RecipePiece::Body | RecipePiece::Setting(_) | RecipePiece::Value(_) => None,
        });
        let values = self.values.iter().map(|value| &value.text);
        let own = [&self.variable, &self.prefix, &self.secret_prefix];
        let mut all = pieces.chain(values).chain(&self.received).chain(own);
        let odd =
            all.find(|text| !text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()));
        odd.map_or(Ok(()), |text| Err(SnippetError::NotAscii(escape(text).into_owned())))
    }
}

/// Returns a received header, under the scheme's name or the alternative one.
fn header(delivery: &Delivery, scheme: &Scheme, name: &str) -> Option<(String, String)> {
    let find = |name: &str| {
        let value = delivery.head.joined(name)?;
        Some((name.to_owned(), crate::delivery::header_text(&value).into_owned()))
    };
    let found = find(name).or_else(|| find(&scheme.alias(name)?))?;
    (!found.1.trim().is_empty()).then_some(found)
}

/// Returns the prefix, with the received text in place of a wildcard.
fn prefix_of(scheme: &Scheme, value: &str) -> String {
    let Some((start, end)) = scheme.prefix.split_once('*') else { return scheme.prefix.clone() };
    let entries = scheme.list.as_deref().map_or(vec![value], |list| value.split(list).collect());
    let open = entries.iter().find_map(|entry| {
        let (open, _) = entry.trim().strip_prefix(start)?.split_once(end)?;
        Some(open.to_owned())
    });
    format!("{start}{}{end}", open.unwrap_or_default())
}

fn split_of(scheme: &Scheme) -> Split {
    match (&scheme.pairs, &scheme.list) {
        (Some(pairs), _) => Split::Pairs {
            between: pairs.between.clone(),
            equals: pairs.equals.clone(),
            keys: pairs.keys.clone(),
        },
        (None, Some(between)) => Split::List(between.clone()),
        (None, None) => Split::Whole,
    }
}

fn notes(scheme: &Scheme) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(age) = scheme.timestamp.as_ref().and_then(|clock| clock.max_age) {
        notes.push(format!(
            "A handler should also reject signatures older than {age} seconds; this program does not."
        ));
    }
    if scheme.signed.has(&TemplatePart::Url) {
        notes.push(format!("{URL_VARIABLE} is the URL registered with the provider."));
    }
    if !scheme.covers_body {
        notes.push(match &scheme.covers {
            Some(sentence) => format!("Note: {sentence}."),
            None => "The signature does not cover the body.".to_owned(),
        });
    }
    notes
}
