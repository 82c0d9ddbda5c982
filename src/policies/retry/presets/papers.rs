//! Policies of articles, books and simulators.

use crate::policies::preset::{Follows, Preset};

pub(super) const AWS_BLOG_EXPONENTIAL: Preset = Preset {
    name: "aws_blog_exponential",
    settings: r#"
attempts = 1000000
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["429", "5xx", "timeout"]
retry_after_needed = []
backoff = { kind = "exponential", base = "10ms", multiplier = 2.0, cap = "2s", jitter = "none" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
    summary: "aws-arch-backoff-simulator, no jitter",
    source: "aws-samples/aws-arch-backoff-simulator 66cb169; its first window is twice the base of 5 ms",
    follows: Follows::version("aws-arch-backoff-simulator", "66cb169").since("2015"),
    cases: &["policies/aws_backoff_occ.csv"],
};

pub(super) const AWS_BLOG_FULL_JITTER: Preset = Preset {
    name: "aws_blog_full_jitter",
    settings: r#"
attempts = 1000000
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["429", "5xx", "timeout"]
retry_after_needed = []
backoff = { kind = "exponential", base = "10ms", multiplier = 2.0, cap = "2s", jitter = "full" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
    summary: "aws-arch-backoff-simulator, full jitter",
    source: "aws-samples/aws-arch-backoff-simulator 66cb169",
    follows: Follows::version("aws-arch-backoff-simulator", "66cb169").since("2015"),
    cases: &["policies/aws_backoff_occ.csv"],
};

pub(super) const AWS_BLOG_EQUAL_JITTER: Preset = Preset {
    name: "aws_blog_equal_jitter",
    settings: r#"
attempts = 1000000
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["429", "5xx", "timeout"]
retry_after_needed = []
backoff = { kind = "exponential", base = "10ms", multiplier = 2.0, cap = "2s", jitter = "equal" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
    summary: "aws-arch-backoff-simulator, equal jitter",
    source: "aws-samples/aws-arch-backoff-simulator 66cb169",
    follows: Follows::version("aws-arch-backoff-simulator", "66cb169").since("2015"),
    cases: &["policies/aws_backoff_occ.csv"],
};

pub(super) const AWS_BLOG_DECORRELATED_JITTER: Preset = Preset {
    name: "aws_blog_decorrelated_jitter",
    settings: r#"
attempts = 1000000
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["429", "5xx", "timeout"]
retry_after_needed = []
backoff = { kind = "exponential", base = "5ms", multiplier = 2.0, cap = "2s", jitter = "decorrelated" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
    summary: "aws-arch-backoff-simulator, decorrelated jitter",
    source: "aws-samples/aws-arch-backoff-simulator 66cb169; its base is 5 ms from the first wait on",
    follows: Follows::version("aws-arch-backoff-simulator", "66cb169").since("2015"),
    cases: &["policies/aws_backoff_occ.csv"],
};

pub(super) const GOOGLE_SRE: Preset = Preset {
    name: "google_sre",
    settings: r#"
attempts = 3
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["429", "5xx", "timeout"]
retry_after_needed = []
backoff = { kind = "exponential", base = "100ms", multiplier = 2.0, cap = "10s", jitter = "full" }
budget = { kind = "retry_budget", ttl = "1m", min_per_s = 0, percent = 0.1 }
throttle = { kind = "google_sre", k = 2.0, window = "2m", buckets = 120 }
"#,
    summary: "Site Reliability Engineering, ch. 21 and 22: adaptive throttling, 3 attempts, retries at most a tenth",
    source: "Site Reliability Engineering (2016), ch. 21; the backoff is an assumption, the budget's window too",
    follows: Follows::version("Site Reliability Engineering", "first edition").since("2016"),
    cases: &[],
};

pub(super) const BROOKER_ADAPTIVE: Preset = Preset {
    name: "brooker_adaptive",
    settings: r#"
attempts = 1000000
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["429", "5xx", "timeout"]
retry_after_needed = []
backoff = { kind = "fixed", delay = "0s", jitter = "none" }
budget = { kind = "adaptive_bucket", fill = 0.1, size = 5.0, credit = "request" }
throttle = { kind = "none" }
"#,
    summary: "M. Brooker's adaptive retries: a tenth of the requests, no other bound, no wait",
    source: "mbrooker/simulator_example bbfe394, retry_sim/retry_strategy.py",
    follows: Follows::version("simulator_example by M. Brooker", "bbfe394"),
    cases: &["policies/brooker_retry_sim.csv"],
};
