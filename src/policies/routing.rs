//! Which agent group a trunk's calls go to, by availability.

/// The position of the group to use: the first, in order of preference, with a free agent; where
/// none has one, the home group, which is the first.
#[must_use]
pub fn choose(free: impl IntoIterator<Item = u32>) -> usize {
    free.into_iter().position(|agents| agents > 0).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_group_with_a_free_agent_else_the_home_group() {
        assert_eq!(choose([0, 2, 9]), 1);
        assert_eq!(choose([1, 2, 9]), 0);
        assert_eq!(choose([0, 0, 1]), 2);
        // However long its queue is.
        assert_eq!(choose([0, 0, 0]), 0);
        assert_eq!(choose([]), 0);
    }
}
