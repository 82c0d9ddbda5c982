//! From the model as written to the checked model: every name resolved, every value without a
//! meaning refused, all problems at once.

mod api;
mod faults;
mod limits;
mod options;
mod trunks;

use std::collections::BTreeMap;
use std::fmt::Display;

use super::config::{Config, Issue, Traces};
use super::spec::{ArrivalSpec, Model, RedialSpec, SpikeSpec, TrunkSpec};
use super::spelling::no_such;
use crate::engine::simulation::Budget;
use crate::engine::time::{SimDuration, SimTime};
use crate::engine::variates::Variate;
use crate::policies::Problem;

/// Collects what is wrong, each thing once.
#[derive(Default)]
struct Checker {
    issues: Vec<Issue>,
}

/// Issues past which no more are collected.
const ISSUES_MAX: usize = 200;

impl Checker {
    fn refuse(&mut self, path: impl Into<String>, value: impl Display, message: impl Into<String>) {
        let issue = Issue { path: path.into(), value: value.to_string(), message: message.into() };
        // A part with a `count` is checked as often.
        if self.issues.len() < ISSUES_MAX && !self.issues.contains(&issue) {
            self.issues.push(issue);
        }
    }

    fn positive(&mut self, path: &str, value: SimDuration) {
        if value.is_zero() {
            self.refuse(path, value, "must be longer than 0s");
        }
    }

    fn price(&mut self, path: &str, value: f64) {
        if !(value.is_finite() && value >= 0.0) {
            self.refuse(path, value, "must be a finite number of at least 0");
        }
    }

    fn rate(&mut self, path: &str, value: f64) {
        if !(0.0..=RATE_MAX).contains(&value) {
            self.refuse(path, value, format!("must be a number from 0 to {RATE_MAX}"));
        }
    }

    /// A share or probability.
    fn share(&mut self, path: &str, value: f64) {
        if !(0.0..=1.0).contains(&value) {
            self.refuse(path, value, "must be a number from 0 to 1");
        }
    }

    fn at_least_one(&mut self, path: &str, value: u32) {
        if value == 0 {
            self.refuse(path, value, "must be at least 1");
        }
    }

    fn problems(&mut self, prefix: &str, problems: Vec<Problem>) {
        for problem in problems {
            let path = if problem.field.is_empty() {
                prefix.to_owned()
            } else {
                format!("{prefix}.{}", problem.field)
            };
            self.refuse(path, problem.value, problem.allowed);
        }
    }

    fn variate(&mut self, path: &str, variate: &Variate) {
        if let Err(problem) = variate.check() {
            let path = match problem.field {
                "" => path.to_owned(),
                field => format!("{path}.{field}"),
            };
            self.refuse(path, problem.value, problem.allowed);
        }
    }

    fn variates<'a>(&mut self, list: impl IntoIterator<Item = (String, Option<&'a Variate>)>) {
        for (path, variate) in list {
            if let Some(variate) = variate {
                self.variate(&path, variate);
            }
        }
    }

    /// Looks a name up, or says which there are.
    fn resolve(&mut self, path: &str, name: &str, names: &Names) -> Option<u32> {
        let found = names.index.get(name).copied();
        // Problems past the limit are not shown and need no suggestion.
        if found.is_none() && self.issues.len() < ISSUES_MAX {
            let known = names.index.keys().map(String::as_str);
            self.refuse(path, format!("\"{name}\""), no_such(names.kind, name, known));
        }
        found
    }
}

/// Calls or requests per second of one source.
const RATE_MAX: f64 = 1_000_000.0;

/// The names of one kind of part.
struct Names {
    kind: &'static str,
    index: BTreeMap<String, u32>,
}

impl Names {
    /// Refuses a name that stands twice; `written` gives each name and the key it stands at.
    fn new(
        kind: &'static str,
        written: impl IntoIterator<Item = (String, String)>,
        checker: &mut Checker,
    ) -> Self {
        let mut index = BTreeMap::new();
        for (position, (name, path)) in (0u32..).zip(written) {
            if name.is_empty() {
                checker.refuse(path, "\"\"", "a name is needed");
            } else if index.insert(name.clone(), position).is_some() {
                checker.refuse(
                    path,
                    format!("\"{name}\""),
                    format!("two of one kind ({kind}) have this name"),
                );
            }
        }
        Self { kind, index }
    }
}

/// The names of all parts.
struct Known {
    carriers: Names,
    channel_groups: Names,
    sbcs: Names,
    groups: Names,
}

impl Known {
    fn new(model: &Model, checker: &mut Checker) -> Self {
        let list = |names: Vec<&String>, key: &str| -> Vec<(String, String)> {
            names
                .into_iter()
                .enumerate()
                .map(|(i, name)| (name.clone(), format!("{key}.{i}.id")))
                .collect()
        };
        let carriers = list(model.carriers.iter().map(|c| &c.id).collect(), "carriers");
        let channels = list(model.channel_groups.iter().map(|c| &c.id).collect(), "channel_groups");
        let groups = list(model.groups.iter().map(|g| &g.id).collect(), "groups");
        let sbcs =
            trunks::expand(model.sbcs.iter().map(|s| (s.id.as_str(), s.count)), "sbcs", checker);
        Self {
            carriers: Names::new("carrier", carriers, checker),
            channel_groups: Names::new("channel group", channels, checker),
            sbcs: Names::new("SBC", sbcs, checker),
            groups: Names::new("agent group", groups, checker),
        }
    }
}

impl Config {
    /// Checks a model. `traces` holds what its arrival trace files contain.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn new(model: &Model, traces: &Traces) -> Result<Self, Vec<Issue>> {
        let mut checker = Checker::default();
        check_sizes(model, &mut checker);
        if !checker.issues.is_empty() {
            return Err(checker.issues);
        }
        let known = Known::new(model, &mut checker);
        check_times(model, &mut checker);
        let trunks = trunks::build(model, &known, traces, &mut checker);
        let groups = trunks::groups(model, &known, &trunks.trunks, &mut checker);
        let api = api::build(model, &trunks, traces, &mut checker);
        let policy = api::policy(model, &known, &trunks, &mut checker);
        checker.problems("failover", model.failover.check());
        checker.problems("sip", model.sip.check());
        let faults = faults::build(model, &known, &api.limiters, &mut checker);
        let slowdowns = faults::slowdowns(model, &faults);
        if !checker.issues.is_empty() {
            return Err(checker.issues);
        }
        Ok(Self {
            horizon: SimTime::ZERO + model.horizon,
            warmup: SimTime::ZERO + model.warmup,
            series_bin: model.series_bin,
            seed: model.seed,
            budget: Budget {
                events_max: model.budget.events_max,
                pending_max: usize::try_from(model.budget.pending_max).unwrap_or(usize::MAX),
            },
            sip: model.sip,
            service_level: model.service_level.clone(),
            patience: model.calls.patience.as_ref().map(Variate::sampler),
            setup_patience: model.calls.setup_patience.as_ref().map(Variate::sampler),
            redial: model.calls.redial.as_ref().map(|r| (r.clone(), r.after.sampler())),
            calls: model.calls.clone(),
            carriers: trunks.carriers,
            crews: trunks.crews,
            channels: trunks.channels,
            sbcs: trunks.sbcs,
            groups,
            trunks: trunks.trunks,
            regions: trunks.regions,
            legs: trunks.legs,
            replicas: model.client.replicas,
            api: api.config,
            clients: api.clients,
            policy,
            updates: model.updates.clone(),
            failover: model.failover.clone(),
            registration: model.registration.clone(),
            options: model.options.as_ref().map(|o| (o.clone(), o.interval.sampler())),
            monitor: api.monitor,
            faults,
            slowdowns,
        })
    }
}

/// Trunks, and SBCs, that are still worth holding.
const PARTS_MAX: u64 = 1_000_000;

/// Refuses a model without parts, or with more than can be held.
fn check_sizes(model: &Model, checker: &mut Checker) {
    let counts = [
        ("carriers", model.carriers.len() as u64),
        ("sbcs", model.sbcs.iter().map(|s| u64::from(s.count)).sum()),
        ("groups", model.groups.len() as u64),
        ("trunks", model.trunks.iter().map(|t| u64::from(t.count)).sum()),
    ];
    for (key, count) in counts {
        if count == 0 {
            checker.refuse(key, "none", "needs at least one");
        }
        if count > PARTS_MAX {
            checker.refuse(key, count, format!("must be at most {PARTS_MAX} together"));
        }
    }
    let sbcs = model.sbcs.iter().map(|s| (s.count, s.id.len() / LETTERS));
    check_copies("sbcs", sbcs, checker);
    let of_trunk =
        |t: &TrunkSpec| t.id.len() / LETTERS + t.groups.len() + rates(model, &t.arrivals);
    check_copies("trunks", model.trunks.iter().map(|t| (t.count, of_trunk(t))), checker);
}

/// Parts of parts that are still worth holding: each of the `count` that are made of one entry has
/// its own.
const COPIES_MAX: u64 = 10_000_000;

/// Letters of a name that take as much memory as a rate.
const LETTERS: usize = 16;

/// The rates that a source goes through, one after the other.
fn rates(model: &Model, source: &ArrivalSpec) -> usize {
    match source {
        ArrivalSpec::Profile { steps, .. } => steps.len(),
        ArrivalSpec::Spikes { spikes, .. } => {
            let times = |spike: &SpikeSpec| match spike.every {
                Some(every) if !every.is_zero() => model.horizon.as_nanos() / every.as_nanos() + 1,
                _ => 1,
            };
            let spikes = spikes.iter().map(|s| times(s).min(SPIKES_MAX) as usize).sum::<usize>();
            2 * spikes
        }
        _ => 0,
    }
}

/// Refuses entries of which the copies are too large together; each has a count and its parts.
fn check_copies(key: &str, entries: impl Iterator<Item = (u32, usize)>, checker: &mut Checker) {
    let mut all = 0;
    for (i, (count, parts)) in entries.enumerate() {
        all += u64::from(count) * parts as u64;
        if all > COPIES_MAX {
            let message = format!(
                "must be fewer: with names, groups and rates of arrivals of {parts} parts each \
                 there are more than {COPIES_MAX} together"
            );
            return checker.refuse(format!("{key}.{i}.count"), count, message);
        }
    }
}

/// Bins of a time series that are still worth holding.
const SERIES_BINS_MAX: u64 = 1_000_000;

/// The smallest session interval RFC 4028 §5 allows.
const SESSION_EXPIRES_MIN: SimDuration = SimDuration::from_secs(90);

fn check_times(model: &Model, checker: &mut Checker) {
    checker.positive("horizon", model.horizon);
    if model.warmup >= model.horizon && !model.horizon.is_zero() {
        let message = format!("must be shorter than the horizon ({})", model.horizon);
        checker.refuse("warmup", model.warmup, message);
    }
    checker.positive("series_bin", model.series_bin);
    if !model.series_bin.is_zero()
        && model.horizon.as_nanos() / model.series_bin.as_nanos() > SERIES_BINS_MAX
    {
        let message = format!("must leave at most {SERIES_BINS_MAX} bins over the horizon");
        checker.refuse("series_bin", model.series_bin, message);
    }
    if model.horizon > SimDuration::from_secs(100 * 365 * 86_400) {
        checker.refuse("horizon", model.horizon, "must be at most 100 years (876000h)");
    }
    checker.share("service_level.target", model.service_level.target);
    checker.positive("service_level.threshold", model.service_level.threshold);
    if model.calls.session_expires < SESSION_EXPIRES_MIN {
        let message = format!("must be at least {SESSION_EXPIRES_MIN} (RFC 4028, section 5)");
        checker.refuse("calls.session_expires", model.calls.session_expires, message);
    }
    let calls = &model.calls;
    checker.variates([
        ("calls.talk".to_owned(), Some(&calls.talk)),
        ("calls.patience".to_owned(), calls.patience.as_ref()),
        ("calls.setup_patience".to_owned(), calls.setup_patience.as_ref()),
    ]);
    if let Some(redial) = &calls.redial {
        check_redial(redial, checker);
    }
    if model.budget.events_max == 0 {
        checker.refuse("budget.events_max", 0, "must be at least 1");
    }
    if model.budget.pending_max == 0 {
        checker.refuse("budget.pending_max", 0, "must be at least 1");
    }
}

fn check_redial(redial: &RedialSpec, checker: &mut Checker) {
    let probabilities = [
        ("after_failure", redial.after_failure),
        ("after_drop", redial.after_drop),
        ("after_abandoning", redial.after_abandoning),
    ];
    for (key, value) in probabilities {
        checker.share(&format!("calls.redial.{key}"), value);
    }
    checker.variate("calls.redial.after", &redial.after);
    if !(1..=1000).contains(&redial.max) {
        checker.refuse("calls.redial.max", redial.max, "must be from 1 to 1000");
    }
}

/// A process that is not `none` needs a rate above 0; `path` is where it would stand.
fn needs_arrivals(path: &str, rates: impl IntoIterator<Item = f64>, checker: &mut Checker) {
    // A value that is not a number is refused by the rule for numbers.
    if rates.into_iter().all(|rate| rate == 0.0) {
        let message = "needs a rate above 0; for no arrivals write kind = \"none\"";
        checker.refuse(path, 0, message);
    }
}

/// Times a spike may come again.
const SPIKES_MAX: u64 = crate::system::arrivals::SPIKES_MAX;

fn finite(path: &str, sources: u32, idle: &Variate, checker: &mut Checker) {
    checker.at_least_one(&format!("{path}.sources"), sources);
    checker.variate(&format!("{path}.idle"), idle);
    if idle.mean_s() <= 0.0 {
        checker.refuse(format!("{path}.idle"), "0s", "must be longer than 0s");
    }
}

/// Checks an arrival process and finds its trace.
fn arrivals(
    path: &str,
    spec: &ArrivalSpec,
    (traces, horizon): (&Traces, SimDuration),
    checker: &mut Checker,
) -> Option<std::sync::Arc<[SimTime]>> {
    match spec {
        ArrivalSpec::None => {}
        ArrivalSpec::Poisson { rate_per_s } => {
            checker.rate(&format!("{path}.rate_per_s"), *rate_per_s);
            needs_arrivals(&format!("{path}.rate_per_s"), [*rate_per_s], checker);
        }
        ArrivalSpec::Profile { steps, period } => {
            for (i, step) in steps.iter().enumerate() {
                checker.rate(&format!("{path}.steps.{i}.rate_per_s"), step.rate_per_s);
                if i > 0 && step.at <= steps[i - 1].at {
                    let message =
                        format!("must be later than the step before ({})", steps[i - 1].at);
                    checker.refuse(format!("{path}.steps.{i}.at"), step.at, message);
                }
                if period.is_some_and(|p| step.at >= p) {
                    checker.refuse(
                        format!("{path}.steps.{i}.at"),
                        step.at,
                        "must lie within the period",
                    );
                }
            }
            if steps.first().is_some_and(|first| !first.at.is_zero()) {
                checker.refuse(format!("{path}.steps.0.at"), steps[0].at, "must be 0s");
            }
            let rates = steps.iter().map(|s| s.rate_per_s);
            needs_arrivals(&format!("{path}.steps"), rates, checker);
        }
        ArrivalSpec::Mmpp { burst_rate_per_s, quiet_rate_per_s, burst_mean, quiet_mean } => {
            checker.rate(&format!("{path}.burst_rate_per_s"), *burst_rate_per_s);
            checker.rate(&format!("{path}.quiet_rate_per_s"), *quiet_rate_per_s);
            let rates = [*burst_rate_per_s, *quiet_rate_per_s];
            needs_arrivals(&format!("{path}.burst_rate_per_s"), rates, checker);
            checker.positive(&format!("{path}.burst_mean"), *burst_mean);
            checker.positive(&format!("{path}.quiet_mean"), *quiet_mean);
        }
        ArrivalSpec::Spikes { rate_per_s, spikes } => {
            checker.rate(&format!("{path}.rate_per_s"), *rate_per_s);
            let rates = spikes.iter().map(|s| s.rate_per_s).chain([*rate_per_s]);
            needs_arrivals(&format!("{path}.rate_per_s"), rates, checker);
            spikes.iter().enumerate().fold(0, |before, (i, spike)| {
                let path = format!("{path}.spikes.{i}");
                before + check_spike(&path, spike, (horizon, before), checker)
            });
        }
        ArrivalSpec::FiniteSource { sources, idle } => finite(path, *sources, idle, checker),
        ArrivalSpec::Periodic { every, batch, .. } => {
            checker.positive(&format!("{path}.every"), *every);
            checker.at_least_one(&format!("{path}.batch"), *batch);
        }
        ArrivalSpec::Trace { file } => {
            let found = traces.arrivals.get(file).cloned();
            if found.is_none() {
                checker.refuse(
                    format!("{path}.file"),
                    format!("\"{file}\""),
                    "the trace could not be read",
                );
            }
            return found;
        }
    }
    None
}

/// Checks a spike after `before` others, and returns how often it occurs up to the horizon.
fn check_spike(
    path: &str,
    spike: &SpikeSpec,
    (horizon, before): (SimDuration, u64),
    checker: &mut Checker,
) -> u64 {
    checker.rate(&format!("{path}.rate_per_s"), spike.rate_per_s);
    checker.positive(&format!("{path}.for"), spike.length);
    let Some(every) = spike.every else { return 1 };
    if every <= spike.length {
        let message = format!("must be longer than the spike ({})", spike.length);
        checker.refuse(format!("{path}.every"), every, message);
        return 1;
    }
    let spikes = horizon.as_nanos() / every.as_nanos();
    if before + spikes > SPIKES_MAX {
        let message = format!("must leave at most {SPIKES_MAX} spikes over the horizon");
        checker.refuse(format!("{path}.every"), every, message);
    }
    spikes
}
