//! Evaluation in two steps: first the terms that read the body, which may take long, and later the
//! rest, some of which only the store's numbering decides.

use jiff::Timestamp;

use super::Filter;
use super::eval;
use super::expression::{Expression, Term};
use super::field::FieldKey;
use crate::delivery::{Delivery, Head};

/// Results of a filter's terms that read the body, in the order of the terms.
#[derive(Debug, Clone, Default)]
pub struct BodyResults(Vec<Option<bool>>);

impl Filter {
    /// Returns whether a term reads the body.
    pub fn reads_body(&self) -> bool {
        !self.body_terms().is_empty()
    }

    /// Evaluates the terms that read the body, unless what is known on receipt decides without them.
    pub fn judge_body(&self, delivery: &Delivery) -> BodyResults {
        let terms = self.body_terms();
        let mut results = BodyResults(vec![None; terms.len()]);
        let Some(root) = self.root.as_ref().filter(|_| !terms.is_empty()) else { return results };
        let body = eval::without_compression(&delivery.head.raw, &delivery.body);
        root.evaluate(&mut |term| {
            let known = if is_known_on_receipt(term) {
                // No time is among what is known.
                eval::summary(term, &delivery.summary, Timestamp::UNIX_EPOCH)
            } else {
                None
            };
            let Some(place) = position(&terms, term).and_then(|at| results.0.get_mut(at)) else {
                return known;
            };
            *place = known.or_else(|| Some(eval::bytes(term, &delivery.head.raw, &body)));
            *place
        });
        results
    }

    /// Returns whether a delivery matches, given what [`Self::judge_body`] found. Terms without a
    /// result are evaluated.
    pub fn matches_with(&self, delivery: &Delivery, now: Timestamp, found: &BodyResults) -> bool {
        if found.0.is_empty() {
            return self.matches(delivery, now);
        }
        let Some(root) = &self.root else { return true };
        let terms = self.body_terms();
        let evaluated = root.evaluate(&mut |term| {
            let result = position(&terms, term).and_then(|at| found.0.get(at).copied().flatten());
            Some(result.unwrap_or_else(|| eval::delivery(term, delivery, now)))
        });
        evaluated.unwrap_or_default()
    }

    fn body_terms(&self) -> Vec<&Term> {
        let mut terms = Vec::new();
        if let Some(root) = &self.root {
            root.each_term(&mut |term| {
                if reads_body(term) {
                    terms.push(term);
                }
            });
        }
        terms
    }
}

/// Returns whether a filter may take long to read a body because it is compressed.
pub fn is_compressed(head: &Head, body: &[u8]) -> bool {
    eval::compression(&head.raw, body).is_some()
}

fn reads_body(term: &Term) -> bool {
    match term {
        Term::Word(_) | Term::Field(FieldKey::Body, _) | Term::Json(..) | Term::Jq(_) => true,
        Term::Field(..) | Term::Header(..) => false,
    }
}

fn is_known_on_receipt(term: &Term) -> bool {
    match term {
        Term::Field(key, _) => key.is_known_on_receipt(),
        Term::Word(_) | Term::Header(..) | Term::Json(..) | Term::Jq(_) => true,
    }
}

/// Returns the number of a term. Equal terms at different places differ.
fn position(terms: &[&Term], term: &Term) -> Option<usize> {
    terms.iter().position(|one| std::ptr::eq(*one, term))
}

impl Expression {
    /// Visits the terms from the left.
    fn each_term<'e>(&'e self, visit: &mut impl FnMut(&'e Term)) {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                for part in parts {
                    part.each_term(visit);
                }
            }
            Self::Not(part) => part.each_term(visit),
            Self::Term(term) => visit(term),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::{DeliveryId, NewDelivery};

    const BODY: &str = r#"{"type":"paid","amount":7}"#;

    fn delivery(id: i64, duplicate_of: Option<DeliveryId>, body: &str) -> Delivery {
        let head = Head::build("POST", "/hooks", &[]);
        let mut new = NewDelivery::new(head, body.to_owned().into(), Timestamp::UNIX_EPOCH);
        new.event.event_type = Some("paid".to_owned());
        new.into_delivery(DeliveryId(id), duplicate_of)
    }

    /// Results for the body when it arrives.
    fn judged(filter: &Filter) -> BodyResults {
        filter.judge_body(&delivery(0, None, BODY))
    }

    #[test]
    fn two_steps_find_what_one_finds() {
        let stored = delivery(7, Some(DeliveryId(3)), BODY);
        for text in [
            "jq:'.amount > 5'",
            "jq:'.amount > 9'",
            "-jq:'.amount > 9'",
            ".amount:7 dup:yes",
            ".amount:7 -dup:yes",
            "dup:no or .amount:7",
            "dup:no or .amount:8",
            "type:other .amount:7",
            "type:other or .amount:7",
            "number:7 amount",
            "number:8 or body:amount",
            "hooks -absent",
            "since:1m jq:'.amount'",
            "until:2020-01-01 .amount:7",
            ".amount:7 .amount:8",
            "",
        ] {
            let filter: Filter = text.parse().unwrap();
            let now = Timestamp::UNIX_EPOCH;
            let in_one = filter.matches(&stored, now);
            assert_eq!(filter.matches_with(&stored, now, &judged(&filter)), in_one, "{text}");
        }
    }

    #[test]
    fn the_second_step_does_not_read_a_judged_body() {
        let filter: Filter =
            "dup:yes jq:'.amount == 7' .amount:7 body:paid amount".parse().unwrap();
        let unreadable = delivery(7, Some(DeliveryId(3)), "");
        assert!(filter.matches_with(&unreadable, Timestamp::UNIX_EPOCH, &judged(&filter)));
    }

    #[test]
    fn a_body_is_not_read_if_the_request_decides() {
        let filter: Filter = "type:other jq:'.amount'".parse().unwrap();
        assert_eq!(judged(&filter).0, [None]);
    }

    #[test]
    fn heads_and_summaries_are_not_bodies() {
        let reads = |text: &str| text.parse::<Filter>().unwrap().reads_body();
        assert!(!reads("type:a header.x-a:1 -path:/b or dup:yes"));
        assert!(reads("type:a -jq:'.b'") && reads("word") && reads("body:x") && reads(".a:1"));
    }
}
