//! Which way is better.

use crate::system::metrics::Better;

/// What is sought of a value.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    /// The least.
    Minimum,
    /// The greatest.
    Maximum,
}

impl Goal {
    /// The goal of a metric; neither direction being better, the greatest.
    #[must_use]
    pub const fn of(better: Better) -> Self {
        match better {
            Better::Lower => Self::Minimum,
            Better::Higher | Better::Neither => Self::Maximum,
        }
    }

    /// A value turned so that more is better.
    #[must_use]
    pub const fn merit(self, value: f64) -> f64 {
        match self {
            Self::Minimum => -value,
            Self::Maximum => value,
        }
    }
}

/// The arms from best to worst by value; those that are no number come last, ties in their order.
#[must_use]
pub fn from_best(values: &[f64], goal: Goal) -> Vec<usize> {
    let key = |arm: usize| match goal.merit(values[arm]) {
        merit if merit.is_nan() => f64::NEG_INFINITY,
        merit => merit,
    };
    let mut order: Vec<usize> = (0..values.len()).collect();
    // Not a number comes after minus infinity itself.
    order.sort_by(|a, b| {
        let by_value = key(*b).total_cmp(&key(*a));
        by_value.then(values[*a].is_nan().cmp(&values[*b].is_nan()))
    });
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_comes_first_and_the_unknown_last() {
        let values = [2.0, f64::NAN, 1.0, f64::NEG_INFINITY, 2.0];
        assert_eq!(from_best(&values, Goal::Maximum), [0, 4, 2, 3, 1]);
        assert_eq!(from_best(&values, Goal::Minimum), [3, 2, 0, 4, 1]);
    }
}
