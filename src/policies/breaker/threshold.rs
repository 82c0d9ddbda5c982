//! The failure rate at which a breaker opens, as a probability of failure: what an opening has to be
//! measured against.

use super::failsafe::FailsafeSpec;
use super::gobreaker::ReadyToTrip;
use super::machine::MachineSpec;
use super::outlier::OutlierSpec;
use super::rule::RuleSpec;

/// The failure rate of a rule that names none, such as a number of failures in a row: an attempt
/// that is more likely to fail than not justifies the opening. Assumption.
const WITHOUT_RATE: f64 = 0.5;

impl MachineSpec {
    /// Share of failures at which it opens, from 0 to 1. A rule of `k` failures among the last `n`
    /// calls has the rate k/n; a rule without any rate has one half.
    #[must_use]
    pub fn failure_rate(&self) -> f64 {
        let rate = match self {
            Self::Generic(spec) => of_rule(&spec.rule),
            Self::Resilience4j(spec) => spec.failure_rate,
            Self::Polly(spec) => spec.failure_ratio,
            Self::Hystrix(spec) => f64::from(spec.error_threshold_percentage) / 100.0,
            Self::Opossum(spec) => spec.error_threshold_percentage / 100.0,
            Self::Gobreaker(spec) => match spec.ready_to_trip {
                ReadyToTrip::Consecutive { .. } => WITHOUT_RATE,
                ReadyToTrip::Ratio { failure_ratio, .. } => failure_ratio,
            },
            Self::Failsafe(spec) => of_failsafe(spec),
            Self::EnvoyOutlier(spec) => of_outlier(spec),
            // At rest the rejection rate is d / (1 - d), with d the share above the ideal one.
            Self::Semian(spec) => spec.initial_error_rate + 0.5,
            Self::Pybreaker(_) | Self::Linkerd(_) => WITHOUT_RATE,
        };
        rate.clamp(0.0, 1.0)
    }
}

fn of_rule(rule: &RuleSpec) -> f64 {
    match rule {
        RuleSpec::Never | RuleSpec::Consecutive { .. } | RuleSpec::FailuresWithin { .. } => {
            WITHOUT_RATE
        }
        RuleSpec::CountWindow { failure_rate, .. } | RuleSpec::TimeWindow { failure_rate, .. } => {
            *failure_rate
        }
        RuleSpec::FailuresInWindow { size, failures, .. } => {
            f64::from(*failures) / f64::from((*size).max(1))
        }
    }
}

fn of_failsafe(spec: &FailsafeSpec) -> f64 {
    spec.success_rate.as_ref().map_or(WITHOUT_RATE, |rate| 1.0 - rate.required)
}

fn of_outlier(spec: &OutlierSpec) -> f64 {
    if spec.enforcing_failure_percentage {
        f64::from(spec.failure_percentage_threshold) / 100.0
    } else {
        WITHOUT_RATE
    }
}

#[cfg(test)]
mod tests {
    use super::super::{GenericSpec, GobreakerSpec, HystrixSpec, OpossumSpec, PybreakerSpec};
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_rule() {
        let generic = |rule| MachineSpec::Generic(GenericSpec { rule, ..GenericSpec::default() });
        let minute = crate::engine::time::SimDuration::from_secs(60);
        let few = RuleSpec::FailuresInWindow { size: 8, min_calls: 8, failures: 5 };
        let ratio = ReadyToTrip::Ratio { min_requests: 3, failure_ratio: 0.6 };
        let gobreaker = GobreakerSpec { ready_to_trip: ratio, ..GobreakerSpec::default() };
        let hystrix = HystrixSpec { error_threshold_percentage: 40, ..HystrixSpec::default() };
        let opossum = OpossumSpec { error_threshold_percentage: 25.0, ..OpossumSpec::default() };
        for (machine, rate) in [
            (MachineSpec::Generic(GenericSpec::default()), 0.1),
            (generic(few), 0.625),
            (generic(RuleSpec::Consecutive { failures: 5 }), 0.5),
            (generic(RuleSpec::FailuresWithin { failures: 5, within: minute }), 0.5),
            (MachineSpec::Gobreaker(GobreakerSpec::default()), 0.5),
            (MachineSpec::Gobreaker(gobreaker), 0.6),
            (MachineSpec::Hystrix(hystrix), 0.4),
            (MachineSpec::Opossum(opossum), 0.25),
            (MachineSpec::Pybreaker(PybreakerSpec::default()), 0.5),
            (MachineSpec::Failsafe(FailsafeSpec::default()), 0.5),
        ] {
            assert!((machine.failure_rate() - rate).abs() < 1e-12, "{machine:?}");
        }
    }
}
