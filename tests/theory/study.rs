//! A case as an experiment: independent replications, estimates, comparison with theory.
//!
//! The number of replications is fixed. How much each of these measures is decided by a pilot with
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

/// Independent replications of a study. With this number their spread is well estimated (9 %) and
/// their mean is nearly normal.
const REPLICATIONS: u64 = 64;
/// Replications of the pilot; its spread is off by 13 %.
const PILOT_REPLICATIONS: u64 = 32;
/// What the cases ask: theory lies in the Student-t interval at this confidence, shared out over
/// the metrics of a case (Bonferroni). With 64 replications that is 3.5 to 4.2 standard errors.
const CONFIDENCE: f64 = 0.999;
/// With an effort of 1 every mean would show a bias of this share of what is expected. Less effort
/// takes that share of the chances, and shows a bias larger by the root of it.
const BIAS: f64 = 0.03;
/// A probability below this shows a bias larger by the root of how rare it is: occurrences are
/// counted, and as many are waited for.
const RARE: f64 = 0.01;
/// What is rarer than this is not waited for: it may not be more frequent than is expected, and
/// its absence would show nothing.
const RAREST: f64 = 2e-4;
/// Variances, indices of dispersion and correlations show a bias of this share.
const BIAS_OF_VARIANCE: f64 = 0.1;
/// To show: the interval that decides leaves room for this number of standard errors, so that a
/// biased estimate lies outside it with a probability of 90 %.
const POWER: f64 = 1.282;
/// Runs are sized so that the pilot's spread gives this part of the width.
const MARGIN: f64 = 0.8;
/// Runs thrown away for their width, at most.
const ROUNDS_MAX: u64 = 4;
/// The effort of a test that is not told any, so that the gate keeps to its time: every mean shows
/// a bias of 15 % …
const EFFORT: f64 = 0.04;
/// … and of [`BIAS`] where this number of chances (arrivals, calls, samples) suffices for it.
const CHANCES_MIN: f64 = 4e5;

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

    /// Runs the model with draws of run `nth` of this replication.
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
}

impl Study<'_> {
    /// Runs the case, prints its estimates, and holds them against theory.
    pub(crate) fn check(&self, case: &Case) {
        if let Ok(designs) = std::env::var("THEORY_DESIGNS") {
            return self.coverage(case, designs.parse().expect("a number"));
        }
        let lines = self.estimate(case, case.seed());
        if let Ok(bias) = std::env::var("THEORY_BIAS") {
            let unseen = unseen(case, &lines, bias.parse().expect("a number"));
            return assert!(unseen.is_empty(), "agree all the same:\n{}", unseen.join("\n"));
        }
        let mut wrong = judge_exact(case, &self.exact);
        wrong.extend(judge(case, &lines));
        assert!(wrong.is_empty(), "theory and simulator:\n{}", wrong.join("\n"));
    }

    /// Whether the means of a case would show what they promise: with a bias to either side that is
    /// as large as allowed none agrees with theory.
    pub(crate) fn check_power(&self, case: &Case) {
        let lines = self.estimate(case, case.seed());
        for side in [-1.0, 1.0] {
            let unseen = unseen(case, &lines, side * BIAS / effort().sqrt());
            assert!(unseen.is_empty(), "agree all the same:\n{}", unseen.join("\n"));
        }
    }

    /// Whether the procedure itself is sound (`THEORY_DESIGNS=100`): how often fixed designs of the
    /// pilot's size, each with seeds of its own, miss theory, for reading.
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

    /// The estimates, narrow enough.
    fn estimate(&self, case: &Case, seed: u64) -> Vec<Line> {
        let mut measured = self.whole(self.measured_s);
        let pilot = self.replicate(measured, PILOT_REPLICATIONS, seed);
        let chances = pilot.iter().map(|s| s.chances).sum::<f64>() / pilot.len() as f64;
        let least = measured * CHANCES_MIN / (chances * REPLICATIONS as f64);
        // Widths shrink with the root of what is measured.
        let needed = measured * (self.excess(case, &pilot) / MARGIN).powi(2);
        let mut wanted = (needed * effort()).max(needed.min(least));
        for round in 1.. {
            measured = self.whole(wanted.clamp(self.measured_s, self.measured_max_s));
            let samples = self.replicate(measured, REPLICATIONS, seed + round);
            let excess = self.excess(case, &samples) * effort().sqrt();
            if excess <= 1.0 || measured >= self.measured_max_s || round == ROUNDS_MAX {
                let chances: f64 = samples.iter().map(|s| s.chances).sum();
                println!("{:16} {chances:.2e} chances in round {round}", case.id);
                return self.lines(case, &samples);
            }
            wanted = measured * (excess / MARGIN).powi(2);
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
    let interval = mean_interval(values, CONFIDENCE);
    let mut standard_error = interval.sd / (interval.n as f64).sqrt();
    if is_probability(name) && expected * chances < REPLICATIONS as f64 {
        // So rare that most replications never see it: the sample cannot tell its own
        // spread. Occurrences are then a Poisson number of visits of exponential length,
        // whose variance is twice that of their number.
        standard_error = standard_error.max((2.0 * expected / chances).sqrt());
    }
    let tail = (1.0 - CONFIDENCE) / (2.0 * metrics as f64);
    let critical = student_t_quantile(1.0 - tail, values.len() as f64 - 1.0);
    Line { name: name.to_owned(), expected, interval, standard_error, critical }
}

impl Measured {
    fn value(&self, case: &Case, name: &str) -> f64 {
        if let Some((list, index)) = name.strip_suffix(']').and_then(|n| n.split_once('[')) {
            let values = self.lists.iter().find(|(n, _)| *n == list).map(|(_, values)| values);
            let value = values.and_then(|v| v.get(index.parse::<usize>().expect("an index")));
            return *value.unwrap_or_else(|| panic!("{}: no observer measures {name}", case.id));
        }
        let value = self.values.iter().find(|(n, _)| *n == name);
        value.unwrap_or_else(|| panic!("{}: no observer measures {name}", case.id)).1
    }
}

impl Line {
    /// How many times too wide the interval is for an effort of 1.
    fn excess(&self) -> f64 {
        if self.is_equal() || self.is_rarest() { 0.0 } else { self.shows() / self.wanted() }
    }

    /// The bias that it shows, as a share of what is expected.
    fn shows(&self) -> f64 {
        (self.critical + POWER) * self.standard_error / self.expected.abs()
    }

    /// The bias that it is to show with an effort of 1.
    fn wanted(&self) -> f64 {
        match is_probability(&self.name) {
            true => BIAS * (RARE / self.expected).max(1.0).sqrt(),
            false if is_second_moment(&self.name) => BIAS_OF_VARIANCE,
            false => BIAS,
        }
    }

    /// The bias that it has to show with the effort made.
    fn allowed(&self) -> f64 {
        self.wanted() / effort().sqrt()
    }

    fn is_rarest(&self) -> bool {
        is_probability(&self.name) && self.expected < RAREST
    }

    /// Whether theory lies in the interval. Written so that a value that is no number does not.
    fn agrees(&self) -> bool {
        self.z().abs() <= self.critical && self.interval.n == REPLICATIONS
    }

    /// As if the simulator had given `1 + bias` times as much, always.
    fn biased(&self, bias: f64) -> Self {
        let times = 1.0 + bias;
        let (mean, sd) = (self.interval.mean * times, self.interval.sd * times);
        let interval = Interval { mean, sd, ..self.interval };
        let standard_error = self.standard_error * times;
        Self { name: self.name.clone(), interval, standard_error, ..*self }
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

/// Spreads and correlations go by these.
fn is_second_moment(name: &str) -> bool {
    ["var", "scv", "corr", "idc", "peakedness"].iter().any(|word| name.contains(word))
}

/// The effort of this run; see [`BIAS`].
fn effort() -> f64 {
    std::env::var("THEORY_EFFORT").map_or(EFFORT, |text| text.parse().expect("a number"))
}

/// The means that agree with theory although they are biased, of those that are to show a bias of
/// that size (`THEORY_BIAS=0.03 THEORY_EFFORT=1`).
fn unseen(case: &Case, lines: &[Line], bias: f64) -> Vec<String> {
    let promised = |line: &&Line| {
        let random = !line.is_equal() && !line.is_rarest();
        random && line.allowed() <= bias.abs() * (1.0 + 1e-9)
    };
    let biased = lines.iter().filter(promised).map(|line| line.biased(bias));
    let agreeing = biased.filter(Line::agrees);
    let text = |line: Line| {
        let of = line.critical;
        format!(
            "{:16} {:30} z {:+5.2} of {of:4.2} with a bias of {bias}",
            case.id,
            line.name,
            line.z()
        )
    };
    agreeing.map(text).collect()
}

/// What is wrong with the estimates.
fn judge(case: &Case, lines: &[Line]) -> Vec<String> {
    let mut wrong = Vec::new();
    for line in lines {
        let text = format!(
            "{:16} {:30} expected {:12.6e} mean {:12.6e} se {:9.3e} z {:+6.2} of {:4.2} shows \
             {:6.2} % of {:6.2} %",
            case.id,
            line.name,
            line.expected,
            line.interval.mean,
            line.standard_error,
            line.z(),
            line.critical,
            100.0 * line.shows(),
            100.0 * line.allowed(),
        );
        println!("{text}");
        let narrow = line.excess() * effort().sqrt() <= 1.0;
        if !line.agrees() {
            wrong.push(format!("disagrees: {text}"));
        } else if !narrow {
            wrong.push(format!("too vague: {text}"));
        }
    }
    wrong
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
        assert!(exact.iter().any(|(n, _)| n == name), "{}: no observer measures {name}", case.id);
    }
    let wrong = judge_exact(case, exact);
    assert!(wrong.is_empty(), "theory and simulator:\n{}", wrong.join("\n"));
}

/// A list of the case, name by name.
pub(crate) fn listed(name: &str, values: &[f64]) -> Vec<(String, f64)> {
    values.iter().enumerate().map(|(i, v)| (format!("{name}[{i}]"), *v)).collect()
}
