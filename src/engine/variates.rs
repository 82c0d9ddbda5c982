//! Random lengths of time: the laws a model may name, and their samplers.
//!
//! Each draw has its own addressed generator, so that a rejection method (rand_distr's normal and
//! gamma) consumes no numbers of another draw. Logarithms and the like come from `libm`, in
//! rand_distr too, which is built without its `std_math` feature: values are the same on every
//! platform.

use rand_distr::{Distribution, Gamma, LogNormal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::random::Draw;
use super::time::SimDuration;

/// A random length of time. In files a constant is a plain duration, `"150ms"`; a law is a table,
/// `{ kind = "lognormal", mean = "180s", scv = 1.2 }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Variate {
    /// Always the same.
    Constant(SimDuration),
    /// Random.
    Law(Law),
}

/// The laws. `scv` is the squared coefficient of variation, variance / mean².
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Law {
    /// Exponential, by inversion.
    Exponential {
        /// Mean.
        mean: SimDuration,
    },
    /// Uniform between two lengths.
    Uniform {
        /// Shortest.
        low: SimDuration,
        /// Longest.
        high: SimDuration,
    },
    /// Lognormal.
    Lognormal {
        /// Mean of the length itself, not of its logarithm.
        mean: SimDuration,
        /// Squared coefficient of variation.
        #[schemars(range(min = 0.000_001, max = 10_000.0))]
        scv: f64,
    },
    /// Gamma; Erlang-k where `scv` is 1/k.
    Gamma {
        /// Mean.
        mean: SimDuration,
        /// Squared coefficient of variation.
        #[schemars(range(min = 0.000_001, max = 10_000.0))]
        scv: f64,
    },
    /// Weibull.
    Weibull {
        /// Mean.
        mean: SimDuration,
        /// Shape; 1 is exponential, less has a longer tail.
        #[schemars(range(min = 0.05, max = 1000.0))]
        shape: f64,
    },
    /// One of two exponentials.
    Hyperexponential {
        /// Probability of the first.
        #[schemars(range(min = 0.0, max = 1.0))]
        p: f64,
        /// Mean of the first.
        mean_first: SimDuration,
        /// Mean of the second.
        mean_second: SimDuration,
    },
}

/// A parameter out of range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutOfRange {
    /// The parameter; empty where it is the variate itself.
    pub field: &'static str,
    /// Its value.
    pub value: String,
    /// What is allowed.
    pub allowed: &'static str,
}

impl Variate {
    /// An exponential law.
    #[must_use]
    pub const fn exponential(mean: SimDuration) -> Self {
        Self::Law(Law::Exponential { mean })
    }

    /// A lognormal law.
    #[must_use]
    pub const fn lognormal(mean: SimDuration, scv: f64) -> Self {
        Self::Law(Law::Lognormal { mean, scv })
    }

    /// The mean, in seconds.
    #[must_use]
    pub fn mean_s(&self) -> f64 {
        match self {
            Self::Constant(length) => length.as_secs_f64(),
            Self::Law(Law::Uniform { low, high }) => (low.as_secs_f64() + high.as_secs_f64()) / 2.0,
            Self::Law(Law::Hyperexponential { p, mean_first, mean_second }) => {
                p * mean_first.as_secs_f64() + (1.0 - p) * mean_second.as_secs_f64()
            }
            Self::Law(
                Law::Exponential { mean }
                | Law::Lognormal { mean, .. }
                | Law::Gamma { mean, .. }
                | Law::Weibull { mean, .. },
            ) => mean.as_secs_f64(),
        }
    }

    /// Whether the parameters mean something.
    ///
    /// # Errors
    /// The first that does not.
    pub fn check(&self) -> Result<(), OutOfRange> {
        let Self::Law(law) = self else { return Ok(()) };
        let refuse = |field, value: String, allowed| Err(OutOfRange { field, value, allowed });
        let positive = |field, value: &SimDuration| match value.is_zero() {
            true => refuse(field, value.to_string(), "must be longer than 0s"),
            false => Ok(()),
        };
        let number = |field, value: f64, low: f64, high: f64, allowed| {
            if value >= low && value <= high {
                Ok(())
            } else {
                refuse(field, value.to_string(), allowed)
            }
        };
        match law {
            Law::Exponential { mean } => positive("mean", mean),
            Law::Uniform { low, high } if low > high => {
                refuse("low", low.to_string(), "must be at most `high`")
            }
            Law::Uniform { .. } => Ok(()),
            Law::Lognormal { mean, scv } | Law::Gamma { mean, scv } => {
                positive("mean", mean)?;
                number("scv", *scv, 1e-6, 1e4, "must be a number from 0.000001 to 10000")
            }
            Law::Weibull { mean, shape } => {
                positive("mean", mean)?;
                number("shape", *shape, 0.05, 1000.0, "must be a number from 0.05 to 1000")
            }
            Law::Hyperexponential { p, mean_first, mean_second } => {
                positive("mean_first", mean_first)?;
                positive("mean_second", mean_second)?;
                number("p", *p, 0.0, 1.0, "must be a number from 0 to 1")
            }
        }
    }

    /// The sampler of a checked variate. One that [`Variate::check`] refuses gets a placeholder
    /// that always gives 0 s: such a model is never run.
    ///
    /// # Panics
    /// Where `check` passes what `rand_distr` refuses, which is a bug.
    #[must_use]
    pub fn sampler(&self) -> Sampler {
        let law = match self {
            Self::Constant(length) => return Sampler::Constant(*length),
            Self::Law(law) => law,
        };
        if self.check().is_err() {
            return Sampler::Constant(SimDuration::ZERO);
        }
        match law {
            Law::Exponential { mean } => Sampler::Exponential { mean_s: mean.as_secs_f64() },
            Law::Uniform { low, high } => {
                let low_s = low.as_secs_f64();
                Sampler::Uniform { low_s, width_s: high.as_secs_f64() - low_s }
            }
            Law::Lognormal { mean, scv } => {
                let variance = libm::log1p(*scv);
                let mu = libm::log(mean.as_secs_f64()) - variance / 2.0;
                Sampler::Lognormal(LogNormal::new(mu, variance.sqrt()).expect("checked"))
            }
            Law::Gamma { mean, scv } => {
                let scale = mean.as_secs_f64() * scv;
                Sampler::Gamma(Gamma::new(1.0 / scv, scale).expect("checked"))
            }
            Law::Weibull { mean, shape } => {
                let exponent = 1.0 / shape;
                let scale_s = mean.as_secs_f64() / libm::tgamma(1.0 + exponent);
                Sampler::Weibull { scale_s, exponent }
            }
            Law::Hyperexponential { p, mean_first, mean_second } => Sampler::Hyperexponential {
                p: *p,
                first_s: mean_first.as_secs_f64(),
                second_s: mean_second.as_secs_f64(),
            },
        }
    }
}

/// A variate made ready to draw from.
#[derive(Copy, Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the fields are the law's parameters in seconds")]
pub enum Sampler {
    Constant(SimDuration),
    Exponential { mean_s: f64 },
    Uniform { low_s: f64, width_s: f64 },
    Lognormal(LogNormal<f64>),
    Gamma(Gamma<f64>),
    Weibull { scale_s: f64, exponent: f64 },
    Hyperexponential { p: f64, first_s: f64, second_s: f64 },
}

impl Sampler {
    /// A length of time, to the nearest nanosecond; one over 100 years becomes 100 years, which is
    /// past every horizon and still leaves room to add to.
    #[must_use]
    pub fn sample(&self, draw: &mut Draw) -> SimDuration {
        let exponential = |draw: &mut Draw, mean: f64| -libm::log(draw.open_uniform()) * mean;
        let length = SimDuration::from_secs_f64(match self {
            Self::Constant(length) => return *length,
            Self::Exponential { mean_s } => exponential(draw, *mean_s),
            Self::Uniform { low_s, width_s } => low_s + width_s * draw.uniform(),
            Self::Lognormal(law) => law.sample(draw),
            Self::Gamma(law) => law.sample(draw),
            Self::Weibull { scale_s, exponent } => {
                scale_s * libm::pow(-libm::log(draw.open_uniform()), *exponent)
            }
            Self::Hyperexponential { p, first_s, second_s } => {
                let mean = if draw.uniform() < *p { *first_s } else { *second_s };
                exponential(draw, mean)
            }
        });
        length.min(SimDuration::from_secs(100 * 365 * 86_400))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::random::RandomSource;

    const SECOND: SimDuration = SimDuration::from_secs(1);

    /// Each law with its squared coefficient of variation and excess needed for the tolerance.
    fn laws() -> Vec<(&'static str, Variate, f64)> {
        let mean = SimDuration::from_secs(2);
        vec![
            ("exponential", Variate::exponential(mean), 1.0),
            (
                "uniform",
                Variate::Law(Law::Uniform { low: SECOND, high: SimDuration::from_secs(3) }),
                1.0 / 12.0,
            ),
            ("lognormal", Variate::lognormal(mean, 2.0), 2.0),
            ("gamma", Variate::Law(Law::Gamma { mean, scv: 0.25 }), 0.25),
            (
                "weibull",
                Variate::Law(Law::Weibull { mean, shape: 2.0 }),
                4.0 / std::f64::consts::PI - 1.0,
            ),
            (
                "hyperexponential",
                Variate::Law(Law::Hyperexponential {
                    p: 0.5,
                    mean_first: SECOND,
                    mean_second: SimDuration::from_secs(3),
                }),
                1.5,
            ),
        ]
    }

    fn samples(variate: &Variate, n: u64) -> Vec<f64> {
        let source = RandomSource::new(11, 0);
        let sampler = variate.sampler();
        (0..n).map(|i| sampler.sample(&mut source.at(1, 2, i)).as_secs_f64()).collect()
    }

    /// Mean and variance within four standard errors; the standard error of the variance comes
    /// from the sample itself.
    #[test]
    fn samplers_have_the_moments_of_their_laws() {
        for (name, variate, scv) in laws() {
            let values = samples(&variate, 200_000);
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            let expected = variate.mean_s();
            let variance = scv * expected * expected;
            assert!((mean - expected).abs() < 4.0 * (variance / n).sqrt(), "{name}: mean {mean}");
            let squares: Vec<f64> =
                values.iter().map(|v| (v - expected) * (v - expected)).collect();
            let second = squares.iter().sum::<f64>() / n;
            let spread = squares.iter().map(|s| (s - second) * (s - second)).sum::<f64>() / n;
            let error = (spread / n).sqrt();
            assert!(
                (second - variance).abs() < 4.0 * error,
                "{name}: variance {second} of {variance}"
            );
        }
    }

    #[test]
    fn values_are_stable() {
        let values: Vec<(&str, Vec<f64>)> =
            laws().into_iter().map(|(name, variate, _)| (name, samples(&variate, 3))).collect();
        insta::assert_debug_snapshot!(values);
    }

    #[test]
    fn parameters_without_meaning_are_refused() {
        let zero = SimDuration::ZERO;
        let bad = [
            (Variate::exponential(zero), "mean"),
            (Variate::lognormal(SECOND, f64::NAN), "scv"),
            (Variate::lognormal(SECOND, -1.0), "scv"),
            (Variate::Law(Law::Uniform { low: SECOND, high: zero }), "low"),
            (Variate::Law(Law::Weibull { mean: SECOND, shape: 0.0 }), "shape"),
        ];
        for (variate, field) in bad {
            assert_eq!(variate.check().unwrap_err().field, field);
        }
    }
}
