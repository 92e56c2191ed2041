//! Checks from the source the layers and modules that `src/lib.rs` describes.
//!
//! Every file is a module of the graph. An edge leads from a file to the file that defines a name
//! it uses, in a `use` or in a path, outside of tests. A re-export leads to the file that defines
//! the item. A module may name items of the modules that contain it: a parent and its children are
//! one unit. All other edges count.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree, Visibility};

type Tested<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// The layers, highest first. A module may name modules of lower layers, and others of its own
/// layer as long as they form no cycle.
const LAYERS: &[(&str, &[&str])] = &[
    ("front ends", &["cli", "dashboard", "headless", "mcp"]),
    ("configuration", &["config"]),
    ("dashboard core", &["app"]),
    ("operations", &["ops"]),
    ("services", &["intake"]),
    (
        "I/O",
        &[
            "body_budget",
            "hub",
            "input_file",
            "listener",
            "outbound",
            "output",
            "private_file",
            "store",
            "task",
            "tunnel",
        ],
    ),
    (
        "domain",
        &[
            "delivery",
            "diagnostic",
            "error_chain",
            "filter",
            "formats",
            "payload",
            "provider",
            "redact",
            "respond",
            "secret",
            "signature",
            "units",
            "words",
            "work",
        ],
    ),
];

/// Layers whose modules have no I/O, clocks, or tasks.
const PURE: &[&str] = &["dashboard core", "domain"];

/// Names that a pure module must not use.
const IMPURE: &[&str] = &[
    "crossterm",
    "hyper",
    "hyper_util",
    "rusqlite",
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "tokio",
];

/// Types of impure modules that are plain values.
const VALUES: &[&str] = &["std::net::Ipv4Addr", "std::net::Ipv6Addr"];

/// Impure names that a pure module uses, with the reason.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("respond::rulebook", "tokio::sync::watch", "shares a value that changes; waits for nothing"),
    (
        "signature::current",
        "tokio::sync::watch",
        "shares secrets that change while requests arrive",
    ),
    ("signature::public_url", "tokio::sync::watch", "shares a value that a tunnel reports late"),
];

/// The path of a module from the crate's root; empty for the crate itself.
type Module = Vec<String>;

/// The declarations and names of a file.
#[derive(Debug, Default)]
struct Source {
    /// The path of each imported name, as written.
    imports: BTreeMap<String, Vec<String>>,
    /// Paths of imports with a `*`.
    globs: Vec<Vec<String>>,
    /// Every path that is named, as written.
    paths: BTreeSet<Vec<String>>,
    /// Functions that take several parameters as a tuple.
    packing: Vec<String>,
}

impl Source {
    fn read(text: &str) -> syn::Result<Self> {
        let mut source = Self::default();
        source.visit_file(&syn::parse_file(text)?);
        Ok(source)
    }

    fn import(&mut self, tree: &UseTree, before: &[String]) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.import(&path.tree, &with(&path.ident)),
            UseTree::Name(name) if name.ident == "self" => self.name(before.to_vec(), None),
            UseTree::Name(name) => self.name(with(&name.ident), None),
            UseTree::Rename(name) if name.ident == "self" => {
                self.name(before.to_vec(), Some(name.rename.to_string()));
            }
            UseTree::Rename(name) => {
                self.name(with(&name.ident), Some(name.rename.to_string()));
            }
            UseTree::Glob(_) => self.globs.push(before.to_vec()),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, before);
                }
            }
        }
    }

    fn name(&mut self, path: Vec<String>, renamed: Option<String>) {
        self.paths.insert(path.clone());
        if let Some(name) = renamed.or_else(|| path.last().cloned()) {
            self.imports.insert(name, path);
        }
    }

    /// Finds `a::b::c` among the tokens of a macro.
    fn tokens(&mut self, tokens: TokenStream) {
        let (mut path, mut colons) = (Vec::new(), 0);
        for token in tokens {
            match token {
                TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.path(std::mem::take(&mut path));
                    }
                    path.push(name.to_string());
                    colons = 0;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.path(std::mem::take(&mut path));
                    self.tokens(group.stream());
                    colons = 0;
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {
                    self.path(std::mem::take(&mut path));
                    colons = 0;
                }
            }
        }
        self.path(path);
    }

    fn path(&mut self, path: Vec<String>) {
        if path.len() > 1 {
            self.paths.insert(path);
        }
    }
}

impl<'a> Visit<'a> for Source {
    fn visit_item(&mut self, item: &'a Item) {
        if !is_test(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'a syn::ImplItem) {
        let attributes: &[Attribute] = match item {
            syn::ImplItem::Fn(function) => &function.attrs,
            syn::ImplItem::Const(constant) => &constant.attrs,
            _ => &[],
        };
        if !is_test(attributes) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_signature(&mut self, signature: &'a syn::Signature) {
        let packs = |input: &syn::FnArg| match input {
            syn::FnArg::Typed(input) => {
                matches!((&*input.pat, &*input.ty), (syn::Pat::Tuple(_), syn::Type::Tuple(_)))
            }
            syn::FnArg::Receiver(_) => false,
        };
        if signature.inputs.iter().any(packs) {
            self.packing.push(signature.ident.to_string());
        }
        visit::visit_signature(self, signature);
    }

    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        self.import(&item.tree, &[]);
    }

    fn visit_visibility(&mut self, _: &'a Visibility) {}

    fn visit_path(&mut self, path: &'a syn::Path) {
        self.path(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'a syn::Macro) {
        self.tokens(called.tokens.clone());
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let is_cfg = attribute.path().is_ident("cfg");
        is_cfg && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

/// Resolves a path that began with `self` or `super`, followed by any further `super`.
fn absolute_in(module: &[String], rest: &[String]) -> Option<Module> {
    match rest.split_first() {
        Some((first, rest)) if first == "super" => absolute_in(module.split_last()?.1, rest),
        _ => Some([module, rest].concat()),
    }
}

/// All files of a crate.
#[derive(Debug, Default)]
struct Crate(BTreeMap<Module, Source>);

impl Crate {
    fn read() -> Tested<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut files = BTreeMap::new();
        for path in files_of(&root)? {
            let inside = path.strip_prefix(&root)?.with_extension("");
            let names = inside.iter().map(|name| name.to_string_lossy().into_owned());
            let module: Module = names.filter(|name| name != "lib").collect();
            let source = Source::read(&fs::read_to_string(&path)?)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            files.insert(module, source);
        }
        // The binary is a crate of its own, above all layers.
        files.remove(&Module::from(["main".to_owned()]));
        Ok(Self(files))
    }

    /// Resolves a path from the crate's root; none if it leads out of the crate or to a local item.
    fn absolute(&self, module: &[String], path: &[String], depth: usize) -> Option<Module> {
        let (first, rest) = path.split_first()?;
        let inside = |module: &[String]| absolute_in(module, rest);
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => inside(module),
            "super" => inside(module.split_last()?.1),
            _ if self.0.contains_key(&[module, std::slice::from_ref(first)].concat()) => {
                Some([module, path].concat())
            }
            name => {
                let source = self.0.get(module)?;
                // An external crate may be imported under its own name.
                let import = source.imports.get(name).filter(|import| depth > 0 && *import != path);
                let start = self.absolute(module, import?, depth - 1)?;
                Some([&start, rest].concat())
            }
        }
    }

    /// Returns the file that defines an absolute path.
    fn definition(&self, path: &[String], depth: usize) -> Module {
        let depth_of = |at: &usize| self.0.contains_key(path.get(..*at).unwrap_or_default());
        let at = (0..=path.len()).rev().find(depth_of).unwrap_or(0);
        let (module, rest) = path.split_at(at);
        let (Some(source), [name, ..]) = (self.0.get(module), rest) else { return module.to_vec() };
        if depth == 0 {
            return module.to_vec();
        }
        let follow = |import: &[String]| self.absolute(module, import, depth - 1);
        if let Some(import) = source.imports.get(name) {
            let found = follow(import);
            return found.map_or_else(|| module.to_vec(), |to| self.definition(&to, depth - 1));
        }
        for glob in source.globs.iter().filter_map(|glob| follow(glob)) {
            let behind = self.definition(&[&glob[..], rest].concat(), depth - 1);
            if behind != glob {
                return behind;
            }
        }
        module.to_vec()
    }

    /// Returns the modules that a module names, without those that contain it.
    fn named(&self, module: &Module, source: &Source) -> BTreeSet<Module> {
        const DEPTH: usize = 8;
        let paths = source.paths.iter().chain(&source.globs);
        let paths = paths.filter_map(|path| self.absolute(module, path, DEPTH));
        let found = paths.map(|path| self.definition(&path, DEPTH));
        found.filter(|to| !module.starts_with(to)).collect()
    }

    fn graph(&self) -> Graph {
        let edges = self.0.iter().map(|(module, source)| {
            let named = self.named(module, source);
            (module.join("::"), named.iter().map(|to| to.join("::")).collect())
        });
        Graph(edges.collect())
    }

    /// Returns the graph of the modules that the crate's root declares.
    fn top(&self) -> Graph {
        let mut graph = Graph::default();
        for (from, named) in self.graph().0 {
            let top = |module: &str| module.split("::").next().unwrap_or_default().to_owned();
            let from_top = top(&from);
            let named = named.iter().map(|to| top(to)).filter(|to| *to != from_top);
            graph.0.entry(from_top.clone()).or_default().extend(named);
        }
        graph.0.remove("");
        graph
    }
}

fn files_of(folder: &Path) -> Tested<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files_of(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(found)
}

/// Modules and the ones that each names.
#[derive(Debug, Default)]
struct Graph(BTreeMap<String, BTreeSet<String>>);

impl Graph {
    /// Returns the strongly connected components of more than one module (Tarjan).
    fn cycles(&self) -> Vec<Vec<String>> {
        let mut search = Search::new(self);
        for module in self.0.keys() {
            if !search.order.contains_key(module.as_str()) {
                search.visit(module);
            }
        }
        search.found
    }

    /// Lists the edges within a cycle, one per line.
    fn describe(&self, cycle: &[String]) -> String {
        let mut lines = vec![format!("cycle of {} modules:", cycle.len())];
        for from in cycle {
            let named = self.0.get(from).into_iter().flatten().filter(|to| cycle.contains(to));
            lines.extend(named.map(|to| format!("    {from} -> {to}")));
        }
        lines.join("\n")
    }
}

struct Search<'g> {
    graph: &'g Graph,
    order: BTreeMap<&'g str, usize>,
    stack: Vec<&'g str>,
    found: Vec<Vec<String>>,
}

impl<'g> Search<'g> {
    fn new(graph: &'g Graph) -> Self {
        Self { graph, order: BTreeMap::new(), stack: Vec::new(), found: Vec::new() }
    }

    /// Returns the lowest number of a module on the stack that can be reached from here.
    fn visit(&mut self, module: &'g str) -> usize {
        let number = self.order.len();
        self.order.insert(module, number);
        self.stack.push(module);
        let mut low = number;
        for to in self.graph.0.get(module).into_iter().flatten() {
            low = low.min(match self.order.get(to.as_str()) {
                None => self.visit(to),
                Some(number) if self.stack.contains(&to.as_str()) => *number,
                Some(_) => usize::MAX,
            });
        }
        if low == number {
            let from = self.stack.iter().position(|one| *one == module).unwrap_or_default();
            let component = self.stack.split_off(from);
            if component.len() > 1 {
                self.found.push(component.into_iter().map(str::to_owned).collect());
            }
        }
        low
    }
}

fn layer_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|(_, modules)| modules.contains(&module))
}

fn is_free_of_cycles(graph: &Graph) {
    let cycles: Vec<String> = graph.cycles().iter().map(|cycle| graph.describe(cycle)).collect();
    assert!(cycles.is_empty(), "{}", cycles.join("\n"));
}

#[test]
fn modules_form_no_cycle() -> Tested {
    is_free_of_cycles(&Crate::read()?.graph());
    Ok(())
}

#[test]
fn top_modules_form_no_cycle() -> Tested {
    is_free_of_cycles(&Crate::read()?.top());
    Ok(())
}

#[test]
fn every_module_has_a_layer() -> Tested {
    for module in Crate::read()?.top().0.keys() {
        assert!(layer_of(module).is_some(), "{module} is in no layer");
    }
    Ok(())
}

#[test]
fn a_layer_names_only_lower_ones() -> Tested {
    let mut wrong = Vec::new();
    for (from, named) in Crate::read()?.graph().0 {
        let layer = |module: &str| layer_of(module.split("::").next().unwrap_or_default());
        let higher = named.iter().filter(|to| layer(to) < layer(&from));
        wrong.extend(higher.map(|to| format!("{from} -> {to}")));
    }
    assert!(wrong.is_empty(), "a module names one of a higher layer:\n{}", wrong.join("\n"));
    Ok(())
}

#[test]
fn pure_modules_have_no_side_effects() -> Tested {
    let mut wrong = Vec::new();
    for (module, source) in Crate::read()?.0 {
        let layer = module.first().and_then(|top| layer_of(top)).and_then(|at| LAYERS.get(at));
        if !layer.is_some_and(|(name, _)| PURE.contains(name)) {
            continue;
        }
        let names = source.paths.iter().chain(&source.globs).map(|path| path.join("::"));
        let is_in = |name: &str, list: &[&str]| {
            list.iter().any(|one| {
                name.strip_prefix(one).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
            })
        };
        let module = module.join("::");
        let is_excepted = |name: &str| {
            EXCEPTIONS.iter().any(|(from, to, _)| *from == module && is_in(name, &[to]))
        };
        let impure = names.filter(|name| is_in(name, IMPURE) && !is_in(name, VALUES));
        let impure = impure.filter(|name| !is_excepted(name));
        wrong.extend(impure.map(|name| format!("{module} names {name}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// A tuple of parameters has no names where the function is called, and hides their number.
#[test]
fn functions_take_their_parameters_one_by_one() -> Tested {
    let mut wrong = Vec::new();
    for (module, source) in Crate::read()?.0 {
        wrong.extend(source.packing.iter().map(|name| format!("{}::{name}", module.join("::"))));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// Maximum number of files in a trace of CONTRIBUTING.md.
const LONGEST_TRACE: usize = 15;

/// Returns the traces in CONTRIBUTING.md, each as the files that it names in order.
fn traces() -> Tested<Vec<Vec<PathBuf>>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("CONTRIBUTING.md"))?;
    let section = text.split("\n## ").find(|section| section.starts_with("Follow the code"));
    let tables = section.ok_or("no section `Follow the code`")?.split("| file |").skip(1);
    let file =
        |line: &str| Some(root.join("src").join(line.strip_prefix("| `")?.split_once('`')?.0));
    Ok(tables.map(|table| table.lines().filter_map(file).collect()).collect())
}

#[test]
fn traced_files_exist() -> Tested {
    let missing: Vec<PathBuf> =
        traces()?.into_iter().flatten().filter(|path| !path.is_file()).collect();
    assert!(missing.is_empty(), "CONTRIBUTING.md names {missing:?}");
    Ok(())
}

#[test]
fn a_trace_opens_few_files() -> Tested {
    let lengths: Vec<usize> = traces()?.iter().map(Vec::len).collect();
    assert!(
        lengths.len() == 2 && lengths.iter().all(|files| (1..=LONGEST_TRACE).contains(files)),
        "{lengths:?}"
    );
    Ok(())
}

/// Returns a crate made of these sources.
fn sample(sources: &[(&str, &str)]) -> Tested<Crate> {
    let mut files = BTreeMap::new();
    for (module, text) in sources {
        let names = module.split("::").filter(|name| !name.is_empty());
        files.insert(names.map(str::to_owned).collect(), Source::read(text)?);
    }
    Ok(Crate(files))
}

#[test]
fn a_cycle_through_a_re_export_is_found() -> Tested {
    let graph = sample(&[
        ("", "pub mod a; pub mod b;"),
        ("a", "mod inner; pub use inner::Inner; fn go() { println!(\"{}\", crate::b::two()); }"),
        ("a::inner", "pub struct Inner(super::super::b::Two);"),
        ("b", "use crate::a::Inner; pub struct Two; pub fn two() {}"),
    ])?
    .graph();
    assert_eq!(graph.cycles(), [["a::inner", "b"]]);
    Ok(())
}

#[test]
fn nesting_is_not_a_cycle() -> Tested {
    let graph = sample(&[
        ("", "pub mod a;"),
        ("a", "mod inner; use inner::Inner; pub struct Outer(Inner);"),
        ("a::inner", "use super::Outer; pub struct Inner(Box<Outer>);"),
    ])?
    .graph();
    assert_eq!(graph.cycles(), Vec::<Vec<String>>::new());
    Ok(())
}

#[test]
fn tests_do_not_count() -> Tested {
    let graph = sample(&[
        ("", "pub mod a; pub mod b;"),
        ("a", "pub struct A; #[cfg(test)] mod tests { use crate::b::B; }"),
        ("b", "use crate::a::A; pub struct B(A);"),
    ])?
    .graph();
    assert_eq!(graph.cycles(), Vec::<Vec<String>>::new());
    Ok(())
}
