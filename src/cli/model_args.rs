//! Arguments that name a model, and what they replace in it.

use std::path::{Path, PathBuf};

use clap::Args;

use super::failure::Failure;
use crate::input::{self, LoadedModel};

/// The greatest seed: the greatest whole number of a file.
pub(super) const SEED_MAX: u64 = i64::MAX as u64;

/// What replaces values of the model.
#[derive(Debug, Args)]
pub(super) struct Overrides {
    /// Seed of every random draw
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=SEED_MAX))]
    pub(super) seed: Option<u64>,
    /// Simulated time during which things are offered and measured, like 1h
    #[arg(long, value_name = "DURATION")]
    pub(super) horizon: Option<String>,
    /// Simulated time at the start that is not measured, like 5m
    #[arg(long, value_name = "DURATION")]
    pub(super) warmup: Option<String>,
    /// Set a key of the model, like client.retry.attempts=3 or trunks.*.rtt_api=80ms
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
}

impl Overrides {
    /// Loads and checks a model with these in it.
    pub(super) fn load(&self, model: &Path) -> Result<LoadedModel, Failure> {
        let mut assignments = self.assignments();
        assignments.extend(self.seed.map(|s| format!("seed={s}")));
        Ok(input::model(model, &assignments)?)
    }

    /// As assignments to keys of the model, the seed left out.
    pub(super) fn assignments(&self) -> Vec<String> {
        let named = [("horizon", &self.horizon), ("warmup", &self.warmup)];
        let named = named.iter().filter_map(|(k, v)| v.as_ref().map(|v| format!("{k}={v}")));
        self.set.iter().cloned().chain(named).collect()
    }
}

/// Which run of which model.
#[derive(Debug, Args)]
pub(super) struct RunOfModel {
    /// The model
    pub(super) model: PathBuf,
    #[command(flatten)]
    pub(super) overrides: Overrides,
    /// Which replication to run: the same seed with other draws
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) replication: u64,
}

impl RunOfModel {
    /// Loads and checks the model.
    pub(super) fn load(&self) -> Result<LoadedModel, Failure> {
        self.overrides.load(&self.model)
    }
}
