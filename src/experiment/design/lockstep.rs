//! Lists varied together: factors in lockstep take their first levels at the same points, then
//! their second, and so on; everything else is combined with everything.

/// A factor of a full factorial design.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// How many levels it has.
    pub levels: usize,
    /// The factor it goes in lockstep with; one before it, that leads itself.
    pub with: Option<usize>,
}

/// What is wrong with axes in lockstep.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LockstepError {
    /// The factor it follows does not come before it.
    #[error("follows a factor that does not stand before it")]
    NotBefore {
        /// The factor.
        axis: usize,
    },
    /// The factor it follows follows another.
    #[error("follows a factor that follows another; name that one")]
    NotLeading {
        /// The factor.
        axis: usize,
    },
    /// As many levels are needed.
    #[error("has {levels} levels and the factor it follows {leader}")]
    Unequal {
        /// The factor.
        axis: usize,
        /// Its levels.
        levels: usize,
        /// Those of the one it follows.
        leader: usize,
    },
}

/// Whether the axes can go as they say.
///
/// # Errors
/// The first that cannot.
pub fn check(axes: &[Axis]) -> Result<(), LockstepError> {
    for (axis, spec) in axes.iter().enumerate() {
        let Some(leader) = spec.with else { continue };
        if leader >= axis {
            return Err(LockstepError::NotBefore { axis });
        }
        if axes[leader].with.is_some() {
            return Err(LockstepError::NotLeading { axis });
        }
        if axes[leader].levels != spec.levels {
            let (levels, leader) = (spec.levels, axes[leader].levels);
            return Err(LockstepError::Unequal { axis, levels, leader });
        }
    }
    Ok(())
}

/// How many points there are; nothing where that is more than a machine can count.
#[must_use]
pub fn count(axes: &[Axis]) -> Option<usize> {
    let leading = axes.iter().filter(|a| a.with.is_none());
    leading.map(|a| a.levels).try_fold(1, usize::checked_mul)
}

/// All combinations of levels, those in lockstep together, the last leading factor varying
/// fastest. The axes have passed [`check`].
#[must_use]
pub fn factorial(axes: &[Axis]) -> Vec<Vec<usize>> {
    axes.iter().fold(vec![Vec::new()], |done, axis| {
        done.into_iter()
            .flat_map(|head: Vec<usize>| {
                let levels = axis.with.map_or(0..axis.levels, |w| head[w]..head[w] + 1);
                levels.map(move |level| {
                    let mut levels = head.clone();
                    levels.push(level);
                    levels
                })
            })
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn axis(levels: usize, with: Option<usize>) -> Axis {
        Axis { levels, with }
    }

    #[test]
    fn followers_take_the_level_of_their_leader() {
        let axes = [axis(2, None), axis(3, None), axis(2, Some(0))];
        let expected =
            [[0, 0, 0], [0, 1, 0], [0, 2, 0], [1, 0, 1], [1, 1, 1], [1, 2, 1]].map(Vec::from);
        assert_eq!(factorial(&axes), expected);
        assert_eq!(count(&axes), Some(6));
    }

    #[test]
    fn what_cannot_go_in_lockstep_is_said() {
        let check = |axes: &[Axis]| check(axes);
        assert_eq!(check(&[axis(2, None), axis(2, Some(0))]), Ok(()));
        assert_eq!(check(&[axis(2, Some(0))]), Err(LockstepError::NotBefore { axis: 0 }));
        let chained = [axis(2, None), axis(2, Some(0)), axis(2, Some(1))];
        assert_eq!(check(&chained), Err(LockstepError::NotLeading { axis: 2 }));
        let unequal = LockstepError::Unequal { axis: 1, levels: 3, leader: 2 };
        assert_eq!(check(&[axis(2, None), axis(3, Some(0))]), Err(unequal));
        assert_eq!(count(&[axis(usize::MAX, None), axis(2, None)]), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn without_lockstep_every_combination_stands_once(sizes in prop::collection::vec(1_usize..5, 0..5)) {
            let axes: Vec<Axis> = sizes.iter().map(|n| axis(*n, None)).collect();
            let points = factorial(&axes);
            prop_assert_eq!(Some(points.len()), count(&axes));
            prop_assert!(points.is_sorted());
            prop_assert!(points.windows(2).all(|w| w[0] != w[1]));
        }
    }
}
