//! A sweep: every point with the metrics that the study asks for, from best to worst.

use super::answer::{Answer, Mark};
use super::levels::Factors;
use super::manifest::Manifest;
use super::prose::{Prose, counted, draws, first_of, percent, replications};
use super::table::{Column, Measure, Table, Tone};
use crate::experiment::figures::Estimate;
use crate::experiment::sweep_result::{SweepPoint, SweepResult};
use crate::output::plots::capital;

/// What the sweep says.
pub(super) fn answer(sweep: &SweepResult) -> Answer {
    let runs = || sweep.points.iter().map(|point| point.runs + point.failed);
    let (least, most) = (runs().min().unwrap_or(0), runs().max().unwrap_or(0));
    let together = match sweep.sla.len() {
        0 => "",
        _ => "; what a setting's runs say of the SLA holds together for that setting",
    };
    let basis = format!(
        "{} t intervals, each alone{together}. {}, with {}; seed {}.",
        percent(sweep.confidence),
        capital(&replications(least, most, sweep.points.len())),
        draws(sweep.common_random_numbers),
        sweep.seed
    );
    let failed: usize = sweep.points.iter().map(|point| point.failed).sum();
    let stopped = (failed > 0).then(|| {
        let have = if failed == 1 { "has" } else { "have" };
        Prose::new(&format!(
            "{} {have} stopped with an error and count in no estimate.",
            counted(failed, "run")
        ))
    });
    Answer {
        command: "sweep",
        of: String::new(),
        marks: marks(sweep),
        sentences: sentences(sweep),
        basis,
        warnings: stopped.into_iter().collect(),
    }
}

/// The sweep's sentences; of what a study says first, the first sentence stands by itself.
fn sentences(sweep: &SweepResult) -> Vec<Prose> {
    let labels = || sweep.points.iter().map(|point| point.label.as_str());
    let split = sweep.answer.first().map(|text| first_of(text));
    let first = split.into_iter().flat_map(|(first, rest)| [first, rest]);
    let others = sweep.answer.iter().skip(1).map(String::as_str);
    let all = first.chain(others).filter(|text| !text.is_empty());
    all.map(|text| Prose::sentence(text, labels())).collect()
}

/// How the points stand to the SLA, and that a ranking of means is not a choice.
fn marks(sweep: &SweepResult) -> Vec<Mark> {
    let count =
        |word: &str| sweep.points.iter().filter(|point| point.sla.as_deref() == Some(word)).count();
    let of = sweep.points.len();
    let mut marks = Vec::new();
    if !sweep.sla.is_empty() {
        let met = count("met");
        let tone = if met > 0 { Tone::Good } else { Tone::Bad };
        marks.push(Mark::new(tone, format!("SLA met at {met} of {}", counted(of, "setting"))));
        let open = count("undecided");
        if open > 0 {
            marks.push(Mark::new(Tone::Open, format!("SLA undecided at {open}")));
        }
    }
    // Which differences are real is for `compare` to say, which to take for `tune`.
    if of > 1 {
        let text = "Ranked by means alone";
        marks.push(Mark::new(Tone::Plain, text));
    }
    marks
}

/// The points of the sweep.
pub(super) fn tables(sweep: &SweepResult, manifest: &Manifest) -> Vec<Table> {
    let Some(first) = sweep.points.first() else { return Vec::new() };
    let ranked: Vec<&SweepPoint> =
        sweep.ranking.iter().filter_map(|point| sweep.points.get(*point)).collect();
    let levels: Vec<_> = ranked.iter().map(|point| &point.levels).collect();
    let factors = Factors::of(manifest, &first.levels);
    let by = sweep.metrics.first().map_or_else(String::new, |name| Measure::of(name).label);
    let caption = format!("{} from best to worst by {by}", counted(ranked.len(), "setting"));
    let note = format!(
        "Means ± half their {} intervals, each alone.{}",
        percent(sweep.confidence),
        thresholds(sweep)
    );
    let table = Table::new(capital(&caption))
        .with([Column::counts("rank", (1..=ranked.len()).map(Some))])
        .with(factors.columns(&levels))
        .with(runs(&ranked))
        .with(verdicts(sweep, &ranked))
        .with(wanted(sweep, manifest).iter().map(|name| metric(&ranked, name)))
        .noted(note, "summary.csv");
    vec![table]
}

fn thresholds(sweep: &SweepResult) -> String {
    match sweep.sla.len() {
        0 => String::new(),
        _ => format!(" The SLA: {}.", sweep.sla.join("; ")),
    }
}

/// Runs, where points differ in them, and those that stopped, where some did.
fn runs(points: &[&SweepPoint]) -> Vec<Column> {
    let differ = points.iter().any(|p| p.runs != points[0].runs);
    let runs = Column::counts("runs", points.iter().map(|p| Some(p.runs)))
        .meaning("Runs that gave a result");
    let stopped = Column::counts("stopped", points.iter().map(|p| Some(p.failed)))
        .meaning("Runs that stopped with an error; they count in no estimate");
    let any = points.iter().any(|p| p.failed > 0);
    differ.then_some(runs).into_iter().chain(any.then_some(stopped)).collect()
}

/// What the runs say of the SLA, and of each threshold where there are several.
fn verdicts(sweep: &SweepResult, points: &[&SweepPoint]) -> Vec<Column> {
    if sweep.sla.is_empty() {
        return Vec::new();
    }
    let all = points.iter().map(|p| p.sla.as_deref().unwrap_or_default());
    let meaning = "What the intervals of a setting say of all thresholds together";
    let mut columns = vec![Column::verdicts("SLA", all).meaning(meaning)];
    if sweep.sla.len() > 1 {
        columns.extend(sweep.sla.iter().enumerate().map(|(place, threshold)| {
            let words = points.iter().map(|p| p.verdicts.get(place).map_or("", String::as_str));
            Column::verdicts(threshold.as_str(), words)
        }));
    }
    columns
}

/// The metrics a study names: what it ranks by, those beside, its SLA's, those drawn.
fn wanted(sweep: &SweepResult, manifest: &Manifest) -> Vec<String> {
    let sla = sweep.sla.iter().filter_map(|threshold| threshold.split(' ').next());
    let drawn = manifest.plots.iter().flat_map(|plot| &plot.metrics).map(String::as_str);
    let named = sweep.metrics.iter().map(String::as_str).chain(sla).chain(drawn);
    let mut wanted: Vec<String> = Vec::new();
    for name in named {
        let known = sweep.points[0].estimates.contains_key(name);
        if known && !wanted.iter().any(|have| have == name) {
            wanted.push(name.to_owned());
        }
    }
    wanted
}

fn metric(points: &[&SweepPoint], name: &str) -> Column {
    let none = Estimate { estimate: None, low: None, high: None };
    let estimates: Vec<Estimate> =
        points.iter().map(|point| point.estimates.get(name).copied().unwrap_or(none)).collect();
    let measure = Measure::of(name);
    Column::values(measure.label, &estimates, measure.reading).meaning(measure.meaning)
}
