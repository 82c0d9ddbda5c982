//! An agent group: agents and their waiting room.

use super::ids::CallId;
use super::waiting_room::WaitingRoom;

/// Agents and their waiting room. Agents beyond the staffing finish what they do and leave.
#[derive(Debug)]
pub(super) struct Group {
    staffed: u32,
    /// Scheduled staffing, before a logout wave takes its share.
    scheduled: u32,
    away_share: f64,
    /// With a call or in wrap-up.
    busy: u32,
    room: WaitingRoom,
    scarce: bool,
}

impl Group {
    pub(super) fn new(agents: u32) -> Self {
        Self {
            staffed: agents,
            scheduled: agents,
            away_share: 0.0,
            busy: 0,
            room: WaitingRoom::default(),
            scarce: false,
        }
    }

    pub(super) const fn free(&self) -> u32 {
        self.staffed.saturating_sub(self.busy)
    }

    pub(super) const fn busy(&self) -> u32 {
        self.busy
    }

    pub(super) const fn staffed(&self) -> u32 {
        self.staffed
    }

    pub(super) fn waiting(&self) -> usize {
        self.room.len()
    }

    pub(super) fn join(&mut self, call: CallId, priority: u8) {
        self.room.join(call, priority);
    }

    pub(super) fn leave(&mut self, call: CallId) -> bool {
        self.room.leave(call)
    }

    /// The caller a free agent takes next.
    pub(super) fn next_for_free_agent(&mut self) -> Option<CallId> {
        if self.free() > 0 { self.room.next() } else { None }
    }

    pub(super) fn seize(&mut self) {
        self.busy += 1;
    }

    pub(super) fn release(&mut self) {
        self.busy = self.busy.checked_sub(1).expect("an agent was busy");
    }

    /// Sets the staffing of the schedule.
    pub(super) fn schedule(&mut self, agents: u32) {
        self.scheduled = agents;
        self.restaff();
    }

    /// Logout waves take this share of the scheduled agents away, together at most all scheduled
    /// agents; with 0 all are back.
    pub(super) fn log_out(&mut self, share: f64) {
        self.away_share = share.min(1.0);
        self.restaff();
    }

    fn restaff(&mut self) {
        let away = libm::round(f64::from(self.scheduled) * self.away_share);
        self.staffed = self.scheduled - (away as u32).min(self.scheduled);
    }

    /// Whether the group has just become scarce or available again, with hysteresis.
    pub(super) fn crosses(&mut self, scarce_at: u32, available_at: u32) -> bool {
        let free = self.free();
        let crossed = if self.scarce { free >= available_at } else { free <= scarce_at };
        self.scarce ^= crossed;
        crossed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_marked_once_on_each_way() {
        let mut group = Group::new(3);
        let mut moves = Vec::new();
        for seize in [true, true, true, false, false, false] {
            if seize {
                group.seize()
            } else {
                group.release()
            }
            moves.push(group.crosses(0, 2));
        }
        assert_eq!(moves, [false, false, true, false, true, false]);
    }

    #[test]
    fn a_logout_wave_takes_its_share_and_gives_it_back() {
        let mut group = Group::new(10);
        group.log_out(0.35);
        assert_eq!(group.staffed(), 6);
        group.schedule(20);
        assert_eq!(group.staffed(), 13);
        group.log_out(0.0);
        assert_eq!(group.staffed(), 20);
    }
}
