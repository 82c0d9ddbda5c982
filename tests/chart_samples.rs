//! Samples of the charts of comparisons, searches, sensitivity and single runs, made up but likely.

use trunksim::output::chart::{
    Axis, Bar, Better, Candidate, Chart, Difference, Distribution, Distributions, Estimate, Forest,
    Format, Front, Level, Objective, Quantile, Standing, Tornado, Welch,
};

pub(crate) const DOMINATED: Standing = Standing::Dominated;

fn axis(label: &str, unit: &str, format: Format) -> Axis {
    Axis { label: label.to_owned(), unit: unit.to_owned(), format, ..Axis::default() }
}

pub(crate) fn forest() -> Forest {
    let row = |label: &str, value: f64, half: f64, highlight: bool| Difference {
        label: label.to_owned(),
        difference: Estimate::about(value, half),
        highlight,
    };
    Forest {
        title:
            "Full jitter with a retry budget causes 3.1 fewer unnecessary failovers an hour than \
                today's fixed 500 ms"
                .to_owned(),
        subtitle:
            "APAC model, 12 calls/s at peak; unnecessary failovers per hour, policy less today"
                .to_owned(),
        value: axis("Difference in unnecessary failovers", "per hour", Format::Number),
        better: Some(Better::Lower),
        control: "today".to_owned(),
        rows: vec![
            row("Equal jitter", -1.2, 0.5, false),
            row("Full jitter, budget", -3.1, 0.4, true),
            row("Go SDK", 0.2, 0.45, false),
            row("Full jitter", -2.4, 0.42, false),
            row("Python SDK, old", 2.6, 0.7, false),
            row("Decorrelated jitter, capped at ten seconds", -2.3, 0.6, false),
            row("Retry-After honoured", -0.3, 0.38, false),
            row(".NET SDK", f64::NAN, f64::NAN, false),
        ],
        note: "Means of 20 paired replications; bars are 95 % intervals that hold together \
               (Bonferroni)."
            .to_owned(),
    }
}

pub(crate) fn tornado() -> Tornado {
    let bar = |label: &str, first: [f64; 3], total: [f64; 3]| {
        let of = |[value, low, high]: [f64; 3]| Estimate { value, low, high };
        Bar { label: label.to_owned(), first: of(first), total: of(total) }
    };
    Tornado {
        title: "The API's rate limit decides the service level; agents' talk time hardly matters"
            .to_owned(),
        subtitle: "APAC model; service level, 6 factors over their ranges, 256 rows of 8 points"
            .to_owned(),
        value: axis("Share of the variance", "%", Format::Number),
        first: "Alone (first order)".to_owned(),
        total: "With all interactions (total)".to_owned(),
        bars: vec![
            bar("Arrivals at peak", [18.0, 13.5, 22.5], [29.0, 23.0, 35.0]),
            bar("API rate limit", [44.0, 38.0, 50.0], [57.0, 49.5, 64.5]),
            bar("Base delay", [8.0, 4.1, 11.9], [17.0, 12.0, 22.0]),
            bar("Round trip to the API", [1.9, -0.4, 4.2], [4.4, 2.1, 6.7]),
            bar("Talk time", [0.3, -1.8, 2.4], [1.4, 0.6, 2.2]),
            bar("Length of a carrier outage", [-0.4, -2.2, 1.4], [0.9, 0.3, 1.5]),
        ],
        noise: Some(Level { value: 2.5, label: "Replication noise: 2.5\u{a0}%".to_owned() }),
        note: "Sobol indices (Saltelli 2010, Jansen 1999); bars are 95 % bootstrap intervals."
            .to_owned(),
    }
}

/// Values between 0 and 1 that look like chance.
fn scatter(seed: u32) -> f64 {
    // The finalizer of MurmurHash3.
    let mixed = (seed ^ (seed >> 16)).wrapping_mul(0x85eb_ca6b);
    let mixed = (mixed ^ (mixed >> 13)).wrapping_mul(0xc2b2_ae35);
    f64::from((mixed ^ (mixed >> 16)) >> 8) / f64::from(1_u32 << 24)
}

fn objectives() -> [Objective; 4] {
    let objective = |label: &str, unit: &str, format, better| Objective {
        axis: axis(label, unit, format),
        better,
    };
    [
        objective("Unnecessary failovers", "per hour", Format::Number, Better::Lower),
        objective("Service level", "", Format::Share, Better::Higher),
        objective("API calls", "per hour", Format::Number, Better::Lower),
        objective("Secondary carrier", "USD per hour", Format::Number, Better::Lower),
    ]
}

/// Candidates by some of the four objectives, those undominated in these found by trying all.
fn candidates(of: &[usize]) -> Vec<Candidate> {
    let all = objectives();
    let value = |index: u32, objective: usize| {
        let effort = scatter(index * 7 + 1);
        let waste = scatter(index * 7 + 2) * 0.35;
        let (value, half) = match objective {
            0 => (1.4 + 9.0 * effort * effort + 6.0 * waste, 0.35),
            1 => (0.9 - 0.22 * (1.0 - effort) * (1.0 - effort) - 0.2 * waste, 0.006),
            2 => (9_000.0 + 14_000.0 * effort * effort + 9_000.0 * waste, 260.0),
            _ => (12.0 + 40.0 * (1.0 - effort) + 30.0 * waste * scatter(index), 2.1),
        };
        Estimate::about(value, half)
    };
    let values: Vec<Vec<Estimate>> =
        (0..60).map(|index| of.iter().map(|o| value(index, *o)).collect()).collect();
    let merit = |e: &Estimate, o: &usize| match all[*o].better {
        Better::Higher => e.value,
        Better::Lower => -e.value,
    };
    let beats = |a: &[Estimate], b: &[Estimate]| {
        let pairs = || a.iter().zip(b).zip(of).map(|((x, y), o)| (merit(x, o), merit(y, o)));
        pairs().all(|(x, y)| x >= y) && pairs().any(|(x, y)| x > y)
    };
    let front: Vec<bool> = values.iter().map(|b| !values.iter().any(|a| beats(a, b))).collect();
    let recommended = front.iter().rposition(|front| *front);
    let standing = |index: usize| match () {
        () if Some(index) == recommended => Standing::Recommended,
        () if front[index] => Standing::Front,
        () => Standing::Dominated,
    };
    let labelled = values.into_iter().enumerate();
    labelled
        .map(|(i, values)| Candidate {
            label: format!("Policy {i}"),
            values,
            standing: standing(i),
        })
        .collect()
}

pub(crate) fn front() -> Front {
    Front {
        title: "Beyond 85 % service level every further point costs two failovers an hour"
            .to_owned(),
        subtitle: "APAC model; 60 policies, found by NSGA-II and run again on fresh seeds"
            .to_owned(),
        objectives: objectives()[..2].to_vec(),
        candidates: candidates(&[0, 1]),
        note: "Means of 20 replications; bars are 95 % intervals.".to_owned(),
    }
}

pub(crate) fn four_objectives() -> Front {
    Front {
        title: "The recommended policy is near the best in all but API calls".to_owned(),
        subtitle: "APAC model; 60 policies judged by four objectives, each pair of them in a plot"
            .to_owned(),
        objectives: objectives().to_vec(),
        candidates: candidates(&[0, 1, 2, 3]),
        note: "The front is that of all four objectives together. Means of 20 replications; bars \
               are 95 % intervals."
            .to_owned(),
    }
}

/// A log-logistic latency: floor, median and shape.
fn latency(label: &str, floor: f64, median: f64, shape: f64) -> Distribution {
    let value = |share: f64| floor + median * libm::pow(share / (1.0 - share), 1.0 / shape);
    let shares = (1..=400).map(|step| f64::from(step) / 400.5);
    Distribution {
        label: label.to_owned(),
        steps: shares.map(|share| (value(share), share)).collect(),
        quantiles: [("p95", 0.95), ("p99", 0.99)]
            .map(|(name, share)| Quantile { name: name.to_owned(), share, value: value(share) })
            .to_vec(),
    }
}

pub(crate) fn distributions() -> Distributions {
    Distributions {
        title:
            "95 % of routing updates are in force within 640\u{a0}ms; one that was limited takes ten \
                times as long"
                .to_owned(),
        subtitle: "APAC model, one busy hour, replication 0".to_owned(),
        x: Axis { log: true, ..axis("Update latency", "", Format::Milliseconds) },
        legend: "Updates".to_owned(),
        lines: vec![
            latency("All", 40.0, 60.0, 1.28),
            latency("Never limited", 40.0, 45.0, 3.0),
            latency("Limited at least once", 500.0, 700.0, 2.2),
        ],
        note: "Counts of a histogram with three digits; 18 212 updates, 1 204 of them limited."
            .to_owned(),
    }
}

pub(crate) fn welch() -> Welch {
    let level = |minute: u32| 0.82 - 0.5 * libm::exp(-f64::from(minute) / 9.0);
    let noisy = |minute: u32| level(minute) + 0.09 * (scatter(minute * 3 + 5) - 0.5);
    let average = |minute: u32| {
        let reach = minute.min(10);
        let around = minute - reach..=minute + reach;
        around.map(noisy).sum::<f64>() / f64::from(2 * reach + 1)
    };
    Welch {
        title:
            "Steady state is reached after 25 minutes: the model's warm-up of 5 minutes is too short"
                .to_owned(),
        subtitle: "APAC model from an empty system, 12 calls/s; service level by minute".to_owned(),
        x: axis("Time since the start of the run", "min", Format::Number),
        y: axis("Service level", "", Format::Share),
        means: (0..120).map(|minute| (f64::from(minute), noisy(minute))).collect(),
        average: (0..110).map(|minute| (f64::from(minute), average(minute))).collect(),
        average_label: "Moving average over 21 min".to_owned(),
        cut: Some(Level { value: 25.0, label: "Cut by MSER-5 at 25 min".to_owned() }),
        level: Some(Level { value: 0.8203, label: "Mean after the cut: 82.0 %".to_owned() }),
        note: "Mean of 20 replications at each minute.".to_owned(),
    }
}

pub(crate) fn gallery() -> Vec<(&'static str, Chart)> {
    let mut three = front();
    three.objectives = objectives()[..3].to_vec();
    three.candidates = candidates(&[0, 1, 2]);
    vec![
        ("forest", Chart::Forest(forest())),
        ("forest_higher", Chart::Forest(higher())),
        ("tornado", Chart::Tornado(tornado())),
        ("front_of_two", Chart::Front(front())),
        ("front_of_three", Chart::Front(three)),
        ("front_of_four", Chart::Front(four_objectives())),
        ("distributions", Chart::Distributions(distributions())),
        ("welch", Chart::Welch(welch())),
    ]
}

/// Differences of shares, where more is better.
fn higher() -> Forest {
    let mut forest = forest();
    forest.title = "Full jitter answers 3.1 points more of the calls in time".to_owned();
    forest.value = axis("Difference in service level", "percentage points", Format::Number);
    forest.better = Some(Better::Higher);
    forest.control = "the SDK's own retries stacked under a fixed 500 ms".to_owned();
    for row in &mut forest.rows {
        row.difference.value = -row.difference.value;
        (row.difference.low, row.difference.high) = (-row.difference.high, -row.difference.low);
    }
    forest
}

/// What a study should not find, and will.
pub(crate) fn odd() -> Vec<(&'static str, Chart)> {
    let alone = |value: f64| Estimate { value, ..Estimate::default() };
    let same = Difference { label: "Same".to_owned(), difference: alone(0.0), highlight: false };
    let certain = Distribution {
        label: String::new(),
        steps: vec![(0.0, 0.4), (12.0, 1.0)],
        quantiles: vec![Quantile { name: "p95".to_owned(), share: 0.95, value: 12.0 }],
    };
    let unseen = Candidate { values: vec![Estimate::default(); 2], ..Candidate::default() };
    vec![
        ("odd_no_difference", Chart::Forest(Forest::default())),
        ("odd_no_bar", Chart::Tornado(Tornado::default())),
        ("odd_no_objective", Chart::Front(Front::default())),
        ("odd_no_distribution", Chart::Distributions(Distributions::default())),
        ("odd_no_time", Chart::Welch(Welch::default())),
        ("odd_same", Chart::Forest(Forest { rows: vec![same], ..Forest::default() })),
        ("odd_unseen_candidates", Chart::Front(Front { candidates: vec![unseen], ..front() })),
        (
            "odd_two_values",
            Chart::Distributions(Distributions {
                lines: vec![certain, Distribution::default()],
                ..distributions()
            }),
        ),
        (
            "odd_no_cut",
            Chart::Welch(Welch {
                cut: None,
                level: None,
                means: vec![(0.0, f64::NAN), (1.0, 0.5), (2.0, 0.5)],
                average: Vec::new(),
                ..welch()
            }),
        ),
        (
            "odd_only_noise",
            Chart::Tornado(Tornado {
                bars: vec![Bar {
                    label: "A factor with a long name that says what it is varied over".to_owned(),
                    first: alone(-0.5),
                    total: Estimate::default(),
                }],
                ..tornado()
            }),
        ),
    ]
}
