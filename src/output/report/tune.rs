//! A tuning: its answer, the Pareto front, what became of every point, and the race.

use std::collections::BTreeMap;

use super::answer::{Answer, Mark};
use super::levels::Factors;
use super::manifest::Manifest;
use super::prose::{Prose, counted, draws, listed, percent};
use super::table::{Column, Measure, Table, Tone};
use crate::experiment::figures::{Estimate, Reading};
use crate::experiment::tune::result::{FrontPoint, PointResult, TuneResult};
use crate::experiment::tune::sum;
use crate::output::plots::capital;

/// What the tuning says.
pub(super) fn answer(tuned: &TuneResult, manifest: &Manifest) -> Answer {
    let factors = manifest.factors.iter().map(|factor| factor.name.as_str());
    let names: Vec<&str> = factors.collect();
    let certainty = &tuned.certainty;
    let asked = percent(certainty.confidence);
    let sure = match (is_recommended(tuned), certainty.reached) {
        (false, _) => format!("{asked} confidence was asked for, all its parts together"),
        (true, true) => {
            format!("{asked} confidence, all its parts together, was asked for and reached")
        }
        (true, false) => format!(
            "{asked} confidence was asked for and not reached within the replications allowed"
        ),
    };
    let each = percent(tuned.interval_confidence);
    let basis = format!(
        "{sure}; each ± is half a {each} t interval, alone. {} in the race and {} on fresh \
         replications, with {}; seed {}.",
        capital(&counted(tuned.runs.race, "run")),
        tuned.runs.fresh,
        draws(tuned.common_random_numbers),
        tuned.seed
    );
    Answer {
        command: "tune",
        of: String::new(),
        marks: marks(tuned),
        sentences: tuned.answer.iter().map(|text| Prose::sentence(text, names.clone())).collect(),
        basis,
        warnings: failed(tuned),
    }
}

pub(super) fn is_recommended(tuned: &TuneResult) -> bool {
    tuned.outcome == "recommended"
}

fn marks(tuned: &TuneResult) -> Vec<Mark> {
    let mut marks = vec![match tuned.outcome.as_str() {
        "recommended" => Mark::new(Tone::Good, "A policy is recommended"),
        "undecided" => Mark::new(Tone::Open, "No setting is certain to meet the SLA"),
        _ => Mark::new(Tone::Bad, "No setting meets the SLA"),
    }];
    let sla = &tuned.recommended.sla;
    let count = |word: &str| sla.iter().filter(|held| held.verdict == word).count();
    if !sla.is_empty() {
        marks.push(match (count("missed"), count("undecided")) {
            (0, 0) => Mark::new(Tone::Good, "SLA met"),
            (0, open) => Mark::new(Tone::Open, format!("SLA undecided in {open} of {}", sla.len())),
            (missed, _) => Mark::new(Tone::Bad, format!("SLA missed in {missed} of {}", sla.len())),
        });
    }
    if is_recommended(tuned) {
        let asked = percent(tuned.certainty.confidence);
        marks.push(match tuned.certainty.reached {
            true => Mark::new(Tone::Good, format!("{asked} confidence reached")),
            false => Mark::new(Tone::Open, format!("{asked} confidence not reached")),
        });
    }
    marks
}

/// That runs stopped, and why the first did.
fn failed(tuned: &TuneResult) -> Vec<Prose> {
    let failed: Vec<&PointResult> = tuned.points.iter().filter(|p| p.error.is_some()).collect();
    let Some(first) = failed.first() else { return Vec::new() };
    let text = format!(
        "A run stopped with an error at {}; the first, of setting {}: {}",
        counted(failed.len(), "setting"),
        first.point,
        first.error.as_deref().unwrap_or_default()
    );
    vec![Prose::sentence(&text, [])]
}

/// The name of what is minimised or maximised.
pub(super) fn cost(tuned: &TuneResult) -> &'static str {
    if tuned.goal == "minimise" { "cost" } else { "worth" }
}

/// How the cost is read: as its metric is, where it is one.
pub(super) fn cost_reading(tuned: &TuneResult) -> Reading {
    match tuned.cost.as_slice() {
        [only] if (only.weight - 1.0).abs() < f64::EPSILON => Measure::of(&only.metric).reading,
        _ => Reading::PLAIN,
    }
}

/// The points that were run.
pub(super) struct Points<'a> {
    pub(super) factors: Factors,
    levels: BTreeMap<usize, &'a BTreeMap<String, String>>,
}

/// Number of points up to which each is named.
const NAMED: usize = 5;

impl<'a> Points<'a> {
    pub(super) fn new(tuned: &'a TuneResult, manifest: &Manifest) -> Self {
        let levels = tuned.points.iter().map(|point| (point.point, &point.levels)).collect();
        Self { factors: Factors::of(manifest, &tuned.recommended.levels), levels }
    }

    pub(super) fn describe(&self, levels: &BTreeMap<String, String>) -> String {
        self.factors.describe(levels)
    }

    fn name(&self, point: usize) -> String {
        let levels = self.levels.get(&point).map(|levels| self.describe(levels));
        levels.map_or_else(|| format!("setting {point}"), |levels| format!("{point} ({levels})"))
    }

    pub(super) fn names(&self, points: &[usize]) -> String {
        match points.len() {
            0 => "none".to_owned(),
            1 => format!("setting {}", self.name(points[0])),
            few if few <= NAMED => {
                let names: Vec<String> = points.iter().map(|point| self.name(*point)).collect();
                format!("settings {}", names.join("; "))
            }
            _ => {
                let numbers: Vec<String> = points.iter().map(usize::to_string).collect();
                format!("settings {}", listed(&numbers))
            }
        }
    }
}

/// The front, the points and the race.
pub(super) fn tables(tuned: &TuneResult, manifest: &Manifest) -> Vec<Table> {
    let points = Points::new(tuned, manifest);
    let all = [front(tuned, &points), every(tuned, &points), race(tuned, &points)];
    all.into_iter().filter(|table| table.count() > 0).collect()
}

fn front(tuned: &TuneResult, points: &Points) -> Table {
    let front = &tuned.front;
    let mut rows: Vec<&FrontPoint> = front.points.iter().collect();
    let first = |point: &FrontPoint| point.estimates.first().map_or(f64::NAN, |e| e.mean);
    let higher = front.objectives.first().is_some_and(|(_, way)| way == "higher");
    rows.sort_by(|a, b| {
        let order = first(a).total_cmp(&first(b));
        if higher { order.reverse() } else { order }
    });
    let levels: Vec<_> = rows.iter().map(|point| &point.levels).collect();
    let objectives = front.objectives.iter().enumerate().map(|(place, (name, way))| {
        let none = Estimate { estimate: None, low: None, high: None };
        let of = |point: &&FrontPoint| point.estimates.get(place).map_or(none, |e| (*e).into());
        let measure = Measure::of(name);
        let values: Vec<Estimate> = rows.iter().map(of).collect();
        Column::values(measure.label, &values, measure.reading)
            .meaning(&format!("{way} is better: {}", measure.meaning))
    });
    let count = rows.len();
    Table::new(format!("Pareto front: {}", counted(count, "setting")))
        .with([Column::counts("setting", rows.iter().map(|p| Some(p.point))).heading()])
        .with(points.factors.columns(&levels))
        .with(objectives)
        .with([Column::words("status", rows.iter().map(|p| status(&p.status)))])
        .noted(
            format!(
                "By the means of {}: no other setting is as good in every objective and better in \
                 one. Each ± is half a {} interval, alone.",
                if front.replications == "fresh" {
                    "fresh replications"
                } else {
                    "the race's first rung"
                },
                percent(tuned.interval_confidence)
            ),
            "front.csv",
        )
}

fn every(tuned: &TuneResult, points: &Points) -> Table {
    let mut rows: Vec<&PointResult> = tuned.points.iter().collect();
    let best = if tuned.goal == "minimise" { 1.0 } else { -1.0 };
    let key = |point: &PointResult| (status(&point.status).2, best * point.cost_in_race.mean);
    rows.sort_by(|a, b| {
        let (a, b) = (key(a), key(b));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    let levels: Vec<_> = rows.iter().map(|point| &point.levels).collect();
    let none = Estimate { estimate: None, low: None, high: None };
    let in_race: Vec<Estimate> = rows.iter().map(|p| p.cost_in_race.into()).collect();
    let fresh: Vec<Estimate> =
        rows.iter().map(|p| p.cost_on_fresh.map_or(none, Into::into)).collect();
    let (name, reading) = (cost(tuned), cost_reading(tuned));
    let caption = match tuned.points_run == tuned.points_of {
        true => format!("What became of {}", counted(tuned.points_of, "setting")),
        false => format!(
            "What became of the {} that the search ran, of {}",
            counted(tuned.points_run, "setting"),
            tuned.points_of
        ),
    };
    let mut table = Table::new(caption)
        .with([Column::counts("setting", rows.iter().map(|p| Some(p.point))).heading()])
        .with(points.factors.columns(&levels))
        .with([
            Column::words("status", rows.iter().map(|p| status(&p.status))),
            Column::texts("decided", rows.iter().map(|p| decided(p))),
            Column::counts("gave way to", rows.iter().map(|p| p.than)),
            Column::counts("runs in the race", rows.iter().map(|p| Some(p.race))),
            Column::counts("fresh runs", rows.iter().map(|p| Some(p.fresh))),
            Column::values(format!("{name} in the race"), &in_race, reading),
            Column::values(format!("{name} on fresh runs"), &fresh, reading),
        ]);
    if rows.iter().any(|p| p.error.is_some()) {
        let errors = rows.iter().map(|p| p.error.as_deref().unwrap_or_default());
        table = table.with([Column::texts("why a run stopped", errors)]);
    }
    let formula = sum(&tuned.cost);
    let note = format!(
        "The {name} is {formula}, ± half its {} interval, alone. Fresh replications decide the \
         choice: those of the race favour who was lucky in it.",
        percent(tuned.interval_confidence)
    );
    table.noted(note, "tune.csv")
}

/// Where it was decided.
fn decided(point: &PointResult) -> &'static str {
    if point.decided == "fresh" { "on fresh runs" } else { "in the race" }
}

/// A status in words, in an order from best to worst.
fn status(status: &str) -> (Tone, String, usize) {
    let (tone, words, order) = match status {
        "recommended" => (Tone::Good, "recommended", 0),
        "same" => (Tone::Plain, "the very same as another", 1),
        "beaten" => (Tone::Plain, "meets the SLA, not chosen", 2),
        "no_better" => (Tone::Plain, "no better by what matters", 3),
        "undecided" => (Tone::Open, "undecided", 4),
        "costlier" => (Tone::Plain, "behind for certain", 5),
        "missed" => (Tone::Bad, "misses the SLA", 6),
        "failed" => (Tone::Bad, "a run stopped", 7),
        other => (Tone::Plain, other, 8),
    };
    (tone, words.to_owned(), order)
}

fn race(tuned: &TuneResult, points: &Points) -> Table {
    let rungs = &tuned.rungs;
    let leader = |leader: Option<usize>| {
        leader.map_or_else(|| "none".to_owned(), |point| points.name(point))
    };
    Table::new("The race, rung by rung")
        .with([
            Column::counts("rung", (1..=rungs.len()).map(Some)),
            Column::counts("replications", rungs.iter().map(|r| Some(r.replications)))
                .meaning("Of each setting in it, in all"),
            Column::counts("settings", rungs.iter().map(|r| Some(r.entered))),
            Column::counts("miss the SLA", rungs.iter().map(|r| Some(r.missed)))
                .meaning("Settings found to miss a threshold, or with a run that stopped"),
            Column::counts("behind", rungs.iter().map(|r| Some(r.cut)))
                .meaning("Cut, since the leader costs less, or is worth more, for certain"),
            Column::counts("came back", rungs.iter().map(|r| Some(r.back)))
                .meaning("What had cut them was found to miss a threshold"),
            Column::texts("leader", rungs.iter().map(|r| leader(r.leader)))
                .meaning("The best that seemed to meet the SLA, by which others were cut"),
        ])
        .noted("", "tune.json")
}
