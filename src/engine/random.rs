//! Random numbers that are addressed, not consumed: a draw is a function of seed, replication,
//! purpose, entity and index, whatever was drawn before. Arms of a comparison that address the
//! same draws share them however differently they behave (common random numbers).

use std::convert::Infallible;

use rand::rand_core::TryRng;

use super::philox;

/// Where the draws of one replication come from.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct RandomSource {
    key: [u32; 2],
}

impl RandomSource {
    /// The draws of `replication` under `seed`.
    #[must_use]
    pub fn new(seed: u64, replication: u64) -> Self {
        let counter = [replication as u32, (replication >> 32) as u32, 0, 0];
        let mixed = philox::block(counter, [seed as u32, (seed >> 32) as u32]);
        Self { key: [mixed[0], mixed[1]] }
    }

    /// A generator for the draw at this address. It has 2²⁴ blocks of four words, far more than
    /// any rejection method asks for. `entity` is split between counter and key.
    #[must_use]
    pub const fn at(&self, purpose: u8, entity: u64, index: u64) -> Draw {
        Draw {
            key: [self.key[0], self.key[1] ^ (entity >> 32) as u32],
            counter: [(purpose as u32) << 24, entity as u32, index as u32, (index >> 32) as u32],
            words: [0; 4],
            used: 4,
        }
    }
}

/// The generator of one draw; it implements the traits of `rand`.
#[derive(Clone, Debug)]
pub struct Draw {
    key: [u32; 2],
    counter: [u32; 4],
    words: [u32; 4],
    used: usize,
}

impl Draw {
    /// Uniform on [0, 1), 53 bits.
    pub fn uniform(&mut self) -> f64 {
        const SCALE: f64 = 1.0 / (1u64 << 53) as f64;
        (self.word64() >> 11) as f64 * SCALE
    }

    /// Uniform on (0, 1], 53 bits: its logarithm is finite.
    pub fn open_uniform(&mut self) -> f64 {
        1.0 - self.uniform()
    }

    fn word(&mut self) -> u32 {
        if self.used == self.words.len() {
            self.words = philox::block(self.counter, self.key);
            let block = self.counter[0].wrapping_add(1);
            assert!(block.trailing_zeros() < 24, "a draw has used up its 2^24 blocks");
            self.counter[0] = block;
            self.used = 0;
        }
        let word = self.words[self.used];
        self.used += 1;
        word
    }

    fn word64(&mut self) -> u64 {
        u64::from(self.word()) | u64::from(self.word()) << 32
    }
}

impl TryRng for Draw {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.word())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.word64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(4) {
            let word = self.word().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;

    #[test]
    fn a_draw_depends_on_its_address_and_nothing_else() {
        let source = RandomSource::new(7, 3);
        let word = |purpose, entity, index| source.at(purpose, entity, index).next_u64();
        let base = word(1, 2, 3);
        assert_eq!(base, word(1, 2, 3));
        let others = [
            word(2, 2, 3),
            word(1, 3, 3),
            word(1, 2 | 1 << 40, 3),
            word(1, 2, 4),
            word(1, 2, 3 | 1 << 40),
            RandomSource::new(8, 3).at(1, 2, 3).next_u64(),
            RandomSource::new(7, 4).at(1, 2, 3).next_u64(),
            RandomSource::new(7, 3 | 1 << 40).at(1, 2, 3).next_u64(),
        ];
        assert!(others.iter().all(|w| *w != base), "{others:?}");
    }

    #[test]
    fn values_are_stable() {
        let mut draw = RandomSource::new(1, 0).at(1, 0, 0);
        let values = [draw.uniform(), draw.uniform(), draw.uniform()];
        let again = RandomSource::new(1, 0).at(1, 0, 0).uniform();
        assert_eq!(values[0].to_bits(), again.to_bits());
        insta::assert_debug_snapshot!(values);
    }

    #[test]
    fn uniforms_have_the_moments_of_uniforms() {
        let n = 100_000;
        let source = RandomSource::new(5, 0);
        let values: Vec<f64> = (0..n).map(|i| source.at(9, 1, i).uniform()).collect();
        let n = n as f64;
        let mean = values.iter().sum::<f64>() / n;
        let square = values.iter().map(|v| v * v).sum::<f64>() / n;
        assert!((mean - 0.5).abs() < 4.0 * (1.0 / 12.0 / n).sqrt(), "{mean}");
        assert!((square - 1.0 / 3.0).abs() < 4.0 * (4.0 / 45.0 / n).sqrt(), "{square}");
    }
}
