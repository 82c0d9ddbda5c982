//! SIP overload control between a server and its upstream neighbours.
//!
//! The server measures its load and puts what it wants into every response ([`Control`]); the
//! client holds back accordingly ([`Throttle`]). Two schemes: loss (RFC 7339: `oc` is the percentage
//! of requests to hold back) and rate (RFC 7415: `oc` is the number of requests per second that may
//! be sent). How a server arrives at its value is left open by both; the algorithms here are named
//! in `control.rs`.

mod control;
mod throttle;

use std::num::NonZeroU16;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use control::Control;
pub use throttle::Throttle;

use super::preset::{Follows, Preset};
use super::{Problem, Problems};
use crate::engine::time::{SimDuration, SimTime};

/// How a server protects itself, and how its clients hold back. Requests within dialogs and
/// OPTIONS are never held back (RFC 7339 §5.10.1 lets them pass first).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[schemars(extend("x-presets" = "overload"))]
pub enum OverloadSpec {
    /// RFC 7339: the server asks for a percentage of the requests to be held back, after the
    /// occupancy algorithm (Cyr, Kaufman and Lee, US patent 4,974,256; compared for SIP by Hilt and
    /// Widjaja, ICNP 2008). Its figures are assumptions.
    Loss {
        /// Share of its time the server is to be busy.
        #[serde(default = "occupancy")]
        #[schemars(range(min = 0.01, max = 1.0))]
        occupancy: f64,
        /// How often it looks at its load.
        #[serde(default = "half_second")]
        interval: SimDuration,
        /// The most by which the accepted share grows from one interval to the next.
        #[serde(default = "growth_max")]
        #[schemars(range(min = 1.0, max = 1000.0))]
        growth_max: f64,
        /// The least share it accepts, so that it still hears from its clients.
        #[serde(default = "accepted_min")]
        #[schemars(range(min = 0.001, max = 1.0))]
        accepted_min: f64,
        /// `oc-validity`: how long a client heeds what it was told (RFC 7339 §4.3: 500 ms by
        /// default).
        #[serde(default = "half_second")]
        validity: SimDuration,
    },
    /// RFC 7415: the server grants each client requests per second, after the absolute rate
    /// algorithm (Shen, Schulzrinne and Nahum, IPTComm 2008). Its figures are assumptions.
    Rate {
        /// Wait in its queue that the server aims at.
        #[serde(default = "fifth_second")]
        delay: SimDuration,
        /// How often it looks at its load.
        #[serde(default = "half_second")]
        interval: SimDuration,
        /// It asks for nothing until it is busy for this share of its time or the wait is longer
        /// than `delay`, and again once neither holds and nothing waits.
        #[serde(default = "occupancy")]
        #[schemars(range(min = 0.01, max = 1.0))]
        occupancy: f64,
        /// `oc-validity`, as for `loss`.
        #[serde(default = "half_second")]
        validity: SimDuration,
        /// TAU0: content of a client's bucket when control begins, in units of T = 1/rate
        /// (RFC 7415 §3.5.2: 0 is reasonable).
        #[serde(default)]
        #[schemars(range(min = 0.0, max = 1000.0))]
        tau0: f64,
        /// TAU1: content up to which any request is sent, in units of T (RFC 7415 §3.5.2: half of
        /// TAU2).
        #[serde(default = "tau1")]
        #[schemars(range(min = 0.0, max = 1000.0))]
        tau1: f64,
        /// TAU2: content up to which requests with priority are sent, in units of T
        /// (RFC 7415 §3.5.2: 10).
        #[serde(default = "tau2")]
        #[schemars(range(min = 0.0, max = 1000.0))]
        tau2: f64,
        /// Whether a bucket that starts or has run empty gets a random content, so that clients
        /// do not send in step (RFC 7415 §3.5.3).
        #[serde(default = "yes")]
        randomize: bool,
    },
}

const fn yes() -> bool {
    true
}

const fn occupancy() -> f64 {
    0.9
}

const fn growth_max() -> f64 {
    5.0
}

const fn accepted_min() -> f64 {
    0.02
}

const fn tau1() -> f64 {
    5.0
}

const fn tau2() -> f64 {
    10.0
}

const fn half_second() -> SimDuration {
    SimDuration::from_millis(500)
}

const fn fifth_second() -> SimDuration {
    SimDuration::from_millis(200)
}

/// The presets.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "rfc7339",
        settings: "kind = \"loss\"\noccupancy = 0.9\ninterval = \"500ms\"\ngrowth_max = 5.0\n\
                   accepted_min = 0.02\nvalidity = \"500ms\"\n",
        summary: "loss-based control; the client of the RFC, the server by occupancy",
        source: "RFC 7339 §4.3 (validity), §6; the server's figures are assumptions",
        follows: Follows::version("RFC 7339", "as published").since("September 2014 [from memory]"),
        cases: &[],
    },
    Preset {
        name: "rfc7415",
        settings: "kind = \"rate\"\ndelay = \"200ms\"\ninterval = \"500ms\"\noccupancy = 0.9\n\
                   validity = \"500ms\"\ntau0 = 0.0\ntau1 = 5.0\ntau2 = 10.0\nrandomize = true\n",
        summary: "rate-based control; the client of the RFC, the server by queueing delay",
        source: "RFC 7415 §3.5 (tau0, tau1, tau2); the server's figures are assumptions",
        follows: Follows::version("RFC 7415", "as published").since("February 2015 [from memory]"),
        cases: &[],
    },
];

impl OverloadSpec {
    const fn interval(&self) -> SimDuration {
        match self {
            Self::Loss { interval, .. } | Self::Rate { interval, .. } => *interval,
        }
    }

    const fn validity(&self) -> SimDuration {
        match self {
            Self::Loss { validity, .. } | Self::Rate { validity, .. } => *validity,
        }
    }

    /// What is wrong with it.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        if self.interval() < SimDuration::from_millis(1) {
            problems.refuse("interval", self.interval(), "must be at least 1ms");
        }
        problems.positive("validity", self.validity());
        match self {
            Self::Loss { occupancy, growth_max, accepted_min, .. } => {
                problems.within("occupancy", *occupancy, 0.01, 1.0);
                problems.within("growth_max", *growth_max, 1.0, 1000.0);
                problems.within("accepted_min", *accepted_min, 0.001, 1.0);
            }
            Self::Rate { occupancy, tau0, tau1, tau2, .. } => {
                problems.within("occupancy", *occupancy, 0.01, 1.0);
                problems.within("tau0", *tau0, 0.0, 1000.0);
                problems.within("tau1", *tau1, 0.0, 1000.0);
                problems.within("tau2", *tau2, 0.0, 1000.0);
                if tau0 > tau1 {
                    problems.refuse("tau0", tau0, &format!("must be at most tau1 ({tau1})"));
                }
                if tau1 > tau2 {
                    problems.refuse("tau1", tau1, &format!("must be at most tau2 ({tau2})"));
                }
            }
        }
        problems.0
    }
}

/// What a server wants of a client.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Demand {
    /// No control any more: `oc-validity` is 0 (RFC 7339 §4.3, RFC 7415 §3.5.1).
    Stop,
    /// `oc`: a percentage to hold back, or requests per second that may be sent.
    Value(u16),
}

/// What a response carries: `oc` with its `oc-seq`. `oc-validity` is the server's setting.
///
/// The sequence number is the number of the server's interval: it grows with time, as RFC 7339 §4.4
/// wants it, and is carried by its last 16 bits, which the receiver completes.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Feedback {
    sequence: u16,
    code: NonZeroU16,
}

impl Feedback {
    /// The largest value it carries.
    const VALUE_MAX: u16 = u16::MAX - 2;

    /// What the server wants as of its interval `sequence`. Larger values than 65 533 become that.
    #[must_use]
    pub fn new(sequence: u64, demand: Demand) -> Self {
        let code = match demand {
            Demand::Stop => NonZeroU16::MAX,
            Demand::Value(value) => NonZeroU16::MIN.saturating_add(value.min(Self::VALUE_MAX)),
        };
        Self { sequence: sequence as u16, code }
    }

    /// What the server wants.
    #[must_use]
    pub fn demand(self) -> Demand {
        if self.code == NonZeroU16::MAX { Demand::Stop } else { Demand::Value(self.code.get() - 1) }
    }

    /// Its sequence number, heard at `now` from a server that counts in `interval`s: the latest
    /// that ends in these bits and was not given after `now`.
    fn sequence(self, now: SimTime, interval: SimDuration) -> u64 {
        let present = sequence_at(now, interval);
        let age = (present as u16).wrapping_sub(self.sequence);
        present.saturating_sub(u64::from(age))
    }
}

/// The number of the interval `now` lies in.
fn sequence_at(now: SimTime, interval: SimDuration) -> u64 {
    now.as_nanos() / interval.as_nanos()
}

#[cfg(test)]
mod tests;
