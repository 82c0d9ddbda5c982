//! A run's timeline as files: a picture (SVG and PNG) and a trace for trace viewers. Both are
//! bounded in size however long the run is and however much there is in it.

mod counters;
mod picture;
mod trace;

use crate::system::timeline::Track;

pub use picture::chart;
pub use trace::trace;

/// Which run a timeline is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The model's name.
    pub model: String,
    /// The seed it ran with.
    pub seed: u64,
    /// The replication that ran.
    pub replication: u64,
}

/// The places of at most `most` tracks: those whose state changes most often, of equals the first;
/// in their own order.
fn busiest<S>(tracks: &[Track<S>], most: usize) -> Vec<usize> {
    let mut places: Vec<usize> = (0..tracks.len()).collect();
    if places.len() > most {
        places.sort_by_key(|place| std::cmp::Reverse(tracks[*place].spans.len()));
        places.truncate(most);
        places.sort_unstable();
    }
    places
}
