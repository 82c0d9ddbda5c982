//! The future event list: an indexed 4-ary heap over a slab, with eager cancel.
//!
//! Chosen by measurement (`benches/calendar.rs` sets it beside `std::collections::BinaryHeap` and
//! `priority-queue`): cancel costs O(log₄ n) and leaves nothing behind.

use super::time::SimTime;

/// What [`Calendar::schedule`] gives for cancelling or rescheduling. A handle of an event that has
/// fired or was cancelled finds nothing.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Hash)]
pub struct Handle {
    slot: u32,
    generation: u32,
}

impl Handle {
    /// A handle of no event.
    pub const NONE: Self = Self { slot: u32::MAX, generation: u32::MAX };
}

/// Where an event stands in the order: earlier first, and of one instant in the order scheduled.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Key {
    at: SimTime,
    sequence: u64,
}

#[derive(Copy, Clone, Debug)]
struct Node {
    key: Key,
    slot: u32,
}

#[derive(Debug)]
struct Slot<E> {
    generation: u32,
    /// Place in the heap while the slot is taken, the next free slot otherwise.
    place: u32,
    event: Option<E>,
}

/// The future event list. Events come out by time; **events of the same instant come out in the
/// order they were scheduled** (FIFO). A rescheduled event takes a new place in that order.
///
/// Scheduling, cancelling and taking the next cost O(log n).
#[derive(Debug)]
pub struct Calendar<E> {
    heap: Vec<Node>,
    slots: Vec<Slot<E>>,
    free: u32,
    now: SimTime,
    sequence: u64,
    peak: usize,
}

const ARITY: usize = 4;
const NO_SLOT: u32 = u32::MAX;

impl<E: Copy> Default for Calendar<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: Copy> Calendar<E> {
    /// An empty calendar at the start of the run.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            heap: Vec::new(),
            slots: Vec::new(),
            free: NO_SLOT,
            now: SimTime::ZERO,
            sequence: 0,
            peak: 0,
        }
    }

    /// The instant of the event taken last.
    #[must_use]
    pub const fn now(&self) -> SimTime {
        self.now
    }

    /// Events pending.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether nothing is pending.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// The most events that were ever pending at once.
    #[must_use]
    pub const fn peak_len(&self) -> usize {
        self.peak
    }

    /// The instant of the next event.
    #[must_use]
    pub fn peek(&self) -> Option<SimTime> {
        self.heap.first().map(|node| node.key.at)
    }

    /// Schedules `event` for `at`.
    ///
    /// # Panics
    /// Where `at` lies in the past, which is a bug.
    pub fn schedule(&mut self, at: SimTime, event: E) -> Handle {
        assert!(at >= self.now, "an event is scheduled for {at}, in the past of {}", self.now);
        let slot = self.take_slot(event);
        let key = self.next_key(at);
        self.heap.push(Node { key, slot });
        self.peak = self.peak.max(self.heap.len());
        self.sift_up(self.heap.len() - 1);
        Handle { slot, generation: self.slots[slot as usize].generation }
    }

    /// Takes an event out before it fires.
    pub fn cancel(&mut self, handle: Handle) -> Option<E> {
        let place = self.place(handle)?;
        self.remove(place);
        self.free_slot(handle.slot)
    }

    /// Takes the next event, and the time moves to it.
    ///
    /// # Panics
    /// Where heap and slab disagree, which is a bug.
    pub fn pop(&mut self) -> Option<(SimTime, E)> {
        let node = *self.heap.first()?;
        self.remove(0);
        self.now = node.key.at;
        let event = self.free_slot(node.slot).expect("a pending event holds its slot");
        Some((self.now, event))
    }

    fn next_key(&mut self, at: SimTime) -> Key {
        self.sequence += 1;
        Key { at, sequence: self.sequence }
    }

    fn place(&self, handle: Handle) -> Option<usize> {
        let slot = self.slots.get(handle.slot as usize)?;
        (slot.generation == handle.generation && slot.event.is_some())
            .then_some(slot.place as usize)
    }

    fn take_slot(&mut self, event: E) -> u32 {
        if self.free == NO_SLOT {
            let slot = u32::try_from(self.slots.len()).expect("fewer than 2^32 events pending");
            self.slots.push(Slot { generation: 0, place: 0, event: Some(event) });
            return slot;
        }
        let slot = self.free;
        let entry = &mut self.slots[slot as usize];
        self.free = entry.place;
        entry.event = Some(event);
        slot
    }

    fn free_slot(&mut self, slot: u32) -> Option<E> {
        let entry = &mut self.slots[slot as usize];
        let event = entry.event.take();
        entry.generation = entry.generation.wrapping_add(1);
        entry.place = self.free;
        self.free = slot;
        event
    }

    fn remove(&mut self, place: usize) {
        let last = self.heap.pop().expect("something is pending");
        if place == self.heap.len() {
            return;
        }
        let key = self.heap[place].key;
        self.heap[place] = last;
        if last.key < key {
            self.sift_up(place);
        } else {
            self.sift_down(place);
        }
    }

    fn put(&mut self, place: usize, node: Node) {
        self.heap[place] = node;
        self.slots[node.slot as usize].place = place as u32;
    }

    fn sift_up(&mut self, mut place: usize) {
        let node = self.heap[place];
        while place > 0 {
            let parent = (place - 1) / ARITY;
            let above = self.heap[parent];
            if above.key <= node.key {
                break;
            }
            self.put(place, above);
            place = parent;
        }
        self.put(place, node);
    }

    fn sift_down(&mut self, mut place: usize) {
        let node = self.heap[place];
        loop {
            let first = place * ARITY + 1;
            if first >= self.heap.len() {
                break;
            }
            let end = (first + ARITY).min(self.heap.len());
            let mut least = first;
            for child in first + 1..end {
                if self.heap[child].key < self.heap[least].key {
                    least = child;
                }
            }
            let below = self.heap[least];
            if node.key <= below.key {
                break;
            }
            self.put(place, below);
            place = least;
        }
        self.put(place, node);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn at(nanos: u64) -> SimTime {
        SimTime::from_nanos(nanos)
    }

    #[test]
    fn events_of_one_instant_come_out_in_the_order_scheduled() {
        let mut calendar = Calendar::new();
        for n in 0..100 {
            calendar.schedule(at(5), n);
        }
        let order: Vec<i32> = std::iter::from_fn(|| calendar.pop()).map(|(_, n)| n).collect();
        assert_eq!(order, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn a_used_handle_finds_nothing() {
        let mut calendar = Calendar::new();
        let handle = calendar.schedule(at(1), 'a');
        calendar.pop();
        let reused = calendar.schedule(at(2), 'b');
        assert_eq!(calendar.cancel(handle), None);
        assert_eq!(calendar.cancel(Handle::NONE), None);
        assert_eq!(calendar.cancel(reused), Some('b'));
        assert!(calendar.is_empty());
    }

    #[test]
    #[should_panic(expected = "in the past")]
    fn the_past_is_closed() {
        let mut calendar = Calendar::new();
        calendar.schedule(at(5), ());
        calendar.pop();
        calendar.schedule(at(4), ());
    }

    #[derive(Clone, Debug)]
    enum Step {
        Schedule(u64),
        Cancel(usize),
        Pop,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            4 => (0..20u64).prop_map(Step::Schedule),
            1 => (0..64usize).prop_map(Step::Cancel),
            3 => Just(Step::Pop),
        ];
        proptest::collection::vec(step, 0..400)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn behaves_like_a_sorted_map(steps in steps()) {
            let mut calendar = Calendar::new();
            let mut map: BTreeMap<(u64, u64), u64> = BTreeMap::new();
            let mut keys: Vec<(Handle, (u64, u64))> = Vec::new();
            let (mut sequence, mut now) = (0, 0);
            for step in steps {
                match step {
                    Step::Schedule(delay) => {
                        sequence += 1;
                        let handle = calendar.schedule(at(now + delay), sequence);
                        keys.push((handle, (now + delay, sequence)));
                        map.insert((now + delay, sequence), sequence);
                    }
                    Step::Cancel(i) if !keys.is_empty() => {
                        let (handle, key) = keys[i % keys.len()];
                        prop_assert_eq!(calendar.cancel(handle), map.remove(&key));
                    }
                    Step::Pop => {
                        let expected = map.pop_first();
                        let popped = calendar.pop();
                        if let Some((t, _)) = popped { now = t.as_nanos(); }
                        prop_assert_eq!(
                            popped.map(|(t, e)| (t.as_nanos(), e)),
                            expected.map(|((t, _), e)| (t, e))
                        );
                    }
                    _ => {}
                }
                prop_assert_eq!(calendar.len(), map.len());
            }
        }
    }
}
