//! A comparison: by each metric the points from best to worst, and which differences are real.

use super::answer::{Answer, Mark};
use super::prose::{Prose, draws, percent, replications};
use super::table::{Column, Measure, Table, Tone};
use crate::experiment::compare::best::Standing;
use crate::experiment::compare::paired::Sign;
use crate::experiment::compare::report::{ByMetric, Comparison, Difference, RankedPoint};
use crate::experiment::figures::{Estimate, Reading};
use crate::output::plots::capital;

/// What the comparison says.
pub(super) fn answer(compared: &Comparison) -> Answer {
    let labels = || compared.points.iter().map(|point| point.label.as_str());
    let sentences = |texts: &[String]| -> Vec<Prose> {
        texts.iter().map(|text| Prose::sentence(text, labels())).collect()
    };
    let confidence = percent(compared.confidence);
    let basis = format!(
        "differences hold all together with {confidence} confidence, and so do comparisons with the \
         best; means and multiples have {confidence} t intervals, each alone. {}, with {}; seed {}.",
        capital(&runs(compared)),
        draws(compared.common_random_numbers),
        compared.seed
    );
    Answer {
        command: "compare",
        of: String::new(),
        marks: marks(compared),
        sentences: sentences(&compared.answer),
        basis,
        warnings: sentences(&compared.warnings),
    }
}

/// How often the points were run. Where a point gave fewer values than the most there were, either
/// it was run less often or its runs stopped.
fn runs(compared: &Comparison) -> String {
    let values = compared.metrics.iter().flat_map(|by| &by.ranked).map(|row| row.runs as usize);
    let least = values.min().unwrap_or(0);
    let (most, points) = (compared.replications, compared.points.len());
    if least < most {
        format!("{least} to {most} replications with a value at each of {points} settings")
    } else {
        replications(most, most, points)
    }
}

/// Whether the best is known, and how many differ from the control.
fn marks(compared: &Comparison) -> Vec<Mark> {
    let Some(by) = compared.metrics.first() else { return Vec::new() };
    let label = Measure::of(&by.metric).label;
    let contenders = by.ranked.iter().filter(|row| row.standing != Some(Standing::Beaten)).count();
    let of = by.ranked.len();
    let mut marks = vec![match by.ranked.first().and_then(|row| row.standing) {
        None => Mark::new(Tone::Plain, format!("{}: neither way is better", capital(&label))),
        Some(Standing::Best) => Mark::new(Tone::Good, format!("The best by {label} is certain")),
        Some(_) => {
            Mark::new(Tone::Open, format!("{contenders} of {of} may be the best by {label}"))
        }
    }];
    if compared.control.is_some() && by.better != "neither" {
        let count =
            |wanted: Tone| by.differences.iter().filter(|d| verdict(by, d).0 == wanted).count();
        let versus = if compared.control_named { "the control" } else { "the best found" };
        let said = [
            (Tone::Good, format!("better than {versus}")),
            (Tone::Bad, format!("worse than {versus}")),
            (Tone::Open, format!("not significantly different from {versus}")),
        ];
        let counted = said.into_iter().map(|(tone, words)| (tone, count(tone), words));
        let some = counted.filter(|(_, count, _)| *count > 0);
        marks.extend(some.map(|(tone, n, words)| Mark::new(tone, format!("{n} {words}"))));
    }
    marks
}

/// Two tables per metric.
pub(super) fn tables(compared: &Comparison) -> Vec<Table> {
    let tables = |by| [ranking(compared, by), differences(compared, by)];
    let full = |table: &Table| table.count() > 0;
    compared.metrics.iter().flat_map(tables).filter(full).collect()
}

fn label(compared: &Comparison, point: usize) -> String {
    let named = compared.points.get(point).map(|point| point.label.clone());
    named.unwrap_or_else(|| format!("setting {point}"))
}

fn ranking(compared: &Comparison, by: &ByMetric) -> Table {
    let measure = Measure::of(&by.metric);
    let reading = measure.reading;
    let (rows, confidence) = (&by.ranked, percent(compared.confidence));
    let of =
        |get: fn(&RankedPoint) -> Estimate| -> Vec<Estimate> { rows.iter().map(get).collect() };
    let caption = match by.better.as_str() {
        "neither" => format!("{} from the highest", measure.label),
        way => format!("{} from best to worst; {way} is better", measure.label),
    };
    let points = rows.iter().map(|row| label(compared, row.point));
    let mut table = Table::new(capital(&caption)).with([
        Column::counts("rank", (1..=rows.len()).map(Some)),
        Column::texts("setting", points).heading(),
        Column::values("mean", &of(|row| row.mean), reading).meaning(measure.meaning),
        Column::values("times the first", &of(|row| row.relative), Reading::PLAIN)
            .meaning("The mean as a multiple of the first one's, paired by replication"),
    ]);
    let mut note = format!("Means and multiples ± half their {confidence} intervals, each alone.");
    if rows.iter().any(|row| row.standing.is_some()) {
        let none = Estimate { estimate: None, low: None, high: None };
        let ahead: Vec<Estimate> = rows.iter().map(|row| row.advantage.unwrap_or(none)).collect();
        let ahead = Column::ranges(
            "ahead of the best other",
            &ahead,
            reading.factor,
            reading.unit_of_difference,
        );
        let meaning = "How far it is ahead of the best of the others, more being better";
        let standings = rows.iter().map(|row| standing(row.standing));
        table = table.with([Column::words("standing", standings), ahead.meaning(meaning)]);
        note = format!(
            "{note} Standings and how far each is ahead hold all together with {confidence} \
             confidence (multiple comparisons with the best)."
        );
    }
    if rows.iter().any(|row| row.runs != rows[0].runs) {
        let runs = rows.iter().map(|row| Some(row.runs as usize));
        table = table.with([Column::counts("runs", runs).meaning("Runs that gave a value")]);
    }
    table.noted(note, "ranking.csv")
}

fn standing(standing: Option<Standing>) -> (Tone, String, usize) {
    match standing {
        Some(Standing::Best) => (Tone::Good, "best".to_owned(), 0),
        Some(Standing::Open) => (Tone::Open, "may be the best".to_owned(), 1),
        Some(Standing::Beaten) => (Tone::Plain, "beaten".to_owned(), 2),
        None => (Tone::Plain, String::new(), 3),
    }
}

fn differences(compared: &Comparison, by: &ByMetric) -> Table {
    let measure = Measure::of(&by.metric);
    let rows = &by.differences;
    let less = match (compared.control, compared.control_named) {
        (None, _) => "all pairs, the one that ranks better less the other".to_owned(),
        (Some(control), true) => format!("each less the control, {}", label(compared, control)),
        (Some(control), false) => {
            format!("each less the best found, {}", label(compared, control))
        }
    };
    let of = |get: fn(&Difference) -> Estimate| -> Vec<Estimate> { rows.iter().map(get).collect() };
    let mut table = Table::new(capital(&format!("Differences in {}: {less}", measure.label)))
        .with([Column::texts("setting", rows.iter().map(|d| label(compared, d.point))).heading()]);
    if compared.control.is_none() {
        let others = rows.iter().map(|d| label(compared, d.against));
        table = table.with([Column::texts("less", others).heading()]);
    }
    table = table.with([
        Column::differences("difference", &of(|d| d.difference), measure.reading),
        Column::words("verdict", rows.iter().map(|d| verdict(by, d)))
            .meaning("What the whole interval of the difference says"),
    ]);
    if rows.iter().any(|d| d.pairs != rows[0].pairs) {
        let pairs = rows.iter().map(|d| Some(d.pairs as usize));
        let meaning = "Replications in which both gave a value";
        table = table.with([Column::counts("pairs", pairs).meaning(meaning)]);
    }
    if compared.common_random_numbers {
        table = table.with(sharing(rows));
    }
    let confidence = percent(compared.confidence);
    let sharing = match compared.common_random_numbers {
        true => {
            " Common random numbers paid where the correlation is above 0 with its whole interval; \
             the variance of the difference is then less than that of independent runs, whose ratio \
             is 1."
        }
        false => "",
    };
    let note = format!(
        "Paired by replication, ± half their intervals, which hold all together with {confidence} \
         confidence (Bonferroni).{sharing}"
    );
    table.noted(note, "comparison.csv")
}

/// What a difference says of the first of the two.
fn verdict(by: &ByMetric, difference: &Difference) -> (Tone, String, usize) {
    let Estimate { estimate: Some(mean), low: Some(low), high: Some(high) } = difference.difference
    else {
        return (Tone::Open, "not compared".to_owned(), 3);
    };
    match (difference.sign, by.better.as_str()) {
        (Sign::More, "higher") | (Sign::Less, "lower") => (Tone::Good, "better".to_owned(), 0),
        (Sign::More, "lower") | (Sign::Less, "higher") => (Tone::Bad, "worse".to_owned(), 2),
        (Sign::More, _) => (Tone::Plain, "higher".to_owned(), 0),
        (Sign::Less, _) => (Tone::Plain, "lower".to_owned(), 2),
        (Sign::Open, _) if high - low > 0.0 || mean.abs() > 0.0 => {
            (Tone::Open, "not significant".to_owned(), 1)
        }
        (Sign::Open, _) => (Tone::Plain, "the same in every run".to_owned(), 1),
    }
}

/// Whether common random numbers paid. The variance of a difference is below that of independent
/// runs exactly where the correlation is above 0, so its whole interval decides.
fn sharing(rows: &[Difference]) -> [Column; 3] {
    let paid = |d: &Difference| match (d.variance_ratio, d.correlation.low, d.correlation.high) {
        (None, ..) => (Tone::Plain, "nothing varies".to_owned(), 3),
        (_, Some(low), _) if low > 0.0 => (Tone::Good, "paid".to_owned(), 0),
        (.., Some(high)) if high < 0.0 => (Tone::Bad, "did harm".to_owned(), 2),
        _ => (Tone::Open, "not significant".to_owned(), 1),
    };
    let correlations: Vec<Estimate> = rows.iter().map(|d| d.correlation).collect();
    let ratios: Vec<Option<f64>> = rows.iter().map(|d| d.variance_ratio).collect();
    [
        Column::words("common random numbers", rows.iter().map(paid))
            .meaning("Whether sharing random numbers made the difference more certain"),
        Column::ranges("correlation", &correlations, 1.0, "")
            .meaning("Of the two over the replications"),
        Column::numbers("variance ratio", &ratios, (1.0, 2)).meaning(
            "Variance of the difference against that of independent runs: below 1, sharing paid",
        ),
    ]
}
