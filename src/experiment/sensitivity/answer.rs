//! What was found, in sentences: which factor moves a metric most and by how much, which hardly
//! do, and what to be careful about.

use super::results::{Estimate, FactorSensitivity, MetricSensitivity};
use super::spec::{MethodName, SensitivitySpec};

/// A share of variance up to which a factor hardly matters: an assumption, the usual 5 % of
/// screening.
const HARDLY: f64 = 0.05;
/// A share of noise past which the indices are not to be trusted: an assumption.
const NOISY: f64 = 0.10;

/// What moves a metric.
pub(super) fn sentences(metric: &MetricSensitivity) -> Vec<String> {
    let label = &metric.label;
    if metric.replications == 0 {
        return vec![format!("Nothing can be said of {label}: it has no value at some setting.")];
    }
    if !metric.moves() {
        let value = amount(&metric.unit, metric.mean);
        return vec![format!("Nothing moves {label}: it is {value} at every setting.")];
    }
    let mut said = vec![most(metric)];
    said.extend(next(metric));
    said.extend(hardly(metric));
    said
}

/// The factor that matters most.
fn most(metric: &MetricSensitivity) -> String {
    let [first, rest @ ..] = metric.factors.as_slice() else {
        return format!("Nothing moves {}: the study has no factor.", metric.label);
    };
    let what = said_of(metric, first);
    if metric.ranked() {
        return format!("What moves {} most is {}: {what}.", metric.label, named(first));
    }
    let top = first.rank();
    let beside = rest.iter().filter(|f| match (top, f.rank()) {
        (Some(top), Some(rank)) => !top.above(&rank) && !negligible(metric, rank.high),
        _ => false,
    });
    let others: Vec<String> = beside.map(|f| format!("`{}`", f.factor)).collect();
    format!(
        "What moves {} most is {}, though its interval does not keep it apart from {}: {what}.",
        metric.label,
        named(first),
        listed(&others),
    )
}

/// The factors after the first that matter for sure.
fn next(metric: &MetricSensitivity) -> Option<String> {
    let matters = |f: &&FactorSensitivity| f.rank().is_some_and(|r| !negligible(metric, r.low));
    let after = metric.factors.iter().skip(1).filter(matters).take(3);
    let texts: Vec<String> = after
        .filter_map(|f| {
            let rank = f.rank()?;
            let direction = direction(metric, f).map_or_else(String::new, |d| format!(", {d}"));
            let shown = match f.in_all {
                Some(_) => format!("{} in all", percent(rank)),
                None => spread(metric, rank),
            };
            Some(format!("{} ({shown}{direction})", named(f)))
        })
        .collect();
    let come = if texts.len() == 1 { "comes" } else { "come" };
    (!texts.is_empty()).then(|| format!("After it {come} {}.", listed(&texts)))
}

/// The factors that do not matter, all of their interval taken.
fn hardly(metric: &MetricSensitivity) -> Option<String> {
    let little = |f: &&FactorSensitivity| f.rank().is_some_and(|r| negligible(metric, r.high));
    let names: Vec<String> =
        metric.factors.iter().skip(1).filter(little).map(|f| format!("`{}`", f.factor)).collect();
    if names.is_empty() {
        return None;
    }
    let each = if names.len() == 1 { "" } else { " each" };
    let bound = match metric.factors[0].in_all {
        Some(_) => format!("less than {:.0} % of the variance{each}", HARDLY * 100.0),
        None => format!("less than {:.0} % of the first{each}", HARDLY * 100.0),
    };
    Some(format!(
        "{} hardly matter{}: {bound}.",
        listed(&names),
        if names.len() == 1 { "s" } else { "" }
    ))
}

/// Whether `end` of an interval that a factor is ranked by is next to nothing: of the variance, or
/// of the largest effect.
fn negligible(metric: &MetricSensitivity, end: f64) -> bool {
    let most = match (metric.factors[0].in_all, metric.factors[0].effect) {
        (None, Some(first)) => first.estimate,
        _ => 1.0,
    };
    end <= HARDLY * most
}

impl MetricSensitivity {
    /// Whether a factor matters to it, as far as the whole interval says: more than next to nothing,
    /// or no more than that; none where the interval leaves it open.
    #[must_use]
    pub fn matters(&self, factor: &FactorSensitivity) -> Option<bool> {
        let rank = factor.rank().filter(|rank| self.moves() && !rank.estimate.is_nan())?;
        match (negligible(self, rank.low), negligible(self, rank.high)) {
            (false, _) => Some(true),
            (true, true) => Some(false),
            (true, false) => None,
        }
    }
}

fn said_of(metric: &MetricSensitivity, factor: &FactorSensitivity) -> String {
    let mut text = match (factor.alone, factor.in_all, factor.effect) {
        (Some(alone), Some(in_all), _) => format!(
            "{} of the variance alone, {} with its interactions",
            percent(alone),
            percent(in_all)
        ),
        (.., Some(effect)) => format!("{} over its range", spread(metric, effect)),
        _ => "nothing is known".to_owned(),
    };
    if let Some(direction) = direction(metric, factor) {
        text = format!("{text}; {direction}");
    }
    text
}

/// What a higher level does.
fn direction(metric: &MetricSensitivity, factor: &FactorSensitivity) -> Option<String> {
    if let (Some(mean), Some(size)) = (factor.effect_mean, factor.effect) {
        // Effects of both signs cancel in the mean: past a half of their size one sign prevails.
        let prevails = mean.abs() > size.estimate / 2.0;
        factor.upper_less_lower?;
        return Some(match (prevails, mean > 0.0) {
            (false, _) => "up or down, as the others have it".to_owned(),
            (true, true) => "higher raises it".to_owned(),
            (true, false) => "higher lowers it".to_owned(),
        });
    }
    let change = factor.upper_less_lower.filter(Estimate::has_sign)?.estimate;
    let way = if change > 0.0 { "higher" } else { "lower" };
    let change = difference(&metric.unit, change.abs());
    Some(format!("{change} {way} in the upper half of its range"))
}

/// `61 % (52..70)`.
fn percent(share: Estimate) -> String {
    // Whole per cent without a minus before a nought.
    let p = |value: f64| (value * 100.0).round() + 0.0;
    format!("{:.0} % ({:.0}..{:.0})", p(share.estimate), p(share.low), p(share.high))
}

/// `12.1 (9.8..14.4) percentage points`.
fn spread(metric: &MetricSensitivity, effect: Estimate) -> String {
    let Estimate { estimate, low, high } = effect;
    match metric.unit.as_str() {
        "share" => format!(
            "{:.1} ({:.1}..{:.1}) percentage points",
            estimate * 100.0,
            low * 100.0,
            high * 100.0
        ),
        unit => {
            let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
            format!("{} ({}..{}){unit}", short(estimate), short(low), short(high))
        }
    }
}

fn difference(unit: &str, value: f64) -> String {
    match unit {
        "share" => format!("{:.1} percentage points", value * 100.0),
        unit => amount(unit, value),
    }
}

fn amount(unit: &str, value: f64) -> String {
    match unit {
        "share" => format!("{:.1} %", value * 100.0),
        "" => short(value),
        unit => format!("{} {unit}", short(value)),
    }
}

/// Three digits of a small number, whole ones of a large.
fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 1.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// ``the base delay (`base`, 50ms to 5s)``.
fn named(factor: &FactorSensitivity) -> String {
    let levels = match factor.levels.as_slice() {
        [low, high] => format!("{low} to {high}"),
        list if list.len() <= 4 => list.join(", "),
        list => format!("{} to {}", list[0], list[list.len() - 1]),
    };
    let what = if factor.label == factor.factor {
        format!("`{}`", factor.factor)
    } else {
        format!("the {} `{}`", factor.label, factor.factor)
    };
    let with = match factor.with.as_slice() {
        [] => String::new(),
        names => format!(" with {}", names.join(" and ")),
    };
    format!("{what}{with} ({levels})")
}

fn listed(texts: &[String]) -> String {
    match texts {
        [] => String::new(),
        [only] => only.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

/// What to be careful about, with what helps.
pub(super) fn warnings(
    spec: &SensitivitySpec,
    replications: u32,
    metrics: &[MetricSensitivity],
) -> Vec<String> {
    let mut all = Vec::new();
    if replications < 2 {
        let message = "one replication cannot tell noise from effect: with `--replications 5` the \
                       share of noise is known";
        all.push(message.to_owned());
    }
    for metric in metrics {
        let label = &metric.label;
        if (metric.replications as u64) < u64::from(replications) {
            all.push(format!(
                "{label}: {} of {replications} replications count, for in the others it has no \
                 value at some point: narrow the ranges to where there is something to observe",
                metric.replications
            ));
        }
        all.extend(noisy(metric));
        if metric.replications > 0 && metric.moves() && !metric.ranked() && metric.factors.len() > 1
        {
            let (key, size) = match spec.method {
                MethodName::Morris => ("trajectories", spec.trajectories.unwrap_or(10)),
                MethodName::Sobol => ("points", spec.points.unwrap_or(64)),
            };
            all.push(format!(
                "{label}: the intervals are too wide to tell which factor matters most: \
                 `{key} = {}` halves them",
                4 * size
            ));
        }
    }
    all
}

/// Too much noise, and the replications that would bring it down to [`NOISY`].
fn noisy(metric: &MetricSensitivity) -> Option<String> {
    let share = metric.noise_share;
    if share.is_nan() || share <= NOISY {
        return None;
    }
    let label = &metric.label;
    let percent = (share * 100.0).min(100.0);
    if share >= 0.9 {
        return Some(format!(
            "{label}: {percent:.0} % of the variance between settings is noise of {} replications: \
             the factors hardly move it, or many more replications are needed to see it",
            metric.replications
        ));
    }
    // Noise goes with 1/n, what the factors do stays: n·share/(1 − share)·(1 − NOISY)/NOISY.
    let times = share / (1.0 - share) * (1.0 - NOISY) / NOISY;
    let needed = (metric.replications as f64 * times).ceil();
    Some(format!(
        "{label}: {percent:.0} % of the variance between settings is noise of {} replications, which \
         looks like interaction: with `--replications {needed:.0}` it would be {:.0} %",
        metric.replications,
        NOISY * 100.0
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factor(name: &str, alone: f64, in_all: f64, half: f64) -> FactorSensitivity {
        let around =
            |estimate| Some(Estimate { estimate, low: estimate - half, high: estimate + half });
        FactorSensitivity {
            factor: name.to_owned(),
            label: format!("{name} delay"),
            with: Vec::new(),
            levels: vec!["50ms".to_owned(), "5s".to_owned()],
            alone: around(alone),
            in_all: around(in_all),
            effect: None,
            effect_mean: None,
            effect_sd: None,
            upper_less_lower: Some(Estimate { estimate: -0.031, low: -0.04, high: -0.02 }),
        }
    }

    fn metric(factors: Vec<FactorSensitivity>, noise_share: f64) -> MetricSensitivity {
        MetricSensitivity {
            metric: "service_level".to_owned(),
            label: "service level".to_owned(),
            unit: "share".to_owned(),
            replications: 5,
            mean: 0.8,
            sd: 0.05,
            noise_share,
            factors,
        }
    }

    #[test]
    fn the_answer_names_the_factor_its_share_and_its_direction() {
        let found = metric(
            vec![
                factor("base", 0.61, 0.7, 0.09),
                factor("last", 0.2, 0.22, 0.05),
                factor("none", 0.0, 0.01, 0.02),
            ],
            0.03,
        );
        assert_eq!(
            sentences(&found),
            [
                "What moves service level most is the base delay `base` (50ms to 5s): 61 % (52..70) \
                 of the variance alone, 70 % (61..79) with its interactions; 3.1 percentage points \
                 lower in the upper half of its range.",
                "After it comes the last delay `last` (50ms to 5s) (22 % (17..27) in all, 3.1 \
                 percentage points lower in the upper half of its range).",
                "`none` hardly matters: less than 5 % of the variance.",
            ]
        );
        let spec: SensitivitySpec = toml::from_str("method = \"sobol\"").unwrap();
        assert!(warnings(&spec, 5, &[found]).is_empty());
    }

    #[test]
    fn noise_and_wide_intervals_come_with_their_remedy() {
        let wide = metric(vec![factor("a", 0.4, 0.5, 0.2), factor("b", 0.3, 0.4, 0.2)], 0.25);
        let spec: SensitivitySpec = toml::from_str("method = \"sobol\"\npoints = 32").unwrap();
        let got = warnings(&spec, 5, std::slice::from_ref(&wide));
        // A third of the effect's variance at 5 replications is a ninth at 15.
        assert!(got[0].contains("`--replications 15` it would be 10 %"), "{got:?}");
        assert!(got[1].ends_with("`points = 128` halves them"), "{got:?}");
        assert!(sentences(&wide)[0].contains("does not keep it apart from `b`"));
        let one = warnings(&spec, 1, &[MetricSensitivity { noise_share: f64::NAN, ..wide }]);
        assert!(one[0].starts_with("one replication"), "{one:?}");
    }

    #[test]
    fn what_does_not_vary_is_moved_by_nothing() {
        let still = MetricSensitivity { sd: 0.0, ..metric(vec![factor("a", 0.4, 0.5, 0.2)], 0.0) };
        assert_eq!(
            sentences(&still),
            ["Nothing moves service level: it is 80.0 % at every setting."]
        );
    }
}
