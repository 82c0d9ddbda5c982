//! Progress on standard error: a bar on a terminal, a line now and then elsewhere, nothing with
//! `--quiet`.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::tell::{is_quiet, note};

/// Time between two lines of progress where there is no terminal: a log of an hour has a page.
const BETWEEN_LINES: Duration = Duration::from_secs(30);

/// Progress over a number of runs.
pub(super) struct Progress {
    bar: ProgressBar,
    /// When the last line was written, where lines are.
    last_line: Option<Mutex<Stopwatch>>,
}

impl Progress {
    /// Of `total` runs: done of total, rate, time left.
    pub(super) fn new(total: usize) -> Self {
        const TEMPLATE: &str = "{bar:30} {pos}/{len} runs  {per_sec:.0}  {eta} left  {msg}";
        let style = ProgressStyle::with_template(TEMPLATE).expect("the template is well formed");
        let on_terminal = std::io::stderr().is_terminal();
        let shown = on_terminal && !is_quiet();
        let target =
            if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(total as u64), target).with_style(style);
        let last_line = (!on_terminal).then(|| Mutex::new(Stopwatch::start()));
        Self { bar, last_line }
    }

    /// Says how many of the runs were done before.
    pub(super) fn taken_over(&self, runs: usize) {
        if runs > 0 {
            self.bar.set_message(format!("({runs} taken over)"));
        }
    }

    /// One more run is done.
    pub(super) fn step(&self) {
        self.bar.inc(1);
        let Some(last_line) = &self.last_line else { return };
        let mut last_line = last_line.lock().expect("no thread panics");
        if last_line.elapsed() >= BETWEEN_LINES {
            *last_line = Stopwatch::start();
            let (done, total) = (self.bar.position(), self.bar.length().unwrap_or(0));
            note(format!("{done} of {total} runs, {} left", HumanDuration(self.bar.eta())));
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(self) {
        self.bar.finish_and_clear();
    }
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
