//! What `tune` promises, on the 216 policies of `experiments/tune.toml`: it finds one whose true
//! cost lies within the indifference zone of what brute force finds, for a fifth of the runs.
//!
//! Brute force, and the runs that tunings of ten seeds asked for, stand in `tests/cases/tune`
//! (`make.sh` makes them); here the tunings are gone through anew on those.

use std::collections::BTreeMap;
use std::path::Path;

use trunksim::engine::statistics::mean_interval;
use trunksim::experiment::compare::paired::paired;
use trunksim::experiment::runner::{Outcome, Unit};
use trunksim::experiment::tune::tune;
use trunksim::input;
use trunksim::system::metrics::{METRICS, index_of};

/// A table of `tests/cases/tune` without its first line, which names the columns, if it has one.
fn rows(name: &str, header: bool) -> Vec<Vec<f64>> {
    let path = Path::new("tests/cases/tune").join(name);
    let mut reader = csv::ReaderBuilder::new().has_headers(header).from_path(path).unwrap();
    let number = |field: &str| -> f64 { field.parse().unwrap() };
    reader.records().map(|row| row.unwrap().iter().map(number).collect()).collect()
}

/// What brute force found: by point, the values of every replication.
fn truth(name: &str) -> Vec<Vec<f64>> {
    let rows = rows(name, false);
    assert!(rows.iter().enumerate().all(|(point, row)| row[0] as usize == point));
    rows.into_iter().map(|row| row[1..].to_vec()).collect()
}

fn mean(values: &[f64]) -> f64 {
    mean_interval(values, 0.95).mean
}

#[test]
fn ten_tunings_find_what_brute_force_finds_for_a_fifth_of_its_runs() {
    let loaded = input::study(Path::new("experiments/tune.toml"), &[], None, None).unwrap();
    let plan = &loaded.plan;
    let spec = plan.study.tune.as_ref().unwrap();
    let (costs, levels) = (truth("truth-cost.csv"), truth("truth-level.csv"));
    assert!(plan.points.len() >= 200 && costs.len() == plan.points.len());
    let least = plan.study.sla.iter().find(|sla| sla.metric == "service_level_end_to_end").unwrap();
    let least = least.at_least.unwrap();
    let feasible = (0..costs.len()).filter(|point| mean(&levels[*point]) >= least);
    let best = feasible.min_by(|a, b| mean(&costs[*a]).total_cmp(&mean(&costs[*b]))).unwrap();

    let mut runs: BTreeMap<u64, BTreeMap<Unit, Vec<f64>>> = BTreeMap::new();
    let columns = ["failovers", "api_attempts", "service_level", "service_level_end_to_end"];
    for row in rows("claim.csv", true) {
        let mut metrics = vec![0.0; METRICS.len()];
        for (column, value) in columns.iter().zip(&row[3..]) {
            metrics[index_of(column).unwrap()] = *value;
        }
        let unit = Unit { point: row[1] as usize, replication: row[2] as u64 };
        runs.entry(row[0] as u64).or_default().insert(unit, metrics);
    }
    assert_eq!(runs.len(), 10);
    let chosen = rows("chosen.csv", true);
    let (mut found, mut surely, mut said) = (0, 0, String::new());
    for ((seed, runs), chosen) in runs.iter().zip(&chosen) {
        let fetch = |units: &[Unit]| -> Result<Vec<Outcome>, Unit> {
            units.iter().map(|unit| runs.get(unit).cloned().map(Ok).ok_or(*unit)).collect()
        };
        let (asked, result) = tune(plan, spec, fetch)
            .unwrap_or_else(|unit| panic!("claim.csv lacks {unit:?} of seed {seed}: run make.sh"));
        assert_eq!(asked.len(), runs.len(), "every run of the table was asked for");
        let point = result.recommended.point;
        assert_eq!((*seed, point), (chosen[0] as u64, chosen[1] as usize));
        let behind = paired(&costs[point], &costs[best], 0.95).difference;
        let meets = mean(&levels[point]) >= least;
        found += u32::from(meets && behind.mean <= spec.indifference);
        surely += u32::from(meets && behind.high() <= spec.indifference);
        let spent = result.runs.total as f64 / result.runs.brute_force as f64;
        said.push_str(&format!(
            "seed {seed}: point {point}, {:.2} ± {:.2} behind, {:.1} % of brute force\n",
            behind.mean,
            behind.half_width,
            spent * 100.0,
        ));
        assert!(spent <= 0.2, "{said}");
    }
    assert!(found >= 8 && surely >= 8, "best {best}\n{said}");
}
