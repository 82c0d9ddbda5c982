//! nginx's `limit_req`: its arithmetic row by row, and traces of nginx 1.22.1.

use serde_json::Value;
use trunksim::policies::limiter::{Admission, Limiter};

use super::limiters::{at_ms, limiter};

fn nginx(rate: i64, burst: i64, nodelay: bool) -> Limiter {
    let changes = [("rate", rate.into()), ("burst", burst.into()), ("nodelay", nodelay.into())];
    limiter("nginx_limit_req", &changes)
}

/// The excess is not told, but shows in the delay: excess·1000/rate milliseconds.
#[test]
fn nginx_counts_as_its_source_does() {
    let text = include_str!("../cases/policies/nginx_limit_req.csv");
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).comment(Some(b'#')).from_reader(text.as_bytes());
    let mut running: Option<(String, Limiter)> = None;
    let mut rows = 0;
    for record in reader.records() {
        let record = record.unwrap();
        // The case's name may hold commas; the last four columns do not.
        let fields: Vec<&str> = record.iter().collect();
        let (case, row) = fields.split_at(fields.len() - 4);
        let case = case.join(",");
        if running.as_ref().is_none_or(|(name, _)| *name != case) {
            let burst = if case.contains("burst20") { 20 } else { 0 };
            assert!(case.starts_with("10r/s"));
            running = Some((case.clone(), nginx(10, burst, false)));
        }
        let limiter = &mut running.as_mut().unwrap().1;
        let [t, excess, delay] = [0, 2, 3].map(|i| row[i].parse::<u64>().unwrap());
        let now = at_ms(t);
        let answer = limiter.admit(now, 1);
        match row[1] {
            "pass" if delay == 0 => assert_eq!(answer, Admission::Granted, "{case} at {t}"),
            "pass" => {
                assert_eq!(answer, Admission::Delayed { until: at_ms(t + delay) });
                assert_eq!(excess, delay * 10);
            }
            "503" => assert!(matches!(answer, Admission::Denied { .. }), "{case} at {t}"),
            other => panic!("{other}"),
        }
        rows += 1;
    }
    assert_eq!(rows, 26);
}

const TRACES: [&str; 3] = [
    include_str!("../cases/traces/nginx_10rps_burst5_delay.json"),
    include_str!("../cases/traces/nginx_5rps_burst0.json"),
    include_str!("../cases/traces/nginx_5rps_burst10_nodelay.json"),
];
/// "Decisions within ±2 ms of a boundary may flip": nginx's clock is cached, and the log rounds.
const BOUNDARY_MS: u64 = 2;

/// What was decided, as nginx's log says it.
fn status(admission: Admission) -> &'static str {
    match admission {
        Admission::Granted => "PASSED",
        Admission::Delayed { .. } => "DELAYED",
        Admission::Denied { .. } => "REJECTED",
    }
}

/// Replayed on nginx's own clock. Where nginx decided otherwise, it must have been at a boundary:
/// the limiter would have decided so within 2 ms; it then goes on from what nginx decided.
#[test]
fn nginx_decides_as_it_did() {
    let mut rows = 0;
    let mut flipped = 0;
    for text in TRACES {
        let trace: Value = serde_json::from_str(text).unwrap();
        let input = &trace["input"];
        let rate = input["rate"].as_str().unwrap().strip_suffix("r/s").unwrap();
        let nodelay = input["mode"] == "nodelay";
        let mut limiter = nginx(rate.parse().unwrap(), input["burst"].as_i64().unwrap(), nodelay);
        for row in trace["observed"].as_array().unwrap() {
            // nginx counts from its first request; any origin will do.
            let t = row[1].as_u64().unwrap() + 1000;
            let seen = row[3].as_str().unwrap();
            let before = limiter.clone();
            let mut answer = limiter.admit(at_ms(t), 1);
            if status(answer) != seen {
                let near = (t - BOUNDARY_MS..=t + BOUNDARY_MS)
                    .find(|&near| status(before.check(at_ms(near), 1)) == seen)
                    .unwrap_or_else(|| panic!("{} at {t}: {seen}, not {answer:?}", trace["id"]));
                limiter = before;
                answer = limiter.admit(at_ms(near), 1);
                flipped += 1;
            }
            if let Admission::Delayed { until } = answer {
                // The rest of its time is that of the answer; a request took no time otherwise.
                let took = row[4].as_u64().unwrap();
                let held = (until - at_ms(t)).as_nanos() / 1_000_000;
                assert!(took.abs_diff(held) <= BOUNDARY_MS + 1, "held {held} ms, took {took} ms");
            }
            rows += 1;
        }
    }
    assert_eq!(rows, 240);
    // The traces' own replay counted one.
    assert!(flipped <= 1, "{flipped}");
}
