//! Bodies of the type `application/x-www-form-urlencoded`.

use std::collections::HashMap;

use bytes::Bytes;
use percent_encoding::percent_decode_str;

use super::media::Media;
use super::multipart;

/// The media type of such bodies.
pub(crate) const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

/// Returns decoded names and values in the order received.
pub(crate) fn fields(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body).into_owned().collect()
}

/// Returns the value of the first field with a name.
pub(crate) fn field(body: &[u8], name: &str) -> Option<String> {
    fields(body).into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

/// Returns the first value of each field; none if the content type is that of a multipart form.
pub(crate) fn first_values(content_type: &str, body: &[u8]) -> Option<HashMap<String, String>> {
    if Media::read(content_type).essence == "multipart/form-data" {
        return None;
    }
    let mut first = HashMap::new();
    for (name, value) in fields(body) {
        first.entry(name).or_insert(value);
    }
    Some(first)
}

/// Returns the value of the first field with a name in a form of the given content type, which may
/// be multipart.
pub(crate) fn field_as(content_type: &str, body: &[u8], name: &str) -> Option<String> {
    let media = Media::read(content_type);
    if media.essence != "multipart/form-data" {
        return field(body, name);
    }
    let parts = multipart::parts(&Bytes::copy_from_slice(body), media.parameter("boundary")?)?;
    let named = parts.parts.into_iter().find(|part| {
        let disposition = Media::read(part.header("content-disposition").unwrap_or_default());
        disposition.parameter("name") == Some(name)
    })?;
    String::from_utf8(named.body.to_vec()).ok()
}

/// Decodes one name or value. Invalid escapes are text.
///
/// Redaction splits a form itself, since the fields that it leaves alone keep their bytes; then
/// an `&` or `=` in a part is data, which `form_urlencoded` would split at.
pub(crate) fn decoded(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_values_and_escapes() {
        let fields = fields(b"a=1&b=x+y%2B%zz&&c&a=2");
        let pairs: Vec<_> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(pairs, [("a", "1"), ("b", "x y+%zz"), ("c", ""), ("a", "2")]);
        assert_eq!(field(b"a=1&a=2", "a").as_deref(), Some("1"));
    }
}
