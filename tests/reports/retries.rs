//! Waits between attempts that follow, or ignore, what the server says.

use super::{ns, run};

const URLLIB3: &str = "08-urllib3-backoff/model";
const AN_HOUR: [&str; 2] = ["api.retry_after.kind=fixed", "api.retry_after.delay=3600s"];

/// `Retry(total=3, backoff_factor=0.3, status_forcelist=[429])`: no wait before the first retry,
/// then 0.3·2 and 0.3·4 s. A `Retry-After` of an hour is ignored with
/// `respect_retry_after_header=False`, and without it makes three hours.
/// urllib3 #847, #3375, #3377, requests #4854.
#[test]
fn urllib3_waits_by_its_factor_unless_it_is_told_otherwise() {
    let ignored = [AN_HOUR[0], AN_HOUR[1], "client.retry.retry_after=ignored"];
    let usual = ["10s", "10s", "10600ms", "11800ms"];
    let honoured = ["10s", "3610s", "7210s", "10810s"];
    let cases: [(&[&str], _); 3] = [(&[], usual), (&ignored, usual), (&AN_HOUR, honoured)];
    for (overrides, expected) in cases {
        let seen = run(URLLIB3, overrides);
        // The first call, at 1 s, uses the limit up; answers take 1 ms of service at most.
        let sent: Vec<u64> = seen.sent.iter().skip(1).map(|at| at / ns("10ms")).collect();
        assert_eq!(sent, expected.map(|at| ns(at) / ns("10ms")), "{overrides:?}");
    }
}
