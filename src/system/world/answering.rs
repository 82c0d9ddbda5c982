//! A connected call: the waiting room, the agent, the end.

use super::sessions::Farewell;
use super::{Cal, World};
use crate::engine::calendar::Handle;
use crate::engine::time::{SimDuration, SimTime};
use crate::system::call::Stage;
use crate::system::event::Event;
use crate::system::ids::{CallId, GroupId, LegId, TrunkId};
use crate::system::observation::{CallRecord, Fate, Observation, Observer};
use crate::system::purpose::Purpose;

impl<O: Observer> World<'_, O> {
    /// The carrier has the trunk's 200: the caller is connected and patience starts to run.
    pub(super) fn connect(&mut self, now: SimTime, id: CallId, leg: LegId, cal: &mut Cal) {
        let post_dial_delay = self.since_offered(now, id);
        let trunk = leg.trunk();
        let call = self.call(id);
        call.connected_at = Some(now);
        call.stage = Stage::Flow;
        let (index, group) = (call.index, call.group);
        cal.cancel(std::mem::replace(&mut call.timers.hang_up, Handle::NONE));
        self.session_is_fresh(now, id, cal);
        self.observe(now, Observation::CallConnected { call: id, leg, post_dial_delay });
        let part = &mut self.trunks[trunk.index()];
        part.truly += 1;
        part.counted += 1;
        self.observe_trunk(now, trunk);
        if let Some(law) = &self.config.patience {
            let patience = law.sample(&mut self.draw(
                Purpose::Patience,
                self.config.trunk(trunk).entity,
                index,
            ));
            let timer = cal.schedule(now.saturating_add(patience), Event::PatienceEnds(id));
            self.call(id).timers.hang_up = timer;
        }
        match group {
            Some(group) => self.enqueue(now, id, group, cal),
            None => self.look_up(now, id, cal),
        }
    }

    pub(super) fn observe_trunk(&mut self, now: SimTime, trunk: TrunkId) {
        let part = &self.trunks[trunk.index()];
        let (truly, counted) = (part.truly, part.counted);
        self.observe(now, Observation::TrunkCalls { trunk, truly, counted });
    }

    /// The call enters the queue of an agent group.
    pub(super) fn enqueue(&mut self, now: SimTime, id: CallId, group: GroupId, cal: &mut Cal) {
        let call = self.call(id);
        cal.cancel(std::mem::replace(&mut call.timers.flow, Handle::NONE));
        call.group = Some(group);
        call.queued_at = Some(now);
        call.stage = Stage::Queued;
        let trunk = call.trunk;
        let waiting = self.groups[group.index()].waiting();
        self.observe(now, Observation::CallQueued { call: id, group, waiting });
        if waiting == 0 && self.groups[group.index()].free() > 0 {
            self.answer(now, id, group, cal);
            return;
        }
        let priority = self.config.trunk(trunk).priority;
        self.groups[group.index()].join(id, priority);
        self.observe_group(now, group);
        if let Some((after, _)) = self.config.groups[group.index()].overflow {
            let timer = cal.schedule(now + after, Event::OverflowDue(id));
            self.call(id).timers.flow = timer;
        }
    }

    fn observe_group(&mut self, now: SimTime, group: GroupId) {
        let part = &self.groups[group.index()];
        let (staffed, busy, waiting) = (part.staffed(), part.busy(), part.waiting());
        self.observe(now, Observation::AgentsBusy { group, staffed, busy, waiting });
    }

    /// A call that has waited long enough stands in a second waiting room as well.
    pub(super) fn overflow_due(&mut self, now: SimTime, id: CallId, cal: &mut Cal) {
        let Some(call) = self.calls.get(id).filter(|c| c.stage == Stage::Queued) else { return };
        let home = call.group.expect("a queued call has a group");
        let priority = self.config.trunk(call.trunk).priority;
        let Some((_, other)) = self.config.groups[home.index()].overflow else { return };
        let part = &mut self.groups[other.index()];
        if part.waiting() == 0 && part.free() > 0 {
            self.answer(now, id, other, cal);
        } else {
            part.join(id, priority);
            self.call(id).overflow = Some(other);
            self.observe_group(now, other);
        }
    }

    /// An agent of `group` takes the call.
    fn answer(&mut self, now: SimTime, id: CallId, group: GroupId, cal: &mut Cal) {
        self.leave_rooms(now, id);
        let call = self.call(id);
        call.stage = Stage::Talking;
        call.group = Some(group);
        call.answered_at = Some(now);
        let wait = now - call.queued_at.expect("an answered call was queued");
        let leg = call.leg().expect("a connected call has a leg");
        // Who dials again has the same matter, and starts it from the beginning.
        let matter = call.index % CallRecord::REDIAL;
        cal.cancel(std::mem::replace(&mut call.timers.hang_up, Handle::NONE));
        cal.cancel(std::mem::replace(&mut call.timers.flow, Handle::NONE));
        let talk = self.config.trunk(leg.trunk()).talk.sample(&mut self.draw(
            Purpose::Talk,
            self.config.trunk(leg.trunk()).entity,
            matter,
        ));
        self.call(id).timers.hang_up = cal.schedule(now + talk, Event::TalkEnds(id));
        self.groups[group.index()].seize();
        self.observe(now, Observation::CallAnswered { call: id, leg, group, wait });
        self.group_changed(now, group, cal);
    }

    fn leave_rooms(&mut self, now: SimTime, id: CallId) {
        let call = self.call(id);
        let rooms = [call.group, call.overflow.take()];
        for group in rooms.into_iter().flatten() {
            if self.groups[group.index()].leave(id) {
                self.observe_group(now, group);
            }
        }
    }

    pub(super) fn patience_ends(&mut self, now: SimTime, id: CallId, cal: &mut Cal) {
        if self.calls.get(id).is_some() {
            self.end_call(now, id, Fate::Abandoned, cal);
        }
    }

    pub(super) fn talk_ends(&mut self, now: SimTime, id: CallId, cal: &mut Cal) {
        if self.calls.get(id).is_some() {
            self.end_call(now, id, Fate::Completed, cal);
        }
    }

    /// The call is over, and the caller hangs up where it is connected.
    pub(super) fn end_call(&mut self, now: SimTime, id: CallId, fate: Fate, cal: &mut Cal) {
        self.end_call_by(now, id, fate, Farewell::Carrier, cal);
    }

    /// The call is over. Its channel and agent are freed at once; the platform hears of it as the
    /// farewell says.
    pub(super) fn end_call_by(
        &mut self,
        now: SimTime,
        id: CallId,
        fate: Fate,
        farewell: Farewell,
        cal: &mut Cal,
    ) {
        if self.call(id).stage == Stage::Queued {
            self.leave_rooms(now, id);
        }
        let leg = self.call(id).leg();
        self.leave_leg(now, id, cal);
        let call = self.calls.remove(id).expect("the call is in progress");
        cal.cancel(call.timers.hang_up);
        cal.cancel(call.session.timer);
        self.tally.calls_ended += 1;
        let record = call.record(fate);
        self.observe(now, Observation::CallEnded { call: id, record });
        self.caller_goes_on(now, &record, cal);
        if let (Some(_), Some(leg)) = (call.connected_at, leg) {
            self.trunks[call.trunk.index()].truly -= 1;
            self.observe_trunk(now, call.trunk);
            self.say_farewell(now, leg, call.session, farewell, cal);
        }
        if let Some(leg) = leg {
            self.leg_may_be_empty(now, leg, cal);
        }
        if let (Stage::Talking, Some(group)) = (call.stage, call.group) {
            let law = &self.config.groups[group.index()].wrap_up;
            let wrap_up = law.as_ref().map_or(SimDuration::ZERO, |law| {
                law.sample(&mut self.draw(
                    Purpose::WrapUp,
                    self.config.trunk(call.trunk).entity,
                    call.index,
                ))
            });
            if wrap_up.is_zero() {
                self.agent_is_free(now, group, cal);
            } else {
                cal.schedule(now + wrap_up, Event::WrapUpEnds(group));
            }
        }
    }

    /// What the caller does next: dials again, or idles where callers are finitely many.
    fn caller_goes_on(&mut self, now: SimTime, record: &CallRecord, cal: &mut Cal) {
        if self.caller_dials_again(now, record, cal) {
            return;
        }
        if let Some((callers, _)) = self.config.trunk(record.trunk).callers {
            // A caller's calls are numbered apart by the number of callers.
            let next = record.index % CallRecord::REDIAL + u64::from(callers);
            self.caller_idles(now, record.trunk, next, cal);
        }
    }

    /// One of finitely many callers makes call `index` after having idled.
    pub(super) fn caller_idles(&mut self, now: SimTime, trunk: TrunkId, index: u64, cal: &mut Cal) {
        let Some((_, idle)) = &self.config.trunk(trunk).callers else { return };
        let idle =
            idle.sample(&mut self.draw(Purpose::Arrival, self.config.trunk(trunk).entity, index));
        self.schedule_source(cal, now.saturating_add(idle), Event::CallerDials(trunk, index));
    }

    /// Whether this caller dials again after a failure of the network or of the queue.
    fn caller_dials_again(&mut self, now: SimTime, record: &CallRecord, cal: &mut Cal) -> bool {
        let Some((spec, after)) = &self.config.redial else { return false };
        let probability = match record.fate {
            Fate::Completed => return false,
            Fate::Abandoned | Fate::AbandonedSetup => spec.after_abandoning,
            Fate::DroppedTalking | Fate::DroppedWaiting => spec.after_drop,
            Fate::Blocked | Fate::Lost | Fate::TimedOut | Fate::Rejected => spec.after_failure,
        };
        if record.redials() >= spec.max || self.draining(now) {
            return false;
        }
        let trunk = record.trunk;
        let entity = self.config.trunk(trunk).entity;
        let mut draw = self.draw(Purpose::Redial, entity, record.index);
        let dials_again = draw.uniform() < probability;
        if dials_again {
            let after = after.sample(&mut draw);
            let index = record.index + CallRecord::REDIAL;
            if O::QUEUES {
                self.observe(now, Observation::CallerWaits { trunk, index, after });
            }
            let at = now.saturating_add(after);
            self.schedule_source(cal, at, Event::CallerDials(trunk, index));
        }
        dials_again
    }

    pub(super) fn agent_is_free(&mut self, now: SimTime, group: GroupId, cal: &mut Cal) {
        self.groups[group.index()].release();
        self.agents_take_calls(now, group, cal);
    }

    pub(super) fn staffing_changes(
        &mut self,
        now: SimTime,
        group: GroupId,
        agents: u32,
        cal: &mut Cal,
    ) {
        self.groups[group.index()].schedule(agents);
        self.agents_take_calls(now, group, cal);
    }

    /// Free agents take who waits.
    pub(super) fn agents_take_calls(&mut self, now: SimTime, group: GroupId, cal: &mut Cal) {
        while let Some(id) = self.groups[group.index()].next_for_free_agent() {
            self.answer(now, id, group, cal);
        }
        self.group_changed(now, group, cal);
    }

    fn group_changed(&mut self, now: SimTime, group: GroupId, cal: &mut Cal) {
        self.observe_group(now, group);
        let updates = &self.config.updates;
        if self.groups[group.index()].crosses(updates.scarce_at, updates.available_at) {
            self.availability_changed(now, group, cal);
        }
    }
}
