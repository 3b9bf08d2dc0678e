//! The import graph: which file of `src` uses which, found by parsing them all.
//!
//! An edge leads from a file to the file that *defines* what it names: a re-export is followed to its origin, and a
//! `mod.rs` that only re-exports is on no edge. Test code is left out. What macros' arguments name is not seen.

use super::source::sources;
use std::collections::{BTreeMap, BTreeSet};
use syn::{
    UseTree,
    visit::{self, Visit},
};

/// A path in the crate, from its root.
type Path = Vec<String>;

/// One module: a file, or a block inside one.
#[derive(Default)]
struct Module {
    file: String,
    children: BTreeSet<String>,
    /// Names that the module has by `use`, public or not, and what each stands for.
    imports: BTreeMap<String, Path>,
    /// Modules whose names it has altogether (`use x::*`).
    globs: Vec<Path>,
    /// Paths that its code names, besides those in `use`.
    paths: BTreeSet<Path>,
    /// Items that it defines.
    defined: BTreeSet<String>,
    /// What it imports for its own use; the rest of `imports` is re-exported.
    uses: BTreeSet<Path>,
}

/// Edges between files, by their paths below `src`.
pub(crate) type Graph = BTreeMap<String, BTreeSet<String>>;

/// Reads all of `src`.
pub(crate) fn imports() -> Graph {
    let mut modules = BTreeMap::new();
    let mut test_files = BTreeSet::new();
    let parsed: Vec<_> = sources("src")
        .into_iter()
        .map(|source| {
            let inner = source.path.strip_prefix("src/").unwrap().to_owned();
            let file = syn::parse_file(&source.text).unwrap_or_else(|e| panic!("{inner}: {e}"));
            (inner, file)
        })
        .collect();
    for (inner, file) in &parsed {
        let module = module_of(inner);
        for item in &file.items {
            if let syn::Item::Mod(child) = item {
                if is_for_tests(&child.attrs) && child.content.is_none() {
                    test_files.insert(join(&module, &child.ident.to_string()));
                }
            }
        }
    }
    let is_test = |module: &Path| (1..=module.len()).any(|n| test_files.contains(&module[..n]));
    for (inner, file) in &parsed {
        let module = module_of(inner);
        if inner != "main.rs" && !is_test(&module) {
            collect(&mut modules, inner, module, &file.items);
        }
    }
    edges(&modules)
}

/// Groups of files that use each other in a circle, each sorted.
pub(crate) fn circles(graph: &Graph) -> Vec<Vec<String>> {
    let reach: BTreeMap<_, _> = graph
        .keys()
        .map(|file| (file.as_str(), reachable(graph, file)))
        .collect();
    let mut found: BTreeSet<Vec<String>> = BTreeSet::new();
    for (file, reached) in &reach {
        if reached.contains(file) {
            let in_circle = |other: &&&str| reach.get(**other).is_some_and(|r| r.contains(file));
            found.insert(
                reached
                    .iter()
                    .filter(in_circle)
                    .map(|f| f.to_string())
                    .collect(),
            );
        }
    }
    found.into_iter().collect()
}

fn reachable<'a>(graph: &'a Graph, from: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(file) = open.pop() {
        for next in graph.get(file).into_iter().flatten() {
            if reached.insert(next.as_str()) {
                open.push(next);
            }
        }
    }
    reached
}

/// `net/tls/mod.rs` is `net::tls`.
fn module_of(inner: &str) -> Path {
    let inner = inner.trim_end_matches(".rs");
    let inner = inner.strip_suffix("/mod").unwrap_or(inner);
    match inner {
        "lib" | "main" => vec![],
        inner => inner.split('/').map(str::to_owned).collect(),
    }
}

fn join(module: &[String], name: &str) -> Path {
    let mut path = module.to_vec();
    path.push(name.to_owned());
    path
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute
                    .meta
                    .require_list()
                    .is_ok_and(|list| list.tokens.to_string() == "test")
    })
}

/// Notes a module's names, and those of the blocks in it.
fn collect(modules: &mut BTreeMap<Path, Module>, file: &str, path: Path, items: &[syn::Item]) {
    let mut module = Module {
        file: file.to_owned(),
        ..Module::default()
    };
    for item in items {
        match item {
            syn::Item::Mod(child) if is_for_tests(&child.attrs) => {}
            syn::Item::Mod(child) => {
                let name = child.ident.to_string();
                if let Some((_, items)) = &child.content {
                    collect(modules, file, join(&path, &name), items);
                }
                module.children.insert(name);
            }
            syn::Item::Use(item) if is_for_tests(&item.attrs) => {}
            syn::Item::Use(item) => {
                let is_private = matches!(item.vis, syn::Visibility::Inherited);
                note_use(&mut module, &item.tree, vec![], is_private);
            }
            item => {
                module.defined.extend(name_of(item));
                Paths(&mut module.paths).visit_item(item);
            }
        }
    }
    modules.insert(path, module);
}

fn note_use(module: &mut Module, tree: &UseTree, mut before: Path, is_private: bool) {
    let mut note = |name: String, path: Path| {
        if is_private {
            module.uses.insert(path.clone());
        }
        module.imports.insert(name, path);
    };
    match tree {
        UseTree::Path(part) => {
            before.push(part.ident.to_string());
            note_use(module, &part.tree, before, is_private);
        }
        UseTree::Name(name) if name.ident == "self" => {
            note(before.last().cloned().unwrap_or_default(), before)
        }
        UseTree::Name(name) => note(
            name.ident.to_string(),
            join(&before, &name.ident.to_string()),
        ),
        UseTree::Rename(name) => {
            let path = match name.ident == "self" {
                true => before,
                false => join(&before, &name.ident.to_string()),
            };
            note(name.rename.to_string(), path);
        }
        UseTree::Glob(_) => module.globs.push(before),
        UseTree::Group(group) => {
            for tree in &group.items {
                note_use(module, tree, before.clone(), is_private);
            }
        }
    }
}

/// Gathers the paths of expressions and types; test functions are left out.
struct Paths<'a>(&'a mut BTreeSet<Path>);

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            let segments = path.segments.iter();
            self.0
                .insert(segments.map(|s| s.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let mut inner = Module::default();
        note_use(&mut inner, &item.tree, vec![], true);
        self.0.extend(inner.uses);
        self.0.extend(inner.globs);
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_for_tests(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_impl(self, item);
        }
    }
}

fn edges(modules: &BTreeMap<Path, Module>) -> Graph {
    let mut graph = Graph::new();
    for (path, module) in modules {
        let targets = graph.entry(module.file.clone()).or_default();
        let named = module.uses.iter().chain(&module.paths).chain(&module.globs);
        for target in named.filter_map(|named| resolve(modules, path, named, 0)) {
            if target != module.file {
                targets.insert(target);
            }
        }
    }
    graph
}

/// The file that defines what a module names so; `None` if it is not of this crate, or a module as such.
fn resolve(
    modules: &BTreeMap<Path, Module>,
    from: &[String],
    named: &[String],
    depth: usize,
) -> Option<String> {
    let (first, rest) = named.split_first()?;
    let module = modules.get(from)?;
    if depth > 16 {
        return None;
    }
    match first.as_str() {
        "crate" => return resolve(modules, &[], rest, depth + 1),
        "self" => return resolve(modules, from, rest, depth + 1),
        "super" => {
            return resolve(
                modules,
                &from[..from.len().checked_sub(1)?],
                rest,
                depth + 1,
            );
        }
        name if module.children.contains(name) => {
            return resolve(modules, &join(from, name), rest, depth + 1);
        }
        name => {
            if let Some(path) = module.imports.get(name) {
                let mut path = path.clone();
                path.extend_from_slice(rest);
                return resolve(modules, from, &path, depth + 1);
            }
        }
    }
    // A name of a module that is taken in altogether: whichever of them defines it.
    for glob in &module.globs {
        let mut path = glob.clone();
        path.extend_from_slice(named);
        if let Some(file) = resolve(modules, from, &path, depth + 1) {
            return Some(file);
        }
    }
    // A crate of others, or a name that needs no `use` (Self, Vec), is not a definition of ours.
    module.defined.contains(first).then(|| module.file.clone())
}

/// The name that an item defines.
fn name_of(item: &syn::Item) -> Option<String> {
    let name = match item {
        syn::Item::Const(item) => &item.ident,
        syn::Item::Enum(item) => &item.ident,
        syn::Item::Fn(item) => &item.sig.ident,
        syn::Item::Macro(item) => item.ident.as_ref()?,
        syn::Item::Static(item) => &item.ident,
        syn::Item::Struct(item) => &item.ident,
        syn::Item::Trait(item) => &item.ident,
        syn::Item::Type(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}
