//! M. Brooker's collapse simulation (simulator_example, `simple_collapse_sim/sim.py`): a port of it
//! averaged ten runs, and its figures are compared with ours.
//!
//! Ours differs in that a spike's rate holds from its first instant to its last, while his next
//! arrival is drawn at the rate of the one before, and in nothing else that matters.

use toml::Table;

use super::{Second, deviation, goodput, mean, over, run_table, runs, set_arrivals};
use crate::theory::model;

const COLLAPSE: &str = include_str!("models/collapse.toml");
const REPLICATIONS: u64 = 60;
/// Runs that the published figures are the mean of.
const PUBLISHED_RUNS: f64 = 10.0;

/// His clients wait U(0, 20 s) before the first retry, U(0, 40 s) before the second.
const BACKOFF: &str = "'tenants.clients.retry.backoff' = \
    { kind = 'exponential', base = '20s', cap = '1h', jitter = 'full' }";

/// Within four standard errors of the difference of two means, of which one comes with `rounding`.
fn agrees(what: &str, ours: &[f64], published: f64, rounding: f64) {
    let spread = deviation(ours);
    let error = spread * (1.0 / ours.len() as f64 + 1.0 / PUBLISHED_RUNS).sqrt();
    let off = (mean(ours) - published).abs();
    let shown = mean(ours);
    assert!(
        off <= 4.0 * error + rounding,
        "{what}: {shown} against {published}, 4 standard errors are {}",
        4.0 * error
    );
}

fn retries(second: &Second) -> f64 {
    f64::from(second.retries)
}

fn at_server(second: &Second) -> f64 {
    second.at_server as f64
}

/// Seconds 75 to 80 are compared. The published means of ten runs hide that each run ends in one
/// of two states: nothing is answered and ever more is at the server, or all is well again.
#[test]
fn without_backoff_most_runs_never_recover_from_the_spike() {
    let runs = runs(COLLAPSE, "", REPLICATIONS);
    let (good, piled) = (goodput(&runs, 75, 80), over(&runs, 75, 80, at_server));
    agrees("goodput", &good, 16.5, 0.05);
    agrees("retries", &over(&runs, 75, 80, retries), 49.0, 0.5);
    agrees("concurrency", &piled, 1188.0, 0.5);
    let before = over(&runs, 60, 65, at_server);
    let mut collapsed = 0;
    for ((good, piled), before) in good.iter().zip(&piled).zip(&before) {
        match *good < 1.0 {
            true => {
                collapsed += 1;
                assert!(*piled > 1000.0 && piled > before, "{good}: {before} {piled}");
            }
            false => assert!(*good > 30.0 && *piled < 120.0, "{good}: {piled}"),
        }
    }
    assert!(collapsed > REPLICATIONS / 4 && collapsed < REPLICATIONS);
}

#[test]
fn with_backoff_all_do() {
    let runs = runs(COLLAPSE, BACKOFF, REPLICATIONS);
    agrees("goodput", &goodput(&runs, 75, 80), 39.9, 0.05);
    agrees("concurrency", &over(&runs, 75, 80, at_server), 67.0, 0.5);
    agrees("retries", &over(&runs, 75, 80, retries), 0.0, 0.5);
    // By about 50 s: from then on all that is asked is answered.
    let answered = goodput(&runs, 50, 75);
    let error = deviation(&answered) / (REPLICATIONS as f64).sqrt();
    assert!(mean(&answered) > 40.0 - 4.0 * error, "{}", mean(&answered));
    // On the same arrivals the clients without backoff get less.
    let hasty = super::runs(COLLAPSE, "", REPLICATIONS);
    assert!(super::lead(&goodput(&runs, 75, 80), &goodput(&hasty, 75, 80)) > 0.0);
}

/// The rate climbs from 40 to 80 a second in 25 s and falls to nothing by 75 s, in steps of half a
/// second. Both arms end without a single answer although nothing is asked any more.
#[test]
fn a_ramp_to_eighty_is_too_much_for_both() {
    let steps: Vec<toml::Value> = (0..160)
        .map(|step| {
            let middle = (f64::from(step) + 0.5) / 2.0;
            let rate = (80.0 - 1.6 * (middle - 25.0).abs()).max(0.0);
            let mut table = Table::new();
            table.insert("at".to_owned(), model::seconds(f64::from(step) / 2.0));
            table.insert("rate_per_s".to_owned(), rate.into());
            toml::Value::Table(table)
        })
        .collect();
    let mut ramp = Table::new();
    ramp.insert("kind".to_owned(), "profile".into());
    ramp.insert("steps".to_owned(), steps.into());
    for changes in ["", BACKOFF] {
        let mut table = model::read(COLLAPSE);
        set_arrivals(&mut table, ramp.clone());
        let changes: Table = toml::from_str(changes).unwrap();
        for (key, value) in &changes {
            trunksim::experiment::overrides::assign(&mut table, key, value).unwrap();
        }
        let runs = run_table(&table, 10);
        let (first, last) = (mean(&goodput(&runs, 5, 12)), mean(&goodput(&runs, 75, 80)));
        assert!(first > 40.0, "it works at first: {first}");
        // "0" is a figure of one decimal.
        assert!(last < 0.05, "{last}");
    }
}
