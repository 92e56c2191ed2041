//! `jq:'…'`: a jq program that is run on a JSON body.
//!
//! jaq reads and runs the program. A body matches if the first output is neither `false` nor
//! `null`; an error, no output, or a body that is not JSON does not match. Programs and bodies may
//! both be hostile: [`guard`] refuses programs that have effects or never end, and [`meter`] stops
//! what takes too long.
//!
//! The program is rewritten because jaq has no fuel, stack, or memory limit of its own. A deadline
//! between outputs does not help: one output can recurse or allocate without bound. Nor does a
//! thread with a fixed stack: a stack overflow aborts the whole process.

mod functions;
mod guard;
mod meter;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use jaq_core::load::{self, Lexer, Loader, Parser, lex, parse};
use jaq_core::val::ValT as _;
use jaq_core::{Compiler, Ctx, Vars};
use jaq_json::Val;

use crate::payload::BOM;
use crate::payload::json::{JsonReader, TokenKind};
use meter::{Json, Meter};

/// Longer programs are refused, because jaq reads them recursively.
const MAX_PROGRAM: usize = 1000;
/// Maximum nesting of brackets, operators, and keywords.
const MAX_NESTING: usize = 32;
/// Bodies nested deeper do not match, because jaq processes them recursively.
const MAX_DEPTH: usize = 128;
/// Bodies with longer numbers do not match, because reading them takes quadratic time.
const MAX_DIGITS: usize = 2048;

/// A program, parsed once and run on many bodies.
#[derive(Clone)]
pub(super) struct Program {
    source: String,
    compiled: Arc<jaq_core::Filter<Json>>,
}

/// Error in a program and its position.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ProgramError {
    pub(super) span: Range<usize>,
    pub(super) message: String,
}

impl Program {
    pub(super) fn compile(source: &str) -> Result<Self, ProgramError> {
        let whole = 0..source.len();
        let refused = |message: String| ProgramError { span: whole.clone(), message };
        if source.len() > MAX_PROGRAM {
            return Err(refused(format!("a jq program has at most {MAX_PROGRAM} bytes")));
        }
        if nesting(source) > MAX_NESTING {
            return Err(refused(format!("a jq program is nested at most {MAX_NESTING} deep")));
        }
        let term = guard::guarded(read(source)?, source)?;
        let program_def = parse::Def { name: guard::PROGRAM, args: Vec::new(), body: term };
        let arena = load::Arena::default();
        let file = load::File { code: guard::PROGRAM_CODE, path: () };
        let loader = Loader::new(guard::definitions().into_iter().chain([program_def]));
        let modules = loader.load(&arena, file).map_err(|_| refused("jq cannot load it".into()))?;
        let compiled = Compiler::default()
            .with_funs(meter::natives())
            .compile(modules)
            .map_err(|errors| undefined(source, &errors))?;
        Ok(Self { source: source.to_owned(), compiled: Arc::new(compiled) })
    }

    /// Returns whether a body matches.
    pub(super) fn fits(&self, body: &[u8]) -> bool {
        let Some(input) = value(body) else { return false };
        let meter = Meter::new(&self.compiled.lut, body.len());
        let context = Ctx::<Json>::new(&meter, Vars::new([]));
        let mut outputs = self.compiled.id.run((context, input));
        matches!(outputs.next(), Some(Ok(first)) if first.as_bool())
    }
}

/// Reads standard JSON; jaq itself accepts more. Numbers keep their text.
fn value(body: &[u8]) -> Option<Val> {
    if !is_bounded(body) {
        return None;
    }
    let text = std::str::from_utf8(body.strip_prefix(BOM).unwrap_or(body)).ok()?;
    jaq_json::read::parse_single(text.trim_ascii().as_bytes()).ok()
}

/// Returns true if a body is JSON whose depth and numbers are cheap to read.
fn is_bounded(body: &[u8]) -> bool {
    let mut reader = JsonReader::new(body);
    while let Some(step) = reader.next() {
        let Ok((_, token)) = step else { return false };
        if reader.depth() > MAX_DEPTH {
            return false;
        }
        if token.kind == TokenKind::Number {
            let number = body.get(token.range()).unwrap_or_default();
            let runs = number.split(|byte| !byte.is_ascii_digit());
            if runs.map(<[u8]>::len).max() > Some(MAX_DIGITS) {
                return false;
            }
        }
    }
    true
}

/// Returns an upper bound for the nesting of a program; the contents of strings are counted too.
fn nesting(source: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0_usize);
    for character in source.chars() {
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    let openers = ["try", "if", "label", "reduce", "foreach", "def", "-"];
    let keywords: usize = openers.iter().map(|word| source.matches(word).count()).sum();
    deepest + keywords
}

fn read(source: &str) -> Result<parse::Term<&str>, ProgramError> {
    let expected = |what: &str, at: &str| {
        let what = if what == "nothing" { "the end" } else { what };
        let found = if at.is_empty() { "the end".to_owned() } else { format!("`{at}`") };
        format!("jq: expected {what}, found {found}")
    };
    let tokens = Lexer::new(source).lex().map_err(|errors| {
        let found = errors.first().map(|(what, rest)| {
            // The lexer returns everything from the error on.
            let end = rest.char_indices().nth(1).map_or(rest.len(), |(end, _)| end);
            let at = rest.split_at_checked(end).map_or(*rest, |(at, _)| at);
            (at, expected(what.as_str(), at))
        });
        mistake(source, found)
    })?;
    Parser::new(&tokens).parse(Parser::term).map_err(|errors| {
        let found = errors.first().map(|(what, token)| {
            let at = lex::Token::opt_as_str(*token, source);
            (at, expected(what.as_str(), at))
        });
        mistake(source, found)
    })
}

fn undefined(source: &str, errors: &jaq_core::compile::Errors<&str, ()>) -> ProgramError {
    let first = errors.iter().flat_map(|(_, errors)| errors).next();
    mistake(
        source,
        first.map(|(name, kind)| (*name, format!("jq: unknown {} `{name}`", kind.as_str()))),
    )
}

fn mistake(source: &str, found: Option<(&str, String)>) -> ProgramError {
    let (part, message) = found.unwrap_or((source, "jq cannot read it".to_owned()));
    ProgramError { span: span(source, part), message }
}

/// Returns the range of a part of a program; the whole program if the part is from elsewhere.
fn span(source: &str, part: &str) -> Range<usize> {
    let (all, part_bytes) = (source.as_bytes().as_ptr_range(), part.as_bytes().as_ptr_range());
    let is_inside = all.start <= part_bytes.start && part_bytes.end <= all.end;
    if is_inside { load::span(source, part) } else { 0..source.len() }
}

impl PartialEq for Program {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Program").field(&self.source).finish()
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.source.contains('\'') {
            return write!(f, "'{}'", self.source);
        }
        write!(f, "\"{}\"", self.source.replace('\\', "\\\\").replace('"', "\\\""))
    }
}
