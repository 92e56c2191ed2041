//! Evaluates filters on the bytes of deliveries whose rows leave them undecided.

use memchr::memmem::Finder;
use regex::bytes::Regex;

use super::Filter;
use super::eval;
use super::expression::{Expression, Term};
use super::value::{Alternative, FieldValue};
use crate::payload::derived;

/// A filter prepared for the bytes of many deliveries.
#[derive(Debug)]
pub struct BodyMatcher<'f> {
    root: Option<Node<'f>>,
    needs_head: bool,
    needs_body: bool,
}

#[derive(Debug)]
enum Node<'f> {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    /// A term and its number in the filter, from the left.
    Term(usize, Box<PreparedTerm<'f>>),
}

/// A term with a quick test that most deliveries fail, so that few are parsed. It must pass
/// everything that [`eval::bytes`] matches.
#[derive(Debug)]
struct PreparedTerm<'f> {
    term: &'f Term,
    /// If an alternative matches, one of these matches the bytes; none if there is no such test.
    literals: Option<Vec<Regex>>,
    /// The last key of a path.
    key: Option<Finder<'f>>,
    /// The other steps of a path, whose values may be strings that carry JSON.
    outer: Vec<OuterStep>,
}

/// A step of a path that leads to a container, or to a string that carries one.
#[derive(Debug)]
enum OuterStep {
    Key(Box<Finder<'static>>),
    /// A number may be an index, which is not in the body.
    Index,
}

/// The bytes of a delivery.
struct Request<'r> {
    head: &'r [u8],
    body: &'r [u8],
}

impl Filter {
    /// Prepares the filter for the bytes of many deliveries.
    pub fn body_matcher(&self) -> BodyMatcher<'_> {
        let mut terms = Vec::new();
        let root = self.root.as_ref().map(|root| Node::new(root, &mut terms));
        let is_header = |term: &&Term| matches!(term, Term::Header(..));
        // The head says how the body is compressed.
        BodyMatcher {
            root,
            needs_head: !terms.is_empty(),
            needs_body: !terms.iter().all(is_header),
        }
    }
}

impl BodyMatcher<'_> {
    /// Returns whether [`BodyMatcher::passes`] reads heads.
    pub fn needs_head(&self) -> bool {
        self.needs_head
    }

    /// Returns whether [`BodyMatcher::passes`] reads bodies.
    pub fn needs_body(&self) -> bool {
        self.needs_body
    }

    /// Returns whether a delivery matches, given the results of its terms so far, from
    /// [`super::RowMatcher::known`].
    pub fn passes(&self, known: &[Option<bool>], head: &[u8], body: &[u8]) -> bool {
        let body =
            if self.needs_body { eval::without_compression(head, body) } else { body.into() };
        self.root.as_ref().is_none_or(|root| root.passes(known, &Request { head, body: &body }))
    }
}

impl<'f> Node<'f> {
    fn new(expression: &'f Expression, terms: &mut Vec<&'f Term>) -> Self {
        let mut all =
            |parts: &'f [Expression]| parts.iter().map(|part| Self::new(part, terms)).collect();
        match expression {
            Expression::All(parts) => Self::All(all(parts)),
            Expression::Any(parts) => Self::Any(all(parts)),
            Expression::Not(part) => Self::Not(Box::new(Self::new(part, terms))),
            Expression::Term(term) => {
                terms.push(term);
                Self::Term(terms.len() - 1, Box::new(PreparedTerm::new(term)))
            }
        }
    }

    fn passes(&self, known: &[Option<bool>], request: &Request<'_>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.passes(known, request)),
            Self::Any(parts) => parts.iter().any(|part| part.passes(known, request)),
            Self::Not(part) => !part.passes(known, request),
            Self::Term(number, term) => {
                let known = known.get(*number).copied().flatten();
                known.unwrap_or_else(|| term.passes(request))
            }
        }
    }
}

impl<'f> PreparedTerm<'f> {
    fn new(term: &'f Term) -> Self {
        let (literals, key) = match term {
            Term::Header(_, value) => (literals(value), None),
            Term::Json(path, value) => {
                // A number may be an index, which is not in the body.
                let keys = path.0.iter().rev();
                let key = keys.into_iter().find(|step| step.parse::<usize>().is_err());
                (literals(value), key.map(|key| Finder::new(key.as_bytes())))
            }
            Term::Word(_) | Term::Field(..) | Term::Jq(_) => (None, None),
        };
        let outer = match term {
            Term::Json(path, _) => path.outer().iter().map(|step| OuterStep::new(step)).collect(),
            Term::Header(..) | Term::Word(_) | Term::Field(..) | Term::Jq(_) => Vec::new(),
        };
        Self { term, literals, key, outer }
    }

    fn passes(&self, request: &Request<'_>) -> bool {
        let is_in = |bytes: &[u8]| {
            self.literals.as_ref().is_none_or(|all| all.iter().any(|it| it.is_match(bytes)))
                && self.key.as_ref().is_none_or(|key| key.find(bytes).is_some())
        };
        match self.term {
            Term::Header(_, value) if !is_in(request.head) => value.negated,
            Term::Json(_, value) if !is_in(request.body) && !self.may_hide(request.body) => {
                value.negated
            }
            Term::Header(..) | Term::Word(_) | Term::Field(..) | Term::Json(..) | Term::Jq(_) => {
                eval::bytes(self.term, request.head, request.body)
            }
        }
    }

    /// Returns whether keys or texts of a path may be written with escapes, or be in a string that
    /// is decoded.
    fn may_hide(&self, body: &[u8]) -> bool {
        memchr::memchr(b'\\', body).is_some()
            || (self.outer.iter().any(|step| step.may_be_text(body)) && derived::may_carry(body))
    }
}

impl OuterStep {
    fn new(step: &str) -> Self {
        if step.parse::<usize>().is_ok() {
            return Self::Index;
        }
        Self::Key(Box::new(Finder::new(&format!("\"{step}\"")).into_owned()))
    }

    /// Returns whether the value may be a string, in a body without escapes.
    fn may_be_text(&self, body: &[u8]) -> bool {
        let Self::Key(key) = self else { return true };
        key.find_iter(body).any(|at| {
            let rest = body.get(at + key.needle().len()..).unwrap_or_default();
            let value = rest.trim_ascii_start().strip_prefix(b":");
            value.is_some_and(|value| value.trim_ascii_start().starts_with(b"\""))
        })
    }
}

/// Returns an expression for each alternative that is in the bytes if it matches.
fn literals(value: &FieldValue) -> Option<Vec<Regex>> {
    let literal = |choice: &Alternative| match choice {
        // The same number may be written in another way.
        Alternative::Text(pattern) if pattern.number().is_some() => None,
        Alternative::Text(pattern) => pattern.literal_part(),
        Alternative::Compare(..)
        | Alternative::Range(..)
        | Alternative::Moment(_)
        | Alternative::Between(..)
        | Alternative::Empty
        | Alternative::Exists => None,
    };
    value.choices.iter().map(literal).collect()
}
