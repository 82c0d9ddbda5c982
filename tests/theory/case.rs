//! The cases with their parameters and the theoretical value of each metric.
//!
//! `THEORY_CASES=/a/file.json` takes them from elsewhere: the models are functions of a case's
//! parameters, so that other cases of the same families run as well.

use serde_json::{Map, Value};

const CASES: &str = include_str!("../cases/theory/theory_cases.json");

/// A case: a system for which theory gives the answer.
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) family: String,
    params: Map<String, Value>,
    expected: Vec<(String, f64)>,
}

/// All cases, in the order of the file.
pub(crate) fn all() -> Vec<Case> {
    let elsewhere = std::env::var("THEORY_CASES").ok();
    let text = elsewhere.map(|path| std::fs::read_to_string(path).expect("THEORY_CASES is a file"));
    let file: Value =
        serde_json::from_str(text.as_deref().unwrap_or(CASES)).expect("the cases are JSON");
    let cases = file["cases"].as_array().expect("a list of cases");
    assert!(!cases.is_empty(), "no cases");
    cases.iter().map(Case::new).collect()
}

/// All cases of a family.
pub(crate) fn family(name: &str) -> Vec<Case> {
    all().into_iter().filter(|case| case.family == name).collect()
}

impl Case {
    fn new(case: &Value) -> Self {
        let object = |key: &str| case[key].as_object().expect("a table").clone();
        let text = |key: &str| case[key].as_str().expect("a text").to_owned();
        let expected = object("expected").into_iter().flat_map(|(name, v)| numbers(&name, &v));
        let expected = expected.collect();
        Self { id: text("id"), family: text("family"), params: object("params"), expected }
    }

    /// A seed of its own, so that cases are independent evidence. The low bits count rounds.
    pub(crate) fn seed(&self) -> u64 {
        self.id.bytes().fold(0, |seed: u64, byte| seed.wrapping_mul(31) + u64::from(byte)) << 8
    }

    /// A parameter that need not be there.
    pub(crate) fn get(&self, name: &str) -> Option<f64> {
        self.params.get(name).and_then(Value::as_f64)
    }

    /// A parameter.
    pub(crate) fn param(&self, name: &str) -> f64 {
        self.get(name).unwrap_or_else(|| panic!("{}: no parameter {name}", self.id))
    }

    /// A parameter that counts something.
    pub(crate) fn count(&self, name: &str) -> u32 {
        self.param(name) as u32
    }

    /// A parameter that is a word.
    pub(crate) fn word(&self, name: &str) -> Option<&str> {
        self.params.get(name).and_then(Value::as_str)
    }

    /// What theory expects, by metric; lists one by one, `mean_sleep[0]`.
    pub(crate) fn expected(&self) -> &[(String, f64)] {
        &self.expected
    }

    /// What theory expects of this metric, if it says anything of it.
    pub(crate) fn theory(&self, metric: &str) -> Option<f64> {
        self.expected.iter().find(|(name, _)| name == metric).map(|(_, value)| *value)
    }

    /// Whether theory says anything of this metric.
    pub(crate) fn expects(&self, metric: &str) -> bool {
        self.theory(metric).is_some()
    }

    /// A list of what theory expects.
    pub(crate) fn list(&self, metric: &str) -> Vec<f64> {
        let prefix = format!("{metric}[");
        let of = |(name, value): &(String, f64)| name.starts_with(&prefix).then_some(*value);
        self.expected.iter().filter_map(of).collect()
    }
}

fn numbers(name: &str, value: &Value) -> Vec<(String, f64)> {
    let number =
        |name: &str, v: &Value| v.as_f64().unwrap_or_else(|| panic!("{name} is no number"));
    match value.as_array() {
        None => vec![(name.to_owned(), number(name, value))],
        Some(list) => {
            let at = |(i, v): (usize, &Value)| (format!("{name}[{i}]"), number(name, v));
            list.iter().enumerate().map(at).collect()
        }
    }
}
