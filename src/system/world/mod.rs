//! The state of one run, and the one place where two parts meet: `handle` passes each event to the
//! part it concerns, and the part's answer on to the next. No part knows another.
//!
//! Within an instant, events are handled in the order they were scheduled; limiters and breakers
//! therefore decide in that order.

mod answering;
mod attempts;
mod breakers;
mod bulkheads;
mod calls;
mod connections;
mod decisions;
mod failovers;
mod faults;
mod hedges;
mod options;
mod outages;
mod overload;
mod prospects;
mod registrars;
mod registrations;
mod requests;
mod retries;
mod server;
mod sessions;
mod signalling;
mod telemetry;

use std::collections::VecDeque;

use super::arrivals::Arrivals;
use super::call::Call;
use super::client::{Attempt, Client, Request};
use super::config::{CarrierConfig, Config, SbcConfig};
use super::entity::Entity;
use super::event::{Event, RegisterAnswer, Try};
use super::group::Group;
use super::ids::{
    ByeId, CallId, CarrierId, ClientId, GroupId, LegId, RequestId, SbcId, Side, Slab, TrunkId,
};
use super::leg::Leg;
use super::observation::{Cause, Observation, Observer};
use super::purpose::Purpose;
use super::station::Station;
use super::tally::Tally;
use crate::engine::calendar::{Calendar, Handle};
use crate::engine::random::{Draw, RandomSource};
use crate::engine::simulation;
use crate::engine::time::{SimDuration, SimTime};
use crate::policies::concurrency::Concurrency;
use crate::policies::failover::Controller;
use crate::policies::limiter::Limiter;
use crate::policies::overload::{Control, Feedback};
use crate::policies::shedding::Codel;
use crate::policies::throttle::Telemetry;
use overload::{Throttles, place as place_of_pair};
use sessions::Bye;

/// The state of one run.
pub(super) struct World<'c, O> {
    config: &'c Config,
    random: RandomSource,
    observer: O,
    calls: Slab<Call>,
    /// BYEs on their way, and calls counted for want of one.
    byes: Slab<Bye>,
    trunks: Vec<Trunk>,
    legs: Vec<Option<Leg>>,
    /// Busy channels of each group of channels.
    channels: Vec<u32>,
    groups: Vec<Group>,
    sbcs: Vec<Sbc>,
    carriers: Vec<Carrier>,
    /// What each repair crew has to repair, the carrier it is at first.
    crews: Vec<VecDeque<CarrierId>>,
    clients: Vec<Client>,
    sources: Vec<Option<Arrivals>>,
    requests: Slab<Request>,
    attempts: Slab<Attempt>,
    server: Server,
    api_network: Network,
    throttles: Throttles,
    /// The telemetry servers that clients report to, by client, the first of its replicas; empty
    /// where none does.
    telemetry: Vec<Option<Telemetry>>,
    /// Until when a carrier leaves an SBC alone, by carrier and SBC; empty until one does.
    left_alone: Vec<SimTime>,
    /// What openings of breakers are judged by, once one has opened.
    prospects: Vec<prospects::Prospect>,
    tally: Tally,
}

/// What the platform and the site know of a trunk.
struct Trunk {
    arrivals: Arrivals,
    offered: u64,
    /// The side its calls are offered to first.
    active: Side,
    controller: Option<Controller>,
    wake: Handle,
    triggers: u64,
    /// The event that last decided a move; where the primary leg's condition did, the controller
    /// knows.
    cause: Cause,
    /// The routing policy in force.
    policy: GroupId,
    /// The look-up its calls share.
    lookup: Option<RequestId>,
    /// The oldest change of availability not yet written.
    dirty_since: Option<SimTime>,
    update_due: bool,
    update_in_flight: bool,
    updates: u64,
    /// The last update that came into force.
    applied: u64,
    polls: u64,
    late_lookups: u64,
    /// Connected calls, and those the platform counts (ghosts included).
    truly: u32,
    counted: u32,
}

/// A session border controller's processor.
struct Sbc {
    station: Station<SbcJob>,
    in_service: Option<SbcJob>,
    /// Restarts in force, and faults that keep messages from it.
    down: bool,
    cut_off: bool,
    /// Makes the end of a job from before a restart stale.
    serial: u32,
    jobs: u64,
    /// Its overload control towards the carriers.
    control: Option<Control>,
}

/// What an SBC's processor works on.
#[derive(Copy, Clone, Debug)]
enum SbcJob {
    Invite(CallId, Try, LegId),
    Bye(ByeId),
    Handshake(LegId, Try),
    SendRegister(LegId, Try),
    ReadRegister(LegId, Try, RegisterAnswer, Option<Feedback>),
    SendOptions(LegId, u32),
}

/// A carrier with its registrar.
struct Carrier {
    /// Outages in force; the carrier works while this is 0.
    outages: u32,
    /// An outage in force has closed its connections.
    lost_flows: bool,
    failures: u64,
    limiter: Option<Limiter>,
    registrar: Station<(u32, Try)>,
    /// Its registrar's overload control towards the SBCs.
    control: Option<Control>,
    /// Others' REGISTERs that the control has looked at.
    at_door: u64,
    jobs: u64,
    /// REGISTERs of ours that it has handled, where some fail.
    answered: u64,
    background: u64,
    avalanches: u64,
    network: Network,
}

/// What network faults add.
#[derive(Copy, Clone, Default)]
struct Network {
    delay: SimDuration,
    loss: f64,
}

/// The API server.
struct Server {
    limiters: Vec<Limiter>,
    /// What faults make of each limiter's limit.
    scales: Vec<f64>,
    station: Station<super::ids::AttemptId>,
    shedding: Option<Codel>,
    /// Its concurrency limit, and how many have ended under it.
    limit: Option<Concurrency>,
    ended: u64,
    /// Attempts that the limiters have let pass.
    passed: u64,
}

/// How long after the horizon recurrent timers go on, while a call is under way (assumption).
const DRAIN_MAX: SimDuration = SimDuration::from_secs(86_400);

/// How long after the horizon the last things under way may end (assumption).
pub(super) const FINISH_MAX: SimDuration = SimDuration::from_secs(400 * 86_400);

/// The registrar's own customers are not legs.
const BACKGROUND: u32 = u32::MAX;

type Cal = Calendar<Event>;

impl<'c, O: Observer> World<'c, O> {
    pub(super) fn new(config: &'c Config, random: RandomSource, observer: O) -> Self {
        let probe = |who: Entity| random.at(Purpose::LimitProbe as u8, who.0, 0);
        let clients = config.clients.iter().map(|c| Client::new(c, probe(c.entity))).collect();
        let sources = config
            .clients
            .iter()
            .map(|c| {
                c.arrivals.as_ref().map(|(spec, trace)| {
                    Arrivals::new(spec, c.entity, trace.as_ref(), config.horizon, &random)
                })
            })
            .collect();
        Self {
            config,
            random,
            observer,
            calls: Slab::default(),
            byes: Slab::default(),
            trunks: trunks(config, &random),
            legs: config.legs.iter().map(|l| l.as_ref().map(Leg::new)).collect(),
            channels: vec![0; config.channels.len()],
            groups: config.groups.iter().map(|g| Group::new(g.agents)).collect(),
            sbcs: (0..).zip(&config.sbcs).map(|(i, s)| Sbc::new(config, SbcId(i), s)).collect(),
            carriers: (0..)
                .map(CarrierId)
                .zip(&config.carriers)
                .map(|(i, c)| Carrier::new(config, i, c))
                .collect(),
            crews: vec![VecDeque::new(); config.crews as usize],
            clients,
            sources,
            requests: Slab::default(),
            attempts: Slab::default(),
            server: Server::new(&config.api, probe(config.api.entity)),
            api_network: Network::default(),
            throttles: Throttles::new(config),
            telemetry: telemetry::servers(config),
            left_alone: Vec::new(),
            prospects: Vec::new(),
            tally: Tally::default(),
        }
    }

    /// Schedules what happens by itself: arrivals, polls, keepalives, faults.
    pub(super) fn start(&mut self, cal: &mut Cal) {
        // Of what happens at one instant, faults come first.
        self.start_faults(cal);
        for t in 0..self.trunks.len() {
            let trunk = TrunkId(t as u32);
            let first = self.trunks[t].arrivals.next(&self.random);
            self.schedule_source(cal, first, Event::CallArrives(trunk));
            let callers = self.config.trunk(trunk).callers.as_ref().map_or(0, |(n, _)| *n);
            for caller in 0..u64::from(callers) {
                self.caller_idles(SimTime::ZERO, trunk, caller, cal);
            }
        }
        for c in 0..self.sources.len() {
            if let Some(source) = &mut self.sources[c] {
                let first = source.next(&self.random);
                self.schedule_source(cal, first, Event::TenantAsks(ClientId(c as u32)));
            }
        }
        self.start_registrations(cal);
        self.start_monitor(cal);
        self.start_telemetry(cal);
    }

    /// When a request that waits is over for good; what hangs on it has time to end after that.
    fn waits_end(&self) -> SimTime {
        self.config.horizon.saturating_add(FINISH_MAX / 2)
    }

    /// Whether nothing new is offered any more: what is under way ends, and that is all.
    fn draining(&self, now: SimTime) -> bool {
        now >= self.config.horizon
    }

    /// Whether nothing is offered any more and all that was has ended: then nothing comes again.
    fn is_over(&self, now: SimTime) -> bool {
        let under_way = self.calls.len() + self.byes.len() + self.requests.len();
        self.draining(now) && (under_way == 0 || self.is_given_up(now))
    }

    /// Whether timers that come again and again have done so for long enough after the horizon: a
    /// call that is never answered does not keep registrations and sessions going for ever.
    fn is_given_up(&self, now: SimTime) -> bool {
        now.saturating_since(self.config.horizon) >= DRAIN_MAX
    }

    /// Schedules what a source does of its own accord, which it does before the horizon only.
    fn schedule_source(&self, cal: &mut Cal, at: SimTime, event: Event) {
        if at < self.config.horizon {
            cal.schedule(at, event);
        }
    }

    fn observe(&mut self, now: SimTime, fact: Observation) {
        self.observer.observe(now, &fact);
    }

    /// Reports a cause and its effect to observers that ask for links.
    fn observe_link(&mut self, now: SimTime, fact: Observation) {
        if O::LINKS {
            self.observer.observe(now, &fact);
        }
    }

    fn draw(&self, purpose: Purpose, entity: Entity, index: u64) -> Draw {
        self.random.at(purpose as u8, entity.0, index)
    }

    /// What must hold once everything under way has ended.
    pub(super) fn check_conservation(&self) -> Result<(), String> {
        self.tally.check()?;
        let empty = |what: &str, left: usize| match left {
            0 => Ok(()),
            n => Err(format!("{n} {what} left over")),
        };
        empty("calls", self.calls.len())?;
        empty("BYEs", self.byes.len())?;
        empty("requests", self.requests.len())?;
        empty("attempts", self.attempts.len())?;
        empty("channels in use", self.channels.iter().map(|b| *b as usize).sum())?;
        empty("agents busy", self.groups.iter().map(|g| g.busy() as usize).sum())?;
        empty("callers waiting", self.groups.iter().map(Group::waiting).sum())?;
        let pings = self.legs.iter().flatten().map(|l| l.options.pending());
        empty("OPTIONS without a result", pings.sum())?;
        empty("calls on legs", self.legs.iter().flatten().map(|l| l.calls.len()).sum())?;
        empty("clients busy", self.clients.iter().filter(|c| !c.is_idle()).count())?;
        empty("API servers busy", self.server.station.busy() as usize)?;
        let limited = self.server.limit.as_ref().map_or(0, Concurrency::in_flight);
        empty("requests under the API's limit", limited as usize)?;
        empty(
            "trunks with calls counted",
            self.trunks.iter().filter(|t| t.counted + t.truly > 0).count(),
        )
    }

    pub(super) fn into_observer(self) -> O {
        self.observer
    }
}

impl<O: Observer> simulation::World for World<'_, O> {
    type Event = Event;

    fn handle(&mut self, now: SimTime, event: Event, cal: &mut Cal) {
        match event {
            Event::CallArrives(trunk) => self.call_arrives(now, trunk, cal),
            Event::CallerDials(trunk, index) => self.offer_call(now, trunk, index, cal),
            Event::InviteAtSbc(call, n, leg) => self.invite_at_sbc(now, (call, n), leg, cal),
            Event::InviteRetransmit(call, n) => self.invite_retransmits(now, call, n, cal),
            Event::ResponseAtCarrier(call, n, r, f) => {
                self.carrier_hears(now, call, f);
                self.response_at_carrier(now, call, n, r, cal);
            }
            Event::InviteDeadline(call, n) => self.invite_times_out(now, call, n, cal),
            Event::FlowDeadline(call, n) => self.flow_deadline(now, call, n, cal),
            Event::SetupHangUp(call) => self.setup_hang_up(now, call, cal),
            Event::PatienceEnds(call) => self.patience_ends(now, call, cal),
            Event::OverflowDue(call) => self.overflow_due(now, call, cal),
            Event::TalkEnds(call) => self.talk_ends(now, call, cal),
            Event::WrapUpEnds(group) => self.agent_is_free(now, group, cal),
            Event::AnswerAgain(call, n) => self.answer_again(now, call, n, cal),
            Event::ByeAtSbc(bye) => self.bye_at_sbc(now, bye, cal),
            Event::ByeAgain(bye) => self.send_bye(now, bye, cal),
            Event::SessionExpires(bye) => self.farewell_ends(now, bye, cal),
            Event::SessionTimer(call) => self.session_timer(now, call, cal),
            Event::SbcDone(sbc, serial) => self.sbc_done(now, sbc, serial, cal),
            Event::SynAgain(leg, n) => self.send_syn(now, leg, n, cal),
            Event::ConnectionFails(leg, n) => self.connection_fails(now, leg, n, cal),
            Event::ConnectionUp(leg, n) => self.connection_up(now, leg, n, cal),
            Event::RegisterAtRegistrar(leg, n) => self.register_at_registrar(now, leg, n, cal),
            Event::RegistrarDone(carrier, leg, n) => self.registrar_done(now, carrier, leg, n, cal),
            Event::LateResponseAtCarrier(leg, f) => self.carrier_hears_of(now, leg, f),
            Event::RegisterAnswered(leg, n, a, f) => {
                self.register_answered(now, leg, n, (a, f), cal)
            }
            Event::RegisterRetransmit(leg, n) => self.register_retransmits(now, leg, n, cal),
            Event::RegistrationTimer(leg, n) => self.registration_timer(now, leg, n, cal),
            Event::BindingExpires(leg) => self.binding_expires(now, leg, cal),
            Event::BackgroundRegister(carrier) => self.background_register(now, carrier, cal),
            Event::AvalancheRegister(carrier) => self.foreign_register(now, carrier, cal),
            Event::OptionsDue(leg) => self.options_due(now, leg, cal),
            Event::OptionsRetransmit(leg, n) => self.options_retransmits(now, leg, n, cal),
            Event::OptionsAtCarrier(leg, n) => self.options_at_carrier(now, leg, n, cal),
            Event::OptionsAnswered(leg, n, a) => self.options_answered(now, leg, n, a, cal),
            Event::OptionsMissed(leg, n) => self.options_missed(now, leg, n, cal),
            Event::TenantAsks(client) => self.tenant_asks(now, client, cal),
            Event::PollDue(trunk) => self.poll_due(now, trunk, cal),
            Event::UpdateDue(trunk) => self.update_due(now, trunk, cal),
            Event::AttemptAtServer(attempt) => self.attempt_at_server(now, attempt, cal),
            Event::AttemptReleased(attempt) => self.serve(now, attempt, cal),
            Event::AttemptRefused(attempt) => self.attempt_refused(now, attempt, cal),
            Event::AttemptServed(attempt) => self.attempt_served(now, attempt, cal),
            Event::AttemptScripted(attempt) => self.attempt_scripted(now, attempt, cal),
            Event::AttemptAnswered(attempt) => self.answer_arrives(now, attempt, cal),
            Event::AttemptTimesOut(attempt) => self.attempt_times_out(now, attempt, cal),
            Event::RequestRetries(request) => self.request_retries(now, request, cal),
            Event::HedgeDue(request) => self.hedge_due(now, request, cal),
            Event::BulkheadWaitEnds(request) => self.bulkhead_wait_ends(now, request, cal),
            Event::RequestDeadline(request) => self.request_deadline(now, request, cal),
            Event::BreakerWakes(client, index) => self.breaker_wakes(now, client, index, cal),
            Event::TelemetryDue(client) => self.telemetry_due(now, client, cal),
            Event::UpdateInForce(trunk, group) => self.trunks[trunk.index()].policy = group,
            Event::FailoverWake(trunk) => self.failover_wakes(now, trunk, cal),
            Event::FaultsMove => self.faults_move(now, cal),
            Event::CarrierFails(carrier) => self.carrier_fails(now, carrier, cal),
            Event::CarrierRepaired(carrier) => self.carrier_repaired(now, carrier, cal),
            Event::StaffingChanges(group, agents) => self.staffing_changes(now, group, agents, cal),
        }
    }
}

fn trunks(config: &Config, random: &RandomSource) -> Vec<Trunk> {
    let has_secondary =
        |t: u32| config.legs[LegId::new(TrunkId(t), Side::Secondary).index()].is_some();
    (0u32..)
        .zip(&config.trunks)
        .map(|(t, trunk)| Trunk {
            arrivals: Arrivals::new(
                &trunk.arrivals,
                trunk.entity,
                trunk.trace.as_ref(),
                config.horizon,
                random,
            ),
            offered: 0,
            active: Side::Primary,
            controller: has_secondary(t).then(|| Controller::new(&config.failover)),
            wake: Handle::NONE,
            triggers: 0,
            cause: Cause::Fallback,
            policy: trunk.groups[0],
            lookup: None,
            dirty_since: None,
            update_due: false,
            update_in_flight: false,
            updates: 0,
            applied: 0,
            polls: 0,
            late_lookups: 0,
            truly: 0,
            counted: 0,
        })
        .collect()
}

impl Sbc {
    fn new(config: &Config, sbc: SbcId, spec: &SbcConfig) -> Self {
        Self {
            station: Station::new(1, spec.queue),
            in_service: None,
            down: false,
            cut_off: false,
            serial: 0,
            jobs: 0,
            control: overload::control_of_sbc(config, sbc),
        }
    }
}

impl Sbc {
    /// Whether messages get to it and from it.
    const fn is_reachable(&self) -> bool {
        !self.down && !self.cut_off
    }
}

impl Carrier {
    fn new(config: &Config, carrier: CarrierId, spec: &CarrierConfig) -> Self {
        let registrar = &spec.registrar;
        Self {
            outages: 0,
            lost_flows: false,
            failures: 0,
            limiter: registrar.limit.as_ref().map(Limiter::new),
            registrar: Station::new(registrar.servers, registrar.queue),
            control: overload::control_of_registrar(config, carrier),
            at_door: 0,
            jobs: 0,
            answered: 0,
            background: 0,
            avalanches: 0,
            network: Network::default(),
        }
    }

    const fn is_down(&self) -> bool {
        self.outages > 0
    }
}

impl<O> World<'_, O> {
    fn carrier_entity(&self, carrier: CarrierId) -> Entity {
        self.config.carriers[carrier.index()].entity
    }

    fn leg_carrier(&self, leg: LegId) -> CarrierId {
        self.config.leg(leg).carrier
    }

    fn leg(&self, leg: LegId) -> &Leg {
        self.legs[leg.index()].as_ref().expect("an absent leg is never used")
    }

    fn leg_mut(&mut self, leg: LegId) -> &mut Leg {
        self.legs[leg.index()].as_mut().expect("an absent leg is never used")
    }
}
