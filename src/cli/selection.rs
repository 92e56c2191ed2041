//! Selection of deliveries by a filter or by number, the same way in all commands.

use std::io::Write as _;
use std::str::FromStr;

use clap::Args;
use jiff::Timestamp;

use super::CliError;
use super::keyring::ConfigArgs;
use crate::delivery::{DeliveryId, NoDeliveryId, UNKNOWN_PROVIDER};
use crate::diagnostic::Diagnostic;
use crate::filter::Filter;
use crate::ops::selection::Selection;
use crate::output;
use crate::store::StoreReader;

#[derive(Debug, Args)]
pub(super) struct FilterArgs {
    /// Filter, e.g. 'type:message.* sig:!verified' or '#3' (see `hookglass help filters`)
    #[arg(value_name = "FILTER")]
    filter: Vec<String>,
}

impl FilterArgs {
    /// Parses the filter, for deliveries that are yet to come.
    pub(super) fn filter(&self) -> Result<Filter, CliError> {
        parse(&self.filter.join(" "))
    }

    pub(super) fn picking(&self) -> Result<Selection, CliError> {
        let typed = self.filter.join(" ");
        let number = typed.trim();
        if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
            writeln!(
                output::notes(),
                "hookglass: searching for the text `{number}`; use '#{number}' for delivery {number}"
            )?;
        }
        select(&typed)
    }
}

/// Parses a filter. An error includes a caret under the mistake.
pub(super) fn select(typed: &str) -> Result<Selection, CliError> {
    let filter = parse(typed)?;
    #[expect(clippy::disallowed_methods, reason = "since: and until: are relative to now")]
    let now = Timestamp::now();
    Ok(Selection::new(filter, now))
}

/// Parses a filter for deliveries that are yet to come.
pub(super) fn parse(typed: &str) -> Result<Filter, CliError> {
    let found = match providers() {
        Some(names) => Filter::among(typed, &names),
        None => typed.parse(),
    };
    found.map_err(|error: Diagnostic| CliError::usage(format!("{error}\n{}", error.excerpt(typed))))
}

/// Returns the names of all providers; none if the configuration, which may add some, is wrong.
fn providers() -> Option<Vec<String>> {
    let config = ConfigArgs { config: None }.load().ok()?;
    let names = config.provider_names().map(str::to_owned);
    Some(names.chain([UNKNOWN_PROVIDER.to_owned()]).collect())
}

/// Deliveries as named on the command line: `7`, `#7`, `3..7`, or `last`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DeliveryRef {
    One(DeliveryId),
    Range(DeliveryId, DeliveryId),
    Last,
}

/// Error of parsing a [`DeliveryRef`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidRef {
    #[error(transparent)]
    Id(#[from] NoDeliveryId),
    #[error("the end of the range is before its start; did you mean `{1}..{0}`?")]
    Reversed(DeliveryId, DeliveryId),
}

impl FromStr for DeliveryRef {
    type Err = InvalidRef;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.eq_ignore_ascii_case("last") {
            return Ok(Self::Last);
        }
        match text.split_once("..") {
            Some((first, last)) => {
                let (first, last) = (first.parse()?, last.parse()?);
                if first <= last {
                    Ok(Self::Range(first, last))
                } else {
                    Err(InvalidRef::Reversed(first, last))
                }
            }
            None => Ok(Self::One(text.parse()?)),
        }
    }
}

impl DeliveryRef {
    /// Returns the delivery, for a command that takes one.
    pub(super) fn one(self, reader: &StoreReader) -> Result<DeliveryId, CliError> {
        match self {
            Self::One(id) => Ok(id),
            Self::Last => last(reader),
            Self::Range(..) => {
                Err(CliError::usage("expected one delivery number, not a range".to_owned()))
            }
        }
    }

    /// Returns the deliveries. Those of a range that do not exist are left out.
    pub(super) fn all(self, reader: &StoreReader) -> Result<Vec<DeliveryId>, CliError> {
        match self {
            Self::One(id) => Ok(vec![id]),
            Self::Last => Ok(vec![last(reader)?]),
            Self::Range(first, end) => {
                let found = select(&format!("number:{first}..{end}"))?.ids(reader, None)?;
                if found.is_empty() {
                    return Err(CliError::negative(format!("no delivery from {first} to {end}")));
                }
                Ok(found)
            }
        }
    }
}

fn last(reader: &StoreReader) -> Result<DeliveryId, CliError> {
    let newest = reader.newest(None, 1).map_err(CliError::environment)?;
    let newest = newest.first().map(|row| row.id);
    newest.ok_or_else(|| {
        CliError::negative(
            "the store is empty; start `hookglass` and send it a delivery".to_owned(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deliveries_are_named_in_several_ways() {
        for (text, found) in [
            ("7", Some(DeliveryRef::One(DeliveryId(7)))),
            ("#7", Some(DeliveryRef::One(DeliveryId(7)))),
            ("3..7", Some(DeliveryRef::Range(DeliveryId(3), DeliveryId(7)))),
            ("LAST", Some(DeliveryRef::Last)),
            ("7..3", None),
            ("", None),
            ("#", None),
            ("x", None),
        ] {
            assert_eq!(text.parse().ok(), found, "{text}");
        }
    }

    #[test]
    fn a_reversed_range_is_suggested_in_order() {
        let error = "7..3".parse::<DeliveryRef>().map_err(|error| error.to_string());
        let expected = "the end of the range is before its start; did you mean `3..7`?";
        assert_eq!(error.err().as_deref(), Some(expected));
    }
}
