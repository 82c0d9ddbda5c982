//! A queue whose members can leave from anywhere: callers who hang up, requests that run out of
//! time.

use std::cmp::Reverse;

use priority_queue::PriorityQueue;
use rustc_hash::FxBuildHasher;

use super::ids::SlotId;

/// A keyed queue: higher priority first, and first come first served within a priority. Joining,
/// leaving and taking the next cost O(log n).
///
/// Equal priorities of `priority-queue` come in no stated order, so the order of joining is part
/// of the priority.
pub(super) struct WaitingRoom {
    queue: PriorityQueue<SlotId, (u8, Reverse<u64>), FxBuildHasher>,
    joined: u64,
}

impl std::fmt::Debug for WaitingRoom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WaitingRoom({} waiting)", self.queue.len())
    }
}

impl Default for WaitingRoom {
    fn default() -> Self {
        Self { queue: PriorityQueue::with_default_hasher(), joined: 0 }
    }
}

impl WaitingRoom {
    /// `who` joins behind everybody of the same or a higher priority.
    pub(super) fn join(&mut self, who: SlotId, priority: u8) {
        self.joined += 1;
        self.queue.push(who, (priority, Reverse(self.joined)));
    }

    /// `who` leaves, if there.
    pub(super) fn leave(&mut self, who: SlotId) -> bool {
        self.queue.remove(&who).is_some()
    }

    /// Takes the next waiting thing.
    pub(super) fn next(&mut self) -> Option<SlotId> {
        self.queue.pop().map(|(who, _)| who)
    }

    /// How many wait.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::super::ids::Slab;
    use super::*;

    #[test]
    fn priority_first_then_first_come_first_served() {
        let mut slab = Slab::default();
        let [a, b, c, d] = ['a', 'b', 'c', 'd'].map(|name| slab.insert(name));
        let mut room = WaitingRoom::default();
        for (who, priority) in [(a, 0), (b, 5), (c, 0), (d, 5)] {
            room.join(who, priority);
        }
        assert!(room.leave(d) && !room.leave(d));
        let order: Vec<SlotId> = std::iter::from_fn(|| room.next()).collect();
        assert_eq!(order, [b, a, c]);
    }
}
