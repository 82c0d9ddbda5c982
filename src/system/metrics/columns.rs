//! The columns of the tables of one run, with their units and what they mean.

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
}

const fn always(name: &'static str, unit: &'static str, meaning: &'static str) -> Column {
    Column { name, unit, meaning, always: true }
}

const fn observed(name: &'static str, unit: &'static str, meaning: &'static str) -> Column {
    Column { name, unit, meaning, always: false }
}

/// Of the table with a row per trunk, after its name.
pub(super) const TRUNK: [Column; 17] = [
    always("calls_offered", "calls", "calls offered to the trunk"),
    always("calls_answered", "calls", "of them answered by an agent"),
    observed(
        "service_level",
        "share",
        "answered within the threshold of queue entry / (queued − abandoned within the short-abandon time)",
    ),
    observed(
        "service_level_end_to_end",
        "share",
        "answered within the threshold of the first INVITE / calls offered",
    ),
    always(
        "calls_blocked",
        "calls",
        "no free channel, or over the calls-per-second limit, on every usable leg",
    ),
    always("calls_lost", "calls", "no usable leg: carrier down or not registered"),
    always("invite_timeouts", "", "INVITEs given up: Timer B, or no progress after 100"),
    always("calls_dropped_primary", "calls", "connected calls torn down on the primary leg"),
    always("calls_dropped_secondary", "calls", "likewise on the secondary leg"),
    always("failovers", "", "switches to the secondary carrier"),
    always("failovers_unnecessary", "", "of them while the primary leg was usable"),
    always("secondary_time_fraction", "share", "share of the time on the secondary leg"),
    always("registration_timeouts", "", "registration attempts without an answer"),
    observed(
        "update_latency_ms_mean",
        "ms",
        "from the need for a routing decision to its being in force",
    ),
    always("utilization_true", "share", "time-averaged channels with a connected call / channels"),
    observed("utilization_reported", "share", "as the monitor shows it; empty without a monitor"),
    observed("utilization_mae", "share", "time-averaged |reported − true|; empty likewise"),
];

/// Of the table with a row per carrier, after its name.
pub(super) const CARRIER: [Column; 9] = [
    always("calls_connected", "calls", "calls connected over the carrier"),
    always("connected_minutes", "min", "how long they were connected, together"),
    always("cost", "", "their price, in the money of the carriers' prices"),
    always("invite_timeouts", "", "INVITEs given up: Timer B, or no progress after 100"),
    always("registers_received", "", "REGISTERs that reached the carrier's registrar"),
    always("register_rate_peak_per_s", "1/s", "most REGISTERs in a second"),
    always("registration_timeouts", "", "registration attempts without an answer"),
    always("registration_refusals", "", "REGISTERs refused with 503"),
    always("outage_fraction", "share", "share of the time the carrier was down"),
];

/// How many columns of [`SERIES`] count what happens within the bin.
pub(super) const COUNTS: usize = 11;
/// How many columns of [`SERIES`] are levels, averaged over the bin's time.
pub(super) const LEVELS: usize = 2;

/// Of the table with a row per bin of time: its start, counts, the mean latency, levels.
pub(super) const SERIES: [Column; 1 + COUNTS + 1 + LEVELS] = [
    always("start_s", "s", "start of the bin, from the start of the run, its warm-up included"),
    always("calls_offered", "per bin", "calls offered within the bin"),
    always("calls_answered", "per bin", "calls an agent answered within it"),
    always("calls_answered_in_time", "per bin", "of them within the threshold of queue entry"),
    always("calls_abandoned", "per bin", "callers who hung up, before or after the trunk answered"),
    always("calls_dropped", "per bin", "connected calls torn down by the network"),
    always("invite_timeouts", "per bin", "INVITEs given up: Timer B, or no progress after 100"),
    always("api_attempts", "per bin", "attempts of the routing client"),
    always("api_429s", "per bin", "of them refused by a limiter"),
    always("breaker_openings", "per bin", "times a circuit breaker opened"),
    always("failovers", "per bin", "switches to the secondary carrier"),
    always("registration_timeouts", "per bin", "registration attempts without an answer"),
    observed("update_latency_ms_mean", "ms", "of routing decisions that came into force within it"),
    always("trunks_on_secondary", "", "trunks on the secondary leg, averaged over its time"),
    always("connected_calls", "", "connected calls, averaged over its time"),
];
