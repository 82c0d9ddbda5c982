//! Which agent group a trunk's calls go to, by availability.

/// How a group stands.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Availability {
    /// Agents free.
    pub free: u32,
    /// Callers waiting.
    pub waiting: u32,
    /// Agents logged in.
    pub staffed: u32,
}

/// The position of the group to use: the first, in order of preference, with a free agent and
/// nobody waiting; otherwise the one with the fewest callers per agent, ties to the earlier; the
/// first where nobody is logged in anywhere.
#[must_use]
pub fn choose(candidates: &[Availability]) -> usize {
    if let Some(free) = candidates.iter().position(|c| c.free > 0 && c.waiting == 0) {
        return free;
    }
    let mut best = 0;
    for (i, candidate) in candidates.iter().enumerate() {
        let (this, held) = (candidate, &candidates[best]);
        // (waiting + 1) / staffed, compared without dividing.
        let load = u64::from(this.waiting) + 1;
        let held_load = u64::from(held.waiting) + 1;
        let less = load * u64::from(held.staffed) < held_load * u64::from(this.staffed);
        if this.staffed > 0 && (held.staffed == 0 || less) {
            best = i;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_free_agent_first_then_the_least_load() {
        let group = |free, waiting, staffed| Availability { free, waiting, staffed };
        assert_eq!(choose(&[group(0, 3, 10), group(2, 0, 5), group(9, 0, 9)]), 1);
        assert_eq!(choose(&[group(0, 9, 10), group(0, 1, 5)]), 1);
        assert_eq!(choose(&[group(0, 4, 10), group(0, 4, 10)]), 0);
        assert_eq!(choose(&[group(0, 0, 0), group(0, 50, 2)]), 1);
        assert_eq!(choose(&[group(0, 0, 0), group(0, 0, 0)]), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// The first group that can answer at once is taken; otherwise no group with agents has
        /// fewer callers per agent than the one taken, and none before it has as few; without
        /// agents anywhere it is the first.
        #[test]
        fn the_choice_is_the_best_and_among_equals_the_first(
            groups in prop::collection::vec((0u32..3, 0u32..5, 0u32..6), 1..8),
        ) {
            let groups: Vec<Availability> = groups
                .into_iter()
                .map(|(free, waiting, staffed)| Availability { free, waiting, staffed })
                .collect();
            let chosen = choose(&groups);
            if let Some(ready) = groups.iter().position(|g| g.free > 0 && g.waiting == 0) {
                prop_assert_eq!(chosen, ready);
            } else if groups.iter().all(|g| g.staffed == 0) {
                prop_assert_eq!(chosen, 0);
            } else {
                let held = groups[chosen];
                prop_assert!(held.staffed > 0);
                for (i, group) in groups.iter().enumerate().filter(|(_, g)| g.staffed > 0) {
                    // Callers per agent, compared without dividing.
                    let this = (group.waiting + 1) * held.staffed;
                    let best = (held.waiting + 1) * group.staffed;
                    prop_assert!(this > best || (this == best && i >= chosen));
                }
            }
        }
    }
}
