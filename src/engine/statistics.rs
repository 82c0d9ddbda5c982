//! What is folded while a run goes, and what is made of it afterwards.

use hdrhistogram::Histogram;
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

use super::time::{SimDuration, SimTime};

/// Mean and variance in one pass (Welford, Technometrics 1962).
#[derive(Copy, Clone, Debug, Default, PartialEq)]
pub struct Welford {
    n: u64,
    mean: f64,
    squares: f64,
}

impl Welford {
    /// Takes in a value.
    pub fn add(&mut self, value: f64) {
        self.n += 1;
        let delta = value - self.mean;
        self.mean += delta / self.n as f64;
        self.squares += delta * (value - self.mean);
    }

    /// How many values there were.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.n
    }

    /// The mean of the observations; NaN if there are no observations.
    #[must_use]
    pub const fn mean(&self) -> f64 {
        if self.n == 0 { f64::NAN } else { self.mean }
    }

    /// Their variance with divisor n − 1; not a number where there were fewer than two.
    #[must_use]
    pub fn variance(&self) -> f64 {
        if self.n < 2 { f64::NAN } else { self.squares / (self.n - 1) as f64 }
    }
}

/// The time integral of a piecewise constant value, from a given start on.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct TimeWeighted {
    value: f64,
    since: SimTime,
    from: SimTime,
    until: SimTime,
    integral: f64,
}

impl TimeWeighted {
    /// Zero until set; what lies outside [`from`, `until`) does not count.
    #[must_use]
    pub const fn new(from: SimTime, until: SimTime) -> Self {
        Self { value: 0.0, since: from, from, until, integral: 0.0 }
    }

    /// From `now` on it is `value`.
    pub fn set(&mut self, now: SimTime, value: f64) {
        self.integral = self.integral_until(now);
        self.since = now.max(self.from);
        self.value = value;
    }

    /// What it is.
    #[must_use]
    pub const fn value(&self) -> f64 {
        self.value
    }

    /// Its integral so far, in units times seconds.
    #[must_use]
    pub fn integral_until(&self, now: SimTime) -> f64 {
        let end = now.min(self.until);
        self.integral + self.value * end.saturating_since(self.since).as_secs_f64()
    }

    /// Its mean over the whole window.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.integral_until(self.until) / self.until.saturating_since(self.from).as_secs_f64()
    }
}

/// Latencies: exact mean, and quantiles to three digits from a histogram of integer counts
/// (hdrhistogram), so that nothing depends on the order of recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Latencies {
    histogram: Histogram<u64>,
    total_ns: u128,
}

impl Default for Latencies {
    fn default() -> Self {
        let histogram = Histogram::new(3).expect("three digits are allowed");
        Self { histogram, total_ns: 0 }
    }
}

impl Latencies {
    /// Takes in a latency.
    ///
    /// # Panics
    /// Where a latency is too long for the histogram (2⁶⁴ µs), which no run reaches.
    pub fn record(&mut self, latency: SimDuration) {
        let micros = latency.as_nanos().saturating_add(500) / 1000;
        self.histogram.record(micros).expect("the histogram grows as needed");
        self.total_ns += u128::from(latency.as_nanos());
    }

    /// These and the others, as if they had been recorded together: counts are whole numbers, so
    /// nothing depends on which came first.
    ///
    /// # Panics
    /// Never: the histogram grows as needed.
    #[must_use]
    pub fn with(&self, others: &Self) -> Self {
        let mut all = self.clone();
        all.histogram.add(&others.histogram).expect("the histogram grows as needed");
        all.total_ns += others.total_ns;
        all
    }

    /// Every value there was, to three digits and in rising order: milliseconds, how many had it,
    /// and the share of all that does not exceed it.
    pub fn steps(&self) -> impl Iterator<Item = (f64, u64, f64)> + '_ {
        let total = self.count() as f64;
        let mut seen = 0;
        self.histogram.iter_recorded().map(move |value| {
            let count = value.count_since_last_iteration();
            seen += count;
            (value.value_iterated_to() as f64 / 1000.0, count, seen as f64 / total)
        })
    }

    /// How many there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// The mean in milliseconds; NaN if there are no observations.
    #[must_use]
    pub fn mean_ms(&self) -> f64 {
        if self.histogram.is_empty() {
            return f64::NAN;
        }
        self.total_ns as f64 / self.count() as f64 / 1e6
    }

    /// The `q` quantile in milliseconds: the value that a share `q` of the observations does not
    /// exceed. NaN if there are no observations.
    #[must_use]
    pub fn quantile_ms(&self, q: f64) -> f64 {
        if self.histogram.is_empty() {
            return f64::NAN;
        }
        self.histogram.value_at_quantile(q) as f64 / 1000.0
    }
}

/// A mean with its Student-t confidence interval, `mean ± half_width`.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// Half the interval's width; not a number with fewer than two values.
    pub half_width: f64,
    /// Standard deviation of the values.
    pub sd: f64,
    /// How many values there were.
    pub n: u64,
}

impl Interval {
    /// Its lower end; not a number with fewer than two values.
    #[must_use]
    pub fn low(&self) -> f64 {
        self.mean - self.half_width
    }

    /// Its upper end; not a number with fewer than two values.
    #[must_use]
    pub fn high(&self) -> f64 {
        self.mean + self.half_width
    }

    /// Estimate and ends.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        Bounds { estimate: self.mean, low: self.low(), high: self.high() }
    }
}

/// An estimate with the ends of a confidence interval that need not be symmetrical about it.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Bounds {
    /// The estimate.
    pub estimate: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Bounds {
    /// Whether a value lies inside, ends included.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// The `p`-quantile of the standard normal law (statrs).
#[must_use]
pub fn normal_quantile(p: f64) -> f64 {
    Normal::standard().inverse_cdf(p)
}

/// The `p`-quantile of Student's t with `df` degrees of freedom (statrs).
///
/// # Panics
/// Where `df` is not positive.
#[must_use]
pub fn student_t_quantile(p: f64, df: f64) -> f64 {
    StudentsT::new(0.0, 1.0, df).expect("degrees of freedom are positive").inverse_cdf(p)
}

/// The mean of independent values with its interval at `confidence`: X̄ ± t₍ₙ₋₁₎·S/√n. Values that
/// are not numbers (nothing was observed) are left out, and `n` says how many remained.
#[must_use]
pub fn mean_interval(values: &[f64], confidence: f64) -> Interval {
    let mut fold = Welford::default();
    values.iter().filter(|v| !v.is_nan()).for_each(|v| fold.add(*v));
    let n = fold.count();
    let sd = fold.variance().sqrt();
    let half_width = if n < 2 {
        f64::NAN
    } else {
        student_t_quantile(0.5 + confidence / 2.0, (n - 1) as f64) * sd / (n as f64).sqrt()
    };
    Interval { mean: fold.mean(), half_width, sd, n }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs(secs)
    }

    /// Percentage points of the t distribution as tables print them.
    #[test]
    fn quantiles_agree_with_the_tables() {
        for (p, df, expected) in
            [(0.975, 1.0, 12.706), (0.975, 9.0, 2.262), (0.95, 29.0, 1.699), (0.9995, 29.0, 3.659)]
        {
            let got = student_t_quantile(p, df);
            assert!((got - expected).abs() < 5e-4, "t({p}, {df}) = {got}");
        }
    }

    /// To the digits that scipy 1.17 has.
    #[test]
    fn quantiles_and_probabilities_are_exact() {
        for (got, expected) in [
            (student_t_quantile(0.975, 9.0), 2.262_157_162_798_205),
            (student_t_quantile(0.995, 4.0), 4.604_094_871_349_992),
            (normal_quantile(0.975), 1.959_963_984_540_054),
        ] {
            assert!((got - expected).abs() < 1e-9 * expected.abs(), "{got} for {expected}");
        }
    }

    #[test]
    fn an_interval_is_the_one_of_the_textbook() {
        let interval = mean_interval(&[1.0, 2.0, f64::NAN, 3.0, 4.0], 0.95);
        assert_eq!(interval.n, 4);
        assert!((interval.mean - 2.5).abs() < 1e-12);
        let expected = 3.182_446 * (5.0_f64 / 3.0).sqrt() / 2.0;
        assert!((interval.half_width - expected).abs() < 1e-5, "{interval:?}");
        assert!(mean_interval(&[1.0], 0.95).half_width.is_nan());
    }

    #[test]
    fn time_outside_the_window_does_not_count() {
        let mut level = TimeWeighted::new(at(10), at(20));
        level.set(at(5), 4.0);
        level.set(at(12), 1.0);
        level.set(at(18), 0.0);
        level.set(at(30), 100.0);
        assert!((level.mean() - (2.0 * 4.0 + 6.0) / 10.0).abs() < 1e-12);
    }

    #[test]
    fn latencies_have_an_exact_mean_and_three_digit_quantiles() {
        let mut latencies = Latencies::default();
        (1..=1000).for_each(|ms| latencies.record(SimDuration::from_millis(ms)));
        assert!((latencies.mean_ms() - 500.5).abs() < 1e-9);
        assert!((latencies.quantile_ms(0.95) / 950.0 - 1.0).abs() < 2e-3);
        assert!(Latencies::default().quantile_ms(0.5).is_nan());
        let mut more = Latencies::default();
        (1001..=2000).for_each(|ms| more.record(SimDuration::from_millis(ms)));
        let all = more.with(&latencies);
        assert_eq!(all, latencies.with(&more));
        assert_eq!(all.count(), 2000);
        assert!((all.mean_ms() - 1000.5).abs() < 1e-9);
        let steps: Vec<(f64, u64, f64)> = all.steps().collect();
        assert_eq!(steps.iter().map(|(_, count, _)| count).sum::<u64>(), 2000);
        // The first step that reaches a share is its quantile.
        for q in [0.05, 0.5, 0.95, 0.99, 1.0] {
            let (value, ..) = steps.iter().find(|(.., share)| *share >= q).unwrap();
            assert!((value - all.quantile_ms(q)).abs() < 1e-9, "{q}");
        }
        assert_eq!(Latencies::default().steps().count(), 0);
    }
}
