//! Timers of SIP transactions, seen on the system: when unanswered requests are retransmitted and
//! given up (RFC 3261 §17.1.1.2 and §17.1.2.2), and what a real user agent did.
//!
//! A peer keeps silent where its processor takes longer over the request than any timer runs, or
//! where it is down. Loss cannot do it: the model allows at most 99 %.

mod invites;
mod kamailio;
mod options;
mod registers;
mod sipp;

use toml::Table;
use trunksim::engine::time::SimTime;
use trunksim::system::observation::{Observation, Observer};
use trunksim::system::simulate_observed;

use crate::theory::model;

const SIP: &str = include_str!("sip.toml");
/// Longer than every timer, shorter than the run.
const FOR_EVER: &str = "20m";
/// RFC 3261 §17.1.1.2: Timer A starts at T1 = 500 ms and doubles.
const TIMER_A_MS: [u64; 7] = [0, 500, 1500, 3500, 7500, 15_500, 31_500];
/// RFC 3261 §17.1.2.2: Timer E doubles up to T2 = 4 s.
const TIMER_E_MS: [u64; 11] =
    [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];
/// Timers B and F: 64·T1.
const TIMERS_B_AND_F_MS: u64 = 32_000;

/// All that a run reports.
#[derive(Default)]
struct Log(Vec<(SimTime, Observation)>);

impl Observer for Log {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        self.0.push((now, *fact));
    }
}

impl Log {
    /// Milliseconds since the first fact that `first` picks, of each that `wanted` picks. They are
    /// whole: nothing is rounded here.
    fn instants(
        &self,
        first: impl Fn(&Observation) -> bool,
        wanted: impl Fn(&Observation) -> bool,
    ) -> Vec<u64> {
        let start = self.0.iter().find(|(_, fact)| first(fact)).expect("it occurred").0;
        let later = self.0.iter().filter(|(at, fact)| *at >= start && wanted(fact));
        later
            .map(|(at, _)| {
                let nanos = (*at - start).as_nanos();
                assert_eq!(nanos % 1_000_000, 0, "{nanos} ns are no whole milliseconds");
                nanos / 1_000_000
            })
            .collect()
    }
}

/// Runs the model of this folder with values set in it.
fn run(values: &[(&str, toml::Value)]) -> Log {
    let mut table: Table = model::read(SIP);
    for (path, value) in values {
        model::set(&mut table, path, value.clone());
    }
    let config = model::config(&table);
    simulate_observed(&config, 1, 0, Log::default()).expect("the run ends").1
}

fn sbc_down() -> toml::Value {
    let mut fault = Table::new();
    for (key, value) in [("kind", "sbc_restart"), ("sbc", "sbc"), ("at", "1s"), ("for", FOR_EVER)] {
        model::set(&mut fault, key, value);
    }
    toml::Value::Array(vec![toml::Value::Table(fault)])
}
