//! Timed faults, random and scheduled outages.

use super::limits::LimiterEntry;
use super::{Checker, Known};
use crate::engine::time::{SimDuration, SimTime};
use crate::system::config::{FaultConfig, FaultKind, Slowdowns};
use crate::system::ids::{CarrierId, GroupId, SbcId};
use crate::system::slowdown::Slowdown;
use crate::system::spec::{FaultSpec, Model};
use crate::system::spelling::no_such;

pub(super) fn build(
    model: &Model,
    known: &Known,
    limiters: &[LimiterEntry],
    checker: &mut Checker,
) -> Vec<FaultConfig> {
    let mut built = Vec::new();
    for (i, carrier) in (0u32..).zip(&model.carriers) {
        for outage in &carrier.schedule {
            built.push(timed(
                outage.at,
                outage.length,
                FaultKind::Carrier(CarrierId(i), carrier.outage_kind),
            ));
        }
    }
    for (i, spec) in model.faults.iter().enumerate() {
        let path = format!("faults.{i}");
        let (at, length) = spec.window();
        if let Some(kind) = kind(&path, spec, model, known, limiters, checker) {
            built.push(timed(at, length, kind));
        }
    }
    // A fault of length zero has no effect.
    built.retain(|fault| fault.at < fault.until);
    built.sort_by_cached_key(FaultConfig::key);
    built
}

/// How the faults slow service down.
pub(super) fn slowdowns(model: &Model, faults: &[FaultConfig]) -> Slowdowns {
    let horizon = SimTime::ZERO + model.horizon;
    let of = |factor: &dyn Fn(&FaultKind) -> Option<f64>| {
        let happen = faults.iter().filter(|fault| fault.happens(horizon));
        let windows = happen.filter_map(|f| Some((f.at, f.until, factor(&f.kind)?)));
        Slowdown::new(&windows.collect::<Vec<_>>())
    };
    let registrar = |i: u32| {
        of(&|kind| match kind {
            FaultKind::Registrar(carrier, by) if carrier.0 == i => Some(*by),
            _ => None,
        })
    };
    Slowdowns {
        api: of(&|kind| match kind {
            FaultKind::ApiSlowdown(by) => Some(*by),
            _ => None,
        }),
        registrars: (0u32..).zip(&model.carriers).map(|(i, _)| registrar(i)).collect(),
    }
}

fn timed(at: SimDuration, length: SimDuration, kind: FaultKind) -> FaultConfig {
    let at = SimTime::ZERO + at;
    FaultConfig { at, until: at.saturating_add(length), kind }
}

fn kind(
    path: &str,
    spec: &FaultSpec,
    model: &Model,
    known: &Known,
    limiters: &[LimiterEntry],
    checker: &mut Checker,
) -> Option<FaultKind> {
    let carrier = |name: &str, checker: &mut Checker| {
        checker.resolve(&format!("{path}.carrier"), name, &known.carriers).map(CarrierId)
    };
    let factor = |key: &str, value: f64, checker: &mut Checker| {
        if !(value.is_finite() && value > 0.0) {
            checker.refuse(format!("{path}.{key}"), value, "must be a finite number > 0");
        }
    };
    let share = |key: &str, value: f64, top: f64, checker: &mut Checker| {
        if !(0.0..=top).contains(&value) {
            checker.refuse(format!("{path}.{key}"), value, format!("must lie between 0 and {top}"));
        }
    };
    Some(match spec {
        FaultSpec::CarrierOutage { carrier: name, outage_kind, .. } => {
            let carrier = carrier(name, checker)?;
            let usual = model.carriers[carrier.index()].outage_kind;
            FaultKind::Carrier(carrier, outage_kind.unwrap_or(usual))
        }
        FaultSpec::ApiBrownOut { slowdown, .. } => {
            factor("slowdown", *slowdown, checker);
            FaultKind::ApiSlowdown(*slowdown)
        }
        FaultSpec::ApiLimitCut { factor: by, limit, .. } => {
            factor("factor", *by, checker);
            let limiters = limits_named(path, limit.as_deref(), model, limiters, checker);
            FaultKind::ApiLimit { factor: *by, limiters }
        }
        FaultSpec::SbcRestart { sbc, outage_kind, .. } => {
            let sbc = SbcId(checker.resolve(&format!("{path}.sbc"), sbc, &known.sbcs)?);
            FaultKind::Sbc(sbc, outage_kind.unwrap_or_default())
        }
        FaultSpec::RegistrarSlowdown { carrier: name, slowdown, .. } => {
            factor("slowdown", *slowdown, checker);
            FaultKind::Registrar(carrier(name, checker)?, *slowdown)
        }
        FaultSpec::LegNetwork { carrier: name, delay, loss, .. } => {
            share("loss", *loss, 0.99, checker);
            FaultKind::LegNetwork { carrier: carrier(name, checker)?, delay: *delay, loss: *loss }
        }
        FaultSpec::ApiNetwork { delay, loss, .. } => {
            share("loss", *loss, 0.99, checker);
            FaultKind::ApiNetwork { delay: *delay, loss: *loss }
        }
        FaultSpec::AgentLogout { group, share: leave, .. } => {
            share("share", *leave, 1.0, checker);
            let group = checker.resolve(&format!("{path}.group"), group, &known.groups)?;
            FaultKind::Agents(GroupId(group), *leave)
        }
    })
}

fn limits_named(
    path: &str,
    name: Option<&str>,
    model: &Model,
    limiters: &[LimiterEntry],
    checker: &mut Checker,
) -> Vec<u32> {
    let level = name.map(|n| (n, model.api.limits.iter().position(|l| l.name == n)));
    if let Some((name, None)) = level {
        let known = model.api.limits.iter().map(|l| l.name.as_str());
        let message = no_such("limit", name, known);
        checker.refuse(format!("{path}.limit"), format!("\"{name}\""), message);
    }
    let wanted = level.and_then(|(_, level)| level);
    (0u32..)
        .zip(limiters)
        .filter(|(_, l)| wanted.is_none_or(|w| w == l.level))
        .map(|(i, _)| i)
        .collect()
}
