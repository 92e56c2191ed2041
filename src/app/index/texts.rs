//! Interned texts.

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher as _;

/// Growing set of texts, numbered from 1; 0 means none.
#[derive(Debug)]
pub(super) struct Texts {
    /// Concatenated texts.
    all: String,
    /// End offset of each text, starting with that of number 0.
    ends: Vec<u32>,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Default for Texts {
    fn default() -> Self {
        Self {
            all: String::new(),
            ends: vec![0],
            numbers: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
        }
    }
}

impl Texts {
    /// Returns the number of a text, adding it if new.
    pub(super) fn number(&mut self, text: &str) -> u32 {
        let Self { all, ends, numbers, hasher } = self;
        let hash = hasher.hash_one(text);
        let same = |number: &u32| slice(all, ends, *number) == Some(text);
        if let Some(number) = numbers.find(hash, same) {
            return *number;
        }
        let (Ok(number), Ok(end)) =
            (u32::try_from(ends.len()), u32::try_from(all.len() + text.len()))
        else {
            // Over four gigabytes of distinct texts: the list shows further ones as empty.
            return 0;
        };
        all.push_str(text);
        ends.push(end);
        numbers.insert_unique(hash, number, |other| {
            hasher.hash_one(slice(all, ends, *other).unwrap_or_default())
        });
        number
    }

    pub(super) fn optional(&mut self, text: Option<&str>) -> u32 {
        text.map_or(0, |text| self.number(text))
    }

    /// Returns the text with a number.
    pub(super) fn text(&self, number: u32) -> Option<&str> {
        slice(&self.all, &self.ends, number)
    }

    /// Returns the count of numbers, including 0.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }
}

fn slice<'t>(all: &'t str, ends: &[u32], number: u32) -> Option<&'t str> {
    let number = number as usize;
    let start = *ends.get(number.checked_sub(1)?)?;
    all.get(start as usize..*ends.get(number)? as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_has_one_number() {
        let mut texts = Texts::default();
        let words: Vec<String> = (0..1000).map(|number| format!("é{}", number % 500)).collect();
        let numbers: Vec<u32> = words.iter().map(|word| texts.number(word)).collect();
        assert_eq!(numbers[..500], numbers[500..]);
        for (word, number) in words.iter().zip(numbers) {
            assert_eq!(texts.text(number), Some(word.as_str()));
        }
        let empty = texts.number("");
        assert_eq!(texts.text(empty), Some(""));
        assert_eq!(texts.optional(None), 0);
        assert_eq!((texts.text(0), texts.text(999)), (None, None));
    }
}
