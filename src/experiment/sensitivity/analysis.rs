//! From the runs of a study to what moves its metrics. The indices are those of the mean response:
//! each point's output is the mean of its replications, which all points share.

use super::super::plan::{Factor, Plan};
use super::super::record::Sample;
use super::super::sampling;
use super::answer;
use super::noise::noise_share;
use super::results::{Estimate, FactorSensitivity, MetricSensitivity, Sensitivity};
use super::spec::Method;
use crate::engine::statistics::{Welford, mean_interval};
use crate::system::metrics::{METRICS, index_of};

/// Analyses all of a plan's runs; nothing for a study without `sensitivity`.
#[must_use]
pub fn analyse(plan: &Plan, sample: Sample<'_>) -> Option<Sensitivity> {
    let spec = plan.study.sensitivity.as_ref()?;
    let design = Design::new(plan)?;
    let metrics: Vec<MetricSensitivity> = spec
        .metrics(&plan.study)
        .iter()
        .filter_map(|name| index_of(name))
        .map(|metric| design.metric(plan, sample, metric))
        .collect();
    let answer = metrics.iter().flat_map(answer::sentences).collect();
    let warnings = answer::warnings(spec, plan.study.replications, &metrics);
    Some(Sensitivity {
        command: "sensitivity".to_owned(),
        study: plan.study.name.clone(),
        question: plan.study.question.clone(),
        answer,
        warnings,
        method: spec.method,
        confidence: plan.study.confidence,
        points: design.places.len(),
        replications: plan.study.replications,
        seed: plan.seed,
        common_random_numbers: plan.study.common_random_numbers,
        metrics,
    })
}

/// The points of a method, in its order.
struct Design {
    method: Method,
    /// The factors that the dimensions are.
    leading: Vec<usize>,
    /// Each point in the unit cube.
    coordinates: Vec<Vec<f64>>,
    /// The point of the plan that each one is.
    places: Vec<usize>,
    confidence: f64,
}

impl Design {
    fn new(plan: &Plan) -> Option<Self> {
        let spec = plan.study.sensitivity.as_ref()?;
        let leading = sampling::leading(&plan.study);
        let method = spec.method(leading.len());
        let placed = sampling::place(&mut plan.study.clone()).ok()??;
        let known: std::collections::BTreeMap<&[usize], usize> =
            plan.points.iter().enumerate().map(|(p, point)| (point.levels.as_slice(), p)).collect();
        let places = placed.iter().map(|levels| known.get(levels.as_slice()).copied());
        Some(Self {
            method,
            leading,
            coordinates: method.points(),
            places: places.collect::<Option<_>>()?,
            confidence: plan.study.confidence,
        })
    }

    fn metric(&self, plan: &Plan, sample: Sample<'_>, metric: usize) -> MetricSensitivity {
        let value = |value: Option<f64>| value.unwrap_or(f64::NAN);
        let runs: Vec<Vec<f64>> = (0..plan.points.len())
            .map(|point| sample.values(point, metric).map(value).collect())
            .collect();
        let replications = runs.first().map_or(0, Vec::len);
        let counted: Vec<usize> =
            (0..replications).filter(|r| runs.iter().all(|runs| !runs[*r].is_nan())).collect();
        let values: Vec<Vec<f64>> =
            runs.iter().map(|runs| counted.iter().map(|r| runs[*r]).collect()).collect();
        let means: Vec<f64> =
            values.iter().map(|values| fold(values.iter().copied()).mean()).collect();
        let outputs: Vec<f64> = self.places.iter().map(|place| means[*place]).collect();
        let between = fold(means.iter().copied());
        let mut factors = self.factors(plan, &outputs);
        let rank = |f: &FactorSensitivity| {
            let rank = f.rank().map_or(f64::NAN, |r| r.estimate);
            if rank.is_nan() { f64::NEG_INFINITY } else { rank }
        };
        factors.sort_by(|a, b| rank(b).total_cmp(&rank(a)));
        MetricSensitivity {
            metric: METRICS[metric].name.to_owned(),
            label: METRICS[metric].label(),
            unit: METRICS[metric].unit.to_owned(),
            replications: counted.len(),
            mean: between.mean(),
            sd: between.variance().sqrt(),
            noise_share: noise_share(&values, plan.study.common_random_numbers),
            factors,
        }
    }

    /// What each factor does, in their order.
    fn factors(&self, plan: &Plan, outputs: &[f64]) -> Vec<FactorSensitivity> {
        let mut found: Vec<FactorSensitivity> =
            (0..self.leading.len()).map(|d| self.factor(plan, outputs, d)).collect();
        match self.method {
            Method::Sobol(saltelli, resamples) => {
                let indices = saltelli.indices(outputs, self.confidence, resamples);
                let both = indices.first.iter().zip(&indices.total);
                for (factor, (alone, in_all)) in found.iter_mut().zip(both) {
                    factor.alone = Some((*alone).into());
                    factor.in_all = Some((*in_all).into());
                }
            }
            Method::Morris(morris) => {
                let effects = morris.effects(outputs, self.confidence);
                for (factor, effect) in found.iter_mut().zip(effects) {
                    factor.effect = Some(effect.size.into());
                    factor.effect_mean = Some(effect.mean);
                    factor.effect_sd = Some(effect.sd);
                }
            }
        }
        found
    }

    fn factor(&self, plan: &Plan, outputs: &[f64], dimension: usize) -> FactorSensitivity {
        let place = self.leading[dimension];
        let factor = &plan.factors[place];
        let follows = |f: &&Factor| f.with == Some(place);
        FactorSensitivity {
            factor: factor.name.clone(),
            label: factor.label.clone(),
            with: plan.factors.iter().filter(follows).map(|f| f.name.clone()).collect(),
            levels: levels(plan, place),
            alone: None,
            in_all: None,
            effect: None,
            effect_mean: None,
            effect_sd: None,
            upper_less_lower: self.upper_less_lower(factor, outputs, dimension),
        }
    }

    /// From the pairs of points that differ in this factor alone and have it in different halves of
    /// its range.
    fn upper_less_lower(
        &self,
        factor: &Factor,
        outputs: &[f64],
        dimension: usize,
    ) -> Option<Estimate> {
        let ordered = factor.levels.iter().all(|level| level.number.is_some())
            && factor.levels.is_sorted_by(|a, b| a.number <= b.number);
        let upper = |point: usize| self.coordinates[point][dimension] >= 0.5;
        let rise = |(i, j): (usize, usize)| match (upper(i), upper(j)) {
            (false, true) => Some(outputs[j] - outputs[i]),
            (true, false) => Some(outputs[i] - outputs[j]),
            _ => None,
        };
        let rises: Vec<f64> = self.pairs(dimension).into_iter().filter_map(rise).collect();
        (ordered && !rises.is_empty()).then(|| mean_interval(&rises, self.confidence).into())
    }

    /// The pairs of points that differ in this dimension alone.
    fn pairs(&self, dimension: usize) -> Vec<(usize, usize)> {
        match self.method {
            Method::Sobol(saltelli, _) => {
                let length = saltelli.points_per_row();
                (0..saltelli.rows).map(|r| (r * length, r * length + 1 + dimension)).collect()
            }
            Method::Morris(morris) => {
                let differ = |(i, j): &(usize, usize)| {
                    (self.coordinates[*i][dimension] - self.coordinates[*j][dimension]).abs() > 0.0
                };
                let starts = (0..self.coordinates.len()).step_by(morris.factors + 1);
                let steps = starts.flat_map(|t| (t..t + morris.factors).map(|i| (i, i + 1)));
                steps.filter(differ).collect()
            }
        }
    }
}

/// The ends of a range as written, or the labels of a list.
fn levels(plan: &Plan, factor: usize) -> Vec<String> {
    if let Some(range) = &plan.study.factors[factor].range {
        return range.iter().map(super::super::study::level_text).collect();
    }
    plan.factors[factor].levels.iter().map(|level| level.label.clone()).collect()
}

fn fold(values: impl Iterator<Item = f64>) -> Welford {
    let mut fold = Welford::default();
    values.for_each(|value| fold.add(value));
    fold
}

impl MetricSensitivity {
    /// Whether the points differ at all.
    #[must_use]
    pub fn moves(&self) -> bool {
        self.sd > 0.0
    }

    /// How sure it is which factor matters most: whether the interval of the first lies above that
    /// of the second.
    #[must_use]
    pub fn ranked(&self) -> bool {
        let rank = |i: usize| -> Option<Estimate> { self.factors.get(i)?.rank() };
        match (rank(0), rank(1)) {
            (Some(first), Some(second)) => first.above(&second),
            (Some(_), None) => true,
            _ => false,
        }
    }
}
