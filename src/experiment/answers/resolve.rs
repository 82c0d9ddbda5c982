//! From an answer as written to the points it is about, or what is wrong with it.

use toml::Table;

use super::super::plan::{Factor, no_such_factor};
use super::super::study::level_text;
use super::spec::AnswerSpec;
use super::template::{self, Measure, Piece, Which};
use crate::system::Issue;
use crate::system::metrics::{index_of, no_such_metric};

/// The factors and the points of a study.
#[derive(Copy, Clone, Debug)]
pub(super) struct Space<'a> {
    pub(super) factors: &'a [Factor],
    /// By point, the level of each factor.
    pub(super) points: &'a [Vec<usize>],
}

/// Levels of factors.
pub(super) type Levels = Vec<(usize, usize)>;

/// An answer that makes sense.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Sentence { pick: Pick, other: Option<Other> },
    Ranking { by: Measure, points: Vec<usize>, show: usize },
    Crossing { metric: usize, along: usize, pairs: Vec<(usize, usize)> },
}

/// A point, or how it is found.
#[derive(Clone, Debug)]
pub(super) struct Pick {
    /// At least one; where there is no metric to choose by, exactly one.
    pub(super) points: Vec<usize>,
    pub(super) by: Option<(usize, Extreme)>,
}

/// Which end.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Extreme {
    Best,
    Worst,
}

/// The point to compare with.
#[derive(Clone, Debug)]
pub(super) enum Other {
    /// The first with these levels instead of its own.
    Moved(Levels),
    /// One found for itself.
    Picked(Pick),
}

impl Space<'_> {
    fn leader(&self, factor: usize) -> usize {
        self.factors[factor].with.unwrap_or(factor)
    }

    /// The points with these levels.
    pub(super) fn with(&self, levels: &Levels) -> Vec<usize> {
        let has = |point: &[usize]| levels.iter().all(|(f, l)| point[*f] == *l);
        (0..self.points.len()).filter(|p| has(&self.points[*p])).collect()
    }

    /// The point that differs from `point` by these levels, and by those in lockstep with them.
    pub(super) fn moved(&self, point: usize, levels: &Levels) -> Option<usize> {
        let mut wanted = self.points[point].clone();
        for &(factor, level) in levels {
            let together = (0..wanted.len()).filter(|f| self.leader(*f) == self.leader(factor));
            together.for_each(|f| wanted[f] = level);
        }
        self.points.iter().position(|levels| *levels == wanted)
    }

    /// Factors that differ among these points, those in lockstep with an earlier one left out.
    pub(super) fn differing(&self, points: &[usize]) -> Vec<usize> {
        let level = |p: usize, f: usize| self.points[p][f];
        let differs = |f: usize| points.iter().any(|p| level(*p, f) != level(points[0], f));
        let mut found: Vec<usize> = (0..self.factors.len()).filter(|f| differs(*f)).collect();
        let mut leaders = Vec::new();
        found.retain(|f| {
            let new = !leaders.contains(&self.leader(*f));
            leaders.push(self.leader(*f));
            new
        });
        found
    }

    fn levels(&self, path: &str, table: &Table) -> Result<Levels, Issue> {
        table
            .iter()
            .map(|(name, value)| {
                let path = format!("{path}.{name}");
                let Some(f) = self.factors.iter().position(|f| f.name == *name) else {
                    return Err(issue(path, name, no_such_factor(name, self.factors)));
                };
                let (text, factor) = (level_text(value), &self.factors[f]);
                let level = factor.levels.iter().position(|l| l.label == text);
                level
                    .map(|level| (f, level))
                    .ok_or_else(|| issue(path, &text, factor.no_such_level(&text)))
            })
            .collect()
    }

    fn pick(
        &self,
        (path, key): (&str, &str),
        at: &Table,
        by: Option<(usize, Extreme)>,
    ) -> Result<Pick, Issue> {
        let path = format!("{path}.{key}");
        let points = self.with(&self.levels(&path, at)?);
        if points.is_empty() {
            let message = "no setting has these levels; they are excluded or never met";
            return Err(issue(path, "", message.to_owned()));
        }
        if by.is_none() && points.len() > 1 {
            return Err(issue(path, "", self.too_many(&points)));
        }
        Ok(Pick { points, by })
    }

    fn too_many(&self, points: &[usize]) -> String {
        let open = self.differing(points);
        let names: Vec<String> =
            open.iter().map(|f| format!("`{}`", self.factors[*f].name)).collect();
        let count = points.len();
        format!("leaves {count} settings; say which level of {} is meant", names.join(", "))
    }
}

fn issue(path: String, value: &str, message: String) -> Issue {
    Issue { path, value: value.to_owned(), message }
}

fn metric(path: &str, key: &str, name: &str) -> Result<usize, Issue> {
    index_of(name).ok_or_else(|| issue(format!("{path}.{key}"), name, no_such_metric(name)))
}

/// Reads the answer at `path` of the study.
///
/// # Errors
/// The first thing that is wrong with it.
pub(super) fn resolve(
    spec: &AnswerSpec,
    space: Space<'_>,
    path: &str,
) -> Result<(Vec<Piece>, Answer), Issue> {
    let say = |message: String| issue(format!("{path}.say"), spec.say(), message);
    let pieces = template::read(spec.say(), space.factors).map_err(say)?;
    let answer = match spec {
        AnswerSpec::Sentence { at, best, worst, against, against_best, .. } => {
            let by = match (best, worst) {
                (Some(best), None) => Some((metric(path, "best", best)?, Extreme::Best)),
                (None, Some(worst)) => Some((metric(path, "worst", worst)?, Extreme::Worst)),
                (None, None) => None,
                (Some(_), Some(worst)) => {
                    let message = "cannot stand beside `best`; leave out one".to_owned();
                    return Err(issue(format!("{path}.worst"), worst, message));
                }
            };
            let pick = space.pick((path, "at"), at, by)?;
            let other = match against_best {
                Some(name) => {
                    let by = Some((metric(path, "against_best", name)?, Extreme::Best));
                    let levels = against.clone().unwrap_or_default();
                    Some(Other::Picked(space.pick((path, "against"), &levels, by)?))
                }
                None => match against {
                    Some(levels) => Some(Other::Moved(moved(space, path, levels, &pick.points)?)),
                    None => None,
                },
            };
            Answer::Sentence { pick, other }
        }
        AnswerSpec::Ranking { by, at, show, .. } => {
            let by = Measure::read(by).map_err(|m| issue(format!("{path}.by"), by, m))?;
            let chosen = Some((by.index, Extreme::Best));
            let points = space.pick((path, "at"), at, chosen)?.points;
            Answer::Ranking { by, points, show: show.unwrap_or(usize::MAX) }
        }
        AnswerSpec::Crossing { metric: name, along, at, against, .. } => {
            let metric = metric(path, "metric", name)?;
            crossing(space, path, metric, along, (at, against))?
        }
    };
    fits(&pieces, &answer).map_err(say)?;
    Ok((pieces, answer))
}

/// The levels of `against`, with which each of the points has its counterpart.
fn moved(space: Space<'_>, path: &str, against: &Table, points: &[usize]) -> Result<Levels, Issue> {
    let path = format!("{path}.against");
    let levels = space.levels(&path, against)?;
    if points.iter().any(|p| space.moved(*p, &levels).is_none()) {
        let message = "no setting has these levels and the others of the first; name more levels";
        return Err(issue(path, "", message.to_owned()));
    }
    Ok(levels)
}

fn crossing(
    space: Space<'_>,
    path: &str,
    metric: usize,
    along: &str,
    (at, against): (&Table, &Table),
) -> Result<Answer, Issue> {
    let Some(f) = space.factors.iter().position(|f| f.name == along) else {
        let message = no_such_factor(along, space.factors);
        return Err(issue(format!("{path}.along"), along, message));
    };
    let fixed = space.levels(&format!("{path}.at"), at)?;
    let mut firsts = Vec::new();
    for level in 0..space.factors[f].levels.len() {
        let mut levels = fixed.clone();
        levels.push((f, level));
        match space.with(&levels)[..] {
            [] => {}
            [point] => firsts.push(point),
            ref points => return Err(issue(format!("{path}.at"), "", space.too_many(points))),
        }
    }
    if firsts.is_empty() {
        let message = "no setting has these levels; they are excluded or never met".to_owned();
        return Err(issue(format!("{path}.at"), "", message));
    }
    let levels = moved(space, path, against, &firsts)?;
    let pairs = firsts.iter().filter_map(|p| Some((*p, space.moved(*p, &levels)?))).collect();
    Ok(Answer::Crossing { metric, along: f, pairs })
}

/// Whether the answer can fill every place of its sentence.
fn fits(pieces: &[Piece], answer: &Answer) -> Result<(), String> {
    let needs = |what: &str, where_: &str| Err(format!("`{{{what}}}` can stand in {where_} only"));
    for piece in pieces {
        let compares = match answer {
            Answer::Sentence { other, .. } => other.is_some(),
            Answer::Crossing { .. } => true,
            Answer::Ranking { .. } => false,
        };
        let of_two = matches!(
            piece,
            Piece::Level(_, Which::Other)
                | Piece::Setting(Which::Other)
                | Piece::Estimate(_, Which::Other)
                | Piece::Difference(_)
                | Piece::Compared(_)
        );
        if of_two && !compares {
            return Err("compares with another setting, and there is no `against`".to_owned());
        }
        let of_a_point =
            of_two || matches!(piece, Piece::Level(..) | Piece::Setting(_) | Piece::Estimate(..));
        match (piece, answer) {
            (Piece::Ranking, Answer::Ranking { .. })
            | (Piece::Crossing | Piece::Stretches, Answer::Crossing { .. }) => {}
            (Piece::Ranking, _) => return needs("ranking", "a ranking"),
            (Piece::Crossing, _) => return needs("crossing", "a crossing"),
            (Piece::Stretches, _) => return needs("stretches", "a crossing"),
            (_, Answer::Sentence { .. }) => {}
            _ if of_a_point => {
                return Err("has a place that only `kind = \"sentence\"` can fill".to_owned());
            }
            _ => {}
        }
    }
    Ok(())
}
