//! Small systems whose right behaviour follows from a rule (`tests/cases/world`).

use trunksim::engine::time::SimTime;
use trunksim::input;
use trunksim::system::observation::{Observation, Observer};
use trunksim::system::{Config, simulate, simulate_observed};

use super::metric;

fn case(name: &str, seed: Option<u64>) -> (Config, u64) {
    let path = format!("tests/cases/world/{name}.toml");
    let config = input::model(path.as_ref(), &[]).unwrap_or_else(|e| panic!("{e:?}")).config;
    let seed = seed.unwrap_or(config.seed());
    (config, seed)
}

/// For how long a carrier is out, in seconds, and how often it fails.
#[derive(Default)]
struct Out {
    since: Option<SimTime>,
    seconds: f64,
    times: u32,
}

impl Observer for Out {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        match fact {
            Observation::CarrierMoved { down: true, .. } => {
                self.since = Some(now);
                self.times += 1;
            }
            Observation::CarrierMoved { down: false, .. } => {
                self.seconds += self.since.take().map_or(0.0, |since| (now - since).as_secs_f64());
            }
            _ => {}
        }
    }
}

/// A scheduled outage of 1 s adds 1 s; it starts no further process of random outages.
#[test]
fn scheduled_outages_start_no_process_of_random_ones() {
    for seed in [None, Some(2), Some(3)] {
        let out = |name| {
            let (config, seed) = case(name, seed);
            simulate_observed(&config, seed, 0, Out::default()).expect("the run ends").1
        };
        let (none, one, three) = (out("outages"), out("outages1"), out("outages3"));
        for (more, by) in [(&one, 1.0), (&three, 3.0)] {
            let added = more.seconds - none.seconds;
            assert!((-1e-6..=by + 1e-6).contains(&added), "{added} s added to {}", none.seconds);
            assert!((none.times..=none.times + by as u32).contains(&more.times));
        }
        assert!(none.times > 2 && none.seconds > 120.0);
    }
}

/// More agents logged out for a minute cannot raise the service level.
#[test]
fn a_second_logout_wave_does_not_end_the_first() {
    let level = |name| {
        let (config, seed) = case(name, None);
        metric(&simulate(&config, seed, 0).expect("the run ends"), "service_level")
    };
    let (one, two) = (level("logout1"), level("logout2"));
    assert!(two <= one && one < 0.5, "{two} with more agents away, {one} with fewer");
}
