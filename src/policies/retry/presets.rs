//! The presets: whole retry loops, as SDKs, proxies and operators have them.
//!
//! A status that the simulated API never answers (500, 502, 504) stands under 503; a connection
//! error under a time-out.

use crate::policies::preset::Preset;

/// The presets.
pub(super) const PRESETS: &[Preset] = &[
    Preset {
        name: "fixed_500ms",
        settings: r#"
attempts = 6
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["429", "503", "timeout"]
retry_after_needed = []
backoff = { kind = "fixed", delay = "500ms", jitter = "none" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
        summary: "the operators' own loop: every 500 ms, whatever the answer says",
        source: "the operators' account; six attempts are an assumption",
        cases: &[],
    },
    Preset {
        name: "botocore_standard",
        settings: r#"
attempts = 3
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["429", "503", "timeout"]
retry_after_needed = []
backoff = { kind = "exponential", base = "1s", multiplier = 2.0, cap = "20s", jitter = "full" }
budget = { kind = "token_quota", capacity = 500, retry_cost = 5, timeout_cost = 10, throttling_cost = 5, long_poll = false }
throttle = { kind = "none" }
"#,
        summary: "AWS SDK for Python, standard mode: full jitter from 1 s, quota of 500",
        source: "botocore 0e6e240, retries/standard.py and quota.py, mode version 2.0",
        cases: &[],
    },
    Preset {
        name: "botocore_standard_v21",
        settings: r#"
attempts = 3
wait_out_deadline = false
retry_after = "aws_bounded"
retry_on = ["429", "503", "timeout"]
retry_after_needed = []
backoff = { kind = "aws", throttling = "1s", transient = "50ms", cap = "20s" }
budget = { kind = "token_quota", capacity = 500, retry_cost = 14, timeout_cost = 14, throttling_cost = 5, long_poll = false }
throttle = { kind = "none" }
"#,
        summary: "AWS SDK for Python, standard mode 2.1: full jitter from 50 ms, or 1 s after a 429",
        source: "botocore 1.44.8, retries/standard.py and quota.py",
        cases: &["policies/aws_retry_after_v21.csv"],
    },
    Preset {
        name: "botocore_dynamodb_v21",
        settings: r#"
attempts = 4
wait_out_deadline = false
retry_after = "aws_bounded"
retry_on = ["429", "503", "timeout"]
retry_after_needed = []
backoff = { kind = "aws", throttling = "1s", transient = "25ms", cap = "20s" }
budget = { kind = "token_quota", capacity = 500, retry_cost = 14, timeout_cost = 14, throttling_cost = 5, long_poll = false }
throttle = { kind = "none" }
"#,
        summary: "likewise for DynamoDB: 4 attempts, from 25 ms",
        source: "botocore 1.44.8, retries/standard.py (_SERVICE_BACKOFF_CONFIG)",
        cases: &["policies/aws_dynamodb_v21.csv"],
    },
    Preset {
        name: "botocore_adaptive",
        settings: r#"
attempts = 3
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["429", "503", "timeout"]
retry_after_needed = []
backoff = { kind = "exponential", base = "1s", multiplier = 2.0, cap = "20s", jitter = "full" }
budget = { kind = "token_quota", capacity = 500, retry_cost = 5, timeout_cost = 10, throttling_cost = 5, long_poll = false }
throttle = { kind = "aws_adaptive", scale = 0.4, beta = 0.7, smoothing = 0.8, rate_per_s_min = 0.5, first_cost = 1.0, retry_cost = 1.0, timeout_cost = 1.0, reserve = false }
"#,
        summary: "AWS SDK for Python, adaptive mode: standard, and a client-side rate by CUBIC after a 429",
        source: "botocore 0e6e240, retries/adaptive.py, throttling.py, bucket.py",
        cases: &[
            "policies/aws_cubic.csv",
            "policies/aws_cubic_success.csv",
            "policies/botocore_adaptive.csv",
        ],
    },
    Preset {
        name: "smithy_adaptive",
        settings: r#"
attempts = 3
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["429", "503", "timeout"]
retry_after_needed = []
backoff = { kind = "exponential", base = "1s", multiplier = 2.0, cap = "20s", jitter = "full" }
budget = { kind = "token_quota", capacity = 500, retry_cost = 5, timeout_cost = 10, throttling_cost = 5, long_poll = false }
throttle = { kind = "aws_adaptive", scale = 0.4, beta = 0.7, smoothing = 0.8, rate_per_s_min = 0.5, first_cost = 1.0, retry_cost = 5.0, timeout_cost = 10.0, reserve = true }
"#,
        summary: "AWS SDK for Rust, adaptive mode: a retry takes 5 tokens, after a time-out 10",
        source: "smithy-rs 56ee88c, client_rate_limiter.rs; the limiter's wait follows the backoff here, and takes its place there",
        cases: &["policies/aws_cubic_success.csv"],
    },
    Preset {
        name: "grpc",
        settings: r#"
attempts = 5
wait_out_deadline = true
retry_after = "pushback"
retry_on = ["503"]
retry_after_needed = []
backoff = { kind = "grpc", initial = "100ms", max = "1s", multiplier = 2.0, jitter = 0.2 }
budget = { kind = "grpc_throttle", max_tokens = 10, ratio = 0.1 }
throttle = { kind = "none" }
"#,
        summary: "gRPC retryPolicy with retryThrottling, UNAVAILABLE only",
        source: "gRPC proposal A6 and grpc-go stream.go; A6 has no defaults: the figures are its example's, assumption",
        cases: &["policies/grpc_throttle.csv"],
    },
    Preset {
        name: "envoy",
        settings: r#"
attempts = 2
deadline = "15s"
wait_out_deadline = true
retry_after = "ignored"
retry_on = ["503", "timeout"]
retry_after_needed = []
backoff = { kind = "envoy", base = "25ms", max = "250ms", window = "documented" }
budget = { kind = "max_retries", max = 3 }
throttle = { kind = "none" }
"#,
        summary: "Envoy's route retry policy with its circuit breaker's max_retries; the route timeout is over all",
        source: "envoy data-plane-api 84e8436, route_components.proto and circuit_breaker.proto; router filter page",
        cases: &[],
    },
    Preset {
        name: "envoy_retry_budget",
        settings: r#"
attempts = 2
deadline = "15s"
wait_out_deadline = true
retry_after = "ignored"
retry_on = ["503", "timeout"]
retry_after_needed = []
backoff = { kind = "envoy", base = "25ms", max = "250ms", window = "documented" }
budget = { kind = "retry_concurrency", percent = 20.0, min_concurrency = 3 }
throttle = { kind = "none" }
"#,
        summary: "likewise with the retry budget, which takes the place of max_retries",
        source: "envoy data-plane-api 84e8436, circuit_breaker.proto; resource_manager_impl.h",
        cases: &[],
    },
    Preset {
        name: "polly_v8",
        settings: r#"
attempts = 4
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["429", "503", "timeout", "refused", "bulkhead"]
retry_after_needed = []
backoff = { kind = "polly", growth = "constant", delay = "2s", jitter = false }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
        summary: "Polly 8 RetryStrategyOptions: 3 retries, 2 s apart",
        source: "Polly 173d6d1, RetryStrategyOptions.cs and RetryHelper.cs",
        cases: &["policies/polly_retry_delay.csv"],
    },
    Preset {
        name: "polly_v8_exponential_jitter",
        settings: r#"
attempts = 4
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["429", "503", "timeout", "refused", "bulkhead"]
retry_after_needed = []
backoff = { kind = "polly", growth = "exponential", delay = "2s", jitter = true }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
        summary: "likewise with exponential backoff and its decorrelated jitter V2",
        source: "Polly 173d6d1, RetryHelper.cs",
        cases: &["policies/polly_retry_delay.csv"],
    },
    Preset {
        name: "resilience4j",
        settings: r#"
attempts = 3
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["429", "503", "timeout", "refused", "bulkhead"]
retry_after_needed = []
backoff = { kind = "resilience4j", initial = "500ms", multiplier = 1.0, randomization = 0.0 }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
        summary: "resilience4j RetryConfig: 3 attempts, 500 ms apart",
        source: "resilience4j af9e7c9, RetryConfig.java and IntervalFunction.java",
        cases: &[],
    },
    Preset {
        name: "resilience4j_exponential_random",
        settings: r#"
attempts = 3
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["429", "503", "timeout", "refused", "bulkhead"]
retry_after_needed = []
backoff = { kind = "resilience4j", initial = "500ms", multiplier = 1.5, randomization = 0.5 }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
        summary: "likewise with IntervalFunction.ofExponentialRandomBackoff()",
        source: "resilience4j af9e7c9, IntervalFunction.java",
        cases: &[],
    },
    Preset {
        name: "tenacity",
        settings: r#"
attempts = 1000000
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["429", "503", "timeout", "refused", "bulkhead"]
retry_after_needed = []
backoff = { kind = "tenacity", wait = "exponential", multiplier = "1s", exp_base = 2.0, min = "0s", max = "1m", jitter = "0s" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
        summary: "tenacity's wait_exponential; it never stops unless told to",
        source: "tenacity 9.2.1, wait.py and stop.py; the greatest wait of 60 s is an assumption, the library has none",
        cases: &["traces/tenacity_expo.json", "policies/tenacity_waits.csv"],
    },
    Preset {
        name: "backon",
        settings: r#"
attempts = 4
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["429", "503", "timeout", "refused", "bulkhead"]
retry_after_needed = []
backoff = { kind = "backon", min_delay = "1s", factor = 2.0, max_delay = "1m", jitter = false }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
        summary: "backon's ExponentialBuilder: 3 retries from 1 s",
        source: "backon 1.6.0, backoff/exponential.rs",
        cases: &["policies/backon_delays.csv"],
    },
    Preset {
        name: "finagle",
        settings: r#"
attempts = 3
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["503", "timeout"]
retry_after_needed = []
backoff = { kind = "finagle", start = "5ms", max = "200ms" }
budget = { kind = "retry_budget", ttl = "10s", min_per_s = 10, percent = 0.2 }
throttle = { kind = "none" }
"#,
        summary: "Finagle's RetryPolicy.tries with its default RetryBudget",
        source: "finagle 4feb34c, RetryPolicy.scala and RetryBudget.scala; 3 tries are an assumption",
        cases: &["policies/finagle_retry_budget.csv"],
    },
    Preset {
        name: "linkerd_tower",
        settings: r#"
attempts = 1000000
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["503"]
retry_after_needed = []
backoff = { kind = "fixed", delay = "0s", jitter = "none" }
budget = { kind = "tps_budget", ttl = "10s", min_per_s = 10, percent = 0.2 }
throttle = { kind = "none" }
"#,
        summary: "Linkerd 2's budgeted retries over tower's TpsBudget: at once, as long as the budget pays",
        source: "tower 0.5.3, retry/budget/tps_budget.rs; that Linkerd has neither backoff nor a bound on attempts here is from memory",
        cases: &["policies/tower_tps_budget.csv"],
    },
    Preset {
        name: "genesys_python_new",
        settings: r#"
attempts = 11
wait_out_deadline = false
retry_after = "honoured_unless_zero"
retry_after_max = "6h"
retry_on = ["429", "503", "timeout"]
retry_after_needed = ["429", "503"]
backoff = { kind = "urllib3", factor = "0s", max = "2m", jitter = "0s" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
        summary: "Genesys Cloud SDK for Python since 113.0.1: 10 hidden retries, after Retry-After only; without one, none",
        source: "PureCloudPlatformClientV2 269.0.0 default_http_client.py, urllib3 2.8.0 Retry(); connection errors are retried at once",
        cases: &[
            "traces/sdk_429_no_retryafter.json",
            "traces/sdk_429_retryafter0_forever.json",
            "traces/sdk_429_retryafter1_then_ok.json",
            "traces/sdk_429_retryafter2_put.json",
            "traces/sdk_503_no_retryafter.json",
            "traces/sdk_conn_reset_forever.json",
        ],
    },
    Preset {
        name: "genesys_python_old",
        settings: r#"
attempts = 4
wait_out_deadline = false
retry_after = "honoured_unless_zero"
retry_after_max = "6h"
retry_on = ["429", "503", "timeout"]
retry_after_needed = ["429", "503"]
methods = ["get", "put", "delete"]
backoff = { kind = "urllib3", factor = "0s", max = "2m", jitter = "0s" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
        summary: "Genesys Cloud SDK for Python up to 79.2.0: 3 hidden retries, not of POST and PATCH",
        source: "PureCloudPlatformClientV2 2.0.1 over urllib3's default Retry(3)",
        cases: &[],
    },
    Preset {
        name: "genesys_dotnet",
        settings: r#"
attempts = 7
elapsed_max = "10s"
wait_out_deadline = false
retry_after = "honoured"
retry_on = ["429", "503"]
retry_after_needed = []
backoff = { kind = "stepped", flat = "3s", flat_retries = 5, base = "1s", every = "5m", steps = 3 }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
        summary: "Genesys Cloud SDK for .NET with retries switched on: Retry-After or 3 s, after 5xx then 3, 9, 27 s",
        source: "MyPureCloud/platform-client-sdk-dotnet ApiClient.cs (RetryMax 5, whose comparison allows 6 retries); off by default: MaxRetryTimeSec 10 is an assumption",
        cases: &[],
    },
    Preset {
        name: "genesys_go",
        settings: r#"
attempts = 21
wait_out_deadline = false
retry_after = "honoured"
retry_after_give_up = "180s"
retry_on = ["429", "503", "timeout"]
retry_after_needed = []
backoff = { kind = "exponential", base = "5s", multiplier = 2.0, cap = "1m", jitter = "none" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
        summary: "Genesys Cloud SDK for Go with retries as in its README: 20 of them, 5 s doubling to 60 s",
        source: "MyPureCloud/platform-client-sdk-go README and apiclient.go over hashicorp/go-retryablehttp DefaultBackoff; off by default",
        cases: &[],
    },
    Preset {
        name: "genesys_cli",
        settings: r#"
attempts = 3
elapsed_max = "10s"
wait_out_deadline = false
retry_after = "honoured_as_millis"
retry_on = ["429"]
retry_after_needed = []
backoff = { kind = "fixed", delay = "3s", jitter = "none" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
        summary: "Genesys Cloud CLI before it used go-retryablehttp: third 429 or 10 s end it; Retry-After read as milliseconds",
        source: "MyPureCloud/platform-client-sdk-cli build/gc/retry/retry.go, version with MaxRetriesBeforeQuitting 3; later versions are as genesys_go",
        cases: &[],
    },
    Preset {
        name: "urllib3",
        settings: r#"
attempts = 11
wait_out_deadline = false
retry_after = "honoured_unless_zero"
retry_after_max = "6h"
retry_on = ["429", "503", "timeout"]
retry_after_needed = ["429", "503"]
methods = ["get", "put", "delete"]
backoff = { kind = "urllib3", factor = "0s", max = "2m", jitter = "0s" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
        summary: "urllib3's Retry(): 10 retries of idempotent methods, after Retry-After only",
        source: "urllib3 2.8.0, util/retry.py",
        cases: &["traces/urllib3_backoff1.json", "policies/urllib3_backoff.csv"],
    },
    Preset {
        name: "aws_blog_exponential",
        settings: r#"
attempts = 1000000
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["429", "503", "timeout"]
retry_after_needed = []
backoff = { kind = "exponential", base = "10ms", multiplier = 2.0, cap = "2s", jitter = "none" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
        summary: "aws-arch-backoff-simulator, no jitter",
        source: "aws-samples/aws-arch-backoff-simulator 66cb169; its first window is twice the base of 5 ms",
        cases: &["policies/aws_backoff_occ.csv"],
    },
    Preset {
        name: "aws_blog_full_jitter",
        settings: r#"
attempts = 1000000
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["429", "503", "timeout"]
retry_after_needed = []
backoff = { kind = "exponential", base = "10ms", multiplier = 2.0, cap = "2s", jitter = "full" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
        summary: "aws-arch-backoff-simulator, full jitter",
        source: "aws-samples/aws-arch-backoff-simulator 66cb169",
        cases: &["policies/aws_backoff_occ.csv"],
    },
    Preset {
        name: "aws_blog_equal_jitter",
        settings: r#"
attempts = 1000000
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["429", "503", "timeout"]
retry_after_needed = []
backoff = { kind = "exponential", base = "10ms", multiplier = 2.0, cap = "2s", jitter = "equal" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
        summary: "aws-arch-backoff-simulator, equal jitter",
        source: "aws-samples/aws-arch-backoff-simulator 66cb169",
        cases: &["policies/aws_backoff_occ.csv"],
    },
    Preset {
        name: "aws_blog_decorrelated_jitter",
        settings: r#"
attempts = 1000000
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["429", "503", "timeout"]
retry_after_needed = []
backoff = { kind = "exponential", base = "5ms", multiplier = 2.0, cap = "2s", jitter = "decorrelated" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
        summary: "aws-arch-backoff-simulator, decorrelated jitter",
        source: "aws-samples/aws-arch-backoff-simulator 66cb169; its base is 5 ms from the first wait on",
        cases: &["policies/aws_backoff_occ.csv"],
    },
    Preset {
        name: "google_sre",
        settings: r#"
attempts = 3
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["429", "503", "timeout"]
retry_after_needed = []
backoff = { kind = "exponential", base = "100ms", multiplier = 2.0, cap = "10s", jitter = "full" }
budget = { kind = "retry_budget", ttl = "1m", min_per_s = 0, percent = 0.1 }
throttle = { kind = "google_sre", k = 2.0, window = "2m", buckets = 120 }
"#,
        summary: "Site Reliability Engineering, ch. 21 and 22: adaptive throttling, 3 attempts, retries at most a tenth",
        source: "Site Reliability Engineering (2016), ch. 21; the backoff is an assumption, the budget's window too",
        cases: &[],
    },
    Preset {
        name: "brooker_adaptive",
        settings: r#"
attempts = 1000000
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["429", "503", "timeout"]
retry_after_needed = []
backoff = { kind = "fixed", delay = "0s", jitter = "none" }
budget = { kind = "adaptive_bucket", fill = 0.1, size = 5.0, credit = "request" }
throttle = { kind = "none" }
"#,
        summary: "M. Brooker's adaptive retries: a tenth of the requests, no other bound, no wait",
        source: "mbrooker/simulator_example bbfe394, retry_sim/retry_strategy.py",
        cases: &["policies/brooker_retry_sim.csv"],
    },
];
