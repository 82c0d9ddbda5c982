//! The observer that makes a timeline.

use super::bins;
use super::episodes::Episode;
use super::faults::Faults;
use super::states::{Enrolment, LegStates, TrunkStates};
use super::track::{Tracker, Window};
use super::{
    BudgetBin, CallBin, ClientBin, ClientLane, Failover, LegName, LimiterLane, Opening,
    RegistrationTimeout, Timeline,
};
use crate::engine::time::{SimDuration, SimTime};
use crate::policies::Outcome;
use crate::policies::breaker::{BreakerSpec, Scope, State};
use crate::system::config::{Config, LimiterConfig};
use crate::system::ids::{ClientId, LegId, Side, TrunkId};
use crate::system::observation::{CallRecord, Fate, Observation, Observer};

/// Bins of a recorded timeline; a picture may put several together.
const BINS_MAX: u64 = 1500;

/// Folds a run into a [`Timeline`].
#[derive(Debug)]
pub struct TimelineRecorder<'c> {
    config: &'c Config,
    window: Window,
    bin: SimDuration,
    calls: Vec<CallBin>,
    clients: Vec<ClientLane>,
    episodes: Vec<Episode>,
    limiters: Vec<LimiterLane>,
    /// The breakers of each replica of the routing client; empty without breakers.
    breakers: Vec<Vec<Tracker<State>>>,
    trunks: Vec<Option<TrunkStates>>,
    legs: Vec<Option<LegStates>>,
    faults: Faults,
    /// By the trunk's number in the model.
    failovers: Vec<Failover>,
    openings: Vec<Opening>,
    /// By the leg's number in the model.
    timeouts: Vec<RegistrationTimeout>,
}

impl<'c> TimelineRecorder<'c> {
    /// Of the whole run.
    #[must_use]
    pub fn new(config: &'c Config) -> Self {
        Self::of(config, Window { from: SimTime::ZERO, until: config.horizon })
    }

    /// Of a part of the run, cut off at its horizon.
    ///
    /// # Panics
    /// Where that part is empty.
    #[must_use]
    pub fn of(config: &'c Config, window: Window) -> Self {
        let window = Window { until: window.until.min(config.horizon), ..window };
        assert!(window.from < window.until, "a timeline shows some time");
        let bin = bins::width(window.length(), BINS_MAX, None);
        let count = window.length().as_nanos().div_ceil(bin.as_nanos()) as usize;
        Self {
            config,
            window,
            bin,
            calls: vec![CallBin::default(); count],
            clients: clients(config, count),
            episodes: Vec::new(),
            limiters: limiters(config, count),
            breakers: breakers(config, window),
            trunks: (0..config.trunks.len() as u32)
                .map(|t| config.legs[LegId::new(TrunkId(t), Side::Secondary).index()].as_ref())
                .map(|leg| leg.map(|_| TrunkStates::new(window)))
                .collect(),
            legs: (0..config.legs.len() as u32).map(|l| leg(config, LegId(l), window)).collect(),
            faults: Faults::new(config, window),
            failovers: Vec::new(),
            openings: Vec::new(),
            timeouts: Vec::new(),
        }
    }

    /// The timeline, now that the run is over.
    #[must_use]
    pub fn finish(self) -> Timeline {
        let (config, window) = (self.config, self.window);
        let with_two = places(&self.trunks);
        let registering = places(&self.legs);
        let names = breaker_names(config);
        let breakers = self.breakers.into_iter().flatten().zip(names);
        let trunks = self.trunks.into_iter().zip(config.trunks());
        let names_of_legs = leg_names(config, &self.legs);
        let legs = self.legs.into_iter().flatten().zip(&names_of_legs);
        let at_trunk = |it: Failover| Failover { trunk: with_two[it.trunk], ..it };
        let at_leg =
            |it: RegistrationTimeout| RegistrationTimeout { leg: registering[it.leg], ..it };
        Timeline {
            window,
            warmup: config.warmup,
            bin: self.bin,
            target: config.service_level.target,
            threshold: config.service_level.threshold,
            calls: self.calls,
            clients: self.clients,
            episodes: self.episodes,
            limiters: self.limiters,
            breakers: breakers.map(|(tracker, name)| tracker.finish(name, window)).collect(),
            trunks: trunks
                .filter_map(|(states, (name, city))| {
                    Some(states?.tracker.finish(titled(name, city), window))
                })
                .collect(),
            registrations: legs
                .map(|(states, name)| {
                    let name = format!("{} {}", name.trunk, name.carrier);
                    states.tracker.finish(name, window)
                })
                .collect(),
            legs: names_of_legs,
            faults: self.faults.finish(config),
            failovers: self.failovers.into_iter().map(at_trunk).collect(),
            openings: self.openings,
            registration_timeouts: self.timeouts.into_iter().map(at_leg).collect(),
        }
    }

    fn index(&self, now: SimTime) -> usize {
        ((now - self.window.from).as_nanos() / self.bin.as_nanos()) as usize
    }

    /// The lane of a client: all replicas of the routing client share the first.
    fn client(&mut self, client: ClientId) -> &mut ClientLane {
        let lane = (client.0 + 1).saturating_sub(self.config.replicas) as usize;
        &mut self.clients[lane]
    }

    fn client_bin(&mut self, now: SimTime, client: ClientId) -> &mut ClientBin {
        let index = self.index(now);
        &mut self.client(client).bins[index]
    }

    /// States change before the window too.
    fn state(&mut self, now: SimTime, fact: &Observation) {
        match *fact {
            Observation::BreakerMoved { client, breaker, to, .. } => {
                let of_client = self.breakers.get_mut(client.index());
                if let Some(tracker) = of_client.and_then(|b| b.get_mut(breaker as usize)) {
                    tracker.enter(now, to);
                }
            }
            Observation::FailedOver { trunk, needed, .. } => {
                self.trunk(trunk, |states| states.fails_over(needed));
            }
            Observation::FailoverStarted { trunk, .. } | Observation::FailbackStarted { trunk } => {
                self.trunk(trunk, |states| states.switches(now));
            }
            Observation::FailoverArrived { trunk, side } => {
                self.trunk(trunk, |states| states.arrives(now, side));
            }
            Observation::FailoverAbandoned { trunk } => {
                self.trunk(trunk, |states| states.stays(now));
            }
            Observation::Registration { leg, wanted, usable } => {
                self.leg(leg, |states| states.is(now, wanted, usable));
            }
            Observation::RegistrationTimedOut { leg }
            | Observation::RegistrationRefused { leg }
            | Observation::RegistrationTooBrief { leg }
            | Observation::RegisterThrottled { leg } => self.leg(leg, |states| states.fails(now)),
            Observation::FaultMoved { fault, on } => {
                self.faults.moves(now, fault, on, self.config);
            }
            Observation::CarrierMoved { carrier, down } => {
                self.faults.carrier(now, carrier, down, self.config);
            }
            _ => {}
        }
    }

    fn trunk(&mut self, trunk: TrunkId, change: impl FnOnce(&mut TrunkStates)) {
        self.trunks[trunk.index()].as_mut().map(change);
    }

    fn leg(&mut self, leg: LegId, change: impl FnOnce(&mut LegStates)) {
        self.legs[leg.index()].as_mut().map(change);
    }

    /// What happens within the window.
    fn count(&mut self, now: SimTime, fact: &Observation) {
        match *fact {
            Observation::InviteTimedOut { .. } => {
                let index = self.index(now);
                self.calls[index].invite_timeouts += 1;
            }
            Observation::AttemptSent { client, .. } => self.client_bin(now, client).sent += 1,
            Observation::AttemptEnded { client, outcome: Outcome::TooManyRequests, .. } => {
                self.client_bin(now, client).too_many += 1;
            }
            Observation::LimiterAdmitted { client, .. } => {
                self.client_bin(now, client).admitted += 1;
            }
            Observation::LimiterRefused { client, limiter, .. } => {
                self.client_bin(now, client).refused += 1;
                let ours = client.0 < self.config.replicas;
                let lane = self.client(client);
                Episode::note(&mut lane.refusals, now, ours);
                if lane.shares_budget {
                    Episode::note(&mut self.episodes, now, ours);
                }
                self.limiters[limiter as usize].refused += 1;
            }
            Observation::BreakerRefused { client, .. } => {
                self.client_bin(now, client).breaker_refused += 1;
            }
            Observation::BudgetLeft { limiter, left, of } => {
                let index = self.index(now);
                let bin = &mut self.limiters[limiter as usize].bins[index];
                let now_left = BudgetBin { least: left, of };
                *bin = Some(bin.map_or(now_left, |before| before.lesser(now_left)));
            }
            Observation::BreakerMoved { client, breaker, to: State::Open, capacity }
                if client.index() < self.breakers.len() =>
            {
                let first: usize = self.breakers[..client.index()].iter().map(Vec::len).sum();
                let breaker = first + breaker as usize;
                self.openings.push(Opening { at: now, breaker, capacity });
            }
            Observation::FailedOver { trunk, cause, needed } => {
                self.failovers.push(Failover { at: now, trunk: trunk.index(), cause, needed });
            }
            Observation::RegistrationTimedOut { leg } => {
                self.timeouts.push(RegistrationTimeout { at: now, leg: leg.index() });
            }
            _ => {}
        }
    }

    fn ended(&mut self, now: SimTime, record: &CallRecord) {
        let dropped = matches!(record.fate, Fate::DroppedTalking | Fate::DroppedWaiting);
        if dropped && self.window.holds(now) {
            let index = self.index(now);
            self.calls[index].dropped += 1;
        }
        if !self.window.holds(record.offered_at) {
            return;
        }
        let spec = &self.config.service_level;
        let index = self.index(record.offered_at);
        let bin = &mut self.calls[index];
        bin.offered += 1;
        let Some(queued_at) = record.queued_at else { return };
        bin.queued += 1;
        match record.answered_at {
            Some(at) => {
                bin.answered += 1;
                bin.in_time += u64::from(at - queued_at <= spec.threshold);
                bin.in_time_end_to_end += u64::from(at - record.offered_at <= spec.threshold);
            }
            None if record.fate == Fate::Abandoned && now - queued_at <= spec.short_abandon => {
                bin.short_abandons += 1;
            }
            None => {}
        }
    }
}

impl Observer for TimelineRecorder<'_> {
    const QUEUES: bool = false;
    const BUDGETS: bool = true;

    fn observe(&mut self, now: SimTime, fact: &Observation) {
        if let Observation::CallEnded { record, .. } = fact {
            self.ended(now, record);
        } else if now < self.window.until {
            self.state(now, fact);
            if now >= self.window.from {
                self.count(now, fact);
            }
        }
    }
}

/// Where each thing that is there stands among those that are there.
fn places<T>(things: &[Option<T>]) -> Vec<usize> {
    let mut before = 0;
    let place = |thing: &Option<T>| {
        let place = before;
        before += usize::from(thing.is_some());
        place
    };
    things.iter().map(place).collect()
}

fn clients(config: &Config, bins: usize) -> Vec<ClientLane> {
    let (replicas, others) = config.clients.split_at(config.replicas as usize);
    let routing = |limiter: &u32| replicas.iter().any(|client| client.limiters.contains(limiter));
    let lane = |name: &str, shares_budget: bool| ClientLane {
        name: name.to_owned(),
        shares_budget,
        bins: vec![ClientBin::default(); bins],
        refusals: Vec::new(),
    };
    let others = others.iter().map(|c| lane(&c.name, c.limiters.iter().any(routing)));
    std::iter::once(lane("routing client", true)).chain(others).collect()
}

fn limiters(config: &Config, bins: usize) -> Vec<LimiterLane> {
    let replicas = &config.clients[..config.replicas as usize];
    let lane = |(index, limiter): (u32, &LimiterConfig)| LimiterLane {
        name: limiter.name.clone(),
        on_path: replicas.iter().any(|client| client.limiters.contains(&index)),
        bins: vec![None; bins],
        refused: 0,
    };
    (0..).zip(&config.api.limiters).map(lane).collect()
}

fn breakers(config: &Config, window: Window) -> Vec<Vec<Tracker<State>>> {
    let replicas = &config.clients[..config.replicas as usize];
    if replicas.iter().all(|client| client.breaker.machine == BreakerSpec::disabled().machine) {
        return Vec::new();
    }
    let of = |n: u32| vec![Tracker::new(State::Closed, window); n as usize];
    replicas.iter().map(|client| of(client.breakers)).collect()
}

/// The scope of each breaker, in the order of clients and their breakers.
fn breaker_names(config: &Config) -> Vec<String> {
    let replicas = &config.clients[..config.replicas as usize];
    let names = replicas.iter().flat_map(|client| {
        let scopes: Vec<String> = match client.breaker.scope {
            Scope::Global => vec!["all trunks".to_owned()],
            Scope::Region => config.regions.iter().map(|r| format!("region {r}")).collect(),
            Scope::Trunk => config.trunks().map(|(name, city)| titled(name, city)).collect(),
        };
        let prefix = if config.replicas > 1 { format!("{}: ", client.name) } else { String::new() };
        scopes.into_iter().map(move |scope| format!("{prefix}{scope}"))
    });
    names.collect()
}

fn titled(name: &str, city: &str) -> String {
    if city.is_empty() { name.to_owned() } else { format!("{name} {city}") }
}

/// The names of the legs that register.
fn leg_names(config: &Config, legs: &[Option<LegStates>]) -> Vec<LegName> {
    let name = |leg: LegId| LegName {
        trunk: config.trunks[leg.trunk().index()].name.clone(),
        side: leg.side(),
        carrier: config.carriers[config.leg(leg).carrier.index()].name.clone(),
    };
    let ids = (0..).map(LegId).zip(legs).filter(|(_, states)| states.is_some());
    ids.map(|(leg, _)| name(leg)).collect()
}

/// The registration a leg has at the start of the run.
fn leg(config: &Config, leg: LegId, window: Window) -> Option<LegStates> {
    config.legs[leg.index()].as_ref().filter(|l| l.registration)?;
    let wanted = leg.side() == Side::Primary || config.standby_is_warm();
    let state = match (wanted, config.registration.initially_registered) {
        (false, _) => Enrolment::Off,
        (true, true) => Enrolment::Registered,
        (true, false) => Enrolment::Registering,
    };
    Some(LegStates::new(state, window))
}
