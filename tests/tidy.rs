//! The house keeps its shape: floors import only what lies below them, policies know simulated
//! time alone, files hold one idea, functions fit a screen.

use std::fs;
use std::path::{Path, PathBuf};

use crate::sources::{Source, files, sources};

/// From the ground up.
const FLOORS: [&str; 7] = ["engine", "policies", "system", "experiment", "input", "output", "cli"];
/// Lines of a file, tests included.
const FILE_LINES_MAX: usize = 600;
/// Lines of a function.
const FUNCTION_LINES_MAX: usize = 70;

/// What a line imports of this crate, as `floor::module`.
fn imports(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("crate::").map(|(at, found)| &line[at + found.len()..])
}

#[test]
fn a_floor_imports_only_floors_below_it() {
    for Source { name, code, .. } in sources() {
        let Some(own) = FLOORS.iter().position(|f| name.starts_with(&format!("{f}/"))) else {
            continue;
        };
        for line in code.lines() {
            for path in imports(line) {
                let other = FLOORS.iter().position(|f| path.starts_with(f));
                assert!(other.is_none_or(|o| o <= own), "src/{name}: {line}");
            }
        }
    }
}

#[test]
fn policies_know_simulated_time_and_nothing_else() {
    for Source { name, code, .. } in sources().iter().filter(|s| s.name.starts_with("policies/")) {
        for line in code.lines() {
            for path in imports(line) {
                let allowed = path.starts_with("engine::time") || path.starts_with("policies");
                assert!(allowed, "src/{name}: {line}");
            }
        }
    }
}

#[test]
fn a_part_never_names_another_part() {
    let parts = ["arrivals", "call", "client", "group", "leg", "station", "tally"];
    let sources = sources();
    for part in parts {
        let name = format!("system/{part}.rs");
        let source = sources.iter().find(|s| s.name == name).unwrap();
        for other in parts.iter().filter(|p| **p != part) {
            let named = format!("super::{other}::");
            assert!(!source.code.contains(&named), "src/{name} names {other}");
        }
    }
}

#[test]
fn below_cli_nothing_prints_and_only_input_and_output_touch_files() {
    for Source { name, plain, .. } in sources() {
        if !name.starts_with("cli/") {
            for word in ["println!", "eprintln!", "print!(", "dbg!("] {
                assert!(!plain.contains(word), "src/{name}: {word}");
            }
        }
        let above = ["cli/", "input/", "output/"].iter().any(|floor| name.starts_with(floor));
        if !above {
            for word in ["std::fs", "std::io", "File::"] {
                assert!(!plain.contains(word), "src/{name}: {word}");
            }
        }
    }
}

#[test]
fn files_hold_one_idea() {
    for Source { name, text, .. } in sources() {
        let lines = text.lines().count();
        assert!(lines <= FILE_LINES_MAX, "src/{name} has {lines} lines");
        assert!(text.starts_with("//!"), "src/{name} does not say what it is");
    }
}

#[test]
fn functions_fit_a_screen() {
    for Source { name, text, .. } in sources() {
        let mut open: Option<(usize, usize, &str)> = None;
        for (number, line) in text.lines().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let starts = line.trim_start();
            let is_fn = ["fn ", "pub fn ", "pub(super) fn ", "const fn ", "pub const fn "]
                .iter()
                .any(|head| starts.starts_with(head))
                || starts.starts_with("pub(super) const fn ");
            if open.is_none() && is_fn && !line.trim_end().ends_with(';') {
                open = Some((number, indent, line));
            }
            if let Some((from, depth, head)) = open
                && indent == depth
                && (line.trim_end() == "}" || (line.trim() == "}" && number > from))
            {
                let length = number - from + 1;
                assert!(
                    length <= FUNCTION_LINES_MAX,
                    "src/{name}:{}: {length} lines: {}",
                    from + 1,
                    head.trim()
                );
                open = None;
            }
            if open.is_some_and(|(from, ..)| from == number) && line.trim_end().ends_with('}') {
                open = None;
            }
        }
    }
}

/// Words and phrases of no technical manual, each in two halves, so that this list does not refuse
/// itself. All are matched at word boundaries, whatever the case.
const REFUSED: [(&str, &str); 5] =
    [("so", " many"), ("ane", "w"), ("like", "wise"), ("who", "ever"), ("no", "body")];
/// The meaning of a metric or column that leans on the line before it, as a literal or a table cell.
const LEANING: [&str; 3] = ["\"of them", "| of them", "/// Of them"];

/// Files of prose: sources, pages, models and studies, by their path in the package.
fn prose() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = |name: &str, ending: &str| files(&root.join(name), ending);
    let mut paths: Vec<PathBuf> =
        ["src", "tests", "benches"].iter().flat_map(|f| folder(f, "rs")).collect();
    paths.extend(["models", "experiments"].iter().flat_map(|f| folder(f, "toml")));
    paths.extend(folder("docs", "md"));
    paths.extend(["README.md", "ARCHITECTURE.md", "CHANGELOG.md"].map(|name| root.join(name)));
    let named = |path: PathBuf| {
        let name = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
        (name, fs::read_to_string(path).unwrap())
    };
    paths.into_iter().map(named).collect()
}

/// Whether `phrase`, in lower case, stands in `line` as whole words.
fn says(line: &str, phrase: &str) -> bool {
    let of_a_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(phrase).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + phrase.len()..]);
        !before.ends_with(of_a_word) && !after.starts_with(of_a_word)
    })
}

/// Whether `line` has a clause that ends in "none" after "is" or "are".
fn ends_in_none(line: &str) -> bool {
    ["is", "are"].iter().any(|verb| {
        let phrase = format!(" {verb} none");
        line.match_indices(&phrase).any(|(at, _)| {
            let after = &line[at + phrase.len()..];
            after.is_empty() || after.starts_with([',', '.', ';', ':', ')', '"', '!', '?'])
        })
    })
}

/// Comments, messages and pages use the field's own words, and each sentence makes sense alone.
#[test]
fn the_prose_is_plain_english() {
    let mut refused = Vec::new();
    for (name, text) in prose() {
        for (number, line) in text.lines().enumerate() {
            let low = line.to_lowercase();
            let phrase = REFUSED.iter().any(|(a, b)| says(&low, &format!("{a}{b}")));
            let leans = name != "tests/tidy.rs" && LEANING.iter().any(|l| line.contains(l));
            if phrase || leans || ends_in_none(&low) {
                refused.push(format!("{name}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(refused.is_empty(), "{} lines:\n{}", refused.len(), refused.join("\n"));
}
