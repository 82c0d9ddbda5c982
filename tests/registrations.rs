//! Registrations keep their rules whatever the network and the registrar do: one REGISTER is out at
//! a time (RFC 3261 §10.2), a binding is usable until it expires whatever becomes of its refresh,
//! and the waits of RFC 5626 §4.5 are kept.

use proptest::prelude::*;
use toml::{Table, Value};
use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::system::observation::{Observation, Observer};
use trunksim::system::{Config, simulate_observed};

use crate::theory::model;

const TRUNKS: usize = 4;
const MODEL: &str = r#"
name = "registrations"
horizon = "20m"

[registration]
initially_registered = false
retry = { kind = "rfc5626" }

[[carriers]]
id = "telstra"

[[sbcs]]
id = "sbc"
register = "0s"

[[groups]]
id = "agents"
agents = 1

[[trunks]]
id = "TRK_{n}"
count = 4
sbc = "sbc"
groups = ["agents"]
transport = "udp"
arrivals = { kind = "none" }
primary = { carrier = "telstra", channels = 1, rtt = "30ms", registration = true }
"#;

/// What is known of one leg from what it does.
#[derive(Clone, Default)]
struct Leg {
    /// REGISTERs sent for the first time since the last one ended: a challenge and a 423 each bring
    /// one more.
    out: u32,
    failures: u32,
    /// When the last try failed, and the Retry-After it was told.
    failed: Option<(SimTime, Option<SimDuration>)>,
    usable_until: Option<SimTime>,
}

/// Checks each leg as it goes.
struct Rules {
    expires: SimDuration,
    retry_after: Option<SimDuration>,
    /// REGISTERs a registration may take.
    exchanges: u32,
    legs: Vec<Leg>,
    wrong: Vec<String>,
}

impl Rules {
    fn sent(&mut self, now: SimTime, leg: usize) {
        let part = &mut self.legs[leg];
        part.out += 1;
        if part.out > self.exchanges {
            self.wrong.push(format!("{now}: REGISTER {} of leg {leg}", part.out));
        }
        let Some((at, told)) = part.failed.take() else { return };
        let w = (30_u64 << part.failures.min(20)).min(1800) as f64;
        let waited = (now - at).as_secs_f64();
        let told = told.unwrap_or(SimDuration::ZERO).as_secs_f64();
        let (low, high) = ((w / 2.0).max(told), w.max(told));
        if !(low..=high).contains(&waited) {
            self.wrong.push(format!("{now}: waited {waited} s of {low} to {high}"));
        }
    }

    fn failed(&mut self, now: SimTime, leg: usize, told: Option<SimDuration>) {
        let part = &mut self.legs[leg];
        part.out = 0;
        part.failures += 1;
        part.failed = Some((now, told));
    }
}

impl Observer for Rules {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        match *fact {
            Observation::RegisterSent { leg, retransmission: 0 } => {
                self.sent(now, leg.trunk().index());
            }
            Observation::RegistrationTimedOut { leg } => {
                self.failed(now, leg.trunk().index(), None);
            }
            Observation::RegistrationRefused { leg } => {
                self.failed(now, leg.trunk().index(), self.retry_after);
            }
            Observation::Registered { leg, new_binding } => {
                let until = now + self.expires;
                let part = &mut self.legs[leg.trunk().index()];
                if part.usable_until.is_some_and(|until| now < until) == new_binding {
                    self.wrong.push(format!("{now}: {leg:?} new_binding: {new_binding}"));
                }
                *part = Leg { usable_until: Some(until), ..Leg::default() };
            }
            Observation::Registration { leg, wanted: true, usable } => {
                let until = self.legs[leg.trunk().index()].usable_until;
                if usable != until.is_some_and(|until| now < until) {
                    self.wrong.push(format!("{now}: {leg:?} usable: {usable}, until {until:?}"));
                }
            }
            _ => {}
        }
    }
}

#[derive(Clone, Debug)]
struct Case {
    loss: f64,
    service_ms: u64,
    queue: u32,
    limit: Option<f64>,
    retry_after_s: Option<u64>,
    timeout_s: u64,
    expires_s: u64,
    requested_s: Option<u64>,
    min_expires_s: Option<u64>,
    refresh_fraction: f64,
    seed: u64,
}

fn cases() -> impl Strategy<Value = Case> {
    let registrar = (0.0f64..0.6, 0u64..3000, 0u32..4, prop::option::of(0.05f64..2.0));
    let times = (prop::option::of(1u64..300), 2u64..33, 60u64..600);
    let intervals = (prop::option::of(20u64..700), prop::option::of(20u64..60), 0.1f64..1.0);
    (registrar, times, intervals, any::<u64>()).prop_map(
        |(
            (loss, service_ms, queue, limit),
            (retry_after_s, timeout_s, expires_s),
            (requested_s, min_expires_s, refresh_fraction),
            seed,
        )| Case {
            loss,
            service_ms,
            queue,
            limit,
            retry_after_s,
            timeout_s,
            expires_s,
            requested_s,
            min_expires_s,
            refresh_fraction,
            seed,
        },
    )
}

fn config(case: &Case) -> Config {
    let mut table: Table = model::read(MODEL);
    let mut set = |path: &str, value: Value| model::set(&mut table, path, value);
    set("trunks.0.primary.loss", case.loss.into());
    set("carriers.0.registrar.service", format!("{}ms", case.service_ms).into());
    set("carriers.0.registrar.queue", i64::from(case.queue).into());
    set("carriers.0.registrar.expires", format!("{}s", case.expires_s).into());
    set("registration.transaction_timeout", format!("{}s", case.timeout_s).into());
    set("registration.refresh_fraction", case.refresh_fraction.into());
    if let Some(rate) = case.limit {
        let limit = format!("kind = 'token_bucket'\nrate_per_s = {rate}\nburst = 2");
        let limit: Table = limit.parse().expect("a limiter");
        set("carriers.0.registrar.limit", Value::Table(limit));
    }
    let seconds = [
        ("carriers.0.registrar.retry_after", case.retry_after_s),
        ("carriers.0.registrar.min_expires", case.min_expires_s),
        ("registration.expires", case.requested_s),
    ];
    for (path, value) in seconds {
        if let Some(value) = value {
            set(path, format!("{value}s").into());
        }
    }
    model::config(&table)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn registrations_keep_their_rules(case in cases()) {
        let config = config(&case);
        let requested = case.requested_s.map_or(case.expires_s, |requested| {
            requested.max(case.min_expires_s.unwrap_or(0)).min(case.expires_s)
        });
        let too_brief = case.requested_s.zip(case.min_expires_s).is_some_and(|(r, min)| r < min);
        let rules = Rules {
            expires: SimDuration::from_secs(requested),
            retry_after: case.retry_after_s.map(SimDuration::from_secs),
            exchanges: 2 + u32::from(too_brief),
            legs: vec![Leg::default(); TRUNKS],
            wrong: Vec::new(),
        };
        let (_, rules) = simulate_observed(&config, case.seed, 0, rules).expect("the run ends");
        prop_assert!(rules.wrong.is_empty(), "{:?}", rules.wrong);
    }
}
