//! The client-side throttles as a model has them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Telemetry;
use crate::engine::time::SimDuration;
use crate::policies::{Problem, Problems};

/// A client-side throttle.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum ThrottleSpec {
    /// Tries are sent when they are due.
    #[default]
    None,
    /// The AWS SDKs' adaptive mode: from the first 429 on tries take tokens from a bucket whose
    /// rate follows CUBIC (botocore `adaptive.py`, `throttling.py`, `bucket.py`). SDKs differ in
    /// what a try costs.
    AwsAdaptive {
        /// Scale constant C of CUBIC (0.4).
        #[serde(default = "scale")]
        #[schemars(range(min = 0.001, max = 1000.0))]
        scale: f64,
        /// What a 429 leaves of the rate (0.7).
        #[serde(default = "beta")]
        #[schemars(range(min = 0.01, max = 1.0))]
        beta: f64,
        /// Weight of the last half second in the measured rate (0.8).
        #[serde(default = "smoothing")]
        #[schemars(range(min = 0.0, max = 1.0))]
        smoothing: f64,
        /// The least rate, per second (0.5).
        #[serde(default = "half")]
        #[schemars(range(min = 0.001, max = 1_000_000.0))]
        rate_per_s_min: f64,
        /// Tokens a first try takes (1).
        #[serde(default = "one")]
        #[schemars(range(min = 0.0, max = 1000.0))]
        first_cost: f64,
        /// Tokens a retry takes (botocore 1, smithy-rs 5).
        #[serde(default = "one")]
        #[schemars(range(min = 0.0, max = 1000.0))]
        retry_cost: f64,
        /// Tokens a retry after a time-out takes (botocore 1, smithy-rs 10).
        #[serde(default = "one")]
        #[schemars(range(min = 0.0, max = 1000.0))]
        timeout_cost: f64,
        /// Whether a try that has to wait takes its tokens at once (smithy-rs), or asks again when
        /// they should be there (botocore).
        #[serde(default)]
        reserve: bool,
    },
    /// Google's adaptive throttling (Site Reliability Engineering, ch. 21, eq. 21-1): a try is
    /// refused on the spot with probability max(0, (requests − K·accepts)/(requests + 1)) of the
    /// last window.
    GoogleSre {
        /// K (2).
        #[serde(default = "two")]
        #[schemars(range(min = 1.0, max = 1000.0))]
        k: f64,
        /// The window (2 min).
        #[serde(default = "two_minutes")]
        window: SimDuration,
        /// Parts in which the window slides. Assumption: one per second.
        #[serde(default = "parts")]
        #[schemars(range(min = 1, max = 10_000))]
        buckets: u32,
    },
    /// The adaptive token bucket of arXiv 2510.04516 (Bfarkiani/ratelimiter 5def00a, `ATB.py`):
    /// tries take tokens from a bucket whose rate grows with each success and halves with each
    /// failure. A try that times out stands for a connection error: the rate stays, and the client
    /// pauses for 1 s.
    Atb {
        /// Tokens the bucket holds at most (4).
        #[serde(default = "four")]
        #[schemars(range(min = 1.0, max = 1_000_000.0))]
        bucket_size: f64,
        /// Tokens at the start (1).
        #[serde(default = "one")]
        #[schemars(range(min = 0.0, max = 1_000_000.0))]
        initial_tokens: f64,
        /// Tokens per minute at the start (1).
        #[serde(default = "one")]
        #[schemars(range(min = 0.0, max = 1_000_000_000.0))]
        initial_rate_per_min: f64,
        /// Until a failure, the rate below which a success takes the first step (60). It is
        /// compared with tokens per second, although the project's files give it per minute.
        #[serde(default = "sixty")]
        #[schemars(range(min = 0.0, max = 1_000_000_000.0))]
        initial_congestion: f64,
        /// Factor of the rate at a success below the rate at the last failure (1.5).
        #[serde(default = "one_and_a_half")]
        #[schemars(range(min = 1.0, max = 1000.0))]
        first_step: f64,
        /// Factor at another success (1.2).
        #[serde(default = "one_and_a_fifth")]
        #[schemars(range(min = 1.0, max = 1000.0))]
        second_step: f64,
        /// Connection errors that a client outlives; after one more it sends nothing again
        /// (`ATB.py`: 10). Without it, any number.
        #[serde(default)]
        connection_errors_max: Option<u32>,
    },
    /// The assisted adaptive token bucket of arXiv 2510.04516 (Bfarkiani/ratelimiter 5def00a,
    /// `AATB_TB.py`, `telemetry.py`): the replicas of a client report what they sent, and each 429,
    /// to a telemetry server, whose sums move their rates. Successes do not. Assumption: reports
    /// take no time and none is lost. Only one of several loops may have it.
    Aatb {
        /// Tokens the bucket holds at most (4).
        #[serde(default = "four")]
        #[schemars(range(min = 1.0, max = 1_000_000.0))]
        bucket_size: f64,
        /// Tokens at the start (1).
        #[serde(default = "one")]
        #[schemars(range(min = 0.0, max = 1_000_000.0))]
        initial_tokens: f64,
        /// Tokens per minute at the start (1).
        #[serde(default = "one")]
        #[schemars(range(min = 0.0, max = 1_000_000_000.0))]
        initial_rate_per_min: f64,
        /// Factor of the rate where the replica sent less than three quarters of the average, is
        /// alone, or none sent anything (1.5).
        #[serde(default = "one_and_a_half")]
        #[schemars(range(min = 1.0, max = 1000.0))]
        first_step: f64,
        /// Factor otherwise (1.2).
        #[serde(default = "one_and_a_fifth")]
        #[schemars(range(min = 1.0, max = 1000.0))]
        second_step: f64,
        /// Time between two reports of a replica; the rate grows once in that time (10 s).
        #[serde(default = "ten_seconds")]
        report_window: SimDuration,
        /// Window of the server's sums, in slots of 2 s; replicas count as active for twice as long,
        /// in slots of 10 s (30 s).
        #[serde(default = "half_minute")]
        telemetry_window: SimDuration,
        /// Tokens per minute that the server is known to hand out (80).
        #[serde(default = "eighty")]
        #[schemars(range(min = 0.01, max = 1_000_000_000.0))]
        token_rate_per_min: f64,
        /// Connection errors that a client outlives; after one more it sends nothing again
        /// (`AATB.py`: 10). Without it, any number.
        #[serde(default)]
        connection_errors_max: Option<u32>,
    },
    /// prawcore 4.0 (`rate_limit.py`): after each answer the next try waits for what has been used
    /// ahead of the window's even course, by the limit headers.
    Prawcore {
        /// The server's window (10 min).
        #[serde(default = "ten_minutes")]
        window: SimDuration,
        /// The longest wait while something is left (10 s).
        #[serde(default = "ten_seconds")]
        wait_max: SimDuration,
    },
    /// Where an answer's limit headers say that hardly anything is left, the next try waits until
    /// the reset (Genesys scripts; draft-ietf-httpapi-ratelimit-headers). All that wait are let
    /// through at that instant.
    UntilReset {
        /// What may be left and still makes it wait (0).
        #[serde(default)]
        margin: u32,
        /// What is added to the wait (0 s).
        #[serde(default)]
        plus: SimDuration,
        /// Whether the headers of successes alone are read.
        #[serde(default)]
        after_ok: bool,
        /// Whether a `Retry-After` goes before the headers, as the IETF's draft has it.
        #[serde(default)]
        retry_after: bool,
    },
    /// The time until the reset, spread evenly over what is left. Assumption: our own, found in no
    /// client.
    Spread {},
}

const fn scale() -> f64 {
    0.4
}

const fn beta() -> f64 {
    0.7
}

const fn smoothing() -> f64 {
    0.8
}

const fn half() -> f64 {
    0.5
}

const fn one() -> f64 {
    1.0
}

const fn two() -> f64 {
    2.0
}

const fn four() -> f64 {
    4.0
}

const fn sixty() -> f64 {
    60.0
}

const fn eighty() -> f64 {
    80.0
}

const fn one_and_a_half() -> f64 {
    1.5
}

const fn one_and_a_fifth() -> f64 {
    1.2
}

const fn ten_seconds() -> SimDuration {
    SimDuration::from_secs(10)
}

const fn ten_minutes() -> SimDuration {
    SimDuration::from_secs(600)
}

const fn half_minute() -> SimDuration {
    SimDuration::from_secs(30)
}

const fn two_minutes() -> SimDuration {
    SimDuration::from_secs(120)
}

const fn parts() -> u32 {
    120
}

impl ThrottleSpec {
    /// The telemetry server it reports to, which all replicas of a client share.
    #[must_use]
    pub fn telemetry(&self) -> Option<Telemetry> {
        match self {
            Self::Aatb { telemetry_window, .. } => Some(Telemetry::new(*telemetry_window)),
            _ => None,
        }
    }

    /// What is wrong with it.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        match self {
            Self::None | Self::UntilReset { .. } | Self::Spread {} => {}
            Self::Prawcore { window, .. } => problems.positive("window", *window),
            Self::AwsAdaptive { scale, beta, smoothing, rate_per_s_min, .. } => {
                problems.within("scale", *scale, 0.001, 1000.0);
                problems.within("beta", *beta, 0.01, 1.0);
                problems.within("smoothing", *smoothing, 0.0, 1.0);
                problems.within("rate_per_s_min", *rate_per_s_min, 0.001, 1e6);
            }
            Self::GoogleSre { k, window, buckets } => {
                problems.within("k", *k, 1.0, 1000.0);
                problems.positive("window", *window);
                if !(1..=10_000).contains(buckets) {
                    problems.refuse("buckets", buckets, "must be from 1 to 10000");
                }
            }
            Self::Atb { initial_congestion, .. } => {
                problems.within("initial_congestion", *initial_congestion, 0.0, 1e9);
            }
            Self::Aatb { report_window, telemetry_window, token_rate_per_min, .. } => {
                let (low, high) = (SimDuration::from_secs(1), SimDuration::from_secs(3600));
                for (key, window) in
                    [("report_window", report_window), ("telemetry_window", telemetry_window)]
                {
                    if !(low..=high).contains(window) {
                        problems.refuse(key, window, "must be from 1s to 1h");
                    }
                }
                problems.within("token_rate_per_min", *token_rate_per_min, 0.01, 1e9);
            }
        }
        problems.0.extend(self.adaptive_problems());
        problems.0
    }

    /// Whether it reports to a telemetry server. Asked before anything is known of its figures:
    /// to make the server of a window of centuries takes all the memory there is.
    #[must_use]
    pub const fn reports(&self) -> bool {
        matches!(self, Self::Aatb { .. })
    }

    /// What is wrong with what both adaptive token buckets have.
    fn adaptive_problems(&self) -> Vec<Problem> {
        let (Self::Atb {
            bucket_size,
            initial_tokens,
            initial_rate_per_min,
            first_step,
            second_step,
            ..
        }
        | Self::Aatb {
            bucket_size,
            initial_tokens,
            initial_rate_per_min,
            first_step,
            second_step,
            ..
        }) = self
        else {
            return Vec::new();
        };
        let mut problems = Problems::default();
        problems.within("bucket_size", *bucket_size, 1.0, 1e6);
        problems.within("initial_tokens", *initial_tokens, 0.0, 1e6);
        problems.within("initial_rate_per_min", *initial_rate_per_min, 0.0, 1e9);
        problems.within("first_step", *first_step, 1.0, 1000.0);
        problems.within("second_step", *second_step, 1.0, 1000.0);
        problems.0
    }
}
