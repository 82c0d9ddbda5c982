//! How many threads run a study.

use super::failure::Failure;

/// Threads for `--jobs`: without it, one per core. More than cores bring nothing, and thousands of
/// them are more than a machine may start.
pub(super) fn threads(jobs: Option<u16>) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    jobs.map_or(cores, |jobs| usize::from(jobs).min(cores))
}

/// Pool of [`threads`] threads.
pub(super) fn pool(jobs: Option<u16>) -> Result<rayon::ThreadPool, Failure> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads(jobs))
        .build()
        .map_err(|e| Failure::Internal(format!("the threads could not be started: {e}")))
}
