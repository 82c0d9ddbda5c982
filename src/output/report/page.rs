//! The page: everything the template prints, in its order.

use askama::Template;
use sha2::{Digest, Sha256};

use super::answer::{Answer, Strangers, answers, strangers};
use super::drawing::Drawing;
use super::folder::{LeftOut, Results};
use super::manifest::{Manifest, as_toml};
use super::policy::{Policy, policy};
use super::prose::Prose;
use super::table::{Column, Table};
use super::{compare, sensitivity, sweep, tune};

const STYLE: &str = include_str!("../../../templates/report.css");
const SCRIPT: &str = include_str!("../../../templates/report.js");

/// The page.
#[derive(Template)]
#[template(path = "report.html")]
pub(super) struct Page<'a> {
    style: &'static str,
    script: &'static str,
    /// The page's own style and script, and nothing else.
    content_policy: String,
    name: &'a str,
    question: &'a str,
    /// What on this page is not about what else is on it.
    strangers: Strangers,
    answers: Vec<Answer>,
    policy: Option<Policy>,
    drawings: Vec<&'a Drawing>,
    left_out: &'a [LeftOut],
    /// The tables of the commands that compare points.
    groups: Vec<Group>,
    /// The tables and plots of the sensitivity analysis, if there was one.
    examined: Option<Examined<'a>>,
    /// What the study sets differently from its model.
    set: String,
    model: String,
    study: String,
    command: String,
    facts: Vec<(&'static str, String)>,
    files: Table,
    point_hashes: Table,
}

/// Tables of one command.
#[derive(Clone, Debug)]
struct Group {
    command: &'static str,
    title: &'static str,
    tables: Vec<Table>,
}

/// What the sensitivity analysis found.
#[derive(Clone, Debug)]
struct Examined<'a> {
    sentences: Vec<Prose>,
    tables: Vec<Table>,
    drawings: Vec<&'a Drawing>,
}

impl<'a> Page<'a> {
    /// The page of a study's results.
    pub(super) fn new(results: &'a Results) -> Self {
        let manifest = &results.manifest;
        let mut answers = answers(results);
        // Beside others it has a section of its own for all it says.
        if let [_, .., last] = answers.as_mut_slice()
            && last.command == "sensitivity"
        {
            last.sentences.truncate(1);
        }
        let of_factors = |drawing: &&Drawing| drawing.command == "sensitivity";
        let examined = results.sensitivity.as_ref().map(|found| Examined {
            sentences: found.answer.iter().map(|text| Prose::new(text)).collect(),
            tables: sensitivity::tables(found),
            drawings: results.drawings.iter().filter(of_factors).collect(),
        });
        let elsewhere = |drawing: &&Drawing| examined.is_none() || !of_factors(drawing);
        Self {
            style: STYLE,
            script: SCRIPT,
            content_policy: format!(
                "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action \
                 'none'",
                source(STYLE),
                source(SCRIPT)
            ),
            name: manifest.name(),
            question: manifest.question(),
            strangers: strangers(results),
            policy: policy(results),
            drawings: results.drawings.iter().filter(elsewhere).collect(),
            left_out: &results.left_out,
            groups: groups(results),
            examined,
            answers,
            set: as_toml(&manifest.study["set"]),
            model: as_toml(&manifest.model),
            study: as_toml(&manifest.study),
            command: manifest.typed(),
            facts: facts(results),
            files: files(manifest),
            point_hashes: point_hashes(manifest),
        }
    }
}

fn groups(results: &Results) -> Vec<Group> {
    let manifest = &results.manifest;
    let tune = results.tune.as_ref().map(|found| Group {
        command: "tune",
        title: "Tuning",
        tables: tune::tables(found, manifest),
    });
    let compare = results.compare.as_ref().map(|found| Group {
        command: "compare",
        title: "Comparison",
        tables: compare::tables(found),
    });
    let sweep = results.sweep.as_ref().map(|found| Group {
        command: "sweep",
        title: "Sweep",
        tables: sweep::tables(found, manifest),
    });
    [tune, compare, sweep].into_iter().flatten().collect()
}

fn facts(results: &Results) -> Vec<(&'static str, String)> {
    let manifest = &results.manifest;
    let mut facts = vec![
        ("Program", format!("{} {}", manifest.program, manifest.version)),
        ("Seed", manifest.seed.to_string()),
        ("Replications", manifest.runs()),
        ("Random numbers", manifest.random_numbers.clone()),
    ];
    if let Some(timing) = &results.timing {
        let taken_over = match timing.runs_taken_over {
            0 => String::new(),
            some => format!(", {some} of them taken over from an earlier command"),
        };
        let threads = super::prose::counted(timing.threads, "thread");
        let runs = super::prose::counted(timing.runs, "run");
        let text = format!("{runs} in {:.1} s on {threads}{taken_over}", timing.wall_s);
        facts.push(("Time taken", text));
    }
    facts
}

fn files(manifest: &Manifest) -> Table {
    let files = &manifest.files;
    Table::new("Files that were read").with([
        Column::texts("file", files.iter().map(|f| f.path.as_str())).heading(),
        Column::texts("BLAKE3", files.iter().map(|f| f.blake3.as_str())),
    ])
}

fn point_hashes(manifest: &Manifest) -> Table {
    let points = &manifest.points;
    let levels = points.iter().map(|point| {
        let levels = point.levels.iter().map(|(name, level)| format!("{name} = {level}"));
        levels.collect::<Vec<_>>().join(", ")
    });
    Table::new("Models of the points, every default filled in")
        .with([
            Column::counts("point", points.iter().map(|p| Some(p.point))),
            Column::texts("levels", levels).heading(),
            Column::texts(
                "BLAKE3 of its model as JSON",
                points.iter().map(|p| p.model_blake3.as_str()),
            ),
        ])
        .noted("", "manifest.json")
}

/// A source as a content security policy names it (CSP Level 3, section 2.3.1).
fn source(text: &str) -> String {
    format!("sha256-{}", base64(&Sha256::digest(text.as_bytes())))
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4648, section 10; FIPS 180-4's digest of `abc`.
    #[test]
    fn sources_are_named_as_a_browser_does() {
        for (bytes, text) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(source("abc"), "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    }
}
