//! When a registration that failed is tried again, and how long one lasts.

use rand::Rng;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::backoff::{BackoffSpec, Jitter};
use super::preset::{Follows, Preset};
use super::{Problem, Problems};
use crate::engine::time::SimDuration;

/// When a registration that failed is tried again. A `Retry-After` is honoured where
/// `honour_retry_after` says so: nothing is sent to that registrar for so long
/// (RFC 3261 §21.5.4).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[schemars(extend("x-presets" = "registration"))]
pub enum RegistrationRetrySpec {
    /// Always after as long (AudioCodes: 30 s, its exponential backoff being off by default).
    Fixed {
        /// The wait.
        interval: SimDuration,
        /// Spread of the wait.
        #[serde(default)]
        jitter: Jitter,
        /// Whether a `Retry-After` takes its place.
        #[serde(default = "yes")]
        honour_retry_after: bool,
        /// Retries after a failure before it gives up; without it, it never does. A wait that a
        /// `Retry-After` told is not counted.
        #[serde(default)]
        max_retries: Option<u32>,
        /// The wait after 403 Forbidden; 0 s gives up at once; without it, as after any failure.
        #[serde(default)]
        forbidden_interval: Option<SimDuration>,
        /// The wait after another final answer (not 408, 500, 502 to 504 or 6xx); 0 s gives up at
        /// once; without it, as after any failure.
        #[serde(default)]
        fatal_interval: Option<SimDuration>,
    },
    /// Longer by the same factor each time.
    Exponential {
        /// The first wait.
        base: SimDuration,
        /// What each further wait is multiplied by.
        #[serde(default = "two")]
        #[schemars(range(min = 1.0, max = 1000.0))]
        multiplier: f64,
        /// The longest wait.
        cap: SimDuration,
        /// Spread of the wait.
        #[serde(default)]
        jitter: Jitter,
        /// Whether a `Retry-After` takes its place.
        #[serde(default = "yes")]
        honour_retry_after: bool,
        /// Retries after a failure before it gives up; without it, it never does. A wait that a
        /// `Retry-After` told is not counted.
        #[serde(default)]
        max_retries: Option<u32>,
        /// The wait after 403 Forbidden; 0 s gives up at once; without it, as after any failure.
        #[serde(default)]
        forbidden_interval: Option<SimDuration>,
        /// The wait after another final answer (not 408, 500, 502 to 504 or 6xx); 0 s gives up at
        /// once; without it, as after any failure.
        #[serde(default)]
        fatal_interval: Option<SimDuration>,
    },
    /// Longer by as much each time: so long times the failures in a row.
    Linear {
        /// The wait after the first failure.
        interval: SimDuration,
        /// The wait after a 503; without it, as after any failure.
        #[serde(default)]
        unavailable_interval: Option<SimDuration>,
        /// Whether a `Retry-After` takes its place.
        #[serde(default = "yes")]
        honour_retry_after: bool,
        /// Retries after a failure before it gives up; without it, it never does. A wait that a
        /// `Retry-After` told is not counted.
        #[serde(default)]
        max_retries: Option<u32>,
        /// The wait after 403 Forbidden; 0 s gives up at once; without it, as after any failure.
        #[serde(default)]
        forbidden_interval: Option<SimDuration>,
        /// The wait after another final answer (not 408, 500, 502 to 504 or 6xx); 0 s gives up at
        /// once; without it, as after any failure.
        #[serde(default)]
        fatal_interval: Option<SimDuration>,
    },
    /// Flow recovery of RFC 5626 §4.5: uniform on [W/2, W], W = min(max, base·2^failures).
    Rfc5626 {
        /// Base while no other flow is up.
        #[serde(default = "half_minute")]
        base_all_down: SimDuration,
        /// Base while another is.
        #[serde(default = "ninety")]
        base_some_up: SimDuration,
        /// The longest W.
        #[serde(default = "half_hour")]
        max: SimDuration,
        /// Whether a `Retry-After` that is longer takes its place ("may cause the UA to wait
        /// longer").
        #[serde(default = "yes")]
        honour_retry_after: bool,
        /// Retries after a failure before it gives up; without it, it never does. A wait that a
        /// `Retry-After` told is not counted.
        #[serde(default)]
        max_retries: Option<u32>,
        /// The wait after 403 Forbidden; 0 s gives up at once; without it, as after any failure.
        #[serde(default)]
        forbidden_interval: Option<SimDuration>,
        /// The wait after another final answer (not 408, 500, 502 to 504 or 6xx); 0 s gives up at
        /// once; without it, as after any failure.
        #[serde(default)]
        fatal_interval: Option<SimDuration>,
    },
}

const fn yes() -> bool {
    true
}

const fn two() -> f64 {
    2.0
}

const fn half_minute() -> SimDuration {
    SimDuration::from_secs(30)
}

const fn ninety() -> SimDuration {
    SimDuration::from_secs(90)
}

const fn half_hour() -> SimDuration {
    SimDuration::from_secs(1800)
}

/// The presets.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "asterisk",
        settings: "kind = \"fixed\"\ninterval = \"60s\"\njitter = \"none\"\n\
                   honour_retry_after = true\nmax_retries = 10\nforbidden_interval = \"0s\"\n\
                   fatal_interval = \"0s\"\n",
        summary: "again after 60 s, ten times; 403 and other final answers end it",
        source: "Asterisk, res_pjsip_outbound_registration: retry_interval 60, max_retries 10, \
                 forbidden_retry_interval 0, fatal_retry_interval 0 (docs.asterisk.org)",
        follows: Follows::version("Asterisk", "docs.asterisk.org, release not known"),
        cases: &[],
    },
    Preset {
        name: "audiocodes",
        settings: "kind = \"fixed\"\ninterval = \"30s\"\njitter = \"none\"\n\
                   honour_retry_after = true\n",
        summary: "again after 30 s; exponential backoff is off by default",
        source: "AudioCodes Mediant SBC, registration retry time; that it honours Retry-After is \
                 an assumption",
        follows: Follows::version("AudioCodes Mediant SBC", "manual, release not known"),
        cases: &[],
    },
    Preset {
        name: "freeswitch",
        settings: "kind = \"linear\"\ninterval = \"30s\"\nunavailable_interval = \"30s\"\n\
                   honour_retry_after = false\n",
        summary: "again after 30 s times the failures in a row, after 503 always 30 s; never gives up",
        source: "FreeSWITCH, mod_sofia, gateway parameter retry-seconds 30; that it does not honour \
                 Retry-After is an assumption",
        follows: Follows::version("FreeSWITCH", "mod_sofia, release not known"),
        cases: &[],
    },
    Preset {
        name: "rfc5626",
        settings: "kind = \"rfc5626\"\nbase_all_down = \"30s\"\nbase_some_up = \"90s\"\n\
                   max = \"30m\"\nhonour_retry_after = true\n",
        summary: "flow recovery of SIP outbound",
        source: "RFC 5626 §4.5",
        follows: Follows::version("RFC 5626", "as published").since("October 2009 [from memory]"),
        cases: &[],
    },
];

/// How long a binding is granted to a REGISTER that asks for `requested`, or the `Min-Expires` of a
/// 423 Interval Too Brief. Without a request it is the registrar's own `expires`, which is the
/// longest too. RFC 3261 §10.3, step 7: refused if and only if it asks for more than nothing, less
/// than an hour and less than the minimum.
///
/// # Errors
/// The registrar's minimum, where what is asked for is too brief.
pub fn grant(
    requested: Option<SimDuration>,
    min_expires: Option<SimDuration>,
    expires: SimDuration,
) -> Result<SimDuration, SimDuration> {
    const HOUR: SimDuration = SimDuration::from_secs(3600);
    let Some(requested) = requested else { return Ok(expires) };
    match min_expires {
        Some(min) if !requested.is_zero() && requested < HOUR && requested < min => Err(min),
        _ => Ok(requested.min(expires)),
    }
}

impl Default for RegistrationRetrySpec {
    fn default() -> Self {
        Self::Fixed {
            interval: half_minute(),
            jitter: Jitter::None,
            honour_retry_after: true,
            max_retries: None,
            forbidden_interval: None,
            fatal_interval: None,
        }
    }
}

/// How an attempt to register failed.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No answer: no connection, a time-out, or nothing was sent.
    NoAnswer,
    /// A final answer with this status, and the `Retry-After` it carried.
    Answer(u16, Option<SimDuration>),
}

/// When the next attempt comes.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// After the policy's own wait: this attempt counts towards `max_retries`.
    After(SimDuration),
    /// After the wait that the registrar told.
    Told(SimDuration),
    /// Never.
    Never,
}

/// What every kind of retry has.
struct Bounds {
    honour_retry_after: bool,
    max_retries: Option<u32>,
    forbidden_interval: Option<SimDuration>,
    fatal_interval: Option<SimDuration>,
}

impl RegistrationRetrySpec {
    /// What follows a failure: the `failures`th in a row, after `counted` retries that count.
    pub fn next(
        &self,
        failure: Failure,
        (failures, counted): (u32, u32),
        all_flows_down: bool,
        rng: &mut impl Rng,
    ) -> Next {
        let bounds = self.bounds();
        let (status, told) = match failure {
            Failure::NoAnswer => (408, None),
            Failure::Answer(status, told) => (status, told.filter(|_| bounds.honour_retry_after)),
        };
        let own = match (status, self) {
            (503, Self::Linear { unavailable_interval: Some(wait), .. }) => *wait,
            _ => self.own_delay(failures, all_flows_down, rng),
        };
        if let Some(told) = told {
            let longer = matches!(self, Self::Rfc5626 { .. });
            return Next::Told(if longer { own.max(told) } else { told });
        }
        if bounds.max_retries.is_some_and(|max| counted >= max) {
            return Next::Never;
        }
        match status {
            408 | 500 | 502..=504 | 600.. => Next::After(own),
            403 => after(bounds.forbidden_interval, own),
            _ => after(bounds.fatal_interval, own),
        }
    }

    const fn bounds(&self) -> Bounds {
        match *self {
            Self::Fixed {
                honour_retry_after,
                max_retries,
                forbidden_interval,
                fatal_interval,
                ..
            }
            | Self::Exponential {
                honour_retry_after,
                max_retries,
                forbidden_interval,
                fatal_interval,
                ..
            }
            | Self::Linear {
                honour_retry_after,
                max_retries,
                forbidden_interval,
                fatal_interval,
                ..
            }
            | Self::Rfc5626 {
                honour_retry_after,
                max_retries,
                forbidden_interval,
                fatal_interval,
                ..
            } => Bounds { honour_retry_after, max_retries, forbidden_interval, fatal_interval },
        }
    }

    fn own_delay(&self, failures: u32, all_flows_down: bool, rng: &mut impl Rng) -> SimDuration {
        match *self {
            Self::Fixed { interval, jitter, .. } => {
                BackoffSpec::Fixed { delay: interval, jitter }.delay(1, SimDuration::ZERO, rng)
            }
            Self::Exponential { base, multiplier, cap, jitter, .. } => {
                BackoffSpec::Exponential { base, multiplier, cap, jitter }.delay(
                    failures.max(1),
                    SimDuration::ZERO,
                    rng,
                )
            }
            Self::Linear { interval, .. } => {
                let times = u64::from(failures.max(1));
                SimDuration::from_nanos(interval.as_nanos().saturating_mul(times))
            }
            Self::Rfc5626 { base_all_down, base_some_up, max, .. } => {
                let base = if all_flows_down { base_all_down } else { base_some_up };
                // W doubles with each failure, the first included.
                BackoffSpec::Exponential {
                    base: base * 2,
                    multiplier: 2.0,
                    cap: max,
                    jitter: Jitter::Equal,
                }
                .delay(failures.max(1), SimDuration::ZERO, rng)
            }
        }
    }

    /// What is wrong with it.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        match self {
            Self::Fixed { interval, .. } => problems.positive("interval", *interval),
            Self::Linear { interval, unavailable_interval, .. } => {
                problems.positive("interval", *interval);
                if let Some(wait) = unavailable_interval {
                    problems.positive("unavailable_interval", *wait);
                }
            }
            Self::Exponential { base, multiplier, cap, .. } => {
                problems.positive("base", *base);
                problems.within("multiplier", *multiplier, 1.0, 1000.0);
                if cap < base {
                    problems.refuse("cap", cap, &format!("must be at least the base ({base})"));
                }
            }
            Self::Rfc5626 { base_all_down, base_some_up, max, .. } => {
                problems.positive("base_all_down", *base_all_down);
                problems.positive("base_some_up", *base_some_up);
                if max < base_all_down || max < base_some_up {
                    problems.refuse("max", max, "must be at least both bases");
                }
            }
        }
        problems.0
    }
}

/// A wait of its own for a kind of answer: none gives up.
const fn after(wait: Option<SimDuration>, own: SimDuration) -> Next {
    match wait {
        None => Next::After(own),
        Some(wait) if wait.is_zero() => Next::Never,
        Some(wait) => Next::After(wait),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engine::random::RandomSource;

    /// The wait after `failures` failures in a row, the last answered 503 with this `Retry-After`.
    fn wait(
        spec: &RegistrationRetrySpec,
        failures: u32,
        all_down: bool,
        told: Option<SimDuration>,
        rng: &mut impl Rng,
    ) -> SimDuration {
        let failure = told.map_or(Failure::NoAnswer, |told| Failure::Answer(503, Some(told)));
        match spec.next(failure, (failures, failures), all_down, rng) {
            Next::After(wait) | Next::Told(wait) => wait,
            Next::Never => panic!("gives up"),
        }
    }

    #[test]
    fn devices_stop_or_go_on_as_they_are_documented_to() {
        let spec = |name: &str| -> RegistrationRetrySpec {
            let preset = PRESETS.iter().find(|p| p.name == name).unwrap();
            toml::from_str(preset.settings).unwrap()
        };
        let next = |spec: &RegistrationRetrySpec, failure, failures| {
            let mut rng = RandomSource::new(3, 0).at(0, 0, 0);
            spec.next(failure, (failures, failures - 1), true, &mut rng)
        };
        let s = SimDuration::from_secs;
        let asterisk = spec("asterisk");
        assert_eq!(next(&asterisk, Failure::NoAnswer, 10), Next::After(s(60)));
        assert_eq!(next(&asterisk, Failure::NoAnswer, 11), Next::Never);
        for status in [408, 500, 502, 503, 504, 600, 603] {
            assert_eq!(next(&asterisk, Failure::Answer(status, None), 1), Next::After(s(60)));
        }
        for status in [400, 403, 404, 480, 501] {
            assert_eq!(next(&asterisk, Failure::Answer(status, None), 1), Next::Never, "{status}");
        }
        let told = Failure::Answer(503, Some(s(7)));
        assert_eq!(next(&asterisk, told, 11), Next::Told(s(7)));
        let freeswitch = spec("freeswitch");
        assert_eq!(next(&freeswitch, Failure::NoAnswer, 4), Next::After(s(120)));
        assert_eq!(next(&freeswitch, Failure::Answer(403, None), 99), Next::After(s(2970)));
        assert_eq!(next(&freeswitch, Failure::Answer(503, None), 4), Next::After(s(30)));
        let audiocodes = spec("audiocodes");
        for status in [403, 404, 503] {
            assert_eq!(next(&audiocodes, Failure::Answer(status, None), 50), Next::After(s(30)));
        }
    }

    /// RFC 5626 §4.5: after 1, 2, … failures with all flows down W is 60, 120, 240, 480, 960 s.
    #[test]
    fn flow_recovery_waits_between_half_and_the_whole_of_w() {
        let spec = RegistrationRetrySpec::Rfc5626 {
            base_all_down: half_minute(),
            base_some_up: ninety(),
            max: half_hour(),
            honour_retry_after: true,
            max_retries: None,
            forbidden_interval: None,
            fatal_interval: None,
        };
        for (failures, w) in
            [(1_u32, 60.0_f64), (2, 120.0), (3, 240.0), (4, 480.0), (5, 960.0), (9, 1800.0)]
        {
            for index in 0..200 {
                let mut rng = RandomSource::new(1, 0).at(0, 0, index);
                let wait = wait(&spec, failures, true, None, &mut rng).as_secs_f64();
                assert!((w / 2.0..=w).contains(&wait), "{wait} after {failures}");
            }
        }
    }

    #[test]
    fn presets_mean_something() {
        for preset in PRESETS {
            let spec: RegistrationRetrySpec = toml::from_str(preset.settings).unwrap();
            assert_eq!(spec.check(), [], "{}", preset.name);
        }
        let default = RegistrationRetrySpec::default();
        let audiocodes = PRESETS.iter().find(|p| p.name == "audiocodes").unwrap();
        assert_eq!(toml::from_str::<RegistrationRetrySpec>(audiocodes.settings).unwrap(), default);
    }

    /// RFC 3261 §10.3, step 7.
    #[test]
    fn only_intervals_under_an_hour_are_too_brief() {
        let s = SimDuration::from_secs;
        assert_eq!(grant(None, Some(s(600)), s(3600)), Ok(s(3600)));
        assert_eq!(grant(Some(s(60)), None, s(3600)), Ok(s(60)));
        assert_eq!(grant(Some(s(599)), Some(s(600)), s(3600)), Err(s(600)));
        assert_eq!(grant(Some(s(600)), Some(s(600)), s(3600)), Ok(s(600)));
        assert_eq!(grant(Some(s(0)), Some(s(600)), s(3600)), Ok(s(0)));
        assert_eq!(grant(Some(s(3600)), Some(s(7200)), s(9000)), Ok(s(3600)));
        assert_eq!(grant(Some(s(9000)), Some(s(600)), s(3600)), Ok(s(3600)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// RFC 5626 §4.5: the wait lies within [W/2, W]; a Retry-After makes it longer, never
        /// shorter.
        #[test]
        fn flow_recovery_keeps_to_the_rfc(
            failures in 1u32..80,
            base_s in 1u64..200,
            some_more_s in 0u64..200,
            max_s in 400u64..10_000,
            all_down: bool,
            told_s in prop::option::of(1u64..20_000),
            index: u64,
        ) {
            let s = SimDuration::from_secs;
            let spec = RegistrationRetrySpec::Rfc5626 {
                base_all_down: s(base_s),
                base_some_up: s(base_s + some_more_s),
                max: s(max_s),
                honour_retry_after: true,
                max_retries: None, forbidden_interval: None, fatal_interval: None,
            };
            prop_assert_eq!(spec.check(), []);
            let base = if all_down { base_s } else { base_s + some_more_s } as u128;
            let w = (base << failures.min(64)).min(u128::from(max_s)) as f64;
            let mut rng = RandomSource::new(2, 0).at(0, 0, index);
            let own = wait(&spec, failures, all_down, None, &mut rng);
            let wait_s = own.as_secs_f64();
            prop_assert!(w / 2.0 <= wait_s && wait_s <= w, "{wait_s} of {w}");
            let told = told_s.map(s);
            let mut rng = RandomSource::new(2, 0).at(0, 0, index);
            let longer = wait(&spec, failures, all_down, told, &mut rng);
            prop_assert_eq!(longer, own.max(told.unwrap_or(SimDuration::ZERO)));
        }

        /// Fixed and exponential waits lie between nothing and their bound, a Retry-After takes
        /// their place where it is honoured.
        #[test]
        fn other_waits_keep_to_their_bound(
            failures in 0u32..80,
            base_s in 1u64..200,
            cap_s in 200u64..10_000,
            told_s in prop::option::of(1u64..20_000),
            honour_retry_after: bool,
            fixed: bool,
            index: u64,
        ) {
            let s = SimDuration::from_secs;
            let spec = if fixed {
                RegistrationRetrySpec::Fixed {
                    interval: s(base_s), jitter: Jitter::Equal, honour_retry_after, max_retries: None, forbidden_interval: None, fatal_interval: None,
                }
            } else {
                RegistrationRetrySpec::Exponential {
                    base: s(base_s), multiplier: 2.0, cap: s(cap_s), jitter: Jitter::Equal,
                    honour_retry_after, max_retries: None, forbidden_interval: None, fatal_interval: None,
                }
            };
            let mut rng = RandomSource::new(2, 0).at(0, 0, index);
            let wait = wait(&spec, failures, true, told_s.map(s), &mut rng);
            if let Some(told) = told_s.filter(|_| honour_retry_after) {
                prop_assert_eq!(wait, s(told));
            } else {
                let doubled = u128::from(base_s) << failures.clamp(1, 64) >> 1;
                let top = if fixed { base_s as f64 } else { doubled.min(u128::from(cap_s)) as f64 };
                prop_assert!(top / 2.0 <= wait.as_secs_f64() && wait.as_secs_f64() <= top);
            }
        }

        /// What is granted never exceeds what was asked for or the registrar's longest, and asking
        /// for the minimum is never too brief.
        #[test]
        fn a_retry_with_min_expires_is_granted(
            requested_s in 0u64..8000, min_s in 1u64..8000, more_s in 0u64..8000,
        ) {
            let s = SimDuration::from_secs;
            let (min, expires) = (s(min_s), s(min_s + more_s));
            match grant(Some(s(requested_s)), Some(min), expires) {
                Ok(granted) => prop_assert!(granted <= s(requested_s) && granted <= expires),
                Err(told) => {
                    prop_assert_eq!(told, min);
                    prop_assert_eq!(grant(Some(told), Some(min), expires), Ok(min));
                }
            }
        }
    }
}
