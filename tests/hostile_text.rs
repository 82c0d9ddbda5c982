//! Texts that are too long, too deep or too strange: characters that a terminal obeys, files and
//! lines of megabytes, keys of thousands of parts, numbers beyond every range.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use trunksim::input::{self, InputError};

use crate::command_line::trunksim;

/// No character that turns the order of others, breaks a line, shows nothing, or is a command to a
/// terminal; a return of the carriage without a new line writes over what stands there.
const STRANGE: [char; 18] = [
    '\u{0}',
    '\u{7}',
    '\u{1b}',
    '\u{7f}',
    '\u{80}',
    '\u{85}',
    '\u{9b}',
    '\u{61c}',
    '\u{200b}',
    '\u{200e}',
    '\u{200f}',
    '\u{2028}',
    '\u{202e}',
    '\u{2066}',
    '\u{2069}',
    '\u{feff}',
    '\u{e0041}',
    '\r',
];

fn written(folder: &Path, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}

/// The minimal model with more in front of its own text, and a study of it.
fn model(folder: &Path, text: &str) -> PathBuf {
    let minimal = std::env::current_dir().unwrap().join("models/minimal.toml");
    written(folder, "model.toml", format!("include = [{minimal:?}]\nname = \"m\"\n{text}\n"))
}

fn study(folder: &Path, question: &str, factor: &str, more: &str) -> Result<(), InputError> {
    model(folder, "");
    let text = format!(
        "name = \"s\"\nquestion = {question}\nmodel = \"model.toml\"\nreplications = 2\n\
         [[factors]]\n{factor}\n{more}"
    );
    input::study(&written(folder, "study.toml", text), &[], None, None).map(|_| ())
}

const FACTOR: &str = "name = \"f\"\nkey = \"client.retry.attempts\"\nvalues = [1, 2]";

fn shown(error: &InputError) -> String {
    let mut shown = error.lines().collect::<Vec<_>>().join("\n");
    let theme = miette::GraphicalTheme::unicode_nocolor();
    let handler = miette::GraphicalReportHandler::new_themed(theme).with_links(false);
    handler.render_report(&mut shown, error).unwrap();
    shown
}

/// What the work gives, which it must within seconds.
#[expect(clippy::disallowed_methods, reason = "a hang is one of the clock on the wall")]
fn soon<T>(work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let done = work();
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    done
}

/// The character as TOML writes it in a text.
fn escaped(c: char) -> String {
    format!("\\U{:08x}", u32::from(c))
}

#[test]
fn strange_characters_are_refused_wherever_a_text_stands() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    for c in STRANGE {
        let text = format!("\"a{}b\"", escaped(c));
        let set = |key: &str| {
            let error = input::model(Path::new("models/minimal.toml"), &[format!("{key}={text}")]);
            error.map(|_| ())
        };
        let trace = |text: &str| {
            let source = format!("trunks.TRK_01.arrivals={{ kind = \"trace\", file = {text} }}");
            input::model(Path::new("models/minimal.toml"), &[source]).map(|_| ())
        };
        let named = |name: &str| FACTOR.replace("\"f\"", name);
        let plot = format!(
            "[[plots]]\nkind = \"ranking\"\nof = \"f\"\nmetrics = [\"failovers\"]\nfile = {text}"
        );
        let level = format!("name = \"f\"\nlevels = [{{ label = {text}, set = {{ seed = 1 }} }}]");
        let refused = [
            set("name"),
            set("description"),
            set("trunks.TRK_01.id"),
            set("api.limits.0.name"),
            trace(&text),
            study(at, &text, FACTOR, ""),
            study(at, "\"?\"", &named(&text), ""),
            study(at, "\"?\"", &level, ""),
            study(at, "\"?\"", FACTOR, &plot),
        ];
        for (n, refused) in refused.into_iter().enumerate() {
            let error = refused.expect_err(&format!("U+{:04X} in {n}", u32::from(c)));
            assert!(!shown(&error).contains(c), "{c:?} in {n}");
        }
    }
    // Letters of other languages, joiners of theirs, and lines.
    let fine =
        "description=\"Zürich 東京 مقسم نمی\u{200c}خواهم 👩\u{200d}💻\\nline\\ttab\\r\\nline\"";
    input::model(Path::new("models/minimal.toml"), &[fine.to_owned()]).unwrap();
}

/// Raw in a file, where an error quotes it.
#[test]
fn strange_characters_are_not_shown_where_files_are_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    for c in STRANGE.into_iter().filter(|c| *c != '\0') {
        let comment = if c.is_control() { String::new() } else { format!(" # {c}") };
        let key = model(at, &format!("\"{}\" = 1{comment}", escaped(c)));
        let cell = written(at, "t.csv", format!("time_s\n1\n{c}x{c}y\n"));
        let trace = format!("trunks.TRK_01.arrivals={{ kind = \"trace\", file = {cell:?} }}");
        let header = written(at, "h.csv", format!("{c},x\n1\n"));
        let no_column = trace.replace("t.csv", "h.csv");
        assert!(header.exists());
        let script = written(at, "o.csv", format!("time_s,status\n1,{c}200\n"));
        let outcomes = format!("api.outcomes={{ file = {script:?} }}");
        let errors = [
            input::model(&key, &[]),
            input::model(&model(at, ""), &[trace]),
            input::model(&model(at, ""), &[no_column]),
            input::model(&model(at, ""), &[outcomes]),
            input::model(&model(at, ""), &[format!("x{c}y=1")]),
            input::model(&model(at, ""), &[format!("seed=x{c}y")]),
            input::model(&at.join(format!("no{c}file.toml")), &[]),
        ];
        for (n, error) in errors.into_iter().enumerate() {
            // A space at the ends of a cell is left out, and some of these are spaces.
            let Err(error) = error else { continue };
            let shown = shown(&error);
            assert!(!shown.contains(c), "{c:?} in {n}: {shown:?}");
        }
    }
}

/// A file that is called strangely may be read with `check *.toml`.
#[cfg(unix)]
#[test]
fn strange_names_of_files_are_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let minimal = fs::read("models/minimal.toml").unwrap();
    let name = written(folder.path(), "a\u{1b}[2J\u{202e}.toml", minimal);
    let name = name.to_str().unwrap();
    let out = at("o\u{1b}[2J\u{202e}");
    let out = out.to_str().unwrap();
    let small = "tests/studies/small.toml";
    for (arguments, code) in [
        (vec!["check", name], 0),
        (vec!["run", name, "--horizon", "10m"], 0),
        (vec!["sweep", name], 2),
        (vec!["sweep", small, "--out", out], 0),
        (vec!["report", &format!("{out}/none")], 2),
        (vec!["presets", "x\u{1b}[2J\u{202e}"], 2),
        (vec!["sweep", small, "--out", &format!("{name}/x")], 1),
    ] {
        let output = trunksim(&arguments).assert().code(code).get_output().clone();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(!said.contains(['\u{1b}', '\u{202e}']), "{arguments:?}: {said:?}");
    }
}

/// The mark that some editors put at the start of a file, and the ends of lines of Windows.
#[test]
fn a_mark_of_the_byte_order_and_carriage_returns_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let minimal = fs::read_to_string("models/minimal.toml").unwrap();
    let text = format!("\u{feff}{}", minimal.replace('\n', "\r\n"));
    let path = written(folder.path(), "marked.toml", text);
    let trace = written(folder.path(), "t.csv", "\u{feff}time_s\r\n1\r\n2\r\n");
    let set = format!("trunks.TRK_01.arrivals={{ kind = \"trace\", file = {trace:?} }}");
    let loaded = input::model(&path, &[set]).unwrap();
    assert_eq!(loaded.traces.arrivals.values().next().map(|times| times.len()), Some(2));
}

/// A key of thousands of parts would be a model of thousands of storeys.
#[test]
fn keys_and_values_of_thousands_of_storeys_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let key = vec!["a"; 50_000].join(".");
    let (open, closed) = ("[".repeat(10_000), "]".repeat(10_000));
    let set = |text: String| input::model(Path::new("models/minimal.toml"), &[text]).map(|_| ());
    let file = |text: String| input::model(&model(at, &text), &[]).map(|_| ());
    let refused = [
        set(format!("{key}=1")),
        set(format!("api={open}{closed}")),
        set(format!("api={open}")),
        file(format!("{key} = 1")),
        file(format!("[{key}]\nx = 1")),
        file(format!("a = {open}{closed}")),
        file(format!("a = {}1{}", "{a=".repeat(10_000), "}".repeat(10_000))),
        study(at, "\"?\"", &format!("name = \"f\"\nkey = \"{key}\"\nvalues = [1, 2]"), ""),
        study(at, "\"?\"", FACTOR, &format!("[set]\n\"{key}\" = 1")),
        study(at, "\"?\"", FACTOR, &format!("[[exclude]]\n\"{key}\" = 1")),
    ];
    for (n, refused) in refused.into_iter().enumerate() {
        let error = refused.expect_err(&format!("{n}"));
        let line = error.lines().next().unwrap();
        assert!(line.contains("toml:") || line.starts_with("command line:"), "{n}: {line:.200}");
        assert!(shown(&error).len() < 100_000, "{n}: {} bytes", shown(&error).len());
    }
}

#[test]
fn a_line_of_megabytes_is_shown_in_part() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let long = "x".repeat(3_000_000);
    written(at, "t.csv", format!("time_s\n1\n{long}\n"));
    written(at, "q.csv", format!("time_s\n1\n\"{}", "1\n".repeat(1_000_000)));
    let trace = |name: &str| {
        let trace = format!("trunks.TRK_01.arrivals={{ kind = \"trace\", file = \"{name}\" }}");
        input::model(&model(at, ""), &[trace]).unwrap_err()
    };
    for (error, place) in [
        (input::model(&model(at, &format!("seed = -1 # {long}")), &[]).unwrap_err(), ":3:8"),
        (input::model(&model(at, &format!("seed = \"{long}\"")), &[]).unwrap_err(), ":3:8"),
        (input::model(&model(at, &format!("x = [\"{long}\", 1")), &[]).unwrap_err(), ":3:"),
        (input::model(&model(at, &format!("{long} = 1")), &[]).unwrap_err(), ":3:1"),
        (trace("t.csv"), "t.csv:3:1"),
        (trace("q.csv"), "q.csv:3:1"),
    ] {
        let shown = shown(&error);
        assert!(shown.contains(place), "{place}: {shown:.300}");
        assert!(shown.len() < 50_000, "{place}: {} bytes", shown.len());
    }
}

/// The refusal of a long file takes no longer than the file: what is told of an no such key is
/// found for those that are shown.
#[test]
fn thousands_of_problems_are_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::new();
    (0..150_000).for_each(|n| writeln!(text, "{n:a>90} = 1").unwrap());
    let path = model(folder.path(), &text);
    let error = soon(|| input::model(&path, &[]).unwrap_err());
    assert_eq!(error.to_string(), "150000 problems, of which the first 20 are shown");
}

/// What has no end, or more than a model can be, is not read to its end.
#[cfg(target_os = "linux")]
#[test]
fn files_without_end_are_not_read_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["sparse.toml", "sparse.csv"] {
        fs::File::create(at(name)).unwrap().set_len(1 << 40).unwrap();
    }
    let sparse = at("sparse.csv");
    let trace = format!("trunks.TRK_01.arrivals={{ kind = \"trace\", file = {sparse:?} }}");
    let top = written(folder.path(), "top.toml", "include = [\"sparse.toml\"]");
    let load = |path: &Path| input::model(path, &[]).unwrap_err();
    for error in [
        load(Path::new("/dev/zero")),
        load(&at("sparse.toml")),
        load(&top),
        input::study(Path::new("/dev/zero"), &[], None, None).unwrap_err(),
        input::model(Path::new("models/minimal.toml"), &[trace]).unwrap_err(),
    ] {
        let line = error.lines().next().unwrap();
        assert!(line.contains(": larger than "), "{line}");
    }
}

#[test]
fn numbers_beyond_every_range_are_refused() {
    let numbers = [
        "1e400",
        "inf",
        "nan",
        "-inf",
        "9223372036854775808",
        "-9223372036854775808",
        "-1",
        "18446744073709551616",
    ];
    let keys = ["seed", "client.retry.attempts", "budget.events_max", "api.failure_share"];
    for number in numbers {
        for key in keys {
            let set = [format!("{key}={number}")];
            let error = input::model(Path::new("models/minimal.toml"), &set);
            let line = error.expect_err(&set[0]).lines().next().unwrap();
            assert!(line.starts_with("command line:1:"), "{line}");
        }
    }
    let small = "tests/studies/small.toml";
    for arguments in [
        ["sweep", small, "--replications", "4294967295"],
        ["sweep", small, "--replications", "0"],
        ["sweep", small, "--seed", "18446744073709551615"],
        ["run", "models/minimal.toml", "--seed", "18446744073709551615"],
    ] {
        let said = trunksim(&arguments).assert().code(2).get_output().stderr.clone();
        let said = String::from_utf8(said).unwrap();
        assert!(said.contains(arguments[2]) && said.contains(arguments[3]), "{said}");
    }
}

/// Names that become files are names of files on every system.
#[test]
fn names_of_files_are_plain() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let long = "x".repeat(300);
    let bad = [
        "", " ", ".", "..", "../x", "a/b", "a.svg", "a:b", "a*", "CON", "nul", "Lpt1", "-rf", "a ",
        &long,
    ];
    for name in bad {
        let plot = format!(
            "[[plots]]\nkind = \"ranking\"\nof = \"f\"\nmetrics = [\"failovers\"]\nfile = {name:?}"
        );
        let error = study(at, "\"?\"", FACTOR, &plot).expect_err(name);
        assert!(error.lines().next().unwrap().contains("study.toml:13:8"), "{name}");
        let text = format!("name = {name:?}\nquestion = \"?\"\nmodel = \"model.toml\"\n");
        let path = written(at, "study.toml", format!("{text}[[factors]]\n{FACTOR}\n"));
        let error = input::study(&path, &[], None, None).expect_err(name);
        assert!(error.lines().next().unwrap().contains("study.toml:1:8"), "{name}");
    }
}

/// Spikes are written out one by one, all of them together no more than may be.
#[test]
fn spikes_are_bounded_together() {
    let folder = tempfile::tempdir().unwrap();
    let spike = "{ at = \"0s\", for = \"1ms\", rate_per_s = 1.0, every = \"1s\" }, ";
    let set = |spikes: usize| {
        let list = spike.repeat(spikes);
        let source = format!("{{ kind = \"spikes\", rate_per_s = 0.1, spikes = [{list}] }}");
        let set = [format!("trunks.TRK_01.arrivals={source}")];
        input::model(&model(folder.path(), ""), &set)
    };
    set(2).unwrap();
    let error = set(3).unwrap_err();
    let line = error.lines().next().unwrap();
    assert!(line.contains("must leave at most 10000 spikes over the horizon"), "{line}");
}

/// What an entry holds is there as often as its count says: a file of some lines is no model of
/// gigabytes.
#[test]
fn copies_of_large_parts_are_bounded_together() {
    let folder = tempfile::tempdir().unwrap();
    let minimal = fs::read_to_string("models/minimal.toml").unwrap();
    let step = "{ at = \"0s\", rate_per_s = 0.1 },".repeat(1000);
    let long = "x".repeat(16_000);
    let id = "id = \"T{n}\"";
    let own = format!("{id}\ncount = 10_001");
    let spikes = "{ at = \"0s\", for = \"1ms\", rate_per_s = 1.0, every = \"10s\" },";
    let poisson = "{ kind = \"poisson\", rate_per_s = 0.1 }";
    let profile = format!("{{ kind = \"profile\", steps = [{step}] }}");
    let spikes = format!("{{ kind = \"spikes\", rate_per_s = 0.1, spikes = [{spikes}{spikes}] }}");
    for (entry, arrivals) in [
        (own.clone(), profile),
        (own.clone(), spikes),
        (own.replace("T{n}", &format!("{long}{{n}}")), poisson.to_owned()),
        (format!("{own}\ngroups = [{}]", "\"agents\", ".repeat(1000)), poisson.to_owned()),
    ] {
        let mut text = minimal.replace("id = \"TRK_01\"", &entry).replace(poisson, &arrivals);
        if entry.contains("groups") {
            text = text.replace("groups = [\"agents\"]\n", "");
        }
        let error = input::model(&written(folder.path(), "copies.toml", text), &[]).unwrap_err();
        let line = error.lines().next().unwrap();
        assert!(line.contains(":9: `trunks.0.count = 10_001`: must be fewer"), "{line:.300}");
    }
}

/// To look for what a name was meant to be takes time by the lengths of both and by how many there
/// are.
#[test]
fn long_and_many_names_are_not_compared() {
    let folder = tempfile::tempdir().unwrap();
    let minimal = fs::read_to_string("models/minimal.toml").unwrap();
    let named = |sbc: &str, asked: &str| {
        let id = minimal.replace("id = \"sbc\"", &format!("id = \"{sbc}\""));
        id.replace("sbc = \"sbc\"", &format!("sbc = \"{asked}\""))
    };
    let long = named(&"s".repeat(50_000), &"t".repeat(50_000));
    let (mut sbcs, mut trunks) = (String::new(), String::new());
    for n in 0..4000 {
        writeln!(sbcs, "[[sbcs]]\nid = \"an-sbc-of-a-name-{n}\"").unwrap();
        let source = "arrivals = { kind = \"poisson\", rate_per_s = 0.1 }";
        let leg = "primary = { carrier = \"telstra\", channels = 6, rtt = \"20ms\" }";
        let own = format!("id = \"T{n}\"\nsbc = \"no-{n}\"\ngroups = [\"agents\"]");
        writeln!(trunks, "[[trunks]]\n{own}\n{source}\n{leg}").unwrap();
    }
    let many =
        format!("{}\n{trunks}", minimal.replacen("[[groups]]", &format!("{sbcs}\n[[groups]]"), 1));
    for text in [long, many] {
        let path = written(folder.path(), "names.toml", text);
        let error = soon(|| input::model(&path, &[]).unwrap_err());
        assert!(error.lines().next().unwrap().contains("no such SBC"));
    }
}
