//! The server's side: from its load to what it asks of its clients.
//!
//! Loss, the occupancy algorithm (Cyr, Kaufman and Lee, US patent 4,974,256 of 1990; Kasera et al.,
//! ICNP 2001, and Hilt and Widjaja, ICNP 2008, for signalling servers): after each interval, with ρ
//! the share of it that the server was busy and ρ* the share it is to be,
//! `φ = min(ρ*/ρ, growth_max)` and `f ← min(max(φ·f, accepted_min), 1)`; the server asks for
//! 1 − f to be held back.
//!
//! Rate, the absolute rate algorithm (Shen, Schulzrinne and Nahum, "SIP Server Overload Control:
//! Design and Evaluation", IPTComm 2008): after each interval C, with μ the rate at which the server
//! can handle requests, d the wait that its queue amounts to and d* the wait aimed at,
//! `λ = μ·(1 − (d − d*)/C)`; each client gets an equal part. μ is what the time left by other
//! messages is worth at the mean time a controlled request takes. It begins to ask when d exceeds
//! d* or it is too busy, and goes on until nothing waits and it is not: assumption.

use rand::Rng;

use super::throttle::uniform;
use super::{Demand, Feedback, OverloadSpec, sequence_at};
use crate::engine::time::{SimDuration, SimTime};

/// What a server measures and wants. It looks at each interval once it is over, whenever it is
/// asked next; nothing has to wake it.
#[derive(Clone, Debug)]
pub struct Control {
    spec: OverloadSpec,
    servers: u32,
    clients: u32,
    /// Start of the interval under way.
    from: SimTime,
    /// Since when `busy` and `waiting` hold.
    since: SimTime,
    busy: u32,
    waiting: u64,
    /// Nanoseconds servers were busy in this interval.
    busy_ns: u128,
    controlled: Work,
    other: Work,
    /// Requests in this interval of those who do not know of overload control.
    foreign: u64,
    mean_ns: f64,
    controlled_mean_ns: f64,
    wish: Wish,
    /// Share of the foreign requests to refuse.
    reduction: f64,
}

/// Requests taken up in an interval, and the time they take.
#[derive(Copy, Clone, Debug, Default)]
struct Work {
    count: u64,
    ns: u128,
}

/// What the server wants since its last look.
#[derive(Copy, Clone, Debug, PartialEq)]
enum Wish {
    /// Loss: the accepted share f.
    Accept(f64),
    /// Rate: requests per second from all clients; `None` while it is not overloaded.
    Rate(Option<f64>),
}

impl Control {
    /// A server of `servers` behind one queue, and its clients.
    #[must_use]
    pub fn new(spec: &OverloadSpec, servers: u32, clients: u32) -> Self {
        let wish = match spec {
            OverloadSpec::Loss { .. } => Wish::Accept(1.0),
            OverloadSpec::Rate { .. } => Wish::Rate(None),
        };
        Self {
            spec: spec.clone(),
            servers: servers.max(1),
            clients: clients.max(1),
            from: SimTime::ZERO,
            since: SimTime::ZERO,
            busy: 0,
            waiting: 0,
            busy_ns: 0,
            controlled: Work::default(),
            other: Work::default(),
            foreign: 0,
            mean_ns: 0.0,
            controlled_mean_ns: 0.0,
            wish,
            reduction: 0.0,
        }
    }

    /// Takes note that `busy` servers are busy and `waiting` messages wait from `now` on.
    pub fn level(&mut self, now: SimTime, busy: u32, waiting: usize) {
        self.advance(now);
        self.busy_ns += u128::from((now - self.since).as_nanos()) * u128::from(self.busy);
        self.since = now;
        self.busy = busy;
        self.waiting = waiting as u64;
    }

    /// A server takes up a message that will take it `service`; `controlled` where it is of the
    /// kind clients hold back.
    pub fn starts(&mut self, now: SimTime, controlled: bool, service: SimDuration) {
        self.advance(now);
        let work = if controlled { &mut self.controlled } else { &mut self.other };
        work.count += 1;
        work.ns += u128::from(service.as_nanos());
    }

    /// What a response to client number `client` carries at `now`. A rate that does not divide
    /// evenly is handed out in whole requests per second, in turn; one per second is granted in any
    /// case, because the server is heard only by those who ask it something.
    pub fn feedback(&mut self, now: SimTime, client: u32) -> Feedback {
        self.advance(now);
        let sequence = sequence_at(now, self.spec.interval());
        let demand = match self.wish {
            Wish::Accept(share) if share >= 1.0 => Demand::Stop,
            Wish::Accept(share) => Demand::Value(libm::round((1.0 - share) * 100.0) as u16),
            Wish::Rate(None) => Demand::Stop,
            Wish::Rate(Some(rate)) => {
                let (whole, clients) = (rate as u64, u64::from(self.clients));
                let turn = (u64::from(client) + sequence) % clients;
                let granted = whole / clients + u64::from(turn < whole % clients);
                Demand::Value(u16::try_from(granted.max(1)).unwrap_or(u16::MAX))
            }
        };
        Feedback::new(sequence, demand)
    }

    /// Whether a request of a client without overload control is taken at `now`: the server itself
    /// refuses the share it wants held back (RFC 7339 §5.10.2). With rates all such clients count
    /// as one more client.
    pub fn takes_foreign(&mut self, now: SimTime, rng: &mut impl Rng) -> bool {
        self.advance(now);
        self.foreign += 1;
        self.reduction <= 0.0 || uniform(rng) >= self.reduction
    }

    /// Looks at the intervals that are over.
    fn advance(&mut self, now: SimTime) {
        let interval = self.spec.interval();
        while now >= self.from + interval {
            let end = self.from + interval;
            let steady = self.since == self.from
                && self.foreign + self.controlled.count + self.other.count == 0;
            self.busy_ns += u128::from((end - self.since).as_nanos()) * u128::from(self.busy);
            let before = (self.wish, self.reduction);
            self.judge(interval);
            self.busy_ns = 0;
            self.controlled = Work::default();
            self.other = Work::default();
            self.foreign = 0;
            self.from = end;
            if steady && before == (self.wish, self.reduction) {
                // Nothing happened and nothing changed: the intervals up to now are all alike.
                let more = (now - end).as_nanos() / interval.as_nanos();
                self.from = end + interval * more;
            }
            self.since = self.from;
        }
    }

    /// Draws the conclusion from the interval that is over.
    fn judge(&mut self, interval: SimDuration) {
        let whole = interval.as_nanos() as f64 * f64::from(self.servers);
        let busy = self.busy_ns as f64 / whole;
        match (&self.spec, self.wish) {
            (OverloadSpec::Loss { occupancy, growth_max, accepted_min, .. }, Wish::Accept(f)) => {
                let factor =
                    if busy > 0.0 { (occupancy / busy).min(*growth_max) } else { *growth_max };
                let accepted = (factor * f).clamp(*accepted_min, 1.0);
                self.reduction = 1.0 - accepted;
                self.wish = Wish::Accept(accepted);
            }
            (OverloadSpec::Rate { delay, occupancy, .. }, _) => {
                let (delay, occupancy) = (delay.as_nanos() as f64, *occupancy);
                self.judge_rate(interval.as_nanos() as f64, delay, busy >= occupancy);
            }
            (OverloadSpec::Loss { .. }, Wish::Rate(_)) => {}
        }
    }

    fn judge_rate(&mut self, interval_ns: f64, delay_ns: f64, busy: bool) {
        let mean = |work: Work, last| {
            if work.count > 0 { work.ns as f64 / work.count as f64 } else { last }
        };
        let all = Work {
            count: self.controlled.count + self.other.count,
            ns: self.controlled.ns + self.other.ns,
        };
        self.mean_ns = mean(all, self.mean_ns);
        self.controlled_mean_ns = mean(self.controlled, self.controlled_mean_ns);
        let servers = f64::from(self.servers);
        let wait_ns = self.waiting as f64 * self.mean_ns / servers;
        let overloaded = match self.wish {
            Wish::Rate(Some(_)) => busy || self.waiting > 0,
            Wish::Rate(None) | Wish::Accept(_) => busy || wait_ns > delay_ns,
        };
        if !overloaded || self.controlled_mean_ns <= 0.0 {
            self.wish = Wish::Rate(None);
            self.reduction = 0.0;
            return;
        }
        let free = (servers - self.other.ns as f64 / interval_ns).max(0.0);
        let capacity = free / (self.controlled_mean_ns / 1e9);
        let rate = (capacity * (1.0 - (wait_ns - delay_ns) / interval_ns)).max(0.0);
        let foreign_rate = self.foreign as f64 / (interval_ns / 1e9);
        let part = rate / f64::from(self.clients);
        self.reduction = if foreign_rate > part { 1.0 - part / foreign_rate } else { 0.0 };
        self.wish = Wish::Rate(Some(rate));
    }
}
