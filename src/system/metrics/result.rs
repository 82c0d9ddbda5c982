//! What a run gives.

use std::borrow::Cow;

use super::{Breakdown, Limits, METRICS, Series, Spread, index_of};
use crate::system::spec::ServiceLevelSpec;

/// What a run gives.
#[derive(Clone, Debug, PartialEq)]
pub struct RunResult {
    /// Values in the order of [`METRICS`]; not a number where nothing was
    /// observed.
    pub metrics: Vec<f64>,
    /// What counts as good service, and the formula of the service levels.
    pub service_level: ServiceLevelSpec,
    /// A row per trunk.
    pub trunks: Breakdown,
    /// A row per carrier.
    pub carriers: Breakdown,
    /// Of each limiter of the API a row of all clients together, and one per client.
    pub limits: Limits,
    /// A row per fault of the model and per carrier with random outages: how long the system took
    /// to recover.
    pub faults: Breakdown,
    /// A row per bin of time.
    pub series: Series,
    /// How update latency and post-dial delay are distributed.
    pub latencies: Vec<Spread>,
    /// What the engine did.
    pub engine: EngineFigures,
}

impl RunResult {
    /// What a metric is, by its place in the catalogue; of the service level the name of its formula
    /// and the formula itself.
    #[must_use]
    pub fn meaning(&self, index: usize) -> Cow<'static, str> {
        if Some(index) != index_of("service_level") {
            return METRICS[index].meaning.into();
        }
        let spec = &self.service_level;
        format!("{}: {}", spec.formula_name(), spec.formula_text()).into()
    }
}

/// What the engine did.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct EngineFigures {
    /// Events handled.
    pub events: u64,
    /// Events pending at once, at most.
    pub peak_pending: u64,
}
