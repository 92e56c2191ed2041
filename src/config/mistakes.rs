//! Deserializes TOML and continues after each mistake, so that all mistakes can be reported at
//! once.

use std::fmt;
use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::value_reader::{ReadError, ReadErrorKind, ValueReader};
use crate::diagnostic::{Diagnostic, nearest};

/// A mistake in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigMistake {
    /// Key with its tables, e.g. `providers.x.scheme.encoding`; empty for invalid TOML.
    pub place: String,
    pub diagnostic: Diagnostic,
}

impl ConfigMistake {
    pub(super) fn at(
        text: &str,
        span: Range<usize>,
        place: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        Self { place: place.into(), diagnostic: Diagnostic::at(text, span, reason) }
    }
}

impl fmt::Display for ConfigMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, ", self.diagnostic.line())?;
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        f.write_str(&self.diagnostic.advice())
    }
}

/// Value that could be read, and all mistakes.
pub(super) struct Found<T> {
    pub(super) value: Option<T>,
    pub(super) mistakes: Vec<ConfigMistake>,
}

/// Maximum number of mistakes; a file with more is another kind of file.
const MAX_MISTAKES: usize = 100;

/// Deserializes a text. Each invalid entry is removed and the rest is read again, until nothing is
/// invalid.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Found<T> {
    let (table, broken) = DeTable::parse_recoverable(text);
    if !broken.is_empty() {
        // One such table is an error at each of its keys.
        let mistakes = singular_table(text).map_or_else(
            || {
                let syntax = |error: &toml::de::Error| {
                    let reason = error.message().replace('\n', "; ");
                    ConfigMistake::at(text, error.span().unwrap_or_default(), "", reason)
                };
                broken.iter().map(syntax).collect()
            },
            |mistake| vec![mistake],
        );
        return Found { value: None, mistakes };
    }
    let mut root = Spanned::new(table.span(), DeValue::Table(table.into_inner()));
    let mut mistakes: Vec<ConfigMistake> = Vec::new();
    // A removed entry is missing from then on, which is not another mistake.
    let mut taken_out = Vec::new();
    loop {
        let error = match T::deserialize(ValueReader(&root)) {
            Ok(value) => {
                let about = |mistake: &ConfigMistake| mistake.place.starts_with("provider.");
                if mistakes.iter().any(about)
                    && let Some(mistake) = singular_table(text)
                {
                    mistakes.retain(|one| !about(one) && one.place != "provider");
                    mistakes.push(mistake);
                }
                return Found { value: Some(value), mistakes };
            }
            Err(error) => error,
        };
        let place = match (root.get_mut(), &error.span) {
            (DeValue::Table(table), Some(span)) => take_out(table, span),
            (_, _) => None,
        };
        let is_stuck = place.is_none() || mistakes.len() >= MAX_MISTAKES;
        let place = place.unwrap_or_default();
        let follows = match &error.kind {
            ReadErrorKind::MissingKey(name) => Some(format!("{place}.{name}")),
            _ => None,
        };
        if let Some(at) = taken_out.iter().position(|out| Some(out) == follows.as_ref()) {
            taken_out.swap_remove(at);
        } else {
            mistakes.push(mistake(text, &error, place.clone()));
            taken_out.push(place);
        }
        if is_stuck {
            return Found { value: None, mistakes };
        }
    }
}

/// Finds a table `[provider.NAME]`, which contradicts the list `provider`.
fn singular_table(text: &str) -> Option<ConfigMistake> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let found = line.trim_start().strip_prefix("[provider.");
        if let Some((name, _)) = found.and_then(|rest| rest.split_once(['.', ']'])) {
            let reason = format!(
                "`provider` is the list of names to listen for; write [providers.{name}] for a table"
            );
            return Some(ConfigMistake::at(text, start..start + line.trim_end().len(), "", reason));
        }
        start += line.len();
    }
    None
}

fn mistake(text: &str, error: &ReadError, place: String) -> ConfigMistake {
    let suggestion = match &error.kind {
        ReadErrorKind::UnknownKey { name, known } | ReadErrorKind::UnknownValue { name, known } => {
            nearest(name, known.iter().copied()).map(str::to_owned)
        }
        ReadErrorKind::MissingKey(_)
        | ReadErrorKind::WrongType { .. }
        | ReadErrorKind::Other(_) => None,
    };
    let reason = error.to_string().replace('\n', "; ");
    let diagnostic = Diagnostic::at(text, error.span.clone().unwrap_or_default(), reason);
    ConfigMistake { place, diagnostic: diagnostic.suggest(suggestion) }
}

/// Removes the innermost entry that a mistake is about; returns its keys.
fn take_out(table: &mut DeTable<'_>, span: &Range<usize>) -> Option<String> {
    let inner = table.iter_mut().find_map(|(key, value)| {
        let inside = within(value.get_mut(), span)?;
        Some(if inside.is_empty() {
            key.get_ref().to_string()
        } else {
            format!("{}.{inside}", key.get_ref())
        })
    });
    if inner.is_some() {
        return inner;
    }
    let is_about = |key: &Spanned<_>, value: &Spanned<DeValue<'_>>| {
        touches(&key.span(), span) || touches(&value.span(), span)
    };
    let found = table.iter().find(|(key, value)| is_about(key, value));
    let key = found.map(|(key, _)| key.get_ref().to_string())?;
    table.remove(key.as_str());
    Some(key)
}

/// Like [`take_out`], for tables in a value.
fn within(value: &mut DeValue<'_>, span: &Range<usize>) -> Option<String> {
    match value {
        DeValue::Table(table) => take_out(table, span),
        DeValue::Array(items) => {
            let inside = items.iter_mut().find_map(|item| match item.get_mut() {
                DeValue::Table(table) => take_out(table, span),
                _ => None,
            });
            if inside.is_some() {
                return inside;
            }
            // Removes a whole item, so that its neighbors are still checked.
            let at = items.iter().position(|item| touches(&item.span(), span))?;
            let others = std::mem::replace(items, DeArray::new()).into_iter().enumerate();
            *items = others.filter(|(place, _)| *place != at).map(|(_, item)| item).collect();
            Some(String::new())
        }
        _ => None,
    }
}

fn touches(place: &Range<usize>, span: &Range<usize>) -> bool {
    place.start <= span.start && span.end <= place.end
}
