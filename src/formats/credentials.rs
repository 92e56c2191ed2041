//! Signatures and credentials of a delivery, which are copied only on request.

use crate::delivery::{Delivery, Head, Header, is_credential};
use crate::payload::pointer;
use crate::provider::{self, Algorithm, Provider, Scheme, ValueLocation};

/// Returns the delivery without credentials and without the signatures of any provider, custom or
/// built-in. A secret that a provider sends in the body is emptied.
pub fn without_credentials(delivery: &Delivery, providers: &[Provider]) -> Delivery {
    let is_secret = |header: &Header| {
        is_credential(&header.name)
            || all(providers).any(|provider| is_signature(&provider.scheme, header))
    };
    let headers = delivery.head.headers.iter().filter(|header| is_secret(header));
    let names: Vec<&str> = headers.map(|header| header.name.as_str()).collect();
    let mut shared = Delivery { head: delivery.head.without(&names), ..delivery.clone() };
    if let Some(provider) = provider_of(delivery, providers) {
        empty_signatures(&mut shared, &provider.scheme);
    }
    // The provider may not have been recognized.
    for provider in all(providers).filter(|provider| sends_secret(&provider.scheme)) {
        empty_signatures(&mut shared, &provider.scheme);
    }
    shared
}

/// Returns whether a scheme sends the secret itself instead of a signature.
pub(super) fn sends_secret(scheme: &Scheme) -> bool {
    scheme.algorithm == Algorithm::Token
}

/// Returns the provider of a delivery, if it is known.
pub(super) fn provider_of<'p>(
    delivery: &Delivery,
    providers: &'p [Provider],
) -> Option<&'p Provider> {
    all(providers).find(|provider| provider.name == delivery.summary.provider)
}

/// Returns whether a header carries a signature of a scheme, under any of its names.
pub(super) fn is_signature(scheme: &Scheme, header: &Header) -> bool {
    scheme
        .signature_headers()
        .any(|name| header.is(name) || scheme.alias(name).is_some_and(|alias| header.is(&alias)))
}

/// Custom providers come first, because they may override built-in ones.
fn all(providers: &[Provider]) -> impl Iterator<Item = &Provider> {
    providers.iter().chain(provider::all())
}

/// Empties the signatures that a scheme puts in the body.
fn empty_signatures(delivery: &mut Delivery, scheme: &Scheme) {
    for place in &scheme.signature {
        if let ValueLocation::Json(path) = place
            && let Some(emptied) = pointer::with_string(&delivery.body, path, "")
        {
            delivery.body = emptied.into();
            delivery.summary.request.body_size = delivery.body.len() as u64;
            delivery.head = with_length(&delivery.head, delivery.body.len());
        }
    }
}

fn with_length(head: &Head, length: usize) -> Head {
    let mut headers = head.headers.clone();
    for header in headers.iter_mut().filter(|header| header.is("content-length")) {
        header.value = length.to_string().into();
    }
    Head::build(&head.method, &head.target, &headers)
}
