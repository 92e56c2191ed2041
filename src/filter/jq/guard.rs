//! Restricts jq programs in filters, and inserts calls that count their work.
//!
//! A program is rewritten before jaq compiles it: a call to [`super::meter`] is inserted wherever
//! one value can become many, or a large one can be built. The library definitions that a program
//! may call are rewritten too. Programs may not define functions, so all loops are known, and may
//! not assign, so the body stays as sent.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::ops::Math;
use jaq_core::path::{Part, Path};

use super::functions::{is_deep, is_known, is_needed, not_here};
use super::{ProgramError, meter, span};

/// Name of the program among the definitions.
pub(super) const PROGRAM: &str = "hookglass_asked";
/// Program that jaq runs.
pub(super) const PROGRAM_CODE: &str = PROGRAM;

/// Maximum nesting of operations, such as those of a long pipe: each takes stack.
const MAX_DEPTH: usize = 64;

/// Inserts the counting into a program; fails if the program is not allowed.
pub(super) fn guarded<'s>(
    term: Term<&'s str>,
    source: &'s str,
) -> Result<Term<&'s str>, ProgramError> {
    let mut guard = Guard { refusal: None, is_library: false, depth: 0 };
    let guarded = guard.term(term);
    match guard.refusal {
        None => Ok(guarded),
        Some((part, message)) => {
            let span = part.map_or(0..source.len(), |part| span(source, part));
            Err(ProgramError { span, message })
        }
    }
}

/// Returns the definitions that a program may call.
pub(super) fn definitions() -> Vec<Def<&'static str>> {
    let mut guard = Guard { refusal: None, is_library: true, depth: 0 };
    let all = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let mut kept: Vec<Def<&'static str>> = all
        // With two arguments, or with a regex as separator, it needs excluded functions.
        .filter(|def| is_needed(def.name))
        .filter(|def| !matches!((def.name, def.args.len()), ("split", 2) | ("test", _)))
        .map(|def| Def { body: guard.term(def.body), ..def })
        .collect();
    let x = || vec![Term::Var("$x")];
    let contains = pipe(Term::Call(meter::PRODUCT, x()), Term::Call(meter::CONTAINS, x()));
    let at = kept.iter().position(|def| def.name == "inside").unwrap_or(kept.len());
    kept.insert(at, Def { name: "contains", args: vec!["$x"], body: contains });
    let test = Term::Call("test", vec![Term::Var("$re"), Term::Str(None, Vec::new())]);
    kept.push(Def { name: "test", args: vec!["$re"], body: test });
    kept
}

struct Guard<'s> {
    /// First error and its position.
    refusal: Option<(Option<&'s str>, String)>,
    is_library: bool,
    depth: usize,
}

fn pipe<'s>(left: Term<&'s str>, right: Term<&'s str>) -> Term<&'s str> {
    Term::BinOp(Box::new(left), BinaryOp::Pipe(None), Box::new(right))
}

fn call(name: &str) -> Term<&str> {
    Term::Call(name, Vec::new())
}

/// Returns whether comparing with the term costs next to nothing, whatever the other side is.
fn is_plain(term: &Term<&str>) -> bool {
    match term {
        Term::Num(_) | Term::Arr(None) => true,
        Term::Str(_, parts) => !parts.iter().any(|part| matches!(part, StrPart::Term(_))),
        Term::Obj(pairs) => pairs.is_empty(),
        Term::Call(name, _) => matches!(*name, "null" | "true" | "false" | "nan" | "infinite"),
        _ => false,
    }
}

impl<'s> Guard<'s> {
    fn refuse(&mut self, part: Option<&'s str>, message: String) {
        if !self.is_library {
            self.refusal.get_or_insert((part, message));
        }
    }

    /// Guards a boxed term in place.
    fn boxed(&mut self, mut term: Box<Term<&'s str>>) -> Box<Term<&'s str>> {
        *term = self.term(std::mem::take(&mut *term));
        term
    }

    fn all(&mut self, terms: Vec<Term<&'s str>>) -> Vec<Term<&'s str>> {
        terms.into_iter().map(|term| self.term(term)).collect()
    }

    fn term(&mut self, term: Term<&'s str>) -> Term<&'s str> {
        // Compiling makes these lists nested.
        let wide = match &term {
            Term::Path(_, Path(parts)) => parts.len(),
            Term::Obj(pairs) => pairs.len(),
            Term::Str(_, parts) => parts.len(),
            Term::IfThenElse(branches, _) => branches.len(),
            _ => 0,
        };
        if self.depth + wide >= MAX_DEPTH {
            self.refuse(None, format!("jq: more than {MAX_DEPTH} operations in a row"));
            return term;
        }
        self.depth += 1;
        let guarded = self.counted(term);
        self.depth -= 1;
        guarded
    }

    fn counted(&mut self, term: Term<&'s str>) -> Term<&'s str> {
        match term {
            Term::Id | Term::Num(_) | Term::Arr(None) | Term::Break(_) => term,
            Term::Var(name) => {
                if name == "$ENV" || name == "$__prog_args" {
                    self.refuse(Some(name), not_here(name));
                }
                term
            }
            Term::Recurse => pipe(term, call(meter::STEP)),
            Term::Str(format, parts) => self.text(format, parts),
            Term::Arr(Some(inner)) => pipe(Term::Arr(Some(self.boxed(inner))), call(meter::WEIGH)),
            Term::Obj(pairs) => self.object(pairs),
            Term::Neg(inner) => Term::Neg(self.boxed(inner)),
            Term::BinOp(left, op, right) => self.operation(*left, op, *right),
            Term::Label(name, inner) => Term::Label(name, self.boxed(inner)),
            Term::Fold(name, values, pattern, parts) => {
                let pattern = self.pattern(pattern);
                Term::Fold(name, self.boxed(values), pattern, self.all(parts))
            }
            Term::TryCatch(tried, catch) => {
                Term::TryCatch(self.boxed(tried), catch.map(|catch| self.boxed(catch)))
            }
            Term::IfThenElse(branches, other) => {
                let branch = |(when, then)| (self.term(when), self.term(then));
                let branches = branches.into_iter().map(branch).collect();
                Term::IfThenElse(branches, other.map(|other| self.boxed(other)))
            }
            Term::Def(definitions, inner) => self.define(definitions, inner),
            Term::Call(name, arguments) => self.call(name, arguments),
            Term::Path(base, Path(parts)) => self.path(*base, parts),
        }
    }

    fn define(&mut self, defs: Vec<Def<&'s str>>, inner: Box<Term<&'s str>>) -> Term<&'s str> {
        if let Some(first) = defs.first() {
            self.refuse(Some(first.name), "jq: functions cannot be defined in a filter".to_owned());
        }
        let defs = defs.into_iter().map(|def| Def { body: self.term(def.body), ..def });
        Term::Def(defs.collect(), self.boxed(inner))
    }

    fn text(
        &mut self,
        format: Option<&'s str>,
        parts: Vec<StrPart<&'s str, Term<&'s str>>>,
    ) -> Term<&'s str> {
        let mut is_made = false;
        let parts = parts.into_iter().map(|part| match part {
            StrPart::Term(term) => {
                is_made = true;
                StrPart::Term(pipe(self.term(term), call(meter::WEIGH)))
            }
            StrPart::Str(_) | StrPart::Char(_) => part,
        });
        let text = Term::Str(format, parts.collect());
        if is_made { pipe(text, call(meter::WEIGH)) } else { text }
    }

    fn object(&mut self, pairs: Vec<(Term<&'s str>, Option<Term<&'s str>>)>) -> Term<&'s str> {
        if pairs.is_empty() {
            return Term::Obj(pairs);
        }
        let pairs = pairs.into_iter().map(|(key, value)| {
            if let Some(value) = value {
                return (self.term(key), Some(self.term(value)));
            }
            // In `{a}` and `{$a}` the compiler reads the spelling of the key, so it must not
            // change.
            if matches!(key, Term::Str(..)) && !is_plain(&key) {
                self.refuse(None, "jq: a computed key needs a value".to_owned());
            }
            (key, None)
        });
        pipe(Term::Obj(pairs.collect()), call(meter::WEIGH))
    }

    fn operation(
        &mut self,
        left: Term<&'s str>,
        op: BinaryOp<&'s str>,
        right: Term<&'s str>,
    ) -> Term<&'s str> {
        let is_cheap = is_plain(&left) || is_plain(&right);
        let (left, right) = (self.term(left), self.term(right));
        let join = |left, op, right| Term::BinOp(Box::new(left), op, Box::new(right));
        let weighed = |term| pipe(term, call(meter::WEIGH));
        match op {
            BinaryOp::Pipe(Some(pattern)) => {
                join(left, BinaryOp::Pipe(Some(self.pattern(pattern))), right)
            }
            BinaryOp::Comma => {
                let step = |term| pipe(call(meter::STEP), term);
                join(step(left), op, step(right))
            }
            BinaryOp::Cmp(_) if !is_cheap => join(weighed(left), op, weighed(right)),
            BinaryOp::Math(Math::Mul) => {
                weighed(Term::Call(meter::TIMES, vec![weighed(left), weighed(right)]))
            }
            BinaryOp::Math(_) => weighed(join(weighed(left), op, weighed(right))),
            BinaryOp::Pipe(None) | BinaryOp::Alt | BinaryOp::Or | BinaryOp::And => {
                join(left, op, right)
            }
            BinaryOp::Cmp(_) => join(left, op, right),
            BinaryOp::Assign | BinaryOp::Update | BinaryOp::UpdateMath(_) | BinaryOp::UpdateAlt => {
                self.refuse(
                    None,
                    "jq: assignment is not available in a filter; compare with `==`".to_owned(),
                );
                weighed(join(left, op, right))
            }
        }
    }

    fn pattern(&mut self, pattern: Pattern<&'s str>) -> Pattern<&'s str> {
        match pattern {
            Pattern::Var(_) => pattern,
            Pattern::Arr(parts) => {
                Pattern::Arr(parts.into_iter().map(|part| self.pattern(part)).collect())
            }
            Pattern::Obj(pairs) => {
                let pair = |(key, part)| match key {
                    Term::Var(_) => (key, self.pattern(part)),
                    _ => (pipe(self.term(key), call(meter::KEY)), self.pattern(part)),
                };
                Pattern::Obj(pairs.into_iter().map(pair).collect())
            }
        }
    }

    fn call(&mut self, name: &'s str, arguments: Vec<Term<&'s str>>) -> Term<&'s str> {
        if !is_known(name) {
            self.refuse(Some(name), not_here(name));
        }
        let cost = if is_deep(name) { meter::WEIGH } else { meter::STEP };
        let many = name == "range";
        let called = pipe(call(cost), Term::Call(name, self.all(arguments)));
        if many { pipe(called, call(meter::STEP)) } else { called }
    }

    /// Rewrites a path part by part, so that each part is counted.
    fn path(
        &mut self,
        base: Term<&'s str>,
        parts: Vec<(Part<Term<&'s str>>, jaq_core::path::Opt)>,
    ) -> Term<&'s str> {
        parts.into_iter().fold(self.term(base), |reached, (part, opt)| {
            let from = Box::new(pipe(reached, call(meter::STEP)));
            let mut many = true;
            let part = match part {
                Part::Index(index) => {
                    many = !is_plain(&index);
                    Part::Index(if many { pipe(self.term(index), call(meter::KEY)) } else { index })
                }
                Part::Range(start, end) => {
                    let mut bound = |end: Option<_>| end.map(|end| self.term(end));
                    Part::Range(bound(start), bound(end))
                }
            };
            let path = Term::Path(from, Path(vec![(part, opt)]));
            if many { pipe(path, call(meter::STEP)) } else { path }
        })
    }
}
