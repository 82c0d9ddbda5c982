//! A client of the API: its connections, breakers, bulkhead and retry loops, and what it asks.

use super::config::ClientConfig;
use super::entity::Entity;
use super::event::Try;
use super::ids::{AttemptId, CallId, ClientId, RequestId, TrunkId};
use super::observation::Errand;
use super::script::ScriptedAnswer;
use super::waiting_room::WaitingRoom;
use crate::engine::calendar::Handle;
use crate::engine::random::Draw;
use crate::engine::time::SimTime;
use crate::policies::Outcome;
use crate::policies::breaker::{Breakers, Permit, State};
use crate::policies::budget::Load;
use crate::policies::bulkhead::Bulkhead;
use crate::policies::concurrency::Place;
use crate::policies::hedge::{HedgeThrottle, Hedging};
use crate::policies::limit_headers::LimitHeaders;
use crate::policies::retry::{DEPTH_MAX, Hint, Loops, Progress};

/// A client process: a replica of the routing client, a tenant, or the monitor.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) breakers: Breakers,
    pub(super) watches: Vec<Watch>,
    pub(super) loops: Loops,
    /// Attempts sent whose outcome it does not know yet.
    pub(super) in_flight: u32,
    pub(super) bulkhead: Bulkhead,
    /// Who waits for a place in the bulkhead.
    pub(super) lobby: WaitingRoom,
    /// Free places are being handed on.
    pub(super) admitting: bool,
    /// Places given back so far; numbers the draws of its limit.
    pub(super) left: u64,
    pub(super) hedges: HedgeThrottle,
    connections: u32,
    in_use: u32,
    /// Connections given back and not yet handed on, or left free.
    pub(super) freed: u32,
    room: WaitingRoom,
    /// Requests made so far; numbers the draws of requests that no call numbers.
    pub(super) asked: u64,
    pub(super) messages: u64,
    /// The token it presents, by its place among its own.
    pub(super) token: u32,
    /// Reports to a telemetry server so far; numbers the draws that their replies ask for.
    pub(super) reports: u64,
}

/// What is known of a breaker's moves.
#[derive(Copy, Clone, Debug)]
pub(super) struct Watch {
    /// Its state as last reported.
    pub(super) state: State,
    /// Times it opened; numbers the draws of its delays.
    pub(super) openings: u32,
    /// The next look at a breaker that may move by itself, and when that is.
    pub(super) wake: Handle,
    pub(super) wake_at: SimTime,
}

impl Default for Watch {
    fn default() -> Self {
        Self { state: State::Closed, openings: 0, wake: Handle::NONE, wake_at: SimTime::NEVER }
    }
}

impl Client {
    /// A client that has asked nothing; `probe` is its limit's first draw.
    pub(super) fn new(config: &ClientConfig, mut probe: Draw) -> Self {
        Self {
            breakers: Breakers::new(&config.breaker.machine, config.breakers),
            watches: vec![Watch::default(); config.breakers as usize],
            loops: Loops::new(&config.retry),
            in_flight: 0,
            bulkhead: Bulkhead::new(&config.bulkhead, &config.concurrency, &mut probe),
            lobby: WaitingRoom::default(),
            admitting: false,
            left: 0,
            hedges: HedgeThrottle::new(&config.hedge),
            connections: config.connections,
            in_use: 0,
            freed: 0,
            room: WaitingRoom::default(),
            asked: 0,
            messages: 0,
            token: 0,
            reports: 0,
        }
    }

    /// Takes a connection for `request`, or lets it wait behind the others.
    pub(super) fn connect(&mut self, request: RequestId) -> bool {
        if self.in_use < self.connections {
            self.in_use += 1;
            return true;
        }
        self.room.join(request, 0);
        false
    }

    /// Gives a connection back, to the request that has waited longest.
    pub(super) fn disconnect(&mut self) -> Option<RequestId> {
        let next = self.room.next();
        if next.is_none() {
            self.in_use = self.in_use.checked_sub(1).expect("a connection was in use");
        }
        next
    }

    /// `request` no longer waits for a connection.
    pub(super) fn stop_waiting(&mut self, request: RequestId) -> bool {
        self.room.leave(request)
    }

    /// Whether a request without a connection may wait for one, or need not.
    pub(super) fn may_connect(&self) -> bool {
        self.in_use < self.connections || self.bulkhead.may_pend(self.room.len())
    }

    pub(super) fn is_idle(&self) -> bool {
        let connections = self.in_use == 0 && self.room.is_empty();
        connections && self.in_flight == 0 && self.lobby.is_empty() && self.bulkhead.is_idle()
    }

    /// What it has under way.
    pub(super) fn load(&self) -> Load {
        Load { active: self.in_flight, pending: self.room.len() as u32 }
    }
}

/// A logical request, retries included.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) client: ClientId,
    pub(super) errand: Errand,
    pub(super) trunk: TrunkId,
    /// Addresses its draws.
    pub(super) entity: Entity,
    pub(super) key: u64,
    /// When the need for it arose.
    pub(super) need_at: SimTime,
    /// Attempts made.
    pub(super) attempts: u32,
    /// Tries that the client refused itself.
    pub(super) refusals: u32,
    /// Times its breaker was asked.
    pub(super) questions: u32,
    /// How far it has come in the retry loops.
    pub(super) progress: Progress,
    /// The breaker's permit for the whole request, or for the outermost loop's try.
    pub(super) permit: Option<Permit>,
    /// The bulkhead's place for the whole request.
    pub(super) place: Option<Place>,
    /// The round of attempts under way, where the client hedges.
    pub(super) round: Option<Hedging>,
    pub(super) hedge_timer: Handle,
    /// The attempts of that round.
    pub(super) flying: Vec<AttemptId>,
    pub(super) state: RequestState,
    /// Whether it holds a connection.
    pub(super) connected: bool,
    /// A limiter on its path has refused or held back an attempt of it.
    pub(super) limited: bool,
    pub(super) deadline: Handle,
    /// Calls that wait for it: which, at which try, since when.
    pub(super) waiters: Vec<(CallId, Try, SimTime)>,
}

impl Request {
    /// A request whose need arises now.
    pub(super) fn new(
        client: ClientId,
        errand: Errand,
        trunk: TrunkId,
        entity: Entity,
        key: u64,
        now: SimTime,
    ) -> Self {
        Self {
            client,
            errand,
            trunk,
            entity,
            key,
            need_at: now,
            attempts: 0,
            refusals: 0,
            questions: 0,
            progress: Progress::new(),
            permit: None,
            place: None,
            round: None,
            hedge_timer: Handle::NONE,
            flying: Vec::new(),
            state: RequestState::InFlight,
            connected: false,
            limited: false,
            deadline: Handle::NONE,
            waiters: Vec::new(),
        }
    }

    /// How its last try ended, once the request is over: without an outcome, for want of time.
    pub(super) fn last_outcome(&self, ok: bool) -> Outcome {
        match self.progress.last() {
            Outcome::Ok if !ok => Outcome::TimedOut,
            last => last,
        }
    }

    /// The index of the current attempt's draws.
    pub(super) fn draw_index(&self) -> u64 {
        self.key * ATTEMPTS_ADDRESSED + u64::from(self.attempts) % ATTEMPTS_ADDRESSED
    }

    /// The index of draws that each question to the breaker has.
    pub(super) fn question_index(&self) -> u64 {
        self.key * ATTEMPTS_ADDRESSED + u64::from(self.questions) % ATTEMPTS_ADDRESSED
    }

    /// Tries made, those included that the client refused itself.
    pub(super) const fn tries(&self) -> u64 {
        self.attempts as u64 + self.refusals as u64
    }

    /// The index of draws that each try has, sent or not.
    pub(super) fn try_index(&self) -> u64 {
        self.key * ATTEMPTS_ADDRESSED + self.tries() % ATTEMPTS_ADDRESSED
    }

    /// The index of the draws at the gate that its try stands before. Those of the first four
    /// loops stand side by side; those of further ones are apart from them.
    pub(super) fn gate_index(&self) -> u64 {
        let gate = u64::from(self.progress.gate());
        match gate {
            0..GATES_BESIDE => self.try_index() * GATES_BESIDE + gate,
            _ => (1 << 63) | (self.try_index() * GATES_MAX + gate),
        }
    }
}

/// What a request is doing.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum RequestState {
    /// Waits for a place in the bulkhead, with the breaker's permit for the attempt; `opening`
    /// says that nothing else has been asked yet.
    InLobby { permit: Option<Permit>, timer: Handle, opening: bool },
    /// Waits for a connection, with the breaker's permit and the bulkhead's place for the attempt.
    Waiting { permit: Option<Permit>, place: Option<Place> },
    /// An attempt is under way.
    InFlight,
    /// Waits to go on.
    BackingOff { timer: Handle, then: Then },
}

/// What a request does after a wait.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Then {
    /// The loop of that level tries again.
    Try(u8),
    /// Its try asks the client's own throttles again.
    Pass,
    /// The loop of that level gives up.
    GiveUp(u8),
    /// The client's own limiter, which has parked it, refuses it.
    Refuse,
    /// It is over: its wait would have outlasted the run.
    End,
}

/// An attempt, until both its client and the server are done with it.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) request: RequestId,
    pub(super) client: ClientId,
    pub(super) errand: Errand,
    pub(super) trunk: TrunkId,
    pub(super) entity: Entity,
    /// Addresses its draws: request and attempt.
    pub(super) index: u64,
    pub(super) need_at: SimTime,
    /// The token it presents, by its place among the client's.
    pub(super) token: u32,
    pub(super) permit: Option<Permit>,
    /// Its place in the client's bulkhead, and among those at the server.
    pub(super) place: Option<Place>,
    pub(super) server_place: Option<Place>,
    pub(super) timeout: Handle,
    pub(super) came_at: SimTime,
    /// When its service ends, while it is in service.
    pub(super) serving_until: Option<SimTime>,
    /// The client has given up on it.
    pub(super) abandoned: bool,
    /// It, or its answer, was lost on the way.
    pub(super) lost: bool,
    pub(super) limited: bool,
    /// The limiter that refused it, where one has.
    pub(super) refused_by: Option<u32>,
    /// What a file says of it.
    pub(super) script: Option<ScriptedAnswer>,
    pub(super) outcome: Outcome,
    pub(super) hint: Option<Hint>,
    /// What its answer says of its limit, where the client reads that.
    pub(super) limits: Option<LimitHeaders>,
    /// What the server answers: a group's index, or a trunk's counted calls.
    pub(super) answer: u32,
}

impl Attempt {
    /// The number of its request among those that draw as the same entity.
    pub(super) const fn key(&self) -> u64 {
        self.index / ATTEMPTS_ADDRESSED
    }
}

/// Attempts of a request that have draws of their own.
const ATTEMPTS_ADDRESSED: u64 = 1024;
/// Gates of a try, two for each loop: of four loops, and of as many as there may be and one past
/// the last.
const GATES_BESIDE: u64 = 8;
const GATES_MAX: u64 = 64;
const _: () = assert!(2 * (DEPTH_MAX as u64) < GATES_MAX);

#[cfg(test)]
mod tests {
    use super::super::ids::Slab;
    use super::*;
    use crate::engine::time::SimDuration;
    use crate::policies::breaker::BreakerSpec;
    use crate::policies::retry::{Method, RetrySpec};

    #[test]
    fn connections_are_handed_on_in_the_order_of_asking() {
        let config = ClientConfig {
            name: "client".to_owned(),
            entity: Entity::named("client", "1"),
            connections: 1,
            hold_connection: false,
            place_first: true,
            attempt_timeout: SimDuration::from_secs(1),
            coalesce: false,
            retry: RetrySpec::never(),
            update_method: Method::Put,
            method: Method::Get,
            breaker: BreakerSpec::disabled(),
            breakers: 1,
            bulkhead: Default::default(),
            concurrency: Default::default(),
            hedge: Default::default(),
            limiters: Vec::new(),
            charges: vec![Vec::new()],
            rotation: Default::default(),
            rtt: None,
            arrivals: None,
        };
        let probe = crate::engine::random::RandomSource::new(1, 0).at(0, 0, 0);
        let mut client = Client::new(&config, probe);
        let mut slab = Slab::default();
        let [a, b, c] = [1, 2, 3].map(|n| slab.insert(n));
        assert_eq!([a, b, c].map(|r| client.connect(r)), [true, false, false]);
        assert!(client.stop_waiting(b));
        assert_eq!(client.disconnect(), Some(c));
        assert_eq!(client.disconnect(), None);
        assert!(client.is_idle());
    }
}
