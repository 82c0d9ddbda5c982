//! Semian's adaptive circuit breaker, marked experimental there: a PID controller that rejects a
//! share of the calls.
//!
//! Each call is rejected with a probability, the rejection rate, which a controller updates every
//! `sliding_interval`, from the share of errors among the calls that were sent within `window`; a
//! result exactly `window` old still counts. The share is held against an ideal one that is learnt
//! from the shares seen. Rejected calls are in no share, and an idle window has no errors. There is
//! no timer and no budget of probes: open means that every call is rejected, closed that none is,
//! and everything between is half-open. At a rate of 1 nothing is sent or learnt until the window
//! has emptied and the integral has drained.
//!
//! One thread of the process updates all its breakers, one interval after the first was made and
//! then every interval: here, at multiples of the interval since the start of the run. An update
//! that is due at the instant of a call or result goes first (assumption). Results count whenever
//! they come. An ignored result is an exception that the resource does not list: it is recorded
//! nowhere.
//!
//! Source: Shopify/semian 0.28.2 (8835b3d), `pid_controller.rb`, `adaptive_circuit_breaker.rb`,
//! `simple_exponential_smoother.rb`. `dual_circuit_breaker`, which runs this one beside the classic
//! one, is left out.

use std::collections::VecDeque;

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    CallResult, Counts, Follows, Permit, Preset, Problem, Problems, State, Verdict, uniform,
};
use crate::engine::time::{SimDuration, SimTime};

/// Semian's adaptive breaker. Omitted keys take the library's defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SemianSpec {
    /// Weight of the present error.
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub kp: f64,
    /// Weight of the sum of errors, per second.
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub ki: f64,
    /// Weight of the error's change, in seconds.
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub kd: f64,
    /// How far back it looks (`window_size`).
    pub window: SimDuration,
    /// How often the rejection rate is set.
    pub sliding_interval: SimDuration,
    /// The ideal share of errors at the start.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub initial_error_rate: f64,
    /// Shares above the ideal by up to this part of it are as good as it.
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub dead_zone_ratio: f64,
    /// From shares above this nothing is learnt (`ideal_error_rate_estimator_cap_value`).
    #[schemars(range(min = 0.0, max = 1.0))]
    pub learning_cap: f64,
    /// The sum of errors stays at or above this after each update.
    #[schemars(range(min = -1000.0, max = 0.0))]
    pub integral_lower_cap: f64,
    /// And at or below this.
    #[schemars(range(min = 0.0, max = 1000.0))]
    pub integral_upper_cap: f64,
}

/// The library's defaults.
pub(super) const PRESET: Preset = Preset {
    name: "semian_adaptive",
    settings: r#"
failures = ["4xx", "5xx", "timeout"]
ignored = []

[machine]
kind = "semian"
kp = 1.0
ki = 0.2
kd = 0.0
window = "10s"
sliding_interval = "1s"
initial_error_rate = 0.05
dead_zone_ratio = 0.25
learning_cap = 0.1
integral_lower_cap = -10.0
integral_upper_cap = 10.0
"#,
    summary: "a PID controller sets every second which share of calls is rejected (experimental)",
    source: "Shopify/semian 0.28.2, pid_controller.rb and adaptive_circuit_breaker.rb (8835b3d); that \
             the resource lists every failure: assumption",
    follows: Follows::version("Shopify/semian", "0.28.2, 8835b3d; marked experimental there"),
    cases: &["policies/semian_pid.csv", "policies/semian_decision.csv"],
};

impl Default for SemianSpec {
    fn default() -> Self {
        Self {
            kp: 1.0,
            ki: 0.2,
            kd: 0.0,
            window: SimDuration::from_secs(10),
            sliding_interval: SimDuration::from_secs(1),
            initial_error_rate: 0.05,
            dead_zone_ratio: 0.25,
            learning_cap: 0.1,
            integral_lower_cap: -10.0,
            integral_upper_cap: 10.0,
        }
    }
}

/// Entries that a list keeps, per second of the window.
const KEPT_PER_S: f64 = 200.0;
/// The shortest interval and window: a bound of ours on the work that idle time costs.
const SHORTEST: SimDuration = SimDuration::from_millis(1);
/// Largest weights and caps: bounds of ours.
const MOST: f64 = 1000.0;

impl SemianSpec {
    /// Entries that each of the lists keeps; of part of one, one (assumption).
    fn kept(&self) -> usize {
        (KEPT_PER_S * self.window.as_secs_f64()).ceil() as usize
    }

    pub(super) fn entries(&self) -> u64 {
        3 * self.kept() as u64
    }

    pub(super) fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        for (key, value) in [("kp", self.kp), ("ki", self.ki), ("kd", self.kd)] {
            problems.within(key, value, 0.0, MOST);
        }
        for (key, value) in [("window", self.window), ("sliding_interval", self.sliding_interval)] {
            if value < SHORTEST {
                problems.refuse(key, value, "must be at least 1ms");
            }
        }
        problems.within("initial_error_rate", self.initial_error_rate, 0.0, 1.0);
        problems.within("dead_zone_ratio", self.dead_zone_ratio, 0.0, MOST);
        problems.within("learning_cap", self.learning_cap, 0.0, 1.0);
        problems.within("integral_lower_cap", self.integral_lower_cap, -MOST, 0.0);
        problems.within("integral_upper_cap", self.integral_upper_cap, 0.0, MOST);
        problems.0
    }
}

/// The instants of one kind of end, newest last.
#[derive(Clone, Debug, Default)]
struct Ends(VecDeque<SimTime>);

impl Ends {
    fn add(&mut self, now: SimTime, kept: usize) {
        if self.0.len() == kept {
            self.0.pop_front();
        }
        self.0.push_back(now);
    }

    /// Forgets what is older than the window.
    fn expire(&mut self, now: SimTime, window: SimDuration) {
        while self.0.front().is_some_and(|at| now.saturating_since(*at) > window) {
            self.0.pop_front();
        }
    }

    fn count(&self) -> u64 {
        self.0.len() as u64
    }
}

/// Share of errors, and with it what a rise or fall of it is worth: early, then later.
const RISE: [f64; 2] = [0.0017, 0.0009];
const FALL: [f64; 2] = [0.078, 0.039];
/// Minutes of updates that are early.
const EARLY_MINUTES: f64 = 30.0;

/// What an update of a [`SemianController`] came to.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct SemianReading {
    /// Share of errors among the results within the window.
    pub error_rate: f64,
    /// The ideal share, after this update.
    pub ideal_error_rate: f64,
    /// The present error, as weighted by `kp`.
    pub proportional: f64,
    /// The sum of errors, within its caps.
    pub integral: f64,
    /// The error's change, weighted.
    pub derivative: f64,
    /// Share of the calls that is rejected until the next update.
    pub rejection_rate: f64,
    /// What the last share learnt from was worth.
    pub alpha: f64,
}

/// The controller of Semian's adaptive breaker, for who updates it himself.
#[derive(Clone, Debug)]
pub struct SemianController {
    spec: SemianSpec,
    errors: Ends,
    successes: Ends,
    rejections: Ends,
    /// Shares learnt from.
    learnt: u64,
    last: SemianReading,
}

impl SemianController {
    /// A controller that rejects nothing.
    #[must_use]
    pub fn new(spec: &SemianSpec) -> Self {
        let last = SemianReading {
            error_rate: 0.0,
            ideal_error_rate: spec.initial_error_rate,
            proportional: 0.0,
            integral: 0.0,
            derivative: 0.0,
            rejection_rate: 0.0,
            alpha: FALL[0],
        };
        let (errors, successes, rejections) = Default::default();
        Self { spec: spec.clone(), errors, successes, rejections, learnt: 0, last }
    }

    /// Takes in the result of a call that was sent. Instants must not go back.
    pub fn record(&mut self, now: SimTime, result: CallResult) {
        let kept = self.spec.kept();
        match result {
            CallResult::Success => self.successes.add(now, kept),
            CallResult::Failure => self.errors.add(now, kept),
            CallResult::Ignored => {}
        }
    }

    /// Whether a call at `now` is rejected, by a draw from [0, 1).
    pub fn rejects(&mut self, now: SimTime, draw: f64) -> bool {
        let rejects = draw < self.last.rejection_rate;
        if rejects {
            self.rejections.add(now, self.spec.kept());
        }
        rejects
    }

    /// Sets the rejection rate by what was recorded up to `now`.
    pub fn update(&mut self, now: SimTime) -> SemianReading {
        self.expire(now);
        let (errors, successes) = (self.errors.count(), self.successes.count());
        let calls = errors + successes;
        let error_rate = if calls == 0 { 0.0 } else { errors as f64 / calls as f64 };
        self.learn(error_rate);
        let (spec, last) = (&self.spec, &mut self.last);
        let tick = spec.sliding_interval.as_secs_f64();
        let above = error_rate - last.ideal_error_rate;
        let inside = above > 0.0 && above <= last.ideal_error_rate * spec.dead_zone_ratio;
        let delta = if inside { 0.0 } else { above };
        let proportional = delta - (1.0 - delta) * last.rejection_rate;
        let integral = last.integral + proportional * tick;
        let derivative = spec.kd * (proportional - last.proportional) / tick;
        let signal = spec.kp * proportional + spec.ki * integral + derivative;
        last.rejection_rate = (last.rejection_rate + signal).clamp(0.0, 1.0);
        last.integral = integral.clamp(spec.integral_lower_cap, spec.integral_upper_cap);
        (last.error_rate, last.proportional, last.derivative) =
            (error_rate, proportional, derivative);
        self.last
    }

    /// What the last update came to.
    #[must_use]
    pub const fn reading(&self) -> SemianReading {
        self.last
    }

    /// Moves the ideal share towards this one, unless it is above the cap.
    fn learn(&mut self, error_rate: f64) {
        if error_rate > self.spec.learning_cap {
            return;
        }
        self.learnt += 1;
        let late = self.is_late();
        let last = &mut self.last;
        let worth = if error_rate > last.ideal_error_rate { RISE } else { FALL };
        last.alpha = worth[usize::from(late)];
        last.ideal_error_rate =
            last.alpha * error_rate + (1.0 - last.alpha) * last.ideal_error_rate;
    }

    fn expire(&mut self, now: SimTime) {
        for ends in [&mut self.errors, &mut self.successes, &mut self.rejections] {
            ends.expire(now, self.spec.window);
        }
    }

    fn is_late(&self) -> bool {
        let per_minute = (60.0 / self.spec.sliding_interval.as_secs_f64()).floor();
        self.learnt as f64 >= EARLY_MINUTES * per_minute
    }

    /// Whether an update hangs on the last reading alone until something happens.
    fn has_settled(&self) -> bool {
        let lists = [&self.errors, &self.successes, &self.rejections];
        self.is_late() && lists.iter().all(|ends| ends.0.is_empty())
    }

    /// Whether no update can raise the rejection rate from zero before another error comes.
    fn rests(&self) -> bool {
        let quiet = self.errors.0.is_empty() && self.last.rejection_rate <= 0.0;
        quiet && self.last.integral <= 0.0 && self.spec.kd <= 0.0
    }
}

#[derive(Clone, Debug)]
pub(super) struct Semian {
    controller: SemianController,
    next_update: SimTime,
}

impl Semian {
    pub(super) fn new(spec: &SemianSpec) -> Self {
        let next_update = SimTime::ZERO.saturating_add(spec.sliding_interval);
        Self { controller: SemianController::new(spec), next_update }
    }

    /// Makes the updates that are due. While nothing happens a controller comes to rest or, with
    /// large weights, swings for ever: of a long idle time whole swings are left out (found as R. P.
    /// Brent finds cycles, BIT 20, 1980).
    fn advance(&mut self, now: SimTime) {
        let tick = self.controller.spec.sliding_interval;
        let (mut seen, mut since, mut power) = (None, 0, 1);
        while self.next_update <= now && self.next_update < SimTime::NEVER {
            let reading = self.controller.update(self.next_update);
            if self.controller.has_settled() {
                since += 1;
                if seen == Some(reading) {
                    let left = (now - self.next_update).as_nanos() / tick.as_nanos();
                    self.next_update =
                        self.next_update.saturating_add(tick * (left - left % since));
                }
                if since == power {
                    (seen, since, power) = (Some(reading), 0, 2 * power);
                }
            }
            self.next_update = self.next_update.saturating_add(tick);
        }
    }

    fn phase(&self) -> State {
        let rate = self.controller.last.rejection_rate;
        if rate >= 1.0 {
            State::Open
        } else if rate <= 0.0 {
            State::Closed
        } else {
            State::HalfOpen
        }
    }

    pub(super) fn admit(&mut self, now: SimTime, rng: &mut impl Rng) -> Verdict {
        self.advance(now);
        if !self.controller.rejects(now, uniform(rng)) {
            return Verdict::Permit(Permit::new(now, self.phase()));
        }
        Verdict::Refused { until: self.next_deadline().unwrap_or(now) }
    }

    pub(super) fn record(&mut self, now: SimTime, result: CallResult) {
        self.advance(now);
        self.controller.record(now, result);
    }

    pub(super) fn state(&mut self, now: SimTime) -> State {
        self.advance(now);
        self.phase()
    }

    /// The next update, which may leave it open.
    pub(super) fn next_deadline(&self) -> Option<SimTime> {
        (self.phase() == State::Open).then_some(self.next_update)
    }

    pub(super) fn next_move(&self) -> Option<SimTime> {
        (!self.controller.rests()).then_some(self.next_update)
    }

    /// Those within the window at `now`.
    pub(super) fn counts(&mut self, now: SimTime) -> Counts {
        self.advance(now);
        self.controller.expire(now);
        let it = &self.controller;
        let (failures, successes) = (it.errors.count(), it.successes.count());
        let calls = failures + successes;
        let rate = if calls == 0 { 0.0 } else { failures as f64 / calls as f64 };
        let refused = it.rejections.count();
        let failure_rate = 100.0 * rate;
        Counts { calls, failures, successes, refused, failure_rate, ..Counts::default() }
    }
}
