//! Intervals that hold together.

/// The confidence each of `count` intervals needs so that all of them hold together with at least
/// `confidence` (Bonferroni): their errors add up at most, however they depend on each other.
#[must_use]
pub fn bonferroni(confidence: f64, count: usize) -> f64 {
    1.0 - (1.0 - confidence) / count.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_is_shared_out() {
        assert!((bonferroni(0.95, 5) - 0.99).abs() < 1e-12);
        assert!((bonferroni(0.95, 1) - 0.95).abs() < 1e-12);
        assert!((bonferroni(0.95, 0) - 0.95).abs() < 1e-12);
    }
}
