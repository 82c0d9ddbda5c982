//! No table of any study is wider than a terminal, whatever its runs give.

use std::path::PathBuf;

use unicode_width::UnicodeWidthStr;

use super::super::layout::WIDTH;
use super::super::sweep_table;
use super::*;
use crate::experiment::compare::report::{Request, With};
use crate::experiment::precision::PointRuns;
use crate::experiment::record::{InMemory, Sample};
use crate::experiment::runner::{Outcome, Unit};
use crate::experiment::summary::Summary;
use crate::input;

fn studies() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["experiments", "tests/studies", "tests/good"] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let toml = path.extension().is_some_and(|e| e == "toml");
            if toml && matches!(input::kind(&path), Ok(input::Kind::Study)) {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(found.len() >= 4, "{found:?}");
    found
}

/// Values of all sizes, some missing; no run is needed for these.
fn made_up(units: &[Unit], size: f64) -> Vec<Outcome> {
    let value = |unit: &Unit, metric: usize| {
        let chance = (unit.point * 7919 + unit.replication as usize * 104_729 + metric * 31) % 997;
        if chance == 0 { f64::NAN } else { size * chance as f64 / 997.0 }
    };
    let run = |unit| (0..METRICS.len()).map(|metric| value(unit, metric)).collect();
    units.iter().map(|unit| Ok(run(unit))).collect()
}

fn keeps_to_the_terminal(text: &str, what: &str) {
    let (results, _) = text.split_once("FILES\n").expect("the files come last");
    for line in results.lines() {
        assert!(line.width() <= WIDTH, "{what}: {} columns: {line}", line.width());
        assert!(!line.contains('\u{1b}'), "{what}: no colour is used");
    }
}

#[test]
fn no_table_of_any_study_is_wider_than_a_terminal() {
    for path in studies() {
        let loaded = input::study(&path, &[], Some(3), None).unwrap_or_else(|e| panic!("{e}"));
        let plan = &loaded.plan;
        let units: Vec<Unit> = plan.all_units().collect();
        let study = &plan.study;
        let names = std::iter::once(&study.rank.by).chain(&study.rank.beside);
        let metrics: Vec<usize> = names.map(|name| index_of(name).unwrap()).collect();
        // One size will do for the studies of hundreds of points.
        let sizes: &[f64] = if plan.points.len() > 100 { &[123_456.0] } else { &[1.0, 123_456.0] };
        for &size in sizes {
            let record = InMemory::of(&units, |units| made_up(units, size));
            let sample = Sample::new(&units, &record);
            let what = format!("{} x {size}", path.display());
            let summary = Summary::new(plan, sample);
            keeps_to_the_terminal(
                &sweep_table::render(plan, &summary, &PointRuns::default(), &[]),
                &what,
            );
            let mut all = vec![With::Control(0), With::BestFound];
            if plan.points.len() <= 30 {
                all.push(With::Each);
            }
            for with in all {
                let request = Request { metrics: metrics.clone(), with };
                let comparison = Comparison::new(plan, sample, &request);
                let text = render(plan, &comparison, &[]);
                keeps_to_the_terminal(&text, &format!("{what} {with:?}"));
                assert!(text.contains("ANSWER"), "{text}");
            }
        }
    }
}
