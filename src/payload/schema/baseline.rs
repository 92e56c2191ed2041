//! Schema learned from the earlier bodies of a type, and the changes in the next one.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{MAX_PATHS, Schema, SchemaChange, Types, is_inside};

/// Paths of all bodies so far. A path that was missing in one of them may be missing in others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Baseline {
    shape: Schema,
    /// Paths that were missing in a body that had their container.
    optional: BTreeSet<String>,
}

impl Baseline {
    /// Creates the baseline from the first body.
    pub fn new(first: Schema) -> Self {
        Self { shape: first, optional: BTreeSet::new() }
    }

    /// Adds another body; returns its changes by path. Leaves out paths inside of a value that was
    /// added, removed, or changed its type.
    pub fn take(&mut self, newer: &Schema) -> Vec<SchemaChange> {
        let mut found = Vec::new();
        let mut reported: Vec<String> = Vec::new();
        let mut all: Vec<String> =
            self.shape.paths.keys().chain(newer.paths.keys()).cloned().collect();
        // Containers come before what is in them.
        all.sort_by(|one, other| (one.len(), one).cmp(&(other.len(), other)));
        all.dedup();
        for path in all {
            if reported.iter().any(|above| is_inside(&path, above)) {
                continue;
            }
            let (old, new) = (self.shape.paths.get(&path), newer.paths.get(&path));
            let change = match (old, new) {
                (Some(old), Some(new)) if new.named() & !old.named() == 0 => {
                    // An object that is null in this body does not show whether its members are
                    // optional.
                    if !new.holds(*old) {
                        reported.push(path);
                    }
                    continue;
                }
                (Some(old), Some(new)) => {
                    Some(SchemaChange::Type { path: path.clone(), old: *old, new: *new })
                }
                (Some(types), None) => {
                    (!self.optional.contains(&path) && newer.is_whole && !newer.is_open(&path))
                        .then(|| SchemaChange::Gone { path: path.clone(), types: *types })
                }
                (None, types) => {
                    (self.shape.is_whole && !self.shape.is_open(&path)).then(|| SchemaChange::New {
                        path: path.clone(),
                        types: types.copied().unwrap_or_default(),
                    })
                }
            };
            if !matches!(change, Some(SchemaChange::Type { .. })) {
                self.optional.insert(path.clone());
            }
            reported.push(path);
            found.extend(change);
        }
        self.extend(newer);
        found.sort_by(|one, other| one.path().cmp(other.path()));
        found
    }

    fn extend(&mut self, newer: &Schema) {
        self.shape.extend(newer);
        while self.shape.paths.len() > MAX_PATHS {
            self.shape.is_whole = false;
            self.shape.paths.pop_last();
        }
        let paths = &self.shape.paths;
        self.optional.retain(|path| paths.contains_key(path));
    }

    /// Returns the text that [`Self::from_text`] reads, one path per line.
    pub fn to_text(&self) -> String {
        let mut out = String::from(if self.shape.is_whole { "whole\n" } else { "part\n" });
        for (path, types) in &self.shape.paths {
            let sign = if self.optional.contains(path) { '?' } else { ' ' };
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{}{sign}{}", types.0, serde_json::Value::from(path.as_str()));
        }
        out
    }

    /// Returns `None` for a text that [`Self::to_text`] did not write.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let mut shape = Schema { is_whole: lines.next()? == "whole", ..Schema::default() };
        let mut optional = BTreeSet::new();
        for line in lines {
            let (types, path) = line.split_at_checked(line.find([' ', '?'])?)?;
            let (sign, path) = path.split_at_checked(1)?;
            let path: String = serde_json::from_str(path).ok()?;
            if sign == "?" {
                optional.insert(path.clone());
            }
            shape.paths.insert(path, Types(types.parse().ok()?));
        }
        Some(Self { shape, optional })
    }
}

impl Types {
    /// Returns true if every container type in `old` is present here as well.
    fn holds(self, old: Self) -> bool {
        const OPEN: u8 = 1 << 4 | 1 << 5;
        self.0 & OPEN == old.0 & OPEN
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::Document;

    fn shape(body: &str) -> Schema {
        Schema::of(&Document::new(body.to_owned().into(), Some("application/json"), None)).unwrap()
    }

    fn reported(bodies: &[&str]) -> Vec<Vec<String>> {
        let (first, rest) = bodies.split_first().unwrap();
        let mut known = Baseline::new(shape(first));
        let mut reported = |body: &&str| {
            let changes = known.take(&shape(body));
            // Storing and loading the baseline in between changes nothing.
            known = Baseline::from_text(&known.to_text()).unwrap();
            changes.iter().map(ToString::to_string).collect()
        };
        rest.iter().map(&mut reported).collect()
    }

    #[test]
    fn an_optional_path_is_reported_once() {
        let (with, without) = (r#"{"id":1,"note":"x"}"#, r#"{"id":1}"#);
        assert_eq!(
            reported(&[with, with, without, with, without]),
            [vec![], vec![".note is missing (was string)".to_owned()], vec![], vec![]]
        );
        assert_eq!(
            reported(&[without, with, without, with]),
            [vec![".note is new (string)".to_owned()], vec![], vec![]]
        );
    }

    #[test]
    fn a_nullable_value_hides_no_changes() {
        let (null, whole) = (r#"{"who":null}"#, r#"{"who":{"name":"x"}}"#);
        let more = r#"{"who":{"name":"x","age":3}}"#;
        assert_eq!(
            reported(&[whole, null, whole, null, more, r#"{"who":{"age":4}}"#]),
            [
                vec![".who is null (was object)".to_owned()],
                vec![],
                vec![],
                vec![".who.age is new (number)".to_owned()],
                vec![".who.name is missing (was string)".to_owned()]
            ]
        );
    }

    #[test]
    fn odd_keys_round_trip_and_invalid_text_is_refused() {
        let known = Baseline::new(shape("{\"a\\nb \\\"?\":[1],\"é\":{}}"));
        assert_eq!(Baseline::from_text(&known.to_text()), Some(known));
        for damaged in ["whole\nx", "whole\n4 .a", "whole\n999 \"a\"", "whole\né \"a\""] {
            assert_eq!(Baseline::from_text(damaged), None, "{damaged}");
        }
    }

    #[test]
    fn the_number_of_kept_keys_is_limited() {
        let many = |from: usize| {
            let keys: Vec<_> = (from..from + 1500).map(|at| format!("\"k{at}\":1")).collect();
            format!("{{{}}}", keys.join(","))
        };
        let mut known = Baseline::new(shape(&many(0)));
        assert_eq!(known.take(&shape(&many(10_000))).len(), 3000);
        assert!(known.shape.paths.len() <= MAX_PATHS && !known.shape.is_whole);
        assert!(
            known
                .take(&shape(r#"{"new":1}"#))
                .iter()
                .all(|change| { !matches!(change, SchemaChange::New { .. }) })
        );
    }
}
