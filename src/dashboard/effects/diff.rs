//! Finds the delivery to compare another one with, and compares them.

use std::sync::Arc;

use tokio::sync::watch;

use super::Context;
use crate::app::Event;
use crate::app::diff::{BaselineReason, DeliveryDiff, DiffRequest};
use crate::delivery::{Delivery, DeliveryId, Head, Related, Summary};
use crate::payload::path::{PathStep, PayloadPath};
use crate::provider::{Provider, ValueLocation};
use crate::store::{StoreError, StoreReader, TypeMatch};
use crate::task;

/// Earlier deliveries that are looked at for one of the same object.
const EARLIER: usize = 300;

/// Earlier deliveries that are looked at for one that overtook.
const OVERTAKING: usize = 50;

/// Compares what is wanted last; what was wanted meanwhile is passed over.
pub(super) async fn compare_wanted(
    context: Arc<Context>,
    mut wishes: watch::Receiver<Option<DiffRequest>>,
) {
    while wishes.changed().await.is_ok() {
        let Some(wish) = *wishes.borrow_and_update() else { continue };
        let one = Arc::clone(&context);
        let comparing = tokio::task::spawn_blocking(move || one.compare(wish)).await;
        let Some(outcome) = task::join_or_panic(comparing) else { continue };
        let outcome = outcome.map(Arc::new);
        if context.events.send(Event::Compared { wish, outcome }).await.is_err() {
            return;
        }
    }
}

impl Context {
    fn compare(&self, wish: DiffRequest) -> Result<DeliveryDiff, String> {
        let new = self.read(wish.new)?;
        if new.summary.request.refused.is_some() {
            return Err("this delivery was refused, so there are no bytes to compare".to_owned());
        }
        let credentials = self.setup.verifier.named(&new.summary.provider);
        let provider = credentials.map(|credentials| &credentials.provider);
        let (old, pick) = match wish.old {
            Some(old) => (old, BaselineReason::Chosen),
            None => self
                .setup
                .store
                .reader()
                .and_then(|reader| before(&reader, &new, provider))
                .map_err(|error| error.to_string())?
                .ok_or_else(|| match &new.summary.event.event_type {
                    Some(_) => "there is no earlier delivery of this type to compare with; mark \
                                another one and press d"
                        .to_owned(),
                    None => "this delivery has no type, so there is none to compare it with; \
                             mark another one and press d"
                        .to_owned(),
                })?,
        };
        let old = self.read(old)?;
        let signing = provider.map(Provider::signature_headers).unwrap_or_default();
        // An event's id is another one each time.
        let ids: Vec<String> = provider.map(id_names).unwrap_or_default();
        let volatile = &self.setup.preferences.volatile;
        let volatile = volatile.and(&ids).map_err(|error| error.to_string())?;
        Ok(DeliveryDiff::new((old, new), pick, &volatile, &signing))
    }
}

impl Context {
    /// The deliveries that belong to one, and one of the same object that overtook it.
    pub(super) fn relations(
        &self,
        delivery: &Delivery,
    ) -> Result<(Related, Option<Summary>), StoreError> {
        let reader = self.setup.store.reader()?;
        let Delivery { summary, head, body, .. } = delivery;
        let related = reader.related(summary)?;
        let credentials = self.setup.verifier.named(&summary.provider);
        let told = credentials.and_then(|credentials| {
            let provider = &credentials.provider;
            let kind = summary.event.event_type.as_deref()?;
            Some((provider, kind, provider.object(head, body)?, provider.time(head, body)?))
        });
        let Some((provider, kind, object, time)) = told else { return Ok((related, None)) };
        let kin = family(kind).map_or(TypeMatch::Type(kind), TypeMatch::Family);
        // Another delivery of the same event is no other state of its object.
        let of_event: Vec<DeliveryId> = related.of_event.iter().map(|one| one.id).collect();
        let overtook = |id: DeliveryId, head: &Head, body: &[u8]| {
            !of_event.contains(&id)
                && provider.object(head, body).as_ref() == Some(&object)
                && provider.time(head, body).is_some_and(|later| later > time)
        };
        let found = reader.last_before(summary, kin, OVERTAKING, overtook)?;
        let found = found.map(|id| reader.summaries(&[id])).transpose()?;
        Ok((related, found.and_then(|mut found| found.pop())))
    }
}

/// The last delivery before one that it has most in common with.
fn before(
    reader: &StoreReader,
    new: &Delivery,
    provider: Option<&Provider>,
) -> Result<Option<(DeliveryId, BaselineReason)>, StoreError> {
    let summary = &new.summary;
    let Some(kind) = &summary.event.event_type else { return Ok(None) };
    let object =
        provider.and_then(|provider| Some((provider, provider.object(&new.head, &new.body)?)));
    if let Some((provider, object)) = &object {
        let of_object = |kin| {
            reader.last_before(summary, kin, EARLIER, |_, head, body| {
                provider.object(head, body).as_ref() == Some(object)
            })
        };
        if let Some(found) = of_object(TypeMatch::Type(kind))? {
            return Ok(Some((found, BaselineReason::Object)));
        }
        let of_family =
            family(kind).map(|family| of_object(TypeMatch::Family(family))).transpose()?;
        if let Some(found) = of_family.flatten() {
            return Ok(Some((found, BaselineReason::ObjectOtherType)));
        }
    }
    let of_type = reader.last_before(summary, TypeMatch::Type(kind), 1, |_, _, _| true)?;
    let pick = if object.is_some() { BaselineReason::Type } else { BaselineReason::TypeAlone };
    Ok(of_type.map(|found| (found, pick)))
}

/// Where a provider's event ids stand, as volatile things are named.
fn id_names(provider: &Provider) -> Vec<String> {
    let steps = |pointer: &str| {
        let mut name = String::new();
        for step in pointer.split('/').skip(1) {
            if step.bytes().all(|byte| byte.is_ascii_digit()) {
                name.push_str("[]");
            } else {
                let step = PathStep::Key(step.replace("~1", "/").replace("~0", "~"));
                name.push_str(&PayloadPath(vec![step]).breadcrumb());
            }
        }
        name
    };
    let name = |place: &ValueLocation| match place {
        ValueLocation::Json(pointer) => Some(steps(pointer)),
        ValueLocation::Header(header) => Some(format!("header.{header}")),
        ValueLocation::Form(_) | ValueLocation::Pair(_) => None,
    };
    provider.id_places().iter().filter_map(name).filter(|name| !name.is_empty()).collect()
}

/// What types of the same kind of object begin with: `message.` of `message.updated`.
fn family(kind: &str) -> Option<&str> {
    let end = kind.rfind(['.', '/', ':', '_'])?;
    kind.get(..=end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_named_where_they_stand() {
        let names = |name: &str| id_names(&Provider::named(name).unwrap());
        assert_eq!(names("cribbly"), [".id"]);
        assert_eq!(names("hubspot"), ["[].eventId"]);
        assert_eq!(names("mailgun"), [".event-data.id"]);
        assert_eq!(names("shopify"), ["header.x-shopify-webhook-id"]);
    }

    #[test]
    fn a_family_is_what_stands_before_the_last_word() {
        for (kind, start) in [
            ("message.updated", Some("message.")),
            ("customer.subscription.updated", Some("customer.subscription.")),
            ("orders/create", Some("orders/")),
            ("push", None),
        ] {
            assert_eq!(family(kind), start);
        }
    }
}
