//! Deliveries as the store returns them.

use bytes::Bytes;
use hookglass::delivery::{Delivery, DeliveryId, Head, NewDelivery, SignatureStatus, Verdict};
use jiff::Timestamp;

/// Returns a delivery of which only the request is known.
pub(crate) fn delivery(head: Head, body: impl Into<Bytes>) -> Delivery {
    let mut new = NewDelivery::new(head, body.into(), Timestamp::UNIX_EPOCH);
    "cribbly".clone_into(&mut new.provider);
    new.signature = Verdict::explained(SignatureStatus::Unchecked, "why");
    new.into_delivery(DeliveryId(42), None)
}
