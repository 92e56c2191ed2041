//! Searches a whole document in slices.

use std::ops::Range;

use regex::bytes::{Regex, RegexBuilder};

use super::document::Document;

/// Maximum number of stored positions; further hits are only counted.
const MAX_KEPT: usize = 1_000_000;

/// Longest hit that is found completely across the end of a slice.
const REACH: usize = 16 << 10;

/// Maximum size of a compiled pattern; counted repetitions reach it quickly.
const SIZE_LIMIT: usize = 1 << 20;

/// Pattern to search for.
#[derive(Debug, Clone)]
pub struct SearchPattern {
    regex: Regex,
}

/// Reason why a pattern is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    #[error("type text to search for, or a /regex/")]
    Empty,
    #[error("invalid regex: {0}")]
    Malformed(String),
}

impl SearchPattern {
    /// Parses text or `/a regular expression/`; case-insensitive unless it has uppercase letters.
    /// Characters in JSON strings are found even if they were sent as escapes.
    pub fn read(typed: &str) -> Result<Self, PatternError> {
        let inside = typed.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
        let (source, is_smart) = match inside {
            Some("") => return Err(PatternError::Empty),
            Some(expression) => (expression.to_owned(), has_upper_case(expression)),
            None if typed.is_empty() => return Err(PatternError::Empty),
            None => (literal(typed), typed.chars().any(char::is_uppercase)),
        };
        let regex = RegexBuilder::new(&source)
            .case_insensitive(!is_smart)
            .multi_line(true)
            .size_limit(SIZE_LIMIT)
            .build()
            .map_err(|error| PatternError::Malformed(last_line(&error.to_string())))?;
        Ok(Self { regex })
    }
}

/// Returns whether the expression has literal uppercase letters, unlike those of `\W` and `\S`.
fn has_upper_case(expression: &str) -> bool {
    let mut escaped = false;
    expression.chars().any(|character| {
        let meant = character.is_uppercase() && !escaped;
        escaped = character == '\\' && !escaped;
        meant
    })
}

/// Returns the last line of a regex error, which has the message; the lines before it draw the
/// expression.
fn last_line(error: &str) -> String {
    let line = error.lines().last().unwrap_or(error);
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

/// Returns an expression that matches text, sent as it is or escaped as in JSON strings.
fn literal(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        let itself = regex::escape(character.encode_utf8(&mut [0; 4]));
        let short = match character {
            '"' | '/' => Some(format!(r"\\{character}")),
            '\\' => Some(r"\\\\".to_owned()),
            '\n' => Some(r"\\n".to_owned()),
            '\t' => Some(r"\\t".to_owned()),
            '\r' => Some(r"\\r".to_owned()),
            _ => None,
        };
        // Plain letters are rarely escaped, and searching for them alone is fast.
        let long = (!character.is_ascii()
            || short.is_some()
            || matches!(character, '<' | '>' | '&' | '\''))
        .then(|| escaped(character));
        let ways: Vec<String> = short.into_iter().chain(long).chain([itself]).collect();
        match ways.as_slice() {
            [one] => out.push_str(one),
            _ => out.push_str(&format_args!("(?:{})", ways.join("|")).to_string()),
        }
    }
    out
}

/// Returns an expression for escapes such as `\u00e9`, in either case, and for the surrogate pairs
/// of characters beyond the first plane. Matches both cases of letters if the search is
/// case-insensitive.
fn escaped(character: char) -> String {
    let mut ways: Vec<String> = vec![escape_of(character)];
    for other in character.to_uppercase().chain(character.to_lowercase()) {
        let way = escape_of(other);
        if !character.is_uppercase() && !ways.contains(&way) {
            ways.push(way);
        }
    }
    ways.join("|")
}

fn escape_of(character: char) -> String {
    let units = character.encode_utf16(&mut [0; 2]).to_vec();
    let escapes = units.iter().map(|unit| format!(r"\\u(?i:{unit:04x})"));
    escapes.collect()
}

/// A running search of a document, and its hits so far.
///
/// It borrows nothing, so a background task can own it, hand over its hits, and be dropped.
#[derive(Debug, Clone)]
pub struct DocumentSearch {
    pattern: SearchPattern,
    /// Start and end of each hit in the document.
    hits: Vec<(u32, u32)>,
    /// Indexes of the hits in the order of their rows, once all of a document with decoded strings was
    /// searched: the bytes of decoded strings follow those of the body, but their rows do not.
    by_row: Vec<u32>,
    count: usize,
    text: usize,
    at: usize,
    done: bool,
}

impl DocumentSearch {
    pub fn new(pattern: SearchPattern) -> Self {
        let (hits, by_row) = Default::default();
        Self { pattern, hits, by_row, count: 0, text: 0, at: 0, done: false }
    }

    /// Forgets what was found, to search another document.
    pub fn restart(&mut self) {
        self.hits.clear();
        self.by_row.clear();
        (self.count, self.text, self.at, self.done) = (0, 0, 0, false);
    }

    /// Searches about `bytes` further; returns true if there is more to search. All calls have to
    /// pass the same document.
    pub fn advance(&mut self, document: &Document, bytes: usize) -> bool {
        let mut left = bytes.max(1);
        while left > 0 {
            let Some((base, text)) = document.texts().nth(self.text) else {
                self.done = true;
                self.sort_by_row(document);
                break;
            };
            let stop = self.at.saturating_add(left).min(text.len());
            left -= stop.saturating_sub(self.at).min(left);
            self.slice(base, text, stop);
            if self.at >= text.len() {
                (self.text, self.at) = (self.text + 1, 0);
            }
        }
        !self.done
    }

    fn sort_by_row(&mut self, document: &Document) {
        if document.is_decoded() {
            self.by_row = (0..self.hits.len()).filter_map(|at| u32::try_from(at).ok()).collect();
            let hits = &self.hits;
            let row = |at: &u32| hits.get(*at as usize).map(|hit| document.row_at(hit.0 as usize));
            self.by_row.sort_by_cached_key(row);
        }
    }

    /// Finds the hits that begin before `stop`.
    fn slice(&mut self, base: usize, text: &[u8], stop: usize) {
        let mut seen = stop.saturating_add(REACH).min(text.len());
        while self.at < stop {
            let shown = text.get(..seen).unwrap_or(text);
            let found = self.pattern.regex.find_at(shown, self.at);
            let Some(found) = found.filter(|found| found.start() < stop) else {
                self.at = stop;
                break;
            };
            // A hit that touches the end may continue after it.
            if found.end() == seen && seen < text.len() {
                seen = seen.saturating_add((seen - self.at).max(REACH)).min(text.len());
                continue;
            }
            if found.is_empty() {
                self.at = found.end() + 1;
                continue;
            }
            self.at = found.end();
            self.count += 1;
            if let (true, Ok(start), Ok(end)) = (
                self.hits.len() < MAX_KEPT,
                u32::try_from(base + found.start()),
                u32::try_from(base + found.end()),
            ) {
                self.hits.push((start, end));
            }
        }
    }

    /// Returns whether the whole document was searched.
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// Returns the number of hits so far.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Returns the number of stored hits; less than [`Self::count`] if there are more than the
    /// limit.
    pub fn kept(&self) -> usize {
        self.hits.len()
    }

    /// Returns the range of the n-th hit in the document, in the bytes that spans count.
    pub fn hit(&self, number: usize) -> Option<Range<usize>> {
        let at = self.by_row.get(number).map_or(number, |at| *at as usize);
        self.hits.get(at).map(|&(start, end)| start as usize..end as usize)
    }

    /// Returns the row in which the n-th hit begins.
    pub fn row(&self, document: &Document, number: usize) -> Option<usize> {
        self.hit(number).map(|hit| document.row_at(hit.start))
    }

    /// Returns the first hit that begins in a row or after it.
    pub fn first_from(&self, document: &Document, row: usize) -> Option<usize> {
        let row_of = |hit: &(u32, u32)| document.row_at(hit.0 as usize);
        let is_before = |at: &u32| self.hits.get(*at as usize).is_some_and(|it| row_of(it) < row);
        let first = match (self.by_row.is_empty(), document.is_decoded()) {
            (false, _) => self.by_row.partition_point(is_before),
            (true, false) => self.hits.partition_point(|hit| row_of(hit) < row),
            // Not searched completely.
            (true, true) => {
                let after = self.hits.iter().map(row_of).enumerate().filter(|(_, at)| *at >= row);
                return after.min_by_key(|(_, at)| *at).map(|(number, _)| number);
            }
        };
        (first < self.hits.len()).then_some(first)
    }

    /// Iterates over the hits that overlap a range of the document's bytes.
    pub fn hits_between(&self, bytes: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let from = self.hits.partition_point(|hit| hit.1 as usize <= bytes.start);
        let rest = self.hits.get(from..).unwrap_or_default().iter();
        rest.map(|&(start, end)| start as usize..end as usize)
            .take_while(move |hit| hit.start < bytes.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(body: &str, typed: &str, slice: usize) -> Vec<String> {
        let document = Document::new(body.to_owned().into(), None, None);
        let mut search = DocumentSearch::new(SearchPattern::read(typed).unwrap());
        while search.advance(&document, slice) {}
        assert_eq!((search.count(), search.is_done()), (search.kept(), true));
        let text = |number| {
            let hit = search.hit(number).unwrap();
            let row = document.row(search.row(&document, number).unwrap()).unwrap();
            let shown = row.shown(&hit).unwrap();
            row.text().get(shown).unwrap().to_owned()
        };
        (0..search.count()).map(text).collect()
    }

    #[test]
    fn smart_case_works_with_slices_of_any_size() {
        let body = r#"{"name":"Ada","b":["ADA",{"ada":"x ada"}]}"#;
        for slice in [1, 3, 7, 1000] {
            assert_eq!(found(body, "ada", slice), ["Ada", "ADA", "ada", "ada"]);
            assert_eq!(found(body, "Ada", slice), ["Ada"]);
            assert_eq!(found(body, "/A[a-z]+/", slice), ["Ada"]);
            assert_eq!(found(body, r"/\Wada/", slice), ["\"Ada", "\"ADA", "\"ada", " ada"]);
            assert_eq!(found(body, "x*", slice), Vec::<String>::new());
            assert_eq!(found(body, "/x*/", slice), ["x"]);
        }
    }

    #[test]
    fn escaped_characters_are_found() {
        let body = r#"["caf\u00e9","caf\u00E9","café","CAF\u00c9","\ud83d\ude00","a\/b","a\"b"]"#;
        assert_eq!(found(body, "café", 5), ["caf\\u00e9", "caf\\u00E9", "café", "CAF\\u00c9"]);
        assert_eq!(found(body, "CAFÉ", 5), ["CAF\\u00c9"]);
        assert_eq!(found(body, "😀", 5), ["\\ud83d\\ude00"]);
        assert_eq!(
            (found(body, "a/b", 5), found(body, "a\"b", 5)),
            (vec!["a\\/b".to_owned()], vec!["a\\\"b".to_owned()])
        );
    }

    #[test]
    fn long_hits_are_found_completely() {
        let body = format!("a{}b{}", "x".repeat(100_000), "x".repeat(10));
        for slice in [1_000, 1 << 20] {
            let lengths: Vec<_> = found(&body, "/x+/", slice).iter().map(String::len).collect();
            assert_eq!(lengths, [100_000, 10]);
        }
    }

    #[test]
    fn invalid_patterns_are_reported() {
        assert_eq!(SearchPattern::read("").unwrap_err(), PatternError::Empty);
        assert_eq!(SearchPattern::read("//").unwrap_err(), PatternError::Empty);
        let error = SearchPattern::read("/a(/").unwrap_err().to_string();
        assert_eq!(error, "invalid regex: unclosed group");
        assert!(SearchPattern::read("a(").is_ok());
    }

    #[test]
    fn rows_know_their_hits() {
        let document = Document::new("{\"a\":\"x x\",\"b\":[\"x\"]}".into(), None, None);
        let mut search = DocumentSearch::new(SearchPattern::read("x").unwrap());
        search.advance(&document, 1000);
        let rows = (0..search.count()).map(|hit| search.row(&document, hit));
        assert_eq!(rows.collect::<Vec<_>>(), [Some(1), Some(1), Some(3)]);
        assert_eq!(search.first_from(&document, 2), Some(2));
        assert_eq!(search.first_from(&document, 4), None);
    }

    #[test]
    fn invalid_and_multiple_texts_are_searched_once() {
        assert_eq!(found("{\"a\":\"x\",\n\"b\":x}", "x", 4), ["x", "x"]);
        let form = "--b\n\nx\n--b\n\n{\"x\":1}\n--b--";
        let document = Document::new(form.into(), Some("multipart/mixed; boundary=b"), None);
        let mut search = DocumentSearch::new(SearchPattern::read("x").unwrap());
        while search.advance(&document, 2) {}
        let rows: Vec<_> = (0..search.count()).map(|hit| search.row(&document, hit)).collect();
        assert_eq!(rows, [Some(1), Some(4)]);
    }
}
