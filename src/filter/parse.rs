//! Parses text as an expression.
//!
//! ```text
//! alternatives = terms { "or" terms }
//! terms        = term { [ "and" ] term }
//! term         = ( "-" | "not" ) term | "(" alternatives ")"
//!              | NAME ":" value | PATH ":" value | "jq:" [ "!" ] quoted | "#" value
//!              | NUMBER ".." NUMBER | word
//! value        = [ "!" ] [ atom ] { "," [ atom ] }
//! ```
//!
//! A field without a value is an error, except in a draft.

mod body;
mod mistaken_word;

use std::ops::Range;

use super::error::ParseError;
use super::expression::{Expression, Term};
use super::field::{FIELDS, FieldKey, FieldSource, FilterField, ValueKind};
use super::pattern::{MatchMode, TextPattern};
use super::token::{Cursor, ValueContext, ends_term};
use super::value::{Alternative, Atom, FieldValue};
use crate::diagnostic::{Diagnostic, nearest};

/// Maximum nesting; deeper filters are mistakes or attacks on the stack.
const MAX_DEPTH: usize = 64;

type Parsed<T> = Result<T, Diagnostic>;

/// Where a text comes from, and which providers there are.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ParseContext<'n> {
    /// The text is still being typed: a field without a value is skipped.
    pub(super) is_draft: bool,
    /// Names that `provider:` accepts; any name if none.
    pub(super) providers: Option<&'n [String]>,
}

/// Parses a whole input; `None` if it has no terms.
pub(super) fn parse(input: &str, reading: ParseContext<'_>) -> Parsed<Option<Expression>> {
    let mut parser = Parser { cursor: Cursor::new(input), depth: 0, reading };
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
    reading: ParseContext<'i>,
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
            (Some('#'), _) if self.begins_number() => self.number(),
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

    /// Returns whether `#` begins a delivery number rather than text such as `#general`.
    fn begins_number(&self) -> bool {
        let after = self.cursor.rest().trim_start_matches(['#', '!', '>', '<', '=', '.']);
        after.starts_with(|next: char| next.is_ascii_digit())
    }

    fn number(&mut self) -> Parsed<Option<Expression>> {
        self.cursor.eat('#');
        let value = self.value(ValueKind::Count)?;
        Ok(value.map(|value| Expression::Term(Term::Field(FieldKey::Number, value))))
    }

    fn word(&mut self) -> Parsed<Expression> {
        let start = self.cursor.at;
        let atom = self.atom(ValueContext::Word, "/", &mut 0)?;
        if let Atom::Plain(raw) = atom {
            if is_number_range(raw) {
                let range = Alternative::new(ValueKind::Count, &atom)
                    .map_err(|error| error.at(self.cursor.input, self.cursor.since(start)))?;
                let value = FieldValue { negated: false, choices: vec![range] };
                return Ok(Expression::Term(Term::Field(FieldKey::Number, value)));
            }
            if let Some(mistake) = mistaken_word::explain(raw) {
                return Err(mistake.at(self.cursor.input, self.cursor.since(start)));
            }
        }
        let pattern = match atom {
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
        if value.is_none() && !self.reading.is_draft {
            return Err(self.no_value(start, field));
        }
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
                let choice = self.known(takes, &atom).and_then(|()| Alternative::new(takes, &atom));
                choices.push(choice.map_err(|error| error.at(self.cursor.input, span))?);
            } else if !self.reading.is_draft && (!choices.is_empty() || self.is_at_comma()) {
                let here = self.cursor.next_span();
                let message = "expected a value on both sides of `,`; quote text that has a comma";
                return Err(self.cursor.error(here, message));
            }
            if !self.cursor.eat(',') {
                break;
            }
        }
        Ok((!choices.is_empty()).then_some(FieldValue { negated, choices }))
    }

    fn is_at_comma(&self) -> bool {
        self.cursor.peek() == Some(',')
    }

    /// Checks a value of a field whose values are known. Quoted text and patterns match others,
    /// too.
    fn known(&self, takes: ValueKind, atom: &Atom<'_>) -> Result<(), ParseError> {
        let (ValueKind::Known(kind), Atom::Plain(raw)) = (takes, atom) else { return Ok(()) };
        kind.check(raw, self.reading.providers)
    }

    /// Returns the error for a field without a value, from its name on.
    fn no_value(&self, start: usize, field: &FilterField) -> Diagnostic {
        let name = self.cursor.input.get(start..self.cursor.at).unwrap_or_default();
        let rest = self.cursor.rest();
        let has_gap = rest.starts_with(char::is_whitespace);
        let is_value = |word: &&str| {
            let is_keyword = ["and", "or", "not"].iter().any(|key| word.eq_ignore_ascii_case(key));
            !is_keyword && !word.contains([':', '(', ')']) && !word.starts_with(['-', '.', '#'])
        };
        if has_gap && let Some(word) = rest.split_whitespace().next().filter(is_value) {
            let gap = rest.len() - rest.trim_start().len();
            let span = start..self.cursor.at + gap + word.len();
            let message = format!("`{name}` has no value: write it right after the colon");
            return self.cursor.error(span, message).suggest(Some(format!("{name}{word}")));
        }
        let mut message = format!("`{name}` has no value: expected e.g. {}", field.example);
        if field.example.contains(['>', '<']) {
            message.push_str(" (quote it in a shell, where > and < redirect)");
        }
        self.cursor.error(start..self.cursor.at, message)
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

/// Returns whether a word is a range of delivery numbers, e.g. `3..7`.
fn is_number_range(word: &str) -> bool {
    let is_whole = |end: &str| !end.is_empty() && end.bytes().all(|byte| byte.is_ascii_digit());
    word.split_once("..").is_some_and(|(from, to)| is_whole(from) && is_whole(to))
}

fn unknown(name: &str) -> ParseError {
    let names = FIELDS.iter().map(|field| field.name).filter(|name| *name != ".");
    let near = nearest(name, names.clone()).map(|near| match near {
        "header." => near.to_owned(),
        _ => format!("{near}:"),
    });
    let known: Vec<&str> = names.collect();
    ParseError::new(match near {
        Some(_) => format!("unknown field `{name}:`"),
        None => format!(
            "unknown field `{name}:`: expected one of {}, or .JSON.PATH \
             (put text with a colon in quotes)",
            known.join(", ")
        ),
    })
    .suggest(near)
}
