//! Google's client-side adaptive throttling.

use rand::Rng;

use super::{Gate, uniform};
use crate::engine::time::{SimDuration, SimTime};

/// Requests and accepts of a window that slides by parts.
#[derive(Clone, Debug)]
pub struct AdaptiveThrottle {
    k: f64,
    width: SimDuration,
    parts: Box<[Part]>,
    /// The part of `parts[index]`, counted from the start of the run.
    current: u64,
    total: Part,
}

#[derive(Copy, Clone, Debug, Default)]
struct Part {
    requests: u64,
    accepts: u64,
}

impl AdaptiveThrottle {
    /// Without requests yet.
    #[must_use]
    pub fn new(k: f64, window: SimDuration, parts: u32) -> Self {
        let width = SimDuration::from_nanos((window.as_nanos() / u64::from(parts)).max(1));
        let parts = vec![Part::default(); parts as usize].into_boxed_slice();
        Self { k, width, parts, current: 0, total: Part::default() }
    }

    fn slot(&mut self, now: SimTime) -> &mut Part {
        let part = now.as_nanos() / self.width.as_nanos();
        let n = self.parts.len() as u64;
        for passed in (self.current + 1..=part).rev().take(self.parts.len()) {
            let old = std::mem::take(&mut self.parts[(passed % n) as usize]);
            self.total.requests -= old.requests;
            self.total.accepts -= old.accepts;
        }
        self.current = self.current.max(part);
        &mut self.parts[(self.current % n) as usize]
    }

    /// The probability with which a try at `now` is refused.
    pub fn refusal(&mut self, now: SimTime) -> f64 {
        self.slot(now);
        let (requests, accepts) = (self.total.requests as f64, self.total.accepts as f64);
        ((requests - self.k * accepts) / (requests + 1.0)).max(0.0)
    }

    /// Decides on a try, by the requests before it; it counts as one whatever becomes of it.
    pub fn admit(&mut self, now: SimTime, rng: &mut impl Rng) -> Gate {
        let refusal = self.refusal(now);
        self.slot(now).requests += 1;
        self.total.requests += 1;
        if uniform(rng) < refusal { Gate::Refused } else { Gate::Open }
    }

    /// The server accepted a try.
    pub fn on_accept(&mut self, now: SimTime) {
        self.slot(now).accepts += 1;
        self.total.accepts += 1;
    }
}
