//! The event loop: its budgets and the reasons it stops.

use super::calendar::Calendar;
use super::time::SimTime;

/// Something events happen to.
pub trait World {
    /// What is scheduled.
    type Event: Copy;

    /// Lets `event` happen; `calendar` is where it schedules what follows.
    fn handle(&mut self, now: SimTime, event: Self::Event, calendar: &mut Calendar<Self::Event>);
}

/// Bounds of a run, against models that explode.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Events handled in all.
    pub events_max: u64,
    /// Events pending at once.
    pub pending_max: usize,
}

/// Why the loop stopped.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// The next event lies at or past the given instant.
    Horizon,
    /// Nothing is pending any more.
    Exhausted,
    /// As many events as allowed were handled.
    EventBudget,
    /// More events than allowed were pending.
    PendingBudget,
}

/// Handles every event before `until`, in order, and counts them in `handled`. Events at `until`
/// and later stay pending.
///
/// # Panics
/// Where the world schedules an event in the past, which is a bug.
pub fn run<W: World>(
    world: &mut W,
    calendar: &mut Calendar<W::Event>,
    until: SimTime,
    budget: Budget,
    handled: &mut u64,
) -> StopReason {
    loop {
        match calendar.peek() {
            None => return StopReason::Exhausted,
            Some(at) if at >= until => return StopReason::Horizon,
            Some(_) => {}
        }
        if *handled >= budget.events_max {
            return StopReason::EventBudget;
        }
        if calendar.len() > budget.pending_max {
            return StopReason::PendingBudget;
        }
        let (now, event) = calendar.pop().expect("something is pending");
        *handled += 1;
        world.handle(now, event, calendar);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::time::SimDuration;

    /// Each event schedules as many again, a second later.
    struct Doubling(usize);

    impl World for Doubling {
        type Event = ();

        fn handle(&mut self, now: SimTime, (): (), calendar: &mut Calendar<()>) {
            for _ in 0..self.0 {
                calendar.schedule(now + SimDuration::from_secs(1), ());
            }
        }
    }

    fn run_for(fan: usize, until_s: u64, budget: Budget) -> (StopReason, u64) {
        let mut calendar = Calendar::new();
        calendar.schedule(SimTime::ZERO, ());
        let mut handled = 0;
        let until = SimTime::ZERO + SimDuration::from_secs(until_s);
        (run(&mut Doubling(fan), &mut calendar, until, budget, &mut handled), handled)
    }

    #[test]
    fn each_bound_stops_the_loop() {
        let wide = Budget { events_max: 1000, pending_max: 1000 };
        assert_eq!(run_for(1, 10, wide), (StopReason::Horizon, 10));
        assert_eq!(run_for(0, 10, wide), (StopReason::Exhausted, 1));
        assert_eq!(run_for(1, 10_000, wide), (StopReason::EventBudget, 1000));
        let narrow = Budget { events_max: 1000, pending_max: 16 };
        assert_eq!(run_for(2, 10, narrow).0, StopReason::PendingBudget);
    }
}
