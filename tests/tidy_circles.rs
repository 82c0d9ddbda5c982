//! Modules of a floor import each other in one direction. A module here is a file or a folder right
//! below the floor; the floor's own file is one too, as far as it holds code.

use std::collections::{BTreeMap, BTreeSet};

use crate::sources::{Source, in_word, sources};

/// Imports that close a circle, as floor, importing module, imported module. To be broken: none may
/// be added, and one that no longer closes a circle must go.
const TO_BE_BROKEN: [(&str, &str, &str); 8] = [
    // A study's spec is put together from specs that stand beside what reads the study's plan.
    ("experiment", "study", "answers"),
    ("experiment", "study", "compare"),
    ("experiment", "study", "precision"),
    ("experiment", "study", "sensitivity"),
    ("experiment", "study", "sla"),
    ("experiment", "study", "tune"),
    // A plan is checked with what it holds in mind, which looks at the plan again.
    ("experiment", "plan", "answers"),
    ("experiment", "plan", "sla"),
];

/// Name of the module that is the floor's own file.
const OWN: &str = "mod";

/// How a path is named.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Place {
    /// In code.
    Code,
    /// In a `use`, which gives its last name to the module.
    Import,
    /// In a `pub use`, which gives its last name to others.
    Export,
}

/// Paths that a text names: those that begin with `crate`, `super` or `self`, or with one of
/// `children`, groups of a `use` spelt out.
fn paths(plain: &str, children: &BTreeSet<&str>) -> Vec<(Vec<String>, Place)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < plain.len() {
        let word = word(&plain[at..]);
        let is_path = plain[at + word.len()..].starts_with("::") && !plain[..at].ends_with("::");
        if is_path && (["crate", "super", "self"].contains(&word) || children.contains(word)) {
            let head = plain[..at].trim_end();
            let place = match head.strip_suffix("use") {
                None => Place::Code,
                Some(before) if visibility(before).starts_with("pub") => Place::Export,
                Some(_) => Place::Import,
            };
            let mut ends = Vec::new();
            spell_out(&plain[at..], &mut Vec::new(), &mut ends);
            found.extend(ends.into_iter().map(|path| (path, place)));
        }
        at += word.len().max(plain[at..].chars().next().map_or(1, char::len_utf8).max(1));
    }
    found
}

/// What a text ends with since the item before.
fn visibility(text: &str) -> &str {
    text.trim_end().rsplit([';', '}', '\n']).next().unwrap_or_default().trim_start()
}

fn word(text: &str) -> &str {
    &text[..text.bytes().take_while(|b| in_word(*b)).count()]
}

/// Every path of the tree that `text` begins with, behind `prefix`; returns the length of the tree.
fn spell_out(text: &str, prefix: &mut Vec<String>, ends: &mut Vec<Vec<String>>) -> usize {
    let depth = prefix.len();
    let mut at = 0;
    loop {
        let name = word(&text[at..]);
        if !name.is_empty() {
            prefix.push(name.to_owned());
            at += name.len();
        } else if text[at..].starts_with('{') {
            at += 1;
            while at < text.len() && !text[at..].starts_with('}') {
                let skipped =
                    text[at..].len() - text[at..].trim_start_matches([' ', '\n', ',']).len();
                at += skipped;
                if !text[at..].starts_with('}') {
                    at += spell_out(&text[at..], prefix, ends).max(1);
                }
            }
            prefix.truncate(depth);
            return at + 1;
        } else {
            at += usize::from(text[at..].starts_with('*'));
        }
        if name.is_empty() || !text[at..].starts_with("::") {
            ends.push(prefix.clone());
            prefix.truncate(depth);
            // An alias is no part of the path.
            if let Some(alias) = text[at..].strip_prefix(" as ") {
                at += 4 + word(alias).len();
            }
            return at;
        }
        at += 2;
    }
}

/// The path from the crate's root, of one that stands in `module`.
fn absolute(module: &[&str], path: &[String]) -> Vec<String> {
    let mut base: Vec<String> = module.iter().map(|&m| m.to_owned()).collect();
    let mut rest = path;
    match path[0].as_str() {
        "crate" => {
            base.clear();
            rest = &path[1..];
        }
        "self" => rest = &path[1..],
        _ => {
            while rest.first().is_some_and(|segment| segment == "super") {
                base.pop();
                rest = &rest[1..];
            }
        }
    }
    base.extend(rest.iter().cloned());
    base
}

/// A floor: which of its modules imports which.
type Graph = BTreeMap<String, BTreeSet<String>>;

/// The imports between the modules of each floor.
fn graphs() -> BTreeMap<String, Graph> {
    let sources = sources();
    let mut graphs: BTreeMap<String, Graph> = BTreeMap::new();
    for source in sources.iter().filter(|s| s.module().len() > 1) {
        let module = source.module();
        let graph = graphs.entry(module[0].to_owned()).or_default();
        graph.entry(module[1].to_owned()).or_default();
    }
    let exports = exports(&sources, &graphs);
    for source in sources.iter().filter(|s| !s.module().is_empty()) {
        let module = source.module();
        let (floor, own) = (module[0], *module.get(1).unwrap_or(&OWN));
        let graph = graphs.get_mut(floor).expect("every floor has modules");
        let children = children(graph, &module);
        let named: Vec<String> = paths(&source.plain, &children)
            .into_iter()
            .filter(|(_, place)| own != OWN || *place != Place::Export)
            .map(|(path, _)| absolute(&module, &path))
            .filter(|path| path.first().is_some_and(|f| f == floor))
            .filter_map(|path| path.get(1).cloned())
            .map(|name| match exports.get(&(floor.to_owned(), name.clone())) {
                Some(module) => module.clone(),
                None if graph.contains_key(&name) => name,
                None => OWN.to_owned(),
            })
            .filter(|other| other != own)
            .collect();
        graph.entry(own.to_owned()).or_default().extend(named);
    }
    graphs
}

/// The modules that a floor's own file names without a prefix.
fn children<'a>(graph: &'a Graph, module: &[&str]) -> BTreeSet<&'a str> {
    if module.len() == 1 { graph.keys().map(String::as_str).collect() } else { BTreeSet::new() }
}

/// Names that a floor's own file takes from its modules, by floor and name, with their module: who
/// imports them from the floor imports that module.
fn exports(
    sources: &[Source],
    graphs: &BTreeMap<String, Graph>,
) -> BTreeMap<(String, String), String> {
    let mut exports = BTreeMap::new();
    for source in sources.iter().filter(|s| s.module().len() == 1) {
        let module = source.module();
        let Some(graph) = graphs.get(module[0]) else { continue };
        for (path, place) in paths(&source.plain, &children(graph, &module)) {
            let path = absolute(&module, &path);
            if place != Place::Code && path[0] == module[0] && path.len() > 2 {
                let name = path.last().expect("it has three parts").clone();
                exports.insert((module[0].to_owned(), name), path[1].clone());
            }
        }
    }
    exports
}

/// Whether a module imports another, itself or by others.
fn reaches(graph: &Graph, from: &str, to: &str) -> bool {
    let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(module) = next.pop() {
        for other in graph.get(module).into_iter().flatten() {
            if other == to {
                return true;
            }
            if seen.insert(other) {
                next.push(other);
            }
        }
    }
    false
}

#[test]
fn imports_within_a_floor_run_in_no_circle() {
    let mut graphs = graphs();
    assert!(graphs["experiment"]["tune"].contains("select"), "the scan found imports");
    let mut stale = Vec::new();
    for (floor, from, to) in TO_BE_BROKEN {
        if !reaches(&graphs[floor], to, from) || !graphs[floor][from].contains(to) {
            stale.push((floor, from, to));
        }
    }
    for (floor, from, to) in TO_BE_BROKEN {
        graphs.get_mut(floor).and_then(|g| g.get_mut(from)).expect("it is listed").remove(to);
    }
    let mut circles = Vec::new();
    for (floor, graph) in &graphs {
        for (from, others) in graph {
            let back = others.iter().filter(|to| reaches(graph, to, from));
            circles
                .extend(back.map(|to| format!("{floor}: {from} imports {to}, which leads back")));
        }
    }
    assert!(circles.is_empty(), "{}", circles.join("\n"));
    assert!(stale.is_empty(), "these close no circle any more: {stale:?}");
}

#[test]
fn a_group_of_imports_is_spelt_out() {
    let text =
        "pub use crate::a::{b::C, d::{self, E as F}};\nuse super::g::*;\nlet x = self::h::I;";
    let found: Vec<String> = paths(text, &BTreeSet::new())
        .into_iter()
        .map(|(path, place)| format!("{} {place:?}", path.join("::")))
        .collect();
    let expected = [
        "crate::a::b::C Export",
        "crate::a::d::self Export",
        "crate::a::d::E Export",
        "super::g Import",
        "self::h::I Code",
    ];
    assert_eq!(found, expected);
    let path = ["super".to_owned(), "goal".to_owned()];
    assert_eq!(absolute(&["experiment", "tune", "race"], &path), ["experiment", "tune", "goal"]);
}
