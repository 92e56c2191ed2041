//! Parses text as an expression.
//!
//! ```text
//! alternatives = terms { "or" terms }
//! terms        = term { [ "and" ] term }
//! term         = ( "-" | "not" ) term | "(" alternatives ")"
//!              | NAME ":" value | PATH ":" value | "jq:" [ "!" ] quoted | word
//! value        = [ "!" ] [ atom ] { "," [ atom ] }
//! ```
//!
//! A field without a value is skipped, so that a list does not change while the value is being
//! typed.

mod body;

use std::ops::Range;

use super::error::ParseError;
use super::expression::{Expression, Term};
use super::field::{FIELDS, FieldSource, FilterField, ValueKind};
use super::pattern::{MatchMode, TextPattern};
use super::token::{Cursor, ValueContext, ends_term};
use super::value::{Alternative, Atom, FieldValue};
use crate::diagnostic::{Diagnostic, nearest};

/// Maximum nesting; deeper filters are mistakes or attacks on the stack.
const MAX_DEPTH: usize = 64;

type Parsed<T> = Result<T, Diagnostic>;

/// Parses a whole input; `None` if it has no terms.
pub(super) fn parse(input: &str) -> Parsed<Option<Expression>> {
    let mut parser = Parser { cursor: Cursor::new(input), depth: 0 };
    parser.cursor.skip_blank();
    if parser.cursor.rest().is_empty() {
        return Ok(None);
    }
    let found = parser.alternatives()?;
    if parser.cursor.rest().is_empty() {
        return Ok(found);
    }
    // Only a closing parenthesis stops the parser before the end.
    let span = parser.cursor.next_span();
    Err(parser.cursor.error(span, "unmatched `)`; quote it to search for it"))
}

struct Parser<'i> {
    cursor: Cursor<'i>,
    depth: usize,
}

impl<'i> Parser<'i> {
    fn alternatives(&mut self) -> Parsed<Option<Expression>> {
        let mut parts = Vec::new();
        let mut joint = None;
        loop {
            parts.extend(self.terms(joint)?);
            let start = self.cursor.at;
            let Some(length) = self.cursor.keyword("or") else { break };
            self.cursor.take(length);
            joint = Some(self.cursor.since(start));
        }
        Ok(Expression::any(parts))
    }

    /// Parses one or more terms; `joint` is the keyword that requires them.
    fn terms(&mut self, joint: Option<Range<usize>>) -> Parsed<Option<Expression>> {
        let mut parts = Vec::new();
        let mut wanted = Some(joint);
        loop {
            self.cursor.skip_blank();
            let start = self.cursor.at;
            let and = self.cursor.keyword("and");
            let stops = matches!(self.cursor.peek(), None | Some(')'));
            if stops || and.is_some() || self.cursor.keyword("or").is_some() {
                if let Some(joint) = wanted {
                    return Err(self.no_term(joint));
                }
                let Some(length) = and else { break };
                self.cursor.take(length);
                wanted = Some(Some(self.cursor.since(start)));
            } else {
                parts.extend(self.term()?);
                wanted = None;
            }
        }
        Ok(Expression::all(parts))
    }

    /// Returns the error for a missing term.
    fn no_term(&self, joint: Option<Range<usize>>) -> Diagnostic {
        let here = self.cursor.next_span();
        let after = joint.clone().and_then(|span| self.cursor.input.get(span));
        match (after, self.cursor.peek()) {
            (Some(after), _) => {
                let message = format!("expected a term after `{after}`");
                self.cursor.error(joint.unwrap_or(here), message)
            }
            (None, Some(')')) => self.cursor.error(here, "expected a term before `)`"),
            (None, Some(_)) => {
                let span = here.start..here.start + self.keyword_length();
                let word = self.cursor.input.get(span.clone()).unwrap_or_default();
                let message = format!("expected a term before `{word}`; quote it to search for it");
                self.cursor.error(span, message)
            }
            (None, None) => self.cursor.error(here, "expected a term"),
        }
    }

    fn keyword_length(&self) -> usize {
        ["and", "or"].iter().find_map(|word| self.cursor.keyword(word)).unwrap_or_default()
    }

    fn term(&mut self) -> Parsed<Option<Expression>> {
        let start = self.cursor.at;
        let not = self.cursor.keyword("not");
        match (self.cursor.peek(), not) {
            (Some('-'), _) => {
                self.cursor.take(1);
                self.negated(start)
            }
            (_, Some(length)) => {
                self.cursor.take(length);
                self.cursor.skip_blank();
                self.negated(start)
            }
            (Some('('), _) => self.group(start),
            (Some('.'), _) => self.json(),
            (Some('!'), _) => {
                let rest = self.cursor.plain(ValueContext::Word, &mut 0).replacen('!', "-", 1);
                let complaint = ParseError::new("expected `-` or `not` to negate a term");
                Err(complaint.suggest(Some(rest)).at(self.cursor.input, self.cursor.since(start)))
            }
            _ => match self.cursor.name() {
                Some(name) => self.field(name),
                None => self.word().map(Some),
            },
        }
    }

    fn negated(&mut self, start: usize) -> Parsed<Option<Expression>> {
        let span = self.cursor.since(start);
        let keyword = ["and", "or"].iter().any(|word| self.cursor.keyword(word).is_some());
        let next = self.cursor.peek();
        if keyword || next.is_none_or(|next| next == ')' || next.is_whitespace()) {
            let text = self.cursor.input.get(span).unwrap_or_default().trim_end();
            let message = format!("expected a term after `{text}`");
            return Err(self.cursor.error(start..start + text.len(), message));
        }
        self.deeper(span)?;
        let part = self.term()?;
        self.depth -= 1;
        Ok(part.map(|part| Expression::Not(Box::new(part))))
    }

    fn group(&mut self, start: usize) -> Parsed<Option<Expression>> {
        self.cursor.take(1);
        let span = self.cursor.since(start);
        self.deeper(span.clone())?;
        self.cursor.skip_blank();
        if self.cursor.peek().is_none() {
            return Err(self.cursor.error(span, "expected a term after `(`"));
        }
        let part = self.alternatives()?;
        self.depth -= 1;
        if self.cursor.eat(')') { Ok(part) } else { Err(self.cursor.error(span, "unclosed `(`")) }
    }

    fn deeper(&mut self, span: Range<usize>) -> Parsed<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let message = format!("parentheses are nested more than {MAX_DEPTH} deep");
            return Err(self.cursor.error(span, message));
        }
        Ok(())
    }

    fn word(&mut self) -> Parsed<Expression> {
        let start = self.cursor.at;
        let pattern = match self.atom(ValueContext::Word, "/", &mut 0)? {
            Atom::Plain(raw) => TextPattern::plain(raw, MatchMode::Part),
            Atom::Quoted(text) => TextPattern::literal(&text, MatchMode::Part),
            Atom::Regex(source) => TextPattern::regex(source, MatchMode::Part),
        };
        let pattern =
            pattern.map_err(|error| error.at(self.cursor.input, self.cursor.since(start)))?;
        Ok(Expression::Term(Term::Word(pattern)))
    }

    fn field(&mut self, name: &str) -> Parsed<Option<Expression>> {
        let start = self.cursor.at;
        self.cursor.take(name.len() + 1);
        let span = self.cursor.since(start);
        let header = match name.split_once('.') {
            Some((field, header)) if field.eq_ignore_ascii_case("header") => Some(header),
            _ => None,
        };
        if header == Some("") {
            let message = "expected a header name, e.g. header.user-agent:";
            return Err(self.cursor.error(span, message));
        }
        let known = FilterField::named(header.map_or(name, |_| "header."));
        let Some(field) = known else {
            return Err(unknown(name).at(self.cursor.input, span));
        };
        if field.reads == FieldSource::Jq {
            return self.jq();
        }
        let value = self.value(field.takes)?;
        Ok(value.and_then(|value| match (field.reads, header) {
            (FieldSource::Key(key), _) => Some(Expression::Term(Term::Field(key, value))),
            (FieldSource::Header, Some(header)) => {
                Some(Expression::Term(Term::Header(header.to_ascii_lowercase(), value)))
            }
            // Both require a suffix after the dot.
            (FieldSource::Header, None) | (FieldSource::Json | FieldSource::Jq, _) => None,
        }))
    }

    /// Parses a value; `None` if it is not typed yet.
    fn value(&mut self, takes: ValueKind) -> Parsed<Option<FieldValue>> {
        let negated = self.cursor.eat('!');
        let mut choices = Vec::new();
        let mut open = 0;
        let begin = match takes {
            ValueKind::Path => "/^",
            _ => "/",
        };
        loop {
            let start = self.cursor.at;
            let atom = self.atom(ValueContext::List, begin, &mut open)?;
            let span = self.cursor.since(start);
            if matches!(atom, Atom::Plain(raw) if raw.starts_with('!')) {
                let message = "expected `!` once, before all values; quote it to search for it";
                return Err(self.cursor.error(start..start + 1, message));
            }
            if atom != Atom::Plain("") {
                let choice = Alternative::new(takes, &atom);
                choices.push(choice.map_err(|error| error.at(self.cursor.input, span))?);
            }
            if !self.cursor.eat(',') {
                break;
            }
        }
        Ok((!choices.is_empty()).then_some(FieldValue { negated, choices }))
    }

    fn atom(&mut self, place: ValueContext, begin: &str, open: &mut usize) -> Parsed<Atom<'i>> {
        if self.cursor.peek() == Some('"') {
            let text = self.cursor.quoted()?;
            let also = if place == ValueContext::List { ")," } else { ")" };
            if ends_term(self.cursor.rest(), also) {
                return Ok(Atom::Quoted(text));
            }
            let span = self.cursor.next_span();
            return Err(self.cursor.error(span, "expected a space after the quote"));
        }
        Ok(match self.cursor.regex(place, begin) {
            Some(source) => Atom::Regex(source),
            None => Atom::Plain(self.cursor.plain(place, open)),
        })
    }
}

fn unknown(name: &str) -> ParseError {
    let names = FIELDS.iter().map(|field| field.name).filter(|name| *name != ".");
    let near = nearest(name, names.clone()).map(|near| match near {
        "header." => near.to_owned(),
        _ => format!("{near}:"),
    });
    let known: Vec<&str> = names.collect();
    ParseError::new(match near {
        Some(_) => format!("`{name}:` is not known"),
        None => format!(
            "`{name}:` is not known; the fields are {} and .JSON.PATH \
             (put text with a colon in quotes)",
            known.join(", ")
        ),
    })
    .suggest(near)
}
