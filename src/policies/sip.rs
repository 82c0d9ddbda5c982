//! Timers of SIP transactions, RFC 3261 §17 and Table 4.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Problem, Problems};
use crate::engine::time::SimDuration;

/// T1, T2 and T4, from which the others follow. The defaults are the RFC's.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Timers {
    /// Round trip estimate (§17.1.1.1).
    pub t1: SimDuration,
    /// Longest interval of retransmitted non-INVITE requests and INVITE responses (§17.1.2.1).
    pub t2: SimDuration,
    /// Longest time a message stays in the network (§17.1.2.2).
    pub t4: SimDuration,
}

/// A method, as far as its timers go.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// Timers A and B.
    Invite,
    /// Timers E and F.
    NonInvite,
}

impl Default for Timers {
    fn default() -> Self {
        Self::RFC
    }
}

impl Timers {
    /// The RFC's defaults.
    pub const RFC: Self = Self {
        t1: SimDuration::from_millis(500),
        t2: SimDuration::from_secs(4),
        t4: SimDuration::from_secs(5),
    };

    /// Timer B, F or H: how long a transaction waits on any transport (64·T1; §17.1.1.2,
    /// §17.1.2.2).
    #[must_use]
    pub fn timer_b(&self) -> SimDuration {
        self.t1 * 64
    }

    /// Timer D: how long a client remembers an INVITE after its final response, to absorb
    /// retransmissions of that (at least 32 s on an unreliable transport; §17.1.1.2).
    #[must_use]
    pub const fn timer_d(&self, reliable: bool) -> SimDuration {
        if reliable { SimDuration::ZERO } else { SimDuration::from_secs(32) }
    }

    /// Timer I or K: how long retransmissions of an ACK, or of a response to another request, are
    /// absorbed (T4 on an unreliable transport; §17.2.1, §17.1.2.2).
    #[must_use]
    pub const fn timer_k(&self, reliable: bool) -> SimDuration {
        if reliable { SimDuration::ZERO } else { self.t4 }
    }

    /// Timer J: how long a server answers retransmissions of a request that is no INVITE (64·T1 on
    /// an unreliable transport; §17.2.2).
    #[must_use]
    pub fn timer_j(&self, reliable: bool) -> SimDuration {
        if reliable { SimDuration::ZERO } else { self.t1 * 64 }
    }

    /// When a 2xx that nobody acknowledges goes out, since the first time: after T1, doubling up to
    /// T2, for 64·T1, whatever the transport (§13.3.1.4).
    #[must_use]
    pub fn response_instants(&self) -> Vec<SimDuration> {
        self.send_instants(Method::NonInvite, false)
    }

    /// What is wrong with them.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        problems.positive("t1", self.t1);
        if self.t2 < self.t1 {
            problems.refuse("t2", self.t2, &format!("must be at least t1 ({})", self.t1));
        }
        problems.0
    }

    /// The wait after transmission `sent` (0 is the first) before the next, on an unreliable
    /// transport: Timer A doubles without bound, Timer E up to T2. On a reliable transport nothing
    /// is retransmitted.
    #[must_use]
    pub fn interval(&self, method: Method, sent: u32) -> SimDuration {
        let doubled = self.t1 * (1 << sent.min(24));
        match method {
            Method::Invite => doubled,
            Method::NonInvite => doubled.min(self.t2),
        }
    }

    /// When a request that nobody answers goes out, since the first time, until its transaction
    /// times out.
    #[must_use]
    pub fn send_instants(&self, method: Method, reliable: bool) -> Vec<SimDuration> {
        let mut instants = vec![SimDuration::ZERO];
        if reliable {
            return instants;
        }
        let mut at = SimDuration::ZERO;
        for sent in 0.. {
            at += self.interval(method, sent);
            if at >= self.timer_b() {
                break;
            }
            instants.push(at);
        }
        instants
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(instants: Vec<SimDuration>) -> Vec<f64> {
        instants.into_iter().map(SimDuration::as_secs_f64).collect()
    }

    /// RFC 3261 §17.1.1.2 and §17.1.2.2 give these sequences in words.
    #[test]
    fn retransmissions_come_when_the_rfc_says() {
        let timers = Timers::RFC;
        assert_eq!(timers.timer_b(), SimDuration::from_secs(32));
        assert_eq!(
            seconds(timers.send_instants(Method::Invite, false)),
            [0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
        );
        assert_eq!(
            seconds(timers.send_instants(Method::NonInvite, false)),
            [0.0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
        );
        assert_eq!(seconds(timers.send_instants(Method::Invite, true)), [0.0]);
    }
}
