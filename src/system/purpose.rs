//! What a random number is drawn for. The purpose, the entity and the index together address the
//! draw, so that a policy which reorders, drops or retries work leaves every other draw alone
//! (common random numbers). Entities are addressed by their names ([`super::entity`]).

/// The purpose of a draw; the entity and index are given beside each.
#[derive(Copy, Clone, Debug)]
#[repr(u8)]
pub(super) enum Purpose {
    /// Time to a source's next arrival: entity = source, index = candidate.
    Arrival = 1,
    /// Whether a candidate of a varying rate counts, or how long a burst state lasts: entity =
    /// source, index = candidate.
    ArrivalState,
    /// Talk time: entity = trunk, index = caller of that trunk.
    Talk,
    /// Patience in the queue: entity = trunk, index = call of that trunk.
    Patience,
    /// Patience during call set-up: entity = trunk, index = call of that trunk.
    SetupPatience,
    /// Wrap-up after the call: entity = trunk, index = call of that trunk.
    WrapUp,
    /// Whether and when a caller dials again: entity = trunk, index = call of that trunk.
    Redial,
    /// SBC processing: entity = SBC, index = job.
    SbcService,
    /// Registrar processing: entity = carrier, index = job.
    RegistrarService,
    /// A registrar's background REGISTERs: entity = carrier, index = arrival.
    Background,
    /// The wait before a registration is tried again: entity = leg, index = try.
    RegistrationRetry,
    /// Age of a binding at the start: entity = leg.
    BindingAge,
    /// Phase of OPTIONS at the start: entity = leg.
    OptionsPhase,
    /// API service demand: entity = who asks, index = request and attempt.
    ApiService,
    /// Jitter of a retry: entity = who asks, index = request and attempt.
    BackoffJitter,
    /// Loss and delay of a message on a leg: entity = leg, index = message.
    Network,
    /// Loss of a message between a client and the API: entity = who asks, index = message.
    ApiNetwork,
    /// Stagger of a failover: entity = trunk, index = trigger.
    Stagger,
    /// A carrier's time to failure: entity = carrier, index = outage.
    TimeToFailure,
    /// A carrier's time to repair: entity = carrier, index = outage.
    TimeToRepair,
    /// A background binding's wait after an outage: entity = carrier, index = outage and binding.
    Avalanche,
    /// How long a breaker stays open: entity = client, with region or
    /// trunk where a breaker is theirs; index = opening.
    BreakerDelay,
    /// Whether the API fails an attempt whatever its load: entity = who asks, index = request and
    /// attempt.
    ApiFailure,
    /// Whether a client refuses an attempt of its own: entity = who asks, index = request, attempt
    /// and gate.
    ClientThrottle,
    /// How long a message between a client and the API takes: entity = who asks, index = request,
    /// attempt and direction.
    ApiDelay,
    /// When an adaptive limit next measures: entity = client or server, index = requests
    /// that have ended there.
    LimitProbe,
    /// What a client holds back for an overloaded server: entity = server and client, a
    /// registrar with an SBC for REGISTERs, an SBC with a carrier for INVITEs; index = decision.
    Throttle,
    /// What an overloaded registrar refuses of others' REGISTERs: entity = carrier, index =
    /// REGISTER.
    OverloadedDoor,
    /// Whether a registrar fails on a REGISTER: entity = carrier, index = REGISTER.
    RegistrarFailure,
    /// Time between two OPTIONS of a leg: entity = leg, index = OPTIONS.
    OptionsInterval,
    /// By how much an `Expires` is shortened: entity = leg, index = binding.
    ExpiresSpread,
    /// The wait before the first REGISTER of an SBC: entity = leg, index = wait.
    InitialDelay,
    /// What an attempt would meet that is judged at a breaker's opening and never sent: entity =
    /// API, index = sample.
    Prospect,
    /// The wait after a try that the client refused itself: entity = who asks, index = request and
    /// try.
    RefusalJitter,
    /// Whether a breaker that rejects a share of the calls rejects one: entity = who asks, index =
    /// request and question.
    BreakerChance,
    /// What a client makes of a telemetry server's reply: entity = client, index = report.
    TelemetryReply,
}
