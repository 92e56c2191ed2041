//! Requests with several items, each with its own signature.

use super::signed_payload::Subject;
use crate::delivery::{Explanation, SignatureStatus, Verdict};
use crate::payload::pointer;
use crate::provider::Scheme;

/// Checks every item; the first one that is not verified decides. `check` checks one scheme.
pub(super) fn verify(
    scheme: &Scheme,
    array: &str,
    subject: &Subject<'_>,
    check: impl Fn(&Scheme, &Subject<'_>) -> Verdict,
) -> Verdict {
    let items = pointer::items(subject.body, array);
    let count = items.len();
    let Some(index) = first_failing(scheme, &items, subject, &check) else {
        let mut verdict = check(&scheme.at_item(Some(0)), subject);
        if count > 1 {
            let note = format!("{count} of {count} items are signed");
            Explanation::add(&mut verdict.explanation, note);
        }
        return verdict;
    };
    let mut verdict = check(&scheme.at_item(Some(index)), subject);
    if count > 1
        && let Some(explanation) = &mut verdict.explanation
    {
        explanation.sentence = format!("item {} of {count}: {}", index + 1, explanation.sentence);
    }
    verdict
}

/// Returns the scheme of the item that decides on the verdict.
pub(super) fn deciding(
    scheme: &Scheme,
    array: &str,
    subject: &Subject<'_>,
    check: impl Fn(&Scheme, &Subject<'_>) -> Verdict,
) -> Scheme {
    let items = pointer::items(subject.body, array);
    scheme.at_item(Some(first_failing(scheme, &items, subject, &check).unwrap_or(0)))
}

/// Returns the index of the first item that is not verified.
fn first_failing(
    scheme: &Scheme,
    items: &[&[u8]],
    subject: &Subject<'_>,
    check: &impl Fn(&Scheme, &Subject<'_>) -> Verdict,
) -> Option<usize> {
    // Places relative to the item keep the time linear in the size of the body.
    let relative = scheme.at_item(None);
    items.iter().position(|item| {
        let item = Subject { body: item, ..*subject };
        check(&relative, &item).status != SignatureStatus::Verified
    })
}
