//! The future event list beside `std::collections::BinaryHeap`, in the same run.
//!
//! Hold model (Vaucher and Duval, CACM 1975): n events pending; each, when it fires, schedules
//! another after an exponential time. And a step with a time-out that is cancelled, which is what
//! the system does most.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use trunksim::engine::calendar::{Calendar, Handle};
use trunksim::engine::random::RandomSource;
use trunksim::engine::time::{SimDuration, SimTime};

const PENDING: [usize; 4] = [100, 1_000, 10_000, 100_000];
/// Steps of one measured batch.
const STEPS: usize = 10_000;

/// An event of the size the system's are.
type Event = [u32; 4];

/// Exponential delays of mean 1 s, drawn beforehand so that only the lists are measured.
fn delays() -> Vec<SimDuration> {
    let source = RandomSource::new(1, 0);
    (0..65_536)
        .map(|i| SimDuration::from_secs_f64(-source.at(0, 0, i).open_uniform().ln()))
        .collect()
}

struct Delays {
    drawn: Vec<SimDuration>,
    next: usize,
}

impl Delays {
    fn next(&mut self) -> SimDuration {
        self.next = (self.next + 1) % self.drawn.len();
        self.drawn[self.next]
    }
}

/// `BinaryHeap` as one would use it: time and sequence, so that ties are FIFO here too.
type Heap = BinaryHeap<Reverse<(SimTime, u64, Event)>>;

fn hold(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hold");
    group.throughput(Throughput::Elements(STEPS as u64));
    for n in PENDING {
        let mut delays = Delays { drawn: delays(), next: 0 };
        let mut calendar: Calendar<Event> = Calendar::new();
        (0..n).for_each(|i| {
            calendar.schedule(SimTime::ZERO + delays.next(), [i as u32; 4]);
        });
        group.bench_function(BenchmarkId::new("calendar", n), |bencher| {
            bencher.iter(|| {
                for _ in 0..STEPS {
                    let (now, event) = calendar.pop().expect("events are pending");
                    calendar.schedule(now + delays.next(), black_box(event));
                }
            });
        });
        let mut heap: Heap = (0..n)
            .map(|i| Reverse((SimTime::ZERO + delays.next(), i as u64, [i as u32; 4])))
            .collect();
        let mut sequence = n as u64;
        group.bench_function(BenchmarkId::new("BinaryHeap", n), |bencher| {
            bencher.iter(|| {
                for _ in 0..STEPS {
                    let Reverse((now, _, event)) = heap.pop().expect("events are pending");
                    sequence += 1;
                    heap.push(Reverse((now + delays.next(), sequence, black_box(event))));
                }
            });
        });
    }
    group.finish();
}

const REPLY: u32 = 0;
const TIMEOUT: u32 = 1;

/// n clients: at each reply a client cancels its time-out, and schedules the next reply and another
/// time-out after 4 s. A `BinaryHeap` cannot cancel: a time-out that is not the client's latest is
/// skipped when it comes up.
fn timers(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("reply cancels time-out");
    group.throughput(Throughput::Elements(STEPS as u64));
    let timeout = SimDuration::from_secs(4);
    for n in PENDING {
        let mut delays = Delays { drawn: delays(), next: 0 };
        let mut calendar: Calendar<Event> = Calendar::new();
        let mut handles = vec![Handle::NONE; n];
        for who in 0..n as u32 {
            calendar.schedule(SimTime::ZERO + delays.next(), [who, REPLY, 0, 0]);
        }
        group.bench_function(BenchmarkId::new("calendar", n), |bencher| {
            bencher.iter(|| {
                let mut replies = 0;
                while replies < STEPS {
                    let (now, [who, kind, ..]) = calendar.pop().expect("events are pending");
                    if kind == REPLY {
                        calendar.cancel(handles[who as usize]);
                        calendar.schedule(now + delays.next(), [who, REPLY, 0, 0]);
                        handles[who as usize] =
                            calendar.schedule(now + timeout, [who, TIMEOUT, 0, 0]);
                        replies += 1;
                    }
                }
            });
        });
        let mut heap: Heap = (0..n as u32)
            .map(|who| Reverse((SimTime::ZERO + delays.next(), u64::from(who), [who, REPLY, 0, 0])))
            .collect();
        let mut latest = vec![0; n];
        let mut sequence = n as u64;
        group.bench_function(BenchmarkId::new("BinaryHeap", n), |bencher| {
            bencher.iter(|| {
                let mut replies = 0;
                while replies < STEPS {
                    let Reverse((now, number, [who, kind, ..])) =
                        heap.pop().expect("events are pending");
                    if kind == REPLY {
                        sequence += 2;
                        heap.push(Reverse((now + delays.next(), sequence - 1, [who, REPLY, 0, 0])));
                        heap.push(Reverse((now + timeout, sequence, [who, TIMEOUT, 0, 0])));
                        latest[who as usize] = sequence;
                        replies += 1;
                    } else if latest[who as usize] == number {
                        black_box(number);
                    }
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, hold, timers);
criterion_main!(benches);
