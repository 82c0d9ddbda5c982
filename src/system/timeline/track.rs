//! A state over time, as intervals without gaps.

use crate::engine::time::{SimDuration, SimTime};

/// The part of a run that a timeline shows: [from, until).
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its first instant.
    pub from: SimTime,
    /// The first instant after it.
    pub until: SimTime,
}

impl Window {
    /// Whether it holds an instant.
    #[must_use]
    pub fn holds(self, now: SimTime) -> bool {
        now >= self.from && now < self.until
    }

    /// How long it is.
    #[must_use]
    pub fn length(self) -> SimDuration {
        self.until - self.from
    }
}

/// A state that held in [from, until).
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Span<S> {
    /// The state.
    pub state: S,
    /// Since when.
    pub from: SimTime,
    /// Until when.
    pub until: SimTime,
}

/// The states of one thing: spans that cover the timeline's window without gap or overlap, no two
/// neighbours of the same state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track<S> {
    /// Whose states.
    pub name: String,
    /// In the order of time.
    pub spans: Vec<Span<S>>,
}

impl<S: Copy + PartialEq> Track<S> {
    /// The same with no span shorter than `cell`: in each cell of that width, from the start of
    /// the track on, the worst of its states holds, the first of equals. So nothing that went wrong
    /// is lost, however short it was. A width of zero changes nothing.
    #[must_use]
    pub fn coarse<B: Ord>(&self, cell: SimDuration, badness: impl Fn(S) -> B) -> Vec<Span<S>> {
        let (Some(first), Some(last)) = (self.spans.first(), self.spans.last()) else {
            return Vec::new();
        };
        if cell.is_zero() {
            return self.spans.clone();
        }
        let mut spans: Vec<Span<S>> = Vec::new();
        let (mut from, mut next) = (first.from, 0);
        while from < last.until {
            let until = from.saturating_add(cell).min(last.until);
            while self.spans[next].until <= from {
                next += 1;
            }
            let inside = self.spans[next..].iter().take_while(|span| span.from < until);
            let state = inside.fold(self.spans[next].state, |worst, span| {
                if badness(span.state) > badness(worst) { span.state } else { worst }
            });
            match spans.last_mut() {
                Some(before) if before.state == state => before.until = until,
                _ => spans.push(Span { state, from, until }),
            }
            from = until;
        }
        spans
    }
}

/// Notes the states of one thing as they change.
#[derive(Clone, Debug)]
pub(super) struct Tracker<S> {
    state: S,
    since: SimTime,
    spans: Vec<Span<S>>,
}

impl<S: Copy + Eq> Tracker<S> {
    /// In `state` from the start of the window on.
    pub(super) const fn new(state: S, window: Window) -> Self {
        Self { state, since: window.from, spans: Vec::new() }
    }

    pub(super) const fn state(&self) -> S {
        self.state
    }

    /// It is in `state` from `now` on. What is passed through within an instant leaves no span.
    pub(super) fn enter(&mut self, now: SimTime, state: S) {
        if state == self.state {
            return;
        }
        if now > self.since {
            self.close(now);
            self.since = now;
        }
        self.state = state;
    }

    fn close(&mut self, until: SimTime) {
        match self.spans.last_mut() {
            // There and back within an instant.
            Some(before) if before.state == self.state => before.until = until,
            _ => self.spans.push(Span { state: self.state, from: self.since, until }),
        }
    }

    pub(super) fn finish(mut self, name: String, window: Window) -> Track<S> {
        if window.until > self.since {
            self.close(window.until);
        }
        Track { name, spans: self.spans }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs(seconds)
    }

    fn window(from: u64, until: u64) -> Window {
        Window { from: at(from), until: at(until) }
    }

    fn written(spans: &[Span<u8>]) -> Vec<(u8, u64, u64)> {
        let seconds = |t: SimTime| t.as_nanos() / 1_000_000_000;
        spans.iter().map(|s| (s.state, seconds(s.from), seconds(s.until))).collect()
    }

    #[test]
    fn states_before_the_window_count_as_of_its_start() {
        let window = window(10, 30);
        let mut tracker = Tracker::new(0, window);
        tracker.enter(at(5), 1);
        tracker.enter(at(20), 2);
        tracker.enter(at(20), 1);
        tracker.enter(at(25), 3);
        let track = tracker.finish(String::new(), window);
        assert_eq!(written(&track.spans), [(1, 10, 25), (3, 25, 30)]);
    }

    #[test]
    fn a_cell_takes_the_worst_of_its_states() {
        let window = window(0, 20);
        let mut tracker = Tracker::new(0, window);
        tracker.enter(at(3), 2);
        tracker.enter(at(4), 1);
        tracker.enter(at(12), 0);
        let track = tracker.finish(String::new(), window);
        let coarse = track.coarse(SimDuration::from_secs(5), |state| state);
        assert_eq!(written(&coarse), [(2, 0, 5), (1, 5, 15), (0, 15, 20)]);
        assert_eq!(track.coarse(SimDuration::ZERO, |state| state), track.spans);
    }

    fn covers(spans: &[Span<u8>], window: Window) {
        assert_eq!(spans[0].from, window.from);
        assert_eq!(spans[spans.len() - 1].until, window.until);
        assert!(spans.iter().all(|s| s.from < s.until));
        for pair in spans.windows(2) {
            assert_eq!(pair[0].until, pair[1].from);
            assert_ne!(pair[0].state, pair[1].state);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn spans_cover_the_window_and_a_cell_holds_its_greatest_state(
            mut changes in proptest::collection::vec((0_u64..100, 0_u8..4), 0..40),
            cell in 1_u64..40,
        ) {
            changes.sort_by_key(|(when, _)| *when);
            let window = window(20, 80);
            let mut tracker = Tracker::new(0, window);
            for &(when, state) in changes.iter().filter(|(when, _)| *when < 80) {
                tracker.enter(at(when), state);
            }
            let track = tracker.finish(String::new(), window);
            covers(&track.spans, window);
            // The state at an instant is the last one entered up to it.
            for second in 20..80 {
                let entered = changes.iter().rev().find(|(when, _)| *when <= second);
                let span = track.spans.iter().find(|s| at(second) < s.until).unwrap();
                prop_assert_eq!(span.state, entered.map_or(0, |(_, state)| *state));
            }
            let coarse = track.coarse(SimDuration::from_secs(cell), |state| state);
            covers(&coarse, window);
            for start in (20..80).step_by(cell as usize) {
                let (from, until) = (at(start), at((start + cell).min(80)));
                let inside = track.spans.iter().filter(|s| s.from < until && s.until > from);
                let greatest = inside.map(|s| s.state).max().unwrap();
                let shown = coarse.iter().find(|s| s.from <= from && until <= s.until).unwrap();
                prop_assert_eq!(shown.state, greatest);
            }
        }
    }
}
