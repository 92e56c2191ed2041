//! Values of a request.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;

use bytes::Bytes;

use super::ValueLocation;
use crate::delivery::Head;
use crate::payload::pointer_set::{FoundValues, PointerSet};
use crate::payload::{self, form, pointer};

/// Values of a request. The JSON values that are known to be needed are read in one pass, when the
/// first of them is read.
#[derive(Debug)]
pub struct RequestValues<'d> {
    head: &'d Head,
    body: &'d [u8],
    pointers: &'d PointerSet,
    plain: OnceCell<Cow<'d, [u8]>>,
    found: OnceCell<FoundValues<'d>>,
    /// First value of each field; none if the body is a multipart form.
    form: OnceCell<Option<HashMap<String, String>>>,
}

impl<'d> RequestValues<'d> {
    /// Creates the values of a request; `pointers` are those read in one pass, from the body
    /// without its content encoding.
    pub fn new(head: &'d Head, body: &'d [u8], pointers: &'d PointerSet) -> Self {
        let (plain, found, form) = Default::default();
        Self { head, body, pointers, plain, found, form }
    }

    fn plain(&self) -> &[u8] {
        self.plain.get_or_init(|| without_encoding(self.head, self.body))
    }

    fn form(&self) -> Option<&HashMap<String, String>> {
        let read = || {
            let kind = self.head.joined_text("content-type").unwrap_or_default();
            // JSON may hold `&` and `=`, but is not a form.
            match self.plain().trim_ascii_start().first() {
                Some(b'{' | b'[') => Some(HashMap::new()),
                _ => form::first_values(&kind, self.plain()),
            }
        };
        self.form.get_or_init(read).as_ref()
    }

    /// Returns the value at a place.
    pub fn find(&self, place: &ValueLocation) -> Option<String> {
        if let Some(name) = place.form_field()
            && let Some(form) = self.form()
        {
            return place.find_after(form.get(name)?.clone());
        }
        match place.body_pointer() {
            None if matches!(place, ValueLocation::Form(_) | ValueLocation::Xml(_)) => {
                place.find(self.head, self.plain())
            }
            None => place.find(self.head, &[]),
            Some(path) if self.pointers.contains(&path) => {
                let found = self.found.get_or_init(|| self.pointers.lookup(self.plain()));
                place.find_after(found.get(&path)?.to_owned())
            }
            Some(_) => place.find(self.head, self.plain()),
        }
    }

    /// Counts the items of an array in the body.
    pub fn items(&self, array: &str) -> usize {
        pointer::items(self.plain(), array).len()
    }

    pub fn head(&self) -> &'d Head {
        self.head
    }
}

/// Returns the body without its content encoding; as it is if it cannot be decoded.
pub fn without_encoding<'d>(head: &Head, body: &'d [u8]) -> Cow<'d, [u8]> {
    let encoding = head.joined_text("content-encoding").unwrap_or_default();
    if encoding.is_empty() || encoding.eq_ignore_ascii_case("identity") || body.is_empty() {
        return Cow::Borrowed(body);
    }
    Cow::Owned(payload::decoded(&Bytes::copy_from_slice(body), &encoding).bytes.to_vec())
}
