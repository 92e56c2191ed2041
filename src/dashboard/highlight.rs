//! Syntax highlighting for text without tokens of its own, limited to the visible rows.
//!
//! A row's tokens depend on all rows above it. Those are parsed in slices, and the parser's state
//! is saved at intervals. Until parsing reaches the screen, its rows are highlighted as if the text
//! began with them.

mod syntaxes;

use std::fmt;
use std::ops::Range;

use bytes::Bytes;

use crate::app::document_view::Tokens;
use crate::payload::Document;
use syntaxes::{LineState, PARSED, Syntaxes};

/// Rows between two saved states.
const EVERY: usize = 200;
/// Bytes parsed per frame, which takes a few milliseconds.
const SLICE: usize = 16 << 10;
/// Minimum cost of a row, even if it is empty.
const ROW: usize = 32;
/// Maximum number of rows whose tokens are cached.
const KEPT: usize = 1000;

/// Highlighter based on syntect. The syntaxes are loaded when they are first needed.
#[derive(Default)]
pub struct Highlighter {
    syntaxes: Option<Syntaxes>,
    text: Option<Text>,
}

/// Text that was on the screen last.
struct Text {
    /// Kept alive so that no other text can have its address.
    body: Bytes,
    /// Initial state; none if the syntax is unknown.
    start: Option<LineState>,
    /// Parser states before rows 0, 200, 400, ….
    kept: Vec<LineState>,
    /// Position up to which all rows are parsed.
    behind: Place,
    /// Position at which parsing of the visible rows continues.
    screen: Place,
    tokens: Tokens,
    is_guess: bool,
}

#[derive(Clone)]
struct Place {
    row: usize,
    state: Option<LineState>,
}

impl fmt::Debug for Highlighter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Highlighter").finish_non_exhaustive()
    }
}

impl Highlighter {
    /// Returns the known tokens of rows. Some forms need none.
    pub fn tokens(&mut self, document: &Document, rows: Range<usize>) -> &Tokens {
        const NONE: &Tokens = &Tokens::new();
        let Some(language) = document.language() else { return NONE };
        let syntaxes = self.syntaxes.get_or_insert_with(Syntaxes::load);
        let body = document.body();
        let is_same = self.text.as_ref().is_some_and(|text| {
            text.body.as_ptr() == body.as_ptr() && text.body.len() == body.len()
        });
        if !is_same {
            let start = syntaxes.start(language, &document.line(0).unwrap_or_default());
            self.text = Some(Text::new(body.clone(), start));
        }
        let Some(text) = self.text.as_mut().filter(|text| text.start.is_some()) else {
            return NONE;
        };
        text.advance(syntaxes, document, rows);
        &text.tokens
    }

    /// Returns true if the visible rows were parsed after all rows above them.
    pub fn is_settled(&self) -> bool {
        self.text.as_ref().is_none_or(|text| !text.is_guess)
    }
}

impl Text {
    fn new(body: Bytes, start: Option<LineState>) -> Self {
        let place = Place { row: 0, state: start.clone() };
        Self {
            body,
            start,
            kept: Vec::new(),
            behind: place.clone(),
            screen: place,
            tokens: Tokens::new(),
            is_guess: false,
        }
    }

    /// Parses within one frame's budget: the visible rows first, from a known state if possible,
    /// otherwise from a guess. The rows above follow.
    fn advance(&mut self, syntaxes: &Syntaxes, document: &Document, rows: Range<usize>) {
        let rows = rows.start..rows.end.min(document.row_count());
        if self.tokens.len() > KEPT {
            self.tokens.clear();
        }
        let is_guess = self.behind.row < rows.start;
        if is_guess != self.is_guess {
            self.tokens.clear();
            self.is_guess = is_guess;
            self.screen = self.place(0, None);
        }
        let missing = rows.clone().find(|row| !self.tokens.contains_key(row));
        let mut left = SLICE;
        if let Some(missing) = missing {
            let screen = self.nearest(missing);
            left = self.read(syntaxes, document, screen, rows.end, left);
        }
        if is_guess {
            let behind = self.behind.clone();
            self.carry(syntaxes, document, behind, rows.start, left.max(SLICE / 2));
        }
    }

    /// Returns the nearest position from which a row can be parsed.
    fn nearest(&self, row: usize) -> Place {
        if self.is_guess {
            let goes_on = self.screen.row == row;
            return if goes_on { self.screen.clone() } else { self.place(row, None) };
        }
        let at = (row / EVERY).min(self.kept.len().saturating_sub(1));
        let kept = self.place(at * EVERY, self.kept.get(at));
        let others = [&self.screen, &self.behind].into_iter().filter(|place| place.row <= row);
        let last = others.max_by_key(|place| place.row).filter(|place| place.row > kept.row);
        last.cloned().unwrap_or(kept)
    }

    fn place(&self, row: usize, state: Option<&LineState>) -> Place {
        Place { row, state: state.or(self.start.as_ref()).cloned() }
    }

    /// Parses rows into tokens; returns the remaining budget.
    fn read(
        &mut self,
        syntaxes: &Syntaxes,
        document: &Document,
        mut place: Place,
        end: usize,
        mut left: usize,
    ) -> usize {
        while place.row < end && left > 0 {
            let (Some(state), Some(line)) = (&mut place.state, document.line(place.row)) else {
                break;
            };
            if !self.is_guess
                && place.row.is_multiple_of(EVERY)
                && place.row / EVERY == self.kept.len()
            {
                self.kept.push(state.clone());
            }
            left = left.saturating_sub(line.len().min(PARSED) + ROW);
            let tokens = syntaxes.read(state, &line);
            self.tokens.insert(place.row, tokens);
            place.row += 1;
        }
        if !self.is_guess && place.row > self.behind.row {
            self.behind = place.clone();
        }
        self.screen = place;
        left
    }

    /// Parses rows above the screen to get the state at their end.
    fn carry(
        &mut self,
        syntaxes: &Syntaxes,
        document: &Document,
        mut place: Place,
        end: usize,
        mut left: usize,
    ) {
        while place.row < end && left > 0 {
            let (Some(state), Some(line)) = (&mut place.state, document.line(place.row)) else {
                break;
            };
            if place.row.is_multiple_of(EVERY) && place.row / EVERY == self.kept.len() {
                self.kept.push(state.clone());
            }
            left = left.saturating_sub(line.len().min(PARSED) + ROW);
            syntaxes.read(state, &line);
            place.row += 1;
        }
        self.behind = place;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::StyleClass;

    fn document(body: &str, kind: Option<&str>) -> Document {
        Document::new(Bytes::copy_from_slice(body.as_bytes()), kind, None)
    }

    /// Returns the styles of the words after the whole text has been parsed.
    fn roles(body: &str, kind: &str, wanted: &[&str]) -> Vec<Option<StyleClass>> {
        let document = document(body, Some(kind));
        let mut highlighter = Highlighter::default();
        let tokens = highlighter.tokens(&document, 0..99);
        let of = |word: &&str| {
            let (row, line) = body.lines().enumerate().find(|(_, line)| line.contains(word))?;
            let at = line.find(word)?;
            let roles = tokens.get(&row)?;
            roles.iter().rev().find(|(start, _)| *start <= at).map(|(_, role)| *role)
        };
        wanted.iter().map(of).collect()
    }

    #[test]
    fn highlights_tokens_but_not_plain_text() {
        for (kind, body, expected) in [
            (
                "text/html",
                "<p class=\"x\">hello</p>\n<!-- remark\nmore -->",
                &[
                    ("p", StyleClass::Name),
                    ("class", StyleClass::Name),
                    ("hello", StyleClass::Text),
                    ("more", StyleClass::Dim),
                ][..],
            ),
            (
                "text/css",
                "/* a */\nb { width: 12px }",
                &[("a", StyleClass::Dim), ("12", StyleClass::Number)],
            ),
            (
                "application/javascript",
                "const n = null;",
                &[("const", StyleClass::Strong), ("null", StyleClass::Literal)],
            ),
            (
                "application/yaml",
                "key: true\n# said",
                &[
                    ("key", StyleClass::Name),
                    ("true", StyleClass::Literal),
                    ("said", StyleClass::Dim),
                ],
            ),
            ("text/plain", "#!/bin/sh\nif true; then", &[("if", StyleClass::Strong)]),
            (
                "application/xml",
                "<a>b <c d='e'/></a>",
                &[("c", StyleClass::Name), ("b", StyleClass::Text)],
            ),
        ] {
            let words: Vec<&str> = expected.iter().map(|(word, _)| *word).collect();
            let wanted: Vec<Option<StyleClass>> =
                expected.iter().map(|(_, role)| Some(*role)).collect();
            assert_eq!(roles(body, kind, &words), wanted, "{kind}: {words:?}");
        }
    }

    #[test]
    fn forms_with_own_tokens_and_plain_text_are_unchanged() {
        let mut highlighter = Highlighter::default();
        for (body, kind) in
            [("{\"a\":1}", "application/json"), ("<a/>", "text/xml"), ("a=1", "text/plain")]
        {
            assert!(highlighter.tokens(&document(body, Some(kind)), 0..9).is_empty(), "{body}");
        }
    }

    #[test]
    fn deep_rows_are_guessed_first_and_corrected_later() {
        let body = format!("<!--\n{}-->\n<p>end</p>\n", "<b>not a tag</b>\n".repeat(3000));
        let document = document(&body, Some("text/html"));
        let mut highlighter = Highlighter::default();
        let first = highlighter.tokens(&document, 2000..2020).get(&2010).cloned();
        assert!(first.is_some_and(|roles| roles.contains(&(1, StyleClass::Name))));
        assert!(!highlighter.is_settled());
        let mut frames = 0;
        while !highlighter.is_settled() {
            highlighter.tokens(&document, 2000..2020);
            frames += 1;
            assert!(frames < 100, "it gets on");
        }
        assert!(frames > 5, "each frame does a part");
        let comment = vec![(0, StyleClass::Dim)];
        assert_eq!(highlighter.tokens(&document, 2000..2020).get(&2010), Some(&comment));
        // Scrolling back needs no second pass from the top.
        assert_eq!(highlighter.tokens(&document, 1500..1520).get(&1510), Some(&comment));
        assert!(highlighter.is_settled());
        assert_eq!(highlighter.tokens(&document, 0..20).get(&1), Some(&comment));
    }

    #[test]
    fn only_the_beginning_of_a_long_line_is_parsed() {
        let body = format!("<p>{}</p>\n<b>x</b>", "<i>y</i>".repeat(100_000));
        let document = document(&body, Some("text/html"));
        let mut highlighter = Highlighter::default();
        let tokens = highlighter.tokens(&document, 0..2);
        assert!(tokens.get(&0).is_some_and(|roles| roles.iter().all(|(at, _)| *at < PARSED)));
        assert!(tokens.get(&1).is_some());
    }
}
