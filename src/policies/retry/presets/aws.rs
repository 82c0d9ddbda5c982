//! The AWS SDKs: botocore before and after 1.44, and smithy-rs.

use crate::policies::preset::{Follows, Preset};

pub(super) const BOTOCORE_LEGACY: Preset = Preset {
    name: "botocore_legacy",
    settings: r#"
attempts = 5
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["429", "500", "502", "503", "504", "timeout"]
retry_after_needed = []
backoff = { kind = "exponential", base = "1s", multiplier = 2.0, cap = "20s", jitter = "full" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
    summary: "AWS SDK for Python, legacy mode, the default up to 1.43: 5 attempts, no quota",
    source: "botocore 1.35.99: the default mode and its 5 attempts; [from memory]: waits of \
             U·2^(n-1) s (the cap of 20 s is not reached) and that a bare 429 is retried",
    follows: Follows::version("botocore", "1.35.99, mode legacy, its default"),
    cases: &[],
};

pub(super) const BOTOCORE_STANDARD: Preset = Preset {
    name: "botocore_standard",
    settings: r#"
attempts = 3
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["429", "500", "502", "503", "504", "timeout"]
retry_after_needed = []
backoff = { kind = "exponential", base = "1s", multiplier = 2.0, cap = "20s", jitter = "full" }
budget = { kind = "token_quota", capacity = 500, retry_cost = 5, timeout_cost = 10, throttling_cost = 5, long_poll = false }
throttle = { kind = "none" }
"#,
    summary: "AWS SDK for Python, standard mode: full jitter from 1 s, quota of 500",
    source: "botocore 0e6e240, retries/standard.py and quota.py, mode version 2.0; a 429 stands for a throttling code: a bare 429 is not retried, take it out of retry_on for an API that answers with it",
    follows: Follows::version("botocore", "1.35.99, mode standard (its default is legacy)"),
    cases: &["policies/botocore_144_standard.csv"],
};

pub(super) const BOTOCORE_STANDARD_V21: Preset = Preset {
    name: "botocore_standard_v21",
    settings: r#"
attempts = 3
wait_out_deadline = false
retry_after = "aws_bounded"
retry_on = ["429", "500", "502", "503", "504", "timeout"]
retry_after_needed = []
backoff = { kind = "aws", throttling = "1s", transient = "50ms", cap = "20s" }
budget = { kind = "token_quota", capacity = 500, retry_cost = 14, timeout_cost = 14, throttling_cost = 5, long_poll = false }
throttle = { kind = "none" }
"#,
    summary: "AWS SDK for Python, standard mode 2.1: full jitter from 50 ms, or 1 s after a 429",
    source: "botocore 1.44.8, retries/standard.py and quota.py; the API's Retry-After stands for x-amz-retry-after, a plain one is ignored there",
    follows: Follows::version("botocore", "1.44.8, mode standard, its default")
        .since(
            "1.44.0 of 10 November 2026; before, up to 1.43.127, only with \
           AWS_NEW_RETRIES_2026",
        )
        .changed(
            "waits from 50 ms, from 1 s after throttling only; a retry costs 14 of the quota, \
             after throttling 5 (was 5, after a time-out 10); x-amz-retry-after counts; a bare \
             429 is throttling (was not retried)",
            Some("botocore_standard"),
        ),
    cases: &["policies/botocore_144_standard.csv", "policies/aws_retry_after_v21.csv"],
};

pub(super) const BOTOCORE_DYNAMODB_V21: Preset = Preset {
    name: "botocore_dynamodb_v21",
    settings: r#"
attempts = 4
wait_out_deadline = false
retry_after = "aws_bounded"
retry_on = ["429", "500", "502", "503", "504", "timeout"]
retry_after_needed = []
backoff = { kind = "aws", throttling = "1s", transient = "25ms", cap = "20s" }
budget = { kind = "token_quota", capacity = 500, retry_cost = 14, timeout_cost = 14, throttling_cost = 5, long_poll = false }
throttle = { kind = "none" }
"#,
    summary: "AWS SDK for Python, standard mode 2.1 for DynamoDB: 4 attempts, full jitter from 25 ms",
    source: "botocore 1.44.8, retries/standard.py (_SERVICE_BACKOFF_CONFIG)",
    follows: Follows::version("botocore", "1.44.8, mode standard, dynamodb and dynamodb-streams")
        .since("1.44.0 of 10 November 2026")
        .changed(
            "as botocore_standard_v21, with 4 attempts (was 3) and waits from 25 ms",
            Some("botocore_standard"),
        ),
    cases: &["policies/botocore_144_standard.csv", "policies/aws_dynamodb_v21.csv"],
};

pub(super) const BOTOCORE_LONG_POLL_V21: Preset = Preset {
    name: "botocore_long_poll_v21",
    settings: r#"
attempts = 3
wait_out_deadline = false
retry_after = "aws_bounded"
retry_on = ["429", "500", "502", "503", "504", "timeout"]
retry_after_needed = []
backoff = { kind = "aws", throttling = "1s", transient = "50ms", cap = "20s" }
budget = { kind = "token_quota", capacity = 500, retry_cost = 14, timeout_cost = 14, throttling_cost = 5, long_poll = true }
throttle = { kind = "none" }
"#,
    summary: "AWS SDK for Python, standard mode 2.1 for long polls: with an empty quota a request waits, then fails",
    source: "botocore 1.44.8, retries/standard.py",
    follows: Follows::version("botocore", "1.44.8, mode standard, long polls (sqs ReceiveMessage, sfn GetActivityTask, swf PollFor*, kinesis)")
        .since("1.44.0 of 10 November 2026")
        .changed(
            "as botocore_standard_v21; with the quota empty it waits, then fails (was: fails at \
             once)",
            Some("botocore_standard"),
        ),
    cases: &["policies/botocore_144_standard.csv", "policies/aws_retry_after_v21.csv"],
};

pub(super) const BOTOCORE_ADAPTIVE: Preset = Preset {
    name: "botocore_adaptive",
    settings: r#"
attempts = 3
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["429", "500", "502", "503", "504", "timeout"]
retry_after_needed = []
backoff = { kind = "exponential", base = "1s", multiplier = 2.0, cap = "20s", jitter = "full" }
budget = { kind = "token_quota", capacity = 500, retry_cost = 5, timeout_cost = 10, throttling_cost = 5, long_poll = false }
throttle = { kind = "aws_adaptive", scale = 0.4, beta = 0.7, smoothing = 0.8, rate_per_s_min = 0.5, first_cost = 1.0, retry_cost = 1.0, timeout_cost = 1.0, reserve = false }
"#,
    summary: "AWS SDK for Python, adaptive mode: standard, and a client-side rate by CUBIC after a 429",
    source: "botocore 0e6e240, retries/adaptive.py, throttling.py, bucket.py",
    follows: Follows::version("botocore", "1.35.99, mode adaptive"),
    cases: &[
        "policies/aws_cubic.csv",
        "policies/aws_cubic_success.csv",
        "policies/botocore_adaptive.csv",
    ],
};

pub(super) const BOTOCORE_ADAPTIVE_V21: Preset = Preset {
    name: "botocore_adaptive_v21",
    settings: r#"
attempts = 3
wait_out_deadline = false
retry_after = "aws_bounded"
retry_on = ["429", "500", "502", "503", "504", "timeout"]
retry_after_needed = []
backoff = { kind = "aws", throttling = "1s", transient = "50ms", cap = "20s" }
budget = { kind = "token_quota", capacity = 500, retry_cost = 14, timeout_cost = 14, throttling_cost = 5, long_poll = false }
throttle = { kind = "aws_adaptive", scale = 0.4, beta = 0.7, smoothing = 0.8, rate_per_s_min = 0.5, first_cost = 1.0, retry_cost = 1.0, timeout_cost = 1.0, reserve = false }
"#,
    summary: "AWS SDK for Python, adaptive mode since 1.44: standard mode 2.1 with the rate by CUBIC",
    source: "botocore 1.44.8, retries/adaptive.py, throttling.py, bucket.py",
    follows: Follows::version("botocore", "1.44.8, mode adaptive")
        .since("1.44.0 of 10 November 2026")
        .changed(
            "waits and quota as botocore_standard_v21; the same limiter, for which a bare 429 \
             counts as throttling too",
            Some("botocore_adaptive"),
        ),
    cases: &[
        "policies/aws_cubic.csv",
        "policies/aws_cubic_success.csv",
        "policies/botocore_adaptive.csv",
    ],
};

pub(super) const SMITHY_ADAPTIVE: Preset = Preset {
    name: "smithy_adaptive",
    settings: r#"
attempts = 3
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["429", "500", "502", "503", "504", "timeout"]
retry_after_needed = []
backoff = { kind = "exponential", base = "1s", multiplier = 2.0, cap = "20s", jitter = "full" }
budget = { kind = "token_quota", capacity = 500, retry_cost = 5, timeout_cost = 10, throttling_cost = 5, long_poll = false }
throttle = { kind = "aws_adaptive", scale = 0.4, beta = 0.7, smoothing = 0.8, rate_per_s_min = 0.5, first_cost = 1.0, retry_cost = 5.0, timeout_cost = 10.0, reserve = true }
"#,
    summary: "AWS SDK for Rust, adaptive mode: a retry takes 5 tokens, after a time-out 10",
    source: "smithy-rs 56ee88c, client_rate_limiter.rs; the limiter's wait follows the backoff here, and takes its place there",
    follows: Follows::version("smithy-rs", "56ee88c"),
    cases: &["policies/aws_cubic_success.csv"],
};
