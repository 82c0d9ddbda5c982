//! As many runs of each point as its estimates need: what a study says of it, and the rounds in
//! which runs are asked for. The rule is that of [`super::estimate::stopping`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::estimate::simultaneous::bonferroni;
use super::estimate::stopping::{Decision, Precision, Stopping};
use super::plan::Plan;
use super::record::Source;
use super::runner::Unit;
use super::study::StudySpec;
use crate::engine::statistics::mean_interval;
use crate::system::Issue;
use crate::system::metrics::index_of;

/// How precise the estimates of every point must be; each point is run until they are. It takes
/// the place of `replications`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrecisionSpec {
    /// The metrics and their precision; all targets together at the study's confidence.
    #[schemars(length(min = 1))]
    pub targets: Vec<TargetSpec>,
    /// Runs of a point before the first decision: with fewer than ten a lucky small spread stops
    /// too early (Law, "Simulation Modeling and Analysis", section 9.4.1).
    #[serde(default = "ten")]
    #[schemars(range(min = 10, max = 1_000_000))]
    pub first: u32,
    /// Runs between decisions. Its default is an assumption.
    #[serde(default = "ten")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub step: u32,
    /// Runs of a point at which it ends, precise or not. Its default is an assumption.
    #[serde(default = "two_hundred")]
    #[schemars(range(min = 10, max = 1_000_000))]
    pub most: u32,
}

/// How precise the mean of a metric must be: either `absolute` or `relative`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetSpec {
    /// The metric.
    pub metric: String,
    /// Half the width of its interval at most, in the metric's unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absolute: Option<f64>,
    /// Half the width of its interval at most, as a share of the mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relative: Option<f64>,
}

const fn ten() -> u32 {
    10
}

const fn two_hundred() -> u32 {
    200
}

impl TargetSpec {
    /// The precision, where exactly one is given.
    #[must_use]
    pub const fn precision(&self) -> Option<Precision> {
        match (self.absolute, self.relative) {
            (Some(most), None) => Some(Precision::Absolute(most)),
            (None, Some(share)) => Some(Precision::Relative(share)),
            _ => None,
        }
    }
}

impl PrecisionSpec {
    /// The rule of one metric, all else by default.
    #[must_use]
    pub fn of(metric: String, precision: Precision) -> Self {
        let (absolute, relative) = match precision {
            Precision::Absolute(most) => (Some(most), None),
            Precision::Relative(share) => (None, Some(share)),
        };
        let targets = vec![TargetSpec { metric, absolute, relative }];
        Self { targets, first: ten(), step: ten(), most: two_hundred() }
    }

    /// What is wrong with it, apart from unknown metrics.
    #[must_use]
    pub fn check(&self) -> Vec<Issue> {
        let mut issues = Vec::new();
        let mut refuse = |path: String, value: String, message: &str| {
            issues.push(Issue { path, value, message: message.to_owned() });
        };
        if self.first < 10 {
            let message =
                "must be at least 10; with fewer runs a lucky small spread stops too early";
            refuse("precision.first".into(), self.first.to_string(), message);
        }
        if self.step == 0 {
            refuse("precision.step".into(), "0".into(), "must be at least 1");
        }
        if self.most < self.first {
            let message = "must not be below `first`";
            refuse("precision.most".into(), self.most.to_string(), message);
        }
        if self.targets.is_empty() {
            refuse("precision.targets".into(), "[]".into(), "needs at least one target");
        }
        for (i, target) in self.targets.iter().enumerate() {
            let path = format!("precision.targets.{i}");
            match target.precision() {
                None => {
                    refuse(path, target.metric.clone(), "needs either `absolute` or `relative`")
                }
                Some(Precision::Absolute(most)) if !(most > 0.0 && most.is_finite()) => {
                    refuse(format!("{path}.absolute"), most.to_string(), "must be above 0");
                }
                Some(Precision::Relative(share)) if !(share > 0.0 && share < 1.0) => {
                    let message = "must be above 0 and below 1; 0.02 is 2 % of the mean";
                    refuse(format!("{path}.relative"), share.to_string(), message);
                }
                Some(_) => {}
            }
        }
        issues
    }
}

/// The values of a point's runs, by target and then replication; not a number where a run stopped with
/// an error, which counts as a run too.
type Series = Vec<Vec<f64>>;

/// The runs that count, of every point.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PointRuns {
    /// The units, by point and then replication.
    pub units: Vec<Unit>,
    /// The points that are not as precise as asked, with the runs that would do by their spread.
    pub imprecise: Vec<(usize, usize)>,
}

/// The rule of a study.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    metrics: Vec<usize>,
    stopping: Stopping,
}

impl Rule {
    /// The rule of a study that has one.
    #[must_use]
    pub fn of(study: &StudySpec) -> Option<Self> {
        let spec = study.precision.as_ref()?;
        let target = |t: &TargetSpec| Some((index_of(&t.metric)?, t.precision()?));
        let (metrics, targets) = spec.targets.iter().filter_map(target).unzip();
        let stopping = Stopping {
            first: spec.first as usize,
            step: spec.step as usize,
            most: spec.most as usize,
            confidence: study.confidence,
            targets,
        };
        Some(Self { metrics, stopping })
    }

    /// Makes as many runs of each point as it needs, and says which count. Rounds are decided on the
    /// first replications of each point alone, so neither threads nor what the record holds already
    /// change where a point ends.
    ///
    /// # Errors
    /// Where a run cannot be made.
    pub fn make<S: Source>(&self, points: usize, source: &mut S) -> Result<PointRuns, S::Error> {
        let mut series = vec![vec![Vec::new(); self.metrics.len()]; points];
        loop {
            let units = self.next(&series);
            if units.is_empty() {
                return Ok(self.counted(&series));
            }
            source.make(&units)?;
            for unit in units {
                for (values, metric) in series[unit.point].iter_mut().zip(&self.metrics) {
                    values.push(source.value(unit, *metric).unwrap_or(f64::NAN));
                }
            }
        }
    }

    /// The units needed before the next decision, with the values of each point so far; none where
    /// all have ended.
    fn next(&self, points: &[Series]) -> Vec<Unit> {
        let more = points.iter().enumerate().map(|(point, series)| {
            let until = match self.stopping.decide(series) {
                Decision::More { until } => until,
                Decision::Stop { .. } => 0,
            };
            (series[0].len()..until).map(move |r| Unit { point, replication: r as u64 })
        });
        more.flatten().collect()
    }

    /// The runs that count, once no more are needed: no estimate sees any after them.
    fn counted(&self, points: &[Series]) -> PointRuns {
        let mut all = PointRuns::default();
        for (point, series) in points.iter().enumerate() {
            let mut runs = series[0].len();
            if let Decision::Stop { runs: count, met } = self.stopping.decide(series) {
                runs = count;
                if !met {
                    all.imprecise.push((point, self.needed(series, count)));
                }
            }
            all.units.extend((0..runs as u64).map(|replication| Unit { point, replication }));
        }
        all
    }

    /// The runs that would give the precision with the spread of these: half the width goes with
    /// the root of their number.
    fn needed(&self, series: &Series, runs: usize) -> usize {
        let confidence = bonferroni(self.stopping.confidence, self.metrics.len());
        let ratio = |(values, target): (&Vec<f64>, &Precision)| {
            let got = mean_interval(&values[..runs], confidence);
            let most = match target {
                Precision::Absolute(most) => *most,
                Precision::Relative(share) => got.mean.abs() * share / (1.0 + share),
            };
            // Where there is no value, or the mean is 0, no number would do.
            got.half_width / most
        };
        let worst = series.iter().zip(&self.stopping.targets).map(ratio).fold(0.0, worse);
        let needed = (runs as f64 * worst * worst).ceil();
        if needed < 1e9 { needed as usize } else { usize::MAX }
    }
}

fn worse(a: f64, b: f64) -> f64 {
    if b.is_nan() { f64::INFINITY } else { a.max(b) }
}

impl Plan {
    /// Fewest and most runs of a point.
    #[must_use]
    pub fn replications(&self) -> (u32, u32) {
        let fixed = self.study.replications;
        self.study.precision.as_ref().map_or((fixed, fixed), |p| (p.first, p.most))
    }

    /// What is asked of the estimates, in words; nothing where the number of runs is given.
    #[must_use]
    pub fn precision_in_words(&self) -> Option<String> {
        let spec = self.study.precision.as_ref()?;
        let target = |t: &TargetSpec| match t.precision()? {
            Precision::Absolute(most) => Some(format!("{} ± {most}", t.metric)),
            Precision::Relative(share) => {
                // Two digits past the per cent say all that anybody asks for.
                let percent = (share * 1e4).round() / 1e2;
                Some(format!("{} ± {percent} % of its mean", t.metric))
            }
        };
        let targets: Vec<String> = spec.targets.iter().filter_map(target).collect();
        let each = bonferroni(self.study.confidence, targets.len()) * 100.0;
        let each = format!("{each:.2}").trim_end_matches('0').trim_end_matches('.').to_owned();
        Some(match targets.len() {
            1 => format!("{} at {each} %", targets[0]),
            count => format!("{}, each at {each} % (Bonferroni over {count})", targets.join(", ")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(relative: f64) -> Rule {
        let stopping = Stopping {
            first: 10,
            step: 10,
            most: 60,
            confidence: 0.95,
            targets: vec![Precision::Relative(relative)],
        };
        Rule { metrics: vec![0], stopping }
    }

    /// Runs of one metric, 100 and `spread` more or less by turns.
    fn runs(spread: f64, count: usize) -> Series {
        vec![(0..count).map(|r| 100.0 + if r % 2 == 0 { spread } else { -spread }).collect()]
    }

    #[test]
    fn points_end_by_themselves_and_count_no_run_past_their_end() {
        let rule = rule(0.02);
        let units = |points: &[Series]| -> Vec<(usize, u64)> {
            rule.next(points).iter().map(|u| (u.point, u.replication)).collect()
        };
        let first = units(&[runs(1.0, 0), runs(1.0, 10)]);
        assert_eq!(first, (0..10).map(|r| (0, r)).collect::<Vec<_>>());
        // ± 1 needs 10 runs (half-width 0.75 of 1.96), ± 4 twenty (1.92), ± 40 more than 60.
        let points = [runs(1.0, 10), runs(4.0, 20), runs(40.0, 60)];
        assert!(units(&points).is_empty());
        let ahead = [runs(1.0, 33), runs(4.0, 60), runs(40.0, 61)];
        let counted = rule.counted(&ahead);
        assert_eq!(counted, rule.counted(&points));
        let of = |point: usize| counted.units.iter().filter(|u| u.point == point).count();
        assert_eq!([of(0), of(1), of(2)], [10, 20, 60]);
        assert_eq!(counted.imprecise.len(), 1);
        // Half-width 40·2.001/√59 = 10.4 against 1.96: 28 times as many runs.
        let (point, needed) = counted.imprecise[0];
        assert!(point == 2 && (1600..1800).contains(&needed), "{needed}");
    }

    #[test]
    fn a_mean_of_nothing_is_never_precise() {
        let rule = rule(0.5);
        let counted = rule.counted(&[vec![vec![f64::NAN; 60]]]);
        assert_eq!(counted.imprecise, [(0, usize::MAX)]);
    }

    #[test]
    fn a_spec_that_cannot_be_is_refused() {
        let check = |text: &str| {
            let spec: PrecisionSpec = toml::from_str(text).unwrap();
            spec.check().into_iter().map(|issue| issue.path).collect::<Vec<_>>()
        };
        let target = "targets = [{ metric = \"failovers\", absolute = 1.0 }]\n";
        assert!(check(target).is_empty());
        assert_eq!(check(&format!("{target}first = 3")), ["precision.first"]);
        assert_eq!(check(&format!("{target}first = 30\nmost = 20")), ["precision.most"]);
        assert_eq!(check(&format!("{target}step = 0")), ["precision.step"]);
        assert_eq!(check("targets = []"), ["precision.targets"]);
        assert_eq!(check("targets = [{ metric = \"failovers\" }]"), ["precision.targets.0"]);
        let wide = "targets = [{ metric = \"failovers\", relative = 2.0 }]";
        assert_eq!(check(wide), ["precision.targets.0.relative"]);
    }
}
