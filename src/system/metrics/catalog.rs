//! The names of the metrics, their units and what they mean.

/// Which way a metric is better.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// Neither.
    Neither,
}

/// A metric of a run.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name in files.
    pub name: &'static str,
    /// Its unit; empty for counts and shares.
    pub unit: &'static str,
    /// Which way it is better.
    pub better: Better,
    /// What it is.
    pub meaning: &'static str,
}

const fn higher(name: &'static str, unit: &'static str, meaning: &'static str) -> Metric {
    Metric { name, unit, better: Better::Higher, meaning }
}

const fn lower(name: &'static str, unit: &'static str, meaning: &'static str) -> Metric {
    Metric { name, unit, better: Better::Lower, meaning }
}

const fn plain(name: &'static str, unit: &'static str, meaning: &'static str) -> Metric {
    Metric { name, unit, better: Better::Neither, meaning }
}

/// All metrics of a run, in the order of their values.
pub static METRICS: &[Metric] = &[
    higher(
        "service_level",
        "",
        "answered within the threshold of queue entry / (queued − abandoned within the short-abandon time)",
    ),
    higher(
        "service_level_end_to_end",
        "",
        "answered within the threshold of the first INVITE / calls offered",
    ),
    plain("calls_offered", "calls", "calls offered to the trunks"),
    higher("calls_answered", "calls", "calls an agent answered"),
    lower("calls_abandoned", "calls", "callers who hung up in the flow or queue"),
    lower("calls_abandoned_setup", "calls", "callers who hung up before the trunk answered"),
    lower(
        "calls_blocked",
        "calls",
        "no free channel, or over the calls-per-second limit, on every usable leg",
    ),
    lower("calls_lost", "calls", "no usable leg: carrier down or not registered"),
    lower("calls_timed_out", "calls", "calls whose last INVITE went without an answer"),
    lower("calls_rejected", "calls", "calls whose last INVITE was refused with 503"),
    lower("invite_timeouts", "", "INVITEs given up: Timer B, or no progress after 100"),
    lower("reattempts", "", "INVITEs beyond a call's first"),
    lower("calls_dropped", "calls", "connected calls torn down by the network"),
    lower("calls_dropped_primary", "calls", "of them on the primary leg"),
    lower("calls_dropped_secondary", "calls", "of them on the secondary leg"),
    higher("answer_seizure_ratio", "", "ASR: calls the trunk answered / calls offered"),
    higher(
        "network_effectiveness_ratio",
        "",
        "NER: calls answered or hung up by the caller / calls offered",
    ),
    lower("post_dial_delay_ms_p50", "ms", "from the first INVITE to the trunk's answer, median"),
    lower("post_dial_delay_ms_p95", "ms", "likewise, 95th percentile"),
    lower("post_dial_delay_ms_p99", "ms", "likewise, 99th percentile"),
    lower("queue_wait_s_mean", "s", "time in the queue of calls that entered it"),
    plain(
        "agent_occupancy",
        "",
        "time-averaged share of logged-in agents with a call or in wrap-up",
    ),
    plain("api_requests", "", "routing requests: look-ups and updates"),
    plain("api_attempts", "", "attempts made for them"),
    lower("retry_amplification", "", "attempts / requests that made one"),
    lower("api_429s", "", "attempts of the routing client that a limiter refused"),
    lower("api_503s", "", "attempts of the routing client that found the server's queue full"),
    lower("api_timeouts", "", "attempts of the routing client without an answer in time"),
    higher("api_success_ratio", "", "routing requests that succeeded / requests"),
    higher("api_goodput_per_s", "1/s", "routing requests that succeeded, per second"),
    lower("api_wasted", "", "attempts served although their client had given up"),
    lower("api_429s_others", "", "attempts of tenants and monitor that a limiter refused"),
    plain("api_utilization", "", "time-averaged share of API servers busy"),
    lower(
        "update_latency_ms_mean",
        "ms",
        "from the need for a routing decision to its being in force",
    ),
    lower("update_latency_ms_p50", "ms", "likewise, median"),
    lower("update_latency_ms_p95", "ms", "likewise, 95th percentile"),
    lower("update_latency_ms_p99", "ms", "likewise, 99th percentile"),
    lower(
        "added_update_latency_ms",
        "ms",
        "mean while a limiter on the path was refusing − mean otherwise",
    ),
    lower("fallbacks", "", "calls and updates that took the fallback"),
    lower("breaker_openings", "", "times a circuit breaker opened"),
    lower("breaker_openings_false", "", "of them while the server would have served an attempt"),
    lower("breaker_refusals", "", "requests a circuit breaker refused"),
    lower(
        "breaker_open_fraction",
        "",
        "time-averaged share of the routing client's breakers that are open",
    ),
    lower("breaker_half_open_fraction", "", "likewise half-open"),
    lower("failovers", "", "moves to the secondary carrier"),
    lower("failovers_unnecessary", "", "of them while the primary leg was usable"),
    lower("failover_flaps", "", "moves back within failover.flap_within"),
    lower("failovers_given_up", "", "moves given up"),
    lower("secondary_time_fraction", "", "time-averaged share of trunks on the secondary leg"),
    lower("secondary_minutes", "min", "connected minutes on secondary legs"),
    lower("secondary_cost", "", "their price"),
    lower("registration_timeouts", "", "registration attempts without an answer"),
    lower("registration_refusals", "", "REGISTERs refused with 503"),
    plain("registrations", "", "bindings made or refreshed"),
    lower("registrations_anew", "", "of them where no usable binding was left"),
    lower(
        "unregistered_fraction",
        "",
        "time-averaged share of legs that should be registered and are not",
    ),
    lower("register_rate_peak_per_s", "1/s", "most REGISTERs in a second at one registrar"),
    plain("utilization_true", "", "time-averaged channels with a connected call / channels"),
    plain("utilization_reported", "", "as the monitor shows it"),
    lower("utilization_mae", "", "time-averaged |reported − true|, mean over trunks"),
    plain("utilization_bias", "", "time-averaged reported − true, mean over trunks"),
    lower("utilization_staleness_s", "s", "time-averaged age of what the monitor shows"),
    lower("ghost_channels", "", "time-averaged calls the platform counts that are gone"),
    lower("sbc_drops", "", "messages dropped at a full SBC queue"),
    plain("events", "", "events the engine handled"),
];
