//! SIP over UDP: when requests go out again, and how long an INVITE takes where messages are lost.

use std::collections::BTreeMap;

use toml::Table;
use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::policies::sip::Timers;
use trunksim::system::observation::{Observation, Observer};
use trunksim::system::{Response, simulate_observed};

use super::case::{self, Case};
use super::folds::{Values, Window};
use super::model;
use super::study::{Measured, Runs, Study, check_exact, listed};

const SIGNALLING: &str = include_str!("models/signalling.toml");
/// Longer than any timer.
const FOR_EVER_T1: f64 = 1000.0;

/// A model with the case's timers.
fn signalling(case: &Case) -> Table {
    let mut table = model::read(SIGNALLING);
    let t1 = case.param("T1");
    for (key, timer) in [("t1", "T1"), ("t2", "T2"), ("t4", "T4")] {
        if let Some(value) = case.get(timer) {
            model::set(&mut table, &format!("sip.{key}"), model::seconds(value));
        }
    }
    model::set(&mut table, "policy.timer_b", model::seconds(64.0 * t1));
    model::set(&mut table, "registration.transaction_timeout", model::seconds(64.0 * t1));
    table
}

/// When an unanswered request went out, and when it was given up.
#[derive(Default)]
struct Silence {
    sent: Vec<SimTime>,
    given_up: Option<SimTime>,
}

impl Observer for Silence {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        if self.given_up.is_some() {
            return;
        }
        match fact {
            Observation::InviteSent { .. } | Observation::RegisterSent { .. } => {
                self.sent.push(now);
            }
            Observation::InviteTimedOut { .. } | Observation::RegistrationTimedOut { .. } => {
                self.given_up = Some(now);
            }
            _ => {}
        }
    }
}

impl Silence {
    fn of(table: &Table) -> (Vec<f64>, f64) {
        let config = model::config(table);
        let (_, fold) = simulate_observed(&config, 1, 0, Self::default()).expect("the run ends");
        let since = |at: SimTime| (at - fold.sent[0]).as_secs_f64();
        let given_up = since(fold.given_up.expect("the request was given up"));
        (fold.sent.iter().map(|at| since(*at)).collect(), given_up)
    }
}

/// An SBC busy with the INVITE for ever.
fn silent_invite(case: &Case, transport: &str) -> (Vec<f64>, f64) {
    let for_ever = FOR_EVER_T1 * case.param("T1");
    let mut table = signalling(case);
    let mut arrivals = Table::new();
    model::set(&mut arrivals, "kind", "periodic");
    model::set(&mut arrivals, "every", model::seconds(2.0 * for_ever));
    model::set(&mut arrivals, "phase", "1s");
    model::set(&mut table, "horizon", model::seconds(for_ever));
    model::set(&mut table, "trunks.0.arrivals", arrivals);
    model::set(&mut table, "trunks.0.transport", transport);
    model::set(&mut table, "sbcs.0.invite", model::seconds(for_ever));
    Silence::of(&table)
}

/// A registrar busy with the first REGISTER for ever.
fn silent_register(case: &Case) -> (Vec<f64>, f64) {
    let for_ever = FOR_EVER_T1 * case.param("T1");
    let mut table = signalling(case);
    model::set(&mut table, "horizon", model::seconds(for_ever));
    model::set(&mut table, "trunks.0.primary.registration", true);
    model::set(&mut table, "carriers.0.registrar.service", model::seconds(for_ever));
    Silence::of(&table)
}

/// What a run sends comes from runs; of the timers for which nothing in a run waits, and of an
/// unacknowledged 2xx, the policy is asked.
#[test]
fn requests_go_out_and_are_given_up_as_rfc_3261_says() {
    for case in case::family("sip_timers") {
        let (invites, timer_b) = silent_invite(&case, "udp");
        let (registers, timer_f) = silent_register(&case);
        let (over_tls, _) = silent_invite(&case, "tls");
        let spec = signalling(&case)["sip"].clone();
        let timers: Timers = spec.try_into().expect("timers");
        let of_policy = |wait: SimDuration| wait.as_secs_f64();
        let responses: Vec<f64> = timers.response_instants().into_iter().map(of_policy).collect();
        let mut exact = [
            ("timer_B", timer_b),
            ("timer_F", timer_f),
            ("invite_udp_transmissions", invites.len() as f64),
            ("noninvite_udp_transmissions", registers.len() as f64),
            ("uas_2xx_giveup", of_policy(timers.timer_b())),
            ("timer_H", of_policy(timers.timer_b())),
            ("timer_D_udp_min", of_policy(timers.timer_d(false))),
            ("timer_D_tls", of_policy(timers.timer_d(true))),
            ("timer_I_udp", of_policy(timers.timer_k(false))),
            ("timer_K_udp", of_policy(timers.timer_k(false))),
            ("timer_K_tls", of_policy(timers.timer_k(true))),
            ("timer_J_udp", of_policy(timers.timer_j(false))),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec();
        exact.extend(listed("invite_udp_send_instants", &invites));
        exact.extend(listed("noninvite_udp_send_instants", &registers));
        exact.extend(listed("invite_tls_send_instants", &over_tls));
        exact.extend(listed("uas_2xx_retransmit_instants", &responses));
        check_exact(&case, &exact);
    }
}

/// How long each INVITE waited for its first response. Several are under way at once.
struct Invites {
    window: Window,
    sent: BTreeMap<trunksim::system::ids::CallId, SimTime>,
    delays: Values,
    timed_out: u64,
}

impl Observer for Invites {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        match *fact {
            Observation::InviteSent { call, retransmission: 0, .. } if self.window.holds(now) => {
                self.sent.insert(call, now);
            }
            Observation::InviteAnswered { call, response: Response::Trying, .. } => {
                if let Some(since) = self.sent.remove(&call) {
                    self.delays.add((now - since).as_secs_f64());
                }
            }
            Observation::InviteTimedOut { call, after_trying: false, .. } => {
                self.timed_out += u64::from(self.sent.remove(&call).is_some());
            }
            _ => {}
        }
    }
}

fn measure_loss(runs: &Runs) -> Measured {
    let (window, sent) = (runs.window, BTreeMap::default());
    let fold = Invites { window, sent, delays: Values::default(), timed_out: 0 };
    let (_, fold) = runs.run(0, fold);
    let (delays, timed_out) = (fold.delays, fold.timed_out as f64);
    let invites = delays.len() + timed_out;
    Measured {
        values: vec![
            ("p_timeout", timed_out / invites),
            ("mean_delay_given_success", delays.mean()),
            ("p_delay_gt_1_5s", delays.above(1.5) / delays.len()),
        ],
        chances: invites,
        ..Measured::default()
    }
}

/// The SBC answers every INVITE with 100 at once and asks an API that takes longer than anybody
/// waits; the callers hang up when the time for a first response is over, so that what comes after
/// does not matter.
#[test]
fn invites_take_as_long_as_their_losses_say() {
    for case in case::family("sip_loss") {
        let timer_b = 64.0 * case.param("T1");
        let mut table = signalling(&case);
        model::set(&mut table, "policy.point", "per_invite");
        model::set(&mut table, "policy.route_attempts", 1);
        model::set(&mut table, "calls.setup_patience", model::seconds(timer_b + 1.0));
        model::set(&mut table, "api.service", model::seconds(2.0 * timer_b));
        model::set(&mut table, "api.servers", 1_000_000);
        model::set(&mut table, "client.connections", 1_000_000);
        model::set(&mut table, "client.coalesce", false);
        model::set(&mut table, "client.attempt_timeout", model::seconds(4.0 * timer_b));
        model::set(&mut table, "trunks.0.arrivals", model::poisson(10.0));
        model::set(&mut table, "trunks.0.primary.loss", case.param("loss_each_way"));
        model::set(&mut table, "trunks.0.primary.rtt", model::seconds(case.param("rtt_s")));
        Study {
            models: vec![table],
            measured_s: 200.0,
            measure: &measure_loss,
            ..Study::default()
        }
        .check(&case);
    }
}
