//! Why an INVITE, a call or a registration failed.

use super::{Step, Walk};
use crate::system::config::FaultKind;
use crate::system::ids::{CallId, LegId, Side};
use crate::system::observation::{Observation, Unrefreshed};

impl Walk<'_> {
    pub(super) fn invite_timed_out(&mut self, place: usize) {
        let Observation::InviteTimedOut { call, leg, after_trying } = self.story.facts[place].what
        else {
            return;
        };
        self.push_at(place, Step::InviteTimedOut { call, leg, after_trying });
        if after_trying {
            return self.still_asking(place, call);
        }
        let sent = self.story.last(place, |fact| {
            matches!(*fact, Observation::InviteSent { call: c, retransmission: 0, .. } if c == call)
        });
        let lost = self.story.last(
            place,
            |fact| matches!(*fact, Observation::InviteLost { call: c, .. } if c == call),
        );
        if let Some(lost) = lost.filter(|lost| Some(*lost) > sent) {
            self.push_at(lost, Step::InviteLost { call, leg });
            return self.network_fault(lost, leg);
        }
        let connecting = self.story.last(place, |fact| {
            matches!(*fact, Observation::ConnectionOpens { leg: l } | Observation::ConnectionUp { leg: l }
                if l == leg)
        });
        if let Some(opens) = connecting
            && matches!(self.story.facts[opens].what, Observation::ConnectionOpens { .. })
        {
            self.push_at(opens, Step::NotConnected { leg });
        }
        // The SBC may have asked without having said 100 before.
        self.still_asking(place, call);
        self.network_fault(place, leg);
    }

    pub(super) fn dropped(&mut self, ended: usize) {
        let Observation::CallEnded { call, record } = self.story.facts[ended].what else { return };
        let leg = LegId::new(record.trunk, record.side.unwrap_or(Side::Primary));
        self.push_at(ended, Step::Dropped { call, leg, fate: record.fate });
        let at = self.story.at(ended);
        let torn = self.story.last(ended, |fact| {
            matches!(*fact, Observation::SessionUnrefreshed { call: c, .. } if c == call)
                || matches!(*fact, Observation::CallsDropped { leg: l } if l == leg)
        });
        let Some(torn) = torn.filter(|torn| self.story.at(*torn) == at) else { return };
        if matches!(self.story.facts[torn].what, Observation::CallsDropped { .. }) {
            self.push_at(torn, Step::CallsDropped { leg });
            return self.leg_left(torn, leg);
        }
        if let Observation::SessionUnrefreshed { why, .. } = self.story.facts[torn].what {
            self.push_at(torn, Step::Unrefreshed { call, leg, why });
            match why {
                Unrefreshed::FlowGone => self.flow_lost(torn, call, leg),
                Unrefreshed::NoConnection | Unrefreshed::NoAnswer => self.network_fault(torn, leg),
            }
        }
    }

    /// The flow of a call's dialog is gone since its connection was first lost, whatever came of
    /// the leg later.
    fn flow_lost(&mut self, torn: usize, call: CallId, leg: LegId) {
        let began = self.story.last(torn, |fact| {
            matches!(*fact, Observation::InviteSent { call: c, retransmission: 0, .. } if c == call)
        });
        let lost = (began.unwrap_or(0)..torn).find(|place| {
            matches!(self.story.facts[*place].what, Observation::FlowLost { leg: l } if l == leg)
        });
        if let Some(lost) = lost {
            self.push_at(lost, Step::FlowLost { leg });
            self.leg_left(lost, leg);
        }
    }

    pub(super) fn registration(&mut self, timed_out: usize, leg: LegId) {
        if self.is_long() {
            return;
        }
        let sent = self.story.last(timed_out, |fact| {
            matches!(*fact, Observation::RegisterSent { leg: l, .. }
                | Observation::ConnectionOpens { leg: l } if l == leg)
        });
        let Some(sent) = sent else { return };
        let connecting = matches!(self.story.facts[sent].what, Observation::ConnectionOpens { .. });
        let step = Step::RegistrationTimedOut { leg, connecting, sent: self.story.at(sent) };
        self.push(self.story.at(timed_out), step, vec![sent, timed_out]);
        let queued = (sent..timed_out).find(|&i| {
            matches!(self.story.facts[i].what,
                Observation::RegisterQueued { leg: l, .. } if l == leg)
        });
        match queued.map(|place| (place, self.story.facts[place].what)) {
            Some((place, Observation::RegisterQueued { waiting, taken, .. })) => {
                self.push_at(place, Step::RegisterQueued { leg, waiting, taken });
                let carrier = self.config.leg(leg).carrier;
                self.fault(
                    place,
                    |kind| matches!(*kind, FaultKind::Registrar(c, _) if c == carrier),
                );
            }
            _ => {
                self.push_at(sent, Step::RegisterLost { leg });
                self.network_fault(timed_out, leg);
            }
        }
        self.registers(sent, leg);
    }

    /// Why the leg was being registered at place `at`.
    pub(super) fn registers(&mut self, at: usize, leg: LegId) {
        let trunk = leg.trunk();
        let last = self.story.last(at, |fact| match *fact {
            Observation::Registered { leg: l, .. } => l == leg,
            Observation::FailoverStarted { trunk: t, .. } => {
                t == trunk && leg.side() == Side::Secondary
            }
            Observation::FailbackStarted { trunk: t } => t == trunk && leg.side() == Side::Primary,
            _ => false,
        });
        match last.map(|place| (place, self.story.facts[place].what)) {
            Some((place, Observation::Registered { .. })) => {
                self.push_at(place, Step::Refresh { leg });
            }
            Some((place, _)) => self.moved(place, trunk, leg.side()),
            None => {}
        }
    }
}
