//! `trunksim explain`: chains of causes that agree with the trace event by event, diagrams as text
//! and SVG, and what the command says.

mod chain;
mod command;
mod diagrams;
mod drops;
mod file;
mod trace;
mod triggers;

use trunksim::engine::time::SimTime;
use trunksim::experiment::overrides::assign;
use trunksim::experiment::plan::read_model;
use trunksim::system::observation::{Observation, Observer};
use trunksim::system::story::Story;
use trunksim::system::{Config, Traces, simulate_observed};

/// Every observation of a run.
#[derive(Debug, Default)]
struct Trace(Vec<(SimTime, Observation)>);

impl Observer for Trace {
    fn observe(&mut self, now: SimTime, fact: &Observation) {
        self.0.push((now, *fact));
    }
}

/// A run: its model, its story as `explain` keeps it, and every observation.
struct Run {
    config: Config,
    story: Story,
    trace: Trace,
}

impl Run {
    /// Of a model as text, with some keys changed.
    fn of(model: &str, changes: &[(&str, &str)]) -> Self {
        let mut table: toml::Table = toml::from_str(model).unwrap();
        for (key, value) in changes {
            let inline = value.starts_with(['{', '[']);
            let value = if inline {
                toml::from_str::<toml::Table>(&format!("value = {value}")).unwrap()["value"].clone()
            } else if let Ok(number) = value.parse::<i64>() {
                number.into()
            } else {
                toml::Value::String((*value).to_owned())
            };
            assign(&mut table, key, &value).unwrap();
        }
        let config = Config::new(&read_model(table).unwrap(), &Traces::default()).unwrap();
        let observers = (Story::default(), Trace::default());
        let (_, (story, trace)) = simulate_observed(&config, config.seed(), 0, observers).unwrap();
        assert!(!story.is_cut());
        Self { config, story, trace }
    }

    /// The operators' system up to that instant, under a seed whose first unnecessary failover follows
    /// from an open breaker.
    fn apac(horizon: &str) -> Self {
        let changes = [("horizon", horizon), ("seed", "2")];
        Self::of(include_str!("../../models/apac.toml"), &changes)
    }

    /// The operators' system under that seed, to its end.
    fn whole() -> Self {
        Self::of(include_str!("../../models/apac.toml"), &[("seed", "2")])
    }

    fn small() -> Self {
        Self::of(include_str!("burst.toml"), &[])
    }
}
