//! Timers of SIP transactions, RFC 3261 §17 and Table 4.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::preset::{Follows, Preset};
use super::{Problem, Problems};
use crate::engine::time::SimDuration;

/// What the retransmissions of SIP requests and responses follow from. Timers B and F, after which
/// a request is given up, are `policy.timer_b` and `registration.transaction_timeout`.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("x-presets" = "sip"))]
pub struct Timers {
    /// T1, estimate of the round trip: the first interval (RFC 3261 §17.1.1.1: 500 ms).
    pub t1: SimDuration,
    /// T2, longest interval between retransmissions of requests other than INVITE and of responses
    /// to INVITE (RFC 3261 §17.1.2.1: 4 s).
    pub t2: SimDuration,
    /// T4, longest time a message stays in the network (RFC 3261 §17.1.2.2: 5 s).
    pub t4: SimDuration,
    /// Longest interval between retransmissions of an INVITE, Timer A. Without it, unbounded as in
    /// RFC 3261 §17.1.1.2; Kamailio's is its `retr_timer2`, 4 s.
    pub invite_interval_max: Option<SimDuration>,
}

/// A method, as far as its timers go.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Method {
    /// Timers A and B.
    Invite,
    /// Timers E and F.
    NonInvite,
}

/// The presets.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "rfc3261",
        settings: "t1 = \"500ms\"\nt2 = \"4s\"\nt4 = \"5s\"\n",
        summary: "the RFC's defaults: Timer A doubles without bound",
        source: "RFC 3261 §17.1.1.1, §17.1.1.2, §17.1.2.1",
        follows: Follows::version("RFC 3261", "as published").since("June 2002 [from memory]"),
        cases: &[
            "traces/sipp_invite_default.json",
            "traces/sipp_invite_rfc6.json",
            "traces/sipp_invite_100_after3.json",
            "traces/sipp_invite_200_after2.json",
            "traces/sipp_register_t1_500.json",
        ],
    },
    Preset {
        name: "kamailio",
        settings: "t1 = \"500ms\"\nt2 = \"4s\"\nt4 = \"5s\"\ninvite_interval_max = \"4s\"\n",
        summary: "Kamailio's tm: INVITEs too go out at least every 4 s",
        source: "Kamailio 5.6.3, module tm, retr_timer1 = 500 and retr_timer2 = 4000: observed",
        follows: Follows::version("Kamailio", "5.6.3"),
        cases: &[
            "traces/kamailio_default_timers_silent.json",
            "traces/kamailio_primary_100_then_silent_frinv10.json",
            "traces/kamailio_primary_503.json",
            "traces/kamailio_primary_silent_fr8.json",
        ],
    },
];

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
        invite_interval_max: None,
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

    /// When an unacknowledged 2xx is retransmitted, since the first transmission: after T1,
    /// doubling up to T2, for 64·T1, whatever the transport (§13.3.1.4).
    #[must_use]
    pub fn response_instants(&self) -> Vec<SimDuration> {
        self.send_instants(Method::NonInvite, false)
    }

    /// The wait after transmission `sent` (0 is the first) before the next, on an unreliable
    /// transport: Timer A doubles up to its bound if it has one, Timer E up to T2. On a reliable
    /// transport nothing is retransmitted.
    #[must_use]
    pub fn interval(&self, method: Method, sent: u32) -> SimDuration {
        let doubled = SimDuration::from_nanos(self.t1.as_nanos().saturating_mul(1 << sent.min(30)));
        match method {
            Method::Invite => self.invite_interval_max.map_or(doubled, |max| doubled.min(max)),
            Method::NonInvite => doubled.min(self.t2),
        }
    }

    /// What is wrong with them.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        // Shorter than any network's round trip; it bounds the events of a silent peer.
        let least = SimDuration::from_millis(1);
        if self.t1 < least {
            problems.refuse("t1", self.t1, "must be at least 1ms");
        }
        if self.t2 < self.t1 {
            problems.refuse("t2", self.t2, &format!("must be at least t1 ({})", self.t1));
        }
        if let Some(max) = self.invite_interval_max.filter(|max| *max < self.t1) {
            let allowed = format!("must be at least t1 ({})", self.t1);
            problems.refuse("invite_interval_max", max, &allowed);
        }
        problems.0
    }

    /// When an unanswered request is retransmitted, since the first transmission, until its
    /// transaction times out.
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
    use proptest::prelude::*;

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

    #[test]
    fn presets_mean_something() {
        for preset in PRESETS {
            let timers: Timers = toml::from_str(preset.settings).unwrap();
            assert_eq!(timers.check(), [], "{}", preset.name);
        }
    }

    #[test]
    fn a_bound_of_timer_a_makes_it_like_timer_e() {
        let kamailio = Timers { invite_interval_max: Some(Timers::RFC.t2), ..Timers::RFC };
        assert_eq!(
            kamailio.send_instants(Method::Invite, false),
            Timers::RFC.send_instants(Method::NonInvite, false)
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// Intervals start at T1, never shrink, at most double, and keep to their bounds; the last
        /// request goes out before the transaction is given up, and one more would not.
        #[test]
        fn intervals_double_up_to_their_bound(
            t1_ms in 1u64..3000,
            t2_factor in 1u64..40,
            bound_factor in prop::option::of(1u64..80),
            invite: bool,
        ) {
            let t1 = SimDuration::from_millis(t1_ms);
            let invite_interval_max = bound_factor.map(|factor| t1 * factor);
            let timers = Timers { t1, t2: t1 * t2_factor, t4: t1, invite_interval_max };
            prop_assert_eq!(timers.check(), []);
            let method = if invite { Method::Invite } else { Method::NonInvite };
            let bound = if invite { invite_interval_max } else { Some(timers.t2) };
            prop_assert_eq!(timers.interval(method, 0), t1);
            for sent in 0..40 {
                let (this, next) = (timers.interval(method, sent), timers.interval(method, sent + 1));
                prop_assert!(this <= next && next <= this * 2);
                prop_assert!(bound.is_none_or(|bound| next <= bound));
                prop_assert!(bound.is_some_and(|bound| next == bound) || sent >= 30 || next == this * 2);
            }
            let instants = timers.send_instants(method, false);
            let last = instants[instants.len() - 1];
            prop_assert!(last < timers.timer_b());
            let next = last + timers.interval(method, instants.len() as u32 - 1);
            prop_assert!(next >= timers.timer_b());
        }
    }
}
