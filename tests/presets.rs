//! Presets as users meet them: every one in a model that runs, each of its keys overridden, the
//! command that lists them, the page that documents them, and the platforms' limits to include.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use toml::{Table, Value};
use trunksim::experiment::places::places;
use trunksim::input::{self, InputError, LoadedModel};
use trunksim::policies::families::FAMILIES;
use trunksim::policies::limiter::LimiterSpec;
use trunksim::policies::preset::{Fact, Preset};
use trunksim::system::simulate;

/// The minimal model with a tenant, so that every list a preset may stand in has an element.
struct Base(tempfile::TempDir);

impl Base {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut text = fs::read_to_string("models/minimal.toml").unwrap();
        text.push_str(
            "\n[[tenants]]\nid = \"others\"\ntoken = \"routing\"\nendpoint = \"others\"\n\
             arrivals = { kind = \"poisson\", rate_per_s = 1.0 }\n",
        );
        fs::write(folder.path().join("base.toml"), text).unwrap();
        Self(folder)
    }

    fn load(&self, overrides: &[String]) -> Result<LoadedModel, InputError> {
        let short = ["horizon=3m".to_owned(), "warmup=30s".to_owned()];
        input::model(&self.0.path().join("base.toml"), &[&short[..], overrides].concat())
    }
}

fn all() -> impl Iterator<Item = (&'static str, &'static Preset)> {
    FAMILIES.iter().flat_map(|f| f.presets.iter().map(|p| (f.name, p)))
}

/// Where a preset may stand. A registrar takes no limiter that holds back.
fn places_of(family: &str, preset: &Preset) -> Vec<String> {
    let limiter = toml::from_str::<LimiterSpec>(preset.settings);
    let holds_back = family == "limiter" && limiter.is_ok_and(|spec| spec.holds_back());
    places(family).into_iter().filter(|p| !(holds_back && p.ends_with("registrar.limit"))).collect()
}

fn lines(error: &InputError) -> String {
    error.lines().collect::<Vec<_>>().join("\n")
}

/// What is at a dotted key.
fn at<'a>(table: &'a Table, key: &str) -> &'a Value {
    let mut parts = key.split('.');
    let first = &table[parts.next().unwrap()];
    parts.fold(first, |here, part| match here {
        Value::Array(list) => &list[part.parse::<usize>().unwrap()],
        here => &here[part],
    })
}

fn remove(table: &mut Table, key: &str) -> Value {
    let (around, last) = key.rsplit_once('.').unwrap();
    let mut parts = around.split('.');
    let first = &mut table[parts.next().unwrap()];
    let inner = parts.fold(first, |here, part| match here {
        Value::Array(list) => &mut list[part.parse::<usize>().unwrap()],
        here => &mut here[part],
    });
    inner.as_table_mut().unwrap().remove(last).unwrap()
}

/// The keys of a table that hold something else than a table, dotted.
fn leaves(table: &Table) -> Vec<(String, Value)> {
    table
        .iter()
        .flat_map(|(key, value)| match value {
            Value::Table(inner) if !inner.is_empty() => {
                leaves(inner).into_iter().map(|(k, v)| (format!("{key}.{k}"), v)).collect()
            }
            value => vec![(key.clone(), value.clone())],
        })
        .collect()
}

/// `preset = name` with `value` at a dotted key over it, as it is written inline.
fn over(preset: &Preset, key: &str, value: Value) -> String {
    let nested = key
        .rsplit('.')
        .fold(value, |inner, part| Value::Table(Table::from_iter([(part.to_owned(), inner)])));
    let mut table = nested.as_table().unwrap().clone();
    table.insert("preset".to_owned(), preset.name.into());
    Value::Table(table).to_string()
}

#[test]
fn every_preset_expands_in_a_model_that_runs() {
    let base = Base::new();
    assert!(all().count() > 0);
    for (family, preset) in all() {
        let places = places_of(family, preset);
        assert!(!places.is_empty(), "{family} stands nowhere in a model");
        let settings: Table = toml::from_str(preset.settings).unwrap();
        for place in places {
            let key = place.replace("[]", ".0");
            let named = format!("{key}={{ preset = \"{}\" }}", preset.name);
            let loaded = base.load(&[named]).unwrap_or_else(|e| panic!("{key}: {}", lines(&e)));
            let expanded = at(&loaded.table, &key).as_table().unwrap();
            assert!(!expanded.contains_key("preset"));
            if !settings.contains_key("preset") {
                assert_eq!(*expanded, settings, "{key} = {}", preset.name);
            }
            // A run checks that all that went in came out.
            let result = simulate(&loaded.config, 1, 0);
            result.unwrap_or_else(|e| panic!("{key} = {}: {e}", preset.name));
        }
    }
}

/// Another value of the same kind.
fn changed(value: &Value) -> Value {
    match value {
        Value::Integer(number) => Value::Integer(number + 1),
        Value::Float(number) => Value::Float(number * 0.75),
        Value::Boolean(yes) => Value::Boolean(!yes),
        Value::String(text) => match text.parse::<trunksim::engine::time::SimDuration>() {
            Ok(length) => Value::String((length + length).to_string()),
            Err(_) => value.clone(),
        },
        value => value.clone(),
    }
}

#[test]
fn each_key_of_a_preset_can_be_overridden() {
    let base = Base::new();
    for (family, preset) in all() {
        let place = places_of(family, preset).remove(0).replace("[]", ".0");
        let load = |table: &str| base.load(&[format!("{place}={table}")]);
        let plain = load(&format!("{{ preset = \"{}\" }}", preset.name)).unwrap();
        for (key, value) in leaves(at(&plain.table, &place).as_table().unwrap()) {
            // A table with a kind takes the place of the preset's, so that a kind below the first
            // cannot be given alone.
            if key.contains('.') && key.ends_with("kind") {
                continue;
            }
            let same = load(&over(preset, &key, value.clone()))
                .unwrap_or_else(|e| panic!("{}.{key}: {}", preset.name, lines(&e)));
            assert_eq!(same.model, plain.model, "{}.{key}", preset.name);
            let other = changed(&value);
            match load(&over(preset, &key, other.clone())) {
                Ok(mut loaded) => {
                    let path = format!("{place}.{key}");
                    assert_eq!(remove(&mut loaded.table, &path), other, "{}.{key}", preset.name);
                    let mut rest = plain.table.clone();
                    remove(&mut rest, &path);
                    assert_eq!(loaded.table, rest, "{}.{key}", preset.name);
                }
                // At odds with another key, and told at what was written.
                Err(error) => {
                    let text = lines(&error);
                    assert!(text.contains("command line:1:"), "{}.{key}: {text}", preset.name);
                    assert!(!text.contains("no such key"), "{}.{key}: {text}", preset.name);
                }
            }
        }
    }
}

fn trunksim(arguments: &[&str]) -> Command {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("trunksim");
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments);
    command
}

fn output_of(arguments: &[&str]) -> String {
    let output = trunksim(arguments).assert().success().get_output().stdout.clone();
    String::from_utf8(output).unwrap()
}

#[test]
fn the_command_lists_them_within_80_columns() {
    let text = output_of(&["presets"]);
    for (family, preset) in all() {
        assert!(text.contains(preset.name) && text.contains(family), "{}", preset.name);
    }
    let mut texts = vec![text];
    texts.extend(FAMILIES.iter().map(|f| output_of(&["presets", f.name])));
    for line in texts.iter().flat_map(|text| text.lines()) {
        assert!(line.chars().count() <= 80, "over 80 columns: {line}");
    }
}

#[test]
fn the_command_shows_a_preset_as_toml_to_paste() {
    let base = Base::new();
    for (family, preset) in all() {
        let text = output_of(&["presets", preset.name]);
        let one_family = all().filter(|(_, p)| p.name == preset.name).count() == 1;
        let alone = one_family && FAMILIES.iter().all(|f| f.name != preset.name);
        if alone {
            let pasted: Table = toml::from_str(&text).unwrap();
            let place = places_of(family, preset).remove(0).replace("[]", ".0");
            let load = |table: String| base.load(&[format!("{place}={table}")]).unwrap().model;
            let named = load(format!("{{ preset = \"{}\" }}", preset.name));
            assert_eq!(load(Value::Table(pasted).to_string()), named, "{}", preset.name);
        }
        let unwrapped = text.replace("\n#  ", "").split_whitespace().collect::<Vec<_>>().join(" ");
        let follows = &preset.follows;
        let facts = [follows.version, follows.since, follows.changed].map(Fact::words);
        for shown in [preset.source, follows.library].into_iter().chain(facts) {
            let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(unwrapped.contains(&shown), "{shown} in:\n{text}");
        }
    }
}

#[test]
fn the_command_gives_machines_everything() {
    let list: serde_json::Value = serde_json::from_str(&output_of(&["presets", "--json"])).unwrap();
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), all().count());
    for (entry, (family, preset)) in list.iter().zip(all()) {
        assert_eq!((&entry["family"], &entry["name"]), (&family.into(), &preset.name.into()));
        assert_eq!(entry["source"], preset.source);
        assert_eq!(entry["follows"]["library"], preset.follows.library);
        assert_eq!(entry["follows"]["since"], preset.follows.since.words());
        let settings: Table = toml::from_str(preset.settings).unwrap();
        assert_eq!(entry["settings"], serde_json::to_value(settings).unwrap());
    }
}

#[test]
fn a_misspelt_preset_exits_with_2_and_the_nearest() {
    for (name, near) in [("fixd_500ms", "fixed_500ms"), ("retri", "retry"), ("zzz", "retry")] {
        let assert = trunksim(&["presets", name]).assert().code(2);
        let text = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
        assert!(text.contains(name) && text.contains(near), "{text}");
        assert!(assert.get_output().stdout.is_empty());
    }
}

/// `INSTA_UPDATE=always cargo test presets` writes the page again.
#[test]
fn the_page_of_the_documentation_is_up_to_date() {
    let page = Path::new("docs/presets.md");
    let text = output_of(&["presets", "--markdown"]);
    if std::env::var("INSTA_UPDATE").is_ok_and(|how| how == "always") {
        fs::write(page, &text).unwrap();
    }
    let kept = fs::read_to_string(page).unwrap();
    assert_eq!(kept, text, "write it with: cargo run -- presets --markdown > docs/presets.md");
}

#[test]
fn every_preset_has_its_source_and_the_cases_it_names() {
    for (family, preset) in all() {
        let name = format!("{family} {}", preset.name);
        assert!(!preset.summary.is_empty() && !preset.source.is_empty(), "{name}");
        for file in preset.cases {
            let path = Path::new("tests/cases").join(file);
            assert!(path.is_file(), "{name}: {} is missing", path.display());
        }
    }
    for family in FAMILIES {
        for (i, preset) in family.presets.iter().enumerate() {
            let again = family.presets[..i].iter().any(|p| p.name == preset.name);
            assert!(!again, "{} has {} twice", family.name, preset.name);
        }
    }
}

/// Every preset says which version of what it follows, since when, and what changed, be it that this
/// is not known; an older behaviour that it names is a preset of its kind with other settings.
#[test]
fn every_preset_says_the_version_it_follows() {
    for family in FAMILIES {
        for preset in family.presets {
            let name = format!("{} {}", family.name, preset.name);
            let follows = &preset.follows;
            assert!(!follows.library.is_empty(), "{name}");
            for fact in [follows.version, follows.since, follows.changed] {
                let words = fact.words();
                assert!(!words.trim().is_empty() && !words.contains('\n'), "{name}: {words:?}");
            }
            let Some(older) = follows.older else { continue };
            assert_ne!(follows.changed, Fact::NotKnown, "{name} does not say what changed");
            let older = family.presets.iter().find(|p| p.name == older);
            let older = older.unwrap_or_else(|| panic!("{name}: there is no {older:?}"));
            assert!(family.newer_than(older).any(|p| p.name == preset.name), "{name}");
            assert_ne!(older.settings, preset.settings, "{name}");
        }
    }
}

fn platforms() -> Vec<PathBuf> {
    let entries = fs::read_dir("models/presets").unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|e| e == "toml")).collect();
    files.sort();
    assert!(files.len() >= 5, "{files:?}");
    files
}

#[test]
fn the_limits_of_a_platform_take_the_place_of_a_models() {
    let here = std::env::current_dir().unwrap();
    for part in platforms() {
        let own: Table = toml::from_str(&fs::read_to_string(&part).unwrap()).unwrap();
        for model in ["models/minimal.toml", "models/apac.toml"] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("mine.toml");
            let include = [here.join(model), here.join(&part)];
            fs::write(&path, format!("name = \"mine\"\ninclude = {include:?}\n")).unwrap();
            let short = ["horizon=12m".to_owned(), "warmup=1m".to_owned()];
            let loaded = input::model(&path, &short)
                .unwrap_or_else(|e| panic!("{} over {model}: {}", part.display(), lines(&e)));
            let api = &loaded.table["api"];
            assert_eq!(api["limits"], own["api"]["limits"], "{} over {model}", part.display());
            assert_eq!(api["retry_after"], own["api"]["retry_after"], "{}", part.display());
            // Where the model has keys of its own beside them, those stay.
            let below = input::model(Path::new(model), &[]).unwrap().model;
            assert_eq!(loaded.model.trunks, below.trunks);
            assert_eq!(loaded.model.api.service, below.api.service);
            // A run checks that all that went in came out.
            let result = simulate(&loaded.config, 1, 0);
            result.unwrap_or_else(|e| panic!("{} over {model}: {e}", part.display()));
        }
    }
}

#[test]
fn a_models_own_limits_lie_over_what_it_includes() {
    let here = std::env::current_dir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    let text = fs::read_to_string("models/minimal.toml").unwrap();
    let include = [here.join("models/presets/amazon-connect.toml")];
    fs::write(&path, format!("include = {include:?}\n{text}")).unwrap();
    let model = input::model(&path, &[]).unwrap().model;
    let names: Vec<&str> = model.api.limits.iter().map(|limit| &*limit.name).collect();
    assert_eq!(names, ["token_per_minute"]);
}
