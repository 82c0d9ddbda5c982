//! A case as an experiment: independent replications, estimates, comparison with theory.
//!
//! The number of replications is fixed. How much each of them measures is decided by a pilot with
//! seeds of its own, so that no estimate is looked at to decide when to stop; the pilot's figures
//! are not used for anything else. A run whose intervals are wider than wanted nevertheless, the
//! pilot having been lucky, is thrown away, whatever it found, and a longer one with other seeds
//! takes its place.
//!
//! Every metric that a case expects is measured; none is left out.

use rayon::prelude::*;
use toml::Table;
use trunksim::engine::statistics::{Interval, mean_interval, student_t_quantile};
use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::system::metrics::METRICS;
use trunksim::system::observation::Observer;
use trunksim::system::{Config, RunResult, simulate_observed};

use super::case::Case;
use super::folds::Window;
use super::model;

/// Independent replications of a study. So many that their spread is well estimated (9 %) and
/// their mean is nearly normal.
const REPLICATIONS: u64 = 64;
/// Replications of the pilot; its spread is off by 13 %.
const PILOT_REPLICATIONS: u64 = 32;
/// What the cases ask: theory lies in the Student-t interval at this confidence, shared out over
/// the metrics of a case (Bonferroni). With 64 replications that is 3.5 to 4.2 standard errors.
const CONFIDENCE: f64 = 0.999;
/// The interval whose width shows that a run says something.
const CONFIDENCE_OF_WIDTH: f64 = 0.95;
/// Its half-width may be this share of what is expected …
const RELATIVE_WIDTH: f64 = 0.02;
/// … or for a probability this much.
const PROBABILITY_WIDTH: f64 = 0.002;
/// Runs are sized so that the pilot's spread gives this part of the width.
const MARGIN: f64 = 0.8;
/// Where the arrivals allowed do not suffice, the width may be so many times as large …
const CAPPED: f64 = 5.0;
/// … and for a variance so many times.
const CAPPED_VARIANCE: f64 = 10.0;
/// Runs thrown away for their width, at most.
const ROUNDS_MAX: u64 = 4;
/// Chances in all (arrivals, calls, samples) that a study may use.
pub(crate) const ARRIVALS_MAX: f64 = 2.5e6;

/// What one replication measures.
#[derive(Default)]
pub(crate) struct Measured {
    /// Metric and value.
    pub(crate) values: Vec<(&'static str, f64)>,
    /// Metric, and what it is the ratio of. Means over an event, as rare as that may be, belong here:
    /// the mean of the replications' own ratios is biased where the denominator varies much.
    pub(crate) ratios: Vec<(&'static str, f64, f64)>,
    /// Metric and values, where the case expects a list.
    pub(crate) lists: Vec<(&'static str, Vec<f64>)>,
    /// How many chances there were for anything to occur: arrivals.
    pub(crate) chances: f64,
}

/// How a case is simulated.
pub(crate) struct Study<'a> {
    /// Models whose warm-up and horizon are set here …
    pub(crate) models: Vec<Table>,
    /// … and models that say themselves how long they run, numbered after those.
    pub(crate) whole_models: Vec<Table>,
    /// Simulated time after which the start is forgotten.
    pub(crate) warmup_s: f64,
    /// What a replication measures in the pilot: seconds of simulated time, or whatever
    /// [`Runs::amount`] counts.
    pub(crate) measured_s: f64,
    /// The measured time is a multiple of this.
    pub(crate) unit_s: f64,
    /// And at most this.
    pub(crate) measured_max_s: f64,
    /// Chances past which runs are not lengthened.
    pub(crate) arrivals_max: f64,
    /// What is exact, by metric.
    pub(crate) exact: Vec<(String, f64)>,
    /// Metrics that are checked beside the study.
    pub(crate) elsewhere: &'a [&'a str],
    /// Runs one replication.
    pub(crate) measure: &'a (dyn Fn(&Runs) -> Measured + Sync),
}

impl Default for Study<'_> {
    fn default() -> Self {
        Self {
            models: Vec::new(),
            whole_models: Vec::new(),
            warmup_s: 0.0,
            measured_s: 1.0,
            unit_s: 1.0,
            measured_max_s: 90.0 * 365.0 * 86_400.0,
            arrivals_max: ARRIVALS_MAX,
            exact: Vec::new(),
            elsewhere: &[],
            measure: &|_| Measured::default(),
        }
    }
}

/// The runs of one replication.
pub(crate) struct Runs<'a> {
    configs: &'a [Config],
    pub(crate) window: Window,
    pub(crate) amount: f64,
    pub(crate) seed: u64,
    pub(crate) replication: u64,
}

impl Runs<'_> {
    /// Runs the study's model of that index under an observer.
    pub(crate) fn run<O: Observer>(&self, index: usize, observer: O) -> (RunResult, O) {
        self.run_again(index, 0, observer)
    }

    /// Likewise with draws of run `nth` of this replication.
    pub(crate) fn run_again<O: Observer>(
        &self,
        index: usize,
        nth: u64,
        observer: O,
    ) -> (RunResult, O) {
        let replication = nth << 32 | self.replication;
        simulate_observed(&self.configs[index], self.seed, replication, observer)
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
    /// Standard errors that theory may be away.
    critical: f64,
    width: f64,
}

impl Study<'_> {
    /// Runs the case, prints its estimates, and holds them against theory.
    pub(crate) fn check(&self, case: &Case) {
        if let Ok(designs) = std::env::var("THEORY_DESIGNS") {
            return self.coverage(case, designs.parse().expect("a number"));
        }
        let lines = self.estimate(case, case.seed());
        judge(case, &lines, &self.exact);
    }

    /// Whether the procedure itself is sound (`THEORY_DESIGNS=100`): how often so many fixed designs
    /// of the pilot's size, each with seeds of its own, miss theory, for reading.
    fn coverage(&self, case: &Case, designs: u64) {
        let measured = self.whole(self.measured_s);
        let design = |d| {
            let samples = self.replicate(measured, PILOT_REPLICATIONS, case.seed() + 128 + d);
            self.lines(case, &samples)
        };
        let all: Vec<Vec<Line>> = (0..designs).map(design).collect();
        let n = designs as f64;
        for (metric, line) in all[0].iter().enumerate() {
            let scores: Vec<f64> = all.iter().map(|lines| lines[metric].z()).collect();
            let interval = mean_interval(&scores, CONFIDENCE);
            let beyond = scores.iter().filter(|z| z.abs() > 4.0).count();
            let largest = scores.iter().fold(0.0, |most: f64, z| most.max(z.abs()));
            println!(
                "{:16} {:30} {designs} designs: mean z {:+5.2} +- {:4.2} spread {:4.2} (t: 1.03) \
                 beyond 4: {beyond} largest {largest:4.2}",
                case.id,
                line.name,
                interval.mean,
                interval.sd / n.sqrt(),
                interval.sd,
            );
        }
    }

    /// The estimates, and whether the chances allowed did not suffice for the width.
    fn estimate(&self, case: &Case, seed: u64) -> (Vec<Line>, bool) {
        let mut measured = self.whole(self.measured_s);
        let pilot = self.replicate(measured, PILOT_REPLICATIONS, seed);
        let chances = pilot.iter().map(|s| s.chances).sum::<f64>() / pilot.len() as f64;
        let arrivals_max = effort() * self.arrivals_max / REPLICATIONS as f64;
        let longest = (measured * arrivals_max / chances).min(self.measured_max_s);
        let mut excess = self.excess(case, &pilot) / MARGIN;
        for round in 1.. {
            // Widths shrink with the root of what is measured.
            measured = self.whole((measured * excess * excess).max(self.measured_s));
            let capped = measured >= longest;
            measured = self.whole(measured.min(longest.max(self.measured_s)));
            let samples = self.replicate(measured, REPLICATIONS, seed + round);
            excess = self.excess(case, &samples);
            if excess <= 1.0 || capped || round == ROUNDS_MAX {
                return (self.lines(case, &samples), capped);
            }
            excess /= MARGIN;
        }
        unreachable!("the last round ends it")
    }

    fn whole(&self, measured_s: f64) -> f64 {
        (measured_s / self.unit_s).ceil() * self.unit_s
    }

    /// How many times too wide the widest interval is that a full set of replications would give.
    fn excess(&self, case: &Case, samples: &[Measured]) -> f64 {
        let full = (samples.len() as f64 / REPLICATIONS as f64).sqrt();
        self.lines(case, samples).iter().map(|l| full * l.excess()).fold(0.0, f64::max)
    }

    fn lines(&self, case: &Case, samples: &[Measured]) -> Vec<Line> {
        let is_exact = |name: &str| {
            self.exact.iter().any(|(exact, _)| exact == name) || self.elsewhere.contains(&name)
        };
        let chances = samples.iter().map(|s| s.chances).sum();
        let random: Vec<_> = case.expected().iter().filter(|(n, _)| !is_exact(n)).collect();
        random
            .iter()
            .map(|(name, expected)| {
                let values = ratio_of_sums(name, samples)
                    .unwrap_or_else(|| samples.iter().map(|s| s.value(case, name)).collect());
                line(name, *expected, &values, (chances, random.len()))
            })
            .collect()
    }

    fn replicate(&self, measured: f64, replications: u64, seed: u64) -> Vec<Measured> {
        let at = |s: f64| SimTime::ZERO + SimDuration::from_secs_f64(s);
        let window = Window { from: at(self.warmup_s), until: at(self.warmup_s + measured) };
        let timed = self.models.iter().map(|table| {
            let mut table = table.clone();
            model::set(&mut table, "warmup", model::seconds(self.warmup_s));
            model::set(&mut table, "horizon", model::seconds(window.until.as_secs_f64()));
            model::set(&mut table, "series_bin", model::seconds(measured));
            model::config(&table)
        });
        let configs: Vec<Config> =
            timed.chain(self.whole_models.iter().map(model::config)).collect();
        let runs =
            |replication| Runs { configs: &configs, window, amount: measured, seed, replication };
        (0..replications).into_par_iter().map(|r| (self.measure)(&runs(r))).collect()
    }
}

/// Values whose mean is the ratio of the replications' sums, and whose spread is that of the ratio
/// (linearised: Cochran, Sampling Techniques, 3rd ed., section 6.4).
fn ratio_of_sums(name: &str, samples: &[Measured]) -> Option<Vec<f64>> {
    let of = |s: &Measured| s.ratios.iter().find(|r| r.0 == name).map(|r| (r.1, r.2));
    let pairs: Vec<(f64, f64)> = samples.iter().map(of).collect::<Option<_>>()?;
    let sums = pairs.iter().fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
    let (ratio, mean) = (sums.0 / sums.1, sums.1 / pairs.len() as f64);
    Some(pairs.iter().map(|(part, whole)| ratio + (part - ratio * whole) / mean).collect())
}

fn line(name: &str, expected: f64, values: &[f64], (chances, metrics): (f64, usize)) -> Line {
    let interval = mean_interval(values, CONFIDENCE_OF_WIDTH);
    let mut standard_error = interval.sd / (interval.n as f64).sqrt();
    if is_probability(name) && expected * chances < REPLICATIONS as f64 {
        // So rare that most replications never see it: the sample cannot tell its own
        // spread. Occurrences are then a Poisson number of visits of exponential length,
        // whose variance is twice that of their number.
        standard_error = standard_error.max((2.0 * expected / chances).sqrt());
    }
    let least = if is_probability(name) { PROBABILITY_WIDTH } else { 0.0 };
    let tail = (1.0 - CONFIDENCE) / (2.0 * metrics as f64);
    Line {
        name: name.to_owned(),
        expected,
        interval,
        standard_error,
        critical: student_t_quantile(1.0 - tail, values.len() as f64 - 1.0),
        width: (RELATIVE_WIDTH * expected.abs()).max(least),
    }
}

impl Measured {
    fn value(&self, case: &Case, name: &str) -> f64 {
        if let Some((list, index)) = name.strip_suffix(']').and_then(|n| n.split_once('[')) {
            let values = self.lists.iter().find(|(n, _)| *n == list).map(|(_, values)| values);
            let value = values.and_then(|v| v.get(index.parse::<usize>().expect("an index")));
            return *value.unwrap_or_else(|| panic!("{}: nobody measures {name}", case.id));
        }
        let value = self.values.iter().find(|(n, _)| *n == name);
        value.unwrap_or_else(|| panic!("{}: nobody measures {name}", case.id)).1
    }
}

impl Line {
    /// How many times too wide the interval is.
    fn excess(&self) -> f64 {
        if self.is_equal() { 0.0 } else { self.interval.half_width / self.width }
    }

    /// How many times too wide it may be where the chances allowed do not suffice.
    fn capped(&self) -> f64 {
        if self.name.contains("var") { CAPPED_VARIANCE } else { CAPPED }
    }

    /// Whether every replication gave what theory says, but for the digits the cases are given to.
    fn is_equal(&self) -> bool {
        self.interval.sd <= 1e-9 * self.expected.abs() && close(self.interval.mean, self.expected)
    }

    fn z(&self) -> f64 {
        let off = self.interval.mean - self.expected;
        if self.is_equal() { 0.0 } else { off / self.standard_error }
    }
}

/// Equal to 1e-9, absolute or relative, as the deterministic cases ask.
fn close(value: f64, expected: f64) -> bool {
    (value - expected).abs() <= 1e-9 * expected.abs().max(1.0)
}

/// Probabilities go by these names in the cases.
fn is_probability(name: &str) -> bool {
    let words = [
        "blocking",
        "prob",
        "congestion",
        "utilisation",
        "availability",
        "fraction",
        "service_level",
    ];
    name.starts_with("p_") || words.iter().any(|word| name.contains(word))
}

/// Of the arrivals allowed for a case: half, so that the gate keeps to its time.
fn effort() -> f64 {
    std::env::var("THEORY_EFFORT").map_or(0.5, |text| text.parse().expect("a number"))
}

fn judge(case: &Case, (lines, capped): &(Vec<Line>, bool), exact: &[(String, f64)]) {
    let mut wrong = judge_exact(case, exact);
    for line in lines {
        let text = format!(
            "{:16} {:30} expected {:12.6e} mean {:12.6e} se {:9.3e} z {:+6.2} of {:4.2} half-width \
             {:6.3} % of {:6.3} %",
            case.id,
            line.name,
            line.expected,
            line.interval.mean,
            line.standard_error,
            line.z(),
            line.critical,
            100.0 * line.interval.half_width / line.expected.abs(),
            100.0 * line.width / line.expected.abs(),
        );
        println!("{text}");
        // Written so that a value that is not a number is wrong.
        let agrees = line.z().abs() <= line.critical && line.interval.n == REPLICATIONS;
        let narrow = line.excess() <= if *capped { line.capped() } else { 1.0 };
        if !agrees {
            wrong.push(format!("disagrees: {text}"));
        } else if !narrow {
            wrong.push(format!("too vague: {text}"));
        }
    }
    assert!(wrong.is_empty(), "theory and simulator:\n{}", wrong.join("\n"));
}

/// Holds what is exact against the case; of a list that it expects, no more and no less.
fn judge_exact(case: &Case, exact: &[(String, f64)]) -> Vec<String> {
    let mut wrong = Vec::new();
    let list = |name: &str| name.split('[').next().map(str::to_owned);
    for (name, value) in exact {
        if !case.expected().iter().any(|(n, _)| list(n) == list(name)) {
            continue;
        }
        let expected = case.expected().iter().find(|(n, _)| n == name).map(|(_, v)| *v);
        let text = format!("{:16} {name:30} expected {expected:?} exact {value:?}", case.id);
        println!("{text}");
        if !expected.is_some_and(|expected| close(*value, expected)) {
            wrong.push(format!("differs: {text}"));
        }
    }
    wrong
}

/// A case of which everything is exact.
pub(crate) fn check_exact(case: &Case, exact: &[(String, f64)]) {
    for (name, _) in case.expected() {
        assert!(exact.iter().any(|(n, _)| n == name), "{}: nobody measures {name}", case.id);
    }
    let wrong = judge_exact(case, exact);
    assert!(wrong.is_empty(), "theory and simulator:\n{}", wrong.join("\n"));
}

/// A list of the case, name by name.
pub(crate) fn listed(name: &str, values: &[f64]) -> Vec<(String, f64)> {
    values.iter().enumerate().map(|(i, v)| (format!("{name}[{i}]"), *v)).collect()
}
