//! Cases that passed in the last run, so that a run can report what it changed.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::CaseOutcome;
use crate::private_file::{self, Existing};
use crate::store::{self, StoreError};

const SCHEMA: &str = "hookglass.replays/1";

/// Last outcome of each case, by target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplayHistory {
    schema: String,
    /// True for each case that passed, by target and name.
    targets: BTreeMap<String, BTreeMap<String, bool>>,
}

/// Change of a case since the last run against the same target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CaseChange {
    New,
    Same,
    Fixed,
    Broken,
}

/// Reason why a history was not saved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HistoryError {
    #[error("cannot write {path}")]
    Write { path: String, source: io::Error },
}

impl CaseChange {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Same => "same",
            Self::Fixed => "fixed",
            Self::Broken => "broken",
        }
    }
}

impl Default for ReplayHistory {
    fn default() -> Self {
        Self { schema: SCHEMA.to_owned(), targets: BTreeMap::new() }
    }
}

impl ReplayHistory {
    /// Loads a saved history. A missing, unreadable, or outdated file counts as empty. Blocks.
    pub(crate) fn load(path: &Path) -> Self {
        fs::read_to_string(path).ok().and_then(|text| Self::read(&text)).unwrap_or_default()
    }

    /// Saves the history, and creates its folder. Blocks.
    pub(crate) fn save(&self, path: &Path) -> Result<(), HistoryError> {
        let failed = |source| HistoryError::Write { path: path.display().to_string(), source };
        store::prepare_folder(path).map_err(|error| {
            // The advice in its error is about stores.
            failed(match error {
                StoreError::NotWritable { source, .. } => source,
                error => io::Error::other(error),
            })
        })?;
        private_file::write(path, self.text().as_bytes(), Existing::Replace).map_err(failed)
    }

    /// Reads what [`ReplayHistory::text`] wrote; `None` for any other format.
    fn read(text: &str) -> Option<Self> {
        serde_json::from_str::<Self>(text).ok().filter(|history| history.schema == SCHEMA)
    }

    fn text(&self) -> String {
        // Text and booleans always serialize.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Records a run, and returns the change of each case. A case that was sent more than once
    /// passed if it did so each time.
    pub(crate) fn note(
        &mut self,
        target: &str,
        outcomes: &[CaseOutcome],
    ) -> BTreeMap<String, CaseChange> {
        let mut passed: BTreeMap<String, bool> = BTreeMap::new();
        for outcome in outcomes {
            *passed.entry(outcome.name.clone()).or_insert(true) &= outcome.failures.is_empty();
        }
        let known = self.targets.entry(target.to_owned()).or_default();
        let mut changes = BTreeMap::new();
        for (name, now) in passed {
            let change = match (known.get(&name), now) {
                (None, _) => CaseChange::New,
                (Some(before), now) if *before == now => CaseChange::Same,
                (Some(_), true) => CaseChange::Fixed,
                (Some(_), false) => CaseChange::Broken,
            };
            known.insert(name.clone(), now);
            changes.insert(name, change);
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn outcome(name: &str, passed: bool) -> CaseOutcome {
        let failures = if passed { Vec::new() } else { vec!["why".to_owned()] };
        let took = Duration::ZERO;
        CaseOutcome {
            name: name.to_owned(),
            status: None,
            took,
            failures,
            response_body: None,
            is_unreachable: false,
        }
    }

    #[test]
    fn changes_are_relative_to_the_last_run() {
        let mut history = ReplayHistory::default();
        history.note("t", &[outcome("a", true), outcome("b", false), outcome("c", true)]);
        let mut history = ReplayHistory::read(&history.text()).unwrap();
        let twice = [outcome("a", true), outcome("a", false), outcome("b", true)];
        let changes = history.note("t", &twice);
        assert_eq!((changes["a"], changes["b"]), (CaseChange::Broken, CaseChange::Fixed));
        assert_eq!(history.note("t", &[outcome("c", true)])["c"], CaseChange::Same);
        assert_eq!(history.note("other", &[outcome("c", true)])["c"], CaseChange::New);
        assert_eq!(ReplayHistory::read("{}"), None);
    }
}
