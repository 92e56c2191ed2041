//! Signatures and credentials of a delivery, which are copied only on request.

use std::sync::Arc;

use crate::delivery::{Delivery, Head, Header, is_credential};
use crate::payload::pointer;
use crate::provider::{self, Algorithm, Provider, Scheme, ValueLocation};

/// Returns the delivery without credentials and without the signatures of any provider, custom or
/// built-in. A secret that a provider sends in the body is emptied.
pub fn without_credentials(delivery: &Delivery, providers: &[Arc<Provider>]) -> Delivery {
    let is_secret = |header: &Header| {
        is_credential(&header.name)
            || all(providers).any(|provider| is_signature(&provider.scheme, header))
    };
    let head = &delivery.head;
    let headers = head.headers.iter().chain(&head.trailers).filter(|header| is_secret(header));
    let names: Vec<&str> = headers.map(|header| header.name.as_str()).collect();
    let mut shared = Delivery { head: delivery.head.without(&names), ..delivery.clone() };
    if let Some(provider) = provider_of(delivery, providers) {
        provider.scheme.iter().for_each(|scheme| empty_query(&mut shared, scheme));
        provider.scheme.iter().for_each(|scheme| empty_body(&mut shared, scheme));
    }
    // The provider may not have been recognized.
    for provider in all(providers).filter(|provider| sends_secret(&provider.scheme)) {
        empty_body(&mut shared, &provider.scheme);
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
    providers: &'p [Arc<Provider>],
) -> Option<&'p Provider> {
    all(providers).find(|provider| provider.name == delivery.summary.provider).map(Arc::as_ref)
}

/// Returns whether a header carries a signature of a scheme, under any of its names.
pub(super) fn is_signature(scheme: &Scheme, header: &Header) -> bool {
    scheme
        .signature_headers()
        .any(|name| header.is(name) || scheme.alias(name).is_some_and(|alias| header.is(&alias)))
}

/// Custom providers come first, because they may override built-in ones.
fn all(providers: &[Arc<Provider>]) -> impl Iterator<Item = &Arc<Provider>> {
    providers.iter().chain(provider::all())
}

/// Empties the signatures that a scheme puts in the query.
fn empty_query(delivery: &mut Delivery, scheme: &Scheme) {
    let is_carrier = |name: &[u8]| {
        scheme
            .signature
            .iter()
            .any(|place| matches!(place, ValueLocation::Query(query) if query.as_bytes() == name))
    };
    let target = delivery.head.target.clone();
    let Some(at) = target.iter().position(|byte| *byte == b'?') else { return };
    let (path, query) = target.split_at(at + 1);
    let emptied = query.split(|byte| *byte == b'&').map(|item| {
        let name = item.split(|byte| *byte == b'=').next().unwrap_or_default();
        if is_carrier(name) { [name, b"="].concat() } else { item.to_vec() }
    });
    let emptied = [path, &emptied.collect::<Vec<_>>().join(&b'&')].concat();
    if emptied != target {
        delivery.head = Head::build(&delivery.head.method, emptied, &delivery.head.headers);
    }
}

/// Empties the signatures that a scheme puts in the body.
fn empty_body(delivery: &mut Delivery, scheme: &Scheme) {
    for place in &scheme.signature {
        let emptied = match place {
            ValueLocation::Json(path) => pointer::with_string(&delivery.body, path, ""),
            ValueLocation::Form(_) if scheme.unchecked.is_none() => {
                without_text(&delivery.body, place.find(&delivery.head, &delivery.body))
            }
            ValueLocation::Form(_)
            | ValueLocation::Xml(_)
            | ValueLocation::Header(_)
            | ValueLocation::Query(_)
            | ValueLocation::Pair(_) => None,
        };
        if let Some(emptied) = emptied {
            delivery.body = emptied.into();
            delivery.summary.request.body_size = delivery.body.len() as u64;
            delivery.head = with_length(&delivery.head, delivery.body.len());
        }
    }
}

/// Returns a form without a text, wherever it is.
fn without_text(form: &[u8], text: Option<String>) -> Option<Vec<u8>> {
    let text = text.filter(|text| !text.is_empty())?;
    let form = std::str::from_utf8(form).ok()?;
    let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    Some(form.replace(&encoded, "").replace(&text, "").into_bytes())
}

fn with_length(head: &Head, length: usize) -> Head {
    let mut headers = head.headers.clone();
    for header in headers.iter_mut().filter(|header| header.is("content-length")) {
        header.value = length.to_string().into();
    }
    Head::build(&head.method, &head.target, &headers)
}
