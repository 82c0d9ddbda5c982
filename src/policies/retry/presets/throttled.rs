//! The presets of clients that learn how fast to send from their own successes and failures.

use crate::policies::preset::{Follows, Preset};

pub(super) const ATB: Preset = Preset {
    name: "atb",
    settings: r#"
attempts = 1000000
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["3xx", "4xx", "5xx", "timeout"]
retry_after_needed = []
backoff = { kind = "fixed", delay = "0s", jitter = "none" }
budget = { kind = "none" }
throttle = { kind = "atb", bucket_size = 40.0, initial_tokens = 1.0, initial_rate_per_min = 40.0, initial_congestion = 300.0, first_step = 1.2, second_step = 1.2, connection_errors_max = 10 }
"#,
    summary: "adaptive token bucket of arXiv 2510.04516, committed configuration; with the bulkhead preset of that name one request at a time; the eleventh time-out ends the client",
    source: "Bfarkiani/ratelimiter 5def00a (April 2025), ATB.py, configs/ATB/config_1.json",
    follows: Follows::version("Bfarkiani/ratelimiter", "5def00a (April 2025)"),
    cases: &["policies/atb.csv", "policies/atb_rounding.csv"],
};

pub(super) const ATB_CODE_DEFAULTS: Preset = Preset {
    name: "atb_code_defaults",
    settings: r#"
attempts = 1000000
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["3xx", "4xx", "5xx", "timeout"]
retry_after_needed = []
backoff = { kind = "fixed", delay = "0s", jitter = "none" }
budget = { kind = "none" }
throttle = { kind = "atb", bucket_size = 4.0, initial_tokens = 1.0, initial_rate_per_min = 1.0, initial_congestion = 60.0, first_step = 1.5, second_step = 1.2, connection_errors_max = 10 }
"#,
    summary: "adaptive token bucket of arXiv 2510.04516 with the defaults of its code",
    source: "Bfarkiani/ratelimiter 5def00a (April 2025), ATB.py",
    follows: Follows::version("Bfarkiani/ratelimiter", "5def00a (April 2025)"),
    cases: &["policies/atb.csv"],
};

pub(super) const AATB: Preset = Preset {
    name: "aatb",
    settings: r#"
attempts = 1000000
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["3xx", "4xx", "5xx", "timeout"]
retry_after_needed = []
backoff = { kind = "fixed", delay = "0s", jitter = "none" }
budget = { kind = "none" }
throttle = { kind = "aatb", bucket_size = 40.0, initial_tokens = 1.0, initial_rate_per_min = 40.0, first_step = 1.4, second_step = 1.2, report_window = "30s", telemetry_window = "30s", token_rate_per_min = 80.0, connection_errors_max = 10 }
"#,
    summary: "assisted adaptive token bucket of arXiv 2510.04516, committed configuration: all replicas report to one telemetry server; with the bulkhead preset atb one request at a time",
    source: "Bfarkiani/ratelimiter 5def00a (April 2025), AATB.py, AATB_TB.py, telemetry.py, configs/AATB/config1.json",
    follows: Follows::version("Bfarkiani/ratelimiter", "5def00a (April 2025)"),
    cases: &["policies/aatb.csv"],
};
