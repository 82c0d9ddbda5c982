//! What a study answers, in its own words: the sentences of `answers`, filled with its estimates.
//!
//! Words keep to the intervals: a point is called better than another only where the whole interval
//! of their paired difference says so.

mod resolve;
mod spec;
mod template;
mod words;

#[cfg(test)]
mod tests;

use super::compare::best::{Standing, with_the_best};
use super::compare::goal::{Goal, from_best};
use super::compare::paired::{Sign, paired};
use super::estimate::simultaneous::bonferroni;
use super::figures::{Estimate, Reading};
use super::plan::{Factor, Plan};
use super::summary::Summary;
use crate::engine::statistics::Interval;
use crate::system::Issue;
use crate::system::metrics::METRICS;
use resolve::{Answer, Extreme, Other, Pick, Space, resolve};
pub use spec::AnswerSpec;
use template::{Measure, Piece, Which};

/// Everything that is wrong with the answers of a study; `points` has the level of each factor by
/// point.
pub(super) fn check(specs: &[AnswerSpec], factors: &[Factor], points: &[Vec<usize>]) -> Vec<Issue> {
    let space = Space { factors, points };
    let resolved = specs.iter().enumerate();
    resolved.filter_map(|(i, spec)| resolve(spec, space, &format!("answers.{i}")).err()).collect()
}

/// The answers of a study, a sentence or a few each, in the order written.
///
/// # Panics
/// Where an answer makes no sense, which the plan has ruled out.
#[must_use]
pub fn answers(plan: &Plan, summary: &Summary<'_>) -> Vec<String> {
    let points: Vec<Vec<usize>> = plan.points.iter().map(|p| p.levels.clone()).collect();
    let space = Space { factors: &plan.factors, points: &points };
    let model = &plan.first;
    let measured_s = model.horizon.saturating_sub(model.warmup).as_secs_f64();
    let results = Results { plan, space, summary, measured_s };
    let answer = |(i, spec): (usize, &AnswerSpec)| {
        let path = format!("answers.{i}");
        let (pieces, answer) = resolve(spec, space, &path).expect("the plan has checked it");
        results.say(&pieces, &answer)
    };
    plan.study.answers.iter().enumerate().map(answer).collect()
}

/// What the sentences are filled from.
struct Results<'a> {
    plan: &'a Plan,
    space: Space<'a>,
    summary: &'a Summary<'a>,
    measured_s: f64,
}

impl Results<'_> {
    fn say(&self, pieces: &[Piece], answer: &Answer) -> String {
        match answer {
            Answer::Sentence { pick, other } => self.sentence(pieces, pick, other.as_ref()),
            Answer::Ranking { by, points, show } => {
                let ranking = self.ranking(*by, points, *show);
                fill(pieces, |_| ranking.clone())
            }
            Answer::Crossing { metric, along, pairs } => {
                let signs = self.signs(*metric, *along, pairs);
                let along = &self.plan.factors[*along].label;
                fill(pieces, |piece| match piece {
                    Piece::Crossing => words::crossing(along, &signs),
                    _ => words::stretches(&METRICS[*metric], &signs),
                })
            }
        }
    }

    fn sentence(&self, pieces: &[Piece], pick: &Pick, other: Option<&Other>) -> String {
        let point = self.find(pick);
        let against = match other {
            None => point,
            Some(Other::Picked(pick)) => self.find(pick),
            Some(Other::Moved(levels)) => self.space.moved(point, levels).unwrap_or(point),
        };
        let text = fill(pieces, |piece| {
            let of = |which: Which| if which == Which::Point { point } else { against };
            match *piece {
                Piece::Level(factor, which) => self.level(factor, of(which)),
                Piece::Setting(which) => self.name(of(which), &pick.points),
                Piece::Estimate(measure, which) => {
                    let interval = self.summary.get(of(which), measure.index);
                    self.figures(measure, interval, Reading::value)
                }
                Piece::Difference(measure) => {
                    let interval = self.summary.difference(point, against, measure.index);
                    self.figures(measure, interval, Reading::difference)
                }
                Piece::Compared(measure) => {
                    let interval = self.summary.difference(point, against, measure.index);
                    words::compared(measure.metric(), measure.scaled(interval, self.measured_s))
                }
                _ => String::new(),
            }
        });
        match pick.by {
            Some((metric, Extreme::Best)) if pick.points.len() > 1 => {
                format!("{text} {}", words::rivals(self.rivals(metric, point, &pick.points)))
            }
            _ => text,
        }
    }

    fn figures(
        &self,
        measure: Measure,
        interval: Interval,
        write: impl Fn(&Reading, &Estimate) -> String,
    ) -> String {
        if interval.mean.is_nan() {
            return "(nothing was observed)".to_owned();
        }
        let scaled = measure.scaled(interval, self.measured_s);
        write(&Reading::of(measure.metric()), &scaled.into())
    }

    fn level(&self, factor: usize, point: usize) -> String {
        let level = self.space.points[point][factor];
        self.plan.factors[factor].levels[level].label.clone()
    }

    /// The levels of a point that differ among `points`: alone where there is one, else with the
    /// factors they are of.
    fn name(&self, point: usize, points: &[usize]) -> String {
        let differing = self.space.differing(points);
        let part = |f: &usize| match differing.len() {
            1 => self.level(*f, point),
            _ => format!("{} {}", self.plan.factors[*f].label, self.level(*f, point)),
        };
        differing.iter().map(part).collect::<Vec<_>>().join(", ")
    }

    /// The point a pick is about.
    fn find(&self, pick: &Pick) -> usize {
        let Some((metric, extreme)) = pick.by else { return pick.points[0] };
        let order = self.order(metric, &pick.points);
        let has_value = |p: &usize| !self.summary.get(*p, metric).mean.is_nan();
        let known: Vec<usize> = order.into_iter().filter(has_value).collect();
        let found = if extreme == Extreme::Best { known.first() } else { known.last() };
        *found.unwrap_or(&pick.points[0])
    }

    /// Points from best to worst.
    fn order(&self, metric: usize, points: &[usize]) -> Vec<usize> {
        let means: Vec<f64> = points.iter().map(|p| self.summary.get(*p, metric).mean).collect();
        let order = from_best(&means, Goal::of(METRICS[metric].better));
        order.into_iter().map(|i| points[i]).collect()
    }

    /// How many of the others may be as good as the best, and how many others there are.
    fn rivals(&self, metric: usize, best: usize, points: &[usize]) -> (usize, usize) {
        let arms: Vec<Vec<f64>> = points.iter().map(|p| self.summary.values(*p, metric)).collect();
        let goal = Goal::of(METRICS[metric].better);
        let beside = with_the_best(&arms, goal, self.summary.confidence);
        let open = points.iter().zip(&beside);
        let open = open.filter(|(p, arm)| **p != best && arm.standing != Standing::Beaten);
        (open.count(), points.len() - 1)
    }

    fn ranking(&self, by: Measure, points: &[usize], show: usize) -> String {
        let order = self.order(by.index, points);
        let shown = &order[..order.len().min(show)];
        let each = bonferroni(self.summary.confidence, shown.len().saturating_sub(1));
        let values = |p: usize| self.summary.values(p, by.index);
        let open = |a: &usize, b: &usize| {
            Sign::of(&paired(&values(*a), &values(*b), each).difference) == Sign::Open
        };
        let named = |point: &usize| {
            let estimate = self.figures(by, self.summary.get(*point, by.index), Reading::value);
            let estimate = estimate.trim_matches(['(', ')']);
            format!("{} ({estimate})", self.name(*point, points))
        };
        words::groups(shown.chunk_by(open).map(|group| group.iter().map(named).collect()))
    }

    /// By level of a factor: its label, and the paired difference with an interval of which all
    /// hold together.
    fn signs(&self, metric: usize, along: usize, pairs: &[(usize, usize)]) -> Vec<words::AtLevel> {
        let each = bonferroni(self.summary.confidence, pairs.len());
        let goal = Goal::of(METRICS[metric].better);
        let at = |&(point, against): &(usize, usize)| {
            let values = |p: usize| self.summary.values(p, metric);
            let difference = paired(&values(point), &values(against), each).difference;
            let sign = match (Sign::of(&difference), goal) {
                (Sign::More, Goal::Minimum) => Sign::Less,
                (Sign::Less, Goal::Minimum) => Sign::More,
                (sign, _) => sign,
            };
            words::AtLevel { label: self.level(along, point), sign, difference }
        };
        pairs.iter().map(at).collect()
    }
}

/// The sentence with its places filled.
fn fill(pieces: &[Piece], mut fill: impl FnMut(&Piece) -> String) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        place => fill(place),
    };
    pieces.iter().map(piece).collect()
}
