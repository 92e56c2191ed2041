//! Parses the terms about a JSON body: paths and jq programs.

use super::{Parsed, Parser};
use crate::filter::error::ParseError;
use crate::filter::expression::{Expression, Term};
use crate::filter::field::ValueKind;
use crate::filter::jq::Program;
use crate::filter::json_path::JsonPath;
use crate::filter::token::{ValueContext, ends_term};

impl Parser<'_> {
    /// Parses a program in quotes. Its errors are shown at their positions, unless a backslash
    /// shifted them.
    pub(super) fn jq(&mut self) -> Parsed<Option<Expression>> {
        let negated = self.cursor.eat('!');
        let start = self.cursor.at;
        let program = match self.cursor.peek() {
            Some('"') => self.cursor.quoted()?,
            Some('\'') => self.cursor.verbatim()?.to_owned(),
            _ => {
                let raw = self.cursor.plain(ValueContext::Word, &mut 0);
                if raw.is_empty() {
                    return self.no_program(start);
                }
                let complaint = ParseError::new("expected a jq program in quotes");
                let suggestion = (!raw.contains('\'')).then(|| format!("'{raw}'"));
                let span = self.cursor.since(start);
                return Err(complaint.suggest(suggestion).at(self.cursor.input, span));
            }
        };
        let span = self.cursor.since(start);
        if !ends_term(self.cursor.rest(), ")") {
            let message = "expected a space after the quote";
            return Err(self.cursor.error(self.cursor.next_span(), message));
        }
        if program.trim().is_empty() {
            return self.no_program(start);
        }
        let compiled = Program::compile(&program).map_err(|mistake| {
            let is_verbatim = span.len() == program.len() + 2;
            let inside = start + 1 + mistake.span.start..start + 1 + mistake.span.end;
            self.cursor.error(if is_verbatim { inside } else { span }, mistake.message)
        })?;
        let term = Expression::Term(Term::Jq(compiled));
        Ok(Some(if negated { Expression::Not(Box::new(term)) } else { term }))
    }

    /// Skips a missing program in a draft.
    fn no_program(&self, start: usize) -> Parsed<Option<Expression>> {
        if self.reading.is_draft {
            return Ok(None);
        }
        let message = "expected a jq program in quotes, e.g. jq:'.payload.reactions|length>2'";
        Err(self.cursor.error(start..self.cursor.at.max(start), message))
    }

    pub(super) fn json(&mut self) -> Parsed<Option<Expression>> {
        let start = self.cursor.at;
        let mut keys = Vec::new();
        while !self.cursor.eat(':') {
            if ends_term(self.cursor.rest(), "),") {
                let span = self.cursor.since(start);
                let path = self.cursor.input.get(span.clone()).unwrap_or_default();
                let message = format!(
                    "a JSON path needs a value, e.g. {path}:x or {path}:exists; quote it to \
                     search for the text"
                );
                let with_colon =
                    path.split_once('=').map(|(path, value)| format!("{path}:{value}"));
                return Err(self.cursor.error(span, message).suggest(with_colon));
            }
            keys.push(self.json_key()?);
        }
        let value = self.value(ValueKind::Json)?;
        if value.is_none() && !self.reading.is_draft {
            let path = self.cursor.input.get(start..self.cursor.at).unwrap_or_default();
            let message = format!("`{path}` has no value: expected e.g. {path}x or {path}exists");
            return Err(self.cursor.error(start..self.cursor.at, message));
        }
        Ok(value.map(|value| Expression::Term(Term::Json(JsonPath(keys), value))))
    }

    /// `.key`, `."any key"`, `[0]` or `.[0]`.
    fn json_key(&mut self) -> Parsed<String> {
        let dot = self.cursor.eat('.');
        if self.cursor.eat('[') {
            let start = self.cursor.at;
            let digits = self.cursor.rest().find(|next: char| !next.is_ascii_digit());
            let index = self.cursor.take(digits.unwrap_or_default()).to_owned();
            if index.is_empty() || !self.cursor.eat(']') {
                let message = "expected an index and `]`, e.g. .items[0]";
                return Err(self.cursor.error(start..self.cursor.next_span().end, message));
            }
            return Ok(index);
        }
        if dot && self.cursor.peek() == Some('"') {
            return self.cursor.quoted();
        }
        let ends = |next: char| next.is_whitespace() || ".[]():,\"*".contains(next);
        let length = self.cursor.rest().find(ends).unwrap_or(self.cursor.rest().len());
        if !dot || length == 0 {
            let message = "expected a key, e.g. .payload.items[0].id:x; quote keys with special \
                           characters";
            return Err(self.cursor.error(self.cursor.next_span(), message));
        }
        Ok(self.cursor.take(length).to_owned())
    }
}
