//! The limiters that the requests of a client pass: one per budget of each level of the limits.

use super::Checker;
use crate::policies::Outcome;
use crate::policies::limiter::Limiter;
use crate::policies::limiter::stack::Charge;
use crate::system::config::LimiterConfig;
use crate::system::spec::{ApiSpec, LimitKey, LimitSpec, LimitUnit, RetryAfterSpec};

/// The most a request may cost.
const COST_MAX: u32 = 1_000_000;

/// A limiter of the stack: its level in the model, and whose budget it is.
pub(super) struct LimiterEntry {
    pub(super) level: usize,
    keys: Vec<String>,
}

/// Who asks, and for what.
#[derive(Copy, Clone)]
pub(super) struct Caller<'a> {
    pub(super) token: &'a str,
    pub(super) user: &'a str,
    pub(super) app: &'a str,
    pub(super) route: &'a str,
    pub(super) cost: u32,
}

impl Caller<'_> {
    /// What tells its budget from others of a level; the organisation is the same for all.
    fn keys(&self, key: LimitKey) -> Vec<&str> {
        match key {
            LimitKey::Token => vec![self.token],
            LimitKey::User => vec![self.user],
            LimitKey::AppUser => vec![self.app, self.user],
            LimitKey::Org => vec![],
            LimitKey::Route => vec![self.route],
        }
    }
}

/// Finds or makes the limiters on a caller's path.
pub(super) struct Limiters<'a> {
    api: &'a ApiSpec,
    pub(super) entries: Vec<LimiterEntry>,
    pub(super) configs: Vec<LimiterConfig>,
}

impl<'a> Limiters<'a> {
    pub(super) const fn new(api: &'a ApiSpec) -> Self {
        Self { api, entries: Vec::new(), configs: Vec::new() }
    }

    /// What a request of the caller is charged. `place` is where the caller stands in the model.
    pub(super) fn path(
        &mut self,
        place: &str,
        caller: &Caller<'_>,
        checker: &mut Checker,
    ) -> Vec<Charge> {
        let mut path = Vec::new();
        if !(1..=COST_MAX).contains(&caller.cost) {
            let message = format!("must be from 1 to {COST_MAX}");
            checker.refuse(format!("{place}.cost"), caller.cost, message);
        }
        for (level, spec) in self.api.limits.iter().enumerate() {
            let concerns = spec.token.as_ref().is_none_or(|t| t == caller.token)
                && spec.endpoint.as_ref().is_none_or(|e| e == caller.route);
            if !concerns {
                continue;
            }
            let keys = spec.per.keys().iter().flat_map(|key| caller.keys(*key));
            let keys: Vec<String> = keys.map(str::to_owned).collect();
            let known = self.entries.iter().position(|e| e.level == level && e.keys == keys);
            let index = known.unwrap_or_else(|| {
                let name = [std::slice::from_ref(&spec.name), &keys].concat().join("/");
                self.entries.push(LimiterEntry { level, keys });
                self.configs.push(LimiterConfig {
                    name,
                    spec: spec.limiter.clone(),
                    // An invalid status is refused by `check`.
                    status: Outcome::of_status(spec.status).unwrap_or(Outcome::TooManyRequests),
                    retry_after: spec.retry_after.as_ref().unwrap_or(&self.api.retry_after).clone(),
                });
                self.entries.len() - 1
            });
            let limiter = u32::try_from(index).expect("fewer limiters than 2^32");
            let cost = cost(spec, place, caller.cost, checker);
            path.push(Charge { limiter, cost });
        }
        path
    }
}

/// What a request of this cost takes of a limit. What no budget can hold never passes.
fn cost(spec: &LimitSpec, place: &str, cost: u32, checker: &mut Checker) -> u32 {
    if spec.counts == LimitUnit::Requests {
        return 1;
    }
    // A limiter that is itself wrong is refused for that.
    let most = spec.limiter.check().is_empty().then(|| Limiter::new(&spec.limiter).capacity());
    if let Some(most) = most.filter(|most| cost > *most) {
        let message = format!(
            "a request may cost from 1 to {most}: the limit \"{}\" never takes on more at once",
            spec.name
        );
        checker.refuse(format!("{place}.cost"), cost, message);
    }
    cost
}

pub(super) fn check(limits: &[LimitSpec], checker: &mut Checker) {
    for (i, limit) in limits.iter().enumerate() {
        let path = format!("api.limits.{i}");
        if !(400..=599).contains(&limit.status) {
            let message = "must be the HTTP status of a refusal, from 400 to 599";
            checker.refuse(format!("{path}.status"), limit.status, message);
        }
        if let Some(RetryAfterSpec::Fixed { delay }) = &limit.retry_after {
            checker.positive(&format!("{path}.retry_after.delay"), *delay);
        }
        checker.problems(&format!("{path}.limiter"), limit.limiter.check());
        if limits[..i].iter().any(|l| l.name == limit.name) {
            let message = "two limits have this name";
            checker.refuse(format!("{path}.name"), format!("\"{}\"", limit.name), message);
        }
        let keys = limit.per.keys();
        if keys.is_empty() {
            let message = "needs at least one of token, user, app_user, org and route";
            checker.refuse(format!("{path}.per"), "[]", message);
        }
        for (k, key) in keys.iter().enumerate().filter(|(k, key)| keys[..*k].contains(key)) {
            let message = "stands twice; each key of a combination stands once";
            checker.refuse(format!("{path}.per.{k}"), format!("\"{key}\""), message);
        }
    }
}
