//! Comparisons: which earlier delivery to compare with, and which deliveries belong together.

use crate::delivery::{Delivery, DeliveryId, Head, Related, Summary};
use crate::payload::path::{PathStep, PayloadPath};
use crate::provider::{Provider, ValueLocation};
use crate::signature::Verifier;
use crate::store::{StoreError, StoreReader, TypeMatch};

/// Earlier deliveries that are searched for one of the same object.
const EARLIER: usize = 300;

/// Earlier deliveries that are searched for one that overtook.
const OVERTAKING: usize = 50;

/// Reason for comparing with an older delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaselineReason {
    /// Same object, same type.
    Object,
    /// Same object, another type of the same family.
    ObjectOtherType,
    /// Same type, and none of the same object.
    Type,
    /// Same type; the provider does not identify objects.
    TypeAlone,
    /// The user chose it.
    Chosen,
}

/// Two deliveries to compare, and what is expected to differ.
#[derive(Debug, Clone)]
pub struct DiffPair {
    pub old: Delivery,
    pub new: Delivery,
    pub reason: BaselineReason,
    /// Headers of the signature.
    pub signature_headers: Vec<String>,
    /// Locations of the event id, as paths such as `.id` and `header.x-id`.
    pub id_places: Vec<String>,
}

/// Reason why there is nothing to compare.
#[derive(Debug, thiserror::Error)]
pub enum DiffError {
    #[error("This delivery was refused, so there are no bytes to compare")]
    Refused,
    #[error("No earlier delivery of this type")]
    NoEarlier,
    #[error("No event type, so no earlier delivery to compare with")]
    NoType,
    #[error("delivery {0} is no longer in the store")]
    Gone(DeliveryId),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Loads a delivery and the one to compare it with: `old`, or the most similar earlier one.
pub fn pair(
    reader: &StoreReader,
    verifier: &Verifier,
    new: DeliveryId,
    old: Option<DeliveryId>,
) -> Result<DiffPair, DiffError> {
    let load = |id| reader.delivery(id)?.ok_or(DiffError::Gone(id));
    let new = load(new)?;
    if new.summary.request.refused.is_some() {
        return Err(DiffError::Refused);
    }
    let credentials = verifier.named(&new.summary.provider);
    let provider = credentials.map(|credentials| &*credentials.provider);
    let (old, reason) = match old {
        Some(old) => (old, BaselineReason::Chosen),
        None => before(reader, &new, provider)?.ok_or(match &new.summary.event.event_type {
            Some(_) => DiffError::NoEarlier,
            None => DiffError::NoType,
        })?,
    };
    let signing = provider.map(Provider::signature_headers).unwrap_or_default();
    Ok(DiffPair {
        old: load(old)?,
        new,
        reason,
        signature_headers: signing.into_iter().map(str::to_owned).collect(),
        id_places: provider.map(id_names).unwrap_or_default(),
    })
}

/// Finds the deliveries that belong to one, and one of the same object that overtook it.
pub fn relations(
    reader: &StoreReader,
    verifier: &Verifier,
    delivery: &Delivery,
) -> Result<(Related, Option<Summary>), StoreError> {
    let Delivery { summary, head, body, .. } = delivery;
    let related = reader.related(summary)?;
    let credentials = verifier.named(&summary.provider);
    let facts = credentials.and_then(|credentials| {
        let provider = &credentials.provider;
        let event_type = summary.event.event_type.as_deref()?;
        Some((provider, event_type, provider.object(head, body)?, provider.time(head, body)?))
    });
    let Some((provider, event_type, object, time)) = facts else { return Ok((related, None)) };
    let types = family(event_type).map_or(TypeMatch::Type(event_type), TypeMatch::Family);
    // Another delivery of the same event is not a later state of its object.
    let of_event: Vec<DeliveryId> = related.of_event.iter().map(|one| one.id).collect();
    let overtook = |id: DeliveryId, head: &Head, body: &[u8]| {
        !of_event.contains(&id)
            && provider.object(head, body).as_ref() == Some(&object)
            && provider.time(head, body).is_some_and(|later| later > time)
    };
    let found = reader.find_earlier(summary, types, OVERTAKING, overtook)?;
    let found = found.map(|id| reader.summaries(&[id])).transpose()?;
    Ok((related, found.and_then(|mut found| found.pop())))
}

/// Finds the most similar delivery before one.
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
            reader.find_earlier(summary, kin, EARLIER, |_, head, body| {
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
    let of_type = reader.find_earlier(summary, TypeMatch::Type(kind), 1, |_, _, _| true)?;
    let pick = if object.is_some() { BaselineReason::Type } else { BaselineReason::TypeAlone };
    Ok(of_type.map(|found| (found, pick)))
}

/// Returns the locations of a provider's event ids, spelled like volatile paths.
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
        ValueLocation::Query(_)
        | ValueLocation::Form(_)
        | ValueLocation::Xml(_)
        | ValueLocation::Pair(_) => None,
    };
    provider.id_places().filter_map(name).filter(|name| !name.is_empty()).collect()
}

/// Returns the prefix shared by types about one kind of object: `message.` for `message.updated`.
fn family(kind: &str) -> Option<&str> {
    let end = kind.rfind(['.', '/', ':', '_'])?;
    kind.get(..=end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_locations_are_spelled_as_paths() {
        let names = |name: &str| id_names(&Provider::named(name).unwrap());
        assert_eq!(names("cribbly"), [".id"]);
        assert_eq!(names("hubspot"), ["[].eventId"]);
        assert_eq!(names("mailgun"), [".event-data.id"]);
        assert_eq!(names("square"), [".event_id"]);
        assert_eq!(names("woocommerce"), ["header.x-wc-webhook-delivery-id"]);
    }

    #[test]
    fn a_family_is_the_prefix_before_the_last_word() {
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
