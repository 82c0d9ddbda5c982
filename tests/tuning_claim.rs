//! What `tune` promises, on the 216 policies of `experiments/tune.toml`: it finds one whose true
//! cost lies within the indifference zone of what brute force finds, for a fifth of its runs.
//!
//! Brute force ran every policy a hundred times (`tests/cases/tune`, made by `make.sh`). Here those
//! hundred replications are the whole world: a tuning draws its own from them, with replacement, the
//! same for all policies, so that their mean is the true cost and not an estimate of it. Tunings of
//! the simulator itself stand in `chosen.csv`.

use std::path::Path;

use trunksim::engine::random::RandomSource;
use trunksim::engine::statistics::mean_interval;
use trunksim::experiment::compare::paired::paired;
use trunksim::experiment::plan::Plan;
use trunksim::experiment::record::InMemory;
use trunksim::experiment::runner::{Outcome, Unit};
use trunksim::experiment::tune::result::TuneResult;
use trunksim::experiment::tune::tune;
use trunksim::input;
use trunksim::system::metrics::{METRICS, index_of};

const POINTS: usize = 216;
const REPLICATIONS: usize = 100;

fn rows(name: &str, header: bool) -> Vec<Vec<f64>> {
    let path = Path::new("tests/cases/tune").join(name);
    let mut reader = csv::ReaderBuilder::new().has_headers(header).from_path(path).unwrap();
    let number = |field: &str| -> f64 { field.parse().unwrap() };
    reader.records().map(|row| row.unwrap().iter().map(number).collect()).collect()
}

fn mean(values: &[f64]) -> f64 {
    mean_interval(values, 0.95).mean
}

/// What brute force found, by point and replication.
struct Truth {
    costs: Vec<Vec<f64>>,
    queue: Vec<Vec<f64>>,
    calls: Vec<Vec<f64>>,
    /// The cheapest point that keeps to the thresholds.
    best: usize,
}

impl Truth {
    fn new(plan: &Plan) -> Self {
        let table = |name: &str| -> Vec<Vec<f64>> {
            let rows = rows(name, false);
            assert_eq!(rows.len(), POINTS);
            rows.into_iter()
                .enumerate()
                .map(|(point, row)| {
                    assert_eq!((row[0] as usize, row.len()), (point, REPLICATIONS + 1));
                    row[1..].to_vec()
                })
                .collect()
        };
        let costs = table("truth-cost.csv");
        let (queue, calls) = (table("truth-queue.csv"), table("truth-calls.csv"));
        let mut truth = Self { costs, queue, calls, best: 0 };
        let meeting = (0..POINTS).filter(|point| truth.meets(plan, *point));
        let cost = |point: &usize| mean(&truth.costs[*point]);
        truth.best = meeting.min_by(|a, b| cost(a).total_cmp(&cost(b))).unwrap();
        truth
    }

    fn meets(&self, plan: &Plan, point: usize) -> bool {
        let sla = &plan.study.sla;
        assert_eq!((sla[0].metric.as_str(), sla.len()), ("service_level", 2));
        let least = |i: usize| sla[i].at_least.unwrap();
        mean(&self.queue[point]) >= least(0) && mean(&self.calls[point]) >= least(1)
    }

    /// What a run of a point gives that has the random numbers of this replication. The cost stands
    /// for the failovers, without a call to the API.
    fn run(&self, point: usize, replication: usize) -> Outcome {
        let mut metrics = vec![0.0; METRICS.len()];
        let mut set = |name: &str, value: f64| metrics[index_of(name).unwrap()] = value;
        set("failovers", self.costs[point][replication]);
        set("service_level", self.queue[point][replication]);
        set("service_level_end_to_end", self.calls[point][replication]);
        Ok(metrics)
    }

    fn tuning(&self, plan: &Plan, seed: u64) -> TuneResult {
        let drawn = |replication: u64| {
            let u = RandomSource::new(seed, replication).at(1, 0, 0).uniform();
            (u * REPLICATIONS as f64) as usize
        };
        let mut source = InMemory::new(|units: &[Unit]| {
            units.iter().map(|unit| self.run(unit.point, drawn(unit.replication))).collect()
        });
        tune(plan, plan.study.tune.as_ref().unwrap(), &mut source).unwrap().1
    }
}

#[test]
fn tunings_find_what_brute_force_finds_for_a_fifth_of_its_runs() {
    let loaded = input::study(Path::new("experiments/tune.toml"), &[], None, None).unwrap();
    let plan = &loaded.plan;
    let truth = Truth::new(plan);
    assert_eq!(plan.points.len(), POINTS);
    let indifference = plan.study.tune.as_ref().unwrap().indifference;
    let (mut found, mut cheap, mut said) = (0, 0, String::new());
    for seed in 1..=10 {
        let result = truth.tuning(plan, seed);
        let point = result.recommended.point;
        let behind = mean(&truth.costs[point]) - mean(&truth.costs[truth.best]);
        let runs = &result.runs;
        found += u32::from(truth.meets(plan, point) && behind <= indifference);
        // Brute force as it was, and as often as the point recommended was run.
        assert!(5 * runs.total <= POINTS * REPLICATIONS, "{runs:?}");
        cheap += u32::from(5 * runs.total <= runs.brute_force);
        said.push_str(&format!(
            "seed {seed}: point {point}, {behind:.2} behind, {} of {} runs\n",
            runs.total, runs.brute_force
        ));
    }
    assert!(found >= 8 && cheap >= 8, "{found} {cheap} of 10\n{said}");
}

/// What tunings of the simulator recommended, each under a seed of its own.
#[test]
fn what_tunings_of_the_simulator_recommended_is_as_good_as_the_best() {
    let loaded = input::study(Path::new("experiments/tune.toml"), &[], None, None).unwrap();
    let truth = Truth::new(&loaded.plan);
    let indifference = loaded.plan.study.tune.as_ref().unwrap().indifference;
    let chosen = rows("chosen.csv", true);
    let good = |row: &&Vec<f64>| {
        let point = row[1] as usize;
        let behind = paired(&truth.costs[point], &truth.costs[truth.best], 0.95).difference;
        assert!(5.0 * row[2] <= (POINTS * REPLICATIONS) as f64, "{row:?}");
        // The whole interval of the difference, since that of the truth is not known exactly.
        truth.meets(&loaded.plan, point) && behind.high() <= indifference
    };
    let count = chosen.iter().filter(good).count();
    assert!(!chosen.is_empty() && 10 * count >= 8 * chosen.len(), "{count} of {chosen:?}");
}
