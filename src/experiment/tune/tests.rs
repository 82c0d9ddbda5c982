//! The procedure on made-up arms: it chooses as often right as it promises, whichever way the
//! values come in.

use proptest::prelude::*;
use rand_distr::{Distribution, StandardNormal};

use super::decision::{Decision, Stage, Step};
use super::race::Standing;
use super::rules::{Arm, Rules};
use super::*;
use crate::engine::random::RandomSource;

fn rules(indifference: f64) -> Rules {
    Rules {
        thresholds: vec![Threshold::AtLeast(0.9)],
        first: 8,
        most: 24,
        factor: 3,
        finalists: 2,
        fresh_first: 10,
        fresh_most: 640,
        step: 5,
        indifference,
        confidence: 0.9,
    }
}

/// Mean cost and mean of the metric under a threshold, spread 0.02, of an arm.
type Truth = (f64, f64);

/// Arms of unit spread, costs of correlation ½ (common random numbers).
fn values(seed: u64, stage: u64, truths: &[Truth], n: usize) -> Vec<Arm> {
    let mut arms = vec![Arm { cost: Vec::new(), held: vec![Vec::new()] }; truths.len()];
    for r in 0..n {
        let mut draw = RandomSource::new(seed, stage).at(1, 0, r as u64);
        let mut normal = || -> f64 { StandardNormal.sample(&mut draw) };
        let common = normal();
        for (arm, (cost, held)) in arms.iter_mut().zip(truths) {
            arm.cost.push(cost + (normal() + common) * std::f64::consts::FRAC_1_SQRT_2);
            arm.held[0].push(held + 0.02 * normal());
        }
    }
    arms
}

fn until(arm: &Arm, n: usize) -> Arm {
    Arm { cost: arm.cost[..n].to_vec(), held: arm.held_until(n) }
}

/// Decides in rounds, giving what is asked for and no more; with the runs that took.
fn in_rounds(rules: &Rules, race: &[Arm], fresh: &[Arm]) -> (Decision, usize) {
    let none = |arms: &[Arm]| -> Vec<Arm> { arms.iter().map(|arm| until(arm, 0)).collect() };
    let mut known = [none(race), none(fresh)];
    loop {
        match rules.decide(&known[0], &known[1]) {
            Step::Done(decision) => {
                let runs = known.iter().flatten().map(Arm::replications).sum();
                return (decision, runs);
            }
            Step::More { stage, arms, until: n } => {
                assert!(!arms.is_empty());
                let (which, all) = if stage == Stage::Race { (0, race) } else { (1, fresh) };
                let mut more = 0;
                for arm in arms {
                    more += n.saturating_sub(known[which][arm].replications());
                    known[which][arm] = until(&all[arm], n.max(known[which][arm].replications()));
                }
                assert!(more > 0, "whatever is asked for is lacking");
            }
        }
    }
}

fn decided(rules: &Rules, seed: u64, truths: &[Truth]) -> (Decision, usize) {
    let (race, fresh) = (values(seed, 0, truths, 24), values(seed, 1, truths, 640));
    in_rounds(rules, &race, &fresh)
}

/// How many of `repeats` choose an arm that is right; by 90 % less four standard errors.
fn right_as_often_as_promised(repeats: u64, truths: &[Truth], right: &[usize]) {
    let rules = rules(0.5);
    let chosen = |seed: &u64| decided(&rules, *seed, truths).0.chosen.map(|chosen| chosen.arm);
    let count =
        (0..repeats).filter(|seed| chosen(seed).is_some_and(|arm| right.contains(&arm))).count();
    let repeats = repeats as f64;
    let least = 0.9 * repeats - 4.0 * (0.9 * 0.1 * repeats).sqrt();
    assert!(count as f64 >= least, "{count} of {repeats}");
}

/// The hardest case: the best is ahead of all others by exactly the indifference zone.
#[test]
fn the_best_is_chosen_as_often_as_promised() {
    let mut truths = vec![(0.5, 0.97); 10];
    truths[6].0 = 0.0;
    right_as_often_as_promised(400, &truths, &[6]);
}

/// Cheaper arms that miss the threshold by little more than their noise lets see are no answer,
/// and what they cut in the race comes back.
#[test]
fn arms_that_miss_the_threshold_are_not_chosen() {
    let mut truths = vec![(4.0, 0.97); 8];
    truths[1] = (0.0, 0.885);
    truths[2] = (0.0, 0.88);
    truths[5] = (3.0, 0.95);
    right_as_often_as_promised(400, &truths, &[5]);
}

/// Any of those within the zone of the best will do.
#[test]
fn near_ties_are_good_enough() {
    let truths: Vec<Truth> = (0..12).map(|i| (0.2 * f64::from(i), 0.97)).collect();
    right_as_often_as_promised(400, &truths, &[0, 1, 2]);
}

#[test]
fn the_race_saves_runs() {
    let truths: Vec<Truth> = (0..200).map(|i| (0.25 * f64::from(i), 0.97)).collect();
    let (decision, runs) = decided(&rules(0.5), 3, &truths);
    let chosen = decision.chosen.unwrap();
    assert!(chosen.certain && chosen.arm <= 2, "{chosen:?}");
    // As many replications of all as of the one chosen.
    assert!(runs * 5 < 200 * (24 + chosen.after), "{runs}, {chosen:?}");
}

#[test]
fn nothing_is_chosen_where_all_miss() {
    let truths = vec![(0.0, 0.7), (1.0, 0.6), (2.0, 0.8)];
    let (decision, runs) = decided(&rules(0.5), 1, &truths);
    assert_eq!(decision.chosen, None);
    assert_eq!(decision.standing, [Standing::Missed(8); 3]);
    assert_eq!(runs, 24, "nothing beyond the first rung");
}

/// On the very limit no number of replications decides; the cheaper one is not taken for good.
#[test]
fn what_cannot_be_decided_is_said_to_be() {
    let rules = Rules { fresh_most: 20, ..rules(0.5) };
    let (decision, _) = decided(&rules, 1, &[(0.0, 0.9), (3.0, 0.97)]);
    let chosen = decision.chosen.unwrap();
    assert_eq!((chosen.arm, chosen.among), (1, vec![1]));
    // It had cut the other in the race, which came back for that.
    assert_eq!(decision.finalists, [(1, Finish::Chosen)]);
    assert_eq!(decision.unfit.into_iter().collect::<Vec<_>>(), [0]);
    let (alone, _) = decided(&rules, 1, &[(0.0, 0.9)]);
    assert_eq!((alone.chosen, alone.finalists), (None, vec![(0, Finish::Undecided)]));
}

/// Where the replications allowed do not suffice, the answer says so.
#[test]
fn a_choice_that_was_cut_short_is_not_certain() {
    let rules = Rules { fresh_most: 20, indifference: 0.01, ..rules(0.5) };
    let (decision, _) = decided(&rules, 2, &[(0.0, 0.97), (0.0, 0.97)]);
    let chosen = decision.chosen.unwrap();
    assert!(!chosen.certain && chosen.after == 20, "{chosen:?}");
}

#[test]
fn arms_alike_are_one() {
    let rules = rules(0.5);
    let one = values(4, 0, &[(0.0, 0.97)], 24);
    let two = values(4, 1, &[(0.0, 0.97)], 640);
    let (race, fresh) = (vec![one[0].clone(); 4], vec![two[0].clone(); 4]);
    let (decision, runs) = in_rounds(&rules, &race, &fresh);
    let finish: Vec<Finish> = decision.finalists.iter().map(|(_, finish)| *finish).collect();
    assert_eq!(finish, [Finish::Chosen]);
    assert_eq!(decision.standing[1..], [Standing::Same(0); 3]);
    assert_eq!(runs, 4 * 24 + 10);
}

#[test]
fn an_arm_whose_run_failed_is_left_out() {
    let truths = vec![(0.0, 0.97), (2.0, 0.97), (2.5, 0.97)];
    let (mut race, mut fresh) = (values(5, 0, &truths, 24), values(5, 1, &truths, 640));
    race[0].cost[3] = f64::NAN;
    let (decision, _) = in_rounds(&rules(0.25), &race, &fresh);
    assert_eq!(decision.standing[0], Standing::Failed(8));
    assert_eq!(decision.chosen.unwrap().arm, 1);
    // On a fresh replication: what it had cut in the race comes back.
    race[0].cost[3] = 0.0;
    fresh[0].cost[3] = f64::NAN;
    let (decision, _) = in_rounds(&rules(0.25), &race, &fresh);
    assert_eq!(decision.chosen.unwrap().arm, 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Going on in rounds ends as if all values had been there from the start.
    #[test]
    fn rounds_change_nothing(
        seed: u64, step in 1_usize..30,
        truths in prop::collection::vec((-2.0..2.0_f64, 0.86..1.0_f64), 1..8),
    ) {
        let rules = Rules { step, ..rules(0.5) };
        let (race, fresh) = (values(seed, 0, &truths, 24), values(seed, 1, &truths, 640));
        let (decision, _) = in_rounds(&rules, &race, &fresh);
        prop_assert_eq!(&rules.decide(&race, &fresh), &Step::Done(decision.clone()));
        // The chosen arm met the threshold; each arm that was cut was cut by one that is fit.
        for standing in &decision.standing {
            if let Standing::Costlier { than, .. } = standing {
                prop_assert!(!matches!(decision.standing[*than], Standing::Missed(_)));
            }
        }
        if let Some(chosen) = decision.chosen {
            prop_assert_eq!(decision.standing[chosen.arm], Standing::In);
        }
    }
}
