//! governor (its documented examples, and traces of 0.10.4 on a fake clock), python `limits` 5.8.0
//! (on a fake clock) and Cloudflare's published example. All are exact.

use serde_json::Value;
use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::policies::families;
use trunksim::policies::limiter::{Admission, Limiter, LimiterSpec};

/// A preset's limiter, with some of its keys changed.
pub(super) fn limiter(name: &str, changes: &[(&str, toml::Value)]) -> Limiter {
    let preset = families::find("limiter", name).expect("a preset of this name");
    let mut table: toml::Table = toml::from_str(preset.settings).unwrap();
    for (key, value) in changes {
        assert!(table.insert((*key).to_owned(), value.clone()).is_some(), "{name} has no {key}");
    }
    let spec: LimiterSpec = table.try_into().unwrap();
    assert_eq!(spec.check(), []);
    Limiter::new(&spec)
}

pub(super) fn at_ms(ms: u64) -> SimTime {
    SimTime::ZERO + SimDuration::from_millis(ms)
}

const GOVERNOR: [&str; 4] = [
    include_str!("../cases/traces/governor_300pm_burst1.json"),
    include_str!("../cases/traces/governor_300pm_burst10.json"),
    include_str!("../cases/traces/governor_300pm_burst300.json"),
    include_str!("../cases/traces/governor_edge_10ps_burst3.json"),
];

#[test]
fn governor_decides_and_promises_as_it_did() {
    let mut rows = 0;
    for text in GOVERNOR {
        let trace: Value = serde_json::from_str(text).unwrap();
        let input = &trace["input"];
        let rate = 1e9 / input["period_ns"].as_f64().unwrap();
        let burst = input["burst"].as_i64().unwrap();
        let mut limiter =
            limiter("governor", &[("rate_per_s", rate.into()), ("burst", burst.into())]);
        let observed = trace["observed"].as_array().unwrap();
        assert_eq!(observed.len() as u64, trace["n"].as_u64().unwrap());
        let mut accepted = 0;
        for row in observed {
            let [t, allowed, wait] = [0, 1, 2].map(|i| row[i].as_u64().unwrap());
            let now = SimTime::from_nanos(t);
            let expected = if allowed == 1 {
                Admission::Granted
            } else {
                Admission::Denied { retry_at: now + SimDuration::from_nanos(wait) }
            };
            assert_eq!(limiter.admit(now, 1), expected, "{} at {t} ns", trace["id"]);
            accepted += allowed;
            rows += 1;
        }
        assert_eq!(accepted, trace["accepted"].as_u64().unwrap());
    }
    assert_eq!(rows, 5021);
}

/// A row of the documented examples; the rows of a case follow each other.
fn documented(case: &str, limiter: &mut Limiter, fields: &[&str]) {
    let now = at_ms(fields[1].parse().unwrap());
    let rest = &fields[2..];
    let admits = |limiter: &mut Limiter, n| limiter.admit(now, n) == Admission::Granted;
    match rest {
        ["5x1 ok; 6th deny", ..] => {
            (0..5).for_each(|i| assert!(admits(limiter, 1), "{case}: {i}"));
            assert!(!admits(limiter, 1), "{case}");
        }
        ["1 ok; 2nd: rate-limited until 1s", ..] => {
            assert!(admits(limiter, 1));
            assert_eq!(limiter.admit(now, 1), Admission::Denied { retry_at: at_ms(1000) });
        }
        [n, "InsufficientCapacity(5)"] => {
            let never = Admission::Denied { retry_at: SimTime::NEVER };
            assert_eq!(limiter.admit(now, n.parse().unwrap()), never, "{case}");
            assert_eq!(limiter.capacity(), 5);
        }
        [n, "ok"] => assert!(admits(limiter, n.parse().unwrap()), "{case} at {now}"),
        [n, "deny"] => assert!(!admits(limiter, n.parse().unwrap()), "{case} at {now}"),
        other => panic!("a row that is not understood: {other:?}"),
    }
}

#[test]
fn governor_decides_as_its_documentation_says() {
    let text = include_str!("../cases/policies/governor_gcra.csv");
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let mut running: Option<(String, Limiter)> = None;
    let mut rows = 0;
    for record in reader.records() {
        let record = record.unwrap();
        let mut fields: Vec<&str> = record.iter().collect();
        fields.truncate(4);
        while fields.last() == Some(&"") {
            fields.pop();
        }
        let case = fields[0].to_owned();
        if running.as_ref().is_none_or(|(name, _)| *name != case) {
            let count = case.strip_prefix("per_second(").unwrap().split(')').next().unwrap();
            let count: i64 = count.parse().unwrap();
            let rate = (count as f64).into();
            let mut limiter = limiter("governor", &[("rate_per_s", rate), ("burst", count.into())]);
            if case.ends_with("20 at t=0") {
                (0..20).for_each(|_| assert_eq!(limiter.admit(at_ms(0), 1), Admission::Granted));
            }
            running = Some((case.clone(), limiter));
        }
        documented(&case, &mut running.as_mut().unwrap().1, &fields);
        rows += 1;
    }
    assert_eq!(rows, 18);
}

#[test]
fn python_limits_decides_as_it_did() {
    let traces = [
        ("limits_fixed_window", include_str!("../cases/traces/limits_fixed_300pm.json")),
        ("limits_moving_window", include_str!("../cases/traces/limits_moving_15per3s.json")),
    ];
    for (preset, text) in traces {
        let trace: Value = serde_json::from_str(text).unwrap();
        let mut limiter = limiter(preset, &[]);
        let observed = trace["observed"].as_array().unwrap();
        assert!(observed.len() > 300);
        for row in observed {
            let now = SimTime::ZERO + SimDuration::from_secs_f64(row[0].as_f64().unwrap());
            let allowed = limiter.admit(now, 1) == Admission::Granted;
            assert_eq!(allowed, row[1] == 1, "{preset} at {now}");
        }
    }
}

/// 42·0.75 + 18 = 49.5: the eighteenth is within 50, one more is not until a second window's share
/// has gone: 42·(1 − e/60) + 19 ≤ 50 from e = 15.714 s.
#[test]
fn cloudflare_estimates_as_it_says() {
    let text = include_str!("../cases/policies/cloudflare_sliding.csv");
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(text.as_bytes());
    let record = reader.records().next().unwrap().unwrap();
    let [limit, window, previous, current, elapsed, estimate] =
        [0, 1, 2, 3, 4, 5].map(|i| record[i].parse::<f64>().unwrap());
    let mut limiter = limiter(
        "cloudflare_sliding",
        &[("limit", (limit as i64).into()), ("window", format!("{window}s").into())],
    );
    for _ in 0..previous as u32 {
        assert_eq!(limiter.admit(at_ms(1000), 1), Admission::Granted);
    }
    let now = at_ms((window + elapsed) as u64 * 1000);
    // What the estimate leaves of the limit before each request, in whole requests.
    for before in 0..current as u32 {
        let left = limit - (estimate - current + f64::from(before));
        assert_eq!(limiter.remaining(now), left as u32);
        assert_eq!(limiter.admit(now, 1), Admission::Granted);
    }
    let retry_at = SimTime::from_nanos(75_714_285_715);
    assert_eq!(limiter.admit(now, 1), Admission::Denied { retry_at });
}
