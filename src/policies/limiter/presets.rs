//! The limiters of known libraries and proxies. Where these have no default the preset has the
//! figures of the documentation's example, which are not recommendations.

use crate::policies::preset::{Follows, Preset};

/// The presets.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "governor",
        settings: r#"
kind = "gcra"
rate_per_s = 5.0
burst = 300
count_rejected = false
on_limit = { kind = "reject" }
"#,
        summary: "governor, Quota::per_minute(300): GCRA; the burst is the count per period",
        source: "governor 9f3a79d, governor/src/{gcra,quota}.rs; 300 per minute is Genesys \
                 Cloud's limit per token, governor has no default",
        follows: Follows::version("governor", "9f3a79d"),
        cases: &[
            "policies/governor_gcra.csv",
            "traces/governor_300pm_burst1.json",
            "traces/governor_300pm_burst10.json",
            "traces/governor_300pm_burst300.json",
            "traces/governor_edge_10ps_burst3.json",
        ],
    },
    Preset {
        name: "nginx_limit_req",
        settings: r#"
kind = "nginx_limit_req"
rate = 1
per = "second"
burst = 5
delay = 0
nodelay = false
"#,
        summary: "nginx limit_req: leaky bucket in milliseconds, holds back up to its burst",
        source: "nginx 3f6f782, src/http/modules/ngx_http_limit_req_module.c; rate=1r/s burst=5 \
                 is the module documentation's example",
        follows: Follows::version("nginx", "3f6f782"),
        cases: &[
            "policies/nginx_limit_req.csv",
            "traces/nginx_10rps_burst5_delay.json",
            "traces/nginx_5rps_burst0.json",
            "traces/nginx_5rps_burst10_nodelay.json",
        ],
    },
    Preset {
        name: "envoy_local",
        settings: r#"
kind = "tick_bucket"
tokens_per_fill = 1
fill_interval = "50ms"
burst = 1
on_limit = { kind = "reject" }
"#,
        summary: "Envoy local rate limit, by timer: starts full, filled at ticks, 429 at 0",
        source: "envoy 016c0c8, local_ratelimit_impl.cc (up to 1.30): tokens_per_fill 1 is the \
                 default, 50 ms the shortest fill_interval; max_tokens must be given, 1 is an \
                 assumption",
        follows: Follows::version("Envoy", "016c0c8 (up to 1.30)"),
        cases: &[],
    },
    Preset {
        name: "envoy_local_steady",
        settings: r#"
kind = "token_bucket"
rate_per_s = 20.0
burst = 1
count_rejected = false
on_limit = { kind = "reject" }
"#,
        summary: "Envoy local rate limit since 1.31: starts full, fills steadily, 429 below 1",
        source: "envoy, local_ratelimit_impl.cc from 1.31 (AtomicTokenBucket, at \
                 tokens_per_fill / fill_interval); the figures are those of envoy_local",
        follows: Follows::version("Envoy", "1.31")
            .since("1.31")
            .changed("fills steadily; was filled at ticks of fill_interval", Some("envoy_local")),
        cases: &[],
    },
    Preset {
        name: "cloudflare_sliding",
        settings: r#"
kind = "sliding_counter"
limit = 50
window = "1m"
counts_itself = true
count_rejected = false
on_limit = { kind = "reject" }
"#,
        summary: "Cloudflare: previous window, weighed by what is left of it, plus the current",
        source: "Cloudflare blog, How we built rate limiting capable of scaling to millions of \
                 domains (2017): its example of 50 per minute; that the request is counted before \
                 it is judged: Cloudflare WAF documentation, request rate; that a refused one is \
                 not is an assumption",
        follows: Follows::version("Cloudflare", "blog of 2017, WAF documentation"),
        cases: &["policies/cloudflare_sliding.csv"],
    },
    Preset {
        name: "resilience4j_limiter",
        settings: r#"
kind = "cycles"
limit = 50
period = "500ns"
timeout = "5s"
refuses = "after_wait"
"#,
        summary: "resilience4j AtomicRateLimiter with its defaults: 50 per 500 ns, parks for up to 5 s",
        source: "resilience4j af9e7c9, AtomicRateLimiter.java and RateLimiterConfig.java",
        follows: Follows::version("resilience4j", "af9e7c9"),
        cases: &[],
    },
    Preset {
        name: "limits_fixed_window",
        settings: r#"
kind = "fixed_window"
limit = 300
window = "1m"
anchor = "first_request"
count_rejected = true
on_limit = { kind = "reject" }
"#,
        summary: "python limits, fixed window in memory: opens at the first hit, counts every hit",
        source: "limits 5.8.0, storage/memory.py (incr, get) and strategies.py; 300 per minute is \
                 the trace's, limits has no default",
        follows: Follows::version("limits (Python)", "5.8.0"),
        cases: &["traces/limits_fixed_300pm.json"],
    },
    Preset {
        name: "limits_moving_window",
        settings: r#"
kind = "sliding_log"
limit = 15
window = "3s"
edge = "inclusive"
count_rejected = false
on_limit = { kind = "reject" }
"#,
        summary: "python limits, moving window in memory: a log; a hit one window old counts",
        source: "limits 5.8.0, storage/memory.py (acquire_entry, >=); 15 per 3 s is the trace's, \
                 limits has no default",
        follows: Follows::version("limits (Python)", "5.8.0"),
        cases: &["traces/limits_moving_15per3s.json"],
    },
    Preset {
        name: "sliding_log",
        settings: r#"
kind = "sliding_log"
limit = 300
window = "1m"
edge = "strict"
count_rejected = false
on_limit = { kind = "reject" }
"#,
        summary: "Sliding log as defined: at most `limit` requests in (now - window, now]",
        source: "the definition; 300 per minute is an assumption (Genesys Cloud's limit per token)",
        follows: Follows::version("no library: the definition", "without versions"),
        cases: &[],
    },
];
