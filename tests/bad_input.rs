//! Models and studies that cannot mean anything: each is refused with its place and a way out.
//!
//! A file in `tests/bad` is named after what is broken in it. What its reader is told stands in
//! `tests/snapshots`, as the terminal shows it, without colours.

use std::path::{Path, PathBuf};

use miette::{GraphicalReportHandler, GraphicalTheme};
use proptest::prelude::*;
use trunksim::input::{self, InputError, Kind};

fn bad_files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir("tests/bad").unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|e| e == "toml")).collect();
    files.sort();
    files
}

fn refused(path: &Path, overrides: &[&str]) -> InputError {
    let overrides: Vec<String> = overrides.iter().map(|&text| text.to_owned()).collect();
    let study = path.file_name().unwrap().to_str().unwrap().starts_with("study");
    let loaded = match study {
        true => input::study(path, &overrides, None, None).map(|_| ()),
        false => input::model(path, &overrides).map(|_| ()),
    };
    loaded.expect_err(&format!("{} was not refused", path.display()))
}

fn report(error: &InputError) -> String {
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(100)
        .with_links(false);
    let mut text = String::new();
    handler.render_report(&mut text, error).unwrap();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n")
}

#[test]
fn every_bad_file_is_refused_with_its_place() {
    let files = bad_files();
    assert!(files.len() >= 30, "{}", files.len());
    for path in files {
        let error = refused(&path, &[]);
        let shown = report(&error);
        let place = format!("[{}:", path.display());
        // What an included file or a trace says wrongly is shown where it stands.
        let elsewhere = shown.contains("[tests/bad/parts/") || shown.contains("[tests/bad/traces/");
        let inherited = path.ends_with("study_of_a_broken_model.toml");
        assert!(shown.contains(&place) || elsewhere || inherited, "{}:\n{shown}", path.display());
        for line in error.lines() {
            let mut parts = line.splitn(4, ':');
            let file = parts.next().unwrap();
            assert!(Path::new(file).exists(), "{line}");
            for _ in 0..2 {
                let number = parts.next().unwrap().parse::<usize>();
                assert!(number.is_ok_and(|n| n >= 1), "{line}");
            }
        }
        for jargon in ["u32", "u64", "f64", "i64", "expected struct", "untagged"] {
            assert!(!shown.contains(jargon), "{}:\n{shown}", path.display());
        }
        insta::assert_snapshot!(path.file_stem().unwrap().to_str().unwrap(), shown);
    }
}

#[test]
fn an_override_is_shown_as_it_was_given() {
    let minimal = Path::new("models/minimal.toml");
    let cases = [
        ("no_equals_sign", "client.retry.attempts"),
        ("no_key", "=5"),
        ("no_value", "horizon="),
        ("broken_value", "client.retry.backoff={ kind = "),
        ("out_of_range", "client.retry.attempts=0"),
        ("misspelt_key", "client.retri.attempts=3"),
        ("misspelt_trunk", "trunks.TRK_1.city=Perth"),
        ("wrong_unit", "horizon=10minits"),
        ("through_a_number", "seed.x=3"),
        ("all_trunks", "trunks.*.arrivals.rate_per_s=-1"),
        ("at_odds_with_the_file", "horizon=5m"),
        ("unknown_preset", "client.retry.preset=fixed_5ms"),
        ("preset_in_a_table", "client.retry={preset=\"fixed_500ms\", atempts=3}"),
        ("a_whole_policy", "client.retry.backoff={ kind = \"linear\", base = \"1s\" }"),
    ];
    for (name, text) in cases {
        insta::assert_snapshot!(format!("override_{name}"), report(&refused(minimal, &[text])));
    }
}

#[test]
fn what_a_factor_varies_is_not_set_by_hand() {
    let study = Path::new("tests/good/study.toml");
    for text in ["client.retry.attempts=3", "trunks.TRK_01.arrivals.rate_per_s=0.3"] {
        let error = input::study(study, &[text.to_owned()], None, None).unwrap_err();
        let line = error.lines().next().unwrap();
        assert!(line.starts_with("command line:1:7: the study's factor `"), "{line}");
    }
    insta::assert_snapshot!(
        "override_of_a_factor",
        report(
            &input::study(study, &["client.retry.attempts=3".to_owned()], None, None).unwrap_err()
        )
    );
    for text in ["client.connections=3", "client.retry.retry_after=ignored"] {
        input::study(study, &[text.to_owned()], None, None).unwrap();
    }
}

#[test]
fn what_a_factor_takes_by_its_preset_is_not_set_by_hand() {
    let study = Path::new("tests/good/study_of_presets.toml");
    let load = |text: &str| input::study(study, &[text.to_owned()], None, None);
    for text in ["client.retry.attempts=3", "monitor.retry.preset=fixed_500ms"] {
        let line = load(text).unwrap_err().lines().next().unwrap();
        assert!(line.starts_with("command line:1:7: the study's factor `"), "{line}");
    }
    load("tenants.0.retry.attempts=3").unwrap();
}

#[test]
fn a_file_that_is_no_text_or_not_there_is_refused() {
    let error = input::model(Path::new("tests/bad/no_such_file.toml"), &[]).unwrap_err();
    assert_eq!(error.to_string(), "cannot read tests/bad/no_such_file.toml: no such file");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("binary.toml");
    std::fs::write(&path, [0xff, 0xfe, 0x00]).unwrap();
    let error = input::kind(&path).unwrap_err();
    assert!(error.to_string().ends_with("the file is not UTF-8 text"), "{error}");
}

#[test]
fn kinds_of_files_are_told_apart() {
    assert_eq!(input::kind(Path::new("models/minimal.toml")).unwrap(), Kind::Model);
    assert_eq!(input::kind(Path::new("tests/good/study.toml")).unwrap(), Kind::Study);
}

/// The minimal model with some characters taken out and some put in.
fn mutated() -> impl Strategy<Value = String> {
    let text: Vec<char> = std::fs::read_to_string("models/minimal.toml").unwrap().chars().collect();
    let piece = prop_oneof![
        "[ -~\n]{0,3}",
        Just("[".to_owned()),
        Just("\"".to_owned()),
        Just("nan".to_owned()),
        Just("-1".to_owned()),
        Just("99999999999".to_owned()),
        Just("é".to_owned()),
        Just("[[trunks]]\n".to_owned()),
        Just(" = {}\n".to_owned()),
    ];
    let edit = (0..text.len(), 0usize..12, piece);
    proptest::collection::vec(edit, 1..4).prop_map(move |edits| {
        let mut text = text.clone();
        for (at, deleted, inserted) in edits {
            let at = at.min(text.len());
            let end = (at + deleted).min(text.len());
            text.splice(at..end, inserted.chars());
        }
        text.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_text_makes_loading_panic(text in mutated()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mutated.toml");
        std::fs::write(&path, &text).unwrap();
        if let Err(error) = input::model(&path, &[]) {
            prop_assert!(!report(&error).is_empty());
        }
        let _ = input::kind(&path);
        let _ = input::study(&path, &[], None, None);
    }
}
