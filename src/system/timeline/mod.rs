//! A run over time, side by side: calls, API, limiters, breakers, carriers, registrations, service
//! level and faults, so that one look tells what followed what.
//!
//! An observer ([`TimelineRecorder`]) folds what a run reports into a [`Timeline`], which is plain
//! data; [`finding`] says in words what it shows.

mod bins;
mod clock;
mod episodes;
mod faults;
pub mod finding;
mod recorder;
mod states;
mod track;

pub use clock::Clock;
pub use episodes::{Course, Episode, Trouble};
pub(super) use faults::label as fault_label;
pub use recorder::TimelineRecorder;
pub use states::{Carriage, Enrolment, badness};
pub use track::{Span, Track, Window};

use crate::engine::time::{SimDuration, SimTime};
use crate::policies::breaker::State;
use crate::system::ids::Side;
use crate::system::observation::Cause;

/// What a run did over time, within a window of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// What it shows of the run.
    pub window: Window,
    /// What is before this instant counts in no metric.
    pub warmup: SimTime,
    /// Width of a bin; the last may be shorter.
    pub bin: SimDuration,
    /// The service level aimed at, from 0 to 1.
    pub target: f64,
    /// A call has to be answered within this long of its queue entry.
    pub threshold: SimDuration,
    /// Calls, a bin each.
    pub calls: Vec<CallBin>,
    /// Clients of the API: the routing client, all its replicas together, then the tenants, then
    /// the utilization monitor.
    pub clients: Vec<ClientLane>,
    /// Times in which limiters refused the routing client or others on its budget, in the order of
    /// time.
    pub episodes: Vec<Episode>,
    /// The API's limiters.
    pub limiters: Vec<LimiterLane>,
    /// The breakers of the routing client; empty without breakers.
    pub breakers: Vec<Track<State>>,
    /// Which carrier a trunk uses, for every trunk with two.
    pub trunks: Vec<Track<Carriage>>,
    /// Registration of every leg that registers.
    pub registrations: Vec<Track<Enrolment>>,
    /// Whose registration each of these is.
    pub legs: Vec<LegName>,
    /// Faults, in the order in which they begin.
    pub faults: Vec<Fault>,
    /// Moves to the secondary leg, in the order of time.
    pub failovers: Vec<Failover>,
    /// Openings of breakers, in the order of time.
    pub openings: Vec<Opening>,
    /// Registration attempts without an answer, in the order of time.
    pub registration_timeouts: Vec<RegistrationTimeout>,
}

/// Calls offered within a bin, whenever they end; and what happened to calls within it.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct CallBin {
    /// Calls offered.
    pub offered: u64,
    /// Calls of these offered that an agent answered.
    pub answered: u64,
    /// Calls offered that entered a queue.
    pub queued: u64,
    /// Calls offered that left the queue so soon that the service level leaves them out.
    pub short_abandons: u64,
    /// Calls offered that were answered within the threshold of queue entry.
    pub in_time: u64,
    /// Calls offered that were answered within the threshold of the offer.
    pub in_time_end_to_end: u64,
    /// Calls torn down within the bin.
    pub dropped: u64,
    /// INVITEs that timed out within the bin.
    pub invite_timeouts: u64,
}

impl CallBin {
    /// Share answered within the threshold of those that entered a queue (short abandons left
    /// out), from 0 to 1; not a number without any.
    #[must_use]
    pub fn service_level(&self) -> f64 {
        share(self.in_time, self.queued - self.short_abandons)
    }

    /// Share answered within the threshold of their offer, of all offered; not a number without
    /// any.
    #[must_use]
    pub fn service_level_end_to_end(&self) -> f64 {
        share(self.in_time_end_to_end, self.offered)
    }
}

/// `part / whole`, not a number where there is no whole.
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { f64::NAN } else { part as f64 / whole as f64 }
}

/// A client of the API.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientLane {
    /// A tenant's id, `routing client` or `monitor`.
    pub name: String,
    /// It uses a limiter that the routing client uses too.
    pub shares_budget: bool,
    /// Its attempts, a bin each.
    pub bins: Vec<ClientBin>,
    /// Times in which limiters refused it, in the order of time.
    pub refusals: Vec<Episode>,
}

/// Attempts of a client within a bin.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientBin {
    /// Attempts that left the client.
    pub sent: u64,
    /// Answers 429 that reached it.
    pub too_many: u64,
    /// Attempts that the limiters let pass, at once or after a delay.
    pub admitted: u64,
    /// Attempts that a limiter refused.
    pub refused: u64,
    /// Attempts or requests that its breaker refused.
    pub breaker_refused: u64,
}

/// A limiter of the API.
#[derive(Clone, Debug, PartialEq)]
pub struct LimiterLane {
    /// Its level and, after a slash, whose budget it is.
    pub name: String,
    /// The routing client uses it.
    pub on_path: bool,
    /// The least that was left in a bin; `None` if no attempt asked.
    pub bins: Vec<Option<BudgetBin>>,
    /// Attempts it refused in the window (of several levels, the one that did for longest counts).
    pub refused: u64,
}

/// What a limiter had left.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct BudgetBin {
    /// Requests that would still have passed, at the worst instant.
    pub least: u32,
    /// The most it could have had left.
    pub of: u32,
}

/// Which leg it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegName {
    /// Its trunk.
    pub trunk: String,
    /// Which of the trunk's legs.
    pub side: Side,
    /// Its carrier.
    pub carrier: String,
}

/// A fault in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What it is: `telstra down`.
    pub label: String,
    /// Since when, within the window.
    pub from: SimTime,
    /// Until when, within the window.
    pub until: SimTime,
}

/// A trunk starts to move to its secondary leg.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Failover {
    /// When.
    pub at: SimTime,
    /// Which of [`Timeline::trunks`].
    pub trunk: usize,
    /// What asked for it.
    pub cause: Cause,
    /// Whether the primary leg was in fact unusable.
    pub needed: bool,
}

/// A breaker opens.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// When.
    pub at: SimTime,
    /// Which of [`Timeline::breakers`].
    pub breaker: usize,
    /// Whether it is false: an attempt would have been served in time with a probability above the
    /// threshold's complement.
    pub capacity: bool,
}

/// A registration attempt went without an answer.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct RegistrationTimeout {
    /// When.
    pub at: SimTime,
    /// Which of [`Timeline::registrations`].
    pub leg: usize,
}

impl Timeline {
    /// The bins that a picture shows one by one: every `n` bins are merged, so that there are at
    /// most `most`. Counts are added; of what limiters had left the least is kept.
    #[must_use]
    pub fn with_bins_at_most(&self, most: u64) -> Self {
        let bin = bins::width(self.window.length(), most, Some(self.bin));
        let every = (bin.as_nanos() / self.bin.as_nanos()) as usize;
        let mut coarse = self.clone();
        coarse.bin = bin;
        coarse.calls = self.calls.chunks(every).map(bins::calls).collect();
        for client in &mut coarse.clients {
            client.bins = client.bins.chunks(every).map(bins::client).collect();
        }
        for limiter in &mut coarse.limiters {
            limiter.bins = limiter.bins.chunks(every).map(bins::budget).collect();
        }
        coarse
    }

    /// When bin `index` starts.
    #[must_use]
    pub fn bin_start(&self, index: usize) -> SimTime {
        self.window.from + self.bin * index as u64
    }

    /// How long bin `index` is: the last may be cut off.
    #[must_use]
    pub fn bin_length(&self, index: usize) -> SimDuration {
        let start = self.bin_start(index);
        start.saturating_add(self.bin).min(self.window.until) - start
    }
}
