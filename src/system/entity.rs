//! Who draws. An entity is addressed by its name, never by its position in the model, so that
//! adding or reordering trunks, carriers, tenants or clients leaves the draws of all others alone.

/// The address of an entity's draws: 64 bits of the hash of its kind and name.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Entity(pub(super) u64);

impl Entity {
    /// The entity of this kind and name. Kinds keep parts of equal names apart.
    pub(super) fn named(kind: &str, name: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(kind.as_bytes());
        hasher.update(&[0]);
        hasher.update(name.as_bytes());
        let mut bytes = [0; 8];
        hasher.finalize_xof().fill(&mut bytes);
        Self(u64::from_le_bytes(bytes))
    }

    /// The entity made of two, in this order: a carrier towards an SBC, a client's breaker of a
    /// trunk. Mixed by the finalizer of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
    pub(super) const fn with(self, other: Self) -> Self {
        let mut z = self.0.rotate_left(32).wrapping_add(0x9E37_79B9_7F4A_7C15) ^ other.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Self(z ^ (z >> 31))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_differ_by_kind_name_and_order() {
        let (a, b) = (Entity::named("trunk", "A"), Entity::named("trunk", "B"));
        let others = [b, Entity::named("carrier", "A"), a.with(b), b.with(a), a.with(a)];
        for (i, one) in others.iter().enumerate() {
            assert_ne!(*one, a);
            assert!(!others[..i].contains(one), "{one:?}");
        }
    }

    #[test]
    fn names_of_a_large_system_do_not_collide() {
        let mut all: Vec<u64> =
            (0..200_000).map(|n| Entity::named("trunk", &format!("T{n}")).0).collect();
        all.extend((0..200_000).map(|n| {
            Entity::named("trunk", &format!("T{n}")).with(Entity::named("side", "primary")).0
        }));
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn values_are_stable() {
        assert_eq!(Entity::named("trunk", "TRK_APAC_01"), Entity(10_175_852_183_449_359_291));
    }
}
