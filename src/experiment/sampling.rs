//! From the design of a study to its points, as levels of its factors. A factor with a range gets
//! the values that the design takes from it as its levels, lowest first; what comes after sees
//! levels only.

use std::cmp::Ordering;

use toml::Value;

use super::design::directions::DIMENSIONS_MAX;
use super::design::latin_hypercube::latin_hypercube;
use super::design::lockstep::{self, Axis, LockstepError};
use super::design::range::{Range, choice};
use super::design::sobol::scrambled_sobol;
use super::study::{DesignSpec, FactorSpec, Scale, StudySpec};
use crate::engine::time::SimDuration;
use crate::system::Issue;
use crate::system::spelling::no_such;

/// Significant digits of a value taken from a range: what results call it stays readable, and a
/// seventh digit of a factor decides nothing.
const DIGITS: usize = 6;

/// A point as a level of each factor.
pub type Levels = Vec<usize>;

/// The points of a design that samples, each once, in the order taken; nothing for a factorial
/// one, whose points are combinations. Gives every factor with a range its `values`; a study that
/// has its values already is not changed.
///
/// # Errors
/// Everything that is wrong with ranges and with factors in lockstep.
pub fn sample(study: &mut StudySpec) -> Result<Option<Vec<Levels>>, Vec<Issue>> {
    let Some(all) = place(study)? else { return Ok(None) };
    let mut seen = std::collections::BTreeSet::new();
    Ok(Some(all.into_iter().filter(|point| seen.insert(point.clone())).collect()))
}

/// The same, but each point as often as the design takes it, so that they are as many as the
/// design's coordinates and in their order.
///
/// # Errors
/// Those of [`sample`].
pub fn place(study: &mut StudySpec) -> Result<Option<Vec<Levels>>, Vec<Issue>> {
    let mut issues = Vec::new();
    let leaders = leaders(study, &mut issues);
    let factorial = study.is_factorial();
    let scales: Vec<Option<Sampled>> = study
        .factors
        .iter()
        .enumerate()
        .map(|(i, factor)| range(i, factor, factorial, &mut issues))
        .collect();
    let leading = leaders.iter().filter(|l| l.is_none()).count();
    let coordinates = coordinates(study, leading, &mut issues);
    if !issues.is_empty() {
        return Err(issues);
    }
    let Some(coordinates) = coordinates else { return Ok(None) };
    let columns = columns(&leaders);
    let by_factor: Result<Vec<Levels>, Issue> = study
        .factors
        .iter_mut()
        .zip(scales)
        .enumerate()
        .map(|(i, (factor, scale))| {
            let along: Vec<f64> = coordinates.iter().map(|point| point[columns[i]]).collect();
            levels(i, factor, scale, &along)
        })
        .collect();
    let by_factor = by_factor.map_err(|issue| vec![issue])?;
    let point = |p: usize| by_factor.iter().map(|levels| levels[p]).collect();
    Ok(Some((0..coordinates.len()).map(point).collect()))
}

/// The points of the design in the unit cube, a dimension per factor that follows no other;
/// nothing for a factorial one, or where there are issues.
fn coordinates(
    study: &StudySpec,
    leading: usize,
    issues: &mut Vec<Issue>,
) -> Option<Vec<Vec<f64>>> {
    if let Some(spec) = &study.sensitivity {
        issues.extend(spec.check(leading));
        return issues.is_empty().then(|| spec.method(leading).points());
    }
    match study.design {
        DesignSpec::Factorial => None,
        DesignSpec::LatinHypercube { points, seed } => {
            check_points(points, issues);
            issues.is_empty().then(|| latin_hypercube(points, leading, seed))
        }
        DesignSpec::Sobol { points, seed } => {
            check_points(points, issues);
            if !points.is_power_of_two() {
                let message =
                    format!("a Sobol design is even with a power of two: {}", neighbours(points));
                issues.push(issue("design.points", &points, message));
            }
            if leading > DIMENSIONS_MAX {
                let message = format!("a Sobol design has {DIMENSIONS_MAX} factors at most");
                issues.push(issue("factors", &leading, message));
            }
            issues.is_empty().then(|| scrambled_sobol(points, leading, seed))
        }
    }
}

/// The powers of two on either side of a number that is not a power of two.
pub(super) fn neighbours(points: usize) -> String {
    let above = points.next_power_of_two();
    format!("take {} or {above}", (above / 2).max(1))
}

/// The axes of a factorial design: how many levels each factor has, and what it follows. The
/// study has passed [`sample`].
#[must_use]
pub fn axes(study: &StudySpec) -> Vec<Axis> {
    let leaders = leaders(study, &mut Vec::new());
    let count = |factor: &FactorSpec| factor.values.len().max(factor.levels.len());
    study
        .factors
        .iter()
        .zip(leaders)
        .map(|(factor, with)| Axis { levels: count(factor), with })
        .collect()
}

fn issue(path: impl Into<String>, value: &dyn ToString, message: impl Into<String>) -> Issue {
    Issue { path: path.into(), value: value.to_string(), message: message.into() }
}

fn check_points(points: usize, issues: &mut Vec<Issue>) {
    if !(2..=100_000).contains(&points) {
        issues.push(issue("design.points", &points, "must be from 2 to 100000"));
    }
}

/// The factors that follow no other, in their order: the dimensions of a design that samples.
#[must_use]
pub fn leading(study: &StudySpec) -> Vec<usize> {
    (0..study.factors.len()).filter(|i| study.factors[*i].with.is_none()).collect()
}

/// The factor each one follows.
fn leaders(study: &StudySpec, issues: &mut Vec<Issue>) -> Vec<Option<usize>> {
    let names: Vec<&str> = study.factors.iter().map(|f| f.name.as_str()).collect();
    let mut axes = Vec::with_capacity(names.len());
    for (i, factor) in study.factors.iter().enumerate() {
        let Some(name) = &factor.with else {
            axes.push(Axis { levels: factor.values.len().max(factor.levels.len()), with: None });
            continue;
        };
        let with = names.iter().position(|n| n == name);
        if with.is_none() {
            let message = no_such("factor", name, names.iter().copied());
            issues.push(issue(format!("factors.{i}.with"), &format!("\"{name}\""), message));
        }
        // A range has as many values as are asked of it.
        let own = factor.values.len().max(factor.levels.len());
        let leader = with.and_then(|w| study.factors.get(w));
        let ranges = factor.range.is_some() || leader.is_some_and(|l| l.range.is_some());
        let levels = match with.and_then(|w| axes.get(w)) {
            Some(Axis { levels, .. }) if ranges => *levels,
            _ => own,
        };
        axes.push(Axis { levels, with });
    }
    if let Err(error) = lockstep::check(&axes) {
        let (LockstepError::NotBefore { axis }
        | LockstepError::NotLeading { axis }
        | LockstepError::Unequal { axis, .. }) = error;
        let value = format!("\"{}\"", study.factors[axis].with.as_deref().unwrap_or_default());
        issues.push(issue(format!("factors.{axis}.with"), &value, error.to_string()));
    }
    axes.iter().map(|axis| axis.with).collect()
}

/// The coordinate each factor takes: its own, or that of the factor it follows.
fn columns(leaders: &[Option<usize>]) -> Vec<usize> {
    let mut columns: Vec<usize> = Vec::with_capacity(leaders.len());
    let mut next = 0;
    for leader in leaders {
        columns.push(leader.map_or(next, |l| columns[l]));
        next += usize::from(leader.is_none());
    }
    columns
}

/// A range to take values from.
#[derive(Copy, Clone, Debug, PartialEq)]
struct Sampled {
    range: Range,
    /// Whether the values are lengths of time; the range is then in seconds.
    times: bool,
}

/// Reads the range of a factor, if it has one.
fn range(
    i: usize,
    factor: &FactorSpec,
    factorial: bool,
    issues: &mut Vec<Issue>,
) -> Option<Sampled> {
    let path = format!("factors.{i}.range");
    let Some(ends) = &factor.range else {
        if factor.integer {
            let message = "only a range can be of whole numbers; write whole `values` instead";
            issues.push(issue(format!("factors.{i}.integer"), &true, message));
        }
        return None;
    };
    let shown = Value::Array(ends.clone());
    let mut refuse = |message: &str| {
        issues.push(issue(path.as_str(), &shown, message));
        None
    };
    if factorial {
        return refuse(
            "a range needs a `design` that takes settings from it: `latin_hypercube` or `sobol`",
        );
    }
    if factor.key.is_none() || !factor.levels.is_empty() {
        return refuse("a range goes with `key`, and without `levels`");
    }
    let [low, high] = ends.as_slice() else {
        return refuse("needs two values, the lowest and the highest");
    };
    let (times, ends) = match (number(low), number(high), time(low), time(high)) {
        (Some(low), Some(high), ..) => (false, (low, high)),
        (.., Some(low), Some(high)) => (true, (low, high)),
        _ => return refuse("needs two numbers, or two lengths of time such as \"50ms\""),
    };
    let whole = |end: f64| end.fract().abs() < f64::EPSILON && end.abs() < 1e15;
    if factor.integer && (times || !whole(ends.0) || !whole(ends.1)) {
        return refuse("a range of whole numbers needs whole ends");
    }
    let range = match (factor.integer, factor.scale) {
        (false, Scale::Linear) => Range::Linear { low: ends.0, high: ends.1 },
        (false, Scale::Log) => Range::Log { low: ends.0, high: ends.1 },
        (true, Scale::Linear) => Range::Integer { low: ends.0 as i64, high: ends.1 as i64 },
        (true, Scale::Log) => Range::LogInteger { low: ends.0 as i64, high: ends.1 as i64 },
    };
    match range.check() {
        Ok(()) => Some(Sampled { range, times }),
        Err(error) => refuse(&error.to_string()),
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_float().or_else(|| value.as_integer().map(|n| n as f64))
}

fn time(value: &Value) -> Option<f64> {
    value.as_str()?.parse().ok().map(SimDuration::as_secs_f64)
}

/// The level of a factor at each point, from its coordinates. A range becomes values first.
fn levels(
    i: usize,
    factor: &mut FactorSpec,
    scale: Option<Sampled>,
    along: &[f64],
) -> Result<Levels, Issue> {
    let Some(scale) = scale else {
        let count = factor.values.len().max(factor.levels.len());
        // A factor without levels is refused where levels are made.
        return Ok(along.iter().map(|u| if count == 0 { 0 } else { choice(*u, count) }).collect());
    };
    let taken: Vec<(f64, Value)> = along.iter().map(|u| scale.at(*u)).collect();
    let mut distinct = taken.clone();
    let order = |a: &(f64, Value), b: &(f64, Value)| -> Ordering { a.0.total_cmp(&b.0) };
    distinct.sort_by(order);
    distinct.dedup_by(|a, b| a.1 == b.1);
    let values: Vec<Value> = distinct.into_iter().map(|(_, value)| value).collect();
    if !factor.values.is_empty() && factor.values != values {
        let message = "has `values` and a `range`; leave out one";
        return Err(issue(format!("factors.{i}.values"), &factor.name, message));
    }
    let place = |(_, value): &(f64, Value)| values.iter().position(|v| v == value).unwrap_or(0);
    let levels = taken.iter().map(place).collect();
    factor.values = values;
    Ok(levels)
}

impl Sampled {
    /// The value at a coordinate, with its number for the order.
    fn at(&self, u: f64) -> (f64, Value) {
        let (low, high) = self.range.ends();
        let exact = self.range.at(u);
        match self.range {
            Range::Integer { .. } | Range::LogInteger { .. } => {
                (exact, Value::Integer(exact as i64))
            }
            Range::Linear { .. } | Range::Log { .. } => {
                let rounded = round(exact).clamp(low, high);
                let time = || SimDuration::from_secs_f64(rounded).to_string();
                let value = if self.times { Value::String(time()) } else { Value::Float(rounded) };
                (rounded, value)
            }
        }
    }
}

/// To [`DIGITS`] significant digits.
fn round(value: f64) -> f64 {
    format!("{value:.*e}", DIGITS - 1).parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn study(text: &str) -> StudySpec {
        let head = "name = \"s\"\nquestion = \"?\"\nmodel = \"m.toml\"\n";
        toml::from_str(&format!("{head}{text}")).unwrap()
    }

    fn refused(text: &str) -> Vec<(String, String)> {
        let issues = sample(&mut study(text)).unwrap_err();
        issues.into_iter().map(|issue| (issue.path, issue.message)).collect()
    }

    const SAMPLED: &str = r#"
        design = { kind = "sobol", points = 16 }
        factors = [
            { name = "base", key = "a.base", range = ["10ms", "10s"], scale = "log" },
            { name = "rate", key = "a.rate", range = [1, 2.5] },
            { name = "tries", key = "a.tries", range = [1, 4], integer = true },
            { name = "jitter", key = "a.jitter", values = ["none", "full"] },
            { name = "twin", key = "b.rate", range = [10.0, 25.0], with = "rate" },
        ]"#;

    #[test]
    fn a_range_becomes_levels_and_points_name_them() {
        let mut study = study(SAMPLED);
        let points = sample(&mut study).unwrap().unwrap();
        assert_eq!(points.len(), 16);
        let factors = &study.factors;
        assert_eq!(factors[1].values.len(), 16);
        assert_eq!(factors[2].values, [1, 2, 3, 4].map(Value::Integer));
        assert_eq!(factors[3].values.len(), 2);
        let base: Vec<f64> = factors[0].values.iter().map(|v| time(v).unwrap()).collect();
        assert!(base.is_sorted() && base[0] >= 0.01 && base[15] <= 10.0, "{base:?}");
        // Sixteen even points: half below the middle of every scale, four per number.
        assert_eq!(base.iter().filter(|b| **b < 0.316_227).count(), 8);
        for level in 0..4 {
            assert_eq!(points.iter().filter(|p| p[2] == level).count(), 4);
        }
        // In lockstep both take the same place of their ranges.
        assert!(points.iter().all(|p| p[1] == p[4]));
        for (one, ten) in factors[1].values.iter().zip(&factors[4].values) {
            let (one, ten) = (number(one).unwrap(), number(ten).unwrap());
            assert!((10.0 * one - ten).abs() < 1e-3, "{one} and {ten}");
        }
    }

    #[test]
    fn sampling_again_changes_nothing_and_the_seed_does() {
        let mut once = study(SAMPLED);
        let points = sample(&mut once).unwrap();
        let mut twice = once.clone();
        assert_eq!(sample(&mut twice).unwrap(), points);
        assert_eq!(twice, once);
        let mut other = study(&SAMPLED.replace("points = 16", "points = 16, seed = 9"));
        assert_ne!(sample(&mut other).unwrap(), points);
    }

    #[test]
    fn points_that_say_the_same_are_taken_once() {
        let text = r#"
            design = { kind = "latin_hypercube", points = 40 }
            factors = [{ name = "n", key = "a", range = [1, 3], integer = true }]"#;
        assert_eq!(sample(&mut study(text)).unwrap().unwrap().len(), 3);
    }

    #[test]
    fn lists_in_lockstep_make_a_factorial_design_smaller() {
        let text = r#"
            factors = [
                { name = "a", key = "a", values = [1, 2] },
                { name = "b", key = "b", values = [5, 6, 7] },
                { name = "c", key = "c", values = [3, 4], with = "a" },
            ]"#;
        let mut study = study(text);
        assert_eq!(sample(&mut study), Ok(None));
        assert_eq!(lockstep::factorial(&axes(&study)).len(), 6);
    }

    #[test]
    fn what_makes_no_sense_is_said_where_it_stands() {
        let sampled = |factors: &str| {
            refused(&format!("design = {{ kind = \"sobol\", points = 8 }}\nfactors = [{factors}]"))
        };
        for (factors, path, message) in [
            (r#"{ name = "a", key = "a", range = [1] }"#, "range", "needs two values"),
            (r#"{ name = "a", key = "a", range = [1, "2s"] }"#, "range", "needs two numbers"),
            (r#"{ name = "a", key = "a", range = [3, 2] }"#, "range", "must go from a lower"),
            (
                r#"{ name = "a", key = "a", range = [0, 2], scale = "log" }"#,
                "range",
                "a logarithmic",
            ),
            (
                r#"{ name = "a", key = "a", range = [0.5, 2], integer = true }"#,
                "range",
                "a range of whole",
            ),
            (r#"{ name = "a", range = [1, 2] }"#, "range", "a range goes with `key`"),
            (
                r#"{ name = "a", key = "a", values = [1, 2], integer = true }"#,
                "integer",
                "only a range",
            ),
            (
                r#"{ name = "a", key = "a", values = [1], range = [1, 2] }"#,
                "values",
                "has `values` and",
            ),
            (r#"{ name = "a", key = "a", range = [1, 2], with = "z" }"#, "with", "no such factor"),
            (
                r#"{ name = "a", key = "a", range = [1, 2], with = "a" }"#,
                "with",
                "follows a factor",
            ),
        ] {
            let got = sampled(factors);
            assert_eq!(got.len(), 1, "{factors}: {got:?}");
            assert_eq!(got[0].0, format!("factors.0.{path}"), "{factors}");
            assert!(got[0].1.starts_with(message), "{factors}: {got:?}");
        }
        let factorial = refused(r#"factors = [{ name = "a", key = "a", range = [1, 2] }]"#);
        assert!(factorial[0].1.starts_with("a range needs a `design`"), "{factorial:?}");
        let seven = refused(
            r#"
            design = { kind = "sobol", points = 7 }
            factors = [{ name = "a", key = "a", range = [1, 2] }]"#,
        );
        assert_eq!(seven[0].0, "design.points");
        assert!(seven[0].1.ends_with("take 4 or 8"), "{seven:?}");
    }
}
