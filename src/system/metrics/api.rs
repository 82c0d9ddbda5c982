//! The API, its clients and their breakers.

use super::{Spread, Window, ratio};
use crate::engine::statistics::{Latencies, TimeWeighted, Welford};
use crate::engine::time::SimTime;
use crate::policies::Outcome;
use crate::policies::breaker::State;
use crate::system::config::Config;
use crate::system::ids::ClientId;
use crate::system::observation::{Errand, Observation};

/// Attempts of the routing client that did not end well, by how they ended.
#[derive(Debug, Default)]
struct Outcomes {
    too_many: u64,
    unavailable: u64,
    timed_out: u64,
    others: u64,
}

impl Outcomes {
    const fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::TooManyRequests => self.too_many += 1,
            Outcome::Unavailable => self.unavailable += 1,
            Outcome::TimedOut => self.timed_out += 1,
            Outcome::Status(_) => self.others += 1,
            // These were never sent.
            Outcome::Ok | Outcome::Refused | Outcome::Bulkhead => {}
        }
    }
}

/// What is measured of the API.
#[derive(Debug)]
pub(super) struct Api {
    window: Window,
    replicas: u32,
    breakers: f64,
    servers: f64,
    requests: u64,
    tried: u64,
    attempts: u64,
    outcomes: Outcomes,
    succeeded: u64,
    ended: u64,
    wasted: u64,
    refused_others: u64,
    busy: TimeWeighted,
    /// Of updates never limited, and of those limited at least once.
    latency: [Latencies; 2],
    limited: Welford,
    unlimited: Welford,
    pub(super) latency_by_trunk: Vec<Welford>,
    fallbacks: u64,
    openings: u64,
    openings_false: u64,
    breaker_refusals: u64,
    open: TimeWeighted,
    half_open: TimeWeighted,
    states: Vec<Vec<State>>,
}

impl Api {
    pub(super) fn new(config: &Config) -> Self {
        let window = Window::of(config);
        let level = TimeWeighted::new(window.from, window.until);
        let replicas = &config.clients[..config.replicas as usize];
        Self {
            window,
            replicas: config.replicas,
            breakers: replicas.iter().map(|c| f64::from(c.breakers)).sum(),
            servers: f64::from(config.api.servers),
            requests: 0,
            tried: 0,
            attempts: 0,
            outcomes: Outcomes::default(),
            succeeded: 0,
            ended: 0,
            wasted: 0,
            refused_others: 0,
            busy: level,
            latency: [Latencies::default(), Latencies::default()],
            limited: Welford::default(),
            unlimited: Welford::default(),
            latency_by_trunk: vec![Welford::default(); config.trunks.len()],
            fallbacks: 0,
            openings: 0,
            openings_false: 0,
            breaker_refusals: 0,
            open: level,
            half_open: level,
            states: replicas.iter().map(|c| vec![State::Closed; c.breakers as usize]).collect(),
        }
    }

    const fn is_ours(&self, client: ClientId) -> bool {
        client.0 < self.replicas
    }

    pub(super) fn observe(&mut self, now: SimTime, fact: &Observation) {
        match *fact {
            Observation::ServerBusy { busy, .. } => self.busy.set(now, f64::from(busy)),
            Observation::BreakerMoved { client, breaker, to, capacity } if self.is_ours(client) => {
                self.breaker_moved(now, client, breaker, to, capacity);
            }
            _ if self.window.holds(now) => self.count(fact),
            _ => {}
        }
    }

    fn breaker_moved(
        &mut self,
        now: SimTime,
        client: ClientId,
        breaker: u32,
        to: State,
        capacity: bool,
    ) {
        let state = &mut self.states[client.index()][breaker as usize];
        let left = std::mem::replace(state, to);
        for (level, which) in
            [(&mut self.open, State::Open), (&mut self.half_open, State::HalfOpen)]
        {
            let change = f64::from(u8::from(to == which)) - f64::from(u8::from(left == which));
            let value = level.value() + change;
            level.set(now, value);
        }
        if to == State::Open && self.window.holds(now) {
            self.openings += 1;
            self.openings_false += u64::from(capacity);
        }
    }

    fn count(&mut self, fact: &Observation) {
        match *fact {
            Observation::Requested { client, .. } if self.is_ours(client) => self.requests += 1,
            Observation::AttemptSent { client, attempt, .. } if self.is_ours(client) => {
                self.attempts += 1;
                self.tried += u64::from(attempt == 1);
            }
            Observation::AttemptEnded { client, outcome, .. } => {
                if self.is_ours(client) {
                    self.outcomes.count(outcome);
                } else {
                    self.refused_others += u64::from(outcome == Outcome::TooManyRequests);
                }
            }
            Observation::RequestEnded { client, ok, .. } if self.is_ours(client) => {
                self.ended += 1;
                self.succeeded += u64::from(ok);
            }
            Observation::Served { wasted, .. } => self.wasted += u64::from(wasted),
            Observation::PolicyInForce { trunk, latency, limited, errand } => {
                debug_assert!(matches!(errand, Errand::Lookup | Errand::Update));
                self.latency[usize::from(limited)].record(latency);
                let ms = latency.as_millis_f64();
                if limited {
                    self.limited.add(ms)
                } else {
                    self.unlimited.add(ms)
                }
                self.latency_by_trunk[trunk.index()].add(ms);
            }
            Observation::FellBack { .. } => self.fallbacks += 1,
            Observation::BreakerRefused { client, .. } if self.is_ours(client) => {
                self.breaker_refusals += 1;
            }
            _ => {}
        }
    }

    /// How long updates took.
    pub(super) fn spread(self) -> Spread {
        let [unlimited, limited] = self.latency;
        Spread {
            name: "update_latency",
            label: "Update latency",
            meaning: "from the need of a routing decision until it is in force",
            kinds: [
                ("all", unlimited.with(&limited)),
                ("never limited", unlimited),
                ("limited at least once", limited),
            ],
        }
    }

    pub(super) fn values(&self) -> Vec<(&'static str, f64)> {
        let count = |n: u64| n as f64;
        let latency = &self.latency[0].with(&self.latency[1]);
        vec![
            ("api_requests", count(self.requests)),
            ("api_attempts", count(self.attempts)),
            ("retry_amplification", ratio(self.attempts, self.tried)),
            ("api_429s", count(self.outcomes.too_many)),
            ("api_503s", count(self.outcomes.unavailable)),
            ("api_other_errors", count(self.outcomes.others)),
            ("api_timeouts", count(self.outcomes.timed_out)),
            ("api_success_ratio", ratio(self.succeeded, self.ended)),
            ("api_goodput_per_s", count(self.succeeded) / self.window.length_s()),
            ("api_wasted", count(self.wasted)),
            ("api_429s_others", count(self.refused_others)),
            ("api_utilization", self.busy.mean() / self.servers),
            ("update_latency_ms_mean", latency.mean_ms()),
            ("update_latency_ms_p50", latency.quantile_ms(0.5)),
            ("update_latency_ms_p95", latency.quantile_ms(0.95)),
            ("update_latency_ms_p99", latency.quantile_ms(0.99)),
            ("added_update_latency_ms", self.limited.mean() - self.unlimited.mean()),
            ("fallbacks", count(self.fallbacks)),
            ("breaker_openings", count(self.openings)),
            ("breaker_openings_false", count(self.openings_false)),
            ("breaker_refusals", count(self.breaker_refusals)),
            ("breaker_open_fraction", self.open.mean() / self.breakers),
            ("breaker_half_open_fraction", self.half_open.mean() / self.breakers),
        ]
    }
}
