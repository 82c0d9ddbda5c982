//! The whole procedure on arms: a function of all values there are, that says what more it needs
//! or what it has decided.

use std::collections::BTreeSet;

use super::confirm::{Chosen, Confirmation, Finish};
use super::race::{Race, Rung, Standing, left};
use super::rules::{Arm, Rules};

/// Which replications: those of the race, or fresh ones that no selection has used.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Of the race.
    Race,
    /// Fresh.
    Fresh,
}

/// What the values so far say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// More replications are needed.
    More {
        /// Which ones.
        stage: Stage,
        /// The arms that need them.
        arms: Vec<usize>,
        /// Replications of that stage that each arm needs in all.
        until: usize,
    },
    /// It is decided.
    Done(Decision),
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// How each arm stood when the race ended; who was still in is a finalist.
    pub standing: Vec<Standing>,
    /// The rungs of the race.
    pub rungs: Vec<Rung>,
    /// The finalists and their standing on fresh replications.
    pub finalists: Vec<(usize, Finish)>,
    /// Arms that were finalists once, were not certain to meet the thresholds on fresh replications,
    /// and had cut others in the race: it was run again without them.
    pub unfit: BTreeSet<usize>,
    /// The choice; nothing where no arm meets every threshold for certain.
    pub chosen: Option<Chosen>,
}

impl Rules {
    /// Decides on the values of each arm, of the race and fresh. Values beyond those decided on
    /// change nothing.
    ///
    /// With the confidence of the rules the arm chosen meets every threshold, and no arm that does
    /// costs less by more than the indifference zone. That rests on values being normal, on fresh
    /// replications deciding the choice, and on Kim and Nelson's procedure, whose proof supposes
    /// that the best arm is ahead of all others by that zone; where some are closer it chooses one
    /// of those (as their experiments, and those of others since, find).
    ///
    /// # Panics
    /// Where the settings make no sense, or an arm has not values for every threshold.
    #[must_use]
    pub fn decide(&self, race: &[Arm], fresh: &[Arm]) -> Step {
        assert!(self.first >= 2 && self.fresh_first >= 2 && self.factor >= 2, "{self:?}");
        assert_eq!(race.len(), fresh.len(), "two lists of the same arms");
        // A finalist of which it is not certain that it meets the thresholds must not have cut
        // anybody, unless it is no better than the one chosen.
        let mut unfit = BTreeSet::new();
        loop {
            let (standing, rungs) = match Race::of(self, race, &unfit) {
                Race::More(arms, until) => return Step::More { stage: Stage::Race, arms, until },
                Race::Over { standing, rungs } => (standing, rungs),
            };
            let finalists = left(&standing);
            let (finish, chosen) = match Confirmation::of(self, fresh, &finalists) {
                Confirmation::More(arms, until) => {
                    return Step::More { stage: Stage::Fresh, arms, until };
                }
                Confirmation::Over { finish, chosen } => (finish, chosen),
            };
            let cut_by = |arm: usize| {
                let by =
                    |s: &Standing| matches!(s, Standing::Costlier { than, .. } if *than == arm);
                standing.iter().any(by)
            };
            let finalists: Vec<(usize, Finish)> = finalists.into_iter().zip(finish).collect();
            let doubtful = |finish: Finish| {
                matches!(finish, Finish::Missed | Finish::Failed | Finish::Undecided)
            };
            let wrong: Vec<usize> = finalists
                .iter()
                .filter(|(arm, finish)| doubtful(*finish) && cut_by(*arm))
                .map(|(arm, _)| *arm)
                .collect();
            if wrong.is_empty() {
                return Step::Done(Decision { standing, rungs, finalists, unfit, chosen });
            }
            unfit.extend(wrong);
        }
    }
}
