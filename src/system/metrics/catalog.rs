//! The names of the metrics, their units, their bounds and what they mean.

use super::bounds::Bounds;

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

/// What a metric is about.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Service levels.
    Service,
    /// Calls and their INVITEs.
    Calls,
    /// Agents and their queues.
    Agents,
    /// The routing client's use of the API.
    Api,
    /// How long a routing decision takes to be in force.
    Update,
    /// Circuit breakers.
    Breaker,
    /// Failover to the secondary carrier.
    Failover,
    /// SIP registrations.
    Registration,
    /// Trunk utilization, true and reported.
    Utilization,
    /// The simulated SBCs' overload and the engine.
    Engine,
}

/// A metric of a run.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// What it is about.
    pub family: Family,
    /// Its name in files.
    pub name: &'static str,
    /// Its unit; `share` for parts of a whole, 0 to 1; empty for counts and ratios.
    pub unit: &'static str,
    /// Which way it is better.
    pub better: Better,
    /// Where its values lie. Asserted at the end of every run.
    pub bounds: Bounds,
    /// What it is.
    pub meaning: &'static str,
}

impl Metric {
    /// The same metric with bounds of its own, where the unit does not say them.
    const fn within(self, bounds: Bounds) -> Self {
        Self { bounds, ..self }
    }

    /// Whether it adds up over the measured time, so that it can be told per hour or day: numbers
    /// of things, minutes and money are, shares, means, quantiles and rates are not.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        match self.unit {
            "calls" | "min" => true,
            "" => {
                !["retry_amplification", "limit_peak_share", "ghost_channels"].contains(&self.name)
            }
            _ => false,
        }
    }

    /// Its name in words, without the unit: `update latency p95`.
    #[must_use]
    pub fn label(&self) -> String {
        let words = self.name.split('_').filter(|word| match *word {
            "ms" | "s" => self.unit != *word && self.unit != "1/s",
            "per" => self.unit != "1/s",
            _ => true,
        });
        let words: Vec<&str> = words
            .map(|word| match word {
                "api" => "API",
                "mae" => "mean absolute error",
                "sbc" => "SBC",
                "invite" => "INVITE",
                word => word,
            })
            .collect();
        words.join(" ")
    }
}

const fn higher(
    family: Family,
    name: &'static str,
    unit: &'static str,
    meaning: &'static str,
) -> Metric {
    Metric { family, name, unit, better: Better::Higher, bounds: Bounds::of_unit(unit), meaning }
}

const fn lower(
    family: Family,
    name: &'static str,
    unit: &'static str,
    meaning: &'static str,
) -> Metric {
    Metric { family, name, unit, better: Better::Lower, bounds: Bounds::of_unit(unit), meaning }
}

const fn plain(
    family: Family,
    name: &'static str,
    unit: &'static str,
    meaning: &'static str,
) -> Metric {
    Metric { family, name, unit, better: Better::Neither, bounds: Bounds::of_unit(unit), meaning }
}

use Family::{
    Agents, Api, Breaker, Calls, Engine, Failover, Registration, Service, Update, Utilization,
};

/// The place of a metric in the list.
#[must_use]
pub fn index_of(name: &str) -> Option<usize> {
    METRICS.iter().position(|m| m.name == name)
}

/// All metrics of a run, in the order of their values.
pub static METRICS: &[Metric] = &[
    higher(
        Service,
        "service_level",
        "share",
        "share of calls answered in time, by the formula service_level.formula; by default answered within the threshold of queue entry / (queued − abandoned within the short-abandon time)",
    ),
    higher(
        Service,
        "service_level_end_to_end",
        "share",
        "calls answered within the threshold of the first INVITE / calls offered",
    ),
    lower(
        Service,
        "time_below_target_s",
        "s",
        "time during which the service level of the last 5 minutes was below the target",
    )
    .within(Bounds::MeasuredTime),
    lower(
        Service,
        "recovery_time_s",
        "s",
        "longest time from the end of a fault until service level and queues are back in their band",
    )
    .within(Bounds::MeasuredTime),
    plain(Calls, "calls_offered", "calls", "calls offered to the trunks"),
    lower(Calls, "calls_redialled", "calls", "calls offered by callers whose earlier call had failed"),
    higher(Calls, "calls_answered", "calls", "calls answered by an agent"),
    higher(
        Calls,
        "calls_answered_in_time",
        "calls",
        "calls answered by an agent within the threshold of queue entry",
    ),
    lower(Calls, "calls_abandoned", "calls", "callers who hung up in the flow or queue"),
    lower(
        Calls,
        "calls_abandoned_short",
        "calls",
        "callers who hung up in the queue within the short-abandon time of queue entry",
    ),
    lower(Calls, "calls_abandoned_setup", "calls", "callers who hung up before the trunk answered"),
    lower(
        Calls,
        "calls_failed",
        "calls",
        "calls blocked, lost, timed out, rejected or dropped, each counted once",
    ),
    higher(
        Calls,
        "call_success_ratio",
        "share",
        "(calls offered − calls failed) / calls offered; a connected call that is dropped counts as failed",
    ),
    lower(
        Calls,
        "calls_blocked",
        "calls",
        "calls that found no free channel, or the calls-per-second limit reached, on every usable leg",
    ),
    lower(
        Calls,
        "invites_throttled",
        "",
        "INVITEs held back by a carrier at the request of an overloaded SBC",
    ),
    lower(Calls, "calls_lost", "calls", "calls that found no usable leg: carrier down or leg not registered"),
    lower(Calls, "calls_timed_out", "calls", "calls whose last INVITE went without an answer"),
    lower(Calls, "calls_rejected", "calls", "calls whose last INVITE was refused with 503"),
    lower(Calls, "invite_timeouts", "", "INVITEs given up: Timer B, or no progress after 100"),
    lower(Calls, "reattempts", "", "INVITEs of a call after its first"),
    lower(Calls, "calls_dropped", "calls", "connected calls torn down by the network, answered by an agent or not"),
    lower(Calls, "calls_dropped_primary", "calls", "connected calls torn down by the network on the primary leg"),
    lower(Calls, "calls_dropped_secondary", "calls", "connected calls torn down by the network on the secondary leg"),
    higher(Calls, "answer_seizure_ratio", "share", "ASR: calls the trunk answered / calls offered"),
    higher(
        Calls,
        "network_effectiveness_ratio",
        "share",
        "NER: calls answered or hung up by the caller / calls offered",
    ),
    lower(
        Calls,
        "post_dial_delay_ms_p50",
        "ms",
        "median of the post-dial delay: from the first INVITE to the trunk's answer",
    ),
    lower(Calls, "post_dial_delay_ms_p95", "ms", "95th percentile of the post-dial delay"),
    lower(Calls, "post_dial_delay_ms_p99", "ms", "99th percentile of the post-dial delay"),
    lower(Agents, "queue_wait_s_mean", "s", "mean time in the queue of calls that entered it"),
    plain(
        Agents,
        "agent_occupancy",
        "share",
        "share of the working time of agents spent with a call or in wrap-up; an agent who logs out during a call works until call and wrap-up end",
    ),
    plain(Api, "api_requests", "", "requests of the routing client: look-ups and updates"),
    plain(Api, "api_attempts", "", "attempts of the routing client, retries included"),
    lower(Api, "retry_amplification", "", "attempts / requests with at least one attempt").within(Bounds::AtLeastOne),
    lower(
        Api,
        "api_429s",
        "",
        "attempts of the routing client answered with 429: refused by a limit, unless the limit answers with another status",
    ),
    lower(
        Api,
        "api_503s",
        "",
        "attempts of the routing client answered with 503: refused by the server (queue full, over its limit, shed), and failures with that status",
    ),
    lower(
        Api,
        "api_other_errors",
        "",
        "attempts of the routing client answered with a status other than 2xx, 429 and 503",
    ),
    lower(Api, "api_timeouts", "", "attempts of the routing client without an answer in time"),
    higher(Api, "api_success_ratio", "share", "routing requests that succeeded / requests"),
    higher(Api, "api_goodput_per_s", "1/s", "routing requests that succeeded, per second"),
    lower(Api, "api_wasted", "", "attempts that the server served although their client had given up"),
    lower(Api, "api_429s_others", "", "attempts of tenants and of the monitor answered with 429"),
    lower(
        Api,
        "limiter_refusals",
        "",
        "attempts of all clients refused by a limiter of the API",
    ),
    lower(
        Api,
        "limiter_delays",
        "",
        "attempts of all clients held back by a limiter of the API",
    ),
    lower(
        Api,
        "limit_peak_share",
        "",
        "highest peak of a limiter of the API / its limit per period, both as in limits.csv",
    )
    .within(Bounds::NotNegative),
    plain(Api, "api_utilization", "share", "time-averaged share of API servers busy"),
    lower(
        Update,
        "update_latency_ms_mean",
        "ms",
        "mean update latency: from the need for a routing decision to the policy in force, of every call and update that asked, also where the INVITE was given up or the fallback taken by then",
    ),
    lower(Update, "update_latency_ms_p50", "ms", "median of the update latency"),
    lower(Update, "update_latency_ms_p95", "ms", "95th percentile of the update latency"),
    lower(Update, "update_latency_ms_p99", "ms", "99th percentile of the update latency"),
    lower(
        Update,
        "added_update_latency_ms",
        "ms",
        "mean latency of updates of which a limiter on the path refused or held back an attempt − mean latency of all other updates",
    ).within(Bounds::Any),
    lower(Update, "fallbacks", "", "calls and updates that took the fallback"),
    lower(Breaker, "breaker_openings", "", "openings of circuit breakers"),
    lower(
        Breaker,
        "breaker_openings_false",
        "",
        "openings of a circuit breaker at which an attempt would have been served in time with a probability above 1 − the failure rate that opens the breaker",
    ),
    lower(Breaker, "breaker_refusals", "", "requests or tries refused by a circuit breaker"),
    lower(
        Breaker,
        "breaker_open_fraction",
        "share",
        "time-averaged share of the routing client's breakers that are open",
    ),
    lower(Breaker, "breaker_half_open_fraction", "share", "time-averaged share of the routing client's breakers that are half-open"),
    lower(Failover, "failovers", "", "switches to the secondary carrier"),
    lower(Failover, "failovers_unnecessary", "", "failovers while the primary leg was usable"),
    lower(Failover, "failover_flaps", "", "returns to the primary leg within failover.flap_within of the failover"),
    lower(Failover, "failovers_begun", "", "moves to the secondary carrier begun, completed or not"),
    lower(Failover, "failovers_given_up", "", "moves to the secondary carrier, or back, that were given up"),
    lower(
        Failover,
        "secondary_time_fraction",
        "share",
        "time-averaged share of trunks on the secondary leg",
    ),
    lower(
        Failover,
        "wrong_carrier_time_fraction",
        "share",
        "time-averaged share of trunks with two legs that are on the secondary while the primary could carry calls, or on the primary while it could not",
    ),
    lower(Failover, "secondary_minutes", "min", "connected minutes on secondary legs"),
    lower(Failover, "secondary_cost", "", "price of the connected minutes on secondary legs, in the currency of the carriers' prices").within(Bounds::NotNegative),
    lower(Registration, "registration_timeouts", "", "registration attempts without an answer"),
    lower(Registration, "registration_refusals", "", "REGISTERs refused with 503"),
    lower(
        Registration,
        "registers_throttled",
        "",
        "REGISTERs held back by an SBC at the request of an overloaded registrar",
    ),
    lower(
        Registration,
        "registrations_too_brief",
        "",
        "REGISTERs refused with 423: the interval asked for is too brief",
    ),
    plain(Registration, "registrations", "", "registrations that succeeded: bindings made or refreshed"),
    lower(Registration, "re_registrations", "", "registrations that succeeded for a leg without a usable binding"),
    lower(
        Registration,
        "unregistered_fraction",
        "share",
        "time in which legs are not registered but should be / time in which they should be",
    ),
    lower(
        Registration,
        "register_rate_peak_per_s",
        "1/s",
        "most REGISTERs in a second at one registrar",
    ),
    lower(
        Registration,
        "reregistration_time_s_max",
        "s",
        "longest time from the end of a carrier's outage until all legs registered with the carrier before are registered again",
    ).within(Bounds::MeasuredTime),
    plain(
        Utilization,
        "utilization_true",
        "share",
        "time-averaged channels with a connected call / channels",
    ),
    plain(Utilization, "utilization_reported", "share", "channels in use as shown by the monitor / channels; a gauge shows at most full, whatever the platform counts"),
    lower(
        Utilization,
        "utilization_mae",
        "share",
        "time-averaged |reported − true|, mean over trunks",
    ),
    plain(
        Utilization,
        "utilization_bias",
        "share",
        "time-averaged reported − true, mean over trunks",
    ).within(Bounds::SignedShare),
    lower(
        Utilization,
        "utilization_staleness_s",
        "s",
        "time-averaged age of the value that the monitor shows",
    ).within(Bounds::Horizon),
    lower(
        Utilization,
        "ghost_channels",
        "",
        "time-averaged number of calls that have ended but that the platform still counts",
    ).within(Bounds::NotNegative),
    lower(Engine, "sbc_drops", "", "messages dropped because an SBC's queue was full"),
    plain(Engine, "events", "", "events handled by the engine"),
];
