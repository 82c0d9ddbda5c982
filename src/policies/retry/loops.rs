//! Loops under loops: what one client keeps for them, and how far a request has come.
//!
//! Each try of a loop is a whole loop of the one under it; only the innermost sends. A try that
//! fails is put to the innermost loop first, and to the one above when that gives up.

use rand::Rng;

use super::decision::{Failed, LoopState, Reason, RetryDecision};
use super::{DEPTH_MAX, Hint, RetrySpec};
use crate::engine::time::{SimDuration, SimTime};
use crate::policies::Outcome;
use crate::policies::budget::{Budget, Load};
use crate::policies::limit_headers::{LimitHeaders, LimitMessage};
use crate::policies::limiter::{Admission, Limiter};
use crate::policies::throttle::{Aatb, Gate, Sending, Throttle};

/// The retry loops of one client, outermost first, with what they share across its requests.
#[derive(Clone, Debug)]
pub struct Loops {
    loops: Vec<Loop>,
    /// Whether any try may be held back.
    gated: bool,
    /// The loop whose throttle reports to a telemetry server.
    reporter: Option<u8>,
    /// Whether any loop reads limit headers.
    reads_limits: bool,
}

#[derive(Clone, Debug)]
struct Loop {
    spec: RetrySpec,
    budget: Budget,
    throttle: Throttle,
    pace: Option<Limiter>,
}

/// How far a request has come.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Of the outermost loop, nearly always the only one.
    outer: LoopState,
    /// Of the loops under it.
    inner: Vec<LoopState>,
    /// Loops that are under way: those under a loop that waits are not.
    live: u8,
    /// The next gate to pass: a throttle and a limiter for each loop.
    gate: u8,
    last: Outcome,
    failed: Option<Failed>,
}

/// What becomes of a request after a try that failed.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Loop `level` tries again.
    Retry {
        /// Which, the outermost being 0.
        level: usize,
        /// After this wait.
        after: SimDuration,
    },
    /// Loop `level` gives up after a wait.
    GiveUpAfter {
        /// Which.
        level: usize,
        /// The wait.
        after: SimDuration,
    },
    /// The request has failed.
    GiveUp(Reason),
}

/// Whether a try may go on.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Now.
    Open,
    /// It is to ask again then.
    Later(SimTime),
    /// Not at all: the request fails at that instant, and its caller is parked until then.
    Refused(SimTime),
}

impl Progress {
    /// A request that has not started.
    #[must_use]
    pub fn new() -> Self {
        let outer = LoopState::default();
        Self { outer, inner: Vec::new(), live: 0, gate: 0, last: Outcome::Ok, failed: None }
    }

    fn state(&mut self, level: usize) -> &mut LoopState {
        match level {
            0 => &mut self.outer,
            level => &mut self.inner[level - 1],
        }
    }

    fn states(&self) -> impl Iterator<Item = &LoopState> {
        std::iter::once(&self.outer).chain(&self.inner)
    }

    fn states_mut(&mut self) -> impl Iterator<Item = &mut LoopState> {
        std::iter::once(&mut self.outer).chain(&mut self.inner)
    }

    /// How the last try ended; [`Outcome::Ok`] before there was one.
    #[must_use]
    pub const fn last(&self) -> Outcome {
        self.last
    }

    /// The gate it stands before: tells draws of one try apart.
    #[must_use]
    pub const fn gate(&self) -> u8 {
        self.gate
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Loops {
    /// The loops of a client that has done nothing yet.
    #[must_use]
    pub fn new(spec: &RetrySpec) -> Self {
        let loops: Vec<Loop> = spec
            .loops()
            .take(DEPTH_MAX)
            .map(|spec| Loop {
                budget: Budget::new(&spec.budget),
                throttle: Throttle::new(&spec.throttle),
                pace: spec.pace.as_ref().map(Limiter::new),
                spec: RetrySpec { over: None, ..spec.clone() },
            })
            .collect();
        let gated = loops.iter().any(|l| l.pace.is_some() || !matches!(l.throttle, Throttle::None));
        let reporter = loops.iter().position(|l| matches!(l.throttle, Throttle::Aatb(_)));
        let reporter = reporter.map(|level| level as u8);
        let reads_limits = loops
            .iter()
            .any(|l| l.spec.limit_reset.is_some() || matches!(l.throttle, Throttle::Paced(_)));
        Self { loops, gated, reporter, reads_limits }
    }

    /// How many there are.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.loops.len()
    }

    /// Loop `level` starts a try, and with it every loop under it a request.
    pub fn start_try(&mut self, progress: &mut Progress, level: usize, now: SimTime) {
        progress.live = self.loops.len() as u8;
        progress.gate = 2 * level as u8;
        if let [only] = &mut self.loops[..] {
            return only.start_try(&mut progress.outer, false, now);
        }
        if progress.inner.len() + 1 < self.loops.len() {
            progress.inner.resize_with(self.loops.len() - 1, LoopState::default);
        }
        let states = progress.states_mut().enumerate().skip(level);
        for ((l, state), looped) in states.zip(self.loops.iter_mut().skip(level)) {
            looped.start_try(state, l > level, now);
        }
    }

    /// An attempt is sent, a hedge included: it counts for the budgets of every loop.
    pub fn on_attempt(&mut self, now: SimTime) {
        for looped in &mut self.loops {
            looped.budget.on_attempt(now);
        }
    }

    /// Whether any try may be held back or refused by the client itself.
    #[must_use]
    pub const fn are_gated(&self) -> bool {
        self.gated
    }

    /// The throttle that reports to a telemetry server.
    pub fn reporter(&mut self) -> Option<&mut Aatb> {
        match &mut self.loops[usize::from(self.reporter?)].throttle {
            Throttle::Aatb(bucket) => Some(bucket),
            _ => None,
        }
    }

    /// Whether the limit headers of answers change anything.
    #[must_use]
    pub const fn reads_limits(&self) -> bool {
        self.reads_limits
    }

    /// An answer came that says this of its limit, and has that `Retry-After`: to be told before
    /// what it makes of the try.
    pub fn hears(
        &mut self,
        progress: &mut Progress,
        now: SimTime,
        outcome: Outcome,
        limits: (Option<LimitHeaders>, LimitMessage),
        hint: Option<Hint>,
    ) {
        let after = match hint {
            Some(Hint::After(length)) => Some(length),
            Some(Hint::Unreadable) | None => None,
        };
        for (looped, state) in self.loops.iter_mut().zip(progress.states_mut()) {
            state.limits = limits;
            if let Throttle::Paced(pacing) = &mut looped.throttle {
                pacing.hears(now, outcome, limits.0, after);
            }
        }
    }

    /// Whether the try may pass the throttles and limiters of the loops that started one.
    pub fn pass(&mut self, progress: &mut Progress, now: SimTime, rng: &mut impl Rng) -> Pass {
        if !self.gated {
            return Pass::Open;
        }
        while usize::from(progress.gate) < 2 * self.loops.len() {
            let level = usize::from(progress.gate / 2);
            let looped = &mut self.loops[level];
            let verdict = match &mut looped.pace {
                _ if progress.gate.is_multiple_of(2) => {
                    looped.throttle.admit(now, progress.state(level).sending(), rng)
                }
                None => Gate::Open,
                Some(pace) => match pace.admit(now, 1) {
                    Admission::Granted => Gate::Open,
                    Admission::Delayed { until } => Gate::Reserved { until },
                    Admission::Denied { .. } => {
                        return Pass::Refused(now.saturating_add(pace.parks()));
                    }
                },
            };
            match verdict {
                Gate::Open => progress.gate += 1,
                Gate::Reserved { until } => {
                    progress.gate += 1;
                    return Pass::Later(until);
                }
                Gate::Wait { until } => return Pass::Later(until),
                Gate::Refused => return Pass::Refused(now),
            }
        }
        Pass::Open
    }

    /// A try failed at `now`; `load` is the client's, the failed attempt included.
    pub fn fail(
        &mut self,
        progress: &mut Progress,
        now: SimTime,
        failed: Failed,
        load: Load,
        rng: &mut impl Rng,
    ) -> Step {
        let from = usize::from(progress.live);
        self.refuse(progress, from, now, failed, load, rng)
    }

    /// What stands inside loop `from - 1` refused its try; what that loop makes of it, and those
    /// above.
    pub fn refuse(
        &mut self,
        progress: &mut Progress,
        from: usize,
        now: SimTime,
        failed: Failed,
        load: Load,
        rng: &mut impl Rng,
    ) -> Step {
        progress.last = failed.outcome;
        progress.failed = Some(failed);
        self.give_up(progress, from, now, load, rng)
    }

    /// Loop `level` is over without success; what the loops above it make of that.
    ///
    /// # Panics
    /// Where no try has failed.
    pub fn give_up(
        &mut self,
        progress: &mut Progress,
        level: usize,
        now: SimTime,
        load: Load,
        rng: &mut impl Rng,
    ) -> Step {
        self.abandon(progress, level);
        let failed = progress.failed.expect("a loop gives up after a failure");
        self.ask(progress, level, now, failed, load, rng)
    }

    /// Loop `level`'s deadline has passed while it waited; what the loops above it make of that.
    pub fn expire(
        &mut self,
        progress: &mut Progress,
        (level, method): (usize, super::Method),
        now: SimTime,
        load: Load,
        rng: &mut impl Rng,
    ) -> Step {
        let failed = Failed { outcome: Outcome::TimedOut, hint: None, method };
        self.refuse(progress, level, now, failed, load, rng)
    }

    /// Puts a failure to the loops from the one above `from` outwards.
    fn ask(
        &mut self,
        progress: &mut Progress,
        from: usize,
        now: SimTime,
        failed: Failed,
        load: Load,
        rng: &mut impl Rng,
    ) -> Step {
        let mut reason = Reason::Attempts;
        for level in (0..from).rev() {
            let latest = self.deadline_of(progress, 0..level);
            let looped = &mut self.loops[level];
            progress.live = level as u8 + 1;
            let state = progress.state(level);
            if !failed.outcome.is_refusal() {
                looped.throttle.on_response(now, failed.outcome);
            }
            if std::mem::take(&mut state.counted) {
                looped.budget.on_retry_end();
            }
            let budget = (&mut looped.budget, load);
            match looped.spec.decide(now, state, failed, latest, budget, rng) {
                RetryDecision::Retry { after } => return Step::Retry { level, after },
                RetryDecision::GiveUpAfter(after) => return Step::GiveUpAfter { level, after },
                RetryDecision::GiveUp(why) => reason = why,
            }
        }
        progress.live = 0;
        Step::GiveUp(reason)
    }

    /// The request succeeded.
    pub fn succeed(&mut self, progress: &mut Progress, now: SimTime) {
        progress.last = Outcome::Ok;
        for (looped, state) in self.loops.iter_mut().zip(progress.states_mut()) {
            looped.throttle.on_response(now, Outcome::Ok);
            looped.budget.on_success(now, state.last_retry);
        }
        self.abandon(progress, 0);
    }

    /// The request, or what is under way from loop `level` inwards, is over.
    pub fn abandon(&mut self, progress: &mut Progress, level: usize) {
        if usize::from(progress.live) <= level {
            return;
        }
        for (looped, state) in self.loops.iter_mut().zip(progress.states_mut()).skip(level) {
            if std::mem::take(&mut state.counted) {
                looped.budget.on_retry_end();
            }
        }
        progress.live = progress.live.min(level as u8);
    }

    fn deadline_of(&self, progress: &Progress, levels: std::ops::Range<usize>) -> SimTime {
        self.loops
            .iter()
            .zip(progress.states())
            .take(levels.end)
            .skip(levels.start)
            .filter_map(|(l, state)| Some(state.started.saturating_add(l.spec.deadline?)))
            .min()
            .unwrap_or(SimTime::NEVER)
    }

    /// The earliest deadline of the loops under way.
    #[must_use]
    pub fn deadline(&self, progress: &Progress) -> Option<SimTime> {
        let earliest = self.deadline_of(progress, 0..usize::from(progress.live));
        (earliest < SimTime::NEVER).then_some(earliest)
    }

    /// The outermost loop under way whose deadline has passed.
    #[must_use]
    pub fn expired(&self, progress: &Progress, now: SimTime) -> Option<usize> {
        (0..usize::from(progress.live))
            .find(|&level| self.deadline_of(progress, level..level + 1) <= now)
    }

    /// The retry budget of loop `level`.
    #[must_use]
    pub fn budget(&self, level: usize) -> &Budget {
        &self.loops[level].budget
    }
}

impl Loop {
    /// Starts a try; `first` says that it is the first of a request, whatever was before.
    fn start_try(&mut self, state: &mut LoopState, first: bool, now: SimTime) {
        if first || state.tries == 0 {
            *state = LoopState::starting(now);
            self.budget.on_request(now);
        }
        state.tries += 1;
    }
}

impl LoopState {
    /// What its current try is.
    fn sending(&self) -> Sending {
        match self.last_retry {
            None => Sending::First,
            Some(Outcome::TimedOut) => Sending::RetryAfterTimeout,
            Some(_) => Sending::Retry,
        }
    }
}
