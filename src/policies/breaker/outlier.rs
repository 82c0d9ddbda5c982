//! Envoy's outlier detection: a pool of hosts of which a few may be ejected.
//!
//! A number of consecutive failures ejects a host at once. Everything else happens at a sweep every
//! `interval` since the pool was made: hosts whose time is over return; hosts whose success rate
//! of the last interval lies below mean − factor·σ of the hosts with requests enough are ejected;
//! then those whose percentage of failures reaches its threshold. A host is ejected for
//! `base_ejection_time` times its multiplier, at most `max_ejection_time`, and returns at the
//! first sweep at or after that; the multiplier grows by one with each ejection and shrinks by one
//! with each sweep that finds the host in and back for an interval at least.
//!
//! **The cap**, since 1.28. A host is ejected only if `100·(ejected + 1)/hosts ≤ max_ejection_percent`, in
//! floating point, unrounded. At the default of 10 % a pool of fewer than 10 hosts therefore never
//! ejects any, nor does a pool of one at less than 100 %; `always_eject_one_host` lets the first
//! one go. A pool of 15 ejects one. A failure in a row that the cap stops still resets the
//! count.
//!
//! **Before 1.28** ([`OutlierVersion`]). Up to 1.26 a host is ejected if those out *before* it are
//! strictly fewer than the percentage, `100·ejected/hosts < max_ejection_percent`: one of any pool
//! at least, and two of three at 50 %. In 1.27 the first host is ejected whatever the percentage, and
//! any further one by the cap of today. In both the multiplier of a host that is in shrinks at a
//! sweep before that sweep ejects, so that ejections at every other sweep never last longer
//! (issue 26758).
//!
//! In the words of this folder an ejected host is an open breaker; it is never half-open, and
//! refuses nothing once it is back. Envoy would send the call to another host, and to ejected ones
//! where too few are left (panic mode); here it is refused. A failure counts as 503 or 504, which
//! are gateway errors too. Ignored results are not reported. Hosts are gone through in order
//! (Envoy's order is that of a hash map). A sweep that is due at the instant of a call goes first.
//! Lengths are whole milliseconds.
//!
//! Source: Envoy, `source/common/upstream/outlier_detection_impl.cc` (00c7146) and
//! `outlier_detection.proto` (data-plane-api 84e8436); for older versions the file as it was before
//! pull requests 27624 (June 2023, in 1.27.0 by its date) and 27909, and the change log of 1.28.0.
//! Left out: jitter of the ejection time
//! (default 0), enforcement of a part of the detections (only 0 % and 100 % here), errors of local
//! origin, health checks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CallResult, Counts, Follows, Permit, Preset, Problem, Problems, State, Verdict};
use crate::engine::time::{SimDuration, SimTime};

/// The releases of Envoy whose rules are followed.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OutlierVersion {
    /// Up to 1.26: the cap looks at the hosts that are out already.
    #[serde(rename = "1.26")]
    UpTo126,
    /// 1.27: the cap counts the host itself, except the first.
    #[serde(rename = "1.27")]
    Only127,
    /// Since 1.28 (October 2023): the cap holds for the first host too.
    #[default]
    #[serde(rename = "1.28")]
    Since128,
}

/// Envoy's outlier detection. Omitted keys take its defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OutlierSpec {
    /// Whose cap and whose shrinking of the multiplier.
    pub version: OutlierVersion,
    /// Time between sweeps.
    pub interval: SimDuration,
    /// What the time of an ejection is a multiple of.
    pub base_ejection_time: SimDuration,
    /// The longest ejection.
    pub max_ejection_time: SimDuration,
    /// Percentage of the hosts that may be ejected.
    #[schemars(range(min = 0, max = 100))]
    pub max_ejection_percent: u32,
    /// Whether one host may be ejected whatever that percentage.
    pub always_eject_one_host: bool,
    /// Failures in a row that eject a host.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub consecutive_5xx: u32,
    /// Whether they do.
    pub enforcing_consecutive_5xx: bool,
    /// Gateway errors in a row that eject a host.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub consecutive_gateway_failure: u32,
    /// Whether they do.
    pub enforcing_consecutive_gateway_failure: bool,
    /// Hosts with requests enough that are needed to compare success rates.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub success_rate_minimum_hosts: u32,
    /// Requests of an interval that a host needs for that.
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub success_rate_request_volume: u32,
    /// Thousandths of a standard deviation below the mean.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub success_rate_stdev_factor: u32,
    /// Whether low success rates eject.
    pub enforcing_success_rate: bool,
    /// Percentage of failures that ejects a host.
    #[schemars(range(min = 0, max = 100))]
    pub failure_percentage_threshold: u32,
    /// Hosts with requests enough that are needed to look at it.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub failure_percentage_minimum_hosts: u32,
    /// Requests of an interval that a host needs for that.
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub failure_percentage_request_volume: u32,
    /// Whether high percentages of failures eject.
    pub enforcing_failure_percentage: bool,
}

/// Envoy's defaults, which no version changed, with the rules of one version.
macro_rules! settings {
    ($version:literal) => {
        concat!(
            r#"
failures = ["5xx", "timeout"]
ignored = []
scope = "trunk"

[machine]
kind = "envoy_outlier"
version = "#,
            "\"",
            $version,
            "\"",
            r#"
interval = "10s"
base_ejection_time = "30s"
max_ejection_time = "300s"
max_ejection_percent = 10
always_eject_one_host = false
consecutive_5xx = 5
enforcing_consecutive_5xx = true
consecutive_gateway_failure = 5
enforcing_consecutive_gateway_failure = false
success_rate_minimum_hosts = 5
success_rate_request_volume = 100
success_rate_stdev_factor = 1900
enforcing_success_rate = true
failure_percentage_threshold = 85
failure_percentage_minimum_hosts = 5
failure_percentage_request_volume = 50
enforcing_failure_percentage = false
"#
        )
    };
}

/// Envoy's defaults.
pub(super) const PRESET: Preset = Preset {
    name: "envoy_outlier",
    settings: settings!("1.28"),
    summary: "one pool over all trunks: 5 failures in a row or a low success rate eject one for \
              30 s and more; at most 10 % of the hosts",
    source: "Envoy, outlier_detection.proto (84e8436) and outlier_detection_impl.cc (00c7146)",
    follows: Follows::version("Envoy", "00c7146, data-plane-api 84e8436")
        .since("1.28.0 of 18 October 2023")
        .changed(
            "the first host too is ejected only within max_ejection_percent (pull request \
             27909); a multiplier shrinks only after an interval without ejection",
            Some("envoy_outlier_1_27"),
        ),
    cases: &[],
};

/// Envoy 1.27, with its defaults.
pub(super) const PRESET_1_27: Preset = Preset {
    name: "envoy_outlier_1_27",
    settings: settings!("1.27"),
    summary: "Envoy 1.27, defaults of envoy_outlier: the first host is ejected whatever the percentage",
    source: "Envoy, outlier_detection_impl.cc as changed by pull requests 27624 and 27909; \
             its defaults as in envoy_outlier",
    follows: Follows::version("Envoy", "1.27")
        .since("1.27.0 of 26 July 2023, by the date of pull request 27624")
        .changed(
            "the cap counts the host to be ejected; up to 1.26 only those that were out",
            Some("envoy_outlier_1_26"),
        ),
    cases: &[],
};

/// Envoy up to 1.26, with its defaults.
pub(super) const PRESET_1_26: Preset = Preset {
    name: "envoy_outlier_1_26",
    settings: settings!("1.26"),
    summary: "Envoy up to 1.26, defaults of envoy_outlier: one host more than the percentage allows may be out",
    source: "Envoy, outlier_detection_impl.cc as changed by pull requests 27624 and 27909; \
             its defaults as in envoy_outlier",
    follows: Follows::version("Envoy", "up to 1.26"),
    cases: &[],
};

impl Default for OutlierSpec {
    fn default() -> Self {
        Self {
            version: OutlierVersion::Since128,
            interval: SimDuration::from_secs(10),
            base_ejection_time: SimDuration::from_secs(30),
            max_ejection_time: SimDuration::from_secs(300),
            max_ejection_percent: 10,
            always_eject_one_host: false,
            consecutive_5xx: 5,
            enforcing_consecutive_5xx: true,
            consecutive_gateway_failure: 5,
            enforcing_consecutive_gateway_failure: false,
            success_rate_minimum_hosts: 5,
            success_rate_request_volume: 100,
            success_rate_stdev_factor: 1900,
            enforcing_success_rate: true,
            failure_percentage_threshold: 85,
            failure_percentage_minimum_hosts: 5,
            failure_percentage_request_volume: 50,
            enforcing_failure_percentage: false,
        }
    }
}

const NANOS_PER_MS: u64 = 1_000_000;

const fn whole_ms(length: SimDuration) -> u64 {
    length.as_nanos() / NANOS_PER_MS * NANOS_PER_MS
}

impl OutlierSpec {
    pub(super) fn check(&self) -> Vec<Problem> {
        let mut problems = Problems::default();
        for (key, value) in
            [("interval", self.interval), ("base_ejection_time", self.base_ejection_time)]
        {
            if value < SimDuration::from_millis(1) {
                problems.refuse(key, value, "must be at least 1ms");
            }
        }
        if self.max_ejection_time < self.base_ejection_time {
            let allowed =
                format!("must be at least base_ejection_time ({})", self.base_ejection_time);
            problems.refuse("max_ejection_time", self.max_ejection_time, &allowed);
        }
        for (key, value) in [
            ("max_ejection_percent", self.max_ejection_percent),
            ("failure_percentage_threshold", self.failure_percentage_threshold),
        ] {
            if value > 100 {
                problems.refuse(key, value, "must be from 0 to 100");
            }
        }
        problems.at_least_one("consecutive_5xx", self.consecutive_5xx);
        problems.at_least_one("consecutive_gateway_failure", self.consecutive_gateway_failure);
        problems.0
    }
}

/// Requests of an interval, and the successes among them.
#[derive(Copy, Clone, Debug, Default)]
struct Bucket {
    total: u64,
    successes: u64,
}

#[derive(Copy, Clone, Debug, Default)]
struct Host {
    ejected_at: Option<SimTime>,
    returned_at: Option<SimTime>,
    multiplier: u64,
    consecutive_5xx: u32,
    consecutive_gateway: u32,
    current: Bucket,
    last: Bucket,
}

/// A pool of hosts.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    spec: OutlierSpec,
    hosts: Vec<Host>,
    ejected: u64,
    sweeps: u64,
}

impl Pool {
    pub(super) fn new(spec: &OutlierSpec, hosts: u32) -> Self {
        let hosts = vec![Host::default(); hosts as usize];
        Self { spec: spec.clone(), hosts, ejected: 0, sweeps: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.hosts.len()
    }

    fn sweep_at(&self, number: u64) -> SimTime {
        SimTime::from_nanos(whole_ms(self.spec.interval).saturating_mul(number))
    }

    /// Makes the sweeps that are due.
    fn advance(&mut self, now: SimTime) {
        let due = now.as_nanos() / whole_ms(self.spec.interval);
        while self.sweeps < due {
            let idle = self.idle_sweeps(due);
            if idle > 0 {
                self.pass_idle(idle);
            } else {
                self.sweeps += 1;
                self.sweep(self.sweep_at(self.sweeps));
            }
        }
    }

    /// How many sweeps, up to number `due`, have no results to look at and no host to bring back.
    fn idle_sweeps(&self, due: u64) -> u64 {
        if self.hosts.iter().any(|h| h.current.total + h.last.total > 0) {
            return 0;
        }
        let interval = whole_ms(self.spec.interval);
        let returns = (0..self.hosts.len()).filter_map(|host| self.return_due(host));
        let first = returns.min().map_or(u64::MAX, |at| at.as_nanos().div_ceil(interval));
        due.min(first.saturating_sub(1)).saturating_sub(self.sweeps)
    }

    /// Makes `idle` idle sweeps: an idle sweep only forgets ejections of hosts that have settled.
    fn pass_idle(&mut self, idle: u64) {
        let interval = whole_ms(self.spec.interval);
        let (first, last) = (self.sweeps + 1, self.sweeps + idle);
        for host in self.hosts.iter_mut().filter(|h| h.ejected_at.is_none()) {
            let Some(returned) = host.returned_at else { continue };
            let settled = returned.as_nanos().saturating_add(interval).div_ceil(interval);
            let sweeps = (last + 1).saturating_sub(settled.max(first));
            host.multiplier = host.multiplier.saturating_sub(sweeps);
        }
        self.sweeps = last;
    }

    fn sweep(&mut self, now: SimTime) {
        for i in 0..self.hosts.len() {
            let early = self.spec.version != OutlierVersion::Since128;
            if self.return_due(i).is_some_and(|due| due <= now) {
                self.bring_back(i, now);
            } else if early && self.hosts[i].ejected_at.is_none() {
                self.hosts[i].multiplier = self.hosts[i].multiplier.saturating_sub(1);
            }
            let host = &mut self.hosts[i];
            host.last = std::mem::take(&mut host.current);
        }
        self.compare(now);
        if self.spec.version != OutlierVersion::Since128 {
            return;
        }
        let interval = whole_ms(self.spec.interval);
        for host in self.hosts.iter_mut().filter(|h| h.ejected_at.is_none()) {
            let settled =
                host.returned_at.is_some_and(|at| now.saturating_since(at).as_nanos() >= interval);
            if settled {
                host.multiplier = host.multiplier.saturating_sub(1);
            }
        }
    }

    /// When the time of an ejected host is over.
    fn return_due(&self, host: usize) -> Option<SimTime> {
        let host = &self.hosts[host];
        let time = whole_ms(self.spec.base_ejection_time).saturating_mul(host.multiplier);
        let time = time.min(whole_ms(self.spec.max_ejection_time));
        Some(host.ejected_at?.saturating_add(SimDuration::from_nanos(time)))
    }

    fn bring_back(&mut self, host: usize, now: SimTime) {
        let host = &mut self.hosts[host];
        host.ejected_at = None;
        host.returned_at = Some(now);
        host.consecutive_5xx = 0;
        host.consecutive_gateway = 0;
        self.ejected -= 1;
    }

    /// Ejects by success rate and by percentage of failures.
    fn compare(&mut self, now: SimTime) {
        let spec = &self.spec;
        let hosts = self.hosts.len() as u64;
        if hosts < u64::from(spec.success_rate_minimum_hosts)
            && hosts < u64::from(spec.failure_percentage_minimum_hosts)
        {
            return;
        }
        let of_volume = |volume: u32| -> Vec<(usize, f64)> {
            let enough = |h: &Host| {
                h.ejected_at.is_none() && h.last.total > 0 && h.last.total >= u64::from(volume)
            };
            let hosts = self.hosts.iter().enumerate().filter(|(_, h)| enough(h));
            hosts.map(|(i, h)| (i, h.last.successes as f64 * 100.0 / h.last.total as f64)).collect()
        };
        let rates = of_volume(spec.success_rate_request_volume);
        let percentages = of_volume(spec.failure_percentage_request_volume);
        let factor = f64::from(spec.success_rate_stdev_factor) / 1000.0;
        let failures = f64::from(spec.failure_percentage_threshold);
        let enough = |hosts: usize, least: u32| hosts > 0 && hosts >= least as usize;
        if enough(rates.len(), spec.success_rate_minimum_hosts) {
            let least = ejection_threshold(&rates, factor);
            for (host, _) in rates.iter().filter(|(_, rate)| *rate < least) {
                self.eject(*host, now, self.spec.enforcing_success_rate);
            }
        }
        if enough(percentages.len(), self.spec.failure_percentage_minimum_hosts) {
            for (host, _) in percentages.iter().filter(|(_, rate)| 100.0 - rate >= failures) {
                self.eject(*host, now, self.spec.enforcing_failure_percentage);
            }
        }
    }

    /// Ejects a host, if it is to be and the cap lets it.
    fn eject(&mut self, host: usize, now: SimTime, enforced: bool) {
        if !enforced || self.hosts[host].ejected_at.is_some() {
            return;
        }
        if !self.fits() {
            return;
        }
        self.ejected += 1;
        let base = whole_ms(self.spec.base_ejection_time);
        let max = whole_ms(self.spec.max_ejection_time);
        let host = &mut self.hosts[host];
        host.ejected_at = Some(now);
        if host.multiplier.saturating_mul(base) < max.saturating_add(base) {
            host.multiplier += 1;
        }
    }

    /// Whether the cap lets another host go.
    fn fits(&self) -> bool {
        let percent = |out: u64| 100.0 * out as f64 / self.hosts.len() as f64;
        let cap = f64::from(self.spec.max_ejection_percent.min(100));
        let first = self.ejected == 0;
        match self.spec.version {
            OutlierVersion::UpTo126 => {
                percent(self.ejected) < cap || self.spec.always_eject_one_host && first
            }
            OutlierVersion::Only127 => first || percent(self.ejected + 1) <= cap,
            OutlierVersion::Since128 => {
                self.spec.always_eject_one_host && first || percent(self.ejected + 1) <= cap
            }
        }
    }

    pub(super) fn admit(&mut self, host: usize, now: SimTime) -> Verdict {
        self.advance(now);
        match self.next_deadline(host) {
            Some(until) => Verdict::Refused { until },
            None => Verdict::Permit(Permit::new(now, State::Closed)),
        }
    }

    pub(super) fn record(&mut self, host: usize, now: SimTime, result: CallResult) {
        self.advance(now);
        let it = &mut self.hosts[host];
        match result {
            CallResult::Ignored => {}
            CallResult::Success => {
                it.current.total += 1;
                it.current.successes += 1;
                it.consecutive_5xx = 0;
                it.consecutive_gateway = 0;
            }
            CallResult::Failure => {
                it.current.total += 1;
                it.consecutive_gateway = it.consecutive_gateway.saturating_add(1);
                it.consecutive_5xx = it.consecutive_5xx.saturating_add(1);
                self.look_at_runs(host, now);
            }
        }
    }

    /// Ejects by consecutive failures. A run of failures that ejects is reset; a run that reaches
    /// the threshold while the host is out is not.
    fn look_at_runs(&mut self, host: usize, now: SimTime) {
        let it = self.hosts[host];
        if it.consecutive_gateway == self.spec.consecutive_gateway_failure
            && self.hosts[host].ejected_at.is_none()
        {
            self.eject(host, now, self.spec.enforcing_consecutive_gateway_failure);
            self.hosts[host].consecutive_gateway = 0;
        }
        if it.consecutive_5xx == self.spec.consecutive_5xx && self.hosts[host].ejected_at.is_none()
        {
            self.eject(host, now, self.spec.enforcing_consecutive_5xx);
            self.hosts[host].consecutive_5xx = 0;
        }
    }

    pub(super) fn state(&mut self, host: usize, now: SimTime) -> State {
        self.advance(now);
        if self.hosts[host].ejected_at.is_some() { State::Open } else { State::Closed }
    }

    /// The sweep at which an ejected host returns, unless that one ejects it again.
    pub(super) fn next_deadline(&self, host: usize) -> Option<SimTime> {
        let interval = whole_ms(self.spec.interval);
        let sweep = self.return_due(host)?.as_nanos().div_ceil(interval);
        Some(self.sweep_at(sweep.max(self.sweeps + 1)))
    }

    /// The next sweep, if it may move a host.
    pub(super) fn next_move(&self) -> Option<SimTime> {
        let compares = self.spec.enforcing_success_rate || self.spec.enforcing_failure_percentage;
        let busy = compares && self.hosts.iter().any(|h| h.current.total > 0);
        (self.ejected > 0 || busy).then(|| self.sweep_at(self.sweeps + 1))
    }

    /// A host's requests of the present interval and its runs; the rate is that of the last one,
    /// −1 without requests.
    pub(super) fn counts(&mut self, host: usize, now: SimTime) -> Counts {
        self.advance(now);
        let host = &self.hosts[host];
        let failed = host.last.total - host.last.successes;
        let rate = match host.last.total {
            0 => -1.0,
            total => failed as f64 * 100.0 / total as f64,
        };
        Counts {
            calls: host.current.total,
            failures: host.current.total - host.current.successes,
            successes: host.current.successes,
            consecutive_failures: u64::from(host.consecutive_5xx),
            failure_rate: rate,
            ..Counts::default()
        }
    }
}

/// Mean of the success rates less `factor` standard deviations (of the population).
fn ejection_threshold(rates: &[(usize, f64)], factor: f64) -> f64 {
    let n = rates.len() as f64;
    let mean = rates.iter().map(|(_, rate)| rate).sum::<f64>() / n;
    let square = |rate: f64| (rate - mean) * (rate - mean);
    let variance = rates.iter().map(|(_, rate)| square(*rate)).sum::<f64>() / n;
    mean - factor * libm::sqrt(variance)
}
