//! The columns of the tables of one run, with their units and what they mean.

use super::bounds::Bounds;

/// A column of a table of one run.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in files.
    pub name: &'static str,
    /// Its unit; `share` for parts of a whole, 0 to 1; `per bin` for counts of a bin of time; empty
    /// for other counts and for levels.
    pub unit: &'static str,
    /// What it is.
    pub meaning: &'static str,
    /// Whether every row has a value.
    pub always: bool,
    /// Where its values lie. Asserted at the end of every run.
    pub bounds: Bounds,
}

impl Column {
    /// The same column with bounds of its own, where the unit does not say them.
    const fn within(self, bounds: Bounds) -> Self {
        Self { bounds, ..self }
    }
}

const fn always(name: &'static str, unit: &'static str, meaning: &'static str) -> Column {
    Column { name, unit, meaning, always: true, bounds: Bounds::of_unit(unit) }
}

const fn observed(name: &'static str, unit: &'static str, meaning: &'static str) -> Column {
    Column { name, unit, meaning, always: false, bounds: Bounds::of_unit(unit) }
}

/// Of the table with a row per trunk, after its name.
pub(super) const TRUNK: [Column; 19] = [
    always("calls_offered", "calls", "calls offered to the trunk"),
    always("calls_answered", "calls", "calls answered by an agent"),
    observed("service_level", "share", "share of calls answered in time, by the model's formula"),
    observed(
        "service_level_end_to_end",
        "share",
        "calls answered within the threshold of the first INVITE / calls offered",
    ),
    always(
        "calls_failed",
        "calls",
        "calls blocked, lost, timed out, rejected or dropped, each counted once",
    ),
    observed("call_success_ratio", "share", "(calls offered − calls failed) / calls offered"),
    always(
        "calls_blocked",
        "calls",
        "calls that found no free channel, or the calls-per-second limit reached, on every usable leg",
    ),
    always(
        "calls_lost",
        "calls",
        "calls that found no usable leg: carrier down or leg not registered",
    ),
    always("invite_timeouts", "", "INVITEs given up: Timer B, or no progress after 100"),
    always(
        "calls_dropped_primary",
        "calls",
        "connected calls torn down by the network on the primary leg",
    ),
    always(
        "calls_dropped_secondary",
        "calls",
        "connected calls torn down by the network on the secondary leg",
    ),
    always("failovers", "", "switches to the secondary carrier"),
    always("failovers_unnecessary", "", "failovers while the primary leg was usable"),
    always(
        "secondary_time_fraction",
        "share",
        "share of the time that the trunk was on the secondary leg",
    ),
    always("registration_timeouts", "", "registration attempts without an answer"),
    observed(
        "update_latency_ms_mean",
        "ms",
        "mean update latency: from the need for a routing decision to the policy in force",
    ),
    always("utilization_true", "share", "time-averaged channels with a connected call / channels"),
    observed(
        "utilization_reported",
        "share",
        "channels in use as shown by the monitor / channels, at most full; empty without a monitor",
    ),
    observed(
        "utilization_mae",
        "share",
        "time-averaged |reported − true|; empty without a monitor",
    ),
];

/// Of the table with a row per carrier, after its name.
pub(super) const CARRIER: [Column; 9] = [
    always("calls_connected", "calls", "calls connected over the carrier"),
    always("connected_minutes", "min", "connected minutes of the calls over the carrier"),
    always("cost", "", "price of the connected minutes, in the currency of the carriers' prices")
        .within(Bounds::NotNegative),
    always("invite_timeouts", "", "INVITEs given up: Timer B, or no progress after 100"),
    always("registers_received", "", "REGISTERs that reached the carrier's registrar"),
    always(
        "register_rate_peak_per_s",
        "1/s",
        "most REGISTERs in a second at the carrier's registrar",
    ),
    always("registration_timeouts", "", "registration attempts without an answer"),
    always("registration_refusals", "", "REGISTERs refused with 503"),
    always("outage_fraction", "share", "share of the time the carrier was down"),
];

/// How many columns of [`SERIES`] count what happens within the bin.
pub(super) const COUNTS: usize = 11;
/// How many columns of [`SERIES`] are levels, averaged over the bin's time.
pub(super) const LEVELS: usize = 3;

/// Of the table with a row per bin of time: its start, counts, the service level, the mean latency,
/// levels.
pub(super) const SERIES: [Column; 1 + COUNTS + 2 + LEVELS] = [
    always("start_s", "s", "start of the bin, from the start of the run, its warm-up included"),
    always("calls_offered", "per bin", "calls offered within the bin"),
    always("calls_answered", "per bin", "calls answered by an agent within the bin"),
    always(
        "calls_answered_in_time",
        "per bin",
        "calls answered within the bin, and within the threshold of queue entry",
    ),
    always("calls_abandoned", "per bin", "callers who hung up, before or after the trunk answered"),
    always("calls_dropped", "per bin", "connected calls torn down by the network"),
    always("invite_timeouts", "per bin", "INVITEs given up: Timer B, or no progress after 100"),
    always("api_attempts", "per bin", "attempts of the routing client"),
    always("api_429s", "per bin", "attempts of the routing client answered with 429"),
    always("breaker_openings", "per bin", "openings of circuit breakers"),
    always("failovers", "per bin", "switches to the secondary carrier"),
    always("registration_timeouts", "per bin", "registration attempts without an answer"),
    observed(
        "service_level",
        "share",
        "share of calls answered in time, by the model's formula, of calls that left the queue within the bin",
    ),
    observed(
        "update_latency_ms_mean",
        "ms",
        "mean update latency of routing decisions that came into force within the bin",
    ),
    always("trunks_on_secondary", "", "trunks on the secondary leg, averaged over the bin")
        .within(Bounds::NotNegative),
    always("connected_calls", "", "connected calls, averaged over the bin")
        .within(Bounds::NotNegative),
    always("callers_queued", "", "callers in agents' queues, averaged over the bin")
        .within(Bounds::NotNegative),
];

/// Of the table with a row per fault, after its name.
pub(super) const FAULT: [Column; 6] = [
    observed("start_s", "s", "when the fault starts; empty for random outages of a carrier"),
    observed("end_s", "s", "when the fault ends; empty for random outages of a carrier"),
    always("ends", "", "ends of the fault within the measured time"),
    observed(
        "recovery_time_s",
        "s",
        "longest time from an end of the fault until service level and queues are back in their band",
    )
    .within(Bounds::MeasuredTime),
    observed(
        "service_level_band",
        "share",
        "lower end of the service level's band before the fault, of the slowest recovery",
    ),
    observed(
        "callers_queued_band",
        "",
        "upper end of the band of callers queued before the fault, of the slowest recovery",
    )
    .within(Bounds::NotNegative),
];

/// Of the table with a row per limiter of the API and client, after their names.
pub(super) const LIMIT: [Column; 8] = [
    always(
        "limit_per_period",
        "",
        "attempts (or cost) that the limiter takes on in one period as specified",
    )
    .within(Bounds::NotNegative),
    always(
        "period_s",
        "s",
        "length of a period: the limiter's window or cycle; 60 s for buckets, GCRA and nginx",
    ),
    always("attempts", "", "attempts that reached the limiter"),
    always("passed", "", "attempts that the limiter let pass at once"),
    always("delayed", "", "attempts that the limiter held back longest on their path"),
    always("refused", "", "attempts that the limiter refused for longest on their path"),
    always("refused_elsewhere", "", "attempts that another limiter of their path refused"),
    always("peak", "", "most attempts (or cost) taken on, to pass at once or later, in one period"),
];
