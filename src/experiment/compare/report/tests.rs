//! Three arms of five runs, by two metrics. The expected values were worked out apart from this
//! program, with NumPy and SciPy 1.17: `t.ppf`, `pearsonr(..).confidence_interval(..)`, and the
//! formulas of Hsu and Cochran on `mean` and `std(ddof=1)`.

use toml::Table;

use super::*;
use crate::experiment::plan::Plan;
use crate::experiment::record::InMemory;
use crate::experiment::runner::{Outcome, Unit};
use crate::system::Traces;
use crate::system::metrics::index_of;

const SERVICE: [[f64; 5]; 3] = [
    [0.80, 0.82, 0.78, 0.84, 0.81],
    [0.83, 0.86, 0.80, 0.88, 0.84],
    [0.70, 0.75, 0.66, 0.78, 0.71],
];
const FAILOVERS: [[f64; 5]; 3] =
    [[5.0, 3.0, 8.0, 2.0, 4.0], [3.0, 4.0, 1.0, 5.0, 3.0], [9.0, 7.0, 12.0, 6.0, 8.0]];

/// Three arms, the third factor the same in all.
fn plan(more: &str) -> Plan {
    let text = format!(
        r#"
        name = "arms"
        question = "Which arm?"
        model = "minimal.toml"
        replications = 5
        {more}
        [[factors]]
        name = "arm"
        key = "client.retry.attempts"
        values = [1, 2, 3]
        [[factors]]
        name = "deadline"
        key = "client.retry.deadline"
        values = ["0.5s"]
        "#
    );
    let study = toml::from_str(&text).expect("a study");
    let base: Table = include_str!("../../../../models/minimal.toml").parse().expect("TOML");
    Plan::new(study, &base, &Traces::default()).expect("a plan")
}

fn outcomes() -> Vec<Outcome> {
    let run = |arm: usize, r: usize| {
        let mut values = vec![f64::NAN; METRICS.len()];
        values[index_of("service_level").unwrap()] = SERVICE[arm][r];
        values[index_of("failovers").unwrap()] = FAILOVERS[arm][r];
        Ok(values)
    };
    (0..3).flat_map(|arm| (0..5).map(move |r| run(arm, r))).collect()
}

fn compared(plan: &Plan, with: With) -> Comparison {
    let metrics = ["service_level", "failovers"].map(|name| index_of(name).unwrap()).into();
    let units: Vec<Unit> = plan.all_units().collect();
    let record = InMemory::of(&units, |_| outcomes());
    Comparison::new(plan, Sample::new(&units, &record), &Request { metrics, with })
}

/// Estimate and half-width, or ends.
fn near(got: &Estimate, estimate: f64, half: f64) {
    between(got, estimate, estimate - half, estimate + half);
}

fn between(got: &Estimate, estimate: f64, low: f64, high: f64) {
    for (value, expected) in [(got.estimate, estimate), (got.low, low), (got.high, high)] {
        let value = value.expect("there is one");
        assert!((value - expected).abs() < 1e-9, "{got:?}: {value} is not {expected}");
    }
}

#[test]
fn points_are_ranked_with_means_multiples_and_standings() {
    let plan = plan("");
    let got = compared(&plan, With::Control(0));
    let by = &got.metrics[0];
    assert_eq!(
        (by.metric.as_str(), by.unit.as_str(), by.better.as_str()),
        ("service_level", "share", "higher")
    );
    assert_eq!(by.ranked.iter().map(|r| r.point).collect::<Vec<_>>(), [1, 0, 2]);
    near(&by.ranked[0].mean, 0.842, 0.037_661_533_766_968_756);
    near(&by.ranked[1].mean, 0.81, 0.027_764_451_051_977_9);
    near(&by.ranked[0].relative, 1.0, 0.0);
    near(&by.ranked[1].relative, 0.961_995_249_406_176, 0.010_705_920_696_244_351);
    near(&by.ranked[2].relative, 0.855_106_888_361_045_1, 0.030_522_686_088_045_006);
    let standings: Vec<Option<Standing>> = by.ranked.iter().map(|r| r.standing).collect();
    let expected = [Standing::Best, Standing::Beaten, Standing::Beaten];
    assert_eq!(standings, expected.map(Some));
    // One-sided at 1 − 0.025/2 each: 0.032 ± 0.013078611427, 0.09 ± 0.0383, 0.122 ± 0.0257.
    let ahead = 0.032 + 0.013_078_611_427_173_63;
    between(&by.ranked[0].advantage.unwrap(), 0.032, 0.0, ahead);
    between(&by.ranked[1].advantage.unwrap(), -0.032, -ahead, 0.0);
    between(&by.ranked[2].advantage.unwrap(), -0.122, -0.122 - 0.025_685_882_935_687_503, 0.0);
    // Less is better of failovers.
    assert_eq!(got.metrics[1].ranked.iter().map(|r| r.point).collect::<Vec<_>>(), [1, 0, 2]);
}

#[test]
fn differences_from_a_control_hold_together_over_arms_and_metrics() {
    let plan = plan("");
    let got = compared(&plan, With::Control(0));
    assert_eq!((got.control, got.control_named), (Some(0), true));
    let [service, failovers] = [0, 1].map(|m| &got.metrics[m].differences);
    assert_eq!(service.iter().map(|d| (d.point, d.against)).collect::<Vec<_>>(), [(1, 0), (2, 0)]);
    // Two arms and two metrics: 1 − 0.05/4.
    assert!((service[0].confidence - 0.9875).abs() < 1e-12);
    near(&service[0].difference, 0.032, 0.016_143_964_676_705_987);
    near(&service[1].difference, -0.09, 0.047_264_688_917_027_72);
    near(&failovers[0].difference, -1.2, 7.271_187_617_532_206);
    near(&failovers[1].difference, 4.0, 0.0);
    let signs: Vec<Sign> = service.iter().chain(failovers).map(|d| d.sign).collect();
    assert_eq!(signs, [Sign::More, Sign::Less, Sign::Open, Sign::More]);
    let correlation = &service[0].correlation;
    between(correlation, 0.995_233_204_045_555_7, 0.848_920_757_345_821_5, 0.999_860_305_612_936_8);
    assert!((service[0].variance_ratio.unwrap() - 0.049_295_774_647_887_63).abs() < 1e-9);
    assert!((failovers[0].variance_ratio.unwrap() - 1.893_333_333_333_333_5).abs() < 1e-9);
}

#[test]
fn the_best_found_is_no_control_of_ones_own_choice() {
    let plan = plan("");
    let got = compared(&plan, With::BestFound);
    assert_eq!((got.control, got.control_named), (Some(1), false));
    // Three pairs it was chosen from, and two metrics: 1 − 0.05/6.
    let differences = &got.metrics[0].differences;
    assert_eq!(differences.iter().map(|d| d.point).collect::<Vec<_>>(), [0, 2]);
    near(&differences[0].difference, -0.032, 0.018_150_811_574_419_924);
    near(&differences[1].difference, -0.122, 0.035_647_486_270_568_47);
    let all = compared(&plan, With::Each);
    assert_eq!(all.control, None);
    let pairs: Vec<(usize, usize)> =
        all.metrics[0].differences.iter().map(|d| (d.point, d.against)).collect();
    assert_eq!(pairs, [(1, 0), (1, 2), (0, 2)]);
    near(&all.metrics[0].differences[0].difference, 0.032, 0.018_150_811_574_419_924);
}

#[test]
fn it_answers_in_sentences() {
    let plan = plan("");
    let got = compared(&plan, With::Control(0));
    let expected = [
        "arm = 2 (84 ± 4 %) is the best of 3 by service level: every other is beaten (multiple \
         comparison with the best, 95 %)",
        "arm = 2: service level 3.2 ± 1.6 points higher than arm = 1 (paired, 95 %)",
        "no significant difference in failovers between arm = 2 and arm = 1: 1 ± 7 (paired, 95 %)",
        "by service level, of the 2 others 1 are higher than arm = 1, 1 lower, and 0 not \
         significantly different",
    ];
    assert_eq!(got.answer, expected);
}

/// The failovers of the second arm fall where those of the first rise: correlation −0.98, at most
/// −0.51. Nothing is said where each point has its own draws.
#[test]
fn common_random_numbers_that_backfire_are_warned_of() {
    let shared = compared(&plan(""), With::Control(0));
    let [warning] = shared.warnings.as_slice() else { panic!("{:?}", shared.warnings) };
    for words in ["failovers", "arm = 2 against arm = 1", "-0.98", "at most -0.51", "1.89 times"] {
        assert!(warning.contains(words), "{words} in: {warning}");
    }
    assert!(warning.contains("`common_random_numbers = false`"), "{warning}");
    let own = compared(&plan("common_random_numbers = false"), With::Control(0));
    assert!(own.warnings.is_empty() && !own.common_random_numbers);
    assert!(own.answer[1].ends_with("higher than arm = 1 (95 %)"), "{:?}", own.answer);
}

#[test]
fn runs_that_stopped_or_are_missing_count_in_no_pair() {
    let plan = plan("");
    let mut outcomes = outcomes();
    outcomes[6] =
        Err(crate::system::RunError::Events { at: crate::engine::time::SimTime::ZERO, events: 1 });
    // The third arm was run four times.
    let units: Vec<Unit> = plan.all_units().take(14).collect();
    outcomes.truncate(14);
    let metrics = vec![index_of("service_level").unwrap()];
    let record = InMemory::of(&units, |_| outcomes.clone());
    let request = Request { metrics, with: With::Each };
    let got = Comparison::new(&plan, Sample::new(&units, &record), &request);
    let pairs: Vec<(usize, usize, u64)> =
        got.metrics[0].differences.iter().map(|d| (d.point, d.against, d.pairs)).collect();
    assert_eq!(pairs, [(1, 0, 4), (1, 2, 3), (0, 2, 4)]);
    assert_eq!(got.metrics[0].ranked.iter().map(|r| r.runs).collect::<Vec<_>>(), [4, 5, 4]);
}

#[test]
fn what_is_written_reads_back() {
    let got = compared(&plan(""), With::BestFound);
    let text = serde_json::to_string(&got).unwrap();
    let back: Comparison = serde_json::from_str(&text).unwrap();
    assert_eq!((&back.answer, &back.points, back.control), (&got.answer, &got.points, got.control));
    for (by, written) in back.metrics.iter().zip(&got.metrics) {
        for (row, expected) in by.ranked.iter().zip(&written.ranked) {
            assert_eq!((row.point, row.standing), (expected.point, expected.standing));
            near(&row.mean, expected.mean.value(), expected.mean.half_width());
        }
        for (pair, expected) in by.differences.iter().zip(&written.differences) {
            assert_eq!((pair.point, pair.against), (expected.point, expected.against));
            near(&pair.difference, expected.difference.value(), expected.difference.half_width());
        }
    }
}

#[test]
fn a_point_is_named_by_number_levels_or_a_level_alone() {
    let plan = plan("");
    for (text, point) in [
        ("2", Ok(2)),
        ("arm = 2", Ok(1)),
        ("arm=3, deadline = 500ms", Ok(2)),
        ("arm = 1, deadline = 0.5s", Ok(0)),
        ("3", Err("no setting `3`; they are numbered from 0 to 2")),
        ("amr = 2", Err("`amr = 2`: no such factor; did you mean `arm`?")),
        ("arm = 4", Err("`arm = 4`: no such level of `arm`; there are: 1, 2, 3")),
        ("500ms", Err("`500ms`: 3 settings have these levels; name one of: arm")),
        ("502ms", Err("`502ms`: no such level of a factor; did you mean `500ms`?")),
        (" ", Err("it names no setting")),
    ] {
        assert_eq!(plan.point_named(text), point.map_err(str::to_owned), "{text}");
    }
}
