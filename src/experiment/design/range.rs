//! What a coordinate of the unit cube means to a factor: a number of a range, a whole number, or
//! one of a list.

/// How a coordinate in [0, 1) becomes a number. 1 itself, which Morris' grid has, means the end.
#[derive(Copy, Clone, Debug, PartialEq)]
pub enum Range {
    /// Equal differences are equally likely.
    Linear {
        /// Least.
        low: f64,
        /// Most.
        high: f64,
    },
    /// Equal ratios are equally likely; both ends are above 0.
    Log {
        /// Least.
        low: f64,
        /// Most.
        high: f64,
    },
    /// Whole numbers, each equally likely, both ends among them.
    Integer {
        /// Least.
        low: i64,
        /// Most.
        high: i64,
    },
    /// Whole numbers above 0 as a logarithmic range has them: `n` as likely as the ratio
    /// (n + 1) / n is large.
    LogInteger {
        /// Least.
        low: i64,
        /// Most.
        high: i64,
    },
}

/// Why a range is refused.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// An end is not a finite number.
    #[error("needs two finite numbers")]
    NotFinite,
    /// Not low to high.
    #[error("must go from a lower to a higher value")]
    Empty,
    /// A logarithmic range with a low end at or below 0.
    #[error("a logarithmic range must lie above 0")]
    NotPositive,
}

impl Range {
    /// Whether the ends make a range.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn check(&self) -> Result<(), RangeError> {
        let (low, high) = self.ends();
        let log = matches!(self, Self::Log { .. } | Self::LogInteger { .. });
        if !(low.is_finite() && high.is_finite() && (high - low).is_finite()) {
            Err(RangeError::NotFinite)
        } else if low >= high {
            Err(RangeError::Empty)
        } else if log && low <= 0.0 {
            Err(RangeError::NotPositive)
        } else {
            Ok(())
        }
    }

    /// Least and most.
    #[must_use]
    pub const fn ends(&self) -> (f64, f64) {
        match *self {
            Self::Linear { low, high } | Self::Log { low, high } => (low, high),
            Self::Integer { low, high } | Self::LogInteger { low, high } => {
                (low as f64, high as f64)
            }
        }
    }

    /// The number at coordinate `u`, which lies in [0, 1].
    #[must_use]
    pub fn at(&self, u: f64) -> f64 {
        let (low, high) = self.ends();
        let value = match self {
            Self::Linear { .. } => low + u * (high - low),
            Self::Log { .. } => log_between(low, high, u),
            Self::Integer { .. } => (low + u * (high - low + 1.0)).floor(),
            Self::LogInteger { .. } => log_between(low, high + 1.0, u).floor(),
        };
        value.clamp(low, high)
    }
}

fn log_between(low: f64, high: f64, u: f64) -> f64 {
    low * libm::exp(u * libm::log(high / low))
}

/// Which of `count` things coordinate `u` in [0, 1] means, each equally likely.
///
/// # Panics
/// If `count` is 0.
#[must_use]
pub fn choice(u: f64, count: usize) -> usize {
    assert!(count > 0, "a choice of nothing");
    ((u * count as f64) as usize).min(count - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn halfway_is_the_mean_of_the_scale() {
        let at = |range: Range| range.at(0.5);
        assert!((at(Range::Linear { low: 1.0, high: 9.0 }) - 5.0).abs() < 1e-9);
        assert!((at(Range::Log { low: 1.0, high: 9.0 }) - 3.0).abs() < 1e-9);
        assert!((at(Range::Integer { low: 1, high: 9 }) - 5.0).abs() < 1e-9);
        // From 1 up to 10: halfway is √10 = 3.16.
        assert!((at(Range::LogInteger { low: 1, high: 9 }) - 3.0).abs() < 1e-9);
    }

    #[test]
    fn whole_numbers_have_equal_shares() {
        let range = Range::Integer { low: -2, high: 2 };
        let mut counts = [0; 5];
        (0..1000).for_each(|i| counts[(range.at(f64::from(i) / 1000.0) + 2.0) as usize] += 1);
        assert_eq!(counts, [200; 5]);
        let mut counts = [0; 4];
        (0..1000).for_each(|i| counts[choice(f64::from(i) / 1000.0, 4)] += 1);
        assert_eq!(counts, [250; 4]);
    }

    #[test]
    fn what_is_no_range_is_refused() {
        let check = |low, high| Range::Log { low, high }.check();
        assert_eq!(check(1.0, 2.0), Ok(()));
        assert_eq!(check(0.0, 2.0), Err(RangeError::NotPositive));
        assert_eq!(check(2.0, 2.0), Err(RangeError::Empty));
        assert_eq!(check(f64::NAN, 2.0), Err(RangeError::NotFinite));
        assert_eq!(Range::Integer { low: 3, high: 1 }.check(), Err(RangeError::Empty));
    }

    fn ranges() -> impl Strategy<Value = Range> {
        let ends = (-1e6..1e6_f64, 1e-3..1e6_f64);
        let positive = (1e-6..1e3_f64, 1e-3..1e6_f64);
        let whole = (1_i64..1000, 1_i64..100_000);
        prop_oneof![
            ends.prop_map(|(low, more)| Range::Linear { low, high: low + more }),
            positive.prop_map(|(low, more)| Range::Log { low, high: low + more }),
            whole
                .clone()
                .prop_map(|(low, more)| Range::Integer { low: low - 500, high: low + more }),
            whole.prop_map(|(low, more)| Range::LogInteger { low, high: low + more }),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn values_rise_with_the_coordinate_and_stay_inside(
            range in ranges(), u in 0.0..=1.0_f64, v in 0.0..=1.0_f64,
        ) {
            let (low, high) = range.ends();
            prop_assert!(range.check().is_ok());
            prop_assert!((low..=high).contains(&range.at(u)));
            prop_assert!(range.at(u.min(v)) <= range.at(u.max(v)));
            prop_assert!((range.at(0.0) - low).abs() <= 1e-9 * low.abs());
            prop_assert!((range.at(1.0) - high).abs() <= 1e-9 * high.abs());
            if matches!(range, Range::Integer { .. } | Range::LogInteger { .. }) {
                prop_assert!(range.at(u).fract().abs() < f64::EPSILON);
            }
        }
    }
}
