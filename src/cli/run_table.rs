//! What `run` prints for people: the operators' symptoms first, then every metric, then the trunks,
//! carriers, limits and faults.

use std::fmt::Write;

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, presets};

use super::{format, parts_on};
use crate::system::RunResult;
use crate::system::metrics::{Breakdown, Column, Family, Limits, METRICS, index_of};
use crate::system::spec::{FallbackSpec, Model, PolicyPoint};

/// Columns of a terminal.
const WIDTH: u16 = 80;

pub(super) fn render(model: &Model, result: &RunResult) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{}: {}", model.name, model.description);
    let _ = writeln!(
        text,
        "{} simulated, the first {} not measured; seed {}; decisions {}, fallback {}",
        model.horizon,
        model.warmup,
        model.seed,
        point(model.policy.point),
        fallback(model.policy.fallback),
    );
    text += &parts_on::describe(model);
    let _ = writeln!(text, "\nWHAT THE OPERATORS SEE\n{}", symptoms(model, result));
    let _ = writeln!(text, "\nMETRICS\n{}", metrics(result));
    let formula = result.service_level.formula_name();
    let _ = writeln!(text, "\nTRUNKS (SL: {formula})\n{}", trunks(model, &result.trunks));
    let _ = writeln!(text, "\nCARRIERS\n{}", carriers(&result.carriers));
    if !result.limits.rows.is_empty() {
        let _ = writeln!(text, "\nLIMITS\n{}", limits(&result.limits));
    }
    if !result.faults.rows.is_empty() {
        let _ = writeln!(text, "\nFAULTS\n{}", faults(&result.faults));
    }
    text
}

const fn point(point: PolicyPoint) -> &'static str {
    match point {
        PolicyPoint::PerInvite => "per INVITE",
        PolicyPoint::PostAnswer => "after answer",
        PolicyPoint::Push => "pushed",
        PolicyPoint::EdgeStatic => "static at the edge",
    }
}

const fn fallback(fallback: FallbackSpec) -> &'static str {
    match fallback {
        FallbackSpec::LastKnown => "last known policy",
        FallbackSpec::DefaultGroup => "default group",
        FallbackSpec::SecondaryCarrier => "secondary carrier",
        FallbackSpec::Reject => "reject with 503",
    }
}

/// The value of a metric, as people read it.
fn shown(result: &RunResult, name: &str) -> String {
    let index = index_of(name).expect("the metric is in the catalogue");
    format::value(&METRICS[index], result.metrics[index])
}

/// What it is, its value, and what stands behind it.
type Row = (&'static str, String, String);

/// The six symptoms, in the order in which one leads to the next, and what they cost.
fn symptoms(model: &Model, result: &RunResult) -> Table {
    let mut table = plain_table();
    let rows = towards_the_api(result).into_iter().chain(towards_the_carriers(model, result));
    for (what, value, more) in rows {
        table.add_row([what.to_owned(), value, more]);
    }
    align_numbers(&mut table, &[1]);
    table
}

fn towards_the_api(result: &RunResult) -> Vec<Row> {
    let get = |name: &str| shown(result, name);
    vec![
        (
            "429 Too Many Requests",
            get("api_429s"),
            format!(
                "of {} attempts; {} attempts per request, {} of requests succeed",
                get("api_attempts"),
                get("retry_amplification"),
                get("api_success_ratio"),
            ),
        ),
        (
            "circuit breaker openings",
            get("breaker_openings"),
            format!(
                "{} false: an attempt would have been served in time; {} requests or tries refused",
                get("breaker_openings_false"),
                get("breaker_refusals"),
            ),
        ),
        (
            "added update latency",
            get("added_update_latency_ms"),
            format!(
                "while limited; p95 {}; {} INVITEs timed out",
                get("update_latency_ms_p95"),
                get("invite_timeouts"),
            ),
        ),
    ]
}

fn towards_the_carriers(model: &Model, result: &RunResult) -> Vec<Row> {
    let get = |name: &str| shown(result, name);
    vec![
        (
            "failovers to the secondary",
            get("failovers"),
            format!(
                "{} unnecessary: the primary leg was usable; {} came back within {}",
                get("failovers_unnecessary"),
                get("failover_flaps"),
                model.failover.flap_within,
            ),
        ),
        (
            "SIP registration timeouts",
            get("registration_timeouts"),
            trunks_with(&result.trunks, "registration_timeouts"),
        ),
        (
            "drops on the secondary",
            get("calls_dropped_secondary"),
            format!(
                "{} on the primary; {} callers dialled again",
                get("calls_dropped_primary"),
                get("calls_redialled"),
            ),
        ),
        (
            "utilization error",
            get("utilization_mae"),
            format!(
                "of capacity: true {}, reported {}, {} ghost channels",
                get("utilization_true"),
                get("utilization_reported"),
                get("ghost_channels"),
            ),
        ),
        (
            "service level",
            get("service_level"),
            format!(
                "by {}, within {} (target {:.0} %); {} end to end; {} of calls succeed",
                result.service_level.formula_name(),
                model.service_level.threshold,
                model.service_level.target * 100.0,
                get("service_level_end_to_end"),
                get("call_success_ratio"),
            ),
        ),
    ]
}

/// Names of the trunks where a column is above zero.
fn trunks_with(trunks: &Breakdown, column: &str) -> String {
    let index = trunks.columns.iter().position(|c| c.name == column);
    let index = index.expect("the trunk table has the column");
    let mut hit: Vec<(&str, f64)> = trunks
        .rows
        .iter()
        .filter(|(_, values)| values[index] > 0.0)
        .map(|(name, values)| (name.as_str(), values[index]))
        .collect();
    hit.sort_by(|a, b| b.1.total_cmp(&a.1));
    let named: Vec<String> = hit.iter().take(6).map(|(name, n)| format!("{name} ({n})")).collect();
    let more = match hit.len() {
        0..=6 => String::new(),
        n => format!(" and {} more", n - 6),
    };
    format!("{}{more}", named.join(", "))
}

fn metrics(result: &RunResult) -> Table {
    let mut table = plain_table();
    let mut last = None;
    for (index, (metric, value)) in METRICS.iter().zip(&result.metrics).enumerate() {
        if last.replace(metric.family) != Some(metric.family) {
            table.add_row([heading(metric.family), "", ""]);
        }
        table.add_row([
            format!("  {}", metric.name),
            format::value(metric, *value),
            result.meaning(index).into_owned(),
        ]);
    }
    align_numbers(&mut table, &[1]);
    table
}

const fn heading(family: Family) -> &'static str {
    match family {
        Family::Service => "Service level",
        Family::Calls => "Calls",
        Family::Agents => "Agents",
        Family::Api => "API",
        Family::Update => "Routing decisions",
        Family::Breaker => "Circuit breaker",
        Family::Failover => "Failover",
        Family::Registration => "Registration",
        Family::Utilization => "Utilization",
        Family::Engine => "SBC and engine",
    }
}

/// The columns of the trunk table that fit a terminal: heading, metric and what it is.
const TRUNK_COLUMNS: [(&str, &str, Kind); 9] = [
    ("calls", "calls_offered", Kind::Count),
    ("SL", "service_level", Kind::Share),
    ("INVITE t/o", "invite_timeouts", Kind::Count),
    ("drops 1st", "calls_dropped_primary", Kind::Count),
    ("drops 2nd", "calls_dropped_secondary", Kind::Count),
    ("fail overs", "failovers", Kind::Count),
    ("REG t/o", "registration_timeouts", Kind::Count),
    ("upd ms", "update_latency_ms_mean", Kind::Count),
    ("util. error", "utilization_mae", Kind::Share),
];

const CARRIER_COLUMNS: [(&str, &str, Kind); 8] = [
    ("calls", "calls_connected", Kind::Count),
    ("minutes", "connected_minutes", Kind::Count),
    ("cost", "cost", Kind::Count),
    ("INVITE t/o", "invite_timeouts", Kind::Count),
    ("REGISTERs", "registers_received", Kind::Count),
    ("peak /s", "register_rate_peak_per_s", Kind::Count),
    ("REG t/o", "registration_timeouts", Kind::Count),
    ("refused", "registration_refusals", Kind::Count),
];

const LIMIT_COLUMNS: [(&str, &str, Kind); 7] = [
    ("limit", "limit_per_period", Kind::Count),
    ("per s", "period_s", Kind::Count),
    ("peak", "peak", Kind::Count),
    ("attempts", "attempts", Kind::Count),
    ("passed", "passed", Kind::Count),
    ("delayed", "delayed", Kind::Count),
    ("refused", "refused", Kind::Count),
];

const FAULT_COLUMNS: [(&str, &str, Kind); 6] = [
    ("starts s", "start_s", Kind::Count),
    ("ends s", "end_s", Kind::Count),
    ("times", "ends", Kind::Count),
    ("recovered in s", "recovery_time_s", Kind::Count),
    ("SL from", "service_level_band", Kind::Share),
    ("queued up to", "callers_queued_band", Kind::Count),
];

#[derive(Copy, Clone)]
enum Kind {
    Count,
    Share,
}

impl Kind {
    fn show(self, value: f64) -> String {
        match self {
            _ if value.is_nan() => "-".to_owned(),
            Self::Count => format!("{value:.0}"),
            Self::Share => format!("{:.1}%", value * 100.0),
        }
    }
}

fn trunks(model: &Model, breakdown: &Breakdown) -> Table {
    let cities: Vec<&str> = model
        .trunks
        .iter()
        .flat_map(|t| std::iter::repeat_n(t.city.as_str(), t.count as usize))
        .collect();
    let named = breakdown.rows.iter().zip(cities).map(|((name, values), city)| {
        let name = if city.is_empty() { name.clone() } else { format!("{name} {city}") };
        (name, values.as_slice())
    });
    breakdown_table("trunk", breakdown.columns, named, &TRUNK_COLUMNS)
}

fn carriers(breakdown: &Breakdown) -> Table {
    let named = breakdown.rows.iter().map(|(name, values)| (name.clone(), values.as_slice()));
    breakdown_table("carrier", breakdown.columns, named, &CARRIER_COLUMNS)
}

/// Of each limiter a row of all clients together, and under it a row per client.
fn limits(limits: &Limits) -> Table {
    let named = limits.rows.iter().map(|row| {
        let name = match &row.client {
            None => row.limit.clone(),
            Some(client) => format!("  {client}"),
        };
        (name, row.values.as_slice())
    });
    breakdown_table("limiter, client", limits.columns, named, &LIMIT_COLUMNS)
}

fn faults(breakdown: &Breakdown) -> Table {
    let named = breakdown.rows.iter().map(|(name, values)| (name.clone(), values.as_slice()));
    breakdown_table("fault", breakdown.columns, named, &FAULT_COLUMNS)
}

fn breakdown_table<'a>(
    kind: &str,
    columns: &[Column],
    rows: impl Iterator<Item = (String, &'a [f64])>,
    wanted: &[(&str, &str, Kind)],
) -> Table {
    let mut table = plain_table();
    let mut header = vec![kind];
    header.extend(wanted.iter().map(|(title, ..)| *title));
    table.set_header(header);
    for (name, values) in rows {
        let mut row = vec![name];
        row.extend(wanted.iter().map(|(_, column, kind)| {
            let index = columns.iter().position(|c| c.name == *column);
            let index = index.expect("a column of the table");
            kind.show(values[index])
        }));
        table.add_row(row);
    }
    let numbers: Vec<usize> = (1..=wanted.len()).collect();
    align_numbers(&mut table, &numbers);
    // Names are never broken; the headings of numbers are, at their spaces.
    let name = table.column_mut(0).expect("there is a name");
    name.set_constraint(ColumnConstraint::ContentWidth);
    table
}

pub(super) fn plain_table() -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(WIDTH);
    table
}

pub(super) fn align_numbers(table: &mut Table, columns: &[usize]) {
    for column in table.column_iter_mut() {
        column.set_padding((0, 1));
    }
    for index in columns {
        if let Some(column) = table.column_mut(*index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}
