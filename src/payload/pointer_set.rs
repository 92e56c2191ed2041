//! Finds the values of several JSON pointers in one pass over a body.

use std::borrow::Cow;
use std::ops::Range;

use hashbrown::HashMap;

use super::BOM;
use super::json::{JsonEvent, JsonReader, Token};
use super::pointer::{scalar, steps};

/// JSON pointers, merged into a tree by their steps.
#[derive(Debug, Clone, Default)]
pub struct PointerSet {
    /// The root is the first one.
    nodes: Vec<Node>,
    pointers: Vec<String>,
    /// Index of each pointer.
    indexes: HashMap<String, usize>,
}

#[derive(Debug, Clone, Default)]
struct Node {
    parent: Option<usize>,
    /// Sorted by step.
    children: Vec<(String, usize)>,
    /// Index of the pointer that ends here.
    pointer: Option<usize>,
}

/// Values found in a body, by pointer.
#[derive(Debug, Clone)]
pub struct FoundValues<'s> {
    set: &'s PointerSet,
    /// Index of the pointer, and its value. Few of the pointers have one.
    values: Vec<(usize, String)>,
}

impl FoundValues<'_> {
    pub fn get(&self, pointer: &str) -> Option<&str> {
        let index = self.set.indexes.get(pointer)?;
        self.values.iter().find(|(known, _)| known == index).map(|(_, value)| value.as_str())
    }
}

impl PointerSet {
    pub fn new(pointers: impl IntoIterator<Item = String>) -> Self {
        let mut set = Self { nodes: vec![Node::default()], ..Self::default() };
        for pointer in pointers {
            set.insert(pointer);
        }
        set
    }

    fn insert(&mut self, pointer: String) {
        let mut at = 0;
        for step in steps(&pointer) {
            at = match self.child(at, &step) {
                Some(child) => child,
                None => self.add_child(at, step),
            };
        }
        if let Some(node) = self.nodes.get_mut(at).filter(|node| node.pointer.is_none()) {
            node.pointer = Some(self.pointers.len());
            self.indexes.insert(pointer.clone(), self.pointers.len());
            self.pointers.push(pointer);
        }
    }

    fn add_child(&mut self, at: usize, step: String) -> usize {
        let child = self.nodes.len();
        self.nodes.push(Node { parent: Some(at), ..Node::default() });
        if let Some(Node { children, .. }) = self.nodes.get_mut(at) {
            let place = children.partition_point(|(known, _)| *known < step);
            children.insert(place, (step, child));
        }
        child
    }

    fn child(&self, at: usize, step: &str) -> Option<usize> {
        let children = &self.nodes.get(at)?.children;
        let place = children.binary_search_by(|(known, _)| known.as_str().cmp(step)).ok()?;
        children.get(place).map(|(_, child)| *child)
    }

    /// Returns whether a node is another one or below it.
    fn is_within(&self, node: usize, outer: usize) -> bool {
        let parent = |at: &usize| self.nodes.get(*at).and_then(|node| node.parent);
        std::iter::successors(Some(node), parent).any(|at| at == outer)
    }

    pub fn contains(&self, pointer: &str) -> bool {
        self.indexes.contains_key(pointer)
    }

    pub fn is_empty(&self) -> bool {
        self.pointers.is_empty()
    }

    /// Returns the scalars at the pointers, as [`super::pointer::lookup`] does for each one.
    pub fn lookup(&self, body: &[u8]) -> FoundValues<'_> {
        let none = FoundValues { set: self, values: Vec::new() };
        let text = body.strip_prefix(BOM).unwrap_or(body);
        let is_container = matches!(text.trim_ascii_start().first(), Some(b'{' | b'['));
        if self.is_empty() || !is_container {
            return none;
        }
        let mut pass = Pass { set: self, body, found: Vec::new(), open: Vec::new(), next: None };
        let mut reader = JsonReader::new(body);
        loop {
            let (depth, is_item) = (reader.depth(), reader.is_in_array());
            let Some(step) = reader.next() else { break };
            // A body that is not JSON up to its end has no values.
            let Ok((event, token)) = step else { return none };
            match event {
                JsonEvent::Key => pass.key(depth, token),
                JsonEvent::Scalar => pass.value(depth, is_item, Some(token)),
                JsonEvent::Open => pass.value(depth, is_item, None),
                JsonEvent::Close => pass.open.truncate(reader.depth()),
            }
        }
        FoundValues { set: self, values: pass.values() }
    }
}

struct Pass<'s> {
    set: &'s PointerSet,
    body: &'s [u8],
    /// Nodes at which pointers end, and their values so far.
    found: Vec<(usize, Range<usize>)>,
    /// Of each open container that a pointer leads through: its node, and the index of its next
    /// item.
    open: Vec<(usize, usize)>,
    /// Node of the key just read.
    next: Option<usize>,
}

impl Pass<'_> {
    fn key(&mut self, depth: usize, token: Token) {
        self.next = None;
        let (Some((node, _)), true) = (self.open.last(), self.open.len() == depth) else { return };
        let inside = self.body.get(token.start + 1..token.end - 1).unwrap_or_default();
        self.next = if memchr::memchr(b'\\', inside).is_none() {
            std::str::from_utf8(inside).ok().and_then(|key| self.set.child(*node, key))
        } else {
            let quoted = self.body.get(token.range()).unwrap_or_default();
            let key = serde_json::from_slice::<String>(quoted).ok();
            key.and_then(|key| self.set.child(*node, &key))
        };
    }

    fn value(&mut self, depth: usize, is_item: bool, scalar: Option<Token>) {
        let Some(node) = self.node(depth, is_item) else { return };
        // An earlier value of a repeated key no longer counts.
        self.found.retain(|(earlier, _)| !self.set.is_within(*earlier, node));
        match scalar {
            None => self.open.push((node, 0)),
            Some(token) => self.found.push((node, token.range())),
        }
    }

    /// Returns the node of the value that starts here.
    fn node(&mut self, depth: usize, is_item: bool) -> Option<usize> {
        if depth == 0 {
            return Some(0);
        }
        if self.open.len() != depth {
            return None;
        }
        if !is_item {
            return self.next.take();
        }
        let (node, index) = self.open.last_mut()?;
        *index += 1;
        let (node, index) = (*node, *index - 1);
        let children = &self.set.nodes.get(node)?.children;
        if children.is_empty() {
            return None;
        }
        self.set.child(node, &index.to_string())
    }

    fn values(self) -> Vec<(usize, String)> {
        let value = |range: Range<usize>| {
            let raw = std::str::from_utf8(self.body.get(range)?).ok()?;
            if raw == "null" { None } else { scalar(raw).map(Cow::into_owned) }
        };
        let found = self.found.into_iter();
        found
            .filter_map(|(node, range)| Some((self.set.nodes.get(node)?.pointer?, value(range)?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::payload::pointer;

    const POINTERS: [&str; 8] = ["", "/a", "/a/b", "/a/0", "/a/1/b", "/b~1c", "/0", "/0/a"];

    fn json() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("null".to_owned()),
            Just("1.50".to_owned()),
            Just(r#""t\u00e9""#.to_owned()),
            Just("true".to_owned()),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            let key = prop_oneof![Just("a"), Just("b"), Just("b/c"), Just("\\u0061"), Just("x")];
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4)
                    .prop_map(|items| format!("[{}]", items.join(" ,"))),
                proptest::collection::vec((key, inner), 0..4).prop_map(|members| {
                    let members: Vec<String> =
                        members.iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
                    format!("{{{}}}", members.join(","))
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn finds_what_each_pointer_finds_alone(body in json(), cut in any::<prop::sample::Index>()) {
            let set = PointerSet::new(POINTERS.map(str::to_owned));
            let whole = body.as_bytes();
            for body in [whole, &whole[..cut.index(whole.len())]] {
                let found = set.lookup(body);
                for path in POINTERS {
                    let alone = pointer::lookup(body, path);
                    let scalar_root = path.is_empty() && !matches!(body.first(), Some(b'{' | b'['));
                    prop_assert!(scalar_root || found.get(path) == alone.as_deref(), "{path}: {}", String::from_utf8_lossy(body));
                }
            }
        }
    }
}
