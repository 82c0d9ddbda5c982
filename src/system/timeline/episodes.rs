//! Episodes: refusals that follow one another closely, and what happened in their course.

use std::collections::BTreeSet;

use super::Timeline;
use crate::engine::time::{SimDuration, SimTime};

/// Refusals with no more than this between them are of one episode. An assumption: as long as a
/// breaker is commonly open.
const QUIET: SimDuration = SimDuration::from_secs(10);
/// What happens within this of the last refusal is still in the course of the episode. An
/// assumption: longer than the retries of a request and a few openings of a breaker.
pub(super) const REACH: SimDuration = SimDuration::from_secs(60);
/// Shown before and after an episode that is looked at closely.
const MARGIN: SimDuration = SimDuration::from_secs(60);
/// A closer look starts at a multiple of this.
const ROUND: SimDuration = SimDuration::from_secs(10);
/// Shown at most of an episode.
const CLOSE_UP_MAX: SimDuration = SimDuration::from_secs(15 * 60);

/// Refusals that follow one another closely.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Episode {
    /// The first.
    pub from: SimTime,
    /// The last.
    pub until: SimTime,
    /// How many.
    pub refused: u64,
    /// Those of the routing client: the first, and how many.
    pub ours: Option<(SimTime, u64)>,
}

impl Episode {
    /// Notes a refusal in a list of episodes; `ours` is one of the routing client.
    pub(super) fn note(list: &mut Vec<Self>, now: SimTime, ours: bool) {
        if list.last().is_none_or(|last| now.saturating_since(last.until) > QUIET) {
            list.push(Self { from: now, until: now, refused: 0, ours: None });
        }
        if let Some(last) = list.last_mut() {
            last.until = now;
            last.refused += 1;
            if ours {
                last.ours = Some(last.ours.map_or((now, 1), |(first, n)| (first, n + 1)));
            }
        }
    }
}

/// What is worth looking at closely, from its beginning to its end.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Course {
    /// When it begins.
    pub from: SimTime,
    /// When it ends; what comes shortly after is still of it.
    pub until: SimTime,
    /// What it is.
    pub trouble: Trouble,
}

/// What starts a course of events.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The API refuses.
    Refusals(Episode),
    /// A fault, by its place in [`Timeline::faults`].
    Fault(usize),
}

impl Course {
    const fn of(episode: Episode) -> Self {
        Self { from: episode.from, until: episode.until, trouble: Trouble::Refusals(episode) }
    }

    /// Whether an instant is in its course.
    #[must_use]
    pub fn holds(&self, at: SimTime) -> bool {
        at >= self.from && at <= self.until.saturating_add(REACH)
    }
}

impl Timeline {
    /// Trunks that fail over in a course of events, each once: unnecessarily, or for any reason.
    #[must_use]
    pub fn moved(&self, course: &Course, unnecessarily: bool) -> usize {
        // They are in the order of time.
        let first = self.failovers.partition_point(|f| f.at < course.from);
        let moves = self.failovers[first..].iter().take_while(|f| course.holds(f.at));
        let moves = moves.filter(|f| !(unnecessarily && f.needed));
        moves.map(|f| f.trunk).collect::<BTreeSet<_>>().len()
    }

    /// The episode in which most trunks fail over unnecessarily; of equals the one with most
    /// refusals, of these the first.
    #[must_use]
    pub fn worst_episode(&self) -> Option<Episode> {
        let weight = |e: &Episode| (self.moved(&Course::of(*e), true), e.refused);
        // The last of equals would be taken otherwise.
        self.episodes.iter().rev().max_by_key(|episode| weight(episode)).copied()
    }

    /// The course of events that is told: the worst episode, if trunks fail over unnecessarily in
    /// it; or else the fault in which most trunks fail over; or else the worst episode.
    #[must_use]
    pub fn course(&self) -> Option<Course> {
        let episode = self.worst_episode().map(Course::of);
        let fault = |place: usize| {
            let fault = &self.faults[place];
            Course { from: fault.from, until: fault.until, trouble: Trouble::Fault(place) }
        };
        let faults = (0..self.faults.len()).rev().map(fault);
        let fault = faults.max_by_key(|course| self.moved(course, false));
        let needless = |course: &Course| self.moved(course, true) > 0;
        let moving = |course: &Course| self.moved(course, false) > 0;
        episode.filter(needless).or(fault.filter(moving)).or(episode).or(fault)
    }

    /// What is worth a closer look: the course of events that is told, with what comes a little
    /// before and after. Nothing where that is much of the timeline anyway.
    #[must_use]
    pub fn close_up(&self) -> Option<super::Window> {
        let course = self.course()?;
        let moves = self.failovers.iter().filter(|f| course.holds(f.at)).map(|f| f.at);
        let (from, until) = (course.from, moves.max().unwrap_or(course.until).max(course.until));
        // Bins begin at round times.
        let early = from.saturating_sub(MARGIN).as_nanos();
        let early = SimTime::from_nanos(early - early % ROUND.as_nanos());
        let from = early.max(self.window.from);
        let longest = from.saturating_add(CLOSE_UP_MAX).min(self.window.until);
        // The way back takes about as long as the trouble did.
        let until = until.saturating_add(MARGIN).saturating_add(until - from).min(longest);
        let close = super::Window { from, until };
        (close.length() * 2 < self.window.length()).then_some(close)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_close_to_one_another_are_one_episode() {
        let at = |s: u64| SimTime::ZERO + SimDuration::from_secs(s);
        let mut list = Vec::new();
        for second in [5, 10, 20, 31, 500] {
            Episode::note(&mut list, at(second), second == 20 || second == 31);
        }
        let told: Vec<_> = list.iter().map(|e| (e.from, e.until, e.refused)).collect();
        assert_eq!(told, [(at(5), at(20), 3), (at(31), at(31), 1), (at(500), at(500), 1)]);
        assert_eq!(list[0].ours, Some((at(20), 1)));
        let course = Course::of(list[0]);
        assert!(course.holds(at(80)) && !course.holds(at(81)));
    }
}
