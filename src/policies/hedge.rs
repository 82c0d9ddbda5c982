//! Hedging: another attempt of a request while the first is still under way, and the first good
//! answer wins.
//!
//! As gRPC's hedging policy (grpc/proposal A6) and Polly's hedging strategy
//! (`HedgingResilienceStrategy.cs`, `HedgingExecutionContext.cs`): a further attempt is sent after
//! each `delay` without an answer, and at once after a failure that is not fatal, up to `attempts`.
//! A success, or a fatal failure, ends the round: what is still under way is given up. When all
//! have failed the round has failed, by the last failure.
//!
//! Hedges are sent inside one try of the retry loop, as Polly nests them; gRPC allows a call only
//! one of the two policies.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::budget::GrpcThrottle;
use super::preset::{Follows, Preset};
use super::{Outcome, Outcomes, Problem, Problems};
use crate::engine::time::{SimDuration, SimTime};

/// When a client hedges. By default it does not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("x-presets" = "hedge"))]
pub struct HedgeSpec {
    /// Attempts of a round, the first included; 1 is no hedging. gRPC allows 5, Polly 11.
    #[schemars(range(min = 1, max = 11))]
    pub attempts: u32,
    /// A further attempt is sent after this long without an answer; `0s` sends all at once.
    /// Without it, only after a failure.
    pub delay: Option<SimDuration>,
    /// Failures after which another attempt is sent. Any other ends the round.
    pub non_fatal: Outcomes,
    /// Whether a `Retry-After` says when the next attempt is sent, as gRPC's pushback does.
    pub pushback: bool,
    /// What stops hedging when too much fails.
    pub throttle: Option<HedgeThrottleSpec>,
}

/// gRPC's retry throttling (A6) for hedges: tokens start at the maximum; a failure that is not
/// fatal takes one, a success gives `ratio` back, and hedges are sent only while more than half
/// remain. Counted in thousandths. One per client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HedgeThrottleSpec {
    /// Tokens at most, and at the start.
    #[schemars(range(min = 1, max = 1000))]
    pub max_tokens: u32,
    /// Tokens a success gives.
    #[schemars(range(min = 0.001, max = 1000.0))]
    pub ratio: f64,
}

/// The presets.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "grpc_hedging",
        settings: r#"
attempts = 4
delay = "500ms"
non_fatal = ["503"]
pushback = true
throttle = { max_tokens = 10, ratio = 0.1 }
"#,
        summary: "gRPC's hedging policy with the figures of its proposal's example",
        source: "grpc/proposal 1fd061a, A6-client-retries.md: hedgingPolicy and retryThrottling \
                 have no defaults, these are the example's. Of its status codes UNAVAILABLE has a \
                 counterpart here",
        follows: Follows::version("gRPC", "proposal A6 1fd061a"),
        cases: &[],
    },
    Preset {
        name: "polly_hedging",
        settings: r#"
attempts = 2
delay = "2s"
non_fatal = ["4xx", "5xx", "timeout"]
pushback = false
"#,
        summary: "Polly's hedging: one hedge after 2 s, or at once after a failure",
        source: "Polly 173d6d1, HedgingStrategyOptions.cs (MaxHedgedAttempts 1, Delay 2 s); by \
                 default it handles every exception",
        follows: Follows::version("Polly", "173d6d1 (version 8)").since("8.0.0 [from memory]"),
        cases: &[],
    },
];

impl Default for HedgeSpec {
    fn default() -> Self {
        Self {
            attempts: 1,
            delay: Some(SimDuration::from_secs(2)),
            non_fatal: Outcomes::failures(),
            pushback: false,
            throttle: None,
        }
    }
}

impl HedgeSpec {
    /// Whether there are hedges at all.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.attempts > 1
    }

    /// What is wrong with it.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        if !(1..=11).contains(&self.attempts) {
            problems.refuse("attempts", self.attempts, "must be from 1 to 11");
        }
        if self.non_fatal.contains(Outcome::Ok) {
            problems.refuse("non_fatal", "ok", "a success is no failure");
        }
        if let Some(throttle) = &self.throttle {
            let tokens = f64::from(throttle.max_tokens);
            problems.within("throttle.max_tokens", tokens, 1.0, 1000.0);
            problems.within("throttle.ratio", throttle.ratio, 0.001, 1000.0);
        }
        problems.0
    }
}

/// The tokens of a client's hedges. Without a throttle they never run out.
#[derive(Clone, Debug)]
pub struct HedgeThrottle(Option<GrpcThrottle>);

impl HedgeThrottle {
    /// A full throttle.
    #[must_use]
    pub fn new(spec: &HedgeSpec) -> Self {
        Self(spec.throttle.as_ref().map(|t| GrpcThrottle::new(t.max_tokens, t.ratio)))
    }

    /// Whether a hedge may be sent.
    #[must_use]
    pub fn allows(&self) -> bool {
        self.0.as_ref().is_none_or(GrpcThrottle::allows)
    }

    fn failure(&mut self) {
        if let Some(throttle) = &mut self.0 {
            throttle.on_failure();
        }
    }

    fn success(&mut self) {
        if let Some(throttle) = &mut self.0 {
            throttle.on_success();
        }
    }
}

/// What follows the end of an attempt.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum HedgeMove {
    /// The next attempt is sent, now.
    Send,
    /// Others are under way, or one is to come.
    Wait,
    /// The round is over, by this attempt's end.
    Over,
}

/// One round of a request: an attempt and its hedges.
#[derive(Clone, Debug)]
pub struct Hedging {
    sent: u32,
    in_flight: u32,
    /// When the next attempt is due.
    next: SimTime,
    /// No more are sent.
    frozen: bool,
}

impl Default for Hedging {
    fn default() -> Self {
        Self { sent: 0, in_flight: 0, next: SimTime::NEVER, frozen: false }
    }
}

impl Hedging {
    /// An attempt of the round leaves.
    pub fn sent(&mut self, spec: &HedgeSpec, now: SimTime) {
        self.sent += 1;
        self.in_flight += 1;
        self.next = match spec.delay {
            Some(delay) if self.may_send(spec) => now.saturating_add(delay),
            _ => SimTime::NEVER,
        };
    }

    const fn may_send(&self, spec: &HedgeSpec) -> bool {
        !self.frozen && self.sent < spec.attempts
    }

    /// When the next attempt is due, unless something happens before.
    #[must_use]
    pub fn next_deadline(&self) -> Option<SimTime> {
        (self.next != SimTime::NEVER).then_some(self.next)
    }

    /// Whether an attempt is to be sent now.
    #[must_use]
    pub fn is_due(&self, now: SimTime) -> bool {
        self.next <= now
    }

    /// No more attempts are sent. Those under way go on; says whether there are any.
    pub fn freeze(&mut self) -> bool {
        self.frozen = true;
        self.next = SimTime::NEVER;
        self.in_flight > 0
    }

    /// Attempts under way.
    #[must_use]
    pub const fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// An attempt of the round is over; `pushback` is the `Retry-After` of its answer.
    ///
    /// A throttled failure stops further hedges and leaves those under way be, as A6 says;
    /// grpc-java 003b878 gives those up as well.
    ///
    /// # Panics
    /// Where none was under way.
    pub fn settled(
        &mut self,
        spec: &HedgeSpec,
        throttle: &mut HedgeThrottle,
        now: SimTime,
        outcome: Outcome,
        pushback: Option<SimDuration>,
    ) -> HedgeMove {
        self.in_flight = self.in_flight.checked_sub(1).expect("an attempt was under way");
        if outcome == Outcome::Ok {
            throttle.success();
            return HedgeMove::Over;
        }
        if !spec.non_fatal.contains(outcome) {
            return HedgeMove::Over;
        }
        throttle.failure();
        if !throttle.allows() {
            self.freeze();
        }
        if self.may_send(spec) {
            let wait = pushback.filter(|wait| spec.pushback && !wait.is_zero());
            let Some(wait) = wait else { return HedgeMove::Send };
            self.next = now.saturating_add(wait);
        }
        if self.in_flight > 0 || self.next != SimTime::NEVER {
            HedgeMove::Wait
        } else {
            HedgeMove::Over
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(ms: u64) -> SimDuration {
        SimDuration::from_millis(ms)
    }

    fn at(t: u64) -> SimTime {
        SimTime::ZERO + ms(t)
    }

    fn grpc(throttled: bool) -> HedgeSpec {
        HedgeSpec {
            attempts: 4,
            delay: Some(ms(500)),
            non_fatal: vec![Outcome::Unavailable].into(),
            pushback: true,
            throttle: throttled.then_some(HedgeThrottleSpec { max_tokens: 10, ratio: 0.1 }),
        }
    }

    /// Sends at each deadline until no deadline is left; returns the instants.
    fn instants(spec: &HedgeSpec, round: &mut Hedging) -> Vec<SimTime> {
        let mut sent = vec![SimTime::ZERO];
        round.sent(spec, SimTime::ZERO);
        while let Some(next) = round.next_deadline() {
            assert!(round.is_due(next) && !round.is_due(SimTime::from_nanos(next.as_nanos() - 1)));
            round.sent(spec, next);
            sent.push(next);
        }
        sent
    }

    /// A6, "Hedging Policy": with maxAttempts 4 and hedgingDelay 0.5 s there is one outstanding
    /// after 1 ms, two after 501 ms, three after 1001 ms, four after 1501 ms.
    #[test]
    fn grpc_sends_one_more_each_delay() {
        let mut round = Hedging::default();
        let sent = instants(&grpc(false), &mut round);
        assert_eq!(sent, [0, 500, 1000, 1500].map(at));
        assert_eq!(round.in_flight(), 4);
    }

    /// A6, summary: a non-fatal failure sends the next at once and resets the delay; a fatal
    /// one, or a success, ends all; pushback says when.
    #[test]
    fn grpc_failures() {
        let spec = grpc(false);
        let mut throttle = HedgeThrottle::new(&spec);
        let mut settle = |round: &mut Hedging, t, outcome, pushback: Option<u64>| {
            round.settled(&spec, &mut throttle, at(t), outcome, pushback.map(ms))
        };
        let mut round = Hedging::default();
        round.sent(&spec, at(0));
        assert_eq!(settle(&mut round, 100, Outcome::Unavailable, None), HedgeMove::Send);
        round.sent(&spec, at(100));
        assert_eq!(round.next_deadline(), Some(at(600)));
        assert_eq!(settle(&mut round, 200, Outcome::Unavailable, Some(1000)), HedgeMove::Wait);
        assert_eq!((round.in_flight(), round.next_deadline()), (0, Some(at(1200))));
        round.sent(&spec, at(1200));
        assert_eq!(round.next_deadline(), Some(at(1700)));
        assert_eq!(settle(&mut round, 1300, Outcome::TooManyRequests, None), HedgeMove::Over);
        let mut round = Hedging::default();
        instants(&spec, &mut round);
        assert_eq!(settle(&mut round, 1600, Outcome::Unavailable, None), HedgeMove::Wait);
        assert_eq!(settle(&mut round, 1700, Outcome::Ok, None), HedgeMove::Over);
    }

    /// The token rule of A6 (10 tokens, 0.1): four failures leave hedges, the fifth does not; the
    /// first attempt of a round is always sent.
    #[test]
    fn grpc_throttles() {
        let spec = grpc(true);
        let mut throttle = HedgeThrottle::new(&spec);
        let mut moves = Vec::new();
        for _ in 0..6 {
            let mut round = Hedging::default();
            round.sent(&spec, at(0));
            let unavailable = Outcome::Unavailable;
            moves.push(round.settled(&spec, &mut throttle, at(1), unavailable, None));
        }
        use HedgeMove::{Over, Send};
        assert_eq!(moves, [Send, Send, Send, Send, Over, Over]);
        // 4 tokens are left; a success gives a tenth. Eleven make it more than five.
        let mut allowed = Vec::new();
        for _ in 0..11 {
            let mut round = Hedging::default();
            round.sent(&spec, at(0));
            round.settled(&spec, &mut throttle, at(1), Outcome::Ok, None);
            allowed.push(throttle.allows());
        }
        assert_eq!(allowed.iter().position(|a| *a), Some(10));
    }

    /// Polly: one hedge after 2 s; a handled failure before sends it at once; when both have
    /// failed the round has (`HedgingExecutionContext.TryWaitForCompletedExecutionAsync`,
    /// `CreateExecutionInfoWhenNoExecution`). Without a delay only failures hedge
    /// (`hedgingDelay < TimeSpan.Zero`).
    #[test]
    fn polly_hedges_once() {
        let spec: HedgeSpec = toml::from_str(PRESETS[1].settings).unwrap();
        let mut throttle = HedgeThrottle::new(&spec);
        let mut round = Hedging::default();
        assert_eq!(instants(&spec, &mut round), [0, 2000].map(at));
        let failed = Outcome::Unavailable;
        assert_eq!(round.settled(&spec, &mut throttle, at(2500), failed, None), HedgeMove::Wait);
        assert_eq!(round.settled(&spec, &mut throttle, at(2600), failed, None), HedgeMove::Over);
        let mut round = Hedging::default();
        round.sent(&spec, at(0));
        assert_eq!(round.settled(&spec, &mut throttle, at(1), failed, None), HedgeMove::Send);
        let patient = HedgeSpec { delay: None, ..spec };
        let mut round = Hedging::default();
        assert_eq!(instants(&patient, &mut round), [at(0)]);
        assert_eq!(round.settled(&patient, &mut throttle, at(9), failed, None), HedgeMove::Send);
    }

    #[test]
    fn presets_are_sound() {
        for preset in PRESETS {
            let spec: HedgeSpec = toml::from_str(preset.settings).unwrap();
            assert_eq!(spec.check(), [], "{}", preset.name);
            assert!(spec.is_on());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        /// However attempts end, no more are sent than allowed, a round ends, and it ends when
        /// nothing is under way or to come.
        #[test]
        fn a_round_ends_and_never_sends_too_many(
            attempts in 1u32..6,
            delay in prop::option::of(0u64..50),
            throttled in any::<bool>(),
            ends in prop::collection::vec((0u64..40, 0u8..4, prop::option::of(0u64..30)), 1..40),
        ) {
            let throttle = throttled.then_some(HedgeThrottleSpec { max_tokens: 4, ratio: 0.5 });
            let delay = delay.map(ms);
            let spec = HedgeSpec { attempts, delay, throttle, pushback: true, ..grpc(false) };
            let mut tokens = HedgeThrottle::new(&spec);
            let (mut round, mut sent, mut now) = (Hedging::default(), 1, SimTime::ZERO);
            round.sent(&spec, now);
            for (wait, end, pushback) in ends {
                now += ms(wait);
                while round.is_due(now) {
                    round.sent(&spec, now);
                    sent += 1;
                }
                prop_assert!(sent <= attempts);
                if round.in_flight() == 0 {
                    prop_assert!(round.next_deadline().is_some());
                    continue;
                }
                let outcome = [Outcome::Ok, Outcome::TooManyRequests, Outcome::Unavailable,
                    Outcome::Unavailable][usize::from(end)];
                let pushback = pushback.map(ms);
                let before = round.in_flight();
                match round.settled(&spec, &mut tokens, now, outcome, pushback) {
                    HedgeMove::Send => {
                        prop_assert!(outcome == Outcome::Unavailable && tokens.allows());
                        round.sent(&spec, now);
                        sent += 1;
                    }
                    HedgeMove::Wait => {
                        prop_assert!(outcome == Outcome::Unavailable);
                        prop_assert!(before > 1 || round.next_deadline().is_some());
                    }
                    HedgeMove::Over => {
                        prop_assert!(outcome != Outcome::Unavailable || before == 1);
                        break;
                    }
                }
                prop_assert!(sent <= attempts);
            }
        }
    }
}
