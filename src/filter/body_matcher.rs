//! Evaluates filters on the bytes of deliveries whose rows leave them undecided.

use bytes::Bytes;

use super::Filter;
use super::eval;
use super::expression::{Expression, Term};
use crate::delivery::Head;

/// A filter prepared for the bytes of many deliveries.
#[derive(Debug)]
pub struct BodyMatcher<'f> {
    root: Option<Node<'f>>,
    needs_head: bool,
    no_head: Head,
}

#[derive(Debug)]
enum Node<'f> {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    /// A term and its number in the filter, from the left.
    Term(usize, &'f Term),
}

impl Filter {
    /// Prepares the filter for the bytes of many deliveries.
    pub fn body_matcher(&self) -> BodyMatcher<'_> {
        let mut terms = Vec::new();
        let root = self.root.as_ref().map(|root| Node::new(root, &mut terms));
        let needs_head = terms.iter().any(|term| matches!(term, Term::Header(..)));
        BodyMatcher { root, needs_head, no_head: Head::lenient(Bytes::new()) }
    }
}

impl BodyMatcher<'_> {
    /// Returns whether [`BodyMatcher::passes`] reads heads.
    pub fn needs_head(&self) -> bool {
        self.needs_head
    }

    /// Returns whether a delivery matches, given the results of its terms so far, from
    /// [`super::RowMatcher::known`].
    pub fn passes(&self, known: &[Option<bool>], head: &[u8], body: &[u8]) -> bool {
        let Some(root) = &self.root else { return true };
        if !self.needs_head {
            return root.passes(known, &self.no_head, body);
        }
        let raw = Bytes::copy_from_slice(head);
        let head = Head::parse(raw.clone()).unwrap_or_else(|_| Head::lenient(raw));
        root.passes(known, &head, body)
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
                Self::Term(terms.len() - 1, term)
            }
        }
    }

    fn passes(&self, known: &[Option<bool>], head: &Head, body: &[u8]) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.passes(known, head, body)),
            Self::Any(parts) => parts.iter().any(|part| part.passes(known, head, body)),
            Self::Not(part) => !part.passes(known, head, body),
            Self::Term(number, term) => {
                let known = known.get(*number).copied().flatten();
                known.unwrap_or_else(|| eval::bytes(term, head, body))
            }
        }
    }
}
