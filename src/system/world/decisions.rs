//! The routing decision: asked for by a call, written after a change of availability, or replaced
//! by the fallback. And the monitor, which asks for trunk state.

use super::{Cal, World};
use crate::engine::calendar::Handle;
use crate::engine::time::{SimDuration, SimTime};
use crate::policies::routing;
use crate::system::call::Stage;
use crate::system::client::Request;
use crate::system::entity::Entity;
use crate::system::event::{Event, Try};
use crate::system::ids::{CallId, ClientId, GroupId, RequestId, TrunkId};
use crate::system::observation::{Cause, Errand, Observation, Observer};
use crate::system::spec::{FallbackSpec, PolicyPoint};

impl<O: Observer> World<'_, O> {
    /// Whose the draws of a trunk's requests are: each errand has its own.
    fn asks_as(&self, trunk: TrunkId, errand: Errand) -> Entity {
        self.config.trunk(trunk).entity.with(Entity(errand as u64))
    }

    pub(super) fn replica_of(&self, trunk: TrunkId) -> ClientId {
        ClientId(trunk.0 % self.config.replicas)
    }

    /// A call asks where to go, or joins its trunk's request under way.
    pub(super) fn look_up(&mut self, now: SimTime, id: CallId, cal: &mut Cal) {
        let flow_deadline = self.config.policy.flow_deadline;
        let call = self.call(id);
        let (trunk, n, index) = (call.trunk, call.attempt, call.index);
        if let Some(wait) = flow_deadline {
            call.timers.flow = cal.schedule(now + wait, Event::FlowDeadline(id, n));
        }
        let client = self.replica_of(trunk);
        let coalesce = self.config.clients[client.index()].coalesce;
        if coalesce
            && let Some(shared) = self.trunks[trunk.index()].lookup
            && let Some(request) = self.requests.get_mut(shared)
        {
            request.waiters.push((id, n, now));
            let asks = Observation::CallAsks { call: id, request: shared, shared: true };
            return self.observe_link(now, asks);
        }
        // A re-attempt has draws of its own.
        let entity = self.asks_as(trunk, Errand::Lookup);
        let key = index * 64 + u64::from(n.min(63));
        let mut request = Request::new(client, Errand::Lookup, trunk, entity, key, now);
        request.waiters.push((id, n, now));
        let request = self.requests.insert(request);
        if coalesce {
            self.trunks[trunk.index()].lookup = Some(request);
        }
        self.observe_link(now, Observation::CallAsks { call: id, request, shared: false });
        self.begin(now, request, cal);
    }

    /// The SBC asks for an INVITE that its call has already left: without a provisional response
    /// there was no CANCEL (RFC 3261 §9.1).
    pub(super) fn look_up_for_gone_call(&mut self, now: SimTime, trunk: TrunkId, cal: &mut Cal) {
        let client = self.replica_of(trunk);
        let coalesce = self.config.clients[client.index()].coalesce;
        let entity = self.asks_as(trunk, Errand::Lookup);
        let part = &mut self.trunks[trunk.index()];
        if coalesce && part.lookup.is_some() {
            return;
        }
        part.late_lookups += 1;
        let key = 1 << 50 | part.late_lookups;
        let request = Request::new(client, Errand::Lookup, trunk, entity, key, now);
        let request = self.requests.insert(request);
        if coalesce {
            self.trunks[trunk.index()].lookup = Some(request);
        }
        self.begin(now, request, cal);
    }

    /// Whether the call still waits for the decision it asked for at try `n`.
    fn awaits_decision(&self, id: CallId, n: Try) -> bool {
        self.calls.get(id).is_some_and(|c| {
            c.attempt == n
                && c.group.is_none()
                && ((c.in_setup() && c.at_sbc) || c.stage == Stage::Flow)
        })
    }

    pub(super) fn flow_deadline(&mut self, now: SimTime, id: CallId, n: Try, cal: &mut Cal) {
        if self.awaits_decision(id, n) {
            self.call(id).timers.flow = Handle::NONE;
            self.fall_back(now, id, None, cal);
        }
    }

    /// A look-up is over: its calls go to the group it names, or fall back.
    pub(super) fn look_up_ends(
        &mut self,
        now: SimTime,
        id: RequestId,
        request: &Request,
        answer: Option<u32>,
        cal: &mut Cal,
    ) {
        let trunk = request.trunk;
        let part = &mut self.trunks[trunk.index()];
        if part.lookup == Some(id) {
            part.lookup = None;
        }
        let group = answer.map(GroupId);
        if let Some(group) = group {
            part.policy = group;
        }
        for (place, &(call, n, since)) in request.waiters.iter().enumerate() {
            // A re-attempt that joined the request of its own call's earlier INVITE: one need, which
            // arose with the first.
            let joined = n > 1 && request.waiters[..place].iter().any(|(other, ..)| *other == call);
            if group.is_some() && !joined {
                let (errand, latency, limited) = (Errand::Lookup, now - since, request.limited);
                self.observe(now, Observation::PolicyInForce { trunk, errand, latency, limited });
            }
            if !self.awaits_decision(call, n) {
                continue;
            }
            match group {
                Some(group) => self.proceed(now, call, group, cal),
                None => self.fall_back(now, call, Some(id), cal),
            }
        }
    }

    /// The call goes on to `group`.
    fn proceed(&mut self, now: SimTime, id: CallId, group: GroupId, cal: &mut Cal) {
        if self.call(id).stage == Stage::Flow {
            self.enqueue(now, id, group, cal);
        } else {
            self.accept(now, id, Some(group), cal);
        }
    }

    /// The call takes the fallback: `request` ended without an answer, or the flow waits no longer.
    fn fall_back(&mut self, now: SimTime, id: CallId, request: Option<RequestId>, cal: &mut Cal) {
        let trunk = self.call(id).trunk;
        self.observe(now, Observation::FellBack { trunk, call: Some(id), request });
        let last_known = self.trunks[trunk.index()].policy;
        let answered = self.call(id).stage == Stage::Flow;
        match self.config.policy.fallback {
            FallbackSpec::LastKnown => self.proceed(now, id, last_known, cal),
            FallbackSpec::DefaultGroup => {
                let home = self.config.trunk(trunk).groups[0];
                let group = self.config.policy.default_group.unwrap_or(home);
                self.proceed(now, id, group, cal);
            }
            FallbackSpec::SecondaryCarrier => {
                self.proceed(now, id, last_known, cal);
                self.fail_over(now, trunk, Cause::Fallback, cal);
            }
            // A call the flow has answered cannot be refused any more.
            FallbackSpec::Reject if answered => {
                self.proceed(now, id, last_known, cal);
            }
            FallbackSpec::Reject => self.refuse(now, id, cal),
        }
    }

    /// What the platform answers a look-up or writes at an update, by the availability at hand.
    pub(super) fn decide(&self, trunk: TrunkId) -> GroupId {
        let candidates = &self.config.trunk(trunk).groups;
        candidates[routing::choose(candidates.iter().map(|g| self.groups[g.index()].free()))]
    }

    /// A group became scarce or available: the trunks that may use it need a new policy.
    pub(super) fn availability_changed(&mut self, now: SimTime, group: GroupId, cal: &mut Cal) {
        let point = self.config.policy.point;
        let enabled = self.config.updates.enabled.unwrap_or(point == PolicyPoint::Push);
        if !enabled || point == PolicyPoint::EdgeStatic || self.draining(now) {
            return;
        }
        let config = self.config;
        let trunks = config.groups[group.index()].trunks.len() as u32;
        self.observe_link(now, Observation::AvailabilityTurned { group, trunks });
        for &trunk in &config.groups[group.index()].trunks {
            let part = &mut self.trunks[trunk.index()];
            part.dirty_since.get_or_insert(now);
            if !part.update_due && !part.update_in_flight {
                part.update_due = true;
                cal.schedule(now + config.updates.debounce, Event::UpdateDue(trunk));
            }
        }
    }

    pub(super) fn update_due(&mut self, now: SimTime, trunk: TrunkId, cal: &mut Cal) {
        let client = self.replica_of(trunk);
        let part = &mut self.trunks[trunk.index()];
        part.update_due = false;
        let Some(need_at) = part.dirty_since.take() else { return };
        part.update_in_flight = true;
        part.updates += 1;
        let key = part.updates;
        let entity = self.asks_as(trunk, Errand::Update);
        let mut request = Request::new(client, Errand::Update, trunk, entity, key, now);
        request.need_at = need_at;
        let request = self.requests.insert(request);
        self.begin(now, request, cal);
    }

    /// An update is over for its client. One that failed is due again.
    pub(super) fn update_ends(
        &mut self,
        now: SimTime,
        (id, request): (RequestId, &Request),
        ok: bool,
        cal: &mut Cal,
    ) {
        let trunk = request.trunk;
        let draining = self.draining(now);
        let part = &mut self.trunks[trunk.index()];
        part.update_in_flight = false;
        if !ok {
            part.dirty_since =
                Some(part.dirty_since.map_or(request.need_at, |s| s.min(request.need_at)));
        }
        if part.dirty_since.is_some() && !part.update_due && !draining {
            part.update_due = true;
            let updates = &self.config.updates;
            let wait = if ok { updates.debounce } else { updates.retry_failed };
            cal.schedule(now + wait, Event::UpdateDue(trunk));
        }
        if !ok && self.config.policy.fallback == FallbackSpec::SecondaryCarrier {
            self.observe(now, Observation::FellBack { trunk, call: None, request: Some(id) });
            self.fail_over(now, trunk, Cause::Fallback, cal);
        }
    }

    /// The server has served an update: the trunk follows it after the propagation. Served again, for
    /// an attempt that the client had given up or hedged, the same update has its latency already.
    pub(super) fn update_applies(
        &mut self,
        now: SimTime,
        trunk: TrunkId,
        group: GroupId,
        (update, need_at, limited): (u64, SimTime, bool),
        cal: &mut Cal,
    ) {
        let in_force = now + self.config.api.propagation;
        cal.schedule(in_force, Event::UpdateInForce(trunk, group));
        let part = &mut self.trunks[trunk.index()];
        if update <= part.applied {
            return;
        }
        part.applied = update;
        let latency = in_force - need_at;
        let errand = Errand::Update;
        self.observe(now, Observation::PolicyInForce { trunk, errand, latency, limited });
    }

    /// Polls of the trunks are spread over the interval.
    pub(super) fn start_monitor(&mut self, cal: &mut Cal) {
        let Some(monitor) = &self.config.monitor else { return };
        let trunks = self.trunks.len() as u64;
        for t in 0..trunks {
            let phase = SimDuration::from_nanos(monitor.interval.as_nanos() / trunks * t);
            self.schedule_source(cal, SimTime::ZERO + phase, Event::PollDue(TrunkId(t as u32)));
        }
    }

    pub(super) fn poll_due(&mut self, now: SimTime, trunk: TrunkId, cal: &mut Cal) {
        let Some(monitor) = &self.config.monitor else { return };
        self.schedule_source(cal, now + monitor.interval, Event::PollDue(trunk));
        let part = &mut self.trunks[trunk.index()];
        part.polls += 1;
        let key = part.polls;
        let entity = self.asks_as(trunk, Errand::Poll);
        let request = Request::new(monitor.client, Errand::Poll, trunk, entity, key, now);
        let request = self.requests.insert(request);
        self.begin(now, request, cal);
    }

    pub(super) fn tenant_asks(&mut self, now: SimTime, client: ClientId, cal: &mut Cal) {
        let source = self.sources[client.index()].as_mut().expect("a tenant has a source");
        let arrives = source.has_arrival();
        let next = source.next(&self.random);
        self.schedule_source(cal, next, Event::TenantAsks(client));
        if !arrives {
            return;
        }
        let part = &mut self.clients[client.index()];
        part.asked += 1;
        let (entity, key) = (self.config.clients[client.index()].entity, part.asked);
        let request = Request::new(client, Errand::Tenant, TrunkId(0), entity, key, now);
        let request = self.requests.insert(request);
        self.begin(now, request, cal);
    }
}
