//! What a build is known by, for results that are taken over: the contents of its sources.

use std::fs;
use std::path::Path;

#[path = "../build_hash.rs"]
mod build_hash;

use build_hash::{PARTS, hash};

/// A folder with these files in it, name and contents.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, contents) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }
    folder
}

const FILES: [(&str, &str); 3] =
    [("src/engine/a.rs", "one"), ("src/engine/deep/b.rs", "two"), ("Cargo.lock", "three")];

#[test]
fn a_build_is_known_by_what_its_sources_hold() {
    let known = |files: &[(&str, &str)]| hash(folder(files).path(), &[b"rustc 1"]);
    let one = known(&FILES);
    assert_eq!(one, known(&FILES), "wherever they are");
    let [a, b, lock] = FILES;
    for (what, files) in [
        ("a byte of a file", vec![("src/engine/a.rs", "onf"), b, lock]),
        ("the file a text stands in", vec![("src/engine/a.rs", "onet"), (b.0, "wo"), lock]),
        ("the name of a file", vec![a, ("src/engine/deep/c.rs", "two"), lock]),
        ("a file more", vec![a, b, lock, ("src/system/d.rs", "")]),
        ("a file less", vec![a, b]),
        ("the versions of dependencies", vec![a, b, ("Cargo.lock", "four")]),
    ] {
        assert_ne!(one, known(&files), "{what}");
    }
    assert_eq!(one, known(&[a, b, lock, ("README.md", "for people"), ("src/cli/x.rs", "x")]));
    assert_ne!(one, hash(folder(&FILES).path(), &[b"rustc 2"]), "another compiler");
}

/// A part that was moved would leave the build without it, unseen.
#[test]
fn every_part_of_the_sources_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for part in PARTS {
        assert!(root.join(part).exists(), "{part}");
    }
    let build = env!("TRUNKSIM_BUILD");
    assert!(build.len() == 16 && build.chars().all(|c| c.is_ascii_hexdigit()), "{build}");
    assert_ne!(build, format!("{:016x}", hash(folder(&[]).path(), &[])), "a hash of nothing");
}
