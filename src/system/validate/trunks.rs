//! Trunks, legs, carriers, SBCs and agent groups.

use super::{Checker, Known};
use crate::engine::time::{SimDuration, SimTime};
use crate::engine::variates::Variate;
use crate::policies::limiter::LimiterSpec;
use crate::policies::registration::grant;
use crate::system::config::{
    CarrierConfig, GroupConfig, LegConfig, OutageConfig, SbcConfig, Traces, TrunkConfig,
};
use crate::system::entity::Entity;
use crate::system::ids::{CarrierId, ChannelsId, GroupId, SbcId, TrunkId};
use crate::system::spec::{
    ArrivalSpec, GroupSpec, LegSpec, Model, RegistrarSpec, SbcSpec, TrunkSpec,
};

/// What trunks and their surroundings become.
pub(super) struct Trunks {
    pub(super) carriers: Vec<CarrierConfig>,
    pub(super) crews: u32,
    pub(super) channels: Vec<u32>,
    pub(super) sbcs: Vec<SbcConfig>,
    pub(super) trunks: Vec<TrunkConfig>,
    pub(super) legs: Vec<Option<LegConfig>>,
    /// Names of the regions; a trunk's region is an index into them.
    pub(super) regions: Vec<String>,
}

/// Names with `{n}` written out, and the key each comes from.
pub(super) fn expand<'a>(
    written: impl IntoIterator<Item = (&'a str, u32)>,
    key: &str,
    checker: &mut Checker,
) -> Vec<(String, String)> {
    let mut names = Vec::new();
    for (i, (id, count)) in written.into_iter().enumerate() {
        let path = format!("{key}.{i}.id");
        checker.at_least_one(&format!("{key}.{i}.count"), count);
        if count > 1 && !id.contains("{n}") {
            checker.refuse(
                &path,
                format!("\"{id}\""),
                "with count above 1 the name needs {n} for the number",
            );
            names.push((id.to_owned(), path));
            continue;
        }
        for n in 1..=count {
            names.push((id.replace("{n}", &n.to_string()), path.clone()));
        }
    }
    names
}

pub(super) fn build(
    model: &Model,
    known: &Known,
    traces: &Traces,
    checker: &mut Checker,
) -> Trunks {
    let crews = crews(model);
    let mut built = Trunks {
        carriers: carriers(model, &crews, checker),
        crews: u32::try_from(crews.len()).unwrap_or(u32::MAX),
        channels: model.channel_groups.iter().map(|g| g.channels).collect(),
        sbcs: sbcs(model, checker),
        trunks: Vec::new(),
        legs: Vec::new(),
        regions: Vec::new(),
    };
    let names = expand(model.trunks.iter().map(|t| (t.id.as_str(), t.count)), "trunks", checker);
    super::Names::new("trunk", names, checker);
    let mut regions: Vec<&str> = model.trunks.iter().map(|t| t.region.as_str()).collect();
    regions.sort_unstable();
    regions.dedup();
    built.regions = regions.iter().map(|r| (*r).to_owned()).collect();
    for (i, spec) in model.trunks.iter().enumerate() {
        let path = format!("trunks.{i}");
        let region = regions.iter().position(|r| *r == spec.region).unwrap_or(0);
        let arrivals = format!("{path}.arrivals");
        let trace = super::arrivals(&arrivals, &spec.arrivals, (traces, model.horizon), checker);
        check_load(&arrivals, spec, model.calls.load, checker);
        for n in 1..=spec.count {
            let sbc = spec.sbc.replace("{n}", &n.to_string());
            let sbc = checker.resolve(&format!("{path}.sbc"), &sbc, &known.sbcs);
            let groups = groups_of(&path, spec, known, checker);
            let name = spec.id.replace("{n}", &n.to_string());
            let [primary, secondary] =
                legs((&path, model), spec, &name, known, &mut built, checker);
            let capacity = [&primary, &secondary]
                .into_iter()
                .flatten()
                .filter_map(|l| built.channels.get(l.channels.index()))
                .sum();
            built.legs.extend([primary, secondary]);
            let of = (sbc, region, groups, capacity);
            built.trunks.push(trunk(model, spec, name, of, trace.clone()));
        }
        check_trunk(&path, spec, checker);
    }
    built
}

/// The primary leg and the secondary one of a trunk.
fn legs(
    (path, model): (&str, &Model),
    spec: &TrunkSpec,
    trunk: &str,
    known: &Known,
    built: &mut Trunks,
    checker: &mut Checker,
) -> [Option<LegConfig>; 2] {
    let mut leg = |side: &str, spec: &LegSpec| {
        let (path, entity) = (format!("{path}.{side}"), Entity::named(side, trunk));
        leg((&path, model), spec, entity, known, &mut built.channels, checker)
    };
    let primary = leg("primary", &spec.primary);
    [primary, spec.secondary.as_ref().and_then(|s| leg("secondary", s))]
}

fn groups_of(path: &str, spec: &TrunkSpec, known: &Known, checker: &mut Checker) -> Vec<GroupId> {
    let mut group = |(g, name): (usize, &String)| {
        checker.resolve(&format!("{path}.groups.{g}"), name, &known.groups).map(GroupId)
    };
    spec.groups.iter().enumerate().filter_map(&mut group).collect()
}

fn trunk(
    model: &Model,
    spec: &TrunkSpec,
    name: String,
    (sbc, region, groups, capacity): (Option<u32>, usize, Vec<GroupId>, u32),
    trace: Option<std::sync::Arc<[SimTime]>>,
) -> TrunkConfig {
    TrunkConfig {
        entity: Entity::named("trunk", &name),
        region_entity: Entity::named("region", &spec.region),
        name,
        city: spec.city.clone(),
        region: u32::try_from(region).unwrap_or(0),
        sbc: SbcId(sbc.unwrap_or(0)),
        transport: spec.transport,
        groups,
        priority: spec.priority,
        arrivals: spec.arrivals.times(model.calls.load).unwrap_or_else(|| spec.arrivals.clone()),
        trace,
        callers: match &spec.arrivals {
            ArrivalSpec::FiniteSource { sources, idle } => Some((*sources, idle.sampler())),
            _ => None,
        },
        talk: spec.talk.as_ref().unwrap_or(&model.calls.talk).sampler(),
        rtt_api: spec.rtt_api,
        capacity,
    }
}

/// Refuses a load where there are no rates it could multiply.
fn check_load(path: &str, spec: &TrunkSpec, load: f64, checker: &mut Checker) {
    if load.to_bits() != 1f64.to_bits() && spec.arrivals.times(load).is_none() {
        let message = format!("has no rates that calls.load = {load} could multiply");
        checker.refuse(format!("{path}.kind"), "", message);
    }
}

fn check_trunk(path: &str, spec: &TrunkSpec, checker: &mut Checker) {
    if spec.groups.is_empty() {
        checker.refuse(format!("{path}.groups"), "[]", "needs at least one agent group");
    }
    for (g, name) in spec.groups.iter().enumerate() {
        if spec.groups[..g].contains(name) {
            checker.refuse(
                format!("{path}.groups.{g}"),
                format!("\"{name}\""),
                "stands here twice",
            );
        }
    }
    if let Some(talk) = &spec.talk {
        checker.variate(&format!("{path}.talk"), talk);
    }
}

fn leg(
    (path, model): (&str, &Model),
    spec: &LegSpec,
    entity: Entity,
    known: &Known,
    channels: &mut Vec<u32>,
    checker: &mut Checker,
) -> Option<LegConfig> {
    let carrier = checker.resolve(&format!("{path}.carrier"), &spec.carrier, &known.carriers);
    if !(0.0..1.0).contains(&spec.loss) {
        checker.refuse(format!("{path}.loss"), spec.loss, "must be at least 0 and below 1");
    }
    let calls_per_s_max = spec.calls_per_s_max.map(|rate| {
        if !(rate.is_finite() && rate > 0.0) {
            checker.refuse(format!("{path}.calls_per_s_max"), rate, "must be a finite number > 0");
        }
        LimiterSpec::calls_per_second(rate)
    });
    let channels_id = match (spec.channels, &spec.channel_group) {
        (Some(own), None) => {
            checker.at_least_one(&format!("{path}.channels"), own);
            channels.push(own);
            u32::try_from(channels.len() - 1).ok()
        }
        (None, Some(group)) => {
            checker.resolve(&format!("{path}.channel_group"), group, &known.channel_groups)
        }
        (Some(own), Some(_)) => {
            let message = "a leg has either `channels` of its own or a `channel_group`, not both";
            checker.refuse(format!("{path}.channels"), own, message);
            None
        }
        (None, None) => {
            checker.refuse(path, "", "a leg needs either `channels` or a `channel_group`");
            None
        }
    };
    let carrier = carrier?;
    Some(LegConfig {
        entity,
        carrier: CarrierId(carrier),
        channels: ChannelsId(channels_id?),
        calls_per_s_max,
        rtt: spec.rtt,
        loss: spec.loss,
        registration: spec.registration,
        connects: model.carriers[carrier as usize].connects.unwrap_or(!spec.registration),
    })
}

/// The names of the repair crews.
fn crews(model: &Model) -> Vec<&str> {
    let outages = model.carriers.iter().filter_map(|c| c.outages.as_ref());
    let mut names: Vec<&str> = outages.filter_map(|o| o.crew.as_deref()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn carriers(model: &Model, crews: &[&str], checker: &mut Checker) -> Vec<CarrierConfig> {
    let mut built = Vec::new();
    for (i, group) in model.channel_groups.iter().enumerate() {
        checker.at_least_one(&format!("channel_groups.{i}.channels"), group.channels);
    }
    for (i, spec) in model.carriers.iter().enumerate() {
        let path = format!("carriers.{i}");
        checker.price(&format!("{path}.price_per_minute"), spec.price_per_minute);
        if let Some(outages) = &spec.outages {
            checker.variate(&format!("{path}.outages.time_to_failure"), &outages.time_to_failure);
            checker.variate(&format!("{path}.outages.time_to_repair"), &outages.time_to_repair);
            if outages.time_to_failure.mean_s() <= 0.0 {
                checker.refuse(
                    format!("{path}.outages.time_to_failure"),
                    "0s",
                    "must be longer than 0s",
                );
            }
        }
        let registrar = &spec.registrar;
        let asked = model.registration.expires;
        check_registrar(&format!("{path}.registrar"), registrar, asked, checker);
        built.push(CarrierConfig {
            name: spec.id.clone(),
            entity: Entity::named("carrier", &spec.id),
            outage_kind: spec.outage_kind,
            dead_flow: spec.dead_flow,
            honour_503: spec.honour_503,
            honour_503_cap: spec.honour_503_cap,
            fake_retry_after: spec.fake_retry_after,
            price_per_minute: spec.price_per_minute,
            outages: spec.outages.as_ref().map(|o| OutageConfig {
                time_to_failure: o.time_to_failure.sampler(),
                time_to_repair: o.time_to_repair.sampler(),
                crew: crews
                    .iter()
                    .position(|name| o.crew.as_deref() == Some(name))
                    .and_then(|at| u32::try_from(at).ok()),
            }),
            registrar_service: registrar.service.sampler(),
            registrar: registrar.clone(),
        });
    }
    check_registration(model, checker);
    built
}

fn check_registrar(
    at: &str,
    registrar: &RegistrarSpec,
    asked: Option<SimDuration>,
    checker: &mut Checker,
) {
    checker.variate(&format!("{at}.service"), &registrar.service);
    checker.positive(&format!("{at}.expires"), registrar.expires);
    checker.at_least_one(&format!("{at}.servers"), registrar.servers);
    checker.share(&format!("{at}.failure_share"), registrar.failure_share);
    if let Some(limit) = &registrar.limit {
        checker.problems(&format!("{at}.limit"), limit.check());
        if limit.holds_back() {
            let message = "must refuse what is over it: a registrar holds nothing back";
            checker.refuse(format!("{at}.limit"), "a limiter that holds back", message);
        }
    }
    let status = registrar.failure_status;
    if !(400..=699).contains(&status) || [401, 407, 423].contains(&status) {
        let message = "must be a final answer from 400 to 699, and not 401, 407 or 423";
        checker.refuse(format!("{at}.failure_status"), status, message);
    }
    // What an SBC gets that has learnt from 423 how much it has to ask for.
    let granted = grant(asked, registrar.min_expires, registrar.expires);
    let granted = granted.unwrap_or_else(|least| least.min(registrar.expires));
    if registrar.expires_spread >= granted {
        let message = format!("must be below what the registrar grants ({granted})");
        checker.refuse(format!("{at}.expires_spread"), registrar.expires_spread, message);
    }
    if let Some(overload) = &registrar.overload {
        checker.problems(&format!("{at}.overload"), overload.check());
    }
    if let Some(min) = registrar.min_expires {
        checker.positive(&format!("{at}.min_expires"), min);
        if min > registrar.expires {
            let message = format!("must be at most expires ({})", registrar.expires);
            checker.refuse(format!("{at}.min_expires"), min, message);
        }
    }
    if let Some(background) = &registrar.background {
        checker.rate(&format!("{at}.background.rate_per_s"), background.rate_per_s);
    }
}

fn check_registration(model: &Model, checker: &mut Checker) {
    let registration = &model.registration;
    let fraction = registration.refresh_fraction;
    if !(fraction > 0.0 && fraction <= 1.0) {
        checker.refuse(
            "registration.refresh_fraction",
            fraction,
            "must be above 0 and at most 1: a binding is refreshed before it expires",
        );
    }
    checker.positive("registration.transaction_timeout", registration.transaction_timeout);
    checker.positive("registration.connect_timeout", registration.connect_timeout);
    if let Some(expires) = registration.expires {
        checker.positive("registration.expires", expires);
    }
    checker.problems("registration.retry", registration.retry.check());
    if let Some(options) = &model.options {
        super::options::check(options, checker);
    }
}

fn sbcs(model: &Model, checker: &mut Checker) -> Vec<SbcConfig> {
    let mut built = Vec::new();
    for (i, spec) in model.sbcs.iter().enumerate() {
        for (key, variate) in times(spec) {
            checker.variate(&format!("sbcs.{i}.{key}"), variate);
        }
        if let Some(overload) = &spec.overload {
            checker.problems(&format!("sbcs.{i}.overload"), overload.check());
        }
        for n in 1..=spec.count {
            let name = spec.id.replace("{n}", &n.to_string());
            built.push(SbcConfig {
                entity: Entity::named("sbc", &name),
                name,
                queue: spec.queue,
                invite: spec.invite.sampler(),
                register: spec.register.sampler(),
                options: spec.options.sampler(),
                bye: spec.bye.sampler(),
                handshake: spec.handshake.sampler(),
                retry_after: spec.retry_after,
                overload: spec.overload.clone(),
            });
        }
    }
    built
}

fn times(spec: &SbcSpec) -> [(&'static str, &Variate); 5] {
    [
        ("invite", &spec.invite),
        ("register", &spec.register),
        ("options", &spec.options),
        ("bye", &spec.bye),
        ("handshake", &spec.handshake),
    ]
}

pub(super) fn groups(
    model: &Model,
    known: &Known,
    trunks: &[TrunkConfig],
    checker: &mut Checker,
) -> Vec<GroupConfig> {
    let updates = &model.updates;
    if updates.available_at <= updates.scarce_at {
        let message = format!("must be above scarce_at ({})", updates.scarce_at);
        checker.refuse("updates.available_at", updates.available_at, message);
    }
    let mut built = Vec::new();
    for (i, spec) in model.groups.iter().enumerate() {
        let path = format!("groups.{i}");
        if let Some(wrap_up) = &spec.wrap_up {
            checker.variate(&format!("{path}.wrap_up"), wrap_up);
        }
        let id = GroupId(u32::try_from(i).unwrap_or(u32::MAX));
        built.push(GroupConfig {
            name: spec.id.clone(),
            agents: spec.agents,
            staffing: staffing(&path, spec, checker),
            wrap_up: spec.wrap_up.as_ref().map(Variate::sampler),
            overflow: overflow(&path, spec, known, checker),
            trunks: (0u32..)
                .zip(trunks)
                // A trunk with a single group has nothing to update.
                .filter(|(_, t)| t.groups.len() > 1 && t.groups.contains(&id))
                .map(|(t, _)| TrunkId(t))
                .collect(),
        });
    }
    built
}

fn staffing(path: &str, spec: &GroupSpec, checker: &mut Checker) -> Vec<(SimTime, u32)> {
    for (i, pair) in spec.staffing.windows(2).enumerate() {
        if pair[1].at <= pair[0].at {
            let message = format!("must be later than the step before ({})", pair[0].at);
            checker.refuse(format!("{path}.staffing.{}.at", i + 1), pair[1].at, message);
        }
    }
    let anybody = spec.agents > 0 || spec.staffing.iter().any(|s| s.agents > 0);
    if !anybody {
        checker.refuse(format!("{path}.agents"), spec.agents, "the group never has an agent");
    }
    spec.staffing.iter().map(|s| (SimTime::ZERO + s.at, s.agents)).collect()
}

fn overflow(
    path: &str,
    spec: &GroupSpec,
    known: &Known,
    checker: &mut Checker,
) -> Option<(SimDuration, GroupId)> {
    let overflow = spec.overflow.as_ref()?;
    if overflow.to == spec.id {
        checker.refuse(
            format!("{path}.overflow.to"),
            format!("\"{}\"", overflow.to),
            "must be another group",
        );
    }
    let to = checker.resolve(&format!("{path}.overflow.to"), &overflow.to, &known.groups)?;
    Some((overflow.after, GroupId(to)))
}
