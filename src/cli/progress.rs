//! Progress on standard error: silent when that is not a terminal.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over `total` runs: done of total, rate, time left.
pub(super) fn bar(total: usize) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:30} {pos}/{len} runs  {per_sec:.0}  {eta} left  {msg}")
            .expect("the template is well formed");
    ProgressBar::new(total as u64).with_style(style)
}

/// A stopwatch. Wall time is shown and filed apart from results, and nothing depends on it.
pub(super) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "wall time belongs to cli")]
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
