//! Failover between a primary carrier that fails at random and a secondary that never does.

use trunksim::engine::time::SimTime;
use trunksim::system::ids::{CarrierId, Side};
use trunksim::system::observation::{Observation, Observer};

use super::case;
use super::folds::{Levels, Window};
use super::model;
use super::study::{Measured, Runs, Study, metric};

const FAILOVER: &str = include_str!("models/failover.toml");
/// Mean cycles of the primary after which the start is forgotten.
const CYCLES_OF_WARMUP: f64 = 10.0;
const PRIMARY: CarrierId = CarrierId(0);

/// What the trunk's users live through.
struct Service {
    window: Window,
    side: Side,
    down: bool,
    /// 1 while the trunk is on the primary leg and that is down.
    outage: Levels,
    /// Failures that hit the trunk on its primary leg.
    hits: u64,
    moves: u64,
}

impl Observer for Service {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        let counts = u64::from(self.window.holds(now));
        match *fact {
            Observation::CarrierMoved { carrier: PRIMARY, down } => {
                self.down = down;
                self.hits += counts * u64::from(down && self.side == Side::Primary);
            }
            Observation::SideChanged { side, .. } => {
                self.side = side;
                self.moves += counts * u64::from(side == Side::Secondary);
            }
            _ => return,
        }
        self.outage.set(now, usize::from(self.down && self.side == Side::Primary));
    }
}

/// Means per failure and per stay are by the renewal–reward theorem: time over number, which
/// needs no stay cut off by the window to be thrown away.
fn measure(runs: &Runs) -> Measured {
    let fold = Service {
        window: runs.window,
        side: Side::Primary,
        down: false,
        outage: Levels::new(runs.window),
        hits: 0,
        moves: 0,
    };
    let (result, fold) = runs.run(0, fold);
    let outage = fold.outage.finish().at(1);
    let secondary = metric(&result, "secondary_time_fraction");
    let seconds = runs.window.seconds();
    Measured {
        values: vec![
            ("outage_fraction", outage),
            ("secondary_fraction", secondary),
            ("failovers_per_hour", metric(&result, "failovers") / (seconds / 3600.0)),
        ],
        ratios: vec![
            ("mean_outage_per_failure", outage * seconds, fold.hits as f64),
            ("mean_stay_on_secondary", secondary * seconds, fold.moves as f64),
            ("p_failover_given_failure", fold.moves as f64, fold.hits as f64),
        ],
        chances: fold.hits as f64,
        ..Measured::default()
    }
}

#[test]
fn a_trunk_fails_over_as_renewal_theory_says() {
    for case in case::family("failover") {
        let (up, down) = (case.param("mtbf_s"), case.param("mttr_s"));
        let mut table = model::read(FAILOVER);
        let outages = |law: &str| format!("carriers.0.outages.{law}");
        let exponential = |mean: f64| model::law("exponential", mean, None);
        model::set(&mut table, &outages("time_to_failure"), exponential(up));
        model::set(&mut table, &outages("time_to_repair"), exponential(down));
        let hold_down = model::seconds(case.param("detect_s"));
        model::set(&mut table, "failover.hold_down", hold_down);
        let failback = model::seconds(case.param("hold_s"));
        model::set(&mut table, "failover.failback_delay", failback);
        Study {
            models: vec![table],
            warmup_s: CYCLES_OF_WARMUP * (up + down),
            measured_s: 1500.0 * (up + down),
            measure: &measure,
            ..Study::default()
        }
        .check(&case);
    }
}
