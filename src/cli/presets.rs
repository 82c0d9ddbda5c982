//! `trunksim presets`: the settings of libraries' policies that a model takes by name, as a list, as
//! TOML, for machines, and as the page `docs/presets.md`.

use std::fmt::Write;

use comfy_table::{ColumnConstraint, Table};
use serde_json::{Value as Json, json};

use super::Failure;
use super::run_table::plain_table;
use crate::experiment::places::places;
use crate::policies::families::{FAMILIES, Family};
use crate::policies::order;
use crate::policies::preset::Preset;
use crate::system::spelling::no_such_or;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// List the presets of this kind of policy, or show the parameters of this preset
    #[arg(value_name = "FAMILY|NAME")]
    of: Option<String>,
    /// Print a list of objects, parameters included
    #[arg(long)]
    json: bool,
    /// Print the page of the documentation
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
}

/// A preset with its kind of policy.
type Entry = (&'static Family, &'static Preset);

pub(super) fn execute(args: &Args) -> Result<(), Failure> {
    let all = || FAMILIES.iter().flat_map(|f| f.presets.iter().map(move |p| (f, p)));
    let chosen: Vec<Entry> = match args.of.as_deref() {
        None => all().collect(),
        Some(name) => all().filter(|(f, p)| f.name == name || p.name == name).collect(),
    };
    let family = |name: &str| FAMILIES.iter().find(|f| f.name == name);
    let text = match args.of.as_deref() {
        Some(name) if chosen.is_empty() && family(name).is_none() => return Err(unknown(name)),
        _ if args.json => json(&chosen),
        _ if args.markdown => markdown(&chosen),
        Some(name) if family(name).is_none() => show(&chosen),
        of => list(of.and_then(family), &chosen),
    };
    super::print(&text)
}

fn unknown(name: &str) -> Failure {
    let presets = || FAMILIES.iter().flat_map(|f| f.presets.iter().map(|p| p.name));
    let families: Vec<&str> = FAMILIES.iter().map(|f| f.name).collect();
    let known = families.iter().copied().chain(presets());
    let all = || format!("the families are {}; `trunksim presets` lists all", families.join(", "));
    let message = no_such_or("preset or family of presets", name, known, all);
    Failure::Usage(format!("`{name}`: {message}"))
}

fn list(family: Option<&Family>, entries: &[Entry]) -> String {
    let mut table: Table = plain_table();
    table.set_header(["family", "name", "what it is", "follows"]);
    for (family, preset) in entries {
        let follows = followed(preset);
        table.add_row([family.name, preset.name, preset.summary, &follows]);
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 1));
        if index < 2 {
            // A name is looked for as a whole.
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    let table = table.to_string();
    let lines: Vec<&str> = table.lines().map(str::trim_end).collect();
    let mut text = match (family, entries) {
        (Some(family), []) => format!("There are no presets of the kind `{}`.\n", family.name),
        _ => format!("{}\n", lines.join("\n")),
    };
    let families = FAMILIES.iter().filter(|f| family.is_none_or(|own| own.name == f.name));
    text.push_str("\nWHERE THEY MAY STAND\n");
    for family in families {
        let stands = format!("{}: {}", family.name, places(family.name).join(", "));
        text.push_str(&wrapped("", &stands));
    }
    let _ = writeln!(text, "\n`trunksim presets NAME` shows the parameters of one.");
    text
}

fn show(entries: &[Entry]) -> String {
    let shown = entries.iter().map(|(family, preset)| {
        let about = [
            format!("{} ({}): {}", preset.name, family.name, preset.summary),
            format!("Source: {}", preset.source),
            format!("Follows: {}", followed(preset)),
            format!("Since: {}", preset.follows.since.words()),
            format!("Changed: {}", changed(family, preset)),
            format!(
                "The same as `preset = \"{}\"` in {}.",
                preset.name,
                places(family.name).join(", ")
            ),
        ];
        let about: Vec<String> = about.iter().map(|words| wrapped("# ", words)).collect();
        format!("{}{}\n", about.concat(), lines_of(preset).join("\n"))
    });
    shown.collect::<Vec<_>>().join("\n")
}

/// The library and its version.
fn followed(preset: &Preset) -> String {
    format!("{} {}", preset.follows.library, preset.follows.version.words())
}

/// What changed against the older behaviour, and the presets of the older and the newer one.
fn changed(family: &Family, preset: &Preset) -> String {
    let mut text = preset.follows.changed.words().to_owned();
    if let Some(older) = preset.follows.older {
        let _ = write!(text, " (older: {older})");
    }
    let newer: Vec<&str> = family.newer_than(preset).map(|p| p.name).collect();
    if !newer.is_empty() {
        let _ = write!(text, " (newer: {})", newer.join(", "));
    }
    text
}

/// The settings as lines that may stand under the header of any table.
fn lines_of(preset: &Preset) -> Vec<String> {
    let text = preset.settings.trim();
    if text.lines().all(|line| !line.trim_start().starts_with('[')) {
        return text.lines().map(|line| line.trim_end().to_owned()).collect();
    }
    let keys = settings(preset);
    keys.iter().map(|(key, value)| format!("{key} = {value}")).collect()
}

fn settings(preset: &Preset) -> toml::Table {
    toml::from_str(preset.settings).expect("a shipped preset is TOML")
}

/// Words on lines of at most 80 columns, where they allow it; all but the first are set in.
fn wrapped(start: &str, words: &str) -> String {
    let mut text = String::new();
    let mut line = start.to_owned();
    let mut empty = true;
    for word in words.split_whitespace() {
        if !empty && line.chars().count() + 1 + word.chars().count() > 80 {
            let _ = writeln!(text, "{line}");
            line = format!("{start}  ");
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    let _ = writeln!(text, "{line}");
    text
}

fn json(entries: &[Entry]) -> String {
    let entry = |(family, preset): &Entry| -> Json {
        json!({
            "family": family.name,
            "name": preset.name,
            "summary": preset.summary,
            "source": preset.source,
            "follows": {
                "library": preset.follows.library,
                "version": preset.follows.version.words(),
                "since": preset.follows.since.words(),
                "changed": preset.follows.changed.words(),
                "older": preset.follows.older,
                "newer": family.newer_than(preset).map(|p| p.name).collect::<Vec<_>>(),
            },
            "settings": settings(preset),
            "cases": preset.cases,
            "places": places(family.name),
        })
    };
    let list: Vec<Json> = entries.iter().map(entry).collect();
    format!("{:#}\n", Json::from(list))
}

/// The page of the documentation. It is made from what the program holds and from nothing else.
fn markdown(entries: &[Entry]) -> String {
    let mut text = "# Presets\n\n\
        A preset is the settings of a policy as a named library or platform has them. Where a \
        policy's table stands in a model, `preset = \"name\"` takes them; further keys of the table \
        lie over them:\n\n\
        ```toml\n[client.retry]\npreset = \"fixed_500ms\"\nattempts = 3\n```\n\n\
        It works in model files and what they include, with `--set`, and in the `set`, `values` and \
        `levels` of a study. A table that names a preset takes the place of what was there as a \
        whole. `trunksim presets` lists them.\n\n\
        The version that a preset follows stands beside it, since when it behaves so, and what changed \
        against the older behaviour; \"not known\" says that no source was found. What is from memory \
        says so. The last column names the files of `tests/cases` that are replayed against the preset. This \
        page is written by `trunksim presets --markdown`.\n"
        .to_owned();
    for family in FAMILIES {
        let own: Vec<&Entry> = entries.iter().filter(|(f, _)| f.name == family.name).collect();
        if own.is_empty() {
            continue;
        }
        let places: Vec<String> =
            places(family.name).iter().map(|place| format!("`{place}`")).collect();
        let _ = writeln!(text, "\n## {}\n\nIn {}.\n", family.name, places.join(", "));
        text.push_str(
            "| preset | parameters | source | follows | cases passed |\n|---|---|---|---|---|\n",
        );
        for (_, preset) in own {
            let settings: Vec<String> = lines_of(preset).iter().map(|line| code(line)).collect();
            let cases: Vec<String> = preset
                .cases
                .iter()
                .map(|file| format!("[{}](../tests/cases/{file})", cell(file)))
                .collect();
            let cases = if cases.is_empty() { "none".to_owned() } else { cases.join("<br>") };
            let _ = writeln!(
                text,
                "| `{}`: {} | {} | {} | {} | {cases} |",
                preset.name,
                cell(preset.summary),
                settings.join("<br>"),
                cell(preset.source),
                cell(&format!(
                    "{}; since: {}; changed: {}",
                    followed(preset),
                    preset.follows.since.words(),
                    changed(family, preset)
                )),
            );
        }
    }
    text + &orders()
}

/// The order of the policies of a client: of the model, and of the libraries beside it.
fn orders() -> String {
    let mut text = "\n## Order of a client's policies\n\n\
        A client passes these, the outermost first:\n\n"
        .to_owned();
    for (number, (what, says)) in order::MODEL.iter().enumerate() {
        let _ = writeln!(text, "{}. {what}: {says}", number + 1);
    }
    text.push_str(
        "\n| library | presets | its order | in the model | source |\n|---|---|---|---|---|\n",
    );
    for order in order::ORDERS {
        let presets: Vec<String> =
            order.presets.iter().map(|(family, name)| format!("`{name}` ({family})")).collect();
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            order.library,
            presets.join("<br>"),
            cell(order.nesting),
            cell(order.model),
            cell(order.source),
        );
    }
    let _ = writeln!(text, "\n{}", order::OTHERS);
    text
}

/// A line of TOML within a cell.
fn code(line: &str) -> String {
    if line.is_empty() { String::new() } else { format!("`{}`", line.replace('|', "\\|")) }
}

/// Words within a cell.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
