//! Reads the tokens of a filter: names, quoted and unquoted text, regexes, and keywords.

use std::ops::Range;

use crate::diagnostic::Diagnostic;

/// A position in the input, always at a character boundary.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'i> {
    pub(super) input: &'i str,
    pub(super) at: usize,
}

/// Context of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueContext {
    /// A bare word, in which a comma is literal.
    Word,
    /// One of several values separated by commas.
    List,
}

impl<'i> Cursor<'i> {
    pub(super) fn new(input: &'i str) -> Self {
        Self { input, at: 0 }
    }

    pub(super) fn rest(&self) -> &'i str {
        self.input.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    pub(super) fn skip_blank(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    /// Advances by `length` bytes and returns them.
    pub(super) fn take(&mut self, length: usize) -> &'i str {
        let taken = self.rest().get(..length).unwrap_or_default();
        self.at += taken.len();
        taken
    }

    pub(super) fn since(&self, start: usize) -> Range<usize> {
        start..self.at
    }

    /// Returns the range of the next character; empty at the end.
    pub(super) fn next_span(&self) -> Range<usize> {
        self.at..self.at + self.peek().map_or(0, char::len_utf8)
    }

    pub(super) fn error(&self, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        Diagnostic::at(self.input, span, message)
    }

    /// Returns the length of `keyword` if it is the next word.
    pub(super) fn keyword(&self, keyword: &str) -> Option<usize> {
        let (word, after) = self.rest().split_at_checked(keyword.len())?;
        (word.eq_ignore_ascii_case(keyword) && ends_term(after, ")(")).then_some(keyword.len())
    }

    /// Returns the name at the cursor if a colon follows.
    pub(super) fn name(&self) -> Option<&'i str> {
        let (name, _) = self.rest().split_once(':')?;
        let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
        is_name.then_some(name)
    }

    /// Reads text in double quotes, from the opening quote on.
    pub(super) fn quoted(&mut self) -> Result<String, Diagnostic> {
        let start = self.at;
        self.eat('"');
        let mut text = String::new();
        let mut characters = self.rest().char_indices();
        let body = self.at;
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.at = body + at + 1;
                    return Ok(text);
                }
                '\\' => match characters.clone().next() {
                    Some((_, escaped @ ('"' | '\\'))) => {
                        text.push(escaped);
                        characters.next();
                    }
                    // Other escapes such as `\d` are literal.
                    _ => text.push('\\'),
                },
                _ => text.push(character),
            }
        }
        Err(self.error(start..start + 1, "the quote is not closed"))
    }

    /// Reads text in single quotes, which has no escapes, from the opening quote on.
    pub(super) fn verbatim(&mut self) -> Result<&'i str, Diagnostic> {
        let start = self.at;
        self.eat('\'');
        let Some(length) = self.rest().find('\'') else {
            return Err(self.error(start..start + 1, "the quote is not closed"));
        };
        let text = self.take(length);
        self.eat('\'');
        Ok(text)
    }

    /// Returns the source of a regex at the cursor: its second slash must end the term, otherwise
    /// it is a path. Where text commonly begins with a slash, only `/^` begins a regex.
    pub(super) fn regex(&mut self, place: ValueContext, begin: &str) -> Option<&'i str> {
        let inside = self.rest().strip_prefix('/')?;
        if !self.rest().starts_with(begin) {
            return None;
        }
        let mut is_escaped = false;
        let length = inside.find(|character| {
            let ends = character == '/' && !is_escaped;
            is_escaped = character == '\\' && !is_escaped;
            ends
        })?;
        let (source, after) = inside.split_at_checked(length)?;
        let also = if place == ValueContext::List { ")," } else { ")" };
        if source.is_empty() || !ends_term(after.strip_prefix('/')?, also) {
            return None;
        }
        self.at += length + 2;
        Some(source)
    }

    /// Reads unquoted text up to white space, a comma of a list, or an unmatched closing
    /// parenthesis. `open` counts the parentheses over all values of a list.
    pub(super) fn plain(&mut self, place: ValueContext, open: &mut usize) -> &'i str {
        let mut characters = self.rest().char_indices();
        let mut length = self.rest().len();
        while let Some((at, character)) = characters.next() {
            let ends = match character {
                ')' if *open > 0 => {
                    *open -= 1;
                    false
                }
                ')' => true,
                '(' => {
                    *open += 1;
                    false
                }
                ',' => place == ValueContext::List,
                // The next character is literal.
                '\\' => {
                    characters.next();
                    false
                }
                _ => character.is_whitespace(),
            };
            if ends {
                length = at;
                break;
            }
        }
        self.take(length)
    }
}

/// Returns whether a term can end before `after`.
pub(super) fn ends_term(after: &str, also: &str) -> bool {
    after.chars().next().is_none_or(|next| next.is_whitespace() || also.contains(next))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(input: &str, place: ValueContext) -> &str {
        Cursor::new(input).plain(place, &mut 0)
    }

    #[test]
    fn unquoted_text_keeps_balanced_parentheses() {
        assert_eq!(plain("f(x) y", ValueContext::Word), "f(x)");
        assert_eq!(plain("f) y", ValueContext::Word), "f");
        assert_eq!(plain("a,b", ValueContext::Word), "a,b");
        assert_eq!(plain("a,b", ValueContext::List), "a");
        assert_eq!(plain(r"a\ \)b c", ValueContext::Word), r"a\ \)b");
        assert_eq!(plain(r"a\", ValueContext::Word), r"a\");
    }

    #[test]
    fn a_second_slash_inside_makes_it_a_path() {
        let regex = |input, begin| Cursor::new(input).regex(ValueContext::List, begin);
        assert_eq!(regex("/a b/ c", "/"), Some("a b"));
        assert_eq!(regex(r"/a\/b/,", "/"), Some(r"a\/b"));
        for path in ["/a/b", "//", "/a", "a/"] {
            assert_eq!(regex(path, "/"), None, "{path}");
        }
        assert_eq!((regex("/a/", "/^"), regex("/^a/", "/^")), (None, Some("^a")));
    }

    #[test]
    fn quotes_keep_backslashes_without_an_escape() {
        let mut cursor = Cursor::new(r#""a\"\\\d" x"#);
        assert_eq!(cursor.quoted().unwrap(), r#"a"\\d"#);
        assert_eq!(cursor.rest(), " x");
        assert_eq!(Cursor::new("\"a").quoted().unwrap_err().span, 0..1);
    }

    #[test]
    fn distinguishes_names_and_keywords_from_words() {
        assert_eq!(Cursor::new("header.x-y:z").name(), Some("header.x-y"));
        assert_eq!(Cursor::new("17:00").name(), None);
        assert_eq!(Cursor::new("a b:c").name(), None);
        assert_eq!(Cursor::new("OR(x").keyword("or"), Some(2));
        assert_eq!(Cursor::new("order").keyword("or"), None);
    }
}
