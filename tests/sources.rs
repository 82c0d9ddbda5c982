//! The sources of the library as the tests of their shape read them: whole, without their tests,
//! and without comments and literals.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The attribute of an item that only tests see.
const TEST_ITEM: &str = "#[cfg(test)]";

/// A file below `src`.
pub(crate) struct Source {
    /// Path below `src`, with `/` between folders.
    pub(crate) name: String,
    /// The text as written.
    pub(crate) text: String,
    /// The text with items that only tests see blanked out; blank for a module of tests.
    pub(crate) code: String,
    /// The code with comments and literals blanked out as well, byte for byte as long. Names in an
    /// attribute's literals and in the braces of a format remain: they are uses.
    pub(crate) plain: String,
}

impl Source {
    /// The module that the file is, from the crate's root.
    pub(crate) fn module(&self) -> Vec<&str> {
        let path = self.name.strip_suffix(".rs").expect("a Rust file");
        let mut module: Vec<&str> = path.split('/').collect();
        if ["mod", "lib", "main"].contains(module.last().expect("a path has an end")) {
            module.pop();
        }
        module
    }
}

/// Files below a folder that end in `extension`, in order.
pub(crate) fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Every source file of the library and the program.
pub(crate) fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources: Vec<Source> = files(&root, "rs")
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
            let text = fs::read_to_string(path).unwrap();
            let plain = plain(&text);
            let tests = test_items(&plain);
            let code = blanked(&text, &tests);
            Source { name, text, code, plain: blanked(&plain, &tests) }
        })
        .collect();
    assert!(sources.len() > 50, "the scan found the sources");
    let test_modules: BTreeSet<String> = sources.iter().flat_map(test_modules).collect();
    for source in &mut sources {
        let module = source.module().join("/");
        let below = |m: &String| module == *m || module.starts_with(&format!("{m}/"));
        if test_modules.iter().any(below) {
            source.code = String::new();
            source.plain = String::new();
        }
    }
    sources
}

/// Modules that a file declares for tests alone.
fn test_modules(source: &Source) -> Vec<String> {
    let plain = plain(&source.text);
    let heads = plain.match_indices(TEST_ITEM).map(|(at, found)| &plain[at + found.len()..]);
    heads
        .filter_map(|head| {
            let name = head.trim_start().strip_prefix("mod ")?.split_once(';')?.0.trim();
            let mut module = source.module();
            module.push(name);
            is_word(name).then(|| module.join("/"))
        })
        .collect()
}

/// Whether a text is one word.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(in_word)
}

/// Whether a byte belongs to a name.
pub(crate) const fn in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The items that only tests see, from attribute to end.
fn test_items(plain: &str) -> Vec<(usize, usize)> {
    let mut items: Vec<(usize, usize)> = Vec::new();
    for (at, found) in plain.match_indices(TEST_ITEM) {
        if items.last().is_none_or(|(_, end)| at >= *end) {
            items.push((at, item_end(plain, at + found.len())));
        }
    }
    items
}

/// The end of the item that begins at `from`: behind its semicolon or its last brace, or before the
/// brace that closes what the item is in.
pub(crate) fn item_end(plain: &str, from: usize) -> usize {
    let mut depth = 0;
    for (at, byte) in plain.bytes().enumerate().skip(from) {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' if depth == 0 => return at,
            b'}' | b')' | b']' => {
                depth -= 1;
                if depth == 0 && byte == b'}' {
                    return at + 1;
                }
            }
            b';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    plain.len()
}

/// The text with these ranges replaced by spaces; lines stay.
fn blanked(text: &str, ranges: &[(usize, usize)]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for &(from, to) in ranges {
        bytes[from..to].iter_mut().filter(|b| **b != b'\n').for_each(|b| *b = b' ');
    }
    String::from_utf8(bytes).expect("items begin and end at characters")
}

/// The text with comments and literals replaced by spaces, byte for byte.
fn plain(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    let (mut at, mut attribute) = (0, 0);
    while at < bytes.len() {
        let rest = &text.as_bytes()[at..];
        if let Some(end) = comment_end(bytes, at) {
            ranges.push((at, end));
            at = end;
        } else if let Some(end) = literal_end(text, at) {
            if attribute == 0 {
                ranges.extend(gaps_between_names(bytes, at, end));
            } else {
                let marks = (at..end).filter(|i| !in_word(bytes[*i]) && bytes[*i] != b':');
                ranges.extend(marks.map(|i| (i, i + 1)));
            }
            at = end;
        } else {
            match rest {
                [b'#', b'[', ..] | [b'#', b'!', b'[', ..] if attribute == 0 => {
                    attribute = 1;
                    at += if rest[1] == b'[' { 2 } else { 3 };
                    continue;
                }
                [b'[', ..] if attribute > 0 => attribute += 1,
                [b']', ..] if attribute > 0 => attribute -= 1,
                _ => {}
            }
            // A name is taken whole, so that the `r` at its end begins no raw string.
            at +=
                if in_word(rest[0]) { rest.iter().take_while(|b| in_word(**b)).count() } else { 1 };
        }
    }
    blanked(text, &ranges)
}

/// The end of the comment that begins at `at`, if one does; block comments nest.
fn comment_end(bytes: &[u8], at: usize) -> Option<usize> {
    if bytes[at..].starts_with(b"//") {
        let length = bytes[at..].iter().position(|b| *b == b'\n');
        return Some(length.map_or(bytes.len(), |length| at + length));
    }
    if !bytes[at..].starts_with(b"/*") {
        return None;
    }
    let (mut end, mut depth) = (at + 2, 1);
    while depth > 0 && end < bytes.len() {
        let (step, change) = match &bytes[end..] {
            [b'/', b'*', ..] => (2, 1),
            [b'*', b'/', ..] => (2, -1),
            _ => (1, 0),
        };
        (end, depth) = (end + step, depth + change);
    }
    Some(end.min(bytes.len()))
}

/// The end of the string or character that begins at `at`, if one does; a lifetime has no end.
fn literal_end(text: &str, at: usize) -> Option<usize> {
    let rest = &text[at..];
    let prefix = rest.len() - rest.trim_start_matches(['b', 'r', 'c']).len();
    let raw = rest[..prefix].contains('r');
    let body = &rest[prefix..];
    let marks = if raw { body.len() - body.trim_start_matches('#').len() } else { 0 };
    let start = at + prefix + marks;
    match text.as_bytes().get(start)? {
        b'"' if raw => {
            let close = format!("\"{}", "#".repeat(marks));
            text[start + 1..].find(&close).map(|length| start + 1 + length + close.len())
        }
        b'"' => closing(text, start, '"'),
        b'\'' if marks == 0 => {
            let mut inside = text[start + 1..].chars();
            let is_character = match inside.next()? {
                '\\' => true,
                _ => inside.next() == Some('\''),
            };
            if is_character { closing(text, start, '\'') } else { None }
        }
        _ => None,
    }
}

/// Behind the mark that closes what one opens at `start`.
fn closing(text: &str, start: usize, mark: char) -> Option<usize> {
    let mut escaped = false;
    for (offset, character) in text[start + 1..].char_indices() {
        if !escaped && character == mark {
            return Some(start + 1 + offset + 1);
        }
        escaped = !escaped && character == '\\';
    }
    None
}

/// A literal without the names that follow its opening braces.
fn gaps_between_names(bytes: &[u8], from: usize, to: usize) -> Vec<(usize, usize)> {
    let (mut gaps, mut start) = (Vec::new(), from);
    for at in from..to {
        if bytes[at] == b'{' && in_word(bytes[at + 1]) {
            gaps.push((start, at + 1));
            start = at + 1 + bytes[at + 1..to].iter().take_while(|b| in_word(**b)).count();
        }
    }
    gaps.push((start, to));
    gaps
}

#[test]
fn code_is_what_is_left_without_tests_comments_and_literals() {
    let text = "#[cfg(test)]\nuse a::{b, c};\nfn f<'a>(x: &'a str) -> char { '\"' }\n\
                /* { /* nested */ } */ #[serde(with = \"kept\")]\n\
                const R: &str = r#\"lost \" lost\"#; // lost\n\
                #[cfg(test)]\nfn t() { [\"}\"; 2]; }\nlet s = format!(\"lost {name} lost\");\n";
    let plain = plain(text);
    assert_eq!(plain.len(), text.len());
    assert_eq!(plain.lines().count(), text.lines().count());
    assert!(!plain.contains("lost") && !plain.contains("nested"), "{plain}");
    assert!(plain.contains("kept") && plain.contains("name"), "{plain}");
    assert_eq!(plain.matches(['{', '}']).count(), 6, "{plain}");
    let code = blanked(&plain, &test_items(&plain));
    assert!(!code.contains("a::") && !code.contains("fn t"), "{code}");
    assert!(code.contains("fn f<'a>") && code.contains("const R"), "{code}");
}
