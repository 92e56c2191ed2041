//! Schema of a JSON body: its paths and the types at them, regardless of values.

mod baseline;
mod fingerprint;

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use super::document::Document;
use super::json_tree::{JsonKind, JsonTree, Node};
use super::path::{PathStep, PayloadPath};

pub use baseline::Baseline;
pub use fingerprint::fingerprint;

/// Limit for the number of paths; their depth and the length of their keys are limited too.
const MAX_PATHS: usize = 2_000;
const MAX_DEPTH: usize = 64;
const MAX_KEY_LENGTH: usize = 200;

/// Types at a path; more than one if an array mixes them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Types(u8);

/// An array without items. It does not show their types, so it is not a type of its own.
const EMPTY: u8 = 1 << 6;
const NAMES: [&str; 6] = ["null", "boolean", "number", "string", "array", "object"];

impl Types {
    fn of(node: Node<'_>) -> Self {
        Self(match node.kind() {
            JsonKind::Literal if node.source() == "null" => 1,
            JsonKind::Number => 1 << 2,
            JsonKind::String => 1 << 3,
            JsonKind::Array => 1 << 4,
            JsonKind::EmptyArray => 1 << 4 | EMPTY,
            JsonKind::Object | JsonKind::EmptyObject => 1 << 5,
            _ => 1 << 1,
        })
    }

    fn named(self) -> u8 {
        self.0 & !EMPTY
    }

    fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES
            .into_iter()
            .enumerate()
            .filter(move |(bit, _)| self.0 & (1 << bit) != 0)
            .map(|it| it.1)
    }
}

impl fmt::Display for Types {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().collect::<Vec<_>>().join(" or "))
    }
}

/// Paths of a body, with `[]` for any index, and their types.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schema {
    paths: BTreeMap<String, Types>,
    is_whole: bool,
}

/// Difference from an earlier schema; its `Display` describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaChange {
    New { path: String, types: Types },
    Gone { path: String, types: Types },
    Type { path: String, old: Types, new: Types },
}

impl SchemaChange {
    pub fn path(&self) -> &str {
        match self {
            Self::New { path, .. } | Self::Gone { path, .. } | Self::Type { path, .. } => path,
        }
    }
}

impl fmt::Display for SchemaChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New { path, types } => write!(f, "{path} is new ({types})"),
            Self::Gone { path, types } => write!(f, "{path} is missing (was {types})"),
            Self::Type { path, old, new } => write!(f, "{path} is {new} (was {old})"),
        }
    }
}

impl Schema {
    /// Returns the schema of a body that is one JSON text; `None` for others.
    pub fn of(document: &Document) -> Option<Self> {
        document.only_tree().map(|tree| Walk::new(tree).shape())
    }

    /// Adds the paths of another body, so that optional paths count as known.
    pub fn extend(&mut self, other: &Self) {
        self.is_whole &= other.is_whole;
        for (path, types) in &other.paths {
            self.paths.entry(path.clone()).or_default().0 |= types.0;
        }
    }

    /// Returns whether a path leads through an array that has no items.
    fn is_open(&self, path: &str) -> bool {
        let arrays = path.match_indices("[]").filter_map(|(at, _)| path.get(..at));
        let mut known = arrays.map(|array| if array.is_empty() { "." } else { array });
        known.any(|array| {
            let items = format!("{}[]", array.trim_end_matches('.'));
            let is_empty = self.paths.get(array).is_some_and(|types| types.0 & EMPTY != 0);
            is_empty && !self.paths.contains_key(&items)
        })
    }
}

/// Returns whether a path is inside of another one.
fn is_inside(path: &str, above: &str) -> bool {
    let rest = if above == "." { Some(path) } else { path.strip_prefix(above) };
    rest.is_some_and(|rest| rest.starts_with(['.', '[']))
}

/// State while walking a tree.
struct Walk<'t> {
    tree: &'t JsonTree,
    /// Paths by the parent path and the last step; an index has no step.
    known: HashMap<(usize, Option<String>), usize>,
    paths: Vec<(String, Types)>,
    /// Containers around the current row: their last rows and their paths.
    open: Vec<(usize, Option<usize>)>,
    is_whole: bool,
}

impl<'t> Walk<'t> {
    fn new(tree: &'t JsonTree) -> Self {
        Self { tree, known: HashMap::new(), paths: Vec::new(), open: Vec::new(), is_whole: true }
    }

    fn shape(mut self) -> Schema {
        for row in 0..self.tree.len() {
            if self.tree.head(row) != row {
                continue;
            }
            let Some(node) = self.tree.node(row) else { continue };
            while self.open.last().is_some_and(|(last, _)| *last < row) {
                self.open.pop();
            }
            let path = self.path(node);
            if let Some((_, types)) = path.and_then(|path| self.paths.get_mut(path)) {
                types.0 |= Types::of(node).0;
            }
            if let Some(last) = self.tree.last(row) {
                self.open.push((last, path));
            }
        }
        let mut paths: BTreeMap<String, Types> = BTreeMap::new();
        for (path, types) in self.paths {
            let path = if path.is_empty() { ".".to_owned() } else { path };
            paths.entry(path).or_default().0 |= types.0;
        }
        Schema { paths, is_whole: self.is_whole }
    }

    /// Returns the path of a value; `None` if it is not kept.
    fn path(&mut self, node: Node<'_>) -> Option<usize> {
        let (above, prefix) = match self.open.last() {
            None => (usize::MAX, ""),
            Some((_, None)) => return None,
            Some((_, Some(above))) => (*above, self.paths.get(*above)?.0.as_str()),
        };
        let key = node.key();
        if self.open.len() > MAX_DEPTH || key.as_ref().is_some_and(|key| key.len() > MAX_KEY_LENGTH)
        {
            self.is_whole = false;
            return None;
        }
        let place = (above, key.map(std::borrow::Cow::into_owned));
        if let Some(path) = self.known.get(&place) {
            return Some(*path);
        }
        if self.paths.len() >= MAX_PATHS {
            self.is_whole = false;
            return None;
        }
        let path = match &place.1 {
            Some(key) => {
                prefix.to_owned() + &PayloadPath(vec![PathStep::Key(key.clone())]).breadcrumb()
            }
            None if above == usize::MAX => String::new(),
            None => format!("{prefix}[]"),
        };
        self.paths.push((path, Types::default()));
        self.known.insert(place, self.paths.len() - 1);
        Some(self.paths.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(body: &str) -> Schema {
        Schema::of(&Document::new(body.to_owned().into(), Some("application/json"), None)).unwrap()
    }

    fn changes(old: &str, new: &str) -> Vec<String> {
        Baseline::new(shape(old)).take(&shape(new)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn paths_have_general_indexes_and_types() {
        let shape = shape(r#"{"a":[{"b":1},{"b":"x","c d":null},true],"e":{}}"#);
        let paths: Vec<_> =
            shape.paths.iter().map(|(path, types)| format!("{path} {types}")).collect();
        assert_eq!(
            paths,
            [
                ". object",
                ".a array",
                ".a[] boolean or object",
                ".a[].\"c d\" null",
                ".a[].b number or string",
                ".e object"
            ]
        );
    }

    #[test]
    fn changes_are_described_in_words() {
        let old = r#"{"id":1,"who":{"name":"x"},"tags":["a"],"old":{"x":1}}"#;
        let new = r#"{"id":"1","who":null,"tags":["b","c"],"more":{"y":1}}"#;
        assert_eq!(
            changes(old, new),
            [
                ".id is string (was number)",
                ".more is new (object)",
                ".old is missing (was object)",
                ".who is null (was object)"
            ]
        );
        assert_eq!(changes(old, old), Vec::<String>::new());
        assert_eq!(changes("[1]", r#"["a"]"#), ["[] is string (was number)"]);
    }

    #[test]
    fn empty_arrays_have_no_item_types() {
        let (full, empty) = (r#"{"a":[{"b":[1]}],"c":1}"#, r#"{"a":[],"c":1}"#);
        assert_eq!(changes(full, empty), Vec::<String>::new());
        assert_eq!(changes(empty, full), Vec::<String>::new());
        assert_eq!(changes("[]", "[1]"), Vec::<String>::new());
        let mut both = shape(empty);
        both.extend(&shape(r#"{"a":[],"c":null}"#));
        let newer = shape(r#"{"a":[],"c":"x"}"#);
        assert_eq!(Baseline::new(both).take(&newer).len(), 1);
    }

    #[test]
    fn paths_over_the_limit_are_not_changes() {
        let many = |count: usize| {
            let keys: Vec<_> = (0..count).map(|at| format!("\"k{at}\":1")).collect();
            format!("{{{}}}", keys.join(","))
        };
        assert!(!shape(&many(3_000)).is_whole);
        assert_eq!(shape(&many(3_000)).paths.len(), MAX_PATHS);
        assert_eq!(changes(&many(3_000), &many(10)).len(), MAX_PATHS - 11);
        assert_eq!(changes(&many(10), &many(3_000)).len(), MAX_PATHS - 11);
        assert_eq!(changes(&many(3_000), "{\"new\":1}").len(), MAX_PATHS - 1);
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert!(!shape(&deep).is_whole);
    }
}
