//! What the units of a study gave, wherever that is kept: in memory, or in a folder of results that
//! is larger than memory. Estimates read a run when they need it and keep only what they show.

use std::collections::BTreeMap;

use super::runner::{Outcome, Unit};

/// Holds what units gave.
pub trait Record {
    /// What a unit gave. Asked only for units that have been run.
    ///
    /// # Errors
    /// Why the run stopped.
    fn outcome(&self, unit: Unit) -> Outcome;

    /// The value of one metric of a unit; none where the run stopped with an error.
    fn value(&self, unit: Unit, metric: usize) -> Option<f64> {
        self.outcome(unit).ok().map(|values| values[metric])
    }
}

/// A record of runs that are made when they are asked for.
pub trait Source: Record {
    /// Why runs could not be made.
    type Error;

    /// Makes the units that the record does not hold.
    ///
    /// # Errors
    /// Where a unit cannot be run or kept. A run that stops is no such error: it is recorded.
    fn make(&mut self, units: &[Unit]) -> Result<(), Self::Error>;
}

/// A record in memory; `F` makes the outcomes of units, in their order.
#[derive(Clone, Debug)]
pub struct InMemory<F> {
    make: F,
    held: BTreeMap<Unit, Outcome>,
}

impl<F: FnMut(&[Unit]) -> Vec<Outcome>> InMemory<F> {
    /// Without any run.
    pub const fn new(make: F) -> Self {
        Self { make, held: BTreeMap::new() }
    }

    /// With the outcomes of these units.
    pub fn of(units: &[Unit], make: F) -> Self {
        let mut record = Self::new(make);
        let Ok(()) = record.make(units);
        record
    }
}

impl<F> Record for InMemory<F> {
    fn outcome(&self, unit: Unit) -> Outcome {
        self.held[&unit].clone()
    }
}

impl<F: FnMut(&[Unit]) -> Vec<Outcome>> Source for InMemory<F> {
    type Error = std::convert::Infallible;

    fn make(&mut self, units: &[Unit]) -> Result<(), Self::Error> {
        let outcomes = (self.make)(units);
        self.held.extend(units.iter().copied().zip(outcomes));
        Ok(())
    }
}

/// Some runs of a record.
#[derive(Copy, Clone)]
pub struct Sample<'a> {
    units: &'a [Unit],
    record: &'a dyn Record,
}

impl std::fmt::Debug for Sample<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sample of {} units", self.units.len())
    }
}

impl<'a> Sample<'a> {
    /// The runs of these units, which go by point and then replication; points may differ in their
    /// number of runs.
    #[must_use]
    pub fn new(units: &'a [Unit], record: &'a dyn Record) -> Self {
        debug_assert!(units.is_sorted());
        Self { units, record }
    }

    /// All units, by point and then replication.
    #[must_use]
    pub const fn units(&self) -> &'a [Unit] {
        self.units
    }

    /// What a unit gave.
    ///
    /// # Errors
    /// Why the run stopped.
    pub fn outcome(&self, unit: Unit) -> Outcome {
        self.record.outcome(unit)
    }

    /// The units of a point.
    #[must_use]
    pub fn of_point(&self, point: usize) -> &'a [Unit] {
        let from = self.units.partition_point(|unit| unit.point < point);
        let until = self.units.partition_point(|unit| unit.point <= point);
        &self.units[from..until]
    }

    /// A metric of a point's runs, by replication; none where a run stopped with an error.
    pub fn values(&self, point: usize, metric: usize) -> impl Iterator<Item = Option<f64>> + 'a {
        let record = self.record;
        self.of_point(point).iter().map(move |unit| record.value(*unit, metric))
    }
}
