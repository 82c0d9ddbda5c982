//! Whose random numbers a point has: those of every other point (common random numbers), or its own.

use super::plan::Plan;

impl Plan {
    /// The seed of a point's draws. With common random numbers it is the study's. Otherwise it is
    /// drawn from the study's and the point's levels by name (BLAKE3), so that further points,
    /// levels or replications leave those there are as they were.
    #[must_use]
    pub fn seed_of(&self, point: usize) -> u64 {
        if self.study.common_random_numbers {
            return self.seed;
        }
        let levels = self.factors.iter().zip(&self.points[point].levels);
        let mut named: Vec<(&str, &str)> =
            levels.map(|(f, l)| (f.name.as_str(), f.levels[*l].label.as_str())).collect();
        named.sort_unstable();
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.seed.to_le_bytes());
        for text in named.into_iter().flat_map(|(name, label)| [name, label]) {
            // Each with its length: no two lists of texts run together into the same bytes.
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        }
        let [a, b, c, d, e, f, g, h, ..] = *hasher.finalize().as_bytes();
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }
}
