//! A call on its way to the trunk: which leg, the INVITE and its timers, the trunk's answer.

use super::{Cal, SbcJob, World, place_of_pair};
use crate::engine::calendar::Handle;
use crate::engine::time::{SimDuration, SimTime};
use crate::policies::limiter::Admission;
use crate::policies::sip::Method;
use crate::system::call::{Answer, Call, Stage};
use crate::system::event::{Event, Response, Try};
use crate::system::ids::{CallId, LegId, Side, TrunkId};
use crate::system::leg::Waiting;
use crate::system::observation::{Fate, Observation, Observer, Refusal};
use crate::system::purpose::Purpose;
use crate::system::spec::{PolicyPoint, Trying100};

/// Timer C of a proxy, more than 3 minutes (RFC 3261 §16.6): what ends a call in progress without
/// a final response where nothing shorter does.
const TIMER_C: SimDuration = SimDuration::from_secs(181);

impl<O: Observer> World<'_, O> {
    pub(super) fn call_arrives(&mut self, now: SimTime, trunk: TrunkId, cal: &mut Cal) {
        let part = &mut self.trunks[trunk.index()];
        let (index, arrives) = (part.offered, part.arrivals.has_arrival());
        part.offered += u64::from(arrives);
        let next = part.arrivals.next(&self.random);
        self.schedule_source(cal, next, Event::CallArrives(trunk));
        if arrives {
            self.offer_call(now, trunk, index, cal);
        }
    }

    /// A caller dials: for the first time, or again (then the index says how often).
    pub(super) fn offer_call(&mut self, now: SimTime, trunk: TrunkId, index: u64, cal: &mut Cal) {
        let active = self.trunks[trunk.index()].active;
        let id = self.calls.insert(Call::new(trunk, index, now));
        self.tally.calls_offered += 1;
        self.observe(now, Observation::CallOffered { call: id, trunk, index });
        if let Some(law) = &self.config.setup_patience {
            let patience = law.sample(&mut self.draw(
                Purpose::SetupPatience,
                self.config.trunk(trunk).entity,
                index,
            ));
            let timer = cal.schedule(now + patience, Event::SetupHangUp(id));
            self.call(id).timers.hang_up = timer;
        }
        self.route(now, id, &[active, active.other()], Fate::Lost, cal);
    }

    pub(super) fn call(&mut self, id: CallId) -> &mut Call {
        self.calls.get_mut(id).expect("the call is in progress")
    }

    /// Offers the call to the first of `sides` that can take it. Where none can, it ends: blocked
    /// for want of a channel on its first try, otherwise as `fate` says.
    fn route(&mut self, now: SimTime, id: CallId, sides: &[Side], fate: Fate, cal: &mut Cal) {
        let trunk = self.call(id).trunk;
        let mut short = false;
        for &side in sides {
            let leg = LegId::new(trunk, side);
            match self.seize(now, id, leg) {
                Ok(()) => {
                    let call = self.call(id);
                    call.side = Some(side);
                    call.last_side = Some(side);
                    self.send_invite(now, id, leg, cal);
                    return;
                }
                Err(refusal) => {
                    short |=
                        matches!(refusal, Refusal::Channels | Refusal::Rate | Refusal::Throttled);
                    self.observe(now, Observation::LegRefused { call: id, leg, refusal });
                }
            }
        }
        let fate = if short && fate == Fate::Lost { Fate::Blocked } else { fate };
        self.end_call(now, id, fate, cal);
    }

    /// Takes a channel of the leg for a call, if the leg can carry one.
    fn seize(&mut self, now: SimTime, id: CallId, leg: LegId) -> Result<(), Refusal> {
        let Some(config) = &self.config.legs[leg.index()] else {
            return Err(Refusal::Absent);
        };
        self.usable(now, leg)?;
        if self.leg(leg).leaving {
            return Err(Refusal::Leaving);
        }
        if now < self.left_alone_until(leg) {
            return Err(Refusal::RetryAfter);
        }
        let channels = config.channels.index();
        if self.channels[channels] >= self.config.channels[channels] {
            return Err(Refusal::Channels);
        }
        let part = self.leg_mut(leg);
        if let Some(rate) = &mut part.rate
            && !matches!(rate.admit(now, 1), Admission::Granted)
        {
            return Err(Refusal::Rate);
        }
        if !self.carrier_may_invite(now, leg) {
            return Err(Refusal::Throttled);
        }
        let seats = &mut self.leg_mut(leg).calls;
        seats.push(id);
        let seat = seats.len() as u32 - 1;
        self.call(id).seat = seat;
        self.channels[channels] += 1;
        let busy = self.channels[channels];
        self.observe(now, Observation::ChannelsBusy { leg, busy });
        Ok(())
    }

    /// Whether the leg could carry a call, channels aside: the ground truth.
    pub(super) fn usable(&self, now: SimTime, leg: LegId) -> Result<(), Refusal> {
        let Some(config) = &self.config.legs[leg.index()] else {
            return Err(Refusal::Absent);
        };
        if self.carriers[config.carrier.index()].is_down() {
            return Err(Refusal::CarrierDown);
        }
        if config.registration && !self.is_registered(now, leg) {
            return Err(Refusal::Unregistered);
        }
        if !config.connects && !self.is_connected(leg) {
            return Err(Refusal::NoConnection);
        }
        Ok(())
    }

    fn free_channel(&mut self, now: SimTime, id: CallId, leg: LegId) {
        let channels = self.config.leg(leg).channels.index();
        self.channels[channels] -= 1;
        let busy = self.channels[channels];
        let seat = self.call(id).seat;
        let seats = &mut self.leg_mut(leg).calls;
        seats.swap_remove(seat as usize);
        if let Some(&moved) = seats.get(seat as usize) {
            self.call(moved).seat = seat;
        }
        self.observe(now, Observation::ChannelsBusy { leg, busy });
    }

    fn send_invite(&mut self, now: SimTime, id: CallId, leg: LegId, cal: &mut Cal) {
        let reliable = self.is_reliable(leg);
        let (timer_b, t1) = (self.config.policy.timer_b, self.config.sip.t1);
        let call = self.call(id);
        call.attempt += 1;
        call.stage = Stage::Inviting;
        call.sent_at = now;
        call.at_sbc = false;
        call.trying_sent = false;
        call.answer = None;
        call.retransmissions = 0;
        let n = call.attempt;
        call.timers.deadline = cal.schedule(now + timer_b, Event::InviteDeadline(id, n));
        if !reliable {
            call.timers.retransmit = cal.schedule(now + t1, Event::InviteRetransmit(id, n));
        }
        self.observe(now, Observation::InviteSent { call: id, leg, attempt: n, retransmission: 0 });
        if reliable && !self.leg(leg).connection.is_up() {
            self.await_connection(now, leg, Waiting::Invite(id, n), cal);
        } else {
            self.carry_invite(now, id, n, cal);
        }
    }

    /// The INVITE sets out for the SBC.
    pub(super) fn carry_invite(&mut self, now: SimTime, id: CallId, n: Try, cal: &mut Cal) {
        let Some(leg) = self.leg_in_setup(id, n) else { return };
        let flow = self.leg(leg).connection.flow;
        self.call(id).session.flow = flow;
        match self.crossing(leg) {
            Some(way) => {
                cal.schedule(now + way, Event::InviteAtSbc(id, n, leg));
            }
            None => self.observe_link(now, Observation::InviteLost { call: id, leg }),
        }
    }

    /// The leg of a call that is still being set up by INVITE `n`.
    pub(super) fn leg_in_setup(&self, id: CallId, n: Try) -> Option<LegId> {
        let call = self.calls.get(id)?;
        (call.attempt == n && call.in_setup()).then(|| call.leg()).flatten()
    }

    /// Timer A: on UDP the INVITE goes out again, each time after twice as long, or as long as the
    /// timer's bound (RFC 3261 §17.1.1.2).
    pub(super) fn invite_retransmits(&mut self, now: SimTime, id: CallId, n: Try, cal: &mut Cal) {
        let Some(leg) = self.leg_in_setup(id, n) else { return };
        let timers = self.config.sip;
        let call = self.call(id);
        if call.stage != Stage::Inviting {
            return;
        }
        call.retransmissions += 1;
        let retransmission = call.retransmissions;
        let wait = timers.interval(Method::Invite, u32::from(retransmission));
        call.timers.retransmit = cal.schedule(now + wait, Event::InviteRetransmit(id, n));
        self.observe(now, Observation::InviteSent { call: id, leg, attempt: n, retransmission });
        self.carry_invite(now, id, n, cal);
    }

    /// An INVITE reaches the SBC: a first copy, or one that its server transaction answers with its
    /// last response, or absorbs (RFC 3261 §17.2.1, RFC 6026 §7.1).
    pub(super) fn invite_at_sbc(
        &mut self,
        now: SimTime,
        (id, n): (CallId, Try),
        leg: LegId,
        cal: &mut Cal,
    ) {
        let sbc = self.sbc_of(leg);
        if self.leg_in_setup(id, n).is_none() {
            // The call has left this INVITE, which the SBC does not know: without a provisional
            // response there was no CANCEL (§9.1). Further copies over UDP are absorbed.
            if self.is_reliable(leg) {
                self.sbc_offer(now, sbc, SbcJob::Invite(id, n, leg), cal);
            }
            return;
        }
        let call = self.call(id);
        if call.at_sbc {
            match call.answer {
                None if call.trying_sent => self.carry_answer(now, id, n, Response::Trying, cal),
                Some(Answer { response: Response::Unavailable, .. }) => {
                    self.carry_answer(now, id, n, Response::Unavailable, cal)
                }
                _ => {}
            }
            return;
        }
        let taken = self.sbc_offer(now, sbc, SbcJob::Invite(id, n, leg), cal);
        self.call(id).at_sbc = taken;
        if !taken {
            self.observe_link(now, Observation::InviteLost { call: id, leg });
        }
    }

    /// The SBC has handled the INVITE.
    pub(super) fn invite_handled(&mut self, now: SimTime, id: CallId, n: Try, cal: &mut Cal) {
        let Some(leg) = self.leg_in_setup(id, n) else { return };
        let trunk = leg.trunk();
        match self.config.policy.point {
            PolicyPoint::EdgeStatic => {
                let home = self.config.trunk(trunk).groups[0];
                self.accept(now, id, Some(home), cal);
            }
            PolicyPoint::Push => {
                let group = self.trunks[trunk.index()].policy;
                self.accept(now, id, Some(group), cal);
            }
            PolicyPoint::PostAnswer => self.accept(now, id, None, cal),
            PolicyPoint::PerInvite => {
                if self.config.policy.trying_100 == Trying100::BeforeLookup {
                    self.call(id).trying_sent = true;
                    self.respond(now, id, leg, Response::Trying, cal);
                }
                self.look_up(now, id, cal);
            }
        }
    }

    /// The trunk answers the call, which goes to `group` if that is known already.
    pub(super) fn accept(
        &mut self,
        now: SimTime,
        id: CallId,
        group: Option<crate::system::ids::GroupId>,
        cal: &mut Cal,
    ) {
        let call = self.call(id);
        call.group = group;
        cal.cancel(std::mem::replace(&mut call.timers.flow, Handle::NONE));
        let leg = call.leg().expect("a call in set-up has a leg");
        self.respond(now, id, leg, Response::Ok, cal);
    }

    /// The trunk refuses the call with 503.
    pub(super) fn refuse(&mut self, now: SimTime, id: CallId, cal: &mut Cal) {
        let leg = self.call(id).leg().expect("a call in set-up has a leg");
        self.respond(now, id, leg, Response::Unavailable, cal);
    }

    fn respond(&mut self, now: SimTime, id: CallId, leg: LegId, response: Response, cal: &mut Cal) {
        let call = self.call(id);
        let n = call.attempt;
        if response != Response::Trying {
            call.answer = Some(Answer { response, since: now, copies: 0 });
        }
        self.send_answer(now, (id, n), leg, response, cal);
    }

    /// The SBC sends a response, over another connection where the INVITE's is gone (RFC 3261
    /// §18.2.2).
    fn send_answer(
        &mut self,
        now: SimTime,
        (id, n): (CallId, Try),
        leg: LegId,
        response: Response,
        cal: &mut Cal,
    ) {
        if self.is_connected(leg) {
            self.carry_answer(now, id, n, response, cal);
        } else {
            self.await_connection(now, leg, Waiting::Answer(id, n, response), cal);
        }
    }

    /// A response sets out for the carrier.
    pub(super) fn carry_answer(
        &mut self,
        now: SimTime,
        id: CallId,
        n: Try,
        response: Response,
        cal: &mut Cal,
    ) {
        let Some(leg) = self.leg_in_setup(id, n) else { return };
        let feedback = self.sbc_feedback(now, leg);
        match self.crossing(leg) {
            Some(way) => {
                cal.schedule(now + way, Event::ResponseAtCarrier(id, n, response, feedback));
            }
            None if response == Response::Trying => {}
            None => self.answer_lost(now, id, n, cal),
        }
    }

    /// A final response did not arrive. It is sent again, after T1, doubling up to T2, for 64·T1: a
    /// 2xx over any transport (RFC 3261 §13.3.1.4), another over UDP (§17.2.1).
    pub(super) fn answer_lost(&mut self, now: SimTime, id: CallId, n: Try, cal: &mut Cal) {
        let Some(leg) = self.leg_in_setup(id, n) else { return };
        let (timers, reliable) = (self.config.sip, self.is_reliable(leg));
        let Some(answer) = &mut self.call(id).answer else { return };
        let again = now + timers.interval(Method::NonInvite, answer.copies);
        answer.copies += 1;
        let repeats = answer.response == Response::Ok || !reliable;
        if repeats && again < answer.since + timers.timer_b() {
            cal.schedule(again, Event::AnswerAgain(id, n));
        }
    }

    pub(super) fn answer_again(&mut self, now: SimTime, id: CallId, n: Try, cal: &mut Cal) {
        let Some(leg) = self.leg_in_setup(id, n) else { return };
        let Some(Answer { response, .. }) = self.call(id).answer else { return };
        self.send_answer(now, (id, n), leg, response, cal);
    }

    /// The leg has failed for a call in set-up: its connection could not be made, or broke.
    pub(super) fn leg_fails(&mut self, now: SimTime, id: CallId, n: Try, cal: &mut Cal) {
        let Some(leg) = self.leg_in_setup(id, n) else { return };
        self.observe_link(now, Observation::InviteLost { call: id, leg });
        let refusal = Refusal::NoConnection;
        self.observe(now, Observation::LegRefused { call: id, leg, refusal });
        self.try_other_leg(now, id, leg, Fate::Lost, cal);
    }

    /// The SBC is left alone by the leg's carrier until this instant, for the `Retry-After` of a 503
    /// to an INVITE (RFC 3261 §21.5.4).
    fn left_alone_until(&self, leg: LegId) -> SimTime {
        let pair = place_of_pair(self.config, self.leg_carrier(leg), self.sbc_of(leg));
        self.left_alone.get(pair).copied().unwrap_or(SimTime::ZERO)
    }

    fn leave_sbc_alone(&mut self, now: SimTime, leg: LegId) {
        let (carrier, sbc) = (self.leg_carrier(leg), self.sbc_of(leg));
        let config = &self.config.carriers[carrier.index()];
        let told = self.config.sbcs[sbc.index()].retry_after.or(config.fake_retry_after);
        let Some(told) = told.filter(|_| config.honour_503) else { return };
        let wait = config.honour_503_cap.map_or(told, |cap| told.min(cap));
        let pair = place_of_pair(self.config, carrier, sbc);
        if self.left_alone.is_empty() {
            self.left_alone =
                vec![SimTime::ZERO; self.config.carriers.len() * self.config.sbcs.len()];
        }
        let until = &mut self.left_alone[pair];
        *until = (*until).max(now + wait);
    }

    pub(super) fn response_at_carrier(
        &mut self,
        now: SimTime,
        id: CallId,
        n: Try,
        response: Response,
        cal: &mut Cal,
    ) {
        let Some(leg) = self.leg_in_setup(id, n) else { return };
        let no_progress = self.config.policy.no_progress;
        let call = self.call(id);
        cal.cancel(std::mem::replace(&mut call.timers.retransmit, Handle::NONE));
        if response == Response::Trying && call.stage == Stage::Proceeding {
            return;
        }
        cal.cancel(std::mem::replace(&mut call.timers.deadline, Handle::NONE));
        if response == Response::Trying {
            call.stage = Stage::Proceeding;
            let wait = no_progress.unwrap_or(TIMER_C);
            call.timers.deadline = cal.schedule(now + wait, Event::InviteDeadline(id, n));
        }
        self.observe(now, Observation::InviteAnswered { call: id, leg, response });
        match response {
            Response::Trying => {}
            Response::Ok => self.connect(now, id, leg, cal),
            Response::Unavailable => {
                self.leave_sbc_alone(now, leg);
                self.try_other_leg(now, id, leg, Fate::Rejected, cal);
            }
        }
    }

    pub(super) fn invite_times_out(&mut self, now: SimTime, id: CallId, n: Try, cal: &mut Cal) {
        let Some(leg) = self.leg_in_setup(id, n) else { return };
        let after_trying = self.call(id).stage == Stage::Proceeding;
        self.observe(now, Observation::InviteTimedOut { call: id, leg, after_trying });
        self.try_other_leg(now, id, leg, Fate::TimedOut, cal);
        if leg.side() == Side::Primary {
            self.invite_timeout_counts(now, leg.trunk(), cal);
        }
    }

    /// The carrier gives the attempt up and tries the other leg, if it may still.
    fn try_other_leg(&mut self, now: SimTime, id: CallId, leg: LegId, fate: Fate, cal: &mut Cal) {
        let attempts_max = self.config.policy.route_attempts;
        self.leave_leg(now, id, cal);
        self.leg_may_be_empty(now, leg, cal);
        let call = self.call(id);
        if call.attempt >= attempts_max {
            self.end_call(now, id, fate, cal);
        } else {
            self.route(now, id, &[leg.side().other()], fate, cal);
        }
    }

    /// Frees the call's channel and cancels what its INVITE was waiting for.
    pub(super) fn leave_leg(&mut self, now: SimTime, id: CallId, cal: &mut Cal) {
        let call = self.call(id);
        for timer in [&mut call.timers.deadline, &mut call.timers.retransmit, &mut call.timers.flow]
        {
            cal.cancel(std::mem::replace(timer, Handle::NONE));
        }
        if let Some(leg) = call.leg() {
            call.side = None;
            self.free_channel(now, id, leg);
        }
    }

    pub(super) fn setup_hang_up(&mut self, now: SimTime, id: CallId, cal: &mut Cal) {
        if self.calls.get(id).is_some_and(Call::in_setup) {
            self.end_call(now, id, Fate::AbandonedSetup, cal);
        }
    }

    /// How long since the caller dialled: post-dial delay runs to the trunk's answer.
    pub(super) fn since_offered(&self, now: SimTime, id: CallId) -> SimDuration {
        self.calls.get(id).map_or(SimDuration::ZERO, |c| now - c.offered_at)
    }
}
