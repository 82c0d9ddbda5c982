//! The inventory of Law, "Simulation Modeling and Analysis" (section 1.5): nine (s, S) policies
//! over 120 months. Demands of 1, 2, 3, 4 (probabilities 1/6, 1/3, 1/3, 1/6) come after
//! exponential times of mean 0.1 month; at the start of a month, an inventory below s is ordered
//! up to S, at 32 plus 3 an item, and delivered after half a month to a month; an item held costs
//! 1 a month and one owed 5.

use trunksim::engine::random::RandomSource;
use trunksim::engine::statistics::mean_interval;
use trunksim::experiment::compare::best::{Standing, with_the_best};
use trunksim::experiment::compare::goal::Goal;
use trunksim::experiment::compare::paired::paired;
use trunksim::experiment::compare::ranking::ranking;
use trunksim::experiment::select::kim_nelson::{Decision, KimNelson};

/// Reorder level, target, and expected mean monthly cost by 2500 replications of an independent
/// program, whose standard deviations of a replication are beside.
const POLICIES: [(i64, i64, f64, f64); 9] = [
    (20, 40, 125.16, 4.37),
    (20, 60, 119.04, 3.72),
    (20, 80, 121.35, 3.24),
    (20, 100, 126.93, 2.98),
    (40, 60, 125.70, 2.72),
    (40, 80, 125.51, 2.31),
    (40, 100, 131.47, 2.30),
    (60, 80, 143.95, 2.45),
    (60, 100, 144.16, 2.05),
];
const THEIR_REPLICATIONS: f64 = 2500.0;
const MONTHS: u32 = 120;
/// Arm with the least cost.
const BEST: usize = 1;

/// Mean monthly cost of a policy. Demands and deliveries are addressed, so that policies share
/// them.
fn cost(reorder: i64, target: i64, seed: u64, replication: u64) -> f64 {
    let source = RandomSource::new(seed, replication);
    let gap = |n: u64| -0.1 * libm::log(source.at(1, 0, n).open_uniform());
    let size = |n: u64| match source.at(2, 0, n).uniform() * 6.0 {
        u if u < 1.0 => 1,
        u if u < 3.0 => 2,
        u if u < 5.0 => 3,
        _ => 4,
    };
    let (mut level, mut now, mut total) = (60_i64, 0.0, 0.0);
    let (mut demands, mut next_demand) = (0, gap(0));
    let (mut delivery, mut month): (Option<(f64, i64)>, u32) = (None, 0);
    loop {
        let next_month = f64::from(month);
        let due = delivery.map_or(f64::INFINITY, |(at, _)| at);
        let next = next_demand.min(due).min(next_month);
        total += (next - now) * if level > 0 { level as f64 } else { -5.0 * level as f64 };
        now = next;
        if due <= now {
            level += delivery.take().map_or(0, |(_, items)| items);
        } else if next_demand <= now {
            level -= size(demands);
            demands += 1;
            next_demand = now + gap(demands);
        } else if month == MONTHS {
            return total / f64::from(MONTHS);
        } else {
            if level < reorder {
                let items = target - level;
                total += 32.0 + 3.0 * items as f64;
                let lag = 0.5 + 0.5 * source.at(3, 0, u64::from(month)).uniform();
                delivery = Some((now + lag, items));
            }
            month += 1;
        }
    }
}

fn costs(policy: usize, seed: u64, replications: u64) -> Vec<f64> {
    let (reorder, target, ..) = POLICIES[policy];
    (0..replications).map(|r| cost(reorder, target, seed, r)).collect()
}

fn all_costs(seed: u64, replications: u64) -> Vec<Vec<f64>> {
    (0..POLICIES.len()).map(|policy| costs(policy, seed, replications)).collect()
}

#[test]
fn policies_cost_what_another_program_found() {
    for (policy, (reorder, target, mean, sd)) in POLICIES.into_iter().enumerate() {
        let got = mean_interval(&costs(policy, 1, 1000), 0.95);
        let error = (got.sd.powi(2) / 1000.0 + sd * sd / THEIR_REPLICATIONS).sqrt();
        assert!((got.mean - mean).abs() < 4.0 * error, "({reorder}, {target}): {got:?}");
    }
}

#[test]
fn the_best_policy_is_found_by_comparison() {
    let arms = all_costs(2, 100);
    let compared = with_the_best(&arms, Goal::Minimum, 0.95);
    assert_eq!(compared[BEST].standing, Standing::Best);
    assert!(compared.iter().filter(|c| c.standing == Standing::Beaten).count() == 8);
    let ranked = ranking(&arms, Goal::Minimum, 0.95);
    assert_eq!(ranked[0].arm, BEST);
    let ratio = ranked[1].relative.mean;
    assert!((ratio - 121.35 / 119.04).abs() < 4.0 * ranked[1].relative.half_width, "{ratio}");
}

/// Common random numbers pay: the difference of the two best varies less than that of independent
/// runs, and the check of the comparison says so.
#[test]
fn shared_demands_narrow_the_difference() {
    let shared = paired(&costs(1, 3, 400), &costs(2, 3, 400), 0.95);
    let apart = paired(&costs(1, 3, 400), &costs(2, 4, 400), 0.95);
    assert!(shared.correlation > 0.0 && shared.variance_ratio < 1.0, "{shared:?}");
    assert!(shared.difference.sd < apart.difference.sd);
    // Without sharing the ratio is 1, up to the sampling error of a correlation.
    assert!((apart.variance_ratio - 1.0).abs() < 4.0 / 20.0, "{apart:?}");
}

/// Kim and Nelson's procedure selects the best policy, which is ahead by 2.3.
#[test]
fn the_best_policy_is_selected() {
    let rule =
        KimNelson { first: 10, step: 10, confidence: 0.95, indifference: 1.0, goal: Goal::Minimum };
    let mut arms = vec![Vec::new(); POLICIES.len()];
    let selected = loop {
        match rule.decide(&arms).unwrap() {
            Decision::Selected { arm, .. } => break arm,
            Decision::More { arms: left, until, .. } => {
                left.iter().for_each(|arm| arms[*arm] = costs(*arm, 6, until as u64));
            }
        }
    };
    assert_eq!(selected, BEST);
}
