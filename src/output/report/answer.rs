//! What the commands say to the study's question, each with how sure that is, the command that
//! decides first; and whether what they left belongs together.

use std::collections::BTreeMap;

use super::folder::Results;
use super::prose::Prose;
use super::table::Tone;
use super::{compare, sensitivity, sweep, tune};

/// What one command says.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) command: &'static str,
    /// What it is of, where that is not what the page is about.
    pub(super) of: String,
    /// The least that one has to know, at a glance.
    pub(super) marks: Vec<Mark>,
    /// The first says most.
    pub(super) sentences: Vec<Prose>,
    /// What its intervals rest on.
    pub(super) basis: String,
    /// What to beware of, each with its remedy.
    pub(super) warnings: Vec<Prose>,
}

/// A verdict in a few words.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mark {
    pub(super) tone: Tone,
    pub(super) text: String,
}

impl Mark {
    pub(super) fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { tone, text: text.into() }
    }
}

/// The answers there are, in the order of [`super::folder::COMMANDS`].
pub(super) fn answers(results: &Results) -> Vec<Answer> {
    let mut answers = all(results);
    let (name, question) = (results.manifest.name(), results.manifest.question());
    for (answer, origin) in answers.iter_mut().zip(origins(results)) {
        if (origin.study, origin.question) != (name, question) {
            answer.of = format!("of the study {}: {}", origin.study, origin.question);
        }
    }
    answers
}

fn all(results: &Results) -> Vec<Answer> {
    let tune = results.tune.as_ref().map(|found| tune::answer(found, &results.manifest));
    let compare = results.compare.as_ref().map(compare::answer);
    let sweep = results.sweep.as_ref().map(sweep::answer);
    let sensitivity = results.sensitivity.as_ref().map(sensitivity::answer);
    [tune, compare, sweep, sensitivity].into_iter().flatten().collect()
}

/// What a command's results say they are of.
struct Origin<'a> {
    command: &'static str,
    study: &'a str,
    question: &'a str,
    seed: u64,
    /// Levels by point; none where the results do not list them.
    points: Vec<(usize, &'a BTreeMap<String, String>)>,
}

/// Result files that do not belong to this study.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Strangers {
    /// Results of another study, seed or other points: shown before the answer.
    pub(super) foreign: Vec<Prose>,
    /// Results that were there before.
    pub(super) earlier: Vec<Prose>,
}

/// Where results are of another command than the manifest, or of another study: what is described
/// on the page is then not for certain what they were made from.
pub(super) fn strangers(results: &Results) -> Strangers {
    let manifest = &results.manifest;
    let last = manifest.command();
    let mut found = Strangers::default();
    for origin in origins(results) {
        let file = format!("`{}.json`", origin.command);
        let same = |(point, levels): &(usize, &BTreeMap<String, String>)| {
            manifest.points.iter().any(|p| p.point == *point && p.levels == **levels)
        };
        let other = if origin.study != manifest.name() {
            format!("is of another study, `{}`", origin.study)
        } else if origin.seed != manifest.seed {
            format!("was made with the seed {}, another than {}", origin.seed, manifest.seed)
        } else if !origin.points.iter().all(same) {
            "is of other settings".to_owned()
        } else {
            if last != Some(origin.command) {
                let by = last.map_or_else(String::new, |last| format!(", by `trunksim {last}`"));
                found.earlier.push(Prose::new(&format!(
                    "{file} was there before the folder was last written to{by}. Study, seed and \
                     settings are the same; with which other settings it was made is not on record."
                )));
            }
            continue;
        };
        found.foreign.push(Prose::new(&format!(
            "{file} {other}: what this page says of model, study and command line is not about it."
        )));
    }
    found
}

fn origins(results: &Results) -> Vec<Origin<'_>> {
    let tune = results.tune.as_ref().map(|r| Origin {
        command: "tune",
        study: &r.study,
        question: &r.question,
        seed: r.seed,
        points: r.points.iter().map(|p| (p.point, &p.levels)).collect(),
    });
    let compare = results.compare.as_ref().map(|r| Origin {
        command: "compare",
        study: &r.study,
        question: &r.question,
        seed: r.seed,
        points: r.points.iter().map(|p| (p.point, &p.levels)).collect(),
    });
    let sweep = results.sweep.as_ref().map(|r| Origin {
        command: "sweep",
        study: &r.study,
        question: &r.question,
        seed: r.seed,
        points: r.points.iter().map(|p| (p.point, &p.levels)).collect(),
    });
    let sensitivity = results.sensitivity.as_ref().map(|r| Origin {
        command: "sensitivity",
        study: &r.study,
        question: &r.question,
        seed: r.seed,
        points: Vec::new(),
    });
    [tune, compare, sweep, sensitivity].into_iter().flatten().collect()
}
