//! `trunksim sensitivity` over models whose answer is known: the numbers in its files hold the
//! truth, and its sentences say it.

use std::fs;
use std::path::Path;

use serde_json::Value;
use trunksim::experiment::record::{InMemory, Sample};
use trunksim::experiment::runner;
use trunksim::experiment::sensitivity::analysis::analyse;
use trunksim::experiment::sensitivity::results::{FactorSensitivity, MetricSensitivity};
use trunksim::input;

use crate::command_line::{output_of, results, trunksim};

/// Calling rate, uniform; its mean and variance.
const RATE: (f64, f64) = (0.3, 0.4 * 0.4 / 12.0);
/// Time in seconds, uniform; its mean and variance.
const TIME: (f64, f64) = (1200.0, 1200.0 * 1200.0 / 12.0);

fn analysed(study: &str) -> (MetricSensitivity, Vec<String>, Vec<String>) {
    let loaded = input::study(Path::new(study), &[], None, None).unwrap_or_else(|e| panic!("{e}"));
    let units: Vec<_> = loaded.plan.all_units().collect();
    let record = InMemory::of(&units, |units| runner::outcomes(&loaded.plan, units));
    let mut found = analyse(&loaded.plan, Sample::new(&units, &record)).unwrap();
    (found.metrics.remove(0), found.answer, found.warnings)
}

fn factor<'a>(metric: &'a MetricSensitivity, name: &str) -> &'a FactorSensitivity {
    metric.factors.iter().find(|f| f.factor == name).unwrap()
}

/// Of a product of independent X and Y: V = E²X·VY + E²Y·VX + VX·VY. Arrivals are Poisson, whose
/// variance, the mean of the number, adds noise: with two replications less than 1 % of V.
#[test]
fn shares_of_variance_are_those_of_a_product() {
    let (metric, answer, warnings) = analysed("tests/studies/known.toml");
    let alone = [TIME.0.powi(2) * RATE.1, RATE.0.powi(2) * TIME.1];
    let both = RATE.1 * TIME.1;
    let variance = alone[0] + alone[1] + both;
    let noise = RATE.0 * TIME.0 / 2.0 / variance;
    for (name, share) in [("rate", alone[0]), ("time", alone[1])] {
        let found = factor(&metric, name);
        for (got, share) in [(found.alone, share), (found.in_all, share + both)] {
            let got = got.unwrap();
            // A nominal 95 % interval is two standard errors to each side; allowed are four.
            let allowed = 2.0 * (got.high - got.estimate) + noise;
            assert!((got.estimate - share / variance).abs() < allowed, "{name}: {got:?}");
            assert!(got.low > 0.0, "{name}: {got:?} says something");
        }
        // From a quarter to three quarters of its range, all else at its mean.
        let half = if name == "rate" { 0.2 * TIME.0 } else { 600.0 * RATE.0 };
        let got = found.upper_less_lower.unwrap();
        assert!((got.estimate - half).abs() < 2.0 * (got.high - got.estimate), "{name}: {got:?}");
        assert!(got.low > 0.0, "{name}: {got:?} says something");
    }
    // The client's tries change no arrival, and all points share their random numbers.
    let none = factor(&metric, "attempts");
    for index in [none.alone.unwrap(), none.in_all.unwrap()] {
        assert!(index.low <= 0.0 && index.high >= 0.0 && index.estimate.abs() < 1e-12, "{index:?}");
    }
    assert!(metric.noise_share < 2.0 * noise, "{} and {noise}", metric.noise_share);
    assert!((metric.mean / (RATE.0 * TIME.0) - 1.0).abs() < 0.05, "{}", metric.mean);
    assert!(
        answer[0].contains("calls offered most is the calling rate `rate` (0.1 to 0.5)"),
        "{answer:?}"
    );
    assert!(answer[0].contains("higher in the upper half of its range"), "{answer:?}");
    assert!(answer.iter().any(|s| s.starts_with("`attempts` hardly matters")), "{answer:?}");
    assert!(!warnings.iter().any(|w| w.contains("noise of")), "{warnings:?}");
}

/// Over the whole range the rate adds 0.4 calls a second of the time, whichever that is on its grid
/// of 10, 16⅔, 23⅓ and 30 minutes; the time adds 1200 s of the rate.
#[test]
fn effects_are_those_of_a_product() {
    let (metric, answer, _) = analysed("tests/studies/screened.toml");
    for (name, effect) in [("rate", 0.4 * TIME.0), ("time", 1200.0 * RATE.0)] {
        let found = factor(&metric, name);
        let got = found.effect.unwrap();
        assert!((got.estimate - effect).abs() < 2.0 * (got.high - got.estimate), "{name}: {got:?}");
        assert!((found.effect_mean.unwrap() - got.estimate).abs() < 1e-9, "more of it is more");
        assert!(got.high - got.low < effect, "{name}: {got:?} says something");
    }
    assert!(factor(&metric, "attempts").effect.unwrap().high.abs() < 1e-12);
    assert!(answer.iter().any(|s| s.contains("`attempts` hardly matters")), "{answer:?}");
    assert!(answer[0].contains("higher raises it"), "{answer:?}");
}

#[test]
fn the_command_writes_the_same_bytes_on_any_number_of_threads_and_says_the_answer() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
    // The horizon is a factor: it cannot be set as well.
    trunksim(&["sensitivity", "tests/studies/screened.toml", "--horizon", "10m"]).assert().code(2);
    let run = |out: &Path, jobs: &str| {
        let out = out.to_str().unwrap();
        output_of(&["sensitivity", "tests/studies/screened.toml", "--out", out, "--jobs", jobs])
    };
    let text = run(&one, "1");
    run(&two, "2");
    assert!(results(&one) == results(&two), "one thread and two");
    for line in text.lines().take_while(|line| *line != "FILES") {
        assert!(line.chars().count() <= 80, "over 80 columns: {line}");
    }
    let json: Value =
        serde_json::from_slice(&fs::read(one.join("sensitivity.json")).unwrap()).unwrap();
    assert_eq!((&json["command"], &json["study"]), (&"sensitivity".into(), &"screened".into()));
    let answer = json["answer"][0].as_str().unwrap();
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words(&text).contains(&words(answer)), "{text}");
    let table = fs::read_to_string(one.join("sensitivity.csv")).unwrap();
    assert_eq!(table.lines().count(), 1 + 3, "a row per metric and factor");
    let metric = json["metrics"][0]["metric"].as_str().unwrap().replace('_', "-");
    let picture = fs::read_to_string(one.join(format!("tornado-{metric}.svg"))).unwrap();
    let leading = json["metrics"][0]["factors"][0]["label"].as_str().unwrap();
    assert!(picture.contains(leading), "{leading}");
}

#[test]
fn a_study_without_the_section_is_told_what_it_lacks() {
    let assert = trunksim(&["sensitivity", "tests/studies/small.toml"]).assert().code(2);
    let text = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(text.contains("[sensitivity]") && text.contains("method"), "{text}");
}
