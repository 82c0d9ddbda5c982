//! Model files with the values of a case set in them.

use toml::{Table, Value};
use trunksim::engine::time::SimDuration;
use trunksim::system::spec::Model;
use trunksim::system::{Config, Traces};

/// The model in a text of `tests/theory/models/`.
pub(crate) fn read(text: &str) -> Table {
    text.parse().expect("the model is TOML")
}

/// Sets the value at a dotted path, arrays by index: `trunks.0.primary.channels`. Missing tables
/// on the way are made.
pub(crate) fn set(model: &mut Table, path: &str, value: impl Into<Value>) {
    let (head, last) = path.rsplit_once('.').unwrap_or(("", path));
    let mut at = model;
    let mut keys = head.split('.').filter(|k| !k.is_empty()).peekable();
    while let Some(key) = keys.next() {
        let entry = at.entry(key).or_insert_with(|| Value::Table(Table::new()));
        let entry = match keys.peek().and_then(|k| k.parse::<usize>().ok()) {
            Some(index) => {
                keys.next();
                &mut entry.as_array_mut().expect("an array")[index]
            }
            None => entry,
        };
        at = entry.as_table_mut().expect("a table");
    }
    at.insert(last.to_owned(), value.into());
}

/// A length of time as models write it, to the nearest nanosecond.
pub(crate) fn seconds(s: f64) -> Value {
    Value::String(SimDuration::from_secs_f64(s).to_string())
}

/// A law of that mean: `exponential`, `deterministic`, or another law of the models that is given
/// by its mean and squared coefficient of variation.
pub(crate) fn law(kind: &str, mean_s: f64, scv: Option<f64>) -> Value {
    if matches!(kind, "deterministic" | "constant") {
        return seconds(mean_s);
    }
    let mut table = Table::new();
    table.insert("kind".to_owned(), kind.into());
    table.insert("mean".to_owned(), seconds(mean_s));
    if let Some(scv) = scv {
        table.insert("scv".to_owned(), scv.into());
    }
    Value::Table(table)
}

/// One of two exponentials, by their rates.
pub(crate) fn hyperexponential(p: f64, rates: [f64; 2]) -> Value {
    let mut table = Table::new();
    table.insert("kind".to_owned(), "hyperexponential".into());
    table.insert("p".to_owned(), p.into());
    table.insert("mean_first".to_owned(), seconds(1.0 / rates[0]));
    table.insert("mean_second".to_owned(), seconds(1.0 / rates[1]));
    Value::Table(table)
}

/// Uniform between two lengths.
pub(crate) fn uniform(low_s: f64, high_s: f64) -> Value {
    let mut table = Table::new();
    table.insert("kind".to_owned(), "uniform".into());
    table.insert("low".to_owned(), seconds(low_s));
    table.insert("high".to_owned(), seconds(high_s));
    Value::Table(table)
}

/// A Poisson process.
pub(crate) fn poisson(rate_per_s: f64) -> Value {
    let mut table = Table::new();
    table.insert("kind".to_owned(), "poisson".into());
    table.insert("rate_per_s".to_owned(), rate_per_s.into());
    Value::Table(table)
}

/// The checked model.
pub(crate) fn config(model: &Table) -> Config {
    let spec: Model = Value::Table(model.clone()).try_into().expect("the model has its shape");
    Config::new(&spec, &Traces::default()).unwrap_or_else(|issues| panic!("{issues:#?}"))
}
