//! Who is who in a run: newtypes over indices, so that one kind cannot be taken for another.

macro_rules! index_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(pub u32);

        impl $name {
            /// The position in the list of its kind.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    )+};
}

index_ids! {
    /// A trunk, in model order.
    TrunkId,
    /// A carrier, in model order.
    CarrierId,
    /// A group of channels: one leg's own, or one several legs share.
    ChannelsId,
    /// A session border controller, in model order.
    SbcId,
    /// An agent group, in model order.
    GroupId,
    /// A client of the API: the replicas of the routing client first, then the tenants, then the
    /// utilization monitor.
    ClientId,
    /// A leg: a trunk's access through one carrier. Trunk `t` has legs `2t` (primary) and `2t + 1`
    /// (secondary).
    LegId,
}

/// Which of a trunk's two legs.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Side {
    /// The leg calls use while nothing is wrong (Telstra in the APAC model).
    Primary,
    /// The leg calls fail over to (Singtel in the APAC model).
    Secondary,
}

impl Side {
    /// The other leg.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Primary => Self::Secondary,
            Self::Secondary => Self::Primary,
        }
    }
}

impl LegId {
    /// The leg of `trunk` on `side`.
    #[must_use]
    pub const fn new(trunk: TrunkId, side: Side) -> Self {
        Self(trunk.0 * 2 + side as u32)
    }

    /// The trunk this leg belongs to.
    #[must_use]
    pub const fn trunk(self) -> TrunkId {
        TrunkId(self.0 / 2)
    }

    /// Which of the trunk's legs this is.
    #[must_use]
    pub const fn side(self) -> Side {
        if self.0.is_multiple_of(2) { Side::Primary } else { Side::Secondary }
    }
}

/// A slot of a [`Slab`] at one occupancy: once freed, the id finds nothing any more.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SlotId {
    slot: u32,
    generation: u32,
}

/// A call in progress.
pub type CallId = SlotId;
/// A BYE on its way to the platform, or a call that the platform counts for want of one.
pub type ByeId = SlotId;
/// A logical request to the API, retries included.
pub type RequestId = SlotId;
/// One attempt of a request, until both its client and the server are done with it.
pub type AttemptId = SlotId;

/// Things that come and go, in slots that are reused under a new generation.
#[derive(Debug)]
pub struct Slab<T> {
    slots: Vec<(u32, Option<T>)>,
    free: Vec<u32>,
    live: usize,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: Vec::new(), live: 0 }
    }
}

impl<T> Slab<T> {
    /// Puts `value` into a slot.
    ///
    /// # Panics
    /// Past 2³² slots in use at once.
    pub fn insert(&mut self, value: T) -> SlotId {
        self.live += 1;
        if let Some(slot) = self.free.pop() {
            let entry = &mut self.slots[slot as usize];
            entry.1 = Some(value);
            return SlotId { slot, generation: entry.0 };
        }
        let slot = u32::try_from(self.slots.len()).expect("fewer than 2^32 slots");
        self.slots.push((0, Some(value)));
        SlotId { slot, generation: 0 }
    }

    /// What `id` stands for, unless it has been removed.
    #[must_use]
    pub fn get(&self, id: SlotId) -> Option<&T> {
        match self.slots.get(id.slot as usize) {
            Some((generation, value)) if *generation == id.generation => value.as_ref(),
            _ => None,
        }
    }

    /// As [`Slab::get`], to change it.
    #[must_use]
    pub fn get_mut(&mut self, id: SlotId) -> Option<&mut T> {
        match self.slots.get_mut(id.slot as usize) {
            Some((generation, value)) if *generation == id.generation => value.as_mut(),
            _ => None,
        }
    }

    /// Takes what `id` stands for out of its slot.
    pub fn remove(&mut self, id: SlotId) -> Option<T> {
        let (generation, value) = self.slots.get_mut(id.slot as usize)?;
        if *generation != id.generation {
            return None;
        }
        let taken = value.take()?;
        *generation = generation.wrapping_add(1);
        self.free.push(id.slot);
        self.live -= 1;
        Some(taken)
    }

    /// All things, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().filter_map(|(_, value)| value.as_ref())
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.live
    }

    /// Whether there is no thing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// The ids of all there are, in slot order.
    pub fn ids(&self) -> impl Iterator<Item = SlotId> + '_ {
        self.slots
            .iter()
            .zip(0u32..)
            .filter(|((_, value), _)| value.is_some())
            .map(|((generation, _), slot)| SlotId { slot, generation: *generation })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_id_finds_nothing_though_its_slot_is_reused() {
        let mut slab = Slab::default();
        let first = slab.insert('a');
        assert_eq!(slab.remove(first), Some('a'));
        let second = slab.insert('b');
        assert_eq!(slab.get(first), None);
        assert_eq!(slab.remove(first), None);
        assert_eq!(slab.get(second), Some(&'b'));
        assert_eq!(slab.len(), 1);
    }

    #[test]
    fn legs_know_their_trunk_and_side() {
        let leg = LegId::new(TrunkId(7), Side::Secondary);
        assert_eq!((leg.trunk(), leg.side()), (TrunkId(7), Side::Secondary));
    }
}
