//! Every public item of the library serves a command: what only tests use is dead code, unless it
//! stands in a list with its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::sources::{Source, files, in_word, item_end, sources};

/// Public items that no command uses, by file and name.
const KEPT: [(&str, &str); 16] = [
    // Runs in memory, for programs that embed the library, and for tests.
    ("experiment/record.rs", "InMemory"),
    // The budget of replications shared out among arms: the next search is built on it.
    ("experiment/select/ocba.rs", "allocate"),
    // Timers of RFC 3261 that nothing in a run waits for; published cases of them are replayed.
    ("policies/sip.rs", "response_instants"),
    ("policies/sip.rs", "send_instants"),
    ("policies/sip.rs", "timer_d"),
    ("policies/sip.rs", "timer_j"),
    ("policies/sip.rs", "timer_k"),
    // States of libraries' policies: traces recorded from the libraries are held against them.
    ("policies/breaker/semian.rs", "reading"),
    ("policies/budget/concurrency.rs", "retries"),
    ("policies/budget/grpc.rs", "thousandths"),
    ("policies/budget/sliding.rs", "balance"),
    ("policies/throttle/aatb.rs", "hold"),
    ("policies/throttle/atb.rs", "last_congestion"),
    ("policies/throttle/atb.rs", "rate_per_s"),
    ("policies/throttle/cubic.rs", "fill_per_s"),
    ("policies/throttle/cubic.rs", "k"),
];

/// How a name is used: of itself or in a path, or as the method of a value.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Manner {
    Plain,
    Method,
}

/// A name and the manner of its use; items that share both are not told apart.
type Key = (Manner, String);

/// An item: a name that is defined, and where.
struct Item {
    key: Key,
    file: usize,
    from: usize,
    to: usize,
    public: bool,
}

/// The words of a text with their places.
fn words(text: &str) -> Vec<(usize, &str)> {
    let mut words = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let length = text.as_bytes()[at..].iter().take_while(|b| in_word(**b)).count();
        if length > 0 {
            words.push((at, &text[at..at + length]));
        }
        at += length.max(1);
    }
    words
}

/// The items of a file. The methods of a trait's implementation do not count: code that uses the trait
/// uses them, without their names.
fn items(file: usize, plain: &str) -> Vec<Item> {
    const KINDS: [&str; 8] = ["fn", "struct", "enum", "union", "trait", "type", "const", "static"];
    let words = words(plain);
    let impls = impls(plain, &words);
    let traits = words.iter().filter(|(_, word)| *word == "trait");
    let traits: Vec<_> = traits.map(|(at, _)| (*at, item_end(plain, *at))).collect();
    let mut items = Vec::new();
    for (place, pair) in words.windows(2).enumerate() {
        let [(kind_at, kind), (name_at, name)] = [pair[0], pair[1]];
        let is_head = KINDS.contains(&kind) && !KINDS.contains(&name);
        // Between the two stands white space alone: `*const T` and `fn(` have no name there.
        let adjacent =
            plain[kind_at + kind.len()..name_at].bytes().all(|b| b == b' ' || b == b'\n');
        let in_trait_impl = |at| impls.iter().any(|i| i.of_trait && i.from < at && at < i.to);
        let pointer = plain[..kind_at].trim_end().ends_with(['*', '\'']);
        if !is_head || !adjacent || pointer || in_trait_impl(kind_at) {
            continue;
        }
        let before = words[..place].iter().rev().map(|(_, word)| *word);
        let head = before.take_while(|w| ["const", "unsafe", "async", "pub"].contains(w)).last();
        let inside = impls.iter().any(|i| i.from < kind_at && kind_at < i.to)
            || traits.iter().any(|(from, to)| *from < kind_at && kind_at < *to);
        let manner = if inside { Manner::Method } else { Manner::Plain };
        items.push(Item {
            key: (manner, name.to_owned()),
            file,
            from: kind_at,
            to: item_end(plain, kind_at),
            public: head == Some("pub"),
        });
    }
    // What stands in the implementation of a type belongs to the type.
    for block in impls {
        let Impl { from, to, name, .. } = block;
        items.push(Item { key: (Manner::Plain, name), file, from, to, public: false });
    }
    items
}

struct Impl {
    from: usize,
    to: usize,
    name: String,
    of_trait: bool,
}

/// The implementations of a file: blocks that begin a line with `impl`.
fn impls(plain: &str, words: &[(usize, &str)]) -> Vec<Impl> {
    let starts = words
        .iter()
        .filter(|(at, word)| *word == "impl" && (*at == 0 || plain.as_bytes()[at - 1] == b'\n'));
    starts
        .map(|(from, _)| {
            let from = *from;
            let to = item_end(plain, from);
            let head = plain[from + 4..to].split('{').next().expect("a split has a part");
            let head = head.split(" where").next().expect("a split has a part").trim();
            let head = if head.starts_with('<') { behind_generics(head) } else { head };
            let (of_trait, named) = match head.split_once(" for ") {
                Some((_, named)) => (true, named),
                None => (false, head),
            };
            let named = named.trim().trim_start_matches(['&', '(']);
            let path = named.split(['<', ' ', ',']).next().expect("a split has a part");
            let name = path.rsplit("::").next().expect("a split has a part").to_owned();
            Impl { from, to, name, of_trait }
        })
        .collect()
}

/// What follows the list of generics that a text begins with.
fn behind_generics(head: &str) -> &str {
    let mut depth = 0;
    for (at, byte) in head.bytes().enumerate() {
        match byte {
            b'<' => depth += 1,
            b'>' if !head[..at].ends_with('-') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &head[at + 1..];
        }
    }
    head
}

/// The ranges of a file's `use` declarations. A name inside them does not count as used.
fn imports(plain: &str, words: &[(usize, &str)]) -> Vec<(usize, usize)> {
    let starts = words.iter().filter(|(_, word)| *word == "use");
    starts
        .map(|(at, _)| (*at, plain[*at..].find(';').map_or(plain.len(), |end| at + end)))
        .collect()
}

/// A word in use: the items it stands in, by number.
struct Use {
    keys: Vec<Key>,
    within: Vec<usize>,
}

/// What the word at `at` may name there. A method is called on a value or named by its type; a
/// field is no item.
fn keys(plain: &str, at: usize, word: &str) -> Vec<Key> {
    let before = plain[..at].trim_end();
    let behind = plain[at + word.len()..].trim_start();
    let manners: &[Manner] = if before.ends_with("::") {
        &[Manner::Plain, Manner::Method]
    } else if !before.ends_with('.') || before.ends_with("..") {
        &[Manner::Plain]
    } else if behind.starts_with(['(', ':']) {
        &[Manner::Method]
    } else {
        &[]
    };
    manners.iter().map(|manner| (*manner, word.to_owned())).collect()
}

fn uses(sources: &[Source], items: &[Item]) -> Vec<Use> {
    let mut uses = Vec::new();
    for (file, source) in sources.iter().enumerate() {
        let words = words(&source.plain);
        let imports = imports(&source.plain, &words);
        let here: Vec<usize> = (0..items.len()).filter(|i| items[*i].file == file).collect();
        let mut defined = BTreeSet::new();
        for pair in words.windows(2) {
            if here.iter().any(|i| items[*i].from == pair[0].0 && items[*i].key.1 == pair[1].1) {
                defined.insert(pair[1].0);
            }
        }
        for (at, word) in words {
            if defined.contains(&at) || imports.iter().any(|(a, b)| (*a..*b).contains(&at)) {
                continue;
            }
            let holds = |i: &usize| items[*i].from <= at && at < items[*i].to;
            let within = here.iter().copied().filter(holds).collect();
            uses.push(Use { keys: keys(&source.plain, at, word), within });
        }
    }
    uses
}

/// Names that the program reaches: those used outside every item, and those used in items all of
/// whose names it reaches, their own use apart.
fn reached(items: &[Item], uses: &[Use]) -> BTreeSet<Key> {
    let known: BTreeSet<&Key> = items.iter().map(|item| &item.key).collect();
    let mut reached = BTreeSet::from([(Manner::Plain, "main".to_owned())]);
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    for file in files(&templates, "html") {
        let text = fs::read_to_string(file).unwrap();
        for (_, word) in words(&text) {
            reached.extend([Manner::Plain, Manner::Method].map(|manner| (manner, word.to_owned())));
        }
    }
    loop {
        let before = reached.len();
        for Use { keys, within } in uses {
            for key in keys.iter().filter(|key| known.contains(key)) {
                let live = |i: &usize| items[*i].key != *key && reached.contains(&items[*i].key);
                if !reached.contains(key) && within.iter().all(live) {
                    reached.insert(key.clone());
                }
            }
        }
        if reached.len() == before {
            return reached;
        }
    }
}

#[test]
fn every_public_item_serves_a_command() {
    let sources = sources();
    let items: Vec<Item> =
        sources.iter().enumerate().flat_map(|(file, source)| items(file, &source.plain)).collect();
    let reached = reached(&items, &uses(&sources, &items));
    let mut unreached: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for item in items.iter().filter(|item| item.public && !reached.contains(&item.key)) {
        let source = &sources[item.file];
        let line = source.plain[..item.from].matches('\n').count() + 1;
        unreached.insert((&source.name, &item.key.1), line);
    }
    let lines = |list: &BTreeMap<(&str, &str), usize>| -> String {
        let each = list.iter().map(|((file, name), line)| format!("src/{file}:{line}: {name}\n"));
        each.collect()
    };
    let stale: Vec<_> = KEPT.iter().filter(|kept| unreached.remove(*kept).is_none()).collect();
    assert!(unreached.is_empty(), "only tests use these:\n{}", lines(&unreached));
    assert!(stale.is_empty(), "commands use these, or they are gone: {stale:?}");
}
