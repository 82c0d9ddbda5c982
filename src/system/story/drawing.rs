//! How a fact is drawn: a message between two who take part, or a note at one.

use super::label::{self, clock, several};
use super::{Story, breaker};
use crate::engine::time::SimDuration;
use crate::policies::Outcome;
use crate::policies::breaker::{Scope, State};
use crate::system::config::{Config, FaultKind};
use crate::system::event::{RegisterAnswer, Response};
use crate::system::ids::{
    CallId, CarrierId, ClientId, GroupId, LegId, RequestId, SbcId, Side, TrunkId,
};
use crate::system::observation::{Cause, Errand, Fate, Observation, Refusal};

use super::diagram::Tone;

/// Who takes part, in the order of the lanes.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lane {
    Caller,
    Carrier(CarrierId),
    Registrar(CarrierId),
    Sbc(SbcId),
    Agents(GroupId),
    Client(ClientId),
    Api,
    Tenant(ClientId),
}

/// A row before its lanes have columns.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) from: Lane,
    pub(super) to: Option<Lane>,
    pub(super) label: String,
    pub(super) tone: Tone,
    /// Many in a row of one kind are shortened.
    pub(super) kind: &'static str,
}

impl Draft {
    pub(super) fn arrow(from: Lane, to: Lane, label: impl Into<String>) -> Self {
        Self { from, to: Some(to), label: label.into(), tone: Tone::Plain, kind: "message" }
    }

    fn note(at: Lane, label: impl Into<String>) -> Self {
        Self { from: at, to: None, label: label.into(), tone: Tone::Plain, kind: "note" }
    }

    pub(super) fn tone(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }

    pub(super) fn kind(self, kind: &'static str) -> Self {
        Self { kind, ..self }
    }
}

/// A lane's name.
pub(super) fn name(config: &Config, lane: Lane) -> String {
    let carrier = |c: CarrierId| config.carriers[c.index()].name.as_str();
    match lane {
        Lane::Caller => "caller".to_owned(),
        Lane::Carrier(c) => carrier(c).to_owned(),
        Lane::Registrar(c) => format!("{} registrar", carrier(c)),
        Lane::Sbc(sbc) => config.sbcs[sbc.index()].name.clone(),
        Lane::Agents(group) => format!("agents {}", config.groups[group.index()].name),
        Lane::Client(client) | Lane::Tenant(client) => config.client(client).to_owned(),
        Lane::Api => "API".to_owned(),
    }
}

/// The lane of a client of the API: those who route stand left of it, others right.
pub(super) const fn client_lane(config: &Config, client: ClientId) -> Lane {
    if client.0 < config.replicas { Lane::Client(client) } else { Lane::Tenant(client) }
}

/// Whether the breaker stands over the trunk.
pub(super) fn guards(config: &Config, (client, index): (ClientId, u32), trunk: TrunkId) -> bool {
    let own = trunk.0 % config.replicas == client.0;
    let breaker = &config.clients[client.index()];
    own && (breaker.breakers == 1
        || match breaker.breaker.scope {
            Scope::Global => true,
            Scope::Region => config.trunk(trunk).region == index,
            Scope::Trunk => trunk.0 == index,
        })
}

/// The call a fact is about.
pub(super) fn call_of(fact: &Observation) -> Option<CallId> {
    match *fact {
        Observation::CallOffered { call, .. }
        | Observation::LegRefused { call, .. }
        | Observation::InviteSent { call, .. }
        | Observation::InviteAnswered { call, .. }
        | Observation::InviteTimedOut { call, .. }
        | Observation::InviteLost { call, .. }
        | Observation::CallConnected { call, .. }
        | Observation::CallQueued { call, .. }
        | Observation::CallAnswered { call, .. }
        | Observation::CallEnded { call, .. }
        | Observation::CallAsks { call, .. }
        | Observation::SessionUnrefreshed { call, .. } => Some(call),
        Observation::FellBack { call, .. } => call,
        _ => None,
    }
}

/// The request a fact is about.
pub(super) fn request_of(fact: &Observation) -> Option<RequestId> {
    match *fact {
        Observation::Requested { request, .. }
        | Observation::AttemptSent { request, .. }
        | Observation::LimiterRefused { request, .. }
        | Observation::LimiterAdmitted { request, .. }
        | Observation::ServerFull { request, .. }
        | Observation::ServerOverLimit { request, .. }
        | Observation::Shed { request, .. }
        | Observation::AttemptEnded { request, .. }
        | Observation::AttemptCancelled { request, .. }
        | Observation::RequestEnded { request, .. }
        | Observation::BreakerRefused { request, .. }
        | Observation::BulkheadRefused { request, .. }
        | Observation::ClientThrottled { request, .. }
        | Observation::RequestWaits { request, .. }
        | Observation::BreakerTold { request, .. } => Some(request),
        _ => None,
    }
}

/// The leg whose connection or registration a fact is about.
pub(super) const fn leg_of(fact: &Observation) -> Option<LegId> {
    match *fact {
        Observation::RegisterSent { leg, .. }
        | Observation::UnregisterSent { leg }
        | Observation::RegisterAnswered { leg, .. }
        | Observation::RegisterQueued { leg, .. }
        | Observation::RegisterThrottled { leg }
        | Observation::RegistrationTimedOut { leg }
        | Observation::ConnectionOpens { leg }
        | Observation::ConnectionUp { leg }
        | Observation::FlowLost { leg }
        | Observation::CallsDropped { leg }
        | Observation::OptionsMoved { leg, .. } => Some(leg),
        _ => None,
    }
}

/// The rows of the fact at a place; none where others say the same.
pub(super) fn drafts(story: &Story, config: &Config, place: usize) -> Vec<Draft> {
    let pen = Pen { story, config, place };
    let fact = &story.facts[place].what;
    if call_of(fact).is_some() {
        pen.of_call(fact)
    } else if request_of(fact).is_some() {
        pen.of_request(fact).into_iter().collect()
    } else if let Some(leg) = leg_of(fact) {
        pen.of_leg(fact, leg).into_iter().collect()
    } else {
        pen.of_rest(fact).into_iter().collect()
    }
}

struct Pen<'a> {
    story: &'a Story,
    config: &'a Config,
    place: usize,
}

impl Pen<'_> {
    fn carrier(&self, leg: LegId) -> Lane {
        Lane::Carrier(self.config.leg(leg).carrier)
    }

    fn sbc(&self, trunk: TrunkId) -> Lane {
        Lane::Sbc(self.config.trunk(trunk).sbc)
    }

    fn trunk_of(&self, call: CallId) -> TrunkId {
        self.story.call(call).map_or(TrunkId(0), |(trunk, _)| trunk)
    }

    fn of_call(&self, fact: &Observation) -> Vec<Draft> {
        match *fact {
            Observation::InviteSent { call, leg, attempt, retransmission } => {
                let (carrier, sbc) = (self.carrier(leg), self.sbc(leg.trunk()));
                let label = match (attempt, retransmission) {
                    (1, 0) => "INVITE".to_owned(),
                    (n, 0) => format!("INVITE (attempt {n})"),
                    (_, n) => format!("INVITE (retransmission {n})"),
                };
                let mut drafts = Vec::new();
                if (attempt, retransmission) == (1, 0) {
                    let name = label::call(self.story, self.config, call);
                    let dialled = format!("INVITE {name}");
                    drafts.push(Draft::arrow(Lane::Caller, carrier, dialled));
                }
                drafts.push(Draft::arrow(carrier, sbc, label).kind("invite"));
                drafts
            }
            Observation::InviteAnswered { leg, response, .. } => {
                let (label, tone) = match response {
                    Response::Trying => ("100 Trying", Tone::Plain),
                    Response::Ok => ("200 OK", Tone::Good),
                    Response::Unavailable => ("503", Tone::Refused),
                };
                vec![Draft::arrow(self.sbc(leg.trunk()), self.carrier(leg), label).tone(tone)]
            }
            Observation::InviteTimedOut { leg, after_trying, .. } => {
                self.timed_out(leg, after_trying)
            }
            Observation::CallEnded { call, record } => self.ended(call, record.fate, record.side),
            _ => self.of_call_in_short(fact).into_iter().collect(),
        }
    }

    /// No response: the INVITE times out. After a 100 it is cancelled; before any response nothing
    /// may be sent (RFC 3261 §9.1).
    fn timed_out(&self, leg: LegId, after_trying: bool) -> Vec<Draft> {
        let (carrier, sbc) = (self.carrier(leg), self.sbc(leg.trunk()));
        let text = |wait: Option<SimDuration>, what: &str| {
            wait.map_or_else(|| what.to_owned(), |wait| format!("time-out: {what} in {wait}"))
        };
        if after_trying {
            let text = text(self.config.policy.no_progress, "no progress");
            vec![
                Draft::note(carrier, text).tone(Tone::Failed),
                Draft::arrow(carrier, sbc, "CANCEL").tone(Tone::Failed),
            ]
        } else {
            let text = text(Some(self.config.policy.timer_b), "no response");
            vec![Draft::note(carrier, text).tone(Tone::Failed)]
        }
    }

    fn of_call_in_short(&self, fact: &Observation) -> Option<Draft> {
        Some(match *fact {
            Observation::LegRefused { leg, refusal, .. } => {
                let carrier = self.config.carrier_of(leg)?;
                let why = match refusal {
                    Refusal::Absent => return None,
                    Refusal::CarrierDown => "is down",
                    Refusal::Unregistered => "has no registration of the SBC",
                    Refusal::Channels => "has no free channel",
                    Refusal::Rate => "is over its calls per second",
                    Refusal::Throttled => "holds back: the SBC is overloaded",
                    Refusal::NoConnection => "has no connection to the SBC",
                    Refusal::RetryAfter => "leaves the SBC alone: Retry-After of a 503",
                    Refusal::Leaving => "drains: its trunk has left it",
                };
                let text = format!("{} {why}", self.config.carriers[carrier.index()].name);
                Draft::note(Lane::Carrier(carrier), text).tone(Tone::Refused)
            }
            Observation::InviteLost { leg, .. } => {
                Draft::note(self.carrier(leg), "INVITE lost").tone(Tone::Failed)
            }
            Observation::CallAsks { call, request, shared } => {
                let trunk = self.trunk_of(call);
                let client = Lane::Client(ClientId(trunk.0 % self.config.replicas));
                let joins = if shared { "joins " } else { "" };
                let label = format!("look-up: {joins}{}", label::request(self.story, request));
                Draft::arrow(self.sbc(trunk), client, label)
            }
            Observation::CallQueued { call, group, waiting } => {
                let label = match waiting {
                    0 => "queue".to_owned(),
                    n => format!("queue, behind {n}"),
                };
                Draft::arrow(self.sbc(self.trunk_of(call)), Lane::Agents(group), label)
            }
            Observation::CallAnswered { group, wait, .. } => {
                let label = format!("agent answers after {:.1} s", wait.as_secs_f64());
                Draft::arrow(Lane::Agents(group), Lane::Caller, label).tone(Tone::Good)
            }
            Observation::FellBack { trunk, .. } => {
                Draft::note(self.sbc(trunk), "takes the fallback").tone(Tone::Decided)
            }
            Observation::SessionUnrefreshed { leg, .. } => {
                Draft::note(self.sbc(leg.trunk()), "session refresh fails").tone(Tone::Failed)
            }
            _ => return None,
        })
    }

    fn ended(&self, call: CallId, fate: Fate, side: Option<Side>) -> Vec<Draft> {
        let trunk = self.trunk_of(call);
        let sbc = self.sbc(trunk);
        let draft = match fate {
            Fate::Completed => Draft::arrow(Lane::Caller, sbc, "BYE"),
            Fate::Abandoned => {
                Draft::arrow(Lane::Caller, sbc, "BYE: gives up waiting").tone(Tone::Failed)
            }
            Fate::AbandonedSetup => {
                Draft::arrow(Lane::Caller, sbc, "CANCEL: hangs up").tone(Tone::Failed)
            }
            _ => {
                let text = format!("call {}", label::fate(fate));
                let carrier = side.and_then(|side| self.config.carrier_of(LegId::new(trunk, side)));
                let draft = match carrier {
                    Some(carrier) => Draft::arrow(Lane::Carrier(carrier), Lane::Caller, text),
                    None => Draft::note(Lane::Caller, text),
                };
                draft.tone(Tone::Failed)
            }
        };
        vec![draft]
    }

    fn of_request(&self, fact: &Observation) -> Option<Draft> {
        let lane = |client| client_lane(self.config, client);
        let name = |request| self.story.request(request);
        Some(match *fact {
            Observation::AttemptSent { request, client, attempt } => {
                let label = format!("request {}, try {attempt}", name(request));
                Draft::arrow(lane(client), Lane::Api, label).kind("attempt")
            }
            Observation::LimiterRefused { client, limiter, retry_after, .. } => {
                let after =
                    retry_after.map_or(String::new(), |wait| format!(", Retry-After {wait}"));
                // The level without whose budget it is: that is the client's.
                let status = self.config.api.limiters[limiter as usize].status;
                let status = label::outcome(status).into_owned();
                let limiter = self.config.limiter(limiter);
                let level = limiter.split_once('/').map_or(limiter, |(level, _)| level);
                let label = format!("{status} {level}{after}");
                Draft::arrow(Lane::Api, lane(client), label).tone(Tone::Refused).kind("limit")
            }
            Observation::LimiterAdmitted { delay, .. } if !delay.is_zero() => {
                let text = format!("held back {:.0} ms by a limiter", delay.as_millis_f64());
                Draft::note(Lane::Api, text).kind("delay")
            }
            Observation::AttemptEnded { client, outcome: Outcome::Ok, .. } => {
                Draft::arrow(Lane::Api, lane(client), "200").tone(Tone::Good).kind("200")
            }
            Observation::AttemptEnded { client, outcome: Outcome::TimedOut, .. } => {
                Draft::note(lane(client), "no answer in time").tone(Tone::Failed).kind("time-out")
            }
            Observation::AttemptEnded { client, outcome, limiter: None, .. } => {
                let status = label::outcome(outcome).into_owned();
                let draft = Draft::arrow(Lane::Api, lane(client), status.clone());
                draft.tone(Tone::Refused).kind("error")
            }
            Observation::RequestEnded {
                client,
                errand: Errand::Lookup,
                trunk,
                attempts,
                ok,
                refused,
                request,
            } => {
                let (label, tone) = match (ok, refused) {
                    (true, _) => ("decision".to_owned(), Tone::Good),
                    (false, true) => (format!("{}: refused", name(request)), Tone::Refused),
                    (false, false) => {
                        let tries = several(attempts, "try", "tries");
                        (format!("{}: gives up after {tries}", name(request)), Tone::Failed)
                    }
                };
                Draft::arrow(lane(client), self.sbc(trunk), label).tone(tone).kind("over")
            }
            Observation::RequestEnded {
                client,
                errand: Errand::Update,
                ok: false,
                request,
                ..
            } => Draft::note(lane(client), format!("update fails: request {}", name(request)))
                .tone(Tone::Failed),
            _ => return self.of_gate(fact),
        })
    }

    /// What holds a request up, or refuses it, within its client.
    fn of_gate(&self, fact: &Observation) -> Option<Draft> {
        let lane = |client| client_lane(self.config, client);
        let name = |request| self.story.request(request);
        Some(match *fact {
            Observation::BreakerRefused { request, client, breaker, .. } => {
                let text =
                    format!("breaker refuses {}{}", name(request), self.since(client, breaker));
                Draft::note(lane(client), text).tone(Tone::Refused).kind("refusal")
            }
            Observation::BulkheadRefused { request, client, .. } => {
                let text = format!("bulkhead refuses {}", name(request));
                Draft::note(lane(client), text).tone(Tone::Refused).kind("refusal")
            }
            Observation::ClientThrottled { client, wait, .. } => {
                let text = match wait {
                    Some(wait) => format!("throttle: waits {wait}"),
                    None => "throttle refuses".to_owned(),
                };
                Draft::note(lane(client), text).tone(Tone::Refused).kind("throttle")
            }
            Observation::RequestWaits { request, client } => {
                let of = self.config.clients[client.index()].connections;
                let text = format!("{} waits: {of} of {of} connections in use", name(request));
                Draft::note(lane(client), text).kind("wait")
            }
            _ => return None,
        })
    }

    /// Since when a breaker that refuses has been open.
    fn since(&self, client: ClientId, breaker: u32) -> String {
        let opened = self.story.last(self.place, |fact| {
            matches!(*fact, Observation::BreakerMoved { client: c, breaker: b, to: State::Open, .. }
                if c == client && b == breaker)
        });
        opened.map_or(String::new(), |at| format!(", open since {}", clock(self.story.at(at))))
    }

    fn of_leg(&self, fact: &Observation, leg: LegId) -> Option<Draft> {
        let sbc = self.sbc(leg.trunk());
        let registrar = Lane::Registrar(self.config.leg(leg).carrier);
        let carrier = label::carrier(self.config, leg);
        Some(match *fact {
            Observation::ConnectionOpens { .. } => {
                Draft::arrow(sbc, registrar, "TCP, TLS").kind("connect")
            }
            Observation::ConnectionUp { .. } => {
                Draft::arrow(registrar, sbc, "connected").tone(Tone::Good).kind("connect")
            }
            Observation::RegisterSent { retransmission, .. } => {
                let label = self.register(leg, retransmission);
                Draft::arrow(sbc, registrar, label).kind("register")
            }
            Observation::UnregisterSent { .. } => {
                Draft::arrow(sbc, registrar, "REGISTER, Expires: 0").kind("register")
            }
            Observation::RegisterQueued { waiting, taken, .. } => {
                let (text, tone) = match taken {
                    true if waiting == 0 => return None,
                    true => (format!("queue: {waiting} before it"), Tone::Plain),
                    false => (format!("queue full ({waiting}): dropped"), Tone::Failed),
                };
                Draft::note(registrar, text).tone(tone)
            }
            Observation::RegisterAnswered { answer, .. } => {
                let failure = &self.config.carriers[self.config.leg(leg).carrier.index()].registrar;
                let failure = failure.failure_status.to_string();
                let (label, tone) = match answer {
                    RegisterAnswer::Challenge => ("401", Tone::Plain),
                    RegisterAnswer::Ok => ("200 OK", Tone::Good),
                    RegisterAnswer::Unavailable => ("503", Tone::Refused),
                    RegisterAnswer::TooBrief => ("423", Tone::Refused),
                    RegisterAnswer::Failed => (failure.as_str(), Tone::Refused),
                };
                Draft::arrow(registrar, sbc, label).tone(tone).kind("registered")
            }
            Observation::RegistrationTimedOut { .. } => {
                Draft::note(sbc, format!("registration time-out ({carrier})")).tone(Tone::Failed)
            }
            Observation::RegisterThrottled { .. } => {
                Draft::note(sbc, "REGISTER held back: registrar overloaded").tone(Tone::Refused)
            }
            Observation::FlowLost { .. } => {
                Draft::note(sbc, format!("connection to {carrier} closed")).tone(Tone::Failed)
            }
            Observation::CallsDropped { .. } => {
                Draft::note(sbc, format!("calls over {carrier} torn down")).tone(Tone::Failed)
            }
            Observation::OptionsMoved { down, .. } => {
                let moved = if down { "unanswered: leg down" } else { "answered: leg up" };
                Draft::note(sbc, format!("OPTIONS to {carrier} {moved}")).tone(Tone::Decided)
            }
            _ => return None,
        })
    }

    /// A REGISTER with what tells it apart.
    fn register(&self, leg: LegId, retransmission: u16) -> String {
        if retransmission > 0 {
            return format!("REGISTER (retransmission {retransmission})");
        }
        let last = self.story.last(self.place, |fact| leg_of(fact) == Some(leg));
        let challenged = last.is_some_and(|place| {
            let answer = RegisterAnswer::Challenge;
            matches!(self.story.facts[place].what,
                Observation::RegisterAnswered { answer: a, .. } if a == answer)
        });
        if challenged { "REGISTER with credentials" } else { "REGISTER" }.to_owned()
    }

    fn of_rest(&self, fact: &Observation) -> Option<Draft> {
        Some(match *fact {
            Observation::BreakerMoved { client, breaker, to, .. } => {
                let (text, tone) = match to {
                    State::Open => (self.opened(client, breaker), Tone::Refused),
                    State::HalfOpen => ("breaker half-open: probes".to_owned(), Tone::Decided),
                    State::Closed => ("breaker closes".to_owned(), Tone::Good),
                };
                Draft::note(client_lane(self.config, client), text).tone(tone)
            }
            Observation::FailoverStarted { trunk, .. } => {
                let next = self.story.facts.get(self.place + 1).map(|fact| fact.what);
                if matches!(next, Some(Observation::FailedOver { trunk: t, .. }) if t == trunk) {
                    return None;
                }
                let text = format!("{} starts to move", label::trunk(self.config, trunk));
                Draft::note(self.sbc(trunk), text).tone(Tone::Decided)
            }
            Observation::FailedOver { trunk, cause, needed } => {
                let why = match cause {
                    Cause::Fallback => "fallback",
                    Cause::BreakerOpen => "breaker open",
                    Cause::ApiFailure => "API failure",
                    Cause::InviteTimeouts => "INVITE time-outs",
                    Cause::LegDown => "primary leg down",
                };
                let needed = if needed { "" } else { ", unnecessary" };
                let text =
                    format!("FAILOVER of {} ({why}{needed})", label::trunk(self.config, trunk));
                Draft::note(self.sbc(trunk), text).tone(Tone::Failed)
            }
            Observation::FailbackStarted { trunk } => {
                let text = format!("{} moves back", label::trunk(self.config, trunk));
                Draft::note(self.sbc(trunk), text).tone(Tone::Decided)
            }
            Observation::SideChanged { trunk, side } => {
                let carrier = label::carrier(self.config, LegId::new(trunk, side));
                Draft::note(self.sbc(trunk), format!("calls now go over {carrier}"))
                    .tone(Tone::Decided)
            }
            Observation::FailoverArrived { trunk, side } => {
                let carrier = label::carrier(self.config, LegId::new(trunk, side));
                Draft::note(self.sbc(trunk), format!("the leg to {carrier} is ready"))
                    .tone(Tone::Good)
            }
            Observation::FailoverAbandoned { trunk } => {
                Draft::note(self.sbc(trunk), "gives the move up").tone(Tone::Failed)
            }
            Observation::FellBack { trunk, .. } => {
                Draft::note(self.sbc(trunk), "takes the fallback").tone(Tone::Decided)
            }
            Observation::AvailabilityTurned { group, trunks } => {
                let trunks = several(trunks, "trunk", "trunks");
                Draft::note(Lane::Agents(group), format!("policies of {trunks} are due"))
                    .tone(Tone::Decided)
            }
            Observation::CarrierMoved { carrier, down } => {
                let (text, tone) =
                    if down { ("goes down", Tone::Failed) } else { ("works again", Tone::Good) };
                Draft::note(Lane::Carrier(carrier), text).tone(tone)
            }
            Observation::FaultMoved { fault, on } => self.fault(fault, on),
            _ => return None,
        })
    }

    fn opened(&self, client: ClientId, index: u32) -> String {
        if breaker::first_opening(self.story, (client, index), self.place).is_some() {
            return "breaker opens again: a probe failed".to_owned();
        }
        let counted = breaker::counted(self.story, self.config, (client, index), self.place);
        format!("breaker opens: {} of {} failed", counted.failures.len(), counted.calls)
    }

    fn fault(&self, fault: u32, on: bool) -> Draft {
        let lane = match self.config.faults[fault as usize].kind {
            FaultKind::Carrier(c, _) | FaultKind::LegNetwork { carrier: c, .. } => Lane::Carrier(c),
            FaultKind::Registrar(c, _) => Lane::Registrar(c),
            FaultKind::Sbc(sbc, _) => Lane::Sbc(sbc),
            FaultKind::Agents(group, _) => Lane::Agents(group),
            _ => Lane::Api,
        };
        let moved = if on { "fault begins" } else { "fault ends" };
        let text = format!("{moved}: {}", label::fault(self.config, fault));
        Draft::note(lane, text).tone(if on { Tone::Failed } else { Tone::Good })
    }
}
