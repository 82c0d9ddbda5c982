//! What can be said of any run from outside, asserted fact by fact.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;
use trunksim::engine::time::SimTime;
use trunksim::system::ids::{CallId, GroupId, LegId, RequestId, Side, TrunkId};
use trunksim::system::observation::{Observation, Observer};
use trunksim::system::spec::{LegSpec, Model, TrunkSpec};

/// Asserts the invariants of a run.
pub(crate) struct Watch {
    now: SimTime,
    horizon: SimTime,
    /// Channels of each trunk's legs: of its own, or of their group.
    channels: Vec<[u32; 2]>,
    /// The first leg that uses the same channels, where a leg shares them.
    shared: BTreeMap<LegId, LegId>,
    /// The most agents a group can have.
    agents: Vec<u32>,
    /// What is taken of them at present, by leg and group, and who waits.
    busy: BTreeMap<LegId, u32>,
    working: BTreeMap<GroupId, (u32, usize)>,
    calls: BTreeSet<CallId>,
    requests: FxHashMap<RequestId, i64>,
    pub(crate) offered: u64,
}

impl Watch {
    pub(crate) fn new(model: &Model) -> Self {
        let group = |leg: &LegSpec| {
            let named = |g: &&trunksim::system::spec::ChannelGroupSpec| {
                Some(&g.id) == leg.channel_group.as_ref()
            };
            model.channel_groups.iter().find(named).map(|g| g.channels)
        };
        let capacity = |leg: &LegSpec| leg.channels.or_else(|| group(leg)).expect("channels");
        let of_trunk = |trunk: &TrunkSpec| {
            [capacity(&trunk.primary), trunk.secondary.as_ref().map_or(0, capacity)]
        };
        let most = |group: &trunksim::system::spec::GroupSpec| {
            let staffed = group.staffing.iter().map(|step| step.agents);
            staffed.fold(group.agents, u32::max)
        };
        let trunks: Vec<&TrunkSpec> = model
            .trunks
            .iter()
            .flat_map(|trunk| std::iter::repeat_n(trunk, trunk.count as usize))
            .collect();
        let (mut shared, mut first) = (BTreeMap::new(), BTreeMap::new());
        for (trunk, id) in trunks.iter().zip((0..).map(TrunkId)) {
            let legs = [
                (Side::Primary, Some(&trunk.primary)),
                (Side::Secondary, trunk.secondary.as_ref()),
            ];
            for (side, leg) in legs {
                if let Some(group) = leg.and_then(|leg| leg.channel_group.clone()) {
                    let leg = LegId::new(id, side);
                    shared.insert(leg, *first.entry(group).or_insert(leg));
                }
            }
        }
        Self {
            shared,
            now: SimTime::ZERO,
            horizon: SimTime::ZERO + model.horizon,
            channels: trunks.iter().map(|trunk| of_trunk(trunk)).collect(),
            agents: model.groups.iter().map(most).collect(),
            busy: BTreeMap::new(),
            working: BTreeMap::new(),
            calls: BTreeSet::new(),
            requests: FxHashMap::default(),
            offered: 0,
        }
    }

    fn capacity(&self, leg: LegId) -> u32 {
        self.channels[leg.trunk().index()][usize::from(leg.side() == Side::Secondary)]
    }

    /// The first leg that shares a leg's channels.
    fn group_of(&self, leg: LegId) -> LegId {
        self.shared.get(&leg).copied().unwrap_or(leg)
    }

    /// A request's attempts: one more, or one fewer, under way.
    fn attempt(&mut self, request: RequestId, change: i64) {
        let under_way = self.requests.get_mut(&request).expect("an attempt of a request");
        *under_way += change;
        assert!(*under_way >= 0, "an attempt of {request:?} ended twice");
    }

    /// What must hold at the end.
    pub(crate) fn finish(&self) {
        assert!(self.calls.is_empty(), "calls without an end: {:?}", self.calls);
        assert!(self.busy.values().all(|busy| *busy == 0), "channels taken: {:?}", self.busy);
        let idle = self.working.values().all(|(busy, waiting)| *busy == 0 && *waiting == 0);
        assert!(idle, "agents or callers left: {:?}", self.working);
        let left = self.requests.len();
        assert!(left == 0, "{left} requests without an end");
    }
}

impl Observer for Watch {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        assert!(now >= self.now, "from {} back to {now}: {fact:?}", self.now);
        self.now = now;
        match *fact {
            Observation::CallOffered { call, .. } => {
                assert!(now < self.horizon, "offered past the horizon: {fact:?}");
                assert!(self.calls.insert(call), "offered twice: {fact:?}");
                self.offered += 1;
            }
            Observation::CallEnded { call, record } => {
                assert!(self.calls.remove(&call), "ended twice, or never offered: {fact:?}");
                let order = [Some(record.offered_at), record.connected_at, record.queued_at];
                let order: Vec<SimTime> =
                    order.into_iter().chain([record.answered_at, Some(now)]).flatten().collect();
                assert!(order.is_sorted(), "{record:?} at {now}");
            }
            Observation::ChannelsBusy { leg, busy } => {
                let capacity = self.capacity(leg);
                assert!(busy <= capacity, "{busy} of {capacity} channels: {fact:?}");
                self.busy.insert(self.group_of(leg), busy);
            }
            Observation::AgentsBusy { group, staffed, busy, waiting } => {
                self.working.insert(group, (busy, waiting));
                let most = self.agents[group.index()];
                assert!(busy <= most && staffed <= most, "of {most} agents: {fact:?}");
            }
            Observation::Requested { request, .. } => {
                assert!(self.requests.insert(request, 0).is_none(), "made twice: {fact:?}");
            }
            Observation::AttemptSent { request, .. } => self.attempt(request, 1),
            Observation::AttemptEnded { request, .. }
            | Observation::AttemptCancelled { request, .. } => self.attempt(request, -1),
            Observation::RequestEnded { request, .. } => {
                let left = self.requests.remove(&request);
                assert_eq!(
                    left,
                    Some(0),
                    "attempts under way, ended twice, or never made: {fact:?}"
                );
            }
            Observation::TrunkCalls { trunk, truly, .. } => {
                let most: u32 = self.channels[trunk.index()].iter().sum();
                assert!(truly <= most, "{truly} calls on {most} channels: {fact:?}");
            }
            _ => {}
        }
    }
}
