//! The client's side: which requests it sends to a server that asked for less.
//!
//! Loss: the algorithm of RFC 7339 §6. Requests are of two categories; those without priority are
//! held back at random, more often where fewer of the traffic are of theirs, and those with
//! priority only once none of the others is left.
//!
//! Rate: the leaky bucket of RFC 7415 §3.5.1–3.5.3 (after ITU-T I.371, appendix A.2). T is 1/`oc`,
//! X the content of the bucket in time units, LCT when the last request was sent; a request at `ta`
//! is sent where X' = X − (ta − LCT) is at most TAU1 (with priority: TAU2), and then
//! X = max(0, X') + T and LCT = ta. A bucket that has run empty is filled by T + u·T instead, u
//! uniform on [−½, ½], and starts with TAU0 + u·T. The RFC does not say what becomes of X when T
//! changes: here the bucket stays as full, in units of T, so that a client that was all but shut off
//! is not kept so long after it is allowed more.

use rand::Rng;

use super::{Demand, Feedback, OverloadSpec};
use crate::engine::time::SimTime;

/// Share of requests without priority that the mix starts from, in percent (RFC 7339 §6: the
/// listing's initial value).
const MIX: f64 = 80.0;
/// Weight of the newest request in the mix. RFC 7339 leaves the measure open: assumption.
const MIX_WEIGHT: f64 = 0.02;

/// What a client knows of one server. Whether it is bound by what it was told is a question of
/// `now`: nothing has to wake it.
#[derive(Clone, Debug)]
pub struct Throttle {
    spec: OverloadSpec,
    state: State,
    /// The sequence number of the latest feedback heeded.
    sequence: Option<u64>,
    /// Share of requests without priority, in percent.
    mix: f64,
}

/// Bound or not. A state owns its deadline.
#[derive(Copy, Clone, Debug, PartialEq)]
enum State {
    /// Free.
    Free,
    /// `percent` of the requests are to be held back.
    Loss { percent: f64, until: SimTime },
    /// `per_s` requests per second may be sent. Content and instants are in nanoseconds.
    Rate { per_s: u16, until: SimTime, content_ns: i64, sent_at: SimTime },
}

impl Throttle {
    /// A client that has heard nothing yet from a server with this control.
    #[must_use]
    pub fn new(spec: &OverloadSpec) -> Self {
        Self { spec: spec.clone(), state: State::Free, sequence: None, mix: MIX }
    }

    /// A response has come. What is older than the latest known is ignored (RFC 7339 §4.4); the
    /// same again renews the time it holds for.
    pub fn hears(&mut self, now: SimTime, feedback: Feedback, rng: &mut impl Rng) {
        let sequence = feedback.sequence(now, self.spec.interval());
        if self.sequence.is_some_and(|latest| sequence < latest) {
            return;
        }
        self.sequence = Some(sequence);
        let until = now.saturating_add(self.spec.validity());
        self.state = match (feedback.demand(), &self.spec) {
            (Demand::Stop, _) => State::Free,
            (Demand::Value(percent), OverloadSpec::Loss { .. }) => {
                State::Loss { percent: f64::from(percent.min(100)), until }
            }
            (Demand::Value(per_s), OverloadSpec::Rate { tau0, randomize, .. }) => {
                match self.present(now) {
                    State::Rate { per_s: last, content_ns, sent_at, .. } if last == per_s => {
                        State::Rate { per_s, until, content_ns, sent_at }
                    }
                    State::Rate { per_s: last, content_ns, sent_at, .. } if last > 0 => {
                        let left = drained(content_ns, now, sent_at);
                        let in_t = left.max(0) as f64 / in_ns(1.0, last) as f64;
                        let content_ns = if left > 0 { in_ns(in_t, per_s) } else { left };
                        State::Rate { per_s, until, content_ns, sent_at: now }
                    }
                    State::Free | State::Loss { .. } | State::Rate { .. } => {
                        let start = tau0 + if *randomize { spread(rng) } else { 0.0 };
                        let content_ns = in_ns(start, per_s);
                        State::Rate { per_s, until, content_ns, sent_at: now }
                    }
                }
            }
        };
    }

    /// Whether a request may be sent at `now`; if so it counts as sent.
    pub fn admits(&mut self, now: SimTime, priority: bool, rng: &mut impl Rng) -> bool {
        let latest = if priority { 0.0 } else { 100.0 };
        self.mix += MIX_WEIGHT * (latest - self.mix);
        self.state = self.present(now);
        match &mut self.state {
            State::Free => true,
            State::Loss { percent, .. } => {
                let hold_back = held_back(*percent, self.mix, priority);
                uniform(rng) * 100.0 >= hold_back
            }
            State::Rate { per_s: 0, .. } => false,
            State::Rate { per_s, content_ns, sent_at, .. } => {
                let OverloadSpec::Rate { tau1, tau2, randomize, .. } = self.spec else {
                    return true;
                };
                let content = drained(*content_ns, now, *sent_at);
                if content > in_ns(if priority { tau2 } else { tau1 }, *per_s) {
                    return false;
                }
                let u = if content <= 0 && randomize { spread(rng) } else { 0.0 };
                *content_ns = content.max(0) + in_ns(1.0 + u, *per_s);
                *sent_at = now;
                true
            }
        }
    }

    /// Whether the client holds requests back at `now`.
    #[must_use]
    pub fn is_bound(&self, now: SimTime) -> bool {
        self.present(now) != State::Free
    }

    /// When what it was told ceases to hold, if it does.
    #[must_use]
    pub const fn next_deadline(&self) -> Option<SimTime> {
        match self.state {
            State::Free => None,
            State::Loss { until, .. } | State::Rate { until, .. } => Some(until),
        }
    }

    fn present(&self, now: SimTime) -> State {
        match self.next_deadline() {
            Some(until) if now >= until => State::Free,
            _ => self.state,
        }
    }
}

/// The percentage of a category that is held back so that `percent` of all are: all of the
/// requests without priority come first. `mix` of the traffic have none.
pub(super) fn held_back(percent: f64, mix: f64, priority: bool) -> f64 {
    match (percent <= mix, priority) {
        (true, true) => 0.0,
        (true, false) => percent / mix * 100.0,
        (false, true) => (percent - mix) / (100.0 - mix) * 100.0,
        (false, false) => 100.0,
    }
}

/// X' = X − (ta − LCT).
fn drained(content_ns: i64, now: SimTime, sent_at: SimTime) -> i64 {
    content_ns.saturating_sub(i64::try_from((now - sent_at).as_nanos()).unwrap_or(i64::MAX))
}

/// A multiple of T = 1/rate, in nanoseconds; 0 where nothing may be sent.
fn in_ns(multiple: f64, per_s: u16) -> i64 {
    if per_s == 0 { 0 } else { libm::round(multiple * 1e9 / f64::from(per_s)) as i64 }
}

/// Uniform on [0, 1), 53 bits.
pub(super) fn uniform(rng: &mut impl Rng) -> f64 {
    const SCALE: f64 = 1.0 / (1u64 << 53) as f64;
    (rng.next_u64() >> 11) as f64 * SCALE
}

/// Uniform on [−½, ½).
fn spread(rng: &mut impl Rng) -> f64 {
    uniform(rng) - 0.5
}
