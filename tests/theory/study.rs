//! A case as an experiment: independent replications, estimates, comparison with theory.
//!
//! Every metric that a case expects is measured; none is left out.

use rayon::prelude::*;
use toml::Table;
use trunksim::engine::statistics::{Interval, mean_interval};
use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::system::metrics::METRICS;
use trunksim::system::observation::Observer;
use trunksim::system::{Config, RunResult, simulate_observed};

use super::case::Case;
use super::folds::Window;
use super::model;

/// Independent replications of a study. So many that their spread is well estimated (9 %): a run
/// is long enough when it looks narrow, which favours spreads estimated too small.
const REPLICATIONS: u64 = 64;
/// The project's rule: theory lies within so many standard errors of the mean.
const STANDARD_ERRORS_MAX: f64 = 4.0;
/// The 95 % interval's half-width may be this share of what is expected …
const RELATIVE_WIDTH_MAX: f64 = 0.02;
/// … or for a probability this much.
const PROBABILITY_WIDTH_MAX: f64 = 0.002;
/// Runs are lengthened so many times at most …
const ROUNDS_MAX: u64 = 5;
/// … and to so many arrivals in all, calls or requests; a metric that is not narrow by then has
/// to be among those a study says are wider. `THEORY_EFFORT=4` allows four times as many.
pub(crate) const ARRIVALS_MAX: f64 = 5e6;

/// What one replication measures.
pub(crate) struct Measured {
    /// Metric and value.
    pub(crate) values: Vec<(&'static str, f64)>,
    /// How many chances there were for anything to occur: arrivals.
    pub(crate) chances: f64,
}

/// How a case is simulated.
pub(crate) struct Study<'a> {
    /// The model, and others where a metric needs a system of its own. Horizon and warm-up are
    /// set here.
    pub(crate) models: Vec<Table>,
    /// Simulated time after which the start is forgotten.
    pub(crate) warmup_s: f64,
    /// Simulated time measured at first; lengthened until the intervals are narrow.
    pub(crate) measured_s: f64,
    /// The measured time is a multiple of this.
    pub(crate) unit_s: f64,
    /// Arrivals after which runs are not lengthened any more.
    pub(crate) arrivals_max: f64,
    /// Metrics whose interval may be wider than the rule, as a share of what is expected: the
    /// rule's width would take more than the arrivals allowed.
    pub(crate) wider: &'a [(&'a str, f64)],
    /// Runs one replication.
    pub(crate) measure: &'a (dyn Fn(&Runs) -> Measured + Sync),
}

/// The runs of one replication.
pub(crate) struct Runs<'a> {
    configs: &'a [Config],
    pub(crate) window: Window,
    pub(crate) seed: u64,
    pub(crate) replication: u64,
}

impl Runs<'_> {
    /// Runs the study's model of that index under an observer.
    pub(crate) fn run<O: Observer>(&self, index: usize, observer: O) -> (RunResult, O) {
        simulate_observed(&self.configs[index], self.seed, self.replication, observer)
            .expect("the run ends")
    }
}

/// A metric of the catalogue.
pub(crate) fn metric(result: &RunResult, name: &str) -> f64 {
    let index = METRICS.iter().position(|m| m.name == name);
    result.metrics[index.unwrap_or_else(|| panic!("no metric {name}"))]
}

/// A metric's estimate beside its theory.
struct Line {
    name: String,
    expected: f64,
    interval: Interval,
    standard_error: f64,
    width_aimed: f64,
    width_max: f64,
}

impl Study<'_> {
    /// Runs the case until its estimates are narrow, prints them, and holds them against theory.
    pub(crate) fn check(&self, case: &Case) {
        let mut measured_s = self.measured_s;
        let mut longest = false;
        for round in 1.. {
            measured_s = (measured_s / self.unit_s).ceil() * self.unit_s;
            let samples = self.replicate(measured_s, case.seed() + round);
            let arrivals: f64 = samples.iter().map(|s| s.chances).sum();
            let lines = self.lines(case, &samples, arrivals);
            let excess = lines.iter().map(|l| l.excess(l.width_aimed)).fold(0.0, f64::max);
            if excess <= 1.0 || longest || round == ROUNDS_MAX {
                judge(case, &lines, measured_s);
                return;
            }
            // Widths shrink with the root of the time; a little more so that it suffices.
            let wanted = (1.15 * excess * excess).clamp(1.2, 100.0);
            let allowed = effort() * self.arrivals_max / arrivals;
            longest = wanted >= allowed;
            measured_s *= wanted.min(allowed.max(1.0));
        }
    }

    fn lines(&self, case: &Case, samples: &[Measured], chances: f64) -> Vec<Line> {
        let expected = case.expected().iter();
        expected
            .map(|(name, expected)| {
                let values: Vec<f64> = samples.iter().map(|s| s.value(case, name)).collect();
                self.line(name, *expected, &values, chances)
            })
            .collect()
    }

    fn replicate(&self, measured_s: f64, seed: u64) -> Vec<Measured> {
        let warmup = SimTime::ZERO + SimDuration::from_secs_f64(self.warmup_s);
        let window =
            Window { from: warmup, until: warmup + SimDuration::from_secs_f64(measured_s) };
        let configs: Vec<Config> = self
            .models
            .iter()
            .map(|table| {
                let mut table = table.clone();
                model::set(&mut table, "warmup", model::seconds(self.warmup_s));
                model::set(&mut table, "horizon", model::seconds(window.until.as_secs_f64()));
                model::set(&mut table, "series_bin", model::seconds(measured_s));
                model::config(&table)
            })
            .collect();
        let runs = |replication| Runs { configs: &configs, window, seed, replication };
        (0..REPLICATIONS).into_par_iter().map(|r| (self.measure)(&runs(r))).collect()
    }

    fn line(&self, name: &str, expected: f64, values: &[f64], chances: f64) -> Line {
        let interval = mean_interval(values, 0.95);
        let mut standard_error = interval.sd / (interval.n as f64).sqrt();
        if is_probability(name) && expected * chances < REPLICATIONS as f64 {
            // So rare that most replications never see it: the sample cannot tell its own
            // spread. Occurrences are then a Poisson number of visits of exponential length,
            // whose variance is twice that of their number.
            standard_error = standard_error.max((2.0 * expected / chances).sqrt());
        }
        let least = if is_probability(name) { PROBABILITY_WIDTH_MAX } else { 0.0 };
        let width_aimed = (RELATIVE_WIDTH_MAX * expected.abs()).max(least);
        let wider = self.wider.iter().find(|(n, _)| *n == name);
        let width_max = wider.map_or(width_aimed, |(_, share)| share * expected.abs());
        Line { name: name.to_owned(), expected, interval, standard_error, width_aimed, width_max }
    }
}

impl Measured {
    fn value(&self, case: &Case, name: &str) -> f64 {
        let found = self.values.iter().find(|(n, _)| *n == name);
        found.unwrap_or_else(|| panic!("{}: nobody measures {name}", case.id)).1
    }
}

impl Line {
    /// How many times too wide the interval is.
    fn excess(&self, width: f64) -> f64 {
        self.interval.half_width / width
    }

    fn z(&self) -> f64 {
        let off = self.interval.mean - self.expected;
        // A sum of equal values may differ from them in the last bits.
        if off.abs() <= 1e-12 * self.expected.abs() { 0.0 } else { off / self.standard_error }
    }
}

/// Probabilities go by these names in the cases.
fn is_probability(name: &str) -> bool {
    let words =
        ["blocking", "prob", "congestion", "utilisation", "_fraction", "service_level", "p_"];
    !name.starts_with("p95")
        && words.iter().any(|w| if *w == "p_" { name.starts_with(w) } else { name.contains(w) })
}

fn effort() -> f64 {
    std::env::var("THEORY_EFFORT").map_or(1.0, |text| text.parse().expect("a number"))
}

fn judge(case: &Case, lines: &[Line], measured_s: f64) {
    let mut wrong = Vec::new();
    for line in lines {
        let text = format!(
            "{:16} {:30} expected {:12.6e} mean {:12.6e} se {:9.3e} z {:+6.2} half-width {:6.3} % \
             of {:6.3} % ({} x {measured_s:.0} s)",
            case.id,
            line.name,
            line.expected,
            line.interval.mean,
            line.standard_error,
            line.z(),
            100.0 * line.interval.half_width / line.expected.abs(),
            100.0 * line.width_max / line.expected.abs(),
            line.interval.n,
        );
        println!("{text}");
        // Written so that a value that is not a number is wrong.
        let agrees = line.z().abs() < STANDARD_ERRORS_MAX && line.interval.n == REPLICATIONS;
        if !agrees {
            wrong.push(format!("disagrees: {text}"));
        } else if line.excess(line.width_max).is_nan() || line.excess(line.width_max) > 1.0 {
            wrong.push(format!("too vague: {text}"));
        }
    }
    assert!(wrong.is_empty(), "theory and simulator:\n{}", wrong.join("\n"));
}
