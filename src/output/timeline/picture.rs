//! A timeline as lanes, from causes at the top to effects at the bottom.

use super::{Origin, busiest};
use crate::engine::time::{SimDuration, SimTime};
use crate::output::chart::lanes::{
    Band, Bins, Content, Lane, Lanes, Moment, Row, Run, Series, Shade, StateLook, States, Tone,
};
use crate::output::chart::{Axis, Chart, Format, Level};
use crate::policies::breaker::State;
use crate::system::timeline::finding::finding;
use crate::system::timeline::{
    Carriage, ClientBin, Clock, Enrolment, Episode, LimiterLane, Timeline, Track,
};

/// Bins side by side: about three pixels each.
const BINS_MAX: u64 = 288;
/// The shortest state shown, as a part of the whole: about a pixel and a half.
const CELLS: u64 = 540;
/// Bins of calls: wide enough to hold some.
const CALL_BINS_MAX: u64 = 100;
/// Episodes with fewer refusals than this part of the greatest are shaded, but not labelled.
const LABELLED: u64 = 10;
/// Labels at most; beyond it only the worst episode has a label.
const LABELS_MAX: usize = 8;
/// Of more faults of a kind only the first has a label.
const FAULTS_LABELLED: usize = 3;
/// Rows of a lane.
const ROWS_MAX: usize = 24;
/// So few breakers have a row each, whatever they do.
const BREAKERS_EACH: usize = 3;
/// Rows of breakers.
const BREAKERS_MAX: usize = 12;
/// Limits below this are paced, not budgeted: what they have left is all or nothing.
const BUDGET_MIN: u32 = 5;
/// Lines of budgets.
const BUDGETS_MAX: usize = 3;

/// The picture of a timeline. Every figure in it is counted in the timeline; what is shorter than
/// a cell of the picture is drawn as wide as one.
#[must_use]
pub fn chart(timeline: &Timeline, origin: &Origin) -> Chart {
    let found = finding(timeline);
    let clock = Clock::of(timeline.window);
    let drawn = timeline.with_bins_at_most(BINS_MAX);
    let cell = SimDuration::from_nanos(timeline.window.length().as_nanos() / CELLS);
    let mut lanes = vec![attempts(&drawn)];
    lanes.extend(budgets(&drawn));
    lanes.push(refusals(&drawn));
    lanes.extend(breakers(timeline, cell));
    lanes.extend(carriers(timeline, cell));
    lanes.extend(registrations(timeline, cell));
    let of_calls = timeline.with_bins_at_most(CALL_BINS_MAX);
    lanes.push(calls(&of_calls));
    lanes.push(service_level(&of_calls));
    let moment = |m: &crate::system::timeline::finding::Moment| Moment {
        at_s: m.at.as_secs_f64(),
        text: format!("{}  {}", clock.long(m.at), m.text),
    };
    let (unit, ticks) = ticks(timeline, clock);
    Chart::Lanes(Lanes {
        title: found.title,
        subtitle: format!("Model {}. {}", origin.model, found.summary),
        range_s: (timeline.window.from.as_secs_f64(), timeline.window.until.as_secs_f64()),
        time: format!("Simulated time since the start of the run ({unit})"),
        ticks,
        bands: bands(timeline, cell),
        moments: found.moments.iter().map(moment).collect(),
        lanes,
        note: note(timeline, origin, (drawn.bin, of_calls.bin), cell),
    })
}

fn note(
    timeline: &Timeline,
    origin: &Origin,
    (bin, of_calls): (SimDuration, SimDuration),
    cell: SimDuration,
) -> String {
    let opens = |track: &&Track<State>| track.spans.iter().any(|s| s.state != State::Closed);
    let opening = timeline.breakers.iter().filter(opens).count();
    let shown = [
        ("trunks", timeline.trunks.len(), ROWS_MAX),
        ("breakers that open", opening, BREAKERS_MAX),
        ("legs", timeline.registrations.len(), 2 * ROWS_MAX),
    ];
    let omitted = shown.iter().filter(|(_, all, most)| all > most);
    let omitted = omitted.map(|(what, all, most)| {
        format!(" Of {all} {what} the {most} that changed most are shown.")
    });
    let closer = if timeline.bin > SimDuration::from_secs(1) {
        " A part of the run in more detail: --timeline with --from and --to."
    } else {
        ""
    };
    format!(
        "Bins of {bin}, of calls {of_calls}. States shorter than {:.1} s are drawn that long; of several within that \
         time the worst is drawn.{}{closer} Seed {}, replication {}.",
        cell.as_secs_f64(),
        omitted.collect::<String>(),
        origin.seed,
        origin.replication,
    )
}

/// Round instants, about ten, and the unit of their texts.
fn ticks(timeline: &Timeline, clock: Clock) -> (&'static str, Vec<(f64, String)>) {
    const STEPS_S: [u64; 15] =
        [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400];
    let window = timeline.window;
    let days = (1..).map(|days| days * 43_200);
    let step = STEPS_S.into_iter().chain(days).map(SimDuration::from_secs);
    let few = |step: &SimDuration| window.length().as_nanos() / step.as_nanos() <= 13;
    let step = step.into_iter().find(few).expect("days grow without end").as_nanos();
    let first = window.from.as_nanos().div_ceil(step);
    let all = (first..=window.until.as_nanos() / step).map(|n| SimTime::from_nanos(n * step));
    if step.is_multiple_of(60_000_000_000) {
        (clock.unit_short(), all.map(|at| (at.as_secs_f64(), clock.short(at))).collect())
    } else {
        (clock.unit_long(), all.map(|at| (at.as_secs_f64(), clock.long(at))).collect())
    }
}

fn range(from: SimTime, until: SimTime) -> (f64, f64) {
    (from.as_secs_f64(), until.as_secs_f64())
}

fn bands(timeline: &Timeline, cell: SimDuration) -> Vec<Band> {
    let window = timeline.window;
    let warmup = (timeline.warmup > window.from).then(|| Band {
        range_s: range(window.from, timeline.warmup.min(window.until)),
        label: "warm-up, not measured".to_owned(),
        shade: Shade::Aside,
    });
    let most = timeline.episodes.iter().map(|e| e.refused).max().unwrap_or(0);
    let great = |e: &Episode| e.refused * LABELLED >= most;
    let few = timeline.episodes.iter().filter(|e| great(e)).count() <= LABELS_MAX;
    let worst = timeline.worst_episode();
    let labelled = |e: &Episode| if few { great(e) } else { Some(*e) == worst };
    let mut episodes: Vec<Band> = Vec::new();
    for episode in &timeline.episodes {
        let (from, until) = range(episode.from, episode.until);
        let label = if labelled(episode) { "API refuses".to_owned() } else { String::new() };
        match episodes.last_mut() {
            // No gap between them is seen.
            Some(last) if label.is_empty() && from - last.range_s.1 < cell.as_secs_f64() => {
                last.range_s.1 = until;
            }
            _ => episodes.push(Band { range_s: (from, until), label, shade: Shade::Trouble }),
        }
    }
    let faults = faults(timeline, cell);
    // Where there is no room for all labels, those of faults come first.
    warmup.into_iter().chain(faults).chain(episodes).collect()
}

/// Faults of one label.
struct FaultKind<'a> {
    label: &'a str,
    spans: Vec<(SimTime, SimTime)>,
    count: usize,
}

impl FaultKind<'_> {
    /// A band for each span; where there are many, the first says how many.
    fn bands(&self) -> Vec<Band> {
        let label = |place: usize| match place {
            0 if self.count > FAULTS_LABELLED => {
                format!("Fault: {}, {} times", self.label, self.count)
            }
            _ if self.count > FAULTS_LABELLED => String::new(),
            _ => format!("Fault: {}", self.label),
        };
        let band = |(place, span): (usize, &(SimTime, SimTime))| Band {
            range_s: range(span.0, span.1),
            label: label(place),
            shade: Shade::Fault,
        };
        self.spans.iter().enumerate().map(band).collect()
    }
}

/// Faults as bands. Those of a kind with no gap between them that is seen are one band.
fn faults(timeline: &Timeline, cell: SimDuration) -> Vec<Band> {
    let mut kinds: Vec<FaultKind<'_>> = Vec::new();
    for fault in &timeline.faults {
        let span = (fault.from, fault.until);
        let Some(kind) = kinds.iter_mut().find(|kind| kind.label == fault.label) else {
            kinds.push(FaultKind { label: &fault.label, spans: vec![span], count: 1 });
            continue;
        };
        kind.count += 1;
        match kind.spans.last_mut() {
            Some(last) if span.0 < last.1.saturating_add(cell) => last.1 = last.1.max(span.1),
            _ => kind.spans.push(span),
        }
    }
    kinds.iter().flat_map(FaultKind::bands).collect()
}

/// A count per bin as a rate per second.
fn rates(timeline: &Timeline, count: impl Fn(usize) -> u64) -> Vec<f64> {
    let rate = |bin: usize| count(bin) as f64 / timeline.bin_length(bin).as_secs_f64();
    (0..timeline.calls.len()).map(rate).collect()
}

fn series(label: impl Into<String>, tone: Tone, values: Vec<f64>) -> Series {
    Series { label: label.into(), tone, values }
}

fn bins(timeline: &Timeline, format: Format, stack: Vec<Series>, lines: Vec<Series>) -> Bins {
    let y = Axis { format, ..Axis::default() };
    Bins { y, bin_s: timeline.bin.as_secs_f64(), stack, lines, reference: None }
}

/// The clients on the routing client's budget: itself, the greatest of the others, the rest.
fn on_budget(timeline: &Timeline) -> (Vec<usize>, Option<usize>) {
    let others = (1..timeline.clients.len()).filter(|c| timeline.clients[*c].shares_budget);
    let sent = |c: &usize| timeline.clients[*c].bins.iter().map(|b| b.sent).sum::<u64>();
    let others: Vec<usize> = others.collect();
    let greatest = others.iter().copied().rev().max_by_key(sent);
    (others, greatest)
}

/// A stack of what clients did: the routing client below, then the others.
fn by_client(timeline: &Timeline, of: impl Fn(&ClientBin) -> u64, tones: [Tone; 3]) -> Vec<Series> {
    let count = |client: usize, bin: usize| of(&timeline.clients[client].bins[bin]);
    let (others, greatest) = on_budget(timeline);
    let routing = rates(timeline, |bin| count(0, bin));
    let mut stack = vec![series(timeline.clients[0].name.as_str(), tones[0], routing)];
    if let Some(greatest) = greatest {
        let values = rates(timeline, |bin| count(greatest, bin));
        stack.push(series(timeline.clients[greatest].name.as_str(), tones[1], values));
    }
    let rest: Vec<usize> = others.into_iter().filter(|c| Some(*c) != greatest).collect();
    if let Some(first) = rest.first() {
        let name = match rest.len() {
            1 => timeline.clients[*first].name.clone(),
            n => format!("{n} others"),
        };
        let values = rates(timeline, |bin| rest.iter().map(|c| count(*c, bin)).sum());
        stack.push(series(name, tones[2], values));
    }
    stack
}

fn attempts(timeline: &Timeline) -> Lane {
    let stack = by_client(timeline, |bin| bin.sent, [Tone::First, Tone::Second, Tone::Rest]);
    Lane {
        title: "API attempts".to_owned(),
        detail: "per second, of the clients that use the routing client's limits".to_owned(),
        content: Content::Bins(bins(timeline, Format::Number, stack, Vec::new())),
    }
}

fn refusals(timeline: &Timeline) -> Lane {
    let routing = rates(timeline, |bin| timeline.clients[0].bins[bin].refused);
    let stack = vec![series("to the routing client", Tone::Bad, routing)];
    let (others, _) = on_budget(timeline);
    let others = others.iter().flat_map(|client| &timeline.clients[*client].bins);
    let others: u64 = others.map(|bin| bin.refused).sum();
    Lane {
        title: "Refusals by limits".to_owned(),
        detail: format!(
            "attempts of the routing client refused per second; of others {others} in all"
        ),
        content: Content::Bins(bins(timeline, Format::Number, stack, Vec::new())),
    }
}

/// What the routing client's limiters have left. Those that refuse most come first.
fn budgets(timeline: &Timeline) -> Option<Lane> {
    let most = |lane: &LimiterLane| lane.bins.iter().flatten().map(|b| b.of).max().unwrap_or(0);
    let mut seen: Vec<&LimiterLane> = timeline.limiters.iter().collect();
    seen.retain(|lane| lane.on_path && most(lane) >= BUDGET_MIN);
    seen.sort_by_key(|lane| std::cmp::Reverse(lane.refused));
    seen.truncate(BUDGETS_MAX);
    let tones = [Tone::First, Tone::Bad, Tone::Plain];
    let line = |(lane, tone): (&&LimiterLane, Tone)| {
        let share = |bin: &Option<_>| {
            bin.as_ref().map_or(f64::NAN, |b: &crate::system::timeline::BudgetBin| {
                f64::from(b.least) / f64::from(b.of.max(1))
            })
        };
        let level = lane.name.split('/').next().unwrap_or(&lane.name);
        let label = format!("{level}, of {}", most(lane));
        series(label, tone, lane.bins.iter().map(share).collect())
    };
    let lines: Vec<Series> = seen.iter().zip(tones).map(line).collect();
    let mut content = bins(timeline, Format::Share, Vec::new(), lines);
    content.y.range = Some((0.0, 1.0));
    let refused = timeline.limiters.iter().filter(|lane| lane.on_path && lane.refused > 0);
    let refused = refused.map(|lane| format!("{} refused {}", lane.name, lane.refused));
    let refused: Vec<String> = refused.collect();
    let who = if refused.is_empty() { "none refused".to_owned() } else { refused.join(", ") };
    (!content.lines.is_empty()).then(|| Lane {
        title: "Limiter budget left".to_owned(),
        detail: format!("at its least in each bin; {who}"),
        content: Content::Bins(content),
    })
}

fn look(label: &str, tone: Tone, height: f64) -> StateLook {
    StateLook { label: label.to_owned(), tone, height }
}

/// A strip of states; `of` tells which look each has, of which the later are the worse.
fn strip<S: Copy + PartialEq>(
    track: &Track<S>,
    cell: SimDuration,
    of: impl Fn(S) -> usize,
) -> Vec<Run> {
    let spans = track.coarse(cell, &of);
    spans.iter().map(|s| Run { look: of(s.state), range_s: range(s.from, s.until) }).collect()
}

fn breakers(timeline: &Timeline, cell: SimDuration) -> Option<Lane> {
    let row = |place: usize| Row {
        label: timeline.breakers[place].name.clone(),
        strips: vec![strip(&timeline.breakers[place], cell, |state| match state {
            State::Closed => 0,
            State::HalfOpen => 1,
            State::Open => 2,
        })],
    };
    // Of many, those that never move say no more than their number.
    let stays =
        |place: &usize| timeline.breakers[*place].spans.iter().all(|s| s.state == State::Closed);
    let still: Vec<usize> = (0..timeline.breakers.len()).filter(stays).collect();
    let folded = timeline.breakers.len() > BREAKERS_EACH && still.len() > 1;
    let shown = busiest(&timeline.breakers, BREAKERS_MAX);
    let mut rows: Vec<Row> =
        shown.into_iter().filter(|place| !(folded && stays(place))).map(row).collect();
    if let Some(first) = still.first().filter(|_| folded) {
        rows.push(Row { label: format!("{} that stay closed", still.len()), ..row(*first) });
    }
    (!rows.is_empty()).then(|| Lane {
        title: "Circuit breaker".to_owned(),
        detail: "of the routing client, by its scope".to_owned(),
        content: Content::States(States {
            looks: vec![
                look("closed", Tone::Calm, 0.25),
                look("half-open", Tone::Second, 0.6),
                look("open: refuses all", Tone::Bad, 1.0),
            ],
            rows,
        }),
    })
}

fn carriers(timeline: &Timeline, cell: SimDuration) -> Option<Lane> {
    let row = |place: usize| Row {
        label: timeline.trunks[place].name.clone(),
        strips: vec![strip(&timeline.trunks[place], cell, |state| match state {
            Carriage::Primary => 0,
            Carriage::Switching => 1,
            Carriage::SecondaryNeeded => 2,
            Carriage::SecondaryUnneeded => 3,
        })],
    };
    let rows: Vec<Row> = busiest(&timeline.trunks, ROWS_MAX).into_iter().map(row).collect();
    (!rows.is_empty()).then(|| Lane {
        title: "Carrier of each trunk".to_owned(),
        detail: "unnecessary: the primary leg was usable when the trunk left it".to_owned(),
        content: Content::States(States {
            looks: vec![
                look("primary", Tone::Calm, 0.25),
                look("switching: not ready yet", Tone::Moving, 0.45),
                look("secondary, needed", Tone::Mild, 0.72),
                look("secondary, unnecessary", Tone::Bad, 1.0),
            ],
            rows,
        }),
    })
}

/// A row per trunk, a strip per leg.
fn registrations(timeline: &Timeline, cell: SimDuration) -> Option<Lane> {
    let mut rows: Vec<Row> = Vec::new();
    for place in busiest(&timeline.registrations, 2 * ROWS_MAX) {
        let track = &timeline.registrations[place];
        let runs = strip(track, cell, |state| match state {
            Enrolment::Off => 0,
            Enrolment::Registered => 1,
            Enrolment::Registering => 2,
            Enrolment::Failing => 3,
        });
        let trunk = &timeline.legs[place].trunk;
        match rows.last_mut().filter(|row| row.label == *trunk) {
            Some(row) => row.strips.push(runs),
            None => rows.push(Row { label: trunk.clone(), strips: vec![runs] }),
        }
    }
    (!rows.is_empty()).then(|| Lane {
        title: "Registration of legs".to_owned(),
        detail: "each at its carrier's registrar; the primary leg above the secondary".to_owned(),
        content: Content::States(States {
            looks: vec![
                look("not wanted (cold standby)", Tone::Calm, 0.0),
                look("registered", Tone::Calm, 0.4),
                look("registering", Tone::Second, 0.75),
                look("failing: no answer, refused", Tone::Bad, 1.0),
            ],
            rows,
        }),
    })
}

fn calls(timeline: &Timeline) -> Lane {
    let per_s = |of: fn(&crate::system::timeline::CallBin) -> u64| {
        rates(timeline, |bin| of(&timeline.calls[bin]))
    };
    let stack = vec![series("answered of these", Tone::Mild, per_s(|bin| bin.answered))];
    let lines = vec![
        series("offered", Tone::Moving, per_s(|bin| bin.offered)),
        series("torn down", Tone::Bad, per_s(|bin| bin.dropped)),
    ];
    Lane {
        title: "Calls".to_owned(),
        detail: "per second, by the time they were offered; torn down: when they were".to_owned(),
        content: Content::Bins(bins(timeline, Format::Number, stack, lines)),
    }
}

fn service_level(timeline: &Timeline) -> Lane {
    let level = |of: fn(&crate::system::timeline::CallBin) -> f64| {
        timeline.calls.iter().map(of).collect::<Vec<f64>>()
    };
    let lines = vec![
        series("of all offered", Tone::Bad, level(|bin| bin.service_level_end_to_end())),
        series("of those queued", Tone::First, level(|bin| bin.service_level())),
    ];
    let mut content = bins(timeline, Format::Share, Vec::new(), lines);
    content.y.range = Some((0.0, 1.0));
    content.reference = Some(Level {
        value: timeline.target,
        label: format!("target {:.0}\u{a0}%", timeline.target * 100.0),
    });
    Lane {
        title: "Service level".to_owned(),
        detail: format!(
            "share answered within {}, by the time they were offered",
            timeline.threshold
        ),
        content: Content::Bins(content),
    }
}
