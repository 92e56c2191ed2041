//! Deserializes a TOML value, with typed errors that know their place in the text.

use std::fmt;
use std::ops::Range;

use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeSeed, Deserializer, Expected, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, Visitor,
};
use serde_spanned::de::{SpannedDeserializer, is_spanned};
use toml::Spanned;
use toml::de::{DeString, DeValue};

/// Reads a value without consuming it.
#[derive(Clone, Copy)]
pub(super) struct ValueReader<'v, 'i>(pub(super) &'v Spanned<DeValue<'i>>);

/// Reason why a value was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ReadErrorKind {
    #[error("unknown key `{name}`: expected {}", one_of(known))]
    UnknownKey { name: String, known: &'static [&'static str] },
    #[error("unknown value `{name}`: expected {}", one_of(known))]
    UnknownValue { name: String, known: &'static [&'static str] },
    #[error("missing key `{0}`")]
    MissingKey(&'static str),
    #[error("expected {expected}, found {found}")]
    WrongType { expected: String, found: String },
    #[error("{0}")]
    Other(String),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub(super) struct ReadError {
    pub(super) kind: ReadErrorKind,
    /// Innermost key or value that the error is about.
    pub(super) span: Option<Range<usize>>,
}

impl ReadError {
    fn at(self, span: Range<usize>) -> Self {
        Self { span: self.span.or(Some(span)), ..self }
    }
}

impl From<ReadErrorKind> for ReadError {
    fn from(kind: ReadErrorKind) -> Self {
        Self { kind, span: None }
    }
}

fn one_of(known: &[&str]) -> String {
    match known {
        [only] => format!("`{only}`"),
        [one, other] => format!("`{one}` or `{other}`"),
        _ => format!("one of `{}`", known.join("`, `")),
    }
}

impl de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        ReadErrorKind::Other(message.to_string()).into()
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let (expected, found) = (expected.to_string(), described(found));
        ReadErrorKind::WrongType { expected, found }.into()
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_variant(name: &str, known: &'static [&'static str]) -> Self {
        ReadErrorKind::UnknownValue { name: name.to_owned(), known }.into()
    }

    fn unknown_field(name: &str, known: &'static [&'static str]) -> Self {
        ReadErrorKind::UnknownKey { name: name.to_owned(), known }.into()
    }

    fn missing_field(name: &'static str) -> Self {
        ReadErrorKind::MissingKey(name).into()
    }
}

/// Describes a value in the words of a configuration file.
fn described(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Signed(value) => format!("a whole number `{value}`"),
        Unexpected::Unsigned(value) => format!("a whole number `{value}`"),
        Unexpected::Float(value) => format!("a number `{value}`"),
        Unexpected::Str(text) => format!("a text `{text}`"),
        Unexpected::Seq => "an array".to_owned(),
        Unexpected::Map => "a table".to_owned(),
        other => other.to_string(),
    }
}

impl<'i> ValueReader<'_, 'i> {
    fn value(&self) -> &DeValue<'i> {
        self.0.get_ref()
    }

    fn found(self) -> String {
        match self.value() {
            DeValue::String(text) => described(Unexpected::Str(text)),
            DeValue::Integer(number) => format!("a whole number `{number}`"),
            DeValue::Float(number) => format!("a number `{number}`"),
            DeValue::Boolean(value) => described(Unexpected::Bool(*value)),
            DeValue::Datetime(time) => format!("a time `{time}`"),
            DeValue::Array(_) => described(Unexpected::Seq),
            DeValue::Table(_) => described(Unexpected::Map),
        }
    }

    fn wrong_type(self, expected: &str) -> ReadError {
        let expected = expected.to_owned();
        ReadError::from(ReadErrorKind::WrongType { expected, found: self.found() })
            .at(self.0.span())
    }

    /// Reads the value if it is of the expected type.
    fn read<'de, V: Visitor<'de>>(
        self,
        is_expected: bool,
        expected: &str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        if is_expected { self.deserialize_any(visitor) } else { Err(self.wrong_type(expected)) }
    }

    /// Returns the number if it is an integer of a type.
    fn integer<T: TryFrom<i128>>(self, range: impl fmt::Display) -> Result<T, ReadError> {
        let number = match self.value() {
            DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => return Err(self.wrong_type("a whole number")),
        };
        let number = number.and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| self.wrong_type(&format!("a whole number {range}")))
    }
}

/// Reads integers of the types that a visitor asks for.
macro_rules! integers {
    ($($method:ident, $visit:ident, $type:ty;)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            let range = if <$type>::MIN == 0 && <$type>::BITS >= 64 {
                "of 0 or more".to_owned()
            } else {
                format!("from {} to {}", <$type>::MIN, <$type>::MAX)
            };
            let span = self.0.span();
            visitor.$visit(self.integer::<$type>(range)?).map_err(|error: ReadError| error.at(span))
        })*
    };
}

impl<'de> Deserializer<'de> for ValueReader<'_, '_> {
    type Error = ReadError;

    integers! {
        deserialize_u8, visit_u8, u8;
        deserialize_u16, visit_u16, u16;
        deserialize_u32, visit_u32, u32;
        deserialize_u64, visit_u64, u64;
        deserialize_i8, visit_i8, i8;
        deserialize_i16, visit_i16, i16;
        deserialize_i32, visit_i32, i32;
        deserialize_i64, visit_i64, i64;
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let read = match self.value() {
            DeValue::String(text) => visitor.visit_str(text),
            DeValue::Integer(_) => visitor.visit_i64(self.integer("that fits 64 bits")?),
            DeValue::Float(number) => match number.as_str().replace('_', "").parse() {
                Ok(number) => visitor.visit_f64(number),
                Err(_) => Err(self.wrong_type("a number")),
            },
            DeValue::Boolean(value) => visitor.visit_bool(*value),
            // No setting is a time.
            DeValue::Datetime(time) => visitor.visit_string(time.to_string()),
            DeValue::Array(items) => visitor.visit_seq(Items(items.iter())),
            DeValue::Table(table) => visitor.visit_map(Entries { left: table.iter(), value: None }),
        };
        read.map_err(|error| error.at(self.0.span()))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.read(self.value().is_bool(), "true or false", visitor)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let is_number = self.value().is_float() || self.value().is_integer();
        self.read(is_number, "a number", visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.read(self.value().is_str(), "a text", visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let span = self.0.span();
        visitor.visit_some(self).map_err(|error| error.at(span))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let span = self.0.span();
        visitor.visit_newtype_struct(self).map_err(|error| error.at(span))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.read(self.value().is_array(), "an array", visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.read(self.value().is_table(), "a table", visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        if is_spanned(name) {
            return visitor.visit_map(SpannedDeserializer::new(self, self.0.span()));
        }
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let DeValue::String(text) = self.value() else { return Err(self.wrong_type("a text")) };
        let word: StrDeserializer<'_, ReadError> = (**text).into_deserializer();
        visitor.visit_enum(word).map_err(|error| error.at(self.0.span()))
    }

    serde::forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

impl IntoDeserializer<'_, ReadError> for ValueReader<'_, '_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

struct Items<'v, 'i>(std::slice::Iter<'v, Spanned<DeValue<'i>>>);

impl<'de> SeqAccess<'de> for Items<'_, '_> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ReadError> {
        let Some(item) = self.0.next() else { return Ok(None) };
        seed.deserialize(ValueReader(item)).map(Some).map_err(|error| error.at(item.span()))
    }
}

struct Entries<'v, 'i> {
    left: toml::map::Iter<'v, Spanned<DeString<'i>>, Spanned<DeValue<'i>>>,
    /// Value of the key that was read last.
    value: Option<&'v Spanned<DeValue<'i>>>,
}

impl<'de> MapAccess<'de> for Entries<'_, '_> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ReadError> {
        let Some((key, value)) = self.left.next() else { return Ok(None) };
        self.value = Some(value);
        let word: StrDeserializer<'_, ReadError> = (**key.get_ref()).into_deserializer();
        seed.deserialize(word).map(Some).map_err(|error| error.at(key.span()))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        let value = self.value.take();
        let value =
            value.ok_or_else(|| <ReadError as de::Error>::custom("a value without a key"))?;
        seed.deserialize(ValueReader(value)).map_err(|error| error.at(value.span()))
    }
}
