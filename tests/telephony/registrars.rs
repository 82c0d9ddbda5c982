//! REGISTER transactions, registrars that refuse, spread or forget, and devices that give up.

use trunksim::policies::registration::PRESETS;

use super::*;

const NO_CALLS: &str = "'trunks.T.arrivals' = { kind = 'none' }";

/// Report 14: REGISTERs without an answer are 32 + 60 = 92 s apart, and an Asterisk that may retry
/// ten times is silent for good 32 + 10·92 s after the first.
#[test]
fn a_device_gives_up_after_its_retries() {
    let model = "reports/14-asterisk-registration-gives-up/model.toml";
    let timeouts =
        |run: &Run| run.instants(|f| matches!(f, Observation::RegistrationTimedOut { .. }));
    let forever = timeouts(&case(model, &[]));
    assert!(forever.windows(2).all(|pair| about(pair[1] - pair[0], 92.0)), "{forever:?}");
    let run = case(model, &["registration.retry.max_retries=10"]);
    let bounded = timeouts(&run);
    assert_eq!(bounded.len(), 11, "{bounded:?}");
    assert!(about(bounded[10] - bounded[0], 920.0), "{bounded:?}");
    let given_up = run.instants(|f| matches!(f, Observation::RegistrationGivenUp { .. }));
    assert_eq!(given_up, [bounded[10]]);
    let sent = run.instants(|f| matches!(f, Observation::RegisterSent { .. }));
    assert!(sent.iter().all(|at| *at <= bounded[10]), "it goes on after it has given up");
}

/// Report 14: over UDP there is no connection to lose. An outage of 20 s costs the calls of those
/// 20 s, and no registration.
#[test]
fn a_short_outage_over_udp_costs_the_calls_of_its_time() {
    let run = case("reports/14-asterisk-registration-gives-up/udp-short-outage.toml", &[]);
    assert!(about(run.metric("calls_lost"), 2.0), "{}", run.metric("calls_lost"));
    assert!(about(run.metric("re_registrations"), 0.0));
    assert!(about(run.metric("calls_dropped"), 0.0));
}

/// A retransmitted REGISTER is absorbed by the registrar's transaction once it was accepted, and
/// gets the answer again once there is one (RFC 3261 §17.2.2). A stateless registrar serves each.
#[test]
fn retransmitted_registers_are_absorbed_by_the_servers_transaction() {
    let served = |changes: &str| {
        let run = run(&format!(
            "{NO_CALLS}\n'trunks.*.transport' = 'udp'\n'registration.initially_registered' = false\n\
             'carriers.a.registrar.service' = '3s'\n'carriers.a.registrar.challenge' = false\n\
             horizon = '60s'\n{changes}"
        ));
        let sent = run.count(|f| matches!(f, Observation::RegisterSent { .. }));
        let served = run.count(|f| matches!(f, Observation::RegisterQueued { taken: true, .. }));
        (sent, served, run.metric("registrations"))
    };
    // Copies after 0, 0.5 and 1.5 s; the answer comes after 3 s.
    assert_eq!(served(""), (3, 1, 1.0));
    let (sent, each, _) = served("'carriers.a.registrar.stateful' = false");
    assert_eq!(sent, each);
}

/// The answer to a REGISTER is lost: the next copy gets it again, without being served again.
#[test]
fn a_lost_answer_to_a_register_is_repeated() {
    let run = run(&format!(
        "{NO_CALLS}\n'trunks.*.transport' = 'udp'\n'registration.initially_registered' = false\n\
         'carriers.a.registrar.service' = '3s'\n'carriers.a.registrar.challenge' = false\n\
         horizon = '60s'\n\
         faults = [{{ kind = 'carrier_outage', carrier = 'a', at = '2900ms', for = '200ms' }}]"
    ));
    let registered = run.instants(|f| matches!(f, Observation::Registered { .. }));
    // Copies after 0, 0.5, 1.5, 3.5 s.
    assert!(registered.len() == 1 && (3.5..3.6).contains(&registered[0]), "{registered:?}");
    assert_eq!(run.count(|f| matches!(f, Observation::RegisterQueued { taken: true, .. })), 1);
}

/// An answer that is final for the device ends it; one that is not is waited out.
#[test]
fn final_answers_end_a_registration_where_the_device_says_so() {
    let gives_up = |status: u16, device: &str| {
        let preset = PRESETS.iter().find(|p| p.name == device).expect("a preset");
        let retry: Table = preset.settings.parse().expect("TOML");
        let retry = toml::Value::Table(retry);
        let run = run(&format!(
            "{NO_CALLS}\n'registration.initially_registered' = false\n\
             'carriers.a.registrar.failure_share' = 1.0\n\
             'carriers.a.registrar.failure_status' = {status}\n'registration.retry' = {retry}"
        ));
        let refused = run.metric("registration_refusals");
        (run.count(|f| matches!(f, Observation::RegistrationGivenUp { .. })), refused)
    };
    let asterisk = "asterisk";
    assert_eq!(gives_up(403, asterisk), (1, 1.0));
    assert_eq!(gives_up(404, asterisk), (1, 1.0));
    assert_eq!(gives_up(503, asterisk), (1, 11.0));
    // Half an hour of 30 s: at 0, 30, … s. And of 30 s times the failures: 0, 30, 90, 180, … s.
    let (never, refused) = gives_up(403, "audiocodes");
    assert!(never == 0 && (59.0..=60.0).contains(&refused), "{refused}");
    let (never, refused) = gives_up(403, "freeswitch");
    assert!(never == 0 && (10.0..=11.0).contains(&refused), "{refused}");
    let (never, refused) = gives_up(503, "freeswitch");
    assert!(never == 0 && (59.0..=60.0).contains(&refused), "{refused}");
}

/// First REGISTERs are spread over `initial_delay_max`, at the start and after a restart; bindings
/// granted are spread by the registrar.
#[test]
fn first_registers_and_expiries_are_spread() {
    let many = |changes: &str| {
        run(&format!(
            "{NO_CALLS}\n'trunks.T.count' = 200\n'trunks.T.id' = 'T{{n}}'\n\
             'registration.initially_registered' = false\n'sbcs.s.queue' = 1000\n{changes}"
        ))
    };
    let sent = |run: &Run, from: f64| -> Vec<f64> {
        let sent = run.instants(|f| matches!(f, Observation::RegisterSent { .. }));
        sent.into_iter().filter(|at| *at >= from).collect()
    };
    let delayed = many(
        "'registration.initial_delay_max' = '10s'\n\
         faults = [{ kind = 'sbc_restart', sbc = 's', at = '60s', for = '1s' }]",
    );
    for start in [0.0, 61.0] {
        let near: Vec<f64> =
            sent(&delayed, start).into_iter().filter(|t| *t < start + 12.0).collect();
        let within =
            |a: f64, b: f64| near.iter().filter(|t| **t >= start + a && **t < start + b).count();
        // Two REGISTERs each, of 200: about 200 in each half of ten seconds.
        assert!(
            within(0.0, 5.0) > 140 && within(5.0, 11.5) > 140,
            "{} {}",
            within(0.0, 5.0),
            within(5.0, 11.5)
        );
    }
    // Bindings of 100 s are refreshed after 50 s; spread by 40 s, after 30 to 50 s.
    let refreshes = |changes: &str| {
        let run =
            many(&format!("'carriers.a.registrar.expires' = '100s'\nhorizon = '55s'\n{changes}"));
        sent(&run, 15.0)
    };
    let together = refreshes("");
    assert!(together.iter().all(|t| *t > 45.0), "{:?}", together.first());
    let spread = refreshes("'carriers.a.registrar.expires_spread' = '40s'");
    assert!(spread.iter().filter(|t| **t < 42.0).count() > 60, "{}", spread.len());
}

/// Of all the trunks of the operators' system on UDP none loses a call that is connected, and few
/// registrations time out: an independent implementation gives 9.0 ± 2.1 a run.
#[test]
fn the_operators_system_over_udp_drops_no_call() {
    let table: Table = include_str!("../../models/apac.toml").parse().expect("TOML");
    let mut timeouts = Vec::new();
    for seed in 1..=8 {
        let mut table = table.clone();
        for (key, value) in [("trunks.*.transport", "udp"), ("horizon", "30m")] {
            assign(&mut table, key, &value.into()).expect("a key");
        }
        assign(&mut table, "failover.active_calls", &"drain".into()).expect("a key");
        let result = trunksim::system::simulate(&model::config(&table), seed, 0).expect("it runs");
        let metric = |name: &str| result.metrics[index_of(name).expect("a metric")];
        assert!(about(metric("calls_dropped"), 0.0), "{}", metric("calls_dropped"));
        timeouts.push(metric("registration_timeouts"));
    }
    let mean = timeouts.iter().sum::<f64>() / 8.0;
    assert!((3.0..20.0).contains(&mean), "{timeouts:?}");
}

/// A REGISTER that its device has given up is served nevertheless, and its late end is no answer to
/// the one that was accepted after it: that one is absorbed until it has its own.
#[test]
fn the_end_of_an_earlier_register_does_not_answer_a_later_one() {
    let run = run(&format!(
        "{NO_CALLS}\n'trunks.*.transport' = 'udp'\n'registration.initially_registered' = false\n\
         'carriers.a.registrar.service' = '5s'\n'carriers.a.registrar.challenge' = false\n\
         'registration.transaction_timeout' = '4s'\n\
         'registration.retry' = {{ kind = 'fixed', interval = '100ms' }}\nhorizon = '60s'"
    ));
    let first = |f: &Observation| matches!(f, Observation::RegisterSent { retransmission: 0, .. });
    let taken = |f: &Observation| matches!(f, Observation::RegisterQueued { taken: true, .. });
    assert!(run.count(first) > 10, "{}", run.count(first));
    assert_eq!(run.count(taken), run.count(first));
}
