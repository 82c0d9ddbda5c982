//! How long runs of a model show that they began empty: replications over time, averaged after Welch
//! to look at, and cut by MSER-5.

use rayon::prelude::*;
use serde::Serialize;

use super::estimate::warmup::{CutError, mean_series, mser, welch};
use crate::engine::time::{SimDuration, SimTime};
use crate::system::Config;
use crate::system::metrics::Series;
use crate::system::{RunError, simulate};

/// Bins in a batch of MSER (White, Cobb and Spratt, WSC 2000, recommend five).
const BATCH: usize = 5;
/// Without a wish, Welch's average reaches over a fortieth of the run to each side: an assumption.
const REACH: usize = 40;

/// What is asked of the runs.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Replications, from number 0.
    pub replications: u64,
    /// Bins to each side of Welch's moving average; a fortieth of the run if not given.
    pub window: Option<usize>,
}

/// `warmup.json`. Values are per bin and not rounded; `null` stands where nothing was observed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Warmup {
    /// `warmup`.
    pub command: &'static str,
    /// Name of the model.
    pub model: String,
    /// What to do, a sentence each.
    pub answer: Vec<String>,
    /// Seed of every random draw.
    pub seed: u64,
    /// Runs that were averaged.
    pub replications: u64,
    /// Width of a bin, in seconds: `series_bin` of the model.
    pub bin_s: f64,
    /// Bins to each side of the moving average.
    pub window: usize,
    /// What the model leaves out at the start, in seconds.
    pub warmup_s: f64,
    /// The measures, those of `series.csv`.
    pub measures: Vec<Measure>,
}

/// A measure over the time of the runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measure {
    /// Its name, as in `series.csv`.
    pub name: String,
    /// Its unit: `per bin` for counts, `ms`, or empty for levels.
    pub unit: String,
    /// Its mean over the replications, by bin.
    pub means: Vec<Option<f64>>,
    /// Welch's moving average of the means, by bin; the last bins have no average.
    pub average: Vec<Option<f64>>,
    /// The mean of the whole run.
    pub mean: Option<f64>,
    /// The end of what MSER-5 cuts off, in seconds from the start; none where it finds no cut.
    pub cut_s: Option<f64>,
    /// The mean of what it leaves.
    pub mean_after: Option<f64>,
    /// Why there is no cut.
    pub problem: Option<String>,
}

impl Measure {
    /// Its name in words.
    #[must_use]
    pub fn label(&self) -> String {
        self.name.replace("_ms_mean", "").replace('_', " ")
    }

    /// Whether it is ever anything but the same.
    #[must_use]
    pub fn moves(&self) -> bool {
        let mut seen = self.means.iter().flatten();
        let first = seen.next();
        first.is_some_and(|first| seen.any(|value| value.total_cmp(first).is_ne()))
    }
}

/// Runs the replications on the current rayon pool; `done` hears of each as it ends.
///
/// # Errors
/// How many runs stopped, and the first error.
pub fn run(
    config: &Config,
    (model, seed): (&str, u64),
    request: Request,
    done: impl Fn() + Sync,
) -> Result<Warmup, (usize, RunError)> {
    let runs: Vec<Result<Series, RunError>> = (0..request.replications)
        .into_par_iter()
        .map(|replication| {
            let run = simulate(config, seed, replication).map(|result| result.series);
            done();
            run
        })
        .collect();
    let failed = runs.iter().filter(|run| run.is_err()).count();
    let runs: Result<Vec<Series>, RunError> = runs.into_iter().collect();
    let runs = runs.map_err(|error| (failed, error))?;
    Ok(fold(&runs, (model, seed), config.warmup(), request))
}

/// From the runs to the cuts.
fn fold(runs: &[Series], (model, seed): (&str, u64), warmup: SimTime, request: Request) -> Warmup {
    let bins = runs.first().map_or(0, |series| series.rows.len());
    let window = request.window.unwrap_or((bins / REACH).max(1));
    let bin = runs.first().map_or(SimDuration::ZERO, |series| series.bin);
    let columns = runs.first().map_or(0, |series| series.columns.len());
    // The first column is the time.
    let measures = (1..columns).map(|column| measure(runs, column, window)).collect();
    let mut warmup = Warmup {
        command: "warmup",
        model: model.to_owned(),
        answer: Vec::new(),
        seed,
        replications: request.replications,
        bin_s: bin.as_secs_f64(),
        window,
        warmup_s: warmup.as_secs_f64(),
        measures,
    };
    warmup.answer = answer(&warmup);
    warmup
}

fn measure(runs: &[Series], column: usize, window: usize) -> Measure {
    let of = |series: &Series| series.rows.iter().map(|row| row[column]).collect::<Vec<f64>>();
    let means = mean_series(&runs.iter().map(of).collect::<Vec<_>>());
    let seen: Vec<f64> = means.iter().copied().filter(|mean| mean.is_finite()).collect();
    let bin_s = runs[0].bin.as_secs_f64();
    let cut = mser(&means, BATCH);
    let known = |value: f64| value.is_finite().then_some(value);
    Measure {
        name: runs[0].columns[column].name.to_owned(),
        unit: runs[0].columns[column].unit.to_owned(),
        average: welch(&means, window).into_iter().map(known).collect(),
        mean: known(seen.iter().sum::<f64>() / seen.len() as f64),
        cut_s: cut.ok().map(|cut| cut.deleted as f64 * bin_s),
        mean_after: cut.ok().map(|cut| cut.mean),
        problem: cut.err().map(|error| match error {
            CutError::TooShort => error.to_string(),
            CutError::NotFinite { .. } => "in some bin nothing was observed".to_owned(),
        }),
        means: means.into_iter().map(known).collect(),
    }
}

fn answer(found: &Warmup) -> Vec<String> {
    let minutes = |seconds: f64| format!("{} min", (seconds / 6.0).round() / 10.0);
    let moving = || found.measures.iter().filter(|measure| measure.moves());
    let longest =
        moving().filter_map(|m| Some((m, m.cut_s?))).reduce(|a, b| if b.1 > a.1 { b } else { a });
    let mut said = Vec::new();
    if let Some((measure, cut)) = longest {
        said.push(format!(
            "Steady state is reached last in {}, after {} (MSER-5 on the means of {} \
             replications).",
            measure.label(),
            minutes(cut),
            found.replications
        ));
        let left_out = minutes(found.warmup_s);
        said.push(match cut <= found.warmup_s {
            true => format!("The model leaves out its first {left_out}, which is enough."),
            false => format!(
                "The model leaves out its first {left_out}, which is too little: set warmup = \
                 \"{}s\" or more.",
                cut.ceil()
            ),
        });
    }
    let without: Vec<String> = moving().filter(|m| m.cut_s.is_none()).map(Measure::label).collect();
    if !without.is_empty() {
        said.push(format!(
            "No cut was found for {}: either the run is too short, which a longer --horizon tells, \
             or there is no steady state to wait for, as where arrivals change over the run.",
            without.join(", ")
        ));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::metrics::{Bounds, Column};

    const fn column(name: &'static str, unit: &'static str) -> Column {
        Column { name, unit, meaning: "", always: true, bounds: Bounds::Any }
    }

    const COLUMNS: [Column; 3] =
        [column("start_s", "s"), column("calls_offered", "per bin"), column("connected_calls", "")];

    fn series(rows: Vec<Vec<f64>>) -> Series {
        Series { bin: SimDuration::from_secs(60), columns: &COLUMNS, rows }
    }

    /// A measure that is 0 for ten bins and 4 from then on, in two runs that differ by noise that
    /// cancels in their mean.
    #[test]
    fn what_the_start_hides_is_cut_off() {
        let run = |sign: f64| {
            let row = |i: u32| {
                let level = if i < 10 { 0.0 } else { 4.0 };
                vec![f64::from(i) * 60.0, 7.0, level + sign * f64::from(i % 3)]
            };
            series((0..100).map(row).collect())
        };
        let request = Request { replications: 2, window: None };
        let found = fold(
            &[run(1.0), run(-1.0)],
            ("m", 1),
            SimTime::ZERO.saturating_add(SimDuration::from_secs(300)),
            request,
        );
        assert_eq!(found.window, 2);
        let [offered, connected] = &found.measures[..] else { panic!("{found:?}") };
        assert!(!offered.moves() && offered.cut_s == Some(0.0));
        assert_eq!(connected.cut_s, Some(600.0));
        assert_eq!((connected.mean, connected.mean_after), (Some(3.6), Some(4.0)));
        assert_eq!(connected.average[0], Some(0.0));
        assert_eq!(connected.average.len(), 98);
        assert!(found.answer[0].starts_with("Steady state is reached last in connected calls"));
        assert!(found.answer[1].ends_with("set warmup = \"600s\" or more."), "{:?}", found.answer);
        assert_eq!(found.answer.len(), 2);
    }

    #[test]
    fn without_a_steady_state_that_is_said() {
        let rising = (0..100).map(|i| vec![0.0, 1.0, f64::from(i)]).collect();
        let request = Request { replications: 1, window: Some(3) };
        let found = fold(&[series(rising)], ("m", 1), SimTime::ZERO, request);
        assert_eq!(found.measures[1].cut_s, None);
        assert!(found.measures[1].problem.as_ref().is_some_and(|p| p.contains("too short")));
        assert!(found.answer[0].starts_with("No cut was found for connected calls"));
    }
}
