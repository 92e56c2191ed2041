//! Which deliveries a command is about: one filter, read and applied in the same way by all.

use clap::Args;
use jiff::Timestamp;

use super::CliError;
use crate::delivery::{Delivery, DeliveryId, Summary};
use crate::diagnostic::Diagnostic;
use crate::filter::Filter;
use crate::store::StoreReader;

#[derive(Debug, Args)]
pub(super) struct FilterArgs {
    /// Which ones, for instance 'type:message.* sig:!verified'
    #[arg(value_name = "FILTER")]
    filter: Vec<String>,
}

impl FilterArgs {
    pub(super) fn picking(&self) -> Result<Selection, CliError> {
        Selection::read(&self.filter.join(" "))
    }
}

/// A filter, and the moment that its `since:` and `until:` are told from.
#[derive(Debug, Clone)]
pub(super) struct Selection {
    filter: Filter,
    now: Timestamp,
}

/// Rows read at a time.
const PAGE: usize = 500;

impl Selection {
    /// Reads a filter; a mistake in it is shown with a caret under it.
    pub(super) fn read(typed: &str) -> Result<Self, CliError> {
        let filter = typed.parse().map_err(|error: Diagnostic| {
            CliError::usage(format!("{error}\n{}", error.excerpt(typed)))
        })?;
        #[expect(clippy::disallowed_methods, reason = "since: and until: are told from now")]
        let now = Timestamp::now();
        Ok(Self { filter, now })
    }

    pub(super) fn matches(&self, delivery: &Delivery) -> bool {
        self.filter.matches(delivery, self.now)
    }

    /// The ids of the newest deliveries that pass, oldest first.
    pub(super) fn ids(
        &self,
        reader: &StoreReader,
        limit: Option<usize>,
    ) -> Result<Vec<DeliveryId>, CliError> {
        let limit = limit.unwrap_or(usize::MAX);
        let mut found = Vec::new();
        let mut before = None;
        while found.len() < limit {
            let page = reader.newest(before, PAGE).map_err(CliError::environment)?;
            let Some(oldest) = page.last() else { break };
            before = Some(oldest.id);
            for row in &page {
                if found.len() < limit && self.passes(reader, row)? {
                    found.push(row.id);
                }
            }
        }
        found.reverse();
        Ok(found)
    }

    /// Tests the row, and loads its bytes only if they decide.
    pub(super) fn passes(&self, reader: &StoreReader, row: &Summary) -> Result<bool, CliError> {
        if let Some(verdict) = self.filter.test(row, self.now) {
            return Ok(verdict);
        }
        let delivery = reader.delivery(row.id).map_err(CliError::environment)?;
        Ok(delivery.is_some_and(|delivery| self.matches(&delivery)))
    }
}
