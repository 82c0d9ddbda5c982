//! Retry libraries of one language: Polly, resilience4j, tenacity, backon, urllib3.

use crate::policies::preset::{Follows, Preset};

pub(super) const POLLY_V8: Preset = Preset {
    name: "polly_v8",
    settings: r#"
attempts = 4
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["4xx", "5xx", "timeout", "refused", "bulkhead"]
retry_after_needed = []
backoff = { kind = "polly", growth = "constant", delay = "2s", jitter = false }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
    summary: "Polly 8 RetryStrategyOptions: 3 retries, 2 s apart",
    source: "Polly 173d6d1, RetryStrategyOptions.cs and RetryHelper.cs",
    follows: Follows::version("Polly", "173d6d1 (version 8)").since("8.0.0 [from memory]"),
    cases: &["policies/polly_retry_delay.csv"],
};

pub(super) const POLLY_V8_EXPONENTIAL_JITTER: Preset = Preset {
    name: "polly_v8_exponential_jitter",
    settings: r#"
attempts = 4
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["4xx", "5xx", "timeout", "refused", "bulkhead"]
retry_after_needed = []
backoff = { kind = "polly", growth = "exponential", delay = "2s", jitter = true }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
    summary: "Polly 8 RetryStrategyOptions: 3 retries, exponential from 2 s with its decorrelated jitter V2",
    source: "Polly 173d6d1, RetryHelper.cs",
    follows: Follows::version("Polly", "173d6d1 (version 8)").since("8.0.0 [from memory]"),
    cases: &["policies/polly_retry_delay.csv"],
};

pub(super) const RESILIENCE4J: Preset = Preset {
    name: "resilience4j",
    settings: r#"
attempts = 3
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["4xx", "5xx", "timeout", "refused", "bulkhead"]
retry_after_needed = []
backoff = { kind = "resilience4j", initial = "500ms", multiplier = 1.0, randomization = 0.0 }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
    summary: "resilience4j RetryConfig: 3 attempts, 500 ms apart",
    source: "resilience4j af9e7c9, RetryConfig.java and IntervalFunction.java",
    follows: Follows::version("resilience4j", "af9e7c9"),
    cases: &[],
};

pub(super) const RESILIENCE4J_EXPONENTIAL_RANDOM: Preset = Preset {
    name: "resilience4j_exponential_random",
    settings: r#"
attempts = 3
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["4xx", "5xx", "timeout", "refused", "bulkhead"]
retry_after_needed = []
backoff = { kind = "resilience4j", initial = "500ms", multiplier = 1.5, randomization = 0.5 }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
    summary: "resilience4j RetryConfig with IntervalFunction.ofExponentialRandomBackoff(): 3 attempts, 500 ms times 1.5, spread by half",
    source: "resilience4j af9e7c9, IntervalFunction.java",
    follows: Follows::version("resilience4j", "af9e7c9"),
    cases: &[],
};

pub(super) const TENACITY: Preset = Preset {
    name: "tenacity",
    settings: r#"
attempts = 1000000
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["4xx", "5xx", "timeout", "refused", "bulkhead"]
retry_after_needed = []
backoff = { kind = "tenacity", wait = "exponential", multiplier = "1s", exp_base = 2.0, min = "0s", max = "1m", jitter = "0s" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
    summary: "tenacity's wait_exponential; it never stops unless told to",
    source: "tenacity 9.2.1, wait.py and stop.py; the greatest wait of 60 s is an assumption, the library has none",
    follows: Follows::version("tenacity", "9.2.1"),
    cases: &["traces/tenacity_expo.json", "policies/tenacity_waits.csv"],
};

pub(super) const BACKON: Preset = Preset {
    name: "backon",
    settings: r#"
attempts = 4
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["4xx", "5xx", "timeout", "refused", "bulkhead"]
retry_after_needed = []
backoff = { kind = "backon", min_delay = "1s", factor = 2.0, max_delay = "1m", jitter = false }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
    summary: "backon's ExponentialBuilder: 3 retries from 1 s",
    source: "backon 1.6.0, backoff/exponential.rs",
    follows: Follows::version("backon", "1.6.0"),
    cases: &["policies/backon_delays.csv"],
};

pub(super) const URLLIB3: Preset = Preset {
    name: "urllib3",
    settings: r#"
attempts = 11
wait_out_deadline = false
retry_after = "honoured_unless_zero"
retry_after_max = "6h"
retry_on = ["413", "429", "503", "timeout"]
retry_after_needed = ["413", "429", "503"]
methods = ["get", "put", "delete"]
backoff = { kind = "urllib3", factor = "0s", max = "2m", jitter = "0s" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
    summary: "urllib3's Retry(): 10 retries of idempotent methods, after Retry-After only",
    source: "urllib3 2.8.0, util/retry.py",
    follows: Follows::version("urllib3", "2.8.0"),
    cases: &["traces/urllib3_backoff1.json", "policies/urllib3_backoff.csv"],
};
