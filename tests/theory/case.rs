//! The cases with their parameters and what theory expects of them.

use serde_json::{Map, Value};

const CASES: &str = include_str!("../cases/theory/theory_cases.json");

/// A case: a system for which theory gives the answer.
pub(crate) struct Case {
    pub(crate) id: String,
    params: Map<String, Value>,
    expected: Vec<(String, f64)>,
}

/// All cases of a family, in the order of the file.
pub(crate) fn family(name: &str) -> Vec<Case> {
    let file: Value = serde_json::from_str(CASES).expect("the cases are JSON");
    let cases = file["cases"].as_array().expect("a list of cases");
    let found: Vec<Case> = cases.iter().filter(|c| c["family"] == name).map(Case::new).collect();
    assert!(!found.is_empty(), "no case of the family {name}");
    found
}

impl Case {
    fn new(case: &Value) -> Self {
        let object = |key: &str| case[key].as_object().expect("a table").clone();
        let id = case["id"].as_str().expect("an id").to_owned();
        let number = |(name, value): (String, Value)| {
            let value = value.as_f64().unwrap_or_else(|| panic!("{id}: {name} is no number"));
            (name, value)
        };
        let expected = object("expected").into_iter().map(number).collect();
        Self { id, params: object("params"), expected }
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

    /// What theory expects, by metric.
    pub(crate) fn expected(&self) -> &[(String, f64)] {
        &self.expected
    }

    /// Whether theory says anything of this metric.
    pub(crate) fn expects(&self, metric: &str) -> bool {
        self.expected.iter().any(|(name, _)| name == metric)
    }
}
