//! A filter while it is typed, with completions and history.

use std::collections::{BTreeSet, VecDeque};

use super::action::Direction;
use super::prompt::Prompt;
use crate::delivery::Summary;
use crate::diagnostic::Diagnostic;
use crate::filter::complete;
use crate::payload::Document;

/// Maximum number of values remembered per field for completion.
const VALUES: usize = 500;

/// Rows of a body whose paths are offered.
const PATH_ROWS: usize = 1_000;

/// Maximum number of remembered filters.
const REMEMBERED: usize = 100;

/// Values seen in deliveries, by field.
#[derive(Debug, Clone, Default)]
pub(super) struct SeenValues {
    kinds: BTreeSet<String>,
    providers: BTreeSet<String>,
    causes: BTreeSet<String>,
    /// Paths into the body of the selected delivery.
    paths: Vec<String>,
}

impl SeenValues {
    pub(super) fn note(&mut self, row: &Summary) {
        let add = |values: &mut BTreeSet<String>, value: Option<&str>| {
            let new = value.filter(|value| values.len() < VALUES && !values.contains(*value));
            values.extend(new.map(ToOwned::to_owned));
        };
        add(&mut self.kinds, row.event.event_type.as_deref());
        add(&mut self.providers, Some(&row.provider));
        add(&mut self.causes, row.signature.cause.as_deref());
    }

    /// Replaces the paths by those of a body.
    pub(super) fn note_paths(&mut self, body: Option<&Document>) {
        self.paths = body.map(|body| body.paths(PATH_ROWS)).unwrap_or_default();
    }

    fn of(&self, field: &str) -> Vec<String> {
        if field == "." {
            return self.paths.clone();
        }
        let values = match field {
            "type" => &self.kinds,
            "provider" => &self.providers,
            "cause" => &self.causes,
            _ => return Vec::new(),
        };
        values.iter().cloned().collect()
    }
}

/// Previously applied filters, the latest last.
#[derive(Debug, Clone, Default)]
pub(super) struct FilterHistory(VecDeque<String>);

impl FilterHistory {
    /// Returns the latest filter, or an empty text.
    pub(super) fn latest(&self) -> &str {
        self.0.back().map_or("", String::as_str)
    }

    pub(super) fn keep(&mut self, filter: &str) {
        if filter.trim().is_empty() {
            return;
        }
        self.0.retain(|known| known != filter);
        self.0.push_back(filter.to_owned());
        if self.0.len() > REMEMBERED {
            self.0.pop_front();
        }
    }
}

/// Filter being typed.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct FilterPrompt {
    pub prompt: Prompt,
    /// Filter to restore on cancel.
    pub before: String,
    /// Something was typed, so the typed filter replaces that one.
    pub changed: bool,
    pub error: Option<Diagnostic>,
    /// Completions of the typed word.
    pub offers: Vec<String>,
    /// Index of the inserted completion.
    pub chosen: Option<usize>,
    /// Text before and after the inserted completion.
    around: (String, String),
    /// Steps back in the history; 0 is the typed text.
    back: usize,
    /// Typed text from before the history was opened.
    draft: String,
}

impl FilterPrompt {
    /// Creates an empty prompt over a filter.
    pub(super) fn new(before: &str) -> Self {
        Self { before: before.to_owned(), ..Self::default() }
    }

    /// Updates the completions after an edit.
    pub(super) fn look(&mut self, seen: &SeenValues) {
        let (before, after) = self.prompt.halves();
        let completion = complete(before, before.len(), &|field| seen.of(field));
        let stem = before.get(..completion.span.start).unwrap_or(before);
        self.around = (stem.to_owned(), after.to_owned());
        (self.offers, self.chosen) = (completion.words, None);
        self.back = 0;
    }

    /// Inserts the next or previous completion.
    pub(super) fn turn(&mut self, turn: Direction) {
        if self.offers.is_empty() {
            return;
        }
        let last = self.offers.len() - 1;
        let chosen = match (turn, self.chosen) {
            (Direction::Next, Some(at)) if at < last => at + 1,
            (Direction::Next, _) => 0,
            (Direction::Previous, None | Some(0)) => last,
            (Direction::Previous, Some(at)) => at - 1,
        };
        if let Some(offer) = self.offers.get(chosen) {
            let (before, after) = &self.around;
            self.prompt = Prompt::between(format!("{before}{offer}"), after.clone());
            self.chosen = Some(chosen);
        }
    }

    /// Puts the current filter, or else the last one, into an empty line; goes to the end of any
    /// other line.
    pub(super) fn edit_current(&mut self, history: &FilterHistory) {
        let text = match (self.prompt.text(), self.before.as_str()) {
            (typed, _) if !typed.is_empty() => typed,
            (_, "") => history.latest().to_owned(),
            (_, before) => before.to_owned(),
        };
        self.prompt = Prompt::new(text);
        self.offers.clear();
    }

    /// Steps through the previous filters.
    pub(super) fn recall(&mut self, turn: Direction, history: &FilterHistory) {
        let back = match turn {
            Direction::Previous => (self.back + 1).min(history.0.len()),
            Direction::Next => self.back.saturating_sub(1),
        };
        if back == self.back {
            return;
        }
        if self.back == 0 {
            self.draft = self.prompt.text();
        }
        let known = history.0.len().checked_sub(back).and_then(|at| history.0.get(at));
        self.prompt = Prompt::new(known.unwrap_or(&self.draft));
        (self.back, self.chosen) = (back, None);
        self.offers.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completions_replace_the_typed_word_in_turn() {
        let mut filtering = FilterPrompt::new("");
        filtering.prompt.insert("x sig:mis");
        filtering.look(&SeenValues::default());
        assert_eq!(filtering.offers, ["missing", "mismatch"]);
        let texts: Vec<String> =
            [Direction::Next, Direction::Next, Direction::Next, Direction::Previous]
                .map(|turn| {
                    filtering.turn(turn);
                    filtering.prompt.text()
                })
                .to_vec();
        let [missing, mismatch] = ["x sig:missing", "x sig:mismatch"];
        assert_eq!(texts, [missing, mismatch, missing, mismatch]);
    }

    #[test]
    fn history_restores_the_typed_text() {
        let mut history = FilterHistory::default();
        for filter in ["a", "b", " ", "a"] {
            history.keep(filter);
        }
        let mut filtering =
            FilterPrompt { prompt: Prompt::new("draft"), ..FilterPrompt::default() };
        let mut recalled = |turn| {
            filtering.recall(turn, &history);
            filtering.prompt.text()
        };
        assert_eq!(recalled(Direction::Previous), "a");
        assert_eq!(recalled(Direction::Previous), "b");
        assert_eq!(recalled(Direction::Previous), "b");
        assert_eq!(recalled(Direction::Next), "a");
        assert_eq!(recalled(Direction::Next), "draft");
    }
}
