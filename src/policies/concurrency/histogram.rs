//! The histogram of Envoy's adaptive concurrency (openhistogram's libcircllhist, `circllhist.c`):
//! bins of two decimal digits, quantiles interpolated inside a bin.

/// Counts of whole microseconds in bins of two significant digits, in ascending order.
#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    /// Lower edge of the bin and its count.
    bins: Vec<(u64, u64)>,
    count: u64,
}

/// The bin's lower edge.
const fn edge(micros: u64) -> u64 {
    let scale = scale(micros);
    micros / scale * scale
}

/// What the second digit of a number of at least 10 counts.
const fn scale(micros: u64) -> u64 {
    match micros.checked_ilog10() {
        Some(digits @ 1..) => 10u64.pow(digits - 1),
        Some(0) | None => 1,
    }
}

/// A bin's width. Below 10 µs bins are tenths, of which whole numbers use the first.
fn width(edge: u64) -> f64 {
    match edge {
        0 => 0.0,
        1..10 => 0.1,
        _ => scale(edge) as f64,
    }
}

impl Histogram {
    pub(super) fn add(&mut self, micros: u64) {
        let edge = edge(micros);
        match self.bins.binary_search_by_key(&edge, |bin| bin.0) {
            Ok(found) => self.bins[found].1 += 1,
            Err(place) => self.bins.insert(place, (edge, 1)),
        }
        self.count += 1;
    }

    /// How many there are.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn clear(&mut self) {
        self.bins.clear();
        self.count = 0;
    }

    /// The `q`-quantile; 0 where there is nothing.
    pub(super) fn quantile(&self, q: f64) -> f64 {
        let wanted = self.count as f64 * q;
        let mut upper = 0.0;
        for (place, &(edge, count)) in self.bins.iter().enumerate() {
            let lower = upper;
            upper = lower + count as f64;
            if upper < wanted && place + 1 < self.bins.len() {
                continue;
            }
            return edge as f64 + (wanted - lower) / (upper - lower) * width(edge);
        }
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        values.iter().for_each(|v| histogram.add(*v));
        histogram
    }

    fn near(found: f64, wanted: f64) {
        assert!((found - wanted).abs() < 1e-9, "{found} {wanted}");
    }

    /// By hand from `hist_approx_quantile`.
    #[test]
    fn quantiles_lie_inside_the_bin_they_fall_into() {
        // Five in [5000, 5100): the median is 2.5 of 5 into the bin.
        near(of(&[5000; 5]).quantile(0.5), 5050.0);
        // One bin each: 2.5 is half-way into the third.
        near(of(&[1000, 2000, 3000, 4000, 5000]).quantile(0.5), 3050.0);
        // 1 of 2 is the upper edge of the first.
        near(of(&[13_499, 20_000]).quantile(0.5), 14_000.0);
        near(of(&[13_499, 20_000]).quantile(0.0), 13_000.0);
        near(of(&[7, 0]).quantile(1.0), 7.1);
        near(of(&[]).quantile(0.5), 0.0);
    }
}
