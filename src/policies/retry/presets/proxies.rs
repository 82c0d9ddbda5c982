//! gRPC, the proxies and service meshes: Envoy, Istio, Gateway API, Finagle, Linkerd.

use crate::policies::preset::{Follows, Preset};

pub(super) const GRPC: Preset = Preset {
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
    follows: Follows::version("gRPC", "proposal A6 1fd061a, grpc-go 4793ad0"),
    cases: &["policies/grpc_throttle.csv"],
};

pub(super) const ENVOY: Preset = Preset {
    name: "envoy",
    settings: r#"
attempts = 2
deadline = "15s"
wait_out_deadline = true
retry_after = "ignored"
retry_on = ["5xx", "timeout"]
retry_after_needed = []
backoff = { kind = "envoy", base = "25ms", max = "250ms", window = "documented" }
budget = { kind = "max_retries", max = 3 }
throttle = { kind = "none" }
"#,
    summary: "Envoy's route retry policy with its circuit breaker's max_retries; the route timeout is over all",
    source: "envoy data-plane-api 84e8436, route_components.proto and circuit_breaker.proto; router filter page",
    follows: Follows::version("Envoy", "data-plane-api 84e8436").changed(
        "of the rules for retries no change since 2023 is known; those for ejections changed \
         (breaker envoy_outlier)",
        None,
    ),
    cases: &[],
};

pub(super) const ENVOY_RETRY_BUDGET: Preset = Preset {
    name: "envoy_retry_budget",
    settings: r#"
attempts = 2
deadline = "15s"
wait_out_deadline = true
retry_after = "ignored"
retry_on = ["5xx", "timeout"]
retry_after_needed = []
backoff = { kind = "envoy", base = "25ms", max = "250ms", window = "documented" }
budget = { kind = "retry_concurrency", percent = 20.0, min_concurrency = 3 }
throttle = { kind = "none" }
"#,
    summary: "Envoy's route retry policy with its retry budget in place of max_retries",
    source: "envoy data-plane-api 84e8436, circuit_breaker.proto; resource_manager_impl.h; whether the failed attempt still counts while it is judged depends on the codec there (issue 30205): here it does, as with HTTP/1",
    follows: Follows::version("Envoy", "1.40.0")
        .since("December 2019 (pull request 9069)")
        .changed(
            "a share of what is under way takes the place of max_retries = 3; without \
             budget_interval (2026) the same since",
            Some("envoy"),
        ),
    cases: &["policies/envoy_retry_budget.csv"],
};

pub(super) const ISTIO: Preset = Preset {
    name: "istio",
    settings: r#"
attempts = 3
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["503"]
retry_after_needed = []
backoff = { kind = "envoy", base = "25ms", max = "250ms", window = "documented" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
    summary: "Istio's default retries: 2, on 503, without a bound on retries at once",
    source: "istio 126806a, pilot/pkg/networking/core/route/retry/retry.go: 2 retries on connect-failure, refused-stream, unavailable, cancelled and 503; Envoy's waits; a failure to connect is not told from a time-out here and not retried; max_retries 2^32 - 1 (86c9f01)",
    follows: Follows::version("Istio", "126806a; 86c9f01 for max_retries")
        .changed("against Envoy: 2 retries for 1, and no bound of 3 retries at once", None),
    cases: &[],
};

pub(super) const ISTIO_RETRY_BUDGET: Preset = Preset {
    name: "istio_retry_budget",
    settings: r#"
attempts = 3
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["503"]
retry_after_needed = []
backoff = { kind = "envoy", base = "25ms", max = "250ms", window = "documented" }
budget = { kind = "retry_concurrency", percent = 20.0, min_concurrency = 3 }
throttle = { kind = "none" }
"#,
    summary: "Istio with trafficPolicy.retryBudget: retries at once are 20 % of what is under way, or 3",
    source: "istio 126806a, pilot/pkg/networking/core/route/retry/retry.go: 2 retries on connect-failure, refused-stream, unavailable, cancelled and 503; Envoy's waits; a failure to connect is not told from a time-out here and not retried; DestinationRule retryBudget (istio 86c9f01, api b8f8791): percent 20, minRetryConcurrency 3, budgetInterval 0",
    follows: Follows::version("Istio", "86c9f01, api b8f8791").changed(
        "retryBudget takes the place of max_retries, which is without bound",
        Some("istio"),
    ),
    cases: &["policies/envoy_retry_budget.csv"],
};

pub(super) const GATEWAY_RETRY_BUDGET: Preset = Preset {
    name: "gateway_retry_budget",
    settings: r#"
attempts = 3
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["503"]
retry_after_needed = []
backoff = { kind = "envoy", base = "25ms", max = "250ms", window = "documented" }
budget = { kind = "retry_concurrency", percent = 20.0, min_concurrency = 10, interval = "10s" }
throttle = { kind = "none" }
"#,
    summary: "Gateway API retryConstraint as Istio maps it: 20 % of the attempts started in 10 s, or 10",
    source: "istio 126806a, pilot/pkg/networking/core/route/retry/retry.go: 2 retries on connect-failure, refused-stream, unavailable, cancelled and 503; Envoy's waits; a failure to connect is not told from a time-out here and not retried; XBackendTrafficPolicy (gateway-api 4564255, GEP-3388) as Istio 86c9f01 maps it: minRetryRate of 10 per 1 s becomes 10 at once",
    follows: Follows::version(
        "Gateway API through Istio",
        "XBackendTrafficPolicy x-k8s.io/v1alpha1 (4564255), experimental; Istio 86c9f01",
    )
    .since("2026 (Envoy's budget_interval, pull request 44147)")
    .changed(
        "the share is of attempts started in the interval, no longer of those under way",
        Some("istio_retry_budget"),
    ),
    cases: &["policies/gateway_retry_budget.csv"],
};

pub(super) const FINAGLE: Preset = Preset {
    name: "finagle",
    settings: r#"
attempts = 3
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["5xx", "timeout"]
retry_after_needed = []
backoff = { kind = "finagle", start = "5ms", max = "200ms" }
budget = { kind = "retry_budget", ttl = "10s", min_per_s = 10, percent = 0.2 }
throttle = { kind = "none" }
"#,
    summary: "Finagle's RetryPolicy.tries with its default RetryBudget",
    source: "finagle 4feb34c, RetryPolicy.scala and RetryBudget.scala; 3 tries are an assumption",
    follows: Follows::version("Finagle", "4feb34c"),
    cases: &["policies/finagle_retry_budget.csv"],
};

pub(super) const LINKERD_TOWER: Preset = Preset {
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
    follows: Follows::version("tower, in Linkerd 2", "0.5.3"),
    cases: &["policies/tower_tps_budget.csv"],
};
