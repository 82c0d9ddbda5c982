//! From the runs of each point to estimates: means with their intervals, and the order of points.

use super::estimate::simultaneous::bonferroni;
use super::plan::Plan;
use super::record::Sample;
use super::select::threshold::{Threshold, Verdict};
use crate::engine::statistics::{Interval, mean_interval};
use crate::system::metrics::{Better, METRICS};

/// The estimates of a study.
#[derive(Clone, Debug)]
pub struct Summary<'a> {
    /// Confidence of the intervals.
    pub confidence: f64,
    /// By point, then metric.
    pub points: Vec<PointSummary>,
    sample: Sample<'a>,
}

/// The estimates of a point.
#[derive(Clone, Debug, PartialEq)]
pub struct PointSummary {
    /// Runs that gave a result.
    pub runs: usize,
    /// Runs that stopped with an error; they count in no estimate.
    pub failed: usize,
    /// By metric, in the order of [`METRICS`].
    pub metrics: Vec<Interval>,
}

/// The verdict of a point's runs on each of the study's thresholds, with the interval that decides
/// it: together at the confidence of the study (Bonferroni). Reads the metrics of the thresholds
/// alone.
#[must_use]
pub fn judged(plan: &Plan, sample: Sample<'_>, point: usize) -> Vec<(Verdict, Interval)> {
    let thresholds = plan.thresholds(point);
    let each = bonferroni(plan.study.confidence, thresholds.len());
    let judge = |(metric, threshold): &(usize, Threshold)| {
        let values: Vec<f64> = sample.values(point, *metric).flatten().collect();
        let interval = mean_interval(&values, each);
        (threshold.judge(&interval.bounds()), interval)
    };
    thresholds.iter().map(judge).collect()
}

impl PointSummary {
    /// Reads the runs of one point, and lets them go again.
    fn new(sample: Sample<'_>, point: usize, confidence: f64) -> Self {
        let units = sample.of_point(point);
        let ok: Vec<Vec<f64>> =
            units.iter().filter_map(|unit| sample.outcome(*unit).ok()).collect();
        let metric = |m: usize| {
            let values: Vec<f64> = ok.iter().map(|run| run[m]).collect();
            mean_interval(&values, confidence)
        };
        Self {
            runs: ok.len(),
            failed: units.len() - ok.len(),
            metrics: (0..METRICS.len()).map(metric).collect(),
        }
    }
}

impl<'a> Summary<'a> {
    /// Estimates every metric of every point of a plan.
    #[must_use]
    pub fn new(plan: &Plan, sample: Sample<'a>) -> Self {
        let confidence = plan.study.confidence;
        let points = (0..plan.points.len())
            .map(|point| PointSummary::new(sample, point, confidence))
            .collect();
        Self { confidence, points, sample }
    }

    /// What the runs of a point gave for a metric, by replication; not a number where one stopped
    /// with an error.
    #[must_use]
    pub fn values(&self, point: usize, metric: usize) -> Vec<f64> {
        self.sample.values(point, metric).map(|value| value.unwrap_or(f64::NAN)).collect()
    }

    /// The difference of a metric, point `a` less point `b`, paired by replication: both saw the
    /// same arrivals, talk times and faults, so most of what varies between replications cancels.
    /// Of points with different numbers of runs, the replications that both have are compared.
    #[must_use]
    pub fn difference(&self, a: usize, b: usize, metric: usize) -> Interval {
        let pairs = self.sample.values(a, metric).zip(self.sample.values(b, metric));
        let differences: Vec<f64> = pairs.filter_map(|(x, y)| Some(x? - y?)).collect();
        mean_interval(&differences, self.confidence)
    }

    /// What a point's runs say of each of the study's thresholds, all together at the confidence
    /// of the study.
    #[must_use]
    pub fn verdicts(&self, plan: &Plan, point: usize) -> Vec<Verdict> {
        self.judged(plan, point).into_iter().map(|(verdict, _)| verdict).collect()
    }

    /// The same, each with the interval of its metric that decides it: at a higher confidence than
    /// the study's where there are several thresholds (Bonferroni).
    #[must_use]
    pub fn judged(&self, plan: &Plan, point: usize) -> Vec<(Verdict, Interval)> {
        judged(plan, self.sample, point)
    }

    /// Fewest and most runs of a point, those that stopped among them.
    #[must_use]
    pub fn replications(&self) -> (usize, usize) {
        let runs = || self.points.iter().map(|point| point.runs + point.failed);
        (runs().min().unwrap_or(0), runs().max().unwrap_or(0))
    }

    /// The estimate of a metric at a point.
    #[must_use]
    pub fn get(&self, point: usize, metric: usize) -> Interval {
        self.points[point].metrics[metric]
    }

    /// The points from best to worst by a metric; those without a value come last, ties in the
    /// order of points. Where neither direction is better, the highest come first.
    #[must_use]
    pub fn ranking(&self, metric: usize) -> Vec<usize> {
        let sign = if METRICS[metric].better == Better::Lower { 1.0 } else { -1.0 };
        let key = |point: usize| {
            let mean = self.get(point, metric).mean;
            if mean.is_nan() { f64::INFINITY } else { mean * sign }
        };
        let mut order: Vec<usize> = (0..self.points.len()).collect();
        order.sort_by(|a, b| key(*a).total_cmp(&key(*b)));
        order
    }
}
