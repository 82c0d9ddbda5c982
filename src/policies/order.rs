//! The order in which libraries nest retry, breaker, limiter, bulkhead and time-out, beside the
//! order of the model.

/// How a library nests its policies.
#[derive(Copy, Clone, Debug)]
pub struct Order {
    /// The library, proxy or SDK.
    pub library: &'static str,
    /// Its presets: kind of policy and name.
    pub presets: &'static [(&'static str, &'static str)],
    /// Its policies, the outermost first.
    pub nesting: &'static str,
    /// Where the model does otherwise, or how it is told to do the same.
    pub model: &'static str,
    /// Where the nesting was read. What is from memory says so.
    pub source: &'static str,
}

/// The order of the model, the outermost first.
pub const MODEL: &[(&str, &str)] = &[
    ("`bulkhead`, `concurrency` with `placement = \"per_request\"`", "a place for the request"),
    ("`retry.deadline`", "runs from here, over all tries and waits"),
    ("`breaker` with `placement = \"per_request\"`", "counts requests"),
    ("`retry`", "the outermost loop; between two tries it holds neither place nor permit"),
    ("`breaker` with `placement = \"per_call\"`", "counts tries of the outermost loop"),
    ("`retry.over`", "the loops under it, as deep as they are written"),
    (
        "`retry.throttle`, `retry.pace`",
        "of each loop that starts a try; a refusal ends the request",
    ),
    ("`breaker` with `placement = \"per_attempt\"`", "counts attempts; the default"),
    ("`bulkhead`, `concurrency` with `placement = \"per_attempt\"`", "a place for the attempt"),
    ("`connections`", "before the place where `hold_connection` keeps them between tries"),
    ("`hedge`", "each hedge asks breaker and bulkhead; to the loops a round is one try"),
    ("`attempt_timeout`", "runs from the sending of the attempt"),
];

/// The orders of libraries whose policies belong together.
pub const ORDERS: &[Order] = &[
    Order {
        library: "resilience4j",
        presets: &[
            ("retry", "resilience4j"),
            ("retry", "resilience4j_exponential_random"),
            ("breaker", "resilience4j"),
            ("limiter", "resilience4j_limiter"),
            ("bulkhead", "resilience4j_bulkhead"),
        ],
        nesting: "Retry ( CircuitBreaker ( RateLimiter ( TimeLimiter ( Bulkhead ( call ) ) ) ) )",
        model: "The same but for the rate limiter (`retry.pace`): it is outside the breaker, so that \
                a try spends its permit although the breaker then refuses it; a try it refuses ends \
                the request, where Retry would try again and the breaker count a failure. \
                `attempt_timeout` leaves out the wait for a place, which is 0 s by default. The \
                breaker counts what the bulkhead refuses as a failure: `failures` names it.",
        source: "[from memory]: order of the aspects in its Spring documentation; that the breaker \
                 records every exception by default",
    },
    Order {
        library: "Polly 8",
        presets: &[
            ("retry", "polly_v8"),
            ("retry", "polly_v8_exponential_jitter"),
            ("breaker", "polly_v8"),
            ("bulkhead", "polly_concurrency_limiter"),
            ("hedge", "polly_hedging"),
        ],
        nesting: "as the user adds them; the standard handler for HTTP: concurrency limiter ( total \
                  time-out ( retry ( breaker ( time-out of an attempt ( call ) ) ) ) )",
        model: "The standard handler's. Its total time-out cuts a wait short: with `retry.deadline` \
                set `wait_out_deadline = true`. It does not retry what the breaker refuses [from \
                memory]: take `refused` out of `retry_on`. A pipeline with the breaker outside is \
                `breaker.placement = \"per_request\"`, one with the limiter inside \
                `bulkhead.placement = \"per_attempt\"`.",
        source: "Microsoft.Extensions.Http.Resilience, HttpStandardResilienceOptions (reference page)",
    },
    Order {
        library: "Envoy, Istio, Gateway API",
        presets: &[
            ("retry", "envoy"),
            ("retry", "envoy_retry_budget"),
            ("retry", "istio"),
            ("retry", "istio_retry_budget"),
            ("retry", "gateway_retry_budget"),
            ("breaker", "envoy_outlier"),
            ("breaker", "envoy_outlier_1_27"),
            ("breaker", "envoy_outlier_1_26"),
            ("bulkhead", "envoy_circuit_breaker"),
            ("concurrency", "envoy_adaptive"),
        ],
        nesting: "adaptive concurrency ( route time-out ( retry with its backoff ( choice among the \
                  hosts that are not ejected ( limits of the cluster: pending, requests, connections \
                  ( time-out of a try ( call ) ) ) ) ) )",
        model: "The same, but an ejected host refuses the try, where Envoy chooses another. Adaptive \
                concurrency holds a place per attempt unless `bulkhead.placement` says \
                `per_request`, which is Envoy's [from memory]. What the cluster's limits refuse is \
                not retried and does not count for a host.",
        source: "envoy router filter page and circuit_breaker.proto; that an overflow is not retried \
                 and the place of the adaptive filter: [from memory]",
    },
    Order {
        library: "gRPC",
        presets: &[("retry", "grpc"), ("hedge", "grpc_hedging")],
        nesting: "deadline of the call ( retry or hedging with its throttle ( attempt ) )",
        model: "The same. A method has a retry policy or a hedging policy; the model lets both be \
                written.",
        source: "grpc/proposal 1fd061a, A6",
    },
    Order {
        library: "Hystrix",
        presets: &[("breaker", "hystrix")],
        nesting: "breaker ( semaphore or thread pool ( time-out ( call ) ) ); no retry of its own",
        model: "The same inside whatever retry is written. The breaker counts what the bulkhead \
                refuses as a failure: `failures` names it.",
        source: "[from memory]",
    },
    Order {
        library: "AWS SDKs",
        presets: &[
            ("retry", "botocore_legacy"),
            ("retry", "botocore_standard"),
            ("retry", "botocore_standard_v21"),
            ("retry", "botocore_dynamodb_v21"),
            ("retry", "botocore_long_poll_v21"),
            ("retry", "botocore_adaptive"),
            ("retry", "botocore_adaptive_v21"),
            ("retry", "smithy_adaptive"),
        ],
        nesting: "attempts with quota and wait ( rate of the adaptive mode ( time-outs of connecting \
                  and reading ( call ) ) ); no breaker",
        model: "The same. In smithy-rs the rate's wait takes the place of the backoff; here it \
                follows it.",
        source: "botocore 0e6e240, retries/standard.py and adaptive.py; smithy-rs 56ee88c",
    },
    Order {
        library: "Linkerd 2",
        presets: &[("retry", "linkerd_tower"), ("breaker", "linkerd_consecutive")],
        nesting: "retry with its budget ( choice among the endpoints that are available ( breaker of \
                  an endpoint ( call ) ) )",
        model: "The same, but an endpoint whose breaker is open refuses the try, where Linkerd \
                chooses another.",
        source: "[from memory]",
    },
];

/// What holds for presets that no order names.
pub const OTHERS: &str = "Other libraries are one policy each (gobreaker, pybreaker, opossum, \
    failsafe, tenacity, backon, urllib3, Netflix concurrency-limits, the Genesys SDKs): the user \
    nests them. The order above is an assumption for them; `placement` changes it.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policies::families;

    #[test]
    fn orders_name_presets_that_exist_and_each_once() {
        let mut named: Vec<_> = ORDERS.iter().flat_map(|order| order.presets).collect();
        for (family, name) in &named {
            assert!(families::find(family, name).is_some(), "{family} {name}");
        }
        named.sort_unstable();
        let count = named.len();
        named.dedup();
        assert_eq!(named.len(), count);
    }

    /// Presets of a library with an order follow its order: none is left out.
    #[test]
    fn a_library_with_an_order_has_all_its_presets_in_it() {
        let families = ["retry", "breaker", "bulkhead", "hedge", "concurrency"];
        for order in ORDERS {
            let library = |family: &str, name: &str| {
                families::find(family, name).expect("checked above").follows.library
            };
            let libraries: Vec<_> = order.presets.iter().map(|(f, n)| library(f, n)).collect();
            for family in families::FAMILIES.iter().filter(|f| families.contains(&f.name)) {
                let own = family.presets.iter().filter(|p| libraries.contains(&p.follows.library));
                for preset in own {
                    let entry = (family.name, preset.name);
                    assert!(order.presets.contains(&entry), "{}: {entry:?}", order.library);
                }
            }
        }
    }
}
