//! Thresholds, such as those of a service-level agreement, held against intervals instead of
//! estimates: met, missed, or undecided. Systems are then feasible, infeasible or undecided (the
//! three outcomes of Andradóttir and Kim, "Fully sequential procedures for comparing constrained
//! systems via simulation", Naval Research Logistics 2010).

use super::super::estimate::simultaneous::bonferroni;
use crate::engine::statistics::{Bounds, mean_interval};

/// A bound on a value.
#[derive(Copy, Clone, Debug, PartialEq)]
pub enum Threshold {
    /// The value must not be above this.
    AtMost(f64),
    /// The value must not be below this.
    AtLeast(f64),
}

/// What an interval says of a threshold. The order is from good to bad.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The whole interval keeps to it.
    Met,
    /// The interval lies on both sides, or there is no interval: more runs are needed.
    Undecided,
    /// The whole interval breaks it.
    Missed,
}

impl Verdict {
    /// What results call it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Undecided => "undecided",
            Self::Missed => "missed",
        }
    }
}

impl std::fmt::Display for Threshold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtMost(limit) => write!(f, "at most {limit}"),
            Self::AtLeast(limit) => write!(f, "at least {limit}"),
        }
    }
}

impl Threshold {
    /// Judges the interval of a value. The bound itself still keeps to the threshold.
    #[must_use]
    pub fn judge(self, value: &Bounds) -> Verdict {
        let (met, missed) = match self {
            Self::AtMost(limit) => (value.high <= limit, value.low > limit),
            Self::AtLeast(limit) => (value.low >= limit, value.high < limit),
        };
        match (met, missed) {
            (true, _) => Verdict::Met,
            (_, true) => Verdict::Missed,
            _ => Verdict::Undecided,
        }
    }
}

/// The verdict on several thresholds together: missed if one is, met if all are.
#[must_use]
pub fn together(verdicts: &[Verdict]) -> Verdict {
    verdicts.iter().copied().max().unwrap_or(Verdict::Met)
}

/// Judges a system by the values of its constrained metrics, by metric and replication, at a
/// `confidence` of all verdicts together (Bonferroni): the verdict on each.
///
/// # Panics
/// Where there are not values for each threshold.
#[must_use]
pub fn feasibility(values: &[Vec<f64>], thresholds: &[Threshold], confidence: f64) -> Vec<Verdict> {
    assert_eq!(values.len(), thresholds.len(), "values for each threshold");
    let each = bonferroni(confidence, thresholds.len());
    let judge = |(values, threshold): (&Vec<f64>, &Threshold)| {
        threshold.judge(&mean_interval(values, each).bounds())
    };
    values.iter().zip(thresholds).map(judge).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bounds(low: f64, high: f64) -> Bounds {
        Bounds { estimate: f64::midpoint(low, high), low, high }
    }

    #[test]
    fn the_interval_decides_not_the_estimate() {
        for (threshold, low, high, verdict) in [
            (Threshold::AtLeast(0.8), 0.8, 0.9, Verdict::Met),
            (Threshold::AtLeast(0.8), 0.79, 0.9, Verdict::Undecided),
            (Threshold::AtLeast(0.8), 0.7, 0.8, Verdict::Undecided),
            (Threshold::AtLeast(0.8), 0.7, 0.79, Verdict::Missed),
            (Threshold::AtMost(0.8), 0.7, 0.8, Verdict::Met),
            (Threshold::AtMost(0.8), 0.7, 0.81, Verdict::Undecided),
            (Threshold::AtMost(0.8), 0.81, 0.9, Verdict::Missed),
            (Threshold::AtMost(0.8), f64::NAN, f64::NAN, Verdict::Undecided),
        ] {
            assert_eq!(threshold.judge(&bounds(low, high)), verdict, "{threshold:?} {low} {high}");
        }
    }

    #[test]
    fn one_miss_is_a_miss() {
        use Verdict::{Met, Missed, Undecided};
        assert_eq!(together(&[Met, Undecided, Missed]), Missed);
        assert_eq!(together(&[Met, Undecided]), Undecided);
        assert_eq!(together(&[Met, Met]), Met);
        assert_eq!(together(&[]), Met);
    }

    #[test]
    fn a_single_run_decides_nothing() {
        let thresholds = [Threshold::AtMost(1.0), Threshold::AtLeast(0.0)];
        let got = feasibility(&[vec![0.5], vec![5.0, 5.0, 5.0]], &thresholds, 0.95);
        assert_eq!(got, [Verdict::Undecided, Verdict::Met]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        /// A narrower interval inside a decided one says the same.
        #[test]
        fn more_runs_never_turn_a_verdict_round(
            low in -1.0..1.0_f64, width in 0.0..1.0_f64, from in 0.0..1.0_f64, to in 0.0..1.0_f64,
            limit in -1.0..2.0_f64,
        ) {
            let wide = bounds(low, low + width);
            let narrow = bounds(low + width * from.min(to), low + width * from.max(to));
            for threshold in [Threshold::AtMost(limit), Threshold::AtLeast(limit)] {
                let (before, after) = (threshold.judge(&wide), threshold.judge(&narrow));
                prop_assert!(before == Verdict::Undecided || before == after);
            }
        }
    }
}
