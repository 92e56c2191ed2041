//! From words to an expression.

use std::ops::Range;

use super::FilterError;
use super::error::nearest;
use super::expression::Expression;
use super::field::{FIELDS, Subject, find};
use super::token::{Token, TokenKind, Word, tokens};
use super::value::{Kind, Value};

/// Brackets may stand in each other so deep; more would only exhaust the stack.
const DEEPEST: usize = 64;

pub(super) fn parse(input: &str) -> Result<Option<Expression>, FilterError> {
    let tokens = tokens(input)?;
    if tokens.is_empty() {
        return Ok(None);
    }
    let mut parser = Parser { input, tokens: &tokens, at: 0, depth: 0 };
    let parsed = parser.alternatives()?;
    match parser.tokens.get(parser.at) {
        None => Ok(parsed),
        Some(token) => Err(parser.error(token.span.clone(), "this bracket closes nothing")),
    }
}

struct Parser<'i> {
    input: &'i str,
    tokens: &'i [Token],
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn error(&self, span: Range<usize>, message: impl Into<String>) -> FilterError {
        FilterError::new(self.input, span, message)
    }

    fn next_is(&self, wanted: &str) -> bool {
        matches!(self.tokens.get(self.at), Some(Token { kind: TokenKind::Word(word), .. }) if word.is(wanted))
    }

    /// Terms between `or`.
    fn alternatives(&mut self) -> Result<Option<Expression>, FilterError> {
        let mut any = vec![self.conjunction()?];
        while self.next_is("or") {
            self.at += 1;
            any.push(self.conjunction()?);
        }
        if any.len() == 1 {
            return Ok(any.pop().flatten());
        }
        // A part that is still being typed passes all, and so does the whole then.
        let parts: Option<Vec<Expression>> = any.into_iter().collect();
        Ok(parts.map(Expression::Or))
    }

    /// Terms side by side.
    fn conjunction(&mut self) -> Result<Option<Expression>, FilterError> {
        let start = self.at;
        let mut all = Vec::new();
        while let Some(token) = self.tokens.get(self.at) {
            if token.kind == TokenKind::Close || self.next_is("or") {
                break;
            }
            if self.next_is("and") && self.at > start {
                self.at += 1;
            }
            all.extend(self.unary()?);
        }
        if self.at == start {
            let end = self.input.len();
            let span = self.tokens.get(self.at).map_or(end..end, |token| token.span.clone());
            return Err(self.error(span, "a term is missing here, for instance type:message.*"));
        }
        Ok(if all.len() > 1 { Some(Expression::And(all)) } else { all.pop() })
    }

    fn unary(&mut self) -> Result<Option<Expression>, FilterError> {
        let Some(token) = self.tokens.get(self.at) else {
            let end = self.input.len();
            return Err(self.error(end..end, "a term is missing here"));
        };
        self.at += 1;
        match &token.kind {
            TokenKind::Minus => self.negated(&token.span),
            TokenKind::Word(word) if word.is("not") => self.negated(&token.span),
            TokenKind::Word(word) => self.term(word, &token.span),
            TokenKind::Open => self.bracket(&token.span),
            TokenKind::Close => Err(self.error(token.span.clone(), "this bracket closes nothing")),
        }
    }

    fn deeper<T>(
        &mut self,
        span: &Range<usize>,
        inner: impl FnOnce(&mut Self) -> Result<T, FilterError>,
    ) -> Result<T, FilterError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.error(span.clone(), "brackets and `not` are nested too deep here"));
        }
        let parsed = inner(self);
        self.depth -= 1;
        parsed
    }

    fn negated(&mut self, span: &Range<usize>) -> Result<Option<Expression>, FilterError> {
        let inner = self.deeper(span, Self::unary)?;
        Ok(inner.map(|inner| Expression::Not(Box::new(inner))))
    }

    fn bracket(&mut self, span: &Range<usize>) -> Result<Option<Expression>, FilterError> {
        let inner = self.deeper(span, Self::alternatives)?;
        match self.tokens.get(self.at) {
            Some(Token { kind: TokenKind::Close, .. }) => {
                self.at += 1;
                Ok(inner)
            }
            _ => Err(self.error(span.clone(), "this bracket is not closed")),
        }
    }

    fn term(&self, word: &Word, span: &Range<usize>) -> Result<Option<Expression>, FilterError> {
        let Some((name, letters)) = word.split_colon() else {
            let value = Value::read(&word.letters, Kind::Part);
            return self.value(value, Subject::Anywhere, span.clone()).map(Some);
        };
        let Some((kind, subject)) = find(&name) else {
            return Err(self.unknown(&name, span));
        };
        if letters.is_empty() {
            // Still being typed: it passes all until it says something.
            return Ok(None);
        }
        let start = span.end - letters_len(&letters).min(span.len());
        self.value(Value::read(&letters, kind), subject, start..span.end).map(Some)
    }

    fn value(
        &self,
        value: Result<Value, (String, Option<String>)>,
        subject: Subject,
        span: Range<usize>,
    ) -> Result<Expression, FilterError> {
        value
            .map(|value| Expression::Term(subject, value))
            .map_err(|(message, suggestion)| self.error(span, message).suggesting(suggestion))
    }

    fn unknown(&self, name: &str, span: &Range<usize>) -> FilterError {
        let names: Vec<&str> = FIELDS.iter().map(|field| field.name).collect();
        let near = nearest(name, names.iter().copied()).map(|near| format!("{near}:"));
        let known = names.join(", ");
        let message = format!(
            "there is no field `{name}:`; known are {known}. Text with a colon goes in quotes"
        );
        let end = (span.start + name.len()).min(span.end);
        self.error(span.start..end, message).suggesting(near)
    }
}

fn letters_len(letters: &[(char, bool)]) -> usize {
    letters.iter().map(|(letter, _)| letter.len_utf8()).sum()
}
