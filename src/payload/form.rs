//! Bodies of the type `application/x-www-form-urlencoded`.

/// The media type of such bodies.
pub const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

/// Returns decoded names and values in the order received.
pub fn fields(body: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(body);
    let items = text.split('&').filter(|item| !item.is_empty());
    let read = |item: &str| {
        let (name, value) = item.split_once('=').unwrap_or((item, ""));
        (decoded(name), decoded(value))
    };
    items.map(read).collect()
}

/// Returns the value of the first field with a name.
pub fn field(body: &[u8], name: &str) -> Option<String> {
    fields(body).into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

/// Decodes `+` and `%41` as in forms; keeps invalid escapes.
pub fn decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        let digits = behind.get(..2).and_then(|digits| hex::decode(digits).ok());
        match (byte, digits.as_deref()) {
            (b'%', Some(&[byte])) => {
                out.push(byte);
                rest = behind.get(2..).unwrap_or_default();
                continue;
            }
            (b'+', _) => out.push(b' '),
            _ => out.push(byte),
        }
        rest = behind;
    }
    String::from_utf8_lossy(&out).into_owned()
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
