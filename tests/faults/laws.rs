//! Laws of every kind of fault and of random sets of them.

use trunksim::engine::statistics::mean_interval;

use super::{
    KINDS, assert_alike, assert_same, below, config, draw, fault, over_seeds, random_set, shuffled,
    value_list, without_faults,
};

const SCHEDULE: &str = "carriers.0.schedule";

/// Of no length: absent, byte for byte.
#[test]
fn a_fault_of_length_zero_has_no_effect() {
    let plain = config(&[], &[]);
    for (kind, _, severe) in KINDS {
        assert_same(kind, &config(&[fault(kind, severe, 300, 0)], &[]), &plain);
    }
    assert_same("a schedule", &config(&[], &[(SCHEDULE, "[{ at = '5m', for = '0s' }]")]), &plain);
    let outages = "{ time_to_failure = '3m', time_to_repair = '0s' }";
    let random = config(&[], &[("carriers.0.outages", outages)]);
    assert_alike("random outages", &without_faults(&random), &without_faults(&plain));
    // Beside others it changes nothing either.
    for set in 0..4 {
        let (faults, schedule) = random_set(set, 900);
        let schedule = [(SCHEDULE, &*value_list(&schedule))];
        let more = KINDS.map(|(kind, _, severe)| fault(kind, severe, 240 + set, 0));
        let with: Vec<String> = more.into_iter().chain(faults.clone()).collect();
        assert_same(&format!("set {set}"), &config(&with, &schedule), &config(&faults, &schedule));
    }
}

/// The order in the file decides nothing, byte for byte.
#[test]
fn the_order_of_faults_in_the_file_does_not_matter() {
    for set in 0..12 {
        let (mut faults, schedule) = random_set(set, 900);
        // Several begin at one instant.
        let (kind, mild, severe) = KINDS[set as usize % 8];
        faults.extend([mild, severe, mild].map(|settings| fault(kind, settings, 300, 60)));
        let mut draw = draw(1000 + set);
        let (others, moved) = (shuffled(&faults, &mut draw), shuffled(&schedule, &mut draw));
        assert_ne!(faults, others);
        assert_same(
            &format!("set {set}: {faults:?}"),
            &config(&faults, &[(SCHEDULE, &value_list(&schedule))]),
            &config(&others, &[(SCHEDULE, &value_list(&moved))]),
        );
    }
}

/// One that begins when another like it ends goes on with it: there is no gap between them.
#[test]
fn a_fault_that_follows_upon_another_is_one_with_it() {
    for (kind, _, severe) in KINDS {
        let one = config(&[fault(kind, severe, 300, 120)], &[]);
        let first = fault(kind, severe, 300, 60);
        let two = config(&[first.clone(), fault(kind, severe, 360, 60)], &[]);
        assert_alike(kind, &without_faults(&one), &without_faults(&two));
        let gap = config(&[first, fault(kind, severe, 400, 20)], &[]);
        let (one, gap) = (without_faults(&one), without_faults(&gap));
        assert!(one != gap || kind == "registrar_slowdown", "{kind} does nothing");
    }
}

/// The end of a fault leaves the others in force: one that adds nothing, within another, is not
/// seen.
#[test]
fn the_end_of_one_leaves_the_others_in_force() {
    let neutral = [
        ("carrier_outage", "carrier = 'telstra'"),
        ("api_brown_out", "slowdown = 1.0"),
        ("api_limit_cut", "factor = 1.0, limit = 'organization'"),
        ("sbc_restart", "sbc = 'sbc1'"),
        ("registrar_slowdown", "carrier = 'telstra', slowdown = 1.0"),
        ("leg_network", "carrier = 'telstra'"),
        ("api_network", "delay = '0s'"),
        ("agent_logout", "group = 'agents', share = 0.0"),
    ];
    for ((kind, _, severe), (same, nothing)) in KINDS.into_iter().zip(neutral) {
        assert_eq!(kind, same);
        let alone = [fault(kind, severe, 240, 300)];
        let [long] = alone.clone();
        let both = [fault(kind, nothing, 300, 60), long];
        let (alone, both) = (config(&alone, &[]), config(&both, &[]));
        assert_alike(kind, &without_faults(&alone), &without_faults(&both));
    }
    // An outage of the schedule within a fault's, and the other way round.
    let out = |at, length| [fault("carrier_outage", "carrier = 'telstra'", at, length)];
    let alone = without_faults(&config(&out(240, 300), &[]));
    let within = config(&out(240, 300), &[(SCHEDULE, "[{ at = '5m', for = '1m' }]")]);
    assert_alike("a schedule within", &alone, &without_faults(&within));
    let around = config(&out(300, 60), &[(SCHEDULE, "[{ at = '4m', for = '5m' }]")]);
    assert_alike("a schedule around", &alone, &without_faults(&around));
    // All agents are away already.
    let share = |share: f64, at, length| {
        fault("agent_logout", &format!("group = 'agents', share = {share:?}"), at, length)
    };
    let all = config(&[share(1.0, 240, 300)], &[]);
    let more = config(&[share(1.0, 240, 300), share(0.7, 300, 60)], &[]);
    assert_alike("more than all", &without_faults(&all), &without_faults(&more));
}

/// One that lasts past every end there is, and one that begins at the horizon.
#[test]
fn faults_may_last_past_the_horizon_or_for_ever() {
    for (kind, _, severe) in KINDS {
        let settings = format!("kind = '{kind}', {severe}");
        for length in ["15m", "30m", "500000000000s", "10000000000s"] {
            let lasting = format!("{{ {settings}, at = '10m', for = '{length}' }}");
            let parsed = std::panic::catch_unwind(|| config(std::slice::from_ref(&lasting), &[]));
            // Longer than a length of time can be is refused, not survived.
            let Ok(lasting) = parsed else {
                assert_eq!(length, "500000000000s", "{kind}");
                continue;
            };
            super::run(&lasting);
        }
        let late = fault(kind, severe, 1200, 60);
        assert_same(kind, &config(&[late], &[]), &config(&[], &[]));
    }
}

/// After the last fault, and time enough, the system is statistically the one without. Runs share
/// their draws.
fn recovers(values: &[(&str, &str)]) {
    const LATE: [(&str, &str); 2] = [("horizon", "'50m'"), ("warmup", "'30m'")];
    let values: Vec<_> = LATE.iter().chain(values).copied().collect();
    let metrics = ["service_level_end_to_end", "calls_answered", "unregistered_fraction"];
    let plain = metrics.map(|name| over_seeds(&config(&[], &values), name, 12));
    let single = KINDS.map(|(kind, _, severe)| vec![fault(kind, severe, 300, 180)]);
    let sets = (0..6).map(|set| random_set(set, 600).0);
    for faults in single.into_iter().chain(sets) {
        let config = config(&faults, &values);
        for (name, plain) in metrics.into_iter().zip(&plain) {
            let with = over_seeds(&config, name, 12);
            let differences: Vec<f64> = with.iter().zip(plain).map(|(a, b)| a - b).collect();
            let interval = mean_interval(&differences, 0.9999);
            let scale = plain.iter().sum::<f64>().abs() / plain.len() as f64;
            let alike = interval.low() <= 0.0 && interval.high() >= 0.0;
            // Few runs that differ at all tell nothing of a spread.
            let little = interval.mean.abs() <= 0.002 * scale.max(1.0);
            assert!(alike || little, "{name} after {faults:?}: {differences:?}");
            assert!(interval.mean.abs() <= 0.02 * scale.max(1.0), "{name}: {differences:?}");
        }
    }
}

#[test]
fn after_the_last_fault_the_system_is_the_one_without() {
    recovers(&[]);
}

#[test]
fn after_the_last_fault_connections_recover_too() {
    for transport in ["'tcp'", "'tls'"] {
        recovers(&[("trunks.0.transport", transport)]);
    }
}

/// A worse fault is not better: of each kind a milder and a worse one, a shorter and a longer, one
/// and two, by the service level end to end.
#[test]
fn a_worse_fault_is_not_better() {
    let level =
        |faults: &[String]| over_seeds(&config(faults, &[]), "service_level_end_to_end", 16);
    let mut worse = 0;
    let mut check = |what: &str, mild: &[String], severe: &[String]| {
        let (mild, severe) = (level(mild), level(severe));
        let differences: Vec<f64> = severe.iter().zip(&mild).map(|(a, b)| a - b).collect();
        let interval = mean_interval(&differences, 0.9999);
        assert!(interval.low() <= 1e-9, "{what} is better: {differences:?}");
        worse += usize::from(interval.high() < 0.0);
        println!("{what}: {:.4}", interval.mean);
    };
    for (kind, mild, severe) in KINDS {
        let weak = [fault(kind, mild, 300, 300)];
        let short = [fault(kind, severe, 300, 60)];
        let strong = [fault(kind, severe, 300, 300)];
        check(&format!("{kind}, severe"), &weak, &strong);
        check(&format!("{kind}, long"), &short, &strong);
        check(&format!("{kind}, twice"), &strong, &[strong.clone(), weak].concat());
    }
    for set in 0..6 {
        let (faults, _) = random_set(set, 900);
        let fewer = below(&mut draw(2000 + set), 7) as usize + 1;
        check(&format!("set {set}"), &faults[..fewer], &faults);
    }
    // An outage of a carrier that connects again drops no call: not every fault has to do harm.
    assert!(worse >= 6, "only {worse} of these faults do any harm: nothing is shown");
}
