//! How the rows of a table name their points: a column per factor that varies or, where there is no
//! room for them, the points' numbers, listed with their levels above.

use super::layout::{Column, table};
use crate::experiment::figures::varying;
use crate::experiment::plan::Plan;

/// A column per factor that is not the same at every point of the study.
pub(super) fn levels(plan: &Plan, points: &[usize]) -> Vec<Column> {
    let level = |f: usize, point: &usize| {
        plan.factors[f].levels[plan.points[*point].levels[f]].label.clone()
    };
    let column = |f: usize| {
        let cells = points.iter().map(|point| level(f, point)).collect();
        Column::text(plan.factors[f].name.clone(), cells)
    };
    match varying(plan).as_slice() {
        // There is one point only.
        [] => vec![numbers(points)],
        factors => factors.iter().map(|f| column(*f)).collect(),
    }
}

/// The numbers of points.
pub(super) fn numbers(points: &[usize]) -> Column {
    Column::numbers("setting", points.iter().map(ToString::to_string).collect())
}

/// The points with their levels, in their order and each once.
pub(super) fn legend(plan: &Plan, points: &[usize]) -> String {
    let mut points = points.to_vec();
    points.sort_unstable();
    points.dedup();
    table(&[numbers(&points)], &levels(plan, &points))
}
