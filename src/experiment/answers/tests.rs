//! Sentences of a small study, filled from made-up results.

use super::*;
use crate::engine::statistics::mean_interval;
use crate::experiment::record::{InMemory, Sample};
use crate::experiment::runner::{Outcome, Unit};
use crate::experiment::study::StudySpec;
use crate::system::Traces;
use crate::system::metrics::index_of;

/// A plan of two policies at three loads, with these answers.
fn plan(answers: &str) -> Result<Plan, Vec<String>> {
    let model = include_str!("../../../models/minimal.toml");
    let study = format!(
        "name = \"x\"\nquestion = \"?\"\nmodel = \"m\"\nreplications = 4\n{answers}\n\
         [set]\nhorizon = \"31m\"\nwarmup = \"1m\"\n\
         [[factors]]\nname = \"client\"\nkey = \"client.retry.attempts\"\nvalues = [1, 3]\n\
         [[factors]]\nname = \"load\"\nkey = \"calls.load\"\nvalues = [0.5, 1.0, 2.0]\n"
    );
    let spec: StudySpec = toml::from_str(&study).unwrap();
    let base: toml::Table = toml::from_str(model).unwrap();
    Plan::new(spec, &base, &Traces::default())
        .map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

/// Results in which every metric of point `p` is `base[p]`, with a spread common to all points
/// (`common`) and one of its own (`own`).
fn results(base: [f64; 6], own: f64) -> Vec<Outcome> {
    let common = [-0.3, -0.1, 0.1, 0.3];
    let noise = [1.0, -1.0, -1.0, 1.0];
    (0..6)
        .flat_map(|p| (0..4).map(move |r| (p, r)))
        .map(|(p, r)| {
            let own = if p >= 3 { own * noise[r] } else { 0.0 };
            Ok(vec![base[p] + common[r] + own; METRICS.len()])
        })
        .collect()
}

fn answered(plan: &Plan, outcomes: &[Outcome]) -> Vec<String> {
    let units: Vec<Unit> = plan.all_units().collect();
    let record = InMemory::of(&units, |_| outcomes.to_vec());
    super::answers(plan, &Summary::new(plan, Sample::new(&units, &record)))
}

fn said(answers: &str, base: [f64; 6], own: f64) -> Vec<String> {
    let plan = plan(answers).unwrap();
    answered(&plan, &results(base, own))
}

fn refused(answers: &str) -> String {
    let errors = plan(answers).unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    errors[0].clone()
}

#[test]
fn a_sentence_is_filled_with_estimates_of_its_point() {
    let answers = "[[answers]]\nkind = \"sentence\"\nat = { client = 3, load = 1.0 }\n\
                   say = \"{client} at {load}: {failovers}, {failovers per hour} an hour.\"";
    // The spread has the half-width t(0.975, 3)·0.2582/2 = 0.41; half an hour is measured.
    let got = said(answers, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 0.0);
    assert_eq!(got, ["3 at 1: 5.0 ± 0.4, 10.0 ± 0.8 an hour."]);
    let half = mean_interval(&[4.7, 4.9, 5.1, 5.3], 0.95).half_width;
    assert!((half - 0.41).abs() < 0.005, "{half}");
}

#[test]
fn a_comparison_says_no_more_than_its_paired_interval() {
    let answers = "[[answers]]\nkind = \"sentence\"\nat = { client = 3, load = 1.0 }\n\
                   against = { client = 1 }\n\
                   say = \"{client} causes {failovers compared} failovers than {client against} \
                   ({failovers against}; {failovers difference}).\"";
    let base = [0.0, 8.0, 0.0, 0.0, 5.0, 0.0];
    assert_eq!(
        said(answers, base, 0.0),
        ["3 causes 3 ± 0 fewer failovers than 1 (8.0 ± 0.4; -3 ± 0)."]
    );
    // ±4: the half-width is t(0.975, 3)·4.62/2 = 7.3.
    assert_eq!(
        said(answers, base, 4.0),
        ["3 causes no significant difference (-3 ± 7) failovers than 1 (8.0 ± 0.4; \
          -3 ± 7)."]
    );
}

#[test]
fn the_best_is_said_with_the_settings_that_do_not_differ_significantly() {
    let answers = "[[answers]]\nkind = \"sentence\"\nbest = \"failovers\"\n\
                   against = { client = 1, load = 0.5 }\n\
                   say = \"Best: {setting}, {failovers compared} than {client against}.\"";
    let base = [9.0, 8.0, 7.0, 5.0, 5.0, 3.0];
    assert_eq!(
        said(answers, base, 0.0),
        ["Best: client 3, load 2, 6 ± 0 fewer than 1. (All 5 other settings are significantly \
         different.)"]
    );
    let got = said(answers, [3.0, 3.0, 9.0, 9.0, 9.0, 9.0], 0.0);
    assert!(
        got[0].ends_with("(1 of 5 other settings are not significantly different.)"),
        "{got:?}"
    );
}

#[test]
fn the_best_of_some_may_stand_against_the_best_of_others() {
    let answers = "[[answers]]\nkind = \"sentence\"\nat = { client = 3 }\nworst = \"failovers\"\n\
                   against = { client = 1 }\nagainst_best = \"failovers\"\n\
                   say = \"{load} {failovers}, {load against} {failovers against}\"";
    let got = said(answers, [3.0, 2.0, 9.0, 7.0, 9.0, 8.0], 0.0);
    assert_eq!(got, ["1 9.0 ± 0.4, 1 2.0 ± 0.4"]);
}

#[test]
fn a_ranking_says_which_neighbours_are_level() {
    let answers = "[[answers]]\nkind = \"ranking\"\nby = \"failovers per hour\"\n\
                   at = { client = 1 }\nsay = \"From the least: {ranking}.\"";
    let got = said(answers, [3.0, 1.0, 3.0, 0.0, 0.0, 0.0], 0.0);
    let expected = "From the least: 1 (2.0 ± 0.8); then 0.5 (6.0 ± 0.8), 2 (6.0 ± 0.8) [neighbours \
                    not significantly different].";
    assert_eq!(got, [expected]);
}

#[test]
fn a_crossing_is_where_the_sign_turns_over() {
    let answers = "[[answers]]\nkind = \"crossing\"\nmetric = \"failovers\"\nalong = \"load\"\n\
                   at = { client = 3 }\nagainst = { client = 1 }\n\
                   say = \"It stops paying {crossing}: it is {stretches}.\"";
    // Fewer are better: 3 pays at 0.5 and 1, and is worse at 2.
    let got = said(answers, [5.0, 5.0, 5.0, 3.0, 4.0, 6.0], 0.0);
    assert_eq!(
        got,
        ["It stops paying at load 2: it is better from 0.5 to 1 (-2 ± 0 to -1 ± 0), worse \
          at 2 (+1 ± 0)."]
    );
    let got = said(answers, [5.0, 5.0, 5.0, 3.0, 4.0, 5.0], 0.0);
    assert!(
        got[0].starts_with("It stops paying at no load from 0.5 to 2 with certainty:"),
        "{got:?}"
    );
    let got = said(answers, [5.0, 5.0, 5.0, 3.0, 4.0, 4.0], 0.0);
    assert!(got[0].starts_with("It stops paying at no load from 0.5 to 2:"), "{got:?}");
    // Undecided in between, all intervals together at the confidence: t(1 − 0.025/3, 3)·1.15/2.
    let got = said(answers, [15.0, 5.0, 5.0, 5.0, 5.0, 15.0], 1.0);
    assert!(got[0].contains("no significant difference at 1 (0.0 ± 2.8)"), "{got:?}");
    assert!(got[0].starts_with("It stops paying at load 2:"), "{got:?}");
}

#[test]
fn an_unobserved_value_is_said_to_be_so() {
    let answers = "[[answers]]\nkind = \"sentence\"\nat = { client = 3, load = 1.0 }\n\
                   against = { client = 1 }\nsay = \"{failovers}, {failovers compared}\"";
    let plan = plan(answers).unwrap();
    let mut values = vec![0.0; METRICS.len()];
    values[index_of("failovers").unwrap()] = f64::NAN;
    let got = answered(&plan, &vec![Ok(values); 24]);
    assert_eq!(got, ["(nothing was observed), not to be compared (nothing was observed)"]);
}

#[test]
fn answers_that_make_no_sense_are_refused() {
    let sentence = |say: &str, more: &str| {
        refused(&format!("[[answers]]\nkind = \"sentence\"\n{more}\nsay = \"{say}\""))
    };
    let at = "at = { client = 3, load = 1.0 }";
    assert!(sentence("{failoverz}", at).contains("did you mean `failovers`?"));
    assert!(sentence("{failovers", at).contains("a `{` without its `}`"));
    assert!(sentence("failovers}", at).contains("a `}` without its `{`"));
    assert!(sentence("{service_level per hour}", at).contains("does not add up over time"));
    assert!(sentence("{failovers a lot}", at).contains("cannot fill `a lot`"));
    assert!(sentence("{failovers compared}", at).contains("there is no `against`"));
    assert!(sentence("{ranking}", at).contains("can stand in a ranking only"));
    assert!(sentence("x", "at = { load = 1.0 }").contains("leaves 2 settings"));
    assert!(
        sentence("x", "at = { load = 3.0 }")
            .contains("no such level of `load`; there are: 0.5, 1, 2")
    );
    assert!(sentence("x", "at = { lode = 1.0 }").contains("no such factor"));
    let both = "best = \"failovers\"\nworst = \"failovers\"";
    assert!(sentence("x", both).contains("cannot stand beside `best`"));
    let crossing = "[[answers]]\nkind = \"crossing\"\nmetric = \"failovers\"\nalong = \"load\"\n\
                    against = { client = 1 }\nsay = \"{crossing}\"";
    assert!(refused(crossing).contains("leaves 2 settings"), "{}", refused(crossing));
    let ranking = "[[answers]]\nkind = \"ranking\"\nby = \"failovers an hour\"\nsay = \"\"";
    assert!(refused(ranking).contains("`an hour` says nothing here"));
}
