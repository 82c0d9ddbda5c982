//! Hystrix' circuit breaker.
//!
//! Results are put into buckets of the health snapshot interval (500 ms); at the end of each
//! bucket, and only then, the buckets of the rolling window are added up and a closed breaker
//! opens if they hold enough requests and the percentage of errors, cut to a whole number, is at
//! least the threshold. The buckets hang on the instant the breaker was made or last closed; a
//! result at the very end of a bucket belongs to the next.
//!
//! Open, the first call later than the sleep window is the only probe. Its success closes the
//! breaker and resets the stream of buckets (the probe is its first result); any other end
//! opens it again: a failure, a time-out, an ignored outcome (`HystrixBadRequestException`) and a
//! call that was given up. Results that come late have the same effect on a half-open breaker, and
//! enter the buckets in any state. Ignored results are in no bucket. Instants of opening and asking
//! are whole milliseconds, as `System.currentTimeMillis`.
//!
//! Source: Hystrix, `HystrixCircuitBreaker`, `HealthCountsStream`, `BucketedRollingCounterStream`,
//! `HystrixCommandMetrics`, `AbstractCommand` (7c03baf, 001526b, 52f5861). Its call time-out of 1 s
//! is the client's `attempt_timeout` here. Forced states and rejections by its thread pool, which
//! count as errors there, are left out.

use std::collections::VecDeque;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CallResult, Counts, Follows, Permit, Preset, Problem, Problems, State, Verdict};
use crate::engine::time::{SimDuration, SimTime};

/// Hystrix' breaker. Omitted keys take the library's defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HystrixSpec {
    /// Requests within the window needed before it can open
    /// (`circuitBreaker.requestVolumeThreshold`).
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub request_volume_threshold: u32,
    /// Percentage of errors that opens it (`circuitBreaker.errorThresholdPercentage`).
    #[schemars(range(min = 0, max = 100))]
    pub error_threshold_percentage: u32,
    /// How long it refuses everything (`circuitBreaker.sleepWindowInMilliseconds`).
    pub sleep_window: SimDuration,
    /// How far back it looks (`metrics.rollingStats.timeInMilliseconds`).
    pub rolling_window: SimDuration,
    /// How often it is evaluated (`metrics.healthSnapshot.intervalInMilliseconds`).
    pub health_snapshot_interval: SimDuration,
}

/// The library's defaults.
pub(super) const PRESET: Preset = Preset {
    name: "hystrix",
    settings: r#"
failures = ["4xx", "5xx", "timeout", "bulkhead"]
ignored = []

[machine]
kind = "hystrix"
request_volume_threshold = 20
error_threshold_percentage = 50
sleep_window = "5s"
rolling_window = "10s"
health_snapshot_interval = "500ms"
"#,
    summary: "50 % errors of at least 20 requests in 10 s, looked at every 500 ms, open it for 5 s",
    source: "Hystrix, HystrixCommandProperties and HystrixCircuitBreaker (7c03baf); that rejections \
             of its semaphore or threads are errors: [from memory]",
    follows: Follows::version("Hystrix", "7c03baf"),
    cases: &[],
};

impl Default for HystrixSpec {
    fn default() -> Self {
        Self {
            request_volume_threshold: 20,
            error_threshold_percentage: 50,
            sleep_window: SimDuration::from_secs(5),
            rolling_window: SimDuration::from_secs(10),
            health_snapshot_interval: SimDuration::from_millis(500),
        }
    }
}

const NANOS_PER_MS: u64 = 1_000_000;

impl HystrixSpec {
    fn buckets(&self) -> u64 {
        self.rolling_window.as_nanos() / self.health_snapshot_interval.as_nanos().max(1)
    }

    pub(super) fn entries(&self) -> u64 {
        self.buckets()
    }

    pub(super) fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        problems.at_least_one("request_volume_threshold", self.request_volume_threshold);
        if self.error_threshold_percentage > 100 {
            let allowed = "must be from 0 to 100";
            problems.refuse("error_threshold_percentage", self.error_threshold_percentage, allowed);
        }
        problems.positive("sleep_window", self.sleep_window);
        if self.health_snapshot_interval < SimDuration::from_millis(1) {
            let allowed = "must be at least 1ms";
            problems.refuse("health_snapshot_interval", self.health_snapshot_interval, allowed);
        } else if self.rolling_window < self.health_snapshot_interval {
            let allowed = "must be at least health_snapshot_interval";
            problems.refuse("rolling_window", self.rolling_window, allowed);
        }
        problems.0
    }
}

#[derive(Copy, Clone, Debug)]
enum Phase {
    Closed,
    /// Since this millisecond.
    Open(u64),
    HalfOpen,
}

#[derive(Copy, Clone, Debug)]
struct Bucket {
    number: u64,
    requests: u64,
    errors: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Hystrix {
    spec: HystrixSpec,
    phase: Phase,
    /// Where the buckets start.
    anchor: SimTime,
    /// Buckets with a result.
    buckets: VecDeque<Bucket>,
    /// Snapshots taken since the anchor: the end of bucket n is snapshot n + 1.
    snapshots: u64,
}

impl Hystrix {
    pub(super) fn new(spec: &HystrixSpec) -> Self {
        Self {
            spec: spec.clone(),
            phase: Phase::Closed,
            anchor: SimTime::ZERO,
            buckets: VecDeque::new(),
            snapshots: 0,
        }
    }

    /// The bucket that `now` lies in.
    fn bucket(&self, now: SimTime) -> u64 {
        now.saturating_since(self.anchor).as_nanos() / self.spec.health_snapshot_interval.as_nanos()
    }

    /// Takes the snapshots that are due.
    fn advance(&mut self, now: SimTime) {
        let due = self.bucket(now);
        while self.snapshots < due {
            if self.buckets.is_empty() {
                self.snapshots = due;
                return;
            }
            self.snapshots += 1;
            let kept = self.spec.buckets();
            while self.buckets.front().is_some_and(|b| b.number + kept < self.snapshots) {
                self.buckets.pop_front();
            }
            if matches!(self.phase, Phase::Closed) && self.is_unhealthy() {
                let at = self.snapshot_at(self.snapshots);
                self.phase = Phase::Open(at.as_nanos() / NANOS_PER_MS);
            }
            // Nothing changes until the oldest bucket leaves.
            let next = self.buckets.front().map_or(due, |b| b.number.saturating_add(kept));
            self.snapshots = self.snapshots.max(next.min(due));
        }
    }

    fn snapshot_at(&self, number: u64) -> SimTime {
        let length = self.spec.health_snapshot_interval.as_nanos().saturating_mul(number);
        self.anchor.saturating_add(SimDuration::from_nanos(length))
    }

    fn sums(&self) -> (u64, u64) {
        self.buckets.iter().fold((0, 0), |(r, e), b| (r + b.requests, e + b.errors))
    }

    fn is_unhealthy(&self) -> bool {
        let (requests, errors) = self.sums();
        requests >= u64::from(self.spec.request_volume_threshold)
            && percentage(requests, errors) >= u64::from(self.spec.error_threshold_percentage)
    }

    /// When a closed breaker may open by itself: the next snapshot, if it has requests enough.
    pub(super) fn next_move(&self) -> Option<SimTime> {
        let enough = self.sums().0 >= u64::from(self.spec.request_volume_threshold);
        (matches!(self.phase, Phase::Closed) && enough)
            .then(|| self.snapshot_at(self.snapshots + 1))
    }

    pub(super) fn admit(&mut self, now: SimTime) -> Verdict {
        self.advance(now);
        match self.phase {
            Phase::Closed => Verdict::Permit(Permit::new(now, State::Closed)),
            Phase::Open(_) => {
                let until = self.next_deadline().expect("it is open");
                if now < until {
                    return Verdict::Refused { until };
                }
                self.phase = Phase::HalfOpen;
                Verdict::Permit(Permit::new(now, State::HalfOpen))
            }
            Phase::HalfOpen => Verdict::Refused { until: now },
        }
    }

    pub(super) fn record(&mut self, now: SimTime, result: CallResult) {
        self.advance(now);
        if matches!(self.phase, Phase::HalfOpen) {
            if result == CallResult::Success {
                self.phase = Phase::Closed;
                self.anchor = now;
                self.buckets.clear();
                self.snapshots = 0;
            } else {
                self.phase = Phase::Open(now.as_nanos() / NANOS_PER_MS);
            }
        }
        if result == CallResult::Ignored {
            return;
        }
        let number = self.bucket(now);
        if self.buckets.back().is_none_or(|b| b.number != number) {
            self.buckets.push_back(Bucket { number, requests: 0, errors: 0 });
        }
        let bucket = self.buckets.back_mut().expect("just pushed");
        bucket.requests += 1;
        bucket.errors += u64::from(result == CallResult::Failure);
    }

    pub(super) fn state(&mut self, now: SimTime) -> State {
        self.advance(now);
        match self.phase {
            Phase::Closed => State::Closed,
            Phase::Open(_) => State::Open,
            Phase::HalfOpen => State::HalfOpen,
        }
    }

    /// The first instant whose millisecond is later than that of opening and the sleep window.
    pub(super) fn next_deadline(&self) -> Option<SimTime> {
        let Phase::Open(opened_ms) = self.phase else { return None };
        let sleep_ms = self.spec.sleep_window.as_nanos() / NANOS_PER_MS;
        let ms = opened_ms.saturating_add(sleep_ms).saturating_add(1);
        Some(SimTime::from_nanos(ms.saturating_mul(NANOS_PER_MS)))
    }

    /// The counts of the last snapshot (`HealthCounts`).
    pub(super) fn counts(&mut self, now: SimTime) -> Counts {
        self.advance(now);
        let whole = self.buckets.iter().filter(|b| b.number < self.snapshots);
        let (calls, failures) = whole.fold((0, 0), |(r, e), b| (r + b.requests, e + b.errors));
        Counts {
            calls,
            failures,
            successes: calls - failures,
            failure_rate: percentage(calls, failures) as f64,
            ..Counts::default()
        }
    }
}

/// The errors' percentage, cut to a whole number as Java's cast does.
fn percentage(requests: u64, errors: u64) -> u64 {
    if requests == 0 { 0 } else { (errors as f64 / requests as f64 * 100.0) as u64 }
}
